//! The program `net-sim` as a user starts it: what it prints, writes and exits with.

mod common;
mod sonata_case;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output as Ended, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::fields::laminar;
use common::{connected, into_files};
use net_io::merge::RunReader;
use net_io::nix::read::{NioReader, RecordingKind};
use net_io::provenance::{Provenance, sha256};
use net_io::store::RunDirectory;
use net_mpi::{BUILT_WITH_MPI, Communicator};
use net_sim::*;

const TSTOP_MS: f64 = 60.0;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_net-sim"));
    // A file that another test has open is locked.
    command.args(arguments).env("HDF5_USE_FILE_LOCKING", "FALSE").stdin(Stdio::null());
    command
}

#[track_caller]
fn succeed(arguments: &[&str]) -> String {
    let Ended { status, stdout, stderr } = program(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{arguments:?}: {status}\n{errors}");
    String::from_utf8(stdout).unwrap()
}

#[track_caller]
fn fail(arguments: &[&str]) -> String {
    let Ended { status, stderr, .. } = program(arguments).output().unwrap();
    let errors = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{arguments:?}\n{errors}");
    errors
}

/// A run of two populations with spikes, potentials and fields in `folder`; not merged if it is `given_up`.
fn run_into(folder: &Path, given_up: bool) {
    let model = connected(1, [20, 5], 0.5)
        .with_rate_recording(RateRecording::new("rate", Targets::All, 5.0))
        .with_probe(ProbeRecording { by_population: true, ..ProbeRecording::new(laminar(4)) });
    let mut options = into_files(TSTOP_MS, 1, folder);
    if let Some(output) = &mut options.output {
        output.seal_interval_ms = Some(5.0);
        output.name = Some("two populations".to_owned());
        output.configuration = serde_json::json!({"cells": 25});
    }
    let comm = Communicator::solo();
    let mut simulation = Simulation::build(&comm, &model, &options).unwrap();
    match given_up {
        true => simulation.advance(TSTOP_MS / 2.0).unwrap(),
        false => drop(simulation.run().unwrap()),
    }
}

/// A run, and the path of its directory as an argument.
fn a_run(given_up: bool) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    run_into(&path, given_up);
    let text = path.display().to_string();
    (folder, text)
}

