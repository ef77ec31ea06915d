//! SONATA circuits, run.
//!
//! [`CircuitSimulation`] goes through the stages of a run one by one, under the names that
//! Neurodamus gives them, so that a program can stop between them: it reads the configuration, then
//! each stage adds to what [`sim_init`](CircuitSimulation::sim_init) makes a [`Model`] of, which is
//! built and run as any other. [`run_all`](CircuitSimulation::run_all) does everything.
//!
//! Cells get consecutive gids, population after population, of the nodes that are simulated; files
//! have the nodes' own ids.

mod cells;
mod dump;
mod ecp;
mod fields;
mod forecast;
mod glia;
mod modifications;
mod placement;
mod recordings;
mod reported;
mod reports;
mod saved;
mod stimuli;
mod synapses;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use net_cell::StepSettings;
use net_core::{Network, Population};
use net_io::provenance::{Provenance, sha256};
use net_io::sonata::{Layout, SpikeOrder, write_spikes};
use net_mpi::Communicator;
use net_nmodl::library::{BuildError, BuildOptions, mod_files};
use net_sonata::config::{
    EdgeKind, InputKind, InputTarget, Integration, NodeKind, SpikeSorting, WaveformFormat,
};
use net_sonata::connect::ConnectionRules;
use net_sonata::{Circuit, Flavor, NodeSelector, SimulationConfig, SpikeTrains};

use crate::error::{Error, Result};
use crate::mechanisms::load_mechanisms;
use crate::model::{CellKind, GivenPoints, Model};
use crate::options::{CellPartition, RunOptions};
use crate::run::{Outcome, Simulation, complete};
pub use cells::{CellPopulation, CellTable};
use ecp::EcpReport;
use fields::Field;
pub use forecast::{Forecast, RankForecast};
use modifications::Modifications;
use reported::ReportedSynapses;
use reports::Report;
use saved::Connections;
use stimuli::Stimulus;
use synapses::{Listing, Replay, SynapseLister};

/// Key of the cells in the model.
const CELLS: &str = "circuit";

/// Spikes of cells with a membrane are this late in files of Blue Brain's, in ms.
const SPIKE_OFFSET_MS: f64 = 1e-10;

/// A simulation of a circuit, stage by stage.
///
/// ```
/// use net_sim::sonata::CircuitSimulation;
/// use net_sim::{CellParameter, CellPartition, Progress, RunOptions, Simulation, Targets};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/sonata/glia");
/// # let config = std::path::Path::new(data).join("simulation_config.json");
/// let comm = net_mpi::Communicator::solo();
/// let mut simulation = CircuitSimulation::load(&config)?;
/// simulation.set_output(folder.path());
/// simulation.use_mechanisms()?;
/// simulation.compute_load_balance(CellPartition::Balanced);
/// // Stages in another order are refused, with the stage that is needed.
/// assert!(simulation.sim_init().is_err());
/// simulation.create_cells()?;
/// println!("{} different cells", simulation.cells()?.n_sources());
/// simulation.create_synapses()?;
/// simulation.enable_replay()?;
/// simulation.enable_stimulus()?;
/// simulation.enable_modifications()?;
/// let left_out = simulation.enable_reports()?;
/// assert!(left_out.is_empty());
/// let model = simulation.sim_init()?;
/// let options = RunOptions { progress: Progress::Off, ..simulation.options() };
/// let mut solve = Simulation::build(&comm, &model, &options)?;
///
/// // Between two pieces of the run: look at a cell, and change all.
/// solve.advance(10.0)?;
/// let dumped = simulation.cells_of_gids(&[1000])?;
/// simulation.dump_cell_states(&mut solve, &dumped)?;
/// assert!(folder.path().join("cell_state_1000_t10.json").exists());
/// let before = solve.spikes().len();
/// solve.set_cell_parameter(&CellParameter::new(Targets::All, "hh.gnabar", 0.0))?;
/// let outcome = solve.run()?;
/// assert!(before > 0 && outcome.report.n_spikes == before as u64, "silent without sodium");
///
/// simulation.sonata_spikes(&comm, &outcome)?;
/// simulation.sonata_reports(&comm, &outcome)?;
/// assert!(folder.path().join("out.h5").exists() && folder.path().join("soma.h5").exists());
/// assert_eq!(simulation.write_and_get_population_offsets(), "Astro::0::Astro\nN::1000::N\n");
///
/// // The stages can be gone through again, here all at once.
/// simulation.clear_model();
/// let (again, _) = simulation.run_all(&comm, &options)?;
/// assert!(again.report.n_spikes > outcome.report.n_spikes);
/// # Ok(())
/// # }
/// ```
pub struct CircuitSimulation {
    config: Arc<SimulationConfig>,
    circuit: Arc<Circuit>,
    output: PathBuf,
    partition: CellPartition,
    cells: Option<Arc<CellTable>>,
    /// What overrides say, once edges are to be made into synapses.
    rules: Option<ConnectionRules>,
    replays: Vec<Replay>,
    /// Whether spikes of cells reach no synapse.
    cells_are_mute: bool,
    stimuli: Vec<Stimulus>,
    fields: Vec<Field>,
    reports: Vec<Report>,
    /// Reports of potentials at electrodes.
    potentials: Vec<EcpReport>,
    /// Synapses that reports have one by one.
    reported: Arc<ReportedSynapses>,
    /// Connections, where they are to be saved.
    connections: Arc<Connections>,
    /// What the files that it writes say of where they come from.
    provenance: Provenance,
}

