//! Currents by type: they balance in every compartment, and electrodes are what a cell's sum is.

mod common;
mod harness;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use harness::{membrane_currents, step};
use net_cell::currents::{
    BlockLayout, BlockObserver, CurrentObserver, CurrentType, Destination, StepCurrents,
};
use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
};
use net_cell::{
    CellGroup, CellSpec, CellTemplate, Cells, PointKind, PointSpec, Quantity, Region, Samples,
    Schedule, SourceKey, SpikeSource, StepSettings,
};

/// Current of (type, step, gid, segment).
type Currents = BTreeMap<(usize, u64, u64, usize), f64>;

type Seen = Arc<Mutex<Currents>>;

#[derive(Debug)]
struct Collector {
    layouts: Vec<BlockLayout>,
    /// By gid.
    templates: Vec<Arc<CellTemplate>>,
    types: Vec<CurrentType>,
    seen: Seen,
}

impl Collector {
    fn new(group: &CellGroup, specs: &[CellSpec], types: &[CurrentType], seen: &Seen) -> Self {
        let templates = specs.iter().map(|spec| spec.template.clone()).collect();
        let (layouts, types) = (group.layouts(), types.to_vec());
        Collector { layouts, templates, types, seen: seen.clone() }
    }
}

impl CurrentObserver for Collector {
    fn watch(&mut self, block: usize) -> Box<dyn BlockObserver + '_> {
        Box::new(OfBlock(self, block))
    }
}

struct OfBlock<'a>(&'a Collector, usize);

impl BlockObserver for OfBlock<'_> {
    fn wants(&mut self, _: u64) -> bool {
        true
    }

    fn destination(&mut self, _: usize) -> Option<Destination<'_>> {
        None
    }

    fn observe(&mut self, of: &StepCurrents<'_>) {
        let OfBlock(collector, block) = self;
        let mut seen = collector.seen.lock().unwrap();
        for row in &collector.layouts[*block].rows {
            for (lane, cell) in row.cells.iter().enumerate() {
                for (kind, current_type) in collector.types.iter().enumerate() {
                    let linear = of.linear(kind);
                    let currents = match current_type {
                        CurrentType::Membrane => {
                            let template = &collector.templates[cell.gid as usize];
                            membrane_currents(row, lane, template, linear)
                        }
                        _ => {
                            let slots =
                                cell.slots.iter().map(|&slot| row.first_slot + slot as usize);
                            slots.map(|slot| linear[slot].0[lane]).collect()
                        }
                    };
                    for (segment, current) in currents.into_iter().enumerate() {
                        seen.insert((kind, of.step, cell.gid, segment), current);
                    }
                }
            }
        }
    }
}

const N_STEPS: u64 = 200;

/// A soma with three dendrites, two of them at one end.
fn branched(n_segments: usize, clamps: bool) -> CellTemplate {
    let mut shape = MorphologyBuilder::new();
    let soma = shape.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0).unwrap();
    for (name, at, length) in [("a", 1.0, 200.0), ("b", 1.0, 120.0), ("c", 0.0, 80.0)] {
        shape.cylinder(name, SectionKind::Basal, Some((soma, at)), length, 2.0).unwrap();
    }
    let rule = Discretization::FixedPerSection(n_segments);
    let cable = Cable::Uniform(CableProperties::default());
    let morphology = shape.build().unwrap();
    let morphology = morphology.segmented(&rule, &cable, SegmentPoints::Exact).unwrap();
    let mut cell = CellTemplate::new(morphology).unwrap();
    cell.insert("hh", &Region::Kinds(vec![SectionKind::Soma]), &[]).unwrap();
    cell.insert("pas", &Region::AllBut(vec![SectionKind::Soma]), &[("e", -65.0)]).unwrap();
    if clamps {
        let clamp = [("amp", 0.3), ("delay", 1.0), ("dur", 2.0)];
        cell.insert_point("IClamp", 0, &clamp).unwrap();
        cell.insert_point("IClamp", 0, &[("amp", -0.1), ("delay", 0.0), ("dur", 9.0)]).unwrap();
        cell.insert_point("SEClamp", 1, &[("rs", 2.0), ("dur1", 4.0), ("amp1", -50.0)]).unwrap();
    }
    cell
}

struct Network {
    specs: Vec<CellSpec>,
    kinds: Vec<PointKind>,
}

