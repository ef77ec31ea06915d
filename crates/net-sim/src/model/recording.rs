//! What is recorded: samples of segments and synapses, spikes, rates.

use net_cell::mechanism::IonVariable;
use net_cell::{Quantity, Schedule};
use net_core::{Network, StepClock};
use net_io::store::{Device, Direction, Ranges, SampleType};

use super::targets::Groups;
use super::{Segments, Targets, whole_steps};
use crate::error::{Error, Result, bad_value};

/// One quantity of some segments of some cells, sampled on one grid.
///
/// A sample at time t is the state at t: at 0 the initial one, at the end of the run the last one.
/// Currents and other outputs of mechanisms at t were computed from the state one step before, as in
/// NEURON.
///
/// ```
/// use net_sim::{Quantity, Recording, SampleType, Segments, Targets};
/// let traces = Recording {
///     interval_ms: Some(0.5),
///     ..Recording::new("soma_v", Targets::Population("E".into()), Quantity::Voltage)
/// };
/// assert_eq!((traces.segments, traces.sample_type), (Segments::Soma, SampleType::F32));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Name, unique among all recordings; the group in `traces.h5`.
    pub name: String,
    /// The cells.
    pub targets: Targets,
    /// Their segments.
    pub segments: Segments,
    /// What is recorded.
    pub quantity: Quantity,
    /// Which instances of the mechanism on a segment, if the quantity is a variable of one; of which
    /// projection, if it is a weight.
    pub instances: Instances,
    /// The cells that connections come from, if the quantity is a weight; else all.
    pub sources: Targets,
    /// Time between samples in ms, a whole number of steps; absent: every step.
    pub interval_ms: Option<f64>,
    /// Time of the first sample in ms, a whole number of steps.
    pub start_ms: f64,
    /// Start and stop in ms of the windows in which samples are taken, without the stop; empty:
    /// always. While a model runs, [`Simulation::set_windows`](crate::Simulation::set_windows)
    /// changes them.
    pub windows_ms: Vec<(f64, f64)>,
    /// How samples are stored.
    pub sample_type: SampleType,
    /// Count, mean, variance, minimum and maximum of all samples so far instead of the samples,
    /// written every so many ms, in double precision.
    pub statistics_ms: Option<f64>,
    /// Name and kind of the device that records, as results say them; absent: the recording's name,
    /// and a kind that fits.
    pub device: Option<Device>,
}

/// Which instances of a mechanism on a segment are recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Instances {
    /// The one that the quantity names by its number. A segment without it is an error.
    #[default]
    Nth,
    /// All, as many columns as there are; segments without any have none.
    All,
    /// Those that are synapses of a projection. Linear synapses with the same parameters on a segment
    /// share one state, which then is the sum over all of them.
    Projection(String),
    /// Those that are synapses of an input.
    Input(String),
}

/// Spikes of some cells. Without any such recording, those of all cells are recorded.
///
/// ```
/// use net_sim::{SpikeRecording, Targets};
/// let targets = Targets::Fraction { population: "E".into(), fraction: 0.1, seed: 1 };
/// let spikes = SpikeRecording::new("some", targets);
/// assert!(spikes.windows_ms.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SpikeRecording {
    /// Name, unique among all recordings.
    pub name: String,
    /// The cells. All of them are listed in the results, so that one that is silent differs from
    /// one that was not recorded.
    pub targets: Targets,
    /// Start and stop in ms of the windows in which spikes are recorded, without the stop; empty:
    /// always.
    pub windows_ms: Vec<(f64, f64)>,
    /// Kind of the device, as results say it.
    pub kind: String,
}

/// How often some cells spike together, in bins.
///
/// A sample at time t is about the bin that ends there: the steps from `t - interval_ms` up to t,
/// without t.
#[derive(Clone, Debug, PartialEq)]
pub struct RateRecording {
    /// Name, unique among all recordings; the group in `traces.h5`.
    pub name: String,
    /// The cells.
    pub targets: Targets,
    /// Width of a bin in ms, a whole number of steps.
    pub interval_ms: f64,
    /// Time at which the first bin begins, in ms, a whole number of steps.
    pub start_ms: f64,
    /// What the samples are.
    pub unit: RateUnit,
}

