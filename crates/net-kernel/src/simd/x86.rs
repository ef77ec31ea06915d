//! Eight lanes in AVX2 and AVX-512 registers.
//!
//! The intrinsics are inlined into functions that enable their instructions (see
//! [`isa_kernel!`](crate::isa_kernel)); every method is `inline(always)` for that reason.

use super::{EXPONENT_OFFSET, LANES, Lanes, SQRT_HALF_BITS, TWO_52_BITS};
use std::arch::x86_64::*;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// Eight lanes in one 512-bit register.
#[derive(Debug, Clone, Copy)]
pub struct Avx512(__m512d);

/// Eight lanes in two 256-bit registers.
#[derive(Debug, Clone, Copy)]
pub struct Avx2(__m256d, __m256d);

// SAFETY of all blocks below: `Avx512` and `Avx2` values are made only inside functions that
// enable the features of the intrinsics used; pointers are the caller's promise.

macro_rules! operator {
    ($trait:ident, $method:ident, $wide:ident, $half:ident) => {
        impl $trait for Avx512 {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Avx512(unsafe { $wide(self.0, other.0) })
            }
        }
        impl $trait for Avx2 {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                unsafe { Avx2($half(self.0, other.0), $half(self.1, other.1)) }
            }
        }
    };
}
operator!(Add, add, _mm512_add_pd, _mm256_add_pd);
operator!(Sub, sub, _mm512_sub_pd, _mm256_sub_pd);
operator!(Mul, mul, _mm512_mul_pd, _mm256_mul_pd);
operator!(Div, div, _mm512_div_pd, _mm256_div_pd);

impl Neg for Avx512 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Avx512(unsafe { _mm512_xor_pd(self.0, _mm512_set1_pd(-0.0)) })
    }
}

impl Neg for Avx2 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        unsafe {
            let sign = _mm256_set1_pd(-0.0);
            Avx2(_mm256_xor_pd(self.0, sign), _mm256_xor_pd(self.1, sign))
        }
    }
}

impl Lanes for Avx512 {
    type Mask = __mmask8;

