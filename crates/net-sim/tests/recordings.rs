//! Every kind of recording, of every choice of cells: what is recorded, when and where, and that
//! files are the same from any number of threads.

mod common;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use common::{connected, in_memory, into_files, stick};
use net_cell::CellTemplate;
use net_core::Gid;
use net_io::merge::RunReader;
use net_io::store::{Column, Direction, Ranges, RunDirectory, Spike};
use net_sim::*;

const DT_MS: f64 = 0.025;

/// A cell with calcium whose concentration follows a current that nobody computes here: it stays,
/// and with an electrode.
fn clamped() -> CellTemplate {
    let mut cell = stick(5);
    let soma = cell.morphology().segment_at(0, 0.5);
    let parameters = [("delay", 2.0), ("dur", 3.0), ("amp", 0.4)];
    cell.insert_point("IClamp", soma, &parameters).unwrap();
    cell
}

fn model() -> Model {
    connected(5, [20, 6], 0.5)
        .with_cells("E", CellKind::shared(clamped()))
        .with_group("chosen", Targets::Gids(vec![21, 3, 8]))
}

fn variable(mechanism: &str, variable: &str) -> Quantity {
    Quantity::Variable { mechanism: mechanism.into(), variable: variable.into(), nth: 0 }
}

fn run(model: &Model, tstop_ms: f64) -> Outcome {
    let comm = net_mpi::Communicator::solo();
    let options = in_memory(tstop_ms, 2);
    Simulation::build(&comm, model, &options).unwrap().run().unwrap()
}

/// The gids of a recording in its order.
fn gids(outcome: &Outcome, recording: usize) -> Vec<Gid> {
    outcome.traces.iter().filter(|t| t.recording == recording).map(|t| t.gid).collect()
}

#[test]
fn targets_choose_cells() {
    let v = |name: &str, targets| Recording::new(name, targets, Quantity::Voltage);
    let slice = |start, stop, step| Targets::Slice { population: "I".into(), start, stop, step };
    let fraction = |seed| Targets::Fraction { population: "E".into(), fraction: 0.3, seed };
    let model = Model::new(model().network().clone())
        .with_cells("E", CellKind::shared(stick(2)))
        .with_cells("I", CellKind::shared(stick(2)))
        .with_group("chosen", Targets::Gids(vec![21, 3, 8]))
        .with_recording(v("slice", slice(1, 6, 2)))
        .with_recording(v("range", slice(0, 2, 1)))
        .with_recording(v("fraction", fraction(1)))
        .with_recording(v("same", fraction(1)))
        .with_recording(v("other", fraction(2)))
        .with_recording(v("group", Targets::Group("chosen".into())));
    let outcome = run(&model, 0.1);
    assert_eq!(gids(&outcome, 0), [21, 23, 25]);
    assert_eq!(gids(&outcome, 1), [20, 21]);
    let [one, same, other] = [2, 3, 4].map(|recording| gids(&outcome, recording));
    assert!(one.len() == 6 && one == same && one != other, "{one:?} {other:?}");
    assert_eq!(gids(&outcome, 5), [3, 8, 21]);
}

