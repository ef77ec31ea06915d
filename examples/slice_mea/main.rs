//! A slice of cortex on a high-density electrode array: one contact stimulates, activity spreads,
//! all contacts listen.
//!
//! ```sh
//! cargo run --release -p net-examples --example slice_mea -- --out out/slice
//! mpirun -n 2 target/release/examples/slice_mea --contacts 64 --out out/slice
//! ```

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
};
use net_cell::{CellTemplate, Region};
use net_core::{
    ConnectionRule, DistanceKind, DistanceProfile, Distribution, Network, Placement, Population,
    Projection, SynapseKind, SynapsePlacement,
};
use net_examples::{RunArgs, draw_film, draws_pictures};
use net_lfp::{
    Contacts, Layout, Medium, RecMeaElectrode, Sampling, SourceModel, StimulatingElectrode,
    TimeCourse,
};
use net_mpi::Communicator;
use net_sim::{
    CellKind, Input, InputSynapses, Model, ProbeRecording, Simulation, SpikeSource, StepSettings,
    Stimulation, parse_arguments,
};

/// A slice of cortex on a high-density electrode array.
///
/// Pyramidal cells with their somata in one layer, and interneurons below, lie in a slice of 300 um
/// between the glass of a square array and saline. A current from one contact makes cells near it
/// fire, and activity spreads along the layer. Potentials at all contacts are computed by the
/// method of images.
#[derive(Parser, Debug)]
#[command(after_help = "\
Files in the output directory:
  OUTPUT.h5    potentials at all contacts (mV), each the mean over the time between samples
  slice.png    maps of the potential, the spikes, and the potential at one contact
  spikes.h5, cell_positions_and_rotations.h5, report.json, run.json

On two ranks:  mpirun -n 2 slice_mea --contacts 64 --out out/slice")]
struct Options {
    /// Number of cells, four fifths of them pyramidal
    #[arg(long, default_value_t = 400, value_name = "N")]
    cells: u64,

    /// Contacts along each side of the array, which is 960 um wide
    #[arg(long, default_value_t = 32, value_name = "N")]
    contacts: usize,

    /// Current of the stimulating contact in uA; negative first, then positive, 0.2 ms each
    #[arg(long, default_value_t = 12.0, value_name = "UA")]
    current: f64,

    /// Duration in ms
    #[arg(long, default_value_t = 30.0, value_name = "MS")]
    tstop: f64,

    /// Time step in ms
    #[arg(long, default_value_t = 0.025, value_name = "MS")]
    dt: f64,

    /// Time between samples of the potentials in ms, a whole number of steps
    #[arg(long, default_value_t = 0.25, value_name = "MS")]
    interval: f64,

    /// Seed of everything that is drawn
    #[arg(long, default_value_t = 7, value_name = "NUMBER")]
    seed: u64,

    /// Output directory
    #[arg(long, default_value = "out/slice_mea", value_name = "DIR")]
    out: PathBuf,

    /// Draw no pictures; then memory does not grow with the duration
    #[arg(long)]
    no_pictures: bool,

    #[command(flatten)]
    run: RunArgs,
}

/// Side of the array and thickness of the slice.
const SIDE_UM: f64 = 960.0;
const THICKNESS_UM: f64 = 300.0;
/// Where the stimulating contact is: at the left end of the layer of somata.
const STIMULATED_UM: [f64; 3] = [-360.0, -250.0, 0.0];
/// When it stimulates.
const STIMULUS_MS: f64 = 5.0;

fn main() -> ExitCode {
    let options: Options = parse_arguments();
    net_mpi::run(options.run.mode(), |comm| net_sim::exit_status(comm, simulate(comm, &options)))
}

fn simulate(comm: &Communicator, options: &Options) -> anyhow::Result<()> {
    let model = with_array(model(options)?, options)?;
    let settings = StepSettings { dt_ms: options.dt, ..StepSettings::default() };
    let mut run = options.run.options(options.tstop, settings, Some(&options.out), false);
    // For the picture.
    run.keep_in_memory = !options.no_pictures;
    let outcome = Simulation::build(comm, &model, &run)?.run()?;
    if comm.is_root() {
        println!("{}", outcome.report);
        println!("files     {}", options.out.display());
    }
    if !draws_pictures(comm, !options.no_pictures, options.tstop) {
        return Ok(());
    }
    let title = format!("{} cells in a slice on an array, seed {}", options.cells, options.seed);
    let pitch_um = SIDE_UM / options.contacts as f64;
    let marks = [[STIMULATED_UM[0], STIMULATED_UM[1]]];
    let film =
        draw_film(comm, &model, &outcome, &run, (options.contacts, pitch_um), &marks, &title);
    if let Some(picture) = film? {
        println!("picture   {}", picture.display());
    }
    Ok(())
}