    #[inline(always)]
    fn lt(a: Self, b: Self) -> Self::Mask {
        unsafe { _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a.0, b.0) }
    }

    #[inline(always)]
    fn le(a: Self, b: Self) -> Self::Mask {
        unsafe { _mm512_cmp_pd_mask::<_CMP_LE_OQ>(a.0, b.0) }
    }

    #[inline(always)]
    fn eq(a: Self, b: Self) -> Self::Mask {
        unsafe { _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(a.0, b.0) }
    }

    #[inline(always)]
    fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        a & b
    }

    #[inline(always)]
    fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        a | b
    }

    #[inline(always)]
    fn not(a: Self::Mask) -> Self::Mask {
        !a
    }

    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        Avx512(unsafe { _mm512_mask_blend_pd(mask, no.0, yes.0) })
    }

    #[inline(always)]
    fn any(mask: Self::Mask) -> bool {
        mask != 0
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Avx512(unsafe { _mm512_sqrt_pd(self.0) })
    }

    #[inline(always)]
    fn floor(self) -> Self {
        Avx512(unsafe {
            _mm512_roundscale_pd::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(self.0)
        })
    }

    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        unsafe {
            let bits = _mm512_castpd_si512(self.0);
            let half = _mm512_set1_epi64(SQRT_HALF_BITS as i64);
            let top = _mm512_set1_epi64(i64::MIN);
            let shifted = _mm512_add_epi64(_mm512_sub_epi64(bits, half), top);
            let k = _mm512_srli_epi64::<52>(shifted);
            let scale = _mm512_sub_epi64(_mm512_slli_epi64::<52>(k), top);
            let mantissa = _mm512_castsi512_pd(_mm512_sub_epi64(bits, scale));
            let k = _mm512_or_si512(k, _mm512_set1_epi64(TWO_52_BITS as i64));
            let k = _mm512_sub_pd(_mm512_castsi512_pd(k), _mm512_set1_pd(EXPONENT_OFFSET));
            (Avx512(mantissa), Avx512(k))
        }
    }

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Avx512(unsafe { _mm512_set1_pd(x) })
    }

    #[inline(always)]
    fn from_array(x: [f64; LANES]) -> Self {
        // By halves: the compiler then builds the vector in registers instead of through memory.
        unsafe {
            let low = _mm256_setr_pd(x[0], x[1], x[2], x[3]);
            let high = _mm256_setr_pd(x[4], x[5], x[6], x[7]);
            Avx512(_mm512_insertf64x4::<1>(_mm512_castpd256_pd512(low), high))
        }
    }

    #[inline(always)]
    fn to_array(self) -> [f64; LANES] {
        let mut x = [0.0; LANES];
        unsafe { _mm512_storeu_pd(x.as_mut_ptr(), self.0) };
        x
    }

    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        Avx512(unsafe { _mm512_loadu_pd(p) })
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        unsafe { _mm512_storeu_pd(p, self.0) }
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Avx512(unsafe { _mm512_fmadd_pd(self.0, a.0, b.0) })
    }

    #[inline(always)]
    fn neg_mul_add(self, a: Self, b: Self) -> Self {
        Avx512(unsafe { _mm512_fnmadd_pd(self.0, a.0, b.0) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Avx512(unsafe { _mm512_max_pd(self.0, other.0) })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Avx512(unsafe { _mm512_min_pd(self.0, other.0) })
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Avx512(unsafe { _mm512_abs_pd(self.0) })
    }

    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        unsafe {
            let less = _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a.0, b.0);
            Avx512(_mm512_mask_blend_pd(less, no.0, yes.0))
        }
    }

    #[inline(always)]
    fn any_lt(a: Self, b: Self) -> bool {
        unsafe { _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a.0, b.0) != 0 }
    }

    #[inline(always)]
    fn scale_by_power_of_two(self, magic: Self) -> Self {
        unsafe {
            let shift = _mm512_slli_epi64::<52>(_mm512_castpd_si512(magic.0));
            Avx512(_mm512_castsi512_pd(_mm512_add_epi64(_mm512_castpd_si512(self.0), shift)))
        }
    }

    #[inline(always)]
    fn to_pairs(a: Self, b: Self) -> (Self, Self) {
        unsafe { (Avx512(_mm512_unpacklo_pd(a.0, b.0)), Avx512(_mm512_unpackhi_pd(a.0, b.0))) }
    }

    #[inline(always)]
    fn from_pairs(low: Self, high: Self) -> (Self, Self) {
        Self::to_pairs(low, high)
    }

    #[inline(always)]
    unsafe fn scatter_add_pairs(base: *mut f64, at: &[u32; LANES], a: Self, b: Self) {
        unsafe {
            let (even, odd) = Self::to_pairs(a, b);
            add_pair(base, at[0], _mm512_castpd512_pd128(even.0));
            add_pair(base, at[1], _mm512_castpd512_pd128(odd.0));
            add_pair(base, at[2], _mm512_extractf64x2_pd::<1>(even.0));
            add_pair(base, at[3], _mm512_extractf64x2_pd::<1>(odd.0));
            add_pair(base, at[4], _mm512_extractf64x2_pd::<2>(even.0));
            add_pair(base, at[5], _mm512_extractf64x2_pd::<2>(odd.0));
            add_pair(base, at[6], _mm512_extractf64x2_pd::<3>(even.0));
            add_pair(base, at[7], _mm512_extractf64x2_pd::<3>(odd.0));
        }
    }
}

#[inline(always)]
unsafe fn add_pair(base: *mut f64, at: u32, pair: __m128d) {
    unsafe {
        let p = base.add(at as usize);
        _mm_storeu_pd(p, _mm_add_pd(_mm_loadu_pd(p), pair));
    }
}

impl Lanes for Avx2 {
    type Mask = (__m256d, __m256d);

