//! `traces.h5`: each signal as one matrix, a row a recorded column, a column a sample.

use std::path::PathBuf;

use bytemuck::Pod;
use hdf5::{Dataset, Group, H5Type};
use ndarray::ArrayView2;

use crate::error::{Error, Result};
use crate::h5::NewFile;
use crate::merge::Source;
use crate::store::{
    Column, PartIndex, RunDirectory, SampleType, Signal, SignalBlock, read_payload,
};

/// Samples of a chunk in the file, if there are as many.
const CHUNK_SAMPLES: usize = 4096;
/// Aimed size of a chunk in the file.
const CHUNK_BYTES: usize = 1 << 20;
/// Memory for a tile of the matrix.
const TILE_BYTES: usize = 1 << 26;
/// Columns with at least so many bytes in a chunk of the store are read one by one.
const LONG_COLUMN_BYTES: usize = 1 << 16;
/// Shorter ones are read together, up to this.
const BATCH_BYTES: usize = 1 << 22;

/// Writes all signals.
pub(super) fn merge(source: &Source) -> Result<PathBuf> {
    let path = source.run.file(RunDirectory::TRACES);
    let file = NewFile::create(&path)?;
    source.describe(&file)?;
    {
        let traces = file.group(&file.root()?, "traces")?;
        for (index, signal) in source.manifest.signals.iter().enumerate() {
            let group = file.group(&traces, &signal.name)?;
            let samples = SignalSource::new(source, index, signal)?;
            write_description(&file, &group, source, signal, &samples)?;
            match signal.sample_type {
                SampleType::F32 => write_matrix::<f32>(&file, &group, &samples)?,
                SampleType::F64 => write_matrix::<f64>(&file, &group, &samples)?,
            }
        }
    }
    file.seal()?;
    Ok(path)
}

/// One recorded column, in the order of the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct MergedColumn {
    column: Column,
    rank: u32,
    /// Index of the column on its rank.
    local: u32,
}

/// Where the samples of one signal are.
struct SignalSource<'a> {
    parts: &'a [PartIndex],
    signal: usize,
    columns: Vec<MergedColumn>,
    n_samples: usize,
}

impl<'a> SignalSource<'a> {
    fn new(source: &Source<'a>, index: usize, signal: &Signal) -> Result<Self> {
        let parts = source.parts;
        let mut columns: Vec<MergedColumn> = Vec::new();
        for (part, rank) in parts.iter().zip(0..) {
            let of_rank = part.columns[index].iter().zip(0..);
            columns.extend(of_rank.map(|(&column, local)| MergedColumn { column, rank, local }));
        }
        columns.sort_unstable();
        if let Some(pair) = columns.windows(2).find(|pair| pair[0].column == pair[1].column) {
            return Err(Error::Duplicate {
                path: source.run.path().to_owned(),
                what: "a recorded column",
                gid: pair[0].column.gid,
                ranks: [pair[0].rank, pair[1].rank],
            });
        }
        let n_samples = signal.grid.samples_before(source.end_step) as usize;
        Ok(Self { parts, signal: index, columns, n_samples })
    }
}

fn write_description(
    file: &NewFile,
    group: &Group,
    source: &Source,
    signal: &Signal,
    samples: &SignalSource,
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
    let columns = |field: fn(&Column) -> u64| -> Vec<u64> {
        samples.columns.iter().map(|merged| field(&merged.column)).collect()
    };
    file.dataset(group, "gids", &columns(|c| c.gid))?;
    file.dataset(group, "segments", &columns(|c| u64::from(c.segment)))?;
    file.dataset(group, "labels", &columns(|c| u64::from(c.label)))?;
    Ok(())
}

/// Writes the matrix in tiles of whole chunks, in an order given by its shape alone.
fn write_matrix<T: H5Type + Pod>(
    file: &NewFile,
    group: &Group,
    source: &SignalSource,
) -> Result<()> {
    let (n_rows, n_samples) = (source.columns.len(), source.n_samples);
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

impl SignalSource<'_> {
    /// Reads rows and samples of the merged matrix into `tile`, row by row.
    fn read_tile<T: Pod>(
        &self,
        rows: std::ops::Range<usize>,
        samples: std::ops::Range<usize>,
        tile: &mut [T],
    ) -> Result<()> {
        // Rows of the tile by rank, in the order of the rank's columns: (local column, tile row).
        let mut by_rank: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.parts.len()];
        for (tile_row, merged) in self.columns[rows].iter().enumerate() {
            by_rank[merged.rank as usize].push((merged.local as usize, tile_row));
        }
        for (part, wanted) in self.parts.iter().zip(&mut by_rank) {
            wanted.sort_unstable();
            for chunk in &part.chunks {
                let block = chunk.signals[self.signal];
                let piece = Piece::new(&block, &samples);
                if piece.samples.is_empty() {
                    continue;
                }
                let row_length = samples.len();
                piece.read(&chunk.path, &block, wanted, |tile_row, values: &[T]| {
                    let at = tile_row * row_length + piece.tile_sample;
                    tile[at..at + values.len()].copy_from_slice(values);
                })?;
            }
        }
        Ok(())
    }
}

/// The samples that a block of the store and a tile have in common.
struct Piece {
    /// Counted in the block.
    samples: std::ops::Range<usize>,
    /// Where they begin in the tile.
    tile_sample: usize,
}

impl Piece {
    fn new(block: &SignalBlock, tile_samples: &std::ops::Range<usize>) -> Self {
        let first = block.first_sample as usize;
        let begin = tile_samples.start.max(first);
        let end = tile_samples.end.min(first + block.n_samples as usize).max(begin);
        Self { samples: begin - first..end - first, tile_sample: begin - tile_samples.start }
    }

    /// Calls `put(tile row, samples)` for each wanted column of the block, reading long columns
    /// one by one and neighboring short ones together.
    fn read<T: Pod>(
        &self,
        path: &std::path::Path,
        block: &SignalBlock,
        wanted: &[(usize, usize)],
        mut put: impl FnMut(usize, &[T]),
    ) -> Result<()> {
        let column_samples = block.n_samples as usize;
        let column_bytes = column_samples * size_of::<T>();
        let batch = if column_bytes >= LONG_COLUMN_BYTES { 1 } else { BATCH_BYTES / column_bytes };
        let mut buffer: Vec<T> = Vec::new();
        let mut rest = wanted;
        while let Some(&(first, _)) = rest.first() {
            let n = rest.partition_point(|&(local, _)| local < first + batch);
            let (group, later) = rest.split_at(n);
            let last = group[group.len() - 1].0;
            let begin = first * column_samples + self.samples.start;
            let end = last * column_samples + self.samples.end;
            buffer.resize(end - begin, T::zeroed());
            let offset = block.offset + (begin * size_of::<T>()) as u64;
            read_payload(path, offset, bytemuck::cast_slice_mut(&mut buffer))?;
            for &(local, tile_row) in group {
                let at = (local - first) * column_samples;
                put(tile_row, &buffer[at..at + self.samples.len()]);
            }
            rest = later;
        }
        Ok(())
    }
}
