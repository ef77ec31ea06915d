//! `net-sim validate`: checks simulations without running them.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::say::say;

/// Check SONATA simulations without running them: every file, key and value, all errors at once
///
/// Status 0 says that all can be used, 1 that one cannot. Mechanisms and what cell models say are seen
/// when cells are made: `net-sim run --build-only` makes all of a simulation, and runs nothing.
///
/// Example: net-sim validate simulation_config.json
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Simulation or circuit configurations, JSON
    #[arg(required = true, value_name = "CONFIG")]
    configurations: Vec<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut all_ok = true;
    for path in &args.configurations {
        let found = net_sonata::validate(path);
        say!("{}\n{found}", path.display())?;
        all_ok &= found.is_ok();
    }
    Ok(if all_ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
