//! Samples and spikes for monitors, which are started and paused while a program looks on.
//!
//! A track takes every sample of its recording and keeps those that belong to times at which it was
//! running. Pieces of a run end between two samples: one taken at the very end belongs to what comes
//! next, and is held back until it is known whether the track runs then.

mod state;

use std::ops::Range;
use std::sync::Arc;

use net_cell::{Samples, Spike};
use net_core::Gid;
use net_io::store::Column;

use super::recorder::TakeSamples;
use crate::model::Monitored;
use crate::monitor::{ChunkRecordings, MonitorsState};

pub(super) use state::{TracksOfAll, TracksState};

/// All tracks of a rank, in the order of what is monitored.
#[derive(Default)]
pub(crate) struct Tracks {
    samples: Vec<Track>,
    spikes: Vec<SpikeTrack>,
    /// How far the monitors are, as they said last.
    monitors: Option<MonitorsState>,
    /// Whether that is of a checkpoint, and the monitors do not know it yet.
    is_resumed: bool,
    /// For each track and column, whether it is still to be restored, while they are.
    restoring: Vec<Vec<bool>>,
}

/// Whose samples a column of a track has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TrackColumn {
    /// The cell, or the one on which a synapse is.
    pub(crate) gid: Gid,
    pub(crate) segment: u32,
    /// Which of several columns of the cell or segment.
    pub(crate) number: u32,
    /// The cell where a connection comes from.
    pub(crate) source: Option<Gid>,
}

/// One monitored variable of some cells.
pub(crate) struct Track {
    /// Index of the recording in the groups of cells.
    recording: usize,
    columns: Vec<TrackColumn>,
    /// Steps that a sample is later than its label.
    shift: u64,
    is_running: bool,
    new: Samples,
    /// The sample at the end, of the state at which the next step begins.
    held: Option<Vec<f64>>,
    /// Samples of running times, row by row.
    values: Vec<f64>,
}

/// Spikes of the cells of a population.
pub(crate) struct SpikeTrack {
    gids: Range<Gid>,
    is_running: bool,
    spikes: Vec<Spike>,
}

impl TrackColumn {
    pub(crate) fn new(column: &Column, source: Option<Gid>) -> Self {
        let &Column { gid, segment, label: number } = column;
        TrackColumn { gid, segment, number, source }
    }
}

impl Tracks {
    /// Tracks of what is monitored, all paused; `columns` has those of each variable on this
    /// rank, and `first_recording` is the index of the first.
    pub(crate) fn new(
        monitored: &Monitored,
        columns: Vec<Vec<TrackColumn>>,
        first_recording: usize,
    ) -> Self {
        let track = |(at, columns): (usize, Vec<TrackColumn>)| Track {
            recording: first_recording + at,
            shift: monitored.shift,
            is_running: false,
            new: Samples::new(columns.len()),
            held: None,
            values: Vec::new(),
            columns,
        };
        let spikes = |gids: &Range<Gid>| SpikeTrack {
            gids: gids.clone(),
            is_running: false,
            spikes: Vec::new(),
        };
        Tracks {
            samples: columns.into_iter().enumerate().map(track).collect(),
            spikes: monitored.spikes.iter().map(spikes).collect(),
            monitors: None,
            is_resumed: false,
            restoring: Vec::new(),
        }
    }

    /// Notes how far the monitors are.
    pub(crate) fn remember(&mut self, monitors: MonitorsState) {
        self.monitors = Some(monitors);
    }

    /// Whether monitors have to go on from a checkpoint.
    pub(crate) fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// How far the monitors were at the checkpoint that the run goes on from.
    pub(crate) fn take_resumed(&mut self) -> Option<MonitorsState> {
        std::mem::take(&mut self.is_resumed).then(|| self.monitors.clone()).flatten()
    }

    /// Chunks of the monitors that are complete.
    pub(super) fn chunks(&self) -> &[Arc<ChunkRecordings>] {
        self.monitors.as_ref().map_or(&[], |monitors| &monitors.chunks)
    }

