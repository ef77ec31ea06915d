//! The files of a run.

use std::path::Path;

use net_cell::mechanism::{INTERFACE_VERSION, Origin, origins};
use net_core::{Gid, Network, StepClock};
use net_io::merge::{MergeOptions, RunReader, Traces, merge_recordings};
use net_io::nix::{NioOptions, Uuid, write_nio};
use net_io::provenance::{Host, Plugin, Provenance, RankHost, sha256};
use net_io::store::{
    Column, Columns, Combine, DEFAULT_CHUNK_BYTES, Device, Leg, Manifest, Overwrite, Parameter,
    PartWriter, Population, Projection, RunDirectory, SampleGrid, SampleType, Signal,
    SpikeRecorder,
};
use net_io::tables::{merge_cells, merge_connections};
use net_mpi::Communicator;

use super::recorder::{SignalPlan, statistics_columns};
use super::report::RunReport;
use super::statistics::Statistics;
use crate::build::save_network;
use crate::error::{Error, Result};
use crate::model::{Model, RateRecording, RateUnit};
use crate::options::{NioOutput, Output, RunOptions};
use crate::probes::Collector;

/// Name of the report in the directory.
const REPORT: &str = "report.json";

/// The directory of a run, open on all ranks.
pub(crate) struct Files {
    run: RunDirectory,
    manifest: Manifest,
    spikes_text: bool,
    connections: bool,
    chunk_bytes: usize,
    /// Where results come from, on rank 0.
    provenance: Option<Provenance>,
    output: Output,
}

impl Files {
    /// Makes the directory and describes the run in it. Collective.
    pub(crate) fn create(
        comm: &Communicator,
        options: &RunOptions,
        output: &Output,
        manifest: &Manifest,
        n_threads: usize,
    ) -> Result<Self> {
        let provenance = provenance(comm, options, output, manifest, n_threads)?;
        let manifest = manifest.clone();
        let overwrite = if output.overwrite { Overwrite::Yes } else { Overwrite::No };
        let checkpoints = options.checkpoints.as_ref();
        let created = comm.is_root().then(|| -> net_io::Result<()> {
            // A run without a checkpoint is resumed from its beginning.
            let overwrite = match checkpoints.is_some_and(|c| c.resume) {
                true => Overwrite::Yes,
                false => overwrite,
            };
            let run = RunDirectory::create(&output.directory, overwrite)?;
            run.write_manifest(&manifest)?;
            provenance.iter().try_for_each(|provenance| provenance.write(&run))
        });
        comm.agree(created.unwrap_or(Ok(())))?;
        let run = comm.agree(RunDirectory::open(&output.directory))?;
        let Output { spikes_text, connections, .. } = *output;
        let chunk_bytes = output.chunk_bytes.unwrap_or(DEFAULT_CHUNK_BYTES);
        let output = output.clone();
        Ok(Files { run, manifest, spikes_text, connections, chunk_bytes, provenance, output })
    }

    /// Begins a leg of a run that goes on from a checkpoint at `step`; `manifest` describes it and
    /// becomes that of all legs. Collective.
    pub(crate) fn resume(
        comm: &Communicator,
        output: &Output,
        manifest: &mut Manifest,
        step: u64,
        n_threads: usize,
    ) -> Result<Self> {
        let run = comm.agree(RunDirectory::open(&output.directory))?;
        let found = comm.agree(run.manifest())?;
        comm.agree(check_same(&output.directory, &found, manifest))?;
        let leg = Leg { first_step: step, n_ranks: comm.size() as u32 };
        let begun = comm.is_root().then(|| run.begin_leg(leg).map(drop));
        comm.agree(begun.unwrap_or(Ok(())))?;
        *manifest = found;
        manifest.legs.push(leg);
        let mut provenance = None;
        if comm.is_root() {
            provenance = Provenance::read(&run).unwrap_or_default();
        }
        if let Some(provenance) = &mut provenance {
            provenance.mpi_size = Some(comm.size() as u32);
            provenance.threads = Some(n_threads as u32);
        }
        let Output { spikes_text, connections, .. } = *output;
        Ok(Files {
            run,
            manifest: manifest.clone(),
            spikes_text,
            connections,
            chunk_bytes: output.chunk_bytes.unwrap_or(DEFAULT_CHUNK_BYTES),
            provenance,
            output: output.clone(),
        })
    }

