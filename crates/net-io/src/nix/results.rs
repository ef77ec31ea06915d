//! The results of a run as a `.nio` file: which objects there are and what is said about them.

use std::path::Path;

use serde_json::json;

use crate::error::{Error, Result};
use crate::export::{Chosen, Selection};
use crate::merge::{RunReader, SignalReader};
use crate::nix::{
    Annotations, Identity, NioFile, Object, fields, multiplexed, per_object, units::neo_units,
};
use crate::provenance::Provenance;
use crate::store::{Device, Population, Ranges, Signal, SpikeRecorder};

/// How recordings become objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// An object for each recorded thing: for small recordings, of which readers need no more
    /// than Neo.
    PerObject,
    /// An object for each device, whose spikes or channels say whose they are (as BSB 8 has it).
    Multiplexed,
    /// [`PerObject`](Self::PerObject) for at most so many targets (cells and recorded columns),
    /// [`Multiplexed`](Self::Multiplexed) above.
    UpTo(u64),
}

/// What to write about a run that its manifest does not say.
///
/// With the same options and recordings the file has the same bytes: to compare files of several
/// runs, give them one identity and a [reproducible](Provenance::reproducible) record.
#[derive(Debug, Clone)]
pub struct NioOptions {
    /// How recordings become objects; up to 1000 one by one, unless told otherwise.
    pub dialect: Dialect,
    /// Where segments end and the next begin, in steps; each holds what was recorded between two.
    pub checkpoints: Vec<u64>,
    /// Where the simulation ended, in steps. The merged files go one step further where the last
    /// sample is the state after the last step, which is assumed of a finished run if this is not
    /// set.
    pub stop_step: Option<u64>,
    /// The configuration, written as JSON text.
    pub configuration: serde_json::Value,
    /// Where the results come from; its name is the block's.
    pub provenance: Provenance,
    /// Identifiers and time of the file.
    pub identity: Identity,
    /// Counts runs of the same name.
    pub run_index: u32,
    /// What is written of the recordings.
    pub selection: Selection,
}