impl CircuitSimulation {
    /// Reads the configuration, checks every key, and opens the circuit: `load_targets`, since node
    /// sets are resolved with it.
    ///
    /// # Errors
    /// [`Error::Circuit`] with everything that is wrong.
    pub fn load(path: &Path) -> Result<Self> {
        let config = SimulationConfig::load(path).map_err(Error::circuit)?;
        let circuit = Circuit::open(&config).map_err(Error::circuit)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let seed = u64::from(config.run.random_seed);
        let mut provenance = Provenance::new(name, seed, config.run.dt_ms);
        provenance.duration_ms = config.run.tstop_ms;
        provenance.configuration_hash = std::fs::read(path).ok().map(|text| sha256(&text));
        Ok(CircuitSimulation {
            provenance,
            output: config.output.output_dir.clone(),
            config: Arc::new(config),
            circuit: Arc::new(circuit),
            partition: CellPartition::RoundRobin,
            cells: None,
            rules: None,
            replays: Vec::new(),
            cells_are_mute: false,
            stimuli: Vec::new(),
            fields: Vec::new(),
            reports: Vec::new(),
            potentials: Vec::new(),
            reported: Arc::default(),
            connections: Arc::default(),
        })
    }

    /// The configuration.
    pub fn config(&self) -> &SimulationConfig {
        &self.config
    }

    /// The circuit.
    pub fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// Compiles the `.mod` files of the circuit's `mechanisms_dir`s, or of their folders `modfiles`, as BMTK
    /// has them, unless that was done before, and loads them. Gives the folders and the mechanisms' names.
    /// To be called before [`use_mechanisms`](Self::use_mechanisms). Collective.
    ///
    /// # Errors
    /// As of [`load_mechanisms`].
    pub fn load_mechanisms(
        &self,
        comm: &Communicator,
    ) -> Result<Vec<(PathBuf, Vec<&'static str>)>> {
        let given = self.circuit.nodes().iter();
        let given = given.filter_map(|population| population.components().mechanisms_dir.as_ref());
        let folders: BTreeSet<PathBuf> =
            given.flat_map(|folder| [folder.clone(), folder.join("modfiles")]).collect();
        let mut loaded = Vec::new();
        for folder in folders {
            // What a folder has is asked on one rank, as all must go the same way.
            let is_without = || matches!(mod_files(&folder), Err(BuildError::NoFiles { .. }));
            let has_files = comm.is_root() && folder.is_dir() && !is_without();
            if comm.max(u64::from(has_files))? > 0 {
                let names = load_mechanisms(comm, &folder, &BuildOptions::default())?;
                loaded.push((folder, names));
            }
        }
        Ok(loaded)
    }

