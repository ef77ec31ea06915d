//! From the currents of every step to those that are multiplied.

use std::ops::Range;

use net_kernel::isa_kernel;
use net_kernel::simd::{F8, Lanes};

/// What a sample stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// The current at its time, as in LFPy with a coarser step.
    #[default]
    Point,
    /// The mean over the interval that ends at its time. Fields are linear in the currents, so this
    /// is the mean of the field; it does not alias what is faster than the interval.
    Average,
}

/// Collects the currents of a block of cells, one vector a slot, for products every `interval` steps.
///
/// Samples are at the steps `window.start + k * interval` below `window.end`; step `s` is time
/// `s dt`. A mean is over the steps after the previous sample up to its own, added in order of time;
/// the first sample of a run has only its own step. Intervals may straddle epochs.
///
/// Whatever signals are a linear function of may stand for currents, such as potentials.
///
/// A product reads all matrices once, so it pays to let some dozens of samples come together before
/// they are multiplied, where matrices are larger than the cache.
///
/// ```
/// use net_kernel::simd::F8;
/// use net_lfp::{CurrentSampler, Sampling};
/// let mut sampler = CurrentSampler::new(0..u64::MAX, 2, Sampling::Average);
/// for step in 0..=4 {
///     sampler.push(step, &[F8::splat(step as f64)]);
/// }
/// let means: Vec<f64> = sampler.samples().iter().map(|sample| sample.0[0]).collect();
/// assert_eq!(means, [0.0, 1.5, 3.5]);
/// sampler.clear();
/// assert!(sampler.samples().is_empty());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CurrentSampler {
    window: Range<u64>,
    interval: u64,
    sampling: Sampling,
    /// Finished samples.
    samples: Vec<F8>,
    n_samples: usize,
    /// Sum over the steps of the sample that is not finished.
    sum: Vec<F8>,
    n_in_sum: u64,
}

impl CurrentSampler {
    /// A sampler of these steps; an interval of 0 steps counts as 1.
    pub fn new(window: Range<u64>, interval: u64, sampling: Sampling) -> Self {
        let interval = interval.max(1);
        let (samples, sum) = (Vec::new(), Vec::new());
        Self { window, interval, sampling, samples, n_samples: 0, sum, n_in_sum: 0 }
    }

    /// Whether the currents of `step` are wanted.
    pub fn wants(&self, step: u64) -> bool {
        let first = match self.sampling {
            Sampling::Point => self.window.start,
            Sampling::Average => self.window.start.saturating_sub(self.interval - 1),
        };
        let n_whole = self.window.end.saturating_sub(1).saturating_sub(self.window.start);
        let last = self.window.start + n_whole / self.interval * self.interval;
        let is_inside = !self.window.is_empty() && (first..=last).contains(&step);
        is_inside && (self.sampling == Sampling::Average || self.is_due(step))
    }

    fn is_due(&self, step: u64) -> bool {
        step >= self.window.start && (step - self.window.start).is_multiple_of(self.interval)
    }

    /// Takes the currents at the end of `step`; steps must come one after the other.
    ///
    /// # Panics
    /// If there are not as many as in the steps before.
    pub fn push(&mut self, step: u64, currents: &[F8]) {
        if !self.wants(step) {
            return;
        }
        let is_due = self.is_due(step);
        if self.n_in_sum > 0 {
            assert_eq!(self.sum.len(), currents.len(), "as many currents as before");
            if is_due {
                let factor = 1.0 / (self.n_in_sum + 1) as f64;
                append(&mut self.samples, &[&self.sum, currents], factor);
            } else {
                add(&mut self.sum, currents);
            }
        } else if is_due {
            append(&mut self.samples, &[currents], 1.0);
        } else {
            self.sum.clear();
            self.sum.extend_from_slice(currents);
        }
        self.n_in_sum += 1;
        if is_due {
            self.n_samples += 1;
            self.n_in_sum = 0;
        }
    }

    /// What was pushed (currents in nA, potentials in mV) of the finished samples since the last call
    /// of [`clear`](Self::clear), or its means, one after the other.
    pub fn samples(&self) -> &[F8] {
        &self.samples
    }

    /// Number of finished samples.
    pub fn n_samples(&self) -> usize {
        self.n_samples
    }

    /// The sum of the sample under way and the number of steps in it; none between samples.
    pub fn under_way(&self) -> Option<(&[F8], u64)> {
        (self.n_in_sum > 0).then_some((self.sum.as_slice(), self.n_in_sum))
    }

    /// Forgets everything, and goes on with a sample of which so many steps are in the sum.
    pub fn go_on(&mut self, sum: Vec<F8>, n_in_sum: u64) {
        self.clear();
        (self.sum, self.n_in_sum) = (sum, n_in_sum);
    }

    /// Forgets the finished samples; the one under way stays.
    pub fn clear(&mut self) {
        self.samples.clear();
        self.n_samples = 0;
    }
}

/// Adds the currents to the sums.
fn add(sums: &mut [F8], currents: &[F8]) {
    // SAFETY: the slices are walked together.
    unsafe { add_kernel()(sums, currents) };
}

isa_kernel!(
    fn add_kernel = add_vectors as unsafe fn(&mut [F8], &[F8]),
    (sums: &mut [F8], currents: &[F8])
);

#[inline(always)]
unsafe fn add_vectors<L: Lanes>(sums: &mut [F8], currents: &[F8]) {
    for (sum, current) in sums.iter_mut().zip(currents) {
        // SAFETY: a vector is eight doubles.
        unsafe {
            let added = L::load(sum.0.as_ptr()) + L::load(current.0.as_ptr());
            added.store(sum.0.as_mut_ptr());
        }
    }
}

/// Appends the sum of one or two samples times a factor.
fn append(samples: &mut Vec<F8>, terms: &[&[F8]], factor: f64) {
    let n = terms.iter().map(|term| term.len()).min().unwrap_or(0);
    samples.reserve(n);
    // SAFETY: there is room for as many vectors as the terms have, and all of them are set.
    unsafe {
        append_kernel()(samples.as_mut_ptr().add(samples.len()), n, terms, factor);
        samples.set_len(samples.len() + n);
    }
}

isa_kernel!(
    fn append_kernel = set_vectors as unsafe fn(*mut F8, usize, &[&[F8]], f64),
    (to: *mut F8, n: usize, terms: &[&[F8]], factor: f64)
);

#[inline(always)]
unsafe fn set_vectors<L: Lanes>(to: *mut F8, n: usize, terms: &[&[F8]], factor: f64) {
    let factor = L::splat(factor);
    let [first, others @ ..] = terms else { return };
    for at in 0..n {
        // SAFETY: the caller's promise.
        unsafe {
            let first = L::load(first.as_ptr().add(at).cast());
            let value = match others {
                [second, ..] => (first + L::load(second.as_ptr().add(at).cast())) * factor,
                [] => first,
            };
            value.store(to.add(at).cast());
        }
    }
}
