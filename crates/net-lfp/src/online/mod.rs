//! Signals while the network runs: currents of cells side by side, times their matrices, summed
//! exactly.

mod band;
mod exact;
mod product;
mod sampler;

pub use exact::{Contribution, ExactSums};
pub use product::{
    LaneMask, LaneMatrix, ProductBuffer, SAMPLES_AT_ONCE, SumTarget, matrix_of_potentials,
};
pub use sampler::{CurrentSampler, Sampling};
