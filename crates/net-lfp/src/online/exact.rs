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
//! **Two words.** An integer is kept as `high * 2^48 + low`. A contribution is at most `2^50` units of
//! `high`; adding and subtracting `1.5 * 2^52` of these units rounds it to a multiple, and the rest is
//! rounded to a multiple of the unit of `low` in the same way. Doubles hold both exactly, even their
//! sums over eight lanes, so vectors of doubles do most of the work: only these sums become integers.
//! `low` is carried over before 2^15 contributions can overflow it.

use net_kernel::isa_kernel;
use net_kernel::simd::{F8, LANES, Lanes};

use super::product::LaneMask;
use crate::error::{LfpError, Result};

/// Bits of the low word.
const LOW_BITS: u32 = 48;
/// Units of the low word in one of the high word.
const LOW_IN_HIGH: f64 = (1_u64 << LOW_BITS) as f64;
/// Exponent of the unit of the high word, relative to the bound's power of two.
const HIGH_EXPONENT: i32 = -34;
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
    /// This unit, and how many of it are 1.
    unit: f64,
    per_unit: f64,
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
            let exponent = exponent + HIGH_EXPONENT;
            let (unit, per_unit) = (power_of_two(exponent), power_of_two(-exponent));
            Ok(Row { exponent, unit, per_unit, reached: 0.0, n_pending: 0 })
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
            row: self.rows[row],
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
            row: self.rows[row],
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
        let mut values = Vec::with_capacity(integers.len());
        for (row, integers) in self.rows.iter().zip(integers.chunks(self.n_samples.max(1))) {
            let low_unit = row.unit / LOW_IN_HIGH;
            values.extend(integers.iter().map(|&integer| rounded(integer) * low_unit));
        }
        values
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
        let largest = largest * self.rows[row].per_unit;
        let is_poisoned = check.poison.0.iter().any(|poison| *poison != 0.0);
        if is_poisoned || largest > LARGEST {
            let limit = LARGEST * self.rows[row].unit;
            return Err(LfpError::OutOfRange { row, limit });
        }
        // One more for what the low word carries over.
        let most = f64::from(n_contributions) * (largest + 1.0);
        self.check_reached(row, self.rows[row].reached + most)
    }

    fn check_reached(&mut self, row: usize, reached: f64) -> Result<()> {
        if reached > HIGH_LIMIT {
            let limit = HIGH_LIMIT * self.rows[row].unit;
            return Err(LfpError::SumOverflow { row, limit });
        }
        self.rows[row].reached = reached;
        Ok(())
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

struct AddSamples<'a> {
    values: &'a [f64],
    high: &'a mut [i64],
    low: &'a mut [i64],
    row: Row,
    check: Check,
}

struct AddLanes<'a> {
    values: &'a [F8],
    lanes: F8,
    high: &'a mut [i64],
    low: &'a mut [i64],
    row: Row,
    check: Check,
}

