//! Cell models in our own JSON, in the Allen Institute's and in NeuroML, applied to a morphology.
#![no_main]

use libfuzzer_sys::fuzz_target;
use net_sonata::cell::{CellModel, Processing, read_allen_json, read_nml, read_recipe};

/// The longest segment in um, as in the Allen Institute's configurations.
const LONGEST_UM: f64 = 20.0;

fuzz_target!(|text: &[u8]| {
    let path = net_fuzz::file("cell", text);
    if let Ok(CellModel::Cable(recipe)) = read_recipe(&path) {
        net_fuzz::apply(&recipe);
    }
    if let Ok(recipe) = read_allen_json(&path, Processing::AllActive, LONGEST_UM) {
        net_fuzz::apply(&recipe);
    }
    if let Ok(recipe) = read_nml(&path, LONGEST_UM) {
        net_fuzz::apply(&recipe);
    }
});
