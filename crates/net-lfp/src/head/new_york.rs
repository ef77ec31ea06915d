//! The New York head: a lead field computed for one detailed head.

use ndarray::{Array2, ArrayView2};

use crate::dipole::{DipoleModel, HeadFrame};
use crate::error::{LfpError, Result};
use crate::geometry::{check_finite, check_length};
use crate::probe::Description;
use crate::vector::{Point, cross, dot, norm, scale, subtract};

/// A vertex of the New York head's cortex.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewYorkSite {
    /// Index of the vertex.
    pub vertex: usize,
    /// Its position in mm, in the head's coordinates.
    pub position_mm: [f64; 3],
    /// Unit normal of the cortex.
    pub normal: [f64; 3],
}

/// How far a dipole may be from the vertex whose lead field it gets.
const MAX_DISTANCE_MM: f64 = 2.0;

impl NewYorkSite {
    /// Places with a name: `motorsensory_cortex`, `parietal_lobe`, `occipital_lobe`,
    /// `calcarine_sulcus`; in mm.
    pub fn named_position_mm(name: &str) -> Option<[f64; 3]> {
        Some(match name {
            "motorsensory_cortex" => [18.0, 8.0, 71.0],
            "parietal_lobe" => [54.0, -48.0, 55.9],
            "occipital_lobe" => [-24.7, -103.3, -1.46],
            "calcarine_sulcus" => [5.0, -86.0, 2.0],
            _ => return None,
        })
    }

    /// The vertex nearest to a position, of all `vertices_mm` with their `normals`.
    ///
    /// # Errors
    /// Lists of different lengths, a position that is not finite, or more than 2 mm from every
    /// vertex.
    pub fn nearest(
        vertices_mm: &[[f64; 3]],
        normals: &[[f64; 3]],
        position_mm: [f64; 3],
    ) -> Result<Self> {
        check_length("normals of the cortex", normals.len(), vertices_mm.len())?;
        check_finite("position in the head", &[position_mm])?;
        let distance = |&vertex: &Point| norm(subtract(vertex, position_mm));
        let nearest = vertices_mm.iter().map(distance).enumerate();
        let nearest = nearest.min_by(|(_, a), (_, b)| a.total_cmp(b));
        match nearest {
            Some((vertex, distance_mm)) if distance_mm <= MAX_DISTANCE_MM => {
                Ok(Self { vertex, position_mm: vertices_mm[vertex], normal: normals[vertex] })
            }
            nearest => Err(LfpError::FarFromCortex {
                position_mm,
                distance_mm: nearest.map_or(f64::INFINITY, |(_, distance)| distance),
            }),
        }
    }

    /// The frame that turns the direction `axis` of a network (usually `[0, 0, 1]`, from deep to
    /// superficial) onto the normal of the cortex, and puts the origin at the vertex.
    ///
    /// # Errors
    /// An axis that is zero or not finite.
    pub fn frame(&self, axis: [f64; 3]) -> Result<HeadFrame> {
        let rotation = rotation_between(axis, self.normal)?;
        Ok(HeadFrame { rotation, offset_um: scale(self.position_mm, 1000.0) })
    }
}

/// The smallest rotation that turns `from` onto `onto`.
fn rotation_between(from: Point, onto: Point) -> Result<[[f64; 3]; 3]> {
    let unit = |vector: Point| {
        let length = norm(vector);
        if length > 0.0 && length.is_finite() {
            return Ok(scale(vector, 1.0 / length));
        }
        Err(LfpError::Direction { found: vector })
    };
    let (from, onto) = (unit(from)?, unit(onto)?);
    let (axis, cosine) = (cross(from, onto), dot(from, onto));
    let sine_squared = dot(axis, axis);
    if cosine < 0.0 && sine_squared < 1e-24 {
        // Half a turn about any axis across.
        let least = (0..3).min_by(|&a, &b| from[a].abs().total_cmp(&from[b].abs())).unwrap_or(0);
        let mut other = [0.0; 3];
        other[least] = 1.0;
        let axis = unit(cross(from, other))?;
        return Ok(matrix(|i, j| 2.0 * axis[i] * axis[j] - f64::from(u8::from(i == j))));
    }
    // Rodrigues' formula with the sine in the axis.
    let turn = [[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]];
    let along = if cosine < 0.0 { (1.0 - cosine) / sine_squared } else { 1.0 / (1.0 + cosine) };
    Ok(matrix(|i, j| {
        let diagonal = if i == j { cosine } else { 0.0 };
        diagonal + turn[i][j] + axis[i] * axis[j] * along
    }))
}

