//! One node population of a file.

use std::path::{Path, PathBuf};

use super::attributes::AttributeTable;
use super::populations;
use crate::error::Result;
use crate::h5;

/// A population under `/nodes`. Node ids are row numbers, from 0.
#[derive(Debug, Clone)]
pub struct NodeReader {
    path: PathBuf,
    name: String,
    attributes: AttributeTable,
}

impl NodeReader {
    /// Names of the populations of a file.
    ///
    /// # Errors
    /// [`Io`](crate::Error::Io), [`NotHdf5`](crate::Error::NotHdf5),
    /// [`MissingObject`](crate::Error::MissingObject) without `/nodes`.
    pub fn populations(path: &Path) -> Result<Vec<String>> {
        populations(path, "nodes")
    }

    /// Opens a population.
    ///
    /// # Errors
    /// [`MissingObject`](crate::Error::MissingObject), and
    /// [`WrongType`](crate::Error::WrongType) where lengths disagree.
    pub fn open(path: &Path, name: &str) -> Result<Self> {
        let file = h5::open(path)?;
        let nodes = h5::group(path, &file, "nodes", "a group with one group a population")?;
        let group = h5::group(path, &nodes, name, "a population of nodes")?;
        let attributes = AttributeTable::open(path, &group, "node")?;
        Ok(Self { path: path.to_owned(), name: name.to_owned(), attributes })
    }

    /// Number of nodes.
    pub fn len(&self) -> u64 {
        self.attributes.len()
    }

    /// Whether the population has no nodes.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The population's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rows' types and attributes.
    pub fn attributes(&self) -> &AttributeTable {
        &self.attributes
    }
}
