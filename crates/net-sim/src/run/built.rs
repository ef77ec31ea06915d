//! What a rank has built, and how it becomes a run.

use net_cell::CellGroup;
use net_core::{Gid, StepClock};
use net_io::store::{Manifest, PartWriter, Ranges};
use net_mpi::Communicator;

use super::epochs::Run;
use super::output;
use super::plan::Plan;
use super::progress::Meter;
use super::recorder::{self, Keep, Recorder, SignalPlan, SpikeRecorder};
use super::threads::Threads;
use super::tracks::{TrackColumn, Tracks};
use super::transfer::Transfer;
use crate::build::{self, LocalSize};
use crate::error::Result;
use crate::model::{self, Model};
use crate::options::RunOptions;
use crate::probes::Collector;

/// What a rank has before its run starts.
pub(super) struct Built {
    groups: Vec<CellGroup>,
    /// What is recorded, for each recording.
    pub(super) recordings: Vec<SignalPlan>,
    tracks: Tracks,
    pub(super) collector: Collector,
    plan: Plan,
    transfer: Option<Transfer>,
    /// Hash of what stimulations do to the cells.
    pub(super) stimulation: u64,
    pub(super) size: LocalSize,
}

impl Built {
    /// Draws and lays out what `gids` need. Collective.
    pub(super) fn new(
        comm: &Communicator,
        model: &Model,
        options: &RunOptions,
        clock: StepClock,
        gids: &[Gid],
        threads: Threads,
        pool: &rayon::ThreadPool,
    ) -> Result<Self> {
        let local = build::build(model, options, clock, gids, threads.n, pool);
        let local = comm.agree(local)?;
        let n_columns = local.recordings.iter().map(|plan| plan.columns.len()).sum();
        let transfer = Transfer::new(comm, &local.junctions)?;
        let coupled = transfer.is_some();
        let plan = Plan::new(comm, &clock, local.size.delay_steps, n_columns, coupled)?;
        let (mut groups, mut size) = (local.groups, local.size);
        let mut recordings = local.recordings;
        for (at, recording) in recordings.iter().enumerate() {
            let windows: Vec<_> = recording.windows.iter().collect();
            groups.iter_mut().for_each(|group| group.set_windows(at, &windows));
        }
        let n_recordings = model.recordings().len();
        let places = |plan: SignalPlan| {
            let columns = plan.columns.columns().iter().enumerate();
            columns.map(|(at, column)| TrackColumn::new(column, plan.columns.source(at))).collect()
        };
        let monitored = recordings.split_off(n_recordings).into_iter().map(places).collect();
        let tracks = Tracks::new(model.monitored(), monitored, n_recordings);
        let collector = Collector::new(
            comm,
            model,
            &clock,
            (clock.n_steps(options.tstop_ms), plan.epoch_steps),
            (local.matrices, pool),
            &mut groups,
            options.keep_in_memory,
        )?;
        size.probe_bytes = collector.memory_bytes() as u64;
        let stimulation = local.stimulation;
        Ok(Built { groups, recordings, tracks, collector, plan, transfer, stimulation, size })
    }

    /// Columns of all recordings.
    pub(super) fn n_columns(&self) -> u64 {
        self.recordings.iter().map(|plan| plan.columns.len()).sum::<usize>() as u64
    }

    /// Gives parameters of cells other values, with which the initial state is made.
    pub(super) fn set_parameters(
        &mut self,
        model: &Model,
        parameters: &[model::CellParameter],
    ) -> Result<()> {
        let mut parameters = parameters.iter();
        parameters.try_for_each(|own| own.set(model, &mut self.groups).map(|_| ()))
    }

    /// Sets the initial state. Collective.
    pub(super) fn start<'a>(
        self,
        comm: &'a Communicator,
        (model, manifest): (&Model, &Manifest),
        options: &RunOptions,
        clock: StepClock,
        threads: Threads,
        writer: Option<PartWriter>,
    ) -> Result<Run<'a>> {
        let recorded = what_to_record(model, &clock, manifest, self.recordings);
        let recorder = recorded.and_then(|recorded| recorder(writer, recorded, options, &clock));
        let recorder = comm.agree(recorder)?;
        let meter = Meter::new(options.progress, comm.is_root(), options.tstop_ms);
        let recorded = (recorder, self.tracks, self.collector);
        let plan = (self.plan, self.transfer);
        Run::new(comm, clock, plan, threads, self.groups, recorded, meter)
    }
}

/// What this rank records of samples, rates and spikes.
fn what_to_record(
    model: &Model,
    clock: &StepClock,
    manifest: &Manifest,
    signals: Vec<SignalPlan>,
) -> Result<recorder::Plan> {
    let rate = |rate: &model::RateRecording| {
        Ok((output::rate_grid(rate, clock)?, model.gids_of(&rate.targets)?))
    };
    let rates = model.rate_recordings().iter().map(rate).collect::<Result<_>>()?;
    let windows = |at: usize| match model.spike_recordings().get(at) {
        Some(recording) => recording.windows(clock),
        None => Ok(Ranges::all()),
    };
    let of_recorder = |(at, recorder): (usize, net_io::store::SpikeRecorder)| {
        Ok(SpikeRecorder { roster: recorder.roster, windows: windows(at)? })
    };
    let spikes =
        manifest.spike_devices().into_iter().enumerate().map(of_recorder).collect::<Result<_>>()?;
    Ok(recorder::Plan { signals, rates, spikes })
}

fn recorder(
    writer: Option<PartWriter>,
    recorded: recorder::Plan,
    options: &RunOptions,
    clock: &StepClock,
) -> Result<Recorder> {
    let asked_ms = options.output.as_ref().and_then(|output| output.seal_interval_ms);
    let seal_steps = match asked_ms {
        Some(ms) => clock.n_steps(ms),
        None => clock.n_steps(options.tstop_ms) / 10,
    };
    let keep = match (options.keep_in_memory, options.keep_spikes) {
        (true, _) => Keep::All,
        (false, true) => Keep::Spikes,
        (false, false) => Keep::Nothing,
    };
    Recorder::new(writer, recorded, seal_steps, keep)
}
