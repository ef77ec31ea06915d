//! The format of a sealed chunk: a header of 80 bytes, then the payload, all little-endian.
//!
//! | bytes | field |
//! |---|---|
//! | 0..8 | magic `NETCHUNK` |
//! | 8..12 | version, 2 |
//! | 12..16 | kind: 1 recording, 2 columns of a signal, 3 rows of a table |
//! | 16..20 | rank |
//! | 20..24 | stream: index of the signal or table, 0 for recordings |
//! | 24..32 | sequence number in the stream, from 0 |
//! | 32..40, 40..48 | first step, and first step after the chunk (0, 0 for tables) |
//! | 48..56 | length of the payload in bytes |
//! | 56..60 | flags: bit 0 is set in the last chunk of a stream |
//! | 60..76 | identifier of the run |
//! | 76..80 | CRC-32 of bytes 0..76 and the payload |
//!
//! The name repeats kind, stream and sequence: `recording-0000-00000012.chunk`.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::fsio;
use crate::nix::Uuid;

// Rows and samples are written as they lie in memory.
const _: () = assert!(cfg!(target_endian = "little"), "chunks are little-endian");

const MAGIC: [u8; 8] = *b"NETCHUNK";
const VERSION: u32 = 2;
const FLAG_LAST: u32 = 1;
/// Length of the header in bytes, which is where the payload begins.
pub(crate) const HEADER_BYTES: u64 = 80;
/// Where the checksum is.
const CHECKSUM: usize = 76;
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
    /// The run that it belongs to.
    pub run_id: Uuid,
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
    /// All but the checksum, which follows.
    fn encode(&self) -> [u8; CHECKSUM] {
        let mut bytes = [0; CHECKSUM];
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
        put(self.run_id.as_bytes());
        bytes
    }

    fn decode(path: &Path, bytes: &[u8; HEADER_BYTES as usize]) -> Result<Self> {
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
            run_id: Uuid::from_bytes(std::array::from_fn(|at| bytes[60 + at])),
        })
    }
}

/// The chunks of one rank of a run.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) path: PathBuf,
    pub(crate) rank: u32,
    pub(crate) run_id: Uuid,
}

/// A verified chunk.
pub(crate) type Verified = (PathBuf, ChunkHeader);

impl Part {
    /// The header of a chunk of this part.
    pub(crate) fn header(&self, kind: ChunkKind, stream: u32, sequence: u64) -> ChunkHeader {
        ChunkHeader {
            kind,
            run_id: self.run_id,
            rank: self.rank,
            stream,
            sequence,
            first_step: 0,
            end_step: 0,
            payload_bytes: 0,
            last: false,
        }
    }

    /// The file of a chunk.
    fn chunk_path(&self, kind: ChunkKind, stream: u32, sequence: u64) -> PathBuf {
        self.path.join(format!("{}-{stream:04}-{sequence:08}.chunk", kind.name()))
    }

    /// Writes a chunk so that after a kill at any moment it is there in full or not at all.
    pub(crate) fn write(&self, header: ChunkHeader, payload: &[&[u8]]) -> Result<PathBuf> {
        let path = self.chunk_path(header.kind, header.stream, header.sequence);
        let payload_bytes = payload.iter().map(|piece| piece.len() as u64).sum();
        let encoded = ChunkHeader { payload_bytes, ..header }.encode();
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
    fn verify(&self, kind: ChunkKind, stream: u32, sequence: u64) -> Result<Verified> {
        let path = self.chunk_path(kind, stream, sequence);
        let mut file = match File::open(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(Error::Gap { path }),
            file => file.map_err(|e| Error::io(&path, "open", e))?,
        };
        let found_bytes = file.metadata().map_err(|e| Error::io(&path, "inspect", e))?.len();
        let truncated = |expected_bytes| Error::ChunkTruncated {
            path: path.clone(),
            expected_bytes,
            found_bytes,
        };
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
        crc.update(&bytes[..CHECKSUM]);
        let mut buffer = vec![0; VERIFY_BYTES];
        loop {
            match file.read(&mut buffer).map_err(|e| Error::io(&path, "read", e))? {
                0 => break,
                n => crc.update(&buffer[..n]),
            }
        }
        self.check_header(&path, &header, crc.finalize(), u32_at(&bytes, CHECKSUM))?;
        let expected = (kind, self.rank, stream, sequence);
        let identity = (header.kind, header.rank, header.stream, header.sequence);
        if identity != expected {
            return Err(Error::ChunkCorrupt {
                path,
                what: "(kind, rank, stream, sequence)",
                found: format!("{identity:?}"),
                expected: format!("{expected:?}"),
            });
        }
        Ok((path, header))
    }

    fn check_header(&self, path: &Path, header: &ChunkHeader, crc: u32, stored: u32) -> Result<()> {
        let differs = |what, found: String, expected: String| {
            Err(Error::ChunkCorrupt { path: path.to_owned(), what, found, expected })
        };
        if crc != stored {
            return differs("checksum", format!("{crc:08x}"), format!("{stored:08x}"));
        }
        if header.run_id != self.run_id {
            let (found, expected) = (header.run_id, self.run_id);
            return Err(Error::ForeignChunk { path: path.to_owned(), found, expected });
        }
        if header.end_step < header.first_step {
            let (found, expected) = (header.end_step, header.first_step);
            return differs("end step", found.to_string(), format!("at least {expected}"));
        }
        Ok(())
    }

    /// The chunks of one stream, verified, in order of their sequence numbers: what is wrong with
    /// one stands in its place. Files under temporary names are ignored.
    pub(crate) fn stream(
        &self,
        kind: ChunkKind,
        stream: u32,
    ) -> Result<impl Iterator<Item = Result<Verified>>> {
        let names = file_names(&self.path)?;
        let sequence = |name: &String| -> Option<u64> {
            let is_of_stream = is_chunk_name(name, kind, Some(stream));
            let stem = name.strip_suffix(".chunk").filter(|_| is_of_stream)?;
            stem.rsplit('-').next()?.parse().ok()
        };
        let end = names.iter().filter_map(sequence).max().map_or(0, |last| last + 1);
        Ok((0..end).map(move |sequence| self.verify(kind, stream, sequence)))
    }

    /// The chunks of one stream, which has no hole.
    pub(crate) fn whole_stream(&self, kind: ChunkKind, stream: u32) -> Result<Vec<Verified>> {
        let mut chunks: Vec<Verified> = Vec::new();
        for chunk in self.stream(kind, stream)? {
            let (path, header) = chunk?;
            let expected = chunks.last().map_or(0, |(_, before)| before.end_step);
            if header.first_step != expected {
                return Err(Error::ChunkCorrupt {
                    path,
                    what: "first step",
                    found: header.first_step.to_string(),
                    expected: expected.to_string(),
                });
            }
            chunks.push((path, header));
        }
        Ok(chunks)
    }
}

/// Reads `buffer.len()` bytes from `offset` of a verified chunk's payload.
pub(crate) fn read_payload(path: &Path, offset: u64, buffer: &mut [u8]) -> Result<()> {
    // The file is opened anew each time: a merge of thousands of ranks has no descriptors for all.
    let mut file = File::open(path).map_err(|e| Error::io(path, "open", e))?;
    file.seek(SeekFrom::Start(HEADER_BYTES + offset)).map_err(|e| Error::io(path, "seek in", e))?;
    file.read_exact(buffer).map_err(|e| Error::io(path, "read", e))
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

fn u32_at(bytes: &[u8; HEADER_BYTES as usize], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8; HEADER_BYTES as usize], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
