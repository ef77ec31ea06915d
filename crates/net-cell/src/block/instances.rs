//! The instances of one mechanism in a block, column by column.

use std::sync::Arc;

use super::PointKind;
use super::pointers::Links;
use super::rows::Row;
use crate::cell::{Insertion, Values};
use crate::mechanism::kernel::{BuildTables, Column, Kernel, KernelArgs, Sink, Train};
use crate::mechanism::{GivenFunctions, Mechanism, MechanismKind, Role};
use crate::simd::{F8, LANES};
use crate::state::Fingerprint;

/// One instance on its way into columns.
#[derive(Debug, Clone, Copy)]
struct Instance<'a> {
    slot: u32,
    segment: u32,
    source: Source<'a>,
    area_um2: f64,
    diam_um: f64,
    /// Its cell.
    gid: u64,
    /// Its number among the instances of its mechanism on the cell, in the order of making.
    number: u32,
}

/// Where an instance's parameters come from.
#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    Template(&'a Insertion),
    Kind(&'a PointKind),
}

impl Instance<'_> {
    fn value(&self, column: usize) -> f64 {
        match self.source {
            Source::Kind(kind) => kind.columns[column],
            Source::Template(insertion) => match &insertion.columns[column] {
                Values::Uniform(value) => *value,
                Values::PerSegment(values) => values[self.segment as usize],
            },
        }
    }

    /// One of the ids of a random stream: what the user says, else from gid, number, and the names
    /// of mechanism and stream.
    fn stream_id(&self, column: usize, which: u32, mechanism: &Mechanism) -> f64 {
        let given = self.value(column);
        if given.is_finite() {
            return given;
        }
        let id = match which {
            1 => self.gid as u32,
            2 => self.number,
            _ => {
                let stream = mechanism.columns[column].name;
                let stream = stream.rsplit_once('.').map_or(stream, |(stream, _)| stream);
                let name = mechanism.name.bytes().chain([b'.']).chain(stream.bytes());
                // FNV-1a; gids beyond 32 bits change it.
                let hash = name.fold(0x811c_9dc5u32, |hash, byte| {
                    (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
                });
                hash ^ (self.gid >> 32) as u32
            }
        };
        f64::from(id)
    }

    /// The spike times that the user gives to it.
    fn train(&self) -> Option<&Arc<[f64]>> {
        match self.source {
            Source::Template(insertion) => insertion.spike_train_ms.as_ref(),
            Source::Kind(_) => None,
        }
    }
}

/// Where a value of a mechanism stands: vector and lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) vector: u32,
    pub(super) lane: u32,
}

impl Place {
    /// Its number in lists of all places.
    pub(super) fn index(self) -> usize {
        self.vector as usize * LANES + self.lane as usize
    }
}

/// Spike times of instances, by place.
#[derive(Debug, Default)]
struct Trains {
    times_ms: Vec<Option<Arc<[f64]>>>,
    views: Vec<Train>,
}

// SAFETY: the views point to times that are never changed and that are kept beside them.
unsafe impl Send for Trains {}
// SAFETY: as above.
unsafe impl Sync for Trains {}

/// All instances of a mechanism in a block.
#[derive(Debug)]
pub(super) struct Instances {
    pub(super) mechanism: &'static Mechanism,
    n_vectors: usize,
    aligned: bool,
    places: Vec<u32>,
    arena: Vec<F8>,
    columns: Vec<Column>,
    weight: Column,
    to_density: Column,
    ions: Vec<Column>,
    /// The same for calls whose currents are nobody's.
    ions_unwritten: Vec<Column>,
    /// Whether outputs are computed.
    pub(super) record: bool,
    pub(super) current: Option<Kernel>,
    state: Option<Kernel>,
    init: Option<Kernel>,
    table: Vec<f64>,
    build_tables: Option<BuildTables>,
    trains: Trains,
    pub(super) links: Links,
    functions: GivenFunctions,
    /// Endpoints of the block by place, for mechanisms that ask for their connections.
    pub(super) endpoints: Vec<u32>,
}

