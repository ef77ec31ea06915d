//! From the syntax tree to NMODL text.
//!
//! Parsing the text gives the same tree again, up to spans.

use std::fmt::Write as _;

use crate::ast::{
    Argument, Block, Compartment, Declaration, DeclarationBlock, Expr, ExprKind, Item,
    LocalDeclaration, MechanismKind, Name, NeuronBlock, NeuronStatement, Program, Reaction,
    SignedNumber, Size, Solve, Statement, StatementKind, Table, Term, UnaryOp, Unit,
    UnitDefinition, UnitsSwitch, UseIon, Value, Variable,
};

/// The text of a program, one statement a line, indented by four blanks.
#[must_use]
pub fn print(program: &Program) -> String {
    let mut printer = Printer { text: String::new(), indent: 0 };
    for item in &program.items {
        printer.item(item);
    }
    printer.text
}

/// The text of an expression.
#[must_use]
pub fn print_expr(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Number { number, unit: None } => number.text.clone(),
        ExprKind::Number { number, unit: Some(unit) } => format!("{} ({})", number.text, unit.text),
        ExprKind::Variable(variable) => print_variable(variable),
        ExprKind::Call { function, arguments } => {
            let arguments: Vec<String> = arguments.iter().map(print_expr).collect();
            format!("{}({})", function.text, arguments.join(", "))
        }
        ExprKind::Unary { op: UnaryOp::Minus, operand } => format!("-{}", print_expr(operand)),
        ExprKind::Unary { op: UnaryOp::Not, operand } => format!("!{}", print_expr(operand)),
        ExprKind::Binary { op, left, right } => {
            format!("{} {} {}", print_expr(left), op.text(), print_expr(right))
        }
        ExprKind::Paren(inner) => format!("({})", print_expr(inner)),
        ExprKind::Text(text) => format!("\"{text}\""),
    }
}

fn print_variable(variable: &Variable) -> String {
    let primes = "'".repeat(variable.primes as usize);
    let index = variable.index.as_ref().map_or(String::new(), |i| format!("[{}]", print_expr(i)));
    format!("{}{primes}{index}", variable.name.text)
}

fn join(names: &[Name], separator: &str) -> String {
    let texts: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
    texts.join(separator)
}

fn signed(number: &SignedNumber) -> String {
    format!("{}{}", if number.negative { "-" } else { "" }, number.number.text)
}

fn value(value: &Value) -> String {
    match value {
        Value::Number(number) => signed(number),
        Value::Name { negative, name } => {
            format!("{}{}", if *negative { "-" } else { "" }, name.text)
        }
    }
}

fn size(size: &Size) -> &str {
    match size {
        Size::Number(number) => &number.text,
        Size::Name(name) => &name.text,
    }
}

fn length(length: Option<&Size>) -> String {
    length.map_or(String::new(), |length| format!("[{}]", size(length)))
}

fn unit_after(unit: Option<&Unit>) -> String {
    unit.map_or(String::new(), |unit| format!(" ({})", unit.text))
}

fn arguments(arguments: &[Argument]) -> String {
    let texts: Vec<String> = arguments
        .iter()
        .map(|argument| format!("{}{}", argument.name.text, unit_after(argument.unit.as_ref())))
        .collect();
    format!("({})", texts.join(", "))
}

fn terms(terms: &[Term]) -> String {
    let texts: Vec<String> = terms
        .iter()
        .map(|term| match &term.coefficient {
            Some(number) => format!("{} {}", number.text, print_variable(&term.variable)),
            None => print_variable(&term.variable),
        })
        .collect();
    texts.join(" + ")
}

fn switch(switch: UnitsSwitch) -> &'static str {
    if switch.on { "UNITSON" } else { "UNITSOFF" }
}

struct Printer {
    text: String,
    indent: usize,
}

impl Printer {
    fn line(&mut self, text: &str) {
        let indent = 4 * self.indent;
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{:indent$}{text}", "");
    }

