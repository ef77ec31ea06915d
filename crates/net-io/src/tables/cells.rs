//! `cell_positions_and_rotations.h5`.

use std::path::{Path, PathBuf};

use bytemuck::{Pod, Zeroable};
use hdf5::H5Type;

use crate::error::{Error, Result};
use crate::h5::{self, Appender, Kind, NewFile, Table};
use crate::merge::OrderedRow;
use crate::provenance;
use crate::store::{ChunkKind, Manifest, RunDirectory};
use crate::tables::part::{RowWriter, TableParts};

/// Where a cell stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CellPlacement {
    /// The cell.
    pub gid: u64,
    /// Position of the soma in um.
    pub position_um: [f64; 3],
    /// Rotation angles about x, y and z in rad, applied in this order.
    pub rotation_rad: [f64; 3],
}

/// LFPy's row.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable, H5Type)]
struct CellRow {
    gid: i64,
    x: f64,
    y: f64,
    z: f64,
    x_rot: f64,
    y_rot: f64,
    z_rot: f64,
}

const COLUMNS: [(&str, Kind); 7] = [
    ("gid", Kind::Integer),
    ("x", Kind::Float),
    ("y", Kind::Float),
    ("z", Kind::Float),
    ("x_rot", Kind::Float),
    ("y_rot", Kind::Float),
    ("z_rot", Kind::Float),
];
const UNITS: [&str; 7] = ["1", "um", "um", "um", "rad", "rad", "rad"];
/// Rows read at once.
const READ_ROWS: usize = 1 << 16;

impl OrderedRow for CellRow {
    type Key = u64;

    fn key(&self) -> u64 {
        self.gid as u64
    }
}

impl From<&CellPlacement> for CellRow {
    fn from(cell: &CellPlacement) -> Self {
        let ([x, y, z], [x_rot, y_rot, z_rot]) = (cell.position_um, cell.rotation_rad);
        Self { gid: cell.gid as i64, x, y, z, x_rot, y_rot, z_rot }
    }
}

/// Writes the cells of one population on one rank.
///
/// Every rank makes one for every population and finishes it, also without cells.
#[derive(Debug)]
pub struct CellWriter {
    rows: RowWriter<CellRow>,
}

impl CellWriter {
    /// Starts the rows of `rank`; `population` is an index into the manifest's populations.
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`], [`Error::PartExists`] or an error of writing.
    pub fn create(
        run: &RunDirectory,
        manifest: &Manifest,
        rank: u32,
        population: usize,
    ) -> Result<Self> {
        let len = manifest.populations.len();
        let name = manifest.populations.get(population).map(|p| &p.name).ok_or_else(|| {
            Error::NoSuchIndex { what: "population".to_owned(), index: population, len }
        })?;
        Ok(Self { rows: RowWriter::create(run, manifest, rank, population as u32, name)? })
    }

    /// Adds a cell; cells come in ascending gid.
    ///
    /// # Errors
    /// [`Error::RowOrder`] or an error of writing.
    pub fn push(&mut self, cell: &CellPlacement) -> Result<()> {
        self.rows.push(CellRow::from(cell))
    }

    /// Seals the rows.
    ///
    /// # Errors
    /// An error of writing.
    pub fn finish(self) -> Result<()> {
        self.rows.finish()
    }
}

/// Makes `cell_positions_and_rotations.h5` from the parts of all ranks, then removes these; if it is there,
/// removes what a kill left of them.
///
/// # Errors
/// [`Error::Unfinished`] if a rank did not finish a population, [`Error::Duplicate`],
/// [`Error::UnknownGid`], and the errors of damaged chunks and of writing.
pub fn merge_cells(run: &RunDirectory) -> Result<PathBuf> {
    let manifest = run.manifest()?;
    let path = run.file(RunDirectory::CELLS);
    if !path.exists() {
        write_cells(run, &manifest, &path)?;
    }
    let streams: Vec<_> = (0..manifest.populations.len() as u32)
        .map(|stream| (ChunkKind::Table, Some(stream)))
        .collect();
    run.remove_chunks(&streams)?;
    Ok(path)
}

fn write_cells(run: &RunDirectory, manifest: &Manifest, path: &Path) -> Result<()> {
    let file = NewFile::create(path)?;
    {
        let root = file.root()?;
        file.attribute(&root, "seed", manifest.seed)?;
        provenance::stamp(&file, run)?;
        for (population, stream) in manifest.populations.iter().zip(0..) {
            let parts = TableParts::<CellRow>::scan(run, manifest, stream, "the cell")?;
            let mut table = Appender::new(&root, &population.name);
            let mut next_gid = population.first_gid;
            parts.for_each(|row| {
                if row.key() != next_gid {
                    return Err(Error::BadValue {
                        path: run.path().to_owned(),
                        object: population.name.clone(),
                        row: next_gid - population.first_gid,
                        column: "gid".into(),
                        found: row.gid.to_string(),
                        expected: format!("{next_gid}, each cell of the population once"),
                    });
                }
                next_gid += 1;
                table.push(&file, row)
            })?;
            let (dataset, n_cells) = table.finish(&file)?;
            if n_cells as u64 != population.size {
                return Err(Error::Declaration {
                    key: format!("populations.{}.size", population.name),
                    found: format!("{n_cells} cells written"),
                    expected: "as many cells as the population has",
                });
            }
            file.texts(&dataset, "columns", &COLUMNS.map(|(name, _)| name))?;
            file.texts(&dataset, "units", &UNITS)?;
            file.attribute(&dataset, "first_gid", population.first_gid)?;
        }
    }
    file.seal()
}

/// Reads `cell_positions_and_rotations.h5`: populations in order of their first gid, each with its
/// cells in ascending gid.
///
/// # Errors
/// [`Error::NotHdf5`], [`Error::MissingColumn`], [`Error::WrongType`], or [`Error::BadValue`] for
/// numbers that are not finite, negative gids and gids that appear twice.
pub fn read_cells(path: &Path) -> Result<Vec<(String, Vec<CellPlacement>)>> {
    let file = h5::open(path)?;
    let names = file.member_names().map_err(|e| Error::hdf5(path, "/", "list", e))?;
    let mut populations = Vec::with_capacity(names.len());
    for name in names {
        let table = Table::open(path, &file, &name, "a table of cells", &COLUMNS)?;
        populations.push((name, read_population(&table)?));
    }
    populations.sort_by_key(|(_, cells)| cells.first().map_or(u64::MAX, |cell| cell.gid));
    Ok(populations)
}

fn read_population(table: &Table) -> Result<Vec<CellPlacement>> {
    let mut cells = Vec::with_capacity(table.len());
    for start in (0..table.len()).step_by(READ_ROWS) {
        let rows = table.read(start, READ_ROWS)?;
        for row in rows.numbers() {
            let triple = |column| -> Result<[f64; 3]> {
                Ok([
                    rows.float(row, column)?,
                    rows.float(row, column + 1)?,
                    rows.float(row, column + 2)?,
                ])
            };
            let (position_um, rotation_rad) = (triple(1)?, triple(4)?);
            cells.push((row, CellPlacement { gid: rows.id(row, 0)?, position_um, rotation_rad }));
        }
    }
    // LFPy writes rank after rank.
    cells.sort_by_key(|(_, cell)| cell.gid);
    if let Some(pair) = cells.windows(2).find(|pair| pair[0].1.gid == pair[1].1.gid) {
        let (row, cell) = pair[1];
        return Err(table.bad_value(row, "gid", cell.gid, "each gid once"));
    }
    Ok(cells.into_iter().map(|(_, cell)| cell).collect())
}
