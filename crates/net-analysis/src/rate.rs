//! The rate of a population over time.

use crate::error::{AnalysisError, Result, positive, window};

/// Rates on a grid of times.
#[derive(Clone, Debug, PartialEq)]
pub struct PopulationRate {
    /// Start of the first bin in ms.
    pub start_ms: f64,
    /// Width of a bin in ms.
    pub step_ms: f64,
    /// Spikes per cell and second, one value a bin, at its middle.
    pub hz: Vec<f64>,
}

impl PopulationRate {
    /// The middles of the bins in ms.
    pub fn times_ms(&self) -> Vec<f64> {
        (0..self.hz.len()).map(|k| self.start_ms + (k as f64 + 0.5) * self.step_ms).collect()
    }
}

/// How a rate is smoothed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Smoothing {
    /// Not at all: spikes of a bin over its width.
    Bins,
    /// Spikes within half a width before and after, over that time; at the ends the part of the
    /// window that lies within.
    Window {
        /// Width in ms.
        width_ms: f64,
    },
    /// Weights of a normal law around each bin, cut at four deviations, over their sum within the
    /// window.
    Gaussian {
        /// Standard deviation in ms.
        sigma_ms: f64,
    },
    /// A low-pass filter of first order, causal: `x += (r - x) step / tau` from 0 on, as ANNarchy's
    /// `population_rate`.
    LowPass {
        /// Time constant in ms, at least the step.
        tau_ms: f64,
    },
    /// A window of the width that [`optimal_bin_ms`] finds.
    Automatic,
}

/// Rate of `n_cells` that spiked at `times_ms` (all cells', in any order), in bins of `step_ms` of
/// the window from start to stop (ms); spikes at the stop or outside are left out.
///
/// In a bin, `r = n / (n_cells step)`. What smoothing makes of it is said there.
///
/// # Errors
/// A window, step or width that is not positive.
pub fn population_rate(
    times_ms: &[f64],
    n_cells: u64,
    window_ms: (f64, f64),
    step_ms: f64,
    smoothing: Smoothing,
) -> Result<PopulationRate> {
    let (start_ms, stop_ms) = window(window_ms)?;
    let step_ms = positive("the step (ms)", step_ms)?;
    // Slack for a step that is not exact in binary.
    let n_bins = ((stop_ms - start_ms) / step_ms - 1e-9).ceil().max(1.0) as usize;
    let within = |t: &&f64| start_ms <= **t && **t < stop_ms;
    let mut times: Vec<f64> = times_ms.iter().filter(within).copied().collect();
    times.sort_unstable_by(f64::total_cmp);
    let per_cell = if n_cells == 0 { 0.0 } else { 1e3 / n_cells as f64 };
    let hz = match smoothing {
        Smoothing::Bins => binned(&times, start_ms, step_ms, n_bins),
        Smoothing::Window { width_ms } => {
            let width_ms = positive("the width of the window (ms)", width_ms)?;
            windowed(&times, (start_ms, stop_ms), step_ms, n_bins, width_ms)
        }
        Smoothing::Gaussian { sigma_ms } => {
            let sigma_ms = positive("the standard deviation (ms)", sigma_ms)?;
            gaussian(&binned(&times, start_ms, step_ms, n_bins), sigma_ms / step_ms)
        }
        Smoothing::LowPass { tau_ms } => {
            if !(tau_ms >= step_ms && tau_ms.is_finite()) {
                let (quantity, expected) = ("the time constant (ms)", "at least the step");
                return Err(AnalysisError::Value { quantity, value: tau_ms, expected });
            }
            low_pass(&binned(&times, start_ms, step_ms, n_bins), step_ms / tau_ms)
        }
        Smoothing::Automatic => {
            let width_ms = optimal_bin_ms(&times, (start_ms, stop_ms), step_ms)?;
            windowed(&times, (start_ms, stop_ms), step_ms, n_bins, width_ms)
        }
    };
    let hz = hz.into_iter().map(|per_ms| per_ms * per_cell).collect();
    Ok(PopulationRate { start_ms, step_ms, hz })
}

/// Spikes per ms in each bin.
fn binned(times: &[f64], start_ms: f64, step_ms: f64, n_bins: usize) -> Vec<f64> {
    let mut counts = vec![0_u64; n_bins];
    for t_ms in times {
        // A spike a rounding error below an edge belongs to the edge.
        let bin = ((t_ms - start_ms) / step_ms + 1e-9) as usize;
        counts[bin.min(n_bins - 1)] += 1;
    }
    counts.into_iter().map(|n| n as f64 / step_ms).collect()
}

/// Spikes per ms in a window around the middle of each bin.
fn windowed(
    times: &[f64],
    (start_ms, stop_ms): (f64, f64),
    step_ms: f64,
    n_bins: usize,
    width_ms: f64,
) -> Vec<f64> {
    let rate = |bin: usize| {
        let middle_ms = start_ms + (bin as f64 + 0.5) * step_ms;
        let from_ms = (middle_ms - 0.5 * width_ms).max(start_ms);
        let to_ms = (middle_ms + 0.5 * width_ms).min(stop_ms);
        let before = |t_ms: f64| times.partition_point(|&t| t < t_ms);
        (before(to_ms) - before(from_ms)) as f64 / (to_ms - from_ms)
    };
    (0..n_bins).map(rate).collect()
}

