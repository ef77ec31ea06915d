//! Models of unusual sizes, networks read back, and what is refused, in one process.

mod common;

use std::fs;
use std::path::Path;

use common::{connected, in_memory, into_files, model, populations, projection};
use net_core::*;
use net_mpi::Communicator;
use net_sim::*;
use sha2::{Digest, Sha256};

fn run(model: &Model, options: &RunOptions) -> Outcome {
    let comm = Communicator::solo();
    Simulation::build(&comm, model, options).unwrap().run().unwrap()
}

/// Runs a model, and returns the hashes of its files.
fn hashes(model: &Model, tstop_ms: f64, threads: usize, directory: &Path) -> Vec<String> {
    run(model, &into_files(tstop_ms, threads, directory));
    hashes_of(directory)
}

fn hashes_of(directory: &Path) -> Vec<String> {
    let files =
        ["spikes.h5", "traces.h5", "cell_positions_and_rotations.h5", "synapse_connections.h5"];
    let hash = |name| format!("{:x}", Sha256::digest(fs::read(directory.join(name)).unwrap()));
    files.into_iter().map(hash).collect()
}

#[test]
fn threads_change_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let model = connected(5, [40, 10], 0.5);
    let one = hashes(&model, 60.0, 1, &folder.path().join("one"));
    assert_eq!(one, hashes(&model, 60.0, 2, &folder.path().join("two")));
    assert_eq!(one, hashes(&model, 60.0, 7, &folder.path().join("seven")));
}

#[test]
fn pieces_leave_the_bytes_of_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let model = connected(5, [40, 10], 0.5);
    let one = hashes(&model, 60.0, 1, &folder.path().join("one"));
    let in_pieces = |directory: &Path, threads, tstop_ms| {
        let (comm, options) = (Communicator::solo(), into_files(tstop_ms, threads, directory));
        let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
        for duration_ms in [0.025, 7.3, 0.0, 0.5, 52.175] {
            simulation.advance(duration_ms).unwrap();
        }
        assert_eq!((simulation.step(), simulation.time_ms()), (2400, 60.0));
        let report = simulation.finish().unwrap().report;
        assert_eq!(report.n_steps, 2400);
        hashes_of(directory)
    };
    assert_eq!(one, in_pieces(&folder.path().join("pieces"), 1, 60.0));
    assert_eq!(one, in_pieces(&folder.path().join("threads"), 2, 60.0));
    // A run may go beyond what was planned, and end before.
    assert_eq!(one, in_pieces(&folder.path().join("beyond"), 1, 10.0));
    assert_eq!(one, in_pieces(&folder.path().join("before"), 2, 100.0));
}

#[test]
fn pieces_that_are_not_possible_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (comm, model) = (Communicator::solo(), connected(5, [4, 1], 0.5));
    let options = into_files(60.0, 1, folder.path());
    let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
    for duration_ms in [0.03, -1.0, f64::NAN, f64::INFINITY] {
        let message = simulation.advance(duration_ms).unwrap_err().to_string();
        assert_says(&message, &["duration of a piece", "whole number of time steps"]);
    }
    let message = simulation.reset().unwrap_err().to_string();
    assert_says(&message, &["cannot be reset", folder.path().to_str().unwrap()]);
    // All the same it goes on.
    simulation.advance(1.0).unwrap();
    assert_eq!(simulation.finish().unwrap().report.n_steps, 40);
}

/// The files of a run that goes back to its start are those of one in one go.
#[test]
fn files_of_a_run_that_is_set_back() {
    let folder = tempfile::tempdir().unwrap();
    let (comm, model) = (Communicator::solo(), connected(6, [30, 8], 0.5));
    let one = hashes(&model, 60.0, 1, &folder.path().join("one"));
    let directory = folder.path().join("set_back");
    let mut options = into_files(60.0, 2, &directory);
    options.output.as_mut().unwrap().overwrite = true;
    let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
    simulation.advance(31.0).unwrap();
    simulation.reset().unwrap();
    assert_eq!((simulation.step(), simulation.n_resets()), (0, 1));
    simulation.run().unwrap();
    assert_eq!(one, hashes_of(&directory));
}

