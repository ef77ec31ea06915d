//! Results by recorded thing, whichever dialect they are written in.

use std::path::Path;

use crate::error::{Error, Result};
use crate::nix::read::{AnalogSignal, Block, SpikeTrain};
use crate::nix::{Annotations, Object, Value};

/// What was recorded of one target in one segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Index of the segment.
    pub segment: usize,
    /// The population (placement set), if it is a cell's.
    pub ps_name: Option<String>,
    /// Index of the cell in its population, if it is a cell's.
    pub cell_id: Option<i64>,
    /// Name of the device.
    pub device: String,
    /// Name of the object.
    pub name: String,
    /// What it is.
    pub kind: RecordingKind,
    /// The unit of `data`.
    pub units: String,
    /// Times of spikes, or samples.
    pub data: Vec<f64>,
    /// All that is said about it.
    pub annotations: Annotations,
}

/// What a recording is.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordingKind {
    /// The times of spikes.
    Spikes {
        /// Where recording begins, in the unit of the data.
        start: f64,
        /// Where it ends.
        stop: f64,
    },
    /// Samples on a grid of times.
    Samples {
        /// Time of the first.
        start: f64,
        /// Time between them.
        interval: f64,
        /// The unit of both.
        time_units: String,
    },
}

impl Block {
    /// Calls `take` with every recording, segment by segment: spikes, then signals. Objects that
    /// many targets share are taken apart; those without annotations of results are passed over.
    ///
    /// In memory are the spikes of one object, or the samples of one channel.
    ///
    /// # Errors
    /// [`Error::Json`] for a roster that is none, [`Error::WrongType`] for annotations that do not
    /// fit the data, errors of reading; an error of `take` ends the reading.
    pub fn recordings(&self, mut take: impl FnMut(Recording) -> Result<()>) -> Result<()> {
        for (index, segment) in self.segments.iter().enumerate() {
            for train in &segment.spike_trains {
                match is_multiplexed(&train.object) {
                    true => spikes_by_target(index, train, &mut take)?,
                    false if text(&train.object.annotations, "bsb_device_name").is_some() => {
                        let data = train.times.read(0..train.times.len())?;
                        let annotations = train.object.annotations.clone();
                        take(spikes(index, train, annotations, data))?;
                    }
                    false => {}
                }
            }
            for signal in &segment.analog_signals {
                let annotated = text(&signal.object.annotations, "bsb_device_name").is_some();
                for channel in 0..if annotated { signal.channels.len() } else { 0 } {
                    take(samples(index, signal, channel)?)?;
                }
            }
        }
        Ok(())
    }
}

fn is_multiplexed(object: &Object) -> bool {
    object.annotations.iter().any(|entry| entry == ("bsb_multiplexed", &Value::Bool(true)))
}

fn text(annotations: &Annotations, name: &str) -> Option<String> {
    annotations.iter().find_map(|(known, value)| match value {
        Value::Text(text) if known == name => Some(text.clone()),
        _ => None,
    })
}

fn integer(annotations: &Annotations, name: &str) -> Option<i64> {
    annotations.iter().find_map(|(known, value)| match value {
        Value::Int(value) if known == name => Some(*value),
        _ => None,
    })
}

fn spikes(
    segment: usize,
    train: &SpikeTrain,
    annotations: Annotations,
    data: Vec<f64>,
) -> Recording {
    Recording {
        segment,
        ps_name: text(&annotations, "bsb_ps_name"),
        cell_id: integer(&annotations, "bsb_cell_id"),
        device: text(&annotations, "bsb_device_name").unwrap_or_default(),
        name: train.object.name.clone(),
        kind: RecordingKind::Spikes { start: train.start, stop: train.stop },
        units: train.units.clone(),
        data,
        annotations,
    }
}

