//! When the state of a run is saved, and where.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use net_core::StepClock;
use net_io::checkpoint::{Checkpoint, CheckpointDirectory, CheckpointManifest};
use net_io::nix::Uuid;
use net_io::provenance::sha256;
use net_io::store::{Manifest, RunDirectory};
use net_mpi::Communicator;

use super::exchange::Wish;
use super::signals::Signals;
use crate::error::{Error, Result, StopReason};
use crate::model::Model;
use crate::options::{Checkpoints, RunOptions};

/// Saves a run now and then.
pub(super) struct Keeper {
    pub(super) directory: CheckpointDirectory,
    pub(super) run_id: Uuid,
    /// Hashes of the model, by what of it.
    model: BTreeMap<String, String>,
    every_steps: Option<u64>,
    every_wall: Option<Duration>,
    limit: Option<Duration>,
    signals: Option<Signals>,
    is_root: bool,
    started: Instant,
    /// Last step of the run, at which nothing needs to be saved.
    end_step: u64,
    /// The last checkpoint, or the start.
    last_step: u64,
    last: Instant,
    /// What some rank wants.
    wish: Wish,
}

/// Where the checkpoints of a run are, if it has any.
pub(super) fn directory(options: &RunOptions) -> Option<CheckpointDirectory> {
    let checkpoints = options.checkpoints.as_ref()?;
    let of_output = || options.output.as_ref().map(|o| o.directory.join(RunDirectory::CHECKPOINTS));
    checkpoints.directory.clone().or_else(of_output).map(CheckpointDirectory::new)
}

/// The checkpoint that a run is to go on from; none if it begins anew. Collective.
pub(super) fn to_resume(comm: &Communicator, options: &RunOptions) -> Result<Option<Checkpoint>> {
    let Some(checkpoints) = &options.checkpoints else { return Ok(None) };
    if !checkpoints.resume {
        return Ok(None);
    }
    if let Some(output) = &options.output {
        let run = RunDirectory::open(&output.directory).ok();
        let is_merged = run.as_ref().map_or(Ok(false), RunDirectory::is_merged);
        if comm.max(u64::from(comm.agree(is_merged)?))? > 0 {
            // It may have been killed while it removed what is not needed any more.
            let removed = match (comm.is_root(), run) {
                (true, Some(run)) => run.finish_removal().and_then(|()| {
                    directory(options).map_or(Ok(()), |directory| directory.remove())
                }),
                _ => Ok(()),
            };
            comm.agree(removed)?;
            return Err(Error::NothingToResume { directory: output.directory.clone() });
        }
    }
    let found = directory(options).map_or(Ok(None), |directory| directory.latest());
    let found = comm.agree(found)?;
    // A file system that shows ranks different things must not part them.
    let told = found.as_ref().map(Checkpoint::manifest);
    let place = told.map_or([u64::MAX; 2], |told| [told.resets, told.step]);
    let is_one = comm.all_gather_v(&place)?.iter().all(|other| other[..] == place);
    let differs = || Error::CheckpointContent {
        directory: directory(options).map(|d| d.path().to_owned()).unwrap_or_default(),
        what: "step of the latest checkpoint".to_owned(),
        reason: "ranks see different ones".to_owned(),
    };
    match is_one {
        true => Ok(found),
        false => Err(differs()),
    }
}

impl Keeper {
    /// For a run of a model with these hashes. Old checkpoints of a run that begins anew are removed.
    /// Collective.
    pub(super) fn new(
        comm: &Communicator,
        options: &RunOptions,
        checkpoints: &Checkpoints,
        (clock, manifest): (&StepClock, &Manifest),
        model: BTreeMap<String, String>,
        resumed: Option<&Checkpoint>,
    ) -> Result<Option<Self>> {
        let Some(directory) = directory(options) else { return Ok(None) };
        if resumed.is_none() {
            let removed = if comm.is_root() { directory.remove() } else { Ok(()) };
            comm.agree(removed)?;
        }
        let signals = checkpoints.on_signals.then(Signals::listen).transpose();
        let now = Instant::now();
        Ok(Some(Keeper {
            directory: directory
                .after_resets(resumed.map_or(0, |resumed| resumed.manifest().resets)),
            run_id: resumed.map_or(manifest.run_id, |resumed| resumed.manifest().run_id),
            model,
            every_steps: checkpoints.every_ms.map(|ms| clock.n_steps(ms)),
            every_wall: checkpoints.every_wall_s.map(Duration::from_secs_f64),
            limit: checkpoints.wall_limit_s.map(Duration::from_secs_f64),
            signals: comm.agree(signals)?,
            is_root: comm.is_root(),
            started: now,
            end_step: clock.n_steps(options.tstop_ms),
            last_step: resumed.map_or(0, |resumed| resumed.manifest().step),
            last: now,
            wish: Wish::Nothing,
        }))
    }

    /// Keeps the run of a model that went back to its start so often.
    pub(super) fn restarted(self, resets: u64) -> Self {
        Keeper { directory: self.directory.after_resets(resets), last_step: 0, ..self }
    }

