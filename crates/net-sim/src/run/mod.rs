//! A simulation: built, run, written.

mod built;
mod epochs;
mod exchange;
mod keeper;
mod outcome;
mod output;
mod plan;
mod progress;
mod recorder;
mod report;
mod signals;
mod state;
mod statistics;
mod team;
mod threads;
mod tracks;
mod transfer;
mod windows;

use std::ops::Range;
use std::time::Instant;

use net_cell::Spike;
use net_cell::state::CellDescription;
use net_core::{Gid, StepClock};
use net_io::store::{Column, Manifest};
use net_mpi::Communicator;

use crate::build::{self, LocalSize};
use crate::error::{Error, Result, bad_value};
use crate::model::{self, CellParameter, Model, Monitored, whole_steps};
use crate::options::RunOptions;
use built::Built;
use epochs::Run;
use keeper::Keeper;
use state::SetParameters;
use threads::Threads;

pub use outcome::Outcome;
pub(crate) use output::complete;
pub(crate) use recorder::SignalPlan;
pub use recorder::Trace;
pub use report::{Phases, RunReport};
pub(crate) use report::{machine_memory_bytes, resident_memory_mb};
pub(crate) use tracks::{TrackColumn, Tracks};
pub(crate) use transfer::Junctions;

/// A model, built and ready to run.
///
/// ```
/// use net_core::*;
/// use net_sim::*;
/// # use net_cell::{CellTemplate, Region, morphology::*};
///
/// # fn soma() -> std::result::Result<CellTemplate, Box<dyn std::error::Error>> {
/// # let mut builder = MorphologyBuilder::new();
/// # builder.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0)?;
/// # let cable = Cable::Uniform(CableProperties::default());
/// # let morphology = builder.build()?.segmented(&Discretization::FixedPerSection(1), &cable, SegmentPoints::Exact)?;
/// # let mut cell = CellTemplate::new(morphology)?;
/// # cell.insert("hh", &Region::All, &[])?;
/// # Ok(cell)
/// # }
/// let mut network = Network::new(1);
/// network.add_population(Population::new("E", 4, "soma"))?;
/// let model = Model::new(network)
///     .with_cells("soma", CellKind::shared(soma()?))
///     .with_input(Input {
///         name: "kick".into(),
///         synapse: SynapseKind { mechanism: "ExpSyn".into(), parameters: Default::default() },
///         delay_ms: 0.0,
///         synapses: InputSynapses::Table(std::sync::Arc::new(InputTable::new(vec![InputRow {
///             gid: 2,
///             segment: 0,
///             weight: 0.05,
///             source: SpikeSource::Times(vec![1.0]),
///         }]))),
///     });
/// let options = RunOptions { tstop_ms: 10.0, keep_in_memory: true, ..RunOptions::default() };
///
/// let comm = net_mpi::Communicator::solo();
/// let outcome = Simulation::build(&comm, &model, &options)?.run()?;
/// assert_eq!(outcome.spikes.iter().map(|spike| spike.gid).collect::<Vec<_>>(), [2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`run`](Self::run) goes to the end. [`advance`](Self::advance) goes on by a piece, so that a
/// program can look or act in between; pieces leave the same bytes as one run.
pub struct Simulation<'a> {
    comm: &'a Communicator,
    model: &'a Model,
    options: &'a RunOptions,
    clock: StepClock,
    threads: Threads,
    gids: Vec<Gid>,
    run: Run<'a>,
    manifest: Manifest,
    output: Option<output::Files>,
    size: LocalSize,
    phases: Phases,
    model_hash: String,
    n_columns: u64,
    n_resets: u64,
}

impl<'a> Simulation<'a> {
    /// Builds this rank's share of the model, and makes the files; or goes on from a checkpoint, if the
    /// options [say so](crate::Checkpoints::resume): then [`step`](Self::step) is not 0. Collective.
    ///
    /// # Errors
    /// Anything that is wrong with the model, the options, the files or the checkpoint, on any rank;
    /// the same error on all ranks. Nothing has been simulated then, and no file was changed that
    /// a checkpoint needs.
    pub fn build(
        comm: &'a Communicator,
        model: &'a Model,
        options: &'a RunOptions,
    ) -> Result<Self> {
        Self::build_cells(comm, model, options, None)
    }

