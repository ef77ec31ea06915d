//! Random signals.

use net_core::random::{PolarNormal, Random123, gamma_numbers};

use super::{CellProperties, NOISE_DT_MS, Stimulus, StimulusError, Waveform, waveform};
use crate::config::{InputKind, Moments, ShotShape};

impl Stimulus {
    pub(super) fn random_waveform(
        &self,
        cell: &CellProperties,
        base: f64,
    ) -> Result<Waveform, StimulusError> {
        let (start, duration) = (self.input.delay_ms, self.input.duration_ms);
        let shown = self.shown_ms(NOISE_DT_MS);
        let end = start + duration;
        let joined = |dt: f64, values: Vec<f64>| {
            let at = |(k, value): (usize, f64)| (start + k as f64 * dt, value);
            waveform::between(base, start, end, values.into_iter().enumerate().map(at))
        };
        Ok(match &self.input.kind {
            InputKind::Noise { scale, mean, variance } => {
                let unit = self.unit(*scale, cell, "noise")?;
                let mut stream = self.stream([
                    self.number + 100,
                    self.run.stimulus_seed.wrapping_add(500),
                    cell.gid as u32 + 301,
                ]);
                let values = Noise {
                    n_before: (start / NOISE_DT_MS + 1e-9) as usize,
                    mean: mean * unit,
                    sigma: (variance * unit).sqrt(),
                };
                joined(NOISE_DT_MS, values.draw(&mut stream, n_samples(shown, NOISE_DT_MS)))
            }
            InputKind::OrnsteinUhlenbeck { tau_ms, moments, dt_ms, random_seed, .. } => {
                let moments = self.moments(moments, cell, "ornstein_uhlenbeck")?;
                let id3 = random_seed.unwrap_or(cell.gid as u32 + 124);
                let seed = self.run.stimulus_seed.wrapping_add(291_204);
                let mut stream = self.stream([self.number + 2997, seed, id3]);
                let n = n_samples(shown, *dt_ms);
                joined(*dt_ms, ornstein_uhlenbeck(&mut stream, *tau_ms, moments, *dt_ms, n))
            }
            kind => {
                let (shot, dt_ms, random_seed) = self.shot_noise(kind, cell)?;
                let id3 = random_seed.unwrap_or(cell.gid as u32 + 124);
                let seed = self.run.stimulus_seed.wrapping_add(19_216);
                let mut stream = self.stream([self.number + 2997, seed, id3]);
                joined(dt_ms, shot.draw(&mut stream, duration, dt_ms, n_samples(shown, dt_ms)))
            }
        })
    }

    fn stream(&self, ids: [u32; 3]) -> Random123 {
        Random123::new(self.run.random_seed, ids)
    }

    /// Mean and standard deviation in nA or uS.
    fn moments(
        &self,
        moments: &Moments,
        cell: &CellProperties,
        module: &'static str,
    ) -> Result<(f64, f64), StimulusError> {
        let unit = self.unit(moments.scale, cell, module)?;
        Ok((moments.mean * unit, moments.sigma * unit))
    }

    /// The process behind a shot noise, its sampling interval and its own seed.
    fn shot_noise(
        &self,
        kind: &InputKind,
        cell: &CellProperties,
    ) -> Result<(ShotNoise, f64, Option<u32>), StimulusError> {
        let (shot, dt_ms, random_seed) = match kind {
            &InputKind::ShotNoise {
                shape, rate_hz, amp_mean, amp_var, dt_ms, random_seed, ..
            } => (ShotNoise { shape, rate_hz, amp_mean, amp_var }, dt_ms, random_seed),
            InputKind::MomentShotNoise {
                shape,
                moments,
                relative_skew,
                dt_ms,
                random_seed,
                ..
            } => {
                let moments = self.moments(moments, cell, "shot_noise")?;
                (ShotNoise::with_moments(*shape, moments, *relative_skew), *dt_ms, *random_seed)
            }
            _ => unreachable!("other kinds of input have no shot noise"),
        };
        let refuse = |what, value, expected| StimulusError::Value {
            input: self.input.name.clone(),
            gid: cell.gid,
            what,
            value,
            expected,
        };
        if !(shot.amp_mean.is_finite() && shot.amp_mean != 0.0) {
            let expected = "a finite number that is not 0; check mean and relative_skew (below 1)";
            return Err(refuse("the mean amplitude", shot.amp_mean, expected));
        }
        if !(shot.rate_hz.is_finite() && shot.rate_hz >= 0.0) {
            let expected = "a finite number >= 0; check mean and sigma";
            return Err(refuse("the rate of events (Hz)", shot.rate_hz, expected));
        }
        if !(shot.amp_var.is_finite() && shot.amp_var > 0.0) {
            let expected = "a finite number > 0; check sigma and relative_skew (above 0)";
            return Err(refuse("the variance of amplitudes", shot.amp_var, expected));
        }
        let n_events = self.input.duration_ms * shot.rate_hz / 1000.0;
        self.check_number(cell, "the number of events", n_events)?;
        Ok((shot, dt_ms, random_seed))
    }
}

/// Number of samples from 0 to `duration`, both included.
fn n_samples(duration: f64, dt: f64) -> usize {
    (duration / dt + 1e-9) as usize + 1
}

/// Independent normal numbers.
struct Noise {
    /// Numbers that are drawn for the time before.
    n_before: usize,
    mean: f64,
    sigma: f64,
}

