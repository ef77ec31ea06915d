//! Monitors that are started, paused, cleared and reset between pieces of a run: the example of
//! CompNeuroPy, with the same numbers.
//!
//! `cargo run --release -p net-examples --example monitor_recordings -- --out out/monitors`

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Parser;
use net_core::{Network, Population};
use net_mpi::{Communicator, Mode};
use net_sim::monitor::{Monitors, PeriodLimits, Recordings, SampleLabels};
use net_sim::plot::{Format, Panel, RecordingsPlot};
use net_sim::{
    CellKind, Model, PointNeuron, Progress, RunOptions, Simulation, StepSettings, parse_arguments,
};

/// Two neurons after Izhikevich (2007), recorded in periods and chunks
///
/// Prints when what was recorded, and draws each chunk.
#[derive(Parser, Debug)]
struct Args {
    /// Folder for the pictures
    #[arg(long, value_name = "DIR", default_value = "out/monitor_recordings")]
    out: PathBuf,
}

/// One neuron without input and one with a constant current.
fn model() -> anyhow::Result<Model> {
    let mut network = Network::new(1);
    network.add_population(Population::new("my_pop1", 1, "silent"))?;
    network.add_population(Population::new("my_pop2", 1, "driven"))?;
    let driven = PointNeuron::new("Izhikevich2007")?.with("I_app", 52.0)?;
    Ok(Model::new(network)
        .with_cells("silent", CellKind::point(PointNeuron::new("Izhikevich2007")?))
        .with_cells("driven", CellKind::point(driven)))
}

/// Runs, and looks three times at what was recorded; on rank 0.
fn record(comm: &Communicator) -> anyhow::Result<Vec<Recordings>> {
    // Every 2 ms, and every step.
    let dictionary = [("my_pop1;2", &["v", "spike"][..]), ("my_pop2", &["v"])];
    let mut monitors = Monitors::new(dictionary)?.with_labels(SampleLabels::AfterStep);
    let model = model()?.with_monitors(&monitors)?;
    let settings = StepSettings { dt_ms: 0.1, ..StepSettings::default() };
    let options = RunOptions { settings, progress: Progress::Off, ..RunOptions::default() };
    let mut simulation = Simulation::build(comm, &model, &options)?;

    // All monitors are started and paused.
    simulation.advance(100.0)?;
    monitors.start(&mut simulation)?;
    simulation.advance(100.0)?;
    monitors.pause(&mut simulation)?;
    simulation.advance(100.0)?;

    // One is started, then all; one is paused, and goes on.
    monitors.start_some(&mut simulation, &["my_pop1"])?;
    simulation.advance(100.0)?;
    monitors.start(&mut simulation)?;
    simulation.advance(100.0)?;
    monitors.pause_some(&mut simulation, &["my_pop1"])?;
    simulation.advance(100.0)?;
    monitors.start(&mut simulation)?;
    simulation.advance(100.0)?;

    // A second chunk, in which time goes on.
    monitors.new_chunk(&mut simulation)?;
    monitors.pause(&mut simulation)?;
    simulation.advance(100.0)?;
    monitors.start(&mut simulation)?;
    simulation.advance(700.0)?;

    // A third chunk, in which the model begins anew.
    monitors.reset(&mut simulation)?;
    monitors.pause(&mut simulation)?;
    simulation.advance(100.0)?;
    monitors.start(&mut simulation)?;
    simulation.advance(700.0)?;
    let first = monitors.recordings_and_clear(&mut simulation)?;

    // Two chunks more.
    simulation.advance(100.0)?;
    monitors.start(&mut simulation)?;
    simulation.advance(100.0)?;
    monitors.reset(&mut simulation)?;
    simulation.advance(100.0)?;
    let second = monitors.recordings_and_clear(&mut simulation)?;

    // And one; the empty chunk before the reset is none.
    monitors.start(&mut simulation)?;
    monitors.reset(&mut simulation)?;
    simulation.advance(100.0)?;
    let third = monitors.recordings(&mut simulation)?;
    Ok([first, second, third].into_iter().flatten().collect())
}

/// Prints when each compartment was recorded.
fn print_times(recordings: &Recordings) -> anyhow::Result<()> {
    let times = recordings.times();
    for chunk in 0..recordings.n_chunks() {
        println!("\tchunk: {chunk}");
        for compartment in times.compartments(chunk)? {
            println!("\t\tpop_name: {compartment}");
            let shape = recordings.array(chunk, &format!("{compartment};v"))?.dim();
            println!("\t\trecording_array_size: {shape:?}");
            let periods: Vec<PeriodLimits> =
                times.all(chunk, compartment)?.into_iter().flatten().collect();
            let first = |period: &PeriodLimits| (period.start_ms, period.start_index);
            let last = |period: &PeriodLimits| (period.stop_ms, period.stop_index);
            print_ends("start", periods.iter().map(first).collect());
            print_ends("stop", periods.iter().map(last).collect());
        }
    }
    Ok(())
}

/// Prints the first or last samples of periods.
fn print_ends(name: &str, ends: Vec<(f64, usize)>) {
    println!("\t\t\ttime_point: {name}");
    println!("\t\t\t\tunit: ms");
    for (period, (ms, _)) in ends.iter().enumerate() {
        println!("\t\t\t\t\tperiod {period}: {ms:?}");
    }
    println!("\t\t\t\tunit: idx");
    for (period, (_, index)) in ends.iter().enumerate() {
        println!("\t\t\t\t\tperiod {period}: {index}");
    }
}

/// Draws a chunk: both potentials, and the spikes of the first neuron.
fn draw(recordings: &Recordings, chunk: usize, folder: &Path, name: &str) -> anyhow::Result<()> {
    print!("Generate fig {name}... ");
    let remarks = RecordingsPlot::new(recordings, (2, 2))
        .panel(Panel::new(1, "my_pop1", "v", Format::Line))
        .panel(Panel::new(2, "my_pop2", "v", Format::Line))
        .panel(Panel::new(3, "my_pop1", "spike", Format::Raster))
        .chunk(chunk)
        .write(&folder.join(name))?;
    for remark in remarks {
        println!("\n  WARNING PlotRecordings: {remark}");
    }
    println!("Done\n");
    Ok(())
}

fn simulate(comm: &Communicator, args: &Args) -> anyhow::Result<()> {
    let all = record(comm)?;
    if !comm.is_root() {
        return Ok(());
    }
    println!("#################### ALL RECORDINGS INFO ####################");
    for (number, recordings) in all.iter().enumerate() {
        println!("recordings{}", number + 1);
        print_times(recordings)?;
    }
    println!("#############################################################");
    let folder = &args.out;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (number, recordings) in all.iter().enumerate() {
        for chunk in 0..recordings.n_chunks() {
            let name = format!("monitor_recordings_{}_chunk{chunk}.png", number + 1);
            draw(recordings, chunk, folder, &name)?;
        }
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    let args: Args = parse_arguments();
    net_mpi::run(Mode::Auto, |comm| simulate(comm, &args))
}
