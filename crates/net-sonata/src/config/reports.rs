//! `reports`

use std::path::PathBuf;

use super::simulation::{Flavor, NodeSelector, Run, read_selector};
use crate::finding::Problem;
use crate::json::{Json, Object};

/// What a report holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// A variable of compartments.
    Compartment,
    /// Currents, summed over the mechanisms named.
    Summation,
    /// A variable of synapses.
    Synapse,
    /// Extracellular potential at electrodes.
    Lfp,
    /// A variable at the places of a compartment set.
    CompartmentSet,
    /// Variables of compartments, in Allen's layout (`membrane_report`).
    Membrane,
    /// Variables of synapses, in Allen's layout (`netcon_report`).
    Netcon,
    /// Extracellular potential from electrode positions (`extracellular`, `ecp`).
    Extracellular,
    /// The synapses themselves (`save_synapses`).
    SaveSynapses,
}

/// Which sections of a cell: those of some kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sections(u8);

/// The kinds, as sections are called.
const KINDS: [&str; 4] = ["soma", "axon", "dend", "apic"];

impl Sections {
    /// `soma`
    pub const SOMA: Self = Self(1);
    /// `axon`
    pub const AXON: Self = Self(2);
    /// `dend`
    pub const DEND: Self = Self(4);
    /// `apic`
    pub const APIC: Self = Self(8);
    /// `all`, of other kinds too
    pub const ALL: Self = Self(u8::MAX);

    /// These and others.
    pub fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether a section is one of them, by its name, `dend[3]`.
    pub fn have(self, section: &str) -> bool {
        let kind = section.split('[').next().unwrap_or_default();
        let number = KINDS.iter().position(|known| *known == kind);
        self == Self::ALL || number.is_some_and(|number| self.0 & (1 << number) != 0)
    }
}

/// Which compartments of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compartments {
    /// The one in the middle.
    Center,
    /// Each.
    All,
}

/// What a segment is to an electrode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// `pointsource`: a point in its middle.
    Point,
    /// `linesource`: a line.
    Line,
    /// `root_as_point`: a point for the first segment, a line for others.
    RootAsPoint,
}

/// Whether densities are multiplied by area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scaling {
    /// Densities become currents: mA/cm2 times um2 / 100 is nA.
    Area,
    /// As they are.
    None,
}

/// Which cells or places a report is about.
#[derive(Debug, Clone, PartialEq)]
pub enum ReportTarget {
    /// Cells; `None` for all that are simulated.
    Cells(Option<NodeSelector>),
    /// A compartment set.
    CompartmentSet(String),
}

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportConfig {
    /// Its key.
    pub name: String,
    /// What it holds.
    pub kind: ReportKind,
    /// Where.
    pub target: ReportTarget,
    /// Which sections; soma, Allen: all.
    pub sections: Sections,
    /// Which compartments; center for soma, else all.
    pub compartments: Compartments,
    /// Variables: `v`, `i_membrane`, `ina`, `hh.m`, `ProbGABAAB_EMS.g`, a mechanism for its `i`.
    /// Empty for `lfp` and `extracellular`.
    pub variables: Vec<String>,
    /// Beginning of the names of the synapses (`netcon_report`); `Exp2Syn`.
    pub syn_type: String,
    /// Text for the unit; `mV`, of `netcon_report` empty for that of the variable.
    pub unit: String,
    /// Interval of samples; Allen: the run's step.
    pub dt_ms: f64,
    /// First sample; Allen: 0.
    pub start_time_ms: f64,
    /// End; Allen: the run's end.
    pub end_time_ms: f64,
    /// Scaling of densities; area.
    pub scaling: Scaling,
    /// File, with extension; `<name>.h5`.
    pub file_name: PathBuf,
    /// Whether it is written; true.
    pub enabled: bool,
    /// Weights of electrodes, HDF5 (`lfp`).
    pub electrodes_file: Option<PathBuf>,
    /// Positions of electrodes: a table in CSV (`extracellular`), also in JSON (`lfp`).
    pub electrode_positions: Option<PathBuf>,
    /// Conductivity around them, S/m; 0.3.
    pub conductivity_s_m: f64,
    /// What segments are to them; lines.
    pub source: SourceKind,
    /// Directory for what each cell contributes (`extracellular`).
    pub contributions_dir: Option<PathBuf>,
    /// Directory for the connections (`save_synapses`).
    pub network_dir: Option<PathBuf>,
    /// Function applied to samples (Allen).
    pub transform: Option<String>,
}

