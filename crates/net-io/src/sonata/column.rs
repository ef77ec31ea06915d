//! One-dimensional datasets, and columns of others, read by ranges of rows.

use std::ops::Range;
use std::path::{Path, PathBuf};

use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Group, H5Type};
use ndarray::s;

use crate::error::{Error, Result};
use crate::h5;

/// Rows that lie closer than this are read together: a read costs more than so many rows.
const GAP_ROWS: u64 = 4096;
/// Rows read at once, which bounds the memory of a read beside its result.
const BLOCK_ROWS: u64 = 1 << 18;
/// Longest text of fixed length.
const TEXT_BYTES: usize = 256;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Integers of any width and sign, read as `i64`.
    Integer,
    /// Floating-point numbers of any width, read as `f64`.
    Float,
    /// Text of variable or fixed length.
    Text,
}

/// A one-dimensional dataset of numbers or texts.
#[derive(Debug, Clone)]
pub struct ColumnReader {
    path: PathBuf,
    object: String,
    dataset: hdf5::Dataset,
    kind: ColumnKind,
    descriptor: TypeDescriptor,
    len: u64,
    /// Which column of a dataset of two dimensions.
    part: Option<usize>,
}

impl ColumnReader {
    /// Opens a dataset that must be there.
    pub(crate) fn open(path: &Path, parent: &Group, name: &str) -> Result<Self> {
        Self::open_part(path, parent, name, None)
    }

    /// Opens a dataset, or a column of one of two dimensions.
    pub(crate) fn open_part(
        path: &Path,
        parent: &Group,
        name: &str,
        part: Option<usize>,
    ) -> Result<Self> {
        let dataset = h5::dataset(path, parent, name, "a list of numbers or texts")?;
        let object = h5::child_name(parent, name);
        let descriptor = dataset
            .dtype()
            .and_then(|dtype| dtype.to_descriptor())
            .map_err(|e| Error::hdf5(path, &object, "inspect", e))?;
        use TypeDescriptor as TD;
        let kind = match &descriptor {
            TD::Integer(_) | TD::Unsigned(_) | TD::Boolean | TD::Enum(_) => ColumnKind::Integer,
            TD::Float(_) => ColumnKind::Float,
            TD::VarLenAscii | TD::VarLenUnicode => ColumnKind::Text,
            TD::FixedAscii(n) | TD::FixedUnicode(n) if *n <= TEXT_BYTES => ColumnKind::Text,
            other => return Err(wrong_type(path, object, other, &dataset)),
        };
        let shape = dataset.shape();
        let fits = match part {
            None => shape.len() == 1,
            Some(part) => shape.len() == 2 && part < shape[1],
        };
        if !fits {
            return Err(wrong_type(path, object, &descriptor, &dataset));
        }
        let len = shape[0] as u64;
        Ok(Self { path: path.to_owned(), object, dataset, kind, descriptor, len, part })
    }

    /// Number of rows.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What the rows are.
    pub fn kind(&self) -> ColumnKind {
        self.kind
    }

    /// Path of the dataset in its file.
    pub fn object(&self) -> &str {
        &self.object
    }

    /// Reads integers; the rows come in the order of `ranges`.
    ///
    /// # Errors
    /// [`Error::WrongType`] for a column of another kind, [`Error::BadValue`] for a range beyond
    /// the end, [`Error::Hdf5`] when the file cannot be read.
    pub fn integers(&self, ranges: &[Range<u64>]) -> Result<Vec<i64>> {
        if self.kind != ColumnKind::Integer {
            return Err(wrong_kind(self, "integers"));
        }
        match self.descriptor {
            TypeDescriptor::Boolean => {
                let values = self.gather(ranges, false, |rows| self.read_block::<bool>(rows))?;
                Ok(values.into_iter().map(i64::from).collect())
            }
            _ => self.gather(ranges, 0_i64, |rows| self.read_block(rows)),
        }
    }

    /// Reads numbers, integers converted; see [`integers`](Self::integers).
    pub fn numbers(&self, ranges: &[Range<u64>]) -> Result<Vec<f64>> {
        match self.kind {
            ColumnKind::Integer => {
                Ok(self.integers(ranges)?.into_iter().map(|value| value as f64).collect())
            }
            ColumnKind::Float => self.gather(ranges, 0.0_f64, |rows| self.read_block(rows)),
            ColumnKind::Text => Err(wrong_kind(self, "numbers")),
        }
    }

