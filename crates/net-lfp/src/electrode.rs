//! Electrodes in an infinite medium.

use ndarray::ArrayViewMut2;

use crate::contacts::Contacts;
use crate::error::{LfpError, Result};
use crate::geometry::Geometry;
use crate::potential::{
    Conductivity, Line, Potential, anisotropic_line, anisotropic_point, check_positive,
    isotropic_line, isotropic_point,
};
use crate::probe::{Description, Probe};
use crate::vector::Point;

/// What a segment is to an electrode.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SourceModel {
    /// A point in its middle.
    PointSource,
    /// A line from start to end.
    LineSource,
    /// A point for the segments listed, usually the soma, and a line for all others.
    RootAsPoint {
        /// Indices of segments; the first one unless given.
        #[serde(default = "first_segment")]
        roots: Vec<usize>,
    },
}

fn first_segment() -> Vec<usize> {
    vec![0]
}

impl SourceModel {
    /// The first segment is a point, all others are lines.
    pub fn root_as_point() -> Self {
        Self::RootAsPoint { roots: first_segment() }
    }

    /// LFPykit's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::PointSource => "pointsource",
            Self::LineSource => "linesource",
            Self::RootAsPoint { .. } => "root_as_point",
        }
    }

    /// For each segment whether it is a point.
    pub(crate) fn is_point(&self, n_segments: usize) -> Result<Vec<bool>> {
        match self {
            Self::PointSource => Ok(vec![true; n_segments]),
            Self::LineSource => Ok(vec![false; n_segments]),
            Self::RootAsPoint { roots } => {
                let mut is_point = vec![false; n_segments];
                for &root in roots {
                    let segment =
                        is_point.get_mut(root).ok_or(LfpError::NoSuchRoot { root, n_segments })?;
                    *segment = true;
                }
                Ok(is_point)
            }
        }
    }
}

/// Potentials in mV at contacts in an infinite homogeneous medium (LFPykit's `RecExtElectrode`).
///
/// - Point source: `V = I / (4 pi sigma r)` with the distance `r` to the segment's midpoint.
/// - Line source (Holt 1998, eq. C.13): the current leaves evenly along the segment's chord.
/// - Anisotropic medium (Ness et al. 2015): `sigma r` becomes
///   `sqrt(sy sz dx^2 + sx sz dy^2 + sx sy dz^2)`.
/// - Contacts that are surfaces have the mean potential of their points.
///
/// Distances are kept at the segment's radius at least: for points the distance to the midpoint,
/// for lines in an isotropic medium the distance to the infinite line, for lines in an anisotropic
/// medium that to the segment (from where the contact is moved out radially).
///
/// ```
/// use net_lfp::{Conductivity, Contacts, Geometry, Probe, RecExtElectrode, SourceModel};
/// let electrode = RecExtElectrode {
///     contacts: Contacts::new(vec![[100.0, 0.0, 0.0]])?,
///     conductivity: Conductivity::Isotropic(0.3),
///     source: SourceModel::PointSource,
/// };
/// let (start, end) = ([[0.0, 0.0, -5.0]], [[0.0, 0.0, 5.0]]);
/// let matrix = electrode.matrix(&Geometry::new(&start, &end, &[2.0])?)?;
/// assert_eq!(matrix[[0, 0]], 1.0 / (4.0 * std::f64::consts::PI * 0.3 * 100.0));
/// # Ok::<(), net_lfp::LfpError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RecExtElectrode {
    /// Where potentials are measured.
    pub contacts: Contacts,
    /// Conductivity of the medium in S/m.
    pub conductivity: Conductivity,
    /// What a segment is.
    pub source: SourceModel,
}

