//! The same spikes and traces from any number of ranks: each network is run by all ranks together,
//! and by rank 0 alone. Also the network that NEURON simulated.
//!
//! Every rank of a job runs this program; without a launcher it is a job of one rank.

mod common;
mod sonata_case;

use std::path::Path;
use std::process::ExitCode;

use common::fields::{laminar, with_probes, with_stimulation};
use common::{background, connected, in_memory, into_files, model, populations, projection, stick};
use net_cell::Region;
use net_cell::morphology::SectionKind;
use net_core::{Distribution, Population, Projection, SynapseKind};
use net_io::network::NetworkTables;
use net_lfp::{
    Conductivity, Contacts, DipoleField, DipoleSource, FourSphereVolumeConductor, HeadFrame,
    RecExtElectrode, RecMeaElectrode, Sampling, TimeCourse, UserField,
};
use net_mpi::{Communicator, Mode, SpikeTime, run};
use net_nmodl::library::{BuildOptions, build, mod_files};
use net_sim::sonata::CircuitSimulation;
use net_sim::tables::{model_of_tables, settings_of_tables};
use net_sim::*;
use sha2::{Digest, Sha256};

fn main() -> ExitCode {
    run(Mode::Auto, |comm| -> Result<()> {
        load_mechanisms(comm)?;
        if comm.is_root() {
            common::junctions::two_cells_are_as_computed();
        }
        for threads in [1, 2] {
            let with_threads = in_memory(50.0, threads);
            check(comm, "a drawn network", &connected(5, [160, 40], 0.5), &with_threads)?;
            let balanced =
                RunOptions { partition: CellPartition::Balanced, ..with_threads.clone() };
            check(comm, "a balanced partition", &connected(5, [30, 10], 0.5), &balanced)?;
            let costs: Vec<f64> = (0..40).map(|gid| f64::from(gid % 7) + 0.5).collect();
            let partition = CellPartition::ByCost(costs.into());
            let by_cost = RunOptions { partition, ..with_threads.clone() };
            check(comm, "a partition by given costs", &connected(5, [30, 10], 0.5), &by_cost)?;
            check(comm, "the shortest delay", &connected(6, [20, 5], 0.025), &with_threads)?;
            check(comm, "two steps of delay", &connected(6, [20, 5], 0.05), &with_threads)?;
            check(comm, "more ranks than cells", &connected(7, [1, 1], 0.5), &with_threads)?;
            check(comm, "no cells", &connected(7, [0, 0], 0.5), &with_threads)?;
            check(comm, "no connections", &model(populations(8, [7, 2])), &with_threads)?;
            for min_delay_ms in [0.5, 0.025] {
                let mixed = common::points::mixed(9, min_delay_ms);
                check(comm, "point neurons and cable cells", &mixed, &with_threads)?;
            }
            let ring = common::junctions::ring(10);
            check(comm, "gap junctions", &ring, &with_threads)?;
            files(comm, threads)?;
            resumed(comm, threads)?;
            monitors(comm, threads)?;
            common::parameters::check(comm, threads)?;
            check(comm, "events of mechanisms", &of_mechanisms(9), &with_threads)?;
            let constructs = common::constructs::constructs(9);
            check(comm, "constructs of mechanisms", &constructs, &with_threads)?;
            replay(comm, threads)?;
            circuits(comm, threads)?;
            reports(comm, threads)?;
            fields(comm, threads)?;
            fields_of_ranks(comm, threads)?;
        }
        bad_fields(comm)
    })
}

/// Circuits with gap junctions between cells, with spontaneous release, with stimuli, and in fields.
fn circuits(comm: &Communicator, threads: usize) -> Result<()> {
    let circuits = models_of_circuits()?;
    for (variant, model, options) in &circuits.1 {
        let progress = Progress::Off;
        // Runs whose reports are sealed in files cannot take steps back.
        let (output, keep_in_memory) = (None, true);
        let of_circuit = options.clone();
        let options =
            RunOptions { threads: Some(threads), progress, output, keep_in_memory, ..of_circuit };
        check(comm, variant, model, &options)?;
    }
    Ok(())
}

