//! Where on its target an edge ends.

use super::TargetCell;
use super::cable;
use crate::edges::EdgeBatch;

/// Places stay this far from the ends of a section.
const MARGIN: f64 = 1e-7;

/// Columns that say where edges end.
pub(super) enum Locations<'b> {
    /// Section and position.
    Position(&'b [f64], &'b [f64]),
    /// Section, 3-d point and um from it.
    SegmentOffset(&'b [f64], &'b [f64], &'b [f64]),
}

/// Why there is no segment.
#[derive(Debug, PartialEq)]
pub(super) enum NoSegment {
    /// The section was in the morphology, and is not in the cell.
    Removed,
    /// The morphology has no such section, or the edge no position on it.
    NoSuchSection,
}

impl<'b> Locations<'b> {
    pub(super) fn new(batch: &'b EdgeBatch) -> Option<Self> {
        let section = batch.column("section_id")?;
        if let Some(position) = batch.column("section_pos") {
            return Some(Locations::Position(section, position));
        }
        let (point, offset) = (batch.column("segment_id")?, batch.column("segment_offset")?);
        Some(Locations::SegmentOffset(section, point, offset))
    }

    /// Whether the edge says on which section it ends.
    pub(super) fn has(&self, edge: usize) -> bool {
        let (Locations::Position(sections, _) | Locations::SegmentOffset(sections, ..)) = self;
        !sections[edge].is_nan()
    }

    /// The segment of an edge, and SONATA's id of the section with the position on it.
    pub(super) fn segment(
        &self,
        target: &TargetCell,
        edge: usize,
    ) -> Result<(u32, (u32, f64)), NoSegment> {
        let (Locations::Position(sections, _) | Locations::SegmentOffset(sections, ..)) = self;
        let id = sections[edge];
        let cell = cable(target).ok_or(NoSegment::NoSuchSection)?;
        let section = match target.sections.get(id as usize).filter(|_| id >= 0.0) {
            Some(Some(section)) => *section as usize,
            Some(None) => return Err(NoSegment::Removed),
            None => return Err(NoSegment::NoSuchSection),
        };
        let position = match self {
            Locations::Position(_, positions) if positions[edge].is_nan() => {
                return Err(NoSegment::NoSuchSection);
            }
            Locations::Position(_, positions) => positions[edge],
            Locations::SegmentOffset(_, points, offsets) => {
                let arcs = &cell.point_arcs_um[section];
                // Where the section has no such point, as stubs have none, its middle counts.
                match arcs.get(points[edge] as usize).filter(|_| points[edge] >= 0.0) {
                    Some(arc) => {
                        // In single precision, as Neurodamus computes it.
                        let length = cell.morphology.sections[section].length_um;
                        let along = *arc as f32 + offsets[edge].max(0.0) as f32;
                        f64::from(along / length as f32)
                    }
                    None => 0.5,
                }
            }
        };
        let position = position.clamp(MARGIN, 1.0 - MARGIN);
        let segment = cell.morphology.segment_at(section, position) as u32;
        Ok((segment, (id as u32, position)))
    }
}
