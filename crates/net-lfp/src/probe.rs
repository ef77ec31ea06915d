//! What all probes have in common: segments in, a matrix out.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use crate::error::{LfpError, Result};
use crate::geometry::{Geometry, check_length};

/// What is known of a probe besides its class and unit, for those who write it down.
#[derive(Debug, Clone, PartialEq)]
pub enum Description {
    /// A word.
    Text(String),
    /// Numbers.
    Numbers(Vec<f64>),
    /// Points x, y, z.
    Points(Vec<[f64; 3]>),
    /// Lists of vectors x, y, z and their unit, as one array (lists, longest list, 3) that is NaN where
    /// a list is shorter.
    Lists(&'static str, Vec<Vec<[f64; 3]>>),
}

/// A linear measurement of transmembrane currents.
///
/// For currents `I` (nA, positive outwards, one a segment) of many cells, the signal is
/// `P * sum over cells (M I)`: `M` is what [`fill`](Self::fill) gives for a cell, and
/// [`projection`](Self::projection) is `P`, which most probes do not have. A dipole in a head has:
/// three numbers are summed over cells, and the electrodes come in once at the end.
///
/// The matrix depends on the cell's geometry alone, so that it is the same whoever computes it.
pub trait Probe: Send + Sync + std::fmt::Debug {
    /// Name of the kind of probe, as LFPykit names its class; it names the data in files.
    fn class(&self) -> &'static str;

    /// Unit of the signal when currents are in nA.
    fn unit(&self) -> &'static str;

    /// Rows of a cell's matrix: what is summed over cells.
    fn n_rows(&self) -> usize;

    /// Checks the parameters, before anything is simulated.
    ///
    /// # Errors
    /// The first parameter that is not allowed.
    fn validate(&self) -> Result<()>;

    /// Writes the matrix (rows x segments) of the cell; whatever stood in it is replaced. Returns
    /// for how many pairs of a point of measurement and a segment the distance was raised to the
    /// segment's radius (0 for probes that keep no distance).
    ///
    /// # Errors
    /// A parameter that is not allowed, or a cell where the probe's formula does not hold.
    ///
    /// # Panics
    /// If the matrix is not [`n_rows`](Self::n_rows) x [`Geometry::n_segments`].
    fn fill(&self, geometry: &Geometry, matrix: ArrayViewMut2<f64>) -> Result<usize>;

    /// The matrix (signals x rows) that turns the sums over cells into the signal, if there is one.
    fn projection(&self) -> Option<ArrayView2<'_, f64>> {
        None
    }

    /// The probe's parameters, each with a name that has its unit.
    fn describe(&self) -> Vec<(&'static str, Description)> {
        Vec::new()
    }

    /// Rows of the signal.
    fn n_signals(&self) -> usize {
        self.projection().map_or(self.n_rows(), |projection| projection.nrows())
    }

    /// The signal (signals x samples) from the sums over cells (rows x samples): the projection,
    /// in a fixed order of operations.
    ///
    /// # Panics
    /// If there are not `rows x samples` sums.
    fn signal(&self, sums: Vec<f64>, n_samples: usize) -> Vec<f64> {
        assert_eq!(sums.len(), self.n_rows() * n_samples, "one sum a row and sample");
        let Some(projection) = self.projection() else { return sums };
        let mut signal = vec![0.0; projection.nrows() * n_samples];
        for (factors, signal) in
            projection.rows().into_iter().zip(signal.chunks_mut(n_samples.max(1)))
        {
            for (factor, sums) in factors.iter().zip(sums.chunks(n_samples.max(1))) {
                signal.iter_mut().zip(sums).for_each(|(value, sum)| *value += factor * sum);
            }
        }
        signal
    }

    /// The whole matrix (signals x segments) of a cell, projection included.
    ///
    /// # Errors
    /// As for [`fill`](Self::fill).
    fn matrix(&self, geometry: &Geometry) -> Result<Array2<f64>> {
        let mut matrix = Array2::zeros((self.n_rows(), geometry.n_segments()));
        self.fill(geometry, matrix.view_mut())?;
        Ok(match self.projection() {
            None => matrix,
            Some(projection) => projection.dot(&matrix),
        })
    }
}

