//! One edge population of a file, and its indices.

use std::ops::Range;
use std::path::{Path, PathBuf};

use hdf5::Group;
use ndarray::s;

use super::attributes::AttributeTable;
use super::column::{ColumnReader, gather_rows};
use super::populations;
use crate::error::{Error, Result};
use crate::h5;

/// Which end of the edges an index is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Edges by the node they end on, `target_to_source`.
    Afferent,
    /// Edges by the node they come from, `source_to_target`.
    Efferent,
}

impl Direction {
    /// Name of the index in the file.
    pub fn index_name(self) -> &'static str {
        match self {
            Direction::Afferent => "target_to_source",
            Direction::Efferent => "source_to_target",
        }
    }
}

/// Consecutive edges that share a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRange {
    /// The node, in its own population.
    pub node: u64,
    /// Ids of the edges.
    pub edges: Range<u64>,
}

/// A population under `/edges`. Edge ids are row numbers, from 0.
#[derive(Debug, Clone)]
pub struct EdgeReader {
    path: PathBuf,
    name: String,
    source_population: String,
    target_population: String,
    sources: ColumnReader,
    targets: ColumnReader,
    attributes: AttributeTable,
    afferent: Option<IndexReader>,
    efferent: Option<IndexReader>,
}

#[derive(Debug, Clone)]
struct IndexReader {
    node_ranges: Pairs,
    edge_ranges: Pairs,
}

/// A dataset of [N, 2] integers.
#[derive(Debug, Clone)]
struct Pairs {
    path: PathBuf,
    object: String,
    dataset: hdf5::Dataset,
    len: u64,
}

impl EdgeReader {
    /// Names of the populations of a file.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::NotHdf5`], [`Error::MissingObject`] without `/edges`.
    pub fn populations(path: &Path) -> Result<Vec<String>> {
        populations(path, "edges")
    }

    /// Opens a population.
    ///
    /// # Errors
    /// [`Error::MissingObject`], and [`Error::WrongType`] where lengths disagree.
    pub fn open(path: &Path, name: &str) -> Result<Self> {
        let file = h5::open(path)?;
        let edges = h5::group(path, &file, "edges", "a group with one group a population")?;
        let group = h5::group(path, &edges, name, "a population of edges")?;
        let attributes = AttributeTable::open(path, &group, "edge")?;
        let end = |dataset: &str| -> Result<(ColumnReader, String)> {
            let column = ColumnReader::open(path, &group, dataset)?;
            if column.len() != attributes.len() {
                return Err(Error::WrongType {
                    path: path.to_owned(),
                    object: column.object().to_owned(),
                    found: format!("{} rows", column.len()),
                    expected: format!("{} rows, as many as `edge_type_id` has", attributes.len()),
                });
            }
            let at = h5::dataset(path, &group, dataset, "a list of node ids")?;
            let population =
                h5::text_attribute(path, &at, "node_population")?.ok_or_else(|| {
                    Error::MissingObject {
                        path: path.to_owned(),
                        object: format!("{}@node_population", column.object()),
                        expected: "the name of the nodes' population",
                    }
                })?;
            Ok((column, population))
        };
        let (sources, source_population) = end("source_node_id")?;
        let (targets, target_population) = end("target_node_id")?;
        Ok(Self {
            path: path.to_owned(),
            name: name.to_owned(),
            afferent: IndexReader::open(path, &group, Direction::Afferent)?,
            efferent: IndexReader::open(path, &group, Direction::Efferent)?,
            source_population,
            target_population,
            sources,
            targets,
            attributes,
        })
    }

    /// Number of edges.
    pub fn len(&self) -> u64 {
        self.attributes.len()
    }

    /// Whether there are no edges.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The population's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Population of the nodes that edges come from.
    pub fn source_population(&self) -> &str {
        &self.source_population
    }

    /// Population of the nodes that edges end on.
    pub fn target_population(&self) -> &str {
        &self.target_population
    }

    /// The rows' types and attributes.
    pub fn attributes(&self) -> &AttributeTable {
        &self.attributes
    }

    /// Source node of edges.
    pub fn sources(&self, edges: &[Range<u64>]) -> Result<Vec<i64>> {
        self.sources.integers(edges)
    }

    /// Target node of edges.
    pub fn targets(&self, edges: &[Range<u64>]) -> Result<Vec<i64>> {
        self.targets.integers(edges)
    }

    /// Whether the file has the index.
    pub fn has_index(&self, direction: Direction) -> bool {
        self.index(direction).is_some()
    }

