//! Reports: `enable_reports`, and their files at the end.
//!
//! Each variable of a report becomes a recording of the model, which is sealed on the disk while it
//! runs; an element of the report is a sum over columns of recordings, which are read block by block.
//! What is not supported is named when the run starts, and left out.

mod electrodes;
mod elements;
mod variables;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use net_core::Gid;
use net_io::store::SampleType;
use net_sonata::cell::{CableCell, Cell};
use net_sonata::config::{Compartments, ReportConfig, ReportKind, ReportTarget, Scaling, Sections};
use net_sonata::{Circuit, CompartmentSets, Flavor, SimulationConfig};

use super::cells::CellTable;
use super::ecp::{EcpReport, is_ecp};
use crate::error::{BoxError, Error, Result};
use crate::model::{Recording, SegmentChoice, Segments, Targets};
use electrodes::Weights;
pub(super) use elements::Described;
use variables::Variable;

/// A report that is made.
#[derive(Debug, Clone)]
pub(super) struct Report {
    config: ReportConfig,
    gids: Vec<Gid>,
    elements: Elements,
    variables: Vec<Variable>,
    /// Mechanisms whose synapses are elements, one by one.
    mechanisms: Vec<String>,
    /// First sample, in ms.
    start_ms: f64,
    interval_ms: f64,
    n_rows: usize,
}

/// What the elements of a cell are.
#[derive(Debug, Clone)]
enum Elements {
    /// Segments.
    Segments(Sections, Compartments),
    /// Places by gid, each a section by SONATA's id and a position.
    Places(Arc<BTreeMap<Gid, Vec<(u64, f64)>>>),
    /// The cell.
    Cell,
    /// Synapses.
    Synapses(Sections, Compartments),
    /// Synapses in the order in which they are made, with what they connect.
    Connections(Sections),
    /// Electrodes.
    Electrodes(Weights),
}

/// What is reported.
#[derive(Default)]
pub(super) struct Reports {
    pub(super) reports: Vec<Report>,
    pub(super) potentials: Vec<EcpReport>,
    /// Directories for the connections.
    pub(super) saved: Vec<PathBuf>,
    /// A line for each that cannot be made.
    pub(super) left_out: Vec<String>,
}

/// Reads the reports.
pub(super) fn read(
    config: &SimulationConfig,
    circuit: &Arc<Circuit>,
    cells: &CellTable,
) -> Result<Reports> {
    let mut read = Reports::default();
    let enabled = config.reports.iter().filter(|report| report.enabled);
    for report in &enabled.flat_map(one_a_variable).collect::<Vec<_>>() {
        if is_ecp(report) {
            let gids = gids_of(report, circuit, cells)?;
            read.potentials.push(EcpReport::read(config, report, cells, &gids)?);
            continue;
        }
        if let Some(directory) = &report.network_dir {
            read.saved.push(directory.clone());
            continue;
        }
        match one(config, circuit, cells, report)? {
            Ok(report) => read.reports.push(report),
            Err(why) => read.left_out.push(format!(
                "{}: reports.{}: {why}; the report is left out",
                config.path.display(),
                report.name
            )),
        }
    }
    Ok(read)
}

/// The simulated cells of a report's node set.
fn gids_of(report: &ReportConfig, circuit: &Circuit, cells: &CellTable) -> Result<Vec<Gid>> {
    let selected = match &report.target {
        ReportTarget::Cells(Some(set)) => circuit.select(set).map_err(Error::circuit)?,
        _ => circuit.nodes().iter().map(|p| p.simulated().clone()).collect(),
    };
    let mut gids = Vec::new();
    for population in cells.populations() {
        let nodes = population.nodes.intersection(&selected[population.index]);
        gids.extend(nodes.iter().filter_map(|node| population.gid(node)));
    }
    Ok(gids)
}

/// A report of Allen's with several variables is one for each, in files of their own.
fn one_a_variable(report: &ReportConfig) -> Vec<ReportConfig> {
    let is_allen = matches!(report.kind, ReportKind::Membrane | ReportKind::Netcon);
    if !is_allen || report.variables.len() < 2 {
        return vec![report.clone()];
    }
    let one = |variable: &String| {
        let mut one = report.clone();
        one.name = format!("{} {variable}", report.name);
        let stem = report.file_name.file_stem().unwrap_or_default().to_string_lossy();
        one.file_name = report.file_name.with_file_name(format!("{stem}_{variable}.h5"));
        one.variables = vec![variable.clone()];
        one
    };
    report.variables.iter().map(one).collect()
}

