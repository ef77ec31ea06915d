//! Signals of probes, streamed into one file while a network runs: LFPy's `OUTPUT.h5`.
//!
//! One dataset a probe, of shape (rows, samples): a compound of doubles with a field for the signal
//! of all cells (`imem`) and one for each group of cells that is told apart. All space is laid out
//! when the file is made, and what is known goes into it in order of time, so a program that is
//! killed leaves a file that opens; its attribute `samples_written` says how far it is true. The bytes
//! depend on the signals alone, not on how many samples were written at once.

mod fields;
mod read;
mod tables;

use std::path::{Path, PathBuf};

use hdf5::plist::dataset_create::{AllocTime, FillTime, Layout};
use hdf5::types::{CompoundField, CompoundType, FloatSize, TypeDescriptor, VarLenUnicode};
use hdf5::{Dataset, Dataspace, Datatype, H5Type, Location, Selection};
use ndarray::{ArrayView, ArrayView1, ArrayView2, Dimension};

use crate::error::{Error, Result};
use crate::provenance::{self, Provenance};
use crate::{fsio, h5};

pub use fields::n_fields_that_fit;
pub use read::ProbeReader;
pub use tables::{ProbeShape, ProbeTable, SegmentPoints, read_probe_tables, read_segment_points};

/// Attribute that says how many samples of a dataset have been written.
const WRITTEN: &str = "samples_written";

/// Numbers and texts that an attribute holds: what an object's header says in one piece is below 64 kB.
const MOST_NUMBERS: usize = 6_000;
const MOST_TEXTS: usize = 3_000;

/// A value of an attribute. Numbers and texts that are too many for one are a dataset beside the probe's,
/// `<probe>.<name>`.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// A text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// A count.
    Count(u64),
    /// A number.
    Number(f64),
    /// A list of numbers.
    Numbers(Vec<f64>),
    /// A table of numbers: its columns, and its values row by row.
    Table(usize, Vec<f64>),
    /// Lists of vectors and their unit: a dataset beside the probe's, `<probe>.<name>`, of shape (lists,
    /// longest list, 3), NaN where a list is shorter.
    Lists(&'static str, Vec<Vec<[f64; 3]>>),
}

/// The signal of one probe, as it is declared.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeDataset {
    /// Name of the dataset; LFPy's is the probe's class and a number, as in `RecExtElectrode0`.
    pub name: String,
    /// Names of the fields of a value, in their order.
    pub fields: Vec<String>,
    /// Rows: contacts, or whatever the probe measures.
    pub n_rows: usize,
    /// Samples of the whole run.
    pub n_samples: usize,
    /// Attributes of the dataset, such as units.
    pub attributes: Vec<(String, Attribute)>,
}

/// The file of all probes, while it is written.
///
/// ```
/// # fn main() -> net_io::Result<()> {
/// # let temporary = tempfile::tempdir().unwrap();
/// # let path = temporary.path().join("OUTPUT.h5");
/// use net_io::probes::{Attribute, ProbeDataset, ProbeFile};
/// let dipole = ProbeDataset {
///     name: "CurrentDipoleMoment0".to_owned(),
///     fields: vec!["imem".to_owned(), "E".to_owned()],
///     n_rows: 3,
///     n_samples: 4,
///     attributes: vec![("units".to_owned(), Attribute::Text("nA um".to_owned()))],
/// };
/// let mut file = ProbeFile::create(&path, &[dipole])?;
/// let signal = [0.0; 3 * 2]; // rows x two samples
/// file.write(0, 0, &[&signal, &signal])?;
/// file.write(0, 2, &[&signal, &signal])?;
/// file.finish()
/// # }
/// ```
#[derive(Debug)]
pub struct ProbeFile {
    path: PathBuf,
    file: hdf5::File,
    datasets: Vec<Open>,
    /// Room for values that have several fields.
    values: Vec<f64>,
}

#[derive(Debug)]
struct Open {
    name: String,
    dataset: Dataset,
    value_type: Datatype,
    n_fields: usize,
    n_rows: usize,
    n_samples: usize,
}

/// How files are opened: HDF5 would read 64 kB around the values of each row before it writes them.
fn options() -> hdf5::FileBuilder {
    let mut options = hdf5::FileBuilder::new();
    options.with_fapl(|fapl| fapl.sieve_buf_size(1));
    options
}

/// Name of a dataset beside that of `probe`, for a parameter of it.
pub fn name_beside(probe: &str, parameter: &str) -> String {
    format!("{probe}.{parameter}")
}

