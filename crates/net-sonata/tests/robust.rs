//! Nothing that a file can hold makes a panic.

mod common;

use std::collections::BTreeSet;

use net_sonata::cell::parse_hoc;
use net_sonata::config::WaveformFormat;
use net_sonata::stimulus::{CellProperties, Stimuli};
use net_sonata::{
    Circuit, CompartmentSets, EdgeBatch, NodeSets, Result, Selection, SimulationConfig,
    SpikeTrains, validate,
};
use proptest::prelude::*;

/// JSON of any shape, with the words that mean something more often than others.
fn json() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "A",
        "layer",
        "population",
        "node_id",
        "$regex",
        "$and",
        "$or",
        "$gt",
        "compartment_set",
        "run",
        "dt",
        "tstop",
        "inputs",
        "module",
        "linear",
        "pulse",
        "noise",
        "reports",
        "network",
        "node_sets_file",
        "output",
        "conditions",
        "manifest",
        "$A",
        "$A$A",
        "networks",
        "nodes",
    ]);
    let text = prop_oneof![words, Just("["), Just("é$")].prop_map(|word| format!("{word:?}"));
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        (-1e3..1e3).prop_map(|value: f64| value.to_string()),
        text.clone(),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        let entry = (text.clone(), inner.clone()).prop_map(|(key, value)| format!("{key}:{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(|v| format!("[{}]", v.join(","))),
            prop::collection::vec(entry, 0..5).prop_map(|v| format!("{{{}}}", v.join(","))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_json_is_read_or_refused(text in json()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("any.json");
        std::fs::write(&path, &text).unwrap();
        let _ = NodeSets::load(&path);
        let _ = CompartmentSets::load(&path);
        // An object without networks cannot be a simulation.
        prop_assert!(!validate(&path).is_ok() || text.contains("networks"));
    }

    #[test]
    fn a_simulation_with_one_key_replaced_is_read_or_refused(text in json(), key in 0..9_usize) {
        let keys = ["run", "inputs", "reports", "output", "conditions", "connection_overrides",
            "node_set", "compartment_sets_file", "manifest"];
        let file = common::data("obi/simulation_config.json");
        let good = std::fs::read_to_string(&file).unwrap();
        // A second key of the same name is refused, but both are read.
        let circuit = common::data("obi/circuit_config.json");
        let changed = good
            .replacen("circuit_config.json", circuit.to_str().unwrap(), 1)
            .replacen(&format!("\"{}\":", keys[key]), "\"replaced\":", 1)
            .replacen('{', &format!("{{\"{}\": {text},", keys[key]), 1);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("simulation.json");
        std::fs::write(&path, changed).unwrap();
        let found = validate(&path);
        prop_assert!(!found.to_string().is_empty());
    }

    /// e-model templates with words removed, doubled and replaced.
    #[test]
    fn any_template_is_read_or_refused(changes in prop::collection::vec((any::<prop::sample::Index>(), 0..9_usize), 1..8)) {
        let path = common::data("cells/Pyramid.hoc");
        let text = std::fs::read_to_string(&path).unwrap();
        let mut words: Vec<&str> = text.split_inclusive([' ', '\n']).collect();
        for (at, change) in changes {
            // Nothing may be left of it.
            if words.is_empty() {
                break;
            }
            let at = at.index(words.len());
            match change {
                0 => drop(words.remove(at)),
                1 => words.insert(at, words[at]),
                2 => words.truncate(at.max(1)),
                other => words[at] = ["{ ", "} ", "\"", "forsec ", "= 1e999 ", "µ( "][other - 3],
            }
        }
        let _ = parse_hoc(&path, &words.concat());
    }

    #[test]
    fn selections_are_sets(a in prop::collection::vec(0..40_u64, 0..40), b in prop::collection::vec(0..40_u64, 0..40)) {
        let (x, y) = (Selection::from_ids(a.clone()), Selection::from_ids(b.clone()));
        let (a, b): (BTreeSet<u64>, BTreeSet<u64>) = (a.into_iter().collect(), b.into_iter().collect());
        prop_assert!(x.iter().eq(a.iter().copied()));
        prop_assert_eq!(x.len(), a.len() as u64);
        prop_assert!(x.union(&y).iter().eq(a.union(&b).copied()));
        prop_assert!(x.intersection(&y).iter().eq(a.intersection(&b).copied()));
        prop_assert!((0..40).all(|id| x.contains(id) == a.contains(&id)));
        prop_assert_eq!(x.union(&y), y.union(&x));
    }

    /// Whatever the batches and with or without an index: the edges of a target are all the rows
    /// that end on it, in their order.
    #[test]
    fn edges_are_those_of_the_targets(
        targets in prop::collection::vec(0..6_u64, 0..6),
        batch_edges in 1..5_usize,
    ) {
        let config = SimulationConfig::load(&common::data("obi/simulation_config.json")).unwrap();
        let circuit = Circuit::open(&config).unwrap();
        let targets = Selection::from_ids(targets);
        for edges in circuit.edges() {
            let rows = 0..edges.len();
            let ends = edges.reader().targets(std::slice::from_ref(&rows)).unwrap();
            let mut expected: Vec<(u64, u64)> =
                rows.map(|row| (ends[row as usize] as u64, row)).collect();
            expected.retain(|(node, _)| targets.contains(*node));
            expected.sort_unstable();
            let batches: Vec<EdgeBatch> =
                edges.afferent(&targets, batch_edges).unwrap().collect::<Result<_>>().unwrap();
            let pairs = |batch: &EdgeBatch| {
                batch.targets.iter().copied().zip(batch.edges.iter().copied()).collect::<Vec<_>>()
            };
            let found: Vec<(u64, u64)> = batches.iter().flat_map(pairs).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

/// Signals whose samples or events no memory would hold, each with what is counted.
#[test]
fn endless_signals_are_refused() {
    let circuit = common::data("obi/circuit_config.json");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("simulation.json");
    let noise = r#""module": "noise", "mean": 0.1, "variance": 0.01"#;
    let shot = r#""module": "shot_noise", "rise_time": 1, "decay_time": 2, "amp_mean": 0.1, "amp_var": 0.01"#;
    let sigma = r#""module": "ornstein_uhlenbeck", "tau": 2, "mean": 1, "sigma": 1"#;
    for (keys, expected) in [
        (format!(r#"{sigma}, "dt": 1e-300"#), Some("samples")),
        (format!(r#"{sigma}, "dt": 1e-6"#), None),
        (
            r#""module": "sinusoidal", "amp_start": 1, "frequency": 9, "dt": 1e-9"#.into(),
            Some("samples"),
        ),
        (
            r#""module": "pulse", "amp_start": 1, "width": 1e-9, "frequency": 1e11"#.into(),
            Some("pulses"),
        ),
        // What would be after the run is not made.
        (
            r#""module": "sinusoidal", "amp_start": 1, "frequency": 9, "duration": 1e12"#.into(),
            None,
        ),
        (
            r#""module": "pulse", "amp_start": 1, "width": 1, "frequency": 9, "duration": 1e12"#
                .into(),
            None,
        ),
        (format!(r#"{shot}, "rate": 1e15, "dt": 0.1"#), Some("events")),
        (format!(r#"{shot}, "rate": 100, "dt": 1e-7"#), Some("samples")),
        (format!(r#"{noise}, "delay": 1e12"#), Some("samples")),
        (noise.into(), None),
    ] {
        let times = match (keys.contains("delay"), keys.contains("duration")) {
            (true, _) => r#""duration": 5,"#,
            (_, true) => r#""delay": 1,"#,
            _ => r#""delay": 1, "duration": 5,"#,
        };
        let config = format!(
            r#"{{"network": {circuit:?}, "run": {{"tstop": 20, "dt": 0.1, "random_seed": 1}}, "inputs":
            {{"one": {{"input_type": "current_clamp", "node_set": "All", {times} {keys}}}}}}}"#
        );
        std::fs::write(&path, config).unwrap();
        let config = SimulationConfig::load(&path).unwrap_or_else(|error| panic!("{error}"));
        let stimuli = Stimuli::new(&config);
        let found = stimuli.iter().next().unwrap().element(&CellProperties::default());
        let message = found.err().map(|error| error.to_string());
        match expected {
            Some(what) => {
                let what = format!("the number of {what} is");
                assert!(message.as_ref().is_some_and(|m| m.contains(&what)), "{keys}: {message:?}");
            }
            None => assert_eq!(message, None, "{keys}"),
        }
    }
}

#[test]
fn spikes_have_finite_times() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spikes.csv");
    for time in ["nan", "inf", "-inf", "1e999"] {
        std::fs::write(&path, format!("timestamps node_ids\n1 0\n{time} 0\n")).unwrap();
        let found = SpikeTrains::load(&path, WaveformFormat::Csv, None).unwrap_err().to_string();
        assert!(found.contains("line 3") && found.contains("finite time"), "{found}");
    }
}
