//! The files of a run.

use net_core::{Gid, Network, StepClock};
use net_io::merge::{MergeOptions, merge_recordings};
use net_io::store::{
    DEFAULT_CHUNK_BYTES, Manifest, Overwrite, Parameter, PartWriter, Population, Projection,
    RunDirectory, SampleGrid, Signal,
};
use net_io::tables::{merge_cells, merge_connections};
use net_mpi::Communicator;

use super::recorder::columns_of_part;
use super::report::RunReport;
use crate::build::save_network;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::options::{Output, RunOptions};
use crate::probes::Collector;

/// Name of the report in the directory.
const REPORT: &str = "report.json";

/// The directory of a run, open on all ranks.
pub(crate) struct Files {
    run: RunDirectory,
    manifest: Manifest,
    spikes_text: bool,
    connections: bool,
}

impl Files {
    /// Makes the directory and describes the run in it. Collective.
    pub(crate) fn create(
        comm: &Communicator,
        model: &Model,
        options: &RunOptions,
        output: &Output,
        clock: StepClock,
    ) -> Result<Self> {
        let manifest = manifest(comm, model, options, output, clock)?;
        let overwrite = if output.overwrite { Overwrite::Yes } else { Overwrite::No };
        let created = comm.is_root().then(|| -> net_io::Result<()> {
            let run = RunDirectory::create(&output.directory, overwrite)?;
            run.write_manifest(&manifest)
        });
        comm.agree(created.unwrap_or(Ok(())))?;
        let run = comm.agree(RunDirectory::open(&output.directory))?;
        let Output { spikes_text, connections, .. } = *output;
        Ok(Files { run, manifest, spikes_text, connections })
    }

    /// Writes this rank's cells and synapses, and opens its part for recordings.
    pub(crate) fn start_part(
        &self,
        comm: &Communicator,
        model: &Model,
        clock: StepClock,
        gids: &[Gid],
        columns: &[Vec<(Gid, u32)>],
    ) -> Result<PartWriter> {
        let rank = comm.rank() as u32;
        save_network(model, clock, gids, &self.run, &self.manifest, rank)?;
        let columns = columns.iter().map(|columns| columns_of_part(columns));
        let signals = self.manifest.signals.iter().cloned().zip(columns).collect();
        Ok(PartWriter::create(&self.run, rank, signals, DEFAULT_CHUNK_BYTES)?)
    }

    /// Makes the file of the probes' signals on rank 0, if there are any.
    pub(crate) fn start_probes(
        &self,
        comm: &Communicator,
        collector: &mut Collector,
        model: &Model,
        clock: &StepClock,
    ) -> Result<()> {
        match comm.is_root() && !collector.is_empty() {
            true => collector.create_file(&self.run.file(RunDirectory::SIGNALS), model, clock),
            false => Ok(()),
        }
    }

    /// Makes the files that users open. Collective; all ranks have finished their parts.
    pub(crate) fn merge(&self, comm: &Communicator) -> Result<()> {
        comm.barrier()?;
        let merged = comm.is_root().then(|| -> net_io::Result<()> {
            merge_cells(&self.run)?;
            if self.connections {
                merge_connections(&self.run)?;
            }
            let options = MergeOptions { spikes_text: self.spikes_text, ..MergeOptions::default() };
            merge_recordings(&self.run, &options).map(|_| ())
        });
        Ok(comm.agree(merged.unwrap_or(Ok(())))?)
    }

    /// Writes the report beside them; called by all ranks, done by rank 0.
    pub(crate) fn write_report(&self, comm: &Communicator, report: &RunReport) -> Result<()> {
        if !comm.is_root() {
            return Ok(());
        }
        let path = self.run.file(REPORT);
        let written = serde_json::to_vec_pretty(report)
            .map_err(std::io::Error::from)
            .and_then(|text| std::fs::write(&path, text));
        written.map_err(|source| Error::Report { path: path.display().to_string(), source })
    }
}

fn manifest(
    comm: &Communicator,
    model: &Model,
    options: &RunOptions,
    output: &Output,
    clock: StepClock,
) -> Result<Manifest> {
    let network = model.network();
    let mut manifest = Manifest::new(clock.dt_ms(), network.seed(), comm.size() as u32);
    manifest.populations = populations(network);
    for recording in model.recordings() {
        let schedule = recording.schedule(&clock)?;
        let grid = SampleGrid { interval_steps: schedule.interval, offset_steps: schedule.offset };
        manifest.signals.push(Signal {
            name: recording.name.clone(),
            variable: recording.variable(),
            units: recording.unit()?.to_owned(),
            grid,
            sample_type: recording.sample_type,
            ..Signal::default()
        });
    }
    if output.connections {
        manifest.projections =
            network.projections().iter().map(projection).collect::<Result<_>>()?;
    }
    manifest.attributes = output.attributes.clone();
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

fn populations(network: &Network) -> Vec<Population> {
    let population = |p: &net_core::Population| Population {
        name: p.name().to_owned(),
        first_gid: p.first_gid(),
        size: p.size(),
    };
    network.populations().iter().map(population).collect()
}

fn projection(projection: &net_core::Projection) -> Result<Projection> {
    let name = &projection.synapse.mechanism;
    let (_, mechanism) = net_cell::mechanism::find(name).map_err(|source| Error::Synapse {
        user: format!("projection \"{}\"", projection.name),
        source: Box::new(source),
    })?;
    let unit = |parameter: &str| {
        let column = mechanism.column(parameter);
        column.map_or("", |column| mechanism.columns[column].unit).to_owned()
    };
    // What has a reversal potential has conductances for weights, else currents.
    let weight_units = if mechanism.column("e").is_some() { "uS" } else { "nA" };
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
