//! Signals while the network runs: currents of cells side by side, times their matrices, summed
//! exactly.

mod exact;
mod product;
mod sampler;

pub use exact::ExactSums;
pub use product::{LaneMask, LaneMatrix, SumTarget};
pub use sampler::{CurrentSampler, Sampling};
