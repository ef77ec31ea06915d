//! Cases that NEURON ran: one mechanism on a compartment, or an artificial cell, with its inputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use net_cell::{CellTemplate, PointKind, Quantity, Region, SpikeSource, StepSettings};
use serde_json::Value;

use crate::harness::{Input, Model, rc};

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
pub(crate) fn model(case: &Value) -> Model {
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
        tables: case.get("tables").is_some_and(|tables| tables == true),
        ..StepSettings::default()
    });
    let mut points = vec![];
    let mut cell = rc();
    match text(case, "kind") {
        "artificial" => {
            cell = CellTemplate::artificial(name, &parameters).unwrap();
            let train = case.get("train").map_or_else(Vec::new, numbers);
            if !train.is_empty() {
                cell.set_spike_train(name, 0, &train).unwrap();
            }
        }
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
        let further = input.get("further").map_or_else(Vec::new, numbers);
        model.inputs.push(Input { cell: 0, point: 0, source, weight, further, delay_ms: 0.0 });
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

/// Runs every case; spikes must agree to 1e-9 ms and traces to 1e-9 of their largest value, or to what
/// the case says: where a current is not linear in v, NEURON's slope of it is a difference quotient.
pub(crate) fn agree_with_neuron(cases: &[Value]) {
    let mut wrong = Vec::new();
    for case in cases {
        let name = text(case, "name");
        let dt_ms = number(&case["dt"]);
        let every = case.get("every").map_or(1, |every| number(every) as usize);
        let bound = case.get("bound").map_or(1e-9, number);
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
            let trace: Vec<f64> = trace.iter().step_by(every).copied().collect();
            assert_eq!(trace.len(), expected.len(), "{name}");
            let largest = expected.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            let differences = trace.iter().zip(&expected).map(|(a, b)| (a - b).abs() / largest);
            let (at, difference) = differences
                .enumerate()
                .fold((0, 0.0), |worst, (at, d)| if d > worst.1 { (at, d) } else { worst });
            println!("    {variable}: {difference:.1e}");
            if difference > bound {
                let (found, expected) = (trace[at], expected[at]);
                wrong.push(format!("{name}: {variable} {found}, expected {expected} at {at}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
