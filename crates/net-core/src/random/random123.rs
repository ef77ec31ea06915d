//! The streams of NEURON's Random123, number for number.

use net_kernel::random::{Stream, uniform_of};

/// A [stream](Stream) of NEURON's Random123 generator, read from its start. Words are used one by
/// one, four of a block.
///
/// Circuits say which stream an input or a synapse draws from; with this generator they get the
/// numbers that NEURON draws. What the engine draws for itself comes from [streams of its own](super::Stream).
///
/// ```
/// use net_core::random::Random123;
/// let mut stream = Random123::new(0, [0, 0, 0]);
/// assert_eq!(stream.bits32(), 0x6627_e8d5); // the known answer of Philox
/// assert!((0.0..1.0).contains(&stream.uniform()));
/// ```
#[derive(Clone, Debug)]
pub struct Random123 {
    stream: Stream,
    /// Number of the next block.
    sequence: u32,
    words: [u32; 4],
    /// The next of `words`; 4: none is left.
    next: usize,
}

impl Random123 {
    /// The stream of ids 1, 2 and 3 under a global index (the seed of a run), at its start.
    pub fn new(global_index: u32, ids: [u32; 3]) -> Self {
        let stream = Stream { key: global_index, ids };
        Random123 { stream, sequence: 0, words: [0; 4], next: 4 }
    }

    /// 32 random bits.
    #[inline]
    pub fn bits32(&mut self) -> u32 {
        if self.next == 4 {
            self.words = self.stream.block(self.sequence);
            self.sequence = self.sequence.wrapping_add(1);
            self.next = 0;
        }
        self.next += 1;
        self.words[self.next - 1]
    }

    /// Goes to where `n_words` words have been taken from the start of the stream.
    ///
    /// ```
    /// use net_core::random::Random123;
    /// let (mut one, mut other) = (Random123::new(3, [1, 2, 3]), Random123::new(3, [1, 2, 3]));
    /// (0..7).for_each(|_| _ = one.bits32());
    /// other.set_position(7);
    /// assert_eq!(one.bits32(), other.bits32());
    /// ```
    pub fn set_position(&mut self, n_words: u64) {
        // The number of a block has 32 bits: a longer stream repeats itself.
        self.sequence = (n_words / 4) as u32;
        self.next = 4;
        for _ in 0..n_words % 4 {
            self.bits32();
        }
    }

    /// Uniform in (0, 1).
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        uniform_of(self.bits32())
    }

    /// Exponential of mean 1.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform())
    }
}

/// Standard normal numbers from a [`Random123`] by the polar method (Marsaglia and Bray, SIAM Review
/// 6 (1964) 260). They come in pairs: the second of a pair is kept here.
#[derive(Clone, Debug, Default)]
pub struct PolarNormal {
    second: Option<f64>,
}

impl PolarNormal {
    /// The next number.
    pub fn draw(&mut self, stream: &mut Random123) -> f64 {
        if let Some(second) = self.second.take() {
            return second;
        }
        loop {
            let x = 2.0 * stream.uniform() - 1.0;
            let y = 2.0 * stream.uniform() - 1.0;
            let radius2 = x * x + y * y;
            if radius2 <= 1.0 {
                let factor = (-2.0 * libm::log(radius2) / radius2).sqrt();
                self.second = Some(y * factor);
                return x * factor;
            }
        }
    }
}

/// A gamma distributed number of a shape of at least 1 and scale 1 (Marsaglia and Tsang, ACM Trans.
/// Math. Softw. 26 (2000) 363).
fn gamma_from_1(stream: &mut Random123, shape: f64) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / 3.0 / d.sqrt();
    loop {
        // The second normal number of the pair is not used.
        let x = PolarNormal::default().draw(stream);
        let v = 1.0 + c * x;
        if v <= 0.0 {
            continue;
        }
        let v = v * v * v;
        let u = stream.uniform();
        let squeezed = u < 1.0 - 0.0331 * (x * x) * (x * x);
        if squeezed || libm::log(u) < 0.5 * x * x + d * (1.0 - v + libm::log(v)) {
            return d * v;
        }
    }
}

/// `n` gamma distributed numbers, in the order in which Neurodamus draws them: for a shape below 1
/// first all uniform numbers of the boost, one of them lost before, then the numbers of shape + 1.
pub fn gamma_numbers(stream: &mut Random123, shape: f64, scale: f64, n: usize) -> Vec<f64> {
    if shape >= 1.0 {
        return (0..n).map(|_| scale * gamma_from_1(stream, shape)).collect();
    }
    stream.uniform();
    let boosts: Vec<f64> = (0..n).map(|_| libm::pow(stream.uniform(), 1.0 / shape)).collect();
    boosts.iter().map(|boost| boost * scale * gamma_from_1(stream, 1.0 + shape)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::philox4x32;
    use super::*;

    #[test]
    fn the_block_follows_the_sequence() {
        let mut stream = Random123::new(5, [1, 2, 3]);
        let words: Vec<u32> = (0..8).map(|_| stream.bits32()).collect();
        assert_eq!(words[..4], philox4x32([0, 3, 1, 2], [5, 0]));
        assert_eq!(words[4..], philox4x32([1, 3, 1, 2], [5, 0]));
    }

    #[test]
    fn moments_of_the_laws() {
        let mut stream = Random123::new(7, [1, 0, 0]);
        let mut normal = PolarNormal::default();
        let n = 100_000;
        let moments = |values: Vec<f64>| {
            let mean = values.iter().sum::<f64>() / n as f64;
            let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
            (mean, variance)
        };
        let (mean, variance) = moments((0..n).map(|_| normal.draw(&mut stream)).collect());
        assert!(mean.abs() < 0.015 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
        let (mean, variance) = moments((0..n).map(|_| stream.exponential()).collect());
        assert!((mean - 1.0).abs() < 0.015 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
        for shape in [0.5, 4.0] {
            let (mean, variance) = moments(gamma_numbers(&mut stream, shape, 2.0, n));
            assert!((mean / (2.0 * shape) - 1.0).abs() < 0.03, "{shape}: {mean}");
            assert!((variance / (4.0 * shape) - 1.0).abs() < 0.06, "{shape}: {variance}");
        }
    }
}
