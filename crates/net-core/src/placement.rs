//! Where the cells of a population stand and how they are turned.
//!
//! A position or rotation is drawn from the stream of its population and gid, so every rank finds
//! the same one for any cell, and what is written is what was used.

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::distribution::{Distribution, DistributionError, Sampler};
use crate::random::{Purpose, Stream};

/// Positions of the somata of a population, in um.
///
/// ```
/// use net_core::{Cap, Placement};
/// let disc: Placement = Placement::Disc {
///     radius_um: 100.0, loc_um: 0.0, scale_um: 50.0, cap_um: Some(Cap::Symmetric(80.0)),
/// };
/// disc.validate(10)?;
/// # Ok::<(), net_core::PlacementError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Placement {
    /// LFPy's `draw_rand_pos`: x and y uniform in a disc about the z axis, z normal. The cap is a
    /// truncation of the normal law; LFPy redraws what lies outside, which has the same law.
    Disc {
        /// Radius of the disc.
        radius_um: f64,
        /// Mean of z.
        loc_um: f64,
        /// Standard deviation of z; 0 puts all cells at `loc_um`.
        scale_um: f64,
        /// Limit of the distance of z from `loc_um`.
        #[serde(default)]
        cap_um: Option<Cap>,
    },
    /// Uniform in a box.
    UniformBox {
        /// Lower corner `[x, y, z]`.
        lower_um: [f64; 3],
        /// Upper corner `[x, y, z]`; may equal the lower one in some coordinates.
        upper_um: [f64; 3],
    },
    /// On a regular grid, x running fastest, in the order of the gids.
    Grid {
        /// Position of the first cell.
        origin_um: [f64; 3],
        /// Distances between neighbours along x, y, z.
        spacing_um: [f64; 3],
        /// Number of points along x, y, z; at least as many points as cells.
        shape: [u32; 3],
    },
    /// Given, one row `[x, y, z]` a cell.
    Table(Vec<[f64; 3]>),
}

/// How far z may lie from its mean: one number, or a pair `[below, above]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cap {
    /// The same on both sides.
    Symmetric(f64),
    /// Largest distance below and above the mean.
    Pair {
        /// Largest distance below the mean.
        below_um: f64,
        /// Largest distance above the mean.
        above_um: f64,
    },
}

impl Default for Placement {
    /// All at the origin.
    fn default() -> Self {
        Self::UniformBox { lower_um: [0.0; 3], upper_um: [0.0; 3] }
    }
}

impl Default for Rotation {
    /// None.
    fn default() -> Self {
        Self::Fixed([0.0; 3])
    }
}

impl Cap {
    fn below_above(self) -> (f64, f64) {
        match self {
            Self::Symmetric(cap) => (cap, cap),
            Self::Pair { below_um, above_um } => (below_um, above_um),
        }
    }
}

/// Rotations of the cells of a population about the fixed axes through the soma, in radians,
/// applied in the order x, y, z.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rotation {
    /// Given about x and y, uniform in [0, 2 pi) about z.
    RandomZ {
        /// Angle about x.
        #[serde(default)]
        x_rad: f64,
        /// Angle about y.
        #[serde(default)]
        y_rad: f64,
    },
    /// The same angles `[x, y, z]` for every cell.
    Fixed([f64; 3]),
    /// Given, one row `[x, y, z]` of angles a cell.
    Table(Vec<[f64; 3]>),
}

