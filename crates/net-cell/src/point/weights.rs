//! Samples of weights and variables of synapses on point neurons.

use std::ops::Range;

use super::projection::Projection;
use super::synapse::SynapseVariable;
use crate::record::{Samples, Schedule, Timetable};

/// Weights, or values of another variable, of one projection that are sampled together.
#[derive(Debug)]
pub(super) struct WeightRecorder {
    pub(super) recording: usize,
    times: Timetable,
    pub(super) projection: usize,
    variable: SynapseVariable,
    /// Source, run and place of each synapse, and its column in the recording.
    synapses: Vec<(usize, usize, usize)>,
    columns: Vec<u32>,
    steps: Vec<u64>,
    /// Row by row.
    samples: Vec<f64>,
}

impl WeightRecorder {
    pub(super) fn new(
        (recording, schedule): (usize, Schedule),
        projection: usize,
        variable: SynapseVariable,
    ) -> Self {
        WeightRecorder {
            recording,
            times: Timetable::new(schedule),
            projection,
            variable,
            synapses: Vec::new(),
            columns: Vec::new(),
            steps: Vec::new(),
            samples: Vec::new(),
        }
    }

    /// Adds a synapse, by its source, run and place.
    pub(super) fn add(&mut self, synapse: (usize, usize, usize), column: u32) {
        self.synapses.push(synapse);
        self.columns.push(column);
    }

    /// Takes samples in these steps only.
    pub(super) fn set_windows(&mut self, windows: &[Range<u64>]) {
        self.times.set_windows(windows);
    }

    /// Takes the sample of a step, if it is due. Synapses learn in the eyes of who looks at them, but
    /// nothing changes.
    pub(super) fn sample(&mut self, step: u64, projections: &[Projection]) {
        if !self.times.is_due(step) {
            return;
        }
        self.steps.push(step);
        let of = &projections[self.projection];
        let value = |&synapse| of.variable(self.variable, synapse, step);
        self.samples.extend(self.synapses.iter().map(value));
    }

    /// Forgets all samples.
    pub(super) fn clear(&mut self) {
        self.steps.clear();
        self.samples.clear();
    }

    /// Copies the samples and forgets them.
    pub(super) fn take(&mut self, into: &mut Samples) {
        into.add(&self.steps, &self.columns, &self.samples);
        self.clear();
    }
}
