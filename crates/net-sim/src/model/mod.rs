//! What is simulated: the same description on every rank.

mod input;
mod junction;
mod listed;
mod monitored;
mod parameter;
mod probe;
mod recording;
mod saved;
mod stimulation;
mod targets;
mod weights;

use std::collections::BTreeMap;
use std::sync::Arc;

use net_cell::CellTemplate;
use net_cell::point::PointNeuron;
use net_core::{Gid, Network, StepClock};
use net_io::store::Ranges;

use crate::error::{BoxError, Error, Result, bad_value};

pub use input::{Input, InputRow, InputSynapses, InputTable};
pub use junction::GapJunction;
pub(crate) use junction::list_junctions;
pub(crate) use listed::PointsByCell;
pub use listed::{
    ListedCell, ListedKind, ListedPoint, ListedPoints, ListedStream, PointLister, PointPlace,
    PointSource,
};
pub(crate) use monitored::Monitored;
pub use parameter::CellParameter;
pub use probe::ProbeRecording;
pub(crate) use probe::{CellPoints, GivenPoints, Samples};
pub(crate) use recording::windows;
pub use recording::{Instances, RateRecording, RateUnit, Recording, SpikeRecording};
pub use saved::table_projection;
pub use stimulation::{
    CellFunctions, CellPattern, Potential, PotentialFunction, SegmentFunction, StimulatedSegment,
    Stimulation, StrengthFunction,
};
use targets::Groups;
pub(crate) use targets::place_of;
pub use targets::{SegmentChoice, Segments, Targets};

/// Makes the template of a cell from its gid; called on the cell's rank, on any thread.
pub type CellBuilder =
    dyn Fn(Gid) -> std::result::Result<Arc<CellTemplate>, BoxError> + Send + Sync;

/// What the cells of a population are made from.
#[derive(Clone)]
pub enum CellKind {
    /// All are alike. They share a template, and are computed side by side.
    Shared(Arc<CellTemplate>),
    /// Each has its own.
    PerCell(Arc<CellBuilder>),
    /// Point neurons. Projections and inputs name a target of theirs as their mechanism, such as
    /// `ampa` or `STDP:ampa` ([`PointSynapse`](net_cell::point::PointSynapse)).
    Point(Arc<PointNeuron>),
}

impl CellKind {
    /// Cells that are all alike.
    pub fn shared(template: CellTemplate) -> Self {
        CellKind::Shared(Arc::new(template))
    }

    /// Cells without a membrane, all alike: instances of an `ARTIFICIAL_CELL`. Projections and inputs
    /// that end on them name the same mechanism as their synapse; events go to the cell itself.
    ///
    /// # Errors
    /// When there is no such artificial cell or parameter.
    pub fn artificial(
        mechanism: &str,
        parameters: &[(&str, f64)],
    ) -> std::result::Result<Self, net_cell::CellError> {
        CellTemplate::artificial(mechanism, parameters).map(CellKind::shared)
    }

    /// Cells of which each is made by itself.
    pub fn per_cell<E: Into<BoxError>>(
        build: impl Fn(Gid) -> std::result::Result<CellTemplate, E> + Send + Sync + 'static,
    ) -> Self {
        CellKind::PerCell(Arc::new(move |gid| build(gid).map(Arc::new).map_err(Into::into)))
    }

    /// Point neurons.
    ///
    /// ```
    /// use net_sim::{CellKind, PointNeuron};
    /// let regular = CellKind::point(PointNeuron::new("Izhikevich2007Syn")?.with("v", -60.0)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn point(neuron: PointNeuron) -> Self {
        CellKind::Point(Arc::new(neuron))
    }

    /// The template of a cell; point neurons have none.
    pub(crate) fn template(&self, gid: Gid) -> std::result::Result<Arc<CellTemplate>, BoxError> {
        match self {
            CellKind::Shared(template) => Ok(Arc::clone(template)),
            CellKind::PerCell(build) => build(gid),
            CellKind::Point(neuron) => {
                let name = neuron.model().name;
                Err(format!("'{name}' is a point neuron and has no morphology").into())
            }
        }
    }
}

/// A network, the cells it consists of, what drives it from outside, what is recorded, and what
/// probes measure.
#[derive(Clone)]
pub struct Model {
    network: Network,
    cells: BTreeMap<String, CellKind>,
    inputs: Vec<Input>,
    groups: Groups,
    lister: Option<Arc<PointLister>>,
    junctions: Vec<GapJunction>,
    recordings: Vec<Recording>,
    spike_recordings: Vec<SpikeRecording>,
    rate_recordings: Vec<RateRecording>,
    probes: Vec<ProbeRecording>,
    stimulations: Vec<Stimulation>,
    given_points: Option<Arc<GivenPoints>>,
    monitored: Monitored,
}

impl Model {
    /// A network without cells, input, recordings and probes.
    pub fn new(network: Network) -> Self {
        Model {
            network,
            cells: BTreeMap::new(),
            inputs: Vec::new(),
            groups: Groups::new(),
            lister: None,
            junctions: Vec::new(),
            recordings: Vec::new(),
            spike_recordings: Vec::new(),
            rate_recordings: Vec::new(),
            probes: Vec::new(),
            stimulations: Vec::new(),
            given_points: None,
            monitored: Monitored::default(),
        }
    }

