//! Some vectors of matrices times the currents of some samples: the innermost loops of a product.

use std::ops::Range;

use net_kernel::isa_kernel;
use net_kernel::prefetch::{Cache, prefetch};
use net_kernel::simd::{F8, Isa, LANES, Lanes};

/// Vectors of entries that are multiplied together: those of a tile, which is a cell's.
pub(super) const TILE: usize = 8;
/// Slots of a panel: the entries of a tile stay in the first cache while all samples pass by.
pub(super) const PANEL_SLOTS: usize = 32;
/// Samples that are multiplied at once, so that entries are used often while they are in the cache: whole
/// groups of what is in registers. As a power of two it would make the products of a tile meet in few
/// sets of the first cache.
pub(super) const SAMPLES: usize = 72;
/// Products of a band.
pub(super) const PRODUCTS: usize = LANES * TILE * SAMPLES;

/// Some samples of currents, one vector a slot.
#[derive(Clone, Copy)]
pub(super) struct Currents<'a> {
    pub(super) vectors: &'a [F8],
    pub(super) n_slots: usize,
    pub(super) n_samples: usize,
}

/// Vectors of the same rows of all cells' matrices, at most [`TILE`] a cell, and what they are multiplied
/// with.
pub(super) struct Band<'a> {
    /// Vectors of each tile.
    pub(super) n_vectors: usize,
    /// Rows of a vector, a power of two; the lanes after them have the same rows of the next cells.
    pub(super) width: usize,
    /// For each tile the number of slots of its cell, or of the larger one of its cells.
    pub(super) sizes: &'a [usize],
    /// Panels of slots; in a panel tile after tile; in a tile slot after slot.
    pub(super) entries: &'a [F8],
    /// The first slot of all cells.
    pub(super) first_slot: usize,
    pub(super) currents: Currents<'a>,
    /// [`SAMPLES`] places a vector, tile after tile.
    pub(super) products: &'a mut [F8],
}

