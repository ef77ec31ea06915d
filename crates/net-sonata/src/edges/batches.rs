//! Edges read in batches: their ends, types and columns.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use net_io::sonata::{Direction, NodeRange};

use super::{Column, EdgePopulation};
use crate::finding::{Error, Result};
use crate::selection::Selection;

/// Nodes whose index is read at once.
pub(super) const INDEX_NODES: u64 = 1 << 14;
/// Edges read at once where there is no index.
const SCAN_EDGES: u64 = 1 << 18;

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

    /// A column by its name in
    /// [`EdgeKind::attributes`](crate::config::EdgeKind::attributes), or of the location. Units are
    /// those of the file: nS, ms, mM, um. `None` for other names.
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        let index = self.names.iter().position(|one| *one == name)?;
        Some(&self.columns[index])
    }
}

/// Edges by target and by source of a file that has no index of them, once they have been found.
#[derive(Debug, Clone, Default)]
pub(crate) struct FoundRuns([OnceLock<Arc<[NodeRange]>>; 2]);

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

impl EdgePopulation {
    pub(super) fn batches(
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

    /// Edges of these nodes, by their targets or sources, in the order of the file, where it has no
    /// index that says so: found in one pass over all edges when first asked for, and kept, 24 bytes
    /// a run of edges of one node.
    pub(crate) fn runs_of(
        &self,
        direction: Direction,
        nodes: &Selection,
    ) -> Result<Vec<Range<u64>>> {
        let runs = self.runs(direction)?;
        let mut edges = Vec::new();
        for nodes in nodes.ranges() {
            let from = runs.partition_point(|run| run.node < nodes.start);
            let own = runs[from..].iter().take_while(|run| run.node < nodes.end);
            edges.extend(own.map(|run| run.edges.clone()));
        }
        edges.sort_unstable_by_key(|edges| edges.start);
        Ok(edges)
    }

    /// All of them, by node.
    fn runs(&self, direction: Direction) -> Result<&[NodeRange]> {
        let FoundRuns([by_target, by_source]) = &self.runs;
        let (known, n_nodes) = match direction {
            Direction::Afferent => (by_target, self.n_targets),
            Direction::Efferent => (by_source, self.n_sources),
        };
        if let Some(known) = known.get() {
            return Ok(known);
        }
        let is_source = direction == Direction::Efferent;
        let mut found: Vec<NodeRange> = Vec::new();
        for slab in Selection::all(self.len()).pieces(SCAN_EDGES) {
            let slabs = std::slice::from_ref(&slab);
            let nodes = match direction {
                Direction::Afferent => self.reader.targets(slabs)?,
                Direction::Efferent => self.reader.sources(slabs)?,
            };
            for (edge, node) in slab.zip(nodes) {
                match u64::try_from(node) {
                    Ok(id) if id < n_nodes => add_to_runs(&mut found, id, edge),
                    _ => return Err(self.no_such_node(edge, node, is_source)),
                }
            }
        }
        found.sort_unstable_by_key(|run| (run.node, run.edges.start));
        Ok(known.get_or_init(|| found.into()))
    }

    /// The edges of nodes without an index: runs of edges with one target, by node.
    pub(super) fn scan(&self, targets: &Selection) -> Result<Vec<NodeRange>> {
        let mut found: Vec<NodeRange> = Vec::new();
        for slab in Selection::all(self.len()).pieces(SCAN_EDGES) {
            let nodes = self.reader.targets(std::slice::from_ref(&slab))?;
            for (edge, node) in slab.zip(nodes) {
                let Some(node) = u64::try_from(node).ok().filter(|id| targets.contains(*id)) else {
                    continue;
                };
                add_to_runs(&mut found, node, edge);
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
    pub(super) fn read_column(
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
}

/// Adds an edge of a node to the last run, or begins another.
fn add_to_runs(runs: &mut Vec<NodeRange>, node: u64, edge: u64) {
    match runs.last_mut() {
        Some(last) if last.node == node && last.edges.end == edge => last.edges.end += 1,
        _ => runs.push(NodeRange { node, edges: edge..edge + 1 }),
    }
}