impl NioOptions {
    /// One segment, the identifier of the record as the file's, and its start as the file's time
    /// (the beginning of 1970 if the record has none).
    pub fn new(provenance: Provenance) -> Self {
        let created = provenance.started_at.unwrap_or(crate::nix::UtcTime::from_unix_seconds(0));
        Self {
            dialect: Dialect::UpTo(1000),
            checkpoints: Vec::new(),
            stop_step: None,
            configuration: json!({}),
            identity: Identity { id: provenance.simulation_id, created },
            provenance,
            run_index: 0,
            selection: Selection::default(),
        }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NioReport {
    /// The dialect that was chosen; not [`Dialect::UpTo`].
    pub dialect: Dialect,
    /// Number of segments.
    pub n_segments: usize,
    /// Number of spikes.
    pub n_spikes: u64,
}

/// Writes the recordings of a run as the `.nio` file `path`, in bounded memory: from the merged
/// files or the ranks' chunks, with the same result; with the signals of probes in the run's
/// `OUTPUT.h5`, if all signals of all cells are selected.
///
/// ```
/// # fn main() -> net_io::Result<()> {
/// # let temporary = tempfile::tempdir().unwrap();
/// # let path = temporary.path().join("out");
/// use net_io::merge::{MergeOptions, RunReader, merge_recordings};
/// use net_io::nix::{NioOptions, write_nio};
/// use net_io::provenance::Provenance;
/// use net_io::store::*;
///
/// # let run = RunDirectory::create(&path, Overwrite::No)?;
/// # let mut manifest = Manifest::new(0.1, 1234, 1);
/// # manifest.populations.push(Population { name: "E".to_owned(), first_gid: 0, size: 10 });
/// # run.write_manifest(&manifest)?;
/// # let mut part = PartWriter::create(&run, 0, Vec::new(), DEFAULT_CHUNK_BYTES)?;
/// # part.push_spike(Spike { step: 5, gid: 1 })?;
/// # part.finish(101)?;
/// merge_recordings(&run, &MergeOptions::default())?;
/// let mut options = NioOptions::new(Provenance::new("ring", 1234, 0.1));
/// options.checkpoints = vec![50]; // two segments, of 5 ms each
/// let report = write_nio(&RunReader::open(&run)?, &run.file(RunDirectory::NIO), &options)?;
/// assert_eq!((report.n_segments, report.n_spikes), (2, 1));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Declaration`] for checkpoints that do not ascend within the run, or a selection of no time;
/// [`Error::NoSuchName`] for a population or signal that is not there; the errors of reading merged
/// files and of writing.
pub fn write_nio(reader: &RunReader, path: &Path, options: &NioOptions) -> Result<NioReport> {
    let chosen = Chosen::new(reader, &options.selection)?;
    let stop_step = stop_step(reader, options)?.min(chosen.steps.end);
    let borders = borders(chosen.steps.clone(), stop_step, &options.checkpoints)?;
    let recorders = recorders(&chosen, &options.selection);
    let source = Source { options, chosen: &chosen, recorders: &recorders };
    let dialect = source.dialect()?;
    let probes = fields::open(reader, &options.selection)?;
    let mut n_spikes = 0;
    let file = NioFile::create(path, &options.identity)?;
    {
        let block = file.block(&source.block())?;
        for (checkpoint, &[first_step, end_step, stop_step]) in borders.iter().enumerate() {
            let part = source.part(checkpoint, first_step, end_step, stop_step);
            let segment = block.segment(&part.object(dialect))?;
            n_spikes += match dialect {
                Dialect::PerObject => per_object::write(&segment, &part)?,
                _ => multiplexed::write(&segment, &part)?,
            };
            fields::write(&segment, &part, &probes)?;
        }
    }
    file.seal()?;
    Ok(NioReport { dialect, n_segments: borders.len(), n_spikes })
}

fn stop_step(reader: &RunReader, options: &NioOptions) -> Result<u64> {
    let end_step = reader.end_step();
    let last = if reader.finished() { end_step.saturating_sub(1) } else { end_step };
    match options.stop_step {
        None => Ok(last),
        Some(step) if step == end_step || step + 1 == end_step => Ok(step),
        Some(step) => Err(Error::Declaration {
            key: "stop_step".to_owned(),
            found: format!("{step} for recordings that end before step {end_step}"),
            expected: "the step where the recordings end, or the one before",
        }),
    }
}

/// First step, first step after, and end in time of each segment.
fn borders(
    steps: std::ops::Range<u64>,
    stop_step: u64,
    checkpoints: &[u64],
) -> Result<Vec<[u64; 3]>> {
    let mut borders = Vec::new();
    let mut first = steps.start;
    if stop_step < first {
        return Err(Error::Declaration {
            key: "selection.steps".to_owned(),
            found: format!("from {first} of recordings that end at step {stop_step}"),
            expected: "steps that were recorded",
        });
    }
    for &checkpoint in checkpoints {
        if checkpoint <= first || stop_step <= checkpoint {
            return Err(Error::Declaration {
                key: "checkpoints".to_owned(),
                found: format!("{checkpoint} after {first} in a run of {stop_step} steps"),
                expected: "steps that ascend, within the run",
            });
        }
        borders.push([first, checkpoint, checkpoint]);
        first = checkpoint;
    }
    borders.push([first, steps.end, stop_step]);
    Ok(borders)
}

/// The recorders of spikes with the cells of theirs that are written.
fn recorders(chosen: &Chosen, selection: &Selection) -> Vec<(usize, SpikeRecorder)> {
    if !selection.spikes {
        return Vec::new();
    }
    let is_all = selection.populations.is_none() && selection.gids.is_none();
    let own = chosen.reader.spike_recorders().iter().enumerate().map(|(at, recorder)| {
        let pieces = chosen
            .gids
            .iter()
            .flat_map(|range| recorder.roster.clipped(range).iter().collect::<Vec<_>>());
        (at, SpikeRecorder { device: recorder.device.clone(), roster: pieces.collect() })
    });
    own.filter(|(_, recorder)| is_all || !recorder.roster.is_empty()).collect()
}

/// What is written.
struct Source<'a> {
    options: &'a NioOptions,
    chosen: &'a Chosen<'a>,
    recorders: &'a [(usize, SpikeRecorder)],
}

impl<'a> Source<'a> {
    /// The dialect that was asked for, or the one that fits the number of targets.
    fn dialect(&self) -> Result<Dialect> {
        let Dialect::UpTo(most) = self.options.dialect else { return Ok(self.options.dialect) };
        let mut n_targets: u64 = self.recorders.iter().map(|(_, r)| r.roster.n()).sum();
        for &signal in &self.chosen.signals {
            n_targets += self.chosen.signal(signal)?.rows.len() as u64;
        }
        Ok(if n_targets <= most { Dialect::PerObject } else { Dialect::Multiplexed })
    }

