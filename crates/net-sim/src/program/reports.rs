//! `net-sim reports`: the reports of a circuit's run that was killed.

use std::process::ExitCode;

use net_io::store::Gaps;
use net_sim::exit_status;

use crate::circuit::CircuitArgs;
use crate::say::say;

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
    #[command(flatten)]
    circuit: CircuitArgs,
    /// Mark what is missing or damaged instead of refusing it
    #[arg(long)]
    allow_gaps: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mode = net_mpi::Mode::Auto;
    Ok(net_mpi::run(mode, |comm| exit_status(comm, recover(args, comm))))
}

fn recover(args: &Args, comm: &net_mpi::Communicator) -> anyhow::Result<()> {
    let simulation = args.circuit.describe(comm, true)?;
    let gaps = if args.allow_gaps { Gaps::Mark } else { Gaps::Refuse };
    if let Some(time_ms) = simulation.recover_reports(comm, gaps)? {
        say!("reports up to {time_ms} ms in {}", simulation.output().display())?;
    }
    Ok(())
}
