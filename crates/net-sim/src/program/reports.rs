//! `net-sim reports`: the reports of a circuit's run that was killed.

use std::path::PathBuf;
use std::process::ExitCode;

use net_io::store::Gaps;
use net_sim::exit_status;
use net_sim::sonata::CircuitSimulation;

use crate::say::{remark, say};

/// Write the reports of a SONATA simulation that was killed, from all that its ranks had sealed
///
/// While a simulation runs, what it reports is sealed in the folder `recordings` of its output
/// directory. The reports end at the first step that some rank had not sealed, which is told. A chunk
/// that is missing or damaged is an error; with --allow-gaps its samples are NaN. The recordings stay;
/// `net-sim recover` makes spikes of them.
///
/// Status 0: done; 1: nothing could be recovered.
///
/// Example: net-sim reports simulation_config.json --output out
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Simulation configuration, JSON
    #[arg(value_name = "CONFIG")]
    configuration: PathBuf,
    /// Directory of the results instead of the configuration's
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Libraries of compiled mechanisms that it was run with
    #[arg(long, value_name = "LIBRARY")]
    mechanisms: Vec<PathBuf>,
    /// Mark what is missing or damaged instead of refusing it
    #[arg(long)]
    allow_gaps: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mode = net_mpi::Mode::Auto;
    Ok(net_mpi::run(mode, |comm| exit_status(comm, recover(args, comm))))
}

fn recover(args: &Args, comm: &net_mpi::Communicator) -> anyhow::Result<()> {
    for library in &args.mechanisms {
        net_cell::mechanism::load_library(library)?;
    }
    let mut simulation = CircuitSimulation::load(&args.configuration)?;
    if args.mechanisms.is_empty() {
        simulation.use_mechanisms()?;
    }
    if let Some(folder) = &args.output {
        simulation.set_output(folder);
    }
    simulation.create_cells()?;
    simulation.create_synapses()?;
    simulation.enable_replay()?;
    simulation.enable_stimulus()?;
    simulation.enable_modifications()?;
    for line in simulation.enable_reports()? {
        if comm.is_root() {
            remark!("warning: {line}");
        }
    }
    let gaps = if args.allow_gaps { Gaps::Mark } else { Gaps::Refuse };
    if let Some(time_ms) = simulation.recover_reports(comm, gaps)? {
        say!("reports up to {time_ms} ms in {}", simulation.output().display())?;
    }
    Ok(())
}
