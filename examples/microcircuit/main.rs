//! The cortical microcircuit of Potjans and Diesmann (2014, Cereb. Cortex 24:785): the layers under 1 mm2
//! of early sensory cortex, with the parameters of the publication, scaled as NEST's example does it.
//!
//! ```sh
//! cargo run --release -p net-examples --example microcircuit -- --scale 0.1
//! ```

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use net_core::{ConnectionRule, Distribution, Network, Population, Projection};
use net_examples::{RunArgs, draw_activity, draws_pictures};
use net_mpi::Communicator;
use net_sim::{
    CellKind, Input, Model, PointNeuron, RateRecording, Simulation, SpikeSource, StepSettings,
    Targets, parse_arguments,
};

/// Eight populations of leaky integrate-and-fire neurons, in four layers, driven by Poisson input.
///
/// Of a smaller circuit, numbers of neurons and of synapses on a neuron are scaled alike; weights grow
/// and a constant current stands in for what is missing, so that means and variances of input stay.
#[derive(Parser, Debug)]
#[command(after_help = "\
Files in the output directory:
  spikes.h5                    spikes in SONATA's layout (ms)
  traces.h5                    rates of the populations (Hz)
  activity.png                 raster and rates
  report.json, run.json        how it went, and what was run")]
struct Options {
    /// Part of the full circuit of 77 169 neurons, up to 1
    #[arg(long, default_value_t = 0.1, value_name = "PART")]
    scale: f64,

    /// Duration in ms
    #[arg(long, default_value_t = 1000.0, value_name = "MS")]
    tstop: f64,

    /// Seed of everything that is drawn
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,

    /// Output directory
    #[arg(long, default_value = "out/microcircuit", value_name = "DIR")]
    out: PathBuf,

    /// Write no picture: nothing is kept in memory
    #[arg(long)]
    no_picture: bool,

    #[command(flatten)]
    run: RunArgs,
}

const DT_MS: f64 = 0.1;
const NAMES: [&str; 8] = ["L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I"];

/// Neurons, sources of external input of each, and mean rates of the full circuit in Hz.
const N: [f64; 8] = [20683.0, 5834.0, 21915.0, 5479.0, 4850.0, 1065.0, 14395.0, 2948.0];
const N_EXTERNAL: [f64; 8] = [1600.0, 1500.0, 2100.0, 1900.0, 2000.0, 1900.0, 2900.0, 2100.0];
const RATE_HZ: [f64; 8] = [0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829];
const EXTERNAL_HZ: f64 = 8.0;

/// Probabilities that two neurons are connected: a row a target, a column a source.
const P: [[f64; 8]; 8] = [
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
    [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
];

/// Membrane and synapses: capacitance in pF, time constants in ms.
const C_PF: f64 = 250.0;
const TAU_M_MS: f64 = 10.0;
const TAU_SYN_MS: f64 = 0.5;

/// Amplitude of an excitatory postsynaptic potential in mV, and the strength of inhibition.
const PSP_MV: f64 = 0.15;
const INHIBITION: f64 = -4.0;

fn main() -> ExitCode {
    let options: Options = parse_arguments();
    net_mpi::run(options.run.mode(), |comm| net_sim::exit_status(comm, simulate(comm, &options)))
}

fn simulate(comm: &Communicator, options: &Options) -> anyhow::Result<()> {
    anyhow::ensure!(0.0 < options.scale && options.scale <= 1.0, "--scale: expected up to 1");
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
        let title = format!("Microcircuit of {} neurons", model.network().n_cells());
        if let Some(picture) = draw_activity(comm, &model, &outcome, &run, &title, 6)? {
            println!("picture   {}", picture.display());
        }
    }
    Ok(())
}

/// Synapses between populations of the full circuit, autapses and multapses included.
fn n_synapses(target: usize, source: usize) -> f64 {
    (1.0 - P[target][source]).ln() / (1.0 - 1.0 / (N[target] * N[source])).ln()
}

