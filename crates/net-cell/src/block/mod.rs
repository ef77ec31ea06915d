//! A block of cells, advanced through a whole epoch before the next block is touched.

mod cable;
mod diffusion;
mod events;
mod field;
mod instances;
mod ions;
mod membrane;
mod observation;
mod played;
mod pointers;
mod rows;
mod sampling;
mod state;
mod tables;
mod transfer;

use std::collections::HashMap;
use std::ops::Range;

use crate::error::{CellError, NotFinite};
use crate::extracellular::ExtracellularPotential;
use crate::mechanism::kernel::{Kernel, KernelArgs, NetEvent, Sink};
use crate::mechanism::{self, Kernels, MechanismKind, Role};
use crate::simd::{F8, LANES};
use cable::Cable;
use diffusion::Diffusion;
use events::{Events, NO_GID, keep_post};
use field::Field;
use instances::{BlockAddresses, Instances, Located, Place};
use ions::Ions;
pub(crate) use membrane::Watch;
use observation::Observation;
use played::Played;
use rows::Row;
use sampling::Recorder;

use transfer::Received;

pub(crate) use events::TimedEvent;
pub(crate) use rows::blocks_of;
pub use rows::{CellSpec, PointSpec};
pub(crate) use state::{Kept, Owners, Pending};
pub(crate) use tables::check_tables;

/// A mechanism with parameters, of which point processes are made for the network.
#[derive(Debug, Clone, PartialEq)]
pub struct PointKind {
    /// Index in the catalogue.
    pub(crate) mechanism: usize,
    /// One value a column.
    pub(crate) columns: Vec<f64>,
}

impl PointKind {
    /// `mechanism` with `parameters`.
    ///
    /// # Errors
    /// When there is no such point process, electrode or parameter, or a value is not allowed.
    pub fn new(mechanism: &str, parameters: &[(&str, f64)]) -> Result<Self, CellError> {
        let (index, description) = mechanism::find(mechanism)?;
        if !matches!(
            description.kind,
            MechanismKind::Point | MechanismKind::Electrode | MechanismKind::ArtificialCell
        ) {
            return Err(CellError::WrongKind {
                mechanism: mechanism.to_string(),
                found: description.kind.describe(),
                expected: MechanismKind::Point.describe(),
            });
        }
        Ok(PointKind { mechanism: index, columns: description.instance(parameters)? })
    }

    /// Whether these are artificial cells: connections go to the cell itself.
    pub fn is_artificial_cell(&self) -> bool {
        mechanism::catalogue()[self.mechanism].kind == MechanismKind::ArtificialCell
    }

    /// Name of the mechanism.
    pub fn mechanism(&self) -> &'static str {
        mechanism::catalogue()[self.mechanism].name
    }

    /// Whether synapses of this kind on one segment share one state.
    pub fn is_linear(&self) -> bool {
        mechanism::catalogue()[self.mechanism].linear
    }
}

/// How time is discretized, and what holds for all cells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepSettings {
    /// Step in ms.
    pub dt_ms: f64,
    /// Crank-Nicolson with staggered states instead of backward Euler.
    pub second_order: bool,
    /// Temperature in degrees Celsius.
    pub celsius: f64,
    /// Initial potential in mV.
    pub v_init_mv: f64,
    /// Use rate tables where a mechanism has them, as NEURON does by default.
    pub tables: bool,
    /// Key of the random streams of mechanisms: Random123's global index in NEURON.
    pub random_key: u32,
}

impl Default for StepSettings {
    fn default() -> Self {
        StepSettings {
            dt_ms: 0.025,
            second_order: false,
            celsius: 6.3,
            v_init_mv: -65.0,
            tables: false,
            random_key: 0,
        }
    }
}

