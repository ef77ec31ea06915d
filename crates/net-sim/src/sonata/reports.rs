//! Reports: `enable_reports`, and their files at the end.
//!
//! Each report of a variable of compartments becomes a recording of the model. What is not supported
//! is named when the run starts, and left out.

use std::path::Path;

use net_cell::Quantity;
use net_cell::mechanism::IonVariable;
use net_core::Gid;
use net_io::provenance::Provenance;
use net_io::sonata::{Layout, ReportPopulation, write_report};
use net_io::store::SampleType;
use net_sonata::cell::Cell;
use net_sonata::config::{Compartments, ReportConfig, ReportKind, ReportTarget, Sections};
use net_sonata::{Circuit, Flavor, SimulationConfig};

use super::cells::CellTable;
use crate::error::{BoxError, Error, Result};
use crate::model::{Recording, Segments, Targets};
use crate::run::Trace;

/// A report that is made.
#[derive(Debug, Clone)]
pub(super) struct Report {
    config: ReportConfig,
    gids: Vec<Gid>,
    segments: Segments,
    quantity: Quantity,
    /// First sample, in ms.
    start_ms: f64,
    interval_ms: f64,
    n_rows: usize,
}

/// Reads the reports; gives those that can be made, and a line for each that cannot.
pub(super) fn read(
    config: &SimulationConfig,
    circuit: &Circuit,
    cells: &CellTable,
) -> Result<(Vec<Report>, Vec<String>)> {
    let (mut reports, mut left_out) = (Vec::new(), Vec::new());
    for report in config.reports.iter().filter(|report| report.enabled) {
        match one(config, circuit, cells, report)? {
            Ok(report) => reports.push(report),
            Err(why) => left_out.push(format!(
                "{}: reports.{}: {why}; the report is left out",
                config.path.display(),
                report.name
            )),
        }
    }
    Ok((reports, left_out))
}

fn one(
    config: &SimulationConfig,
    circuit: &Circuit,
    cells: &CellTable,
    report: &ReportConfig,
) -> Result<std::result::Result<Report, String>> {
    if !matches!(report.kind, ReportKind::Compartment | ReportKind::Membrane) {
        return Ok(Err("this type is not supported yet".to_owned()));
    }
    let [variable] = &report.variables[..] else {
        return Ok(Err("several variables are not supported yet".to_owned()));
    };
    let quantity = match (variable.as_str(), variable.split_once('.')) {
        ("v", _) => Quantity::Voltage,
        ("i_membrane", _) => Quantity::MembraneCurrent,
        (_, Some((mechanism, variable))) => {
            let (mechanism, variable) = (mechanism.to_owned(), variable.to_owned());
            Quantity::Variable { mechanism, variable, nth: 0 }
        }
        (name, None) => match ion_variable(name) {
            Some((ion, variable)) => Quantity::Ion { ion, variable },
            None => return Ok(Err(format!("variable {name} is not supported yet"))),
        },
    };
    let segments = match (report.sections, report.compartments) {
        (Sections::Soma, Compartments::Center) => Segments::Soma,
        (Sections::All, Compartments::All) => Segments::All,
        _ => return Ok(Err("these sections and compartments are not supported yet".to_owned())),
    };
    let selected = match &report.target {
        ReportTarget::Cells(Some(set)) => circuit.select(set).map_err(Error::circuit)?,
        ReportTarget::Cells(None) => {
            circuit.nodes().iter().map(|p| p.simulated().clone()).collect()
        }
        ReportTarget::CompartmentSet(_) => {
            return Ok(Err("compartment sets are not supported yet".to_owned()));
        }
    };
    let mut gids = Vec::new();
    for population in cells.populations() {
        let nodes = population.nodes.intersection(&selected[population.index]);
        gids.extend(nodes.iter().filter_map(|node| population.gid(node)));
    }
    let dt_ms = config.run.dt_ms;
    let end_ms = report.end_time_ms.min(config.run.tstop_ms);
    let n_rows = ((end_ms - report.start_time_ms) / report.dt_ms - 1e-9).ceil().max(0.0) as usize;
    let interval_ms = (report.dt_ms / dt_ms + 1e-9).trunc().max(1.0) * dt_ms;
    let start_ms = (report.start_time_ms / dt_ms).round() * dt_ms;
    // BioNet samples at the end of a step.
    let start_ms = if config.flavor == Flavor::Allen { start_ms + dt_ms } else { start_ms };
    let config = report.clone();
    Ok(Ok(Report { config, gids, segments, quantity, start_ms, interval_ms, n_rows }))
}

