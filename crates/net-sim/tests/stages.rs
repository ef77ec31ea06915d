//! The stages of a circuit's run from the command line: saved and resumed, forecast, balanced, looked
//! into.

mod sonata_case;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use net_mpi::{BUILT_WITH_MPI, Communicator};
use net_sim::sonata::CircuitSimulation;
use net_sim::{CellPartition, Progress, RunOptions, Simulation};
use sonata_case::{Case, reference};

fn ring() -> Option<Case> {
    Case::new(&reference()?, "nd-ringtest", &["hoc"])
}

/// Runs the program on so many ranks.
fn net_sim(ranks: usize, arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_net-sim");
    let mut command = match ranks {
        1 => Command::new(program),
        _ => {
            let mut mpirun = Command::new("mpirun");
            mpirun.arg("-n").arg(ranks.to_string()).args(["--bind-to", "none", program]);
            mpirun
        }
    };
    let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/mechanisms");
    command.env("NET_MECHANISM_CACHE", cache).args(arguments).output().unwrap()
}

fn succeed(ranks: usize, arguments: &[&str]) -> String {
    let output = net_sim(ranks, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The bytes of all files of a folder whose names `wanted` likes.
fn files(folder: &Path, wanted: impl Fn(&str) -> bool) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let named = entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path()));
    let named = named.filter(|(name, path)| path.is_file() && wanted(name));
    named.map(|(name, path)| (name, std::fs::read(path).unwrap())).collect()
}

/// A run that is saved and stopped, on other ranks and threads each time, leaves the bytes of one in
/// one go, the states of its cells included.
#[test]
fn saved_and_resumed() {
    let Some(case) = ring() else { return };
    let config = case.configuration("overrides");
    let config = config.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
    let (whole, parted) = (path("whole"), path("parted"));
    let dump = ["--dump-cell-state", "0-2,1000"];
    let common = ["run", config, "--quiet", "--threads", "1"];
    succeed(1, &[&common[..], &dump, &["--output", &whole]].concat());
    let stop = ["--checkpoint-interval", "10", "--wall-limit", "0", "--resume"];
    let ranks: &[usize] = if BUILT_WITH_MPI { &[1, 2] } else { &[1] };
    for n in ranks {
        let output = net_sim(*n, &[&common[..], &stop, &["--output", &parted]].concat());
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(75), "{errors}");
        assert!(!Path::new(&parted).join("out.h5").exists());
    }
    let last = ["run", config, "--quiet", "--threads", "2", "--resume", "--output", &parted];
    succeed(1, &[&last[..], &dump].concat());
    let at_end = |name: &str| name.ends_with(".h5") || name.ends_with("_t50.json");
    let (expected, found) = (files(Path::new(&whole), at_end), files(Path::new(&parted), at_end));
    assert_eq!(expected.len(), 2 + 4, "{:?}", expected.keys());
    for (name, bytes) in &expected {
        assert!(found.get(name) == Some(bytes), "{name} differs");
    }
    check_state(&expected["cell_state_1_t50.json"]);
}

/// What is said of a cell is what its model has.
fn check_state(bytes: &[u8]) {
    let state: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    assert_eq!(state["population"], "RingA");
    assert_eq!((&state["node_id"], &state["circuit_gid"]), (&1.into(), &1.into()));
    let state = &state["state"];
    let segments = state["segments"].as_array().unwrap();
    assert_eq!(segments[0]["section"], "soma[0]");
    assert!(segments.iter().all(|s| s["v_mv"].as_f64().is_some_and(|v| v.abs() < 200.0)));
    let mechanisms = state["mechanisms"].as_array().unwrap();
    let hh = mechanisms.iter().find(|m| m["name"] == "hh").unwrap();
    for gate in ["m", "h", "n"] {
        let values = hh["variables"][gate].as_array().unwrap();
        assert_eq!(values.len(), segments.len());
        assert!(values.iter().all(|x| x.as_f64().is_some_and(|x| (0.0..=1.0).contains(&x))));
    }
}