/// Means of neighbors with weights of a normal law of `sigma` bins.
fn gaussian(values: &[f64], sigma: f64) -> Vec<f64> {
    let reach = (4.0 * sigma).ceil() as usize;
    let weights: Vec<f64> =
        (0..=reach).map(|k| (-0.5 * (k as f64 / sigma).powi(2)).exp()).collect();
    let mean = |at: usize| {
        let near = at.saturating_sub(reach)..(at + reach + 1).min(values.len());
        let (sum, all) = near.fold((0.0, 0.0), |(sum, all), other| {
            let weight = weights[other.abs_diff(at)];
            (sum + weight * values[other], all + weight)
        });
        sum / all
    };
    (0..values.len()).map(mean).collect()
}

/// `x += (r - x) share`, from 0 on.
fn low_pass(values: &[f64], share: f64) -> Vec<f64> {
    let mut x = 0.0;
    let mut next = |value: &f64| {
        x += (value - x) * share;
        x
    };
    values.iter().map(&mut next).collect()
}

/// Width of bins in ms that resolves most of a rate's changes without showing chance:
/// the width that minimizes `C = (2 mean(k) - var(k)) / width^2` over the counts `k` of bins
/// (Shimazaki and Shinomoto 2007), tried for 2, 3, ... bins down to a width of `shortest_ms` in
/// steps of 5 %. The whole window if there are less than two spikes.
///
/// # Errors
/// A window or shortest width that is not positive.
pub fn optimal_bin_ms(times_ms: &[f64], window_ms: (f64, f64), shortest_ms: f64) -> Result<f64> {
    let (start_ms, stop_ms) = window(window_ms)?;
    let shortest_ms = positive("the shortest width (ms)", shortest_ms)?;
    let duration_ms = stop_ms - start_ms;
    let within = |t: &&f64| start_ms <= **t && **t < stop_ms;
    let times: Vec<f64> = times_ms.iter().filter(within).copied().collect();
    let (mut best_ms, mut least) = (duration_ms, f64::INFINITY);
    if times.len() < 2 {
        return Ok(best_ms);
    }
    let mut n_bins = 2_usize;
    while duration_ms / n_bins as f64 >= shortest_ms {
        let width_ms = duration_ms / n_bins as f64;
        let mut counts = vec![0.0; n_bins];
        for t_ms in &times {
            counts[(((t_ms - start_ms) / width_ms) as usize).min(n_bins - 1)] += 1.0;
        }
        let mean = times.len() as f64 / n_bins as f64;
        let variance = counts.iter().map(|k: &f64| (k - mean).powi(2)).sum::<f64>() / n_bins as f64;
        let cost = (2.0 * mean - variance) / width_ms.powi(2);
        if cost < least {
            (best_ms, least) = (width_ms, cost);
        }
        n_bins = (n_bins + 1).max((1.05 * n_bins as f64) as usize);
    }
    Ok(best_ms)
}

