//! Where potentials are measured: contacts as points or as surfaces.

mod layout;
mod table;

use net_core::{Purpose, StreamFamily};

use crate::error::{LfpError, Result};
use crate::geometry::{check_finite, check_length};
use crate::potential::check_positive;
use crate::probe::Description;
use crate::vector::{Point, add, cross, norm, scale};

pub use layout::Layout;

/// Surface of a contact.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ContactShape {
    /// A disc.
    Circle {
        /// Its radius.
        radius_um: f64,
    },
    /// A square.
    Square {
        /// Half its side (LFPykit's `r`, whatever its documentation says).
        half_side_um: f64,
    },
    /// A rectangle: for a normal along x its sides are along y and z; see [`Contacts::sampled`].
    Rectangle {
        /// Half its sides, horizontal and upright.
        half_sides_um: [f64; 2],
    },
}

impl ContactShape {
    fn validate(&self) -> Result<()> {
        match *self {
            Self::Circle { radius_um } => check_positive("radius_um", radius_um),
            Self::Square { half_side_um } => check_positive("half_side_um", half_side_um),
            Self::Rectangle { half_sides_um } => {
                half_sides_um.iter().try_for_each(|&half| check_positive("half_sides_um", half))
            }
        }
    }

    /// A point of the surface for two uniform numbers in [0, 1).
    fn at(&self, [a, b]: [f64; 2]) -> [f64; 2] {
        let in_rectangle = |[x, y]: [f64; 2]| [(2.0 * a - 1.0) * x, (2.0 * b - 1.0) * y];
        match *self {
            Self::Circle { radius_um } => {
                let (sin, cos) = libm::sincos(2.0 * std::f64::consts::PI * b);
                let radius = radius_um * a.sqrt();
                [radius * cos, radius * sin]
            }
            Self::Square { half_side_um } => in_rectangle([half_side_um; 2]),
            Self::Rectangle { half_sides_um } => in_rectangle(half_sides_um),
        }
    }
}

/// Contacts of an electrode, in um.
///
/// A contact is a point, or a surface whose potential is the mean over points on it.
///
/// ```
/// use net_lfp::{ContactShape, Contacts};
/// let contacts = Contacts::new(vec![[0.0, 0.0, 0.0], [0.0, 0.0, 100.0]])?
///     .with_normals(vec![[1.0, 0.0, 0.0]; 2])?
///     .sampled(ContactShape::Circle { radius_um: 7.5 }, 50, 1234)?;
/// assert_eq!(contacts.points_um(1).len(), 50);
/// # Ok::<(), net_lfp::LfpError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Contacts {
    positions_um: Vec<Point>,
    normals: Option<Vec<Point>>,
    /// Points on each surface, of all contacts one after the other; empty for point contacts.
    points_um: Vec<Point>,
    /// Where the points of each contact start, and the end.
    first_point: Vec<usize>,
}

impl Contacts {
    /// Point contacts at the positions x, y, z.
    ///
    /// # Errors
    /// No positions, or one that is not finite.
    pub fn new(positions_um: Vec<[f64; 3]>) -> Result<Self> {
        if positions_um.is_empty() {
            return Err(LfpError::NoContacts);
        }
        check_finite("position of contact", &positions_um)?;
        Ok(Self { positions_um, normals: None, points_um: Vec::new(), first_point: Vec::new() })
    }

    /// Gives every contact the direction that its surface faces; of any length.
    ///
    /// # Errors
    /// A number of normals other than that of contacts, or one that is zero or not finite.
    pub fn with_normals(mut self, normals: Vec<[f64; 3]>) -> Result<Self> {
        check_length("normals of contacts", normals.len(), self.len())?;
        check_finite("normal of contact", &normals)?;
        if let Some(contact) = normals.iter().position(|&normal| norm(normal) == 0.0) {
            return Err(LfpError::ZeroNormal { contact });
        }
        self.normals = Some(normals.into_iter().map(|n| scale(n, 1.0 / norm(n))).collect());
        Ok(self)
    }

