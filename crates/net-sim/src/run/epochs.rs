//! The loop over epochs: deliver, integrate, exchange spikes.
//!
//! A spike acts a delay later, so cells need nothing from each other for as long as the shortest
//! delay of the network. A process alone advances by that. Between ranks an epoch is half of it:
//! while epoch k+1 is computed, the spikes of epoch k travel; they are queued before epoch k+2.
//!
//! A rank that fails says so in place of its spikes. So all ranks leave the loop at the same epoch,
//! seal what they have, and agree on the error.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use net_cell::{CellGroup, Samples, Spike};
use net_core::StepClock;
use net_mpi::{Communicator, MAX_GID, MAX_STEP_OFFSET, PackedSpike, SpikeExchange};

use super::progress::Meter;
use super::recorder::{Kept, Recorder};
use super::team::Team;
use super::threads::Threads;
use crate::error::{Error, Result};
use crate::probes::{Collector, ProbeSignal};

/// Longest epoch in steps: packed spikes count to 65535, and an epoch's samples must fit in memory.
const MAX_EPOCH_STEPS: u64 = 4096;

/// Samples of an epoch that a rank keeps in memory.
const MAX_EPOCH_SAMPLES: u64 = 1 << 21;

/// Length of an epoch of cells that are not connected, in ms.
const UNCONNECTED_EPOCH_MS: f64 = 1.0;

/// How a run is divided into epochs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) n_steps: u64,
    pub(crate) epoch_steps: u64,
    /// Whether spikes travel while the next epoch is computed.
    pub(crate) overlapped: bool,
    /// Over all ranks; absent without connections.
    pub(crate) min_delay_steps: Option<u64>,
    pub(crate) max_delay_steps: u64,
}

impl Plan {
    /// From the delays, in steps, and recorded columns of this rank. Collective.
    pub(crate) fn new(
        comm: &Communicator,
        clock: &StepClock,
        n_steps: u64,
        delays: Option<(u16, u16)>,
        n_columns: usize,
    ) -> Result<Self> {
        let shortest = comm.min(delays.map_or(u64::MAX, |(min, _)| u64::from(min)))?;
        let max_delay_steps = comm.max(delays.map_or(0, |(_, max)| u64::from(max)))?;
        let n_columns = comm.max(n_columns as u64)?;
        let min_delay_steps = (shortest < u64::MAX).then_some(shortest);
        let alone = comm.size() == 1;
        let (wanted, overlapped) = match min_delay_steps {
            None => ((UNCONNECTED_EPOCH_MS / clock.dt_ms()).ceil() as u64, !alone),
            Some(delay) if alone => (delay, false),
            Some(1) => (1, false),
            Some(delay) => (delay / 2, true),
        };
        let longest = (MAX_EPOCH_SAMPLES / n_columns.max(1)).clamp(1, MAX_EPOCH_STEPS);
        let epoch_steps = wanted.clamp(1, longest);
        Ok(Plan { n_steps, epoch_steps, overlapped, min_delay_steps, max_delay_steps })
    }
}

/// What the threads share.
struct Shared {
    members: Vec<Mutex<Member>>,
    epoch: RwLock<Epoch>,
}

/// A thread's cells.
struct Member {
    group: CellGroup,
    spikes: Vec<Spike>,
    outcome: std::result::Result<(), net_cell::NotFinite>,
    computed: Duration,
}

/// What is to be computed next.
#[derive(Default)]
struct Epoch {
    steps: Range<u64>,
    /// Spikes of earlier epochs, of all ranks, by step and gid.
    arrived: Vec<Spike>,
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
    /// On rank 0.
    pub(crate) signals: Vec<ProbeSignal>,
    pub(crate) times: Times,
}

/// Runs all epochs. Collective; an error of any rank is an error on all.
pub(crate) fn run_epochs(
    comm: &Communicator,
    clock: &StepClock,
    plan: &Plan,
    threads: Threads,
    groups: Vec<CellGroup>,
    (recorder, collector): (Recorder, Collector),
    meter: Meter,
) -> Result<Finished> {
    let started = Instant::now();
    let exchange = SpikeExchange::new(comm)?;
    let shared = Shared::new(groups, plan);
    let team = Team::new(threads.n, threads.have_cores);
    let outcome = std::thread::scope(|scope| {
        let _dismissal = team.dismissal();
        for member in 1..threads.n {
            let (team, shared) = (&team, &shared);
            std::thread::Builder::new()
                .name(format!("cells-{member}"))
                .spawn_scoped(scope, move || team.follow(|| shared.advance(member, || ())))
                .map_err(|e| Error::Threads { n_threads: threads.n, reason: e.to_string() })?;
        }
        Loop { comm, clock, plan, shared: &shared, exchange, recorder, collector, meter }.run(&team)
    });
    let Finished { kept, signals, mut times } = comm.agree(outcome)?;
    times.run = started.elapsed();
    let computed: Duration = shared.members.iter().map(|m| lock(m).computed).sum();
    times.compute = computed / threads.n as u32;
    Ok(Finished { kept, signals, times })
}

/// The leading thread's view of a run.
struct Loop<'a> {
    comm: &'a Communicator,
    clock: &'a StepClock,
    plan: &'a Plan,
    shared: &'a Shared,
    exchange: SpikeExchange,
    recorder: Recorder,
    collector: Collector,
    meter: Meter,
}

