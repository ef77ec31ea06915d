//! From cells to dipoles, and from dipoles in a head to its electrodes and sensors.

use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use crate::error::{LfpError, Result};
use crate::geometry::Geometry;
use crate::probe::{Description, Probe};
use crate::vector::{Point, add, dot, middle, subtract};

/// Current dipole moment in nA um (LFPykit's `CurrentDipoleMoment`): rows x, y, z, each the
/// coordinate of the segments' midpoints. Where a cell's currents sum to zero, the origin does not
/// matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CurrentDipoleMoment;

impl Probe for CurrentDipoleMoment {
    fn class(&self) -> &'static str {
        "CurrentDipoleMoment"
    }

    fn unit(&self) -> &'static str {
        "nA um"
    }

    fn n_rows(&self) -> usize {
        3
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    fn fill(&self, geometry: &Geometry, mut matrix: ArrayViewMut2<f64>) -> Result<usize> {
        for (segment, mut column) in matrix.columns_mut().into_iter().enumerate() {
            assign_point(&mut column, geometry.midpoint_um(segment));
        }
        Ok(0)
    }
}

fn assign_point(column: &mut ndarray::ArrayViewMut1<f64>, point: Point) {
    for (value, part) in column.iter_mut().zip(point) {
        *value = part;
    }
}

/// A volume conductor that turns current dipoles into potentials or magnetic fields.
pub trait DipoleModel: Send + Sync + std::fmt::Debug {
    /// Name of the kind of model, as LFPykit names its class.
    fn class(&self) -> &'static str;

    /// Unit of the signal for dipoles in nA um.
    fn unit(&self) -> &'static str;

    /// Number of signals.
    fn n_signals(&self) -> usize;

    /// Checks the parameters.
    ///
    /// # Errors
    /// The first one that is not allowed.
    fn validate(&self) -> Result<()>;

    /// The model's parameters, each with a name that has its unit.
    fn describe(&self) -> Vec<(&'static str, Description)> {
        Vec::new()
    }

    /// The signals of unit dipoles along x, y, z at `dipole_um` (um, in the model's coordinates):
    /// a matrix signals x 3.
    ///
    /// # Errors
    /// A parameter that is not allowed, or a place where the model does not hold.
    fn lead_field(&self, dipole_um: [f64; 3]) -> Result<Array2<f64>>;
}

/// Which dipoles a network is to a head.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DipoleSource {
    /// One dipole for all cells, at this place of the head. The cheapest: three numbers are summed
    /// over cells.
    At([f64; 3]),
    /// One dipole a cell, at the middle of its first segment.
    Cells,
    /// One dipole for each piece of the path of the axial current between the middles of two
    /// neighboring segments, at the middle of the piece (LFPy's multi-dipole approximation). The
    /// geometry must have its tree.
    Segments,
}

/// How the network lies in the head: a point `x` of the network is at `rotation x + offset`, and
/// dipole moments turn along.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadFrame {
    /// Rotation matrix, row by row.
    pub rotation: [[f64; 3]; 3],
    /// Place of the network's origin in the head.
    pub offset_um: [f64; 3],
}

impl Default for HeadFrame {
    /// The network's own coordinates.
    fn default() -> Self {
        Self { rotation: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], offset_um: [0.0; 3] }
    }
}

impl HeadFrame {
    /// A vector of the network in the head's directions.
    pub fn rotate(&self, vector: [f64; 3]) -> [f64; 3] {
        self.rotation.map(|row| dot(row, vector))
    }

    /// A point of the network in the head.
    pub fn place(&self, point_um: [f64; 3]) -> [f64; 3] {
        add(self.rotate(point_um), self.offset_um)
    }

    fn validate(&self) -> Result<()> {
        crate::geometry::check_finite("offset of the head frame", &[self.offset_um])?;
        for (i, a) in self.rotation.iter().enumerate() {
            for (j, b) in self.rotation.iter().enumerate() {
                let expected = f64::from(u8::from(i == j));
                let found = dot(*a, *b);
                if found.is_nan() || (found - expected).abs() > 1e-9 {
                    return Err(LfpError::NotARotation { rows: [i, j], found, expected });
                }
            }
        }
        Ok(())
    }

    /// `lead_field` for moments in the network's directions.
    fn turned(&self, lead_field: &Array2<f64>) -> Array2<f64> {
        Array2::from_shape_fn((lead_field.nrows(), 3), |(signal, axis)| {
            (0..3).map(|k| lead_field[[signal, k]] * self.rotation[k][axis]).sum()
        })
    }
}

