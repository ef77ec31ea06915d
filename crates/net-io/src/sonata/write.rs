//! Spikes and reports of SONATA, in the layouts of both flavors.

use std::path::Path;

use hdf5::{Group, H5Type};

use crate::error::Result;
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

/// What a report holds of one population.
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
    /// Samples: rows of one value an element, one after the other.
    pub data: Vec<f64>,
}

/// Writes `/report/<population>/{data, mapping}` of all populations.
///
/// `time_ms` are start, end and interval of the samples. The root says where they come from.
///
/// # Errors
/// When the file cannot be written.
pub fn write_report(
    path: &Path,
    populations: &[ReportPopulation],
    time_ms: [f64; 3],
    (variable, units): (&str, &str),
    layout: Layout,
    provenance: &Provenance,
) -> Result<()> {
    let file = NewFile::create(path)?;
    let root = start(&file, layout)?;
    provenance::stamp_with(&file, provenance)?;
    let report = file.group(&root, "report")?;
    for population in populations {
        let group = file.group(&report, &population.name)?;
        let n_elements = population.element_ids.len();
        let shape = [population.data.len().checked_div(n_elements).unwrap_or(0), n_elements];
        let data = match layout {
            Layout::Obi => {
                let single: Vec<f32> = population.data.iter().map(|v| *v as f32).collect();
                table(&file, &group, shape, &single)?
            }
            Layout::Allen => table(&file, &group, shape, &population.data)?,
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
            }
        }
    }
    file.seal()
}

fn start(file: &NewFile, layout: Layout) -> Result<Group> {
    let root = file.root()?;
    if layout == Layout::Allen {
        file.attribute(&root, "magic", 0x0A7A_u32)?;
        file.attribute(&root, "version", [0_u32, 1])?;
    }
    Ok(root)
}

fn table<T: H5Type>(
    file: &NewFile,
    group: &Group,
    shape: [usize; 2],
    data: &[T],
) -> Result<hdf5::Dataset> {
    group
        .new_dataset_builder()
        .obj_track_times(false)
        .empty::<T>()
        .shape(shape)
        .create("data")
        .and_then(|dataset| dataset.write_raw(data).map(|()| dataset))
        .map_err(|e| file.error("data", "write", e))
}
