//! Merged files hold what was recorded, and the same bytes from any number of ranks.

use std::fs;
use std::path::Path;
use std::process::Command;

use net_io::Error;
use net_io::merge::{Extent, MergeOptions, merge_recordings};
use net_io::store::*;
use sha2::{Digest, Sha256};

const N_CELLS: u64 = 23;
const END_STEP: u64 = 1001;
const DT_MS: f64 = 0.025;

fn manifest(n_ranks: u32) -> Manifest {
    let mut manifest = Manifest::new(DT_MS, 7, n_ranks);
    let population =
        |name: &str, first_gid, size| Population { name: name.to_owned(), first_gid, size };
    manifest.populations =
        vec![population("E", 0, 17), population("silent", 17, 2), population("I", 19, 4)];
    let signal = |name: &str, units: &str, interval_steps, offset_steps, sample_type| Signal {
        name: name.to_owned(),
        variable: name.to_owned(),
        units: units.to_owned(),
        grid: SampleGrid { interval_steps, offset_steps },
        sample_type,
        ..Signal::default()
    };
    manifest.signals = vec![
        signal("v", "mV", 1, 0, SampleType::F32),
        signal("i_membrane", "nA", 10, 3, SampleType::F64),
        signal("nothing", "1", 1, 0, SampleType::F64),
    ];
    manifest.signals[1].labels = vec!["soma".to_owned(), "dend".to_owned()];
    manifest
}

/// Some spikes of a cell: several cells share steps, one spikes twice in a step.
fn spike_steps(gid: u64) -> Vec<u64> {
    if (17..19).contains(&gid) {
        return Vec::new();
    }
    let mut steps: Vec<u64> = (gid % 5..END_STEP).step_by(37 + gid as usize % 3).collect();
    if gid == 4 {
        steps.push(steps[0]);
    }
    steps
}

fn sample(signal: usize, column: &Column, step: u64) -> f64 {
    let place =
        (column.gid * 100 + u64::from(column.segment) * 10 + u64::from(column.label)) as f64;
    signal as f64 + place + 1e-3 * step as f64
}

/// What a rank records of a signal, in an order of its own.
fn columns(signal: usize, rank: u32, n_ranks: u32) -> Vec<Column> {
    let mine = (0..N_CELLS).rev().filter(|gid| gid % u64::from(n_ranks) == u64::from(rank));
    match signal {
        0 => mine.map(|gid| Column { gid, segment: 0, label: 0 }).collect(),
        1 => mine
            .filter(|gid| gid % 4 == 1)
            .flat_map(|gid| [1, 0].map(|label| Column { gid, segment: 2 + label, label }))
            .collect(),
        _ => Vec::new(),
    }
}

/// Records steps `0..end_step` in epochs of `epoch_steps`, sealing whenever the buffer is full.
fn record(run: &RunDirectory, rank: u32, n_ranks: u32, chunk_bytes: usize, finish: bool) {
    let manifest = run.manifest().unwrap();
    let declared: Vec<(Signal, Columns)> = (manifest.signals.iter().cloned())
        .enumerate()
        .map(|(index, signal)| (signal, columns(index, rank, n_ranks).into()))
        .collect();
    let mut part = PartWriter::create(run, rank, declared.clone(), chunk_bytes).unwrap();
    let epoch_steps = 40;
    for first in (0..END_STEP).step_by(epoch_steps) {
        let end = (first + epoch_steps as u64).min(END_STEP);
        for gid in (0..N_CELLS).filter(|gid| gid % u64::from(n_ranks) == u64::from(rank)) {
            for step in spike_steps(gid).into_iter().filter(|step| (first..end).contains(step)) {
                part.push_spike(Spike { step, gid }).unwrap();
            }
        }
        for (index, (signal, columns)) in declared.iter().enumerate() {
            for (number, column) in columns.columns().iter().enumerate() {
                let due = (first..end).filter(|&step| signal.grid.is_due(step));
                let samples: Vec<f64> = due.map(|step| sample(index, column, step)).collect();
                part.push_column(index, number, &samples).unwrap();
            }
        }
        if part.is_full() {
            part.seal(end).unwrap();
        }
    }
    if finish {
        part.finish(END_STEP).unwrap();
    }
}

