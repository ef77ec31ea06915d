//! A head of four concentric spheres.

use std::f64::consts::PI;

use ndarray::Array2;

use super::{check_positions, rows_of};
use crate::dipole::DipoleModel;
use crate::error::{LfpError, Result};
use crate::potential::check_positive;
use crate::probe::Description;
use crate::vector::{Point, add, dot, norm, scale, subtract};

/// Potentials in mV of a dipole in the brain of a head that is four concentric spheres about the
/// origin: brain, cerebrospinal fluid, skull, scalp (Naess et al. 2017; LFPykit's
/// `FourSphereVolumeConductor`).
///
/// The series over Legendre polynomials is summed until it does not change; LFPykit's default stops
/// at 4e-6 of the largest potential. In the brain the dipole's own potential is taken in closed
/// form. Coefficients are kept as quotients, so that equal conductivities are nothing special.
#[derive(Debug, Clone, PartialEq)]
pub struct FourSphereVolumeConductor {
    /// Electrodes, x, y, z in um from the center; none outside the scalp.
    pub electrodes_um: Vec<[f64; 3]>,
    /// Outer radii of brain, cerebrospinal fluid, skull and scalp.
    pub radii_um: [f64; 4],
    /// Conductivities of the four in S/m.
    pub sigmas_s_m: [f64; 4],
}

/// Largest number of terms; enough for electrodes that are farther from the center than the dipole
/// by 5e-5 of its distance.
const MAX_TERMS: usize = 1_000_000;

impl FourSphereVolumeConductor {
    /// LFPykit's defaults: radii 79, 80, 85, 90 mm, conductivities 0.3, 1.5, 0.015, 0.3 S/m.
    pub fn new(electrodes_um: Vec<[f64; 3]>) -> Self {
        Self {
            electrodes_um,
            radii_um: [79_000.0, 80_000.0, 85_000.0, 90_000.0],
            sigmas_s_m: [0.3, 1.5, 0.015, 0.3],
        }
    }

    fn check_dipole(&self, dipole_um: Point) -> Result<()> {
        let distance_um = norm(dipole_um);
        let brain_um = self.radii_um[0];
        if distance_um == 0.0 {
            return Err(LfpError::DipoleAtCenter);
        }
        if !(distance_um < brain_um) {
            return Err(LfpError::DipoleOutsideBrain { distance_um, brain_um });
        }
        match self.electrodes_um.iter().position(|&electrode| norm(electrode) <= distance_um) {
            None => Ok(()),
            Some(electrode) => Err(LfpError::ElectrodeTooDeep {
                electrode,
                radius_um: norm(self.electrodes_um[electrode]),
                dipole_radius_um: distance_um,
            }),
        }
    }

    /// Potentials at `electrode` of unit dipoles along x, y, z.
    fn row(
        &self,
        series: &mut Series,
        electrode: usize,
        position: Point,
        dipole_um: Point,
    ) -> Result<Point> {
        let [r1, r2, r3, r4] = self.radii_um;
        let (r, rz) = (norm(position), norm(dipole_um));
        let radial = scale(dipole_um, 1.0 / rz);
        let height = dot(position, radial);
        let cosine = (height / r).clamp(-1.0, 1.0);
        let across = scale(subtract(position, scale(radial, height)), 1.0 / r);
        let layer = [r1, r2, r3].iter().filter(|&&radius| r > radius).count();
        // What the powers of a term are multiplied with from term to term.
        let (growing, falling) = match layer {
            0 => (r / r1, 0.0),
            1 => (r / r2, r2 / r),
            2 => (r / r3, r3 / r),
            _ => (r / r4, r4 / r),
        };
        let e = rz / r1;
        let (mut grown, mut fallen, mut depth) = (1.0, falling, e);

        let (mut before, mut legendre, mut slope) = (0.0, 1.0, 0.0);
        let (mut radial_sum, mut tangential_sum, mut largest) = (0.0, 0.0, 0.0_f64);
        for n in 1..=MAX_TERMS {
            let order = n as f64;
            let next = ((2.0 * order - 1.0) * cosine * legendre - (order - 1.0) * before) / order;
            slope = cosine * slope + order * legendre;
            (before, legendre) = (legendre, next);
            grown *= growing;
            fallen *= falling;
            depth *= e;
            let [c, d] = series.coefficients(n)[layer];
            let term = depth * (c * grown + d * fallen);
            radial_sum += order * term * legendre;
            tangential_sum += term * slope;
            let bound = order * order * term.abs();
            largest = largest.max(bound);
            if bound <= 1e-19 * largest {
                let sum = add(scale(radial, radial_sum), scale(across, tangential_sum));
                let sum = scale(sum, 1.0 / (4.0 * PI * self.sigmas_s_m[0] * rz * rz));
                return Ok(match layer {
                    0 => add(sum, self.direct(position, dipole_um)),
                    _ => sum,
                });
            }
        }
        Err(LfpError::NotConverged { electrode, radius_um: r, dipole_radius_um: rz })
    }

    /// Potentials in an infinite medium like the brain.
    fn direct(&self, position: Point, dipole_um: Point) -> Point {
        let apart = subtract(position, dipole_um);
        scale(apart, 1.0 / (4.0 * PI * self.sigmas_s_m[0] * norm(apart).powi(3)))
    }
}

/// Coefficients `C_n` and `D_n` of the four layers over `e^(n+1)`, for n = 1, 2, ... as far as they
/// were asked for; the brain's `D_n` belongs to the direct potential and is left out.
struct Series {
    /// Ratios of radii r1/r2, r2/r3, r3/r4.
    radii: [f64; 3],
    /// Ratios of conductivities.
    sigmas: [f64; 3],
    /// The ratios of radii to the power n + 1 and 2 n + 1 for the last n.
    powers: [[f64; 2]; 3],
    known: Vec<[[f64; 2]; 4]>,
}

