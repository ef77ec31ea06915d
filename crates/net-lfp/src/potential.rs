//! Potentials of point and line sources in an infinite medium, the bricks of all electrodes.

use std::f64::consts::PI;

use crate::error::{LfpError, Result};
use crate::geometry::Geometry;
use crate::vector::{Point, add, dot, norm, scale, subtract};

/// Conductivity of a medium in S/m.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum Conductivity {
    /// The same in all directions.
    Isotropic(f64),
    /// Along x, y and z.
    Anisotropic([f64; 3]),
}

impl Default for Conductivity {
    /// 0.3 S/m, as LFPykit.
    fn default() -> Self {
        Self::Isotropic(0.3)
    }
}

impl Conductivity {
    /// Checks that every conductivity is positive and finite.
    ///
    /// # Errors
    /// The first that is not.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Isotropic(sigma) => check_positive("sigma", *sigma),
            Self::Anisotropic(sigma) => {
                sigma.iter().try_for_each(|&sigma| check_positive("sigma", sigma))
            }
        }
    }
}

/// Refuses a parameter that is not a positive finite number.
pub(crate) fn check_positive(name: &'static str, found: f64) -> Result<()> {
    if found > 0.0 && found.is_finite() {
        return Ok(());
    }
    Err(LfpError::Parameter { name, found, allowed: "a positive finite number" })
}

/// A segment as a line: what does not depend on the contact.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) start: Point,
    pub(crate) end: Point,
    /// Unit vector from start to end; zero for a segment without length.
    pub(crate) unit: Point,
    pub(crate) length: f64,
    pub(crate) radius: f64,
}

impl Line {
    pub(crate) fn new(start: Point, end: Point, radius: f64) -> Self {
        let chord = subtract(end, start);
        let length = norm(chord);
        let unit = if length > 0.0 { scale(chord, 1.0 / length) } else { [0.0; 3] };
        Self { start, end, unit, length, radius }
    }

    /// All segments of a cell.
    pub(crate) fn all(geometry: &Geometry) -> Vec<Self> {
        (0..geometry.n_segments())
            .map(|s| Self::new(geometry.start_um(s), geometry.end_um(s), geometry.radius_um(s)))
            .collect()
    }

    pub(crate) fn midpoint(&self) -> Point {
        crate::vector::middle(self.start, self.end)
    }

    /// Point of the segment that is nearest to `point`.
    pub(crate) fn nearest(&self, point: Point) -> Point {
        let along = dot(subtract(point, self.start), self.unit).clamp(0.0, self.length);
        add(self.start, scale(self.unit, along))
    }

    /// How far `point` is beyond the end along the line (negative before it), and its squared
    /// distance to the infinite line.
    pub(crate) fn cylindrical(&self, point: Point) -> (f64, f64) {
        let from_end = subtract(point, self.end);
        let beyond = dot(from_end, self.unit);
        let radial = subtract(from_end, scale(self.unit, beyond));
        (beyond, dot(radial, radial))
    }
}

/// Integral of 1/distance along a straight line of `length`, seen from a point at `beyond` past its
/// end (along the line) and at the squared distance `r2` from it:
/// `ln[(sqrt(h^2 + r^2) - h) / (sqrt(l^2 + r^2) - l)]` with `h` beyond the end and `l = h + length`
/// beyond the start (Holt 1998, eq. C.13), in forms that lose no digits.
pub(crate) fn line_integral(beyond: f64, length: f64, r2: f64) -> f64 {
    let (h, l) = (beyond, beyond + length);
    if l < 0.0 {
        // Before the start is as far beyond the end of the line seen from the other side.
        return line_integral(-l, length, r2);
    }
    if h < 0.0 {
        let r = r2.sqrt();
        libm::asinh(l / r) + libm::asinh(-h / r)
    } else {
        let (a, b) = ((h * h + r2).sqrt(), (l * l + r2).sqrt());
        // (b + l)/(a + h) is near 1 for a distant point; b - a = length (l + h)/(a + b).
        libm::log1p(length * (1.0 + (l + h) / (a + b)) / (a + h))
    }
}

