//! Products of currents and matrices, while the currents are in the cache.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use net_cell::currents::{
    BlockLayout, BlockObserver, CurrentObserver, CurrentType, Destination, StepCurrents,
};
use net_cell::simd::F8;
use net_cell::{CellError, CellGroup};
use net_lfp::{
    CurrentSampler, ExactSums, LfpError, ProductBuffer, SAMPLES_AT_ONCE, Sampling, SumTarget,
};

use super::matrices::{MEMBRANE, OfGroup};
use crate::model::Samples;

/// What samples that come together before they are multiplied may take in bytes, a small part of the
/// second cache, or half of the matrices; and how many of them products take well.
const BYTES_AT_ONCE: usize = 1 << 17;
const PART_OF_MATRICES: usize = 2;
const GROUPS_OF_SAMPLES: [usize; 2] = [24, 8];

/// All probes of one group of cells, shared by the thread that computes the cells and the one that
/// collects the sums; never at the same time.
pub(super) type Shared = Arc<Mutex<Observed>>;

/// That products were added, or which probe failed and why.
type Multiplied = Result<(), (usize, LfpError)>;

/// What the probes of a group of cells have seen.
pub(super) struct Observed {
    pub(super) schedules: Vec<Schedule>,
    pub(super) probes: Vec<OfProbe>,
    /// The first probe that failed, and why.
    pub(super) failure: Option<(usize, LfpError)>,
}

/// Probes that are sampled at the same times.
pub(super) struct Schedule {
    pub(super) samples: Samples,
    sampling: Sampling,
    /// Types of current that its probes see.
    pub(super) types: Vec<usize>,
    /// Block by block, for each of these types.
    pub(super) samplers: Vec<Vec<CurrentSampler>>,
    /// For each block the number of the first sample that was not multiplied yet.
    pub(super) next: Vec<u64>,
    probes: Vec<usize>,
    /// For each block, how many samples are multiplied at once.
    at_once: Vec<usize>,
    buffer: ProductBuffer,
}

/// One probe in a group of cells.
pub(super) struct OfProbe {
    matrices: OfGroup,
    /// For each sum the type of current it is made from.
    types: Vec<usize>,
    /// Rows x samples that have not been collected.
    pub(super) sums: Vec<ExactSums>,
    /// Number of the first of these samples.
    pub(super) first_sample: u64,
}

/// A probe that is to observe a group of cells.
pub(super) struct NewProbe {
    pub(super) matrices: OfGroup,
    pub(super) samples: Samples,
    pub(super) sampling: Sampling,
    /// For each sum the type of current it is made from.
    pub(super) types: Vec<usize>,
    /// Empty sums.
    pub(super) sums: Vec<ExactSums>,
}

/// Has the currents of these types of a group of cells observed by all probes.
pub(super) fn observe(
    group: &mut CellGroup,
    types: &[CurrentType],
    probes: Vec<NewProbe>,
) -> Result<Shared, CellError> {
    let n_slots: Vec<usize> = group.layouts().iter().map(BlockLayout::n_membrane).collect();
    let mut observed = Observed { schedules: Vec::new(), probes: Vec::new(), failure: None };
    let mut n_rows = Vec::new();
    for (at, probe) in probes.into_iter().enumerate() {
        let NewProbe { matrices, samples, sampling, types, sums } = probe;
        let schedules = &mut observed.schedules;
        let same = |s: &Schedule| s.samples == samples && s.sampling == sampling;
        let number = schedules.iter().position(same).unwrap_or_else(|| {
            schedules.push(Schedule::new(samples, sampling, n_slots.len()));
            n_rows.push(0);
            schedules.len() - 1
        });
        let schedule = &mut schedules[number];
        schedule.probes.push(at);
        n_rows[number] += sums.first().map_or(0, ExactSums::n_rows);
        types.iter().for_each(|&kind| schedule.add_type(kind));
        observed.probes.push(OfProbe { matrices, types, sums, first_sample: 0 });
    }
    for (schedule, n_rows) in observed.schedules.iter_mut().zip(n_rows) {
        let at_once = n_slots.iter().map(|&n_slots| samples_at_once(n_slots, n_rows));
        schedule.at_once = at_once.collect();
    }
    let shared = Arc::new(Mutex::new(observed));
    group.observe_currents(Box::new(Observer(Arc::clone(&shared))), types)?;
    Ok(shared)
}

