//! All cells of a rank, laid out block by block.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use net_core::StepClock;
use rayon::prelude::*;

use super::{CellGroup, Needs, Route, Target};
use crate::block::{Block, BlockPlan, CellSpec, PointKind, StepSettings, TableValues};
use crate::error::CellError;
use crate::queue::EventQueue;
use crate::record::{Quantity, Schedule};
use crate::waveform::Waveform;

/// Where a cell is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home {
    pub(super) group: u32,
    pub(super) block: u32,
    pub(super) member: u32,
}

/// All cells of a rank.
///
/// Made once from [`CellSpec`]s; then every [`CellGroup`] gets its connections and inputs and is
/// advanced epoch by epoch: [`CellGroup::enqueue`] with the spikes of earlier epochs, then
/// [`CellGroup::advance`].
#[derive(Debug)]
pub struct Cells {
    pub(super) groups: Vec<CellGroup>,
    pub(super) home: HashMap<u64, Home>,
    /// By cell and point.
    targets: Vec<Box<[Target]>>,
    settings: StepSettings,
    /// Cost of each group so far.
    load: Vec<f64>,
    tables: TableValues,
}

impl Cells {
    /// Lays out cells in `n_groups` groups of about equal cost.
    ///
    /// # Errors
    /// When the time step is not a positive number, a pointer of a mechanism refers to nothing, or a
    /// mechanism has no table for one of its functions.
    pub fn new(
        cells: &[CellSpec],
        kinds: &[PointKind],
        settings: StepSettings,
        n_groups: usize,
    ) -> Result<Self, CellError> {
        let plan = BlockPlan::new(cells, n_groups);
        let mut this = Cells::start(cells, settings, n_groups)?;
        this.add(&plan, 0..plan.n_blocks(), cells, kinds)?;
        Ok(this)
    }

    /// Begins with no block of these cells, which need no points yet; then comes [`add`](Self::add).
    ///
    /// # Errors
    /// When the time step is not a positive number.
    pub fn start(
        cells: &[CellSpec],
        settings: StepSettings,
        n_groups: usize,
    ) -> Result<Self, CellError> {
        let clock = StepClock::new(settings.dt_ms).map_err(|_| CellError::BadValue {
            quantity: "dt (ms)",
            value: settings.dt_ms,
            expected: "a finite number > 0",
        })?;
        let n_groups = n_groups.max(1);
        let mut tables = TableValues::default();
        if settings.tables {
            tables.check_cells(cells)?;
        }
        Ok(Cells {
            groups: (0..n_groups).map(|_| CellGroup::new(clock)).collect(),
            home: HashMap::with_capacity(cells.len()),
            targets: vec![Box::default(); cells.len()],
            settings,
            load: vec![0.0; n_groups],
            tables,
        })
    }

    /// Lays out some blocks of a plan, whose cells have got their points, of these kinds. Only what
    /// the blocks need has to be in memory: neither points of other cells nor their kinds.
    ///
    /// # Errors
    /// As of [`new`](Self::new).
    pub fn add(
        &mut self,
        plan: &BlockPlan,
        blocks: Range<usize>,
        cells: &[CellSpec],
        kinds: &[PointKind],
    ) -> Result<(), CellError> {
        if self.settings.tables {
            self.tables.check_kinds(kinds)?;
        }
        for cell in blocks.clone().flat_map(|block| plan.cells_of(block)) {
            let is_artificial = cells[cell].template.is_artificial();
            let n_points = if is_artificial { 1 } else { cells[cell].points.len() };
            self.targets[cell] = vec![Target { group: 0, endpoint: 0 }; n_points].into();
        }
        let settings = self.settings;
        let build = |block: usize| Block::new(&plan.rows(block, cells), kinds, settings);
        let built = blocks.into_par_iter().map(build);
        let mut built = built.collect::<Result<Vec<_>, _>>()?;
        // The most expensive block first, to the group that has least so far.
        built.sort_by(|(a, _), (b, _)| b.cost().total_cmp(&a.cost()));
        for (block, endpoints) in built {
            let least = |&a: &usize, &b: &usize| self.load[a].total_cmp(&self.load[b]);
            let group = (0..self.load.len()).min_by(least).unwrap_or(0);
            self.load[group] += block.cost();
            self.add_block(group, block, &endpoints);
        }
        Ok(())
    }

