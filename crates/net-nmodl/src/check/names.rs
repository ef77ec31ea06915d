//! Names in expressions, calls, and what is left unused.

use super::scope::{Referent, nearest};
use super::{Checker, Place};
use crate::ast::{EquationKind, Expr, ExprKind, Name, Variable};
use crate::builtin::{self, FunctionKind};
use crate::symbols::{IonQuantity, Role, RoutineKind};

impl<'a> Checker<'a, '_, '_> {
    pub(super) fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Number { .. } => {}
            ExprKind::Variable(variable) => self.read(variable),
            ExprKind::Call { function, arguments } => {
                let kind = self.call(function, arguments);
                if kind == Some(RoutineKind::Procedure) {
                    let message = format!("PROCEDURE `{}` has no value", function.text);
                    self.reporter.warning(function.span, message);
                    self.reporter.help("make it a FUNCTION, or call it as a statement");
                }
            }
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::Binary { left, right, .. } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Text(_) => {
                self.reporter.error(expr.span, "a text stands only in a call of printf");
            }
        }
    }

    pub(super) fn call_statement(&mut self, call: &'a Expr) {
        if let ExprKind::Call { function, arguments } = &call.kind {
            self.call(function, arguments);
        }
    }

    fn read(&mut self, variable: &'a Variable) {
        if let Some(index) = &variable.index {
            self.expr(index);
        }
        if variable.primes > 0 && self.place != Place::Equations(EquationKind::Derivative) {
            let message = format!("`{}'` stands outside of a DERIVATIVE block", variable.name.text);
            self.reporter.error(variable.span, message);
        }
        let Some(referent) = self.refer(&variable.name, false) else { return };
        self.check_index(variable, referent);
        let name = &variable.name;
        if let Referent::Variable(Role::Random, _) = referent {
            let message = format!("RANDOM variable `{}` is no number", name.text);
            self.reporter.error(name.span, message);
            self.reporter.help(format!("draw from it: random_uniform({})", name.text));
        }
    }

    /// Arrays are used with an index, scalars without.
    pub(super) fn check_index(&mut self, variable: &Variable, referent: Referent) {
        let length = match referent {
            Referent::Local(length) | Referent::Variable(_, length) => length,
            Referent::Given => None,
        };
        let name = &variable.name.text;
        match (length, &variable.index) {
            (None, Some(_)) => {
                // The length of what a pointer refers to is not known here.
                let pointer =
                    matches!(referent, Referent::Variable(Role::Pointer | Role::External, _));
                if !pointer {
                    self.reporter.error(variable.span, format!("`{name}` is no array"));
                }
            }
            (Some(length), Some(index)) => {
                if let Some(value) = self.constant(index)
                    && !(0.0..length as f64).contains(&value)
                {
                    let message = format!("index {value} is outside of `{name}[{length}]`");
                    self.reporter.error(index.span, message);
                    self.reporter.help(format!("indices run from 0 to {}", length - 1));
                }
            }
            (Some(_), None) if variable.primes == 0 => {
                // A whole array stands for its first element in NEURON; nearly always a mistake.
                let message = format!("array `{name}` is used without an index");
                self.reporter.warning(variable.span, message);
            }
            _ => {}
        }
    }

    fn constant(&self, expr: &Expr) -> Option<f64> {
        match &expr.kind {
            ExprKind::Number { number, .. } => Some(number.value),
            ExprKind::Variable(variable) => self
                .symbols
                .variable(&variable.name.text)
                .filter(|known| known.role == Role::Define)
                .and_then(|known| known.default),
            ExprKind::Paren(inner) => self.constant(inner),
            _ => None,
        }
    }

    /// Checks a call; the kind of the routine if the file defines it.
    fn call(&mut self, function: &'a Name, arguments: &'a [Expr]) -> Option<RoutineKind> {
        let name = function.text.as_str();
        if let Some(routine) = self.symbols.routines.get(name) {
            self.called.insert(name.to_owned());
            self.arguments(arguments);
            let (found, expected) = (arguments.len(), routine.arity);
            // A FUNCTION_TABLE also takes its table by `table_<name>(...)`, which is set-up code.
            if found != expected {
                self.arity(function, found, expected, expected);
            }
            return Some(routine.kind);
        }
        let Some(builtin) = builtin::function(name) else {
            self.arguments(arguments);
            self.unknown_function(function);
            return None;
        };
        self.builtin_arguments(builtin.kind, name, arguments);
        let found = arguments.len();
        if !(builtin.min_arguments..=builtin.max_arguments).contains(&found) {
            self.arity(function, found, builtin.min_arguments, builtin.max_arguments);
        }
        None
    }

    fn arguments(&mut self, arguments: &'a [Expr]) {
        for argument in arguments {
            self.expr(argument);
        }
    }

    fn builtin_arguments(&mut self, kind: FunctionKind, name: &str, arguments: &'a [Expr]) {
        let mut rest = arguments;
        match (kind, arguments.first()) {
            (FunctionKind::RandomStream, Some(first)) => {
                rest = &arguments[1..];
                self.random_stream(first, name);
            }
            (FunctionKind::Print, _) => {
                for argument in arguments {
                    if !matches!(argument.kind, ExprKind::Text(_)) {
                        self.expr(argument);
                    }
                }
                return;
            }
            // The first argument is a variable that is assigned.
            (FunctionKind::Event, Some(first)) if name == "state_discontinuity" => {
                match &first.kind {
                    ExprKind::Variable(variable) => {
                        self.refer(&variable.name, true);
                    }
                    _ => self.reporter.error(first.span, "a state is expected here"),
                }
            }
            (FunctionKind::Pointer, Some(first)) => {
                let is_pointer = matches!(&first.kind, ExprKind::Variable(variable)
                    if matches!(self.symbols.variable(&variable.name.text).map(|s| s.role),
                        Some(Role::Pointer | Role::BbcorePointer)));
                if !is_pointer {
                    self.reporter.error(first.span, "a POINTER is expected here");
                }
            }
            _ => {}
        }
        self.arguments(rest);
    }

    fn random_stream(&mut self, argument: &'a Expr, function: &str) {
        if let ExprKind::Variable(variable) = &argument.kind {
            match self.refer(&variable.name, false) {
                Some(Referent::Variable(Role::Random, _)) | None => return,
                Some(_) => {}
            }
        }
        let message = format!("the first argument of `{function}` is a RANDOM variable");
        self.reporter.error(argument.span, message);
        self.reporter.help("declare it: NEURON { RANDOM name }");
    }

    fn arity(&mut self, function: &Name, found: usize, min: usize, max: usize) {
        let expected = match (min, max) {
            (1, 1) => "1 argument".to_owned(),
            (min, max) if min == max => format!("{min} arguments"),
            (min, max) => format!("{min} to {max} arguments"),
        };
        let message = format!("`{}` takes {expected}, not {found}", function.text);
        self.reporter.error(function.span, message);
    }

    fn unknown_function(&mut self, function: &Name) {
        let name = &function.text;
        if !self.unknown.insert(format!("{name}()")) {
            return;
        }
        if self.local(name).is_some() || self.symbols.variable(name).is_some() {
            self.reporter.error(function.span, format!("`{name}` is a variable, not a function"));
            self.reporter.help("multiplication is written with `*`");
            return;
        }
        if let Some(block) = self.symbols.blocks.get(name) {
            let keyword = block.kind.keyword();
            self.reporter.error(function.span, format!("{keyword} block `{name}` is not called"));
            self.reporter.help(format!("write `SOLVE {name} METHOD ...` in BREAKPOINT"));
            return;
        }
        self.reporter.error(function.span, format!("there is no function `{name}`"));
        let own = self.symbols.routines.keys().map(String::as_str);
        let builtin = builtin::FUNCTIONS.iter().map(|function| function.name);
        if let Some(help) = builtin::interpreter_function_help(name) {
            self.reporter.help(help);
        } else if let Some(help) = builtin::arbor_function_help(name) {
            self.reporter.help(format!("`{name}` belongs to Arbor's dialect; {help}"));
        } else if let Some(near) = nearest(name, own.chain(builtin)) {
            self.reporter.help(format!("did you mean `{near}`?"));
        }
    }

    pub(super) fn ion(&mut self, name: &Name) {
        if !self.symbols.ions.iter().any(|ion| ion.name == name.text) {
            let message = format!("ion `{}` has no USEION statement", name.text);
            self.reporter.error(name.span, message);
        }
    }

    /// Warnings about variables without a use.
    pub(super) fn unused(&mut self) {
        if self.symbols.is_function_library() {
            return;
        }
        for variable in &self.symbols.variables {
            let name = &variable.name;
            let used = self.uses.get(name).copied().unwrap_or_default();
            if variable.declared.is_none() {
                // Only in RANGE or GLOBAL: with a value it may pass, without it is a misspelling.
                if variable.role == Role::Assigned
                    && !used.written
                    && let Some(span) = used.first_read
                {
                    self.reporter.error(span, format!("`{name}` is not declared"));
                    self.reporter.help("declare it in PARAMETER or ASSIGNED");
                }
                continue;
            }
            let span = variable.span;
            let unused = !used.read && !used.written;
            match variable.role {
                // What is in RANGE or GLOBAL may be there for others to read, such as a number.
                Role::Parameter
                    if !(used.read
                        || variable.range
                        || variable.global
                        || self.is_initial_value(name)) =>
                {
                    self.reporter.warning(span, format!("parameter `{name}` is never read"));
                }
                Role::Assigned | Role::FileLocal if unused => {
                    self.reporter.warning(span, format!("`{name}` is never used"));
                }
                Role::Assigned
                    if used.read && !used.written && !variable.range && !variable.global =>
                {
                    self.reporter.warning(span, format!("`{name}` is read but never assigned"));
                }
                Role::NonspecificCurrent | Role::ElectrodeCurrent if !used.written => {
                    let message = format!("current `{name}` is never assigned");
                    self.reporter.warning(span, message);
                }
                Role::Ion { write: true, read: false, quantity, .. }
                    if !used.written && !variable.is_state() =>
                {
                    let message = format!("`{name}` is in WRITE but never assigned");
                    self.reporter.warning(span, message);
                    if used.read && quantity != IonQuantity::Current {
                        self.reporter.help(format!("to read it add `READ {name}` to USEION"));
                    }
                }
                _ => {}
            }
            if variable.is_state() && !used.advanced && !matches!(variable.role, Role::Pointer) {
                let message = format!("state `{name}` has no equation");
                self.reporter.warning(span, message);
                self.reporter.help(format!("write `{name}' = ...` in a DERIVATIVE block"));
            }
        }
        for block in self.symbols.blocks.values() {
            if !self.solved.contains(&block.name) {
                let message = format!("{} `{}` is never solved", block.kind.keyword(), block.name);
                self.reporter.warning(block.span, message);
            }
        }
    }

    /// `m0` is the initial value of state `m`.
    fn is_initial_value(&self, name: &str) -> bool {
        name.strip_suffix('0')
            .and_then(|state| self.symbols.variable(state))
            .is_some_and(|variable| variable.is_state())
    }
}
