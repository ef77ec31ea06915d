//! Sums that do not depend on their order.
//!
//! A contribution is rounded to a multiple of a unit that its row has for the whole run, and
//! multiples are added as integers. So any grouping over cells, threads and ranks gives the same
//! integer, and the same double in the end.
//!
//! **Units.** The caller gives a bound `b` for each row: the largest potential (or whatever the row
//! measures) that 1 nA through every segment of one cell can make, the largest sum of absolute
//! values of a row of any cell's matrix. With the power of two `u >= b`, the unit is `2^-74 u`.
//!
//! **Error.** A contribution is wrong by at most `2^-75 u`, the sum of n cells by `n 2^-75 u`, which is
//! 3e-17 of the signal of one nA per segment for a million cells. That is below 1e-12 of the largest
//! value of a row wherever that is above 3e-5 of `u`, for ten thousand cells above 3e-7: a plain sum of
//! doubles is not better.
//!
//! **Range.** A contribution may be `2^24 u`, that is 17 mA through every segment, as a voltage clamp with a
//! large gain makes at its onset; larger ones and NaN are an error. What the sum may have come to is bounded
//! by the sum of the largest contributions; an error comes before it can leave `2^36 u`. Nothing wraps or
//! saturates.
//!
//! **Two words.** An integer is kept as `high * 2^48 + low`. A contribution is at most `2^50` units of
//! `high`; adding and subtracting `1.5 * 2^52` of these units rounds it to a multiple, and the rest is
//! rounded to a multiple of the unit of `low` in the same way. Doubles hold both exactly, even their
//! sums over eight cells, so vectors of doubles do most of the work: only these sums become integers.
//! `low` is carried over before 2^15 contributions can overflow it.

use net_kernel::isa_kernel;
use net_kernel::simd::{F8, LANES, Lanes};

use super::product::{LaneMask, width_of};
use crate::error::{LfpError, Result};

/// Bits of the low word.
const LOW_BITS: u32 = 48;
/// Units of the low word in one of the high word.
const LOW_IN_HIGH: f64 = (1_u64 << LOW_BITS) as f64;
/// Exponent of the unit of the high word, relative to the bound's power of two.
const HIGH_EXPONENT: i32 = -26;
/// Largest contribution, in units of the high word: 2^50.
const LARGEST: f64 = (1_u64 << 50) as f64;
/// Where the high word stops taking contributions: 2^62.
const HIGH_LIMIT: f64 = (1_u64 << 62) as f64;
/// Largest word of the sum of eight of them.
const LARGEST_SUM: f64 = LANES as f64 * LARGEST;
/// Contributions after which the low word is carried over; each is at most 2^47.
const CARRY_AFTER: u32 = 1 << 14;
/// Adding so many units rounds to a multiple of the unit.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// Exponents of bounds are kept in this range, so that no unit is outside the range of doubles.
const EXPONENTS: std::ops::RangeInclusive<i32> = -900..=900;

/// Sums of contributions to `rows x samples` values, exact whatever their order.
///
/// ```
/// use net_lfp::ExactSums;
/// let bounds = [1.0];
/// let mut forward = ExactSums::new(&bounds, 2)?;
/// let mut backward = forward.clone();
/// for i in 0..100 {
///     forward.add(0, 0, &[0.1 * f64::from(i), 1e-9])?;
///     backward.add(0, 0, &[0.1 * f64::from(99 - i), 1e-9])?;
/// }
/// assert_eq!(forward.to_f64(), backward.to_f64());
///
/// // Over ranks: sum the integers, then turn them into numbers.
/// let integers = forward.integers();
/// assert_eq!(forward.values(&integers), forward.to_f64());
/// # Ok::<(), net_lfp::LfpError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ExactSums {
    n_rows: usize,
    n_samples: usize,
    rows: Vec<RowVector>,
    /// Vectors of rows x samples. Rows of fewer than eight are in several lanes, whose words are parts of
    /// a sum.
    high: Vec<[i64; LANES]>,
    low: Vec<[i64; LANES]>,
}

