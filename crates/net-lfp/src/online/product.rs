//! Currents of eight cells side by side times their matrices.

use std::borrow::Cow;
use std::convert::Infallible;
use std::ops::Range;

use ndarray::ArrayView2;
use net_kernel::isa_kernel;
use net_kernel::simd::{F8, Isa, LANES, Lanes};

use super::exact::ExactSums;
use crate::error::Result;

/// Rows that stand side by side in memory.
const TILE_ROWS: usize = 4;
/// Rows, and samples of currents, that are worked on together: matrices and currents of a cell of
/// some hundred compartments then stay in the second cache while they are used.
const PANEL_ROWS: usize = 16;
const PANEL_GROUPS: usize = 32;
/// Tiles, and slots of them, that are multiplied with all samples before the next ones: they stay in the
/// first cache, and the currents of four samples for as long as the tiles take.
const PANEL_TILES: usize = 2;
const PANEL_SLOTS: usize = 32;

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
/// Where half of the lanes or less have a cell, the others work on the next samples.
///
/// Memory is 8 bytes an entry, rows times compartments of every cell: 0.1 MB for 64 contacts and 200
/// compartments. Dipoles that stand for all cells ([`DipoleSource::At`](crate::DipoleSource::At)) have
/// three rows, whatever the number of electrodes.
///
/// ```
/// use ndarray::array;
/// use net_kernel::simd::F8;
/// use net_lfp::{ExactSums, LaneMask, LaneMatrix, SumTarget};
///
/// // Two cells of three compartments, two contacts; compartments stand in another order than segments.
/// let mut matrices = LaneMatrix::new(2, 0..3, 2);
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
    /// Lanes of one sample; a power of two. The lanes after them repeat the matrices, for the next
    /// samples.
    width: usize,
    /// Tiles of rows; in a tile slot after slot; the rows of the tile for that slot.
    entries: Vec<F8>,
}

/// Currents of one row of cells: groups of as many samples as fit into a vector.
struct Groups<'a> {
    currents: Cow<'a, [F8]>,
    first_slot: usize,
    n_slots: usize,
    n_groups: usize,
}

impl LaneMatrix {
    /// Zero matrices of `n_rows` for `n_lanes` cells, in the first lanes, that occupy `slots` of the
    /// vectors of currents.
    ///
    /// # Panics
    /// If there are more cells than lanes.
    pub fn new(n_rows: usize, slots: Range<usize>, n_lanes: usize) -> Self {
        assert!(n_lanes <= LANES, "there are {LANES} lanes");
        let n_entries = n_rows.next_multiple_of(TILE_ROWS) * slots.len();
        let width = n_lanes.next_power_of_two();
        Self { n_rows, slots, width, entries: vec![F8::ZERO; n_entries] }
    }

