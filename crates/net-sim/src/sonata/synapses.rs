//! The synapses of a rank's cells, as listed points.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use net_cell::mechanism::{Mechanism, Role};
use net_cell::{SpikeSource, Waveform};
use net_core::SynapseKind;
use net_sonata::cell::Cell;
use net_sonata::config::{EdgeKind, NodeKind};
use net_sonata::connect::{
    ConnectionRules, Connector, INHIBITORY, SynapseModel, Synapses, TargetCell,
};
use net_sonata::{Circuit, EdgePopulation, Flavor, Selection, SimulationConfig};

use super::cells::CellTable;
use super::glia::{self, Heard};
use super::reported::ReportedSynapses;
use super::saved::Connections;
use crate::error::BoxError;
use crate::model::{ListedCell, ListedKind, ListedPoint, ListedPoints, PointPlace, PointSource};

/// Spikes that an input sends through the circuit's edges.
#[derive(Debug, Clone)]
pub(super) struct Replay {
    /// Index of the source population.
    pub(super) source: usize,
    /// Index of the edges that the input brought; none for those of the circuit.
    pub(super) edges: Option<usize>,
    /// Nodes of each population that the spikes go to; none for all.
    pub(super) targets: Option<Vec<Selection>>,
    /// Spike times in ms by node.
    pub(super) times_ms: BTreeMap<u64, Arc<[f64]>>,
}

/// Lists the synapses of cells.
pub(super) struct SynapseLister {
    pub(super) config: Arc<SimulationConfig>,
    pub(super) circuit: Arc<Circuit>,
    pub(super) rules: ConnectionRules,
    pub(super) cells: Arc<CellTable>,
    pub(super) replays: Vec<Replay>,
    /// Whether synapses are made that nothing drives.
    pub(super) keeps_all: bool,
    /// Whether gap junctions are made, which need all cells.
    pub(super) has_junctions: bool,
    /// Whether spikes of cells reach no synapse.
    pub(super) cells_are_mute: bool,
    /// Where reports find the synapses that they have one by one.
    pub(super) reported: Arc<ReportedSynapses>,
    /// Where connections are kept that are to be saved.
    pub(super) connections: Arc<Connections>,
}

/// The points of cells, as they are listed.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) points: ListedPoints,
    /// Kinds without rows that are known, by mechanism and parameters.
    known: HashMap<String, u32>,
    /// Kinds with rows, by mechanism and names of parameters.
    with_rows: HashMap<(String, Vec<String>), u32>,
    /// Rows that synapses share, by kind and bits of the values.
    shared: HashMap<(u32, Vec<u64>), u32>,
    trains: HashMap<(usize, u64), u32>,
    /// Mechanism, variable, value.
    globals: Vec<(String, String, f64)>,
    /// Point processes of each cell so far.
    n_made: Vec<u32>,
    /// Synapses by cell, where neuromodulators look for them.
    remembers: bool,
    made: HashMap<u32, Vec<Made>>,
}

impl Listing {
    /// An empty listing; `globals` are values of global variables of mechanisms.
    pub(super) fn new(globals: &[(String, String, f64)]) -> Self {
        Listing { globals: globals.to_vec(), ..Listing::default() }
    }

    /// Values of global variables of a mechanism.
    fn globals_of(&self, mechanism: &str) -> impl Iterator<Item = (String, f64)> {
        let own = self.globals.iter().filter(move |(of, ..)| of == mechanism);
        own.map(|(_, name, value)| (name.clone(), *value))
    }

    /// The index of a kind of point.
    pub(super) fn kind(&mut self, mechanism: &str, parameters: &BTreeMap<String, f64>) -> u32 {
        let mut parameters = parameters.clone();
        parameters.extend(self.globals_of(mechanism));
        let mut key = mechanism.to_owned();
        for (name, value) in &parameters {
            key.push_str(&format!(" {name}={:x}", value.to_bits()));
        }
        let next = self.points.kinds.len() as u32;
        let at = *self.known.entry(key).or_insert(next);
        if at == next {
            let common = SynapseKind { mechanism: mechanism.to_owned(), parameters };
            let (names, rows) = (Vec::new(), Vec::new());
            self.points.kinds.push(ListedKind { common, names, rows });
        }
        at
    }

