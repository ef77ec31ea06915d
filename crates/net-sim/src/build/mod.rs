//! From the description to this rank's cells, connections and inputs.
//!
//! Each rank draws what ends on its own cells, cell by cell on all threads, into packed parts. Then
//! the cells are laid out, and the parts become connection tables of the groups of cells. Where points
//! are listed, this goes in cycles over some blocks of cells, so that lists of some cells only are in
//! memory.

mod cells;
mod draw;
mod points;
mod record;
mod save;
mod weights;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use net_cell::{BlockPlan, CellGroup, CellSpec, CellTemplate, Cells, SourceKey, StepSettings};
use net_core::{ConnectionCounts, ConnectionPart, ConnectionTable, Gid, Partition, StepClock};
use net_mpi::Communicator;
use rayon::prelude::*;

use crate::error::{Error, Result, bad_value};
use crate::model::{
    InputSynapses, ListedCell, ListedPoints, ListedStream, Model, PointSource, PointsByCell,
    list_junctions,
};
use crate::options::{CellPartition, RunOptions};
use crate::probes::{Matrices, build_matrices};
use crate::run::{Junctions, SignalPlan};
use crate::stimulation::stimulate;
pub(crate) use cells::{LocalCell, PlacedCell};
use draw::{Drawer, DrawnInput, LISTED, Part, Scratch};

pub(crate) use save::save_network;

/// A rank's share of the network, ready to run.
pub(crate) struct Local {
    /// One group a thread.
    pub(crate) groups: Vec<CellGroup>,
    /// What is recorded of this rank's cells, for each recording, then each variable of a monitor.
    pub(crate) recordings: Vec<SignalPlan>,
    /// Potentials that cells show to others and see of them.
    pub(crate) junctions: Junctions,
    /// What probes measure of the cells.
    pub(crate) matrices: Matrices,
    /// Hash of what stimulations do to the cells.
    pub(crate) stimulation: u64,
    pub(crate) size: LocalSize,
}

/// How large a rank's share is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LocalSize {
    pub(crate) n_cells: u64,
    pub(crate) n_segments: u64,
    pub(crate) counts: ConnectionCounts,
    pub(crate) n_points: u64,
    pub(crate) n_inputs: u64,
    /// Over all connections; absent without any.
    pub(crate) delay_steps: Option<(u16, u16)>,
    /// Matrices and sums of probes.
    pub(crate) probe_bytes: u64,
}

/// The gids of this rank. Collective.
pub(crate) fn own_gids(
    comm: &Communicator,
    model: &Model,
    options: &RunOptions,
    pool: &rayon::ThreadPool,
) -> Result<Vec<Gid>> {
    let (n_cells, size) = (model.network().n_cells(), comm.size());
    let partition = match &options.partition {
        CellPartition::RoundRobin => Partition::round_robin(n_cells, size)?,
        CellPartition::Balanced => {
            // Each rank finds the costs of some cells; all need them all.
            let some: Vec<Gid> = (comm.rank() as u64..n_cells).step_by(size).collect();
            let own = comm.agree(pool.install(|| cells::costs(model, &some)))?;
            let by_rank = comm.all_gather_v(&own)?;
            let cost_of = |gid: u64| by_rank[gid as usize % size][gid as usize / size];
            let costs: Vec<f64> = (0..n_cells).map(cost_of).collect();
            Partition::balanced(&costs, size)?
        }
        CellPartition::ByCost(costs) if costs.len() as u64 == n_cells => {
            Partition::balanced(costs, size)?
        }
        CellPartition::ByCost(costs) => {
            return Err(bad_value("partition: costs", costs.len(), "one number a cell"));
        }
    };
    Ok(partition.gids_of(comm.rank()))
}

/// What a cable cell or an artificial cell is made from.
pub(crate) fn template(model: &Model, gid: Gid) -> Result<Arc<CellTemplate>> {
    cells::template_of(model, gid).map(|(_, template)| template)
}

