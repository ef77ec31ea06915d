//! Recordings as they lie in the chunks of all ranks: windows, rosters, sums, gaps, places; read
//! before they are merged and after, with the same result.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use net_io::Error;
use net_io::export::{Format, Selection, export};
use net_io::merge::{Extent, MergeOptions, RunReader, merge_recordings};
use net_io::nix::{NioOptions, write_nio};
use net_io::provenance::Provenance;
use net_io::recover::recover;
use net_io::store::*;

const END_STEP: u64 = 1000;
const N_CELLS: u64 = 12;

fn manifest(n_ranks: u32) -> Manifest {
    let mut manifest = Manifest::new(0.1, 7, n_ranks);
    manifest.populations = vec![
        Population { name: "E".to_owned(), first_gid: 0, size: 8 },
        Population { name: "I".to_owned(), first_gid: 8, size: 4 },
    ];
    let recorder = |name: &str, roster: Ranges| SpikeRecorder {
        device: Device::new(name, "spike_recorder"),
        roster,
    };
    manifest.spike_recorders = vec![
        recorder("all", (0..12).into()),
        recorder("some", [1..3, 9..10].into_iter().collect()),
    ];
    let signal = |name: &str, units: &str| Signal {
        name: name.to_owned(),
        variable: name.to_owned(),
        units: units.to_owned(),
        sample_type: SampleType::F64,
        ..Signal::default()
    };
    manifest.signals = vec![
        Signal { grid: SampleGrid { interval_steps: 3, offset_steps: 1 }, ..signal("v", "mV") },
        Signal {
            grid: SampleGrid { interval_steps: 10, offset_steps: 0 },
            combine: Combine::Sum { scale: 0.5 },
            recording_kind: Some("population".to_owned()),
            ..signal("rate", "Hz")
        },
    ];
    manifest
}

/// The voltage is recorded in three windows, one of which lies within a chunk; `some` spikes in one.
fn v_windows() -> Ranges {
    [5..250, 301..308, 600..u64::MAX].into_iter().collect()
}

fn some_windows() -> Ranges {
    (100..400).into()
}

fn v(gid: u64, step: u64) -> f64 {
    gid as f64 * 1e4 + step as f64
}

fn spike_steps(gid: u64) -> impl Iterator<Item = u64> {
    (gid..END_STEP).step_by(17)
}

/// Every rank counts its own cells.
fn count(rank: u32, n_ranks: u32) -> f64 {
    (0..N_CELLS).filter(|gid| gid % u64::from(n_ranks) == u64::from(rank)).count() as f64
}

fn record(path: &Path, n_ranks: u32, seal_steps: u64) -> RunDirectory {
    let run = RunDirectory::create(path, Overwrite::No).unwrap();
    let manifest = manifest(n_ranks);
    run.write_manifest(&manifest).unwrap();
    for rank in 0..n_ranks {
        let gids: Vec<u64> =
            (0..N_CELLS).filter(|gid| gid % u64::from(n_ranks) == u64::from(rank)).collect();
        let mut cells = Columns::default();
        for &gid in &gids {
            let place = Place { section: format!("dend[{gid}]"), arc: 0.5, branch: 1, point: 0 };
            let source = (gid == 5).then_some(3);
            cells.push(Column { gid, segment: 2, label: 0 }, Some(&place), source);
        }
        let population = Columns::from(vec![Column { gid: Column::NO_CELL, segment: 0, label: 0 }]);
        let signals = manifest.signals.iter().cloned().zip([cells, population]).collect();
        let mut part = PartWriter::create(&run, rank, signals, 1 << 20).unwrap();
        part.set_windows(0, v_windows()).unwrap();
        part.set_spike_windows(1, some_windows()).unwrap();
        // A window of the future may change.
        part.set_spike_windows(0, (0..10).into()).unwrap();
        part.set_spike_windows(0, Ranges::all()).unwrap();
        let mut first = 0;
        while first < END_STEP {
            let end = (first + seal_steps).min(END_STEP);
            for (at, &gid) in gids.iter().enumerate() {
                let in_chunk = |step: &u64| (first..end).contains(step);
                for step in spike_steps(gid).filter(in_chunk) {
                    part.push_spike(Spike { step, gid }).unwrap();
                }
                let samples: Vec<f64> = v_steps(first..end).map(|step| v(gid, step)).collect();
                part.push_column(0, at, &samples).unwrap();
            }
            let n_due = (first..end).filter(|step| step % 10 == 0).count();
            part.push_column(1, 0, &vec![count(rank, n_ranks); n_due]).unwrap();
            if end == END_STEP {
                part.finish(end).unwrap();
                break;
            }
            part.seal(end).unwrap();
            first = end;
        }
    }
    run
}