#[test]
fn cells_that_are_not_there_have_no_state() {
    let Some(case) = ring() else { return };
    let config = case.configuration("base");
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().to_str().unwrap();
    for (gids, message) in [("3", "a simulated cell"), ("2-1", "at least the first")] {
        let arguments =
            ["run", config.to_str().unwrap(), "--output", output, "--dump-cell-state", gids];
        let output = net_sim(1, &arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && errors.contains(message), "{errors}");
    }
}

/// Another assignment of cells to ranks changes nothing.
#[test]
fn balanced_by_memory() {
    let Some(case) = ring() else { return };
    let config = case.configuration("base");
    let config = config.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
    let (plain, balanced) = (path("plain"), path("balanced"));
    let common = ["run", config, "--quiet", "--threads", "1"];
    succeed(1, &[&common[..], &["--output", &plain]].concat());
    let ranks = if BUILT_WITH_MPI { 2 } else { 1 };
    let mode = ["--lb-mode", "memory", "--output", &balanced];
    succeed(ranks, &[&common[..], &mode].concat());
    let all = |name: &str| name.ends_with(".h5");
    assert!(files(Path::new(&plain), all) == files(Path::new(&balanced), all));
}

/// A forecast counts every cell, segment and edge once, whatever the ranks; what it says of memory
/// is what a run has.
#[test]
fn forecast() {
    let Some(case) = ring() else { return };
    let simulation = described(&case.configuration("base"));
    let comm = Communicator::solo();
    let options = RunOptions { progress: Progress::Off, ..simulation.options() };
    let of_ranks = |n| simulation.dry_run(&comm, &options, n).unwrap();
    let (one, three) = (of_ranks(1), of_ranks(3));
    let sums = |forecast: &net_sim::sonata::Forecast| {
        let sum = |of: fn(&net_sim::sonata::RankForecast) -> u64| {
            forecast.ranks.iter().map(of).sum::<u64>()
        };
        [sum(|r| r.n_cells), sum(|r| r.n_segments), sum(|r| r.n_edges)]
    };
    // Two rings of three and two cells of five segments; an edge a cell, and one from ring to ring.
    assert_eq!(sums(&one), [5, 25, 6]);
    assert_eq!(sums(&three), sums(&one));
    assert_eq!(three.ranks.iter().map(|r| r.n_cells).collect::<Vec<_>>(), [2, 2, 1]);
    assert!(one.ranks[0].run_s > 0.0);

    let model = simulation.sim_init().unwrap();
    let outcome = Simulation::build(&comm, &model, &options).unwrap().run().unwrap();
    let bytes = (outcome.report.cell_bytes + outcome.report.connection_bytes) as f64;
    let forecast = 1e6 * (one.ranks[0].memory_mb - one.base_mb);
    assert!((forecast - bytes).abs() < 0.05 * bytes, "{forecast} bytes, {bytes} in a run");

    let config = case.configuration("base");
    let arguments = ["run", config.to_str().unwrap(), "--dry-run", "--num-target-ranks", "3"];
    let table = succeed(1, &arguments);
    assert_eq!(table.lines().count(), 2 + 3 + 1, "{table}");
    assert!(table.lines().last().unwrap().starts_with("all            5          25           6"));
}

