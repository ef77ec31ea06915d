//! Implicit steps and roots of equations.

use super::linear::{Dominance, Matrix, solve_linear};
use crate::ast::EquationKind;
use crate::lower::Refusal;
use crate::lower::execute::{Machine, Result};
use crate::lower::graph::{Compare, Id, Loop, Node, Unary};
use crate::source::Span;

/// Iterations after which a lane is given up: its states become NaN, which stops the run.
const MAX_ITERATIONS: f64 = 50.0;
/// Newton's method has converged when no unknown changes by more than this part of it.
const TOLERANCE: f64 = 1e-9;
/// Unknowns below this part of all of them are 0 to the criterion.
const SMALLEST: f64 = 1e-15;
/// NEURON stops the iteration of a nonlinear scheme when the changes of all states add up to less,
/// whatever the states' size, and gives up after so many iterations.
const NEURON_TOLERANCE: f64 = 1e-6;
const NEURON_ITERATIONS: f64 = 22.0;
/// Passes from a negative steady state.
const NEURON_PASSES: f64 = 7.0;
/// The step that is taken for infinite.
const LONG_STEP_MS: f64 = 1e9;

/// When Newton's method is done.
///
/// For reactions negative states become 0 after each iteration, in NEURON too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// No unknown changes any more.
    Converged,
    /// No amount changes any more: reactions.
    Reacted,
    /// As NEURON stops for reactions.
    Neuron,
    /// After one iteration.
    Once,
}

impl Machine<'_, '_> {
    /// Backward Euler: x - x_old = dt f(x), with the equations of `CONSERVE` in the place of some.
    ///
    /// Equations that are linear in their own unknown and free of others are solved one by one,
    /// linear systems by elimination, others by Newton's method with exact derivatives.
    ///
    /// Nonlinear schemes of reactions are iterated as NEURON does if that is asked for.
    pub(super) fn implicit(&mut self, step: Id, kind: EquationKind, span: Span) -> Result<Vec<Id>> {
        let stop = match kind {
            EquationKind::Kinetic if self.settings.neuron_iteration => Stop::Neuron,
            EquationKind::Kinetic => Stop::Reacted,
            _ => Stop::Converged,
        };
        self.backward_euler(step, stop, span)
    }

    /// States that do not change any more, by very long steps.
    pub(super) fn steady_state(
        &mut self,
        pass: usize,
        kind: EquationKind,
        span: Span,
    ) -> Result<Vec<Id>> {
        let stop = match kind {
            EquationKind::Kinetic if self.settings.neuron_iteration && pass == 0 => Stop::Once,
            EquationKind::Kinetic if self.settings.neuron_iteration => Stop::Neuron,
            EquationKind::Kinetic => Stop::Reacted,
            _ => Stop::Converged,
        };
        let long = self.graph.number(LONG_STEP_MS);
        self.backward_euler(long, stop, span)
    }

    fn backward_euler(&mut self, step: Id, stop: Stop, span: Span) -> Result<Vec<Id>> {
        let rates = self.rates();
        let unknowns = self.unknowns();
        let conserved = self.equations.as_ref().map_or(vec![], |e| e.conserved.clone());
        if conserved.is_empty()
            && let Some(solution) = self.diagonal(step, &rates)
        {
            return Ok(solution);
        }
        // Passes that start from each other's end have a symbol for where they start.
        let before: Vec<Id> = match stop {
            Stop::Once => unknowns.iter().map(|_| self.graph.symbol().1).collect(),
            _ => unknowns.iter().map(|unknown| unknown.before).collect(),
        };
        let mut residuals = Vec::with_capacity(unknowns.len());
        for ((unknown, &before), &rate) in unknowns.iter().zip(&before).zip(&rates) {
            let change = self.graph.subtract(unknown.symbol, before);
            let driven = self.graph.multiply(step, rate);
            residuals.push(self.graph.subtract(change, driven));
        }
        for (row, residual) in conserved {
            residuals[row] = residual;
        }
        if stop == Stop::Once {
            return self.linear_passes(residuals, &before, span);
        }
        self.solve_residuals(residuals, before, stop, span)
    }

