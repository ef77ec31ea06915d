//! Reductions whose results don't depend on the number or order of ranks.

use crate::{
    backend::Reduction,
    communicator::Communicator,
    error::{Error, Result},
};

/// Bits of a limb. Three limbs hold 128 bits, and 21 bits are left for the carries of 2 million ranks.
const LIMB_BITS: u32 = 43;
const LIMB_MASK: i128 = (1 << LIMB_BITS) - 1;

impl Communicator {
    /// Exact sum of every rank's `value`, on all ranks. Collective.
    ///
    /// For integers up to `u64`, `i64` and `i128`; a sum that leaves the type is
    /// [`Error::SumOverflow`] on every rank.
    /// There is no sum of floating-point numbers: it would depend on the number of ranks.
    pub fn sum<T: Copy + Into<i128> + TryFrom<i128>>(&self, value: T) -> Result<T> {
        let mut values = [value];
        self.sum_slice(&mut values)?;
        let [sum] = values;
        Ok(sum)
    }

    /// Exact sum over ranks of each element, in place; the slice has the same length on all ranks.
    /// Collective. See [`sum`](Communicator::sum).
    pub fn sum_slice<T: Copy + Into<i128> + TryFrom<i128>>(&self, values: &mut [T]) -> Result<()> {
        if !self.uses_mpi() {
            return Ok(());
        }
        let mut limbs = values.iter().flat_map(|&value| to_limbs(value.into())).collect::<Vec<_>>();
        self.all_reduce(Reduction::Sum, &mut limbs)?;
        for (index, (value, limbs)) in values.iter_mut().zip(limbs.as_chunks::<3>().0).enumerate() {
            let sum = from_limbs(*limbs);
            *value =
                sum.and_then(|sum| T::try_from(sum).ok()).ok_or_else(|| Error::SumOverflow {
                    index,
                    sum: sum.map_or("more than 128 bits".to_string(), |sum| sum.to_string()),
                    type_name: std::any::type_name::<T>(),
                })?;
        }
        Ok(())
    }

    /// Smallest of every rank's `value`, on all ranks. Collective.
    pub fn min<T: Ordered>(&self, value: T) -> Result<T> {
        self.extremum(Reduction::Min, value)
    }

    /// Largest of every rank's `value`, on all ranks. Collective.
    pub fn max<T: Ordered>(&self, value: T) -> Result<T> {
        self.extremum(Reduction::Max, value)
    }

    /// Smallest over ranks of each element, in place; equal lengths on all ranks. Collective.
    pub fn min_slice<T: Ordered>(&self, values: &mut [T]) -> Result<()> {
        self.extrema(Reduction::Min, values)
    }

    /// Largest over ranks of each element, in place; equal lengths on all ranks. Collective.
    pub fn max_slice<T: Ordered>(&self, values: &mut [T]) -> Result<()> {
        self.extrema(Reduction::Max, values)
    }

    fn extremum<T: Ordered>(&self, reduction: Reduction, value: T) -> Result<T> {
        let mut key = [value.to_key()];
        self.all_reduce(reduction, &mut key)?;
        Ok(T::from_key(key[0]))
    }

    fn extrema<T: Ordered>(&self, reduction: Reduction, values: &mut [T]) -> Result<()> {
        let mut keys = values.iter().map(|value| value.to_key()).collect::<Vec<_>>();
        self.all_reduce(reduction, &mut keys)?;
        for (value, key) in values.iter_mut().zip(keys) {
            *value = T::from_key(key);
        }
        Ok(())
    }
}

/// Numbers with a total order, for [`Communicator::min`] and [`Communicator::max`].
///
/// `f64` is ordered as by [`f64::total_cmp`]: -0.0 below 0.0, a positive NaN above infinity.
pub trait Ordered: Copy + sealed::Sealed {
    /// Unsigned integer in the same order.
    #[doc(hidden)]
    fn to_key(self) -> u64;
    /// Inverse of `to_key`.
    #[doc(hidden)]
    fn from_key(key: u64) -> Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u64 {}
    impl Sealed for i64 {}
    impl Sealed for f64 {}
}

