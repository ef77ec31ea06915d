//! Everything that can go wrong with a file, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::nix::Uuid;

/// Result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of reading or writing files of a run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused an operation on a file or directory.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// The disk, or the user's quota on it, is full. What was sealed before stays readable.
    #[error(
        "disk full: cannot {action} {}; free some space, everything sealed before is intact",
        path.display()
    )]
    DiskFull {
        /// The file that did not fit.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
    },
    /// The output directory cannot be made or written to.
    #[error(
        "output directory {} is not writable ({source}); choose another or change its permissions",
        path.display()
    )]
    NotWritable {
        /// The directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The output directory already holds a run.
    #[error(
        "{} already holds a run (found `{found}`); choose another directory or allow overwriting",
        path.display()
    )]
    HoldsRun {
        /// The directory.
        path: PathBuf,
        /// The file that shows it.
        found: &'static str,
    },
    /// A directory was given that holds no run.
    #[error("{} holds no run: `{missing}` is missing", path.display())]
    NotARun {
        /// The directory.
        path: PathBuf,
        /// What a run has and this directory has not.
        missing: &'static str,
    },
    /// The run manifest or another JSON text cannot be understood.
    #[error("{}: {object}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The key or attribute that holds the text.
        object: String,
        /// Where and why parsing stopped.
        source: serde_json::Error,
    },
    /// An HDF5 call failed.
    #[error("{}: `{object}`: cannot {action}: {source}", path.display())]
    Hdf5 {
        /// The file.
        path: PathBuf,
        /// The group, dataset or attribute.
        object: String,
        /// What was tried.
        action: &'static str,
        /// The library's answer.
        source: hdf5::Error,
    },
    /// A sealed chunk is shorter or longer than its header says.
    #[error(
        "chunk {} is truncated: {found_bytes} bytes found, {expected_bytes} expected",
        path.display()
    )]
    ChunkTruncated {
        /// The chunk file.
        path: PathBuf,
        /// Bytes that the header promises (or the length of a header).
        expected_bytes: u64,
        /// Bytes in the file.
        found_bytes: u64,
    },
    /// A sealed chunk's content contradicts its header or checksum.
    #[error("chunk {} is corrupt: {what} is {found}, expected {expected}", path.display())]
    ChunkCorrupt {
        /// The chunk file.
        path: PathBuf,
        /// The field.
        what: &'static str,
        /// What the file has.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A chunk belongs to another run.
    #[error(
        "chunk {} belongs to run {found}, the directory to run {expected}; \
         chunks of two runs are never mixed: move it back to its own directory",
        path.display()
    )]
    ForeignChunk {
        /// The chunk file.
        path: PathBuf,
        /// The run that the chunk belongs to.
        found: Uuid,
        /// The run of the directory.
        expected: Uuid,
    },
    /// A chunk in the middle of a rank's sequence is missing.
    #[error(
        "chunk {} is missing although a later one exists; \
         restore it from a backup, or allow gaps: what is missing is then marked, samples are NaN",
        path.display()
    )]
    Gap {
        /// The missing chunk file.
        path: PathBuf,
    },
    /// A run was resumed at a checkpoint, before which something is missing.
    #[error(
        "{} ends at step {found}, but the run was resumed at step {expected}; \
         restore what is missing from a backup, or allow gaps",
        path.display()
    )]
    LegEnds {
        /// The rank's part.
        path: PathBuf,
        /// First step that it has not.
        found: u64,
        /// First step of the next leg.
        expected: u64,
    },
    /// A run that has come to its end cannot be resumed.
    #[error("{} holds a run that has come to its end: its recordings are merged", path.display())]
    Merged {
        /// The directory.
        path: PathBuf,
    },
    /// There is no checkpoint.
    #[error("{} holds no complete checkpoint", path.display())]
    NoCheckpoint {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// A file of a checkpoint is not as long as it should be.
    #[error(
        "checkpoint: {} is truncated: {found_bytes} bytes found, {expected_bytes} expected",
        path.display()
    )]
    StateTruncated {
        /// The file.
        path: PathBuf,
        /// Bytes that it should have.
        expected_bytes: u64,
        /// Bytes that it has.
        found_bytes: u64,
    },
    /// A file of a checkpoint is missing.
    #[error(
        "checkpoint: {} is missing; all {n_ranks} ranks' files are needed, from any number of ranks",
        path.display()
    )]
    StateMissing {
        /// The file.
        path: PathBuf,
        /// Ranks that wrote the checkpoint.
        n_ranks: u32,
    },
    /// A file of a checkpoint was changed, or is that of another checkpoint.
    #[error("checkpoint: {}: {what} is {found}, expected {expected}", path.display())]
    StateCorrupt {
        /// The file.
        path: PathBuf,
        /// The field.
        what: &'static str,
        /// What the file has.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A checkpoint of another model.
    #[error(
        "checkpoint {} is of another model: its {part} differ from this one's \
         ({found}, expected {expected})",
        path.display()
    )]
    OtherModel {
        /// The checkpoint.
        path: PathBuf,
        /// What differs.
        part: String,
        /// Its hash in the checkpoint.
        found: String,
        /// Its hash in the model.
        expected: String,
    },
    /// A rank's part of the run is unfinished, which a merge of the whole run needs.
    #[error(
        "part of rank {rank} in {} is unfinished (sealed up to step {sealed_until}); \
         the run was interrupted: merge what is sealed instead",
        path.display()
    )]
    Unfinished {
        /// The directory of the rank's part.
        path: PathBuf,
        /// The rank.
        rank: u32,
        /// First step that is not sealed.
        sealed_until: u64,
    },
    /// There is nothing to merge.
    #[error("{} has no sealed recordings: merged before, or nothing was sealed", path.display())]
    NothingToMerge {
        /// The run directory.
        path: PathBuf,
    },
    /// Ranks finished at different steps.
    #[error(
        "rank {rank} finished at step {found} but rank 0 at step {expected} in {}",
        path.display()
    )]
    UnequalEnd {
        /// The run directory.
        path: PathBuf,
        /// The rank that differs.
        rank: u32,
        /// Its end.
        found: u64,
        /// The end of rank 0.
        expected: u64,
    },
    /// The part directory of a rank already has chunks.
    #[error("rank {rank} already has chunks in {}; two ranks with one number?", path.display())]
    PartExists {
        /// The directory of the rank's part.
        path: PathBuf,
        /// The rank.
        rank: u32,
    },
    /// One cell, or one recorded column, appears in the parts of two ranks or twice in one.
    #[error("{what} of gid {gid} was written twice (ranks {ranks:?}) in {}", path.display())]
    Duplicate {
        /// The run directory.
        path: PathBuf,
        /// What was doubled.
        what: &'static str,
        /// The cell.
        gid: u64,
        /// The ranks that wrote it.
        ranks: [u32; 2],
    },
    /// A row was appended for a step that is already sealed.
    #[error("spike of gid {gid} at step {step} comes too late: sealed up to step {sealed_until}")]
    AlreadySealed {
        /// The cell.
        gid: u64,
        /// The step of the spike.
        step: u64,
        /// First step that is not sealed.
        sealed_until: u64,
    },
    /// A spike lies after the end of the run.
    #[error("spike of gid {gid} at step {step}, but the run ends before step {end_step}")]
    BeyondEnd {
        /// The cell.
        gid: u64,
        /// The step of the spike.
        step: u64,
        /// First step after the run.
        end_step: u64,
    },
    /// A seal was asked for a step before the last one.
    #[error("cannot seal up to step {end_step}: already sealed up to step {sealed_until}")]
    SealBackwards {
        /// The step that was asked for.
        end_step: u64,
        /// First step that is not sealed.
        sealed_until: u64,
    },
    /// A signal's columns have too few or too many samples for the steps that are sealed.
    #[error(
        "signal `{signal}` column {column}: {found} samples buffered, expected {expected} \
         for steps {first_step}..{end_step}"
    )]
    SampleCount {
        /// The signal.
        signal: String,
        /// Index of the column on this rank.
        column: usize,
        /// Samples in the buffer.
        found: usize,
        /// Samples that the sampling grid has in these steps.
        expected: usize,
        /// First step of the chunk.
        first_step: u64,
        /// First step after the chunk.
        end_step: u64,
    },
    /// A signal or one of its columns does not exist.
    #[error("{what} {index} does not exist: {len} declared")]
    NoSuchIndex {
        /// `signal`, `column of signal v`, ...
        what: String,
        /// The index that was asked for.
        index: usize,
        /// How many there are.
        len: usize,
    },
    /// A recorder of a result failed.
    #[error("recorder `{recorder}` failed: {source}")]
    Recorder {
        /// Its name.
        recorder: String,
        /// What is wrong.
        source: Box<Error>,
    },
    /// There is nothing of this name.
    #[error("there is no {what} `{name}` (there is: {known})")]
    NoSuchName {
        /// `signal`, `population`, ...
        what: &'static str,
        /// The name that was asked for.
        name: String,
        /// All names.
        known: String,
    },
    /// Rows of a table came in the wrong order.
    #[error(
        "table `{table}`: row of gid {gid} appended after gid {previous}; \
         append rows in ascending gid"
    )]
    RowOrder {
        /// The table.
        table: String,
        /// The gid of the row.
        gid: u64,
        /// The gid of the row before.
        previous: u64,
    },
    /// A declaration (manifest, signal, population, projection) is not usable.
    #[error("{key}: found {found}, expected {expected}")]
    Declaration {
        /// The key, as `populations.E.size`.
        key: String,
        /// What was found.
        found: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// A section's name does not fit the 64 bytes of LFPy's table.
    #[error("section name `{name}` has {} bytes; the table holds at most 64, in ASCII", name.len())]
    SectionName {
        /// The name.
        name: String,
    },
    /// A file cannot be opened as HDF5.
    #[error("{} is not a readable HDF5 file (truncated, or another format): {source}", path.display())]
    NotHdf5 {
        /// The file.
        path: PathBuf,
        /// The library's answer.
        source: hdf5::Error,
    },
    /// A group, dataset or attribute is missing.
    #[error("{}: `{object}` is missing, expected {expected}", path.display())]
    MissingObject {
        /// The file.
        path: PathBuf,
        /// The path of the object in the file.
        object: String,
        /// What should be there.
        expected: &'static str,
    },
    /// A column of a compound table is missing.
    #[error(
        "{}: `{object}` has no column `{column}` (it has: {})", path.display(), found.join(", ")
    )]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The dataset.
        object: String,
        /// The column.
        column: String,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// An object has another type or shape than its layout says.
    #[error("{}: `{object}` is {found}, expected {expected}", path.display())]
    WrongType {
        /// The file.
        path: PathBuf,
        /// The object, or `dataset.column`.
        object: String,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// A value in a table is out of its range.
    #[error("{}: `{object}` row {row}: {column} is {found}, expected {expected}", path.display())]
    BadValue {
        /// The file.
        path: PathBuf,
        /// The dataset.
        object: String,
        /// The row, from 0.
        row: u64,
        /// The column.
        column: Box<str>,
        /// The value.
        found: String,
        /// The range.
        expected: String,
    },
    /// A gid that no population contains.
    #[error("{}: `{object}` row {row}: unknown gid {gid}, expected {expected}", path.display())]
    UnknownGid {
        /// The file.
        path: PathBuf,
        /// The dataset or stream.
        object: String,
        /// The row, from 0.
        row: u64,
        /// The gid.
        gid: i64,
        /// The gids that exist.
        expected: String,
    },
}

