//! The models of NSuite (github.com/arbor-sim/nsuite) with its bounds, against closed forms and
//! accurate solutions of the same differential equations.
//!
//! Its `rallpack1` is in `rallpack.rs`.

mod harness;

use std::sync::Arc;

use harness::{Model, rc, step};
use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
};
use net_cell::{CellTemplate, PointKind, Region, StepSettings};
use net_core::StepClock;

/// Modified Bessel function of the first kind and integer order n: its power series.
fn bessel_i(n: u32, z: f64) -> f64 {
    let mut term = (1..=n).fold(1.0, |t, k| t * z / 2.0 / f64::from(k));
    let mut sum = term;
    for k in 1..60 {
        term *= z * z / 4.0 / f64::from(k * (k + n));
        sum += term;
    }
    sum
}

/// Modified Bessel function of the second kind: the integral of exp(-z cosh t) cosh(n t) over
/// t > 0, by the trapezoidal rule, which converges exponentially here.
fn bessel_k(n: u32, z: f64) -> f64 {
    let value = |k: u32| {
        let t = 0.01 * f64::from(k);
        (-z * t.cosh()).exp() * (f64::from(n) * t).cosh()
    };
    0.01 * (value(0) / 2.0 + (1..800).map(value).sum::<f64>())
}

#[test]
fn bessel_functions_are_right() {
    // Abramowitz and Stegun, table 9.8 and 9.9.
    assert!((bessel_i(1, 2.0) - 1.590_636_854_637_329).abs() < 1e-14);
    assert!((bessel_k(1, 2.0) - 0.139_865_881_816_522_4).abs() < 1e-14);
    // The Wronskian: I1(z) K2(z) + I2(z) K1(z) = 1/z.
    let w = bessel_i(1, 3.3) * bessel_k(2, 3.3) + bessel_i(2, 3.3) * bessel_k(1, 3.3);
    assert!((w - 1.0 / 3.3).abs() < 1e-14);
}

/// A cable whose diameter y grows linearly with slope m: with kappa = 4 RA sqrt(1 + m^2/4) / (RM m^2)
/// the steady potential is y^(-1/2) (A I1(z) + B K1(z)), z = 2 sqrt(kappa y); no current
/// leaves the thin end, 0.1 nA enter the thick one.
#[test]
fn cable_steadystate() {
    let (d0, d1, length, current_na) = (1.0, 1.7, 1000.0, 0.1);
    let (ra_mohm_um, rm_mohm_um2) = (1.0, 4e6);
    let slope: f64 = (d1 - d0) / length;
    let kappa =
        4.0 * ra_mohm_um * (1.0 + slope * slope / 4.0).sqrt() / (rm_mohm_um2 * slope * slope);
    let z = |diam: f64| 2.0 * (kappa * diam).sqrt();
    let (a, b) = (bessel_k(2, z(d0)), bessel_i(2, z(d0)));
    let at = |diam: f64| (a * bessel_i(1, z(diam)) + b * bessel_k(1, z(diam))) / diam.sqrt();
    let slope_at_end =
        kappa.sqrt() * slope / d1 * (a * bessel_i(2, z(d1)) - b * bessel_k(2, z(d1)));
    let field = current_na * 4.0 * ra_mohm_um / (std::f64::consts::PI * d1 * d1);
    let exact = |x: f64| at(d0 + (d1 - d0) * x) * field / slope_at_end;

    let mut builder = MorphologyBuilder::new();
    let points = [[0.0, 0.0, 0.0, d0], [length, 0.0, 0.0, d1]];
    builder.points("cable", SectionKind::Soma, None, &points).unwrap();
    let properties = CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 };
    let morphology = builder
        .build()
        .unwrap()
        .segmented(
            &Discretization::FixedPerSection(1000),
            &Cable::Uniform(properties),
            SegmentPoints::Exact,
        )
        .unwrap();
    let mut cell = CellTemplate::new(morphology).unwrap();
    cell.insert("pas", &Region::All, &[("g", 1.0 / 40_000.0), ("e", 0.0)]).unwrap();
    let clamp = [("amp", current_na), ("delay", 0.0), ("dur", 1e9)];
    cell.insert_point("IClamp", 999, &clamp).unwrap();
    let cell = Arc::new(cell);
    for second_order in [false, true] {
        let mut model = Model::new(StepSettings { v_init_mv: 0.0, ..step(0.05, second_order) });
        model.cell(&cell, &[]);
        (0..1000).for_each(|segment| model.voltage(0, segment));
        let n_steps = 16_000; // 20 time constants
        model.interval = n_steps;
        let run = model.run(n_steps).unwrap();
        let error = |k: usize| {
            let exact = exact((k as f64 + 0.5) / 1000.0);
            (run.traces[k][1] - exact).abs() / exact
        };
        let largest = (0..1000).map(error).fold(0.0, f64::max);
        println!(
            "cable-steadystate, order {}: largest relative error {:.5} %",
            1 + i32::from(second_order),
            100.0 * largest
        );
        assert!(largest < 1e-3);
    }
}

