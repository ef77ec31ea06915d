//! What the example programs share: options of every run, and the picture of it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use net_io::merge;
use net_mpi::{Communicator, Mode};
use net_sim::plot::{
    Activity, ArrayFilm, ArraySignal, DepthMap, Fields, Population, SignalPanel, SpikeRaster,
    Traces,
};
use net_sim::{
    CellPartition, CheckpointArgs, Model, Outcome, Output, Progress, RunOptions, StepSettings,
};

/// Options that every program has.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// Crank-Nicolson with staggered states, of second order in the step, instead of backward Euler
    #[arg(long)]
    pub second_order: bool,

    /// Computing threads of each rank [default: the machine's cores divided by its ranks]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,

    /// Distribute cells over ranks by their cost instead of by gid modulo ranks
    #[arg(long)]
    pub balance: bool,

    /// How ranks communicate: auto takes MPI under mpirun, solo makes every process run alone
    #[arg(long, value_enum, default_value_t = Comm::Auto)]
    pub comm: Comm,

    /// What to show while it runs, on standard error
    #[arg(long, value_enum, default_value_t = Show::Auto)]
    pub progress: Show,

    /// Replace the files of an earlier run in the output directory
    #[arg(long)]
    pub overwrite: bool,

    /// Write spikes as text, too: `spikes.txt`, a line `time_ms gid` a spike
    #[arg(long)]
    pub spikes_text: bool,

    /// Copy no samples at the end: traces.h5 is a view of the ranks' chunks, which stay
    #[arg(long)]
    pub virtual_traces: bool,

    /// Seal what was recorded on the disk after every MS of simulated time [default: a tenth of it]
    #[arg(long, value_name = "MS")]
    pub seal_interval: Option<f64>,

    /// Save the state now and then, and go on from it
    #[command(flatten)]
    pub checkpoints: CheckpointArgs,
}

/// How ranks communicate.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Comm {
    /// Over MPI if a launcher such as mpirun started the program, else alone.
    Auto,
    /// Over MPI.
    Mpi,
    /// Alone.
    Solo,
}

/// What is shown while a program runs.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Show {
    /// A bar on a terminal, else nothing.
    Auto,
    /// A line after every tenth.
    Lines,
    /// Nothing.
    Off,
}

impl RunArgs {
    /// The communicator to launch.
    pub fn mode(&self) -> Mode {
        match self.comm {
            Comm::Auto => Mode::Auto,
            Comm::Mpi => Mode::Mpi,
            Comm::Solo => Mode::Solo,
        }
    }

    /// Options of a run of `tstop_ms` that writes into `directory`.
    pub fn options(
        &self,
        tstop_ms: f64,
        settings: StepSettings,
        directory: Option<&Path>,
        connections: bool,
    ) -> RunOptions {
        let output = directory.map(|directory| Output {
            directory: directory.to_owned(),
            overwrite: self.overwrite,
            spikes_text: self.spikes_text,
            connections,
            seal_interval_ms: self.seal_interval,
            traces: match self.virtual_traces {
                true => merge::Traces::Mapped,
                false => merge::Traces::Copied,
            },
            attributes: [("command".to_owned(), command_line())].into(),
            ..Output::default()
        });
        RunOptions {
            tstop_ms,
            settings: StepSettings { second_order: self.second_order, ..settings },
            threads: self.threads,
            partition: match self.balance {
                true => CellPartition::Balanced,
                false => CellPartition::RoundRobin,
            },
            output,
            keep_in_memory: false,
            keep_spikes: false,
            progress: match self.progress {
                Show::Auto => Progress::Auto,
                Show::Lines => Progress::Lines,
                Show::Off => Progress::Off,
            },
            checkpoints: self.checkpoints.checkpoints(),
        }
    }
}

fn command_line() -> String {
    std::env::args().collect::<Vec<_>>().join(" ")
}

/// Whether pictures of a run of `tstop_ms` are drawn: if they are `wanted`, and the run has a duration;
/// if not, rank 0 says so.
pub fn draws_pictures(comm: &Communicator, wanted: bool, tstop_ms: f64) -> bool {
    let has_duration = 0.0 < tstop_ms;
    if wanted && !has_duration && comm.is_root() {
        println!("picture   none: the run has no duration");
    }
    wanted && has_duration
}

