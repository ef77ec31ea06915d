//! The recording store: each rank writes sealed chunks, in bounded memory, without HDF5.
//!
//! ```text
//! DIR/run.json                                    manifest, written once by rank 0
//! DIR/parts/rank-00003/columns-0000-00000000.chunk    which cells and segments signal 0 records
//! DIR/parts/rank-00003/recording-0000-00000012.chunk  spikes and samples of a range of steps
//! DIR/parts/rank-00003/table-0001-00000000.chunk      rows of a table (cells or synapses)
//! DIR/parts/leg-00001/rank-00003/...              the same after the run was resumed
//! ```
//!
//! A chunk appears under its name only when it is complete and on the disk, so that whatever
//! happens to the program, everything sealed can be read back. One [`PartWriter`] holds all
//! recordings of a rank: a chunk covers all of them for the same steps, and the chunks of a rank
//! cover the run without a hole. Every chunk names its run, and is refused in the directory of another.

mod chunk;
mod column;
mod manifest;
mod part;
mod ranges;
mod scan;
mod sealing;

use std::fs;
use std::path::{Path, PathBuf};

pub use chunk::{ChunkHeader, ChunkKind};
pub use column::{Column, Columns, Place};
pub use manifest::{
    Combine, Device, Direction, Leg, Manifest, Parameter, Population, Projection, SampleGrid,
    SampleType, Signal, SpikeRecorder,
};
pub use part::{DEFAULT_CHUNK_BYTES, PartWriter, Spike};
pub use ranges::Ranges;
pub use scan::{Coverage, Gap, Gaps, RankCoverage};

pub(crate) use chunk::{HEADER_BYTES, Part, read_payload};
pub(crate) use scan::{PartIndex, RecordingChunk, RunIndex, SignalBlock, whole_rows};

use crate::error::{Error, Result};
use crate::fsio;

const MANIFEST: &str = "run.json";
const PARTS: &str = "parts";
/// Written into the parts when their recordings are merged and may go.
const MERGED: &str = "merged";
/// Written into the parts when merged files are views of their recordings, which stay.
const KEPT: &str = "kept";
/// Files that a run leaves behind beside its manifest and parts.
const RESULTS: [&str; 8] = [
    RunDirectory::SPIKES,
    RunDirectory::SPIKES_TEXT,
    RunDirectory::TRACES,
    RunDirectory::CELLS,
    RunDirectory::CONNECTIONS,
    RunDirectory::NIO,
    RunDirectory::SIGNALS,
    RunDirectory::PROVENANCE,
];

/// Whether [`RunDirectory::create`] may replace a run that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Refuse with [`Error::HoldsRun`].
    No,
    /// Remove the old run's manifest, parts and merged files; other files stay.
    Yes,
}

