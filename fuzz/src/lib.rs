//! What the targets share: texts become files of this process, alone or in a copy of a circuit of the
//! tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use net_cell::morphology::{Morphology, read_swc};
use net_sonata::cell::CellRecipe;

/// Writes `bytes` into the file `name` of this process' folder, and returns its path.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, bytes).expect("a file in the folder for temporary files");
    path
}

/// This process' copy of the circuit `name` in `tests/data/sonata`.
pub fn circuit(name: &str) -> PathBuf {
    let copy = folder().join(name);
    if !copy.exists() {
        copy_folder(&data(name), &copy).expect("a copy of tests/data/sonata");
    }
    copy
}

/// Divides a morphology of the tests as `recipe` says, and ties it to mechanisms.
pub fn apply(recipe: &CellRecipe) {
    static MORPHOLOGY: OnceLock<Morphology> = OnceLock::new();
    let morphology = MORPHOLOGY.get_or_init(|| {
        net_cell::mechanism::use_set("bbp").expect("mechanisms of Blue Brain's cells");
        read_swc(data("cells/pyramid.swc")).expect("a morphology of the tests")
    });
    if let Ok(cell) = recipe.apply("any".as_ref(), morphology.clone(), &BTreeMap::new()) {
        let _ = cell.template();
    }
}

fn data(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/sonata")).join(name)
}

fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("net-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for temporary files");
        folder
    })
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
