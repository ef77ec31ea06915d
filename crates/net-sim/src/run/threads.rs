//! How many threads a rank has.

use net_mpi::Communicator;

use crate::error::{Error, Result};

/// Threads of this rank.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threads {
    pub(crate) n: usize,
    /// Whether all threads of all ranks on this machine have a core for themselves.
    pub(crate) have_cores: bool,
}

/// As many threads as asked for, else this machine's cores divided by its ranks. Collective.
pub(crate) fn threads_of(comm: &Communicator, asked: Option<usize>) -> Result<Threads> {
    // The name of the machine, by which ranks know that they share it; without one, all do.
    let name = std::fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
    let n_ranks = comm.all_gather_v(&name)?.iter().filter(|other| **other == name).count();
    // Launchers often bind a rank to one core, which this number respects.
    let n_cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let n = asked.unwrap_or((n_cores / n_ranks).max(1));
    Ok(Threads { n, have_cores: n * n_ranks <= n_cores })
}

/// Threads for building.
pub(crate) fn pool(n_threads: usize) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(n_threads)
        .thread_name(|index| format!("build-{index}"))
        .build()
        .map_err(|error| Error::Threads { n_threads, reason: error.to_string() })
}
