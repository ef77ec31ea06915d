//! The sums of all threads and ranks, brought together and written some samples at a time.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{MutexGuard, PoisonError};

use net_cell::CellGroup;
use net_core::StepClock;
use net_io::probes::ProbeFile;
use net_io::provenance::Provenance;
use net_lfp::{ExactSums, Skeleton};
use net_mpi::Communicator;

use super::collected::Collected;
use super::matrices::{Matrices, all_types};
use super::observer::{self, Observed, Shared};
use super::totals::Totals;
use crate::error::{Error, Result};
use crate::model::Model;

/// The signal of a probe, of all ranks unless it stays per rank.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeSignal {
    /// Name of the dataset.
    pub name: String,
    /// Unit of the values.
    pub unit: &'static str,
    /// Time of the first sample in ms.
    pub start_ms: f64,
    /// Time between samples in ms.
    pub interval_ms: f64,
    /// Rows: contacts, or whatever the probe measures.
    pub n_rows: usize,
    /// Samples of each row.
    pub n_samples: usize,
    /// Pairs of a point and a segment that were nearer than the segment's radius, which was taken instead.
    pub distances_raised: u64,
    /// Each field's name and values, rows x samples: `imem` first, then types of current, populations,
    /// groups, and the types of populations and groups.
    pub fields: Vec<(String, Vec<f64>)>,
}

/// Brings the signals of all probes together.
pub(crate) struct Collector {
    pub(super) probes: Vec<Collected>,
    pub(super) groups: Vec<Shared>,
    matrix_bytes: usize,
    pub(super) is_root: bool,
    /// If there are files: that of all ranks, on rank 0, and that of this rank.
    pub(super) files: [Option<ProbeFile>; 2],
    /// Signals that are to be kept in memory, of the probes that this rank has.
    pub(super) kept: Option<Vec<Option<ProbeSignal>>>,
    /// Room for the signals of a probe, field by field.
    signals: Vec<Vec<f64>>,
    /// And for those of a skeleton.
    interpolated: Vec<f64>,
}

impl Collector {
    /// Lets the groups' currents be observed. Collective.
    pub(crate) fn new(
        comm: &Communicator,
        model: &Model,
        clock: &StepClock,
        (n_steps, epoch_steps): (u64, u64),
        (mut matrices, pool): (Matrices, &rayon::ThreadPool),
        groups: &mut [CellGroup],
        keep: bool,
    ) -> Result<Self> {
        let probes = Collected::of_model(
            comm,
            model,
            (clock, n_steps, epoch_steps),
            (&mut matrices, pool),
            groups.len(),
        )?;
        let matrix_bytes = matrices.memory_bytes();
        let types = all_types(model);
        let mut observed = Vec::new();
        for (group, of_group) in groups.iter_mut().zip(matrices.groups) {
            if probes.is_empty() {
                break;
            }
            let of_probes = of_group.into_iter().zip(&probes).enumerate();
            let of_probes = of_probes.map(|(at, (matrices, probe))| {
                let n_sums = probe.n_sums(at);
                let sums = (0..n_sums).map(|sum| probe.zero(sum).clone()).collect();
                let number = |kind| types.iter().position(|other| other == kind).unwrap_or(0);
                let terms = probe.terms.sums[..n_sums].iter();
                let types = terms.map(|term| number(&term.current)).collect();
                observer::NewProbe {
                    matrices,
                    samples: probe.samples.clone(),
                    sampling: probe.recording.sampling,
                    types,
                    sums,
                }
            });
            let shared = observer::observe(group, &types, of_probes.collect());
            observed.push(shared.map_err(|source| Error::Layout { source: Box::new(source) })?);
        }
        let groups = observed;
        let is_root = comm.is_root();
        let signal = |probe: &Collected| probe.is_here(is_root).then(|| probe.signal(clock));
        let kept = keep.then(|| probes.iter().map(signal).collect());
        let (files, signals, interpolated) = ([None, None], Vec::new(), Vec::new());
        Ok(Collector { probes, groups, matrix_bytes, is_root, files, kept, signals, interpolated })
    }

