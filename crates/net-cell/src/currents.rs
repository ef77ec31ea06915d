//! Membrane currents of whole blocks, for what is computed from all of them, such as fields.
//!
//! Currents are handed over while they are still in the cache: a block at a time, some steps at
//! once, as vectors of eight lanes. A lane is a cell; what is computed of one lane does not depend
//! on the others, and the slots of a cell have the same order in every layout.

use crate::simd::F8;

/// Where the cells of a block stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockLayout {
    /// Slots of the block: vectors of currents a step.
    pub n_slots: usize,
    /// Cells side by side.
    pub rows: Vec<RowLayout>,
}

/// Cells that share a range of slots, one a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowLayout {
    /// First slot.
    pub first_slot: usize,
    /// Slots of the largest cell; the currents of the others are 0 in what is beyond them.
    pub n_slots: usize,
    /// The cells; the index is the lane.
    pub cells: Vec<CellLayout>,
}

/// Where a cell's segments stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellLayout {
    /// The cell.
    pub gid: u64,
    /// Slot of each segment, counted from the row's first.
    pub slots: Vec<u32>,
}

/// Membrane currents of a block at consecutive steps.
#[derive(Debug, Clone, Copy)]
pub struct BlockCurrents<'a> {
    /// The block, as [`CellGroup::layouts`](crate::CellGroup::layouts) counts them.
    pub block: usize,
    /// Step of the first currents: they are those of the step that ends there, 0 for the start.
    pub first_step: u64,
    /// Slots of the block.
    pub n_slots: usize,
    /// Outward currents in nA, `n_slots` vectors a step; without what electrodes inject.
    pub currents: &'a [F8],
}

/// What is told of all membrane currents of a group of cells.
pub trait CurrentObserver: Send + std::fmt::Debug {
    /// Takes the currents of a block. Blocks come in turn; of one block, all steps come in order.
    fn observe(&mut self, currents: &BlockCurrents<'_>);
}
