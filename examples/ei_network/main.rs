//! The two-population network of LFPy's network example: ball-and-stick cells, excitatory and
//! inhibitory, each with its own Poisson input, connected at random.
//!
//! ```sh
//! cargo run --release -p net-examples --example ei_network -- --cells 200 --tstop 200
//! mpirun -n 2 target/release/examples/ei_network --cells 200 --tstop 200 --out out/ei
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
};
use net_cell::{CellTemplate, Region};
use net_core::{
    ConnectionRule, DepthTerm, Distribution, Network, Placement, Population, Projection,
    RandomSites, Rotation, SynapseKind, SynapsePlacement,
};
use net_examples::{RunArgs, draw_activity, draw_fields, draws_pictures};
use net_lfp::{
    Conductivity, Contacts, CurrentDipoleMoment, DipoleField, DipoleSource,
    FourSphereVolumeConductor, HeadFrame, Layout, MagneticQuantity, RecExtElectrode, Sampling,
    SourceModel, SphericallySymmetricVolCondMeg,
};
use net_mpi::Communicator;
use net_sim::{
    CellKind, Input, InputSynapses, Model, ProbeRecording, Quantity, Recording, Simulation,
    SpikeSource, StepSettings, Targets, parse_arguments,
};

/// An excitatory and an inhibitory population of ball-and-stick cells with Hodgkin-Huxley somata.
///
/// Every cell has 64 synapses that Poisson processes drive; cells are connected at random, with
/// several synapses a connection, normal weights and truncated normal delays. Four fifths of the
/// cells are excitatory. The same seed gives the same network and the same spikes on any number of
/// ranks and threads.
#[derive(Parser, Debug)]
#[command(after_help = "\
Files in the output directory:
  cell_positions_and_rotations.h5  where the cells are (um, rad), a table a population
  synapse_connections.h5           all synapses, a table a projection
  spikes.h5                        spikes in SONATA's layout (ms)
  traces.h5                        somatic potentials of the first cells of each population (mV)
  OUTPUT.h5, fields.png            with --lfp: potentials at a laminar electrode, dipole and EEG;
                                   with --meg: EEG and MEG of single cells' dipoles in a sulcus
  activity.png                     raster, rates and potentials
  report.json, run.json            how it went, and what was run

With an electrode of your own (docs/probes.md, Contacts):
  echo '{\"neuropixels\": {\"n_contacts\": 96, \"first_um\": [16, 0, -300]}}' > shank.json
  ei_network --lfp --electrode shank.json

On two ranks:  mpirun -n 2 ei_network --cells 200 --out out/ei")]
struct Options {
    /// Number of cells
    #[arg(long, default_value_t = 50, value_name = "N")]
    cells: u64,

    /// Duration in ms
    #[arg(long, default_value_t = 200.0, value_name = "MS")]
    tstop: f64,

    /// Time step in ms
    #[arg(long, default_value_t = 0.0625, value_name = "MS")]
    dt: f64,

    /// Seed of everything that is drawn
    #[arg(long, default_value_t = 4321, value_name = "NUMBER")]
    seed: u64,

    /// Probability that an excitatory cell projects to a cell [default: as many sources as a network of 50 cells has with 0.15]
    #[arg(long, value_name = "P")]
    p_exc: Option<f64>,

    /// Probability that an inhibitory cell projects to a cell [default: as many sources as a network of 50 cells has with 0.3]
    #[arg(long, value_name = "P")]
    p_inh: Option<f64>,

    /// Mean weight of excitatory synapses in uS
    #[arg(long, default_value_t = 0.002, value_name = "US")]
    weight_exc: f64,

    /// Mean weight of inhibitory synapses in uS
    #[arg(long, default_value_t = 0.01, value_name = "US")]
    weight_inh: f64,

    /// Mean delay in ms; delays are normal, 0.3 ms or more
    #[arg(long, default_value_t = 1.5, value_name = "MS")]
    delay: f64,

    /// Rate of each of the 64 Poisson inputs of a cell, in events a second
    #[arg(long, default_value_t = 25.0, value_name = "HZ")]
    input_rate: f64,

    /// Weight of the Poisson inputs in uS
    #[arg(long, default_value_t = 0.0012, value_name = "US")]
    input_weight: f64,

    /// Radius of the disc in which the somata lie, in um
    #[arg(long, default_value_t = 100.0, value_name = "UM")]
    radius: f64,

    /// Cells of each population whose somatic potential is recorded
    #[arg(long, default_value_t = 3, value_name = "N")]
    traces: u64,