/// Reports of all types.
fn reports(comm: &Communicator, threads: usize) -> Result<()> {
    let Some(folder) = sonata_case::reference() else { return Ok(()) };
    let Some(case) = sonata_case::Case::new(&folder, "nd-ringtest", &["hoc"]) else {
        return Ok(());
    };
    for variant in ["gj", "reports", "synreport", "lfp", "lfp by positions"] {
        let variant = match variant.split_once(" by ") {
            Some((variant, _)) => {
                let probe = case.configuration(variant).with_file_name("probe.csv");
                std::fs::write(probe, "x_um,y_um,z_um\n40,10,5\n0,-200,0\n").unwrap();
                for weights in ["lfp_3elec_ringA.h5", "lfp_2elec_ringA_cell0.h5"] {
                    let from = format!("\"electrodes_file\": \"{weights}\"");
                    case.replace(variant, &from, "\"electrode_positions\": \"probe.csv\"");
                }
                variant
            }
            None => variant,
        };
        let mut simulation = CircuitSimulation::load(&case.configuration(variant))?;
        simulation.describe(true)?;
        report_files(comm, &mut simulation, (variant, threads))?;
    }
    potentials(comm, threads)
}

/// Potentials at electrodes, in a small circuit of BMTK's flavor whose cells need no channels.
fn potentials(comm: &Communicator, threads: usize) -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/sonata/allen");
    let data = std::fs::canonicalize(data).unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    let read = |name: &str| std::fs::read_to_string(data.join(name)).unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let circuit = read("config.circuit.json").replace("$NET/components", &path(folder.path()));
    write("circuit.json", circuit.replace("${configdir}", &path(&data)));
    for name in ["cell.swc", "point.json"] {
        write(name, read(&format!("components/{name}")));
    }
    let leak = |section| {
        serde_json::json!({
            "section": section, "name": "g_pas", "value": "0.0003", "mechanism": "",
        })
    };
    let cell = serde_json::json!({
        "passive": [{"ra": 100, "e_pas": -70, "cm": [{"section": "soma", "cm": 1.0}]}],
        "genome": [leak("soma"), leak("dend")],
        "conditions": [{"celsius": 34, "v_init": -70, "erev": []}],
    });
    write("fit.json", cell.to_string());
    write("channels.csv", "channel x_pos y_pos z_pos\n0 10 0 5\n1 10 80 -5\n".to_owned());
    let config = serde_json::json!({
        "network": "circuit.json",
        "run": {"tstop": 30, "dt": 0.1, "dL": 10},
        "inputs": {
            "lgn": {"input_type": "spikes", "module": "sonata", "node_set": "lgn",
                "input_file": data.join("lgn_spikes.h5")},
            "clamp": {"input_type": "current_clamp", "module": "IClamp", "node_set": {"ei": "e"},
                "amp": 0.1, "delay": 10, "duration": 5},
        },
        "reports": {
            "v": {"module": "membrane_report", "cells": "all", "variable_name": "v",
                "sections": "all"},
            "parts": {"module": "membrane_report", "cells": "all", "variable_name": "v",
                "sections": ["soma", "axon"]},
            "ecp": {"module": "extracellular", "cells": "all",
                "electrode_positions": "channels.csv"},
        },
    });
    write("config.json", config.to_string());
    let mut simulation = CircuitSimulation::load(&folder.path().join("config.json"))?;
    simulation.describe(true)?;
    report_files(comm, &mut simulation, ("electrodes in a BMTK circuit", threads))
}