/// A spike. Where a potential passes a threshold it is the step at whose start the potential was
/// first above; a spike that a mechanism makes (`net_event`) may lie between steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spike {
    /// Number of the step in which it happens.
    pub step: u64,
    /// How much later (or earlier) than the step's start it is, in 2^-32 of a step; at most half a
    /// step. Where a spike acts on compartments does not depend on it.
    pub offset: i32,
    /// The cell.
    pub gid: u64,
}

/// Parts of a step that the offset of a spike counts.
const OFFSET_PARTS: f64 = 4_294_967_296.0;

impl Spike {
    /// A spike at the start of a step.
    pub fn new(step: u64, gid: u64) -> Self {
        Spike { step, offset: 0, gid }
    }

    /// A spike at `t_ms` in a step.
    fn at(t_ms: f64, step: u64, dt_ms: f64, gid: u64) -> Self {
        let parts = ((t_ms / dt_ms - step as f64) * OFFSET_PARTS).round();
        // Times closer to the start than anybody can write down are the start.
        let offset = if parts.abs() * dt_ms < 1e-11 * OFFSET_PARTS { 0 } else { parts as i32 };
        Spike { step, offset, gid }
    }

    /// Its time in ms.
    ///
    /// ```
    /// let spike = net_cell::Spike { step: 40, offset: 1 << 30, gid: 7 };
    /// assert_eq!(spike.time_ms(0.1), 4.025);
    /// assert_eq!(net_cell::Spike::new(3, 7).time_ms(0.1), 3.0 * 0.1);
    /// ```
    pub fn time_ms(&self, dt_ms: f64) -> f64 {
        if self.offset == 0 {
            return self.step as f64 * dt_ms;
        }
        (self.step as f64 + f64::from(self.offset) / OFFSET_PARTS) * dt_ms
    }
}

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
struct Endpoint {
    instances: u32,
    place: Place,
}

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
    /// Builds a block and says, for every point of every cell in it, (cell, point, endpoint).
    pub(crate) fn new(
        rows: &[Row],
        kinds: &[PointKind],
        settings: StepSettings,
    ) -> Result<Built, CellError> {
        // uF/cm2 over ms times um2 is 1e-5 uS; Crank-Nicolson solves for the middle of the step.
        let per_step = 1e-5 / settings.dt_ms * if settings.second_order { 2.0 } else { 1.0 };
        let cable = Cable::new(rows, per_step, settings.second_order);
        let mut block = Block {
            settings,
            membrane: Vec::new(),
            electrode_mv: Vec::new(),
            injected_na: Vec::new(),
            observation: None,
            field: None,
            scratch: Vec::new(),
            instances: Vec::new(),
            ions: Ions::default(),
            diffusion: Vec::new(),
            endpoints: Vec::new(),
            kept_weights: Vec::new(),
            detectors: Vec::new(),
            played: Vec::new(),
            derived_anew: Vec::new(),
            received: Vec::new(),
            events: Events::default(),
            members: Vec::new(),
            located: Vec::new(),
            slot_start: vec![0],
            slots: Vec::new(),
            recorders: Vec::new(),
            n_compartments: 0,
            cost: rows.iter().map(Row::cost).sum(),
            cable,
        };
        for row in rows {
            for (lane, &(index, cell)) in row.lanes.iter().enumerate() {
                let tree = cell.template.tree();
                let slots = tree.compartment.iter().map(|c| c + row.first_slot as u32);
                block.slots.extend(slots);
                block.slot_start.push(block.slots.len() as u32);
                block.n_compartments += tree.n_compartments();
                let gid = cell.gid;
                if let Some((segment, threshold_mv)) = cell.template.detector() {
                    let slot = row.first_slot as u32 + tree.compartment[segment];
                    let position = slot * LANES as u32 + lane as u32;
                    let weights = cell.template.detector_weights().iter();
                    let weights = weights.map(|&(segment, weight)| {
                        let slot = row.first_slot as u32 + tree.compartment[segment];
                        (slot * LANES as u32 + lane as u32, weight)
                    });
                    let mean_of = weights.collect();
                    let above = false;
                    block.detectors.push(Detector { position, mean_of, above, threshold_mv, gid });
                }
                block.members.push(Member { gid, index: index as u32, lane: lane as u32 });
            }
        }
        let endpoints = block.add_mechanisms(rows, kinds)?;
        block.ions = Ions::new(rows, block.cable.sink_slot() + 1, &mut block.instances);
        let instances = block.instances.iter().zip(&block.located).enumerate();
        block.diffusion = instances
            .filter_map(|(at, (instances, located))| Diffusion::new(at, instances, located, rows))
            .collect();
        block.find_pointers(rows)?;
        Ok((block, endpoints))
    }

    fn add_mechanisms(
        &mut self,
        rows: &[Row],
        kinds: &[PointKind],
    ) -> Result<Vec<(u32, u32, u32)>, CellError> {
        let mut endpoints = Vec::new();
        let sink = self.cable.sink_slot();
        for entry in mechanism::in_order() {
            let Some(built) = Instances::build(entry, rows, kinds, sink, self.settings.tables)
            else {
                continue;
            };
            mechanism::check_functions(entry.1)?;
            let instances = self.instances.len() as u32;
            let mut built = built;
            for located in &built.located {
                if let Some(point) = located.point {
                    let endpoint = self.endpoints.len() as u32;
                    endpoints.push((located.cell, point, endpoint));
                    self.endpoints.push(Endpoint { instances, place: located.place });
                    if built.instances.mechanism.uses_netcons {
                        built.instances.set_endpoint(located.place, endpoint);
                    }
                }
            }
            let emitters = self.emitters(entry.0, &built, rows);
            self.events.emitters.push(emitters);
            self.instances.push(built.instances);
            self.located.push(built.located);
        }
        Ok(endpoints)
    }

    /// Whose spikes the instances of a mechanism make: those of their cells, if the cells say so.
    fn emitters(&self, mechanism: usize, built: &instances::Built, rows: &[Row]) -> Vec<u64> {
        let makes_spikes: HashMap<u32, u64> = rows
            .iter()
            .flat_map(|row| &row.lanes)
            .filter(|(_, cell)| cell.template.spiking_mechanism() == Some(mechanism))
            .map(|&(index, cell)| (index as u32, cell.gid))
            .collect();
        if makes_spikes.is_empty() {
            return Vec::new();
        }
        let mut gids = vec![NO_GID; built.instances.n_places()];
        for located in &built.located {
            if let Some(&gid) = makes_spikes.get(&located.cell) {
                gids[located.place.index()] = gid;
            }
        }
        gids
    }

    /// Sets the initial state; then connections get their weights, and
    /// [`finish_initialize`](Self::finish_initialize) comes.
    pub(crate) fn initialize(&mut self) {
        self.cable.initialize(self.settings.v_init_mv);
        self.kept_weights.clear();
        for detector in &mut self.detectors {
            detector.above = false;
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
    pub(crate) fn finish_initialize(&mut self, observer: Option<Watch<'_>>) {
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
        let observer = observer.filter(|watch| watch.wants(0));
        self.before_currents(0.0, observer.is_some());
        self.take_start(observer);
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
            v: self.cable.v.as_ptr().cast(),
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
        let [mut addresses, _] = self.addresses();
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

    /// Adds the currents at v(t) to the system; `t_ms` is the time electrodes see.
    fn currents(&mut self, t_ms: f64) {
        self.ions.before_currents(self.settings.celsius);
        let [membrane, electrodes] = self.addresses();
        let n = self.first_electrode();
        self.currents_of(0..n, &membrane, t_ms);
        if let Some(field) = &mut self.field {
            field.add_to(&mut self.cable);
        }
        self.currents_of(n..self.instances.len(), &electrodes, t_ms);
    }

    /// Electrodes are last.
    fn first_electrode(&self) -> usize {
        self.instances.partition_point(|instances| !instances.is_electrode())
    }

    fn currents_of(&mut self, which: Range<usize>, addresses: &BlockAddresses, t_ms: f64) {
        for at in which {
            let instances = &mut self.instances[at];
            let Some(current) = instances.current else { continue };
            let mut args = instances.args(addresses);
            args.t_ms = t_ms;
            if instances.mechanism.constant_linear {
                if !instances.record {
                    continue;
                }
                // Only the outputs are wanted.
                args.diagonal = self.scratch.as_mut_ptr().cast();
                args.rhs = self.scratch.as_mut_ptr().cast();
            }
            // SAFETY: the arguments describe this mechanism's columns and the block's vectors.
            unsafe { current(&args) };
            self.send_posts(at);
        }
    }

    /// Advances through the steps, delivering `events(step)` at the start of each.
    pub(crate) fn advance<'e>(
        &mut self,
        steps: Range<u64>,
        mut events: impl FnMut(u64) -> Due<'e>,
        spikes: &mut Vec<Spike>,
        mut observer: Option<Watch<'_>>,
    ) {
        let dt_ms = self.settings.dt_ms;
        let second_order = self.settings.second_order;
        spikes.append(&mut self.events.early_spikes);
        for step in steps {
            let t_ms = step as f64 * dt_ms;
            let Due { plain, timed } = events(step);
            self.arrive(timed);
            self.deliver_timed(t_ms, step, spikes);
            self.detect(step, spikes);
            self.watch(t_ms);
            for list in plain {
                self.deliver(list, t_ms);
            }
            self.deliver_timed(t_ms + 0.5 * dt_ms, step, spikes);
            self.cable.assemble();
            let middle_ms = t_ms + 0.5 * dt_ms;
            self.set_played(middle_ms);
            if let Some(field) = &mut self.field {
                field.impose(&self.cable, middle_ms);
            }
            self.currents(middle_ms);
            let watch = observer.as_mut().filter(|watch| watch.wants(step + 1));
            self.before_currents(middle_ms, watch.is_some());
            self.cable.solve(second_order);
            if let Some(field) = &mut self.field {
                field.take_from(&mut self.cable, second_order);
            }
            self.take_currents(step + 1, watch);
            if let Some(field) = &mut self.field {
                field.follow(&self.cable);
            }
            self.states(t_ms + dt_ms);
            self.hook(t_ms + dt_ms, |kernels| kernels.after_solve);
            self.hook(t_ms + dt_ms, |kernels| kernels.before_step);
            self.sample(step + 1);
        }
    }

    fn detect(&mut self, step: u64, spikes: &mut Vec<Spike>) {
        let v = &self.cable.v;
        for detector in &mut self.detectors {
            let at = |position: u32| v[position as usize / LANES].0[position as usize % LANES];
            let seen = match &*detector.mean_of {
                [] => at(detector.position),
                mean_of => mean_of.iter().map(|&(position, weight)| weight * at(position)).sum(),
            };
            let above = seen > detector.threshold_mv;
            if above && !detector.above {
                spikes.push(Spike::new(step, detector.gid));
            }
            detector.above = above;
        }
    }

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

    /// Sets the ids of a random stream of the instance that an endpoint is.
    pub(crate) fn set_stream_ids(
        &mut self,
        endpoint: u32,
        stream: &str,
        ids: [u32; 3],
    ) -> Result<(), CellError> {
        let Endpoint { instances, place } = self.endpoints[endpoint as usize];
        let instances = &mut self.instances[instances as usize];
        let mechanism = instances.mechanism;
        let column = |which: u32| mechanism.column(&format!("{stream}.id{which}"));
        let (Some(first), Some(second), Some(third)) = (column(1), column(2), column(3)) else {
            let mechanism = mechanism.name.to_string();
            return Err(CellError::NoSuchStream { mechanism, stream: stream.to_string() });
        };
        instances.set_stream_ids([first, second, third], place, ids);
        Ok(())
    }

    fn deliver(&mut self, events: &[Event], t_ms: f64) {
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

    fn states(&mut self, t_ms: f64) {
        let [membrane, electrodes] = self.addresses();
        for at in 0..self.instances.len() {
            let instances = &mut self.instances[at];
            if let Some(state) = instances.state() {
                let is_electrode = instances.is_electrode();
                let mut args = instances.args(if is_electrode { &electrodes } else { &membrane });
                args.t_ms = t_ms;
                // SAFETY: the arguments describe this mechanism's columns and the block's vectors.
                unsafe { state(&args) };
                self.send_posts(at);
            }
        }
        for diffusion in &mut self.diffusion {
            diffusion.advance(&mut self.instances, &mut self.ions, self.settings.dt_ms);
        }
    }

    /// Runs the kernels that mechanisms have beside currents and states.
    fn hook(&mut self, t_ms: f64, kernel: impl Fn(&Kernels) -> Option<Kernel>) {
        for at in 0..self.instances.len() {
            let Some(kernel) = kernel(&self.instances[at].mechanism.kernels) else { continue };
            let addresses = self.addresses_of(at);
            let mut args = self.instances[at].args(&addresses);
            args.t_ms = t_ms;
            // SAFETY: the arguments describe this mechanism's columns and the block's vectors.
            unsafe { kernel(&args) };
            self.send_posts(at);
        }
    }

    /// Looks for a value that is not finite and names it.
    pub(crate) fn check_finite(&self, end_step: u64) -> Result<(), NotFinite> {
        let is_bad = |v: &F8| !v.0.iter().all(|x| x.is_finite());
        let v_is_good = !self.cable.v[..self.cable.n_slots()].iter().any(is_bad);
        if v_is_good && self.instances.iter().all(Instances::has_finite_states) {
            return Ok(());
        }
        let time_ms = end_step as f64 * self.settings.dt_ms;
        // A state that went wrong explains more than the potential that followed it, and states
        // that do not follow the potential explain most.
        let mut order: Vec<_> = self.instances.iter().zip(&self.located).collect();
        order.sort_by_key(|(instances, _)| !instances.mechanism.linear);
        for (instances, located) in order {
            for l in located {
                let Some(member) = self.members.iter().find(|m| m.index == l.cell) else {
                    continue;
                };
                for (column, spec) in instances.mechanism.columns.iter().enumerate() {
                    let value = instances.value(column, l.place);
                    if spec.role == Role::State && !value.is_finite() {
                        let variable = format!("{}.{}", instances.mechanism.name, spec.name);
                        let segment = l.segment as usize;
                        let gid = member.gid;
                        return Err(NotFinite { variable, value, gid, segment, time_ms });
                    }
                }
            }
        }
        for (at, member) in self.members.iter().enumerate() {
            let slots = &self.slots[self.slot_start[at] as usize..self.slot_start[at + 1] as usize];
            for (segment, &slot) in slots.iter().enumerate() {
                let value = self.cable.v[slot as usize].0[member.lane as usize];
                if !value.is_finite() {
                    let variable = "v".to_string();
                    return Err(NotFinite { variable, value, gid: member.gid, segment, time_ms });
                }
            }
        }
        Ok(())
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
        let located: usize = self.located.iter().map(|l| l.len() * size_of::<Located>()).sum();
        self.cable.memory_bytes()
            + instances
            + self.ions.memory_bytes()
            + self.diffusion.iter().map(Diffusion::memory_bytes).sum::<usize>()
            + located
            + self.slots.len() * 4
            + self.kept_weights.len() * 8
            + self.played.len() * size_of::<Played>()
            + self.observation.as_ref().map_or(0, Observation::memory_bytes)
            + self.endpoints.len() * size_of::<Endpoint>()
            + self.event_bytes()
    }
}
