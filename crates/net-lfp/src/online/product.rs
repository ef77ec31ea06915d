//! Currents of eight cells side by side times their matrices.

use std::convert::Infallible;
use std::ops::Range;

use ndarray::{Array2, ArrayView2};
use net_kernel::simd::{F8, LANES};

use super::band::{BAND, Band, Currents, PANEL_SLOTS, SAMPLES, TILE};
use super::exact::ExactSums;
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

    /// Those of the first `width` lanes, so many further up.
    fn shifted(self, width: usize, by: usize) -> Self {
        Self((self.0 & u8::MAX >> (LANES - width)) << by)
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
/// Where half of the lanes or less have a cell, several rows of the matrices share a vector, which is
/// multiplied with currents that are repeated.
///
/// Whatever a row is a linear function of may stand for currents, such as potentials.
///
/// **Blocks.** The product is that of Goto and van de Geijn (2008, ACM Trans. Math. Softw. 34:12), each
/// of whose numbers is a vector here. Sums of 4 x 4 (vectors of entries x samples) are in registers; 8
/// vectors of 32 slots are in the first cache while all samples pass by; the currents of these slots and
/// the sums of 64 vectors, a *band*, are in the second one. Entries stand in memory in the order in
/// which they are used, and the next ones are fetched while some are used, so that matrices that no
/// cache holds are read at the memory's leisure, once for 64 samples.
///
/// Memory is 8 bytes an entry, rows times compartments of every cell: 0.1 MB for 64 contacts and 200
/// compartments. Dipoles that stand for all cells ([`DipoleSource::At`](crate::DipoleSource::At)) have
/// three rows, whatever the number of electrodes.
///
/// ```
/// use ndarray::array;
/// use net_kernel::simd::F8;
/// use net_lfp::{ExactSums, LaneMask, LaneMatrix, ProductBuffer, SumTarget};
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
/// let targets = &mut [SumTarget { lanes, sums: &mut sums }];
/// matrices.add_products(&currents, 3, 0, targets, &mut ProductBuffer::default())?;
/// assert_eq!(sums.to_f64(), [5.0, 0.0]);
/// # Ok::<(), net_lfp::LfpError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LaneMatrix {
    n_rows: usize,
    slots: Range<usize>,
    /// Lanes of one row; a power of two. The lanes after them have the next rows.
    width: usize,
    /// Bands of vectors; in a band panels of slots; in a panel tiles of vectors; in a tile slot after
    /// slot.
    entries: Vec<F8>,
}

/// Room for products, to be used again.
#[derive(Debug, Clone, Default)]
pub struct ProductBuffer(Vec<F8>);

impl LaneMatrix {
    /// Zero matrices of `n_rows` for `n_lanes` cells, in the first lanes, that occupy `slots` of the
    /// vectors of currents.
    ///
    /// # Panics
    /// If there are more cells than lanes.
    pub fn new(n_rows: usize, slots: Range<usize>, n_lanes: usize) -> Self {
        assert!(n_lanes <= LANES, "there are {LANES} lanes");
        let width = n_lanes.next_power_of_two();
        let n_vectors = (n_rows * width).div_ceil(LANES);
        let entries = vec![F8::ZERO; n_vectors * slots.len()];
        Self { n_rows, slots, width, entries }
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
            let (vector, first_lane) = self.vector(row);
            for (&value, &compartment) in values.iter().zip(compartments) {
                assert!((compartment as usize) < self.slots.len(), "compartment beyond the slots");
                let at = self.position(vector, compartment as usize);
                self.entries[at].0[first_lane + lane] = value;
            }
        }
    }

    /// The vector that has a row, and its first lane there.
    fn vector(&self, row: usize) -> (usize, usize) {
        (row * self.width / LANES, row * self.width % LANES)
    }

    fn n_vectors(&self) -> usize {
        (self.n_rows * self.width).div_ceil(LANES)
    }

    /// The vectors of a band.
    fn band(&self, first: usize) -> Range<usize> {
        first..(first + BAND).min(self.n_vectors())
    }

    /// Where the entries of a vector for a slot are.
    fn position(&self, vector: usize, slot: usize) -> usize {
        let n_slots = self.slots.len();
        let band = self.band(vector / BAND * BAND);
        let first_slot = slot / PANEL_SLOTS * PANEL_SLOTS;
        let n_in_panel = PANEL_SLOTS.min(n_slots - first_slot);
        let tile = band.start + (vector - band.start) / TILE * TILE;
        let n_in_tile = TILE.min(band.end - tile);
        let panel = band.start * n_slots + first_slot * band.len();
        let in_panel = (tile - band.start) * n_in_panel;
        panel + in_panel + (slot - first_slot) * n_in_tile + (vector - tile)
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
            let (vector, first_lane) = self.vector(row);
            let mut sums = [0.0; LANES];
            for slot in 0..self.slots.len() {
                let entries = &self.entries[self.position(vector, slot)].0[first_lane..];
                let entries = &entries[..self.width];
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
        buffer: &mut ProductBuffer,
    ) -> Result<()> {
        self.for_rows(currents, n_slots, buffer, |row, sample, first_lane, products| {
            for SumTarget { lanes, sums } in targets.iter_mut() {
                let lanes = lanes.shifted(self.width, first_lane);
                sums.add_lanes(row, first_sample + sample, products, lanes)?;
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
        let mut buffer = ProductBuffer::default();
        let copied =
            self.for_rows(currents, n_slots, &mut buffer, |row, sample, lane, products| {
                let to = &mut all[row * n_samples + sample..][..products.len()];
                for (to, from) in to.iter_mut().zip(products) {
                    to.0[..self.width].copy_from_slice(&from.0[lane..lane + self.width]);
                }
                Ok::<(), Infallible>(())
            });
        match copied {
            Ok(()) => all,
        }
    }

    /// Calls `visit` with every row and some samples at a time: row, first sample, first lane, and the
    /// products of the samples.
    fn for_rows<E>(
        &self,
        currents: &[F8],
        n_slots: usize,
        ProductBuffer(products): &mut ProductBuffer,
        mut visit: impl FnMut(usize, usize, usize, &[F8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        assert!(self.slots.end <= n_slots, "slots beyond the currents");
        assert_eq!(currents.len() % n_slots.max(1), 0, "whole samples of currents");
        products.resize(BAND * SAMPLES, F8::ZERO);
        let samples = currents.chunks((SAMPLES * n_slots).max(1));
        for (first_sample, vectors) in (0..).step_by(SAMPLES).zip(samples) {
            let currents = Currents { vectors, n_slots, n_samples: vectors.len() / n_slots };
            for first in (0..self.n_vectors()).step_by(BAND) {
                let band = self.band(first);
                let n_here = self.slots.len();
                let task = Band {
                    n_vectors: band.len(),
                    entries: &self.entries[band.start * n_here..band.end * n_here],
                    slots: self.slots.clone(),
                    currents,
                    products,
                };
                task.multiply(self.width);
                let rows = band.start * LANES / self.width..band.end * LANES / self.width;
                for row in rows.start..rows.end.min(self.n_rows) {
                    let (vector, first_lane) = self.vector(row);
                    let of_row = &products[(vector - band.start) * SAMPLES..];
                    visit(row, first_sample, first_lane, &of_row[..currents.n_samples])?;
                }
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