/// Unit of numbers, as the end of their name says.
fn unit_of(name: &str) -> &'static str {
    const UNITS: [(&str, &str); 3] = [("_s_m", "S/m"), ("_um", "um"), ("_mm", "mm")];
    UNITS.iter().find(|(end, _)| name.ends_with(end)).map_or("1", |(_, unit)| unit)
}

impl ProbeFile {
    /// Makes the file with all its datasets; one that is there is replaced.
    ///
    /// # Errors
    /// A file that cannot be made, or two datasets or fields with one name.
    pub fn create(path: &Path, probes: &[ProbeDataset]) -> Result<Self> {
        fsio::remove_if_there(path)?;
        let file = options().with_fcpl(|fcpl| fcpl.obj_track_times(false)).create(path).map_err(
            |source| match std::fs::File::create(path) {
                Err(e) => Error::io(path, "create", e),
                Ok(_) => Error::hdf5(path, "/", "create", source),
            },
        )?;
        let mut created =
            Self { path: path.to_owned(), file, datasets: Vec::new(), values: Vec::new() };
        for probe in probes {
            let open = created.create_dataset(probe)?;
            created.datasets.push(open);
        }
        created.flush()?;
        Ok(created)
    }

    /// Opens the file of a run that goes on after some samples of each dataset. What is behind them
    /// will be written again.
    ///
    /// # Errors
    /// A file that cannot be opened, or that has not these datasets with as many samples.
    pub fn open(path: &Path, probes: &[ProbeDataset], n_written: &[usize]) -> Result<Self> {
        let file = options()
            .open_rw(path)
            .map_err(|source| Error::hdf5(path, "/", "open to go on", source))?;
        let mut opened =
            Self { path: path.to_owned(), file, datasets: Vec::new(), values: Vec::new() };
        for (probe, &n_written) in probes.iter().zip(n_written) {
            let open = opened.open_dataset(probe, n_written as u64)?;
            opened.datasets.push(open);
        }
        Ok(opened)
    }

    fn open_dataset(&self, probe: &ProbeDataset, n_written: u64) -> Result<Open> {
        let error = |action, e| Error::hdf5(&self.path, &probe.name, action, e);
        let dataset = self.file.dataset(&probe.name).map_err(|e| error("open", e))?;
        let value_type = dataset.dtype().map_err(|e| error("read the type of", e))?;
        let (found, expected) = (dataset.shape(), vec![probe.n_rows, probe.n_samples]);
        if found != expected || value_type.size() != 8 * probe.fields.len() {
            let found = format!("{found:?} values of {} bytes", value_type.size());
            let expected = format!("{expected:?} of {}", 8 * probe.fields.len());
            return Err(self.wrong_shape(&probe.name, found, &expected));
        }
        let written = dataset.attr(WRITTEN).and_then(|attribute| attribute.read_scalar::<u64>());
        let written = written.map_err(|e| error("read attribute of", e))?;
        if written < n_written {
            let found = format!("{written} samples");
            return Err(self.wrong_shape(&probe.name, found, &format!("at least {n_written}")));
        }
        Ok(Open {
            name: probe.name.clone(),
            dataset,
            value_type,
            n_fields: probe.fields.len(),
            n_rows: probe.n_rows,
            n_samples: probe.n_samples,
        })
    }

    /// Writes the record of the run into the root, as the other files of the run have it.
    ///
    /// # Errors
    /// Those of writing.
    pub fn stamp(&self, provenance: &Provenance) -> Result<()> {
        let name = provenance::ATTRIBUTE;
        self.attribute(&self.file, name, &Attribute::Text(provenance.stamp()))?;
        self.flush()
    }

    /// Waits until all that was written is on the disk.
    ///
    /// # Errors
    /// Those of writing.
    pub fn sync(&self) -> Result<()> {
        self.flush()?;
        let handle = std::fs::File::open(&self.path);
        let handle = handle.map_err(|e| Error::io(&self.path, "open", e))?;
        handle.sync_all().map_err(|e| Error::io(&self.path, "sync", e))
    }