impl Error {
    /// Wraps an error of the operating system; a full disk gets its own variant.
    pub(crate) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Error::DiskFull { path: path.to_owned(), action }
            }
            _ => Error::Io { path: path.to_owned(), action, source },
        }
    }

    /// Wraps an error of HDF5; a full disk is found by the `errno` in the library's error stack.
    pub(crate) fn hdf5(
        path: &Path,
        object: impl Into<String>,
        action: &'static str,
        source: hdf5::Error,
    ) -> Self {
        if is_disk_full(&source) {
            return Error::DiskFull { path: path.to_owned(), action };
        }
        Error::Hdf5 { path: path.to_owned(), object: object.into(), action, source }
    }
}

/// HDF5 reports a failed `write` only as text, in the innermost frame of its stack.
fn is_disk_full(error: &hdf5::Error) -> bool {
    let hdf5::Error::HDF5(stack) = error else { return false };
    let Ok(frames) = stack.clone().expand() else { return false };
    (0..frames.len()).filter_map(|index| frames.get(index)).any(|frame| {
        let text = frame.desc();
        text.contains("No space left on device") || text.contains("quota exceeded")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_recognized() {
        // ENOSPC
        let error = Error::io(Path::new("out/a.chunk"), "write", io::Error::from_raw_os_error(28));
        assert!(matches!(error, Error::DiskFull { .. }));
        assert!(error.to_string().starts_with("disk full: cannot write out/a.chunk"), "{error}");
    }
}
