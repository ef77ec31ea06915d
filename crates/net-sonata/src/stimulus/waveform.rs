//! Signals as points in time, joined by straight lines.

/// A signal: points in time with values, straight lines between them. Two points at one time make a
/// step from the first value to the second. Before the first and after the last point the signal is
/// constant.
///
/// ```
/// use net_sonata::stimulus::Waveform;
/// let step = Waveform::new(vec![(0.0, 0.0), (1.0, 0.0), (1.0, 2.0), (3.0, 4.0)]);
/// assert_eq!([0.5, 1.0, 2.0, 5.0].map(|t_ms| step.at(t_ms)), [0.0, 2.0, 3.0, 4.0]);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Waveform {
    points: Vec<(f64, f64)>,
}

impl Waveform {
    /// From points (time in ms, value) in order of time.
    pub fn new(points: Vec<(f64, f64)>) -> Self {
        debug_assert!(points.is_sorted_by(|a, b| a.0 <= b.0), "points stand in order of time");
        Waveform { points }
    }

    /// The points (time in ms, value).
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// The value at a time; 0 if there are no points.
    pub fn at(&self, t_ms: f64) -> f64 {
        let after = self.points.partition_point(|point| point.0 <= t_ms);
        match (after.checked_sub(1).map(|at| self.points[at]), self.points.get(after)) {
            (Some((t0, x0)), Some(&(t1, x1))) => x0 + (x1 - x0) * (t_ms - t0) / (t1 - t0),
            (Some((_, last)), None) => last,
            (None, Some(&(_, first))) => first,
            (None, None) => 0.0,
        }
    }

    /// The same times with other values.
    pub(super) fn map(self, value: impl Fn(f64) -> f64) -> Self {
        Waveform { points: self.points.into_iter().map(|(t, x)| (t, value(x))).collect() }
    }

    /// `base` until `start`, then the values at `start + times`, then `base` from `end` on.
    pub(super) fn between(
        base: f64,
        start: f64,
        end: f64,
        samples: impl Iterator<Item = (f64, f64)>,
    ) -> Self {
        let mut points = Vec::new();
        if start > 0.0 {
            points.push((0.0, base));
        }
        points.push((start, base));
        points.extend(samples);
        points.push((end, base));
        Waveform { points }
    }

    /// A straight line.
    pub(super) fn ramp(base: f64, start: f64, duration: f64, from: f64, to: f64) -> Self {
        let end = start + duration;
        Self::between(base, start, end, [(start, from), (end, to)].into_iter())
    }

    /// Pulses that begin at every period; the last one may be cut by the end.
    pub(super) fn pulses(start: f64, duration: f64, height: f64, width: f64, period: f64) -> Self {
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
        Waveform { points }
    }

    /// A sine that begins at phase 0.
    pub(super) fn sine(start: f64, duration: f64, height: f64, frequency: f64, dt: f64) -> Self {
        let omega = 2.0 * std::f64::consts::PI * frequency / 1000.0;
        let n = (duration / dt + 1e-9) as u64;
        let sample = |k: u64| {
            let u = k as f64 * dt;
            (start + u, height * libm::sin(omega * u))
        };
        Self::between(0.0, start, start + duration, (1..=n).map(sample))
    }

    /// A first level, then levels that each begin when the one before has lasted its time.
    pub(super) fn levels(first: f64, next: impl Iterator<Item = (f64, f64)>, end: f64) -> Self {
        let mut points = vec![(0.0, first)];
        let (mut t, mut level) = (0.0, first);
        for (lasts, value) in next {
            t += lasts;
            points.extend([(t, level), (t, value)]);
            level = value;
        }
        points.push((end, level));
        Waveform { points }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pulse_is_cut() {
        let pulses = Waveform::pulses(0.0, 5.0, 1.0, 2.0, 4.0);
        assert_eq!([1.0, 3.0, 4.5, 5.5].map(|t| pulses.at(t)), [1.0, 0.0, 1.0, 0.0]);
        assert_eq!(pulses.points().last(), Some(&(5.0, 0.0)));
    }

    #[test]
    fn levels_begin_one_after_the_other() {
        let levels = Waveform::levels(-70.0, [(2.0, -20.0), (3.0, 10.0)].into_iter(), 10.0);
        assert_eq!([1.0, 2.5, 6.0, 20.0].map(|t| levels.at(t)), [-70.0, -20.0, 10.0, 10.0]);
    }

    #[test]
    fn nothing_is_zero() {
        assert_eq!(Waveform::default().at(1.0), 0.0);
    }
}