/// What is wrong with a placement or rotation.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlacementError {
    /// A number is out of its range.
    #[error("placement: {key} is {value}, but must be {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// The value found.
        value: f64,
        /// The values allowed.
        expected: &'static str,
    },
    /// The depth law cannot be kept within its cap.
    #[error("placement, cap_um: {0}")]
    Cap(#[from] DistributionError),
    /// A table has not one row a cell.
    #[error("{what}: the table has {n_rows} rows for {n_cells} cells; give one row a cell")]
    TableLength {
        /// `placement` or `rotation`.
        what: &'static str,
        /// Rows found.
        n_rows: usize,
        /// Cells of the population.
        n_cells: u64,
    },
    /// A table holds something that is no finite number.
    #[error("{what}: row {row} is {values:?}, but must be three finite numbers")]
    TableRow {
        /// `placement` or `rotation`.
        what: &'static str,
        /// Row, from 0.
        row: usize,
        /// The row found.
        values: [f64; 3],
    },
    /// The box is inside out.
    #[error(
        "placement: upper_um {upper_um:?} lies below lower_um {lower_um:?}; exchange the corners"
    )]
    Box {
        /// Lower corner.
        lower_um: [f64; 3],
        /// Upper corner.
        upper_um: [f64; 3],
    },
    /// The grid has too few points.
    #[error("placement: a grid of {shape:?} points is too small for {n_cells} cells")]
    Grid {
        /// Points along x, y, z.
        shape: [u32; 3],
        /// Cells of the population.
        n_cells: u64,
    },
}

impl Placement {
    /// Checks the parameters for a population of `n_cells`.
    ///
    /// # Errors
    /// The first parameter out of range, by key.
    pub fn validate(&self, n_cells: u64) -> Result<(), PlacementError> {
        match self {
            &Self::Disc { radius_um, loc_um, scale_um, cap_um } => {
                not_negative("radius_um", radius_um)?;
                require("loc_um", loc_um, loc_um.is_finite(), "a finite number")?;
                not_negative("scale_um", scale_um)?;
                if let Some(cap) = cap_um {
                    let (below, above) = cap.below_above();
                    not_negative("cap_um", below)?;
                    not_negative("cap_um", above)?;
                }
                Self::depth_sampler(loc_um, scale_um, cap_um)?;
                Ok(())
            }
            &Self::UniformBox { lower_um, upper_um } => {
                all_finite("lower_um", lower_um)?;
                all_finite("upper_um", upper_um)?;
                let ordered = (0..3).all(|i| lower_um[i] <= upper_um[i]);
                ordered.then_some(()).ok_or(PlacementError::Box { lower_um, upper_um })
            }
            &Self::Grid { origin_um, spacing_um, shape } => {
                all_finite("origin_um", origin_um)?;
                all_finite("spacing_um", spacing_um)?;
                let n_points: u128 = shape.iter().map(|&n| u128::from(n)).product();
                let enough = u128::from(n_cells) <= n_points;
                enough.then_some(()).ok_or(PlacementError::Grid { shape, n_cells })
            }
            Self::Table(rows) => validate_table("placement", rows, n_cells),
        }
    }

    /// Position `[x, y, z]` in um of the cell of number `index` in its population.
    pub(crate) fn position(
        &self,
        mut stream: Stream,
        index: u64,
    ) -> Result<[f64; 3], PlacementError> {
        Ok(match self {
            &Self::Disc { radius_um, loc_um, scale_um, cap_um } => {
                // The area within r grows as r^2, so a uniform point lies at radius sqrt(u).
                let r = radius_um * libm::sqrt(stream.uniform());
                let (sin, cos) = libm::sincos(std::f64::consts::TAU * stream.uniform());
                let z = Self::depth_sampler(loc_um, scale_um, cap_um)?.draw(&mut stream);
                [r * cos, r * sin, z]
            }
            Self::UniformBox { lower_um, upper_um } => std::array::from_fn(|i| {
                lower_um[i] + stream.uniform() * (upper_um[i] - lower_um[i])
            }),
            Self::Grid { origin_um, spacing_um, shape } => {
                let [nx, ny] = [u64::from(shape[0]), u64::from(shape[1])];
                let place = [index % nx, index / nx % ny, index / nx / ny];
                std::array::from_fn(|i| origin_um[i] + place[i] as f64 * spacing_um[i])
            }
            Self::Table(rows) => row(rows, index),
        })
    }

    fn depth_sampler(
        loc_um: f64,
        scale_um: f64,
        cap_um: Option<Cap>,
    ) -> Result<Sampler, DistributionError> {
        if scale_um == 0.0 || cap_um.is_some_and(|cap| cap.below_above() == (0.0, 0.0)) {
            return Sampler::new(&Distribution::Constant(loc_um), None, None);
        }
        let law = Distribution::Normal { mean: loc_um, std: scale_um };
        let (lower, upper) = match cap_um.map(Cap::below_above) {
            Some((below, above)) => (Some(loc_um - below), Some(loc_um + above)),
            None => (None, None),
        };
        Sampler::new(&law, lower, upper)
    }
}

