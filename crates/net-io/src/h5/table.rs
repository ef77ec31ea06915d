//! Compound tables read by column names that are known only at run time.
//!
//! HDF5 converts a compound row member by member, by name, into any row type of ours, whatever
//! the width and byte order in the file. One unsafe call is here (the other writes such rows, in
//! `probes`), because the safe interface knows row types at compile time only.

use std::path::{Path, PathBuf};

use hdf5::types::{CompoundField, CompoundType, FloatSize, IntSize, TypeDescriptor};
use hdf5::{Dataspace, Datatype, Group, Selection};

use crate::error::{Error, Result};
use crate::h5;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Integers of any width, read as `i64`.
    Integer,
    /// Floating-point numbers of any width, read as `f64`.
    Float,
    /// Text of fixed length, at most 64 bytes, read with NUL padding.
    Text,
}

/// Bytes of a text cell, the width of LFPy's section names.
pub(crate) const TEXT_BYTES: usize = 64;

impl Kind {
    fn memory_type(self) -> TypeDescriptor {
        match self {
            Kind::Integer => TypeDescriptor::Integer(IntSize::U8),
            Kind::Float => TypeDescriptor::Float(FloatSize::U8),
            Kind::Text => TypeDescriptor::FixedAscii(TEXT_BYTES),
        }
    }

    fn bytes(self) -> usize {
        if self == Kind::Text { TEXT_BYTES } else { 8 }
    }

    fn expected(self) -> &'static str {
        match self {
            Kind::Integer => "integers",
            Kind::Float => "floating-point numbers",
            Kind::Text => "text of at most 64 bytes",
        }
    }

    fn accepts(self, found: &TypeDescriptor) -> bool {
        use TypeDescriptor as TD;
        match self {
            Kind::Integer => matches!(found, TD::Integer(_) | TD::Unsigned(_)),
            Kind::Float => matches!(found, TD::Float(_)),
            Kind::Text => {
                matches!(found, TD::FixedAscii(n) | TD::FixedUnicode(n) if *n <= TEXT_BYTES)
            }
        }
    }
}

/// A one-dimensional compound dataset with chosen columns.
pub(crate) struct Table {
    path: PathBuf,
    name: String,
    dataset: hdf5::Dataset,
    columns: Vec<(String, Kind)>,
    memory_type: Datatype,
    row_bytes: usize,
    len: usize,
}

impl Table {
    /// Opens a table and checks that the columns are there and of the right kind.
    pub(crate) fn open(
        path: &Path,
        parent: &Group,
        name: &str,
        expected: &'static str,
        columns: &[(&str, Kind)],
    ) -> Result<Self> {
        let dataset = h5::dataset(path, parent, name, expected)?;
        let full_name = h5::child_name(parent, name);
        let fields = column_types(path, &dataset, &full_name)?;
        let mut memory = CompoundType { fields: Vec::new(), size: 0 };
        for (index, &(column, kind)) in columns.iter().enumerate() {
            let Some((_, found)) = fields.iter().find(|(name, _)| name == column) else {
                return Err(Error::MissingColumn {
                    path: path.to_owned(),
                    object: full_name,
                    column: column.to_owned(),
                    found: fields.into_iter().map(|(name, _)| name).collect(),
                });
            };
            if !kind.accepts(found) {
                return Err(Error::WrongType {
                    path: path.to_owned(),
                    object: format!("{full_name}.{column}"),
                    found: found.to_string(),
                    expected: kind.expected().to_owned(),
                });
            }
            let field = CompoundField::new(column, memory_kind(kind, found), memory.size, index);
            memory.fields.push(field);
            memory.size += kind.bytes();
        }
        let row_bytes = memory.size;
        let memory_type = Datatype::from_descriptor(&TypeDescriptor::Compound(memory))
            .map_err(|e| Error::hdf5(path, &full_name, "describe", e))?;
        let len = dataset.size();
        let columns = columns.iter().map(|&(name, kind)| (name.to_owned(), kind)).collect();
        Ok(Self {
            path: path.to_owned(),
            name: full_name,
            dataset,
            columns,
            memory_type,
            row_bytes,
            len,
        })
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The dataset, for its attributes.
    pub(crate) fn dataset(&self) -> &hdf5::Dataset {
        &self.dataset
    }

    /// Reads rows `start..start + n_rows`, cut at the end of the table.
    pub(crate) fn read(&self, start: usize, n_rows: usize) -> Result<Rows<'_>> {
        let start = start.min(self.len);
        let n_rows = n_rows.min(self.len - start);
        let mut bytes = vec![0; n_rows * self.row_bytes];
        if n_rows > 0 {
            self.read_bytes(start, n_rows, &mut bytes)
                .map_err(|e| Error::hdf5(&self.path, &self.name, "read", e))?;
        }
        Ok(Rows { table: self, start, n_rows, bytes })
    }