#[test]
fn places_synapses_and_electrodes_are_recorded() {
    let everywhere = Segments::Locations(vec![("dend[0]".into(), 0.5), ("soma".into(), 0.5)]);
    let model = model()
        .with_recording(Recording {
            segments: everywhere,
            ..Recording::new("places", Targets::Gids(vec![4]), Quantity::Voltage)
        })
        .with_recording(Recording {
            segments: Segments::Section("dend[0]".into()),
            ..Recording::new("section", Targets::Gids(vec![4]), Quantity::Voltage)
        })
        .with_recording(Recording::new(
            "clamp",
            Targets::Population("E".into()),
            variable("IClamp", "i"),
        ))
        .with_recording(Recording::new(
            "ek",
            Targets::Gids(vec![4]),
            Quantity::Ion { ion: "k".into(), variable: IonVariable::Reversal },
        ))
        .with_recording(Recording::of_projection(
            "excitation",
            Targets::All,
            ("E:I", "ExpSyn", "g"),
        ))
        .with_recording(Recording::of_projection(
            "inhibition",
            Targets::All,
            ("I:I", "ExpSyn", "i"),
        ));
    let outcome = run(&model, 20.0);
    let of = |recording: usize| {
        outcome.traces.iter().filter(move |t| t.recording == recording + 2).collect::<Vec<_>>()
    };
    assert_eq!(of(0).iter().map(|t| t.segment).collect::<Vec<_>>(), [3, 0]);
    assert_eq!(of(1).iter().map(|t| t.segment).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(of(0)[0].values, of(1)[2].values);
    for trace in of(2) {
        // An output at t was computed in the step before t, at the middle of it.
        for (step, &i) in trace.values.iter().enumerate().skip(1) {
            let t_ms = (step as f64 - 0.5) * DT_MS;
            assert_eq!(i, if (2.0..5.0).contains(&t_ms) { 0.4 } else { 0.0 }, "step {step}");
        }
    }
    assert!(of(3)[0].values.iter().all(|&ek| ek == -77.0));
    let (excitation, inhibition) = (of(4), of(5));
    assert!(!excitation.is_empty() && excitation.iter().all(|t| t.gid >= 20));
    assert!(excitation.iter().any(|t| t.values.iter().any(|&g| g > 0.0)));
    assert!(inhibition.iter().any(|t| t.values.iter().any(|&i| i != 0.0)));
    // Both kinds stand on some segments, where they have numbers of their own.
    let place = |t: &&Trace| (t.gid, t.segment, t.label);
    assert!(excitation.iter().all(|t| !inhibition.iter().any(|o| place(o) == place(t))));
}

#[test]
fn statistics_are_those_of_the_samples() {
    let samples = Recording::new("v", Targets::Gids(vec![2, 22]), Quantity::Voltage);
    let windows_ms = vec![(1.0, 4.0), (6.0, f64::INFINITY)];
    let samples = Recording { windows_ms, sample_type: SampleType::F64, ..samples };
    let statistics =
        Recording { name: "statistics".into(), statistics_ms: Some(5.0), ..samples.clone() };
    let outcome = run(&model().with_recording(samples).with_recording(statistics), 10.0);
    let of = |recording, gid| {
        outcome.traces.iter().filter(move |t| t.recording == recording && t.gid == gid)
    };
    for gid in [2, 22] {
        let v = &of(2, gid).next().unwrap().values;
        // Steps 40..160 and 240..=400.
        assert_eq!(v.len(), 120 + 161);
        let found: Vec<f64> = of(3, gid).map(|t| t.values[1]).collect();
        let mean = v.iter().sum::<f64>() / v.len() as f64;
        let variance = v.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / v.len() as f64;
        let minimum = v.iter().copied().fold(f64::INFINITY, f64::min);
        let maximum = v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let expected = [v.len() as f64, mean, variance, minimum, maximum];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{found} {expected}");
        }
        assert_eq!(of(3, gid).next().unwrap().values[0], 120.0);
    }
}

/// All kinds of recordings into files.
fn recorded() -> Model {
    model()
        .with_spike_recording(SpikeRecording::new("all", Targets::All))
        .with_spike_recording(SpikeRecording {
            windows_ms: vec![(5.0, 15.0), (20.0, 30.0)],
            ..SpikeRecording::new("chosen", Targets::Group("chosen".into()))
        })
        .with_recording(Recording {
            windows_ms: vec![(1.0, 2.5), (10.0, 20.0)],
            interval_ms: Some(0.1),
            ..Recording::new("windows", Targets::All, Quantity::Voltage)
        })
        .with_recording(Recording {
            statistics_ms: Some(7.0),
            ..Recording::of_projection("currents", Targets::All, ("E:I", "ExpSyn", "i"))
        })
        .with_recording(Recording::new("clamp", Targets::Gids(vec![1]), variable("IClamp", "i")))
        .with_rate_recording(RateRecording::new("rate", Targets::All, 2.0))
        .with_rate_recording(RateRecording {
            unit: RateUnit::Count,
            start_ms: 3.0,
            ..RateRecording::new("count", Targets::Population("E".into()), 5.0)
        })
}

fn files(directory: &Path) -> [Vec<u8>; 2] {
    [RunDirectory::SPIKES, RunDirectory::TRACES].map(|name| fs::read(directory.join(name)).unwrap())
}