/// Solves 0.01 nF dv/dt = -(v + 65)/100 MOhm - g(t) v from -65 mV by the classical Runge-Kutta
/// method with `n` steps, and gives every value.
fn rc_exact(g_us: impl Fn(f64) -> f64, tstop_ms: f64, n: usize) -> Vec<f64> {
    let slope = |t: f64, v: f64| -((v + 65.0) / 100.0 + g_us(t) * v) / 0.01;
    let h = tstop_ms / n as f64;
    let mut values = vec![-65.0];
    for k in 0..n {
        let (t, v) = (k as f64 * h, values[k]);
        let k1 = slope(t, v);
        let k2 = slope(t + h / 2.0, v + h / 2.0 * k1);
        let k3 = slope(t + h / 2.0, v + h / 2.0 * k2);
        let k4 = slope(t + h, v + h * k3);
        values.push(v + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4));
    }
    values
}

#[test]
fn rc_expsyn() {
    for g0_us in [0.1, 10.0] {
        let exact = rc_exact(|t| g0_us * (-t).exp(), 10.0, 400_000);
        for second_order in [false, true] {
            let mut model = Model::new(step(0.0025, second_order));
            model.kinds = vec![PointKind::new("ExpSyn", &[("tau", 1.0), ("e", 0.0)]).unwrap()];
            model.cell(&Arc::new(rc()), &[(0, 0)]);
            model.drive(0, &[0.0], g0_us);
            model.voltage(0, 0);
            let v = model.run(4000).unwrap().traces.remove(0);
            let error = |k: usize| (v[k] - exact[100 * k]).abs() / exact[100 * k].abs();
            // Also relative to what the synapse has moved the potential from its rest.
            let moved = (v[4000] - exact[400_000]).abs() / (exact[400_000] + 65.0);
            println!(
                "rc-expsyn, g0 {g0_us} uS, order {}: error {:.4} % of v, {:.3} % of v + 65 mV",
                1 + i32::from(second_order),
                100.0 * error(4000),
                100.0 * moved
            );
            assert!(error(4000) < 0.01 && moved < 0.02);
        }
    }
}

#[test]
fn rc_exp2syn_spike() {
    let (tau1, tau2, g0_us, dt_ms, threshold_mv) = (0.5f64, 4.0f64, 0.1, 0.01, -10.0);
    let ratio = tau1 / tau2;
    let norm = ratio.powf(tau1 / (tau2 - tau1)) - ratio.powf(tau2 / (tau2 - tau1));
    let n = 800_000;
    let exact = rc_exact(|t| g0_us / norm * ((-t / tau2).exp() - (-t / tau1).exp()), 8.0, n);
    let first_ms = harness::crossings(&exact, 8.0 / n as f64, threshold_mv)[0];

    let mut template = rc();
    template.detect_spikes(0, threshold_mv).unwrap();
    let template = Arc::new(template);
    for second_order in [false, true] {
        let mut model = Model::new(step(dt_ms, second_order));
        let synapse = [("tau1", tau1), ("tau2", tau2), ("e", 0.0)];
        model.kinds = vec![PointKind::new("Exp2Syn", &synapse).unwrap()];
        for _ in 0..=100 {
            model.cell(&template, &[(0, 0)]);
        }
        model.drive(0, &[0.0], g0_us);
        let clock = StepClock::new(dt_ms).unwrap();
        let golden = (5f64.sqrt() - 1.0) / 2.0;
        let delay_ms = |k: usize| 3.3 + (k as f64 * golden).fract();
        for k in 1..=100 {
            let delay_steps = clock.delay_steps("spike", delay_ms(k)).unwrap();
            let (source_gid, weight) = (0, g0_us);
            let to = harness::Connection { source_gid, cell: k, point: 0, delay_steps, weight };
            model.connections.push(to);
        }
        let spikes = model.run(800).unwrap().spikes;
        assert_eq!(spikes.len(), 101);
        let mut largest = 0f64;
        for spike in &spikes {
            let expected_ms = match spike.gid as usize {
                0 => first_ms,
                k => 2.0 * first_ms + delay_ms(k),
            };
            largest = largest.max((clock.time_ms(spike.step) - expected_ms).abs());
        }
        println!(
            "rc-exp2syn-spike, order {}: first spike at {first_ms:.4} ms, largest error {largest:.4} ms",
            1 + i32::from(second_order)
        );
        // NSuite asks this of NEURON's second-order scheme; its first-order one gives 0.0524 as well.
        assert!(largest <= if second_order { 0.05 } else { 0.053 });
    }
}