    /// The same with these cells of the model only, if some are given.
    pub(crate) fn build_cells(
        comm: &'a Communicator,
        model: &'a Model,
        options: &'a RunOptions,
        chosen: Option<Vec<Gid>>,
    ) -> Result<Self> {
        let started = Instant::now();
        let clock = options.clock()?;
        model.validate(&clock)?;
        let resumed = keeper::to_resume(comm, options)?;
        let threads = threads::threads_of(comm, options.threads)?;
        let pool = comm.agree(threads::pool(threads.n))?;
        let gids = match chosen {
            Some(gids) => gids,
            None => build::own_gids(comm, model, options, &pool)?,
        };
        let mut built = Built::new(comm, model, options, clock, &gids, threads, &pool)?;
        let build_s = started.elapsed().as_secs_f64();

        let started = Instant::now();
        let mut manifest = comm.agree(output::manifest(comm, model, options, clock))?;
        let mut output = None;
        match (&options.output, &resumed) {
            (_, Some(from)) => manifest.run_id = from.manifest().run_id,
            (Some(asked), None) => {
                output = Some(output::Files::create(comm, options, asked, &manifest, threads.n)?);
            }
            (None, None) => {}
        }
        let writer = match &output {
            Some(files) => {
                let part = files.start_part(comm, model, clock, &gids, &built.recordings);
                Some(comm.agree(part)?)
            }
            None => None,
        };
        if let Some(files) = &output {
            comm.agree(files.start_probes(comm, &mut built.collector, model, &clock))?;
        }
        let (size, n_columns, stimulation) = (built.size, built.n_columns(), built.stimulation);
        let mut run = built.start(comm, (model, &manifest), options, clock, threads, writer)?;
        let own = (run.fingerprint(), stimulation);
        let hashes = keeper::hashes_of(comm, (model, options), &manifest, own)?;
        let model_hash = keeper::model_hash(&hashes);
        if let Some(files) = &mut output {
            files.identify(comm, &model_hash)?;
            comm.agree(files.provenance().and_then(|record| run.stamp_probes(record.as_ref())))?;
        }
        if let Some(checkpoints) = &options.checkpoints {
            if let Some(from) = &resumed {
                comm.agree(from.manifest().check_model(from.path(), &hashes))?;
                run.restore(model, from)?;
                if let Some(asked) = &options.output {
                    // Now that nothing can be wrong with it any more.
                    let step = from.manifest().step;
                    let files = output::Files::resume(comm, asked, &mut manifest, step, threads.n)?;
                    run.go_on_in(&files, (model, &clock))?;
                    output = Some(files);
                }
            }
            let told = (&clock, &manifest);
            let keeper = Keeper::new(comm, options, checkpoints, told, hashes, resumed.as_ref())?;
            if let Some(keeper) = keeper {
                run.keep(keeper);
            }
        }
        let write_s = started.elapsed().as_secs_f64();
        let n_resets = resumed.as_ref().map_or(0, |from| from.manifest().resets);
        Ok(Simulation {
            comm,
            model,
            options,
            clock,
            threads,
            gids,
            run,
            manifest,
            output,
            size,
            phases: Phases { build_s, write_s, ..Phases::default() },
            model_hash,
            n_columns,
            n_resets,
        })
    }

