//! Eight doubles side by side, with one source for every instruction set.
//!
//! Kernels are generic over [`Lanes`] and are compiled three times: for AVX-512, for AVX2 with FMA,
//! and in plain Rust. All three do the same correctly rounded operations in the same order
//! (`mul_add` is written out wherever it is meant), so that every CPU gives the same bits.
//! The choice is made once a process, by [`Isa::current`].
//!
//! Plain loops over 8 lanes are not used: LLVM unrolls them and then does not vectorize them.

mod math;
mod portable;
mod single;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::ops::{Add, Div, Mul, Neg, Sub};
use std::sync::OnceLock;

pub use math::{
    EXPRELR_SERIES_BELOW, cosh, exp, exp_near_zero, exprelr, exprelr_guard, log, log10, pow,
    reciprocal2, reciprocal3, sinh, tanh,
};
pub use portable::Portable;
pub use single::Single;
#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

/// Number of lanes of every vector and of every block of cells.
pub const LANES: usize = 8;

/// One vector in memory, aligned to a cache line.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub struct F8(pub [f64; LANES]);

impl F8 {
    /// All lanes zero.
    pub const ZERO: F8 = F8([0.0; LANES]);

    /// All lanes `x`.
    pub const fn splat(x: f64) -> F8 {
        F8([x; LANES])
    }
}

/// Eight `f64` lanes in registers.
///
/// # Safety
/// The methods that take pointers read or write 8 (pairs: 16) consecutive doubles, or the
/// positions given, which must be valid. Values of a type may be made only on a CPU that has its
/// instructions; [`isa_kernel!`](crate::isa_kernel) sees to that.
pub trait Lanes:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// Yes or no in every lane.
    type Mask: Copy;
    /// Number of lanes that differ.
    const WIDTH: usize = LANES;
    /// All lanes `x`.
    fn splat(x: f64) -> Self;
    /// The lanes from an array.
    fn from_array(x: [f64; LANES]) -> Self;
    /// The lanes as an array.
    fn to_array(self) -> [f64; LANES];
    /// Loads 8 doubles.
    ///
    /// # Safety
    /// `p` must be valid for reading 8 doubles.
    unsafe fn load(p: *const f64) -> Self;
    /// Stores 8 doubles.
    ///
    /// # Safety
    /// `p` must be valid for writing 8 doubles.
    unsafe fn store(self, p: *mut f64);
    /// `self * a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// `b - self * a`, rounded once.
    fn neg_mul_add(self, a: Self, b: Self) -> Self;
    /// Lanewise `if self > other { self } else { other }`: NaN in `self` gives `other`, NaN in
    /// `other` gives NaN.
    fn max(self, other: Self) -> Self;
    /// Lanewise `if self < other { self } else { other }`, NaN as in [`max`](Self::max).
    fn min(self, other: Self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// Lanewise `if a < b { yes } else { no }`.
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self;
    /// Lanewise `a < b`, false where one is NaN.
    fn lt(a: Self, b: Self) -> Self::Mask;
    /// Lanewise `a <= b`, false where one is NaN.
    fn le(a: Self, b: Self) -> Self::Mask;
    /// Lanewise `a == b`, false where one is NaN.
    fn eq(a: Self, b: Self) -> Self::Mask;
    /// Both.
    fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Either.
    fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// The opposite.
    fn not(a: Self::Mask) -> Self::Mask;
    /// Lanewise `if mask { yes } else { no }`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// Whether it holds in any lane.
    fn any(mask: Self::Mask) -> bool;
    /// Square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// The largest integer that is not larger.
    fn floor(self) -> Self;
    /// `x = m 2^k` with sqrt(1/2) <= m < sqrt(2) for normal positive x: (m, k).
    fn split_exponent(self) -> (Self, Self);
    /// A function of the standard library, lane after lane.
    #[inline(always)]
    fn each(self, f: fn(f64) -> f64) -> Self {
        let x = self.to_array();
        Self::from_array([f(x[0]), f(x[1]), f(x[2]), f(x[3]), f(x[4]), f(x[5]), f(x[6]), f(x[7])])
    }
    /// A function of two numbers of the standard library, lane after lane.
    #[inline(always)]
    fn each2(self, other: Self, f: fn(f64, f64) -> f64) -> Self {
        let (x, y) = (self.to_array(), other.to_array());
        Self::from_array([
            f(x[0], y[0]),
            f(x[1], y[1]),
            f(x[2], y[2]),
            f(x[3], y[3]),
            f(x[4], y[4]),
            f(x[5], y[5]),
            f(x[6], y[6]),
            f(x[7], y[7]),
        ])
    }
    /// Whether `a < b` in any lane. For branches that leave out work without changing results.
    fn any_lt(a: Self, b: Self) -> bool;
    /// `self * 2^n`, where `n` stands in the low bits of `magic = n + 1.5 * 2^52`, by adding to the
    /// exponent; exact while the result is a normal number.
    fn scale_by_power_of_two(self, magic: Self) -> Self;
    /// Interleaves two vectors into the pair layout of [`pair_offset`]: 16 doubles.
    fn to_pairs(a: Self, b: Self) -> (Self, Self);
    /// The inverse of [`to_pairs`](Self::to_pairs).
    fn from_pairs(low: Self, high: Self) -> (Self, Self);
    /// Adds the pairs `(a[l], b[l])` to the two doubles at `base + at[l]`, lane after lane.
    ///
    /// # Safety
    /// `base + at[l]` must be valid for two doubles, and the positions must differ from each other.
    unsafe fn scatter_add_pairs(base: *mut f64, at: &[u32; LANES], a: Self, b: Self);
    /// Reads the doubles `base + at[l]`.
    ///
    /// # Safety
    /// The positions must be valid.
    #[inline(always)]
    unsafe fn gather(base: *const f64, at: &[u32; LANES]) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            Self::from_array([
                *base.add(at[0] as usize),
                *base.add(at[1] as usize),
                *base.add(at[2] as usize),
                *base.add(at[3] as usize),
                *base.add(at[4] as usize),
                *base.add(at[5] as usize),
                *base.add(at[6] as usize),
                *base.add(at[7] as usize),
            ])
        }
    }
    /// Writes the doubles `base + at[l]`.
    ///
    /// # Safety
    /// The positions must be valid and differ from each other.
    #[inline(always)]
    unsafe fn scatter(self, base: *mut f64, at: &[u32; LANES]) {
        let values = self.to_array();
        for (value, &position) in values.iter().zip(at) {
            // SAFETY: the caller's promise.
            unsafe { *base.add(position as usize) = *value };
        }
    }
    /// Adds lane after lane to the doubles `base + at[l]`.
    ///
    /// # Safety
    /// The positions must be valid and differ from each other.
    #[inline(always)]
    unsafe fn scatter_add(self, base: *mut f64, at: &[u32; LANES]) {
        let values = self.to_array();
        for (value, &position) in values.iter().zip(at) {
            // SAFETY: the caller's promise.
            unsafe { *base.add(position as usize) += value };
        }
    }
}