    /// What this rank wants now.
    pub(super) fn own_wish(&self) -> Wish {
        if self.signals.as_ref().is_some_and(Signals::have_come) {
            return Wish::StopOnSignal;
        }
        // All look at one clock.
        let is_over = |limit: Option<Duration>, since: Instant| {
            self.is_root && limit.is_some_and(|limit| limit <= since.elapsed())
        };
        if is_over(self.limit, self.started) {
            return Wish::StopAtLimit;
        }
        match is_over(self.every_wall, self.last) {
            true => Wish::Checkpoint,
            false => Wish::Nothing,
        }
    }

    /// Takes what some rank wants.
    pub(super) fn hear(&mut self, wish: Wish) {
        self.wish = self.wish.max(wish);
    }

    /// Why the run is to end after the next checkpoint, if it is.
    pub(super) fn stop(&self) -> Option<StopReason> {
        match self.wish {
            Wish::StopAtLimit => Some(StopReason::WallLimit),
            Wish::StopOnSignal => Some(StopReason::Signal),
            _ => None,
        }
    }

    /// The end of an epoch that would go from `step` to `end`: a checkpoint may be due in between.
    pub(super) fn end_of_epoch(&self, step: u64, end: u64) -> u64 {
        let next = |every: u64| (step / every + 1) * every;
        self.every_steps.map_or(end, |every| end.min(next(every)))
    }

    /// Whether a checkpoint is due at a step: the same on all ranks.
    pub(super) fn is_due(&self, step: u64) -> bool {
        let by_time = self.every_steps.is_some_and(|every| step.is_multiple_of(every));
        let is_wanted = by_time && self.last_step < step && step != self.end_step;
        is_wanted || matches!(self.wish, Wish::Checkpoint) || self.stop().is_some()
    }

    /// Notes that all is saved.
    pub(super) fn saved(&mut self, step: u64) {
        (self.last_step, self.last, self.wish) = (step, Instant::now(), Wish::Nothing);
    }

    /// What the checkpoint of a step says of itself.
    pub(super) fn manifest(&self, step: u64, dt_ms: f64) -> CheckpointManifest {
        CheckpointManifest::new(self.run_id, step, dt_ms, self.model.clone())
    }
}

/// Hashes of what a run computes and records, by what of it. Collective.
pub(super) fn hashes_of(
    comm: &Communicator,
    (model, options): (&Model, &RunOptions),
    manifest: &Manifest,
    (own, stimulation): (net_cell::state::NetworkFingerprint, u64),
) -> Result<BTreeMap<String, String>> {
    let own = [own.cells, own.connections, own.inputs, stimulation];
    let sum =
        |all: &[Vec<u64>], at: usize| all.iter().fold(0_u64, |sum, own| sum.wrapping_add(own[at]));
    let all = comm.all_gather_v(&own)?;
    let described = |value: serde_json::Value| sha256(value.to_string().as_bytes());
    let recordings = serde_json::json!([&manifest.spike_recorders, &manifest.signals]);
    let monitors = model.monitored().describe();
    let s = &options.settings;
    let in_memory = match (options.keep_in_memory, options.keep_spikes) {
        (false, true) => serde_json::json!("spikes"),
        (everything, _) => serde_json::json!(everything),
    };
    let settings = serde_json::json!({
        "dt_ms": s.dt_ms.to_bits(), "second_order": s.second_order, "celsius": s.celsius.to_bits(),
        "v_init_mv": s.v_init_mv.to_bits(), "tables": s.tables, "random_key": s.random_key,
        "seed": manifest.seed, "tstop_ms": options.tstop_ms.to_bits(),
        "in_memory": in_memory,
    });
    let probe = |(probe, name): (&crate::model::ProbeRecording, String)| {
        let described = probe.probe.describe();
        let times = (probe.interval_ms, probe.start_ms, probe.stop_ms, probe.sampling);
        format!("{name} {times:?} {described:?}")
    };
    let probes: Vec<String> = model.probes().iter().zip(model.probe_names()).map(probe).collect();
    Ok([
        ("cells", format!("{:016x}", sum(&all, 0))),
        ("connections", format!("{:016x}", sum(&all, 1))),
        ("inputs", format!("{:016x}", sum(&all, 2))),
        ("populations", described(serde_json::json!(&manifest.populations))),
        ("recordings", described(recordings)),
        ("monitors", described(monitors)),
        ("settings", described(settings)),
        ("probes", described(serde_json::json!(probes))),
        ("stimulations", format!("{:016x}", sum(&all, 3))),
    ]
    .map(|(part, hash)| (part.to_owned(), hash))
    .into())
}

/// One hash of what is simulated, whatever is recorded of it and for how long.
pub(super) fn model_hash(hashes: &BTreeMap<String, String>) -> String {
    const OF_MODEL: [&str; 5] = ["cells", "connections", "inputs", "populations", "stimulations"];
    let own = hashes.iter().filter(|(part, _)| OF_MODEL.contains(&part.as_str()));
    let text: String = own.map(|(part, hash)| format!("{part} {hash}\n")).collect();
    sha256(text.as_bytes())
}
