//! Currents of eight cells side by side times their matrices.

use std::ops::Range;

use ndarray::ArrayView2;
use net_kernel::isa_kernel;
use net_kernel::simd::{F8, Isa, LANES, Lanes};

use super::exact::ExactSums;
use crate::error::Result;

/// Rows that stand side by side in memory.
const TILE_ROWS: usize = 4;

/// Some of the eight lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LaneMask(u8);

impl LaneMask {
    /// No lane.
    pub const NONE: LaneMask = LaneMask(0);

    /// All eight lanes.
    pub const ALL: LaneMask = LaneMask(u8::MAX);

    /// These lanes and `lane`.
    ///
    /// # Panics
    /// If there is no such lane.
    #[must_use]
    pub fn with(self, lane: usize) -> Self {
        assert!(lane < LANES, "there are {LANES} lanes");
        Self(self.0 | 1 << lane)
    }

    /// Whether `lane` is among them.
    pub fn contains(self, lane: usize) -> bool {
        lane < LANES && self.0 >> lane & 1 == 1
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// 1 for lanes that are among them, else 0.
    pub(crate) fn as_numbers(self) -> F8 {
        F8(std::array::from_fn(|lane| f64::from(u8::from(self.contains(lane)))))
    }
}

impl FromIterator<usize> for LaneMask {
    fn from_iter<I: IntoIterator<Item = usize>>(lanes: I) -> Self {
        lanes.into_iter().fold(Self::NONE, Self::with)
    }
}

/// The sums that some of the cells side by side contribute to.
#[derive(Debug)]
pub struct SumTarget<'a> {
    /// The cells.
    pub lanes: LaneMask,
    /// What they are added to.
    pub sums: &'a mut ExactSums,
}

/// The matrices of up to eight cells side by side, lanes interleaved like their currents.
///
/// One compartment of all eight cells is one vector, a *slot*. A cell's product is summed slot after
/// slot, one fused multiply-add each, starting from zero: its bits depend on its own matrix, currents
/// and order of compartments alone, not on the cells beside it, the number of samples or the CPU.
///
/// ```
/// use ndarray::array;
/// use net_kernel::simd::F8;
/// use net_lfp::{ExactSums, LaneMask, LaneMatrix, SumTarget};
///
/// // Two cells of three compartments, two contacts; compartments stand in another order than segments.
/// let mut matrices = LaneMatrix::new(2, 0..3);
/// let order = [2, 0, 1];
/// matrices.set_cell(0, array![[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]].view(), &order);
/// matrices.set_cell(1, array![[4.0, 4.0, 4.0], [0.0, 1.0, 0.0]].view(), &order);
///
/// let mut bounds = vec![0.0; 2];
/// matrices.raise_bounds(&mut bounds); // then the maximum over all ranks
/// assert_eq!(bounds, [12.0, 1.0]);
///
/// // One sample: 1 nA through the first segment, in slot 2, of both cells.
/// let currents = [F8::ZERO, F8::ZERO, F8::splat(1.0)];
/// let mut sums = ExactSums::new(&bounds, 1)?;
/// let lanes: LaneMask = [0, 1].into_iter().collect();
/// matrices.add_products(&currents, 3, 0, &mut [SumTarget { lanes, sums: &mut sums }])?;
/// assert_eq!(sums.to_f64(), [5.0, 0.0]);
/// # Ok::<(), net_lfp::LfpError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LaneMatrix {
    n_rows: usize,
    slots: Range<usize>,
    /// Tiles of rows; in a tile slot after slot; the rows of the tile for that slot.
    entries: Vec<F8>,
}

impl LaneMatrix {
    /// Zero matrices of `n_rows` for cells that occupy `slots` of the vectors of currents.
    pub fn new(n_rows: usize, slots: Range<usize>) -> Self {
        let n_entries = n_rows.next_multiple_of(TILE_ROWS) * slots.len();
        Self { n_rows, slots, entries: vec![F8::ZERO; n_entries] }
    }

