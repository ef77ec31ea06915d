//! Statistics of samples, which are not kept.

use crate::error::Result;

/// Statistics of all samples so far, of each column, written at even intervals.
pub(crate) struct Statistics {
    columns: Vec<Moments>,
    every: u64,
    /// The step at which they are written next.
    next: u64,
}

/// Count, mean and sum of squared deviations (Welford 1962), and the range.
#[derive(Clone)]
struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
    minimum: f64,
    maximum: f64,
}

impl Statistics {
    /// Names of the columns, in their order.
    pub(crate) const NAMES: [&str; 5] = ["count", "mean", "variance", "minimum", "maximum"];

    /// Of `n` columns, written every `every` steps.
    pub(crate) fn new(n: usize, every: u64) -> Self {
        let none = Moments {
            count: 0,
            mean: 0.0,
            squares: 0.0,
            minimum: f64::INFINITY,
            maximum: f64::NEG_INFINITY,
        };
        Statistics { columns: vec![none; n], every, next: every }
    }

    /// The step at which they are written next.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Count, mean, sum of squared deviations, minimum and maximum of a column.
    pub(crate) fn moments(&self, at: usize) -> (u64, [f64; 4]) {
        let Moments { count, mean, squares, minimum, maximum } = self.columns[at];
        (count, [mean, squares, minimum, maximum])
    }

    /// Goes on from such moments of a column.
    pub(crate) fn restore(&mut self, at: usize, (count, numbers): (u64, [f64; 4]), next: u64) {
        let [mean, squares, minimum, maximum] = numbers;
        self.columns[at] = Moments { count, mean, squares, minimum, maximum };
        self.next = next;
    }

    /// Adds a sample of each column.
    pub(crate) fn add(&mut self, row: &[f64]) {
        for (moments, &sample) in self.columns.iter_mut().zip(row) {
            moments.count += 1;
            let deviation = sample - moments.mean;
            moments.mean += deviation / moments.count as f64;
            moments.squares += deviation * (sample - moments.mean);
            moments.minimum = moments.minimum.min(sample);
            moments.maximum = moments.maximum.max(sample);
        }
    }

    /// Writes what is due before a step: the samples up to the step at which it is due are in it.
    pub(crate) fn write_before(
        &mut self,
        step: u64,
        put: &mut impl FnMut(usize, &[f64]) -> Result<()>,
    ) -> Result<()> {
        while self.next < step {
            for (at, moments) in self.columns.iter().enumerate() {
                for (number, value) in moments.values().into_iter().enumerate() {
                    put(at * Self::NAMES.len() + number, &[value])?;
                }
            }
            self.next += self.every;
        }
        Ok(())
    }
}

impl Moments {
    /// In the order of their names; NaN where there is no sample. The variance is that of the samples
    /// themselves, divided by their number.
    fn values(&self) -> [f64; 5] {
        if self.count == 0 {
            return [0.0, f64::NAN, f64::NAN, f64::NAN, f64::NAN];
        }
        let count = self.count as f64;
        [count, self.mean, self.squares / count, self.minimum, self.maximum]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_those_of_the_samples_so_far() {
        let mut statistics = Statistics::new(1, 4);
        let mut written = Vec::new();
        let mut put = |at: usize, values: &[f64]| {
            written.push((at, values[0]));
            Ok(())
        };
        let sample = |step: u64| (step * step % 7) as f64;
        for step in 0..=9 {
            statistics.write_before(step, &mut put).unwrap();
            statistics.add(&[sample(step)]);
        }
        for (found, last) in written.chunks(5).zip([4_u64, 8]) {
            let samples: Vec<f64> = (0..=last).map(sample).collect();
            let count = samples.len() as f64;
            let mean = samples.iter().sum::<f64>() / count;
            let variance = samples.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / count;
            let minimum = samples.iter().copied().fold(f64::INFINITY, f64::min);
            let maximum = samples.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let expected = [count, mean, variance, minimum, maximum];
            for (number, (&(at, value), expected)) in found.iter().zip(expected).enumerate() {
                assert_eq!(at, number);
                assert!((value - expected).abs() < 1e-12, "{number}: {value} {expected}");
            }
        }
        assert_eq!(written.len(), 10);
    }
}
