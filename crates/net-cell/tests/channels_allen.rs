//! Channels and point processes of the sets `allen`, `generic` and `neuron`.

mod cases;
mod channels;
mod harness;

use std::sync::Arc;

use harness::{Model, rc};
use net_cell::mechanism::use_set;
use net_cell::{PointKind, StepSettings};
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

/// A connection fires, the cell does, the connection again: potentiation, then depression.
#[test]
fn pairs_of_spikes_change_weights_by_the_rule() {
    use_set("allen").unwrap();
    let (dt_ms, tau_ms, wmax, first, second) = (0.025, 0.1, 1e-4, 5.0, 20.0);
    let parameters = [("tau", tau_ms), ("wmax", wmax), ("aplus", 0.2), ("aminus", 0.3)];
    let mut cell = rc();
    cell.insert_point("IClamp", 0, &[("delay", 10.0), ("dur", 0.5), ("amp", 5.0)]).unwrap();
    let mut model = Model::new(StepSettings { dt_ms, ..StepSettings::default() });
    model.kinds = vec![PointKind::new("ExpSynSTDP", &parameters).unwrap()];
    model.cell(&Arc::new(cell), &[(0, 0)]);
    model.drive(0, &[first, second], 4e-5);
    model.variable(0, 0, "ExpSynSTDP", "g");
    model.variable(0, 0, "ExpSynSTDP", "tpost");
    let run = model.run(1000).unwrap();
    let tpost = run.traces[1][1000];
    assert!(tpost > 10.0 && tpost < 11.0, "the cell fires at {tpost} ms");
    let expected = 4e-5 + 0.2 * wmax * (-(tpost - first) / 20.0).exp()
        - 0.3 * wmax * (-(second - tpost) / 20.0).exp();
    // The end of the step in which it jumps.
    let g = run.traces[0][(second / dt_ms) as usize + 1];
    let found = g * (dt_ms / tau_ms).exp();
    assert!((found - expected).abs() < 1e-12 * wmax, "{found} uS, not {expected}");
}
