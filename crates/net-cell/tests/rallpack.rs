//! The Rallpacks (Bhalla, Bilitch and Bower, Trends Neurosci. 15 (1992) 453) and the order of the
//! two schemes.
//!
//! RA 100 Ohm cm, RM 40000 Ohm cm2, CM 1 uF/cm2, rest at -65 mV, 0.1 nA into the first compartment
//! from t = 0, 250 ms, potential of the first and the last compartment every 0.05 ms.
//!
//! The full table of order and error in `docs/numerics.md`:
//! `cargo test --release -p net-cell --test rallpack -- --ignored --nocapture`.

mod harness;

use std::f64::consts::PI;
use std::sync::Arc;

use harness::{Model, cable, crossings, range, rms_percent, step};
use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
};
use net_cell::{CellTemplate, Region};

const TSTOP_MS: f64 = 250.0;
const SAMPLE_MS: f64 = 0.05;
const REST_MV: f64 = -65.0;
const CURRENT_NA: f64 = 0.1;
const LEAK_S_CM2: f64 = 1.0 / 40_000.0;
const TAU_MS: f64 = 40.0;
const PROPERTIES: CableProperties = CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 };

fn stimulate(cell: &mut CellTemplate) {
    let clamp = [("amp", CURRENT_NA), ("delay", 0.0), ("dur", 1e9)];
    cell.insert_point("IClamp", 0, &clamp).unwrap();
}

/// Rallpack 1: 1 mm of 1 um, passive. Rallpack 3: the same with squid channels.
fn axon(active: bool) -> CellTemplate {
    let mut cell = CellTemplate::new(cable(1000.0, 1.0, 1000, PROPERTIES)).unwrap();
    if active {
        let leak = [("gl", LEAK_S_CM2), ("el", REST_MV)];
        cell.insert("hh", &Region::All, &leak).unwrap();
    } else {
        let leak = [("g", LEAK_S_CM2), ("e", REST_MV)];
        cell.insert("pas", &Region::All, &leak).unwrap();
    }
    stimulate(&mut cell);
    cell
}

/// Rallpack 2: a binary tree of ten generations, all equivalent to one cylinder.
fn tree() -> CellTemplate {
    let mut builder = MorphologyBuilder::new();
    let mut parents = vec![None];
    for generation in 0..10 {
        let shrink = f64::from(generation) / 3.0;
        let (length_um, diam_um) = (32.0 / shrink.exp2(), 16.0 / (2.0 * shrink).exp2());
        let mut new = Vec::new();
        for (k, parent) in parents.into_iter().enumerate() {
            let (name, kind) = (format!("dend[{generation}][{k}]"), SectionKind::Basal);
            let section = builder.cylinder(&name, kind, parent, length_um, diam_um).unwrap();
            new.extend([Some((section, 1.0)); 2]);
        }
        parents = new;
    }
    let rule = Discretization::FixedPerSection(1);
    let morphology = builder.build().unwrap();
    let cable = Cable::Uniform(PROPERTIES);
    let mut cell =
        CellTemplate::new(morphology.segmented(&rule, &cable, SegmentPoints::Exact).unwrap())
            .unwrap();
    cell.insert("pas", &Region::All, &[("g", LEAK_S_CM2), ("e", REST_MV)]).unwrap();
    stimulate(&mut cell);
    cell
}

/// Potential at the first and the last compartment every 0.05 ms.
fn ends(cell: CellTemplate, dt_ms: f64, second_order: bool) -> [Vec<f64>; 2] {
    let mut model = Model::new(step(dt_ms, second_order));
    let last = cell.n_segments() - 1;
    model.cell(&Arc::new(cell), &[]);
    model.voltage(0, 0);
    model.voltage(0, last);
    let per_sample = SAMPLE_MS / dt_ms;
    model.interval = per_sample.round().max(1.0) as u64;
    let [first, last]: [Vec<f64>; 2] =
        model.run((TSTOP_MS / dt_ms).round() as u64).unwrap().traces.try_into().unwrap();
    if per_sample > 0.6 {
        return [first, last];
    }
    // Steps longer than the samples: halfway in between.
    let refine = |trace: Vec<f64>| -> Vec<f64> {
        let pairs = trace.windows(2).flat_map(|w| [w[0], (w[0] + w[1]) / 2.0]);
        pairs.chain(trace.last().copied()).collect()
    };
    [refine(first), refine(last)]
}

