//! Loops: unrolled where their bounds are known when compiling, else loops of the kernel.

use super::Refusal;
use super::execute::{MAX_NODES, Machine, Result};
use super::graph::{Compare, Id, Loop};
use crate::ast::{Block, Expr, Name};
use crate::source::Span;

/// Rounds after which an instance's loop is given up: what it changes becomes NaN, which ends the
/// run.
const MAX_ROUNDS: f64 = 1e6;

impl<'a> Machine<'a, '_> {
    pub(super) fn from(
        &mut self,
        variable: &'a Name,
        first: &'a Expr,
        last: &'a Expr,
        step: Option<&'a Expr>,
        body: &'a Block,
    ) -> Result<()> {
        let (start, end) = (self.number(first)?, self.number(last)?);
        let step = match step {
            None => 1.0,
            Some(expr) => {
                let id = self.number(expr)?;
                self.graph.known_number(id).ok_or_else(|| {
                    Refusal::new(expr.span, "the step of FROM must be known when compiling")
                })?
            }
        };
        if step as i64 <= 0 {
            return Err(Refusal::new(variable.span, "FROM needs a positive step"));
        }
        match (self.graph.known_number(start), self.graph.known_number(end)) {
            (Some(first), Some(last)) => {
                self.unrolled(variable, first as i64, last as i64, step as i64, body)
            }
            _ => self.counted(variable, (start, end), step.trunc(), body),
        }
    }

    fn unrolled(
        &mut self,
        variable: &'a Name,
        first: i64,
        last: i64,
        step: i64,
        body: &'a Block,
    ) -> Result<()> {
        let mut k = first;
        while k <= last {
            let n = self.values.len();
            self.open_scope();
            let value = self.graph.number(k as f64);
            self.declare(&variable.text, value);
            let result = self.block(body);
            self.close_scope();
            self.values.truncate(n);
            result?;
            if self.graph.len() > MAX_NODES {
                return Err(Refusal::new(variable.span, "the loop is too long to be unrolled"));
            }
            k = k.saturating_add(step);
        }
        Ok(())
    }

    /// A loop between bounds that only the kernel knows; they are computed once.
    fn counted(
        &mut self,
        variable: &'a Name,
        (first, last): (Id, Id),
        step: f64,
        body: &'a Block,
    ) -> Result<()> {
        let (first, last) = (self.graph.truncate(first), self.graph.truncate(last));
        let at = self.values.len();
        self.open_scope();
        self.declare(&variable.text, first);
        let goes_on = |machine: &mut Self| {
            let count = machine.values[at];
            Ok(machine.graph.compare(Compare::LessEqual, count, last))
        };
        let round = |machine: &mut Self| {
            machine.block(body)?;
            let step = machine.graph.number(step);
            machine.values[at] = machine.graph.add(machine.values[at], step);
            Ok(())
        };
        let result = self.repeat(variable.span, &goes_on, &round);
        self.close_scope();
        self.values.truncate(at);
        result
    }

    pub(super) fn while_loop(
        &mut self,
        span: Span,
        condition: &'a Expr,
        body: &'a Block,
    ) -> Result<()> {
        self.repeat(span, &|machine| machine.truth(condition), &|machine| machine.block(body))
    }

    /// A loop whose lanes stop one after the other. Which variables it changes is found by
    /// executing its body until no more are found.
    fn repeat(
        &mut self,
        span: Span,
        goes_on: &dyn Fn(&mut Self) -> Result<Id>,
        round: &dyn Fn(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let before = self.values.clone();
        let (count_symbol, count) = self.graph.symbol();
        let (mut changed, mut symbols): (Vec<usize>, Vec<u32>) = (Vec::new(), Vec::new());
        let (path, in_loop) = (self.path, std::mem::replace(&mut self.in_loop, true));
        self.deepen(1);
        loop {
            if self.graph.len() > MAX_NODES {
                return Err(Refusal::new(span, "the loop changes too much to be compiled"));
            }
            self.values = before.clone();
            for (&at, &symbol) in changed.iter().zip(&symbols) {
                self.values[at] = self.graph.symbol_node(symbol);
            }
            let inside = self.values.clone();
            // Who does not come here does not go around either.
            let wants = goes_on(self)?;
            let limit = self.graph.number(MAX_ROUNDS);
            let may = self.graph.compare(Compare::Less, count, limit);
            let wants = self.graph.and(path, wants);
            let goes_on = self.graph.and(wants, may);
            self.path = goes_on;
            round(self)?;
            self.path = path;
            let more: Vec<usize> = (0..inside.len())
                .filter(|&at| self.values[at] != inside[at] && !changed.contains(&at))
                .collect();
            if more.is_empty() {
                let zero = self.graph.number(0.0);
                let starts = symbols.iter().zip(&changed).map(|(&s, &at)| (s, before[at]));
                let variables = [(count_symbol, zero)].into_iter().chain(starts).collect();
                let one = self.graph.number(1.0);
                let next_count = self.graph.add(count, one);
                let mut next = vec![self.graph.select(goes_on, next_count, count)];
                for &at in &changed {
                    next.push(self.graph.select(goes_on, self.values[at], inside[at]));
                }
                let results = self.graph.add_loop(Loop { variables, condition: goes_on, next });
                self.values = before;
                self.finish(&changed, &results);
                self.in_loop = in_loop;
                self.deepen(-1);
                return Ok(());
            }
            for at in more {
                changed.push(at);
                symbols.push(self.graph.symbol().0);
            }
        }
    }

    /// Takes the results of a loop; NaN from one that was given up.
    fn finish(&mut self, changed: &[usize], results: &[Id]) {
        let Some((&rounds, results)) = results.split_first() else { return };
        let (limit, nan) = (self.graph.number(MAX_ROUNDS), self.graph.number(f64::NAN));
        let is_done = self.graph.compare(Compare::Less, rounds, limit);
        for (&at, &result) in changed.iter().zip(results) {
            self.values[at] = self.graph.select(is_done, result, nan);
        }
    }

    /// Equations that hold as a whole do not stand in loops, as they do not in `if`; and the fluxes
    /// of a reaction are not known behind its loop.
    fn deepen(&mut self, levels: isize) {
        if let Some(equations) = &mut self.equations {
            equations.conditions = equations.conditions.saturating_add_signed(levels);
            equations.last_flux = None;
        }
    }
}
