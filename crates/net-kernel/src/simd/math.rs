//! Functions of eight lanes, without branches and the same bits on every CPU.

use super::Lanes;

const LOG2_E: f64 = std::f64::consts::LOG2_E;
/// The leading bits of ln 2: `n * LN2_HIGH` is exact for |n| < 2^20.
const LN2_HIGH: f64 = 6.931_457_519_531_25e-1;
const LN2_LOW: f64 = 1.428_606_820_309_417_2e-6;
/// Adding it rounds to an integer and leaves that integer in the low bits.
const MAGIC: f64 = 6_755_399_441_055_744.0;
/// Arguments are limited to where the result is a normal number.
const EXP_MIN: f64 = -708.0;
const EXP_MAX: f64 = 709.0;

/// Coefficients of q in `exp(r) = 1 + r + r^2 q(r)`, |r| <= ln(2)/2: Chebyshev interpolation of
/// degree 9, relative error of the exponential 1.6e-17.
const Q: [f64; 10] = [
    0.500_000_000_000_000_1,
    0.166_666_666_666_666_69,
    0.041_666_666_666_624_13,
    0.008_333_333_333_330_062,
    0.001_388_888_891_721_371_7,
    0.000_198_412_698_630_536_18,
    2.480_152_129_595_437_6e-5,
    2.755_726_845_999_706_4e-6,
    2.762_008_844_540_974_6e-7,
    2.510_038_549_551_032e-8,
];

/// `exp(r) - 1` for |r| <= ln(2)/2, as r + r^2 q(r).
#[inline(always)]
fn reduced_expm1<V: Lanes>(r: V) -> V {
    // Estrin's scheme: short chains that overlap.
    let r2 = r * r;
    let r4 = r2 * r2;
    let q01 = V::splat(Q[1]).mul_add(r, V::splat(Q[0]));
    let q23 = V::splat(Q[3]).mul_add(r, V::splat(Q[2]));
    let q45 = V::splat(Q[5]).mul_add(r, V::splat(Q[4]));
    let q67 = V::splat(Q[7]).mul_add(r, V::splat(Q[6]));
    let q89 = V::splat(Q[9]).mul_add(r, V::splat(Q[8]));
    let q0123 = q23.mul_add(r2, q01);
    let q4567 = q67.mul_add(r2, q45);
    let q = q89.mul_add(r4, q4567).mul_add(r4, q0123);
    q.mul_add(r2, r)
}

/// Range reduction, `x = n ln2 + r`: gives n + MAGIC and exp(r) - 1.
#[inline(always)]
fn reduce<V: Lanes>(x: V) -> (V, V) {
    // In this order of operands NaN passes through.
    let x = V::splat(EXP_MAX).min(V::splat(EXP_MIN).max(x));
    let magic = x.mul_add(V::splat(LOG2_E), V::splat(MAGIC));
    let n = magic - V::splat(MAGIC);
    let r = n.neg_mul_add(V::splat(LN2_HIGH), x);
    let r = n.neg_mul_add(V::splat(LN2_LOW), r);
    (magic, reduced_expm1(r))
}

/// [`exp`] with the same bits, faster when all lanes are near 0: there is nothing to reduce.
#[inline(always)]
pub fn exp_near_zero<V: Lanes>(x: V) -> V {
    if V::any_lt(V::splat(0.346), x.abs()) {
        return exp(x);
    }
    reduced_expm1(x) + V::splat(1.0)
}

/// `exp(x)` to about 1 ulp; arguments below -708 and above 709 are limited to these.
#[inline(always)]
pub fn exp<V: Lanes>(x: V) -> V {
    let (magic, e) = reduce(x);
    (e + V::splat(1.0)).scale_by_power_of_two(magic)
}

/// `x / (exp(x) - 1)`, 1 at x = 0, to a few ulp everywhere (no cancellation near 0).
#[inline(always)]
pub fn exprelr<V: Lanes>(x: V) -> V {
    let (magic, e) = reduce(x);
    let one = V::splat(1.0);
    let power = one.scale_by_power_of_two(magic);
    let expm1 = e.mul_add(power, power - one);
    let tiny = V::splat(1e-300);
    V::select_lt(expm1.abs(), tiny, one, x / V::select_lt(expm1.abs(), tiny, one, expm1))
}

/// `(1/a, 1/b, 1/c)` with one division.
///
/// Each result is within a few ulp as long as the product neither overflows nor underflows.
#[inline(always)]
pub fn reciprocal3<V: Lanes>(a: V, b: V, c: V) -> (V, V, V) {
    let ab = a * b;
    let r = V::splat(1.0) / (ab * c);
    let rc = r * c;
    (rc * b, rc * a, r * ab)
}
