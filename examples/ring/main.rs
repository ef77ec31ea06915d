//! Rings of branching Hodgkin-Huxley cells, in each of which a spike runs round: the usual
//! benchmark of cable simulators (NEURON's `ringtest`).
//!
//! ```sh
//! cargo run --release -p net-examples --example ring -- --cells 256 --ring-size 16
//! benches/peers/model.py A-large model.json; ring --model model.json --threads 1
//! ```

mod network;
mod rings;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, ensure};
use clap::Parser;
use net_core::{Network, Population, SynapseRow};
use net_examples::RunArgs;
use net_lfp::{Conductivity, Layout, RecExtElectrode, Sampling, SourceModel};
use net_mpi::{Communicator, SpikeTime};
use net_sim::{
    CellKind, Input, InputRow, InputSynapses, InputTable, Model, ProbeRecording, Quantity,
    Recording, RunReport, Simulation, SpikeSource, StepSettings, Targets, parse_arguments,
    table_projection,
};

use network::NetworkFile;
use rings::Rings;

/// Rings of branching Hodgkin-Huxley cells, in each of which a spike runs round.
///
/// Without `--model` the rings are made by the options: every cell has a soma and a random tree of
/// dendrites, no two trees are equal. The last line on standard output is `RESULT` with a JSON
/// object: times of set-up and run in s, spikes, million compartment-steps a second, memory in MiB.
/// Files are written only with `--out` and `--spikes`.
#[derive(Parser, Debug)]
struct Options {
    /// Network file, as benches/README.md describes it; instead of the options on cells
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,

    /// Number of cells
    #[arg(long, default_value_t = 64, value_name = "N")]
    cells: u64,

    /// Cells of a ring
    #[arg(long, default_value_t = 16, value_name = "N")]
    ring_size: u64,

    /// Least number of dendrites of a cell
    #[arg(long, default_value_t = 32, value_name = "N")]
    dendrites_min: u64,

    /// Largest number of dendrites of a cell
    #[arg(long, default_value_t = 64, value_name = "N")]
    dendrites_max: u64,

    /// Segments of each dendrite
    #[arg(long, default_value_t = 1, value_name = "N")]
    segments: usize,

    /// Further synapses of each cell, without weight: they cost time and memory, and change nothing
    #[arg(long, default_value_t = 0, value_name = "N")]
    fan: u64,

    /// Seed of trees and fan
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,

    /// Duration in ms [default: that of the model file, else 100]
    #[arg(long, value_name = "MS")]
    tstop: Option<f64>,

    /// Time step in ms [default: that of the model file, else 0.025]
    #[arg(long, value_name = "MS")]
    dt: Option<f64>,

    /// Interpolate the rates of Hodgkin-Huxley channels in tables, as NEURON does
    #[arg(long)]
    tables: bool,

    /// Write the spikes as text, a line `time_ms gid` each
    #[arg(long, value_name = "FILE")]
    spikes: Option<PathBuf>,

    /// Record potentials at N contacts on a line beside the cells
    #[arg(long, default_value_t = 0, value_name = "N")]
    contacts: usize,

    /// Time between samples of the potentials in ms, each the mean over that time [default: a step]
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    lfp_interval: Option<f64>,

    /// Output directory for spikes, somatic potentials and potentials at contacts
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    #[command(flatten)]
    run: RunArgs,
}

/// A model with what the file, or the options, say of its run.
struct Described {
    name: String,
    model: Model,
    settings: StepSettings,
    tstop_ms: f64,
}

fn main() -> ExitCode {
    let options: Options = parse_arguments();
    net_mpi::run(options.run.mode(), |comm| net_sim::exit_status(comm, simulate(comm, &options)))
}

fn simulate(comm: &Communicator, options: &Options) -> anyhow::Result<()> {
    let file = options.model.as_deref().map(NetworkFile::read).transpose();
    let file = comm.agree(file)?;

    let started = Instant::now();
    let described = match file {
        Some(file) => from_file(file)?,
        None => from_options(options)?,
    };
    let mut settings = described.settings;
    settings.dt_ms = options.dt.unwrap_or(settings.dt_ms);
    settings.tables = options.tables;
    let tstop_ms = options.tstop.unwrap_or(described.tstop_ms);
    let mut run = options.run.options(tstop_ms, settings, options.out.as_deref(), false);
    run.keep_in_memory = options.spikes.is_some();
    let mut model = described.model;
    if options.out.is_some() {
        let soma_v = Recording::new("soma_v", Targets::All, Quantity::Voltage);
        model = model.with_recording(soma_v);
    }
    if options.contacts > 0 {
        model = model.with_probe(ProbeRecording {
            interval_ms: options.lfp_interval,
            sampling: Sampling::Average,
            ..ProbeRecording::new(electrode(options.contacts)?)
        });
    }
    let simulation = Simulation::build(comm, &model, &run)?;
    let setup_s = started.elapsed().as_secs_f64();

    let outcome = simulation.run()?;
    if let Some(path) = &options.spikes {
        let spikes = outcome.gather_spikes(comm)?;
        let written = spikes.map_or(Ok(()), |spikes| write_spikes(path, &spikes));
        comm.agree(written)?;
    }
    if comm.is_root() {
        println!("{}", outcome.report);
        println!("{}", result_line(&described.name, &outcome.report, setup_s));
    }
    Ok(())
}