/// Eight rows, or fewer of several cells.
#[derive(Debug, Clone, Copy)]
struct RowVector {
    /// Exponent of the unit of the high word.
    exponent: [i32; LANES],
    /// This unit, and how many of it are 1.
    unit: F8,
    per_unit: F8,
    /// What |high| may have come to.
    reached: [f64; LANES],
    /// Contributions in the low word since it was last carried over.
    n_pending: u32,
}

/// What cells contribute to eight rows, or fewer of several cells: a vector a sample.
#[derive(Debug, Clone, Copy, Default)]
pub struct Contribution<'a> {
    /// Sample after sample. Lane `l` is row `l` of the vector of rows; where there are one, two, three or
    /// four rows in all, it is row `l` modulo 1, 2, 4 or 4.
    pub products: &'a [F8],
    /// The lanes that count; the others may hold anything.
    pub lanes: LaneMask,
}

impl ExactSums {
    /// Zero sums of as many rows as `bounds`, each with `n_samples` values.
    ///
    /// A bound is the largest sum of absolute values in that row of any cell's matrix, on any rank;
    /// see [`LaneMatrix::raise_bounds`](super::LaneMatrix::raise_bounds). It sets units and range,
    /// so it must be the same for all sums that are to be added.
    ///
    /// # Errors
    /// A bound that is negative, not finite, or above 2^900.
    pub fn new(bounds: &[f64], n_samples: usize) -> Result<Self> {
        let exponent_of = |(row, &found): (usize, &f64)| {
            // The least power of two that is not below the bound.
            let mut exponent = *EXPONENTS.start();
            if found > 0.0 && found.is_finite() {
                let (mantissa, power) = libm::frexp(found);
                exponent = exponent.max(if mantissa == 0.5 { power - 1 } else { power });
            }
            match found >= 0.0 && found.is_finite() && exponent <= *EXPONENTS.end() {
                true => Ok(exponent + HIGH_EXPONENT),
                false => Err(LfpError::Bound { row, found }),
            }
        };
        let exponents: Vec<i32> =
            bounds.iter().enumerate().map(exponent_of).collect::<Result<_>>()?;
        let of_vector = |exponents: &[i32]| {
            let width = width_of(bounds.len());
            let of_lane = |lane| exponents.get(lane % width).copied();
            let unused = EXPONENTS.start() + HIGH_EXPONENT;
            let exponent = std::array::from_fn(|lane| of_lane(lane).unwrap_or(unused));
            RowVector {
                exponent,
                unit: F8(exponent.map(power_of_two)),
                per_unit: F8(exponent.map(|exponent| power_of_two(-exponent))),
                reached: [0.0; LANES],
                n_pending: 0,
            }
        };
        let rows: Vec<RowVector> = exponents.chunks(LANES).map(of_vector).collect();
        let words = vec![[0; LANES]; rows.len() * n_samples];
        Ok(Self { n_rows: bounds.len(), n_samples, rows, high: words.clone(), low: words })
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of samples a row.
    pub fn n_samples(&self) -> usize {
        self.n_samples
    }

    /// Sets all sums to zero.
    pub fn clear(&mut self) {
        self.high.fill([0; LANES]);
        self.low.fill([0; LANES]);
        for row in &mut self.rows {
            row.reached = [0.0; LANES];
            row.n_pending = 0;
        }
    }

    /// Bytes of all words.
    pub fn memory_bytes(&self) -> usize {
        size_of_val(self.high.as_slice()) + size_of_val(self.low.as_slice())
    }

    /// Adds one contribution to each of some consecutive samples of a row.
    ///
    /// # Errors
    /// A contribution that is not finite or too large, or sums that may become too large. The sums
    /// are of no use then.
    ///
    /// # Panics
    /// If there is no such row or sample.
    pub fn add(&mut self, row: usize, first_sample: usize, values: &[f64]) -> Result<()> {
        assert!(row < self.n_rows, "row of the sums");
        let products: Vec<F8> = values.iter().map(|&value| F8::splat(value)).collect();
        let lanes = LaneMask::NONE.with(row % LANES);
        let contribution = Contribution { products: &products, lanes };
        self.add_vectors(row / LANES, first_sample, &[contribution])
    }

    /// Adds contributions of up to eight cells, or groups of cells that share vectors, to consecutive
    /// samples of the rows of a vector: those from `8 * vector` on.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
    ///
    /// # Panics
    /// If there are no such rows or samples, more than eight contributions, or not all of one length.
    pub fn add_vectors(
        &mut self,
        vector: usize,
        first_sample: usize,
        contributions: &[Contribution],
    ) -> Result<()> {
        let Some(Contribution { products, .. }) = contributions.first() else { return Ok(()) };
        let n_samples = products.len();
        let is_fit = |other: &Contribution| other.products.len() == n_samples;
        assert!(contributions.len() <= LANES && contributions.iter().all(is_fit), "contributions");
        let range = self.range(vector, first_sample, n_samples);
        let n = contributions.len() as u32;
        if self.rows[vector].n_pending + n > CARRY_AFTER {
            self.carry(vector);
        }
        self.rows[vector].n_pending += n;
        let mut task = AddVectors {
            contributions,
            high: &mut self.high[range.clone()],
            low: &mut self.low[range],
            rows: &self.rows[vector],
            check: Check::default(),
        };
        // SAFETY: all slices have one length.
        unsafe { add_vectors_kernel()(&mut task) };
        let check = task.check;
        self.account(vector, &check, n)
    }

    /// Adds other sums of the same cells' matrices.
    ///
    /// # Errors
    /// Sums of another shape or made from other bounds, or a total that may become too large.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        let exponents = |sums: &Self| sums.rows.iter().map(|row| row.exponent).collect::<Vec<_>>();
        let shape = |sums: &Self| (sums.n_rows, sums.n_samples);
        if shape(self) != shape(other) || exponents(self) != exponents(other) {
            return Err(LfpError::DifferentSums);
        }
        for vector in 0..self.rows.len() {
            let (ours, theirs) = (self.rows[vector].reached, other.rows[vector].reached);
            self.check_reached(vector, std::array::from_fn(|lane| ours[lane] + theirs[lane]))?;
            // Below 2^48 here and below 2^62 there.
            self.carry(vector);
            for at in self.range(vector, 0, self.n_samples) {
                for lane in 0..LANES {
                    self.high[at][lane] += other.high[at][lane];
                    self.low[at][lane] += other.low[at][lane];
                }
            }
            self.carry(vector);
        }
        Ok(())
    }

