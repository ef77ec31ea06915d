//! Weights that make potentials at electrodes of membrane currents.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use crate::error::{Error, Result};
use crate::h5;

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
