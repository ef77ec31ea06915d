//! Monitors: recordings that a program starts, pauses and looks at between pieces of a run, as
//! CompNeuroPy's.
//!
//! ```
//! use net_sim::monitor::{Fill, Monitors};
//! # use net_core::*;
//! # use net_sim::*;
//! # use net_cell::{CellTemplate, Region, morphology::*};
//! # fn model() -> std::result::Result<Model, Box<dyn std::error::Error>> {
//! # let mut builder = MorphologyBuilder::new();
//! # builder.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0)?;
//! # let cable = Cable::Uniform(CableProperties::default());
//! # let morphology = builder.build()?.segmented(&Discretization::FixedPerSection(1), &cable, SegmentPoints::Exact)?;
//! # let mut cell = CellTemplate::new(morphology)?;
//! # cell.insert("hh", &Region::All, &[])?;
//! # let mut network = Network::new(1);
//! # network.add_population(Population::new("E", 4, "soma"))?;
//! # Ok(Model::new(network).with_cells("soma", CellKind::shared(cell)))
//! # }
//! # let comm = net_mpi::Communicator::solo();
//! # let options = RunOptions::default();
//! // The potential of all cells of E every 2 ms, and their spikes.
//! let mut monitors = Monitors::new([("E;2", &["v", "spike"][..])])?;
//! let model = model()?.with_monitors(&monitors)?;
//! let mut simulation = Simulation::build(&comm, &model, &options)?;
//!
//! simulation.advance(100.0)?; // not recorded
//! monitors.start(&mut simulation)?;
//! simulation.advance(100.0)?;
//! monitors.reset(&mut simulation)?; // a new chunk; the model is at 0 ms again
//! simulation.advance(50.0)?;
//!
//! let recordings = monitors.recordings(&mut simulation)?.unwrap_or_else(|| unreachable!("rank 0"));
//! assert_eq!(recordings.array(0, "E;v")?.dim(), (50, 4));
//! assert_eq!(recordings.times().time_limits(0, "E", None)?, (100.0, 198.0));
//! assert_eq!(recordings.times().time_limits(1, "E", None)?, (0.0, 48.0));
//! let all = recordings.combine_periods("E;v", 1, Fill::Nan)?;
//! assert_eq!(all.times_ms.len(), 25);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Chunks and periods
//! A *period* goes from a start to a pause; a *chunk* from one reset to the next, with or without the
//! model. Recordings are lists of chunks; the samples of a chunk's periods stand one after the other.
//!
//! # Labels
//! A sample has the label of a time, a multiple k P of the monitor's period from the start of the
//! simulation (not of the recording). A period from a to b ms has the labels a <= k P < b. What the
//! state at a label is, [`SampleLabels`] say. Spikes have the number of the step in which they happen.
//!
//! # Ranks
//! All ranks call the same functions; [`Monitors::recordings`] gives all cells' data on rank 0.

mod combine;
mod definition;
mod error;
mod gather;
mod parts;
mod recordings;
mod state;
mod times;

pub use combine::{ChunkTime, Combined, Fill};
pub use error::MonitorError;
pub use recordings::{MonitoredSynapse, RecordedPart, Recordings};
pub use times::{PeriodLimits, RecordingTimes};

use crate::error::{Error, Result};
use crate::model::{Model, Monitored, whole_steps};
use crate::run::Simulation;
use definition::Definition;
use std::sync::Arc;

use times::{ChunkTimes, CompartmentTimes, Period};

pub(crate) use recordings::ChunkRecordings;
pub(crate) use state::MonitorsState;

/// Which state a sample of label t shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SampleLabels {
    /// The state at time t: what NEURON, and the recordings of a model, mean. The first sample of a
    /// run is the initial state.
    #[default]
    AtTime,
    /// The state after the step that begins at t: what ANNarchy and CompNeuroPy mean. The first
    /// sample of a run, of label 0, has made one step.
    AfterStep,
}

impl SampleLabels {
    /// Steps that a sample is taken after its label.
    fn shift(self) -> u64 {
        match self {
            SampleLabels::AtTime => 0,
            SampleLabels::AfterStep => 1,
        }
    }
}

/// Monitors of some populations and projections.
#[derive(Clone, Debug)]
pub struct Monitors {
    definitions: Vec<Definition>,
    labels: SampleLabels,
    own: MonitorsState,
}

impl Model {
    /// Has variables recorded for monitors, beside the recordings of the model.
    ///
    /// # Errors
    /// A population that does not exist, a variable that nobody has.
    pub fn with_monitors(mut self, monitors: &Monitors) -> Result<Self> {
        let monitored = definition::monitored(&monitors.definitions, monitors.labels, &self)?;
        self.set_monitored(monitored);
        Ok(self)
    }
}

