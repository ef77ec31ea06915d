//! Whatever happens to a run, what is sealed can be read, and what is damaged is named.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use net_io::Error;
use net_io::checkpoint::{CheckpointDirectory, CheckpointManifest};
use net_io::merge::{Extent, MergeOptions, RunReader, merge_recordings};
use net_io::nix::Uuid;
use net_io::store::*;

fn signal() -> Signal {
    Signal {
        name: "v".to_owned(),
        variable: "v".to_owned(),
        units: "mV".to_owned(),
        grid: SampleGrid::EVERY_STEP,
        sample_type: SampleType::F64,
        ..Signal::default()
    }
}

fn new_run(path: &Path) -> RunDirectory {
    let run = RunDirectory::create(path, Overwrite::No).unwrap();
    let mut manifest = Manifest::new(0.1, 1, 1);
    manifest.populations = vec![Population { name: "E".to_owned(), first_gid: 0, size: 10 }];
    manifest.signals = vec![signal()];
    run.write_manifest(&manifest).unwrap();
    run
}

fn new_part(run: &RunDirectory) -> PartWriter {
    let columns = vec![Column { gid: 1, segment: 0, label: 0 }];
    PartWriter::create(run, 0, vec![(signal(), columns.into())], 1 << 20).unwrap()
}

/// Records one step: a spike and a sample that tell the step.
fn record_step(part: &mut PartWriter, step: u64) {
    part.push_spike(Spike { step, gid: step % 10 }).unwrap();
    part.push_column(0, 0, &[step as f64]).unwrap();
}

/// A run with three chunks of ten steps.
fn three_chunks(path: &Path) -> RunDirectory {
    let run = new_run(path);
    let mut part = new_part(&run);
    for step in 0..30 {
        record_step(&mut part, step);
        if step % 10 == 9 && step < 29 {
            part.seal(step + 1).unwrap();
        }
    }
    part.finish(30).unwrap();
    run
}

fn chunk(run: &RunDirectory, sequence: usize) -> PathBuf {
    run.path().join(format!("parts/rank-00000/recording-0000-{sequence:08}.chunk"))
}

fn check_merged(run: &RunDirectory, end_step: u64) {
    let options = MergeOptions { extent: Extent::Sealed, ..MergeOptions::default() };
    let report = merge_recordings(run, &options).unwrap();
    assert_eq!((report.end_step, report.n_spikes), (end_step, end_step));
    let spikes = hdf5::File::open(run.file("spikes.h5")).unwrap();
    let ids: Vec<u64> = spikes.dataset("spikes/E/node_ids").unwrap().read_raw().unwrap();
    assert_eq!(ids, (0..end_step).map(|step| step % 10).collect::<Vec<_>>());
    let traces = hdf5::File::open(run.file("traces.h5")).unwrap();
    let v: Vec<f64> = traces.dataset("traces/v/data").unwrap().read_raw().unwrap();
    assert_eq!(v, (0..end_step).map(|step| step as f64).collect::<Vec<_>>());
}

#[test]
fn damaged_chunks_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let run = three_chunks(&directory.path().join("out"));
    let path = chunk(&run, 1);
    let good = fs::read(&path).unwrap();
    let error = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let error = run.coverage().unwrap_err();
        assert!(error.to_string().contains("recording-0000-00000001.chunk"), "{error}");
        assert!(merge_recordings(&run, &MergeOptions::default()).is_err());
        error
    };
    for length in [0, 10, 80, good.len() - 1] {
        assert!(matches!(error(&good[..length]), Error::ChunkTruncated { .. }), "{length} bytes");
    }
    // Every single flipped byte is found, wherever it is.
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x40;
        let found = error(&bytes);
        let expected = matches!(found, Error::ChunkCorrupt { .. } | Error::ChunkTruncated { .. });
        assert!(expected, "byte {at}: {found:?}");
    }
    fs::copy(chunk(&run, 2), &path).unwrap();
    let swapped = run.coverage().unwrap_err();
    assert!(matches!(swapped, Error::ChunkCorrupt { what: "(kind, rank, stream, sequence)", .. }));

    fs::remove_file(&path).unwrap();
    match run.coverage() {
        Err(Error::Gap { path: missing }) => assert_eq!(missing, path),
        other => panic!("{other:?}"),
    }
    fs::write(&path, &good).unwrap();
    check_merged(&run, 30);
}

