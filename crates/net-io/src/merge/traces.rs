//! `traces.h5`: each signal as one matrix, a row a recorded column, a column a sample.

use std::path::PathBuf;

use hdf5::{Dataset, Group, H5Type};
use ndarray::ArrayView2;

use crate::error::Result;
use crate::h5::NewFile;
use crate::merge::signal::{ChunkSignal, Real};
use crate::merge::virtual_traces::virtual_matrix;
use crate::merge::{Source, Traces};
use crate::store::{Column, Place, Ranges, RunDirectory, SampleType, Signal};

/// Samples of a chunk in the file, if there are as many.
const CHUNK_SAMPLES: usize = 4096;
/// Aimed size of a chunk in the file.
const CHUNK_BYTES: usize = 1 << 20;
/// Memory for a tile of the matrix.
const TILE_BYTES: usize = 1 << 26;

/// Writes all signals.
pub(super) fn merge(source: &Source) -> Result<PathBuf> {
    let path = source.run.file(RunDirectory::TRACES);
    let file = NewFile::create(&path)?;
    source.describe(&file)?;
    {
        let traces = file.group(&file.root()?, "traces")?;
        for (index, signal) in source.manifest.signals.iter().enumerate() {
            let group = file.group(&traces, &signal.name)?;
            let samples = ChunkSignal::new(source.run, source.manifest, source.index, index)?;
            let windows = &source.index.windows[index];
            write_description(&file, &group, source, (signal, windows), &samples)?;
            let is_mapped = source.traces == Traces::Mapped && samples.is_stored();
            match signal.sample_type {
                SampleType::F32 if is_mapped => virtual_matrix::<f32>(&file, &group, &samples)?,
                SampleType::F64 if is_mapped => virtual_matrix::<f64>(&file, &group, &samples)?,
                SampleType::F32 => write_matrix::<f32>(&file, &group, &samples)?,
                SampleType::F64 => write_matrix::<f64>(&file, &group, &samples)?,
            }
        }
    }
    file.seal()?;
    Ok(path)
}

fn write_description(
    file: &NewFile,
    group: &Group,
    source: &Source,
    (signal, windows): (&Signal, &Ranges),
    samples: &ChunkSignal,
) -> Result<()> {
    let grid = signal.grid;
    file.text(group, "variable", &signal.variable)?;
    file.text(group, "units", &signal.units)?;
    file.attribute(group, "t_start_ms", source.time_ms(grid.offset_steps))?;
    file.attribute(group, "dt_ms", source.time_ms(grid.interval_steps))?;
    file.attribute(group, "first_step", grid.offset_steps)?;
    file.attribute(group, "interval_steps", grid.interval_steps)?;
    if !signal.labels.is_empty() {
        let labels: Vec<&str> = signal.labels.iter().map(String::as_str).collect();
        file.texts(group, "label_names", &labels)?;
    }
    let columns =
        |field: fn(&Column) -> u64| -> Vec<u64> { samples.columns().iter().map(field).collect() };
    file.dataset(group, "gids", &columns(|c| c.gid))?;
    file.dataset(group, "segments", &columns(|c| u64::from(c.segment)))?;
    file.dataset(group, "labels", &columns(|c| u64::from(c.label)))?;
    let end_step = source.end_step;
    if *windows != Ranges::from(0..end_step) {
        let steps = file.pairs(group, "windows", windows.pairs())?;
        file.text(&steps, "units", "steps")?;
    }
    write_places(file, group, samples)
}

/// Sections and arcs where some are known, and sources of connections.
fn write_places(file: &NewFile, group: &Group, samples: &ChunkSignal) -> Result<()> {
    let rows = 0..samples.columns().len();
    let places: Vec<Option<Place>> = rows.clone().map(|row| samples.place(row)).collect();
    if places.iter().any(Option::is_some) {
        let mut names: Vec<&str> = places.iter().flatten().map(|p| p.section.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let index = |place: &Place| names.binary_search(&place.section.as_str()).unwrap_or(0);
        let of = |field: &dyn Fn(&Place) -> i64| -> Vec<i64> {
            places.iter().map(|place| place.as_ref().map_or(-1, field)).collect()
        };
        let sections = file.dataset(group, "sections", &of(&|place| index(place) as i64))?;
        file.texts(&sections, "names", &names)?;
        file.dataset(group, "branches", &of(&|place| i64::from(place.branch)))?;
        file.dataset(group, "points", &of(&|place| i64::from(place.point)))?;
        let arcs = places.iter().map(|place| place.as_ref().map_or(f64::NAN, |place| place.arc));
        file.dataset(group, "arcs", &arcs.collect::<Vec<_>>())?;
    }
    let sources: Vec<Option<u64>> = rows.map(|row| samples.source(row)).collect();
    if sources.iter().any(Option::is_some) {
        let gids = sources.iter().map(|source| source.map_or(-1, |gid| gid as i64));
        file.dataset(group, "source_gids", &gids.collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Writes the matrix in tiles of whole chunks, in an order given by its shape alone.
fn write_matrix<T: H5Type + Real>(
    file: &NewFile,
    group: &Group,
    source: &ChunkSignal,
) -> Result<()> {
    let (n_rows, n_samples) = (source.columns().len(), source.n_samples());
    let chunk_samples = n_samples.clamp(1, CHUNK_SAMPLES);
    let chunk_rows = (CHUNK_BYTES / (chunk_samples * size_of::<T>())).clamp(1, n_rows.max(1));
    let matrix = create_matrix::<T>(file, group, [n_rows, n_samples], [chunk_rows, chunk_samples])?;
    let chunk_bytes = chunk_rows * chunk_samples * size_of::<T>();
    let tile_rows = chunk_rows * (TILE_BYTES / chunk_bytes).max(1);

    let mut tile: Vec<T> = Vec::new();
    for row in (0..n_rows).step_by(tile_rows) {
        let rows = row..(row + tile_rows).min(n_rows);
        for sample in (0..n_samples).step_by(chunk_samples) {
            let samples = sample..(sample + chunk_samples).min(n_samples);
            tile.clear();
            tile.resize(rows.len() * samples.len(), T::zeroed());
            source.read_tile(rows.clone(), samples.clone(), &mut tile)?;
            let view = ArrayView2::from_shape((rows.len(), samples.len()), &tile)
                .map_err(|e| file.error("data", "shape", e.into()))?;
            matrix
                .write_slice(view, (rows.clone(), samples))
                .map_err(|e| file.error("data", "write", e))?;
        }
    }
    Ok(())
}

fn create_matrix<T: H5Type>(
    file: &NewFile,
    group: &Group,
    shape: [usize; 2],
    chunk: [usize; 2],
) -> Result<Dataset> {
    let builder = group.new_dataset::<T>().obj_track_times(false);
    // An empty dataset cannot have chunks.
    let builder = if shape.contains(&0) { builder.no_chunk() } else { builder.chunk(chunk) };
    builder.shape(shape).create("data").map_err(|e| file.error("data", "create", e))
}