/// Records on `n_ranks` ranks and merges; the chunk size differs between ranks.
fn run(path: &Path, n_ranks: u32) -> RunDirectory {
    let run = RunDirectory::create(path, Overwrite::No).unwrap();
    run.write_manifest(&manifest(n_ranks)).unwrap();
    for rank in 0..n_ranks {
        record(&run, rank, n_ranks, 3000 + 2000 * rank as usize, true);
    }
    run
}

fn hashes(run: &RunDirectory) -> Vec<String> {
    [RunDirectory::SPIKES, RunDirectory::SPIKES_TEXT, RunDirectory::TRACES]
        .map(|name| {
            let digest = Sha256::digest(fs::read(run.file(name)).unwrap());
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        })
        .to_vec()
}

#[test]
fn any_number_of_ranks_gives_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let options = MergeOptions { spikes_text: true, ..MergeOptions::default() };
    let mut expected = None;
    for n_ranks in [1, 2, 3, 5, 40] {
        let run = run(&directory.path().join(n_ranks.to_string()), n_ranks);
        let report = merge_recordings(&run, &options).unwrap();
        let n_spikes: usize = (0..N_CELLS).map(|gid| spike_steps(gid).len()).sum();
        assert_eq!(report.n_spikes, n_spikes as u64);
        assert!(report.finished);
        assert_eq!(report.end_step, END_STEP);
        assert!(!run.path().join("parts").exists(), "parts go after the merge");
        let found = hashes(&run);
        assert_eq!(&found, expected.get_or_insert(found.clone()), "{n_ranks} ranks");
        // HDF5 stores times in seconds; without them the files do not depend on when they are made.
        if n_ranks == 1 {
            std::thread::sleep(std::time::Duration::from_millis(1100));
        }
    }
}

#[test]
fn merged_files_hold_what_was_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let run = run(&directory.path().join("out"), 3);
    let options = MergeOptions { spikes_text: true, ..MergeOptions::default() };
    merge_recordings(&run, &options).unwrap();

    let manifest = manifest(3);
    let mut expected: Vec<(u64, u64)> =
        (0..N_CELLS).flat_map(|gid| spike_steps(gid).into_iter().map(move |s| (s, gid))).collect();
    expected.sort();
    let text: String =
        expected.iter().map(|(s, gid)| format!("{}\t{gid}\n", *s as f64 * DT_MS)).collect();
    assert_eq!(fs::read_to_string(run.file("spikes.txt")).unwrap(), text);

    let spikes = hdf5::File::open(run.file("spikes.h5")).unwrap();
    for population in &manifest.populations {
        let group = spikes.group(&format!("spikes/{}", population.name)).unwrap();
        let times: Vec<f64> = group.dataset("timestamps").unwrap().read_raw().unwrap();
        let ids: Vec<u64> = group.dataset("node_ids").unwrap().read_raw().unwrap();
        let of_population = expected.iter().filter(|(_, gid)| population.contains(*gid));
        let (mut wanted_times, mut wanted_ids) = (Vec::new(), Vec::new());
        for (step, gid) in of_population {
            wanted_times.push(*step as f64 * DT_MS);
            wanted_ids.push(gid - population.first_gid);
        }
        assert_eq!(times, wanted_times);
        assert_eq!(ids, wanted_ids);
    }

    let traces = hdf5::File::open(run.file("traces.h5")).unwrap();
    for (index, signal) in manifest.signals.iter().enumerate() {
        let mut wanted: Vec<Column> = (0..3).flat_map(|rank| columns(index, rank, 3)).collect();
        wanted.sort();
        let group = traces.group(&format!("traces/{}", signal.name)).unwrap();
        let gids: Vec<u64> = group.dataset("gids").unwrap().read_raw().unwrap();
        assert_eq!(gids, wanted.iter().map(|column| column.gid).collect::<Vec<_>>());
        let segments: Vec<u32> = group.dataset("segments").unwrap().read_raw().unwrap();
        assert_eq!(segments, wanted.iter().map(|column| column.segment).collect::<Vec<_>>());
        let steps: Vec<u64> = (0..END_STEP).filter(|&step| signal.grid.is_due(step)).collect();
        let data = group.dataset("data").unwrap();
        assert_eq!(data.shape(), [wanted.len(), steps.len()]);
        let data = data.read_2d::<f64>().unwrap();
        for (row, column) in data.outer_iter().zip(&wanted) {
            for (found, &step) in row.iter().zip(&steps) {
                let exact = sample(index, column, step);
                let stored = match signal.sample_type {
                    SampleType::F32 => f64::from(exact as f32),
                    SampleType::F64 => exact,
                };
                assert_eq!(*found, stored, "{} {column:?} step {step}", signal.name);
            }
        }
    }
}

