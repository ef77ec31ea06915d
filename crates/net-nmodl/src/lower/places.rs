//! What the names of variables stand for, and what assignments do.

use super::Refusal;
use super::execute::{Local, Machine, Result};
use super::graph::{Compare, Id, Input};
use crate::ast::{Expr, Variable};
use crate::builtin::Builtin;
use crate::symbols::Role;

/// What a variable's name in a statement stands for.
pub(crate) enum Place {
    /// A value in [`Machine::values`].
    Value(usize),
    /// An element of an array that starts there, whose index is known only when the kernel runs.
    Element { first: usize, length: usize, index: Id },
    /// A number that cannot be assigned.
    Fixed(Id),
}

impl<'a> Machine<'a, '_> {
    /// Where a variable stands.
    pub(crate) fn place(&mut self, variable: &'a Variable) -> Result<Place> {
        let name = &variable.name.text;
        if let Some(Local { at, length }) = self.local(name) {
            return self.element(variable, at, length);
        }
        if let Some(index) = ["f_flux", "b_flux"].iter().position(|flux| flux == name)
            && let Some(fluxes) = self.equations.as_ref().and_then(|e| e.last_flux)
        {
            return Ok(Place::Fixed(fluxes[index]));
        }
        let symbols = &self.parsed.symbols;
        if let Some((first, symbol)) = self.slots.of(symbols, name) {
            let unsupported = match symbol.role {
                Role::Random | Role::StreamId => Some("a RANDOM variable as a number"),
                _ => None,
            };
            if symbol.role == Role::External {
                return Err(Refusal::unsupported(variable.span, "EXTERNAL").help(
                    "declare the name as a PARAMETER here too, and give both mechanisms one value",
                ));
            }
            if let Some(what) = unsupported {
                return Err(Refusal::unsupported(variable.span, what));
            }
            return self.element(variable, first as usize, symbol.length);
        }
        let builtin = Builtin::of(name);
        if let Some(builtin) = builtin {
            let input = match builtin {
                Builtin::Voltage => return Ok(Place::Value(self.slots.slots.len())),
                Builtin::Time => Input::Time,
                Builtin::TimeStep => Input::Step,
                Builtin::Celsius => Input::Celsius,
                Builtin::Area => Input::Area,
                Builtin::Diameter => Input::Diameter,
            };
            return Ok(Place::Fixed(self.graph.input(input)));
        }
        match symbols.variable(name).and_then(|symbol| symbol.default) {
            Some(value) => Ok(Place::Fixed(self.graph.number(value))),
            None => Err(Refusal::new(variable.span, format!("`{name}` has no value"))),
        }
    }

    /// The place of a variable that starts at `first` and has this length, if it is an array.
    fn element(
        &mut self,
        variable: &'a Variable,
        first: usize,
        length: Option<usize>,
    ) -> Result<Place> {
        let (Some(index), Some(length)) = (&variable.index, length) else {
            return match (&variable.index, length) {
                (None, None) => Ok(Place::Value(first)),
                (None, Some(_)) => Err(Refusal::new(variable.span, "an array needs an index")),
                _ => Err(Refusal::new(variable.span, "only arrays have an index")),
            };
        };
        let id = self.number(index)?;
        let Some(value) = self.graph.known_number(id) else {
            let index = self.graph.truncate(id);
            return Ok(Place::Element { first, length, index });
        };
        if value < 0.0 || value as usize >= length {
            let message = format!("index {value} of an array with {length} elements");
            return Err(Refusal::new(index.span, message));
        }
        Ok(Place::Value(first + value as usize))
    }

    /// Whether the index of an element is this number.
    pub(crate) fn is_element(&mut self, index: Id, k: usize) -> Id {
        let k = self.graph.number(k as f64);
        self.graph.compare(Compare::Equal, index, k)
    }

    /// What stands in a place; NaN outside of an array.
    pub(crate) fn read(&mut self, place: Place) -> Id {
        match place {
            Place::Value(at) => self.values[at],
            Place::Fixed(id) => id,
            Place::Element { first, length, index } => {
                let mut value = self.graph.number(f64::NAN);
                for k in (0..length).rev() {
                    let here = self.is_element(index, k);
                    value = self.graph.select(here, self.values[first + k], value);
                }
                value
            }
        }
    }

    /// Assigns a value; outside of an array all its elements become NaN, which ends the run. `false`
    /// if the place is fixed.
    pub(crate) fn write(&mut self, place: Place, value: Id) -> bool {
        match place {
            Place::Value(at) => self.values[at] = value,
            Place::Fixed(_) => return false,
            Place::Element { first, length, index } => {
                let (zero, end) = (self.graph.number(0.0), self.graph.number(length as f64));
                let from_start = self.graph.compare(Compare::LessEqual, zero, index);
                let before_end = self.graph.compare(Compare::Less, index, end);
                let is_inside = self.graph.and(from_start, before_end);
                let nan = self.graph.number(f64::NAN);
                for k in 0..length {
                    let here = self.is_element(index, k);
                    let kept = self.graph.select(is_inside, self.values[first + k], nan);
                    self.values[first + k] = self.graph.select(here, value, kept);
                }
            }
        }
        true
    }

    pub(super) fn assign(&mut self, target: &'a Variable, value: &'a Expr) -> Result<()> {
        if target.primes > 0 {
            return self.derivative_statement(target, value);
        }
        let value = self.number(value)?;
        let place = self.place(target)?;
        if !self.write(place, value) {
            let name = &target.name.text;
            return Err(Refusal::new(target.span, format!("`{name}` cannot be assigned")));
        }
        Ok(())
    }
}