    /// Sets the matrix (rows x segments) of the cell in `lane`; segment `s` is compartment
    /// `compartments[s]`, counted from the first slot.
    ///
    /// # Panics
    /// If the lane, the matrix, the compartments and the slots do not fit each other.
    pub fn set_cell(&mut self, lane: usize, matrix: ArrayView2<f64>, compartments: &[u32]) {
        assert!(lane < self.width, "lane of the cell");
        assert_eq!(matrix.nrows(), self.n_rows, "rows of the matrix");
        assert_eq!(matrix.ncols(), compartments.len(), "columns of the matrix");
        for (row, values) in matrix.rows().into_iter().enumerate() {
            for (&value, &compartment) in values.iter().zip(compartments) {
                assert!((compartment as usize) < self.slots.len(), "compartment beyond the slots");
                let at = self.position(row, compartment as usize);
                for lane in (lane..LANES).step_by(self.width) {
                    self.entries[at].0[lane] = value;
                }
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
        let mut ungrouped = vec![F8::ZERO; if self.width == LANES { 0 } else { n_samples }];
        self.for_rows(currents, n_slots, |row, of_groups| {
            let of_samples = match self.width {
                LANES => of_groups,
                _ => {
                    self.samples(of_groups, &mut ungrouped);
                    &ungrouped
                }
            };
            for SumTarget { lanes, sums } in targets.iter_mut() {
                sums.add_lanes(row, first_sample, of_samples, *lanes)?;
            }
            Ok(())
        })
    }

    /// The products (rows x samples, a vector each) themselves; zero in lanes without a cell.
    ///
    /// # Panics
    /// If currents and slots do not fit each other.
    pub fn products(&self, currents: &[F8], n_slots: usize) -> Vec<F8> {
        let n_samples = currents.len() / n_slots.max(1);
        let mut all = vec![F8::ZERO; self.n_rows * n_samples];
        let copied = self.for_rows(currents, n_slots, |row, of_groups| {
            self.samples(of_groups, &mut all[row * n_samples..(row + 1) * n_samples]);
            Ok::<(), Infallible>(())
        });
        match copied {
            Ok(()) => all,
        }
    }

    /// Calls `visit` with the products of every row.
    fn for_rows<E>(
        &self,
        currents: &[F8],
        n_slots: usize,
        mut visit: impl FnMut(usize, &[F8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let groups = self.groups(currents, n_slots);
        let n = groups.n_groups;
        let mut products = vec![F8::ZERO; PANEL_ROWS * n];
        for first_row in (0..self.n_rows).step_by(PANEL_ROWS) {
            let rows = first_row..(first_row + PANEL_ROWS).min(self.n_rows);
            for from in (0..n).step_by(PANEL_GROUPS) {
                let to = (from + PANEL_GROUPS).min(n);
                let end = rows.end.div_ceil(TILE_ROWS);
                let tiles = (first_row / TILE_ROWS..end).step_by(PANEL_TILES);
                let of_tiles = products.chunks_mut((PANEL_TILES * TILE_ROWS * n).max(1));
                for (first, products) in tiles.zip(of_tiles) {
                    let tiles = first..(first + PANEL_TILES).min(end);
                    self.multiply_tiles(tiles, &groups, from..to, products);
                }
            }
            for (row, products) in rows.zip(products.chunks_exact(n.max(1))) {
                visit(row, products)?;
            }
        }
        Ok(())
    }

    /// Puts as many samples side by side as fit into the lanes.
    fn groups<'a>(&self, currents: &'a [F8], n_slots: usize) -> Groups<'a> {
        assert!(self.slots.end <= n_slots, "slots beyond the currents");
        assert_eq!(currents.len() % n_slots.max(1), 0, "whole samples of currents");
        let n_samples = currents.len() / n_slots.max(1);
        if self.width == LANES {
            let (first_slot, n_groups) = (self.slots.start, n_samples);
            return Groups { currents: currents.into(), first_slot, n_slots, n_groups };
        }
        let n_groups = (n_samples * self.width).div_ceil(LANES);
        let n_here = self.slots.len();
        let mut grouped = vec![F8::ZERO; n_groups * n_here];
        for sample in 0..n_samples {
            let (group, lane) = (sample * self.width / LANES, sample * self.width % LANES);
            let from = &currents[sample * n_slots..][self.slots.clone()];
            for (to, from) in grouped[group * n_here..].iter_mut().zip(from) {
                to.0[lane..lane + self.width].copy_from_slice(&from.0[..self.width]);
            }
        }
        Groups { currents: grouped.into(), first_slot: 0, n_slots: n_here, n_groups }
    }

    /// The products of single samples from those of groups.
    fn samples(&self, of_groups: &[F8], of_samples: &mut [F8]) {
        if self.width == LANES {
            return of_samples.copy_from_slice(of_groups);
        }
        for (sample, to) in of_samples.iter_mut().enumerate() {
            let (group, lane) = (sample * self.width / LANES, sample * self.width % LANES);
            to.0[..self.width].copy_from_slice(&of_groups[group].0[lane..lane + self.width]);
        }
    }

    /// Products of the rows of some tiles and some groups; `products` has rows x all groups.
    fn multiply_tiles(
        &self,
        tiles: Range<usize>,
        groups: &Groups,
        of: Range<usize>,
        products: &mut [F8],
    ) {
        let n_entries = self.slots.len() * TILE_ROWS;
        let n_currents = groups.n_groups * groups.n_slots;
        assert!(of.end <= groups.n_groups, "groups beyond the end");
        assert!(groups.first_slot + self.slots.len() <= groups.n_slots, "slots beyond the end");
        assert!(n_currents <= groups.currents.len(), "currents of all groups");
        let n_rows = tiles.len() * TILE_ROWS;
        assert!(products.len() >= n_rows * groups.n_groups, "one product a row and group");
        let mut task = Tiles {
            n_tiles: tiles.len(),
            entries: &self.entries[tiles.start * n_entries..tiles.end * n_entries],
            n_here: self.slots.len(),
            currents: &groups.currents,
            first_slot: groups.first_slot,
            n_slots: groups.n_slots,
            samples: of,
            n_samples: groups.n_groups,
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

struct Tiles<'a> {
    n_tiles: usize,
    entries: &'a [F8],
    /// Slots of a tile; those of the currents are `n_slots`.
    n_here: usize,
    currents: &'a [F8],
    first_slot: usize,
    n_slots: usize,
    samples: Range<usize>,
    n_samples: usize,
    products: &'a mut [F8],
}

isa_kernel!(fn tile_of_four_kernel = tile_of_four as unsafe fn(&mut Tiles), (task: &mut Tiles));
isa_kernel!(fn tile_of_two_kernel = tile_of_two as unsafe fn(&mut Tiles), (task: &mut Tiles));

#[inline(always)]
unsafe fn tile_of_four<L: Lanes>(task: &mut Tiles) {
    let Range { start, end } = task.samples;
    let end_of_full = start + (end - start) / 4 * 4;
    // SAFETY: the caller's promise; rows, samples and slots are inside the tiles.
    unsafe {
        for slots in panels(task) {
            for sample in (start..end_of_full).step_by(4) {
                for row in (0..task.n_tiles * TILE_ROWS).step_by(4) {
                    multiply::<L, 4, 4>(task, row, sample, slots.clone());
                }
            }
            for sample in end_of_full..end {
                for row in (0..task.n_tiles * TILE_ROWS).step_by(4) {
                    multiply::<L, 4, 1>(task, row, sample, slots.clone());
                }
            }
        }
    }
}

#[inline(always)]
unsafe fn tile_of_two<L: Lanes>(task: &mut Tiles) {
    let Range { start, end } = task.samples;
    let end_of_full = start + (end - start) / 2 * 2;
    // SAFETY: the caller's promise; rows, samples and slots are inside the tiles.
    unsafe {
        for slots in panels(task) {
            for sample in (start..end_of_full).step_by(2) {
                for row in (0..task.n_tiles * TILE_ROWS).step_by(2) {
                    multiply::<L, 2, 2>(task, row, sample, slots.clone());
                }
            }
            for sample in end_of_full..end {
                for row in (0..task.n_tiles * TILE_ROWS).step_by(2) {
                    multiply::<L, 2, 1>(task, row, sample, slots.clone());
                }
            }
        }
    }
}

/// The slots of a tile, some at once; one empty range if there are none.
#[inline(always)]
fn panels(task: &Tiles) -> impl Iterator<Item = Range<usize>> + use<> {
    let n_slots = task.n_here;
    (0..n_slots.max(1))
        .step_by(PANEL_SLOTS)
        .map(move |first| first..(first + PANEL_SLOTS).min(n_slots))
}

/// Sums of `ROWS` rows and `SAMPLES` samples over some slots, held in registers; those over the slots
/// before are in the products.
///
/// # Safety
/// The rows and samples must be inside the tiles, and its slots inside the currents.
#[inline(always)]
unsafe fn multiply<L: Lanes, const ROWS: usize, const SAMPLES: usize>(
    task: &mut Tiles,
    row: usize,
    sample: usize,
    slots: Range<usize>,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let products = task.products.as_mut_ptr().add(row * task.n_samples + sample);
        let mut sums = [[L::splat(0.0); SAMPLES]; ROWS];
        if slots.start > 0 {
            for (r, sums) in sums.iter_mut().enumerate() {
                for (s, sum) in sums.iter_mut().enumerate() {
                    *sum = L::load(products.add(r * task.n_samples + s).cast());
                }
            }
        }
        let in_tile = (row / TILE_ROWS * task.n_here + slots.start) * TILE_ROWS + row % TILE_ROWS;
        let mut entries = task.entries.as_ptr().add(in_tile);
        let first = sample * task.n_slots + task.first_slot + slots.start;
        let mut currents = task.currents.as_ptr().add(first);
        for _ in slots {
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
        for (r, sums) in sums.iter().enumerate() {
            for (s, sum) in sums.iter().enumerate() {
                sum.store(products.add(r * task.n_samples + s).cast());
            }
        }
    }
}
