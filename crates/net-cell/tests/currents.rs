//! Membrane currents as an observer sees them: all of them, once, the same as recorded ones.

mod harness;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use harness::{cable, membrane_currents, step};
use net_cell::currents::{
    BlockLayout, BlockObserver, CurrentObserver, CurrentType, Destination, StepCurrents,
};
use net_cell::morphology::CableProperties;
use net_cell::simd::F8;
use net_cell::{CellSpec, CellTemplate, Cells, Quantity, Region, Samples, Schedule};

/// Current of (step, gid, segment).
type Seen = Arc<Mutex<BTreeMap<(u64, u64, usize), f64>>>;

#[derive(Debug)]
struct Collector {
    layouts: Vec<BlockLayout>,
    /// By gid.
    templates: Vec<Arc<CellTemplate>>,
    seen: Seen,
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
        let layout = &collector.layouts[*block];
        assert_eq!(of.linear(0).len(), layout.n_membrane());
        assert!(of.linear(0).iter().flat_map(|v| v.0).all(f64::is_finite));
        for row in &layout.rows {
            for (lane, cell) in row.cells.iter().enumerate() {
                let template = &collector.templates[cell.gid as usize];
                let currents = membrane_currents(row, lane, template, of.linear(0));
                for (segment, current) in currents.into_iter().enumerate() {
                    let twice = seen.insert((of.step, cell.gid, segment), current);
                    assert_eq!(twice, None);
                }
            }
        }
    }
}

#[test]
fn an_observer_sees_what_is_recorded() {
    let mut specs = Vec::new();
    for gid in 0..21u64 {
        let n_segments = 1 + 2 * (gid as usize % 4);
        let shape = cable(100.0, 10.0, n_segments, CableProperties::default());
        let mut cell = CellTemplate::new(shape).unwrap();
        cell.insert("hh", &Region::All, &[]).unwrap();
        let amp = 0.05 * gid as f64;
        cell.insert_point("IClamp", 0, &[("amp", amp), ("delay", 0.0), ("dur", 5.0)]).unwrap();
        specs.push(CellSpec { gid, template: Arc::new(cell), points: Vec::new() });
    }
    const N_STEPS: u64 = 75;
    for (n_groups, second_order) in [(1, false), (2, false), (1, true)] {
        let settings = step(0.025, second_order);
        let mut cells = Cells::new(&specs, &[], settings, n_groups).unwrap();
        let mut columns = Vec::new();
        for spec in &specs {
            for segment in 0..spec.template.n_segments() {
                let at = (0, Schedule::default());
                let quantity = Quantity::MembraneCurrent;
                cells.record(at, columns.len() as u32, spec.gid, segment, &quantity).unwrap();
                columns.push((spec.gid, segment));
            }
        }
        let seen = Seen::default();
        let mut samples = Samples::new(columns.len());
        for mut group in cells.into_groups() {
            let templates = specs.iter().map(|spec| spec.template.clone()).collect();
            let collector = Collector { layouts: group.layouts(), templates, seen: seen.clone() };
            group.observe_currents(Box::new(collector), &[CurrentType::Membrane]).unwrap();
            group.initialize(1, 50);
            group.advance(0..50, || ()).unwrap();
            group.advance(50..N_STEPS, || ()).unwrap();
            group.take_samples(0, &mut samples);
        }
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), columns.len() * (N_STEPS as usize + 1));
        // The same flows along the cable, added up in another order.
        let largest = samples.values.iter().map(|i| i.abs()).fold(0.0, f64::max);
        for (row, step) in samples.values.chunks_exact(columns.len()).zip(&samples.steps) {
            for (&value, &(gid, segment)) in row.iter().zip(&columns) {
                let error = seen[&(*step, gid, segment)] - value;
                assert!(error.abs() <= 1e-13 * largest, "{error} of {largest} nA");
            }
        }
    }
}

