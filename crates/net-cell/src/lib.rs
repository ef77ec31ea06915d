//! What a cell is and how it advances.
//!
//! A [`CellTemplate`] is a discretized [morphology] with [mechanisms](mechanism) inserted
//! in it. [`CellSpec`]s, cells of a template with the synapses that the network gives them, are laid
//! out as [`Cells`]: eight cells side by side in vector lanes, a few rows of them a block, blocks in
//! [`CellGroup`]s that threads advance on their own. Spikes go out of a group, and events of its
//! connections and inputs come in, epoch by epoch; nothing else couples the cells.
//!
//! Units throughout: ms, mV, nA, uS, um, uF/cm2, S/cm2, mA/cm2, Ohm cm, MOhm.

#[macro_use]
extern crate net_kernel;

mod block;
pub mod cell;
pub mod currents;
mod error;
pub mod extracellular;
mod group;
pub mod mechanism;
pub mod morphology;
pub mod point;
mod queue;
mod record;
mod source;
pub mod state;
mod waveform;

pub use net_kernel::simd;

pub use block::{BlockPlan, CellSpec, PointKind, PointSpec, Spike, StepSettings};
pub use cell::{CellTemplate, ParameterChange, PointerTarget, Region, Values};
pub use error::{CellError, NotFinite};
pub use group::{CellGroup, Cells, ConnectionId, Target};
pub use record::{Quantity, Samples, Schedule};
pub use source::{SourceKey, SpikeSource};
pub use waveform::Waveform;