/// Amplitude in pA of the postsynaptic current that has a potential of 1 mV.
fn pa_per_mv() -> f64 {
    let (m, s) = (TAU_M_MS, TAU_SYN_MS);
    let peak = (m / s).powf(-m / (m - s)) - (m / s).powf(-s / (m - s));
    C_PF * (s - m) / (s * m * peak)
}

/// Weight in pA of the full circuit.
fn weight(target: usize, source: usize) -> f64 {
    let excitation = PSP_MV * pa_per_mv();
    match (target, source) {
        // From layer 4 to layer 2/3, excitatory neurons act twice as strongly.
        (0, 2) => 2.0 * excitation,
        _ if source.is_multiple_of(2) => excitation,
        _ => INHIBITION * excitation,
    }
}

/// Mean current in pA that a neuron has less in a circuit of this scale.
fn missing_current(target: usize, scale: f64) -> f64 {
    let of_source = |source: usize| {
        weight(target, source) * n_synapses(target, source) / N[target] * RATE_HZ[source]
    };
    let internal: f64 = (0..8).map(of_source).sum();
    let external = PSP_MV * pa_per_mv() * N_EXTERNAL[target] * EXTERNAL_HZ;
    1e-3 * TAU_SYN_MS * (1.0 - scale.sqrt()) * (internal + external)
}

fn model(options: &Options) -> anyhow::Result<Model> {
    let scale = options.scale;
    let mut network = Network::new(options.seed);
    for (name, n) in NAMES.into_iter().zip(N) {
        network.add_population(Population::new(name, ((n * scale) as u64).max(1), name))?;
    }
    for (target, post) in NAMES.into_iter().enumerate() {
        for (source, pre) in NAMES.into_iter().enumerate() {
            let n_connections = (n_synapses(target, source) * scale * scale).round() as u64;
            if n_connections == 0 {
                continue;
            }
            let mean = weight(target, source) / scale.sqrt();
            let (delay_ms, port) = if pre.ends_with('E') { (1.5, "ex") } else { (0.75, "in") };
            network.add_projection(Projection {
                name: format!("{pre}:{post}"),
                rule: ConnectionRule::FixedTotalNumber { n_connections },
                weight: Distribution::Normal { mean, std: 0.1 * mean.abs() },
                min_weight: (mean > 0.0).then_some(0.0),
                delay: Distribution::Normal { mean: delay_ms, std: 0.5 * delay_ms },
                min_delay_ms: Some(DT_MS),
                allow_autapses: true,
                ..Projection::new(pre, post, port)
            })?;
        }
    }
    let mut model = Model::new(network);
    for (at, name) in NAMES.into_iter().enumerate() {
        let neuron = PointNeuron::new("iaf_psc_exp")?
            .with("E_L", -65.0)?
            .with("V_th", -50.0)?
            .with("V_reset", -65.0)?
            .with("C_m", C_PF)?
            .with("tau_m", TAU_M_MS)?
            .with("tau_syn_ex", TAU_SYN_MS)?
            .with("tau_syn_in", TAU_SYN_MS)?
            .with("t_ref", 2.0)?
            .with("I_e", missing_current(at, scale))?
            .with("V_m", Distribution::Normal { mean: -58.0, std: 5.0 })?;
        let rate_hz = EXTERNAL_HZ * N_EXTERNAL[at] * scale;
        let source = SpikeSource::Poisson { rate_hz, start_ms: 0.0, stop_ms: f64::INFINITY };
        let weight = PSP_MV * pa_per_mv() / scale.sqrt();
        let input = Input::drawn(&format!("external {name}"), name, "ex", 1, weight, source);
        let rates = RateRecording::new(name, Targets::Population(name.into()), 10.0);
        model = model
            .with_cells(name, CellKind::point(neuron))
            .with_input(Input { delay_ms: 1.5, ..input })
            .with_rate_recording(rates);
    }
    Ok(model)
}