impl Rotation {
    /// Checks the angles for a population of `n_cells`.
    ///
    /// # Errors
    /// An angle that is not finite, a table of the wrong length.
    pub fn validate(&self, n_cells: u64) -> Result<(), PlacementError> {
        match self {
            &Self::RandomZ { x_rad, y_rad } => all_finite("rotation angle", [x_rad, y_rad, 0.0]),
            &Self::Fixed(angles) => all_finite("rotation angle", angles),
            Self::Table(rows) => validate_table("rotation", rows, n_cells),
        }
    }

    /// Angles `[x, y, z]` in radians of the cell of number `index` in its population.
    pub(crate) fn angles(&self, mut stream: Stream, index: u64) -> [f64; 3] {
        match self {
            &Self::RandomZ { x_rad, y_rad } => {
                [x_rad, y_rad, std::f64::consts::TAU * stream.uniform()]
            }
            &Self::Fixed(angles) => angles,
            Self::Table(rows) => row(rows, index),
        }
    }
}

/// The stream of a cell's position or rotation.
pub(crate) fn cell_stream(seed: u64, purpose: Purpose, population: u32, gid: u64) -> Stream {
    Stream::new(seed, purpose, population, [gid, 0])
}

/// A row of a table whose length has been checked.
fn row(rows: &[[f64; 3]], index: u64) -> [f64; 3] {
    usize::try_from(index).ok().and_then(|i| rows.get(i)).copied().unwrap_or([f64::NAN; 3])
}

fn require(
    key: &'static str,
    value: f64,
    holds: bool,
    expected: &'static str,
) -> Result<(), PlacementError> {
    holds.then_some(()).ok_or(PlacementError::Value { key, value, expected })
}

fn not_negative(key: &'static str, value: f64) -> Result<(), PlacementError> {
    require(key, value, 0.0 <= value && value.is_finite(), "finite and not negative")
}

fn all_finite(key: &'static str, values: [f64; 3]) -> Result<(), PlacementError> {
    values.into_iter().try_for_each(|v| require(key, v, v.is_finite(), "a finite number"))
}

fn validate_table(
    what: &'static str,
    rows: &[[f64; 3]],
    n_cells: u64,
) -> Result<(), PlacementError> {
    if rows.len() as u64 != n_cells {
        return Err(PlacementError::TableLength { what, n_rows: rows.len(), n_cells });
    }
    let is_bad = |values: &[f64; 3]| !values.iter().all(|v| v.is_finite());
    match rows.iter().position(is_bad) {
        Some(row) => Err(PlacementError::TableRow { what, row, values: rows[row] }),
        None => Ok(()),
    }
}

impl Serialize for Cap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Symmetric(cap) => serializer.serialize_f64(cap),
            Self::Pair { below_um, above_um } => [below_um, above_um].serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Cap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CapVisitor)
    }
}

/// Reads a number or a pair; an untagged enum would only say that nothing matched.
struct CapVisitor;

impl<'de> Visitor<'de> for CapVisitor {
    type Value = Cap;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("a cap of one number or a pair [below, above], in um")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Cap, E> {
        Ok(Cap::Symmetric(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Cap, E> {
        Ok(Cap::Symmetric(value as f64))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Cap, E> {
        Ok(Cap::Symmetric(value as f64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<Cap, A::Error> {
        let expected = &"a pair [below, above]";
        let below_um =
            pair.next_element()?.ok_or_else(|| de::Error::invalid_length(0, expected))?;
        let above_um =
            pair.next_element()?.ok_or_else(|| de::Error::invalid_length(1, expected))?;
        match pair.next_element::<de::IgnoredAny>()? {
            None => Ok(Cap::Pair { below_um, above_um }),
            Some(_) => Err(de::Error::invalid_length(3, expected)),
        }
    }
}
