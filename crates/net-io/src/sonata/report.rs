//! Reports read back, column by column.

use std::ops::Range;
use std::path::{Path, PathBuf};

use ndarray::{Ix2, s};

use super::{is_group, members};
use crate::error::{Error, Result};
use crate::h5;

/// What a report holds of one population.
#[derive(Debug)]
pub struct ReportReader {
    path: PathBuf,
    data: hdf5::Dataset,
    /// Name of the population.
    pub population: String,
    /// The nodes, in the order of the file.
    pub node_ids: Vec<i64>,
    /// First column of each node, and the number of columns.
    pub index_pointers: Vec<i64>,
    /// Unit of the samples, as `mV`.
    pub units: String,
    /// Time of the first sample in ms.
    pub start_ms: f64,
    /// Time between samples in ms.
    pub interval_ms: f64,
    /// Number of samples.
    pub n_samples: usize,
}

impl ReportReader {
    /// The populations of a report, `/report/<population>/{data, mapping}`, of either flavor.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::NotHdf5`]; [`Error::MissingObject`] or [`Error::WrongType`] for what
    /// is no report; errors of reading.
    pub fn open(path: &Path) -> Result<Vec<Self>> {
        let file = h5::open(path)?;
        let report = h5::group(path, &file, "report", "a group with one group a population")?;
        let names = members(path, &report)?;
        let own = names.into_iter().filter(|name| is_group(&report, name));
        own.map(|name| Self::of_population(path, &report, name)).collect()
    }

    fn of_population(path: &Path, report: &hdf5::Group, population: String) -> Result<Self> {
        let group = h5::group(path, report, &population, "the report of a population")?;
        let mapping = h5::group(path, &group, "mapping", "what the columns are")?;
        let data = h5::dataset(path, &group, "data", "samples")?;
        h5::check_numbers::<f64>(path, &data, 2)?;
        let node_ids: Vec<i64> = h5::numbers(path, &mapping, "node_ids")?;
        let pointers = ["index_pointers", "index_pointer"];
        let name = pointers.into_iter().find(|name| h5::link_exists(&mapping, name));
        let index_pointers: Vec<i64> = h5::numbers(path, &mapping, name.unwrap_or(pointers[0]))?;
        let time: Vec<f64> = h5::numbers(path, &mapping, "time")?;
        let (n_samples, n_columns) = (data.shape()[0], data.shape()[1]);
        let is_column = |pointer: &i64| (0..=n_columns as i64).contains(pointer);
        let fits = index_pointers.len() == node_ids.len() + 1
            && index_pointers.is_sorted()
            && index_pointers.iter().all(is_column);
        let &[start_ms, _, interval_ms] = time.as_slice() else {
            return Err(Error::WrongType {
                path: path.to_owned(),
                object: h5::child_name(&mapping, "time"),
                found: format!("{} numbers", time.len()),
                expected: "start, stop and step in ms".to_owned(),
            });
        };
        if !fits {
            return Err(Error::WrongType {
                path: path.to_owned(),
                object: h5::child_name(&mapping, name.unwrap_or(pointers[0])),
                found: format!("{} numbers for {} nodes", index_pointers.len(), node_ids.len()),
                expected: format!("columns below {n_columns} that ascend, and their end"),
            });
        }
        let units = h5::text_attribute(path, &data, "units")?.unwrap_or_default();
        let path = path.to_owned();
        Ok(Self {
            path,
            data,
            population,
            node_ids,
            index_pointers,
            units,
            start_ms,
            interval_ms,
            n_samples,
        })
    }

    /// The columns of a node, by its place in [`node_ids`](Self::node_ids).
    pub fn columns_of(&self, node: usize) -> Range<usize> {
        let pointer =
            |at: usize| self.index_pointers.get(at).map_or(0, |&pointer| pointer as usize);
        pointer(node)..pointer(node + 1)
    }

    /// Reads samples of a column, in `units`.
    ///
    /// # Errors
    /// [`Error::NoSuchIndex`] for what is not there; errors of reading.
    pub fn read(&self, column: usize, samples: Range<usize>) -> Result<Vec<f64>> {
        let n_columns = self.data.shape()[1];
        for (what, index, len) in
            [("column", column + 1, n_columns), ("sample", samples.end, self.n_samples)]
        {
            if len < index || samples.end < samples.start {
                let what = format!("{what} of {}", self.data.name());
                return Err(Error::NoSuchIndex { what, index, len });
            }
        }
        let values = self.data.read_slice::<f64, _, Ix2>(s![samples, column..column + 1]);
        let values = values.map_err(|e| Error::hdf5(&self.path, self.data.name(), "read", e))?;
        Ok(values.into_raw_vec_and_offset().0)
    }
}
