//! Point neurons of one kind: a model with parameters and initial values.

use std::sync::Arc;

use net_core::{Distribution, Purpose, Sampler, StepClock, StreamFamily};

use super::model::{PointModel, PointRole, PointVariable};
use super::step::Integrator;
use crate::error::CellError;

/// Values of a variable in the neurons of a population.
#[derive(Debug, Clone, PartialEq)]
pub enum PointValues {
    /// The same for all.
    Uniform(f64),
    /// Drawn for each neuron from a law; the same on any rank.
    Drawn(Distribution),
    /// One a neuron, by its number in the population.
    Each(Arc<[f64]>),
}

impl From<f64> for PointValues {
    fn from(value: f64) -> Self {
        PointValues::Uniform(value)
    }
}

impl From<Distribution> for PointValues {
    fn from(law: Distribution) -> Self {
        PointValues::Drawn(law)
    }
}

impl From<Vec<f64>> for PointValues {
    fn from(values: Vec<f64>) -> Self {
        PointValues::Each(values.into())
    }
}

/// From a time on a parameter has other values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) time_ms: f64,
    pub(super) column: usize,
    pub(super) values: PointValues,
}

/// Point neurons of one kind.
///
/// ```
/// use net_cell::point::PointNeuron;
/// use net_core::Distribution;
///
/// let regular = PointNeuron::new("Izhikevich2007Syn")?
///     .with("a", Distribution::Normal { mean: 0.03, std: 0.001 })?
///     .with("v", -60.0)?
///     .from_time_on(50.0, "I_app", 100.0)?;
/// assert_eq!(regular.model().name, "Izhikevich2007Syn");
/// let wrong = PointNeuron::new("Izhikevich2007Syn")?.with("C", -1.0).unwrap_err();
/// assert_eq!(wrong.to_string(), "'C' of point neuron 'Izhikevich2007Syn' is -1; expected a finite number > 0");
/// # Ok::<(), net_cell::CellError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PointNeuron {
    model: &'static PointModel,
    integrator: Integrator,
    values: Vec<(usize, PointValues)>,
    changes: Vec<Change>,
}

impl PartialEq for PointNeuron {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.model, other.model)
            && self.integrator == other.integrator
            && self.values == other.values
            && self.changes == other.changes
    }
}

impl PointNeuron {
    /// Neurons of the model `model`, with its defaults.
    ///
    /// # Errors
    /// No model has this name.
    pub fn new(model: &str) -> Result<Self, CellError> {
        let model = PointModel::find(model)?;
        let integrator = Integrator::default();
        Ok(PointNeuron { model, integrator, values: Vec::new(), changes: Vec::new() })
    }

    /// Gives a parameter its value, or a state its initial value.
    ///
    /// # Errors
    /// The model has no such variable, or a value is not allowed.
    pub fn with(
        mut self,
        variable: &str,
        values: impl Into<PointValues>,
    ) -> Result<Self, CellError> {
        let (column, values) = self.checked(variable, values.into())?;
        self.values.retain(|(other, _)| *other != column);
        self.values.push((column, values));
        Ok(self)
    }

    /// Gives a parameter other values from the step that starts at `time_ms` on: a current step,
    /// or, with several calls, any course that is constant in pieces.
    ///
    /// # Errors
    /// The model has no such parameter, or a value or the time is not allowed.
    pub fn from_time_on(
        mut self,
        time_ms: f64,
        parameter: &str,
        values: impl Into<PointValues>,
    ) -> Result<Self, CellError> {
        if !(time_ms.is_finite() && time_ms >= 0.0) {
            return Err(CellError::BadValue {
                quantity: "time of a change (ms)",
                value: time_ms,
                expected: "a finite number >= 0",
            });
        }
        let (column, values) = self.checked_parameter(parameter, values.into())?;
        let at = self.changes.partition_point(|change| change.time_ms <= time_ms);
        self.changes.insert(at, Change { time_ms, column, values });
        Ok(self)
    }

    /// Advances coupled equations by this method.
    pub fn integrated_by(mut self, integrator: Integrator) -> Self {
        self.integrator = integrator;
        self
    }

