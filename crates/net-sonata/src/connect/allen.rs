//! Synapses as BioNet makes them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand_mt::Mt;

use super::location::Locations;
use super::{Connector, Sharing, Synapse, Synapses, TargetCell, cable};
use crate::cell::{CableCell, SectionList};
use crate::edges::{EdgeBatch, EdgePopulation};
use crate::finding::{Error, Problem, Report, Result};
use crate::{Json, Value};

/// Files of synapse parameters that were read, and candidates for places by cell and edge type.
#[derive(Debug, Default)]
pub(super) struct SynapseModels {
    files: HashMap<PathBuf, Arc<Parameters>>,
    sites: HashMap<(usize, i64), Arc<Sites>>,
}

impl SynapseModels {
    /// Forgets the candidates, when another population's types come.
    pub(super) fn forget_sites(&mut self) {
        self.sites.clear();
    }
}

/// What a file of synapse parameters says.
#[derive(Debug, Default)]
struct Parameters {
    numbers: Vec<(String, f64)>,
}

/// Segments that synapses of an edge type can stand on, with cumulative probabilities.
#[derive(Debug)]
struct Sites {
    segments: Vec<u32>,
    cumulative: Vec<f64>,
}

/// How the weight of an edge is found.
#[derive(Debug, Clone, Copy, PartialEq)]
enum WeightFunction {
    Constant,
    GaussianLl,
}

/// What edges of one type have in common.
struct EdgeType {
    mechanism: Option<String>,
    parameters: Arc<Parameters>,
    function: WeightFunction,
    target_sections: Option<String>,
    distance_um: [f64; 2],
}

