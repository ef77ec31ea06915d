//! Reference data, where it is.

use std::path::{Path, PathBuf};

/// A file of the reference data.
pub(crate) fn reference(name: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("NET_SHARED") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let path = root.join("reference").join(name);
    if !path.exists() {
        println!("skipped: no reference data at {}", path.display());
        return None;
    }
    Some(path)
}
