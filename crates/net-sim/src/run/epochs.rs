//! The loop over epochs: deliver, integrate, exchange spikes.
//!
//! A spike acts a delay later, so cells need nothing from each other for as long as the shortest
//! delay of the network. A process alone advances by that. Between ranks an epoch is half of it:
//! while epoch k+1 is computed, the spikes of epoch k travel; they are queued before epoch k+2.
//!
//! A rank that fails says so in place of its spikes. So all ranks leave the loop at the same epoch,
//! agree on the error, and seal what they have.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use net_cell::state::{CellState, NetworkFingerprint};
use net_cell::{CellGroup, Samples, Spike};
use net_core::{Gid, MAX_CELLS, StepClock};
use net_io::checkpoint::{Checkpoint, CheckpointDirectory};
use net_io::provenance::Provenance;
use net_io::store::Ranges;
use net_mpi::Communicator;

use super::exchange::{Exchange, Wish};
use super::keeper::Keeper;
use super::output::Files;
use super::plan::Plan;
use super::progress::Meter;
use super::recorder::{Kept, Recorder};
use super::state::SetParameters;
use super::team::Team;
use super::threads::Threads;
use super::tracks::Tracks;
use super::transfer::Transfer;
use crate::error::{Error, Result, StopReason};
use crate::model::{CellParameter, Model};
use crate::probes::{Collector, ProbeSignal};

/// What the threads share.
pub(super) struct Shared {
    pub(super) members: Vec<Mutex<Member>>,
    pub(super) epoch: RwLock<Epoch>,
}

/// A thread's cells.
pub(super) struct Member {
    pub(super) group: CellGroup,
    spikes: Vec<Spike>,
    outcome: std::result::Result<(), net_cell::NotFinite>,
    computed: Duration,
}

/// What is to be computed next.
#[derive(Default)]
pub(super) struct Epoch {
    steps: Range<u64>,
    /// Spikes of earlier epochs, of all ranks, by step and gid.
    pub(super) arrived: Vec<Spike>,
}

/// Where the time of a run went, on one rank.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) run: Duration,
    /// Mean over threads.
    pub(crate) compute: Duration,
    pub(crate) exchange: Duration,
    pub(crate) record: Duration,
}

/// What a run leaves on this rank.
pub(crate) struct Finished {
    pub(crate) kept: Kept,
    /// Of the probes that this rank has.
    pub(crate) signals: Vec<ProbeSignal>,
    /// As [`Collector::distances_raised`].
    pub(crate) distances_raised: BTreeMap<String, u64>,
    pub(crate) times: Times,
    /// Steps that were computed.
    pub(crate) n_steps: u64,
}

/// A run between two epochs: the cells of all threads, and what the leading thread knows.
///
/// It can be advanced in any pieces; they leave the same bytes as one. An epoch ends where a piece
/// ends, and an epoch may always be shorter.
pub(crate) struct Run<'a> {
    threads: Threads,
    shared: Shared,
    leader: Leader<'a>,
    has_failed: bool,
}

impl<'a> Run<'a> {
    /// Cells in their initial state, before the first step. Collective.
    pub(crate) fn new(
        comm: &'a Communicator,
        clock: StepClock,
        (plan, transfer): (Plan, Option<Transfer>),
        threads: Threads,
        groups: Vec<CellGroup>,
        (recorder, tracks, collector): (Recorder, Tracks, Collector),
        meter: Meter,
    ) -> Result<Self> {
        let leader = Leader {
            comm,
            clock,
            plan,
            transfer,
            exchange: Exchange::new(comm, groups.iter().any(CellGroup::makes_spikes))?,
            travelling: None,
            step: 0,
            recorded: 0,
            recorder,
            tracks,
            collector,
            meter,
            times: Times::default(),
            keeper: None,
            stopped: None,
            parameters: SetParameters::default(),
        };
        Ok(Run { threads, shared: Shared::new(groups, &plan), leader, has_failed: false })
    }

    /// Steps that were computed.
    pub(crate) fn step(&self) -> u64 {
        self.leader.step
    }

    /// Bytes of this rank's cells with the states of their synapses, and of its connections, now.
    pub(super) fn memory_bytes(&self) -> (u64, u64) {
        let own = self.shared.members.iter().map(|member| lock(member).group.memory_bytes());
        own.fold((0, 0), |sum, own| (sum.0 + own.0 as u64, sum.1 + own.1 as u64))
    }

