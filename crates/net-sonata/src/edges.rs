//! Edge populations: the afferent edges of chosen nodes, in batches of bounded size.

use std::ops::Range;

use net_io::sonata::{Direction, EdgeReader, NodeRange};

use crate::config::EdgeKind;
use crate::finding::{Error, Result};
use crate::selection::Selection;
use crate::types::TypeTable;

/// Nodes whose index is read at once.
const INDEX_NODES: u64 = 1 << 14;
/// Edges read at once where there is no index.
const SCAN_EDGES: u64 = 1 << 18;

/// An attribute of edges, by the name used here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EdgeAttribute {
    /// Name, also of the column in a batch.
    pub name: &'static str,
    /// Names in files, the first that is there counts.
    pub stored: &'static [&'static str],
    /// Value where there is none; `None` if it must be there.
    pub default: Option<f64>,
    /// Whether it is a whole number, which is never rounded to single precision.
    pub whole: bool,
}

const fn needed(name: &'static str, stored: &'static [&'static str]) -> EdgeAttribute {
    EdgeAttribute { name, stored, default: None, whole: false }
}

const fn optional(
    name: &'static str,
    stored: &'static [&'static str],
    default: f64,
) -> EdgeAttribute {
    EdgeAttribute { name, stored, default: Some(default), whole: false }
}

const fn whole(attribute: EdgeAttribute) -> EdgeAttribute {
    EdgeAttribute { whole: true, ..attribute }
}

const SECTION: &[&str] = &["afferent_section_id", "morpho_section_id_post", "sec_id"];
const POSITION: &[&str] = &["afferent_section_pos", "morpho_section_fraction_post", "sec_x"];
const SEGMENT: &[&str] = &["afferent_segment_id", "morpho_segment_id_post"];
const OFFSET: &[&str] = &["afferent_segment_offset", "morpho_offset_segment_post"];

const CHEMICAL: &[EdgeAttribute] = &[
    needed("conductance", &["conductance"]),
    needed("delay", &["delay"]),
    needed("u_syn", &["u_syn"]),
    needed("depression_time", &["depression_time"]),
    needed("facilitation_time", &["facilitation_time"]),
    needed("decay_time", &["decay_time"]),
    whole(needed("syn_type_id", &["syn_type_id"])),
    whole(optional("n_rrp_vesicles", &["n_rrp_vesicles"], -1.0)),
    optional("conductance_scale_factor", &["conductance_scale_factor"], -1.0),
    optional("u_hill_coefficient", &["u_hill_coefficient"], -1.0),
];

/// What edges say beyond [`EdgeKind::attributes`] about synapses with calcium and long-term plasticity.
pub(crate) const PLASTICITY: &[EdgeAttribute] = &[
    needed("volume_CR", &["volume_CR"]),
    needed("rho0_GB", &["rho0_GB"]),
    needed("Use_d_TM", &["Use_d_TM"]),
    needed("Use_p_TM", &["Use_p_TM"]),
    needed("gmax_d_AMPA", &["gmax_d_AMPA"]),
    needed("gmax_p_AMPA", &["gmax_p_AMPA"]),
    needed("theta_d", &["theta_d"]),
    needed("theta_p", &["theta_p"]),
];

const ELECTRICAL: &[EdgeAttribute] = &[
    needed("conductance", &["conductance"]),
    whole(needed("afferent_junction_id", &["afferent_junction_id"])),
    whole(needed("efferent_junction_id", &["efferent_junction_id"])),
];

const NEUROMODULATORY: &[EdgeAttribute] = &[
    needed("delay", &["delay"]),
    needed("neuromod_strength", &["neuromod_strength"]),
    needed("neuromod_dtc", &["neuromod_dtc"]),
];

const EXP2SYN: &[EdgeAttribute] = &[
    needed("conductance", &["conductance"]),
    needed("delay", &["delay"]),
    needed("tau1", &["tau1"]),
    needed("tau2", &["tau2"]),
    needed("erev", &["erev"]),
];

const POINT_PROCESS: &[EdgeAttribute] =
    &[needed("weight", &["weight", "conductance"]), needed("delay", &["delay"])];

/// Sections of astrocytes have one segment, so that places along them say nothing.
const SYNAPSE_ASTROCYTE: &[EdgeAttribute] = &[
    whole(needed("synapse_id", &["synapse_id"])),
    whole(needed("astrocyte_section_id", &["astrocyte_section_id"])),
];

