//! What a kernel sees: columns, voltages and the linear system, by address.
//!
//! Instances come in vectors of [`LANES`]. Lane `l` of every vector belongs to lane `l` of the
//! block of cells, so that the instances of one vector always stand on different compartments and
//! may be added to the linear system without conflicts. Most vectors are *aligned*: their lanes
//! stand on one slot of the block and are loaded as one vector; where that would leave too many
//! lanes empty, instances are *scattered* and each lane has its own position.

use std::ffi::c_void;

use crate::simd::{LANES, Lanes};

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
    /// Voltages in mV, by position.
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
    /// Addresses of the variables that pointers refer to: [`LANES`] a vector, `n_vectors` vectors a
    /// pointer.
    pub links: *const *mut f64,
}

/// Takes what mechanisms send while a kernel runs.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Sink {
    /// Handed to `post`.
    pub context: *mut c_void,
    /// Keeps what is sent until the kernel is done.
    pub post: unsafe extern "C" fn(*mut c_void, &Post),
}

/// Something that an instance sends.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
pub struct Post {
    /// One of [`post`].
    pub what: u32,
    /// Vector of the instance.
    pub vector: usize,
    /// Its lane.
    pub lane: usize,
    /// When it is due, ms.
    pub t_ms: f64,
    /// Flag of an event to itself.
    pub flag: f64,
}

/// What is sent.
pub mod post {
    /// `net_send`: an event to itself.
    pub const SEND: u32 = 0;
    /// `net_event`: an event to all that are connected.
    pub const EVENT: u32 = 1;
    /// `net_move`: the last event to itself with flag 1 gets a new time.
    pub const MOVE: u32 = 2;
    /// `WATCH`: an event to itself because a condition came true.
    pub const WATCH: u32 = 3;
}

/// Spike times given to an instance.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Train {
    /// Times in ms.
    pub times_ms: *const f64,
    /// How many.
    pub len: usize,
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

/// One event on its way to an instance.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct NetEvent {
    /// Vector of the instance.
    pub vector: usize,
    /// Its lane.
    pub lane: usize,
    /// The connection's weights, as many as the mechanism declares; those it keeps may be written.
    pub weights: *mut f64,
    /// Time of the event in ms.
    pub t_ms: f64,
    /// 0 for events of connections; what the mechanism gave the event otherwise.
    pub flag: f64,
    /// Weights of all connections.
    pub kept_weights: *mut f64,
    /// Where in `kept_weights` those of each connection to the instance start, for mechanisms that
    /// ask for them (`FOR_NETCONS`).
    pub netcons: *const u32,
    /// How many connections.
    pub n_netcons: usize,
}

