//! A block of cells, advanced through a whole epoch before the next block is touched.

mod build;
mod cable;
mod connections;
mod crossing;
mod diffusion;
mod events;
mod field;
mod finite;
mod instances;
mod ions;
mod membrane;
mod observation;
mod parameters;
mod played;
mod pointers;
mod rows;
mod sampling;
mod specification;
mod spike;
mod state;
mod step;
mod streams;
mod tables;
mod transfer;

use crate::currents::BlockObserver;
use crate::extracellular::ExtracellularPotential;
use crate::mechanism::kernel::Sink;
use crate::simd::F8;
use cable::Cable;
use connections::Endpoint;
use crossing::Crossing;
use diffusion::Diffusion;
use events::{Events, keep_post};
use field::Field;
use instances::{BlockAddresses, Instances, Located};
use ions::Ions;
use observation::Observation;
use played::Played;
use sampling::Recorder;
use transfer::Received;

pub(crate) use connections::{Due, Event, NOT_KEPT};
pub(crate) use events::TimedEvent;
pub use rows::{BlockPlan, CellSpec, PointSpec};
pub(crate) use sampling::RecordedWeight;
pub use specification::{PointKind, StepSettings};
pub use spike::Spike;
pub(crate) use state::{Kept, Owners, Pending};
pub(crate) use tables::TableValues;

#[derive(Debug)]
struct Detector {
    position: u32,
    /// Positions and weights of which it sees the mean; empty for the potential at `position`.
    mean_of: Box<[(u32, f64)]>,
    above: bool,
    threshold_mv: f64,
    gid: u64,
}

/// One cell's place in the block.
#[derive(Debug, Clone, Copy)]
struct Member {
    gid: u64,
    index: u32,
    lane: u32,
}

/// A block, and (cell, point, endpoint) for every point of every cell in it.
pub(crate) type Built = (Block, Vec<(u32, u32, u32)>);

/// A block of cells.
#[derive(Debug)]
pub(crate) struct Block {
    settings: StepSettings,
    cable: Cable,
    instances: Vec<Instances>,
    ions: Ions,
    diffusion: Vec<Diffusion>,
    endpoints: Vec<Endpoint>,
    /// Weights of connections to mechanisms that keep them.
    kept_weights: Vec<f64>,
    detectors: Vec<Detector>,
    crossings: Vec<Crossing>,
    /// Parameters that follow a waveform.
    played: Vec<Played>,
    /// Instances with columns that are derived from these.
    derived_anew: Vec<u32>,
    /// Variables that are set from outside.
    received: Vec<Received>,
    events: Events,
    members: Vec<Member>,
    /// Where each instance of each mechanism stands, for recording and messages.
    located: Vec<Vec<Located>>,
    /// Slot of every segment of every member: start in `slots`, then one entry a segment.
    slot_start: Vec<u32>,
    slots: Vec<u32>,
    recorders: Vec<Recorder>,
    /// The membrane currents of a step, if some are recorded.
    membrane: Vec<F8>,
    /// v(t) under the electrodes, and what they inject.
    electrode_mv: Vec<f64>,
    injected_na: Vec<f64>,
    /// Currents of a step, if they are observed.
    observation: Option<Observation>,
    /// A potential outside, if there is one.
    field: Option<Field>,
    /// Scratch for outputs of mechanisms whose current is part of the constant system.
    scratch: Vec<F8>,
    n_compartments: usize,
    cost: f64,
}

impl Block {
    /// Sets the initial state; then connections get their weights, and
    /// [`finish_initialize`](Self::finish_initialize) comes.
    pub(crate) fn initialize(&mut self) {
        self.cable.initialize(self.settings.v_init_mv);
        self.kept_weights.clear();
        for detector in &mut self.detectors {
            detector.above = false;
        }
        for crossing in &mut self.crossings {
            crossing.above = false;
        }
        self.ions.initialize(self.settings.celsius);
        if let Some(field) = &mut self.field {
            field.start(&self.cable);
        }
        self.rewind_played();
        self.set_played(0.0);
        self.reset_received();
        self.clear_events();
        self.connect_pointers();
        for at in 0..self.instances.len() {
            let addresses = self.addresses_of(at);
            self.instances[at].initialize(&addresses);
            self.send_posts(at);
        }
    }

