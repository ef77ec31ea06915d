//! Samples of point neurons.

use std::ops::Range;

use super::model::{PointModel, PointRole};
use crate::error::CellError;
use crate::record::{Quantity, Samples, Schedule};

/// What is sampled together: one variable of some neurons.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) recording: usize,
    schedule: Schedule,
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
        let (neurons, columns, steps, samples) = (vec![], vec![], vec![], vec![]);
        Recorder { recording, schedule, variable, delivered, neurons, columns, steps, samples }
    }

    /// Adds a neuron.
    pub(super) fn add(&mut self, neuron: u32, column: u32) {
        let at = self.neurons.partition_point(|&other| other <= neuron);
        self.neurons.insert(at, neuron);
        self.columns.insert(at, column);
    }

    /// Makes rows for those of some consecutive steps that are due.
    pub(super) fn begin(&mut self, steps: Range<u64>) {
        let due = steps.filter(|&step| self.schedule.is_due(step));
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
        let Ok(row) = self.steps.binary_search(&step) else { return };
        let first = self.neurons.partition_point(|&neuron| (neuron as usize) < own.start);
        let end = self.neurons.partition_point(|&neuron| (neuron as usize) < own.end);
        let n = self.neurons.len();
        let to = &mut self.samples[row * n + first..row * n + end];
        for (to, &neuron) in to.iter_mut().zip(&self.neurons[first..end]) {
            *to = value(neuron as usize, self.variable);
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
