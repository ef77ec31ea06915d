//! Current source density: how much transmembrane current a volume holds.

use std::f64::consts::PI;

use ndarray::ArrayViewMut2;

use crate::error::{LfpError, Result};
use crate::geometry::{Geometry, check_length};
use crate::potential::check_positive;
use crate::probe::{Description, Probe};
use crate::vector::{Point, subtract};

/// The part of a segment, as positions 0..1 from its start, that is inside a volume.
#[derive(Debug, Clone, Copy)]
struct Clip {
    from: f64,
    to: f64,
}

impl Clip {
    const WHOLE: Clip = Clip { from: 0.0, to: 1.0 };
    const NOTHING: Clip = Clip { from: 1.0, to: 0.0 };

    fn and(self, other: Clip) -> Clip {
        Clip { from: self.from.max(other.from), to: self.to.min(other.to) }
    }

    fn fraction(self) -> f64 {
        (self.to - self.from).max(0.0)
    }

    /// What of the line from `start` by `chord` (along one axis) is in `[lower, upper)`. The open
    /// upper side matters only for a line that does not move along the axis.
    fn slab(start: f64, chord: f64, [lower, upper]: [f64; 2]) -> Clip {
        if chord.abs() < 1e-12 {
            let is_inside = lower <= start && start < upper;
            return if is_inside { Clip::WHOLE } else { Clip::NOTHING };
        }
        let (a, b) = ((lower - start) / chord, (upper - start) / chord);
        Clip { from: a.min(b), to: a.max(b) }
    }

    /// What of the line is within `radius` of the z axis.
    fn cylinder(start: Point, chord: Point, radius: f64) -> Clip {
        let a = chord[0] * chord[0] + chord[1] * chord[1];
        let b = start[0] * chord[0] + start[1] * chord[1];
        let c = start[0] * start[0] + start[1] * start[1] - radius * radius;
        if a < 1e-18 {
            return if c <= 0.0 { Clip::WHOLE } else { Clip::NOTHING };
        }
        let discriminant = b * b - a * c;
        if discriminant <= 0.0 {
            return Clip::NOTHING;
        }
        let root = discriminant.sqrt();
        Clip { from: (-b - root) / a, to: (-b + root) / a }
    }
}

/// Current source density in nA/um3 in cylinders about an axis parallel to z (LFPykit's
/// `LaminarCurrentSourceDensity`): the fraction of each segment's length inside a cylinder, over
/// the cylinder's volume.
///
/// The fraction is that of exact clipping, whatever way a segment crosses a cylinder; LFPykit drops
/// segments that cross with both ends outside and errs by up to half a segment's current at walls.
/// A segment of constant z on the edge between two cylinders belongs to the upper one.
#[derive(Debug, Clone, PartialEq)]
pub struct LaminarCurrentSourceDensity {
    /// Lower and upper z of every cylinder.
    pub z_um: Vec<[f64; 2]>,
    /// Radius of every cylinder.
    pub radius_um: Vec<f64>,
    /// x and y of the axis.
    pub axis_um: [f64; 2],
}

impl LaminarCurrentSourceDensity {
    fn volume_um3(&self, row: usize) -> f64 {
        let [lower, upper] = self.z_um[row];
        PI * self.radius_um[row] * self.radius_um[row] * (upper - lower)
    }
}