/// What a sample of 64 cells says of 1,000 others, each with edges of its own from random cells, is what
/// is counted at the end of their run. Rows of lanes and rooms of lists that are not full may differ.
#[test]
fn forecast_of_a_generated_circuit() {
    let python = std::env::var("NET_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/circuits/generate.py");
    let generated =
        Command::new(python).arg(script).arg(folder.path()).args(["1000", "40"]).output().unwrap();
    if !generated.status.success() {
        let errors = String::from_utf8_lossy(&generated.stderr);
        assert!(errors.contains("ModuleNotFoundError"), "{errors}");
        println!("skipped: no Python with h5py and numpy (name one in NET_PYTHON)");
        return;
    }
    let simulation = described(&folder.path().join("simulation_config.json"));
    let comm = Communicator::solo();
    let options = RunOptions { progress: Progress::Off, ..simulation.options() };
    let forecast = simulation.dry_run(&comm, &options, 1).unwrap();
    assert_eq!((forecast.n_sampled, forecast.ranks[0].n_edges), (64, 40_000));
    let expected = 1e6 * (forecast.ranks[0].memory_mb - forecast.base_mb);

    let model = simulation.sim_init().unwrap();
    let outcome = Simulation::build(&comm, &model, &options).unwrap().run().unwrap();
    let found = (outcome.report.cell_bytes + outcome.report.connection_bytes) as f64;
    assert!((expected - found).abs() < 0.05 * found, "{expected} bytes, {found} in a run");
}

/// Reports of all types and of synapses are the same bytes, however often what they are made from is
/// sealed, in chunks of any size, by any number of ranks and threads; nothing of it stays.
#[test]
fn reports_are_streamed() {
    let Some(case) = ring() else { return };
    for (variant, n_reports) in [("reports", 20), ("synreport", 3)] {
        let config = case.configuration(variant);
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
        let (whole, parallel, parted) = (path("whole"), path("parallel"), path("parted"));
        let common = ["run", config.to_str().unwrap(), "--quiet"];
        succeed(1, &[&common[..], &["--threads", "1", "--output", &whole]].concat());
        let ranks = if BUILT_WITH_MPI { 2 } else { 1 };
        succeed(ranks, &[&common[..], &["--threads", "2", "--output", &parallel]].concat());

        let mut simulation = described(&config);
        simulation.set_output(&parted);
        let comm = Communicator::solo();
        let mut options = RunOptions { progress: Progress::Off, ..simulation.options() };
        let output = options.output.as_mut().unwrap();
        (output.chunk_bytes, output.seal_interval_ms) = (Some(4096), Some(1.3));
        let model = simulation.sim_init().unwrap();
        let outcome = Simulation::build(&comm, &model, &options).unwrap().run().unwrap();
        assert!(outcome.traces.is_empty());
        simulation.sonata_reports(&comm, &outcome).unwrap();

        let reports = |name: &str| name.ends_with(".h5") && name != "out.h5";
        let expected = files(Path::new(&whole), reports);
        assert_eq!(expected.len(), n_reports, "{:?}", expected.keys());
        for other in [&parallel, &parted] {
            assert!(!Path::new(other).join("recordings").exists());
            let found = files(Path::new(other), reports);
            assert!(found.keys().eq(expected.keys()));
            for (name, bytes) in &expected {
                assert!(found[name] == *bytes, "{other}: {name} differs");
            }
        }
    }
}

/// A run that goes back to its start leaves the reports and spikes of one that did not.
#[test]
fn set_back_to_the_start() {
    let Some(case) = ring() else { return };
    let config = case.configuration("reports");
    let comm = Communicator::solo();
    let results = |pieces_ms: &[f64]| {
        let folder = tempfile::tempdir().unwrap();
        let mut simulation = described(&config);
        simulation.set_output(folder.path());
        let options = RunOptions { progress: Progress::Off, ..simulation.options() };
        let model = simulation.sim_init().unwrap();
        let mut run = Simulation::build(&comm, &model, &options).unwrap();
        for piece_ms in pieces_ms {
            run.advance(*piece_ms).unwrap();
            run.reset().unwrap();
        }
        let outcome = run.run().unwrap();
        simulation.sonata_spikes(&comm, &outcome).unwrap();
        simulation.sonata_reports(&comm, &outcome).unwrap();
        assert!(!folder.path().join("recordings").exists());
        files(folder.path(), |name| name.ends_with(".h5"))
    };
    let expected = results(&[]);
    assert_eq!(expected.len(), 21, "{:?}", expected.keys());
    let found = results(&[22.0, 3.0]);
    assert!(found.keys().eq(expected.keys()));
    for (name, bytes) in &expected {
        assert!(found[name] == *bytes, "{name} differs");
    }
}