    /// One iteration of Newton's method; again with negative states set to 0 if there are any, up to
    /// seven times.
    fn linear_passes(&mut self, residuals: Vec<Id>, before: &[Id], span: Span) -> Result<Vec<Id>> {
        let unknowns = self.unknowns();
        let symbols: Vec<Id> = unknowns.iter().map(|u| u.symbol).collect();
        let (change, _) = self.newton_step(residuals, span)?;
        let here = before.iter().copied().zip(symbols.iter().copied()).collect();
        let change = self.graph.substitute(&change, &here);
        let graph = &mut *self.graph;
        let (zero, one) = (graph.number(0.0), graph.number(1.0));
        let (count_symbol, count) = graph.symbol();
        let (active_symbol, active) = graph.symbol();
        let (limit, allowed) = (graph.number(NEURON_PASSES), graph.number(-NEURON_TOLERANCE));
        let goes_on = graph.compare(Compare::Less, zero, active);
        let below_limit = graph.compare(Compare::Less, count, limit);
        let condition = graph.and(goes_on, below_limit);
        let mut any_negative = graph.truth(false);
        let mut variables = vec![(count_symbol, zero), (active_symbol, one)];
        let mut next = Vec::new();
        for (unknown, change) in unknowns.iter().zip(change) {
            let new = graph.add(unknown.symbol, change);
            let negative = graph.compare(Compare::Less, new, allowed);
            any_negative = graph.or(any_negative, negative);
            let new = graph.select(negative, zero, new);
            next.push(graph.select(condition, new, unknown.symbol));
            if let Node::Symbol(number) = graph.node(unknown.symbol) {
                variables.push((number, unknown.before));
            }
        }
        let after = graph.add(count, one);
        let count_next = graph.select(condition, after, count);
        let again = graph.select(any_negative, one, zero);
        let active_next = graph.select(condition, again, active);
        next.splice(0..0, [count_next, active_next]);
        Ok(graph.add_loop(Loop { variables, condition, next }).split_off(2))
    }

    /// The solution of `LINEAR` and `NONLINEAR` blocks.
    pub(super) fn roots(&mut self, span: Span) -> Result<Vec<Id>> {
        let unknowns = self.unknowns();
        let residuals = self.equations.as_ref().map_or(vec![], |e| e.residuals.clone());
        if residuals.len() != unknowns.len() {
            let (n, m) = (residuals.len(), unknowns.len());
            return Err(Refusal::new(span, format!("{n} equations for {m} unknown states")));
        }
        let start = unknowns.iter().map(|u| u.before).collect();
        self.solve_residuals(residuals, start, Stop::Converged, span)
    }

    /// (x + dt b) / (1 - dt a) for x' = a x + b.
    fn diagonal(&mut self, step: Id, rates: &[Id]) -> Option<Vec<Id>> {
        let unknowns = self.unknowns();
        let symbols: Vec<Id> = unknowns.iter().map(|u| u.symbol).collect();
        let mut solution = Vec::with_capacity(rates.len());
        for (unknown, &rate) in unknowns.iter().zip(rates) {
            let below = self.graph.below([rate]);
            if below.iter().any(|id| symbols.contains(id) && *id != unknown.symbol) {
                return None;
            }
            let split = self.graph.affine(rate, unknown.symbol)?;
            // (d x + dt b) / (d - dt a) for x' = (a x + b) / d.
            let graph = &mut *self.graph;
            let driven = graph.multiply(step, split.constant);
            let kept = graph.multiply(split.divisor, unknown.before);
            let top = graph.add(kept, driven);
            let damping = graph.multiply(step, split.slope);
            let bottom = graph.subtract(split.divisor, damping);
            solution.push(graph.divide(top, bottom));
        }
        Some(solution)
    }

    fn solve_residuals(
        &mut self,
        residuals: Vec<Id>,
        start: Vec<Id>,
        stop: Stop,
        span: Span,
    ) -> Result<Vec<Id>> {
        let symbols: Vec<Id> = self.unknowns().iter().map(|u| u.symbol).collect();
        let (change, is_linear) = self.newton_step(residuals, span)?;
        if is_linear {
            let by = symbols.iter().copied().zip(start.iter().copied()).collect();
            let change = self.graph.substitute(&change, &by);
            return Ok(start.iter().zip(change).map(|(&x, d)| self.graph.add(x, d)).collect());
        }
        Ok(self.newton(&symbols, &start, &change, stop))
    }