#[test]
fn a_saved_network_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("drawn");
    let model = connected(6, [30, 8], 0.5);
    let drawn = hashes(&model, 60.0, 2, &saved);
    // The description of what is drawn is not used.
    let other = connected(6, [30, 8], 2.5).with_saved_network(&saved).unwrap();
    let rebuilt = hashes(&other, 60.0, 2, &folder.path().join("rebuilt"));
    assert_eq!(drawn, rebuilt);
    let error = connected(6, [31, 8], 0.5).with_saved_network(&saved).err().unwrap().to_string();
    assert!(error.contains("population 'E'") && error.contains("30 cells"), "{error}");
}

#[test]
fn spikes_and_samples_are_where_they_belong() {
    let folder = tempfile::tempdir().unwrap();
    let options = into_files(60.0, 2, folder.path());
    let outcome = run(&connected(5, [40, 10], 0.5), &options);
    let report = &outcome.report;
    assert_eq!(report.n_spikes, outcome.spikes.len() as u64);
    assert!(report.n_spikes > 20, "{report}");
    assert_eq!((report.n_cells, report.n_steps), (50, 2400));
    assert!(report.n_synapses > report.n_connections && report.n_connections > 300, "{report}");
    assert!(report.n_points < report.n_synapses, "linear synapses are shared: {report}");
    assert_eq!(report.min_delay_ms, Some(0.5));
    // From 1 ms to 60 ms every half ms, both ends; three cells of each population.
    let soma: Vec<_> = outcome.traces.iter().filter(|trace| trace.recording == 0).collect();
    assert_eq!(soma.iter().map(|trace| trace.gid).collect::<Vec<_>>(), [0, 1, 2, 40, 41, 42]);
    assert!(soma.iter().all(|trace| trace.values.len() == 119));
    // The membrane currents of a cell add up to what electrodes inject.
    let current: Vec<_> = outcome.traces.iter().filter(|trace| trace.recording == 1).collect();
    assert_eq!(current.len(), 6);
    for sample in 0..2401 {
        let sum: f64 = current.iter().map(|trace| trace.values[sample]).sum();
        assert!(sum.abs() < 1e-9, "{sum} nA at sample {sample}");
    }
    assert!(fs::exists(folder.path().join("report.json")).unwrap());
}

#[test]
fn every_epoch_length_gives_the_same_spikes() {
    // Recording every segment shortens the epochs.
    let model = connected(7, [30, 8], 2.0);
    let spikes = run(&model, &in_memory(50.0, 1)).spikes;
    assert!(!spikes.is_empty());
    let everything = Recording {
        segments: Segments::All,
        ..Recording::new("all", Targets::All, Quantity::Voltage)
    };
    let outcome = run(&model.with_recording(everything), &in_memory(50.0, 2));
    assert_eq!(outcome.spikes, spikes);
}