    /// Number of nodes that an index has rows for; nodes beyond have no edges.
    pub fn indexed_nodes(&self, direction: Direction) -> Option<u64> {
        self.index(direction).map(|index| index.node_ranges.len)
    }

    /// The edges of nodes, by the file's index: ranges in the order of `nodes` and, for one node,
    /// of the index. `None` without an index.
    ///
    /// # Errors
    /// [`Error::BadValue`] where the index points outside itself or the edges.
    pub fn edges_of(
        &self,
        direction: Direction,
        nodes: &[Range<u64>],
    ) -> Result<Option<Vec<NodeRange>>> {
        let Some(index) = self.index(direction) else { return Ok(None) };
        let known = index.node_ranges.len;
        let nodes: Vec<Range<u64>> = nodes
            .iter()
            .map(|range| range.start.min(known)..range.end.min(known))
            .filter(|range| !range.is_empty())
            .collect();
        let rows = index.node_ranges.read(&nodes, index.edge_ranges.len)?;
        let edges = index.edge_ranges.read(&rows, self.len())?;
        let mut result = Vec::with_capacity(edges.len());
        let mut edges = edges.into_iter();
        for (node, row) in nodes.into_iter().flatten().zip(&rows) {
            let n = (row.end - row.start) as usize;
            result.extend(edges.by_ref().take(n).map(|edges| NodeRange { node, edges }));
        }
        Ok(Some(result))
    }

    fn index(&self, direction: Direction) -> Option<&IndexReader> {
        match direction {
            Direction::Afferent => self.afferent.as_ref(),
            Direction::Efferent => self.efferent.as_ref(),
        }
    }
}

impl IndexReader {
    fn open(path: &Path, population: &Group, direction: Direction) -> Result<Option<Self>> {
        let name = format!("indices/{}", direction.index_name());
        if !h5::link_exists(population, &name) {
            return Ok(None);
        }
        let group = h5::group(path, population, &name, "an index")?;
        // BMTK writes the singular, libsonata reads the plural.
        let singular = h5::link_exists(&group, "node_id_to_range");
        let node_ranges = if singular { "node_id_to_range" } else { "node_id_to_ranges" };
        Ok(Some(Self {
            node_ranges: Pairs::open(path, &group, node_ranges)?,
            edge_ranges: Pairs::open(path, &group, "range_to_edge_id")?,
        }))
    }
}

impl Pairs {
    fn open(path: &Path, parent: &Group, name: &str) -> Result<Self> {
        let dataset = h5::dataset(path, parent, name, "ranges, [N, 2] integers")?;
        let object = h5::child_name(parent, name);
        h5::check_numbers::<i64>(path, &dataset, 2)?;
        let shape = dataset.shape();
        // An index without ranges is written with any second dimension.
        if shape[1] != 2 && shape[0] != 0 {
            return Err(Error::WrongType {
                path: path.to_owned(),
                object,
                found: format!("{} x {} integers", shape[0], shape[1]),
                expected: "N x 2 integers".to_owned(),
            });
        }
        Ok(Self { path: path.to_owned(), object, dataset, len: shape[0] as u64 })
    }

    /// Reads rows as ranges within `0..limit`.
    fn read(&self, rows: &[Range<u64>], limit: u64) -> Result<Vec<Range<u64>>> {
        let read = |rows: Range<u64>| {
            self.dataset
                .read_slice_2d(s![rows.start as usize..rows.end as usize, ..])
                .map(|array| array.into_raw_vec_and_offset().0)
                .map_err(|e| Error::hdf5(&self.path, &self.object, "read", e))
        };
        let pairs = gather_rows(&self.path, &self.object, self.len, rows, 2, 0_i64, read)?;
        let row_of = rows.iter().cloned().flatten();
        pairs
            .chunks_exact(2)
            .zip(row_of)
            .map(|(pair, row)| match (u64::try_from(pair[0]), u64::try_from(pair[1])) {
                // A node without edges may have any empty range.
                (Ok(start), Ok(end)) if start == end => Ok(0..0),
                (Ok(start), Ok(end)) if start < end && end <= limit => Ok(start..end),
                _ => Err(Error::BadValue {
                    path: self.path.clone(),
                    object: self.object.clone(),
                    row,
                    column: "range".into(),
                    found: format!("{}..{}", pair[0], pair[1]),
                    expected: format!("a range within 0..{limit}"),
                }),
            })
            .collect()
    }
}
