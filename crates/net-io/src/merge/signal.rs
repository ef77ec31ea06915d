//! The samples of one signal in the chunks of all ranks, as the matrix that they make.

use std::ops::{Add, Mul, Range};
use std::path::Path;
use std::sync::Arc;

use bytemuck::Pod;

use crate::error::{Error, Result};
use crate::store::{
    Column, Combine, HEADER_BYTES, Manifest, Place, RunDirectory, RunIndex, Signal, SignalBlock,
    read_payload,
};

/// Columns with at least so many bytes in a chunk of the store are read one by one.
const LONG_COLUMN_BYTES: usize = 1 << 16;
/// Shorter ones are read together, up to this.
const BATCH_BYTES: usize = 1 << 22;

/// A type in which samples are stored.
pub(crate) trait Real: Pod + Add<Output = Self> + Mul<Output = Self> {
    /// What stands for a sample that is lost.
    const NAN: Self;
    /// The nearest value.
    fn nearest(value: f64) -> Self;
}

impl Real for f32 {
    const NAN: Self = f32::NAN;

    fn nearest(value: f64) -> Self {
        value as f32
    }
}

impl Real for f64 {
    const NAN: Self = f64::NAN;

    fn nearest(value: f64) -> Self {
        value
    }
}

/// A column as one rank has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Source {
    column: Column,
    part: u32,
    /// Index of the column in the part.
    local: u32,
}

/// Where the samples of one signal are: a row a column, in order of cell, segment and label.
#[derive(Debug, Clone)]
pub(crate) struct ChunkSignal {
    index: Arc<RunIndex>,
    signal: Signal,
    at: usize,
    columns: Vec<Column>,
    /// What the columns are made of, column by column.
    sources: Vec<Source>,
    /// Where those of a column begin; one more than columns.
    source_start: Vec<usize>,
    /// Number of the first sample of every chunk of every part.
    first_samples: Vec<Vec<usize>>,
    n_samples: usize,
}

impl ChunkSignal {
    /// The signal with index `at` in the manifest.
    ///
    /// # Errors
    /// [`Error::Duplicate`] if two ranks have a column that is not a sum.
    pub(crate) fn new(
        run: &RunDirectory,
        manifest: &Manifest,
        index: &Arc<RunIndex>,
        at: usize,
    ) -> Result<Self> {
        let signal = manifest.signals[at].clone();
        let mut sources: Vec<Source> = Vec::new();
        for (part, number) in index.parts.iter().zip(0..) {
            let of_part = part.columns[at].columns().iter().zip(0..);
            sources.extend(of_part.map(|(&column, local)| Source { column, part: number, local }));
        }
        sources.sort_unstable();
        let leg_of = |source: &Source| index.parts[source.part as usize].leg;
        let is_double = |pair: &&[Source]| {
            pair[0].column == pair[1].column && leg_of(&pair[0]) == leg_of(&pair[1])
        };
        let doubled = sources.windows(2).find(is_double);
        if let (Some(pair), Combine::Distinct) = (doubled, signal.combine) {
            return Err(Error::Duplicate {
                path: run.path().to_owned(),
                what: "a recorded column",
                gid: pair[0].column.gid,
                ranks: [0, 1].map(|at| index.parts[pair[at].part as usize].rank),
            });
        }
        let (mut columns, mut source_start) = (Vec::new(), Vec::new());
        for (at, source) in sources.iter().enumerate() {
            if columns.last() != Some(&source.column) {
                columns.push(source.column);
                source_start.push(at);
            }
        }
        source_start.push(sources.len());
        let windows = &index.windows[at];
        let before = |step| signal.grid.samples_in(windows, step) as usize;
        let first_samples = (index.parts.iter())
            .map(|part| part.chunks.iter().map(|chunk| before(chunk.steps.start)).collect())
            .collect();
        let n_samples = before(index.end_step);
        let index = Arc::clone(index);
        Ok(Self { index, signal, at, columns, sources, source_start, first_samples, n_samples })
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(crate) fn n_samples(&self) -> usize {
        self.n_samples
    }

    /// Where a column was recorded.
    pub(crate) fn place(&self, row: usize) -> Option<Place> {
        let Source { part, local, .. } = self.sources[self.source_start[row]];
        self.index.parts[part as usize].columns[self.at].place(local as usize)
    }

    /// The source cell of the connection that a column belongs to.
    pub(crate) fn source(&self, row: usize) -> Option<u64> {
        let Source { part, local, .. } = self.sources[self.source_start[row]];
        self.index.parts[part as usize].columns[self.at].source(local as usize)
    }

    /// Reads rows and samples of the matrix into `tile`, row by row. What is lost is NaN.
    pub(crate) fn read_tile<T: Real>(
        &self,
        rows: Range<usize>,
        samples: Range<usize>,
        tile: &mut [T],
    ) -> Result<()> {
        let is_sum = matches!(self.signal.combine, Combine::Sum { .. });
        tile.fill(if is_sum { T::zeroed() } else { T::NAN });
        for (number, wanted) in self.wanted(rows).iter().enumerate() {
            let part = &self.index.parts[number];
            for (chunk, &first) in part.chunks.iter().zip(&self.first_samples[number]) {
                let block = chunk.signals[self.at];
                let piece = Piece::new(first, &block, &samples);
                if piece.samples.is_empty() {
                    continue;
                }
                let row_length = samples.len();
                piece.read(&chunk.path, &block, wanted, |tile_row, values: &[T]| {
                    let at = tile_row * row_length + piece.tile_sample;
                    let to = &mut tile[at..at + values.len()];
                    match is_sum {
                        true => to.iter_mut().zip(values).for_each(|(to, &v)| *to = *to + v),
                        false => to.copy_from_slice(values),
                    }
                })?;
            }
            if is_sum {
                self.lose(number, wanted, &samples, tile);
            }
        }
        if let Combine::Sum { scale } = self.signal.combine {
            tile.iter_mut().for_each(|value| *value = *value * T::nearest(scale));
        }
        Ok(())
    }

    /// Whether rows stand in the chunks as they are, and are not sums over ranks.
    pub(crate) fn is_stored(&self) -> bool {
        self.signal.combine == Combine::Distinct
    }

    /// Where the samples stand: the blocks of all chunks that have some.
    pub(crate) fn stored(&self) -> Vec<Stored<'_>> {
        let mut all = Vec::new();
        for (number, rows) in self.wanted(0..self.columns.len()).iter().enumerate() {
            let part = &self.index.parts[number];
            for (chunk, &first) in part.chunks.iter().zip(&self.first_samples[number]) {
                let block = chunk.signals[self.at];
                let end = (first + block.n_samples as usize).min(self.n_samples);
                if first < end && !rows.is_empty() {
                    all.push(Stored {
                        path: &chunk.path,
                        offset: HEADER_BYTES + block.offset,
                        shape: [part.columns[self.at].len(), block.n_samples as usize],
                        samples: first..end,
                        runs: runs(rows),
                    });
                }
            }
        }
        all
    }