    /// The model.
    pub fn model(&self) -> &'static PointModel {
        self.model
    }

    /// How coupled equations are advanced.
    pub fn integrator(&self) -> Integrator {
        self.integrator
    }

    /// Checks that values given one a neuron are as many as the population has neurons.
    ///
    /// # Errors
    /// The first variable for which they are not.
    pub fn check_size(&self, n_neurons: u64) -> Result<(), CellError> {
        let changes = self.changes.iter().map(|change| (change.column, &change.values));
        let all = self.values.iter().map(|(column, values)| (*column, values)).chain(changes);
        for (column, values) in all {
            if let PointValues::Each(each) = values
                && each.len() as u64 != n_neurons
            {
                return Err(CellError::PointValues {
                    model: self.model.name.to_owned(),
                    variable: self.model.columns[column].name.to_owned(),
                    n_values: each.len(),
                    n_neurons,
                });
            }
        }
        Ok(())
    }

    /// Relative cost of a step, in compartments of a cable cell.
    pub fn cost(&self) -> f64 {
        0.25
    }

    fn names_of(&self, which: impl Fn(&PointVariable) -> bool) -> String {
        let names = self.model.variables().filter(|v| which(v)).map(|v| v.name);
        names.collect::<Vec<_>>().join(", ")
    }

    fn checked(&self, name: &str, values: PointValues) -> Result<(usize, PointValues), CellError> {
        let variable = self.model.variable(name)?;
        if variable.role == PointRole::Output {
            return Err(CellError::UnknownParameter {
                mechanism: self.model.name.to_owned(),
                parameter: name.to_owned(),
                known: self.names_of(|v| v.role != PointRole::Output),
            });
        }
        match &values {
            PointValues::Uniform(value) => self.check(&variable, *value)?,
            PointValues::Each(each) => {
                each.iter().try_for_each(|&value| self.check(&variable, value))?;
            }
            PointValues::Drawn(law) => {
                Sampler::new(law, None, None).map_err(|source| self.bad_law(&variable, source))?;
            }
        }
        Ok((self.model.column(name)?, values))
    }

    /// Checks that a parameter exists and may have a value, which it gets while a network runs
    /// ([`PointPopulation::set_parameter`](super::PointPopulation::set_parameter)).
    ///
    /// # Errors
    /// The model has no such parameter, or the value is not allowed.
    pub fn check_parameter(&self, parameter: &str, value: f64) -> Result<(), CellError> {
        self.checked_parameter(parameter, value.into()).map(|_| ())
    }

    /// The column of a parameter, and values that are allowed.
    pub(super) fn checked_parameter(
        &self,
        parameter: &str,
        values: PointValues,
    ) -> Result<(usize, PointValues), CellError> {
        let (column, values) = self.checked(parameter, values)?;
        if self.model.columns[column].role != PointRole::Parameter {
            return Err(CellError::UnknownParameter {
                mechanism: self.model.name.to_owned(),
                parameter: parameter.to_owned(),
                known: self.names_of(|v| v.role == PointRole::Parameter),
            });
        }
        Ok((column, values))
    }

    fn check(&self, variable: &PointVariable, value: f64) -> Result<(), CellError> {
        if variable.allowed.contains(value) {
            return Ok(());
        }
        Err(CellError::BadPointValue {
            model: self.model.name.to_owned(),
            variable: variable.name.to_owned(),
            value,
            expected: variable.allowed.describe(),
        })
    }

    fn bad_law(&self, variable: &PointVariable, source: net_core::DistributionError) -> CellError {
        CellError::PointLaw {
            model: self.model.name.to_owned(),
            variable: variable.name.to_owned(),
            source: Box::new(source),
        }
    }

    /// Values of a column at the start, given ones or the default.
    pub(super) fn initial(&self, column: usize) -> PointValues {
        let given = self.values.iter().find(|(other, _)| *other == column);
        let default = || self.model.with_default(&self.model.columns[column]).default.into();
        given.map_or_else(default, |(_, values)| values.clone())
    }

    /// What changes when, in the order of time: steps and changes.
    pub(super) fn changes(&self, clock: &StepClock) -> Vec<(u64, Change)> {
        let step = |change: &Change| (change.time_ms / clock.dt_ms() - 1e-9).ceil() as u64;
        self.changes.iter().map(|change| (step(change), change.clone())).collect()
    }

    /// The values of these neurons of a population whose first gid is `first_gid`.
    ///
    /// # Errors
    /// A drawn value that is not allowed.
    pub(super) fn resolve(
        &self,
        column: usize,
        values: &PointValues,
        place: &Place,
        gids: &[u64],
    ) -> Result<Resolved, CellError> {
        let variable = self.model.columns[column];
        match values {
            PointValues::Uniform(value) => Ok(Resolved::Uniform(*value)),
            PointValues::Each(each) => {
                let own = gids.iter().map(|gid| each[(gid - place.first_gid) as usize]);
                Ok(Resolved::Each(own.collect()))
            }
            PointValues::Drawn(law) => {
                let sampler = Sampler::new(law, None, None)
                    .map_err(|source| self.bad_law(&variable, source))?;
                let family = StreamFamily::new(place.seed, Purpose::InitialState, place.population);
                let mut drawn = Vec::with_capacity(gids.len());
                for &gid in gids {
                    let value = sampler.draw(&mut family.stream([gid, column as u64]));
                    self.check(&variable, value)?;
                    drawn.push(value);
                }
                Ok(Resolved::Each(drawn))
            }
        }
    }
}

/// Which population of which network neurons belong to.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Seed of the network.
    pub seed: u64,
    /// Number of the population.
    pub population: u32,
    /// Its first gid.
    pub first_gid: u64,
}

/// Values of some neurons.
pub(super) enum Resolved {
    Uniform(f64),
    Each(Vec<f64>),
}
