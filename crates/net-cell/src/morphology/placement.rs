//! Moving a divided morphology in space, and placing many copies of one.

use std::str::FromStr;

use super::error::MorphologyError;
use super::segmented::{SectionKind, SegmentedMorphology};

/// One of the three axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Axis {
    /// x.
    X,
    /// y.
    Y,
    /// z.
    Z,
}

impl Axis {
    fn index(self) -> usize {
        match self {
            Self::X => 0,
            Self::Y => 1,
            Self::Z => 2,
        }
    }
}

/// The order in which a [`Rotation`] turns about the axes; from text such as `xyz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RotationOrder([Axis; 3]);

impl Default for RotationOrder {
    /// x, then y, then z.
    fn default() -> Self {
        Self([Axis::X, Axis::Y, Axis::Z])
    }
}

impl FromStr for RotationOrder {
    type Err = MorphologyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let axis = |letter| match letter {
            'x' => Some(Axis::X),
            'y' => Some(Axis::Y),
            'z' => Some(Axis::Z),
            _ => None,
        };
        let axes: Option<Vec<Axis>> = text.chars().map(axis).collect();
        match axes.as_deref() {
            Some(&[a, b, c]) if a != b && b != c && a != c => Ok(Self([a, b, c])),
            _ => Err(MorphologyError::RotationOrder { found: text.into() }),
        }
    }
}

/// A right-handed rotation, one turn after the other about the fixed axes.
///
/// For the order `xyz` a vector `r` becomes `Rz Ry Rx r`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rotation {
    matrix: [[f64; 3]; 3],
}

impl Default for Rotation {
    /// No rotation.
    fn default() -> Self {
        Self { matrix: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]] }
    }
}

impl Rotation {
    /// Turns by the angles about x, y and z (rad), in `order`.
    pub fn new(angles_rad: [f64; 3], order: RotationOrder) -> Self {
        let mut rotation = Self::default();
        for axis in order.0 {
            let (sin, cos) = angles_rad[axis.index()].sin_cos();
            // The plane that turns: y towards z, z towards x, x towards y.
            let (a, b) = ((axis.index() + 1) % 3, (axis.index() + 2) % 3);
            for column in 0..3 {
                let (at_a, at_b) = (rotation.matrix[a][column], rotation.matrix[b][column]);
                rotation.matrix[a][column] = cos * at_a - sin * at_b;
                rotation.matrix[b][column] = sin * at_a + cos * at_b;
            }
        }
        rotation
    }

    /// The rotated vector.
    pub fn apply(&self, vector: [f64; 3]) -> [f64; 3] {
        self.matrix.map(|row| row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2])
    }
}

/// The place of one cell: its morphology rotated about its soma, which then is moved to a position.
///
/// It is a few numbers, so a network holds one [`SegmentedMorphology`] a template and computes the
/// points of a cell when they are asked for.
///
/// # Example
///
/// ```
/// use net_cell::morphology::{
///     Cable, CableProperties, Discretization, MorphologyBuilder, PlacedPoints, Placement, Rotation,
///     RotationOrder, SectionKind, SegmentPoints,
/// };
///
/// let mut builder = MorphologyBuilder::new();
/// builder.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0)?;
/// let template = builder.build()?.segmented(
///     &Discretization::FixedPerSection(1),
///     &Cable::Uniform(CableProperties::default()),
///     SegmentPoints::Exact,
/// )?;
/// let upright = Rotation::new([0.0, -std::f64::consts::FRAC_PI_2, 0.0], RotationOrder::default());
/// let placement = Placement::new(&template, [100.0, 0.0, -500.0], &upright);
/// let points = PlacedPoints::new(&template, &placement);
/// assert!((points.start_um[0][2] + 510.0).abs() < 1e-9);
/// assert!((points.end_um[0][2] + 490.0).abs() < 1e-9);
/// # Ok::<(), net_cell::morphology::MorphologyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    soma_um: [f64; 3],
    position_um: [f64; 3],
    rotation: Rotation,
}

impl Placement {
    /// Rotates `morphology` about its [`soma_position`](SegmentedMorphology::soma_position) and moves
    /// that to `position_um`.
    pub fn new(
        morphology: &SegmentedMorphology,
        position_um: [f64; 3],
        rotation: &Rotation,
    ) -> Self {
        Self { soma_um: morphology.soma_position(), position_um, rotation: *rotation }
    }

    /// Where a point of the morphology comes to lie, in um.
    pub fn apply(&self, point_um: [f64; 3]) -> [f64; 3] {
        let turned = self.rotation.apply(difference(point_um, self.soma_um));
        std::array::from_fn(|axis| turned[axis] + self.position_um[axis])
    }
}

/// Start and end points of all segments of a placed cell, in um, in segment order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlacedPoints {
    /// Start point (0-end side) x, y, z of every segment.
    pub start_um: Vec<[f64; 3]>,
    /// End point (1-end side) x, y, z of every segment.
    pub end_um: Vec<[f64; 3]>,
}

