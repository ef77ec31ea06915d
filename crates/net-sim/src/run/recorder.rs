//! What was recorded, on its way from the cells to this rank's part of the files.

mod state;

use std::borrow::Cow;
use std::collections::VecDeque;

use net_cell::{Samples, Spike};
use net_core::Gid;
use net_io::store::{Column, Columns, PartWriter, Ranges, SampleGrid};

use super::statistics::Statistics;
use crate::error::Result;

pub(super) use state::{RecorderState, Windows};

/// Fetches the samples of a recording, by its index, from all groups of cells.
pub(crate) type TakeSamples<'a> = &'a mut dyn FnMut(usize, &mut Samples);

/// Collects the spikes and samples of this rank, epoch by epoch.
pub(crate) struct Recorder {
    writer: Option<PartWriter>,
    signals: Vec<Signal>,
    rates: Vec<Rate>,
    spike_recorders: Vec<SpikeRecorder>,
    kept_spikes: Option<Vec<Spike>>,
    seal_steps: u64,
    n_spikes: u64,
    column: Vec<f64>,
    /// By signal and column, whether they are still to be restored, while they are.
    restoring: Option<Vec<Vec<bool>>>,
}

/// What is kept in memory, too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    Spikes,
    /// Spikes and samples.
    All,
}

/// What to record on this rank.
pub(crate) struct Plan {
    /// Columns and statistics of each recording.
    pub(crate) signals: Vec<SignalPlan>,
    /// Bins of each rate, and the cells that are counted.
    pub(crate) rates: Vec<(SampleGrid, Ranges)>,
    /// Cells and windows of each recorder of spikes.
    pub(crate) spikes: Vec<SpikeRecorder>,
}

/// A recording on this rank.
pub(crate) struct SignalPlan {
    pub(crate) columns: Columns,
    pub(crate) windows: Ranges,
    /// Steps between statistics, if these are wanted instead of samples.
    pub(crate) statistics_steps: Option<u64>,
}

/// The spikes of some cells in some steps.
#[derive(Clone)]
pub(crate) struct SpikeRecorder {
    pub(crate) roster: Ranges,
    pub(crate) windows: Ranges,
}

/// One recording.
struct Signal {
    columns: Columns,
    windows: Ranges,
    samples: Samples,
    /// The sample at the end of the last epoch, and its step: it belongs to the next range of steps.
    held: Vec<f64>,
    held_step: u64,
    statistics: Option<Statistics>,
    /// All samples, a vector a column.
    kept: Option<Vec<Vec<f64>>>,
}

/// Spikes counted in bins.
struct Rate {
    grid: SampleGrid,
    roster: Ranges,
    /// Counts of the bins from `n_written` on.
    bins: VecDeque<u64>,
    n_written: u64,
}

impl Recorder {
    /// Records what is planned, and seals it every `seal_steps`.
    pub(crate) fn new(
        writer: Option<PartWriter>,
        plan: Plan,
        seal_steps: u64,
        keep: Keep,
    ) -> Result<Self> {
        let signal = |SignalPlan { columns, windows, statistics_steps, .. }: SignalPlan| {
            let n = columns.len();
            let n_kept = n * statistics_steps.map_or(1, |_| Statistics::NAMES.len());
            Signal {
                samples: Samples::new(n),
                held: Vec::new(),
                held_step: 0,
                kept: (keep == Keep::All).then(|| vec![Vec::new(); n_kept]),
                statistics: statistics_steps.map(|steps| Statistics::new(n, steps)),
                windows,
                columns,
            }
        };
        let rate = |(grid, roster)| Rate { grid, roster, bins: VecDeque::new(), n_written: 0 };
        let mut recorder = Recorder {
            writer,
            signals: plan.signals.into_iter().map(signal).collect(),
            rates: plan.rates.into_iter().map(rate).collect(),
            spike_recorders: plan.spikes,
            kept_spikes: (keep != Keep::Nothing).then(Vec::new),
            seal_steps: seal_steps.max(1),
            n_spikes: 0,
            column: Vec::new(),
            restoring: None,
        };
        recorder.tell_all_windows()?;
        Ok(recorder)
    }

    /// Tells the writer when everything is recorded.
    fn tell_all_windows(&mut self) -> Result<()> {
        for at in 0..self.signals.len() {
            self.tell_windows(at)?;
        }
        if let Some(writer) = &mut self.writer {
            for (at, recorder) in self.spike_recorders.iter().enumerate() {
                writer.set_spike_windows(at, recorder.windows.clone())?;
            }
        }
        Ok(())
    }

