//! The format of a sealed chunk: a header of 64 bytes, then the payload, all little-endian.
//!
//! | bytes | field |
//! |---|---|
//! | 0..8 | magic `NETCHUNK` |
//! | 8..12 | version, 1 |
//! | 12..16 | kind: 1 recording, 2 columns of a signal, 3 rows of a table |
//! | 16..20 | rank |
//! | 20..24 | stream: index of the signal or table, 0 for recordings |
//! | 24..32 | sequence number in the stream, from 0 |
//! | 32..40, 40..48 | first step, and first step after the chunk (0, 0 for tables) |
//! | 48..56 | length of the payload in bytes |
//! | 56..60 | flags: bit 0 is set in the last chunk of a stream |
//! | 60..64 | CRC-32 of bytes 0..60 and the payload |
//!
//! The name repeats kind, stream and sequence: `recording-0000-00000012.chunk`.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::fsio;

// Rows and samples are written as they lie in memory.
const _: () = assert!(cfg!(target_endian = "little"), "chunks are little-endian");

const MAGIC: [u8; 8] = *b"NETCHUNK";
const VERSION: u32 = 1;
const FLAG_LAST: u32 = 1;
/// Length of the header in bytes, which is where the payload begins.
pub(crate) const HEADER_BYTES: u64 = 64;
/// Bytes read at once while a checksum is verified.
const VERIFY_BYTES: usize = 1 << 18;

/// What a chunk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChunkKind {
    /// Spikes and signal samples of a range of steps.
    Recording,
    /// The columns (cell, segment, label) of one signal on one rank.
    Columns,
    /// Rows of a table: cells of a population or synapses of a projection.
    Table,
}

impl ChunkKind {
    fn code(self) -> u32 {
        match self {
            ChunkKind::Recording => 1,
            ChunkKind::Columns => 2,
            ChunkKind::Table => 3,
        }
    }

    fn from_code(code: u32) -> Option<Self> {
        [ChunkKind::Recording, ChunkKind::Columns, ChunkKind::Table]
            .into_iter()
            .find(|kind| kind.code() == code)
    }

    fn name(self) -> &'static str {
        match self {
            ChunkKind::Recording => "recording",
            ChunkKind::Columns => "columns",
            ChunkKind::Table => "table",
        }
    }
}

/// What the header of a chunk says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkHeader {
    /// What the chunk holds.
    pub kind: ChunkKind,
    /// The rank that wrote it.
    pub rank: u32,
    /// Index of the signal or table; 0 for recordings.
    pub stream: u32,
    /// Position in the stream, from 0.
    pub sequence: u64,
    /// First step of the chunk.
    pub first_step: u64,
    /// First step after the chunk.
    pub end_step: u64,
    /// Length of the payload in bytes.
    pub payload_bytes: u64,
    /// Whether the stream ends here.
    pub last: bool,
}

impl ChunkHeader {
    /// The first 60 bytes; the checksum follows.
    fn encode(&self) -> [u8; 60] {
        let mut bytes = [0; 60];
        let mut at = 0;
        let mut put = |field: &[u8]| {
            bytes[at..at + field.len()].copy_from_slice(field);
            at += field.len();
        };
        put(&MAGIC);
        put(&VERSION.to_le_bytes());
        put(&self.kind.code().to_le_bytes());
        put(&self.rank.to_le_bytes());
        put(&self.stream.to_le_bytes());
        put(&self.sequence.to_le_bytes());
        put(&self.first_step.to_le_bytes());
        put(&self.end_step.to_le_bytes());
        put(&self.payload_bytes.to_le_bytes());
        put(&(if self.last { FLAG_LAST } else { 0 }).to_le_bytes());
        bytes
    }

    fn decode(path: &Path, bytes: &[u8; 64]) -> Result<Self> {
        let corrupt = |what, found: String, expected: String| Error::ChunkCorrupt {
            path: path.to_owned(),
            what,
            found,
            expected,
        };
        if bytes[0..8] != MAGIC {
            let found = format!("{:02x?}", &bytes[0..8]);
            return Err(corrupt("magic", found, "NETCHUNK".to_owned()));
        }
        if u32_at(bytes, 8) != VERSION {
            return Err(corrupt("version", u32_at(bytes, 8).to_string(), VERSION.to_string()));
        }
        let code = u32_at(bytes, 12);
        let kind = ChunkKind::from_code(code)
            .ok_or_else(|| corrupt("kind", code.to_string(), "1, 2 or 3".to_owned()))?;
        Ok(Self {
            kind,
            rank: u32_at(bytes, 16),
            stream: u32_at(bytes, 20),
            sequence: u64_at(bytes, 24),
            first_step: u64_at(bytes, 32),
            end_step: u64_at(bytes, 40),
            payload_bytes: u64_at(bytes, 48),
            last: u32_at(bytes, 56) & FLAG_LAST != 0,
        })
    }
}

/// The file of a chunk in its rank's directory.
pub(crate) fn chunk_path(part: &Path, kind: ChunkKind, stream: u32, sequence: u64) -> PathBuf {
    part.join(format!("{}-{stream:04}-{sequence:08}.chunk", kind.name()))
}

/// Writes a chunk so that after a kill at any moment it is there in full or not at all.
pub(crate) fn write_chunk(part: &Path, header: &ChunkHeader, payload: &[&[u8]]) -> Result<PathBuf> {
    let path = chunk_path(part, header.kind, header.stream, header.sequence);
    let encoded = header.encode();
    let mut crc = crc32fast::Hasher::new();
    crc.update(&encoded);
    payload.iter().for_each(|piece| crc.update(piece));
    let crc = crc.finalize().to_le_bytes();
    let mut pieces: Vec<&[u8]> = vec![&encoded, &crc];
    pieces.extend(payload);
    fsio::write_sealed(&path, &pieces)?;
    Ok(path)
}

