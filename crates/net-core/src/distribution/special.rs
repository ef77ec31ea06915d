//! Normal and gamma functions over `libm`, so that they give the same bits everywhere.

// The coefficients stand as published, with more digits than a double holds.
#![allow(clippy::excessive_precision)]

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Standard normal probability of values up to `z`.
pub(crate) fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * FRAC_1_SQRT_2)
}

/// Standard normal density at `z`.
pub(crate) fn normal_pdf(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / libm::sqrt(2.0 * PI)
}

/// The z with `normal_cdf(z) = p`, relative accuracy 1e-15: algorithm AS 241, PPND16
/// (Wichura, Applied Statistics 37, 1988). Infinite at 0 and 1.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * horner(r, &CENTRE_NUMERATOR) / horner(r, &CENTRE_DENOMINATOR);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    if tail <= 0.0 {
        return f64::INFINITY.copysign(q);
    }
    let r = libm::sqrt(-libm::log(tail));
    let z = if r <= 5.0 {
        horner(r - 1.6, &MIDDLE_NUMERATOR) / horner(r - 1.6, &MIDDLE_DENOMINATOR)
    } else {
        horner(r - 5.0, &TAIL_NUMERATOR) / horner(r - 5.0, &TAIL_DENOMINATOR)
    };
    z.copysign(q)
}

/// The rational functions of AS 241: numerator and denominator for |p - 1/2| <= 0.425, by
/// `0.180625 - (p - 1/2)^2`; for `r = sqrt(-ln min(p, 1 - p)) <= 5`, by `r - 1.6`; beyond, by `r - 5`.
pub const NORMAL_QUANTILE: [[[f64; 8]; 2]; 3] = [
    [CENTRE_NUMERATOR, CENTRE_DENOMINATOR],
    [MIDDLE_NUMERATOR, MIDDLE_DENOMINATOR],
    [TAIL_NUMERATOR, TAIL_DENOMINATOR],
];

/// `c[0] + c[1] x + c[2] x^2 + ...`, multiplied and added separately: the same bits on every CPU.
fn horner(x: f64, coefficients: &[f64; 8]) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

const CENTRE_NUMERATOR: [f64; 8] = [
    3.387_132_872_796_366_608,
    1.331_416_678_917_843_774_5e2,
    1.971_590_950_306_551_442_7e3,
    1.373_169_376_550_946_112_5e4,
    4.592_195_393_154_987_145_7e4,
    6.726_577_092_700_870_085_3e4,
    3.343_057_558_358_812_810_5e4,
    2.509_080_928_730_122_672_7e3,
];
const CENTRE_DENOMINATOR: [f64; 8] = [
    1.0,
    4.231_333_070_160_091_125_2e1,
    6.871_870_074_920_579_083e2,
    5.394_196_021_424_751_107_7e3,
    2.121_379_430_158_659_586_7e4,
    3.930_789_580_009_271_061e4,
    2.872_908_573_572_194_267_4e4,
    5.226_495_278_852_854_561e3,
];
const MIDDLE_NUMERATOR: [f64; 8] = [
    1.423_437_110_749_683_577_34,
    4.630_337_846_156_545_295_9,
    5.769_497_221_460_691_405_5,
    3.647_848_324_763_204_605_04,
    1.270_458_252_452_368_382_58,
    2.417_807_251_774_506_117_7e-1,
    2.272_384_498_926_918_458_33e-2,
    7.745_450_142_783_414_076_4e-4,
];
const MIDDLE_DENOMINATOR: [f64; 8] = [
    1.0,
    2.053_191_626_637_758_821_87,
    1.676_384_830_183_803_849_4,
    6.897_673_349_851_000_045_5e-1,
    1.481_039_764_274_800_745_9e-1,
    1.519_866_656_361_645_719_66e-2,
    5.475_938_084_995_344_946e-4,
    1.050_750_071_644_416_843_24e-9,
];
const TAIL_NUMERATOR: [f64; 8] = [
    6.657_904_643_501_103_777_2,
    5.463_784_911_164_114_369_9,
    1.784_826_539_917_291_335_8,
    2.965_605_718_285_048_912_3e-1,
    2.653_218_952_657_612_309_3e-2,
    1.242_660_947_388_078_438_6e-3,
    2.711_555_568_743_487_578_15e-5,
    2.010_334_399_292_288_132_65e-7,
];
const TAIL_DENOMINATOR: [f64; 8] = [
    1.0,
    5.998_322_065_558_879_376_9e-1,
    1.369_298_809_227_358_053_1e-1,
    1.487_536_129_085_061_485_25e-2,
    7.868_691_311_456_132_591e-4,
    1.846_318_317_510_054_681_8e-5,
    1.421_511_758_316_445_888_7e-7,
    2.044_263_103_389_939_785_64e-15,
];