/// Cells of two trees, with synapses of all sorts, some of them on one segment.
fn network(clamps: bool) -> Network {
    let kinds = [
        ("ExpSyn", vec![("tau", 2.0), ("e", 0.0)]),
        ("ExpSyn", vec![("tau", 3.0), ("e", -75.0)]),
        ("Exp2Syn", vec![("tau1", 0.3), ("tau2", 5.0), ("e", -80.0)]),
        ("ExpSynI", vec![("tau", 1.0)]),
    ];
    let kinds = kinds.iter().map(|(name, values)| PointKind::new(name, values).unwrap()).collect();
    let templates = [Arc::new(branched(1, clamps)), Arc::new(branched(3, clamps))];
    let point = |(segment, kind)| PointSpec { segment, kind, row: 0 };
    let points = [(2, 0), (2, 1), (1, 1), (1, 0), (3, 2), (0, 3), (2, 3)].map(point).to_vec();
    let spec = |gid: u64| CellSpec {
        gid,
        template: templates[gid as usize % 2].clone(),
        points: points.clone(),
    };
    Network { specs: (0..11).map(spec).collect(), kinds }
}

/// All currents of these types, and the potentials.
fn run(network: &Network, settings: StepSettings, types: &[CurrentType]) -> (Currents, Vec<f64>) {
    let Network { specs, kinds } = network;
    let mut cells = Cells::new(specs, kinds, settings, 1).unwrap();
    for (cell, spec) in specs.iter().enumerate() {
        let every = (0, Schedule::default());
        cells.record(every, cell as u32, spec.gid, 2, &Quantity::Voltage).unwrap();
        for point in 0..spec.points.len() {
            let target = cells.target(cell, point);
            let first_ms = 0.1 * (cell + point) as f64;
            let times = SpikeSource::Times(vec![first_ms, first_ms + 1.7]);
            // Current-based synapses of both signs.
            let weight = if point < 5 { 0.01 } else { 0.2 * (point as f64 - 5.5) };
            let key = SourceKey { seed: 1, gid: spec.gid, number: point as u64 };
            let group = &mut cells.groups_mut()[target.group as usize];
            group.add_input(target.endpoint, &times, weight, 0.0, key).unwrap();
        }
    }
    let seen = Seen::default();
    let mut group = cells.into_groups().pop().unwrap();
    if !types.is_empty() {
        let collector = Collector::new(&group, specs, types, &seen);
        group.observe_currents(Box::new(collector), types).unwrap();
    }
    group.initialize(1, 50);
    // A short epoch and a long one.
    group.advance(0..7, || ()).unwrap();
    group.advance(7..N_STEPS, || ()).unwrap();
    let mut samples = Samples::new(specs.len());
    group.take_samples(0, &mut samples);
    let seen = seen.lock().unwrap().clone();
    (seen, samples.values)
}

fn mechanism(name: &str) -> CurrentType {
    CurrentType::Mechanism(name.into())
}

/// The membrane current first, then the types that make it up, then electrodes.
fn types() -> (Vec<CurrentType>, usize) {
    let types = vec![
        CurrentType::Membrane,
        CurrentType::Capacitive,
        mechanism("pas"),
        mechanism("hh"),
        CurrentType::ExcitatorySynapses,
        CurrentType::InhibitorySynapses,
        mechanism("IClamp"),
        mechanism("SEClamp"),
    ];
    (types, 6)
}

#[test]
fn types_add_up_to_the_membrane_current_and_a_cell_to_what_electrodes_inject() {
    let (types, n_membrane) = types();
    for clamps in [false, true] {
        for second_order in [false, true] {
            let (seen, _) = run(&network(clamps), step(0.025, second_order), &types);
            let largest = seen.values().map(|i| i.abs()).fold(0.0, f64::max);
            let n_segments = |gid: u64| if gid.is_multiple_of(2) { 4 } else { 12 };
            assert_eq!(seen.len(), types.len() * (N_STEPS as usize + 1) * (6 * 4 + 5 * 12));
            let (mut types_error, mut cell_error) = (0.0_f64, 0.0_f64);
            for step in 0..=N_STEPS {
                for gid in 0..11 {
                    let mut sum = 0.0;
                    for segment in 0..n_segments(gid) {
                        let of = |kind: usize| seen[&(kind, step, gid, segment)];
                        let parts: f64 = (1..n_membrane).map(of).sum();
                        types_error = types_error.max((of(0) - parts).abs());
                        sum += of(0) + of(6) + of(7);
                    }
                    cell_error = cell_error.max(sum.abs());
                }
            }
            println!(
                "clamps {clamps}, second order {second_order}: types {:.1e}, cells {:.1e} of the \
                 largest current",
                types_error / largest,
                cell_error / largest
            );
            // Potentials are rounded, and axial currents are their differences times conductances.
            let conductances = branched(3, false).tree().diagonal_us.clone();
            let rounding = f64::EPSILON * 80.0 * conductances.into_iter().fold(0.0, f64::max);
            assert!(types_error < 16.0 * rounding, "{types_error} nA, {rounding} nA rounding");
            assert!(cell_error < 1e-12 * largest, "{cell_error} of {largest}");
            // All types are there.
            for (kind, name) in types.iter().enumerate() {
                let of_kind = seen.iter().filter(|((k, ..), _)| *k == kind);
                let most = of_kind.map(|(_, i)| i.abs()).fold(0.0, f64::max);
                assert_eq!(most > 0.0, clamps || kind < n_membrane, "{name:?}");
            }
        }
    }
}

