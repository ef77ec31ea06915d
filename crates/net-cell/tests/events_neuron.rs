//! Events, artificial cells, watched conditions and random streams beside NEURON: what
//! `scripts/events-neuron` has written, kept in `tests/data` or where `$NET_EVENTS` says.

mod cases;
mod harness;

use std::path::{Path, PathBuf};

use net_cell::mechanism::load_library;
use net_nmodl::library::{BuildOptions, build, mod_files};
use serde_json::Value;

#[test]
fn mechanisms_with_events_do_what_they_do_in_neuron() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = mod_files(&folder.join("tests/mod")).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let options = BuildOptions { cache: Some(cache.path().into()), ..BuildOptions::default() };
    let library = build(&files, &options).unwrap_or_else(|error| panic!("{error}"));
    load_library(&library.path).unwrap();
    let kept = folder.join("tests/data/events_neuron.json");
    let path = std::env::var_os("NET_EVENTS").map_or(kept, PathBuf::from);
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    cases::agree_with_neuron(&cases);
}