#[test]
fn files_tell_what_was_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("out");
    let comm = net_mpi::Communicator::solo();
    let options = into_files(40.0, 2, &directory);
    let outcome = Simulation::build(&comm, &recorded(), &options).unwrap().run().unwrap();
    let reader = RunReader::open(&RunDirectory::open(&directory).unwrap()).unwrap();

    let spikes_of = |recorder: usize| {
        let mut found = Vec::new();
        for population in 0..2 {
            let take = |spikes: &[Spike]| {
                found.extend(spikes.iter().map(|spike| (spike.step, spike.gid)));
                Ok(())
            };
            reader.recorded_spikes(recorder, population, 0..2000, take).unwrap();
        }
        found.sort_unstable();
        found
    };
    let expected: Vec<_> = outcome.spikes.iter().map(|spike| (spike.step, spike.gid)).collect();
    assert!(expected.len() > 50);
    assert_eq!(spikes_of(0), expected);
    let windows: Ranges = [200..600, 800..1200].into_iter().collect();
    let is_chosen = |(step, gid): &(u64, u64)| windows.contains(*step) && [3, 8, 21].contains(gid);
    let chosen: Vec<_> = expected.iter().copied().filter(is_chosen).collect();
    assert_eq!(spikes_of(1), chosen);
    assert_eq!(reader.spike_recorders()[1].roster.n(), 3);

    let named = |name| reader.signal(reader.signal_named(name).unwrap()).unwrap();
    let signal = named("windows");
    assert_eq!(signal.n_samples(), 15 + 100);
    assert_eq!((signal.step_of(0), signal.step_of(15)), (40, 400));
    assert_eq!(signal.place(0).unwrap().section, "soma");
    let values: Vec<f32> = signal.read(0..26, 0..115).unwrap();
    let kept = outcome.traces.iter().filter(|t| t.recording == 2);
    let kept: Vec<f32> = kept.flat_map(|t| t.values.iter().map(|&v| v as f32)).collect();
    let mut rows: Vec<&[f32]> = values.chunks(115).collect();
    let mut kept: Vec<&[f32]> = kept.chunks(115).collect();
    rows.sort_by(|a, b| a.partial_cmp(b).unwrap());
    kept.sort_by(|a, b| a.partial_cmp(b).unwrap());
    assert_eq!(rows, kept);

    let currents = named("currents");
    assert_eq!(currents.signal().labels[1], "mean");
    assert_eq!(currents.signal().recording_kind.as_deref(), Some("synapse"));
    let clamp = named("clamp").signal().device();
    assert_eq!((clamp.kind.as_str(), clamp.direction), ("current_clamp", Direction::Stimulate));

    for (name, interval, start, n_cells, unit) in
        [("rate", 80, 0, 26, 1000.0 / 2.0 / 26.0), ("count", 200, 120, 20, 1.0)]
    {
        let rate = named(name);
        assert_eq!(rate.columns(), [Column { gid: Column::NO_CELL, segment: 0, label: 0 }]);
        let values: Vec<f64> = rate.read(0..1, 0..rate.n_samples()).unwrap();
        assert_eq!(values.len() as u64, (1600 - start) / interval);
        for (sample, value) in values.iter().enumerate() {
            let end = rate.step_of(sample);
            let in_bin =
                |(step, gid): &&(u64, u64)| (end - interval..end).contains(step) && *gid < n_cells;
            let n = expected.iter().filter(in_bin).count() as f64;
            assert!((value - n * unit).abs() < 1e-12, "{name} {sample}: {value}");
        }
    }
}

#[test]
fn files_do_not_depend_on_threads_chunks_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let comm = net_mpi::Communicator::solo();
    let mut expected = None;
    for (number, (threads, seal_ms, stops)) in
        [(1, None, vec![]), (2, Some(0.5), vec![]), (3, Some(13.0), vec![0.0, 3.0, 0.025, 17.3])]
            .into_iter()
            .enumerate()
    {
        let directory = folder.path().join(number.to_string());
        let mut options = into_files(40.0, threads, &directory);
        options.output.as_mut().unwrap().seal_interval_ms = seal_ms;
        let model = recorded();
        let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
        for piece_ms in stops {
            simulation.advance(piece_ms).unwrap();
        }
        simulation.run().unwrap();
        let found = files(&directory);
        assert!(&found == expected.get_or_insert(found.clone()), "{threads} threads");
    }
}

