//! A slice of tissue between an electrode array on glass and saline.

use std::f64::consts::PI;

use ndarray::ArrayViewMut2;

use crate::contacts::Contacts;
use crate::electrode::{SourceModel, average_over_contacts};
use crate::error::{LfpError, Result};
use crate::geometry::Geometry;
use crate::potential::{Line, Potential, check_positive, line_integral};
use crate::probe::{Description, Probe};
use crate::vector::{Point, norm, subtract};

/// How far outside the slice rounding may put a point, in um.
const TOLERANCE_UM: f64 = 1e-9;

/// Potentials in mV at the contacts of a multi-electrode array under a slice, by the method of
/// images (Ness et al. 2015; LFPykit's `RecMEAElectrode`).
///
/// Tissue of conductivity `sT` fills `0 < z < h`, glass of `sG` is below and saline of `sS` above;
/// z counts from [`z_shift_um`](Self::z_shift_um). With `W_S = (sT - sS)/(sT + sS)`,
/// `W_G = (sT - sG)/(sT + sG)`, `w(q) = 1/sqrt(rho^2 + q^2)` and the source at z' a point source has
///
/// ```text
/// V = I/(4 pi sT) [ w(z-z') + W_S w(z+z'-2h) + W_G w(z+z')
///     + sum_{n=1}^{N-1} (W_S W_G)^n ( W_S w(z+z'-2(n+1)h) + W_G w(z+z'+2nh) + w(z-z'+2nh) + w(z-z'-2nh) ) ]
/// ```
///
/// Line sources are possible where the contacts lie on insulating glass (`z = z_shift`,
/// `sG = 0`): `V = 2 I/(4 pi sT L) [F(0) + sum_{n=1}^{N-1} W_S^n (F(2nh) + F(-2nh))]`, where `F(q)` is
/// the integral of 1/distance times L along the segment from the contact displaced to height q.
///
/// A contact nearer to a segment than its radius keeps that distance (for a point, the one to its
/// midpoint in the plane).
#[derive(Debug, Clone, PartialEq)]
pub struct RecMeaElectrode {
    /// Where potentials are measured.
    pub contacts: Contacts,
    /// Conductivity of the tissue in S/m.
    pub sigma_tissue_s_m: f64,
    /// Conductivity of the saline above in S/m; 0 for an insulator.
    pub sigma_saline_s_m: f64,
    /// Conductivity of the glass below in S/m; 0 for an insulator.
    pub sigma_glass_s_m: f64,
    /// Thickness of the slice.
    pub thickness_um: f64,
    /// z of the glass.
    pub z_shift_um: f64,
    /// Number `N` of terms of the series.
    pub n_images: usize,
    /// What a segment is.
    pub source: SourceModel,
    /// Squeezes the cell along z to `1 - factor` of its height about the middle of its first
    /// segment, before its potential is computed; the cell itself does not change.
    pub squeeze_factor: Option<f64>,
}

impl RecMeaElectrode {
    /// LFPykit's defaults: 0.3 S/m tissue 300 um thick from z = 0, saline of 1.5 S/m, insulating
    /// glass, 20 images, line sources.
    pub fn new(contacts: Contacts) -> Self {
        Self {
            contacts,
            sigma_tissue_s_m: 0.3,
            sigma_saline_s_m: 1.5,
            sigma_glass_s_m: 0.0,
            thickness_um: 300.0,
            z_shift_um: 0.0,
            n_images: 20,
            source: SourceModel::LineSource,
            squeeze_factor: None,
        }
    }

    fn contains(&self, z_um: f64) -> bool {
        let z = z_um - self.z_shift_um;
        -TOLERANCE_UM <= z && z <= self.thickness_um + TOLERANCE_UM
    }

    fn slice_um(&self) -> [f64; 2] {
        [self.z_shift_um, self.z_shift_um + self.thickness_um]
    }

    /// The segments with z from the glass, squeezed if asked for, all inside the slice.
    fn lines(&self, geometry: &Geometry) -> Result<Vec<Line>> {
        let center = geometry.midpoint_um(0)[2];
        let keep = 1.0 - self.squeeze_factor.unwrap_or(0.0);
        let squeezed = |[x, y, z]: Point| match self.squeeze_factor {
            None => [x, y, z],
            Some(_) => [x, y, center + keep * (z - center)],
        };
        let line = |segment| {
            let ends = [geometry.start_um(segment), geometry.end_um(segment)].map(squeezed);
            if let Some(end) = ends.iter().find(|end| !self.contains(end[2])) {
                let slice_um = self.slice_um();
                return Err(LfpError::SegmentOutsideSlice { segment, z_um: end[2], slice_um });
            }
            let [start, end] = ends.map(|[x, y, z]| [x, y, z - self.z_shift_um]);
            Ok(Line::new(start, end, geometry.radius_um(segment)))
        };
        (0..geometry.n_segments()).map(line).collect()
    }

