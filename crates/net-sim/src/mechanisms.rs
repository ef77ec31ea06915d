//! Mechanisms from `.mod` files of the user, for all ranks.

use std::path::{Path, PathBuf};

use net_cell::mechanism::{load_library, load_library_of};
use net_mpi::Communicator;
use net_nmodl::library::{BuildError, BuildOptions, build, mod_files};

use crate::error::Result;

/// Makes the mechanisms of `path` known on every rank, and returns their names: a folder of `.mod`
/// files, which rank 0 compiles unless it has done so before, or a library that has been built.
/// Collective.
///
/// To be called before the first cell is described. The folder in which compiled libraries are kept
/// must be one that all ranks see.
///
/// ```no_run
/// # fn of(comm: &net_mpi::Communicator) -> net_sim::Result<()> {
/// let names = net_sim::load_mechanisms(comm, "mechanisms".as_ref(), &Default::default())?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// All errors of all files; when there is no compiler; when the library does not fit this program or
/// this processor; when a mechanism has the name of another of a user's, or of NEURON's own.
pub fn load_mechanisms(
    comm: &Communicator,
    path: &Path,
    options: &BuildOptions,
) -> Result<Vec<&'static str>> {
    // One rank says what the path is, as all must go the same way.
    let mut is_folder = vec![u8::from(comm.is_root() && path.is_dir())];
    comm.broadcast(0, &mut is_folder)?;
    if is_folder == [0] {
        return Ok(comm.agree(load_library(path))?);
    }
    let build = || -> Result<(PathBuf, Vec<PathBuf>), BuildError> {
        let files = mod_files(path)?;
        Ok((build(&files, options)?.path, files))
    };
    let built = comm.agree(comm.is_root().then(build).transpose())?;
    // Other ranks need no files: the message of rank 0 is everyone's.
    let (library, files) = built.unwrap_or_default();
    let mut library = library.to_string_lossy().into_owned().into_bytes();
    comm.broadcast(0, &mut library)?;
    let library = PathBuf::from(String::from_utf8_lossy(&library).into_owned());
    Ok(comm.agree(load_library_of(&library, &files))?)
}
