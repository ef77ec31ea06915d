//! Signals of probes read back, field by field, on demand.

use std::ops::Range;
use std::path::{Path, PathBuf};

use hdf5::types::{CompoundField, CompoundType, FloatSize, TypeDescriptor};
use hdf5::{Dataset, Dataspace, Datatype, Selection};

use super::{WRITTEN, name_beside};
use crate::error::{Error, Result};
use crate::h5;

/// The signal of one probe in an `OUTPUT.h5`.
#[derive(Debug)]
pub struct ProbeReader {
    path: PathBuf,
    dataset: Dataset,
    /// Name of the dataset.
    pub name: String,
    /// Class of the probe, as `RecExtElectrode`.
    pub class: String,
    /// Unit of all fields, as `mV`.
    pub units: String,
    /// Time of the first sample in ms.
    pub start_ms: f64,
    /// Time between samples in ms.
    pub interval_ms: f64,
    /// Names of the fields; `imem` of all cells first.
    pub fields: Vec<String>,
    /// Rows: contacts, or whatever the probe measures.
    pub n_rows: usize,
    /// Samples of the whole run.
    pub n_samples: usize,
    /// Samples that have been written; less than all while it runs or after a kill.
    pub n_written: usize,
    /// Positions of the contacts in um, if the probe has some: x, y, z of each row.
    pub contacts_um: Option<Vec<[f64; 3]>>,
}

impl ProbeReader {
    /// The probes of a file, by name.
    ///
    /// ```
    /// # fn main() -> net_io::Result<()> {
    /// # let temporary = tempfile::tempdir().unwrap();
    /// # let path = temporary.path().join("OUTPUT.h5");
    /// use net_io::probes::{Attribute, ProbeDataset, ProbeFile, ProbeReader};
    /// # let attributes = [
    /// #     ("class", Attribute::Text("CurrentDipoleMoment".to_owned())),
    /// #     ("units", Attribute::Text("nA um".to_owned())),
    /// #     ("start_ms", Attribute::Number(0.0)),
    /// #     ("interval_ms", Attribute::Number(0.5)),
    /// # ];
    /// # let dipole = ProbeDataset {
    /// #     name: "CurrentDipoleMoment0".to_owned(),
    /// #     fields: vec!["imem".to_owned(), "E".to_owned()],
    /// #     n_rows: 2,
    /// #     n_samples: 3,
    /// #     attributes: attributes.map(|(name, value)| (name.to_owned(), value)).into(),
    /// # };
    /// # let mut file = ProbeFile::create(&path, &[dipole])?;
    /// # file.write(0, 0, &[&[0.0, 1.0, 2.0, 3.0], &[0.0, 10.0, 20.0, 30.0]])?;
    /// # file.finish()?;
    /// let probes = ProbeReader::open(&path)?;
    /// assert_eq!((probes[0].n_rows, probes[0].n_samples, probes[0].n_written), (2, 3, 2));
    /// assert_eq!(probes[0].read("E", 0..2, 0..2)?, [0.0, 10.0, 20.0, 30.0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::NotHdf5`]; [`Error::MissingObject`] without any probe,
    /// [`Error::WrongType`] for one that this program has not written.
    pub fn open(path: &Path) -> Result<Vec<Self>> {
        let file = h5::open(path)?;
        let names = file.member_names().map_err(|e| Error::hdf5(path, "/", "list", e))?;
        let mut probes = Vec::new();
        for name in names {
            // Large tables of a probe stand beside it.
            let Ok(dataset) = file.dataset(&name) else { continue };
            if let Some(class) = h5::text_attribute(path, &dataset, "class")? {
                probes.push(Self::of_dataset(path, dataset, (name, class))?);
            }
        }
        match probes.is_empty() {
            false => Ok(probes),
            true => Err(Error::MissingObject {
                path: path.to_owned(),
                object: "/".to_owned(),
                expected: "datasets of probes, with an attribute `class`",
            }),
        }
    }

