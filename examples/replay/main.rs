//! A network from elsewhere, given as explicit tables in one HDF5 file, simulated as it is.
//!
//! ```sh
//! cargo run --release -p net-examples --example replay -- --tables network.h5 --out out/replay
//! ```
//!
//! The layout of the file is described in `docs/tables.md`: cells with positions, morphology and
//! mechanisms, external events, and every synapse with segment, weight, delay and parameters.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use net_examples::RunArgs;
use net_io::network::NetworkTables;
use net_mpi::Communicator;
use net_sim::tables::{model_of_tables, settings_of_tables, with_probes_of_tables};
use net_sim::{Quantity, Recording, Simulation, Targets, parse_arguments};

/// Simulates a network that is given as explicit tables: how a network of another simulator is
/// brought in and compared.
///
/// Rates of Hodgkin-Huxley channels are interpolated in tables as NEURON does, unless
/// `--exact-rates` is given. If the file has the spikes of the other simulator, the program says
/// how many of them are at the same steps.
#[derive(Parser, Debug)]
#[command(after_help = "\
Files in the output directory:
  spikes.h5                        spikes in SONATA's layout (ms)
  traces.h5                        somatic potentials of all cells (mV), group soma_v
  cell_positions_and_rotations.h5  where the cells are (um, rad), a table a population
  OUTPUT.h5                        with --probes: a dataset a probe, with fields imem and populations
  report.json, run.json            how it went, and what was run")]
struct Options {
    /// The network: an HDF5 file in the layout of docs/tables.md
    #[arg(long, value_name = "FILE")]
    tables: PathBuf,

    /// Output directory
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Duration in ms [default: that of the file]
    #[arg(long, value_name = "MS")]
    tstop: Option<f64>,

    /// Compute rates exactly instead of interpolating them in NEURON's tables
    #[arg(long)]
    exact_rates: bool,

    /// Record the probes that the file describes, with the contribution of each population
    #[arg(long)]
    probes: bool,

    /// Write all synapses, too
    #[arg(long)]
    connections: bool,

    #[command(flatten)]
    run: RunArgs,
}

fn main() -> ExitCode {
    let options: Options = parse_arguments();
    net_mpi::run(options.run.mode(), |comm| net_sim::exit_status(comm, simulate(comm, &options)))
}

fn simulate(comm: &Communicator, options: &Options) -> anyhow::Result<()> {
    let tables = comm.agree(NetworkTables::read(&options.tables))?;
    let soma_v = Recording::new("soma_v", Targets::All, Quantity::Voltage);
    let mut model = model_of_tables(&options.tables, &tables)?.with_recording(soma_v);
    if options.probes {
        model = comm.agree(with_probes_of_tables(model, &options.tables))?;
        anyhow::ensure!(
            !model.probes().is_empty(),
            "{}: no group /probes, or none in it; --probes expects a group a probe (docs/tables.md)",
            options.tables.display()
        );
    }
    let mut settings = settings_of_tables(&tables.parameters);
    settings.tables = !options.exact_rates;
    let tstop_ms = options.tstop.unwrap_or(tables.parameters.tstop_ms);
    let mut run = options.run.options(tstop_ms, settings, Some(&options.out), options.connections);
    run.keep_in_memory = tables.reference.spikes.is_some();

    let outcome = Simulation::build(comm, &model, &run)?.run()?;
    let spikes = outcome.gather_spikes(comm)?;
    if !comm.is_root() {
        return Ok(());
    }
    println!("{}", outcome.report);
    println!("files     {}", options.out.display());
    if let (Some(own), Some(other)) = (spikes, &tables.reference.spikes) {
        let dt_ms = settings.dt_ms;
        let step = |time_ms: f64| (time_ms / dt_ms).round() as u64;
        let mut expected: Vec<_> =
            other.iter().filter(|(_, t)| *t < tstop_ms).map(|(gid, t)| (step(*t), *gid)).collect();
        expected.sort_unstable();
        let own: Vec<_> = own.iter().map(|spike| (step(spike.time_ms), spike.gid)).collect();
        let same = own.iter().filter(|spike| expected.binary_search(spike).is_ok()).count();
        let n_expected = expected.len();
        println!(
            "compared  {same} of {n_expected} spikes in the file at the same step, {} here",
            own.len()
        );
    }
    Ok(())
}