/// Reads the header of a chunk and verifies length, checksum and that it is the chunk its name
/// says, in one pass with bounded memory.
pub(crate) fn verify_chunk(
    part: &Path,
    rank: u32,
    kind: ChunkKind,
    stream: u32,
    sequence: u64,
) -> Result<(PathBuf, ChunkHeader)> {
    let path = chunk_path(part, kind, stream, sequence);
    let mut file = File::open(&path).map_err(|e| Error::io(&path, "open", e))?;
    let found_bytes = file.metadata().map_err(|e| Error::io(&path, "inspect", e))?.len();
    let truncated =
        |expected_bytes| Error::ChunkTruncated { path: path.clone(), expected_bytes, found_bytes };
    if found_bytes < HEADER_BYTES {
        return Err(truncated(HEADER_BYTES));
    }
    let mut bytes = [0; HEADER_BYTES as usize];
    file.read_exact(&mut bytes).map_err(|e| Error::io(&path, "read", e))?;
    let header = ChunkHeader::decode(&path, &bytes)?;
    let expected_bytes = HEADER_BYTES.saturating_add(header.payload_bytes);
    if found_bytes != expected_bytes {
        return Err(truncated(expected_bytes));
    }
    let mut crc = crc32fast::Hasher::new();
    crc.update(&bytes[..60]);
    let mut buffer = vec![0; VERIFY_BYTES];
    loop {
        match file.read(&mut buffer).map_err(|e| Error::io(&path, "read", e))? {
            0 => break,
            n => crc.update(&buffer[..n]),
        }
    }
    let crc = crc.finalize();
    let differs = |what, found: String, expected: String| {
        Err(Error::ChunkCorrupt { path: path.clone(), what, found, expected })
    };
    if crc != u32_at(&bytes, 60) {
        let stored = u32_at(&bytes, 60);
        return differs("checksum", format!("{crc:08x}"), format!("{stored:08x}"));
    }
    let identity = (header.kind, header.rank, header.stream, header.sequence);
    let expected = (kind, rank, stream, sequence);
    if identity != expected {
        return differs(
            "(kind, rank, stream, sequence)",
            format!("{identity:?}"),
            format!("{expected:?}"),
        );
    }
    if header.end_step < header.first_step {
        let (found, expected) = (header.end_step, header.first_step);
        return differs("end step", found.to_string(), format!("at least {expected}"));
    }
    Ok((path, header))
}

/// Reads `buffer.len()` bytes from `offset` of a verified chunk's payload.
pub(crate) fn read_payload(path: &Path, offset: u64, buffer: &mut [u8]) -> Result<()> {
    // The file is opened anew each time: a merge of thousands of ranks has no descriptors for all.
    let mut file = File::open(path).map_err(|e| Error::io(path, "open", e))?;
    file.seek(SeekFrom::Start(HEADER_BYTES + offset)).map_err(|e| Error::io(path, "seek in", e))?;
    file.read_exact(buffer).map_err(|e| Error::io(path, "read", e))
}

/// The verified chunks of one stream of one rank, in order of their sequence numbers.
///
/// A hole in the sequence is an error, files under temporary names are ignored.
pub(crate) fn verified_stream(
    part: &Path,
    rank: u32,
    kind: ChunkKind,
    stream: u32,
) -> Result<Vec<(PathBuf, ChunkHeader)>> {
    let count = count_chunks(part, kind, stream)?;
    let mut chunks: Vec<(PathBuf, ChunkHeader)> = Vec::new();
    let mut sequence = 0;
    while (chunks.len() as u64) < count {
        let path = chunk_path(part, kind, stream, sequence);
        if !path.exists() {
            return Err(Error::Gap { path });
        }
        let (path, header) = verify_chunk(part, rank, kind, stream, sequence)?;
        if let Some((_, before)) = chunks.last()
            && before.end_step != header.first_step
        {
            return Err(Error::ChunkCorrupt {
                path,
                what: "first step",
                found: header.first_step.to_string(),
                expected: before.end_step.to_string(),
            });
        }
        chunks.push((path, header));
        sequence += 1;
    }
    Ok(chunks)
}

fn count_chunks(part: &Path, kind: ChunkKind, stream: u32) -> Result<u64> {
    let names = file_names(part)?;
    let complete = |name: &&String| !name.ends_with(fsio::TEMPORARY_SUFFIX);
    let of_stream = |name: &&String| is_chunk_name(name, kind, Some(stream));
    Ok(names.iter().filter(complete).filter(of_stream).count() as u64)
}

/// Names of the files in a directory; none if it does not exist.
pub(crate) fn file_names(directory: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|e| Error::io(directory, "list", e))?,
    };
    entries
        .map(|entry| {
            let entry = entry.map_err(|e| Error::io(directory, "list", e))?;
            Ok(entry.file_name().to_string_lossy().into_owned())
        })
        .collect()
}

/// Whether a file name is that of a chunk (complete or not) of this kind and, if given, stream.
pub(crate) fn is_chunk_name(name: &str, kind: ChunkKind, stream: Option<u32>) -> bool {
    let name = name.strip_suffix(fsio::TEMPORARY_SUFFIX).unwrap_or(name);
    let prefix = match stream {
        Some(stream) => format!("{}-{stream:04}-", kind.name()),
        None => format!("{}-", kind.name()),
    };
    name.starts_with(&prefix) && name.ends_with(".chunk")
}

fn u32_at(bytes: &[u8; 64], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8; 64], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
