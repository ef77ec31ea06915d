//! Checkpoints: the state of a run as files that appear whole or not at all.
//!
//! ```text
//! DIR/step-000000040000/rank-00003.state   records of rank 3
//! DIR/step-000000040000/checkpoint.json    written last: without it there is no checkpoint
//! ```
//!
//! A model that went back to its start counts steps anew: then `reset-00001-step-000000040000`, which is
//! later than all folders of fewer resets.
//!
//! A rank's file is a header, then records, all little-endian:
//!
//! | bytes | header |
//! |---|---|
//! | 0..8 | magic `NETSTATE` |
//! | 8..12 | version, 2 |
//! | 12..16 | rank |
//! | 16..24 | step |
//! | 24..40 | identifier of the run |
//!
//! | bytes | record |
//! |---|---|
//! | 0..4 | kind, which says what `key` is and how the data are to be read |
//! | 4..12 | key |
//! | 12..20 | length of the data in bytes |
//! | 20..24 | CRC-32 of bytes 0..20 and the data |
//! | 24.. | the data |
//!
//! `checkpoint.json` has length and CRC-32 of every file, and hashes of the model.
//! Kinds and contents of records are the business of who writes them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::fsio;
use crate::nix::Uuid;

const MAGIC: [u8; 8] = *b"NETSTATE";
const VERSION: u32 = 2;
const HEADER_BYTES: usize = 40;
const RECORD_BYTES: usize = 24;
const MANIFEST: &str = "checkpoint.json";
const PREFIX: &str = "step-";
const RESET_PREFIX: &str = "reset-";

/// What `checkpoint.json` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckpointManifest {
    /// Version of the format; [`CheckpointManifest::FORMAT_VERSION`].
    pub format_version: u32,
    /// The run.
    pub run_id: Uuid,
    /// How often the model went back to its start before.
    pub resets: u64,
    /// Steps that were computed since.
    pub step: u64,
    /// Time step in ms.
    pub dt_ms: f64,
    /// Hashes of what the model is made of, by what it is.
    pub model: BTreeMap<String, String>,
    /// State that is the same on all ranks, in words of who writes it, and its CRC-32.
    pub state: String,
    /// See there.
    pub state_crc32: u32,
    /// Length and checksum of each rank's file.
    pub files: Vec<StateFile>,
}

/// A rank's file of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateFile {
    /// Length in bytes.
    pub bytes: u64,
    /// CRC-32 of all bytes.
    pub crc32: u32,
}

impl CheckpointManifest {
    /// The version that this program reads and writes.
    pub const FORMAT_VERSION: u32 = VERSION;

    /// Of a run at a step, which never went back to its start, without files and state.
    pub fn new(run_id: Uuid, step: u64, dt_ms: f64, model: BTreeMap<String, String>) -> Self {
        let (format_version, files, state) = (Self::FORMAT_VERSION, Vec::new(), String::new());
        let state_crc32 = crc32fast::hash(b"");
        let resets = 0;
        Self { format_version, run_id, resets, step, dt_ms, model, state, state_crc32, files }
    }

    /// Sets the state that is the same on all ranks.
    pub fn set_state(&mut self, state: String) {
        self.state_crc32 = crc32fast::hash(state.as_bytes());
        self.state = state;
    }

    /// Checks that it is a checkpoint of a model with these hashes.
    ///
    /// # Errors
    /// [`Error::OtherModel`] with the first part that differs.
    pub fn check_model(&self, path: &Path, model: &BTreeMap<String, String>) -> Result<()> {
        let parts = model.keys().chain(self.model.keys());
        let differs = |part: &&String| self.model.get(*part) != model.get(*part);
        let Some(part) = parts.into_iter().find(differs) else { return Ok(()) };
        let text = |hash: Option<&String>| hash.map_or("none", String::as_str).to_owned();
        Err(Error::OtherModel {
            path: path.to_owned(),
            part: part.clone(),
            found: text(self.model.get(part)),
            expected: text(model.get(part)),
        })
    }
}

