//! Currents of eight cells side by side times their matrices.

use std::convert::Infallible;
use std::ops::Range;

use ndarray::{Array2, ArrayView2};
use net_kernel::simd::{F8, LANES};

use super::band::{Band, Currents, PANEL_SLOTS, PRODUCTS, SAMPLES, TILE};
use super::exact::{Contribution, ExactSums};
use crate::error::Result;

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

    /// Of vectors that have `width` rows of one cell and then those of the next: the lanes of the cells
    /// among these, in the vector that begins with cell `first`.
    fn of_rows(self, first: usize, width: usize) -> Self {
        let of_cell = |cell: usize| match self.contains(first + cell) {
            true => (u8::MAX >> (LANES - width)) << (cell * width),
            false => 0,
        };
        Self((0..LANES / width).fold(0, |lanes, cell| lanes | of_cell(cell)))
    }

    /// 1 for lanes that are among them, else 0.
    pub(crate) fn as_numbers(self) -> &'static F8 {
        &NUMBERS[usize::from(self.0)]
    }
}

/// For each mask 1 in its lanes, else 0.
static NUMBERS: [F8; 1 << LANES] = {
    let mut numbers = [F8::ZERO; 1 << LANES];
    let mut at = 0;
    while at < numbers.len() * LANES {
        if ((at / LANES) >> (at % LANES)) & 1 == 1 {
            numbers[at / LANES].0[at % LANES] = 1.0;
        }
        at += 1;
    }
    numbers
};

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

/// Samples that are multiplied while matrices are read once: whoever collects some should collect
/// these, or a part of them.
pub const SAMPLES_AT_ONCE: usize = SAMPLES;

/// The matrices of up to eight cells side by side, whose currents are interleaved.
///
/// One compartment of all eight cells is one vector of currents, a *slot*. A vector of entries has eight
/// rows of one cell's matrix, and is multiplied with this cell's current. So no lane is idle where cells
/// are of different size. A matrix of four rows or fewer is padded to a power of two, and two or more
/// cells share a vector.
///
/// A cell's product is summed slot after slot, one fused multiply-add each, starting from zero: its bits
/// depend on its own matrix, currents and order of compartments alone, not on the cells beside it, the
/// number of samples or the CPU.
///
/// Whatever a row is a linear function of may stand for currents, such as potentials.
///
/// **Blocks.** The product is that of Goto and van de Geijn (2008, ACM Trans. Math. Softw. 34:12). Sums of
/// 8 x 3 (vectors of entries x samples) are in registers; 8 vectors of 32 slots of a cell, a *tile*, are
/// in the first cache while all samples pass by; the currents of these slots and the sums of the same 64
/// rows of all eight cells, a *band*, are in the second one. Entries stand in memory in the order in which
/// they are used, and the next ones are fetched while some are used, so that matrices that no cache holds
/// are read at the memory's leisure, once for [`SAMPLES_AT_ONCE`] samples.
///
/// Memory is 8 bytes an entry, rows times compartments of every cell: 0.1 MB for 64 contacts and 200
/// compartments. Rows are padded, in memory and arithmetic: three to four, more than four to a multiple of
/// eight. Dipoles that stand for all cells ([`DipoleSource::At`](crate::DipoleSource::At)) have
/// three rows, whatever the number of electrodes.
///
/// ```
/// use ndarray::array;
/// use net_kernel::simd::F8;
/// use net_lfp::{ExactSums, LaneMask, LaneMatrix, ProductBuffer, SumTarget};
///
/// // Two cells of three compartments, two contacts; compartments stand in another order than segments.
/// let mut matrices = LaneMatrix::new(2, 0..3, &[3, 3]);
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
/// let targets = &mut [SumTarget { lanes, sums: &mut sums }];
/// matrices.add_products(&currents, 3, 0, targets, &mut ProductBuffer::default())?;
/// assert_eq!(sums.to_f64(), [5.0, 0.0]);
/// # Ok::<(), net_lfp::LfpError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LaneMatrix {
    n_rows: usize,
    /// The first slot of all cells.
    first_slot: usize,
    n_slots: usize,
    n_cells: usize,
    /// For each cell, or cells that share vectors, the number of compartments, or the larger one.
    sizes: Vec<usize>,
    /// Bands of rows; in a band panels of slots; in a panel tile after tile; in a tile slot after slot.
    entries: Vec<F8>,
}

