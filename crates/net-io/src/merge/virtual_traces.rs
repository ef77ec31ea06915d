//! A signal of `traces.h5` that is a view of the ranks' chunks.
//!
//! Samples lie in a chunk as a matrix without gaps, so HDF5 can read it as external storage; a virtual
//! dataset puts the matrices of all chunks together. Nothing is copied, and the file is small.

use std::path::Path;

use hdf5::plist::dataset_create::{AllocTime, FillTime, Layout};
use hdf5::{Group, H5Type, Hyperslab, Selection, SliceOrIndex};

use crate::error::{Error, Result};
use crate::h5::NewFile;
use crate::merge::signal::{ChunkSignal, Real, Run, Stored};

/// Group of the matrices of single chunks, beside `data`.
const CHUNKS: &str = "chunks";

/// Makes the matrix `data` of a signal as a virtual dataset. What is lost is NaN.
pub(super) fn virtual_matrix<T: H5Type + Real + Into<hdf5::types::OwnedDynValue>>(
    file: &NewFile,
    group: &Group,
    signal: &ChunkSignal,
) -> Result<()> {
    let chunks = file.group(group, CHUNKS)?;
    let shape = [signal.columns().len(), signal.n_samples()];
    let mut data = group.new_dataset::<T>();
    data = data.obj_track_times(false).layout(Layout::Virtual).fill_value(T::NAN);
    let stored = signal.stored();
    for (number, block) in stored.iter().enumerate() {
        let name = number.to_string();
        external::<T>(file, &chunks, &name, block)?;
        let source = format!("{}/{name}", chunks.name());
        for Run { columns, first_row, step } in &block.runs {
            let samples = 0..block.samples.len();
            let of_source = selection(slice(columns.clone(), 1), slice(samples, 1));
            let end = first_row + (columns.len() - 1) * step + 1;
            let of_data = selection(slice(*first_row..end, *step), slice(block.samples.clone(), 1));
            // `.` is the file itself.
            data = data.virtual_map(".", &source, block.shape, of_source, shape, of_data);
        }
    }
    let made = match stored.is_empty() {
        // A virtual dataset without sources is none.
        true => group.new_dataset::<T>().obj_track_times(false).shape(shape).create("data"),
        false => data.shape(shape).create("data"),
    };
    made.map(drop).map_err(|e| file.error("data", "create", e))
}

/// The matrix of one chunk, which stays where it is.
fn external<T: H5Type>(file: &NewFile, chunks: &Group, name: &str, block: &Stored) -> Result<()> {
    // HDF5 takes a relative path from the directory of the process that reads.
    let path = std::fs::canonicalize(block.path).map_err(|e| Error::io(block.path, "find", e))?;
    let Some(text) = Path::to_str(&path) else {
        let error = std::io::Error::other("its path is not UTF-8, which HDF5 files need");
        return Err(Error::io(&path, "map", error));
    };
    let bytes = block.shape[0] * block.shape[1] * size_of::<T>();
    chunks
        .new_dataset::<T>()
        .obj_track_times(false)
        .alloc_time(Some(AllocTime::Late))
        .fill_time(FillTime::Never)
        .external(text, block.offset as usize, bytes)
        .shape(block.shape)
        .create(name)
        .map(drop)
        .map_err(|e| file.error(name, "create", e))
}

fn slice(range: std::ops::Range<usize>, step: usize) -> SliceOrIndex {
    SliceOrIndex::SliceTo { start: range.start, step, end: range.end, block: 1 }
}

fn selection(rows: SliceOrIndex, samples: SliceOrIndex) -> Selection {
    Selection::Hyperslab(Hyperslab::from(vec![rows, samples]))
}