/// What is told of the spikes in a bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateUnit {
    /// Spikes a second and cell, in Hz.
    #[default]
    Hertz,
    /// Their number.
    Count,
}

impl Recording {
    /// Somatic samples of every step in single precision.
    pub fn new(name: impl Into<String>, targets: Targets, quantity: Quantity) -> Self {
        Recording {
            name: name.into(),
            targets,
            segments: Segments::Soma,
            quantity,
            instances: Instances::Nth,
            sources: Targets::All,
            interval_ms: None,
            start_ms: 0.0,
            windows_ms: Vec::new(),
            sample_type: SampleType::F32,
            statistics_ms: None,
            device: None,
        }
    }

    /// A variable of all synapses of a projection on some cells, as their current `i` in nA or
    /// conductance `g` in uS. On point neurons, a variable of plastic synapses
    /// ([`SynapseVariable`](net_cell::point::SynapseVariable)): a column for every connection.
    pub fn of_projection(
        name: impl Into<String>,
        targets: Targets,
        (projection, mechanism, variable): (&str, &str, &str),
    ) -> Self {
        let quantity = Quantity::Variable {
            mechanism: mechanism.to_owned(),
            variable: variable.to_owned(),
            nth: 0,
        };
        Recording {
            segments: Segments::All,
            instances: Instances::Projection(projection.to_owned()),
            ..Recording::new(name, targets, quantity)
        }
    }

    /// The weights of a projection's connections that end on some cells, a column each; `sources`
    /// can limit them to those from some cells. What plasticity makes of a weight is recorded in
    /// double precision.
    ///
    /// ```
    /// use net_sim::{Recording, Targets};
    /// let weights = Recording {
    ///     interval_ms: Some(10.0),
    ///     sources: Targets::Gids(vec![3, 4]),
    ///     ..Recording::of_weights("learned", Targets::All, "E:I")
    /// };
    /// # assert_eq!(weights.name, "learned");
    /// ```
    pub fn of_weights(name: impl Into<String>, targets: Targets, projection: &str) -> Self {
        Recording {
            segments: Segments::All,
            instances: Instances::Projection(projection.to_owned()),
            sample_type: SampleType::F64,
            ..Recording::new(name, targets, Quantity::Weight { argument: 0 })
        }
    }

    pub(super) fn validate(&self, model: &super::Model, clock: &StepClock) -> Result<()> {
        let user = || self.user();
        let (network, groups) = (model.network(), &model.groups);
        self.schedule(clock)?;
        self.windows(clock)?;
        self.statistics_steps(clock)?;
        self.segments.validate(user)?;
        self.validate_instances(model)?;
        self.unit(model)?;
        self.sources.validate(network, groups, user)?;
        self.targets.validate(network, groups, user)
    }

    /// The synapses of what is named are of the quantity's mechanism.
    fn validate_instances(&self, model: &super::Model) -> Result<()> {
        let (network, inputs) = (model.network(), model.inputs());
        let is_weight = matches!(self.quantity, Quantity::Weight { .. });
        if is_weight && !matches!(self.instances, Instances::Projection(_)) {
            let key = format!("{}: instances", self.user());
            return Err(bad_value(
                key,
                format!("{:?}", self.instances),
                "a projection, for weights",
            ));
        }
        let is_of_connections = is_weight || self.synapse_variable(model)?.is_some();
        if !is_of_connections && self.sources != Targets::All {
            let key = format!("{}: sources", self.user());
            let found = format!("{:?}", self.sources);
            return Err(bad_value(
                key,
                found,
                "all cells; only weights and variables of plastic synapses on point neurons are chosen by their sources",
            ));
        }
        let projections = network.projections();
        let (what, name, found, known): (_, _, _, Vec<&str>) = match &self.instances {
            Instances::Nth | Instances::All => return Ok(()),
            Instances::Projection(name) => {
                let found = projections.iter().find(|p| p.name == *name).map(|p| &p.synapse);
                ("projection", name, found, projections.iter().map(|p| p.name.as_str()).collect())
            }
            Instances::Input(name) => {
                let found = inputs.iter().find(|input| input.name == *name).map(|i| &i.synapse);
                ("input", name, found, inputs.iter().map(|input| input.name.as_str()).collect())
            }
        };
        let Some(synapse) = found else {
            let (user, known) = (self.user(), known.join(", "));
            return Err(Error::UnknownSynapses { user, what, name: name.clone(), known });
        };
        match &self.quantity {
            Quantity::Weight { .. } => Ok(()),
            Quantity::Variable { mechanism, .. } if *mechanism == synapse.mechanism => Ok(()),
            other => Err(Error::Value {
                key: format!("{}: quantity", self.user()),
                found: format!("{other:?}"),
                expected: "a variable of the mechanism of these synapses",
            }),
        }
    }