    #[inline(always)]
    fn lt(a: Self, b: Self) -> Self::Mask {
        unsafe { (_mm256_cmp_pd::<_CMP_LT_OQ>(a.0, b.0), _mm256_cmp_pd::<_CMP_LT_OQ>(a.1, b.1)) }
    }

    #[inline(always)]
    fn le(a: Self, b: Self) -> Self::Mask {
        unsafe { (_mm256_cmp_pd::<_CMP_LE_OQ>(a.0, b.0), _mm256_cmp_pd::<_CMP_LE_OQ>(a.1, b.1)) }
    }

    #[inline(always)]
    fn eq(a: Self, b: Self) -> Self::Mask {
        unsafe { (_mm256_cmp_pd::<_CMP_EQ_OQ>(a.0, b.0), _mm256_cmp_pd::<_CMP_EQ_OQ>(a.1, b.1)) }
    }

    #[inline(always)]
    fn and(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        unsafe { (_mm256_and_pd(a.0, b.0), _mm256_and_pd(a.1, b.1)) }
    }

    #[inline(always)]
    fn or(a: Self::Mask, b: Self::Mask) -> Self::Mask {
        unsafe { (_mm256_or_pd(a.0, b.0), _mm256_or_pd(a.1, b.1)) }
    }

    #[inline(always)]
    fn not(a: Self::Mask) -> Self::Mask {
        unsafe {
            let ones = _mm256_castsi256_pd(_mm256_set1_epi64x(-1));
            (_mm256_xor_pd(a.0, ones), _mm256_xor_pd(a.1, ones))
        }
    }

    #[inline(always)]
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self {
        unsafe {
            Avx2(_mm256_blendv_pd(no.0, yes.0, mask.0), _mm256_blendv_pd(no.1, yes.1, mask.1))
        }
    }

    #[inline(always)]
    fn any(mask: Self::Mask) -> bool {
        unsafe { _mm256_movemask_pd(_mm256_or_pd(mask.0, mask.1)) != 0 }
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        unsafe { Avx2(_mm256_sqrt_pd(self.0), _mm256_sqrt_pd(self.1)) }
    }

    #[inline(always)]
    fn floor(self) -> Self {
        unsafe { Avx2(_mm256_floor_pd(self.0), _mm256_floor_pd(self.1)) }
    }

    #[inline(always)]
    fn split_exponent(self) -> (Self, Self) {
        #[inline(always)]
        unsafe fn half(x: __m256d) -> (__m256d, __m256d) {
            unsafe {
                let bits = _mm256_castpd_si256(x);
                let half = _mm256_set1_epi64x(SQRT_HALF_BITS as i64);
                let top = _mm256_set1_epi64x(i64::MIN);
                let shifted = _mm256_add_epi64(_mm256_sub_epi64(bits, half), top);
                let k = _mm256_srli_epi64::<52>(shifted);
                let scale = _mm256_sub_epi64(_mm256_slli_epi64::<52>(k), top);
                let mantissa = _mm256_castsi256_pd(_mm256_sub_epi64(bits, scale));
                let k = _mm256_or_si256(k, _mm256_set1_epi64x(TWO_52_BITS as i64));
                let k = _mm256_sub_pd(_mm256_castsi256_pd(k), _mm256_set1_pd(EXPONENT_OFFSET));
                (mantissa, k)
            }
        }
        unsafe {
            let (low, high) = (half(self.0), half(self.1));
            (Avx2(low.0, high.0), Avx2(low.1, high.1))
        }
    }

    #[inline(always)]
    fn splat(x: f64) -> Self {
        let half = unsafe { _mm256_set1_pd(x) };
        Avx2(half, half)
    }

    #[inline(always)]
    fn from_array(x: [f64; LANES]) -> Self {
        unsafe {
            Avx2(_mm256_setr_pd(x[0], x[1], x[2], x[3]), _mm256_setr_pd(x[4], x[5], x[6], x[7]))
        }
    }

    #[inline(always)]
    fn to_array(self) -> [f64; LANES] {
        let mut x = [0.0; LANES];
        unsafe { self.store(x.as_mut_ptr()) };
        x
    }

