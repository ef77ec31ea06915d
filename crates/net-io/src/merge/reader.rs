//! Merged files read back, by population, cell, variable and time, a piece at a time.

use std::ops::Range;
use std::path::PathBuf;

use hdf5::Dataset;
use ndarray::{Ix1, Ix2, s};

use crate::error::{Error, Result};
use crate::h5::{self, Number};
use crate::nix::Sample;
use crate::store::{Column, Manifest, RunDirectory, Signal, Spike};

/// Spikes read at once.
const BLOCK_SPIKES: usize = 1 << 16;

/// The merged recordings of a run.
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
/// # merge_recordings(&run, &MergeOptions::default())?;
/// let reader = RunReader::open(&RunDirectory::open(path)?)?;
/// let mut n_spikes = 0;
/// reader.spikes(0, 0..50, |spikes| {
///     n_spikes += spikes.len();
///     Ok(())
/// })?;
/// assert_eq!((n_spikes, reader.end_step()), (1, 100));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RunReader {
    manifest: Manifest,
    spikes: hdf5::File,
    traces: Option<hdf5::File>,
    spikes_path: PathBuf,
    traces_path: PathBuf,
    end_step: u64,
    finished: bool,
}

impl RunReader {
    /// Opens the merged files of a run.
    ///
    /// # Errors
    /// [`Error::Io`] if the run is not merged, [`Error::NotHdf5`] for damaged files,
    /// [`Error::NotARun`] without a manifest.
    pub fn open(run: &RunDirectory) -> Result<Self> {
        let manifest = run.manifest()?;
        let spikes_path = run.file(RunDirectory::SPIKES);
        let traces_path = run.file(RunDirectory::TRACES);
        let spikes = h5::open(&spikes_path)?;
        let traces = match manifest.signals.is_empty() {
            true => None,
            false => Some(h5::open(&traces_path)?),
        };
        let attribute = |name: &str| {
            let read = spikes.attr(name).and_then(|attribute| attribute.read_scalar::<u64>());
            read.map_err(|e| Error::hdf5(&spikes_path, format!("/@{name}"), "read", e))
        };
        let (end_step, finished) = (attribute("end_step")?, attribute("finished")? != 0);
        Ok(Self { manifest, spikes, traces, spikes_path, traces_path, end_step, finished })
    }

    /// What was simulated and recorded.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// First step that is not in the files.
    pub fn end_step(&self) -> u64 {
        self.end_step
    }

    /// Whether the run came to its end.
    pub fn finished(&self) -> bool {
        self.finished
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
        let path = &self.spikes_path;
        let group_name = format!("spikes/{}", population.name);
        let group = h5::group(path, &self.spikes, &group_name, "the spikes of a population")?;
        let times = Column1::<f64>::open(path, &group, "timestamps")?;
        let nodes = Column1::<i64>::open(path, &group, "node_ids")?;
        if nodes.len != times.len {
            return Err(
                times.wrong(format!("{} and {} rows", times.len, nodes.len), "equal lengths")
            );
        }
        let dt_ms = self.manifest.dt_ms;
        let first = times.first_at_or_after(steps.start, dt_ms)?;
        let end = times.first_at_or_after(steps.end.max(steps.start), dt_ms)?;
        let mut spikes = Vec::new();
        for begin in (first..end).step_by(BLOCK_SPIKES) {
            let rows = begin..(begin + BLOCK_SPIKES).min(end);
            let (t_ms, node_ids) = (times.read(rows.clone())?, nodes.read(rows)?);
            spikes.clear();
            for (row, (&t_ms, &node)) in t_ms.iter().zip(&node_ids).enumerate() {
                let offset = u64::try_from(node).ok().filter(|&node| node < population.size);
                let Some(offset) = offset else {
                    return Err(Error::UnknownGid {
                        path: path.clone(),
                        object: nodes.dataset.name(),
                        row: (begin + row) as u64,
                        gid: node,
                        expected: format!("0..{}", population.size),
                    });
                };
                let gid = population.first_gid + offset;
                spikes.push(Spike { step: (t_ms / dt_ms).round() as u64, gid });
            }
            take(&spikes)?;
        }
        Ok(())
    }

