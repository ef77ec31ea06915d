//! What a kernel sees: columns, voltages and the linear system, by address.
//!
//! Instances come in vectors of [`LANES`]. Lane `l` of every vector belongs to lane `l` of the
//! block of cells, so that the instances of one vector always stand on different compartments and
//! may be added to the linear system without conflicts. Most vectors are *aligned*: their lanes
//! stand on one slot of the block and are loaded as one vector; where that would leave too many
//! lanes empty, instances are *scattered* and each lane has its own position.

mod access;
mod entry;
mod events;
mod tables;

use crate::simd::{LANES, Lanes};

pub use access::{Access, Aligned, Anywhere, Scattered};
pub use events::{NetEvent, NetReceive, Post, Sink, Train, post};
pub use tables::{FunctionTable, MAX_AXES, look_up, start_table};

/// Where the values of one variable stand: at `offset`, `stride` doubles from vector to vector.
/// The stride is [`LANES`], or 0 for a value that all instances share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Column {
    /// Doubles from the start of the arena.
    pub offset: usize,
    /// Doubles between vectors.
    pub stride: usize,
}

/// Everything a kernel may read and write.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct KernelArgs {
    /// Number of vectors of instances.
    pub n_vectors: usize,
    /// Aligned: one slot a vector. Scattered: [`LANES`] positions a vector.
    pub places: *const u32,
    /// Whether lanes share a slot.
    pub aligned: bool,
    /// Whether somebody records the outputs.
    pub record: bool,
    /// The mechanism's variables.
    pub arena: *mut f64,
    /// One column a variable.
    pub columns: *const Column,
    /// What turns mA/cm2 into nA: area (um2) times 0.01 for a density mechanism, 1 for a point;
    /// 0 in lanes without an instance.
    pub weight: Column,
    /// What turns a mechanism's current into mA/cm2: 1 for a density mechanism, 100 / area (um2)
    /// for a point; 0 in lanes without an instance.
    pub to_density: Column,
    /// The block's ion variables; indexed by slot or position, not by vector.
    pub ion_arena: *mut f64,
    /// One column an ion variable that the mechanism uses. A current that nobody reads has stride 0
    /// and is not to be written.
    pub ions: *const Column,
    /// Rate table, if the run uses tables.
    pub table: *const f64,
    /// Voltages in mV, by position; events may change that of the segment.
    pub v: *const f64,
    /// Diagonal of the linear system in uS, by position.
    pub diagonal: *mut f64,
    /// Right-hand side in nA, by position.
    pub rhs: *mut f64,
    /// Step in ms.
    pub dt_ms: f64,
    /// Time in ms: t + dt/2 for currents, t + dt for states.
    pub t_ms: f64,
    /// Temperature.
    pub celsius: f64,
    /// Key of the random streams: Random123's global index.
    pub random_key: u32,
    /// Takes what the mechanism sends.
    pub sink: *const Sink,
    /// Spike times given to instances, [`LANES`] a vector; null if the mechanism has none.
    pub trains: *const Train,
    /// Addresses of the variables that pointers refer to, null for nothing: [`LANES`] a vector,
    /// `n_vectors` vectors a pointer.
    pub links: *const *mut f64,
    /// Functions that the user gives as tables.
    pub functions: *const FunctionTable,
}

/// A kernel over all instances of a mechanism in a block.
///
/// Safety: all pointers of the arguments must be valid for the mechanism whose kernel it is, and
/// the CPU must have the instruction set it was chosen for.
pub type Kernel = unsafe extern "C" fn(&KernelArgs);

/// Fills the tables of a mechanism, which start at the second argument.
///
/// Safety: as [`Kernel`]; there must be an instance and room for all tables.
pub type BuildTables = unsafe extern "C" fn(&KernelArgs, *mut f64);

impl KernelArgs {
    /// Address of variable `column` of vector `j`.
    ///
    /// # Safety
    /// The column and the vector must exist.
    #[inline(always)]
    pub unsafe fn at(&self, column: usize, j: usize) -> *mut f64 {
        // SAFETY: the caller's promise.
        unsafe {
            let Column { offset, stride } = *self.columns.add(column);
            self.arena.add(offset + j * stride)
        }
    }