    /// Record fields, with the contribution of each population: the potentials at 16 contacts of a laminar electrode, the current dipole moment, and the EEG at the scalp
    #[arg(long)]
    lfp: bool,

    /// Time between samples of the fields in ms, each the mean over that time [default: a step]
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    lfp_interval: Option<f64>,

    /// With --lfp: record at the contacts of FILE instead of the laminar electrode's, a table in CSV or JSON, or a layout by name
    #[arg(long, value_name = "FILE", requires = "lfp")]
    electrode: Option<PathBuf>,

    /// With --lfp: also record EEG and MEG from a dipole a cell, with the network in the wall of a sulcus
    #[arg(long, requires = "lfp")]
    meg: bool,

    /// Interpolate the rates of Hodgkin-Huxley channels in tables, as NEURON does
    #[arg(long)]
    tables: bool,

    /// Output directory
    #[arg(long, default_value = "out/ei_network", value_name = "DIR")]
    out: PathBuf,

    /// Draw no pictures; then memory does not grow with the duration
    #[arg(long)]
    no_pictures: bool,

    /// Do not write the table of all synapses
    #[arg(long)]
    no_connections: bool,

    /// Place cells and synapses as an earlier run saved them in DIR, instead of drawing them
    #[arg(long, value_name = "DIR")]
    network_from: Option<PathBuf>,

    #[command(flatten)]
    run: RunArgs,
}

fn main() -> ExitCode {
    let options: Options = parse_arguments();
    net_mpi::run(options.run.mode(), |comm| net_sim::exit_status(comm, simulate(comm, &options)))
}

fn simulate(comm: &Communicator, options: &Options) -> anyhow::Result<()> {
    let mut model = model(options)?;
    if let Some(folder) = &options.network_from {
        model = comm.agree(model.with_saved_network(folder))?;
    }
    let contacts = match options.lfp {
        true => Some(comm.agree(contacts(options))?),
        false => None,
    };
    if let Some(contacts) = &contacts {
        model = with_fields(model, contacts.clone(), options)?;
    }
    let settings =
        StepSettings { dt_ms: options.dt, tables: options.tables, ..StepSettings::default() };
    let connections = !options.no_connections;
    let mut run = options.run.options(options.tstop, settings, Some(&options.out), connections);
    // For the pictures.
    run.keep_in_memory = !options.no_pictures;

    let outcome = Simulation::build(comm, &model, &run)?.run()?;
    if comm.is_root() {
        println!("{}", outcome.report);
        println!("files     {}", options.out.display());
    }
    if !draws_pictures(comm, !options.no_pictures, options.tstop) {
        return Ok(());
    }
    let title = format!("{} ball-and-stick cells, seed {}", options.cells, options.seed);
    let picture = draw_activity(comm, &model, &outcome, &run, &title, 6)?;
    if let Some(picture) = picture {
        println!("picture   {}", picture.display());
    }
    if let Some(contacts) = contacts {
        let depths_um: Vec<f64> = contacts.positions_um().iter().map(|[_, _, z]| *z).collect();
        let nearest = nearest_to_somata(&contacts);
        let heading = format!(
            "potential at the contact nearest to the somata, z = {} um (uV)",
            depths_um[nearest]
        );
        let panels = [
            (LFP, nearest, heading.as_str(), 1e3),
            (EEG, 0, "EEG above the network (nV)", 1e6),
            // The z component at the fourth sensor; there is no panel without the probe.
            (MEG, 11, "with the network in a sulcus: MEG 15 degrees beside it, upward (aT)", 1e15),
        ];
        let lfp = (LFP, &depths_um[..]);
        let picture = draw_fields(comm, &model, &outcome, &run, lfp, &panels, &title)?;
        if let Some(picture) = picture {
            println!("fields    {}", picture.display());
        }
    }
    Ok(())
}

/// Names of the probes.
const LFP: &str = "RecExtElectrode0";
const EEG: &str = "FourSphereVolumeConductor0";
const MEG: &str = "SphericallySymmetricVolCondMEG0";

/// The laminar electrode, from below the somata to above the dendrites.
const LAMINAR: Layout = Layout::Linear {
    n_contacts: 16,
    spacing_um: 100.0,
    first_um: [0.0, 0.0, -250.0],
    direction: [0.0, 0.0, 1.0],
};

/// The contacts of the user's electrode, or of the laminar one in the middle of the network.
fn contacts(options: &Options) -> anyhow::Result<Contacts> {
    if let Some(path) = &options.electrode {
        return Contacts::read(path).context("--electrode");
    }
    Ok(LAMINAR.contacts()?)
}

