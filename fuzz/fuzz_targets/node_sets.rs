//! Node sets and compartment sets, and what they select of a circuit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use net_sonata::{CompartmentSets, NodeSets, validate};

fuzz_target!(|text: &[u8]| {
    let folder = net_fuzz::circuit("obi");
    let path = folder.join("node_sets.json");
    std::fs::write(&path, text).expect("a file in the copy");
    if NodeSets::load(&path).is_ok() {
        let _ = validate(&folder.join("simulation_config.json")).to_string();
    }
    let _ = CompartmentSets::load(&path);
});