#[test]
fn incomplete_chunks_are_ignored() {
    let directory = tempfile::tempdir().unwrap();
    let run = new_run(&directory.path().join("out"));
    let mut part = new_part(&run);
    record_step(&mut part, 0);
    part.seal(1).unwrap();
    drop(part);
    let leftover = run.path().join("parts/rank-00000/recording-0000-00000001.chunk.tmp");
    fs::write(leftover, b"half a chu").unwrap();
    check_merged(&run, 1);
}

#[test]
fn wrong_use_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let run = new_run(&directory.path().join("out"));
    let mut part = new_part(&run);
    let twice = PartWriter::create(&run, 0, vec![(signal(), Columns::default())], 1);
    assert!(matches!(twice, Err(Error::PartExists { rank: 0, .. })));
    record_step(&mut part, 0);
    assert!(matches!(
        part.push_column(1, 0, &[0.0]),
        Err(Error::NoSuchIndex { index: 1, len: 1, .. })
    ));
    assert!(matches!(
        part.push_column(0, 1, &[0.0]),
        Err(Error::NoSuchIndex { index: 1, len: 1, .. })
    ));
    assert!(matches!(part.push_sample(0, &[0.0, 0.0]), Err(Error::NoSuchIndex { .. })));
    match part.seal(2) {
        Err(Error::SampleCount { found: 1, expected: 2, column: 0, .. }) => {}
        other => panic!("{other:?}"),
    }
    part.seal(1).unwrap();
    assert_eq!(part.buffered_bytes(), 0);
    let late = part.push_spike(Spike { step: 0, gid: 1 });
    assert!(matches!(late, Err(Error::AlreadySealed { step: 0, gid: 1, sealed_until: 1 })));
    part.push_sample(0, &[1.0]).unwrap();
    part.push_spike(Spike { step: 5, gid: 1 }).unwrap();
    part.seal(2).unwrap();
    assert_eq!(part.buffered_bytes(), 16, "a spike of a later step stays");
    assert!(matches!(part.seal(1), Err(Error::SealBackwards { end_step: 1, sealed_until: 2 })));
    assert!(matches!(part.finish(2), Err(Error::BeyondEnd { step: 5, end_step: 2, .. })));
}

#[test]
fn directories_are_protected() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("deep/out");
    three_chunks(&path);
    fs::write(path.join("notes.txt"), "mine").unwrap();
    match RunDirectory::create(&path, Overwrite::No) {
        Err(Error::HoldsRun { found: "run.json", .. }) => {}
        other => panic!("{other:?}"),
    }
    let run = RunDirectory::create(&path, Overwrite::Yes).unwrap();
    assert!(matches!(run.manifest(), Err(Error::NotARun { .. })));
    assert!(path.join("notes.txt").exists() && !chunk(&run, 0).exists());
    let opened = RunDirectory::open(directory.path());
    assert!(matches!(opened, Err(Error::NotARun { .. })), "{opened:?}");

    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    for place in [file.join("out"), PathBuf::from("/proc/out")] {
        let created = RunDirectory::create(&place, Overwrite::No);
        assert!(matches!(created, Err(Error::NotWritable { .. })), "{created:?}");
    }
}

#[test]
fn the_manifest_comes_back_to_the_last_bit() {
    let directory = tempfile::tempdir().unwrap();
    let run = RunDirectory::create(directory.path().join("out"), Overwrite::No).unwrap();
    let mut manifest = Manifest::new(0.1 + f64::EPSILON, u64::MAX, 3);
    manifest.populations = vec![Population { name: "E".to_owned(), first_gid: 0, size: 1 }];
    manifest.signals = vec![signal()];
    manifest.projections = vec![Projection {
        name: "E:E".to_owned(),
        pre: "E".to_owned(),
        post: "E".to_owned(),
        mechanism: "ExpSyn".to_owned(),
        weight_units: "uS".to_owned(),
        parameters: vec![Parameter {
            name: "tau".to_owned(),
            value: 1.0 / 3.0,
            units: "ms".to_owned(),
        }],
    }];
    manifest.attributes.insert("program".to_owned(), "net-sim".to_owned());
    run.write_manifest(&manifest).unwrap();
    assert_eq!(run.manifest().unwrap(), manifest);

    manifest.projections[0].post = "X".to_owned();
    let error = run.write_manifest(&manifest).unwrap_err().to_string();
    assert!(error.contains("projections.E:E.post") && error.contains("`X`"), "{error}");
    fs::write(run.file("run.json"), "{").unwrap();
    assert!(matches!(run.manifest(), Err(Error::Json { .. })));
}

