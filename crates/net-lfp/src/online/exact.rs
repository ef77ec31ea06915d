//! Sums that do not depend on their order.
//!
//! A contribution is rounded to a multiple of a unit that its row has for the whole run, and
//! multiples are added as integers. So any grouping over cells, threads and ranks gives the same
//! integer, and the same double in the end.
//!
//! **Units.** The caller gives a bound `b` for each row: the largest potential (or whatever the row
//! measures) that 1 nA through every segment of one cell can make, the largest sum of absolute
//! values of a row of any cell's matrix. With the power of two `u >= b`, the unit is `2^-82 u`.
//!
//! **Error.** A contribution is wrong by at most `2^-83 u`, the sum of n cells by `n 2^-83 u`, which is
//! 1e-19 of the signal of one nA per segment for a million cells. That is below 1e-12 of the largest
//! value of a row wherever that is above 1e-7 of `u`: a plain sum of doubles is not better.
//!
//! **Range.** A contribution may be `2^16 u`, that is 65,536 nA through every segment; larger ones
//! and NaN are an error. What the sum may have come to is bounded by the sum of the largest
//! contributions; an error comes before it can leave `2^28 u`. Nothing wraps or saturates.
//!
//! **Two words.** An integer is kept as `high * 2^48 + low`. In units of `high` a contribution `y` has
//! `|y| <= 2^50`; adding and subtracting `1.5 * 2^52` rounds it to an integer, the rest times `2^48`,
//! again rounded, is `low`. Both fit doubles exactly, even the sums over eight lanes, so vectors of
//! doubles do most of the work. `low` is carried over before 2^15 contributions can overflow it.

use net_kernel::isa_kernel;
use net_kernel::simd::{F8, LANES, Lanes};

use super::product::LaneMask;
use crate::error::{LfpError, Result};