/// The spikes of each target of a train, also of those that have none.
fn spikes_by_target(
    segment: usize,
    train: &SpikeTrain,
    take: &mut impl FnMut(Recording) -> Result<()>,
) -> Result<()> {
    let path = train.times.file.path.clone();
    let targets = roster(&path, &train.object.annotations)?;
    let times = train.times.read(0..train.times.len())?;
    let index = train.object.array_annotations.iter().find_map(|(name, value)| match value {
        Value::Ints(index) if name == "bsb_target_index" => Some(index.as_slice()),
        _ => None,
    });
    let index = index.unwrap_or_default();
    let fits = |target: &i64| usize::try_from(*target).is_ok_and(|t| t < targets.len());
    if index.len() != times.len() || !index.iter().all(fits) {
        return Err(Error::WrongType {
            path,
            object: format!("{}: bsb_target_index", train.times.path),
            found: format!("{} for {} spikes", index.len(), times.len()),
            expected: format!("one for each spike, below {}", targets.len()),
        });
    }
    let mut data: Vec<Vec<f64>> = vec![Vec::new(); targets.len()];
    for (&target, &time) in index.iter().zip(&times) {
        data[target as usize].push(time);
    }
    let mut common = Annotations::new();
    for (name, value) in train.object.annotations.iter().filter(|(name, _)| *name != ROSTER) {
        common.set(name, value.clone());
    }
    targets.iter().zip(data).try_for_each(|(target, data)| {
        take(spikes(segment, train, common.clone().and(target), data))
    })
}

const ROSTER: &str = "bsb_roster";

/// The annotations of each target, from lists of equal length.
fn roster(path: &Path, annotations: &Annotations) -> Result<Vec<Annotations>> {
    let json = text(annotations, ROSTER).unwrap_or_else(|| "{}".to_owned());
    let lists: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&json).map_err(|source| Error::Json {
            path: path.to_owned(),
            object: ROSTER.to_owned(),
            source,
        })?;
    let mut targets = Vec::new();
    for (name, list) in &lists {
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        targets.resize(list.len().max(targets.len()), Annotations::new());
        for (target, value) in targets.iter_mut().zip(list) {
            match value {
                serde_json::Value::String(text) => target.set(name, text.as_str()),
                serde_json::Value::Bool(value) => target.set(name, *value),
                value => match (value.as_i64(), value.as_f64()) {
                    (Some(value), _) => target.set(name, value),
                    (None, Some(value)) => target.set(name, value),
                    (None, None) => {}
                },
            }
        }
    }
    Ok(targets)
}

fn samples(segment: usize, signal: &AnalogSignal, channel: usize) -> Result<Recording> {
    let array = &signal.channels[channel];
    let mut annotations = signal.object.annotations.clone();
    let each = &signal.object.array_annotations;
    for (name, values) in each.iter().filter(|(name, _)| !name.ends_with("_present")) {
        let present = each.iter().find_map(|(known, value)| match value {
            Value::Bools(present) if known.strip_suffix("_present") == Some(name) => {
                present.get(channel).copied()
            }
            _ => None,
        });
        if present == Some(false) {
            continue;
        }
        match values {
            Value::Texts(values) => set(&mut annotations, name, values.get(channel).cloned()),
            Value::Ints(values) => set(&mut annotations, name, values.get(channel).copied()),
            Value::Floats(values) => set(&mut annotations, name, values.get(channel).copied()),
            Value::Bools(values) => set(&mut annotations, name, values.get(channel).copied()),
            _ => {}
        }
    }
    Ok(Recording {
        segment,
        ps_name: text(&annotations, "bsb_ps_name"),
        cell_id: integer(&annotations, "bsb_cell_id"),
        device: text(&annotations, "bsb_device_name").unwrap_or_default(),
        name: signal.object.name.clone(),
        kind: RecordingKind::Samples {
            start: signal.start,
            interval: signal.interval,
            time_units: signal.time_units.clone(),
        },
        units: signal.units.clone(),
        data: array.read(0..array.len())?,
        annotations,
    })
}

fn set(annotations: &mut Annotations, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        annotations.set(name, value);
    }
}