    /// The samples' grid in steps.
    pub(crate) fn schedule(&self, clock: &StepClock) -> Result<Schedule> {
        let steps = |key: &str, time_ms: f64, least: u64| {
            whole_steps(clock, format!("{}: {key}", self.user()), time_ms, least)
        };
        Ok(Schedule {
            interval: self.interval_ms.map_or(Ok(1), |ms| steps("interval_ms", ms, 1))?,
            offset: steps("start_ms", self.start_ms, 0)?,
        })
    }

    /// The steps in which samples are taken.
    pub(crate) fn windows(&self, clock: &StepClock) -> Result<Ranges> {
        windows(clock, &self.user(), &self.windows_ms)
    }

    /// Steps between statistics.
    pub(crate) fn statistics_steps(&self, clock: &StepClock) -> Result<Option<u64>> {
        let key = || format!("{}: statistics_ms", self.user());
        self.statistics_ms.map(|ms| whole_steps(clock, key(), ms, 1)).transpose()
    }

    /// Name of the variable in files.
    pub(crate) fn variable(&self) -> String {
        match &self.quantity {
            Quantity::Voltage => "v".to_owned(),
            Quantity::MembraneCurrent => "i_membrane".to_owned(),
            Quantity::Extracellular => "e_extracellular".to_owned(),
            Quantity::Ion { ion, variable } => match variable {
                IonVariable::Reversal => format!("e{ion}"),
                IonVariable::Current => format!("i{ion}"),
                IonVariable::Inside => format!("{ion}i"),
                IonVariable::Outside => format!("{ion}o"),
            },
            Quantity::Variable { mechanism, variable, .. } => format!("{mechanism}.{variable}"),
            Quantity::Weight { argument: 0 } => "weight".to_owned(),
            Quantity::Weight { argument } => format!("weight[{argument}]"),
        }
    }

    /// Its unit.
    pub(crate) fn unit(&self, model: &super::Model) -> Result<&'static str> {
        let (mechanism, variable) = match &self.quantity {
            Quantity::Voltage | Quantity::Extracellular => return Ok("mV"),
            Quantity::MembraneCurrent => return Ok("nA"),
            Quantity::Ion { variable, .. } => return Ok(variable.unit()),
            Quantity::Weight { argument } => return self.unit_of_weight(model, *argument),
            Quantity::Variable { mechanism, variable, .. } => (mechanism, variable),
        };
        if let Some(variable) = self.synapse_variable(model)? {
            return self.unit_of_synapse(model, variable);
        }
        if let Ok(model) = net_cell::point::PointModel::find(mechanism) {
            return model.unit_of(variable).map_err(|source| self.error(source));
        }
        let (_, found) =
            net_cell::mechanism::find(mechanism).map_err(|source| self.error(source))?;
        match found.column(variable) {
            Some(column) => Ok(found.columns[column].unit),
            None => Err(self.error(net_cell::CellError::UnknownVariable {
                mechanism: mechanism.clone(),
                variable: variable.clone(),
                known: found.columns.iter().map(|c| c.name).collect::<Vec<_>>().join(", "),
            })),
        }
    }

    /// The device: a clamp gives its own output, everything else is recorded.
    pub(crate) fn device(&self) -> Device {
        if let Some(device) = &self.device {
            return device.clone();
        }
        let kind_of = |mechanism: &str| {
            let (_, found) = net_cell::mechanism::find(mechanism).ok()?;
            Some(found.kind)
        };
        let is_synapse = matches!(self.instances, Instances::Projection(_));
        let (kind, direction) = match &self.quantity {
            Quantity::Weight { .. } => ("weight_recorder", Direction::Record),
            Quantity::Voltage => ("voltage_recorder", Direction::Record),
            Quantity::Variable { mechanism, .. } => match kind_of(mechanism) {
                Some(net_cell::mechanism::MechanismKind::Electrode) => {
                    ("current_clamp", Direction::Stimulate)
                }
                Some(net_cell::mechanism::MechanismKind::Point) => {
                    ("synapse_recorder", Direction::Record)
                }
                None if is_synapse => ("synapse_recorder", Direction::Record),
                _ => ("multimeter", Direction::Record),
            },
            Quantity::MembraneCurrent | Quantity::Extracellular | Quantity::Ion { .. } => {
                ("multimeter", Direction::Record)
            }
        };
        Device { name: self.name.clone(), kind: kind.to_owned(), direction }
    }

    /// What is recorded of, if it is not told from the places.
    pub(crate) fn kind(&self) -> Option<String> {
        let is_synapse = self.device().kind == "synapse_recorder"
            || matches!(self.quantity, Quantity::Weight { .. });
        is_synapse.then(|| "synapse".to_owned())
    }

    pub(crate) fn user(&self) -> String {
        format!("recording '{}'", self.name)
    }

    /// The recorded segments of a point neuron: it has one.
    pub(crate) fn segments_of_point(&self) -> &[u32] {
        match &self.segments {
            Segments::Indices(list) if !list.contains(&0) => &[],
            _ => &[0],
        }
    }

    pub(super) fn error(&self, source: net_cell::CellError) -> Error {
        Error::Synapse { user: self.user(), source: Box::new(source) }
    }
}