/// What the child of the next test does: records without end, telling each seal.
#[test]
fn child_that_records_until_it_is_killed() {
    let Ok(path) = std::env::var("NET_IO_KILLED_CHILD") else { return };
    let path = PathBuf::from(path);
    let run = new_run(&path.join("out"));
    let mut part = new_part(&run);
    for step in 0.. {
        record_step(&mut part, step);
        if step % 50 == 49 {
            part.seal(step + 1).unwrap();
            fs::write(path.join("sealed.tmp"), (step + 1).to_string()).unwrap();
            fs::rename(path.join("sealed.tmp"), path.join("sealed")).unwrap();
        }
    }
}

#[test]
fn what_is_sealed_survives_a_kill() {
    for repetition in 0..8 {
        let directory = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child_that_records_until_it_is_killed", "--exact"])
            .env("NET_IO_KILLED_CHILD", directory.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let sealed = || -> u64 {
            let text = fs::read_to_string(directory.path().join("sealed")).unwrap_or_default();
            text.parse().unwrap_or(0)
        };
        let start = Instant::now();
        while sealed() < 100 * (repetition + 1) && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_micros(300 + 170 * repetition));
        }
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        let acknowledged = sealed();
        assert!(acknowledged > 0, "the child sealed something");
        let run = RunDirectory::open(directory.path().join("out")).unwrap();
        let coverage = run.coverage().unwrap();
        assert!(!coverage.finished());
        assert!(coverage.sealed_until() >= acknowledged);
        check_merged(&run, coverage.sealed_until());
    }
}

#[test]
fn a_chunk_that_fails_behind_the_run_is_told_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let run = new_run(&directory.path().join("out"));
    let mut part = new_part(&run);
    let (place, away) = (run.path().join("parts/rank-00000"), directory.path().join("away"));
    (0..10).for_each(|step| record_step(&mut part, step));
    fs::rename(&place, &away).unwrap();
    part.begin_seal(10).unwrap();
    (10..20).for_each(|step| record_step(&mut part, step));
    for _ in 0..2 {
        let error = part.begin_seal(20).unwrap_err().to_string();
        assert!(error.contains("recording-0000-00000000.chunk"), "{error}");
    }
    fs::rename(&away, &place).unwrap();
    part.begin_seal(20).unwrap();
    assert_eq!((part.sealed_until(), part.buffered_bytes()), (20, 0));
    // Who goes away lets it be completed.
    drop(part);
    check_merged(&run, 20);
}

/// A small file system in memory; none without the right to mount.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(path: PathBuf, bytes: usize) -> Option<Self> {
        fs::create_dir_all(&path).unwrap();
        let target = CString::new(path.as_os_str().as_bytes()).unwrap();
        let options = CString::new(format!("size={bytes}")).unwrap();
        // SAFETY: all pointers are to NUL-terminated strings that live for the call.
        let status = unsafe {
            libc::mount(
                c"tmpfs".as_ptr(),
                target.as_ptr(),
                c"tmpfs".as_ptr(),
                0,
                options.as_ptr().cast(),
            )
        };
        (status == 0).then_some(Self(path))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let target = CString::new(self.0.as_os_str().as_bytes()).unwrap();
        // SAFETY: the pointer is to a NUL-terminated string that lives for the call.
        unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) };
    }
}

