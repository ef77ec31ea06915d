//! Copies of a pyramidal cell with the channels of a published model, for benchmarks.
//!
//! `scripts/bench-cells` makes the model and runs it here, in NEURON and in Arbor.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use clap::Parser;
use net_cell::mechanism::use_set;
use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
};
use net_cell::{CellTemplate, Quantity, Region};
use net_core::{Network, Population};
use net_sim::{
    CellKind, Model, Progress, Recording, RunOptions, Simulation, StepSettings, Targets,
    parse_arguments,
};
use serde::Deserialize;

/// Copies of a cell, described by benches/cells/model.py
#[derive(Parser, Debug)]
struct Args {
    /// The model, JSON
    model: PathBuf,
    /// Number of cells
    #[arg(long, default_value_t = 1)]
    copies: u64,
    /// Duration in ms
    #[arg(long, default_value_t = 100.0)]
    tstop: f64,
    /// Computing threads
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// A file for the potential of the first soma, a line a step
    #[arg(long)]
    trace: Option<PathBuf>,
}

#[derive(Deserialize)]
struct CellModel {
    set: String,
    celsius: f64,
    v_init_mv: f64,
    dt_ms: f64,
    ra_ohm_cm: f64,
    reversal_mv: BTreeMap<String, f64>,
    clamp: Clamp,
    threshold_mv: f64,
    sections: Vec<Section>,
}

#[derive(Deserialize)]
struct Clamp {
    delay_ms: f64,
    amplitude_na: f64,
}

#[derive(Deserialize)]
struct Section {
    kind: String,
    parent: Option<usize>,
    length_um: f64,
    diameter_um: f64,
    n_segments: usize,
    cm_uf_per_cm2: f64,
    mechanisms: BTreeMap<String, BTreeMap<String, f64>>,
}

fn template(model: &CellModel) -> anyhow::Result<CellTemplate> {
    let mut shape = MorphologyBuilder::new();
    for (k, section) in model.sections.iter().enumerate() {
        let kind = match section.kind.as_str() {
            "soma" => SectionKind::Soma,
            "axon" => SectionKind::Axon,
            "apic" => SectionKind::Apical,
            _ => SectionKind::Basal,
        };
        // Everything that grows from the soma does so from its middle.
        let parent = section.parent.map(|parent| (parent, if parent == 0 { 0.5 } else { 1.0 }));
        let name = format!("{}[{k}]", section.kind);
        shape.cylinder(&name, kind, parent, section.length_um, section.diameter_um)?;
    }
    let counts = model.sections.iter().map(|section| section.n_segments).collect();
    let cable = |section: &Section| CableProperties {
        ra_ohm_cm: model.ra_ohm_cm,
        cm_uf_cm2: section.cm_uf_per_cm2,
    };
    let cables = Cable::PerSection(model.sections.iter().map(cable).collect());
    let rule = Discretization::PerSection(counts);
    let mut cell =
        CellTemplate::new(shape.build()?.segmented(&rule, &cables, SegmentPoints::Exact)?)?;
    for (k, section) in model.sections.iter().enumerate() {
        for (mechanism, parameters) in &section.mechanisms {
            let values: Vec<(&str, f64)> =
                parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            cell.insert(mechanism, &Region::Sections(vec![k]), &values)?;
        }
    }
    for (ion, potential_mv) in &model.reversal_mv {
        cell.set_reversal(ion, *potential_mv);
    }
    let Clamp { delay_ms, amplitude_na } = model.clamp;
    cell.insert_point("IClamp", 0, &[("amp", amplitude_na), ("delay", delay_ms), ("dur", 1e9)])?;
    cell.detect_spikes(0, model.threshold_mv)?;
    Ok(cell)
}

fn simulate(comm: &net_mpi::Communicator, args: &Args) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(&args.model)
        .with_context(|| format!("cannot read {}", args.model.display()))?;
    let model: CellModel = serde_json::from_str(&text)
        .with_context(|| format!("{} is no model of a cell", args.model.display()))?;
    use_set(&model.set)?;
    let started = Instant::now();
    let cell = template(&model)?;
    let n_compartments = cell.n_segments() as u64 * args.copies;
    let mut network = Network::new(1);
    network.add_population(Population::new("cells", args.copies, "cell"))?;
    let mut run = Model::new(network).with_cells("cell", CellKind::shared(cell));
    if args.trace.is_some() {
        run = run.with_recording(Recording::new("v", Targets::Gids(vec![0]), Quantity::Voltage));
    }
    let settings = StepSettings {
        dt_ms: model.dt_ms,
        celsius: model.celsius,
        v_init_mv: model.v_init_mv,
        ..StepSettings::default()
    };
    let options = RunOptions {
        tstop_ms: args.tstop,
        settings,
        threads: Some(args.threads),
        keep_in_memory: true,
        progress: Progress::Off,
        ..RunOptions::default()
    };
    let simulation = Simulation::build(comm, &run, &options)?;
    let setup_s = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let outcome = simulation.run()?;
    let run_s = started.elapsed().as_secs_f64();
    if let (Some(path), Some(trace)) = (&args.trace, outcome.traces.first()) {
        let lines: String = trace.values.iter().map(|v| format!("{v:.9}\n")).collect();
        std::fs::write(path, lines).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let steps = args.tstop / model.dt_ms;
    println!(
        "RESULT {{\"engine\": \"ours\", \"copies\": {}, \"compartments\": {n_compartments}, \
         \"spikes\": {}, \"setup_s\": {setup_s:.3}, \"run_s\": {run_s:.3}, \
         \"million_compartment_steps_per_s\": {:.3}}}",
        args.copies,
        outcome.spikes.len(),
        n_compartments as f64 * steps / run_s * 1e-6,
    );
    Ok(())
}

fn main() -> std::process::ExitCode {
    let args: Args = parse_arguments();
    net_mpi::run(net_mpi::Mode::Auto, |comm| simulate(comm, &args))
}
