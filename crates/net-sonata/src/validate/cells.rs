//! Nodes: their types, morphologies and cell models.

use std::collections::BTreeMap;
use std::path::PathBuf;

use net_io::sonata::MorphologyTable;

use super::check_there;
use crate::Value;
use crate::config::{NodeKind, SimulationConfig};
use crate::finding::{Problem, Report, Result, Severity};
use crate::nodes::NodePopulation;

/// Nodes whose attributes are read at once.
const SLAB_NODES: u64 = 1 << 16;

/// Directories of populations that need them. Mechanisms may come from elsewhere.
pub(super) fn check_components(config: &SimulationConfig, report: &mut Report) {
    let circuit = &config.circuit;
    if let Some(path) = &circuit.components.mechanisms_dir {
        let at = "components.mechanisms_dir";
        check_there(&circuit.path, at, "the directory", path, Severity::Warning, report);
    }
    let listed = circuit.nodes.iter().enumerate().flat_map(|(index, file)| {
        let populations = file.populations.iter().flatten();
        populations.map(move |population| (index, population))
    });
    for (index, population) in listed {
        if population.kind != NodeKind::Biophysical || circuit.partial {
            continue;
        }
        let at = format!("networks.nodes[{index}].populations.{}", population.name);
        let components = &population.components;
        match &components.biophysical_neuron_models_dir {
            Some(path) => {
                let at = format!("{at}.biophysical_neuron_models_dir");
                check_there(&circuit.path, &at, "the directory", path, Severity::Error, report);
            }
            None => {
                let expected = "a directory of cell models";
                let at = format!("{at}.biophysical_neuron_models_dir");
                report.error(&circuit.path, at, Problem::Missing { expected });
            }
        }
        let chosen = [
            (&components.asc_morphologies_dir, "alternate_morphologies.neurolucida-asc"),
            (&components.h5_morphologies, "alternate_morphologies.h5v1"),
            (&components.morphologies_dir, "morphologies_dir"),
        ];
        match chosen.into_iter().find_map(|(path, key)| Some((path.as_ref()?, key))) {
            Some((path, key)) => {
                let at = format!("{at}.{key}");
                check_there(&circuit.path, &at, "the directory", path, Severity::Error, report);
            }
            None => {
                let expected = "a directory of morphologies, here or under `components`";
                report.error(
                    &circuit.path,
                    format!("{at}.morphologies_dir"),
                    Problem::Missing { expected },
                );
            }
        }
    }
}

/// Files by name, with the nodes that need them.
type Needs = BTreeMap<(&'static str, String), (PathBuf, u64, u64)>;

pub(super) fn check_population(population: &NodePopulation, report: &mut Report) {
    let file = population.reader().path().to_owned();
    let at = format!("nodes.{}", population.name());
    if let Err(error) = check_types(population, report) {
        report.failure(&file, &at, &error);
    }
    if matches!(population.kind(), NodeKind::Virtual | NodeKind::Vasculature) {
        return;
    }
    let mut needs = Needs::new();
    for slab in population.simulated().pieces(SLAB_NODES) {
        if let Err(error) = collect_files(population, slab, &mut needs, report) {
            report.failure(&file, &at, &error);
            break;
        }
    }
    for ((what, name), (path, n_nodes, first_node)) in needs {
        if !MorphologyTable::is_there(&path) {
            report.error(
                &file,
                &at,
                Problem::NodeFileNotThere { what, name, path, n_nodes, first_node },
            );
        }
    }
}

/// Every type id is in the types table.
fn check_types(population: &NodePopulation, report: &mut Report) -> Result<()> {
    let Some(types) = population.types() else { return Ok(()) };
    let known: Vec<i64> = types.ids().collect();
    let mut unknown: BTreeMap<i64, u64> = BTreeMap::new();
    for slab in crate::Selection::all(population.len()).pieces(SLAB_NODES) {
        for id in population.reader().attributes().type_ids(std::slice::from_ref(&slab))? {
            if known.binary_search(&id).is_err() {
                *unknown.entry(id).or_default() += 1;
            }
        }
    }
    let at = format!("nodes.{}.node_type_id", population.name());
    for (type_id, rows) in unknown {
        let types_file = types.path().to_owned();
        let problem = Problem::NoSuchType { type_id, rows, types_file };
        report.error(population.reader().path(), &at, problem);
    }
    Ok(())
}

/// Collects the files that cells of these nodes are made from.
fn collect_files(
    population: &NodePopulation,
    nodes: std::ops::Range<u64>,
    needs: &mut Needs,
    report: &mut Report,
) -> Result<()> {
    let range = std::slice::from_ref(&nodes);
    let kinds = population.node_kinds(range)?;
    let morphologies = population.values("morphology", range)?;
    let templates = population.values("model_template", range)?;
    let parameters = population.values("dynamics_params", range)?;
    let components = population.components();
    let mut need = |what, name: &str, path: Option<PathBuf>, node| {
        if let Some(path) = path {
            needs.entry((what, name.to_owned())).or_insert((path, 0, node)).1 += 1;
        }
    };
    let mut without = [None; 2];
    for (index, node) in nodes.clone().enumerate() {
        let kind = kinds[index];
        let biophysical = matches!(kind, NodeKind::Biophysical | NodeKind::Astrocyte);
        if let (true, Value::Text(name)) = (biophysical, &morphologies[index]) {
            need("morphology", name, components.morphology_file(name, kind), node);
        } else if biophysical && without[0].is_none() {
            without[0] = Some(node);
        }
        if kind == NodeKind::Astrocyte {
            // All are made alike, whatever their templates are.
            continue;
        }
        match &templates[index] {
            Value::Text(name) => {
                need("cell model", name, population.template_file(kind, name), node);
            }
            _ if biophysical && without[1].is_none() => without[1] = Some(node),
            _ => {}
        }
        if let Value::Text(name) = &parameters[index] {
            let place = match kind {
                NodeKind::Biophysical => &components.biophysical_neuron_models_dir,
                _ => &components.point_neuron_models_dir,
            };
            need("cell parameters", name, place.as_ref().map(|dir| dir.join(name.as_ref())), node);
        }
    }
    for (node, attribute) in without.into_iter().zip(["morphology", "model_template"]) {
        if let Some(node) = node {
            let found = format!("node {node} without one");
            let expected = "a name for every biophysical node".to_owned();
            let at = format!("nodes.{}.{attribute}", population.name());
            report.error(population.reader().path(), at, Problem::Value { found, expected });
        }
    }
    Ok(())
}
