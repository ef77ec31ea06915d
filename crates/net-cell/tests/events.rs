//! When events act, what synapses and clamps make of them, and when spikes are detected.

mod harness;

use std::sync::Arc;

use harness::{Connection, Input, Model, Run, cable, rc, step};
use net_cell::morphology::CableProperties;
use net_cell::{CellTemplate, PointKind, Region, SpikeSource, StepSettings};

/// One passive compartment with a synapse that is driven at `te_ms` and `delay_ms` later; v and
/// the synapse's variable after every step.
fn driven(
    (name, parameters): (&str, &[(&str, f64)]),
    variable: &str,
    (times_ms, delay_ms, weight): (&[f64], f64, f64),
    (dt_ms, n_steps): (f64, u64),
) -> Run {
    let mut model = Model::new(step(dt_ms, false));
    model.kinds = vec![PointKind::new(name, parameters).unwrap()];
    model.cell(&Arc::new(rc()), &[(0, 0)]);
    let source = SpikeSource::Times(times_ms.to_vec());
    model.inputs.push(Input { cell: 0, point: 0, source, weight, further: vec![], delay_ms });
    model.voltage(0, 0);
    model.variable(0, 0, name, variable);
    model.run(n_steps).unwrap()
}

/// The step at whose start the only event acts.
fn step_of_event(te_ms: f64, delay_ms: f64, dt_ms: f64) -> u64 {
    let synapse: (&str, &[(&str, f64)]) = ("ExpSyn", &[("tau", 2.0)]);
    let run = driven(synapse, "g", (&[te_ms], delay_ms, 1e-3), (dt_ms, 40));
    let first = run.traces[1].iter().position(|&g| g > 0.0).unwrap();
    // It has decayed for one step when it is first seen.
    assert!((run.traces[1][first] - 1e-3 * (-dt_ms / 2.0).exp()).abs() < 1e-17);
    run.steps[first] - 1
}

#[test]
fn events_are_rounded_to_the_nearest_step_and_ties_are_early() {
    for dt_ms in [0.1, 0.025, 0.0625] {
        for (te, step) in [
            (0.0, 0),
            (0.5, 0),
            (0.500_01, 1),
            (1.0, 1),
            (1.49, 1),
            (1.5, 1),
            (1.51, 2),
            (20.5, 20),
        ] {
            assert_eq!(step_of_event(te * dt_ms, 0.0, dt_ms), step, "{te} steps of {dt_ms} ms");
        }
    }
}

#[test]
fn the_delay_is_added_before_rounding() {
    // Two times that are rounded down alone are rounded up together.
    assert_eq!(step_of_event(0.04, 0.0, 0.1), 0);
    assert_eq!(step_of_event(0.04, 0.04, 0.1), 1);
    assert_eq!(step_of_event(0.3, 1.25, 0.1), 15);
    assert_eq!(step_of_event(0.3, 1.26, 0.1), 16);
}

#[test]
fn events_of_one_step_add_up() {
    let times = [0.52, 0.48, 0.5, 0.7];
    let run = driven(("ExpSyn", &[("tau", 2.0)]), "g", (&times, 0.0, 1e-3), (0.1, 10));
    let decay = (-0.1f64 / 2.0).exp();
    let expected = [3.0 * decay, 3.0 * decay.powi(2), 3.0 * decay.powi(3) + decay];
    for (g, e) in run.traces[1][6..].iter().zip(expected) {
        assert!((g - 1e-3 * e).abs() < 1e-17, "{g}");
    }
    assert_eq!(run.traces[1][5], 0.0);
}

#[test]
fn a_spike_arrives_after_its_delay() {
    let mut spiking = rc();
    spiking.insert_point("IClamp", 0, &[("amp", 1.0), ("delay", 0.0), ("dur", 3.0)]).unwrap();
    let (spiking, quiet) = (Arc::new(spiking), Arc::new(rc()));
    for delay_steps in [1, 2, 7, 100] {
        let mut model = Model::new(step(0.025, false));
        model.kinds = vec![PointKind::new("ExpSyn", &[("tau", 2.0)]).unwrap()];
        model.cell(&spiking, &[]);
        model.cell(&quiet, &[(0, 0), (0, 0)]);
        let (source_gid, weight) = (0, 1e-3);
        let to = Connection { source_gid, cell: 1, point: 1, delay_steps, weight };
        model.connections.push(to);
        model.variable(1, 0, "ExpSyn", "g");
        model.record[0].2 = net_cell::Quantity::Variable {
            mechanism: "ExpSyn".into(),
            variable: "g".into(),
            nth: 1,
        };
        let run = model.run(300).unwrap();
        let first = run.traces[0].iter().position(|&g| g > 0.0).unwrap() as u64;
        assert_eq!(run.spikes.len(), 1);
        assert_eq!(first - 1, run.spikes[0].step + u64::from(delay_steps));
    }
}

