//! Intervals between the spikes of a cell, and how they vary.

use crate::error::{AnalysisError, Result, positive};

/// Intervals between consecutive spikes in ms, from times in any order: `t[i+1] - t[i]`.
pub fn intervals_ms(times_ms: &[f64]) -> Vec<f64> {
    let mut times = times_ms.to_vec();
    times.sort_unstable_by(f64::total_cmp);
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Standard deviation of intervals divided by their mean: 0 for a clock, 1 for a Poisson process.
///
/// `CV = sqrt(mean((x - mean(x))^2)) / mean(x)`, the standard deviation of what is given (as
/// `numpy.std`, not of a sample). None without intervals, or if their mean is 0.
pub fn coefficient_of_variation(intervals: &[f64]) -> Option<f64> {
    let n = intervals.len() as f64;
    let mean = intervals.iter().sum::<f64>() / n;
    let variance = intervals.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    (mean > 0.0).then(|| variance.sqrt() / mean)
}

/// Local variation of intervals, which slow changes of the rate do not raise: 0 for a clock, 1 for
/// a Poisson process.
///
/// `LV = 3 / (n-1) sum_i ((x[i] - x[i+1]) / (x[i] + x[i+1]))^2` (Shinomoto, Shima and Tanji 2003).
/// None with less than two intervals.
pub fn local_variation(intervals: &[f64]) -> Option<f64> {
    let n_pairs = intervals.len().checked_sub(1).filter(|&n| n > 0)?;
    let square = |pair: &[f64]| {
        let sum = pair[0] + pair[1];
        if sum > 0.0 { ((pair[0] - pair[1]) / sum).powi(2) } else { 0.0 }
    };
    Some(3.0 * intervals.windows(2).map(square).sum::<f64>() / n_pairs as f64)
}

/// Mean rate in Hz of `n_cells` that spiked `n_spikes` times in `duration_ms`:
/// `n_spikes / n_cells / duration`; 0 without cells.
///
/// # Errors
/// A duration that is not positive.
pub fn mean_rate_hz(n_spikes: u64, n_cells: u64, duration_ms: f64) -> Result<f64> {
    let duration_ms = positive("the duration (ms)", duration_ms)?;
    if n_cells == 0 {
        return Ok(0.0);
    }
    Ok(n_spikes as f64 / n_cells as f64 / duration_ms * 1e3)
}

/// How values are distributed.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Edges of the bins, one more than bins.
    pub edges: Vec<f64>,
    /// Values in each bin.
    pub counts: Vec<u64>,
    /// Density of each bin, in one over the unit of the values: its integral is 1, or 0 without
    /// values.
    pub density: Vec<f64>,
}

/// Counts values in `n_bins` equal bins of `range`; the last bin includes its upper edge, values
/// outside are left out, as `numpy.histogram` does.
///
/// # Errors
/// A range that is empty or not finite, or no bins.
pub fn histogram(values: &[f64], n_bins: usize, range: (f64, f64)) -> Result<Histogram> {
    let width = positive("the range of the histogram", range.1 - range.0)?;
    if n_bins == 0 {
        let (quantity, expected) = ("the number of bins", "at least 1");
        return Err(AnalysisError::Value { quantity, value: 0.0, expected });
    }
    let edge = |i: usize| range.0 + width * i as f64 / n_bins as f64;
    let edges: Vec<f64> = (0..=n_bins).map(edge).collect();
    let mut counts = vec![0_u64; n_bins];
    for &value in values.iter().filter(|&&value| range.0 <= value && value <= range.1) {
        counts[edges.partition_point(|&edge| edge <= value).clamp(1, n_bins) - 1] += 1;
    }
    let all = counts.iter().sum::<u64>().max(1) as f64 * width / n_bins as f64;
    let density = counts.iter().map(|&n| n as f64 / all).collect();
    Ok(Histogram { edges, counts, density })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn a_clock_does_not_vary() {
        let intervals = intervals_ms(&[30.0, 10.0, 20.0, 40.0]);
        assert_eq!(intervals, [10.0; 3]);
        assert_eq!(coefficient_of_variation(&intervals), Some(0.0));
        assert_eq!(local_variation(&intervals), Some(0.0));
    }

    #[test]
    fn two_intervals_in_turn() {
        // Mean 2, deviation 1; every pair differs by 2 of 4.
        let intervals: Vec<f64> = (0..10).map(|i| if i % 2 == 0 { 1.0 } else { 3.0 }).collect();
        assert_relative_eq!(coefficient_of_variation(&intervals).unwrap(), 0.5);
        assert_relative_eq!(local_variation(&intervals).unwrap(), 0.75);
    }

    #[test]
    fn quantiles_of_an_exponential_vary_by_one() {
        let n = 200_000;
        let quantile = |i: usize| -(1.0 - (i as f64 + 0.5) / n as f64).ln();
        let intervals: Vec<f64> = (0..n).map(quantile).collect();
        assert_relative_eq!(
            coefficient_of_variation(&intervals).unwrap(),
            1.0,
            max_relative = 2e-4
        );
    }

    #[test]
    fn too_few_spikes_have_no_variation() {
        assert_eq!(coefficient_of_variation(&intervals_ms(&[3.0])), None);
        assert_eq!(local_variation(&[2.0]), None);
        assert_eq!(coefficient_of_variation(&[]), None);
    }

    #[test]
    fn rates_are_spikes_per_cell_and_second() {
        assert_relative_eq!(mean_rate_hz(50, 10, 500.0).unwrap(), 10.0);
        assert_eq!(mean_rate_hz(0, 0, 500.0), Ok(0.0));
        assert!(mean_rate_hz(1, 1, 0.0).unwrap_err().to_string().contains("duration"));
    }

    #[test]
    fn histograms_are_those_of_numpy() {
        // numpy.histogram([0, 1, 1.5, 2, 5], 2, (0, 2))
        let found = histogram(&[0.0, 1.0, 1.5, 2.0, 5.0], 2, (0.0, 2.0)).unwrap();
        assert_eq!(found.edges, [0.0, 1.0, 2.0]);
        assert_eq!(found.counts, [1, 3]);
        assert_eq!(found.density, [0.25, 0.75]);
        assert_eq!(histogram(&[], 3, (0.0, 1.0)).unwrap().density, [0.0; 3]);
        assert!(histogram(&[], 0, (0.0, 1.0)).is_err());
        assert!(histogram(&[], 1, (1.0, 1.0)).is_err());
    }
}
