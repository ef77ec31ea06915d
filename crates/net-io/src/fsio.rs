//! Files that appear whole or not at all: written under a temporary name, synced, renamed.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The name under which `path` is written until it is complete.
pub(crate) fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(TEMPORARY_SUFFIX);
    path.with_file_name(name)
}

/// Ending of files that are not complete.
pub(crate) const TEMPORARY_SUFFIX: &str = ".tmp";

/// Writes `pieces` one after another as the file `path`, which exists afterwards in full or,
/// after an error or a kill, not at all (or as it was before).
pub(crate) fn write_sealed(path: &Path, pieces: &[&[u8]]) -> Result<()> {
    let temporary = temporary_name(path);
    let written = write_and_sync(&temporary, pieces);
    if written.is_err() {
        // The first error is the one to report; a leftover temporary file is ignored by readers.
        let _ = fs::remove_file(&temporary);
        return written;
    }
    publish(&temporary, path)
}

fn write_and_sync(path: &Path, pieces: &[&[u8]]) -> Result<()> {
    let mut file = File::create(path).map_err(|e| Error::io(path, "create", e))?;
    for piece in pieces {
        file.write_all(piece).map_err(|e| Error::io(path, "write", e))?;
    }
    file.sync_all().map_err(|e| Error::io(path, "sync", e))
}

/// Gives a complete, closed file its final name, and makes the name durable.
pub(crate) fn publish(temporary: &Path, path: &Path) -> Result<()> {
    fs::rename(temporary, path).map_err(|e| Error::io(path, "rename to", e))?;
    sync_directory(path.parent().unwrap_or(Path::new(".")))
}

/// Makes the names in a directory durable.
pub(crate) fn sync_directory(path: &Path) -> Result<()> {
    let directory = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let handle = File::open(directory).map_err(|e| Error::io(directory, "open", e))?;
    handle.sync_all().map_err(|e| Error::io(directory, "sync", e))
}

/// Removes a file; that it is not there is fine.
pub(crate) fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(path, "remove", e)),
        _ => Ok(()),
    }
}