/// `cai`, `cao`, `eca`, `ica` for an ion that a mechanism uses.
fn ion_variable(name: &str) -> Option<(String, IonVariable)> {
    let known = |ion: &str| {
        let mut all = net_cell::mechanism::catalogue().iter().flat_map(|m| &m.ions);
        all.any(|used| used.ion == ion)
    };
    let forms = [
        (name.strip_suffix('i'), IonVariable::Inside),
        (name.strip_suffix('o'), IonVariable::Outside),
        (name.strip_prefix('e'), IonVariable::Reversal),
        (name.strip_prefix('i'), IonVariable::Current),
    ];
    let mut fits = forms.into_iter().filter_map(|(ion, variable)| Some((ion?, variable)));
    fits.find(|(ion, _)| known(ion)).map(|(ion, variable)| (ion.to_owned(), variable))
}

impl Report {
    /// The recording of the model that makes it.
    pub(super) fn recording(&self) -> Recording {
        Recording {
            segments: self.segments.clone(),
            interval_ms: Some(self.interval_ms),
            start_ms: self.start_ms,
            sample_type: SampleType::F64,
            ..Recording::new(
                &self.config.name,
                Targets::Gids(self.gids.clone()),
                self.quantity.clone(),
            )
        }
    }

    /// Writes the file from the samples of all ranks, sorted by gid and segment.
    pub(super) fn write(
        &self,
        folder: &Path,
        flavor: Flavor,
        cells: &CellTable,
        traces: &[Trace],
        provenance: &Provenance,
    ) -> std::result::Result<(), BoxError> {
        let mut populations = Vec::new();
        for population in cells.populations() {
            let mut part = ReportPopulation {
                name: population.name.clone(),
                node_ids: Vec::new(),
                index_pointers: vec![0],
                element_ids: Vec::new(),
                element_pos: Vec::new(),
                data: Vec::new(),
            };
            let gids = population.first_gid..population.first_gid + population.nodes.len();
            let own: Vec<&Trace> = traces.iter().filter(|t| gids.contains(&t.gid)).collect();
            for cell_traces in own.chunk_by(|a, b| a.gid == b.gid) {
                let gid = cell_traces[0].gid;
                let (cell, _) = cells.cell(gid)?;
                let Cell::Cable(cell) = &*cell else { continue };
                let ids = match flavor {
                    Flavor::Obi => cell.section_ids(),
                    Flavor::Allen => (0..cell.morphology.sections.len() as u32).collect(),
                };
                for trace in cell_traces {
                    let segment = trace.segment as usize;
                    part.element_ids.push(ids[cell.morphology.segments.section[segment] as usize]);
                    part.element_pos.push(cell.morphology.segments.x[segment]);
                }
                part.node_ids.extend(population.nodes.nth(gid - population.first_gid));
                part.index_pointers.push(part.element_ids.len() as u64);
            }
            if part.node_ids.is_empty() {
                continue;
            }
            let n_rows = own.iter().map(|t| t.values.len()).min().unwrap_or(0).min(self.n_rows);
            for row in 0..n_rows {
                part.data.extend(own.iter().map(|trace| trace.values[row]));
            }
            populations.push(part);
        }
        let (layout, start) = match flavor {
            Flavor::Obi => (Layout::Obi, self.start_ms),
            Flavor::Allen => (Layout::Allen, self.config.start_time_ms),
        };
        let end = self.config.end_time_ms.min(start + self.n_rows as f64 * self.config.dt_ms);
        let time_ms = [start, end, self.config.dt_ms];
        let names = (self.config.variables[0].as_str(), self.config.unit.as_str());
        let path = folder.join(&self.config.file_name);
        Ok(write_report(&path, &populations, time_ms, names, layout, provenance)?)
    }
}
