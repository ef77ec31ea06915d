//! `circuit_config.json`

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use crate::finding::{Error, Problem, Report, Result};
use crate::json::{self, Context, Json, Object};

/// Simulator that a circuit was made for. A hint for neuron models, without effect here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetSimulator {
    /// `NEURON`, the default.
    Neuron,
    /// `CORENEURON`
    CoreNeuron,
    /// `LearningEngine`
    LearningEngine,
    /// `Brian2`
    Brian2,
}

pub(super) const SIMULATORS: [(&str, TargetSimulator); 4] = [
    ("NEURON", TargetSimulator::Neuron),
    ("CORENEURON", TargetSimulator::CoreNeuron),
    ("LearningEngine", TargetSimulator::LearningEngine),
    ("Brian2", TargetSimulator::Brian2),
];

/// What the nodes of a population are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// Cells with a morphology; the default.
    Biophysical,
    /// Sources of spikes only.
    Virtual,
    /// Cells of one compartment.
    SingleCompartment,
    /// Point neurons of other simulators.
    PointNeuron,
    /// Artificial cells such as IntFire1.
    PointProcess,
    /// Astrocytes.
    Astrocyte,
    /// Segments of vessels.
    Vasculature,
}

const NODE_KINDS: [(&str, NodeKind); 7] = [
    ("biophysical", NodeKind::Biophysical),
    ("virtual", NodeKind::Virtual),
    ("single_compartment", NodeKind::SingleCompartment),
    ("point_neuron", NodeKind::PointNeuron),
    ("point_process", NodeKind::PointProcess),
    ("astrocyte", NodeKind::Astrocyte),
    ("vasculature", NodeKind::Vasculature),
];

impl EdgeKind {
    /// The word for it in files; none of Allen's.
    pub fn name(self) -> &'static str {
        EDGE_KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

impl NodeKind {
    /// The word for it in files.
    pub fn name(self) -> &'static str {
        NODE_KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// The kind that a `model_type` attribute names.
    pub fn from_name(name: &str) -> Option<Self> {
        NODE_KINDS.iter().find(|(word, _)| *word == name).map(|(_, kind)| *kind)
    }
}

/// What the edges of a population are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeKind {
    /// Chemical synapses; the default.
    Chemical,
    /// Halves of gap junctions.
    Electrical,
    /// From an astrocyte to a synapse of the target neuron.
    SynapseAstrocyte,
    /// From a vessel to an astrocyte.
    Endfoot,
    /// Modulation of existing synapses.
    Neuromodulatory,
    /// Between astrocytes; not simulated.
    Glialglial,
    /// Exp2Syn synapses.
    Exp2Syn,
    /// Onto artificial cells.
    PointProcess,
    /// Synapses of other simulators.
    TsodyksMarkram,
    /// Synapses that edge types describe; populations of Allen's circuits, which have no `type`.
    Allen,
}

const EDGE_KINDS: [(&str, EdgeKind); 9] = [
    ("chemical", EdgeKind::Chemical),
    ("electrical", EdgeKind::Electrical),
    ("synapse_astrocyte", EdgeKind::SynapseAstrocyte),
    ("endfoot", EdgeKind::Endfoot),
    ("neuromodulatory", EdgeKind::Neuromodulatory),
    ("glialglial", EdgeKind::Glialglial),
    ("Exp2Syn_synapse", EdgeKind::Exp2Syn),
    ("point_process", EdgeKind::PointProcess),
    ("TM_synapse", EdgeKind::TsodyksMarkram),
];

impl EdgeKind {
    /// Whether no synapses are made of such edges: those of glia, which are other things, and of other
    /// simulators.
    pub fn is_left_out(self) -> bool {
        matches!(
            self,
            EdgeKind::SynapseAstrocyte
                | EdgeKind::Endfoot
                | EdgeKind::Glialglial
                | EdgeKind::TsodyksMarkram
        )
    }
}

