//! Both schemes with exact rates against NEURON's, in a branched cell that spikes.

mod harness;

use std::sync::Arc;

use harness::{Model, step};
use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
};
use net_cell::{CellTemplate, PointKind, Region};
use serde_json::Value;

/// The cell of `data/make_schemes.py`: segments 0 (soma), 1..6 (left), 6..10 (right).
fn cell() -> CellTemplate {
    let mut builder = MorphologyBuilder::new();
    let soma = builder.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0).unwrap();
    let end = Some((soma, 1.0));
    builder.cylinder("left", SectionKind::Basal, end, 150.0, 2.0).unwrap();
    builder.cylinder("right", SectionKind::Basal, end, 90.0, 1.5).unwrap();
    let rule = Discretization::PerSection(vec![1, 5, 4]);
    let cable = Cable::Uniform(CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 });
    let morphology = builder.build().unwrap();
    let mut cell =
        CellTemplate::new(morphology.segmented(&rule, &cable, SegmentPoints::Exact).unwrap())
            .unwrap();
    cell.insert("hh", &Region::All, &[]).unwrap();
    let clamp = [("delay", 1.0), ("dur", 6.0), ("amp", 0.12)];
    cell.insert_point("IClamp", 9, &clamp).unwrap();
    cell
}

#[test]
fn both_schemes_agree_with_neuron() {
    let file: Value = serde_json::from_str(include_str!("data/schemes.json")).unwrap();
    let every = file["every"].as_u64().unwrap();
    for (order, second_order) in [("order1", false), ("order2", true)] {
        let mut model = Model::new(step(file["dt_ms"].as_f64().unwrap(), second_order));
        model.kinds = vec![PointKind::new("ExpSyn", &[("tau", 2.0), ("e", 0.0)]).unwrap()];
        model.cell(&Arc::new(cell()), &[(3, 0)]);
        model.drive(0, &[12.0], 0.02);
        [0, 5, 9].into_iter().for_each(|segment| model.voltage(0, segment));
        model.interval = every;
        let expected = ["soma", "left", "right"].map(|name| {
            let values = file[order][name].as_array().unwrap().iter();
            values.map(|v| v.as_f64().unwrap()).collect::<Vec<f64>>()
        });
        let run = model.run((expected[0].len() as u64 - 1) * every).unwrap();
        let pairs = run.traces.iter().flatten().zip(expected.iter().flatten());
        let dv = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!("{order}: max |dv| {dv:.1e} mV, {} spikes", run.spikes.len());
        assert_eq!(run.traces.iter().map(Vec::len).sum::<usize>(), 3 * expected[0].len());
        assert!(!run.spikes.is_empty());
        assert!(dv < 1e-8, "{order}: {dv} mV");
    }
}