/// Regularised incomplete gamma functions `(P(a, x), Q(a, x))`, `P + Q = 1`, each accurate where
/// it is the smaller one: the series of P below a + 1, Legendre's continued fraction of Q above.
pub(crate) fn gamma_p_q(a: f64, x: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if x.is_infinite() {
        return (1.0, 0.0);
    }
    // x^a e^-x / Gamma(a)
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    // Both expansions need some sqrt(a) terms near x = a, where they converge slowest.
    let max_terms = 500 + (10.0 * libm::sqrt(a)) as u32;
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for k in 1..max_terms {
            term *= x / (a + f64::from(k));
            sum += term;
            if term <= 0.5 * f64::EPSILON * sum {
                break;
            }
        }
        let p = (front * sum).min(1.0);
        (p, 1.0 - p)
    } else {
        let q = (front * upper_gamma_fraction(a, x, max_terms)).clamp(0.0, 1.0);
        (1.0 - q, q)
    }
}

/// `1/(x+1-a- 1(1-a)/(x+3-a- 2(2-a)/(x+5-a- ...)))` by Lentz's method.
fn upper_gamma_fraction(a: f64, x: f64, max_terms: u32) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |y: f64| if y.abs() < TINY { TINY } else { y };
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / away_from_zero(b);
    let mut fraction = d;
    for k in 1..max_terms {
        let k = f64::from(k);
        let numerator = -k * (k - a);
        b += 2.0;
        d = 1.0 / away_from_zero(numerator * d + b);
        c = away_from_zero(b + numerator / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    fraction
}

/// Density of the gamma law of shape `a` and scale 1.
pub(crate) fn gamma_pdf(a: f64, x: f64) -> f64 {
    if x < 0.0 || (x == 0.0 && 1.0 < a) {
        return 0.0;
    }
    if x == 0.0 {
        return if a == 1.0 { 1.0 } else { f64::INFINITY };
    }
    libm::exp((a - 1.0) * libm::log(x) - x - libm::lgamma(a))
}

/// The x with `P(a, x) = p`, accurate to some 1e-10 of the probability up to shapes of 1e5: Newton's steps inside a bracket, from
/// the guess of Wilson and Hilferty (or the leading power of P where x is small).
pub(crate) fn gamma_quantile(a: f64, p: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    if 1.0 <= p {
        return f64::INFINITY;
    }
    let h = 1.0 / (9.0 * a);
    let cube_root = 1.0 - h + normal_quantile(p) * libm::sqrt(h);
    let mut x = a * cube_root * cube_root * cube_root;
    if a < 1.0 || cube_root <= 0.1 {
        // P(a, x) = x^a / Gamma(a + 1) (1 + O(x))
        let small = libm::exp((libm::log(p) + libm::lgamma(a + 1.0)) / a);
        x = if small < 0.5 || cube_root <= 0.1 { small } else { x };
    }
    let (mut low, mut high) = (0.0, f64::INFINITY);
    for _ in 0..200 {
        let (lower, upper) = gamma_p_q(a, x);
        let excess = if p < 0.5 { lower - p } else { (1.0 - p) - upper };
        if 0.0 < excess {
            high = x;
        } else {
            low = x;
        }
        let mut next = x - excess / gamma_pdf(a, x);
        if !(low < next && next < high) {
            next = if high.is_infinite() { 2.0 * x + 1.0 } else { 0.5 * (low + high) };
        }
        if (next - x).abs() <= 1e-13 * next || next == 0.0 {
            return next;
        }
        x = next;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{Continuous, ContinuousCDF, Gamma, Normal};

    fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
        let error = (found - expected).abs() / expected.abs().max(1e-300);
        assert!(error <= tolerance, "{what}: {found} instead of {expected}");
    }

    #[test]
    fn normal_quantile_inverts_the_cdf() {
        let law = Normal::new(0.0, 1.0).unwrap();
        for p in [1e-300, 1e-30, 1e-12, 1e-5, 0.01, 0.07, 0.074, 0.075, 0.2, 0.4999, 0.7, 0.99] {
            let z = normal_quantile(p);
            assert_close(normal_cdf(z), p, 2e-13, &format!("cdf(quantile({p}))"));
            assert_close(normal_cdf(z), law.cdf(z), 1e-9, "cdf of statrs");
        }
        assert_eq!(normal_quantile(0.5), 0.0);
        assert_close(normal_quantile(0.975), 1.959_963_984_540_054, 1e-15, "97.5 %");
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
    }

    #[test]
    fn gamma_functions_agree_and_invert() {
        for a in [0.05, 0.5, 1.0, 2.0, 7.3, 100.0, 1e5] {
            let law = Gamma::new(a, 1.0).unwrap();
            for p in [1e-8, 1e-3, 0.1, 0.4, 0.5, 0.6, 0.9, 0.999, 1.0 - 1e-8] {
                let x = gamma_quantile(a, p);
                let (lower, upper) = gamma_p_q(a, x);
                if x < 1e-290 {
                    continue; // P is flat there: a shape of 0.05 has quantiles below the doubles.
                }
                assert_close(lower, p, 1e-9, &format!("P({a}, quantile({p}))"));
                assert_close(upper, 1.0 - p, 1e-9, &format!("Q({a}, quantile({p}))"));
                assert_close(law.cdf(x), p, 1e-8, &format!("statrs cdf({a}, {x})"));
                assert_close(gamma_pdf(a, x), law.pdf(x), 1e-8, &format!("pdf({a}, {x})"));
            }
        }
    }
}