#[test]
fn info_tells_what_a_run_recorded_and_where_it_comes_from() {
    let (_folder, out) = a_run(false);
    let text = succeed(&["info", &out]);
    let provenance = Provenance::read(&RunDirectory::open(&out).unwrap()).unwrap().unwrap();
    let hash = sha256(br#"{"cells":25}"#);
    for part in [
        "finished, recorded up to 60 ms, merged files".to_owned(),
        "population I: 5 cells from gid 20".to_owned(),
        "spikes spikes: 25 cells, spike_recorder".to_owned(),
        "signal soma_v: v in mV, 6 columns of 119 samples every 0.5 ms, voltage_recorder".to_owned(),
        "signal rate: rate in Hz, 1 columns of 12 samples".to_owned(),
        "probe RecExtElectrode0: RecExtElectrode in mV, 4 rows of 2401 samples every 0.025 ms, 2401 written; \
         imem, E, I"
            .to_owned(),
        "name: two populations".to_owned(),
        format!("simulator: net-sim {}", env!("CARGO_PKG_VERSION")),
        "mechanisms neuron: net-mechanisms".to_owned(),
        format!("model: sha256 {}", provenance.model_hash.as_ref().unwrap()),
        format!("configuration: sha256 {hash}"),
    ] {
        assert!(text.contains(&part), "{part:?} is not in\n{text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&succeed(&["info", &out, "--provenance"])).unwrap();
    assert_eq!(json["simulation_name"], "two populations");
    let error = fail(&["info", "/nowhere"]);
    assert!(error.contains("/nowhere"), "{error}");
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let (_folder, out) = a_run(false);
    let unmerged = tempfile::tempdir().unwrap();
    let chunks = unmerged.path().join("out");
    run_into(&chunks, true);
    let chunks = chunks.display().to_string();
    for arguments in [
        &["info", &out][..],
        &["info", &out, "--provenance"],
        &["plot", &out, "--list"],
        &["plot", &format!("{out}/OUTPUT.h5"), "--list"],
        &["export", &out, "--format", "csv"],
        &["recover", &chunks],
        &["mechanisms", "info"],
        &["mechanisms", "info", "--full"],
        &["--help"],
        &["run", "--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = program(arguments).stdout(writer).output().unwrap();
        let errors = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success() && errors.is_empty(), "{arguments:?}: {errors}");
    }
}

#[test]
fn libraries_have_bare_names_and_messages_their_reason_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = "NEURON { SUFFIX own NONSPECIFIC_CURRENT i }\nASSIGNED { v (mV) i (mA/cm2) }\n\
                BREAKPOINT { i = 0.001*(v + 60) }\n";
    fs::write(folder.path().join("own.mod"), text).unwrap();
    let run = |arguments: &[&str]| {
        let cache = folder.path().join("cache");
        let ended = program(&[&["mechanisms"], arguments].concat())
            .current_dir(&folder)
            .env("NET_MECHANISM_CACHE", cache)
            .output()
            .unwrap();
        let text = [ended.stdout, ended.stderr].map(|text| String::from_utf8(text).unwrap());
        (ended.status.code(), text.concat())
    };
    let (status, text) = run(&["build", "own.mod", "-o", "own.so"]);
    assert_eq!(status, Some(0), "{text}");
    let (status, text) = run(&["info", "own.so"]);
    assert!(status == Some(0) && text.starts_with("own "), "{text}");
    for (name, reason) in [("own.mod", "mechanisms build"), ("no.so", "No such file")] {
        let (status, text) = run(&["info", name]);
        assert_eq!((status, text.matches(reason).count()), (Some(1), 1), "{text}");
    }
}

#[test]
fn help_teaches() {
    for (command, words) in [
        ("run", &["net-sim run simulation_config.json", "--resume", "75", "SIGTERM"][..]),
        ("info", &["net-sim info out", "resumed", "probes"]),
        ("plot", &["OUTPUT.h5", ".nio", "--panel E:spike:hybrid", "--probe"]),
        ("export", &["nix", "sonata", "csv", "npy", "--gid 0-9,17", "--from"]),
        ("merge", &["--virtual", "--spikes-text"]),
        ("recover", &["--allow-gaps", "NaN"]),
        ("validate", &["net-sim validate simulation_config.json", "Status 0"]),
        ("mechanisms", &["check", "build", "info"]),
    ] {
        let text = succeed(&[command, "--help"]);
        for word in words {
            assert!(text.contains(word), "{command} --help does not say {word:?}:\n{text}");
        }
        assert!(
            text.lines().all(|line| line.chars().count() <= 140),
            "{command}: long lines\n{text}"
        );
    }
}

/// Cells 2 to 21 of population E from 10 to 40 ms: 18 of 25 cells.
const SELECTED: [&str; 10] =
    ["--population", "E", "--gid", "2-21", "--from", "10", "--to", "40", "--signal", "soma_v"];

/// The spikes (gid, time in ms) and samples of the selection, read from the merged files.
fn expected(out: &str) -> (Vec<(u64, f64)>, Vec<f64>, Vec<f64>) {
    let reader = RunReader::open(&RunDirectory::open(out).unwrap()).unwrap();
    let dt_ms = reader.manifest().dt_ms;
    let steps = (10.0 / dt_ms) as u64..(40.0 / dt_ms) as u64;
    let mut spikes = Vec::new();
    let take = |found: &[net_io::store::Spike]| {
        let own = found.iter().filter(|spike| (2..20).contains(&spike.gid));
        spikes.extend(own.map(|spike| (spike.gid, spike.step as f64 * dt_ms)));
        Ok(())
    };
    reader.spikes(0, steps.clone(), take).unwrap();
    let signal = reader.signal(reader.signal_named("soma_v").unwrap()).unwrap();
    // Recorded of the first three of each population: of those selected only the cell with gid 2.
    let samples = signal.samples_of(steps);
    let values = signal.read(signal.rows_of(2), samples.clone()).unwrap();
    let times = samples.map(|sample| signal.step_of(sample) as f64 * dt_ms).collect();
    (spikes, times, values)
}

fn export(out: &str, format: &str) -> PathBuf {
    succeed(&[&["export", out, "--format", format][..], &SELECTED].concat());
    Path::new(out).join(format!("export-{format}"))
}

#[test]
fn every_format_exports_what_is_selected() {
    let (_folder, out) = a_run(false);
    let (spikes, times, values) = expected(&out);
    assert!(spikes.len() > 5 && times.len() == 60 && values.len() == 60, "{}", spikes.len());

    let folder = export(&out, "csv");
    let text = fs::read_to_string(folder.join("spikes.csv")).unwrap();
    let row = |(gid, time): &(u64, f64)| format!("{time},E,{gid},{gid}");
    let rows: Vec<String> = spikes.iter().map(row).collect();
    assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), rows);
    let text = fs::read_to_string(folder.join("soma_v.csv")).unwrap();
    assert_eq!(text.lines().next(), Some("time_ms,2:0"));
    let row = |(time, value): (&f64, &f64)| format!("{time},{value}");
    let rows: Vec<String> = times.iter().zip(&values).map(row).collect();
    assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), rows);
    assert!(!folder.join("rate.csv").exists() && folder.join("provenance.json").exists());

    let folder = export(&out, "npy");
    let bytes = fs::read(folder.join("soma_v.npy")).unwrap();
    let singles: Vec<u8> = values.iter().flat_map(|&v| (v as f32).to_le_bytes()).collect();
    assert!(bytes.ends_with(&singles) && bytes.len() < singles.len() + 256);
    let nodes: Vec<u8> = spikes.iter().flat_map(|(gid, _)| gid.to_le_bytes()).collect();
    assert!(fs::read(folder.join("spikes.E.node_ids.npy")).unwrap().ends_with(&nodes));
    assert!(!folder.join("spikes.I.node_ids.npy").exists());

    let folder = export(&out, "sonata");
    let file = hdf5::File::open(folder.join("spikes.h5")).unwrap();
    assert_eq!(file.group("spikes").unwrap().member_names().unwrap(), ["E"]);
    let found: Vec<u64> = file.dataset("spikes/E/node_ids").unwrap().read_raw().unwrap();
    assert_eq!(found, spikes.iter().map(|(gid, _)| *gid).collect::<Vec<_>>());
    let stamp: hdf5::types::VarLenUnicode = file.attr("provenance").unwrap().read_scalar().unwrap();
    assert!(stamp.contains("model_hash"), "{stamp}");
    let report = net_io::sonata::ReportReader::open(&folder.join("soma_v.E.h5")).unwrap();
    assert_eq!((report[0].node_ids.as_slice(), report[0].start_ms), (&[2][..], 10.0));
    let single: Vec<f64> = values.iter().map(|&value| f64::from(value as f32)).collect();
    assert_eq!(report[0].read(0, 0..60).unwrap(), single);

    for dialect in ["per-object", "multiplexed"] {
        succeed(
            &[&["export", &out, "--format", "nix", "--dialect", dialect][..], &SELECTED].concat(),
        );
        check_nix(&Path::new(&out).join("export-nix/results.nio"), &spikes, &values);
    }
    let error = fail(&["export", &out, "--format", "nix", "--population", "X"]);
    assert!(error.contains("`X`") && error.contains("E, I"), "{error}");
    let error = fail(&["export", &out, "--format", "nix", "--from", "70"]);
    assert!(error.contains("selection"), "{error}");
}

