//! A run is killed again and again, at any moment and in the middle of sealing: what it had sealed is
//! recovered each time, and is what the run would have recorded.
//!
//! This program starts itself again as a job of two ranks (one without MPI) and kills it with SIGKILL, as
//! often as `NET_KILLS` says (4 times unless it does; `scripts/kill-test` is for many). The last line
//! counts kills and failures.

mod common;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

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
        return run(Mode::Auto, |comm| play(comm, Path::new(&folder)));
    }
    let n_kills = env::var("NET_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let folder = tempfile::tempdir().unwrap();
    let reference = folder.path().join("reference");
    simulate(&Communicator::solo(), &reference).unwrap();
    let reference = RunReader::open(&RunDirectory::open(&reference).unwrap()).unwrap();

    let whole = folder.path().join("whole");
    let duration = live(&whole);
    let (mut n_failures, mut n_sealing, mut n_finished) = (0, 0, 0);
    if let Err(reason) = check(&whole, &reference) {
        println!("not killed: FAILED: {reason}");
        n_failures += 1;
    }
    for number in 1..=n_kills {
        let folder = folder.path().join(number.to_string());
        // Multiples of the golden ratio are spread evenly, however many there are.
        let moment = duration.mul_f64((f64::from(number) * 0.618_033_988_749_895).fract());
        n_sealing += u32::from(kill(&folder, moment, number % 2 == 0));
        match check(&folder, &reference) {
            Ok(recovered) => {
                n_finished += u32::from(recovered.finished);
                let Recovered { end_ms, n_spikes, .. } = recovered;
                println!("kill {number} after {moment:.2?}: {end_ms} ms, {n_spikes} spikes ... ok");
            }
            Err(reason) => {
                n_failures += 1;
                println!("kill {number} after {moment:.2?}: FAILED: {reason}");
            }
        }
        let _ = fs::remove_dir_all(folder);
    }
    println!("{n_sealing} kills while a chunk was written, {n_finished} after the last step");
    println!("kills: {n_kills}, failures: {n_failures}");
    if n_failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One rank of the job.
fn play(comm: &Communicator, folder: &Path) -> Result<()> {
    let pid = folder.join(format!("pid-{}.tmp", comm.rank()));
    fs::write(&pid, std::process::id().to_string()).unwrap();
    fs::rename(&pid, pid.with_extension("")).unwrap();
    simulate(comm, &folder.join("out"))
}

fn simulate(comm: &Communicator, directory: &Path) -> Result<()> {
    let model = connected(1, [20, 5], 0.5)
        .with_spike_recording(SpikeRecording::new("spikes", Targets::All))
        .with_recording(Recording {
            windows_ms: vec![(10.0, 30.0), (60.0, f64::INFINITY)],
            segments: Segments::All,
            ..Recording::new("windows", Targets::All, Quantity::Voltage)
        })
        .with_rate_recording(RateRecording::new("rate", Targets::All, 1.0));
    let mut options = into_files(150.0, 1, directory);
    if let Some(output) = &mut options.output {
        output.seal_interval_ms = Some(0.5);
    }
    Simulation::build(comm, &model, &options)?.run().map(|_| ())
}

fn job(folder: &Path) -> Child {
    fs::create_dir_all(folder).unwrap();
    let program = env::current_exe().expect("a program knows its path");
    let mut command = Command::new(if BUILT_WITH_MPI { Path::new("mpirun") } else { &program });
    if BUILT_WITH_MPI {
        command.args(["-n", &N_RANKS.to_string(), "--bind-to", "none"]).arg(program);
    }
    command
        .env(FOLDER, folder)
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .env("OMPI_MCA_rmaps_base_oversubscribe", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The process ids of all ranks, when they have started.
fn pids(folder: &Path) -> Vec<String> {
    let started = Instant::now();
    let read = |rank: usize| fs::read_to_string(folder.join(format!("pid-{rank}"))).ok();
    loop {
        if let Some(pids) = (0..N_RANKS).map(read).collect() {
            return pids;
        }
        assert!(started.elapsed() < HANGS, "the job does not start");
        thread::sleep(Duration::from_millis(1));
    }
}

fn wait(mut child: Child) {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if HANGS < started.elapsed() {
            let _ = child.kill();
            panic!("the job hangs");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Lets a job live; gives the time from the start of its ranks to its end.
fn live(folder: &Path) -> Duration {
    let child = job(folder);
    pids(folder);
    let started = Instant::now();
    wait(child);
    started.elapsed()
}

/// Kills all ranks of a job at a moment after they have started, or when a chunk is written next after
/// it; true if one was half written then.
fn kill(folder: &Path, moment: Duration, in_mid_seal: bool) -> bool {
    let child = job(folder);
    let pids = pids(folder);
    thread::sleep(moment);
    let waited = Instant::now();
    while in_mid_seal && half_written(folder).is_empty() && waited.elapsed() < moment {
        std::hint::spin_loop();
    }
    // The job may have ended by itself.
    let killed = format!("kill -9 {} 2>/dev/null", pids.join(" "));
    Command::new("sh").args(["-c", &killed]).status().unwrap();
    wait(child);
    !half_written(folder).is_empty()
}

/// Chunks under temporary names.
fn half_written(folder: &Path) -> Vec<PathBuf> {
    let of_rank = |rank: usize| {
        let entries = fs::read_dir(folder.join(format!("out/parts/rank-{rank:05}")));
        entries.into_iter().flatten().flatten().map(|entry| entry.path())
    };
    (0..N_RANKS)
        .flat_map(of_rank)
        .filter(|path| path.extension().is_some_and(|ending| ending == "tmp"))
        .collect()
}

/// What was recovered.
#[derive(Default)]
struct Recovered {
    end_ms: f64,
    n_spikes: u64,
    finished: bool,
}

/// Recovers a run, and compares it with one that was not killed.
fn check(folder: &Path, reference: &RunReader) -> std::result::Result<Recovered, String> {
    let text = |error: Error| error.to_string();
    let run = match RunDirectory::open(folder.join("out")) {
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