    fn block(&self) -> Object {
        let provenance = &self.options.provenance;
        Object::named(&provenance.simulation_name)
            .annotated("config", self.options.configuration.to_string())
            .annotated("bsb_provenance", provenance.to_json())
            .annotated("bsb_simulation_id", provenance.simulation_id.to_string())
            .annotated("sim_name", provenance.simulation_name.as_str())
            .annotated("run_index", self.options.run_index)
    }

    fn part(&self, checkpoint: usize, first: u64, end: u64, stop: u64) -> Part<'a> {
        let id = self.options.provenance.simulation_id;
        Part {
            reader: self.chosen.reader,
            options: self.options,
            chosen: self.chosen,
            recorders: self.recorders,
            checkpoint,
            steps: first..end,
            stop_step: stop,
            segment_id: format!("{id}:{checkpoint}"),
        }
    }
}

/// The recordings between two checkpoints.
pub(crate) struct Part<'a> {
    pub(crate) reader: &'a RunReader,
    pub(crate) options: &'a NioOptions,
    pub(crate) chosen: &'a Chosen<'a>,
    /// Recorders of spikes by their index in the run, with the cells that are written.
    pub(crate) recorders: &'a [(usize, SpikeRecorder)],
    checkpoint: usize,
    pub(crate) steps: std::ops::Range<u64>,
    pub(crate) stop_step: u64,
    segment_id: String,
}

