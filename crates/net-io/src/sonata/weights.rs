//! Weights that make potentials at electrodes of membrane currents.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use ndarray::ArrayView2;

use crate::error::{Error, Result};
use crate::h5::{self, NewFile};
use crate::provenance::{self, Provenance};

/// What the currents of the compartments of a population's nodes are multiplied by, for every
/// electrode.
#[derive(Debug, Clone, PartialEq)]
pub struct ElectrodeWeights {
    /// Compartments of each node.
    compartments: HashMap<u64, Range<usize>>,
    /// Number of electrodes.
    pub n_electrodes: usize,
    /// In mV/nA: of each compartment one number an electrode, side by side.
    factors: Vec<f64>,
}

impl ElectrodeWeights {
    /// Reads `/<population>/{node_ids, offsets}` and `/electrodes/<population>/scaling_factors`;
    /// `None` if the file has nothing of the population.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::NotHdf5`]; [`Error::MissingObject`] or [`Error::WrongType`] for what
    /// are no weights; errors of reading.
    pub fn read(path: &Path, population: &str) -> Result<Option<Self>> {
        let file = h5::open(path)?;
        if !h5::link_exists(&file, population) {
            return Ok(None);
        }
        let nodes = h5::group(path, &file, population, "the nodes of a population")?;
        let node_ids: Vec<i64> = h5::numbers(path, &nodes, "node_ids")?;
        let offsets: Vec<i64> = h5::numbers(path, &nodes, "offsets")?;
        let electrodes = h5::group(path, &file, "electrodes", "the electrodes")?;
        let own = h5::group(path, &electrodes, population, "the weights of a population")?;
        let name = "scaling_factors";
        let dataset = h5::dataset(path, &own, name, "weights, compartments by electrodes")?;
        h5::check_numbers::<f64>(path, &dataset, 2)?;
        let [n_compartments, n_electrodes] = [dataset.shape()[0], dataset.shape()[1]];
        let factors = dataset.read_raw();
        let factors = factors.map_err(|e| Error::hdf5(path, dataset.name(), "read", e))?;
        let fits = offsets.len() == node_ids.len() + 1
            && offsets.is_sorted()
            && offsets.first() == Some(&0)
            && offsets.last() == Some(&(n_compartments as i64));
        if !fits {
            return Err(Error::WrongType {
                path: path.to_owned(),
                object: h5::child_name(&nodes, "offsets"),
                found: format!("{} numbers for {} nodes", offsets.len(), node_ids.len()),
                expected: format!("compartments that ascend from 0 to {n_compartments}"),
            });
        }
        let range = |ends: &[i64]| ends[0] as usize..ends[1] as usize;
        let nodes = node_ids.iter().map(|&id| id as u64).zip(offsets.windows(2).map(range));
        Ok(Some(ElectrodeWeights { compartments: nodes.collect(), n_electrodes, factors }))
    }

    /// The weights of a node in mV/nA: of each of its compartments one number an electrode.
    pub fn of(&self, node: u64) -> Option<&[f64]> {
        let Range { start, end } = self.compartments.get(&node)?;
        self.factors.get(start * self.n_electrodes..end * self.n_electrodes)
    }
}

/// A file of weights that is written node by node, for [`ElectrodeWeights::read`] and CoreNEURON.
///
/// ```
/// use net_io::provenance::Provenance;
/// use net_io::sonata::{ElectrodeWeights, WeightsWriter};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("weights.h5");
/// // Nodes 3 and 5 have two compartments and one; there is one electrode.
/// let cells = ("cells".to_owned(), vec![3, 5], vec![0, 2, 3]);
/// let provenance = Provenance::new("example", 1, 0.1);
/// let file = WeightsWriter::create(&path, &[cells], &[[0.0, 0.0, 50.0]], &provenance)?;
/// file.write(0, 0, &[0.1, 0.2])?;
/// file.write(0, 2, &[0.3])?;
/// file.seal()?;
/// let weights = ElectrodeWeights::read(&path, "cells")?.unwrap();
/// assert_eq!(weights.of(5), Some(&[0.3][..]));
/// # Ok::<(), net_io::Error>(())
/// ```
pub struct WeightsWriter {
    file: NewFile,
    /// Weights of each population.
    factors: Vec<hdf5::Dataset>,
    n_electrodes: usize,
}

impl WeightsWriter {
    /// Starts the file: of each population its name, its nodes, and the first compartment of each with
    /// their number at the end; the positions of the electrodes in um.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(
        path: &Path,
        populations: &[(String, Vec<u64>, Vec<u64>)],
        positions_um: &[[f64; 3]],
        provenance: &Provenance,
    ) -> Result<Self> {
        let file = NewFile::create(path)?;
        let (root, n_electrodes) = (file.root()?, positions_um.len());
        provenance::stamp_with(&file, provenance)?;
        let electrodes = file.group(&root, "electrodes")?;
        let mut factors = Vec::new();
        for (name, node_ids, offsets) in populations {
            let nodes = file.group(&root, name)?;
            file.dataset(&nodes, "node_ids", node_ids)?;
            file.dataset(&nodes, "offsets", offsets)?;
            let own = file.group(&electrodes, name)?;
            let n_compartments = offsets.last().map_or(0, |&n| n as usize);
            let dataset = own
                .new_dataset::<f64>()
                .obj_track_times(false)
                .shape((n_compartments, n_electrodes))
                .create("scaling_factors")
                .map_err(|e| file.error("scaling_factors", "create", e))?;
            file.text(&dataset, "units", "mV/nA")?;
            factors.push(dataset);
        }
        for (number, position_um) in positions_um.iter().enumerate() {
            let own = file.group(&electrodes, &format!("electrode_{number}"))?;
            let position = file.dataset(&own, "position", position_um)?;
            file.text(&position, "units", "um")?;
        }
        Ok(WeightsWriter { file, factors, n_electrodes })
    }

    /// Writes weights in mV/nA of compartments from `first` on of a population, by its index: of each one
    /// number an electrode.
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`] for a population that is not there; errors of writing.
    pub fn write(&self, population: usize, first: usize, factors: &[f64]) -> Result<()> {
        let len = self.factors.len();
        let missing =
            || Error::NoSuchIndex { what: "population".to_owned(), index: population, len };
        let dataset = self.factors.get(population).ok_or_else(missing)?;
        let shape = (factors.len() / self.n_electrodes.max(1), self.n_electrodes);
        ArrayView2::from_shape(shape, factors)
            .map_err(Into::into)
            .and_then(|view| dataset.write_slice(view, (first..first + shape.0, ..)))
            .map_err(|e| self.file.error("scaling_factors", "write", e))
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// Errors of writing.
    pub fn seal(self) -> Result<()> {
        // HDF5 keeps a file open as long as one of its datasets is.
        drop(self.factors);
        self.file.seal()
    }
}
