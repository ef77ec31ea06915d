//! Events that come to instances, and what these send.

use std::ffi::c_void;

use super::{Column, KernelArgs};
use crate::simd::{LANES, Lanes};

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
/// Safety: as [`Kernel`](super::Kernel); the instance and the weights must exist.
pub type NetReceive = unsafe extern "C" fn(&KernelArgs, &NetEvent);

impl KernelArgs {
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
}