    /// The sums as integers, rows x samples: exact, so that sums over ranks are too.
    pub fn integers(&self) -> Vec<i128> {
        self.first_integers(self.n_samples)
    }

    /// The [`integers`](Self::integers) of the first `n` samples of each row.
    ///
    /// # Panics
    /// If there are fewer samples.
    pub fn first_integers(&self, n: usize) -> Vec<i128> {
        let mut integers = vec![0; self.n_rows * n];
        for (row, integers) in integers.chunks_mut(n.max(1)).enumerate() {
            self.add_integers(row, integers);
        }
        integers
    }

    /// Adds the integers of the first samples of a row to others.
    ///
    /// # Panics
    /// If there is no such row, or there are fewer samples.
    pub fn add_integers(&self, row: usize, to: &mut [i128]) {
        assert!(row < self.n_rows, "row of the sums");
        let range = self.range(row / LANES, 0, to.len());
        for lane in (row % LANES..LANES).step_by(width_of(self.n_rows)) {
            let words = self.high[range.clone()].iter().zip(&self.low[range.clone()]);
            for (to, (high, low)) in to.iter_mut().zip(words) {
                *to += (i128::from(high[lane]) << LOW_BITS) + i128::from(low[lane]);
            }
        }
    }

    /// What sums in these sums' units (of [`integers`](Self::integers), or sums of them over
    /// ranks) are as numbers, each rounded once.
    ///
    /// # Panics
    /// If there are not `rows x samples` integers.
    pub fn values(&self, integers: &[i128]) -> Vec<f64> {
        assert_eq!(integers.len(), self.n_rows * self.n_samples, "one integer a sum");
        let mut values = Vec::with_capacity(integers.len());
        for (row, integers) in integers.chunks(self.n_samples.max(1)).enumerate() {
            self.append_values(row, integers, &mut values);
        }
        values
    }

