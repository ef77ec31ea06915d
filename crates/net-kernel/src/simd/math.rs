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

/// Where [`exprelr_guard`] uses its series.
pub const EXPRELR_SERIES_BELOW: f64 = 0.3;

/// `x / (exp(x) - 1)` where that quotient is known for |x| >= [`EXPRELR_SERIES_BELOW`]; Bernoulli's
/// series elsewhere, to 4e-16.
#[inline(always)]
pub fn exprelr_guard<V: Lanes>(x: V, quotient: V) -> V {
    let size = x.abs();
    let below = V::splat(EXPRELR_SERIES_BELOW);
    if !V::any_lt(size, below) {
        return quotient;
    }
    let x2 = x * x;
    let p = V::splat(1.0 / 47_900_160.0).mul_add(x2, V::splat(-1.0 / 1_209_600.0));
    let p = p.mul_add(x2, V::splat(1.0 / 30_240.0));
    let p = p.mul_add(x2, V::splat(-1.0 / 720.0));
    let p = p.mul_add(x2, V::splat(1.0 / 12.0));
    let series = p.mul_add(x2, x.mul_add(V::splat(-0.5), V::splat(1.0)));
    V::select_lt(size, below, series, quotient)
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

/// `(1/a, 1/b)` with one division, as [`reciprocal3`].
#[inline(always)]
pub fn reciprocal2<V: Lanes>(a: V, b: V) -> (V, V) {
    let r = V::splat(1.0) / (a * b);
    (r * b, r * a)
}

/// `exp(x) - 1` without cancellation near 0.
#[inline(always)]
fn expm1<V: Lanes>(x: V) -> V {
    let (magic, e) = reduce(x);
    let power = V::splat(1.0).scale_by_power_of_two(magic);
    e.mul_add(power, power - V::splat(1.0))
}

/// Hyperbolic tangent, to a few ulp.
#[inline(always)]
pub fn tanh<V: Lanes>(x: V) -> V {
    let e = expm1(x + x);
    let t = e / (e + V::splat(2.0));
    // Beyond this it is +-1 to the last bit, and `e` may not be finite.
    let t = V::select_lt(V::splat(20.0), x, V::splat(1.0), t);
    V::select_lt(x, V::splat(-20.0), V::splat(-1.0), t)
}

/// Hyperbolic sine, to a few ulp.
#[inline(always)]
pub fn sinh<V: Lanes>(x: V) -> V {
    let e = expm1(x);
    V::splat(0.5) * (e + e / (e + V::splat(1.0)))
}

/// Hyperbolic cosine, to a few ulp.
#[inline(always)]
pub fn cosh<V: Lanes>(x: V) -> V {
    let e = exp(x.abs());
    V::splat(0.5) * (e + V::splat(1.0) / e)
}

/// Coefficients of p in `ln((1+s)/(1-s)) = 2s + s^3 p(s^2)`, |s| <= 0.1716: Chebyshev
/// interpolation of degree 8, relative error 6e-17.
const P: [f64; 9] = [
    0.666_666_666_666_666_6,
    0.399_999_999_999_999_9,
    0.285_714_285_714_354_37,
    0.222_222_222_198_572_88,
    0.181_818_185_938_676,
    0.153_845_751_157_666_2,
    0.133_356_393_863_594_7,
    0.116_881_075_865_959_22,
    0.118_821_427_126_273_2,
];

/// `ln x = high + low` for normal positive x, with some 60 bits.
#[inline(always)]
fn log_parts<V: Lanes>(x: V) -> (V, V) {
    let one = V::splat(1.0);
    let (m, k) = x.split_exponent();
    let f = m - one;
    let d = m + one;
    let d_low = m - (d - one);
    let inverse = one / d;
    let s = f * inverse;
    // What the quotient is short by.
    let s_low = s.neg_mul_add(d_low, s.neg_mul_add(d, f)) * inverse;
    let z = s * s;
    let z2 = z * z;
    let z4 = z2 * z2;
    let p01 = V::splat(P[1]).mul_add(z, V::splat(P[0]));
    let p23 = V::splat(P[3]).mul_add(z, V::splat(P[2]));
    let p45 = V::splat(P[5]).mul_add(z, V::splat(P[4]));
    let p67 = V::splat(P[7]).mul_add(z, V::splat(P[6]));
    let p = V::splat(P[8]).mul_add(z4, p67.mul_add(z2, p45)).mul_add(z4, p23.mul_add(z2, p01));
    let tail = (z * s).mul_add(p, s_low + s_low);
    let exact = k * V::splat(LN2_HIGH);
    let high = exact + (s + s);
    // |exact| is 0 or larger than |2s|: the rounding of the sum is recovered exactly.
    let low = (s + s) - (high - exact) + k.mul_add(V::splat(LN2_LOW), tail);
    let log = high + low;
    (log, low - (log - high))
}

/// Natural logarithm to about 1 ulp; -inf at 0, NaN below. Numbers below 2^-1022 count as 0.
#[inline(always)]
pub fn log<V: Lanes>(x: V) -> V {
    let (high, low) = log_parts(x);
    special_log(x, high + low)
}

#[inline(always)]
fn special_log<V: Lanes>(x: V, log: V) -> V {
    let infinity = V::splat(f64::INFINITY);
    let log = V::select(V::lt(x, V::splat(f64::MIN_POSITIVE)), -infinity, log);
    let log = V::select(V::lt(x, V::splat(0.0)), V::splat(f64::NAN), log);
    // Infinity and NaN stay what they are.
    V::select(V::lt(x, infinity), log, x)
}

/// Decimal logarithm, as [`log`].
#[inline(always)]
pub fn log10<V: Lanes>(x: V) -> V {
    let (high, low) = log_parts(x);
    let c = V::splat(std::f64::consts::LOG10_E);
    let c_low = V::splat(1.098_319_650_216_765e-17);
    let product = high * c;
    let error = high.mul_add(c, -product);
    special_log(x, product + low.mul_add(c, high.mul_add(c_low, error)))
}

/// `x^y` to a few ulp, for results between 1e-307 and 1e307; a negative x needs an integer y.
#[inline(always)]
pub fn pow<V: Lanes>(x: V, y: V) -> V {
    let (zero, one) = (V::splat(0.0), V::splat(1.0));
    let infinity = V::splat(f64::INFINITY);
    let magnitude = x.abs();
    let (high, low) = log_parts(magnitude);
    let product = high * y;
    let error = high.mul_add(y, -product) + low * y;
    let e = exp(product);
    let power = e.mul_add(error, e);
    let at_zero = V::select(V::lt(y, zero), infinity, zero);
    let power = V::select(V::lt(magnitude, V::splat(f64::MIN_POSITIVE)), at_zero, power);
    let at_infinity = V::select(V::lt(y, zero), zero, infinity);
    let power = V::select(V::eq(magnitude, infinity), at_infinity, power);
    let half = V::splat(0.5) * y;
    let odd = V::select(V::eq(half.floor(), half), power, -power);
    let signed = V::select(V::eq(y.floor(), y), odd, V::splat(f64::NAN));
    let power = V::select(V::lt(x, zero), signed, power);
    let power = V::select(V::eq(x, x), power, x);
    V::select(V::eq(y, zero), one, power)
}
