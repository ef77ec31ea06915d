//! `simulation_config.json`

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::circuit::{CircuitConfig, SIMULATORS, TargetSimulator};
use super::conditions::Conditions;
use super::inputs::Input;
use super::manifest::Manifest;
use super::overrides::ConnectionOverride;
use super::reports::ReportConfig;
use crate::finding::{Error, Problem, Report, Result};
use crate::json::{self, Context, Json, Object};
use crate::node_set::{NodeSet, NodeSets};

/// Whose conventions a simulation follows where the two differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// Open Brain Institute, Blue Brain: Neurodamus and CoreNEURON.
    Obi,
    /// Allen Institute: BMTK's BioNet. Known by node files without a list of populations.
    Allen,
}

/// A choice of nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeSelector {
    /// A node set by name.
    Named(String),
    /// A definition in place (Allen).
    Inline(NodeSet),
}

/// How the equations are stepped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integration {
    /// Backward Euler, NEURON's `secondorder = 0`.
    Euler,
    /// Crank-Nicolson, `secondorder = 1`.
    CrankNicolson,
    /// Crank-Nicolson with currents of second order, `secondorder = 2`.
    CrankNicolsonIon,
}

/// Duration, step and seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// End; the run begins at 0.
    pub tstop_ms: f64,
    /// Step.
    pub dt_ms: f64,
    /// Seed of all streams; mandatory but for Allen, 0.
    pub random_seed: u32,
    /// Potential above which a spike is detected; -30 (Allen -15).
    pub spike_threshold_mv: f64,
    /// Method; euler.
    pub integration: Integration,
    /// Seed of stimuli; 0.
    pub stimulus_seed: u32,
    /// Seed of channels; 0.
    pub ionchannel_seed: u32,
    /// Seed of miniatures; 0.
    pub minis_seed: u32,
    /// Seed of synapses; 0.
    pub synapse_seed: u32,
    /// LFP weights for reports that name none.
    pub electrodes_file: Option<PathBuf>,
    /// Longest segment (Allen); 20. OBI cells have 40.
    pub dl_um: f64,
    /// Steps between writes (Allen); 0 for the whole run.
    pub nsteps_block: u32,
}

/// Order of the spikes in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpikeSorting {
    /// As they come.
    None,
    /// By time, then node.
    ByTime,
    /// By node, then time.
    ById,
}

/// Where results go.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Directory; `output`.
    pub output_dir: PathBuf,
    /// Log; none.
    pub log_file: Option<String>,
    /// Name of the spike file; `out.h5` (Allen `spikes.h5`).
    pub spikes_file: String,
    /// Order of spikes; by time.
    pub spikes_sort_order: SpikeSorting,
    /// Whether an existing directory is overwritten (Allen); true.
    pub overwrite: bool,
}

/// A simulation, and the circuit it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulationConfig {
    /// The file this was read from.
    pub path: PathBuf,
    /// Whose conventions it follows.
    pub flavor: Flavor,
    /// The circuit.
    pub circuit: CircuitConfig,
    /// Simulator it was made for; the circuit's.
    pub target_simulator: TargetSimulator,
    /// Node sets of the circuit and, winning over these, of the simulation.
    pub node_sets: NodeSets,
    /// Compartment sets.
    pub compartment_sets_file: Option<PathBuf>,
    /// The cells to simulate; `None` for all that are not virtual.
    pub node_set: Option<String>,
    /// Duration, step, seeds.
    pub run: Run,
    /// Start state, globals, modifications.
    pub conditions: Conditions,
    /// Where results go.
    pub output: Output,
    /// Inputs in the file's order.
    pub inputs: Vec<Input>,
    /// Reports in the file's order.
    pub reports: Vec<ReportConfig>,
    /// Connection overrides in the file's order.
    pub connection_overrides: Vec<ConnectionOverride>,
    /// Experimental settings, as they stand.
    pub beta_features: Option<Json>,
}

impl SimulationConfig {
    /// Reads a simulation configuration, its circuit configuration and node sets.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong in any of the files. Warnings are dropped;
    /// use [`validate`](crate::validate) to see them.
    pub fn load(path: &Path) -> Result<Self> {
        let mut report = Report::default();
        match Self::read(path, &mut report) {
            Some(config) if report.is_ok() => Ok(config),
            _ => Err(Error::Invalid(report)),
        }
    }

    /// Reads as much as can be read; what is wrong goes to the report.
    pub(crate) fn read(path: &Path, report: &mut Report) -> Option<Self> {
        let mut path = path.to_owned();
        let mut json = json::read(&path, report)?;
        let mut network = None;
        // BMTK's outer file names a circuit and a simulation file.
        if let Json::Object(entries) = &json
            && entries.iter().any(|(key, _)| key == "simulation")
            && !entries.iter().any(|(key, _)| key == "run")
        {
            let (circuit, simulation) = read_outer(&path, &json, report);
            network = circuit;
            path = simulation?;
            json = json::read(&path, report)?;
        }
        let manifest = Manifest::read(&path, &json, report);
        let circuit = Self::read_circuit(&path, &json, &manifest, network, report);
        let found = RefCell::new(std::mem::take(report));
        let context = Context { file: &path, report: &found, manifest: &manifest };
        let config = Object::new(&context, String::new(), &json).and_then(|object| {
            let config = Self::from_object(&path, &object, circuit?);
            object.ignore(&["networks", "components"]);
            object.finish();
            config
        });
        *report = found.into_inner();
        config
    }

