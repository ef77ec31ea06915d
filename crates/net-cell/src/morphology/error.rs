//! What can be wrong with a morphology: its file, its sections, its division into segments.

use std::path::PathBuf;

/// Why a morphology could not be read, built or divided into segments.
#[derive(Debug, thiserror::Error)]
pub enum MorphologyError {
    /// A section whose parent is to be removed.
    #[error("section {name} hangs on a section that is to be removed, expected its parent to stay")]
    LosesParent {
        /// The section.
        name: String,
    },
    /// The file could not be opened or read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The extension of the file name names no format that is read here.
    #[error("{}: unknown morphology format, found extension {found:?}, expected .swc or .asc", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// The extension, empty if there is none.
        found: String,
    },
    /// The file holds no point at all.
    #[error("{}: no morphology in the file, found no point, expected at least one", path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// A line of an SWC file has too few or too many columns.
    #[error("{}:{line}: found {found} columns, expected 7: id type x y z radius parent", path.display())]
    ColumnCount {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Columns before a trailing comment.
        found: usize,
    },
    /// A column of an SWC file is not the number it should be.
    #[error("{}:{line}: column {column}: found {found:?}, expected {expected}", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Name of the column.
        column: &'static str,
        /// The text.
        found: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A radius (SWC) or diameter (ASC) that is zero or negative.
    #[error("{}:{line}: found a {what} of {found}, expected more than 0 um", path.display())]
    Thickness {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// `radius` or `diameter`.
        what: &'static str,
        /// The value in um.
        found: f64,
    },
    /// Two points of an SWC file have one id.
    #[error("{}:{line}: found id {id} again, expected every id once (first on line {first_line})", path.display())]
    DuplicateId {
        /// The file.
        path: PathBuf,
        /// Line of the second, from 1.
        line: usize,
        /// The id.
        id: i64,
        /// Line of the first, from 1.
        first_line: usize,
    },
    /// A parent that is no point of the file.
    #[error("{}:{line}: found parent {parent} of point {id}, expected the id of a point in the file or -1", path.display())]
    UnknownParent {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The point.
        id: i64,
        /// Its parent.
        parent: i64,
    },
    /// Points whose parents lead back to themselves.
    #[error("{}:{line}: found a cycle, point {id} is its own ancestor, expected a tree", path.display())]
    Cycle {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// A point of the cycle.
        id: i64,
    },
    /// More than one tree: a cell is one, and where the pieces belong is not ours to guess.
    #[error(
        "{}:{line}: found a second root, expected one tree (first root on line {first_line}); \
         join the pieces or split the file", path.display()
    )]
    SeveralRoots {
        /// The file.
        path: PathBuf,
        /// Line of the second root, from 1.
        line: usize,
        /// Line of the first root, from 1.
        first_line: usize,
    },
    /// The text of an ASC file breaks its grammar.
    #[error("{}:{line}: found {found}, expected {expected}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What stands there.
        found: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A cell body contour of an ASC file with no area, so without axes.
    #[error("{}:{line}: found a cell body contour of points on one line or perpendicular to the xy plane, expected an outline", path.display())]
    FlatContour {
        /// The file.
        path: PathBuf,
        /// First line of the contour, from 1.
        line: usize,
    },
    /// A section that came from a file is not valid.
    #[error("{}:{line}: {source}", path.display())]
    InFile {
        /// The file.
        path: PathBuf,
        /// Line where the section starts, from 1.
        line: usize,
        /// What is wrong with the section.
        source: Box<MorphologyError>,
    },
    /// A morphology without sections.
    #[error("found a morphology without sections, expected at least one")]
    NoSections,
    /// Two sections of one name.
    #[error("section {name}: found the name twice, expected unique names")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A second section without a parent.
    #[error("section {name}: found no parent, expected one: {root} is the root already")]
    SecondRoot {
        /// The section.
        name: String,
        /// The root.
        root: String,
    },
    /// A parent that has not been added before its child.
    #[error(
        "section {name}: found parent {parent}, expected the index of an earlier section, below {n_sections}"
    )]
    UnknownParentSection {
        /// The section.
        name: String,
        /// Index of the parent.
        parent: usize,
        /// Sections so far.
        n_sections: usize,
    },
    /// A number of a section is out of its range.
    #[error("section {name}: found {quantity} of {found}, expected {expected}")]
    SectionValue {
        /// The section.
        name: String,
        /// What the number is.
        quantity: &'static str,
        /// The number.
        found: f64,
        /// Its range.
        expected: &'static str,
    },
    /// A parameter of the discretisation is out of its range.
    #[error("{parameter}: found {found}, expected a finite number above 0")]
    Parameter {
        /// Name of the parameter.
        parameter: &'static str,
        /// Its value.
        found: f64,
    },
    /// A list with one entry a section has the wrong length.
    #[error("{what}: found {found} entries, expected one a section, {expected}")]
    PerSection {
        /// What the list is.
        what: &'static str,
        /// Its length.
        found: usize,
        /// Number of sections.
        expected: usize,
    },
    /// A text that is no order of the three axes.
    #[error(
        "rotation order: found {found:?}, expected the letters x, y and z once each, as in xyz"
    )]
    RotationOrder {
        /// The text.
        found: String,
    },
    /// A factor of a distortion is out of its range.
    #[error("distortion factor: found {found}, expected a number between -1 and 1, both excluded")]
    DistortionFactor {
        /// The factor.
        found: f64,
    },
}
