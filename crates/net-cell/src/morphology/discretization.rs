//! Division of a morphology into segments.

use super::error::MorphologyError;
use super::geometry::{lambda_um, point_at, segments_of};
use super::segmented::{SegmentedMorphology, SegmentedSection, Segments};
use super::tree::{Morphology, Section};

/// The most segments of one section, NEURON's limit.
const MAX_SEGMENTS: usize = 32767;

/// How many segments a section gets.
#[derive(Debug, Clone, PartialEq)]
pub enum Discretization {
    /// A fraction of the length constant: `trunc((L / (d_lambda lambda_f) + 0.9) / 2) 2 + 1`, always
    /// odd. LFPy's `lambda100` is `d_lambda` 0.1 at 100 Hz.
    DLambda {
        /// The longest segment as a fraction of the length constant.
        d_lambda: f64,
        /// Frequency of the length constant in Hz.
        frequency_hz: f64,
    },
    /// A longest segment: `trunc(L / max) + 1`, so an exact multiple gets one more. LFPy's
    /// `fixed_length`.
    MaxLength {
        /// Length that every segment stays below, in um.
        um: f64,
    },
    /// The same number in every section.
    FixedPerSection(usize),
    /// A number for each section, in their order.
    PerSection(Vec<usize>),
}

/// Electrical properties of a cable that do not depend on its membrane mechanisms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CableProperties {
    /// Axial resistivity in Ohm cm.
    pub ra_ohm_cm: f64,
    /// Specific membrane capacitance in uF/cm2.
    pub cm_uf_cm2: f64,
}

impl Default for CableProperties {
    /// NEURON's defaults, 35.4 Ohm cm and 1 uF/cm2.
    fn default() -> Self {
        Self { ra_ohm_cm: 35.4, cm_uf_cm2: 1.0 }
    }
}

/// The [`CableProperties`] of all sections.
#[derive(Debug, Clone, PartialEq)]
pub enum Cable {
    /// The same in every section.
    Uniform(CableProperties),
    /// One entry a section, in their order.
    PerSection(Vec<CableProperties>),
}

impl From<CableProperties> for Cable {
    fn from(properties: CableProperties) -> Self {
        Self::Uniform(properties)
    }
}

/// How the start and end points of segments are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SegmentPoints {
    /// By linear interpolation between the 3-d points along the arc.
    #[default]
    Exact,
    /// As LFPy does: the relative arc lengths are rounded to 6 decimals before. Moves points by up
    /// to 5e-7 of the section's length; for comparisons with LFPy to the last digits.
    SixDecimals,
}

impl Morphology {
    /// Divides every section into segments of equal arc length.
    ///
    /// Diameters are means along the arc; areas and axial resistances are integrals over the frusta
    /// between the 3-d points, as NEURON has them.
    ///
    /// # Errors
    ///
    /// Parameters that are not positive, lists that do not have one entry a section, more than
    /// 32767 segments in a section.
    ///
    /// # Example
    ///
    /// ```
    /// use net_cell::morphology::{
    ///     Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
    /// };
    ///
    /// let mut builder = MorphologyBuilder::new();
    /// builder.cylinder("dend", SectionKind::Basal, None, 1000.0, 1.0)?;
    /// let segmented = builder.build()?.segmented(
    ///     &Discretization::DLambda { d_lambda: 0.1, frequency_hz: 100.0 },
    ///     &Cable::Uniform(CableProperties { ra_ohm_cm: 150.0, cm_uf_cm2: 1.0 }),
    ///     SegmentPoints::Exact,
    /// )?;
    /// assert_eq!(segmented.n_segments(), 45);
    /// # Ok::<(), net_cell::morphology::MorphologyError>(())
    /// ```
    pub fn segmented(
        &self,
        rule: &Discretization,
        cable: &Cable,
        segment_points: SegmentPoints,
    ) -> Result<SegmentedMorphology, MorphologyError> {
        let properties = self.properties_of_sections(cable)?;
        let counts = self.segment_counts(rule, &properties)?;
        let mut segmented = SegmentedMorphology::default();
        for (index, section) in self.sections().iter().enumerate() {
            let CableProperties { ra_ohm_cm, cm_uf_cm2 } = properties[index];
            let first_segment = segmented.n_segments();
            let ri_end_mohm = append_segments(
                &mut segmented.segments,
                index as u32,
                section,
                counts[index],
                ra_ohm_cm,
                segment_points,
            );
            segmented.sections.push(SegmentedSection {
                name: section.name.clone(),
                kind: section.kind,
                parent: section.parent,
                length_um: section.length_um(),
                n_segments: counts[index],
                first_segment,
                ra_ohm_cm,
                cm_uf_cm2,
                ri_end_mohm,
            });
        }
        Ok(segmented)
    }