    /// The index of a kind of point whose parameters `names` differ.
    fn kind_with_rows(&mut self, mechanism: &str, names: Vec<String>) -> u32 {
        let next = self.points.kinds.len() as u32;
        let key = (mechanism.to_owned(), names.clone());
        let at = *self.with_rows.entry(key).or_insert(next);
        if at == next {
            let parameters = self.globals_of(mechanism).collect();
            let common = SynapseKind { mechanism: mechanism.to_owned(), parameters };
            self.points.kinds.push(ListedKind { common, names, rows: Vec::new() });
        }
        at
    }

    /// What a parameter that follows a waveform is driven by. Equal ones that come one after the
    /// other share one.
    pub(super) fn waveform(
        &mut self,
        parameter: &'static str,
        waveform: &Arc<Waveform>,
    ) -> PointSource {
        let all = &mut self.points.waveforms;
        if all.last().is_none_or(|(name, last)| *name != parameter || last != waveform) {
            all.push((parameter, waveform.clone()));
        }
        PointSource::Waveform { waveform: all.len() as u32 - 1 }
    }

    /// Puts a point process on a cell that gets its events later; gives its number there.
    pub(super) fn place_shared(&mut self, cell: u32, segment: u32, kind: u32) -> u32 {
        let number = self.n_made.get(cell as usize).copied().unwrap_or(0);
        self.place(cell, segment, kind, PointSource::None);
        number
    }

    /// Sends events to a point process that was made before.
    pub(super) fn send_to(&mut self, cell: u32, point: u32, source: PointSource) {
        let point = PointPlace::Earlier(point);
        self.push(&mut Site { cell, segment: 0, point, type_slot: None }, source);
    }

    /// Puts a point process on a cell.
    pub(super) fn place(&mut self, cell: u32, segment: u32, kind: u32, source: PointSource) {
        let point = PointPlace::Kind { kind, row: 0, shares: true };
        self.push(&mut Site { cell, segment, point, type_slot: None }, source);
    }
}

impl SynapseLister {
    /// Adds the synapses of these cells, population by population of edges.
    pub(super) fn list(&self, cells: &[ListedCell], into: &mut Listing) -> Result<(), BoxError> {
        self.reported.forget(cells);
        if self.connections.are_wanted() {
            cells.iter().for_each(|cell| self.connections.forget(cell.gid));
        }
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
        let mut connector = Connector::new(&self.config, &self.circuit, &self.rules);
        let modulates = |edges: &EdgePopulation| edges.kind() == EdgeKind::Neuromodulatory;
        into.remembers = self.circuit.edges().iter().any(modulates);
        for edges in self.order() {
            let Some((places, targets)) = by_population.get_mut(&edges.target()) else { continue };
            let synapses = connector.synapses(edges, targets)?;
            self.add(edges, places, targets, &synapses, &connector, into)?;
        }
        for (index, (places, targets)) in &by_population {
            if self.circuit.nodes()[*index].kind() == NodeKind::Astrocyte {
                let dt_ms = self.config.run.dt_ms;
                glia::list(&self.circuit, *index, (places, targets), dt_ms, into)?;
            }
        }
        Ok(())
    }

    /// The populations of edges in the order in which they are made: those from cells first.
    fn order(&self) -> Vec<&EdgePopulation> {
        let is_made = |edges: &&EdgePopulation| {
            let kind = edges.kind();
            let is_left_out = kind == EdgeKind::Electrical && !self.has_junctions;
            !is_left_out && !kind.is_left_out()
        };
        let from_virtual = |edges: &EdgePopulation| {
            self.circuit.nodes()[edges.source()].kind() == NodeKind::Virtual
        };
        let made = self.circuit.edges().iter().filter(is_made).filter(|e| e.input().is_none());
        let mut order: Vec<_> = made.clone().filter(|edges| !from_virtual(edges)).collect();
        // BioNet makes synapses of virtual cells, and those that an input brings, input by input.
        let mut inputs: Vec<(usize, Option<usize>)> = Vec::new();
        for replay in &self.replays {
            if !inputs.contains(&(replay.source, replay.edges)) {
                inputs.push((replay.source, replay.edges));
            }
        }
        if self.config.flavor == Flavor::Obi {
            inputs.sort_unstable();
        }
        for (source, brought) in inputs {
            match brought {
                Some(index) => order.push(&self.circuit.edges()[index]),
                None => {
                    order.extend(made.clone().filter(|e| from_virtual(e) && e.source() == source));
                }
            }
        }
        // They act on synapses of others.
        order.sort_by_key(|edges| edges.kind() == EdgeKind::Neuromodulatory);
        order
    }

