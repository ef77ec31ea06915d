//! Power spectra after Welch: means of periodograms of overlapping, tapered segments.

use realfft::RealFftPlanner;

use crate::error::{AnalysisError, Result, positive, window};

/// Power at frequencies from 0 to half the sampling rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// Frequencies in Hz: `k sampling / segment`.
    pub frequencies_hz: Vec<f64>,
    /// Power; its unit depends on the scaling.
    pub power: Vec<f64>,
}

/// The weights of a segment of N samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taper {
    /// `0.5 - 0.5 cos(2 pi k / N)`: Hann, periodic, as `scipy.signal` uses it for spectra.
    Hann,
    /// `0.5 - 0.5 cos(2 pi k / (N - 1))`: Hann, symmetric, as `numpy.hanning`.
    HannSymmetric,
    /// All 1.
    Flat,
}

/// What power means; `X` is the transform of a tapered segment, `w` are the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// Density in squared units per Hz: `2 |X|^2 / (sampling sum w^2)`, whose integral over
    /// frequencies is the variance; the 2 is left out at 0 and at half the sampling rate.
    Density,
    /// Squared units: `2 |X|^2 / (sum w)^2`; a sine of amplitude a shows a^2 / 2.
    Power,
    /// `|X|^2`.
    Raw,
}

/// Welch's method (Welch 1967): what `scipy.signal.welch` computes with the same settings.
///
/// ```
/// use net_analysis::Welch;
/// // A sine of 50 Hz, sampled at 1 kHz for 2 s.
/// let signal: Vec<f64> = (0..2000).map(|k| (0.1 * std::f64::consts::PI * f64::from(k)).sin()).collect();
/// let spectrum = Welch::new(500).spectrum(&signal, 1000.0)?;
/// let peak = spectrum.power.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
/// assert_eq!(spectrum.frequencies_hz[peak], 50.0);
/// # Ok::<(), net_analysis::AnalysisError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welch {
    /// Samples of a segment.
    pub n_segment: usize,
    /// Samples that neighbors share, fewer than a segment has.
    pub n_overlap: usize,
    /// Weights.
    pub taper: Taper,
    /// Whether the mean of each segment is taken off.
    pub remove_mean: bool,
    /// What power means.
    pub scaling: Scaling,
}

impl Welch {
    /// Hann's taper, half overlap, means taken off, density: the defaults of `scipy.signal.welch`.
    pub fn new(n_segment: usize) -> Self {
        Welch {
            n_segment,
            n_overlap: n_segment / 2,
            taper: Taper::Hann,
            remove_mean: true,
            scaling: Scaling::Density,
        }
    }

    /// The spectrum of a signal sampled at `sampling_hz`. Samples after the last whole segment are
    /// left out.
    ///
    /// # Errors
    /// A signal shorter than a segment, an empty segment or one that does not exceed the overlap, a
    /// sampling rate that is not positive.
    pub fn spectrum(&self, values: &[f64], sampling_hz: f64) -> Result<Spectrum> {
        let sampling_hz = positive("the sampling rate (Hz)", sampling_hz)?;
        let n = self.n_segment;
        if n == 0 || self.n_overlap >= n {
            let (quantity, expected) = ("the segment (samples)", "more than the overlap");
            return Err(AnalysisError::Value { quantity, value: n as f64, expected });
        }
        if values.len() < n {
            return Err(AnalysisError::TooShort { n_samples: values.len(), n_segment: n });
        }
        let weights = self.taper.weights(n);
        let transform = RealFftPlanner::<f64>::new().plan_fft_forward(n);
        let (mut segment, mut transformed) =
            (transform.make_input_vec(), transform.make_output_vec());
        let mut scratch = transform.make_scratch_vec();
        let mut power = vec![0.0; transformed.len()];
        let mut n_segments = 0.0;
        for from in (0..=values.len() - n).step_by(n - self.n_overlap) {
            let own = &values[from..from + n];
            let mean = if self.remove_mean { own.iter().sum::<f64>() / n as f64 } else { 0.0 };
            for ((to, value), weight) in segment.iter_mut().zip(own).zip(&weights) {
                *to = (value - mean) * weight;
            }
            // The buffers have the lengths that the plan gave them.
            transform
                .process_with_scratch(&mut segment, &mut transformed, &mut scratch)
                .map_err(|_| AnalysisError::TooShort { n_samples: values.len(), n_segment: n })?;
            power.iter_mut().zip(&transformed).for_each(|(power, x)| *power += x.norm_sqr());
            n_segments += 1.0;
        }
        let scale = match self.scaling {
            Scaling::Density => 1.0 / (sampling_hz * weights.iter().map(|w| w * w).sum::<f64>()),
            Scaling::Power => 1.0 / weights.iter().sum::<f64>().powi(2),
            Scaling::Raw => 1.0,
        };
        let is_own_mirror = |k: usize| k == 0 || 2 * k == n;
        for (k, power) in power.iter_mut().enumerate() {
            let sides = if is_own_mirror(k) || self.scaling == Scaling::Raw { 1.0 } else { 2.0 };
            *power *= sides * scale / n_segments;
        }
        let frequencies_hz = (0..power.len()).map(|k| k as f64 * sampling_hz / n as f64).collect();
        Ok(Spectrum { frequencies_hz, power })
    }
}

