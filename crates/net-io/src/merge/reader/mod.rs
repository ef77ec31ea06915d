//! What a run recorded, by population, cell, variable and time, a piece at a time: from the merged
//! files, or from the ranks' chunks before they are merged, also of a run that was killed.

mod merged;

use std::ops::Range;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::merge::merge_rows;
use crate::merge::signal::ChunkSignal;
use crate::merge::spikes::spike_blocks;
use crate::nix::Sample;
use crate::store::{
    Column, Gap, Gaps, Manifest, Place, Population, Ranges, RunDirectory, RunIndex, SampleType,
    Signal, Spike, SpikeRecorder,
};
use merged::{MergedFiles, MergedSignal};

/// Spikes handed over at once.
const BLOCK_SPIKES: usize = 1 << 16;

/// The recordings of a run.
///
/// ```
/// # fn main() -> net_io::Result<()> {
/// # let temporary = tempfile::tempdir().unwrap();
/// # let path = temporary.path().join("out");
/// use net_io::merge::{MergeOptions, RunReader, merge_recordings};
/// use net_io::store::*;
///
/// # let run = RunDirectory::create(&path, Overwrite::No)?;
/// # let mut manifest = Manifest::new(0.1, 1234, 1);
/// # manifest.populations.push(Population { name: "E".to_owned(), first_gid: 0, size: 10 });
/// # run.write_manifest(&manifest)?;
/// # let mut part = PartWriter::create(&run, 0, Vec::new(), DEFAULT_CHUNK_BYTES)?;
/// # part.push_spike(Spike { step: 5, gid: 1 })?;
/// # part.push_spike(Spike { step: 50, gid: 2 })?;
/// # part.finish(100)?;
/// let run = RunDirectory::open(path)?;
/// let count = |reader: &RunReader| -> net_io::Result<usize> {
///     let mut n_spikes = 0;
///     reader.spikes(0, 0..50, |spikes| {
///         n_spikes += spikes.len();
///         Ok(())
///     })?;
///     Ok(n_spikes)
/// };
/// assert_eq!(count(&RunReader::open(&run)?)?, 1); // from the chunks
/// merge_recordings(&run, &MergeOptions::default())?;
/// assert_eq!(count(&RunReader::open(&run)?)?, 1); // from the merged files
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RunReader {
    run: RunDirectory,
    manifest: Manifest,
    recorders: Vec<SpikeRecorder>,
    spike_windows: Vec<Ranges>,
    gaps: Vec<Range<u64>>,
    end_step: u64,
    finished: bool,
    from: From,
}

/// Where recordings are read from.
#[derive(Debug)]
enum From {
    Merged(MergedFiles),
    Chunks(Arc<RunIndex>),
}

impl RunReader {
    /// Opens the merged files of a run; before they are made, what is sealed in the ranks' chunks.
    ///
    /// # Errors
    /// As [`open_merged`](Self::open_merged) and [`open_chunks`](Self::open_chunks).
    pub fn open(run: &RunDirectory) -> Result<Self> {
        match run.file(RunDirectory::SPIKES).exists() {
            true => Self::open_merged(run),
            false => Self::open_chunks(run, Gaps::Refuse),
        }
    }

    /// Opens the merged files of a run.
    ///
    /// # Errors
    /// [`Error::Io`] if the run is not merged, [`Error::NotHdf5`] for damaged files,
    /// [`Error::NotARun`] without a manifest.
    pub fn open_merged(run: &RunDirectory) -> Result<Self> {
        let manifest = run.manifest()?;
        let files = MergedFiles::open(run, &manifest)?;
        let recorders = manifest.spike_devices();
        let spike_windows = recorders
            .iter()
            .map(|recorder| files.spike_windows(&recorder.device.name))
            .collect::<Result<_>>()?;
        Ok(Self {
            run: run.clone(),
            recorders,
            spike_windows,
            gaps: files.gaps()?.iter().collect(),
            end_step: files.number("end_step")?,
            finished: files.number("finished")? != 0,
            manifest,
            from: From::Merged(files),
        })
    }

    /// Opens what is sealed in the chunks of all ranks, up to the first step that one of them has
    /// not sealed. Every chunk is verified.
    ///
    /// # Errors
    /// [`Error::NotARun`] without a manifest, [`Error::NothingToMerge`] without chunks, and the
    /// errors of damaged chunks, unless their loss is to be marked.
    pub fn open_chunks(run: &RunDirectory, gaps: Gaps) -> Result<Self> {
        let manifest = run.manifest()?;
        let index = RunIndex::scan(run, &manifest, gaps)?;
        if index.parts.iter().all(|part| part.chunks.is_empty()) {
            return Err(Error::NothingToMerge { path: run.path().to_owned() });
        }
        let lost = index.gaps.iter().map(|Gap { steps, .. }| steps.clone());
        Ok(Self {
            run: run.clone(),
            recorders: manifest.spike_devices(),
            spike_windows: index.spike_windows.clone(),
            gaps: lost.collect::<Ranges>().iter().collect(),
            end_step: index.end_step,
            finished: index.finished,
            manifest,
            from: From::Chunks(Arc::new(index)),
        })
    }