/// Has the solver leave what every step asks for, and compares it with what is shown.
#[derive(Debug, Default)]
struct Placing {
    /// For each block the sum over the steps of a mean.
    sums: Vec<Vec<F8>>,
    /// What the solver left, and what it should have.
    left: Vec<F8>,
    expected: Vec<F8>,
    n_left: Arc<Mutex<usize>>,
}

struct PlacingOfBlock<'a>(&'a mut Placing, usize, u64);

const OF_MEAN: u64 = 3;

impl CurrentObserver for Placing {
    fn watch(&mut self, block: usize) -> Box<dyn BlockObserver + '_> {
        self.sums.resize(self.sums.len().max(block + 1), Vec::new());
        Box::new(PlacingOfBlock(self, block, 0))
    }
}

impl BlockObserver for PlacingOfBlock<'_> {
    fn wants(&mut self, step: u64) -> bool {
        self.2 = step;
        step % 7 != 6
    }

    fn destination(&mut self, n_slots: usize) -> Option<Destination<'_>> {
        let PlacingOfBlock(placing, block, step) = self;
        let sum = &mut placing.sums[*block];
        sum.resize(n_slots, F8::ZERO);
        placing.left.resize(n_slots, F8::ZERO);
        placing.expected.clone_from(sum);
        *placing.n_left.lock().unwrap() += 1;
        Some(match *step % OF_MEAN {
            0 => Destination::mean(&mut placing.left, sum, 1.0 / OF_MEAN as f64),
            1 => Destination::copy(sum),
            _ => Destination::add(sum),
        })
    }

    fn observe(&mut self, of: &StepCurrents<'_>) {
        let PlacingOfBlock(placing, block, step) = self;
        assert_eq!(of.step, *step);
        if of.step == 0 || placing.expected.is_empty() {
            return;
        }
        let expected = placing.expected.iter().zip(of.linear(0)).map(|(sum, shown)| {
            F8(std::array::from_fn(|lane| match *step % OF_MEAN {
                0 => (sum.0[lane] + shown.0[lane]) * (1.0 / OF_MEAN as f64),
                1 => shown.0[lane],
                _ => sum.0[lane] + shown.0[lane],
            }))
        });
        let expected: Vec<F8> = expected.collect();
        let left = if *step % OF_MEAN == 0 { &placing.left } else { &placing.sums[*block] };
        assert_eq!(left, &expected);
    }
}

#[test]
fn the_solver_leaves_potentials_where_they_are_wanted() {
    let cell = |gid: u64, has_electrode: bool| {
        let shape = cable(100.0, 10.0, 2 + gid as usize % 4, CableProperties::default());
        let mut cell = CellTemplate::new(shape).unwrap();
        cell.insert("hh", &Region::All, &[]).unwrap();
        cell.insert("pas", &Region::All, &[("e", -60.0 + gid as f64)]).unwrap();
        if has_electrode {
            cell.insert_point("IClamp", 0, &[("amp", 0.1), ("delay", 0.0), ("dur", 5.0)]).unwrap();
        }
        CellSpec { gid, template: Arc::new(cell), points: Vec::new() }
    };
    for (has_electrodes, second_order) in [(false, false), (false, true), (true, false)] {
        let specs: Vec<CellSpec> = (0..21).map(|gid| cell(gid, has_electrodes)).collect();
        let cells = Cells::new(&specs, &[], step(0.025, second_order), 1).unwrap();
        let n_left = Arc::new(Mutex::new(0));
        for mut group in cells.into_groups() {
            let placing = Placing { n_left: n_left.clone(), ..Placing::default() };
            group.observe_currents(Box::new(placing), &[CurrentType::Membrane]).unwrap();
            group.initialize(1, 50);
            group.advance(0..10, || ()).unwrap();
            group.advance(10..30, || ()).unwrap();
            // What electrodes inject is beside the potentials, which are shown whole then.
            let n_wanted = (1..=30).filter(|step| step % 7 != 6).count();
            let n_blocks = if has_electrodes { 0 } else { group.layouts().len() };
            assert_eq!(*n_left.lock().unwrap(), n_wanted * n_blocks);
        }
    }
}