impl Connector<'_> {
    pub(super) fn add_allen(
        &mut self,
        edges: &EdgePopulation,
        batch: &EdgeBatch,
        targets: &mut [TargetCell],
        into: &mut Synapses,
    ) -> Result<()> {
        let column = |name| batch.column(name).unwrap_or_default();
        let (nsyns, weights) = (column("nsyns"), column("syn_weight"));
        let (delays, sigmas) = (column("delay"), column("weight_sigma"));
        let mut types: HashMap<i64, EdgeType> = HashMap::new();
        for &type_id in &batch.type_ids {
            if let Entry::Vacant(entry) = types.entry(type_id) {
                entry.insert(self.edge_type(edges, type_id)?);
            }
        }
        let tuning = match types.values().any(|t| t.function == WeightFunction::GaussianLl) {
            true => Some(self.tuning(edges, batch)?),
            false => None,
        };
        let locations = Locations::new(batch);
        let first_gid = self.circuit.nodes()[edges.target()].first_gid();
        let mut at = 0;
        for edge in 0..batch.len() {
            let (node, edge_type) = (batch.targets[edge], &types[&batch.type_ids[edge]]);
            if !edges.is_used(batch.sources[edge], node) {
                continue;
            }
            at = Self::target(targets, node, at);
            let target = &mut targets[at];
            let mut weight = weights[edge];
            if let (WeightFunction::GaussianLl, Some((sources, own))) =
                (edge_type.function, &tuning)
            {
                weight = gaussian_ll(weight, sigmas[edge], sources[edge], own[edge]);
            }
            let mut synapse = Synapse {
                edge: batch.edges[edge],
                source: batch.sources[edge],
                target: at as u32,
                segment: 0,
                model: Synapses::ARTIFICIAL,
                row: 0,
                synapse_id: batch.synapse_ids[edge],
                weight,
                delay_ms: delays[edge],
                minis_hz: 0.0,
                place: (0, f64::NAN),
            };
            let placed = locations.as_ref().filter(|locations| locations.has(edge));
            let Some(cell) = cable(target) else {
                // BioNet counts synapses only where edges have a number and no place.
                if placed.is_none() && !nsyns[edge].is_nan() {
                    let sign = edge_type.parameters.get("sign").unwrap_or(1.0);
                    synapse.weight = weight * (sign * nsyns[edge]);
                }
                into.synapses.push(synapse);
                into.type_ids.push(batch.type_ids[edge]);
                continue;
            };
            let mechanism = edge_type.mechanism.as_deref().ok_or_else(|| {
                let at = format!("type {}: model_template", batch.type_ids[edge]);
                self.invalid(edges, &at, Problem::Missing { expected: "a synapse model" })
            })?;
            let parameters = edge_type.parameters.of_mechanism(mechanism);
            (synapse.model, synapse.row) = into.model(mechanism, &parameters, Sharing::Likely);
            if let Some(locations) = placed {
                let placed = locations.segment(target, edge).map_err(|_| {
                    let found = format!(
                        "edge {} on a section that node {node} lacks, or without a position",
                        batch.edges[edge]
                    );
                    let expected = "sections of the cell".to_owned();
                    self.invalid(edges, "afferent_section_id", Problem::Value { found, expected })
                })?;
                (synapse.segment, synapse.place) = placed;
                into.synapses.push(synapse);
                into.type_ids.push(batch.type_ids[edge]);
                continue;
            }
            let key = (std::ptr::from_ref(cell) as usize, batch.type_ids[edge]);
            let sites = match self.models.sites.get(&key) {
                Some(sites) => sites.clone(),
                None => {
                    let sites =
                        Arc::new(self.sites(edges, batch.type_ids[edge], edge_type, cell)?);
                    self.models.sites.insert(key, sites.clone());
                    sites
                }
            };
            if sites.segments.is_empty() {
                into.n_skipped += 1;
                continue;
            }
            let stream = target
                .placement
                .get_or_insert_with(|| Box::new(Mt::new((first_gid + node) as u32)));
            let n = if nsyns[edge].is_nan() { 1 } else { nsyns[edge] as u64 };
            for _ in 0..n {
                synapse.segment = sites.draw(stream);
                into.synapses.push(synapse);
                into.type_ids.push(batch.type_ids[edge]);
            }
        }
        Ok(())
    }

    fn edge_type(&mut self, edges: &EdgePopulation, type_id: i64) -> Result<EdgeType> {
        let text = |attribute: &str| match edges.types().map(|types| types.get(type_id, attribute))
        {
            Some(Value::Text(text)) => Some(text.to_string()),
            _ => None,
        };
        let at = |attribute: &str| format!("type {type_id}: {attribute}");
        let function = match text("weight_function").as_deref() {
            None | Some("wmax" | "default_weight_fnc" | "set_syn_weight") => {
                WeightFunction::Constant
            }
            Some("gaussianLL") => WeightFunction::GaussianLl,
            Some(other) => {
                let what = format!("weight function {other}");
                return Err(self.invalid(
                    edges,
                    &at("weight_function"),
                    Problem::Unsupported { what },
                ));
            }
        };
        let parameters = match text("dynamics_params") {
            None => Arc::default(),
            Some(file) => {
                let folder = &self.config.circuit.components.synaptic_models_dir;
                let path = folder.clone().unwrap_or_default().join(file);
                match self.models.files.get(&path) {
                    Some(known) => known.clone(),
                    None => {
                        let read = Arc::new(Parameters::read(&path)?);
                        self.models.files.insert(path, read.clone());
                        read
                    }
                }
            }
        };
        let distance_um = match text("distance_range") {
            None => [0.0, 1e20],
            Some(list) => match numbers(&list)[..] {
                [from, to] => [from, to],
                _ => {
                    let expected = "two numbers, [from, to]".to_owned();
                    let problem = Problem::Value { found: list, expected };
                    return Err(self.invalid(edges, &at("distance_range"), problem));
                }
            },
        };
        let mechanism = text("model_template").map(|name| match name.as_str() {
            "exp2syn" => "Exp2Syn".to_owned(),
            "expsyn" => "ExpSyn".to_owned(),
            _ => name,
        });
        let target_sections = text("target_sections");
        Ok(EdgeType { mechanism, parameters, function, target_sections, distance_um })
    }

    /// Segments of the target sections within the distances, by the length that is within. Distances
    /// count from the 0-end of the soma to the middle of a segment.
    fn sites(
        &self,
        edges: &EdgePopulation,
        type_id: i64,
        edge_type: &EdgeType,
        cell: &CableCell,
    ) -> Result<Sites> {
        let mut lists = Vec::new();
        let names = edge_type.target_sections.as_deref().unwrap_or_default();
        for name in names.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            if name.is_empty() {
                continue;
            }
            lists.push(SectionList::from_name(name).ok_or_else(|| {
                let at = format!("type {type_id}: target_sections");
                let expected = format!("a list of {}", SectionList::names());
                self.invalid(edges, &at, Problem::Value { found: name.to_owned(), expected })
            })?);
        }
        let [from, to] = edge_type.distance_um;
        let (m, distances) = (&cell.morphology, cell.morphology.path_distances_um(0, 0.0));
        let (mut segments, mut lengths) = (Vec::new(), Vec::new());
        for (segment, distance) in distances.iter().enumerate() {
            let section = &m.sections[m.segments.section[segment] as usize];
            if !lists.iter().any(|list| list.has(&section.name)) {
                continue;
            }
            let length = section.length_um / section.n_segments as f64;
            let (start, end) = (distance - length / 2.0, distance + length / 2.0);
            let part = (end.min(to) - start.max(from)).max(0.0) / length;
            if part > 0.0 {
                segments.push(segment as u32);
                lengths.push(length * part);
            }
        }
        let total: f64 = lengths.iter().sum();
        let mut sum = 0.0;
        let mut cumulative: Vec<f64> = lengths
            .iter()
            .map(|length| {
                sum += length / total;
                sum
            })
            .collect();
        cumulative.iter_mut().for_each(|value| *value /= sum);
        Ok(Sites { segments, cumulative })
    }

    /// `tuning_angle` of the sources and targets of a batch, in degrees.
    fn tuning(&self, edges: &EdgePopulation, batch: &EdgeBatch) -> Result<(Vec<f64>, Vec<f64>)> {
        let angles = |population: usize, nodes: &[u64]| -> Result<Vec<f64>> {
            let population = &self.circuit.nodes()[population];
            let selection = crate::Selection::from_ids(nodes.to_vec());
            let values = population.numbers("tuning_angle", selection.ranges())?;
            let by_node: HashMap<u64, f64> = selection.iter().zip(values).collect();
            Ok(nodes.iter().map(|node| by_node[node]).collect())
        };
        Ok((angles(edges.source(), &batch.sources)?, angles(edges.target(), &batch.targets)?))
    }
}