/// The bytes of all reports of a circuit, beside those of one rank.
fn report_files(
    comm: &Communicator,
    simulation: &mut CircuitSimulation,
    (variant, threads): (&str, usize),
) -> Result<()> {
    let process = comm.all_gather_v(&[u64::from(std::process::id())])?;
    let folder = std::env::temp_dir().join(format!("net-sim-reports-{}", process[0][0]));
    let mut write = |comm: &Communicator, name: &str, threads: usize| -> Result<()> {
        // Where reports are sealed follows from this, the same folder on all ranks.
        simulation.set_output(folder.join(name));
        let (threads, progress) = (Some(threads), Progress::Off);
        let options = RunOptions { threads, progress, ..simulation.options() };
        let outcome = Simulation::build(comm, &simulation.sim_init()?, &options)?.run()?;
        simulation.sonata_reports(comm, &outcome)
    };
    write(comm, "together", threads)?;
    if comm.is_root() {
        write(&Communicator::solo(), "alone", 1)?;
        let mut n_files = 0;
        for entry in std::fs::read_dir(folder.join("alone")).unwrap() {
            let name = entry.unwrap().file_name();
            let bytes = |of: &str| std::fs::read(folder.join(of).join(&name)).unwrap();
            assert!(bytes("together") == bytes("alone"), "{variant}: {name:?} differs");
            n_files += 1;
        }
        assert!(n_files > 0, "{variant}: no reports");
        std::fs::remove_dir_all(&folder).unwrap();
        println!("{variant}: {n_files} reports ... ok");
    }
    Ok(comm.barrier()?)
}

type OfCircuit = (&'static str, Model, RunOptions);

/// The files of these circuits, which models read, and the models, if the reference data are there.
fn models_of_circuits() -> Result<(Vec<sonata_case::Case>, Vec<OfCircuit>)> {
    let Some(folder) = sonata_case::reference() else { return Ok(Default::default()) };
    let case = || sonata_case::Case::new(&folder, "nd-ringtest", &["hoc"]);
    let (Some(case), Some(stochastic)) = (case(), case()) else { return Ok(Default::default()) };
    // Channels with streams of their own.
    stochastic.insert_stochastic_channels();
    let load = |(case, variant): (&sonata_case::Case, _)| {
        let mut simulation = CircuitSimulation::load(&case.configuration(variant))?;
        simulation.describe(true)?;
        let options = simulation.options();
        Ok((variant, simulation.sim_init()?, options))
    };
    let variants = [
        (&case, "gj"),
        (&case, "overrides"),
        (&case, "stims_conductance"),
        (&case, "efield"),
        (&stochastic, "stims_current"),
    ];
    let models = variants.into_iter().map(load).collect::<Result<_>>()?;
    Ok((vec![case, stochastic], models))
}

/// Compiles and loads the mechanisms that the tests of net-cell have; rank 0 compiles for all.
fn load_mechanisms(comm: &Communicator) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../net-cell/tests/mod");
    let build = || {
        let files = mod_files(&folder).unwrap();
        let cache = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("mechanisms"));
        let options = BuildOptions { cache, ..BuildOptions::default() };
        build(&files, &options).unwrap_or_else(|error| panic!("{error}")).path
    };
    if comm.is_root() {
        build();
    }
    comm.barrier()?;
    net_cell::mechanism::use_set("bbp").unwrap();
    net_cell::mechanism::load_library(&build()).unwrap();
    net_cell::mechanism::use_set("bbp").unwrap();
    common::constructs::set_tables().unwrap();
    Ok(())
}