    /// Sources of the connections of each of its groups, and bytes of their entries.
    pub(super) fn sources(&self) -> (u64, u64) {
        let own = self.shared.members.iter().map(|member| lock(member).group.sources());
        own.fold((0, 0), |sum, own| (sum.0 + own.0 as u64, sum.1 + own.1 as u64))
    }

    /// Hashes of this rank's cells and what ends on them, before the first step.
    pub(super) fn fingerprint(&self) -> NetworkFingerprint {
        self.shared.fingerprint()
    }

    /// Writes into the files of probes where they come from.
    pub(super) fn stamp_probes(&self, record: Option<&Provenance>) -> Result<()> {
        record.map_or(Ok(()), |record| self.leader.collector.stamp(record))
    }

    /// Goes on from a checkpoint; to be called before the first step. Collective.
    pub(super) fn restore(&mut self, model: &Model, checkpoint: &Checkpoint) -> Result<()> {
        self.leader.restore(&self.shared, model, checkpoint)
    }

    /// Writes into these files from now on, a run that goes on from a checkpoint.
    pub(super) fn go_on_in(
        &mut self,
        files: &Files,
        (model, clock): (&Model, &StepClock),
    ) -> Result<()> {
        let Leader { comm, step, recorder, collector, .. } = &mut self.leader;
        let writer = files.go_on_in_part(comm, recorder.stored_columns());
        let told = writer.and_then(|writer| recorder.write_into(writer));
        comm.agree(told)?;
        let opened = files.go_on_with_probes(comm, collector, (model, clock), *step);
        Ok(comm.agree(opened)?)
    }

    /// Writes into these files, which are new; to be called before the first step. Collective.
    pub(super) fn begin_in(
        &mut self,
        files: &Files,
        (model, clock, gids): (&Model, StepClock, &[Gid]),
    ) -> Result<()> {
        let Leader { comm, recorder, collector, .. } = &mut self.leader;
        let writer = files.begin_part(comm, (model, clock, gids), recorder.stored_columns());
        let told = writer.and_then(|writer| recorder.write_into(writer));
        comm.agree(told)?;
        Ok(comm.agree(files.start_probes(comm, collector, model, &clock))?)
    }

    /// Lets it be saved now and then.
    pub(super) fn keep(&mut self, keeper: Keeper) {
        self.leader.keeper = Some(keeper);
    }

    /// Saves the state now, if it is to be saved at all. Collective.
    pub(super) fn save(&mut self) -> Result<()> {
        let Run { leader, shared, .. } = self;
        if leader.settle(shared)? {
            return Err(Error::Ended);
        }
        leader.save(shared)
    }

    /// The state of those of these cable cells and artificial cells that are this rank's, by gid.
    /// `gids` ascend. Collective.
    pub(super) fn cell_states(&mut self, gids: &[u64]) -> Result<Vec<CellState>> {
        let Run { leader, shared, .. } = self;
        if leader.settle(shared)? {
            return Err(Error::Ended);
        }
        let mut found = Vec::new();
        for member in &shared.members {
            let group = &mut lock(member).group;
            if !group.cable_gids().iter().any(|gid| gids.binary_search(gid).is_ok()) {
                continue;
            }
            let take = |state: CellState| -> Result<()> {
                if gids.binary_search(&state.gid).is_ok() {
                    found.push(state);
                }
                Ok(())
            };
            group.save(leader.step, take, |_| Ok(()))?;
        }
        found.sort_unstable_by_key(|state| state.gid);
        Ok(found)
    }

    /// Why and where it was saved and ended, if it was.
    pub(super) fn stopped(&self) -> Option<(StopReason, PathBuf)> {
        let (reason, keeper) = (self.leader.stopped?, self.leader.keeper.as_ref()?);
        Some((reason, keeper.directory.path().to_owned()))
    }

    /// The checkpoints are not needed any more.
    pub(super) fn checkpoints(&self) -> Option<CheckpointDirectory> {
        self.leader.keeper.as_ref().map(|keeper| keeper.directory.clone())
    }

    /// Parameters that were set since the start.
    pub(super) fn parameters(&self) -> &SetParameters {
        &self.leader.parameters
    }

    /// Parameters that were set since the start, to be noted.
    pub(super) fn parameters_mut(&mut self) -> &mut SetParameters {
        &mut self.leader.parameters
    }

    /// How the run is divided into epochs.
    pub(crate) fn plan(&self) -> &Plan {
        &self.leader.plan
    }

    /// What saves it.
    pub(super) fn into_keeper(self) -> Option<Keeper> {
        self.leader.keeper
    }