fn from_options(options: &Options) -> anyhow::Result<Described> {
    ensure!(0 < options.ring_size, "--ring-size is 0; expected at least 1");
    ensure!(0 < options.segments, "--segments is 0; expected at least 1");
    let dendrites = [options.dendrites_min, options.dendrites_max];
    ensure!(
        0 < dendrites[0] && dendrites[0] <= dendrites[1],
        "--dendrites-min is {} and --dendrites-max {}; expected 1 or more, the second not below the first",
        dendrites[0],
        dendrites[1]
    );
    let rings = Rings {
        n_cells: options.cells,
        ring_size: options.ring_size,
        dendrites,
        segments_per_section: options.segments,
        fan: options.fan,
        seed: options.seed,
    };
    let biophysics = rings::biophysics();
    let synapse = rings::synapse(&biophysics.synapse);
    let model = rings.model(biophysics)?;
    let kick = |gid| kick_row(gid, rings.synapse_segment(), 0.01, 1.0);
    Ok(Described {
        name: "ring".to_owned(),
        model: model.with_input(kick_input(synapse, rings.kicked().map(kick).collect())),
        settings: StepSettings::default(),
        tstop_ms: 100.0,
    })
}

fn from_file(file: NetworkFile) -> anyhow::Result<Described> {
    let mut network = Network::new(0);
    network.add_population(Population::new("ring", file.cells.len() as u64, "file"))?;
    let mut rows = Vec::with_capacity(file.connections.len());
    for &(source, target, synapse, weight, delay_ms) in &file.connections {
        let segment = file.segment_of(target, synapse)?;
        rows.push(SynapseRow { source, target, segment, weight, delay_ms });
    }
    let synapse = rings::synapse(&file.biophysics.synapse);
    network.add_projection(table_projection("ring", ["ring"; 2], synapse.clone(), rows))?;

    let kick = &file.kick;
    let kicks = kick.gids.iter().map(|&gid| {
        let segment = file.segment_of(gid, kick.synapse)?;
        Ok(kick_row(gid, segment, kick.weight_us, kick.time_ms))
    });
    let kicks = kicks.collect::<anyhow::Result<_>>()?;
    let settings = StepSettings {
        dt_ms: file.dt_ms,
        celsius: file.celsius,
        v_init_mv: file.v_init_mv,
        ..StepSettings::default()
    };
    let NetworkFile { name, tstop_ms, biophysics, cells, .. } = file;
    let cell = move |gid: u64| cells[gid as usize].template(&biophysics);
    let model = Model::new(network)
        .with_cells("file", CellKind::per_cell(cell))
        .with_input(kick_input(synapse, kicks));
    Ok(Described { name, model, settings, tstop_ms })
}

/// Contacts over a millimeter of height, 30 um from the axis.
fn electrode(n_contacts: usize) -> anyhow::Result<RecExtElectrode> {
    let spacing_um = 1000.0 / (n_contacts.max(2) - 1) as f64;
    let lowest_um = if n_contacts > 1 { -500.0 } else { 0.0 };
    let (first_um, direction) = ([30.0, 0.0, lowest_um], [0.0, 0.0, 1.0]);
    let line = Layout::Linear { n_contacts, spacing_um, first_um, direction };
    Ok(RecExtElectrode {
        contacts: line.contacts()?,
        conductivity: Conductivity::Isotropic(0.3),
        source: SourceModel::LineSource,
    })
}

/// One event for one cell.
fn kick_row(gid: u64, segment: u32, weight: f64, time_ms: f64) -> InputRow {
    InputRow { gid, segment, weight, source: SpikeSource::Times(vec![time_ms]) }
}

fn kick_input(synapse: net_core::SynapseKind, rows: Vec<InputRow>) -> Input {
    let synapses = InputSynapses::Table(Arc::new(InputTable::new(rows)));
    Input { name: "kick".to_owned(), synapse, delay_ms: 0.0, synapses }
}

fn write_spikes(path: &Path, spikes: &[SpikeTime]) -> anyhow::Result<()> {
    let write = || {
        let mut file = BufWriter::new(File::create(path)?);
        for spike in spikes {
            writeln!(file, "{:.6} {}", spike.time_ms, spike.gid)?;
        }
        file.flush()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// What the benchmarks read.
fn result_line(network: &str, report: &RunReport, setup_s: f64) -> String {
    let peak_rss_mb = report.peak_memory_mb() * 1e6 / f64::from(1 << 20);
    let result = serde_json::json!({
        "engine": "net-sim",
        "network": network,
        "cells": report.n_cells,
        "compartments": report.n_segments,
        "dt_ms": report.dt_ms,
        "steps": report.n_steps,
        "spikes": report.n_spikes,
        "setup_s": setup_s,
        "sim_s": report.phases.run_s,
        "mcs_per_s": report.million_compartment_steps_per_s(),
        "peak_rss_mb": peak_rss_mb,
        "synapses": report.n_synapses,
        "ranks": report.n_ranks,
        "threads": report.n_threads,
    });
    format!("RESULT {result}")
}
