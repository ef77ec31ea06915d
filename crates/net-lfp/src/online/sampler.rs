//! From the currents of every step to those that are multiplied.

use std::ops::Range;

use net_kernel::destination::Destination;
use net_kernel::simd::F8;

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
#[derive(Debug, Clone)]
pub struct CurrentSampler {
    /// The step of the first sample.
    first: u64,
    interval: u64,
    sampling: Sampling,
    /// The steps that are part of samples, or between them.
    seen: Range<u64>,
    /// Finished samples, and room for others.
    samples: Vec<F8>,
    n_samples: usize,
    n_slots: usize,
    /// Sum over the steps of the sample that is not finished.
    sum: Vec<F8>,
    n_in_sum: u64,
}

impl CurrentSampler {
    /// A sampler of these steps; an interval of 0 steps counts as 1.
    pub fn new(window: Range<u64>, interval: u64, sampling: Sampling) -> Self {
        let interval = interval.max(1);
        let first = window.start;
        let seen = match (window.is_empty(), sampling) {
            (true, _) => 0..0,
            (_, Sampling::Point) => first..window.end,
            (_, Sampling::Average) => {
                let n_whole = (window.end - 1 - first) / interval;
                first.saturating_sub(interval - 1)..first + n_whole * interval + 1
            }
        };
        Self {
            first,
            interval,
            sampling,
            seen,
            samples: Vec::new(),
            n_samples: 0,
            n_slots: 0,
            sum: Vec::new(),
            n_in_sum: 0,
        }
    }

    /// Whether the currents of `step` are wanted.
    pub fn wants(&self, step: u64) -> bool {
        self.seen.contains(&step) && (self.sampling == Sampling::Average || self.is_due(step))
    }

    fn is_due(&self, step: u64) -> bool {
        step >= self.first && (step - self.first).is_multiple_of(self.interval)
    }

    /// Takes the currents at the end of `step`; steps must come one after the other.
    ///
    /// # Panics
    /// If there are not as many as in the steps before.
    pub fn push(&mut self, step: u64, currents: &[F8]) {
        if let Some(destination) = self.destination(step, currents.len()) {
            destination.put_all(currents);
        }
    }

    /// Where the currents at the end of `step` are to be put, as many as in the steps before, if they are
    /// wanted; instead of [`push`](Self::push).
    ///
    /// # Panics
    /// If there are not as many as in the steps before.
    pub fn destination(&mut self, step: u64, n_slots: usize) -> Option<Destination<'_>> {
        if !self.wants(step) {
            return None;
        }
        let n_before = self.n_in_sum;
        let is_first = self.n_samples == 0 && n_before == 0;
        assert!(is_first || self.n_slots == n_slots, "as many currents as before");
        self.n_slots = n_slots;
        self.n_in_sum += 1;
        if !self.is_due(step) {
            self.sum.resize(n_slots, F8::ZERO);
            let sum = self.sum.as_mut_slice();
            return Some(if n_before == 0 {
                Destination::copy(sum)
            } else {
                Destination::add(sum)
            });
        }
        let first = self.n_samples * n_slots;
        if self.samples.len() < first + n_slots {
            self.samples.resize(first + n_slots, F8::ZERO);
        }
        let sample = &mut self.samples[first..first + n_slots];
        (self.n_samples, self.n_in_sum) = (self.n_samples + 1, 0);
        Some(match n_before {
            0 => Destination::copy(sample),
            _ => Destination::mean(sample, &self.sum, 1.0 / (n_before + 1) as f64),
        })
    }

    /// What was pushed (currents in nA, potentials in mV) of the finished samples since the last call
    /// of [`clear`](Self::clear), or its means, one after the other.
    pub fn samples(&self) -> &[F8] {
        &self.samples[..self.n_samples * self.n_slots]
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
        (self.n_slots, self.sum, self.n_in_sum) = (sum.len(), sum, n_in_sum);
    }

    /// Forgets the finished samples; the one under way stays.
    pub fn clear(&mut self) {
        self.n_samples = 0;
    }
}