    /// Opens this rank's part of the leg; `columns` are those of recordings of samples.
    pub(crate) fn go_on_in_part(
        &self,
        comm: &Communicator,
        columns: Vec<Columns>,
    ) -> Result<PartWriter> {
        self.part(comm.rank() as u32, columns)
    }

    fn part(&self, rank: u32, columns: Vec<Columns>) -> Result<PartWriter> {
        // Every rank has a share of every rate.
        let whole = Columns::from(vec![Column { gid: Column::NO_CELL, segment: 0, label: 0 }]);
        let columns = columns.into_iter().chain(std::iter::repeat(whole));
        let signals = self.manifest.signals.iter().cloned().zip(columns).collect();
        Ok(PartWriter::create(&self.run, rank, signals, self.chunk_bytes)?)
    }

    /// Opens the files of the probes' signals that this rank writes.
    pub(crate) fn go_on_with_probes(
        &self,
        comm: &Communicator,
        collector: &mut Collector,
        (model, clock): (&Model, &StepClock),
        step: u64,
    ) -> Result<()> {
        let of_rank = self.run.file(&probes_of_rank(comm));
        let of_all = self.run.file(RunDirectory::SIGNALS);
        collector.open_files((&of_all, &of_rank), model, clock, step)
    }

    /// Writes this rank's cells and synapses, and opens its part for recordings.
    pub(crate) fn start_part(
        &self,
        comm: &Communicator,
        model: &Model,
        clock: StepClock,
        gids: &[Gid],
        recordings: &[SignalPlan],
    ) -> Result<PartWriter> {
        let columns = recordings.iter().map(|plan| match plan.statistics_steps {
            Some(_) => statistics_columns(&plan.columns),
            None => plan.columns.clone(),
        });
        self.begin_part(comm, (model, clock, gids), columns.collect())
    }

    /// The same where the columns are known.
    pub(crate) fn begin_part(
        &self,
        comm: &Communicator,
        (model, clock, gids): (&Model, StepClock, &[Gid]),
        columns: Vec<Columns>,
    ) -> Result<PartWriter> {
        let rank = comm.rank() as u32;
        save_network(model, clock, gids, &self.run, &self.manifest, rank)?;
        self.part(rank, columns)
    }

    /// Notes which model it is, on rank 0. Collective.
    pub(crate) fn identify(&mut self, comm: &Communicator, model_hash: &str) -> Result<()> {
        let written = self.provenance.as_mut().map(|provenance| {
            provenance.model_hash = Some(model_hash.to_owned());
            provenance.write(&self.run)
        });
        Ok(comm.agree(written.unwrap_or(Ok(())))?)
    }

    /// The record of the run so far.
    pub(crate) fn provenance(&self) -> Result<Option<Provenance>> {
        Ok(Provenance::read(&self.run)?)
    }

    /// Makes the files of the probes' signals that this rank writes.
    pub(crate) fn start_probes(
        &self,
        comm: &Communicator,
        collector: &mut Collector,
        model: &Model,
        clock: &StepClock,
    ) -> Result<()> {
        let of_rank = self.run.file(&probes_of_rank(comm));
        let of_all = self.run.file(RunDirectory::SIGNALS);
        collector.create_files(&of_all, &of_rank, model, clock)
    }