#[test]
fn recordings_are_paused_and_resumed_while_a_model_runs() {
    let folder = tempfile::tempdir().unwrap();
    let comm = net_mpi::Communicator::solo();
    let v = Recording::new("v", Targets::Gids(vec![2]), Quantity::Voltage);
    let [windows, dynamic] = ["windows", "dynamic"].map(|name| folder.path().join(name));
    let spikes = SpikeRecording::new("some", Targets::All);
    let declared = model()
        .with_recording(Recording { windows_ms: vec![(0.0, 5.0), (8.0, 12.0)], ..v.clone() })
        .with_spike_recording(SpikeRecording {
            windows_ms: vec![(10.0, f64::INFINITY)],
            ..spikes.clone()
        });
    let options = into_files(20.0, 1, &windows);
    Simulation::build(&comm, &declared, &options).unwrap().run().unwrap();

    let options = into_files(20.0, 2, &dynamic);
    let model = model().with_recording(v).with_spike_recording(spikes);
    let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
    simulation.pause_recording("v").unwrap();
    simulation.pause_recording("some").unwrap();
    simulation.resume_recording("v").unwrap();
    simulation.resume_recording("v").unwrap();
    simulation.advance(5.0).unwrap();
    assert_eq!(simulation.samples("v").unwrap()[0].1.len(), 200);
    simulation.pause_recording("v").unwrap();
    simulation.pause_recording("v").unwrap();
    simulation.advance(3.0).unwrap();
    simulation.seal().unwrap();
    let reader = RunReader::open(&RunDirectory::open(&dynamic).unwrap()).unwrap();
    assert_eq!((reader.end_step(), reader.finished()), (320, false));
    simulation.resume_recording("v").unwrap();
    simulation.advance(2.0).unwrap();
    simulation.resume_recording("some").unwrap();
    simulation.advance(2.0).unwrap();
    simulation.pause_recording("v").unwrap();
    let unknown = simulation.pause_recording("w").unwrap_err().to_string();
    assert!(
        unknown.contains("'w'") && unknown.contains("soma_v, i_membrane, v, some"),
        "{unknown}"
    );
    simulation.run().unwrap();
    assert!(files(&windows) == files(&dynamic));
}

/// Recordings of point neurons in windows, with offsets, are those samples of a whole recording; it
/// does not matter whether windows are declared, or opened and closed while a model runs and is
/// resumed.
#[test]
fn recordings_of_point_neurons_have_windows() {
    let folder = tempfile::tempdir().unwrap();
    let comm = net_mpi::Communicator::solo();
    let conductance = |name: &str| variable("Izhikevich2007NoisyBase", name);
    let recordings = |windows_ms: &[(f64, f64)]| {
        let of = |name: &str, quantity| Recording {
            sample_type: SampleType::F64,
            interval_ms: Some(0.2),
            start_ms: 0.1,
            windows_ms: windows_ms.to_vec(),
            ..Recording::new(
                name,
                Targets::Slice { population: "E".into(), start: 3, stop: 60, step: 4 },
                quantity,
            )
        };
        [
            of("potential", conductance("v")),
            of("after", conductance("g_ampa")),
            of("before", conductance("g_ampa_delivered")),
        ]
    };
    let model = |windows_ms: &[(f64, f64)]| {
        recordings(windows_ms)
            .into_iter()
            .fold(common::points::mixed(9, 0.5), Model::with_recording)
    };
    let n_before = common::points::mixed(9, 0.5).recordings().len();
    let of = |outcome: &Outcome| -> Vec<Vec<f64>> {
        let own = outcome.traces.iter().filter(|trace| trace.recording >= n_before);
        own.map(|trace| trace.values.clone()).collect()
    };
    let windows_ms = [(0.0, 3.1), (8.3, 12.025), (17.7, f64::INFINITY)];
    let all = of(&run(&model(&[]), 20.0));
    let is_open = |sample: usize| {
        let t_ms = 0.1 + 0.2 * sample as f64;
        windows_ms.iter().any(|&(start, stop)| start - 1e-9 < t_ms && t_ms < stop - 1e-9)
    };
    let expected: Vec<Vec<f64>> = (all.iter())
        .map(|values| {
            let open = values.iter().enumerate().filter(|(sample, _)| is_open(*sample));
            open.map(|(_, value)| *value).collect()
        })
        .collect();
    assert!(all.len() == 3 * 15 && expected[0].len() == 15 + 19 + 12, "{}", expected[0].len());
    assert!(all[15..30] != all[30..], "nothing arrived");
    let whole = folder.path().join("whole");
    let declared = model(&windows_ms);
    let options = into_files(20.0, 2, &whole);
    let declared = Simulation::build(&comm, &declared, &options).unwrap().run().unwrap();
    assert_eq!(of(&declared), expected);

    let parted = folder.path().join("parted");
    let options = RunOptions { tstop_ms: 20.0, ..saved(&parted) };
    let model = model(&[]);
    let names = ["potential", "after", "before"];
    let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
    for (until_ms, opens) in [(3.1, false), (8.3, true), (12.025, false), (17.7, true)] {
        simulation.advance(until_ms - simulation.time_ms()).unwrap();
        // It is given up when windows are opened, and opens them when it is resumed.
        if opens {
            simulation.checkpoint().unwrap();
            simulation.advance(0.2).unwrap();
            drop(simulation);
            simulation = Simulation::build(&comm, &model, &options).unwrap();
            assert!((simulation.time_ms() - until_ms).abs() < 1e-9);
        }
        for name in names {
            match opens {
                true => simulation.resume_recording(name).unwrap(),
                false => simulation.pause_recording(name).unwrap(),
            }
        }
    }
    assert_eq!(of(&simulation.run().unwrap()), expected);
    assert!(files(&whole) == files(&parted));
}

