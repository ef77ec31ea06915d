//! Membrane currents as an observer sees them: all of them, once, the same as recorded ones.

mod harness;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use harness::{cable, membrane_currents, step};
use net_cell::currents::{BlockLayout, CurrentObserver, CurrentType, StepCurrents};
use net_cell::morphology::CableProperties;
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
    fn wants(&self, _: u64) -> bool {
        true
    }

    fn observe(&mut self, of: &StepCurrents<'_>) {
        let mut seen = self.seen.lock().unwrap();
        let layout = &self.layouts[of.block];
        assert_eq!(of.linear(0).len(), layout.n_membrane());
        assert!(of.linear(0).iter().flat_map(|v| v.0).all(f64::is_finite));
        for row in &layout.rows {
            for (lane, cell) in row.cells.iter().enumerate() {
                let template = &self.templates[cell.gid as usize];
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
