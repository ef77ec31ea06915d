//! HDF5 without its traps: files that appear whole, no times in objects, no error dropped.

mod append;
mod table;

use std::fs::File;
use std::path::{Path, PathBuf};

use hdf5::plist::group_create::LinkCreationOrder;
use hdf5::types::{VarLenAscii, VarLenUnicode};
use hdf5::{Group, H5Type, Location};

pub(crate) use append::Appender;
pub(crate) use table::{Kind, Rows, Table, column_types};

use crate::error::{Error, Result};
use crate::fsio;

/// An HDF5 file that gets its name only when it is complete and on the disk.
pub(crate) struct NewFile {
    /// Taken out when the file is closed.
    file: Option<hdf5::File>,
    temporary: PathBuf,
    path: PathBuf,
}

impl NewFile {
    /// Starts the file that will be `path`, replacing one that is there at [`seal`](Self::seal).
    pub(crate) fn create(path: &Path) -> Result<Self> {
        Self::create_as(
            path,
            hdf5::FileBuilder::new().with_fcpl(|fcpl| fcpl.obj_track_times(false)),
        )
    }

    /// As [`create`](Self::create), with a root group that counts its links in order of creation,
    /// and in the format of HDF5 1.10, in which many small objects take a third of the space.
    pub(crate) fn create_ordered(path: &Path) -> Result<Self> {
        let mut builder = hdf5::FileBuilder::new();
        builder.with_fapl(|fapl| fapl.libver_v110()).with_fcpl(|fcpl| {
            fcpl.obj_track_times(false).link_creation_order(LinkCreationOrder::Indexed)
        });
        Self::create_as(path, &builder)
    }

    fn create_as(path: &Path, builder: &hdf5::FileBuilder) -> Result<Self> {
        let temporary = fsio::temporary_name(path);
        fsio::remove_if_there(&temporary)?;
        let file = builder.create(&temporary).map_err(|e| create_error(path, &temporary, e))?;
        Ok(Self { file: Some(file), temporary, path: path.to_owned() })
    }

    /// The root group.
    pub(crate) fn root(&self) -> Result<Group> {
        match &self.file {
            Some(file) => file.group("/").map_err(|e| self.error("/", "open", e)),
            None => unreachable!("the file is closed only by `seal`, which consumes it"),
        }
    }

    /// The path that the file will have.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a group without times.
    pub(crate) fn group(&self, parent: &Group, name: &str) -> Result<Group> {
        parent
            .create_group_builder()
            .obj_track_times(false)
            .create(name)
            .map_err(|e| self.error(name, "create", e))
    }

    /// Makes a group that counts its links in order of creation.
    pub(crate) fn ordered_group(&self, parent: &Group, name: &str) -> Result<Group> {
        parent
            .create_group_builder()
            .obj_track_times(false)
            .with_gcpl(|gcpl| gcpl.link_creation_order(LinkCreationOrder::Indexed))
            .create(name)
            .map_err(|e| self.error(name, "create", e))
    }

    /// Writes a whole small dataset.
    pub(crate) fn dataset<T: H5Type>(
        &self,
        parent: &Group,
        name: &str,
        data: &[T],
    ) -> Result<hdf5::Dataset> {
        parent
            .new_dataset_builder()
            .obj_track_times(false)
            .with_data(data)
            .create(name)
            .map_err(|e| self.error(name, "write", e))
    }

    /// Writes pairs of numbers, a row each.
    pub(crate) fn pairs(
        &self,
        parent: &Group,
        name: &str,
        pairs: &[[u64; 2]],
    ) -> Result<hdf5::Dataset> {
        let shape = (pairs.len(), 2);
        let view = ndarray::ArrayView2::from_shape(shape, pairs.as_flattened())
            .map_err(|e| self.error(name, "shape", e.into()))?;
        parent
            .new_dataset_builder()
            .obj_track_times(false)
            .with_data(view)
            .create(name)
            .map_err(|e| self.error(name, "write", e))
    }

    /// Writes a scalar dataset.
    pub(crate) fn scalar<T: H5Type>(
        &self,
        parent: &Group,
        name: &str,
        value: T,
    ) -> Result<hdf5::Dataset> {
        parent
            .new_dataset::<T>()
            .obj_track_times(false)
            .create(name)
            .and_then(|dataset| dataset.write_scalar(&value).map(|()| dataset))
            .map_err(|e| self.error(name, "write", e))
    }

    /// Writes a scalar attribute.
    pub(crate) fn attribute<T: H5Type>(&self, at: &Location, name: &str, value: T) -> Result<()> {
        at.new_attr::<T>()
            .create(name)
            .and_then(|attribute| attribute.write_scalar(&value))
            .map_err(|e| self.error(name, "write attribute", e))
    }