    /// Takes what was recorded in the epoch that ended at `end_step`.
    pub(super) fn take(&mut self, take: TakeSamples, spikes: &[Spike], end_step: u64) {
        for track in &mut self.samples {
            track.take(take, end_step);
        }
        for track in self.spikes.iter_mut().filter(|track| track.is_running) {
            track.spikes.extend(spikes.iter().filter(|spike| track.gids.contains(&spike.gid)));
        }
    }

    /// Lets a variable's track run or pause.
    pub(crate) fn run_samples(&mut self, track: usize, is_running: bool) {
        self.samples[track].is_running = is_running;
    }

    /// Lets a population's track of spikes run or pause.
    pub(crate) fn run_spikes(&mut self, track: usize, is_running: bool) {
        self.spikes[track].is_running = is_running;
    }

    /// Columns of each variable and the values, row by row, since they were forgotten.
    pub(crate) fn samples(&self) -> impl Iterator<Item = (&[TrackColumn], &[f64])> {
        self.samples.iter().map(|track| (&track.columns[..], &track.values[..]))
    }

    /// The spikes of each population since they were forgotten.
    pub(crate) fn spikes(&self) -> impl Iterator<Item = &[Spike]> {
        self.spikes.iter().map(|track| &track.spikes[..])
    }

    /// Forgets what was recorded.
    pub(crate) fn forget(&mut self) {
        self.samples.iter_mut().for_each(|track| track.values = Vec::new());
        self.spikes.iter_mut().for_each(|track| track.spikes = Vec::new());
    }
}

impl Track {
    fn take(&mut self, take: &mut dyn FnMut(usize, &mut Samples), end_step: u64) {
        self.new.steps.clear();
        self.new.values.clear();
        take(self.recording, &mut self.new);
        let n_columns = self.columns.len();
        if let Some(held) = self.held.take()
            && self.is_running
        {
            self.values.extend(held);
        }
        let n_now = self.new.steps.partition_point(|&step| step < end_step + self.shift);
        let (now, later) = self.new.values.split_at(n_now * n_columns);
        if self.is_running {
            self.values.extend_from_slice(now);
        }
        if n_now < self.new.steps.len() {
            self.held = Some(later.to_vec());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a track keeps that runs in steps 2..5 and 7..8 of epochs of two steps and one.
    fn kept(shift: u64) -> Vec<f64> {
        let monitored = Monitored { shift, ..Monitored::default() };
        let column = TrackColumn { gid: 0, segment: 0, number: 0, source: None };
        let mut tracks = Tracks::new(&monitored, vec![vec![column]], 3);
        let mut next = 0;
        for (end, is_running) in
            [(2, false), (4, true), (5, true), (7, false), (8, true), (9, false)]
        {
            tracks.run_samples(0, is_running);
            tracks.take(
                &mut |recording, into| {
                    assert_eq!(recording, 3);
                    // States 0 to the end, of which a shifted schedule leaves out the first.
                    for step in (next..=end).filter(|&step| step >= shift) {
                        into.steps.push(step);
                        into.values.push(step as f64);
                    }
                    next = end + 1;
                },
                &[],
                end,
            );
        }
        let kept = tracks.samples().next().map(|(_, values)| values.to_vec());
        tracks.forget();
        assert!(tracks.samples().all(|(_, values)| values.is_empty()));
        kept.unwrap_or_default()
    }

    #[test]
    fn samples_belong_to_the_time_that_begins_with_them() {
        assert_eq!(kept(0), [2.0, 3.0, 4.0, 7.0]);
    }

    #[test]
    fn shifted_samples_belong_to_the_time_that_ends_with_them() {
        assert_eq!(kept(1), [3.0, 4.0, 5.0, 8.0]);
    }

    #[test]
    fn spikes_are_kept_by_population_while_it_runs() {
        let monitored = Monitored { spikes: vec![0..2, 2..5], ..Monitored::default() };
        let mut tracks = Tracks::new(&monitored, Vec::new(), 0);
        let none = &mut |_: usize, _: &mut Samples| ();
        let spike = Spike::new;
        tracks.take(none, &[spike(0, 0), spike(0, 3)], 1);
        tracks.run_spikes(1, true);
        tracks.take(none, &[spike(1, 0), spike(2, 4)], 3);
        assert_eq!(tracks.spikes().collect::<Vec<_>>(), [&[][..], &[spike(2, 4)]]);
    }
}
