//! Synapses and connections against those that NEURON had, case by case.

mod common;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use net_sonata::cell::{Cell, CellSource};
use net_sonata::config::{InputKind, InputType, NodeKind};
use net_sonata::connect::{ConnectionRules, Connector, Synapse, Synapses, TargetCell};
use net_sonata::{Circuit, EdgePopulation, Flavor, SimulationConfig};
use serde_json::Value as Json;

fn model(case: &Path) -> Json {
    let file = std::fs::File::open(case.join("expected/base/model.json.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn with_templates(case: &Path, source: &mut CellSource) -> bool {
    let Some(model) = &source.model else { return true };
    if model.exists() {
        return true;
    }
    let Some(folder) = std::env::var_os("NET_HOC_TEMPLATES") else { return false };
    let folder = PathBuf::from(folder).join(case.file_name().unwrap());
    source.model = Some(folder.join(model.file_name().unwrap()));
    source.model.as_ref().is_some_and(|path| path.exists())
}

/// Cells of all simulated nodes, by population; `None` if a template is missing.
fn cells(case: &Path, circuit: &Circuit) -> Option<Vec<Vec<(u64, Cell)>>> {
    let mut built: BTreeMap<CellSource, Cell> = BTreeMap::new();
    let mut all = Vec::new();
    for population in circuit.nodes() {
        let mut own = Vec::new();
        for node in population.simulated().iter() {
            let source = population.cell_sources(&(node..node + 1)).unwrap().remove(0);
            let Some(mut source) = source else { continue };
            if !with_templates(case, &mut source) {
                return None;
            }
            let cell = built.entry(source.clone()).or_insert_with(|| source.build(20.0).unwrap());
            own.push((node, cell.clone()));
        }
        all.push(own);
    }
    Some(all)
}

/// One found synapse with its source population and model.
struct Found<'a> {
    edges: &'a EdgePopulation,
    synapse: Synapse,
    model: Option<Model>,
}

/// A mechanism and its parameters.
#[derive(Debug)]
struct Model {
    mechanism: String,
    parameters: BTreeMap<String, f64>,
}

impl Model {
    fn of(synapses: &Synapses, synapse: &Synapse) -> Self {
        let model = &synapses.models[synapse.model as usize];
        Model { mechanism: model.mechanism.clone(), parameters: model.parameters(synapse.row) }
    }
}

/// All synapses by target gid, in the order in which BioNet makes them: those within cells first,
/// then those of each input.
fn all_synapses<'a>(
    config: &'a SimulationConfig,
    circuit: &'a Circuit,
    cells: &[Vec<(u64, Cell)>],
) -> BTreeMap<u64, Vec<Found<'a>>> {
    let mut targets: Vec<Vec<TargetCell>> = cells
        .iter()
        .map(|own| {
            own.iter().map(|(node, cell)| TargetCell::new(*node, cell, config.flavor)).collect()
        })
        .collect();
    let is_virtual =
        |edges: &&EdgePopulation| circuit.nodes()[edges.source()].kind() == NodeKind::Virtual;
    let mut order: Vec<&EdgePopulation> =
        circuit.edges().iter().filter(|e| !is_virtual(e)).collect();
    match config.flavor {
        Flavor::Obi => order.extend(circuit.edges().iter().filter(is_virtual)),
        Flavor::Allen => {
            for input in config.inputs.iter().filter(|input| input.input_type == InputType::Spikes)
            {
                let InputKind::SpikeFile { .. } = &input.kind else { continue };
                let net_sonata::config::InputTarget::NodeSet(set) = &input.target else { continue };
                let selected = circuit.select(set).unwrap();
                let driven =
                    |e: &&EdgePopulation| is_virtual(e) && !selected[e.source()].is_empty();
                order.extend(circuit.edges().iter().filter(driven));
            }
        }
    }
    let rules = ConnectionRules::read(config, circuit).unwrap();
    let mut connector = Connector::new(config, circuit, &rules);
    let mut all: BTreeMap<u64, Vec<Found>> = BTreeMap::new();
    for edges in order {
        let own = &mut targets[edges.target()];
        let synapses = connector.synapses(edges, own).unwrap();
        let first_gid = circuit.nodes()[edges.target()].first_gid();
        for &synapse in &synapses.synapses {
            let gid = first_gid + own[synapse.target as usize].node;
            let model =
                (synapse.model != Synapses::ARTIFICIAL).then(|| Model::of(&synapses, &synapse));
            all.entry(gid).or_default().push(Found { edges, synapse, model });
        }
    }
    all
}