#[test]
fn a_full_disk_keeps_what_is_sealed() {
    let directory = tempfile::tempdir().unwrap();
    let Some(disk) = Tmpfs::mount(directory.path().join("disk"), 1 << 20) else {
        println!("skipped: mounting a tmpfs needs root");
        return;
    };
    let run = new_run(&disk.0.join("out"));
    let mut part = new_part(&run);
    let mut sealed_until = 0;
    let error = loop {
        for step in sealed_until..sealed_until + 4000 {
            record_step(&mut part, step);
        }
        match part.seal(sealed_until + 4000) {
            Ok(()) => sealed_until += 4000,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::DiskFull { .. }), "{error:?}");
    assert!(error.to_string().contains("disk full"), "{error}");
    assert!(sealed_until > 0);
    assert_eq!(run.coverage().unwrap().sealed_until(), sealed_until);

    // A merge that does not fit fails in the same way and leaves the parts.
    let options = MergeOptions { extent: Extent::Sealed, ..MergeOptions::default() };
    let merged = merge_recordings(&run, &options);
    assert!(matches!(merged, Err(Error::DiskFull { .. })), "{merged:?}");
    assert!(!run.file("spikes.h5").exists() && !run.file("spikes.h5.tmp").exists());
    assert_eq!(run.coverage().unwrap().sealed_until(), sealed_until);

    // The buffer is kept: with space again, the same seal succeeds.
    let remount = || {
        let target = CString::new(disk.0.as_os_str().as_bytes()).unwrap();
        // SAFETY: all pointers are to NUL-terminated strings that live for the call.
        unsafe {
            libc::mount(
                c"tmpfs".as_ptr(),
                target.as_ptr(),
                c"tmpfs".as_ptr(),
                libc::MS_REMOUNT,
                c"size=64m".as_ptr().cast(),
            )
        }
    };
    assert_eq!(remount(), 0);
    part.seal(sealed_until + 4000).unwrap();
    check_merged(&run, sealed_until + 4000);
}

/// A checkpoint of two ranks at a step, with a record each.
fn checkpoint(at: &CheckpointDirectory, step: u64, run_id: Uuid) {
    at.begin(step).unwrap();
    let file = |rank: u32| {
        let mut state = at.write(step, rank, run_id).unwrap();
        state.put(7, u64::from(rank), format!("state {rank} at {step}").as_bytes()).unwrap();
        state.finish().unwrap()
    };
    let files = vec![file(0), file(1)];
    let mut manifest = CheckpointManifest::new(run_id, step, 0.1, Default::default());
    manifest.set_state("what all ranks know".to_owned());
    at.seal(&CheckpointManifest { files, ..manifest }).unwrap();
}

/// All records of the latest checkpoint.
fn records(at: &CheckpointDirectory) -> net_io::Result<Vec<(u32, u64, String)>> {
    let latest = at.latest()?.ok_or(Error::NoCheckpoint { path: at.path().to_owned() })?;
    let mut found = Vec::new();
    for rank in 0..latest.n_ranks() {
        latest.read(rank, |kind, key, data| {
            found.push((kind, key, String::from_utf8_lossy(data).into_owned()));
            Ok(())
        })?;
    }
    Ok(found)
}

#[test]
fn a_checkpoint_is_the_latest_that_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let at = CheckpointDirectory::new(folder.path().join("checkpoints"));
    assert!(matches!(records(&at), Err(Error::NoCheckpoint { .. })));
    let run_id = Uuid::random();
    for step in [10, 200] {
        checkpoint(&at, step, run_id);
        let expected = [0, 1].map(|rank| (7, rank, format!("state {rank} at {step}")));
        assert_eq!(records(&at).unwrap(), expected);
    }
    assert_eq!(fs::read_dir(at.path()).unwrap().count(), 1, "the one before is not needed");
    // A kill while the next one is written, at any moment, leaves this one.
    at.begin(3000).unwrap();
    assert_eq!(records(&at).unwrap()[1].2, "state 1 at 200");
    at.write(3000, 0, run_id).unwrap().finish().unwrap();
    drop(at.write(3000, 1, run_id).unwrap());
    assert_eq!(records(&at).unwrap()[1].2, "state 1 at 200");
    checkpoint(&at, 3000, run_id);
    assert_eq!(records(&at).unwrap()[1].2, "state 1 at 3000");
    // A model that goes back to its start counts anew, and is later all the same.
    let after = at.clone().after_resets(1);
    after.begin(10).unwrap();
    assert_eq!(records(&at).unwrap()[1].2, "state 1 at 3000");
    checkpoint(&after, 10, run_id);
    assert_eq!(records(&at).unwrap()[1].2, "state 1 at 10");
    assert_eq!(at.latest().unwrap().unwrap().manifest().resets, 1);
    at.remove().unwrap();
    assert!(!at.path().exists());
}

