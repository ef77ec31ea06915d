//! Files for Neo: read by Neo, nixio and h5py where a Python with these is at hand.

#[path = "nix_common/python.rs"]
mod python;
#[path = "nix_common/reference.rs"]
mod reference;

use std::path::Path;

use net_io::Error;
use net_io::nix::*;
use python::python;
use reference::reference;

fn identity() -> Identity {
    Identity {
        id: "11111111-2222-4333-8444-555555555555".parse().unwrap(),
        created: UtcTime::from_unix_seconds(1_714_979_289),
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

const TEN_MS: Span = Span { start: 0.0, stop: 10.0, units: "ms" };

fn train(segment: &Segment, object: &Object, span: Span, times: &[f64]) -> Member {
    let mut train = segment.spike_train(object, span).unwrap();
    train.push(times).unwrap();
    train.finish().unwrap()
}

fn signal<T: Sample>(
    segment: &Segment,
    object: &Object,
    sampling: Sampling,
    channels: &[&[T]],
) -> Member {
    let mut signal = segment.analog_signal(object, sampling, channels[0].len()).unwrap();
    // All channels are open at once, and written in two pieces.
    let mut open: Vec<_> = channels.iter().map(|_| signal.channel::<T>().unwrap()).collect();
    for (channel, samples) in open.iter_mut().zip(channels) {
        channel.push(&samples[..1]).unwrap();
    }
    for (mut channel, samples) in open.into_iter().zip(channels) {
        channel.push(&samples[1..]).unwrap();
        channel.finish().unwrap();
    }
    signal.finish().unwrap()
}

fn in_ms<'a>(interval: f64, units: &'a str) -> Sampling<'a> {
    Sampling { start: 0.0, interval, time_units: "ms", units }
}

/// Writes one file with one block and segment, named as those of the reference data.
fn file(path: &Path, block: Object, fill: impl FnOnce(&Block, &Segment)) {
    let file = NioFile::create(path, &identity()).unwrap();
    {
        let block = file.block(&block.described("desc of block")).unwrap();
        let segment = block.segment(&Object::named("seg0").described("desc of segment")).unwrap();
        fill(&block, &segment);
    }
    file.seal().unwrap();
}

fn write_spike_trains(path: &Path) {
    file(path, Object::named("blk"), |_, segment| {
        let object =
            Object::named("st0").described("d").annotated("cell_id", 3).annotated("pop", "exc");
        let span = Span { start: 0.5, ..TEN_MS };
        train(segment, &object, span, &[1.0, 2.5, 7.25]);
        train(segment, &Object::named("empty"), TEN_MS, &[]);
        let object = Object::named("wf")
            .annotated_each("amp", Value::Quantities(vec![0.5, 0.7], "nA".to_owned()))
            .annotated_each("lab", texts(&["a", "b"]));
        let span = Span { start: 0.0, stop: 0.01, units: "s" };
        let mut train = segment.indexed_spike_train(&object, span, "target").unwrap();
        train.push_indexed(&[0.001], &[0]).unwrap();
        train.push_indexed(&[0.002], &[1]).unwrap();
        train.finish().unwrap();
    });
}

fn write_analog_signals(path: &Path) {
    file(path, Object::named("blk"), |_, segment| {
        let v: &[f64] = &[0.0, 1.0, 2.0, 3.0, 4.0];
        signal(segment, &Object::named("v"), in_ms(0.1, "mV"), &[v]);
        let channels: Vec<Vec<f32>> =
            (0..3).map(|c| (0..4).map(|k| (3 * k + c) as f32).collect()).collect();
        let channels: Vec<&[f32]> = channels.iter().map(Vec::as_slice).collect();
        let object = Object::named("i3").annotated_each("bsb_cell_id", vec![7_i64, 8, 9]);
        let sampling = Sampling { start: 0.25, interval: 1e-4, time_units: "s", units: "nA" };
        signal(segment, &object, sampling, &channels);
        let adc: &[i16] = &[0, 1, 2, 3];
        signal(segment, &Object::named("adc"), in_ms(1.0, "dimensionless"), &[adc]);
        let ones: &[f64] = &[1.0, 1.0];
        signal(segment, &Object::named("compound"), in_ms(1.0, "mS/cm**2"), &[ones]);
    });
}