#[test]
fn what_cannot_be_recorded_is_told_before_the_run() {
    let refused = |recording: Recording, words: &[&str]| {
        let comm = net_mpi::Communicator::solo();
        let model = model().with_recording(recording);
        let options = in_memory(1.0, 1);
        let error = Simulation::build(&comm, &model, &options).err().unwrap().to_string();
        for word in words {
            assert!(error.contains(word), "{error} has no '{word}'");
        }
    };
    let v = || Recording::new("v", Targets::All, Quantity::Voltage);
    let of = |quantity| Recording { quantity, ..v() };
    refused(Recording { targets: Targets::Group("none".into()), ..v() }, &["'none'", "chosen"]);
    refused(Recording { targets: Targets::Population("X".into()), ..v() }, &["'X'", "E, I"]);
    let slice = Targets::Slice { population: "I".into(), start: 2, stop: 7, step: 1 };
    refused(Recording { targets: slice, ..v() }, &["2..7", "6 cells"]);
    let fraction = Targets::Fraction { population: "I".into(), fraction: 1.5, seed: 0 };
    refused(Recording { targets: fraction, ..v() }, &["1.5", "0 to 1"]);
    let axon = Segments::Section("axon".into());
    refused(Recording { segments: axon, ..v() }, &["'axon'", "soma, dend[0]"]);
    let beyond = Segments::Locations(vec![("soma".into(), 1.5)]);
    refused(Recording { segments: beyond, ..v() }, &["1.5", "0 to 1"]);
    refused(of(variable("hh", "mm")), &["'mm'", "m, h, n"]);
    refused(of(variable("none", "m")), &["'none'"]);
    refused(Recording { interval_ms: Some(0.03), ..v() }, &["0.03", "whole number"]);
    refused(Recording { windows_ms: vec![(2.0, 1.0)], ..v() }, &["2 to 1 ms"]);
    refused(Recording { statistics_ms: Some(0.0), ..v() }, &["statistics_ms", "0"]);
    let calcium = Quantity::Ion { ion: "ca".into(), variable: IonVariable::Inside };
    refused(of(calcium), &["concentration inside", "'ca'", "na, k"]);
    let wrong = Recording::of_projection("x", Targets::All, ("E:X", "ExpSyn", "g"));
    refused(wrong, &["'E:X'", "E:E, E:I"]);
    let other = Recording::of_projection("x", Targets::All, ("E:E", "Exp2Syn", "g"));
    refused(other, &["Exp2Syn", "mechanism of these synapses"]);
    refused(
        Recording { segments: Segments::Soma, quantity: variable("pas", "i"), ..v() },
        &["pas", "gid 0"],
    );
}

/// Options of a run with checkpoints.
fn saved(directory: &Path) -> RunOptions {
    let checkpoints = Checkpoints { every_ms: Some(2.0), resume: true, ..Checkpoints::default() };
    RunOptions { checkpoints: Some(checkpoints), ..into_files(6.0, 2, directory) }
}