    /// Writes a text attribute.
    pub(crate) fn text(&self, at: &Location, name: &str, value: &str) -> Result<()> {
        self.attribute(at, name, text(&self.path, name, value)?)
    }

    /// Writes an attribute that is a list of texts.
    pub(crate) fn texts(&self, at: &Location, name: &str, values: &[&str]) -> Result<()> {
        let values: Vec<VarLenUnicode> =
            values.iter().map(|value| text(&self.path, name, value)).collect::<Result<_>>()?;
        at.new_attr_builder()
            .with_data(&values)
            .create(name)
            .map(|_| ())
            .map_err(|e| self.error(name, "write attribute", e))
    }

    /// Flushes and closes the file, waits for the disk, and gives it its name.
    ///
    /// All datasets and groups made in it must be dropped before; HDF5 would keep it open else.
    pub(crate) fn seal(mut self) -> Result<()> {
        if let Some(file) = self.file.take() {
            file.flush().map_err(|e| self.error("/", "flush", e))?;
            file.close().map_err(|e| self.error("/", "close", e))?;
        }
        let handle =
            File::open(&self.temporary).map_err(|e| Error::io(&self.temporary, "open", e))?;
        handle.sync_all().map_err(|e| Error::io(&self.path, "sync", e))?;
        fsio::publish(&self.temporary, &self.path)
    }

    /// An error about an object of this file.
    pub(crate) fn error(&self, object: &str, action: &'static str, source: hdf5::Error) -> Error {
        Error::hdf5(&self.path, object, action, source)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Nothing to do for a sealed file, which has another name now; an incomplete one goes.
        drop(self.file.take());
        let _ = std::fs::remove_file(&self.temporary);
    }
}

/// HDF5 buries the reason in text; asking the file system gives a better message.
fn create_error(path: &Path, temporary: &Path, source: hdf5::Error) -> Error {
    match File::create(temporary) {
        Err(e) => Error::io(path, "create", e),
        Ok(_) => {
            let _ = std::fs::remove_file(temporary);
            Error::hdf5(path, "/", "create", source)
        }
    }
}

/// A text as HDF5 stores it.
pub(crate) fn text(path: &Path, object: &str, value: &str) -> Result<VarLenUnicode> {
    value.parse().map_err(|_| Error::WrongType {
        path: path.to_owned(),
        object: object.to_owned(),
        found: format!("{value:?}"),
        expected: "text without NUL".to_owned(),
    })
}

/// Opens an HDF5 file for reading.
pub(crate) fn open(path: &Path) -> Result<hdf5::File> {
    // The system's reason (not there, no permission) is clearer than the library's.
    File::open(path).map_err(|e| Error::io(path, "open", e))?;
    hdf5::File::open(path).map_err(|source| Error::NotHdf5 { path: path.to_owned(), source })
}

/// Opens a group that must be there.
pub(crate) fn group(
    path: &Path,
    parent: &Group,
    name: &str,
    expected: &'static str,
) -> Result<Group> {
    if !link_exists(parent, name) {
        let object = child_name(parent, name);
        return Err(Error::MissingObject { path: path.to_owned(), object, expected });
    }
    parent.group(name).map_err(|e| Error::hdf5(path, child_name(parent, name), "open group", e))
}

/// Opens a dataset that must be there.
pub(crate) fn dataset(
    path: &Path,
    parent: &Group,
    name: &str,
    expected: &'static str,
) -> Result<hdf5::Dataset> {
    if !link_exists(parent, name) {
        let object = child_name(parent, name);
        return Err(Error::MissingObject { path: path.to_owned(), object, expected });
    }
    parent.dataset(name).map_err(|e| Error::hdf5(path, child_name(parent, name), "open dataset", e))
}

/// Reads a one-dimensional dataset of numbers, converting between sizes but not between kinds.
pub(crate) fn numbers<T: Number>(path: &Path, parent: &Group, name: &str) -> Result<Vec<T>> {
    let dataset = dataset(path, parent, name, T::EXPECTED)?;
    check_numbers::<T>(path, &dataset, 1)?;
    dataset.read_raw().map_err(|e| Error::hdf5(path, dataset.name(), "read", e))
}

/// Checks kind and number of dimensions of a dataset of numbers.
pub(crate) fn check_numbers<T: Number>(
    path: &Path,
    dataset: &hdf5::Dataset,
    ndim: usize,
) -> Result<()> {
    let descriptor = dataset
        .dtype()
        .and_then(|dtype| dtype.to_descriptor())
        .map_err(|e| Error::hdf5(path, dataset.name(), "inspect", e))?;
    if !T::accepts(&descriptor) || dataset.ndim() != ndim {
        return Err(Error::WrongType {
            path: path.to_owned(),
            object: dataset.name(),
            found: format!("{} with {} dimensions", descriptor, dataset.ndim()),
            expected: format!("{} with {ndim} dimensions", T::EXPECTED),
        });
    }
    Ok(())
}

