//! The cells of a circuit: what each node is made from, made once and shared.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use net_cell::CellTemplate;
use net_cell::morphology::SectionKind;
use net_core::Gid;
use net_sonata::cell::{Cell, CellSource};
use net_sonata::config::SpikeLocation;
use net_sonata::{Circuit, Flavor, Selection, SimulationConfig};

use super::modifications::{Applied, Modifications};
use crate::error::{BoxError, Error, Result};
use crate::model::{ListedCell, ListedStream};

/// Nodes whose attributes are read at once.
const SLAB_NODES: u64 = 1 << 14;

/// The simulated nodes of a population, which are cells with consecutive gids.
#[derive(Debug, Clone)]
pub struct CellPopulation {
    /// Index among the circuit's node populations.
    pub index: usize,
    /// Name of the population.
    pub name: String,
    /// The nodes.
    pub nodes: Selection,
    /// Gid of the first of them in the simulation; raw ids and SONATA's gids are other numbers.
    pub first_gid: Gid,
    /// What each node is made from: an index in the list of sources.
    sources: Vec<u32>,
}

impl CellPopulation {
    /// The gid of a node, if it is simulated.
    pub fn gid(&self, node: u64) -> Option<Gid> {
        self.nodes.position(node).map(|at| self.first_gid + at)
    }
}

/// What a cell source gives, once it is needed.
type Made = std::result::Result<(Arc<Cell>, Arc<CellTemplate>), String>;

/// The same, made at most once.
type Built = OnceLock<Made>;

/// All cells of a circuit, by what they are made from.
#[derive(Debug)]
pub struct CellTable {
    populations: Vec<CellPopulation>,
    sources: Vec<CellSource>,
    built: Vec<Built>,
    modifications: OnceLock<Modifications>,
    /// Cells that are changed, by source and changes.
    changed: Mutex<HashMap<(u32, Applied), Made>>,
    settings: Settings,
}

/// What all cells have in common.
#[derive(Debug, Clone, Copy)]
struct Settings {
    longest_um: f64,
    flavor: Flavor,
    at_axon: bool,
    threshold_mv: f64,
}

impl CellTable {
    /// Reads which cells the simulated nodes are; makes none yet.
    pub(super) fn new(config: &SimulationConfig, circuit: &Circuit) -> Result<Self> {
        let mut table = CellTable {
            populations: Vec::new(),
            sources: Vec::new(),
            built: Vec::new(),
            modifications: OnceLock::new(),
            changed: Mutex::default(),
            settings: Settings {
                longest_um: config.run.dl_um,
                flavor: config.flavor,
                at_axon: config.conditions.spike_location == SpikeLocation::AxonInitialSegment,
                threshold_mv: config.run.spike_threshold_mv,
            },
        };
        let mut known: HashMap<CellSource, u32> = HashMap::new();
        let mut first_gid = 0;
        for (index, population) in circuit.nodes().iter().enumerate() {
            let (mut nodes, mut sources) = (Vec::new(), Vec::new());
            for slab in population.simulated().pieces(SLAB_NODES) {
                let mut found = population.cell_sources(&slab).map_err(Error::circuit)?;
                if found.iter().flatten().any(|source| source.endfeet.is_some()) {
                    let endfeet = circuit.endfeet(index, &slab).map_err(Error::circuit)?;
                    for (source, endfeet) in found.iter_mut().zip(endfeet) {
                        let own = source.as_mut().and_then(|source| source.endfeet.as_mut());
                        own.into_iter().for_each(|own| own.clone_from(&endfeet));
                    }
                }
                for (node, source) in slab.zip(found) {
                    let Some(source) = source else { continue };
                    let next = table.sources.len() as u32;
                    let at = *known.entry(source.clone()).or_insert(next);
                    if at == next {
                        table.sources.push(source);
                        table.built.push(OnceLock::new());
                    }
                    nodes.push(node);
                    sources.push(at);
                }
            }
            if nodes.is_empty() {
                continue;
            }
            let (name, nodes) = (population.name().to_owned(), Selection::from_ids(nodes));
            let n = nodes.len();
            table.populations.push(CellPopulation { index, name, nodes, first_gid, sources });
            first_gid += n;
        }
        Ok(table)
    }

    /// Changes cells that are not made yet, once.
    pub(super) fn modify(&self, modifications: Modifications) -> Result<()> {
        let is_new = self.modifications.set(modifications).is_ok();
        if is_new { Ok(()) } else { Err(Error::Stage { needed: "create_cells" }) }
    }

    /// Values of global variables: mechanism, variable, value.
    pub(super) fn globals(&self) -> &[(String, String, f64)] {
        self.modifications.get().map_or(&[], |modifications| &modifications.globals)
    }

    /// The populations that have cells, in the order of gids.
    pub fn populations(&self) -> &[CellPopulation] {
        &self.populations
    }

    /// The cells of a circuit's population, if it has some.
    pub fn population(&self, index: usize) -> Option<&CellPopulation> {
        self.populations.iter().find(|population| population.index == index)
    }