/// The observer that a group of cells has.
struct Observer(Shared);

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("probes")
    }
}

impl CurrentObserver for Observer {
    fn watch(&mut self, block: usize) -> Box<dyn BlockObserver + '_> {
        let observed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Box::new(Watch { observed, block, step: 0, placed: None })
    }
}

/// What the probes see of a block while it advances some steps.
struct Watch<'a> {
    observed: MutexGuard<'a, Observed>,
    block: usize,
    /// The step that was asked for last, and which schedule's sampler has had its potentials.
    step: u64,
    placed: Option<usize>,
}

impl BlockObserver for Watch<'_> {
    fn wants(&mut self, step: u64) -> bool {
        (self.step, self.placed) = (step, None);
        self.observed.wants(step)
    }

    fn destination(&mut self, n_slots: usize) -> Option<Destination<'_>> {
        let Watch { observed, block, step, placed } = self;
        let (at, sampler) = observed.first_sampler(*block, *step)?;
        *placed = Some(at);
        sampler.destination(*step, n_slots)
    }

    fn observe(&mut self, currents: &StepCurrents<'_>) {
        self.observed.observe(self.block, currents, self.placed);
    }
}

impl Schedule {
    fn new(samples: Samples, sampling: Sampling, n_blocks: usize) -> Self {
        let samplers = (0..n_blocks).map(|_| Vec::new()).collect();
        let (types, next, probes) = (Vec::new(), vec![0; n_blocks], Vec::new());
        let buffer = ProductBuffer::default();
        let at_once = Vec::new();
        Schedule { samples, sampling, types, samplers, next, probes, at_once, buffer }
    }

    /// Has currents of a type sampled.
    fn add_type(&mut self, kind: usize) {
        if self.types.contains(&kind) {
            return;
        }
        self.types.push(kind);
        let Samples { window, interval } = &self.samples;
        for samplers in &mut self.samplers {
            samplers.push(CurrentSampler::new(window.clone(), *interval, self.sampling));
        }
    }

    /// Whether the currents of the step that ends here are part of a sample.
    fn wants(&self, step: u64) -> bool {
        self.samplers.first().and_then(|of_block| of_block.first()).is_some_and(|s| s.wants(step))
    }

    /// Multiplies what a block's samplers have.
    fn flush(&mut self, probes: &mut [OfProbe], block: usize) -> Multiplied {
        let samplers = &mut self.samplers[block];
        let n_samples = samplers.first().map_or(0, CurrentSampler::n_samples);
        let next = self.next[block];
        for (&kind, sampler) in self.types.iter().zip(&*samplers) {
            let n_slots = sampler.samples().len() / n_samples.max(1);
            let seen = Seen { block, kind, linear: sampler.samples(), n_slots };
            seen.multiply(&self.probes, probes, next, &mut self.buffer)?;
        }
        samplers.iter_mut().for_each(CurrentSampler::clear);
        self.next[block] += n_samples as u64;
        Ok(())
    }

    /// Takes the currents of a step of a block, of which it may have the potentials already.
    fn observe(
        &mut self,
        probes: &mut [OfProbe],
        (block, has_potentials): (usize, bool),
        seen: &StepCurrents<'_>,
    ) -> Multiplied {
        let mut is_full = false;
        for (&kind, sampler) in self.types.iter().zip(&mut self.samplers[block]) {
            if kind != MEMBRANE || !has_potentials {
                sampler.push(seen.step, seen.linear(kind));
            }
            is_full |= sampler.n_samples() >= self.at_once[block];
        }
        match is_full {
            true => self.flush(probes, block),
            false => Ok(()),
        }
    }
}

