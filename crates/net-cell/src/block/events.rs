//! Events whose exact time matters: those that mechanisms send to themselves, those of connections to
//! mechanisms that read the time, conditions that are watched, and the spikes that mechanisms make.
//!
//! NEURON's fixed step, on the grid t_k = k dt: what is due until t_k is delivered; then thresholds and
//! conditions are tested, and what is due until t_k + dt/2 is delivered. So a mechanism sees the exact
//! time of an event, and the potentials and states of the nearest t_k.
//!
//! Events of one instance come in the order of their times; of those at one time, events to itself
//! come first, in the order in which they were sent, then those of connections in the order of their
//! sources. Instances do not see each other, so that the order between them does not matter
//! and nothing depends on who shares a block. All of it is plain data; no step allocates once the
//! lists have grown to what the model needs.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashSet};
use std::ffi::c_void;

use super::instances::Place;
use super::{Block, Endpoint, NOT_KEPT, Spike};
use crate::mechanism::kernel::{KernelArgs, NetEvent, NetReceive, Post, post};

/// An event of a connection or input at its exact time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimedEvent {
    pub(crate) t_ms: f64,
    /// Index in the block's list of endpoints.
    pub(crate) endpoint: u32,
    /// As in [`Event`](super::Event).
    pub(crate) kept: u32,
    pub(crate) weight: f64,
}

/// An instance of the block: index of its mechanism's instances, and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) instances: u32,
    pub(super) place: Place,
}

/// Weights that an event brings: where they are kept, or the one weight of a connection that keeps
/// none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights {
    pub(super) kept: u32,
    pub(super) weight: f64,
}

pub(super) const NO_WEIGHTS: Weights = Weights { kept: NOT_KEPT, weight: 0.0 };

/// What a mechanism sent and is not due yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) t_ms: f64,
    /// Number of the event in the order of sending.
    pub(super) serial: u64,
    /// One of [`post`].
    pub(super) what: u32,
    pub(super) to: Address,
    pub(super) flag: f64,
    pub(super) weights: Weights,
}

impl PartialEq for Sent {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Sent {}

impl PartialOrd for Sent {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sent {
    fn cmp(&self, other: &Self) -> Ordering {
        self.t_ms.total_cmp(&other.t_ms).then(self.serial.cmp(&other.serial))
    }
}

/// The last event with flag 1 that an instance sent to itself; `net_move` moves it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Movable {
    pub(super) serial: u64,
    pub(super) weights: Option<Weights>,
}

/// All events of a block whose time matters.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) sent: BinaryHeap<Reverse<Sent>>,
    pub(super) next_serial: u64,
    /// Serials of events that have been moved: others stand for them.
    pub(super) void: HashSet<u64>,
    /// By mechanism's instances, vector and lane; empty until one of them sends such an event.
    pub(super) movable: Vec<Vec<Movable>>,
    /// Whose spikes the instances make, in the same order; empty where they make none.
    pub(super) emitters: Vec<Vec<u64>>,
    /// Events of this step, by time.
    arrived: Vec<(TimedEvent, u32)>,
    /// What the kernel that runs has sent.
    pub(super) posts: Vec<Post>,
    /// Weights of events that no connection brings.
    no_weights: Vec<f64>,
    /// Where the weights of the connections to each endpoint are kept, if its mechanism asks: (start,
    /// end) in `netcons` by endpoint.
    pub(super) netcon_ranges: Vec<(u32, u32)>,
    pub(super) netcons: Vec<u32>,
    /// Endpoint and place of weights, while connections are added.
    pub(super) new_netcons: Vec<(u32, u32)>,
    /// Spikes made before the first step.
    pub(super) early_spikes: Vec<Spike>,
}

/// Marks instances that make no spikes.
pub(super) const NO_GID: u64 = u64::MAX;

/// What an instance has sent last with flag 1; most mechanisms never do, and have no list.
pub(super) fn movable_at(
    movable: &mut Vec<Movable>,
    n_places: usize,
    place: Place,
) -> &mut Movable {
    if movable.is_empty() {
        movable.resize(n_places, Movable::default());
    }
    &mut movable[place.index()]
}

/// Keeps what a kernel sends.
///
/// # Safety
/// `context` must be the list of posts of the block whose kernel runs.
pub(super) unsafe extern "C" fn keep_post(context: *mut c_void, post: &Post) {
    // SAFETY: the caller's promise.
    unsafe { (*context.cast::<Vec<Post>>()).push(*post) }
}

/// Twice this is one time written in two ways, ms.
const TIME_TOLERANCE_MS: f64 = 1e-11;

