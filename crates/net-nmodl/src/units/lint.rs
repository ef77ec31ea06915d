//! Consistency of units, as warnings.
//!
//! Units never scale anything, and many published files use them loosely. So this reports only
//! what is plainly inconsistent: sums, comparisons, assignments and arguments whose two sides both
//! have units of different dimension or size. A number without a unit fits everything, and what it
//! is multiplied with is no longer compared. Nothing between `UNITSOFF` and `UNITSON` is looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::{Dimensions, Quantity, UnitTable};
use crate::ast::{
    Argument, BinaryOp, Block, DeclarationBlock, Expr, ExprKind, Item, Program, Statement,
    StatementKind, UnaryOp, Unit, Variable,
};
use crate::builtin::{self, FunctionKind};
use crate::source::{Reporter, Span};
use crate::symbols::{IonQuantity, Role, Symbols};
use crate::visit;

/// Warns about inconsistent and unknown units.
pub(crate) fn lint(
    program: &Program,
    symbols: &Symbols,
    units: &UnitTable,
    reporter: &mut Reporter<'_>,
) {
    let mut linter = Linter {
        program,
        symbols,
        units,
        reporter,
        on: true,
        local: BTreeMap::new(),
        unknown: BTreeSet::new(),
    };
    for item in &program.items {
        linter.item(item);
    }
}

/// What is known about the unit of a value: nothing, or what it is.
type Known = Option<Quantity>;

struct Linter<'a, 'r, 's> {
    program: &'a Program,
    symbols: &'a Symbols,
    units: &'a UnitTable,
    reporter: &'r mut Reporter<'s>,
    /// Whether units are checked at this place of the text.
    on: bool,
    /// Units of arguments and of the value of the current routine; `None` for local names.
    local: BTreeMap<&'a str, Known>,
    /// Units already reported as unknown.
    unknown: BTreeSet<String>,
}

impl<'a> Linter<'a, '_, '_> {
    fn item(&mut self, item: &'a Item) {
        self.local.clear();
        match item {
            Item::UnitsSwitch(switch) => self.on = switch.on,
            Item::Parameter(block)
            | Item::Constant(block)
            | Item::Assigned(block)
            | Item::State(block) => self.declarations(block),
            Item::Routine(routine) => {
                self.arguments(&routine.arguments);
                if routine.is_function {
                    let unit = routine.unit.as_ref().and_then(|unit| self.unit(unit));
                    self.local.insert(&routine.name.text, unit);
                }
            }
            Item::NetReceive(receive) => self.arguments(&receive.arguments),
            _ => {}
        }
        let Some(body) = visit::body(item) else { return };
        visit::statements(body, &mut |statement| self.hide(statement));
        self.block(body);
    }

    fn declarations(&mut self, block: &DeclarationBlock) {
        for unit in block.declarations.iter().filter_map(|declaration| declaration.unit.as_ref()) {
            self.unit(unit);
        }
    }

    fn arguments(&mut self, arguments: &'a [Argument]) {
        for argument in arguments {
            let unit = argument.unit.as_ref().and_then(|unit| self.unit(unit));
            self.local.insert(&argument.name.text, unit);
        }
    }

    /// Local names have no unit, and hide those of the file.
    fn hide(&mut self, statement: &'a Statement) {
        match &statement.kind {
            StatementKind::Local(local) => {
                for variable in &local.variables {
                    self.local.entry(&variable.name.text).or_insert(None);
                }
            }
            StatementKind::From { variable, .. } => {
                self.local.insert(&variable.text, None);
            }
            StatementKind::ForNetcons { arguments, .. } => {
                for argument in arguments {
                    self.local.insert(&argument.name.text, None);
                }
            }
            _ => {}
        }
    }

    /// The meaning of a unit; an unknown one is reported.
    fn unit(&mut self, unit: &Unit) -> Known {
        match self.units.parse(&unit.text) {
            Ok(quantity) => Some(quantity),
            Err(error) => {
                if self.on && self.unknown.insert(error.to_string()) {
                    self.reporter.warning(unit.span, error.to_string());
                    self.reporter.help("declare it: UNITS { (mV) = (millivolt) }");
                }
                None
            }
        }
    }