    /// The samples of a signal; `signal` is its index in the manifest.
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`]; [`Error::MissingObject`] or [`Error::WrongType`] if the file was
    /// changed into something else; errors of reading.
    pub fn signal(&self, signal: usize) -> Result<SignalReader> {
        let len = self.manifest.signals.len();
        let missing = || Error::NoSuchIndex { what: "signal".to_owned(), index: signal, len };
        let signal = self.manifest.signals.get(signal).ok_or_else(missing)?.clone();
        let file = self.traces.as_ref().ok_or_else(missing)?;
        let path = &self.traces_path;
        let name = format!("traces/{}", signal.name);
        let group = h5::group(path, file, &name, "a recorded signal")?;
        let [gids, segments, labels] =
            ["gids", "segments", "labels"].map(|name| h5::numbers::<i64>(path, &group, name));
        let (gids, segments, labels) = (gids?, segments?, labels?);
        let data = h5::dataset(path, &group, "data", "samples")?;
        h5::check_numbers::<f64>(path, &data, 2)?;
        let n_samples = signal.grid.samples_before(self.end_step) as usize;
        let expected = [gids.len(), n_samples];
        let lengths = [segments.len(), labels.len()];
        if data.shape() != expected || lengths != [gids.len(); 2] {
            return Err(Error::WrongType {
                path: path.clone(),
                object: data.name(),
                found: format!("{:?} for {} cells", data.shape(), gids.len()),
                expected: format!("{expected:?}"),
            });
        }
        let columns = gids
            .iter()
            .zip(segments.iter().zip(&labels))
            .map(|(&gid, (&segment, &label))| Column {
                gid: gid as u64,
                segment: segment as u32,
                label: label as u32,
            })
            .collect();
        Ok(SignalReader { path: path.clone(), signal, columns, n_samples, data })
    }
}

/// The samples of one signal.
#[derive(Debug)]
pub struct SignalReader {
    path: PathBuf,
    signal: Signal,
    columns: Vec<Column>,
    n_samples: usize,
    data: Dataset,
}

impl SignalReader {
    /// What was recorded.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }

    /// Whose samples the rows are, in order of cell, segment and label.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Number of samples of each row.
    pub fn n_samples(&self) -> usize {
        self.n_samples
    }

    /// The rows of a cell.
    pub fn rows_of(&self, gid: u64) -> Range<usize> {
        let begin = self.columns.partition_point(|column| column.gid < gid);
        begin..self.columns.partition_point(|column| column.gid <= gid)
    }

    /// The samples in a range of steps.
    pub fn samples_of(&self, steps: Range<u64>) -> Range<usize> {
        let before = |step| (self.signal.grid.samples_before(step) as usize).min(self.n_samples);
        before(steps.start)..before(steps.end.max(steps.start))
    }

    /// The step of a sample.
    pub fn step_of(&self, sample: usize) -> u64 {
        let grid = self.signal.grid;
        grid.offset_steps + sample as u64 * grid.interval_steps
    }

    /// Reads samples of some rows as numbers of type `T`, row by row: `rows.len() * samples.len()` values.
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`] for rows or samples that are not there; errors of reading.
    pub fn read<T: Sample>(&self, rows: Range<usize>, samples: Range<usize>) -> Result<Vec<T>> {
        for (what, range, len) in
            [("row", &rows, self.columns.len()), ("sample", &samples, self.n_samples)]
        {
            if len < range.end || range.end < range.start {
                let what = format!("{what} of signal `{}`", self.signal.name);
                return Err(Error::NoSuchIndex { what, index: range.end, len });
            }
        }
        if rows.is_empty() || samples.is_empty() {
            return Ok(Vec::new());
        }
        let tile = self.data.read_slice::<T, _, Ix2>(s![rows, samples]);
        let tile = tile.map_err(|e| Error::hdf5(&self.path, self.data.name(), "read", e))?;
        Ok(tile.into_raw_vec_and_offset().0)
    }
}

/// A one-dimensional dataset.
struct Column1<'a, T> {
    path: &'a PathBuf,
    dataset: Dataset,
    len: usize,
    values: std::marker::PhantomData<T>,
}

impl<'a, T: Number> Column1<'a, T> {
    fn open(path: &'a PathBuf, group: &hdf5::Group, name: &str) -> Result<Self> {
        let dataset = h5::dataset(path, group, name, T::EXPECTED)?;
        h5::check_numbers::<T>(path, &dataset, 1)?;
        let len = dataset.size();
        Ok(Self { path, dataset, len, values: std::marker::PhantomData })
    }

    fn read(&self, rows: Range<usize>) -> Result<Vec<T>> {
        let values = self.dataset.read_slice::<T, _, Ix1>(rows);
        let values = values.map_err(|e| Error::hdf5(self.path, self.dataset.name(), "read", e))?;
        Ok(values.into_raw_vec_and_offset().0)
    }

    fn wrong(&self, found: String, expected: &str) -> Error {
        Error::WrongType {
            path: self.path.clone(),
            object: self.dataset.name(),
            found,
            expected: expected.to_owned(),
        }
    }
}

impl Column1<'_, f64> {
    /// The first row at `step` or later, found by bisection: times ascend.
    fn first_at_or_after(&self, step: u64, dt_ms: f64) -> Result<usize> {
        let (mut begin, mut end) = (0, self.len);
        while begin < end {
            let middle = begin + (end - begin) / 2;
            let before = self
                .read(middle..middle + 1)?
                .first()
                .is_some_and(|&t_ms| ((t_ms / dt_ms).round() as u64) < step);
            if before {
                begin = middle + 1;
            } else {
                end = middle;
            }
        }
        Ok(begin)
    }
}
