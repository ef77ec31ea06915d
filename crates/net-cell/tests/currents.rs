//! Membrane currents as an observer sees them: all of them, once, the same as recorded ones.

mod harness;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use harness::{cable, step};
use net_cell::currents::{BlockLayout, CurrentObserver, CurrentType, StepCurrents};
use net_cell::morphology::CableProperties;
use net_cell::simd::{F8, LANES};
use net_cell::{CellSpec, CellTemplate, Cells, Quantity, Region, Samples, Schedule};

/// Current of (step, gid, segment).
type Seen = Arc<Mutex<BTreeMap<(u64, u64, usize), f64>>>;

#[derive(Debug)]
struct Collector {
    layouts: Vec<BlockLayout>,
    seen: Seen,
}

impl CurrentObserver for Collector {
    fn wants(&self, _: u64) -> bool {
        true
    }

    fn observe(&mut self, of: &StepCurrents<'_>) {
        let mut currents = Vec::new();
        of.currents(0, of.linear(0), &mut currents);
        assert_eq!(currents.len(), of.n_slots);
        let mut seen = self.seen.lock().unwrap();
        let mut expected_zero = vec![[true; LANES]; of.n_slots];
        for row in &self.layouts[of.block].rows {
            for (lane, cell) in row.cells.iter().enumerate() {
                for (segment, &slot) in cell.slots.iter().enumerate() {
                    let slot = row.first_slot + slot as usize;
                    let twice = seen.insert((of.step, cell.gid, segment), currents[slot].0[lane]);
                    assert_eq!(twice, None);
                    expected_zero[slot][lane] = false;
                }
            }
        }
        for (F8(currents), empty) in currents.iter().zip(expected_zero) {
            assert!(currents.iter().zip(empty).all(|(&i, empty)| !empty || i == 0.0));
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
            let collector = Collector { layouts: group.layouts(), seen: seen.clone() };
            group.observe_currents(Box::new(collector), &[CurrentType::Membrane]).unwrap();
            group.initialize(1, 50);
            group.advance(0..50, || ()).unwrap();
            group.advance(50..N_STEPS, || ()).unwrap();
            group.take_samples(0, &mut samples);
        }
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), columns.len() * (N_STEPS as usize + 1));
        for (row, step) in samples.values.chunks_exact(columns.len()).zip(&samples.steps) {
            for (&value, &(gid, segment)) in row.iter().zip(&columns) {
                assert_eq!(seen[&(*step, gid, segment)].to_bits(), value.to_bits());
            }
        }
    }
}