/// The vessel is the source node; the file's ids of its section and segment are not needed.
const ENDFOOT: &[EdgeAttribute] = &[
    whole(needed("astrocyte_section_id", &["astrocyte_section_id"])),
    needed("endfoot_compartment_length", &["endfoot_compartment_length"]),
    needed("endfoot_compartment_diameter", &["endfoot_compartment_diameter"]),
];

const ALLEN: &[EdgeAttribute] = &[
    whole(optional("nsyns", &["nsyns"], f64::NAN)),
    needed("syn_weight", &["syn_weight"]),
    optional("delay", &["delay"], 0.0),
    optional("weight_sigma", &["weight_sigma"], f64::NAN),
];

impl EdgeKind {
    /// The attributes that a batch of such edges has as columns, in this order, before the
    /// location's.
    pub fn attributes(self) -> &'static [EdgeAttribute] {
        match self {
            EdgeKind::Chemical => CHEMICAL,
            EdgeKind::Electrical => ELECTRICAL,
            EdgeKind::SynapseAstrocyte => SYNAPSE_ASTROCYTE,
            EdgeKind::Endfoot => ENDFOOT,
            EdgeKind::Neuromodulatory => NEUROMODULATORY,
            EdgeKind::Exp2Syn => EXP2SYN,
            EdgeKind::PointProcess => POINT_PROCESS,
            EdgeKind::Allen => ALLEN,
            EdgeKind::Glialglial | EdgeKind::TsodyksMarkram => &[],
        }
    }

    fn has_location(self) -> bool {
        matches!(
            self,
            EdgeKind::Chemical
                | EdgeKind::Electrical
                | EdgeKind::Neuromodulatory
                | EdgeKind::Exp2Syn
                | EdgeKind::Allen
        )
    }
}

/// How a file says where on its target an edge ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocationForm {
    /// Columns `section_id` and `section_pos` (0..1).
    Position,
    /// Columns `section_id`, `segment_id` (a 3-d point) and `segment_offset` (um from it).
    SegmentOffset,
    /// Not at all: artificial cells, and Allen's synapses that are placed by rules.
    None,
}

/// A population of edges of an open circuit.
#[derive(Debug, Clone)]
pub struct EdgePopulation {
    pub(crate) kind: EdgeKind,
    pub(crate) reader: EdgeReader,
    pub(crate) types: Option<TypeTable>,
    pub(crate) source: usize,
    pub(crate) target: usize,
    pub(crate) n_sources: u64,
    pub(crate) n_targets: u64,
    pub(crate) single_precision: bool,
    pub(crate) replayed: Option<Replayed>,
}

/// Whose edges an input replays that brings them itself.
#[derive(Debug, Clone)]
pub(crate) struct Replayed {
    /// Name of the input.
    pub(crate) input: String,
    /// Source nodes, and target nodes, with synapses.
    pub(crate) nodes: [Selection; 2],
}

/// A column to read: its name here, where it is, and what holds without it.
struct Column {
    name: &'static str,
    stored: Option<&'static str>,
    default: Option<f64>,
    single_precision: bool,
}

/// Afferent edges of consecutive target nodes; those of one node are never split.
///
/// Edges of a node are in the order of the index, which is the order of their ids.
#[derive(Debug, Clone, Default)]
pub struct EdgeBatch {
    /// Id of each edge, its row in the file.
    pub edges: Vec<u64>,
    /// Target node of each edge.
    pub targets: Vec<u64>,
    /// Source node of each edge.
    pub sources: Vec<u64>,
    /// Place of each edge among those of its target in this population, from 0: the synapse id of
    /// random streams and reports.
    pub synapse_ids: Vec<u32>,
    /// Edge type of each edge, the key of [`EdgePopulation::types`].
    pub type_ids: Vec<i64>,
    names: Vec<&'static str>,
    columns: Vec<Vec<f64>>,
}

impl EdgeBatch {
    /// Number of edges.
    pub fn len(&self) -> usize {
        self.edges.len()
    }

    /// Whether there are no edges.
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// A column by its name in [`EdgeKind::attributes`], or of the location. Units are those of
    /// the file: nS, ms, mM, um. `None` for other names.
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        let index = self.names.iter().position(|one| *one == name)?;
        Some(&self.columns[index])
    }
}

