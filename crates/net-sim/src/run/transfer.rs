//! Potentials that cells see of each other, moved between threads and ranks after every step.

use std::collections::HashMap;

use net_cell::CellGroup;
use net_mpi::Communicator;

use crate::error::{Error, Result};

/// What the cells of this rank show and what they see, by number of the potential.
#[derive(Clone, Debug, Default)]
pub(crate) struct Junctions {
    /// Number of each potential that is shown, and its place: group, and number in the group.
    pub(crate) shown: Vec<(u64, u32, usize)>,
    /// Numbers of those that are seen, each once, in the order of the values that groups receive.
    pub(crate) seen: Vec<u64>,
}

/// Moves potentials after every step.
pub(crate) struct Transfer {
    /// For each rank, places of the potentials that it wants: group and number in the group.
    sends: Vec<Vec<(u32, usize)>>,
    /// For each rank, which of the values seen it sends, in order.
    receives: Vec<Vec<u32>>,
    n_seen: usize,
}

impl Transfer {
    /// Finds out who wants what of whom; none if no cell sees another. Collective.
    pub(crate) fn new(comm: &Communicator, junctions: &Junctions) -> Result<Option<Self>> {
        if comm.max(junctions.seen.len() as u64)? == 0 {
            return Ok(None);
        }
        let place_of: HashMap<u64, (u32, usize)> =
            junctions.shown.iter().map(|&(id, group, at)| (id, (group, at))).collect();
        let own: Vec<u64> = junctions.shown.iter().map(|shown| shown.0).collect();
        let mut rank_of = HashMap::new();
        for (rank, ids) in comm.all_gather_v(&own)?.into_iter().enumerate() {
            rank_of.extend(ids.into_iter().map(|id| (id, rank)));
        }
        let mut wanted = vec![Vec::new(); comm.size()];
        let mut receives = vec![Vec::new(); comm.size()];
        let mut missing = Ok(());
        for (at, id) in junctions.seen.iter().enumerate() {
            match rank_of.get(id) {
                Some(&rank) => {
                    wanted[rank].push(*id);
                    receives[rank].push(at as u32);
                }
                None => missing = Err(Error::NoSuchJunction { id: *id }),
            }
        }
        comm.agree(missing)?;
        let asked = comm.all_to_all_v(wanted)?;
        let places = |ids: Vec<u64>| ids.iter().map(|id| place_of[id]).collect();
        let sends = asked.into_iter().map(places).collect();
        Ok(Some(Transfer { sends, receives, n_seen: junctions.seen.len() }))
    }

    /// Moves the potentials of all groups; gives what this rank's cells see. Collective.
    pub(crate) fn exchange<'g>(
        &self,
        comm: &Communicator,
        groups: impl Iterator<Item = &'g CellGroup>,
    ) -> Result<Vec<f64>> {
        let shown: Vec<Vec<f64>> = groups.map(|group| group.published().collect()).collect();
        let value = |&(group, at): &(u32, usize)| shown[group as usize][at];
        let parts = self.sends.iter().map(|places| places.iter().map(value).collect()).collect();
        let mut seen = vec![0.0; self.n_seen];
        for (values, places) in comm.all_to_all_v::<f64>(parts)?.iter().zip(&self.receives) {
            for (value, &at) in values.iter().zip(places) {
                seen[at as usize] = *value;
            }
        }
        Ok(seen)
    }
}