impl ReportConfig {
    pub(super) fn read_all(object: &Object, flavor: Flavor, run: &Run) -> Vec<Self> {
        object
            .named("reports")
            .into_iter()
            .filter_map(|(name, entry)| {
                let report = Self::read(name, &entry, flavor, run);
                entry.finish();
                report
            })
            .collect()
    }

    fn read(name: &str, entry: &Object, flavor: Flavor, run: &Run) -> Option<Self> {
        let enabled = entry.boolean("enabled", true);
        let kind = match flavor {
            Flavor::Obi => {
                entry.require("type", entry.choice("type", &OBI_KINDS), "the kind of report")
            }
            Flavor::Allen => {
                entry.require("module", entry.choice("module", &ALLEN_KINDS), "the report's module")
            }
        };
        let default = match flavor {
            Flavor::Obi => Sections::SOMA,
            Flavor::Allen => Sections::ALL,
        };
        // BMTK takes lists of kinds, of which an empty one is all; libsonata one kind.
        let chosen = match flavor {
            Flavor::Obi => entry.choice("sections", &SECTIONS),
            Flavor::Allen => entry
                .choices("sections", &SECTIONS)
                .map(|kinds| kinds.into_iter().reduce(Sections::and).unwrap_or(Sections::ALL)),
        };
        let sections = chosen.unwrap_or(default);
        let center = Compartments::Center;
        let compartments = entry
            .choice("compartments", &[("center", center), ("all", Compartments::All)])
            .unwrap_or(if sections == Sections::SOMA { center } else { Compartments::All });
        let target = match kind {
            Some(ReportKind::CompartmentSet) => {
                for key in ["cells", "sections", "compartments"] {
                    if entry.has(key) {
                        entry.error(key, Problem::Conflict { other: "compartment_set" });
                    }
                }
                entry.ignore(&["cells"]);
                entry
                    .require("compartment_set", entry.text("compartment_set"), "a compartment set")
                    .map(ReportTarget::CompartmentSet)
            }
            _ => {
                if entry.has("compartment_set") {
                    entry.error("compartment_set", Problem::Conflict { other: "type" });
                    entry.ignore(&["compartment_set"]);
                }
                Some(ReportTarget::Cells(read_selector(entry, "cells", flavor)))
            }
        };
        let fields = matches!(kind, Some(ReportKind::Lfp | ReportKind::Extracellular));
        let variables = read_variables(entry, fields || kind == Some(ReportKind::SaveSynapses));
        let electrodes_file = entry.path("electrodes_file");
        let electrode_positions = entry.path("electrode_positions");
        if electrodes_file.is_some() && electrode_positions.is_some() {
            entry.error("electrode_positions", Problem::Conflict { other: "electrodes_file" });
        }
        if kind == Some(ReportKind::Extracellular) && electrode_positions.is_none() {
            entry.require("electrode_positions", None::<()>, "a CSV file of positions");
        }
        let (mut syn_type, mut unit) = (String::new(), "mV");
        if kind == Some(ReportKind::Netcon) {
            syn_type = entry.text("syn_type").unwrap_or_else(|| "Exp2Syn".to_owned());
            unit = "";
        }
        let network_dir = match kind {
            Some(ReportKind::SaveSynapses) => {
                let directory = entry.text("network_dir").map(PathBuf::from);
                Some(entry.require("network_dir", directory, "a directory for the connections")?)
            }
            _ => None,
        };
        let conductivity_s_m = entry.positive("conductivity").unwrap_or(0.3);
        let source = entry.choice("method", &SOURCES).unwrap_or(SourceKind::Line);
        let time = |key, expected, default| match flavor {
            Flavor::Obi => entry.require(key, entry.not_negative(key), expected),
            Flavor::Allen => Some(entry.not_negative(key).unwrap_or(default)),
        };
        let dt_ms = time("dt", "the interval of samples in ms", run.dt_ms);
        let start_time_ms = time("start_time", "the first time in ms", 0.0);
        let end_time_ms = time("end_time", "the end in ms", run.tstop_ms);
        if let Some(dt_ms) = dt_ms
            && run.dt_ms > 0.0
            && dt_ms < run.dt_ms * (1.0 - 1e-9)
        {
            let expected = format!("the simulation's step, {} ms, or more", run.dt_ms);
            entry.error("dt", Problem::Value { found: dt_ms.to_string(), expected });
        }
        if let (Some(start), Some(end)) = (start_time_ms, end_time_ms)
            && start > end
        {
            let expected = format!("start_time, {start}, or more");
            entry.error("end_time", Problem::Value { found: end.to_string(), expected });
        }
        let mut file_name =
            PathBuf::from(entry.text("file_name").unwrap_or_else(|| name.to_owned()));
        if file_name.extension().is_none_or(|extension| extension != "h5") {
            file_name.as_mut_os_string().push(".h5");
        }
        let report = Self {
            name: name.to_owned(),
            kind: kind?,
            target: target?,
            sections,
            compartments,
            variables: variables?,
            syn_type,
            unit: entry.text("unit").unwrap_or_else(|| unit.to_owned()),
            dt_ms: dt_ms?,
            start_time_ms: start_time_ms?,
            end_time_ms: end_time_ms?,
            scaling: entry
                .choice("scaling", &[("area", Scaling::Area), ("none", Scaling::None)])
                .unwrap_or(Scaling::Area),
            file_name,
            enabled,
            electrodes_file,
            electrode_positions,
            conductivity_s_m,
            source,
            contributions_dir: entry.text("contributions_dir").map(PathBuf::from),
            network_dir,
            transform: entry.text("transform"),
        };
        if flavor == Flavor::Allen {
            entry.ignore(&[
                "minimum_distance",
                "electrode_channels",
                "tmp_dir",
                "syn_type",
                "sort_by",
                "buffer_size",
                "single_file",
            ]);
        }
        Some(report)
    }
}