impl Noise {
    fn draw(&self, stream: &mut Random123, n: usize) -> Vec<f64> {
        let mut before = PolarNormal::default();
        for _ in 0..self.n_before {
            before.draw(stream);
        }
        let mut normal = PolarNormal::default();
        // The first is lost when the law is chosen.
        normal.draw(stream);
        (0..n).map(|_| normal.draw(stream) * self.sigma + self.mean).collect()
    }
}

/// An Ornstein-Uhlenbeck process from its mean, by its exact recursion (Gillespie, Phys. Rev. E 54
/// (1996) 2084); white noise for a vanishing relaxation time.
fn ornstein_uhlenbeck(
    stream: &mut Random123,
    tau_ms: f64,
    (mean, sigma): (f64, f64),
    dt_ms: f64,
    n: usize,
) -> Vec<f64> {
    let mut normal = PolarNormal::default();
    // The first is lost when the law is chosen.
    normal.draw(stream);
    let mut numbers = (0..n).map(|_| normal.draw(stream));
    if tau_ms < 1e-9 {
        return numbers.map(|z| sigma * z + mean).collect();
    }
    let kept = libm::exp(-dt_ms / tau_ms);
    let added = sigma * (1.0 - kept * kept).sqrt();
    // The process begins at its mean, whatever the number drawn for that time.
    numbers.next();
    let mut x = 0.0;
    let rest = numbers.map(|z| {
        x = x * kept + added * z;
        x + mean
    });
    std::iter::once(mean).chain(rest).take(n).collect()
}

/// Poisson events whose amplitudes follow a gamma law, each a difference of exponentials of peak 1.
#[derive(Debug, Clone, Copy)]
struct ShotNoise {
    shape: ShotShape,
    rate_hz: f64,
    /// Its sign is that of all amplitudes.
    amp_mean: f64,
    amp_var: f64,
}

impl ShotNoise {
    /// The process of a mean, a standard deviation and a skewness between the least one that is
    /// possible (0) and twice it (1), by Campbell's theorem: the n-th cumulant is the rate times the
    /// integral of the n-th power of the shape times the n-th moment of the amplitudes.
    fn with_moments(shape: ShotShape, (mean, sigma): (f64, f64), relative_skew: f64) -> Self {
        let (rise, decay) = (shape.rise_time_ms, shape.decay_time_ms);
        let peak = libm::log(decay / rise) / (1.0 / rise - 1.0 / decay);
        let height = libm::exp(-peak / decay) - libm::exp(-peak / rise);
        let xi = (decay - rise) / height;
        let a = 1.0 / (decay + rise);
        let b = 1.0 / ((decay + 2.0 * rise) * (2.0 * decay + rise));
        let least_skew = (8.0 / 3.0) * (b / (a * a)) * (sigma / mean);
        let skew = (1.0 + relative_skew) * least_skew;
        let theta1 = 2.0 / (a * xi) * (sigma * sigma / mean);
        let theta2 = (3.0 * a) / (4.0 * b * xi) * (sigma * skew);
        // At the largest skewness infinitely many events of no amplitude remain.
        let amp_mean = 2.0 * theta1 - theta2;
        let amp_mean = if amp_mean.abs() > 1e-9 * theta1.abs() { amp_mean } else { 0.0 };
        ShotNoise {
            shape,
            rate_hz: 1000.0 * mean / (amp_mean * xi),
            amp_mean,
            amp_var: amp_mean * (theta2 - theta1),
        }
    }

    /// The first `n` samples of a process that lasts for `duration_ms`: how many numbers are drawn
    /// follows the duration.
    fn draw(&self, stream: &mut Random123, duration_ms: f64, dt_ms: f64, n: usize) -> Vec<f64> {
        let expected = (1.0 + duration_ms * (self.rate_hz / 1000.0)).floor();
        let n_intervals = (expected + 3.0 * expected.sqrt()) as usize;
        // One is lost when the law is chosen.
        stream.exponential();
        let mut t_ms = 0.0;
        let mut events = Vec::new();
        let n_all = n_samples(duration_ms, dt_ms);
        for _ in 0..n_intervals {
            t_ms += stream.exponential() / self.rate_hz * 1000.0;
            let at = (t_ms / dt_ms).round_ties_even() as usize;
            events.extend((t_ms < duration_ms && at < n_all).then_some(at));
        }
        let amp_mean = self.amp_mean.abs();
        let scale = self.amp_var / amp_mean;
        let amplitudes = gamma_numbers(stream, amp_mean / scale, scale, events.len());
        let mut jumps = vec![0.0; n];
        for (&at, amplitude) in events.iter().zip(&amplitudes).filter(|(at, _)| **at < n) {
            jumps[at] += self.amp_mean.signum() * amplitude;
        }
        self.filter(&jumps, dt_ms)
    }

    /// The exact recursion of the difference of exponentials on the grid, its peak that of the
    /// continuous shape.
    fn filter(&self, jumps: &[f64], dt_ms: f64) -> Vec<f64> {
        let a = libm::exp(-dt_ms / self.shape.decay_time_ms);
        let b = libm::exp(-dt_ms / self.shape.rise_time_ms);
        let (decay, rise) = (-libm::log(a), -libm::log(b));
        let peak = libm::log(rise / decay) / (rise - decay);
        let height = (a / b - 1.0) / (libm::pow(a, peak) - libm::pow(b, peak));
        let (mut p, mut q) = (0.0, 0.0);
        let mut values = Vec::with_capacity(jumps.len());
        values.extend((!jumps.is_empty()).then_some(0.0));
        for jump in &jumps[..jumps.len().saturating_sub(1)] {
            p = a * p + b * q;
            q = b * q + jump;
            values.push(height * p);
        }
        values
    }
}