impl SpikeRecording {
    /// All spikes of some cells.
    pub fn new(name: impl Into<String>, targets: Targets) -> Self {
        let kind = "spike_recorder".to_owned();
        SpikeRecording { name: name.into(), targets, windows_ms: Vec::new(), kind }
    }

    pub(super) fn validate(
        &self,
        network: &Network,
        groups: &Groups,
        clock: &StepClock,
    ) -> Result<()> {
        self.windows(clock)?;
        self.targets.validate(network, groups, || self.user())
    }

    pub(crate) fn windows(&self, clock: &StepClock) -> Result<Ranges> {
        windows(clock, &self.user(), &self.windows_ms)
    }

    fn user(&self) -> String {
        format!("spike recording '{}'", self.name)
    }
}

impl RateRecording {
    /// The rate of some cells in Hz, in bins of some ms from the start of the run.
    pub fn new(name: impl Into<String>, targets: Targets, interval_ms: f64) -> Self {
        let (start_ms, unit) = (0.0, RateUnit::Hertz);
        RateRecording { name: name.into(), targets, interval_ms, start_ms, unit }
    }

    pub(super) fn validate(
        &self,
        network: &Network,
        groups: &Groups,
        clock: &StepClock,
    ) -> Result<()> {
        self.bins(clock)?;
        self.targets.validate(network, groups, || self.user())
    }

    /// Steps of a bin, and the step at which the first one begins.
    pub(crate) fn bins(&self, clock: &StepClock) -> Result<(u64, u64)> {
        let interval = format!("{}: interval_ms", self.user());
        let start = format!("{}: start_ms", self.user());
        Ok((
            whole_steps(clock, interval, self.interval_ms, 1)?,
            whole_steps(clock, start, self.start_ms, 0)?,
        ))
    }

    fn user(&self) -> String {
        format!("rate recording '{}'", self.name)
    }
}

/// Windows in steps.
pub(crate) fn windows(clock: &StepClock, user: &str, list: &[(f64, f64)]) -> Result<Ranges> {
    if list.is_empty() {
        return Ok(Ranges::all());
    }
    let steps = |time_ms: f64| match time_ms {
        f64::INFINITY => Ok(u64::MAX),
        _ => whole_steps(clock, format!("{user}: window"), time_ms, 0),
    };
    let mut windows = Ranges::default();
    for &(start_ms, stop_ms) in list {
        let (start, stop) = (steps(start_ms)?, steps(stop_ms)?);
        if stop <= start {
            let found = format!("{start_ms} to {stop_ms} ms");
            return Err(bad_value(format!("{user}: window"), found, "a stop after the start"));
        }
        windows.add(start..stop);
    }
    Ok(windows)
}
