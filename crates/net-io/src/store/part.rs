//! One rank's recordings while a run goes on.

use bytemuck::{Pod, Zeroable};

use crate::error::{Error, Result};
use crate::store::chunk::{self, ChunkHeader, ChunkKind, Part};
use crate::store::sealing::{Chunk, Sealer};
use crate::store::{Columns, Ranges, RunDirectory, SampleType, Signal};

/// A good size of a chunk: large enough to make an fsync a second or less frequent, small enough
/// not to be felt in a rank's memory.
pub const DEFAULT_CHUNK_BYTES: usize = 16 << 20;

/// A spike: cell `gid` at time `step * dt_ms`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
pub struct Spike {
    /// The step of the clock. First, because spikes are sorted by time and then by cell.
    pub step: u64,
    /// The cell.
    pub gid: u64,
}

/// Writes one rank's spikes and signals as sealed chunks.
///
/// Spikes and samples are buffered until [`begin_seal`](Self::begin_seal); call it whenever
/// [`is_full`](Self::is_full) says so after an epoch, so that the buffer never holds more than a
/// chunk and an epoch. The chunk is written by a thread of its own while the next one fills, so that memory
/// is that of two chunks. [`seal`](Self::seal) waits for the disk.
/// [`finish`](Self::finish) seals the rest and marks the part as complete.
///
/// What is recorded when, its windows, may change while the run goes on; every chunk says what was
/// recorded in it. Without a word, everything is always recorded.
///
/// ```
/// # fn main() -> net_io::Result<()> {
/// # let temporary = tempfile::tempdir().unwrap();
/// # let path = temporary.path().join("out");
/// use net_io::store::*;
///
/// let run = RunDirectory::create(path, Overwrite::No)?;
/// let signal = Signal {
///     name: "v".to_owned(),
///     variable: "v".to_owned(),
///     units: "mV".to_owned(),
///     ..Signal::default()
/// };
/// let mut manifest = Manifest::new(0.1, 1234, 1);
/// manifest.signals = vec![signal.clone()];
/// run.write_manifest(&manifest)?;
/// let soma = Columns::from(vec![Column { gid: 7, segment: 0, label: 0 }]);
/// let mut part = PartWriter::create(&run, 0, vec![(signal, soma)], DEFAULT_CHUNK_BYTES)?;
/// part.push_spike(Spike { step: 1, gid: 7 })?;
/// part.push_column(0, 0, &[-65.0, -64.9])?; // steps 0 and 1
/// part.finish(2)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PartWriter {
    part: Part,
    sealer: Sealer,
    chunk_bytes: usize,
    next_sequence: u64,
    sealed_until: u64,
    spikes: Vec<Spike>,
    /// When each recorder of spikes records.
    spike_windows: Vec<Ranges>,
    signals: Vec<SignalBuffer>,
    buffered_bytes: usize,
}

impl PartWriter {
    /// Starts the part of `rank` in the last leg of the run: makes its directory and seals which columns
    /// it records. The leg's first step is the first that is not sealed.
    ///
    /// `signals` are those of the manifest, all of them and in its order, each with this rank's
    /// columns (possibly none). `chunk_bytes` is the buffer size at which the writer is full.
    ///
    /// # Errors
    /// [`Error::PartExists`] if the rank has a part already, [`Error::Declaration`] for a sampling
    /// grid without an interval, the errors of reading the manifest, or an error of writing.
    pub fn create(
        run: &RunDirectory,
        rank: u32,
        signals: Vec<(Signal, Columns)>,
        chunk_bytes: usize,
    ) -> Result<Self> {
        let manifest = run.manifest()?;
        let part = run.part(&manifest, manifest.legs.len(), rank);
        let first_step = manifest.legs.last().map_or(0, |leg| leg.first_step);
        let started = |kind| move |name: &String| chunk::is_chunk_name(name, kind, None);
        let names = chunk::file_names(&part.path)?;
        if names
            .iter()
            .any(|name| started(ChunkKind::Columns)(name) || started(ChunkKind::Recording)(name))
        {
            return Err(Error::PartExists { path: part.path, rank });
        }
        std::fs::create_dir_all(&part.path).map_err(|e| Error::io(&part.path, "create", e))?;
        if let Some(folder) = part.path.parent() {
            crate::fsio::sync_directory(folder)?;
        }
        crate::fsio::sync_directory(&run.file("parts"))?;
        for (stream, (signal, columns)) in signals.iter().enumerate() {
            signal.validate()?;
            write_columns(&part, stream as u32, columns)?;
        }
        let signals = signals.into_iter().map(|(s, c)| SignalBuffer::new(s, c.len())).collect();
        Ok(Self {
            sealer: Sealer::new(part.clone())?,
            part,
            chunk_bytes,
            next_sequence: 0,
            sealed_until: first_step,
            spikes: Vec::new(),
            spike_windows: vec![Ranges::all(); manifest.spike_devices().len()],
            signals,
            buffered_bytes: 0,
        })
    }

