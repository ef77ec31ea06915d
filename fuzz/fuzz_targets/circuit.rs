//! Circuit configurations, of a simulation that is right.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let folder = net_fuzz::circuit("obi");
    std::fs::write(folder.join("circuit_config.json"), text).expect("a file in the copy");
    let _ = net_sonata::validate(&folder.join("simulation_config.json")).to_string();
});
