//! Electrode arrays by name and parameters.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Contacts, table};
use crate::error::{LfpError, Result};
use crate::potential::check_positive;
use crate::vector::{Point, add, is_finite, norm, scale};

/// A usual arrangement of contacts. In JSON: `{"linear": {"n_contacts": 16, ...}}`.
///
/// ```
/// use net_lfp::Layout;
/// let laminar: Layout = serde_json::from_str(
///     r#"{"linear": {"n_contacts": 16, "spacing_um": 100.0, "first_um": [0, 0, -1500]}}"#,
/// )?;
/// let contacts = laminar.contacts()?;
/// assert_eq!(contacts.positions_um()[15], [0.0, 0.0, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Layout {
    /// Contacts on a line at equal distances.
    Linear {
        /// Number of contacts.
        n_contacts: usize,
        /// Distance between neighbors.
        spacing_um: f64,
        /// Position of the first contact.
        first_um: [f64; 3],
        /// Direction from the first to the last, of any length; along z unless given.
        #[serde(default = "upward")]
        direction: [f64; 3],
    },
    /// Four contacts in the corners of a square that stands on a corner in the xz plane, facing -y:
    /// left, bottom, right, top.
    Tetrode {
        /// Center of the square.
        center_um: [f64; 3],
        /// Distance of neighboring contacts (25 um is usual).
        spacing_um: f64,
    },
    /// The sites of a Neuropixels 1.0 shank in the xz plane, facing -y: rows of two sites,
    /// 32 um apart, every 20 um; odd rows are shifted by 16 um.
    Neuropixels {
        /// Number of sites from the tip; 384 are recorded at once.
        n_contacts: usize,
        /// Position of the site nearest to the tip (x of the leftmost column is 16 um less).
        first_um: [f64; 3],
    },
    /// A square grid in a plane of equal z, facing up; x runs fastest.
    SquareMea {
        /// Number of contacts along x and y.
        n_contacts: [usize; 2],
        /// Distance between neighbors.
        pitch_um: f64,
        /// Center of the grid; its z is that of the plane.
        center_um: [f64; 3],
    },
}

/// Far beyond the arrays there are; their signals at every step would be 8 MB.
const MOST_CONTACTS: usize = 1_000_000;

fn upward() -> Point {
    [0.0, 0.0, 1.0]
}

impl Layout {
    /// The contacts.
    ///
    /// # Errors
    /// No contacts or more than a million, a distance that is not positive, or a position that is not
    /// finite.
    pub fn contacts(&self) -> Result<Contacts> {
        let found = match *self {
            Self::Linear { n_contacts, .. } | Self::Neuropixels { n_contacts, .. } => n_contacts,
            Self::SquareMea { n_contacts: [nx, ny], .. } => nx.saturating_mul(ny),
            Self::Tetrode { .. } => 4,
        };
        if found > MOST_CONTACTS {
            return Err(LfpError::TooManyContacts { found, most: MOST_CONTACTS });
        }
        match *self {
            Self::Linear { n_contacts, spacing_um, first_um, direction } => {
                check_positive("spacing_um", spacing_um)?;
                let length = norm(direction);
                if length == 0.0 || !is_finite(direction) {
                    return Err(LfpError::Direction { found: direction });
                }
                let at = |i| add(first_um, scale(direction, i as f64 * spacing_um / length));
                Contacts::new((0..n_contacts).map(at).collect())
            }
            Self::Tetrode { center_um, spacing_um } => {
                check_positive("spacing_um", spacing_um)?;
                let half = spacing_um / 2.0_f64.sqrt();
                let corners =
                    [[-half, 0.0, 0.0], [0.0, 0.0, -half], [half, 0.0, 0.0], [0.0, 0.0, half]];
                facing(corners.map(|corner| add(center_um, corner)).to_vec(), [0.0, -1.0, 0.0])
            }
            Self::Neuropixels { n_contacts, first_um } => {
                let at = |i: usize| {
                    let (row, column) = (i / 2, i % 2);
                    let shift = if row % 2 == 0 { 0.0 } else { -16.0 };
                    add(first_um, [32.0 * column as f64 + shift, 0.0, 20.0 * row as f64])
                };
                facing((0..n_contacts).map(at).collect(), [0.0, -1.0, 0.0])
            }
            Self::SquareMea { n_contacts: [nx, ny], pitch_um, center_um } => {
                check_positive("pitch_um", pitch_um)?;
                let from_center =
                    |i: usize, n: usize| (i as f64 - 0.5 * (n as f64 - 1.0)) * pitch_um;
                let at = |i: usize| {
                    add(center_um, [from_center(i % nx, nx), from_center(i / nx, ny), 0.0])
                };
                facing((0..nx * ny).map(at).collect(), upward())
            }
        }
    }
}

