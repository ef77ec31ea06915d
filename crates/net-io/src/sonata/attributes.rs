//! Rows of nodes or edges: their types, their groups, and the attributes in these.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hdf5::Group;

use super::column::{ColumnKind, ColumnReader};
use super::{is_group, members};
use crate::error::{Error, Result};
use crate::h5;

/// One value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// The row's group has no such attribute.
    Missing,
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A text, looked up if the file stores indices into a library.
    Text(Arc<str>),
}

/// The attributes of a population's rows.
///
/// Attributes stand in groups `0`, `1`, ...; `*_group_id` and `*_group_index` say which row of
/// which group belongs to a node or edge. Without these two there is one group, row for row.
/// Attributes of the subgroup `dynamics_params` are named `dynamics_params/name`. BMTK's `positions`, three
/// numbers a row, are `x`, `y` and `z`; of others with more than one dimension nothing is read.
#[derive(Debug, Clone)]
pub struct AttributeTable {
    path: PathBuf,
    object: String,
    len: u64,
    type_ids: ColumnReader,
    membership: Option<[ColumnReader; 2]>,
    groups: BTreeMap<i64, GroupColumns>,
}

#[derive(Debug, Clone, Default)]
struct GroupColumns {
    columns: BTreeMap<String, ColumnReader>,
    libraries: BTreeMap<String, Arc<[Arc<str>]>>,
}

/// Rows of one group that were asked for, and where their values go.
struct GroupRows {
    group: i64,
    ranges: Vec<Range<u64>>,
    places: Vec<usize>,
}

impl AttributeTable {
    /// Opens the attributes in the population's group; `kind` is `node` or `edge`.
    pub(crate) fn open(path: &Path, population: &Group, kind: &str) -> Result<Self> {
        let type_ids = ColumnReader::open(path, population, &format!("{kind}_type_id"))?;
        let len = type_ids.len();
        let names = [format!("{kind}_group_id"), format!("{kind}_group_index")];
        let membership = match names.each_ref().map(|name| h5::link_exists(population, name)) {
            [false, false] => None,
            _ => Some([
                ColumnReader::open(path, population, &names[0])?,
                ColumnReader::open(path, population, &names[1])?,
            ]),
        };
        let mut groups = BTreeMap::new();
        for name in members(path, population)? {
            if let Ok(number) = name.parse::<i64>()
                && is_group(population, &name)
            {
                let group = h5::group(path, population, &name, "a group of attributes")?;
                groups.insert(number, GroupColumns::open(path, &group)?);
            }
        }
        let table = Self {
            path: path.to_owned(),
            object: population.name(),
            len,
            type_ids,
            membership,
            groups,
        };
        table.check_lengths()?;
        Ok(table)
    }

    /// Number of rows.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The type of each row, the key of the types table; -1 for rows without one.
    pub fn type_ids(&self, ranges: &[Range<u64>]) -> Result<Vec<i64>> {
        self.type_ids.integers(ranges)
    }

    /// Names of the groups.
    pub fn groups(&self) -> impl Iterator<Item = i64> {
        self.groups.keys().copied()
    }

    /// All attributes of any group.
    pub fn names(&self) -> BTreeSet<&str> {
        self.groups.values().flat_map(|group| group.columns.keys().map(String::as_str)).collect()
    }

    /// Whether every group has the attribute (false without groups).
    pub fn has_everywhere(&self, attribute: &str) -> bool {
        !self.groups.is_empty()
            && self.groups.values().all(|group| group.columns.contains_key(attribute))
    }

    /// Whether some group has the attribute.
    pub fn has(&self, attribute: &str) -> bool {
        self.groups.values().any(|group| group.columns.contains_key(attribute))
    }

    /// Whether an attribute is text, directly or through a library.
    pub fn is_text(&self, attribute: &str) -> bool {
        self.groups.values().any(|group| {
            group.libraries.contains_key(attribute)
                || group.columns.get(attribute).is_some_and(|c| c.kind() == ColumnKind::Text)
        })
    }

    /// Whether an attribute is stored as floating-point numbers.
    pub fn is_float(&self, attribute: &str) -> bool {
        self.groups.values().any(|group| {
            group.columns.get(attribute).is_some_and(|c| c.kind() == ColumnKind::Float)
        })
    }

    /// The values of an attribute for rows, in the order of `ranges`.
    ///
    /// # Errors
    /// As [`ColumnReader::integers`], and [`Error::BadValue`] for an index beyond its library.
    pub fn values(&self, attribute: &str, ranges: &[Range<u64>]) -> Result<Vec<Value>> {
        let mut result = vec![Value::Missing; count(ranges)];
        for part in self.split(ranges)? {
            let group = &self.groups[&part.group];
            let Some(column) = group.columns.get(attribute) else { continue };
            let values: Vec<Value> = if let Some(library) = group.libraries.get(attribute) {
                self.look_up(column, library, &part.ranges)?
            } else {
                match column.kind() {
                    ColumnKind::Integer => {
                        column.integers(&part.ranges)?.into_iter().map(Value::Integer).collect()
                    }
                    ColumnKind::Float => {
                        column.numbers(&part.ranges)?.into_iter().map(Value::Float).collect()
                    }
                    ColumnKind::Text => {
                        let texts = column.texts(&part.ranges)?;
                        texts.into_iter().map(|text| Value::Text(text.into())).collect()
                    }
                }
            };
            for (place, value) in part.places.into_iter().zip(values) {
                result[place] = value;
            }
        }
        Ok(result)
    }