#[test]
fn a_matrix_larger_than_a_tile_is_merged_in_full() {
    let directory = tempfile::tempdir().unwrap();
    // 3 columns of 10,000 samples make three tiles in time; chunks are cut at 7,000 steps.
    let mut manifest = Manifest::new(0.1, 1, 2);
    manifest.signals = vec![Signal {
        name: "v".to_owned(),
        variable: "v".to_owned(),
        units: "mV".to_owned(),
        grid: SampleGrid::EVERY_STEP,
        sample_type: SampleType::F64,
        ..Signal::default()
    }];
    let run = RunDirectory::create(directory.path().join("out"), Overwrite::No).unwrap();
    run.write_manifest(&manifest).unwrap();
    for (rank, gids) in [vec![2, 0], vec![1]].into_iter().enumerate() {
        let columns: Vec<_> =
            gids.iter().map(|&gid| Column { gid, segment: 0, label: 0 }).collect();
        let signals = vec![(manifest.signals[0].clone(), columns.into())];
        let mut part = PartWriter::create(&run, rank as u32, signals, 1 << 20).unwrap();
        for steps in [0..7000, 7000..10_000] {
            for (index, &gid) in gids.iter().enumerate() {
                let value = |step| (gid * 100_000 + step) as f64;
                part.push_column(0, index, &steps.clone().map(value).collect::<Vec<_>>()).unwrap();
            }
            part.seal(steps.end).unwrap();
        }
        part.finish(10_000).unwrap();
    }
    merge_recordings(&run, &MergeOptions::default()).unwrap();
    let traces = hdf5::File::open(run.file("traces.h5")).unwrap();
    let data = traces.dataset("traces/v/data").unwrap().read_2d::<f64>().unwrap();
    assert_eq!(data.dim(), (3, 10_000));
    for ((gid, step), value) in data.indexed_iter() {
        assert_eq!(*value, (gid * 100_000 + step) as f64);
    }
}

#[test]
fn an_unfinished_run_is_merged_up_to_the_last_common_step() {
    let directory = tempfile::tempdir().unwrap();
    let run = RunDirectory::create(directory.path().join("out"), Overwrite::No).unwrap();
    run.write_manifest(&manifest(2)).unwrap();
    record(&run, 0, 2, 3000, true);
    record(&run, 1, 2, 5000, false);
    let coverage = run.coverage().unwrap();
    assert!(coverage.ranks[0].finished && !coverage.ranks[1].finished);
    let sealed_until = coverage.sealed_until();
    assert!(0 < sealed_until && sealed_until < END_STEP);

    match merge_recordings(&run, &MergeOptions::default()) {
        Err(Error::Unfinished { rank: 1, sealed_until: found, .. }) => {
            assert_eq!(found, sealed_until);
        }
        other => panic!("{other:?}"),
    }
    let options = MergeOptions { extent: Extent::Sealed, ..MergeOptions::default() };
    let report = merge_recordings(&run, &options).unwrap();
    assert!(!report.finished);
    assert_eq!(report.end_step, sealed_until);
    for name in ["spikes.h5", "traces.h5"] {
        let file = hdf5::File::open(run.file(name)).unwrap();
        let attribute = |name| file.attr(name).unwrap().read_scalar::<u64>().unwrap();
        assert_eq!((attribute("finished"), attribute("end_step")), (0, sealed_until));
    }
    let expected = (0..N_CELLS).flat_map(spike_steps).filter(|&step| step < sealed_until).count();
    assert_eq!(report.n_spikes, expected as u64);
    let traces = hdf5::File::open(run.file("traces.h5")).unwrap();
    assert_eq!(traces.dataset("traces/v/data").unwrap().shape(), [23, sealed_until as usize]);
    assert!(run.path().join("parts").exists(), "parts of an unfinished run stay");
}

#[test]
fn a_second_merge_takes_nothing_away() {
    let directory = tempfile::tempdir().unwrap();
    let run = run(&directory.path().join("out"), 2);
    let keep = MergeOptions { spikes_text: true, keep_parts: true, ..MergeOptions::default() };
    merge_recordings(&run, &keep).unwrap();
    let expected = hashes(&run);
    merge_recordings(&run, &keep).unwrap();
    assert_eq!(hashes(&run), expected);

    // A kill while parts are removed: the mark is there, some chunks are gone.
    let parts = run.path().join("parts");
    fs::write(parts.join("merged"), "").unwrap();
    fs::remove_dir_all(parts.join("rank-00000")).unwrap();
    let sealed = MergeOptions { extent: Extent::Sealed, ..keep };
    for _ in 0..2 {
        assert!(matches!(merge_recordings(&run, &sealed), Err(Error::NothingToMerge { .. })));
        assert!(!parts.exists());
        assert_eq!(hashes(&run), expected);
    }
}