fn facing(positions_um: Vec<Point>, normal: Point) -> Result<Contacts> {
    let contacts = Contacts::new(positions_um)?;
    let normals = vec![normal; contacts.len()];
    contacts.with_normals(normals)
}

impl Contacts {
    /// Reads contacts from a file: a table in CSV (`.csv`), or JSON with the same columns or a
    /// [`Layout`].
    ///
    /// CSV has a header with at least `x_um`, `y_um`, `z_um`, and `nx`, `ny`, `nz` for normals;
    /// other columns are left to other readers, lines that start with `#` are comments. JSON is a
    /// list of contacts, `[{"x_um": 0, "y_um": 0, "z_um": 0}, ...]`, or a layout.
    ///
    /// # Errors
    /// The file, line and column of what cannot be read, or a contact that is not allowed.
    pub fn read(path: &Path) -> Result<Self> {
        table::read(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::subtract;

    #[test]
    fn layouts_have_their_distances() {
        let tetrode = Layout::Tetrode { center_um: [5.0, 0.0, 1.0], spacing_um: 25.0 };
        let contacts = tetrode.contacts().unwrap();
        for i in 0..4 {
            let [a, b] = [i, (i + 1) % 4].map(|i| contacts.positions_um()[i]);
            assert!((norm(subtract(a, b)) - 25.0).abs() < 1e-12);
        }
        let shank = Layout::Neuropixels { n_contacts: 384, first_um: [16.0, 0.0, 0.0] };
        let contacts = shank.contacts().unwrap();
        let positions = contacts.positions_um();
        let columns: Vec<f64> = positions[..4].iter().map(|p| p[0]).collect();
        assert_eq!(columns, [16.0, 48.0, 0.0, 32.0]);
        assert_eq!(positions[383], [32.0, 0.0, 3820.0]);

        let grid = Layout::SquareMea { n_contacts: [3, 2], pitch_um: 10.0, center_um: [0.0; 3] };
        let contacts = grid.contacts().unwrap();
        let expected =
            [[-10.0, -5.0], [0.0, -5.0], [10.0, -5.0], [-10.0, 5.0], [0.0, 5.0], [10.0, 5.0]];
        let found: Vec<[f64; 2]> = contacts.positions_um().iter().map(|p| [p[0], p[1]]).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn bad_layouts_are_refused() {
        let none = Layout::SquareMea { n_contacts: [0, 4], pitch_um: 10.0, center_um: [0.0; 3] };
        assert!(matches!(none.contacts(), Err(LfpError::NoContacts)));
        let none = Layout::Linear {
            n_contacts: 0,
            spacing_um: 10.0,
            first_um: [0.0; 3],
            direction: upward(),
        };
        assert!(matches!(none.contacts(), Err(LfpError::NoContacts)));
        let flat = Layout::Linear {
            n_contacts: 3,
            spacing_um: 10.0,
            first_um: [0.0; 3],
            direction: [0.0; 3],
        };
        assert!(matches!(flat.contacts(), Err(LfpError::Direction { .. })));
    }
}
