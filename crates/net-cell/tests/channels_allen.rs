//! Channels and point processes of the sets `allen`, `generic` and `neuron`.

mod cases;
mod channels;
mod harness;

use net_cell::mechanism::use_set;
use serde_json::Value;

/// Potentials with these differ from NEURON's by some (mV), and why:
///
/// - `NaV` starts from the steady state of its scheme; the public file has a wrong rate in one of
///   the equations for it, and starts beside it.
/// - `Nap` opens at once with the potential; NEURON takes the slope of its current from a
///   difference over 0.001 mV, and it is exact here.
const DIFFERENT: [(&str, f64); 2] = [("NaV", 0.1), ("Nap", 1e-3)];

#[test]
fn channels_agree_with_the_public_ones() {
    channels::agree_with_neuron("allen", &DIFFERENT);
}

fn agree_with_neuron(cases: &str) {
    use_set("allen").unwrap();
    cases::agree_with_neuron(&serde_json::from_str::<Vec<Value>>(cases).unwrap());
}

#[test]
fn point_processes_agree_with_the_public_ones() {
    agree_with_neuron(include_str!("data/points_allen.json"));
}

#[test]
fn built_in_cells_and_point_processes_agree_with_those_of_neuron() {
    agree_with_neuron(include_str!("data/points_neuron.json"));
}