    fn item(&mut self, item: &Item) {
        match item {
            // An empty title would take the next line as its text.
            Item::Title(text) => self.line(&format!("TITLE {}", text.text)),
            Item::Comment(text) => {
                let _ = writeln!(self.text, "COMMENT\n{}\nENDCOMMENT", text.text);
            }
            Item::Neuron(block) => self.neuron(block),
            Item::Units(block) => {
                self.braced("UNITS", |p| {
                    for definition in &block.definitions {
                        p.line(&unit_definition(definition));
                    }
                });
            }
            Item::UnitsSwitch(units) => self.line(switch(*units)),
            Item::Parameter(block) => self.declarations("PARAMETER", block),
            Item::Constant(block) => self.declarations("CONSTANT", block),
            Item::Assigned(block) => self.declarations("ASSIGNED", block),
            Item::State(block) => self.declarations("STATE", block),
            Item::Local(declaration) => self.local(declaration),
            Item::Define(define) => {
                self.line(&format!("DEFINE {} {}", define.name.text, signed(&define.value)));
            }
            Item::Include(text) => self.line(&format!("INCLUDE \"{}\"", text.text)),
            Item::Independent(block) => self.line(&format!("INDEPENDENT {{ {} }}", block.text)),
            Item::Initial(body) => self.block("INITIAL", body),
            Item::Breakpoint(body) => self.block("BREAKPOINT", body),
            Item::Equations(block) => {
                let solve_for = match block.solve_for.as_slice() {
                    [] => String::new(),
                    names => format!(" SOLVEFOR {}", join(names, ", ")),
                };
                let head = format!("{} {}{solve_for}", block.kind.keyword(), block.name.text);
                self.block(&head, &block.body);
            }
            Item::Routine(routine) => {
                let keyword = if routine.is_function { "FUNCTION" } else { "PROCEDURE" };
                let name = &routine.name.text;
                let unit = unit_after(routine.unit.as_ref());
                let head = format!("{keyword} {name}{}{unit}", arguments(&routine.arguments));
                self.block(&head, &routine.body);
            }
            Item::FunctionTable(table) => {
                let unit = unit_after(table.unit.as_ref());
                let name = &table.name.text;
                self.line(&format!("FUNCTION_TABLE {name}{}{unit}", arguments(&table.arguments)));
            }
            Item::NetReceive(receive) => {
                self.block(
                    &format!("NET_RECEIVE {}", arguments(&receive.arguments)),
                    &receive.body,
                );
            }
            Item::Hook(hook) => {
                let when = if hook.after { "AFTER" } else { "BEFORE" };
                self.block(&format!("{when} {}", hook.phase.keyword()), &hook.body);
            }
            Item::Constructor(body) => self.block("CONSTRUCTOR", body),
            Item::Destructor(body) => self.block("DESTRUCTOR", body),
            Item::Verbatim(verbatim) => self.verbatim(&verbatim.body),
        }
    }

    fn verbatim(&mut self, body: &str) {
        let _ = writeln!(self.text, "VERBATIM{body}ENDVERBATIM");
    }

    fn braced(&mut self, head: &str, body: impl FnOnce(&mut Self)) {
        self.line(format!("{head} {{").trim_start());
        self.indent += 1;
        body(self);
        self.indent -= 1;
        self.line("}");
    }

    fn block(&mut self, head: &str, block: &Block) {
        self.braced(head, |p| {
            for statement in &block.statements {
                p.statement(statement);
            }
        });
    }

    fn neuron(&mut self, block: &NeuronBlock) {
        self.braced("NEURON", |p| {
            for statement in &block.statements {
                p.line(&neuron_statement(statement));
            }
        });
    }

    fn declarations(&mut self, keyword: &str, block: &DeclarationBlock) {
        self.braced(keyword, |p| {
            for declaration in &block.declarations {
                p.line(&print_declaration(declaration));
            }
        });
    }

