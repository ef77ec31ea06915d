//! Tables that inputs and reports name: spikes, currents, electrodes, contacts, and potentials of COMSOL
//! with the tetrahedra between their nodes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use net_lfp::Contacts;
use net_sonata::SpikeTrains;
use net_sonata::config::WaveformFormat;
use net_sonata::stimulus::{
    ComsolStudy, NearestNode, XstimWaveform, read_channels, read_currents, read_electrodes,
};

fuzz_target!(|text: &[u8]| {
    let path = net_fuzz::file("table.csv", text);
    let trains = SpikeTrains::load(&path, WaveformFormat::Csv, None).unwrap_or_default();
    for train in &trains {
        let times_ms = train.node_ids().iter().flat_map(|node| train.times_ms(*node));
        assert!(times_ms.is_sorted() || train.node_ids().len() > 1);
    }
    let _ = read_currents(&path, WaveformFormat::Csv, None, 0.0);
    let _ = read_electrodes(&path, None);
    let _ = read_channels(&path);
    let _ = Contacts::read(&path);
    if let Ok(course) = XstimWaveform::File(path.clone()).course() {
        let _ = course.at(1.0);
    }
    if let Ok(study) = ComsolStudy::read(&path) {
        let _ = NearestNode::new(&study.points_um).of([1.0, 2.0, 3.0]);
        if let Ok(tessellation) = study.tessellation() {
            let _ = tessellation.around([1.0, 2.0, 3.0]);
        }
    }
    let _ = Contacts::read(&net_fuzz::file("table.json", text));
});