    /// Makes the contacts surfaces of `shape`, with `n_points` uniform random points on each, drawn
    /// from a stream of `seed` and the contact's number. Without normals they face +x.
    ///
    /// Surfaces stand upright: the first direction of a shape is horizontal, the second as near to
    /// the z axis as the surface allows. A surface that faces up or down has x and y.
    ///
    /// # Errors
    /// A size that is not positive, or no points.
    pub fn sampled(self, shape: ContactShape, n_points: usize, seed: u64) -> Result<Self> {
        shape.validate()?;
        let streams = StreamFamily::new(seed, Purpose::ContactPoint, 0);
        let points = (0..self.len()).map(|contact| {
            let mut stream = streams.stream([contact as u64, 0]);
            let normal = self.normals.as_ref().map_or([1.0, 0.0, 0.0], |normals| normals[contact]);
            let [across, up] = axes_of_surface(normal);
            let points = (0..n_points).map(|_| {
                let [a, b] = shape.at([stream.uniform(), stream.uniform()]);
                let on_surface = add(scale(across, a), scale(up, b));
                add(self.positions_um[contact], on_surface)
            });
            points.collect::<Vec<_>>()
        });
        let points = points.collect();
        self.with_points(points)
    }

    /// Makes the potential of every contact the mean over the points that are given for it.
    ///
    /// # Errors
    /// A number of lists other than that of contacts, an empty list, or a point that is not finite.
    pub fn with_points(mut self, points_um: Vec<Vec<[f64; 3]>>) -> Result<Self> {
        check_length("lists of points of contacts", points_um.len(), self.len())?;
        if let Some(contact) = points_um.iter().position(Vec::is_empty) {
            return Err(LfpError::NoPoints { contact });
        }
        self.first_point = vec![0];
        for points in &points_um {
            self.first_point.push(self.first_point[self.first_point.len() - 1] + points.len());
        }
        self.points_um = points_um.into_iter().flatten().collect();
        check_finite("point of a contact", &self.points_um)?;
        Ok(self)
    }

    /// Number of contacts, at least 1.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.positions_um.len()
    }

    /// Positions x, y, z.
    pub fn positions_um(&self) -> &[[f64; 3]] {
        &self.positions_um
    }

    /// Unit normals, if the contacts have them.
    pub fn normals(&self) -> Option<&[[f64; 3]]> {
        self.normals.as_deref()
    }

    /// The points whose mean potential a contact has; its position if it is a point.
    pub fn points_um(&self, contact: usize) -> &[[f64; 3]] {
        if self.points_um.is_empty() {
            return std::slice::from_ref(&self.positions_um[contact]);
        }
        &self.points_um[self.first_point[contact]..self.first_point[contact + 1]]
    }

    /// What files say of the contacts: `contacts_um`; `contact_normals` if they have normals;
    /// `contact_points_um` if they are surfaces.
    pub(crate) fn describe(&self) -> Vec<(&'static str, Description)> {
        let mut described = vec![("contacts_um", Description::Points(self.positions_um.clone()))];
        if let Some(normals) = &self.normals {
            let normals = normals.iter().map(|normal| vec![*normal]).collect();
            described.push(("contact_normals", Description::Lists("1", normals)));
        }
        if !self.points_um.is_empty() {
            let points = (0..self.len()).map(|contact| self.points_um(contact).to_vec());
            described.push(("contact_points_um", Description::Lists("um", points.collect())));
        }
        described
    }
}