fn write_irregular(path: &Path) {
    file(path, Object::named("blk"), |_, segment| {
        let mut signal =
            segment.irregular_signal::<f64>(&Object::named("irr"), 2, "mV", "ms").unwrap();
        signal.push(&[0.0, 1.5], &[&[0.0, 2.0], &[1.0, 3.0]]).unwrap();
        signal.push(&[9.0], &[&[4.0], &[5.0]]).unwrap();
        signal.finish().unwrap();
    });
}

fn write_events_and_epochs(path: &Path) {
    file(path, Object::named("blk"), |_, segment| {
        let v: &[f64] = &[0.0, 1.0, 2.0, 3.0, 4.0];
        signal(segment, &Object::named("v"), in_ms(0.1, "mV"), &[v]);
        let event = Object::named("ev").annotated_each("n", vec![1_i64, 2]);
        let labels = texts(&["stim on", "stim off"]);
        segment.event(&event, &[1.0, 4.0], &labels, "ms").unwrap();
        let labels = texts(&["pre", "post"]);
        segment.epoch(&Object::named("ep"), &[0.0, 5.0], &[2.0, 1.0], &labels, "ms").unwrap();
    });
}

fn write_groups(path: &Path) {
    file(path, Object::named("blk"), |block, segment| {
        let spikes = train(segment, &Object::named("stA"), TEN_MS, &[1.0]);
        let channels: Vec<Vec<f64>> =
            (0..3).map(|c| (0..4).map(|k| f64::from(3 * k + c)).collect()).collect();
        let channels: Vec<&[f64]> = channels.iter().map(Vec::as_slice).collect();
        let v = signal(segment, &Object::named("v3"), in_ms(1.0, "mV"), &channels);
        let group = block.group(&Object::named("grp"), &[spikes.clone(), v]).unwrap();
        block.subgroup(&group, &Object::named("sub"), &[spikes]).unwrap();
    });
}

fn write_annotations(path: &Path) {
    let block = Object::named("annots")
        .annotated("a_str", "text")
        .annotated("a_empty_str", "")
        .annotated("a_int", 3)
        .annotated("a_float", 2.5)
        .annotated("a_bool", true)
        .annotated("a_npint", 4)
        .annotated("a_npf32", 1.5)
        .annotated("a_list_int", vec![1_i64, 2, 3])
        .annotated("a_list_one", vec![42_i64])
        .annotated("a_list_str", texts(&["x", "y"]))
        .annotated("a_empty_list", Vec::<String>::new())
        .annotated("a_arr", vec![1.5, 2.5])
        .annotated("a_quantity", Value::Quantity(3.0, "mV".to_owned()))
        .annotated("a_qarr", Value::Quantities(vec![1.0, 2.0], "nA".to_owned()))
        .annotated("a_datetime", UtcTime::from_unix_seconds(1_714_979_289))
        .annotated("a_unicode", "µ-volt ü")
        .annotated("a_big", 1_i64 << 40)
        .annotated("a_tuple", vec![1.0, 2.0])
        .annotated("a_json", r#"{"k": [1, null, {"x": 2}]}"#);
    file(path, block, |_, _| {});
}

fn write_two_blocks(path: &Path) {
    let file = NioFile::create(path, &identity()).unwrap();
    for number in 0..2 {
        let block = file.block(&Object::named(format!("blk{number}"))).unwrap();
        for name in ["seg0", "seg1"] {
            let segment = block.segment(&Object::named(name)).unwrap();
            train(&segment, &Object::named("shared"), TEN_MS, &[1.0 + f64::from(number)]);
        }
    }
    file.seal().unwrap();
}

type Write = fn(&Path);

const FILES: [(&str, Write); 7] = [
    ("spiketrains.nio", write_spike_trains),
    ("analogsignals.nio", write_analog_signals),
    ("irregular.nio", write_irregular),
    ("event_epoch.nio", write_events_and_epochs),
    ("groups.nio", write_groups),
    ("annotations.nio", write_annotations),
    ("two_blocks.nio", write_two_blocks),
];

#[test]
fn neo_reads_the_same_from_our_files_as_from_its_own() {
    let directory = tempfile::tempdir().unwrap();
    for (name, write) in FILES {
        write(&directory.path().join(name));
    }
    let Some(reference) = reference("recording/nio/expected.json") else { return };
    python(&["objects".as_ref(), directory.path().as_os_str(), reference.as_os_str()]);
}

#[test]
fn python_opens_checks_and_extends_our_files() {
    let directory = tempfile::tempdir().unwrap();
    for (name, write) in FILES {
        write(&directory.path().join(name));
    }
    python(&["extend".as_ref(), directory.path().as_os_str()]);
}

#[test]
fn the_same_calls_give_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let paths = ["a.nio", "b.nio"].map(|name| directory.path().join(name));
    for (name, write) in FILES {
        write(&paths[0]);
        write(&paths[1]);
        let [a, b] = paths.each_ref().map(|path| std::fs::read(path).unwrap());
        assert!(a == b, "{name}: {} and {} bytes", a.len(), b.len());
        // HDF5 stores times in seconds, where it does.
        if name == "spiketrains.nio" {
            std::thread::sleep(std::time::Duration::from_millis(1100));
            write(&paths[1]);
            assert!(a == std::fs::read(&paths[1]).unwrap(), "{name} a second later");
        }
    }
}