/// Where the checkpoints of a run are.
///
/// ```
/// # fn main() -> net_io::Result<()> {
/// # let temporary = tempfile::tempdir().unwrap();
/// # let path = temporary.path().join("checkpoints");
/// use net_io::checkpoint::{CheckpointDirectory, CheckpointManifest};
/// use net_io::nix::Uuid;
///
/// let (checkpoints, run_id) = (CheckpointDirectory::new(path), Uuid::random());
/// checkpoints.begin(400)?; // one rank
/// let mut state = checkpoints.write(400, 0, run_id)?; // every rank
/// state.put(1, 7, b"the state of cell 7")?;
/// let files = vec![state.finish()?];
/// let manifest = CheckpointManifest::new(run_id, 400, 0.1, Default::default());
/// checkpoints.seal(&CheckpointManifest { files, ..manifest })?;
///
/// # let none = || net_io::Error::NoCheckpoint { path: checkpoints.path().to_owned() };
/// let latest = checkpoints.latest()?.ok_or_else(none)?;
/// let mut found = Vec::new();
/// latest.read(0, |kind, key, data| {
///     found.push((kind, key, data.to_vec()));
///     Ok(())
/// })?;
/// assert_eq!(found, [(1, 7, b"the state of cell 7".to_vec())]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointDirectory {
    path: PathBuf,
    /// Of the checkpoints that are written.
    resets: u64,
}

impl CheckpointDirectory {
    /// The checkpoints at a place, which is made when there is one.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        CheckpointDirectory { path: path.into(), resets: 0 }
    }

    /// The same for checkpoints of a model that went back to its start so often.
    pub fn after_resets(self, resets: u64) -> Self {
        CheckpointDirectory { resets, ..self }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn folder(&self, (resets, step): (u64, u64)) -> PathBuf {
        let name = format!("{PREFIX}{step:012}");
        self.path.join(match resets {
            0 => name,
            _ => format!("{RESET_PREFIX}{resets:05}-{name}"),
        })
    }

    /// Makes the folder of a checkpoint; called by one rank, before all [`write`](Self::write).
    /// What an interrupted attempt left there is removed.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn begin(&self, step: u64) -> Result<()> {
        let folder = self.folder((self.resets, step));
        remove_folder(&folder)?;
        fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, "create", e))?;
        fsio::sync_directory(&self.path)
    }

    /// Opens the file of a rank.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn write(&self, step: u64, rank: u32, run_id: Uuid) -> Result<StateWriter> {
        let folder = self.folder((self.resets, step));
        StateWriter::create(folder.join(file_name(rank)), step, rank, run_id)
    }

    /// Makes a checkpoint of all ranks' files, and then removes those before; called by one rank,
    /// after all have finished their files. After a kill at any moment there is this checkpoint or
    /// the one before.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn seal(&self, manifest: &CheckpointManifest) -> Result<()> {
        let place = (self.resets, manifest.step);
        let manifest = CheckpointManifest { resets: self.resets, ..manifest.clone() };
        let path = self.folder(place).join(MANIFEST);
        let mut text = serde_json::to_vec_pretty(&manifest).map_err(|source| Error::Json {
            path: path.clone(),
            object: "checkpoint".to_owned(),
            source,
        })?;
        text.push(b'\n');
        fsio::write_sealed(&path, &[&text])?;
        self.remove_others(Some(place))
    }

    /// Removes all checkpoints.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn remove(&self) -> Result<()> {
        self.remove_others(None)?;
        match fs::remove_dir(&self.path) {
            Err(e) if !matches!(e.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => {
                Err(Error::io(&self.path, "remove", e))
            }
            _ => Ok(()),
        }
    }

    fn remove_others(&self, keep: Option<(u64, u64)>) -> Result<()> {
        for place in self.places()?.into_iter().filter(|&place| Some(place) != keep) {
            let folder = self.folder(place);
            // The manifest first: what is left of a checkpoint without it is none.
            fsio::remove_if_there(&folder.join(MANIFEST))?;
            remove_folder(&folder)?;
        }
        Ok(())
    }

    /// Resets and steps of all folders, complete or not, in the order of time.
    fn places(&self) -> Result<Vec<(u64, u64)>> {
        let entries = match fs::read_dir(&self.path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|e| Error::io(&self.path, "list", e))?,
        };
        let mut places = Vec::new();
        for entry in entries {
            let name = entry.map_err(|e| Error::io(&self.path, "list", e))?.file_name();
            let name = name.to_string_lossy();
            let (resets, rest) = match name.strip_prefix(RESET_PREFIX) {
                Some(after) => after.split_once('-').unwrap_or((after, "")),
                None => ("0", &*name),
            };
            let step = rest.strip_prefix(PREFIX).and_then(|step| step.parse::<u64>().ok());
            places.extend(resets.parse::<u64>().ok().zip(step));
        }
        places.sort_unstable();
        Ok(places)
    }

    /// The latest complete checkpoint, if there is one.
    ///
    /// # Errors
    /// [`Error::Json`] or [`Error::StateCorrupt`] if its manifest was changed into something else or is
    /// of another version; errors of reading.
    pub fn latest(&self) -> Result<Option<Checkpoint>> {
        for place in self.places()?.into_iter().rev() {
            let folder = self.folder(place);
            let path = folder.join(MANIFEST);
            let text = match fs::read(&path) {
                Err(e) if e.kind() == ErrorKind::NotFound => continue,
                text => text.map_err(|e| Error::io(&path, "read", e))?,
            };
            let json = |source| Error::Json {
                path: path.clone(),
                object: "checkpoint".to_owned(),
                source,
            };
            // The version first: others may have other fields.
            let any: serde_json::Value = serde_json::from_slice(&text).map_err(json)?;
            let version = any.get("format_version").and_then(serde_json::Value::as_u64);
            if version != Some(u64::from(VERSION)) {
                let found = version.map_or("none".to_owned(), |version| version.to_string());
                return Err(corrupt(&path, "version", found, VERSION));
            }
            let manifest: CheckpointManifest = serde_json::from_value(any).map_err(json)?;
            let found = (manifest.resets, manifest.step);
            for (what, found, expected) in
                [("resets", found.0, place.0), ("step", found.1, place.1)]
            {
                if found != expected {
                    return Err(corrupt(&path, what, found, expected));
                }
            }
            let found = crc32fast::hash(manifest.state.as_bytes());
            if found != manifest.state_crc32 {
                return Err(corrupt(&path, "checksum of the state", found, manifest.state_crc32));
            }
            return Ok(Some(Checkpoint { folder, manifest }));
        }
        Ok(None)
    }
}

