//! Whose samples the columns of a signal are.

use std::collections::BTreeMap;

use bytemuck::{Pod, Zeroable};

/// What a column of a signal belongs to.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
pub struct Column {
    /// The cell; [`Column::NO_CELL`] if it belongs to none.
    pub gid: u64,
    /// Segment of the cell.
    pub segment: u32,
    /// Which of several columns of the segment, from 0: an index into
    /// [`Signal::labels`](crate::store::Signal::labels), or the number of a synapse.
    pub label: u32,
}

impl Column {
    /// Stands for the cell of a column that belongs to a population or device.
    pub const NO_CELL: u64 = i64::MAX as u64;
}

/// Where in a cell a column was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Name of the section, as `dend[3]`.
    pub section: String,
    /// Fraction of its length, 0 to 1.
    pub arc: f64,
    /// Index of the section, the branch, in the morphology.
    pub branch: u32,
    /// Index of the segment, the point, in the section.
    pub point: u32,
}

/// The columns of a signal on one rank, and what is known of each.
///
/// ```
/// use net_io::store::{Column, Columns, Place};
///
/// let mut columns = Columns::default();
/// let place = Place { section: "dend[0]".to_owned(), arc: 0.5, branch: 1, point: 2 };
/// columns.push(Column { gid: 7, segment: 3, label: 0 }, Some(&place), None);
/// assert_eq!((columns.place(0), columns.source(0)), (Some(place), None));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Columns {
    columns: Vec<Column>,
    details: Vec<Detail>,
    sections: Vec<String>,
    section_of_name: BTreeMap<String, u32>,
}

/// What is known of a column, as it lies in a chunk.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub(crate) struct Detail {
    /// Index of the section's name, or [`NONE`].
    section: u32,
    branch: u32,
    point: u32,
    padding: u32,
    arc: f64,
    /// The source of a connection, or [`Column::NO_CELL`].
    source: u64,
}

const NONE: u32 = u32::MAX;

impl Columns {
    /// Adds a column, with its place if it has one, and the source cell of a connection.
    pub fn push(&mut self, column: Column, place: Option<&Place>, source: Option<u64>) {
        let section = place.map_or(NONE, |place| self.section(&place.section));
        let Place { arc, branch, point, .. } = place.cloned().unwrap_or(Place {
            section: String::new(),
            arc: 0.0,
            branch: 0,
            point: 0,
        });
        let source = source.unwrap_or(Column::NO_CELL);
        self.columns.push(column);
        self.details.push(Detail { section, branch, point, padding: 0, arc, source });
    }

    fn section(&mut self, name: &str) -> u32 {
        if let Some(&known) = self.section_of_name.get(name) {
            return known;
        }
        let index = self.sections.len() as u32;
        self.sections.push(name.to_owned());
        self.section_of_name.insert(name.to_owned(), index);
        index
    }

    /// Number of columns.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Where a column was recorded, if that is known.
    pub fn place(&self, at: usize) -> Option<Place> {
        let &Detail { section, branch, point, arc, .. } = self.details.get(at)?;
        let section = self.sections.get(section as usize)?.clone();
        Some(Place { section, arc, branch, point })
    }

    /// The source cell of the connection that a column belongs to, if it does.
    pub fn source(&self, at: usize) -> Option<u64> {
        let source = self.details.get(at)?.source;
        (source != Column::NO_CELL).then_some(source)
    }

    pub(crate) fn details(&self) -> &[Detail] {
        &self.details
    }

    pub(crate) fn sections(&self) -> &[String] {
        &self.sections
    }

    /// From what lies in a chunk; none if it does not fit together.
    pub(crate) fn from_stored(
        columns: Vec<Column>,
        details: Vec<Detail>,
        sections: Vec<String>,
    ) -> Option<Self> {
        let fits =
            |detail: &Detail| detail.section == NONE || (detail.section as usize) < sections.len();
        if columns.len() != details.len() || !details.iter().all(fits) {
            return None;
        }
        let section_of_name = sections.iter().cloned().zip(0..).collect();
        Some(Columns { columns, details, sections, section_of_name })
    }
}

impl From<Vec<Column>> for Columns {
    fn from(columns: Vec<Column>) -> Self {
        let mut all = Columns::default();
        columns.into_iter().for_each(|column| all.push(column, None, None));
        all
    }
}
