//! Simulation configurations, beside a circuit that is right, and the signals of their inputs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use net_sonata::SimulationConfig;
use net_sonata::stimulus::{CellProperties, Stimuli};

fuzz_target!(|text: &[u8]| {
    let path = net_fuzz::circuit("obi").join("simulation_config.json");
    std::fs::write(&path, text).expect("a file in the copy");
    let _ = net_sonata::validate(&path).to_string();
    if let Ok(config) = SimulationConfig::load(&path) {
        let cell = CellProperties {
            gid: 3,
            threshold_current_na: Some(0.2),
            holding_current_na: Some(-0.1),
            input_resistance_mohm: Some(80.0),
        };
        for stimulus in Stimuli::new(&config).iter() {
            let _ = stimulus.element(&cell);
        }
    }
});