fn v_steps(steps: Range<u64>) -> impl Iterator<Item = u64> {
    steps.filter(|step| step % 3 == 1 && v_windows().contains(*step))
}

fn read_all(reader: &RunReader, lost: Range<u64>, of_rank: impl Fn(u64) -> bool) {
    let v_signal = reader.signal(reader.signal_named("v").unwrap()).unwrap();
    let steps: Vec<u64> = v_steps(0..END_STEP).collect();
    assert_eq!(v_signal.n_samples(), steps.len());
    let found: Vec<u64> = (0..steps.len()).map(|sample| v_signal.step_of(sample)).collect();
    assert_eq!(found, steps);
    assert_eq!(v_signal.windows(), &v_windows().clipped(0..END_STEP));
    let values: Vec<f64> = v_signal.read(0..12, 0..steps.len()).unwrap();
    for (row, values) in values.chunks_exact(steps.len()).enumerate() {
        let gid = v_signal.columns()[row].gid;
        assert_eq!(gid, row as u64);
        assert_eq!(v_signal.place(row).unwrap().section, format!("dend[{gid}]"));
        assert_eq!(v_signal.source(row), (gid == 5).then_some(3));
        for (&value, &step) in values.iter().zip(&steps) {
            let is_lost = lost.contains(&step) && of_rank(gid);
            assert_eq!(value.is_nan(), is_lost, "gid {gid} step {step}");
            assert!(is_lost || value == v(gid, step));
        }
    }
    // A window of time and one cell.
    let samples = v_signal.samples_of(240..305);
    let some: Vec<f64> = v_signal.read(v_signal.rows_of(11), samples.clone()).unwrap();
    assert_eq!(some, v_steps(240..305).map(|step| v(11, step)).collect::<Vec<_>>());
    assert_eq!(v_signal.stretches_of(240..305).len(), 2);

    let rate = reader.signal(1).unwrap();
    assert_eq!(rate.columns(), [Column { gid: Column::NO_CELL, segment: 0, label: 0 }]);
    let values: Vec<f64> = rate.read(0..1, 0..rate.n_samples()).unwrap();
    for (sample, value) in values.iter().enumerate() {
        let is_lost = lost.contains(&rate.step_of(sample));
        assert!(if is_lost { value.is_nan() } else { *value == 6.0 }, "{sample}: {value}");
    }

    for (recorder, windows) in [(0, Ranges::all()), (1, some_windows())] {
        let mut found = Vec::new();
        for population in 0..2 {
            let take = |spikes: &[Spike]| {
                found.extend_from_slice(spikes);
                Ok(())
            };
            reader.recorded_spikes(recorder, population, 50..900, take).unwrap();
        }
        found.sort_unstable();
        let roster = &reader.spike_recorders()[recorder].roster;
        let mut expected: Vec<Spike> = (0..N_CELLS)
            .filter(|&gid| roster.contains(gid))
            .flat_map(|gid| spike_steps(gid).map(move |step| Spike { step, gid }))
            .filter(|spike| windows.contains(spike.step) && (50..900).contains(&spike.step))
            .filter(|spike| !(lost.contains(&spike.step) && of_rank(spike.gid)))
            .collect();
        expected.sort_unstable();
        assert_eq!(found, expected, "recorder {recorder}");
    }
}

#[test]
fn chunks_and_merged_files_are_read_alike_from_any_number_of_ranks() {
    let directory = tempfile::tempdir().unwrap();
    let mut expected = None;
    for (n_ranks, seal_steps) in [(1, 1000), (2, 130), (3, 7), (5, 333)] {
        let run = record(&directory.path().join(n_ranks.to_string()), n_ranks, seal_steps);
        let chunks = RunReader::open(&run).unwrap();
        assert!(chunks.finished() && chunks.end_step() == END_STEP);
        read_all(&chunks, 0..0, |_| false);
        merge_recordings(&run, &MergeOptions::default()).unwrap();
        read_all(&RunReader::open(&run).unwrap(), 0..0, |_| false);
        let files = [RunDirectory::SPIKES, RunDirectory::TRACES]
            .map(|name| fs::read(run.file(name)).unwrap());
        assert!(&files == expected.get_or_insert(files.clone()), "{n_ranks} ranks");
    }
}

