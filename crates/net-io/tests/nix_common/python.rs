//! Python, where it is.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Runs the reader's script, which ends with an error if something is not as it should be.
#[track_caller]
pub(crate) fn python(arguments: &[&OsStr]) {
    let python = std::env::var("NET_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let available = Command::new(&python).args(["-c", "import neo, nixio, h5py"]).output();
    if !available.is_ok_and(|output| output.status.success()) {
        println!("skipped: no Python with neo, nixio and h5py (name one in NET_PYTHON)");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python/read_nio.py");
    let output = Command::new(python)
        .arg(script)
        .args(arguments)
        // Files that other tests have open are open in a child too, with their locks.
        .env("HDF5_USE_FILE_LOCKING", "FALSE")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    print!("{}", text(&output.stdout));
    assert!(output.status.success(), "{}", text(&output.stderr));
}
