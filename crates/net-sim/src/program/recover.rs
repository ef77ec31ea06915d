//! `net-sim recover`: files from what is sealed of a run.

use std::path::PathBuf;
use std::process::ExitCode;

use net_io::recover::recover;
use net_io::store::{Gaps, RunDirectory};

use crate::say::say;

/// Make the merged files of a run that was killed, from all that its ranks had sealed
///
/// The recordings end at the first step that some rank had not sealed, which is told. A chunk that is
/// missing or damaged is an error; with --allow-gaps its steps are a gap instead: samples are NaN, spikes
/// are missing, and the files say where (/gaps). Chunks of another run are refused. The chunks stay.
///
/// Status 0: done; 1: nothing could be recovered.
///
/// Example: net-sim recover out
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Directory of the run
    directory: PathBuf,
    /// Mark what is missing or damaged instead of refusing it
    #[arg(long)]
    allow_gaps: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let run = RunDirectory::open(&args.directory)?;
    let gaps = if args.allow_gaps { Gaps::Mark } else { Gaps::Refuse };
    let recovered = recover(&run, gaps)?;
    let dt_ms = run.manifest()?.dt_ms;
    let report = &recovered.recordings;
    say!("{}", super::merge::describe(report, dt_ms))?;
    let behind = recovered.coverage.ranks.iter().map(|rank| rank.sealed_until);
    if let Some(most) = behind.max().filter(|&most| most > report.end_step) {
        let lost_ms = (most - report.end_step) as f64 * dt_ms;
        say!("other ranks had sealed up to {lost_ms} ms more, which is not in the files")?;
    }
    for path in report.files.iter().chain(&recovered.tables) {
        say!("{}", path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}
