//! The MPI library, or its absence.
//!
//! Both files define the same names; nothing else in the crate knows which of them is compiled.

#[cfg(not(feature = "mpi"))]
#[path = "disabled.rs"]
mod imp;
#[cfg(feature = "mpi")]
#[path = "enabled.rs"]
mod imp;

pub use self::imp::BUILT_WITH_MPI;
pub(crate) use self::imp::{Request, World, abort_job};

/// Elementwise operation of a reduction over ranks, of unsigned 64-bit words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reduction {
    /// Sum, modulo 2^64.
    Sum,
    /// Smallest.
    Min,
    /// Largest.
    Max,
}
