//! The synapses of a rank's cells, as listed points.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use net_core::SynapseKind;
use net_sonata::cell::Cell;
use net_sonata::config::{EdgeKind, NodeKind};
use net_sonata::connect::{Connector, Synapses, TargetCell};
use net_sonata::{Circuit, EdgePopulation, Flavor, Selection, SimulationConfig};

use super::cells::CellTable;
use crate::error::BoxError;
use crate::model::{ListedCell, ListedPoint, ListedPoints, PointPlace, PointSource};

/// Spikes that an input sends through the circuit's edges.
#[derive(Debug, Clone)]
pub(super) struct Replay {
    /// Index of the source population.
    pub(super) source: usize,
    /// Nodes of each population that the spikes go to; none for all.
    pub(super) targets: Option<Vec<Selection>>,
    /// Spike times in ms by node.
    pub(super) times_ms: BTreeMap<u64, Arc<[f64]>>,
}

/// Lists the synapses of cells.
pub(super) struct SynapseLister {
    pub(super) config: Arc<SimulationConfig>,
    pub(super) circuit: Arc<Circuit>,
    pub(super) cells: Arc<CellTable>,
    pub(super) replays: Vec<Replay>,
}

/// The points of cells, as they are listed.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) points: ListedPoints,
    /// Models that are known, by mechanism and parameters.
    known: HashMap<String, u32>,
    trains: HashMap<(usize, u64), u32>,
}

impl Listing {
    /// The index of a kind of point.
    pub(super) fn kind(&mut self, mechanism: &str, parameters: &BTreeMap<String, f64>) -> u32 {
        let mut key = mechanism.to_owned();
        for (name, value) in parameters {
            key.push_str(&format!(" {name}={:x}", value.to_bits()));
        }
        let next = self.points.kinds.len() as u32;
        let at = *self.known.entry(key).or_insert(next);
        if at == next {
            let (mechanism, parameters) = (mechanism.to_owned(), parameters.clone());
            self.points.kinds.push(SynapseKind { mechanism, parameters });
        }
        at
    }
}

impl SynapseLister {
    /// Adds the synapses of these cells, population by population of edges.
    pub(super) fn list(&self, cells: &[ListedCell], into: &mut Listing) -> Result<(), BoxError> {
        let mut own: Vec<Arc<Cell>> = Vec::with_capacity(cells.len());
        for cell in cells {
            own.push(self.cells.cell(cell.gid)?.0);
        }
        // Cells come by gid, so those of one population stand together, by node.
        let mut by_population: BTreeMap<usize, (Vec<u32>, Vec<TargetCell>)> = BTreeMap::new();
        for (at, (cell, own)) in cells.iter().zip(&own).enumerate() {
            let Some((population, node)) = self.cells.node_of(cell.gid) else { continue };
            let index = self.cells.populations()[population].index;
            let (places, targets) = by_population.entry(index).or_default();
            places.push(at as u32);
            targets.push(TargetCell::new(node, own, self.config.flavor));
        }
        let mut connector = Connector::new(&self.config, &self.circuit)?;
        for edges in self.order() {
            let Some((places, targets)) = by_population.get_mut(&edges.target()) else { continue };
            let synapses = connector.synapses(edges, targets)?;
            self.add(edges, places, targets, synapses, into);
        }
        Ok(())
    }

    /// The populations of edges in the order in which they are made: those from cells first.
    fn order(&self) -> Vec<&EdgePopulation> {
        let is_made = |edges: &&EdgePopulation| {
            !matches!(edges.kind(), EdgeKind::Glialglial | EdgeKind::TsodyksMarkram)
        };
        let from_virtual = |edges: &EdgePopulation| {
            self.circuit.nodes()[edges.source()].kind() == NodeKind::Virtual
        };
        let made = self.circuit.edges().iter().filter(is_made);
        let mut order: Vec<_> = made.clone().filter(|edges| !from_virtual(edges)).collect();
        // BioNet makes synapses of virtual cells input by input.
        let mut virtual_sources: Vec<usize> = Vec::new();
        for replay in &self.replays {
            if !virtual_sources.contains(&replay.source) {
                virtual_sources.push(replay.source);
            }
        }
        if self.config.flavor == Flavor::Obi {
            virtual_sources.sort_unstable();
        }
        for source in virtual_sources {
            order.extend(made.clone().filter(|e| from_virtual(e) && e.source() == source));
        }
        order
    }

    fn add(
        &self,
        edges: &EdgePopulation,
        places: &[u32],
        targets: &[TargetCell],
        synapses: Synapses,
        into: &mut Listing,
    ) {
        let kinds: Vec<u32> =
            synapses.models.iter().map(|m| into.kind(&m.mechanism, &m.parameters)).collect();
        let sources = self.cells.population(edges.source());
        for synapse in &synapses.synapses {
            let mut point = match synapse.model {
                Synapses::ARTIFICIAL => PointPlace::Cell,
                model => PointPlace::Kind(kinds[model as usize]),
            };
            let (weight, delay_ms) = (synapse.weight, synapse.delay_ms);
            let (cell, segment) = (places[synapse.target as usize], synapse.segment);
            let mut push = |source, trains: &mut ListedPoints| {
                trains.points.push(ListedPoint { cell, segment, point, source });
                if point != PointPlace::Cell {
                    point = PointPlace::Same;
                }
            };
            // A synapse that nothing drives is not made.
            if let Some(gid) = sources.and_then(|sources| sources.gid(synapse.source)) {
                push(PointSource::Cell { gid, weight, delay_ms }, &mut into.points);
            }
            let node = targets[synapse.target as usize].node;
            for (number, replay) in self.replays.iter().enumerate() {
                if replay.source != edges.source() {
                    continue;
                }
                let is_target =
                    replay.targets.as_ref().is_none_or(|t| t[edges.target()].contains(node));
                let Some(times) = replay.times_ms.get(&synapse.source).filter(|_| is_target) else {
                    continue;
                };
                let next = into.points.trains.len() as u32;
                let train = *into.trains.entry((number, synapse.source)).or_insert(next);
                if train == next {
                    into.points.trains.push(times.clone());
                }
                push(PointSource::Train { train, weight, delay_ms }, &mut into.points);
            }
        }
    }
}