    fn block(&mut self, block: &'a Block) {
        for statement in &block.statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &'a Statement) {
        match &statement.kind {
            StatementKind::UnitsSwitch(switch) => self.on = switch.on,
            StatementKind::Assign { target, value } => {
                let value = self.expr(value);
                let mut expected = self.variable(target);
                if target.primes > 0
                    && let (Some(quantity), Ok(ms)) = (&mut expected, self.units.parse("ms"))
                {
                    quantity.times(&ms, 1.0, true);
                }
                let target_text = &target.name.text;
                let what = format!("`{target_text}{}`", "'".repeat(target.primes as usize));
                self.compare(&what, expected, "the value assigned", value, statement.span);
            }
            StatementKind::Call(call) => {
                self.expr(call);
            }
            StatementKind::If { arms, otherwise } => {
                for (condition, body) in arms {
                    self.expr(condition);
                    self.block(body);
                }
                if let Some(body) = otherwise {
                    self.block(body);
                }
            }
            StatementKind::While { condition, body } => {
                self.expr(condition);
                self.block(body);
            }
            StatementKind::From { body, .. }
            | StatementKind::ForNetcons { body, .. }
            | StatementKind::Initial(body)
            | StatementKind::Block(body) => self.block(body),
            StatementKind::Protect(inner) => self.statement(inner),
            _ => {}
        }
    }

    fn variable(&mut self, variable: &Variable) -> Known {
        let name = variable.name.text.as_str();
        if let Some(known) = self.local.get(name) {
            return *known;
        }
        let symbol = self.symbols.variable(name);
        let text = match symbol.map(|symbol| (symbol.unit.as_deref(), symbol.role)) {
            Some((Some(unit), _)) => unit,
            Some((None, Role::Builtin(builtin))) => builtin.unit(),
            Some((None, Role::Ion { quantity, .. })) => match quantity {
                IonQuantity::Reversal => "millivolt",
                IonQuantity::Current => "milliamp/cm2",
                IonQuantity::Inside | IonQuantity::Outside => return None,
            },
            Some(_) => return None,
            None => builtin::Builtin::of(name)?.unit(),
        };
        self.units.parse(text).ok()
    }

    fn expr(&mut self, expr: &'a Expr) -> Known {
        match &expr.kind {
            ExprKind::Number { unit, .. } => unit.as_ref().and_then(|unit| self.unit(unit)),
            ExprKind::Variable(variable) => {
                if let Some(index) = &variable.index {
                    self.expr(index);
                }
                if variable.primes > 0 { None } else { self.variable(variable) }
            }
            ExprKind::Call { function, arguments } => {
                let given: Vec<Known> =
                    arguments.iter().map(|argument| self.expr(argument)).collect();
                self.call(&function.text, arguments, &given)
            }
            ExprKind::Unary { op, operand } => {
                let unit = self.expr(operand);
                if *op == UnaryOp::Minus { unit } else { None }
            }
            ExprKind::Binary { op, left, right } => {
                let (l, r) = (self.expr(left), self.expr(right));
                self.binary(*op, (left, l), (right, r), expr.span)
            }
            ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Text(_) => None,
        }
    }

    fn binary(
        &mut self,
        op: BinaryOp,
        (_, left): (&Expr, Known),
        (exponent, right): (&Expr, Known),
        span: Span,
    ) -> Known {
        match op {
            BinaryOp::Or | BinaryOp::And => None,
            BinaryOp::Multiply | BinaryOp::Divide => {
                let (mut product, factor) = (left?, right?);
                product.times(&factor, 1.0, op == BinaryOp::Divide);
                Some(product)
            }
            BinaryOp::Power => match &exponent.kind {
                ExprKind::Number { number, .. }
                    if matches!(number.value, 1.0 | 2.0 | 3.0 | 4.0) =>
                {
                    let base = left?;
                    let mut power = Quantity::ONE;
                    for _ in 0..number.value as u32 {
                        power.times(&base, 1.0, false);
                    }
                    Some(power)
                }
                _ => None,
            },
            _ => {
                self.compare("the left side", left, "the right side", right, span);
                match op {
                    BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Remainder => left.or(right),
                    _ => None,
                }
            }
        }
    }