/// Of a run that never came to its end, reports are made from what was sealed.
#[test]
fn reports_of_a_run_that_was_killed() {
    let Some(case) = ring() else { return };
    let config = case.configuration("synreport");
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let arguments = |command, output: &Path| {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        [command, text(&config), "--output".to_owned(), text(output)]
    };
    let whole_run = arguments("run".to_owned(), &whole);
    succeed(1, &whole_run.each_ref().map(String::as_str));

    let mut simulation = described(&config);
    simulation.set_output(&killed);
    let comm = Communicator::solo();
    let options = RunOptions { progress: Progress::Off, ..simulation.options() };
    let model = simulation.sim_init().unwrap();
    let mut run = Simulation::build(&comm, &model, &options).unwrap();
    run.advance(22.0).unwrap();
    drop(run);
    // A tenth of the time is sealed at once: 5 ms.
    let recovered = arguments("reports".to_owned(), &killed);
    let said = succeed(1, &recovered.each_ref().map(String::as_str));
    assert!(said.contains("reports up to"), "{said}");
    for name in ["soma.h5", "syn_g.h5", "syn_u.h5"] {
        let read = |folder: &Path, object: &str| {
            let file = hdf5::File::open(folder.join(name)).unwrap();
            file.dataset(&format!("report/RingB/{object}")).unwrap().read_raw::<f64>().unwrap()
        };
        let [found, expected] = [&killed, &whole].map(|folder| read(folder, "data"));
        let n = read(&killed, "mapping/element_ids").len();
        assert!(n > 0 && found.len() / n >= 150 && found.len() / n <= 221, "{name}: {n}");
        assert!(found == expected[..found.len()], "{name}");
        assert_eq!(read(&killed, "mapping/element_ids"), read(&whole, "mapping/element_ids"));
        let end_ms = read(&killed, "mapping/time")[1];
        assert!((end_ms - 0.1 * (found.len() / n) as f64).abs() < 1e-9, "{end_ms}");
    }
}

