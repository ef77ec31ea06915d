//! What can be wrong with a cell model.

use std::path::PathBuf;

use net_cell::CellError;
use net_cell::morphology::MorphologyError;

/// Why a cell cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CellModelError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something in the file is not as it must be.
    #[error("{}: {at}: found {found}, expected {expected}", path.display())]
    Found {
        /// The file.
        path: PathBuf,
        /// Line or key.
        at: String,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// The morphology cannot be used.
    #[error(transparent)]
    Morphology(#[from] MorphologyError),
    /// A morphology in HDF5 cannot be read.
    #[error(transparent)]
    Hdf5(Box<net_io::Error>),
    /// The cell does not fit together.
    #[error("{}: {at}: {source}", path.display())]
    Cell {
        /// The file of the cell model.
        path: PathBuf,
        /// Line, key, or what was made.
        at: String,
        /// What is wrong.
        source: Box<CellError>,
    },
}

impl From<net_io::Error> for CellModelError {
    fn from(error: net_io::Error) -> Self {
        CellModelError::Hdf5(Box::new(error))
    }
}

pub(super) type Result<T> = std::result::Result<T, CellModelError>;