    #[inline(always)]
    unsafe fn load(p: *const f64) -> Self {
        unsafe { Avx2(_mm256_loadu_pd(p), _mm256_loadu_pd(p.add(4))) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f64) {
        unsafe {
            _mm256_storeu_pd(p, self.0);
            _mm256_storeu_pd(p.add(4), self.1);
        }
    }

    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        unsafe { Avx2(_mm256_fmadd_pd(self.0, a.0, b.0), _mm256_fmadd_pd(self.1, a.1, b.1)) }
    }

    #[inline(always)]
    fn neg_mul_add(self, a: Self, b: Self) -> Self {
        unsafe { Avx2(_mm256_fnmadd_pd(self.0, a.0, b.0), _mm256_fnmadd_pd(self.1, a.1, b.1)) }
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        unsafe { Avx2(_mm256_max_pd(self.0, other.0), _mm256_max_pd(self.1, other.1)) }
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        unsafe { Avx2(_mm256_min_pd(self.0, other.0), _mm256_min_pd(self.1, other.1)) }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        unsafe {
            let sign = _mm256_set1_pd(-0.0);
            Avx2(_mm256_andnot_pd(sign, self.0), _mm256_andnot_pd(sign, self.1))
        }
    }

    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        unsafe {
            Avx2(
                _mm256_blendv_pd(no.0, yes.0, _mm256_cmp_pd::<_CMP_LT_OQ>(a.0, b.0)),
                _mm256_blendv_pd(no.1, yes.1, _mm256_cmp_pd::<_CMP_LT_OQ>(a.1, b.1)),
            )
        }
    }

    #[inline(always)]
    fn any_lt(a: Self, b: Self) -> bool {
        unsafe {
            let low = _mm256_cmp_pd::<_CMP_LT_OQ>(a.0, b.0);
            let high = _mm256_cmp_pd::<_CMP_LT_OQ>(a.1, b.1);
            _mm256_movemask_pd(_mm256_or_pd(low, high)) != 0
        }
    }

    #[inline(always)]
    fn scale_by_power_of_two(self, magic: Self) -> Self {
        #[inline(always)]
        unsafe fn half(x: __m256d, magic: __m256d) -> __m256d {
            unsafe {
                let shift = _mm256_slli_epi64::<52>(_mm256_castpd_si256(magic));
                _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(x), shift))
            }
        }
        unsafe { Avx2(half(self.0, magic.0), half(self.1, magic.1)) }
    }

    #[inline(always)]
    fn to_pairs(a: Self, b: Self) -> (Self, Self) {
        unsafe {
            (
                Avx2(_mm256_unpacklo_pd(a.0, b.0), _mm256_unpacklo_pd(a.1, b.1)),
                Avx2(_mm256_unpackhi_pd(a.0, b.0), _mm256_unpackhi_pd(a.1, b.1)),
            )
        }
    }

    #[inline(always)]
    fn from_pairs(low: Self, high: Self) -> (Self, Self) {
        Self::to_pairs(low, high)
    }

    #[inline(always)]
    unsafe fn scatter_add_pairs(base: *mut f64, at: &[u32; LANES], a: Self, b: Self) {
        unsafe {
            let (even, odd) = Self::to_pairs(a, b);
            add_pair(base, at[0], _mm256_castpd256_pd128(even.0));
            add_pair(base, at[1], _mm256_castpd256_pd128(odd.0));
            add_pair(base, at[2], _mm256_extractf128_pd::<1>(even.0));
            add_pair(base, at[3], _mm256_extractf128_pd::<1>(odd.0));
            add_pair(base, at[4], _mm256_castpd256_pd128(even.1));
            add_pair(base, at[5], _mm256_castpd256_pd128(odd.1));
            add_pair(base, at[6], _mm256_extractf128_pd::<1>(even.1));
            add_pair(base, at[7], _mm256_extractf128_pd::<1>(odd.1));
        }
    }
}