    /// Says in which steps a signal is recorded; for steps that are sealed that has no effect.
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`].
    pub fn set_windows(&mut self, signal: usize, windows: Ranges) -> Result<()> {
        let n_signals = self.signals.len();
        let buffer = self.signals.get_mut(signal).ok_or_else(|| no_signal(signal, n_signals))?;
        buffer.windows = windows;
        Ok(())
    }

    /// Says in which steps a recorder of spikes, by its index in the manifest, records.
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`].
    pub fn set_spike_windows(&mut self, recorder: usize, windows: Ranges) -> Result<()> {
        let len = self.spike_windows.len();
        match self.spike_windows.get_mut(recorder) {
            Some(known) => *known = windows,
            None => {
                let what = "recorder of spikes".to_owned();
                return Err(Error::NoSuchIndex { what, index: recorder, len });
            }
        }
        Ok(())
    }

    /// Records a spike. Within the steps that are not sealed, spikes may come in any order.
    ///
    /// # Errors
    /// [`Error::AlreadySealed`] if its step was sealed before.
    pub fn push_spike(&mut self, spike: Spike) -> Result<()> {
        if spike.step < self.sealed_until {
            let Spike { step, gid } = spike;
            return Err(Error::AlreadySealed { gid, step, sealed_until: self.sealed_until });
        }
        self.spikes.push(spike);
        self.buffered_bytes += size_of::<Spike>();
        Ok(())
    }

    /// Records the next samples of one column, in the signal's unit.
    ///
    /// `signal` and `column` are indices into what was given to [`create`](Self::create).
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`].
    pub fn push_column(&mut self, signal: usize, column: usize, samples: &[f64]) -> Result<()> {
        let (n_signals, bytes) = (self.signals.len(), samples.len());
        let buffer = self.signals.get_mut(signal).ok_or_else(|| no_signal(signal, n_signals))?;
        buffer.push(column, samples)?;
        self.buffered_bytes += bytes * buffer.signal.sample_type.bytes();
        Ok(())
    }

    /// Records the next sample of every column of a signal.
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`] if there is no such signal or `samples` is not one a column.
    pub fn push_sample(&mut self, signal: usize, samples: &[f64]) -> Result<()> {
        let n_signals = self.signals.len();
        let buffer = self.signals.get(signal).ok_or_else(|| no_signal(signal, n_signals))?;
        if samples.len() != buffer.columns.len() {
            return Err(buffer.no_column(samples.len()));
        }
        for (column, sample) in samples.iter().enumerate() {
            self.push_column(signal, column, std::slice::from_ref(sample))?;
        }
        Ok(())
    }

    /// Bytes that are recorded but not sealed.
    pub fn buffered_bytes(&self) -> usize {
        self.buffered_bytes
    }

    /// Whether it is time to [`seal`](Self::seal).
    pub fn is_full(&self) -> bool {
        self.buffered_bytes >= self.chunk_bytes
    }

    /// First step that is not sealed, nor being sealed.
    pub fn sealed_until(&self) -> u64 {
        self.sealed_until
    }

    /// Has everything recorded for steps before `end_step` sealed as one chunk, by another thread; what
    /// goes wrong there is the error of the next call. The chunk before is on the disk when this
    /// returns. Spikes of later steps stay in the buffer.
    ///
    /// # Errors
    /// [`Error::SampleCount`] if a column misses samples or has too many, [`Error::SealBackwards`]; and
    /// [`Error::DiskFull`] or another error of writing the chunk before, which is kept for the next
    /// call. Earlier chunks stay intact.
    pub fn begin_seal(&mut self, end_step: u64) -> Result<()> {
        self.sealer.wait()?;
        if end_step == self.sealed_until {
            return Ok(());
        }
        self.begin(end_step, false)
    }

    /// As [`begin_seal`](Self::begin_seal); when it returns, all that is on the disk.
    ///
    /// # Errors
    /// As [`begin_seal`](Self::begin_seal), and those of writing this chunk.
    pub fn seal(&mut self, end_step: u64) -> Result<()> {
        self.begin_seal(end_step)?;
        self.sealer.wait()
    }

    /// Seals the rest of a run of steps `0..end_step` and marks the part as complete.
    ///
    /// A run with the state after the last step as its last sample has one step more than it has
    /// advanced.
    ///
    /// # Errors
    /// As [`seal`](Self::seal); also [`Error::BeyondEnd`] for a spike at `end_step` or later.
    pub fn finish(mut self, end_step: u64) -> Result<()> {
        if let Some(late) = self.spikes.iter().find(|spike| spike.step >= end_step) {
            let Spike { step, gid } = *late;
            return Err(Error::BeyondEnd { gid, step, end_step });
        }
        self.sealer.wait()?;
        self.begin(end_step, true)?;
        self.sealer.wait()
    }

    fn begin(&mut self, end_step: u64, last: bool) -> Result<()> {
        let sealed_until = self.sealed_until;
        if end_step < sealed_until {
            return Err(Error::SealBackwards { end_step, sealed_until });
        }
        for buffer in &self.signals {
            buffer.check_complete(sealed_until, end_step)?;
        }
        self.spikes.sort_unstable();
        let n_spikes = self.spikes.partition_point(|spike| spike.step < end_step);

        let steps = sealed_until..end_step;
        let mut index: Vec<u64> =
            vec![0, n_spikes as u64, self.spike_windows.len() as u64, self.signals.len() as u64];
        let add_windows = |index: &mut Vec<u64>, windows: &Ranges| {
            let windows = windows.clipped(steps.clone());
            index.push(windows.pairs().len() as u64);
            index.extend(windows.pairs().as_flattened());
        };
        self.spike_windows.iter().for_each(|windows| add_windows(&mut index, windows));
        for buffer in &self.signals {
            let n_samples = buffer.n_due(sealed_until, end_step);
            let bytes = buffer.signal.sample_type.bytes() as u64;
            index.extend([buffer.columns.len() as u64, bytes, n_samples]);
            add_windows(&mut index, &buffer.windows);
        }
        index[0] = index.len() as u64;
        let header = self.part.header(ChunkKind::Recording, 0, self.next_sequence);
        let header = ChunkHeader { first_step: sealed_until, end_step, last, ..header };

        let n_columns = self.signals.iter().map(|buffer| buffer.columns.len()).sum();
        let (mut spikes, mut columns) = self.sealer.buffers(n_columns);
        spikes.extend(self.spikes.drain(n_spikes..));
        std::mem::swap(&mut spikes, &mut self.spikes);
        let buffers = self.signals.iter_mut().flat_map(|buffer| &mut buffer.columns);
        buffers.zip(&mut columns).for_each(|(full, empty)| std::mem::swap(full, empty));
        self.buffered_bytes = self.spikes.len() * size_of::<Spike>();
        self.next_sequence += 1;
        self.sealed_until = end_step;
        self.sealer.begin(Chunk { header, index, spikes, columns })
    }
}

