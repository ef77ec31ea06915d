//! A dipole in an infinite homogeneous medium.

use std::f64::consts::PI;

use ndarray::Array2;

use super::{check_positions, rows_of};
use crate::dipole::DipoleModel;
use crate::error::{LfpError, Result};
use crate::potential::check_positive;
use crate::probe::Description;
use crate::vector::{norm, scale, subtract};

/// Potentials in mV of a dipole in an infinite homogeneous medium (LFPykit's
/// `InfiniteVolumeConductor`): `V = p . R / (4 pi sigma R^3)` with the vector `R` from the dipole.
#[derive(Debug, Clone, PartialEq)]
pub struct InfiniteVolumeConductor {
    /// Electrodes, x, y, z in um.
    pub electrodes_um: Vec<[f64; 3]>,
    /// Conductivity in S/m.
    pub sigma_s_m: f64,
}

impl DipoleModel for InfiniteVolumeConductor {
    fn class(&self) -> &'static str {
        "InfiniteVolumeConductor"
    }

    fn unit(&self) -> &'static str {
        "mV"
    }

    fn n_signals(&self) -> usize {
        self.electrodes_um.len()
    }

    fn validate(&self) -> Result<()> {
        check_positions("position of electrode", &self.electrodes_um)?;
        check_positive("sigma", self.sigma_s_m)
    }

    fn describe(&self) -> Vec<(&'static str, Description)> {
        vec![
            ("contacts_um", Description::Points(self.electrodes_um.clone())),
            ("conductivity_s_m", Description::Numbers(vec![self.sigma_s_m])),
        ]
    }

    fn lead_field(&self, dipole_um: [f64; 3]) -> Result<Array2<f64>> {
        self.validate()?;
        rows_of(&self.electrodes_um, |electrode, position| {
            let apart = subtract(position, dipole_um);
            let distance = norm(apart);
            if distance == 0.0 {
                return Err(LfpError::AtDipole { electrode, dipole_um });
            }
            Ok(scale(apart, 1.0 / (4.0 * PI * self.sigma_s_m * distance.powi(3))))
        })
    }
}