/// What is reported needs no memory that grows with the time.
#[test]
fn a_run_ten_times_as_long_reports_in_the_same_memory() {
    let Some(case) = ring() else { return };
    case.replace("reports", "\"tstop\": 50.0", "\"tstop\": 300.0");
    let peak_mb = |tstop: &str| {
        let path = case.configuration("reports");
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("\"dt\": 1.0", "\"dt\": 0.1").replace("40.0", tstop);
        let config = path.with_file_name(format!("sim_{tstop}.json"));
        std::fs::write(&config, text.replace("\"tstop\": 300.0", &format!("\"tstop\": {tstop}")))
            .unwrap();
        let (config, folder) = (config.to_str().unwrap(), tempfile::tempdir().unwrap());
        let output = folder.path().to_str().unwrap();
        let arguments = ["run", config, "--quiet", "--threads", "1", "--output", output];
        let said = succeed(1, &arguments);
        let before = said.split(" MB a rank").next().unwrap();
        before.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let (short, long) = (peak_mb("300.0"), peak_mb("3000.0"));
    println!("0.3 s: {short} MB, 3 s: {long} MB");
    // 27000 more samples of some hundred columns.
    assert!(long - short < 10.0, "{short} MB and {long} MB");
}

fn described(config: &Path) -> CircuitSimulation {
    let mut simulation = CircuitSimulation::load(config).unwrap();
    simulation.use_mechanisms().unwrap();
    simulation.compute_load_balance(CellPartition::RoundRobin);
    describe(&mut simulation);
    simulation
}

fn describe(simulation: &mut CircuitSimulation) {
    simulation.create_cells().unwrap();
    simulation.create_synapses().unwrap();
    simulation.enable_replay().unwrap();
    simulation.enable_stimulus().unwrap();
    simulation.enable_modifications().unwrap();
    simulation.enable_reports().unwrap();
}

/// After a model was cleared, the stages make the same one again.
#[test]
fn cleared() {
    let Some(case) = ring() else { return };
    let mut simulation = described(&case.configuration("base"));
    let comm = Communicator::solo();
    let progress = Progress::Off;
    let options =
        RunOptions { progress, output: None, keep_in_memory: true, ..simulation.options() };
    let run = |simulation: &CircuitSimulation| {
        let model = simulation.sim_init().unwrap();
        let outcome = Simulation::build(&comm, &model, &options).unwrap().run().unwrap();
        (outcome.spikes, outcome.traces)
    };
    let first = run(&simulation);
    assert_eq!(first.0.len(), 9);
    simulation.clear_model();
    assert!(simulation.sim_init().is_err() && simulation.cells().is_err());
    describe(&mut simulation);
    assert!(run(&simulation) == first);
}

/// The neurons of a circuit with glia run as without the edges of glia, on any ranks.
#[test]
fn neurons_beside_glia() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/sonata/glia");
    let data = std::fs::canonicalize(data).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(data.join(name)).unwrap()).unwrap()
    };
    // A configuration without the edges of glia.
    let (mut circuit, mut config) = (read("circuit_config.json"), read("simulation_config.json"));
    circuit["manifest"]["$BASE_DIR"] = data.to_str().unwrap().into();
    circuit["manifest"]["$CELLS"] = data.join("../cells").to_str().unwrap().into();
    let populations = circuit["networks"]["edges"][0]["populations"].as_object_mut().unwrap();
    populations.retain(|name, _| name == "N__N");
    std::fs::write(path("circuit.json"), circuit.to_string()).unwrap();
    config["node_sets_file"] = data.join("node_sets.json").to_str().unwrap().into();
    config["network"] = "circuit.json".into();
    std::fs::write(path("neurons.json"), config.to_string()).unwrap();

    let with_glia = data.join("simulation_config.json").to_str().unwrap().to_owned();
    let run = |ranks: usize, config: &str, output: &str| {
        let output = path(output);
        let arguments = ["run", config, "--quiet", "--threads", "1", "--output", &output];
        succeed(ranks, &arguments);
        let values = |file: &str, dataset: &str| -> Vec<f64> {
            let file = hdf5::File::open(Path::new(&output).join(file)).unwrap();
            file.dataset(dataset).unwrap().read_raw().unwrap()
        };
        let spikes = values("out.h5", "spikes/N/timestamps");
        assert!(spikes.len() > 2, "{spikes:?}");
        let ids = values("out.h5", "spikes/N/node_ids");
        let potentials = values("soma.h5", "report/N/data");
        let bytes = files(Path::new(&output), |name| name.ends_with(".h5"));
        (bytes, (spikes, ids, potentials))
    };
    let alone = run(1, &path("neurons.json"), "alone");
    let one = run(1, &with_glia, "one");
    // The files also name their configuration.
    assert!(one.1 == alone.1);
    let two = run(if BUILT_WITH_MPI { 2 } else { 1 }, &with_glia, "two");
    assert!(one == two);

    let simulation = described(Path::new(&with_glia));
    let options = RunOptions { progress: Progress::Off, ..simulation.options() };
    let forecast = simulation.dry_run(&Communicator::solo(), &options, 1).unwrap();
    assert_eq!((forecast.ranks[0].n_cells, forecast.ranks[0].n_edges), (2, 3));
}

