//! Events on their way to point neurons: rings of sums, and Poisson input drawn step by step.

use net_core::StreamFamily;

use super::noise::{BATCH, fill_words};
use crate::state::Fingerprint;

/// Sums of what arrives at each neuron, for a number of steps ahead.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ring {
    /// Column of the target variable.
    pub(super) column: usize,
    /// Largest value of that variable when something has arrived.
    pub(super) limit: Option<f64>,
    /// Row by row, one double a neuron.
    sums: Vec<f64>,
    n_neurons: usize,
    mask: usize,
}

impl Ring {
    pub(super) fn new(column: usize, limit: Option<f64>, n_neurons: usize) -> Self {
        Ring { column, limit, sums: vec![0.0; n_neurons], n_neurons, mask: 0 }
    }

    /// Makes room for events of `n_steps` steps.
    pub(super) fn reserve(&mut self, n_steps: u64) {
        let n_rows = (n_steps.max(1) as usize).next_power_of_two();
        self.mask = n_rows - 1;
        self.sums = vec![0.0; n_rows * self.n_neurons];
    }

    /// What arrives at a step.
    #[inline]
    pub(super) fn row(&mut self, step: u64) -> &mut [f64] {
        let first = (step as usize & self.mask) * self.n_neurons;
        &mut self.sums[first..first + self.n_neurons]
    }

    /// What arrives from `first` on: number of the neuron, step, sum.
    pub(super) fn arriving(&self, first: u64) -> Vec<(u32, u64, f64)> {
        let mut all = Vec::new();
        for step in first..first + self.mask as u64 + 1 {
            let from = (step as usize & self.mask) * self.n_neurons;
            let row = self.sums[from..from + self.n_neurons].iter().zip(0..);
            let some = row.filter(|(sum, _)| sum.to_bits() != 0);
            all.extend(some.map(|(&sum, neuron)| (neuron, step, sum)));
        }
        all
    }

    /// Forgets all that arrives.
    pub(super) fn clear(&mut self) {
        self.sums.fill(0.0);
    }

    /// Number of steps for which there is room.
    pub(super) fn n_steps(&self) -> u64 {
        self.mask as u64 + 1
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.sums.len() * 8
    }
}

/// The law of a Poisson count, for 32 random bits.
///
/// Counts are those of the inverse of the cumulative distribution; its steps are rounded to 2^-32.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PoissonCounts {
    /// `thresholds[k]`: first word whose count is above `first + k`.
    thresholds: Vec<u32>,
    first: u32,
    /// For the leading bits of a word, the least count less `first`.
    guide: Vec<u16>,
}

const GUIDE_BITS: u32 = 12;

impl PoissonCounts {
    /// Largest mean that is drawn in one piece.
    pub(super) const MAX_MEAN: f64 = 1e6;

    pub(super) fn new(mean: f64) -> Self {
        let width = 8.0 * libm::sqrt(mean) + 40.0;
        let lowest = libm::floor((mean - width).max(0.0));
        let (mut sum, mut first, mut thresholds) = (0.0, lowest as u32, Vec::new());
        let mut k = lowest;
        while k <= mean + width {
            let log_pmf = if mean > 0.0 {
                k * libm::log(mean) - mean - libm::lgamma(k + 1.0)
            } else if k == 0.0 {
                0.0
            } else {
                f64::NEG_INFINITY
            };
            sum += libm::exp(log_pmf);
            let threshold = libm::rint(sum * 4_294_967_296.0);
            if threshold >= 4_294_967_295.0 {
                break;
            }
            if threshold > 0.0 {
                thresholds.push(threshold as u32);
            } else {
                first += 1;
            }
            k += 1.0;
        }
        let guide = (0..1_u32 << GUIDE_BITS).map(|bin| {
            let lowest = bin << (32 - GUIDE_BITS);
            thresholds.partition_point(|&threshold| threshold <= lowest) as u16
        });
        let guide = guide.collect();
        PoissonCounts { thresholds, first, guide }
    }

