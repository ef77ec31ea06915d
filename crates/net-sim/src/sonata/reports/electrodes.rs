//! What the currents of a cell's segments make at electrodes: from a file of weights, or from where the
//! electrodes are.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use net_core::Gid;
use net_io::provenance::Provenance;
use net_io::sonata::{ElectrodeWeights, WeightsWriter};
use net_lfp::{Conductivity, Contacts, Geometry, Probe, RecExtElectrode, SourceModel};
use net_sonata::cell::Cell;
use net_sonata::config::{ReportConfig, SourceKind};
use net_sonata::{Circuit, SimulationConfig};

use crate::error::{BoxError, Error, Result};
use crate::sonata::CircuitSimulation;
use crate::sonata::cells::CellTable;
use crate::sonata::placement::segments_of;

/// Weights of a cell's segments in mV/nA, of each one number an electrode, and the number of electrodes.
type OfCell<'a> = (Cow<'a, [f64]>, usize);

/// Weights of the segments of cells.
#[derive(Debug, Clone)]
pub(in crate::sonata) enum Weights {
    /// Of a file, by population of cells.
    File(Arc<Vec<Option<ElectrodeWeights>>>),
    /// Of electrodes in the circuit.
    Electrodes(Arc<RecExtElectrode>, Arc<Circuit>),
}

impl Weights {
    /// Those of an `lfp` report.
    ///
    /// # Errors
    /// Those of files.
    pub(super) fn read(
        config: &SimulationConfig,
        circuit: &Arc<Circuit>,
        report: &ReportConfig,
        cells: &CellTable,
    ) -> Result<Option<Self>> {
        if let Some(path) = &report.electrode_positions {
            let source = match report.source {
                SourceKind::Point => SourceModel::PointSource,
                SourceKind::Line => SourceModel::LineSource,
                SourceKind::RootAsPoint => SourceModel::root_as_point(),
            };
            let electrode = RecExtElectrode {
                contacts: Contacts::read(path).map_err(listed)?,
                conductivity: Conductivity::Isotropic(report.conductivity_s_m),
                source,
            };
            return Ok(Some(Weights::Electrodes(Arc::new(electrode), circuit.clone())));
        }
        let path = report.electrodes_file.as_ref().or(config.run.electrodes_file.as_ref());
        let Some(path) = path else { return Ok(None) };
        let read = |population: &crate::sonata::CellPopulation| {
            ElectrodeWeights::read(path, &population.name).map_err(listed)
        };
        let all = cells.populations().iter().map(read).collect::<Result<_>>()?;
        Ok(Some(Weights::File(Arc::new(all))))
    }

    /// The weights of a cell; none if a file has none of it.
    ///
    /// # Errors
    /// A cell without a place, or whose segments have no extent.
    pub(super) fn of(
        &self,
        cells: &CellTable,
        gid: Gid,
    ) -> std::result::Result<Option<OfCell<'_>>, BoxError> {
        match self {
            Weights::File(all) => {
                let Some((population, node)) = cells.node_of(gid) else { return Ok(None) };
                let own = all[population].as_ref();
                Ok(own.and_then(|own| Some((own.of(node)?.into(), own.n_electrodes))))
            }
            Weights::Electrodes(electrode, circuit) => {
                let factors = factors_of(electrode, circuit, cells, gid)?;
                Ok(Some((factors.into(), electrode.n_rows())))
            }
        }
    }
}

fn listed(error: impl Into<BoxError>) -> Error {
    Error::Listed { source: error.into() }
}

/// The weights of a cell's segments in mV/nA: of each one number an electrode.
fn factors_of(
    electrode: &RecExtElectrode,
    circuit: &Circuit,
    cells: &CellTable,
    gid: Gid,
) -> std::result::Result<Vec<f64>, BoxError> {
    let points = segments_of(circuit, cells, gid)?;
    let geometry = Geometry::new(&points.start_um, &points.end_um, &points.diam_um)?;
    Ok(electrode.matrix(&geometry)?.t().iter().copied().collect())
}

impl CircuitSimulation {
    /// Writes the weights of all simulated cells for an electrode, as CoreNEURON and `lfp` reports read
    /// them; gives the numbers of cells and segments. After [`create_cells`](Self::create_cells), and
    /// [`enable_modifications`](Self::enable_modifications) if there are some.
    ///
    /// # Errors
    /// [`Error::Stage`]; cells that cannot be made or have no place; those of files.
    pub fn write_lfp_weights(&self, path: &Path, electrode: &RecExtElectrode) -> Result<[u64; 2]> {
        electrode.validate().map_err(listed)?;
        let cells = self.cells()?;
        let (mut populations, mut gids) = (Vec::new(), Vec::new());
        for population in cells.populations() {
            let (mut nodes, mut offsets) = (Vec::new(), vec![0]);
            for (node, gid) in population.nodes.iter().zip(population.first_gid..) {
                let (cell, template) = cells.cell(gid).map_err(listed)?;
                if let Cell::Cable(_) = &*cell {
                    gids.push((populations.len(), offsets[nodes.len()], gid));
                    offsets.push(offsets[nodes.len()] + template.n_segments() as u64);
                    nodes.push(node);
                }
            }
            populations.push((population.name.clone(), nodes, offsets));
        }
        let by: &Provenance = &self.provenance;
        let positions_um = electrode.contacts.positions_um();
        let file = WeightsWriter::create(path, &populations, positions_um, by)?;
        for &(population, first, gid) in &gids {
            let factors = factors_of(electrode, self.circuit(), cells, gid).map_err(listed)?;
            file.write(population, first as usize, &factors)?;
        }
        file.seal()?;
        let n_segments = populations.iter().filter_map(|(.., offsets)| offsets.last()).sum();
        Ok([gids.len() as u64, n_segments])
    }
}