    /// Tells the writer when a signal is recorded. Statistics come all the time.
    fn tell_windows(&mut self, at: usize) -> Result<()> {
        let signal = &self.signals[at];
        match &mut self.writer {
            Some(writer) if signal.statistics.is_none() => {
                Ok(writer.set_windows(at, signal.windows.clone())?)
            }
            _ => Ok(()),
        }
    }

    /// Records a signal in other windows from now on, the step `now`. True if the sample of this
    /// step is in them, and has not been taken.
    pub(crate) fn set_windows(&mut self, at: usize, windows: &Ranges, now: u64) -> Result<bool> {
        let signal = &mut self.signals[at];
        let is_open = windows.contains(now);
        signal.windows = signal.windows.clipped(0..now);
        windows.clipped(now..u64::MAX).iter().for_each(|window| signal.windows.add(window));
        if !is_open {
            signal.held.clear();
        }
        let wants = is_open && signal.held.is_empty();
        self.tell_windows(at)?;
        Ok(wants)
    }

    /// Forgets samples that were not taken yet.
    pub(crate) fn discard(&mut self, at: usize, take: TakeSamples) {
        let samples = &mut self.signals[at].samples;
        samples.steps.clear();
        samples.values.clear();
        take(at, samples);
    }

    /// Number of recordings of samples.
    pub(crate) fn n_signals(&self) -> usize {
        self.signals.len()
    }

    /// Spikes so far, if they are kept in memory.
    pub(crate) fn kept_spikes(&self) -> &[Spike] {
        self.kept_spikes.as_deref().unwrap_or_default()
    }

    /// Samples so far of each column of a recording, if they are kept in memory.
    pub(crate) fn kept_samples(&self, at: usize) -> impl Iterator<Item = (Column, &[f64])> {
        let signal = &self.signals[at];
        let columns = signal.stored_columns().columns().to_vec();
        columns.into_iter().zip(signal.kept.iter().flatten().map(Vec::as_slice))
    }

    /// Records spikes in other windows from now on, the step `now`.
    pub(crate) fn set_spike_windows(
        &mut self,
        at: usize,
        windows: &Ranges,
        now: u64,
    ) -> Result<()> {
        let recorder = &mut self.spike_recorders[at];
        recorder.windows = recorder.windows.clipped(0..now);
        windows.clipped(now..u64::MAX).iter().for_each(|window| recorder.windows.add(window));
        match &mut self.writer {
            Some(writer) => Ok(writer.set_spike_windows(at, recorder.windows.clone())?),
            None => Ok(()),
        }
    }

    /// Takes what was recorded in the epoch that ended at `end_step`.
    pub(crate) fn take(
        &mut self,
        take: TakeSamples,
        spikes: &[Spike],
        end_step: u64,
    ) -> Result<()> {
        self.take_spikes(spikes)?;
        self.take_samples(take, Some(end_step))?;
        self.write_rates(end_step)?;
        let Some(writer) = &mut self.writer else { return Ok(()) };
        if writer.is_full() || end_step - writer.sealed_until() >= self.seal_steps {
            writer.begin_seal(end_step)?;
        }
        Ok(())
    }

    fn take_spikes(&mut self, spikes: &[Spike]) -> Result<()> {
        self.n_spikes += spikes.len() as u64;
        if let Some(kept) = &mut self.kept_spikes {
            kept.extend_from_slice(spikes);
        }
        for &Spike { step, gid, .. } in spikes {
            for rate in &mut self.rates {
                rate.count(step, gid);
            }
            let records = |r: &SpikeRecorder| r.roster.contains(gid) && r.windows.contains(step);
            if let Some(writer) = &mut self.writer
                && self.spike_recorders.iter().any(records)
            {
                writer.push_spike(net_io::store::Spike { step, gid })?;
            }
        }
        Ok(())
    }

    /// Takes new samples, and writes those before `end_step`.
    fn take_samples(&mut self, take: TakeSamples, end_step: Option<u64>) -> Result<()> {
        let Recorder { writer, signals, column, .. } = self;
        for (index, signal) in signals.iter_mut().enumerate() {
            let Signal { columns, samples, held, held_step, statistics, kept, .. } = signal;
            samples.steps.clear();
            samples.values.clear();
            take(index, samples);
            let n_columns = columns.len();
            let is_early = |&step: &u64| end_step.is_none_or(|end_step| step < end_step);
            let n_rows = samples.steps.iter().take_while(|step| is_early(step)).count();
            let (now, later) = samples.values.split_at(n_rows * n_columns);
            let mut put = |at: usize, values: &[f64]| -> Result<()> {
                if let Some(writer) = writer {
                    writer.push_column(index, at, values)?;
                }
                if let Some(kept) = kept {
                    kept[at].extend_from_slice(values);
                }
                Ok(())
            };
            if let Some(statistics) = statistics {
                let rows = now.chunks_exact(n_columns.max(1));
                let first = (!held.is_empty()).then_some((*held_step, &held[..]));
                for (step, row) in first.into_iter().chain(samples.steps.iter().copied().zip(rows))
                {
                    statistics.write_before(step, &mut put)?;
                    statistics.add(row);
                }
                if let Some(end_step) = end_step {
                    statistics.write_before(end_step, &mut put)?;
                }
            } else {
                for at in 0..n_columns {
                    column.clear();
                    column.extend(held.get(at));
                    column.extend(now.iter().skip(at).step_by(n_columns));
                    put(at, column)?;
                }
            }
            held.clear();
            held.extend_from_slice(later);
            *held_step = samples.steps.get(n_rows).copied().unwrap_or(0);
        }
        Ok(())
    }