/// Where the parts of cells and synapses are. Everything is optional; what a population does not
/// set it takes from the circuit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Components {
    /// SWC morphologies.
    pub morphologies_dir: Option<PathBuf>,
    /// ASC morphologies (`alternate_morphologies.neurolucida-asc`).
    pub asc_morphologies_dir: Option<PathBuf>,
    /// HDF5 morphologies: a directory, or a container file (`alternate_morphologies.h5v1`).
    pub h5_morphologies: Option<PathBuf>,
    /// Models of biophysical cells.
    pub biophysical_neuron_models_dir: Option<PathBuf>,
    /// Models of point neurons.
    pub point_neuron_models_dir: Option<PathBuf>,
    /// Mechanisms, `.mod` files.
    pub mechanisms_dir: Option<PathBuf>,
    /// Parameters of synapses (Allen).
    pub synaptic_models_dir: Option<PathBuf>,
    /// HOC templates (Allen).
    pub templates_dir: Option<PathBuf>,
    /// Vessels.
    pub vasculature_file: Option<PathBuf>,
    /// Surface of vessels.
    pub vasculature_mesh: Option<PathBuf>,
    /// Surfaces of endfeet.
    pub endfeet_meshes_file: Option<PathBuf>,
    /// Domains of astrocytes.
    pub microdomains_file: Option<PathBuf>,
    /// Morphologies of spines.
    pub spine_morphologies_dir: Option<PathBuf>,
}

impl Components {
    fn read(object: &Object) -> Self {
        let alternate = object.object("alternate_morphologies");
        let alternate = |key| {
            let Some(object) = &alternate else { return None };
            object.path(key)
        };
        // An empty text means that there is none.
        let path =
            |key| object.path(key).filter(|_| object.get(key) != Some(&Json::Text(String::new())));
        object.ignore(&["provenance"]);
        Self {
            morphologies_dir: path("morphologies_dir"),
            asc_morphologies_dir: alternate("neurolucida-asc"),
            h5_morphologies: alternate("h5v1"),
            biophysical_neuron_models_dir: path("biophysical_neuron_models_dir"),
            point_neuron_models_dir: path("point_neuron_models_dir"),
            mechanisms_dir: path("mechanisms_dir"),
            synaptic_models_dir: path("synaptic_models_dir"),
            templates_dir: path("templates_dir"),
            vasculature_file: path("vasculature_file"),
            vasculature_mesh: path("vasculature_mesh"),
            endfeet_meshes_file: path("endfeet_meshes_file"),
            microdomains_file: path("microdomains_file"),
            spine_morphologies_dir: path("spine_morphologies_dir"),
        }
    }

    /// These components, completed by the circuit's.
    fn or(self, circuit: &Components) -> Self {
        let or = |own: Option<PathBuf>, other: &Option<PathBuf>| own.or_else(|| other.clone());
        Self {
            morphologies_dir: or(self.morphologies_dir, &circuit.morphologies_dir),
            asc_morphologies_dir: or(self.asc_morphologies_dir, &circuit.asc_morphologies_dir),
            h5_morphologies: or(self.h5_morphologies, &circuit.h5_morphologies),
            biophysical_neuron_models_dir: or(
                self.biophysical_neuron_models_dir,
                &circuit.biophysical_neuron_models_dir,
            ),
            point_neuron_models_dir: or(
                self.point_neuron_models_dir,
                &circuit.point_neuron_models_dir,
            ),
            mechanisms_dir: or(self.mechanisms_dir, &circuit.mechanisms_dir),
            synaptic_models_dir: or(self.synaptic_models_dir, &circuit.synaptic_models_dir),
            templates_dir: or(self.templates_dir, &circuit.templates_dir),
            vasculature_file: or(self.vasculature_file, &circuit.vasculature_file),
            vasculature_mesh: or(self.vasculature_mesh, &circuit.vasculature_mesh),
            endfeet_meshes_file: or(self.endfeet_meshes_file, &circuit.endfeet_meshes_file),
            microdomains_file: or(self.microdomains_file, &circuit.microdomains_file),
            spine_morphologies_dir: or(
                self.spine_morphologies_dir,
                &circuit.spine_morphologies_dir,
            ),
        }
    }

