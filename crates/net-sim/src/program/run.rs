//! `net-sim run`: a SONATA circuit from its simulation_config.json.

use std::process::ExitCode;

use net_io::store::RunDirectory;
use net_sim::{CellPartition, CheckpointArgs, Checkpoints, Progress, Simulation, exit_status};

use crate::circuit::CircuitArgs;
use crate::say::say;

/// Run a SONATA simulation: cells, synapses, inputs and reports as its configuration says
///
/// Spikes and reports go to the output directory of the configuration, in the layout that its
/// flavor's readers expect (libsonata for Blue Brain's, BMTK's for Allen's). `net-sim validate` tells
/// what is wrong with a configuration without running it.
///
/// Examples:
///   net-sim run simulation_config.json
///   net-sim run simulation_config.json --output out --threads 2
///   mpirun -n 8 --bind-to none net-sim run simulation_config.json
///   net-sim run simulation_config.json --checkpoint-interval 100 --resume
///   net-sim run simulation_config.json --dry-run --num-target-ranks 64 --lb-mode memory
///
/// With one of the options of checkpoints, SIGTERM, SIGINT and SIGUSR1 save the state and stop too. A
/// run that is resumed, on any number of ranks and threads, leaves the same files as one in one go.
///
/// Status 0: done; 1: it failed; 2: the command line is wrong; 75: saved and stopped, to be resumed.
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    circuit: CircuitArgs,
    /// Computing threads of a rank; by default the cores of the machine, divided by its ranks
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Which rank has which cells
    #[arg(long, value_enum, default_value_t = LoadBalance::RoundRobin)]
    lb_mode: LoadBalance,
    /// Stop when everything is built
    #[arg(long)]
    build_only: bool,
    /// Run nothing: say what each rank will need of memory and time, measured on some of the cells
    #[arg(long, conflicts_with = "build_only")]
    dry_run: bool,
    /// Ranks that the forecast is for; by default as many as there are
    #[arg(long, value_name = "N", requires = "dry_run")]
    num_target_ranks: Option<usize>,
    /// Write the whole state of these cells as JSON at the start and at the end: gids with the
    /// populations' offsets, such as 1,2,5-9
    #[arg(long, value_name = "GIDS", value_parser = parse_gids)]
    dump_cell_state: Option<GidList>,
    /// Write no reports, only spikes
    #[arg(long)]
    disable_reports: bool,
    /// Show no progress
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    checkpoints: CheckpointArgs,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum LoadBalance {
    /// Cells in turn
    RoundRobin,
    /// By the cost of the cells
    WholeCell,
    /// By the memory of the cells and their synapses, measured on some of them
    Memory,
}

/// Gids of a circuit.
#[derive(Clone, Debug)]
struct GidList(Vec<u64>);

/// Ranges are no longer than this.
const LONGEST_RANGE: u64 = 1_000_000;

fn parse_gids(text: &str) -> Result<GidList, String> {
    let number = |text: &str| {
        let found = text.trim().parse::<u64>();
        found.map_err(|_| format!("`{text}` is no gid; such as 1,2,5-9"))
    };
    let mut gids = Vec::new();
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(part)?, number(part)?),
        };
        if last < first || last - first >= LONGEST_RANGE {
            return Err(format!("{part}: the last gid of a range is at least the first"));
        }
        gids.extend(first..=last);
    }
    Ok(GidList(gids))
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mode = net_mpi::Mode::Auto;
    Ok(net_mpi::run(mode, |comm| exit_status(comm, simulate(args, comm))))
}

fn simulate(args: &Args, comm: &net_mpi::Communicator) -> anyhow::Result<()> {
    let mut simulation = args.circuit.describe(comm, !args.disable_reports)?;
    simulation.compute_load_balance(match args.lb_mode {
        LoadBalance::RoundRobin => CellPartition::RoundRobin,
        LoadBalance::WholeCell => CellPartition::Balanced,
        // Once it is known what the cells need.
        LoadBalance::Memory => CellPartition::RoundRobin,
    });
    if matches!(args.lb_mode, LoadBalance::Memory) {
        simulation.balance_memory(comm)?;
    }
    let mut options = simulation.options();
    options.threads = args.threads;
    options.checkpoints = args.checkpoints.checkpoints().map(|checkpoints| {
        let directory = simulation.output().join(RunDirectory::CHECKPOINTS);
        Checkpoints { directory: Some(directory), ..checkpoints }
    });
    if args.quiet {
        options.progress = Progress::Off;
    }
    if args.dry_run {
        let forecast =
            simulation.dry_run(comm, &options, args.num_target_ranks.unwrap_or(comm.size()))?;
        if comm.is_root() {
            println!("{forecast}");
        }
        return Ok(());
    }
    let dumped = match &args.dump_cell_state {
        Some(GidList(gids)) => simulation.cells_of_gids(gids)?,
        None => Vec::new(),
    };
    let model = simulation.sim_init()?;
    let mut ready = Simulation::build(comm, &model, &options)?;
    if args.build_only {
        return Ok(());
    }
    if !dumped.is_empty() {
        simulation.dump_cell_states(&mut ready, &dumped)?;
        ready.run_to_end()?;
        simulation.dump_cell_states(&mut ready, &dumped)?;
    }
    let outcome = ready.run()?;
    simulation.sonata_spikes(comm, &outcome)?;
    simulation.sonata_reports(comm, &outcome)?;
    if comm.is_root() {
        say!("{}", outcome.report)?;
    }
    Ok(())
}