fn matrix(entry: impl Fn(usize, usize) -> f64) -> [[f64; 3]; 3] {
    std::array::from_fn(|i| std::array::from_fn(|j| entry(i, j)))
}

/// EEG in mV at the 231 electrodes of the New York head (Huang et al. 2016; LFPykit's
/// `NYHeadModel`), of a dipole at one vertex of its cortex.
///
/// The lead field comes from the head's file, one vertex of some 75,000; `net-io` reads it.
///
/// ```
/// use ndarray::Array2;
/// use net_lfp::{DipoleField, DipoleSource, NewYorkHead, NewYorkSite, Probe};
/// # let (vertices, normals) = ([[18.0, 8.5, 71.0]], [[0.0, 0.6, 0.8]]);
/// let position = NewYorkSite::named_position_mm("motorsensory_cortex").unwrap();
/// let site = NewYorkSite::nearest(&vertices, &normals, position)?;
/// let from_file = Array2::ones((3, 231)); // axes x electrodes, at `site.vertex`
/// let head = NewYorkHead::new(site, from_file.view())?;
/// let eeg = DipoleField::new(head, DipoleSource::Cells, site.frame([0.0, 0.0, 1.0])?)?;
/// assert_eq!(eeg.n_signals(), 231);
/// # Ok::<(), net_lfp::LfpError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NewYorkHead {
    site: NewYorkSite,
    /// Electrodes x 3, in mV per nA um.
    lead_field: Array2<f64>,
}

impl NewYorkHead {
    /// The head for dipoles at `site`, with the row of `V_fem` that belongs to its vertex: axes x
    /// electrodes, in uV per nA m as in the file.
    ///
    /// # Errors
    /// A matrix that does not have three rows, has no columns, or has a value that is not finite.
    pub fn new(site: NewYorkSite, v_fem: ArrayView2<f64>) -> Result<Self> {
        check_length("directions of the lead field", v_fem.nrows(), 3)?;
        if v_fem.ncols() == 0 {
            return Err(LfpError::NoContacts);
        }
        if let Some(((row, segment), &found)) = v_fem.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(LfpError::MatrixValue { row, segment, found });
        }
        Ok(Self { site, lead_field: v_fem.t().mapv(|value| value * 1e-9) })
    }

    /// Where the dipole is.
    pub fn site(&self) -> &NewYorkSite {
        &self.site
    }
}

impl DipoleModel for NewYorkHead {
    fn class(&self) -> &'static str {
        "NYHeadModel"
    }

    fn unit(&self) -> &'static str {
        "mV"
    }

    fn n_signals(&self) -> usize {
        self.lead_field.nrows()
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    fn describe(&self) -> Vec<(&'static str, Description)> {
        vec![
            ("vertex", Description::Numbers(vec![self.site.vertex as f64])),
            ("vertex_mm", Description::Numbers(self.site.position_mm.to_vec())),
            ("normal", Description::Numbers(self.site.normal.to_vec())),
        ]
    }

    /// The lead field of the vertex, for dipoles within 2 mm of it.
    fn lead_field(&self, dipole_um: [f64; 3]) -> Result<Array2<f64>> {
        let position_mm = scale(dipole_um, 1e-3);
        let distance_mm = norm(subtract(position_mm, self.site.position_mm));
        if distance_mm.is_nan() || distance_mm > MAX_DISTANCE_MM {
            return Err(LfpError::FarFromCortex { position_mm, distance_mm });
        }
        Ok(self.lead_field.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_turn_one_direction_onto_another() {
        let directions = [
            [0.0, 0.0, 1.0],
            [0.0, 0.0, -2.0],
            [1.0, 2.0, 3.0],
            [-1.0, -2.0, -3.0],
            [1e-7, 0.0, -1.0],
        ];
        for from in directions {
            for onto in directions {
                let rotation = rotation_between(from, onto).unwrap();
                let turned = rotation.map(|row| dot(row, from));
                let expected = scale(onto, norm(from) / norm(onto));
                assert!(norm(subtract(turned, expected)) < 1e-9 * norm(from), "{from:?} {onto:?}");
                let [a, b, c] = rotation;
                assert!((dot(cross(a, b), c) - 1.0).abs() < 1e-9, "{from:?} {onto:?}");
            }
        }
        assert!(rotation_between([0.0; 3], [1.0; 3]).is_err());
    }
}