/// How many lanes of a vector have rows of one cell, where a matrix has so many rows: a power of two.
pub(super) fn width_of(n_rows: usize) -> usize {
    n_rows.next_power_of_two().min(LANES)
}

/// Room for products, to be used again.
#[derive(Debug, Clone, Default)]
pub struct ProductBuffer(Vec<F8>);

/// Some samples of a band's products.
struct Products<'a> {
    /// Vectors of rows of each tile.
    vectors: Range<usize>,
    first_sample: usize,
    n_samples: usize,
    products: &'a [F8],
}

impl Products<'_> {
    /// Those of a tile and a vector of rows, sample after sample.
    fn of(&self, tile: usize, vector: usize) -> &[F8] {
        let nth = tile * self.vectors.len() + vector - self.vectors.start;
        &self.products[nth * SAMPLES..][..self.n_samples]
    }
}

impl LaneMatrix {
    /// Zero matrices of `n_rows` for cells in the first lanes that occupy `slots` of the vectors of
    /// currents; `sizes` has the number of compartments of each cell.
    ///
    /// # Panics
    /// If there are more cells than lanes, or more compartments than slots.
    pub fn new(n_rows: usize, slots: Range<usize>, sizes: &[usize]) -> Self {
        assert!(sizes.len() <= LANES, "there are {LANES} lanes");
        assert!(sizes.iter().all(|&size| size <= slots.len()), "compartments beyond the slots");
        let of_tile = sizes.chunks(LANES / width_of(n_rows));
        let of_tile = of_tile.map(|sizes| sizes.iter().max().copied().unwrap_or(0));
        let mut matrix = Self {
            n_rows,
            first_slot: slots.start,
            n_slots: slots.len(),
            n_cells: sizes.len(),
            sizes: of_tile.collect(),
            entries: Vec::new(),
        };
        matrix.entries = vec![F8::ZERO; matrix.n_vectors() * matrix.n_slots_of_tiles()];
        matrix
    }

    /// Sets the matrix (rows x segments) of the cell in `lane`; segment `s` is compartment
    /// `compartments[s]`, counted from the first slot.
    ///
    /// # Panics
    /// If the lane, the matrix, the compartments and the size of the cell do not fit each other.
    pub fn set_cell(&mut self, lane: usize, matrix: ArrayView2<f64>, compartments: &[u32]) {
        assert!(lane < self.n_cells, "lane of the cell");
        assert_eq!(matrix.nrows(), self.n_rows, "rows of the matrix");
        assert_eq!(matrix.ncols(), compartments.len(), "columns of the matrix");
        let (tile, first_lane) = self.place_of(lane);
        for (values, &compartment) in matrix.columns().into_iter().zip(compartments) {
            let slot = compartment as usize;
            assert!(slot < self.sizes[tile], "compartment beyond the size of the cell");
            for band in self.bands() {
                let at = self.position(&band, tile, slot);
                let rows = band.start * LANES..(band.end * LANES).min(self.n_rows);
                for (nth, row) in rows.enumerate() {
                    self.entries[at + nth / LANES].0[first_lane + nth % LANES] = values[row];
                }
            }
        }
    }

    fn width(&self) -> usize {
        width_of(self.n_rows)
    }

    /// The tile of the cell in a lane, and the lane of its first row there.
    fn place_of(&self, lane: usize) -> (usize, usize) {
        (lane * self.width() / LANES, lane * self.width() % LANES)
    }

    /// Vectors of rows of each tile.
    fn n_vectors(&self) -> usize {
        self.n_rows.div_ceil(LANES)
    }

    fn n_slots_of_tiles(&self) -> usize {
        self.sizes.iter().sum()
    }

    /// The vectors of rows of each band.
    fn bands(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let n_vectors = self.n_vectors();
        (0..n_vectors).step_by(TILE).map(move |first| first..(first + TILE).min(n_vectors))
    }

    /// Where the first vector of entries of a band is that a tile has for a slot.
    fn position(&self, band: &Range<usize>, tile: usize, slot: usize) -> usize {
        band.start * self.n_slots_of_tiles() + self.n_before(tile, slot) * band.len()
    }