/// Bits of the low word.
const LOW_BITS: u32 = 48;
/// Exponent of the unit of the high word, relative to the bound's power of two.
const HIGH_EXPONENT: i32 = -34;
/// Largest contribution, in units of the high word: 2^50.
const LARGEST: f64 = (1_u64 << 50) as f64;
/// Where the high word stops taking contributions: 2^62.
const HIGH_LIMIT: f64 = (1_u64 << 62) as f64;
/// Contributions after which the low word is carried over; each is at most 2^47.
const CARRY_AFTER: u32 = 1 << 14;
/// Adding this rounds to an integer.
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
    n_samples: usize,
    rows: Vec<Row>,
    /// Rows x samples.
    high: Vec<i64>,
    low: Vec<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    /// Exponent of the unit of the high word.
    exponent: i32,
    /// What |high| may have come to.
    reached: f64,
    /// Contributions in the low word since it was last carried over.
    n_pending: u32,
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
        let row = |(row, &found): (usize, &f64)| {
            // The least power of two that is not below the bound.
            let mut exponent = *EXPONENTS.start();
            if found > 0.0 && found.is_finite() {
                let (mantissa, power) = libm::frexp(found);
                exponent = exponent.max(if mantissa == 0.5 { power - 1 } else { power });
            }
            if !(found >= 0.0 && found.is_finite() && exponent <= *EXPONENTS.end()) {
                return Err(LfpError::Bound { row, found });
            }
            Ok(Row { exponent: exponent + HIGH_EXPONENT, reached: 0.0, n_pending: 0 })
        };
        let rows: Vec<Row> = bounds.iter().enumerate().map(row).collect::<Result<_>>()?;
        let n = rows.len() * n_samples;
        Ok(Self { n_samples, rows, high: vec![0; n], low: vec![0; n] })
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// Number of samples a row.
    pub fn n_samples(&self) -> usize {
        self.n_samples
    }

    /// Sets all sums to zero.
    pub fn clear(&mut self) {
        self.high.fill(0);
        self.low.fill(0);
        for row in &mut self.rows {
            row.reached = 0.0;
            row.n_pending = 0;
        }
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
        let range = self.prepare(row, first_sample, values.len(), 1);
        let mut task = AddSamples {
            values,
            high: &mut self.high[range.clone()],
            low: &mut self.low[range],
            per_unit: power_of_two(-self.rows[row].exponent),
            check: Check::default(),
        };
        // SAFETY: the three slices have one length.
        unsafe { add_samples_kernel()(&mut task) };
        let check = task.check;
        self.account(row, &check, 1)
    }

    /// Adds the contributions of the cells in `lanes` to consecutive samples of a row: one vector a
    /// sample, one lane a cell. Lanes that are not asked for may hold anything.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
    ///
    /// # Panics
    /// If there is no such row or sample.
    pub fn add_lanes(
        &mut self,
        row: usize,
        first_sample: usize,
        values: &[F8],
        lanes: LaneMask,
    ) -> Result<()> {
        let n_lanes = LANES as u32;
        let range = self.prepare(row, first_sample, values.len(), n_lanes);
        let mut task = AddLanes {
            values,
            lanes: lanes.as_numbers(),
            high: &mut self.high[range.clone()],
            low: &mut self.low[range],
            per_unit: power_of_two(-self.rows[row].exponent),
            check: Check::default(),
        };
        // SAFETY: the three slices have one length.
        unsafe { add_lanes_kernel()(&mut task) };
        let check = task.check;
        self.account(row, &check, n_lanes)
    }

    /// Adds other sums of the same cells' matrices.
    ///
    /// # Errors
    /// Sums of another shape or made from other bounds, or a total that may become too large.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        let exponents = |sums: &Self| sums.rows.iter().map(|row| row.exponent).collect::<Vec<_>>();
        if self.n_samples != other.n_samples || exponents(self) != exponents(other) {
            return Err(LfpError::DifferentSums);
        }
        for row in 0..self.rows.len() {
            let reached = self.rows[row].reached + other.rows[row].reached;
            self.check_reached(row, reached)?;
            // Below 2^48 here and below 2^62 there.
            self.carry(row);
            let range = self.range(row, 0, self.n_samples);
            for i in range {
                self.high[i] += other.high[i];
                self.low[i] += other.low[i];
            }
            self.carry(row);
        }
        Ok(())
    }

    /// The sums as integers, rows x samples: exact, so that sums over ranks are too.
    pub fn integers(&self) -> Vec<i128> {
        let integer = |(&high, &low)| (i128::from(high) << LOW_BITS) + i128::from(low);
        self.high.iter().zip(&self.low).map(integer).collect()
    }

    /// What sums in these sums' units (of [`integers`](Self::integers), or sums of them over
    /// ranks) are as numbers, each rounded once.
    ///
    /// # Panics
    /// If there are not `rows x samples` integers.
    pub fn values(&self, integers: &[i128]) -> Vec<f64> {
        assert_eq!(integers.len(), self.high.len(), "one integer a sum");
        let unit = |i: usize| {
            let exponent = self.rows[i / self.n_samples].exponent;
            power_of_two(exponent - LOW_BITS as i32)
        };
        integers.iter().enumerate().map(|(i, &integer)| integer as f64 * unit(i)).collect()
    }

    /// The sums as numbers, rows x samples, each rounded once.
    pub fn to_f64(&self) -> Vec<f64> {
        self.values(&self.integers())
    }

    fn range(&self, row: usize, first_sample: usize, n: usize) -> std::ops::Range<usize> {
        assert!(first_sample + n <= self.n_samples, "samples beyond the end");
        let first = row * self.n_samples + first_sample;
        first..first + n
    }

    /// Makes room for contributions and says where they go.
    fn prepare(
        &mut self,
        row: usize,
        first_sample: usize,
        n_samples: usize,
        n_contributions: u32,
    ) -> std::ops::Range<usize> {
        if self.rows[row].n_pending + n_contributions > CARRY_AFTER {
            self.carry(row);
        }
        self.rows[row].n_pending += n_contributions;
        self.range(row, first_sample, n_samples)
    }

    /// Moves what is above 48 bits from the low words to the high ones.
    fn carry(&mut self, row: usize) {
        let range = self.range(row, 0, self.n_samples);
        for (high, low) in self.high[range.clone()].iter_mut().zip(&mut self.low[range]) {
            *high += *low >> LOW_BITS;
            *low &= (1 << LOW_BITS) - 1;
        }
        self.rows[row].n_pending = 1;
    }

    /// Refuses contributions that were not finite or too large, and counts the largest.
    fn account(&mut self, row: usize, check: &Check, n_contributions: u32) -> Result<()> {
        let largest = check.largest.0.iter().copied().fold(0.0, f64::max);
        let is_poisoned = check.poison.0.iter().any(|poison| *poison != 0.0);
        if is_poisoned || largest > LARGEST {
            let limit = LARGEST * power_of_two(self.rows[row].exponent);
            return Err(LfpError::OutOfRange { row, limit });
        }
        // One more for what the low word carries over.
        let most = f64::from(n_contributions) * (largest + 1.0);
        self.check_reached(row, self.rows[row].reached + most)
    }

    fn check_reached(&mut self, row: usize, reached: f64) -> Result<()> {
        if reached > HIGH_LIMIT {
            let limit = HIGH_LIMIT * power_of_two(self.rows[row].exponent);
            return Err(LfpError::SumOverflow { row, limit });
        }
        self.rows[row].reached = reached;
        Ok(())
    }
}

/// `2^exponent`, exactly, for normal numbers.
fn power_of_two(exponent: i32) -> f64 {
    libm::ldexp(1.0, exponent)
}

/// What a kernel has seen.
struct Check {
    /// Largest absolute contribution a lane, in units of the high word.
    largest: F8,
    /// Not zero after NaN or infinity.
    poison: F8,
}

impl Default for Check {
    fn default() -> Self {
        Self { largest: F8::ZERO, poison: F8::ZERO }
    }
}

struct AddSamples<'a> {
    values: &'a [f64],
    high: &'a mut [i64],
    low: &'a mut [i64],
    per_unit: f64,
    check: Check,
}

struct AddLanes<'a> {
    values: &'a [F8],
    lanes: F8,
    high: &'a mut [i64],
    low: &'a mut [i64],
    per_unit: f64,
    check: Check,
}