const OBI_KINDS: [(&str, ReportKind); 5] = [
    ("compartment", ReportKind::Compartment),
    ("summation", ReportKind::Summation),
    ("synapse", ReportKind::Synapse),
    ("lfp", ReportKind::Lfp),
    ("compartment_set", ReportKind::CompartmentSet),
];

const ALLEN_KINDS: [(&str, ReportKind); 7] = [
    ("membrane_report", ReportKind::Membrane),
    ("multimeter_report", ReportKind::Membrane),
    ("netcon_report", ReportKind::Netcon),
    ("extracellular", ReportKind::Extracellular),
    ("ecp", ReportKind::Extracellular),
    ("ECP", ReportKind::Extracellular),
    ("save_synapses", ReportKind::SaveSynapses),
];

const SOURCES: [(&str, SourceKind); 3] = [
    ("pointsource", SourceKind::Point),
    ("linesource", SourceKind::Line),
    ("root_as_point", SourceKind::RootAsPoint),
];

const SECTIONS: [(&str, Sections); 9] = [
    ("soma", Sections::SOMA),
    ("somatic", Sections::SOMA),
    ("axon", Sections::AXON),
    ("axonal", Sections::AXON),
    ("dend", Sections::DEND),
    ("basal", Sections::DEND),
    ("apic", Sections::APIC),
    ("apical", Sections::APIC),
    ("all", Sections::ALL),
];

/// One text, with commas between variables, or a list.
fn read_variables(entry: &Object, optional: bool) -> Option<Vec<String>> {
    let split =
        |text: &String| text.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
    let variables =
        entry.texts("variable_name").map(|texts| texts.iter().flat_map(split).collect::<Vec<_>>());
    if optional && !entry.has("variable_name") {
        return Some(Vec::new());
    }
    let variables = entry.require("variable_name", variables, "the variable")?;
    if variables.is_empty() || variables.iter().any(String::is_empty) {
        let found = entry.get("variable_name").map_or_else(String::new, Json::describe);
        let expected = "a variable, or several with commas between".to_owned();
        entry.error("variable_name", Problem::Value { found, expected });
        return None;
    }
    Some(variables)
}
