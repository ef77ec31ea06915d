//! `KINETIC`, `LINEAR` and `NONLINEAR` statements.

use super::Equations;
use crate::ast::{Compartment, Expr, Reaction, Statement, StatementKind, Term};
use crate::lower::Refusal;
use crate::lower::execute::{Machine, Result};
use crate::lower::graph::{Binary, Id};
use crate::lower::places::Place;
use crate::source::Span;

/// All terms of a reaction.
pub(super) fn terms(reaction: &Reaction) -> impl Iterator<Item = &Term> {
    let (left, right): (&[Term], &[Term]) = match reaction {
        Reaction::Reversible { left, right, .. } | Reaction::Irreversible { left, right, .. } => {
            (left, right)
        }
        Reaction::Source { target, .. } => (std::slice::from_ref(target), &[]),
    };
    left.iter().chain(right)
}

impl<'a> Machine<'a, '_> {
    /// A statement that stands in blocks of equations only.
    pub(crate) fn equation(&mut self, statement: &'a Statement) -> Result<()> {
        let span = statement.span;
        if self.equations.is_none() {
            return Err(Refusal::new(span, "equations are run by SOLVE only"));
        }
        match &statement.kind {
            StatementKind::Reaction(reaction) => self.reaction(reaction),
            StatementKind::Equation { left, right } => {
                self.unconditional(span)?;
                let (left, right) = (self.number(left)?, self.number(right)?);
                let residual = self.graph.subtract(left, right);
                self.collected(|equations| equations.residuals.push(residual));
                Ok(())
            }
            StatementKind::Conserve { terms, total } => {
                self.unconditional(span)?;
                self.conserve(terms, total, span)
            }
            StatementKind::Compartment(compartment) => {
                self.unconditional(span)?;
                self.of_states(compartment, |equations, unknown, volume| {
                    equations.volumes[unknown] = Some(volume);
                })
            }
            StatementKind::LongitudinalDiffusion(diffusion) => {
                self.unconditional(span)?;
                self.of_states(diffusion, |equations, unknown, coefficient| {
                    equations.coefficients[unknown] = Some(coefficient);
                })
            }
            _ => Ok(()),
        }
    }

    fn collected(&mut self, change: impl FnOnce(&mut Equations)) {
        if let Some(equations) = &mut self.equations {
            change(equations);
        }
    }

    fn unconditional(&self, span: Span) -> Result<()> {
        if self.equations.as_ref().is_some_and(|equations| equations.conditions > 0) {
            return Err(Refusal::unsupported(span, "this statement inside of if or a loop"));
        }
        Ok(())
    }

    /// Adds the fluxes of a reaction to the rates of its states.
    fn reaction(&mut self, reaction: &'a Reaction) -> Result<()> {
        let zero = self.graph.number(0.0);
        let (left, right, forward, backward): (&'a [Term], &'a [Term], _, _) = match reaction {
            Reaction::Reversible { left, right, forward, backward } => {
                let (f, b) = (self.flux(forward, left)?, self.flux(backward, right)?);
                (left, right, f, b)
            }
            Reaction::Irreversible { left, right, rate } => {
                (left, right, self.flux(rate, left)?, zero)
            }
            Reaction::Source { target, flux } => {
                let flux = self.number(flux)?;
                (&[], std::slice::from_ref(target), flux, zero)
            }
        };
        let net = self.graph.subtract(forward, backward);
        self.collected(|equations| equations.last_flux = Some([forward, backward]));
        for (terms, sign) in [(left, -1.0), (right, 1.0)] {
            for term in terms {
                let amount = term.coefficient.as_ref().map_or(1.0, |c| c.value);
                let factor = self.graph.number(sign * amount);
                let change = self.graph.multiply(factor, net);
                let place = self.place(&term.variable)?;
                for (at, is_meant) in self.unknowns_at(&place) {
                    let new = self.graph.add(self.values[at], change);
                    self.values[at] = self.graph.select(is_meant, new, self.values[at]);
                }
            }
        }
        Ok(())
    }

    /// Rate times the product of what reacts.
    fn flux(&mut self, rate: &'a Expr, terms: &'a [Term]) -> Result<Id> {
        let mut flux = self.number(rate)?;
        for term in terms {
            let place = self.place(&term.variable)?;
            let mut value = self.read(place);
            if let Some(coefficient) = &term.coefficient {
                let exponent = self.graph.number(coefficient.value);
                value = self.graph.binary(Binary::Power, value, exponent);
            }
            flux = self.graph.multiply(flux, value);
        }
        Ok(flux)
    }

    /// Which unknown a term is, or `None` for what is none, or not known when compiling.
    fn unknown(&mut self, term: &'a Term) -> Result<Option<usize>> {
        Ok(match self.place(&term.variable)? {
            Place::Value(at) => self.equations.as_ref().and_then(|e| e.of_slot(at)),
            Place::Element { .. } | Place::Fixed(_) => None,
        })
    }

    /// `CONSERVE a + b = total` replaces the equation of the last state. Amounts are conserved:
    /// concentrations times volumes.
    fn conserve(&mut self, terms: &'a [Term], total: &'a Expr, span: Span) -> Result<()> {
        let mut row = None;
        let mut sum = self.graph.number(0.0);
        for term in terms {
            let unknown = self.unknown(term)?.ok_or_else(|| {
                Refusal::new(term.variable.span, "only states of the reactions are conserved")
            })?;
            row = Some(unknown);
            let Some(equations) = &self.equations else { continue };
            let (symbol, volume) = (equations.unknowns[unknown].symbol, equations.volumes[unknown]);
            let coefficient = term.coefficient.as_ref().map_or(1.0, |c| c.value);
            let mut value = self.graph.number(coefficient);
            value = self.graph.multiply(value, symbol);
            if let Some(volume) = volume {
                value = self.graph.multiply(value, volume);
            }
            sum = self.graph.add(sum, value);
        }
        let row = row.ok_or_else(|| Refusal::new(span, "CONSERVE needs a state"))?;
        let total = self.number(total)?;
        let residual = self.graph.subtract(sum, total);
        self.collected(|equations| equations.conserved.push((row, residual)));
        Ok(())
    }

    /// `COMPARTMENT i, value { states }` and its like: keeps the value for each of the states.
    fn of_states(
        &mut self,
        statement: &'a Compartment,
        keep: impl Fn(&mut Equations, usize, Id),
    ) -> Result<()> {
        for state in &statement.states {
            let Some((first, variable)) = self.slots.of(&self.parsed.symbols, &state.text) else {
                continue;
            };
            for k in 0..variable.length.unwrap_or(1) {
                if let Some(index) = &statement.index {
                    let value = self.graph.number(k as f64);
                    self.declare(&index.text, value);
                }
                let value = self.number(&statement.expr)?;
                let slot = first as usize + k;
                self.collected(|equations| {
                    if let Some(unknown) = equations.of_slot(slot) {
                        keep(equations, unknown, value);
                    }
                });
            }
        }
        Ok(())
    }
}