/// Seals whose samples this rank has of a signal: the number of columns, the columns, what is known
/// of each, and the names of sections as JSON.
fn write_columns(part: &Part, stream: u32, columns: &Columns) -> Result<()> {
    let n_columns = [columns.len() as u64];
    let sections = serde_json::json!(columns.sections()).to_string();
    let payload: [&[u8]; 4] = [
        bytemuck::cast_slice(&n_columns),
        bytemuck::cast_slice(columns.columns()),
        bytemuck::cast_slice(columns.details()),
        sections.as_bytes(),
    ];
    let header = part.header(ChunkKind::Columns, stream, 0);
    part.write(ChunkHeader { last: true, ..header }, &payload).map(drop)
}

/// Samples of one signal, a column after another, as they go to the disk.
#[derive(Debug)]
struct SignalBuffer {
    signal: Signal,
    windows: Ranges,
    columns: Vec<Vec<u8>>,
}

impl SignalBuffer {
    fn new(signal: Signal, n_columns: usize) -> Self {
        Self { signal, windows: Ranges::all(), columns: vec![Vec::new(); n_columns] }
    }

    /// Number of samples due in a range of steps.
    fn n_due(&self, first_step: u64, end_step: u64) -> u64 {
        let before = |step| self.signal.grid.samples_in(&self.windows, step);
        before(end_step) - before(first_step)
    }

    fn push(&mut self, column: usize, samples: &[f64]) -> Result<()> {
        if column >= self.columns.len() {
            return Err(self.no_column(column));
        }
        let bytes = &mut self.columns[column];
        match self.signal.sample_type {
            SampleType::F32 => {
                let n_before = bytes.len();
                bytes.resize(n_before + size_of_val(samples) / 2, 0);
                let (places, _) = bytes[n_before..].as_chunks_mut();
                for (place, &sample) in places.iter_mut().zip(samples) {
                    *place = (sample as f32).to_le_bytes();
                }
            }
            // As they lie in memory.
            SampleType::F64 => bytes.extend_from_slice(bytemuck::cast_slice(samples)),
        }
        Ok(())
    }

    fn check_complete(&self, first_step: u64, end_step: u64) -> Result<()> {
        let expected = self.n_due(first_step, end_step);
        let bytes = expected as usize * self.signal.sample_type.bytes();
        match self.columns.iter().position(|column| column.len() != bytes) {
            None => Ok(()),
            Some(column) => Err(Error::SampleCount {
                signal: self.signal.name.clone(),
                column,
                found: self.columns[column].len() / self.signal.sample_type.bytes(),
                expected: expected as usize,
                first_step,
                end_step,
            }),
        }
    }

    fn no_column(&self, index: usize) -> Error {
        let what = format!("column of signal `{}`", self.signal.name);
        Error::NoSuchIndex { what, index, len: self.columns.len() }
    }
}

fn no_signal(index: usize, len: usize) -> Error {
    Error::NoSuchIndex { what: "signal".to_owned(), index, len }
}