    /// The values of a numeric attribute; NaN where the row's group has none. `None` if no group
    /// has it.
    pub fn numbers(&self, attribute: &str, ranges: &[Range<u64>]) -> Result<Option<Vec<f64>>> {
        if !self.has(attribute) {
            return Ok(None);
        }
        if self.membership.is_none()
            && let Some(column) = self.groups.get(&0).and_then(|g| g.columns.get(attribute))
        {
            return column.numbers(ranges).map(Some);
        }
        let mut result = vec![f64::NAN; count(ranges)];
        for part in self.split(ranges)? {
            let Some(column) = self.groups[&part.group].columns.get(attribute) else { continue };
            for (place, value) in part.places.into_iter().zip(column.numbers(&part.ranges)?) {
                result[place] = value;
            }
        }
        Ok(Some(result))
    }

    fn look_up(
        &self,
        column: &ColumnReader,
        library: &[Arc<str>],
        ranges: &[Range<u64>],
    ) -> Result<Vec<Value>> {
        let rows = ranges.iter().cloned().flatten();
        column
            .integers(ranges)?
            .into_iter()
            .zip(rows)
            .map(|(index, row)| {
                usize::try_from(index)
                    .ok()
                    .and_then(|index| library.get(index))
                    .map(|text| Value::Text(text.clone()))
                    .ok_or_else(|| self.bad_value(column.object(), row, index, library.len()))
            })
            .collect()
    }

    /// Sorts rows by group, runs of consecutive rows joined.
    fn split(&self, ranges: &[Range<u64>]) -> Result<Vec<GroupRows>> {
        let Some([ids, indices]) = &self.membership else {
            let group = GroupRows {
                group: 0,
                ranges: ranges.to_vec(),
                places: (0..count(ranges)).collect(),
            };
            return Ok(if self.groups.contains_key(&0) { vec![group] } else { Vec::new() });
        };
        let ids_read = ids.integers(ranges)?;
        let indices_read = indices.integers(ranges)?;
        let mut parts: BTreeMap<i64, GroupRows> = BTreeMap::new();
        for (place, (&group, &index)) in ids_read.iter().zip(&indices_read).enumerate() {
            // A group without attributes need not exist.
            if !self.groups.contains_key(&group) {
                continue;
            }
            let Ok(index) = u64::try_from(index) else {
                return Err(self.bad_value(indices.object(), place as u64, index, usize::MAX));
            };
            let part = parts.entry(group).or_insert_with(|| GroupRows {
                group,
                ranges: Vec::new(),
                places: Vec::new(),
            });
            part.places.push(place);
            match part.ranges.last_mut() {
                Some(last) if last.end == index => last.end += 1,
                _ => part.ranges.push(index..index + 1),
            }
        }
        Ok(parts.into_values().collect())
    }

    fn check_lengths(&self) -> Result<()> {
        let membership = self.membership.iter().flatten();
        let of_rows = membership.map(|column| (column, self.len));
        let direct = self.membership.is_none().then(|| self.groups.get(&0)).flatten();
        let of_group = direct.into_iter().flat_map(|group| group.columns.values());
        for (column, expected) in of_rows.chain(of_group.map(|column| (column, self.len))) {
            if column.len() != expected {
                return Err(Error::WrongType {
                    path: self.path.clone(),
                    object: column.object().to_owned(),
                    found: format!("{} rows", column.len()),
                    expected: format!(
                        "{expected} rows, as many as {} has in `{}`",
                        self.object,
                        self.type_ids.object()
                    ),
                });
            }
        }
        Ok(())
    }

    fn bad_value(&self, object: &str, row: u64, found: i64, len: usize) -> Error {
        Error::BadValue {
            path: self.path.clone(),
            object: object.to_owned(),
            row,
            column: "index".into(),
            found: found.to_string(),
            expected: if len == usize::MAX {
                "0 or more".to_owned()
            } else {
                format!("an index into a library of {len} texts")
            },
        }
    }
}

impl GroupColumns {
    fn open(path: &Path, group: &Group) -> Result<Self> {
        let mut result = Self::default();
        for name in members(path, group)? {
            match name.as_str() {
                "@library" => {
                    let library = h5::group(path, group, &name, "a group of text lists")?;
                    for attribute in members(path, &library)? {
                        let column = ColumnReader::open(path, &library, &attribute)?;
                        let rows = 0..column.len();
                        let texts = column.texts(std::slice::from_ref(&rows))?;
                        result
                            .libraries
                            .insert(attribute, texts.into_iter().map(Arc::from).collect());
                    }
                }
                "dynamics_params" if is_group(group, &name) => {
                    let dynamics = h5::group(path, group, &name, "a group of attributes")?;
                    for attribute in members(path, &dynamics)? {
                        // Lists for one node (receptor parameters) are not attributes of ours.
                        if dynamics.dataset(&attribute).is_ok_and(|d| d.ndim() == 1) {
                            let column = ColumnReader::open(path, &dynamics, &attribute)?;
                            result.columns.insert(format!("dynamics_params/{attribute}"), column);
                        }
                    }
                }
                _ if is_group(group, &name) => {}
                _ if group.dataset(&name).is_ok_and(|d| d.ndim() > 1) => {
                    if matches!(name.as_str(), "positions" | "position") {
                        for (part, axis) in ["x", "y", "z"].into_iter().enumerate() {
                            let column = ColumnReader::open_part(path, group, &name, Some(part))?;
                            result.columns.insert(axis.to_owned(), column);
                        }
                    }
                }
                _ => {
                    let column = ColumnReader::open(path, group, &name)?;
                    result.columns.insert(name, column);
                }
            }
        }
        Ok(result)
    }
}

fn count(ranges: &[Range<u64>]) -> usize {
    ranges.iter().map(|range| range.end.saturating_sub(range.start) as usize).sum()
}