/// Instances of one mechanism and, for every lane, the number of the network's point processes in
/// the order of [`CellSpec::points`](super::CellSpec) with their places.
pub(super) struct Built {
    pub(super) instances: Instances,
    /// (cell index, point index or `u32::MAX` for the template's, segment, place).
    pub(super) located: Vec<Located>,
}

/// One instance found again: whose it is and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located {
    pub(super) cell: u32,
    pub(super) point: Option<u32>,
    pub(super) segment: u32,
    pub(super) place: Place,
}

/// Lanes may stay empty in up to this part of the vectors before instances are scattered.
const MAX_PADDING: f64 = 1.5;

impl Instances {
    /// Collects the instances of catalogue entry `index` from all cells of a block, or `None` when
    /// there are none. `sink_slot` is where empty lanes point to.
    pub(super) fn build(
        (index, mechanism): (usize, &'static Mechanism),
        rows: &[Row],
        kinds: &[PointKind],
        sink_slot: usize,
        tables: bool,
    ) -> Option<Built> {
        let mut lanes: [Vec<(Instance, u32, Option<u32>)>; LANES] = Default::default();
        for row in rows {
            for (lane, &(cell_index, cell)) in row.lanes.iter().enumerate() {
                let tree = cell.template.tree();
                let segments = &cell.template.morphology().segments;
                let from = lanes[lane].len();
                // Artificial cells have no compartment; events go to the cell itself.
                let is_artificial = cell.template.is_artificial();
                let mut number = 0;
                let mut add = |segment: u32, source, point| {
                    let at = segment as usize;
                    let (slot, area_um2, diam_um) = if is_artificial {
                        (sink_slot as u32, 1.0, 1.0)
                    } else {
                        let slot = row.first_slot as u32 + tree.compartment[at];
                        (slot, segments.area_um2[at], segments.diam_um[at])
                    };
                    let gid = cell.gid;
                    let instance =
                        Instance { slot, segment, source, area_um2, diam_um, gid, number };
                    number += 1;
                    lanes[lane].push((instance, cell_index as u32, point));
                };
                for insertion in cell.template.insertions() {
                    if insertion.mechanism == index {
                        for &segment in &insertion.segments {
                            add(segment, Source::Template(insertion), is_artificial.then_some(0));
                        }
                    }
                }
                for (point, spec) in cell.points.iter().enumerate() {
                    let kind = &kinds[spec.kind as usize];
                    if kind.mechanism == index {
                        add(spec.segment, Source::Kind(kind), Some(point as u32));
                    }
                }
                // Stable: instances on one segment keep their order whatever the layout.
                lanes[lane][from..].sort_by_key(|(instance, ..)| instance.slot);
            }
        }
        if lanes.iter().all(Vec::is_empty) {
            return None;
        }
        Some(Self::lay_out(mechanism, &lanes, sink_slot, tables))
    }

    fn lay_out(
        mechanism: &'static Mechanism,
        lanes: &[Vec<(Instance, u32, Option<u32>)>; LANES],
        sink_slot: usize,
        tables: bool,
    ) -> Built {
        let scattered = lanes.iter().map(Vec::len).max().unwrap_or(0);
        let slots = aligned_slots(lanes);
        let aligned = slots.len() as f64 <= MAX_PADDING * scattered as f64;
        let n_vectors = if aligned { slots.len() } else { scattered };

        // Which instance stands in each lane of each vector.
        let mut grid: Vec<[Option<usize>; LANES]> = vec![[None; LANES]; n_vectors];
        for (lane, instances) in lanes.iter().enumerate() {
            let mut vector = 0;
            for (at, (instance, ..)) in instances.iter().enumerate() {
                if aligned {
                    while slots[vector] != instance.slot {
                        vector += 1;
                    }
                }
                grid[vector][lane] = Some(at);
                vector += 1;
            }
        }
        let places = if aligned {
            slots
        } else {
            let position = |vector: usize, lane: usize| {
                let slot = grid[vector][lane].map_or(sink_slot as u32, |at| lanes[lane][at].0.slot);
                slot * LANES as u32 + lane as u32
            };
            (0..n_vectors)
                .flat_map(|v| (0..LANES).map(move |l| (v, l)))
                .map(|(v, l)| position(v, l))
                .collect()
        };
        let mut located = Vec::new();
        for (vector, row) in grid.iter().enumerate() {
            for (lane, at) in row.iter().enumerate() {
                if let Some(at) = *at {
                    let (instance, cell, point) = lanes[lane][at];
                    let place = Place { vector: vector as u32, lane: lane as u32 };
                    located.push(Located { cell, point, segment: instance.segment, place });
                }
            }
        }
        let tabled = mechanism.tables.filter(|_| tables);
        let mut instances = Instances {
            mechanism,
            n_vectors,
            aligned,
            places,
            arena: Vec::new(),
            columns: Vec::new(),
            weight: Column { offset: 0, stride: 0 },
            to_density: Column { offset: 0, stride: 0 },
            ions: Vec::new(),
            ions_unwritten: Vec::new(),
            record: false,
            current: tabled.map_or(mechanism.kernels.current, |t| t.current),
            init: tabled.map_or(mechanism.kernels.init, |t| t.init),
            state: tabled.map_or(mechanism.kernels.state, |t| t.state),
            table: vec![0.0; tabled.map_or(0, |t| t.n_values)],
            build_tables: tabled.map(|t| t.build),
            trains: Trains::default(),
            links: Links::default(),
            functions: GivenFunctions::of(mechanism),
            endpoints: Vec::new(),
        };
        instances.fill(&grid, lanes);
        if mechanism.has_spike_train {
            instances.take_trains(&grid, lanes);
        }
        Built { instances, located }
    }

    /// Makes the columns: parameters that are equal for all instances are stored once.
    fn fill(
        &mut self,
        grid: &[[Option<usize>; LANES]],
        lanes: &[Vec<(Instance, u32, Option<u32>)>; LANES],
    ) {
        let n_vectors = self.n_vectors;
        let filler = lanes.iter().flatten().next().map(|(instance, ..)| *instance);
        let value = |vector: usize, lane: usize, of: &dyn Fn(&Instance) -> f64| {
            let instance = grid[vector][lane].map(|at| lanes[lane][at].0).or(filler);
            instance.as_ref().map_or(0.0, of)
        };
        let gather = |arena: &mut Vec<F8>, of: &dyn Fn(&Instance) -> f64| {
            let offset = arena.len() * LANES;
            let vectors = (0..n_vectors).map(|v| F8(std::array::from_fn(|l| value(v, l, of))));
            arena.extend(vectors);
            let first = arena[offset / LANES].0[0];
            let same = |v: &F8| v.0.iter().all(|x| x.to_bits() == first.to_bits());
            if arena[offset / LANES..].iter().all(same) {
                arena.truncate(offset / LANES + 1);
                return Column { offset, stride: 0 };
            }
            Column { offset, stride: LANES }
        };
        let columns: Vec<Option<Column>> = self
            .mechanism
            .columns
            .iter()
            .enumerate()
            .map(|(at, spec)| match spec.role {
                Role::Parameter { .. } => {
                    Some(gather(&mut self.arena, &|instance| instance.value(at)))
                }
                Role::StreamId { which } => Some(gather(&mut self.arena, &|instance| {
                    instance.stream_id(at, which, self.mechanism)
                })),
                Role::Area => Some(gather(&mut self.arena, &|instance| instance.area_um2)),
                Role::Diam => Some(gather(&mut self.arena, &|instance| instance.diam_um)),
                _ => None,
            })
            .collect();
        let is_uniform = |at: &u32| columns[*at as usize].is_some_and(|column| column.stride == 0);
        for (spec, column) in self.mechanism.columns.iter().zip(&columns) {
            let uniform = match spec.role {
                Role::Derived { depends_on } => depends_on.iter().all(is_uniform),
                // Outputs have no storage of their own until somebody records them.
                Role::Output => true,
                _ => false,
            };
            let column = column.unwrap_or_else(|| self.add_column(uniform));
            self.columns.push(column);
        }
        let density = self.mechanism.kind == MechanismKind::Density;
        let offset = self.arena.len() * LANES;
        for row in grid {
            let weight =
                |lane: usize| {
                    row[lane].map_or(0.0, |at| {
                        if density { lanes[lane][at].0.area_um2 * 1e-2 } else { 1.0 }
                    })
                };
            self.arena.push(F8(std::array::from_fn(weight)));
        }
        self.weight = Column { offset, stride: LANES };
        // Read only where ion variables are written.
        self.to_density = self.weight;
        if self.mechanism.ions.iter().any(|ion| ion.write) {
            let offset = self.arena.len() * LANES;
            for row in grid {
                let factor = |lane: usize| {
                    row[lane].map_or(0.0, |at| {
                        if density { 1.0 } else { 1e2 / lanes[lane][at].0.area_um2 }
                    })
                };
                self.arena.push(F8(std::array::from_fn(factor)));
            }
            self.to_density = Column { offset, stride: LANES };
        }
    }

    /// Keeps the spike times of all instances.
    fn take_trains(
        &mut self,
        grid: &[[Option<usize>; LANES]],
        lanes: &[Vec<(Instance, u32, Option<u32>)>; LANES],
    ) {
        for row in grid {
            for (lane, at) in row.iter().enumerate() {
                let train = at.and_then(|at| lanes[lane][at].0.train().cloned());
                let times: &[f64] = train.as_deref().unwrap_or(&[]);
                self.trains.views.push(Train { times_ms: times.as_ptr(), len: times.len() });
                self.trains.times_ms.push(train);
            }
        }
    }

    /// Number of places, with empty ones.
    pub(super) fn n_places(&self) -> usize {
        self.n_vectors * LANES
    }

    /// Says which endpoint of the block an instance is.
    pub(super) fn set_endpoint(&mut self, place: Place, endpoint: u32) {
        self.endpoints.resize(self.n_places(), u32::MAX);
        self.endpoints[place.index()] = endpoint;
    }

    /// Gives every instance a value of its own where all share one.
    pub(super) fn make_own(&mut self, column: usize) {
        if self.columns[column].stride == 0 {
            let value = self.arena[self.columns[column].offset / LANES];
            let new = self.add_column(false);
            self.arena[new.offset / LANES..].fill(value);
            self.columns[column] = new;
        }
    }

    /// Address of a column's value at a place.
    pub(super) fn address(&mut self, column: usize, place: Place) -> *mut f64 {
        let Column { offset, stride } = self.columns[column];
        let vector = (offset + place.vector as usize * stride) / LANES;
        &raw mut self.arena[vector].0[place.lane as usize]
    }

    /// Sets the ids of a random stream of one instance.
    pub(super) fn set_stream_ids(&mut self, columns: [usize; 3], place: Place, ids: [u32; 3]) {
        for (column, id) in columns.into_iter().zip(ids) {
            self.make_own(column);
            let Column { offset, stride } = self.columns[column];
            let vector = (offset + place.vector as usize * stride) / LANES;
            self.arena[vector].0[place.lane as usize] = f64::from(id);
        }
    }

    fn add_column(&mut self, uniform: bool) -> Column {
        let offset = self.arena.len() * LANES;
        let n = if uniform { 1 } else { self.n_vectors };
        self.arena.resize(self.arena.len() + n, F8::ZERO);
        Column { offset, stride: if uniform { 0 } else { LANES } }
    }

    /// Gives all outputs storage and has them computed.
    pub(super) fn record_outputs(&mut self) {
        if self.record {
            return;
        }
        self.record = true;
        for at in 0..self.columns.len() {
            if self.mechanism.columns[at].role == Role::Output {
                self.columns[at] = self.add_column(false);
            }
        }
    }

    /// Sets which columns of the block's ion variables this mechanism reads.
    pub(super) fn set_ions(&mut self, ions: Vec<Column>) {
        self.ions = ions;
    }

    /// Arguments of a kernel, with addresses of the block's vectors.
    pub(super) fn args(&mut self, block: &BlockAddresses) -> KernelArgs {
        KernelArgs {
            n_vectors: self.n_vectors,
            places: self.places.as_ptr(),
            aligned: self.aligned,
            record: self.record,
            arena: self.arena.as_mut_ptr().cast(),
            columns: self.columns.as_ptr(),
            weight: self.weight,
            to_density: self.to_density,
            ion_arena: block.ion_arena,
            ions: self.ions.as_ptr(),
            table: self.table.as_ptr(),
            v: block.v,
            diagonal: block.diagonal,
            rhs: block.rhs,
            dt_ms: block.dt_ms,
            t_ms: 0.0,
            celsius: block.celsius,
            random_key: block.random_key,
            sink: &raw const block.sink,
            trains: self.trains.views.as_ptr(),
            links: self.links.addresses.as_ptr(),
            functions: self.functions.views(),
        }
    }

    /// Arguments of the current kernel for a call that leaves no trace in recorded outputs and ions;
    /// with weights as [`add_weight`](Self::add_weight) made them, if there are any.
    pub(super) fn args_unseen(
        &mut self,
        block: &BlockAddresses,
        weight: Option<usize>,
    ) -> KernelArgs {
        if self.ions_unwritten.len() != self.ions.len() {
            let uses = self.mechanism.ions.iter().zip(&self.ions);
            let unwritten = uses.map(|(used, &column)| match used.write && !used.read {
                true => Column { stride: 0, ..column },
                false => column,
            });
            self.ions_unwritten = unwritten.collect();
        }
        let mut args = self.args(block);
        args.record = false;
        args.ions = self.ions_unwritten.as_ptr();
        if let Some(offset) = weight {
            args.weight = Column { offset, stride: LANES };
        }
        args
    }

    /// Adds weights that are 0 where `keep` refuses the value of a column, and returns where they
    /// stand.
    pub(super) fn add_weight(&mut self, column: usize, keep: impl Fn(f64) -> bool) -> usize {
        let offset = self.arena.len() * LANES;
        for vector in 0..self.n_vectors as u32 {
            let weight = |lane: usize| {
                let value = self.value(column, Place { vector, lane: lane as u32 });
                let weight = self.arena[self.weight.offset / LANES + vector as usize].0[lane];
                if keep(value) { weight } else { 0.0 }
            };
            let weights = F8(std::array::from_fn(weight));
            self.arena.push(weights);
        }
        offset
    }

    /// Sets states and derived columns for the potentials of the block.
    pub(super) fn initialize(&mut self, block: &BlockAddresses) {
        if let Some(build) = self.build_tables {
            let table = self.table.as_mut_ptr();
            // SAFETY: the arguments describe this mechanism's columns, and the table has the size
            // it asks for.
            unsafe { build(&self.args(block), table) };
        }
        if let Some(init) = self.init {
            let args = self.args(block);
            // SAFETY: the arguments describe this mechanism's columns and the block's vectors.
            unsafe { init(&args) };
        }
    }

    /// Whether these are electrodes.
    pub(super) fn is_electrode(&self) -> bool {
        self.mechanism.kind == MechanismKind::Electrode
    }

    /// The state kernel.
    pub(super) fn state(&self) -> Option<Kernel> {
        self.state
    }

    /// Whether all states of all instances are finite.
    pub(super) fn has_finite_states(&self) -> bool {
        let weights = &self.arena[self.weight.offset / LANES..];
        let columns = self.mechanism.columns.iter().zip(&self.columns);
        let mut states = columns.filter(|(spec, _)| spec.role == Role::State);
        states.all(|(_, &Column { offset, stride })| {
            let n = if stride == 0 { 1 } else { self.n_vectors };
            let values = &self.arena[offset / LANES..][..n];
            values.iter().zip(weights).all(|(value, weight)| {
                // Empty lanes may be anything.
                let good = |lane: usize| value.0[lane].is_finite() || weight.0[lane] == 0.0;
                value.0.iter().all(|x| x.is_finite()) || (0..LANES).all(good)
            })
        })
    }

    /// The value of a column at a place.
    pub(super) fn value(&self, column: usize, place: Place) -> f64 {
        let Column { offset, stride } = self.columns[column];
        self.arena[(offset + place.vector as usize * stride) / LANES].0[place.lane as usize]
    }

    /// The same, to be changed; the column is not uniform.
    pub(super) fn value_mut(&mut self, column: usize, place: Place) -> &mut f64 {
        let Column { offset, stride } = self.columns[column];
        let at = (offset + place.vector as usize * stride) / LANES;
        &mut self.arena[at].0[place.lane as usize]
    }

    /// Whether all instances share one value of a column.
    pub(super) fn is_shared(&self, column: usize) -> bool {
        self.columns[column].stride == 0
    }

    /// Adds the spike times that the user gave to an instance.
    pub(super) fn add_train(&self, place: Place, of: &mut Fingerprint) {
        let times = self.trains.times_ms.get(place.index()).and_then(Option::as_ref);
        times.into_iter().flat_map(|times| times.iter()).for_each(|t| of.add(t.to_bits()));
    }

    /// Where an ion variable of the mechanism stands.
    pub(super) fn ion_column(&self, k: usize) -> Column {
        self.ions[k]
    }

    /// Position of the compartment under a place.
    pub(super) fn position(&self, place: Place) -> usize {
        let (vector, lane) = (place.vector as usize, place.lane as usize);
        if self.aligned {
            self.places[vector] as usize * LANES + lane
        } else {
            self.places[vector * LANES + lane] as usize
        }
    }

    /// All places with an instance in them.
    pub(super) fn occupied(&self) -> impl Iterator<Item = Place> + '_ {
        (0..self.n_vectors as u32)
            .flat_map(|vector| (0..LANES as u32).map(move |lane| Place { vector, lane }))
            .filter(|place| {
                let at = self.weight.offset / LANES + place.vector as usize;
                self.arena[at].0[place.lane as usize] != 0.0
            })
    }