fn one(
    config: &SimulationConfig,
    circuit: &Arc<Circuit>,
    cells: &CellTable,
    report: &ReportConfig,
) -> Result<std::result::Result<Report, String>> {
    let is_sum = report.kind == ReportKind::Summation;
    let chosen = (report.sections, report.compartments);
    let mut elements = match report.kind {
        ReportKind::Compartment | ReportKind::Membrane => Elements::Segments(chosen.0, chosen.1),
        ReportKind::Summation if report.sections == Sections::SOMA => Elements::Cell,
        ReportKind::Summation => Elements::Segments(chosen.0, chosen.1),
        ReportKind::Synapse => Elements::Synapses(chosen.0, chosen.1),
        ReportKind::Netcon => Elements::Connections(report.sections),
        ReportKind::CompartmentSet => Elements::Places(Arc::default()),
        ReportKind::Lfp => match Weights::read(config, circuit, report, cells)? {
            Some(weights) => Elements::Electrodes(weights),
            None => {
                return Ok(Err("it has neither electrodes_file nor electrode_positions".into()));
            }
        },
        // Those above.
        ReportKind::Extracellular | ReportKind::SaveSynapses => {
            return Ok(Err("it has no elements".to_owned()));
        }
    };
    let membrane = ["i_membrane".to_owned()];
    let names = if report.kind == ReportKind::Lfp { &membrane[..] } else { &report.variables };
    if names.len() != 1 && !is_sum {
        return Ok(Err("several variables are supported in summations only".to_owned()));
    }
    let scaled = is_sum && report.scaling == Scaling::Area;
    let mut variables = Vec::new();
    for name in names {
        let read = match report.kind {
            ReportKind::Netcon => Variable::of_synapses(&report.syn_type, name),
            _ => Variable::read(name, is_sum, scaled),
        };
        match read {
            Ok(parts) => variables.extend(parts),
            Err(why) => return Ok(Err(why)),
        }
    }
    let mechanisms = match elements {
        Elements::Synapses(..) => {
            variables.iter().filter_map(Variable::mechanism).map(str::to_owned).collect()
        }
        Elements::Connections(_) => {
            variables::synapses(&report.syn_type).map(|m| m.name.to_owned()).collect()
        }
        _ => Vec::new(),
    };
    let gids = match &report.target {
        ReportTarget::Cells(_) => gids_of(report, circuit, cells)?,
        ReportTarget::CompartmentSet(name) => {
            let places = places(config, cells, name)?;
            let gids = places.keys().copied().collect();
            elements = Elements::Places(Arc::new(places));
            gids
        }
    };
    let dt_ms = config.run.dt_ms;
    let end_ms = report.end_time_ms.min(config.run.tstop_ms);
    let n_rows = ((end_ms - report.start_time_ms) / report.dt_ms - 1e-9).ceil().max(0.0) as usize;
    let interval_ms = (report.dt_ms / dt_ms + 1e-9).trunc().max(1.0) * dt_ms;
    // Half a step counts as a whole one: 5.05 becomes 5.1, though 5.05 / 0.1 is below 50.5.
    let start_ms = (report.start_time_ms / dt_ms + 0.5 + 1e-9).floor() * dt_ms;
    // BioNet samples at the end of a step.
    let start_ms = if config.flavor == Flavor::Allen { start_ms + dt_ms } else { start_ms };
    let config = report.clone();
    Ok(Ok(Report { config, gids, elements, variables, mechanisms, start_ms, interval_ms, n_rows }))
}

/// The places of a compartment set on simulated cells.
fn places(
    config: &SimulationConfig,
    cells: &CellTable,
    name: &str,
) -> Result<BTreeMap<Gid, Vec<(u64, f64)>>> {
    let sets = match &config.compartment_sets_file {
        Some(path) => CompartmentSets::load(path).map_err(Error::circuit)?,
        None => CompartmentSets::default(),
    };
    let set = sets.get(name).map_err(Error::circuit)?;
    let mut places: BTreeMap<Gid, Vec<(u64, f64)>> = BTreeMap::new();
    if let Some(population) = cells.populations().iter().find(|p| p.name == set.population) {
        for location in &set.locations {
            if let Some(gid) = population.gid(location.node_id) {
                places.entry(gid).or_default().push((location.section_id, location.offset));
            }
        }
    }
    Ok(places)
}

impl Report {
    /// Mechanisms whose synapses are elements one by one, with the cells on which they are.
    pub(super) fn synapses(&self) -> impl Iterator<Item = (&str, &[Gid])> {
        self.mechanisms.iter().map(|mechanism| (&**mechanism, &*self.gids))
    }

