//! Files that Neo itself wrote, read by us.

#[path = "nix_common/reference.rs"]
mod reference;

use std::path::Path;

use net_io::Error;
use net_io::nix::read::{Array, NioReader, Segment};
use net_io::nix::{Annotations, Object, Value};
use reference::reference;
use serde_json::{Value as Json, json};

/// Everything in a list.
fn all(array: &Array) -> Vec<f64> {
    array.read(0..array.len()).unwrap()
}

fn values(annotations: &Annotations) -> Json {
    let plain = |value: &Value| match value {
        Value::Text(text) => json!(text),
        Value::Texts(texts) => json!(texts),
        Value::Int(value) => json!(value),
        Value::Ints(values) => json!(values),
        Value::Float(value) => json!(value),
        Value::Floats(values) => json!(values),
        Value::Bool(value) => json!(value),
        Value::Bools(values) => json!(values),
        Value::Quantity(value, _) => json!(value),
        Value::Quantities(values, _) => json!(values),
        Value::Time(time) => json!(time.to_string().replace("+00:00", "")),
    };
    annotations.iter().map(|(name, value)| (name.to_owned(), plain(value))).collect()
}

/// Values as they are, of `{"npscalar": 1, "dtype": "int64"}` and the like.
fn simple(expected: &Json) -> Json {
    match expected {
        Json::Object(fields) => {
            let wrapped = ["npscalar", "ndarray", "quantity", "datetime", "date", "time"];
            match wrapped.iter().find_map(|name| fields.get(*name)) {
                Some(value) => value.clone(),
                None => fields.iter().map(|(name, v)| (name.clone(), simple(v))).collect(),
            }
        }
        Json::Array(values) => values.iter().map(simple).collect(),
        value => value.clone(),
    }
}

fn check_object(found: &Object, expected: &Json) {
    assert_eq!(json!(found.name), expected["name"]);
    assert_eq!(found.description, expected["description"].as_str().unwrap_or_default());
    let mut wanted = simple(&expected["annotations"]);
    // Dates and times of day stay the texts that Neo makes them.
    for name in ["a_date", "a_time"] {
        if let Some(fields) = wanted.as_object_mut() {
            fields.remove(name);
        }
    }
    let mut found_annotations = values(&found.annotations);
    if let Some(fields) = found_annotations.as_object_mut() {
        fields.retain(|name, _| name != "a_date" && name != "a_time");
    }
    assert_eq!(found_annotations, wanted, "{}", found.name);
    let each = expected.get("array_annotations").map_or(json!({}), simple);
    assert_eq!(values(&found.array_annotations), each, "{}", found.name);
}

/// Columns of channels as rows of samples, as Neo has them.
fn matrix(channels: &[Array]) -> Json {
    let channels: Vec<Vec<f64>> = channels.iter().map(all).collect();
    let n_samples = channels.first().map_or(0, Vec::len);
    (0..n_samples)
        .map(|k| channels.iter().map(|channel| json!(channel[k])).collect::<Json>())
        .collect()
}

fn check_segment(found: &Segment, expected: &Json) {
    let (mut trains, mut signals) = (found.spike_trains.iter(), found.analog_signals.iter());
    let mut irregular = found.irregular_signals.iter();
    let (mut events, mut epochs) = (found.events.iter(), found.epochs.iter());
    for object in expected["objects"].as_array().unwrap() {
        let field = |name: &str| simple(&object[name]);
        match object["type"].as_str().unwrap() {
            "SpikeTrain" => {
                let train = trains.next().unwrap();
                check_object(&train.object, object);
                assert_eq!(json!(all(&train.times)), field("times"));
                assert_eq!(json!(train.stop), field("t_stop"));
                assert_eq!(json!(train.units), object["times"]["unit"]);
            }
            "AnalogSignal" => {
                let signal = signals.next().unwrap();
                check_object(&signal.object, object);
                assert_eq!(matrix(&signal.channels), as_floats(&field("data")));
                let units = object["data"]["unit"].as_str().unwrap();
                assert_eq!(signal.units, units.trim_matches(['(', ')']));
            }
            "IrregularlySampledSignal" => {
                let signal = irregular.next().unwrap();
                check_object(&signal.object, object);
                assert_eq!(json!(all(&signal.times)), field("times"));
                assert_eq!(matrix(&signal.channels), field("data"));
            }
            "Event" => {
                let event = events.next().unwrap();
                check_object(&event.object, object);
                assert_eq!(json!(all(&event.times)), field("times"));
                assert_eq!(json!(event.labels), field("labels"));
            }
            "Epoch" => {
                let epoch = epochs.next().unwrap();
                check_object(&epoch.object, object);
                assert_eq!(json!(all(&epoch.times)), field("times"));
                assert_eq!(json!(all(&epoch.durations)), field("durations"));
                assert_eq!(json!(epoch.labels), field("labels"));
            }
            other => assert_eq!(other, "ImageSequence"),
        }
    }
    assert!(trains.next().is_none() && signals.next().is_none() && irregular.next().is_none());
    assert!(events.next().is_none() && epochs.next().is_none());
}