/// A matrix that the user brings, the same for every cell with as many segments.
///
/// ```
/// use ndarray::array;
/// use net_lfp::{Geometry, Probe, UserMatrix};
/// let probe = UserMatrix { matrix: array![[1.0, 2.0]], unit: "mV" };
/// let (start, end) = ([[0.0; 3], [0.0, 0.0, 5.0]], [[0.0, 0.0, 5.0], [0.0, 0.0, 9.0]]);
/// assert_eq!(probe.matrix(&Geometry::new(&start, &end, &[1.0; 2])?)?, array![[1.0, 2.0]]);
/// # Ok::<(), net_lfp::LfpError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct UserMatrix {
    /// Rows x segments.
    pub matrix: Array2<f64>,
    /// Unit of the signal for currents in nA.
    pub unit: &'static str,
}

impl Probe for UserMatrix {
    fn class(&self) -> &'static str {
        "LinearModel"
    }

    fn unit(&self) -> &'static str {
        self.unit
    }

    fn n_rows(&self) -> usize {
        self.matrix.nrows()
    }

    fn validate(&self) -> Result<()> {
        check_values(&self.matrix)
    }

    fn fill(&self, geometry: &Geometry, mut matrix: ArrayViewMut2<f64>) -> Result<usize> {
        self.validate()?;
        check_length("columns of the user's matrix", self.matrix.ncols(), geometry.n_segments())?;
        matrix.assign(&self.matrix);
        Ok(0)
    }
}

/// Matrices that the user brings cell by cell, as for networks whose cells differ.
///
/// ```
/// use std::collections::BTreeMap;
/// use net_lfp::ndarray::array;
/// use net_lfp::{Geometry, Probe, UserMatrices};
/// let probe = UserMatrices {
///     matrices: BTreeMap::from([(0, array![[1.0, 2.0]]), (7, array![[3.0]])]),
///     unit: "mV",
///     others_measure_nothing: false,
/// };
/// let geometry = Geometry::new(&[[0.0; 3]], &[[0.0, 0.0, 5.0]], &[1.0])?.with_cell(7);
/// assert_eq!(probe.matrix(&geometry)?, array![[3.0]]);
/// # Ok::<(), net_lfp::LfpError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct UserMatrices {
    /// For each cell, by its gid, rows x segments. All have the same number of rows.
    pub matrices: BTreeMap<u64, Array2<f64>>,
    /// Unit of the signal for currents in nA.
    pub unit: &'static str,
    /// Whether cells without a matrix contribute nothing, instead of being an error.
    pub others_measure_nothing: bool,
}

impl Probe for UserMatrices {
    fn class(&self) -> &'static str {
        "LinearModel"
    }

    fn unit(&self) -> &'static str {
        self.unit
    }

    fn n_rows(&self) -> usize {
        self.matrices.values().next().map_or(0, Array2::nrows)
    }

    fn validate(&self) -> Result<()> {
        if self.matrices.is_empty() {
            return Err(LfpError::NoMatrices);
        }
        self.matrices.iter().try_for_each(|(&gid, matrix)| self.check(gid, matrix))
    }

    fn fill(&self, geometry: &Geometry, mut matrix: ArrayViewMut2<f64>) -> Result<usize> {
        let gid = geometry.cell().ok_or(LfpError::NoCell)?;
        match self.matrices.get(&gid) {
            Some(own) => {
                self.check(gid, own)?;
                check_length("columns of the user's matrix", own.ncols(), geometry.n_segments())?;
                matrix.assign(own);
            }
            None if self.others_measure_nothing => matrix.fill(0.0),
            None => return Err(LfpError::NoMatrixOfCell { gid }),
        }
        Ok(0)
    }
}

impl UserMatrices {
    fn check(&self, gid: u64, matrix: &Array2<f64>) -> Result<()> {
        check_length("rows of the user's matrix", matrix.nrows(), self.n_rows())
            .and_then(|()| check_values(matrix))
            .map_err(|source| LfpError::MatrixOfCell { gid, source: Box::new(source) })
    }
}

/// Refuses NaN and infinite entries.
fn check_values(matrix: &Array2<f64>) -> Result<()> {
    match matrix.indexed_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some(((row, segment), &found)) => Err(LfpError::MatrixValue { row, segment, found }),
    }
}
