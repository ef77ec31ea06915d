//! A circuit, opened: populations in order, gids, selections.

use std::path::{Path, PathBuf};

use net_io::sonata::{EdgeReader, NodeReader, Value};

use crate::config::{
    CircuitConfig, Components, EdgeFileConfig, EdgeKind, Flavor, InputKind, NodeKind, NodeSelector,
    SimulationConfig,
};
use crate::edges::{EdgePopulation, Replayed};
use crate::finding::{Error, Problem, Report, Result};
use crate::node_set::NodeSets;
use crate::nodes::NodePopulation;
use crate::selection::Selection;
use crate::types::TypeTable;

/// Node and edge populations of a simulation, with gids and the nodes to simulate.
///
/// Opening reads shapes and types only; nodes and edges are read when asked for.
#[derive(Debug, Clone)]
pub struct Circuit {
    flavor: Flavor,
    node_sets: NodeSets,
    nodes: Vec<NodePopulation>,
    edges: Vec<EdgePopulation>,
}

impl Circuit {
    /// Opens the files of a simulation's circuit.
    ///
    /// Node populations stand in the order of their gids: as Neurodamus does it, by
    /// name; for Allen's circuits in the files' order. Edge populations: those
    /// within a population first, then projections, in the files' order.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong.
    pub fn open(config: &SimulationConfig) -> Result<Self> {
        let mut report = Report::default();
        let circuit = Self::read(config, &mut report);
        if report.is_ok() { Ok(circuit) } else { Err(Error::Invalid(report)) }
    }

    /// Opens what can be opened; what is wrong goes to the report.
    pub(crate) fn read(config: &SimulationConfig, report: &mut Report) -> Self {
        let mut nodes = open_nodes(&config.circuit, report);
        match config.flavor {
            Flavor::Obi => nodes.sort_by(|a, b| a.name().cmp(b.name())),
            Flavor::Allen => {
                let mut next = 0;
                for population in &mut nodes {
                    population.first_gid = next;
                    next += population.len();
                }
            }
        }
        let mut circuit = Self {
            flavor: config.flavor,
            node_sets: config.node_sets.clone(),
            nodes,
            edges: Vec::new(),
        };
        circuit.choose(config, report);
        circuit.edges = open_edges(config, &circuit.nodes, report);
        circuit.open_replayed(config, report);
        circuit
    }

    /// The populations of nodes.
    pub fn nodes(&self) -> &[NodePopulation] {
        &self.nodes
    }

    /// The populations of edges.
    pub fn edges(&self) -> &[EdgePopulation] {
        &self.edges
    }

    /// A population of nodes by name.
    ///
    /// # Errors
    /// [`Error::Unknown`]
    pub fn population(&self, name: &str) -> Result<&NodePopulation> {
        self.nodes.iter().find(|population| population.name() == name).ok_or_else(|| {
            Error::Unknown {
                what: "node population",
                name: name.to_owned(),
                known: self.nodes.iter().map(|p| p.name().to_owned()).collect(),
            }
        })
    }

    /// The nodes of a node set, one selection a population, in the order of
    /// [`nodes`](Self::nodes).
    ///
    /// A name is looked up among node sets; then, written `population:name`, as the part of a
    /// node set in one population; in Allen's circuits populations and `all` are node sets too.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NodeSet`], [`Error::File`]
    pub fn select(&self, selector: &NodeSelector) -> Result<Vec<Selection>> {
        let name = match selector {
            NodeSelector::Inline(set) => {
                return self.nodes.iter().map(|p| set.select(&self.node_sets, p)).collect();
            }
            NodeSelector::Named(name) => name,
        };
        let known = self.node_sets.names().any(|known| known == name);
        if !known && let Some((population, rest)) = name.split_once(':') {
            let only = self.population(population)?.name();
            let mut selections = self.select(&NodeSelector::Named(rest.to_owned()))?;
            for (population, selection) in self.nodes.iter().zip(&mut selections) {
                if population.name() != only {
                    *selection = Selection::default();
                }
            }
            return Ok(selections);
        }
        if !known && self.flavor == Flavor::Allen {
            let whole = |p: &NodePopulation| match name == "all" || name == p.name() {
                true => Selection::all(p.len()),
                false => Selection::default(),
            };
            if name == "all" || self.nodes.iter().any(|p| p.name() == name) {
                return Ok(self.nodes.iter().map(whole).collect());
            }
        }
        let set = self.node_sets.get(name)?;
        self.nodes
            .iter()
            .map(|population| {
                set.select(&self.node_sets, population).map_err(|error| match error {
                    Error::NodeSet { population, problem, .. } => {
                        Error::NodeSet { node_set: name.clone(), population, problem }
                    }
                    other => other,
                })
            })
            .collect()
    }