/// Handles one event.
///
/// Safety: as [`Kernel`]; the instance and the weights must exist.
pub type NetReceive = unsafe extern "C" fn(&KernelArgs, &NetEvent);

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

    /// Variable `column` of the instance that an event is for.
    ///
    /// # Safety
    /// The column and the instance must exist.
    #[inline(always)]
    pub unsafe fn at_event(&self, column: usize, event: &NetEvent) -> *mut f64 {
        // SAFETY: the caller's promise; uniform values stand in every lane.
        unsafe { self.at(column, event.vector).add(event.lane) }
    }

    /// Position of the compartment of the instance that an event is for.
    ///
    /// # Safety
    /// The instance must exist.
    #[inline(always)]
    pub unsafe fn position(&self, event: &NetEvent) -> usize {
        // SAFETY: the caller's promise.
        unsafe {
            if self.aligned {
                *self.places.add(event.vector) as usize * LANES + event.lane
            } else {
                *self.places.add(event.vector * LANES + event.lane) as usize
            }
        }
    }

    /// Ion variable `k` of the instance that an event is for.
    ///
    /// # Safety
    /// The ion variable and the instance must exist.
    #[inline(always)]
    pub unsafe fn ion_at_event(&self, k: usize, event: &NetEvent) -> *mut f64 {
        // SAFETY: the caller's promise.
        unsafe {
            let Column { offset, stride } = *self.ions.add(k);
            let position = self.position(event);
            self.ion_arena.add(offset + if stride == 0 { event.lane } else { position })
        }
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

    /// Sends for the instance that an event is for.
    ///
    /// # Safety
    /// There must be a sink.
    #[inline(always)]
    pub unsafe fn post_at_event(&self, what: u32, event: &NetEvent, t_ms: f64, flag: f64) {
        let post = Post { what, vector: event.vector, lane: event.lane, t_ms, flag };
        // SAFETY: the caller's promise.
        unsafe {
            let Sink { context, post: take } = *self.sink;
            take(context, &post);
        }
    }

    /// Sends for those instances of vector `j` for which `wanted` holds.
    ///
    /// # Safety
    /// There must be a sink, and the vector must exist.
    #[inline(always)]
    pub unsafe fn post_lanes<V: Lanes>(
        &self,
        what: u32,
        j: usize,
        wanted: V::Mask,
        t_ms: V,
        flag: V,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            let here = V::lt(V::splat(0.0), self.weight::<V>(j));
            let wanted = V::and(wanted, here);
            if !V::any(wanted) {
                return;
            }
            let wanted = V::select(wanted, V::splat(1.0), V::splat(0.0)).to_array();
            let (t_ms, flag) = (t_ms.to_array(), flag.to_array());
            let Sink { context, post: take } = *self.sink;
            for lane in (0..LANES).filter(|&lane| wanted[lane] == 1.0) {
                let (t_ms, flag) = (t_ms[lane], flag[lane]);
                take(context, &Post { what, vector: j, lane, t_ms, flag });
            }
        }
    }

    /// Number of spike times given to the instances of vector `j`.
    ///
    /// # Safety
    /// The mechanism must have spike trains, and the vector must exist.
    #[inline(always)]
    pub unsafe fn train_size<V: Lanes>(&self, j: usize) -> V {
        let mut sizes = [0.0; LANES];
        for (lane, size) in sizes.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            *size = unsafe { (*self.trains.add(j * LANES + lane)).len as f64 };
        }
        V::from_array(sizes)
    }

    /// Spike time number `index` of the instances of vector `j`, ms; 0 outside of the train.
    ///
    /// # Safety
    /// As [`train_size`](Self::train_size).
    #[inline(always)]
    pub unsafe fn train_time<V: Lanes>(&self, j: usize, index: V) -> V {
        let index = index.to_array();
        let mut times = [0.0; LANES];
        for (lane, time) in times.iter_mut().enumerate() {
            // SAFETY: the caller's promise; the index is checked.
            unsafe {
                let train = *self.trains.add(j * LANES + lane);
                if index[lane] >= 0.0 && (index[lane] as usize) < train.len {
                    *time = *train.times_ms.add(index[lane] as usize);
                }
            }
        }
        V::from_array(times)
    }

    /// [`train_size`](Self::train_size) of the instance that an event is for.
    ///
    /// # Safety
    /// The mechanism must have spike trains, and the instance must exist.
    #[inline(always)]
    pub unsafe fn train_size_at_event(&self, event: &NetEvent) -> f64 {
        // SAFETY: the caller's promise.
        unsafe { (*self.trains.add(event.vector * LANES + event.lane)).len as f64 }
    }

    /// [`train_time`](Self::train_time) of the instance that an event is for.
    ///
    /// # Safety
    /// As [`train_size_at_event`](Self::train_size_at_event).
    #[inline(always)]
    pub unsafe fn train_time_at_event(&self, event: &NetEvent, index: f64) -> f64 {
        // SAFETY: the caller's promise; the index is checked.
        unsafe {
            let train = *self.trains.add(event.vector * LANES + event.lane);
            if index >= 0.0 && (index as usize) < train.len {
                *train.times_ms.add(index as usize)
            } else {
                0.0
            }
        }
    }

    /// Address of what pointer `p` of an instance refers to.
    ///
    /// # Safety
    /// The pointer and the instance must exist.
    #[inline(always)]
    pub unsafe fn link(&self, p: usize, j: usize, lane: usize) -> *mut f64 {
        // SAFETY: the caller's promise.
        unsafe { *self.links.add((p * self.n_vectors + j) * LANES + lane) }
    }

    /// What pointer `p` of the instances of vector `j` refers to.
    ///
    /// # Safety
    /// The pointer and the vector must exist.
    #[inline(always)]
    pub unsafe fn linked<V: Lanes>(&self, p: usize, j: usize) -> V {
        let mut values = [0.0; LANES];
        for (lane, value) in values.iter_mut().enumerate() {
            // SAFETY: the caller's promise; empty lanes refer to a place that nobody reads.
            *value = unsafe { *self.link(p, j, lane) };
        }
        V::from_array(values)
    }

    /// Sets what pointer `p` of the instances of vector `j` refers to.
    ///
    /// # Safety
    /// As [`linked`](Self::linked).
    #[inline(always)]
    pub unsafe fn set_linked<V: Lanes>(&self, p: usize, j: usize, value: V) {
        for (lane, value) in value.to_array().into_iter().enumerate() {
            // SAFETY: the caller's promise; empty lanes refer to a place that nobody reads.
            unsafe { *self.link(p, j, lane) = value };
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

/// Writes the head of a table of `n` intervals from `low` to `high`; returns where its values go.
///
/// # Safety
/// There must be room for the table.
pub unsafe fn start_table(table: *mut f64, low: f64, high: f64, n: u32) -> *mut f64 {
    // SAFETY: the caller's promise.
    unsafe {
        *table = low;
        *table.add(1) = 1.0 / ((high - low) / f64::from(n));
        table.add(2)
    }
}

/// The value of a table of `n` intervals at `x`: between two entries on the line through them,
/// outside the first or last one, NaN for NaN. The operations are those of NEURON's tables.
///
/// # Safety
/// The table must have been filled.
#[inline(always)]
pub unsafe fn look_up<V: Lanes>(table: *const f64, n: u32, x: V) -> V {
    let (mut values, x) = ([0.0; LANES], x.to_array());
    // SAFETY: the caller's promise; entries are limited to those there are.
    unsafe {
        let (low, per_unit, entries) = (*table, *table.add(1), table.add(2));
        for (value, x) in values.iter_mut().zip(x) {
            let place = per_unit * (x - low);
            let entry = place.max(0.0).min(f64::from(n - 1)).to_int_unchecked::<u32>();
            // 1 at the end of the table and beyond it.
            let rest = (place.max(0.0) - f64::from(entry)).min(1.0);
            let (a, b) = (*entries.add(entry as usize), *entries.add(entry as usize + 1));
            let between = a + rest * (b - a);
            let inside = if rest == 1.0 { b } else { between };
            *value = if place.is_nan() { place } else { inside };
        }
    }
    V::from_array(values)
}

/// How a kernel reaches the compartments of its instances.
pub trait Access {
    /// Values by position for vector `j`.
    ///
    /// # Safety
    /// `values` must hold every position, and the vector must exist.
    unsafe fn read<V: Lanes>(args: &KernelArgs, values: *const f64, j: usize) -> V;

    /// Adds `value` to the values by position for vector `j`.
    ///
    /// # Safety
    /// As [`read`](Self::read).
    unsafe fn add<V: Lanes>(args: &KernelArgs, values: *mut f64, j: usize, value: V);

    /// Ion variable `k` for vector `j`.
    ///
    /// # Safety
    /// The ion variable and the vector must exist.
    unsafe fn ion<V: Lanes>(args: &KernelArgs, k: usize, j: usize) -> V;

    /// Adds a current (of the mechanism's unit) to ion variable `k` for vector `j`.
    ///
    /// # Safety
    /// As [`ion`](Self::ion); the variable must be stored for every compartment.
    unsafe fn add_ion<V: Lanes>(args: &KernelArgs, k: usize, j: usize, value: V);

    /// Sets ion variable `k` for vector `j` where there is an instance.
    ///
    /// # Safety
    /// As [`add_ion`](Self::add_ion).
    unsafe fn set_ion<V: Lanes>(args: &KernelArgs, k: usize, j: usize, value: V);
}

/// All lanes of a vector on one slot.
#[derive(Debug)]
pub struct Aligned;

impl Access for Aligned {
    #[inline(always)]
    unsafe fn read<V: Lanes>(args: &KernelArgs, values: *const f64, j: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::load(values.add(*args.places.add(j) as usize * LANES)) }
    }

    #[inline(always)]
    unsafe fn add<V: Lanes>(args: &KernelArgs, values: *mut f64, j: usize, value: V) {
        // SAFETY: the caller's promise.
        unsafe {
            let p = values.add(*args.places.add(j) as usize * LANES);
            (V::load(p) + value).store(p);
        }
    }

    #[inline(always)]
    unsafe fn ion<V: Lanes>(args: &KernelArgs, k: usize, j: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe {
            let Column { offset, stride } = *args.ions.add(k);
            V::load(args.ion_arena.add(offset + *args.places.add(j) as usize * stride))
        }
    }

    #[inline(always)]
    unsafe fn add_ion<V: Lanes>(args: &KernelArgs, k: usize, j: usize, value: V) {
        // SAFETY: the caller's promise.
        unsafe {
            let Column { offset, stride } = *args.ions.add(k);
            let p = args.ion_arena.add(offset + *args.places.add(j) as usize * stride);
            value.mul_add(args.to_density(j), V::load(p)).store(p);
        }
    }

    #[inline(always)]
    unsafe fn set_ion<V: Lanes>(args: &KernelArgs, k: usize, j: usize, value: V) {
        // SAFETY: the caller's promise.
        unsafe {
            let Column { offset, stride } = *args.ions.add(k);
            let p = args.ion_arena.add(offset + *args.places.add(j) as usize * stride);
            V::select_lt(V::splat(0.0), args.to_density(j), value, V::load(p)).store(p);
        }
    }
}

/// Every lane of a vector at a position of its own.
#[derive(Debug)]
pub struct Scattered;

impl Scattered {
    #[inline(always)]
    unsafe fn positions(args: &KernelArgs, j: usize) -> &[u32; LANES] {
        // SAFETY: scattered instances have 8 positions a vector.
        unsafe { &*args.places.add(j * LANES).cast::<[u32; LANES]>() }
    }
}

impl Access for Scattered {
    #[inline(always)]
    unsafe fn read<V: Lanes>(args: &KernelArgs, values: *const f64, j: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::gather(values, Self::positions(args, j)) }
    }

    #[inline(always)]
    unsafe fn add<V: Lanes>(args: &KernelArgs, values: *mut f64, j: usize, value: V) {
        // SAFETY: the caller's promise; lanes are different cells.
        unsafe { value.scatter_add(values, Self::positions(args, j)) }
    }

    #[inline(always)]
    unsafe fn ion<V: Lanes>(args: &KernelArgs, k: usize, j: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe {
            let Column { offset, stride } = *args.ions.add(k);
            let values = args.ion_arena.add(offset);
            if stride == 0 { V::load(values) } else { V::gather(values, Self::positions(args, j)) }
        }
    }

    #[inline(always)]
    unsafe fn add_ion<V: Lanes>(args: &KernelArgs, k: usize, j: usize, value: V) {
        // SAFETY: the caller's promise; lanes are different cells.
        unsafe {
            let values = args.ion_arena.add((*args.ions.add(k)).offset);
            let old = V::gather(values, Self::positions(args, j));
            value.mul_add(args.to_density(j), old).scatter(values, Self::positions(args, j));
        }
    }

    #[inline(always)]
    unsafe fn set_ion<V: Lanes>(args: &KernelArgs, k: usize, j: usize, value: V) {
        // SAFETY: the caller's promise; lanes are different cells, empty lanes have a place that
        // nobody reads.
        unsafe {
            let values = args.ion_arena.add((*args.ions.add(k)).offset);
            value.scatter(values, Self::positions(args, j));
        }
    }
}