    fn add_block(&mut self, group: usize, block: Block, endpoints: &[(u32, u32, u32)]) {
        let to = &mut self.groups[group];
        let at = to.blocks.len() as u32;
        for &(cell, point, endpoint) in endpoints {
            let target = Target { group: group as u32, endpoint: to.routes.len() as u32 };
            self.targets[cell as usize][point as usize] = target;
            let weights = block.keeps_weights(endpoint);
            let needs = Needs { weights, time: block.is_timed(endpoint) };
            to.routes.push(Route { block: at, endpoint, needs });
        }
        for (member, gid) in block.gids().enumerate() {
            let home = Home { group: group as u32, block: at, member: member as u32 };
            self.home.insert(gid, home);
        }
        to.blocks.push(block);
        to.network.push(EventQueue::default());
        to.external.push(EventQueue::default());
        to.network_timed.push(EventQueue::default());
        to.external_timed.push(EventQueue::default());
    }

    /// Where events for point `point` of the cell at `cell` in the list given to
    /// [`new`](Self::new) go. The only point of an artificial cell is the cell itself.
    pub fn target(&self, cell: usize, point: usize) -> Target {
        self.targets[cell][point]
    }

    /// Records `quantity` of a segment as column `column` of recording `recording`; all columns of
    /// one recording have the same schedule.
    ///
    /// # Errors
    /// When the cell is not here, or has no such segment, mechanism or variable.
    pub fn record(
        &mut self,
        (recording, schedule): (usize, Schedule),
        column: u32,
        gid: u64,
        segment: usize,
        quantity: &Quantity,
    ) -> Result<(), CellError> {
        let home = *self.home.get(&gid).ok_or(CellError::NoSuchCell { gid })?;
        let block = &mut self.groups[home.group as usize].blocks[home.block as usize];
        block.record((recording, schedule), column, home.member as usize, segment, quantity)
    }

    /// The instances of a mechanism on a segment, in the order of their creation: the index in
    /// [`CellSpec::points`], or none for one of the template.
    ///
    /// # Errors
    /// When the cell is not here.
    pub fn instances_on(
        &self,
        gid: u64,
        segment: usize,
        mechanism: &str,
    ) -> Result<Vec<Option<u32>>, CellError> {
        let home = *self.home.get(&gid).ok_or(CellError::NoSuchCell { gid })?;
        let block = &self.groups[home.group as usize].blocks[home.block as usize];
        Ok(block.instances_on(home.member as usize, segment, mechanism))
    }

    /// Has a parameter of the point process that events for a target go to follow a waveform: in every
    /// step it has the value of the middle of the step.
    ///
    /// # Errors
    /// When there is no such parameter, its first value is not allowed, or it is used at the start only.
    pub fn play(
        &mut self,
        target: Target,
        parameter: &str,
        waveform: Arc<Waveform>,
    ) -> Result<(), CellError> {
        let group = &mut self.groups[target.group as usize];
        let Route { block, endpoint, .. } = group.routes[target.endpoint as usize];
        group.blocks[block as usize].play(endpoint, parameter, waveform)
    }

    /// Shows the potential of a segment to other cells; gives the group and its number among the
    /// group's [`published`](CellGroup::published).
    ///
    /// # Errors
    /// When the cell is not here, or has no such segment.
    pub fn publish(&mut self, gid: u64, segment: usize) -> Result<(u32, usize), CellError> {
        let home = *self.home.get(&gid).ok_or(CellError::NoSuchCell { gid })?;
        let group = &mut self.groups[home.group as usize];
        let block = &group.blocks[home.block as usize];
        let place = block.potential_place(home.member as usize, segment)?;
        group.published.push((home.block, place));
        Ok((home.group, group.published.len() - 1))
    }

    /// Has a variable of the point process that events for a target go to set from the `from`-th of
    /// the values that [`set_received`](CellGroup::set_received) gets; until the first step it is the
    /// initial potential.
    ///
    /// # Errors
    /// When the mechanism has no such variable.
    pub fn receive(&mut self, target: Target, variable: &str, from: u32) -> Result<(), CellError> {
        let group = &mut self.groups[target.group as usize];
        let Route { block, endpoint, .. } = group.routes[target.endpoint as usize];
        group.blocks[block as usize].receive_from(endpoint, variable, from)
    }

    /// Has a variable of the point process that events for a target go to make spikes of `gid`, which
    /// is no cell's: one wherever it passes the threshold (in its unit) from below, tested at the start
    /// of every step after the events that are due before it.
    ///
    /// # Errors
    /// When the mechanism has no such variable, or it is a parameter.
    pub fn detect_crossing(
        &mut self,
        target: Target,
        variable: (&str, f64),
        gid: u64,
    ) -> Result<(), CellError> {
        let group = &mut self.groups[target.group as usize];
        let Route { block, endpoint, .. } = group.routes[target.endpoint as usize];
        group.blocks[block as usize].detect_crossing(endpoint, variable, gid)
    }

    /// The groups, to be advanced.
    pub fn groups_mut(&mut self) -> &mut [CellGroup] {
        &mut self.groups
    }

    /// Hands over the groups, when everything has been set up.
    pub fn into_groups(self) -> Vec<CellGroup> {
        self.groups
    }
}