impl Loop<'_> {
    /// All epochs; returns at the same epoch on all ranks.
    fn run(mut self, team: &Team) -> Result<Finished> {
        let mut times = Times::default();
        let mut failure = None;
        let mut travelling: Option<u64> = None;
        let mut recorded = 0;
        let n_steps = self.plan.n_steps;
        let mut step = 0;
        while step < n_steps {
            let steps = step..(step + self.plan.epoch_steps).min(n_steps);
            if failure.is_none() {
                failure = self.compute(team, steps.clone(), travelling.is_some()).err();
            }
            if let Some(first) = travelling.take()
                && self.receive(first, &mut times)?
            {
                return self.stop(failure, recorded);
            }
            let mut spikes = self.shared.spikes();
            if failure.is_none() {
                let before = Instant::now();
                let taken = self.record(&spikes, steps.end);
                times.record += before.elapsed();
                match taken {
                    Ok(()) => recorded = steps.end,
                    Err(error) => failure = Some(error),
                }
            }
            let before = Instant::now();
            let collected = self.collector.collect(self.comm, steps.end, false, failure.is_some());
            times.record += before.elapsed();
            failure = failure.or(collected.err());
            if failure.is_some() {
                spikes.clear();
            }
            self.send(&spikes, steps.start, failure.is_some(), &mut times)?;
            if self.plan.overlapped {
                travelling = Some(steps.start);
            } else if self.receive(steps.start, &mut times)? {
                return self.stop(failure, recorded);
            }
            self.meter.update(self.clock.time_ms(steps.end));
            step = steps.end;
        }
        if let Some(first) = travelling
            && self.receive(first, &mut times)?
        {
            return self.stop(failure, recorded);
        }
        let before = Instant::now();
        self.collector.collect(self.comm, n_steps, true, false)?;
        let signals = self.collector.finish()?;
        let shared = self.shared;
        let kept =
            self.recorder.finish(&mut |index, into| shared.take_samples(index, into), n_steps)?;
        times.record += before.elapsed();
        Ok(Finished { kept, signals, times })
    }

    /// Advances all cells through one epoch.
    fn compute(&mut self, team: &Team, steps: Range<u64>, travelling: bool) -> Result<()> {
        self.shared.epoch.write().unwrap_or_else(PoisonError::into_inner).steps = steps;
        let mut polled = Ok(true);
        let (shared, exchange) = (self.shared, &mut self.exchange);
        let followed = team.lead(|| {
            shared.advance(0, || {
                if travelling && polled.is_ok() {
                    polled = exchange.poll();
                }
            });
        });
        self.shared.epoch.write().unwrap_or_else(PoisonError::into_inner).arrived.clear();
        followed.map_err(|message| Error::WorkerPanicked { message })?;
        polled?;
        for member in &self.shared.members {
            std::mem::replace(&mut lock(member).outcome, Ok(()))?;
        }
        self.collector.check()
    }

    fn record(&mut self, spikes: &[Spike], end_step: u64) -> Result<()> {
        let shared = self.shared;
        self.recorder.take(&mut |index, into| shared.take_samples(index, into), spikes, end_step)
    }

    /// Starts to send this rank's spikes of an epoch, or word of its failure.
    fn send(
        &mut self,
        spikes: &[Spike],
        first_step: u64,
        has_failed: bool,
        times: &mut Times,
    ) -> Result<()> {
        let before = Instant::now();
        let packed = if has_failed {
            vec![failure_mark()?]
        } else {
            let pack = |spike: &Spike| PackedSpike::new(spike.step - first_step, spike.gid);
            spikes.iter().map(pack).collect::<net_mpi::Result<_>>()?
        };
        self.exchange.start(&packed)?;
        times.exchange += before.elapsed();
        Ok(())
    }

    /// Waits for all ranks' spikes of the epoch that began at `first_step` and hands them to the
    /// groups; true if a rank has failed.
    fn receive(&mut self, first_step: u64, times: &mut Times) -> Result<bool> {
        let before = Instant::now();
        let mark = failure_mark()?;
        let packed = self.exchange.finish()?;
        // The mark sorts last.
        let has_failed = packed.last() == Some(&mark);
        let mut epoch = self.shared.epoch.write().unwrap_or_else(PoisonError::into_inner);
        epoch.arrived.clear();
        if self.plan.min_delay_steps.is_some() && !has_failed {
            epoch.arrived.extend(
                packed.iter().map(|spike| Spike {
                    step: first_step + spike.step_offset(),
                    gid: spike.gid(),
                }),
            );
        }
        times.exchange += before.elapsed();
        Ok(has_failed)
    }

    /// Ends a run in which a rank has failed.
    fn stop(mut self, failure: Option<Error>, recorded: u64) -> Result<Finished> {
        let sealed = self.recorder.seal(recorded);
        if let Some(error) = failure {
            return Err(error);
        }
        sealed?;
        let none = Kept { n_spikes: 0, spikes: Vec::new(), traces: Vec::new() };
        // Not seen by the caller: another rank has an error for all.
        Ok(Finished { kept: none, signals: Vec::new(), times: Times::default() })
    }
}

/// What a rank that failed sends: no cell has this gid, and no epoch so many steps.
fn failure_mark() -> net_mpi::Result<PackedSpike> {
    PackedSpike::new(MAX_STEP_OFFSET, MAX_GID)
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
