//! The dictionary of monitors, and what it means for a model.

use net_cell::Quantity;
use net_cell::point::PointNeuron;
use net_core::Projection;
use net_io::store::SampleType;

use super::SampleLabels;
use super::error::MonitorError;
use crate::error::{Error, Result};
use crate::model::{Model, Monitored, Recording, Targets};

/// The variable that stands for spikes.
pub(super) const SPIKE: &str = "spike";

/// The variable that stands for weights.
const WEIGHT: &str = "w";

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
            ("e_extracellular", _) => Ok(Quantity::Extracellular),
            (_, Some((mechanism, variable))) => Ok(Quantity::Variable {
                mechanism: mechanism.to_owned(),
                variable: variable.to_owned(),
                nth: 0,
            }),
            _ => Err(MonitorError::Variable {
                compartment: self.compartment.clone(),
                variable: variable.to_owned(),
                expected: "v, i_membrane, e_extracellular, spike or mechanism.variable, as in hh.m"
                    .to_owned(),
            }),
        }
    }
}

/// Steps between samples of a projection, if the period is not said.
const PERIOD_OF_PROJECTIONS: u64 = 1000;

/// Steps between samples of a compartment, if the period is not said: CompNeuroPy's.
pub(super) fn usual_steps(model: &Model, compartment: &str) -> u64 {
    match model.network().find_population(compartment) {
        Ok(_) => 1,
        Err(_) => PERIOD_OF_PROJECTIONS,
    }
}

/// The projection that a compartment is, if it is one.
pub(super) fn projection<'m>(model: &'m Model, compartment: &str) -> Option<&'m Projection> {
    model.network().projections().iter().find(|own| own.name == compartment)
}

impl Definition {
    /// A variable of a projection's synapses on any cells: `w`, or a variable of their mechanism.
    fn of_synapses(
        &self,
        (name, variable): (String, &str),
        model: &Model,
        projection: &Projection,
    ) -> Result<Recording, Error> {
        let (compartment, variable) = (self.compartment.clone(), variable.to_owned());
        let mechanism = &projection.synapse.mechanism;
        let prefix = format!("{mechanism}.");
        let own = variable.strip_prefix(&prefix).unwrap_or(&variable);
        let known = match (net_cell::mechanism::find(mechanism), model.point_synapse(projection)) {
            (_, Some(Ok(synapse))) => {
                let variables = synapse.variables().iter().map(|own| own.name());
                variables.filter(|name| *name != WEIGHT).collect()
            }
            (Ok((_, found)), None) => found.columns.iter().map(|column| column.name).collect(),
            _ => Vec::new(),
        };
        let recording = match own {
            WEIGHT => Recording::of_weights(name, Targets::All, &projection.name),
            _ if known.contains(&own) => {
                let of = (projection.name.as_str(), mechanism.as_str(), own);
                Recording::of_projection(name, Targets::All, of)
            }
            _ => {
                let expected = match known.is_empty() {
                    true => format!("{WEIGHT}, the weight"),
                    false => format!("{WEIGHT}, the weight, or one of {}", known.join(", ")),
                };
                return Err(MonitorError::Variable { compartment, variable, expected }.into());
            }
        };
        let (interval_ms, sample_type) = (self.period_ms, SampleType::F64);
        Ok(Recording { interval_ms, sample_type, ..recording })
    }

    /// Adds what is wanted of the synapses of a projection.
    fn add_synapses(
        &self,
        monitored: &mut Monitored,
        model: &Model,
        projection: &Projection,
    ) -> Result<()> {
        if self.spikes {
            let (compartment, variable) = (self.compartment.clone(), SPIKE.to_owned());
            let expected = "a variable of synapses; projections have no spikes".to_owned();
            return Err(MonitorError::Variable { compartment, variable, expected }.into());
        }
        for (name, variable) in self.names().zip(&self.variables) {
            let recording = self.of_synapses((name, variable), model, projection)?;
            monitored.recordings.push(recording);
            monitored.usual_steps.push(usual_steps(model, &self.compartment));
        }
        Ok(())
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
        let found = network.find_population(&own.compartment);
        if let Some(projection) = projection(model, &own.compartment) {
            if found.is_ok() {
                let problem = "a population and a projection have this name".to_owned();
                let compartment = own.compartment.clone();
                return Err(MonitorError::Variables { compartment, problem }.into());
            }
            own.add_synapses(&mut monitored, model, projection)?;
            continue;
        }
        let id = found.map_err(|_| {
            let populations = network.populations().iter().map(|p| p.name());
            let projections = network.projections().iter().map(|p| p.name.as_str());
            Error::UnknownPopulation {
                user: "monitor".to_owned(),
                population: own.compartment.clone(),
                known: populations.chain(projections).collect::<Vec<_>>().join(", "),
            }
        })?;
        let population = network.population(id);
        let points = model.points_of(population).map(std::sync::Arc::as_ref);
        for (name, variable) in own.names().zip(&own.variables) {
            monitored.recordings.push(own.recording(name, variable, points)?);
            monitored.usual_steps.push(usual_steps(model, &own.compartment));
        }
        if own.spikes {
            let first = population.first_gid();
            monitored.spikes.push(first..first + population.size());
        }
    }
    Ok(monitored)
}