    /// Rows of a tile by part, in the order of the part's columns: (local column, tile row).
    fn wanted(&self, rows: Range<usize>) -> Vec<Vec<(usize, usize)>> {
        let mut by_part: Vec<Vec<(usize, usize)>> = vec![Vec::new(); self.index.parts.len()];
        for (tile_row, row) in rows.enumerate() {
            for source in &self.sources[self.source_start[row]..self.source_start[row + 1]] {
                by_part[source.part as usize].push((source.local as usize, tile_row));
            }
        }
        by_part.iter_mut().for_each(|wanted| wanted.sort_unstable());
        by_part
    }

    /// A sum of which one rank's share is lost is lost.
    fn lose<T: Real>(
        &self,
        part: usize,
        wanted: &[(usize, usize)],
        samples: &Range<usize>,
        tile: &mut [T],
    ) {
        let before =
            |step| self.signal.grid.samples_in(&self.index.windows[self.at], step) as usize;
        for gap in &self.index.parts[part].gaps {
            let begin = before(gap.steps.start).max(samples.start);
            let end = before(gap.steps.end).min(samples.end);
            for &(_, tile_row) in wanted.iter().filter(|_| begin < end) {
                let row = tile_row * samples.len();
                tile[row + begin - samples.start..row + end - samples.start].fill(T::NAN);
            }
        }
    }
}

/// The samples of a signal in one chunk, as they lie in its file.
pub(crate) struct Stored<'a> {
    pub(crate) path: &'a Path,
    /// Where they begin in the file, in bytes.
    pub(crate) offset: u64,
    /// Columns of the part, and samples of the chunk.
    pub(crate) shape: [usize; 2],
    /// The samples of the signal that they are, from the first one on.
    pub(crate) samples: Range<usize>,
    /// Which rows of the signal the columns are.
    pub(crate) runs: Vec<Run>,
}

/// Consecutive columns of a part that are rows at equal distances.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) columns: Range<usize>,
    pub(crate) first_row: usize,
    pub(crate) step: usize,
}

/// (column, row), ascending by column, as few runs.
fn runs(pairs: &[(usize, usize)]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for &(column, row) in pairs {
        if let Some(Run { columns, first_row, step }) = runs.last_mut()
            && columns.end == column
            && *first_row < row
        {
            if columns.len() == 1 {
                *step = row - *first_row;
            }
            if *first_row + columns.len() * *step == row {
                columns.end += 1;
                continue;
            }
        }
        runs.push(Run { columns: column..column + 1, first_row: row, step: 1 });
    }
    runs
}

/// The samples that a block of the store and a tile have in common.
struct Piece {
    /// Counted in the block.
    samples: Range<usize>,
    /// Where they begin in the tile.
    tile_sample: usize,
}

impl Piece {
    /// `first` is the number of the block's first sample.
    fn new(first: usize, block: &SignalBlock, tile_samples: &Range<usize>) -> Self {
        let begin = tile_samples.start.max(first);
        let end = tile_samples.end.min(first + block.n_samples as usize).max(begin);
        Self { samples: begin - first..end - first, tile_sample: begin - tile_samples.start }
    }

    /// Calls `put(tile row, samples)` for each wanted column of the block, reading long columns
    /// one by one and neighboring short ones together.
    fn read<T: Pod>(
        &self,
        path: &Path,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_at_equal_distances_are_one_run() {
        let run = |columns, first_row, step| Run { columns, first_row, step };
        assert_eq!(runs(&[(0, 1), (1, 4), (2, 7)]), [run(0..3, 1, 3)]);
        assert_eq!(runs(&[(0, 0), (1, 1), (2, 5), (3, 6)]), [run(0..2, 0, 1), run(2..4, 5, 1)]);
        // A column that is left out, and one that stands before its neighbor.
        assert_eq!(runs(&[(0, 0), (2, 2)]), [run(0..1, 0, 1), run(2..3, 2, 1)]);
        assert_eq!(runs(&[(0, 3), (1, 2)]), [run(0..1, 3, 1), run(1..2, 2, 1)]);
        assert_eq!(runs(&[]), []);
    }
}