#[test]
fn unusual_sizes_work() {
    let folder = tempfile::tempdir().unwrap();
    for (name, sizes) in [("one", [1, 0]), ("none", [0, 0]), ("two", [1, 1])] {
        let outcome =
            run(&connected(1, sizes, 0.5), &into_files(20.0, 2, &folder.path().join(name)));
        assert_eq!(outcome.report.n_cells, sizes[0] + sizes[1]);
    }
    let unconnected = model(populations(1, [4, 2]));
    let outcome = run(&unconnected, &into_files(20.0, 3, &folder.path().join("unconnected")));
    assert_eq!(outcome.report.min_delay_ms, None);
    assert_eq!(outcome.report.epoch_steps, 40);
    // No step at all: the initial state is the only sample.
    let outcome = run(&unconnected, &into_files(0.0, 1, &folder.path().join("nothing")));
    assert_eq!((outcome.report.n_steps, outcome.report.n_spikes), (0, 0));
    let lengths: Vec<_> = outcome.traces.iter().map(|trace| trace.values.len()).collect();
    assert_eq!(lengths, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
}

#[test]
fn the_shortest_possible_delay_works() {
    let model = connected(3, [20, 5], 0.025);
    assert_eq!(run(&model, &in_memory(20.0, 2)).report.epoch_steps, 1);
    assert_eq!(run(&model, &in_memory(20.0, 2)).spikes, run(&model, &in_memory(20.0, 1)).spikes);
}

/// The message with which a model is refused.
fn refusal(model: &Model, change: impl FnOnce(&mut RunOptions)) -> String {
    let mut options = in_memory(10.0, 1);
    change(&mut options);
    let comm = Communicator::solo();
    match Simulation::build(&comm, model, &options) {
        Ok(_) => panic!("the model was accepted"),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn bad_models_are_refused_with_what_to_change() {
    let good = || connected(1, [4, 2], 0.5);
    let refused = |model: &Model| refusal(model, |_| ());

    let lacking =
        Model::new(populations(1, [2, 2])).with_cells("E", CellKind::shared(common::stick(1)));
    assert_says(&refused(&lacking), &["population 'I'", "kind 'I'", "known are: E"]);
    let input = Input { name: "x".into(), ..common::background("V1") };
    assert_says(
        &refused(&good().with_input(input)),
        &["input 'x'", "unknown population 'V1'", "E, I"],
    );
    assert_says(&refused(&good().with_input(common::background("E"))), &["background E", "once"]);
    let input = Input { name: "x".into(), delay_ms: -1.0, ..common::background("E") };
    assert_says(&refused(&good().with_input(input)), &["input 'x': delay_ms is -1"]);

    let recording = |targets, quantity| Recording::new("x", targets, quantity);
    let model = good().with_recording(recording(Targets::Gids(vec![6]), Quantity::Voltage));
    assert_says(&refused(&model), &["recording 'x'", "gid 6", "0..6"]);
    let gate = |mechanism: &str, variable: &str| Quantity::Variable {
        mechanism: mechanism.into(),
        variable: variable.into(),
        nth: 0,
    };
    let model = good().with_recording(recording(Targets::All, gate("hh", "q")));
    assert_says(&refused(&model), &["recording 'x'", "'hh'", "no variable 'q'"]);
    let in_dendrite = Recording {
        segments: Segments::Indices(vec![1]),
        ..recording(Targets::All, gate("hh", "m"))
    };
    assert_says(&refused(&good().with_recording(in_dendrite)), &["gid 0", "'hh'", "segment 1"]);
    let twice = Recording {
        segments: Segments::Indices(vec![0, 1, 0]),
        ..recording(Targets::All, Quantity::Voltage)
    };
    assert_says(
        &refused(&good().with_recording(twice)),
        &["recording 'x'", "segment is 0", "once"],
    );
    let odd = Recording { interval_ms: Some(0.03), ..recording(Targets::All, Quantity::Voltage) };
    assert_says(&refused(&good().with_recording(odd)), &["recording 'x': interval_ms is 0.03"]);

    let mut network = populations(1, [4, 2]);
    let mut other = projection("E", "I", 0.5);
    other.synapse.parameters.insert("tau3".into(), 1.0);
    network.add_projection(other).unwrap();
    assert_says(&refused(&common::model(network)), &["projection \"E:I\"", "'ExpSyn'", "'tau3'"]);
    let failing = good().with_cells(
        "I",
        CellKind::per_cell(|gid| match gid {
            5 => Err("the file is gone"),
            _ => Ok(common::stick(1)),
        }),
    );
    assert_says(&refused(&failing), &["gid 5", "population 'I'", "the file is gone"]);
}

#[test]
fn bad_options_are_refused() {
    let good = connected(1, [4, 2], 0.5);
    let message = refusal(&good, |options| options.tstop_ms = f64::NAN);
    assert_says(&message, &["tstop_ms is NaN"]);
    let message = refusal(&good, |options| options.settings.dt_ms = 0.0);
    assert_says(&message, &["dt is 0 ms"]);
    let message = refusal(&good, |options| options.threads = Some(0));
    assert_says(&message, &["threads is 0", "at least 1"]);
    let message = refusal(&good, |options| options.settings.dt_ms = 1.0);
    assert_says(&message, &["E:E", "below"]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let output = Output { directory: folder.path().join("file/out"), ..Output::default() };
    let message = refusal(&good, |options| options.output = Some(output));
    assert_says(&message, &["file/out", "not writable"]);
    run(&good, &into_files(1.0, 1, &folder.path().join("out")));
    let output = Output { directory: folder.path().join("out"), ..Output::default() };
    let message = refusal(&good, |options| options.output = Some(output.clone()));
    assert_says(&message, &["already holds a run"]);
    let again =
        RunOptions { output: Some(Output { overwrite: true, ..output }), ..in_memory(1.0, 1) };
    run(&good, &again);
}

#[test]
fn a_state_that_explodes_ends_the_run_and_keeps_what_was_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let explosion = Input {
        name: "explosion".into(),
        synapse: SynapseKind { mechanism: "ExpSyn".into(), parameters: Default::default() },
        delay_ms: 0.0,
        synapses: InputSynapses::Table(std::sync::Arc::new(InputTable::new(vec![InputRow {
            gid: 2,
            segment: 1,
            weight: f64::MAX,
            source: SpikeSource::Times(vec![15.0, 15.0]),
        }]))),
    };
    let model = connected(1, [4, 2], 0.5).with_input(explosion);
    let options = into_files(20.0, 2, folder.path());
    let comm = Communicator::solo();
    let error = Simulation::build(&comm, &model, &options).unwrap().run().unwrap_err().to_string();
    assert_says(&error, &["gid 2", "segment"]);
    let run = net_io::store::RunDirectory::open(folder.path()).unwrap();
    let sealed_until = run.coverage().unwrap().sealed_until();
    assert!((580..=600).contains(&sealed_until), "sealed until step {sealed_until}");
}

/// A cylinder 20 um long and wide.
fn one_segment() -> net_cell::CellTemplate {
    use net_cell::morphology::*;
    let mut builder = MorphologyBuilder::new();
    builder.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0).unwrap();
    let cable = Cable::Uniform(CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 });
    let (one, points) = (Discretization::FixedPerSection(1), SegmentPoints::Exact);
    let morphology = builder.build().unwrap().segmented(&one, &cable, points).unwrap();
    net_cell::CellTemplate::new(morphology).unwrap()
}

/// Three cells of one compartment with a leak and a synapse that has an event of 0.01 uS at 1 ms.
fn leaky() -> Model {
    let mut cell = one_segment();
    let leak = [("g", 1e-4), ("e", -70.0)];
    cell.insert("pas", &net_cell::Region::All, &leak).unwrap();
    let mut network = Network::new(1);
    network.add_population(Population::new("P", 3, "leaky")).unwrap();
    let source = SpikeSource::Times(vec![1.0]);
    let rows = (0..3).map(|gid| InputRow { gid, segment: 0, weight: 0.01, source: source.clone() });
    let variable = Quantity::Variable { mechanism: "ExpSyn".into(), variable: "g".into(), nth: 0 };
    let f64_of = |recording: Recording| Recording { sample_type: SampleType::F64, ..recording };
    Model::new(network)
        .with_cells("leaky", CellKind::shared(cell))
        .with_input(Input {
            name: "kick".into(),
            synapse: SynapseKind {
                mechanism: "ExpSyn".into(),
                parameters: [("tau".into(), 2.0), ("e".into(), -70.0)].into(),
            },
            delay_ms: 0.0,
            synapses: InputSynapses::Table(std::sync::Arc::new(InputTable::new(rows.collect()))),
        })
        .with_recording(f64_of(Recording::new("v", Targets::All, Quantity::Voltage)))
        .with_recording(f64_of(Recording::new("g", Targets::All, variable)))
}

/// The equations of NEURON's fixed step, with values that change between two steps.
#[test]
fn parameters_of_cells_change_between_two_steps() {
    let (comm, model) = (Communicator::solo(), leaky());
    let dt_ms = 0.1;
    let settings = StepSettings { dt_ms, v_init_mv: -70.0, ..StepSettings::default() };
    let options = RunOptions { settings, ..in_memory(6.0, 1) };
    let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
    let some = || Targets::Gids(vec![0, 2]);
    let set = |simulation: &mut Simulation<'_>, name: &str, value| {
        simulation.set_cell_parameter(&CellParameter::new(some(), name, value)).unwrap()
    };
    simulation.advance(2.0).unwrap();
    assert_eq!(set(&mut simulation, "pas.g", 3e-4), 2);
    assert_eq!(set(&mut simulation, "pas.e", -50.0), 2);
    assert_eq!(set(&mut simulation, "ExpSyn.tau", 0.7), 2);
    let refused = |simulation: &mut Simulation<'_>, parameter: CellParameter, parts: &[&str]| {
        let error = simulation.set_cell_parameter(&parameter).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{part:?} is not in {error}");
        }
    };
    let of_all = |name: &str, value| CellParameter::new(Targets::All, name, value);
    refused(&mut simulation, of_all("pas.gl", 1.0), &["'gl'", "pas", "g, e"]);
    refused(&mut simulation, of_all("no.g", 1.0), &["'no'", "hh"]);
    refused(&mut simulation, of_all("g", 1.0), &["''"]);
    refused(&mut simulation, of_all("ExpSyn.tau", -1.0), &["tau", "-1"]);
    refused(&mut simulation, of_all("hh.gnabar", 0.1), &["no instance of mechanism 'hh'", "All"]);
    let other = CellParameter::new(Targets::Population("Q".into()), "pas.g", 1.0);
    refused(&mut simulation, other, &["unknown population 'Q'"]);
    let beyond = net_cell::Region::Segments(vec![1]);
    refused(&mut simulation, CellParameter { region: beyond, ..of_all("pas.g", 1.0) }, &["1"]);
    let outcome = simulation.run().unwrap();
    let area_cm2 = std::f64::consts::PI * 20.0 * 20.0 * 1e-8;
    for gid in [0, 1] {
        let of = |recording: usize| {
            let mut traces = outcome.traces.iter();
            &traces.find(|t| t.recording == recording && t.gid == gid).unwrap().values
        };
        let (mut v_mv, mut g_us) = (-70.0, 0.0);
        for step in 0..60 {
            let (leak, e_mv, tau_ms) = match gid == 0 && step >= 20 {
                true => (3e-4, -50.0, 0.7),
                false => (1e-4, -70.0, 2.0),
            };
            if step == 10 {
                g_us += 0.01;
            }
            let g = g_us * 1e-6 / area_cm2;
            let c = 1e-3 / dt_ms;
            v_mv = (c * v_mv + leak * e_mv + g * -70.0) / (c + leak + g);
            g_us *= (-dt_ms / tau_ms).exp();
            assert!((of(0)[step + 1] - v_mv).abs() < 1e-9, "gid {gid}, v after step {step}");
            assert!((of(1)[step + 1] - g_us).abs() < 1e-12, "gid {gid}, g after step {step}");
        }
    }
}

