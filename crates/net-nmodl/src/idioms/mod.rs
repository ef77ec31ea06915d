//! C code in `VERBATIM` blocks that recurs in published files, and what it is replaced by.
//!
//! Code is recognized by its normalized tokens, whole routines at a time where they belong
//! together, never by the name of the file. What is not recognized stays and is refused by the
//! checks.
//!
//! - Code between blocks only declares; it is dropped, since NMODL that calls it is refused.
//! - A pointer to a random stream becomes a `RANDOM` variable; the routine that sets it up loses
//!   its body, the function that draws from it calls `random_uniform` and the like.
//! - Walking over a vector of spike times becomes calls of `spike_train_size` and
//!   `spike_train_time`.
//! - What is guarded by a vector that the interpreter may give is left out, since nobody gives it.
//! - Messages, re-reading of ions and returns are dropped or written with `if` and `else`.

mod c;
mod make;
mod recognize;
mod returns;
mod vectors;

use std::collections::BTreeSet;

use crate::ast::{
    Block, Declaration, Item, Name, NeuronStatement, Program, Routine, Statement, StatementKind,
};
use crate::source::{Reporter, Span};
use c::Code;
use recognize::Names;

/// What is said of C code that is not known: the message, and what to write instead.
pub(crate) fn refusal(body: &str) -> (String, &'static str) {
    let tokens = Code::read(body).tokens;
    let is_jump = |word: &&str| matches!(*word, "break" | "continue" | "goto" | "return");
    // Where code also calls or assigns, to leave out the jump would not be enough.
    let only_jumps = !tokens.iter().any(|token| token == "(" || token == "=");
    match tokens.iter().map(String::as_str).find(is_jump).filter(|_| only_jumps) {
        Some(word @ ("break" | "continue" | "goto")) => (
            format!("`{word}` in VERBATIM is not supported"),
            "give the loop a condition that ends it, as in while (k < n && !found) { ... }, and write \
             what is to be left out as the arm of an if",
        ),
        Some("return") => (
            "`return` in VERBATIM is supported at the end of a routine, and of an if in it".into(),
            "keep the value in a variable, and end loops by their condition, as in \
             while (k < n && !found) { ... }",
        ),
        _ => (
            "this C code in VERBATIM is not supported".into(),
            "write it in NMODL; for random numbers declare NEURON { RANDOM r } and draw with \
             random_uniform(r), random_negexp(r) or random_normal(r)",
        ),
    }
}

/// What a piece of C code was recognized as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Nothing, or `return 0` at the end of a routine.
    Empty,
    /// Includes, declarations, and C functions that no NMODL statement calls.
    Declarations,
    /// `cai = _ion_cai`: ions are read before INITIAL anyway.
    IonReread,
    /// Messages to the terminal.
    Print,
    /// `return` from the middle of a routine; the rest becomes the `else` of a conditional.
    EarlyReturn,
    /// Setting up, drawing from or storing a random stream.
    RandomStream,
    /// Spike times from a vector.
    SpikeTrain,
    /// Setting up a vector, or code that is run only where there is one.
    Vector,
}

/// A piece of C code that was replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Idiom {
    /// What it was recognized as.
    pub class: Class,
    /// Where it stood.
    pub span: Span,
    /// What became of it, in one phrase for the user.
    pub note: String,
}

/// Replaces the C code of known idioms.
pub(crate) fn rewrite(program: Program, reporter: &mut Reporter<'_>) -> (Program, Vec<Idiom>) {
    let names = Names::of(&program);
    let mut rewriter = Rewriter {
        names,
        idioms: Vec::new(),
        streams: BTreeSet::new(),
        vectors: BTreeSet::new(),
        reporter,
    };
    let items = program.items.into_iter().filter_map(|item| rewriter.item(item)).collect();
    let program = rewriter.pointers(Program { items });
    (program, rewriter.idioms)
}

struct Rewriter<'r, 's> {
    names: Names,
    idioms: Vec<Idiom>,
    /// Pointers to random streams.
    streams: BTreeSet<String>,
    /// Pointers to vectors.
    vectors: BTreeSet<String>,
    reporter: &'r mut Reporter<'s>,
}

