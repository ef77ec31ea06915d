//! The instances of one mechanism in a block, column by column.

mod build;

use std::sync::Arc;

use super::pointers::Links;
use crate::mechanism::kernel::{BuildTables, Column, Kernel, KernelArgs, Sink, Train};
use crate::mechanism::{GivenFunctions, Mechanism, MechanismKind, Role};
use crate::simd::{F8, LANES};
use crate::state::Fingerprint;

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

impl Instances {
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

    /// Sets derived columns as the start of a run does, and nothing else here.
    pub(super) fn derive_by_start(&mut self, block: &BlockAddresses) {
        let Some(init) = self.init else { return };
        let before = self.arena.clone();
        let args = self.args(block);
        // SAFETY: the arguments describe this mechanism's columns and the block's vectors.
        unsafe { init(&args) };
        let columns = self.mechanism.columns.iter().zip(&self.columns);
        let derived = columns.filter(|(spec, _)| matches!(spec.role, Role::Derived { .. }));
        let ranges = derived.map(|(_, &Column { offset, stride })| {
            let n = if stride == 0 { 1 } else { self.n_vectors };
            offset / LANES..offset / LANES + n
        });
        let derived: Vec<_> = ranges.map(|at| (at.start, self.arena[at].to_vec())).collect();
        self.arena.copy_from_slice(&before);
        for (start, values) in derived {
            self.arena[start..start + values.len()].copy_from_slice(&values);
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

    /// The values of every state, and the weights of the instances, 0 in empty lanes.
    pub(super) fn states(&self) -> impl Iterator<Item = (&[F8], &[F8])> {
        let weights = &self.arena[self.weight.offset / LANES..];
        let columns = self.mechanism.columns.iter().zip(&self.columns);
        columns.filter(|(spec, _)| spec.role == Role::State).map(move |(_, column)| {
            let n = if column.stride == 0 { 1 } else { self.n_vectors };
            (&self.arena[column.offset / LANES..][..n], weights)
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
