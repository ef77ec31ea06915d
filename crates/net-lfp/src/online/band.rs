//! Some vectors of a matrix times the currents of some samples: the innermost loops of a product.

use std::ops::Range;

use net_kernel::isa_kernel;
use net_kernel::prefetch::{Cache, prefetch};
use net_kernel::simd::{F8, Isa, LANES, Lanes};

/// Vectors of entries that are multiplied together: a tile.
pub(super) const TILE: usize = 8;
/// Slots of a panel: the entries of a tile stay in the first cache while all samples pass by.
pub(super) const PANEL_SLOTS: usize = 32;
/// Vectors whose products stay in the second cache, beside a panel of the currents, from the first
/// panel to the last: currents that only a larger cache holds are read once a band.
pub(super) const BAND: usize = 64;
/// Samples that are multiplied at once, so that entries are used often while they are in the cache: whole
/// groups of what is in registers, and of eight for exact sums. As a power of two it would make the
/// products of a tile meet in few sets of the first cache.
pub(super) const SAMPLES: usize = 72;

/// Some samples of currents, one vector a slot.
#[derive(Clone, Copy)]
pub(super) struct Currents<'a> {
    pub(super) vectors: &'a [F8],
    pub(super) n_slots: usize,
    pub(super) n_samples: usize,
}

/// Some vectors of a matrix, at most [`BAND`], and what they are multiplied with.
///
/// Slots come from the last to the first, everywhere.
pub(super) struct Band<'a> {
    pub(super) n_vectors: usize,
    /// Panels of slots; in a panel tiles of vectors; in a tile slot after slot.
    pub(super) entries: &'a [F8],
    /// Which slots of the currents the vectors have.
    pub(super) slots: Range<usize>,
    pub(super) currents: Currents<'a>,
    /// [`SAMPLES`] places a vector.
    pub(super) products: &'a mut [F8],
    /// The products of the same rows with later slots, whose rows are half as wide.
    pub(super) later: Option<&'a [F8]>,
}

impl Band<'_> {
    /// Sets the products with all samples, at most [`SAMPLES`], where a row of the matrix is `width`
    /// lanes.
    ///
    /// # Panics
    /// If the lengths of the slices do not fit each other.
    pub(super) fn multiply(mut self, width: usize) {
        let Currents { vectors, n_slots, n_samples } = self.currents;
        assert!(self.slots.end <= n_slots && n_samples <= SAMPLES, "slots and samples");
        assert_eq!(n_samples * n_slots, vectors.len(), "one vector a slot and sample");
        assert_eq!(self.n_vectors * self.slots.len(), self.entries.len(), "one entry a slot");
        assert!(self.n_vectors <= BAND && self.products.len() >= BAND * SAMPLES, "products");
        assert!(self.later.is_none_or(|later| later.len() >= BAND * SAMPLES && width > 1), "later");
        // AVX-512 has registers for 24 sums at once, others for four.
        let kernel = match (width, Isa::current() == Isa::Avx512) {
            (1, true) => wide_1_kernel(),
            (2, true) => wide_2_kernel(),
            (4, true) => wide_4_kernel(),
            (_, true) => wide_8_kernel(),
            (1, false) => narrow_1_kernel(),
            (2, false) => narrow_2_kernel(),
            (4, false) => narrow_4_kernel(),
            (_, false) => narrow_8_kernel(),
        };
        // SAFETY: lengths were checked above.
        unsafe { kernel(&mut self) };
    }
}