    /// The directory of the run.
    pub fn run(&self) -> &RunDirectory {
        &self.run
    }

    /// What was simulated and recorded.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// First step that was not recorded, or is not sealed.
    pub fn end_step(&self) -> u64 {
        self.end_step
    }

    /// Whether the run came to its end.
    pub fn finished(&self) -> bool {
        self.finished
    }

    /// Steps of which something is lost.
    pub fn gaps(&self) -> &[Range<u64>] {
        &self.gaps
    }

    /// Who recorded spikes, of which cells.
    pub fn spike_recorders(&self) -> &[SpikeRecorder] {
        &self.recorders
    }

    /// The steps in which a recorder of spikes recorded; nothing if there is no such recorder.
    pub fn spike_windows(&self, recorder: usize) -> Ranges {
        self.spike_windows.get(recorder).cloned().unwrap_or_default()
    }

    /// Calls `take` with the spikes of a population in a range of steps, block by block, in order
    /// of time and then of cells. `population` is its index in the manifest.
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`], [`Error::UnknownGid`] or [`Error::BadValue`] if the file was changed
    /// into something else, and errors of reading; an error of `take` ends the reading.
    pub fn spikes(
        &self,
        population: usize,
        steps: Range<u64>,
        mut take: impl FnMut(&[Spike]) -> Result<()>,
    ) -> Result<()> {
        let len = self.manifest.populations.len();
        let population = self.manifest.populations.get(population).ok_or_else(|| {
            Error::NoSuchIndex { what: "population".to_owned(), index: population, len }
        })?;
        match &self.from {
            From::Merged(files) => files.spikes(population, self.manifest.dt_ms, steps, take),
            From::Chunks(index) => {
                let steps = steps.start..steps.end.min(index.end_step);
                chunk_spikes(index, population, steps, &mut take)
            }
        }
    }

    /// As [`spikes`](Self::spikes), but only those that a recorder of spikes recorded.
    ///
    /// # Errors
    /// As [`spikes`](Self::spikes).
    pub fn recorded_spikes(
        &self,
        recorder: usize,
        population: usize,
        steps: Range<u64>,
        mut take: impl FnMut(&[Spike]) -> Result<()>,
    ) -> Result<()> {
        let len = self.recorders.len();
        let what = || "recorder of spikes".to_owned();
        let SpikeRecorder { roster, .. } = self
            .recorders
            .get(recorder)
            .ok_or_else(|| Error::NoSuchIndex { what: what(), index: recorder, len })?;
        let windows = &self.spike_windows[recorder];
        let mut own = Vec::new();
        self.spikes(population, steps, |spikes| {
            own.clear();
            let is_own = |s: &&Spike| roster.contains(s.gid) && windows.contains(s.step);
            own.extend(spikes.iter().filter(is_own));
            take(&own)
        })
    }

    /// The samples of a signal; `signal` is its index in the manifest.
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`]; [`Error::MissingObject`] or [`Error::WrongType`] if the file was
    /// changed into something else; [`Error::Duplicate`]; errors of reading.
    pub fn signal(&self, signal: usize) -> Result<SignalReader> {
        let len = self.manifest.signals.len();
        let missing = || Error::NoSuchIndex { what: "signal".to_owned(), index: signal, len };
        let description = self.manifest.signals.get(signal).ok_or_else(missing)?.clone();
        let (windows, from) = match &self.from {
            From::Merged(files) => {
                let (windows, merged) = files.signal(&description, self.end_step)?;
                (windows, SignalFrom::Merged(merged))
            }
            From::Chunks(index) => {
                let chunks = ChunkSignal::new(&self.run, &self.manifest, index, signal)?;
                (index.windows[signal].clone(), SignalFrom::Chunks(Box::new(chunks)))
            }
        };
        Ok(SignalReader { signal: description, windows, from })
    }

    /// The index of a signal in the manifest.
    ///
    /// # Errors
    /// [`Error::NoSuchName`].
    pub fn signal_named(&self, name: &str) -> Result<usize> {
        let names = self.manifest.signals.iter().map(|signal| signal.name.as_str());
        find("signal", names, name)
    }

    /// The index of a population in the manifest.
    ///
    /// # Errors
    /// [`Error::NoSuchName`].
    pub fn population_named(&self, name: &str) -> Result<usize> {
        find("population", self.manifest.populations.iter().map(|p| p.name.as_str()), name)
    }
}

fn find<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a str> + Clone,
    name: &str,
) -> Result<usize> {
    names.clone().position(|known| known == name).ok_or_else(|| Error::NoSuchName {
        what,
        name: name.to_owned(),
        known: names.collect::<Vec<_>>().join(", "),
    })
}