/// Artificial cells with random streams drive each other and cells whose mechanisms send events to
/// themselves, watch the potential, learn, draw in every step, or release vesicles at random.
fn of_mechanisms(seed: u64) -> Model {
    let mut network = populations(seed, [30, 10]);
    network.add_population(Population::new("beat", 12, "beat")).unwrap();
    network.add_population(Population::new("leaky", 20, "leaky")).unwrap();
    network.add_population(Population::new("stim", 8, "stim")).unwrap();
    let synapse = |mechanism: &str| SynapseKind {
        mechanism: mechanism.into(),
        parameters: Default::default(),
    };
    for (pre, post, mechanism, weight) in [
        ("beat", "leaky", "Leaky", 0.4),
        ("leaky", "leaky", "Leaky", 0.1),
        ("leaky", "E", "PairSTDP", 0.002),
        ("E", "E", "PairSTDP", 0.001),
        ("E", "I", "Watcher", 1.0),
        ("I", "beat", "Beat", 1.0),
        ("stim", "E", "ProbAMPANMDA_EMS", 1.5),
        ("E", "I", "ProbAMPANMDA_EMS", 0.5),
        ("I", "E", "ProbGABAAB_EMS", 2.0),
        ("leaky", "I", "GluSynapse", 1.0),
        ("stim", "I", "tmgsyn", 0.01),
        ("beat", "I", "ExpSynSTDP", 0.001),
    ] {
        let weight = Distribution::Constant(weight);
        let multapses = Distribution::Constant(1.0);
        let synapse = synapse(mechanism);
        let projection = projection("E", post, 0.7);
        let (name, pre) = (format!("{pre}:{post}:{mechanism}"), pre.into());
        network
            .add_projection(Projection { name, pre, weight, multapses, synapse, ..projection })
            .unwrap();
    }
    let noisy = || {
        let mut cell = stick(3);
        cell.insert("gate", &Region::Kinds(vec![SectionKind::Soma]), &[("n", 5.0)]).unwrap();
        cell.insert("StochKv3", &Region::All, &[("gkbar", 0.002)]).unwrap();
        cell
    };
    let stim = [("interval", 4.0), ("noise", 1.0), ("start", 0.0), ("number", 1e9)];
    let beat = [("interval", 3.0), ("noise", 0.7), ("start", 1.0)];
    let open = |name: &str, population: &str, mechanism: &str, variable: &str| Recording {
        sample_type: SampleType::F64,
        ..Recording::new(
            name,
            Targets::Population(population.into()),
            Quantity::Variable { mechanism: mechanism.into(), variable: variable.into(), nth: 0 },
        )
    };
    Model::new(network)
        .with_cells("E", CellKind::shared(noisy()))
        .with_cells("I", CellKind::shared(noisy()))
        .with_cells("beat", CellKind::artificial("Beat", &beat).unwrap())
        .with_cells("stim", CellKind::artificial("NetStim", &stim).unwrap())
        .with_cells("leaky", CellKind::artificial("Leaky", &[("refrac", 1.5)]).unwrap())
        .with_input(background("E"))
        .with_recording(Recording::new("v", Targets::All, Quantity::Voltage))
        .with_recording(open("open", "E", "gate", "open"))
        .with_recording(open("noise", "I", "gate", "noise"))
        .with_recording(open("m", "leaky", "Leaky", "m"))
        .with_recording(open("channels", "E", "StochKv3", "gk"))
        .with_recording(Recording {
            interval_ms: Some(0.2),
            windows_ms: vec![(0.0, 13.0), (17.5, f64::INFINITY)],
            ..Recording::of_weights("pairs", Targets::FirstOfEach(9), "E:E:PairSTDP")
        })
        .with_recording(Recording {
            quantity: Quantity::Weight { argument: 1 },
            ..Recording::of_weights("traces", Targets::All, "beat:I:ExpSynSTDP")
        })
}

/// Spikes and traces of all ranks, on rank 0.
fn results(
    comm: &Communicator,
    model: &Model,
    options: &RunOptions,
) -> Result<Option<(Vec<SpikeTime>, Vec<Trace>)>> {
    gather(comm, Simulation::build(comm, model, options)?)
}

/// The same of a run in pieces of all lengths, after some steps that are taken back.
fn results_in_pieces(
    comm: &Communicator,
    model: &Model,
    options: &RunOptions,
) -> Result<Option<(Vec<SpikeTime>, Vec<Trace>)>> {
    let mut simulation = Simulation::build(comm, model, options)?;
    let dt_ms = options.settings.dt_ms;
    simulation.advance(148.0 * dt_ms)?;
    simulation.reset()?;
    for n_steps in [1.0, 0.0, 52.0, 20.0, 7.0, 200.0] {
        simulation.advance(n_steps * dt_ms)?;
    }
    gather(comm, simulation)
}

fn gather(
    comm: &Communicator,
    simulation: Simulation<'_>,
) -> Result<Option<(Vec<SpikeTime>, Vec<Trace>)>> {
    let outcome = simulation.run()?;
    let (spikes, traces) = (outcome.gather_spikes(comm)?, outcome.gather_traces(comm)?);
    Ok(spikes.zip(traces))
}

