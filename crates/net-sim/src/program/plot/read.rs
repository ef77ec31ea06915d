//! What a run recorded, as far as a picture needs it.

use std::fmt::Write;

use anyhow::{Context, bail};
use net_io::merge::{RunReader, SignalReader};
use net_io::store::Population;
use net_sim::monitor::{RecordedPart, Recordings};
use net_sim::plot::{Activity, Panel, SpikeRaster, Trace, Traces};

/// What can be drawn.
pub(super) fn list(reader: &RunReader) -> anyhow::Result<String> {
    let manifest = reader.manifest();
    let mut text = String::new();
    let end_ms = reader.end_step() as f64 * manifest.dt_ms;
    writeln!(text, "recorded until {end_ms} ms in steps of {} ms", manifest.dt_ms)?;
    for Population { name, first_gid, size } in &manifest.populations {
        writeln!(text, "{name}:spike  {size} cells, gids from {first_gid}")?;
    }
    for (at, signal) in manifest.signals.iter().enumerate() {
        let n = reader.signal(at)?.columns().len();
        let every_ms = signal.grid.interval_steps as f64 * manifest.dt_ms;
        let (name, variable, units) = (&signal.name, &signal.variable, &signal.units);
        writeln!(text, "{name}:{variable}  {n} traces in {units}, every {every_ms} ms")?;
    }
    Ok(text)
}

/// The recordings that some panels show.
pub(super) fn recordings(reader: &RunReader, panels: &[Panel]) -> anyhow::Result<Recordings> {
    let manifest = reader.manifest();
    let mut parts: Vec<RecordedPart> = Vec::new();
    for Panel { compartment, variable, .. } in panels {
        if parts.iter().any(|part| part.compartment == *compartment) {
            continue;
        }
        let population = manifest.populations.iter().position(|p| p.name == *compartment);
        let part = match population.filter(|_| variable == "spike") {
            Some(population) => spikes(reader, population)?,
            None => signal(reader, compartment)?,
        };
        parts.push(RecordedPart { compartment: compartment.clone(), ..part });
    }
    Ok(Recordings::from_parts(manifest.dt_ms, parts)?)
}

/// The spikes of a population.
fn spikes(reader: &RunReader, population: usize) -> anyhow::Result<RecordedPart> {
    let Population { first_gid, size, .. } = reader.manifest().populations[population];
    let mut cells = vec![Vec::new(); size as usize];
    reader.spikes(population, 0..reader.end_step(), |spikes| {
        for spike in spikes {
            // The reader has checked that the gid is the population's.
            if let Some(steps) = cells.get_mut((spike.gid - first_gid) as usize) {
                steps.push(spike.step);
            }
        }
        Ok(())
    })?;
    let periods = vec![(0, reader.end_step())];
    Ok(RecordedPart { interval_steps: 1, periods, spikes: Some(cells), ..RecordedPart::default() })
}

/// A recording, or those of its rows that belong to a population.
fn signal(reader: &RunReader, name: &str) -> anyhow::Result<RecordedPart> {
    let manifest = reader.manifest();
    let (recording, population) = match name.split_once('/') {
        Some((recording, population)) => (recording, Some(population)),
        None => (name, None),
    };
    let Some(at) = manifest.signals.iter().position(|signal| signal.name == recording) else {
        let signals = manifest.signals.iter().map(|signal| signal.name.as_str());
        let populations = manifest.populations.iter().map(|p| p.name.as_str());
        let known = populations.chain(signals).collect::<Vec<_>>().join(", ");
        bail!("nothing of '{name}' was recorded; recorded are: {known}");
    };
    let signal = reader.signal(at)?;
    let rows: Vec<usize> = match population {
        None => (0..signal.columns().len()).collect(),
        Some(population) => {
            let found = manifest.populations.iter().find(|p| p.name == population);
            let p = found.with_context(|| format!("'{name}': there is no such population"))?;
            let is_own = |row: &usize| {
                let gid = signal.columns()[*row].gid;
                (p.first_gid..p.first_gid + p.size).contains(&gid)
            };
            (0..signal.columns().len()).filter(is_own).collect()
        }
    };
    let (interval_steps, n_samples) = (signal.signal().grid.interval_steps, signal.n_samples());
    let mut array = ndarray::Array2::zeros((n_samples, rows.len()));
    for (column, &row) in rows.iter().enumerate() {
        let values: Vec<f64> = signal.read(row..row + 1, 0..n_samples)?;
        array.column_mut(column).assign(&ndarray::ArrayView1::from(&values));
    }
    let periods = periods(&signal, interval_steps);
    let offset_steps = periods.first().map_or(0, |(start, _)| start % interval_steps);
    let (variable, units) = (signal.signal().variable.clone(), signal.signal().units.clone());
    Ok(RecordedPart {
        interval_steps,
        offset_steps,
        periods,
        arrays: vec![(variable, units, array)],
        ..RecordedPart::default()
    })
}

/// The steps in which samples follow each other without a pause.
fn periods(signal: &SignalReader, interval_steps: u64) -> Vec<(u64, u64)> {
    let mut periods: Vec<(u64, u64)> = Vec::new();
    for step in (0..signal.n_samples()).map(|sample| signal.step_of(sample)) {
        match periods.last_mut() {
            Some((_, end)) if *end == step => *end = step + interval_steps,
            _ => periods.push((step, step + interval_steps)),
        }
    }
    periods
}

/// Spikes of all populations and the first traces of potentials.
pub(super) fn activity(
    reader: &RunReader,
    title: String,
    window_ms: (f64, f64),
    n_traces: usize,
) -> anyhow::Result<Activity> {
    let manifest = reader.manifest();
    let mut raster = SpikeRaster::default();
    for (at, Population { name, first_gid, size }) in manifest.populations.iter().enumerate() {
        let (name, first_gid, size) = (name.clone(), *first_gid, *size);
        raster.populations.push(net_sim::plot::Population { name, first_gid, size });
        reader.spikes(at, 0..reader.end_step(), |spikes| {
            let time_ms = |step: u64| step as f64 * manifest.dt_ms;
            raster.spikes.extend(spikes.iter().map(|spike| (spike.gid, time_ms(spike.step))));
            Ok(())
        })?;
    }
    let first = manifest.signals.iter().position(|signal| signal.units == "mV");
    let traces = match first {
        Some(at) => traces(reader, &reader.signal(at)?, n_traces)?,
        None => Traces::default(),
    };
    Ok(Activity { title, window_ms, raster, traces })
}

/// Some traces of a recording: of every population as many as there are room for, in turn.
fn traces(reader: &RunReader, signal: &SignalReader, n: usize) -> anyhow::Result<Traces> {
    let manifest = reader.manifest();
    let n_each = n / manifest.populations.len().max(1);
    let mut cells = Vec::new();
    for Population { name, first_gid, size } in &manifest.populations {
        let own = first_gid..&(first_gid + size);
        let rows = signal.columns().iter().enumerate().filter(|(_, c)| own.contains(&&c.gid));
        for (row, column) in rows.take(n_each.max(1)) {
            let values_mv = signal.read(row..row + 1, 0..signal.n_samples())?;
            let label = format!("{name} {}", column.gid);
            cells.push(Trace { label, gid: column.gid, values_mv });
        }
    }
    let grid = signal.signal().grid;
    let time_ms = |steps: u64| steps as f64 * manifest.dt_ms;
    Ok(Traces { t0_ms: time_ms(signal.step_of(0)), dt_ms: time_ms(grid.interval_steps), cells })
}
