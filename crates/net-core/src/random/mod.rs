//! Keyed random streams: what is drawn decides the numbers, not who draws.
//!
//! A [`Stream`] is a counter-based generator (Philox4x32-10) opened by
//! `(seed, purpose, object, [id, id])`; the position in the stream is the index of the draw.
//! Nothing is shared between streams, so any rank or thread may draw any of them, in any order,
//! and gets the same numbers.
//!
//! How the key is laid out: `(seed, purpose, object)` is hashed by Philox itself into the 64-bit
//! key of a [`StreamFamily`]; the 128-bit counter holds the two ids (48 bits each) and the number
//! of the block (32 bits), so two streams of a family never share a counter.
//!
//! All transforms from bits to numbers are written here, over `libm` instead of the system's
//! mathematics library, so that a network is the same on every machine and after every update.

mod binomial;
mod random123;
mod subset;
mod table;

pub use binomial::binomial;
pub use net_kernel::random::philox4x32;
pub use random123::{PolarNormal, Random123, gamma_numbers};
pub(crate) use subset::draw_subset;
pub use table::WeightedIndex;

/// Ids are counted modulo this: 48 bits.
const N_IDS: u64 = 1 << 48;

/// What a stream is for. The numbers are part of every network's identity and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Purpose {
    /// Position of a cell.
    Position = 1,
    /// Rotation of a cell.
    Rotation = 2,
    /// Which sources project to a target.
    Connection = 3,
    /// Number of synapses of a connection.
    Multapses = 4,
    /// Segments of the synapses of a connection.
    Segment = 5,
    /// Weights of the synapses of a connection.
    Weight = 6,
    /// Delays of the synapses of a connection.
    Delay = 7,
    /// Splitting of a total number of connections over the targets.
    TotalNumber = 8,
    /// Which targets a source projects to.
    OutDegree = 9,
    /// Spike times of external input.
    Input = 10,
    /// Initial state of a cell.
    InitialState = 11,
    /// Noise inside a mechanism.
    Mechanism = 12,
    /// Points on the surface of a contact.
    ContactPoint = 13,
    /// Which cells of a population are chosen, to be recorded for instance.
    Selection = 14,
    /// Columns of the sketch of a probe's matrices, which choose its skeleton.
    Sketch = 15,
}

/// All streams of one seed, purpose and object (population, projection or input).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamFamily {
    key: [u32; 2],
}

impl StreamFamily {
    /// Opens the family; costs one Philox block.
    pub fn new(seed: u64, purpose: Purpose, object: u32) -> Self {
        // The last two words keep these counters apart from other uses of the bare seed.
        let counter = [purpose as u32, object, 0x6e65_742d, 0x636f_7265];
        let block = philox4x32(counter, [seed as u32, (seed >> 32) as u32]);
        Self { key: [block[0], block[1]] }
    }

    /// The stream of two ids, usually `[target gid, source gid]`; nothing is computed until the
    /// first draw. Ids are taken modulo 2^48.
    #[inline]
    pub fn stream(&self, ids: [u64; 2]) -> Stream {
        let [a, b] = ids.map(|id| id % N_IDS);
        let counter = [0, a as u32, b as u32, ((a >> 32) | ((b >> 32) << 16)) as u32];
        Stream { key: self.key, counter, words: [0; 4], n_left: 0 }
    }

    /// The `block`-th four words of 32 bits of the streams `[first, second]` of up to `N` first ids:
    /// word `k` of the i-th id is `words[k][i]`. For vectors of neurons that all draw in one step.
    ///
    /// ```
    /// use net_core::{Purpose, StreamFamily};
    /// let family = StreamFamily::new(1, Purpose::Mechanism, 0);
    /// let mut words = [[0; 2]; 4];
    /// family.fill_words(&[7, 9], 5, 0, &mut words);
    /// assert_eq!(words[0][1], family.stream([9, 5]).bits32());
    /// ```
    #[inline(always)]
    pub fn fill_words<const N: usize>(
        &self,
        first: &[u64],
        second: u64,
        block: u32,
        words: &mut [[u32; N]; 4],
    ) {
        let b = second % N_IDS;
        let [w0, w1, w2, w3] = words;
        let to = w0.iter_mut().zip(w1).zip(w2).zip(w3);
        for (&id, (((w0, w1), w2), w3)) in first.iter().zip(to) {
            let a = id % N_IDS;
            let counter = [block, a as u32, b as u32, ((a >> 32) | ((b >> 32) << 16)) as u32];
            [*w0, *w1, *w2, *w3] = philox4x32(counter, self.key);
        }
    }
}

/// A stream of random numbers; see the [module](self).
///
/// It implements rand_core's traits, for those laws of `rand_distr` that do not define the network.
///
/// ```
/// use net_core::{Purpose, Stream};
/// let mut stream = Stream::new(42, Purpose::Input, 0, [7, 0]);
/// let again = Stream::new(42, Purpose::Input, 0, [7, 0]).uniform();
/// assert_eq!(stream.uniform(), again);
/// ```
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    /// Word 0 counts the blocks, the others hold the ids.
    counter: [u32; 4],
    words: [u32; 4],
    /// How many of `words` are still to be given out, from the end.
    n_left: u8,
}