    fn add(
        &self,
        edges: &EdgePopulation,
        places: &[u32],
        targets: &[TargetCell],
        synapses: &Synapses,
        connector: &Connector,
        into: &mut Listing,
    ) -> Result<(), BoxError> {
        let mut models: Vec<Model> = synapses.models.iter().map(|m| Model::new(m, into)).collect();
        // On edges that an input brought come its spikes and none of cells.
        let sources = self.cells.population(edges.source()).filter(|_| edges.input().is_none());
        let index = self.circuit.edges().iter().position(|own| std::ptr::eq(own, edges));
        let brought = index.filter(|_| edges.input().is_some());
        let target_cells = self.cells.population(edges.target());
        let is_allen = self.config.flavor == Flavor::Allen;
        let comes_here =
            |replay: &Replay| replay.source == edges.source() && replay.edges == brought;
        let is_replayed = self.replays.iter().any(comes_here);
        let saved = index.filter(|_| self.connections.are_wanted());
        let heard = Heard::among(&self.circuit, edges, targets)?;
        let mut later = synapses.later.iter().peekable();
        for (number, synapse) in synapses.synapses.iter().enumerate() {
            let node = targets[synapse.target as usize].node;
            let own_gid = target_cells.and_then(|cells| cells.gid(node));
            let mut site = Site {
                cell: places[synapse.target as usize],
                segment: synapse.segment,
                point: PointPlace::Cell,
                type_slot: None,
            };
            match synapse.model {
                Synapses::ARTIFICIAL => {}
                Synapses::NEAREST => match into.nearest(site.cell, synapse.place, edges.source()) {
                    Some((point, type_slot)) => {
                        site.point = PointPlace::Earlier(point);
                        site.type_slot = type_slot;
                    }
                    None => continue,
                },
                model => site.type_slot = models[model as usize].type_slot,
            }
            let (weight, delay_ms) = (synapse.weight, synapse.delay_ms);
            let gid = sources.and_then(|sources| sources.gid(synapse.source));
            // Neuromodulators only come from replayed spikes.
            let gid = gid.filter(|_| synapse.model != Synapses::NEAREST);
            let replays = self.replays.iter().enumerate().filter(|(_, replay)| {
                let selected = |t: &Vec<Selection>| t[edges.target()].contains(node);
                comes_here(replay) && replay.targets.as_ref().is_none_or(selected)
            });
            let trains: Vec<_> = replays
                .filter_map(|(at, replay)| Some((at, replay.times_ms.get(&synapse.source)?)))
                .collect();
            let is_made = !matches!(synapse.model, Synapses::ARTIFICIAL | Synapses::NEAREST);
            // A synapse that nothing drives is made only where somebody asks for all.
            let has_minis = synapse.minis_hz > 0.0;
            let junction = synapses.junctions.get(number);
            if let (Some(index), Some(&type_id)) = (saved, synapses.type_ids.get(number))
                && let Some(own) = own_gid
                && (gid.is_some() || is_replayed)
            {
                self.connections.add(own, index, type_id, synapse);
            }
            let mechanism = synapses.models.get(synapse.model as usize).map(|m| &*m.mechanism);
            let reported = mechanism.zip(own_gid);
            let reported = reported.filter(|(name, gid)| self.reported.are_wanted(*gid, name));
            // BioNet has all synapses of a population that an input replays.
            let is_kept = self.keeps_all || is_allen && reported.is_some() && is_replayed;
            let is_driven = gid.is_some() || !trains.is_empty() || has_minis || is_kept;
            if is_made && (is_driven || junction.is_some()) {
                let own = &synapses.models[synapse.model as usize];
                let model = &mut models[synapse.model as usize];
                let ids = model.has_stream.then(|| {
                    let synapse_id = synapse.synapse_id;
                    connector.release_stream(edges, (node, synapse_id), &own.mechanism)
                });
                let row = model.row(own, synapse.row, ids, into);
                // Those that are reported one by one have a state of their own.
                let shares = reported.is_none();
                site.point = PointPlace::Kind { kind: model.kind, row, shares };
                if let Some((mechanism, own_gid)) = reported {
                    let id = (!is_allen).then_some(synapse.synapse_id);
                    let first_gid = self.circuit.nodes()[edges.source()].first_gid();
                    let source = gid.map(|_| first_gid + synapse.source);
                    self.reported.add(own_gid, (mechanism, synapse.segment), id, source);
                }
                if let Some(&[own, other]) = junction {
                    into.push(&mut site, PointSource::Junction { own, other });
                    continue;
                }
                into.remember(site.cell, synapse.place, edges.source(), model.type_slot);
                if let Some(source) = heard.source(synapse.edge, own.mechanism == INHIBITORY) {
                    into.push(&mut site, source);
                }
                let has_source =
                    gid.is_some() && !self.cells_are_mute || !trains.is_empty() || has_minis;
                if !has_source {
                    into.push(&mut site, PointSource::None);
                }
            }
            if let Some(gid) = gid.filter(|_| !self.cells_are_mute) {
                into.push(&mut site, PointSource::Cell { gid, weight, delay_ms });
            }
            for (at, times_ms) in trains {
                let further = match synapses.neuromodulation.get(number) {
                    Some(own) => site.further(NEUROMODULATOR, own),
                    None => site.further(REPLAY, &[]),
                };
                let further = into.further(further);
                let train = into.train((at, synapse.source), times_ms);
                into.push(&mut site, PointSource::Train { train, further, weight, delay_ms });
            }
            if has_minis {
                let ids = connector.minis_stream(edges, node, synapse.synapse_id);
                let (rate_hz, key) = (synapse.minis_hz, self.config.run.random_seed);
                into.points.trains.push(SpikeSource::Random123Poisson { rate_hz, key, ids });
                let train = into.points.trains.len() as u32 - 1;
                let further = into.further(site.further(MINIATURE, &[]));
                let delay_ms = MINIS_DELAY_MS;
                into.push(&mut site, PointSource::Train { train, further, weight, delay_ms });
            }
            while let Some((_, t_ms, weight)) = later.next_if(|l| l.0 as usize == number) {
                if gid.is_none() {
                    continue;
                }
                into.points.trains.push(SpikeSource::Times(vec![*t_ms]));
                let train = into.points.trains.len() as u32 - 1;
                let further = into.further(site.further(LATER_WEIGHT, &[]));
                let (weight, delay_ms) = (*weight, 0.0);
                into.push(&mut site, PointSource::Train { train, further, weight, delay_ms });
            }
        }
        Ok(())
    }
}