    fn of_dataset(path: &Path, dataset: Dataset, (name, class): (String, String)) -> Result<Self> {
        let wrong = |found: String| Error::WrongType {
            path: path.to_owned(),
            object: name.clone(),
            found,
            expected: "a matrix of compounds of numbers of 8 bytes".to_owned(),
        };
        let error = |action, e| Error::hdf5(path, &name, action, e);
        let value = dataset.dtype().and_then(|dtype| dtype.to_descriptor());
        let fields = match value.map_err(|e| error("read the type of", e))? {
            TypeDescriptor::Compound(CompoundType { fields, .. })
                if fields.iter().all(|f| f.ty == TypeDescriptor::Float(FloatSize::U8)) =>
            {
                fields.into_iter().map(|field| field.name).collect()
            }
            other => return Err(wrong(other.to_string())),
        };
        let &[n_rows, n_samples] = dataset.shape().as_slice() else {
            return Err(wrong(format!("{:?}", dataset.shape())));
        };
        let number = |key: &str| {
            let read = dataset.attr(key).and_then(|attribute| attribute.read_scalar::<f64>());
            read.map_err(|e| Error::hdf5(path, format!("{name}@{key}"), "read", e))
        };
        let (start_ms, interval_ms) = (number("start_ms")?, number("interval_ms")?);
        let written = dataset.attr(WRITTEN).and_then(|attribute| attribute.read_scalar::<u64>());
        let n_written = written.map_err(|e| error("read attribute of", e))?;
        Ok(Self {
            units: h5::text_attribute(path, &dataset, "units")?.unwrap_or_default(),
            contacts_um: contacts(path, &dataset, &name)?.filter(|c| c.len() == n_rows),
            path: path.to_owned(),
            dataset,
            name,
            class,
            start_ms,
            interval_ms,
            fields,
            n_rows,
            n_samples,
            n_written: (n_written as usize).min(n_samples),
        })
    }

    /// Time of a sample in ms.
    pub fn time_ms(&self, sample: usize) -> f64 {
        self.start_ms + sample as f64 * self.interval_ms
    }

    /// Numbers that the file has as a parameter of the probe, as `z_lower_um`, if it has it; tables row by
    /// row.
    ///
    /// # Errors
    /// Those of reading, also of what is no number.
    pub fn numbers(&self, parameter: &str) -> Result<Option<Vec<f64>>> {
        numbers(&self.path, &self.dataset, &self.name, parameter)
    }

    /// Reads one field: `rows.len() * samples.len()` values, row by row, in `units`.
    ///
    /// # Errors
    /// [`Error::NoSuchName`] for a field, [`Error::NoSuchIndex`] for rows or samples that are not
    /// there or not written; errors of reading.
    pub fn read(&self, field: &str, rows: Range<usize>, samples: Range<usize>) -> Result<Vec<f64>> {
        if !self.fields.iter().any(|known| known == field) {
            return Err(Error::NoSuchName {
                what: "field",
                name: field.to_owned(),
                known: self.fields.join(", "),
            });
        }
        for (what, range, len) in
            [("row", &rows, self.n_rows), ("sample", &samples, self.n_written)]
        {
            if len < range.end || range.end < range.start {
                let what = format!("{what} of probe `{}`", self.name);
                return Err(Error::NoSuchIndex { what, index: range.end, len });
            }
        }
        let mut values = vec![0.0; rows.len() * samples.len()];
        if !values.is_empty() {
            self.read_into(field, rows, samples, &mut values)
                .map_err(|e| Error::hdf5(&self.path, &self.name, "read", e))?;
        }
        Ok(values)
    }

    fn read_into(
        &self,
        field: &str,
        rows: Range<usize>,
        samples: Range<usize>,
        values: &mut [f64],
    ) -> hdf5::Result<()> {
        // HDF5 reads the fields of the type in memory, by name, and passes over the others.
        let number = TypeDescriptor::Float(FloatSize::U8);
        let fields = vec![CompoundField::new(field, number, 0, 0)];
        let value = TypeDescriptor::Compound(CompoundType { fields, size: size_of::<f64>() });
        let value_type = Datatype::from_descriptor(&value)?;
        let selection = Selection::try_new((rows, samples))?;
        let file_space = self.dataset.space()?.select(selection)?;
        let memory_space = Dataspace::try_new(values.len())?;
        // SAFETY: all identifiers are alive for the call; a value of the memory type is one double,
        // and the buffer has as many as are selected, as the caller has counted. The lock is the
        // one that serializes all calls into the library.
        let status = hdf5::sync::sync(|| unsafe {
            hdf5_sys::h5d::H5Dread(
                self.dataset.id(),
                value_type.id(),
                memory_space.id(),
                file_space.id(),
                hdf5_sys::h5p::H5P_DEFAULT,
                values.as_mut_ptr().cast(),
            )
        });
        if status < 0 { Err("the values cannot be read".into()) } else { Ok(()) }
    }
}

