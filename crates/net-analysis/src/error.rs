//! What can be wrong with what is to be analyzed.

/// Result of this crate's functions.
pub type Result<T, E = AnalysisError> = std::result::Result<T, E>;

/// What can be wrong with what is to be analyzed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnalysisError {
    /// A parameter that is not allowed.
    #[error("{quantity} is {value}; expected {expected}")]
    Value {
        /// The parameter, with its unit.
        quantity: &'static str,
        /// What was given.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// A time window that is empty, reversed or not finite.
    #[error("the time window is {start_ms} to {stop_ms} ms; it must end after it starts")]
    Window {
        /// First time in ms.
        start_ms: f64,
        /// Last time in ms.
        stop_ms: f64,
    },
    /// A signal that is shorter than a segment of its spectrum.
    #[error(
        "the signal has {n_samples} samples, a segment {n_segment}; give a longer signal or a shorter \
         segment"
    )]
    TooShort {
        /// Samples there are.
        n_samples: usize,
        /// Samples of a segment.
        n_segment: usize,
    },
    /// Traces that should have as many samples as the first one.
    #[error("trace {index} has {found} samples, the first {expected}")]
    Length {
        /// Which trace.
        index: usize,
        /// Its samples.
        found: usize,
        /// Samples of the first.
        expected: usize,
    },
}

/// Checks that a parameter is a positive number.
pub(crate) fn positive(quantity: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    Err(AnalysisError::Value { quantity, value, expected: "a finite number above 0" })
}

/// Checks that a window ends after it starts.
pub(crate) fn window((start_ms, stop_ms): (f64, f64)) -> Result<(f64, f64)> {
    if start_ms.is_finite() && stop_ms.is_finite() && start_ms < stop_ms {
        return Ok((start_ms, stop_ms));
    }
    Err(AnalysisError::Window { start_ms, stop_ms })
}
