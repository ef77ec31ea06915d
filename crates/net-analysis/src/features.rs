//! Features of spike trains and of the shape of spikes.

use crate::error::{AnalysisError, Result, positive};
use crate::intervals::{coefficient_of_variation, intervals_ms};

/// What describes a spike train; times in ms.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct TrainFeatures {
    /// Spikes.
    pub count: usize,
    /// The first spike.
    pub first_ms: Option<f64>,
    /// The second.
    pub second_ms: Option<f64>,
    /// The third.
    pub third_ms: Option<f64>,
    /// The last.
    pub last_ms: Option<f64>,
    /// Coefficient of variation of the intervals.
    pub interval_cv: Option<f64>,
}

/// Features of the spikes at `times_ms`, in any order: those of CompNeuroPy's
/// `get_spike_features_of_chunk`.
pub fn train_features(times_ms: &[f64]) -> TrainFeatures {
    let mut times = times_ms.to_vec();
    times.sort_unstable_by(f64::total_cmp);
    let at = |index: usize| times.get(index).copied();
    TrainFeatures {
        count: times.len(),
        first_ms: at(0),
        second_ms: at(1),
        third_ms: at(2),
        last_ms: times.last().copied(),
        interval_cv: coefficient_of_variation(&intervals_ms(&times)),
    }
}

/// The shape of one spike in a trace of the membrane potential.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpikeShape {
    /// When the potential rose above the threshold, linear between samples, in ms.
    pub time_ms: f64,
    /// Highest sample in mV.
    pub peak_mv: f64,
    /// Its time in ms.
    pub peak_time_ms: f64,
    /// `peak - threshold` in mV.
    pub amplitude_mv: f64,
    /// Time above the middle of threshold and peak in ms, linear between samples; absent if the
    /// trace ends before.
    pub half_width_ms: Option<f64>,
    /// Lowest sample after the spike, until the next one or the end, in mV; absent if the trace ends
    /// before the potential is below the threshold again.
    pub trough_mv: Option<f64>,
    /// Its time in ms.
    pub trough_time_ms: Option<f64>,
}

/// The spikes of a trace: where it rises through `threshold_mv` from below or equal to above. A trace
/// that starts above begins with no spike.
///
/// # Errors
/// A `dt_ms` that is not positive, a threshold or sample that is not finite.
pub fn spike_shapes(
    values_mv: &[f64],
    start_ms: f64,
    dt_ms: f64,
    threshold_mv: f64,
) -> Result<Vec<SpikeShape>> {
    let dt_ms = positive("the time between samples (ms)", dt_ms)?;
    let quantity = "a sample or threshold (mV)";
    let all = values_mv.iter().chain([&threshold_mv]);
    if let Some(&value) = all.into_iter().find(|value| !value.is_finite()) {
        return Err(AnalysisError::Value { quantity, value, expected: "a finite number" });
    }
    let rises: Vec<usize> = (1..values_mv.len())
        .filter(|&at| values_mv[at - 1] <= threshold_mv && threshold_mv < values_mv[at])
        .collect();
    let ends = rises.iter().skip(1).copied().chain([values_mv.len()]);
    let time_ms = |at: f64| start_ms + at * dt_ms;
    let shape = |(&rise, end): (&usize, usize)| {
        let fall = (rise..end).find(|&at| values_mv[at] <= threshold_mv);
        let peak = highest(&values_mv[rise..fall.unwrap_or(end)]) + rise;
        let peak_mv = values_mv[peak];
        let half_mv = 0.5 * (peak_mv + threshold_mv);
        let up = (rise..=peak).find(|&at| values_mv[at] > half_mv);
        let down = (peak..end).find(|&at| values_mv[at] <= half_mv);
        let width = up.zip(down).map(|(up, down)| {
            crossing(values_mv, down, half_mv) - crossing(values_mv, up, half_mv)
        });
        // The last sample before the next spike is below the threshold, too.
        let trough = fall.map(|fall| {
            let lowest = (fall..end).rev().min_by(|&a, &b| values_mv[a].total_cmp(&values_mv[b]));
            lowest.unwrap_or(fall)
        });
        SpikeShape {
            time_ms: time_ms(crossing(values_mv, rise, threshold_mv)),
            peak_mv,
            peak_time_ms: time_ms(peak as f64),
            amplitude_mv: peak_mv - threshold_mv,
            half_width_ms: width.map(|samples| samples * dt_ms),
            trough_mv: trough.map(|at| values_mv[at]),
            trough_time_ms: trough.map(|at| time_ms(at as f64)),
        }
    };
    Ok(rises.iter().zip(ends).map(shape).collect())
}

