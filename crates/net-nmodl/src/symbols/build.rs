//! From declarations to symbols.

use super::{
    BlockSymbol, DeclaredIn, Ion, IonQuantity, Mechanism, Role, RoutineKind, RoutineSymbol,
    Symbols, Variable, plain_variable,
};
use crate::ast::{
    Argument, Declaration, Item, MechanismKind, Name, NeuronStatement, Program, Size,
    StatementKind, UnitDefinition, UseIon, Value,
};
use crate::builtin::Builtin;
use crate::check::nearest;
use crate::source::{Reporter, Span};
use crate::units::{UnitError, UnitTable};
use crate::visit;

pub(super) fn build(
    program: &Program,
    file_stem: &str,
    units: &mut UnitTable,
    reporter: &mut Reporter<'_>,
) -> Symbols {
    let mut builder = Builder { symbols: Symbols::default(), units, reporter };
    builder.defines(program);
    builder.declarations(program);
    builder.neuron(program, file_stem);
    builder.routines(program);
    builder.symbols
}

struct Builder<'a, 'r, 's> {
    symbols: Symbols,
    units: &'a mut UnitTable,
    reporter: &'r mut Reporter<'s>,
}

impl Builder<'_, '_, '_> {
    /// `DEFINE`s come first: declarations use them as lengths.
    fn defines(&mut self, program: &Program) {
        for item in &program.items {
            let Item::Define(define) = item else { continue };
            let text = &define.name.text;
            let value = define.value.value();
            if self.symbols.variable(text).is_some_and(|known| known.default == Some(value)) {
                continue;
            }
            let mut variable =
                plain_variable(text, Role::Define, Some(DeclaredIn::Define), define.name.span);
            variable.default = Some(value);
            variable.default_text = Some(define.value.number.text.clone());
            self.declare(variable);
        }
    }

    fn declare(&mut self, variable: Variable) -> Option<usize> {
        let known = self.symbols.variable(&variable.name);
        let Some(known) = known else { return Some(self.symbols.add(variable)) };
        // Blocks may list what the simulator gives as often as they like.
        if matches!((known.role, variable.declared), (Role::FileLocal, Some(DeclaredIn::Assigned)))
        {
            let line = self.reporter.line(known.span);
            let message = format!("`{}` stays the LOCAL of line {line}", variable.name);
            self.reporter.warning(variable.span, message);
            self.reporter.help("as in NEURON, all instances share it; leave out one of the two");
        } else if !matches!(known.role, Role::Builtin(_)) {
            let name = &variable.name;
            self.reporter.error(variable.span, format!("`{name}` is declared twice"));
            if let Some(block) = known.declared {
                let line = self.reporter.line(known.span);
                self.reporter.help(format!(
                    "line {line} declares it in {}",
                    format!("{block:?}").to_uppercase()
                ));
            }
        }
        None
    }

    fn declarations(&mut self, program: &Program) {
        for (at, item) in program.items.iter().enumerate() {
            match item {
                Item::Units(block) => self.unit_definitions(&block.definitions),
                Item::Parameter(b) => self.block(&b.declarations, DeclaredIn::Parameter),
                Item::Constant(b) => self.block(&b.declarations, DeclaredIn::Constant),
                Item::Assigned(b) => self.block(&b.declarations, DeclaredIn::Assigned),
                Item::State(b) => self.block(&b.declarations, DeclaredIn::State),
                Item::Local(local) => {
                    for variable in &local.variables {
                        let name = &variable.name;
                        if self.repeats(program, at, name) {
                            continue;
                        }
                        let declared = Some(DeclaredIn::Local);
                        let mut symbol =
                            plain_variable(&name.text, Role::FileLocal, declared, name.span);
                        symbol.length = self.length(variable.length.as_ref());
                        self.declare(symbol);
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether a `LOCAL` of the file repeats a name, of which one meaning is enough.
    ///
    /// In NEURON the name is the earlier variable up to the `LOCAL`, and another one behind it. A
    /// file that uses both is refused.
    fn repeats(&mut self, program: &Program, at: usize, name: &Name) -> bool {
        let text = &name.text;
        let Some(&index) = self.symbols.by_name.get(text) else { return false };
        let known = &self.symbols.variables[index];
        if !matches!(known.role, Role::Assigned | Role::Parameter) {
            return false;
        }
        let (before, behind) = program.items.split_at(at);
        let uses = [before, behind].map(|items| items.iter().any(|item| uses(item, text)));
        let line = self.reporter.line(known.span);
        match uses {
            [true, true] => return false,
            [_, false] => {
                let message =
                    format!("`{text}` is declared in line {line} and not used behind here");
                self.reporter.warning(name.span, message);
                self.reporter.help("as in NEURON, it is that variable; leave it out here");
            }
            [false, true] => {
                let known = &mut self.symbols.variables[index];
                (known.role, known.declared) = (Role::FileLocal, Some(DeclaredIn::Local));
                let message = format!("`{text}` is not the variable of line {line}");
                self.reporter.warning(name.span, message);
                self.reporter
                    .help("as in NEURON, all instances share it; leave out one of the two");
            }
        }
        true
    }

    fn block(&mut self, declarations: &[Declaration], declared: DeclaredIn) {
        for declaration in declarations {
            let name = &declaration.name;
            let role = match (Builtin::of(&name.text), declared) {
                (Some(builtin), DeclaredIn::Parameter | DeclaredIn::Assigned) => {
                    Role::Builtin(builtin)
                }
                (_, DeclaredIn::Constant) => Role::Constant,
                (_, DeclaredIn::Parameter) => Role::Parameter,
                (_, DeclaredIn::State) => Role::State,
                _ => Role::Assigned,
            };
            let value = declaration.value.as_ref().or(declaration.start.as_ref());
            let mut variable = plain_variable(&name.text, role, Some(declared), name.span);
            variable.length = self.length(declaration.length.as_ref());
            variable.unit = declaration.unit.as_ref().map(|unit| unit.text.clone());
            variable.default = value.and_then(|value| self.value(value));
            variable.default_text = match value {
                Some(Value::Number(number)) => {
                    let sign = if number.negative { "-" } else { "" };
                    Some(format!("{sign}{}", number.number.text))
                }
                _ => None,
            };
            variable.limits =
                declaration.limits.as_ref().map(|(low, high)| (low.value(), high.value()));
            variable.tolerance = declaration.tolerance.as_ref().map(|number| number.value());
            self.declare(variable);
        }
    }

    fn length(&mut self, size: Option<&Size>) -> Option<usize> {
        let size = size?;
        let span = match size {
            Size::Number(number) => number.span,
            Size::Name(name) => name.span,
        };
        match self.symbols.size(size) {
            Some(value) if (1.0..=1e6).contains(&value) && value.fract() == 0.0 => {
                Some(value as usize)
            }
            Some(value) => {
                self.reporter.error(span, format!("{value} is no length of an array"));
                self.reporter.help("a length is an integer from 1 to 1000000");
                Some(1)
            }
            None => {
                self.reporter.error(span, "the length of an array has to be known here");
                self.reporter.help("give the name an integer with DEFINE");
                Some(1)
            }
        }
    }

    fn value(&mut self, value: &Value) -> Option<f64> {
        match value {
            Value::Number(number) => Some(number.value()),
            Value::Name { negative, name } => {
                let defined = self.symbols.size(&Size::Name(name.clone()));
                if defined.is_none() {
                    let text = &name.text;
                    self.reporter.error(name.span, format!("`{text}` is no number here"));
                    self.reporter.help("a default is a number or a name given by DEFINE");
                }
                defined.map(|value| if *negative { -value } else { value })
            }
        }
    }

    fn unit_definitions(&mut self, definitions: &[UnitDefinition]) {
        for definition in definitions {
            let (name, value, unit) = match definition {
                UnitDefinition::Alias { unit, meaning } => {
                    match self.units.define(&unit.text, &meaning.text) {
                        Ok(()) => {}
                        Err(UnitError::Redefined(_)) => {
                            let text = &unit.text;
                            let message = format!("unit `{text}` already means something else");
                            self.reporter.warning(unit.span, message);
                        }
                        Err(error) => {
                            self.reporter.warning(meaning.span, error.to_string());
                            self.reporter.help(UNIT_HELP);
                        }
                    }
                    continue;
                }
                UnitDefinition::Factor { name, from, to, .. } => {
                    let factor = self.units.factor(&from.text, &to.text);
                    if let Err(error) = &factor {
                        self.reporter.error(from.span.to(to.span), error.to_string());
                        self.reporter.help(UNIT_HELP);
                    }
                    (name, factor.ok(), Some(to))
                }
                UnitDefinition::Value { name, value, unit } => {
                    (name, Some(value.value()), unit.as_ref())
                }
            };
            let declared = Some(DeclaredIn::Units);
            let mut variable = plain_variable(&name.text, Role::Constant, declared, name.span);
            variable.default = value;
            variable.unit = unit.map(|unit| unit.text.clone());
            self.declare(variable);
        }
    }

    fn neuron(&mut self, program: &Program, file_stem: &str) {
        let blocks = program.items.iter().filter_map(|item| match item {
            Item::Neuron(block) => Some(block),
            _ => None,
        });
        let statements: Vec<_> = blocks.flat_map(|block| &block.statements).collect();
        for &statement in &statements {
            match statement {
                NeuronStatement::Mechanism(kind, name) => {
                    if self.symbols.mechanism.is_some() {
                        let message = "a file describes one mechanism, this is the second name";
                        self.reporter.error(name.span, message);
                        continue;
                    }
                    self.symbols.mechanism = Some(Mechanism { kind: *kind, name: name.clone() });
                }
                NeuronStatement::UseIon(use_ion) => self.use_ion(use_ion),
                NeuronStatement::NonspecificCurrent(names) => {
                    self.roles(names, Role::NonspecificCurrent);
                }
                NeuronStatement::ElectrodeCurrent(names) => {
                    self.roles(names, Role::ElectrodeCurrent);
                }
                NeuronStatement::Pointer(names) => self.roles(names, Role::Pointer),
                NeuronStatement::BbcorePointer(names) => {
                    // NMODL uses it as any pointer; what only C code knew is of no use.
                    for name in names {
                        let is_used = program.items.iter().any(|item| uses(item, &name.text));
                        self.set_role(
                            name,
                            if is_used { Role::Pointer } else { Role::BbcorePointer },
                        );
                    }
                }
                NeuronStatement::Random(names) => self.roles(names, Role::Random),
                NeuronStatement::External(names) => self.roles(names, Role::External),
                NeuronStatement::ThreadSafe(_) => self.symbols.thread_safe = true,
                NeuronStatement::Range(_)
                | NeuronStatement::Global(_)
                | NeuronStatement::Represents(_) => {}
            }
        }
        // Currents, ions and pointers need no further declaration, whatever the order.
        for statement in statements {
            match statement {
                NeuronStatement::Range(names) => self.mark(names, "RANGE"),
                NeuronStatement::Global(names) => self.mark(names, "GLOBAL"),
                _ => {}
            }
        }
        if self.symbols.mechanism.is_none() {
            let message =
                format!("no SUFFIX or POINT_PROCESS: this is taken as SUFFIX {file_stem}");
            self.reporter.warning(Span::default(), message);
            let name = Name { text: file_stem.to_owned(), span: Span::default() };
            self.symbols.mechanism = Some(Mechanism { kind: MechanismKind::Density, name });
        }
    }

    /// Gives names of the `NEURON` block their role, whether other blocks declare them or not.
    fn roles(&mut self, names: &[Name], role: Role) {
        for name in names {
            self.set_role(name, role);
        }
    }

    fn set_role(&mut self, name: &Name, role: Role) -> usize {
        let Some(&index) = self.symbols.by_name.get(&name.text) else {
            return self.symbols.add(plain_variable(&name.text, role, None, name.span));
        };
        let known = &mut self.symbols.variables[index];
        let fits = match known.role {
            Role::Assigned => true,
            Role::Parameter => !matches!(role, Role::Random),
            Role::State => !matches!(role, Role::Random | Role::External),
            // `celsius` and the like may be called external.
            Role::Builtin(_) => return index,
            _ => false,
        };
        if fits {
            known.role = role;
        } else {
            let text = &name.text;
            let block = known.declared.map_or("NEURON".to_owned(), |block| format!("{block:?}"));
            let message = format!("`{text}` is declared in {} already", block.to_uppercase());
            self.reporter.error(name.span, message);
            self.reporter.help("declare it in ASSIGNED");
        }
        index
    }

    fn use_ion(&mut self, use_ion: &UseIon) {
        let name = use_ion.ion.text.clone();
        if self.symbols.ions.iter().any(|ion| ion.name == name) {
            self.reporter.error(use_ion.ion.span, format!("ion `{name}` is used twice"));
            self.reporter.help("put all of READ and WRITE into one USEION statement");
            return;
        }
        let index = self.symbols.ions.len();
        let valence = use_ion.valence.as_ref().map(|number| number.value());
        let (read, write) = (Vec::new(), Vec::new());
        self.symbols.ions.push(Ion { name, valence, read, write, span: use_ion.span });
        for (names, writes) in [(&use_ion.read, false), (&use_ion.write, true)] {
            for name in names {
                self.ion_variable(index, name, writes);
            }
        }
    }

    fn ion_variable(&mut self, index: usize, name: &Name, writes: bool) {
        let ion = &mut self.symbols.ions[index];
        let Some(quantity) = quantity_of(&ion.name, &name.text) else {
            let ion = ion.name.clone();
            let text = &name.text;
            self.reporter.error(name.span, format!("`{text}` is no variable of ion `{ion}`"));
            let diffusive = format!("{ion}d") == *text;
            self.reporter.help(if diffusive {
                format!("`{text}` belongs to Arbor's dialect; use LONGITUDINAL_DIFFUSION")
            } else {
                format!("there are e{ion}, i{ion}, {ion}i and {ion}o")
            });
            return;
        };
        let list = if writes { &mut ion.write } else { &mut ion.read };
        if !list.contains(&quantity) {
            list.push(quantity);
        }
        if let Some(known) = self.symbols.by_name.get(&name.text) {
            let variable = &mut self.symbols.variables[*known];
            if let Role::Ion { read, write, .. } = &mut variable.role {
                *read |= !writes;
                *write |= writes;
                return;
            }
        }
        self.set_role(name, Role::Ion { ion: index, quantity, read: !writes, write: writes });
    }

    fn mark(&mut self, names: &[Name], list: &str) {
        for name in names {
            let text = &name.text;
            let index = match self.symbols.by_name.get(text) {
                Some(&index) => index,
                None if Builtin::of(text).is_some() => continue,
                None => {
                    self.undeclared(name, list);
                    self.symbols.add(plain_variable(text, Role::Assigned, None, name.span))
                }
            };
            let variable = &mut self.symbols.variables[index];
            *(if list == "RANGE" { &mut variable.range } else { &mut variable.global }) = true;
        }
    }

    /// Warns about a name that only `RANGE` or `GLOBAL` lists.
    fn undeclared(&mut self, name: &Name, list: &str) {
        let message = format!("`{}` is in {list} but declared nowhere", name.text);
        self.reporter.warning(name.span, message);
        let variables = self.symbols.variables.iter().map(|variable| variable.name.as_str());
        self.reporter.help(match nearest(&name.text, variables) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "declare it in PARAMETER or ASSIGNED".to_owned(),
        });
    }

    fn routines(&mut self, program: &Program) {
        for (item, node) in program.items.iter().enumerate() {
            let (kind, name, arguments): (_, &Name, &[Argument]) = match node {
                Item::Routine(routine) if routine.is_function => {
                    (RoutineKind::Function, &routine.name, &routine.arguments)
                }
                Item::Routine(routine) => {
                    (RoutineKind::Procedure, &routine.name, &routine.arguments)
                }
                Item::FunctionTable(table) => (RoutineKind::Table, &table.name, &table.arguments),
                Item::Equations(block) => {
                    self.unique(&block.name);
                    let Name { text, span } = block.name.clone();
                    let symbol = BlockSymbol { name: text.clone(), kind: block.kind, item, span };
                    self.symbols.blocks.entry(text).or_insert(symbol);
                    continue;
                }
                _ => continue,
            };
            self.unique(name);
            let Name { text, span } = name.clone();
            let arity = arguments.len();
            let symbol = RoutineSymbol { name: text.clone(), kind, item, arity, span };
            self.symbols.routines.entry(text).or_insert(symbol);
        }
    }

    /// Reports a routine or block whose name is taken.
    fn unique(&mut self, name: &Name) {
        let symbols = &self.symbols;
        let text = &name.text;
        let earlier = (symbols.variable(text).map(|known| known.span))
            .or_else(|| symbols.routines.get(text).map(|known| known.span))
            .or_else(|| symbols.blocks.get(text).map(|known| known.span));
        if let Some(earlier) = earlier {
            let line = self.reporter.line(earlier);
            self.reporter.error(name.span, format!("`{text}` is declared twice"));
            self.reporter.help(format!("line {line} declares the same name"));
        }
    }
}

/// Shown with unknown units.
const UNIT_HELP: &str = "declare it: UNITS { (name) = (units) }, such as (mV) = (millivolt)";

/// Whether a statement of the item uses the variable of the file that has this name.
fn uses(item: &Item, name: &str) -> bool {
    let arguments: &[Argument] = match item {
        Item::Routine(routine) => &routine.arguments,
        Item::NetReceive(receive) => &receive.arguments,
        _ => &[],
    };
    let mut is_hidden = arguments.iter().any(|argument| argument.name.text == name);
    let mut is_named = false;
    if let Some(body) = visit::body(item) {
        visit::statements(body, &mut |statement| {
            if let StatementKind::Local(local) = &statement.kind {
                is_hidden |= local.variables.iter().any(|variable| variable.name.text == name);
            }
            visit::named(statement, &mut |variable| is_named |= variable.name.text == name);
        });
    }
    is_named && !is_hidden
}

/// Which quantity of `ion` the name stands for.
fn quantity_of(ion: &str, name: &str) -> Option<IonQuantity> {
    if name.strip_prefix('e') == Some(ion) {
        Some(IonQuantity::Reversal)
    } else if name.strip_prefix('i') == Some(ion) {
        Some(IonQuantity::Current)
    } else if name.strip_suffix('i') == Some(ion) {
        Some(IonQuantity::Inside)
    } else if name.strip_suffix('o') == Some(ion) {
        Some(IonQuantity::Outside)
    } else {
        None
    }
}