/// The contact nearest to the middle of the somata, the origin; of two the one above.
fn nearest_to_somata(contacts: &Contacts) -> usize {
    let distance = |[x, y, z]: &[f64; 3]| x * x + y * y + z * z;
    let positions = contacts.positions_um().iter().enumerate();
    let nearest = positions
        .min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)).then(b[2].total_cmp(&a[2])));
    nearest.map_or(0, |(contact, _)| contact)
}

/// Adds the electrode, the dipole moment, and the EEG of the network below the top of a head.
fn with_fields(model: Model, contacts: Contacts, options: &Options) -> anyhow::Result<Model> {
    let electrode = RecExtElectrode {
        contacts,
        conductivity: Conductivity::Isotropic(0.3),
        source: SourceModel::LineSource,
    };
    // Dendrites point to the surface of the brain; electrodes from the top of the scalp sidewards.
    let angles = [0.0_f64, 15.0, 30.0, 45.0].map(f64::to_radians);
    let scalp = angles.map(|angle| [90_000.0 * angle.sin(), 0.0, 90_000.0 * angle.cos()]);
    let head = FourSphereVolumeConductor::new(scalp.to_vec());
    let at = DipoleSource::At([0.0, 0.0, 78_000.0]);
    let eeg = DipoleField::new(head, at, HeadFrame::default())?;
    let recorded = |probe: ProbeRecording| ProbeRecording {
        by_population: true,
        interval_ms: options.lfp_interval,
        sampling: Sampling::Average,
        ..probe
    };
    let model = model
        .with_probe(recorded(ProbeRecording::new(electrode)))
        .with_probe(recorded(ProbeRecording::new(CurrentDipoleMoment)))
        .with_probe(recorded(ProbeRecording::new(eeg)));
    if !options.meg {
        return Ok(model);
    }
    let (eeg, meg) = fields_of_sulcus()?;
    Ok(model
        .with_probe(recorded(ProbeRecording::new(eeg)))
        .with_probe(recorded(ProbeRecording::new(meg))))
}

type Eeg = DipoleField<FourSphereVolumeConductor>;
type Meg = DipoleField<SphericallySymmetricVolCondMeg>;

/// EEG and MEG of a dipole a cell, with the network in the wall of a sulcus: its dendrites point along
/// x of the head, since dipoles that point to the scalp make no magnetic field outside of a sphere.
fn fields_of_sulcus() -> anyhow::Result<(Eeg, Meg)> {
    let frame = HeadFrame {
        rotation: [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]],
        offset_um: [0.0, 0.0, 78_000.0],
    };
    // Potentials are largest before and behind a dipole, the magnetic field beside it.
    let angles = [-30.0_f64, -15.0, 0.0, 15.0, 30.0].map(f64::to_radians);
    let scalp = angles.map(|angle| [90_000.0 * angle.sin(), 0.0, 90_000.0 * angle.cos()]);
    let sensors = angles.map(|angle| [0.0, 110_000.0 * angle.sin(), 110_000.0 * angle.cos()]);
    let head = FourSphereVolumeConductor::new(scalp.to_vec());
    let sphere = SphericallySymmetricVolCondMeg {
        sensors_um: sensors.to_vec(),
        quantity: MagneticQuantity::FluxDensity,
    };
    let cells = DipoleSource::Cells;
    Ok((DipoleField::new(head, cells, frame)?, DipoleField::new(sphere, cells, frame)?))
}

/// The network with its cells, inputs and recordings.
fn model(options: &Options) -> anyhow::Result<Model> {
    let mut network = Network::new(options.seed);
    let n_inh = options.cells / 5;
    for (name, size) in [("E", options.cells - n_inh), ("I", n_inh)] {
        network.add_population(
            Population::new(name, size, "ball_and_stick")
                .placed(Placement::Disc {
                    radius_um: options.radius,
                    loc_um: 0.0,
                    scale_um: 20.0,
                    cap_um: None,
                })
                .rotated(Rotation::RandomZ { x_rad: 0.0, y_rad: 0.0 }),
        )?;
    }
    for pre in ["E", "I"] {
        for post in ["E", "I"] {
            network.add_projection(projection(pre, post, options))?;
        }
    }
    let mut model =
        Model::new(network).with_cells("ball_and_stick", CellKind::shared(ball_and_stick()?));
    for population in ["E", "I"] {
        model = model.with_input(Input {
            name: format!("background {population}"),
            synapse: synapse("Exp2Syn", EXCITATORY),
            delay_ms: 1.0,
            synapses: InputSynapses::Drawn {
                population: population.to_owned(),
                n_per_cell: 64,
                placement: SynapsePlacement::default(),
                weight: Distribution::Constant(options.input_weight),
                source: SpikeSource::Poisson {
                    rate_hz: options.input_rate,
                    start_ms: 0.0,
                    stop_ms: f64::INFINITY,
                },
            },
        });
    }
    let recorded = Targets::FirstOfEach(options.traces);
    Ok(model.with_recording(Recording::new("soma_v", recorded, Quantity::Voltage)))
}

