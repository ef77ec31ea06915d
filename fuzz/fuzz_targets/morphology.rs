//! Morphologies in SWC and Neurolucida's ASC, divided into segments.
#![no_main]

use libfuzzer_sys::fuzz_target;
use net_cell::CellTemplate;
use net_cell::morphology::{
    Cable, CableProperties, Discretization, SegmentPoints, read_asc, read_swc,
};

fuzz_target!(|text: &[u8]| {
    let path = net_fuzz::file("morphology", text);
    for morphology in [read_swc(&path), read_asc(&path)].into_iter().flatten() {
        let rule = Discretization::DLambda { d_lambda: 0.1, frequency_hz: 100.0 };
        let cable = Cable::Uniform(CableProperties { ra_ohm_cm: 150.0, cm_uf_cm2: 1.0 });
        if let Ok(segmented) = morphology.segmented(&rule, &cable, SegmentPoints::Exact) {
            let _ = CellTemplate::new(segmented);
        }
    }
});