/// Astrocytes of a circuit are what Neurodamus makes of them and do what it computes, and leave the same
/// bytes on any ranks and threads.
#[test]
fn astrocytes_beside_neurodamus() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/sonata/glia");
    let folder = tempfile::tempdir().unwrap();
    let config = data.join("all_config.json").into_os_string().into_string().unwrap();
    let run = |ranks: usize, threads: &str, name: &str| {
        let output = folder.path().join(name);
        let to = output.to_str().unwrap();
        succeed(ranks, &["run", &config, "--quiet", "--threads", threads, "--output", to]);
        output
    };
    let output = run(1, "1", "one");
    let bytes = files(&output, |name| name.ends_with(".h5"));
    let layouts: &[(usize, &str)] =
        if BUILT_WITH_MPI { &[(1, "2"), (2, "1"), (3, "2"), (5, "1")] } else { &[(1, "2")] };
    for &(ranks, threads) in layouts {
        let other = run(ranks, threads, &format!("{ranks}-{threads}"));
        assert!(files(&other, |name| name.ends_with(".h5")) == bytes, "{ranks} {threads}");
    }

    let text = std::fs::read_to_string(data.join("reference.json")).unwrap();
    let reference: serde_json::Value = serde_json::from_str(&text).unwrap();
    let open = |name: &str| hdf5::File::open(output.join(name)).unwrap();
    let spikes = open("out.h5");
    for (population, first_gid) in [("Astro", 0), ("N", 1000)] {
        let group = spikes.group(&format!("spikes/{population}")).unwrap();
        let times: Vec<f64> = group.dataset("timestamps").unwrap().read_raw().unwrap();
        let ids: Vec<u64> = group.dataset("node_ids").unwrap().read_raw().unwrap();
        let mut found: Vec<(u64, u64)> = ids
            .iter()
            .zip(&times)
            .map(|(id, t)| (first_gid + id, (t * 1e6).round() as u64))
            .collect();
        let all = reference["spikes"].as_array().unwrap().iter();
        let all = all
            .map(|row| (row[0].as_u64().unwrap(), (row[1].as_f64().unwrap() * 1e6).round() as u64));
        let mut expected: Vec<(u64, u64)> =
            all.filter(|(gid, _)| (first_gid..first_gid + 1000).contains(gid)).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{population}");
    }

    let every = reference["every_steps"].as_u64().unwrap() as usize;
    for (report, variable, steps) in
        [("potential", "v", 1), ("potassium", "ki", 40), ("radius", "Rad", 40)]
    {
        let group = open(&format!("{report}.h5")).group("report/Astro").unwrap();
        let values: Vec<f32> = group.dataset("data").unwrap().read_raw().unwrap();
        let elements: Vec<u32> = group.dataset("mapping/element_ids").unwrap().read_raw().unwrap();
        let starts: Vec<u64> = group.dataset("mapping/index_pointers").unwrap().read_raw().unwrap();
        let mut n_compared = 0;
        for (gid, range) in starts.windows(2).enumerate() {
            let sections = reference["geometry"][gid.to_string()].as_array().unwrap();
            assert_eq!((range[1] - range[0]) as usize, sections.len());
            for at in range[0] as usize..range[1] as usize {
                let name = sections[elements[at] as usize][0].as_str().unwrap();
                let key = format!("{gid}/{name}/{variable}");
                let Some(expected) = reference["traces"][&key].as_array() else { continue };
                for (sample, expected) in expected.iter().enumerate() {
                    // The last sample of a run is not in a report.
                    let row = sample * every / steps;
                    let Some(found) = values.get(row * elements.len() + at) else { continue };
                    let expected = expected.as_f64().unwrap();
                    let tolerance = 1e-6 * expected.abs().max(1.0);
                    assert!(
                        (f64::from(*found) - expected).abs() < tolerance,
                        "{key} {sample}: {found} {expected}"
                    );
                    n_compared += 1;
                }
            }
        }
        assert!(n_compared > 80, "{report}: {n_compared}");
    }
}