/// Draws `activity.png` into the directory on rank 0: raster, rates, and the traces of recording 0,
/// of as many cells as find room. Collective; the run kept spikes and traces in memory.
///
/// Returns the picture's path, on rank 0.
pub fn draw_activity(
    comm: &Communicator,
    model: &Model,
    outcome: &Outcome,
    options: &RunOptions,
    title: &str,
    max_traces: usize,
) -> anyhow::Result<Option<PathBuf>> {
    let (spikes, traces) = (outcome.gather_spikes(comm)?, outcome.gather_traces(comm)?);
    let picture = match (spikes, traces, &options.output) {
        (Some(spikes), Some(traces), Some(output)) => {
            let populations = model.network().populations();
            let raster = raster(model, &spikes);
            let label = |gid: u64| {
                let population = populations.iter().find(|p| p.gids().contains(&gid));
                format!("{} {gid}", population.map_or("", |p| p.name()))
            };
            let cells = traces.into_iter().filter(|trace| trace.recording == 0).take(max_traces);
            let cells = cells
                .map(|trace| net_sim::plot::Trace {
                    label: label(trace.gid),
                    gid: trace.gid,
                    values_mv: trace.values,
                })
                .collect();
            let recording = model.recordings().first();
            let dt_ms = recording.and_then(|r| r.interval_ms).unwrap_or(options.settings.dt_ms);
            let t0_ms = recording.map_or(0.0, |r| r.start_ms);
            let activity = Activity {
                title: title.to_owned(),
                window_ms: (0.0, options.tstop_ms),
                raster,
                traces: Traces { t0_ms, dt_ms, cells },
            };
            let path = output.directory.join("activity.png");
            Some(activity.write(&path).with_context(|| "drawing the picture").map(|()| path))
        }
        _ => None,
    };
    Ok(comm.agree(picture.transpose())?)
}

/// Draws `fields.png` into the directory on rank 0: spikes, the potentials of the electrode `lfp` with
/// contacts at `depths_um` as a map over depth and time, and further signals
/// `(name, row, heading, factor)` with the contributions of the populations. Collective; the run kept
/// spikes and signals in memory.
///
/// The map shows depths in ascending order, whatever that of the contacts is, and the mean where
/// several have the same.
///
/// Returns the picture's path, on rank 0.
pub fn draw_fields(
    comm: &Communicator,
    model: &Model,
    outcome: &Outcome,
    options: &RunOptions,
    (lfp, depths_um): (&str, &[f64]),
    signals: &[(&str, usize, &str, f64)],
    title: &str,
) -> anyhow::Result<Option<PathBuf>> {
    let spikes = outcome.gather_spikes(comm)?;
    let find = |name: &str| outcome.signals.iter().find(|signal| signal.name == name);
    let picture = match (spikes, find(lfp), &options.output) {
        (Some(spikes), Some(lfp), Some(output)) => {
            let panel = |&(name, row, heading, factor): &(&str, usize, &str, f64)| {
                find(name).map(|signal| {
                    let n = signal.n_samples;
                    let part = |values: &[f64]| {
                        values[row * n..(row + 1) * n].iter().map(|value| factor * value).collect()
                    };
                    let label =
                        |name: &str| if name == "imem" { "all cells" } else { name }.to_owned();
                    SignalPanel {
                        heading: heading.to_owned(),
                        t0_ms: signal.start_ms,
                        dt_ms: signal.interval_ms,
                        curves: signal.fields.iter().map(|(n, v)| (label(n), part(v))).collect(),
                    }
                })
            };
            let (depths_um, potential_mv) = by_depth(depths_um, &lfp.fields[0].1, lfp.n_samples);
            let fields = Fields {
                title: title.to_owned(),
                window_ms: (0.0, options.tstop_ms),
                raster: raster(model, &spikes),
                map: Some(DepthMap {
                    heading: "extracellular potential by depth (um)".to_owned(),
                    unit: "uV".to_owned(),
                    depths_um,
                    t0_ms: lfp.start_ms,
                    dt_ms: lfp.interval_ms,
                    values: potential_mv.iter().map(|mv| 1e3 * mv).collect(),
                }),
                panels: signals.iter().filter_map(panel).collect(),
            };
            let path = output.directory.join("fields.png");
            let drawn = fields.to_png().map_err(anyhow::Error::from);
            let written = drawn.and_then(|png| Ok(std::fs::write(&path, png)?));
            Some(written.with_context(|| format!("drawing {}", path.display())).map(|()| path))
        }
        _ => None,
    };
    Ok(comm.agree(picture.transpose())?)
}

/// Depths in ascending order, each once, and the signals there, contacts x samples: the mean over the
/// contacts of a depth.
fn by_depth(depths_um: &[f64], values: &[f64], n_samples: usize) -> (Vec<f64>, Vec<f64>) {
    let mut order: Vec<usize> = (0..depths_um.len()).collect();
    order.sort_by(|&a, &b| depths_um[a].total_cmp(&depths_um[b]));
    let (mut depths, mut means) = (Vec::new(), Vec::new());
    for contacts in order.chunk_by(|&a, &b| depths_um[a] == depths_um[b]) {
        let mean = |sample: usize| {
            let at = contacts.iter().map(|contact| values[contact * n_samples + sample]);
            at.sum::<f64>() / contacts.len() as f64
        };
        depths.push(depths_um[contacts[0]]);
        means.extend((0..n_samples).map(mean));
    }
    (depths, means)
}