impl Band<'_> {
    /// Sets the products with all samples, at most [`SAMPLES`].
    ///
    /// # Panics
    /// If the lengths of the slices do not fit each other.
    pub(super) fn multiply(mut self) {
        let Currents { vectors, n_slots, n_samples } = self.currents;
        let (n_tiles, most) = (self.sizes.len(), self.sizes.iter().max().copied().unwrap_or(0));
        assert!(self.first_slot + most <= n_slots && n_samples <= SAMPLES, "slots and samples");
        assert_eq!(n_samples * n_slots, vectors.len(), "one vector a slot and sample");
        let n_entries = self.n_vectors * self.sizes.iter().sum::<usize>();
        assert_eq!(n_entries, self.entries.len(), "one entry a slot");
        assert!(n_tiles * LANES / self.width <= LANES && self.n_vectors <= TILE, "lanes");
        assert!(self.width == LANES || self.n_vectors <= 1, "rows that one vector has");
        assert!(self.products.len() >= n_tiles * self.n_vectors * SAMPLES, "products");
        // AVX-512 has registers for 24 sums at once, others for four.
        let is_wide = Isa::current() == Isa::Avx512;
        let kernel = match (self.width, self.n_vectors) {
            (1, _) => one_row_kernel(),
            (2, _) => two_rows_kernel(),
            (4, _) => four_rows_kernel(),
            _ if !is_wide => narrow_kernel(),
            (_, TILE..) => whole_tile_kernel(),
            (_, 4..) => half_tile_kernel(),
            (_, 2..) => two_vectors_kernel(),
            (_, _) => one_vector_kernel(),
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
band_kernel!(one_row_kernel, one_row, 1, 1 x 4);
band_kernel!(two_rows_kernel, two_rows, 2, 1 x 4);
band_kernel!(four_rows_kernel, four_rows, 4, 1 x 8);
band_kernel!(one_vector_kernel, one_vector, 8, 1 x 8);
band_kernel!(two_vectors_kernel, two_vectors, 8, 2 x 8);
band_kernel!(half_tile_kernel, half_tile, 8, 4 x 6);
band_kernel!(whole_tile_kernel, whole_tile, 8, 8 x 3);
band_kernel!(narrow_kernel, narrow, 8, 2 x 2);

/// All products of a band: panel after panel, in a panel tile after tile, in a tile some samples at a
/// time.
///
/// # Safety
/// There must be entries, currents and places for products as the task says.
#[inline(always)]
unsafe fn multiply_band<L: Lanes, const WIDTH: usize, const VECTORS: usize, const SIDE: usize>(
    band: &mut Band,
) {
    let n_samples = band.currents.n_samples;
    let most = band.sizes.iter().max().copied().unwrap_or(0);
    let mut entries = band.entries.as_ptr();
    for first_slot in (0..most.max(1)).step_by(PANEL_SLOTS) {
        for (nth, &size) in band.sizes.iter().enumerate() {
            let slots = first_slot..(first_slot + PANEL_SLOTS).min(size);
            // A cell without any slots has products, too.
            if slots.start > 0 && slots.is_empty() {
                continue;
            }
            let next = entries.wrapping_add(slots.len() * band.n_vectors);
            let ahead = next..next.wrapping_add(slots.len() * band.n_vectors);
            let mut tile = Tile { entries, ahead, nth, sample: 0, slots };
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

/// Some slots of a cell, or of cells that share a vector, and the samples from which on they are
/// multiplied.
struct Tile {
    entries: *const F8,
    /// Entries of the next tile that were not asked for yet.
    ahead: Range<*const F8>,
    /// Number of the tile in the band.
    nth: usize,
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
    while vector < band.n_vectors {
        let n_left = band.n_vectors - vector;
        // SAFETY: the caller's promise; the vectors are in the tile.
        vector += unsafe {
            if VECTORS >= 8 && n_left >= 8 {
                multiply::<L, WIDTH, 8, SAMPLES_HERE>(band, tile, vector)
            } else if VECTORS >= 4 && n_left >= 4 {
                multiply::<L, WIDTH, 4, SAMPLES_HERE>(band, tile, vector)
            } else if VECTORS >= 2 && n_left >= 2 {
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
        let place = (tile.nth * band.n_vectors + vector) * SAMPLES + tile.sample;
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
        let first = tile.sample * n_slots + band.first_slot + tile.slots.start;
        let first_lane = tile.nth * LANES / WIDTH;
        let mut currents = vectors.as_ptr().add(first).cast::<f64>().wrapping_add(first_lane);
        let one_ahead = usize::from(tile.ahead.start < tile.ahead.end);
        for _ in tile.slots.clone() {
            prefetch(tile.ahead.start, Cache::Second);
            tile.ahead.start = tile.ahead.start.wrapping_add(one_ahead);
            let mut here = [L::splat(0.0); SAMPLES_HERE];
            for (s, current) in here.iter_mut().enumerate() {
                *current = load_of_cells::<L, WIDTH>(currents.wrapping_add(s * n_slots * LANES));
            }
            for (v, sums) in sums.iter_mut().enumerate() {
                let entry = L::load(entries.add(v).cast());
                for (sum, current) in sums.iter_mut().zip(here) {
                    *sum = entry.mul_add(current, *sum);
                }
            }
            entries = entries.wrapping_add(band.n_vectors);
            currents = currents.wrapping_add(LANES);
        }
        for (v, sums) in sums.iter().enumerate() {
            for (s, sum) in sums.iter().enumerate() {
                sum.store(products.add(v * SAMPLES + s).cast());
            }
        }
    }
    VECTORS
}

/// The first doubles, each in `WIDTH` lanes.
///
/// # Safety
/// There must be as many as it takes.
#[inline(always)]
unsafe fn load_of_cells<L: Lanes, const WIDTH: usize>(p: *const f64) -> L {
    // SAFETY: the caller's promise.
    unsafe {
        if WIDTH == 1 {
            return L::load(p);
        }
        let lanes = L::from_array(std::array::from_fn(|lane| lane as f64));
        let mut currents = L::splat(*p);
        for cell in 1..LANES / WIDTH {
            let first_lane = L::splat((cell * WIDTH) as f64);
            currents = L::select_lt(lanes, first_lane, currents, L::splat(*p.add(cell)));
        }
        currents
    }
}
