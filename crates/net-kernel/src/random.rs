//! The random streams of mechanisms: NEURON's Random123 streams, number by number.
//!
//! A stream is chosen by three ids and a key that holds for the whole run (NEURON's global index). It
//! is a sequence of 32-bit words, of which every number uses one or more: a draw is a function of
//! key, ids and the position in the stream, and the position is a variable of the mechanism.
//! Nothing else remembers anything, so that a draw in a branch that is not taken costs time but
//! changes nothing.

use crate::simd::{LANES, Lanes, Single, log};

const MULTIPLIERS: [u64; 2] = [0xd251_1f53, 0xcd9e_8d57];
const KEY_STEPS: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];

/// Ten rounds of Philox4x32 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1,
/// 2, 3", SC11) on `counter` under `key`: a bijection of the 128-bit counter, selected by a 64-bit
/// key.
#[inline(always)]
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let mut c = counter;
    let mut k = key;
    for _ in 0..10 {
        let p0 = MULTIPLIERS[0] * u64::from(c[0]);
        let p1 = MULTIPLIERS[1] * u64::from(c[2]);
        c = [
            (p1 >> 32) as u32 ^ c[1] ^ k[0],
            p1 as u32,
            (p0 >> 32) as u32 ^ c[3] ^ k[1],
            p0 as u32,
        ];
        k = [k[0].wrapping_add(KEY_STEPS[0]), k[1].wrapping_add(KEY_STEPS[1])];
    }
    c
}

/// One stream: its key and ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// The key of the run, NEURON's global index.
    pub key: u32,
    /// Ids 1, 2 and 3.
    pub ids: [u32; 3],
}

/// Uniform in (0, 1) from a word: `(word + 1) / (2^32 + 1)`.
#[inline(always)]
pub fn uniform_of(word: u32) -> f64 {
    (f64::from(word) + 1.0) * (1.0 / 4_294_967_297.0)
}

impl Stream {
    /// Block number `number` of four words; the number is the first word of the counter.
    #[inline(always)]
    pub fn block(&self, number: u32) -> [u32; 4] {
        let [id1, id2, id3] = self.ids;
        philox4x32([number, id3, id1, id2], [self.key, 0])
    }

    /// Word number `position`.
    fn word(&self, position: f64) -> u32 {
        let position = position as u64;
        self.block((position / 4) as u32)[(position % 4) as usize]
    }

    fn uniform(&self, position: f64) -> f64 {
        uniform_of(self.word(position))
    }

    /// Exponential of mean 1.
    fn exponential(&self, position: f64) -> f64 {
        -log(Single(self.uniform(position))).0
    }

    /// Standard normal by the polar method, which uses pairs of uniforms until one is in the unit
    /// circle; with the position behind them.
    fn normal(&self, mut position: f64) -> (f64, f64) {
        loop {
            let x = 2.0 * self.uniform(position) - 1.0;
            let y = 2.0 * self.uniform(position + 1.0) - 1.0;
            position += 2.0;
            let w = x * x + y * y;
            if w <= 1.0 {
                return (x * (-2.0 * log(Single(w)).0 / w).sqrt(), position);
            }
        }
    }

    /// Poisson: the number of uniforms whose product stays above exp(-mean), taken in pieces of at
    /// most 500 so that it does not underflow; with the position behind them.
    fn poisson(&self, mut position: f64, mean: f64) -> (f64, f64) {
        let (mut left, mut log_product, mut count) = (mean, 0.0, 0.0);
        while left > 0.0 {
            let piece = left.min(500.0);
            left -= piece;
            log_product += piece;
            while log_product > 0.0 {
                log_product -= self.exponential(position);
                position += 1.0;
                count += 1.0;
            }
            // The last one of a piece overshoots; the law has no memory.
            log_product = 0.0;
            count -= 1.0;
        }
        (count, position)
    }
}

#[inline(always)]
fn each<V: Lanes>(key: u32, ids: [V; 3], position: V, f: impl Fn(&Stream, f64) -> f64) -> V {
    let ids = ids.map(V::to_array);
    let position = position.to_array();
    let mut values = [0.0; LANES];
    for (lane, value) in values.iter_mut().enumerate().take(V::WIDTH) {
        let stream = Stream { key, ids: ids.map(|id| id[lane] as u32) };
        *value = f(&stream, position[lane]);
    }
    V::from_array(values)
}

