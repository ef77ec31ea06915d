//! What is recorded for monitors, saved column by column.

use std::collections::HashMap;

use net_cell::Spike;
use serde::{Deserialize, Serialize};

use super::{Track, TrackColumn, Tracks};
use crate::monitor::{ChunkRecordings, MonitorsState};

/// What a rank has recorded for monitors since they began their chunk.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::run) struct TracksState {
    samples: Vec<TrackState>,
    /// Of each population step, offset and gid.
    spikes: Vec<Vec<(u64, i32, u64)>>,
}

/// What is the same on all ranks.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::run) struct TracksOfAll {
    monitors: Option<MonitorsState>,
    /// Which tracks of samples run, and which of spikes.
    samples_run: Vec<bool>,
    spikes_run: Vec<bool>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TrackState {
    /// Cell, segment and number of each column.
    columns: Vec<(u64, u32, u32)>,
    held: Option<Vec<f64>>,
    /// Row by row.
    values: Vec<f64>,
}

fn key(column: &TrackColumn) -> (u64, u32, u32) {
    (column.gid, column.segment, column.number)
}

impl Tracks {
    /// What has been recorded since the monitors began their chunk.
    pub(in crate::run) fn save(&self) -> TracksState {
        let track = |track: &Track| TrackState {
            columns: track.columns.iter().map(key).collect(),
            held: track.held.clone(),
            values: track.values.clone(),
        };
        let spike = |spike: &Spike| (spike.step, spike.offset, spike.gid);
        TracksState {
            samples: self.samples.iter().map(track).collect(),
            spikes: self.spikes.iter().map(|own| own.spikes.iter().map(spike).collect()).collect(),
        }
    }

    /// What runs, and how far the monitors are.
    pub(in crate::run) fn of_all(&self) -> TracksOfAll {
        TracksOfAll {
            monitors: self.monitors.clone(),
            samples_run: self.samples.iter().map(|track| track.is_running).collect(),
            spikes_run: self.spikes.iter().map(|track| track.is_running).collect(),
        }
    }

    /// Prepares for what all ranks had.
    pub(in crate::run) fn begin_restore(&mut self, of_all: TracksOfAll) {
        let samples = self.samples.iter_mut().zip(of_all.samples_run);
        samples.for_each(|(track, is_running)| track.is_running = is_running);
        let spikes = self.spikes.iter_mut().zip(of_all.spikes_run);
        spikes.for_each(|(track, is_running)| track.is_running = is_running);
        self.is_resumed = of_all.monitors.is_some();
        self.monitors = of_all.monitors;
        self.restoring = self.samples.iter().map(|own| vec![true; own.columns.len()]).collect();
    }

    /// Takes what a rank had: the columns that are here, and spikes if they are this rank's to take.
    pub(in crate::run) fn restore(&mut self, state: TracksState, is_own: bool) {
        let samples = self.samples.iter_mut().zip(state.samples);
        for ((track, saved), missing) in samples.zip(&mut self.restoring) {
            track.restore(&saved, missing);
        }
        if is_own {
            for (track, saved) in self.spikes.iter_mut().zip(state.spikes) {
                let spikes = saved.into_iter();
                track.spikes.extend(spikes.map(|(step, offset, gid)| Spike { step, offset, gid }));
            }
        }
    }

    /// Takes a chunk that is complete, after those before it.
    pub(in crate::run) fn restore_chunk(&mut self, chunk: ChunkRecordings) {
        if let Some(monitors) = &mut self.monitors {
            monitors.chunks.push(chunk.into());
        }
    }

    /// Whether all columns have been restored.
    pub(in crate::run) fn has_restored(&self) -> bool {
        self.restoring.iter().flatten().all(|missing| !missing)
    }

    /// Ends [`restore`](Self::restore).
    pub(in crate::run) fn finish_restore(&mut self) -> std::result::Result<(), String> {
        if !self.has_restored() {
            return Err("a recorded column is missing".to_owned());
        }
        self.restoring = Vec::new();
        Ok(())
    }
}

impl Track {
    fn restore(&mut self, saved: &TrackState, missing: &mut [bool]) {
        let n = self.columns.len();
        let own: HashMap<_, usize> =
            self.columns.iter().enumerate().map(|(at, column)| (key(column), at)).collect();
        let n_saved = saved.columns.len();
        for (from, column) in saved.columns.iter().enumerate() {
            let Some(&to) = own.get(column) else { continue };
            if !std::mem::replace(&mut missing[to], false) {
                continue;
            }
            if let Some(held) = &saved.held {
                self.held.get_or_insert_with(|| vec![f64::NAN; n])[to] = held[from];
            }
            let rows = saved.values.chunks_exact(n_saved);
            self.values.resize(rows.len() * n, f64::NAN);
            for (own, saved) in self.values.chunks_exact_mut(n).zip(rows) {
                own[to] = saved[from];
            }
        }
    }
}
