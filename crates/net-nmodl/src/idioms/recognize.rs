//! What a piece of C code does.

use std::collections::BTreeSet;

use super::Class;
use super::c::Code;
use crate::ast::{Expr, ExprKind, Item, NeuronStatement, Program, Routine, StatementKind};
use crate::visit;

/// Names of a file that C code may refer to.
#[derive(Debug)]
pub(super) struct Names {
    pointers: BTreeSet<String>,
    random: BTreeSet<String>,
    /// Declared variables that NMODL statements use.
    variables: BTreeSet<String>,
}

impl Names {
    pub(super) fn of(program: &Program) -> Names {
        let mut names = Names {
            pointers: BTreeSet::new(),
            random: BTreeSet::new(),
            variables: BTreeSet::new(),
        };
        let (mut declared, mut used) = (BTreeSet::new(), BTreeSet::new());
        for item in &program.items {
            match item {
                Item::Parameter(b) | Item::Assigned(b) | Item::State(b) | Item::Constant(b) => {
                    declared.extend(b.declarations.iter().map(|d| d.name.text.clone()));
                }
                Item::Neuron(block) => {
                    for statement in &block.statements {
                        let (set, list) = match statement {
                            NeuronStatement::Pointer(list)
                            | NeuronStatement::BbcorePointer(list) => (&mut names.pointers, list),
                            NeuronStatement::Random(list) => (&mut names.random, list),
                            _ => continue,
                        };
                        set.extend(list.iter().map(|name| name.text.clone()));
                    }
                }
                item => {
                    let Some(body) = visit::body(item) else { continue };
                    visit::statements(body, &mut |statement| {
                        visit::named(statement, &mut |variable| {
                            used.insert(variable.name.text.clone());
                        });
                    });
                }
            }
        }
        names.variables = declared.intersection(&used).cloned().collect();
        names
    }

    /// The pointer or random variable a C name stands for: `_p_rng` is `rng`.
    fn stream(&self, word: &str) -> Option<String> {
        let name = word.strip_prefix("_p_").unwrap_or(word);
        let known = self.pointers.contains(name)
            || self.random.contains(name)
            || (word.starts_with("_p_") && !name.is_empty());
        known.then(|| name.to_owned())
    }

    /// Whether C code that names it could change the model.
    fn is_variable(&self, word: &str) -> bool {
        self.variables.contains(word)
            && !self.pointers.contains(word)
            && !self.random.contains(word)
    }
}

/// Functions of the interpreter that set up random streams.
const STREAM_FUNCTIONS: [&str; 13] = [
    "nrn_random_arg",
    "nrnran123_newstream",
    "nrnran123_newstream3",
    "nrnran123_deletestream",
    "nrnran123_setids",
    "nrnran123_setseq",
    "nrnran123_getseq",
    "nrnran123_getids",
    "nrnran123_getids3",
    "nrn_random_isran123",
    "nrn_random123_getids",
    "nrn_random123_getseq",
    "nrn_random_reset",
];

/// Functions that set up a vector.
const VECTOR_FUNCTIONS: [&str; 4] = ["vector_arg", "vector_pobj", "hoc_obj_ref", "hoc_obj_unref"];

/// Functions of the interpreter without effect on a model.
const NEUTRAL_FUNCTIONS: [&str; 11] = [
    "ifarg",
    "hoc_is_double_arg",
    "hoc_is_str_arg",
    "getarg",
    "chkarg",
    "sizeof",
    "assert",
    "printf",
    "fprintf",
    "hoc_execerror",
    "hoc_execerr_ext",
];

const TYPES: [&str; 17] = [
    "void",
    "double",
    "float",
    "int",
    "long",
    "unsigned",
    "char",
    "const",
    "static",
    "extern",
    "struct",
    "Rand",
    "nrnran123_State",
    "uint32_t",
    "IvocVect",
    "Object",
    "typedef",
];

/// Words before a parenthesis that call nothing.
fn is_control(word: &str) -> bool {
    matches!(word, "if" | "else" | "return" | "static_cast" | "reinterpret_cast" | "RANDCAST")
        || TYPES.contains(&word)
}

/// Whether the code loops or calls anything but `allowed` functions.
fn calls_only(code: &Code, allowed: &[&[&str]]) -> bool {
    let pairs = code.tokens.iter().zip(code.tokens.iter().skip(1));
    let loops = code.words().any(|word| matches!(word, "for" | "while" | "do" | "goto" | "switch"));
    !loops
        && pairs.filter(|(_, next)| *next == "(").all(|(word, _)| {
            !word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                || is_control(word)
                || NEUTRAL_FUNCTIONS.contains(&word.as_str())
                || allowed.iter().any(|list| list.contains(&word.as_str()))
        })
}

