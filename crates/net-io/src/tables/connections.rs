//! Writing `synapse_connections.h5`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use bytemuck::{Pod, Zeroable};
use hdf5::H5Type;
use hdf5::types::TypeDescriptor;

use crate::error::{Error, Result};
use crate::h5::{self, Appender, Kind, NewFile};
use crate::merge::OrderedRow;
use crate::provenance;
use crate::store::{ChunkKind, Manifest, Population, Projection, RunDirectory};
use crate::tables::part::{RowWriter, TableParts};

/// The name of a section, at most 64 bytes of ASCII, as LFPy's table holds it.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Pod, Zeroable)]
pub struct SectionName([u8; 64]);

// SAFETY: the type is 64 bytes of text padded with NUL, which is what the descriptor says.
unsafe impl H5Type for SectionName {
    fn type_descriptor() -> TypeDescriptor {
        TypeDescriptor::FixedAscii(64)
    }
}

impl SectionName {
    /// The name.
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|&byte| byte == 0).unwrap_or(self.0.len());
        // All ways to make one check that it is ASCII.
        std::str::from_utf8(&self.0[..length]).unwrap_or_default()
    }

    /// From bytes padded with NUL; none if they are not ASCII.
    pub(super) fn from_padded(bytes: [u8; 64]) -> Option<Self> {
        bytes.is_ascii().then_some(Self(bytes))
    }
}

impl FromStr for SectionName {
    type Err = Error;

    /// # Errors
    /// [`Error::SectionName`] for a name that is too long, or not ASCII, or has a NUL in it; it is
    /// never cut silently.
    fn from_str(name: &str) -> Result<Self> {
        if name.len() > 64 || !name.is_ascii() || name.contains('\0') {
            return Err(Error::SectionName { name: name.to_owned() });
        }
        let mut bytes = [0; 64];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        Ok(Self(bytes))
    }
}

impl fmt::Debug for SectionName {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl fmt::Display for SectionName {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One synapse of a projection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Synapse {
    /// The source cell.
    pub pre_gid: u64,
    /// The target cell.
    pub gid: u64,
    /// Weight in the unit of the mechanism ([`Projection::weight_units`]).
    pub weight: f64,
    /// Delay in ms.
    pub delay_ms: f64,
    /// The target section.
    pub section: SectionName,
    /// Place in the section, 0 to 1.
    pub section_x: f64,
    /// Midpoint of the target segment in um.
    pub position_um: [f64; 3],
    /// Index of the target segment in its cell; none in files that LFPy wrote.
    pub segment: Option<u32>,
}

/// LFPy's row and the segment.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable, H5Type)]
struct SynapseRow {
    gid_pre: i64,
    gid: i64,
    weight: f64,
    delay: f64,
    sec: SectionName,
    #[hdf5(rename = "sec.x")]
    sec_x: f64,
    x: f64,
    y: f64,
    z: f64,
    segment: i64,
}

/// Columns of the table; the last is not in files that LFPy wrote.
pub(super) const COLUMNS: [(&str, Kind); 10] = [
    ("gid_pre", Kind::Integer),
    ("gid", Kind::Integer),
    ("weight", Kind::Float),
    ("delay", Kind::Float),
    ("sec", Kind::Text),
    ("sec.x", Kind::Float),
    ("x", Kind::Float),
    ("y", Kind::Float),
    ("z", Kind::Float),
    ("segment", Kind::Integer),
];

impl OrderedRow for SynapseRow {
    type Key = u64;