    /// The changes of the unknowns that make the linearized residuals 0, and whether these are linear.
    fn newton_step(&mut self, residuals: Vec<Id>, span: Span) -> Result<(Vec<Id>, bool)> {
        let symbols: Vec<Id> = self.unknowns().iter().map(|u| u.symbol).collect();
        let mut matrix: Matrix = Vec::with_capacity(residuals.len());
        for &residual in &residuals {
            let below = self.graph.below([residual]);
            let mut row = Vec::with_capacity(symbols.len());
            for &symbol in &symbols {
                if !below.contains(&symbol) {
                    row.push(None);
                    continue;
                }
                let entry = self.graph.derivative(residual, symbol).ok_or_else(|| {
                    Refusal::unsupported(
                        span,
                        "a TABLE, FUNCTION_TABLE or random number that depends on the unknowns",
                    )
                })?;
                let zero = self.graph.as_number(entry) == Some(0.0);
                row.push((!zero).then_some(entry));
            }
            matrix.push(row);
        }
        let entries: Vec<Id> = matrix.iter().flatten().flatten().copied().collect();
        let is_linear = !self.graph.below(entries).iter().any(|id| symbols.contains(id));
        let right = residuals.into_iter().map(|r| self.graph.negate(r)).collect();
        let is_algebraic = self.equations.as_ref().is_some_and(|e| !e.residuals.is_empty());
        let dominance = if is_algebraic { Dominance::Unknown } else { Dominance::Diagonal };
        let change = solve_linear(self.graph, matrix, right, dominance).ok_or_else(|| {
            Refusal::new(span, "the equations cannot be solved: some unknown is not determined")
        })?;
        Ok((change, is_linear))
    }

    /// Newton's method; `change` is the step from the symbols. A lane that has converged is not
    /// touched again, so that results do not depend on neighbors.
    fn newton(&mut self, symbols: &[Id], start: &[Id], change: &[Id], stop: Stop) -> Vec<Id> {
        let graph = &mut *self.graph;
        let (zero, one) = (graph.number(0.0), graph.number(1.0));
        let (count_symbol, count) = graph.symbol();
        let (active_symbol, active) = graph.symbol();
        let limit = graph.number(match stop {
            Stop::Converged | Stop::Reacted => MAX_ITERATIONS,
            Stop::Neuron | Stop::Once => NEURON_ITERATIONS,
        });
        let goes_on = graph.compare(Compare::Less, zero, active);
        let below_limit = graph.compare(Compare::Less, count, limit);
        let condition = graph.and(goes_on, below_limit);
        let mut converged = graph.truth(true);
        let mut variables = vec![(count_symbol, zero), (active_symbol, one)];
        let mut next = Vec::new();
        let tolerance = graph.number(TOLERANCE);
        let mut smallest = zero;
        for (&symbol, &change) in symbols.iter().zip(change) {
            let new = graph.add(symbol, change);
            let size = graph.unary(Unary::Abs, new);
            smallest = graph.add(smallest, size);
        }
        let part = graph.number(SMALLEST);
        smallest = graph.multiply(part, smallest);
        let mut moved_in_all = zero;
        for ((&symbol, &start), &change) in symbols.iter().zip(start).zip(change) {
            let mut new = graph.add(symbol, change);
            let mut moved = graph.unary(Unary::Abs, change);
            moved_in_all = graph.add(moved_in_all, moved);
            if stop != Stop::Converged {
                let negative = graph.compare(Compare::Less, new, zero);
                new = graph.select(negative, zero, new);
                // What is kept at 0 has converged.
                let held = graph.negate(symbol);
                let change = graph.select(negative, held, change);
                moved = graph.unary(Unary::Abs, change);
            }
            let size = graph.unary(Unary::Abs, new);
            let allowed = graph.multiply(tolerance, size);
            let allowed = graph.add(allowed, smallest);
            let done = graph.compare(Compare::LessEqual, moved, allowed);
            converged = graph.and(converged, done);
            next.push(graph.select(condition, new, symbol));
            if let Node::Symbol(number) = graph.node(symbol) {
                variables.push((number, start));
            }
        }
        if stop == Stop::Neuron {
            let tolerance = graph.number(NEURON_TOLERANCE);
            converged = graph.compare(Compare::LessEqual, moved_in_all, tolerance);
        }
        let after = graph.add(count, one);
        let count_next = graph.select(condition, after, count);
        let still = graph.select(converged, zero, one);
        let active_next = graph.select(condition, still, active);
        next.splice(0..0, [count_next, active_next]);
        let results = graph.add_loop(Loop { variables, condition, next });
        if stop == Stop::Neuron {
            return results[2..].to_vec();
        }
        let nan = graph.number(f64::NAN);
        let failed = graph.compare(Compare::Less, zero, results[1]);
        results[2..].iter().map(|&x| graph.select(failed, nan, x)).collect()
    }
}