fn file_name(rank: u32) -> String {
    format!("rank-{rank:05}.state")
}

fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io(folder, "remove", e)),
        _ => Ok(()),
    }
}

fn corrupt(
    path: &Path,
    what: &'static str,
    found: impl ToString,
    expected: impl ToString,
) -> Error {
    let (found, expected) = (found.to_string(), expected.to_string());
    Error::StateCorrupt { path: path.to_owned(), what, found, expected }
}

fn header(step: u64, rank: u32, run_id: Uuid) -> [u8; HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES];
    bytes[0..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..16].copy_from_slice(&rank.to_le_bytes());
    bytes[16..24].copy_from_slice(&step.to_le_bytes());
    bytes[24..40].copy_from_slice(run_id.as_bytes());
    bytes
}

/// Writes a rank's records, in bounded memory.
#[derive(Debug)]
pub struct StateWriter {
    path: PathBuf,
    file: BufWriter<File>,
    crc: crc32fast::Hasher,
    bytes: u64,
}

impl StateWriter {
    fn create(path: PathBuf, step: u64, rank: u32, run_id: Uuid) -> Result<Self> {
        let temporary = fsio::temporary_name(&path);
        let file = File::create(&temporary).map_err(|e| Error::io(&temporary, "create", e))?;
        let file = BufWriter::with_capacity(1 << 20, file);
        let mut this = StateWriter { path, file, crc: crc32fast::Hasher::new(), bytes: 0 };
        this.write(&header(step, rank, run_id))?;
        Ok(this)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.crc.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|e| Error::io(&self.path, "write", e))
    }

    /// Adds a record.
    ///
    /// # Errors
    /// Errors of writing.
    pub fn put(&mut self, kind: u32, key: u64, data: &[u8]) -> Result<()> {
        let mut head = [0; RECORD_BYTES];
        head[0..4].copy_from_slice(&kind.to_le_bytes());
        head[4..12].copy_from_slice(&key.to_le_bytes());
        head[12..20].copy_from_slice(&(data.len() as u64).to_le_bytes());
        let crc = record_checksum(&head, data);
        head[20..24].copy_from_slice(&crc.to_le_bytes());
        self.write(&head)?;
        self.write(data)
    }

    /// Waits for the disk and gives the file its name.
    ///
    /// # Errors
    /// Errors of writing.
    pub fn finish(self) -> Result<StateFile> {
        let Self { path, file, crc, bytes } = self;
        let file = file.into_inner().map_err(|e| Error::io(&path, "write", e.into_error()))?;
        file.sync_all().map_err(|e| Error::io(&path, "sync", e))?;
        fsio::publish(&fsio::temporary_name(&path), &path)?;
        Ok(StateFile { bytes, crc32: crc.finalize() })
    }
}

