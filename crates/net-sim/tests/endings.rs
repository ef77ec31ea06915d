//! Every way a simulation can end badly: one message, no rank left waiting, nothing sealed lost.
//!
//! This program starts itself again, alone and under `mpirun`, with the name of a role that it then
//! plays through [`net_mpi::run`].

mod common;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output as Ended, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use common::fields::laminar;
use common::{CellError, connected, into_files, stick};
use net_io::checkpoint::CheckpointDirectory;
use net_io::merge::{Extent, MergeOptions, merge_recordings};
use net_io::store::RunDirectory;
use net_mpi::{BUILT_WITH_MPI, Communicator, Mode, run};
use net_sim::*;

const ROLE: &str = "NET_SIM_TEST_ROLE";
const FOLDER: &str = "NET_SIM_TEST_FOLDER";

/// The promise: a failure ends all ranks within this time.
const PROMISED: Duration = Duration::from_secs(10);

/// A job that has not ended by then hangs.
const HANGS: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    match env::var(ROLE) {
        Ok(role) => run(Mode::Auto, |comm| {
            exit_status(comm, play(&role, comm).map_err(anyhow::Error::from))
        }),
        Err(_) => {
            alone();
            if BUILT_WITH_MPI {
                under_mpirun();
            }
            ExitCode::SUCCESS
        }
    }
}

/// One rank of a job.
fn play(role: &str, comm: &Communicator) -> Result<()> {
    let folder = env::var_os(FOLDER).unwrap_or_default();
    let folder = Path::new(&folder);
    let mut model = connected(1, [20, 5], 0.5);
    let mut options = into_files(100.0, 2, folder);
    match role {
        "error-of-a-cell" => {
            let cell = |gid| if gid == 21 { Err("the file is gone") } else { Ok(stick(1)) };
            model = model.with_cells("I", CellKind::per_cell(cell));
        }
        "panic-in-a-thread" => {
            let cell = |gid| {
                assert!(gid != 21, "broken on purpose");
                Ok::<_, CellError>(stick(1))
            };
            model = model.with_cells("I", CellKind::per_cell(cell));
        }
        "explosion" => model = model.with_input(explosion(21, 50.0)),
        "endless" | "endless-fields" => {
            fs::write(folder.join(format!("pid-{}", comm.rank())), std::process::id().to_string())
                .unwrap();
            options.tstop_ms = 1e7;
            if role == "endless-fields" {
                // The file has room for all of it.
                options.tstop_ms = 1e5;
                model = with_electrode(model);
            }
            if let Some(output) = &mut options.output {
                output.directory = folder.join("out");
                output.seal_interval_ms = Some(5.0);
            }
        }
        "stop" | "limit" => {
            let pid = folder.join(format!("pid-{}", comm.rank()));
            fs::write(pid, std::process::id().to_string()).unwrap();
            options.tstop_ms = 1e6;
            options.keep_in_memory = false;
            options.checkpoints = Some(Checkpoints {
                every_wall_s: Some(0.05),
                wall_limit_s: (role == "limit").then_some(0.5),
                on_signals: true,
                ..Checkpoints::default()
            });
            if let Some(output) = &mut options.output {
                output.directory = folder.join("out");
            }
        }
        _ => {}
    }
    Simulation::build(comm, &model, &options)?.run().map(|_| ())
}

/// A probe that is written often.
fn with_electrode(model: Model) -> Model {
    model.with_probe(ProbeRecording {
        by_population: true,
        currents: vec![CurrentType::ExcitatorySynapses],
        chunk_samples: Some(150),
        ..ProbeRecording::new(laminar(3))
    })
}

/// An input that makes the potential of a cell infinite.
fn explosion(gid: u64, time_ms: f64) -> Input {
    Input {
        name: "explosion".into(),
        synapse: net_core::SynapseKind {
            mechanism: "ExpSyn".into(),
            parameters: Default::default(),
        },
        delay_ms: 0.0,
        synapses: InputSynapses::Table(Arc::new(InputTable::new(vec![InputRow {
            gid,
            segment: 1,
            weight: f64::MAX,
            source: SpikeSource::Times(vec![time_ms; 2]),
        }]))),
    }
}

fn alone() {
    check("succeed", 1, Some(0), &[]);
    check("error-of-a-cell", 1, Some(1), &["error: cell with gid 21", "the file is gone"]);
    check("panic-in-a-thread", 1, Some(101), &["broken on purpose"]);
    check_explosion(1);
    killed(1);
    killed_with_fields(1);
    stopped(1);
}