/// What NEURON computes when parameters are set between two of its steps.
#[test]
fn parameters_of_cells_change_as_in_neuron() {
    let text = fs::read_to_string("tests/data/changed_parameters.json").unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    };
    let mut cell = one_segment();
    cell.insert("hh", &net_cell::Region::All, &[]).unwrap();
    let clamp = [("delay", 2.0), ("dur", 1e9), ("amp", 0.1)];
    cell.insert_point("IClamp", 0, &clamp).unwrap();
    let mut network = Network::new(1);
    network.add_population(Population::new("P", 1, "cell")).unwrap();
    let row = InputRow {
        gid: 0,
        segment: 0,
        weight: expected["weight"].as_f64().unwrap(),
        source: SpikeSource::Times(numbers(&expected["events_ms"])),
    };
    let variable = |mechanism: &str, variable: &str| Quantity::Variable {
        mechanism: mechanism.into(),
        variable: variable.into(),
        nth: 0,
    };
    let recording = |name: &str, quantity| Recording {
        sample_type: SampleType::F64,
        ..Recording::new(name, Targets::All, quantity)
    };
    let model = Model::new(network)
        .with_cells("cell", CellKind::shared(cell))
        .with_input(Input {
            name: "events".into(),
            synapse: SynapseKind {
                mechanism: "ExpSyn".into(),
                parameters: [("tau".into(), 2.0), ("e".into(), 0.0)].into(),
            },
            delay_ms: 0.0,
            synapses: InputSynapses::Table(std::sync::Arc::new(InputTable::new(vec![row]))),
        })
        .with_recording(recording("v", Quantity::Voltage))
        .with_recording(recording("m", variable("hh", "m")))
        .with_recording(recording("g", variable("ExpSyn", "g")));
    let dt_ms = expected["dt_ms"].as_f64().unwrap();
    let settings = StepSettings { dt_ms, v_init_mv: -65.0, ..StepSettings::default() };
    let options = RunOptions { settings, ..in_memory(60.0, 1) };
    let comm = Communicator::solo();
    let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
    for change in expected["changes"].as_array().unwrap() {
        let to_ms = change[0].as_f64().unwrap();
        simulation.advance(to_ms - simulation.time_ms()).unwrap();
        for (name, value) in change[1].as_object().unwrap() {
            let parameter = CellParameter::new(Targets::All, name, value.as_f64().unwrap());
            assert_eq!(simulation.set_cell_parameter(&parameter).unwrap(), 1);
        }
    }
    let outcome = simulation.run().unwrap();
    let every = expected["every"].as_u64().unwrap() as usize;
    for (at, name) in ["v", "m", "g"].into_iter().enumerate() {
        let trace = &outcome.traces.iter().find(|trace| trace.recording == at).unwrap().values;
        let expected = numbers(&expected["traces"][name]);
        let scale = expected.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
        assert_eq!(trace.iter().step_by(every).count(), expected.len());
        for (k, (found, expected)) in trace.iter().step_by(every).zip(&expected).enumerate() {
            let t_ms = (k * every) as f64 * dt_ms;
            assert!(
                (found - expected).abs() < 1e-9 * scale,
                "{name} at {t_ms} ms: {found} {expected}"
            );
        }
    }
}