impl Probe for LaminarCurrentSourceDensity {
    fn class(&self) -> &'static str {
        "LaminarCurrentSourceDensity"
    }

    fn unit(&self) -> &'static str {
        "nA/um3"
    }

    fn n_rows(&self) -> usize {
        self.z_um.len()
    }

    fn validate(&self) -> Result<()> {
        if self.z_um.is_empty() {
            return Err(LfpError::NoVolumes);
        }
        check_length("radii of cylinders", self.radius_um.len(), self.z_um.len())?;
        self.radius_um.iter().try_for_each(|&radius| check_positive("radius_um", radius))?;
        for (volume, &[lower, upper]) in self.z_um.iter().enumerate() {
            check_edges("z", volume, lower, upper)?;
        }
        check_axis(self.axis_um)
    }

    fn describe(&self) -> Vec<(&'static str, Description)> {
        let edges = |at: usize| self.z_um.iter().map(|edges| edges[at]).collect();
        vec![
            ("z_lower_um", Description::Numbers(edges(0))),
            ("z_upper_um", Description::Numbers(edges(1))),
            ("radius_um", Description::Numbers(self.radius_um.clone())),
            ("axis_um", Description::Numbers(self.axis_um.to_vec())),
        ]
    }

    fn fill(&self, geometry: &Geometry, mut matrix: ArrayViewMut2<f64>) -> Result<usize> {
        self.validate()?;
        for (segment, mut column) in matrix.columns_mut().into_iter().enumerate() {
            let [x, y, z] = geometry.start_um(segment);
            let chord = subtract(geometry.end_um(segment), [x, y, z]);
            let start = [x - self.axis_um[0], y - self.axis_um[1], z];
            for (row, value) in column.iter_mut().enumerate() {
                let inside = Clip::WHOLE
                    .and(Clip::slab(z, chord[2], self.z_um[row]))
                    .and(Clip::cylinder(start, chord, self.radius_um[row]));
                *value = inside.fraction() / self.volume_um3(row);
            }
        }
        Ok(0)
    }
}

fn check_edges(axis: &'static str, volume: usize, lower: f64, upper: f64) -> Result<()> {
    if lower < upper && lower.is_finite() && upper.is_finite() {
        return Ok(());
    }
    Err(LfpError::Edges { axis, volume, lower_um: lower, upper_um: upper })
}

fn check_axis(axis_um: [f64; 2]) -> Result<()> {
    let found = axis_um.into_iter().find(|x| !x.is_finite());
    found.map_or(Ok(()), |found| {
        Err(LfpError::Parameter { name: "axis_um", found, allowed: "a finite number" })
    })
}

/// How the fraction of a segment in a box is found.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BoxFraction {
    /// Exactly, by clipping.
    #[default]
    Exact,
    /// By the middles of equal pieces of at most `step_um`, as LFPykit does.
    Points {
        /// Largest length of a piece.
        step_um: f64,
    },
}

/// Current source density in nA/um3 in the boxes of a grid (LFPykit's
/// `VolumetricCurrentSourceDensity`): the fraction of each segment's length inside a box, over the
/// box's volume. Rows are boxes, z running fastest.
///
/// LFPykit does not divide by the volume: set
/// [`divide_by_volume`](Self::divide_by_volume) to false for its values, which are in nA.
/// A box has its lower faces; the last box along an axis has its upper face too.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumetricCurrentSourceDensity {
    /// Ascending edges of the boxes along x.
    pub x_um: Vec<f64>,
    /// Ascending edges of the boxes along y.
    pub y_um: Vec<f64>,
    /// Ascending edges of the boxes along z.
    pub z_um: Vec<f64>,
    /// How fractions are found.
    pub fraction: BoxFraction,
    /// A density in nA/um3 instead of currents in nA.
    pub divide_by_volume: bool,
}

impl VolumetricCurrentSourceDensity {
    fn edges(&self) -> [&[f64]; 3] {
        [&self.x_um, &self.y_um, &self.z_um]
    }

    /// Number of boxes along x, y and z.
    pub fn shape(&self) -> [usize; 3] {
        self.edges().map(|edges| edges.len().saturating_sub(1))
    }