    /// Appends what integers of a row are as numbers; see [`values`](Self::values).
    ///
    /// # Panics
    /// If there is no such row.
    pub fn append_values(&self, row: usize, integers: &[i128], values: &mut Vec<f64>) {
        let low_unit = self.rows[row / LANES].unit.0[row % LANES] / LOW_IN_HIGH;
        values.extend(integers.iter().map(|&integer| rounded(integer) * low_unit));
    }

    /// The sums as numbers, rows x samples, each rounded once.
    pub fn to_f64(&self) -> Vec<f64> {
        self.values(&self.integers())
    }

    fn range(&self, vector: usize, first_sample: usize, n: usize) -> std::ops::Range<usize> {
        assert!(first_sample + n <= self.n_samples, "samples beyond the end");
        let first = vector * self.n_samples + first_sample;
        first..first + n
    }

    /// Moves what is above 48 bits from the low words to the high ones.
    fn carry(&mut self, vector: usize) {
        let range = self.range(vector, 0, self.n_samples);
        let high = self.high[range.clone()].as_flattened_mut();
        for (high, low) in high.iter_mut().zip(self.low[range].as_flattened_mut()) {
            *high += *low >> LOW_BITS;
            *low &= (1 << LOW_BITS) - 1;
        }
        self.rows[vector].n_pending = 1;
    }

    /// Refuses contributions that were not finite or too large, and counts the largest.
    fn account(&mut self, vector: usize, check: &Check, n_contributions: u32) -> Result<()> {
        let rows = &self.rows[vector];
        let mut reached = rows.reached;
        for (lane, reached) in reached.iter_mut().enumerate() {
            let largest = check.largest.0[lane] * rows.per_unit.0[lane];
            if check.poison.0[lane] != 0.0 || largest > LARGEST {
                let limit = LARGEST * rows.unit.0[lane];
                return Err(LfpError::OutOfRange { row: self.row(vector, lane), limit });
            }
            // One more for what the low word carries over.
            *reached += f64::from(n_contributions) * (largest + 1.0);
        }
        self.check_reached(vector, reached)
    }

    fn check_reached(&mut self, vector: usize, reached: [f64; LANES]) -> Result<()> {
        self.rows[vector].reached = reached;
        if reached.iter().sum::<f64>() <= HIGH_LIMIT {
            return Ok(());
        }
        // Lanes of the same row are one sum in the end.
        let width = width_of(self.n_rows);
        for row in 0..width {
            let of_row: f64 = reached.iter().skip(row).step_by(width).sum();
            if of_row > HIGH_LIMIT {
                let limit = HIGH_LIMIT * self.rows[vector].unit.0[row];
                return Err(LfpError::SumOverflow { row: self.row(vector, row), limit });
            }
        }
        Ok(())
    }

    /// The row that a lane has a part of.
    fn row(&self, vector: usize, lane: usize) -> usize {
        vector * LANES + lane % width_of(self.n_rows)
    }
}

/// The nearest double of an integer, as `as` gives it, but faster for those below 2^101.
#[inline]
fn rounded(integer: i128) -> f64 {
    let high = integer >> LOW_BITS;
    if high.unsigned_abs() > 1 << 53 {
        return integer as f64;
    }
    // Both words are doubles exactly, and so is a multiple of a power of two: one rounding.
    let low = integer as u64 & ((1 << LOW_BITS) - 1);
    high as i64 as f64 * LOW_IN_HIGH + low as f64
}

/// `2^exponent`, exactly, for normal numbers.
fn power_of_two(exponent: i32) -> f64 {
    libm::ldexp(1.0, exponent)
}

/// What a kernel has seen.
struct Check {
    /// Largest absolute contribution a lane.
    largest: F8,
    /// Not zero after NaN or infinity.
    poison: F8,
}

impl Default for Check {
    fn default() -> Self {
        Self { largest: F8::ZERO, poison: F8::ZERO }
    }
}

