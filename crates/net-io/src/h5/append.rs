//! Datasets that grow by whole blocks.

use hdf5::{Dataset, Group, H5Type};

use crate::error::Result;
use crate::h5::NewFile;

/// Rows written at once, and rows of a chunk in the file, unless there are fewer in all.
///
/// Blocks are cut by the number of rows alone, so that the same rows give the same bytes whatever
/// they were read from.
const BLOCK_ROWS: usize = 1 << 14;

/// A one-dimensional dataset of unknown length, written in blocks.
pub(crate) struct Appender<T: H5Type> {
    parent: Group,
    name: String,
    /// Made with the first block, when it is known how large a chunk should be.
    dataset: Option<Dataset>,
    buffer: Vec<T>,
    written: usize,
}

impl<T: H5Type + Clone> Appender<T> {
    /// A dataset in `parent`.
    pub(crate) fn new(parent: &Group, name: &str) -> Self {
        let (parent, name) = (parent.clone(), name.to_owned());
        Self { parent, name, dataset: None, buffer: Vec::new(), written: 0 }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, file: &NewFile, row: T) -> Result<()> {
        self.buffer.push(row);
        if self.buffer.len() == BLOCK_ROWS { self.write(file).map(drop) } else { Ok(()) }
    }

    /// Writes what is buffered; gives the dataset, for its attributes, and the number of rows.
    pub(crate) fn finish(mut self, file: &NewFile) -> Result<(Dataset, usize)> {
        let dataset = self.write(file)?;
        Ok((dataset, self.written))
    }

    fn write(&mut self, file: &NewFile) -> Result<Dataset> {
        let dataset = match &self.dataset {
            Some(dataset) => dataset.clone(),
            None => self.create(file)?,
        };
        if !self.buffer.is_empty() {
            let end = self.written + self.buffer.len();
            dataset
                .resize((end,))
                .and_then(|()| dataset.write_slice(&self.buffer, self.written..end))
                .map_err(|e| file.error(&self.name, "write", e))?;
            self.written = end;
            self.buffer.clear();
        }
        self.dataset = Some(dataset.clone());
        Ok(dataset)
    }

    fn create(&self, file: &NewFile) -> Result<Dataset> {
        self.parent
            .new_dataset::<T>()
            .obj_track_times(false)
            .chunk((self.buffer.len().clamp(1, BLOCK_ROWS),))
            .shape((0..,))
            .create(self.name.as_str())
            .map_err(|e| file.error(&self.name, "create", e))
    }
}