/// Unit vectors in the plane that `normal` stands on: a horizontal one and the one nearest to the
/// z axis; x and y for a horizontal plane.
fn axes_of_surface(normal: Point) -> [Point; 2] {
    let horizontal = cross([0.0, 0.0, 1.0], normal);
    let length = norm(horizontal);
    if length < 1e-9 {
        return [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
    }
    let across = scale(horizontal, 1.0 / length);
    [across, cross(normal, across)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::{dot, subtract};

    #[test]
    fn points_lie_on_their_surface_and_are_uniform() {
        let normals = vec![[2.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 3.0], [1.0, 2.0, -2.0]];
        let positions = vec![[1.0, 2.0, 3.0]; 4];
        let contacts = Contacts::new(positions).unwrap().with_normals(normals).unwrap();
        let shapes = [
            (ContactShape::Circle { radius_um: 6.0 }, 6.0_f64.powi(2) / 4.0, None),
            (ContactShape::Square { half_side_um: 6.0 }, 12.0, Some([6.0, 6.0])),
            (ContactShape::Rectangle { half_sides_um: [3.0, 9.0] }, 3.0, Some([3.0, 9.0])),
        ];
        for (shape, variance, half_sides) in shapes {
            let sampled = contacts.clone().sampled(shape, 4000, 7).unwrap();
            for contact in 0..4 {
                let normal = contacts.normals().unwrap()[contact];
                let [across, up] = axes_of_surface(normal);
                assert!(dot(across, up).abs() < 1e-15 && dot(across, normal).abs() < 1e-15);
                assert!((norm(across) - 1.0).abs() < 1e-15 && (norm(up) - 1.0).abs() < 1e-15);
                let mut sums = [0.0; 3];
                for &point in sampled.points_um(contact) {
                    let from_center = subtract(point, [1.0, 2.0, 3.0]);
                    assert!(dot(from_center, normal).abs() < 1e-14);
                    let (a, b) = (dot(from_center, across), dot(from_center, up));
                    match half_sides {
                        None => assert!(a * a + b * b <= 36.0 + 1e-9),
                        Some([x, y]) => assert!(a.abs() <= x + 1e-9 && b.abs() <= y + 1e-9),
                    }
                    sums = add(sums, [a, b, a * a]);
                }
                let [a, b, a2] = scale(sums, 1.0 / 4000.0);
                assert!(a.abs() < 0.3 && b.abs() < 0.5, "mean {a} {b}");
                assert!((a2 / variance - 1.0).abs() < 0.1, "{shape:?}: {a2} for {variance}");
            }
        }
    }

    #[test]
    fn points_depend_on_seed_and_contact_alone() {
        let shape = ContactShape::Circle { radius_um: 1.0 };
        let few = Contacts::new(vec![[0.0; 3]; 2]).unwrap().sampled(shape, 5, 1).unwrap();
        let many = Contacts::new(vec![[0.0; 3]; 9]).unwrap().sampled(shape, 8, 1).unwrap();
        assert_eq!(few.points_um(1), &many.points_um(1)[..5]);
        assert_ne!(few.points_um(0), few.points_um(1));
        let other = Contacts::new(vec![[0.0; 3]; 2]).unwrap().sampled(shape, 5, 2).unwrap();
        assert_ne!(few.points_um(0), other.points_um(0));
    }

    #[test]
    fn bad_contacts_are_refused() {
        let two = || Contacts::new(vec![[0.0; 3]; 2]).unwrap();
        assert!(matches!(Contacts::new(vec![]), Err(LfpError::NoContacts)));
        let nan = Contacts::new(vec![[0.0; 3], [0.0, f64::NAN, 0.0]]);
        assert!(matches!(nan, Err(LfpError::NotFinite { index: 1, .. })));
        let normals = two().with_normals(vec![[1.0; 3], [0.0; 3]]);
        assert!(matches!(normals, Err(LfpError::ZeroNormal { contact: 1 })));
        let few = two().with_normals(vec![[1.0; 3]]);
        assert!(matches!(few, Err(LfpError::Length { found: 1, expected: 2, .. })));
        let none = two().sampled(ContactShape::Square { half_side_um: 1.0 }, 0, 1);
        assert!(matches!(none, Err(LfpError::NoPoints { contact: 0 })));
        let negative = two().sampled(ContactShape::Circle { radius_um: -1.0 }, 3, 1);
        assert!(matches!(negative, Err(LfpError::Parameter { name: "radius_um", .. })));
    }
}
