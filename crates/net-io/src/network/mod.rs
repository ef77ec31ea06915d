//! A whole network as explicit tables in one HDF5 file: the way to bring in a network from
//! elsewhere and to compare with another simulator.
//!
//! The layout is described in `docs/tables.md` of the project. [`NetworkTables::read`] checks
//! everything that can be checked without building the network: tables and columns are there,
//! numbers are finite, delays are not negative, every gid, segment and synapse that is named exists.

mod morphology;
mod parameters;
mod synapses;

use std::ops::Range;
use std::path::Path;

use hdf5::Group;
use ndarray::Array2;

pub use morphology::{MorphologyTable, SectionTable, SegmentGeometry};
pub use parameters::{ExternalParameters, NetworkParameters, SectionMechanism};
pub use synapses::{ExternalEvent, ExternalSynapse, RecurrentSynapse, RecurrentSynapses};

use crate::error::{Error, Result};
use crate::h5::{self, Kind, Table};
use crate::tables::CellPlacement;

/// A network given as tables.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkTables {
    /// Time step, duration, populations, mechanisms.
    pub parameters: NetworkParameters,
    /// All cells; the index is the gid. Cells of one population follow each other.
    pub cells: Vec<CellPlacement>,
    /// Shapes of cells, in ascending order of the first gid that has each.
    pub morphologies: Vec<MorphologyTable>,
    /// Synapses that get their events from the table, in ascending order of their ids.
    pub external_synapses: Vec<ExternalSynapse>,
    /// Events of external synapses in ascending order of time, then id.
    pub external_events: Vec<ExternalEvent>,
    /// Synapses between cells of the network.
    pub recurrent: RecurrentSynapses,
    /// What another simulator made of this network.
    pub reference: Reference,
}

/// Results of another simulator, to compare with; each may be absent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reference {
    /// Spikes as (gid, time in ms), in ascending order of time, then gid.
    pub spikes: Option<Vec<(u64, f64)>>,
    /// Membrane potential of the somata in mV: a row a cell, a column a step from t = 0.
    pub soma_v_mv: Option<Array2<f32>>,
}

const CELL_COLUMNS: [(&str, Kind); 8] = [
    ("gid", Kind::Integer),
    ("pop", Kind::Integer),
    ("x", Kind::Float),
    ("y", Kind::Float),
    ("z", Kind::Float),
    ("rot_x", Kind::Float),
    ("rot_y", Kind::Float),
    ("rot_z", Kind::Float),
];

impl NetworkTables {
    /// Reads and checks a network.
    ///
    /// # Errors
    /// [`Error::NotHdf5`] for a truncated file, [`Error::MissingObject`], [`Error::MissingColumn`],
    /// [`Error::WrongType`] and [`Error::Json`] for another layout, [`Error::BadValue`] and
    /// [`Error::UnknownGid`] with table, row and column of the first value that cannot be.
    pub fn read(path: &Path) -> Result<Self> {
        let file = h5::open(path)?;
        let parameters = NetworkParameters::read(path, &file)?;
        let cells = read_cells(path, &file, &parameters)?;
        let morphologies = morphology::read_all(path, &file)?;
        let mut network = Self {
            parameters,
            cells,
            morphologies,
            external_synapses: Vec::new(),
            external_events: Vec::new(),
            recurrent: RecurrentSynapses::default(),
            reference: Reference::default(),
        };
        network.check_morphologies(path)?;
        network.external_synapses = synapses::read_external(path, &file, &network)?;
        network.external_events = synapses::read_events(path, &file, &network)?;
        network.recurrent = synapses::read_recurrent(path, &file, &network)?;
        network.reference = read_reference(path, &file, &network)?;
        Ok(network)
    }

    /// The gids of the population with this index.
    pub fn gids_of(&self, population: usize) -> Range<u64> {
        let sizes = self.parameters.populations.iter().map(|(_, size)| *size);
        let first = sizes.clone().take(population).sum();
        first..first + sizes.clone().nth(population).unwrap_or(0)
    }

    /// The shape of a cell: the one with the largest first gid that is not above `gid`.
    pub fn morphology_of(&self, gid: u64) -> Option<&MorphologyTable> {
        let index = self.morphologies.partition_point(|m| m.first_gid <= gid).checked_sub(1)?;
        self.morphologies.get(index)
    }

    /// The cell with this number, if there is one.
    fn cell(&self, gid: i64) -> Option<&CellPlacement> {
        self.cells.get(usize::try_from(gid).ok()?)
    }

    fn expected_gids(&self) -> String {
        format!("0..{}", self.cells.len())
    }