fn chunk(run: &RunDirectory, rank: u32, sequence: u32) -> PathBuf {
    run.path().join(format!("parts/rank-{rank:05}/recording-0000-{sequence:08}.chunk"))
}

#[test]
fn a_gap_is_an_error_or_marked() {
    type Damage = fn(&Path);
    let damage: [(&str, Damage); 3] = [
        ("is missing", |path| fs::remove_file(path).unwrap()),
        ("is truncated", |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("checksum", |path| {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(path, bytes).unwrap();
        }),
    ];
    for (what, damage) in damage {
        let directory = tempfile::tempdir().unwrap();
        let run = record(&directory.path().join("out"), 3, 100);
        damage(&chunk(&run, 1, 6));
        let refused = merge_recordings(&run, &MergeOptions::default()).unwrap_err().to_string();
        assert!(refused.contains("recording-0000-00000006.chunk"), "{refused}");
        assert!(RunReader::open(&run).is_err());

        let coverage = run.coverage_with(Gaps::Mark).unwrap();
        assert_eq!(coverage.gaps.len(), 1);
        assert_eq!((coverage.gaps[0].rank, coverage.gaps[0].steps.clone()), (1, 600..700));
        assert!(coverage.gaps[0].reason.contains(what), "{}", coverage.gaps[0].reason);
        let reader = RunReader::open_chunks(&run, Gaps::Mark).unwrap();
        assert_eq!(reader.gaps(), std::slice::from_ref(&(600..700)));
        read_all(&reader, 600..700, |gid| gid % 3 == 1);

        let options = MergeOptions { gaps: Gaps::Mark, ..MergeOptions::default() };
        let report = merge_recordings(&run, &options).unwrap();
        assert!(report.finished && report.gaps == coverage.gaps);
        assert!(run.path().join("parts").exists(), "what is left stays");
        let merged = RunReader::open(&run).unwrap();
        assert_eq!(merged.gaps(), std::slice::from_ref(&(600..700)));
        read_all(&merged, 600..700, |gid| gid % 3 == 1);
    }
}

#[test]
fn what_all_ranks_lost_is_a_gap_too() {
    let directory = tempfile::tempdir().unwrap();
    let run = record(&directory.path().join("out"), 2, 100);
    for rank in 0..2 {
        fs::remove_file(chunk(&run, rank, 7)).unwrap();
    }
    let reader = RunReader::open_chunks(&run, Gaps::Mark).unwrap();
    read_all(&reader, 700..800, |_| true);
}

#[test]
fn chunks_of_two_runs_are_never_mixed() {
    let directory = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| record(&directory.path().join(name), 2, 100));
    fs::copy(chunk(&other, 1, 3), chunk(&one, 1, 3)).unwrap();
    for options in [
        MergeOptions::default(),
        MergeOptions { gaps: Gaps::Mark, extent: Extent::Sealed, ..MergeOptions::default() },
    ] {
        let error = merge_recordings(&one, &options).unwrap_err();
        assert!(matches!(error, Error::ForeignChunk { .. }), "{error}");
        assert!(error.to_string().contains("rank-00001/recording-0000-00000003.chunk"), "{error}");
    }
}

#[test]
fn ranks_that_recorded_different_windows_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let run = RunDirectory::create(directory.path().join("out"), Overwrite::No).unwrap();
    let mut manifest = manifest(2);
    manifest.signals.truncate(1);
    run.write_manifest(&manifest).unwrap();
    for rank in 0..2 {
        let signals = vec![(manifest.signals[0].clone(), Columns::default())];
        let mut part = PartWriter::create(&run, rank, signals, 1 << 20).unwrap();
        part.set_windows(0, (0..10 + u64::from(rank)).into()).unwrap();
        part.finish(20).unwrap();
    }
    let error = merge_recordings(&run, &MergeOptions::default()).unwrap_err();
    assert!(matches!(error, Error::ChunkCorrupt { what: "steps of a recording", .. }), "{error}");
}