#[test]
fn exp2syn_peaks_at_its_weight() {
    for (tau1, tau2) in [(0.5, 4.0), (0.1, 10.0), (2.0, 2.0)] {
        let synapse: (&str, &[(&str, f64)]) = ("Exp2Syn", &[("tau1", tau1), ("tau2", tau2)]);
        let run = driven(synapse, "g", (&[1.0], 0.0, 0.02), (0.001, 12_000));
        let g = &run.traces[1];
        let peak = (0..g.len()).max_by(|&a, &b| g[a].total_cmp(&g[b])).unwrap();
        let rise: f64 = f64::min(tau1, 0.9999 * tau2);
        let expected_ms = 1.0 + rise * tau2 / (tau2 - rise) * (tau2 / rise).ln();
        // g is computed with the currents, at the start of the step that the sample ends.
        let found_ms = (peak as f64 - 1.0) * 0.001;
        assert!((found_ms - expected_ms).abs() <= 0.001, "{tau1} {tau2}: {found_ms}");
        assert!((g[peak] / 0.02 - 1.0).abs() < 1e-4, "{tau1} {tau2}: {}", g[peak]);
    }
}

#[test]
fn expsyni_starts_at_once_and_follows_backward_euler() {
    let (tau, weight, dt) = (2.0, 0.02, 0.025);
    let run = driven(("ExpSynI", &[("tau", tau)]), "g", (&[1.0], 0.0, weight), (dt, 400));
    // 0.01 nF, 0.01 uS, -65 mV.
    let (mut v, mut current) = (-65.0, 0.0);
    for step in 0..400 {
        if step == 40 {
            current += weight;
        }
        v = (0.01 / dt * v + 0.01 * -65.0 + current) / (0.01 / dt + 0.01);
        current *= (-dt / tau).exp();
        let found = run.traces[0][step + 1];
        assert!((found - v).abs() < 1e-12 * v.abs(), "{found} {v} at step {step}");
        assert_eq!(found > -64.999, step >= 40);
    }
    // And the limit: weight / (C (1/1 - 1/2)) (exp(-t/2) - exp(-t)).
    let t: f64 = 400.0 * dt - 1.0;
    let exact = -65.0 + weight / (0.01 * 0.5) * ((-t / 2.0).exp() - (-t).exp());
    assert!((v - exact).abs() < 0.03 * (exact + 65.0), "{v} {exact}");
}

/// At rest the potential moves by the synapse alone: a conductance without driving force does
/// nothing.
#[test]
fn expsyn_at_its_reversal_potential_is_silent() {
    let run = driven(("ExpSyn", &[("tau", 2.0), ("e", -65.0)]), "i", (&[1.0], 0.0, 0.1), (0.1, 50));
    assert!(run.traces[0].iter().all(|v| (v + 65.0).abs() < 1e-12));
    assert!(run.traces[1].iter().all(|i| i.abs() < 1e-12));
}

#[test]
fn iclamp_is_on_where_the_middle_of_the_step_is_inside() {
    for (delay, dur) in [(1.0, 2.0), (1.05, 0.1), (1.06, 0.04), (0.0, 0.3), (1.06, 0.08)] {
        let mut cell = rc();
        let clamp = [("amp", 0.5), ("delay", delay), ("dur", dur)];
        cell.insert_point("IClamp", 0, &clamp).unwrap();
        let mut model = Model::new(step(0.1, false));
        model.cell(&Arc::new(cell), &[]);
        model.variable(0, 0, "IClamp", "i");
        let i = model.run(40).unwrap().traces.remove(0);
        for (k, &i) in i.iter().enumerate().skip(1) {
            let middle = (k as f64 - 1.0) * 0.1 + 0.5 * 0.1;
            let on = delay <= middle && middle < delay + dur;
            assert_eq!(i, if on { 0.5 } else { 0.0 }, "step {k} of {delay} {dur}");
        }
    }
}

#[test]
fn spikes_are_upward_crossings_seen_at_the_start_of_a_step() {
    // Three pulses; the second is too short to bring the potential back up.
    let mut cell = rc();
    for (delay, dur) in [(1.0, 5.0), (10.0, 0.2), (20.0, 5.0)] {
        let clamp = [("amp", 1.0), ("delay", delay), ("dur", dur)];
        cell.insert_point("IClamp", 0, &clamp).unwrap();
    }
    cell.detect_spikes(0, -40.0).unwrap();
    let mut model = Model::new(step(0.025, false));
    model.cell(&Arc::new(cell), &[]);
    model.voltage(0, 0);
    let run = model.run(1200).unwrap();
    let v = &run.traces[0];
    let up = |&k: &usize| v[k] > -40.0 && (k == 0 || v[k - 1] <= -40.0);
    let expected: Vec<u64> = (0..1200).filter(up).map(|k| k as u64).collect();
    let found: Vec<u64> = run.spikes.iter().map(|s| s.step).collect();
    assert_eq!(expected.len(), 2);
    assert_eq!(found, expected);
}

