//! Recordings of weights: which connections they are, and where these end.
//!
//! A connection is known by the cell on which it ends and its number among those of its projection
//! there, in the order in which they are drawn. So recorded cells are drawn once more, projection by
//! projection.

use std::collections::HashMap;

use net_cell::{CellGroup, CellSpec, Cells, ConnectionId, Quantity};
use net_core::{Gid, Network, StepClock};
use net_io::store::{Column, Ranges};

use super::cells::LocalCell;
use super::draw::{Drawer, Part, Scratch};
use super::{points, record};
use crate::error::Result;
use crate::model::{Model, Recording, place_of};
use crate::run::SignalPlan;

/// A recording of weights.
struct WeightRecording<'m> {
    /// Its number among all recordings.
    index: usize,
    recording: &'m Recording,
    schedule: net_cell::Schedule,
    argument: usize,
    /// Number of the projection.
    projection: usize,
    sources: Ranges,
    targets: Ranges,
}

/// A connection of cable cells and artificial cells that is recorded.
pub(super) struct WantedWeight {
    recording: usize,
    schedule: net_cell::Schedule,
    column: u32,
    argument: usize,
    gid: Gid,
    group: usize,
    connection: ConnectionId,
}

fn weight_recordings<'m>(model: &'m Model, clock: &StepClock) -> Result<Vec<WeightRecording<'m>>> {
    let projections = model.network().projections();
    let mut found = Vec::new();
    for (index, (recording, schedule)) in model.sampled(clock)?.into_iter().enumerate() {
        let argument = match recording.quantity {
            Quantity::Weight { argument } => argument,
            _ if recording.is_of_connections(model)? => 0,
            _ => continue,
        };
        let Some(of) = recording.projection(model.network()) else { continue };
        let Some(projection) = projections.iter().position(|own| own.name == of.name) else {
            continue;
        };
        let (sources, targets) =
            (model.gids_of(&recording.sources)?, model.gids_of(&recording.targets)?);
        found.push(WeightRecording {
            index,
            recording,
            schedule,
            argument,
            projection,
            sources,
            targets,
        });
    }
    Ok(found)
}

/// Whether weights are recorded, so that what was drawn has to be kept until then.
pub(super) fn are_recorded(model: &Model, clock: &StepClock) -> Result<bool> {
    Ok(!weight_recordings(model, clock)?.is_empty())
}

/// The connections that are recorded on cable cells and artificial cells, whose columns are added to
/// the plans. `parts` have what was drawn for all cells, whose points are those of `specs`.
pub(super) fn wanted(
    (model, clock): (&Model, StepClock),
    drawer: &Drawer,
    (own_cells, specs): (&[LocalCell], &[CellSpec]),
    (parts, cells): (&[Part], &Cells),
    plans: &mut [SignalPlan],
) -> Result<Vec<WantedWeight>> {
    let recordings = weight_recordings(model, &clock)?;
    let mut wanted = Vec::new();
    let mut scratch = Scratch::default();
    let place = |part| move |(at, cell): (usize, &usize)| (*cell, part, at);
    let mut places: Vec<(usize, &Part, usize)> =
        parts.iter().flat_map(|part| part.cells.iter().enumerate().map(place(part))).collect();
    places.sort_unstable_by_key(|(cell, ..)| *cell);
    for (cell, part, at) in places {
        let local = &own_cells[cell];
        let of_cell: Vec<&WeightRecording> = recordings
            .iter()
            .filter(|own| own.targets.contains(local.gid))
            .filter(|own| drawer.ends_on(own.projection, local))
            .collect();
        if of_cell.is_empty() {
            continue;
        }
        scratch.placed.place(model.network(), local)?;
        let starts = starts_of_projections(model.network(), drawer, local, &mut scratch)?;
        for own in of_cell {
            let segments =
                own.recording.segments.of(&local.template, local.gid, || own.recording.user())?;
            let connections = part.connections_of(at);
            let mut number_of: HashMap<(Gid, u32), usize> = HashMap::new();
            for (number, drawn) in connections.enumerate().take(starts[own.projection + 1]) {
                let (source, point, ..) = part.connection(drawn);
                let nth = number_of.entry((source, point)).or_default();
                let same = std::mem::replace(nth, *nth + 1);
                let Some(label) = number.checked_sub(starts[own.projection]) else { continue };
                let spec = specs[cell].points.get(point as usize);
                let segment = spec.map_or(0, |point| point.segment);
                if !own.sources.contains(source) || !segments.contains(&segment) {
                    continue;
                }
                let target = cells.target(cell, point as usize);
                let columns = &mut plans[own.index].columns;
                wanted.push(WantedWeight {
                    recording: own.index,
                    schedule: own.schedule,
                    column: columns.len() as u32,
                    argument: own.argument,
                    gid: local.gid,
                    group: target.group as usize,
                    connection: ConnectionId { source, endpoint: target.endpoint, nth: same },
                });
                let column = Column { gid: local.gid, segment, label: label as u32 };
                columns.push(column, place_of(&local.template, segment).as_ref(), Some(source));
            }
        }
    }
    Ok(wanted)
}

