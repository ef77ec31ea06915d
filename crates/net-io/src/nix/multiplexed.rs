//! One object for each device, whose spikes and channels say whose they are.

use std::collections::BTreeMap;

use serde_json::json;

use crate::error::Result;
use crate::merge::SignalReader;
use crate::nix::results::{Part, batch_rows, cell, copy_samples};
use crate::nix::{Annotations, Object, Sample, Sampling, Segment, Span, Value};
use crate::store::{Column, SampleType};

/// Writes everything recorded between two checkpoints; gives the number of spikes.
pub(crate) fn write(segment: &Segment, part: &Part) -> Result<u64> {
    let manifest = part.reader.manifest();
    let n_spikes = match manifest.populations.is_empty() {
        true => 0,
        false => write_spikes(segment, part)?,
    };
    for index in 0..manifest.signals.len() {
        let signal = part.reader.signal(index)?;
        match signal.signal().sample_type {
            SampleType::F32 => write_signal::<f32>(segment, part, &signal)?,
            SampleType::F64 => write_signal::<f64>(segment, part, &signal)?,
        }
    }
    Ok(n_spikes)
}

/// All spikes as one train, population after population, each in order of time. The roster lists
/// all cells, so that one that is silent differs from one that was not recorded.
fn write_spikes(segment: &Segment, part: &Part) -> Result<u64> {
    let mut object = Object::named("spikes");
    object.annotations = device_annotations(part.baseline(&part.options.spike_device, "cell"));
    object.annotations.set("bsb_roster", roster(part));
    let (start, stop) = (part.time_s(part.steps.start), part.time_s(part.stop_step));
    let span = Span { start, stop, units: "s" };
    let mut train = segment.indexed_spike_train(&object, span, "bsb_target_index")?;
    let (mut n_spikes, mut first_target) = (0, 0);
    let (mut times, mut targets) = (Vec::new(), Vec::new());
    for (index, population) in part.reader.manifest().populations.iter().enumerate() {
        part.reader.spikes(index, part.steps.clone(), |spikes| {
            times.clear();
            targets.clear();
            times.extend(spikes.iter().map(|spike| part.time_s(spike.step)));
            let target = |gid: u64| (first_target + gid - population.first_gid) as i64;
            targets.extend(spikes.iter().map(|spike| target(spike.gid)));
            n_spikes += spikes.len() as u64;
            train.push_indexed(&times, &targets)
        })?;
        first_target += population.size;
    }
    train.finish()?;
    Ok(n_spikes)
}

/// All cells, as lists of equal length.
fn roster(part: &Part) -> String {
    let populations = &part.reader.manifest().populations;
    let (mut ids, mut gids, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for population in populations {
        ids.extend(0..population.size);
        gids.extend(population.first_gid..population.first_gid + population.size);
        names.extend((0..population.size).map(|_| population.name.as_str()));
    }
    json!({
        "bsb_cell_id": ids, "bsb_cell_model": names, "bsb_gid": gids, "bsb_ps_name": names,
    })
    .to_string()
}

fn write_signal<T: Sample>(segment: &Segment, part: &Part, signal: &SignalReader) -> Result<()> {
    let samples = signal.samples_of(part.steps.clone());
    let n_rows = signal.columns().len();
    if samples.is_empty() || n_rows == 0 {
        return Ok(());
    }
    let description = signal.signal();
    let (units, other_units) = part.units(&description.units);
    let device = part.device(&description.name, &description.variable);
    let targets: Vec<Annotations> =
        signal.columns().iter().map(|&column| target(part, signal, column)).collect();
    let has = |name| targets.iter().any(|target| target.iter().any(|(known, _)| known == name));
    let kind = match (has("bsb_branch"), has("bsb_cell_id")) {
        (true, _) => "point",
        (false, true) => "cell",
        (false, false) => "device",
    };
    let mut object = Object::named(&description.variable);
    object.annotations = device_annotations(part.baseline(&device, kind));
    if let Some(units) = &other_units {
        object.annotations.set("units", units.as_str());
    }
    object.array_annotations = multiplex(&targets);

    let sampling = Sampling {
        start: part.time_s(signal.step_of(samples.start)),
        interval: part.time_s(description.grid.interval_steps),
        time_units: "s",
        units: &units,
    };
    let mut analog = segment.analog_signal(&object, sampling, samples.len())?;
    let batch = batch_rows(samples.len());
    for first in (0..n_rows).step_by(batch) {
        let rows = first..(first + batch).min(n_rows);
        let mut channels =
            rows.clone().map(|_| analog.channel::<T>()).collect::<Result<Vec<_>>>()?;
        copy_samples(signal, rows, samples.clone(), &mut channels)?;
        channels.into_iter().try_for_each(|channel| channel.finish())?;
    }
    analog.finish().map(drop)
}

fn device_annotations(baseline: Annotations) -> Annotations {
    baseline.with("bsb_multiplexed", true).with("bsb_direction", "record")
}

/// What is said about a channel.
fn target(part: &Part, signal: &SignalReader, column: Column) -> Annotations {
    let mut annotations = match part.reader.manifest().population_of(column.gid) {
        Some((_, population)) => cell(population, column.gid).with("bsb_segment", column.segment),
        None => Annotations::new(),
    };
    if let Some(place) = part.place(column) {
        annotations.set("bsb_section", place.section);
        annotations.set("bsb_branch", place.branch);
        annotations.set("bsb_point", place.point);
        annotations.set("bsb_arc", place.arc);
    }
    if let Some(label) = signal.signal().labels.get(column.label as usize) {
        annotations.set("bsb_label", label.as_str());
    }
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
