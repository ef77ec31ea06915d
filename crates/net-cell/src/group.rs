//! Cells of one rank, divided into groups that threads advance on their own.

mod cells;
mod parameters;
mod state;
mod streams;
mod weights;

pub use cells::Cells;
pub use weights::ConnectionId;
use weights::KeptColumn;

use std::collections::HashSet;
use std::ops::Range;

use net_core::{ConnectionTable, StepClock};
use net_kernel::prefetch::{Cache, prefetch_all};

use crate::block::{Block, Due, Event, NOT_KEPT, Spike, TimedEvent};
use crate::currents::{BlockLayout, CurrentObserver, CurrentType};
use crate::error::{CellError, NotFinite};
use crate::extracellular::ExtracellularPotential;
use crate::point::PointPopulation;
use crate::queue::EventQueue;
use crate::record::Samples;
use crate::source::{RunningSource, SourceKey, SpikeSource};

/// Where an event goes: a group, and the number of one of its endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Index of the group.
    pub group: u32,
    /// Endpoint in the group; what its [`ConnectionTable`] calls target.
    pub endpoint: u32,
}

/// Block and endpoint in the block, and what its events need.
#[derive(Debug, Clone, Copy)]
struct Route {
    block: u32,
    endpoint: u32,
    needs: Needs,
}

/// What events of an endpoint need beside step and weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Needs {
    /// Weights that the connection keeps.
    weights: bool,
    /// Their exact time.
    time: bool,
}

/// The states of inputs are more than caches hold, and few of them are read in an epoch: that many are
/// asked for while one is.
const INPUTS_AHEAD: usize = 4;

#[derive(Debug)]
struct Input {
    source: RunningSource,
    route: Route,
    weight: f64,
    /// The connection's further weights; mostly none.
    further: Box<[f64]>,
    kept: u32,
}

/// An input of a point neuron.
#[derive(Debug)]
struct PointInput {
    source: RunningSource,
    population: usize,
    ring: usize,
    neuron: usize,
    weight: f64,
}

/// A part of a rank's cells, owned by one thread at a time.
#[derive(Debug)]
pub struct CellGroup {
    clock: StepClock,
    blocks: Vec<Block>,
    points: Vec<PointPopulation>,
    point_inputs: Vec<PointInput>,
    /// For each of them the step before which nothing is due: of most inputs nothing is for many epochs,
    /// which is seen here without their state being read.
    point_inputs_due: Vec<u64>,
    /// Spikes that have arrived, for point neurons.
    arrived: Vec<Spike>,
    /// Network events and events of inputs, by block.
    network: Vec<EventQueue<Event>>,
    external: Vec<EventQueue<Event>>,
    /// The same, where the exact time matters.
    network_timed: Vec<EventQueue<TimedEvent>>,
    external_timed: Vec<EventQueue<TimedEvent>>,
    routes: Vec<Route>,
    connections: ConnectionTable,
    inputs: Vec<Input>,
    inputs_due: Vec<u64>,
    /// Those of which something is due in an epoch, with room for all.
    due: Vec<usize>,
    spikes: Vec<Spike>,
    /// Where weights of connections are kept, by number of the connection; empty if none are.
    kept: Vec<u32>,
    /// Recorded weights that are kept.
    kept_columns: Vec<KeptColumn>,
    /// Block and place of the potentials that others see.
    published: Vec<(u32, u32)>,
    observer: Option<Box<dyn CurrentObserver>>,
    has_started: bool,
}

impl CellGroup {
    fn new(clock: StepClock) -> Self {
        CellGroup {
            clock,
            blocks: Vec::new(),
            points: Vec::new(),
            point_inputs: Vec::new(),
            point_inputs_due: Vec::new(),
            arrived: Vec::new(),
            network: Vec::new(),
            external: Vec::new(),
            network_timed: Vec::new(),
            external_timed: Vec::new(),
            routes: Vec::new(),
            connections: ConnectionTable::default(),
            inputs: Vec::new(),
            inputs_due: Vec::new(),
            due: Vec::new(),
            spikes: Vec::new(),
            kept: Vec::new(),
            kept_columns: Vec::new(),
            published: Vec::new(),
            observer: None,
            has_started: false,
        }
    }

    /// Sets the connections that end in this group; their targets are endpoints of the group.
    pub fn set_connections(&mut self, connections: ConnectionTable) {
        self.connections = connections;
    }

