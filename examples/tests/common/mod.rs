//! Starting the example programs.
#![allow(dead_code)]

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use net_mpi::BUILT_WITH_MPI;

/// Folder of data made with other simulators: `$NET_SHARED`, or `shared` beside the checkout.
pub(crate) fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let path = env::var_os("NET_SHARED").map_or(beside, PathBuf::from);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: no reference data at {}", path.display());
    None
}

/// Numbers of ranks to test with.
pub(crate) fn rank_counts() -> &'static [usize] {
    if BUILT_WITH_MPI { &[1, 2, 3, 5] } else { &[1] }
}

/// Runs an example on some ranks; one rank is started without a launcher.
pub(crate) fn run(name: &str, ranks: usize, arguments: &[&str]) -> Output {
    // Tests stand in `deps`, examples beside it.
    let own = env::current_exe().expect("a program knows its path");
    let folder = own.parent().and_then(Path::parent).expect("cargo's layout of the target folder");
    let program = folder.join("examples").join(name);
    let mut command = Command::new(&program);
    if ranks > 1 {
        command = Command::new("mpirun");
        command.arg("-n").arg(ranks.to_string()).args(["--bind-to", "none"]).arg(&program);
    }
    command
        .args(arguments)
        .env("RUST_BACKTRACE", "0")
        // Test machines have few cores and containers only root.
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .env("OMPI_MCA_rmaps_base_oversubscribe", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

/// Runs an example that must succeed; returns what it printed.
#[track_caller]
pub(crate) fn succeed(name: &str, ranks: usize, arguments: &[&str]) -> String {
    let output = run(name, ranks, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?} on {ranks} ranks:\n{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