    /// Slots of tiles that a band has before the slot of this one.
    fn n_before(&self, tile: usize, slot: usize) -> usize {
        let first_slot = slot / PANEL_SLOTS * PANEL_SLOTS;
        let slots_before = self.sizes.iter().map(|size| size.min(&first_slot)).sum::<usize>();
        let in_panel = |size: &usize| size.saturating_sub(first_slot).min(PANEL_SLOTS);
        let in_tiles_before = self.sizes[..tile].iter().map(in_panel).sum::<usize>();
        slots_before + in_tiles_before + (slot - first_slot)
    }

    /// The matrices of some of the rows, in this order.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        assert!(rows.iter().all(|&row| row < self.n_rows), "rows of the matrix");
        let sizes: Vec<usize> =
            (0..self.n_cells).map(|lane| self.sizes[self.place_of(lane).0]).collect();
        let slots = self.first_slot..self.first_slot + self.n_slots;
        let mut selected = Self::new(rows.len(), slots, &sizes);
        let (from, to): (Vec<_>, Vec<_>) = (self.bands().collect(), selected.bands().collect());
        for (lane, &size) in sizes.iter().enumerate() {
            let ((tile, first), (tile_to, first_to)) =
                (self.place_of(lane), selected.place_of(lane));
            for slot in 0..size {
                let (n_before, n_before_to) =
                    (self.n_before(tile, slot), selected.n_before(tile_to, slot));
                for (nth, &row) in rows.iter().enumerate() {
                    let (vector, band) = (row / LANES, &from[row / LANES / TILE]);
                    let at = band.start * self.n_slots_of_tiles() + n_before * band.len();
                    let entry = self.entries[at + vector - band.start].0[first + row % LANES];
                    let (vector, band) = (nth / LANES, &to[nth / LANES / TILE]);
                    let at = band.start * selected.n_slots_of_tiles() + n_before_to * band.len();
                    selected.entries[at + vector - band.start].0[first_to + nth % LANES] = entry;
                }
            }
        }
        selected
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
        for band in self.bands() {
            for (tile, &size) in self.sizes.iter().enumerate() {
                let mut sums = [[0.0; LANES]; TILE];
                for slot in 0..size {
                    let entries = &self.entries[self.position(&band, tile, slot)..][..band.len()];
                    for (sum, entry) in
                        sums.as_flattened_mut().iter_mut().zip(entries.iter().flat_map(|e| e.0))
                    {
                        *sum += entry.abs();
                    }
                }
                let bounds = &mut bounds[band.start * LANES..];
                // Lanes after the rows of a cell have those of the next one.
                for cell in sums.as_flattened().chunks(self.n_rows.next_power_of_two().max(1)) {
                    bounds.iter_mut().zip(cell).for_each(|(bound, sum)| *bound = bound.max(*sum));
                }
            }
        }
    }

    /// Multiplies the currents of some samples and adds each cell's contribution to the targets, at
    /// `first_sample` and after.
    ///
    /// `currents` has `n_slots` vectors a sample, one sample after the other. Lanes without a cell,
    /// and slots beyond a cell's compartments, may hold any finite numbers.
    ///
    /// # Errors
    /// A contribution that is not finite or too large; see [`ExactSums::add_vectors`].
    ///
    /// # Panics
    /// If currents, slots and targets do not fit each other.
    pub fn add_products(
        &self,
        currents: &[F8],
        n_slots: usize,
        first_sample: usize,
        targets: &mut [SumTarget],
        buffer: &mut ProductBuffer,
    ) -> Result<()> {
        let cells_of_tile = LANES / self.width();
        self.for_bands(currents, n_slots, buffer, |band| {
            for SumTarget { lanes, sums } in targets.iter_mut() {
                let lanes: [LaneMask; LANES] =
                    std::array::from_fn(|tile| lanes.of_rows(tile * cells_of_tile, self.width()));
                for vector in band.vectors.clone() {
                    let mut contributions = [Contribution::default(); LANES];
                    let mut n = 0;
                    for tile in (0..self.sizes.len()).filter(|&tile| !lanes[tile].is_empty()) {
                        let products = band.of(tile, vector);
                        contributions[n] = Contribution { products, lanes: lanes[tile] };
                        n += 1;
                    }
                    let first = first_sample + band.first_sample;
                    sums.add_vectors(vector, first, &contributions[..n])?;
                }
            }
            Ok(())
        })
    }

    /// The products (rows x samples, a vector each with a lane a cell) themselves; zero in lanes without
    /// a cell.
    ///
    /// # Panics
    /// If currents and slots do not fit each other.
    pub fn products(&self, currents: &[F8], n_slots: usize) -> Vec<F8> {
        let n_samples = currents.len() / n_slots.max(1);
        let mut all = vec![F8::ZERO; self.n_rows * n_samples];
        let copied = self.for_bands(currents, n_slots, &mut ProductBuffer::default(), |band| {
            for row in band.vectors.start * LANES..(band.vectors.end * LANES).min(self.n_rows) {
                for lane in 0..self.n_cells {
                    let (tile, first_lane) = self.place_of(lane);
                    let to = &mut all[row * n_samples + band.first_sample..];
                    for (to, from) in to.iter_mut().zip(band.of(tile, row / LANES)) {
                        to.0[lane] = from.0[first_lane + row % LANES];
                    }
                }
            }
            Ok::<(), Infallible>(())
        });
        match copied {
            Ok(()) => all,
        }
    }

    /// Calls `visit` with the products of every band and some samples at a time.
    fn for_bands<E>(
        &self,
        currents: &[F8],
        n_slots: usize,
        ProductBuffer(products): &mut ProductBuffer,
        mut visit: impl FnMut(&Products) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        assert!(self.first_slot + self.n_slots <= n_slots, "slots beyond the currents");
        assert_eq!(currents.len() % n_slots.max(1), 0, "whole samples of currents");
        products.resize(PRODUCTS, F8::ZERO);
        let n_here = self.n_slots_of_tiles();
        let samples = currents.chunks((SAMPLES * n_slots).max(1));
        for (first_sample, vectors) in (0..).step_by(SAMPLES).zip(samples) {
            let n_samples = vectors.len() / n_slots;
            let currents = Currents { vectors, n_slots, n_samples };
            for vectors in self.bands() {
                let task = Band {
                    n_vectors: vectors.len(),
                    width: self.width(),
                    sizes: &self.sizes,
                    entries: &self.entries[vectors.start * n_here..vectors.end * n_here],
                    first_slot: self.first_slot,
                    currents,
                    products,
                };
                task.multiply();
                visit(&Products { vectors, first_sample, n_samples, products })?;
            }
        }
        Ok(())
    }
}