struct AddVectors<'a> {
    contributions: &'a [Contribution<'a>],
    high: &'a mut [[i64; LANES]],
    low: &'a mut [[i64; LANES]],
    rows: &'a RowVector,
    check: Check,
}

isa_kernel!(
    fn add_vectors_kernel = add_vectors as unsafe fn(&mut AddVectors), (task: &mut AddVectors)
);

/// Splits contributions into multiples of the units of both words; remembers the largest.
#[derive(Clone, Copy)]
struct Splitter<L> {
    /// What rounds to multiples of the unit of the high word.
    high_rounder: L,
    low_rounder: L,
    /// Units of the high word in 1.
    per_high: L,
    per_low: L,
    largest: L,
    poison: L,
}

/// What contributions, or sums of them, have for both words.
#[derive(Clone, Copy)]
struct Parts<L> {
    high: L,
    low: L,
}

impl<L: Lanes> Splitter<L> {
    #[inline(always)]
    fn new(rows: &RowVector) -> Self {
        let (unit, per_unit) = (L::from_array(rows.unit.0), L::from_array(rows.per_unit.0));
        let (rounder, low_in_high) = (L::splat(ROUNDER), L::splat(LOW_IN_HIGH));
        Self {
            high_rounder: rounder * unit,
            low_rounder: rounder * (unit / low_in_high),
            per_high: per_unit,
            per_low: per_unit * low_in_high,
            largest: L::splat(0.0),
            poison: L::splat(0.0),
        }
    }

    #[inline(always)]
    fn split(&mut self, x: L) -> Parts<L> {
        self.largest = x.abs().max(self.largest);
        let high = (x + self.high_rounder) - self.high_rounder;
        let low = ((x - high) + self.low_rounder) - self.low_rounder;
        Parts { high, low }
    }

    /// Adds parts, or sums of up to eight, to the words of sums.
    #[inline(always)]
    fn add(&mut self, parts: Parts<L>, high: &mut [i64; LANES], low: &mut [i64; LANES]) {
        // What is not finite has no low part that is a number.
        self.poison = parts.low.mul_add(L::splat(0.0), self.poison);
        // SAFETY: words are within the limit.
        unsafe {
            add_words(high, limited(parts.high * self.per_high).to_array());
            add_words(low, limited(parts.low * self.per_low).to_array());
        }
    }

    #[inline(always)]
    fn check(self) -> Check {
        Check { largest: F8(self.largest.to_array()), poison: F8(self.poison.to_array()) }
    }
}

/// What is refused in the end must be a number that integers have until then.
#[inline(always)]
fn limited<L: Lanes>(words: L) -> L {
    let limit = L::splat(LARGEST_SUM);
    words.max(-limit).min(limit)
}

/// Adds words to sums.
///
/// # Safety
/// The words must be numbers, and below 2^63.
#[inline(always)]
unsafe fn add_words(sums: &mut [i64; LANES], words: [f64; LANES]) {
    for (sum, word) in sums.iter_mut().zip(words) {
        // SAFETY: the caller's promise.
        *sum = sum.wrapping_add(unsafe { word.to_int_unchecked::<i64>() });
    }
}

#[inline(always)]
unsafe fn add_vectors<L: Lanes>(task: &mut AddVectors) {
    let AddVectors { contributions, high, low, rows, check } = task;
    let (half, zero) = (L::splat(0.5), L::splat(0.0));
    let mut splitter = Splitter::<L>::new(rows);
    for (sample, (high, low)) in high.iter_mut().zip(low.iter_mut()).enumerate() {
        let mut sums = Parts { high: zero, low: zero };
        for contribution in *contributions {
            // SAFETY: there is a vector for every sample.
            let parts = unsafe {
                let products = contribution.products.as_ptr().add(sample);
                let lanes = L::load(contribution.lanes.as_numbers().0.as_ptr());
                splitter.split(L::select_lt(lanes, half, zero, L::load(products.cast())))
            };
            sums = Parts { high: sums.high + parts.high, low: sums.low + parts.low };
        }
        splitter.add(sums, high, low);
    }
    *check = splitter.check();
}
