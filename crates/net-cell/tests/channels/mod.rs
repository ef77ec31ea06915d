//! The channels of a built-in set beside the public ones of the same names, run by NEURON
//! (`data/make_channels.py`).

use std::sync::Arc;

use net_cell::mechanism::use_set;
use net_cell::morphology::CableProperties;
use net_cell::{CellTemplate, Region, StepSettings};
use serde_json::Value;

use crate::harness::{Model, cable};

/// Runs every channel of `set` that `data/channels.json` has; potentials must agree to 1e-8 mV, with
/// the `different` ones to the mV that stand beside them.
pub(crate) fn agree_with_neuron(set: &str, different: &[(&str, f64)]) {
    use_set(set).unwrap();
    let all: Value = serde_json::from_str(include_str!("../data/channels.json")).unwrap();
    let number = |value: &Value| value.as_f64().unwrap();
    for (name, channel) in all[set].as_object().unwrap() {
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
        let known = different.iter().find(|known| known.0 == name);
        let bound = known.map_or(1e-8, |known| known.1);
        assert!(difference < bound, "{name}: {difference} mV");
    }
}