    /// Variable `column` of vector `j`.
    ///
    /// # Safety
    /// The column and the vector must exist.
    #[inline(always)]
    pub unsafe fn get<V: Lanes>(&self, column: usize, j: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::load(self.at(column, j)) }
    }

    /// Sets variable `column` of vector `j`.
    ///
    /// # Safety
    /// The column and the vector must exist.
    #[inline(always)]
    pub unsafe fn set<V: Lanes>(&self, column: usize, j: usize, value: V) {
        // SAFETY: the caller's promise.
        unsafe { value.store(self.at(column, j)) }
    }

    /// Whether ion variable `k` is stored for every compartment, so that it may be written.
    ///
    /// # Safety
    /// The ion variable must exist.
    #[inline(always)]
    pub unsafe fn is_ion_stored(&self, k: usize) -> bool {
        // SAFETY: the caller's promise.
        unsafe { (*self.ions.add(k)).stride != 0 }
    }

    /// Address of what pointer `p` of an instance refers to; null if it refers to nothing.
    ///
    /// # Safety
    /// The pointer and the instance must exist.
    #[inline(always)]
    unsafe fn link(&self, p: usize, j: usize, lane: usize) -> *mut f64 {
        // SAFETY: the caller's promise.
        unsafe { *self.links.add((p * self.n_vectors + j) * LANES + lane) }
    }

    /// What pointer `p` of an instance refers to; 0 if it refers to nothing.
    ///
    /// # Safety
    /// The pointer and the instance must exist.
    #[inline(always)]
    pub unsafe fn linked_at(&self, p: usize, j: usize, lane: usize) -> f64 {
        // SAFETY: the caller's promise; empty lanes refer to a place that nobody reads.
        unsafe { self.link(p, j, lane).as_ref().copied().unwrap_or(0.0) }
    }

    /// Sets what pointer `p` of an instance refers to, if it refers to something.
    ///
    /// # Safety
    /// As [`linked_at`](Self::linked_at).
    #[inline(always)]
    pub unsafe fn set_linked_at(&self, p: usize, j: usize, lane: usize, value: f64) {
        // SAFETY: the caller's promise; empty lanes refer to a place that nobody reads.
        if let Some(target) = unsafe { self.link(p, j, lane).as_mut() } {
            *target = value;
        }
    }

    /// 1 if pointer `p` of an instance refers to something, else 0.
    ///
    /// # Safety
    /// As [`linked_at`](Self::linked_at).
    #[inline(always)]
    pub unsafe fn pointing_at(&self, p: usize, j: usize, lane: usize) -> f64 {
        // SAFETY: the caller's promise.
        if unsafe { self.link(p, j, lane).is_null() } { 0.0 } else { 1.0 }
    }

    /// What pointer `p` of the instances of vector `j` refers to; 0 where it refers to nothing.
    ///
    /// # Safety
    /// The pointer and the vector must exist.
    #[inline(always)]
    pub unsafe fn linked<V: Lanes>(&self, p: usize, j: usize) -> V {
        // SAFETY: the caller's promise.
        V::from_array(std::array::from_fn(|lane| unsafe { self.linked_at(p, j, lane) }))
    }

    /// 1 where pointer `p` of the instances of vector `j` refers to something, else 0.
    ///
    /// # Safety
    /// As [`linked`](Self::linked).
    #[inline(always)]
    pub unsafe fn pointing<V: Lanes>(&self, p: usize, j: usize) -> V {
        // SAFETY: the caller's promise.
        V::from_array(std::array::from_fn(|lane| unsafe { self.pointing_at(p, j, lane) }))
    }

    /// Sets what pointer `p` of the instances of vector `j` refers to, where it refers to something.
    ///
    /// # Safety
    /// As [`linked`](Self::linked).
    #[inline(always)]
    pub unsafe fn set_linked<V: Lanes>(&self, p: usize, j: usize, value: V) {
        for (lane, value) in value.to_array().into_iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { self.set_linked_at(p, j, lane, value) };
        }
    }

    /// The factor from the mechanism's current to mA/cm2 of vector `j`; 0 without an instance.
    ///
    /// # Safety
    /// The vector must exist.
    #[inline(always)]
    pub unsafe fn to_density<V: Lanes>(&self, j: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::load(self.arena.add(self.to_density.offset + j * self.to_density.stride)) }
    }

    /// The factor from mA/cm2 to nA, or 1 for points, of vector `j`.
    ///
    /// # Safety
    /// The vector must exist.
    #[inline(always)]
    pub unsafe fn weight<V: Lanes>(&self, j: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::load(self.arena.add(self.weight.offset + j * self.weight.stride)) }
    }
}