/// A potential in mV per nA, and whether the distance was raised to the radius.
pub(crate) type Potential = (f64, bool);

/// Point source in an isotropic medium: `1/(4 pi sigma max(r, radius))`, r to the midpoint.
pub(crate) fn isotropic_point(line: &Line, point: Point, sigma: f64) -> Potential {
    let r = norm(subtract(line.midpoint(), point));
    (1.0 / (4.0 * PI * sigma * r.max(line.radius)), r < line.radius)
}

/// Line source in an isotropic medium, [`line_integral`] over `4 pi sigma length`. The distance to
/// the infinite line is at least the radius. A segment without length is a point.
pub(crate) fn isotropic_line(line: &Line, point: Point, sigma: f64) -> Potential {
    if line.length == 0.0 {
        return isotropic_point(line, point, sigma);
    }
    let (beyond, r2) = line.cylindrical(point);
    let least = line.radius * line.radius;
    let integral = line_integral(beyond, line.length, r2.max(least));
    (integral / (4.0 * PI * sigma * line.length), r2 < least)
}

/// Distances below this, in um, have no direction.
const NO_DISTANCE_UM: f64 = 1e-4;

/// Products of the conductivities across each axis: distances weighted with their square roots are
/// those of an isotropic medium.
pub(crate) fn weights(sigma: [f64; 3]) -> [f64; 3] {
    [sigma[1] * sigma[2], sigma[0] * sigma[2], sigma[0] * sigma[1]]
}

/// Point source in an anisotropic medium:
/// `1/(4 pi sqrt(sy sz dx^2 + sx sz dy^2 + sx sy dz^2))`. A contact nearer than the radius is moved
/// out radially, one at the midpoint along x.
pub(crate) fn anisotropic_point(line: &Line, point: Point, sigma: [f64; 3]) -> Potential {
    let mut apart = subtract(line.midpoint(), point);
    let r = norm(apart);
    let is_near = r < line.radius;
    if r < NO_DISTANCE_UM {
        apart = [line.radius.max(r), 0.0, 0.0];
    } else if is_near {
        apart = scale(apart, line.radius / r);
    }
    let squared = apart.map(|part| part * part);
    (1.0 / (4.0 * PI * dot(squared, weights(sigma)).sqrt()), is_near)
}

/// Line source in an anisotropic medium: in coordinates scaled by the square roots of the weights
/// it is the isotropic one (Ness et al. 2015, appendix). A contact nearer to the segment than its
/// radius is moved out radially from the nearest point of the segment.
pub(crate) fn anisotropic_line(line: &Line, point: Point, sigma: [f64; 3]) -> Potential {
    if line.length == 0.0 {
        return anisotropic_point(line, point, sigma);
    }
    let nearest = line.nearest(point);
    let away = subtract(point, nearest);
    let distance = norm(away);
    let is_near = distance < line.radius;
    let point = if is_near {
        let direction = if distance < 1e-8 { across(line.unit) } else { away };
        add(nearest, scale(direction, line.radius / norm(direction)))
    } else {
        point
    };
    let roots = weights(sigma).map(f64::sqrt);
    let stretch = |p: Point| std::array::from_fn(|axis| p[axis] * roots[axis]);
    let stretched = Line::new(stretch(line.start), stretch(line.end), line.radius);
    let (beyond, r2) = stretched.cylindrical(stretch(point));
    (line_integral(beyond, stretched.length, r2) / (4.0 * PI * stretched.length), is_near)
}

/// A direction across `unit`: in the xy plane, or in the yz plane if `unit` has no x component.
fn across(unit: Point) -> Point {
    if unit[0].abs() <= 1e-8 { [0.0, unit[2], -unit[1]] } else { [-unit[1], unit[0], 0.0] }
}
