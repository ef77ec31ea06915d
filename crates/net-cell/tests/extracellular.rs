//! Potentials imposed from outside, against NEURON and against currents that do the same.

mod common;
mod harness;

use std::sync::Arc;

use harness::step;
use net_cell::extracellular::ExtracellularPotential;
use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
};
use net_cell::simd::{F8, LANES};
use net_cell::{CellSpec, CellTemplate, Cells, Quantity, Region, Samples, Schedule, StepSettings};

/// Potentials of the cells' segments, all cells the same, as a function of time.
struct Potential<F> {
    /// (slot, lane, segment)
    places: Vec<(usize, usize, usize)>,
    of: F,
}

impl<F> std::fmt::Debug for Potential<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a potential")
    }
}

impl<F: Fn(usize, f64) -> f64 + Send> ExtracellularPotential for Potential<F> {
    fn potential_at(&mut self, t_ms: f64, potential_mv: &mut [F8]) {
        for &(slot, lane, segment) in &self.places {
            potential_mv[slot].0[lane] = (self.of)(segment, t_ms);
        }
    }
}

/// v and membrane currents, [segment][step], of the last of some equal cells.
fn run<F: Fn(usize, f64) -> f64 + Send + Clone + 'static>(
    cell: CellTemplate,
    n_cells: u64,
    settings: StepSettings,
    n_steps: u64,
    field: Option<F>,
) -> [Vec<Vec<f64>>; 2] {
    let n_segments = cell.n_segments();
    let template = Arc::new(cell);
    let spec = |gid| CellSpec { gid, template: template.clone(), points: Vec::new() };
    let specs: Vec<_> = (0..n_cells).map(spec).collect();
    let mut cells = Cells::new(&specs, &[], settings, 1).unwrap();
    for segment in 0..n_segments {
        for (recording, quantity) in [(0, Quantity::Voltage), (1, Quantity::MembraneCurrent)] {
            let at = (recording, Schedule::default());
            cells.record(at, segment as u32, n_cells - 1, segment, &quantity).unwrap();
        }
    }
    let mut group = cells.into_groups().pop().unwrap();
    if let Some(of) = field {
        for (block, layout) in group.layouts().into_iter().enumerate() {
            let mut places = Vec::new();
            for row in &layout.rows {
                for (lane, cell) in row.cells.iter().enumerate() {
                    let slots = cell.slots.iter().enumerate();
                    places.extend(slots.map(|(s, &k)| (row.first_slot + k as usize, lane, s)));
                }
            }
            group.impose_potential(block, Box::new(Potential { places, of: of.clone() }));
        }
    }
    group.initialize(1, n_steps);
    group.advance(0..n_steps, || ()).unwrap();
    [0, 1].map(|recording| {
        let mut samples = Samples::new(n_segments);
        group.take_samples(recording, &mut samples);
        let column = |k| samples.values.iter().skip(k).step_by(n_segments).copied().collect();
        (0..n_segments).map(column).collect()
    })
}

fn no_field() -> Option<fn(usize, f64) -> f64> {
    None
}

fn largest_difference(a: &[Vec<f64>], b: &[Vec<f64>], from: usize) -> f64 {
    let pairs = a.iter().zip(b).flat_map(|(a, b)| a[from..].iter().zip(&b[from..]));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn potentials_played_into_a_cell_do_what_they_do_in_neuron() {
    let Some(shared) = common::shared() else { return };
    let file = hdf5::File::open(shared.join("reference/lfpy/single_cell.h5")).unwrap();
    let morphology = file.group("bns_pas_iclamp/morphology").unwrap();
    for case in ["bns_pas_insert_v_ext", "bns_pas_enable_extracellular_stimulation"] {
        for (name, dt_ms) in [("dt2^-4", 0.0625), ("dt0.025", 0.025)] {
            let group = file.group(&format!("{case}/{name}")).unwrap();
            let mut cell = CellTemplate::new(common::morphology(&morphology)).unwrap();
            cell.insert("pas", &Region::All, &[("g", 1.0 / 30000.0), ("e", -65.0)]).unwrap();
            let times: Vec<f64> = common::vector(&group, "t_ext");
            let potentials = common::matrix(&group, "v_ext");
            let times = times[..potentials[0].len()].to_vec();
            // The last value that was set; times on the grid may have been rounded.
            let played = move |segment: usize, t_ms: f64| {
                let n = times.partition_point(|&t| t <= t_ms + 1e-9);
                if n == 0 { 0.0 } else { potentials[segment][n - 1] }
            };
            let (v, i) = (common::matrix(&group, "v"), common::matrix(&group, "imem"));
            let n_steps = v[0].len() as u64 - 1;
            let [v_found, i_found] = run(cell, 3, step(dt_ms, false), n_steps, Some(played));
            let dv = largest_difference(&v_found, &v, 0);
            let di = largest_difference(&i_found, &i, 1);
            println!("{case} {name}: max |dv| {dv:.1e} mV, max |di| {di:.1e} nA");
            assert!(dv < 1e-8 && di < 1e-9, "{case} {name}: {dv} mV {di} nA");
        }
    }
}

/// A soma with dendrites at both ends and on a dendrite: two forks.
fn branched(hh: bool, currents_na: &[f64]) -> CellTemplate {
    let mut shape = MorphologyBuilder::new();
    let soma = shape.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0).unwrap();
    let a = shape.cylinder("a", SectionKind::Basal, Some((soma, 1.0)), 200.0, 2.0).unwrap();
    for (name, parent, at) in [("b", soma, 1.0), ("c", soma, 0.0), ("d", a, 1.0), ("e", a, 1.0)] {
        shape.cylinder(name, SectionKind::Basal, Some((parent, at)), 150.0, 1.5).unwrap();
    }
    shape.cylinder("f", SectionKind::Basal, Some((a, 0.5)), 90.0, 1.0).unwrap();
    let rule = Discretization::FixedPerSection(3);
    let cable = Cable::Uniform(CableProperties::default());
    let morphology = shape.build().unwrap();
    let morphology = morphology.segmented(&rule, &cable, SegmentPoints::Exact).unwrap();
    let mut cell = CellTemplate::new(morphology).unwrap();
    cell.insert("pas", &Region::All, &[("e", -65.0)]).unwrap();
    if hh {
        cell.insert("hh", &Region::Kinds(vec![SectionKind::Soma]), &[]).unwrap();
    }
    for (segment, &amp) in currents_na.iter().enumerate() {
        let clamp = [("amp", amp), ("delay", 0.0), ("dur", 1e9)];
        cell.insert_point("IClamp", segment, &clamp).unwrap();
    }
    cell
}

