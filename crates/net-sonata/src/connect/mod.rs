//! Synapses: the circuit's edges, resolved for chosen cells.
//!
//! A [`Connector`] knows the rules of a simulation. For one population of edges and some target cells
//! ([`TargetCell`]) it reads their edges and gives [`Synapses`]: where each stands, what it is, its
//! weight and delay. What is drawn, places of Allen's synapses and rise times of Blue Brain's, is drawn
//! from the streams that BioNet and Neurodamus use.

mod allen;
mod blue_brain;
mod location;
mod overrides;
mod plasticity;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rand_mt::Mt;

use crate::cell::{CableCell, Cell};
use crate::circuit::Circuit;
use crate::config::{EdgeKind, Flavor, SimulationConfig};
use crate::edges::{EdgePopulation, PLASTICITY};
use crate::finding::{Error, Problem, Report, Result};
use crate::selection::Selection;
use allen::SynapseModels;
pub use blue_brain::INHIBITORY;
use overrides::Overrides;

/// Edges read at once.
const BATCH_EDGES: usize = 1 << 16;

/// A cell that edges end on.
#[derive(Debug)]
pub struct TargetCell<'a> {
    /// Its node in its population.
    pub node: u64,
    /// The cell.
    pub cell: &'a Cell,
    /// Section of each of SONATA's section ids; `None` where it was removed.
    sections: Vec<Option<u32>>,
    /// BioNet's stream of the cell, once it is needed.
    placement: Option<Box<Mt>>,
}

impl<'a> TargetCell<'a> {
    /// A cell at a node.
    pub fn new(node: u64, cell: &'a Cell, flavor: Flavor) -> Self {
        let sections = match (cell, flavor) {
            (Cell::Artificial(_), _) => Vec::new(),
            (Cell::Cable(cell), Flavor::Allen) => {
                (0..cell.morphology.sections.len() as u32).map(Some).collect()
            }
            (Cell::Cable(cell), Flavor::Obi) => {
                let ids = cell.section_ids();
                let n = ids.iter().max().map_or(0, |id| *id as usize + 1);
                let mut sections = vec![None; n];
                for (section, id) in ids.into_iter().enumerate() {
                    sections[id as usize] = Some(section as u32);
                }
                sections
            }
        };
        TargetCell { node, cell, sections, placement: None }
    }
}

/// A mechanism with the parameters that synapses have, and the values that they have them with.
#[derive(Debug, Clone, PartialEq)]
pub struct SynapseModel {
    /// The mechanism.
    pub mechanism: String,
    /// Names of the parameters.
    pub names: Vec<String>,
    /// Their values, row after row.
    pub rows: Vec<f64>,
    n_rows: u32,
    /// Rows by their bits, where synapses are likely to share them.
    known: HashMap<Vec<u64>, u32>,
}

impl SynapseModel {
    /// The values of a row, in the order of the names.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: u32) -> &[f64] {
        let n = self.names.len();
        &self.rows[row as usize * n..][..n]
    }

    /// The parameters of a row by name.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn parameters(&self, row: u32) -> BTreeMap<String, f64> {
        self.names.iter().cloned().zip(self.row(row).iter().copied()).collect()
    }

    fn is(&self, mechanism: &str, parameters: &[(&str, f64)]) -> bool {
        let names = parameters.iter().map(|(name, _)| *name);
        self.mechanism == mechanism && self.names.iter().map(String::as_str).eq(names)
    }

    /// Adds a row, and gives its number.
    fn add(&mut self, parameters: &[(&str, f64)], sharing: Sharing) -> u32 {
        let next = self.n_rows;
        if sharing == Sharing::Likely {
            let bits = parameters.iter().map(|(_, value)| value.to_bits()).collect();
            let row = *self.known.entry(bits).or_insert(next);
            if row != next {
                return row;
            }
        }
        self.rows.extend(parameters.iter().map(|(_, value)| *value));
        self.n_rows += 1;
        next
    }
}

/// Whether synapses have the same parameters as others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// Rows are looked up, so that there is one for all that are equal.
    Likely,
    /// Each has a row of its own.
    Unlikely,
}

/// A synapse and its connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Synapse {
    /// Row of the edge in its population.
    pub edge: u64,
    /// Source node, in the source population of the edges.
    pub source: u64,
    /// Index of the target cell.
    pub target: u32,
    /// Segment of the target; 0 of artificial cells.
    pub segment: u32,
    /// Index of the [`SynapseModel`]; [`Synapses::ARTIFICIAL`] where events go to an artificial cell.
    pub model: u32,
    /// Row of its parameters in the model.
    pub row: u32,
    /// Place of the edge among those of its target in its population.
    pub synapse_id: u32,
    /// Weight in the mechanism's unit.
    pub weight: f64,
    /// Delay in ms.
    pub delay_ms: f64,
    /// Rate of spontaneous release in Hz.
    pub minis_hz: f64,
    /// Section of the edge, by SONATA's id, and position; where it is not known, 0 and NaN.
    pub place: (u32, f64),
}