#[test]
fn exports_are_what_was_recorded_in_every_format() {
    let directory = tempfile::tempdir().unwrap();
    let run = record(&directory.path().join("out"), 3, 100);
    Provenance::new("a test", 7, 0.1).write(&run).unwrap();
    let formats = [(Format::Csv, "csv"), (Format::Npy, "npy"), (Format::Sonata, "sonata")];
    // From the chunks, then from merged files: the same bytes.
    let mut expected: Vec<Vec<u8>> = Vec::new();
    for is_merged in [false, true] {
        if is_merged {
            merge_recordings(&run, &MergeOptions::default()).unwrap();
        }
        let reader = RunReader::open(&run).unwrap();
        let mut found = Vec::new();
        for (format, name) in formats {
            let to = run.file(&format!("export-{name}"));
            let files = export(&reader, &Selection::default(), format, &to).unwrap();
            found.extend(files.iter().map(|path| fs::read(path).unwrap()));
        }
        assert!(!is_merged || found == expected);
        expected = found;
    }
    let reader = RunReader::open(&run).unwrap();
    let options = NioOptions::new(Provenance::read(&run).unwrap().unwrap());
    write_nio(&reader, &run.file(RunDirectory::NIO), &options).unwrap();

    let some = Selection {
        steps: 300..310,
        populations: Some(vec!["I".to_owned()]),
        gids: Some([7..9, 11..30].into_iter().collect()),
        signals: Some(vec!["v".to_owned()]),
        spikes: true,
    };
    let to = run.file("some");
    let files = export(&reader, &some, Format::Csv, &to).unwrap();
    let text = files.iter().map(|path| fs::read_to_string(path).unwrap()).collect::<Vec<_>>();
    let mut spikes = String::from("time_ms,population,node_id,gid\n");
    for gid in [8, 11] {
        for step in spike_steps(gid).filter(|step| (300..310).contains(step)) {
            spikes.push_str(&format!("{},I,{},{gid}\n", step as f64 * 0.1, gid - 8));
        }
    }
    assert_eq!(text[0], spikes);
    let mut table = String::from("time_ms,8:2,11:2\n");
    for step in v_steps(300..310) {
        table.push_str(&format!("{},{},{}\n", step as f64 * 0.1, v(8, step), v(11, step)));
    }
    assert_eq!(text[1], table);
    let unknown = Selection { signals: Some(vec!["w".to_owned()]), ..Selection::default() };
    let error = export(&reader, &unknown, Format::Csv, &to).unwrap_err().to_string();
    assert!(error.contains("`w`") && error.contains("v, rate"), "{error}");

    let python = std::env::var("NET_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let probe = std::process::Command::new(&python)
        .args(["-c", "import h5py, numpy, libsonata, neo, nixio"])
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        println!("skipped: no Python with h5py, libsonata, neo and nixio (name one in NET_PYTHON)");
        return;
    }
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python/read_recordings.py");
    let status = std::process::Command::new(python)
        .arg(script)
        .arg(run.path())
        .env("HDF5_USE_FILE_LOCKING", "FALSE")
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn a_killed_run_is_recovered_as_often_as_asked() {
    let directory = tempfile::tempdir().unwrap();
    let run = record(&directory.path().join("out"), 2, 100);
    // As if rank 1 was killed while it wrote its eighth chunk.
    for sequence in 7..10 {
        let path = chunk(&run, 1, sequence);
        if sequence == 7 {
            let bytes = fs::read(&path).unwrap();
            fs::write(path.with_extension("chunk.tmp"), &bytes[..bytes.len() / 3]).unwrap();
        }
        fs::remove_file(path).unwrap();
    }
    for _ in 0..2 {
        let recovered = recover(&run, Gaps::Refuse).unwrap();
        assert_eq!((recovered.recordings.end_step, recovered.recordings.finished), (700, false));
        assert_eq!(recovered.coverage.ranks[0].sealed_until, END_STEP);
        let reader = RunReader::open(&run).unwrap();
        assert_eq!(reader.end_step(), 700);
        let rate = reader.signal(1).unwrap();
        let values: Vec<f64> = rate.read(0..1, 0..70).unwrap();
        assert_eq!(values, [6.0; 70]);
    }
    let nothing = record(&directory.path().join("merged"), 1, 100);
    merge_recordings(&nothing, &MergeOptions::default()).unwrap();
    assert!(matches!(recover(&nothing, Gaps::Refuse), Err(Error::NothingToMerge { .. })));
}
