//! LFPy's tables of a network: where its cells stand, and all its synapses.
//!
//! While the network is built, each rank writes the rows of its own cells as sealed chunks
//! ([`CellWriter`], [`ConnectionWriter`]); [`merge_cells`] and [`merge_connections`] make the files
//! from them, in ascending order of the target's gid and, within one target, in the order in which
//! its synapses were drawn. [`read_cells`] and [`ConnectionsFile`] read them back, also files that
//! LFPy wrote.
//!
//! `cell_positions_and_rotations.h5` has one dataset a population; its columns `gid`, `x`, `y`, `z`
//! (um) and `x_rot`, `y_rot`, `z_rot` (rad) are what the simulation used.
//!
//! `synapse_connections.h5` has one dataset a projection, `<pre>:<post>`, with LFPy's columns
//! `gid_pre`, `gid`, `weight`, `delay` (ms), `sec`, `sec.x`, `x`, `y`, `z` (um) and one more,
//! `segment`, the index of the target segment (-1 if unknown). `synparams/<pre>:<post>` holds the
//! text `mechanism` and one number a parameter.

mod cells;
mod connections;
mod part;
mod read;

pub use cells::{CellPlacement, CellWriter, merge_cells, read_cells};
pub use connections::{ConnectionWriter, SectionName, Synapse, merge_connections};
pub use read::ConnectionsFile;