impl EdgePopulation {
    /// The population's name.
    pub fn name(&self) -> &str {
        self.reader.name()
    }

    /// What the edges are.
    pub fn kind(&self) -> EdgeKind {
        self.kind
    }

    /// Number of edges.
    pub fn len(&self) -> u64 {
        self.reader.len()
    }

    /// Whether there are no edges.
    pub fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }

    /// The file behind it.
    pub fn reader(&self) -> &EdgeReader {
        &self.reader
    }

    /// The table of edge types, if there is one.
    pub fn types(&self) -> Option<&TypeTable> {
        self.types.as_ref()
    }

    /// The input that brought these edges, on which its spikes come and none of cells.
    pub fn input(&self) -> Option<&str> {
        self.replayed.as_ref().map(|replayed| replayed.input.as_str())
    }

    /// Whether an edge between two nodes is used: all are but for some of what an input brought.
    pub(crate) fn is_used(&self, source: u64, target: u64) -> bool {
        self.replayed.as_ref().is_none_or(|replayed| {
            let [sources, targets] = &replayed.nodes;
            sources.contains(source) && targets.contains(target)
        })
    }

    /// Index of the source population among the circuit's node populations.
    pub fn source(&self) -> usize {
        self.source
    }

    /// Index of the target population.
    pub fn target(&self) -> usize {
        self.target
    }

    /// How the file gives locations; positions take precedence over segments.
    pub fn location_form(&self) -> LocationForm {
        let has = |names| self.stored(names).is_some();
        if !self.kind.has_location() || !has(SECTION) {
            LocationForm::None
        } else if has(POSITION) {
            LocationForm::Position
        } else if has(SEGMENT) && has(OFFSET) {
            LocationForm::SegmentOffset
        } else {
            LocationForm::None
        }
    }

    /// Attributes that are needed and neither in the file nor in the types.
    pub fn missing_attributes(&self) -> Vec<&'static str> {
        let lacks = |attribute: &&EdgeAttribute| {
            attribute.default.is_none() && self.stored(attribute.stored).is_none()
        };
        let mut missing: Vec<&'static str> =
            self.kind.attributes().iter().filter(lacks).map(|attribute| attribute.name).collect();
        let placed = self.kind.has_location() && self.kind != EdgeKind::Allen;
        if placed && self.location_form() == LocationForm::None {
            missing.push("afferent_section_id");
            missing.push("afferent_section_pos");
        }
        missing
    }

    /// Reads the edges that end on `targets`, some `batch_edges` at a time. Memory is bounded by
    /// that, or by the edges of one node if these are more.
    ///
    /// By the file's index, or, where it has none, by one pass over all targets.
    ///
    /// # Errors
    /// [`Error::MissingAttribute`], [`Error::File`]; batches fail also with
    /// [`Error::WrongIndex`] and [`Error::NoSuchNode`].
    pub fn afferent(&self, targets: &Selection, batch_edges: usize) -> Result<AfferentBatches<'_>> {
        self.afferent_with(&[], targets, batch_edges)
    }

    /// [`afferent`](Self::afferent) with further attributes, which must be there.
    pub(crate) fn afferent_with(
        &self,
        further: &[EdgeAttribute],
        targets: &Selection,
        batch_edges: usize,
    ) -> Result<AfferentBatches<'_>> {
        let lacks = |a: &&EdgeAttribute| self.stored(a.stored).is_none();
        let lacking = further.iter().find(lacks).map(|attribute| attribute.name);
        if let Some(attribute) = self.missing_attributes().first().copied().or(lacking) {
            return Err(self.missing(attribute));
        }
        let mut columns = self.columns();
        columns.extend(further.iter().map(|attribute| self.column(attribute)));
        self.batches(columns, targets, batch_edges)
    }

    /// Reads all columns of edges, to see that every value is there.
    pub(crate) fn check_values(&self, edges: &[Range<u64>]) -> Result<()> {
        let type_ids = self.reader.attributes().type_ids(edges)?;
        let columns = self.columns();
        columns.iter().try_for_each(|column| self.read_column(column, edges, &type_ids).map(drop))
    }

    /// Edges without attributes.
    pub(crate) fn ends(
        &self,
        targets: &Selection,
        batch_edges: usize,
    ) -> Result<AfferentBatches<'_>> {
        self.batches(Vec::new(), targets, batch_edges)
    }

    /// How many edges end on each of `targets`, in their order; reads the index only, where there is
    /// one.
    ///
    /// # Errors
    /// [`Error::File`]
    pub fn afferent_counts(&self, targets: &Selection) -> Result<Vec<u64>> {
        let mut counts = vec![0; targets.len() as usize];
        let mut add = |ranges: Vec<NodeRange>| {
            for range in ranges {
                if let Some(at) = targets.position(range.node) {
                    counts[at as usize] += range.edges.end - range.edges.start;
                }
            }
        };
        if !self.reader.has_index(Direction::Afferent) {
            add(self.scan(targets)?);
            return Ok(counts);
        }
        for slab in targets.pieces(INDEX_NODES) {
            let ranges = self.reader.edges_of(Direction::Afferent, std::slice::from_ref(&slab))?;
            add(ranges.unwrap_or_default());
        }
        Ok(counts)
    }

    fn batches(
        &self,
        columns: Vec<Column>,
        targets: &Selection,
        batch_edges: usize,
    ) -> Result<AfferentBatches<'_>> {
        let indexed = self.reader.has_index(Direction::Afferent);
        let mut slabs: Vec<Range<u64>> = targets.pieces(INDEX_NODES).collect();
        slabs.reverse();
        let pending = if indexed { Vec::new() } else { self.scan(targets)? };
        Ok(AfferentBatches {
            population: self,
            columns,
            slabs: if indexed { slabs } else { Vec::new() },
            pending: pending.into_iter().peekable(),
            batch_edges: batch_edges.max(1),
        })
    }

    fn stored(&self, names: &[&'static str]) -> Option<&'static str> {
        let table = self.reader.attributes();
        let in_types = |name: &&str| self.types.as_ref().is_some_and(|types| types.has(name));
        let mut names = names.iter().copied();
        names.clone().find(|name| table.has(name)).or_else(|| names.find(in_types))
    }

    fn column(&self, attribute: &EdgeAttribute) -> Column {
        Column {
            name: attribute.name,
            stored: self.stored(attribute.stored),
            default: attribute.default,
            single_precision: self.single_precision && !attribute.whole,
        }
    }

    fn columns(&self) -> Vec<Column> {
        let place: &[EdgeAttribute] = match self.location_form() {
            // Of Allen's populations some groups say where edges end, and others do not.
            LocationForm::Position if self.kind == EdgeKind::Allen => &[
                whole(optional("section_id", SECTION, f64::NAN)),
                optional("section_pos", POSITION, f64::NAN),
            ],
            LocationForm::Position => {
                &[whole(needed("section_id", SECTION)), needed("section_pos", POSITION)]
            }
            LocationForm::SegmentOffset => &[
                whole(needed("section_id", SECTION)),
                whole(needed("segment_id", SEGMENT)),
                needed("segment_offset", OFFSET),
            ],
            LocationForm::None => &[],
        };
        self.kind.attributes().iter().chain(place).map(|attribute| self.column(attribute)).collect()
    }

    /// The edges of nodes without an index: runs of edges with one target, by node.
    fn scan(&self, targets: &Selection) -> Result<Vec<NodeRange>> {
        let mut found: Vec<NodeRange> = Vec::new();
        for slab in Selection::all(self.len()).pieces(SCAN_EDGES) {
            let nodes = self.reader.targets(std::slice::from_ref(&slab))?;
            for (edge, node) in slab.zip(nodes) {
                let Some(node) = u64::try_from(node).ok().filter(|id| targets.contains(*id)) else {
                    continue;
                };
                match found.last_mut() {
                    Some(last) if last.node == node && last.edges.end == edge => {
                        last.edges.end += 1;
                    }
                    _ => found.push(NodeRange { node, edges: edge..edge + 1 }),
                }
            }
        }
        found.sort_unstable_by_key(|range| (range.node, range.edges.start));
        Ok(found)
    }

    fn read(&self, columns: &[Column], ranges: &[NodeRange]) -> Result<EdgeBatch> {
        let edges: Vec<Range<u64>> = ranges.iter().map(|range| range.edges.clone()).collect();
        let mut batch = EdgeBatch::default();
        for range in ranges {
            for edge in range.edges.clone() {
                let next = match batch.targets.last() {
                    Some(last) if *last == range.node => {
                        batch.synapse_ids.last().map_or(0, |id| id + 1)
                    }
                    _ => 0,
                };
                batch.edges.push(edge);
                batch.targets.push(range.node);
                batch.synapse_ids.push(next);
            }
        }
        for (at, node) in self.reader.targets(&edges)?.into_iter().enumerate() {
            if u64::try_from(node) != Ok(batch.targets[at]) {
                return Err(Error::WrongIndex {
                    path: self.reader.path().to_owned(),
                    population: self.name().to_owned(),
                    index: Direction::Afferent.index_name(),
                    edge: batch.edges[at],
                    indexed: batch.targets[at],
                    found: node,
                });
            }
        }
        for (at, node) in self.reader.sources(&edges)?.into_iter().enumerate() {
            match u64::try_from(node) {
                Ok(node) if node < self.n_sources => batch.sources.push(node),
                _ => return Err(self.no_such_node(batch.edges[at], node, true)),
            }
        }
        batch.type_ids = self.reader.attributes().type_ids(&edges)?;
        for column in columns {
            batch.names.push(column.name);
            batch.columns.push(self.read_column(column, &edges, &batch.type_ids)?);
        }
        Ok(batch)
    }

    /// Values of the file, else of the type, else the default.
    fn read_column(
        &self,
        column: &Column,
        edges: &[Range<u64>],
        type_ids: &[i64],
    ) -> Result<Vec<f64>> {
        let table = self.reader.attributes();
        let read = column.stored.map(|name| table.numbers(name, edges)).transpose()?.flatten();
        let mut values = read.unwrap_or_else(|| vec![f64::NAN; type_ids.len()]);
        for (value, type_id) in values.iter_mut().zip(type_ids) {
            if value.is_nan() {
                let by_type = column
                    .stored
                    .zip(self.types.as_ref())
                    .and_then(|(name, types)| types.number(*type_id, name));
                *value = match by_type.or(column.default) {
                    Some(other) => other,
                    None => return Err(self.missing(column.name)),
                };
            }
            if column.single_precision {
                *value = f64::from(*value as f32);
            }
        }
        Ok(values)
    }

    fn missing(&self, attribute: &str) -> Error {
        Error::MissingAttribute {
            path: self.reader.path().to_owned(),
            population: self.name().to_owned(),
            attribute: attribute.to_owned(),
        }
    }

    pub(crate) fn no_such_node(&self, edge: u64, node: i64, source: bool) -> Error {
        let (name, len) = match source {
            true => (self.reader.source_population(), self.n_sources),
            false => (self.reader.target_population(), self.n_targets),
        };
        Error::NoSuchNode {
            path: self.reader.path().to_owned(),
            population: self.name().to_owned(),
            edge,
            node,
            node_population: name.to_owned(),
            len,
        }
    }
}

/// Batches of afferent edges, by ascending target node; see [`EdgePopulation::afferent`].
pub struct AfferentBatches<'a> {
    population: &'a EdgePopulation,
    columns: Vec<Column>,
    /// Nodes whose index is still to be read, the next ones last.
    slabs: Vec<Range<u64>>,
    pending: std::iter::Peekable<std::vec::IntoIter<NodeRange>>,
    batch_edges: usize,
}

