//! `spikes.h5` and `spikes.txt`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::PathBuf;

use hdf5::H5Type;

use crate::error::{Error, Result};
use crate::fsio;
use crate::h5::{Appender, NewFile};
use crate::merge::{OrderedRow, RowBlock, Source, merge_rows};
use crate::store::{Manifest, PartIndex, Population, RecordingChunk, RunDirectory, Spike};

/// The attribute `sorting` of SONATA's spike populations.
#[repr(u8)]
#[derive(H5Type, Clone, Copy)]
#[allow(dead_code, reason = "the type in the file names all three orders, we write one")]
pub(crate) enum Sorting {
    #[hdf5(rename = "none")]
    None = 0,
    #[hdf5(rename = "by_id")]
    ById = 1,
    #[hdf5(rename = "by_time")]
    ByTime = 2,
}

impl OrderedRow for Spike {
    type Key = Spike;

    fn key(&self) -> Spike {
        *self
    }
}

/// Writes the spikes; returns their number.
pub(super) fn merge(source: &Source, with_text: bool, files: &mut Vec<PathBuf>) -> Result<u64> {
    let Source { run, manifest, end_step, .. } = *source;
    let parts = &source.index.parts;
    let path = run.file(RunDirectory::SPIKES);
    let file = NewFile::create(&path)?;
    source.describe(&file)?;
    let mut populations = create_populations(&file, manifest)?;
    let mut text = match with_text {
        true => Some(TextFile::create(run.file(RunDirectory::SPIKES_TEXT))?),
        false => None,
    };
    let mut n_spikes = 0;
    merge_rows::<Spike>(
        parts.iter().map(|part| spike_blocks(part, 0..end_step)).collect(),
        |rank, spike| {
            if spike.step >= end_step {
                return Ok(());
            }
            let Some((index, population)) = manifest.population_of(spike.gid) else {
                return Err(Error::UnknownGid {
                    path: parts[rank as usize].directory.clone(),
                    object: "spikes".to_owned(),
                    row: n_spikes,
                    gid: spike.gid as i64,
                    expected: manifest.describe_gids(),
                });
            };
            let t_ms = source.time_ms(spike.step);
            populations[index].timestamps.push(&file, t_ms)?;
            populations[index].node_ids.push(&file, spike.gid - population.first_gid)?;
            if let Some(text) = &mut text {
                text.write(t_ms, spike.gid)?;
            }
            n_spikes += 1;
            Ok(())
        },
    )?;
    for population in populations {
        let (timestamps, _) = population.timestamps.finish(&file)?;
        file.text(&timestamps, "units", "ms")?;
        population.node_ids.finish(&file)?;
    }
    write_recorders(&file, source)?;
    file.seal()?;
    files.push(path);
    if let Some(text) = text {
        files.push(text.seal()?);
    }
    Ok(n_spikes)
}

struct SpikeDatasets {
    timestamps: Appender<f64>,
    node_ids: Appender<u64>,
}

/// Marks a file as one of SONATA's and makes the group of its spikes.
pub(crate) fn describe_spikes(file: &NewFile) -> Result<hdf5::Group> {
    let root = file.root()?;
    file.attribute(&root, "magic", 0x0A7A_u32)?;
    file.attribute(&root, "version", [0_u32, 1])?;
    file.group(&root, "spikes")
}

/// Every population has its group, also one that never spikes.
fn create_populations(file: &NewFile, manifest: &Manifest) -> Result<Vec<SpikeDatasets>> {
    let spikes = describe_spikes(file)?;
    let create = |population: &Population| {
        let group = file.group(&spikes, &population.name)?;
        file.attribute(&group, "sorting", Sorting::ByTime)?;
        // SONATA counts nodes from 0 in each population: gid = node_id + first_gid.
        file.attribute(&group, "first_gid", population.first_gid)?;
        file.attribute(&group, "n_nodes", population.size)?;
        Ok(SpikeDatasets {
            timestamps: Appender::new(&group, "timestamps"),
            node_ids: Appender::new(&group, "node_ids"),
        })
    };
    manifest.populations.iter().map(create).collect()
}

/// The spikes of a part's chunks that have some in a range of steps.
pub(super) fn spike_blocks(part: &PartIndex, steps: Range<u64>) -> Vec<RowBlock> {
    let overlaps = |chunk: &&RecordingChunk| {
        chunk.n_spikes > 0 && chunk.steps.start < steps.end && steps.start < chunk.steps.end
    };
    part.chunks
        .iter()
        .filter(overlaps)
        .map(|chunk| RowBlock {
            path: chunk.path.clone(),
            offset: chunk.spikes_offset,
            n_rows: chunk.n_spikes,
        })
        .collect()
}

/// Who recorded spikes, of which cells, and when: without that, a cell without spikes could be
/// silent or not recorded.
fn write_recorders(file: &NewFile, source: &Source) -> Result<()> {
    let recorders = file.group(&file.root()?, "recorders")?;
    for (recorder, windows) in
        source.manifest.spike_devices().iter().zip(&source.index.spike_windows)
    {
        let group = file.group(&recorders, &recorder.device.name)?;
        file.text(&group, "kind", &recorder.device.kind)?;
        let roster = file.pairs(&group, "roster", recorder.roster.pairs())?;
        file.text(&roster, "units", "gids")?;
        let windows = file.pairs(&group, "windows", windows.pairs())?;
        file.text(&windows, "units", "steps")?;
    }
    Ok(())
}

/// A text file that gets its name when it is complete.
struct TextFile {
    writer: BufWriter<File>,
    path: PathBuf,
}

impl TextFile {
    fn create(path: PathBuf) -> Result<Self> {
        let temporary = fsio::temporary_name(&path);
        let file = File::create(&temporary).map_err(|e| Error::io(&path, "create", e))?;
        Ok(Self { writer: BufWriter::new(file), path })
    }

    /// Time in ms in the shortest form that reads back to the same bits, then the gid.
    fn write(&mut self, t_ms: f64, gid: u64) -> Result<()> {
        writeln!(self.writer, "{t_ms}\t{gid}").map_err(|e| Error::io(&self.path, "write", e))
    }

    fn seal(self) -> Result<PathBuf> {
        let Self { writer, path } = self;
        let file = writer.into_inner().map_err(|e| Error::io(&path, "write", e.into_error()))?;
        file.sync_all().map_err(|e| Error::io(&path, "sync", e))?;
        fsio::publish(&fsio::temporary_name(&path), &path)?;
        Ok(path)
    }
}