    /// Drives an endpoint of this group from outside; spikes arrive `delay_ms` after they are
    /// generated and act with `weight`. Gives the number of the input in this group.
    ///
    /// # Errors
    /// When the source's parameters are not allowed.
    pub fn add_input(
        &mut self,
        endpoint: u32,
        source: &SpikeSource,
        weight: f64,
        delay_ms: f64,
        key: SourceKey,
    ) -> Result<usize, CellError> {
        source.validate()?;
        let route = self.routes[endpoint as usize];
        let source = RunningSource::new(source, delay_ms, key);
        let further = Box::default();
        self.inputs.push(Input { source, route, weight, further, kept: NOT_KEPT });
        self.inputs_due.push(0);
        Ok(self.inputs.len() - 1)
    }

    /// Sets the second and further weights of an input's connection, 0 otherwise, as arguments of
    /// `NET_RECEIVE`; those that the mechanism does not have are ignored. To be called before
    /// [`initialize`](Self::initialize).
    ///
    /// # Panics
    /// If there is no such input.
    pub fn set_further_weights(&mut self, input: usize, weights: &[f64]) {
        self.inputs[input].further = weights.into();
    }

    /// Adds point neurons; gives their number in this group.
    pub fn add_points(&mut self, population: PointPopulation) -> usize {
        self.points.push(population);
        self.points.len() - 1
    }

    /// The point neurons, in the order in which they were added.
    pub fn points_mut(&mut self) -> &mut [PointPopulation] {
        &mut self.points
    }

    /// Drives a point neuron from outside: events of `ring` (of
    /// [`PointPopulation::input_ring`]) for the `neuron`-th of the `population`-th point neurons, as
    /// [`add_input`](Self::add_input).
    ///
    /// # Errors
    /// When the source's parameters are not allowed.
    pub fn add_point_input(
        &mut self,
        (population, ring, neuron): (usize, usize, usize),
        source: &SpikeSource,
        weight: f64,
        delay_ms: f64,
        key: SourceKey,
    ) -> Result<(), CellError> {
        source.validate()?;
        let source = RunningSource::new(source, delay_ms, key);
        self.point_inputs.push(PointInput { source, population, ring, neuron, weight });
        self.point_inputs_due.push(0);
        Ok(())
    }

    /// Sets the initial state, once, when connections and inputs are there; `max_delay_steps` over all connections and `epoch_steps` decide how
    /// far ahead events are kept.
    pub fn initialize(&mut self, max_delay_steps: u64, epoch_steps: u64) {
        // Nothing is added any more.
        self.routes.shrink_to_fit();
        self.inputs.shrink_to_fit();
        self.inputs_due.shrink_to_fit();
        self.due.reserve_exact(self.inputs.len());
        self.point_inputs.shrink_to_fit();
        self.point_inputs_due.shrink_to_fit();
        let ahead = max_delay_steps + 2 * epoch_steps;
        self.network.iter_mut().for_each(|queue| queue.reserve(ahead));
        self.external.iter_mut().for_each(|queue| queue.reserve(epoch_steps));
        let is_timed: HashSet<u32> =
            self.routes.iter().filter(|r| r.needs.time).map(|r| r.block).collect();
        for at in 0..self.blocks.len() {
            // Blocks without such events have rings of one step, always empty.
            let some = is_timed.contains(&(at as u32));
            self.network_timed[at].reserve(if some { ahead } else { 0 });
            self.external_timed[at].reserve(if some { epoch_steps } else { 0 });
        }
        self.blocks.iter_mut().for_each(Block::initialize);
        self.keep_weights();
        self.has_started = true;
        for (at, block) in self.blocks.iter_mut().enumerate() {
            let mut observer = self.observer.as_mut().map(|observer| observer.watch(at));
            block.finish_initialize(observer.as_deref_mut());
        }
        for population in &mut self.points {
            population.initialize(max_delay_steps, epoch_steps);
        }
    }

    /// Where the cells of this group stand, block by block.
    pub fn layouts(&self) -> Vec<BlockLayout> {
        self.blocks.iter().map(Block::layout).collect()
    }