    /// Sets the matrix (rows x segments) of the cell in `lane`; segment `s` is compartment
    /// `compartments[s]`, counted from the first slot.
    ///
    /// # Panics
    /// If the matrix, the compartments and the slots do not fit each other.
    pub fn set_cell(&mut self, lane: usize, matrix: ArrayView2<f64>, compartments: &[u32]) {
        assert_eq!(matrix.nrows(), self.n_rows, "rows of the matrix");
        assert_eq!(matrix.ncols(), compartments.len(), "columns of the matrix");
        for (row, values) in matrix.rows().into_iter().enumerate() {
            for (&value, &compartment) in values.iter().zip(compartments) {
                assert!((compartment as usize) < self.slots.len(), "compartment beyond the slots");
                let at = self.position(row, compartment as usize);
                self.entries[at].0[lane] = value;
            }
        }
    }

    fn position(&self, row: usize, slot: usize) -> usize {
        (row / TILE_ROWS * self.slots.len() + slot) * TILE_ROWS + row % TILE_ROWS
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Bytes of the matrices.
    pub fn memory_bytes(&self) -> usize {
        self.entries.len() * size_of::<F8>()
    }

    /// Raises each row's bound to the largest sum of absolute values in that row of any of these
    /// cells; see [`ExactSums::new`].
    ///
    /// # Panics
    /// If there is not one bound a row.
    pub fn raise_bounds(&self, bounds: &mut [f64]) {
        assert_eq!(bounds.len(), self.n_rows, "one bound a row");
        for (row, bound) in bounds.iter_mut().enumerate() {
            let mut sums = [0.0; LANES];
            for slot in 0..self.slots.len() {
                let entries = &self.entries[self.position(row, slot)].0;
                sums.iter_mut().zip(entries).for_each(|(sum, entry)| *sum += entry.abs());
            }
            *bound = sums.into_iter().fold(*bound, f64::max);
        }
    }

    /// Multiplies the currents of some samples and adds each cell's contribution to the targets, at
    /// `first_sample` and after.
    ///
    /// `currents` has `n_slots` vectors a sample, one sample after the other. Lanes without a cell,
    /// and slots beyond a cell's compartments, may hold any finite numbers.
    ///
    /// # Errors
    /// A contribution that is not finite or too large; see [`ExactSums::add_lanes`].
    ///
    /// # Panics
    /// If currents, slots and targets do not fit each other.
    pub fn add_products(
        &self,
        currents: &[F8],
        n_slots: usize,
        first_sample: usize,
        targets: &mut [SumTarget],
    ) -> Result<()> {
        let n_samples = currents.len() / n_slots.max(1);
        let mut products = vec![F8::ZERO; TILE_ROWS * n_samples];
        for tile in 0..self.n_rows.div_ceil(TILE_ROWS) {
            self.multiply_tile(tile, currents, n_slots, &mut products);
            for (row, products) in products.chunks_exact(n_samples.max(1)).enumerate() {
                let row = tile * TILE_ROWS + row;
                if row >= self.n_rows {
                    continue;
                }
                for SumTarget { lanes, sums } in targets.iter_mut() {
                    sums.add_lanes(row, first_sample, products, *lanes)?;
                }
            }
        }
        Ok(())
    }

    /// The products (rows x samples, a vector each) themselves.
    ///
    /// # Panics
    /// If currents and slots do not fit each other.
    pub fn products(&self, currents: &[F8], n_slots: usize) -> Vec<F8> {
        let n_samples = currents.len() / n_slots.max(1);
        let n_tiles = self.n_rows.div_ceil(TILE_ROWS);
        let mut products = vec![F8::ZERO; n_tiles * TILE_ROWS * n_samples];
        let tiles = products.chunks_exact_mut((TILE_ROWS * n_samples).max(1));
        for (tile, products) in tiles.enumerate() {
            self.multiply_tile(tile, currents, n_slots, products);
        }
        products.truncate(self.n_rows * n_samples);
        products
    }

    /// Products of the rows of one tile: rows x samples.
    fn multiply_tile(&self, tile: usize, currents: &[F8], n_slots: usize, products: &mut [F8]) {
        assert!(self.slots.end <= n_slots, "slots beyond the currents");
        assert_eq!(currents.len() % n_slots.max(1), 0, "whole samples of currents");
        let n_samples = currents.len() / n_slots.max(1);
        assert_eq!(products.len(), TILE_ROWS * n_samples, "one product a row and sample");
        let n_entries = self.slots.len() * TILE_ROWS;
        let mut task = Tile {
            entries: &self.entries[tile * n_entries..(tile + 1) * n_entries],
            currents,
            first_slot: self.slots.start,
            n_slots,
            n_samples,
            products,
        };
        // AVX-512 has registers for sixteen sums at once, others for four.
        let kernel = match Isa::current() {
            Isa::Avx512 => tile_of_four_kernel(),
            _ => tile_of_two_kernel(),
        };
        // SAFETY: lengths were checked above.
        unsafe { kernel(&mut task) };
    }
}

struct Tile<'a> {
    entries: &'a [F8],
    currents: &'a [F8],
    first_slot: usize,
    n_slots: usize,
    n_samples: usize,
    products: &'a mut [F8],
}