isa_kernel!(
    fn add_samples_kernel = add_samples as unsafe fn(&mut AddSamples), (task: &mut AddSamples)
);
isa_kernel!(
    fn add_lanes_kernel = add_lanes as unsafe fn(&mut AddLanes), (task: &mut AddLanes)
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
    fn new(row: &Row) -> Self {
        Self {
            high_rounder: L::splat(ROUNDER * row.unit),
            low_rounder: L::splat(ROUNDER * (row.unit / LOW_IN_HIGH)),
            per_high: L::splat(row.per_unit),
            per_low: L::splat(row.per_unit * LOW_IN_HIGH),
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
    fn add(&mut self, parts: Parts<L>, high: &mut [i64], low: &mut [i64]) {
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
unsafe fn add_words(sums: &mut [i64], words: [f64; LANES]) {
    for (sum, word) in sums.iter_mut().zip(words) {
        // SAFETY: the caller's promise.
        *sum = sum.wrapping_add(unsafe { word.to_int_unchecked::<i64>() });
    }
}

#[inline(always)]
unsafe fn add_samples<L: Lanes>(task: &mut AddSamples) {
    let AddSamples { values, high, low, row, check } = task;
    let mut splitter = Splitter::<L>::new(row);
    let sums = high.chunks_mut(LANES).zip(low.chunks_mut(LANES));
    for (values, (high, low)) in values.chunks(LANES).zip(sums) {
        let mut lanes = [0.0; LANES];
        lanes[..values.len()].copy_from_slice(values);
        let parts = splitter.split(L::from_array(lanes));
        splitter.add(parts, high, low);
    }
    *check = splitter.check();
}

#[inline(always)]
unsafe fn add_lanes<L: Lanes>(task: &mut AddLanes) {
    let AddLanes { values, lanes, high, low, row, check } = task;
    let lanes = L::from_array(lanes.0);
    let mut splitter = Splitter::<L>::new(row);
    // Eight samples at once: sums over lanes are one vector then.
    let (groups, others) = values.as_chunks::<LANES>();
    let (high_groups, other_high) = high.as_chunks_mut::<LANES>();
    let (low_groups, other_low) = low.as_chunks_mut::<LANES>();
    for (group, (high, low)) in groups.iter().zip(high_groups.iter_mut().zip(low_groups)) {
        let sums = sum_over_lanes(&mut splitter, group, lanes);
        splitter.add(sums, high, low);
    }
    if !others.is_empty() {
        let mut group = [F8::ZERO; LANES];
        group[..others.len()].copy_from_slice(others);
        let sums = sum_over_lanes(&mut splitter, &group, lanes);
        splitter.add(sums, other_high, other_low);
    }
    *check = splitter.check();
}

/// For each of eight samples the sums of both parts over some lanes, exact below 2^53 units.
#[inline(always)]
fn sum_over_lanes<L: Lanes>(
    splitter: &mut Splitter<L>,
    samples: &[F8; LANES],
    lanes: L,
) -> Parts<L> {
    let [a, b, c, d, e, f, g, h] = samples;
    let first = add_parts(of_two(splitter, a, b, lanes), of_two(splitter, c, d, lanes));
    let second = add_parts(of_two(splitter, e, f, lanes), of_two(splitter, g, h, lanes));
    add_parts(first, second)
}

/// Both parts of two samples, with sums over pairs of lanes.
#[inline(always)]
fn of_two<L: Lanes>(splitter: &mut Splitter<L>, a: &F8, b: &F8, lanes: L) -> Parts<L> {
    let (half, zero) = (L::splat(0.5), L::splat(0.0));
    // SAFETY: a vector is eight doubles.
    let (a, b) = unsafe { (L::load(a.0.as_ptr()), L::load(b.0.as_ptr())) };
    let a = splitter.split(L::select_lt(lanes, half, zero, a));
    let b = splitter.split(L::select_lt(lanes, half, zero, b));
    Parts { high: add_pairs(a.high, b.high), low: add_pairs(a.low, b.low) }
}

/// Adds odd lanes to even ones, those of both vectors side by side.
#[inline(always)]
fn add_pairs<L: Lanes>(a: L, b: L) -> L {
    let (even, odd) = L::to_pairs(a, b);
    even + odd
}

/// Adds up further: half as many lanes a sample are left, twice as many samples a vector.
#[inline(always)]
fn add_parts<L: Lanes>(a: Parts<L>, b: Parts<L>) -> Parts<L> {
    Parts { high: add_neighbors(a.high, b.high), low: add_neighbors(a.low, b.low) }
}

/// Adds the second pair of numbers to the first one, the fourth to the third, in `a` and then in `b`.
#[inline(always)]
fn add_neighbors<L: Lanes>(a: L, b: L) -> L {
    let (a, b) = (a.to_array(), b.to_array());
    let even = [a[0], a[1], a[4], a[5], b[0], b[1], b[4], b[5]];
    let odd = [a[2], a[3], a[6], a[7], b[2], b[3], b[6], b[7]];
    L::from_array(even) + L::from_array(odd)
}
