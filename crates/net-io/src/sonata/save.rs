//! Connections as BioNet saves them.

use std::path::Path;

use super::edges::Direction;
use super::write::{Layout, start};
use crate::error::Result;
use crate::h5::NewFile;
use crate::provenance::{self, Provenance};

/// A connection that was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SavedConnection {
    /// Type of its edge.
    pub type_id: u32,
    /// Node that it comes from.
    pub source: u64,
    /// Node that it ends on.
    pub target: u64,
    /// Weight in the unit of the synapse.
    pub weight: f64,
    /// Section and position, 0 to 1, on a cell with sections.
    pub place: Option<(u64, f64)>,
}

/// Writes the connections between two populations as a file of edges, `/edges/<source>_<target>`: those
/// on cells with sections are group 0 with `syn_weight`, `sec_id` and `sec_x`, others group 1 with
/// `syn_weight`. Connections of one target are to stand together.
///
/// ```
/// use net_io::provenance::Provenance;
/// use net_io::sonata::{EdgeReader, SavedConnection, write_connections};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("a_b_edges.h5");
/// let place = Some((3, 0.5));
/// let one = SavedConnection { type_id: 100, source: 7, target: 2, weight: 1e-4, place };
/// write_connections(&path, ["a", "b"], &[one], &Provenance::new("example", 1, 0.1))?;
/// let edges = EdgeReader::open(&path, "a_b")?;
/// assert_eq!((edges.source_population(), edges.sources(&[0..1])?), ("a", vec![7]));
/// # Ok::<(), net_io::Error>(())
/// ```
///
/// # Errors
/// When the file cannot be written.
pub fn write_connections(
    path: &Path,
    [source, target]: [&str; 2],
    connections: &[SavedConnection],
    provenance: &Provenance,
) -> Result<()> {
    let file = NewFile::create(path)?;
    let root = start(&file, Layout::Allen)?;
    provenance::stamp_with(&file, provenance)?;
    let edges = file.group(&root, "edges")?;
    let population = file.group(&edges, &format!("{source}_{target}"))?;
    let sources: Vec<u64> = connections.iter().map(|c| c.source).collect();
    let targets: Vec<u64> = connections.iter().map(|c| c.target).collect();
    for (name, nodes, of) in
        [("source_node_id", &sources, source), ("target_node_id", &targets, target)]
    {
        let dataset = file.dataset(&population, name, nodes)?;
        file.text(&dataset, "node_population", of)?;
    }
    let types: Vec<u32> = connections.iter().map(|c| c.type_id).collect();
    file.dataset(&population, "edge_type_id", &types)?;
    let groups: Vec<u16> = connections.iter().map(|c| u16::from(c.place.is_none())).collect();
    let mut n_in_group = [0_u64; 2];
    let mut next = |group: &u16| {
        n_in_group[usize::from(*group)] += 1;
        n_in_group[usize::from(*group)] - 1
    };
    let indices: Vec<u64> = groups.iter().map(&mut next).collect();
    file.dataset(&population, "edge_group_id", &groups)?;
    file.dataset(&population, "edge_group_index", &indices)?;
    let weights = |of: u16| -> Vec<f64> {
        let own = connections.iter().zip(&groups).filter(|(_, group)| **group == of);
        own.map(|(c, _)| c.weight).collect()
    };
    let places = || connections.iter().filter_map(|c| c.place);
    let on_sections = file.group(&population, "0")?;
    file.dataset(&on_sections, "syn_weight", &weights(0))?;
    file.dataset(&on_sections, "sec_id", &places().map(|(id, _)| id).collect::<Vec<u64>>())?;
    file.dataset(&on_sections, "sec_x", &places().map(|(_, x)| x).collect::<Vec<f64>>())?;
    let on_points = file.group(&population, "1")?;
    file.dataset(&on_points, "syn_weight", &weights(1))?;
    let folder = file.group(&population, "indices")?;
    for (direction, nodes) in [(Direction::Afferent, &targets), (Direction::Efferent, &sources)] {
        let index = file.group(&folder, direction.index_name())?;
        let [ranges_of_nodes, edges_of_ranges] = index_of(nodes);
        file.pairs(&index, "node_id_to_range", &ranges_of_nodes)?;
        file.pairs(&index, "range_to_edge_id", &edges_of_ranges)?;
    }
    file.seal()
}

/// Of each node its ranges, from the first to the end, and of each range its edges: runs of edges of one
/// node.
fn index_of(nodes: &[u64]) -> [Vec<[u64; 2]>; 2] {
    let mut runs: Vec<(u64, [u64; 2])> = Vec::new();
    for (edge, &node) in (0_u64..).zip(nodes) {
        match runs.last_mut() {
            Some((last, edges)) if *last == node => edges[1] = edge + 1,
            _ => runs.push((node, [edge, edge + 1])),
        }
    }
    runs.sort_by_key(|(node, edges)| (*node, edges[0]));
    let n_nodes = nodes.iter().max().map_or(0, |&last| last as usize + 1);
    let mut ranges_of_nodes = vec![[0; 2]; n_nodes];
    for (range, (node, _)) in (0_u64..).zip(&runs) {
        let own = &mut ranges_of_nodes[*node as usize];
        if own[1] == 0 {
            own[0] = range;
        }
        own[1] = range + 1;
    }
    [ranges_of_nodes, runs.into_iter().map(|(_, edges)| edges).collect()]
}

#[cfg(test)]
mod tests {
    use super::index_of;

    #[test]
    fn nodes_have_their_runs() {
        assert!(index_of(&[]).iter().all(Vec::is_empty));
        let [nodes, edges] = index_of(&[2, 2, 0, 2]);
        assert_eq!(nodes, [[0, 1], [0, 0], [1, 3]]);
        assert_eq!(edges, [[2, 3], [0, 2], [3, 4]]);
    }
}