    /// Bytes of this rank's cells with the states of their synapses, and of its connections, now.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let (cell_bytes, connection_bytes) = self.run.memory_bytes();
        cell_bytes + connection_bytes
    }

    /// Sources of this rank's connections, thread by thread, and bytes of their entries in the tables
    /// of connections.
    pub(crate) fn sources(&self) -> (u64, u64) {
        self.run.sources()
    }

    /// Steps that were computed.
    pub fn step(&self) -> u64 {
        self.run.step()
    }

    /// Time that was simulated, in ms.
    pub fn time_ms(&self) -> f64 {
        self.clock.time_ms(self.step())
    }

    /// The clock.
    pub fn clock(&self) -> StepClock {
        self.clock
    }

    /// Simulates `duration_ms` more, a whole number of steps. Collective.
    ///
    /// The end that the options name is where [`run`](Self::run) goes; pieces may go beyond it,
    /// except with probes, whose file has room for that time only.
    ///
    /// # Errors
    /// A duration that is not a whole number of steps or goes beyond the end of probes; what goes
    /// wrong in the run, the same on all ranks: then the run has ended, and what was recorded until
    /// then is sealed.
    pub fn advance(&mut self, duration_ms: f64) -> Result<()> {
        let n_steps = whole_steps(&self.clock, "duration of a piece".to_owned(), duration_ms, 0)?;
        let end_step = self.step() + n_steps;
        if !self.model.probes().is_empty() && end_step > self.clock.n_steps(self.options.tstop_ms) {
            let (end_ms, tstop_ms) = (self.clock.time_ms(end_step), self.options.tstop_ms);
            return Err(Error::BeyondProbes { end_ms, tstop_ms });
        }
        self.run.advance(end_step)?;
        self.check_stopped()
    }

    /// Saves the whole state now, if the options have [checkpoints](crate::Checkpoints). Collective.
    ///
    /// # Errors
    /// Errors of writing, the same on all ranks; the checkpoint before stays then.
    pub fn checkpoint(&mut self) -> Result<()> {
        self.run.save()
    }

    /// The whole present state of those of these cable cells and artificial cells that are this
    /// rank's, by gid. Collective.
    ///
    /// # Errors
    /// When the run has ended; those of making cells again to know their sections.
    pub fn cell_states(&mut self, gids: &[Gid]) -> Result<Vec<CellDescription>> {
        let mut gids = gids.to_vec();
        gids.sort_unstable();
        gids.dedup();
        let states = self.run.cell_states(&gids)?;
        let described = states.iter().map(|state| {
            let template = build::template(self.model, state.gid)?;
            Ok(state.describe(template.morphology()))
        });
        described.collect()
    }

    /// Whether the run was saved and is over for now.
    fn check_stopped(&self) -> Result<()> {
        match self.run.stopped() {
            Some((reason, directory)) => {
                Err(Error::Stopped { time_ms: self.time_ms(), reason, directory })
            }
            None => Ok(()),
        }
    }

    /// What is recorded, by whom, of what network: the same as in `run.json`.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Seals what was recorded so far, so that [`RunReader`](net_io::merge::RunReader) can read it
    /// while the run goes on. Collective.
    ///
    /// # Errors
    /// Errors of writing, the same on all ranks.
    pub fn seal(&mut self) -> Result<()> {
        self.run.seal()
    }

    /// Spikes of this rank's cells so far, if they are kept in memory; within an epoch in no order.
    pub fn spikes(&self) -> &[Spike] {
        self.run.recorder().kept_spikes()
    }

    /// Whose samples a recording has on this rank, and those before the present time, if they are kept
    /// in memory.
    ///
    /// # Errors
    /// When there is no such recording.
    pub fn samples(&self, recording: &str) -> Result<Vec<(Column, &[f64])>> {
        Ok(self.run.recorder().kept_samples(self.recording(recording)?).collect())
    }

    /// Gives a parameter of the point neurons of a population another value, from the next step on.
    /// All ranks call it alike.
    ///
    /// # Errors
    /// A population that does not exist or has no point neurons, an unknown parameter, a value that is
    /// not allowed.
    pub fn set_parameter(&mut self, population: &str, parameter: &str, value: f64) -> Result<()> {
        let network = self.model.network();
        let user = || format!("parameter '{parameter}'");
        model::require_population(network, user, population)?;
        let own = network.population(network.find_population(population)?);
        let Some(points) = self.model.points_of(own) else {
            let expected =
                "a population of point neurons; set_cell_parameter sets those of other cells";
            return Err(bad_value(format!("{}: population", user()), population, expected));
        };
        let user = format!("population '{population}'");
        let checked = points.check_parameter(parameter, value);
        checked.map_err(|source| Error::Points { user, source: Box::new(source) })?;
        let gids = own.first_gid()..own.first_gid() + own.size();
        self.set_points(&gids, parameter, value)
    }

    /// Sets a parameter of point neurons, and notes that.
    fn set_points(&mut self, gids: &Range<Gid>, parameter: &str, value: f64) -> Result<()> {
        let set = self.run.set_parameter(gids, parameter, value);
        let user = format!("parameter '{parameter}'");
        set.map_err(|source| Error::Points { user, source: Box::new(source) })?;
        self.run.parameters_mut().set_points(gids.clone(), parameter, value);
        Ok(())
    }

    /// Gives a parameter of a mechanism another value on segments of cable cells, or in artificial
    /// cells, from the next step on; returns how many instances have it. Collective.
    ///
    /// States stay what they are, as in NEURON, also before the first step. What the engine derives from
    /// parameters once is derived anew. Currents that are recorded at the present time have been
    /// computed with the value before.
    ///
    /// # Errors
    /// Cells that do not exist, an unknown mechanism or parameter, a value that is not allowed, a
    /// parameter that was used for what cannot be made again (rate tables, random streams), a
    /// selection without any such mechanism; the same on all ranks, and nothing has changed then.
    pub fn set_cell_parameter(&mut self, parameter: &CellParameter) -> Result<u64> {
        parameter.validate(self.model)?;
        let set = self.comm.agree(self.run.set_cell_parameter(self.model, parameter))?;
        let n_set = self.comm.all_gather_u64(set)?.iter().sum();
        if n_set == 0 {
            return Err(parameter.of_nothing());
        }
        self.run.parameters_mut().set_cells(parameter);
        Ok(n_set)
    }

    /// As [`reset`](Self::reset), but parameters that were set while it ran keep their values; the
    /// initial state of cable cells and artificial cells is made with them. Collective.
    ///
    /// # Errors
    /// As [`reset`](Self::reset).
    pub fn reset_keeping_parameters(&mut self) -> Result<()> {
        self.reset_to(self.run.parameters().clone())
    }

    /// Goes back to the state before the first step: the same cells, parameters, synapses and random
    /// numbers. What was kept in memory is forgotten. Files of a run that may
    /// [overwrite](crate::Output::overwrite) are removed, and the next run writes its own, with the
    /// bytes of a simulation that was just built. Collective.
    ///
    /// # Errors
    /// A run whose files may not be overwritten, or which writes files and has checkpoints; those of
    /// [`build`](Self::build).
    pub fn reset(&mut self) -> Result<()> {
        self.reset_to(SetParameters::default())
    }

    /// Goes back to the start, where parameters are set.
    fn reset_to(&mut self, parameters: SetParameters) -> Result<()> {
        self.check_reset()?;
        let (comm, model, options) = (self.comm, self.model, self.options);
        let (clock, threads) = (self.clock, self.threads);
        let pool = comm.agree(threads::pool(threads.n))?;
        let mut built = Built::new(comm, model, options, clock, &self.gids, threads, &pool)?;
        comm.agree(built.set_parameters(model, &parameters.cells))?;
        let described = (model, &self.manifest);
        let run = built.start(comm, described, options, clock, threads, None)?;
        let keeper = std::mem::replace(&mut self.run, run).into_keeper();
        if let Some(asked) = &options.output {
            // On no rank anything is written into the old files any more.
            comm.barrier()?;
            let mut files = output::Files::create(comm, options, asked, &self.manifest, threads.n)?;
            self.run.begin_in(&files, (model, clock, &self.gids))?;
            files.identify(comm, &self.model_hash)?;
            let record = files.provenance();
            comm.agree(record.and_then(|record| self.run.stamp_probes(record.as_ref())))?;
            self.output = Some(files);
        }
        self.n_resets += 1;
        if let Some(keeper) = keeper {
            self.run.keep(keeper.restarted(self.n_resets));
        }
        self.run.parameters_mut().cells = parameters.cells;
        for (gids, parameter, value) in &parameters.points {
            self.set_points(gids, parameter, *value)?;
        }
        Ok(())
    }

    /// Whether it can go back to its start.
    pub(crate) fn check_reset(&self) -> Result<()> {
        match &self.options.output {
            Some(output) if !output.overwrite || self.options.checkpoints.is_some() => {
                Err(Error::ResetOfFiles { directory: output.directory.clone() })
            }
            _ => Ok(()),
        }
    }

    /// How often it [went back](Self::reset) to its start, before it was resumed too.
    pub fn n_resets(&self) -> u64 {
        self.n_resets
    }

    pub(crate) fn comm(&self) -> &'a Communicator {
        self.comm
    }

    pub(crate) fn model(&self) -> &'a Model {
        self.model
    }

    /// What is recorded for monitors.
    pub(crate) fn monitored(&self) -> &'a Monitored {
        self.model.monitored()
    }

    /// The recordings for monitors.
    pub(crate) fn tracks(&self) -> &Tracks {
        self.run.tracks()
    }

    /// The recordings for monitors.
    pub(crate) fn tracks_mut(&mut self) -> &mut Tracks {
        self.run.tracks_mut()
    }

    /// Runs to the end of the time that the options name, and finishes. Collective.
    ///
    /// # Errors
    /// [`Error::Stopped`] if it was saved and ended before, as the options have it.
    /// The same on all ranks. What was sealed until then stays on the disk.
    pub fn run(mut self) -> Result<Outcome> {
        self.run_to_end()?;
        self.finish()
    }

    /// The same without finishing: something can still be looked at. Collective.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_to_end(&mut self) -> Result<()> {
        let end_step = self.clock.n_steps(self.options.tstop_ms);
        if end_step > self.step() {
            self.run.advance(end_step)?;
            self.check_stopped()?;
        }
        Ok(())
    }

    /// Ends the run here, and merges the files of all ranks. Collective.
    ///
    /// # Errors
    /// The same on all ranks. What was sealed until then stays on the disk.
    pub fn finish(mut self) -> Result<Outcome> {
        let (comm, options) = (self.comm, self.options);
        let plan = *self.run.plan();
        let checkpoints = self.run.checkpoints();
        let memory_bytes = self.run.memory_bytes();
        let finished = self.run.finish()?;
        self.phases.run_s = finished.times.run.as_secs_f64();
        self.phases.compute_s = finished.times.compute.as_secs_f64();
        self.phases.exchange_s = finished.times.exchange.as_secs_f64();
        self.phases.record_s = finished.times.record.as_secs_f64();

        let started = Instant::now();
        if let Some(files) = &self.output {
            files.merge(comm, finished.n_steps)?;
        }
        self.phases.merge_s = started.elapsed().as_secs_f64();
        let report = RunReport::gather(
            comm,
            &report::Own {
                options,
                plan: &plan,
                n_threads: self.threads.n,
                n_steps: finished.n_steps,
                size: self.size,
                memory_bytes,
                phases: self.phases,
                n_columns: self.n_columns,
                n_spikes: finished.kept.n_spikes,
                distances_raised: finished.distances_raised,
            },
        )?;
        if let Some(files) = &self.output {
            comm.agree(files.write_report(comm, &report))?;
            files.end(comm)?;
        }
        if let Some(checkpoints) = checkpoints {
            let removed = if comm.is_root() { checkpoints.remove() } else { Ok(()) };
            comm.agree(removed)?;
        }
        let mut spikes = finished.kept.spikes;
        spikes.sort_unstable();
        let traces = finished.kept.traces;
        let signals = finished.signals;
        let (model_hash, dt_ms) = (self.model_hash, self.clock.dt_ms());
        let directory = self.output.as_ref().map(|files| files.directory().to_owned());
        Ok(Outcome { report, spikes, traces, signals, model_hash, directory, dt_ms })
    }
}