/// The kernel for a width, by the vectors and samples that are in registers.
macro_rules! band_kernel {
    ($name:ident, $body:ident, $width:literal, $vectors:literal x $samples:literal) => {
        #[inline(always)]
        unsafe fn $body<L: Lanes>(band: &mut Band) {
            // SAFETY: the caller's promise.
            unsafe { multiply_band::<L, $width, $vectors, $samples>(band) };
        }
        isa_kernel!(fn $name = $body as unsafe fn(&mut Band), (band: &mut Band));
    };
}
band_kernel!(wide_1_kernel, wide_1, 1, 8 x 3);
band_kernel!(wide_2_kernel, wide_2, 2, 8 x 3);
band_kernel!(wide_4_kernel, wide_4, 4, 8 x 3);
band_kernel!(wide_8_kernel, wide_8, 8, 8 x 3);
band_kernel!(narrow_1_kernel, narrow_1, 1, 2 x 2);
band_kernel!(narrow_2_kernel, narrow_2, 2, 2 x 2);
band_kernel!(narrow_4_kernel, narrow_4, 4, 2 x 2);
band_kernel!(narrow_8_kernel, narrow_8, 8, 2 x 2);

/// All products of a band: panel after panel, in a panel tile after tile, in a tile some samples at a
/// time.
///
/// # Safety
/// There must be entries, currents and places for products as the task says.
#[inline(always)]
unsafe fn multiply_band<L: Lanes, const WIDTH: usize, const VECTORS: usize, const SIDE: usize>(
    band: &mut Band,
) {
    let (n_samples, n_slots) = (band.currents.n_samples, band.slots.len());
    let mut entries = band.entries.as_ptr();
    for n_after in (0..n_slots.max(1)).step_by(PANEL_SLOTS) {
        let end = n_slots - n_after;
        let slots = end.saturating_sub(PANEL_SLOTS)..end;
        for first in (0..band.n_vectors).step_by(TILE) {
            let n_vectors = TILE.min(band.n_vectors - first);
            let next = entries.wrapping_add(n_vectors * slots.len());
            let ahead = next..next.wrapping_add(n_vectors * slots.len());
            let slots = slots.clone();
            let mut tile = Tile { entries, ahead, n_vectors, first, sample: 0, slots };
            while tile.sample < n_samples {
                // SAFETY: the tile is inside the panel, and the samples are there.
                unsafe {
                    if n_samples - tile.sample >= SIDE {
                        multiply_tile::<L, WIDTH, VECTORS, SIDE>(band, &mut tile);
                    } else {
                        multiply_tile::<L, WIDTH, VECTORS, 1>(band, &mut tile);
                    }
                }
            }
            entries = next;
        }
    }
}

/// Some vectors of a panel, and the samples from which on they are multiplied.
struct Tile {
    entries: *const F8,
    /// Entries of the next tile that were not asked for yet.
    ahead: Range<*const F8>,
    n_vectors: usize,
    /// The first of them in the band.
    first: usize,
    sample: usize,
    slots: Range<usize>,
}

/// A tile times `SAMPLES_HERE` samples, as many vectors at a time as there are, at most `VECTORS`, a
/// power of two.
///
/// # Safety
/// The tile must be inside the panel, and there must be as many samples.
#[inline(always)]
unsafe fn multiply_tile<
    L: Lanes,
    const WIDTH: usize,
    const VECTORS: usize,
    const SAMPLES_HERE: usize,
>(
    band: &mut Band,
    tile: &mut Tile,
) {
    let mut vector = 0;
    while vector < tile.n_vectors {
        let n_left = tile.n_vectors - vector;
        // SAFETY: the caller's promise; the vectors are in the tile.
        vector += unsafe {
            if VECTORS >= 8 && n_left >= 8 {
                multiply::<L, WIDTH, 8, SAMPLES_HERE>(band, tile, vector)
            } else if VECTORS >= 4 && n_left >= 4 {
                multiply::<L, WIDTH, 4, SAMPLES_HERE>(band, tile, vector)
            } else if n_left >= 2 {
                multiply::<L, WIDTH, 2, SAMPLES_HERE>(band, tile, vector)
            } else {
                multiply::<L, WIDTH, 1, SAMPLES_HERE>(band, tile, vector)
            }
        };
    }
    tile.sample += SAMPLES_HERE;
}

