//! `net-sim info`: what a run recorded.

use std::path::PathBuf;
use std::process::ExitCode;

use net_io::merge::RunReader;
use net_io::provenance::Provenance;
use net_io::store::{Gaps, RunDirectory};

/// Say what a run recorded and how far it came, merged or not, while it runs or after it was killed
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
            Some(provenance) => println!("{}", provenance.to_json()),
            None => anyhow::bail!("{}: no provenance.json", run.path().display()),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let is_merged = run.file(RunDirectory::SPIKES).exists();
    let reader = match is_merged {
        true => RunReader::open_merged(&run)?,
        false => RunReader::open_chunks(&run, Gaps::Mark)?,
    };
    let manifest = reader.manifest();
    let time_ms = |step: u64| step as f64 * manifest.dt_ms;
    println!(
        "run {} of {} ranks, dt {} ms, seed {}",
        manifest.run_id, manifest.n_ranks, manifest.dt_ms, manifest.seed
    );
    let state = if reader.finished() { "finished" } else { "not finished" };
    let from = if is_merged { "merged files" } else { "chunks" };
    let last = reader.end_step().saturating_sub(u64::from(reader.finished()));
    println!("{state}, recorded up to {} ms, {from}", time_ms(last));
    for gap in reader.gaps() {
        println!("gap from {} to {} ms", time_ms(gap.start), time_ms(gap.end));
    }
    for population in &manifest.populations {
        println!(
            "population {}: {} cells from gid {}",
            population.name, population.size, population.first_gid
        );
    }
    for recorder in reader.spike_recorders() {
        println!(
            "spikes {}: {} cells, {}",
            recorder.device.name,
            recorder.roster.n(),
            recorder.device.kind
        );
    }
    for index in 0..manifest.signals.len() {
        let signal = reader.signal(index)?;
        let (description, device) = (signal.signal(), signal.signal().device());
        println!(
            "signal {}: {} in {}, {} columns of {} samples every {} ms, {}",
            description.name,
            description.variable,
            description.units,
            signal.columns().len(),
            signal.n_samples(),
            time_ms(description.grid.interval_steps),
            device.kind
        );
    }
    for (key, value) in &manifest.attributes {
        println!("{key}: {value}");
    }
    Ok(ExitCode::SUCCESS)
}
