//! Mechanisms from `.mod` files of the user, for all ranks.

use std::path::{Path, PathBuf};

use net_cell::mechanism::load_library;
use net_mpi::Communicator;
use net_nmodl::library::{BuildError, BuildOptions, BuiltLibrary, build, mod_files};

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
/// this processor; when a mechanism has the name of another.
pub fn load_mechanisms(
    comm: &Communicator,
    path: &Path,
    options: &BuildOptions,
) -> Result<Vec<&'static str>> {
    let library = if path.is_dir() { built(comm, path, options)? } else { path.to_path_buf() };
    Ok(comm.agree(load_library(&library))?)
}

/// Where the library is that rank 0 has made of the files of a folder.
fn built(comm: &Communicator, folder: &Path, options: &BuildOptions) -> Result<PathBuf> {
    let build = || -> Result<BuiltLibrary, BuildError> { build(&mod_files(folder)?, options) };
    let made = comm.agree(comm.is_root().then(build).transpose())?;
    let mut path = made
        .map_or_else(Vec::new, |library| library.path.to_string_lossy().into_owned().into_bytes());
    comm.broadcast(0, &mut path)?;
    Ok(PathBuf::from(String::from_utf8_lossy(&path).into_owned()))
}