/// Where each vector stands is asked for every vector: one copy of the code for both ways. For
/// kernels in which reaching compartments costs little beside the rest.
#[derive(Debug)]
pub struct Anywhere;

impl Access for Anywhere {
    #[inline(always)]
    unsafe fn read<V: Lanes>(args: &KernelArgs, values: *const f64, j: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe {
            if args.aligned {
                Aligned::read(args, values, j)
            } else {
                Scattered::read(args, values, j)
            }
        }
    }

    #[inline(always)]
    unsafe fn add<V: Lanes>(args: &KernelArgs, values: *mut f64, j: usize, value: V) {
        // SAFETY: the caller's promise.
        unsafe {
            if args.aligned {
                Aligned::add(args, values, j, value);
            } else {
                Scattered::add(args, values, j, value);
            }
        }
    }

    #[inline(always)]
    unsafe fn ion<V: Lanes>(args: &KernelArgs, k: usize, j: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { if args.aligned { Aligned::ion(args, k, j) } else { Scattered::ion(args, k, j) } }
    }

    #[inline(always)]
    unsafe fn add_ion<V: Lanes>(args: &KernelArgs, k: usize, j: usize, value: V) {
        // SAFETY: the caller's promise.
        unsafe {
            if args.aligned {
                Aligned::add_ion(args, k, j, value);
            } else {
                Scattered::add_ion(args, k, j, value);
            }
        }
    }

