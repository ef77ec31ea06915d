//! Morphologies: readers, geometry, and their division into segments.

mod segmented;

pub use segmented::{SectionKind, SegmentedMorphology, SegmentedSection, Segments};
