//! Mechanisms that are linear: those whose currents never change but with the potential, and those
//! whose instances can share their states.

use std::collections::{BTreeSet, HashMap};

use super::Lowered;
use super::constants::is_static;
use super::graph::{Binary, Graph, Id, Input, Node, Unary};
use super::storage::Placer;
use crate::Parsed;

impl Placer<'_> {
    /// Whether the current is `g (v - e)` with constant g and e, and nothing else happens.
    pub(super) fn is_constant_linear(&self, system: Option<(Id, Id)>) -> bool {
        let Some((diagonal, right)) = system else { return false };
        let lowered = &*self.lowered;
        let ion_written = lowered.slots.ions.iter().any(|ion| ion.write);
        let constant = |id| is_static(lowered, self.parsed, id, &self.written);
        lowered.electrode.is_none()
            && lowered.state.is_none()
            && lowered.receive.is_none()
            && lowered.slots.pointers.is_empty()
            && lowered.after_solve.is_none()
            && lowered.before_step.is_none()
            && !ion_written
            && constant(diagonal)
            && constant(right)
    }

    /// Whether instances with the same parameters can share their states: events add multiples of
    /// the weight to the states, steps and currents are linear in the states.
    pub(super) fn is_linear(&mut self, system: Option<(Id, Id)>) -> bool {
        let lowered = &mut *self.lowered;
        let parsed = self.parsed;
        let (Some(receive), Some((diagonal, right))) = (lowered.receive.clone(), system) else {
            return false;
        };
        let weight = lowered.graph.input(Input::Weight(0));
        let starts_empty = lowered.init.clone();
        let weights_kept = lowered.weights != [weight];
        let is_plain = lowered.sent(true).chain(lowered.sent(false)).next().is_none()
            && lowered.net_init.is_none()
            && lowered.slots.pointers.is_empty()
            && lowered.after_solve.is_none()
            && lowered.before_step.is_none();
        if weights_kept
            || !is_plain
            || !lowered.slots.ions.is_empty()
            || lowered.electrode.is_some()
        {
            return false;
        }
        let mut degree = Degree { lowered, parsed, written: &self.written, known: HashMap::new() };
        for slot in 0..receive.len() {
            let before = degree.lowered.graph.input(Input::Variable(slot as u32));
            let is_state = degree.lowered.slots.variable(&parsed.symbols, slot as u32).is_state();
            // What an event adds is a fixed multiple of the weight.
            let Some(added) = added_to(&mut degree.lowered.graph, before, receive[slot]) else {
                return false;
            };
            let per_weight = degree.lowered.graph.slope_and_constant(added, weight);
            let Some((factor, rest)) = per_weight else { return false };
            let zero = degree.lowered.graph.as_number(rest) == Some(0.0);
            if !zero || degree.of(factor) != Some(0) {
                return false;
            }
            if is_state && degree.lowered.graph.as_number(starts_empty[slot]) != Some(0.0) {
                return false;
            }
            let advanced = degree.lowered.state.as_ref().map(|values| values[slot]);
            if let (true, Some(value)) = (is_state, advanced)
                && degree.of(value) != Some(1)
            {
                return false;
            }
        }
        let homogeneous = |degree: &mut Degree<'_>, id| {
            degree.lowered.graph.as_number(id) == Some(0.0) || degree.of(id) == Some(1)
        };
        homogeneous(&mut degree, diagonal) && homogeneous(&mut degree, right)
    }
}

/// Of which degree values are in the states: 0 for what is fixed, 1 for linear without a constant.
struct Degree<'a> {
    lowered: &'a mut Lowered,
    parsed: &'a Parsed,
    written: &'a BTreeSet<u32>,
    known: HashMap<Id, Option<u32>>,
}

impl Degree<'_> {
    fn of(&mut self, id: Id) -> Option<u32> {
        if let Some(degree) = self.known.get(&id) {
            return *degree;
        }
        let degree = self.find(id);
        self.known.insert(id, degree);
        degree
    }

    fn find(&mut self, id: Id) -> Option<u32> {
        if is_static(self.lowered, self.parsed, id, self.written) {
            return Some(0);
        }
        match self.lowered.graph.node(id) {
            Node::Input(Input::Variable(slot)) => {
                self.lowered.slots.variable(&self.parsed.symbols, slot).is_state().then_some(1)
            }
            Node::Unary(Unary::Negate, a) => self.of(a),
            Node::Binary(Binary::Add | Binary::Subtract, a, b) => {
                let (a, b) = (self.of(a)?, self.of(b)?);
                (a == b).then_some(a)
            }
            Node::Binary(Binary::Multiply, a, b) => {
                let degree = self.of(a)? + self.of(b)?;
                (degree <= 1).then_some(degree)
            }
            Node::Binary(Binary::Divide, a, b) => {
                let (a, b) = (self.of(a)?, self.of(b)?);
                (b == 0).then_some(a)
            }
            _ => None,
        }
    }
}

/// `b` where `after` is `before + b`.
fn added_to(graph: &mut Graph, before: Id, after: Id) -> Option<Id> {
    if after == before {
        return Some(graph.number(0.0));
    }
    match graph.node(after) {
        Node::Binary(Binary::Add, a, b) if a == before => Some(b),
        Node::Binary(Binary::Add, a, b) if b == before => Some(a),
        _ => None,
    }
}
