//! The merged files.

use std::ops::Range;
use std::path::PathBuf;

use hdf5::Dataset;
use ndarray::{Ix1, Ix2, s};

use super::BLOCK_SPIKES;
use crate::error::{Error, Result};
use crate::h5::{self, Number};
use crate::nix::Sample;
use crate::store::{Column, Manifest, Place, Population, Ranges, RunDirectory, Signal, Spike};

/// `spikes.h5` and, if there are signals, `traces.h5`.
#[derive(Debug)]
pub(super) struct MergedFiles {
    spikes: hdf5::File,
    traces: Option<hdf5::File>,
    spikes_path: PathBuf,
    traces_path: PathBuf,
}

/// A group of `traces.h5`.
#[derive(Debug)]
pub(super) struct MergedSignal {
    path: PathBuf,
    data: Dataset,
    pub(super) columns: Vec<Column>,
    pub(super) places: Vec<Option<Place>>,
    pub(super) sources: Vec<Option<u64>>,
    pub(super) n_samples: usize,
}

impl MergedFiles {
    pub(super) fn open(run: &RunDirectory, manifest: &Manifest) -> Result<Self> {
        let spikes_path = run.file(RunDirectory::SPIKES);
        let traces_path = run.file(RunDirectory::TRACES);
        let spikes = h5::open(&spikes_path)?;
        let traces = match manifest.signals.is_empty() {
            true => None,
            false => Some(h5::open(&traces_path)?),
        };
        Ok(Self { spikes, traces, spikes_path, traces_path })
    }

    /// An attribute of the root.
    pub(super) fn number(&self, name: &str) -> Result<u64> {
        let read = self.spikes.attr(name).and_then(|attribute| attribute.read_scalar::<u64>());
        read.map_err(|e| Error::hdf5(&self.spikes_path, format!("/@{name}"), "read", e))
    }

    /// Steps of which something is lost.
    pub(super) fn gaps(&self) -> Result<Ranges> {
        match h5::link_exists(&self.spikes, "gaps") {
            true => ranges(&self.spikes_path, &self.spikes, "gaps"),
            false => Ok(Ranges::default()),
        }
    }

    /// When a recorder of spikes recorded.
    pub(super) fn spike_windows(&self, recorder: &str) -> Result<Ranges> {
        ranges(&self.spikes_path, &self.spikes, &format!("recorders/{recorder}/windows"))
    }

    pub(super) fn spikes(
        &self,
        population: &Population,
        dt_ms: f64,
        steps: Range<u64>,
        mut take: impl FnMut(&[Spike]) -> Result<()>,
    ) -> Result<()> {
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

    /// The windows and samples of a signal.
    pub(super) fn signal(&self, signal: &Signal, end_step: u64) -> Result<(Ranges, MergedSignal)> {
        let path = &self.traces_path;
        let name = format!("traces/{}", signal.name);
        let Some(file) = &self.traces else {
            let expected = "a recorded signal";
            return Err(Error::MissingObject { path: path.clone(), object: name, expected });
        };
        let group = h5::group(path, file, &name, "a recorded signal")?;
        let windows = match h5::link_exists(&group, "windows") {
            true => ranges(path, &group, "windows")?,
            false => Ranges::from(0..end_step),
        };
        let [gids, segments, labels] =
            ["gids", "segments", "labels"].map(|name| h5::numbers::<i64>(path, &group, name));
        let (gids, segments, labels) = (gids?, segments?, labels?);
        let data = h5::dataset(path, &group, "data", "samples")?;
        h5::check_numbers::<f64>(path, &data, 2)?;
        let n_samples = signal.grid.samples_in(&windows, end_step) as usize;
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
        let (places, sources) = (self.places(&group)?, self.sources(&group)?);
        let path = path.clone();
        Ok((windows, MergedSignal { path, data, columns, places, sources, n_samples }))
    }

    /// Places of all rows, if some are known.
    fn places(&self, group: &hdf5::Group) -> Result<Vec<Option<Place>>> {
        let path = &self.traces_path;
        if !h5::link_exists(group, "sections") {
            return Ok(Vec::new());
        }
        let [sections, branches, points] =
            ["sections", "branches", "points"].map(|name| h5::numbers::<i64>(path, group, name));
        let (sections, branches, points) = (sections?, branches?, points?);
        let arcs: Vec<f64> = h5::numbers(path, group, "arcs")?;
        let dataset = h5::dataset(path, group, "sections", "indices of sections")?;
        let names = h5::texts_attribute(path, &dataset, "names")?.unwrap_or_default();
        let rows = sections.iter().zip(&arcs).zip(branches.iter().zip(&points));
        let place = |((&section, &arc), (&branch, &point)): ((&i64, &f64), (&i64, &i64))| {
            let section = names.get(usize::try_from(section).ok()?)?.clone();
            Some(Place { section, arc, branch: branch as u32, point: point as u32 })
        };
        Ok(rows.map(place).collect())
    }

    /// Source cells of all rows, if some are known.
    fn sources(&self, group: &hdf5::Group) -> Result<Vec<Option<u64>>> {
        if !h5::link_exists(group, "source_gids") {
            return Ok(Vec::new());
        }
        let gids: Vec<i64> = h5::numbers(&self.traces_path, group, "source_gids")?;
        Ok(gids.into_iter().map(|gid| u64::try_from(gid).ok()).collect())
    }
}

impl MergedSignal {
    pub(super) fn read<T: Sample>(
        &self,
        rows: Range<usize>,
        samples: Range<usize>,
    ) -> Result<Vec<T>> {
        let tile = self.data.read_slice::<T, _, Ix2>(s![rows, samples]);
        let tile = tile.map_err(|e| Error::hdf5(&self.path, self.data.name(), "read", e))?;
        Ok(tile.into_raw_vec_and_offset().0)
    }
}

/// A dataset of pairs as ranges.
fn ranges(path: &std::path::Path, parent: &hdf5::Group, name: &str) -> Result<Ranges> {
    let dataset = h5::dataset(path, parent, name, "pairs of numbers")?;
    h5::check_numbers::<i64>(path, &dataset, 2)?;
    let numbers: Vec<u64> =
        dataset.read_raw().map_err(|e| Error::hdf5(path, dataset.name(), "read", e))?;
    Ok(numbers.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect())
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