impl PlacedPoints {
    /// The points of `morphology` at `placement`.
    pub fn new(morphology: &SegmentedMorphology, placement: &Placement) -> Self {
        let mut points = Self::default();
        points.place(morphology, placement);
        points
    }

    /// Replaces the points by those of another cell; reuses the memory.
    pub fn place(&mut self, morphology: &SegmentedMorphology, placement: &Placement) {
        let place = |&point: &[f64; 3]| placement.apply(point);
        self.start_um.clear();
        self.start_um.extend(morphology.segments.start_um.iter().map(place));
        self.end_um.clear();
        self.end_um.extend(morphology.segments.end_um.iter().map(place));
    }

    /// Middle of a segment in um.
    pub fn midpoint(&self, segment: usize) -> [f64; 3] {
        middle(self.start_um[segment], self.end_um[segment])
    }

    /// Those of `segments` whose middle has `z_um.0 < z < z_um.1`.
    pub fn within_z(&self, segments: &[usize], z_um: (f64, f64)) -> Vec<usize> {
        let is_within = |&segment: &usize| {
            let z = self.midpoint(segment)[2];
            z_um.0 < z && z < z_um.1
        };
        segments.iter().copied().filter(is_within).collect()
    }
}

impl SegmentedMorphology {
    /// The point that stands for the cell's position: the mean of the midpoints of all soma
    /// segments, or the midpoint of the first segment if there is no soma. In um.
    pub fn soma_position(&self) -> [f64; 3] {
        let somas = self.sections.iter().filter(|section| section.kind == SectionKind::Soma);
        let mut segments: Vec<usize> = somas
            .flat_map(|section| section.first_segment..section.first_segment + section.n_segments)
            .collect();
        if segments.is_empty() && self.n_segments() > 0 {
            segments.push(0);
        }
        let n = segments.len().max(1) as f64;
        std::array::from_fn(|axis| {
            segments.iter().map(|&segment| self.midpoint(segment)[axis]).sum::<f64>() / n
        })
    }

    /// Middle of a segment in um: halfway between its start and end points.
    pub fn midpoint(&self, segment: usize) -> [f64; 3] {
        middle(self.segments.start_um[segment], self.segments.end_um[segment])
    }

    /// Moved so that the soma is at `position_um`.
    pub fn translated(self, position_um: [f64; 3]) -> Self {
        let by = difference(position_um, self.soma_position());
        self.map_points(|point| std::array::from_fn(|axis| point[axis] + by[axis]))
    }

    /// Rotated about the soma.
    pub fn rotated(self, rotation: &Rotation) -> Self {
        let placement = Placement::new(&self, self.soma_position(), rotation);
        self.map_points(|point| placement.apply(point))
    }

    /// Mirrored: the coordinate along `axis` changes its sign relative to the soma.
    pub fn mirrored(self, axis: Axis) -> Self {
        let mut factors = [1.0; 3];
        factors[axis.index()] = -1.0;
        self.scaled(factors)
    }

    /// Compressed along `axis` to `1 - factor` of its size and widened along the others to
    /// `1 + factor nu`, about the soma; `nu` is Poisson's ratio.
    ///
    /// Only start and end points and the segments' lengths, which become the distances between
    /// them, change; areas, diameters and resistances do not, so the cell computes the same.
    ///
    /// # Errors
    ///
    /// A factor that is not between -1 and 1.
    pub fn distorted(self, factor: f64, axis: Axis, nu: f64) -> Result<Self, MorphologyError> {
        if factor.is_nan() || factor.abs() >= 1.0 {
            return Err(MorphologyError::DistortionFactor { found: factor });
        }
        let mut factors = [1.0 + factor * nu; 3];
        factors[axis.index()] = 1.0 - factor;
        let mut distorted = self.scaled(factors);
        let segments = &mut distorted.segments;
        for (segment, length) in segments.length_um.iter_mut().enumerate() {
            let chord = difference(segments.end_um[segment], segments.start_um[segment]);
            *length = chord.iter().map(|part| part * part).sum::<f64>().sqrt();
        }
        Ok(distorted)
    }

    fn scaled(self, factors: [f64; 3]) -> Self {
        let soma = self.soma_position();
        self.map_points(|point| {
            std::array::from_fn(|axis| (point[axis] - soma[axis]) * factors[axis] + soma[axis])
        })
    }

    fn map_points(mut self, map: impl Fn([f64; 3]) -> [f64; 3]) -> Self {
        for point in self.segments.start_um.iter_mut().chain(&mut self.segments.end_um) {
            *point = map(*point);
        }
        self
    }
}

fn middle(start: [f64; 3], end: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|axis| 0.5 * (start[axis] + end[axis]))
}

fn difference(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|axis| a[axis] - b[axis])
}