/// Draws `slice.png` into the directory on rank 0: maps of the potentials of a square array with
/// `n_contacts` along each side, the only probe of the model, the spikes, and the potential where it is
/// largest. Collective; the run kept spikes and signals in memory.
///
/// Returns the picture's path, on rank 0.
pub fn draw_film(
    comm: &Communicator,
    model: &Model,
    outcome: &Outcome,
    options: &RunOptions,
    (n_contacts, pitch_um): (usize, f64),
    marks_um: &[[f64; 2]],
    title: &str,
) -> anyhow::Result<Option<PathBuf>> {
    let spikes = outcome.gather_spikes(comm)?;
    let picture = match (spikes, outcome.signals.first(), &options.output) {
        (Some(spikes), Some(signal), Some(output)) => {
            let n = signal.n_samples;
            let in_uv = |values: &[f64]| values.iter().map(|mv| 1e3 * mv).collect::<Vec<f64>>();
            let size = |row: &[f64]| row.iter().map(|mv| mv.abs()).fold(0.0, f64::max);
            let rows = signal.fields[0].1.chunks(n.max(1)).map(size).enumerate();
            let largest = rows.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(row, _)| row);
            let label = |name: &str| if name == "imem" { "all cells" } else { name }.to_owned();
            let curve = |(name, values): &(String, Vec<f64>)| {
                (label(name), in_uv(&values[largest * n..(largest + 1) * n]))
            };
            let first_um = -0.5 * pitch_um * (n_contacts - 1) as f64;
            let at = [largest % n_contacts, largest / n_contacts]
                .map(|k| first_um + k as f64 * pitch_um);
            let (t0_ms, dt_ms) = (signal.start_ms, signal.interval_ms);
            let film = ArrayFilm {
                title: title.to_owned(),
                window_ms: (0.0, options.tstop_ms),
                raster: raster(model, &spikes),
                array: ArraySignal {
                    unit: "uV".to_owned(),
                    n_contacts: [n_contacts; 2],
                    first_um: [first_um; 2],
                    pitch_um,
                    t0_ms,
                    dt_ms,
                    values: in_uv(&signal.fields[0].1),
                },
                times_ms: film_times(options.tstop_ms, dt_ms),
                somata_um: somata(model)?,
                marks_um: marks_um.to_vec(),
                panels: vec![SignalPanel {
                    heading: format!("potential at x = {:.0}, y = {:.0} um (uV)", at[0], at[1]),
                    t0_ms,
                    dt_ms,
                    curves: signal.fields.iter().map(curve).collect(),
                }],
            };
            let path = output.directory.join("slice.png");
            let drawn = film.to_png().map_err(anyhow::Error::from);
            let written = drawn.and_then(|png| Ok(std::fs::write(&path, png)?));
            Some(written.with_context(|| format!("drawing {}", path.display())).map(|()| path))
        }
        _ => None,
    };
    Ok(comm.agree(picture.transpose())?)
}

/// Twelve times over a run, on the grid of samples.
fn film_times(tstop_ms: f64, dt_ms: f64) -> Vec<f64> {
    (1..=12).map(|k| (tstop_ms * f64::from(k) / 12.5 / dt_ms).round() * dt_ms).collect()
}

/// Where the somata of each population are in the plane.
fn somata(model: &Model) -> anyhow::Result<Vec<Vec<[f64; 2]>>> {
    let network = model.network();
    let of_population = |population: &net_core::Population| {
        let gids = population.first_gid()..population.first_gid() + population.size();
        gids.map(|gid| network.position(gid).map(|[x, y, _]| [x, y])).collect()
    };
    Ok(network.populations().iter().map(of_population).collect::<Result<_, net_core::Error>>()?)
}

fn raster(model: &Model, spikes: &[net_mpi::SpikeTime]) -> SpikeRaster {
    let population = |p: &net_core::Population| Population {
        name: p.name().to_owned(),
        first_gid: p.first_gid(),
        size: p.size(),
    };
    SpikeRaster {
        populations: model.network().populations().iter().map(population).collect(),
        spikes: spikes.iter().map(|spike| (spike.gid, spike.time_ms)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_ordered_by_depth() {
        let (depths, values) = by_depth(&[20.0, 0.0, 20.0], &[1.0, 2.0, 10.0, 20.0, 3.0, 6.0], 2);
        assert_eq!((depths, values), (vec![0.0, 20.0], vec![10.0, 20.0, 2.0, 4.0]));
    }
}