/// Rate of one cell from spike to spike in Hz: `1000 / interval` from the first spike of an interval
/// until the next, 0 before the first and after the last; at the middles of bins.
///
/// # Errors
/// A window or step that is not positive.
pub fn instantaneous_rate(
    times_ms: &[f64],
    window_ms: (f64, f64),
    step_ms: f64,
) -> Result<PopulationRate> {
    let (start_ms, stop_ms) = window(window_ms)?;
    let step_ms = positive("the step (ms)", step_ms)?;
    let n_bins = ((stop_ms - start_ms) / step_ms - 1e-9).ceil().max(1.0) as usize;
    let mut times = times_ms.to_vec();
    times.sort_unstable_by(f64::total_cmp);
    let rate = |bin: usize| {
        let middle_ms = start_ms + (bin as f64 + 0.5) * step_ms;
        let next = times.partition_point(|&t| t <= middle_ms);
        let last = next.checked_sub(1).map(|at| times[at]);
        last.zip(times.get(next)).map_or(0.0, |(last, next)| 1e3 / (next - last))
    };
    Ok(PopulationRate { start_ms, step_ms, hz: (0..n_bins).map(rate).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    /// Two cells, each every 10 ms.
    fn clock() -> Vec<f64> {
        (0..200).map(|i| 5.0 * f64::from(i) + 2.5).collect()
    }

    fn rate(times: &[f64], n_cells: u64, smoothing: Smoothing) -> Vec<f64> {
        population_rate(times, n_cells, (0.0, 1000.0), 1.0, smoothing).unwrap().hz
    }

    #[test]
    fn bins_count_spikes_per_cell_and_second() {
        let found = population_rate(&[0.0, 0.3, 1.0, 2.5], 2, (0.0, 2.5), 1.0, Smoothing::Bins);
        let found = found.unwrap();
        assert_eq!(found.times_ms(), [0.5, 1.5, 2.5]);
        assert_eq!(found.hz, [1000.0, 500.0, 0.0]);
    }

    #[test]
    fn a_step_that_is_not_binary_makes_no_bin_too_many() {
        let times: Vec<f64> = (0..3000).map(|k| f64::from(k) * 0.1).collect();
        let found = population_rate(&times, 1, (0.0, 300.0), 0.1, Smoothing::Bins).unwrap();
        assert_eq!(found.hz.len(), 3000);
        found.hz.iter().for_each(|&hz| assert_relative_eq!(hz, 1e4, max_relative = 1e-12));
    }

    #[test]
    fn a_clock_has_a_constant_rate() {
        for hz in rate(&clock(), 2, Smoothing::Window { width_ms: 50.0 })[50..950].iter() {
            assert_relative_eq!(*hz, 100.0, max_relative = 1e-12);
        }
        for hz in rate(&clock(), 2, Smoothing::Gaussian { sigma_ms: 20.0 })[100..900].iter() {
            assert_relative_eq!(*hz, 100.0, max_relative = 1e-3);
        }
    }

    #[test]
    fn smoothing_keeps_the_number_of_spikes() {
        for smoothing in [
            Smoothing::Bins,
            Smoothing::Window { width_ms: 30.0 },
            Smoothing::Gaussian { sigma_ms: 10.0 },
        ] {
            let sum: f64 = rate(&[500.2], 1, smoothing).iter().map(|hz| hz * 1e-3).sum();
            assert_relative_eq!(sum, 1.0, max_relative = 1e-12);
        }
    }

    #[test]
    fn a_normal_law_is_a_normal_law() {
        let found = rate(&[500.5], 1, Smoothing::Gaussian { sigma_ms: 10.0 });
        let density = |t: f64| {
            (-0.5 * (t / 10.0).powi(2)).exp() / (10.0 * (2.0 * std::f64::consts::PI).sqrt())
        };
        for (at, hz) in found.iter().enumerate().take(530).skip(470) {
            // The cut at four deviations takes 6e-5 of the weight.
            assert_relative_eq!(*hz, 1e3 * density(at as f64 - 500.0), max_relative = 1e-4);
        }
    }

    #[test]
    fn a_low_pass_decays_by_one_share_a_step() {
        let found = rate(&[100.5], 1, Smoothing::LowPass { tau_ms: 20.0 });
        assert_eq!(found[99], 0.0);
        for (k, hz) in found[100..].iter().enumerate() {
            let expected = 1000.0 / 20.0 * (1.0 - 1.0 / 20.0_f64).powi(k as i32);
            assert_relative_eq!(*hz, expected, max_relative = 1e-9);
        }
        assert!(
            population_rate(&[], 1, (0.0, 9.0), 1.0, Smoothing::LowPass { tau_ms: 0.5 }).is_err()
        );
    }

    #[test]
    fn the_best_bins_of_bursts_are_the_bursts() {
        // 40 spikes in every second 50 ms, none in between.
        let burst = |k: u32| {
            (0..40).map(move |i| 100.0 * f64::from(k) + 50.0 * (f64::from(i) + 0.5) / 40.0)
        };
        let times: Vec<f64> = (0..10).flat_map(burst).collect();
        assert_relative_eq!(optimal_bin_ms(&times, (0.0, 1000.0), 2.0).unwrap(), 50.0);
        let automatic = rate(&times, 1, Smoothing::Automatic);
        assert_eq!(automatic, rate(&times, 1, Smoothing::Window { width_ms: 50.0 }));
    }

    #[test]
    fn few_spikes_are_one_bin() {
        assert_eq!(optimal_bin_ms(&[3.0], (0.0, 40.0), 1.0), Ok(40.0));
        assert_eq!(rate(&[], 5, Smoothing::Automatic), vec![0.0; 1000]);
        assert_eq!(rate(&[], 0, Smoothing::Bins), vec![0.0; 1000]);
    }

    #[test]
    fn rates_from_spike_to_spike() {
        let found = instantaneous_rate(&[14.0, 4.0, 39.0], (0.0, 50.0), 5.0).unwrap();
        assert_eq!(found.hz, [0.0, 100.0, 100.0, 40.0, 40.0, 40.0, 40.0, 40.0, 0.0, 0.0]);
    }

    #[test]
    fn windows_that_do_not_run_are_errors() {
        for window_ms in [(1.0, 1.0), (2.0, 1.0), (0.0, f64::NAN)] {
            assert!(matches!(
                population_rate(&[], 1, window_ms, 1.0, Smoothing::Bins),
                Err(AnalysisError::Window { .. })
            ));
        }
        assert!(population_rate(&[], 1, (0.0, 1.0), 0.0, Smoothing::Bins).is_err());
        let no_width = Smoothing::Window { width_ms: -1.0 };
        assert!(population_rate(&[], 1, (0.0, 1.0), 0.1, no_width).is_err());
    }
}