    /// Makes the files that users open. Collective; all ranks have finished their parts.
    pub(crate) fn merge(&self, comm: &Communicator, n_steps: u64) -> Result<()> {
        comm.barrier()?;
        let merged = self.provenance.as_ref().map(|provenance| -> net_io::Result<()> {
            let mut provenance = provenance.clone();
            provenance.duration_ms = n_steps as f64 * self.manifest.dt_ms;
            provenance.mark_finished();
            provenance.write(&self.run)?;
            if self.output.leave_chunks {
                return Ok(());
            }
            merge_cells(&self.run)?;
            if self.connections {
                merge_connections(&self.run)?;
            }
            let options = MergeOptions {
                spikes_text: self.spikes_text,
                keep_parts: true,
                traces: self.output.traces,
                ..MergeOptions::default()
            };
            merge_recordings(&self.run, &options)?;
            match &self.output.nio {
                Some(nio) => self.write_nio(nio, provenance, n_steps),
                None => Ok(()),
            }
        });
        Ok(comm.agree(merged.unwrap_or(Ok(())))?)
    }

    /// Makes `results.nio`. With an identity that is given, nothing in it depends on who ran the model
    /// and when.
    fn write_nio(
        &self,
        nio: &NioOutput,
        provenance: Provenance,
        n_steps: u64,
    ) -> net_io::Result<()> {
        let provenance = match &self.output.identity {
            Some(_) => provenance.reproducible(),
            None => provenance,
        };
        let mut options = NioOptions::new(provenance);
        if let Some(identity) = self.output.identity {
            options.identity = identity;
        }
        options.dialect = nio.dialect;
        options.stop_step = Some(n_steps);
        options.configuration = self.output.configuration.clone();
        if let Some(ms) = nio.segment_ms {
            let steps = (ms / self.manifest.dt_ms).round().max(1.0) as u64;
            options.checkpoints = (steps..n_steps).step_by(steps as usize).collect();
        }
        let reader = RunReader::open_merged(&self.run)?;
        write_nio(&reader, &self.run.file(RunDirectory::NIO), &options).map(drop)
    }

    /// Removes what the merged files replace, when all are complete. Collective.
    pub(crate) fn end(&self, comm: &Communicator) -> Result<()> {
        let removed = match self.output.traces {
            Traces::Copied if comm.is_root() && !self.output.leave_chunks => {
                self.run.remove_recordings()
            }
            _ => Ok(()),
        };
        Ok(comm.agree(removed)?)
    }

    /// The directory.
    pub(crate) fn directory(&self) -> &Path {
        self.run.path()
    }

    /// Writes the report beside them; called by all ranks, done by rank 0.
    pub(crate) fn write_report(&self, comm: &Communicator, report: &RunReport) -> Result<()> {
        if !comm.is_root() || self.output.leave_chunks {
            return Ok(());
        }
        let path = self.run.file(REPORT);
        let written = serde_json::to_vec_pretty(report)
            .map_err(std::io::Error::from)
            .and_then(|text| std::fs::write(&path, text));
        written.map_err(|source| Error::Report { path: path.display().to_string(), source })
    }
}

fn probes_of_rank(comm: &Communicator) -> String {
    format!("OUTPUT_RANK_{:03}.h5", comm.rank())
}

/// Whether a directory holds the run that is described.
fn check_same(directory: &Path, found: &Manifest, expected: &Manifest) -> Result<()> {
    let differs = [
        ("identifier", found.run_id != expected.run_id),
        ("time step", found.dt_ms.to_bits() != expected.dt_ms.to_bits()),
        ("seed", found.seed != expected.seed),
        ("populations", found.populations != expected.populations),
        ("recorders of spikes", found.spike_recorders != expected.spike_recorders),
        ("signals", found.signals != expected.signals),
        ("projections", found.projections != expected.projections),
    ];
    match differs.into_iter().find(|(_, differs)| *differs) {
        Some((what, _)) => Err(Error::OtherRun { directory: directory.to_owned(), what }),
        None => Ok(()),
    }
}