    /// Bytes of all matrices and sums of this rank.
    pub(crate) fn memory_bytes(&self) -> usize {
        let of_group = |(at, probe): (usize, &Collected)| {
            let of_sum = |sum| probe.zero(sum).memory_bytes();
            (0..probe.n_sums(at)).map(of_sum).sum::<usize>()
        };
        let factors = self.probes.iter().filter_map(|probe| probe.skeleton.as_ref());
        let factors = factors.map(Skeleton::memory_bytes).sum::<usize>();
        let sums = self.groups.len() * self.probes.iter().enumerate().map(of_group).sum::<usize>();
        self.matrix_bytes + factors + sums
    }

    /// For each probe the pairs of a point and a segment of all ranks whose distance was raised.
    pub(crate) fn distances_raised(&self) -> BTreeMap<String, u64> {
        self.probes.iter().map(|probe| (probe.name.clone(), probe.n_raised)).collect()
    }

    /// Makes the files that this rank writes: that of all ranks' signals at `of_all` on rank 0, and its
    /// own at `of_rank`, if there are probes for them.
    pub(crate) fn create_files(
        &mut self,
        of_all: &Path,
        of_rank: &Path,
        model: &Model,
        clock: &StepClock,
    ) -> Result<()> {
        for (per_rank, path) in [(false, of_all), (true, of_rank)] {
            let of_file = self.probes.iter().filter(|probe| probe.recording.per_rank == per_rank);
            let of_file = of_file.filter(|probe| probe.is_here(self.is_root));
            let datasets: Vec<_> = of_file.map(|probe| probe.dataset(model, clock)).collect();
            if !datasets.is_empty() {
                self.files[usize::from(per_rank)] = Some(ProbeFile::create(path, &datasets)?);
            }
        }
        Ok(())
    }

    /// Writes into the files of this rank where they come from.
    pub(crate) fn stamp(&self, record: &Provenance) -> Result<()> {
        Ok(self.files.iter().flatten().try_for_each(|file| file.stamp(record))?)
    }

    /// What went wrong in the observers since the last call.
    pub(crate) fn check(&self) -> Result<()> {
        for group in &self.groups {
            if let Some((probe, error)) = lock(group).failure.take() {
                let probe = self.probes[probe].name.clone();
                return Err(Error::Probe { probe, source: Box::new(error) });
            }
        }
        Ok(())
    }

    /// Whether some probe's chunk is full at `step`, or the run ends.
    pub(crate) fn is_due(&self, step: u64, is_end: bool) -> bool {
        self.probes.iter().any(|probe| probe.is_due(step, is_end))
    }

    /// Writes the samples up to `step` of all probes whose chunks are full, or of all at the end of
    /// the run. All steps until then have been computed; `has_failed` says that they were not
    /// on this rank. Collective; nothing is written where a rank has failed.
    pub(crate) fn collect(
        &mut self,
        comm: &Communicator,
        step: u64,
        is_end: bool,
        has_failed: bool,
    ) -> Result<()> {
        let mut outcome = Ok(());
        for at in 0..self.probes.len() {
            let probe = &self.probes[at];
            if probe.sums_of != at || !probe.is_due(step, is_end) {
                continue;
            }
            let n_new = probe.n_new(step);
            let per_rank = probe.recording.per_rank;
            // A rank that failed goes on to add, so that no other waits for it.
            let sums = match has_failed || outcome.is_err() {
                true => Ok(self.zero_sums(at)),
                false => self.take_sums(at),
            };
            let sums = sums.unwrap_or_else(|error| {
                outcome = Err(error);
                self.zero_sums(at)
            });
            let failed = has_failed || outcome.is_err();
            let totals = match per_rank {
                true => (!failed).then_some(Totals::OfRank(&sums)),
                false => Totals::of_all(comm, &sums, n_new as usize, failed)?,
            };
            if let Some(totals) = totals.filter(|_| self.probes[at].is_here(self.is_root)) {
                let made_from = |&of: &usize| self.probes[of].sums_of == at;
                for of in (at..self.probes.len()).filter(made_from).collect::<Vec<_>>() {
                    outcome = outcome.and(self.write(of, n_new as usize, &totals));
                }
            }
            // Also where a rank has failed: the others advance until they learn of it.
            let made_from = self.probes.iter_mut().filter(|probe| probe.sums_of == at);
            made_from.for_each(|probe| probe.n_collected += n_new);
            if let Some(first) = self.groups.first() {
                lock(first).probes[at].sums = sums;
            }
            for group in &self.groups {
                let of_group = &mut lock(group).probes[at];
                of_group.sums.iter_mut().for_each(ExactSums::clear);
                of_group.first_sample = self.probes[at].n_collected;
            }
        }
        outcome
    }

