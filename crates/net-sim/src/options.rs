//! How a model is run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use net_cell::StepSettings;
use net_core::StepClock;
use net_io::merge::Traces;
use net_io::nix::{Dialect, Identity};

use crate::error::{Result, bad_value};
use crate::model::whole_steps;

/// How a model is run; nothing here but what stands in [`StepSettings`] changes a result.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RunOptions {
    /// Duration in ms.
    pub tstop_ms: f64,
    /// Time step, method, temperature, initial potential.
    pub settings: StepSettings,
    /// Computing threads of a rank; absent: the cores of the machine, divided by its ranks.
    pub threads: Option<usize>,
    /// Which rank has which cells.
    pub partition: CellPartition,
    /// Files to write; absent: none.
    pub output: Option<Output>,
    /// Keep spikes and samples in memory too, for [`Outcome`](crate::Outcome).
    pub keep_in_memory: bool,
    /// Keep spikes in memory, if not everything is.
    pub keep_spikes: bool,
    /// What to show while it runs.
    pub progress: Progress,
    /// Save the whole state now and then, and go on from there; absent: not.
    pub checkpoints: Option<Checkpoints>,
}

/// When the whole state of a run is saved, and whether it goes on from there. A checkpoint appears
/// whole or not at all; the one before is kept until then. All of them go when the run ends.
///
/// Nothing here changes a result: a run that is resumed, on any number of ranks and threads, leaves
/// the bytes of one that was never interrupted.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Checkpoints {
    /// Where; absent: `checkpoints` in the directory of the files.
    pub directory: Option<PathBuf>,
    /// After every so much simulated time in ms, a whole number of steps.
    pub every_ms: Option<f64>,
    /// After every so many seconds of wall time, as rank 0 measures it, s.
    pub every_wall_s: Option<f64>,
    /// Wall time since it was built after which a run is saved and ends with
    /// [`Error::Stopped`](crate::Error::Stopped), s.
    pub wall_limit_s: Option<f64>,
    /// The same on SIGTERM, SIGINT and SIGUSR1 to any rank.
    pub on_signals: bool,
    /// Go on from the latest checkpoint. Without one, the run begins anew; what was recorded before
    /// is replaced then.
    pub resume: bool,
}

/// Which rank has which cells.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum CellPartition {
    /// `rank = gid % ranks`.
    #[default]
    RoundRobin,
    /// By the cost of the cells' templates, dearest first.
    Balanced,
    /// By costs from elsewhere, such as an earlier run: one number a cell, by gid, in any unit.
    ByCost(Arc<[f64]>),
}

/// Files of a run.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Output {
    /// The directory; made if it is not there.
    pub directory: PathBuf,
    /// Replace a run that is there.
    pub overwrite: bool,
    /// Write spikes as text, too.
    pub spikes_text: bool,
    /// Write all synapses.
    pub connections: bool,
    /// Simulated time after which what was recorded is sealed on the disk, in ms; absent: a tenth of
    /// the run. A larger amount than fits into a chunk is sealed earlier.
    pub seal_interval_ms: Option<f64>,
    /// Size of a chunk in bytes at which it is sealed earlier; absent: 16 MiB.
    pub chunk_bytes: Option<usize>,
    /// How samples get into `traces.h5` at the end: copied, or as a view of the ranks' chunks, which
    /// are kept then.
    pub traces: Traces,
    /// Leave what was recorded in the ranks' chunks at the end and make no other file of it; `net-sim
    /// merge` does.
    pub leave_chunks: bool,
    /// Identifier and time of the run; absent: a new one, now. With given ones, files are the same to
    /// the last byte whenever and wherever they are made.
    pub identity: Option<Identity>,
    /// Name of the simulation, as results say it; absent: `simulation`.
    pub name: Option<String>,
    /// The configuration that the model was made from, as results say it.
    pub configuration: serde_json::Value,
    /// A file for Neo; absent: none. [`write_nio`](net_io::nix::write_nio) and `net-sim export` make
    /// one afterwards.
    pub nio: Option<NioOutput>,
    /// Anything worth keeping with the files, such as the command line.
    pub attributes: BTreeMap<String, String>,
}

/// A file for Neo, `results.nio`.
#[derive(Clone, Debug, PartialEq)]
pub struct NioOutput {
    /// How recordings become objects.
    pub dialect: Dialect,
    /// Simulated time of a segment in ms, a whole number of steps; absent: one segment for all.
    pub segment_ms: Option<f64>,
}

impl Default for NioOutput {
    /// One segment, an object for each recorded thing if there are at most 1000.
    fn default() -> Self {
        NioOutput { dialect: Dialect::UpTo(1000), segment_ms: None }
    }
}

/// What rank 0 shows on standard error while a model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Progress {
    /// A bar if standard error is a terminal, else nothing.
    #[default]
    Auto,
    /// A line after every tenth of the run.
    Lines,
    /// Nothing.
    Off,
}

impl RunOptions {
    /// Checks the numbers and makes the clock.
    pub(crate) fn clock(&self) -> Result<StepClock> {
        let clock = StepClock::new(self.settings.dt_ms)?;
        let StepSettings { celsius, v_init_mv, .. } = self.settings;
        for (key, value) in [("celsius", celsius), ("v_init_mv", v_init_mv)] {
            if !value.is_finite() {
                return Err(bad_value(key, value, "a finite number"));
            }
        }
        let n_steps = self.tstop_ms / clock.dt_ms();
        if !(0.0..2_f64.powi(53)).contains(&n_steps) {
            return Err(bad_value("tstop_ms", self.tstop_ms, "0 ms to 2^53 steps"));
        }
        if self.threads == Some(0) {
            return Err(bad_value("threads", 0, "at least 1"));
        }
        if let Some(checkpoints) = &self.checkpoints {
            self.check_checkpoints(checkpoints, &clock)?;
        }
        let interval = self.output.as_ref().and_then(|output| output.seal_interval_ms);
        if let Some(interval_ms) = interval.filter(|ms| !(ms.is_finite() && *ms > 0.0)) {
            return Err(bad_value("seal_interval_ms", interval_ms, "a positive number of ms"));
        }
        let nio = self.output.as_ref().and_then(|output| output.nio.as_ref());
        if let Some(ms) = nio.and_then(|nio| nio.segment_ms) {
            whole_steps(&clock, "nio: segment_ms".to_owned(), ms, 1)?;
        }
        Ok(clock)
    }

    fn check_checkpoints(&self, checkpoints: &Checkpoints, clock: &StepClock) -> Result<()> {
        if checkpoints.directory.is_none() && self.output.is_none() {
            let key = "checkpoints: directory";
            return Err(bad_value(key, "none", "a directory, as no files are written"));
        }
        if let Some(ms) = checkpoints.every_ms {
            whole_steps(clock, "checkpoints: every_ms".to_owned(), ms, 1)?;
        }
        for (key, seconds) in [
            ("checkpoints: every_wall_s", checkpoints.every_wall_s),
            ("checkpoints: wall_limit_s", checkpoints.wall_limit_s),
        ] {
            // As long as a time can be, some 600 years.
            if let Some(s) = seconds.filter(|s| !(0.0..2e10).contains(s)) {
                return Err(bad_value(key, s, "a number of seconds from 0 to 2e10"));
            }
        }
        Ok(())
    }
}
