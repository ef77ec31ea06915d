//! A run that was killed, or not merged for another reason: files from what is sealed.

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::merge::{Extent, MergeOptions, MergeReport, merge_recordings};
use crate::store::{Coverage, Gaps, RunDirectory};
use crate::tables::{merge_cells, merge_connections};

/// What was saved of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// How far each rank had sealed its recordings.
    pub coverage: Coverage,
    /// The recordings, up to the first step that a rank had not sealed.
    pub recordings: MergeReport,
    /// Tables of cells and synapses, those that all ranks had completed.
    pub tables: Vec<PathBuf>,
}

/// Makes the merged files of a run from all that is sealed. The ranks' chunks stay, unless the run had
/// come to its end and nothing is lost; it can be called again.
///
/// ```
/// # fn main() -> net_io::Result<()> {
/// # let temporary = tempfile::tempdir().unwrap();
/// # let path = temporary.path().join("out");
/// use net_io::recover::recover;
/// use net_io::store::*;
///
/// # let run = RunDirectory::create(&path, Overwrite::No)?;
/// # let mut manifest = Manifest::new(0.1, 1234, 1);
/// # manifest.populations.push(Population { name: "E".to_owned(), first_gid: 0, size: 10 });
/// # run.write_manifest(&manifest)?;
/// let mut part = PartWriter::create(&run, 0, Vec::new(), DEFAULT_CHUNK_BYTES)?;
/// part.push_spike(Spike { step: 5, gid: 1 })?;
/// part.seal(50)?;
/// drop(part); // killed
/// let recovered = recover(&RunDirectory::open(&path)?, Gaps::Refuse)?;
/// assert_eq!((recovered.recordings.n_spikes, recovered.recordings.end_step), (1, 50));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::NothingToMerge`] if nothing is sealed, or all was merged; [`Error::ForeignChunk`]; the
/// errors of lost chunks, unless these are to be marked; errors of writing.
pub fn recover(run: &RunDirectory, gaps: Gaps) -> Result<Recovered> {
    // What is left of recordings that were being removed is not all of them.
    run.finish_removal()?;
    let coverage = run.coverage_with(gaps)?;
    let options = MergeOptions { extent: Extent::Sealed, gaps, ..MergeOptions::default() };
    let recordings = merge_recordings(run, &options)?;
    let mut tables = Vec::new();
    let mut merge = |name, merge_table: fn(&RunDirectory) -> Result<PathBuf>| {
        let is_there = run.file(name).exists();
        let made = complete(merge_table(run))?;
        tables.extend(made.filter(|_| !is_there));
        Ok(())
    };
    merge(RunDirectory::CELLS, merge_cells)?;
    if !run.manifest()?.projections.is_empty() {
        merge(RunDirectory::CONNECTIONS, merge_connections)?;
    }
    Ok(Recovered { coverage, recordings, tables })
}

/// A table that some rank had not completed is none.
fn complete(merged: Result<PathBuf>) -> Result<Option<PathBuf>> {
    match merged {
        Err(Error::Unfinished { .. }) => Ok(None),
        merged => merged.map(Some),
    }
}