    /// The text of `populations_offset.dat`: a line `name::offset::alias` a population, where the
    /// alias of virtual ones is `virtual`. Vessels have none.
    pub fn population_offsets(&self) -> String {
        let line = |p: &NodePopulation| {
            let alias = if p.kind == NodeKind::Virtual { "virtual" } else { p.name() };
            format!("{}::{}::{alias}\n", p.name(), p.first_gid)
        };
        let counted = self.nodes.iter().filter(|p| p.kind != NodeKind::Vasculature);
        counted.map(line).collect()
    }

    /// Opens the edges that inputs bring, after those of the circuit.
    fn open_replayed(&mut self, config: &SimulationConfig, report: &mut Report) {
        for input in &config.inputs {
            let InputKind::EdgeReplay { edges_file, edge_types_file, sources, targets, .. } =
                &input.kind
            else {
                continue;
            };
            let mut selected = |key: &str, set: &Option<NodeSelector>| {
                let all = || Ok(self.nodes.iter().map(|p| Selection::all(p.len())).collect());
                set.as_ref().map_or_else(all, |set| self.select(set)).unwrap_or_else(|error| {
                    report.failure(&config.path, format!("inputs.{}.{key}", input.name), &error);
                    vec![Selection::default(); self.nodes.len()]
                })
            };
            let sources = selected("source_node_set", sources);
            let targets = selected("target_node_set", targets);
            let file = EdgeFileConfig {
                edges_file: edges_file.clone(),
                edge_types_file: edge_types_file.clone(),
                populations: None,
            };
            for mut population in open_edge_file(config, &self.nodes, &file, report) {
                let nodes =
                    [sources[population.source].clone(), targets[population.target].clone()];
                population.replayed = Some(Replayed { input: input.name.clone(), nodes });
                self.edges.push(population);
            }
        }
    }

    /// Decides which nodes are simulated and, with that, the gids.
    fn choose(&mut self, config: &SimulationConfig, report: &mut Report) {
        let chosen = match &config.node_set {
            None => Ok(self.nodes.iter().map(|p| Selection::all(p.len())).collect()),
            Some(name) => self.select(&NodeSelector::Named(name.clone())),
        };
        let chosen: Vec<Selection> = chosen.unwrap_or_else(|error| {
            report.failure(&config.path, "node_set", &error);
            vec![Selection::default(); self.nodes.len()]
        });
        for (population, chosen) in self.nodes.iter_mut().zip(chosen) {
            if !matches!(population.kind, NodeKind::Virtual | NodeKind::Vasculature) {
                population.simulated = chosen;
            }
        }
        if config.flavor == Flavor::Obi {
            assign_gids(&mut self.nodes);
        }
    }
}

/// Blocks of a thousand gids, as Neurodamus makes them: the next population begins at the next
/// multiple of 1000 after the largest gid so far. Vessels are not counted.
fn assign_gids(nodes: &mut [NodePopulation]) {
    let mut next = 0;
    for population in nodes {
        population.first_gid = next;
        let last = match population.kind {
            NodeKind::Vasculature => continue,
            NodeKind::Virtual => population.len().saturating_sub(1),
            _ => population.simulated.last().unwrap_or(0),
        };
        next = ((next + last) / 1000 + 1) * 1000;
    }
}

fn open_nodes(config: &CircuitConfig, report: &mut Report) -> Vec<NodePopulation> {
    let mut nodes: Vec<NodePopulation> = Vec::new();
    for file in &config.nodes {
        let types = open_types(file.node_types_file.as_deref(), "node_type_id", report);
        let chosen: Vec<(String, Option<NodeKind>, Components)> = match &file.populations {
            Some(populations) => populations
                .iter()
                .map(|p| (p.name.clone(), Some(p.kind), p.components.clone()))
                .collect(),
            None => match NodeReader::populations(&file.nodes_file) {
                Ok(names) => {
                    let whole = |name| (name, None, config.components.clone());
                    names.into_iter().map(whole).collect()
                }
                Err(error) => {
                    report.failure(&file.nodes_file, "", &error.into());
                    continue;
                }
            },
        };
        for (name, kind, components) in chosen {
            if let Some(first) = nodes.iter().find(|p| p.name() == name) {
                let first = first.reader.path().to_owned();
                let problem = Problem::DuplicateName { what: "node population", name, first };
                report.error(&file.nodes_file, "nodes", problem);
                continue;
            }
            let reader = match NodeReader::open(&file.nodes_file, &name) {
                Ok(reader) => reader,
                Err(error) => {
                    report.failure(&file.nodes_file, "", &error.into());
                    continue;
                }
            };
            let mut population = NodePopulation {
                kind: kind.unwrap_or(NodeKind::Biophysical),
                components,
                reader,
                types: types.clone(),
                first_gid: 0,
                simulated: Selection::default(),
            };
            if kind.is_none() {
                match common_kind(&population) {
                    Ok(kind) => population.kind = kind,
                    Err(error) => report.failure(&file.nodes_file, format!("nodes.{name}"), &error),
                }
            }
            nodes.push(population);
        }
    }
    nodes
}

