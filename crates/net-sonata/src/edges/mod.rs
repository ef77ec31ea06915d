//! Edge populations: the afferent edges of chosen nodes, in batches of bounded size.

mod attributes;
mod batches;

use std::ops::Range;

use net_io::sonata::{Direction, EdgeReader, NodeRange};

pub use attributes::EdgeAttribute;
pub(crate) use attributes::PLASTICITY;
use attributes::{OFFSET, POSITION, SECTION, SEGMENT, needed, optional, whole};
pub use batches::{AfferentBatches, EdgeBatch};
use batches::{FoundRuns, INDEX_NODES};

use crate::config::EdgeKind;
use crate::finding::{Error, Result};
use crate::selection::Selection;
use crate::types::TypeTable;

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
    pub(crate) runs: FoundRuns,
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