    /// Has all currents of these types observed, from the start of the run. To be called before
    /// [`initialize`](Self::initialize).
    ///
    /// # Errors
    /// When a type names an unknown mechanism.
    pub fn observe_currents(
        &mut self,
        observer: Box<dyn CurrentObserver>,
        types: &[CurrentType],
    ) -> Result<(), CellError> {
        types.iter().try_for_each(CurrentType::validate)?;
        self.observer = Some(observer);
        self.blocks.iter_mut().for_each(|block| block.observe(types));
        Ok(())
    }

    /// Imposes a potential from outside on the cells of a block, as [`layouts`](Self::layouts) counts
    /// them. To be called before [`initialize`](Self::initialize).
    ///
    /// # Panics
    /// If there is no such block.
    pub fn impose_potential(&mut self, block: usize, source: Box<dyn ExtracellularPotential>) {
        self.blocks[block].impose(source);
    }

    /// Queues the events of spikes, which must come in an order that does not depend on the layout
    /// of the network on ranks and threads; sorted by (step, gid).
    pub fn enqueue(&mut self, spikes: impl IntoIterator<Item = Spike>) {
        let for_points = !self.points.is_empty();
        self.arrived.clear();
        for spike in spikes {
            if for_points {
                self.arrived.push(spike);
            }
            let Some(connections) = self.connections.get(spike.gid) else { continue };
            let each =
                connections.targets.iter().zip(connections.delay_steps).zip(connections.weights);
            for (k, ((&target, &delay), &weight)) in each.enumerate() {
                let Route { block, endpoint, needs } = self.routes[target as usize];
                let step = spike.step + u64::from(delay);
                let kept = if needs.weights { self.kept[connections.first + k] } else { NOT_KEPT };
                if needs.time {
                    let t_ms = Spike { step, ..spike }.time_ms(self.clock.dt_ms());
                    let event = TimedEvent { t_ms, endpoint, kept, weight };
                    self.network_timed[block as usize].push(step, event);
                } else {
                    self.network[block as usize].push(step, Event { endpoint, kept, weight });
                }
            }
        }
        for population in &mut self.points {
            population.enqueue(&self.arrived);
        }
    }

    /// Advances all cells through the steps of one epoch, calling `between` after each block.
    /// Returns the spikes, unsorted.
    ///
    /// # Errors
    /// When a potential or state is not finite at the end.
    pub fn advance(
        &mut self,
        steps: Range<u64>,
        mut between: impl FnMut(),
    ) -> Result<&[Spike], NotFinite> {
        self.spikes.clear();
        self.due.clear();
        let all = (0..).zip(&self.inputs_due);
        self.due.extend(all.filter(|(_, due)| **due < steps.end).map(|(at, _)| at));
        for (nth, &at) in self.due.iter().enumerate() {
            if let Some(&ahead) = self.due.get(nth + INPUTS_AHEAD) {
                prefetch_all(&self.inputs[ahead], Cache::First);
            }
            let (input, due) = (&mut self.inputs[at], &mut self.inputs_due[at]);
            let Route { block, endpoint, needs } = input.route;
            let Input { kept, weight, .. } = *input;
            // What was due before the start of the run acts at its first step.
            *due = if needs.time {
                let queue = &mut self.external_timed[block as usize];
                input.source.drain(&self.clock, steps.end, |step, t_ms| {
                    let event = TimedEvent { t_ms, endpoint, kept, weight };
                    queue.push(step.max(steps.start), event);
                })
            } else {
                let queue = &mut self.external[block as usize];
                let event = Event { endpoint, kept, weight };
                input.source.drain(&self.clock, steps.end, |step, _| {
                    queue.push(step.max(steps.start), event);
                })
            };
        }
        for (at, block) in self.blocks.iter_mut().enumerate() {
            let (external, network) = (&mut self.external[at], &mut self.network[at]);
            let (external_timed, network_timed) =
                (&mut self.external_timed[at], &mut self.network_timed[at]);
            let events = |step| Due {
                plain: [external.due(step), network.due(step)],
                timed: [external_timed.due(step), network_timed.due(step)],
            };
            let mut observer = self.observer.as_mut().map(|observer| observer.watch(at));
            block.advance(steps.clone(), events, &mut self.spikes, observer.as_deref_mut());
            drop(observer);
            external.clear(steps.clone());
            network.clear(steps.clone());
            external_timed.clear(steps.clone());
            network_timed.clear(steps.clone());
            block.check_finite(steps.end)?;
            between();
        }
        for (input, due) in self.point_inputs.iter_mut().zip(&mut self.point_inputs_due) {
            if *due >= steps.end {
                continue;
            }
            let population = &mut self.points[input.population];
            let (ring, neuron, weight) = (input.ring, input.neuron, input.weight);
            let deliver =
                |step: u64, _| population.add_event(ring, neuron, step.max(steps.start), weight);
            *due = input.source.drain(&self.clock, steps.end, deliver);
        }
        for population in &mut self.points {
            population.advance(steps.clone(), &mut self.spikes);
            population.check_finite(steps.end)?;
            between();
        }
        Ok(&self.spikes)
    }