    /// The recordings of the model that make it, one a variable.
    pub(super) fn recordings(&self, cells: &Arc<CellTable>) -> Vec<Recording> {
        let recording = |variable: &Variable| {
            let (report, cells, variable) = (self.clone(), cells.clone(), variable.clone());
            let (gids, instances) = (Targets::Gids(self.gids.clone()), variable.instances());
            let quantity = variable.quantity.clone();
            let name = match self.variables.len() {
                1 => self.config.name.clone(),
                _ => format!("{} {}", self.config.name, variable.name),
            };
            Recording {
                segments: Segments::PerCell(SegmentChoice::new(move |gid| {
                    let (cell, _) = cells.cell(gid)?;
                    let Cell::Cable(cell) = &*cell else { return Ok(Vec::new()) };
                    let mut segments = report.segments(&cells, gid, cell)?;
                    segments.sort_unstable();
                    segments.dedup();
                    variable.keep(cell, &mut segments)?;
                    Ok(segments)
                })),
                instances,
                interval_ms: Some(self.interval_ms),
                start_ms: self.start_ms,
                windows_ms: self.window_ms().into_iter().collect(),
                sample_type: SampleType::F64,
                ..Recording::new(name, gids, quantity)
            }
        };
        self.variables.iter().map(recording).collect()
    }

    /// From the first sample on, until there are as many as the report has rows.
    fn window_ms(&self) -> Option<(f64, f64)> {
        let duration_ms = self.n_rows as f64 * self.interval_ms;
        (self.n_rows > 0).then_some((self.start_ms, self.start_ms + duration_ms))
    }

    /// The segments of a cell that the report is about; those of places in their order.
    fn segments(
        &self,
        cells: &CellTable,
        gid: Gid,
        cell: &CableCell,
    ) -> std::result::Result<Vec<u32>, BoxError> {
        let n_segments = cell.morphology.n_segments();
        let all = 0..n_segments as u32;
        match &self.elements {
            Elements::Cell => Ok(all.collect()),
            Elements::Segments(sections, compartments)
            | Elements::Synapses(sections, compartments) => {
                Ok(segments_of(cell, *sections, *compartments))
            }
            Elements::Connections(sections) => Ok(segments_of(cell, *sections, Compartments::All)),
            Elements::Electrodes(weights) => {
                let (factors, n_electrodes) = self.factors(weights, cells, gid)?;
                let n = factors.len() / n_electrodes.max(1);
                if n != n_segments {
                    let (_, node) = self.node(cells, gid)?;
                    let of = format!("{n} compartments of node {node}, which has {n_segments}");
                    return Err(self.wrong(&format!("the electrodes' file has weights of {of}")));
                }
                Ok(all.collect())
            }
            Elements::Places(places) => {
                let (_, node) = self.node(cells, gid)?;
                let ids = cell.section_ids();
                let place = |(id, position): &(u64, f64)| {
                    let section = ids.iter().position(|own| u64::from(*own) == *id);
                    let section = section
                        .ok_or_else(|| self.wrong(&format!("node {node} has no section {id}")))?;
                    Ok(cell.morphology.segment_at(section, *position) as u32)
                };
                places.get(&gid).into_iter().flatten().map(place).collect()
            }
        }
    }

    fn node(&self, cells: &CellTable, gid: Gid) -> std::result::Result<(usize, u64), BoxError> {
        cells.node_of(gid).ok_or_else(|| self.wrong(&format!("gid {gid} is no cell")))
    }

    /// The weights of a cell, and the number of electrodes.
    fn factors<'a>(
        &self,
        weights: &'a Weights,
        cells: &CellTable,
        gid: Gid,
    ) -> std::result::Result<(Cow<'a, [f64]>, usize), BoxError> {
        let known = weights.of(cells, gid)?;
        let (_, node) = self.node(cells, gid)?;
        known.ok_or_else(|| {
            self.wrong(&format!("the electrodes' file has no weights of node {node}"))
        })
    }

    fn wrong(&self, what: &str) -> BoxError {
        format!("reports.{}: {what}", self.config.name).into()
    }
}

/// Segments of sections of some kinds: all of each section, or the one in its middle.
fn segments_of(cell: &CableCell, sections: Sections, compartments: Compartments) -> Vec<u32> {
    let all = cell.morphology.sections.iter().enumerate();
    let chosen = all.filter(|(_, section)| sections.have(&section.name));
    let segments = chosen.flat_map(|(index, section)| match compartments {
        Compartments::All => {
            section.first_segment as u32..(section.first_segment + section.n_segments) as u32
        }
        Compartments::Center => {
            let middle = cell.morphology.segment_at(index, 0.5) as u32;
            middle..middle + 1
        }
    });
    segments.collect()
}
