//! What can be recorded, and when.

use std::ops::Range;

use crate::mechanism::IonVariable;

/// When samples are taken: at steps `offset`, `offset + interval`, ...
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Steps from sample to sample, at least 1.
    pub interval: u64,
    /// Step of the first sample.
    pub offset: u64,
}

impl Default for Schedule {
    fn default() -> Self {
        Schedule { interval: 1, offset: 0 }
    }
}

impl Schedule {
    /// Whether a sample is taken at this step.
    pub fn is_due(&self, step: u64) -> bool {
        step >= self.offset && (step - self.offset).is_multiple_of(self.interval)
    }
}

/// A schedule, of which samples are taken in some windows only.
#[derive(Debug, Clone)]
pub(crate) struct Timetable {
    schedule: Schedule,
    /// Steps in which samples are taken, in ascending order.
    windows: Vec<Range<u64>>,
}

impl Timetable {
    /// Always as scheduled.
    pub(crate) fn new(schedule: Schedule) -> Self {
        Timetable { schedule, windows: std::iter::once(0..u64::MAX).collect() }
    }

    /// Has samples taken in these steps only.
    pub(crate) fn set_windows(&mut self, windows: &[Range<u64>]) {
        self.windows = windows.to_vec();
    }

    /// Whether a sample is taken at this step.
    pub(crate) fn is_due(&self, step: u64) -> bool {
        self.schedule.is_due(step) && self.windows.iter().any(|window| window.contains(&step))
    }
}

/// A quantity of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quantity {
    /// Membrane potential in mV.
    Voltage,
    /// Membrane current in nA, outward positive: capacitive, ionic and synaptic, without what
    /// electrodes inject; the sum over a cell is what electrodes inject.
    MembraneCurrent,
    /// The potential that is imposed outside of a segment, in mV: sampled at t, that of the step that
    /// ends there, which is taken in its middle; 0 where nothing is imposed.
    Extracellular,
    /// A reversal potential, a concentration or, where a mechanism reads it, the current of an ion.
    Ion {
        /// Name of the ion, as `ca`.
        ion: String,
        /// Which of its quantities.
        variable: IonVariable,
    },
    /// A variable of a mechanism: parameter, state, current or other output. Currents sampled at
    /// t were computed from the potential one step before, as in NEURON.
    Variable {
        /// Name of the mechanism.
        mechanism: String,
        /// Name of the variable.
        variable: String,
        /// Which of several instances on the segment, in the order of their creation.
        nth: usize,
    },
    /// A weight of a connection. It is no quantity of a segment: connections are recorded by
    /// [`CellGroup::record_weight`](crate::CellGroup::record_weight) and
    /// [`PointPopulation::record_synapse`](crate::point::PointPopulation::record_synapse).
    Weight {
        /// Which argument of the mechanism's `NET_RECEIVE`; 0 is what the connection was made with.
        argument: usize,
    },
}

/// Samples of one recording: a row of all columns for every sampled step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples {
    /// Number of columns.
    pub n_columns: usize,
    /// Step of each row.
    pub steps: Vec<u64>,
    /// Rows one after the other.
    pub values: Vec<f64>,
}

impl Samples {
    /// Without rows.
    pub fn new(n_columns: usize) -> Self {
        Samples { n_columns, steps: Vec::new(), values: Vec::new() }
    }

    /// Copies the columns of one block, whose samples are of the same steps as everybody's.
    pub(crate) fn add(&mut self, steps: &[u64], columns: &[u32], samples: &[f64]) {
        if self.steps.is_empty() {
            self.steps.extend_from_slice(steps);
            self.values.resize(steps.len() * self.n_columns, 0.0);
        }
        debug_assert_eq!(self.steps, steps);
        for (row, samples) in samples.chunks_exact(columns.len()).enumerate() {
            let values = &mut self.values[row * self.n_columns..(row + 1) * self.n_columns];
            for (&column, &sample) in columns.iter().zip(samples) {
                values[column as usize] = sample;
            }
        }
    }
}