/// For each projection the number of the first of its connections on a cell, which is in its place,
/// and in the end the number of all.
fn starts_of_projections(
    network: &Network,
    drawer: &Drawer,
    cell: &LocalCell,
    scratch: &mut Scratch,
) -> Result<Vec<usize>> {
    let mut starts = vec![0];
    let mut end = 0;
    for projection in 0..network.projections().len() {
        let Scratch { placed, drawn, .. } = scratch;
        drawer.draw_projection(projection, cell, placed, drawn)?;
        end += drawn.len();
        starts.push(end);
    }
    Ok(starts)
}

/// Sets up what is [`wanted`], when the groups have their connections.
pub(super) fn record(
    model: &Model,
    wanted: Vec<WantedWeight>,
    groups: &mut [CellGroup],
) -> Result<()> {
    for own in wanted {
        let WantedWeight { recording, schedule, column, argument, gid, group, connection } = own;
        groups[group]
            .record_weight((recording, schedule), column, connection, argument)
            .map_err(|source| record::refusal(&model.recording(recording).name, gid, source))?;
    }
    Ok(())
}

/// Sets up the recordings of weights, and of variables of plastic synapses, on point neurons.
pub(super) fn record_points(
    model: &Model,
    clock: StepClock,
    gids: &[Gid],
    groups: &mut [CellGroup],
    plans: &mut [SignalPlan],
) -> Result<()> {
    let network = model.network();
    let mut drawn = Vec::new();
    for own in weight_recordings(model, &clock)? {
        let projections = network.projections();
        let projection = &projections[own.projection];
        let of_post = |other: &&net_core::Projection| other.post == projection.post;
        let number = projections[..own.projection].iter().filter(of_post).count();
        let Some(id) = network.projection_ids().nth(own.projection) else { continue };
        let [pre, post] = network.ends(id);
        let post = network.population(post);
        if model.points_of(post).is_none() || own.recording.segments_of_point().is_empty() {
            continue;
        }
        let Some(variable) = own.recording.synapse_variable(model)? else { continue };
        for points in groups.iter_mut().flat_map(|group| group.points_mut()) {
            if points.gids().first().is_some_and(|gid| post.gids().contains(gid)) {
                points.keep_variables(number);
            }
        }
        let first_source = network.population(pre).gids().start;
        let sampler = network.projection_sampler(id, gids)?;
        let is_recorded = |gid: &&Gid| post.gids().contains(*gid) && own.targets.contains(**gid);
        for &gid in gids.iter().filter(is_recorded) {
            let mut all = groups.iter_mut().flat_map(|group| group.points_mut());
            let Some(points) = all.find(|points| points.gids().binary_search(&gid).is_ok()) else {
                continue;
            };
            points::draw(&sampler, gid, &mut drawn)?;
            let mut number_of: HashMap<(Gid, u16), usize> = HashMap::new();
            for (label, synapse) in drawn.iter().enumerate() {
                let delay = clock.delay_steps(&projection.name, synapse.delay_ms)?;
                let nth = number_of.entry((synapse.source, delay)).or_default();
                let same = std::mem::replace(nth, *nth + 1);
                if !own.sources.contains(synapse.source) {
                    continue;
                }
                let columns = &mut plans[own.index].columns;
                let source = (synapse.source - first_source) as u32;
                let column = columns.len() as u32;
                let place = (number, source, gid);
                points
                    .record_synapse(
                        (own.index, own.schedule),
                        column,
                        place,
                        (delay, same),
                        variable,
                    )
                    .map_err(|source| record::refusal(&own.recording.name, gid, source))?;
                let column = Column { gid, segment: 0, label: label as u32 };
                columns.push(column, None, Some(synapse.source));
            }
        }
    }
    Ok(())
}