    /// Chooses the built-in mechanisms that the circuit's models are written for: the sets `bbp` and
    /// `ngv`, or `allen`. To be called before any cell of the process is described; mechanisms of libraries that
    /// were loaded before stay in place of those of the set.
    ///
    /// # Errors
    /// [`Error::Listed`] when another set was chosen before.
    pub fn use_mechanisms(&self) -> Result<()> {
        let sets: &[&str] = match self.config.flavor {
            Flavor::Obi => &["bbp", "ngv"],
            Flavor::Allen => &["allen"],
        };
        for set in sets {
            net_cell::mechanism::use_set(set)
                .map_err(|error| Error::Listed { source: error.into() })?;
        }
        Ok(())
    }

    /// Writes to another directory than the configuration's.
    pub fn set_output(&mut self, folder: impl Into<PathBuf>) {
        self.output = folder.into();
    }

    /// The directory of the results.
    pub fn output(&self) -> &Path {
        &self.output
    }

    /// Decides which rank has which cells: round robin, by the modelled cost of the cells, or by
    /// costs from elsewhere.
    pub fn compute_load_balance(&mut self, partition: CellPartition) {
        self.partition = partition;
    }

    /// Reads which cells the nodes are.
    ///
    /// # Errors
    /// [`Error::Circuit`]
    pub fn create_cells(&mut self) -> Result<()> {
        self.cells = Some(Arc::new(CellTable::new(&self.config, &self.circuit)?));
        Ok(())
    }

    /// The cells, once they are created.
    ///
    /// # Errors
    /// [`Error::Stage`]
    pub fn cells(&self) -> Result<&Arc<CellTable>> {
        self.cells.as_ref().ok_or(Error::Stage { needed: "create_cells" })
    }

    /// Has the edges of the circuit made into synapses, on each rank those of its own cells.
    ///
    /// # Errors
    /// Those of overrides.
    pub fn create_synapses(&mut self) -> Result<()> {
        let rules = ConnectionRules::read(&self.config, &self.circuit).map_err(Error::circuit)?;
        self.rules = Some(rules);
        Ok(())
    }

    /// Reads the spikes that inputs replay through the circuit's edges.
    ///
    /// # Errors
    /// [`Error::Circuit`], [`Error::Stage`] before [`create_cells`](Self::create_cells).
    pub fn enable_replay(&mut self) -> Result<()> {
        let config = self.config.clone();
        for input in &config.inputs {
            let (file, format, trial, is_source) = match &input.kind {
                InputKind::SynapseActivity { precell_filter, timestamps_ms } => {
                    self.force_synapses(precell_filter.as_ref(), timestamps_ms)?;
                    continue;
                }
                InputKind::EdgeReplay { spikes_file, .. } => {
                    self.replay_edges(&input.name, spikes_file)?;
                    continue;
                }
                InputKind::SynapseReplay { spike_file } => {
                    (spike_file, WaveformFormat::H5, None, false)
                }
                InputKind::SpikeFile { file, format, trial } => {
                    (file, *format, trial.as_deref(), true)
                }
                _ => continue,
            };
            let InputTarget::NodeSet(set) = &input.target else { continue };
            let selected = self.circuit.select(set).map_err(Error::circuit)?;
            for trains in SpikeTrains::load(file, format, trial).map_err(Error::circuit)? {
                for (index, population) in self.circuit.nodes().iter().enumerate() {
                    let named = trains.population.as_ref().is_none_or(|n| n == population.name());
                    let chosen = match is_source {
                        // Allen: the node set are the sources.
                        true => !selected[index].is_empty(),
                        false => trains.population.is_some(),
                    };
                    if !(named && chosen) {
                        continue;
                    }
                    let mut times_ms = BTreeMap::new();
                    for &node in trains.node_ids() {
                        if is_source && !selected[index].contains(node) {
                            continue;
                        }
                        // Spikes before the input's delay are dropped; times are absolute.
                        let own = trains.times_ms(node).iter().copied();
                        let own: Arc<[f64]> = own.filter(|t| *t >= input.delay_ms).collect();
                        times_ms.insert(node, own);
                    }
                    let targets = (!is_source).then(|| selected.clone());
                    let edges = None;
                    self.replays.push(Replay { source: index, edges, targets, times_ms });
                }
            }
        }
        Ok(())
    }