const SIGN: u64 = 1 << 63;

impl Ordered for u64 {
    fn to_key(self) -> u64 {
        self
    }

    fn from_key(key: u64) -> u64 {
        key
    }
}

impl Ordered for i64 {
    fn to_key(self) -> u64 {
        self as u64 ^ SIGN
    }

    fn from_key(key: u64) -> i64 {
        (key ^ SIGN) as i64
    }
}

impl Ordered for f64 {
    fn to_key(self) -> u64 {
        let bits = self.to_bits();
        if bits & SIGN == 0 { bits | SIGN } else { !bits }
    }

    fn from_key(key: u64) -> f64 {
        f64::from_bits(if key & SIGN == 0 { !key } else { key ^ SIGN })
    }
}

/// A number in parts whose sums, modulo 2^64, lose no carry; the last part has the sign.
fn to_limbs(value: i128) -> [u64; 3] {
    [
        (value & LIMB_MASK) as u64,
        (value >> LIMB_BITS & LIMB_MASK) as u64,
        (value >> (2 * LIMB_BITS)) as u64,
    ]
}

/// The number whose parts, or sums of parts, are given; `None` beyond 128 bits.
fn from_limbs([low, middle, high]: [u64; 3]) -> Option<i128> {
    let middle = i128::from(middle) + i128::from(low >> LIMB_BITS);
    let high = i128::from(high as i64) + (middle >> LIMB_BITS);
    let shifted = high.checked_mul(1 << (2 * LIMB_BITS))?;
    Some(shifted | (middle & LIMB_MASK) << LIMB_BITS | (i128::from(low) & LIMB_MASK))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum_by_limbs(values: &[i128]) -> Option<i128> {
        from_limbs(values.iter().fold([0; 3], |sum, &value| {
            let limbs = to_limbs(value);
            std::array::from_fn(|i| sum[i].wrapping_add(limbs[i]))
        }))
    }

    #[test]
    fn limbs_sum_exactly() {
        let edges = [
            0,
            1,
            -1,
            (1 << 43) - 1,
            1 << 43,
            -(1 << 43),
            (1 << 86) - 1,
            -(1 << 86),
            i128::from(u64::MAX),
            i128::from(i64::MIN),
            i128::MAX,
            i128::MIN,
        ];
        for a in edges {
            assert_eq!(sum_by_limbs(&[a]), Some(a));
            for b in edges {
                assert_eq!(sum_by_limbs(&[a, b]), a.checked_add(b), "{a} + {b}");
                // Intermediate overflow does not matter.
                assert_eq!(sum_by_limbs(&[a, b, 0, -1, 1]), a.checked_add(b), "{a} + {b}");
            }
        }
        assert_eq!(sum_by_limbs(&[i128::MAX, i128::MAX, i128::MIN, i128::MIN]), Some(-2));
    }

    #[test]
    fn many_ranks_lose_no_carry() {
        assert_eq!(
            sum_by_limbs(&[i128::from(u64::MAX); 100_000]),
            Some(u64::MAX as i128 * 100_000)
        );
        assert_eq!(
            sum_by_limbs(&[i128::from(i64::MIN); 100_000]),
            Some(i64::MIN as i128 * 100_000)
        );
    }

    #[test]
    fn keys_keep_the_order() {
        let ascending = [
            f64::NEG_INFINITY,
            -1e300,
            -1.0,
            -f64::MIN_POSITIVE,
            -0.0,
            0.0,
            5e-324,
            1.0,
            f64::INFINITY,
            f64::NAN,
        ];
        assert!(ascending.windows(2).all(|pair| pair[0].to_key() < pair[1].to_key()));
        for value in ascending {
            assert_eq!(f64::from_key(value.to_key()).to_bits(), value.to_bits());
        }
        let ascending = [i64::MIN, -1, 0, 1, i64::MAX];
        assert!(ascending.windows(2).all(|pair| pair[0].to_key() < pair[1].to_key()));
        assert!(ascending.iter().all(|&value| i64::from_key(value.to_key()) == value));
    }
}