/// Index of the first highest value.
fn highest(values: &[f64]) -> usize {
    (0..values.len()).rev().max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(0)
}

/// Where the line from the sample before `at` to the one at `at` has `level`, in samples.
fn crossing(values: &[f64], at: usize, level: f64) -> f64 {
    let Some(before) = at.checked_sub(1) else { return 0.0 };
    let (low, high) = (values[before], values[at]);
    if low == high { at as f64 } else { before as f64 + (level - low) / (high - low) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn features_of_few_spikes() {
        assert_eq!(train_features(&[]), TrainFeatures::default());
        let found = train_features(&[30.0, 10.0]);
        let (first_ms, last_ms) = (Some(10.0), Some(30.0));
        let second_ms = last_ms;
        let interval_cv = Some(0.0);
        let third_ms = None;
        let expected =
            TrainFeatures { count: 2, first_ms, second_ms, third_ms, last_ms, interval_cv };
        assert_eq!(found, expected);
    }

    /// From -70 up to 30 mV with 20 mV/ms and down to -80 with 10 mV/ms, every 0.5 ms.
    fn triangle() -> Vec<f64> {
        let up = (0..10).map(|k| -70.0 + 10.0 * f64::from(k));
        let down = (0..=22).map(|k| 30.0 - 5.0 * f64::from(k));
        up.chain(down).collect()
    }

    #[test]
    fn a_triangle_has_the_shape_of_a_triangle() {
        let found = spike_shapes(&triangle(), 100.0, 0.5, -45.0).unwrap();
        let [spike] = found[..] else { panic!("{found:?}") };
        assert_relative_eq!(spike.time_ms, 100.0 + 25.0 / 20.0, max_relative = 1e-12);
        assert_eq!((spike.peak_mv, spike.peak_time_ms), (30.0, 105.0));
        assert_eq!(spike.amplitude_mv, 75.0);
        // 37.5 mV at 20 mV/ms and back at 10 mV/ms.
        assert_relative_eq!(spike.half_width_ms.unwrap(), 37.5 / 20.0 + 37.5 / 10.0);
        assert_eq!((spike.trough_mv, spike.trough_time_ms), (Some(-80.0), Some(116.0)));
    }

    #[test]
    fn spikes_follow_each_other() {
        let twice = [triangle(), triangle()].concat();
        let found = spike_shapes(&twice, 0.0, 0.5, -45.0).unwrap();
        assert_eq!(found.len(), 2);
        assert_relative_eq!(found[1].time_ms - found[0].time_ms, 16.5, max_relative = 1e-12);
        assert_eq!(found[0].trough_mv, Some(-80.0));
    }

    #[test]
    fn a_trace_that_ends_in_a_spike_or_starts_in_one() {
        let found = spike_shapes(&triangle()[..12], 0.0, 0.5, -45.0).unwrap();
        assert_eq!((found[0].half_width_ms, found[0].trough_mv), (None, None));
        assert_eq!(spike_shapes(&triangle()[8..], 0.0, 0.5, -45.0), Ok(Vec::new()));
        assert_eq!(spike_shapes(&[], 0.0, 0.5, -45.0), Ok(Vec::new()));
        assert!(spike_shapes(&[f64::NAN], 0.0, 0.5, -45.0).is_err());
        assert!(spike_shapes(&[0.0], 0.0, 0.0, -45.0).is_err());
    }
}