    /// Reads the spikes of an input for the edges that it brought.
    fn replay_edges(&mut self, input: &str, spikes: &Path) -> Result<()> {
        let all = SpikeTrains::load(spikes, WaveformFormat::H5, None).map_err(Error::circuit)?;
        for (index, edges) in self.circuit.edges().iter().enumerate() {
            if edges.input() != Some(input) {
                continue;
            }
            let name = self.circuit.nodes()[edges.source()].name();
            let mut times_ms = BTreeMap::new();
            for trains in all.iter().filter(|t| t.population.as_deref().is_none_or(|n| n == name)) {
                let own = |&node: &u64| (node, trains.times_ms(node).into());
                times_ms.extend(trains.node_ids().iter().map(own));
            }
            let (source, edges, targets) = (edges.source(), Some(index), None);
            self.replays.push(Replay { source, edges, targets, times_ms });
        }
        Ok(())
    }

    /// Lets the synapses of cells that fit act at given times, and those of no cell by its spikes.
    fn force_synapses(&mut self, sources: Option<&NodeSelector>, times_ms: &[f64]) -> Result<()> {
        let selected = sources.map(|set| self.circuit.select(set)).transpose();
        let selected = selected.map_err(Error::circuit)?;
        let times_ms: Arc<[f64]> = times_ms.into();
        let mut replays = Vec::new();
        for population in self.cells()?.populations() {
            let nodes = match &selected {
                Some(selected) => population.nodes.intersection(&selected[population.index]),
                None => population.nodes.clone(),
            };
            let times_ms = nodes.iter().map(|node| (node, times_ms.clone())).collect();
            let (source, edges, targets) = (population.index, None, None);
            replays.push(Replay { source, edges, targets, times_ms });
        }
        self.replays.extend(replays);
        self.cells_are_mute = true;
        Ok(())
    }

    /// Reads the currents that inputs inject, and the fields that they impose.
    ///
    /// # Errors
    /// [`Error::Stage`] before [`create_cells`](Self::create_cells), [`Error::Unsupported`] for modules that are not there yet, [`Error::Circuit`].
    pub fn enable_stimulus(&mut self) -> Result<()> {
        self.fields = fields::read(&self.config, &self.circuit, self.cells()?)?;
        self.stimuli = stimuli::read(&self.config, &self.circuit)?;
        Ok(())
    }

    /// Changes cells as `conditions.modifications` say, and sets the globals of
    /// `conditions.mechanisms`. Cells are changed when they are made, so this comes before anybody asks
    /// for one.
    ///
    /// # Errors
    /// [`Error::Stage`] before [`create_cells`](Self::create_cells) or a second time,
    /// [`Error::Circuit`], [`Error::Listed`] for statements that are not understood.
    pub fn enable_modifications(&mut self) -> Result<()> {
        self.cells()?.modify(Modifications::read(&self.config, &self.circuit)?)
    }

    /// Reads what is to be reported; gives a line for each report that is not supported yet and is
    /// left out.
    ///
    /// # Errors
    /// [`Error::Stage`] before [`create_cells`](Self::create_cells), [`Error::Circuit`].
    pub fn enable_reports(&mut self) -> Result<Vec<String>> {
        let read = reports::read(&self.config, &self.circuit, self.cells()?)?;
        let reports::Reports { reports, potentials, saved, left_out } = read;
        self.connections = Arc::new(Connections::new(saved));
        self.potentials = potentials;
        let synapses = reports.iter().flat_map(Report::synapses);
        self.reported = Arc::new(ReportedSynapses::new(synapses));
        self.reports = reports;
        Ok(left_out)
    }

    /// How the model is run: step, method, temperature of the configuration. After
    /// [`enable_reports`](Self::enable_reports) it has a folder in the output directory where what is
    /// reported is sealed while it runs: each 100 ms or tenth of the time (Allen: each `nsteps_block`),
    /// or 16 MiB of a rank.
    pub fn options(&self) -> RunOptions {
        let config = &self.config;
        RunOptions {
            tstop_ms: config.run.tstop_ms,
            settings: StepSettings {
                random_key: config.run.random_seed,
                dt_ms: config.run.dt_ms,
                second_order: config.run.integration != Integration::Euler,
                celsius: config.conditions.celsius,
                v_init_mv: config.conditions.v_init_mv,
                // The simulators that these files are for use tables where a model has them.
                tables: true,
            },
            partition: self.partition.clone(),
            output: self.recordings(),
            keep_spikes: true,
            ..RunOptions::default()
        }
    }

