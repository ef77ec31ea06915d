//! What can go wrong between ranks.

use std::fmt::Display;

/// Result of this crate's calls.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong between ranks, at the start of a job or in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A program without MPI was started by `mpirun`: every rank would run the whole simulation.
    #[error(
        "started as one of {n_ranks} ranks ({variable}={n_ranks}), but this program was built \
         without MPI: rebuild it with `--features mpi`, or start it without mpirun"
    )]
    StartedUnderMpirun {
        /// Environment variable that gave the number of ranks.
        variable: &'static str,
        /// Number of ranks the launcher announced.
        n_ranks: usize,
    },

    /// MPI was asked for, but the program was built without it.
    #[error(
        "MPI was asked for, but this program was built without it: rebuild it with `--features mpi`"
    )]
    BuiltWithoutMpi,

    /// A launcher's environment variable holds no number of ranks.
    #[error(
        "environment variable {variable}: found `{found}`, expected a number of ranks (1 or more); \
         unset it if this process was not started by mpirun"
    )]
    RanksVariable {
        /// Name of the environment variable.
        variable: &'static str,
        /// Its value.
        found: String,
    },

    /// The launcher and the MPI library don't know each other.
    #[error(
        "the launcher announced {expected} ranks ({variable}={expected}), but the MPI library knows \
         {found}: start the program with the mpirun of the MPI library it was built with"
    )]
    WrongLauncher {
        /// Environment variable that gave the number of ranks.
        variable: &'static str,
        /// Number of ranks the launcher announced.
        expected: usize,
        /// Number of ranks of `MPI_COMM_WORLD`.
        found: usize,
    },

    /// MPI can be started only once a process.
    #[error("MPI was started before in this process: launch once and pass the communicator on")]
    AlreadyLaunched,

    /// The MPI library does not support threads beside the one that communicates.
    #[error(
        "the MPI library offers no thread support (MPI_THREAD_FUNNELED or more is needed): \
         use an MPI library built with threads"
    )]
    NoThreadSupport,

    /// An MPI call failed.
    #[error("rank {rank}: {call} failed: {reason}")]
    Mpi {
        /// Rank on which the call failed.
        rank: usize,
        /// Name of the MPI function.
        call: &'static str,
        /// The MPI library's own description.
        reason: String,
    },

    /// A root rank that does not exist.
    #[error("root rank {root} does not exist: expected less than the number of ranks, {n_ranks}")]
    RootOutOfRange {
        /// The root asked for.
        root: usize,
        /// Number of ranks.
        n_ranks: usize,
    },

    /// The parts for an all-to-all exchange are not one for each rank.
    #[error("found {found} parts to send, expected one for each of the {expected} ranks")]
    PartsPerRank {
        /// Number of parts given.
        found: usize,
        /// Number of ranks.
        expected: usize,
    },

    /// A sum over ranks leaves its type.
    #[error("the sum over all ranks of element {index}, {sum}, does not fit into {type_name}")]
    SumOverflow {
        /// Index of the element.
        index: usize,
        /// The exact sum, as text, where it fits into 128 bits.
        sum: String,
        /// Type of the elements.
        type_name: &'static str,
    },

    /// A spike's step does not fit into a packed spike.
    #[error(
        "step {step_offset} of the epoch does not fit into a packed spike: expected at most {max}, shorten the epoch"
    )]
    StepOffset {
        /// Offset of the step in the epoch.
        step_offset: u64,
        /// Largest offset, [`MAX_STEP_OFFSET`](crate::MAX_STEP_OFFSET).
        max: u64,
    },

    /// A gid does not fit into a packed spike.
    #[error("gid {gid} does not fit into a packed spike: expected at most {max}")]
    Gid {
        /// The gid.
        gid: u64,
        /// Largest gid, [`MAX_GID`](crate::MAX_GID).
        max: u64,
    },

    /// More spikes in one epoch than MPI can count.
    #[error(
        "{n_spikes} spikes in one epoch: expected at most {max} over all ranks, shorten the epoch"
    )]
    TooManySpikes {
        /// Spikes of all ranks that do not fit into the first message.
        n_spikes: u64,
        /// The largest count of an MPI call.
        max: u64,
    },

    /// An exchange was started while another was under way.
    #[error("a spike exchange is under way: finish it before the next is started")]
    ExchangeUnderWay,

    /// An exchange was polled or finished, but none was started.
    #[error("no spike exchange is under way: start one before it is polled or finished")]
    NoExchange,
}

/// The text of an error and, if it can tell them (`{:#}`), its causes, each once: a message that has its
/// cause in it already does not get it a second time.
///
/// ```
/// use net_mpi::error_text;
/// let error = "cannot read cells.swc: no such file: no such file";
/// assert_eq!(error_text(&error), "cannot read cells.swc: no such file");
/// assert_eq!(error_text(&"line 3: expected 1: found 2"), "line 3: expected 1: found 2");
/// ```
pub fn error_text(error: &dyn Display) -> String {
    let mut text = format!("{error:#}");
    let ends: Vec<usize> = text.match_indices(": ").map(|(at, _)| at).collect();
    for end in ends.into_iter().rev() {
        let (message, cause) = text.split_at(end);
        let is_in_it = message.match_indices(&cause[2..]).any(|(at, found)| {
            let before = message[..at].ends_with(": ") || message[..at].ends_with('(');
            before && !message[at + found.len()..].starts_with(char::is_alphanumeric)
        });
        if is_in_it {
            text.truncate(end);
        }
    }
    text
}
