//! How this process was started: alone, or as one of many ranks.

use std::env;

use crate::{
    backend::{BUILT_WITH_MPI, World},
    communicator::Communicator,
    error::{Error, Result},
    stop,
};

/// Variables by which launchers tell the number of ranks, and the rank, with the more specific first:
/// Open MPI, Hydra (MPICH, Intel MPI), MVAPICH2, and Slurm's own.
///
/// `SLURM_NTASKS` is not among them: batch scripts have it without being ranks.
const LAUNCHERS: [(&str, &str); 4] = [
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    ("PMI_SIZE", "PMI_RANK"),
    ("MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_RANK"),
    ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
];

/// Whether to communicate over MPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Over MPI if a launcher such as `mpirun` started this process; else alone.
    #[default]
    Auto,
    /// Over MPI, also without a recognized launcher.
    Mpi,
    /// Alone, even under `mpirun`: every process runs everything.
    Solo,
}

/// Starts communication and returns the communicator of all ranks.
///
/// Programs rather use [`run`](crate::run), which calls this.
/// MPI is initialized at most once a process, and finalized when the last clone of the communicator
/// (and the last exchange made from it) is dropped, on all ranks together.
/// Over MPI a panic on any thread of any rank, even one that would be caught, ends the job with one
/// message that names the rank, and exit status 101.
///
/// # Errors
///
/// [`Error::StartedUnderMpirun`] if built without MPI but started as one of several ranks;
/// [`Error::WrongLauncher`] if the launcher is that of another MPI library.
pub fn launch(mode: Mode) -> Result<Communicator> {
    if mode == Mode::Solo {
        return Ok(Communicator::solo());
    }
    let announced = announced_ranks(|name| env::var(name).ok())?;
    let comm = match (announced, BUILT_WITH_MPI) {
        (Some((variable, n_ranks)), false) if 1 < n_ranks => {
            return Err(Error::StartedUnderMpirun { variable, n_ranks });
        }
        (Some(_), true) => Communicator::from_world(World::start()?),
        _ if mode == Mode::Mpi => Communicator::from_world(World::start()?),
        _ => Communicator::solo(),
    };
    if let Some((variable, expected)) = announced
        && comm.size() != expected
    {
        return Err(Error::WrongLauncher { variable, expected, found: comm.size() });
    }
    if comm.uses_mpi() {
        stop::end_job_on_panic(comm.rank(), comm.size());
    }
    Ok(comm)
}

/// The number of ranks a launcher announced, and in which variable.
fn announced_ranks(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<(&'static str, usize)>> {
    for (name, _) in LAUNCHERS {
        let Some(value) = variable(name) else { continue };
        return match value.trim().parse() {
            Ok(n_ranks) if 0 < n_ranks => Ok(Some((name, n_ranks))),
            _ => Err(Error::RanksVariable { variable: name, found: value }),
        };
    }
    Ok(None)
}

/// This process's rank according to its launcher, where MPI itself can't tell.
pub(crate) fn announced_rank() -> usize {
    LAUNCHERS.iter().find_map(|(_, name)| env::var(name).ok()?.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Option<(&'static str, usize)>> {
        announced_ranks(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn launchers_are_recognized() {
        assert_eq!(with(&[]), Ok(None));
        assert_eq!(with(&[("SLURM_NTASKS", "8")]), Ok(None));
        for name in LAUNCHERS.map(|(name, _)| name) {
            assert_eq!(with(&[(name, "4")]), Ok(Some((name, 4))));
        }
        // mpirun inside a Slurm step of one task.
        let both = [("SLURM_STEP_NUM_TASKS", "1"), ("OMPI_COMM_WORLD_SIZE", "3")];
        assert_eq!(with(&both), Ok(Some(("OMPI_COMM_WORLD_SIZE", 3))));
    }

    #[test]
    fn nonsense_is_not_taken_for_a_number_of_ranks() {
        for found in ["", "two", "0", "-1"] {
            assert_eq!(
                with(&[("PMI_SIZE", found)]),
                Err(Error::RanksVariable { variable: "PMI_SIZE", found: found.to_string() })
            );
        }
    }
}
