//! Integrals over the shape of a section: areas, axial resistances, length constants, places.

use std::f64::consts::PI;

use super::tree::{Section, Shape};

/// Ohm cm times 1/um to MOhm.
const MOHM_PER_OHM_CM_PER_UM: f64 = 0.01;

/// NEURON's floor for the length of a piece in um; keeps diameter steps without length finite.
const MIN_PIECE_UM: f64 = 1e-15;

/// What one segment contributes to the cable equation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SegmentGeometry {
    pub(super) diam_um: f64,
    pub(super) area_um2: f64,
    /// Axial resistances of the halves towards the 0-end and the 1-end, in MOhm.
    pub(super) left_mohm: f64,
    pub(super) right_mohm: f64,
}

/// The geometry of all segments of a section divided into `n_segments`.
pub(super) fn segments_of(
    section: &Section,
    n_segments: usize,
    ra_ohm_cm: f64,
) -> Vec<SegmentGeometry> {
    match &section.shape {
        Shape::Cylinder { length_um, diam_um, .. } => {
            let length = length_um / n_segments as f64;
            let cross_section = PI * diam_um * diam_um / 4.0;
            let half = MOHM_PER_OHM_CM_PER_UM * ra_ohm_cm * (length / 2.0) / cross_section;
            let segment = SegmentGeometry {
                diam_um: *diam_um,
                area_um2: PI * diam_um * length,
                left_mohm: half,
                right_mohm: half,
            };
            vec![segment; n_segments]
        }
        Shape::Steps { length_um, diam_um, .. } => {
            steps_of(*length_um, diam_um, n_segments, ra_ohm_cm)
        }
        Shape::Points { points, arc_um } => {
            let diams: Vec<f64> = points.iter().map(|point| point.diam_um.into()).collect();
            let length = arc_um[arc_um.len() - 1] / n_segments as f64;
            let mohm = 4.0 * MOHM_PER_OHM_CM_PER_UM * ra_ohm_cm / PI;
            let mut walk = Walk { arc_um, diams: &diams, next: 1, arc: arc_um[0], diam: diams[0] };
            let mut segments = Vec::with_capacity(n_segments);
            for k in 0..n_segments {
                let start = k as f64 * length;
                let left = walk.to(start + length / 2.0);
                let right = walk.to(start + length / 2.0 + length / 2.0);
                segments.push(SegmentGeometry {
                    diam_um: (left.diam + right.diam) / length,
                    area_um2: left.area + right.area,
                    left_mohm: mohm * left.inverse_square,
                    right_mohm: mohm * right.inverse_square,
                });
            }
            segments
        }
    }
}

/// Segments of cylinders of equal length; where a segment spans several of them, by their parts.
fn steps_of(
    length_um: f64,
    diam_um: &[f64],
    n_segments: usize,
    ra_ohm_cm: f64,
) -> Vec<SegmentGeometry> {
    let n_steps = diam_um.len();
    // In units of a length that divides steps and halves of segments: all bounds are whole.
    let unit_um = length_um / (2 * n_segments * n_steps) as f64;
    let integral = |from: usize, to: usize, of: &dyn Fn(f64) -> f64| -> f64 {
        let (mut at, mut sum) = (from, 0.0);
        while at < to {
            let step = at / (2 * n_segments);
            let end = to.min((step + 1) * 2 * n_segments);
            sum += of(diam_um[step]) * ((end - at) as f64 * unit_um);
            at = end;
        }
        sum
    };
    (0..n_segments)
        .map(|k| {
            let [start, middle, end] = [2 * k, 2 * k + 1, 2 * k + 2].map(|half| half * n_steps);
            let resistance = |from, to| {
                MOHM_PER_OHM_CM_PER_UM * ra_ohm_cm * integral(from, to, &|d| 4.0 / (PI * d * d))
            };
            let diam = integral(start, end, &|d| d);
            SegmentGeometry {
                diam_um: diam / (length_um / n_segments as f64),
                area_um2: PI * diam,
                left_mohm: resistance(start, middle),
                right_mohm: resistance(middle, end),
            }
        })
        .collect()
}

