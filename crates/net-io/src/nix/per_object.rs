//! One object for each recorded thing.

use crate::error::Result;
use crate::merge::SignalReader;
use crate::nix::results::{Part, batch_rows, cell, copy_samples};
use crate::nix::{Annotations, Object, Sample, Sampling, Segment, Span};
use crate::store::{Column, SampleType, Spike};

/// Spikes held in memory, of all cells together.
const BUFFERED_SPIKES: usize = 1 << 20;
/// Spike trains that are written at once.
const OPEN_TRAINS: u64 = 1 << 14;

/// Writes everything recorded between two checkpoints; gives the number of spikes.
pub(crate) fn write(segment: &Segment, part: &Part) -> Result<u64> {
    let manifest = part.reader.manifest();
    let mut n_spikes = 0;
    for population in 0..manifest.populations.len() {
        let size = manifest.populations[population].size;
        for first in (0..size).step_by(OPEN_TRAINS as usize) {
            let cells = first..(first + OPEN_TRAINS).min(size);
            n_spikes += write_trains(segment, part, population, cells)?;
        }
    }
    for index in 0..manifest.signals.len() {
        let signal = part.reader.signal(index)?;
        match signal.signal().sample_type {
            SampleType::F32 => write_signal::<f32>(segment, part, &signal)?,
            SampleType::F64 => write_signal::<f64>(segment, part, &signal)?,
        }
    }
    Ok(n_spikes)
}

/// Writes the spike trains of some cells of a population, also those without spikes.
fn write_trains(
    segment: &Segment,
    part: &Part,
    population: usize,
    cells: std::ops::Range<u64>,
) -> Result<u64> {
    let device = &part.options.spike_device;
    let baseline = part.baseline(device, "cell");
    let index = population;
    let population = &part.reader.manifest().populations[index];
    let (start, stop) = (part.time_s(part.steps.start), part.time_s(part.stop_step));
    let mut trains = Vec::new();
    for gid in cells.start + population.first_gid..cells.end + population.first_gid {
        let annotations = baseline.clone().and(&cell(population, gid));
        // Neo's lazy reader cannot open a file with a train that has no name.
        let name = format!("{} {}", population.name, gid - population.first_gid);
        let object = Object { annotations, ..Object::named(name) };
        trains.push(segment.spike_train(&object, Span { start, stop, units: "s" })?);
    }
    let mut n_spikes = 0;
    let mut buffers: Vec<Vec<f64>> = vec![Vec::new(); trains.len()];
    let mut n_buffered = 0;
    part.reader.spikes(index, part.steps.clone(), |spikes| {
        for &Spike { step, gid } in spikes {
            let place = gid - population.first_gid;
            if cells.contains(&place) {
                buffers[(place - cells.start) as usize].push(part.time_s(step));
                n_buffered += 1;
            }
        }
        if BUFFERED_SPIKES <= n_buffered {
            n_spikes += n_buffered as u64;
            n_buffered = 0;
            for (train, times) in trains.iter_mut().zip(&mut buffers) {
                train.push(times)?;
                times.clear();
            }
        }
        Ok(())
    })?;
    for (mut train, times) in trains.into_iter().zip(&buffers) {
        train.push(times)?;
        train.finish()?;
    }
    Ok(n_spikes + n_buffered as u64)
}

fn write_signal<T: Sample>(segment: &Segment, part: &Part, signal: &SignalReader) -> Result<()> {
    let samples = signal.samples_of(part.steps.clone());
    if samples.is_empty() {
        return Ok(());
    }
    let description = signal.signal();
    let (units, other_units) = part.units(&description.units);
    let sampling = Sampling {
        start: part.time_s(signal.step_of(samples.start)),
        interval: part.time_s(description.grid.interval_steps),
        time_units: "s",
        units: &units,
    };
    let n_rows = signal.columns().len();
    let batch = batch_rows(samples.len());
    for first in (0..n_rows).step_by(batch) {
        let rows = first..(first + batch).min(n_rows);
        let (mut signals, mut channels) = (Vec::new(), Vec::new());
        for &column in &signal.columns()[rows.clone()] {
            let mut object = Object::named(&description.variable);
            object.annotations = annotations(part, signal, column);
            if let Some(units) = &other_units {
                object.annotations.set("units", units.as_str());
            }
            let mut analog = segment.analog_signal(&object, sampling, samples.len())?;
            channels.push(analog.channel::<T>()?);
            signals.push(analog);
        }
        copy_samples(signal, rows, samples.clone(), &mut channels)?;
        for (channel, signal) in channels.into_iter().zip(signals) {
            channel.finish()?;
            signal.finish()?;
        }
    }
    Ok(())
}

/// What is said about a column: its cell and where in it, or of which device it is.
fn annotations(part: &Part, signal: &SignalReader, column: Column) -> Annotations {
    let description = signal.signal();
    let device = part.device(&description.name, &description.variable);
    let population = part.reader.manifest().population_of(column.gid);
    let place = part.place(column);
    let kind = match (&population, &place) {
        (None, _) => "device",
        (Some(_), None) if column.segment == 0 => "cell",
        _ => "compartment",
    };
    let mut annotations = part.baseline(&device, kind);
    if let Some((_, population)) = population {
        annotations = annotations.and(&cell(population, column.gid));
        annotations.set("bsb_segment", column.segment);
    }
    if let Some(place) = place {
        annotations.set("bsb_section", place.section);
        annotations.set("bsb_arc", place.arc);
    }
    if let Some(label) = description.labels.get(column.label as usize) {
        annotations.set("bsb_label", label.as_str());
    }
    annotations
}
