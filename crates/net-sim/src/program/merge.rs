//! `net-sim merge`: the files of a finished run.

use std::path::PathBuf;
use std::process::ExitCode;

use net_io::merge::{MergeOptions, MergeReport, Traces, merge_recordings};
use net_io::store::RunDirectory;

use crate::say::say;

/// Merge the recordings of all ranks of a finished run, as the run itself does at its end
///
/// For a run that ended before it had merged, for want of space for instance. A run that was interrupted
/// is an error here: see net-sim recover.
///
/// Examples:
///   net-sim merge out --spikes-text
///   net-sim merge out --virtual
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Directory of the run
    directory: PathBuf,
    /// Write spikes as text, too: spikes.txt, time in ms and gid
    #[arg(long)]
    spikes_text: bool,
    /// Keep the ranks' chunks
    #[arg(long)]
    keep_parts: bool,
    /// Copy no samples: traces.h5 becomes a view of the chunks, which must stay where they are
    #[arg(long = "virtual")]
    mapped: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let run = RunDirectory::open(&args.directory)?;
    let options = MergeOptions {
        spikes_text: args.spikes_text,
        keep_parts: args.keep_parts,
        traces: if args.mapped { Traces::Mapped } else { Traces::Copied },
        ..MergeOptions::default()
    };
    let report = merge_recordings(&run, &options)?;
    say!("{}", describe(&report, run.manifest()?.dt_ms))?;
    report.files.iter().try_for_each(|path| say!("{}", path.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// What was merged, in words.
pub(super) fn describe(report: &MergeReport, dt_ms: f64) -> String {
    let MergeReport { end_step, finished, n_spikes, .. } = *report;
    // The last sample of a finished run is the state at its end.
    let steps = if finished { end_step.saturating_sub(1) } else { end_step };
    let end = if finished { "finished" } else { "interrupted" };
    let mut text = format!("{end} at {} ms: {n_spikes} spikes", steps as f64 * dt_ms);
    for gap in &report.gaps {
        let [from, to] = [gap.steps.start, gap.steps.end].map(|step| step as f64 * dt_ms);
        text.push_str(&format!("\ngap: rank {} from {from} to {to} ms: {}", gap.rank, gap.reason));
    }
    text
}