fn check(comm: &Communicator, name: &str, model: &Model, options: &RunOptions) -> Result<()> {
    let together = results(comm, model, options)?;
    let in_pieces = results_in_pieces(comm, model, options)?;
    if let Some((spikes, traces)) = together {
        let partition = CellPartition::RoundRobin;
        let by_one = RunOptions { threads: Some(1), partition, ..options.clone() };
        let alone = results(&Communicator::solo(), model, &by_one)?;
        let (expected_spikes, expected_traces) = alone.unwrap_or_default();
        assert!(spikes == expected_spikes, "{name}: spikes differ");
        assert!(traces == expected_traces, "{name}: traces differ");
        let (spikes_in_pieces, traces_in_pieces) = in_pieces.unwrap_or_default();
        assert!(spikes_in_pieces == spikes, "{name}: spikes in pieces differ");
        assert!(traces_in_pieces == traces, "{name}: traces in pieces differ");
        println!("{name}: {} spikes, {} traces ... ok", spikes.len(), traces.len());
    }
    Ok(comm.barrier()?)
}

/// Networks of all sorts are saved, given up, and resumed on other ranks and threads.
fn resumed(comm: &Communicator, threads: usize) -> Result<()> {
    let process = comm.all_gather_v(&[u64::from(std::process::id())])?;
    let folder = std::env::temp_dir().join(format!("net-sim-resumed-{}", process[0][0]));
    let fields = |model| with_stimulation(with_probes(model, Some(13)));
    let first = StepSettings::default();
    let second = StepSettings { second_order: true, ..first };
    for (name, model, settings) in [
        ("events of mechanisms", of_mechanisms(9), first),
        ("constructs of mechanisms", common::constructs::constructs(9), first),
        ("point neurons and cable cells", common::points::mixed(9, 0.5), first),
        ("fields and recordings", fields(recorded()), first),
        ("forks, electrodes and their fields", fields(forked()), first),
        ("the same, second order", fields(forked()), second),
    ] {
        common::resumed::check(comm, (name, &folder), (&model, settings), threads)?;
    }
    let circuits = models_of_circuits()?;
    for (variant, model, options) in &circuits.1 {
        let of_circuit = (model, options.settings);
        common::resumed::check(comm, (variant, &folder), of_circuit, threads)?;
    }
    Ok(())
}

/// Cells with forks, all different, with electrodes whose currents change, driven and connected.
fn forked() -> Model {
    let cell = |gid: u64| -> std::result::Result<net_cell::CellTemplate, BoxError> {
        use net_cell::morphology::*;
        let mut shape = MorphologyBuilder::new();
        let soma = shape.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0)?;
        let mut ends = vec![soma];
        for number in 0..3 + gid % 5 {
            let parent = ends[(number / 2) as usize];
            let length_um = 60.0 + 10.0 * ((gid + number) % 4) as f64;
            let name = format!("dend[{number}]");
            ends.push(shape.cylinder(
                &name,
                SectionKind::Basal,
                Some((parent, 1.0)),
                length_um,
                1.5,
            )?);
        }
        let cable = Cable::Uniform(CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 });
        let points = SegmentPoints::Exact;
        let shape =
            shape.build()?.segmented(&Discretization::FixedPerSection(3), &cable, points)?;
        let mut cell = net_cell::CellTemplate::new(shape)?;
        cell.insert("hh", &Region::Kinds(vec![SectionKind::Soma]), &[])?;
        cell.insert("pas", &Region::Kinds(vec![SectionKind::Basal]), &[("g", 1e-4)])?;
        let end = cell.n_segments() - 1;
        let clamp = [("delay", 9.5), ("dur", 11.0), ("amp", 0.3 + 0.01 * (gid % 7) as f64)];
        cell.insert_point("IClamp", end, &clamp)?;
        Ok(cell)
    };
    let clamp = Quantity::Variable { mechanism: "IClamp".into(), variable: "i".into(), nth: 0 };
    connected(5, [12, 9], 0.5)
        .with_cells("E", CellKind::per_cell(cell))
        .with_cells("I", CellKind::per_cell(cell))
        .with_recording(Recording {
            segments: Segments::All,
            instances: Instances::All,
            ..Recording::new("clamps", Targets::FirstOfEach(3), clamp)
        })
        .with_probe(ProbeRecording {
            name: Some("averages of electrodes".into()),
            interval_ms: Some(1.1),
            sampling: Sampling::Average,
            ..ProbeRecording::new(laminar(4))
        })
}