/// What stands in the weight that says what a connection's events are: spikes of cells have 0.
const MINIATURE: f64 = 1.0;
const REPLAY: f64 = 2.0;
const NEUROMODULATOR: f64 = 10.0;
/// An event whose weight is that of spikes of cells from then on.
const LATER_WEIGHT: f64 = -1.0;

/// Name of the stream that synapses draw their release from.
const STREAM: &str = "rng";

/// Delay of spontaneous release.
const MINIS_DELAY_MS: f64 = 0.1;

/// A synapse model, as it is listed.
struct Model {
    kind: u32,
    /// Which weight says what events are: the value of `nc_type_param`.
    type_slot: Option<usize>,
    has_stream: bool,
    /// Which of a row's values are listed; those of globals are common.
    listed: Vec<usize>,
    /// Rows of the kind by rows of the model, where synapses may share them.
    rows: HashMap<u32, u32>,
}

impl Model {
    fn new(model: &SynapseModel, into: &mut Listing) -> Self {
        let known = net_cell::mechanism::find(&model.mechanism).ok().map(|(_, known)| known);
        let slot = known.and_then(|known| {
            let column = known.column("nc_type_param")?;
            match known.columns[column].role {
                Role::Parameter { default, .. } => Some(default as usize),
                _ => None,
            }
        });
        let stream = |known: &Mechanism| known.column(&format!("{STREAM}.id1")).is_some();
        let has_stream = known.is_some_and(stream);
        let globals: BTreeMap<String, f64> = into.globals_of(&model.mechanism).collect();
        let listed: Vec<usize> =
            (0..model.names.len()).filter(|at| !globals.contains_key(&model.names[*at])).collect();
        let mut names: Vec<String> = listed.iter().map(|at| model.names[*at].clone()).collect();
        if has_stream {
            names.extend((1..=3).map(|which| format!("{STREAM}.id{which}")));
        }
        let kind = into.kind_with_rows(&model.mechanism, names);
        Model { kind, type_slot: slot, has_stream, listed, rows: HashMap::new() }
    }