    /// Writes the bins that end before `end_step`.
    fn write_rates(&mut self, end_step: u64) -> Result<()> {
        for (at, rate) in self.rates.iter_mut().enumerate() {
            let counts = rate.counts_before(end_step);
            if let Some(writer) = &mut self.writer {
                writer.push_column(self.signals.len() + at, 0, &counts)?;
            }
        }
        Ok(())
    }

    /// Seals all that was taken so far, of a run that ends early at `end_step`.
    pub(crate) fn seal(&mut self, end_step: u64) -> Result<()> {
        match &mut self.writer {
            Some(writer) => Ok(writer.seal(end_step)?),
            None => Ok(()),
        }
    }

    /// Takes the last samples and seals the part of a run of `n_steps`.
    pub(crate) fn finish(mut self, take: TakeSamples, n_steps: u64) -> Result<Kept> {
        // The state after the last step is a sample, too.
        let end_step = n_steps + 1;
        self.take_samples(take, Some(end_step))?;
        self.write_rates(end_step)?;
        if let Some(writer) = self.writer.take() {
            writer.finish(end_step)?;
        }
        let traces = self.signals.into_iter().enumerate().flat_map(|(recording, signal)| {
            let columns = signal.stored_columns().columns().to_vec();
            columns.into_iter().zip(signal.kept.unwrap_or_default()).map(move |(column, values)| {
                let Column { gid, segment, label } = column;
                Trace { recording, gid, segment, label, values }
            })
        });
        Ok(Kept {
            n_spikes: self.n_spikes,
            traces: traces.collect(),
            spikes: self.kept_spikes.unwrap_or_default(),
        })
    }
}

impl Signal {
    /// The columns that are written.
    fn stored_columns(&self) -> Cow<'_, Columns> {
        match self.statistics {
            Some(_) => Cow::Owned(statistics_columns(&self.columns)),
            None => Cow::Borrowed(&self.columns),
        }
    }
}

impl Rate {
    fn count(&mut self, step: u64, gid: Gid) {
        // The first sample stands at the end of the first bin.
        let SampleGrid { interval_steps, offset_steps } = self.grid;
        let Some(since) = (step + interval_steps).checked_sub(offset_steps) else { return };
        if !self.roster.contains(gid) {
            return;
        }
        let bin = (since / interval_steps - self.n_written) as usize;
        if self.bins.len() <= bin {
            self.bins.resize(bin + 1, 0);
        }
        self.bins[bin] += 1;
    }

    fn counts_before(&mut self, end_step: u64) -> Vec<f64> {
        let n_new = self.grid.samples_before(end_step) - self.n_written;
        self.n_written += n_new;
        (0..n_new).map(|_| self.bins.pop_front().unwrap_or(0) as f64).collect()
    }
}

/// Samples of one recorded column.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Index of the recording in the model.
    pub recording: usize,
    /// The cell.
    pub gid: Gid,
    /// Its segment.
    pub segment: u32,
    /// Which of several columns of the segment, from 0: the number of the synapse or, five to each,
    /// of the statistic.
    pub label: u32,
    /// Samples in the quantity's unit, in order of time.
    pub values: Vec<f64>,
}

/// What was recorded on this rank.
pub(crate) struct Kept {
    pub(crate) n_spikes: u64,
    pub(crate) spikes: Vec<Spike>,
    pub(crate) traces: Vec<Trace>,
}

/// The columns of statistics, all of a column side by side.
pub(crate) fn statistics_columns(columns: &Columns) -> Columns {
    let mut all = Columns::default();
    let n = Statistics::NAMES.len() as u32;
    for (at, &column) in columns.columns().iter().enumerate() {
        for number in 0..n {
            let column = Column { label: column.label * n + number, ..column };
            all.push(column, columns.place(at).as_ref(), columns.source(at));
        }
    }
    all
}
