//! The channels of the set `allen` beside the public ones of the same names, run by NEURON
//! (`data/make_channels.py`).

mod harness;

use std::sync::Arc;

use net_cell::mechanism::use_set;
use net_cell::morphology::CableProperties;
use net_cell::{CellTemplate, Region, StepSettings};
use serde_json::Value;

use harness::{Model, cable};

/// Potentials with these differ from NEURON's by some (mV), and why:
///
/// - `NaV` starts from the steady state of its scheme; the public file has a wrong rate in one of
///   the equations for it, and starts beside it.
/// - `Nap` opens at once with the potential; NEURON takes the slope of its current from a
///   difference over 0.001 mV, and it is exact here.
const DIFFERENT: [(&str, f64); 2] = [("NaV", 0.1), ("Nap", 1e-3)];

#[test]
fn channels_agree_with_the_public_ones() {
    use_set("allen").unwrap();
    let all: Value = serde_json::from_str(include_str!("data/channels.json")).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    for (name, channel) in all["allen"].as_object().unwrap() {
        let soma = cable(20.0, 20.0, 1, CableProperties::default());
        let mut cell = CellTemplate::new(soma).unwrap();
        cell.insert("pas", &Region::All, &[("g", 1e-4), ("e", -65.0)]).unwrap();
        for (mechanism, parameters) in channel["mechanisms"].as_object().unwrap() {
            let parameters = parameters.as_object().unwrap().iter();
            let values: Vec<(&str, f64)> =
                parameters.map(|(name, value)| (name.as_str(), number(value))).collect();
            cell.insert(mechanism, &Region::All, &values).unwrap();
        }
        let clamp = [("amp", 0.1), ("delay", 5.0), ("dur", 20.0)];
        cell.insert_point("IClamp", 0, &clamp).unwrap();
        let settings = StepSettings { celsius: 34.0, ..StepSettings::default() };
        let mut model = Model::new(settings);
        model.cell(&Arc::new(cell), &[]);
        model.voltage(0, 0);
        let run = model.run(1600).unwrap();
        // Every ms.
        let ours = run.traces[0].iter().step_by(40);
        let expected = channel["v"].as_array().unwrap().iter().map(number);
        let difference = ours.zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!("{name}: {difference:.1e} mV");
        let known = DIFFERENT.iter().find(|known| known.0 == name);
        let bound = known.map_or(1e-8, |known| known.1);
        assert!(difference < bound, "{name}: {difference} mV");
    }
}
