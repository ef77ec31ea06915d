//! Circuits of other simulators, against what these made of them.

mod common;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use net_sonata::config::EdgeKind;
use net_sonata::{Circuit, Flavor, Problem, Result, Selection, SimulationConfig, Value, validate};
use serde_json::Value as Json;

/// Configurations of all cases.
fn cases() -> Vec<PathBuf> {
    let Some(folder) = common::reference() else { return Vec::new() };
    let files = |path: &Path| {
        let entries = std::fs::read_dir(path).into_iter().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
    };
    files(&folder)
        .iter()
        .filter(|case| case.is_dir())
        .flat_map(|case| files(case))
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with("sim_") && name.ends_with(".json")
        })
        .collect()
}

fn expected(case: &Path, file: &str) -> Option<PathBuf> {
    let name = case.file_stem().unwrap().to_str().unwrap().strip_prefix("sim_").unwrap();
    let path = case.parent().unwrap().join("expected").join(name).join(file);
    path.exists().then_some(path)
}

fn model(case: &Path) -> Option<Json> {
    let file = std::fs::File::open(expected(case, "model.json.gz")?).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

fn open(case: &Path) -> (SimulationConfig, Circuit) {
    let config = SimulationConfig::load(case).unwrap_or_else(|e| panic!("{}: {e}", case.display()));
    let circuit = Circuit::open(&config).unwrap_or_else(|e| panic!("{}: {e}", case.display()));
    (config, circuit)
}

/// Cell models and mechanisms of others are not in the folder; nothing else may be missing.
#[test]
fn every_case_is_valid() {
    let cases = cases();
    let mut failures = Vec::new();
    for case in &cases {
        let found = validate(case);
        let absent = |problem: &Problem| match problem {
            Problem::NodeFileNotThere { what, .. } => *what == "cell model",
            Problem::NotThere { what, path } => {
                *what == "the directory"
                    && path.file_name().is_some_and(|name| {
                        let name = name.to_string_lossy();
                        name.starts_with("hoc") || name.starts_with("biophysical_model_templates")
                    })
            }
            _ => false,
        };
        let errors: Vec<String> = found
            .report
            .errors()
            .filter(|finding| !absent(&finding.problem))
            .map(ToString::to_string)
            .collect();
        if !errors.is_empty() {
            failures.push(format!("{}:\n  {}", case.display(), errors.join("\n  ")));
        }
        for warning in found.report.warnings() {
            println!("{warning}");
        }
    }
    println!("{} configurations", cases.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn offsets_are_those_of_neurodamus() {
    for case in cases() {
        let Some(path) = expected(&case, "populations_offset.dat") else { continue };
        let (_, circuit) = open(&case);
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(circuit.population_offsets(), text, "{}", case.display());
    }
}

/// The cells that were made: gid, node and population of each; of Neurodamus also the threshold
/// current.
#[test]
fn cells_are_those_of_the_models() {
    for case in cases() {
        let Some(model) = model(&case) else { continue };
        let (_, circuit) = open(&case);
        let mut found = Vec::new();
        for population in circuit.nodes() {
            let nodes = population.simulated();
            let currents =
                population.numbers("dynamics_params/threshold_current", nodes.ranges()).unwrap();
            for (node, current) in nodes.iter().zip(currents) {
                let current = if current.is_nan() { 0.0 } else { current };
                let name = population.name().to_owned();
                found.push((population.first_gid() + node, node, name, current));
            }
        }
        let cells = model["cells"].as_array().unwrap();
        let of_cell = |cell: &Json| {
            let node = cell.get("raw_gid").or(cell.get("node_id")).unwrap().as_u64().unwrap();
            let population = cell["population"].as_str().unwrap().to_owned();
            let current = cell.get("_threshold_current").map_or(0.0, |v| v.as_f64().unwrap());
            (cell["gid"].as_u64().unwrap(), node, population, current)
        };
        let mut expected: Vec<_> = cells.iter().map(of_cell).collect();
        expected.sort_by_key(|cell| cell.0);
        found.sort_by_key(|cell| cell.0);
        assert_eq!(found, expected, "{}", case.display());
    }
}

/// Neurodamus' connections between simulated cells: source, delay on the grid, weight.
#[test]
fn connections_are_those_of_neurodamus() {
    for case in cases().iter().filter(|case| case.file_name().unwrap() == "sim_base.json") {
        let (config, circuit) = open(case);
        let Some(model) = model(case).filter(|_| config.flavor == Flavor::Obi) else { continue };
        let weights: BTreeMap<(&str, &str), f64> = config
            .connection_overrides
            .iter()
            .map(|o| ((o.source.as_str(), o.target.as_str()), o.weight.unwrap_or(1.0)))
            .collect();
        let mut found = Vec::new();
        for edges in circuit.edges() {
            let (source, target) =
                (&circuit.nodes()[edges.source()], &circuit.nodes()[edges.target()]);
            let factor = *weights.get(&(source.name(), target.name())).unwrap_or(&1.0);
            let weight =
                if edges.kind() == EdgeKind::PointProcess { "weight" } else { "conductance" };
            for batch in edges.afferent(target.simulated(), 100).unwrap() {
                let batch = batch.unwrap();
                for (at, node) in batch.sources.iter().enumerate() {
                    if source.simulated().contains(*node) {
                        let delay_ms = batch.column("delay").unwrap()[at];
                        let steps = (delay_ms / config.run.dt_ms + 1e-5).floor();
                        let weight = factor * batch.column(weight).unwrap()[at];
                        found.push((source.first_gid() + node, steps, weight));
                    }
                }
            }
        }
        let of_netcon = |netcon: &Json| {
            let steps = (netcon["delay"].as_f64().unwrap() / config.run.dt_ms).round();
            let weight = netcon["w"][0].as_f64().unwrap();
            netcon["src"].as_u64().map(|source| (source, steps, weight))
        };
        // Replayed spikes come through connections without a source.
        let netcons = model["netcons"].as_array().unwrap();
        let mut expected: Vec<_> = netcons.iter().filter_map(of_netcon).collect();
        let order = |a: &(u64, f64, f64), b: &(u64, f64, f64)| {
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2))
        };
        expected.sort_by(order);
        found.sort_by(order);
        assert_eq!(found, expected, "{}", case.display());
    }
}

/// Synapses of Neurodamus' cells: each conductance and release probability, by synapse id.
#[test]
fn synapses_are_those_of_neurodamus() {
    for case in cases().iter().filter(|case| case.ends_with("nd-v5mini5/sim_base.json")) {
        let (_, circuit) = open(case);
        let model = model(case).unwrap();
        let mut found: BTreeMap<u64, Vec<[f64; 4]>> = BTreeMap::new();
        for edges in circuit.edges() {
            let nodes = circuit.nodes()[edges.target()].simulated();
            for batch in edges.afferent(nodes, 500).unwrap() {
                let batch = batch.unwrap();
                let column = |name: &str| batch.column(name).unwrap();
                for (at, node) in batch.targets.iter().enumerate() {
                    let synapse = [
                        f64::from(batch.synapse_ids[at]),
                        column("u_syn")[at],
                        column("depression_time")[at],
                        column("conductance")[at],
                    ];
                    found.entry(*node).or_default().push(synapse);
                }
            }
        }
        for cell in model["cells"].as_array().unwrap() {
            let probabilistic = |p: &&Json| p["mech"].as_str().unwrap().starts_with("Prob");
            let parameter = |p: &Json, name: &str| p["params"][name].as_f64().unwrap();
            let synapse = |p: &Json| {
                ["synapseID", "Use", "Dep", "conductance"].map(|name| parameter(p, name))
            };
            let processes = cell["pp"].as_array().unwrap();
            let mut expected: Vec<[f64; 4]> =
                processes.iter().filter(probabilistic).map(synapse).collect();
            let mut found = found.remove(&cell["gid"].as_u64().unwrap()).unwrap_or_default();
            let order = |a: &[f64; 4], b: &[f64; 4]| a.partial_cmp(b).unwrap();
            expected.sort_by(order);
            found.sort_by(order);
            assert_eq!(found.len(), expected.len());
            assert_eq!(found, expected);
        }
    }
}

/// BMTK's connections: for each cell, how many of which type from which source, with their delays.
#[test]
fn connections_are_those_of_bmtk() {
    for case in cases() {
        let (config, circuit) = open(&case);
        let Some(model) = model(&case).filter(|_| config.flavor == Flavor::Allen) else { continue };
        type Key = (u64, String, u64, i64, String);
        let mut found: BTreeMap<Key, u64> = BTreeMap::new();
        for edges in circuit.edges() {
            let target = &circuit.nodes()[edges.target()];
            let source = circuit.nodes()[edges.source()].name();
            let point = target.node_kinds(target.simulated().ranges()).unwrap();
            for batch in edges.afferent(target.simulated(), 5000).unwrap() {
                let batch = batch.unwrap();
                for (at, node) in batch.targets.iter().enumerate() {
                    let gid = target.first_gid() + node;
                    let n = match point[*node as usize] {
                        // One connection to an artificial cell, its weight multiplied.
                        net_sonata::config::NodeKind::Biophysical => {
                            // Without a number, or with a place instead, there is one.
                            let nsyns = batch.column("nsyns").unwrap()[at];
                            if nsyns.is_nan() { 1 } else { nsyns as u64 }
                        }
                        _ => 1,
                    };
                    let delay = batch.column("delay").unwrap()[at].to_string();
                    let key =
                        (gid, source.to_owned(), batch.sources[at], batch.type_ids[at], delay);
                    *found.entry(key).or_default() += n;
                }
            }
        }
        let mut expected: BTreeMap<Key, u64> = BTreeMap::new();
        for cell in model["cells"].as_array().unwrap() {
            for synapse in cell["syn"].as_array().unwrap() {
                let key = (
                    cell["gid"].as_u64().unwrap(),
                    synapse["src"][0].as_str().unwrap().to_owned(),
                    synapse["src"][1].as_u64().unwrap(),
                    synapse["edge_type"].as_i64().unwrap(),
                    synapse["delay"].as_f64().unwrap().to_string(),
                );
                *expected.entry(key).or_default() += 1;
            }
        }
        assert_eq!(found.len(), expected.len(), "{}", case.display());
        assert!(found == expected, "{}", case.display());
    }
}

/// Where BMTK's file gives the place of synapses, it is taken as it is; weights of files too.
#[test]
fn places_are_those_of_bmtk() {
    for case in cases().iter().filter(|case| case.ends_with("sonata-9cells/sim_base.json")) {
        let (_, circuit) = open(case);
        let model = model(case).unwrap();
        let mut found: BTreeMap<u64, Vec<[f64; 3]>> = BTreeMap::new();
        for edges in circuit.edges() {
            for batch in edges.afferent(&Selection::all(9), 100).unwrap() {
                let batch = batch.unwrap();
                let column = |name: &str| batch.column(name).unwrap();
                for (at, node) in batch.targets.iter().enumerate() {
                    let place = [column("section_id"), column("section_pos"), column("syn_weight")];
                    found.entry(*node).or_default().push(place.map(|values| values[at]));
                }
            }
        }
        for cell in model["cells"].as_array().unwrap() {
            let mut expected: Vec<[f64; 3]> = cell["syn"]
                .as_array()
                .unwrap()
                .iter()
                .map(|s| ["sec", "x", "w"].map(|name| s[name].as_f64().unwrap()))
                .collect();
            let mut found = found.remove(&cell["node_id"].as_u64().unwrap()).unwrap();
            expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
            found.sort_by(|a, b| a.partial_cmp(b).unwrap());
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                assert_eq!((found[0], found[2]), (expected[0], expected[2]));
            }
        }
    }
}

/// Types of nodes, joined from the tables.
#[test]
fn node_types_are_joined() {
    for case in cases().iter().filter(|case| case.ends_with("bmtk-bio14/sim_base.json")) {
        let (_, circuit) = open(case);
        let v1 = circuit.population("v1").unwrap();
        let all = 0..v1.len();
        let names: Result<_> = v1.values("pop_name", std::slice::from_ref(&all));
        let names: Vec<Value> = names.unwrap();
        let count =
            |name: &str| names.iter().filter(|value| **value == Value::Text(name.into())).count();
        assert_eq!((count("Scnn1a"), count("Rorb"), count("Nr5a1")), (2, 2, 2));
    }
}