fn under_mpirun() {
    check("succeed", 3, Some(0), &[]);
    // Gid 21 is on rank 0 of 3, and on rank 1 of 2.
    check("error-of-a-cell", 3, Some(1), &["rank 0", "cell with gid 21", "the file is gone"]);
    check("error-of-a-cell", 2, Some(1), &["rank 1", "cell with gid 21", "the file is gone"]);
    check("panic-in-a-thread", 2, Some(101), &["error on rank 1 of 2", "broken on purpose"]);
    for ranks in [2, 3] {
        check_explosion(ranks);
    }
    killed(2);
    killed_with_fields(2);
    stopped(2);
}

/// A run that is asked to stop, by a signal to one rank or the limit of wall time, saves its state,
/// seals what it recorded until then, and says so with a status of its own.
fn stopped(ranks: usize) {
    for role in ["stop", "limit"] {
        let folder = tempfile::tempdir().unwrap();
        let child = job(role, ranks, folder.path()).spawn().unwrap();
        let checkpoints = CheckpointDirectory::new(folder.path().join("out/checkpoints"));
        let started = Instant::now();
        while role == "stop" && !matches!(checkpoints.latest(), Ok(Some(_))) {
            assert!(started.elapsed() < HANGS, "nothing is saved");
            thread::sleep(Duration::from_millis(20));
        }
        if role == "stop" {
            let last = folder.path().join(format!("pid-{}", ranks - 1));
            let pid = fs::read_to_string(last).unwrap();
            assert!(Command::new("kill").arg(pid).status().unwrap().success());
        }
        let ended = wait(child, role);
        let text = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(i32::from(STOPPED)), "{role} on {ranks}:\n{text}");
        let why = if role == "stop" { "on a signal" } else { "at the limit of wall time" };
        assert!(text.contains("stopped at") && text.contains(why), "{text}");
        let step = checkpoints.latest().unwrap().unwrap().manifest().step;
        let run = RunDirectory::open(folder.path().join("out")).unwrap();
        assert_eq!(run.coverage().unwrap().sealed_until(), step, "{role} on {ranks} ranks");
        println!("{role} on {ranks} ranks, saved and sealed at step {step} ... ok");
    }
}

/// This program in a role, on some ranks; alone without a launcher.
fn job(role: &str, ranks: usize, folder: &Path) -> Command {
    let program = env::current_exe().expect("a program knows its path");
    let mut command = match ranks {
        1 => Command::new(program),
        _ => {
            let mut mpirun = Command::new("mpirun");
            mpirun.arg("-n").arg(ranks.to_string()).arg("--bind-to").arg("none").arg(program);
            mpirun
        }
    };
    command
        .env(ROLE, role)
        .env(FOLDER, folder)
        .env("RUST_BACKTRACE", "0")
        // Test machines have few cores and containers only root.
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .env("OMPI_MCA_rmaps_base_oversubscribe", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Runs a job in a new folder; it must end with this status and say these words, once.
#[track_caller]
fn check(role: &str, ranks: usize, exit_code: Option<i32>, words: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let child = job(role, ranks, folder.path()).spawn().unwrap();
    let ended = wait(child, role);
    let text = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), exit_code, "{role} on {ranks} ranks:\n{text}");
    for word in words {
        assert!(text.contains(word), "{role} on {ranks} ranks: {word:?} is not in\n{text}");
    }
    let messages = text.lines().filter(|line| line.starts_with("error")).count();
    let is_panic_alone = ranks == 1 && exit_code == Some(101);
    if !is_panic_alone {
        assert_eq!(messages, usize::from(!words.is_empty()), "{role} on {ranks} ranks:\n{text}");
    }
    println!("{role} on {ranks} ranks ... ok");
    folder
}