/// EEG or MEG of a network: its dipoles, at their places, in a head model.
///
/// ```
/// use net_lfp::{DipoleField, DipoleSource, FourSphereVolumeConductor, HeadFrame, Probe};
/// let head = FourSphereVolumeConductor::new(vec![[0.0, 0.0, 90_000.0], [0.0, 10_000.0, 89_000.0]]);
/// let eeg = DipoleField::new(head, DipoleSource::At([0.0, 0.0, 77_500.0]), HeadFrame::default())?;
/// assert_eq!((eeg.n_rows(), eeg.n_signals(), eeg.unit()), (3, 2, "mV"));
/// # Ok::<(), net_lfp::LfpError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DipoleField<M> {
    model: M,
    source: DipoleSource,
    frame: HeadFrame,
    /// Lead field of the dipole that stands for all cells.
    projection: Option<Array2<f64>>,
}

impl<M: DipoleModel> DipoleField<M> {
    /// Puts the dipoles that `source` says into `model`.
    ///
    /// # Errors
    /// A parameter of the model that is not allowed, a matrix that is not a rotation, or a dipole
    /// where the model does not hold.
    pub fn new(model: M, source: DipoleSource, frame: HeadFrame) -> Result<Self> {
        model.validate()?;
        frame.validate()?;
        let projection = match source {
            DipoleSource::At(dipole_um) => Some(frame.turned(&model.lead_field(dipole_um)?)),
            DipoleSource::Cells | DipoleSource::Segments => None,
        };
        Ok(Self { model, source, frame, projection })
    }

    /// The head model.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// Lead field of a dipole of the network, for moments in the network's directions.
    fn lead_field(&self, dipole_um: Point) -> Result<Array2<f64>> {
        Ok(self.frame.turned(&self.model.lead_field(self.frame.place(dipole_um))?))
    }

    /// A current that leaves through the membrane of a segment has flowed there from the root's
    /// middle; each piece of its way is a dipole.
    fn fill_segments(&self, geometry: &Geometry, matrix: &mut ArrayViewMut2<f64>) -> Result<()> {
        let parents = geometry.parents().ok_or(LfpError::NoParents)?;
        for (segment, parent) in parents.iter().enumerate() {
            let Some(parent) = parent.map(|parent| parent as usize) else {
                // Currents are summed over a cell to zero, so any point of it may be the origin.
                matrix.column_mut(segment).fill(0.0);
                continue;
            };
            let way = [
                geometry.midpoint_um(parent),
                geometry.start_um(segment),
                geometry.midpoint_um(segment),
            ];
            let mut potential = matrix.column(parent).to_owned();
            for piece in way.windows(2) {
                let moment = subtract(piece[1], piece[0]);
                if moment == [0.0; 3] {
                    continue;
                }
                let lead_field = self.lead_field(middle(piece[0], piece[1]))?;
                for (value, row) in potential.iter_mut().zip(lead_field.rows()) {
                    *value += dot([row[0], row[1], row[2]], moment);
                }
            }
            matrix.column_mut(segment).assign(&potential);
        }
        Ok(())
    }
}

impl<M: DipoleModel> Probe for DipoleField<M> {
    fn class(&self) -> &'static str {
        self.model.class()
    }

    fn unit(&self) -> &'static str {
        self.model.unit()
    }

    fn n_rows(&self) -> usize {
        if self.projection.is_some() { 3 } else { self.model.n_signals() }
    }

    fn validate(&self) -> Result<()> {
        self.model.validate()
    }

    fn describe(&self) -> Vec<(&'static str, Description)> {
        let mut described = self.model.describe();
        described.push((
            "dipoles",
            Description::Text(
                match self.source {
                    DipoleSource::At(_) => "one",
                    DipoleSource::Cells => "cells",
                    DipoleSource::Segments => "segments",
                }
                .to_owned(),
            ),
        ));
        if let DipoleSource::At(dipole_um) = self.source {
            described.push(("dipole_um", Description::Numbers(dipole_um.to_vec())));
        }
        let HeadFrame { rotation, offset_um } = self.frame;
        described.push(("head_rotation", Description::Points(rotation.to_vec())));
        described.push(("head_offset_um", Description::Numbers(offset_um.to_vec())));
        described
    }

    fn fill(&self, geometry: &Geometry, mut matrix: ArrayViewMut2<f64>) -> Result<usize> {
        match self.source {
            DipoleSource::At(_) => return CurrentDipoleMoment.fill(geometry, matrix),
            DipoleSource::Cells => {
                let at = geometry.midpoint_um(0);
                let lead_field = self.lead_field(at)?;
                for (segment, mut column) in matrix.columns_mut().into_iter().enumerate() {
                    // Moments about the dipole's own place: small numbers keep their digits.
                    let moment = subtract(geometry.midpoint_um(segment), at);
                    for (value, row) in column.iter_mut().zip(lead_field.rows()) {
                        *value = dot([row[0], row[1], row[2]], moment);
                    }
                }
            }
            DipoleSource::Segments => self.fill_segments(geometry, &mut matrix)?,
        }
        Ok(0)
    }

    fn projection(&self) -> Option<ArrayView2<'_, f64>> {
        self.projection.as_ref().map(|projection| projection.view())
    }
}
