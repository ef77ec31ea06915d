//! What a kernel of a mechanism is written in.
//!
//! [`simd`] has eight doubles side by side and functions of them; [`kernel`] says what a kernel may
//! read and write, by address; [`random`] are the streams that mechanisms draw from; [`table`] is how
//! a compiled mechanism describes itself; [`mod@prefetch`] asks for data ahead of their use, and
//! [`destination`] takes results while they are in registers. The crate stands alone, without
//! dependencies, so that kernels that are compiled later and elsewhere can be compiled with its source
//! and fit.

#[macro_use]
pub mod simd;
#[macro_use]
pub mod kernel;
pub mod destination;
pub mod prefetch;
pub mod random;
pub mod table;