#[test]
fn a_cell_that_starts_above_its_threshold_fires_at_once() {
    for (v_init_mv, spikes) in [(-10.0, 1), (-19.9, 1), (-20.0, 0), (-30.0, 0)] {
        let mut cell = rc();
        cell.detect_spikes(0, -20.0).unwrap();
        let mut model = Model::new(StepSettings { v_init_mv, ..StepSettings::default() });
        model.cell(&Arc::new(cell), &[]);
        let run = model.run(40).unwrap();
        assert_eq!(run.spikes.len(), spikes, "{v_init_mv} mV");
        assert!(run.spikes.iter().all(|s| s.step == 0));
    }
}

/// With second-order steps the states stand for the middle of the step that follows, but an event
/// sets them as if it came there: its effect is too large by exp(dt / (2 tau)), an error of the
/// first order, as in NEURON.
#[test]
fn second_order_steps_keep_a_first_order_error_of_events() {
    let tau = 2.0;
    let exact = -65.0 + 4.0 * ((-4.0f64 / tau).exp() - (-4.0f64).exp());
    let error = |dt_ms: f64| {
        let mut model = Model::new(step(dt_ms, true));
        model.kinds = vec![PointKind::new("ExpSynI", &[("tau", tau)]).unwrap()];
        model.cell(&Arc::new(rc()), &[(0, 0)]);
        model.drive(0, &[1.0], 0.02);
        model.voltage(0, 0);
        let n_steps = (5.0 / dt_ms).round() as u64;
        model.run(n_steps).unwrap().traces[0][n_steps as usize] - exact
    };
    for dt_ms in [0.05, 0.025, 0.0125] {
        let expected = (exact + 65.0) * ((dt_ms / (2.0 * tau)).exp() - 1.0);
        let ratio = error(dt_ms) / expected;
        println!(
            "second-order step of {dt_ms} ms: error of a synaptic event / expected {ratio:.5}"
        );
        assert!((ratio - 1.0).abs() < 0.2 * dt_ms, "{ratio}");
    }
}

#[test]
fn values_that_are_not_finite_are_named() {
    let properties = CableProperties::default();
    let cell = || CellTemplate::new(cable(100.0, 10.0, 4, properties)).unwrap();
    let well = Arc::new(rc());
    let kinds = [("ExpSyn", "ExpSyn.g"), ("Exp2Syn", "Exp2Syn.A"), ("ExpSynI", "ExpSynI.g")];
    // The channels of the second cell go wrong too, as a consequence.
    let mut with_channels = cell();
    with_channels.insert("hh", &Region::All, &[]).unwrap();
    let sick = [Arc::new(cell()), Arc::new(with_channels)];
    for ((kind, variable), sick) in kinds.iter().flat_map(|k| sick.iter().map(move |s| (*k, s))) {
        for bad in [f64::NAN, f64::INFINITY] {
            let mut model = Model::new(step(0.025, false));
            model.kinds = vec![PointKind::new(kind, &[]).unwrap()];
            model.cell(&well, &[]);
            model.cell(sick, &[(1, 0), (2, 0)]);
            let source = SpikeSource::Times(vec![1.0]);
            model.inputs.push(Input {
                cell: 1,
                point: 1,
                source,
                weight: bad,
                further: vec![],
                delay_ms: 0.0,
            });
            let error = model.run(60).unwrap_err();
            assert_eq!((error.gid, error.segment), (1, 2));
            assert_eq!(error.variable, variable);
            assert!(error.to_string().contains("gid 1, segment 2, before t = 1.5 ms"), "{error}");
        }
    }
    // A conductance beyond all numbers.
    let mut channels = cell();
    channels.insert("hh", &Region::Segments(vec![3]), &[("gnabar", f64::MAX)]).unwrap();
    let clamp = [("amp", f64::MAX), ("delay", 0.5), ("dur", 1e3)];
    let mut overflowing = cell();
    overflowing.insert_point("IClamp", 0, &clamp).unwrap();
    for (sick, segment, variable) in [(channels, 3, "hh.m"), (overflowing, 0, "v")] {
        let mut model = Model::new(step(0.025, false));
        model.cell(&well, &[]);
        model.cell(&Arc::new(sick), &[]);
        let error = model.run(60).unwrap_err();
        assert_eq!((error.gid, error.segment, error.variable.as_str()), (1, segment, variable));
    }
}