    /// Bytes of all columns.
    pub(super) fn memory_bytes(&self) -> usize {
        self.arena.len() * size_of::<F8>() + self.places.len() * 4 + self.table.len() * 8
    }
}

/// The slots of aligned vectors: each as often as the lane that has most instances on it needs.
fn aligned_slots(lanes: &[Vec<(Instance, u32, Option<u32>)>; LANES]) -> Vec<u32> {
    let n_slots = lanes.iter().flatten().map(|(i, ..)| i.slot as usize + 1).max().unwrap_or(0);
    let mut most = vec![0u32; n_slots];
    let mut here = vec![0u32; n_slots];
    for lane in lanes {
        here.fill(0);
        for (instance, ..) in lane {
            here[instance.slot as usize] += 1;
        }
        for (most, here) in most.iter_mut().zip(&here) {
            *most = (*most).max(*here);
        }
    }
    let repeated = most.iter().enumerate().map(|(slot, &n)| (slot as u32, n));
    repeated.flat_map(|(slot, n)| std::iter::repeat_n(slot, n as usize)).collect()
}

/// Addresses of a block's vectors, valid while the block is not changed in shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockAddresses {
    pub(super) v: *const f64,
    pub(super) diagonal: *mut f64,
    pub(super) rhs: *mut f64,
    pub(super) ion_arena: *mut f64,
    pub(super) dt_ms: f64,
    pub(super) celsius: f64,
    pub(super) random_key: u32,
    pub(super) sink: Sink,
}
