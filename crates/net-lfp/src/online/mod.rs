//! Signals while the network runs: currents of cells side by side, times their matrices, summed
//! exactly.

mod band;
mod exact;
mod product;
mod sampler;

pub use exact::ExactSums;
pub use product::{LaneMask, LaneMatrix, ProductBuffer, SumTarget, matrix_of_potentials};
pub use sampler::{CurrentSampler, Sampling};