    fn properties_of_sections(
        &self,
        cable: &Cable,
    ) -> Result<Vec<CableProperties>, MorphologyError> {
        let n_sections = self.sections().len();
        let properties = match cable {
            Cable::Uniform(properties) => vec![*properties; n_sections],
            Cable::PerSection(properties) => properties.clone(),
        };
        check_length("cable properties", properties.len(), n_sections)?;
        for CableProperties { ra_ohm_cm, cm_uf_cm2 } in &properties {
            check_parameter("axial resistivity (Ohm cm)", *ra_ohm_cm)?;
            check_parameter("membrane capacitance (uF/cm2)", *cm_uf_cm2)?;
        }
        Ok(properties)
    }

    fn segment_counts(
        &self,
        rule: &Discretization,
        properties: &[CableProperties],
    ) -> Result<Vec<usize>, MorphologyError> {
        match rule {
            Discretization::DLambda { d_lambda, frequency_hz } => {
                check_parameter("d_lambda", *d_lambda)?;
                check_parameter("frequency (Hz)", *frequency_hz)?;
            }
            Discretization::MaxLength { um } => {
                check_parameter("longest segment (um)", *um)?;
            }
            Discretization::FixedPerSection(_) => {}
            Discretization::PerSection(counts) => {
                check_length("segment counts", counts.len(), self.sections().len())?;
            }
        }
        let mut counts = Vec::with_capacity(self.sections().len());
        for (index, section) in self.sections().iter().enumerate() {
            let length = section.length_um();
            // Conversions to usize saturate, so a count beyond all bounds is still caught below.
            let count = match rule {
                Discretization::DLambda { d_lambda, frequency_hz } => {
                    let CableProperties { ra_ohm_cm, cm_uf_cm2 } = properties[index];
                    let lambda = lambda_um(section, *frequency_hz, ra_ohm_cm, cm_uf_cm2);
                    let pairs = ((length / (d_lambda * lambda) + 0.9) / 2.0) as usize;
                    pairs.saturating_mul(2).saturating_add(1)
                }
                Discretization::MaxLength { um } => ((length / um) as usize).saturating_add(1),
                Discretization::FixedPerSection(count) => *count,
                Discretization::PerSection(counts) => counts[index],
            };
            if !(1..=MAX_SEGMENTS).contains(&count) {
                return Err(MorphologyError::SectionValue {
                    name: section.name.clone(),
                    quantity: "a number of segments",
                    found: count as f64,
                    expected: "1 to 32767",
                });
            }
            counts.push(count);
        }
        Ok(counts)
    }

    /// Length constants of all sections in um at a frequency, as NEURON's `lambda_f`.
    ///
    /// # Errors
    ///
    /// As [`segmented`](Self::segmented).
    pub fn lambda_um(&self, frequency_hz: f64, cable: &Cable) -> Result<Vec<f64>, MorphologyError> {
        check_parameter("frequency (Hz)", frequency_hz)?;
        let properties = self.properties_of_sections(cable)?;
        let sections = self.sections().iter().zip(&properties);
        Ok(sections
            .map(|(section, p)| lambda_um(section, frequency_hz, p.ra_ohm_cm, p.cm_uf_cm2))
            .collect())
    }
}

/// Appends the segments of one section; returns the resistance from the last center to the 1-end.
fn append_segments(
    segments: &mut Segments,
    index: u32,
    section: &Section,
    n_segments: usize,
    ra_ohm_cm: f64,
    segment_points: SegmentPoints,
) -> f64 {
    let n = n_segments as f64;
    let place = |x: f64| match segment_points {
        SegmentPoints::Exact => point_at(section, x),
        SegmentPoints::SixDecimals => point_at(section, (x * 1e6).round_ties_even() / 1e6),
    };
    let mut previous_half_mohm = 0.0;
    for (k, geometry) in segments_of(section, n_segments, ra_ohm_cm).into_iter().enumerate() {
        segments.section.push(index);
        segments.x.push((k as f64 + 0.5) / n);
        segments.area_um2.push(geometry.area_um2);
        segments.ri_mohm.push(previous_half_mohm + geometry.left_mohm);
        segments.diam_um.push(geometry.diam_um);
        segments.length_um.push(section.length_um() / n);
        segments.start_um.push(place(k as f64 / n));
        segments.end_um.push(place((k + 1) as f64 / n));
        previous_half_mohm = geometry.right_mohm;
    }
    previous_half_mohm
}

fn check_parameter(parameter: &'static str, found: f64) -> Result<(), MorphologyError> {
    if found.is_finite() && found > 0.0 {
        return Ok(());
    }
    Err(MorphologyError::Parameter { parameter, found })
}

fn check_length(what: &'static str, found: usize, expected: usize) -> Result<(), MorphologyError> {
    if found == expected {
        return Ok(());
    }
    Err(MorphologyError::PerSection { what, found, expected })
}
