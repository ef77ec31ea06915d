//! Simulation configurations, beside a circuit that is right.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let path = net_fuzz::circuit("obi").join("simulation_config.json");
    std::fs::write(&path, text).expect("a file in the copy");
    let _ = net_sonata::validate(&path).to_string();
});