/// Integrals over a stretch of a section made of frusta.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    /// Integral of the diameter along the arc, um2.
    diam: f64,
    /// Membrane area, um2: `pi/2 sum (d1 + d2) sqrt(dx^2 + ((d2 - d1)/2)^2)`.
    area: f64,
    /// Integral of `1/d^2` along the arc, 1/um: `sum dx/(d1 d2)`.
    inverse_square: f64,
}

/// Goes along a section from its 0-end, stretch by stretch.
struct Walk<'a> {
    arc_um: &'a [f64],
    diams: &'a [f64],
    /// The next point ahead.
    next: usize,
    /// Where the walk stands, and the diameter there.
    arc: f64,
    diam: f64,
}

impl Walk<'_> {
    /// The integrals from where the walk stands to `arc`, which then is where it stands.
    fn to(&mut self, arc: f64) -> Stretch {
        let mut stretch = Stretch::default();
        while self.next + 1 < self.arc_um.len() && self.arc_um[self.next] <= arc {
            self.step(self.arc_um[self.next], self.diams[self.next], &mut stretch);
            self.next += 1;
        }
        let (from, to) = (self.next - 1, self.next);
        let span = self.arc_um[to] - self.arc_um[from];
        let part = if span < 1e-10 { 1.0 } else { (arc - self.arc_um[from]) / span };
        let diam = (1.0 - part) * self.diams[from] + part * self.diams[to];
        self.step(arc, diam, &mut stretch);
        stretch
    }

    fn step(&mut self, arc: f64, diam: f64, stretch: &mut Stretch) {
        let sum = self.diam + diam;
        stretch.diam += 0.5 * sum * (arc - self.arc);
        let length = (arc - self.arc).max(MIN_PIECE_UM);
        stretch.area += 0.5 * PI * sum * length.hypot(0.5 * (diam - self.diam));
        stretch.inverse_square += length / (self.diam * diam);
        self.arc = arc;
        self.diam = diam;
    }
}

/// Length constant of a section at `frequency_hz` in um: the mean over its length, so that length /
/// lambda is the electrotonic length `sum ds/sqrt(d1 + d2) sqrt(2) 1e-5 sqrt(4 pi f Ra cm)`.
pub(super) fn lambda_um(
    section: &Section,
    frequency_hz: f64,
    ra_ohm_cm: f64,
    cm_uf_cm2: f64,
) -> f64 {
    let factor = 1e-5 * (4.0 * PI * frequency_hz * ra_ohm_cm * cm_uf_cm2).sqrt();
    match &section.shape {
        Shape::Cylinder { diam_um, .. } => diam_um.sqrt() / factor,
        Shape::Steps { diam_um, .. } => {
            let sum: f64 = diam_um.iter().map(|diam| 1.0 / diam.sqrt()).sum();
            diam_um.len() as f64 / sum / factor
        }
        Shape::Points { points, arc_um } => {
            let sum: f64 = (1..points.len())
                .map(|i| {
                    let diams = f64::from(points[i - 1].diam_um) + f64::from(points[i].diam_um);
                    (arc_um[i] - arc_um[i - 1]) / diams.sqrt()
                })
                .sum();
            section.length_um() / (sum * 2f64.sqrt() * factor)
        }
    }
}

/// The point at relative arc length `x` (0..=1) of a section, in um, linear between its points.
pub(super) fn point_at(section: &Section, x: f64) -> [f64; 3] {
    match &section.shape {
        Shape::Cylinder { start_um, end_um, .. } | Shape::Steps { start_um, end_um, .. } => {
            std::array::from_fn(|axis| {
                let (start, end) = (f64::from(start_um[axis]), f64::from(end_um[axis]));
                start + x * (end - start)
            })
        }
        Shape::Points { points, arc_um } => {
            let length = section.length_um();
            let last = points.len() - 1;
            // The last point at or before x, so that of points at one place the outer one counts.
            let before = arc_um.partition_point(|&arc| arc / length <= x).saturating_sub(1);
            let position = |index: usize, axis: usize| f64::from(points[index].position_um[axis]);
            if before >= last {
                return std::array::from_fn(|axis| position(last, axis));
            }
            let (from, to) = (arc_um[before] / length, arc_um[before + 1] / length);
            std::array::from_fn(|axis| {
                let slope = (position(before + 1, axis) - position(before, axis)) / (to - from);
                slope * (x - from) + position(before, axis)
            })
        }
    }
}
