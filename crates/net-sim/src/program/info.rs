//! `net-sim info`: what a run recorded.

use std::path::PathBuf;
use std::process::ExitCode;

use net_io::checkpoint::CheckpointDirectory;
use net_io::merge::RunReader;
use net_io::probes::ProbeReader;
use net_io::provenance::Provenance;
use net_io::store::{Gaps, RunDirectory};

use crate::say::say;

/// Say what a run recorded and how far it came, merged or not, while it runs or after it was killed
///
/// Prints the state of the run; where it was resumed and on how many ranks; its latest checkpoint;
/// populations; recordings of spikes, signals and probes with their devices; and where it comes from:
/// program, mechanisms, hashes, times and machine.
///
/// Examples:
///   net-sim info out
///   net-sim info out --provenance
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Directory of the run
    directory: PathBuf,
    /// Print where the results come from, as JSON, and nothing else
    #[arg(long)]
    provenance: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let run = RunDirectory::open(&args.directory)?;
    if args.provenance {
        match Provenance::read(&run)? {
            Some(provenance) => say!("{}", provenance.to_json())?,
            None => anyhow::bail!("{}: no provenance.json", run.path().display()),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let is_merged = run.file(RunDirectory::SPIKES).exists();
    let reader = match is_merged {
        true => RunReader::open_merged(&run)?,
        false => RunReader::open_chunks(&run, Gaps::Mark)?,
    };
    state(&reader, if is_merged { "merged files" } else { "chunks" })?;
    recordings(&reader)?;
    probes(&run)?;
    for (key, value) in &reader.manifest().attributes {
        say!("{key}: {value}")?;
    }
    match Provenance::read(&run)? {
        Some(provenance) => origin(&provenance)?,
        None => say!("provenance: none")?,
    }
    Ok(ExitCode::SUCCESS)
}

/// How far it came, and on what.
fn state(reader: &RunReader, from: &str) -> anyhow::Result<()> {
    let manifest = reader.manifest();
    let time_ms = |step: u64| step as f64 * manifest.dt_ms;
    say!(
        "run {} of {} ranks, dt {} ms, seed {}",
        manifest.run_id,
        manifest.n_ranks,
        manifest.dt_ms,
        manifest.seed
    )?;
    let state = if reader.finished() { "finished" } else { "not finished" };
    let last = reader.end_step().saturating_sub(u64::from(reader.finished()));
    say!("{state}, recorded up to {} ms, {from}", time_ms(last))?;
    for (number, leg) in manifest.legs.iter().enumerate() {
        let (number, ranks) = (number + 1, leg.n_ranks);
        say!("leg {number}: resumed at {} ms on {ranks} ranks", time_ms(leg.first_step))?;
    }
    let checkpoints = reader.run().file(RunDirectory::CHECKPOINTS);
    if let Some(latest) = CheckpointDirectory::new(checkpoints).latest()? {
        say!("checkpoint at {} ms, to go on from", time_ms(latest.manifest().step))?;
    }
    for gap in reader.gaps() {
        say!("gap from {} to {} ms", time_ms(gap.start), time_ms(gap.end))?;
    }
    Ok(())
}

fn recordings(reader: &RunReader) -> anyhow::Result<()> {
    let manifest = reader.manifest();
    for population in &manifest.populations {
        say!(
            "population {}: {} cells from gid {}",
            population.name,
            population.size,
            population.first_gid
        )?;
    }
    for recorder in reader.spike_recorders() {
        say!(
            "spikes {}: {} cells, {}",
            recorder.device.name,
            recorder.roster.n(),
            recorder.device.kind
        )?;
    }
    for index in 0..manifest.signals.len() {
        let signal = reader.signal(index)?;
        let (description, device) = (signal.signal(), signal.signal().device());
        say!(
            "signal {}: {} in {}, {} columns of {} samples every {} ms, {}",
            description.name,
            description.variable,
            description.units,
            signal.columns().len(),
            signal.n_samples(),
            description.grid.interval_steps as f64 * manifest.dt_ms,
            device.kind
        )?;
    }
    Ok(())
}

/// The signals of probes, of all ranks.
fn probes(run: &RunDirectory) -> anyhow::Result<()> {
    let path = run.file(RunDirectory::SIGNALS);
    if !path.exists() {
        return Ok(());
    }
    for probe in ProbeReader::open(&path)? {
        say!(
            "probe {}: {} in {}, {} rows of {} samples every {} ms, {} written; {}",
            probe.name,
            probe.class,
            probe.units,
            probe.n_rows,
            probe.n_samples,
            probe.interval_ms,
            probe.n_written,
            probe.fields.join(", ")
        )?;
    }
    Ok(())
}

/// Where it comes from.
fn origin(provenance: &Provenance) -> anyhow::Result<()> {
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let simulator = &provenance.simulator;
    say!("name: {}", provenance.simulation_name)?;
    say!(
        "simulator: {} {}, features [{}], commit {}",
        simulator.name,
        simulator.version,
        simulator.extra.features.join(", "),
        known(&simulator.extra.commit)
    )?;
    for (kind, plugins) in &provenance.plugins {
        for (name, plugin) in plugins {
            let from = match &plugin.sha256 {
                Some(hash) => format!("sha256 {hash}"),
                None => format!("{} {}", plugin.package, known(&plugin.version)),
            };
            say!("{kind} {name}: {from}")?;
        }
    }
    say!("model: sha256 {}", known(&provenance.model_hash))?;
    say!("configuration: sha256 {}", known(&provenance.configuration_hash))?;
    let time = |time: Option<net_io::nix::UtcTime>| {
        time.map_or_else(|| "unknown".to_owned(), |time| time.to_string())
    };
    let took = provenance.wall_seconds.map_or(String::new(), |s| format!(", {s} s"));
    say!(
        "started {}, finished {}{took}",
        time(provenance.started_at),
        time(provenance.finished_at)
    )?;
    let host = provenance.host.clone().unwrap_or_default();
    say!("host: {}, {}", known(&host.hostname), known(&host.platform))?;
    Ok(())
}
