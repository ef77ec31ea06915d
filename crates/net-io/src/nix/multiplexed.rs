//! One object for each device, whose spikes and channels say whose they are.

use std::collections::BTreeMap;

use serde_json::json;

use crate::error::Result;
use crate::export::ChosenSignal;
use crate::merge::SignalReader;
use crate::nix::results::{Part, batch_rows, cell, copy_samples};
use crate::nix::{Annotations, Object, Sample, Sampling, Segment, Span, Value};
use crate::store::{Device, Direction, Population, Ranges, SampleType, SpikeRecorder};

/// Writes everything recorded between two checkpoints; gives the number of spikes.
pub(crate) fn write(segment: &Segment, part: &Part) -> Result<u64> {
    let mut n_spikes = 0;
    for (index, recorder) in part.recorders {
        n_spikes += write_spikes(segment, part, *index, recorder)?;
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

/// The spikes of a recorder as one train, population after population, each in order of time. The
/// roster lists all its cells, so that one that is silent differs from one that was not recorded.
fn write_spikes(
    segment: &Segment,
    part: &Part,
    recorder: usize,
    SpikeRecorder { device, roster }: &SpikeRecorder,
) -> Result<u64> {
    let mut object = Object::named(&device.name);
    object.annotations = device_annotations(part.baseline(device, "cell"), device);
    object.annotations.set("bsb_roster", roster_json(part, roster));
    if let Some(recorded) = part.recorded_ms(recorder) {
        object.annotations.set("bsb_recorded_ms", recorded);
    }
    let (start, stop) = (part.time_s(part.steps.start), part.time_s(part.stop_step));
    let span = Span { start, stop, units: "s" };
    let mut train = segment.indexed_spike_train(&object, span, "bsb_target_index")?;
    let mut n_spikes = 0;
    let (mut times, mut targets) = (Vec::new(), Vec::new());
    for population in 0..part.reader.manifest().populations.len() {
        part.reader.recorded_spikes(recorder, population, part.steps.clone(), |spikes| {
            times.clear();
            targets.clear();
            let own = || spikes.iter().filter(|spike| roster.contains(spike.gid));
            times.extend(own().map(|spike| part.time_s(spike.step)));
            targets.extend(own().map(|spike| roster.place(spike.gid) as i64));
            n_spikes += times.len() as u64;
            train.push_indexed(&times, &targets)
        })?;
    }
    train.finish()?;
    Ok(n_spikes)
}

/// All cells of a roster, as lists of equal length.
fn roster_json(part: &Part, roster: &Ranges) -> String {
    let (mut ids, mut gids, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for population in &part.reader.manifest().populations {
        let Population { name, first_gid, size } = population;
        let own = roster.clipped(*first_gid..first_gid + size);
        ids.extend(own.iter().flatten().map(|gid| gid - first_gid));
        gids.extend(own.iter().flatten());
        names.extend((0..own.n()).map(|_| name.as_str()));
    }
    json!({
        "bsb_cell_id": ids, "bsb_cell_model": names, "bsb_gid": gids, "bsb_ps_name": names,
    })
    .to_string()
}

fn write_signal<T: Sample>(
    segment: &Segment,
    part: &Part,
    signal: &SignalReader,
    rows: &[usize],
) -> Result<()> {
    let stretches = signal.stretches_of(part.steps.clone());
    if stretches.is_empty() || rows.is_empty() {
        return Ok(());
    }
    let description = signal.signal();
    let (units, other_units) = part.units(&description.units);
    let device = description.device();
    let targets: Vec<Annotations> = rows.iter().map(|&row| target(part, signal, row)).collect();
    let has = |name| targets.iter().any(|target| target.iter().any(|(known, _)| known == name));
    let kind = match (&description.recording_kind, has("bsb_branch"), has("bsb_cell_id")) {
        (Some(kind), ..) => kind,
        (None, true, _) => "point",
        (None, false, true) => "cell",
        (None, false, false) => "device",
    };
    let mut object = Object::named(&description.variable);
    object.annotations = device_annotations(part.baseline(&device, kind), &device);
    if let Some(units) = &other_units {
        object.annotations.set("units", units.as_str());
    }
    object.array_annotations = multiplex(&targets);

    for samples in stretches {
        let sampling = Sampling {
            start: part.time_s(signal.step_of(samples.start)),
            interval: part.time_s(description.grid.interval_steps),
            time_units: "s",
            units: &units,
        };
        let mut analog = segment.analog_signal(&object, sampling, samples.len())?;
        for rows in rows.chunks(batch_rows(samples.len())) {
            let mut channels =
                rows.iter().map(|_| analog.channel::<T>()).collect::<Result<Vec<_>>>()?;
            copy_samples(signal, rows, samples.clone(), &mut channels)?;
            channels.into_iter().try_for_each(|channel| channel.finish())?;
        }
        analog.finish()?;
    }
    Ok(())
}

fn device_annotations(baseline: Annotations, device: &Device) -> Annotations {
    let direction = match device.direction {
        Direction::Record => "record",
        Direction::Stimulate => "stimulate",
    };
    baseline.with("bsb_multiplexed", true).with("bsb_direction", direction)
}

/// What is said about a channel.
fn target(part: &Part, signal: &SignalReader, row: usize) -> Annotations {
    let column = signal.columns()[row];
    let mut annotations = match part.reader.manifest().population_of(column.gid) {
        Some((_, population)) => cell(population, column.gid).with("bsb_segment", column.segment),
        None => Annotations::new(),
    };
    if let Some(place) = signal.place(row) {
        annotations.set("bsb_section", place.section);
        annotations.set("bsb_branch", place.branch);
        annotations.set("bsb_point", place.point);
        annotations.set("bsb_arc", place.arc);
    }
    part.describe_column(signal, row, &mut annotations);
    annotations
}

/// The annotations of all targets as lists with a value a target. Where a target misses one that
/// others have, the list has a stand-in (an empty text, false, -1 or NaN), and another list,
/// `<name>_present`, says where the values are real.
fn multiplex(targets: &[Annotations]) -> Annotations {
    let mut columns: Vec<(&str, Vec<Option<&Value>>)> = Vec::new();
    let mut index_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (row, target) in targets.iter().enumerate() {
        for (name, value) in target.iter() {
            let index = *index_of.entry(name).or_insert_with(|| {
                columns.push((name, vec![None; targets.len()]));
                columns.len() - 1
            });
            columns[index].1[row] = Some(value);
        }
    }
    let mut lists = Annotations::new();
    for (name, values) in columns {
        lists.set(name, list(&values));
        if values.iter().any(Option::is_none) {
            let present: Vec<bool> = values.iter().map(Option::is_some).collect();
            lists.set(&format!("{name}_present"), present);
        }
    }
    lists
}

/// Values of one type as a list of them.
fn list(values: &[Option<&Value>]) -> Value {
    match values.iter().flatten().next() {
        Some(Value::Int(_)) => Value::Ints(
            values.iter().map(|v| if let Some(Value::Int(v)) = v { *v } else { -1 }).collect(),
        ),
        Some(Value::Float(_)) => Value::Floats(
            values
                .iter()
                .map(|v| if let Some(Value::Float(v)) = v { *v } else { f64::NAN })
                .collect(),
        ),
        Some(Value::Bool(_)) => {
            Value::Bools(values.iter().map(|v| matches!(v, Some(Value::Bool(true)))).collect())
        }
        _ => Value::Texts(
            values
                .iter()
                .map(|v| if let Some(Value::Text(v)) = v { v.clone() } else { String::new() })
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_annotations_have_stand_ins() {
        let targets = [
            Annotations::new().with("id", 3).with("name", "a"),
            Annotations::new().with("id", 4).with("arc", 0.5),
        ];
        let lists = multiplex(&targets);
        let get = |name| lists.iter().find(|(known, _)| *known == name).map(|(_, v)| v.clone());
        assert_eq!(get("id"), Some(Value::Ints(vec![3, 4])));
        assert_eq!(get("id_present"), None);
        assert_eq!(get("name"), Some(Value::Texts(vec!["a".to_owned(), String::new()])));
        assert_eq!(get("name_present"), Some(Value::Bools(vec![true, false])));
        assert!(matches!(get("arc"), Some(Value::Floats(v)) if v[0].is_nan() && v[1] == 0.5));
    }
}
