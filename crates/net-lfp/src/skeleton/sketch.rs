//! What is kept of the matrices of all cells to find their skeleton.

use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};

use ndarray::ArrayView2;
use net_core::{Purpose, Stream};
use net_kernel::simd::{F8, LANES};

use super::Skeleton;
use super::pivots::Elimination;
use crate::online::{Contribution, ExactSums, LaneMask};

/// Matrices of fewer rows gain nothing; for more the sketch itself would need too much memory.
const ROWS: RangeInclusive<usize> = 32..=2048;
/// Most columns, more than a skeleton has rows.
const COLUMNS: usize = 1024;
/// Columns that a segment is added to: with fewer than two, what is near one contact alone hides behind
/// others (Nelson and Nguyen, 2013, FOCS, arXiv:1211.1002).
const COLUMNS_OF_SEGMENT: usize = 4;
/// What the units of sums are made from, so that entries may be up to 2^16.
const BOUND: f64 = 1.0 / (1 << 8) as f64;
/// Rows that are smaller lose too many digits to these units.
const SMALLEST_NORM: f64 = 1.0 / (1 << 25) as f64;

/// The matrix of all cells times random signs, which a few columns stand for: each segment is added to, or
/// subtracted from, four columns that its cell and number draw.
///
/// Sums are exact: the sketch has the same bits whoever adds cells, and in whatever order.
#[derive(Debug)]
pub struct MatrixSketch {
    n_rows: usize,
    n_columns: usize,
    /// Eight rows each.
    sums: Vec<Mutex<ExactSums>>,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    n_segments: u64,
    /// Matrices that could not be added.
    n_failed: u64,
}

impl MatrixSketch {
    /// An empty sketch of matrices with so many rows; none where there are too few or too many.
    pub fn new(n_rows: usize) -> Option<Self> {
        if !ROWS.contains(&n_rows) {
            return None;
        }
        let n_columns = n_rows.min(COLUMNS);
        let sums = ExactSums::new(&[BOUND; LANES], n_columns).ok()?;
        let sums = (0..n_rows.div_ceil(LANES)).map(|_| Mutex::new(sums.clone())).collect();
        Some(Self { n_rows, n_columns, sums, counts: Mutex::default() })
    }

    /// Adds the matrix (rows x segments) of a cell.
    ///
    /// # Panics
    /// If it has not as many rows as the others.
    pub fn add(&self, cell: u64, matrix: ArrayView2<f64>) {
        assert_eq!(matrix.nrows(), self.n_rows, "rows of the matrix");
        let mut stream = Stream::new(0, Purpose::Sketch, 0, [cell, 0]);
        let mut place = || {
            let sign = if stream.below(2) == 0 { 1.0 } else { -1.0 };
            (stream.below(self.n_columns as u64) as usize, sign)
        };
        let places: Vec<[(usize, f64); COLUMNS_OF_SEGMENT]> =
            (0..matrix.ncols()).map(|_| std::array::from_fn(|_| place())).collect();
        let mut is_added = true;
        for (vector, sums) in self.sums.iter().enumerate() {
            let mut columns = vec![F8::ZERO; self.n_columns];
            let rows = vector * LANES..(vector * LANES + LANES).min(self.n_rows);
            for (lane, row) in rows.enumerate() {
                for (entry, places) in matrix.row(row).iter().zip(&places) {
                    for &(column, sign) in places {
                        columns[column].0[lane] += sign * entry;
                    }
                }
            }
            let contribution = Contribution { products: &columns, lanes: LaneMask::ALL };
            let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
            is_added &= sums.add_vectors(0, 0, &[contribution]).is_ok();
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.n_segments += matrix.ncols() as u64;
        counts.n_failed += u64::from(!is_added);
    }

    /// What is known, as integers: those of several sketches are to be added one by one.
    pub fn integers(&self) -> Vec<i128> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut integers = vec![i128::from(counts.n_segments), i128::from(counts.n_failed)];
        for (vector, sums) in self.sums.iter().enumerate() {
            let sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
            let n_rows = (self.n_rows - vector * LANES).min(LANES);
            integers.extend_from_slice(&sums.integers()[..n_rows * self.n_columns]);
        }
        integers
    }

    /// The skeleton of the matrix whose sketch these integers are.
    ///
    /// There is none if it would have more than three quarters of the rows, or fewer than `segments_of_row`
    /// segments for each of its rows, since interpolation then costs what it saves; or if matrices have
    /// entries above 65,536 or rows with a norm below 3e-8 (in the probe's unit for 1 nA), which the
    /// integers do not hold.
    ///
    /// What is left of a row of the sketch beside its combination is at most 3e-14 of its norm, of a row of
    /// the matrix some times that: 1.5e-13 at most in the tests.
    ///
    /// # Panics
    /// If these are not the integers of such a sketch.
    pub fn skeleton(&self, integers: &[i128], segments_of_row: usize) -> Option<Skeleton> {
        let [n_segments, n_failed, integers @ ..] = integers else {
            panic!("integers of a sketch")
        };
        assert_eq!(integers.len(), self.n_rows * self.n_columns, "integers of a sketch");
        let units = self.sums.first()?.lock().unwrap_or_else(PoisonError::into_inner);
        let n_segments = usize::try_from(*n_segments).ok()?;
        if *n_failed != 0 {
            return None;
        }
        let mut values = Vec::with_capacity(integers.len());
        for row in integers.chunks(self.n_columns) {
            units.append_values(0, row, &mut values);
        }
        drop(units);
        let most =
            (self.n_rows.min(self.n_columns) * 3 / 4).min(n_segments / segments_of_row.max(1));
        Elimination::new(&values, self.n_rows, SMALLEST_NORM)?.skeleton(most)
    }
}
