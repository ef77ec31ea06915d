//! Edges of astrocytes: the vessels that their endfeet touch, and the synapses that they hear.

use std::collections::BTreeMap;
use std::ops::Range;

use net_io::sonata::Direction;

use crate::cell::Endfoot;
use crate::circuit::Circuit;
use crate::config::EdgeKind;
use crate::edges::EdgePopulation;
use crate::finding::{Error, Problem, Report, Result};
use crate::selection::Selection;

/// Edges read at once.
const BATCH_EDGES: usize = 1 << 16;

/// A synapse that an astrocyte hears, by an edge of type `synapse_astrocyte`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardSynapse {
    /// Node of the astrocyte.
    pub astrocyte: u64,
    /// Node of the neuron on which the synapse is.
    pub neuron: u64,
    /// The synapse: its edge's row in the population of [`Circuit::heard_edges`].
    pub synapse: u64,
    /// Section of the astrocyte, by SONATA's id.
    pub section: u32,
}

impl Circuit {
    /// The endfeet of the astrocytes `nodes` of a population, in the order of their edges.
    ///
    /// What Neurodamus calls the passive radius of a vessel is a quarter of the sum of the diameters at
    /// both of its ends, in the precision of the file.
    ///
    /// # Errors
    /// [`Error`] of reading; lengths and diameters that are not positive.
    pub fn endfeet(&self, population: usize, nodes: &Range<u64>) -> Result<Vec<Vec<Endfoot>>> {
        let mut endfeet = vec![Vec::new(); (nodes.end - nodes.start) as usize];
        let targets: Selection = nodes.clone().collect();
        let edges = self.edges().iter().filter(|edges| edges.kind() == EdgeKind::Endfoot);
        for edges in edges.filter(|edges| edges.target() == population) {
            for batch in edges.afferent(&targets, BATCH_EDGES)? {
                let batch = batch?;
                let radii_um = self.vessel_radii_um(edges, &batch.sources)?;
                let column = |name| batch.column(name).unwrap_or_default();
                let (sections, lengths_um, diameters_um) = (
                    column("astrocyte_section_id"),
                    column("endfoot_compartment_length"),
                    column("endfoot_compartment_diameter"),
                );
                for at in 0..batch.len() {
                    let edge = batch.edges[at];
                    for (name, value) in [
                        ("endfoot_compartment_length", lengths_um[at]),
                        ("endfoot_compartment_diameter", diameters_um[at]),
                    ] {
                        if !(value.is_finite() && value > 0.0) {
                            let found = format!("{value} um at edge {edge}");
                            return Err(invalid(edges, name, found, "a number greater than 0"));
                        }
                    }
                    let size_um = [lengths_um[at], diameters_um[at]];
                    let section = section_id(edges, edge, sections[at])?;
                    let foot = Endfoot::new(section, size_um, radii_um[&batch.sources[at]]);
                    endfeet[(batch.targets[at] - nodes.start) as usize].push(foot);
                }
            }
        }
        Ok(endfeet)
    }

    /// Passive radii of vessels, by node.
    fn vessel_radii_um(
        &self,
        edges: &EdgePopulation,
        vessels: &[u64],
    ) -> Result<BTreeMap<u64, f64>> {
        let population = &self.nodes()[edges.source()];
        let chosen = Selection::from_ids(vessels.to_vec());
        let mut ends_um = Vec::with_capacity(2);
        for attribute in ["start_diameter", "end_diameter"] {
            if !population.has_attribute(attribute) {
                return Err(Error::MissingAttribute {
                    path: population.reader().path().to_owned(),
                    population: population.name().to_owned(),
                    attribute: attribute.to_owned(),
                });
            }
            ends_um.push(population.numbers(attribute, chosen.ranges())?);
        }
        let radius_um = |(&start, &end): (&f64, &f64)| match (start as f32, end as f32) {
            (a, b) if f64::from(a) == start && f64::from(b) == end => f64::from((a + b) / 4.0),
            _ => (start + end) / 4.0,
        };
        Ok(chosen.iter().zip(ends_um[0].iter().zip(&ends_um[1]).map(radius_um)).collect())
    }

    /// Index of the edges whose rows are the synapses that edges of type `synapse_astrocyte` speak of:
    /// as in Neurodamus, the first chemical ones on the neurons.
    pub fn heard_edges(&self, links: &EdgePopulation) -> Option<usize> {
        let is_heard = |edges: &EdgePopulation| {
            edges.kind() == EdgeKind::Chemical && edges.target() == links.target()
        };
        self.edges().iter().position(is_heard)
    }
}