    /// The file of a morphology: ASC if the circuit has that, else HDF5, else SWC; astrocytes
    /// HDF5 only, of `morphologies_dir` too. Names may have an extension (Allen). `None` without a
    /// directory.
    pub fn morphology_file(&self, name: &str, kind: NodeKind) -> Option<PathBuf> {
        let plain = if kind == NodeKind::Astrocyte { "h5" } else { "swc" };
        let choices = [
            (&self.asc_morphologies_dir, "asc"),
            (&self.h5_morphologies, "h5"),
            (&self.morphologies_dir, plain),
        ];
        choices
            .into_iter()
            .filter(|(_, extension)| kind != NodeKind::Astrocyte || *extension == "h5")
            .find_map(|(place, extension)| Some((place.as_ref()?, extension)))
            .map(|(place, extension)| match extension {
                // A container holds all morphologies, by their names.
                "h5" if place.extension().is_some_and(|e| e == "h5") => place.join(name),
                _ if has_extension(name) => place.join(name),
                _ => place.join(format!("{name}.{extension}")),
            })
    }
}

fn has_extension(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or_default();
    matches!(extension.to_ascii_lowercase().as_str(), "swc" | "asc" | "h5")
}

/// One file of nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeFileConfig {
    /// HDF5 file.
    pub nodes_file: PathBuf,
    /// Types table, CSV.
    pub node_types_file: Option<PathBuf>,
    /// The populations to use; `None` for all in the file, of the kind its nodes say (Allen).
    pub populations: Option<Vec<NodePopulationConfig>>,
}

/// One population of nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct NodePopulationConfig {
    /// Name in the file.
    pub name: String,
    /// What the nodes are.
    pub kind: NodeKind,
    /// The population's components, completed by the circuit's.
    pub components: Components,
}

/// One file of edges.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeFileConfig {
    /// HDF5 file.
    pub edges_file: PathBuf,
    /// Types table, CSV.
    pub edge_types_file: Option<PathBuf>,
    /// The populations to use; `None` for all in the file (Allen).
    pub populations: Option<Vec<EdgePopulationConfig>>,
}

/// One population of edges.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgePopulationConfig {
    /// Name in the file.
    pub name: String,
    /// What the edges are.
    pub kind: EdgeKind,
}

/// A circuit: where nodes, edges and components are.
#[derive(Debug, Clone, PartialEq)]
pub struct CircuitConfig {
    /// The file this was read from.
    pub path: PathBuf,
    /// Version number; no effect.
    pub version: Option<f64>,
    /// Whether `metadata.status` is `partial`: nodes and components may be missing.
    pub partial: bool,
    /// Simulator it was made for; `NEURON` if not given.
    pub target_simulator: Option<TargetSimulator>,
    /// Node sets of the circuit.
    pub node_sets_file: Option<PathBuf>,
    /// Defaults of all populations.
    pub components: Components,
    /// Files of nodes, in order.
    pub nodes: Vec<NodeFileConfig>,
    /// Files of edges, in order.
    pub edges: Vec<EdgeFileConfig>,
}

impl CircuitConfig {
    /// Reads a circuit configuration.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong. Warnings are dropped; use
    /// [`validate`](crate::validate) to see them.
    pub fn load(path: &Path) -> Result<Self> {
        let mut report = Report::default();
        let config = json::read(path, &mut report)
            .and_then(|json| Self::from_json(path, &json, &mut report));
        match config {
            Some(config) if report.is_ok() => Ok(config),
            _ => Err(Error::Invalid(report)),
        }
    }

