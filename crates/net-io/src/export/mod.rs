//! Recordings for other programs: text, NumPy's arrays, SONATA's files; some or all of them, from
//! merged files or from the ranks' chunks, in bounded memory.
//!
//! | format | spikes | a signal |
//! |---|---|---|
//! | [`Format::Csv`] | `spikes.csv`: `time_ms,population,node_id,gid` | `<signal>.csv`: a row a sample, a column a recorded column |
//! | [`Format::Npy`] | `spikes.<population>.times_ms.npy` and `.node_ids.npy` | `<signal>.npy` \[columns, samples\], `<signal>.times_ms.npy`, `<signal>.columns.csv` |
//! | [`Format::Sonata`] | `spikes.h5` | `<signal>.<population>.h5`: a report, single precision |
//!
//! Beside them stands the `provenance.json` of the run.
//! A signal that was recorded in several windows is one report a window in SONATA, whose reports
//! have even times.

mod csv;
mod npy;
mod sonata;

use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::merge::{RunReader, SignalReader};
use crate::provenance::Provenance;
use crate::store::{Column, Population, Ranges, Spike};

/// How recordings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated text.
    Csv,
    /// NumPy's arrays.
    Npy,
    /// SONATA spikes and reports.
    Sonata,
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Steps; those beyond the recordings are not there.
    pub steps: Range<u64>,
    /// Names of populations; none: all.
    pub populations: Option<Vec<String>>,
    /// Cells; none: all.
    pub gids: Option<Ranges>,
    /// Names of signals; none: all.
    pub signals: Option<Vec<String>>,
    /// Whether spikes are.
    pub spikes: bool,
}

impl Default for Selection {
    /// Everything.
    fn default() -> Self {
        let steps = 0..u64::MAX;
        Self { steps, populations: None, gids: None, signals: None, spikes: true }
    }
}

/// Writes what is selected of a run's recordings into files of `directory`, which is made if it is not
/// there; gives the files.
///
/// ```
/// # fn main() -> net_io::Result<()> {
/// # let temporary = tempfile::tempdir().unwrap();
/// # let path = temporary.path().join("out");
/// use net_io::export::{Format, Selection, export};
/// use net_io::merge::RunReader;
/// use net_io::store::*;
///
/// # let run = RunDirectory::create(&path, Overwrite::No)?;
/// # let mut manifest = Manifest::new(0.5, 1234, 1);
/// # manifest.populations.push(Population { name: "E".to_owned(), first_gid: 0, size: 10 });
/// # run.write_manifest(&manifest)?;
/// # let mut part = PartWriter::create(&run, 0, Vec::new(), DEFAULT_CHUNK_BYTES)?;
/// # part.push_spike(Spike { step: 5, gid: 1 })?;
/// # part.finish(100)?;
/// let reader = RunReader::open(&RunDirectory::open(&path)?)?;
/// let files = export(&reader, &Selection::default(), Format::Csv, &path.join("text"))?;
/// let text = std::fs::read_to_string(&files[0]).unwrap();
/// assert_eq!(text, "time_ms,population,node_id,gid\n2.5,E,1,1\n");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::NoSuchName`] for a population or signal that is not there; the errors of reading and of
/// writing.
pub fn export(
    reader: &RunReader,
    selection: &Selection,
    format: Format,
    directory: &Path,
) -> Result<Vec<PathBuf>> {
    let chosen = Chosen::new(reader, selection)?;
    std::fs::create_dir_all(directory).map_err(|e| Error::io(directory, "create", e))?;
    let mut files = Vec::new();
    if selection.spikes && !chosen.populations.is_empty() {
        match format {
            Format::Csv => files.push(csv::spikes(&chosen, directory)?),
            Format::Npy => files.extend(npy::spikes(&chosen, directory)?),
            Format::Sonata => files.push(sonata::spikes(&chosen, directory)?),
        }
    }
    for &signal in &chosen.signals {
        let signal = chosen.signal(signal)?;
        match format {
            Format::Csv => files.push(csv::signal(&signal, directory)?),
            Format::Npy => files.extend(npy::signal(&signal, directory)?),
            Format::Sonata => files.extend(sonata::signal(&signal, directory)?),
        }
    }
    if let Some(provenance) = Provenance::read(reader.run())? {
        files.push(provenance.write_into(directory)?);
    }
    Ok(files)
}

/// What is written, by index.
pub(crate) struct Chosen<'a> {
    pub(crate) reader: &'a RunReader,
    pub(crate) steps: Range<u64>,
    populations: Vec<usize>,
    /// Cells of the chosen populations.
    pub(crate) gids: Ranges,
    /// Whether columns that belong to no cell are written.
    without_cell: bool,
    pub(crate) signals: Vec<usize>,
}

