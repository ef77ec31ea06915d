//! Eight lanes in plain Rust.
//!
//! On x86-64 this is for processors without fused multiply-add, where `mul_add` is a library call.
//! The other operations are calls there too: kernels are hardly slower, and half the time to compile
//! them is saved. Elsewhere all is inlined.

use super::{EXPONENT_OFFSET, LANES, Lanes, SQRT_HALF_BITS, TWO_52_BITS, pair_offset};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// Eight lanes without vector instructions.
#[derive(Debug, Clone, Copy)]
pub struct Portable([f64; LANES]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Portable(std::array::from_fn(|l| f(self.0[l], other.0[l])))
    }
}

impl Add for Portable {
    type Output = Self;
    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl Sub for Portable {
    type Output = Self;
    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl Mul for Portable {
    type Output = Self;
    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
}

impl Div for Portable {
    type Output = Self;
    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }
}

impl Neg for Portable {
    type Output = Self;
    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn neg(self) -> Self {
        Portable(self.0.map(|a| -a))
    }
}

impl Lanes for Portable {
    type Mask = [bool; LANES];

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn lt(a: Self, b: Self) -> Self::Mask {
        std::array::from_fn(|l| a.0[l] < b.0[l])
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn le(a: Self, b: Self) -> Self::Mask {
        std::array::from_fn(|l| a.0[l] <= b.0[l])
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn eq(a: Self, b: Self) -> Self::Mask {
        std::array::from_fn(|l| a.0[l] == b.0[l])
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        std::array::from_fn(|l| a[l] & b[l])
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        std::array::from_fn(|l| a[l] | b[l])
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn not(a: Self::Mask) -> Self::Mask {
        a.map(|a| !a)
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Portable(std::array::from_fn(|l| if mask[l] { yes.0[l] } else { no.0[l] }))
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn any(mask: Self::Mask) -> bool {
        mask.contains(&true)
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn sqrt(self) -> Self {
        Portable(self.0.map(f64::sqrt))
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn floor(self) -> Self {
        Portable(self.0.map(f64::floor))
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn split_exponent(self) -> (Self, Self) {
        let parts = self.0.map(split_exponent);
        (Portable(parts.map(|(m, _)| m)), Portable(parts.map(|(_, k)| k)))
    }

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Portable([x; LANES])
    }

    #[inline(always)]
    fn from_array(x: [f64; LANES]) -> Self {
        Portable(x)
    }

    #[inline(always)]
    fn to_array(self) -> [f64; LANES] {
        self.0
    }

    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        // SAFETY: the caller's promise.
        Portable(unsafe { p.cast::<[f64; LANES]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        // SAFETY: the caller's promise.
        unsafe { p.cast::<[f64; LANES]>().write_unaligned(self.0) }
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Portable(std::array::from_fn(|l| self.0[l].mul_add(a.0[l], b.0[l])))
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn neg_mul_add(self, a: Self, b: Self) -> Self {
        Portable(std::array::from_fn(|l| (-self.0[l]).mul_add(a.0[l], b.0[l])))
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn abs(self) -> Self {
        Portable(self.0.map(f64::abs))
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        Portable(std::array::from_fn(|l| if a.0[l] < b.0[l] { yes.0[l] } else { no.0[l] }))
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn any_lt(a: Self, b: Self) -> bool {
        a.0.iter().zip(&b.0).any(|(a, b)| a < b)
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn scale_by_power_of_two(self, magic: Self) -> Self {
        self.zip(magic, |x, m| {
            f64::from_bits(x.to_bits().wrapping_add(m.to_bits().wrapping_shl(52)))
        })
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn to_pairs(a: Self, b: Self) -> (Self, Self) {
        let mut pairs = [0.0; 2 * LANES];
        for l in 0..LANES {
            pairs[pair_offset(0, l)] = a.0[l];
            pairs[pair_offset(0, l) + 1] = b.0[l];
        }
        (
            Portable(std::array::from_fn(|i| pairs[i])),
            Portable(std::array::from_fn(|i| pairs[LANES + i])),
        )
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    fn from_pairs(low: Self, high: Self) -> (Self, Self) {
        let at = |i: usize| if i < LANES { low.0[i] } else { high.0[i - LANES] };
        (
            Portable(std::array::from_fn(|l| at(pair_offset(0, l)))),
            Portable(std::array::from_fn(|l| at(pair_offset(0, l) + 1))),
        )
    }

    #[cfg_attr(target_arch = "x86_64", inline(never))]
    #[cfg_attr(not(target_arch = "x86_64"), inline(always))]
    unsafe fn scatter_add_pairs(base: *mut f64, at: &[u32; LANES], a: Self, b: Self) {
        for ((&at, a), b) in at.iter().zip(a.0).zip(b.0) {
            // SAFETY: the caller's promise.
            unsafe {
                let pair = base.add(at as usize);
                *pair += a;
                *pair.add(1) += b;
            }
        }
    }
}

/// [`Lanes::split_exponent`] of one number, by integer arithmetic on its bits.
#[inline(always)]
pub(super) fn split_exponent(x: f64) -> (f64, f64) {
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF_BITS).wrapping_add(1 << 63);
    let k = shifted >> 52;
    let mantissa = x.to_bits().wrapping_sub((k << 52).wrapping_sub(1 << 63));
    (f64::from_bits(mantissa), f64::from_bits(TWO_52_BITS | k) - EXPONENT_OFFSET)
}