impl AfferentBatches<'_> {
    fn next_batch(&mut self) -> Result<Option<EdgeBatch>> {
        let mut ranges: Vec<NodeRange> = Vec::new();
        let mut n_edges = 0;
        loop {
            let Some(next) = self.pending.peek() else {
                match self.slabs.pop() {
                    Some(slab) => {
                        self.refill(slab)?;
                        continue;
                    }
                    None => break,
                }
            };
            let same_node = ranges.last().is_some_and(|last| last.node == next.node);
            if n_edges >= self.batch_edges && !same_node {
                break;
            }
            n_edges += (next.edges.end - next.edges.start) as usize;
            ranges.extend(self.pending.next());
        }
        if ranges.is_empty() {
            return Ok(None);
        }
        self.population.read(&self.columns, &ranges).map(Some)
    }

    fn refill(&mut self, nodes: Range<u64>) -> Result<()> {
        let ranges =
            self.population.reader.edges_of(Direction::Afferent, std::slice::from_ref(&nodes))?;
        let mut ranges = ranges.unwrap_or_default();
        ranges.retain(|range| !range.edges.is_empty());
        self.pending = ranges.into_iter().peekable();
        Ok(())
    }
}

impl Iterator for AfferentBatches<'_> {
    type Item = Result<EdgeBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}
