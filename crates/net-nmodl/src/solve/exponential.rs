//! `cnexp`: exact steps of equations that are linear in their own state.

use crate::ast::Expr;
use crate::lower::execute::{Machine, Result};
use crate::lower::graph::{Id, Input, Unary};

impl<'a> Machine<'a, '_> {
    /// Advances one state: with x' = a x + b, everything but x frozen,
    ///
    /// ```text
    /// x(t+dt) = s + (x - s) exp(a dt),   s = -b/a
    /// ```
    ///
    /// An equation that is not linear is linearized at x, which is of second order:
    /// `x(t+dt) = x + dt f(x) (exp(z) - 1)/z` with `z = dt f'(x)`.
    pub(super) fn exponential_step(&mut self, slot: usize, value: &'a Expr) -> Result<()> {
        let before = self.values[slot];
        let (_, x) = self.graph.symbol();
        self.values[slot] = x;
        let rate = self.number(value);
        self.values[slot] = before;
        let rate = rate?;
        self.values[slot] = match self.graph.affine(rate, x) {
            Some(split) => {
                let after = self.affine_step(before, split.slope, split.constant, split.divisor);
                let by = [(x, before)].into_iter().collect();
                self.graph.substitute(&[after], &by)[0]
            }
            None => {
                self.notes.push((
                    value.span,
                    "cnexp: the equation is not linear in its state and is linearized in every step",
                ));
                self.linearized_step(before, x, rate, value)?
            }
        };
        Ok(())
    }

    fn affine_step(&mut self, before: Id, slope: Id, constant: Id, divisor: Id) -> Id {
        let graph = &mut *self.graph;
        let step = graph.input(Input::Step);
        let (zero, scaled) = (graph.number(0.0), graph.multiply(step, slope));
        if slope == zero {
            let change = graph.multiply(step, constant);
            let change = graph.divide(change, divisor);
            return graph.add(before, change);
        }
        let exponent = graph.divide(scaled, divisor);
        let decay = graph.unary(Unary::ExpNearZero, exponent);
        if constant == zero {
            return graph.multiply(before, decay);
        }
        let minus = graph.negate(slope);
        let steady = graph.divide(constant, minus);
        let distance = graph.subtract(before, steady);
        let rest = graph.multiply(distance, decay);
        graph.add(rest, steady)
    }

    fn linearized_step(&mut self, before: Id, x: Id, rate: Id, value: &Expr) -> Result<Id> {
        let Some(slope) = self.graph.derivative(rate, x) else {
            return Err(crate::lower::Refusal::unsupported(
                value.span,
                "cnexp with a FUNCTION_TABLE or random number that depends on the state",
            )
            .help("use METHOD derivimplicit or euler"));
        };
        let by = [(x, before)].into_iter().collect();
        let [rate, slope] = self.graph.substitute(&[rate, slope], &by)[..] else {
            return Ok(before);
        };
        let graph = &mut *self.graph;
        let step = graph.input(Input::Step);
        let z = graph.multiply(step, slope);
        let relative = graph.unary(Unary::Exprelr, z);
        let change = graph.multiply(step, rate);
        let change = graph.divide(change, relative);
        Ok(graph.add(before, change))
    }
}