    /// Delivers what is due at once, and takes the first sample.
    pub(crate) fn finish_initialize(&mut self, observer: Option<&mut (dyn BlockObserver + '_)>) {
        self.list_netcons();
        let mut spikes = std::mem::take(&mut self.events.early_spikes);
        self.deliver_timed(0.0, 0, &mut spikes);
        self.events.early_spikes = spikes;
        self.fold_constant_currents();
        let [membrane, _] = self.addresses();
        if self.observation.is_some() {
            // What flows through the membrane at the start, without electrodes.
            self.cable.assemble();
            self.currents_of(0..self.first_electrode(), &membrane, 0.0);
        }
        if let Some(observation) = &mut self.observation {
            observation.initialize(&mut self.instances, &self.cable, &membrane);
        }
        // Outputs and electrode currents at t = 0.
        self.cable.assemble();
        self.currents(0.0);
        let watched = observer.and_then(|observer| observer.wants(0).then_some(observer));
        self.before_currents(0.0, watched.is_some());
        self.take_start(watched);
        self.recorders.iter_mut().for_each(Recorder::clear);
        self.hook(0.0, |kernels| kernels.before_step);
        self.sample(0);
    }

    /// Has the outputs of a mechanism computed in every step.
    fn record_outputs(&mut self, instances: usize) {
        self.instances[instances].record_outputs();
        self.scratch.resize(self.cable.sink_slot() + 1, F8::ZERO);
    }

    /// Imposes a potential from outside.
    pub(crate) fn impose(&mut self, source: Box<dyn ExtracellularPotential>) {
        self.field = Some(Field::new(source, &self.cable));
    }

    /// Addresses for the mechanisms of the membrane and for electrodes, which see the potential inside
    /// against ground.
    fn addresses(&mut self) -> [BlockAddresses; 2] {
        let membrane = BlockAddresses {
            v: self.cable.v.as_mut_ptr().cast(),
            diagonal: self.cable.diagonal.as_mut_ptr().cast(),
            rhs: self.cable.rhs.as_mut_ptr().cast(),
            ion_arena: self.ions.arena.as_mut_ptr().cast(),
            dt_ms: self.settings.dt_ms,
            celsius: self.settings.celsius,
            random_key: self.settings.random_key,
            sink: Sink { context: (&raw mut self.events.posts).cast(), post: keep_post },
        };
        let inside = self.field.as_ref().map_or(membrane.v, |field| field.inside.as_ptr().cast());
        [membrane, BlockAddresses { v: inside, ..membrane }]
    }

    /// Addresses for the kernels of a mechanism.
    fn addresses_of(&mut self, at: usize) -> BlockAddresses {
        let [membrane, electrodes] = self.addresses();
        if self.instances[at].is_electrode() { electrodes } else { membrane }
    }

    /// Currents that are linear with constant coefficients enter the system once.
    fn fold_constant_currents(&mut self) {
        let [addresses, _] = self.addresses();
        self.fold_constant_currents_at(addresses);
    }

    /// The same at the potentials of these addresses.
    fn fold_constant_currents_at(&mut self, mut addresses: BlockAddresses) {
        addresses.diagonal = self.cable.base_diagonal.as_mut_ptr().cast();
        addresses.rhs = self.cable.base_rhs.as_mut_ptr().cast();
        for instances in self.instances.iter_mut().filter(|i| i.mechanism.constant_linear) {
            if let Some(current) = instances.current {
                let args = instances.args(&addresses);
                // SAFETY: the arguments describe this mechanism's columns and the block's vectors.
                unsafe { current(&args) };
            }
        }
    }

    /// Gids of the cells in this block, in the order that [`record`](Self::record) numbers them.
    pub(crate) fn gids(&self) -> impl Iterator<Item = u64> + '_ {
        self.members.iter().map(|m| m.gid)
    }

    /// Number of compartments, without empty lanes.
    pub(crate) fn n_compartments(&self) -> usize {
        self.n_compartments
    }

    /// Relative cost of a step.
    pub(crate) fn cost(&self) -> f64 {
        self.cost
    }

    /// Bytes of all vectors.
    pub(crate) fn memory_bytes(&self) -> usize {
        let instances: usize = self.instances.iter().map(Instances::memory_bytes).sum();
        let located: usize = self.located.iter().map(|l| l.capacity() * size_of::<Located>()).sum();
        self.cable.memory_bytes()
            + instances
            + self.ions.memory_bytes()
            + self.diffusion.iter().map(Diffusion::memory_bytes).sum::<usize>()
            + located
            + (self.slot_start.capacity() + self.slots.capacity()) * 4
            + self.kept_weights.capacity() * 8
            + self.detectors.capacity() * size_of::<Detector>()
            + self.members.capacity() * size_of::<Member>()
            + self.played.capacity() * size_of::<Played>()
            + self.crossings.capacity() * size_of::<Crossing>()
            + self.observation.as_ref().map_or(0, Observation::memory_bytes)
            + self.endpoints.capacity() * size_of::<Endpoint>()
            + self.event_bytes()
    }
}
