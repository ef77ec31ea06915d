//! Ten minutes of a small network of point neurons and cable cells, with chunks and checkpoints:
//! killed and resumed as often as one likes, it leaves the same files.
//!
//! ```sh
//! cargo run --release -p net-examples --example long_run -- --resume
//! scripts/long-run    # kills it and resumes it on other ranks, and compares
//! ```

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
};
use net_cell::{CellTemplate, Region};
use net_core::{ConnectionRule, Distribution, Network, Population, Projection, SynapseKind};
use net_examples::RunArgs;
use net_mpi::Communicator;
use net_sim::{
    CellKind, Checkpoints, Input, Model, PointNeuron, Quantity, RateRecording, Recording,
    Simulation, SpikeRecording, SpikeSource, StepSettings, Targets, exit_status, parse_arguments,
};

/// Regular spiking and fast spiking neurons after Izhikevich, with depressing and learning synapses,
/// that drive some Hodgkin-Huxley cells with dendrites.
#[derive(Parser, Debug)]
#[command(after_help = "\
Files in the output directory:
  spikes.h5                    spikes in SONATA's layout (ms)
  traces.h5                    potentials (mV), statistics of them every 10 s, rates (Hz)
  checkpoints/, parts/         while it runs
  report.json, run.json        how it went, and what was run

Exit status: 0 done, 75 saved and stopped, to be resumed.")]
struct Options {
    /// Point neurons, four fifths of them excitatory
    #[arg(long, default_value_t = 100, value_name = "N")]
    neurons: u64,

    /// Cable cells
    #[arg(long, default_value_t = 8, value_name = "N")]
    cells: u64,

    /// Duration in ms
    #[arg(long, default_value_t = 600_000.0, value_name = "MS")]
    tstop: f64,

    /// Seed of everything that is drawn
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,

    /// Output directory
    #[arg(long, default_value = "out/long_run", value_name = "DIR")]
    out: PathBuf,

    #[command(flatten)]
    run: RunArgs,
}

const DT_MS: f64 = 0.1;

/// Simulated time between checkpoints, and between seals, unless the options say otherwise, in ms.
const CHECKPOINT_MS: f64 = 10_000.0;
const SEAL_MS: f64 = 5_000.0;

fn main() -> ExitCode {
    let options: Options = parse_arguments();
    net_mpi::run(options.run.mode(), |comm| exit_status(comm, simulate(comm, &options)))
}

fn simulate(comm: &Communicator, options: &Options) -> anyhow::Result<()> {
    let model = model(options)?;
    let settings = StepSettings { dt_ms: DT_MS, ..StepSettings::default() };
    let mut run = options.run.options(options.tstop, settings, Some(&options.out), false);
    if let Some(output) = &mut run.output {
        output.seal_interval_ms.get_or_insert(SEAL_MS);
    }
    let checkpoints = run.checkpoints.get_or_insert_with(Checkpoints::default);
    checkpoints.on_signals = true;
    if checkpoints.every_wall_s.is_none() {
        checkpoints.every_ms.get_or_insert(CHECKPOINT_MS);
    }
    let ready = Simulation::build(comm, &model, &run)?;
    if comm.is_root() && ready.step() > 0 {
        eprintln!("goes on at {} ms", ready.time_ms());
    }
    let outcome = ready.run()?;
    if comm.is_root() {
        println!("{}", outcome.report);
        println!("files     {}", options.out.display());
    }
    Ok(())
}

fn model(options: &Options) -> anyhow::Result<Model> {
    let n_inh = options.neurons / 5;
    let mut network = Network::new(options.seed);
    network.add_population(Population::new("E", options.neurons - n_inh, "regular"))?;
    network.add_population(Population::new("I", n_inh, "fast"))?;
    network.add_population(Population::new("C", options.cells, "cable"))?;
    for (pre, post, mechanism, weight) in [
        ("E", "E", "STDP:exc", 1.0),
        ("E", "I", "STP:exc", 6.0),
        ("I", "E", "inh", 4.0),
        ("E", "C", "ExpSyn", 0.002),
        ("C", "I", "exc", 2.0),
    ] {
        let parameters = match mechanism {
            "STDP:exc" => [("w_max".to_owned(), 2.0)].into(),
            "ExpSyn" => [("tau".to_owned(), 3.0)].into(),
            _ => [].into(),
        };
        network.add_projection(Projection {
            rule: ConnectionRule::FixedProbability { probability: 0.1 },
            weight: Distribution::Uniform { low: 0.5 * weight, high: 1.5 * weight },
            delay: Distribution::Uniform { low: 2.0, high: 8.0 },
            synapse: SynapseKind { mechanism: mechanism.to_owned(), parameters },
            ..Projection::new(pre, post, mechanism)
        })?;
    }
    // Noise is drawn anew in every step: of 0.1 ms, a third of what steps of 1 ms would make of it.
    let neuron = |a: f64, d: f64, noise: f64| -> anyhow::Result<PointNeuron> {
        let neuron = PointNeuron::new("Izhikevich")?.with("a", a)?.with("b", 0.2)?;
        let neuron = neuron.with("c", -65.0)?.with("d", d)?.with("noise", noise)?;
        Ok(neuron.with("v", Distribution::Uniform { low: -75.0, high: -55.0 })?)
    };
    let poisson = SpikeSource::Poisson { rate_hz: 200.0, start_ms: 0.0, stop_ms: f64::INFINITY };
    let every = |name: &str, targets, interval_ms| Recording {
        interval_ms: Some(interval_ms),
        ..Recording::new(name, targets, Quantity::Voltage)
    };
    let cells = || Targets::Population("C".to_owned());
    Ok(Model::new(network)
        .with_cells("regular", CellKind::point(neuron(0.02, 8.0, 20.0)?))
        .with_cells("fast", CellKind::point(neuron(0.1, 2.0, 10.0)?))
        .with_cells("cable", CellKind::shared(cable_cell()?))
        .with_input(Input::drawn("background", "C", "ExpSyn", 1, 0.008, poisson))
        .with_spike_recording(SpikeRecording::new("spikes", Targets::All))
        .with_rate_recording(RateRecording::new("rate", Targets::All, 100.0))
        .with_recording(every("v", Targets::FirstOfEach(1), 1.0))
        .with_recording(Recording {
            statistics_ms: Some(10_000.0),
            ..every("statistics", cells(), 1.0)
        }))
}

/// A soma with the channels of Hodgkin and Huxley, and two passive dendrites.
fn cable_cell() -> anyhow::Result<CellTemplate> {
    let mut builder = MorphologyBuilder::new();
    let soma = builder.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0)?;
    for name in ["dend[0]", "dend[1]"] {
        builder.cylinder(name, SectionKind::Basal, Some((soma, 1.0)), 200.0, 2.0)?;
    }
    let morphology = builder.build()?.segmented(
        &Discretization::PerSection(vec![1, 3, 3]),
        &Cable::Uniform(CableProperties::default()),
        SegmentPoints::Exact,
    )?;
    let mut cell = CellTemplate::new(morphology)?;
    cell.insert("hh", &Region::Kinds(vec![SectionKind::Soma]), &[])?;
    cell.insert("pas", &Region::Kinds(vec![SectionKind::Basal]), &[("g", 1e-4)])?;
    Ok(cell)
}
