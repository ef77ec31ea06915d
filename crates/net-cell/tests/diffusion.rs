//! `LONGITUDINAL_DIFFUSION`: beside NEURON in a branched cell and in an astrocyte, and beside the modes
//! of a cable.

mod harness;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use harness::{Input, Model, step};
use net_cell::mechanism::{load_library, use_set};
use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
};
use net_cell::{CellTemplate, PointKind, PointerTarget, Region, SpikeSource, Values};
use net_nmodl::library::{BuildOptions, build};
use serde_json::Value;

fn load() {
    static LOADED: Once = Once::new();
    LOADED.call_once(|| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/diffusion.mod");
        let folder = tempfile::tempdir().unwrap();
        let cache: Option<PathBuf> = Some(folder.path().into());
        let library = build(&[file], &BuildOptions { cache, ..BuildOptions::default() }).unwrap();
        load_library(&library.path).unwrap();
        use_set("ngv").unwrap();
    });
}

/// The cell of `data/make_diffusion.py`: segments 0 (soma), 1..6 (left), 6..10 (right), 10..13 (twig).
fn branched() -> CellTemplate {
    let mut builder = MorphologyBuilder::new();
    let soma = builder.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0).unwrap();
    let end = Some((soma, 1.0));
    let left = builder.cylinder("left", SectionKind::Basal, end, 150.0, 2.0).unwrap();
    builder.cylinder("right", SectionKind::Basal, end, 90.0, 1.5).unwrap();
    builder.cylinder("twig", SectionKind::Basal, Some((left, 0.5)), 40.0, 1.0).unwrap();
    let mut cell = segmented(builder, vec![1, 5, 4, 3]);
    let in_left = |segment: usize| (1..6).contains(&segment);
    let start = (0..13).map(|segment| if in_left(segment) { 1e-3 } else { 1e-4 }).collect();
    cell.insert("pas", &Region::All, &[]).unwrap();
    cell.insert_with("cadiff", &Region::All, &[("start", Values::PerSegment(start))]).unwrap();
    cell
}

fn segmented(builder: MorphologyBuilder, n: Vec<usize>) -> CellTemplate {
    let rule = Discretization::PerSection(n);
    let cable = Cable::Uniform(CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 });
    let morphology = builder.build().unwrap();
    CellTemplate::new(morphology.segmented(&rule, &cable, SegmentPoints::Exact).unwrap()).unwrap()
}

/// A cable of `n` compartments that starts from its mode `m`, without exchange.
fn cable(n: usize, m: usize) -> CellTemplate {
    let mut builder = MorphologyBuilder::new();
    builder.cylinder("cable", SectionKind::Soma, None, LENGTH_UM, 2.0).unwrap();
    let mut cell = segmented(builder, vec![n]);
    let start = (0..n).map(|i| mode(n, m, i)).collect();
    let parameters = [("start", Values::PerSegment(start)), ("k", Values::Uniform(0.0))];
    cell.insert_with("cadiff", &Region::All, &parameters).unwrap();
    cell
}

const LENGTH_UM: f64 = 60.0;
const N_STEPS: i32 = 100;

fn mode(n: usize, m: usize, i: usize) -> f64 {
    2.0 + (std::f64::consts::PI * m as f64 * (i as f64 + 0.5) / n as f64).cos()
}

#[test]
fn a_branched_cell_agrees_with_neuron() {
    load();
    let file: Value = serde_json::from_str(include_str!("data/diffusion.json")).unwrap();
    let every = file["every"].as_u64().unwrap();
    let mut model = Model::new(step(file["dt_ms"].as_f64().unwrap(), false));
    // Others stand in the lanes beside it.
    model.cell(&Arc::new(cable(4, 1)), &[]);
    model.cell(&Arc::new(branched()), &[]);
    model.cell(&Arc::new(cable(7, 2)), &[]);
    model.interval = every;
    let mut expected: Vec<Vec<f64>> = Vec::new();
    for name in ["cai", "b[0]", "b[1]"] {
        for (segment, trace) in file[name].as_array().unwrap().iter().enumerate() {
            model.variable(1, segment, "cadiff", name);
            let values = trace.as_array().unwrap().iter();
            expected.push(values.map(|x| x.as_f64().unwrap()).collect());
        }
    }
    let run = model.run((expected[0].len() as u64 - 1) * every).unwrap();
    assert_eq!(run.traces.len(), 3 * 13);
    for (trace, expected) in run.traces.iter().zip(&expected) {
        assert_eq!(trace.len(), expected.len());
        for (a, b) in trace.iter().zip(expected) {
            assert!((a - b).abs() <= 1e-12 * b.abs(), "{a}, {b}");
        }
    }
}