/// The spikes of a population in the chunks of all ranks.
fn chunk_spikes(
    index: &RunIndex,
    population: &Population,
    steps: Range<u64>,
    take: &mut impl FnMut(&[Spike]) -> Result<()>,
) -> Result<()> {
    let blocks = index.parts.iter().map(|part| spike_blocks(part, steps.clone())).collect();
    let mut spikes = Vec::new();
    merge_rows::<Spike>(blocks, |_, spike| {
        if steps.contains(&spike.step) && population.contains(spike.gid) {
            spikes.push(spike);
        }
        if spikes.len() < BLOCK_SPIKES {
            return Ok(());
        }
        take(&spikes)?;
        spikes.clear();
        Ok(())
    })?;
    if spikes.is_empty() { Ok(()) } else { take(&spikes) }
}

/// The samples of one signal.
#[derive(Debug)]
pub struct SignalReader {
    signal: Signal,
    windows: Ranges,
    from: SignalFrom,
}

#[derive(Debug)]
enum SignalFrom {
    Merged(MergedSignal),
    Chunks(Box<ChunkSignal>),
}

impl SignalReader {
    /// What was recorded.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }

    /// The steps in which it was recorded.
    pub fn windows(&self) -> &Ranges {
        &self.windows
    }

    /// Whose samples the rows are, in order of cell, segment and label.
    pub fn columns(&self) -> &[Column] {
        match &self.from {
            SignalFrom::Merged(merged) => &merged.columns,
            SignalFrom::Chunks(chunks) => chunks.columns(),
        }
    }

    /// Where a row was recorded, if that is known.
    pub fn place(&self, row: usize) -> Option<Place> {
        match &self.from {
            SignalFrom::Merged(merged) => merged.places.get(row).cloned().flatten(),
            SignalFrom::Chunks(chunks) => chunks.place(row),
        }
    }

    /// The source cell of the connection that a row belongs to, if it does.
    pub fn source(&self, row: usize) -> Option<u64> {
        match &self.from {
            SignalFrom::Merged(merged) => merged.sources.get(row).copied().flatten(),
            SignalFrom::Chunks(chunks) => chunks.source(row),
        }
    }

    /// Number of samples of each row.
    pub fn n_samples(&self) -> usize {
        match &self.from {
            SignalFrom::Merged(merged) => merged.n_samples,
            SignalFrom::Chunks(chunks) => chunks.n_samples(),
        }
    }

    /// The rows of a cell.
    pub fn rows_of(&self, gid: u64) -> Range<usize> {
        let begin = self.columns().partition_point(|column| column.gid < gid);
        begin..self.columns().partition_point(|column| column.gid <= gid)
    }

    /// The samples in a range of steps.
    pub fn samples_of(&self, steps: Range<u64>) -> Range<usize> {
        let before = |step| {
            (self.signal.grid.samples_in(&self.windows, step) as usize).min(self.n_samples())
        };
        before(steps.start)..before(steps.end.max(steps.start))
    }

    /// The samples in a range of steps, one range for each window in which they were taken: within
    /// one, time goes on evenly.
    pub fn stretches_of(&self, steps: Range<u64>) -> Vec<Range<usize>> {
        let windows = self.windows.clipped(steps);
        let stretches = windows.iter().map(|window| self.samples_of(window));
        stretches.filter(|samples| !samples.is_empty()).collect()
    }

    /// The step of a sample; beyond the last one, the end of time.
    pub fn step_of(&self, sample: usize) -> u64 {
        self.signal.grid.step_of(&self.windows, sample as u64).unwrap_or(u64::MAX)
    }

    /// Reads samples of some rows as numbers of type `T`, row by row: `rows.len() * samples.len()` values.
    /// What is lost is NaN.
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`] for rows or samples that are not there; errors of reading.
    pub fn read<T: Sample>(&self, rows: Range<usize>, samples: Range<usize>) -> Result<Vec<T>> {
        for (what, range, len) in
            [("row", &rows, self.columns().len()), ("sample", &samples, self.n_samples())]
        {
            if len < range.end || range.end < range.start {
                let what = format!("{what} of signal `{}`", self.signal.name);
                return Err(Error::NoSuchIndex { what, index: range.end, len });
            }
        }
        if rows.is_empty() || samples.is_empty() {
            return Ok(Vec::new());
        }
        let n_values = rows.len() * samples.len();
        match (&self.from, self.signal.sample_type) {
            (SignalFrom::Merged(merged), _) => merged.read(rows, samples),
            (SignalFrom::Chunks(chunks), SampleType::F32) => {
                let mut tile = vec![0.0_f32; n_values];
                chunks.read_tile(rows, samples, &mut tile)?;
                Ok(tile.into_iter().map(|value| T::nearest(f64::from(value))).collect())
            }
            (SignalFrom::Chunks(chunks), SampleType::F64) => {
                let mut tile = vec![0.0_f64; n_values];
                chunks.read_tile(rows, samples, &mut tile)?;
                Ok(tile.into_iter().map(T::nearest).collect())
            }
        }
    }
}
