//! Which cells stand side by side.
//!
//! A row holds up to [`LANES`] cells, one a lane, that share a range of slots. Cells of one template
//! share rows first; what is left over is sorted by size. Several rows of small cells make a block.
//! Results do not depend on any of this.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cell::CellTemplate;
use crate::simd::LANES;

/// One synapse or other point process of a cell, made for the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointSpec {
    /// Segment of the cell.
    pub segment: u32,
    /// Index in the list of [`PointKind`](super::PointKind)s.
    pub kind: u32,
    /// Row of the kind, where its point processes differ; else 0.
    pub row: u32,
}

/// One cell to be advanced.
#[derive(Debug, Clone)]
pub struct CellSpec {
    /// Its gid.
    pub gid: u64,
    /// What it is made from.
    pub template: Arc<CellTemplate>,
    /// Its synapses; the position in this list is the target of events.
    pub points: Vec<PointSpec>,
}

/// Cells side by side.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    /// First slot in its block.
    pub(super) first_slot: usize,
    /// Slots of the largest cell.
    pub(super) n_slots: usize,
    /// Slots with children of the cell that has most.
    pub(super) n_inner: usize,
    /// One cell a lane; index in the list of cells.
    pub(super) lanes: Vec<(usize, &'a CellSpec)>,
}

impl<'a> Row<'a> {
    fn new(lanes: Vec<(usize, &'a CellSpec)>) -> Self {
        let size = |f: fn(&CellTemplate) -> usize| {
            lanes.iter().map(|(_, cell)| f(&cell.template)).max().unwrap_or(0)
        };
        Row {
            first_slot: 0,
            n_slots: size(|t| t.tree().n_compartments()),
            n_inner: size(|t| t.tree().n_inner),
            lanes,
        }
    }

    /// Whether these are artificial cells; they share rows and blocks with each other only.
    fn is_artificial(&self) -> bool {
        self.lanes.first().is_some_and(|(_, cell)| cell.template.is_artificial())
    }

    /// Lanes and their cells.
    pub(super) fn cells(&self) -> impl Iterator<Item = (usize, &'a CellSpec)> + '_ {
        self.lanes.iter().enumerate().map(|(lane, &(_, cell))| (lane, cell))
    }

    /// How many vectors of forks hang below each slot.
    pub(super) fn forks_by_slot(&self) -> Vec<u32> {
        let mut most = vec![0u32; self.n_slots];
        let mut here = vec![0u32; self.n_slots];
        for (_, cell) in self.cells() {
            here.fill(0);
            for fork in &cell.template.tree().forks {
                here[fork.below as usize] += 1;
            }
            for (most, here) in most.iter_mut().zip(&here) {
                *most = (*most).max(*here);
            }
        }
        most
    }

    /// Relative cost of a step.
    pub(super) fn cost(&self) -> f64 {
        let largest = self.lanes.iter().map(|(_, c)| c.template.cost()).fold(0.0, f64::max);
        let most_points = self.lanes.iter().map(|(_, c)| c.points.len()).max().unwrap_or(0);
        largest + most_points as f64
    }
}

/// Slots of a block that is made of several rows: enough to make a step's fixed cost small, few
/// enough to stay in the cache nearest to the core.
const BLOCK_SLOTS: usize = 64;

/// Which cells stand side by side in which block; by cells and their templates, whatever their points.
#[derive(Debug)]
pub struct BlockPlan {
    blocks: Vec<Vec<PlannedRow>>,
    n_cells: usize,
}

/// A row before its cells have their points.
#[derive(Debug)]
struct PlannedRow {
    first_slot: usize,
    /// Indices of the cells.
    cells: Vec<u32>,
}

impl BlockPlan {
    /// Puts cells side by side, in blocks enough for `n_groups` groups.
    pub fn new(cells: &[CellSpec], n_groups: usize) -> Self {
        let planned = |row: Row| PlannedRow {
            first_slot: row.first_slot,
            cells: row.lanes.iter().map(|(at, _)| *at as u32).collect(),
        };
        let blocks = blocks_of(cells, if n_groups <= 1 { 1 } else { 4 * n_groups });
        let mut blocks: Vec<Vec<PlannedRow>> =
            blocks.into_iter().map(|rows| rows.into_iter().map(planned).collect()).collect();
        // What is read for neighbors comes at one time.
        blocks.sort_by_key(|rows| rows.iter().flat_map(|row| &row.cells).min().copied());
        BlockPlan { blocks, n_cells: cells.len() }
    }

    /// Number of blocks.
    pub fn n_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Number of cells.
    pub fn n_cells(&self) -> usize {
        self.n_cells
    }

    /// Indices of the cells of a block.
    pub fn cells_of(&self, block: usize) -> impl Iterator<Item = usize> {
        self.blocks[block].iter().flat_map(|row| &row.cells).map(|cell| *cell as usize)
    }

    /// The rows of a block with their cells.
    pub(crate) fn rows<'c>(&self, block: usize, cells: &'c [CellSpec]) -> Vec<Row<'c>> {
        let row = |planned: &PlannedRow| {
            let lanes = planned.cells.iter().map(|cell| (*cell as usize, &cells[*cell as usize]));
            Row { first_slot: planned.first_slot, ..Row::new(lanes.collect()) }
        };
        self.blocks[block].iter().map(row).collect()
    }
}