impl Rewriter<'_, '_> {
    fn found(&mut self, class: Class, span: Span, note: impl Into<String>) {
        self.idioms.push(Idiom { class, span, note: note.into() });
    }

    fn item(&mut self, item: Item) -> Option<Item> {
        Some(match item {
            Item::Verbatim(verbatim) => {
                self.found(Class::Declarations, verbatim.span, "C declarations are not needed");
                return None;
            }
            // What it frees was never allocated.
            Item::Destructor(body) if only_verbatim(&body) => {
                self.found(Class::Declarations, body.span, "nothing is left to free");
                return None;
            }
            Item::Destructor(body) => {
                if !body.statements.is_empty() {
                    self.reporter.warning(body.span, "DESTRUCTOR is not run");
                    self.reporter.help("nothing of a run comes after it");
                }
                return None;
            }
            Item::Routine(routine) => Item::Routine(self.routine(routine)),
            Item::Initial(body) => Item::Initial(self.body(body)),
            Item::Breakpoint(body) => Item::Breakpoint(self.body(body)),
            Item::Constructor(body) => Item::Constructor(self.body(body)),
            Item::Equations(mut block) => {
                block.body = self.body(block.body);
                Item::Equations(block)
            }
            Item::NetReceive(mut receive) => {
                receive.body = self.body(receive.body);
                Item::NetReceive(receive)
            }
            Item::Hook(mut hook) => {
                hook.body = self.body(hook.body);
                Item::Hook(hook)
            }
            other => other,
        })
    }

    fn routine(&mut self, mut routine: Routine) -> Routine {
        let code = code_of(&routine.body);
        let Some(code) = code else {
            routine.body = self.body(routine.body);
            return routine;
        };
        let span = routine.body.span;
        let name = routine.name.clone();
        let statements = if let Some(draw) = recognize::draw(&routine, &code, &self.names) {
            self.streams.insert(draw.stream.clone());
            let note = format!("draws with {}({})", draw.function, draw.stream);
            self.found(Class::RandomStream, span, note);
            if draw.guessed {
                let message = format!(
                    "`{}` draws from a distribution set elsewhere, taken as {}",
                    name.text, draw.function
                );
                self.reporter.warning(name.span, message);
                self.reporter.help("declare a RANDOM variable and draw from it");
            }
            let value = make::call(draw.function, vec![make::variable(&draw.stream, span)], span);
            vec![make::assign(&name.text, value, span)]
        } else if let Some(walk) = recognize::spike_train(&code) {
            self.vectors.insert(walk.pointer.clone());
            self.found(Class::SpikeTrain, span, "takes the next time of the spike train");
            make::next_spike(&walk.index, &walk.time, span)
        } else if only_verbatim(&routine.body)
            && let Some(set_up) = recognize::set_up(&code, &self.names)
        {
            let note = "streams and spike trains are set up by the simulator";
            self.found(set_up.class, span, note);
            match set_up.class {
                Class::Vector => self.vectors.extend(set_up.pointers),
                _ => self.streams.extend(set_up.pointers),
            }
            self.empty_value(&routine)
        } else if name.text == "bbsavestate" {
            self.found(Class::Declarations, span, "states are saved by the simulator");
            self.empty_value(&routine)
        } else {
            routine.body = self.body(routine.body);
            return routine;
        };
        routine.body = Block { statements, span };
        routine
    }

    /// The body of a routine that does nothing any more.
    fn empty_value(&self, routine: &Routine) -> Vec<Statement> {
        let span = routine.body.span;
        if routine.is_function {
            vec![make::assign(&routine.name.text, make::number(0, span), span)]
        } else {
            Vec::new()
        }
    }

    fn body(&mut self, body: Block) -> Block {
        let mut guards = Vec::new();
        let body = vectors::without_guarded(body, &mut guards);
        for guard in guards {
            let vectors = guard.pointers.join("`, `");
            let message = format!("what is done with a vector in `{vectors}` is left out");
            self.reporter.warning(guard.span, message);
            self.reporter
                .help("vectors of the interpreter are not there, the pointer is taken as null");
            self.found(Class::Vector, guard.span, "needs a vector, which nobody gives");
            self.vectors.extend(guard.pointers);
        }
        let body = returns::without_returns(body, &mut self.idioms);
        self.block(body)
    }

