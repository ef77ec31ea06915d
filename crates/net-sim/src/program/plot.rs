//! `net-sim plot`: pictures of a run's results.

mod files;
mod read;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use net_io::merge::RunReader;
use net_io::store::RunDirectory;
use net_sim::monitor::Recordings;
use net_sim::plot::{Format, Panel, RecordingsPlot};

use crate::say::{remark, say};

/// Draw what a run recorded, as PNG or SVG
///
/// RESULTS is the output directory of a run, also of one that was killed: then what was sealed is drawn.
/// Or it is a single file:
///
///   OUTPUT.h5        potentials of a laminar electrode by depth, and the signals of other probes
///   results.nio      spikes and signals, as a run or net-sim export has written them
///   spikes.h5        SONATA spikes
///   a report         SONATA samples
///
/// Of a directory without --panel the picture has the spikes of all populations, their rates, and the traces of the
/// first recording of potentials. With --panel it is a grid of panels, row by row in the order given:
///
///   POPULATION:spike:FORMAT    with raster, mean, hybrid, interspike or cv
///   RECORDING:VARIABLE:FORMAT  with line, line_mean, matrix or matrix_mean
///
/// VARIABLE is the variable of the recording, as `--list` names it, or an expression of it with
/// + - * / and parentheses. RECORDING/POPULATION takes the cells of one population only.
///
/// Examples:
///   net-sim plot out --list
///   net-sim plot out --out activity.svg --from 100 --to 200
///   net-sim plot out --panel E:spike:hybrid --panel I:spike:interspike --panel soma_v/E:v:line
///   net-sim plot out/OUTPUT.h5 --list
///   net-sim plot out/OUTPUT.h5 --probe RecExtElectrode0 --field E --out lfp.png
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Output directory of a run, or a file
    #[arg(value_name = "RESULTS")]
    results: PathBuf,
    /// The picture; its ending, .png or .svg, is the format [default: plot.png in the directory, or the
    /// file's name with .png]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A panel of the grid; may be given several times
    #[arg(long = "panel", value_name = "COMPARTMENT:VARIABLE:FORMAT", value_parser = panel_of)]
    panels: Vec<Panel>,
    /// Columns of the grid [default: 2, or 1 for a single panel]
    #[arg(long, value_name = "N")]
    columns: Option<usize>,
    /// First time shown, in ms
    #[arg(long, value_name = "MS")]
    from: Option<f64>,
    /// Last time shown, in ms
    #[arg(long, value_name = "MS")]
    to: Option<f64>,
    /// OUTPUT.h5: the probe that the map shows, or whose signals are drawn [default: the first laminar one]
    #[arg(long, value_name = "NAME")]
    probe: Option<String>,
    /// OUTPUT.h5: the contribution that the map shows: a population, a group or a type of current
    #[arg(long, value_name = "NAME", default_value = "imem")]
    field: String,
    /// Title of the picture [default: RESULTS]
    #[arg(long)]
    title: Option<String>,
    /// Most traces of a picture or panel without --panel
    #[arg(long, value_name = "N", default_value_t = 8)]
    traces: usize,
    /// Only say what can be drawn
    #[arg(long)]
    list: bool,
}

impl Args {
    fn title(&self) -> String {
        self.title.clone().unwrap_or_else(|| self.results.display().to_string())
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.results.is_file() {
        return files::run(args);
    }
    let run = RunDirectory::open(&args.results)?;
    let reader = RunReader::open(&run)?;
    if args.list {
        say!("{}", read::list(&reader)?.trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    let out = args.out.clone().unwrap_or_else(|| run.file("plot.png"));
    let title = args.title();
    if args.panels.is_empty() {
        let end_ms = reader.end_step() as f64 * reader.manifest().dt_ms;
        let window_ms = (args.from.unwrap_or(0.0), args.to.unwrap_or(end_ms));
        let activity = read::activity(&reader, title, window_ms, args.traces)?;
        activity.write(&out)?;
    } else {
        let recordings = read::recordings(&reader, &args.panels)?;
        for note in grid(args, &recordings, &title)?.write(&out)? {
            remark!("note: {note}");
        }
    }
    say!("{}", out.display())?;
    Ok(ExitCode::SUCCESS)
}

/// The panels on their grid.
fn grid<'r>(
    args: &Args,
    recordings: &'r Recordings,
    title: &str,
) -> anyhow::Result<RecordingsPlot<'r>> {
    let n = args.panels.len();
    let columns = args.columns.unwrap_or(n.min(2));
    if columns == 0 {
        bail!("--columns is 0; expected 1 or more");
    }
    let mut plot = RecordingsPlot::new(recordings, (n.div_ceil(columns), columns)).title(title);
    for (at, panel) in args.panels.iter().enumerate() {
        plot = plot.panel(Panel { position: at + 1, ..panel.clone() });
    }
    if args.from.is_some() || args.to.is_some() {
        let limits = args.panels.iter().map(|panel| {
            recordings.times().time_limits(0, &panel.compartment, None).map_err(anyhow::Error::from)
        });
        let limits = limits.collect::<anyhow::Result<Vec<_>>>()?;
        let first = limits.iter().map(|limits| limits.0).fold(f64::INFINITY, f64::min);
        let last = limits.iter().map(|limits| limits.1).fold(f64::NEG_INFINITY, f64::max);
        plot = plot.limits_ms(args.from.unwrap_or(first), args.to.unwrap_or(last));
    }
    Ok(plot)
}

/// A panel of `COMPARTMENT:VARIABLE:FORMAT`.
fn panel_of(text: &str) -> anyhow::Result<Panel> {
    let parts: Vec<&str> = text.split(':').collect();
    let [compartment, variable, format] = parts[..] else {
        bail!("expected COMPARTMENT:VARIABLE:FORMAT, as in E:spike:raster");
    };
    let known = Format::ALL.iter().find(|(name, _)| *name == format);
    let names = || Format::ALL.map(|(name, _)| name).join(", ");
    let (_, format) =
        known.with_context(|| format!("the format is '{format}'; expected one of {}", names()))?;
    Ok(Panel::new(1, compartment, variable, *format))
}