fn open(case: &Path) -> (SimulationConfig, Circuit) {
    let config = SimulationConfig::load(&case.join("sim_base.json")).unwrap();
    let circuit = Circuit::open(&config).unwrap();
    (config, circuit)
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-12 * expected.abs()
}

#[test]
fn synapses_of_allen_circuits_are_those_of_bionet() {
    let Some(folder) = common::reference() else { return };
    let mut failed = Vec::new();
    for name in ["bmtk-bio14", "bmtk-intfire-ring", "sonata-300intfire", "sonata-9cells"] {
        let case = folder.join(name);
        let (config, circuit) = open(&case);
        let cells = cells(&case, &circuit).unwrap();
        let found = all_synapses(&config, &circuit, &cells);
        let model = model(&case);
        let kinds = model["synparams"].as_array().unwrap();
        let (mut n, mut n_wrong) = (0, 0);
        for expected in model["cells"].as_array().unwrap() {
            let gid = expected["gid"].as_u64().unwrap();
            let empty = Vec::new();
            let own = found.get(&gid).unwrap_or(&empty);
            let list = expected["syn"].as_array().unwrap();
            if own.len() != list.len() {
                println!("{name}: cell {gid}: {} synapses, expected {}", own.len(), list.len());
                n_wrong += 1;
                continue;
            }
            let cell = &cells.iter().flatten().nth(gid as usize).unwrap().1;
            for (found, expected) in own.iter().zip(list) {
                n += 1;
                let source = circuit.nodes()[found.edges.source()].name();
                let mut ok = expected["src"][0] == *source
                    && expected["src"][1] == found.synapse.source
                    && close(found.synapse.weight, expected["w"].as_f64().unwrap())
                    && close(found.synapse.delay_ms, expected["delay"].as_f64().unwrap());
                if let (Cell::Cable(cell), Some(section)) = (cell, expected["sec"].as_u64()) {
                    let x = expected["x"].as_f64().unwrap();
                    let segment = cell.morphology.segment_at(section as usize, x);
                    let kind = &kinds[expected["ps"].as_u64().unwrap() as usize];
                    let model = found.model.as_ref().unwrap();
                    ok &= segment == found.synapse.segment as usize
                        && kind["mech"] == *model.mechanism;
                    for (parameter, value) in &model.parameters {
                        ok &= kind["params"][parameter].as_f64() == Some(*value);
                    }
                }
                if !ok {
                    n_wrong += 1;
                    if n_wrong < 5 {
                        println!(
                            "{name}: cell {gid}, {n}: {:?} {:?}, expected {expected}",
                            found.synapse, found.model
                        );
                    }
                }
            }
        }
        println!("{name}: {n} synapses, {n_wrong} wrong");
        if n_wrong > 0 {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn synapses_of_blue_brain_circuits_are_those_of_neurodamus() {
    let Some(folder) = common::reference() else { return };
    let mut failed = Vec::new();
    for name in ["nd-ringtest", "nd-v5mini5", "nd-allen_v1"] {
        let case = folder.join(name);
        let (config, circuit) = open(&case);
        let Some(cells) = cells(&case, &circuit) else {
            println!("{name}: skipped, its templates are not there");
            continue;
        };
        let found = all_synapses(&config, &circuit, &cells);
        let model = model(&case);
        let (mut n, mut n_wrong) = (0, 0);
        // Processes by name; each found synapse must be one of those on its segment, each once.
        let mut places: BTreeMap<String, (u64, usize)> = BTreeMap::new();
        for expected in model["cells"].as_array().unwrap() {
            let gid = expected["gid"].as_u64().unwrap();
            let empty = Vec::new();
            let own = found.get(&gid).unwrap_or(&empty);
            let mut taken = vec![false; own.len()];
            for process in expected["pp"].as_array().unwrap_or(&Vec::new()) {
                let mechanism = process["mech"].as_str().unwrap();
                if !(mechanism.starts_with("Prob") || mechanism == "Exp2Syn") {
                    continue;
                }
                n += 1;
                let population = expected["population"].as_str().unwrap();
                let index = circuit.nodes().iter().position(|p| p.name() == population).unwrap();
                let node = expected["raw_gid"].as_u64().unwrap();
                let (_, cell) = cells[index].iter().find(|(own, _)| *own == node).unwrap();
                let Cell::Cable(cell) = cell else { panic!("{gid}") };
                let section =
                    cell.morphology.section_index(process["sec"].as_str().unwrap()).unwrap();
                let segment =
                    cell.morphology.segment_at(section, process["segx"].as_f64().unwrap()) as u32;
                let fits = |found: &Found| {
                    let Some(model) = &found.model else { return false };
                    let id = process["params"]["synapseID"].as_f64();
                    found.synapse.segment == segment
                        && model.mechanism == mechanism
                        && id.is_none_or(|id| id == f64::from(found.synapse.synapse_id))
                        && model.parameters.iter().all(|(name, value)| {
                            process["params"][name].as_f64().is_some_and(|e| close(*value, e))
                        })
                };
                match (0..own.len()).find(|at| !taken[*at] && fits(&own[*at])) {
                    Some(at) => {
                        taken[at] = true;
                        places.insert(process["name"].as_str().unwrap().to_owned(), (gid, at));
                    }
                    None => {
                        n_wrong += 1;
                        if n_wrong < 5 {
                            println!("{name}: cell {gid}: nothing like {process}");
                            for found in own.iter().take(3) {
                                println!("    {:?} {:?}", found.synapse, found.model);
                            }
                        }
                    }
                }
            }
            let left = own.iter().zip(&taken).filter(|(f, t)| f.model.is_some() && !**t).count();
            n_wrong += left;
        }
        let mut n_netcons = 0;
        for expected in model["netcons"].as_array().unwrap() {
            let Some(source) = expected["src"].as_u64() else { continue };
            let Some((gid, at)) = places.get(expected["syn"].as_str().unwrap()) else { continue };
            let found = &found[gid][*at];
            let first = circuit.nodes()[found.edges.source()].first_gid();
            let ok = first + found.synapse.source == source
                && close(found.synapse.delay_ms, expected["delay"].as_f64().unwrap())
                && close(found.synapse.weight, expected["w"][0].as_f64().unwrap());
            n_netcons += 1;
            if !ok {
                n_wrong += 1;
                println!("{name}: {:?}, expected {expected}", found.synapse);
            }
        }
        println!("{name}: {n} synapses, {n_netcons} connections, {n_wrong} wrong");
        if n_wrong > 0 {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

/// Parameters of plastic synapses that the test gives to edges, exact in single precision.
const PLASTIC: [(&str, f64); 8] = [
    ("volume_CR", 0.125),
    ("rho0_GB", 0.0),
    ("Use_d_TM", 0.25),
    ("Use_p_TM", 0.5),
    ("gmax_d_AMPA", 1.25),
    ("gmax_p_AMPA", 2.5),
    ("theta_d", 0.00390625),
    ("theta_p", 0.001953125),
];

/// The ring test with a plastic synapse from one ring to the other.
fn with_plastic_synapses(reference: &Path, attributes: &[(&str, f64)]) -> tempfile::TempDir {
    use std::os::unix::fs::symlink;
    let (case, folder) = (reference.join("nd-ringtest"), tempfile::tempdir().unwrap());
    for entry in std::fs::read_dir(&case).unwrap() {
        let entry = entry.unwrap();
        let to = folder.path().join(entry.file_name());
        match entry.file_name().to_str() {
            Some("edges_AB.h5") => drop(std::fs::copy(entry.path(), to).unwrap()),
            _ => symlink(entry.path(), to).unwrap(),
        }
    }
    let templates = std::fs::canonicalize(common::data("templates")).unwrap();
    symlink(templates, folder.path().join("hoc")).unwrap();
    let file = hdf5::File::open_rw(folder.path().join("edges_AB.h5")).unwrap();
    let group = file.group("edges/RingA__RingB__chemical/0").unwrap();
    let n = group.dataset("conductance").unwrap().size();
    for (name, value) in attributes {
        group.new_dataset_builder().with_data(&vec![*value; n]).create(*name).unwrap();
    }
    let config = std::fs::read_to_string(case.join("sim_modoverride.json")).unwrap();
    let config = config.replace("\"GABAAB\"", "\"GluSynapse\"");
    let config = config.replace("\"v_init\"", "\"extracellular_calcium\": 1.2, \"v_init\"");
    std::fs::write(folder.path().join("sim_plastic.json"), config).unwrap();
    folder
}

#[test]
fn overrides_make_plastic_synapses() {
    let Some(reference) = common::reference() else { return };
    let synapses = |attributes: &[(&str, f64)]| {
        let folder = with_plastic_synapses(&reference, attributes);
        let config = SimulationConfig::load(&folder.path().join("sim_plastic.json")).unwrap();
        let circuit = Circuit::open(&config).unwrap();
        let cells = cells(folder.path(), &circuit).unwrap();
        let edges = circuit.edges().iter().find(|e| e.name().starts_with("RingA__RingB")).unwrap();
        let own = cells[edges.target()].iter();
        let mut targets: Vec<TargetCell> =
            own.map(|(node, cell)| TargetCell::new(*node, cell, config.flavor)).collect();
        let rules = ConnectionRules::read(&config, &circuit).unwrap();
        let mut connector = Connector::new(&config, &circuit, &rules);
        let synapses = connector.synapses(edges, &mut targets);
        let first_gid = circuit.nodes()[edges.target()].first_gid();
        let stream = connector.release_stream(edges, (2, 5), "GluSynapse");
        assert_eq!(stream, [(first_gid + 3) as u32, 100_005, config.run.synapse_seed + 200]);
        synapses
    };
    // 1.2 mM relative to 2 mM, where the edges have no coefficient, which is then -1.
    let factor = 17.0 / 16.0 * 1.2_f64.powi(4) / (1.0 + 1.2_f64.powi(4));
    for (rho0, gmax, used) in [(0.0, 1.25, 0.25), (1.0, 2.5, 0.5)] {
        let mut attributes = PLASTIC;
        attributes[1].1 = rho0;
        let found = synapses(&attributes).unwrap();
        let [synapse] = found.synapses[..] else { panic!("{found:?}") };
        let model = Model::of(&found, &synapse);
        assert_eq!(model.mechanism, "GluSynapse");
        let value = |name: &str| model.parameters[name];
        assert_eq!(
            (value("rho0_GB"), value("gmax0_AMPA"), value("gmax_d_AMPA")),
            (rho0, gmax, 1.25)
        );
        assert!(close(value("Use"), used * factor) && close(value("Use_p"), 0.5 * factor));
        assert_eq!((value("theta_d_GB"), value("theta_p_GB")), (0.00390625, 0.001953125));
        assert_eq!(value("volume_CR"), 0.125);
    }
    let error = synapses(&PLASTIC[1..]).unwrap_err().to_string();
    assert!(error.contains("volume_CR"), "{error}");
}
