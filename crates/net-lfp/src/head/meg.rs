//! Magnetic fields of current dipoles.

use std::f64::consts::PI;

use ndarray::Array2;

use super::check_positions;
use crate::dipole::DipoleModel;
use crate::error::{LfpError, Result};
use crate::probe::Description;
use crate::vector::{Point, cross, dot, norm, scale, subtract};

/// Which magnetic quantity a sensor measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MagneticQuantity {
    /// Field strength H in nA/um.
    #[default]
    Field,
    /// Flux density B = mu0 H in mT, with mu0 = 4e-7 pi T m/A (1 nA/um is 1e-3 A/m).
    FluxDensity,
}

impl MagneticQuantity {
    fn unit(self) -> &'static str {
        match self {
            Self::Field => "nA/um",
            Self::FluxDensity => "mT",
        }
    }

    fn factor(self) -> f64 {
        match self {
            Self::Field => 1.0,
            Self::FluxDensity => 4e-7 * PI,
        }
    }
}

/// Magnetic field of a dipole in an infinite homogeneous medium (LFPykit's
/// `InfiniteHomogeneousVolCondMEG`; Biot-Savart): `H = p x R / (4 pi R^3)` with the vector `R` from
/// the dipole. Signals are x, y, z of the first sensor, then of the next.
#[derive(Debug, Clone, PartialEq)]
pub struct InfiniteHomogeneousVolCondMeg {
    /// Sensors, x, y, z in um.
    pub sensors_um: Vec<[f64; 3]>,
    /// What is measured.
    pub quantity: MagneticQuantity,
}

/// Magnetic field of a dipole in a spherically symmetric conductor about the origin, outside of it
/// (LFPykit's `SphericallySymmetricVolCondMEG`; Sarvas 1987, eq. 34): with `a = r - rp`,
/// `F = a (r a + r^2 - rp . r)` and
/// `grad F = (a^2/r + a.r/a + 2a + 2r) r - (a + 2r + a.r/a) rp`,
/// `H = [F p x rp - (p x rp . r) grad F] / (4 pi F^2)`.
/// Signals are x, y, z of the first sensor, then of the next.
#[derive(Debug, Clone, PartialEq)]
pub struct SphericallySymmetricVolCondMeg {
    /// Sensors, x, y, z in um from the center; outside the conductor.
    pub sensors_um: Vec<[f64; 3]>,
    /// What is measured.
    pub quantity: MagneticQuantity,
}

/// Field at every sensor of unit dipoles along x, y, z: rows of sensors and directions.
fn lead_field(
    sensors_um: &[Point],
    quantity: MagneticQuantity,
    field: impl Fn(usize, Point, Point) -> Result<Point>,
) -> Result<Array2<f64>> {
    let mut matrix = Array2::zeros((3 * sensors_um.len(), 3));
    for (sensor, &position) in sensors_um.iter().enumerate() {
        for axis in 0..3 {
            let mut moment = [0.0; 3];
            moment[axis] = 1.0;
            let field = scale(field(sensor, position, moment)?, quantity.factor());
            for (direction, value) in field.into_iter().enumerate() {
                matrix[[3 * sensor + direction, axis]] = value;
            }
        }
    }
    Ok(matrix)
}

impl DipoleModel for InfiniteHomogeneousVolCondMeg {
    fn class(&self) -> &'static str {
        "InfiniteHomogeneousVolCondMEG"
    }

    fn unit(&self) -> &'static str {
        self.quantity.unit()
    }

    fn n_signals(&self) -> usize {
        3 * self.sensors_um.len()
    }

    fn validate(&self) -> Result<()> {
        check_positions("position of sensor", &self.sensors_um)
    }

    fn describe(&self) -> Vec<(&'static str, Description)> {
        vec![("contacts_um", Description::Points(self.sensors_um.clone()))]
    }

    fn lead_field(&self, dipole_um: [f64; 3]) -> Result<Array2<f64>> {
        self.validate()?;
        lead_field(&self.sensors_um, self.quantity, |electrode, position, moment| {
            let apart = subtract(position, dipole_um);
            let distance = norm(apart);
            if distance == 0.0 {
                return Err(LfpError::AtDipole { electrode, dipole_um });
            }
            Ok(scale(cross(moment, apart), 1.0 / (4.0 * PI * distance.powi(3))))
        })
    }
}

impl DipoleModel for SphericallySymmetricVolCondMeg {
    fn class(&self) -> &'static str {
        "SphericallySymmetricVolCondMEG"
    }

    fn unit(&self) -> &'static str {
        self.quantity.unit()
    }

    fn n_signals(&self) -> usize {
        3 * self.sensors_um.len()
    }

    fn validate(&self) -> Result<()> {
        check_positions("position of sensor", &self.sensors_um)
    }

    fn describe(&self) -> Vec<(&'static str, Description)> {
        vec![("contacts_um", Description::Points(self.sensors_um.clone()))]
    }

    fn lead_field(&self, dipole_um: [f64; 3]) -> Result<Array2<f64>> {
        self.validate()?;
        let depth = norm(dipole_um);
        lead_field(&self.sensors_um, self.quantity, |sensor, r, moment| {
            let radius = norm(r);
            if !(radius > depth) {
                let (radius_um, dipole_radius_um) = (radius, depth);
                return Err(LfpError::SensorTooDeep { sensor, radius_um, dipole_radius_um });
            }
            let apart = subtract(r, dipole_um);
            let distance = norm(apart);
            let along = dot(apart, r) / distance;
            let f = distance * (radius * distance + radius * radius - dot(dipole_um, r));
            let of_r = distance * distance / radius + along + 2.0 * (distance + radius);
            let of_dipole = distance + 2.0 * radius + along;
            let gradient = subtract(scale(r, of_r), scale(dipole_um, of_dipole));
            let turn = cross(moment, dipole_um);
            let numerator = subtract(scale(turn, f), scale(gradient, dot(turn, r)));
            Ok(scale(numerator, 1.0 / (4.0 * PI * f * f)))
        })
    }
}
