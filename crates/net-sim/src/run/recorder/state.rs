//! Recordings under way, saved column by column.

use std::ops::Range;

use net_cell::Spike;
use net_io::store::{Column, Columns, PartWriter, Ranges};
use serde::{Deserialize, Serialize};

use super::{Recorder, Signal};
use crate::error::Result;

/// What a rank has recorded and not written.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::run) struct RecorderState {
    signals: Vec<SignalState>,
    /// Bins that were written, and counts of the next ones.
    rates: Vec<(u64, Vec<u64>)>,
    n_spikes: u64,
    /// Spikes that are kept in memory: step, offset, gid.
    kept_spikes: Vec<(u64, i32, u64)>,
}

/// When recordings are made.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::run) struct Windows {
    pub(in crate::run) signals: Vec<Ranges>,
    spikes: Vec<Ranges>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct SignalState {
    held_step: u64,
    /// The step at which statistics are written next.
    next: u64,
    columns: Vec<ColumnState>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ColumnState {
    /// Cell, segment, label.
    of: (u64, u32, u32),
    /// The sample at the present step.
    held: Option<f64>,
    /// Of statistics.
    moments: Option<(u64, [f64; 4])>,
    /// Samples that are kept in memory, of a column or of its statistics.
    kept: Vec<Vec<f64>>,
}

fn key(column: &Column) -> (u64, u32, u32) {
    (column.gid, column.segment, column.label)
}

impl Signal {
    /// Places in `kept` of what is kept of a column.
    fn kept_of(&self, at: usize) -> Range<usize> {
        let n_kept = self.kept.as_ref().map_or(0, Vec::len);
        let n = n_kept / self.columns.len().max(1);
        at * n..(at + 1) * n
    }

    fn save(&self) -> SignalState {
        let column = |(at, column): (usize, &Column)| ColumnState {
            of: key(column),
            held: self.held.get(at).copied(),
            moments: self.statistics.as_ref().map(|statistics| statistics.moments(at)),
            kept: match &self.kept {
                Some(kept) => kept[self.kept_of(at)].to_vec(),
                None => Vec::new(),
            },
        };
        SignalState {
            held_step: self.held_step,
            next: self.statistics.as_ref().map_or(0, |statistics| statistics.next()),
            columns: self.columns.columns().iter().enumerate().map(column).collect(),
        }
    }
}

impl Recorder {
    /// What has been recorded and not written.
    pub(in crate::run) fn save(&self) -> RecorderState {
        let kept = self.kept_spikes.iter().flatten();
        RecorderState {
            signals: self.signals.iter().map(Signal::save).collect(),
            rates: (self.rates.iter())
                .map(|rate| (rate.n_written, rate.bins.iter().copied().collect()))
                .collect(),
            n_spikes: self.n_spikes,
            kept_spikes: kept.map(|spike| (spike.step, spike.offset, spike.gid)).collect(),
        }
    }

    /// When samples and spikes are recorded.
    pub(in crate::run) fn windows(&self) -> Windows {
        Windows {
            signals: self.signals.iter().map(|signal| signal.windows.clone()).collect(),
            spikes: self.spike_recorders.iter().map(|r| r.windows.clone()).collect(),
        }
    }

    /// Prepares for what all ranks had, and for these windows.
    pub(in crate::run) fn begin_restore(&mut self, windows: Windows) {
        let signals = self.signals.iter_mut().zip(windows.signals);
        signals.for_each(|(signal, windows)| signal.windows = windows);
        let recorders = self.spike_recorders.iter_mut().zip(windows.spikes);
        recorders.for_each(|(recorder, windows)| recorder.windows = windows);
        let columns = self.signals.iter().map(|signal| vec![true; signal.columns.len()]);
        self.restoring = Some(columns.collect());
    }

    /// Takes what a rank had; of columns, those that are here. `is_own` says that counts are taken,
    /// which are added up over ranks.
    pub(in crate::run) fn restore(&mut self, state: RecorderState, is_own: bool) {
        let missing = self.restoring.iter_mut().flatten();
        for ((signal, saved), missing) in self.signals.iter_mut().zip(state.signals).zip(missing) {
            signal.restore(saved, missing);
        }
        for (rate, (n_written, counts)) in self.rates.iter_mut().zip(state.rates) {
            rate.n_written = n_written;
            if is_own {
                rate.bins.resize(rate.bins.len().max(counts.len()), 0);
                rate.bins.iter_mut().zip(counts).for_each(|(bin, count)| *bin += count);
            }
        }
        if is_own {
            self.n_spikes += state.n_spikes;
            if let Some(kept) = &mut self.kept_spikes {
                let spikes = state.kept_spikes.into_iter();
                kept.extend(spikes.map(|(step, offset, gid)| Spike { step, offset, gid }));
            }
        }
    }

    /// Whether all columns have been restored.
    pub(in crate::run) fn has_restored(&self) -> bool {
        self.restoring.iter().flatten().flatten().all(|missing| !missing)
    }

    /// Ends [`restore`](Self::restore).
    pub(in crate::run) fn finish_restore(&mut self, step: u64) -> std::result::Result<(), String> {
        if !self.has_restored() {
            return Err("a recorded column is missing".to_owned());
        }
        self.restoring = None;
        for signal in &self.signals {
            let n = signal.held.len();
            if n != 0 && (n != signal.columns.len() || signal.held_step != step) {
                return Err("samples of some columns are missing".to_owned());
            }
        }
        Ok(())
    }

    /// The columns that are written, for each recording of samples.
    pub(in crate::run) fn stored_columns(&self) -> Vec<Columns> {
        self.signals.iter().map(|signal| signal.stored_columns().into_owned()).collect()
    }

    /// Writes into a part from now on.
    pub(in crate::run) fn write_into(&mut self, writer: PartWriter) -> Result<()> {
        self.writer = Some(writer);
        self.tell_all_windows()
    }
}

impl Signal {
    fn restore(&mut self, saved: SignalState, missing: &mut [bool]) {
        let own: std::collections::HashMap<_, usize> =
            self.columns.columns().iter().enumerate().map(|(at, c)| (key(c), at)).collect();
        for column in saved.columns {
            let Some(&at) = own.get(&column.of) else { continue };
            if !std::mem::replace(&mut missing[at], false) {
                continue;
            }
            if let Some(held) = column.held {
                self.held_step = saved.held_step;
                self.held.resize(self.columns.len(), f64::NAN);
                self.held[at] = held;
            }
            if let (Some(statistics), Some(moments)) = (&mut self.statistics, column.moments) {
                statistics.restore(at, moments, saved.next);
            }
            let places = self.kept_of(at);
            if let Some(kept) = &mut self.kept
                && column.kept.len() == places.len()
            {
                places.zip(column.kept).for_each(|(place, values)| kept[place] = values);
            }
        }
    }
}
