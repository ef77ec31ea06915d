//! Means over traces.

use crate::error::{AnalysisError, Result};

/// Mean of some traces at each sample; values that are NaN are left out, and where all are, the mean
/// is NaN.
///
/// # Errors
/// Traces of different lengths.
pub fn mean_over(traces: &[&[f64]]) -> Result<Vec<f64>> {
    over(traces, |values| values.clone().sum::<f64>() / values.count() as f64)
}

/// Standard deviation of some traces at each sample, `sqrt(mean((x - mean(x))^2))`; values that are
/// NaN are left out.
///
/// # Errors
/// Traces of different lengths.
pub fn std_over(traces: &[&[f64]]) -> Result<Vec<f64>> {
    over(traces, |values| {
        let n = values.clone().count() as f64;
        let mean = values.clone().sum::<f64>() / n;
        (values.map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt()
    })
}

/// Applies `of` to the numbers of all traces at each sample.
fn over(traces: &[&[f64]], of: impl Fn(Numbers<'_>) -> f64) -> Result<Vec<f64>> {
    let expected = traces.first().map_or(0, |trace| trace.len());
    if let Some(index) = traces.iter().position(|trace| trace.len() != expected) {
        return Err(AnalysisError::Length { index, found: traces[index].len(), expected });
    }
    Ok((0..expected).map(|at| of(Numbers { traces, at })).collect())
}

/// The values of traces at one sample that are numbers.
#[derive(Clone)]
struct Numbers<'t> {
    traces: &'t [&'t [f64]],
    at: usize,
}

impl Iterator for Numbers<'_> {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        while let Some((first, rest)) = self.traces.split_first() {
            self.traces = rest;
            if !first[self.at].is_nan() {
                return Some(first[self.at]);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_leave_out_what_is_missing() {
        let traces: [&[f64]; 3] =
            [&[1.0, f64::NAN, f64::NAN], &[3.0, 4.0, f64::NAN], &[5.0, 8.0, f64::NAN]];
        let mean = mean_over(&traces).unwrap();
        assert_eq!(mean[..2], [3.0, 6.0]);
        assert!(mean[2].is_nan());
        let std = std_over(&traces).unwrap();
        assert!((std[0] - (8.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(std[1], 2.0);
    }

    #[test]
    fn traces_of_different_lengths_are_an_error() {
        let error = mean_over(&[&[1.0], &[1.0, 2.0]]).unwrap_err().to_string();
        assert_eq!(error, "trace 1 has 2 samples, the first 1");
        assert_eq!(mean_over(&[]), Ok(Vec::new()));
    }
}
