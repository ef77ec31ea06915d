//! Pictures of single files: signals of probes, files for Neo, SONATA's spikes and reports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use net_io::nix::Value;
use net_io::nix::read::{NioReader, Recording, RecordingKind};
use net_io::probes::ProbeReader;
use net_io::sonata::{ReportReader, read_spikes};
use net_sim::plot::{DepthMap, Fields, Population, SignalPanel, SpikeRaster};

use super::Args;
use crate::say::say;

/// Panels of a figure, so that each has room.
const MOST_PANELS: usize = 4;
/// Values of a probe in memory; of longer signals every n-th sample is drawn.
const MOST_VALUES: usize = 1 << 23;

/// What a file has, and the time that it is of in ms.
struct Found {
    figure: Fields,
    /// What `--list` says.
    list: Vec<String>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if !args.panels.is_empty() {
        bail!("--panel is for the directory of a run; {} is a file", args.results.display());
    }
    let Found { mut figure, list } = read(args)?;
    if args.list {
        list.iter().try_for_each(|line| say!("{line}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    figure.window_ms.0 = args.from.unwrap_or(figure.window_ms.0);
    figure.window_ms.1 = args.to.unwrap_or(figure.window_ms.1);
    figure.title = args.title();
    let out = args.out.clone().unwrap_or_else(|| args.results.with_extension("png"));
    figure.write(&out)?;
    say!("{}", out.display())?;
    Ok(ExitCode::SUCCESS)
}

/// Reads a file of whatever kind it is.
fn read(args: &Args) -> anyhow::Result<Found> {
    let path = &args.results;
    if path.extension().is_some_and(|ending| ending == "nio") {
        return of_neo(path, args.traces);
    }
    let is_report = || ReportReader::open(path).ok().filter(|tables| !tables.is_empty());
    if let Ok(probes) = ProbeReader::open(path) {
        return of_probes(&probes, args);
    } else if let Some(tables) = is_report() {
        return of_report(path, &tables, args.traces);
    }
    of_spikes(path).with_context(|| {
        format!(
            "{}: expected OUTPUT.h5, a .nio file, SONATA spikes or a SONATA report",
            path.display()
        )
    })
}

fn figure(raster: SpikeRaster, map: Option<DepthMap>, panels: Vec<SignalPanel>) -> Fields {
    let ends = |t0_ms: f64, dt_ms: f64, n: usize| (t0_ms, t0_ms + dt_ms * n as f64);
    let of_panel = |p: &SignalPanel| {
        ends(p.t0_ms, p.dt_ms, p.curves.iter().map(|(_, values)| values.len()).max().unwrap_or(0))
    };
    let of_map = |m: &DepthMap| ends(m.t0_ms, m.dt_ms, m.values.len() / m.depths_um.len().max(1));
    let of_spikes = raster.spikes.iter().map(|&(_, time_ms)| (0.0, time_ms));
    let all = panels.iter().map(of_panel).chain(map.as_ref().map(of_map)).chain(of_spikes);
    let (first, last) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(first, last), own| {
        (f64::min(first, own.0), f64::max(last, own.1))
    });
    let window_ms = if first < last { (first, last) } else { (0.0, 1.0) };
    Fields { title: String::new(), window_ms, raster, map, panels }
}

/// A laminar probe as a map, others as signals.
fn of_probes(probes: &[ProbeReader], args: &Args) -> anyhow::Result<Found> {
    let list = probes.iter().map(|probe| {
        let ProbeReader { name, class, units, n_rows, n_written, fields, .. } = probe;
        let fields = fields.join(", ");
        format!("{name}  {class}, {n_rows} rows of {n_written} samples in {units}: {fields}")
    });
    let list = list.collect();
    let chosen = match &args.probe {
        Some(name) => {
            let known = || probes.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
            let found = probes.iter().find(|probe| probe.name == *name);
            Some(
                found.with_context(|| {
                    format!("there is no probe '{name}'; there are: {}", known())
                })?,
            )
        }
        None => probes.iter().find(|probe| depths(probe).is_some()),
    };
    let map = match chosen.and_then(|probe| Some((probe, depths(probe)?))) {
        Some((probe, depths)) => Some(depth_map(probe, &depths, args)?),
        None => None,
    };
    let is_shown = |probe: &&ProbeReader| match (&args.probe, chosen) {
        // Of a probe that was asked for all signals, if they make no map.
        (Some(_), Some(chosen)) => chosen.name == probe.name && map.is_none(),
        (_, chosen) => chosen.is_none_or(|chosen| chosen.name != probe.name),
    };
    let mut panels = Vec::new();
    for probe in probes.iter().filter(is_shown).take(MOST_PANELS) {
        panels.push(signals(probe, args)?);
    }
    Ok(Found { figure: figure(SpikeRaster::default(), map, panels), list })
}

/// The rows of a probe from the lowest to the highest contact, with their places along the electrode in
/// um; none if its contacts are not on a straight line.
fn depths(probe: &ProbeReader) -> Option<Vec<(usize, f64)>> {
    let contacts = probe.contacts_um.as_ref()?;
    let (first, last) = (contacts.first()?, contacts.last()?);
    let along: [f64; 3] = std::array::from_fn(|k| last[k] - first[k]);
    let length = along.iter().map(|x| x * x).sum::<f64>().sqrt();
    if contacts.len() < 3 || length == 0.0 {
        return None;
    }
    // Shown as the coordinate that changes most, which is what the user has placed contacts by.
    let axis = (0..3).max_by(|&a, &b| along[a].abs().total_cmp(&along[b].abs()))?;
    let is_on_line = |contact: &[f64; 3]| {
        let from: [f64; 3] = std::array::from_fn(|k| contact[k] - first[k]);
        let share = (0..3).map(|k| from[k] * along[k]).sum::<f64>() / (length * length);
        (0..3).all(|k| (from[k] - share * along[k]).abs() <= 1e-6 * length)
    };
    if !contacts.iter().all(is_on_line) {
        return None;
    }
    let mut rows: Vec<(usize, f64)> =
        contacts.iter().enumerate().map(|(row, contact)| (row, contact[axis])).collect();
    rows.sort_by(|a, b| a.1.total_cmp(&b.1));
    Some(rows)
}

/// The samples of a row in the time that is shown, every so many.
struct Shown {
    samples: std::ops::Range<usize>,
    every: usize,
    t0_ms: f64,
    dt_ms: f64,
}

impl Shown {
    fn new(probe: &ProbeReader, n_rows: usize, args: &Args) -> Self {
        let at = |time_ms: f64| ((time_ms - probe.start_ms) / probe.interval_ms).max(0.0) as usize;
        let end = args.to.map_or(probe.n_written, |to| (at(to) + 2).min(probe.n_written));
        let start = args.from.map_or(0, at).min(end);
        let every = (n_rows * (end - start)).div_ceil(MOST_VALUES).max(1);
        let (t0_ms, dt_ms) = (probe.time_ms(start), probe.interval_ms * every as f64);
        Shown { samples: start..end, every, t0_ms, dt_ms }
    }

    fn read(&self, probe: &ProbeReader, field: &str, row: usize) -> anyhow::Result<Vec<f64>> {
        let values = probe.read(field, row..row + 1, self.samples.clone())?;
        Ok(values.into_iter().step_by(self.every).collect())
    }
}

/// Potentials are small: uV, as electrodes are read.
fn scale(units: &str) -> (f64, &str) {
    if units == "mV" { (1e3, "uV") } else { (1.0, units) }
}

fn depth_map(probe: &ProbeReader, rows: &[(usize, f64)], args: &Args) -> anyhow::Result<DepthMap> {
    let shown = Shown::new(probe, rows.len(), args);
    let (factor, unit) = scale(&probe.units);
    let mut values = Vec::new();
    for &(row, _) in rows {
        let own = shown.read(probe, &args.field, row)?;
        values.extend(own.into_iter().map(|value| factor * value));
    }
    let of = if args.field == "imem" { "all cells" } else { &args.field };
    Ok(DepthMap {
        heading: format!("{} of {of} by depth (um)", probe.name),
        unit: unit.to_owned(),
        depths_um: rows.iter().map(|&(_, depth_um)| depth_um).collect(),
        t0_ms: shown.t0_ms,
        dt_ms: shown.dt_ms,
        values,
    })
}

/// Some rows of a probe; of a probe with one row all its fields.
fn signals(probe: &ProbeReader, args: &Args) -> anyhow::Result<SignalPanel> {
    let n_rows = probe.n_rows.min(args.traces);
    let shown = Shown::new(probe, n_rows, args);
    let (factor, unit) = scale(&probe.units);
    let mut curves = Vec::new();
    for row in 0..n_rows {
        let values = shown.read(probe, &args.field, row)?;
        let name = match (probe.class.as_str(), row) {
            ("CurrentDipoleMoment", 0..3) => ["x", "y", "z"][row].to_owned(),
            _ => format!("row {row}"),
        };
        curves.push((name, values.into_iter().map(|value| factor * value).collect()));
    }
    let heading = format!("{} ({unit})", probe.name);
    Ok(SignalPanel { heading, t0_ms: shown.t0_ms, dt_ms: shown.dt_ms, curves })
}

fn of_spikes(path: &Path) -> anyhow::Result<Found> {
    let mut raster = SpikeRaster::default();
    let mut list = Vec::new();
    for table in read_spikes(path)? {
        let name = table.population.unwrap_or_else(|| "spikes".to_owned());
        let size = table.node_ids.iter().max().map_or(0, |last| last + 1);
        let first_gid = raster.populations.last().map_or(0, |p| p.first_gid + p.size);
        list.push(format!("{name}:spike  {} spikes of nodes below {size}", table.node_ids.len()));
        let own = table.node_ids.iter().zip(&table.timestamps_ms);
        raster.spikes.extend(own.map(|(node, &time_ms)| (first_gid + node, time_ms)));
        raster.populations.push(Population { name, first_gid, size });
    }
    Ok(Found { figure: figure(raster, None, Vec::new()), list })
}

fn of_report(path: &Path, tables: &[ReportReader], n_traces: usize) -> anyhow::Result<Found> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let (mut panels, mut list) = (Vec::new(), Vec::new());
    for table in tables {
        let ReportReader { population, units, start_ms, interval_ms, n_samples, .. } = table;
        list.push(format!(
            "{population}  {} nodes in {units}, {n_samples} samples every {interval_ms} ms",
            table.node_ids.len()
        ));
        let mut curves = Vec::new();
        for (at, node) in table.node_ids.iter().enumerate().take(n_traces) {
            if let Some(column) = table.columns_of(at).next() {
                curves.push((format!("{population} {node}"), table.read(column, 0..*n_samples)?));
            }
        }
        panels.push(SignalPanel {
            heading: format!("{stem}, {population} ({units})"),
            t0_ms: *start_ms,
            dt_ms: *interval_ms,
            curves,
        });
    }
    panels.truncate(MOST_PANELS);
    Ok(Found { figure: figure(SpikeRaster::default(), None, panels), list })
}

/// The first block of a file for Neo.
fn of_neo(path: &Path, n_traces: usize) -> anyhow::Result<Found> {
    let blocks = NioReader::open(path)?.blocks()?;
    let block = blocks.first().with_context(|| format!("{}: no block", path.display()))?;
    let mut spikes: BTreeMap<String, Vec<(u64, f64)>> = BTreeMap::new();
    let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
    let mut panels: Vec<Growing> = Vec::new();
    block.recordings(|recording| {
        match recording.kind {
            RecordingKind::Spikes { .. } => {
                let to_ms = milliseconds(&recording.units);
                let cell = recording.cell_id.unwrap_or(0).max(0) as u64;
                let population = recording.ps_name.unwrap_or(recording.device);
                let size = sizes.entry(population.clone()).or_default();
                *size = (*size).max(cell + 1);
                let times = recording.data.iter().map(|time| (cell, time * to_ms));
                spikes.entry(population).or_default().extend(times);
            }
            RecordingKind::Samples { .. } => add_samples(&mut panels, recording, n_traces),
        }
        Ok(())
    })?;
    let mut raster = SpikeRaster::default();
    let mut list = Vec::new();
    for (name, size) in sizes {
        let first_gid = raster.populations.last().map_or(0, |p| p.first_gid + p.size);
        let own = spikes.remove(&name).unwrap_or_default();
        list.push(format!("{name}:spike  {} spikes of {size} cells", own.len()));
        raster.spikes.extend(own.into_iter().map(|(cell, time_ms)| (first_gid + cell, time_ms)));
        raster.populations.push(Population { name, first_gid, size });
    }
    list.extend(
        panels.iter().map(|panel| format!("{}  {} traces", panel.heading, panel.names.len())),
    );
    if list.is_empty() {
        bail!("{}: nothing in it says which cell or device it is of", path.display());
    }
    let panels = panels.into_iter().take(MOST_PANELS).map(Growing::finish).collect();
    Ok(Found { figure: figure(raster, None, panels), list })
}

fn milliseconds(units: &str) -> f64 {
    match units {
        "s" => 1e3,
        "us" => 1e-3,
        _ => 1.0,
    }
}

/// Signals of one device on one clock, which segments make longer.
struct Growing {
    device: String,
    heading: String,
    t0_ms: f64,
    dt_ms: f64,
    /// Names of all signals.
    names: BTreeSet<String>,
    /// Those that are drawn, with their number.
    curves: BTreeMap<String, (usize, Vec<f64>)>,
}

/// Puts samples behind those of the segments before; what was not recorded in between is NaN.
fn add_samples(panels: &mut Vec<Growing>, recording: Recording, n_traces: usize) {
    let RecordingKind::Samples { start, interval, ref time_units } = recording.kind else { return };
    let to_ms = milliseconds(time_units);
    let (start_ms, dt_ms) = (start * to_ms, interval * to_ms);
    let place = |name: &str| match recording.annotations.iter().find(|(known, _)| *known == name) {
        Some((_, Value::Int(value))) => format!(":{value}"),
        Some((_, Value::Text(value))) => format!(":{value}"),
        _ => String::new(),
    };
    let cell = match (&recording.ps_name, recording.cell_id) {
        (Some(name), Some(cell)) => format!("{name} {cell}"),
        _ => recording.device.clone(),
    };
    let key = [cell, place("bsb_segment"), place("bsb_label"), place("bsb_synapse")].concat();
    let same = |p: &&mut Growing| p.device == recording.device && p.dt_ms == dt_ms;
    let panel = match panels.iter_mut().find(same) {
        Some(panel) => panel,
        None => {
            let units = recording.annotations.iter().find_map(|(known, value)| match value {
                Value::Text(units) if known == "units" => Some(units.clone()),
                _ => None,
            });
            let units = units.unwrap_or(recording.units);
            panels.push(Growing {
                heading: format!("{}: {} ({units})", recording.device, recording.name),
                device: recording.device.clone(),
                t0_ms: start_ms,
                dt_ms,
                names: BTreeSet::new(),
                curves: BTreeMap::new(),
            });
            let last = panels.len() - 1;
            &mut panels[last]
        }
    };
    panel.names.insert(key.clone());
    let number = panel.curves.len();
    if number == n_traces && !panel.curves.contains_key(&key) {
        return;
    }
    let (_, values) = panel.curves.entry(key).or_insert_with(|| (number, Vec::new()));
    let first = ((start_ms - panel.t0_ms) / dt_ms).round().max(0.0) as usize;
    values.resize(values.len().max(first), f64::NAN);
    values.extend(recording.data);
}

impl Growing {
    fn finish(self) -> SignalPanel {
        let mut curves: Vec<_> = self.curves.into_iter().collect();
        curves.sort_by_key(|(_, (number, _))| *number);
        let curves = curves.into_iter().map(|(name, (_, values))| (name, values)).collect();
        SignalPanel { heading: self.heading, t0_ms: self.t0_ms, dt_ms: self.dt_ms, curves }
    }
}