#[test]
fn a_file_that_is_not_sealed_is_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.nio");
    let file = NioFile::create(&path, &identity()).unwrap();
    file.block(&Object::named("b")).unwrap();
    drop(file);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// Tries something on a segment that must fail; gives the key that the error names.
#[track_caller]
fn fails(attempt: impl FnOnce(&Segment) -> net_io::Result<Member>) -> String {
    let directory = tempfile::tempdir().unwrap();
    let file = NioFile::create(&directory.path().join("a.nio"), &identity()).unwrap();
    let segment = file.block(&Object::default()).unwrap().segment(&Object::default()).unwrap();
    match attempt(&segment).unwrap_err() {
        Error::Declaration { key, .. } => key,
        Error::BadValue { column, .. } => column.into(),
        error => panic!("{error}"),
    }
}

#[test]
fn what_readers_would_stumble_over_is_refused() {
    let x = || Object::named("x");
    let push = |object: Object, span: Span, times: &[f64]| {
        fails(|segment| {
            let mut train = segment.spike_train(&object, span)?;
            train.push(times)?;
            train.finish()
        })
    };
    assert_eq!(push(x(), TEN_MS, &[11.0]), "time");
    assert_eq!(push(x(), TEN_MS, &[f64::NAN]), "time");
    assert_eq!(push(x(), Span { start: 20.0, ..TEN_MS }, &[]), "x.span");
    assert_eq!(push(x(), Span { units: "", ..TEN_MS }, &[]), "x.time_units");
    assert_eq!(push(x().annotated("a/b", 1), TEN_MS, &[]), "x.annotations.a/b");
    let each = x().annotated_each("n", vec![1_i64]);
    assert_eq!(push(each, TEN_MS, &[1.0, 2.0]), "x.annotations.n");
    let key = fails(|segment| {
        let mut train = segment.indexed_spike_train(&x(), TEN_MS, "i")?;
        train.push(&[1.0])?;
        train.finish()
    });
    assert_eq!(key, "x.indices");
    let key = fails(|segment| {
        let mut signal = segment.analog_signal(&x(), in_ms(0.1, "mV"), 3)?;
        let mut channel = signal.channel::<f64>()?;
        channel.push(&[1.0, 2.0])?;
        channel.finish()?;
        signal.finish()
    });
    assert_eq!(key, "x channel 0");
    let key = fails(|segment| {
        let mut signal = segment.analog_signal(&x(), in_ms(0.1, "mV"), 0)?;
        drop(signal.channel::<f64>()?);
        signal.finish()
    });
    assert_eq!(key, "x.channels");
    let key = fails(|segment| segment.analog_signal(&x(), in_ms(0.0, "mV"), 3)?.finish());
    assert_eq!(key, "x.sampling");
    let key = fails(|segment| {
        let mut signal = segment.irregular_signal::<f64>(&x(), 1, "mV", "ms")?;
        signal.push(&[1.0, 0.5], &[&[0.0, 0.0]])?;
        signal.finish()
    });
    assert_eq!(key, "x.times");
    let key = fails(|segment| segment.event(&x(), &[1.0], &[], "ms"));
    assert_eq!(key, "x.times");
}
