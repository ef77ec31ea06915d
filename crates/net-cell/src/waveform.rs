//! Signals as points in time, joined by straight lines.

/// A signal: points in time with values, straight lines between them. Two points at one time make a
/// step from the first value to the second. Before the first and after the last point the signal is
/// constant.
///
/// ```
/// use net_cell::Waveform;
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

    /// The time of the last point in ms; 0 if there are no points.
    pub fn end_ms(&self) -> f64 {
        self.points.last().map_or(0.0, |point| point.0)
    }

    /// The value at a time; 0 if there are no points.
    pub fn at(&self, t_ms: f64) -> f64 {
        self.before(self.points.partition_point(|point| point.0 <= t_ms), t_ms)
    }

    /// The value at a time of which the next point is known.
    fn before(&self, next: usize, t_ms: f64) -> f64 {
        match (next.checked_sub(1).map(|at| self.points[at]), self.points.get(next)) {
            (Some((t0, x0)), Some(&(t1, x1))) => x0 + (x1 - x0) * (t_ms - t0) / (t1 - t0),
            (Some((_, last)), None) => last,
            (None, Some(&(_, first))) => first,
            (None, None) => 0.0,
        }
    }

    /// The same times with other values.
    #[must_use]
    pub fn map(self, value: impl Fn(f64) -> f64) -> Self {
        Waveform { points: self.points.into_iter().map(|(t, x)| (t, value(x))).collect() }
    }
}

/// A place in a waveform that goes forward with time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cursor {
    next: usize,
}

impl Cursor {
    /// The value at a time, which is not before the last one asked for.
    pub(crate) fn value(&mut self, waveform: &Waveform, t_ms: f64) -> f64 {
        while waveform.points.get(self.next).is_some_and(|point| point.0 <= t_ms) {
            self.next += 1;
        }
        waveform.before(self.next, t_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::{Cursor, Waveform};

    #[test]
    fn nothing_is_zero() {
        assert_eq!(Waveform::default().at(1.0), 0.0);
        assert_eq!(Waveform::default().end_ms(), 0.0);
    }

    #[test]
    fn a_cursor_gives_the_values_of_the_waveform() {
        let wave = Waveform::new(vec![(0.5, 1.0), (1.0, 2.0), (1.0, -1.0), (1.0, 3.0), (2.0, 0.0)]);
        let mut cursor = Cursor::default();
        for step in 0..30 {
            let t_ms = f64::from(step) * 0.1;
            assert_eq!(cursor.value(&wave, t_ms), wave.at(t_ms), "{t_ms} ms");
        }
    }
}
