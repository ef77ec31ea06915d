//! Datasets that grow by whole blocks.

use hdf5::{Dataset, Group, H5Type};

use crate::error::Result;
use crate::h5::NewFile;

/// Rows of a chunk in the file, and rows written at once.
///
/// Blocks are cut by the number of rows alone, so that the same rows give the same bytes whatever
/// they were read from.
const BLOCK_ROWS: usize = 1 << 14;

/// A one-dimensional dataset of unknown length, written in blocks.
pub(crate) struct Appender<T: H5Type> {
    dataset: Dataset,
    name: String,
    buffer: Vec<T>,
    written: usize,
}

impl<T: H5Type + Clone> Appender<T> {
    /// Makes the dataset, empty.
    pub(crate) fn create(file: &NewFile, parent: &Group, name: &str) -> Result<Self> {
        let dataset = parent
            .new_dataset::<T>()
            .obj_track_times(false)
            .chunk((BLOCK_ROWS,))
            .shape((0..,))
            .create(name)
            .map_err(|e| file.error(name, "create", e))?;
        let buffer = Vec::with_capacity(BLOCK_ROWS);
        Ok(Self { dataset, name: name.to_owned(), buffer, written: 0 })
    }

    /// The dataset, for its attributes.
    pub(crate) fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, file: &NewFile, row: T) -> Result<()> {
        self.buffer.push(row);
        if self.buffer.len() == BLOCK_ROWS { self.write(file) } else { Ok(()) }
    }

    /// Writes what is buffered, and the number of rows.
    pub(crate) fn finish(mut self, file: &NewFile) -> Result<usize> {
        self.write(file)?;
        Ok(self.written)
    }

    fn write(&mut self, file: &NewFile) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let end = self.written + self.buffer.len();
        self.dataset
            .resize((end,))
            .and_then(|()| self.dataset.write_slice(&self.buffer, self.written..end))
            .map_err(|e| file.error(&self.name, "write", e))?;
        self.written = end;
        self.buffer.clear();
        Ok(())
    }
}
