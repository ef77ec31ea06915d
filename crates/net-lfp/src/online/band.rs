//! Some vectors of a matrix times the currents of some samples: the innermost loops of a product.

use std::ops::Range;

use net_kernel::isa_kernel;
use net_kernel::simd::{F8, Isa, LANES, Lanes};

/// Vectors of entries that are multiplied together in registers: a tile.
pub(super) const TILE: usize = 4;
/// Slots of a panel, and vectors that are multiplied over a panel with all samples before the next
/// ones: their entries stay in the first cache, and the currents of four samples for as long as both
/// tiles take.
pub(super) const PANEL_SLOTS: usize = 32;
const PART: usize = 2 * TILE;
/// Vectors whose products stay in the second cache, beside a panel of the currents, from the first
/// panel to the last: currents that only a larger cache holds are read once a band.
pub(super) const BAND: usize = 64;
/// Samples that are multiplied at once, so that entries are used often while they are in the cache.
pub(super) const SAMPLES: usize = 64;

/// Some samples of currents, one vector a slot.
#[derive(Clone, Copy)]
pub(super) struct Currents<'a> {
    pub(super) vectors: &'a [F8],
    pub(super) n_slots: usize,
    pub(super) n_samples: usize,
}

/// Some vectors of a matrix, at most [`BAND`], and what they are multiplied with.
pub(super) struct Band<'a> {
    pub(super) n_vectors: usize,
    /// Panels of slots; in a panel tiles of vectors; in a tile slot after slot.
    pub(super) entries: &'a [F8],
    /// Which slots of the currents the vectors have.
    pub(super) slots: Range<usize>,
    pub(super) currents: Currents<'a>,
    /// [`SAMPLES`] places a vector.
    pub(super) products: &'a mut [F8],
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
        // AVX-512 has registers for sixteen sums at once, others for four.
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

/// The kernel for a width, by the samples and vectors that are in registers.
macro_rules! band_kernel {
    ($name:ident, $body:ident, $width:literal, $tile:literal) => {
        #[inline(always)]
        unsafe fn $body<L: Lanes>(band: &mut Band) {
            // SAFETY: the caller's promise.
            unsafe { multiply_band::<L, $width, $tile>(band) };
        }
        isa_kernel!(fn $name = $body as unsafe fn(&mut Band), (band: &mut Band));
    };
}
band_kernel!(wide_1_kernel, wide_1, 1, 4);
band_kernel!(wide_2_kernel, wide_2, 2, 4);
band_kernel!(wide_4_kernel, wide_4, 4, 4);
band_kernel!(wide_8_kernel, wide_8, 8, 4);
band_kernel!(narrow_1_kernel, narrow_1, 1, 2);
band_kernel!(narrow_2_kernel, narrow_2, 2, 2);
band_kernel!(narrow_4_kernel, narrow_4, 4, 2);
band_kernel!(narrow_8_kernel, narrow_8, 8, 2);

/// All products of a band: panel after panel, in a panel part after part of the vectors, `SIDE`
/// samples and as many vectors at a time.
///
/// # Safety
/// There must be entries, currents and places for products as the task says.
#[inline(always)]
unsafe fn multiply_band<L: Lanes, const WIDTH: usize, const SIDE: usize>(band: &mut Band) {
    let (n_samples, n_slots) = (band.currents.n_samples, band.slots.len());
    let mut entries = band.entries.as_ptr();
    for first_slot in (0..n_slots.max(1)).step_by(PANEL_SLOTS) {
        let slots = first_slot..(first_slot + PANEL_SLOTS).min(n_slots);
        for first in (0..band.n_vectors).step_by(PART) {
            let part = first..(first + PART).min(band.n_vectors);
            let n_entries = slots.len() * part.len();
            let next = entries.wrapping_add(n_entries);
            let mut sample = 0;
            while sample < n_samples {
                let n_here = if n_samples - sample >= SIDE { SIDE } else { 1 };
                prefetch(next, n_entries, sample..sample + n_here, n_samples);
                for first in part.clone().step_by(TILE) {
                    let tile = Tile {
                        entries: entries.wrapping_add((first - part.start) * slots.len()),
                        stride: TILE.min(part.end - first),
                        first,
                        sample,
                        slots: slots.clone(),
                    };
                    // SAFETY: the tile is inside the panel, and the samples are there.
                    unsafe { multiply_tile::<L, WIDTH, SIDE>(band, tile, n_here) };
                }
                sample += n_here;
            }
            entries = next;
        }
    }
}