impl Series {
    fn new(head: &FourSphereVolumeConductor) -> Self {
        let ratios = |of: [f64; 4]| [of[0] / of[1], of[1] / of[2], of[2] / of[3]];
        let radii = ratios(head.radii_um);
        let powers = radii.map(|ratio| [ratio; 2]);
        Self { radii, sigmas: ratios(head.sigmas_s_m), powers, known: Vec::new() }
    }

    fn coefficients(&mut self, n: usize) -> [[f64; 2]; 4] {
        while self.known.len() < n {
            for (power, ratio) in self.powers.iter_mut().zip(self.radii) {
                *power = [power[0] * ratio, power[1] * ratio * ratio];
            }
            let next = self.next();
            self.known.push(next);
        }
        self.known[n - 1]
    }

    /// Naess et al. 2017 define `V`, `Y`, `Z` and `C` one after the other, as quotients of sums in
    /// which the leading parts cancel where conductivities are equal. Here `v` and `y` are pairs
    /// (numerator, denominator), multiplied out so that `s - 1` is a factor of what may vanish.
    fn next(&self) -> [[f64; 2]; 4] {
        let n = (self.known.len() + 1) as f64;
        let (up, down) = ((n + 1.0) / n, n / (n + 1.0));
        let [s12, s23, s34] = self.sigmas;
        let [[r12, r12_q], [r23, r23_q], [r34, r34_q]] = self.powers;

        let v = [down * s34 + 1.0 + r34_q * (s34 - 1.0), s34 - 1.0 + r34_q * (up * s34 + 1.0)];
        let y = [
            v[0] * (down * s23 + 1.0) + down * r23_q * v[1] * (s23 - 1.0),
            (s23 - 1.0) * v[0] + r23_q * v[1] * (s23 + down),
        ];
        let c1 = (up * y[0] * (s12 - 1.0) + r12_q * y[1] * (up * s12 + 1.0))
            / (r12_q * y[1] * (s12 - 1.0) + y[0] * (s12 + up));
        let fluid = (c1 + 1.0) * r12 / (r12_q * y[1] + y[0]);
        let (c2, d2) = (fluid * y[1], fluid * y[0]);
        let skull = (c2 + d2) * r23 / (r23_q * v[1] + v[0]);
        let (c3, d3) = (skull * v[1], skull * v[0]);
        let c4 = up * r34 * (c3 + d3) / (up * r34_q + 1.0);
        [[c1, 0.0], [c2, d2], [c3, d3], [c4, down * c4]]
    }
}

impl DipoleModel for FourSphereVolumeConductor {
    fn class(&self) -> &'static str {
        "FourSphereVolumeConductor"
    }

    fn unit(&self) -> &'static str {
        "mV"
    }

    fn n_signals(&self) -> usize {
        self.electrodes_um.len()
    }

    fn validate(&self) -> Result<()> {
        check_positions("position of electrode", &self.electrodes_um)?;
        self.radii_um.iter().try_for_each(|&radius| check_positive("radii_um", radius))?;
        self.sigmas_s_m.iter().try_for_each(|&sigma| check_positive("sigmas", sigma))?;
        if !self.radii_um.is_sorted_by(|a, b| a < b) {
            return Err(LfpError::RadiiNotIncreasing { found_um: self.radii_um });
        }
        let head_um = self.radii_um[3];
        for (electrode, &position) in self.electrodes_um.iter().enumerate() {
            let radius_um = norm(position);
            // Electrodes on the scalp may be outside by rounding.
            if radius_um > head_um * (1.0 + 1e-12) {
                return Err(LfpError::ElectrodeOutsideHead { electrode, radius_um, head_um });
            }
        }
        Ok(())
    }

    fn describe(&self) -> Vec<(&'static str, Description)> {
        vec![
            ("contacts_um", Description::Points(self.electrodes_um.clone())),
            ("radii_um", Description::Numbers(self.radii_um.to_vec())),
            ("conductivity_s_m", Description::Numbers(self.sigmas_s_m.to_vec())),
        ]
    }

    fn lead_field(&self, dipole_um: [f64; 3]) -> Result<Array2<f64>> {
        self.validate()?;
        self.check_dipole(dipole_um)?;
        let mut series = Series::new(self);
        rows_of(&self.electrodes_um, |electrode, position| {
            self.row(&mut series, electrode, position, dipole_um)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The quotients for radii and conductivities 1, 2, 4, 8 are V(1) = -4.75, Y(1) = -2.3875,
    /// Z(1) = -2.16574585635359; the coefficients follow from them as the paper defines them.
    #[test]
    fn coefficients_are_those_of_the_paper() {
        let head = FourSphereVolumeConductor {
            electrodes_um: vec![[0.0, 0.0, 8.0]],
            radii_um: [1.0, 2.0, 4.0, 8.0],
            sigmas_s_m: [1.0, 2.0, 4.0, 8.0],
        };
        let [[c1, _], [c2, d2], [c3, d3], [c4, d4]] = Series::new(&head).coefficients(1);
        let (v, y, z) = (-4.75, -2.3875, -2.165_745_856_353_59);
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-14, "{a} for {b}");
        close(d3 / c3, v);
        close(d2 / c2, y);
        close(c1, (2.0 * 0.5 + z) / (0.5 - z));
        close(c2, (c1 + 1.0) * 0.25 / (0.125 + y));
        close(c3, (c2 + d2) * 0.25 / (0.125 + v));
        close(c4, 2.0 * 0.25 * (c3 + d3) / (2.0 * 0.125 + 1.0));
        close(d4, 0.5 * c4);
    }
}
