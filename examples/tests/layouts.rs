//! The same files, byte for byte, from any number of ranks and threads.

mod common;

use std::fs;
use std::path::Path;

use common::{rank_counts, succeed};
use sha2::{Digest, Sha256};

const NETWORK_FILES: [&str; 4] =
    ["spikes.h5", "traces.h5", "cell_positions_and_rotations.h5", "synapse_connections.h5"];

/// SHA-256 of files.
fn hashes(folder: &Path, files: &[&str]) -> Vec<String> {
    let hash = |name: &&str| {
        let bytes = fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        format!("{name} {:x}", Sha256::digest(bytes))
    };
    files.iter().map(hash).collect()
}

/// Runs a program in every layout into folders of their own; all must write the same.
fn check_layouts(name: &str, arguments: &[&str], files: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = None;
    for &ranks in rank_counts() {
        for threads in ["1", "2"] {
            for balance in [&[][..], &["--balance"]] {
                let out = folder.path().join(format!("{ranks}-{threads}-{}", balance.len()));
                let out_name = out.display().to_string();
                let own = ["--out", &out_name, "--threads", threads];
                succeed(name, ranks, &[arguments, &own, balance].concat());
                let found = hashes(&out, files);
                let expected = expected.get_or_insert_with(|| found.clone());
                assert_eq!(found, *expected, "{ranks} ranks with {threads} threads {balance:?}");
                if ranks == 1 {
                    break;
                }
            }
        }
    }
    println!("{name} {arguments:?}: {expected:#?}");
}

#[test]
fn a_drawn_network_of_200_cells() {
    let files = [&NETWORK_FILES[..], &["spikes.txt", "activity.png"]].concat();
    check_layouts("ei_network", &["--cells", "200", "--tstop", "50", "--spikes-text"], &files);
}

#[test]
fn fields_of_a_network() {
    let arguments = ["--cells", "50", "--tstop", "50", "--lfp"];
    check_layouts("ei_network", &arguments, &["OUTPUT.h5", "fields.png"]);
    let averaged = [&arguments[..], &["--lfp-interval", "0.25"]].concat();
    check_layouts("ei_network", &averaged, &["OUTPUT.h5"]);
}

#[test]
fn a_slice_on_an_array_that_stimulates() {
    let arguments = ["--cells", "40", "--contacts", "8", "--tstop", "12"];
    check_layouts("slice_mea", &arguments, &["OUTPUT.h5", "spikes.h5", "slice.png"]);
}

#[test]
fn a_saved_network_gives_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name).display().to_string();
    let arguments = ["--cells", "50", "--tstop", "50", "--out"];
    let last = *rank_counts().last().unwrap_or(&1);
    succeed("ei_network", 1, &[&arguments[..], &[&out("drawn")]].concat());
    let from = ["--network-from", &out("drawn")];
    succeed("ei_network", last, &[&arguments[..], &[&out("rebuilt")], &from].concat());
    let hashes = |name: &str| hashes(&folder.path().join(name), &NETWORK_FILES);
    assert_eq!(hashes("drawn"), hashes("rebuilt"));
}

#[test]
fn the_network_of_neuron() {
    let Some(shared) = common::shared() else { return };
    let tables = shared.join("reference/lfpy/network_ei.h5").display().to_string();
    let files = ["spikes.h5", "traces.h5", "OUTPUT.h5"];
    check_layouts("replay", &["--tables", &tables, "--probes"], &files);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().display().to_string();
    let printed = succeed("replay", 1, &["--tables", &tables, "--out", &out, "--overwrite"]);
    assert!(printed.contains("125 of 125 spikes"), "{printed}");
}

#[test]
fn networks_of_point_neurons() {
    let files = ["spikes.h5", "traces.h5", "activity.png"];
    check_layouts("brunel", &["--order", "100", "--tstop", "60"], &files);
    check_layouts("izhikevich", &["--neurons", "200", "--tstop", "150"], &files);
}

#[test]
fn rings_have_the_same_spikes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("spikes.txt").display().to_string();
    let arguments =
        ["--cells", "32", "--ring-size", "8", "--tstop", "30", "--fan", "20", "--spikes", &file];
    let mut expected = None;
    for &ranks in rank_counts() {
        let printed = succeed("ring", ranks, &arguments);
        let result = printed.lines().find_map(|line| line.strip_prefix("RESULT "));
        let result: serde_json::Value = serde_json::from_str(result.unwrap_or_default()).unwrap();
        let spikes = fs::read_to_string(&file).unwrap();
        assert_eq!(result["spikes"], spikes.lines().count());
        assert_eq!(result["synapses"], 32 * 21);
        assert!(spikes.lines().count() >= 20, "{printed}");
        assert_eq!(&spikes, expected.get_or_insert_with(|| spikes.clone()), "{ranks} ranks");
    }
}