impl Block {
    /// Forgets all events, before the start of a run.
    pub(super) fn clear_events(&mut self) {
        let n_weights = self.instances.iter().map(|i| i.mechanism.n_weights).max().unwrap_or(0);
        let events = &mut self.events;
        events.sent.clear();
        events.next_serial = 1;
        events.void.clear();
        events.movable = vec![Vec::new(); self.instances.len()];
        events.no_weights = vec![0.0; n_weights.max(1)];
        events.posts.clear();
        events.netcons.clear();
        events.netcon_ranges.clear();
        events.new_netcons.clear();
        events.early_spikes.clear();
    }

    /// Lists the connections of each endpoint, when all have been added.
    pub(super) fn list_netcons(&mut self) {
        let Events { new_netcons, netcons, netcon_ranges, .. } = &mut self.events;
        if new_netcons.is_empty() {
            return;
        }
        // Stable: connections keep their order.
        new_netcons.sort_by_key(|&(endpoint, _)| endpoint);
        netcon_ranges.resize(self.endpoints.len(), (0, 0));
        netcons.extend(new_netcons.iter().map(|&(_, at)| at));
        let mut start = 0;
        for of_endpoint in new_netcons.chunk_by(|a, b| a.0 == b.0) {
            let end = start + of_endpoint.len() as u32;
            netcon_ranges[of_endpoint[0].0 as usize] = (start, end);
            start = end;
        }
        *new_netcons = Vec::new();
    }

    /// Sorts the events of connections that are due in a step.
    pub(super) fn arrive(&mut self, lists: [&[TimedEvent]; 2]) {
        let arrived = &mut self.events.arrived;
        arrived.clear();
        for event in lists.into_iter().flatten() {
            arrived.push((*event, arrived.len() as u32));
        }
        // By number among those at one time, latest first: the next one is taken from the end.
        arrived.sort_unstable_by(|a, b| b.0.t_ms.total_cmp(&a.0.t_ms).then(b.1.cmp(&a.1)));
    }

    /// Delivers what is due until `until_ms`; spikes belong to `step`.
    pub(super) fn deliver_timed(&mut self, until_ms: f64, step: u64, spikes: &mut Vec<Spike>) {
        let until_ms = until_ms + TIME_TOLERANCE_MS + 2.0 * f64::EPSILON * until_ms.abs();
        loop {
            let arrived = self.events.arrived.last().map(|(event, _)| event.t_ms);
            let sent = self.events.sent.peek().map(|Reverse(sent)| sent.t_ms);
            let is_arrived = match (arrived, sent) {
                (Some(arrived), Some(sent)) => arrived < sent,
                (arrived, _) => arrived.is_some(),
            };
            if is_arrived {
                if arrived.is_none_or(|t_ms| t_ms > until_ms) {
                    return;
                }
                let Some((event, _)) = self.events.arrived.pop() else { return };
                let Endpoint { instances, place } = self.endpoints[event.endpoint as usize];
                let weights = Weights { kept: event.kept, weight: event.weight };
                self.receive(Address { instances, place }, event.t_ms, 0.0, weights);
            } else {
                if sent.is_none_or(|t_ms| t_ms > until_ms) {
                    return;
                }
                let Some(Reverse(sent)) = self.events.sent.pop() else { return };
                self.deliver_sent(&sent, step, spikes);
            }
        }
    }

    fn deliver_sent(&mut self, sent: &Sent, step: u64, spikes: &mut Vec<Spike>) {
        let Address { instances, place } = sent.to;
        if !self.events.void.is_empty() && self.events.void.remove(&sent.serial) {
            return;
        }
        if sent.what == post::EVENT {
            let gids = &self.events.emitters[instances as usize];
            let gid = gids.get(place.index()).copied().unwrap_or(NO_GID);
            if gid != NO_GID {
                spikes.push(Spike::at(sent.t_ms, step, self.settings.dt_ms, gid));
            }
            return;
        }
        if let Some(movable) = self.events.movable[instances as usize].get_mut(place.index())
            && movable.serial == sent.serial
        {
            *movable = Movable::default();
        }
        self.receive(sent.to, sent.t_ms, sent.flag, sent.weights);
    }

    /// Runs `NET_RECEIVE` of one instance.
    fn receive(&mut self, to: Address, t_ms: f64, flag: f64, weights: Weights) {
        let addresses = self.addresses_of(to.instances as usize);
        let instances = &mut self.instances[to.instances as usize];
        let Some(receive) = instances.mechanism.kernels.net_receive else { return };
        let args = instances.args(&addresses);
        self.run_receive(receive, &args, to, (t_ms, flag), weights);
        self.send(to.instances, weights);
    }

