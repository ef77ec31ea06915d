//! How kernels reach the compartments of their instances.

use super::{Column, KernelArgs};
use crate::simd::{LANES, Lanes};

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