isa_kernel!(fn tile_of_four_kernel = tile_of_four as unsafe fn(&mut Tile), (task: &mut Tile));
isa_kernel!(fn tile_of_two_kernel = tile_of_two as unsafe fn(&mut Tile), (task: &mut Tile));

#[inline(always)]
unsafe fn tile_of_four<L: Lanes>(task: &mut Tile) {
    let n_full = task.n_samples / 4 * 4;
    // SAFETY: the caller's promise; rows and samples are inside the tile.
    unsafe {
        for sample in (0..n_full).step_by(4) {
            multiply::<L, 4, 4>(task, 0, sample);
        }
        for sample in n_full..task.n_samples {
            multiply::<L, 4, 1>(task, 0, sample);
        }
    }
}

#[inline(always)]
unsafe fn tile_of_two<L: Lanes>(task: &mut Tile) {
    let n_full = task.n_samples / 2 * 2;
    // SAFETY: the caller's promise; rows and samples are inside the tile.
    unsafe {
        for row in [0, 2] {
            for sample in (0..n_full).step_by(2) {
                multiply::<L, 2, 2>(task, row, sample);
            }
            for sample in n_full..task.n_samples {
                multiply::<L, 2, 1>(task, row, sample);
            }
        }
    }
}

/// Sums of `ROWS` rows and `SAMPLES` samples, held in registers over all slots.
///
/// # Safety
/// The rows and samples must be inside the tile, and its slots inside the currents.
#[inline(always)]
unsafe fn multiply<L: Lanes, const ROWS: usize, const SAMPLES: usize>(
    task: &mut Tile,
    row: usize,
    sample: usize,
) {
    let mut sums = [[L::splat(0.0); SAMPLES]; ROWS];
    let n_slots = task.entries.len() / TILE_ROWS;
    // SAFETY: the caller's promise.
    unsafe {
        let mut entries = task.entries.as_ptr().add(row);
        let mut currents = task.currents.as_ptr().add(sample * task.n_slots + task.first_slot);
        for _ in 0..n_slots {
            let mut here = [L::splat(0.0); SAMPLES];
            for (s, current) in here.iter_mut().enumerate() {
                *current = L::load(currents.add(s * task.n_slots).cast());
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let entry = L::load(entries.add(r).cast());
                for (sum, current) in sums.iter_mut().zip(here) {
                    *sum = entry.mul_add(current, *sum);
                }
            }
            entries = entries.add(TILE_ROWS);
            currents = currents.add(1);
        }
        let products = task.products.as_mut_ptr();
        for (r, sums) in sums.iter().enumerate() {
            for (s, sum) in sums.iter().enumerate() {
                sum.store(products.add((row + r) * task.n_samples + sample + s).cast());
            }
        }
    }
}
