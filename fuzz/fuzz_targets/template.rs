//! Templates of cell models in HOC, applied to a morphology.
#![no_main]

use libfuzzer_sys::fuzz_target;
use net_sonata::cell::{CellModel, parse_hoc};

fuzz_target!(|text: &str| {
    if let Ok(CellModel::Cable(recipe)) = parse_hoc("cell.hoc".as_ref(), text) {
        net_fuzz::apply(&recipe);
    }
});