/// The network in the slice.
fn model(options: &Options) -> anyhow::Result<Model> {
    let mut network = Network::new(options.seed);
    let n_inhibitory = options.cells / 5;
    // Somata not nearer to the glass and the saline than their dendrites' and their own radius.
    let layer = |bottom_um: f64, top_um: f64| Placement::UniformBox {
        lower_um: [-430.0, bottom_um, 30.0],
        upper_um: [430.0, top_um, THICKNESS_UM - 30.0],
    };
    let populations = [
        ("pyramidal", options.cells - n_inhibitory, layer(-300.0, -180.0)),
        ("interneurons", n_inhibitory, layer(-380.0, -150.0)),
    ];
    for (name, size, placement) in populations {
        network.add_population(Population::new(name, size, name).placed(placement))?;
    }
    for pre in ["pyramidal", "interneurons"] {
        for post in ["pyramidal", "interneurons"] {
            network.add_projection(projection(pre, post))?;
        }
    }
    let background = |population: &str| Input {
        name: format!("background {population}"),
        synapse: synapse(EXCITATORY),
        delay_ms: 1.0,
        synapses: InputSynapses::Drawn {
            population: population.to_owned(),
            n_per_cell: 20,
            placement: SynapsePlacement::default(),
            weight: Distribution::Constant(0.0008),
            source: SpikeSource::Poisson { rate_hz: 10.0, start_ms: 0.0, stop_ms: f64::INFINITY },
        },
    };
    Ok(Model::new(network)
        .with_cells("pyramidal", CellKind::shared(pyramidal_cell()?))
        .with_cells("interneurons", CellKind::shared(interneuron()?))
        .with_input(background("pyramidal"))
        .with_input(background("interneurons")))
}

/// Adds the array, one of whose contacts stimulates.
fn with_array(model: Model, options: &Options) -> anyhow::Result<Model> {
    let n = options.contacts;
    anyhow::ensure!(n > 0, "--contacts is 0, expected at least one contact along each side");
    let array =
        Layout::SquareMea { n_contacts: [n, n], pitch_um: SIDE_UM / n as f64, center_um: [0.0; 3] };
    let electrode = RecMeaElectrode {
        thickness_um: THICKNESS_UM,
        source: SourceModel::LineSource,
        ..RecMeaElectrode::new(array.contacts()?)
    };
    let listening = ProbeRecording {
        by_population: true,
        interval_ms: Some(options.interval),
        sampling: Sampling::Average,
        ..ProbeRecording::new(electrode)
    };
    // On glass: all current goes into the upper half of space.
    let stimulating = StimulatingElectrode {
        currents_na: vec![-1e3 * options.current],
        medium: Medium::SemiInfinite,
        ..StimulatingElectrode::new(Contacts::new(vec![STIMULATED_UM])?)
    };
    let pulse = TimeCourse::BiphasicTrain {
        start_ms: STIMULUS_MS,
        width_ms: 0.2,
        gap_ms: 0.0,
        interval_ms: 1.0,
        n_pulses: 1,
        amplitude: 1.0,
    };
    Ok(model.with_probe(listening).with_stimulation(Stimulation::new(
        "contact",
        stimulating,
        pulse,
    )))
}

/// Time constants in ms and reversal potentials in mV.
const EXCITATORY: [(&str, f64); 3] = [("tau1", 0.2), ("tau2", 2.0), ("e", 0.0)];
const INHIBITORY: [(&str, f64); 3] = [("tau1", 0.3), ("tau2", 8.0), ("e", -75.0)];

fn synapse(parameters: [(&str, f64); 3]) -> SynapseKind {
    let parameters = parameters.iter().map(|&(name, value)| (name.to_owned(), value)).collect();
    SynapseKind { mechanism: "Exp2Syn".to_owned(), parameters }
}