    /// Says what cells of kind `key` are; populations name their kind
    /// ([`Population::cell`](net_core::Population::cell)).
    pub fn with_cells(mut self, key: impl Into<String>, kind: CellKind) -> Self {
        self.cells.insert(key.into(), kind);
        self
    }

    /// Adds an input.
    pub fn with_input(mut self, input: Input) -> Self {
        self.inputs.push(input);
        self
    }

    /// Names some cells, for [`Targets::Group`].
    pub fn with_group(mut self, name: impl Into<String>, cells: Targets) -> Self {
        self.groups.insert(name.into(), cells);
        self
    }

    /// Adds a recorder of spikes.
    pub fn with_spike_recording(mut self, recording: SpikeRecording) -> Self {
        self.spike_recordings.push(recording);
        self
    }

    /// Adds a recorder of rates.
    pub fn with_rate_recording(mut self, recording: RateRecording) -> Self {
        self.rate_recordings.push(recording);
        self
    }

    /// Says which points cells have beside those of projections and inputs; see [`PointLister`].
    pub fn with_points(
        mut self,
        lister: impl Fn(&[ListedCell]) -> std::result::Result<ListedPoints, BoxError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.lister = Some(Arc::new(lister));
        self
    }

    /// Adds gap junctions.
    pub fn with_gap_junctions(mut self, junctions: impl IntoIterator<Item = GapJunction>) -> Self {
        self.junctions.extend(junctions);
        self
    }

    /// The gap junctions.
    pub fn gap_junctions(&self) -> &[GapJunction] {
        &self.junctions
    }

    /// What lists points, if there is something.
    pub(crate) fn lister(&self) -> Option<&PointLister> {
        self.lister.as_deref()
    }

    /// Adds a recording.
    pub fn with_recording(mut self, recording: Recording) -> Self {
        self.recordings.push(recording);
        self
    }

    /// Adds a probe.
    pub fn with_probe(mut self, probe: ProbeRecording) -> Self {
        self.probes.push(probe);
        self
    }