impl EdgePopulation {
    /// The synapses that astrocytes hear, by edges of type `synapse_astrocyte`: those of the astrocytes
    /// `nodes` ([`Direction::Efferent`]: these edges lead from the astrocyte to the neuron), or those on
    /// the neurons `nodes` ([`Direction::Afferent`]); in the order of nodes, then of edges.
    ///
    /// By the file's index, or, where it has none, by one that is made in a pass over all edges when
    /// first asked for.
    ///
    /// # Errors
    /// [`Error`] of reading; nodes and sections that cannot be.
    pub fn heard_synapses(
        &self,
        direction: Direction,
        nodes: &Selection,
    ) -> Result<Vec<HeardSynapse>> {
        let mut found: Vec<(u64, HeardSynapse)> = Vec::new();
        let edges = match self.reader().edges_of(direction, nodes.ranges())? {
            Some(ranges) => ranges.into_iter().map(|range| range.edges).collect(),
            None => self.runs_of(direction, nodes)?,
        };
        self.read_heard(&edges, &mut found)?;
        found.sort_by_key(|(edge, heard)| (heard.node(direction), *edge));
        Ok(found.into_iter().map(|(_, heard)| heard).collect())
    }

    /// That these edges speak of synapses, of which there are so many.
    pub(crate) fn check_heard(&self, edges: Range<u64>, n_synapses: u64) -> Result<()> {
        let mut heard = Vec::new();
        self.read_heard(&[edges], &mut heard)?;
        match heard.iter().find(|(_, heard)| heard.synapse >= n_synapses) {
            None => Ok(()),
            Some((edge, heard)) => {
                let found = format!("{} at edge {edge}", heard.synapse);
                let expected = format!("less than {n_synapses}, the number of chemical synapses");
                Err(invalid(self, "synapse_id", found, &expected))
            }
        }
    }

    fn read_heard(&self, edges: &[Range<u64>], into: &mut Vec<(u64, HeardSynapse)>) -> Result<()> {
        let table = self.reader().attributes();
        let column = |name: &'static str| {
            table.numbers(name, edges)?.ok_or_else(|| Error::MissingAttribute {
                path: self.reader().path().to_owned(),
                population: self.name().to_owned(),
                attribute: name.to_owned(),
            })
        };
        let (synapses, sections) = (column("synapse_id")?, column("astrocyte_section_id")?);
        let (sources, targets) = (self.reader().sources(edges)?, self.reader().targets(edges)?);
        for (at, edge) in edges.iter().cloned().flatten().enumerate() {
            let node = |node: i64, len: u64, is_source: bool| match u64::try_from(node) {
                Ok(id) if id < len => Ok(id),
                _ => Err(self.no_such_node(edge, node, is_source)),
            };
            let synapse = synapses[at];
            if !(synapse >= 0.0 && synapse.fract() == 0.0) {
                let found = format!("{synapse} at edge {edge}");
                return Err(invalid(self, "synapse_id", found, "a row of the synapses' edges"));
            }
            let heard = HeardSynapse {
                astrocyte: node(sources[at], self.n_sources, true)?,
                neuron: node(targets[at], self.n_targets, false)?,
                synapse: synapse as u64,
                section: section_id(self, edge, sections[at])?,
            };
            into.push((edge, heard));
        }
        Ok(())
    }
}

impl HeardSynapse {
    fn node(&self, direction: Direction) -> u64 {
        match direction {
            Direction::Efferent => self.astrocyte,
            Direction::Afferent => self.neuron,
        }
    }
}

/// A section id of an edge.
fn section_id(edges: &EdgePopulation, edge: u64, value: f64) -> Result<u32> {
    if value >= 0.0 && value.fract() == 0.0 && value < f64::from(u32::MAX) {
        return Ok(value as u32);
    }
    let found = format!("{value} at edge {edge}");
    Err(invalid(edges, "astrocyte_section_id", found, "the number of a section"))
}

fn invalid(edges: &EdgePopulation, at: &str, found: String, expected: &str) -> Error {
    let mut report = Report::default();
    let at = format!("edges.{}.{at}", edges.name());
    let problem = Problem::Value { found, expected: expected.to_owned() };
    report.error(edges.reader().path(), at, problem);
    Error::Invalid(report)
}
