//! Rows of a matrix from which all its rows follow.
//!
//! Contacts that stand closer to each other than to the cells measure nearly the same: the rows of the
//! matrix of all cells then are linear combinations of far fewer of them, to nearly all digits of a double.
//! Such rows, the *skeleton*, and the factors of the combinations are the interpolative decomposition of
//! Cheng, Gimbutas, Martinsson and Rokhlin (2005, SIAM J. Sci. Comput. 26:1389). Only the skeleton's sums
//! need then be made while a network runs.
//!
//! It is found without the matrix of all cells being anywhere: from a [`MatrixSketch`], to which every
//! cell adds its own. Rows of the sketch depend on each other as those of the matrix do (Halko,
//! Martinsson and Tropp, 2011, SIAM Rev. 53:217).

mod pivots;
mod sketch;

use net_kernel::isa_kernel;
use net_kernel::simd::{F8, LANES, Lanes};

pub use sketch::MatrixSketch;

/// Vectors of samples that are interpolated at once, for eight rows.
const SIDE: usize = 3;

/// Some rows of a matrix, and how the others follow from them.
///
/// ```
/// use ndarray::Array2;
/// use net_lfp::MatrixSketch;
/// // 64 rows that are combinations of six.
/// let left = |i: usize, k: i32| (0.01 * i as f64).powi(k);
/// let right = |k: i32, j: usize| ((7 * j) as f64 * f64::from(k + 1)).sin();
/// let entry = |(i, j)| (0..6).map(|k| left(i, k) * right(k, j)).sum();
/// let matrix = Array2::from_shape_fn((64, 100), entry);
/// let sketch = MatrixSketch::new(64).expect("enough rows");
/// sketch.add(0, matrix.view());
/// let skeleton = sketch.skeleton(&sketch.integers(), 2).expect("few rows");
/// assert_eq!(skeleton.rows().len(), 6);
///
/// // Products of its rows give those of all.
/// let products: Vec<f64> = skeleton.rows().iter().map(|&row| matrix[[row, 3]]).collect();
/// let mut all = Vec::new();
/// skeleton.interpolate(&products, 1, &mut all);
/// assert!(all.iter().enumerate().all(|(row, x)| (x - matrix[[row, 3]]).abs() < 1e-9));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Skeleton {
    n_rows: usize,
    rows: Vec<usize>,
    others: Vec<usize>,
    /// For each eight of the others, a vector of their factors for each row of the skeleton.
    factors: Vec<F8>,
}

impl Skeleton {
    /// The rows of the skeleton.
    pub fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Bytes of the factors.
    pub fn memory_bytes(&self) -> usize {
        size_of_val(self.factors.as_slice())
    }

    /// Sets `all` to the products of all rows (rows x samples) that follow from those of the skeleton,
    /// in the order of [`rows`](Self::rows). Their bits do not depend on the number of samples or the CPU.
    ///
    /// # Panics
    /// If there are not `rows x samples` products.
    pub fn interpolate(&self, products: &[f64], n_samples: usize, all: &mut Vec<f64>) {
        let n_here = self.rows.len();
        assert_eq!(products.len(), n_here * n_samples, "one product a row and sample");
        all.clear();
        all.resize(self.n_rows * n_samples, 0.0);
        for (&row, products) in self.rows.iter().zip(products.chunks(n_samples.max(1))) {
            all[row * n_samples..][..n_samples].copy_from_slice(products);
        }
        let mut values = vec![[F8::ZERO; SIDE]; n_here];
        for first in (0..n_samples).step_by(SIDE * LANES) {
            let n = (n_samples - first).min(SIDE * LANES);
            for (to, products) in values.iter_mut().zip(products.chunks(n_samples)) {
                let lanes = to.iter_mut().flat_map(|vector| &mut vector.0);
                lanes.zip(&products[first..first + n]).for_each(|(to, product)| *to = *product);
            }
            let groups = self.factors.chunks(n_here.max(1));
            for (others, factors) in self.others.chunks(LANES).zip(groups) {
                let mut block = Block { factors, values: &values, sums: [[F8::ZERO; SIDE]; LANES] };
                // SAFETY: there are as many factors as values.
                unsafe { block_kernel()(&mut block) };
                for (&row, sums) in others.iter().zip(&block.sums) {
                    all[row * n_samples + first..][..n]
                        .copy_from_slice(&sums.map(|sum| sum.0).as_flattened()[..n]);
                }
            }
        }
    }
}

/// Eight rows and some samples.
struct Block<'a> {
    factors: &'a [F8],
    values: &'a [[F8; SIDE]],
    sums: [[F8; SIDE]; LANES],
}

isa_kernel!(fn block_kernel = multiply_block as unsafe fn(&mut Block), (block: &mut Block));

#[inline(always)]
unsafe fn multiply_block<L: Lanes>(block: &mut Block) {
    let mut sums = [[L::splat(0.0); SIDE]; LANES];
    for (factors, values) in block.factors.iter().zip(block.values) {
        // SAFETY: a vector has eight doubles.
        let values = values.each_ref().map(|value| unsafe { L::load(value.0.as_ptr()) });
        for (&factor, sums) in factors.0.iter().zip(&mut sums) {
            for (sum, &value) in sums.iter_mut().zip(&values) {
                *sum = value.mul_add(L::splat(factor), *sum);
            }
        }
    }
    block.sums = sums.map(|sums| sums.map(|sum| F8(sum.to_array())));
}