    /// Runs an event's kernel.
    fn run_receive(
        &mut self,
        receive: NetReceive,
        args: &KernelArgs,
        to: Address,
        (t_ms, flag): (f64, f64),
        weights: Weights,
    ) {
        let (start, end) = self.netcons_of(to);
        let events = &mut self.events;
        let own = match weights.kept {
            NOT_KEPT => {
                events.no_weights.fill(0.0);
                events.no_weights[0] = weights.weight;
                events.no_weights.as_mut_ptr()
            }
            at => self.kept_weights[at as usize..].as_mut_ptr(),
        };
        let event = NetEvent {
            vector: to.place.vector as usize,
            lane: to.place.lane as usize,
            weights: own,
            t_ms,
            flag,
            kept_weights: self.kept_weights.as_mut_ptr(),
            netcons: events.netcons[start..end].as_ptr(),
            n_netcons: end - start,
        };
        // SAFETY: the address belongs to this mechanism's instances, and the weights are as many as it
        // says.
        unsafe { receive(args, &event) };
    }

    /// Where the connections of an instance are listed.
    fn netcons_of(&self, to: Address) -> (usize, usize) {
        if self.events.netcons.is_empty() {
            return (0, 0);
        }
        let endpoints = &self.instances[to.instances as usize].endpoints;
        let endpoint = endpoints.get(to.place.index()).copied().unwrap_or(u32::MAX);
        let range = self.events.netcon_ranges.get(endpoint as usize).copied().unwrap_or((0, 0));
        (range.0 as usize, range.1 as usize)
    }

    /// Queues what a kernel of these instances has sent; `weights` are those of the event that it
    /// handled.
    fn send(&mut self, instances: u32, weights: Weights) {
        let n_places = self.instances[instances as usize].n_places();
        let Events { posts, sent, next_serial, movable, void, .. } = &mut self.events;
        let movable = &mut movable[instances as usize];
        for post in posts.drain(..) {
            let place = Place { vector: post.vector as u32, lane: post.lane as u32 };
            let to = Address { instances, place };
            let serial = *next_serial;
            *next_serial += 1;
            let Post { what, t_ms, flag, .. } = post;
            let new = Sent { t_ms, serial, what, to, flag, weights };
            let new = match what {
                post::MOVE => {
                    let movable = movable_at(movable, n_places, place);
                    // The one that was sent before becomes void; without one it is sent anew.
                    let weights = movable.weights.inspect(|_| _ = void.insert(movable.serial));
                    let weights = weights.unwrap_or(NO_WEIGHTS);
                    *movable = Movable { serial, weights: Some(weights) };
                    Sent { what: post::SEND, flag: 1.0, weights, ..new }
                }
                post::WATCH => Sent { weights: NO_WEIGHTS, ..new },
                post::SEND if flag == 1.0 => {
                    *movable_at(movable, n_places, place) =
                        Movable { serial, weights: Some(weights) };
                    new
                }
                _ => new,
            };
            sent.push(Reverse(new));
        }
    }

    /// Queues what a kernel over all of these instances has sent.
    #[inline]
    pub(super) fn send_posts(&mut self, instances: usize) {
        if !self.events.posts.is_empty() {
            self.send(instances as u32, NO_WEIGHTS);
        }
    }

    /// Tests the conditions that mechanisms watch.
    pub(super) fn watch(&mut self, t_ms: f64) {
        for at in 0..self.instances.len() {
            let Some(watch) = self.instances[at].mechanism.kernels.watch else { continue };
            let addresses = self.addresses_of(at);
            let mut args = self.instances[at].args(&addresses);
            args.t_ms = t_ms;
            // SAFETY: the arguments describe this mechanism's columns and the block's vectors.
            unsafe { watch(&args) };
            self.send_posts(at);
        }
    }

    /// Sets the weights of a new connection at the start of a run.
    pub(super) fn first_weights(&mut self, endpoint: u32, at: u32) {
        let Endpoint { instances, place } = self.endpoints[endpoint as usize];
        let mechanism = self.instances[instances as usize].mechanism;
        if mechanism.uses_netcons {
            self.events.new_netcons.push((endpoint, at));
        }
        let Some(net_init) = mechanism.kernels.net_init else { return };
        let addresses = self.addresses_of(instances as usize);
        let args = self.instances[instances as usize].args(&addresses);
        let weights = Weights { kept: at, weight: 0.0 };
        self.run_receive(net_init, &args, Address { instances, place }, (0.0, 0.0), weights);
        self.send(instances, weights);
    }

    /// Whether instances make spikes.
    pub(crate) fn makes_spikes(&self) -> bool {
        self.events.emitters.iter().any(|gids| !gids.is_empty())
    }

    /// Bytes of all events.
    pub(super) fn event_bytes(&self) -> usize {
        let Events {
            sent, movable, emitters, netcons, netcon_ranges, new_netcons, arrived, ..
        } = &self.events;
        let movable: usize = movable.iter().map(Vec::capacity).sum();
        let emitters: usize = emitters.iter().map(Vec::capacity).sum();
        sent.capacity() * size_of::<Sent>()
            + movable * size_of::<Movable>()
            + arrived.capacity() * size_of::<(TimedEvent, u32)>()
            + emitters * 8
            + netcons.capacity() * 4
            + (netcon_ranges.capacity() + new_netcons.capacity()) * 8
    }
}
