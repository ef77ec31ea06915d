//! What the parts of a run hold: every chunk verified, its contents indexed.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::store::chunk::{ChunkHeader, ChunkKind, read_payload, verified_stream};
use crate::store::{Column, Manifest, RunDirectory, Spike};

/// How far one rank's recordings are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankCoverage {
    /// First step that is not sealed.
    pub sealed_until: u64,
    /// Whether the rank finished its part.
    pub finished: bool,
}

/// How far a run is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// One entry a rank.
    pub ranks: Vec<RankCoverage>,
}

impl Coverage {
    /// The first step that some rank has not sealed: all before it can be merged.
    pub fn sealed_until(&self) -> u64 {
        self.ranks.iter().map(|rank| rank.sealed_until).min().unwrap_or(0)
    }

    /// Whether all ranks finished.
    pub fn finished(&self) -> bool {
        self.ranks.iter().all(|rank| rank.finished)
    }
}

pub(crate) fn coverage(run: &RunDirectory, manifest: &Manifest) -> Result<Coverage> {
    let ranks = (0..manifest.n_ranks)
        .map(|rank| {
            let chunks = verified_stream(&run.part(rank), rank, ChunkKind::Recording, 0)?;
            let last = chunks.last().map(|(_, header)| header);
            Ok(RankCoverage {
                sealed_until: last.map_or(0, |header| header.end_step),
                finished: last.is_some_and(|header| header.last),
            })
        })
        .collect::<Result<_>>()?;
    Ok(Coverage { ranks })
}

/// One rank's part, indexed.
#[derive(Debug)]
pub(crate) struct PartIndex {
    pub(crate) directory: PathBuf,
    pub(crate) chunks: Vec<RecordingChunk>,
    /// The columns of each signal.
    pub(crate) columns: Vec<Vec<Column>>,
    pub(crate) coverage: RankCoverage,
}

/// Where things are in a recording chunk.
#[derive(Debug)]
pub(crate) struct RecordingChunk {
    pub(crate) path: PathBuf,
    /// Offset of the spikes in the payload.
    pub(crate) spikes_offset: u64,
    pub(crate) n_spikes: u64,
    pub(crate) signals: Vec<SignalBlock>,
}

/// The samples of one signal in a chunk: `n_columns` runs of `n_samples` values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignalBlock {
    /// Offset of the block in the payload.
    pub(crate) offset: u64,
    /// Number of the first sample on the signal's grid.
    pub(crate) first_sample: u64,
    pub(crate) n_samples: u64,
}

impl PartIndex {
    /// Verifies and indexes the part of a rank. A part that was never started is an empty one.
    pub(crate) fn scan(run: &RunDirectory, manifest: &Manifest, rank: u32) -> Result<Self> {
        let directory = run.part(rank);
        let verified = verified_stream(&directory, rank, ChunkKind::Recording, 0)?;
        let last = verified.last().map(|(_, header)| header);
        let coverage = RankCoverage {
            sealed_until: last.map_or(0, |header| header.end_step),
            finished: last.is_some_and(|header| header.last),
        };
        let columns = (0..manifest.signals.len() as u32)
            .map(|stream| read_columns(&directory, rank, stream))
            .collect::<Result<Vec<_>>>()?;
        let chunks = verified
            .into_iter()
            .map(|(path, header)| index_recording(path, &header, manifest, &columns))
            .collect::<Result<_>>()?;
        Ok(Self { directory, chunks, columns, coverage })
    }
}

fn read_columns(part: &Path, rank: u32, stream: u32) -> Result<Vec<Column>> {
    let mut columns = Vec::new();
    for (path, header) in verified_stream(part, rank, ChunkKind::Columns, stream)? {
        let n_columns = whole_rows(&path, "payload", header.payload_bytes, size_of::<Column>())?;
        columns.resize(n_columns, Column { gid: 0, segment: 0, label: 0 });
        read_payload(&path, 0, bytemuck::cast_slice_mut(&mut columns))?;
    }
    Ok(columns)
}

/// Number of rows in `bytes` bytes.
pub(crate) fn whole_rows(
    path: &Path,
    what: &'static str,
    bytes: u64,
    row_bytes: usize,
) -> Result<usize> {
    if !bytes.is_multiple_of(row_bytes as u64) {
        return Err(Error::ChunkCorrupt {
            path: path.to_owned(),
            what,
            found: format!("{bytes} bytes"),
            expected: format!("a multiple of {row_bytes}"),
        });
    }
    Ok((bytes / row_bytes as u64) as usize)
}

fn index_recording(
    path: PathBuf,
    header: &ChunkHeader,
    manifest: &Manifest,
    columns: &[Vec<Column>],
) -> Result<RecordingChunk> {
    let mismatch = |what, found: String, expected: String| Error::ChunkCorrupt {
        path: path.clone(),
        what,
        found,
        expected,
    };
    let n_signals = manifest.signals.len();
    let mut index = vec![0_u64; 2 + 4 * n_signals];
    let index_bytes = size_of_val(index.as_slice()) as u64;
    if header.payload_bytes < index_bytes {
        let expected = format!("at least {index_bytes} for {n_signals} signals");
        return Err(mismatch("payload length", header.payload_bytes.to_string(), expected));
    }
    read_payload(&path, 0, bytemuck::cast_slice_mut(&mut index))?;
    let (n_spikes, found_signals) = (index[0], index[1]);
    if found_signals != n_signals as u64 {
        let expected = format!("{n_signals} as in the manifest");
        return Err(mismatch("number of signals", found_signals.to_string(), expected));
    }
    let mut end = index_bytes.saturating_add(n_spikes.saturating_mul(size_of::<Spike>() as u64));
    let mut signals = Vec::with_capacity(n_signals);
    for ((signal, columns), entry) in
        manifest.signals.iter().zip(columns).zip(index[2..].chunks_exact(4))
    {
        let first_sample = signal.grid.samples_before(header.first_step);
        let n_samples = signal.grid.samples_before(header.end_step) - first_sample;
        let bytes = signal.sample_type.bytes() as u64;
        let expected = [first_sample, n_samples, columns.len() as u64, bytes];
        if entry != expected {
            let what = "(first sample, samples, columns, bytes) of a signal";
            return Err(mismatch(what, format!("{entry:?}"), format!("{expected:?}")));
        }
        signals.push(SignalBlock { offset: end, first_sample, n_samples });
        end = end.saturating_add(n_samples.saturating_mul(columns.len() as u64 * bytes));
    }
    if end != header.payload_bytes {
        let found = header.payload_bytes.to_string();
        return Err(mismatch("payload length", found, end.to_string()));
    }
    Ok(RecordingChunk { path, spikes_offset: index_bytes, n_spikes, signals })
}