/// Builds what `gids` need, in `n_groups` groups, on the threads of `pool`.
pub(crate) fn build(
    model: &Model,
    options: &RunOptions,
    clock: StepClock,
    gids: &[Gid],
    n_groups: usize,
    pool: &rayon::ThreadPool,
) -> Result<Local> {
    let (point_gids, gids): (Vec<Gid>, Vec<Gid>) = gids.iter().partition(|&&g| model.is_point(g));
    let own_cells = pool.install(|| cells::build_all(model, &gids))?;
    let mut drawer = Drawer::new(model, &gids, clock)?;
    let spec = |cell: &LocalCell| CellSpec {
        gid: cell.gid,
        template: cell.template.clone(),
        points: Vec::new(),
    };
    let mut specs: Vec<CellSpec> = own_cells.iter().map(spec).collect();
    // Random streams of mechanisms are those of the network's seed.
    let random_key = model.network().seed() as u32;
    let settings = StepSettings { random_key, ..options.settings };
    let wrong_layout = |source| Error::Layout { source: Box::new(source) };
    let plan = pool.install(|| BlockPlan::new(&specs, n_groups));
    let mut cells = Cells::start(&specs, settings, n_groups).map_err(wrong_layout)?;
    let mut size = LocalSize {
        n_cells: own_cells.len() as u64,
        n_segments: own_cells.iter().map(|cell| cell.template.n_segments() as u64).sum(),
        ..LocalSize::default()
    };
    let keeps_parts = weights::are_recorded(model, &clock)?;
    // Who records them finds points by what made them.
    let keeps_points = keeps_parts || record::looks_for_points(model, &clock)?;
    let mut kept_parts = Vec::new();
    let mut by_group: Vec<Vec<ConnectionPart>> = vec![Vec::new(); n_groups];
    let mut junctions = (Junctions::default(), HashMap::new());
    let mut done = 0..0;
    while done.end < plan.n_blocks() {
        done = next_cycle(model, &plan, done, size.n_points, n_groups);
        let mut chosen: Vec<usize> = done.clone().flat_map(|block| plan.cells_of(block)).collect();
        chosen.sort_unstable();
        if let Some(listed) = pool.install(|| list_points(model, &own_cells, &chosen))? {
            drawer.set_listed(listed)?;
        }
        let mut parts = pool.install(|| draw_all(&drawer, (&own_cells, &chosen), n_groups))?;
        for part in &mut parts {
            for (cell, points) in part.cells.iter().zip(std::mem::take(&mut part.specs)) {
                size.n_points += points.len() as u64;
                specs[*cell].points = points;
            }
        }
        pool.install(|| cells.add(&plan, done.clone(), &specs, drawer.kinds()))
            .map_err(wrong_layout)?;
        if !keeps_points {
            chosen.iter().for_each(|cell| specs[*cell].points = Vec::new());
        }
        // Each part is given back when its connections have been split.
        for part in parts {
            size.add(&part);
            for (at, &cell) in part.cells.iter().enumerate() {
                let at_cell = (cell, own_cells[cell].gid);
                let drawn = part.inputs_of(at);
                add_inputs((model, &drawer), drawn, at_cell, &mut cells, &mut junctions)?;
            }
            split_by_group(&part, &cells, &mut by_group);
            if keeps_parts {
                kept_parts.push(part);
            }
        }
        set_channel_streams(&drawer, (&own_cells, &chosen), &mut cells)?;
    }
    let (junctions, _) = junctions;
    let mut recordings = record::record(model, clock, &own_cells, (&specs, &drawer), &mut cells)?;
    let weights = weights::wanted(
        (model, clock),
        &drawer,
        (&own_cells, &specs),
        (&kept_parts, &cells),
        &mut recordings,
    )?;
    drop((specs, kept_parts, drawer));

    let tables: Vec<_> =
        pool.install(|| by_group.into_par_iter().map(ConnectionTable::from_parts).collect());
    let mut groups = cells.into_groups();
    for (group, table) in groups.iter_mut().zip(tables) {
        group.set_connections(table?);
    }
    weights::record(model, weights, &mut groups)?;
    points::build(model, clock, &point_gids, &mut groups, pool, (&mut size, &mut recordings))?;
    let stimulation = stimulate(model, &mut groups, &own_cells)?;
    let layouts: Vec<_> = groups.iter().map(CellGroup::layouts).collect();
    let matrices = pool.install(|| build_matrices(model, &layouts, &own_cells))?;
    Ok(Local { groups, recordings, junctions, matrices, stimulation, size })
}