/// Code that sets up streams or vectors and nothing else.
#[derive(Debug)]
pub(super) struct SetUp {
    pub(super) class: Class,
    pub(super) pointers: Vec<String>,
}

pub(super) fn set_up(code: &Code, names: &Names) -> Option<SetUp> {
    let is_vector = code.has("vector_arg");
    let is_stream = STREAM_FUNCTIONS.iter().any(|function| code.has(function));
    if !is_vector && !is_stream || !calls_only(code, &[&STREAM_FUNCTIONS, &VECTOR_FUNCTIONS]) {
        return None;
    }
    // The index of a spike train is set again in INITIAL; anything else must not be touched.
    if !is_vector && code.words().any(|word| names.is_variable(word)) {
        return None;
    }
    let class = if is_vector { Class::Vector } else { Class::RandomStream };
    let pointers = code.words().filter_map(|word| names.stream(word)).collect();
    Some(SetUp { class, pointers })
}

/// A function that draws one number.
#[derive(Debug)]
pub(super) struct Draw {
    pub(super) stream: String,
    pub(super) function: &'static str,
    /// Whether the distribution is only known from the name of the routine.
    pub(super) guessed: bool,
}

/// The last one draws from a distribution set elsewhere.
const DRAW_FUNCTIONS: [&str; 4] =
    ["nrnran123_dblpick", "nrnran123_negexp", "nrnran123_normal", "nrn_random_pick"];

/// Recognizes a FUNCTION whose value is one draw, possibly with a substitute where no stream is
/// set.
pub(super) fn draw(routine: &Routine, code: &Code, names: &Names) -> Option<Draw> {
    let draws = DRAW_FUNCTIONS.iter().find(|function| code.has(function))?;
    if !routine.is_function
        || !routine.arguments.is_empty()
        || !calls_only(code, &[&DRAW_FUNCTIONS, &STREAM_FUNCTIONS, &["scop_random"]])
        || has_arithmetic(code)
        || code.words().any(|word| names.is_variable(word))
    {
        return None;
    }
    let mut substitute = None;
    for statement in &routine.body.statements {
        match &statement.kind {
            StatementKind::Verbatim(_) | StatementKind::Local(_) => {}
            StatementKind::Assign { value, .. } => match &value.kind {
                ExprKind::Variable(_) | ExprKind::Number { .. } => {}
                _ => substitute = Some(legacy_draw(value)?),
            },
            _ => return None,
        }
    }
    let stream = code.words().find_map(|word| names.stream(word))?;
    let from_c = match *draws {
        "nrnran123_dblpick" => Some("random_uniform"),
        "nrnran123_negexp" => Some("random_negexp"),
        "nrnran123_normal" => Some("random_normal"),
        // The distribution of a hoc Random is set in hoc.
        _ => None,
    };
    let name = routine.name.text.to_lowercase();
    let from_name = if name.starts_with("erand") || name.contains("exp") {
        "random_negexp"
    } else if name.contains("norm") || name.contains("gauss") || name == "grand" {
        "random_normal"
    } else {
        "random_uniform"
    };
    let known = from_c.or(substitute);
    Some(Draw { stream, function: known.unwrap_or(from_name), guessed: known.is_none() })
}

/// The function for a draw of unit scale from the stream shared by all.
fn legacy_draw(value: &Expr) -> Option<&'static str> {
    let ExprKind::Call { function, arguments } = &value.kind else { return None };
    let numbers: Vec<f64> = arguments
        .iter()
        .map(|argument| match &argument.kind {
            ExprKind::Number { number, .. } => number.value,
            _ => f64::NAN,
        })
        .collect();
    match (function.text.as_str(), numbers.as_slice()) {
        ("scop_random", [] | [1.0]) => Some("random_uniform"),
        ("exprand", [1.0]) => Some("random_negexp"),
        ("normrand", [0.0, 1.0]) => Some("random_normal"),
        _ => None,
    }
}

