//! One conducting sphere in a homogeneous medium.

use std::f64::consts::PI;

use ndarray::ArrayViewMut2;

use crate::error::{LfpError, Result};
use crate::geometry::{Geometry, check_finite};
use crate::potential::check_positive;
use crate::probe::{Description, Probe};
use crate::vector::{Point, dot, norm, subtract};

/// Potentials in mV in and around a sphere of one conductivity in a medium of another, of point
/// sources inside (Deng 2008; LFPykit's `OneSphereVolumeConductor`). The center is at the origin.
///
/// With the distances `r` and `rs` of contact and source from the center and the angle `g` between
/// them, inside
/// `V = I/(4 pi si) [1/d + 1/R sum (si-so)(n+1)/(si n + so (n+1)) (r rs/R^2)^n P_n(cos g)]`, where `d`
/// is the distance of contact and source, at least the segment's diameter; outside
/// `V = I/(4 pi si r) sum si (2n+1)/(si n + so (n+1)) (rs/r)^n P_n(cos g)`.
///
/// The angle is the true one; LFPykit takes the difference of polar angles, which is right only for
/// a source and a contact on one meridian.
#[derive(Debug, Clone, PartialEq)]
pub struct OneSphereVolumeConductor {
    /// Points of measurement, x, y, z in um from the center of the sphere.
    pub positions_um: Vec<[f64; 3]>,
    /// Radius of the sphere.
    pub radius_um: f64,
    /// Conductivity inside in S/m.
    pub sigma_inside_s_m: f64,
    /// Conductivity outside in S/m.
    pub sigma_outside_s_m: f64,
    /// Terms of the series, n = 0, 1, ...; terms too small to change the sum are left out.
    pub n_terms: usize,
}

impl OneSphereVolumeConductor {
    /// LFPykit's defaults: a radius of 10,000 um, 0.3 S/m inside, 0.03 S/m outside, 1,000 terms.
    pub fn new(positions_um: Vec<[f64; 3]>) -> Self {
        Self {
            positions_um,
            radius_um: 10_000.0,
            sigma_inside_s_m: 0.3,
            sigma_outside_s_m: 0.03,
            n_terms: 1000,
        }
    }

    /// Potential in mV of 1 nA at `source`, which keeps `least_um` from points inside; whether the
    /// distance was raised.
    fn potential(&self, source: Point, point: Point, least_um: f64) -> (f64, bool) {
        let (inside, outside) = (self.sigma_inside_s_m, self.sigma_outside_s_m);
        let (r, rs) = (norm(point), norm(source));
        // At the center all angles are the same: only n = 0 counts.
        let cosine =
            if r * rs > 0.0 { (dot(point, source) / (r * rs)).clamp(-1.0, 1.0) } else { 0.0 };
        let per_nanoampere = 1.0 / (4.0 * PI * inside);
        let denominator = |n: f64| inside * n + outside * (n + 1.0);
        if r <= self.radius_um {
            let ratio = r * rs / (self.radius_um * self.radius_um);
            let weight = |n: f64| (inside - outside) * (n + 1.0) / denominator(n);
            let reflected = self.series(ratio, cosine, weight) / self.radius_um;
            let distance = norm(subtract(point, source));
            let direct = 1.0 / distance.max(least_um);
            (per_nanoampere * (direct + reflected), distance < least_um)
        } else {
            let weight = |n: f64| inside * (2.0 * n + 1.0) / denominator(n);
            (per_nanoampere * self.series(rs / r, cosine, weight) / r, false)
        }
    }

    /// `sum weight(n) ratio^n P_n(cosine)`.
    fn series(&self, ratio: f64, cosine: f64, weight: impl Fn(f64) -> f64) -> f64 {
        let (mut before, mut legendre) = (0.0, 1.0);
        let mut power = 1.0;
        let (mut sum, mut largest) = (0.0, 0.0_f64);
        for n in 0..self.n_terms {
            let n = n as f64;
            let bound = weight(n) * power;
            largest = largest.max(bound.abs());
            // All later terms together are below 1e-18 of the largest.
            if bound.abs() <= 1e-18 * (1.0 - ratio) * largest {
                break;
            }
            sum += bound * legendre;
            power *= ratio;
            let next = ((2.0 * n + 1.0) * cosine * legendre - n * before) / (n + 1.0);
            (before, legendre) = (legendre, next);
        }
        sum
    }
}

impl Probe for OneSphereVolumeConductor {
    fn class(&self) -> &'static str {
        "OneSphereVolumeConductor"
    }

    fn unit(&self) -> &'static str {
        "mV"
    }

    fn n_rows(&self) -> usize {
        self.positions_um.len()
    }

    fn validate(&self) -> Result<()> {
        if self.positions_um.is_empty() {
            return Err(LfpError::NoContacts);
        }
        check_finite("position of contact", &self.positions_um)?;
        check_positive("radius_um", self.radius_um)?;
        check_positive("sigma_inside", self.sigma_inside_s_m)?;
        check_positive("sigma_outside", self.sigma_outside_s_m)?;
        check_positive("n_terms", self.n_terms as f64)
    }

    fn describe(&self) -> Vec<(&'static str, Description)> {
        let sigmas = [self.sigma_inside_s_m, self.sigma_outside_s_m];
        vec![
            ("contacts_um", Description::Points(self.positions_um.clone())),
            ("radii_um", Description::Numbers(vec![self.radius_um])),
            ("conductivity_s_m", Description::Numbers(sigmas.to_vec())),
        ]
    }

    fn fill(&self, geometry: &Geometry, mut matrix: ArrayViewMut2<f64>) -> Result<usize> {
        self.validate()?;
        let mut n_raised = 0;
        for (segment, mut column) in matrix.columns_mut().into_iter().enumerate() {
            let source = geometry.midpoint_um(segment);
            let distance_um = norm(source);
            if distance_um >= self.radius_um {
                let radius_um = self.radius_um;
                return Err(LfpError::SourceOutsideSphere { segment, distance_um, radius_um });
            }
            let least_um = 2.0 * geometry.radius_um(segment);
            for (value, &point) in column.iter_mut().zip(&self.positions_um) {
                let (potential, is_raised) = self.potential(source, point, least_um);
                *value = potential;
                n_raised += usize::from(is_raised);
            }
        }
        Ok(n_raised)
    }
}