/// The potential at `x` length constants from the end where the current enters a sealed cable of
/// `length` length constants, whose input resistance without end would be `resistance_mohm`:
/// steady state minus a series of cosines.
fn cable_series(length: f64, x: f64, resistance_mohm: f64) -> Vec<f64> {
    let steady = (length - x).cosh() / length.sinh();
    let sample = |k: usize| {
        let t = k as f64 * SAMPLE_MS / TAU_MS;
        if k == 0 {
            return REST_MV;
        }
        let mut transient = (-t).exp();
        for n in 1.. {
            let a = f64::from(n) * PI / length;
            let term = 2.0 * (-(1.0 + a * a) * t).exp() / (1.0 + a * a);
            transient += term * (a * x).cos();
            if term < 1e-14 {
                break;
            }
        }
        REST_MV + resistance_mohm * CURRENT_NA * (steady - transient / length)
    };
    (0..=(TSTOP_MS / SAMPLE_MS) as usize).map(sample).collect()
}

/// sqrt(RM RA / (d/4)) / (pi d): the input resistance of an endless cable in MOhm.
fn resistance_mohm(diam_um: f64) -> f64 {
    let (ra_ohm_um, rm_ohm_um2) = (100.0 * 1e4, 40_000.0 * 1e8);
    let lambda_um = (rm_ohm_um2 * diam_um / (4.0 * ra_ohm_um)).sqrt();
    1e-6 * 4.0 * ra_ohm_um * lambda_um / (PI * diam_um * diam_um)
}

#[test]
fn rallpack1_follows_its_series() {
    let reference = [0.0, 1.0].map(|x| cable_series(1.0, x, resistance_mohm(1.0)));
    let centers = [0.0005, 0.9995].map(|x| cable_series(1.0, x, resistance_mohm(1.0)));
    for second_order in [false, true] {
        let traces = ends(axon(false), 0.05, second_order);
        for (k, end) in ["0", "x"].into_iter().enumerate() {
            let error = rms_percent(&traces[k], &reference[k]);
            let at_center = rms_percent(&traces[k], &centers[k]);
            println!(
                "Rallpack 1, dt 0.05 ms, order {}, {end}: RMS {error:.4} % of the range, \
                 {at_center:.4} % at the compartment's center",
                1 + i32::from(second_order)
            );
            assert!(error < 0.1 && at_center < 0.03);
            let pairs = traces[k].iter().zip(&reference[k]);
            let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            // At its start the current is a jump, around which Crank-Nicolson rings for some steps.
            let bound = if second_order { 0.01 } else { 0.005 };
            assert!(largest < bound * range(&reference[k]), "{largest} mV");
        }
    }
}

#[test]
fn rallpack2_is_its_equivalent_cylinder() {
    let reference = [0.0, 0.08].map(|x| cable_series(0.08, x, resistance_mohm(16.0)));
    for second_order in [false, true] {
        let traces = ends(tree(), 0.05, second_order);
        for (k, end) in ["0", "x"].into_iter().enumerate() {
            let error = rms_percent(&traces[k], &reference[k]);
            println!(
                "Rallpack 2, dt 0.05 ms, order {}, {end}: RMS {error:.4} % of the range",
                1 + i32::from(second_order)
            );
            assert!(error < 0.1, "{error} %");
        }
    }
}

/// RMS errors in percent at both ends, and the times of spikes at the first one.
fn compare(traces: &[Vec<f64>; 2], reference: &[Vec<f64>; 2]) -> ([f64; 2], Vec<f64>) {
    let errors = [0, 1].map(|k| rms_percent(&traces[k], &reference[k]));
    (errors, crossings(&traces[0], SAMPLE_MS, 0.0))
}

