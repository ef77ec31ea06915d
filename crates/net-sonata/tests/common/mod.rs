//! Where the test data is.

// Each test program uses its own part of this.
#![allow(dead_code)]

use std::path::PathBuf;

/// The small circuits in the repository.
pub(crate) fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/sonata").join(name)
}

/// Reference circuits with what other simulators made of them; `None` where there are none.
pub(crate) fn reference() -> Option<PathBuf> {
    let shared = std::env::var_os("NET_SHARED").map(PathBuf::from);
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = shared.unwrap_or_else(|| manifest.join("../../../shared"));
    let folder = folder.join("reference/sonata");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no reference data at {}", folder.display());
    None
}