    /// Reads the circuit's keys. What is wrong goes to the report.
    pub(crate) fn from_json(path: &Path, json: &Json, report: &mut Report) -> Option<Self> {
        let manifest = Manifest::read(path, json, report);
        let found = RefCell::new(std::mem::take(report));
        let context = Context { file: path, report: &found, manifest: &manifest };
        let config = Object::new(&context, String::new(), json).map(|object| {
            let config = Self::read(path, &object);
            // Allen's examples keep circuit and simulation in one file; its keys are known too.
            object.ignore(&SIMULATION_KEYS);
            object.finish();
            config
        });
        *report = found.into_inner();
        config
    }

    fn read(path: &Path, object: &Object) -> Self {
        let partial = object
            .object("metadata")
            .and_then(|metadata| {
                metadata.choice("status", &[("complete", false), ("partial", true)])
            })
            .unwrap_or(false);
        let components = match object.object("components") {
            Some(object) => {
                let components = Components::read(&object);
                object.finish();
                components
            }
            None => Components::default(),
        };
        let (mut nodes, mut edges) = (Vec::new(), Vec::new());
        let networks = object.object("networks");
        if !partial {
            object.require("networks", networks.as_ref(), "an object with `nodes` and `edges`");
        }
        if let Some(networks) = networks {
            for file in networks.objects("nodes") {
                nodes.extend(read_node_file(&file, &components));
                file.finish();
            }
            if !partial && !networks.has("nodes") {
                networks.error("nodes", Problem::Missing { expected: "a list of node files" });
            }
            for file in networks.objects("edges") {
                edges.extend(read_edge_file(&file));
                file.finish();
            }
            networks.finish();
        }
        Self {
            path: path.to_owned(),
            version: object.any("version"),
            partial,
            target_simulator: object.choice("target_simulator", &SIMULATORS),
            node_sets_file: object.path("node_sets_file"),
            components,
            nodes,
            edges,
        }
    }
}

const SIMULATION_KEYS: [&str; 14] = [
    "manifest",
    "run",
    "inputs",
    "reports",
    "output",
    "conditions",
    "node_sets",
    "simulation",
    "network",
    "node_set",
    "compartment_sets_file",
    "connection_overrides",
    "beta_features",
    "provenance",
];

fn read_node_file(file: &Object, circuit: &Components) -> Option<NodeFileConfig> {
    file.ignore(&["name"]);
    let nodes_file = file.require("nodes_file", file.path("nodes_file"), "a path");
    let node_types_file = file.path("node_types_file");
    let populations = file.has("populations").then(|| {
        let read = |(name, object): (&str, Object)| {
            let kind = object.choice("type", &NODE_KINDS).unwrap_or(NodeKind::Biophysical);
            let components = Components::read(&object).or(circuit);
            object.ignore(&["spatial_segment_index_dir"]);
            object.finish();
            NodePopulationConfig { name: name.to_owned(), kind, components }
        };
        file.named("populations").into_iter().map(read).collect()
    });
    Some(NodeFileConfig { nodes_file: nodes_file?, node_types_file, populations })
}

fn read_edge_file(file: &Object) -> Option<EdgeFileConfig> {
    file.ignore(&["name"]);
    // BMTK lets one be switched off.
    let is_enabled = file.boolean("enabled", true);
    let edges_file = file.require("edges_file", file.path("edges_file"), "a path");
    let edge_types_file = file.path("edge_types_file");
    let populations = file.has("populations").then(|| {
        let read = |(name, object): (&str, Object)| {
            let kind = object.choice("type", &EDGE_KINDS).unwrap_or(EdgeKind::Chemical);
            object.ignore(&["spatial_synapse_index_dir", "provenance"]);
            object.ignore(&["endfeet_meshes_file", "spine_morphologies_dir"]);
            object.finish();
            EdgePopulationConfig { name: name.to_owned(), kind }
        };
        file.named("populations").into_iter().map(read).collect()
    });
    is_enabled.then_some(())?;
    Some(EdgeFileConfig { edges_file: edges_file?, edge_types_file, populations })
}