    /// Calls `visit` with the row of each box that holds some of the segment, and the fraction.
    fn clip(&self, start: Point, chord: Point, mut visit: impl FnMut([usize; 3], f64)) {
        // The boxes that the segment may touch, and what of it is between their faces.
        let along: [Vec<(usize, Clip)>; 3] = std::array::from_fn(|axis| {
            let edges = self.edges()[axis];
            let (low, high) = (start[axis], start[axis] + chord[axis]);
            let is_last = |i: usize| i + 2 == edges.len();
            let slabs = edges.windows(2).enumerate().map(|(i, edge)| {
                let upper = if is_last(i) { edge[1].next_up() } else { edge[1] };
                (i, edge, Clip::slab(start[axis], chord[axis], [edge[0], upper]))
            });
            let touched =
                slabs.filter(|(_, edge, _)| edge[0] <= low.max(high) && low.min(high) <= edge[1]);
            touched.map(|(i, _, clip)| (i, Clip::WHOLE.and(clip))).collect()
        });
        for &(i, x) in &along[0] {
            for &(j, y) in &along[1] {
                for &(k, z) in &along[2] {
                    visit([i, j, k], x.and(y).and(z).fraction());
                }
            }
        }
    }

    /// The same by points.
    fn count(
        &self,
        start: Point,
        chord: Point,
        step_um: f64,
        mut visit: impl FnMut([usize; 3], f64),
    ) {
        // A segment without length has its current at its point.
        let n_points = (crate::vector::norm(chord) / step_um).ceil().max(1.0);
        let box_of = |point: Point| {
            let mut at = [0; 3];
            for (axis, edges) in self.edges().into_iter().enumerate() {
                let n_below = edges.partition_point(|&edge| edge <= point[axis]);
                let is_at_end = point[axis] == edges[edges.len() - 1];
                at[axis] = n_below.checked_sub(1 + usize::from(is_at_end))?;
                if at[axis] + 1 >= edges.len() {
                    return None;
                }
            }
            Some(at)
        };
        for i in 0..n_points as u64 {
            let part = (i as f64 + 0.5) / n_points;
            let point = std::array::from_fn(|axis| start[axis] + part * chord[axis]);
            if let Some(at) = box_of(point) {
                visit(at, 1.0 / n_points);
            }
        }
    }
}

impl Probe for VolumetricCurrentSourceDensity {
    fn class(&self) -> &'static str {
        "VolumetricCurrentSourceDensity"
    }

    fn unit(&self) -> &'static str {
        if self.divide_by_volume { "nA/um3" } else { "nA" }
    }

    fn n_rows(&self) -> usize {
        self.shape().iter().product()
    }

    fn validate(&self) -> Result<()> {
        if self.n_rows() == 0 {
            return Err(LfpError::NoVolumes);
        }
        for (axis, edges) in ["x", "y", "z"].into_iter().zip(self.edges()) {
            for (volume, edge) in edges.windows(2).enumerate() {
                check_edges(axis, volume, edge[0], edge[1])?;
            }
        }
        match self.fraction {
            BoxFraction::Exact => Ok(()),
            BoxFraction::Points { step_um } => check_positive("step_um", step_um),
        }
    }

    fn describe(&self) -> Vec<(&'static str, Description)> {
        let names = ["x_edges_um", "y_edges_um", "z_edges_um"];
        let edges = self.edges().map(|edges| Description::Numbers(edges.to_vec()));
        names.into_iter().zip(edges).collect()
    }

    fn fill(&self, geometry: &Geometry, mut matrix: ArrayViewMut2<f64>) -> Result<usize> {
        self.validate()?;
        matrix.fill(0.0);
        let [_, ny, nz] = self.shape();
        let width = |axis: usize, i: usize| self.edges()[axis][i + 1] - self.edges()[axis][i];
        for (segment, mut column) in matrix.columns_mut().into_iter().enumerate() {
            let start = geometry.start_um(segment);
            let chord = subtract(geometry.end_um(segment), start);
            let add = |[i, j, k]: [usize; 3], fraction: f64| {
                let volume = width(0, i) * width(1, j) * width(2, k);
                column[(i * ny + j) * nz + k] +=
                    if self.divide_by_volume { fraction / volume } else { fraction };
            };
            match self.fraction {
                BoxFraction::Exact => self.clip(start, chord, add),
                BoxFraction::Points { step_um } => self.count(start, chord, step_um, add),
            }
        }
        Ok(0)
    }
}