    fn block(&mut self, block: Block) -> Block {
        let statements =
            block.statements.into_iter().filter_map(|statement| self.statement(statement));
        Block { statements: statements.collect(), span: block.span }
    }

    fn statement(&mut self, statement: Statement) -> Option<Statement> {
        use StatementKind::*;
        let span = statement.span;
        let kind = match statement.kind {
            Verbatim(verbatim) => {
                let code = Code::read(&verbatim.body);
                if let Some(stream) = recognize::reset(&code, &self.names) {
                    let note = format!("starts stream {stream} anew");
                    self.found(Class::RandomStream, span, note);
                    self.streams.insert(stream.clone());
                    let arguments = vec![make::variable(&stream, span), make::number(0, span)];
                    Call(make::call("random_setseq", arguments, span))
                } else if let Some((class, note)) = recognize::harmless(&code) {
                    self.found(class, span, note);
                    return None;
                } else {
                    Verbatim(verbatim)
                }
            }
            If { arms, otherwise } => If {
                arms: arms.into_iter().map(|(c, body)| (c, self.block(body))).collect(),
                otherwise: otherwise.map(|body| self.block(body)),
            },
            While { condition, body } => While { condition, body: self.block(body) },
            From { variable, first, last, step, body } => {
                From { variable, first, last, step, body: self.block(body) }
            }
            ForNetcons { arguments, body } => ForNetcons { arguments, body: self.block(body) },
            Initial(body) => Initial(self.block(body)),
            Block(body) => Block(self.block(body)),
            other => other,
        };
        Some(Statement { kind, span })
    }

    /// Declares streams as `RANDOM` instead of as pointers, and removes pointers to vectors.
    fn pointers(&self, mut program: Program) -> Program {
        let replaced =
            |name: &Name| self.streams.contains(&name.text) || self.vectors.contains(&name.text);
        for item in &mut program.items {
            match item {
                Item::Neuron(block) => {
                    let mut random = Vec::new();
                    for statement in &mut block.statements {
                        if let NeuronStatement::Pointer(names)
                        | NeuronStatement::BbcorePointer(names)
                        | NeuronStatement::Range(names)
                        | NeuronStatement::Global(names) = statement
                        {
                            let streams = names.iter().filter(|n| self.streams.contains(&n.text));
                            random.extend(streams.cloned());
                            names.retain(|name| !replaced(name));
                        }
                    }
                    random.sort_by(|a: &Name, b| a.text.cmp(&b.text));
                    random.dedup_by(|a, b| a.text == b.text);
                    block.statements.retain(|statement| !is_empty_list(statement));
                    if !random.is_empty() {
                        block.statements.push(NeuronStatement::Random(random));
                    }
                }
                Item::Assigned(block) | Item::Parameter(block) => {
                    let keeps = |declaration: &Declaration| !replaced(&declaration.name);
                    block.declarations.retain(keeps);
                }
                _ => {}
            }
        }
        program
    }
}

fn is_empty_list(statement: &NeuronStatement) -> bool {
    matches!(statement, NeuronStatement::Pointer(names) | NeuronStatement::BbcorePointer(names)
        | NeuronStatement::Range(names) | NeuronStatement::Global(names) if names.is_empty())
}

/// Whether all statements are C code, and there are some.
fn only_verbatim(body: &Block) -> bool {
    let is_verbatim = |s: &Statement| matches!(s.kind, StatementKind::Verbatim(_));
    !body.statements.is_empty() && body.statements.iter().all(is_verbatim)
}

/// The C code among the statements of a routine, in one; `None` if there is none.
fn code_of(body: &Block) -> Option<Code> {
    let mut code: Option<Code> = None;
    for statement in &body.statements {
        if let StatementKind::Verbatim(verbatim) = &statement.kind {
            let part = Code::read(&verbatim.body);
            let whole = code.get_or_insert_with(|| Code { tokens: Vec::new(), macros: Vec::new() });
            whole.tokens.extend(part.tokens);
            whole.macros.extend(part.macros);
        }
    }
    code
}