/// The kind of a population that does not say it: that of all nodes, or biophysical if they differ.
fn common_kind(population: &NodePopulation) -> Result<NodeKind> {
    let mut kinds = Vec::new();
    for slab in Selection::all(population.len()).pieces(1 << 16) {
        for value in population.values("model_type", std::slice::from_ref(&slab))? {
            let kind = match value {
                Value::Text(name) => NodeKind::from_name(&name).unwrap_or(NodeKind::Biophysical),
                _ => NodeKind::Biophysical,
            };
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
    }
    Ok(match kinds.as_slice() {
        [kind] => *kind,
        _ => NodeKind::Biophysical,
    })
}

fn open_types(path: Option<&Path>, key: &str, report: &mut Report) -> Option<TypeTable> {
    path.and_then(|path| TypeTable::read(path, key, report))
}

fn open_edges(
    config: &SimulationConfig,
    nodes: &[NodePopulation],
    report: &mut Report,
) -> Vec<EdgePopulation> {
    let mut edges: Vec<EdgePopulation> = Vec::new();
    for file in &config.circuit.edges {
        for population in open_edge_file(config, nodes, file, report) {
            if let Some(first) = edges.iter().find(|p| p.name() == population.name()) {
                let first: PathBuf = first.reader.path().to_owned();
                let name = population.name().to_owned();
                let problem = Problem::DuplicateName { what: "edge population", name, first };
                report.error(&file.edges_file, "edges", problem);
                continue;
            }
            edges.push(population);
        }
    }
    if config.flavor == Flavor::Obi {
        // Stable: within the two parts the files' order stays.
        let inner = inner_connectivity(&edges);
        let (first, rest): (Vec<_>, Vec<_>) =
            edges.into_iter().enumerate().partition(|(index, _)| inner.contains(index));
        let mut first: Vec<EdgePopulation> = first.into_iter().map(|(_, edges)| edges).collect();
        first.sort_by_key(|population| population.target);
        first.extend(rest.into_iter().map(|(_, population)| population));
        edges = first;
    }
    edges
}

/// The populations of a file of edges that are used, and whose ends are there.
fn open_edge_file(
    config: &SimulationConfig,
    nodes: &[NodePopulation],
    file: &EdgeFileConfig,
    report: &mut Report,
) -> Vec<EdgePopulation> {
    let types = open_types(file.edge_types_file.as_deref(), "edge_type_id", report);
    let chosen: Vec<(String, EdgeKind)> = match &file.populations {
        Some(populations) => populations.iter().map(|p| (p.name.clone(), p.kind)).collect(),
        None => match EdgeReader::populations(&file.edges_file) {
            Ok(names) => names.into_iter().map(|name| (name, EdgeKind::Allen)).collect(),
            Err(error) => {
                report.failure(&file.edges_file, "", &error.into());
                return Vec::new();
            }
        },
    };
    let mut edges = Vec::new();
    for (name, kind) in chosen {
        let reader = match EdgeReader::open(&file.edges_file, &name) {
            Ok(reader) => reader,
            Err(error) => {
                report.failure(&file.edges_file, "", &error.into());
                continue;
            }
        };
        let mut find = |population: &str, end: &str| {
            let index = nodes.iter().position(|p| p.name() == population);
            if index.is_none() {
                let known = nodes.iter().map(|p| p.name().to_owned()).collect();
                let at = format!("edges.{name}.{end}_node_id@node_population");
                let population = population.to_owned();
                let problem =
                    Problem::UnknownName { what: "node population", name: population, known };
                report.error(&file.edges_file, at, problem);
            }
            index
        };
        let source = find(reader.source_population(), "source");
        let target = find(reader.target_population(), "target");
        if let (Some(source), Some(target)) = (source, target) {
            edges.push(EdgePopulation {
                kind,
                types: types.clone(),
                source,
                target,
                n_sources: nodes[source].len(),
                n_targets: nodes[target].len(),
                single_precision: config.flavor == Flavor::Obi,
                replayed: None,
                runs: Default::default(),
                reader,
            });
        }
    }
    edges
}

/// The first chemical (or point process) population from each node population to itself.
fn inner_connectivity(edges: &[EdgePopulation]) -> Vec<usize> {
    let mut inner: Vec<usize> = Vec::new();
    for (index, population) in edges.iter().enumerate() {
        let kind = matches!(population.kind, EdgeKind::Chemical | EdgeKind::PointProcess);
        let within = population.source == population.target;
        if kind && within && inner.iter().all(|&i| edges[i].target != population.target) {
            inner.push(index);
        }
    }
    inner
}
