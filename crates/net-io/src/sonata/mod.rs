//! SONATA's HDF5 files as they stand: nodes, edges with their indices, spikes.
//!
//! - [`NodeReader`] and [`EdgeReader`] open one population of a file; what their rows have in
//!   common, groups and attributes, is an [`AttributeTable`].
//! - [`read_spikes`] reads spike trains of either layout in use, [`ReportReader`] reports;
//!   [`read_first_elements`], [`read_amplitudes`] and [`read_sweep`] read signals that inputs play.
//!
//! Columns are read in bulk by row ranges, never whole, so that memory is bounded by what the
//! caller asks for. Nothing here knows what an attribute means; the crate `net-sonata` does.

mod attributes;
mod column;
mod ecp;
mod edges;
mod morphology;
mod nodes;
mod report;
mod save;
mod signals;
mod spikes;
mod weights;
mod write;

pub use attributes::{AttributeTable, Value};
pub use column::{ColumnKind, ColumnReader};
pub use ecp::EcpWriter;
pub use edges::{Direction, EdgeReader, NodeRange};
pub use morphology::{MorphologySection, MorphologyTable};
pub use nodes::NodeReader;
pub use report::ReportReader;
pub use save::{SavedConnection, write_connections};
pub use signals::{Signal, read_amplitudes, read_first_elements, read_sweep};
pub use spikes::{SpikeTable, read_nwb_spikes, read_spikes};
pub use weights::{ElectrodeWeights, WeightsWriter};
pub use write::{Layout, ReportPopulation, ReportWriter, SpikeOrder, write_spikes};

use std::path::Path;

use hdf5::Group;

use crate::error::{Error, Result};
use crate::h5;

/// The populations under `/nodes` or `/edges`, in the file's order.
fn populations(path: &Path, kind: &'static str) -> Result<Vec<String>> {
    let file = h5::open(path)?;
    let group = h5::group(path, &file, kind, "a group with one group a population")?;
    members(path, &group)
}

/// Names in a group.
fn members(path: &Path, group: &Group) -> Result<Vec<String>> {
    group.member_names().map_err(|e| Error::hdf5(path, group.name(), "list", e))
}

/// Whether a member is a group; false for datasets and for what is not there.
fn is_group(parent: &Group, name: &str) -> bool {
    h5::link_exists(parent, name) && parent.group(name).is_ok()
}
