//! The two-electrode voltage clamp against NEURON's, and against its own circuit.

mod harness;

use std::sync::Arc;

use harness::{Model, cable, step};
use net_cell::morphology::CableProperties;
use net_cell::{CellTemplate, Quantity, Region};
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// The cell of `data/make_vclamp.py`.
fn clamped(membrane: &str, clamp: &[(&str, f64)]) -> CellTemplate {
    let properties = CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 };
    let mut cell = CellTemplate::new(cable(200.0, 10.0, 5, properties)).unwrap();
    let leak = [("g", 1e-4), ("e", -70.0)];
    cell.insert(membrane, &Region::All, if membrane == "pas" { &leak } else { &[] }).unwrap();
    cell.insert_point("VClamp", 0, clamp).unwrap();
    cell
}

fn levels(dur: &[f64], amp: &[f64]) -> Vec<(&'static str, f64)> {
    let dur = ["dur1", "dur2", "dur3"].into_iter().zip(dur.iter().copied());
    dur.chain(["amp1", "amp2", "amp3"].into_iter().zip(amp.iter().copied())).collect()
}

#[test]
fn agrees_with_neuron() {
    let file: Value = serde_json::from_str(include_str!("data/vclamp.json")).unwrap();
    let (dt_ms, every) = (file["dt_ms"].as_f64().unwrap(), file["every"].as_u64().unwrap());
    for (name, case) in file["cases"].as_object().unwrap() {
        let mut clamp = levels(&numbers(&file["dur"]), &numbers(&file["amp"]));
        let given = case["parameters"].as_object().unwrap();
        clamp.extend(given.iter().map(|(key, value)| (key.as_str(), value.as_f64().unwrap())));
        let mut model = Model::new(step(dt_ms, false));
        model.cell(&Arc::new(clamped(case["membrane"].as_str().unwrap(), &clamp)), &[]);
        model.interval = every;
        model.voltage(0, 0);
        model.voltage(0, 4);
        model.variable(0, 0, "VClamp", "i");
        let expected = ["v_first", "v_last", "i"].map(|key| numbers(&case[key]));
        let n_steps = (expected[0].len() as u64 - 1) * every;
        let run = model.run(n_steps).unwrap();
        let difference = |k: usize| {
            assert_eq!(run.traces[k].len(), expected[k].len());
            let pairs = run.traces[k].iter().zip(&expected[k]);
            pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        let largest_i = expected[2].iter().fold(0f64, |m, i| m.max(i.abs()));
        let (dv, di) = (difference(0).max(difference(1)), difference(2) / largest_i);
        println!("{name:<16} max |dv| {dv:.1e} mV  max |di| / max |i| {di:.1e}");
        // NEURON finds the slope of the current, 5e4 uS, from its difference over 1 uV: to ten digits.
        assert!(dv < 1e-8, "{name}: dv {dv} mV");
        assert!(di < 1e-6, "{name}: di {di} of the largest current");
    }
}

/// At rest the circuit is a voltage divider: vo = -gain e, e = (v - u) / 2, i = (vo - v) / rstim.
#[test]
fn holds_with_the_error_of_its_gain() {
    for gain in [10.0, 1e3, 1e5] {
        let mut clamp = levels(&[1e9, 0.0, 0.0], &[-30.0, 0.0, 0.0]);
        clamp.extend([("gain", gain), ("rstim", 2.0), ("tau1", 0.01)]);
        let mut model = Model::new(step(0.025, false));
        model.cell(&Arc::new(clamped("pas", &clamp)), &[]);
        for name in ["e", "vo", "vi", "i"] {
            model.variable(0, 0, "VClamp", name);
        }
        model.voltage(0, 0);
        model.interval = 40_000;
        let run = model.run(40_000).unwrap();
        let last: Vec<f64> = run.traces.iter().map(|t| t[1]).collect();
        let [e, vo, vi, i, v] = last[..] else { panic!("five traces") };
        assert_eq!(vi, v);
        assert!((e - (v + 30.0) / 2.0).abs() < 1e-9 * gain.max(1.0).recip().max(1e-3), "{e}");
        assert!((vo + gain * e).abs() < 1e-8 * vo.abs(), "{vo} {e}");
        assert!((i - (vo - v) / 2.0).abs() < 1e-9);
        // v + 30 = 2 e = -2 vo / gain.
        assert!((v + 30.0 + 2.0 * (v + 2.0 * i) / gain).abs() < 1e-7, "{v}");
    }
}

#[test]
fn levels_follow_each_other_and_the_end_disconnects() {
    let clamp = levels(&[1.0, 2.0, 1.5], &[-60.0, -40.0, -90.0]);
    let mut model = Model::new(step(0.0625, false));
    model.cell(&Arc::new(clamped("pas", &clamp)), &[]);
    model.voltage(0, 0);
    model.variable(0, 0, "VClamp", "i");
    model.record.push((0, 0, Quantity::MembraneCurrent));
    let run = model.run(16 * 8).unwrap();
    // A step sees the level at its middle; with tau1 << dt the potential follows within it.
    for (step, &v) in run.traces[0].iter().enumerate().skip(1) {
        let middle_ms = (step as f64 - 0.5) * 0.0625;
        let level = match middle_ms {
            t if t < 1.0 => -60.0,
            t if t < 3.0 => -40.0,
            t if t < 4.5 => -90.0,
            _ => {
                assert_eq!(run.traces[1][step], 0.0, "at step {step}");
                continue;
            }
        };
        assert!((v - level).abs() < 2.5, "{v} mV at step {step}, not {level}");
    }
    let last = run.traces[0][16 * 8];
    assert!((-90.0..-80.0).contains(&last) && last > run.traces[0][72], "{last}");
}