    fn create_dataset(&self, probe: &ProbeDataset) -> Result<Open> {
        let error = |action, e| Error::hdf5(&self.path, &probe.name, action, e);
        let number = TypeDescriptor::Float(FloatSize::U8);
        let field = |(index, name): (usize, &String)| {
            CompoundField::new(name, number.clone(), 8 * index, index)
        };
        let fields = probe.fields.iter().enumerate().map(field).collect();
        let value = TypeDescriptor::Compound(CompoundType { fields, size: 8 * probe.fields.len() });
        let value_type = Datatype::from_descriptor(&value).map_err(|e| error("describe", e))?;
        // Space of its own for the whole run: neither the place of a value nor the file's
        // structure depends on when it is written.
        let dataset = self
            .file
            .new_dataset_builder()
            .empty_as(&value)
            .shape((probe.n_rows, probe.n_samples))
            .layout(Layout::Contiguous)
            .alloc_time(Some(AllocTime::Early))
            .fill_time(FillTime::Never)
            .obj_track_times(false)
            .create(probe.name.as_str())
            .map_err(|e| error("create", e))?;
        for (name, value) in &probe.attributes {
            self.attribute(&dataset, name, value)?;
        }
        let written = dataset.new_attr::<u64>().create(WRITTEN);
        written
            .and_then(|written| written.write_scalar(&0_u64))
            .map_err(|e| error("write attribute", e))?;
        Ok(Open {
            name: probe.name.clone(),
            dataset,
            value_type,
            n_fields: probe.fields.len(),
            n_rows: probe.n_rows,
            n_samples: probe.n_samples,
        })
    }

    fn attribute(&self, at: &Location, name: &str, value: &Attribute) -> Result<()> {
        let object = format!("{}@{name}", at.name());
        let text = |value: &String| h5::text(&self.path, &object, value);
        let scalar = |created: hdf5::Result<()>| {
            created.map_err(|e| Error::hdf5(&self.path, &object, "write attribute", e))
        };
        match value {
            Attribute::Text(value) => {
                let value = text(value)?;
                let created = at.new_attr::<VarLenUnicode>().create(name);
                scalar(created.and_then(|attribute| attribute.write_scalar(&value)))
            }
            Attribute::Texts(values) => {
                let values = values.iter().map(text).collect::<Result<Vec<_>>>()?;
                if values.len() > MOST_TEXTS {
                    return self.beside(at, name, ArrayView1::from(&values)).map(|_| ());
                }
                scalar(at.new_attr_builder().with_data(&values).create(name).map(|_| ()))
            }
            Attribute::Count(value) => {
                let created = at.new_attr::<u64>().create(name);
                scalar(created.and_then(|attribute| attribute.write_scalar(value)))
            }
            Attribute::Number(value) => {
                let created = at.new_attr::<f64>().create(name);
                scalar(created.and_then(|attribute| attribute.write_scalar(value)))
            }
            Attribute::Numbers(values) => self.numbers(at, name, ArrayView1::from(values)),
            Attribute::Lists(unit, lists) => self.lists(at, name, unit, lists),
            Attribute::Table(n_columns, values) => {
                let shape = (values.len() / n_columns.max(&1), *n_columns);
                let table = ArrayView2::from_shape(shape, values).map_err(|_| {
                    let found = format!("{} numbers", values.len());
                    self.wrong_shape(&object, found, &format!("rows of {n_columns} numbers"))
                })?;
                self.numbers(at, name, table)
            }
        }
    }

    /// Writes lists of vectors as a dataset beside the probe's.
    fn lists(&self, at: &Location, name: &str, unit: &str, lists: &[Vec<[f64; 3]>]) -> Result<()> {
        let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
        let mut values = ndarray::Array3::from_elem((lists.len(), longest, 3), f64::NAN);
        for (mut row, list) in values.outer_iter_mut().zip(lists) {
            for (mut to, vector) in row.outer_iter_mut().zip(list) {
                to.assign(&ArrayView1::from(vector));
            }
        }
        self.numbers_beside(at, (name, unit), values.view())
    }

    /// Writes numbers as an attribute, or beside the probe's dataset if they are too many for one.
    fn numbers<D: Dimension>(
        &self,
        at: &Location,
        name: &str,
        values: ArrayView<f64, D>,
    ) -> Result<()> {
        if values.len() > MOST_NUMBERS {
            return self.numbers_beside(at, (name, unit_of(name)), values);
        }
        let created = at.new_attr_builder().with_data(values).create(name);
        let object = || format!("{}@{name}", at.name());
        created.map(|_| ()).map_err(|e| Error::hdf5(&self.path, object(), "write attribute", e))
    }

    /// Writes a dataset with its unit beside the probe's.
    fn numbers_beside<D: Dimension>(
        &self,
        at: &Location,
        (name, unit): (&str, &str),
        values: ArrayView<f64, D>,
    ) -> Result<()> {
        let dataset = self.beside(at, name, values)?;
        self.attribute(&dataset, "units", &Attribute::Text(unit.to_owned()))
    }