/// Synapses of one population of edges on some cells, by target.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Synapses {
    /// All different models.
    pub models: Vec<SynapseModel>,
    /// The synapses; those of one target stand together, in the order of their edges.
    pub synapses: Vec<Synapse>,
    /// Types of their edges in Allen's circuits, by synapse; empty for others.
    pub type_ids: Vec<i64>,
    /// Weights that begin later: index of the synapse, time in ms, weight from then on.
    pub later: Vec<(u32, f64, f64)>,
    /// Strength and decay time (ms) of neuromodulators, by synapse; empty for other edges.
    pub neuromodulation: Vec<[f64; 2]>,
    /// Under which numbers the potentials of gap junctions are known, by synapse: that of its own
    /// segment, and the one that it sees; empty for other edges.
    pub junctions: Vec<[u64; 2]>,
    /// Edges whose place on their target is not there, such as an axon that was removed.
    pub n_skipped: u64,
}

impl Synapses {
    /// Stands for the cell itself in place of a model.
    pub const ARTIFICIAL: u32 = u32::MAX;
    /// Stands for a synapse of other edges in place of a model: the nearest one on the section.
    pub const NEAREST: u32 = u32::MAX - 1;

    /// Indices of a model and of a row of it with these parameters.
    fn model(
        &mut self,
        mechanism: &str,
        parameters: &[(&str, f64)],
        sharing: Sharing,
    ) -> (u32, u32) {
        let known = self.models.iter().position(|model| model.is(mechanism, parameters));
        let at = known.unwrap_or_else(|| {
            self.models.push(SynapseModel {
                mechanism: mechanism.to_owned(),
                names: parameters.iter().map(|(name, _)| (*name).to_owned()).collect(),
                rows: Vec::new(),
                n_rows: 0,
                known: HashMap::new(),
            });
            self.models.len() - 1
        });
        (at as u32, self.models[at].add(parameters, sharing))
    }
}

/// What connection overrides say, read once.
#[derive(Debug, Clone, Default)]
pub struct ConnectionRules(Arc<Overrides>);

impl ConnectionRules {
    /// Reads them, and selects the nodes that they are about.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Unknown`] for node sets that are not there.
    pub fn read(config: &SimulationConfig, circuit: &Circuit) -> Result<Self> {
        Ok(ConnectionRules(Arc::new(Overrides::new(config, circuit)?)))
    }
}

/// Resolves edges by the rules of a simulation.
#[derive(Debug)]
pub struct Connector<'a> {
    config: &'a SimulationConfig,
    circuit: &'a Circuit,
    rules: ConnectionRules,
    models: SynapseModels,
}

impl<'a> Connector<'a> {
    /// For the edges of a circuit, by these rules.
    pub fn new(
        config: &'a SimulationConfig,
        circuit: &'a Circuit,
        rules: &ConnectionRules,
    ) -> Self {
        let models = SynapseModels::default();
        Connector { config, circuit, rules: rules.clone(), models }
    }

    /// The synapses of a population of edges on `targets`, which are cells of its target population
    /// in ascending order of nodes. Each population is to be asked for once, in the order in which
    /// BioNet makes them, as draws of a cell continue from population to population.
    ///
    /// # Errors
    /// [`Error`] of reading, and edges that cannot be what they are.
    pub fn synapses(
        &mut self,
        edges: &EdgePopulation,
        targets: &mut [TargetCell],
    ) -> Result<Synapses> {
        // Type ids mean something in their own population only.
        self.models.forget_sites();
        let nodes: Selection = targets.iter().map(|target| target.node).collect();
        let mut synapses = Synapses::default();
        let plastic = edges.kind() == EdgeKind::Chemical
            && self.rules.0.of(edges).asks_for(plasticity::OVERRIDE);
        let further = if plastic { PLASTICITY } else { &[] };
        for batch in edges.afferent_with(further, &nodes, BATCH_EDGES)? {
            let batch = batch?;
            match edges.kind() {
                EdgeKind::Allen => self.add_allen(edges, &batch, targets, &mut synapses)?,
                EdgeKind::Chemical
                | EdgeKind::Exp2Syn
                | EdgeKind::PointProcess
                | EdgeKind::Electrical
                | EdgeKind::Neuromodulatory => {
                    self.add_blue_brain(edges, &batch, targets, &mut synapses)?;
                }
                other => {
                    let what = format!("edges of type {}", other.name());
                    return Err(self.invalid(edges, "type", Problem::Unsupported { what }));
                }
            }
        }
        Ok(synapses)
    }

    /// One finding in the file of the edges.
    fn invalid(&self, edges: &EdgePopulation, at: &str, problem: Problem) -> Error {
        let mut report = Report::default();
        report.error(edges.reader().path(), format!("edges.{}.{at}", edges.name()), problem);
        Error::Invalid(report)
    }

    /// Index of the target of an edge; targets are ascending.
    fn target(targets: &[TargetCell], node: u64, near: usize) -> usize {
        if targets.get(near).is_some_and(|target| target.node == node) {
            return near;
        }
        targets.partition_point(|target| target.node < node)
    }
}

/// The cable cell at a target.
fn cable<'t>(target: &'t TargetCell) -> Option<&'t CableCell> {
    match target.cell {
        Cell::Cable(cell) => Some(cell),
        Cell::Artificial(_) => None,
    }
}