impl Stream {
    /// The stream of `seed`, `purpose`, `object` (number of a population, projection or input) and
    /// two ids (usually `[target gid, source gid]`). For many streams open a [`StreamFamily`] once.
    pub fn new(seed: u64, purpose: Purpose, object: u32, ids: [u64; 2]) -> Self {
        StreamFamily::new(seed, purpose, object).stream(ids)
    }

    /// How many words of 32 bits were given out, modulo 2^34, after which the stream repeats.
    ///
    /// ```
    /// use net_core::{Purpose, Stream};
    /// let mut stream = Stream::new(42, Purpose::Input, 0, [7, 0]);
    /// stream.bits32();
    /// stream.uniform();
    /// let mut again = Stream::new(42, Purpose::Input, 0, [7, 0]);
    /// again.set_position(stream.position());
    /// assert_eq!((stream.position(), stream.bits64()), (3, again.bits64()));
    /// ```
    pub fn position(&self) -> u64 {
        let drawn = 4 * u64::from(self.counter[0]);
        drawn.wrapping_sub(u64::from(self.n_left)) % (1 << 34)
    }

    /// Goes to where so many words of 32 bits were given out.
    pub fn set_position(&mut self, position: u64) {
        self.counter[0] = (position / 4) as u32;
        self.n_left = 0;
        for _ in 0..position % 4 {
            self.bits32();
        }
    }

    /// 32 random bits.
    #[inline]
    pub fn bits32(&mut self) -> u32 {
        if self.n_left == 0 {
            self.words = philox4x32(self.counter, self.key);
            self.counter[0] = self.counter[0].wrapping_add(1);
            self.n_left = 4;
        }
        let word = self.words[4 - usize::from(self.n_left)];
        self.n_left -= 1;
        word
    }

    /// 64 random bits.
    #[inline]
    pub fn bits64(&mut self) -> u64 {
        let low = u64::from(self.bits32());
        low | u64::from(self.bits32()) << 32
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.bits64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform in the open interval (0, 1), an odd multiple of 2^-53.
    #[inline]
    pub fn uniform_open(&mut self) -> f64 {
        ((self.bits64() >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
    }

    /// Uniform among 0, 1, ..., n - 1 by the high half of a product; the bias is below n 2^-64.
    /// `n` must not be 0.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        debug_assert!(n > 0, "no number is below zero");
        ((u128::from(self.bits64()) * u128::from(n)) >> 64) as u64
    }

    /// Standard normal, by inverting its cumulative distribution: one uniform a value.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        crate::distribution::special::normal_quantile(self.uniform_open())
    }

    /// Exponential of mean 1, by inversion.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform_open())
    }
}

impl rand_core::TryRng for Stream {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.bits32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.bits64())
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in dst.chunks_mut(4) {
            chunk.copy_from_slice(&self.bits32().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::Rng;

    #[test]
    fn ids_and_purposes_open_different_streams() {
        let first = |seed, purpose, object, ids| Stream::new(seed, purpose, object, ids).bits64();
        let top = N_IDS - 1;
        let values = [
            first(1, Purpose::Weight, 0, [0, 0]),
            first(2, Purpose::Weight, 0, [0, 0]),
            first(1 << 32, Purpose::Weight, 0, [0, 0]),
            first(1, Purpose::Delay, 0, [0, 0]),
            first(1, Purpose::Weight, 1, [0, 0]),
            first(1, Purpose::Weight, 0, [1, 0]),
            first(1, Purpose::Weight, 0, [0, 1]),
            first(1, Purpose::Weight, 0, [1 << 32, 0]),
            first(1, Purpose::Weight, 0, [0, 1 << 32]),
            first(1, Purpose::Weight, 0, [top, 0]),
            first(1, Purpose::Weight, 0, [0, top]),
        ];
        for i in 0..values.len() {
            for j in 0..i {
                assert_ne!(values[i], values[j], "streams {i} and {j}");
            }
        }
    }

    #[test]
    fn uniforms_stay_in_their_interval() {
        let mut stream = Stream::new(3, Purpose::Input, 0, [0, 0]);
        for _ in 0..100_000 {
            assert!((0.0..1.0).contains(&stream.uniform()));
            let open = stream.uniform_open();
            assert!(0.0 < open && open < 1.0);
            assert!(stream.below(7) < 7);
        }
        // The extreme words give the extreme values, none of them 0 or 1.
        assert!(((u64::MAX >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64) < 1.0);
    }

    #[test]
    fn rand_core_reads_the_same_bits() {
        let mut own = Stream::new(3, Purpose::Input, 0, [0, 0]);
        let mut other = own.clone();
        assert_eq!(own.bits64(), other.next_u64());
        assert_eq!(own.bits32(), other.next_u32());
        let mut bytes = [0; 6];
        other.fill_bytes(&mut bytes);
        assert_eq!(bytes[..4], own.bits32().to_le_bytes());
        assert_eq!(bytes[4..], own.bits32().to_le_bytes()[..2]);
    }
}
