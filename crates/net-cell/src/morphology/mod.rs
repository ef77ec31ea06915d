//! Morphologies: readers, geometry, and their division into segments.

mod discretization;
mod error;
mod geometry;
mod import;
mod segmented;
mod swc;
mod swc_sections;
mod tree;

pub use discretization::{Cable, CableProperties, Discretization, SegmentPoints};
pub use error::MorphologyError;
pub use segmented::{SectionKind, SegmentedMorphology, SegmentedSection, Segments};
pub use swc::read_swc;
pub use tree::{Morphology, MorphologyBuilder, Point, Section, Shape};

use std::path::Path;

/// Reads a morphology file, in the format its extension names: `.swc`.
///
/// # Errors
///
/// An unknown extension, or what the reader of the format reports.
pub fn read(path: impl AsRef<Path>) -> Result<Morphology, MorphologyError> {
    let path = path.as_ref();
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match extension.as_str() {
        "swc" => read_swc(path),
        _ => Err(MorphologyError::UnknownFormat { path: path.into(), found: extension }),
    }
}