/// The output of a job, which must end.
fn wait(mut child: std::process::Child, name: &str) -> Ended {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if HANGS < started.elapsed() {
            let _ = child.kill();
            panic!("{name} hangs");
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

/// A potential that becomes infinite after 50 of 100 ms: what was recorded before is there.
fn check_explosion(ranks: usize) {
    let folder = check("explosion", ranks, Some(1), &["gid 21", "before t = 50"]);
    let run = RunDirectory::open(folder.path()).unwrap();
    let sealed_until = run.coverage().unwrap().sealed_until();
    // 50 ms are 2000 steps; an epoch of at most 20 is lost, or two with several ranks.
    assert!((1960..=2000).contains(&sealed_until), "sealed until step {sealed_until}");
}

/// Starts an endless run and kills one of its ranks; the job ends. Returns where its files are.
fn kill(role: &str, ranks: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let child = job(role, ranks, folder.path()).spawn().unwrap();
    let pid_file = folder.path().join(format!("pid-{}", ranks - 1));
    let run_folder = folder.path().join("out");
    let sealed = || {
        let run = RunDirectory::open(&run_folder).ok()?;
        run.coverage().ok().map(|coverage| coverage.sealed_until())
    };
    let started = Instant::now();
    while sealed().unwrap_or(0) < 1000 {
        assert!(started.elapsed() < HANGS, "nothing is sealed");
        thread::sleep(Duration::from_millis(50));
    }
    let pid = fs::read_to_string(pid_file).unwrap();
    let killed_at = Instant::now();
    assert!(Command::new("sh").args(["-c", &format!("kill -9 {pid}")]).status().unwrap().success());
    let ended = wait(child, "a job with a killed rank");
    assert!(!ended.status.success());
    assert!(killed_at.elapsed() < PROMISED, "the other ranks went on");
    (folder, run_folder)
}

/// The signals of a run that was killed are those of a run that was not, as far as the file says.
fn killed_with_fields(ranks: usize) {
    let (_folder, run_folder) = kill("endless-fields", ranks);
    let file = hdf5::File::open(run_folder.join("OUTPUT.h5")).unwrap();
    let dataset = file.dataset("RecExtElectrode0").unwrap();
    let n_written: u64 = dataset.attr("samples_written").unwrap().read_scalar().unwrap();
    // Sealed until step 1000, and chunks are of 150 samples, collected at the end of an epoch.
    assert!((800..=dataset.shape()[1] as u64).contains(&n_written), "{n_written} samples");
    let n_compared = n_written.min(20_000) as usize;
    let found = dataset.read_slice_2d::<Values, _>((.., ..n_compared)).unwrap();

    let options = RunOptions { output: None, ..into_files(500.0, 2, &run_folder) };
    let model = with_electrode(connected(1, [20, 5], 0.5));
    let comm = Communicator::solo();
    let reference = Simulation::build(&comm, &model, &options).unwrap().run().unwrap();
    let signal = &reference.signals[0];
    for (row, found) in found.outer_iter().enumerate() {
        for (at, found) in found.iter().enumerate() {
            let expected = |field: usize| signal.fields[field].1[row * signal.n_samples + at];
            let expected =
                Values { imem: expected(0), isyn_e: expected(1), e: expected(2), i: expected(3) };
            assert_eq!(*found, expected, "row {row}, sample {at}");
        }
    }
    println!("killed with fields on {ranks} ranks, {n_written} samples are right ... ok");
}

/// A value of the file of signals.
#[derive(Clone, Copy, Debug, PartialEq, hdf5::H5Type)]
#[repr(C)]
struct Values {
    imem: f64,
    isyn_e: f64,
    #[hdf5(rename = "E")]
    e: f64,
    #[hdf5(rename = "I")]
    i: f64,
}

/// One rank of an endless run is killed: the job ends, and what was sealed is what it should be.
fn killed(ranks: usize) {
    let (_folder, run_folder) = kill("endless", ranks);
    // What is left is a run of that duration.
    let run = RunDirectory::open(&run_folder).unwrap();
    let options = MergeOptions { extent: Extent::Sealed, ..MergeOptions::default() };
    let merged = merge_recordings(&run, &options).unwrap();
    assert!(merged.end_step >= 1000 && !merged.finished);
    let comm = Communicator::solo();
    let reference = RunOptions { output: None, ..into_files(1000.0, 2, &run_folder) };
    let reference =
        Simulation::build(&comm, &connected(1, [20, 5], 0.5), &reference).unwrap().run().unwrap();
    if merged.end_step <= 40_000 {
        let early = |spike: &&net_cell::Spike| spike.step < merged.end_step;
        let expected = reference.spikes.iter().filter(early).count() as u64;
        assert_eq!(merged.n_spikes, expected, "spikes before step {}", merged.end_step);
    }
    println!("killed on {ranks} ranks, step {} sealed ... ok", merged.end_step);
}
