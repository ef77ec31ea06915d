//! A user's story: an empty folder, a `.mod` file of a new channel, and a program that inserts it.

mod common;

use std::fs;
use std::path::Path;

use common::{rank_counts, run, succeed};
use net_io::provenance::{Provenance, sha256};
use net_io::store::RunDirectory;

const KSLOW: &str = include_str!("../channel/mechanisms/kslow.mod");

/// The trace that the example prints, in mV.
fn trace(text: &str) -> Vec<f64> {
    let last = |line: &str| line.strip_suffix(" mV")?.rsplit(' ').next()?.parse().ok();
    text.lines().filter_map(last).collect()
}

#[test]
fn a_new_channel_runs_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("mechanisms");
    fs::create_dir(&own).unwrap();
    let path = own.display().to_string();

    // Nothing is there yet.
    let output = run("channel", 1, &[&path]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains("has no .mod files"), "{text}");

    // A mistake is shown with its place.
    let wrong = KSLOW.replace("ik = gbar*n*(v - ek)", "ik = gbar*n*(v - ekk)");
    fs::write(own.join("kslow.mod"), wrong).unwrap();
    let output = run("channel", 1, &[&path]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{text}");
    assert!(text.contains("kslow.mod:34:") && text.contains("`ekk` is not declared"), "{text}");

    // The channel holds the potential down as long as the current flows.
    fs::write(own.join("kslow.mod"), KSLOW).unwrap();
    let v = trace(&succeed("channel", 1, &[&path]));
    assert_eq!(v.len(), 61);
    let peak = v.iter().copied().fold(f64::MIN, f64::max);
    assert!(v[0] == -65.0 && peak > -50.0 && v[54] < peak - 1.0, "peak {peak}, {} at 54 ms", v[54]);

    // Without the channel it would stay there.
    fs::write(own.join("kslow.mod"), KSLOW.replace("gbar = 0.001", "gbar = 0")).unwrap();
    let passive = trace(&succeed("channel", 1, &[&path]));
    assert!(passive[54] > v[54] + 5.0 && passive[54] > passive[20], "{} mV", passive[54]);
}

#[test]
fn every_rank_has_the_channel() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("kslow.mod"), KSLOW).unwrap();
    let path = folder.path().display().to_string();
    let alone = trace(&succeed("channel", 1, &[&path]));
    for &ranks in rank_counts() {
        assert_eq!(trace(&succeed("channel", ranks, &[&path])), alone, "{ranks} ranks");
    }
}

#[test]
fn results_say_which_library_computed_them() {
    let folder = tempfile::tempdir().unwrap();
    let (own, out) = (folder.path().join("mechanisms"), folder.path().join("out"));
    fs::create_dir(&own).unwrap();
    fs::write(own.join("kslow.mod"), KSLOW).unwrap();
    succeed("channel", 1, &[&own.display().to_string(), &out.display().to_string()]);
    let run = RunDirectory::open(&out).unwrap();
    let record = Provenance::read(&run).unwrap().unwrap();
    let mechanisms = &record.plugins["mechanisms"];
    // The built-in sets have a version, libraries a file.
    assert!(mechanisms["neuron"].version.is_some() && mechanisms["neuron"].path.is_none());
    let libraries: Vec<_> = mechanisms.iter().filter(|(_, own)| own.path.is_some()).collect();
    let [(name, library)] = libraries[..] else { panic!("{libraries:?}") };
    let path = Path::new(library.path.as_ref().unwrap());
    assert_eq!(path.file_name().unwrap().to_str(), Some(name.as_str()));
    let hash = sha256(&fs::read(path).unwrap());
    assert_eq!(library.sha256.as_ref(), Some(&hash));
    assert!(library.interface_version.is_some());
    // Files say so too, without the path, by which they would differ from place to place.
    let stamp = record.reproducible();
    let stamped = &stamp.plugins["mechanisms"][name];
    assert_eq!((stamped.sha256.as_ref(), &stamped.path), (Some(&hash), &None));
}
