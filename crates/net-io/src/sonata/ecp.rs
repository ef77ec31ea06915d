//! Extracellular potentials as BioNet writes them.

use std::path::Path;

use ndarray::ArrayView2;

use super::write::{Layout, start};
use crate::error::Result;
use crate::h5::NewFile;
use crate::provenance::{self, Provenance};

/// A file of potentials that is written a block of samples at a time: `/ecp/{data, time, channel_id}`.
///
/// ```
/// use net_io::provenance::Provenance;
/// use net_io::sonata::EcpWriter;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("ecp.h5");
/// let by = Provenance::new("example", 1, 0.1);
/// let file = EcpWriter::create(&path, [3, 2], [0.0, 0.3, 0.1], &by)?; // three samples, two channels
/// file.write(0, &[1e-3, 2e-3])?;
/// file.write(1, &[1e-3, 2e-3, 3e-3, 4e-3])?;
/// file.seal()?;
/// # Ok::<(), net_io::Error>(())
/// ```
pub struct EcpWriter {
    file: NewFile,
    data: hdf5::Dataset,
    n_channels: usize,
}

impl EcpWriter {
    /// Starts the file; `shape` are samples and channels, `time_ms` are start, end and interval.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(
        path: &Path,
        shape: [usize; 2],
        time_ms: [f64; 3],
        provenance: &Provenance,
    ) -> Result<Self> {
        let file = NewFile::create(path)?;
        let root = start(&file, Layout::Allen)?;
        provenance::stamp_with(&file, provenance)?;
        let group = file.group(&root, "ecp")?;
        let data = group
            .new_dataset::<f64>()
            .obj_track_times(false)
            .shape(shape)
            .create("data")
            .map_err(|e| file.error("data", "create", e))?;
        file.text(&data, "units", "mV")?;
        let time = file.dataset(&group, "time", &time_ms)?;
        file.text(&time, "units", "ms")?;
        let channels: Vec<i64> = (0..shape[1] as i64).collect();
        file.dataset(&group, "channel_id", &channels)?;
        Ok(EcpWriter { file, data, n_channels: shape[1] })
    }

    /// Writes samples in mV from `first` on: of each one value a channel.
    ///
    /// # Errors
    /// Errors of writing.
    pub fn write(&self, first: usize, values_mv: &[f64]) -> Result<()> {
        let shape = (values_mv.len() / self.n_channels.max(1), self.n_channels);
        if shape.0 == 0 {
            return Ok(());
        }
        ArrayView2::from_shape(shape, values_mv)
            .map_err(Into::into)
            .and_then(|view| self.data.write_slice(view, (first..first + shape.0, ..)))
            .map_err(|e| self.file.error("data", "write", e))
    }

    /// Ends the file and gives it its name.
    ///
    /// # Errors
    /// Errors of writing.
    pub fn seal(self) -> Result<()> {
        // HDF5 keeps a file open as long as one of its datasets is.
        drop(self.data);
        self.file.seal()
    }
}
