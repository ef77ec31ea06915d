//! The signals that inputs are made of.

pub use net_cell::Waveform;

/// `base` until `start`, then the samples, then `base` from `end` on.
pub(super) fn between(
    base: f64,
    start: f64,
    end: f64,
    samples: impl Iterator<Item = (f64, f64)>,
) -> Waveform {
    let mut points = Vec::new();
    if start > 0.0 {
        points.push((0.0, base));
    }
    points.push((start, base));
    points.extend(samples);
    points.push((end, base));
    Waveform::new(points)
}

/// A straight line.
pub(super) fn ramp(base: f64, start: f64, duration: f64, from: f64, to: f64) -> Waveform {
    let end = start + duration;
    between(base, start, end, [(start, from), (end, to)].into_iter())
}

/// Pulses that begin at every period; the last one may be cut by the end.
pub(super) fn pulses(start: f64, duration: f64, height: f64, width: f64, period: f64) -> Waveform {
    let end = start + duration;
    let mut points = Vec::new();
    if start > 0.0 {
        points.push((0.0, 0.0));
    }
    for k in 0..=(duration / period) as u64 {
        let from = start + k as f64 * period;
        let to = (from + width).min(end);
        if from < end {
            points.extend([(from, 0.0), (from, height), (to, height), (to, 0.0)]);
        }
    }
    points.push((end, 0.0));
    Waveform::new(points)
}

/// A sine that begins at phase 0.
pub(super) fn sine(start: f64, duration: f64, height: f64, frequency: f64, dt: f64) -> Waveform {
    let omega = 2.0 * std::f64::consts::PI * frequency / 1000.0;
    let n = (duration / dt + 1e-9) as u64;
    let sample = |k: u64| {
        let u = k as f64 * dt;
        // The last sample may be after the end by its rounding.
        (start + u.min(duration), height * libm::sin(omega * u))
    };
    between(0.0, start, start + duration, (1..=n).map(sample))
}

/// A first level, then levels that each begin when the one before has lasted its time.
pub(super) fn levels(first: f64, next: impl Iterator<Item = (f64, f64)>, end: f64) -> Waveform {
    let mut points = vec![(0.0, first)];
    let (mut t, mut level) = (0.0, first);
    for (lasts, value) in next {
        t += lasts;
        points.extend([(t, level), (t, value)]);
        level = value;
    }
    points.push((end, level));
    Waveform::new(points)
}

#[cfg(test)]
mod tests {
    use super::{levels, pulses};

    #[test]
    fn the_last_pulse_is_cut() {
        let pulses = pulses(0.0, 5.0, 1.0, 2.0, 4.0);
        assert_eq!([1.0, 3.0, 4.5, 5.5].map(|t| pulses.at(t)), [1.0, 0.0, 1.0, 0.0]);
        assert_eq!(pulses.points().last(), Some(&(5.0, 0.0)));
    }

    #[test]
    fn levels_begin_one_after_the_other() {
        let levels = levels(-70.0, [(2.0, -20.0), (3.0, 10.0)].into_iter(), 10.0);
        assert_eq!([1.0, 2.5, 6.0, 20.0].map(|t| levels.at(t)), [-70.0, -20.0, 10.0, 10.0]);
    }
}