/// `w exp(-(d/sigma)^2)`, d being the difference of two orientations, folded to 0..90 degrees.
fn gaussian_ll(weight: f64, sigma: f64, source: f64, target: f64) -> f64 {
    let d = (((180.0 - (target - source).abs() % 360.0).abs() - 90.0).abs() - 90.0).abs();
    weight * (-(d / sigma).powi(2)).exp()
}

/// The numbers of a text like `[0.0, 150.0]`.
fn numbers(text: &str) -> Vec<f64> {
    let separators = |c: char| matches!(c, '[' | ']' | '(' | ')' | ',' | ' ');
    text.split(separators).filter_map(|part| part.parse().ok()).collect()
}

impl Sites {
    /// As numpy's `RandomState.choice` with probabilities.
    fn draw(&self, stream: &mut Mt) -> u32 {
        let (a, b) = (f64::from(stream.next_u32() >> 5), f64::from(stream.next_u32() >> 6));
        let uniform = (a * 67_108_864.0 + b) / 9_007_199_254_740_992.0;
        let at = self.cumulative.partition_point(|value| *value <= uniform);
        self.segments[at.min(self.segments.len() - 1)]
    }
}

impl Parameters {
    fn read(path: &Path) -> Result<Self> {
        let mut report = Report::default();
        let json = crate::json::read(path, &mut report);
        let mut parameters = Parameters::default();
        match json {
            Some(Json::Object(entries)) => {
                for (key, value) in entries {
                    if let Some(number) = value.as_f64() {
                        parameters.numbers.push((key, number));
                    }
                }
            }
            Some(other) => {
                let expected = "an object".to_owned();
                report.error(path, "", Problem::Value { found: other.describe(), expected });
            }
            None => {}
        }
        if report.is_ok() { Ok(parameters) } else { Err(Error::Invalid(report)) }
    }

    fn get(&self, name: &str) -> Option<f64> {
        self.numbers.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// The parameters under the mechanism's names; the sign is that of artificial cells. Files of two
    /// exponentials are used for one, too: the first is its.
    fn of_mechanism(&self, mechanism: &str) -> Vec<(&str, f64)> {
        let is_one = mechanism == "ExpSyn";
        let mut own = Vec::new();
        for (name, value) in &self.numbers {
            match name.as_str() {
                "sign" => {}
                "erev" => own.push(("e", *value)),
                "tau1" if is_one => own.push(("tau", *value)),
                "tau2" if is_one => {}
                other => own.push((other, *value)),
            }
        }
        own
    }
}