    fn read_bytes(&self, start: usize, n_rows: usize, bytes: &mut [u8]) -> hdf5::Result<()> {
        let selection = Selection::new(start..start + n_rows);
        let file_space = self.dataset.space()?.select(selection)?;
        let memory_space = Dataspace::try_new(n_rows)?;
        assert_eq!(bytes.len(), n_rows * self.memory_type.size(), "the buffer holds these rows");
        // SAFETY: all identifiers are alive for the call; the memory type has `row_bytes` bytes a
        // row and no variable-length member, and the buffer holds `n_rows` of them. The lock is
        // the one that serializes all calls into the library.
        let status = hdf5::sync::sync(|| unsafe {
            hdf5_sys::h5d::H5Dread(
                self.dataset.id(),
                self.memory_type.id(),
                memory_space.id(),
                file_space.id(),
                hdf5_sys::h5p::H5P_DEFAULT,
                bytes.as_mut_ptr().cast(),
            )
        });
        if status < 0 {
            Err("the rows cannot be read, the file may be damaged".into())
        } else {
            Ok(())
        }
    }

    /// An error about a value in this table.
    pub(crate) fn bad_value(
        &self,
        row: usize,
        column: &str,
        found: impl ToString,
        expected: impl Into<String>,
    ) -> Error {
        Error::BadValue {
            path: self.path.clone(),
            object: self.name.clone(),
            row: row as u64,
            column: column.into(),
            found: found.to_string(),
            expected: expected.into(),
        }
    }

    /// An error about a gid in this table.
    pub(crate) fn unknown_gid(&self, row: usize, gid: i64, expected: impl Into<String>) -> Error {
        Error::UnknownGid {
            path: self.path.clone(),
            object: self.name.clone(),
            row: row as u64,
            gid,
            expected: expected.into(),
        }
    }
}

/// HDF5 converts texts only within one character set.
fn memory_kind(kind: Kind, found: &TypeDescriptor) -> TypeDescriptor {
    match found {
        TypeDescriptor::FixedUnicode(_) => TypeDescriptor::FixedUnicode(TEXT_BYTES),
        _ => kind.memory_type(),
    }
}

/// Names and types of the columns of a one-dimensional compound dataset.
pub(crate) fn column_types(
    path: &Path,
    dataset: &hdf5::Dataset,
    name: &str,
) -> Result<Vec<(String, TypeDescriptor)>> {
    let descriptor = dataset
        .dtype()
        .and_then(|dtype| dtype.to_descriptor())
        .map_err(|e| Error::hdf5(path, name, "inspect", e))?;
    match descriptor {
        TypeDescriptor::Compound(compound) if dataset.ndim() == 1 => {
            Ok(compound.fields.into_iter().map(|field| (field.name, field.ty)).collect())
        }
        other => Err(Error::WrongType {
            path: path.to_owned(),
            object: name.to_owned(),
            found: format!("{other} with {} dimensions", dataset.ndim()),
            expected: "a table (compound rows, one dimension)".to_owned(),
        }),
    }
}

/// Rows read from a table.
pub(crate) struct Rows<'a> {
    table: &'a Table,
    start: usize,
    n_rows: usize,
    bytes: Vec<u8>,
}

impl Rows<'_> {
    /// Numbers of the rows in the table.
    pub(crate) fn numbers(&self) -> std::ops::Range<usize> {
        self.start..self.start + self.n_rows
    }

    /// Column `column` (in order of opening) of row `row` (numbered in the table), an integer.
    pub(crate) fn integer(&self, row: usize, column: usize) -> i64 {
        i64::from_ne_bytes(self.cell(row, column))
    }

    /// A finite floating-point number.
    pub(crate) fn float(&self, row: usize, column: usize) -> Result<f64> {
        let value = f64::from_ne_bytes(self.cell(row, column));
        if value.is_finite() {
            Ok(value)
        } else {
            Err(self.bad(row, column, value, "a finite number"))
        }
    }

    /// A gid or another number that is not negative.
    pub(crate) fn id(&self, row: usize, column: usize) -> Result<u64> {
        let value = self.integer(row, column);
        u64::try_from(value).map_err(|_| self.bad(row, column, value, "0 or more"))
    }

    /// A number that is not negative and fits 32 bits.
    pub(crate) fn index(&self, row: usize, column: usize) -> Result<u32> {
        let value = self.integer(row, column);
        u32::try_from(value).map_err(|_| self.bad(row, column, value, "0 to 4294967295"))
    }

    /// The bytes of a text, padded with NUL.
    pub(crate) fn text(&self, row: usize, column: usize) -> [u8; TEXT_BYTES] {
        self.cell(row, column)
    }

    /// An error about one cell.
    pub(crate) fn bad(
        &self,
        row: usize,
        column: usize,
        found: impl ToString,
        expected: impl Into<String>,
    ) -> Error {
        self.table.bad_value(row, &self.table.columns[column].0, found, expected)
    }

    fn cell<const N: usize>(&self, row: usize, column: usize) -> [u8; N] {
        let before: usize = self.table.columns[..column].iter().map(|(_, kind)| kind.bytes()).sum();
        let at = (row - self.start) * self.table.row_bytes + before;
        let mut cell = [0; N];
        cell.copy_from_slice(&self.bytes[at..at + N]);
        cell
    }
}