/// What a run records, and the network it is recorded from. The same on all ranks. Collective.
pub(crate) fn manifest(
    comm: &Communicator,
    model: &Model,
    options: &RunOptions,
    clock: StepClock,
) -> Result<Manifest> {
    let network = model.network();
    let mut manifest = Manifest::new(clock.dt_ms(), network.seed(), comm.size() as u32);
    manifest.run_id = agreed_id(comm, options)?;
    manifest.populations = populations(network);
    for recording in model.spike_recordings() {
        manifest.spike_recorders.push(SpikeRecorder {
            device: Device::new(&recording.name, &recording.kind),
            roster: model.gids_of(&recording.targets)?,
        });
    }
    for recording in model.recordings() {
        let schedule = recording.schedule(&clock)?;
        let mut signal = Signal {
            name: recording.name.clone(),
            variable: recording.variable(),
            units: recording.unit(model)?.to_owned(),
            grid: SampleGrid { interval_steps: schedule.interval, offset_steps: schedule.offset },
            sample_type: recording.sample_type,
            device: Some(recording.device()),
            recording_kind: recording.kind(),
            ..Signal::default()
        };
        if let Some(steps) = recording.statistics_steps(&clock)? {
            signal.grid = SampleGrid { interval_steps: steps, offset_steps: steps };
            signal.sample_type = SampleType::F64;
            signal.labels = Statistics::NAMES.map(str::to_owned).to_vec();
        }
        manifest.signals.push(signal);
    }
    for recording in model.rate_recordings() {
        let n_cells = model.gids_of(&recording.targets)?.n();
        manifest.signals.push(rate_signal(recording, &clock, n_cells)?);
    }
    let output = options.output.as_ref();
    if output.is_some_and(|output| output.connections) {
        let projections = network.projections().iter();
        manifest.projections =
            projections.map(|own| projection(model, own)).collect::<Result<_>>()?;
    }
    manifest.attributes = output.map(|output| output.attributes.clone()).unwrap_or_default();
    let settings = options.settings;
    let mut add = |key: &str, value: String| manifest.attributes.insert(key.to_owned(), value);
    add("program", format!("net-sim {}", env!("CARGO_PKG_VERSION")));
    add("tstop_ms", options.tstop_ms.to_string());
    add(
        "method",
        if settings.second_order { "Crank-Nicolson" } else { "backward Euler" }.to_owned(),
    );
    add("celsius", settings.celsius.to_string());
    add("v_init_mv", settings.v_init_mv.to_string());
    add("rate_tables", settings.tables.to_string());
    Ok(manifest)
}

/// The record of a run that begins, on rank 0. Collective.
fn provenance(
    comm: &Communicator,
    options: &RunOptions,
    output: &Output,
    manifest: &Manifest,
    n_threads: usize,
) -> Result<Option<Provenance>> {
    let host = serde_json::to_vec(&Host::this()).unwrap_or_default();
    let hosts = comm.all_gather_v(&host)?;
    if !comm.is_root() {
        return Ok(None);
    }
    let name = output.name.as_deref().unwrap_or("simulation");
    let mut provenance = Provenance::new(name, manifest.seed, manifest.dt_ms);
    provenance.simulation_id = manifest.run_id;
    provenance.duration_ms = options.tstop_ms;
    if !output.configuration.is_null() {
        let text = output.configuration.to_string();
        provenance.configuration_hash = Some(sha256(text.as_bytes()));
    }
    complete(&mut provenance);
    let rank_host = |(mpi_rank, text): (u32, &Vec<u8>)| {
        let host = serde_json::from_slice(text).unwrap_or_default();
        RankHost { mpi_rank, host }
    };
    provenance.ranks = (0..).zip(&hosts).map(rank_host).collect();
    provenance.mpi_size = Some(comm.size() as u32);
    provenance.threads = Some(n_threads as u32);
    provenance.mark_started();
    Ok(Some(provenance))
}