    /// Adds what the law is.
    pub(super) fn fingerprint(&self, of: &mut Fingerprint) {
        of.add(u64::from(self.first));
        self.thresholds.iter().for_each(|&threshold| of.add(u64::from(threshold)));
    }

    #[inline]
    pub(super) fn count(&self, word: u32) -> u32 {
        let mut k = usize::from(self.guide[(word >> (32 - GUIDE_BITS)) as usize]);
        while k < self.thresholds.len() && self.thresholds[k] <= word {
            k += 1;
        }
        self.first + k as u32
    }
}

/// Poisson events for every neuron, each train independent of the others.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PoissonDrive {
    pub(super) column: usize,
    pub(super) counts: PoissonCounts,
    /// One for all, or one a neuron.
    pub(super) weights: Vec<f64>,
    pub(super) family: StreamFamily,
    pub(super) number: u64,
    /// Steps in which events arrive.
    pub(super) steps: std::ops::Range<u64>,
    /// Words of four consecutive steps, for one batch of neurons after the other.
    words: Vec<[[u32; BATCH]; 4]>,
    /// First neuron and number of the four steps of `words`.
    drawn: Option<(usize, u64)>,
}

impl PoissonDrive {
    pub(super) fn new(
        column: usize,
        mean: f64,
        weights: Vec<f64>,
        (family, number): (StreamFamily, u64),
        steps: std::ops::Range<u64>,
    ) -> Self {
        let counts = PoissonCounts::new(mean);
        let (words, drawn) = (Vec::new(), None);
        PoissonDrive { column, counts, weights, family, number, steps, words, drawn }
    }

    /// Adds the events of a step to `to`, the target variables of the neurons `gids`, of which the
    /// first has the number `first`.
    pub(super) fn deliver(&mut self, first: usize, gids: &[u64], step: u64, to: &mut [f64]) {
        if !self.steps.contains(&step) {
            return;
        }
        let four = step / 4;
        if self.drawn != Some((first, four)) {
            self.words.resize(gids.len().div_ceil(BATCH), [[0; BATCH]; 4]);
            for (batch, words) in gids.chunks(BATCH).zip(&mut self.words) {
                fill_words(&self.family, batch, self.number, four as u32, words);
            }
            self.drawn = Some((first, four));
        }
        let which = (step % 4) as usize;
        for (batch, (to, words)) in to.chunks_mut(BATCH).zip(&self.words).enumerate() {
            let words = &words[which];
            if let [weight] = self.weights[..] {
                for (to, &word) in to.iter_mut().zip(words) {
                    *to += weight * f64::from(self.counts.count(word));
                }
            } else {
                let weights = &self.weights[first + batch * BATCH..];
                for ((to, &word), weight) in to.iter_mut().zip(words).zip(weights) {
                    *to += weight * f64::from(self.counts.count(word));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use net_core::Purpose;
    use statrs::distribution::{Discrete, Poisson};

    #[test]
    fn counts_follow_the_law() {
        for mean in [0.0, 0.03, 2.0, 11.5, 900.0] {
            let counts = PoissonCounts::new(mean);
            let family = StreamFamily::new(5, Purpose::Input, 1);
            let n = 200_000_u64;
            let mut found = std::collections::HashMap::new();
            for i in 0..n {
                *found.entry(counts.count(family.stream([i, 0]).bits32())).or_insert(0.0) += 1.0;
            }
            if mean == 0.0 {
                assert_eq!(found.len(), 1);
                continue;
            }
            let law = Poisson::new(mean).unwrap();
            let (mut chi2, mut dof) = (0.0, 0.0);
            for k in 0..2000 {
                let expected = n as f64 * law.pmf(k);
                if expected > 10.0 {
                    let count: f64 = found.get(&(k as u32)).copied().unwrap_or(0.0);
                    chi2 += (count - expected) * (count - expected) / expected;
                    dof += 1.0;
                }
            }
            assert!(chi2 < dof + 5.0 * f64::sqrt(2.0 * dof) + 5.0, "{mean}: {chi2} of {dof}");
        }
    }
}
