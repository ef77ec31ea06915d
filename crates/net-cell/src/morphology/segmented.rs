//! A morphology divided into segments: all the cable equation needs to know of a shape.

use std::collections::BTreeMap;

/// The class of a section, as the type column of SWC and the section lists of NEURON name it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum SectionKind {
    /// The cell body.
    Soma,
    /// Axon.
    Axon,
    /// Basal dendrite, `dend`.
    Basal,
    /// Apical dendrite, `apic`.
    Apical,
    /// Anything else.
    Other,
}

/// One unbranched cable, divided into `n_segments` segments of equal arc length.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentedSection {
    /// Name as NEURON's import gives it, e.g. `dend[3]`.
    pub name: String,
    /// Class of the section.
    pub kind: SectionKind,
    /// Index of the parent section and the position 0..=1 on it where this section's 0-end is
    /// attached; `None` for the root. A parent precedes its children.
    pub parent: Option<(usize, f64)>,
    /// Arc length in um.
    pub length_um: f64,
    /// Number of segments, at least 1.
    pub n_segments: usize,
    /// Index of the first segment in [`Segments`].
    pub first_segment: usize,
    /// Axial resistivity in Ohm cm.
    pub ra_ohm_cm: f64,
    /// Specific membrane capacitance in uF/cm2, of segments that have none of their own.
    pub cm_uf_cm2: f64,
    /// Resistance from the centre of the last segment to the section's 1-end, in MOhm.
    pub ri_end_mohm: f64,
}

/// The segments of all sections, in section order, inside a section from its 0-end to its 1-end.
/// Every vector has one entry a segment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Segments {
    /// Index of the section.
    pub section: Vec<u32>,
    /// Position of the centre on the section, 0..1.
    pub x: Vec<f64>,
    /// Membrane area in um2.
    pub area_um2: Vec<f64>,
    /// Axial resistance in MOhm from the centre of the previous segment of the same section, or
    /// from the 0-end of the section for its first segment (NEURON's `ri(x)`).
    pub ri_mohm: Vec<f64>,
    /// Diameter in um.
    pub diam_um: Vec<f64>,
    /// Arc length in um.
    pub length_um: Vec<f64>,
    /// Start point (0-end side) x, y, z in um.
    pub start_um: Vec<[f64; 3]>,
    /// End point (1-end side) x, y, z in um.
    pub end_um: Vec<[f64; 3]>,
    /// Specific membrane capacitance in uF/cm2 of segments that differ from their section, by segment.
    pub own_cm_uf_cm2: BTreeMap<usize, f64>,
}

/// A discretised morphology.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SegmentedMorphology {
    /// Sections; a parent precedes its children.
    pub sections: Vec<SegmentedSection>,
    /// Segments of all sections.
    pub segments: Segments,
}

impl SegmentedMorphology {
    /// Number of segments.
    pub fn n_segments(&self) -> usize {
        self.segments.area_um2.len()
    }

    /// Specific membrane capacitance of a segment in uF/cm2.
    pub fn cm_uf_cm2(&self, segment: usize) -> f64 {
        let section = &self.sections[self.segments.section[segment] as usize];
        self.segments.own_cm_uf_cm2.get(&segment).copied().unwrap_or(section.cm_uf_cm2)
    }

    /// Index of the segment of `section` that holds position `x` (0..=1): `floor(x * n)`, the last
    /// one for `x = 1`.
    pub fn segment_at(&self, section: usize, x: f64) -> usize {
        let section = &self.sections[section];
        let k = ((x * section.n_segments as f64) as usize).min(section.n_segments - 1);
        section.first_segment + k
    }
}