/// The 32-bit word at a position.
pub fn random_word<V: Lanes>(key: u32, ids: [V; 3], position: V) -> V {
    each(key, ids, position, |stream, at| f64::from(stream.word(at)))
}

/// Uniform in (0, 1): `(word + 1) / (2^32 + 1)`; uses one word.
pub fn random_uniform<V: Lanes>(key: u32, ids: [V; 3], position: V) -> V {
    each(key, ids, position, Stream::uniform)
}

/// Exponential of mean 1: minus the logarithm of a uniform; uses one word.
pub fn random_exponential<V: Lanes>(key: u32, ids: [V; 3], position: V) -> V {
    each(key, ids, position, Stream::exponential)
}

/// Standard normal, by the polar method.
pub fn random_normal<V: Lanes>(key: u32, ids: [V; 3], position: V) -> V {
    each(key, ids, position, |stream, at| stream.normal(at).0)
}

/// The position behind a [`random_normal`].
pub fn after_normal<V: Lanes>(key: u32, ids: [V; 3], position: V) -> V {
    each(key, ids, position, |stream, at| stream.normal(at).1)
}

/// Poisson of this mean.
pub fn random_poisson<V: Lanes>(key: u32, ids: [V; 3], position: V, mean: V) -> V {
    poisson(key, ids, position, mean, |(count, _)| count)
}

/// The position behind a [`random_poisson`].
pub fn after_poisson<V: Lanes>(key: u32, ids: [V; 3], position: V, mean: V) -> V {
    poisson(key, ids, position, mean, |(_, position)| position)
}

#[inline(always)]
fn poisson<V: Lanes>(
    key: u32,
    ids: [V; 3],
    position: V,
    mean: V,
    which: impl Fn((f64, f64)) -> f64,
) -> V {
    let ids = ids.map(V::to_array);
    let (position, mean) = (position.to_array(), mean.to_array());
    let mut values = [0.0; LANES];
    for (lane, value) in values.iter_mut().enumerate().take(V::WIDTH) {
        let stream = Stream { key, ids: ids.map(|id| id[lane] as u32) };
        *value = which(stream.poisson(position[lane], mean[lane]));
    }
    V::from_array(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Portable;

    #[test]
    fn known_answers_of_random123() {
        assert_eq!(
            philox4x32([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox4x32([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn lanes_are_streams_of_their_own() {
        let ids = |lane: usize| [lane as f64, 7.0, 9.0];
        let vector = |k: usize| Portable::from_array(std::array::from_fn(|lane| ids(lane)[k]));
        let all = [vector(0), vector(1), vector(2)];
        let position = Portable::from_array(std::array::from_fn(|lane| lane as f64));
        let together = [
            random_uniform(3, all, position).to_array(),
            random_normal(3, all, position).to_array(),
            after_normal(3, all, position).to_array(),
        ];
        for (lane, uniform) in together[0].into_iter().enumerate() {
            let one = ids(lane).map(Single);
            let at = Single(lane as f64);
            assert_eq!(uniform, random_uniform(3, one, at).0);
            assert_eq!(together[1][lane], random_normal(3, one, at).0);
            assert_eq!(together[2][lane], after_normal(3, one, at).0);
        }
    }

    #[test]
    fn laws_have_their_moments() {
        let stream = Stream { key: 1, ids: [4, 5, 6] };
        let n = 100_000;
        let (mut normal, mut square, mut position) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            let (x, next) = stream.normal(position);
            position = next;
            normal += x;
            square += x * x;
        }
        // Four standard errors.
        assert!((normal / f64::from(n)).abs() < 4.0 / f64::from(n).sqrt());
        assert!((square / f64::from(n) - 1.0).abs() < 4.0 * (2.0 / f64::from(n)).sqrt());
        for mean in [0.3, 4.0, 1200.0] {
            let (mut sum, mut square, mut position) = (0.0, 0.0, 0.0);
            let n = 10_000;
            for _ in 0..n {
                let (x, next) = stream.poisson(position, mean);
                position = next;
                sum += x;
                square += (x - mean).powi(2);
            }
            let n = f64::from(n);
            assert!((sum / n - mean).abs() < 4.0 * (mean / n).sqrt(), "{mean}: {}", sum / n);
            let variance = square / n;
            assert!((variance / mean - 1.0).abs() < 4.0 * (2.0 / n + 1.0 / (n * mean)).sqrt());
        }
    }
}
