//! Products of currents and matrices, while the currents are in the cache.

use std::sync::{Arc, Mutex, PoisonError};

use net_cell::currents::{BlockCurrents, CurrentObserver, CurrentType};
use net_cell::simd::F8;
use net_cell::{CellError, CellGroup};
use net_lfp::{CurrentSampler, ExactSums, LfpError, Sampling, SumTarget};

use super::matrices::OfGroup;
use crate::model::Samples;

/// Samples that come together before they are multiplied: a product reads all matrices once.
const SAMPLES_AT_ONCE: usize = 32;

/// All probes of one group of cells, shared by the thread that computes the cells and the one that
/// collects the sums; never at the same time.
pub(super) type Shared = Arc<Mutex<Observed>>;

/// That products were added, or which probe failed and why.
type Multiplied = Result<(), (usize, LfpError)>;

/// What the probes of a group of cells have seen.
pub(super) struct Observed {
    schedules: Vec<Schedule>,
    pub(super) probes: Vec<OfProbe>,
    /// The first probe that failed, and why.
    pub(super) failure: Option<(usize, LfpError)>,
}

/// Probes that are sampled at the same times.
struct Schedule {
    samples: Samples,
    sampling: Sampling,
    /// Types of current that its probes see.
    types: Vec<usize>,
    /// Block by block, for each of these types.
    samplers: Vec<Vec<CurrentSampler>>,
    /// For each block the number of the first sample that was not multiplied yet.
    next: Vec<u64>,
    probes: Vec<usize>,
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
    let slots: Vec<usize> = group.layouts().iter().map(|block| block.n_slots).collect();
    let mut observed = Observed { schedules: Vec::new(), probes: Vec::new(), failure: None };
    for (at, probe) in probes.into_iter().enumerate() {
        let NewProbe { matrices, samples, sampling, types, sums } = probe;
        let schedules = &mut observed.schedules;
        let same = |s: &Schedule| s.samples == samples && s.sampling == sampling;
        let number = schedules.iter().position(same).unwrap_or_else(|| {
            schedules.push(Schedule::new(samples, sampling, slots.len()));
            schedules.len() - 1
        });
        let schedule = &mut schedules[number];
        schedule.probes.push(at);
        types.iter().for_each(|&kind| schedule.add_type(kind, &slots));
        observed.probes.push(OfProbe { matrices, types, sums, first_sample: 0 });
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
    fn observe(&mut self, currents: &BlockCurrents<'_>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).observe(currents);
    }
}

impl Schedule {
    fn new(samples: Samples, sampling: Sampling, n_blocks: usize) -> Self {
        let samplers = (0..n_blocks).map(|_| Vec::new()).collect();
        let (types, next, probes) = (Vec::new(), vec![0; n_blocks], Vec::new());
        Schedule { samples, sampling, types, samplers, next, probes }
    }

    /// Has currents of a type sampled; `slots` are those of all blocks.
    fn add_type(&mut self, kind: usize, slots: &[usize]) {
        if self.types.contains(&kind) {
            return;
        }
        self.types.push(kind);
        let Samples { window, interval } = &self.samples;
        for (samplers, &n_slots) in self.samplers.iter_mut().zip(slots) {
            let window = window.clone();
            samplers.push(CurrentSampler::new(n_slots, window, *interval, self.sampling));
        }
    }

    /// Multiplies what a block's samplers have.
    fn flush(&mut self, probes: &mut [OfProbe], block: usize) -> Multiplied {
        let samplers = &mut self.samplers[block];
        let n_samples = samplers.first().map_or(0, CurrentSampler::n_samples);
        let next = self.next[block];
        for (&kind, sampler) in self.types.iter().zip(&*samplers) {
            let n_slots = sampler.samples().len() / n_samples.max(1);
            let seen = Seen { block, kind, currents: sampler.samples(), n_slots };
            seen.multiply(&self.probes, probes, next)?;
        }
        samplers.iter_mut().for_each(CurrentSampler::clear);
        self.next[block] += n_samples as u64;
        Ok(())
    }

    /// Takes the currents of some steps of a block.
    fn observe(&mut self, probes: &mut [OfProbe], seen: &BlockCurrents<'_>) -> Multiplied {
        let &BlockCurrents { block, n_slots, first_step, by_type } = seen;
        if self.samples.interval == 1 {
            // Every step is a sample; they are multiplied where they stand.
            let n_steps = (by_type[0].len() / n_slots.max(1)) as u64;
            let window = &self.samples.window;
            let from = window.start.saturating_sub(first_step).min(n_steps);
            let to = window.end.saturating_sub(first_step).clamp(from, n_steps);
            for &kind in &self.types {
                let currents = &by_type[kind][from as usize * n_slots..to as usize * n_slots];
                let seen = Seen { block, kind, currents, n_slots };
                seen.multiply(&self.probes, probes, self.next[block])?;
            }
            self.next[block] += to - from;
            return Ok(());
        }
        for (&kind, sampler) in self.types.iter().zip(&mut self.samplers[block]) {
            let steps = by_type[kind].chunks_exact(n_slots.max(1));
            for (step, currents) in (first_step..).zip(steps) {
                sampler.push(step, currents);
            }
        }
        match self.samplers[block].iter().all(|s| s.n_samples() < SAMPLES_AT_ONCE) {
            true => Ok(()),
            false => self.flush(probes, block),
        }
    }
}

/// Samples of one type of current of a block.
struct Seen<'a> {
    block: usize,
    kind: usize,
    currents: &'a [F8],
    n_slots: usize,
}

impl Seen<'_> {
    /// Multiplies the samples, from number `next` on, with the matrices of some of the probes.
    fn multiply(&self, indices: &[usize], probes: &mut [OfProbe], next: u64) -> Multiplied {
        if self.currents.is_empty() {
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
                if !targets.is_empty() {
                    let products = &row.matrices;
                    products
                        .add_products(self.currents, self.n_slots, first, &mut targets)
                        .map_err(|error| (at, error))?;
                }
            }
        }
        Ok(())
    }
}

impl Observed {
    fn observe(&mut self, seen: &BlockCurrents<'_>) {
        if self.failure.is_some() {
            return;
        }
        for schedule in &mut self.schedules {
            if let Err(failure) = schedule.observe(&mut self.probes, seen) {
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