/// The same potential outside of all segments until some time.
fn by_cell(scale_mv: f64, until_ms: f64) -> Stimulation {
    let pattern = Arc::new(move |_| Ok(vec![scale_mv; 99]));
    let strength = Arc::new(move |t_ms| f64::from(t_ms < until_ms));
    let potential = Potential::PerCell { pattern, strength };
    Stimulation { name: "by cell".into(), potential, targets: Targets::All }
}

/// A synapse on every cell, and spikes where one of its variables passes a threshold.
fn watched(
    variable: &'static str,
) -> impl Fn(&[ListedCell]) -> std::result::Result<ListedPoints, BoxError> + Send + Sync {
    move |cells| {
        let common =
            net_core::SynapseKind { mechanism: "ExpSyn".into(), parameters: Default::default() };
        let point = |(cell, listed): (usize, &ListedCell)| ListedPoint {
            cell: cell as u32,
            segment: 0,
            point: PointPlace::Kind { kind: 0, row: 0, shares: false },
            source: PointSource::Crossing {
                variable,
                threshold: 1.0,
                gid: listed.gid + net_core::MAX_CELLS,
            },
        };
        Ok(ListedPoints {
            kinds: vec![ListedKind { common, names: Vec::new(), rows: Vec::new() }],
            points: cells.iter().enumerate().map(point).collect(),
            ..ListedPoints::default()
        })
    }
}

#[test]
fn a_checkpoint_of_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("run");
    let comm = net_mpi::Communicator::solo();
    let v = || Recording::new("v", Targets::FirstOfEach(2), Quantity::Voltage);
    let field = |z, width_ms| {
        let pulse = net_lfp::TimeCourse::Pulse { start_ms: 1.0, width_ms, amplitude: 1.0 };
        let field = net_lfp::UniformField { field_v_m: [0.0, 0.0, z] };
        Stimulation::new("field", field, pulse)
    };
    let plain = |seed, delay_ms, cell| {
        let model = connected(seed, [9, 4], delay_ms).with_cells("E", CellKind::shared(cell));
        model.with_recording(v())
    };
    let acted = |model: Model, (scale_mv, until_ms), variable| {
        model.with_stimulation(by_cell(scale_mv, until_ms)).with_points(watched(variable))
    };
    let model = |seed, delay_ms, cell| {
        let model = plain(seed, delay_ms, cell).with_stimulation(field(1.0, 0.5));
        acted(model, (1.0, 0.5), "g")
    };
    let original = model(5, 0.5, clamped());
    let options = saved(&directory);
    let mut first = Simulation::build(&comm, &original, &options).unwrap();
    first.advance(4.5).unwrap();
    drop(first);
    let before = fs::read(directory.join("run.json")).unwrap();

    let refused = |model: &Model, options: &RunOptions, words: &[&str]| {
        let message = match Simulation::build(&comm, model, options) {
            Ok(_) => panic!("{words:?}: accepted"),
            Err(error) => error.to_string(),
        };
        for word in words {
            assert!(message.contains(word), "{word:?} is not in {message}");
        }
        // Nothing has changed: it can still be resumed.
        assert_eq!(fs::read(directory.join("run.json")).unwrap(), before);
    };
    let differs = "another model: its ";
    refused(&model(5, 0.6, clamped()), &options, &[differs, "connections"]);
    let mut cell = clamped();
    cell.insert("hh", &net_cell::Region::All, &[("gnabar", 0.11)]).unwrap();
    refused(&model(5, 0.5, cell), &options, &[differs, "cells"]);
    let fewer = connected(5, [9, 3], 0.5).with_cells("E", CellKind::shared(clamped()));
    refused(&fewer.with_recording(v()), &options, &[differs]);
    let other_input = model(5, 0.5, clamped())
        .with_input(Input { name: "more".into(), ..common::background("I") });
    refused(&other_input, &options, &[differs]);
    let more =
        model(5, 0.5, clamped()).with_rate_recording(RateRecording::new("r", Targets::All, 1.0));
    refused(&more, &options, &[differs, "recordings"]);
    for (strength, width_ms) in [(2.0, 0.5), (1.0, 0.6)] {
        let changed = plain(5, 0.5, clamped()).with_stimulation(field(strength, width_ms));
        refused(&acted(changed, (1.0, 0.5), "g"), &options, &[differs, "stimulations"]);
    }
    for (potential, variable, part) in [
        ((1.1, 0.5), "g", "stimulations"),
        ((1.0, 2.0), "g", "stimulations"),
        ((1.0, 0.5), "i", "cells"),
    ] {
        let changed = plain(5, 0.5, clamped()).with_stimulation(field(1.0, 0.5));
        refused(&acted(changed, potential, variable), &options, &[differs, part]);
    }
    let longer = RunOptions { tstop_ms: 7.0, ..options.clone() };
    refused(&original, &longer, &[differs, "settings"]);

    let checkpoint = directory.join("checkpoints/step-000000000160");
    let state = checkpoint.join("rank-00000.state");
    let bytes = fs::read(&state).unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 16;
    fs::write(&state, &flipped).unwrap();
    refused(&original, &options, &["rank-00000.state", "checksum"]);
    fs::write(&state, &bytes[..bytes.len() - 1]).unwrap();
    refused(&original, &options, &["rank-00000.state", "truncated"]);
    fs::remove_file(&state).unwrap();
    refused(&original, &options, &["rank-00000.state", "missing"]);
    fs::write(&state, &bytes).unwrap();

    let resumed = Simulation::build(&comm, &original, &options).unwrap();
    assert_eq!(resumed.step(), 160);
    resumed.run().unwrap();
    let again = Simulation::build(&comm, &original, &options).err().unwrap();
    assert!(matches!(again, Error::NothingToResume { .. }), "{again}");
}