fn record_checksum(head: &[u8; RECORD_BYTES], data: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&head[..20]);
    crc.update(data);
    crc.finalize()
}

/// A complete checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    folder: PathBuf,
    manifest: CheckpointManifest,
}

impl Checkpoint {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &CheckpointManifest {
        &self.manifest
    }

    /// Number of ranks that wrote it.
    pub fn n_ranks(&self) -> u32 {
        self.manifest.files.len() as u32
    }

    /// Checks that the file of a rank is there and as long as it should be.
    ///
    /// # Errors
    /// [`Error::StateMissing`], [`Error::StateTruncated`].
    pub fn check(&self, rank: u32) -> Result<()> {
        self.open(rank).map(drop)
    }

    fn open(&self, rank: u32) -> Result<(PathBuf, File, StateFile)> {
        let path = self.folder.join(file_name(rank));
        let n_ranks = self.n_ranks();
        let Some(&expected) = self.manifest.files.get(rank as usize) else {
            return Err(Error::StateMissing { path, n_ranks });
        };
        let file = match File::open(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                return Err(Error::StateMissing { path, n_ranks });
            }
            file => file.map_err(|e| Error::io(&path, "open", e))?,
        };
        let found_bytes = file.metadata().map_err(|e| Error::io(&path, "inspect", e))?.len();
        if found_bytes != expected.bytes {
            let expected_bytes = expected.bytes;
            return Err(Error::StateTruncated { path, expected_bytes, found_bytes });
        }
        Ok((path, file, expected))
    }

    /// Hands over all records of a rank's file: kind, key, data. What is handed over was verified; at
    /// the end, the file as a whole.
    ///
    /// # Errors
    /// [`Error::StateMissing`], [`Error::StateTruncated`], [`Error::StateCorrupt`]; those of `take`.
    pub fn read(
        &self,
        rank: u32,
        mut take: impl FnMut(u32, u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let (path, file, expected) = self.open(rank)?;
        let mut file = BufReader::with_capacity(1 << 20, file);
        let mut crc = crc32fast::Hasher::new();
        let mut read = |buffer: &mut [u8]| -> Result<()> {
            file.read_exact(buffer).map_err(|e| Error::io(&path, "read", e))?;
            crc.update(buffer);
            Ok(())
        };
        let mut head = [0; HEADER_BYTES];
        let mut left = expected.bytes;
        let truncated =
            |left: u64| corrupt(&path, "length of a record", left, "the rest of the file");
        left = left.checked_sub(HEADER_BYTES as u64).ok_or_else(|| truncated(left))?;
        read(&mut head)?;
        let CheckpointManifest { step, run_id, .. } = self.manifest;
        check_header(&path, &head, &header(step, rank, run_id))?;
        let mut data = Vec::new();
        while left > 0 {
            let mut head = [0; RECORD_BYTES];
            left = left.checked_sub(RECORD_BYTES as u64).ok_or_else(|| truncated(left))?;
            read(&mut head)?;
            let kind = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
            let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| head[at + i]));
            let (key, length) = (number(4), number(12));
            left = left.checked_sub(length).ok_or_else(|| truncated(length))?;
            data.resize(length as usize, 0);
            read(&mut data)?;
            let stored = u32::from_le_bytes([head[20], head[21], head[22], head[23]]);
            let found = record_checksum(&head, &data);
            if found != stored {
                let (found, stored) = (format!("{found:08x}"), format!("{stored:08x}"));
                return Err(corrupt(&path, "checksum of a record", found, stored));
            }
            take(kind, key, &data)?;
        }
        let found = crc.finalize();
        if found != expected.crc32 {
            let (found, expected) = (format!("{found:08x}"), format!("{:08x}", expected.crc32));
            return Err(corrupt(&path, "checksum", found, expected));
        }
        Ok(())
    }
}

fn check_header(
    path: &Path,
    found: &[u8; HEADER_BYTES],
    expected: &[u8; HEADER_BYTES],
) -> Result<()> {
    let fields =
        [("magic", 0..8), ("version", 8..12), ("rank", 12..16), ("step", 16..24), ("run", 24..40)];
    let differs = |(_, range): &(&str, std::ops::Range<usize>)| {
        found[range.clone()] != expected[range.clone()]
    };
    let Some((what, range)) = fields.into_iter().find(differs) else { return Ok(()) };
    let text = |bytes: &[u8]| format!("{bytes:02x?}");
    Err(corrupt(path, what, text(&found[range.clone()]), text(&expected[range])))
}