    fn local(&mut self, declaration: &LocalDeclaration) {
        let variables: Vec<String> = declaration
            .variables
            .iter()
            .map(|variable| format!("{}{}", variable.name.text, length(variable.length.as_ref())))
            .collect();
        self.line(&format!("LOCAL {}", variables.join(", ")));
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Local(declaration) => self.local(declaration),
            StatementKind::Assign { target, value } => {
                self.line(&format!("{} = {}", print_variable(target), print_expr(value)));
            }
            StatementKind::Call(call) => self.line(&print_expr(call)),
            StatementKind::If { arms, otherwise } => {
                for (index, (condition, body)) in arms.iter().enumerate() {
                    let keyword = if index == 0 { "if" } else { "else if" };
                    self.block(&format!("{keyword} ({})", print_expr(condition)), body);
                }
                if let Some(body) = otherwise {
                    self.block("else", body);
                }
            }
            StatementKind::While { condition, body } => {
                self.block(&format!("while ({})", print_expr(condition)), body);
            }
            StatementKind::From { variable, first, last, step, body } => {
                let (first, last) = (print_expr(first), print_expr(last));
                let step =
                    step.as_ref().map_or(String::new(), |step| format!(" BY {}", print_expr(step)));
                self.block(&format!("FROM {} = {first} TO {last}{step}", variable.text), body);
            }
            StatementKind::Solve(solve) => self.solve(solve),
            StatementKind::Conductance { conductance, ion } => {
                let ion = ion.as_ref().map_or(String::new(), |ion| format!(" USEION {}", ion.text));
                self.line(&format!("CONDUCTANCE {}{ion}", conductance.text));
            }
            StatementKind::Reaction(reaction) => self.line(&print_reaction(reaction)),
            StatementKind::Equation { left, right } => {
                self.line(&format!("~ {} = {}", print_expr(left), print_expr(right)));
            }
            StatementKind::Conserve { terms: sum, total } => {
                self.line(&format!("CONSERVE {} = {}", terms(sum), print_expr(total)));
            }
            StatementKind::Compartment(compartment) => self.compartment("COMPARTMENT", compartment),
            StatementKind::LongitudinalDiffusion(compartment) => {
                self.compartment("LONGITUDINAL_DIFFUSION", compartment);
            }
            StatementKind::Table(table) => self.table(table),
            StatementKind::Watch(watches) => {
                let watches: Vec<String> = watches
                    .iter()
                    .map(|w| format!("({}) {}", print_expr(&w.condition), print_expr(&w.flag)))
                    .collect();
                self.line(&format!("WATCH {}", watches.join(", ")));
            }
            StatementKind::ForNetcons { arguments: names, body } => {
                self.block(&format!("FOR_NETCONS {}", arguments(names)), body);
            }
            StatementKind::Initial(body) => self.block("INITIAL", body),
            StatementKind::Protect(inner) => {
                self.line("PROTECT");
                self.statement(inner);
            }
            StatementKind::Mutex(lock) => {
                self.line(if *lock { "MUTEXLOCK" } else { "MUTEXUNLOCK" });
            }
            StatementKind::Lag { name, by } => {
                self.line(&format!("LAG {} BY {}", name.text, by.text));
            }
            StatementKind::UnitsSwitch(units) => self.line(switch(*units)),
            StatementKind::Verbatim(verbatim) => self.verbatim(&verbatim.body),
            StatementKind::Block(body) => self.block("", body),
        }
    }

    fn solve(&mut self, solve: &Solve) {
        let keyword = if solve.steady_state { "STEADYSTATE" } else { "METHOD" };
        let method =
            solve.method.as_ref().map_or(String::new(), |m| format!(" {keyword} {}", m.text));
        let head = format!("SOLVE {}{method}", solve.block.text);
        match &solve.if_error {
            Some(body) => self.block(&format!("{head} IFERROR"), body),
            None => self.line(&head),
        }
    }

    fn compartment(&mut self, keyword: &str, compartment: &Compartment) {
        let index =
            compartment.index.as_ref().map_or(String::new(), |index| format!("{}, ", index.text));
        let states = join(&compartment.states, " ");
        self.line(&format!("{keyword} {index}{} {{ {states} }}", print_expr(&compartment.expr)));
    }

    fn table(&mut self, table: &Table) {
        let names = match table.names.as_slice() {
            [] => String::new(),
            names => format!(" {}", join(names, ", ")),
        };
        let depend = match table.depend.as_slice() {
            [] => String::new(),
            names => format!(" DEPEND {}", join(names, ", ")),
        };
        let (from, to) = (print_expr(&table.from), print_expr(&table.to));
        self.line(&format!("TABLE{names}{depend} FROM {from} TO {to} WITH {}", size(&table.with)));
    }
}