    fn key(&self) -> u64 {
        self.gid as u64
    }
}

impl From<&Synapse> for SynapseRow {
    fn from(synapse: &Synapse) -> Self {
        let [x, y, z] = synapse.position_um;
        Self {
            gid_pre: synapse.pre_gid as i64,
            gid: synapse.gid as i64,
            weight: synapse.weight,
            delay: synapse.delay_ms,
            sec: synapse.section,
            sec_x: synapse.section_x,
            x,
            y,
            z,
            segment: synapse.segment.map_or(-1, i64::from),
        }
    }
}

/// Writes the synapses of one projection on one rank.
///
/// Every rank makes one for every projection and finishes it, also without synapses.
#[derive(Debug)]
pub struct ConnectionWriter {
    rows: RowWriter<SynapseRow>,
}

impl ConnectionWriter {
    /// Starts the rows of `rank`; `projection` is an index into the manifest's projections.
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`], [`Error::PartExists`] or an error of writing.
    pub fn create(
        run: &RunDirectory,
        manifest: &Manifest,
        rank: u32,
        projection: usize,
    ) -> Result<Self> {
        let len = manifest.projections.len();
        let name = manifest.projections.get(projection).map(|p| &p.name).ok_or_else(|| {
            Error::NoSuchIndex { what: "projection".to_owned(), index: projection, len }
        })?;
        let rows = RowWriter::create(run, manifest, rank, stream_of(manifest, projection), name)?;
        Ok(Self { rows })
    }

    /// Adds a synapse; targets come in ascending gid, the synapses of one target in the order in
    /// which they are drawn.
    ///
    /// # Errors
    /// [`Error::RowOrder`] or an error of writing.
    pub fn push(&mut self, synapse: &Synapse) -> Result<()> {
        self.rows.push(SynapseRow::from(synapse))
    }

    /// Seals the rows.
    ///
    /// # Errors
    /// An error of writing.
    pub fn finish(self) -> Result<()> {
        self.rows.finish()
    }
}

/// Tables of projections are numbered after those of populations.
fn stream_of(manifest: &Manifest, projection: usize) -> u32 {
    (manifest.populations.len() + projection) as u32
}

/// Makes `synapse_connections.h5` from the parts of all ranks, then removes these; if it is there, removes
/// what a kill left of them.
///
/// # Errors
/// [`Error::Unfinished`] if a rank did not finish a projection, [`Error::Duplicate`] if synapses of
/// one target come from two ranks, [`Error::UnknownGid`] for a gid outside the populations, and the
/// errors of damaged chunks and of writing.
pub fn merge_connections(run: &RunDirectory) -> Result<PathBuf> {
    let manifest = run.manifest()?;
    let path = run.file(RunDirectory::CONNECTIONS);
    if !path.exists() {
        write_connections(run, &manifest, &path)?;
    }
    let streams: Vec<_> = (0..manifest.projections.len())
        .map(|index| (ChunkKind::Table, Some(stream_of(&manifest, index))))
        .collect();
    run.remove_chunks(&streams)?;
    Ok(path)
}

fn write_connections(run: &RunDirectory, manifest: &Manifest, path: &Path) -> Result<()> {
    let file = NewFile::create(path)?;
    {
        let root = file.root()?;
        file.attribute(&root, "seed", manifest.seed)?;
        provenance::stamp(&file, run)?;
        let parameters = file.group(&root, "synparams")?;
        for (index, projection) in manifest.projections.iter().enumerate() {
            write_parameters(&file, &parameters, projection)?;
            write_synapses(run, manifest, &file, &root, index)?;
        }
    }
    file.seal()
}

fn write_parameters(file: &NewFile, parent: &hdf5::Group, projection: &Projection) -> Result<()> {
    let group = file.group(parent, &projection.name)?;
    let mechanism = h5::text(file.path(), "mechanism", &projection.mechanism)?;
    file.scalar(&group, "mechanism", mechanism)?;
    for parameter in &projection.parameters {
        let dataset = file.scalar(&group, &parameter.name, parameter.value)?;
        file.text(&dataset, "units", &parameter.units)?;
    }
    Ok(())
}

fn write_synapses(
    run: &RunDirectory,
    manifest: &Manifest,
    file: &NewFile,
    root: &hdf5::Group,
    index: usize,
) -> Result<()> {
    let projection = &manifest.projections[index];
    let stream = stream_of(manifest, index);
    let parts = TableParts::<SynapseRow>::scan(run, manifest, stream, "the synapses of a target")?;
    let mut table = Appender::new(root, &projection.name);
    let pre = population(manifest, &projection.pre)?;
    let post = population(manifest, &projection.post)?;
    let mut n_rows = 0;
    parts.for_each(|row| {
        for (population, gid) in [(pre, row.gid_pre), (post, row.gid)] {
            if !population.contains(gid as u64) {
                return Err(Error::UnknownGid {
                    path: run.path().to_owned(),
                    object: projection.name.clone(),
                    row: n_rows,
                    gid,
                    expected: format!("a cell of population `{}`", population.name),
                });
            }
        }
        n_rows += 1;
        table.push(file, row)
    })?;
    let (dataset, _) = table.finish(file)?;
    let weight_units = projection.weight_units.as_str();
    let units = ["1", "1", weight_units, "ms", "1", "1", "um", "um", "um", "1"];
    file.texts(&dataset, "columns", &COLUMNS.map(|(name, _)| name))?;
    file.texts(&dataset, "units", &units)?;
    file.text(&dataset, "pre", &projection.pre)?;
    file.text(&dataset, "post", &projection.post)
}

fn population<'a>(manifest: &'a Manifest, name: &str) -> Result<&'a Population> {
    let mut populations = manifest.populations.iter();
    populations.find(|population| population.name == name).ok_or_else(|| Error::Declaration {
        key: "projections".to_owned(),
        found: format!("`{name}`"),
        expected: "the name of a population",
    })
}