#[test]
fn contradictions_between_ranks_are_errors() {
    let directory = tempfile::tempdir().unwrap();
    let new_run = |name: &str| {
        let run = RunDirectory::create(directory.path().join(name), Overwrite::No).unwrap();
        let mut manifest = manifest(2);
        manifest.signals.truncate(1);
        run.write_manifest(&manifest).unwrap();
        run
    };
    let part = |run: &RunDirectory, rank, gid| {
        let signal = run.manifest().unwrap().signals[0].clone();
        let columns = vec![Column { gid, segment: 0, label: 0 }];
        PartWriter::create(run, rank, vec![(signal, columns.into())], 1000).unwrap()
    };
    let merge = |run: &RunDirectory| merge_recordings(run, &MergeOptions::default()).unwrap_err();

    let run = new_run("column");
    part(&run, 0, 3).finish(0).unwrap();
    part(&run, 1, 3).finish(0).unwrap();
    assert!(matches!(merge(&run), Error::Duplicate { gid: 3, ranks: [0, 1], .. }));

    let run = new_run("end");
    part(&run, 0, 3).finish(0).unwrap();
    let mut longer = part(&run, 1, 4);
    longer.push_column(0, 0, &[1.0]).unwrap();
    longer.finish(1).unwrap();
    assert!(matches!(merge(&run), Error::UnequalEnd { rank: 1, found: 1, expected: 0, .. }));

    let run = new_run("gid");
    let mut stranger = part(&run, 0, 3);
    stranger.push_column(0, 0, &[1.0]).unwrap();
    stranger.push_spike(Spike { step: 0, gid: 23 }).unwrap();
    stranger.finish(1).unwrap();
    let mut other = part(&run, 1, 4);
    other.push_column(0, 0, &[1.0]).unwrap();
    other.finish(1).unwrap();
    let error = merge(&run);
    assert!(matches!(error, Error::UnknownGid { gid: 23, .. }));
    assert!(error.to_string().contains("0..17 (E)"), "{error}");
    assert!(!run.file("spikes.h5").exists() && run.path().join("parts").exists());
}

#[test]
fn python_readers_open_the_files() {
    let Some(python) = python_with_h5py() else {
        println!("skipped: no Python with h5py (name one in NET_PYTHON)");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let run = run(&directory.path().join("out"), 2);
    merge_recordings(&run, &MergeOptions::default()).unwrap();
    let script = r#"
import h5py, sys
f = h5py.File(sys.argv[1] + "/spikes.h5")
g = f["spikes/I"]
assert f.attrs["magic"] == 0x0A7A and list(f.attrs["version"]) == [0, 1]
assert h5py.check_enum_dtype(g.attrs.get_id("sorting").dtype) == {"none": 0, "by_id": 1, "by_time": 2}
assert g.attrs["sorting"] == 2 and g.attrs["first_gid"] == 19
assert g["timestamps"].attrs["units"] == "ms" and g["timestamps"].dtype == "<f8"
assert g["node_ids"].dtype == "<u8" and len(f["spikes/silent/node_ids"]) == 0
f = h5py.File(sys.argv[1] + "/traces.h5")
v = f["traces/v"]
assert v["data"].dtype == "<f4" and v["data"].shape == (23, 1001) and v.attrs["units"] == "mV"
i = f["traces/i_membrane"]
assert list(i.attrs["label_names"]) == ["soma", "dend"] and list(i["labels"][:2]) == [0, 1]
assert i.attrs["t_start_ms"] == 3 * 0.025 and i.attrs["dt_ms"] == 10 * 0.025
assert abs(v["data"][3, 7] - 300.007) < 1e-4
"#;
    let status = Command::new(python).args(["-c", script]).arg(run.path()).status().unwrap();
    assert!(status.success());
}

fn python_with_h5py() -> Option<String> {
    let python = std::env::var("NET_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(&python).args(["-c", "import h5py"]).output();
    output.is_ok_and(|output| output.status.success()).then_some(python)
}