/// Cells project to their neighbors.
fn projection(pre: &str, post: &str) -> Projection {
    let is_exc = pre == "pyramidal";
    let (parameters, weight, sigma_um) = match is_exc {
        true => (EXCITATORY, 0.0022, 90.0),
        false => (INHIBITORY, 0.004, 130.0),
    };
    Projection {
        name: format!("{pre}:{post}"),
        pre: pre.to_owned(),
        post: post.to_owned(),
        rule: ConnectionRule::DistanceDependent {
            profile: DistanceProfile::Gaussian { peak: 0.5, sigma_um },
            distance: DistanceKind::default(),
        },
        multapses: Distribution::Constant(3.0),
        weight: Distribution::Normal { mean: weight, std: 0.1 * weight },
        min_weight: Some(0.0),
        delay: Distribution::Uniform { low: 0.8, high: 1.6 },
        min_delay_ms: None,
        synapse: synapse(parameters),
        placement: SynapsePlacement::default(),
        allow_autapses: false,
    }
}

/// A soma in the origin with dendrites in the plane of the slice: an apical one upwards that forks,
/// and basal ones. Points are x, y, z and diameter in um.
fn pyramidal_cell() -> anyhow::Result<CellTemplate> {
    let mut shape = MorphologyBuilder::new();
    let soma = [[0.0, -9.0, 0.0, 18.0], [0.0, 9.0, 0.0, 18.0]];
    let soma = shape.points("soma", SectionKind::Soma, None, &soma)?;
    let trunk = [[0.0, 9.0, 0.0, 3.0], [0.0, 340.0, 0.0, 2.0]];
    let trunk = shape.points("apic[0]", SectionKind::Apical, Some((soma, 1.0)), &trunk)?;
    for (index, x) in [(1, -90.0), (2, 90.0)] {
        let tuft = [[0.0, 340.0, 0.0, 1.4], [x, 480.0, 0.0, 1.0]];
        let name = format!("apic[{index}]");
        shape.points(&name, SectionKind::Apical, Some((trunk, 1.0)), &tuft)?;
    }
    for (index, [x, y]) in [[-120.0, -70.0], [120.0, -70.0], [0.0, -140.0]].iter().enumerate() {
        let basal = [[0.0, -9.0, 0.0, 1.6], [*x, *y, 0.0, 1.0]];
        shape.points(&format!("dend[{index}]"), SectionKind::Basal, Some((soma, 0.0)), &basal)?;
    }
    let segments = vec![1, 9, 5, 5, 3, 3, 3];
    excitable(shape, segments)
}

/// A soma with four dendrites in the plane of the slice.
fn interneuron() -> anyhow::Result<CellTemplate> {
    let mut shape = MorphologyBuilder::new();
    let soma = [[0.0, -6.0, 0.0, 12.0], [0.0, 6.0, 0.0, 12.0]];
    let soma = shape.points("soma", SectionKind::Soma, None, &soma)?;
    let ways = [[-90.0, 40.0], [90.0, 40.0], [-60.0, -70.0], [60.0, -70.0]];
    for (index, [x, y]) in ways.iter().enumerate() {
        let dendrite = [[0.0, 0.0, 0.0, 1.5], [*x, *y, 0.0, 1.0]];
        shape.points(
            &format!("dend[{index}]"),
            SectionKind::Basal,
            Some((soma, 0.5)),
            &dendrite,
        )?;
    }
    excitable(shape, vec![1, 3, 3, 3, 3])
}

/// Channels in the soma, a leak in the dendrites.
fn excitable(shape: MorphologyBuilder, segments: Vec<usize>) -> anyhow::Result<CellTemplate> {
    let cable = CableProperties { ra_ohm_cm: 120.0, cm_uf_cm2: 1.0 };
    let morphology = shape.build()?.segmented(
        &Discretization::PerSection(segments),
        &Cable::Uniform(cable),
        SegmentPoints::Exact,
    )?;
    let soma = vec![SectionKind::Soma];
    let mut cell = CellTemplate::new(morphology)?;
    cell.insert("hh", &Region::Kinds(soma.clone()), &[])?;
    cell.insert("pas", &Region::AllBut(soma), &[("g", 0.0001), ("e", -65.0)])?;
    Ok(cell)
}