/// Bits of sqrt(1/2), where [`Lanes::split_exponent`] cuts.
const SQRT_HALF_BITS: u64 = 0x3fe6_a09e_667f_3bcd;

/// Bits of 2^52, whose low bits take an integer.
const TWO_52_BITS: u64 = 0x4330_0000_0000_0000;
/// What the exponent is too large by when it has been read as an integer: 2^52 + 2^11.
const EXPONENT_OFFSET: f64 = 4_503_599_627_372_544.0;

/// Where lane `lane` of slot `slot` keeps its pair, in doubles: even lanes first, so that two
/// vectors turn into pairs by shuffles that stay inside 128 bits.
pub const fn pair_offset(slot: usize, lane: usize) -> usize {
    slot * 2 * LANES + (lane / 2) * 2 + (lane % 2) * LANES
}

/// The instruction sets that kernels are compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isa {
    /// Plain Rust; `mul_add` may be a library call.
    Portable,
    /// 256-bit vectors with fused multiply-add.
    Avx2,
    /// 512-bit vectors.
    Avx512,
}

impl Isa {
    /// The best instruction set of this CPU, or the one named by the environment variable
    /// `NET_ISA` (`portable`, `avx2`, `avx512`) if the CPU has it. Results do not depend on it.
    pub fn current() -> Isa {
        static ISA: OnceLock<Isa> = OnceLock::new();
        *ISA.get_or_init(|| {
            let best = Self::best();
            match std::env::var("NET_ISA").as_deref() {
                Ok("portable") => Isa::Portable,
                Ok("avx2") => best.min(Isa::Avx2),
                _ => best,
            }
        })
    }

    /// What compilers call its instructions, separated by commas; empty for portable code.
    pub const fn features(self) -> &'static str {
        match self {
            Isa::Portable => "",
            Isa::Avx2 => "avx2,fma",
            Isa::Avx512 => "avx512f,avx512dq,avx512vl,avx2,fma",
        }
    }

    /// Its instructions in words, for messages.
    pub const fn description(self) -> &'static str {
        match self {
            Isa::Portable => "none of these",
            _ => self.features(),
        }
    }

    /// Name of its vector type here.
    pub const fn vector(self) -> &'static str {
        match self {
            Isa::Portable => "Portable",
            Isa::Avx2 => "Avx2",
            Isa::Avx512 => "Avx512",
        }
    }

    /// The instruction set with these [`features`](Self::features), if it is one of these.
    pub fn with_features(features: &str) -> Option<Isa> {
        [Isa::Portable, Isa::Avx2, Isa::Avx512].into_iter().find(|isa| isa.features() == features)
    }

    /// The best instruction set of this CPU.
    pub fn best() -> Isa {
        #[cfg(target_arch = "x86_64")]
        {
            let fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            if fma && wide {
                return Isa::Avx512;
            }
            if fma {
                return Isa::Avx2;
            }
        }
        Isa::Portable
    }
}

/// Compiles a function that is generic over [`Lanes`] for every instruction set and defines
/// `fn $name() -> $pointer` that returns the version for this CPU; with `extern "C"` in front the
/// versions can be called by code from another compiler.
#[macro_export]
macro_rules! isa_kernel {
    ($(#[$meta:meta])* $vis:vis $(extern $abi:literal)? fn $name:ident = $body:ident as $pointer:ty, ($($arg:ident : $type:ty),*)) => {
        $(#[$meta])*
        $vis fn $name() -> $pointer {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
            unsafe $(extern $abi)? fn avx512($($arg: $type),*) {
                // SAFETY: the caller's promise; the CPU has AVX-512, or this is not reached.
                unsafe { $body::<$crate::simd::Avx512>($($arg),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe $(extern $abi)? fn avx2($($arg: $type),*) {
                // SAFETY: the caller's promise; the CPU has AVX2 and FMA, or this is not reached.
                unsafe { $body::<$crate::simd::Avx2>($($arg),*) }
            }
            unsafe $(extern $abi)? fn portable($($arg: $type),*) {
                // SAFETY: the caller's promise.
                unsafe { $body::<$crate::simd::Portable>($($arg),*) }
            }
            match $crate::simd::Isa::current() {
                #[cfg(target_arch = "x86_64")]
                $crate::simd::Isa::Avx512 => avx512,
                #[cfg(target_arch = "x86_64")]
                $crate::simd::Isa::Avx2 => avx2,
                _ => portable,
            }
        }
    };
}

#[cfg(test)]
mod tests;
