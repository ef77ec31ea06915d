//! Pictures of what probes measure, and runs that draw none.

mod common;

use std::fs;
use std::path::Path;

use common::succeed;
use net_io::probes::ProbeReader;

const NAME: [&str; 2] = ["ei_network", "slice_mea"];

/// A short run of few cells with fields into `out`; returns what it printed.
fn run(name: &str, out: &Path, options: &[&str]) -> String {
    let out = out.display().to_string();
    let own: &[&str] = if name == "ei_network" { &["--lfp"] } else { &["--contacts", "4"] };
    succeed(name, 1, &[&["--cells", "10", "--out", &out], own, options].concat())
}

fn pictures(out: &Path) -> usize {
    let names = fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|ending| ending == "png")).count()
}

#[test]
fn a_run_without_duration_draws_none_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for name in NAME {
        let out = folder.path().join(name);
        let text = run(name, &out, &["--tstop", "0"]);
        assert!(text.contains("picture   none: the run has no duration"), "{name}: {text}");
        assert!(out.join("OUTPUT.h5").is_file() && pictures(&out) == 0, "{name}");
    }
}

#[test]
fn nobody_who_wants_no_pictures_gets_any() {
    let folder = tempfile::tempdir().unwrap();
    for name in NAME {
        let out = folder.path().join(name);
        let text = run(name, &out, &["--tstop", "2", "--no-pictures"]);
        assert!(!text.contains("picture"), "{name}: {text}");
        assert!(out.join("OUTPUT.h5").is_file() && pictures(&out) == 0, "{name}");
    }
}

#[test]
fn contacts_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let drawn = |name: &str, text: &str| {
        let (file, out) = (folder.path().join(name), folder.path().join(format!("{name}.out")));
        fs::write(&file, text).unwrap();
        run("ei_network", &out, &["--tstop", "5", "--electrode", &file.display().to_string()]);
        assert_eq!(pictures(&out), 2, "{name}");
        let files = ["OUTPUT.h5", "fields.png"];
        files.map(|name| fs::read(out.join(name)).unwrap())
    };
    // The same contacts, and the same from above: other rows, the same map.
    let layout = r#"{"linear": {"n_contacts": 3, "spacing_um": 50, "first_um": [0, 0, -40]}}"#;
    let [layout, map] = drawn("linear.json", layout);
    let [table, _] = drawn("table.csv", "x_um,y_um,z_um\n0,0,-40\n0,0,10\n0,0,60\n");
    let [reversed, same_map] = drawn("reversed.csv", "x_um,y_um,z_um\n0,0,60\n0,0,10\n0,0,-40\n");
    assert!(layout == table && table != reversed);
    assert!(map == same_map);
    // Two contacts a depth, and all at one.
    drawn("shank.json", r#"{"neuropixels": {"n_contacts": 8, "first_um": [16, 0, -20]}}"#);
    drawn("tetrode.json", r#"{"tetrode": {"center_um": [0, 0, 0], "spacing_um": 25}}"#);
    drawn(
        "plane.json",
        r#"{"square_mea": {"n_contacts": [2, 2], "pitch_um": 30, "center_um": [0, 0, -20]}}"#,
    );
}

#[test]
fn magnetic_fields_of_single_dipoles() {
    let folder = tempfile::tempdir().unwrap();
    run("ei_network", folder.path(), &["--tstop", "5", "--meg", "--overwrite"]);
    assert_eq!(pictures(folder.path()), 2);
    let probes = ProbeReader::open(&folder.path().join("OUTPUT.h5")).unwrap();
    let largest = |name: &str, row: usize| {
        let probe = probes.iter().find(|probe| probe.name == name).unwrap();
        let signal = probe.read("imem", row..row + 1, 0..probe.n_samples).unwrap();
        signal.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()))
    };
    let meg = |row| largest("SphericallySymmetricVolCondMEG0", row);
    // Above the network the field is along y; beside it, it goes up and down.
    assert!(meg(7) > 0.0 && meg(8) < 0.05 * meg(7), "{} {}", meg(7), meg(8));
    assert!(meg(11) > 0.1 * meg(7), "{} {}", meg(11), meg(7));
    // A dipole across makes less potential above it than before it.
    let eeg = |row| largest("FourSphereVolumeConductor1", row);
    assert!(eeg(2) < eeg(3), "{} {}", eeg(2), eeg(3));
}
