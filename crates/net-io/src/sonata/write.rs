//! Spikes and reports of SONATA, in the layouts of both flavors.

use std::path::Path;

use hdf5::{Group, H5Type};
use ndarray::ArrayView2;

use crate::error::{Error, Result};
use crate::h5::NewFile;
use crate::provenance::{self, Provenance};

/// Whose readers a file is for; both agree on most of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Blue Brain and the Open Brain Institute, libsonata.
    Obi,
    /// The Allen Institute, BMTK.
    Allen,
}

/// Order of spikes in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpikeOrder {
    /// As they came.
    None,
    /// By node, then time.
    ById,
    /// By time, then node.
    ByTime,
}

/// The attribute `sorting` as libsonata reads it.
#[repr(u8)]
#[derive(H5Type, Clone, Copy)]
enum Sorting {
    #[hdf5(rename = "none")]
    None = 0,
    #[hdf5(rename = "by_id")]
    ById = 1,
    #[hdf5(rename = "by_time")]
    ByTime = 2,
}

impl SpikeOrder {
    fn sorting(self) -> (Sorting, &'static str) {
        match self {
            SpikeOrder::None => (Sorting::None, "none"),
            SpikeOrder::ById => (Sorting::ById, "by_id"),
            SpikeOrder::ByTime => (Sorting::ByTime, "by_time"),
        }
    }

    /// Puts spikes, times in ms with nodes, into this order.
    pub fn sort(self, spikes: &mut [(f64, u64)]) {
        match self {
            SpikeOrder::None => {}
            SpikeOrder::ById => spikes.sort_by(|a, b| (a.1.cmp(&b.1)).then(a.0.total_cmp(&b.0))),
            SpikeOrder::ByTime => spikes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))),
        }
    }
}

/// Writes `/spikes/<population>/{timestamps, node_ids}` of all populations, also those without
/// spikes. Times are in ms. The root says where they come from.
///
/// # Errors
/// When the file cannot be written.
pub fn write_spikes(
    path: &Path,
    populations: &[(String, Vec<(f64, u64)>)],
    order: SpikeOrder,
    layout: Layout,
    provenance: &Provenance,
) -> Result<()> {
    let file = NewFile::create(path)?;
    let root = start(&file, layout)?;
    provenance::stamp_with(&file, provenance)?;
    let spikes = file.group(&root, "spikes")?;
    for (name, rows) in populations {
        let group = file.group(&spikes, name)?;
        match layout {
            Layout::Obi => file.attribute(&group, "sorting", order.sorting().0)?,
            Layout::Allen => file.text(&group, "sorting", order.sorting().1)?,
        }
        let times: Vec<f64> = rows.iter().map(|(time, _)| *time).collect();
        let nodes: Vec<u64> = rows.iter().map(|(_, node)| *node).collect();
        let timestamps = file.dataset(&group, "timestamps", &times)?;
        file.text(&timestamps, "units", "ms")?;
        file.dataset(&group, "node_ids", &nodes)?;
    }
    file.seal()
}

/// What a report has of one population, but for its samples.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportPopulation {
    /// Name of the population.
    pub name: String,
    /// The nodes, ascending.
    pub node_ids: Vec<u64>,
    /// First element of each node, and the number of elements.
    pub index_pointers: Vec<u64>,
    /// Section or synapse of each element.
    pub element_ids: Vec<u32>,
    /// Position of each element on its section, 0..1.
    pub element_pos: Vec<f64>,
    /// Where the connection comes from that each element is, and the cell on which it ends, as BMTK
    /// counts cells, with -1 for virtual ones; empty where elements are no connections.
    pub connections: Vec<[i64; 2]>,
}

/// A report that is written a block of rows at a time: `/report/<population>/{data, mapping}`. The
/// bytes do not depend on the blocks.
///
/// ```
/// use net_io::provenance::Provenance;
/// use net_io::sonata::{Layout, ReportPopulation, ReportReader, ReportWriter};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("soma.h5");
/// let cells = ReportPopulation {
///     name: "cells".to_owned(),
///     node_ids: vec![3, 5],
///     index_pointers: vec![0, 1, 2],
///     element_ids: vec![0, 0],
///     element_pos: vec![0.5, 0.5],
///     connections: Vec::new(),
/// };
/// let provenance = Provenance::new("example", 1, 0.1);
/// let shape = (&[cells][..], 3); // three samples
/// let report =
///     ReportWriter::create(&path, shape, [0.0, 0.3, 0.1], ("v", "mV"), Layout::Obi, &provenance)?;
/// report.write_rows(0, 0, &[-65.0, -70.0])?;
/// report.write_rows(0, 1, &[-64.0, -69.0, -63.0, -68.0])?;
/// report.seal()?;
/// let read = &ReportReader::open(&path)?[0];
/// assert_eq!(read.read(1, 0..3)?, [-70.0, -69.0, -68.0]);
/// # Ok::<(), net_io::Error>(())
/// ```
pub struct ReportWriter {
    file: NewFile,
    layout: Layout,
    /// Of each population: samples, and the number of elements.
    data: Vec<(hdf5::Dataset, usize)>,
}

