//! Everything that can be wrong with a probe, a table of contacts or a sum.

use std::path::PathBuf;

/// Result of this crate's functions.
pub type Result<T> = std::result::Result<T, LfpError>;

/// An error about a probe, its cells or its sums.
#[derive(Debug, thiserror::Error)]
pub enum LfpError {
    /// A geometry is empty.
    #[error("the geometry has no segments; a probe needs a cell with at least one")]
    NoSegments,
    /// An electrode is empty.
    #[error("the probe has no contacts; give at least one position")]
    NoContacts,
    /// An arrangement of contacts is beyond what a probe can have.
    #[error("a layout of {found} contacts; expected at most {most}")]
    TooManyContacts {
        /// Contacts asked for; the largest number there is where their product is beyond it.
        found: usize,
        /// What is allowed.
        most: usize,
    },
    /// A probe of densities is empty.
    #[error("the probe has no volumes; give at least two edges along each axis")]
    NoVolumes,
    /// Lists that belong together differ in length.
    #[error("number of {what}: found {found}, expected {expected}")]
    Length {
        /// What is counted.
        what: &'static str,
        /// Entries found.
        found: usize,
        /// Entries expected.
        expected: usize,
    },
    /// A point has a coordinate that is NaN or infinite.
    #[error("{what} {index} is at {found:?}, expected finite numbers")]
    NotFinite {
        /// What the point is.
        what: &'static str,
        /// Its index.
        index: usize,
        /// The coordinates.
        found: [f64; 3],
    },
    /// A diameter is not a positive number.
    #[error("diameter of segment {segment} is {found} um, expected a positive finite number")]
    Diameter {
        /// Index of the segment.
        segment: usize,
        /// The value.
        found: f64,
    },
    /// A parent does not precede its child.
    #[error("parent of segment {segment} is {parent}, expected a segment before it")]
    ParentOrder {
        /// Index of the child.
        segment: usize,
        /// Index of the parent.
        parent: usize,
    },
    /// A tree is needed and was not given.
    #[error("a dipole a segment needs the tree of the cell; give it with `Geometry::with_parents`")]
    NoParents,
    /// A number is outside its range.
    #[error("{name} is {found}, expected {allowed}")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// The value.
        found: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// An entry of a matrix is NaN or infinite.
    #[error("matrix entry in row {row}, column {segment} is {found}, expected a finite number")]
    MatrixValue {
        /// Row.
        row: usize,
        /// Column.
        segment: usize,
        /// The value.
        found: f64,
    },
    /// Matrices a cell are none.
    #[error("there is no matrix of any cell; give at least one")]
    NoMatrices,
    /// A cell's matrix is not possible.
    #[error("matrix of the cell with gid {gid}: {source}")]
    MatrixOfCell {
        /// The cell.
        gid: u64,
        /// What is wrong.
        source: Box<LfpError>,
    },
    /// A cell has no matrix.
    #[error(
        "there is no matrix for the cell with gid {gid}; give one, or say that cells without a \
         matrix measure nothing"
    )]
    NoMatrixOfCell {
        /// The cell.
        gid: u64,
    },
    /// A cell must be known and is not.
    #[error("a matrix a cell needs the gid of the cell; give it with `Geometry::with_cell`")]
    NoCell,
    /// A direction is zero or not finite.
    #[error("direction {found:?} is no direction; expected finite numbers, not all zero")]
    Direction {
        /// The vector.
        found: [f64; 3],
    },
    /// A normal is zero.
    #[error("normal of contact {contact} is zero; give the direction that its surface faces")]
    ZeroNormal {
        /// Index of the contact.
        contact: usize,
    },
    /// A contact that is a surface has no points.
    #[error("contact {contact} has no points to average over; give at least one a contact")]
    NoPoints {
        /// Index of the contact.
        contact: usize,
    },
    /// A segment that should be a point does not exist.
    #[error("segment {root} should be a point source, but the cell has {n_segments} segments")]
    NoSuchRoot {
        /// The index given.
        root: usize,
        /// Number of segments of the cell.
        n_segments: usize,
    },
    /// A segment ends outside the slice.
    #[error(
        "segment {segment} has an end at z = {z_um} um, outside the slice from {} to {} um; move or \
         squeeze the cell, or make the slice thicker", slice_um[0], slice_um[1]
    )]
    SegmentOutsideSlice {
        /// Index of the segment.
        segment: usize,
        /// z of its end, after squeezing.
        z_um: f64,
        /// Lower and upper z of the slice.
        slice_um: [f64; 2],
    },
    /// A contact is outside the slice.
    #[error(
        "contact {contact} is at z = {z_um} um, outside the slice from {} to {} um",
        slice_um[0], slice_um[1]
    )]
    ContactOutsideSlice {
        /// Index of the contact.
        contact: usize,
        /// z of the contact or one of its points.
        z_um: f64,
        /// Lower and upper z of the slice.
        slice_um: [f64; 2],
    },
    /// The line-source formula needs contacts on the glass.
    #[error(
        "contact {contact} is at z = {z_um} um, but line sources in a slice need contacts on the \
         glass at {z_shift_um} um; use point sources"
    )]
    LinesOffGlass {
        /// Index of the contact.
        contact: usize,
        /// z of the contact or one of its points.
        z_um: f64,
        /// z of the glass.
        z_shift_um: f64,
    },
    /// The line-source formula needs insulating glass.
    #[error(
        "line sources in a slice need glass that insulates, but its conductivity is {sigma_glass} \
         S/m; use point sources"
    )]
    LinesOnConductingGlass {
        /// Conductivity of the glass in S/m.
        sigma_glass: f64,
    },
    /// A segment is not inside the sphere.
    #[error(
        "segment {segment} is {distance_um} um from the center of the sphere, expected less than \
         its radius of {radius_um} um"
    )]
    SourceOutsideSphere {
        /// Index of the segment.
        segment: usize,
        /// Distance of its middle from the center.
        distance_um: f64,
        /// Radius of the sphere.
        radius_um: f64,
    },
    /// Edges of a volume are not ascending.
    #[error(
        "{axis} of volume {volume} goes from {lower_um} to {upper_um} um, expected ascending finite numbers"
    )]
    Edges {
        /// The axis.
        axis: &'static str,
        /// Index of the volume along it.
        volume: usize,
        /// Lower edge.
        lower_um: f64,
        /// Upper edge.
        upper_um: f64,
    },
    /// A matrix is no rotation.
    #[error(
        "rotation of the head frame: the product of rows {} and {} is {found}, expected {expected}",
        rows[0], rows[1]
    )]
    NotARotation {
        /// The rows.
        rows: [usize; 2],
        /// Their scalar product.
        found: f64,
        /// 1 for a row with itself, else 0.
        expected: f64,
    },
    /// Radii of spheres are not ascending.
    #[error("radii of the head are {found_um:?} um, expected each larger than the one before")]
    RadiiNotIncreasing {
        /// The radii.
        found_um: [f64; 4],
    },
    /// An electrode is outside the head.
    #[error(
        "electrode {electrode} is {radius_um} um from the center, outside the head of {head_um} um"
    )]
    ElectrodeOutsideHead {
        /// Index of the electrode.
        electrode: usize,
        /// Its distance from the center.
        radius_um: f64,
        /// Radius of the head.
        head_um: f64,
    },
    /// An electrode is not farther from the center than the dipole.
    #[error(
        "electrode {electrode} is {radius_um} um from the center, expected more than the dipole's \
         {dipole_radius_um} um"
    )]
    ElectrodeTooDeep {
        /// Index of the electrode.
        electrode: usize,
        /// Its distance from the center.
        radius_um: f64,
        /// The dipole's distance from the center.
        dipole_radius_um: f64,
    },
    /// A magnetic sensor is not farther from the center than the dipole.
    #[error(
        "sensor {sensor} is {radius_um} um from the center, expected more than the dipole's \
         {dipole_radius_um} um"
    )]
    SensorTooDeep {
        /// Index of the sensor.
        sensor: usize,
        /// Its distance from the center.
        radius_um: f64,
        /// The dipole's distance from the center.
        dipole_radius_um: f64,
    },
    /// A dipole is outside the brain.
    #[error("the dipole is {distance_um} um from the center, outside the brain of {brain_um} um")]
    DipoleOutsideBrain {
        /// Its distance from the center.
        distance_um: f64,
        /// Radius of the brain.
        brain_um: f64,
    },
    /// A dipole has no radial direction.
    #[error("the dipole is at the center of the head, where no direction is radial; move it")]
    DipoleAtCenter,
    /// A measurement at the place of a dipole.
    #[error("electrode or sensor {electrode} is at the dipole's place {dipole_um:?} um; move it")]
    AtDipole {
        /// Index of the electrode or sensor.
        electrode: usize,
        /// The dipole's place.
        dipole_um: [f64; 3],
    },
    /// The series of the head model does not end.
    #[error(
        "the potential at electrode {electrode} ({radius_um} um from the center) does not converge \
         for a dipole at {dipole_radius_um} um; move them apart"
    )]
    NotConverged {
        /// Index of the electrode.
        electrode: usize,
        /// Its distance from the center.
        radius_um: f64,
        /// The dipole's distance from the center.
        dipole_radius_um: f64,
    },
    /// No vertex of a cortex is near.
    #[error(
        "position {position_mm:?} mm is {distance_mm} mm from the nearest vertex of the cortex that \
         has a lead field, expected at most 2"
    )]
    FarFromCortex {
        /// The position.
        position_mm: [f64; 3],
        /// Distance to the nearest vertex.
        distance_mm: f64,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The contacts of a file are no contacts of an electrode.
    #[error("{}: {source}", path.display())]
    ContactsOf {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        source: Box<LfpError>,
    },
    /// A JSON file has another content.
    #[error("{}: {source}; expected a list of contacts or a layout", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why parsing stopped.
        source: serde_json::Error,
    },
    /// A table of contacts lacks a column.
    #[error("{}: column `{column}` is missing; found: {found}", path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// Name of the column.
        column: &'static str,
        /// The header.
        found: String,
    },
    /// A table of contacts has a column more than once.
    #[error("{}: column `{column}` is there more than once; found: {found}", path.display())]
    ColumnTwice {
        /// The file.
        path: PathBuf,
        /// Name of the column.
        column: &'static str,
        /// The header.
        found: String,
    },
    /// A line of a table has too many or too few fields.
    #[error("{}: line {line} has {found} fields, expected {expected} as in the header", path.display())]
    FieldCount {
        /// The file.
        path: PathBuf,
        /// Number of the line.
        line: usize,
        /// Fields found.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// A field of a table is no number, or not a finite one.
    #[error(
        "{}: line {line}, column `{column}`: found `{found}`, expected a finite number", path.display()
    )]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// Number of the line.
        line: usize,
        /// Name of the column.
        column: String,
        /// The text.
        found: String,
    },
    /// A contact has only part of a normal, or only some contacts have one.
    #[error("{}: contact {contact} lacks a part of its normal nx, ny, nz; give all or none", path.display())]
    PartialNormal {
        /// The file.
        path: PathBuf,
        /// Index of the contact.
        contact: usize,
    },
    /// The bound that a sum's unit is made from is not a positive number.
    #[error("bound of row {row} is {found}, expected a finite number of at least 0")]
    Bound {
        /// The row.
        row: usize,
        /// The value.
        found: f64,
    },
    /// A contribution to a sum is NaN, infinite or larger than its unit allows.
    #[error(
        "a contribution to row {row} of a signal is not finite or larger than {limit}, the largest \
         that its exact sum can hold (17 mA through every segment of a cell); look for a cell whose \
         currents diverge, or a voltage clamp with a very large gain"
    )]
    OutOfRange {
        /// The row.
        row: usize,
        /// The largest allowed.
        limit: f64,
    },
    /// The sum of the largest contributions may leave the range of a sum.
    #[error(
        "contributions to row {row} of a signal may add up to more than {limit}, which its exact sum can hold"
    )]
    SumOverflow {
        /// The row.
        row: usize,
        /// The largest allowed.
        limit: f64,
    },
    /// Sums that should be added are in different units or have different shapes.
    #[error("sums of different shape or unit cannot be added; make them from the same bounds")]
    DifferentSums,
}