    fn point(&self, line: &Line, [x, y, z]: Point) -> Potential {
        let [x_source, y_source, z_source] = line.midpoint();
        let (tissue, h) = (self.sigma_tissue_s_m, self.thickness_um);
        let (dx, dy, dz) = (x - x_source, y - y_source, z - z_source);
        let least = line.radius * line.radius;
        let rho2 = dx * dx + dy * dy;
        let is_near = rho2 + dz * dz < least;
        let rho2 = if is_near { least - dz * dz } else { rho2 };
        let w = |q: f64| 1.0 / (rho2 + q * q).sqrt();
        let saline = reflection(tissue, self.sigma_saline_s_m);
        let glass = reflection(tissue, self.sigma_glass_s_m);
        let sum_z = z + z_source;

        let mut sum = w(dz) + saline * w(sum_z - 2.0 * h) + glass * w(sum_z);
        let mut factor = 1.0;
        for n in 1..self.n_images {
            let n = n as f64;
            factor *= saline * glass;
            sum += factor
                * (saline * w(sum_z - 2.0 * (n + 1.0) * h)
                    + glass * w(sum_z + 2.0 * n * h)
                    + w(dz + 2.0 * n * h)
                    + w(dz - 2.0 * n * h));
        }
        (sum / (4.0 * PI * tissue), is_near)
    }

    fn line(&self, line: &Line, point: Point) -> Potential {
        if line.length == 0.0 {
            return self.point(line, point);
        }
        let is_near = norm(subtract(point, line.nearest(point))) < line.radius;
        let least = if is_near { line.radius * line.radius } else { 0.0 };
        let integral_from = |height: f64| {
            let (beyond, r2) = line.cylindrical([point[0], point[1], height]);
            line_integral(beyond, line.length, r2.max(least))
        };
        let saline = reflection(self.sigma_tissue_s_m, self.sigma_saline_s_m);
        let mut sum = integral_from(0.0);
        let mut factor = 1.0;
        for n in 1..self.n_images {
            let height = 2.0 * n as f64 * self.thickness_um;
            factor *= saline;
            sum += factor * (integral_from(height) + integral_from(-height));
        }
        (2.0 * sum / (4.0 * PI * self.sigma_tissue_s_m * line.length), is_near)
    }
}

/// `(sT - s)/(sT + s)`: the strength of an image behind a boundary.
fn reflection(tissue: f64, other: f64) -> f64 {
    (tissue - other) / (tissue + other)
}

fn check_not_negative(name: &'static str, found: f64) -> Result<()> {
    if found >= 0.0 && found.is_finite() {
        return Ok(());
    }
    Err(LfpError::Parameter { name, found, allowed: "a finite number of at least 0" })
}

impl Probe for RecMeaElectrode {
    fn class(&self) -> &'static str {
        "RecMEAElectrode"
    }

    fn unit(&self) -> &'static str {
        "mV"
    }

    fn n_rows(&self) -> usize {
        self.contacts.len()
    }

    fn validate(&self) -> Result<()> {
        check_positive("sigma_tissue", self.sigma_tissue_s_m)?;
        check_not_negative("sigma_saline", self.sigma_saline_s_m)?;
        check_not_negative("sigma_glass", self.sigma_glass_s_m)?;
        check_positive("thickness_um", self.thickness_um)?;
        if !self.z_shift_um.is_finite() {
            let (name, found, allowed) = ("z_shift_um", self.z_shift_um, "a finite number");
            return Err(LfpError::Parameter { name, found, allowed });
        }
        if let Some(found) = self.squeeze_factor.filter(|factor| !(0.0..1.0).contains(factor)) {
            let allowed = "at least 0 and below 1";
            return Err(LfpError::Parameter { name: "squeeze_factor", found, allowed });
        }
        let has_lines = self.source != SourceModel::PointSource;
        if has_lines && self.sigma_glass_s_m != 0.0 {
            return Err(LfpError::LinesOnConductingGlass { sigma_glass: self.sigma_glass_s_m });
        }
        for contact in 0..self.contacts.len() {
            for point in self.contacts.points_um(contact) {
                let z_um = point[2];
                if !self.contains(z_um) {
                    let slice_um = self.slice_um();
                    return Err(LfpError::ContactOutsideSlice { contact, z_um, slice_um });
                }
                if has_lines && (z_um - self.z_shift_um).abs() > TOLERANCE_UM {
                    let z_shift_um = self.z_shift_um;
                    return Err(LfpError::LinesOffGlass { contact, z_um, z_shift_um });
                }
            }
        }
        Ok(())
    }

    fn describe(&self) -> Vec<(&'static str, Description)> {
        let sigmas = [self.sigma_tissue_s_m, self.sigma_saline_s_m, self.sigma_glass_s_m];
        let mut described = self.contacts.describe();
        described.extend([
            ("conductivity_s_m", Description::Numbers(sigmas.to_vec())),
            ("method", Description::Text(self.source.name().to_owned())),
            ("slice_um", Description::Numbers(self.slice_um().to_vec())),
            ("images", Description::Numbers(vec![self.n_images as f64])),
        ]);
        if let Some(factor) = self.squeeze_factor {
            described.push(("squeeze_factor", Description::Numbers(vec![factor])));
        }
        described
    }

    fn fill(&self, geometry: &Geometry, matrix: ArrayViewMut2<f64>) -> Result<usize> {
        self.validate()?;
        let is_point = self.source.is_point(geometry.n_segments())?;
        let lines = self.lines(geometry)?;
        let potential = |[x, y, z]: Point, segment: usize| {
            let point = [x, y, z - self.z_shift_um];
            if is_point[segment] {
                self.point(&lines[segment], point)
            } else {
                self.line(&lines[segment], point)
            }
        };
        Ok(average_over_contacts(&self.contacts, matrix, potential))
    }
}
