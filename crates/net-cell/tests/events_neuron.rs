//! Events, artificial cells, watched conditions and random streams beside NEURON: what
//! `scripts/events-neuron` has written, kept in `tests/data` or where `$NET_EVENTS` says.

mod harness;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use harness::{Input, Model, rc};
use net_cell::mechanism::load_library;
use net_cell::{CellTemplate, PointKind, Quantity, Region, SpikeSource, StepSettings};
use net_nmodl::library::{BuildOptions, build, mod_files};
use serde_json::Value;

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn text<'v>(case: &'v Value, key: &str) -> &'v str {
    case[key].as_str().unwrap()
}

/// The cell of a case, and the model that it is in.
fn model(case: &Value) -> Model {
    let name = text(case, "mechanism");
    let mut parameters: BTreeMap<String, f64> = case["parameters"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), number(value)))
        .collect();
    for (stream, ids) in case["ids"].as_object().unwrap() {
        for (which, id) in numbers(ids).into_iter().enumerate() {
            parameters.insert(format!("{stream}.id{}", which + 1), id);
        }
    }
    let parameters: Vec<(&str, f64)> = parameters.iter().map(|(n, x)| (n.as_str(), *x)).collect();
    let mut model = Model::new(StepSettings {
        dt_ms: number(&case["dt"]),
        v_init_mv: number(&case["v_init"]),
        random_key: number(&case["key"]) as u32,
        ..StepSettings::default()
    });
    let mut points = vec![];
    let mut cell = rc();
    match text(case, "kind") {
        "artificial" => cell = CellTemplate::artificial(name, &parameters).unwrap(),
        "point" => {
            model.kinds = vec![PointKind::new(name, &parameters).unwrap()];
            points.push((0, 0));
            cell.detect_net_events(name).unwrap();
        }
        _ => cell.insert(name, &Region::All, &parameters).unwrap(),
    }
    for clamp in case["clamp"].as_array().unwrap() {
        let [delay, dur, amp] = numbers(clamp)[..] else { panic!("a clamp has three numbers") };
        let parameters = [("delay", delay), ("dur", dur), ("amp", amp)];
        cell.insert_point("IClamp", 0, &parameters).unwrap();
    }
    model.cell(&Arc::new(cell), &points);
    for input in case["inputs"].as_array().unwrap() {
        let source = SpikeSource::Times(numbers(&input["times"]));
        let weight = number(&input["weight"]);
        model.inputs.push(Input { cell: 0, point: 0, source, weight, delay_ms: 0.0 });
    }
    for variable in case["variables"].as_array().unwrap() {
        let variable = variable.as_str().unwrap().to_string();
        let mechanism = name.to_string();
        let quantity = match variable.as_str() {
            "v" => Quantity::Voltage,
            _ => Quantity::Variable { mechanism, variable, nth: 0 },
        };
        model.record.push((0, 0, quantity));
    }
    model
}

#[test]
fn mechanisms_with_events_do_what_they_do_in_neuron() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = mod_files(&folder.join("tests/mod")).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let options = BuildOptions { cache: Some(cache.path().into()), ..BuildOptions::default() };
    let library = build(&files, &options).unwrap_or_else(|error| panic!("{error}"));
    load_library(&library.path).unwrap();
    let kept = folder.join("tests/data/events_neuron.json");
    let path = std::env::var_os("NET_EVENTS").map_or(kept, PathBuf::from);
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let name = text(case, "name");
        let dt_ms = number(&case["dt"]);
        let run = model(case).run((number(&case["tstop"]) / dt_ms).round() as u64).unwrap();
        let spikes: Vec<f64> = run.spikes.iter().map(|spike| spike.time_ms(dt_ms)).collect();
        let expected = numbers(&case["spikes"]);
        let late = spikes.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!("{name}: {} spikes, {late:.1e} ms", spikes.len());
        if spikes.len() != expected.len() || late > 1e-9 {
            wrong.push(format!("{name}: spikes {spikes:?}, expected {expected:?}"));
        }
        for (trace, variable) in run.traces.iter().zip(case["variables"].as_array().unwrap()) {
            let variable = variable.as_str().unwrap();
            let expected = numbers(&case["traces"][variable]);
            assert_eq!(trace.len(), expected.len(), "{name}");
            let largest = expected.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            let differences = trace.iter().zip(&expected).map(|(a, b)| (a - b).abs() / largest);
            let (at, difference) = differences
                .enumerate()
                .fold((0, 0.0), |worst, (at, d)| if d > worst.1 { (at, d) } else { worst });
            println!("    {variable}: {difference:.1e}");
            if difference > 1e-9 {
                let (found, expected) = (trace[at], expected[at]);
                wrong.push(format!("{name}: {variable} {found}, expected {expected} at {at}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