fn neuron_statement(statement: &NeuronStatement) -> String {
    let (keyword, names) = match statement {
        NeuronStatement::Mechanism(kind, name) => {
            let keyword = match kind {
                MechanismKind::Density => "SUFFIX",
                MechanismKind::Point => "POINT_PROCESS",
                MechanismKind::ArtificialCell => "ARTIFICIAL_CELL",
            };
            return format!("{keyword} {}", name.text);
        }
        NeuronStatement::UseIon(use_ion) => return print_use_ion(use_ion),
        NeuronStatement::Represents(text) => return format!("REPRESENTS {}", text.text),
        NeuronStatement::NonspecificCurrent(names) => ("NONSPECIFIC_CURRENT", names),
        NeuronStatement::ElectrodeCurrent(names) => ("ELECTRODE_CURRENT", names),
        NeuronStatement::Range(names) => ("RANGE", names),
        NeuronStatement::Global(names) => ("GLOBAL", names),
        NeuronStatement::Pointer(names) => ("POINTER", names),
        NeuronStatement::BbcorePointer(names) => ("BBCOREPOINTER", names),
        NeuronStatement::Random(names) => ("RANDOM", names),
        NeuronStatement::External(names) => ("EXTERNAL", names),
        NeuronStatement::ThreadSafe(names) => ("THREADSAFE", names),
    };
    format!("{keyword} {}", join(names, ", ")).trim_end().to_owned()
}

fn print_use_ion(use_ion: &UseIon) -> String {
    let mut text = format!("USEION {}", use_ion.ion.text);
    for (keyword, names) in [("READ", &use_ion.read), ("WRITE", &use_ion.write)] {
        if !names.is_empty() {
            let _ = write!(text, " {keyword} {}", join(names, ", "));
        }
    }
    if let Some(valence) = &use_ion.valence {
        let _ = write!(text, " VALENCE {}", signed(valence));
    }
    if let Some(represents) = &use_ion.represents {
        let _ = write!(text, " REPRESENTS {}", represents.text);
    }
    text
}

fn unit_definition(definition: &UnitDefinition) -> String {
    match definition {
        UnitDefinition::Alias { unit, meaning } => format!("({}) = ({})", unit.text, meaning.text),
        UnitDefinition::Factor { name, from, to, arrow } => {
            let arrow = if *arrow { " ->" } else { "" };
            format!("{} = ({}){arrow} ({})", name.text, from.text, to.text)
        }
        UnitDefinition::Value { name, value, unit } => {
            format!("{} = {}{}", name.text, signed(value), unit_after(unit.as_ref()))
        }
    }
}

fn print_declaration(declaration: &Declaration) -> String {
    let mut text = format!("{}{}", declaration.name.text, length(declaration.length.as_ref()));
    if let Some(default) = &declaration.value {
        let _ = write!(text, " = {}", value(default));
    }
    if let Some((low, high)) = &declaration.range {
        let _ = write!(text, " FROM {} TO {}", value(low), value(high));
    }
    if let Some(start) = &declaration.start {
        let _ = write!(text, " START {}", value(start));
    }
    text.push_str(&unit_after(declaration.unit.as_ref()));
    if let Some((low, high)) = &declaration.limits {
        let _ = write!(text, " <{}, {}>", signed(low), signed(high));
    }
    if let Some(tolerance) = &declaration.tolerance {
        let _ = write!(text, " <{}>", signed(tolerance));
    }
    text
}

fn print_reaction(reaction: &Reaction) -> String {
    match reaction {
        Reaction::Reversible { left, right, forward, backward } => {
            let (forward, backward) = (print_expr(forward), print_expr(backward));
            format!("~ {} <-> {} ({forward}, {backward})", terms(left), terms(right))
        }
        Reaction::Irreversible { left, right, rate } => {
            let right = if right.is_empty() { String::new() } else { format!("{} ", terms(right)) };
            format!("~ {} -> {right}({})", terms(left), print_expr(rate))
        }
        Reaction::Source { target, flux } => {
            format!("~ {} << ({})", terms(std::slice::from_ref(target)), print_expr(flux))
        }
    }
}