/// Time constants in ms and reversal potentials in mV.
const EXCITATORY: [(&str, f64); 3] = [("tau1", 0.2), ("tau2", 1.8), ("e", 0.0)];
const INHIBITORY: [(&str, f64); 3] = [("tau1", 0.1), ("tau2", 9.0), ("e", -80.0)];

fn synapse(mechanism: &str, parameters: [(&str, f64); 3]) -> SynapseKind {
    let parameters: BTreeMap<_, _> =
        parameters.iter().map(|&(name, value)| (name.to_owned(), value)).collect();
    SynapseKind { mechanism: mechanism.to_owned(), parameters }
}

fn projection(pre: &str, post: &str, options: &Options) -> Projection {
    let is_exc = pre == "E";
    let (parameters, weight, given, usual) = match is_exc {
        true => (EXCITATORY, options.weight_exc, options.p_exc, 0.15),
        false => (INHIBITORY, options.weight_inh, options.p_inh, 0.3),
    };
    // So many sources as in a network of 50 cells: the rates stay the same in larger ones.
    let probability = given.unwrap_or(usual * (50.0 / options.cells as f64).min(1.0));
    let truncated = |mean: f64, std: f64, lower: f64, upper: Option<f64>| {
        Distribution::TruncatedNormal { mean, std, lower: Some(lower), upper }
    };
    let multapses = match is_exc {
        true => truncated(2.0, 0.5, 1.0, Some(10.0)),
        false => truncated(5.0, 1.0, 1.0, Some(10.0)),
    };
    let depth = |mean: f64, weight: f64| DepthTerm {
        law: Distribution::Normal { mean, std: 100.0 },
        weight,
    };
    Projection {
        name: format!("{pre}:{post}"),
        pre: pre.to_owned(),
        post: post.to_owned(),
        rule: ConnectionRule::FixedProbability { probability },
        multapses: Distribution::PdfAtIntegers(Box::new(multapses)),
        weight: Distribution::Normal { mean: weight, std: 0.1 * weight.abs() },
        min_weight: Some(0.0),
        delay: truncated(options.delay, 0.3, 0.3, None),
        min_delay_ms: None,
        synapse: synapse("Exp2Syn", parameters),
        placement: SynapsePlacement::Random(RandomSites {
            sections: vec!["soma".to_owned(), "apic".to_owned()],
            depth: match is_exc {
                true => vec![depth(0.0, 0.5), depth(500.0, 1.0)],
                false => vec![depth(0.0, 1.0), depth(100.0, 0.5)],
            },
            ..RandomSites::default()
        }),
        allow_autapses: false,
    }
}

/// A soma with Hodgkin-Huxley channels, and a passive dendrite of 1 mm upwards.
fn ball_and_stick() -> anyhow::Result<CellTemplate> {
    let mut builder = MorphologyBuilder::new();
    let soma = [[0.0, 0.0, -15.0, 30.0], [0.0, 0.0, 15.0, 30.0]];
    let dendrite = [[0.0, 0.0, 15.0, 3.0], [0.0, 0.0, 1015.0, 3.0]];
    let parent = builder.points("soma[0]", SectionKind::Soma, None, &soma)?;
    builder.points("apic[0]", SectionKind::Apical, Some((parent, 1.0)), &dendrite)?;
    let morphology = builder.build()?.segmented(
        &Discretization::PerSection(vec![1, 21]),
        &Cable::Uniform(CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 }),
        SegmentPoints::Exact,
    )?;
    let mut cell = CellTemplate::new(morphology)?;
    cell.insert("hh", &Region::Kinds(vec![SectionKind::Soma]), &[])?;
    let dendrites = Region::Kinds(vec![SectionKind::Apical]);
    cell.insert("pas", &dendrites, &[("g", 0.0002), ("e", -65.0)])?;
    Ok(cell)
}
