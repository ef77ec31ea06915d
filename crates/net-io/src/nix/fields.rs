//! Signals of probes: potentials at contacts, dipoles, EEG.

use std::ops::Range;

use crate::error::Result;
use crate::export::Selection;
use crate::merge::RunReader;
use crate::nix::results::{Part, batch_rows};
use crate::nix::{Object, Sampling, Segment, Value};
use crate::probes::ProbeReader;
use crate::store::{Device, Direction, RunDirectory};

/// Samples of a channel read at once.
const TILE_SAMPLES: usize = 1 << 15;

/// The probes whose signals are written: all that stand in the run's file of them, if the selection does
/// not ask for some populations, cells or signals, none of which a field belongs to.
pub(crate) fn open(reader: &RunReader, selection: &Selection) -> Result<Vec<ProbeReader>> {
    let Selection { populations, gids, signals, .. } = selection;
    let path = reader.run().file(RunDirectory::SIGNALS);
    let is_all = populations.is_none() && gids.is_none() && signals.is_none();
    if !is_all || !path.exists() { Ok(Vec::new()) } else { ProbeReader::open(&path) }
}

/// Writes what probes measured between two checkpoints: an analog signal a field, with a channel a row.
pub(crate) fn write(segment: &Segment, part: &Part, probes: &[ProbeReader]) -> Result<()> {
    for probe in probes {
        let samples = samples_of(probe, part);
        if samples.is_empty() {
            continue;
        }
        for field in &probe.fields {
            write_field(segment, part, (probe, field), samples.clone())?;
        }
    }
    Ok(())
}

/// The samples of a segment, as far as they were written.
fn samples_of(probe: &ProbeReader, part: &Part) -> Range<usize> {
    let dt_ms = part.reader.manifest().dt_ms;
    // A sample belongs to the step nearest to its time.
    let number = |step: u64| {
        let samples = ((step as f64 - 0.5) * dt_ms - probe.start_ms) / probe.interval_ms;
        (samples.ceil().max(0.0) as usize).min(probe.n_written)
    };
    number(part.steps.start)..number(part.steps.end)
}

fn write_field(
    segment: &Segment,
    part: &Part,
    (probe, field): (&ProbeReader, &str),
    samples: Range<usize>,
) -> Result<()> {
    let (units, other_units) = part.units(&probe.units);
    let (name, kind) = (probe.name.clone(), probe.class.clone());
    let device = Device { name, kind, direction: Direction::Record };
    let mut object = Object::named(format!("{} {field}", probe.name));
    object.annotations =
        part.baseline(&device, "device").with("bsb_direction", "record").with("bsb_field", field);
    if let Some(units) = &other_units {
        object.annotations.set("units", units.as_str());
    }
    if let Some(contacts_um) = &probe.contacts_um {
        for (axis, name) in ["bsb_contact_x", "bsb_contact_y", "bsb_contact_z"].iter().enumerate() {
            let positions = contacts_um.iter().map(|contact| contact[axis]).collect();
            object = object.annotated_each(name, Value::Quantities(positions, "um".to_owned()));
        }
    }
    let sampling = Sampling {
        start: probe.time_ms(samples.start) / 1000.0,
        interval: probe.interval_ms / 1000.0,
        time_units: "s",
        units: &units,
    };
    let mut analog = segment.analog_signal(&object, sampling, samples.len())?;
    let n_at_once = batch_rows(samples.len());
    for first in (0..probe.n_rows).step_by(n_at_once) {
        let rows = first..(first + n_at_once).min(probe.n_rows);
        let channels = rows.clone().map(|_| analog.channel::<f64>());
        let mut channels = channels.collect::<Result<Vec<_>>>()?;
        for begin in samples.clone().step_by(TILE_SAMPLES) {
            let tile = begin..(begin + TILE_SAMPLES).min(samples.end);
            let values = probe.read(field, rows.clone(), tile.clone())?;
            for (channel, values) in channels.iter_mut().zip(values.chunks_exact(tile.len())) {
                channel.push(values)?;
            }
        }
        channels.into_iter().try_for_each(|channel| channel.finish())?;
    }
    analog.finish()?;
    Ok(())
}
