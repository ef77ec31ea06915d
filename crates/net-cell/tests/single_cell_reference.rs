//! Single cells against NEURON: every case and step of the reference file.

mod common;

use std::sync::Arc;

use net_cell::{
    CellSpec, CellTemplate, Cells, PointKind, PointSpec, Quantity, Region, Samples, Schedule,
    SourceKey, SpikeSource, StepSettings, morphology::SectionKind,
};
use serde_json::Value;

/// Largest difference from NEURON's potential in mV and membrane current in nA.
const MAX_DV_MV: f64 = 1e-8;
const MAX_DI_NA: f64 = 1e-10;

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key} is missing in {value}"))
}

fn template(parameters: &Value, group: &hdf5::Group) -> CellTemplate {
    let mut cell = CellTemplate::new(common::morphology(group)).unwrap();
    let soma = Region::Kinds(vec![SectionKind::Soma]);
    if parameters["passive"].as_bool() == Some(true) {
        let pas = &parameters["passive_parameters"];
        let pas = [("g", number(pas, "g_pas")), ("e", number(pas, "e_pas"))];
        cell.insert("pas", &Region::All, &pas).unwrap();
    } else {
        cell.insert("hh", &soma, &[]).unwrap();
        let pas = &parameters["dend_pas"][0];
        let pas = [("g", number(pas, "g_pas")), ("e", number(pas, "e_pas"))];
        cell.insert("pas", &Region::AllBut(vec![SectionKind::Soma]), &pas).unwrap();
    }
    for stim in parameters["stim"].as_array().unwrap() {
        let name = stim["pptype"].as_str().unwrap();
        let values: Vec<(&str, f64)> = stim
            .as_object()
            .unwrap()
            .iter()
            .filter(|(key, _)| !["idx", "pptype"].contains(&key.as_str()))
            .map(|(key, value)| (key.as_str(), value.as_f64().unwrap()))
            .collect();
        cell.insert_point(name, number(stim, "idx") as usize, &values).unwrap();
    }
    cell
}

/// Runs a case and gives v and the membrane current of the stored segments, [segment][sample],
/// and the spike steps.
fn run(
    parameters: &Value,
    cell: CellTemplate,
    segments: &[u64],
    n_samples: usize,
) -> (Vec<Vec<f64>>, Vec<Vec<f64>>, Vec<u64>) {
    let settings = StepSettings {
        dt_ms: number(parameters, "dt"),
        celsius: number(parameters, "celsius"),
        v_init_mv: number(parameters, "v_init"),
        tables: true,
        second_order: false,
        random_key: 0,
    };
    let synapses = parameters["syn"].as_array().unwrap();
    let mut kinds = Vec::new();
    let mut points = Vec::new();
    for synapse in synapses {
        let names = ["tau", "tau1", "tau2", "e"].into_iter().filter(|n| synapse[n].is_number());
        let values: Vec<(&str, f64)> = names.map(|n| (n, number(synapse, n))).collect();
        points.push(PointSpec {
            segment: number(synapse, "idx") as u32,
            kind: kinds.len() as u32,
            row: 0,
        });
        kinds.push(PointKind::new(synapse["syntype"].as_str().unwrap(), &values).unwrap());
    }
    let spec = CellSpec { gid: 0, template: Arc::new(cell), points };
    let mut cells = Cells::new(&[spec], &kinds, settings, 1).unwrap();
    for (k, &segment) in segments.iter().enumerate() {
        let every = Schedule::default();
        let segment = segment as usize;
        cells.record((0, every), k as u32, 0, segment, &Quantity::Voltage).unwrap();
        cells.record((1, every), k as u32, 0, segment, &Quantity::MembraneCurrent).unwrap();
    }
    for (k, synapse) in synapses.iter().enumerate() {
        let target = cells.target(0, k);
        let times = synapse["times"].as_array().unwrap();
        let times = SpikeSource::Times(times.iter().map(|t| t.as_f64().unwrap()).collect());
        let weight = number(synapse, "weight");
        let key = SourceKey { seed: 0, gid: 0, number: k as u64 };
        cells.groups_mut()[0].add_input(target.endpoint, &times, weight, 0.0, key).unwrap();
    }
    let mut group = cells.into_groups().pop().unwrap();
    let n_steps = n_samples as u64 - 1;
    group.initialize(1, n_steps);
    let spikes = group.advance(0..n_steps, || ()).unwrap().iter().map(|s| s.step).collect();
    let columns = |recording| {
        let mut samples = Samples::new(segments.len());
        group.take_samples(recording, &mut samples);
        (0..segments.len())
            .map(|k| samples.values.iter().skip(k).step_by(segments.len()).copied().collect())
            .collect::<Vec<Vec<f64>>>()
    };
    let [mut v, mut i] = [0, 1].map(columns);
    (std::mem::take(&mut v), std::mem::take(&mut i), spikes)
}

fn largest_difference(a: &[Vec<f64>], b: &[Vec<f64>], from: usize) -> f64 {
    let pairs = a.iter().zip(b).flat_map(|(a, b)| a[from..].iter().zip(&b[from..]));
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn every_case_agrees_with_neuron() {
    let Some(shared) = common::shared() else { return };
    let file = hdf5::File::open(shared.join("reference/lfpy/single_cell.h5")).unwrap();
    let mut n_cases = 0;
    let mut failures = Vec::new();
    for case in file.groups().unwrap().iter().filter(|g| g.link_exists("morphology")) {
        for dt in ["dt2^-4", "dt0.025"] {
            let group = case.group(dt).unwrap();
            let parameters: Value =
                serde_json::from_str(&common::text(&group, "parameters")).unwrap();
            let cell = template(&parameters, &case.group("morphology").unwrap());
            let segments: Vec<u64> = common::vector(&group, "segment_index");
            let (v_reference, i_reference) =
                (common::matrix(&group, "v"), common::matrix(&group, "imem"));
            let n_samples = v_reference[0].len();
            let (v, i, spikes) = run(&parameters, cell, &segments, n_samples);
            let dv = largest_difference(&v, &v_reference, 0);
            // The first column of the reference is no membrane current.
            let di = largest_difference(&i, &i_reference, 1);
            println!("{:<40} {dt:<8} max |dv| {dv:.1e} mV  max |di| {di:.1e} nA", case.name());
            n_cases += 1;
            if dv > MAX_DV_MV || di > MAX_DI_NA {
                failures.push(format!("{} {dt}: dv {dv:e} mV, di {di:e} nA", case.name()));
            }
            let has_spikes = group.link_exists("spike_times");
            let times: Vec<f64> =
                if has_spikes { common::vector(&group, "spike_times") } else { Vec::new() };
            let dt_ms = number(&parameters, "dt");
            let steps: Vec<u64> = times.iter().map(|t| (t / dt_ms).round() as u64).collect();
            if has_spikes && steps != spikes {
                failures.push(format!("{} {dt}: spikes {spikes:?}, not {steps:?}", case.name()));
            }
        }
    }
    assert_eq!(n_cases, 20);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