/// Sums of some vectors of a tile and some samples over its slots, held in registers; those over the
/// slots before are in the products. Gives the number of vectors.
///
/// # Safety
/// The vectors must be in the tile, and there must be as many samples.
#[inline(always)]
unsafe fn multiply<
    L: Lanes,
    const WIDTH: usize,
    const VECTORS: usize,
    const SAMPLES_HERE: usize,
>(
    band: &mut Band,
    tile: &mut Tile,
    vector: usize,
) -> usize {
    let Currents { vectors, n_slots, .. } = band.currents;
    // SAFETY: the caller's promise.
    unsafe {
        let place = (tile.first + vector) * SAMPLES + tile.sample;
        let products = band.products.as_mut_ptr().add(place);
        let mut sums = [[L::splat(0.0); SAMPLES_HERE]; VECTORS];
        if tile.slots.end < band.slots.len() {
            for (v, sums) in sums.iter_mut().enumerate() {
                for (s, sum) in sums.iter_mut().enumerate() {
                    *sum = L::load(products.add(v * SAMPLES + s).cast());
                }
            }
        } else if let Some(later) = band.later {
            for (v, sums) in sums.iter_mut().enumerate() {
                let at = tile.first + vector + v;
                let later = later.as_ptr().add(at / 2 * SAMPLES + tile.sample).cast::<f64>();
                let later = later.add(at % 2 * LANES / 2);
                for (s, sum) in sums.iter_mut().enumerate() {
                    *sum = load_spread::<L, WIDTH>(later.add(s * LANES));
                }
            }
        }
        let mut entries = tile.entries.add(vector);
        let end = tile.sample * n_slots + band.slots.start + tile.slots.end;
        let mut currents = vectors.as_ptr().add(end);
        let one_ahead = usize::from(tile.ahead.start < tile.ahead.end);
        for _ in tile.slots.clone() {
            prefetch(tile.ahead.start, Cache::Second);
            tile.ahead.start = tile.ahead.start.wrapping_add(one_ahead);
            currents = currents.sub(1);
            let mut here = [L::splat(0.0); SAMPLES_HERE];
            for (s, current) in here.iter_mut().enumerate() {
                *current = load_repeated::<L, WIDTH>(currents.add(s * n_slots).cast());
            }
            for (v, sums) in sums.iter_mut().enumerate() {
                let entry = L::load(entries.add(v).cast());
                for (sum, current) in sums.iter_mut().zip(here) {
                    *sum = entry.mul_add(current, *sum);
                }
            }
            entries = entries.wrapping_add(tile.n_vectors);
        }
        for (v, sums) in sums.iter().enumerate() {
            for (s, sum) in sums.iter().enumerate() {
                sum.store(products.add(v * SAMPLES + s).cast());
            }
        }
    }
    VECTORS
}

/// The first `WIDTH` doubles, again and again.
///
/// # Safety
/// There must be eight doubles.
#[inline(always)]
unsafe fn load_repeated<L: Lanes, const WIDTH: usize>(p: *const f64) -> L {
    // SAFETY: the caller's promise.
    unsafe {
        if WIDTH == LANES {
            return L::load(p);
        }
        L::from_array(std::array::from_fn(|lane| *p.add(lane % WIDTH)))
    }
}

/// Four doubles: each `WIDTH / 2` of them, then as many zeros.
///
/// # Safety
/// There must be four doubles.
#[inline(always)]
unsafe fn load_spread<L: Lanes, const WIDTH: usize>(p: *const f64) -> L {
    let half = WIDTH.div_ceil(2);
    let number = |lane: usize| {
        // SAFETY: the caller's promise.
        if lane % WIDTH < half {
            unsafe { *p.add(lane / WIDTH * half + lane % WIDTH) }
        } else {
            0.0
        }
    };
    L::from_array(std::array::from_fn(number))
}
