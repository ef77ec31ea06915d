//! Expressions turned into values.

use net_kernel::kernel::MAX_AXES;

use super::Refusal;
use super::execute::{Machine, Result};
use super::graph::{Binary, Compare, Id, Input, Unary};
use crate::ast::{BinaryOp, Expr, ExprKind, Item, Name, UnaryOp};
use crate::source::Span;
use crate::symbols::RoutineKind;

impl<'a> Machine<'a, '_> {
    /// The value of an expression as a number.
    pub(crate) fn number(&mut self, expr: &'a Expr) -> Result<Id> {
        let id = self.expression(expr)?;
        Ok(self.graph.number_of(id))
    }

    pub(crate) fn truth(&mut self, expr: &'a Expr) -> Result<Id> {
        let id = self.expression(expr)?;
        Ok(self.graph.truth_of(id))
    }

    pub(crate) fn expression(&mut self, expr: &'a Expr) -> Result<Id> {
        match &expr.kind {
            ExprKind::Number { number, .. } => Ok(self.graph.number(number.value)),
            ExprKind::Variable(variable) => {
                let place = self.place(variable)?;
                Ok(self.read(place))
            }
            ExprKind::Paren(inner) => self.expression(inner),
            ExprKind::Unary { op: UnaryOp::Minus, operand } => {
                let operand = self.number(operand)?;
                Ok(self.graph.negate(operand))
            }
            ExprKind::Unary { op: UnaryOp::Not, operand } => {
                let operand = self.truth(operand)?;
                Ok(self.graph.not(operand))
            }
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right),
            ExprKind::Call { function, arguments } => self.call(function, arguments, expr.span),
            ExprKind::Text(_) => Err(Refusal::new(expr.span, "a text is not a number")),
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &'a Expr, right: &'a Expr) -> Result<Id> {
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            let (a, b) = (self.truth(left)?, self.truth(right)?);
            return Ok(if op == BinaryOp::And {
                self.graph.and(a, b)
            } else {
                self.graph.or(a, b)
            });
        }
        let (a, b) = (self.number(left)?, self.number(right)?);
        let graph = &mut *self.graph;
        Ok(match op {
            BinaryOp::Add => graph.add(a, b),
            BinaryOp::Subtract => graph.subtract(a, b),
            BinaryOp::Multiply => graph.multiply(a, b),
            BinaryOp::Divide => graph.divide(a, b),
            BinaryOp::Remainder => graph.binary(Binary::Remainder, a, b),
            BinaryOp::Power => graph.binary(Binary::Power, a, b),
            BinaryOp::Less => graph.compare(Compare::Less, a, b),
            BinaryOp::Greater => graph.compare(Compare::Less, b, a),
            BinaryOp::LessEqual => graph.compare(Compare::LessEqual, a, b),
            BinaryOp::GreaterEqual => graph.compare(Compare::LessEqual, b, a),
            BinaryOp::Equal => graph.compare(Compare::Equal, a, b),
            BinaryOp::NotEqual => {
                let equal = graph.compare(Compare::Equal, a, b);
                graph.not(equal)
            }
            BinaryOp::And | BinaryOp::Or => unreachable!("handled above"),
        })
    }
    /// Inlines a routine of the file, or applies a built-in function.
    pub(super) fn call(
        &mut self,
        function: &'a Name,
        arguments: &'a [Expr],
        span: Span,
    ) -> Result<Id> {
        let name = function.text.as_str();
        let Some(routine) = self.parsed.symbols.routines.get(name) else {
            return self.builtin(name, arguments, span);
        };
        if routine.kind == RoutineKind::Table {
            return self.given_function(name, arguments, span);
        }
        let Item::Routine(routine) = &self.parsed.program.items[routine.item] else {
            return Err(Refusal::new(span, format!("`{name}` is no routine")));
        };
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.number(argument)?);
        }
        self.inline(routine, &values, span)
    }

    /// The value of a `FUNCTION_TABLE`.
    fn given_function(&mut self, name: &str, arguments: &'a [Expr], span: Span) -> Result<Id> {
        if arguments.len() > MAX_AXES {
            let what = format!("a FUNCTION_TABLE of more than {MAX_AXES} arguments");
            return Err(Refusal::unsupported(span, &what));
        }
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.number(argument)?);
        }
        Ok(self.graph.function(name, &values))
    }

    fn builtin(&mut self, name: &str, arguments: &'a [Expr], span: Span) -> Result<Id> {
        if let Some(value) = self.event_call(name, arguments, span)? {
            return Ok(value);
        }
        if let Some(value) = self.random_call(name, arguments, span)? {
            return Ok(value);
        }
        if let Some(value) = self.train_call(name, arguments)? {
            return Ok(value);
        }
        let unary = match name {
            "exp" => Some(Unary::Exp),
            "log" => Some(Unary::Log),
            "log10" => Some(Unary::Log10),
            "sqrt" => Some(Unary::Sqrt),
            "fabs" | "abs" => Some(Unary::Abs),
            "sin" => Some(Unary::Sin),
            "cos" => Some(Unary::Cos),
            "tan" => Some(Unary::Tan),
            "asin" => Some(Unary::Asin),
            "acos" => Some(Unary::Acos),
            "atan" => Some(Unary::Atan),
            "sinh" => Some(Unary::Sinh),
            "cosh" => Some(Unary::Cosh),
            "tanh" => Some(Unary::Tanh),
            "floor" => Some(Unary::Floor),
            "ceil" => Some(Unary::Ceil),
            "exprelr" => Some(Unary::Exprelr),
            _ => None,
        };
        let mut values = Vec::with_capacity(arguments.len());
        let known = unary.is_some()
            || matches!(name, "pow" | "fmod" | "atan2" | "at_time" | "nernst" | "nrn_ghk");
        if !known {
            return Err(Refusal::unsupported(span, name));
        }
        for argument in arguments {
            values.push(self.number(argument)?);
        }
        match (unary, name, values.as_slice()) {
            (Some(op), _, [x]) => Ok(self.graph.unary(op, *x)),
            (_, "pow", [x, y]) => Ok(self.graph.binary(Binary::Power, *x, *y)),
            (_, "fmod", [x, y]) => Ok(self.graph.binary(Binary::Remainder, *x, *y)),
            (_, "atan2", [x, y]) => Ok(self.graph.binary(Binary::Atan2, *x, *y)),
            (_, "at_time", [time]) => Ok(self.at_time(*time)),
            (_, "nernst", [inside, outside, z]) => Ok(self.nernst(*inside, *outside, *z)),
            (_, "nrn_ghk", [v, inside, outside, z]) => Ok(self.ghk(*v, *inside, *outside, *z)),
            _ => Err(Refusal::new(span, format!("`{name}` has another number of arguments"))),
        }
    }

    /// `t - dt < te - 1e-11 <= t`.
    fn at_time(&mut self, time: Id) -> Id {
        let graph = &mut *self.graph;
        let (t, dt) = (graph.input(Input::Time), graph.input(Input::Step));
        let epsilon = graph.number(1e-11);
        let event = graph.subtract(time, epsilon);
        let before = graph.subtract(t, dt);
        let (after, until) = (
            graph.compare(Compare::Less, before, event),
            graph.compare(Compare::LessEqual, event, t),
        );
        graph.and(after, until)
    }

    /// RT/F in mV.
    fn thermal_voltage(&mut self) -> Id {
        let graph = &mut *self.graph;
        let celsius = graph.input(Input::Celsius);
        let zero_celsius = graph.number(273.15);
        let kelvin = graph.add(celsius, zero_celsius);
        let per_kelvin = graph.number(1000.0 * 8.314_462_618_153_24 / 96_485.332_123_310_01);
        graph.multiply(per_kelvin, kelvin)
    }

    fn nernst(&mut self, inside: Id, outside: Id, z: Id) -> Id {
        let thermal = self.thermal_voltage();
        let graph = &mut *self.graph;
        let per_charge = graph.divide(thermal, z);
        let ratio = graph.divide(outside, inside);
        let log = graph.unary(Unary::Log, ratio);
        let e = graph.multiply(per_charge, log);
        let zero = graph.number(0.0);
        let (large, small) = (graph.number(1e6), graph.number(-1e6));
        let no_outside = graph.compare(Compare::LessEqual, outside, zero);
        let e = graph.select(no_outside, small, e);
        let no_inside = graph.compare(Compare::LessEqual, inside, zero);
        let e = graph.select(no_inside, large, e);
        let no_charge = graph.compare(Compare::Equal, z, zero);
        graph.select(no_charge, zero, e)
    }

    /// The current (mA/cm2 for a permeability in cm/s) of Goldman, Hodgkin and Katz.
    fn ghk(&mut self, v: Id, inside: Id, outside: Id, z: Id) -> Id {
        let thermal = self.thermal_voltage();
        let graph = &mut *self.graph;
        let zv = graph.multiply(z, v);
        let x = graph.divide(zv, thermal);
        let minus = graph.negate(x);
        let (into, out) = (graph.unary(Unary::Exprelr, minus), graph.unary(Unary::Exprelr, x));
        let (inner, outer) = (graph.multiply(inside, into), graph.multiply(outside, out));
        let drive = graph.subtract(inner, outer);
        let faraday = graph.number(0.001 * 96_485.332_123_310_01);
        let charge = graph.multiply(z, faraday);
        graph.multiply(charge, drive)
    }
}