    /// Adds a potential outside of cells that acts on them.
    pub fn with_stimulation(mut self, stimulation: Stimulation) -> Self {
        self.stimulations.push(stimulation);
        self
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The inputs, in the order in which they were added.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The recordings, in the order in which they were added.
    pub fn recordings(&self) -> &[Recording] {
        &self.recordings
    }

    /// The recorders of spikes, in the order in which they were added. Without any, the spikes of all
    /// cells are recorded.
    pub fn spike_recordings(&self) -> &[SpikeRecording] {
        &self.spike_recordings
    }

    /// The recorders of rates, in the order in which they were added.
    pub fn rate_recordings(&self) -> &[RateRecording] {
        &self.rate_recordings
    }

    /// The gids of some cells.
    pub(crate) fn gids_of(&self, targets: &Targets) -> Result<Ranges> {
        targets.gids(&self.network, &self.groups)
    }

    /// The probes, in the order in which they were added.
    pub fn probes(&self) -> &[ProbeRecording] {
        &self.probes
    }

    /// The stimulations, in the order in which they were added.
    pub fn stimulations(&self) -> &[Stimulation] {
        &self.stimulations
    }

    /// Sets where the segments of all cells are for probes and stimulation.
    pub(crate) fn with_given_points(mut self, points: GivenPoints) -> Self {
        self.given_points = Some(Arc::new(points));
        self
    }

    /// An error of what was given for a cell.
    pub(crate) fn cell_error(&self, gid: Gid, source: crate::error::BoxError) -> Error {
        let own = self.network.populations().iter().find(|p| p.gids().contains(&gid));
        let population = own.map_or("", |population| population.name()).to_owned();
        Error::Cell { gid, population, source }
    }

    /// Where the segments of all cells are for probes, if that was given.
    pub(crate) fn given_points(&self) -> Option<&GivenPoints> {
        self.given_points.as_deref()
    }

    /// Sets what is recorded for monitors.
    pub(crate) fn set_monitored(&mut self, monitored: Monitored) {
        self.monitored = monitored;
    }

    /// What is sampled, and when: recordings, then the variables of monitors.
    pub(crate) fn sampled(
        &self,
        clock: &StepClock,
    ) -> Result<Vec<(&Recording, net_cell::Schedule)>> {
        let own =
            self.recordings.iter().map(|recording| Ok((recording, recording.schedule(clock)?)));
        let monitored = self.monitored.recordings.iter().enumerate();
        let monitored =
            monitored.map(|(at, recording)| Ok((recording, self.monitored.schedule(at, clock)?)));
        own.chain(monitored).collect()
    }

    /// A recording, by its number among those of the model, then of monitors.
    pub(crate) fn recording(&self, index: usize) -> &Recording {
        let n = self.recordings.len();
        if index < n { &self.recordings[index] } else { &self.monitored.recordings[index - n] }
    }

    /// What is recorded for monitors.
    pub(crate) fn monitored(&self) -> &Monitored {
        &self.monitored
    }

    /// Names of the probes' datasets.
    pub fn probe_names(&self) -> Vec<String> {
        let class = |at: usize| self.probes[at].probe.class();
        let usual = |at: usize| {
            let number = (0..at).filter(|&before| class(before) == class(at)).count();
            format!("{}{number}", class(at))
        };
        let name = |at: usize| self.probes[at].name.clone().unwrap_or_else(|| usual(at));
        (0..self.probes.len()).map(name).collect()
    }

    /// Checks all that can be checked without building a cell.
    ///
    /// # Errors
    /// The first thing that is not possible; the same on every rank.
    pub fn validate(&self, clock: &StepClock) -> Result<()> {
        self.network.validate(clock)?;
        for population in self.network.populations() {
            if let CellKind::Point(neuron) = self.kind_of(population)? {
                let checked = neuron.check_size(population.size());
                checked.map_err(|source| Error::Points {
                    user: format!("population '{}'", population.name()),
                    source: Box::new(source),
                })?;
            }
        }
        check_names("input", self.inputs.iter().map(|i| i.name.as_str()))?;
        let names = self.recordings.iter().map(|r| &r.name);
        let names = names.chain(self.spike_recordings.iter().map(|r| &r.name));
        let names = names.chain(self.rate_recordings.iter().map(|r| &r.name));
        check_names("recording", names.map(String::as_str))?;
        let (network, groups) = (&self.network, &self.groups);
        for (name, targets) in groups {
            targets.validate(network, groups, || format!("group '{name}'"))?;
        }
        self.inputs.iter().try_for_each(|input| input.validate(&self.network))?;
        for (number, junction) in self.junctions.iter().enumerate() {
            junction.validate(number, network, |gid| self.is_point(gid))?;
        }
        self.recordings.iter().try_for_each(|recording| recording.validate(self, clock))?;
        self.spike_recordings.iter().try_for_each(|r| r.validate(network, groups, clock))?;
        self.rate_recordings.iter().try_for_each(|r| r.validate(network, groups, clock))?;
        self.monitored.validate(self, clock)?;
        check_names("stimulation", self.stimulations.iter().map(|s| s.name.as_str()))?;
        self.stimulations.iter().try_for_each(|s| s.validate(network, groups))?;
        let names = self.probe_names();
        probe::check_dataset_names(&self.probes, &names)?;
        let mut probes = self.probes.iter().zip(&names);
        probes.try_for_each(|(probe, name)| probe.validate(name, network, groups, clock))
    }

    /// What the cells of a population are made from.
    pub(crate) fn kind_of(&self, population: &net_core::Population) -> Result<&CellKind> {
        self.cells.get(population.cell()).ok_or_else(|| Error::UnknownCellKind {
            population: population.name().to_owned(),
            kind: population.cell().to_owned(),
            known: self.cells.keys().cloned().collect::<Vec<_>>().join(", "),
        })
    }
}

impl Model {
    /// The point neurons that a population consists of, if it does.
    pub(crate) fn points_of(&self, population: &net_core::Population) -> Option<&Arc<PointNeuron>> {
        match self.cells.get(population.cell()) {
            Some(CellKind::Point(neuron)) => Some(neuron),
            _ => None,
        }
    }

    /// Whether a cell is a point neuron.
    pub(crate) fn is_point(&self, gid: Gid) -> bool {
        let id = self.network.population_of(gid).ok();
        id.is_some_and(|id| self.points_of(self.network.population(id)).is_some())
    }
}

fn check_names<'a>(what: &'static str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = Vec::new();
    for name in names {
        if name.is_empty() || seen.contains(&name) {
            return Err(Error::Name { what, name: name.to_owned() });
        }
        seen.push(name);
    }
    Ok(())
}

pub(crate) fn require_population(
    network: &Network,
    user: impl Fn() -> String,
    name: &str,
) -> Result<()> {
    network.find_population(name).map(|_| ()).map_err(|_| Error::UnknownPopulation {
        user: user(),
        population: name.to_owned(),
        known: network.populations().iter().map(|p| p.name()).collect::<Vec<_>>().join(", "),
    })
}

/// A time as a number of steps, `least` or more.
pub(crate) fn whole_steps(clock: &StepClock, key: String, time_ms: f64, least: u64) -> Result<u64> {
    let steps = (time_ms / clock.dt_ms()).round();
    let is_whole = (time_ms / clock.dt_ms() - steps).abs() < 1e-6 * steps.max(1.0);
    if is_whole && least as f64 <= steps && steps < 2_f64.powi(53) {
        return Ok(steps as u64);
    }
    let found = format!("{time_ms} ms, with steps of {} ms", clock.dt_ms());
    let expected = match least {
        0 => "a whole number of time steps",
        _ => "a whole number of time steps, at least one",
    };
    Err(bad_value(key, found, expected))
}

fn require_gid(network: &Network, user: impl Fn() -> String, gid: Gid) -> Result<()> {
    if gid < network.n_cells() {
        return Ok(());
    }
    Err(Error::UnknownGid { user: user(), gid, n_cells: network.n_cells() })
}