impl Part<'_> {
    fn object(&self, dialect: Dialect) -> Object {
        let object = Object::default()
            .annotated("segment_id", self.segment_id.as_str())
            .annotated("checkpoint_index", self.checkpoint as i64)
            .annotated("t_start_ms", self.time_ms(self.steps.start))
            .annotated("t_stop_ms", self.time_ms(self.stop_step));
        let object = match self.gaps_ms() {
            Some(gaps) => object.annotated("gaps_ms", gaps),
            None => object,
        };
        match dialect {
            Dialect::PerObject => object.annotated("simulator_state", "{}"),
            _ => object,
        }
    }

    /// The times of the segment of which something is lost, as JSON.
    fn gaps_ms(&self) -> Option<String> {
        let gaps: Ranges = self.reader.gaps().iter().cloned().collect();
        let gaps = gaps.clipped(self.steps.clone());
        (!gaps.is_empty()).then(|| self.ranges_ms(&gaps))
    }

    /// The times of the segment in which a recorder of spikes recorded, as JSON; none if that is
    /// always.
    pub(crate) fn recorded_ms(&self, recorder: usize) -> Option<String> {
        let windows = self.reader.spike_windows(recorder).clipped(self.steps.clone());
        (windows != Ranges::from(self.steps.clone())).then(|| self.ranges_ms(&windows))
    }

    fn ranges_ms(&self, ranges: &Ranges) -> String {
        let times = ranges.iter().map(|range| [range.start, range.end].map(|s| self.time_ms(s)));
        json!(times.collect::<Vec<_>>()).to_string()
    }

    fn time_ms(&self, step: u64) -> f64 {
        step as f64 * self.reader.manifest().dt_ms
    }

    /// Time of a step in s, the unit in which Neo's readers agree.
    pub(crate) fn time_s(&self, step: u64) -> f64 {
        self.time_ms(step) / 1000.0
    }

    /// What all objects that a device recorded have in common.
    pub(crate) fn baseline(&self, device: &Device, recording_kind: &str) -> Annotations {
        Annotations::new()
            .with("bsb_device_name", device.name.as_str())
            .with("bsb_device_kind", device.kind.as_str())
            .with("bsb_recording_kind", recording_kind)
            .with("bsb_simulation_id", self.options.provenance.simulation_id.to_string())
            .with("bsb_segment_id", self.segment_id.as_str())
    }

    /// Which of several columns of a segment one is, and where its connection comes from.
    pub(crate) fn describe_column(
        &self,
        signal: &SignalReader,
        row: usize,
        annotations: &mut Annotations,
    ) {
        let column = signal.columns()[row];
        let Signal { labels, recording_kind, .. } = signal.signal();
        // Of several synapses on a segment, each has a column for every label.
        let n_labels = labels.len().max(1) as u32;
        if let Some(label) = labels.get((column.label % n_labels) as usize) {
            annotations.set("bsb_label", label.as_str());
        }
        if recording_kind.as_deref() == Some("synapse") {
            annotations.set("bsb_synapse", i64::from(column.label / n_labels));
        }
        if let Some(gid) = signal.source(row)
            && let Some((_, population)) = self.reader.manifest().population_of(gid)
        {
            annotations.set("bsb_pre_ps_name", population.name.as_str());
            annotations.set("bsb_pre_cell_model", population.name.as_str());
            annotations.set("bsb_pre_cell_id", (gid - population.first_gid) as i64);
        }
    }

    /// The units of a signal as Neo knows them; what it does not know is kept as an annotation.
    pub(crate) fn units(&self, written: &str) -> (String, Option<String>) {
        match neo_units(written) {
            Some(units) => (units, None),
            None => ("dimensionless".to_owned(), Some(written.to_owned())),
        }
    }
}

/// The cell that something belongs to.
pub(crate) fn cell(population: &Population, gid: u64) -> Annotations {
    Annotations::new()
        .with("bsb_ps_name", population.name.as_str())
        .with("bsb_cell_id", (gid - population.first_gid) as i64)
        .with("bsb_cell_model", population.name.as_str())
        .with("bsb_gid", gid as i64)
}

/// Bytes of samples in memory.
const TILE_BYTES: usize = 1 << 24;
/// Samples of a channel read at once.
const TILE_SAMPLES: usize = 1 << 15;

/// How many channels of `n_samples` samples are written at once.
pub(crate) fn batch_rows(n_samples: usize) -> usize {
    (TILE_BYTES / (8 * n_samples.clamp(1, TILE_SAMPLES))).min(1024)
}

/// Writes rows of a signal, in ascending order, into channels that are open, tile by tile.
pub(crate) fn copy_samples<T: crate::nix::Sample>(
    signal: &crate::merge::SignalReader,
    rows: &[usize],
    samples: std::ops::Range<usize>,
    channels: &mut [crate::nix::Channel<'_, T>],
) -> Result<()> {
    for begin in samples.clone().step_by(TILE_SAMPLES) {
        let tile = begin..(begin + TILE_SAMPLES).min(samples.end);
        let mut channels = channels.iter_mut();
        for run in rows.chunk_by(|a, b| a + 1 == *b) {
            let values: Vec<T> = signal.read(run[0]..run[0] + run.len(), tile.clone())?;
            for (values, channel) in values.chunks_exact(tile.len()).zip(&mut channels) {
                channel.push(values)?;
            }
        }
    }
    Ok(())
}