    /// Reads texts; see [`integers`](Self::integers).
    pub fn texts(&self, ranges: &[Range<u64>]) -> Result<Vec<String>> {
        use TypeDescriptor as TD;
        self.gather(ranges, String::new(), |rows| match self.descriptor {
            TD::VarLenUnicode => self.read_texts(rows, |t: VarLenUnicode| t.as_bytes().to_vec()),
            TD::VarLenAscii => self.read_texts(rows, |t: VarLenAscii| t.as_bytes().to_vec()),
            TD::FixedAscii(_) => {
                self.read_texts(rows, |t: FixedAscii<TEXT_BYTES>| t.as_bytes().to_vec())
            }
            TD::FixedUnicode(_) => {
                self.read_texts(rows, |t: FixedUnicode<TEXT_BYTES>| t.as_bytes().to_vec())
            }
            _ => Err(wrong_kind(self, "texts")),
        })
    }

    fn read_block<T: H5Type>(&self, rows: Range<u64>) -> Result<Vec<T>> {
        let rows = rows.start as usize..rows.end as usize;
        let read = match self.part {
            None => self.dataset.read_slice_1d(s![rows]),
            Some(part) => self.dataset.read_slice_1d(s![rows, part]),
        };
        read.map(|array| array.into_raw_vec_and_offset().0)
            .map_err(|e| Error::hdf5(&self.path, &self.object, "read", e))
    }

    /// Files in use have bytes that are not UTF-8 in text declared as ASCII.
    fn read_texts<T: H5Type>(
        &self,
        rows: Range<u64>,
        bytes: impl Fn(T) -> Vec<u8>,
    ) -> Result<Vec<String>> {
        let texts = self.read_block::<T>(rows)?;
        Ok(texts.into_iter().map(|t| String::from_utf8_lossy(&bytes(t)).into_owned()).collect())
    }

    /// Reads ranges in any order with few calls.
    fn gather<T: Clone>(
        &self,
        ranges: &[Range<u64>],
        blank: T,
        read: impl Fn(Range<u64>) -> Result<Vec<T>>,
    ) -> Result<Vec<T>> {
        gather_rows(&self.path, &self.object, self.len, ranges, 1, blank, read)
    }
}

/// Reads `ranges` of rows of `width` values each, in their order, by few bounded block reads.
pub(crate) fn gather_rows<T: Clone>(
    path: &Path,
    object: &str,
    len: u64,
    ranges: &[Range<u64>],
    width: usize,
    blank: T,
    read: impl Fn(Range<u64>) -> Result<Vec<T>>,
) -> Result<Vec<T>> {
    // (first row, rows, place in the result), pieces no longer than a block.
    let mut pieces: Vec<(u64, u64, usize)> = Vec::with_capacity(ranges.len());
    let mut n_rows = 0_usize;
    for range in ranges {
        if range.end > len || range.start > range.end {
            return Err(Error::BadValue {
                path: path.to_owned(),
                object: object.to_owned(),
                row: range.start,
                column: "rows".into(),
                found: format!("{}..{}", range.start, range.end),
                expected: format!("rows within 0..{len}"),
            });
        }
        let mut start = range.start;
        while start < range.end {
            let rows = (range.end - start).min(BLOCK_ROWS);
            pieces.push((start, rows, n_rows));
            n_rows += rows as usize;
            start += rows;
        }
    }
    let mut result = vec![blank; n_rows * width];
    pieces.sort_unstable();
    let mut at = 0;
    while at < pieces.len() {
        let start = pieces[at].0;
        let mut end = start + pieces[at].1;
        let mut next = at + 1;
        while next < pieces.len()
            && pieces[next].0 <= end + GAP_ROWS
            && pieces[next].0 + pieces[next].1 <= start + BLOCK_ROWS
        {
            end = end.max(pieces[next].0 + pieces[next].1);
            next += 1;
        }
        let block = read(start..end)?;
        for &(first, rows, place) in &pieces[at..next] {
            let (from, n) = ((first - start) as usize * width, rows as usize * width);
            result[place * width..place * width + n].clone_from_slice(&block[from..from + n]);
        }
        at = next;
    }
    Ok(result)
}

fn wrong_kind(column: &ColumnReader, expected: &str) -> Error {
    Error::WrongType {
        path: column.path.clone(),
        object: column.object.clone(),
        found: column.descriptor.to_string(),
        expected: expected.to_owned(),
    }
}

fn wrong_type(
    path: &Path,
    object: String,
    descriptor: &TypeDescriptor,
    dataset: &hdf5::Dataset,
) -> Error {
    Error::WrongType {
        path: path.to_owned(),
        object,
        found: format!("{descriptor} with {} dimensions", dataset.ndim()),
        expected: format!("numbers, or texts of at most {TEXT_BYTES} bytes, with 1 dimension"),
    }
}