impl ReportWriter {
    /// Starts the file that will be `path`, with `n_rows` samples of every element. `time_ms` are
    /// start, end and interval of the samples. The root says where they come from.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(
        path: &Path,
        (populations, n_rows): (&[ReportPopulation], usize),
        time_ms: [f64; 3],
        (variable, units): (&str, &str),
        layout: Layout,
        provenance: &Provenance,
    ) -> Result<Self> {
        let file = NewFile::create(path)?;
        let root = start(&file, layout)?;
        provenance::stamp_with(&file, provenance)?;
        let report = file.group(&root, "report")?;
        let mut all = Vec::new();
        for population in populations {
            let group = file.group(&report, &population.name)?;
            let n_elements = population.element_ids.len();
            let data = match layout {
                Layout::Obi => table::<f32>(&file, &group, [n_rows, n_elements])?,
                Layout::Allen => table::<f64>(&file, &group, [n_rows, n_elements])?,
            };
            file.text(&data, "units", units)?;
            let mapping = file.group(&group, "mapping")?;
            file.dataset(&mapping, "node_ids", &population.node_ids)?;
            let time = file.dataset(&mapping, "time", &time_ms)?;
            file.text(&time, "units", "ms")?;
            match layout {
                Layout::Obi => {
                    file.dataset(&mapping, "index_pointers", &population.index_pointers)?;
                    file.dataset(&mapping, "element_ids", &population.element_ids)?;
                }
                Layout::Allen => {
                    file.text(&data, "variable", variable)?;
                    file.dataset(&mapping, "index_pointer", &population.index_pointers)?;
                    let ids: Vec<u64> =
                        population.element_ids.iter().map(|id| u64::from(*id)).collect();
                    file.dataset(&mapping, "element_ids", &ids)?;
                    file.dataset(&mapping, "element_pos", &population.element_pos)?;
                    let ends = &population.connections;
                    if !ends.is_empty() {
                        let all =
                            |end: usize| ends.iter().map(|ends| ends[end]).collect::<Vec<_>>();
                        file.dataset(&mapping, "src_ids", &all(0))?;
                        file.dataset(&mapping, "trg_ids", &all(1))?;
                    }
                }
            }
            all.push((data, n_elements));
        }
        Ok(ReportWriter { file, layout, data: all })
    }

    /// Writes rows from `first` on of a population, by its index: of each row one value an element.
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`] for a population that is not there; errors of writing.
    pub fn write_rows(&self, population: usize, first: usize, values: &[f64]) -> Result<()> {
        let len = self.data.len();
        let missing =
            || Error::NoSuchIndex { what: "population".to_owned(), index: population, len };
        let (data, n_elements) = self.data.get(population).ok_or_else(missing)?;
        if values.is_empty() {
            return Ok(());
        }
        let shape = (values.len() / n_elements, *n_elements);
        let rows = first..first + shape.0;
        let written = match self.layout {
            Layout::Obi => {
                let single: Vec<f32> = values.iter().map(|value| *value as f32).collect();
                ArrayView2::from_shape(shape, &single)
                    .map_err(Into::into)
                    .and_then(|view| data.write_slice(view, (rows, ..)))
            }
            Layout::Allen => ArrayView2::from_shape(shape, values)
                .map_err(Into::into)
                .and_then(|view| data.write_slice(view, (rows, ..))),
        };
        written.map_err(|e| self.file.error("data", "write", e))
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// Errors of writing.
    pub fn seal(self) -> Result<()> {
        // HDF5 keeps a file open as long as one of its datasets is.
        drop(self.data);
        self.file.seal()
    }
}

pub(super) fn start(file: &NewFile, layout: Layout) -> Result<Group> {
    let root = file.root()?;
    if layout == Layout::Allen {
        file.attribute(&root, "magic", 0x0A7A_u32)?;
        file.attribute(&root, "version", [0_u32, 1])?;
    }
    Ok(root)
}

fn table<T: H5Type>(file: &NewFile, group: &Group, shape: [usize; 2]) -> Result<hdf5::Dataset> {
    group
        .new_dataset_builder()
        .obj_track_times(false)
        .empty::<T>()
        .shape(shape)
        .create("data")
        .map_err(|e| file.error("data", "create", e))
}
