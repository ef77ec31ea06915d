//! Brunel's network of excitatory and inhibitory neurons with jumps of the potential (Brunel 2000,
//! J. Comput. Neurosci. 8:183), with the parameters of NEST's example `brunel_delta_nest`.
//!
//! ```sh
//! cargo run --release -p net-examples --example brunel -- --order 500 --tstop 300
//! mpirun -n 2 --bind-to none target/release/examples/brunel --out out/brunel
//! ```

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use net_core::{ConnectionRule, Distribution, Network, Population, Projection};
use net_examples::{RunArgs, draw_activity, draws_pictures};
use net_mpi::Communicator;
use net_sim::{
    CellKind, Input, Model, PointNeuron, Quantity, Recording, Simulation, SpikeSource,
    StepSettings, Targets, parse_arguments,
};

/// A sparse network of leaky integrate-and-fire neurons, four fifths of them excitatory.
///
/// Every neuron has a tenth of the neurons as its sources, drawn without repetition, and a Poisson
/// input of its own. The regime is set by the strength of the inhibition, g, and by the rate of the
/// input, eta, relative to the rate that alone would bring a neuron to its threshold.
/// With the defaults: 10 000 neurons, 10 million synapses, about 30 spikes a second and neuron.
#[derive(Parser, Debug)]
#[command(after_help = "\
Files in the output directory:
  spikes.h5                    spikes in SONATA's layout (ms)
  traces.h5                    potentials of the first neurons of each population (mV)
  activity.png                 raster, rates and potentials
  report.json, run.json        how it went, and what was run

Regimes:
  synchronous regular          brunel --g 3 --eta 2
  fast oscillations            brunel --g 6 --eta 4
  asynchronous irregular       brunel --g 5 --eta 2
  slow oscillations            brunel --g 4.5 --eta 0.9")]
struct Options {
    /// Number of inhibitory neurons; there are four times as many excitatory ones
    #[arg(long, default_value_t = 2000, value_name = "N")]
    order: u64,

    /// Strength of inhibitory synapses relative to excitatory ones
    #[arg(long, default_value_t = 5.0, value_name = "RATIO")]
    g: f64,

    /// Rate of the external input relative to that which brings a neuron to its threshold
    #[arg(long, default_value_t = 2.0, value_name = "RATIO")]
    eta: f64,

    /// Probability of a connection
    #[arg(long, default_value_t = 0.1, value_name = "P")]
    epsilon: f64,

    /// Jump of the potential by an excitatory synapse in mV
    #[arg(long, default_value_t = 0.1, value_name = "MV")]
    weight: f64,

    /// Delay of all synapses in ms
    #[arg(long, default_value_t = 1.5, value_name = "MS")]
    delay: f64,

    /// Duration in ms
    #[arg(long, default_value_t = 1000.0, value_name = "MS")]
    tstop: f64,

    /// Time step in ms
    #[arg(long, default_value_t = 0.1, value_name = "MS")]
    dt: f64,

    /// Seed of everything that is drawn
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,

    /// Neurons of each population whose potential is recorded
    #[arg(long, default_value_t = 3, value_name = "N")]
    traces: u64,

    /// Output directory
    #[arg(long, default_value = "out/brunel", value_name = "DIR")]
    out: PathBuf,

    /// Write no picture: nothing is kept in memory
    #[arg(long)]
    no_picture: bool,

    /// Write nothing at all
    #[arg(long)]
    no_files: bool,

    #[command(flatten)]
    run: RunArgs,
}

fn main() -> ExitCode {
    let options: Options = parse_arguments();
    net_mpi::run(options.run.mode(), |comm| net_sim::exit_status(comm, simulate(comm, &options)))
}

fn simulate(comm: &Communicator, options: &Options) -> anyhow::Result<()> {
    let model = model(options)?;
    let settings = StepSettings { dt_ms: options.dt, ..StepSettings::default() };
    let (files, draws) = (!options.no_files, !options.no_picture && !options.no_files);
    let out = files.then_some(options.out.as_path());
    let mut run = options.run.options(options.tstop, settings, out, false);
    run.keep_in_memory = draws;
    let outcome = Simulation::build(comm, &model, &run)?.run()?;
    let n_neurons = model.network().n_cells();
    if comm.is_root() {
        let seconds = options.tstop / 1000.0;
        println!("{}", outcome.report);
        let rate_hz = outcome.report.n_spikes as f64 / n_neurons as f64 / seconds;
        println!("rate      {rate_hz:.2} spikes a second and neuron");
        let (phases, n_spikes) = (&outcome.report.phases, outcome.report.n_spikes);
        println!("RESULT {} {} {n_spikes}", phases.run_s, phases.merge_s);
        if files {
            println!("files     {}", options.out.display());
        }
    }
    if draws_pictures(comm, draws, options.tstop) {
        let title = format!("{n_neurons} neurons, g {}, eta {}", options.g, options.eta);
        let picture = draw_activity(comm, &model, &outcome, &run, &title, 6)?;
        if let Some(picture) = picture {
            println!("picture   {}", picture.display());
        }
    }
    Ok(())
}

/// Time constant and threshold of the membrane.
const TAU_M_MS: f64 = 20.0;
const THETA_MV: f64 = 20.0;

fn model(options: &Options) -> anyhow::Result<Model> {
    let neuron = PointNeuron::new("iaf_psc_delta")?
        .with("C_m", 1.0)?
        .with("tau_m", TAU_M_MS)?
        .with("t_ref", 2.0)?
        .with("E_L", 0.0)?
        .with("V_reset", 0.0)?
        .with("V_m", 0.0)?
        .with("V_th", THETA_MV)?;
    let mut network = Network::new(options.seed);
    let n_by_name = [("E", 4 * options.order), ("I", options.order)];
    for (name, size) in n_by_name {
        network.add_population(Population::new(name, size, "neuron"))?;
    }
    let n_sources = |size: u64| (options.epsilon * size as f64) as u64;
    for (pre, size) in n_by_name {
        let weight = if pre == "E" { options.weight } else { -options.g * options.weight };
        for post in ["E", "I"] {
            network.add_projection(Projection {
                rule: ConnectionRule::FixedInDegree { n_sources: n_sources(size) },
                weight: Distribution::Constant(weight),
                delay: Distribution::Constant(options.delay),
                ..Projection::new(pre, post, "delta")
            })?;
        }
    }
    // Rate at which excitatory input alone would hold the membrane at its threshold.
    let threshold_rate_hz = 1000.0 * THETA_MV / (options.weight * TAU_M_MS);
    let rate_hz = options.eta * threshold_rate_hz;
    let noise = SpikeSource::Poisson { rate_hz, start_ms: 0.0, stop_ms: f64::INFINITY };
    let mut model = Model::new(network).with_cells("neuron", CellKind::point(neuron));
    for (name, _) in n_by_name {
        let input =
            Input::drawn(&format!("noise {name}"), name, "delta", 1, options.weight, noise.clone());
        model = model.with_input(Input { delay_ms: options.delay, ..input });
    }
    let recorded = Targets::FirstOfEach(options.traces);
    if options.traces > 0 {
        model = model.with_recording(Recording::new("V_m", recorded, Quantity::Voltage));
    }
    Ok(model)
}