/// The `.mod` files of `mechanisms_dir` are compiled, used, and hold in place of built-in ones of the set of
/// the circuit; what two files of a user call the same, or NEURON has itself, is refused.
#[test]
fn mechanisms_of_the_configuration() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/sonata/glia");
    let data = std::fs::canonicalize(data).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(data.join(name)).unwrap()).unwrap()
    };
    let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
    for folder in ["cells", "own", "own/modfiles", "other"] {
        std::fs::create_dir(path(folder)).unwrap();
    }
    std::fs::copy(data.join("../cells/pyramid.swc"), path("cells/pyramid.swc")).unwrap();
    let cell = std::fs::read_to_string(data.join("../cells/Granule.hoc")).unwrap();
    // The built-in Im is a potassium current without g and e.
    let leak = |name: &str| {
        format!(
            "NEURON {{ SUFFIX {name} NONSPECIFIC_CURRENT i RANGE g, e }}
             PARAMETER {{ g = 0.001 (S/cm2) e = -70 (mV) }}
             ASSIGNED {{ v (mV) i (mA/cm2) }}
             BREAKPOINT {{ i = g*(v - e) }}"
        )
    };
    write("own/modfiles/leak.mod", &leak("Im"));
    let (mut circuit, mut config) = (read("circuit_config.json"), read("simulation_config.json"));
    circuit["manifest"]["$BASE_DIR"] = data.to_str().unwrap().into();
    circuit["manifest"]["$CELLS"] = path("cells").into();
    let populations = circuit["networks"]["edges"][0]["populations"].as_object_mut().unwrap();
    populations.retain(|name, _| name == "N__N");
    write("plain.json", &circuit.to_string());
    circuit["components"]["mechanisms_dir"] = path("own").into();
    write("own.json", &circuit.to_string());
    config["node_sets_file"] = data.join("node_sets.json").to_str().unwrap().into();
    let configuration = |circuit: &str, name: &str| {
        let mut config = config.clone();
        config["network"] = circuit.into();
        write(name, &config.to_string());
        path(name)
    };
    let (plain, own) = (configuration("plain.json", "a.json"), configuration("own.json", "b.json"));
    let arguments = |config: &str, output: &str| {
        ["run", config, "--quiet", "--threads", "1", "--output", output].map(str::to_owned)
    };
    let run = |ranks: usize, config: &str, output: &str| {
        let arguments = arguments(config, &path(output));
        succeed(ranks, &arguments.each_ref().map(String::as_str));
        let file = hdf5::File::open(path(&format!("{output}/soma.h5"))).unwrap();
        file.dataset("report/N/data").unwrap().read_raw::<f32>().unwrap()
    };
    write("cells/Granule.hoc", &cell);
    let expected = run(1, &plain, "plain");
    write("cells/Granule.hoc", &cell.replace("insert pas", "insert Im").replace("_pas", "_Im"));
    assert!(run(1, &own, "one") == expected);
    if BUILT_WITH_MPI {
        assert!(run(2, &own, "two") == expected);
    }

    let refused = |more: &[&str], words: &[&str]| {
        let arguments = arguments(&own, &path("refused"));
        let arguments = [&arguments.each_ref().map(String::as_str)[..], more].concat();
        let output = net_sim(1, &arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{more:?}");
        for word in words {
            assert!(errors.contains(word), "{word} is not in {errors}");
        }
    };
    refused(&["--built-in-mechanisms"], &["Im", "gImbar"]);
    write("other/other.mod", &leak("Im").replace("-70", "-80"));
    let files = [path("own/modfiles/leak.mod"), path("other/other.mod")];
    refused(&["--mechanisms", &path("other")], &["'Im'", &files[0], &files[1]]);
    write("other/other.mod", &leak("hh"));
    refused(&["--mechanisms", &path("other")], &["'hh'", &files[1], "the set 'neuron'"]);
}