#[test]
fn a_reset_gives_parameters_of_cells_back_unless_they_are_to_be_kept() {
    let (comm, model) = (Communicator::solo(), leaky());
    let options = in_memory(10.0, 1);
    let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
    let last = |simulation: &mut Simulation<'_>| {
        simulation.advance(5.0).unwrap();
        *simulation.samples("v").unwrap()[0].1.last().unwrap()
    };
    let usual = last(&mut simulation);
    simulation.set_cell_parameter(&CellParameter::new(Targets::All, "pas.e", -40.0)).unwrap();
    simulation.set_cell_parameter(&CellParameter::new(Targets::All, "pas.e", -60.0)).unwrap();
    simulation.reset_keeping_parameters().unwrap();
    let changed = last(&mut simulation);
    assert!((changed - usual).abs() > 1.0);
    simulation.reset_keeping_parameters().unwrap();
    assert_eq!(last(&mut simulation), changed);
    simulation.reset().unwrap();
    assert_eq!(last(&mut simulation), usual);
}

/// Segments and cells share vectors with others; what only those have is refused all the same.
#[test]
fn ions_of_others_are_no_own_ones() {
    let comm = Communicator::solo();
    let built = |section: &str| {
        let variable = IonVariable::Reversal;
        let quantity = Quantity::Ion { ion: "k".into(), variable };
        let recording = Recording {
            segments: Segments::Section(section.into()),
            ..Recording::new("ion", Targets::All, quantity)
        };
        let model = connected(5, [3, 3], 0.5).with_recording(recording);
        Simulation::build(&comm, &model, &in_memory(1.0, 1)).map(drop)
    };
    built("soma").unwrap();
    let error = built("dend[0]").unwrap_err().to_string();
    assert!(error.contains("recording 'ion'") && error.contains("ion 'k' is not kept"), "{error}");
}