    /// Whose circuit they are of.
    pub(super) fn flavor(&self) -> Flavor {
        self.settings.flavor
    }

    /// Number of different cells.
    pub fn n_sources(&self) -> usize {
        self.sources.len()
    }

    /// Index of the population and node of a gid.
    pub(super) fn node_of(&self, gid: Gid) -> Option<(usize, u64)> {
        let after = self.populations.partition_point(|p| p.first_gid <= gid);
        let at = after.checked_sub(1)?;
        let population = &self.populations[at];
        let node = population.nodes.nth(gid - population.first_gid)?;
        Some((at, node))
    }

    /// The cell of a gid and its template, made when it is first asked for.
    pub(super) fn cell(
        &self,
        gid: Gid,
    ) -> std::result::Result<(Arc<Cell>, Arc<CellTemplate>), BoxError> {
        let after = self.populations.partition_point(|p| p.first_gid <= gid);
        let population = after.checked_sub(1).map(|at| &self.populations[at]);
        let source = population
            .and_then(|p| p.sources.get((gid - p.first_gid) as usize))
            .ok_or_else(|| format!("gid {gid} is no cell of the circuit"))?;
        let modifications = self.modifications.get();
        let make = |applied: &Applied| -> Made {
            let change = modifications.map(|modifications| (modifications, applied));
            let source = &self.sources[*source as usize];
            self.settings.make(source, change).map_err(|error| error.to_string())
        };
        let applied = match (modifications, population, self.node_of(gid)) {
            (Some(modifications), Some(population), Some((_, node))) => {
                modifications.of(population.index, node)
            }
            _ => Applied::default(),
        };
        if applied.is_nothing() {
            let made = self.built[*source as usize].get_or_init(|| make(&applied));
            return made.clone().map_err(Into::into);
        }
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (*source, applied);
        let made = match changed.get(&key) {
            Some(made) => made.clone(),
            None => {
                let made = make(&key.1);
                changed.insert(key, made.clone());
                made
            }
        };
        made.map_err(Into::into)
    }
}

/// Name of the stream that stochastic channels draw from.
const CHANNEL_STREAM: &str = "rng";

impl CellTable {
    /// The random streams of the stochastic channels of these cells.
    pub(super) fn list_streams(
        &self,
        cells: &[ListedCell],
        seed: u32,
        into: &mut Vec<ListedStream>,
    ) -> std::result::Result<(), BoxError> {
        for (at, listed) in cells.iter().enumerate() {
            let (cell, _) = self.cell(listed.gid)?;
            let (Cell::Cable(cell), Some((_, node))) = (&*cell, self.node_of(listed.gid)) else {
                continue;
            };
            into.extend(cell.channel_streams(node, seed).into_iter().map(|streams| ListedStream {
                cell: at as u32,
                mechanism: streams.mechanism.to_owned(),
                stream: CHANNEL_STREAM,
                ids: streams.ids,
            }));
        }
        Ok(())
    }
}

/// What an astrocyte's potential passes where Neurodamus writes a spike: NEURON's threshold, as it sets
/// none.
const ASTROCYTE_THRESHOLD_MV: f64 = 10.0;

impl Settings {
    fn make(
        &self,
        source: &CellSource,
        change: Option<(&Modifications, &Applied)>,
    ) -> std::result::Result<(Arc<Cell>, Arc<CellTemplate>), BoxError> {
        let mut cell = source.build(self.longest_um)?;
        if let (Some((modifications, applied)), Cell::Cable(cell)) = (change, &mut cell) {
            modifications.apply(applied, cell)?;
        }
        let template = match &cell {
            Cell::Artificial(cell) => {
                let parameters =
                    cell.parameters.iter().map(|(name, value)| (name.as_str(), *value));
                let parameters: Vec<(&str, f64)> = parameters.collect();
                CellTemplate::artificial(&cell.mechanism, &parameters)?
            }
            Cell::Cable(cable) => {
                let mut template = cable.template()?;
                let m = &cable.morphology;
                let soma = m.sections.iter().position(|s| s.kind == SectionKind::Soma).unwrap_or(0);
                let segment = match (self.flavor, self.at_axon) {
                    (Flavor::Obi, false) => None,
                    (Flavor::Allen, _) => Some(m.segment_at(soma, 0.5)),
                    (Flavor::Obi, true) => match m.section_index("axon[1]") {
                        Some(section) => Some(m.segment_at(section, 0.5)),
                        None => {
                            return Err(
                                "spikes are to be detected at axon[1], which the cell lacks".into(),
                            );
                        }
                    },
                };
                match segment {
                    _ if source.endfeet.is_some() => {
                        template.detect_spikes_at_end(soma, ASTROCYTE_THRESHOLD_MV)?;
                    }
                    Some(segment) => template.detect_spikes(segment, self.threshold_mv)?,
                    None => template.detect_spikes_at_end(soma, self.threshold_mv)?,
                }
                template
            }
        };
        Ok((Arc::new(cell), Arc::new(template)))
    }
}