    /// Potentials that other cells see (mV), in the order in which they were published.
    pub fn published(&self) -> impl Iterator<Item = f64> + '_ {
        let blocks = &self.blocks;
        self.published.iter().map(|&(block, place)| blocks[block as usize].potential_at(place))
    }

    /// Sets what the cells of this group see of others, for the next step.
    ///
    /// # Panics
    /// If there are fewer values than were asked for.
    pub fn set_received(&mut self, values: &[f64]) {
        self.blocks.iter_mut().for_each(|block| block.set_received(values));
    }

    /// Takes samples of a recording in these steps only, which ascend; without a word, always.
    pub fn set_windows(&mut self, recording: usize, windows: &[Range<u64>]) {
        self.blocks.iter_mut().for_each(|block| block.set_windows(recording, windows));
        self.points.iter_mut().for_each(|points| points.set_windows(recording, windows));
    }

    /// Takes the sample of a recording at `step`, up to which all cells have been advanced, if it is
    /// due: for a window that was opened at this step.
    pub fn sample_now(&mut self, recording: usize, step: u64) {
        self.blocks.iter_mut().for_each(|block| block.sample_now(recording, step));
        self.points.iter_mut().for_each(|points| points.sample_now(recording, step));
    }

    /// Copies the samples of a recording taken since the last call.
    pub fn take_samples(&mut self, recording: usize, into: &mut Samples) {
        for block in &mut self.blocks {
            block.take_samples(recording, into);
        }
        for population in &mut self.points {
            population.take_samples(recording, into);
        }
    }

    /// Whether mechanisms make spikes, which may lie between steps.
    pub fn makes_spikes(&self) -> bool {
        self.blocks.iter().any(Block::makes_spikes)
    }

    /// Number of compartments.
    pub fn n_compartments(&self) -> usize {
        self.blocks.iter().map(Block::n_compartments).sum()
    }

    /// Relative cost of a step.
    pub fn cost(&self) -> f64 {
        let blocks: f64 = self.blocks.iter().map(Block::cost).sum();
        blocks + self.points.iter().map(PointPopulation::cost).sum::<f64>()
    }

    /// Bytes of cells with their inputs and the events on their way, and of connections, now: weights
    /// that connections keep are there when the initial state has been set, and events need room
    /// while it runs.
    pub fn memory_bytes(&self) -> (usize, usize) {
        let blocks: usize = self.blocks.iter().map(Block::memory_bytes).sum();
        let blocks = blocks + self.event_bytes();
        let routes = self.routes.capacity() * size_of::<Route>()
            + self.inputs.capacity() * size_of::<Input>()
            + (self.inputs_due.capacity() + self.point_inputs_due.capacity()) * size_of::<u64>()
            + self.due.capacity() * size_of::<usize>()
            + self.point_inputs.capacity() * size_of::<PointInput>()
            + self.published.capacity() * size_of::<(u32, u32)>();
        let points = self.points.iter().map(PointPopulation::memory_bytes);
        let (neurons, synapses) = points.fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
        let connections = self.connections.memory_bytes() + self.kept.capacity() * size_of::<u32>();
        (blocks + routes + neurons, connections + synapses)
    }

    /// Sources of this group's connections, and bytes of their entries, which are part of those of
    /// connections.
    pub fn sources(&self) -> (usize, usize) {
        (self.connections.n_sources(), self.connections.source_bytes())
    }

    fn event_bytes(&self) -> usize {
        let untimed = self.network.iter().chain(&self.external).map(EventQueue::memory_bytes);
        let timed = self.network_timed.iter().chain(&self.external_timed);
        let timed: usize = timed.map(EventQueue::memory_bytes).sum();
        let spikes = self.arrived.capacity() + self.spikes.capacity();
        untimed.sum::<usize>() + timed + spikes * size_of::<Spike>()
    }
}
