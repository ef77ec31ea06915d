//! The communicator: who am I, how many are we.

use std::rc::Rc;

use crate::{
    backend::World,
    error::{Error, Result},
    stop,
};

/// Largest number of bytes in one MPI call, unless set otherwise.
const DEFAULT_CHUNK_BYTES: usize = 64 << 20;

/// All ranks of the job, or the one process that runs alone.
///
/// Clones are handles of the same communicator.
/// It stays on the thread that launched it, as MPI demands (`MPI_THREAD_FUNNELED`): it is neither
/// `Send` nor `Sync`.
/// Every operation marked *collective* must be called by all ranks, in the same order.
/// A collective call that a rank never makes keeps the others waiting; [`run`](crate::run) ends such a
/// job when the rank returns an error.
///
/// ```
/// use net_mpi::{Mode, launch};
///
/// let comm = launch(Mode::Auto)?;
/// let n_cells_by_rank = comm.all_gather_u64(17)?;
/// assert_eq!(n_cells_by_rank.len(), comm.size());
/// # Ok::<(), net_mpi::Error>(())
/// ```
#[derive(Clone)]
pub struct Communicator {
    /// None for a process alone.
    world: Option<Rc<World>>,
    pub(crate) chunk_bytes: usize,
}

impl Communicator {
    /// The communicator of a process alone, with one rank; never touches MPI.
    pub fn solo() -> Communicator {
        Communicator { world: None, chunk_bytes: DEFAULT_CHUNK_BYTES }
    }

    pub(crate) fn from_world(world: World) -> Communicator {
        Communicator { world: Some(Rc::new(world)), chunk_bytes: DEFAULT_CHUNK_BYTES }
    }

    /// The same communicator with at most `chunk_bytes` in one MPI call (default 64 MiB, at most
    /// `i32::MAX`; at least one element is always sent). Must be equal on all ranks.
    ///
    /// Larger data go in rounds, so no operation is limited by MPI's 32-bit counts.
    /// The value bounds temporary memory; results don't depend on it.
    pub fn with_chunk_bytes(self, chunk_bytes: usize) -> Communicator {
        Communicator { chunk_bytes: chunk_bytes.clamp(1, i32::MAX as usize), ..self }
    }

    /// Number of this rank, from 0.
    pub fn rank(&self) -> usize {
        self.world.as_ref().map_or(0, |world| world.rank())
    }

    /// Number of ranks.
    pub fn size(&self) -> usize {
        self.world.as_ref().map_or(1, |world| world.size())
    }

    /// Whether this is rank 0, which prints and writes what is needed once.
    pub fn is_root(&self) -> bool {
        self.rank() == 0
    }

    /// Whether MPI is behind this communicator (also with one rank under `mpirun -n 1`).
    pub fn uses_mpi(&self) -> bool {
        self.world.is_some()
    }

    /// Waits until all ranks have come here. Collective.
    pub fn barrier(&self) -> Result<()> {
        self.world().map_or(Ok(()), World::barrier)
    }

    /// Prints `message`, with the rank, and ends all ranks at once with the exit status `exit_code`.
    ///
    /// For errors that leave no way to stop in order; prefer to return them from the function given to
    /// [`run`](crate::run), which lets destructors run and prints one message.
    pub fn abort(&self, exit_code: i32, message: &str) -> ! {
        if self.uses_mpi() {
            stop::say(&format!("error on rank {} of {}: {message}", self.rank(), self.size()));
            stop::end_job(exit_code)
        }
        stop::say(&format!("error: {message}"));
        std::process::exit(exit_code)
    }

    /// A further communicator of the same ranks, whose messages can't be taken for this one's.
    pub(crate) fn duplicate(&self) -> Result<Communicator> {
        let world = self.world().map(World::duplicate).transpose()?.map(Rc::new);
        Ok(Communicator { world, ..*self })
    }

    pub(crate) fn world(&self) -> Option<&World> {
        self.world.as_deref()
    }

    pub(crate) fn check_root(&self, root: usize) -> Result<()> {
        if root < self.size() {
            return Ok(());
        }
        Err(Error::RootOutOfRange { root, n_ranks: self.size() })
    }
}

impl std::fmt::Debug for Communicator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Communicator")
            .field("rank", &self.rank())
            .field("size", &self.size())
            .field("uses_mpi", &self.uses_mpi())
            .finish()
    }
}