/// Integers as the numbers they are read as.
fn as_floats(value: &Json) -> Json {
    match value {
        Json::Array(values) => values.iter().map(as_floats).collect(),
        value => json!(value.as_f64()),
    }
}

#[test]
fn files_of_neo_hold_what_neo_reads_from_them() {
    let Some(expected) = reference("recording/nio/expected.json") else { return };
    let folder = expected.parent().unwrap().to_owned();
    let expected: Json = serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap();
    for (name, expected) in expected["files"].as_object().unwrap() {
        let blocks = NioReader::open(&folder.join(name)).unwrap().blocks().unwrap();
        if name == "two_blocks.nio" {
            let trains = |s: &Segment| -> Json {
                s.spike_trains.iter().map(|train| json!(train.object.name)).collect()
            };
            let found: Json = (blocks.iter())
                .map(|block| {
                    let segments: Json =
                        block.segments.iter().map(|s| json!([s.object.name, trains(s)])).collect();
                    json!([block.object.name, segments])
                })
                .collect();
            assert_eq!(&found, expected);
            continue;
        }
        check_object(&blocks[0].object, &expected["block"]);
        let segments = expected["segments"].as_array().unwrap();
        assert_eq!(blocks[0].segments.len(), segments.len(), "{name}");
        for (found, expected) in blocks[0].segments.iter().zip(segments) {
            assert_eq!(json!(found.object.name), expected["name"]);
            check_segment(found, expected);
        }
    }
}

#[test]
fn other_writers_are_understood() {
    let Some(path) = reference("recording/nio/h5py_only/vds.nio") else { return };
    let blocks = NioReader::open(&path).unwrap().blocks().unwrap();
    let signal = &blocks[0].segments[0].analog_signals[0];
    assert_eq!((signal.channels.len(), signal.channels[0].len()), (40, 1000));
    assert!(all(&signal.channels[39]).iter().any(|&value| value != 0.0));

    let Some(path) = reference("recording/bsb/document_contract.nio") else { return };
    let blocks = NioReader::open(&path).unwrap().blocks().unwrap();
    let mut found = Vec::new();
    blocks[0]
        .recordings(|r| {
            found.push((r.segment, r.device, r.ps_name, r.cell_id, r.data.len()));
            Ok(())
        })
        .unwrap();
    let cell = |segment, device: &str, id, n| {
        (segment, device.to_owned(), Some("A".to_owned()), Some(id), n)
    };
    let stimulus = (1, "gen".to_owned(), None, None, 1);
    assert_eq!(found.len(), 10);
    assert_eq!(found[5..8], [0, 1, 2].map(|id| cell(1, "sr", id, 2)));
    assert_eq!(found[8..], [stimulus, cell(1, "vr", 1, 500)]);
}

#[test]
fn other_files_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.nio");
    let open = |path: &Path| NioReader::open(path).unwrap_err();
    assert!(matches!(open(&path), Error::Io { .. }));
    std::fs::write(&path, "text").unwrap();
    assert!(matches!(open(&path), Error::NotHdf5 { .. }));
    hdf5::File::create(&path).unwrap().close().unwrap();
    assert!(matches!(open(&path), Error::WrongType { .. }));
}
