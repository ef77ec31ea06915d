//! Monitors: what they record, when, and what CompNeuroPy's get wrong; in one process.

mod common;

use common::{background, in_memory, stick};
use net_core::{Network, Population};
use net_mpi::Communicator;
use net_sim::monitor::*;
use net_sim::*;

/// Two populations with input, without recordings.
fn model() -> Model {
    let mut network = Network::new(3);
    network.add_population(Population::new("E", 3, "stick")).unwrap();
    network.add_population(Population::new("I", 1, "stick")).unwrap();
    Model::new(network)
        .with_cells("stick", CellKind::shared(stick(2)))
        .with_input(background("E"))
        .with_input(background("I"))
}

/// Steps of 0.1 ms.
fn options() -> RunOptions {
    let settings = StepSettings { dt_ms: 0.1, ..StepSettings::default() };
    RunOptions { settings, ..in_memory(0.0, 1) }
}

/// Runs what `with` does with monitors and a simulation of a model that has them.
fn monitored<T>(
    monitors: Monitors,
    with: impl FnOnce(&mut Monitors, &mut Simulation<'_>) -> Result<T>,
) -> T {
    let (comm, options, mut monitors) = (Communicator::solo(), options(), monitors);
    let model = model().with_monitors(&monitors).unwrap();
    let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
    with(&mut monitors, &mut simulation).unwrap()
}

fn monitors(dictionary: &[(&str, &[&str])]) -> Monitors {
    Monitors::new(dictionary.iter().copied()).unwrap()
}

fn all(monitors: &mut Monitors, simulation: &mut Simulation<'_>) -> Result<Recordings> {
    Ok(monitors.recordings(simulation)?.expect("rank 0"))
}

/// The potential of the cells of E after every step until `tstop_ms`, and the spikes as (gid, step).
fn reference(tstop_ms: f64) -> (Vec<Vec<f64>>, Vec<(u64, u64)>) {
    let soma_v = Recording {
        sample_type: SampleType::F64,
        ..Recording::new("v", Targets::Population("E".into()), Quantity::Voltage)
    };
    let (comm, model) = (Communicator::solo(), model().with_recording(soma_v));
    let options = RunOptions { tstop_ms, ..options() };
    let outcome = Simulation::build(&comm, &model, &options).unwrap().run().unwrap();
    let traces = outcome.traces.into_iter().map(|trace| trace.values).collect();
    (traces, outcome.spikes.iter().map(|spike| (spike.gid, spike.step)).collect())
}

/// Limits of all periods: label of the first and last sample in ms, their indices.
fn limits(times: &RecordingTimes, chunk: usize, name: &str) -> Vec<(f64, f64, usize, usize)> {
    let all = times.all(chunk, name).unwrap().into_iter();
    all.map(|limits| limits.expect("samples"))
        .map(|own| (own.start_ms, own.stop_ms, own.start_index, own.stop_index))
        .collect()
}

#[test]
fn samples_and_spikes_are_those_of_a_run_without_monitors() {
    let (traces, spikes) = reference(60.0);
    assert!(spikes.iter().filter(|spike| spike.0 < 3).count() > 2, "{spikes:?}");
    for (labels, shift) in [(SampleLabels::AtTime, 0), (SampleLabels::AfterStep, 1)] {
        let with_labels = monitors(&[("E;0.7", &["v", "spike"])]).with_labels(labels);
        let recordings = monitored(with_labels, |monitors, simulation| {
            simulation.advance(1.5)?;
            monitors.start(simulation)?;
            for duration_ms in [0.1, 13.3, 7.0] {
                simulation.advance(duration_ms)?;
            }
            monitors.pause(simulation)?;
            simulation.advance(3.0)?;
            monitors.start(simulation)?;
            simulation.advance(30.0)?;
            all(monitors, simulation)
        });
        let times = recordings.times().times_ms(0, "E").unwrap();
        let steps: Vec<usize> = times.iter().map(|ms| (ms / 0.1).round() as usize).collect();
        let is_recorded = |step: usize| (15..219).contains(&step) || (249..549).contains(&step);
        let expected: Vec<usize> = (0..600).step_by(7).filter(|&step| is_recorded(step)).collect();
        assert_eq!(steps, expected);
        let array = recordings.array(0, "E;v").unwrap();
        assert_eq!(array.dim(), (steps.len(), 3));
        for (row, step) in array.rows().into_iter().zip(steps) {
            for (cell, value) in row.iter().enumerate() {
                assert_eq!(
                    *value,
                    traces[cell][step + shift],
                    "{labels:?} cell {cell} step {step}"
                );
            }
        }
        let found = recordings.spike_steps(0, "E").unwrap().iter().enumerate();
        let found: Vec<(u64, u64)> = found
            .flat_map(|(cell, own)| own.iter().map(move |&step| (cell as u64, step)))
            .collect();
        let mut of_e = spikes.clone();
        of_e.retain(|&(gid, step)| gid < 3 && is_recorded(step as usize));
        of_e.sort_unstable();
        assert_eq!(found, of_e);
    }
}

/// What the monitor example of CompNeuroPy does, whose first population has this name; the three
/// results it looks at.
fn protocol(
    monitors: &mut Monitors,
    simulation: &mut Simulation<'_>,
    first: &str,
) -> Result<[Recordings; 3]> {
    let run = |simulation: &mut Simulation<'_>| simulation.advance(100.0);
    run(simulation)?;
    monitors.start(simulation)?;
    run(simulation)?;
    monitors.pause(simulation)?;
    run(simulation)?;
    monitors.start_some(simulation, &[first])?;
    run(simulation)?;
    monitors.start(simulation)?;
    run(simulation)?;
    monitors.pause_some(simulation, &[first])?;
    run(simulation)?;
    monitors.start(simulation)?;
    run(simulation)?;
    for with_model in [false, true] {
        match with_model {
            true => monitors.reset(simulation)?,
            false => monitors.new_chunk(simulation)?,
        }
        monitors.pause(simulation)?;
        run(simulation)?;
        monitors.start(simulation)?;
        simulation.advance(700.0)?;
    }
    let first = monitors.recordings_and_clear(simulation)?.expect("rank 0");
    run(simulation)?;
    monitors.start(simulation)?;
    run(simulation)?;
    monitors.reset(simulation)?;
    run(simulation)?;
    let second = monitors.recordings_and_clear(simulation)?.expect("rank 0");
    monitors.start(simulation)?;
    monitors.reset(simulation)?;
    run(simulation)?;
    Ok([first, second, all(monitors, simulation)?])
}

#[test]
fn the_protocol_of_the_reference_has_its_times() {
    let own = monitors(&[("E;2", &["v", "spike"]), ("I", &["v"])]);
    let found = monitored(own, |monitors, simulation| protocol(monitors, simulation, "E"));
    let [first, second, third] = &found;
    assert_eq!([first, second, third].map(Recordings::n_chunks), [3, 2, 1]);
    let times = first.times();
    let of_e = [(100.0, 198.0, 0, 49), (300.0, 498.0, 50, 149), (600.0, 698.0, 150, 199)];
    assert_eq!(limits(times, 0, "E"), of_e);
    assert_eq!(limits(times, 0, "I"), [(100.0, 199.9, 0, 999), (400.0, 699.9, 1000, 3999)]);
    assert_eq!(limits(times, 1, "I"), [(800.0, 1499.9, 0, 6999)]);
    assert_eq!(limits(times, 2, "E"), [(100.0, 798.0, 0, 349)]);
    assert_eq!(limits(second.times(), 0, "E"), [(900.0, 998.0, 0, 49)]);
    assert_eq!(limits(second.times(), 1, "I"), [(0.0, 99.9, 0, 999)]);
    assert_eq!(limits(third.times(), 0, "E"), [(0.0, 98.0, 0, 49)]);
    assert_eq!(first.array(0, "E;v").unwrap().dim(), (200, 3));
    assert_eq!(first.array(1, "I;v").unwrap().dim(), (7000, 1));
    // Chunks that begin with the same model have the same samples.
    assert_eq!(second.array(1, "I;v"), third.array(0, "I;v"));
    let Some(shared) = common::shared() else { return };
    let text = std::fs::read_to_string(shared.join("reference/recording/cnp/recording_times.json"));
    let reference: serde_json::Value = serde_json::from_str(&text.unwrap()).unwrap();
    for (number, recordings) in found.iter().enumerate() {
        let chunks = reference[format!("recordings{}", number + 1)].as_array().unwrap();
        assert_eq!(chunks.len(), recordings.n_chunks());
        for (chunk, expected) in chunks.iter().enumerate() {
            for (ours, theirs) in [("E", "my_pop1"), ("I", "my_pop2")] {
                for (at, found) in limits(recordings.times(), chunk, ours).into_iter().enumerate() {
                    let value = |end: &str, unit: &str| &expected[theirs][end][unit][at];
                    assert_eq!(value("start", "ms").as_f64(), Some(found.0));
                    assert_eq!(value("stop", "ms").as_f64(), Some(found.1));
                    assert_eq!(value("start", "idx").as_u64(), Some(found.2 as u64));
                    assert_eq!(value("stop", "idx").as_u64(), Some(found.3 as u64));
                }
            }
        }
    }
}

/// Two populations of one Izhikevich neuron each, the second with a constant current.
fn two_neurons() -> Model {
    let mut network = Network::new(1);
    let neuron =
        |i_app: f64| PointNeuron::new("Izhikevich2007").unwrap().with("I_app", i_app).unwrap();
    network.add_population(Population::new("my_pop1", 1, "silent")).unwrap();
    network.add_population(Population::new("my_pop2", 1, "driven")).unwrap();
    Model::new(network)
        .with_cells("silent", CellKind::point(neuron(0.0)))
        .with_cells("driven", CellKind::point(neuron(52.0)))
}

#[test]
fn the_arrays_are_those_of_compneuropy() {
    let Some(shared) = common::shared() else { return };
    let file = shared.join("reference/recording/cnp/monitor_example.h5");
    let file = hdf5::File::open(file).unwrap();
    let read = |name: &str| file.dataset(name).unwrap().read_2d::<f64>().unwrap();
    let (comm, options) = (Communicator::solo(), options());
    let mut own = monitors(&[("my_pop1;2", &["v", "spike"]), ("my_pop2", &["v"])])
        .with_labels(SampleLabels::AfterStep);
    let model = two_neurons().with_monitors(&own).unwrap();
    let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
    let found = protocol(&mut own, &mut simulation, "my_pop1").unwrap();
    let mut largest = 0.0_f64;
    for (number, recordings) in found.iter().enumerate() {
        for chunk in 0..recordings.n_chunks() {
            let group = format!("recordings{}/chunk{chunk}", number + 1);
            for name in ["my_pop1;v", "my_pop2;v"] {
                let (array, expected) =
                    (recordings.array(chunk, name).unwrap(), read(&format!("{group}/{name}")));
                assert_eq!(array.dim(), expected.dim(), "{group} {name}");
                let differences = array.iter().zip(&expected).map(|(a, b)| (a - b).abs());
                largest = differences.fold(largest, f64::max);
                let times = file.dataset(&format!("{group}/{};times_ms", &name[..7])).unwrap();
                let times = times.read_1d::<f64>().unwrap();
                let own = recordings.times().times_ms(chunk, &name[..7]).unwrap();
                assert_eq!(own.len(), times.len());
                assert!(own.iter().zip(&times).all(|(a, b)| (a - b).abs() < 1e-9));
            }
            let expected = file.dataset(&format!("{group}/my_pop1;spike")).unwrap();
            let expected: Vec<i64> = expected.read_raw().unwrap();
            let steps = &recordings.spike_steps(chunk, "my_pop1").unwrap()[0];
            let steps: Vec<i64> = steps.iter().flat_map(|&step| [0, step as i64]).collect();
            assert_eq!(steps, expected, "{group}");
        }
    }
    println!("largest difference {largest:.1e} mV");
    assert!(largest < 1e-9, "{largest} mV");
    for (name, fill) in [
        ("none", Fill::None),
        ("nan", Fill::Nan),
        ("interpolate", Fill::Nearest),
        ("0.0", Fill::Value(0.0)),
    ] {
        let combined = found[0].combine_periods("my_pop1;v", 0, fill).unwrap();
        let expected = read(&format!("combine_periods_fill/{name}/data"));
        let times = file.dataset(&format!("combine_periods_fill/{name}/time")).unwrap();
        let times = times.read_1d::<f64>().unwrap();
        assert_eq!(combined.values.dim(), expected.dim(), "{name}");
        assert!(combined.times_ms.iter().zip(&times).all(|(a, b)| (a - b).abs() < 1e-9), "{name}");
        let is_same = |(a, b): (&f64, &f64)| (a.is_nan() && b.is_nan()) || (a - b).abs() < 1e-9;
        assert!(combined.values.iter().zip(&expected).all(is_same), "{name}");
    }
}

#[test]
fn a_reset_gives_parameters_back_unless_they_are_to_be_kept() {
    let (comm, options) = (Communicator::solo(), options());
    let mut own = monitors(&[("my_pop2", &["v", "I_app"])]);
    let model = two_neurons().with_monitors(&own).unwrap();
    let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
    own.start(&mut simulation).unwrap();
    simulation.set_parameter("my_pop2", "I_app", 77.0).unwrap();
    simulation.advance(1.0).unwrap();
    own.reset_keeping_parameters(&mut simulation).unwrap();
    simulation.advance(1.0).unwrap();
    own.reset(&mut simulation).unwrap();
    simulation.advance(1.0).unwrap();
    let found = all(&mut own, &mut simulation).unwrap();
    let current = |chunk| found.array(chunk, "my_pop2;I_app").unwrap()[[9, 0]];
    assert_eq!([0, 1, 2].map(current), [77.0, 77.0, 52.0]);
    assert_eq!(found.array(0, "my_pop2;v"), found.array(1, "my_pop2;v"));
    assert!(found.array(0, "my_pop2;v") != found.array(2, "my_pop2;v"));
    for (population, parameter, value, part) in [
        ("X", "I_app", 1.0, "unknown population 'X'"),
        ("my_pop1", "I", 1.0, "'I'"),
        ("my_pop1", "v", 1.0, "'v'"),
        ("my_pop1", "C", -1.0, "-1"),
    ] {
        let error = simulation.set_parameter(population, parameter, value).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let error = two_neurons().with_monitors(&monitors(&[("my_pop1", &["w"])])).err().unwrap();
    assert!(error.to_string().contains("cannot record 'w'; expected spike or one of"), "{error}");
    let cables = crate::model();
    let mut simulation = Simulation::build(&comm, &cables, &options).unwrap();
    let error = simulation.set_parameter("E", "gl", 1.0).unwrap_err().to_string();
    assert!(error.contains("a population of point neurons"), "{error}");
}

#[test]
fn chunks_follow_each_other_without_a_sample_too_many_and_no_time_counted_twice() {
    let own = monitors(&[("E;2", &["v", "spike"]), ("I", &["v"])]);
    let [first, second, _] =
        monitored(own, |monitors, simulation| protocol(monitors, simulation, "E"));
    let n_nan = |found: &Combined| found.values.iter().filter(|value| value.is_nan()).count();
    let sequential = first.combine_chunks("I;v", ChunkTime::Sequential).unwrap();
    // 100 to 1500 ms, then from 100 to 800 ms again; not recorded: 200 to 400 and 700 to 800 ms.
    assert_eq!((sequential.times_ms.len(), n_nan(&sequential)), (21_000, 3000));
    assert_eq!((sequential.times_ms[13_999], sequential.times_ms[14_000]), (1499.9, 100.0));
    // The second chunk goes on at 800 ms, the model was reset at 1500 ms.
    let consecutive = first.combine_chunks("I;v", ChunkTime::Consecutive).unwrap();
    assert_eq!((consecutive.times_ms.len(), n_nan(&consecutive)), (22_000, 4000));
    assert_eq!(consecutive.times_ms[21_999], 2299.9);
    assert!(consecutive.times_ms.windows(2).all(|pair| (pair[1] - pair[0] - 0.1).abs() < 1e-9));
    let consecutive = second.combine_chunks("I;v", ChunkTime::Consecutive).unwrap();
    assert_eq!((consecutive.times_ms.len(), n_nan(&consecutive)), (2000, 0));
}

#[test]
fn a_pause_at_the_end_of_a_chunk_has_its_time() {
    let found = monitored(monitors(&[("E;1", &["v"])]), |monitors, simulation| {
        monitors.start(simulation)?;
        simulation.advance(5.0)?;
        monitors.pause(simulation)?;
        simulation.advance(3.0)?;
        monitors.reset(simulation)?;
        monitors.start(simulation)?;
        simulation.advance(2.0)?;
        all(monitors, simulation)
    });
    let joined = found.combine_chunks("E;v", ChunkTime::Consecutive).unwrap();
    assert_eq!(joined.times_ms, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    assert!(joined.values.row(6).iter().all(|value| value.is_nan()));
}

#[test]
fn pausing_before_any_start_changes_nothing() {
    let found = monitored(monitors(&[("E", &["v"])]), |monitors, simulation| {
        monitors.pause(simulation)?;
        monitors.pause_some(simulation, &["E"])?;
        simulation.advance(1.0)?;
        all(monitors, simulation)
    });
    assert!(found.is_empty() && found.times().is_empty());
}

#[test]
fn recordings_before_a_start_are_empty() {
    monitored(monitors(&[("E", &["v", "spike"])]), |monitors, simulation| {
        assert!(all(monitors, simulation)?.is_empty());
        assert!(monitors.recordings_and_clear(simulation)?.expect("rank 0").is_empty());
        assert!(monitors.recording_times(simulation)?.is_empty());
        monitors.new_chunk(simulation)?;
        monitors.reset(simulation)?;
        assert!(all(monitors, simulation)?.is_empty());
        Ok(())
    });
}

#[test]
fn a_start_off_the_grid_samples_the_grid() {
    let (traces, _) = reference(20.0);
    let found = monitored(monitors(&[("E;2", &["v"])]), |monitors, simulation| {
        simulation.advance(0.5)?;
        monitors.start(simulation)?;
        simulation.advance(10.0)?;
        all(monitors, simulation)
    });
    assert_eq!(limits(found.times(), 0, "E"), [(2.0, 10.0, 0, 4)]);
    let expected: Vec<f64> = [20, 40, 60, 80, 100].iter().map(|&step| traces[0][step]).collect();
    assert_eq!(found.array(0, "E;v").unwrap().column(0).to_vec(), expected);
}

#[test]
fn a_period_of_4_3_ms_samples_every_4_3_ms() {
    let (traces, _) = reference(100.0);
    let found = monitored(monitors(&[("E;4.3", &["v"])]), |monitors, simulation| {
        monitors.start(simulation)?;
        simulation.advance(100.0)?;
        all(monitors, simulation)
    });
    assert_eq!(found.times().period_ms(0, "E"), Ok(4.3));
    assert_eq!(limits(found.times(), 0, "E"), [(0.0, 98.9, 0, 23)]);
    let expected: Vec<f64> = (0..24).map(|k| traces[2][43 * k]).collect();
    assert_eq!(found.array(0, "E;v").unwrap().column(2).to_vec(), expected);
}

#[test]
fn recordings_twice_with_a_simulation_in_between_have_the_new_data() {
    monitored(monitors(&[("E", &["v", "spike"])]), |monitors, simulation| {
        monitors.start(simulation)?;
        simulation.advance(10.0)?;
        let first = all(monitors, simulation)?;
        assert_eq!(first, all(monitors, simulation)?);
        simulation.advance(10.0)?;
        let second = all(monitors, simulation)?;
        assert_eq!(first.array(0, "E;v")?.nrows(), 100);
        assert_eq!(second.array(0, "E;v")?.nrows(), 200);
        assert_eq!(limits(second.times(), 0, "E"), [(0.0, 19.9, 0, 199)]);
        let start = second.array(0, "E;v")?.slice(ndarray::s![..100, ..]);
        assert_eq!(start, first.array(0, "E;v")?.view());
        Ok(())
    });
}

#[test]
fn a_chunk_with_a_single_sample_is_kept() {
    let found = monitored(monitors(&[("E;10", &["v"])]), |monitors, simulation| {
        monitors.start(simulation)?;
        simulation.advance(5.0)?;
        monitors.new_chunk(simulation)?;
        all(monitors, simulation)
    });
    assert_eq!(found.n_chunks(), 1);
    assert_eq!(limits(found.times(), 0, "E"), [(0.0, 0.0, 0, 0)]);
    assert_eq!(found.array(0, "E;v").unwrap().nrows(), 1);
}

#[test]
fn a_period_between_two_samples_has_none() {
    let found = monitored(monitors(&[("E;10", &["v"])]), |monitors, simulation| {
        simulation.advance(1.0)?;
        monitors.start(simulation)?;
        simulation.advance(3.0)?;
        monitors.pause(simulation)?;
        simulation.advance(6.0)?;
        monitors.start(simulation)?;
        simulation.advance(30.0)?;
        all(monitors, simulation)
    });
    assert_eq!(found.times().n_periods(0, "E"), Ok(2));
    assert_eq!(found.array(0, "E;v").unwrap().nrows(), 3);
    assert_eq!(found.times().time_limits(0, "E", Some(1)), Ok((10.0, 30.0)));
    assert_eq!(found.times().index_limits(0, "E", None), Ok((0, 2)));
    let error = found.times().index_limits(0, "E", Some(0)).unwrap_err();
    assert!(matches!(error, MonitorError::NoSample { .. }), "{error}");
}

#[test]
fn the_current_chunk_counts_those_before() {
    monitored(monitors(&[("E", &["v"])]), |monitors, simulation| {
        assert_eq!(monitors.current_chunk(), None);
        monitors.start(simulation)?;
        assert_eq!(monitors.current_chunk(), Some(0));
        simulation.advance(5.0)?;
        monitors.new_chunk(simulation)?;
        assert_eq!(monitors.current_chunk(), Some(1));
        assert_eq!(monitors.is_running("E"), Ok(true));
        monitors.pause(simulation)?;
        assert_eq!(monitors.current_chunk(), None);
        Ok(())
    });
}

#[test]
fn dictionaries_that_are_none_are_refused() {
    for (dictionary, part) in [
        (vec![("E;", &["v"][..])], "time between samples in ms"),
        (vec![("E;two", &["v"][..])], "monitor \"E;two\""),
        (vec![("E;-1", &["v"][..])], "time between samples"),
        (vec![(";1", &["v"][..])], "name of a population"),
        (vec![("E", &[][..])], "no variable"),
        (vec![("E", &["v", "v"][..])], "'v' is listed twice"),
        (vec![("E", &["v"][..]), ("E;2", &["v"][..])], "'E' has a monitor already"),
    ] {
        let error = Monitors::new(dictionary).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn what_a_model_does_not_have_is_refused() {
    let refused = |key: &str, variable: &str| {
        let own = Monitors::new([(key, &[variable][..])]).unwrap();
        let (comm, options) = (Communicator::solo(), options());
        let built = model()
            .with_monitors(&own)
            .and_then(|model| Simulation::build(&comm, &model, &options).map(|_| ()));
        built.unwrap_err().to_string()
    };
    for (key, variable, part) in [
        ("X", "v", "unknown population 'X'; known are: E, I"),
        (
            "E",
            "u",
            "cannot record 'u'; expected v, i_membrane, e_extracellular, spike or mechanism.variable",
        ),
        ("E", "hh.q", "hh"),
        ("E", "nothing.m", "nothing"),
        ("E;0.25", "v", "the period of 0.25 ms is not a whole number of time steps of 0.1 ms"),
    ] {
        let error = refused(key, variable);
        assert!(error.contains(part), "{error}");
    }
    // A parameter is a variable of its mechanism and can be recorded.
    let own = monitors(&[("E", &["hh.gl"])]);
    let found = monitored(own, |monitors, simulation| {
        monitors.start(simulation)?;
        simulation.advance(0.2)?;
        all(monitors, simulation)
    });
    assert_eq!(found.array(0, "E;hh.gl").unwrap().dim(), (2, 3));
}

#[test]
fn what_was_not_recorded_is_named() {
    let found = monitored(monitors(&[("E", &["v"])]), |monitors, simulation| {
        let error = monitors.start_some(simulation, &["X"]).unwrap_err().to_string();
        assert!(error.contains("'X'; recorded are: E"), "{error}");
        monitors.start(simulation)?;
        simulation.advance(1.0)?;
        all(monitors, simulation)
    });
    for (error, part) in [
        (found.array(0, "E;u").unwrap_err(), "\"E;u\"; recorded are: E;v"),
        (found.array(1, "E;v").unwrap_err(), "no chunk 1"),
        (found.spike_steps(0, "E").unwrap_err(), "\"E;spike\""),
        (found.times().time_limits(0, "E", Some(3)).unwrap_err(), "no period 3"),
        (found.combine_periods("X;v", 0, Fill::None).unwrap_err(), "X;v"),
    ] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn monitors_belong_to_a_model_and_reset_it() {
    let (comm, options) = (Communicator::solo(), options());
    let mut own = monitors(&[("E", &["v"])]);
    let without = model();
    let mut simulation = Simulation::build(&comm, &without, &options).unwrap();
    let error = own.start(&mut simulation).unwrap_err().to_string();
    assert!(error.contains("Model::with_monitors"), "{error}");
    let with = model().with_monitors(&own).unwrap();
    let mut simulation = Simulation::build(&comm, &with, &options).unwrap();
    own.start(&mut simulation).unwrap();
    simulation.advance(1.0).unwrap();
    simulation.reset().unwrap();
    let error = own.recordings(&mut simulation).unwrap_err().to_string();
    assert!(error.contains("reset without its monitors"), "{error}");
}

#[test]
fn monitors_of_a_resumed_simulation_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let comm = Communicator::solo();
    let directory = Some(folder.path().to_owned());
    let checkpoints = Checkpoints { directory, resume: true, ..Checkpoints::default() };
    let options = RunOptions { checkpoints: Some(checkpoints), ..options() };
    let mut own = monitors(&[("E;0.5", &["v", "spike"])]);
    let model_of = |own: &Monitors| model().with_monitors(own).unwrap();
    let (with, mut new) = (model_of(&own), own.clone());
    let mut first = Simulation::build(&comm, &with, &options).unwrap();
    own.start(&mut first).unwrap();
    first.advance(10.0).unwrap();
    first.checkpoint().unwrap();
    first.advance(10.0).unwrap();
    let expected = all(&mut own, &mut first).unwrap();
    drop(first);
    let mut second = Simulation::build(&comm, &with, &options).unwrap();
    let error = new.start(&mut second).unwrap_err().to_string();
    assert!(error.contains("Monitors::resume"), "{error}");
    // They run whether they know it or not.
    second.advance(10.0).unwrap();
    assert!(new.resume(&mut second).unwrap());
    assert!(!new.resume(&mut second).unwrap());
    assert_eq!(all(&mut new, &mut second).unwrap(), expected);
    drop(second);
    let others = model_of(&monitors(&[("E;0.5", &["spike"])]));
    let error = Simulation::build(&comm, &others, &options).err().unwrap().to_string();
    assert!(error.contains("another model: its monitors"), "{error}");
}

#[test]
fn projections_are_monitored_by_synapse() {
    let network = common::connected(5, [7, 5], 0.5);
    let i = || Targets::Population("I".into());
    let doubles = |recording| Recording { sample_type: SampleType::F64, ..recording };
    let recorded = network
        .clone()
        .with_recording(doubles(Recording::of_weights("w", i(), "E:I")))
        .with_recording(doubles(Recording::of_projection("g", i(), ("E:I", "ExpSyn", "g"))));
    let (comm, first) = (Communicator::solo(), network.recordings().len());
    let expected = RunOptions { tstop_ms: 12.0, ..options() };
    let expected = Simulation::build(&comm, &recorded, &expected).unwrap().run().unwrap();

    let mut monitors = monitors(&[("E:I;0.4", &["w", "ExpSyn.g"]), ("E", &["v"]), ("I:E", &["w"])]);
    let model = network.with_monitors(&monitors).unwrap();
    let options = options();
    let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
    simulation.advance(1.0).unwrap();
    monitors.start(&mut simulation).unwrap();
    simulation.advance(5.0).unwrap();
    monitors.pause_some(&mut simulation, &["E:I"]).unwrap();
    simulation.advance(2.0).unwrap();
    monitors.start(&mut simulation).unwrap();
    simulation.advance(4.0).unwrap();
    let recordings = all(&mut monitors, &mut simulation).unwrap();
    let ms = recordings.times().times_ms(0, "E:I").unwrap();
    let steps: Vec<usize> = ms.iter().map(|ms| (ms / 0.1).round() as usize).collect();
    let is_recorded = |step: usize| (10..60).contains(&step) || (80..120).contains(&step);
    assert_eq!(steps, (0..120).step_by(4).filter(|&s| is_recorded(s)).collect::<Vec<_>>());
    for (number, name) in ["E:I;w", "E:I;ExpSyn.g"].into_iter().enumerate() {
        let array = recordings.array(0, name).unwrap();
        let synapses = recordings.synapses(0, name).unwrap();
        let own = expected.traces.iter().filter(|trace| trace.recording == first + number);
        let own: Vec<&Trace> = own.collect();
        assert_eq!(array.dim(), (steps.len(), own.len()));
        for (column, synapse) in array.columns().into_iter().zip(synapses) {
            let key = (synapse.target, synapse.segment, synapse.number);
            let trace = own.iter().find(|t| (t.gid, t.segment, t.label) == key).unwrap();
            assert!(steps.iter().zip(column).all(|(&step, value)| trace.values[step] == *value));
            assert_eq!(synapse.source.is_some(), number == 0);
            assert!(synapse.source.is_none_or(|source| source < 7) && synapse.target >= 7);
        }
        assert!(synapses.is_sorted_by_key(|s| (s.target, s.segment, s.number)));
        assert_eq!(recordings.unit("E:I", name.split_once(';').unwrap().1), "uS");
    }
    // Without a period every 1000 steps: none fell into this time.
    assert_eq!(recordings.array(0, "I:E;w").unwrap().nrows(), 0);
    assert!(recordings.synapses(0, "E;v").is_err());
}

#[test]
fn what_projections_do_not_have_is_refused() {
    let refused = |model: Model, key: &str, variable: &str, words: &[&str]| {
        let error = model.with_monitors(&monitors(&[(key, &[variable])])).err().unwrap();
        let error = error.to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{error}: {words:?}");
    };
    let connected = || common::connected(5, [4, 3], 0.5);
    refused(connected(), "E:I", "spike", &["E:I", "spike", "projections"]);
    refused(connected(), "E:I", "gg", &["'gg'", "w, the weight", "tau"]);
    refused(connected(), "E:X", "w", &["'E:X'", "E, I, E:E, E:I"]);
    let points = || common::points::mixed(9, 0.5);
    refused(points(), "E:E", "u", &["'u'", "w, the weight", "x, y"]);
    let mut network = points().network().clone();
    network
        .add_projection(net_core::Projection {
            name: "G".into(),
            ..net_core::Projection::new("E", "G", "exc")
        })
        .unwrap();
    refused(Model::new(network), "G", "w", &["'G'", "a population and a projection"]);
}