/// Puts cells side by side and rows into blocks, at least `min_blocks` of them if there are rows
/// enough.
fn blocks_of(cells: &[CellSpec], min_blocks: usize) -> Vec<Vec<Row<'_>>> {
    let rows = rows_of(cells);
    // Artificial cells have no slots, but take time.
    let size = |row: &Row| row.n_slots.max(1);
    let total: usize = rows.iter().map(size).sum();
    let limit = BLOCK_SLOTS.min(total.div_ceil(min_blocks.max(1))).max(1);
    let mut blocks: Vec<Vec<Row>> = Vec::new();
    let mut n_slots = usize::MAX;
    let mut is_artificial = false;
    for mut row in rows {
        let is_other = row.is_artificial() != is_artificial;
        if n_slots.saturating_add(size(&row)) > limit || is_other {
            blocks.push(Vec::new());
            n_slots = 0;
            is_artificial = row.is_artificial();
        }
        row.first_slot = if is_artificial { 0 } else { n_slots };
        n_slots += size(&row);
        if let Some(block) = blocks.last_mut() {
            block.push(row);
        }
    }
    blocks
}

fn rows_of(cells: &[CellSpec]) -> Vec<Row<'_>> {
    let mut by_template: Vec<Vec<(usize, &CellSpec)>> = Vec::new();
    let mut index: HashMap<*const CellTemplate, usize> = HashMap::new();
    for (at, cell) in cells.iter().enumerate() {
        let group = *index.entry(Arc::as_ptr(&cell.template)).or_insert_with(|| {
            by_template.push(Vec::new());
            by_template.len() - 1
        });
        by_template[group].push((at, cell));
    }
    let mut rows = Vec::new();
    let (mut left_over, mut artificial) = (Vec::new(), Vec::new());
    for group in by_template {
        let full = group.len() / LANES * LANES;
        rows.extend(group[..full].chunks(LANES).map(|lanes| Row::new(lanes.to_vec())));
        let is_artificial = group[0].1.template.is_artificial();
        let rest = if is_artificial { &mut artificial } else { &mut left_over };
        rest.extend_from_slice(&group[full..]);
    }
    left_over.sort_by_key(|(at, cell)| {
        let tree = cell.template.tree();
        (std::cmp::Reverse((tree.n_compartments(), tree.n_inner)), *at)
    });
    for rest in [left_over, artificial] {
        rows.extend(rest.chunks(LANES).map(|lanes| Row::new(lanes.to_vec())));
    }
    // Stable: those with compartments come first.
    rows.sort_by_key(Row::is_artificial);
    rows
}