#[test]
fn modes_of_a_cable_decay_as_they_should() {
    load();
    let dt = 0.05;
    let cables = [(5, 1), (8, 3), (12, 2)];
    let mut model = Model::new(step(dt, false));
    for (gid, &(n, m)) in cables.iter().enumerate() {
        model.cell(&Arc::new(cable(n, m)), &[]);
        (0..n).for_each(|segment| model.variable(gid as u64, segment, "cadiff", "cai"));
    }
    model.interval = N_STEPS as u64;
    let run = model.run(N_STEPS as u64).unwrap();
    let mut traces = run.traces.iter();
    for (n, m) in cables {
        // Backward Euler divides the mode by 1 + dt lambda in every step.
        let h = LENGTH_UM / n as f64;
        let sine = (0.5 * std::f64::consts::PI * m as f64 / n as f64).sin();
        let factor = (1.0 + dt * 4.0 * 0.6 / (h * h) * sine * sine).powi(-N_STEPS);
        for i in 0..n {
            let trace = traces.next().unwrap();
            let exact = 2.0 + (mode(n, m, i) - 2.0) * factor;
            assert_eq!(trace[0], mode(n, m, i));
            assert!((trace[1] - exact).abs() < 1e-13, "{}, {exact}", trace[1]);
        }
    }
}

/// The astrocyte of `data/make_glia.py`: soma, branch, twig, endfoot, a compartment each.
fn astrocyte() -> CellTemplate {
    let mut builder = MorphologyBuilder::new();
    let soma = builder.cylinder("soma", SectionKind::Soma, None, 30.0, 30.0).unwrap();
    let branch = builder.cylinder("branch", SectionKind::Axon, Some((soma, 0.5)), 25.0, 0.5);
    let end = Some((branch.unwrap(), 1.0));
    builder.cylinder("twig", SectionKind::Axon, end, 12.0, 0.6).unwrap();
    builder.cylinder("foot", SectionKind::Basal, end, 10.0, 5.0).unwrap();
    let cable = Cable::Uniform(CableProperties { ra_ohm_cm: 35.4, cm_uf_cm2: 1.0 });
    let rule = Discretization::FixedPerSection(1);
    let morphology = builder.build().unwrap();
    let morphology = morphology.segmented(&rule, &cable, SegmentPoints::Exact).unwrap();
    let mut cell = CellTemplate::new(morphology).unwrap();
    let at = |segment: usize, value: f64| {
        Values::PerSegment((0..4).map(|k| if k == segment { value } else { 1e-4 }).collect())
    };
    let start = [("cai00", at(1, 1.2e-4)), ("cai0", at(2, 3e-4))];
    cell.insert_with("cadifus", &Region::All, &start).unwrap();
    cell.insert("vascouplingB", &Region::Segments(vec![3]), &[("R0pas", 0.675)]).unwrap();
    let glut = PointerTarget::Variable {
        mechanism: "GlutReceive".into(),
        variable: "glut".into(),
        segment: None,
        nth: 0,
    };
    cell.set_pointer("cadifus", "glu2", glut).unwrap();
    cell
}

#[test]
fn an_astrocyte_agrees_with_the_public_mechanisms() {
    load();
    let file: Value = serde_json::from_str(include_str!("data/glia.json")).unwrap();
    let every = file["every"].as_u64().unwrap();
    let mut settings = step(file["dt_ms"].as_f64().unwrap(), false);
    settings.celsius = 34.0;
    let mut model = Model::new(settings);
    model.kinds =
        ["GlutReceive", "GlutReceiveSoma"].map(|name| PointKind::new(name, &[]).unwrap()).into();
    // Others that get no glutamate stand in the lanes beside it.
    let cell = Arc::new(astrocyte());
    model.cell(&cell, &[]);
    model.cell(&cell, &[(1, 0), (0, 1)]);
    for point in 0..2 {
        let source = SpikeSource::Times(vec![2.0, 6.5]);
        let input = Input { cell: 1, point, source, weight: 1.1, further: vec![], delay_ms: 0.05 };
        model.inputs.push(input);
    }
    model.interval = every;
    let mut expected: Vec<(&String, Vec<f64>)> = Vec::new();
    for (name, trace) in file["traces"].as_object().unwrap() {
        let parts: Vec<&str> = name.split('/').collect();
        let sections = ["soma", "branch", "twig", "foot"];
        let segment = sections.iter().position(|&section| section == parts[0]).unwrap();
        match parts[1..] {
            [mechanism, variable] => model.variable(1, segment, mechanism, variable),
            _ => model.voltage(1, segment),
        }
        let values = trace.as_array().unwrap().iter();
        expected.push((name, values.map(|x| x.as_f64().unwrap()).collect()));
    }
    let n_steps = (expected[0].1.len() as u64 - 1) * every;
    let run = model.run(n_steps).unwrap();
    // The same wherever the cell stands.
    model.n_groups = 2;
    assert_eq!(model.run(n_steps).unwrap(), run);
    assert_eq!(run.traces.len(), expected.len());
    for (trace, (name, expected)) in run.traces.iter().zip(&expected) {
        assert_eq!(trace.len(), expected.len());
        // NEURON's file sets the uptake to another value before the first step.
        let first = usize::from(name.ends_with("icaER"));
        let largest = expected[first..].iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        for (a, b) in trace.iter().zip(expected).skip(first) {
            assert!((a - b).abs() <= 1e-10 * largest, "{name}: {a}, {b}");
        }
    }
}
