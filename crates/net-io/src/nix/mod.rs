//! NIX files as Neo reads them: `.nio`.
//!
//! - [`NioFile`]: a general writer of Neo's objects: blocks, segments, groups, spike trains,
//!   signals, events and epochs, with annotations; data in pieces, so that memory is bounded.
//! - [`write_nio`]: the recordings of a run as such a file, a segment for each stretch
//!   between checkpoints, in one of two [`Dialect`]s: an object for each recorded thing, or an
//!   object for each device.
//! - [`SimulationResult`]: a file that recorders of the caller's own write, checkpoint by checkpoint.
//! - [`read`]: such files read back.
//!
//! The layout is NIX 1.2.1; `neo.io.NixIO`, `neo.io.nixio_fr` and `nixio` open the files and can
//! append to them. Nothing here calls HDF5 in a way that depends on time or place: with the same
//! [`Identity`] the same content gives the same bytes.

mod annotation;
mod fields;
mod format;
mod identity;
mod multiplexed;
mod neo;
mod per_object;
pub mod read;
mod result;
mod results;
mod signal;
mod units;

pub use annotation::{Annotations, Object, Value};
pub use identity::{NotATime, NotAUuid, UtcTime, Uuid};
pub use neo::{Block, Group, Identity, Member, NioFile, Segment};
pub use result::{Flush, FlushRecorder, OnFailure, SimulationResult};
pub use results::{Dialect, NioOptions, NioReport, write_nio};
pub use signal::{
    AnalogSignalWriter, Channel, IrregularSignalWriter, Sample, Sampling, Span, SpikeTrainWriter,
};