impl LocalSize {
    /// Counts what was drawn for some cells.
    fn add(&mut self, part: &Part) {
        self.counts += part.counts;
        self.n_inputs += part.n_inputs() as u64;
        self.add_delays(part.delay_steps_range());
    }

    fn add_delays(&mut self, range: Option<(u16, u16)>) {
        self.delay_steps = match (self.delay_steps, range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (known, new) => known.or(new),
        };
    }
}

/// Points that are listed in one go, roughly, so that what is listed takes little of the memory that
/// the cells take.
const CYCLE_POINTS: u64 = 1 << 16;

/// Which blocks come next: all where nothing is listed, else so many that their points, as many a cell
/// as there were so far, are [`CYCLE_POINTS`].
fn next_cycle(
    model: &Model,
    plan: &BlockPlan,
    done: Range<usize>,
    n_points: u64,
    n_groups: usize,
) -> Range<usize> {
    let from = done.end;
    let rest = plan.n_blocks() - from;
    let n_blocks = match (model.lister(), n_points) {
        (None, _) => rest,
        // One for each thread tells how many points there are.
        (Some(_), 0) => n_groups.max(from),
        (Some(_), n_points) => (CYCLE_POINTS * from as u64 / n_points) as usize,
    };
    from..from + n_blocks.clamp(1, rest)
}

/// Draws everything that ends on the chosen cells, in parts of some of them.
fn draw_all(
    drawer: &Drawer,
    (own_cells, chosen): (&[LocalCell], &[usize]),
    n_groups: usize,
) -> Result<Vec<Part>> {
    // Enough parts to keep all threads busy, and to give memory back early.
    let cells_per_part = chosen.len().div_ceil(16 * n_groups).clamp(1, 256);
    chosen
        .par_chunks(cells_per_part)
        .enumerate()
        .map_init(Scratch::default, |scratch, (at, chunk)| {
            drawer.draw_part(own_cells, (at * cells_per_part, chunk), scratch)
        })
        .collect()
}

/// Connects the inputs of a cell, given by its index and gid.
fn add_inputs(
    (model, drawer): (&Model, &Drawer),
    inputs: &[DrawnInput],
    (cell, gid): (usize, Gid),
    cells: &mut Cells,
    junctions: &mut (Junctions, HashMap<u64, u32>),
) -> Result<()> {
    for drawn in inputs {
        let target = cells.target(cell, drawn.point as usize);
        if drawn.input == LISTED {
            let number = drawn.number as usize;
            add_listed_input(drawer, number, (target, gid), cells, junctions)?;
            continue;
        }
        let input = &model.inputs()[drawn.input as usize];
        let source = match &input.synapses {
            InputSynapses::Drawn { source, .. } => source,
            InputSynapses::Table(table) => &table.rows_of(gid)[drawn.number as usize].source,
        };
        // A number of its own for every source of a cell.
        let number = u64::from(drawn.input) << 32 | u64::from(drawn.number);
        let key = SourceKey { seed: model.network().seed(), gid, number };
        cells.groups_mut()[target.group as usize]
            .add_input(target.endpoint, source, drawn.weight, input.delay_ms, key)
            .map_err(|source| Error::InputSource {
                input: input.name.clone(),
                source: Box::new(source),
            })?;
    }
    Ok(())
}

/// The variable of a gap junction that is the potential it sees.
const GAP_VARIABLE: &str = "vgap";