    /// The model of all stages so far. [`Simulation::build`] builds this rank's share of it, and
    /// [`Simulation::run`] is what Neurodamus calls `solve`.
    ///
    /// # Errors
    /// [`Error::Stage`] before [`create_cells`](Self::create_cells).
    pub fn sim_init(&self) -> Result<Model> {
        self.model(self.rules.is_some(), true)
    }

    fn model(&self, has_synapses: bool, has_junctions: bool) -> Result<Model> {
        let cells = self.cells()?.clone();
        let mut network = Network::new(u64::from(self.config.run.random_seed));
        for population in cells.populations() {
            network.add_population(Population::new(
                &population.name,
                population.nodes.len(),
                CELLS,
            ))?;
        }
        let table = cells.clone();
        let kind = CellKind::PerCell(Arc::new(move |gid| Ok(table.cell(gid)?.1)));
        let mut model = Model::new(network).with_cells(CELLS, kind);
        for report in &self.reports {
            for recording in report.recordings(&cells) {
                model = model.with_recording(recording);
            }
        }
        for report in &self.potentials {
            model = model.with_probe(report.probe());
        }
        let (circuit, table) = (self.circuit.clone(), cells.clone());
        let points = move |gid| placement::segments_of(&circuit, &table, gid);
        model = model.with_given_points(GivenPoints::PerCell(Arc::new(points)));
        for field in &self.fields {
            model = model.with_stimulation(field.stimulation(&self.circuit, &cells));
        }
        let lister = SynapseLister {
            config: self.config.clone(),
            circuit: self.circuit.clone(),
            rules: self.rules.clone().unwrap_or_default(),
            cells: cells.clone(),
            replays: self.replays.clone(),
            keeps_all: self.needs_all_synapses(),
            has_junctions,
            cells_are_mute: self.cells_are_mute,
            reported: self.reported.clone(),
            connections: self.connections.clone(),
        };
        let stimuli = self.stimuli.clone();
        let circuit = self.circuit.clone();
        let (flavor, ionchannel_seed) = (self.config.flavor, self.config.run.ionchannel_seed);
        Ok(model.with_points(move |own| {
            let mut listing = Listing::new(cells.globals());
            if flavor == Flavor::Obi {
                cells.list_streams(own, ionchannel_seed, &mut listing.points.streams)?;
            }
            if has_synapses {
                lister.list(own, &mut listing)?;
            }
            if !stimuli.is_empty() {
                let properties = stimuli::properties(&circuit, &cells, own)?;
                let own = (own, &properties[..]);
                stimuli.iter().try_for_each(|stimulus| stimulus.list(&cells, own, &mut listing))?;
            }
            Ok(listing.points)
        }))
    }

    /// Forgets cells, synapses, inputs and reports, and gives their memory back: the stages can be gone
    /// through again, from [`create_cells`](Self::create_cells) on.
    pub fn clear_model(&mut self) {
        self.cells = None;
        self.rules = None;
        self.replays.clear();
        self.cells_are_mute = false;
        self.stimuli.clear();
        self.fields.clear();
        self.reports.clear();
        self.potentials.clear();
        self.reported = Arc::default();
        self.connections = Arc::default();
    }

    /// Whether synapses are made that nothing drives: neuromodulators act on the nearest one.
    fn needs_all_synapses(&self) -> bool {
        let replayed = |source| self.replays.iter().any(|replay| replay.source == source);
        let modulates = |edges: &net_sonata::EdgePopulation| {
            edges.kind() == EdgeKind::Neuromodulatory && replayed(edges.source())
        };
        self.circuit.edges().iter().any(modulates)
    }

