//! From the ranks' chunks to the files that users open, in an order that no layout changes.
//!
//! | file | content | order |
//! |---|---|---|
//! | `spikes.h5` | `/spikes/<population>/{timestamps, node_ids}` as SONATA has it | time, then cell |
//! | `spikes.txt` | on request: `t<TAB>gid`, a line a spike | time, then cell |
//! | `traces.h5` | `/traces/<signal>/{data, gids, segments, labels}` | gid, segment, label |
//!
//! Memory is bounded by the number of ranks and of recorded columns, not by the duration. The same
//! spikes and samples give the same bytes, from any number of ranks.

mod reader;
mod rows;
mod signal;
mod spikes;
mod traces;
mod virtual_traces;

use std::path::PathBuf;
use std::sync::Arc;

pub use reader::{RunReader, SignalReader};
pub(crate) use rows::{OrderedRow, RowBlock, merge_rows};
pub(crate) use spikes::{Sorting, describe_spikes};

use crate::error::{Error, Result};
use crate::h5::NewFile;
use crate::provenance;
use crate::store::{Gap, Gaps, Manifest, PartIndex, Ranges, RunDirectory, RunIndex};

/// What to merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// A finished run; that a rank is not finished is an error.
    Finished,
    /// What is sealed on all ranks, which is what can be saved of a run that was killed.
    Sealed,
}

/// How to merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergeOptions {
    /// What to merge.
    pub extent: Extent,
    /// What to do about chunks that are missing or damaged.
    pub gaps: Gaps,
    /// Whether to write `spikes.txt` too.
    pub spikes_text: bool,
    /// Whether the ranks' recordings stay after the merge. They always do after an unfinished run,
    /// and where something is lost.
    pub keep_parts: bool,
    /// Whether samples are copied.
    pub traces: Traces,
}

/// How the samples of the ranks' chunks get into `traces.h5`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Traces {
    /// They are copied; the file stands for itself.
    #[default]
    Copied,
    /// They stay where they are, and the file is a view of the chunks, made at once and without space on
    /// the disk: virtual datasets. Readers see the same. The chunks must stay where they are, so
    /// they are kept. Signals that are sums over ranks are copied.
    Mapped,
}

impl Default for MergeOptions {
    /// A finished run, no text, parts removed.
    fn default() -> Self {
        Self {
            extent: Extent::Finished,
            gaps: Gaps::Refuse,
            spikes_text: false,
            keep_parts: false,
            traces: Traces::Copied,
        }
    }
}

/// What was merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeReport {
    /// First step that is not in the files.
    pub end_step: u64,
    /// Whether all ranks had finished. If not, the files end at `end_step`, which is to be told
    /// to the user.
    pub finished: bool,
    /// What is lost before `end_step`. The files have it as `/gaps`, samples are NaN there, and
    /// spikes of the rank's cells are missing.
    pub gaps: Vec<Gap>,
    /// Number of spikes.
    pub n_spikes: u64,
    /// The files that were written.
    pub files: Vec<PathBuf>,
}