/// Whether numbers are computed with; stars of pointers do not count.
fn has_arithmetic(code: &Code) -> bool {
    let tokens: Vec<&str> = code.tokens.iter().map(String::as_str).collect();
    let computes = ["+", "-", "/", "%", "+=", "-=", "*=", "/=", "++", "--", "<<", ">>"];
    tokens.iter().enumerate().any(|(index, token)| {
        let before = index.checked_sub(1).map_or("", |i| tokens[i]);
        let after = tokens.get(index + 1).copied().unwrap_or("");
        let is_number = |token: &str| token.starts_with(|c: char| c.is_ascii_digit());
        let is_value = |token: &str| {
            is_number(token)
                || token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                    && !TYPES.contains(&token)
        };
        computes.contains(token)
            || *token == "*"
                && (is_number(after) || is_value(before) && !matches!(after, ")" | "*"))
    })
}

/// `nrnran123_setseq(stream, 0, 0)` and checks around it: the stream.
pub(super) fn reset(code: &Code, names: &Names) -> Option<String> {
    if !code.has("nrnran123_setseq")
        || !calls_only(code, &[&["nrnran123_setseq"]])
        || has_arithmetic(code)
        || code.has("=")
    {
        return None;
    }
    let at = code.tokens.iter().position(|token| token == "nrnran123_setseq")?;
    let call: Vec<&str> =
        code.tokens[at..].iter().map(String::as_str).take_while(|token| *token != ";").collect();
    if !call.ends_with(&[",", "0", ",", "0", ")"]) {
        return None;
    }
    call.iter().find_map(|word| names.stream(word))
}

/// Code that can be dropped, with the reason.
pub(super) fn harmless(code: &Code) -> Option<(Class, &'static str)> {
    let tokens: Vec<&str> = code.tokens.iter().map(String::as_str).collect();
    if tokens.iter().all(|token| *token == ";") {
        return Some((Class::Empty, "the code is empty"));
    }
    let statements: Vec<&[&str]> =
        tokens.split(|token| *token == ";").filter(|statement| !statement.is_empty()).collect();
    let rereads = |statement: &&[&str]| matches!(statement, [name, "=", ion] if ion.strip_prefix("_ion_") == Some(*name));
    if statements.iter().all(rereads) {
        return Some((Class::IonReread, "ions are read before INITIAL"));
    }
    let declares = |statement: &&[&str]| TYPES.contains(&statement[0]) && !statement.contains(&"=");
    if statements.iter().all(declares) {
        return Some((Class::Declarations, "C declarations are not needed"));
    }
    let changes = ["=", "++", "--", "+=", "-=", "*=", "/=", "return"];
    // Variable steps are never taken.
    let complains = code.has("hoc_execerror") && code.has("cvode_active_");
    let prints = code.has("printf") || code.has("fprintf") || complains;
    if prints && calls_only(code, &[]) && !tokens.iter().any(|token| changes.contains(token)) {
        return Some((Class::Print, "messages of C code are not printed"));
    }
    None
}

/// A routine that takes the next time from a vector.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) index: String,
    pub(super) time: String,
    pub(super) pointer: String,
}

/// Recognizes the routine of VecStim by its whole text.
pub(super) fn spike_train(code: &Code) -> Option<Walk> {
    let statements = code.tokens.split(|token| token == ";").filter(|statement| {
        let declares = statement.first().is_some_and(|first| TYPES.contains(&first.as_str()));
        !statement.is_empty() && (!declares || statement.iter().any(|token| token == "="))
    });
    let mut tokens = Vec::new();
    for statement in statements {
        tokens.extend(statement.iter().cloned());
        tokens.push(";".to_owned());
    }
    let code = Code { tokens, macros: Vec::new() };
    let pointers = [
        "* ( ( void * * ) ( & $pointer ) )",
        "( void * ) ( $pointer )",
        "( void * ) $pointer",
        "$pointer",
    ];
    let bound = pointers.iter().find_map(|pointer| {
        code.matches(&format!(
            "$i = ( int ) $index ; if ( $i >= 0 ) $vv = {pointer} ; \
             if ( $vv ) $size = vector_capacity ( $vv ) ; $px = vector_vec ( $vv ) ; \
             if ( $i < $size ) $time = $px [ $i ] ; $index += 1 ; else $index = - 1 ; \
             else $index = - 1 ;"
        ))
    })?;
    let get = |variable: &str| {
        bound.iter().find(|(name, _)| name == variable).map(|(_, value)| value.clone())
    };
    let pointer = get("pointer")?;
    let pointer = pointer.strip_prefix("_p_").unwrap_or(&pointer).to_owned();
    Some(Walk { index: get("index")?, time: get("time")?, pointer })
}