/// The bytes of all signals, by type, population and group, under stimulation, for two sizes of
/// chunks.
fn fields(comm: &Communicator, threads: usize) -> Result<()> {
    let process = comm.all_gather_v(&[u64::from(std::process::id())])?;
    let folder = std::env::temp_dir().join(format!("net-sim-fields-{}", process[0][0]));
    let hash = |name: &str| {
        let bytes = std::fs::read(folder.join(name).join("OUTPUT.h5")).unwrap();
        format!("{:x}", Sha256::digest(bytes))
    };
    for (number, chunk) in [None, Some(13)].into_iter().enumerate() {
        let model = with_stimulation(with_probes(connected(5, [20, 7], 0.5), chunk));
        let name = format!("{threads}-{number}");
        let options = into_files(50.01, threads, &folder.join(&name));
        Simulation::build(comm, &model, &options)?.run()?;
        if comm.is_root() {
            let model = with_stimulation(with_probes(connected(5, [20, 7], 0.5), None));
            let options = into_files(50.01, 1, &folder.join("alone"));
            let options = RunOptions {
                output: options.output.map(|output| Output { overwrite: true, ..output }),
                ..options
            };
            Simulation::build(&Communicator::solo(), &model, &options)?.run()?;
            assert_eq!(hash(&name), hash("alone"), "chunk {chunk:?}");
            println!("fields, chunk {chunk:?}: SHA-256 {} ... ok", hash(&name));
        }
        comm.barrier()?;
    }
    if comm.is_root() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    Ok(comm.barrier()?)
}

/// What one rank finds wrong with a probe or stimulation is the error of all ranks.
fn bad_fields(comm: &Communicator) -> Result<()> {
    let contacts = || Contacts::new(vec![[0.0, 0.0, 0.0]]).unwrap();
    let refused = |name: &str, change: &dyn Fn(Model) -> Model, words: &[&str]| {
        let model = change(connected(5, [9, 4], 0.5));
        let message = match Simulation::build(comm, &model, &in_memory(1.0, 2)) {
            Ok(_) => panic!("{name}: accepted"),
            Err(error) => error.to_string(),
        };
        for word in words {
            assert!(message.contains(word), "{name}: {word:?} is not in {message}");
        }
        if comm.is_root() {
            println!("{name}: {message} ... ok");
        }
    };
    let slice = RecMeaElectrode { thickness_um: 1.0, ..RecMeaElectrode::new(contacts()) };
    let probe =
        |probe: Box<dyn Fn() -> ProbeRecording>| move |model: Model| model.with_probe(probe());
    let outside = slice.clone();
    let change = probe(Box::new(move || ProbeRecording::new(outside.clone())));
    refused("a cell outside of the slice", &change, &["RecMEAElectrode0", "gid ", "slice"]);
    let off = RecMeaElectrode { z_shift_um: 10.0, ..slice };
    let change = probe(Box::new(move || ProbeRecording::new(off.clone())));
    refused("a contact outside of the slice", &change, &["contact 0", "slice from 10 to 11 um"]);
    let head = FourSphereVolumeConductor::new(vec![[0.0, 0.0, 90_000.0]]);
    let frame = HeadFrame { offset_um: [0.0, 0.0, 80_000.0], ..HeadFrame::default() };
    let eeg = DipoleField::new(head, DipoleSource::Cells, frame).unwrap();
    let change = probe(Box::new(move || ProbeRecording::new(eeg.clone())));
    refused("a dipole outside of the brain", &change, &["gid ", "outside the brain"]);
    for sigma in [0.0, -0.3] {
        let change = probe(Box::new(move || {
            let conductivity = Conductivity::Isotropic(sigma);
            ProbeRecording::new(RecExtElectrode { conductivity, ..laminar(2) })
        }));
        let found = format!("sigma is {sigma}");
        refused("conductivity", &change, &[&found, "positive"]);
    }
    let hole = |model: Model| {
        let potential = |[x, ..]: [f64; 3]| if x > 0.0 { f64::NAN } else { 0.0 };
        let step = TimeCourse::Step { start_ms: 0.0, amplitude: 1.0 };
        model.with_stimulation(Stimulation::new("hole", UserField(potential), step))
    };
    refused("a potential that is no number", &hole, &["'hole'", "gid ", "NaN"]);
    Ok(comm.barrier()?)
}