impl<'a> Chosen<'a> {
    pub(crate) fn new(reader: &'a RunReader, selection: &Selection) -> Result<Self> {
        let manifest = reader.manifest();
        let populations = match &selection.populations {
            None => (0..manifest.populations.len()).collect(),
            Some(names) => names
                .iter()
                .map(|name| reader.population_named(name))
                .collect::<Result<Vec<_>>>()?,
        };
        let signals = match &selection.signals {
            None => (0..manifest.signals.len()).collect(),
            Some(names) => {
                names.iter().map(|name| reader.signal_named(name)).collect::<Result<Vec<_>>>()?
            }
        };
        let all: Ranges = populations
            .iter()
            .map(|&at| &manifest.populations[at])
            .map(|population| population.first_gid..population.first_gid + population.size)
            .collect();
        let gids = match &selection.gids {
            None => all,
            Some(wanted) => {
                let pieces = wanted.iter().map(|range| all.clipped(range));
                pieces.flat_map(|piece| piece.iter().collect::<Vec<_>>()).collect()
            }
        };
        let without_cell = selection.gids.is_none() && selection.populations.is_none();
        let steps = selection.steps.start..selection.steps.end.min(reader.end_step());
        Ok(Self { reader, steps, populations, gids, without_cell, signals })
    }

    fn time_ms(&self, step: u64) -> f64 {
        step as f64 * self.reader.manifest().dt_ms
    }

    /// Calls `take` with the chosen spikes of a population, block by block.
    fn spikes(
        &self,
        population: usize,
        mut take: impl FnMut(&Population, Spike) -> Result<()>,
    ) -> Result<()> {
        let description = &self.reader.manifest().populations[population];
        self.reader.spikes(population, self.steps.clone(), |spikes| {
            let mut chosen = spikes.iter().filter(|spike| self.gids.contains(spike.gid));
            chosen.try_for_each(|&spike| take(description, spike))
        })
    }

    pub(crate) fn signal(&self, at: usize) -> Result<ChosenSignal<'_>> {
        let reader = self.reader.signal(at)?;
        let is_chosen = |column: &Column| match column.gid {
            Column::NO_CELL => self.without_cell,
            gid => self.gids.contains(gid),
        };
        let rows = reader.columns().iter().enumerate();
        let rows = rows.filter(|(_, column)| is_chosen(column)).map(|(row, _)| row).collect();
        let samples = reader.samples_of(self.steps.clone());
        Ok(ChosenSignal { chosen: self, reader, rows, samples })
    }
}

/// Samples held in memory.
const TILE_SAMPLES: usize = 1 << 20;

/// What is written of a signal.
pub(crate) struct ChosenSignal<'a> {
    chosen: &'a Chosen<'a>,
    pub(crate) reader: SignalReader,
    pub(crate) rows: Vec<usize>,
    samples: Range<usize>,
}

impl ChosenSignal<'_> {
    fn name(&self) -> &str {
        &self.reader.signal().name
    }

    fn time_ms(&self, sample: usize) -> f64 {
        self.chosen.time_ms(self.reader.step_of(sample))
    }

    /// Which column a row is, in a word: gid, segment and, where there are several, label.
    fn label(&self, row: usize) -> String {
        let Column { gid, segment, label } = self.reader.columns()[row];
        let labels = &self.reader.signal().labels;
        let own = match (labels.get(label as usize % labels.len().max(1)), gid) {
            (Some(name), _) if labels.len() > 1 => format!(":{name}"),
            _ if label > 0 => format!(":{label}"),
            _ => String::new(),
        };
        match gid {
            Column::NO_CELL => format!("{}{own}", self.name()),
            _ => format!("{gid}:{segment}{own}"),
        }
    }

    /// Calls `take` for pieces of all samples of some rows: the first sample, and values sample by
    /// sample, as many as rows each.
    fn by_sample(
        &self,
        rows: &[usize],
        samples: Range<usize>,
        mut take: impl FnMut(usize, &[f64]) -> Result<()>,
    ) -> Result<()> {
        let step = (TILE_SAMPLES / rows.len().max(1)).max(1);
        for first in samples.clone().step_by(step) {
            let piece = first..(first + step).min(samples.end);
            let mut values = vec![0.0; piece.len() * rows.len()];
            self.each_run(rows, |at, run| {
                let tile: Vec<f64> = self.reader.read(run, piece.clone())?;
                for (row, of_row) in tile.chunks_exact(piece.len()).enumerate() {
                    for (sample, &value) in of_row.iter().enumerate() {
                        values[sample * rows.len() + at + row] = value;
                    }
                }
                Ok(())
            })?;
            take(first, &values)?;
        }
        Ok(())
    }

    /// Calls `take` for runs of neighboring rows: the place of the first in `rows`, and the run.
    fn each_run(
        &self,
        rows: &[usize],
        mut take: impl FnMut(usize, Range<usize>) -> Result<()>,
    ) -> Result<()> {
        let mut at = 0;
        for run in rows.chunk_by(|a, b| a + 1 == *b) {
            take(at, run[0]..run[0] + run.len())?;
            at += run.len();
        }
        Ok(())
    }
}
