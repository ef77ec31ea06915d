//! Checkpoints on the command line, and the exit status of a run that was saved and ended.

use std::io::Write;

use net_mpi::Communicator;

use crate::error::Error;
use crate::options::Checkpoints;

/// Exit status of a program whose run was saved and ended before its time, at the limit of wall time or
/// on a signal: it can be resumed. `EX_TEMPFAIL` of sysexits.h.
pub const STOPPED: u8 = 75;

/// Options of programs that save their state.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct CheckpointArgs {
    /// Save the whole state after every MS of simulated time
    #[arg(long, value_name = "MS")]
    pub checkpoint_interval: Option<f64>,

    /// Save the whole state after every S seconds of wall time
    #[arg(long, value_name = "S")]
    pub checkpoint_wall_interval: Option<f64>,

    /// Save the state and stop after S seconds of wall time, with exit status 75
    #[arg(long, value_name = "S")]
    pub wall_limit: Option<f64>,

    /// Go on from the latest checkpoint in the output directory, on any number of ranks and threads;
    /// without one, begin anew
    #[arg(long)]
    pub resume: bool,
}

impl CheckpointArgs {
    /// Checkpoints as they are asked for; absent: none. Signals stop a run that has any.
    pub fn checkpoints(&self) -> Option<Checkpoints> {
        let &CheckpointArgs {
            checkpoint_interval: every_ms,
            checkpoint_wall_interval: every_wall_s,
            wall_limit: wall_limit_s,
            resume,
        } = self;
        let asked = every_ms.or(every_wall_s).or(wall_limit_s).is_some() || resume;
        let (directory, on_signals) = (None, true);
        asked.then_some(Checkpoints {
            directory,
            every_ms,
            every_wall_s,
            wall_limit_s,
            on_signals,
            resume,
        })
    }
}

/// The exit status of a program for [`net_mpi::run`]: 0, or [`STOPPED`] for a run that was saved and
/// ended, which rank 0 says on standard error. A run that is to be resumed and has come to its end
/// is one that succeeded.
///
/// # Errors
/// What else went wrong.
pub fn exit_status(comm: &Communicator, outcome: anyhow::Result<()>) -> anyhow::Result<u8> {
    let Err(error) = outcome else { return Ok(0) };
    let status = match error.downcast_ref::<Error>() {
        Some(Error::Stopped { .. }) => STOPPED,
        Some(Error::NothingToResume { .. }) => 0,
        _ => return Err(error),
    };
    if comm.is_root() {
        // Nobody may be there to read it; the status says the same.
        let _ = writeln!(std::io::stderr(), "{error}");
    }
    Ok(status)
}
