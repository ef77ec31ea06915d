//! One number where kernels expect lanes: for events, which concern one instance.

use super::portable::split_exponent;
use super::{LANES, Lanes};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// One number. Loads and stores touch one double; as an array it stands in every lane.
#[derive(Debug, Clone, Copy)]
pub struct Single(pub f64);

macro_rules! operator {
    ($trait:ident, $method:ident, $op:tt) => {
        impl $trait for Single {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Single(self.0 $op other.0)
            }
        }
    };
}
operator!(Add, add, +);
operator!(Sub, sub, -);
operator!(Mul, mul, *);
operator!(Div, div, /);

impl Neg for Single {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Single(-self.0)
    }
}

impl Lanes for Single {
    type Mask = bool;
    const WIDTH: usize = 1;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Single(x)
    }

    #[inline(always)]
    fn from_array(x: [f64; LANES]) -> Self {
        Single(x[0])
    }

    #[inline(always)]
    fn to_array(self) -> [f64; LANES] {
        [self.0; LANES]
    }

    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        // SAFETY: the caller's promise.
        Single(unsafe { *p })
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        // SAFETY: the caller's promise.
        unsafe { *p = self.0 }
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Single(self.0.mul_add(a.0, b.0))
    }

    #[inline(always)]
    fn neg_mul_add(self, a: Self, b: Self) -> Self {
        Single((-self.0).mul_add(a.0, b.0))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        if self.0 > other.0 { self } else { other }
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        if self.0 < other.0 { self } else { other }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Single(self.0.abs())
    }

    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        if a.0 < b.0 { yes } else { no }
    }

    #[inline(always)]
    fn any_lt(a: Self, b: Self) -> bool {
        a.0 < b.0
    }

    #[inline(always)]
    fn lt(a: Self, b: Self) -> bool {
        a.0 < b.0
    }

    #[inline(always)]
    fn le(a: Self, b: Self) -> bool {
        a.0 <= b.0
    }

    #[inline(always)]
    fn eq(a: Self, b: Self) -> bool {
        a.0 == b.0
    }

    #[inline(always)]
    fn and(a: bool, b: bool) -> bool {
        a & b
    }

    #[inline(always)]
    fn or(a: bool, b: bool) -> bool {
        a | b
    }

    #[inline(always)]
    fn not(a: bool) -> bool {
        !a
    }

    #[inline(always)]
    fn select(mask: bool, yes: Self, no: Self) -> Self {
        if mask { yes } else { no }
    }

    #[inline(always)]
    fn any(mask: bool) -> bool {
        mask
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Single(self.0.sqrt())
    }

    #[inline(always)]
    fn floor(self) -> Self {
        Single(self.0.floor())
    }

    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        let (mantissa, k) = split_exponent(self.0);
        (Single(mantissa), Single(k))
    }

    #[inline(always)]
    fn each(self, f: fn(f64) -> f64) -> Self {
        Single(f(self.0))
    }

    #[inline(always)]
    fn each2(self, other: Self, f: fn(f64, f64) -> f64) -> Self {
        Single(f(self.0, other.0))
    }

    #[inline(always)]
    fn scale_by_power_of_two(self, magic: Self) -> Self {
        Single(f64::from_bits(self.0.to_bits().wrapping_add(magic.0.to_bits().wrapping_shl(52))))
    }

    #[inline(always)]
    fn to_pairs(a: Self, b: Self) -> (Self, Self) {
        (a, b)
    }

    #[inline(always)]
    fn from_pairs(low: Self, high: Self) -> (Self, Self) {
        (low, high)
    }

    #[inline(always)]
    unsafe fn scatter_add_pairs(base: *mut f64, at: &[u32; LANES], a: Self, b: Self) {
        // SAFETY: the caller's promise.
        unsafe {
            let pair = base.add(at[0] as usize);
            *pair += a.0;
            *pair.add(1) += b.0;
        }
    }
}