impl Taper {
    fn weights(self, n: usize) -> Vec<f64> {
        let hann = |k: usize, period: usize| {
            0.5 - 0.5 * (std::f64::consts::TAU * k as f64 / period.max(1) as f64).cos()
        };
        match self {
            Taper::Hann => (0..n).map(|k| hann(k, n)).collect(),
            Taper::HannSymmetric if n == 1 => vec![1.0],
            Taper::HannSymmetric => (0..n).map(|k| hann(k, n - 1)).collect(),
            Taper::Flat => vec![1.0; n],
        }
    }
}

/// Mean over cells of the power spectra of their spike trains, each a signal of step `step_ms` that
/// is 1 in steps with a spike and else 0: `|X|^2` of segments with half overlap and Hann's symmetric
/// taper, means not taken off, as CompNeuroPy's `get_population_power_spectrum`. The two lowest
/// frequencies, which show the mean, are left out.
///
/// `trains_ms` are the spike times of each cell, also of silent ones. Frequencies go up to
/// `500 / step_ms` Hz in steps of `1000 / (step_ms n_segment)`.
///
/// # Errors
/// As [`Welch::spectrum`]; a window that does not end after it starts.
pub fn population_spectrum(
    trains_ms: &[Vec<f64>],
    window_ms: (f64, f64),
    step_ms: f64,
    n_segment: usize,
) -> Result<Spectrum> {
    let (start_ms, stop_ms) = window(window_ms)?;
    let step_ms = positive("the step (ms)", step_ms)?;
    let n_steps = ((stop_ms - start_ms) / step_ms).round() as usize;
    let welch = Welch {
        taper: Taper::HannSymmetric,
        remove_mean: false,
        scaling: Scaling::Raw,
        ..Welch::new(n_segment)
    };
    let silent = vec![0.0; n_steps];
    let mut mean = welch.spectrum(&silent, 1e3 / step_ms)?;
    for times_ms in trains_ms {
        let mut train = silent.clone();
        for t_ms in times_ms {
            let step = ((t_ms - start_ms) / step_ms).round();
            if 0.0 <= step && step < n_steps as f64 {
                train[step as usize] = 1.0;
            }
        }
        let own = welch.spectrum(&train, 1e3 / step_ms)?;
        mean.power.iter_mut().zip(own.power).for_each(|(mean, own)| *mean += own);
    }
    mean.power.iter_mut().for_each(|power| *power /= trains_ms.len().max(1) as f64);
    let kept = 2.min(mean.power.len());
    // Half the sampling rate is its own mirror and left out as well.
    let end = (n_segment / 2).clamp(kept, mean.power.len());
    Ok(Spectrum {
        frequencies_hz: mean.frequencies_hz[kept..end].to_vec(),
        power: mean.power[kept..end].to_vec(),
    })
}