#[test]
fn rallpack3_converges_as_fast_as_neuron() {
    // Converged as far as the bounds below ask for: itself 0.02 / 0.04 % off.
    let reference = ends(axon(true), 0.005, true);
    let spikes = crossings(&reference[0], SAMPLE_MS, 0.0);
    println!("converged: {} spikes, the last at {:.3} ms", spikes.len(), spikes[17]);
    assert_eq!(spikes.len(), 18);
    assert_eq!(crossings(&reference[1], SAMPLE_MS, 0.0).len(), 17);
    // NEURON's second-order scheme with steps of 1 us, and our error there.
    assert!((spikes[17] - 248.519).abs() < 0.005, "{}", spikes[17]);

    let (errors, second) = compare(&ends(axon(true), 0.025, true), &reference);
    println!("order 2, dt 0.025 ms: RMS {:.3} / {:.3} %", errors[0], errors[1]);
    assert_eq!(second.len(), 18);
    assert!(errors[0] < 0.6 && errors[1] < 1.1);
    assert!((second[16] - spikes[16] - 0.041).abs() < 0.005);

    // The first-order scheme is NEURON's: so are its errors.
    let (errors, first) = compare(&ends(axon(true), 0.025, false), &reference);
    println!("order 1, dt 0.025 ms: RMS {:.2} / {:.2} %", errors[0], errors[1]);
    assert_eq!(first.len(), 18);
    assert!((errors[0] - 13.3).abs() < 0.1 && (errors[1] - 19.7).abs() < 0.1);
    assert!((first[16] - spikes[16] - 1.21).abs() < 0.02);
}

/// RMS over time and both ends of the difference between runs with steps `dt_ms` and half of it,
/// for an action potential that travels along a short axon.
fn change_by_halving(dt_ms: f64, second_order: bool) -> f64 {
    let mut cell = CellTemplate::new(cable(500.0, 2.0, 21, PROPERTIES)).unwrap();
    cell.insert("hh", &Region::All, &[]).unwrap();
    stimulate(&mut cell);
    let cell = Arc::new(cell);
    let [coarse, fine] = [1, 2].map(|refine| {
        let mut model = Model::new(step(dt_ms / refine as f64, second_order));
        model.cell(&cell, &[]);
        model.voltage(0, 0);
        model.voltage(0, 20);
        model.interval = refine;
        model.run((8.0 / dt_ms).round() as u64 * refine).unwrap().traces
    });
    let squares = coarse.iter().flatten().zip(fine.iter().flatten()).map(|(a, b)| (a - b).powi(2));
    (squares.sum::<f64>() / (2 * coarse[0].len()) as f64).sqrt()
}

#[test]
fn schemes_have_their_orders() {
    for (order, second_order) in [(1.0, false), (2.0, true)] {
        let changes =
            [0.01, 0.005, 0.0025, 0.00125].map(|dt_ms| change_by_halving(dt_ms, second_order));
        let orders: Vec<f64> = changes.windows(2).map(|c| (c[0] / c[1]).log2()).collect();
        println!("order {order}: changes {changes:.5?} mV, measured orders {orders:.3?}");
        assert!((orders[2] - order).abs() < 0.05, "{orders:?}");
    }
}

#[test]
#[ignore = "a table for the documentation; takes minutes"]
fn rallpack3_table() {
    let reference = ends(axon(true), 0.001, true);
    let spikes = crossings(&reference[0], SAMPLE_MS, 0.0);
    println!("order 2, dt 0.001 ms is the reference: last spike at {:.3} ms", spikes[17]);
    println!("order  dt (ms)  RMS x=0 (%)  RMS far end (%)  spikes  17th spike (ms late)");
    for (order, dt_ms) in [(2, 0.1), (2, 0.05), (2, 0.025), (2, 0.0125), (2, 0.005), (2, 0.0025)]
        .into_iter()
        .chain([(1, 0.1), (1, 0.05), (1, 0.025), (1, 0.0125), (1, 0.005), (1, 0.0025), (1, 0.001)])
    {
        let (errors, times) = compare(&ends(axon(true), dt_ms, order == 2), &reference);
        let late = times[16] - spikes[16];
        let [near, far] = errors;
        let n = times.len();
        println!("{order:<5}  {dt_ms:<7}  {near:<11.4}  {far:<15.4}  {n:<6}  {late:+.4}");
    }
}
