//! A run is killed again and again, at any moment and in the middle of sealing a chunk or a checkpoint:
//! what it had sealed is recovered each time, and is what the run would have recorded; and it is
//! resumed, on other ranks, and leaves the files that it would have left.
//!
//! Kills come at any moment, while a chunk or a checkpoint is written, and while files are merged.
//! This program starts itself again as a job of two ranks (one without MPI) and kills it with SIGKILL, as
//! often as `NET_KILLS` says (4 times unless it does; `scripts/kill-test` is for many). Every third
//! resumed run is killed too, and resumed again. The last line counts kills and failures.

mod common;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::fields::laminar;
use common::{connected, into_files};
use net_io::Error;
use net_io::merge::RunReader;
use net_io::recover::recover;
use net_io::store::{Gaps, RunDirectory, Spike};
use net_mpi::{BUILT_WITH_MPI, Communicator, Mode, run};
use net_sim::*;

const FOLDER: &str = "NET_KILLS_FOLDER";
const N_RANKS: usize = if BUILT_WITH_MPI { 2 } else { 1 };
/// A job that has not ended by then hangs.
const HANGS: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    if let Some(folder) = env::var_os(FOLDER) {
        return run(Mode::Auto, |comm| exit_status(comm, play(comm, Path::new(&folder))));
    }
    let n_kills = env::var("NET_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let folder = tempfile::tempdir().unwrap();
    let reference = folder.path().join("reference");
    simulate(&Communicator::solo(), &reference).unwrap();
    let expected = files(&reference).unwrap();
    let reference = RunReader::open(&RunDirectory::open(&reference).unwrap()).unwrap();

    let whole = folder.path().join("whole");
    let duration = live(&whole);
    let mut count = Count::default();
    if let Err(reason) = check(&whole.join("out"), &reference) {
        println!("not killed: FAILED: {reason}");
        count.failures += 1;
    }
    for number in 1..=n_kills {
        let folder = folder.path().join(number.to_string());
        // Multiples of the golden ratio are spread evenly, however many there are.
        let moment = duration.mul_f64((f64::from(number) * 0.618_033_988_749_895).fract());
        count.note(kill(&folder, N_RANKS, moment, number));
        match check_copy(&folder, &reference).and_then(|recovered| {
            count.finished += u32::from(recovered.finished);
            resume(&folder, number, moment, &expected, &mut count).map(|legs| (recovered, legs))
        }) {
            Ok((Recovered { end_ms, n_spikes, .. }, legs)) => println!(
                "kill {number} after {moment:.2?}: {end_ms} ms, {n_spikes} spikes, {legs} ... ok"
            ),
            Err(reason) => {
                count.failures += 1;
                println!("kill {number} after {moment:.2?}: FAILED: {reason}");
            }
        }
        let _ = fs::remove_dir_all(folder);
    }
    let Count { kills, chunks, checkpoints, merges, finished, failures } = count;
    println!(
        "{chunks} kills while a chunk was written, {checkpoints} while a checkpoint was, {merges} \
         when files were being merged, {finished} after the last step"
    );
    println!("kills: {kills}, failures: {failures}");
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What happened.
#[derive(Default)]
struct Count {
    kills: u32,
    chunks: u32,
    checkpoints: u32,
    merges: u32,
    finished: u32,
    failures: u32,
}

impl Count {
    fn note(&mut self, half_written: HalfWritten) {
        self.kills += 1;
        self.chunks += u32::from(half_written.chunk);
        self.checkpoints += u32::from(half_written.checkpoint);
        self.merges += u32::from(half_written.merge);
    }
}

/// One rank of the job.
fn play(comm: &Communicator, folder: &Path) -> anyhow::Result<()> {
    let pid = folder.join(format!("pid-{}.tmp", comm.rank()));
    fs::write(&pid, std::process::id().to_string())?;
    fs::rename(&pid, pid.with_extension(""))?;
    Ok(simulate(comm, &folder.join("out"))?)
}

/// Goes on from the latest checkpoint, if there is one.
fn simulate(comm: &Communicator, directory: &Path) -> Result<()> {
    let model = connected(1, [20, 5], 0.5)
        .with_spike_recording(SpikeRecording::new("spikes", Targets::All))
        .with_recording(Recording {
            windows_ms: vec![(10.0, 30.0), (60.0, f64::INFINITY)],
            segments: Segments::All,
            ..Recording::new("windows", Targets::All, Quantity::Voltage)
        })
        .with_rate_recording(RateRecording::new("rate", Targets::All, 1.0))
        .with_probe(ProbeRecording {
            interval_ms: Some(0.5),
            sampling: net_lfp::Sampling::Average,
            chunk_samples: Some(7),
            ..ProbeRecording::new(laminar(2))
        });
    let mut options = into_files(80.0, 1, directory);
    options.keep_in_memory = false;
    options.checkpoints =
        Some(Checkpoints { every_ms: Some(4.8), resume: true, ..Checkpoints::default() });
    if let Some(output) = &mut options.output {
        output.seal_interval_ms = Some(0.8);
    }
    Simulation::build(comm, &model, &options)?.run().map(|_| ())
}

/// The bytes of the files that a run leaves.
fn files(directory: &Path) -> std::result::Result<Vec<Vec<u8>>, String> {
    let names = ["spikes.h5", "traces.h5", "OUTPUT.h5", "synapse_connections.h5"];
    let read = |name| {
        let path = directory.join(name);
        fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    names.into_iter().map(read).collect()
}

/// Resumes a run that was killed, on 1 to 3 ranks, until it ends; says on how many.
fn resume(
    folder: &Path,
    number: u32,
    moment: Duration,
    expected: &[Vec<u8>],
    count: &mut Count,
) -> std::result::Result<String, String> {
    let mut legs = "resumed on".to_owned();
    let ranks = |leg: u32| if BUILT_WITH_MPI { ((number + leg) % 3 + 1) as usize } else { 1 };
    if number.is_multiple_of(3) {
        count.note(kill(folder, ranks(0), moment.mul_f64(0.5), number / 3));
        legs += &format!(" {}, killed and resumed on", ranks(0));
    }
    let last = ranks(u32::from(number.is_multiple_of(3)));
    let log = fs::File::create(folder.join("log")).unwrap();
    let ended = wait(job(folder, last, log.into()));
    let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
    if !ended.success() {
        return Err(format!("resumed on {last} ranks: {ended}: {}", log()));
    }
    let directory = folder.join("out");
    if let Some(left) = ["parts", "checkpoints"].into_iter().find(|n| directory.join(n).exists()) {
        let entries = entries_below(&directory.join(left));
        return Err(format!("{left} were not removed: {entries:?}; {}", log()));
    }
    for (file, (found, expected)) in files(&directory)?.iter().zip(expected).enumerate() {
        if found != expected {
            return Err(format!("resumed on {last} ranks: file {file} differs"));
        }
    }
    Ok(format!("{legs} {last}"))
}

/// All files below a folder.
fn entries_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let below = |path: PathBuf| if path.is_dir() { entries_below(&path) } else { vec![path] };
    entries.flat_map(below).collect()
}

fn job(folder: &Path, n_ranks: usize, errors: Stdio) -> Child {
    fs::create_dir_all(folder).unwrap();
    let program = env::current_exe().expect("a program knows its path");
    let mut command = Command::new(if BUILT_WITH_MPI { Path::new("mpirun") } else { &program });
    if BUILT_WITH_MPI {
        command.args(["-n", &n_ranks.to_string(), "--bind-to", "none"]).arg(program);
    }
    command
        .env(FOLDER, folder)
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .env("OMPI_MCA_rmaps_base_oversubscribe", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(errors)
        .spawn()
        .unwrap()
}

/// The process ids of all ranks, when they have started.
fn pids(folder: &Path, n_ranks: usize) -> Vec<String> {
    let started = Instant::now();
    let read = |rank: usize| fs::read_to_string(folder.join(format!("pid-{rank}"))).ok();
    loop {
        if let Some(pids) = (0..n_ranks).map(read).collect() {
            return pids;
        }
        assert!(started.elapsed() < HANGS, "the job does not start");
        thread::sleep(Duration::from_millis(1));
    }
}

fn wait(mut child: Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if HANGS < started.elapsed() {
            let _ = child.kill();
            panic!("the job hangs");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Lets a job live; gives the time from the start of its ranks to its end.
fn live(folder: &Path) -> Duration {
    let child = job(folder, N_RANKS, Stdio::null());
    pids(folder, N_RANKS);
    let started = Instant::now();
    wait(child);
    started.elapsed()
}

/// What was half written when a job was killed.
#[derive(Clone, Copy, Default)]
struct HalfWritten {
    chunk: bool,
    checkpoint: bool,
    /// Merged files, or a part of them, beside the chunks.
    merge: bool,
}

/// Kills all ranks of a job at a moment after they have started, or, mostly, when a chunk or a
/// checkpoint is written next after it, or when files are merged.
fn kill(folder: &Path, n_ranks: usize, moment: Duration, number: u32) -> HalfWritten {
    for rank in 0..3 {
        let _ = fs::remove_file(folder.join(format!("pid-{rank}")));
    }
    let child = job(folder, n_ranks, Stdio::null());
    let pids = pids(folder, n_ranks);
    thread::sleep(moment);
    let waited = Instant::now();
    let is_there = |now: HalfWritten| match number % 4 {
        0 => now.checkpoint,
        1 => now.merge,
        2 => now.chunk,
        _ => true,
    };
    while !is_there(half_written(folder)) && waited.elapsed() < moment {
        std::hint::spin_loop();
    }
    // The job may have ended by itself.
    let killed = format!("kill -9 {} 2>/dev/null", pids.join(" "));
    Command::new("sh").args(["-c", &killed]).status().unwrap();
    wait(child);
    half_written(folder)
}

/// Chunks under temporary names, checkpoints without a manifest, and merged spikes beside chunks.
fn half_written(folder: &Path) -> HalfWritten {
    let entries = |path: &Path| {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let is_temporary = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "tmp");
    let parts = folder.join("out/parts");
    let folders = entries(&parts).into_iter().flat_map(|leg| [entries(&leg), vec![leg]].concat());
    let checkpoints = entries(&folder.join("out/checkpoints"));
    let has_spikes =
        ["spikes.h5", "spikes.h5.tmp"].map(|name| folder.join("out").join(name).exists());
    HalfWritten {
        merge: has_spikes.contains(&true) && parts.exists(),
        chunk: folders.flat_map(|rank| entries(&rank)).any(|path| is_temporary(&path)),
        checkpoint: checkpoints.iter().any(|path| !path.join("checkpoint.json").exists()),
    }
}

/// What was recovered.
#[derive(Default)]
struct Recovered {
    end_ms: f64,
    n_spikes: u64,
    finished: bool,
}

/// Recovers a copy of a run, and compares it with one that was not killed.
fn check_copy(folder: &Path, reference: &RunReader) -> std::result::Result<Recovered, String> {
    let copy = folder.join("copy");
    let copied = Command::new("cp").arg("-r").arg(folder.join("out")).arg(&copy).status();
    // Killed before anything was there.
    if !copied.is_ok_and(|status| status.success()) {
        return Ok(Recovered::default());
    }
    check(&copy, reference)
}

/// Recovers a run, and compares it with one that was not killed.
fn check(directory: &Path, reference: &RunReader) -> std::result::Result<Recovered, String> {
    let text = |error: Error| error.to_string();
    let run = match RunDirectory::open(directory) {
        // Killed before anything was there.
        Err(Error::NotARun { .. }) => return Ok(Recovered::default()),
        run => run.map_err(text)?,
    };
    if let Err(Error::NotARun { .. }) = run.manifest() {
        return Ok(Recovered::default());
    }
    let is_merged = |run: &RunDirectory| run.file(RunDirectory::TRACES).exists();
    match recover(&run, Gaps::Refuse) {
        Err(Error::NothingToMerge { .. }) if is_merged(&run) => {}
        Err(Error::NothingToMerge { .. }) => return Ok(Recovered::default()),
        recovered => drop(recovered.map_err(text)?),
    }
    let found = RunReader::open_merged(&run).map_err(text)?;
    let end_step = found.end_step();
    let mut n_spikes = 0;
    for population in 0..found.manifest().populations.len() {
        let [found, expected] =
            [&found, reference].map(|reader| spikes(reader, population, end_step));
        let (found, expected) = (found.map_err(text)?, expected.map_err(text)?);
        if found != expected {
            return Err(format!("{} spikes instead of {}", found.len(), expected.len()));
        }
        n_spikes += found.len() as u64;
    }
    for signal in 0..found.manifest().signals.len() {
        let [found, expected] = [&found, reference].map(|reader| samples(reader, signal, end_step));
        if found.map_err(text)? != expected.map_err(text)? {
            return Err(format!("samples of signal {signal} differ"));
        }
    }
    let end_ms = end_step as f64 * found.manifest().dt_ms;
    Ok(Recovered { end_ms, n_spikes, finished: found.finished() })
}

fn spikes(reader: &RunReader, population: usize, end_step: u64) -> net_io::Result<Vec<Spike>> {
    let mut all = Vec::new();
    reader.spikes(population, 0..end_step, |spikes| {
        all.extend_from_slice(spikes);
        Ok(())
    })?;
    Ok(all)
}

/// Steps and bits of all samples.
fn samples(
    reader: &RunReader,
    signal: usize,
    end_step: u64,
) -> net_io::Result<(Vec<u64>, Vec<u64>)> {
    let signal = reader.signal(signal)?;
    let samples = signal.samples_of(0..end_step);
    let values: Vec<f64> = signal.read(0..signal.columns().len(), samples.clone())?;
    let steps = samples.map(|sample| signal.step_of(sample)).collect();
    Ok((steps, values.into_iter().map(f64::to_bits).collect()))
}