/// The output directory of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// Merged spikes, SONATA layout.
    pub const SPIKES: &str = "spikes.h5";
    /// Merged spikes as text.
    pub const SPIKES_TEXT: &str = "spikes.txt";
    /// Merged signals.
    pub const TRACES: &str = "traces.h5";
    /// Positions and rotations of cells, LFPy's layout.
    pub const CELLS: &str = "cell_positions_and_rotations.h5";
    /// Synapses, LFPy's layout.
    pub const CONNECTIONS: &str = "synapse_connections.h5";
    /// Merged recordings for Neo.
    pub const NIO: &str = "results.nio";
    /// Signals of probes, LFPy's layout.
    pub const SIGNALS: &str = "OUTPUT.h5";
    /// Where the results come from.
    pub const PROVENANCE: &str = "provenance.json";
    /// Folder of the [checkpoints](crate::checkpoint) of a run that goes on.
    pub const CHECKPOINTS: &str = "checkpoints";

    /// Makes the directory of a new run. Called once, by rank 0, before other ranks
    /// [`open`](Self::open) it.
    ///
    /// # Errors
    /// [`Error::NotWritable`] if nothing can be written there, [`Error::HoldsRun`] if a run is
    /// there and `overwrite` is [`Overwrite::No`].
    pub fn create(path: impl Into<PathBuf>, overwrite: Overwrite) -> Result<Self> {
        let directory = Self { path: path.into() };
        directory.make_writable()?;
        if let Some(found) = directory.holds() {
            if overwrite == Overwrite::No {
                return Err(Error::HoldsRun { path: directory.path, found });
            }
            directory.clear()?;
        }
        fs::create_dir(directory.parts())
            .map_err(|e| Error::io(&directory.parts(), "create", e))?;
        fsio::sync_directory(&directory.path)?;
        Ok(directory)
    }

    /// The directory of a run that [`create`](Self::create) made before.
    ///
    /// # Errors
    /// [`Error::NotARun`] if neither parts nor a manifest are there.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let directory = Self { path: path.into() };
        if !directory.parts().is_dir() && !directory.file(MANIFEST).is_file() {
            return Err(Error::NotARun { path: directory.path, missing: MANIFEST });
        }
        Ok(directory)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes the manifest. Called once, by rank 0.
    ///
    /// # Errors
    /// [`Error::Declaration`] if the manifest contradicts itself, or an error of writing.
    pub fn write_manifest(&self, manifest: &Manifest) -> Result<()> {
        manifest.validate()?;
        let path = self.file(MANIFEST);
        let mut text = serde_json::to_vec_pretty(manifest).map_err(|source| Error::Json {
            path: path.clone(),
            object: "manifest".to_owned(),
            source,
        })?;
        text.push(b'\n');
        fsio::write_sealed(&path, &[&text])
    }

    /// Reads the manifest back.
    ///
    /// # Errors
    /// [`Error::NotARun`] if it is missing, [`Error::Json`] or [`Error::Declaration`] if it was
    /// changed into something else.
    pub fn manifest(&self) -> Result<Manifest> {
        let path = self.file(MANIFEST);
        let text = match fs::read(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NotARun { path: self.path.clone(), missing: MANIFEST });
            }
            text => text.map_err(|e| Error::io(&path, "read", e))?,
        };
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|source| Error::Json {
            path,
            object: "manifest".to_owned(),
            source,
        })?;
        manifest.validate()?;
        Ok(manifest)
    }

    /// How far each rank's recordings are sealed; every chunk is verified.
    ///
    /// # Errors
    /// [`Error::ChunkTruncated`], [`Error::ChunkCorrupt`] or [`Error::Gap`] with the file's name.
    pub fn coverage(&self) -> Result<Coverage> {
        self.coverage_with(Gaps::Refuse)
    }

    /// As [`coverage`](Self::coverage), with a choice of what to do about chunks that are lost.
    ///
    /// # Errors
    /// As [`coverage`](Self::coverage); with [`Gaps::Mark`] not for lost chunks.
    pub fn coverage_with(&self, gaps: Gaps) -> Result<Coverage> {
        scan::coverage(self, &self.manifest()?, gaps)
    }

    /// The chunks of one rank.
    pub(crate) fn part(&self, manifest: &Manifest, leg: usize, rank: u32) -> Part {
        let of_leg = match leg {
            0 => self.parts(),
            _ => self.parts().join(format!("leg-{leg:05}")),
        };
        let path = of_leg.join(format!("rank-{rank:05}"));
        Part { path, rank, run_id: manifest.run_id }
    }

    /// Removes the ranks' recordings, which are merged. A kill in between leaves a mark, so that
    /// what remains of them is never taken for a whole.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn remove_recordings(&self) -> Result<()> {
        let mark = self.parts().join(MERGED);
        fsio::write_sealed(&mark, &[])?;
        fsio::remove_if_there(&self.parts().join(KEPT))?;
        self.finish_removal()
    }

    /// Notes that the run has ended and is merged, where the ranks' recordings stay because merged files
    /// are views of them.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn keep_recordings(&self) -> Result<()> {
        fsio::write_sealed(&self.parts().join(KEPT), &[])
    }

    /// Whether the run has ended and its recordings were merged: then it cannot be resumed.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn is_merged(&self) -> Result<bool> {
        let is_there = self.file(Self::SPIKES).exists();
        let has_mark = [MERGED, KEPT].iter().any(|mark| self.parts().join(mark).exists());
        Ok(has_mark || (is_there && !self.has_recordings()?))
    }

    /// Whether there are chunks of recordings.
    fn has_recordings(&self) -> Result<bool> {
        let mut folders = vec![self.parts()];
        while let Some(folder) = folders.pop() {
            for name in chunk::file_names(&folder)? {
                if chunk::is_chunk_name(&name, ChunkKind::Columns, None)
                    || chunk::is_chunk_name(&name, ChunkKind::Recording, None)
                {
                    return Ok(true);
                }
                folders.push(folder.join(name));
                folders.pop_if(|path| !path.is_dir());
            }
        }
        Ok(false)
    }

    /// Begins a leg of a run that is resumed at a checkpoint, and gives the manifest with it: what was
    /// recorded from its first step on is superseded, and files that were merged of it are removed.
    /// Called by one rank.
    ///
    /// # Errors
    /// [`Error::Merged`] if its recordings were merged and removed; errors of reading and writing.
    pub fn begin_leg(&self, leg: Leg) -> Result<Manifest> {
        if self.is_merged()? {
            return Err(Error::Merged { path: self.path.clone() });
        }
        let mut manifest = self.manifest()?;
        manifest.format_version = Manifest::FORMAT_VERSION;
        manifest.legs.push(leg);
        self.write_manifest(&manifest)?;
        for name in [Self::SPIKES, Self::SPIKES_TEXT, Self::TRACES, Self::NIO] {
            fsio::remove_if_there(&self.path.join(name))?;
        }
        Ok(manifest)
    }

    /// Ends a removal that was interrupted.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn finish_removal(&self) -> Result<()> {
        let mark = self.parts().join(MERGED);
        if mark.exists() {
            self.remove_chunks(&[(ChunkKind::Recording, None), (ChunkKind::Columns, None)])?;
            fsio::remove_if_there(&mark)?;
        }
        // A kill may have come after the mark had gone.
        if self.is_merged()? {
            remove_directory_if_empty(&self.parts())?;
            fsio::sync_directory(&self.path)?;
        }
        Ok(())
    }

    /// Removes all chunks of these kinds, and directories that are empty then.
    pub(crate) fn remove_chunks(&self, kinds: &[(ChunkKind, Option<u32>)]) -> Result<()> {
        remove_chunks_in(&self.parts(), kinds)?;
        fsio::sync_directory(&self.path)
    }

    fn parts(&self) -> PathBuf {
        self.path.join(PARTS)
    }

    fn make_writable(&self) -> Result<()> {
        let not_writable = |source| Error::NotWritable { path: self.path.clone(), source };
        fs::create_dir_all(&self.path).map_err(not_writable)?;
        let probe = self.path.join(".probe.tmp");
        fs::write(&probe, b"").map_err(not_writable)?;
        fs::remove_file(&probe).map_err(not_writable)
    }

    fn holds(&self) -> Option<&'static str> {
        [MANIFEST, PARTS].into_iter().chain(RESULTS).find(|name| self.path.join(name).exists())
    }

    /// Removes the run: manifest, parts, merged files and checkpoints, and the directory if nothing
    /// else is in it.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn remove(self) -> Result<()> {
        self.clear()?;
        remove_directory_if_empty(&self.path)
    }

    /// Removes an old run. The manifest goes first: what is left of a run without it is no run.
    fn clear(&self) -> Result<()> {
        for name in [MANIFEST].into_iter().chain(RESULTS) {
            fsio::remove_if_there(&self.path.join(name))?;
            fsio::remove_if_there(&fsio::temporary_name(&self.path.join(name)))?;
        }
        for folder in [self.file(Self::CHECKPOINTS), self.parts()] {
            match fs::remove_dir_all(&folder) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io(&folder, "remove", e));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Removes chunks of these kinds from the parts of a folder and of its legs.
fn remove_chunks_in(folder: &Path, kinds: &[(ChunkKind, Option<u32>)]) -> Result<()> {
    let is_chosen =
        |file: &str| kinds.iter().any(|&(kind, stream)| chunk::is_chunk_name(file, kind, stream));
    for name in chunk::file_names(folder)? {
        let path = folder.join(&name);
        if path.is_dir() {
            remove_chunks_in(&path, kinds)?;
        } else if is_chosen(&name) {
            fsio::remove_if_there(&path)?;
        }
    }
    remove_directory_if_empty(folder)
}

fn remove_directory_if_empty(path: &Path) -> Result<()> {
    use std::io::ErrorKind::{DirectoryNotEmpty, NotFound};
    match fs::remove_dir(path) {
        Err(e) if !matches!(e.kind(), DirectoryNotEmpty | NotFound) => {
            Err(Error::io(path, "remove", e))
        }
        _ => Ok(()),
    }
}
