//! `conditions`: state at the start, globals of mechanisms, changes to cells.

use super::circuit::CircuitConfig;
use super::simulation::{Flavor, NodeSelector, read_selector};
use crate::finding::Problem;
use crate::json::{Json, Object};

/// Where a spike is detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpikeLocation {
    /// `soma[0](1)` (Allen: `soma[0](0.5)`).
    Soma,
    /// `axon[1](0.5)`
    AxonInitialSegment,
}

/// State at the start and conditions of the whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    /// Temperature; 34.
    pub celsius: f64,
    /// Membrane potential at the start; -80.
    pub v_init_mv: f64,
    /// Where spikes are detected; soma.
    pub spike_location: SpikeLocation,
    /// Extracellular calcium, which scales the release probability; none.
    pub extracellular_calcium_mm: Option<f64>,
    /// Whether rise times of GABA_A are drawn; false.
    pub randomize_gaba_rise_time: bool,
    /// Globals of mechanisms: (mechanism, variable, value), true and false as 1 and 0.
    pub mechanisms: Vec<(String, String, f64)>,
    /// Changes to cells, applied in this order after the stimuli are made.
    pub modifications: Vec<Modification>,
}

/// Where a modification acts.
#[derive(Debug, Clone, PartialEq)]
pub enum ModificationTarget {
    /// Cells.
    NodeSet(NodeSelector),
    /// Segments of a compartment set.
    CompartmentSet(String),
}

/// What a modification does.
#[derive(Debug, Clone, PartialEq)]
pub enum ModificationKind {
    /// Blocks sodium channels.
    Ttx,
    /// Statements for every section, `%s.gnabar_hh *= 0.5`.
    ConfigureAllSections(String),
    /// Statements for a list of sections, `apical.g_pas = 0.001`.
    SectionList(String),
    /// Statements for one section, `dend[0].cm = 2`.
    Section(String),
    /// Statements for segments, `gnabar_hh = 0.2`.
    CompartmentSet(String),
}

/// A change to cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Modification {
    /// Place in the list, from 0.
    pub position: usize,
    /// Its name, unique.
    pub name: String,
    /// Where.
    pub target: ModificationTarget,
    /// What.
    pub kind: ModificationKind,
}

impl Conditions {
    pub(super) fn read(object: Option<Object>, flavor: Flavor, circuit: &CircuitConfig) -> Self {
        let Some(object) = object else { return Self::default() };
        let default = Self::default();
        let words = [("soma", SpikeLocation::Soma), ("AIS", SpikeLocation::AxonInitialSegment)];
        let absolute = |value: f64| value > -273.15;
        let conditions = Self {
            celsius: object
                .number("celsius", absolute, "a temperature in degrees Celsius")
                .unwrap_or(default.celsius),
            v_init_mv: object.any_or("v_init", default.v_init_mv),
            spike_location: object
                .choice("spike_location", &words)
                .unwrap_or(default.spike_location),
            extracellular_calcium_mm: object.not_negative("extracellular_calcium"),
            randomize_gaba_rise_time: object.boolean("randomize_gaba_rise_time", false),
            mechanisms: read_mechanisms(&object),
            modifications: read_modifications(&object, flavor, circuit),
        };
        object.finish();
        conditions
    }
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            celsius: 34.0,
            v_init_mv: -80.0,
            spike_location: SpikeLocation::Soma,
            extracellular_calcium_mm: None,
            randomize_gaba_rise_time: false,
            mechanisms: Vec::new(),
            modifications: Vec::new(),
        }
    }
}

fn read_mechanisms(object: &Object) -> Vec<(String, String, f64)> {
    let mut globals = Vec::new();
    for (mechanism, variables) in object.named("mechanisms") {
        for (variable, json) in variables.entries() {
            let value = match json {
                Json::Bool(value) => Some(f64::from(u8::from(*value))),
                other => other.as_f64(),
            };
            match value {
                Some(value) => globals.push((mechanism.to_owned(), variable.to_owned(), value)),
                None => {
                    let found = json.describe();
                    let expected = "a number, true or false".to_owned();
                    variables.error(variable, Problem::Value { found, expected });
                }
            }
        }
    }
    globals
}

#[derive(Clone, Copy)]
enum Kind {
    Ttx,
    ConfigureAllSections,
    SectionList,
    Section,
    CompartmentSet,
}

fn read_modifications(
    object: &Object,
    flavor: Flavor,
    circuit: &CircuitConfig,
) -> Vec<Modification> {
    let kinds = [
        ("ttx", Kind::Ttx),
        ("TTX", Kind::Ttx),
        ("configure_all_sections", Kind::ConfigureAllSections),
        ("ConfigureAllSections", Kind::ConfigureAllSections),
        ("section_list", Kind::SectionList),
        ("section", Kind::Section),
        ("compartment_set", Kind::CompartmentSet),
    ];
    let mut result: Vec<Modification> = Vec::new();
    for (position, entry) in object.objects("modifications").into_iter().enumerate() {
        let name = entry.require("name", entry.text("name"), "a name");
        let kind = entry.require("type", entry.choice("type", &kinds), "the kind of modification");
        let configure = |entry: &Object| {
            entry.require(
                "section_configure",
                entry.text("section_configure"),
                "statements such as `%s.gnabar_hh *= 0.5`",
            )
        };
        let kind = match kind {
            None => {
                entry.ignore(&["section_configure", "node_set", "compartment_set"]);
                None
            }
            Some(Kind::Ttx) => Some(ModificationKind::Ttx),
            Some(Kind::ConfigureAllSections) => {
                configure(&entry).map(ModificationKind::ConfigureAllSections)
            }
            Some(Kind::SectionList) => configure(&entry).map(ModificationKind::SectionList),
            Some(Kind::Section) => configure(&entry).map(ModificationKind::Section),
            Some(Kind::CompartmentSet) => configure(&entry).map(ModificationKind::CompartmentSet),
        };
        let target = match kind {
            None => None,
            Some(ModificationKind::CompartmentSet(_)) => entry
                .require("compartment_set", entry.text("compartment_set"), "a compartment set")
                .map(ModificationTarget::CompartmentSet),
            Some(_) => entry
                .require("node_set", read_selector(&entry, "node_set", flavor), "a node set")
                .map(ModificationTarget::NodeSet),
        };
        if let Some(name) = &name
            && result.iter().any(|earlier| earlier.name == *name)
        {
            let first = circuit.path.clone();
            entry.error(
                "name",
                Problem::DuplicateName { what: "modification", name: name.clone(), first },
            );
        }
        if let (Some(name), Some(kind), Some(target)) = (name, kind, target) {
            result.push(Modification { position, name, target, kind });
        }
        entry.finish();
    }
    result
}
