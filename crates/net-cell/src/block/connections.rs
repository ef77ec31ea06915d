//! Where the events of connections go: endpoints, the weights that mechanisms keep, and delivery.

use super::instances::Place;
use super::{Block, TimedEvent};
use crate::mechanism::kernel::{KernelArgs, NetEvent};

/// An event for an instance of this block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    /// Index in the block's list of endpoints.
    pub(crate) endpoint: u32,
    /// Where the block keeps the weights of the connection, or [`NOT_KEPT`].
    pub(crate) kept: u32,
    pub(crate) weight: f64,
}

/// The events of one step: those of inputs, then those of connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due<'e> {
    /// Events of which only the step matters.
    pub(crate) plain: [&'e [Event]; 2],
    /// Events whose time matters.
    pub(crate) timed: [&'e [TimedEvent]; 2],
}

/// Marks connections whose mechanism does not change weights.
pub(crate) const NOT_KEPT: u32 = u32::MAX;

/// Where events go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endpoint {
    pub(super) instances: u32,
    pub(super) place: Place,
}

impl Block {
    /// Whether connections to an endpoint keep weights of their own.
    pub(crate) fn keeps_weights(&self, endpoint: u32) -> bool {
        let Endpoint { instances, .. } = self.endpoints[endpoint as usize];
        self.instances[instances as usize].mechanism.keeps_weights
    }

    /// Whether the exact time of events matters to an endpoint.
    pub(crate) fn is_timed(&self, endpoint: u32) -> bool {
        let Endpoint { instances, .. } = self.endpoints[endpoint as usize];
        self.instances[instances as usize].mechanism.timed
    }

    /// Makes room for so many weights of connections, and for no more.
    pub(crate) fn reserve_weights(&mut self, n_weights: usize) {
        self.kept_weights.reserve_exact(n_weights);
    }

    /// Makes room for the weights of a new connection and has the mechanism set them; gives what
    /// its events carry as [`Event::kept`].
    pub(crate) fn keep_weights(&mut self, endpoint: u32, weight: f64, further: &[f64]) -> u32 {
        let Endpoint { instances, .. } = self.endpoints[endpoint as usize];
        let n_weights = self.instances[instances as usize].mechanism.n_weights.max(1);
        let at = self.kept_weights.len();
        self.kept_weights.resize(at + n_weights, 0.0);
        self.kept_weights[at] = weight;
        for (kept, further) in self.kept_weights[at + 1..].iter_mut().zip(further) {
            *kept = *further;
        }
        self.first_weights(endpoint, at as u32);
        at as u32
    }

    pub(super) fn deliver(&mut self, events: &[Event], t_ms: f64) {
        if events.is_empty() {
            return;
        }
        let [addresses, _] = self.addresses();
        // Events of one mechanism mostly follow each other.
        let mut last: Option<(u32, KernelArgs)> = None;
        for event in events {
            let Endpoint { instances: at, place } = self.endpoints[event.endpoint as usize];
            let instances = &mut self.instances[at as usize];
            let Some(receive) = instances.mechanism.kernels.net_receive else { continue };
            let args = match &last {
                Some((of, args)) if *of == at => args,
                _ => &last.insert((at, instances.args(&addresses))).1,
            };
            let mut weight = event.weight;
            let weights = match event.kept {
                NOT_KEPT => &raw mut weight,
                at => self.kept_weights[at as usize..].as_mut_ptr(),
            };
            let event = NetEvent {
                vector: place.vector as usize,
                lane: place.lane as usize,
                weights,
                t_ms,
                flag: 0.0,
                kept_weights: std::ptr::null_mut(),
                netcons: std::ptr::null(),
                n_netcons: 0,
            };
            // SAFETY: the endpoint was made for this mechanism's instances.
            unsafe { receive(args, &event) };
        }
    }
}