/// Any potentials.
fn pattern(segment: usize, _: f64) -> f64 {
    30.0 * (1.0 + segment as f64 * 1.7).sin()
}

#[test]
fn a_constant_potential_does_what_its_axial_currents_do() {
    for hh in [false, true] {
        for second_order in [false, true] {
            let settings = step(0.025, second_order);
            let n_steps = 400;
            let [v, i] = run(branched(hh, &[]), 11, settings, n_steps, Some(pattern));
            // At the start v is uniform: what flows is due to the potential outside.
            let currents: Vec<f64> = i.iter().map(|trace| trace[0]).collect();
            let [v_injected, i_injected] =
                run(branched(hh, &currents), 11, settings, n_steps, no_field());
            let dv = largest_difference(&v, &v_injected, 0);
            assert!(dv < 1e-9, "hh {hh} second order {second_order}: {dv} mV");
            // The membrane currents are the same; there they are partly injected.
            let di = largest_difference(&i, &i_injected, 1);
            assert!(di < 1e-10, "{di} nA");
            let largest = i.iter().flatten().map(|i| i.abs()).fold(0.0, f64::max);
            for step in 0..=n_steps as usize {
                let sum: f64 = i.iter().map(|trace| trace[step]).sum();
                assert!(sum.abs() < 1e-12 * largest, "{sum} of {largest} nA at step {step}");
            }
            println!(
                "hh {hh} second order {second_order}: {dv:.1e} mV of {:.1} mV, {di:.1e} nA",
                v.iter().flatten().map(|v| (v + 65.0).abs()).fold(0.0, f64::max)
            );
        }
    }
}

#[test]
fn the_same_potential_everywhere_has_no_effect() {
    let settings = step(0.025, false);
    let everywhere = |_: usize, t_ms: f64| 50.0 * (3.0 * t_ms).sin();
    let mut cell = branched(true, &[]);
    cell.insert_point("IClamp", 0, &[("amp", 1.0), ("delay", 1.0), ("dur", 2.0)]).unwrap();
    let [v, i] = run(cell.clone(), 2, settings, 300, Some(everywhere));
    let [v_alone, i_alone] = run(cell, 2, settings, 300, no_field());
    assert!(largest_difference(&v, &v_alone, 0) < 1e-9);
    assert!(largest_difference(&i, &i_alone, 0) < 1e-9);
}

#[test]
fn a_voltage_clamp_holds_the_potential_against_ground() {
    let mut cell = branched(false, &[]);
    cell.insert_point("SEClamp", 0, &[("rs", 1e-6), ("dur1", 1e9), ("amp1", -60.0)]).unwrap();
    let [v, i] = run(cell, 1, step(0.025, false), 200, Some(|_: usize, _: f64| 7.0));
    assert!((v[0][200] - -67.0).abs() < 1e-3, "{}", v[0][200]);
    // What it injects is what leaves the cell.
    let sum: f64 = i.iter().map(|trace| trace[200]).sum();
    let leak: f64 = v.iter().map(|trace| trace[200] + 65.0).sum();
    assert!(sum != 0.0 && sum.signum() == leak.signum());
}

/// Crank-Nicolson sees the potential in the middle of a step: halving the step of a smooth
/// stimulus divides the error by four.
#[test]
fn second_order_steps_are_of_second_order_under_a_field() {
    let field =
        |segment: usize, t_ms: f64| 20.0 * (2.0 * t_ms).sin() * segment as f64 / LANES as f64;
    let at_end = |dt_ms: f64| {
        let n_steps = (4.0 / dt_ms) as u64;
        let [v, _] = run(branched(false, &[]), 1, step(dt_ms, true), n_steps, Some(field));
        v[5][n_steps as usize]
    };
    let exact = at_end(1.0 / 1024.0);
    let errors = [0.0625, 0.03125, 0.015625].map(|dt_ms| (at_end(dt_ms) - exact).abs());
    for pair in errors.windows(2) {
        let order = (pair[0] / pair[1]).log2();
        println!("error {:.2e} mV, order {order:.2}", pair[1]);
        assert!((1.8..2.3).contains(&order), "{errors:?}");
    }
}