/// Reads a text attribute or scalar dataset, of fixed or variable length.
pub(crate) fn read_text(path: &Path, object: &str, container: &hdf5::Container) -> Result<String> {
    use hdf5::types::TypeDescriptor as TD;
    let read = |result: hdf5::Result<String>| {
        result.map_err(|e| Error::hdf5(path, object, "read text", e))
    };
    let descriptor = container
        .dtype()
        .and_then(|dtype| dtype.to_descriptor())
        .map_err(|e| Error::hdf5(path, object, "inspect", e))?;
    match descriptor {
        TD::VarLenUnicode => read(container.read_scalar::<VarLenUnicode>().map(|t| t.to_string())),
        TD::VarLenAscii => read(container.read_scalar::<VarLenAscii>().map(|t| t.to_string())),
        // Fixed-length texts convert only to fixed-length ones; 1 kB is more than any of ours.
        TD::FixedAscii(n) | TD::FixedUnicode(n) if n <= 1024 => {
            read(container.read_scalar::<hdf5::types::FixedUnicode<1024>>().map(|t| t.to_string()))
                .or_else(|_| {
                    read(
                        container
                            .read_scalar::<hdf5::types::FixedAscii<1024>>()
                            .map(|t| t.to_string()),
                    )
                })
        }
        other => Err(Error::WrongType {
            path: path.to_owned(),
            object: object.to_owned(),
            found: other.to_string(),
            expected: "text".to_owned(),
        }),
    }
}

/// Reads a text attribute if it is there.
pub(crate) fn text_attribute(path: &Path, at: &Location, name: &str) -> Result<Option<String>> {
    let names = at.attr_names().map_err(|e| Error::hdf5(path, at.name(), "list attributes", e))?;
    if !names.iter().any(|n| n == name) {
        return Ok(None);
    }
    let object = format!("{}@{name}", at.name());
    let attribute = at.attr(name).map_err(|e| Error::hdf5(path, &object, "open attribute", e))?;
    read_text(path, &object, &attribute).map(Some)
}

/// Reads a list of texts in an attribute, if it is there and is one.
pub(crate) fn texts_attribute(
    path: &Path,
    at: &Location,
    name: &str,
) -> Result<Option<Vec<String>>> {
    let names = at.attr_names().map_err(|e| Error::hdf5(path, at.name(), "list attributes", e))?;
    if !names.iter().any(|n| n == name) {
        return Ok(None);
    }
    let texts = at
        .attr(name)
        .and_then(|attribute| attribute.read_raw::<VarLenUnicode>())
        .map_err(|e| Error::hdf5(path, format!("{}@{name}", at.name()), "read", e))?;
    Ok(Some(texts.iter().map(|text| text.to_string()).collect()))
}

/// `link_exists` of the crate follows one name only; a path is followed step by step.
pub(crate) fn link_exists(parent: &Group, name: &str) -> bool {
    let mut at = String::new();
    name.split('/').all(|part| {
        if !at.is_empty() {
            at.push('/');
        }
        at.push_str(part);
        parent.link_exists(&at)
    })
}

/// The full path of an object in a file.
pub(crate) fn child_name(parent: &Group, name: &str) -> String {
    match parent.name().as_str() {
        "/" => format!("/{name}"),
        above => format!("{above}/{name}"),
    }
}

/// A number type that datasets are read as.
pub(crate) trait Number: H5Type {
    /// What the file must have.
    const EXPECTED: &'static str;
    /// Whether a type in the file is of this kind.
    fn accepts(descriptor: &hdf5::types::TypeDescriptor) -> bool;
}

impl Number for f64 {
    const EXPECTED: &'static str = "floating-point numbers";
    fn accepts(descriptor: &hdf5::types::TypeDescriptor) -> bool {
        matches!(descriptor, hdf5::types::TypeDescriptor::Float(_))
    }
}

impl Number for f32 {
    const EXPECTED: &'static str = "floating-point numbers";
    fn accepts(descriptor: &hdf5::types::TypeDescriptor) -> bool {
        f64::accepts(descriptor)
    }
}

impl Number for i64 {
    const EXPECTED: &'static str = "integers";
    fn accepts(descriptor: &hdf5::types::TypeDescriptor) -> bool {
        use hdf5::types::TypeDescriptor as TD;
        matches!(descriptor, TD::Integer(_) | TD::Unsigned(_))
    }
}