#[test]
fn a_damaged_checkpoint_is_an_error_that_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let at = CheckpointDirectory::new(folder.path());
    let state = |rank: u32| folder.path().join(format!("step-000000000020/rank-{rank:05}.state"));
    let refused = |damage: &dyn Fn(), words: &[&str]| {
        checkpoint(&at, 20, Uuid::random());
        damage();
        let message = records(&at).unwrap_err().to_string();
        for word in words {
            assert!(message.contains(word), "{word:?} is not in {message}");
        }
    };
    let change = |path: &Path, with: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = fs::read(path).unwrap();
        with(&mut bytes);
        fs::write(path, bytes).unwrap();
    };
    let cut = |bytes: &mut Vec<u8>| bytes.truncate(50);
    refused(&|| change(&state(1), &cut), &["rank-00001", "truncated", "50 bytes found"]);
    refused(&|| fs::remove_file(state(0)).unwrap(), &["rank-00000", "missing", "all 2 ranks"]);
    // Header, record and data.
    for (at, words) in [
        (3, &["magic"][..]),
        (9, &["version"]),
        (12, &["rank"]),
        (17, &["step"]),
        (30, &["run"]),
        (45, &["checksum"]),
        (57, &["length"]),
        (70, &["checksum"]),
    ] {
        let flip = |bytes: &mut Vec<u8>| bytes[at] ^= 4;
        refused(&|| change(&state(1), &flip), &[&["rank-00001"], words].concat());
    }
    let manifest = folder.path().join("step-000000000020/checkpoint.json");
    let text = |old: &'static str, new: &'static str| {
        let manifest = manifest.clone();
        move || {
            let text = fs::read_to_string(&manifest).unwrap();
            assert!(text.contains(old));
            fs::write(&manifest, text.replace(old, new)).unwrap();
        }
    };
    let newer = text("\"format_version\": 2", "\"format_version\": 3");
    refused(&newer, &["checkpoint.json", "version is 3", "expected 2"]);
    refused(&text("all ranks know", "all ranks knew"), &["checkpoint.json", "checksum"]);
    refused(&text("\"step\": 20", "\"step\": 21"), &["checkpoint.json", "step is 21"]);
    refused(&|| change(&manifest, &cut), &["checkpoint.json", "EOF"]);
    // A file of another run.
    refused(
        &|| {
            let other = tempfile::tempdir().unwrap();
            checkpoint(&CheckpointDirectory::new(other.path()), 20, Uuid::random());
            fs::copy(other.path().join("step-000000000020/rank-00001.state"), state(1)).unwrap();
        },
        &["rank-00001", "run"],
    );
}

/// Three ranks record until step 70, of which the checkpoint at 40 is good; one rank goes on.
fn resumed(path: &Path) -> (RunDirectory, PartWriter) {
    let run = RunDirectory::create(path, Overwrite::No).unwrap();
    let mut manifest = Manifest::new(0.1, 1, 3);
    manifest.populations = vec![Population { name: "E".to_owned(), first_gid: 0, size: 3 }];
    manifest.signals = vec![signal()];
    run.write_manifest(&manifest).unwrap();
    for rank in 0..3_u32 {
        let columns = vec![Column { gid: u64::from(rank), segment: 0, label: 0 }];
        let signals = vec![(signal(), columns.into())];
        let mut part = PartWriter::create(&run, rank, signals, 1 << 20).unwrap();
        for step in 0..70 {
            part.push_spike(Spike { step, gid: u64::from(rank) }).unwrap();
            part.push_column(0, 0, &[step as f64]).unwrap();
            if [25, 40, 55].contains(&(step + 1)) {
                part.seal(step + 1).unwrap();
            }
        }
    }
    let manifest = run.begin_leg(Leg { first_step: 40, n_ranks: 1 }).unwrap();
    assert_eq!(manifest.leg_steps(), [0..40, 40..u64::MAX]);
    let columns = (0..3).map(|gid| Column { gid, segment: 0, label: 0 }).collect::<Vec<_>>();
    let part = PartWriter::create(&run, 0, vec![(signal(), columns.into())], 1 << 20).unwrap();
    (run, part)
}