    fn read_circuit(
        path: &Path,
        json: &Json,
        manifest: &Manifest,
        outer: Option<PathBuf>,
        report: &mut Report,
    ) -> Option<CircuitConfig> {
        let Json::Object(entries) = json else { return None };
        if entries.iter().any(|(key, _)| key == "networks") {
            return CircuitConfig::from_json(path, json, report);
        }
        let text = match entries.iter().find(|(key, _)| key == "network") {
            Some((_, Json::Text(text))) => text.as_str(),
            Some((_, other)) if *other != Json::Null => {
                let expected = "the path of the circuit configuration".to_owned();
                report.error(path, "network", Problem::Value { found: other.describe(), expected });
                return None;
            }
            _ => "circuit_config.json",
        };
        let circuit = match (outer, manifest.path(text)) {
            (Some(outer), _) => outer,
            (None, Ok(circuit)) => circuit,
            (None, Err(problem)) => {
                report.error(path, "network", problem);
                return None;
            }
        };
        let json = json::read(&circuit, report)?;
        CircuitConfig::from_json(&circuit, &json, report)
    }

    fn from_object(path: &Path, object: &Object, circuit: CircuitConfig) -> Option<Self> {
        let flavor = if circuit.nodes.iter().any(|file| file.populations.is_none()) {
            Flavor::Allen
        } else {
            Flavor::Obi
        };
        object.ignore(&["manifest", "network", "version", "metadata", "simulation"]);
        let target_simulator = object
            .choice("target_simulator", &SIMULATORS)
            .or(circuit.target_simulator)
            .unwrap_or(TargetSimulator::Neuron);
        let run = Run::read(object, flavor);
        let output = Output::read(object, flavor);
        let conditions = Conditions::read(object.object("conditions"), flavor, &circuit);
        let inputs = Input::read_all(object, flavor, &run);
        let reports = ReportConfig::read_all(object, flavor, &run);
        let connection_overrides = ConnectionOverride::read_all(object);
        let node_set = object.text("node_set");
        let compartment_sets_file = object.path("compartment_sets_file");
        let node_sets = read_node_sets(object, &circuit, flavor == Flavor::Allen);
        Some(Self {
            path: path.to_owned(),
            flavor,
            target_simulator,
            node_sets,
            compartment_sets_file,
            node_set,
            run,
            conditions,
            output,
            inputs,
            reports,
            connection_overrides,
            beta_features: object.get("beta_features").cloned(),
            circuit,
        })
    }
}

/// The node sets of the circuit, the simulation's file, and (Allen) the simulation itself.
fn read_node_sets(object: &Object, circuit: &CircuitConfig, numbers_are_gids: bool) -> NodeSets {
    let mut sets = NodeSets::default();
    let mut files = vec![circuit.node_sets_file.clone(), object.path("node_sets_file")];
    let mut inline = None;
    match object.get("node_sets") {
        Some(Json::Text(text)) => files.push(object.resolve("node_sets", text)),
        other => inline = other,
    }
    let mut report = Report::default();
    for file in files.iter().flatten() {
        if let Some(json) = json::read(file, &mut report) {
            sets.extend(NodeSets::from_json(file, "", &json, numbers_are_gids, &mut report));
        }
    }
    object.merge(report);
    if let Some(json) = inline {
        let mut report = Report::default();
        let file = object.file();
        sets.extend(NodeSets::from_json(file, "node_sets", json, numbers_are_gids, &mut report));
        object.merge(report);
    }
    let mut report = Report::default();
    sets.check_names(&mut report);
    object.merge(report);
    sets
}

/// Circuit and simulation file of BMTK's outer configuration.
fn read_outer(path: &Path, json: &Json, report: &mut Report) -> (Option<PathBuf>, Option<PathBuf>) {
    let manifest = Manifest::read(path, json, report);
    let found = RefCell::new(std::mem::take(report));
    let context = Context { file: path, report: &found, manifest: &manifest };
    let paths = match Object::new(&context, String::new(), json) {
        Some(object) => (object.path("network"), object.path("simulation")),
        None => (None, None),
    };
    *report = found.into_inner();
    paths
}

