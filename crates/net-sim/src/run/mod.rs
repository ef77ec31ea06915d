//! A simulation: built, run, written.

mod epochs;
mod output;
mod progress;
mod recorder;
mod report;
mod team;
mod threads;

use std::time::Instant;

use net_cell::Spike;
use net_core::StepClock;
use net_io::store::PartWriter;
use net_mpi::{Communicator, SpikeTime};

use crate::build::{self, LocalSize};
use crate::error::Result;
use crate::model::Model;
use crate::options::RunOptions;
use crate::probes::{Collector, ProbeSignal};
use epochs::{Plan, run_epochs};
use progress::Meter;
use recorder::Recorder;
use threads::Threads;

pub use recorder::Trace;
pub use report::{Phases, RunReport};

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
pub struct Simulation<'a> {
    comm: &'a Communicator,
    options: &'a RunOptions,
    clock: StepClock,
    plan: Plan,
    threads: Threads,
    groups: Vec<net_cell::CellGroup>,
    recorder: Recorder,
    collector: Collector,
    output: Option<output::Files>,
    size: LocalSize,
    phases: Phases,
    n_columns: u64,
}

/// What a run leaves.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it went; the same on all ranks.
    pub report: RunReport,
    /// Spikes of this rank's cells, if they were to be kept in memory, by step and gid.
    pub spikes: Vec<Spike>,
    /// Samples of this rank's cells, if they were to be kept in memory.
    pub traces: Vec<Trace>,
    /// Signals of the probes of the model, on rank 0, if they were to be kept in memory.
    pub signals: Vec<ProbeSignal>,
    dt_ms: f64,
}

impl<'a> Simulation<'a> {
    /// Builds this rank's share of the model, and makes the files. Collective.
    ///
    /// # Errors
    /// Anything that is wrong with the model, the options or the files, on any rank; the same error
    /// on all ranks. Nothing has been simulated then.
    pub fn build(comm: &'a Communicator, model: &Model, options: &'a RunOptions) -> Result<Self> {
        let started = Instant::now();
        let clock = options.clock()?;
        model.validate(&clock)?;
        let threads = threads::threads_of(comm, options.threads)?;
        let pool = comm.agree(threads::pool(threads.n))?;

        let gids = build::own_gids(comm, model, options, &pool)?;
        let local = build::build(model, options, clock, &gids, threads.n, &pool);
        let local = comm.agree(local)?;
        let mut phases = Phases { build_s: started.elapsed().as_secs_f64(), ..Phases::default() };

        let n_steps = clock.n_steps(options.tstop_ms);
        let n_columns = local.columns.iter().map(Vec::len).sum();
        let plan = Plan::new(comm, &clock, n_steps, local.size.delay_steps, n_columns)?;
        let (mut groups, mut size) = (local.groups, local.size);
        let mut collector = Collector::new(
            comm,
            model,
            &clock,
            (n_steps, plan.epoch_steps),
            local.matrices,
            &mut groups,
            options.keep_in_memory,
        )?;
        size.probe_bytes += collector.memory_bytes() as u64;

        let started = Instant::now();
        let output = match &options.output {
            Some(output) => Some(output::Files::create(comm, model, options, output, clock)?),
            None => None,
        };
        let writer = match &output {
            Some(files) => {
                let part = files.start_part(comm, model, clock, &gids, &local.columns);
                Some(comm.agree(part)?)
            }
            None => None,
        };
        if let Some(files) = &output {
            comm.agree(files.start_probes(comm, &mut collector, model, &clock))?;
        }
        phases.write_s = started.elapsed().as_secs_f64();
        let recorder = recorder(writer, local.columns, options, &clock, n_steps);
        let n_columns = n_columns as u64;
        Ok(Simulation {
            comm,
            options,
            clock,
            plan,
            threads,
            groups,
            recorder,
            collector,
            output,
            size,
            phases,
            n_columns,
        })
    }

