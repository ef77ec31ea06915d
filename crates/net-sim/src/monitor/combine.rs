//! Periods and chunks, joined into one array.

use ndarray::{Array2, Axis};

use super::error::MonitorError;
use super::times::RecordingTimes;

/// What stands for pauses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fill {
    /// Nothing: times jump.
    None,
    /// NaN.
    Nan,
    /// The nearest sample; of two that are equally near, the earlier.
    Nearest,
    /// A number.
    Value(f64),
}

/// Which times the samples of chunks get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkTime {
    /// Those of their chunk; they go back where the model was reset.
    Sequential,
    /// Simulated time since the first chunk began to count, resets or not: all that was simulated
    /// has its place, also pauses at the end of a chunk.
    Consecutive,
}

/// Samples in order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Combined {
    /// Label of each sample in ms.
    pub times_ms: Vec<f64>,
    /// Samples x cells.
    pub values: Array2<f64>,
}

/// The steps of the samples of each chunk.
pub(super) fn steps_of_chunks(
    times: &RecordingTimes,
    compartment: &str,
    time: ChunkTime,
) -> Result<Vec<Vec<u64>>, MonitorError> {
    let steps = |chunk: usize| {
        let own = times.find(chunk, compartment)?;
        let origin = match time {
            ChunkTime::Sequential => 0,
            ChunkTime::Consecutive => times.chunk(chunk)?.origin,
        };
        Ok(own.steps().map(|step| origin + step).collect())
    };
    (0..times.n_chunks()).map(steps).collect()
}

/// Joins pieces, each the steps and rows of some samples; gaps between samples, of more than
/// `interval` steps forward, are filled.
pub(super) fn combine(
    pieces: &[(Vec<u64>, &Array2<f64>)],
    interval: u64,
    fill: Fill,
    times: &RecordingTimes,
) -> Combined {
    // Step and row of each sample; a row that is not there is filled.
    let mut rows: Vec<(u64, Option<(usize, usize)>)> = Vec::new();
    for (piece, (steps, _)) in pieces.iter().enumerate() {
        for (row, &step) in steps.iter().enumerate() {
            if let (Some(&(last, at)), true) = (rows.last(), fill != Fill::None) {
                let missing = (last + interval..step).step_by(interval.max(1) as usize);
                let near = |missing: u64| match fill {
                    Fill::Nearest if missing - last <= step - missing => at,
                    Fill::Nearest => Some((piece, row)),
                    _ => None,
                };
                rows.extend(missing.map(|missing| (missing, near(missing))));
            }
            rows.push((step, Some((piece, row))));
        }
    }
    let filler = if let Fill::Value(value) = fill { value } else { f64::NAN };
    let n_columns = pieces.iter().map(|(_, array)| array.ncols()).max().unwrap_or(0);
    let mut values = Array2::from_elem((rows.len(), n_columns), filler);
    for (mut to, (_, from)) in values.axis_iter_mut(Axis(0)).zip(&rows) {
        if let Some((piece, row)) = *from {
            to.assign(&pieces[piece].1.row(row));
        }
    }
    Combined { times_ms: rows.iter().map(|&(step, _)| times.ms(step)).collect(), values }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn times() -> RecordingTimes {
        RecordingTimes { dt_ms: 0.5, chunks: Vec::new() }
    }

    fn filled(fill: Fill) -> (Vec<f64>, Vec<f64>) {
        let values = array![[1.0], [2.0], [3.0]];
        let found = combine(&[(vec![2, 4, 12], &values)], 2, fill, &times());
        (found.times_ms, found.values.into_raw_vec_and_offset().0)
    }

    #[test]
    fn pauses_are_filled_as_asked() {
        assert_eq!(filled(Fill::None), (vec![1.0, 2.0, 6.0], vec![1.0, 2.0, 3.0]));
        let grid = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(filled(Fill::Value(0.0)), (grid.clone(), vec![1.0, 2.0, 0.0, 0.0, 0.0, 3.0]));
        // The one in the middle is as near to both.
        assert_eq!(filled(Fill::Nearest), (grid.clone(), vec![1.0, 2.0, 2.0, 2.0, 3.0, 3.0]));
        let (times, values) = filled(Fill::Nan);
        assert_eq!(times, grid);
        assert_eq!(values.iter().filter(|value| value.is_nan()).count(), 3);
    }

    #[test]
    fn times_that_go_back_leave_no_gap() {
        let (first, second) = (array![[1.0]], array![[2.0], [3.0]]);
        let pieces = [(vec![10], &first), (vec![2, 4], &second)];
        let found = combine(&pieces, 2, Fill::Nan, &times());
        assert_eq!(found.times_ms, [5.0, 1.0, 2.0]);
        assert_eq!(found.values, array![[1.0], [2.0], [3.0]]);
    }

    #[test]
    fn nothing_is_nothing() {
        let found = combine(&[], 1, Fill::Nan, &times());
        assert_eq!((found.times_ms.len(), found.values.nrows()), (0, 0));
    }
}