fn check_nix(path: &Path, spikes: &[(u64, f64)], values: &[f64]) {
    let blocks = NioReader::open(path).unwrap().blocks().unwrap();
    let mut trains = 0;
    let mut found = Vec::new();
    blocks[0]
        .recordings(|recording| {
            assert_eq!(recording.ps_name.as_deref(), Some("E"));
            let cell = recording.cell_id.unwrap() as u64;
            match recording.kind {
                RecordingKind::Spikes { start, stop } => {
                    assert_eq!((start, stop), (0.01, 0.04));
                    trains += 1;
                    found
                        .extend(recording.data.iter().map(|time_s| (cell, (1e6 * time_s).round())));
                }
                RecordingKind::Samples { start, .. } => {
                    assert_eq!((cell, start), (2, 0.01));
                    assert_eq!(recording.data, values);
                }
            }
            Ok(())
        })
        .unwrap();
    let mut expected: Vec<(u64, f64)> =
        spikes.iter().map(|(gid, time_ms)| (*gid, (1e3 * time_ms).round())).collect();
    expected.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    assert_eq!(found, expected, "{}", path.display());
    assert_eq!(trains, 18, "a train of each cell, also of silent ones");
}

#[test]
fn runs_and_files_are_drawn() {
    let (folder, out) = a_run(false);
    for format in ["nix", "sonata"] {
        succeed(&["export", &out, "--format", format]);
    }
    let svg = |results: &str, more: &[&str]| {
        let picture = folder.path().join("picture.svg").display().to_string();
        succeed(&[&["plot", results, "--out", &picture][..], more].concat());
        fs::read_to_string(picture).unwrap()
    };
    let has = |text: &str, words: &[&str]| {
        for word in words {
            assert!(text.contains(&format!(">{word}")), "{word:?} is missing");
        }
    };
    has(&svg(&out, &[]), &["spikes of cells (by gid)", "membrane potential (mV)", "time (ms)"]);
    let probes = format!("{out}/OUTPUT.h5");
    has(&svg(&probes, &[]), &["RecExtElectrode0 of all cells by depth (um)", "uV", "time (ms)"]);
    let of_e = svg(&probes, &["--field", "E", "--from", "10", "--to", "20", "--title", "LFP"]);
    has(&of_e, &["RecExtElectrode0 of E by depth (um)", "LFP"]);
    let list = succeed(&["plot", &probes, "--list"]);
    assert!(list.contains("RecExtElectrode0  RecExtElectrode, 4 rows of 2401"), "{list}");
    let neo = format!("{out}/results.nio");
    has(&svg(&neo, &[]), &["spikes of cells (by gid)", "soma_v: v (mV)", "E 0", "I"]);
    has(&svg(&format!("{out}/export-sonata/spikes.h5"), &[]), &["spikes of cells (by gid)"]);
    let report = svg(&format!("{out}/export-sonata/soma_v.I.h5"), &[]);
    has(&report, &["soma_v.I, I (mV)", "I 2"]);
    assert!(fs::read(succeed(&["plot", &probes]).trim()).unwrap().starts_with(b"\x89PNG"));

    let error = fail(&["plot", &probes, "--probe", "X"]);
    assert!(error.contains("'X'") && error.contains("RecExtElectrode0"), "{error}");
    let error = fail(&["plot", &probes, "--field", "X"]);
    assert!(error.contains("`X`") && error.contains("imem, E, I"), "{error}");
    let error = fail(&["plot", &format!("{out}/run.json")]);
    assert!(error.contains("run.json: expected OUTPUT.h5"), "{error}");
    let error = fail(&["plot", &probes, "--panel", "E:spike:raster"]);
    assert!(error.contains("--panel"), "{error}");
}

