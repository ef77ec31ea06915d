//! One object for each recorded thing.

use crate::error::Result;
use crate::export::ChosenSignal;
use crate::merge::SignalReader;
use crate::nix::results::{Part, batch_rows, cell, copy_samples};
use crate::nix::{Annotations, Object, Sample, Sampling, Segment, Span};
use crate::store::{Population, SampleType, Spike, SpikeRecorder};

/// Spikes held in memory, of all cells together.
const BUFFERED_SPIKES: usize = 1 << 20;
/// Spike trains that are written at once.
const OPEN_TRAINS: usize = 1 << 14;

/// Writes everything recorded between two checkpoints; gives the number of spikes.
pub(crate) fn write(segment: &Segment, part: &Part) -> Result<u64> {
    let manifest = part.reader.manifest();
    let mut n_spikes = 0;
    for &(recorder, SpikeRecorder { ref roster, .. }) in part.recorders {
        for (population, Population { first_gid, size, .. }) in
            manifest.populations.iter().enumerate()
        {
            let gids: Vec<u64> =
                roster.clipped(*first_gid..first_gid + size).iter().flatten().collect();
            for some in gids.chunks(OPEN_TRAINS) {
                n_spikes += write_trains(segment, part, recorder, population, some)?;
            }
        }
    }
    for &index in &part.chosen.signals {
        let ChosenSignal { reader: signal, rows, .. } = part.chosen.signal(index)?;
        match signal.signal().sample_type {
            SampleType::F32 => write_signal::<f32>(segment, part, &signal, &rows)?,
            SampleType::F64 => write_signal::<f64>(segment, part, &signal, &rows)?,
        }
    }
    Ok(n_spikes)
}

/// Writes the spike trains of some cells of a population, also those without spikes.
fn write_trains(
    segment: &Segment,
    part: &Part,
    recorder: usize,
    population: usize,
    gids: &[u64],
) -> Result<u64> {
    let device = &part.reader.spike_recorders()[recorder].device;
    let mut baseline = part.baseline(device, "cell");
    if let Some(recorded) = part.recorded_ms(recorder) {
        baseline.set("bsb_recorded_ms", recorded);
    }
    let Population { name, first_gid, .. } = &part.reader.manifest().populations[population];
    let (start, stop) = (part.time_s(part.steps.start), part.time_s(part.stop_step));
    let mut trains = Vec::new();
    for &gid in gids {
        let population = &part.reader.manifest().populations[population];
        let annotations = baseline.clone().and(&cell(population, gid));
        // Neo's lazy reader cannot open a file with a train that has no name.
        let object = Object { annotations, ..Object::named(format!("{name} {}", gid - first_gid)) };
        trains.push(segment.spike_train(&object, Span { start, stop, units: "s" })?);
    }
    let mut n_spikes = 0;
    let mut buffers: Vec<Vec<f64>> = vec![Vec::new(); trains.len()];
    let mut n_buffered = 0;
    part.reader.recorded_spikes(recorder, population, part.steps.clone(), |spikes| {
        for &Spike { step, gid } in spikes {
            if let Ok(train) = gids.binary_search(&gid) {
                buffers[train].push(part.time_s(step));
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

fn write_signal<T: Sample>(
    segment: &Segment,
    part: &Part,
    signal: &SignalReader,
    rows: &[usize],
) -> Result<()> {
    let description = signal.signal();
    let (units, other_units) = part.units(&description.units);
    for samples in signal.stretches_of(part.steps.clone()) {
        let sampling = Sampling {
            start: part.time_s(signal.step_of(samples.start)),
            interval: part.time_s(description.grid.interval_steps),
            time_units: "s",
            units: &units,
        };
        for rows in rows.chunks(batch_rows(samples.len())) {
            let (mut signals, mut channels) = (Vec::new(), Vec::new());
            for &row in rows {
                let mut object = Object::named(&description.variable);
                object.annotations = annotations(part, signal, row);
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
    }
    Ok(())
}

/// What is said about a column: its cell and where in it, or of which device it is.
fn annotations(part: &Part, signal: &SignalReader, row: usize) -> Annotations {
    let (description, column) = (signal.signal(), signal.columns()[row]);
    let population = part.reader.manifest().population_of(column.gid);
    let place = signal.place(row);
    let kind = match (&description.recording_kind, &population, &place) {
        (Some(kind), ..) => kind,
        (None, None, _) => "device",
        (None, Some(_), None) if column.segment == 0 => "cell",
        _ => "compartment",
    };
    let mut annotations = part.baseline(&description.device(), kind);
    if let Some((_, population)) = population {
        annotations = annotations.and(&cell(population, column.gid));
        annotations.set("bsb_segment", column.segment);
    }
    if let Some(place) = place {
        annotations.set("bsb_section", place.section);
        annotations.set("bsb_arc", place.arc);
    }
    part.describe_column(signal, row, &mut annotations);
    annotations
}