impl Probe for RecExtElectrode {
    fn class(&self) -> &'static str {
        "RecExtElectrode"
    }

    fn unit(&self) -> &'static str {
        "mV"
    }

    fn n_rows(&self) -> usize {
        self.contacts.len()
    }

    fn validate(&self) -> Result<()> {
        self.conductivity.validate()
    }

    fn describe(&self) -> Vec<(&'static str, Description)> {
        let sigma_s_m = match self.conductivity {
            Conductivity::Isotropic(sigma) => vec![sigma],
            Conductivity::Anisotropic(sigma) => sigma.to_vec(),
        };
        let mut described = self.contacts.describe();
        described.push(("conductivity_s_m", Description::Numbers(sigma_s_m)));
        described.push(("method", Description::Text(self.source.name().to_owned())));
        described
    }

    fn fill(&self, geometry: &Geometry, matrix: ArrayViewMut2<f64>) -> Result<usize> {
        self.validate()?;
        let is_point = self.source.is_point(geometry.n_segments())?;
        let lines = Line::all(geometry);
        let potential = |point: Point, segment: usize| {
            let line = &lines[segment];
            match (self.conductivity, is_point[segment]) {
                (Conductivity::Isotropic(sigma), true) => isotropic_point(line, point, sigma),
                (Conductivity::Isotropic(sigma), false) => isotropic_line(line, point, sigma),
                (Conductivity::Anisotropic(sigma), true) => anisotropic_point(line, point, sigma),
                (Conductivity::Anisotropic(sigma), false) => anisotropic_line(line, point, sigma),
            }
        };
        Ok(average_over_contacts(&self.contacts, matrix, potential))
    }
}

/// Fills a matrix (contacts x segments) with the mean potential over each contact's points; returns
/// how many pairs of a point and a segment had their distance raised.
pub(crate) fn average_over_contacts(
    contacts: &Contacts,
    mut matrix: ArrayViewMut2<f64>,
    potential: impl Fn(Point, usize) -> Potential,
) -> usize {
    let mut n_raised = 0;
    for (contact, mut row) in matrix.rows_mut().into_iter().enumerate() {
        let points = contacts.points_um(contact);
        for (segment, value) in row.iter_mut().enumerate() {
            let mut sum = 0.0;
            for &point in points {
                let (potential, is_raised) = potential(point, segment);
                sum += potential;
                n_raised += usize::from(is_raised);
            }
            *value = sum / points.len() as f64;
        }
    }
    n_raised
}

/// Potentials in mV of point sources in an infinite isotropic medium (LFPykit's
/// `PointSourcePotential`): `1 / (4 pi sigma max(r, radius))`.
#[derive(Debug, Clone, PartialEq)]
pub struct PointSource {
    /// Where potentials are measured.
    pub contacts: Contacts,
    /// Conductivity of the medium in S/m.
    pub sigma_s_m: f64,
}

/// Potentials in mV of line sources in an infinite isotropic medium (LFPykit's
/// `LineSourcePotential`; Holt 1998, eq. C.13).
#[derive(Debug, Clone, PartialEq)]
pub struct LineSource {
    /// Where potentials are measured.
    pub contacts: Contacts,
    /// Conductivity of the medium in S/m.
    pub sigma_s_m: f64,
}

macro_rules! isotropic_probe {
    ($probe:ident, $class:literal, $method:expr, $potential:ident) => {
        impl Probe for $probe {
            fn class(&self) -> &'static str {
                $class
            }

            fn unit(&self) -> &'static str {
                "mV"
            }

            fn n_rows(&self) -> usize {
                self.contacts.len()
            }

            fn validate(&self) -> Result<()> {
                check_positive("sigma", self.sigma_s_m)
            }

            fn describe(&self) -> Vec<(&'static str, Description)> {
                let mut described = self.contacts.describe();
                described.push(("conductivity_s_m", Description::Numbers(vec![self.sigma_s_m])));
                described.push(("method", Description::Text($method.name().to_owned())));
                described
            }

            fn fill(&self, geometry: &Geometry, matrix: ArrayViewMut2<f64>) -> Result<usize> {
                self.validate()?;
                let lines = Line::all(geometry);
                let potential =
                    |point, segment: usize| $potential(&lines[segment], point, self.sigma_s_m);
                Ok(average_over_contacts(&self.contacts, matrix, potential))
            }
        }
    };
}

isotropic_probe!(PointSource, "PointSourcePotential", SourceModel::PointSource, isotropic_point);
isotropic_probe!(LineSource, "LineSourcePotential", SourceModel::LineSource, isotropic_line);
