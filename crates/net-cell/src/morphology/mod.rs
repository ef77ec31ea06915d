//! Morphologies: readers, geometry, and their division into segments.
//!
//! A [`Morphology`] is a tree of sections with shapes. It is read from a file ([`read`]) or made in
//! code ([`MorphologyBuilder`]). A [`Discretization`] and a [`Cable`] turn it into a
//! [`SegmentedMorphology`], all that the cable equation and the probes need. A network keeps one of
//! these a template; a [`Placement`] says where a cell is, [`PlacedPoints`] are its coordinates there.
//!
//! The numbers are NEURON's: names and joints of imported sections, coordinates in single precision,
//! children moved to the straight line between the ends of their parent, areas and resistances
//! integrated over the frusta. Imported sections come in NEURON's order (by type, then as in the
//! file), except that a parent always precedes its children: an axon that grows from a dendrite
//! comes after it.

mod asc;
mod asc_soma;
mod asc_text;
mod discretization;
mod distance;
mod error;
mod geometry;
mod import;
mod outlined;
mod placement;
mod segmented;
mod select;
mod swc;
mod swc_sections;
mod tree;

pub use asc::read_asc;
pub use discretization::{Cable, CableProperties, Discretization, SegmentPoints};
pub use error::MorphologyError;
pub use outlined::{Branch, SomaShape, of_branches};
pub use placement::{Axis, PlacedPoints, Placement, Rotation, RotationOrder};
pub use segmented::{SectionKind, SegmentedMorphology, SegmentedSection, Segments};
pub use select::ALL_SECTIONS;
pub use swc::read_swc;
pub use tree::{Morphology, MorphologyBuilder, Point, Section, Shape};

use std::path::Path;

/// Reads a morphology file, in the format its extension names: `.swc` or `.asc`. For others, [`of_branches`]
/// makes one of an outline and lists of points.
///
/// # Errors
///
/// An unknown extension, or what the reader of the format reports.
pub fn read(path: impl AsRef<Path>) -> Result<Morphology, MorphologyError> {
    let path = path.as_ref();
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    match extension.as_str() {
        "asc" => read_asc(path),
        "swc" => read_swc(path),
        _ => Err(MorphologyError::UnknownFormat { path: path.into(), found: extension }),
    }
}