/// The positions of contacts.
fn contacts(path: &Path, dataset: &Dataset, name: &str) -> Result<Option<Vec<[f64; 3]>>> {
    let numbers = numbers(path, dataset, name, "contacts_um")?;
    Ok(numbers.map(|numbers| numbers.as_chunks::<3>().0.to_vec()))
}

/// Numbers in an attribute of a probe, or in a dataset beside it where they are many.
fn numbers(
    path: &Path,
    dataset: &Dataset,
    name: &str,
    parameter: &str,
) -> Result<Option<Vec<f64>>> {
    let error = |e| Error::hdf5(path, format!("{name}@{parameter}"), "read", e);
    let file = dataset.file().map_err(error)?;
    let beside = name_beside(name, parameter);
    if h5::link_exists(&file, &beside) {
        return file.dataset(&beside).and_then(|all| all.read_raw()).map(Some).map_err(error);
    }
    if !dataset.attr_names().map_err(error)?.iter().any(|known| known == parameter) {
        return Ok(None);
    }
    dataset.attr(parameter).and_then(|all| all.read_raw()).map(Some).map_err(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::{Attribute, ProbeDataset, ProbeFile};

    /// Numbers and names that an attribute does not hold stand beside the probe, numbers with their unit,
    /// and are read from there.
    #[test]
    fn many_numbers_are_found_beside_the_probe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("OUTPUT.h5");
        let many: Vec<f64> = (0..9_000).map(f64::from).collect();
        let names: Vec<String> = (0..5_000).map(|nth| format!("population {nth}")).collect();
        let attributes = [
            ("class", Attribute::Text("LaminarCurrentSourceDensity".to_owned())),
            ("start_ms", Attribute::Number(0.0)),
            ("interval_ms", Attribute::Number(1.0)),
            ("axis_um", Attribute::Numbers(vec![1.0, 2.0])),
            ("z_lower_um", Attribute::Numbers(many.clone())),
            ("conductivity_s_m", Attribute::Numbers(many.clone())),
            ("contacts_um", Attribute::Table(3, many.clone())),
            ("populations", Attribute::Texts(names.clone())),
        ];
        let probe = ProbeDataset {
            name: "csd".to_owned(),
            fields: vec!["imem".to_owned()],
            n_rows: 3_000,
            n_samples: 1,
            attributes: attributes.map(|(name, value)| (name.to_owned(), value)).into(),
        };
        ProbeFile::create(&path, &[probe]).unwrap().finish().unwrap();
        let probes = ProbeReader::open(&path).unwrap();
        assert_eq!(probes.len(), 1);
        assert_eq!(probes[0].numbers("axis_um").unwrap(), Some(vec![1.0, 2.0]));
        assert_eq!(probes[0].numbers("z_lower_um").unwrap(), Some(many.clone()));
        assert_eq!(probes[0].numbers("z_upper_um").unwrap(), None);
        let contacts = probes[0].contacts_um.as_ref().unwrap();
        assert_eq!(contacts.concat(), many);
        let file = h5::open(&path).unwrap();
        for (name, unit) in
            [("z_lower_um", "um"), ("conductivity_s_m", "S/m"), ("contacts_um", "um")]
        {
            let dataset = file.dataset(&name_beside("csd", name)).unwrap();
            let found = h5::text_attribute(&path, &dataset, "units").unwrap();
            assert_eq!(found.as_deref(), Some(unit), "{name}");
        }
        let found = file.dataset(&name_beside("csd", "populations")).unwrap();
        let found = found.read_raw::<hdf5::types::VarLenUnicode>().unwrap();
        assert!(found.iter().map(|name| name.as_str()).eq(names.iter().map(String::as_str)));
    }
}
