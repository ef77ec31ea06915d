//! Extracellular potentials as BioNet reports them: `extracellular`.
//!
//! Each report is a probe of the model, which adds up all cells while they run.

use std::ops::Range;
use std::path::Path;

use net_core::Gid;
use net_io::probes::ProbeReader;
use net_io::provenance::Provenance;
use net_io::sonata::EcpWriter;
use net_lfp::{Contacts, LineSource};
use net_sonata::SimulationConfig;
use net_sonata::cell::Cell;
use net_sonata::config::{ReportConfig, ReportKind};

use super::CircuitSimulation;
use super::cells::CellTable;
use crate::error::{Error, Result};
use crate::model::{ProbeRecording, Targets};

/// Samples of all channels that are held in memory.
const BLOCK_VALUES: usize = 1 << 20;
/// The field of the reported cells.
const CELLS: &str = "cells";

/// Potentials at electrodes.
#[derive(Debug, Clone)]
pub(super) struct EcpReport {
    config: ReportConfig,
    probe: LineSource,
    gids: Vec<Gid>,
    dt_ms: f64,
}

impl EcpReport {
    /// The report that the configuration has, of these cells.
    ///
    /// # Errors
    /// Those of the file of positions.
    pub(super) fn read(
        config: &SimulationConfig,
        report: &ReportConfig,
        cells: &CellTable,
        gids: &[Gid],
    ) -> Result<Self> {
        let path = report.electrode_positions.as_deref().unwrap_or(Path::new(""));
        let positions = net_sonata::stimulus::read_channels(path).map_err(Error::circuit)?;
        let contacts = Contacts::new(positions);
        let contacts = contacts.map_err(|error| Error::Listed { source: error.into() })?;
        let sigma_s_m = report.conductivity_s_m;
        let mut own = Vec::new();
        for &gid in gids {
            let (cell, _) = cells.cell(gid).map_err(|source| Error::Listed { source })?;
            if let Cell::Cable(_) = &*cell {
                own.push(gid);
            }
        }
        let probe = LineSource { contacts, sigma_s_m };
        Ok(EcpReport { config: report.clone(), probe, gids: own, dt_ms: config.run.dt_ms })
    }

    /// The probe of the model. As in BioNet, a sample is taken at the end of a step.
    pub(super) fn probe(&self) -> ProbeRecording {
        let mut groups = vec![(CELLS.to_owned(), Targets::Gids(self.gids.clone()))];
        if self.config.contributions_dir.is_some() {
            groups.extend(self.gids.iter().map(|&gid| (cell(gid), Targets::Gids(vec![gid]))));
        }
        let steps = |ms: f64| (ms / self.dt_ms).round() * self.dt_ms;
        ProbeRecording {
            name: Some(self.config.name.clone()),
            groups,
            interval_ms: Some(steps(self.config.dt_ms)),
            start_ms: steps(self.config.start_time_ms + self.dt_ms),
            stop_ms: Some(self.config.end_time_ms),
            ..ProbeRecording::new(self.probe.clone())
        }
    }

    /// Writes the file, and one of each cell if these are wanted, from the probe's signal.
    fn write(
        &self,
        (simulation, folder): (&CircuitSimulation, &Path),
        probes: &[ProbeReader],
        provenance: &Provenance,
    ) -> Result<()> {
        let missing = Error::Stage { needed: "a run with the probes of its reports" };
        let probe = probes.iter().find(|probe| probe.name == self.config.name).ok_or(missing)?;
        let path = folder.join(&self.config.file_name);
        self.write_field(probe, CELLS, &path, provenance)?;
        let Some(directory) = &self.config.contributions_dir else { return Ok(()) };
        let directory = folder.join(directory);
        std::fs::create_dir_all(&directory)
            .map_err(|source| Error::Report { path: directory.display().to_string(), source })?;
        let cells = simulation.cells()?;
        for &gid in &self.gids {
            let Some((population, node)) = cells.node_of(gid) else { continue };
            let population = &simulation.circuit().nodes()[cells.populations()[population].index];
            let path = directory.join(format!("{}.h5", population.first_gid() + node));
            self.write_field(probe, &cell(gid), &path, provenance)?;
        }
        Ok(())
    }

    fn write_field(
        &self,
        probe: &ProbeReader,
        field: &str,
        path: &Path,
        provenance: &Provenance,
    ) -> Result<()> {
        let (n_channels, n_samples) = (probe.n_rows, probe.n_written);
        let start_ms = self.config.start_time_ms;
        let end_ms = self.config.end_time_ms.min(start_ms + n_samples as f64 * probe.interval_ms);
        let time_ms = [start_ms, end_ms, probe.interval_ms];
        let file = EcpWriter::create(path, [n_samples, n_channels], time_ms, provenance)?;
        let n_block = (BLOCK_VALUES / n_channels.max(1)).max(1);
        for from in (0..n_samples).step_by(n_block) {
            let samples: Range<usize> = from..(from + n_block).min(n_samples);
            let values = probe.read(field, 0..n_channels, samples.clone())?;
            let at = |sample| (0..n_channels).map(move |channel| (channel, sample));
            let by_sample = (0..samples.len()).flat_map(at);
            let value = |(channel, sample)| values[channel * samples.len() + sample];
            file.write(from, &by_sample.map(value).collect::<Vec<f64>>())?;
        }
        Ok(file.seal()?)
    }
}

/// Name of the field of a cell.
fn cell(gid: Gid) -> String {
    format!("cell {gid}")
}

/// Whether a report is one of these.
pub(super) fn is_ecp(report: &ReportConfig) -> bool {
    report.kind == ReportKind::Extracellular
}

impl CircuitSimulation {
    /// Writes the potentials of a run, whose probes' signals are in this file.
    pub(super) fn write_potentials(&self, signals: &Path, provenance: &Provenance) -> Result<()> {
        if self.potentials.is_empty() {
            return Ok(());
        }
        let probes = ProbeReader::open(signals)?;
        let to = (self, self.output());
        self.potentials.iter().try_for_each(|report| report.write(to, &probes, provenance))
    }
}
