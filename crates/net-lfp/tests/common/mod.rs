//! Reference data, where it is present, and small geometries.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use hdf5::File;
use ndarray::{Array2, ArrayD, Axis};
use net_lfp::{Contacts, Geometry, Probe};

/// The folder of reference data; prints a note when it is absent.
pub(crate) fn reference(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("NET_SHARED").map_or(beside, PathBuf::from);
    let path = shared.join("reference/lfpy").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no reference data at {}", path.display());
    None
}

/// A dataset of numbers of any shape.
pub(crate) fn array(file: &File, name: &str) -> ArrayD<f64> {
    file.dataset(name).and_then(|d| d.read_dyn()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

pub(crate) fn matrix(file: &File, name: &str) -> Array2<f64> {
    array(file, name).into_dimensionality().unwrap()
}

/// The rows of a dataset n x 3.
pub(crate) fn points(file: &File, name: &str) -> Vec<[f64; 3]> {
    matrix(file, name).rows().into_iter().map(|row| [row[0], row[1], row[2]]).collect()
}

/// Points and diameters that own their memory.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) start: Vec<[f64; 3]>,
    pub(crate) end: Vec<[f64; 3]>,
    pub(crate) diam: Vec<f64>,
    pub(crate) end_diam: Option<Vec<f64>>,
}

impl Cell {
    /// A single segment.
    pub(crate) fn segment(start: [f64; 3], end: [f64; 3], diam: f64) -> Self {
        Self { start: vec![start], end: vec![end], diam: vec![diam], end_diam: None }
    }

    pub(crate) fn read(file: &File, name: &str) -> Self {
        let [x, y, z] =
            ["x", "y", "z"].map(|axis| matrix(file, &format!("geometry/{name}/{axis}")));
        let end = |at| (0..x.nrows()).map(|i| [x[[i, at]], y[[i, at]], z[[i, at]]]).collect();
        let diam = array(file, &format!("geometry/{name}/d"));
        let (diam, end_diam) = if diam.ndim() == 1 {
            (diam.iter().copied().collect(), None)
        } else {
            let column = |at| diam.index_axis(Axis(1), at).iter().copied().collect::<Vec<f64>>();
            (column(0), Some(column(1)))
        };
        Self { start: end(0), end: end(1), diam, end_diam }
    }

    pub(crate) fn moved(mut self, by: [f64; 3]) -> Self {
        for point in self.start.iter_mut().chain(&mut self.end) {
            for (coordinate, by) in point.iter_mut().zip(by) {
                *coordinate += by;
            }
        }
        self
    }

    pub(crate) fn geometry(&self) -> Geometry<'_> {
        match &self.end_diam {
            None => Geometry::new(&self.start, &self.end, &self.diam).unwrap(),
            Some(end) => Geometry::frusta(&self.start, &self.end, &self.diam, end).unwrap(),
        }
    }

    pub(crate) fn matrix(&self, probe: &dyn Probe) -> Array2<f64> {
        probe.matrix(&self.geometry()).unwrap()
    }
}

pub(crate) fn contacts(positions: &[[f64; 3]]) -> Contacts {
    Contacts::new(positions.to_vec()).unwrap()
}

/// Equal within `tolerance` of the largest absolute value.
#[track_caller]
pub(crate) fn assert_matrix(
    what: &str,
    found: &Array2<f64>,
    expected: &Array2<f64>,
    tolerance: f64,
) {
    assert_eq!(found.shape(), expected.shape(), "{what}: shape");
    let largest = expected.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    assert!(largest > 0.0, "{what}: nothing to compare with");
    let mut worst = 0.0_f64;
    for (index, (a, b)) in found.iter().zip(expected).enumerate() {
        let error = (a - b).abs() / largest;
        let columns = found.ncols();
        let at = (index / columns, index % columns);
        assert!(error <= tolerance, "{what}{at:?}: found {a:e}, expected {b:e}: {error:e} of max");
        worst = worst.max(error);
    }
    println!("{what}: {worst:.1e} of max");
}