/// The matrix of potentials that gives the same as a matrix of membrane currents, where these are what
/// flows in along the cable: segment s gets the sum of g (v' - v_s) over its neighbors.
///
/// `matrix` is rows x segments; `couplings` are pairs of segments and the conductance g between them. A
/// conductance g between a and b takes g (m_a - m_b) from column a and adds it to column b: the product
/// with potentials then is what that with the currents was, without their differences being taken in
/// every step. It is as accurate, too: entries of neighbors are alike, so that their differences mostly
/// have no error, and potentials enter in one or the other way with their rounding.
///
/// ```
/// use ndarray::array;
/// // Two segments, 0.5 uS between them, at 1 and 3 mV: 1 nA flows out of the first one's membrane.
/// let matrix = array![[10.0, 4.0]];
/// let of_potentials = net_lfp::matrix_of_potentials(matrix.view(), &[(0, 1, 0.5)]);
/// assert_eq!(of_potentials.dot(&array![1.0, 3.0]), matrix.dot(&array![1.0, -1.0]));
/// ```
///
/// # Panics
/// If a segment is not one of the matrix.
pub fn matrix_of_potentials(
    matrix: ArrayView2<f64>,
    couplings: &[(usize, usize, f64)],
) -> Array2<f64> {
    let mut of_potentials = Array2::zeros(matrix.dim());
    for (entries, mut to) in matrix.rows().into_iter().zip(of_potentials.rows_mut()) {
        for &(a, b, conductance) in couplings {
            let flow = conductance * (entries[a] - entries[b]);
            to[a] -= flow;
            to[b] += flow;
        }
    }
    of_potentials
}