isa_kernel!(
    fn add_samples_kernel = add_samples as unsafe fn(&mut AddSamples), (task: &mut AddSamples)
);
isa_kernel!(
    fn add_lanes_kernel = add_lanes as unsafe fn(&mut AddLanes), (task: &mut AddLanes)
);

/// Contributions in units of the high word, split into two integers; remembers the largest.
#[derive(Clone, Copy)]
struct Splitter<L> {
    rounder: L,
    per_low: L,
    zero: L,
    limit: L,
    largest: L,
    poison: L,
}

impl<L: Lanes> Splitter<L> {
    #[inline(always)]
    fn new() -> Self {
        Self {
            rounder: L::splat(ROUNDER),
            per_low: L::splat((1_u64 << LOW_BITS) as f64),
            zero: L::splat(0.0),
            limit: L::splat(LARGEST),
            largest: L::splat(0.0),
            poison: L::splat(0.0),
        }
    }

    #[inline(always)]
    fn split(&mut self, y: L) -> (L, L) {
        self.largest = y.abs().max(self.largest);
        self.poison = y.mul_add(self.zero, self.poison);
        // What is refused in the end must be a number that integers have until then.
        let y = y.max(-self.limit).min(self.limit);
        let high = (y + self.rounder) - self.rounder;
        let low = ((y - high).mul_add(self.per_low, self.rounder)) - self.rounder;
        (high, low)
    }

    #[inline(always)]
    fn check(self) -> Check {
        Check { largest: F8(self.largest.to_array()), poison: F8(self.poison.to_array()) }
    }
}

#[inline(always)]
unsafe fn add_samples<L: Lanes>(task: &mut AddSamples) {
    let AddSamples { values, high, low, per_unit, check } = task;
    let per_unit = L::splat(*per_unit);
    let mut splitter = Splitter::<L>::new();
    let sums = high.chunks_mut(LANES).zip(low.chunks_mut(LANES));
    for (values, (high, low)) in values.chunks(LANES).zip(sums) {
        let mut lanes = [0.0; LANES];
        lanes[..values.len()].copy_from_slice(values);
        let (h, l) = splitter.split(L::from_array(lanes) * per_unit);
        // SAFETY: the words of what is within the limit.
        unsafe {
            add_words(high, h.to_array());
            add_words(low, l.to_array());
        }
    }
    *check = splitter.check();
}

#[inline(always)]
unsafe fn add_lanes<L: Lanes>(task: &mut AddLanes) {
    let AddLanes { values, lanes, high, low, per_unit, check } = task;
    let (lanes, per_unit) = (L::from_array(lanes.0), L::splat(*per_unit));
    let mut splitter = Splitter::<L>::new();
    // Two samples at once: the first of the sums over lanes then are vector operations.
    let (pairs, last) = values.as_chunks::<2>();
    let (high_pairs, last_high) = high.as_chunks_mut::<2>();
    let (low_pairs, last_low) = low.as_chunks_mut::<2>();
    for ([first, second], (high, low)) in pairs.iter().zip(high_pairs.iter_mut().zip(low_pairs)) {
        add_pair(&mut splitter, [first, second], (lanes, per_unit), high, low);
    }
    if let [value] = last {
        add_pair(&mut splitter, [value, &F8::ZERO], (lanes, per_unit), last_high, last_low);
    }
    *check = splitter.check();
}

/// Adds what some lanes have in two samples to their sums.
#[inline(always)]
fn add_pair<L: Lanes>(
    splitter: &mut Splitter<L>,
    [first, second]: [&F8; 2],
    (lanes, per_unit): (L, L),
    high: &mut [i64],
    low: &mut [i64],
) {
    let (half, zero) = (L::splat(0.5), L::splat(0.0));
    // SAFETY: a vector is eight doubles; words are those of what is within the limit.
    unsafe {
        let first = L::select_lt(lanes, half, zero, L::load(first.0.as_ptr()) * per_unit);
        let second = L::select_lt(lanes, half, zero, L::load(second.0.as_ptr()) * per_unit);
        let (first_high, first_low) = splitter.split(first);
        let (second_high, second_low) = splitter.split(second);
        add_words(high, sum_over_lanes(first_high, second_high));
        add_words(low, sum_over_lanes(first_low, second_low));
    }
}

/// Adds words to sums.
///
/// # Safety
/// The words must be finite, and below 2^63.
#[inline(always)]
unsafe fn add_words<const N: usize>(sums: &mut [i64], words: [f64; N]) {
    for (sum, word) in sums.iter_mut().zip(words) {
        // SAFETY: the caller's promise.
        *sum = sum.wrapping_add(unsafe { word.to_int_unchecked::<i64>() });
    }
}

/// Sums over the lanes of two vectors of integers, exact below 2^53.
#[inline(always)]
fn sum_over_lanes<L: Lanes>(a: L, b: L) -> [f64; 2] {
    let (low, high) = L::to_pairs(a, b);
    let s = (low + high).to_array();
    [(s[0] + s[2]) + (s[4] + s[6]), (s[1] + s[3]) + (s[5] + s[7])]
}