    fn call(&mut self, name: &str, arguments: &'a [Expr], given: &[Known]) -> Known {
        if let Some(routine) = self.symbols.routines.get(name) {
            let (parameters, unit) = match self.program.items.get(routine.item) {
                Some(Item::Routine(routine)) => (&routine.arguments, &routine.unit),
                Some(Item::FunctionTable(table)) => (&table.arguments, &table.unit),
                _ => return None,
            };
            for ((parameter, argument), unit) in parameters.iter().zip(arguments).zip(given) {
                let expected =
                    parameter.unit.as_ref().and_then(|unit| self.units.parse(&unit.text).ok());
                let what = format!("argument `{}` of `{name}`", parameter.name.text);
                self.compare(&what, expected, "the value given", *unit, argument.span);
            }
            return unit.as_ref().and_then(|unit| self.units.parse(&unit.text).ok());
        }
        let kind = builtin::function(name)?.kind;
        match (kind, name) {
            (FunctionKind::Math, "fabs" | "abs" | "floor" | "ceil") => given.first().copied()?,
            (FunctionKind::Math, "pow" | "atan2" | "sqrt" | "fmod" | "nernst" | "nrn_ghk") => None,
            (FunctionKind::Math, _) => {
                if let (Some(Some(unit)), Some(argument)) = (given.first(), arguments.first())
                    && unit.dimensions != [0; 7]
                    && self.on
                {
                    let message = format!("the argument of `{name}` is {}", describe(unit));
                    self.reporter.warning(argument.span, message);
                    self.reporter.help("it should be a pure number");
                }
                None
            }
            _ => None,
        }
    }

    /// Warns if both units are known and differ.
    fn compare(&mut self, a: &str, left: Known, b: &str, right: Known, span: Span) {
        let (true, Some(left), Some(right)) = (self.on, left, right) else { return };
        if left.dimensions != right.dimensions {
            let (left, right) = (describe(&left), describe(&right));
            self.reporter.warning(span, format!("units differ: {a} is {left}, {b} is {right}"));
        } else if (left.factor / right.factor - 1.0).abs() > 1e-5 {
            let factor = right.factor / left.factor;
            let message =
                format!("units differ in size: {b} has units {factor:e} times as large as {a}");
            self.reporter.warning(span, message);
        }
    }
}

/// What a quantity is, in words where it is a common one.
fn describe(quantity: &Quantity) -> String {
    let names: [(Dimensions, &str); 16] = [
        ([0, 0, 0, 0, 0, 0, 0], "a pure number"),
        ([0, 0, 1, 0, 0, 0, 0], "a time"),
        ([0, 0, -1, 0, 0, 0, 0], "a rate"),
        ([2, 1, -2, -1, 0, 0, 0], "a voltage"),
        ([0, 0, -1, 1, 0, 0, 0], "a current"),
        ([-2, 0, -1, 1, 0, 0, 0], "a current per area"),
        ([-2, -1, 1, 2, 0, 0, 0], "a conductance"),
        ([-4, -1, 1, 2, 0, 0, 0], "a conductance per area"),
        ([-3, 0, 0, 0, 0, 0, 0], "a concentration"),
        ([-3, 0, -1, 0, 0, 0, 0], "a concentration per time"),
        ([1, 0, 0, 0, 0, 0, 0], "a length"),
        ([2, 0, 0, 0, 0, 0, 0], "an area"),
        ([3, 0, 0, 0, 0, 0, 0], "a volume"),
        ([0, 0, 0, 0, 0, 0, 1], "a temperature"),
        ([0, 0, 0, 1, 0, 0, 0], "a charge"),
        ([2, 1, -2, 0, 0, 0, 0], "an energy"),
    ];
    if let Some((_, name)) = names.iter().find(|(dimensions, _)| *dimensions == quantity.dimensions)
    {
        return (*name).to_owned();
    }
    let base = ["m", "kg", "s", "C", "cd", "bit", "K"];
    let powers = base.iter().zip(quantity.dimensions).filter(|(_, power)| *power != 0);
    let parts: Vec<String> = powers
        .map(
            |(name, power)| if power == 1 { (*name).to_owned() } else { format!("{name}^{power}") },
        )
        .collect();
    format!("in {}", parts.join(" "))
}
