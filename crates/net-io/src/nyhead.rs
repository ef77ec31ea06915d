//! The New York head: the file `sa_nyhead.mat` (MATLAB 7.3, which is HDF5; 710 MB), read piece by
//! piece.
//!
//! Group `/sa` has `locs_3D` (electrodes in mm) and `cortex75K` with `vc` (vertices in mm), `normals`
//! and `V_fem`, the lead field of three directions at every vertex for every electrode. The lead
//! field of one vertex is some kilobytes; only that is read.

use std::path::{Path, PathBuf};

use hdf5::{Dataset, Group};
use ndarray::{Array2, s};

use crate::error::{Error, Result};
use crate::h5;

const VERTICES: &str = "sa/cortex75K/vc";
const NORMALS: &str = "sa/cortex75K/normals";
const LEAD_FIELD: &str = "sa/cortex75K/V_fem";
const ELECTRODES: &str = "sa/locs_3D";

/// An open file of the New York head.
#[derive(Debug)]
pub struct NewYorkHeadFile {
    path: PathBuf,
    root: Group,
    n_vertices: usize,
    n_electrodes: usize,
}

impl NewYorkHeadFile {
    /// Opens the file and checks its layout.
    ///
    /// # Errors
    /// A file that cannot be read, a dataset that is missing, or one of another kind or shape.
    pub fn open(path: &Path) -> Result<Self> {
        let file = h5::open(path)?;
        let root = file.group("/").map_err(|e| Error::hdf5(path, "/", "open group", e))?;
        let mut head = Self { path: path.to_owned(), root, n_vertices: 0, n_electrodes: 0 };
        let lead_field = head.numbers(LEAD_FIELD, 3)?;
        let shape = lead_field.shape();
        (head.n_vertices, head.n_electrodes) = (shape[1], shape[2]);
        head.check(&lead_field, shape[0] == 3, "3 x vertices x electrodes")?;
        for name in [VERTICES, NORMALS] {
            let dataset = head.numbers(name, 2)?;
            let fits = dataset.shape() == [3, head.n_vertices];
            head.check(&dataset, fits, &format!("3 x {}", head.n_vertices))?;
        }
        let electrodes = head.numbers(ELECTRODES, 2)?;
        let shape = electrodes.shape();
        let fits = shape[0] >= 3 && shape[1] == head.n_electrodes;
        head.check(&electrodes, fits, &format!("3 or more x {}", head.n_electrodes))?;
        Ok(head)
    }

    /// Number of electrodes.
    pub fn n_electrodes(&self) -> usize {
        self.n_electrodes
    }

    /// Vertices of the cortex, x, y, z in mm.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn vertices_mm(&self) -> Result<Vec<[f64; 3]>> {
        self.columns(VERTICES)
    }

    /// Unit normals of the cortex, one a vertex.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn normals(&self) -> Result<Vec<[f64; 3]>> {
        self.columns(NORMALS)
    }

    /// Electrodes, x, y, z in mm.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn electrodes_mm(&self) -> Result<Vec<[f64; 3]>> {
        self.columns(ELECTRODES)
    }

    /// `V_fem` at one vertex, in uV per nA m: directions x, y, z by electrodes.
    ///
    /// # Errors
    /// A vertex that is not there, or a file that cannot be read.
    pub fn lead_field(&self, vertex: usize) -> Result<Array2<f64>> {
        if vertex >= self.n_vertices {
            return Err(Error::WrongType {
                path: self.path.clone(),
                object: LEAD_FIELD.to_owned(),
                found: format!("{} vertices", self.n_vertices),
                expected: format!("vertex {vertex}"),
            });
        }
        let dataset = self.numbers(LEAD_FIELD, 3)?;
        dataset
            .read_slice(s![.., vertex, ..])
            .map_err(|e| Error::hdf5(&self.path, LEAD_FIELD, "read", e))
    }

    /// A dataset of numbers with `ndim` dimensions.
    fn numbers(&self, name: &str, ndim: usize) -> Result<Dataset> {
        let dataset = h5::dataset(&self.path, &self.root, name, "floating-point numbers")?;
        h5::check_numbers::<f64>(&self.path, &dataset, ndim)?;
        Ok(dataset)
    }

    fn check(&self, dataset: &Dataset, fits: bool, expected: &str) -> Result<()> {
        if fits {
            return Ok(());
        }
        Err(Error::WrongType {
            path: self.path.clone(),
            object: dataset.name(),
            found: format!("shape {:?}", dataset.shape()),
            expected: expected.to_owned(),
        })
    }

    /// The first three rows of a dataset, column by column.
    fn columns(&self, name: &str) -> Result<Vec<[f64; 3]>> {
        let dataset = self.numbers(name, 2)?;
        let rows: Array2<f64> = dataset
            .read_slice(s![..3, ..])
            .map_err(|e| Error::hdf5(&self.path, name, "read", e))?;
        Ok(rows.columns().into_iter().map(|c| [c[0], c[1], c[2]]).collect())
    }
}
