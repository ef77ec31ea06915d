//! Weights of connections: those that mechanisms change, and their recording.

use super::{CellGroup, Route};
use crate::block::{NOT_KEPT, RecordedWeight};
use crate::error::CellError;
use crate::record::Schedule;

/// A connection that ends in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionId {
    /// Gid of its source.
    pub source: u64,
    /// The endpoint, as [`Target::endpoint`](crate::Target::endpoint).
    pub endpoint: u32,
    /// Which of the connections of this source to this endpoint, in the order of the
    /// [`ConnectionTable`](net_core::ConnectionTable).
    pub nth: usize,
}

/// A recorded weight that a mechanism can change.
#[derive(Debug)]
pub(super) struct KeptColumn {
    block: u32,
    at: RecordedWeight,
    /// Number of the connection.
    connection: usize,
    argument: u32,
}

impl CellGroup {
    /// Records a weight of a connection as column `column` of recording `recording`: an argument of
    /// the mechanism's `NET_RECEIVE`, of which 0 is what the connection was made with. To be called
    /// when there are connections, before [`initialize`](Self::initialize).
    ///
    /// # Errors
    /// When there is no such connection or argument.
    pub fn record_weight(
        &mut self,
        (recording, schedule): (usize, Schedule),
        column: u32,
        connection: ConnectionId,
        argument: usize,
    ) -> Result<(), CellError> {
        let ConnectionId { source, endpoint, nth } = connection;
        let missing = CellError::NoSuchConnection { gid: source, nth };
        let Some(own) = self.connections.get(source) else { return Err(missing) };
        let mut places = own.targets.iter().enumerate().filter(|(_, to)| **to == endpoint);
        let Some((place, _)) = places.nth(nth) else { return Err(missing) };
        let (weight, connection) = (own.weights[place], own.first + place);
        let Route { block, endpoint, needs } = self.routes[endpoint as usize];
        let to = &mut self.blocks[block as usize];
        let n_weights = to.n_weights(endpoint) as usize;
        if argument >= n_weights {
            return Err(CellError::NoSuchWeight { argument, n_weights });
        }
        let at = to.record_weight((recording, schedule), column, weight);
        if needs.weights {
            let argument = argument as u32;
            self.kept_columns.push(KeptColumn { block, at, connection, argument });
        }
        Ok(())
    }

    /// Gives all connections that keep weights their places, in the order of their sources.
    pub(super) fn keep_weights(&mut self) {
        self.reserve_weights();
        for input in &mut self.inputs {
            let Route { block, endpoint, needs } = input.route;
            if needs.weights {
                let block = &mut self.blocks[block as usize];
                input.kept = block.keep_weights(endpoint, input.weight, &input.further);
            }
        }
        self.kept.clear();
        if !self.routes.iter().any(|route| route.needs.weights) {
            return;
        }
        self.kept.resize(self.connections.n_connections(), NOT_KEPT);
        for (_, connections) in self.connections.iter() {
            for (k, (&target, &weight)) in
                connections.targets.iter().zip(connections.weights).enumerate()
            {
                let Route { block, endpoint, needs } = self.routes[target as usize];
                if needs.weights {
                    let block = &mut self.blocks[block as usize];
                    self.kept[connections.first + k] = block.keep_weights(endpoint, weight, &[]);
                }
            }
        }
        for &KeptColumn { block, at, connection, argument } in &self.kept_columns {
            self.blocks[block as usize].sample_kept(at, self.kept[connection] + argument);
        }
    }

    /// Makes room for what all of these connections keep.
    fn reserve_weights(&mut self) {
        let mut n_weights = vec![0; self.blocks.len()];
        let mut count = |route: Route| {
            if route.needs.weights {
                let block = &self.blocks[route.block as usize];
                n_weights[route.block as usize] += block.n_weights(route.endpoint) as usize;
            }
        };
        self.inputs.iter().for_each(|input| count(input.route));
        let connections = self.connections.iter().flat_map(|(_, own)| own.targets);
        connections.for_each(|target| count(self.routes[*target as usize]));
        for (block, n) in self.blocks.iter_mut().zip(n_weights) {
            block.reserve_weights(n);
        }
    }
}