    fn check_morphologies(&self, path: &Path) -> Result<()> {
        let Some(first) = self.morphologies.first() else {
            return Err(missing_morphology(path));
        };
        if first.first_gid != 0 && !self.cells.is_empty() {
            return Err(missing_morphology(path));
        }
        for morphology in &self.morphologies {
            for section in &morphology.sections {
                let name = section.base_name();
                if !self.parameters.sections.iter().any(|(known, _)| known == name) {
                    return Err(Error::MissingObject {
                        path: path.to_owned(),
                        object: format!("/@parameters.{name}"),
                        expected: "the mechanisms of the sections with this name, as text",
                    });
                }
            }
        }
        Ok(())
    }
}

fn missing_morphology(path: &Path) -> Error {
    Error::MissingObject {
        path: path.to_owned(),
        object: "/morphology_gid0".to_owned(),
        expected: "the shape of the cells from gid 0 on",
    }
}

fn read_cells(
    path: &Path,
    file: &Group,
    parameters: &NetworkParameters,
) -> Result<Vec<CellPlacement>> {
    let table = Table::open(path, file, "cells/table", "a table of cells", &CELL_COLUMNS)?;
    let rows = table.read(0, table.len())?;
    let mut cells = Vec::with_capacity(table.len());
    for row in rows.numbers() {
        let triple = |column| -> Result<[f64; 3]> {
            Ok([
                rows.float(row, column)?,
                rows.float(row, column + 1)?,
                rows.float(row, column + 2)?,
            ])
        };
        let gid = rows.id(row, 0)?;
        let population = rows.index(row, 1)? as usize;
        let placement = CellPlacement { gid, position_um: triple(2)?, rotation_rad: triple(5)? };
        cells.push((row, population, placement));
    }
    cells.sort_by_key(|(_, _, cell)| cell.gid);

    let expected = parameters
        .populations
        .iter()
        .enumerate()
        .flat_map(|(index, (_, size))| std::iter::repeat_n(index, *size as usize));
    for (expected_gid, &(row, _, cell)) in (0..).zip(&cells) {
        if cell.gid != expected_gid {
            let each_once = format!("{expected_gid}: gids from 0, each once");
            return Err(table.bad_value(row, "gid", cell.gid, each_once));
        }
    }
    let mut expected = expected.fuse();
    for &(row, population, cell) in &cells {
        match expected.next() {
            Some(index) if index == population => {}
            Some(index) => {
                let wanted = format!("{index}: populations of the sizes in `parameters`, in order");
                return Err(table.bad_value(row, "pop", population, wanted));
            }
            None => {
                let wanted = "as many cells as populations have";
                return Err(table.unknown_gid(row, cell.gid as i64, wanted));
            }
        }
    }
    if expected.next().is_some() {
        return Err(Error::WrongType {
            path: path.to_owned(),
            object: "/cells/table".to_owned(),
            found: format!("{} rows", cells.len()),
            expected: format!("{} rows, the size of all populations", parameters.n_cells()),
        });
    }
    Ok(cells.into_iter().map(|(_, _, cell)| cell).collect())
}

fn read_reference(path: &Path, file: &Group, network: &NetworkTables) -> Result<Reference> {
    let mut reference = Reference::default();
    if h5::link_exists(file, "spikes") {
        let columns = [("gid", Kind::Integer), ("t", Kind::Float)];
        let table = Table::open(path, file, "spikes", "a table of spikes", &columns)?;
        let rows = table.read(0, table.len())?;
        let mut spikes = Vec::with_capacity(table.len());
        for row in rows.numbers() {
            let gid = rows.integer(row, 0);
            let cell = network
                .cell(gid)
                .ok_or_else(|| table.unknown_gid(row, gid, network.expected_gids()))?;
            spikes.push((cell.gid, rows.float(row, 1)?));
        }
        spikes.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        reference.spikes = Some(spikes);
    }
    if h5::link_exists(file, "somav") {
        let dataset = h5::dataset(path, file, "somav", "membrane potentials")?;
        h5::check_numbers::<f32>(path, &dataset, 2)?;
        let soma_v_mv: Array2<f32> =
            dataset.read_2d().map_err(|e| Error::hdf5(path, "/somav", "read", e))?;
        if soma_v_mv.nrows() != network.cells.len() {
            return Err(Error::WrongType {
                path: path.to_owned(),
                object: "/somav".to_owned(),
                found: format!("{} rows", soma_v_mv.nrows()),
                expected: format!("{} rows, one a cell", network.cells.len()),
            });
        }
        reference.soma_v_mv = Some(soma_v_mv);
    }
    Ok(reference)
}
