//! What is the same during a whole run.

use std::collections::{BTreeSet, HashMap};

use super::Lowered;
use super::graph::{Id, Input, Node, Unary};
use crate::Parsed;
use crate::symbols::Role;

/// Replaces variables that never change after the start of a run, and depend on nothing but
/// parameters, by their values.
pub(crate) fn propagate_constants(lowered: &mut Lowered, parsed: &Parsed) -> BTreeSet<u32> {
    let n = lowered.slots.slots.len() as u32;
    let mut written_later = BTreeSet::new();
    for slot in 0..n {
        let before = lowered.graph.input(Input::Variable(slot));
        if lowered.running().any(|values| values[slot as usize] != before) {
            written_later.insert(slot);
        }
    }
    let mut by = HashMap::new();
    let mut constants = BTreeSet::new();
    for slot in 0..n {
        let variable = lowered.slots.variable(&parsed.symbols, slot);
        let before = lowered.graph.input(Input::Variable(slot));
        let first = lowered.init[slot as usize];
        let candidate = matches!(variable.role, Role::Assigned | Role::FileLocal | Role::Parameter)
            && !written_later.contains(&slot)
            && first != before;
        if candidate && is_static(lowered, parsed, first, &written_later) {
            by.insert(before, first);
            constants.insert(slot);
        }
    }
    lowered.substitute_running(&by);
    for &slot in &constants {
        let before = lowered.graph.input(Input::Variable(slot));
        let steps = [&mut lowered.current, &mut lowered.state, &mut lowered.receive];
        let more = [&mut lowered.watch, &mut lowered.after_solve, &mut lowered.before_step];
        let kernels = steps.into_iter().chain(more).chain([&mut lowered.net_init]).flatten();
        kernels.for_each(|values| values[slot as usize] = before);
    }
    constants
}

/// Whether a value is the same during a whole run for each instance.
pub(super) fn is_static(
    lowered: &Lowered,
    parsed: &Parsed,
    id: Id,
    written: &BTreeSet<u32>,
) -> bool {
    lowered.graph.below([id]).into_iter().all(|id| match lowered.graph.node(id) {
        Node::Input(Input::Variable(slot)) => {
            let role = lowered.slots.variable(&parsed.symbols, slot).role;
            matches!(role, Role::Parameter | Role::StreamId) && !written.contains(&slot)
        }
        Node::Input(input) => {
            matches!(input, Input::Step | Input::Celsius | Input::Area | Input::Diameter)
        }
        Node::AfterLoop { .. } | Node::Symbol(_) | Node::Lookup(..) | Node::Draw(..) => false,
        Node::Unary(Unary::TrainTime, _) => false,
        _ => true,
    })
}