    #[inline(always)]
    unsafe fn set_ion<V: Lanes>(args: &KernelArgs, k: usize, j: usize, value: V) {
        // SAFETY: the caller's promise.
        unsafe {
            if args.aligned {
                Aligned::set_ion(args, k, j, value);
            } else {
                Scattered::set_ion(args, k, j, value);
            }
        }
    }
}

/// Defines `fn $name() -> NetReceive` from `$body`, which works on numbers as
/// [`Single`](crate::simd::Single), with and without fused multiply-add; with `on $isa` as it is, in a
/// crate that is compiled for one instruction set.
#[macro_export]
macro_rules! event_kernel {
    ($name:ident = $body:ident on $isa:ident) => {
        fn $name() -> $crate::kernel::NetReceive {
            use $crate::kernel::{KernelArgs, NetEvent};
            unsafe extern "C" fn kernel(args: &KernelArgs, event: &NetEvent) {
                // SAFETY: the caller's promise.
                unsafe { $body(args, event) }
            }
            kernel
        }
    };
    ($name:ident = $body:ident) => {
        fn $name() -> $crate::kernel::NetReceive {
            use $crate::kernel::{KernelArgs, NetEvent};
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe extern "C" fn fused(args: &KernelArgs, event: &NetEvent) {
                // SAFETY: the caller's promise.
                unsafe { $body(args, event) }
            }
            unsafe extern "C" fn portable(args: &KernelArgs, event: &NetEvent) {
                // SAFETY: the caller's promise.
                unsafe { $body(args, event) }
            }
            match $crate::simd::Isa::current() {
                #[cfg(target_arch = "x86_64")]
                $crate::simd::Isa::Avx512 | $crate::simd::Isa::Avx2 => fused,
                _ => portable,
            }
        }
    };
}

