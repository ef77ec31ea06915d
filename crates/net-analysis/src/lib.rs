//! Analysis of what a simulation recorded: rates, intervals between spikes, power spectra, features
//! of spikes, means over traces.
//!
//! Functions take plain numbers and know neither files nor simulations. Times are in ms, potentials
//! in mV, rates and frequencies in Hz. Each function states its formula and where it is from.
//!
//! ```
//! use net_analysis::{Smoothing, coefficient_of_variation, intervals_ms, population_rate};
//!
//! let spikes_ms: Vec<f64> = (0..100).map(|i| 10.0 * f64::from(i)).collect();
//! let rate = population_rate(&spikes_ms, 1, (0.0, 1000.0), 1.0, Smoothing::Window { width_ms: 50.0 })?;
//! assert!((rate.hz[500] - 100.0).abs() < 1e-9);
//! assert_eq!(coefficient_of_variation(&intervals_ms(&spikes_ms)), Some(0.0));
//! # Ok::<(), net_analysis::AnalysisError>(())
//! ```

mod error;
mod features;
mod intervals;
mod rate;
mod spectrum;
mod traces;

pub use error::{AnalysisError, Result};
pub use features::{SpikeShape, TrainFeatures, spike_shapes, train_features};
pub use intervals::{
    Histogram, coefficient_of_variation, histogram, intervals_ms, local_variation, mean_rate_hz,
};
pub use rate::{PopulationRate, Smoothing, instantaneous_rate, optimal_bin_ms, population_rate};
pub use spectrum::{Scaling, Spectrum, Taper, Welch, population_spectrum};
pub use traces::{mean_over, std_over};