/// Adds how the program was built, and where its mechanisms come from.
pub(crate) fn complete(provenance: &mut Provenance) {
    if net_mpi::BUILT_WITH_MPI {
        provenance.simulator.extra.features.push("mpi".to_owned());
    }
    let mechanisms = provenance.plugins.entry("mechanisms".to_owned()).or_default();
    for origin in origins() {
        let (name, plugin) = match origin {
            Origin::Set(set) => {
                let version = env!("CARGO_PKG_VERSION");
                (set.to_owned(), Plugin::of_package("net-mechanisms", version))
            }
            Origin::Library(path) => {
                let plugin = Plugin::of_file(&path, INTERFACE_VERSION);
                (plugin.package.clone(), plugin)
            }
        };
        mechanisms.insert(name, plugin);
    }
}

/// The run's identifier: what the options say, or a random one of rank 0.
fn agreed_id(comm: &Communicator, options: &RunOptions) -> Result<Uuid> {
    let given = options.output.as_ref().and_then(|output| output.identity.as_ref());
    let own = given.map_or_else(Uuid::random, |identity| identity.id);
    let of_ranks = comm.all_gather_v(own.to_string().as_bytes())?;
    let text = of_ranks.first().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(own))
}

/// Bins as a signal: counts of spikes that are added up over ranks.
fn rate_signal(recording: &RateRecording, clock: &StepClock, n_cells: u64) -> Result<Signal> {
    let grid = rate_grid(recording, clock)?;
    let per_cell_second = 1000.0 / (recording.interval_ms * n_cells.max(1) as f64);
    let (variable, units, scale) = match recording.unit {
        RateUnit::Hertz => ("rate", "Hz", per_cell_second),
        RateUnit::Count => ("count", "1", 1.0),
    };
    Ok(Signal {
        name: recording.name.clone(),
        variable: variable.to_owned(),
        units: units.to_owned(),
        grid,
        sample_type: SampleType::F64,
        combine: Combine::Sum { scale },
        device: Some(Device::new(&recording.name, "rate_recorder")),
        recording_kind: Some("population".to_owned()),
        ..Signal::default()
    })
}

/// A sample stands at the end of its bin.
pub(crate) fn rate_grid(recording: &RateRecording, clock: &StepClock) -> Result<SampleGrid> {
    let (interval_steps, first_step) = recording.bins(clock)?;
    Ok(SampleGrid { interval_steps, offset_steps: first_step + interval_steps })
}

fn populations(network: &Network) -> Vec<Population> {
    let population = |p: &net_core::Population| Population {
        name: p.name().to_owned(),
        first_gid: p.first_gid(),
        size: p.size(),
    };
    network.populations().iter().map(population).collect()
}

fn projection(model: &Model, projection: &net_core::Projection) -> Result<Projection> {
    let name = &projection.synapse.mechanism;
    let wrong = |source| Error::Synapse {
        user: format!("projection \"{}\"", projection.name),
        source: Box::new(source),
    };
    let weight_units = model.unit_of_weight(projection, 0).map_err(wrong)?;
    // Synapses on point neurons are no mechanisms; their parameters have no units of their own.
    let mechanism = net_cell::mechanism::find(name).ok().map(|(_, mechanism)| mechanism);
    let unit = |parameter: &str| {
        let column =
            mechanism.and_then(|mechanism| Some((mechanism, mechanism.column(parameter)?)));
        column.map_or("", |(mechanism, column)| mechanism.columns[column].unit).to_owned()
    };
    let parameters = projection.synapse.parameters.iter();
    Ok(Projection {
        name: projection.name.clone(),
        pre: projection.pre.clone(),
        post: projection.post.clone(),
        mechanism: name.clone(),
        weight_units: weight_units.to_owned(),
        parameters: parameters
            .map(|(name, &value)| Parameter { name: name.clone(), value, units: unit(name) })
            .collect(),
    })
}
