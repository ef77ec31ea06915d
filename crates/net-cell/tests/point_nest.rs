//! Integrate-and-fire, AdEx and GIF neurons beside NEST: `tests/data/nest/make.py` made the data.
//!
//! NEST's exactly integrated models are the same to rounding. The others NEST integrates with an error
//! control far below what is compared here, and ours with methods of first order: the difference must
//! halve with the step, and what is left when the part of first order is extrapolated away must be small.

use std::sync::Arc;

use net_cell::point::{Integrator, Place, PointNeuron, PointPopulation, PointSynapse};
use net_cell::{
    CellGroup, Cells, Quantity, Samples, Schedule, SourceKey, SpikeSource, StepSettings,
};
use net_core::StepClock;
use serde_json::Value;

const TSTOP_MS: f64 = 100.0;

fn reference() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/nest/reference.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// A parameter of NEST's neuron.
fn of(case: &Value, parameter: &str) -> f64 {
    case["parameters"][parameter].as_f64().unwrap_or_else(|| panic!("no {parameter}"))
}

/// How a case is run: the neuron, its variable for the potential, and where events go with what weight.
struct Setup {
    neuron: PointNeuron,
    potential: &'static str,
    exc: (&'static str, f64),
    inh: (&'static str, f64),
    /// Whether events act at the end of their step.
    at_end: bool,
}

fn given(model: &str, values: &[(&str, f64)]) -> PointNeuron {
    let neuron = PointNeuron::new(model).unwrap();
    values.iter().fold(neuron, |neuron, &(name, value)| neuron.with(name, value).unwrap())
}

/// The model of the same name and parameters.
fn same(case: &Value) -> Setup {
    let model = case["model"].as_str().unwrap();
    let all = case["parameters"].as_object().unwrap();
    let values: Vec<(&str, f64)> =
        all.iter().map(|(name, value)| (name.as_str(), value.as_f64().unwrap())).collect();
    let weights = numbers(&case["weights"]);
    let targets = if model == "iaf_psc_delta" { ["delta"; 2] } else { ["ex", "in"] };
    Setup {
        neuron: given(model, &values),
        potential: "V_m",
        exc: (targets[0], weights[0]),
        inh: (targets[1], weights[1]),
        at_end: true,
    }
}

/// PyNN's model of the same equations: nF, nA and uS instead of pF, pA and nS; weights of inhibition are
/// positive.
fn as_pynn(case: &Value, model: &str) -> Setup {
    let own = |name: &str| of(case, name);
    let has = |name: &str| case["parameters"][name].is_number();
    let leak_ns = if has("g_L") { own("g_L") } else { own("C_m") / own("tau_m") };
    let mut values = vec![
        ("v_rest", own("E_L")),
        ("cm", own("C_m") / 1e3),
        ("tau_m", own("C_m") / leak_ns),
        ("tau_refrac", own("t_ref")),
        ("tau_syn_E", own("tau_syn_ex")),
        ("tau_syn_I", own("tau_syn_in")),
        ("v_reset", own("V_reset")),
        ("i_offset", own("I_e") / 1e3),
        ("v", own("V_m")),
    ];
    if has("E_ex") {
        values.extend([("e_rev_E", own("E_ex")), ("e_rev_I", own("E_in"))]);
    }
    if has("V_th") {
        values.push(("v_thresh", own("V_th")));
    }
    if has("Delta_T") {
        let adaptive = [("a", own("a")), ("b", own("b") / 1e3), ("tau_w", own("tau_w"))];
        values.extend(adaptive);
        values.extend([("delta_T", own("Delta_T")), ("v_spike", own("V_peak"))]);
    }
    let lists = ["tau_stc", "q_stc", "tau_sfa", "q_sfa"].map(|name| &case["parameters"][name]);
    if lists[0].is_array() {
        let [tau_eta, a_eta, tau_gamma, a_gamma] = lists.map(numbers);
        let names = [
            ["tau_eta1", "tau_eta2", "tau_eta3"],
            ["a_eta1", "a_eta2", "a_eta3"],
            ["tau_gamma1", "tau_gamma2", "tau_gamma3"],
            ["a_gamma1", "a_gamma2", "a_gamma3"],
        ];
        let in_na: Vec<f64> = a_eta.iter().map(|pa| pa / 1e3).collect();
        for (names, own) in names.into_iter().zip([tau_eta, in_na, tau_gamma, a_gamma]) {
            values.extend(names.into_iter().zip(own));
        }
        values.extend([("v_t_star", own("V_T_star")), ("delta_v", own("Delta_V"))]);
        values.push(("lambda0", own("lambda_0")));
    }
    let weights = if case["weights"].is_array() { numbers(&case["weights"]) } else { vec![0.0; 2] };
    Setup {
        neuron: given(model, &values),
        potential: "v",
        exc: ("exc", weights[0] / 1e3),
        inh: ("inh", -weights[1] / 1e3),
        at_end: false,
    }
}

fn group_of(neuron: PointNeuron, n: u64, dt_ms: f64) -> (CellGroup, PointPopulation) {
    let clock = StepClock::new(dt_ms).unwrap();
    let settings = StepSettings { dt_ms, ..StepSettings::default() };
    let group = Cells::new(&[], &[], settings, 1).unwrap().into_groups().remove(0);
    let place = Place { seed: 5, population: 0, first_gid: 0 };
    let points = PointPopulation::new(Arc::new(neuron), place, (0..n).collect(), clock).unwrap();
    (group, points)
}

/// Potentials at every whole ms, and times of spikes as NEST stamps them.
fn run(setup: &Setup, dt_ms: f64, reference: &Value) -> (Vec<f64>, Vec<f64>) {
    let (mut group, mut points) = group_of(setup.neuron.clone(), 1, dt_ms);
    let model = setup.neuron.model().name.to_owned();
    let steps_per_ms = (1.0 / dt_ms).round() as u64;
    let (mechanism, variable) = (model, setup.potential.to_owned());
    let quantity = Quantity::Variable { mechanism, variable, nth: 0 };
    let schedule = Schedule { interval: steps_per_ms, offset: steps_per_ms };
    points.record((0, schedule), 0, 0, &quantity).unwrap();
    let rings = [setup.exc, setup.inh].map(|(target, weight)| {
        (points.input_ring(&PointSynapse::new(target, &[]).unwrap()).unwrap(), weight)
    });
    let at = group.add_points(points);
    for (number, ((ring, weight), times)) in rings.into_iter().zip(["exc_ms", "inh_ms"]).enumerate()
    {
        let early_ms = if setup.at_end { dt_ms } else { 0.0 };
        let times_ms = numbers(&reference[times]).into_iter().map(|time_ms| time_ms - early_ms);
        let source = SpikeSource::Times(times_ms.collect());
        let key = SourceKey { seed: 1, gid: 0, number: number as u64 };
        group.add_point_input((at, ring, 0), &source, weight, 0.0, key).unwrap();
    }
    group.initialize(1, 64);
    let n_steps = (TSTOP_MS / dt_ms).round() as u64;
    let (mut potentials, mut spikes) = (Vec::new(), Vec::new());
    for first in (0..n_steps).step_by(64) {
        let fired = group.advance(first..n_steps.min(first + 64), || ()).unwrap();
        spikes.extend(fired.iter().map(|spike| (spike.step + 1) as f64 * dt_ms));
        let mut some = Samples::new(1);
        group.take_samples(0, &mut some);
        potentials.extend(some.values);
    }
    (potentials, spikes)
}

fn largest(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Exact integration: the same operations in another order, so some 1e-13 of the potential.
#[test]
fn exactly_integrated_neurons_are_those_of_nest() {
    let reference = reference();
    for name in [
        "iaf_psc_delta",
        "iaf_psc_exp",
        "iaf_psc_exp equal",
        "iaf_psc_alpha",
        "iaf_psc_alpha equal",
    ] {
        let case = &reference["cases"][name];
        let (v, spikes) = run(&same(case), 0.1, &reference);
        let difference = largest(&v, &numbers(&case["v_mv"]));
        println!("{name}: {difference:.1e} mV, spikes {spikes:?}");
        assert!(difference < 1e-9, "{name}: {difference} mV");
        let expected = numbers(&case["spikes_ms"]);
        assert!(expected.len() >= 2 && largest(&spikes, &expected) < 1e-9, "{name}: {spikes:?}");
    }
}

/// Below threshold the difference from NEST is of first order in the step.
#[test]
fn potentials_converge_to_those_of_nest() {
    let reference = reference();
    for (name, model) in [
        ("curr_exp", "IF_curr_exp"),
        ("curr_alpha", "IF_curr_alpha"),
        ("cond_exp", "IF_cond_exp"),
        ("cond_alpha", "IF_cond_alpha"),
        ("adex_exp", "EIF_cond_exp_isfa_ista"),
        ("adex_alpha", "EIF_cond_alpha_isfa_ista"),
        ("gif_curr", "GIF_curr_exp"),
        ("gif_cond", "GIF_cond_exp"),
    ] {
        let case = &reference["cases"][name];
        let expected = numbers(&case["v_mv"]);
        let setup = as_pynn(case, model);
        let [coarse, middle, fine] = [0.1, 0.05, 0.025].map(|dt_ms| {
            let (v, spikes) = run(&setup, dt_ms, &reference);
            assert!(spikes.is_empty(), "{name}: {spikes:?}");
            v
        });
        let [a, b, c] = [&coarse, &middle, &fine].map(|v| largest(v, &expected));
        // v(h) = v + e h + O(h^2).
        let extrapolated: Vec<f64> = middle.iter().zip(&fine).map(|(m, f)| 2.0 * f - m).collect();
        let rest = largest(&extrapolated, &expected);
        println!("{name}: {a:.2e}, {b:.2e}, {c:.2e} mV; without the first order {rest:.1e} mV");
        assert!(a < 0.5, "{name}: {a} mV at 0.1 ms");
        assert!((1.8..2.2).contains(&(a / b)) && (1.8..2.2).contains(&(b / c)), "{name}");
        assert!(rest < 0.05 * c, "{name}: {rest} mV are left");
    }
}

/// Above threshold times of spikes converge, too: with an eighth of the step they are eight times nearer, but
/// for rounding to steps.
#[test]
fn spikes_converge_to_those_of_nest() {
    let reference = reference();
    for (name, model) in [
        ("cond_exp fires", "IF_cond_exp"),
        ("cond_alpha fires", "IF_cond_alpha"),
        ("adex_exp fires", "EIF_cond_exp_isfa_ista"),
        ("adex_alpha fires", "EIF_cond_alpha_isfa_ista"),
    ] {
        let case = &reference["cases"][name];
        let expected = numbers(&case["spikes_ms"]);
        let setup = as_pynn(case, model);
        let differences = [0.1, 0.05, 0.0125].map(|dt_ms| {
            let (_, spikes) = run(&setup, dt_ms, &reference);
            assert_eq!(spikes.len(), expected.len(), "{name}, dt {dt_ms}: {spikes:?}");
            largest(&spikes, &expected)
        });
        println!("{name}: spikes {differences:.3?} ms away at steps of 0.1, 0.05, 0.0125 ms");
        let [coarse, _, fine] = differences;
        assert!(fine < 0.25 * coarse && fine < 0.5, "{name}: {differences:?} ms");
    }
}

/// Neurons that fire by chance: counts of 2000 neurons in 100 ms. Both are random, and neurons are
/// independent and, adapting, more regular than Poisson: five standard deviations of a Poisson law's
/// difference.
#[test]
fn generalized_neurons_fire_as_often_as_those_of_nest() {
    let case = &reference()["rates"]["gif_curr"];
    let expected = numbers(&case["counts_100ms"]);
    let n = case["neurons"].as_u64().unwrap();
    let setup = as_pynn(case, "GIF_curr_exp");
    let (mut group, points) = group_of(setup.neuron, n, 0.1);
    group.add_points(points);
    group.initialize(1, 64);
    let mut counts = vec![0.0; expected.len()];
    for first in (0..10_000).step_by(50) {
        counts[first as usize / 1000] +=
            group.advance(first..first + 50, || ()).unwrap().len() as f64;
    }
    println!("{counts:?}, NEST {expected:?}");
    for (own, expected) in counts.iter().zip(&expected) {
        assert!((own - expected).abs() < 5.0 * (own + expected).sqrt(), "{own}, NEST {expected}");
    }
}

/// A linear block has an exact solution by every method: (v, u) of `Izhikevich2007` with k = 0.
fn linear(integrator: Integrator, dt_ms: f64, n_steps: u64) -> [f64; 2] {
    let neuron = given("Izhikevich2007", &LINEAR).integrated_by(integrator);
    last(neuron, "Izhikevich2007", ["v", "u"], dt_ms, n_steps)
}

const LINEAR: [(&str, f64); 9] = [
    ("C", 50.0),
    ("k", 0.0),
    ("v_r", -60.0),
    ("a", 0.5),
    ("b", 20.0),
    ("v_peak", 1e9),
    ("I_app", 10.0),
    ("v", -50.0),
    ("u", 3.0),
];

/// Two variables after some steps.
fn last(
    neuron: PointNeuron,
    model: &str,
    variables: [&str; 2],
    dt_ms: f64,
    n_steps: u64,
) -> [f64; 2] {
    let (mut group, mut points) = group_of(neuron, 1, dt_ms);
    let schedule = Schedule { interval: n_steps, offset: n_steps };
    for (recording, variable) in variables.into_iter().enumerate() {
        let (mechanism, variable) = (model.to_owned(), variable.to_owned());
        let quantity = Quantity::Variable { mechanism, variable, nth: 0 };
        points.record((recording, schedule), 0, 0, &quantity).unwrap();
    }
    group.add_points(points);
    group.initialize(1, 64);
    for first in (0..n_steps).step_by(64) {
        group.advance(first..n_steps.min(first + 64), || ()).unwrap();
    }
    [0, 1].map(|recording| {
        let mut some = Samples::new(1);
        group.take_samples(recording, &mut some);
        some.values[0]
    })
}

#[test]
fn implicit_steps_of_linear_equations_are_exact() {
    // C v' = I - u, u' = a (b (v - v_r) - u): a step solves (1 - h J) x = x0 + h c.
    let [c, _, v_r, a, b, _, i, v0, u0] = LINEAR.map(|(_, value)| value);
    for dt_ms in [0.1, 5.0] {
        let (mut v, mut u) = (v0, u0);
        for _ in 0..20 {
            let (v1, u1) = (v + dt_ms * i / c, u - dt_ms * a * b * v_r);
            let [[m, n], [p, q]] = [[1.0, dt_ms / c], [-dt_ms * a * b, 1.0 + dt_ms * a]];
            let determinant = m * q - n * p;
            (v, u) = ((q * v1 - n * u1) / determinant, (m * u1 - p * v1) / determinant);
        }
        for method in [Integrator::Implicit, Integrator::SemiImplicit] {
            let found = linear(method, dt_ms, 20);
            let difference = (found[0] - v).abs().max((found[1] - u).abs());
            assert!(difference < 1e-6, "{method:?}, dt {dt_ms}: {found:?}, expected {v}, {u}");
        }
    }
}

/// The error after 8 ms below threshold halves (or falls to a quarter, to a 16th) with the step.
#[test]
fn integrators_have_their_order() {
    let at = |integrator: Integrator, dt_ms: f64| {
        let values = [("I_app", 60.0), ("v", -60.0), ("u", 5.0), ("a", 0.3), ("b", 2.0)];
        let neuron = given("Izhikevich2007", &values).integrated_by(integrator);
        last(neuron, "Izhikevich2007", ["v", "u"], dt_ms, (8.0 / dt_ms).round() as u64)[0]
    };
    let exact = at(Integrator::RungeKutta4, 1.0 / 512.0);
    for (integrator, order) in [
        (Integrator::Explicit, 1),
        (Integrator::Implicit, 1),
        (Integrator::SemiImplicit, 1),
        (Integrator::Midpoint, 2),
        (Integrator::RungeKutta4, 4),
    ] {
        let errors = [0.25, 0.125].map(|dt_ms| (at(integrator, dt_ms) - exact).abs());
        let found = (errors[0] / errors[1]).log2();
        println!("{integrator:?}: errors {errors:.2?} mV, order {found:.2}");
        assert!((found - f64::from(order)).abs() < 0.3, "{integrator:?}: order {found}");
    }
}

/// Where a step is longer than the fastest time constant, explicit methods run away.
#[test]
fn implicit_methods_are_stable_where_explicit_ones_are_not() {
    let at = |integrator: Integrator| {
        let values = [("a", 4.0), ("b", 2.0), ("v_peak", 1e9), ("v", -59.0), ("k", 0.1)];
        let neuron = given("Izhikevich2007", &values).integrated_by(integrator);
        last(neuron, "Izhikevich2007", ["v", "u"], 1.0, 60)[1]
    };
    // u' = 4 (2 (v + 60) - u): the factor of an explicit step is -3.
    assert!(at(Integrator::Explicit).abs() > 1e6);
    for method in [Integrator::Implicit, Integrator::SemiImplicit] {
        assert!(at(method).abs() < 1.0, "{method:?}: {}", at(method));
    }
}