/// Connects what drives a listed point from outside of the network, or says what it draws.
fn add_listed_input(
    drawer: &Drawer,
    number: usize,
    (target, gid): (net_cell::Target, Gid),
    cells: &mut Cells,
    (junctions, seen): &mut (Junctions, HashMap<u64, u32>),
) -> Result<()> {
    let Some(listed) = drawer.listed() else { return Ok(()) };
    let added = match listed.point(number).source {
        PointSource::None | PointSource::Cell { .. } => Ok(()),
        PointSource::Waveform { waveform } => {
            let (parameter, waveform) = &listed.waveforms[waveform as usize];
            cells.play(target, parameter, waveform.clone())
        }
        PointSource::Crossing { variable, threshold, gid } => {
            cells.detect_crossing(target, (variable, threshold), gid)
        }
        PointSource::Junction { own, other } => {
            let segment = listed.point(number).segment as usize;
            let next = junctions.seen.len() as u32;
            let from = *seen.entry(other).or_insert(next);
            if from == next {
                junctions.seen.push(other);
            }
            cells.publish(gid, segment).and_then(|(group, at)| {
                junctions.shown.push((own, group, at));
                cells.receive(target, GAP_VARIABLE, from)
            })
        }
        PointSource::Train { train, further, weight, delay_ms } => {
            let source = &listed.trains[train as usize];
            // Given times and streams with ids draw nothing by a key.
            let key = SourceKey { seed: 0, gid, number: number as u64 };
            let group = &mut cells.groups_mut()[target.group as usize];
            group.add_input(target.endpoint, source, weight, delay_ms, key).map(|input| {
                group.set_further_weights(input, &listed.further[further as usize]);
            })
        }
    };
    added.map_err(|source| Error::InputSource {
        input: "listed points".to_owned(),
        source: Box::new(source),
    })
}

/// Gives channels the random streams that are listed for them.
fn set_channel_streams(
    drawer: &Drawer,
    (own_cells, chosen): (&[LocalCell], &[usize]),
    cells: &mut Cells,
) -> Result<()> {
    for listed in drawer.listed().map_or(&[][..], |listed| &listed.streams) {
        let ListedStream { cell, mechanism, stream, ids } = listed;
        let gid = own_cells[chosen[*cell as usize]].gid;
        cells.set_channel_stream_ids(gid, (mechanism, stream), ids).map_err(|source| {
            Error::Listed { source: format!("random streams of gid {gid}: {source}").into() }
        })?;
    }
    Ok(())
}

/// The points that the model lists for these of the rank's cells.
fn list_points(
    model: &Model,
    own_cells: &[LocalCell],
    chosen: &[usize],
) -> Result<Option<PointsByCell>> {
    if model.lister().is_none() && model.gap_junctions().is_empty() {
        return Ok(None);
    }
    let cell = |cell: &LocalCell| ListedCell { gid: cell.gid, template: cell.template.clone() };
    let cells: Vec<ListedCell> = chosen.iter().map(|at| cell(&own_cells[*at])).collect();
    let listed = model.lister().map_or_else(|| Ok(ListedPoints::default()), |list| list(&cells));
    let by_cell = listed.and_then(|mut listed| {
        list_junctions(model.gap_junctions(), &cells, &mut listed);
        PointsByCell::new(listed, cells.len())
    });
    by_cell.map(Some).map_err(|source| Error::Listed { source })
}

/// Translates points of cells into endpoints of groups.
fn split_by_group(part: &Part, cells: &Cells, by_group: &mut [Vec<ConnectionPart>]) {
    let mut n_by_group = vec![0; by_group.len()];
    for (at, &cell) in part.cells.iter().enumerate() {
        let n = part.connections_of(at).len();
        if n > 0 {
            n_by_group[cells.target(cell, 0).group as usize] += n;
        }
    }
    let mut split: Vec<ConnectionPart> = vec![ConnectionPart::new(); by_group.len()];
    for (own, n) in split.iter_mut().zip(n_by_group) {
        own.reserve(n);
    }
    for (at, &cell) in part.cells.iter().enumerate() {
        for connection in part.connections_of(at) {
            let (source, point, delay_steps, weight) = part.connection(connection);
            let target = cells.target(cell, point as usize);
            split[target.group as usize].push(source, target.endpoint, delay_steps, weight);
        }
    }
    for (all, own) in by_group.iter_mut().zip(split) {
        if !own.is_empty() {
            all.push(own);
        }
    }
}
