//! Whatever happens to a run, what is sealed can be read, and what is damaged is named.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use net_io::Error;
use net_io::merge::{Extent, MergeOptions, merge_recordings};
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