    /// The row of the kind with the values of a row of the model, and the ids of a stream.
    fn row(
        &mut self,
        model: &SynapseModel,
        row: u32,
        ids: Option<[u32; 3]>,
        into: &mut Listing,
    ) -> u32 {
        let values = model.row(row);
        let values = self.listed.iter().map(|at| values[*at]);
        match ids {
            // Nobody else has its stream.
            Some(ids) => into.push_row(self.kind, values.chain(ids.into_iter().map(f64::from))),
            None => *self
                .rows
                .entry(row)
                .or_insert_with(|| into.shared_row(self.kind, values.collect())),
        }
    }
}

/// Where the rows of a synapse go.
struct Site {
    cell: u32,
    segment: u32,
    point: PointPlace,
    type_slot: Option<usize>,
}

impl Site {
    /// Weights from the second on: those given, and the type where the mechanism looks for it.
    fn further(&self, event_type: f64, given: &[f64]) -> Vec<f64> {
        let mut weights = given.to_vec();
        if let Some(at) = self.type_slot.and_then(|slot| slot.checked_sub(1)) {
            weights.resize(weights.len().max(at + 1), 0.0);
            weights[at] = event_type;
        }
        weights
    }
}

/// A synapse that others may refer to.
#[derive(Debug)]
struct Made {
    /// Number of the point process on its cell.
    point: u32,
    /// Section by SONATA's id, and position.
    place: (u32, f64),
    /// Population of its source.
    source: usize,
    type_slot: Option<usize>,
}

/// Neuromodulators act on synapses that are nearer than this part of a section.
const NEAR: f64 = 0.05;

impl Listing {
    fn push(&mut self, site: &mut Site, source: PointSource) {
        let Site { cell, segment, point, .. } = *site;
        let is_new = matches!(point, PointPlace::Kind { .. });
        if is_new {
            self.count(cell);
        }
        self.points.points.push(ListedPoint { cell, segment, point, source });
        if is_new {
            site.point = PointPlace::Same;
        }
    }

    /// Counts a point process of a cell.
    fn count(&mut self, cell: u32) {
        let cell = cell as usize;
        if self.n_made.len() <= cell {
            self.n_made.resize(cell + 1, 0);
        }
        self.n_made[cell] += 1;
    }

    /// Adds a row of a kind, and gives its number.
    fn push_row(&mut self, kind: u32, values: impl Iterator<Item = f64>) -> u32 {
        let kind = &mut self.points.kinds[kind as usize];
        let next = kind.rows.len().checked_div(kind.names.len()).unwrap_or(0);
        kind.rows.extend(values);
        next as u32
    }

    /// The number of a row with these values, added if it is not there: linear synapses of one row on
    /// one segment share a state.
    fn shared_row(&mut self, kind: u32, values: Vec<f64>) -> u32 {
        let key = (kind, values.iter().map(|value| value.to_bits()).collect());
        match self.shared.get(&key) {
            Some(row) => *row,
            None => {
                let row = self.push_row(kind, values.into_iter());
                self.shared.insert(key, row);
                row
            }
        }
    }

    /// Remembers the synapse that is made next.
    fn remember(&mut self, cell: u32, place: (u32, f64), source: usize, type_slot: Option<usize>) {
        if !self.remembers {
            return;
        }
        // The next one is made after this.
        let point = self.n_made.get(cell as usize).copied().unwrap_or(0);
        self.made.entry(cell).or_default().push(Made { point, place, source, type_slot });
    }

    /// The synapse that is nearest to a place on a section, of another source population.
    fn nearest(
        &self,
        cell: u32,
        (section, position): (u32, f64),
        source: usize,
    ) -> Option<(u32, Option<usize>)> {
        let mut nearest = (NEAR, None);
        for made in self.made.get(&cell)? {
            let distance = (made.place.1 - position).abs();
            if made.place.0 == section && made.source != source && distance < nearest.0 {
                nearest = (distance, Some((made.point, made.type_slot)));
            }
        }
        nearest.1
    }

    fn further(&mut self, weights: Vec<f64>) -> u32 {
        let all = &mut self.points.further;
        if all.last().is_none_or(|last| **last != *weights) {
            all.push(weights.into());
        }
        all.len() as u32 - 1
    }

    fn train(&mut self, key: (usize, u64), times_ms: &Arc<[f64]>) -> u32 {
        let next = self.points.trains.len() as u32;
        let train = *self.trains.entry(key).or_insert(next);
        if train == next {
            self.points.trains.push(SpikeSource::Times(times_ms.to_vec()));
        }
        train
    }
}