    /// Writes the spikes of a run, and `populations_offset.dat` for Blue Brain's circuits. Collective;
    /// rank 0 writes.
    ///
    /// # Errors
    /// Those of files.
    pub fn sonata_spikes(&self, comm: &Communicator, outcome: &Outcome) -> Result<()> {
        let Some(spikes) = outcome.gather_spikes(comm)? else {
            return Ok(comm.agree::<(), Error>(Ok(()))?);
        };
        let cells = self.cells()?;
        let is_obi = self.config.flavor == Flavor::Obi;
        let mut populations: Vec<(String, Vec<(f64, u64)>)> = Vec::new();
        for (index, nodes) in self.circuit.nodes().iter().enumerate() {
            let Some(population) = cells.population(index) else {
                // Neurodamus names populations that none of the simulated cells is of, too.
                if is_obi && !matches!(nodes.kind(), NodeKind::Virtual | NodeKind::Vasculature) {
                    populations.push((nodes.name().to_owned(), Vec::new()));
                }
                continue;
            };
            let is_late = is_obi && nodes.kind() != NodeKind::PointProcess;
            let offset_ms = if is_late { SPIKE_OFFSET_MS } else { 0.0 };
            let gids = population.first_gid..population.first_gid + population.nodes.len();
            let own = spikes.iter().filter(|spike| gids.contains(&spike.gid));
            let rows = own.filter_map(|spike| {
                let node = population.nodes.nth(spike.gid - population.first_gid)?;
                Some((spike.time_ms + offset_ms, node))
            });
            populations.push((population.name.clone(), rows.collect()));
        }
        let order = match self.config.output.spikes_sort_order {
            SpikeSorting::None => SpikeOrder::None,
            SpikeSorting::ById => SpikeOrder::ById,
            SpikeSorting::ByTime => SpikeOrder::ByTime,
        };
        populations.iter_mut().for_each(|(_, rows)| order.sort(rows));
        let written = self.make_output().and_then(|()| {
            let name = Path::new(&self.config.output.spikes_file);
            let mut name = name.file_name().unwrap_or(name.as_os_str()).to_owned();
            if is_obi && Path::new(&name).extension().is_none_or(|end| end != "h5") {
                name.push(".h5");
            }
            let layout = if is_obi { Layout::Obi } else { Layout::Allen };
            let path = self.output.join(name);
            write_spikes(&path, &populations, order, layout, &self.provenance_of(outcome))?;
            if is_obi {
                let path = self.output.join("populations_offset.dat");
                let text = self.write_and_get_population_offsets();
                std::fs::write(&path, text)
                    .map_err(|source| Error::Report { path: path.display().to_string(), source })?;
            }
            Ok(())
        });
        Ok(comm.agree(written)?)
    }

    /// The record of a run, for its files.
    fn provenance_of(&self, outcome: &Outcome) -> Provenance {
        let mut provenance = self.provenance.clone();
        provenance.model_hash = Some(outcome.model_hash.clone());
        complete(&mut provenance);
        provenance
    }

    /// The text of `populations_offset.dat`.
    pub fn write_and_get_population_offsets(&self) -> String {
        self.circuit.population_offsets()
    }

    fn make_output(&self) -> Result<()> {
        std::fs::create_dir_all(&self.output)
            .map_err(|source| Error::Report { path: self.output.display().to_string(), source })
    }

    /// The stages from [`create_cells`](Self::create_cells) to [`enable_reports`](Self::enable_reports), the
    /// last one if `has_reports`. Gives a line for each report that is left out.
    ///
    /// # Errors
    /// Those of the stages.
    pub fn describe(&mut self, has_reports: bool) -> Result<Vec<String>> {
        self.create_cells()?;
        self.create_synapses()?;
        self.enable_replay()?;
        self.enable_stimulus()?;
        self.enable_modifications()?;
        if has_reports { self.enable_reports() } else { Ok(Vec::new()) }
    }

    /// All stages, the run, and the files. Gives a line for each report that was left out. Collective.
    ///
    /// # Errors
    /// Those of the stages.
    pub fn run_all(
        &mut self,
        comm: &Communicator,
        options: &RunOptions,
    ) -> Result<(Outcome, Vec<String>)> {
        let left_out = self.describe(true)?;
        let model = self.sim_init()?;
        let output = options.output.clone().or_else(|| self.recordings());
        let options = RunOptions { output, ..options.clone() };
        let outcome = Simulation::build(comm, &model, &options)?.run()?;
        self.sonata_spikes(comm, &outcome)?;
        self.sonata_reports(comm, &outcome)?;
        Ok((outcome, left_out))
    }
}