/// Defines `fn $name() -> Kernel` from `$body<V: Lanes, A: Access>`, for every instruction set and
/// both ways of access. With `on $isa`, a vector type, only for that, in a crate that is compiled for
/// its instructions as a whole; with `at $access` only with that way of access.
#[macro_export]
macro_rules! mechanism_kernel {
    ($name:ident = $body:ident on $isa:ident) => {
        fn $name() -> $crate::kernel::Kernel {
            use $crate::kernel::{Aligned, KernelArgs, Scattered};
            unsafe extern "C" fn kernel(args: &KernelArgs) {
                // SAFETY: the caller's promise.
                unsafe {
                    if args.aligned {
                        $body::<$isa, Aligned>(args)
                    } else {
                        $body::<$isa, Scattered>(args)
                    }
                }
            }
            kernel
        }
    };
    ($name:ident = $body:ident on $isa:ident at $access:ident) => {
        fn $name() -> $crate::kernel::Kernel {
            unsafe extern "C" fn kernel(args: &$crate::kernel::KernelArgs) {
                // SAFETY: the caller's promise.
                unsafe { $body::<$isa, $crate::kernel::$access>(args) }
            }
            kernel
        }
    };
    ($name:ident = $body:ident at $access:ident) => {
        fn $name() -> $crate::kernel::Kernel {
            use $crate::kernel::{Kernel, KernelArgs};
            #[inline(always)]
            unsafe fn only<V: $crate::simd::Lanes>(args: &KernelArgs) {
                // SAFETY: the caller's promise.
                unsafe { $body::<V, $crate::kernel::$access>(args) }
            }
            $crate::isa_kernel!(extern "C" fn versions = only as Kernel, (args: &KernelArgs));
            versions()
        }
    };
    ($name:ident = $body:ident) => {
        fn $name() -> $crate::kernel::Kernel {
            use $crate::kernel::{Aligned, Kernel, KernelArgs, Scattered};
            #[inline(always)]
            unsafe fn either<V: $crate::simd::Lanes>(args: &KernelArgs) {
                // SAFETY: the caller's promise.
                unsafe {
                    if args.aligned { $body::<V, Aligned>(args) } else { $body::<V, Scattered>(args) }
                }
            }
            $crate::isa_kernel!(extern "C" fn versions = either as Kernel, (args: &KernelArgs));
            versions()
        }
    };
}
