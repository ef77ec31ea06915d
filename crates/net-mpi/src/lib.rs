//! Ranks: one communicator interface, in one process or over MPI.
//!
//! A program hands its main function to [`run`].
//! It finds out how the process was started, alone or as one of the ranks of an MPI job, and passes a
//! [`Communicator`] on: one process without MPI behind it is simply a communicator of one rank.
//! Collective operations are methods of the communicator; each is called by all ranks, in the same order.
//! During a simulation a [`SpikeExchange`], made from the communicator, hands every rank's
//! [`PackedSpike`]s of an epoch to all ranks while they go on computing.
//! Where one rank can fail and the others cannot know, [`Communicator::agree`] turns its error into an
//! [`AgreedError`] on every rank, all ranks return it in order, and [`run`] prints one message.
//! A panic, on any thread, ends the whole job.
//!
//! MPI is the cargo feature `mpi`; without it the crate is pure Rust and needs no MPI library, and a
//! program that finds itself under `mpirun` refuses to start instead of running once a rank.
//!
//! No result of this crate depends on the number of ranks beyond what the data say: sums are of
//! integers, extrema are by total order, exchanged spikes come sorted.
//!
//! ```
//! use net_mpi::{Mode, PackedSpike, SpikeExchange, run};
//!
//! fn simulate(comm: &net_mpi::Communicator) -> Result<(), net_mpi::Error> {
//!     let n_cells = 10 + comm.rank() as u64;
//!     let n_cells_total = comm.sum(n_cells)?;
//!     assert!(n_cells <= n_cells_total);
//!
//!     let mut exchange = SpikeExchange::new(comm)?;
//!     let fired = [PackedSpike::new(3, comm.rank() as u64)?];
//!     exchange.start(&fired)?;
//!     // ... integrate the next half epoch, calling `exchange.poll()` now and then ...
//!     let all = exchange.finish()?;
//!     assert_eq!(all.len(), comm.size());
//!     Ok(())
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     run(Mode::Auto, simulate)
//! }
//! ```

#![warn(missing_docs)]

mod agree;
mod backend;
mod collectives;
mod communicator;
mod error;
mod exchange;
mod launch;
mod reduce;
mod run;
mod spikes;
mod stop;

pub use crate::{
    agree::AgreedError,
    backend::BUILT_WITH_MPI,
    communicator::Communicator,
    error::{Error, Result, error_text},
    exchange::SpikeExchange,
    launch::{Mode, launch},
    reduce::Ordered,
    run::{ExitStatus, run, speak_once},
    spikes::{MAX_GID, MAX_STEP_OFFSET, OffsetSpike, PackedSpike, SpikeTime, WireSpike},
};