    /// The sums of a probe over all threads: those of the first group, to which those of the others are
    /// added. They must be given back.
    fn take_sums(&self, probe: usize) -> Result<Vec<ExactSums>> {
        let Some((first, others)) = self.groups.split_first() else {
            return Ok(self.zero_sums(probe));
        };
        let mut first = lock(first);
        first.flush();
        for other in others {
            let mut other = lock(other);
            other.flush();
            let of_others = &other.probes[probe].sums;
            for (sum, of_other) in first.probes[probe].sums.iter_mut().zip(of_others) {
                sum.merge(of_other).map_err(|source| self.error(probe, source))?;
            }
        }
        let sums = std::mem::take(&mut first.probes[probe].sums);
        drop(first);
        self.check().map(|()| sums)
    }

    /// The sums of a probe where no cell has added anything.
    fn zero_sums(&self, probe: usize) -> Vec<ExactSums> {
        let probe = &self.probes[probe];
        (0..probe.terms.sums.len()).map(|sum| probe.zero(sum).clone()).collect()
    }

    /// Writes the first `n` samples, and keeps them.
    fn write(&mut self, at: usize, n: usize, totals: &Totals) -> Result<()> {
        let probe = &self.probes[at];
        let Collected { terms, n_collected, recording, .. } = probe;
        self.signals.resize(self.signals.len().max(terms.fields.len()), Vec::new());
        let signals = &mut self.signals[..terms.fields.len()];
        for (field, signal) in terms.fields.iter().zip(&mut *signals) {
            let mut values = std::mem::take(signal);
            totals.values(field.sums.clone(), probe.zero(field.sums.start), n, &mut values);
            if let Some(skeleton) = &probe.skeleton {
                skeleton.interpolate(&values, n, &mut self.interpolated);
                std::mem::swap(&mut values, &mut self.interpolated);
            }
            *signal = recording.probe.signal(values, n);
        }
        let is_in_file = |probe: &&Collected| probe.recording.per_rank == recording.per_rank;
        let dataset = self.probes[..at].iter().filter(is_in_file).count();
        if let Some(file) = &mut self.files[usize::from(recording.per_rank)] {
            let fields: Vec<&[f64]> = signals.iter().map(Vec::as_slice).collect();
            file.write(dataset, *n_collected as usize, &fields)?;
        }
        if let Some(Some(kept)) = self.kept.as_mut().map(|kept| &mut kept[at]) {
            for ((_, all), new) in kept.fields.iter_mut().zip(signals) {
                for (row, new) in new.chunks(n).enumerate() {
                    let start = row * kept.n_samples + *n_collected as usize;
                    all[start..start + n].copy_from_slice(new);
                }
            }
        }
        Ok(())
    }

    /// Closes the files; gives the signals that were kept.
    pub(crate) fn finish(self) -> Result<Vec<ProbeSignal>> {
        for file in self.files.into_iter().flatten() {
            file.finish()?;
        }
        let kept = self.kept.into_iter().flatten().zip(&self.probes);
        let cut = |(signal, probe): (Option<ProbeSignal>, &Collected)| {
            let mut signal = signal?;
            signal.truncate(probe.n_collected as usize);
            Some(signal)
        };
        Ok(kept.filter_map(cut).collect())
    }

    fn error(&self, probe: usize, source: net_lfp::LfpError) -> Error {
        Error::Probe { probe: self.probes[probe].name.clone(), source: Box::new(source) }
    }
}

impl ProbeSignal {
    /// Forgets all but the first `n` samples.
    fn truncate(&mut self, n: usize) {
        if n < self.n_samples {
            for (_, values) in &mut self.fields {
                let rows = values.chunks(self.n_samples);
                *values = rows.flat_map(|row| &row[..n]).copied().collect();
            }
            self.n_samples = n;
        }
    }
}

pub(super) fn lock(group: &Shared) -> MutexGuard<'_, Observed> {
    group.lock().unwrap_or_else(PoisonError::into_inner)
}