/// Asks for what belongs to these samples of the entries that come next.
#[inline(always)]
fn prefetch(next: *const F8, n_entries: usize, samples: Range<usize>, n_samples: usize) {
    #[cfg(target_arch = "x86_64")]
    for at in samples.start * n_entries / n_samples..samples.end * n_entries / n_samples {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: a hint; it reads nothing, wherever the address is.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(next.wrapping_add(at).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (next, n_entries, samples, n_samples);
}

/// Some vectors of a panel, and the samples from which on they are multiplied.
struct Tile {
    entries: *const F8,
    /// Vectors of the tile.
    stride: usize,
    /// The first of them in the band.
    first: usize,
    sample: usize,
    slots: Range<usize>,
}

/// A tile times `SIDE` samples, or one.
///
/// # Safety
/// The tile must be inside the panel, and there must be as many samples.
#[inline(always)]
unsafe fn multiply_tile<L: Lanes, const WIDTH: usize, const SIDE: usize>(
    band: &mut Band,
    tile: Tile,
    n_samples: usize,
) {
    let mut vector = 0;
    while vector < tile.stride {
        let n_vectors = (tile.stride - vector).min(SIDE);
        // SAFETY: the caller's promise; the vectors are in the tile.
        unsafe {
            match (n_vectors, n_samples == SIDE) {
                (4, true) => multiply::<L, WIDTH, 4, SIDE>(band, &tile, vector),
                (3, true) => multiply::<L, WIDTH, 3, SIDE>(band, &tile, vector),
                (2, true) => multiply::<L, WIDTH, 2, SIDE>(band, &tile, vector),
                (_, true) => multiply::<L, WIDTH, 1, SIDE>(band, &tile, vector),
                (4, false) => multiply::<L, WIDTH, 4, 1>(band, &tile, vector),
                (3, false) => multiply::<L, WIDTH, 3, 1>(band, &tile, vector),
                (2, false) => multiply::<L, WIDTH, 2, 1>(band, &tile, vector),
                (_, false) => multiply::<L, WIDTH, 1, 1>(band, &tile, vector),
            }
        }
        vector += n_vectors;
    }
}

/// Sums of some vectors of a tile and some samples over its slots, held in registers; those over the
/// slots before are in the products.
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
    tile: &Tile,
    vector: usize,
) {
    let Currents { vectors, n_slots, .. } = band.currents;
    // SAFETY: the caller's promise.
    unsafe {
        let place = (tile.first + vector) * SAMPLES + tile.sample;
        let products = band.products.as_mut_ptr().add(place);
        let mut sums = [[L::splat(0.0); SAMPLES_HERE]; VECTORS];
        if tile.slots.start > 0 {
            for (v, sums) in sums.iter_mut().enumerate() {
                for (s, sum) in sums.iter_mut().enumerate() {
                    *sum = L::load(products.add(v * SAMPLES + s).cast());
                }
            }
        }
        let mut entries = tile.entries.add(vector);
        let first = tile.sample * n_slots + band.slots.start + tile.slots.start;
        let mut currents = vectors.as_ptr().add(first);
        for _ in tile.slots.clone() {
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
            entries = entries.wrapping_add(tile.stride);
            currents = currents.add(1);
        }
        for (v, sums) in sums.iter().enumerate() {
            for (s, sum) in sums.iter().enumerate() {
                sum.store(products.add(v * SAMPLES + s).cast());
            }
        }
    }
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