#[test]
fn what_was_set_while_it_ran_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let comm = net_mpi::Communicator::solo();
    let neuron = PointNeuron::new("Izhikevich2007").unwrap();
    let mut network = net_core::Network::new(3);
    network.add_population(net_core::Population::new("P", 11, "point")).unwrap();
    let model = Model::new(network)
        .with_cells("point", CellKind::point(neuron))
        .with_recording(Recording::new("v", Targets::All, Quantity::Voltage))
        .with_spike_recording(SpikeRecording::new("some", Targets::All));
    // Driven from 1 ms to 40 ms, spikes recorded from 20 ms to 30 ms.
    type Act = fn(&mut Simulation) -> Result<()>;
    let acts: [(f64, Act); 5] = [
        (0.0, |s| s.pause_recording("some")),
        (1.0, |s| s.set_parameter("P", "I_app", 300.0)),
        (20.0, |s| s.resume_recording("some")),
        (30.0, |s| s.pause_recording("some")),
        (40.0, |s| s.set_parameter("P", "I_app", 0.0)),
    ];
    // From where it is to a time, with all that is to be done in between.
    let go = |simulation: &mut Simulation, until_ms: f64| -> Result<()> {
        let from_ms = simulation.time_ms();
        let is_next = |at_ms: f64| from_ms <= at_ms && at_ms < until_ms;
        for (at_ms, act) in acts.iter().filter(|(at_ms, _)| is_next(*at_ms)) {
            simulation.advance(at_ms - simulation.time_ms())?;
            act(simulation)?;
        }
        simulation.advance(until_ms - simulation.time_ms())
    };
    let [whole_folder, parted_folder] = ["whole", "parted"].map(|name| folder.path().join(name));
    let whole_options = into_files(60.0, 1, &whole_folder);
    let mut whole = Simulation::build(&comm, &model, &whole_options).unwrap();
    go(&mut whole, 60.0).unwrap();
    let whole = whole.run().unwrap();
    let options = RunOptions { tstop_ms: 60.0, ..saved(&parted_folder) };
    for until_ms in [15.0, 25.0, 35.0] {
        let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
        go(&mut simulation, until_ms).unwrap();
        simulation.checkpoint().unwrap();
        simulation.advance(0.1).unwrap();
    }
    let mut last = Simulation::build(&comm, &model, &options).unwrap();
    assert_eq!(last.time_ms(), 35.0);
    go(&mut last, 60.0).unwrap();
    let parted = last.run().unwrap();
    assert!(parted.spikes.len() > 20);
    assert_eq!(parted.spikes, whole.spikes);
    assert_eq!(parted.traces, whole.traces);
    for name in ["spikes.h5", "traces.h5"] {
        let [found, expected] =
            [&parted_folder, &whole_folder].map(|run| fs::read(run.join(name)).unwrap());
        assert!(found == expected, "{name} differs");
    }
}