/// How many samples of a block are multiplied at once, with matrices of `n_rows` in all.
fn samples_at_once(n_slots: usize, n_rows: usize) -> usize {
    let bytes_of_sample = size_of::<F8>() * n_slots.max(1);
    let fit = (BYTES_AT_ONCE / bytes_of_sample).max(n_rows / PART_OF_MATRICES);
    let group = GROUPS_OF_SAMPLES.into_iter().find(|&group| group <= fit).unwrap_or(4);
    (fit / group * group).clamp(4, SAMPLES_AT_ONCE)
}

/// Samples of what one type of current of a block is a linear function of.
struct Seen<'a> {
    block: usize,
    kind: usize,
    linear: &'a [F8],
    n_slots: usize,
}

impl Seen<'_> {
    /// Multiplies the samples, from number `next` on, with the matrices of some of the probes.
    fn multiply(
        &self,
        indices: &[usize],
        probes: &mut [OfProbe],
        next: u64,
        buffer: &mut ProductBuffer,
    ) -> Multiplied {
        if self.linear.is_empty() {
            return Ok(());
        }
        for &at in indices {
            let OfProbe { matrices, types, sums, first_sample } = &mut probes[at];
            let first = (next - *first_sample) as usize;
            for row in &matrices.blocks[self.block] {
                let all = row.lanes.iter().zip(&*types).zip(sums.iter_mut());
                let here = all.filter(|((l, kind), _)| !l.is_empty() && **kind == self.kind);
                let target = |((&lanes, _), sums)| SumTarget { lanes, sums };
                let mut targets: Vec<SumTarget> = here.map(target).collect();
                if targets.is_empty() {
                    continue;
                }
                let matrices = match self.kind {
                    MEMBRANE => row.membrane.as_slice(),
                    _ => row.currents.as_slice(),
                };
                for matrix in matrices {
                    matrix
                        .add_products(self.linear, self.n_slots, first, &mut targets, buffer)
                        .map_err(|error| (at, error))?;
                }
            }
        }
        Ok(())
    }
}

impl Observed {
    fn wants(&self, step: u64) -> bool {
        self.failure.is_none() && self.schedules.iter().any(|schedule| schedule.wants(step))
    }

    /// The first sampler that wants the potentials of a step of a block, and the number of its schedule.
    fn first_sampler(&mut self, block: usize, step: u64) -> Option<(usize, &mut CurrentSampler)> {
        let schedules = self.schedules.iter_mut().enumerate();
        let mut wanted = schedules.filter(|(_, schedule)| schedule.wants(step));
        wanted.find_map(|(at, schedule)| {
            let kind = schedule.types.iter().position(|&kind| kind == MEMBRANE)?;
            Some((at, &mut schedule.samplers[block][kind]))
        })
    }

    /// Takes the currents of a step of a block; the samplers of the schedule `placed` have the potentials.
    fn observe(&mut self, block: usize, seen: &StepCurrents<'_>, placed: Option<usize>) {
        for (at, schedule) in self.schedules.iter_mut().enumerate() {
            if !schedule.wants(seen.step) {
                continue;
            }
            let of_block = (block, placed == Some(at));
            if let Err(failure) = schedule.observe(&mut self.probes, of_block, seen) {
                self.failure = Some(failure);
                return;
            }
        }
    }

    /// Multiplies all samples that are finished.
    pub(super) fn flush(&mut self) {
        for schedule in &mut self.schedules {
            for block in 0..schedule.samplers.len() {
                let flushed = schedule.flush(&mut self.probes, block);
                self.failure = self.failure.take().or(flushed.err());
            }
        }
    }
}
