//! Drawing distinct numbers.

use super::Stream;

/// Replaces `out` by `k` distinct numbers of 0..n in ascending order, every subset being equally
/// likely. `k` must not exceed `n`.
///
/// Numbers are drawn until k of them are distinct. Duplicates are found by sorting a batch at a
/// time, which changes nothing as a batch never has more numbers than are missing. More than half
/// of the numbers are drawn as the complement of the rest, so each batch halves what is missing
/// on average.
pub(crate) fn draw_subset(n: u64, k: u64, stream: &mut Stream, out: &mut Vec<u64>) {
    debug_assert!(k <= n, "{k} distinct numbers below {n}");
    let n_drawn = k.min(n - k) as usize;
    out.clear();
    while out.len() < n_drawn {
        for _ in out.len()..n_drawn {
            out.push(stream.below(n));
        }
        out.sort_unstable();
        out.dedup();
    }
    if n_drawn as u64 != k {
        let mut excluded = out.iter().copied().peekable();
        *out = (0..n).filter(|i| excluded.next_if_eq(i).is_none()).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Purpose;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_distinct_and_ascending(n in 0_u64..300, part in 0.0_f64..=1.0, seed: u64) {
            let k = (n as f64 * part) as u64;
            let mut numbers = Vec::new();
            let mut stream = Stream::new(seed, Purpose::Connection, 0, [0, 0]);
            draw_subset(n, k, &mut stream, &mut numbers);
            prop_assert_eq!(numbers.len() as u64, k);
            prop_assert!(numbers.windows(2).all(|w| w[0] < w[1]));
            prop_assert!(numbers.iter().all(|&i| i < n));
        }
    }

    #[test]
    fn every_number_is_equally_likely() {
        for k in [3, 8] {
            let mut counts = [0.0; 10];
            let n_trials = 40_000;
            let mut numbers = Vec::new();
            for trial in 0..n_trials {
                let mut stream = Stream::new(9, Purpose::Connection, 0, [trial, 0]);
                draw_subset(10, k, &mut stream, &mut numbers);
                numbers.iter().for_each(|&i| counts[i as usize] += 1.0);
            }
            let p = k as f64 / 10.0;
            let sigma = (n_trials as f64 * p * (1.0 - p)).sqrt();
            for count in counts {
                assert!((count - n_trials as f64 * p).abs() < 4.5 * sigma, "{counts:?}");
            }
        }
    }
}