impl Monitors {
    /// Monitors from a dictionary: `name` or `name;period`, with the time between samples in ms
    /// (without it, every step), and variables: `v`, `i_membrane`, `mechanism.variable`, any variable
    /// of point neurons, `spike`. Names are those of populations, or of projections: then `w`, the
    /// weight, and variables of the synapses' mechanism, without a period every 1000 steps.
    ///
    /// # Errors
    /// A key that is none, a compartment or variable twice, an unknown kind of variable.
    pub fn new<'d>(
        dictionary: impl IntoIterator<Item = (&'d str, &'d [&'d str])>,
    ) -> Result<Self, MonitorError> {
        let mut definitions: Vec<Definition> = Vec::new();
        for (key, variables) in dictionary {
            let new = Definition::new(key, variables)?;
            if definitions.iter().any(|own| own.compartment == new.compartment) {
                let (key, compartment) = (key.to_owned(), new.compartment);
                return Err(MonitorError::Twice { key, compartment });
            }
            definitions.push(new);
        }
        Ok(Monitors {
            own: MonitorsState::new(definitions.len()),
            labels: SampleLabels::default(),
            definitions,
        })
    }

    /// Says which state a sample shows; to be chosen before a model is made with the monitors.
    pub fn with_labels(mut self, labels: SampleLabels) -> Self {
        self.labels = labels;
        self
    }

    /// Goes on as the monitors of a simulation that was saved and is resumed: with the same periods
    /// and chunks, and what was recorded until then. Does nothing for a simulation that begins anew; to
    /// be called after building one that may be [resumed](crate::Checkpoints::resume), before anything
    /// else. Returns whether it went on.
    ///
    /// # Errors
    /// A simulation without these monitors.
    pub fn resume(&mut self, simulation: &mut Simulation<'_>) -> Result<bool> {
        self.check_model(simulation)?;
        let Some(resumed) = simulation.tracks_mut().take_resumed() else { return Ok(false) };
        self.own = resumed;
        Ok(true)
    }

    /// Starts or resumes all monitors; those that run go on.
    ///
    /// # Errors
    /// A simulation without these monitors.
    pub fn start(&mut self, simulation: &mut Simulation<'_>) -> Result<()> {
        self.set_running(simulation, None, true)
    }

    /// Starts or resumes the monitors of some compartments.
    ///
    /// # Errors
    /// A compartment that is not monitored; a simulation without these monitors.
    pub fn start_some(&mut self, simulation: &mut Simulation<'_>, names: &[&str]) -> Result<()> {
        self.set_running(simulation, Some(names), true)
    }

    /// Pauses all monitors; those that are paused, or never ran, stay so.
    ///
    /// # Errors
    /// A simulation without these monitors.
    pub fn pause(&mut self, simulation: &mut Simulation<'_>) -> Result<()> {
        self.set_running(simulation, None, false)
    }

    /// Pauses the monitors of some compartments.
    ///
    /// # Errors
    /// A compartment that is not monitored; a simulation without these monitors.
    pub fn pause_some(&mut self, simulation: &mut Simulation<'_>, names: &[&str]) -> Result<()> {
        self.set_running(simulation, Some(names), false)
    }

    /// Begins a new chunk and sets the model back to its start, where time is 0 again. Monitors that
    /// run go on; chunks without any sample are dropped. Collective.
    ///
    /// # Errors
    /// Those of [`Simulation::reset`]; a simulation without these monitors.
    pub fn reset(&mut self, simulation: &mut Simulation<'_>) -> Result<()> {
        self.reset_by(simulation, Simulation::reset)
    }

    /// As [`reset`](Self::reset), but parameters that were set while the model ran
    /// ([`Simulation::set_parameter`]) keep their values. Collective.
    ///
    /// # Errors
    /// As [`reset`](Self::reset).
    pub fn reset_keeping_parameters(&mut self, simulation: &mut Simulation<'_>) -> Result<()> {
        self.reset_by(simulation, Simulation::reset_keeping_parameters)
    }

    fn reset_by<'s>(
        &mut self,
        simulation: &mut Simulation<'s>,
        reset: impl FnOnce(&mut Simulation<'s>) -> Result<()>,
    ) -> Result<()> {
        simulation.check_reset()?;
        let elapsed = simulation.step();
        self.new_chunk(simulation)?;
        reset(simulation)?;
        self.own.has_reset(simulation.n_resets(), elapsed);
        self.apply(simulation);
        Ok(())
    }

    /// Begins a new chunk; the model and its time go on. Monitors that run go on; chunks without any
    /// sample are dropped. Collective.
    ///
    /// # Errors
    /// Those of communication; a simulation without these monitors.
    pub fn new_chunk(&mut self, simulation: &mut Simulation<'_>) -> Result<()> {
        self.check(simulation)?;
        if let Some((times, recordings)) = self.gather(simulation)? {
            self.own.chunk_times.push(times);
            self.own.chunks.extend(recordings.map(Arc::new));
        }
        simulation.tracks_mut().forget();
        self.own.begin_chunk(simulation.step());
        self.apply(simulation);
        Ok(())
    }

    /// Index of the chunk that is being recorded; None if all monitors are paused.
    pub fn current_chunk(&self) -> Option<usize> {
        let is_any_running = self.own.states.iter().any(|state| state.is_running);
        is_any_running.then_some(self.own.chunk_times.len())
    }

    /// Whether a compartment is being recorded.
    ///
    /// # Errors
    /// A compartment that is not monitored.
    pub fn is_running(&self, compartment: &str) -> Result<bool, MonitorError> {
        Ok(self.own.states[self.index_of(compartment)?].is_running)
    }

    /// All chunks, with what was recorded of the current one until now; on rank 0. Monitors that run
    /// go on, and the next call has more. Nothing recorded yet: no chunks. Collective.
    ///
    /// # Errors
    /// Those of communication; a simulation without these monitors.
    pub fn recordings(&mut self, simulation: &mut Simulation<'_>) -> Result<Option<Recordings>> {
        self.check(simulation)?;
        let current = self.gather(simulation)?;
        if !simulation.comm().is_root() {
            return Ok(None);
        }
        let mut chunks: Vec<_> = self.own.chunks.iter().map(|own| own.as_ref().clone()).collect();
        chunks.extend(current.and_then(|(_, recordings)| recordings));
        Ok(Some(Recordings { chunks, times: self.recording_times(simulation)? }))
    }

    /// When all chunks were recorded, the current one until now; on every rank.
    ///
    /// # Errors
    /// A simulation without these monitors.
    pub fn recording_times(&self, simulation: &Simulation<'_>) -> Result<RecordingTimes> {
        self.check(simulation)?;
        let mut chunks = self.own.chunk_times.clone();
        chunks.extend(self.current_times(simulation)?);
        Ok(RecordingTimes { dt_ms: simulation.clock().dt_ms(), chunks })
    }

    /// As [`recordings`](Self::recordings); then all is forgotten and all monitors are paused, as in
    /// the beginning. Collective.
    ///
    /// # Errors
    /// As [`recordings`](Self::recordings).
    pub fn recordings_and_clear(
        &mut self,
        simulation: &mut Simulation<'_>,
    ) -> Result<Option<Recordings>> {
        let recordings = self.recordings(simulation)?;
        simulation.tracks_mut().forget();
        self.own.clear();
        self.apply(simulation);
        Ok(recordings)
    }

    fn index_of(&self, compartment: &str) -> Result<usize, MonitorError> {
        let found = self.definitions.iter().position(|own| own.compartment == compartment);
        found.ok_or_else(|| MonitorError::NoCompartment {
            compartment: compartment.to_owned(),
            known: self
                .definitions
                .iter()
                .map(|own| own.compartment.clone())
                .collect::<Vec<_>>()
                .join(", "),
        })
    }

    /// Starts or pauses some or all compartments.
    fn set_running(
        &mut self,
        simulation: &mut Simulation<'_>,
        names: Option<&[&str]>,
        is_running: bool,
    ) -> Result<()> {
        self.check(simulation)?;
        let chosen = match names {
            None => (0..self.own.states.len()).collect(),
            Some(names) => names
                .iter()
                .map(|name| self.index_of(name))
                .collect::<Result<Vec<_>, MonitorError>>()?,
        };
        let now = simulation.step();
        for at in chosen {
            self.own.states[at].set_running(is_running, now);
        }
        self.apply(simulation);
        Ok(())
    }

    /// Tells the simulation which compartments are recorded from now on, and what to save of the
    /// monitors.
    fn apply(&self, simulation: &mut Simulation<'_>) {
        let tracks = simulation.tracks_mut();
        let (mut variable, mut population) = (0, 0);
        for (own, state) in self.definitions.iter().zip(&self.own.states) {
            for _ in &own.variables {
                tracks.run_samples(variable, state.is_running);
                variable += 1;
            }
            if own.spikes {
                tracks.run_spikes(population, state.is_running);
                population += 1;
            }
        }
        tracks.remember(self.own.clone());
    }

    /// Checks that a simulation has these monitors, was not reset without them, and does not go on
    /// from a checkpoint without them.
    fn check(&self, simulation: &Simulation<'_>) -> Result<()> {
        self.check_model(simulation)?;
        if simulation.tracks().is_resumed() {
            return Err(MonitorError::NotResumed.into());
        }
        if self.own.n_resets != simulation.n_resets() {
            return Err(MonitorError::ResetWithout.into());
        }
        Ok(())
    }

    /// Checks that a simulation has these monitors.
    fn check_model(&self, simulation: &Simulation<'_>) -> Result<()> {
        let names = self.definitions.iter().flat_map(Definition::names);
        let Monitored { recordings, spikes, shift, .. } = simulation.monitored();
        let n_spikes = self.definitions.iter().filter(|own| own.spikes).count();
        let is_own = names.eq(recordings.iter().map(|recording| recording.name.as_str()))
            && n_spikes == spikes.len()
            && self.labels.shift() == *shift;
        if !is_own {
            return Err(MonitorError::OtherModel.into());
        }
        Ok(())
    }

    /// The times of the current chunk until now; None without any sample.
    fn current_times(&self, simulation: &Simulation<'_>) -> Result<Option<ChunkTimes>> {
        let (now, clock) = (simulation.step(), simulation.clock());
        let times = |(own, state): (&Definition, &state::Running)| -> Result<CompartmentTimes> {
            let key = || format!("period of monitor '{}'", own.compartment);
            let interval = match own.period_ms {
                Some(ms) => whole_steps(&clock, key(), ms, 1)?,
                None => definition::usual_steps(simulation.model(), &own.compartment),
            };
            let mut periods = state.periods.clone();
            let going_on = state.started.map(|start| Period { start, stop: now });
            periods.extend(going_on.filter(|period| period.start < period.stop));
            Ok(CompartmentTimes { name: own.compartment.clone(), interval, offset: 0, periods })
        };
        let compartments = self.definitions.iter().zip(&self.own.states).map(times);
        let compartments = compartments.collect::<Result<Vec<_>>>()?;
        let is_empty = compartments.iter().all(|own| own.n_samples() == 0)
            && self.definitions.iter().zip(&compartments).all(|(definition, own)| {
                // Spikes do not wait for the grid of samples.
                !definition.spikes || own.periods.is_empty()
            });
        Ok((!is_empty).then_some(ChunkTimes { compartments, origin: self.own.origin }))
    }

    /// The current chunk until now: its times, and on rank 0 its recordings. Collective.
    fn gather(
        &self,
        simulation: &Simulation<'_>,
    ) -> Result<Option<(ChunkTimes, Option<ChunkRecordings>)>> {
        let Some(times) = self.current_times(simulation)? else { return Ok(None) };
        let comm = simulation.comm();
        let model = simulation.model();
        let network = model.network();
        let mut gathered = ChunkRecordings::default();
        let mut recordings = simulation.monitored().recordings.iter();
        let tracks = simulation.tracks();
        let (mut samples, mut spikes) = (tracks.samples(), tracks.spikes());
        for (own, times) in self.definitions.iter().zip(&times.compartments) {
            let n_samples = times.n_samples() as usize;
            let is_projection = definition::projection(model, &own.compartment).is_some();
            let population = network.find_population(&own.compartment);
            let cells = population.map(|id| network.population(id).gids()).unwrap_or_default();
            for (name, (columns, values)) in own.names().zip(&mut samples) {
                let unit = recordings.next().map_or(Ok(""), |own| own.unit(model))?.to_owned();
                if is_projection {
                    let found = gather::of_synapses(comm, columns, values, n_samples)?;
                    let Some((synapses, array)) = found else { continue };
                    gathered.synapses.push((name.clone(), synapses));
                    gathered.arrays.push((name, unit, array));
                } else {
                    let array = gather::of_cells(comm, (columns, values), &cells, n_samples)?;
                    gathered.arrays.extend(array.map(|array| (name, unit, array)));
                }
            }
            if own.spikes
                && let Some(spikes) = spikes.next()
            {
                let cells = gather::of_spikes(comm, spikes, &cells)?;
                gathered.spikes.extend(cells.map(|cells| (own.compartment.clone(), cells)));
            }
        }
        Ok(Some((times, comm.is_root().then_some(gathered))))
    }
}

impl From<MonitorError> for Error {
    fn from(error: MonitorError) -> Self {
        Error::Monitor(Box::new(error))
    }
}
