//! `net-sim export`: recordings for other programs.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::ValueEnum;
use net_io::export::{Selection, export};
use net_io::merge::RunReader;
use net_io::nix::{Dialect, NioOptions, write_nio};
use net_io::provenance::Provenance;
use net_io::store::{Gaps, Ranges, RunDirectory};

use crate::say::say;

/// Write the recordings of a run, or some of them, for other programs
///
/// Reads merged files or, before a run is merged or after it was killed, the chunks of its ranks.
///
/// Formats:
///   nix     results.nio, which Neo and nixio open
///   sonata  spikes.h5, and a report for each signal and population
///   csv     spikes.csv, and a table for each signal
///   npy     arrays of NumPy: times and node ids of spikes, a matrix for each signal
///
/// With populations, cells, signals or times only those are written, in every format. nix goes into the
/// run's directory, but with a selection into export-nix in it.
///
/// Examples:
///   net-sim export out --format nix
///   net-sim export out --format nix --population E --from 100 --to 200
///   net-sim export out --format csv --signal soma_v --gid 0-9,17 --from 100 --to 200 --to-directory text
///   net-sim export out --format npy --population E --no-spikes
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Directory of the run
    directory: PathBuf,
    /// What to write
    #[arg(long)]
    format: Format,
    /// Where to write it [default: the run's directory for nix of all, else export-<format> in it]
    #[arg(long, value_name = "DIR")]
    to_directory: Option<PathBuf>,
    /// Populations, all unless said
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    population: Vec<String>,
    /// Cells, all unless said: gids and ranges of them, as 0-9,17
    #[arg(long, value_name = "GIDS")]
    gid: Option<String>,
    /// Signals, all unless said
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    signal: Vec<String>,
    /// Leave spikes out
    #[arg(long)]
    no_spikes: bool,
    /// First time in ms
    #[arg(long, value_name = "MS", default_value_t = 0.0)]
    from: f64,
    /// Time in ms at which to stop, itself left out
    #[arg(long, value_name = "MS")]
    to: Option<f64>,
    /// Mark chunks that are missing or damaged instead of refusing them
    #[arg(long)]
    allow_gaps: bool,
    /// nix: objects a recorded thing, or multiplexed, one a device [default: by size]
    #[arg(long)]
    dialect: Option<DialectName>,
    /// nix: simulated time of a segment in ms [default: one segment]
    #[arg(long, value_name = "MS")]
    segment_ms: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Nix,
    Sonata,
    Csv,
    Npy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DialectName {
    PerObject,
    Multiplexed,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let run = RunDirectory::open(&args.directory)?;
    let reader = match run.file(RunDirectory::SPIKES).exists() {
        true => RunReader::open_merged(&run)?,
        false if args.allow_gaps => RunReader::open_chunks(&run, Gaps::Mark)?,
        false => RunReader::open_chunks(&run, Gaps::Refuse)?,
    };
    let selection = selection(args, reader.manifest().dt_ms)?;
    let format = match args.format {
        Format::Nix => {
            write_for_neo(args, &reader, &selection)?;
            return Ok(ExitCode::SUCCESS);
        }
        Format::Sonata => net_io::export::Format::Sonata,
        Format::Csv => net_io::export::Format::Csv,
        Format::Npy => net_io::export::Format::Npy,
    };
    let usual = || run.file(&format!("export-{}", format!("{:?}", args.format).to_lowercase()));
    let directory = args.to_directory.clone().unwrap_or_else(usual);
    for path in export(&reader, &selection, format, &directory)? {
        say!("{}", path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn selection(args: &Args, dt_ms: f64) -> anyhow::Result<Selection> {
    let step = |time_ms: f64| -> anyhow::Result<u64> {
        if !(time_ms.is_finite() && time_ms >= 0.0) {
            bail!("time {time_ms} ms: expected 0 or more");
        }
        Ok((time_ms / dt_ms).round() as u64)
    };
    let some = |names: &[String]| (!names.is_empty()).then(|| names.to_vec());
    Ok(Selection {
        steps: step(args.from)?..args.to.map_or(Ok(u64::MAX), step)?,
        populations: some(&args.population),
        gids: args.gid.as_deref().map(gids).transpose()?,
        signals: some(&args.signal),
        spikes: !args.no_spikes,
    })
}

/// Gids from `0-9,17`.
fn gids(text: &str) -> anyhow::Result<Ranges> {
    let piece = |piece: &str| -> anyhow::Result<std::ops::Range<u64>> {
        let (first, last) = piece.split_once('-').unwrap_or((piece, piece));
        let number = |text: &str| text.trim().parse::<u64>();
        let wrong = || format!("--gid: `{piece}` is no gid and no range of gids as 0-9");
        let (first, last) = (number(first).with_context(wrong)?, number(last).with_context(wrong)?);
        if last < first {
            bail!("--gid: `{piece}` ends before it begins");
        }
        Ok(first..last.saturating_add(1))
    };
    text.split(',').map(piece).collect()
}

/// What is selected as a file for Neo.
fn write_for_neo(args: &Args, reader: &RunReader, selection: &Selection) -> anyhow::Result<()> {
    let manifest = reader.manifest();
    let provenance = Provenance::read(reader.run())?
        .unwrap_or_else(|| Provenance::new("simulation", manifest.seed, manifest.dt_ms));
    let mut options = NioOptions::new(provenance);
    options.configuration = serde_json::json!(manifest.attributes);
    options.dialect = match args.dialect {
        None => options.dialect,
        Some(DialectName::PerObject) => Dialect::PerObject,
        Some(DialectName::Multiplexed) => Dialect::Multiplexed,
    };
    if let Some(segment_ms) = args.segment_ms {
        let steps = (segment_ms / manifest.dt_ms).round();
        if steps.is_nan() || steps < 1.0 {
            bail!("--segment-ms: {segment_ms} ms is less than a step");
        }
        let begin = selection.steps.start;
        let end = selection.steps.end.min(reader.end_step().saturating_sub(1));
        options.checkpoints = (begin..end).step_by(steps as usize).skip(1).collect();
    }
    options.selection = selection.clone();
    let usual = match *selection == Selection::default() {
        true => reader.run().path().to_owned(),
        false => reader.run().file("export-nix"),
    };
    let directory = args.to_directory.clone().unwrap_or(usual);
    std::fs::create_dir_all(&directory)
        .with_context(|| format!("cannot create {}", directory.display()))?;
    let path = directory.join(RunDirectory::NIO);
    write_nio(reader, &path, &options)?;
    say!("{}", path.display())?;
    Ok(())
}