/// Merges the recordings of all ranks; called by one rank, after all have finished their parts.
///
/// The ranks' recordings are removed only when the merged files are complete and on the disk.
///
/// ```
/// # fn main() -> net_io::Result<()> {
/// # let temporary = tempfile::tempdir().unwrap();
/// # let path = temporary.path().join("out");
/// use net_io::merge::{MergeOptions, merge_recordings};
/// use net_io::store::*;
///
/// let run = RunDirectory::create(path, Overwrite::No)?;
/// let mut manifest = Manifest::new(0.1, 1234, 2);
/// manifest.populations.push(Population { name: "E".to_owned(), first_gid: 0, size: 10 });
/// run.write_manifest(&manifest)?;
/// for rank in 0..2 {
///     let mut part = PartWriter::create(&run, rank, Vec::new(), DEFAULT_CHUNK_BYTES)?;
///     part.push_spike(Spike { step: 5, gid: 1 - u64::from(rank) })?;
///     part.finish(100)?;
/// }
/// let report = merge_recordings(&run, &MergeOptions::default())?;
/// assert_eq!(report.n_spikes, 2);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::NothingToMerge`] if it was merged before, [`Error::Unfinished`] if a rank has not
/// finished and `extent` asks for it, the errors of damaged chunks, [`Error::UnknownGid`] for a spike of no population, [`Error::Duplicate`] for a column
/// recorded twice, and errors of writing. After an error the parts are as they were.
pub fn merge_recordings(run: &RunDirectory, options: &MergeOptions) -> Result<MergeReport> {
    let manifest = run.manifest()?;
    run.finish_removal()?;
    let index = Arc::new(RunIndex::scan(run, &manifest, options.gaps)?);
    if index.parts.iter().all(|part| part.chunks.is_empty()) {
        return Err(Error::NothingToMerge { path: run.path().to_owned() });
    }
    if options.extent == Extent::Finished {
        check_finished(run, &index.parts)?;
    }
    let RunIndex { end_step, finished, .. } = *index;
    let traces = options.traces;
    let source = Source { run, manifest: &manifest, index: &index, end_step, finished, traces };
    let mut files = Vec::new();
    let n_spikes = spikes::merge(&source, options.spikes_text, &mut files)?;
    if !manifest.signals.is_empty() {
        files.push(traces::merge(&source)?);
    }
    let keep_parts = options.keep_parts || traces == Traces::Mapped;
    if finished && index.gaps.is_empty() && !keep_parts {
        run.remove_recordings()?;
    } else if finished && index.gaps.is_empty() && traces == Traces::Mapped {
        run.keep_recordings()?;
    }
    Ok(MergeReport { end_step, finished, gaps: index.gaps.clone(), n_spikes, files })
}

/// What is merged: the steps before `end_step` of all parts.
struct Source<'a> {
    run: &'a RunDirectory,
    manifest: &'a Manifest,
    index: &'a Arc<RunIndex>,
    end_step: u64,
    finished: bool,
    traces: Traces,
}

impl Source<'_> {
    /// Time of a step in ms, the one conversion that all files share.
    fn time_ms(&self, step: u64) -> f64 {
        step as f64 * self.manifest.dt_ms
    }

    /// Attributes of the root of each merged file. `end_step` is the first step that is not in it;
    /// `finished` is 0 if the run was interrupted there.
    fn describe(&self, file: &NewFile) -> Result<()> {
        let root = file.root()?;
        file.attribute(&root, "dt_ms", self.manifest.dt_ms)?;
        file.attribute(&root, "seed", self.manifest.seed)?;
        file.attribute(&root, "end_step", self.end_step)?;
        file.attribute(&root, "finished", u8::from(self.finished))?;
        if !self.index.gaps.is_empty() {
            let steps = self.index.gaps.iter().map(|gap| gap.steps.clone());
            let lost = file.pairs(&root, "gaps", steps.collect::<Ranges>().pairs())?;
            file.text(&lost, "units", "steps")?;
        }
        provenance::stamp(file, self.run)
    }
}

fn check_finished(run: &RunDirectory, parts: &[PartIndex]) -> Result<()> {
    // Earlier legs end where the last one begins, which is known.
    let last_leg = parts.last().map_or(0, |part| part.leg);
    let last: Vec<&PartIndex> = parts.iter().filter(|part| part.leg == last_leg).collect();
    for part in &last {
        let (rank, sealed_until) = (part.rank, part.coverage.sealed_until);
        if !part.coverage.finished {
            return Err(Error::Unfinished { path: part.directory.clone(), rank, sealed_until });
        }
        let expected = last[0].coverage.sealed_until;
        if sealed_until != expected {
            let path = run.path().to_owned();
            return Err(Error::UnequalEnd { path, rank, found: sealed_until, expected });
        }
    }
    Ok(())
}
