//! Samples of point neurons.

use std::ops::Range;

use super::model::{PointModel, PointRole};
use crate::error::CellError;
use crate::record::{Quantity, Samples, Schedule, Timetable};

/// What is sampled together: one variable of some neurons.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) recording: usize,
    times: Timetable,
    /// Column of the variable.
    variable: usize,
    /// Whether it is sampled when events have been added and the model has not been advanced yet.
    pub(super) delivered: bool,
    /// Neurons, ascending, and their columns in the recording.
    neurons: Vec<u32>,
    columns: Vec<u32>,
    steps: Vec<u64>,
    /// Row by row.
    samples: Vec<f64>,
    /// Of variables on delivery, the values of the last step: they are gone when a window is opened.
    delivered_last: Vec<f64>,
}

/// Behind the name of a target variable: its value when the events of a step have been added, before
/// the step.
const DELIVERED: &str = "_delivered";

/// The column that a quantity asks for, and whether it is to be sampled on delivery.
pub(super) fn recorded_column(
    model: &PointModel,
    quantity: &Quantity,
) -> Result<(usize, bool), CellError> {
    let wanted = match quantity {
        Quantity::Voltage => {
            model.variables().find(|v| v.unit == "mV" && v.role == PointRole::State)
        }
        Quantity::Variable { mechanism, variable, .. } if mechanism == model.name => {
            return named_column(model, variable);
        }
        _ => None,
    };
    let Some(potential) = wanted else {
        let variable = match quantity {
            Quantity::Variable { mechanism, variable, .. } => format!("{mechanism}.{variable}"),
            Quantity::Voltage => "v".to_owned(),
            _ => "i_membrane".to_owned(),
        };
        return Err(CellError::UnknownVariable {
            mechanism: model.name.to_owned(),
            variable,
            known: model.variables().map(|v| v.name).collect::<Vec<_>>().join(", "),
        });
    };
    Ok((model.column(potential.name)?, false))
}

fn named_column(model: &PointModel, name: &str) -> Result<(usize, bool), CellError> {
    if let Some(target) = name.strip_suffix(DELIVERED)
        && let Ok(variable) = model.variable(target)
        && matches!(variable.role, PointRole::Target { .. })
    {
        return Ok((model.column(target)?, true));
    }
    Ok((model.column(name)?, false))
}

impl PointModel {
    /// Unit of a variable that can be recorded.
    ///
    /// # Errors
    /// The model has no such variable.
    pub fn unit_of(&self, variable: &str) -> Result<&'static str, CellError> {
        Ok(self.columns[named_column(self, variable)?.0].unit)
    }
}

impl Recorder {
    pub(super) fn new(
        recording: usize,
        schedule: Schedule,
        variable: usize,
        delivered: bool,
    ) -> Self {
        Recorder {
            recording,
            times: Timetable::new(schedule),
            variable,
            delivered,
            neurons: Vec::new(),
            columns: Vec::new(),
            steps: Vec::new(),
            samples: Vec::new(),
            delivered_last: Vec::new(),
        }
    }

    /// Takes samples in these steps only.
    pub(super) fn set_windows(&mut self, windows: &[Range<u64>]) {
        self.times.set_windows(windows);
    }

    /// Adds a neuron.
    pub(super) fn add(&mut self, neuron: u32, column: u32) {
        let at = self.neurons.partition_point(|&other| other <= neuron);
        self.neurons.insert(at, neuron);
        self.columns.insert(at, column);
    }

    /// Makes rows for those of some consecutive steps that are due.
    pub(super) fn begin(&mut self, steps: Range<u64>) {
        let due = steps.filter(|&step| self.times.is_due(step));
        self.steps.extend(due);
        self.samples.resize(self.steps.len() * self.neurons.len(), 0.0);
    }

    /// Takes the sample of a step, if it is due, of those of the neurons `own` that are recorded.
    pub(super) fn sample(
        &mut self,
        step: u64,
        own: &Range<usize>,
        value: impl Fn(usize, usize) -> f64,
    ) {
        let row = self.steps.binary_search(&step).ok();
        if row.is_none() && !self.delivered {
            return;
        }
        let first = self.neurons.partition_point(|&neuron| (neuron as usize) < own.start);
        let end = self.neurons.partition_point(|&neuron| (neuron as usize) < own.end);
        let n = self.neurons.len();
        let value = |&neuron: &u32| value(neuron as usize, self.variable);
        if let Some(row) = row {
            let to = &mut self.samples[row * n + first..row * n + end];
            to.iter_mut().zip(self.neurons[first..end].iter().map(value)).for_each(set);
        }
        if self.delivered {
            self.delivered_last.resize(n, 0.0);
            let to = &mut self.delivered_last[first..end];
            to.iter_mut().zip(self.neurons[first..end].iter().map(value)).for_each(set);
        }
    }

    /// Takes the sample of a step, if it is due, when all neurons have taken it.
    pub(super) fn sample_now(&mut self, step: u64, value: impl Fn(usize, usize) -> f64) {
        if !self.times.is_due(step) {
            return;
        }
        self.steps.push(step);
        if self.delivered {
            self.samples.extend_from_slice(&self.delivered_last);
        } else {
            let variable = self.variable;
            self.samples.extend(self.neurons.iter().map(|&i| value(i as usize, variable)));
        }
    }

    /// Neurons and their values on delivery in the last step, of variables that are sampled then.
    pub(super) fn delivered(&self) -> impl Iterator<Item = (u32, f64)> + '_ {
        self.neurons.iter().copied().zip(self.delivered_last.iter().copied())
    }

    /// Sets what [`delivered`](Self::delivered) gives for a neuron, if it is recorded.
    pub(super) fn set_delivered(&mut self, neuron: u32, value: f64) {
        if let Ok(at) = self.neurons.binary_search(&neuron) {
            self.delivered_last.resize(self.neurons.len(), 0.0);
            self.delivered_last[at] = value;
        }
    }

    /// Forgets all samples.
    pub(super) fn clear(&mut self) {
        self.steps.clear();
        self.samples.clear();
    }

    /// Copies the samples and forgets them.
    pub(super) fn take(&mut self, into: &mut Samples) {
        if self.neurons.is_empty() {
            return;
        }
        into.add(&self.steps, &self.columns, &self.samples);
        self.clear();
    }
}

fn set((to, value): (&mut f64, f64)) {
    *to = value;
}