#[test]
fn synapses_are_told_apart_by_their_reversal_potentials() {
    let (types, _) = types();
    let (seen, _) = run(&network(false), step(0.025, false), &types);
    for step in 0..=N_STEPS {
        // On segment 3 there is a synapse at -80 mV only; on 0 a current of negative weight only.
        assert_eq!(seen[&(4, step, 0, 3)], 0.0);
        assert_eq!(seen[&(4, step, 0, 0)], 0.0);
        assert!(seen[&(5, step, 0, 0)] >= 0.0);
    }
}

#[test]
fn who_observes_currents_changes_nothing() {
    let (types, _) = types();
    for second_order in [false, true] {
        let settings = step(0.025, second_order);
        let (_, observed) = run(&network(true), settings, &types);
        let (_, alone) = run(&network(true), settings, &[]);
        assert_eq!(observed, alone);
    }
}

#[test]
fn an_unknown_mechanism_is_refused() {
    let network = network(false);
    let cells = Cells::new(&network.specs, &network.kinds, step(0.025, false), 1).unwrap();
    let mut group = cells.into_groups().pop().unwrap();
    let types = [mechanism("nax")];
    let collector = Collector::new(&group, &network.specs, &types, &Seen::default());
    let refused = group.observe_currents(Box::new(collector), &types);
    assert!(refused.unwrap_err().to_string().contains("'nax'"));
}

/// LFPy's leak is that of the potential at the start of a step, ours that of its end.
#[test]
fn leak_and_capacitive_current_are_those_of_lfpy() {
    let Some(shared) = common::shared() else { return };
    let file = hdf5::File::open(shared.join("reference/lfpy/single_cell.h5")).unwrap();
    let case = file.group("bns_pas_syn").unwrap();
    let group = case.group("dt0.025").unwrap();
    let mut cell =
        CellTemplate::new(common::morphology(&case.group("morphology").unwrap())).unwrap();
    cell.insert("pas", &Region::All, &[("g", 1.0 / 30000.0), ("e", -65.0)]).unwrap();
    let kinds = [
        PointKind::new("ExpSyn", &[("tau", 2.0), ("e", 0.0)]).unwrap(),
        PointKind::new("Exp2Syn", &[("tau1", 0.2), ("tau2", 1.8), ("e", 0.0)]).unwrap(),
        PointKind::new("Exp2Syn", &[("tau1", 0.1), ("tau2", 9.0), ("e", -80.0)]).unwrap(),
    ];
    let inputs =
        [(10, 0.01, vec![3.0, 10.03, 10.06]), (18, 0.005, vec![6.1, 12.4]), (0, 0.01, vec![8.0])];
    let points = inputs.iter().enumerate();
    let points = points.map(|(k, i)| PointSpec { segment: i.0, kind: k as u32, row: 0 }).collect();
    let n_segments = cell.n_segments();
    let spec = CellSpec { gid: 0, template: Arc::new(cell), points };
    let specs = [spec];
    let mut cells = Cells::new(&specs, &kinds, step(0.025, false), 1).unwrap();
    for (k, (_, weight, times)) in inputs.into_iter().enumerate() {
        let target = cells.target(0, k);
        let key = SourceKey { seed: 0, gid: 0, number: k as u64 };
        let times = SpikeSource::Times(times);
        cells.groups_mut()[0].add_input(target.endpoint, &times, weight, 0.0, key).unwrap();
    }
    let (ipas, icap) = (common::matrix(&group, "ipas"), common::matrix(&group, "icap"));
    let n_steps = ipas[0].len() as u64 - 1;
    let seen = Seen::default();
    let mut group = cells.into_groups().pop().unwrap();
    let types = [mechanism("pas"), CurrentType::Capacitive];
    let collector = Collector::new(&group, &specs, &types, &seen);
    group.observe_currents(Box::new(collector), &types).unwrap();
    group.initialize(1, n_steps);
    group.advance(0..n_steps, || ()).unwrap();
    let seen = seen.lock().unwrap();
    for (kind, reference, shift) in [(0, &ipas, 1), (1, &icap, 0)] {
        let largest = reference.iter().flatten().map(|i| i.abs()).fold(0.0, f64::max);
        let mut error = 0.0_f64;
        for step in 1..=n_steps - shift {
            for segment in 0..n_segments {
                let expected = reference[segment][(step + shift) as usize];
                error = error.max((seen[&(kind, step, 0, segment)] - expected).abs());
            }
        }
        println!("{:?}: {error:.1e} nA of {largest:.1e}", types[kind]);
        assert!(error < 1e-9 * largest);
    }
}
