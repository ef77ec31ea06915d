//! Every model of CompNeuroPy against ANNarchy's traces.

mod common;

use std::sync::Arc;

use net_cell::point::{Place, PointNeuron, PointPopulation, PointValues};
use net_cell::{Cells, Quantity, Samples, Schedule, StepSettings};
use net_core::StepClock;

/// Tolerances of the reference (mV; the trace's README).
const TOLERANCE_MV: f64 = 1e-9;

/// Where the reference itself is chaotic at the coarse step: compared until then (ms).
fn compared_ms(model: &str, dt_ms: f64, current: f64) -> f64 {
    match model {
        "HHneuronCorbit" | "HHneuronCorbitSyn" if dt_ms > 0.05 && current > 5.0 => 60.0,
        "Izhikevich2007FsiNoisyAmpa" if dt_ms > 0.05 && current > 60.0 => 70.0,
        _ => f64::INFINITY,
    }
}

fn steps(clock: &StepClock, time_ms: f64) -> u64 {
    (time_ms / clock.dt_ms() - 1e-9).ceil() as u64
}

/// Traces of a variable [step][neuron] and spikes (neuron, step).
fn run(
    neuron: PointNeuron,
    n: usize,
    dt_ms: f64,
    n_steps: u64,
    variables: &[(&str, u64)],
) -> (Vec<Samples>, Vec<(u64, u64)>) {
    let clock = StepClock::new(dt_ms).unwrap();
    let model = neuron.model().name.to_owned();
    let place = Place { seed: 1, population: 0, first_gid: 0 };
    let gids = (0..n as u64).collect();
    let mut points = PointPopulation::new(Arc::new(neuron), place, gids, clock).unwrap();
    for (recording, (variable, interval)) in variables.iter().enumerate() {
        let quantity = Quantity::Variable {
            mechanism: model.clone(),
            variable: (*variable).to_owned(),
            nth: 0,
        };
        let schedule = Schedule { interval: *interval, offset: 1 };
        for gid in 0..n as u64 {
            points.record((recording, schedule), gid as u32, gid, &quantity).unwrap();
        }
    }
    let settings = StepSettings { dt_ms, ..StepSettings::default() };
    let mut group = Cells::new(&[], &[], settings, 1).unwrap().into_groups().remove(0);
    group.add_points(points);
    group.initialize(1, 64);
    let mut spikes = Vec::new();
    let mut samples = vec![Samples::new(n); variables.len()];
    for first in (0..n_steps).step_by(64) {
        let end = n_steps.min(first + 64);
        let fired = group.advance(first..end, || ()).unwrap();
        spikes.extend(fired.iter().map(|spike| (spike.gid, spike.step)));
        for (recording, into) in samples.iter_mut().enumerate() {
            let mut some = Samples::new(n);
            group.take_samples(recording, &mut some);
            into.steps.extend(some.steps);
            into.values.extend(some.values);
        }
    }
    spikes.sort_unstable();
    (samples, spikes)
}

fn check_file(name: &str, only: Option<&str>) {
    let Some(shared) = common::shared() else { return };
    let file = hdf5::File::open(shared.join("reference/recording/models").join(name)).unwrap();
    let dt_ms: f64 = file.attr("dt_ms").unwrap().read_scalar().unwrap();
    let clock = StepClock::new(dt_ms).unwrap();
    for group in file.groups().unwrap() {
        let key = group.name().trim_start_matches('/').to_owned();
        if only.is_some_and(|only| !key.contains(only)) {
            continue;
        }
        let text = |name: &str| -> String {
            let value: hdf5::types::VarLenUnicode =
                group.attr(name).unwrap().read_scalar().unwrap();
            value.to_string()
        };
        let json = |name: &str| -> serde_json::Value { serde_json::from_str(&text(name)).unwrap() };
        let currents: Vec<f64> = group.dataset("I_app").unwrap().read_raw().unwrap();
        let reference: Vec<f64> = group.dataset("v").unwrap().read_raw().unwrap();
        let n = currents.len();
        let n_steps = reference.len() / n;

        let mut neuron = PointNeuron::new(&text("class")).unwrap();
        let mut given = json("kwargs");
        let init = given["init"].take();
        let state = json("state_set_before_run");
        for values in [&given, &init, &state].into_iter().filter_map(|v| v.as_object()) {
            for (name, value) in values.iter().filter(|(_, value)| value.is_number()) {
                neuron = neuron.with(name, value.as_f64().unwrap()).unwrap();
            }
        }
        let on_ms = dt_ms * steps(&clock, 50.0) as f64;
        let off_ms = on_ms + dt_ms * steps(&clock, 300.0) as f64;
        neuron = neuron
            .from_time_on(on_ms, "I_app", PointValues::from(currents.clone()))
            .unwrap()
            .from_time_on(off_ms, "I_app", 0.0)
            .unwrap();

        let others = group.group("every_1ms").unwrap().member_names().unwrap();
        let interval = steps(&clock, 1.0);
        let mut variables = vec![("v", 1)];
        variables.extend(others.iter().map(|name| (name.as_str(), interval)));
        let (samples, spikes) = run(neuron, n, dt_ms, n_steps as u64, &variables);

        let end = |i: usize| (compared_ms(&key, dt_ms, currents[i]) / dt_ms).min(n_steps as f64);
        let mut largest = 0.0_f64;
        for (at, (a, b)) in samples[0].values.iter().zip(&reference).enumerate() {
            if ((at / n) as f64) < end(at % n) {
                largest = largest.max((a - b).abs());
            }
        }
        assert!(largest < TOLERANCE_MV, "{key}, dt {dt_ms}: v differs by {largest} mV");
        for (variable, own) in others.iter().zip(&samples[1..]) {
            let path = format!("every_1ms/{variable}");
            let reference: Vec<f64> = group.dataset(&path).unwrap().read_raw().unwrap();
            assert_eq!(own.values.len(), reference.len(), "{key}.{variable}");
            let scale = reference.iter().fold(1.0_f64, |max, x| max.max(x.abs()));
            for (at, (a, b)) in own.values.iter().zip(&reference).enumerate() {
                if ((at / n) as f64) * (interval as f64) < end(at % n) {
                    let difference = (a - b).abs() / scale;
                    assert!(difference < 1e-9, "{key}.{variable}[{at}]: {a}, expected {b}");
                }
            }
        }
        let expected: Vec<i32> = group.dataset("spikes_neuron_step").unwrap().read_raw().unwrap();
        let within = |&(i, step): &(u64, u64)| (step as f64) < end(i as usize);
        let mut expected: Vec<(u64, u64)> =
            expected.chunks(2).map(|row| (row[0] as u64, row[1] as u64)).filter(within).collect();
        expected.sort_unstable();
        let spikes: Vec<_> = spikes.into_iter().filter(within).collect();
        assert_eq!(spikes, expected, "{key}, dt {dt_ms}: spikes");
        println!("{key}, dt {dt_ms}: {largest:.1e} mV, {} spikes", spikes.len());
    }
}

#[test]
fn traces_at_a_tenth_of_a_millisecond() {
    check_file("models_dt0.1.h5", None);
}

#[test]
fn traces_at_a_millisecond() {
    // At this step the Hodgkin-Huxley models overflow in the reference, too.
    check_file("models_dt1.0.h5", Some("Izhikevich"));
}

#[test]
fn traces_at_a_hundredth_of_a_millisecond() {
    check_file("models_dt0.01.h5", None);
}