    /// Writes a dataset beside the probe's.
    fn beside<T: H5Type, D: Dimension>(
        &self,
        at: &Location,
        name: &str,
        values: ArrayView<T, D>,
    ) -> Result<Dataset> {
        let object = name_beside(at.name().trim_start_matches('/'), name);
        self.file
            .new_dataset_builder()
            .obj_track_times(false)
            .with_data(values)
            .create(object.as_str())
            .map_err(|e| Error::hdf5(&self.path, &object, "create", e))
    }

    /// Writes consecutive samples of a probe, from `first_sample` on: for each field the values,
    /// rows x samples. They are safe from a kill of the program afterwards.
    ///
    /// # Errors
    /// Values that do not fit the dataset, or an error of writing.
    pub fn write(&mut self, probe: usize, first_sample: usize, fields: &[&[f64]]) -> Result<()> {
        let Some(open) = self.datasets.get(probe) else {
            let object = format!("probe {probe}");
            return Err(self.wrong_shape(&object, "no dataset".to_owned(), "one a probe"));
        };
        let n_values = fields.first().map_or(0, |values| values.len());
        let n_samples = n_values / open.n_rows.max(1);
        let fits = fields.len() == open.n_fields
            && fields.iter().all(|values| values.len() == open.n_rows * n_samples)
            && first_sample + n_samples <= open.n_samples;
        if !fits {
            let found = format!("{} fields of {n_values} values", fields.len());
            return Err(self.wrong_shape(&open.name, found, "rows x samples values a field"));
        }
        if n_values == 0 {
            return Ok(());
        }
        // One value has all fields.
        let values = match fields {
            [values] => *values,
            _ => {
                self.values.resize(n_values * fields.len(), 0.0);
                for (at, field) in fields.iter().enumerate() {
                    let of_field = self.values.iter_mut().skip(at).step_by(fields.len());
                    of_field.zip(*field).for_each(|(to, value)| *to = *value);
                }
                &self.values
            }
        };
        let end = first_sample + n_samples;
        open.write(first_sample..end, values)
            .and_then(|()| self.file.flush())
            // Only then: what is said to be written must be there.
            .and_then(|()| open.dataset.attr(WRITTEN)?.write_scalar(&(end as u64)))
            .and_then(|()| self.file.flush())
            .map_err(|e| Error::hdf5(&self.path, &open.name, "write", e))
    }

    /// Closes the file and waits for the disk.
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(self) -> Result<()> {
        self.flush()?;
        let Self { path, file, datasets, .. } = self;
        drop(datasets);
        file.close().map_err(|e| Error::hdf5(&path, "/", "close", e))?;
        let handle = std::fs::File::open(&path).map_err(|e| Error::io(&path, "open", e))?;
        handle.sync_all().map_err(|e| Error::io(&path, "sync", e))
    }

    fn flush(&self) -> Result<()> {
        self.file.flush().map_err(|e| Error::hdf5(&self.path, "/", "flush", e))
    }

    fn wrong_shape(&self, object: &str, found: String, expected: &str) -> Error {
        let (path, object) = (self.path.clone(), object.to_owned());
        Error::WrongType { path, object, found, expected: expected.to_owned() }
    }
}

impl Open {
    /// Writes values (rows x samples x fields) of some samples.
    fn write(&self, samples: std::ops::Range<usize>, values: &[f64]) -> hdf5::Result<()> {
        let n_values = self.n_rows * samples.len();
        let selection = Selection::try_new((0..self.n_rows, samples))?;
        let file_space = self.dataset.space()?.select(selection)?;
        let memory_space = Dataspace::try_new(n_values)?;
        assert_eq!(size_of_val(values), n_values * self.value_type.size(), "the buffer's size");
        // SAFETY: all identifiers are alive for the call; the memory type has only doubles, and
        // the buffer holds as many values as are selected. The lock is the one that serializes
        // all calls into the library.
        let status = hdf5::sync::sync(|| unsafe {
            hdf5_sys::h5d::H5Dwrite(
                self.dataset.id(),
                self.value_type.id(),
                memory_space.id(),
                file_space.id(),
                hdf5_sys::h5p::H5P_DEFAULT,
                values.as_ptr().cast(),
            )
        });
        if status < 0 { Err("the values cannot be written".into()) } else { Ok(()) }
    }
}
