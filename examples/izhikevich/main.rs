//! Izhikevich's network of 1000 neurons that spike in rhythms (Izhikevich 2003, IEEE Trans. Neural
//! Netw. 14:1569), as ANNarchy's example has it.
//!
//! ```sh
//! cargo run --release -p net-examples --example izhikevich
//! ```

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use net_core::{Distribution, Network, Population, Projection, Purpose, StreamFamily};
use net_examples::{RunArgs, draw_activity, draws_pictures};
use net_mpi::Communicator;
use net_sim::{
    CellKind, Model, PointNeuron, Quantity, Recording, Simulation, StepSettings, Targets,
    parse_arguments,
};

/// Excitatory neurons from regular spiking to chattering, inhibitory ones from fast spiking to
/// low-threshold spiking, all connected to all, driven by normal noise.
#[derive(Parser, Debug)]
#[command(after_help = "\
Files in the output directory:
  spikes.h5                    spikes in SONATA's layout (ms)
  traces.h5                    potentials of the first neurons of each population (mV)
  activity.png                 raster, rates and potentials
  report.json, run.json        how it went, and what was run")]
struct Options {
    /// Number of neurons, four fifths of them excitatory
    #[arg(long, default_value_t = 1000, value_name = "N")]
    neurons: u64,

    /// Duration in ms
    #[arg(long, default_value_t = 1000.0, value_name = "MS")]
    tstop: f64,

    /// Seed of everything that is drawn
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,

    /// Neurons of each population whose potential is recorded
    #[arg(long, default_value_t = 3, value_name = "N")]
    traces: u64,

    /// Output directory
    #[arg(long, default_value = "out/izhikevich", value_name = "DIR")]
    out: PathBuf,

    /// Write no picture: nothing is kept in memory
    #[arg(long)]
    no_picture: bool,

    #[command(flatten)]
    run: RunArgs,
}

/// Time step and delay, as in the publication.
const DT_MS: f64 = 1.0;

fn main() -> ExitCode {
    let options: Options = parse_arguments();
    net_mpi::run(options.run.mode(), |comm| net_sim::exit_status(comm, simulate(comm, &options)))
}

fn simulate(comm: &Communicator, options: &Options) -> anyhow::Result<()> {
    let model = model(options)?;
    let settings = StepSettings { dt_ms: DT_MS, ..StepSettings::default() };
    let mut run = options.run.options(options.tstop, settings, Some(&options.out), false);
    run.keep_in_memory = !options.no_picture;
    let outcome = Simulation::build(comm, &model, &run)?.run()?;
    if comm.is_root() {
        println!("{}", outcome.report);
        println!("files     {}", options.out.display());
    }
    if draws_pictures(comm, !options.no_picture, options.tstop) {
        let title = format!("{} Izhikevich neurons, seed {}", options.neurons, options.seed);
        if let Some(picture) = draw_activity(comm, &model, &outcome, &run, &title, 6)? {
            println!("picture   {}", picture.display());
        }
    }
    Ok(())
}

fn model(options: &Options) -> anyhow::Result<Model> {
    let n_inh = options.neurons / 5;
    let n_exc = options.neurons - n_inh;
    let mut network = Network::new(options.seed);
    network.add_population(Population::new("E", n_exc, "excitatory"))?;
    network.add_population(Population::new("I", n_inh, "inhibitory"))?;
    for (pre, target, strongest) in [("E", "exc", 0.5), ("I", "inh", 1.0)] {
        // So much input as in a network of 1000 neurons.
        let high = strongest * 1000.0 / options.neurons as f64;
        for post in ["E", "I"] {
            network.add_projection(Projection {
                weight: Distribution::Uniform { low: 0.0, high },
                delay: Distribution::Constant(DT_MS),
                allow_autapses: true,
                ..Projection::new(pre, post, target)
            })?;
        }
    }
    // Each neuron's place between the types.
    let family = StreamFamily::new(options.seed, Purpose::InitialState, u32::MAX);
    let between = |first: u64, n: u64, law: &dyn Fn(f64) -> f64| -> Vec<f64> {
        (first..first + n).map(|gid| law(family.stream([gid, 0]).uniform())).collect()
    };
    let exc = |law: &dyn Fn(f64) -> f64| between(0, n_exc, law);
    let inh = |law: &dyn Fn(f64) -> f64| between(n_exc, n_inh, law);
    let excitatory = PointNeuron::new("Izhikevich")?
        .with("a", 0.02)?
        .with("b", 0.2)?
        .with("c", exc(&|r| -65.0 + 15.0 * r * r))?
        .with("d", exc(&|r| 8.0 - 6.0 * r * r))?
        .with("noise", 5.0)?
        .with("v", -65.0)?
        .with("u", -65.0 * 0.2)?;
    let inhibitory = PointNeuron::new("Izhikevich")?
        .with("a", inh(&|r| 0.02 + 0.08 * r))?
        .with("b", inh(&|r| 0.25 - 0.05 * r))?
        .with("c", -65.0)?
        .with("d", 2.0)?
        .with("noise", 2.0)?
        .with("v", -65.0)?
        .with("u", inh(&|r| -65.0 * (0.25 - 0.05 * r)))?;
    let recorded = Targets::FirstOfEach(options.traces);
    Ok(Model::new(network)
        .with_cells("excitatory", CellKind::point(excitatory))
        .with_cells("inhibitory", CellKind::point(inhibitory))
        .with_recording(Recording::new("v", recorded, Quantity::Voltage)))
}
