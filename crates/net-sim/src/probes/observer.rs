//! Products of currents and matrices, while the currents are in the cache.

use std::sync::{Arc, Mutex, PoisonError};

use net_cell::CellGroup;
use net_cell::currents::{BlockCurrents, CurrentObserver};
use net_cell::simd::F8;
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
    /// Block by block.
    samplers: Vec<CurrentSampler>,
    /// For each block the number of the first sample that was not multiplied yet.
    next: Vec<u64>,
    probes: Vec<usize>,
}

/// One probe in a group of cells.
pub(super) struct OfProbe {
    matrices: OfGroup,
    /// Rows x samples that have not been collected.
    pub(super) sums: Vec<ExactSums>,
    /// Number of the first of these samples.
    pub(super) first_sample: u64,
}

/// Has the currents of a group of cells observed by all probes. `probes` has matrices, times and
/// empty sums of each.
pub(super) fn observe(
    group: &mut CellGroup,
    probes: Vec<(OfGroup, Samples, Sampling, Vec<ExactSums>)>,
) -> Shared {
    let slots: Vec<usize> = group.layouts().iter().map(|block| block.n_slots).collect();
    let mut observed = Observed { schedules: Vec::new(), probes: Vec::new(), failure: None };
    for (at, (matrices, samples, sampling, sums)) in probes.into_iter().enumerate() {
        let schedules = &mut observed.schedules;
        let same = |s: &&mut Schedule| s.samples == samples && s.sampling == sampling;
        match schedules.iter_mut().find(same) {
            Some(schedule) => schedule.probes.push(at),
            None => schedules.push(Schedule::new(samples, sampling, &slots, at)),
        }
        observed.probes.push(OfProbe { matrices, sums, first_sample: 0 });
    }
    let shared = Arc::new(Mutex::new(observed));
    group.observe_currents(Box::new(Observer(Arc::clone(&shared))));
    shared
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
    fn new(samples: Samples, sampling: Sampling, slots: &[usize], probe: usize) -> Self {
        let sampler = |&n_slots: &usize| {
            CurrentSampler::new(n_slots, samples.window.clone(), samples.interval, sampling)
        };
        let samplers = slots.iter().map(sampler).collect();
        Schedule { samplers, next: vec![0; slots.len()], probes: vec![probe], samples, sampling }
    }

    /// Multiplies what a block's sampler has.
    fn flush(&mut self, probes: &mut [OfProbe], block: usize) -> Multiplied {
        let sampler = &mut self.samplers[block];
        let n_slots = sampler.samples().len() / sampler.n_samples().max(1);
        let next = &mut self.next[block];
        let multiplied = multiply(&self.probes, probes, block, next, sampler.samples(), n_slots);
        sampler.clear();
        multiplied
    }

    /// Takes the currents of some steps of a block.
    fn observe(&mut self, probes: &mut [OfProbe], seen: &BlockCurrents<'_>) -> Multiplied {
        let (block, n_slots) = (seen.block, seen.n_slots);
        if self.samples.interval == 1 {
            // Every step is a sample; they are multiplied where they stand.
            let n_steps = (seen.currents.len() / n_slots.max(1)) as u64;
            let window = &self.samples.window;
            let from = window.start.saturating_sub(seen.first_step).min(n_steps);
            let to = window.end.saturating_sub(seen.first_step).clamp(from, n_steps);
            let currents = &seen.currents[from as usize * n_slots..to as usize * n_slots];
            let next = &mut self.next[block];
            return multiply(&self.probes, probes, block, next, currents, n_slots);
        }
        for (k, currents) in seen.currents.chunks_exact(n_slots.max(1)).enumerate() {
            self.samplers[block].push(seen.first_step + k as u64, currents);
        }
        match self.samplers[block].n_samples() < SAMPLES_AT_ONCE {
            true => Ok(()),
            false => self.flush(probes, block),
        }
    }
}

/// Multiplies samples of a block's currents, from number `next` on, with the matrices of some of
/// the probes.
fn multiply(
    indices: &[usize],
    probes: &mut [OfProbe],
    block: usize,
    next: &mut u64,
    currents: &[F8],
    n_slots: usize,
) -> Multiplied {
    if currents.is_empty() {
        return Ok(());
    }
    for &at in indices {
        let OfProbe { matrices, sums, first_sample } = &mut probes[at];
        let first = (*next - *first_sample) as usize;
        for row in &matrices.blocks[block] {
            let with_cells = row.lanes.iter().zip(sums.iter_mut()).filter(|(l, _)| !l.is_empty());
            let mut targets: Vec<SumTarget> =
                with_cells.map(|(&lanes, sums)| SumTarget { lanes, sums }).collect();
            row.matrices
                .add_products(currents, n_slots, first, &mut targets)
                .map_err(|error| (at, error))?;
        }
    }
    *next += (currents.len() / n_slots) as u64;
    Ok(())
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
