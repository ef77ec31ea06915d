//! The dictionary of monitors, and what it means for a model.

use net_cell::Quantity;
use net_cell::point::PointNeuron;
use net_io::store::SampleType;

use super::SampleLabels;
use super::error::MonitorError;
use crate::error::{Error, Result};
use crate::model::{Model, Monitored, Recording, Targets};

/// The variable that stands for spikes.
pub(super) const SPIKE: &str = "spike";

/// One entry of the dictionary.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Definition {
    pub(super) compartment: String,
    /// Time between samples in ms; absent: every step.
    pub(super) period_ms: Option<f64>,
    /// Without spikes.
    pub(super) variables: Vec<String>,
    pub(super) spikes: bool,
}

impl Definition {
    /// From `name` or `name;period`, and variables.
    pub(super) fn new(key: &str, variables: &[&str]) -> Result<Self, MonitorError> {
        let bad_key = || MonitorError::Key { key: key.to_owned() };
        let (compartment, period_ms) = match key.split_once(';') {
            None => (key, None),
            Some((name, period)) => {
                let ms: f64 = period.trim().parse().map_err(|_| bad_key())?;
                (
                    name,
                    Some(ms).filter(|ms| ms.is_finite() && *ms > 0.0).ok_or_else(bad_key)?.into(),
                )
            }
        };
        if compartment.is_empty() {
            return Err(bad_key());
        }
        let problem = |problem: String| {
            Err(MonitorError::Variables { compartment: compartment.to_owned(), problem })
        };
        if variables.is_empty() {
            return problem("no variable is listed".to_owned());
        }
        let twice = |(at, variable): &(usize, &&str)| variables[..*at].contains(*variable);
        if let Some((_, variable)) = variables.iter().enumerate().find(twice) {
            return problem(format!("'{variable}' is listed twice"));
        }
        let others = variables.iter().filter(|&&variable| variable != SPIKE);
        Ok(Definition {
            compartment: compartment.to_owned(),
            period_ms,
            variables: others.map(|&variable| variable.to_owned()).collect(),
            spikes: variables.contains(&SPIKE),
        })
    }

    /// Names of the arrays, `compartment;variable`.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.variables.iter().map(|variable| format!("{};{variable}", self.compartment))
    }

    fn recording(
        &self,
        name: String,
        variable: &str,
        points: Option<&PointNeuron>,
    ) -> Result<Recording, MonitorError> {
        let cells = Targets::Population(self.compartment.clone());
        let quantity = match points {
            Some(points) => self.quantity_of_points(variable, points)?,
            None => self.quantity(variable)?,
        };
        Ok(Recording {
            interval_ms: self.period_ms,
            sample_type: SampleType::F64,
            ..Recording::new(name, cells, quantity)
        })
    }

    /// A variable of point neurons, with or without their model's name before it.
    fn quantity_of_points(
        &self,
        variable: &str,
        points: &PointNeuron,
    ) -> Result<Quantity, MonitorError> {
        let model = points.model();
        let prefix = format!("{}.", model.name);
        let name = variable.strip_prefix(&prefix).unwrap_or(variable);
        if model.unit_of(name).is_err() {
            let names = model.variables().map(|variable| variable.name).collect::<Vec<_>>();
            return Err(MonitorError::Variable {
                compartment: self.compartment.clone(),
                variable: variable.to_owned(),
                expected: format!("spike or one of {}", names.join(", ")),
            });
        }
        let (mechanism, variable) = (model.name.to_owned(), name.to_owned());
        Ok(Quantity::Variable { mechanism, variable, nth: 0 })
    }

    fn quantity(&self, variable: &str) -> Result<Quantity, MonitorError> {
        match (variable, variable.split_once('.')) {
            ("v", _) => Ok(Quantity::Voltage),
            ("i_membrane", _) => Ok(Quantity::MembraneCurrent),
            (_, Some((mechanism, variable))) => Ok(Quantity::Variable {
                mechanism: mechanism.to_owned(),
                variable: variable.to_owned(),
                nth: 0,
            }),
            _ => Err(MonitorError::Variable {
                compartment: self.compartment.clone(),
                variable: variable.to_owned(),
                expected: "v, i_membrane, spike or mechanism.variable, as in hh.m".to_owned(),
            }),
        }
    }
}

/// What the monitors want of a model.
pub(super) fn monitored(
    definitions: &[Definition],
    labels: SampleLabels,
    model: &Model,
) -> Result<Monitored> {
    let network = model.network();
    let mut monitored = Monitored { shift: labels.shift(), ..Monitored::default() };
    for own in definitions {
        let id =
            network.find_population(&own.compartment).map_err(|_| Error::UnknownPopulation {
                user: "monitor".to_owned(),
                population: own.compartment.clone(),
                known: network
                    .populations()
                    .iter()
                    .map(|p| p.name())
                    .collect::<Vec<_>>()
                    .join(", "),
            })?;
        let population = network.population(id);
        let points = model.points_of(population).map(std::sync::Arc::as_ref);
        for (name, variable) in own.names().zip(&own.variables) {
            monitored.recordings.push(own.recording(name, variable, points)?);
        }
        if own.spikes {
            let first = population.first_gid();
            monitored.spikes.push(first..first + population.size());
        }
    }
    Ok(monitored)
}
