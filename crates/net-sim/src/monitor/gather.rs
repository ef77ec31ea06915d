//! What all ranks recorded, brought together on rank 0.

use std::ops::Range;

use ndarray::Array2;
use net_cell::Spike;
use net_core::Gid;
use net_mpi::Communicator;

use super::recordings::MonitoredSynapse;
use crate::error::Result;
use crate::run::TrackColumn;

/// Samples x cells.
pub(super) fn of_cells(
    comm: &Communicator,
    (columns, values): (&[TrackColumn], &[f64]),
    cells: &Range<Gid>,
    n_samples: usize,
) -> Result<Option<Array2<f64>>> {
    let gids: Vec<Gid> = columns.iter().map(|column| column.gid).collect();
    let (gids, values) = (comm.gather_v(0, &gids)?, comm.gather_v(0, values)?);
    let Some((gids, values)) = gids.zip(values) else { return Ok(None) };
    let mut array = Array2::zeros((n_samples, (cells.end - cells.start) as usize));
    for (gids, values) in gids.iter().zip(&values) {
        let place = |gid: &Gid| (gid - cells.start) as usize;
        fill(&mut array, &gids.iter().map(place).collect::<Vec<_>>(), values);
    }
    Ok(Some(array))
}

/// The synapses, by target, segment and number, and samples x synapses.
pub(super) fn of_synapses(
    comm: &Communicator,
    columns: &[TrackColumn],
    values: &[f64],
    n_samples: usize,
) -> Result<Option<(Vec<MonitoredSynapse>, Array2<f64>)>> {
    let key = |column: &TrackColumn| {
        let place = u64::from(column.segment) << 32 | u64::from(column.number);
        [column.gid, place, column.source.unwrap_or(NOBODY)]
    };
    let keys: Vec<[u64; 3]> = columns.iter().map(key).collect();
    let (keys, values) = (comm.gather_v(0, &keys)?, comm.gather_v(0, values)?);
    let Some((keys, values)) = keys.zip(values) else { return Ok(None) };
    let mut all: Vec<[u64; 3]> = keys.iter().flatten().copied().collect();
    all.sort_unstable();
    let mut array = Array2::zeros((n_samples, all.len()));
    for (keys, values) in keys.iter().zip(&values) {
        let place = |key: &[u64; 3]| all.partition_point(|other| other < key);
        fill(&mut array, &keys.iter().map(place).collect::<Vec<_>>(), values);
    }
    let synapse = |&[target, place, source]: &[u64; 3]| MonitoredSynapse {
        source: (source != NOBODY).then_some(source),
        target,
        segment: (place >> 32) as u32,
        number: place as u32,
    };
    Ok(Some((all.iter().map(synapse).collect(), array)))
}

/// Stands for the source of what is no connection.
const NOBODY: u64 = u64::MAX;

/// Puts a rank's samples, row by row, into their places in the rows of all.
fn fill(array: &mut Array2<f64>, places: &[usize], values: &[f64]) {
    let rows = values.chunks(places.len().max(1));
    for (mut row, own) in array.rows_mut().into_iter().zip(rows) {
        places.iter().zip(own).for_each(|(&place, &value)| row[place] = value);
    }
}

/// Steps of each cell's spikes.
pub(super) fn of_spikes(
    comm: &Communicator,
    spikes: &[Spike],
    cells: &Range<Gid>,
) -> Result<Option<Vec<Vec<u64>>>> {
    let spikes: Vec<[u64; 2]> = spikes.iter().map(|spike| [spike.gid, spike.step]).collect();
    let Some(by_rank) = comm.gather_v(0, &spikes)? else { return Ok(None) };
    let mut of_cells = vec![Vec::new(); (cells.end - cells.start) as usize];
    for [gid, step] in by_rank.into_iter().flatten() {
        of_cells[(gid - cells.start) as usize].push(step);
    }
    of_cells.iter_mut().for_each(|steps| steps.sort_unstable());
    Ok(Some(of_cells))
}
