//! Binomial counts of any size.

use super::Stream;

/// Number of successes in `n` trials of probability `p` (clamped to 0..=1).
///
/// By summing up geometric gaps where fewer than ten successes (or failures) are expected, else by
/// the transformed rejection BTRS of Hörmann (J. Stat. Comput. Simul. 46, 1993), which takes about
/// 1.2 rounds of two uniforms whatever n.
pub fn binomial(n: u64, p: f64, stream: &mut Stream) -> u64 {
    if n == 0 || !(0.0 < p) {
        0
    } else if 1.0 <= p {
        n
    } else if 0.5 < p {
        n - binomial_of_few(n, 1.0 - p, stream)
    } else {
        binomial_of_few(n, p, stream)
    }
}

/// The same for 0 < p <= 1/2.
fn binomial_of_few(n: u64, p: f64, stream: &mut Stream) -> u64 {
    if n as f64 * p < 10.0 {
        count_geometric_gaps(n, p, stream)
    } else {
        transformed_rejection(n as f64, p, stream)
    }
}

/// Jumps from success to success until the trials are used up.
fn count_geometric_gaps(n: u64, p: f64, stream: &mut Stream) -> u64 {
    let log_q = libm::log1p(-p);
    let mut n_used = 0.0;
    let mut n_successes = 0;
    loop {
        n_used += libm::floor(libm::log(stream.uniform_open()) / log_q) + 1.0;
        if n_used > n as f64 {
            return n_successes;
        }
        n_successes += 1;
    }
}

fn transformed_rejection(n: f64, p: f64, stream: &mut Stream) -> u64 {
    let sigma = libm::sqrt(n * p * (1.0 - p));
    let odds = p / (1.0 - p);
    let b = 1.15 + 2.53 * sigma;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let c = n * p + 0.5;
    let v_r = 0.92 - 4.2 / b;
    let alpha = (2.83 + 5.1 / b) * sigma;
    let mode = libm::floor((n + 1.0) * p);
    loop {
        let u = stream.uniform_open() - 0.5;
        let v = stream.uniform_open();
        let us = 0.5 - u.abs();
        let k = libm::floor((2.0 * a / us + b) * u + c);
        if k < 0.0 || n < k {
            continue;
        }
        if 0.07 <= us && v <= v_r {
            return k as u64;
        }
        // The logarithm of pmf(k) / pmf(mode), by Stirling's formula with its remainder.
        let bound = (mode + 0.5) * libm::log((mode + 1.0) / (odds * (n - mode + 1.0)))
            + (n + 1.0) * libm::log((n - mode + 1.0) / (n - k + 1.0))
            + (k + 0.5) * libm::log(odds * (n - k + 1.0) / (k + 1.0))
            + stirling_remainder(mode)
            + stirling_remainder(n - mode)
            - stirling_remainder(k)
            - stirling_remainder(n - k);
        if libm::log(v * alpha / (a / (us * us) + b)) <= bound {
            return k as u64;
        }
    }
}

/// `ln k! - [ln sqrt(2 pi) + (k + 1/2) ln(k + 1) - (k + 1)]`.
fn stirling_remainder(k: f64) -> f64 {
    if k < 10.0 {
        const HALF_LN_2_PI: f64 = 0.918_938_533_204_672_8;
        return libm::lgamma(k + 1.0) - HALF_LN_2_PI - (k + 0.5) * libm::log(k + 1.0) + (k + 1.0);
    }
    let x = k + 1.0;
    let x2 = x * x;
    (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * x2)) / x2) / x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Purpose;
    use statrs::distribution::{Binomial, Discrete};

    /// Chi-square of draws against statrs' probabilities, over the cells that expect 5 or more.
    fn check(n: u64, p: f64) {
        let law = Binomial::new(p, n).unwrap();
        let n_draws = 50_000_u64;
        let mut counts = std::collections::HashMap::new();
        for i in 0..n_draws {
            let mut stream = Stream::new(11, Purpose::TotalNumber, 0, [i, 0]);
            *counts.entry(binomial(n, p, &mut stream)).or_insert(0.0) += 1.0;
        }
        let mean = n as f64 * p;
        let width = 8.0 * (mean * (1.0 - p)).sqrt() + 8.0;
        let (low, high) = ((mean - width).max(0.0) as u64, ((mean + width) as u64).min(n));
        let (mut chi2, mut n_cells, mut rest, mut rest_expected) =
            (0.0, 0, n_draws as f64, n_draws as f64);
        for k in low..=high {
            let expected = n_draws as f64 * law.pmf(k);
            if 5.0 <= expected {
                let count: f64 = counts.get(&k).copied().unwrap_or(0.0);
                chi2 += (count - expected).powi(2) / expected;
                n_cells += 1;
                rest -= count;
                rest_expected -= expected;
            }
        }
        if 1.0 < rest_expected {
            chi2 += (rest - rest_expected).powi(2) / rest_expected;
        }
        let dof = f64::from(n_cells);
        assert!(
            chi2 < dof + 4.0 * (2.0 * dof).sqrt() + 6.0,
            "n {n}, p {p}: chi2 {chi2}, dof {dof}"
        );
    }

    #[test]
    fn follows_the_law_in_every_regime() {
        for (n, p) in [(10, 0.3), (40, 0.9), (1000, 0.004), (25, 0.5), (200, 0.3), (5000, 0.77)] {
            check(n, p);
        }
    }

    #[test]
    fn edges_are_certain() {
        let mut stream = Stream::new(1, Purpose::TotalNumber, 0, [0, 0]);
        assert_eq!(binomial(0, 0.5, &mut stream), 0);
        assert_eq!(binomial(7, 0.0, &mut stream), 0);
        assert_eq!(binomial(7, f64::NAN, &mut stream), 0);
        assert_eq!(binomial(7, 1.0, &mut stream), 7);
    }

    #[test]
    fn large_counts_have_the_right_mean() {
        let (n, p) = (1_000_000_000, 0.5);
        let n_draws = 2000;
        let mean = (0..n_draws)
            .map(|i| binomial(n, p, &mut Stream::new(2, Purpose::TotalNumber, 0, [i, 1])) as f64)
            .sum::<f64>()
            / n_draws as f64;
        let standard_error = (n as f64 * p * (1.0 - p) / n_draws as f64).sqrt();
        assert!((mean - n as f64 * p).abs() < 4.0 * standard_error);
    }
}