    /// What is recorded for monitors.
    pub(crate) fn tracks(&self) -> &Tracks {
        &self.leader.tracks
    }

    /// What is recorded for monitors.
    pub(crate) fn tracks_mut(&mut self) -> &mut Tracks {
        &mut self.leader.tracks
    }

    /// What is recorded.
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.leader.recorder
    }

    /// Records a signal in other windows from the next step on.
    pub(crate) fn set_windows(&mut self, recording: usize, windows: &Ranges) -> Result<()> {
        let Run { shared, leader: Leader { recorder, step, .. }, .. } = self;
        let list: Vec<Range<u64>> = windows.iter().collect();
        // A sample of this step may have been taken that the new windows do not have.
        recorder.discard(recording, &mut |index, into| shared.take_samples(index, into));
        let wants_sample = recorder.set_windows(recording, windows, *step)?;
        for member in &shared.members {
            let group = &mut lock(member).group;
            group.set_windows(recording, &list);
            if wants_sample {
                group.sample_now(recording, *step);
            }
        }
        Ok(())
    }

    /// Records spikes in other windows from the next step on.
    pub(crate) fn set_spike_windows(&mut self, recorder: usize, windows: &Ranges) -> Result<()> {
        self.leader.recorder.set_spike_windows(recorder, windows, self.leader.step)
    }

    /// Seals what is recorded so far. Collective.
    pub(crate) fn seal(&mut self) -> Result<()> {
        let sealed = self.leader.recorder.seal(self.leader.recorded);
        Ok(self.leader.comm.agree(sealed)?)
    }

    /// Gives a parameter of point neurons another value.
    pub(crate) fn set_parameter(
        &mut self,
        gids: &Range<u64>,
        parameter: &str,
        value: f64,
    ) -> std::result::Result<(), net_cell::CellError> {
        self.shared.set_parameter(gids, parameter, value)
    }

    /// Gives a parameter of other cells another value; returns the number of instances of this rank
    /// that have it.
    pub(super) fn set_cell_parameter(
        &mut self,
        model: &Model,
        parameter: &CellParameter,
    ) -> Result<u64> {
        self.shared.set_cell_parameter(model, parameter)
    }

    /// Advances to `end_step`. Collective; an error of any rank is an error on all and ends the
    /// run, in which what was recorded until then has been sealed.
    pub(crate) fn advance(&mut self, end_step: u64) -> Result<()> {
        if self.has_failed || self.leader.stopped.is_some() {
            return Err(Error::Ended);
        }
        let started = Instant::now();
        let outcome = self.advance_threads(end_step);
        let agreed = self.leader.comm.agree(outcome);
        if agreed.is_err() {
            self.has_failed = true;
            self.leader.close(&self.shared);
        }
        self.leader.times.run += started.elapsed();
        Ok(agreed?)
    }

    /// Advances with threads that live as long as this call.
    fn advance_threads(&mut self, end_step: u64) -> Result<()> {
        let Run { threads, shared, leader, .. } = self;
        let (shared, team) = (&*shared, Team::new(threads.n, threads.have_cores));
        std::thread::scope(|scope| {
            let _dismissal = team.dismissal();
            let started = (1..threads.n).try_for_each(|member| {
                let team = &team;
                std::thread::Builder::new()
                    .name(format!("cells-{member}"))
                    .spawn_scoped(scope, move || team.follow(|| shared.advance(member, || ())))
                    .map_err(|e| Error::Threads { n_threads: threads.n, reason: e.to_string() })?;
                Ok(())
            });
            leader.advance(shared, &team, end_step, started.err())
        })
    }

    /// Ends the run: takes the last samples, seals and closes. Collective, after all ranks have
    /// advanced to the same step.
    pub(crate) fn finish(mut self) -> Result<Finished> {
        if self.has_failed {
            return Err(Error::Ended);
        }
        let started = Instant::now();
        let outcome = self.leader.take_last(&self.shared);
        self.leader.comm.agree(outcome)?;
        let Leader { comm, step, recorder, collector, mut times, .. } = self.leader;
        let shared = &self.shared;
        let distances_raised = collector.distances_raised();
        let signals = collector.finish();
        let kept = recorder.finish(&mut |index, into| shared.take_samples(index, into), step);
        let (signals, kept) = comm.agree(signals.and_then(|signals| Ok((signals, kept?))))?;
        times.record += started.elapsed();
        times.run += started.elapsed();
        let computed: Duration = self.shared.members.iter().map(|m| lock(m).computed).sum();
        times.compute = computed / self.threads.n as u32;
        Ok(Finished { kept, signals, distances_raised, times, n_steps: step })
    }
}

