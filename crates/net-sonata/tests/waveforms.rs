//! Waveforms of inputs, against those that Neurodamus played.

mod common;

use std::path::{Path, PathBuf};

use net_sonata::config::InputTarget;
use net_sonata::stimulus::{CellProperties, Stimuli, Stimulus, StimulusError};
use net_sonata::{Circuit, CompartmentSets, SimulationConfig};

/// Simulations with the waveforms that were played in them.
fn cases() -> Vec<(PathBuf, PathBuf)> {
    let Some(folder) = common::reference() else { return Vec::new() };
    let mut cases = Vec::new();
    for case in ["nd-ringtest", "nd-v5mini5"] {
        for entry in std::fs::read_dir(folder.join(case).join("expected")).unwrap() {
            let entry = entry.unwrap().path();
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            let config = folder.join(case).join(format!("sim_{name}.json"));
            if entry.join("waves.h5").exists() {
                cases.push((config, entry.join("waves.h5")));
            }
        }
    }
    cases.sort();
    cases
}

/// One entry a place, in the order of the targets.
fn places(
    config: &SimulationConfig,
    circuit: &Circuit,
    stimulus: &Stimulus,
) -> Vec<CellProperties> {
    let mut cells = Vec::new();
    let mut add = |population: &net_sonata::NodePopulation, id: u64| {
        let only = id..id + 1;
        let number = |name: &str| {
            let attribute = format!("dynamics_params/{name}");
            let values =
                population.numbers(&attribute, std::slice::from_ref(&only)).unwrap_or_default();
            values.first().copied().filter(|value| value.is_finite())
        };
        cells.push(CellProperties {
            gid: population.first_gid() + id,
            threshold_current_na: number("threshold_current"),
            holding_current_na: number("holding_current"),
            input_resistance_mohm: number("input_resistance"),
        });
    };
    match &stimulus.input().target {
        InputTarget::NodeSet(selector) => {
            for (population, nodes) in circuit.nodes().iter().zip(circuit.select(selector).unwrap())
            {
                let nodes = nodes.intersection(population.simulated());
                nodes.iter().for_each(|id| add(population, id));
            }
        }
        InputTarget::CompartmentSet(name) => {
            let sets =
                CompartmentSets::load(config.compartment_sets_file.as_ref().unwrap()).unwrap();
            let set = sets.get(name).unwrap();
            let population = circuit.population(&set.population).unwrap();
            set.locations.iter().for_each(|location| add(population, location.node_id));
        }
    }
    cells
}

fn played(path: &Path) -> Vec<(String, Vec<(f64, f64)>)> {
    let file = hdf5::File::open(path).unwrap();
    let mut names = file.member_names().unwrap();
    names.sort();
    let read = |name: &str| file.dataset(name).unwrap().read_raw::<f64>().unwrap();
    let points = |name: &String| {
        let (t, i) = (read(&format!("{name}/t")), read(&format!("{name}/i")));
        t.into_iter().zip(i).collect()
    };
    names.iter().map(|name| (name.clone(), points(name))).collect()
}

#[test]
fn waveforms_are_those_that_were_played() {
    let mut n_waveforms = 0;
    for (config, waves) in cases() {
        let config = SimulationConfig::load(&config).unwrap();
        let circuit = Circuit::open(&config).unwrap();
        let expected = played(&waves);
        let mut played = expected.iter();
        for stimulus in Stimuli::new(&config).iter() {
            for cell in places(&config, &circuit, stimulus) {
                let Some(waveform) = stimulus.waveform(&cell).unwrap() else { continue };
                let (name, expected) = played.next().expect("as many waveforms as were played");
                let what = format!("{}: {name}", waves.display());
                // What comes long after the end of the run was not kept.
                let points = waveform.points();
                assert!(points.len() >= expected.len().min(points.len()), "{what}");
                let largest = expected.iter().fold(1e-300, |a: f64, p| a.max(p.1.abs()));
                let in_run = expected.iter().take_while(|p| p.0 <= config.run.tstop_ms);
                let n = in_run.count();
                assert!(points.len() >= n, "{what}: {} of {n} points", points.len());
                for (point, expected) in points.iter().zip(&expected[..n]) {
                    let near = (point.0 - expected.0).abs() <= 1e-12 * expected.0
                        && (point.1 - expected.1).abs() <= 1e-12 * largest;
                    assert!(near, "{what}: {point:?}, expected {expected:?}");
                }
                n_waveforms += 1;
            }
        }
        assert!(played.next().is_none(), "{}: waveforms are missing", waves.display());
    }
    println!("{n_waveforms} waveforms");
}

#[test]
fn what_an_input_is_relative_to_must_be_there() {
    let mut json: serde_json::Value = serde_json::from_str(
        &std::fs::read_to_string(common::data("obi/simulation_config.json")).unwrap(),
    )
    .unwrap();
    json["inputs"] = serde_json::json!({"hold": {
        "module": "hyperpolarizing", "input_type": "current_clamp",
        "delay": 0.0, "duration": 1.0, "node_set": "Excitatory",
    }, "shots": {
        "module": "absolute_shot_noise", "input_type": "current_clamp",
        "delay": 0.0, "duration": 1.0, "node_set": "Excitatory", "rise_time": 0.4,
        "decay_time": 4.0, "mean": 0.05, "sigma": 0.02, "relative_skew": 1.0,
    }});
    let path = common::data("obi/relative_inputs_of_a_test.json");
    std::fs::write(&path, json.to_string()).unwrap();
    let config = SimulationConfig::load(&path);
    std::fs::remove_file(&path).unwrap();
    let stimuli = Stimuli::new(&config.unwrap());
    let cell = CellProperties { gid: 7, ..CellProperties::default() };
    let errors: Vec<StimulusError> =
        stimuli.iter().map(|stimulus| stimulus.element(&cell).unwrap_err()).collect();
    assert_eq!(
        errors[0].to_string(),
        "input `hold`: cell 7 has no `holding_current`, which module hyperpolarizing is relative \
         to; give the nodes dynamics_params/holding_current"
    );
    assert!(
        errors[1].to_string().contains("`shots`, cell 7: the mean amplitude is 0"),
        "{errors:?}"
    );
}