    /// Runs to the end, and merges the files of all ranks. Collective.
    ///
    /// # Errors
    /// The same on all ranks. What was sealed until then stays on the disk.
    pub fn run(mut self) -> Result<Outcome> {
        let (comm, options) = (self.comm, self.options);
        let meter = Meter::new(options.progress, comm.is_root(), options.tstop_ms);
        let finished = run_epochs(
            comm,
            &self.clock,
            &self.plan,
            self.threads,
            std::mem::take(&mut self.groups),
            (self.recorder, self.collector),
            meter,
        )?;
        self.phases.run_s = finished.times.run.as_secs_f64();
        self.phases.compute_s = finished.times.compute.as_secs_f64();
        self.phases.exchange_s = finished.times.exchange.as_secs_f64();
        self.phases.record_s = finished.times.record.as_secs_f64();

        let started = Instant::now();
        if let Some(files) = &self.output {
            files.merge(comm)?;
        }
        self.phases.merge_s = started.elapsed().as_secs_f64();
        let report = RunReport::gather(
            comm,
            &report::Own {
                options,
                plan: &self.plan,
                n_threads: self.threads.n,
                size: self.size,
                phases: self.phases,
                n_columns: self.n_columns,
                n_spikes: finished.kept.n_spikes,
            },
        )?;
        if let Some(files) = &self.output {
            comm.agree(files.write_report(comm, &report))?;
        }
        let mut spikes = finished.kept.spikes;
        spikes.sort_unstable();
        let traces = finished.kept.traces;
        let signals = finished.signals;
        Ok(Outcome { report, spikes, traces, signals, dt_ms: self.clock.dt_ms() })
    }
}

impl Outcome {
    /// The spikes of all ranks that were kept in memory, by time and gid, on rank 0. Collective.
    ///
    /// # Errors
    /// Those of communication.
    pub fn gather_spikes(&self, comm: &Communicator) -> Result<Option<Vec<SpikeTime>>> {
        let spike =
            |spike: &Spike| SpikeTime { gid: spike.gid, time_ms: spike.step as f64 * self.dt_ms };
        Ok(comm.gather_spikes(&self.spikes.iter().map(spike).collect::<Vec<_>>())?)
    }

    /// The traces of all ranks that were kept in memory, by recording, gid and segment, on rank 0.
    /// Collective.
    ///
    /// # Errors
    /// Those of communication.
    pub fn gather_traces(&self, comm: &Communicator) -> Result<Option<Vec<Trace>>> {
        let head = |trace: &Trace| {
            let Trace { recording, gid, segment, values } = trace;
            [*recording as u64, *gid, u64::from(*segment), values.len() as u64]
        };
        let heads: Vec<[u64; 4]> = self.traces.iter().map(head).collect();
        let values: Vec<f64> = self.traces.iter().flat_map(|trace| trace.values.clone()).collect();
        let (heads, values) = (comm.gather_v(0, &heads)?, comm.gather_v(0, &values)?);
        let (Some(heads), Some(values)) = (heads, values) else { return Ok(None) };
        let mut traces = Vec::new();
        for (heads, values) in heads.iter().zip(&values) {
            let mut rest = &values[..];
            for &[recording, gid, segment, n] in heads {
                let (own, after) = rest.split_at(n as usize);
                rest = after;
                let (recording, segment) = (recording as usize, segment as u32);
                traces.push(Trace { recording, gid, segment, values: own.to_vec() });
            }
        }
        traces.sort_by_key(|trace| (trace.recording, trace.gid, trace.segment));
        Ok(Some(traces))
    }
}

fn recorder(
    writer: Option<PartWriter>,
    columns: Vec<Vec<(net_core::Gid, u32)>>,
    options: &RunOptions,
    clock: &StepClock,
    n_steps: u64,
) -> Recorder {
    let asked_ms = options.output.as_ref().and_then(|output| output.seal_interval_ms);
    let seal_steps = asked_ms.map_or(n_steps / 10, |ms| clock.n_steps(ms));
    Recorder::new(writer, columns, seal_steps, options.keep_in_memory)
}