/// The leading thread's view of a run.
pub(super) struct Leader<'a> {
    pub(super) comm: &'a Communicator,
    pub(super) clock: StepClock,
    plan: Plan,
    transfer: Option<Transfer>,
    exchange: Exchange,
    /// First step of the epoch whose spikes are on their way.
    travelling: Option<u64>,
    /// Steps that were computed.
    pub(super) step: u64,
    /// Steps that were recorded.
    pub(super) recorded: u64,
    pub(super) recorder: Recorder,
    pub(super) tracks: Tracks,
    pub(super) collector: Collector,
    meter: Meter,
    times: Times,
    /// Saves the state, if that is wanted.
    pub(super) keeper: Option<Keeper>,
    stopped: Option<StopReason>,
    pub(super) parameters: SetParameters,
}

impl Leader<'_> {
    /// Epochs until `end_step`; returns at the same epoch on all ranks. `failure` has happened
    /// already.
    fn advance(
        &mut self,
        shared: &Shared,
        team: &Team,
        end_step: u64,
        mut failure: Option<Error>,
    ) -> Result<()> {
        while self.step < end_step {
            let end = (self.step + self.plan.epoch_steps).min(end_step);
            let end = self.keeper.as_ref().map_or(end, |k| k.end_of_epoch(self.step, end));
            let steps = self.step..end;
            if failure.is_none() {
                failure = self.compute(shared, team, steps.clone()).err();
            }
            self.move_potentials(shared)?;
            if let Some(first) = self.travelling.take()
                && self.receive(shared, first)?
            {
                break;
            }
            let mut spikes = shared.spikes();
            if failure.is_none() {
                let before = Instant::now();
                // Spikes that are no cell's are for connections only.
                spikes.sort_by_key(|spike| spike.gid >= MAX_CELLS);
                let n_of_cells = spikes.partition_point(|spike| spike.gid < MAX_CELLS);
                let taken = self.record(shared, &spikes[..n_of_cells], steps.end);
                self.times.record += before.elapsed();
                match taken {
                    Ok(()) => self.recorded = steps.end,
                    Err(error) => failure = Some(error),
                }
            }
            let before = Instant::now();
            if failure.is_none() && self.collector.is_due(steps.end, false) {
                failure = self.collector.check().err();
            }
            let collected = self.collector.collect(self.comm, steps.end, false, failure.is_some());
            self.times.record += before.elapsed();
            failure = failure.or(collected.err());
            if failure.is_some() {
                spikes.clear();
            }
            self.send(&spikes, steps.start, failure.is_some())?;
            if self.plan.overlapped {
                self.travelling = Some(steps.start);
            } else if self.receive(shared, steps.start)? {
                break;
            }
            self.meter.update(self.clock.time_ms(steps.end));
            self.step = steps.end;
            if self.keeper.as_ref().is_some_and(|keeper| keeper.is_due(steps.end)) {
                if self.settle(shared)? {
                    break;
                }
                let stop = self.keeper.as_ref().and_then(Keeper::stop);
                failure = self.save(shared).err();
                self.stopped = stop.filter(|_| failure.is_none());
                if failure.is_some() || stop.is_some() {
                    break;
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Queues all spikes, so that none is on its way; true if a rank has failed. An epoch earlier than
    /// it would be, which changes nothing: they come in the same order.
    fn settle(&mut self, shared: &Shared) -> Result<bool> {
        shared.enqueue_arrived();
        if let Some(first) = self.travelling.take()
            && self.receive(shared, first)?
        {
            return Ok(true);
        }
        shared.enqueue_arrived();
        Ok(false)
    }

    /// Waits for the spikes of the last epoch, and collects the last samples of probes.
    fn take_last(&mut self, shared: &Shared) -> Result<()> {
        if let Some(first) = self.travelling.take() {
            self.receive(shared, first)?;
        }
        let failed = self.collector.check().err();
        let collected = self.collector.collect(self.comm, self.step, true, failed.is_some());
        failed.map_or(collected, Err)
    }

    /// Advances all cells through one epoch.
    fn compute(&mut self, shared: &Shared, team: &Team, steps: Range<u64>) -> Result<()> {
        shared.epoch.write().unwrap_or_else(PoisonError::into_inner).steps = steps;
        let mut polled = Ok(true);
        let (travelling, exchange) = (self.travelling.is_some(), &mut self.exchange);
        let followed = team.lead(|| {
            shared.advance(0, || {
                if travelling && polled.is_ok() {
                    polled = exchange.poll();
                }
            });
        });
        shared.epoch.write().unwrap_or_else(PoisonError::into_inner).arrived.clear();
        followed.map_err(|message| Error::WorkerPanicked { message })?;
        polled?;
        for member in &shared.members {
            std::mem::replace(&mut lock(member).outcome, Ok(()))?;
        }
        self.collector.check()
    }

    /// Shows cells the potentials of others that they see. Whether a rank has failed or not, all ranks
    /// come here.
    fn move_potentials(&mut self, shared: &Shared) -> Result<()> {
        let Some(transfer) = &self.transfer else { return Ok(()) };
        let before = Instant::now();
        let mut members: Vec<_> = shared.members.iter().map(lock).collect();
        let seen = transfer.exchange(self.comm, members.iter().map(|member| &member.group))?;
        members.iter_mut().for_each(|member| member.group.set_received(&seen));
        self.times.exchange += before.elapsed();
        Ok(())
    }

    fn record(&mut self, shared: &Shared, spikes: &[Spike], end_step: u64) -> Result<()> {
        self.tracks.take(&mut |index, into| shared.take_samples(index, into), spikes, end_step);
        self.recorder.take(&mut |index, into| shared.take_samples(index, into), spikes, end_step)
    }

    /// Starts to send this rank's spikes of an epoch, or word of its failure.
    fn send(&mut self, spikes: &[Spike], first_step: u64, has_failed: bool) -> Result<()> {
        let before = Instant::now();
        let wish = match &self.keeper {
            _ if has_failed => Wish::Failed,
            Some(keeper) => keeper.own_wish(),
            None => Wish::Nothing,
        };
        self.exchange.start(spikes, wish, first_step)?;
        self.times.exchange += before.elapsed();
        Ok(())
    }

    /// Waits for all ranks' spikes of the epoch that began at `first_step` and hands them to the
    /// groups; true if a rank has failed.
    fn receive(&mut self, shared: &Shared, first_step: u64) -> Result<bool> {
        let before = Instant::now();
        let mut epoch = shared.epoch.write().unwrap_or_else(PoisonError::into_inner);
        let wish = self.exchange.finish(first_step, &mut epoch.arrived)?;
        if let Some(keeper) = &mut self.keeper {
            keeper.hear(wish);
        }
        if self.plan.min_delay_steps.is_none() {
            epoch.arrived.clear();
        }
        self.times.exchange += before.elapsed();
        Ok(wish == Wish::Failed)
    }

    /// Ends a run in which a rank has failed: seals what was recorded.
    fn close(&mut self, shared: &Shared) {
        // Neither can be helped any more; the error that ended the run is what counts.
        if let Some(first) = self.travelling.take() {
            let _ = self.receive(shared, first);
        }
        let _ = self.recorder.seal(self.recorded);
    }
}

impl Shared {
    fn new(groups: Vec<CellGroup>, plan: &Plan) -> Self {
        let member = |mut group: CellGroup| {
            group.initialize(plan.max_delay_steps, plan.epoch_steps);
            let (spikes, outcome) = (Vec::new(), Ok(()));
            Mutex::new(Member { group, spikes, outcome, computed: Duration::ZERO })
        };
        Shared {
            members: groups.into_iter().map(member).collect(),
            epoch: RwLock::new(Epoch::default()),
        }
    }

    /// Computes the epoch for one thread's cells.
    fn advance(&self, member: usize, between: impl FnMut()) {
        let started = Instant::now();
        let Member { group, spikes, outcome, computed } = &mut *lock(&self.members[member]);
        let epoch = self.epoch.read().unwrap_or_else(PoisonError::into_inner);
        group.enqueue(epoch.arrived.iter().copied());
        spikes.clear();
        match group.advance(epoch.steps.clone(), between) {
            Ok(fired) => spikes.extend_from_slice(fired),
            Err(error) => *outcome = Err(error),
        }
        *computed += started.elapsed();
    }

    /// All threads' spikes of the last epoch.
    fn spikes(&self) -> Vec<Spike> {
        self.members.iter().flat_map(|member| lock(member).spikes.clone()).collect()
    }

    fn take_samples(&self, recording: usize, into: &mut Samples) {
        for member in &self.members {
            lock(member).group.take_samples(recording, into);
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