/// Signals that stay per rank add up to the whole.
fn fields_of_ranks(comm: &Communicator, threads: usize) -> Result<()> {
    let stays = |per_rank| ProbeRecording {
        name: Some(if per_rank { "of rank" } else { "of all" }.into()),
        by_population: true,
        per_rank,
        chunk_samples: Some(100),
        ..ProbeRecording::new(laminar(3))
    };
    let model = connected(5, [20, 7], 0.5).with_probe(stays(false)).with_probe(stays(true));
    let outcome = Simulation::build(comm, &model, &in_memory(20.0, threads))?.run()?;
    let find = |name: &str| outcome.signals.iter().find(|signal| signal.name == name);
    let own = find("of rank").expect("every rank has its own");
    assert_eq!(find("of all").is_some(), comm.is_root());
    for (field, (name, values)) in own.fields.iter().enumerate() {
        let Some(parts) = comm.gather_v(0, values)? else { continue };
        let whole = find("of all").map(|signal| &signal.fields[field].1);
        let whole = whole.expect("rank 0 has all");
        let largest = whole.iter().map(|value| value.abs()).fold(0.0, f64::max);
        assert!(largest > 0.0, "{name}");
        for (at, whole) in whole.iter().enumerate() {
            let sum: f64 = parts.iter().map(|part| part[at]).sum();
            assert!((sum - whole).abs() < 1e-12 * largest, "{name}: {sum} {whole}");
        }
    }
    if comm.is_root() {
        println!("fields of {} ranks ... ok", comm.size());
    }
    Ok(comm.barrier()?)
}

/// What monitors record of a connected network in pieces, chunks and periods; also if it is saved, given
/// up, and resumed on other ranks and threads, before and after a reset.
fn monitors(comm: &Communicator, threads: usize) -> Result<()> {
    let alone = match comm.is_root() {
        true => common::monitored::whole(&Communicator::solo(), 1)?,
        false => None,
    };
    let together = common::monitored::whole(comm, threads)?;
    assert!(alone == together, "monitors: recordings differ");
    let resumed = common::monitored::resumed(comm, threads)?;
    assert!(alone == resumed, "monitors: recordings differ after they were resumed");
    if let Some(together) = together {
        let n_spikes: usize = (0..together.n_chunks())
            .map(|chunk| together.spike_steps(chunk, "E").map_or(0, |cells| cells.concat().len()))
            .sum();
        assert_eq!(together.n_chunks(), 3);
        println!("monitors: 3 chunks, {n_spikes} spikes ... ok");
    }
    Ok(comm.barrier()?)
}

/// A network with spikes of some cells, samples in windows, statistics, sums over ranks.
fn recorded() -> Model {
    connected(5, [40, 5], 0.5)
        .with_spike_recording(SpikeRecording::new("all", Targets::All))
        .with_spike_recording(SpikeRecording {
            windows_ms: vec![(5.0, 15.0)],
            ..SpikeRecording::new(
                "some",
                Targets::Fraction { population: "E".into(), fraction: 0.3, seed: 1 },
            )
        })
        .with_recording(Recording {
            windows_ms: vec![(1.0, 2.5), (10.0, 20.0)],
            segments: Segments::All,
            ..Recording::new("windows", Targets::FirstOfEach(2), Quantity::Voltage)
        })
        .with_recording(Recording {
            statistics_ms: Some(7.0),
            ..Recording::of_projection("currents", Targets::Gids(vec![42]), ("E:I", "ExpSyn", "i"))
        })
        .with_recording(Recording {
            interval_ms: Some(5.0),
            sources: Targets::Slice { population: "E".into(), start: 0, stop: 40, step: 3 },
            ..Recording::of_weights("weights", Targets::All, "E:I")
        })
        .with_rate_recording(RateRecording::new("rate", Targets::All, 2.0))
}