#[test]
fn what_a_leg_recorded_after_the_checkpoint_is_superseded() {
    let folder = tempfile::tempdir().unwrap();
    let (run, mut part) = resumed(&folder.path().join("run"));
    // Killed before it had sealed anything: what is valid ends at the checkpoint.
    assert_eq!(run.coverage().unwrap().sealed_until(), 40);
    for step in 40..60 {
        for gid in 0..3 {
            part.push_spike(Spike { step, gid }).unwrap();
        }
        part.push_sample(0, &[step as f64; 3]).unwrap();
    }
    part.finish(60).unwrap();
    let reader = RunReader::open(&run).unwrap();
    assert_eq!((reader.end_step(), reader.finished()), (60, true));
    let v = reader.signal(0).unwrap();
    assert_eq!((v.columns().len(), v.n_samples()), (3, 60));
    let expected: Vec<f64> = (0..180).map(|at| f64::from(at % 60)).collect();
    assert_eq!(v.read::<f64>(0..3, 0..60).unwrap(), expected);
    let count = |reader: &RunReader| {
        let mut spikes = Vec::new();
        reader.spikes(0, 0..u64::MAX, |some| {
            spikes.extend_from_slice(some);
            Ok(())
        })?;
        Ok::<_, Error>(spikes)
    };
    let spikes = count(&reader).unwrap();
    let expected: Vec<Spike> = (0..180).map(|at| Spike { step: at / 3, gid: at % 3 }).collect();
    assert_eq!(spikes, expected);
    merge_recordings(&run, &MergeOptions::default()).unwrap();
    assert!(run.is_merged().unwrap() && !run.file("parts").exists());
    assert_eq!(count(&RunReader::open_merged(&run).unwrap()).unwrap(), expected);
    let again = run.begin_leg(Leg { first_step: 40, n_ranks: 1 });
    assert!(matches!(again, Err(Error::Merged { .. })));
}

#[test]
fn what_is_missing_before_a_leg_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (run, part) = resumed(&folder.path().join("run"));
    drop(part);
    let chunk =
        |sequence| run.path().join(format!("parts/rank-00001/recording-0000-{sequence:08}.chunk"));
    // Damage behind the checkpoint is nobody's business.
    fs::write(chunk(2), b"nothing").unwrap();
    assert_eq!(run.coverage().unwrap().sealed_until(), 40);
    fs::remove_file(chunk(2)).unwrap();
    fs::remove_file(chunk(1)).unwrap();
    let message = run.coverage().unwrap_err().to_string();
    assert!(message.contains("rank-00001") && message.contains("ends at step 25"), "{message}");
    let marked = run.coverage_with(Gaps::Mark).unwrap();
    assert_eq!((marked.gaps[0].rank, marked.gaps[0].steps.clone()), (1, 25..40));
}

/// A run that was killed when its recordings were removed and their folder was not yet.
#[test]
fn the_empty_folder_of_removed_recordings_goes_later() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDirectory::create(folder.path().join("out"), Overwrite::No).unwrap();
    run.write_manifest(&Manifest::new(0.1, 1, 1)).unwrap();
    PartWriter::create(&run, 0, Vec::new(), DEFAULT_CHUNK_BYTES).unwrap().finish(10).unwrap();
    let parts = run.file("parts");
    run.finish_removal().unwrap();
    assert!(parts.join("rank-00000").exists(), "nothing is merged yet");
    net_io::merge::merge_recordings(&run, &Default::default()).unwrap();
    assert!(!parts.exists());
    std::fs::create_dir(&parts).unwrap();
    assert!(run.is_merged().unwrap());
    run.finish_removal().unwrap();
    assert!(!parts.exists());
}

/// A run that was killed while its recordings, which were merged, were being removed.
#[test]
fn recordings_that_were_half_removed_are_not_recovered() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunDirectory::create(folder.path().join("out"), Overwrite::No).unwrap();
    run.write_manifest(&Manifest::new(0.1, 1, 1)).unwrap();
    let mut part = PartWriter::create(&run, 0, Vec::new(), DEFAULT_CHUNK_BYTES).unwrap();
    part.seal(5).unwrap();
    part.finish(10).unwrap();
    let options = net_io::merge::MergeOptions { keep_parts: true, ..Default::default() };
    net_io::merge::merge_recordings(&run, &options).unwrap();
    fs::write(run.file("parts/merged"), b"").unwrap();
    fs::remove_file(run.file("parts/rank-00000/recording-0000-00000000.chunk")).unwrap();
    let recovered = net_io::recover::recover(&run, Gaps::Refuse);
    assert!(matches!(recovered, Err(net_io::Error::NothingToMerge { .. })), "{recovered:?}");
    assert!(!run.file("parts").exists() && run.file(RunDirectory::SPIKES).exists());
}