/// The samples of all signals.
fn samples(directory: &Path) -> Vec<Vec<f64>> {
    let reader = RunReader::open_merged(&RunDirectory::open(directory).unwrap()).unwrap();
    let read = |at| {
        let signal = reader.signal(at).unwrap();
        signal.read(0..signal.columns().len(), 0..signal.n_samples()).unwrap()
    };
    (0..reader.manifest().signals.len()).map(read).collect()
}

#[test]
fn virtual_traces_are_a_view_of_the_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let [copied, mapped] = ["copied", "mapped"].map(|name| folder.path().join(name));
    run_into(&copied, false);
    let model = connected(1, [20, 5], 0.5).with_rate_recording(RateRecording::new(
        "rate",
        Targets::All,
        5.0,
    ));
    let mut options = into_files(TSTOP_MS, 1, &mapped);
    if let Some(output) = &mut options.output {
        output.seal_interval_ms = Some(5.0);
        output.traces = net_io::merge::Traces::Mapped;
    }
    options.checkpoints = Some(Checkpoints { resume: true, ..Checkpoints::default() });
    let comm = Communicator::solo();
    Simulation::build(&comm, &model, &options).unwrap().run().unwrap();
    assert_eq!(samples(&mapped), samples(&copied));
    let size = |folder: &Path| fs::metadata(folder.join("traces.h5")).unwrap().len();
    assert!(mapped.join("parts").exists() && size(&mapped) < size(&copied));
    // It has come to its end, although its chunks are there.
    let again = Simulation::build(&comm, &model, &options).err();
    assert!(matches!(again, Some(Error::NothingToResume { .. })), "{again:?}");
    // Made anew by the program, as a copy this time.
    succeed(&["merge", &mapped.display().to_string()]);
    assert_eq!(samples(&mapped), samples(&copied));
    assert!(!mapped.join("parts").exists());
    let read = |folder: &Path| fs::read(folder.join("spikes.h5")).unwrap();
    assert_eq!(read(&mapped).len(), read(&copied).len());
}