impl Run {
    fn read(object: &Object, flavor: Flavor) -> Self {
        let run = object.require("run", object.object("run"), "an object with `tstop` and `dt`");
        let Some(run) = run else {
            return Self::defaults(flavor);
        };
        let default = Self::defaults(flavor);
        let methods = [
            ("euler", Integration::Euler),
            ("crank_nicolson", Integration::CrankNicolson),
            ("crank_nicolson_ion", Integration::CrankNicolsonIon),
        ];
        let seed = run.unsigned("random_seed");
        if flavor == Flavor::Obi {
            run.require("random_seed", seed, "a whole number");
        }
        let result = Self {
            tstop_ms: run
                .require("tstop", run.positive("tstop"), "the end in ms")
                .unwrap_or(default.tstop_ms),
            dt_ms: run.require("dt", run.positive("dt"), "the step in ms").unwrap_or(default.dt_ms),
            random_seed: seed.unwrap_or(0),
            spike_threshold_mv: run.any_or("spike_threshold", default.spike_threshold_mv),
            integration: run.choice("integration_method", &methods).unwrap_or(Integration::Euler),
            stimulus_seed: run.unsigned("stimulus_seed").unwrap_or(0),
            ionchannel_seed: run.unsigned("ionchannel_seed").unwrap_or(0),
            minis_seed: run.unsigned("minis_seed").unwrap_or(0),
            synapse_seed: run.unsigned("synapse_seed").unwrap_or(0),
            electrodes_file: run.path("electrodes_file"),
            dl_um: run.positive("dL").unwrap_or(default.dl_um),
            nsteps_block: run.unsigned("nsteps_block").unwrap_or(0),
        };
        run.ignore(&["overwrite_output_dir", "calc_ecp", "connect_internal", "optimize_block"]);
        run.ignore(&["optimize_nodes", "tstart", "duration"]);
        if run.has("tstart") && run.any("tstart") != Some(0.0) {
            let found = run.get("tstart").map_or_else(String::new, Json::describe);
            run.error("tstart", Problem::Value { found, expected: "0".to_owned() });
        }
        run.finish();
        result
    }

    /// What holds where the file says nothing.
    fn defaults(flavor: Flavor) -> Self {
        let allen = flavor == Flavor::Allen;
        Self {
            tstop_ms: 0.0,
            dt_ms: 0.0,
            random_seed: 0,
            spike_threshold_mv: if allen { -15.0 } else { -30.0 },
            integration: Integration::Euler,
            stimulus_seed: 0,
            ionchannel_seed: 0,
            minis_seed: 0,
            synapse_seed: 0,
            electrodes_file: None,
            dl_um: if allen { 20.0 } else { 40.0 },
            nsteps_block: 0,
        }
    }
}

impl Output {
    fn read(object: &Object, flavor: Flavor) -> Self {
        let default_spikes = if flavor == Flavor::Allen { "spikes.h5" } else { "out.h5" };
        let words = [
            ("none", SpikeSorting::None),
            ("by_time", SpikeSorting::ByTime),
            ("time", SpikeSorting::ByTime),
            ("by_id", SpikeSorting::ById),
            ("id", SpikeSorting::ById),
            ("gid", SpikeSorting::ById),
        ];
        let output = object.object("output");
        let read = |output: &Object| Self {
            output_dir: output
                .path("output_dir")
                .or_else(|| output.resolve("output_dir", "output"))
                .unwrap_or_else(|| PathBuf::from("output")),
            log_file: output.text("log_file").filter(|name| !name.is_empty()),
            // Only the name counts; the file is in the directory.
            spikes_file: output
                .text("spikes_file")
                .and_then(|text| Some(Path::new(&text).file_name()?.to_str()?.to_owned()))
                .unwrap_or_else(|| default_spikes.to_owned()),
            spikes_sort_order: output
                .choice("spikes_sort_order", &words)
                .unwrap_or(SpikeSorting::ByTime),
            overwrite: output.boolean("overwrite_output_dir", true),
        };
        match output {
            Some(output) => {
                let result = read(&output);
                output.ignore(&[
                    "spikes_file_csv",
                    "log_to_console",
                    "log_level",
                    "quiet_simulator",
                ]);
                output.finish();
                result
            }
            None => Self {
                output_dir: object
                    .resolve("output", "output")
                    .unwrap_or_else(|| PathBuf::from("output")),
                log_file: None,
                spikes_file: default_spikes.to_owned(),
                spikes_sort_order: SpikeSorting::ByTime,
                overwrite: true,
            },
        }
    }
}

/// A node set by name; in Allen's files also a definition, or a list of gids.
pub(super) fn read_selector(
    object: &Object,
    key: &'static str,
    flavor: Flavor,
) -> Option<NodeSelector> {
    match object.get(key)? {
        Json::Text(name) => Some(NodeSelector::Named(name.clone())),
        json if flavor == Flavor::Allen => {
            let mut report = Report::default();
            let set = NodeSet::from_json(object.file(), &object.at(key), json, true, &mut report);
            object.merge(report);
            set.map(NodeSelector::Inline)
        }
        other => {
            let found = other.describe();
            object.error(key, Problem::Value { found, expected: "a node set's name".to_owned() });
            None
        }
    }
}