/// Files of all ranks together, and of rank 0 alone, are the same to the last byte: spikes with their
/// rosters, samples in windows, statistics, sums over ranks, and the file for Neo in both dialects.
fn files(comm: &Communicator, threads: usize) -> Result<()> {
    let model = recorded();
    // Of this job alone: two may run at once.
    let process = comm.all_gather_v(&[u64::from(std::process::id())])?;
    let folder = std::env::temp_dir().join(format!("net-sim-ranks-{}", process[0][0]));
    for dialect in [Dialect::PerObject, Dialect::Multiplexed] {
        let into = |name: &str, threads: usize| {
            let mut options = common::into_files(25.0, threads, &folder.join(name));
            if let Some(output) = &mut options.output {
                output.overwrite = true;
                output.seal_interval_ms = Some(4.0);
                output.nio = Some(NioOutput { dialect, segment_ms: Some(10.0) });
                let id = "11111111-2222-4333-8444-555555555555".parse();
                output.identity = id.ok().map(|id| Identity {
                    id,
                    created: net_io::nix::UtcTime::from_unix_seconds(1_700_000_000),
                });
            }
            options
        };
        // Files of what was before a reset are not there any more.
        let together = into("together", threads);
        let mut together = Simulation::build(comm, &model, &together)?;
        together.advance(7.0)?;
        together.reset()?;
        together.run()?;
        if comm.is_root() {
            Simulation::build(&Communicator::solo(), &model, &into("alone", 1))?.run()?;
            for name in ["spikes.h5", "traces.h5", "results.nio", "synapse_connections.h5"] {
                let [together, alone] =
                    ["together", "alone"].map(|run| std::fs::read(folder.join(run).join(name)));
                let (together, alone) = (together.unwrap(), alone.unwrap());
                assert!(together == alone, "{name} differs, {dialect:?}");
            }
            println!("files for {dialect:?} ... ok");
        }
        comm.barrier()?;
    }
    if comm.is_root() {
        let _ = std::fs::remove_dir_all(folder);
    }
    Ok(comm.barrier()?)
}

/// All spikes of a network that NEURON simulated, at the same steps.
fn replay(comm: &Communicator, threads: usize) -> Result<()> {
    let Some(shared) = common::shared() else { return Ok(()) };
    let path = shared.join("reference/lfpy/network_ei.h5");
    let tables = comm.agree(NetworkTables::read(&path))?;
    let soma_v = Recording::new("soma_v", Targets::All, Quantity::Voltage);
    let model = model_of_tables(&path, &tables)?.with_recording(soma_v);
    let options = RunOptions {
        settings: settings_of_tables(&tables.parameters),
        ..in_memory(tables.parameters.tstop_ms, threads)
    };
    let Some((spikes, traces)) = results(comm, &model, &options)? else { return Ok(()) };
    let step = |time_ms: f64| (time_ms / tables.parameters.dt_ms).round() as u64;
    let mut steps: Vec<_> = spikes.iter().map(|spike| (step(spike.time_ms), spike.gid)).collect();
    steps.sort_unstable();
    let reference = tables.reference.spikes.iter().flatten();
    let mut expected: Vec<_> = reference.map(|&(gid, time_ms)| (step(time_ms), gid)).collect();
    expected.sort_unstable();
    assert_eq!(steps, expected);
    if let Some(soma_v) = &tables.reference.soma_v_mv {
        for (trace, reference) in traces.iter().zip(soma_v.outer_iter()) {
            let pairs = trace.values.iter().zip(reference);
            let largest = pairs.map(|(a, b)| (a - f64::from(*b)).abs()).fold(0.0, f64::max);
            assert!(largest <= 4e-6, "gid {}: {largest} mV", trace.gid);
        }
    }
    println!("NEURON's network: {} spikes at the same steps ... ok", steps.len());
    Ok(())
}