/// A circuit that is stopped by a signal and at a limit of wall time, and resumed, leaves the files of
/// one run.
#[test]
fn a_circuit_is_stopped_and_resumed() {
    let Some(reference) = sonata_case::reference() else { return };
    let Some(case) = sonata_case::Case::new(&reference, "nd-ringtest", &["hoc"]) else { return };
    for (from, to) in [("\"tstop\": 50.0", "\"tstop\": 2000.0"), ("\"dt\": 0.1", "\"dt\": 0.025")] {
        case.replace("base", from, to);
    }
    let configuration = case.configuration("base").display().to_string();
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name).display().to_string();
    let started = Instant::now();
    succeed(&["run", &configuration, "--quiet", "--threads", "1", "--output", &out("whole")]);
    let whole = started.elapsed();

    let parted = out("parted");
    let arguments = ["run", &configuration, "--quiet", "--output", &parted];
    let checkpoints = Path::new(&parted).join("checkpoints");
    let first = ["--threads", "1", "--checkpoint-interval", "1"];
    let mut child =
        program(&[&arguments[..], &first].concat()).stderr(Stdio::piped()).spawn().unwrap();
    let is_saved = || fs::read_dir(&checkpoints).is_ok_and(|mut found| found.next().is_some());
    while !is_saved() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was stopped");
        assert!(started.elapsed() < whole + Duration::from_secs(60), "nothing is saved");
        thread::sleep(Duration::from_millis(2));
    }
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(i32::from(STOPPED)), "{text}");
    assert!(text.contains("stopped at") && text.contains("on a signal"), "{text}");

    let limited = ["--threads", "2", "--resume", "--wall-limit", "0.01"];
    let ended = program(&[&arguments[..], &limited].concat()).output().unwrap();
    let text = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(i32::from(STOPPED)), "{text}");
    assert!(text.contains("at the limit of wall time"), "{text}");

    succeed(&[&arguments[..], &["--threads", "1", "--resume"]].concat());
    let names = |name: &str| {
        let entries = fs::read_dir(out(name)).unwrap().map(|entry| entry.unwrap().file_name());
        let mut files: Vec<_> = entries.filter(|n| n.to_string_lossy().contains('.')).collect();
        files.sort();
        files
    };
    assert_eq!(names("whole"), names("parted"));
    for name in names("whole") {
        let read = |run: &str| fs::read(Path::new(&out(run)).join(&name)).unwrap();
        assert!(read("whole") == read("parted"), "{} differs", name.display());
    }
}

#[test]
fn command_lines_that_are_wrong_are_told_once() {
    if !BUILT_WITH_MPI {
        return;
    }
    let on_two_ranks = |arguments: &[&str]| {
        let mut command = Command::new("mpirun");
        command.args(["-n", "2", "--bind-to", "none", env!("CARGO_BIN_EXE_net-sim")]);
        // Test machines have few cores and containers only root.
        command
            .args(arguments)
            .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
            .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
            .env("OMPI_MCA_rmaps_base_oversubscribe", "1")
            .stdin(Stdio::null());
        let Ended { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (status.code(), text(&stdout), text(&stderr))
    };
    let (status, _, errors) = on_two_ranks(&["run", "--no-such-option"]);
    assert_eq!(status, Some(2), "{errors}");
    for part in ["error: unexpected argument '--no-such-option'", "Usage:"] {
        assert_eq!(errors.matches(part).count(), 1, "{errors}");
    }
    for (arguments, part) in [(&["run", "--help"][..], "Usage:"), (&["--version"], "net-sim ")] {
        let (status, text, _) = on_two_ranks(arguments);
        assert_eq!((status, text.matches(part).count()), (Some(0), 1), "{text}");
    }
}
