//! Probes on-line: from the currents of every block of cells to the signals in a file.
//!
//! `terms` says what is added up; `matrices` turns the geometry of this rank's cells into matrices, if
//! `memory` finds that the machine can hold them, and leaves out rows that follow from others; `observer`
//! multiplies them with the currents and adds up, thread by thread; `collector` brings the sums of all
//! threads and ranks together, some samples at a time, turns them into numbers (`totals`) and writes
//! them, as `collected` says of every probe; probes with the same matrices are made from the same sums. Sums
//! are exact, so that neither threads nor ranks nor the number of samples that are written at once change
//! a bit.

mod collected;
mod collector;
mod matrices;
mod memory;
mod observer;
mod state;
mod terms;
mod totals;

pub(crate) use collector::Collector;
pub use collector::ProbeSignal;
pub(crate) use matrices::{Matrices, build_matrices};
pub(crate) use state::{KeptProbe, Partial};
pub(crate) use terms::Terms;
