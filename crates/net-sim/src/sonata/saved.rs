//! Connections as BioNet saves them: `save_synapses`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use net_core::Gid;
use net_io::provenance::Provenance;
use net_io::sonata::{SavedConnection, write_connections};
use net_mpi::Communicator;
use net_sonata::cell::Cell;
use net_sonata::connect::{Synapse, Synapses};

use super::CircuitSimulation;
use crate::error::{BoxError, Error, Result};
use crate::run::Outcome;

/// The connections of this rank's cells, if they are to be saved.
#[derive(Debug, Default)]
pub(super) struct Connections {
    /// Where they are saved, in the output directory.
    directories: Vec<PathBuf>,
    /// By cell, in the order in which they are made.
    made: Mutex<BTreeMap<Gid, Vec<Row>>>,
}

/// Index of the population of edges, type of the edge, source, segment, bits of the weight.
type Row = [u64; 5];

/// In place of a segment, on an artificial cell.
const NO_SEGMENT: u64 = u64::MAX;

impl Connections {
    /// To be saved in these directories.
    pub(super) fn new(directories: Vec<PathBuf>) -> Self {
        Connections { directories, made: Mutex::default() }
    }

    pub(super) fn are_wanted(&self) -> bool {
        !self.directories.is_empty()
    }

    fn made(&self) -> MutexGuard<'_, BTreeMap<Gid, Vec<Row>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets those of a cell, whose synapses are listed again.
    pub(super) fn forget(&self, gid: Gid) {
        self.made().remove(&gid);
    }

    /// Keeps a connection onto a cell.
    pub(super) fn add(&self, gid: Gid, edges: usize, type_id: i64, synapse: &Synapse) {
        let segment = match synapse.model {
            Synapses::ARTIFICIAL => NO_SEGMENT,
            _ => u64::from(synapse.segment),
        };
        let (source, weight) = (synapse.source, synapse.weight.to_bits());
        let row = [edges as u64, type_id as u64, source, segment, weight];
        self.made().entry(gid).or_default().push(row);
    }

    /// All of this rank, each behind its gid.
    fn rows(&self) -> Vec<[u64; 6]> {
        let made = self.made();
        let with_gid = |gid: u64, [edges, type_id, source, segment, weight]: Row| {
            [gid, edges, type_id, source, segment, weight]
        };
        let rows = made.iter().flat_map(|(gid, own)| own.iter().map(|row| with_gid(*gid, *row)));
        rows.collect()
    }
}

impl CircuitSimulation {
    /// Writes the connections, if they are to be saved. Collective; rank 0 writes.
    pub(super) fn save_connections(&self, comm: &Communicator, outcome: &Outcome) -> Result<()> {
        if !self.connections.are_wanted() {
            return Ok(());
        }
        let rows = comm.gather_v(0, &self.connections.rows())?;
        let written = rows.map(|by_rank| {
            let mut by_cell: BTreeMap<Gid, Vec<Row>> = BTreeMap::new();
            for own in by_rank {
                let mut of_rank: BTreeMap<Gid, Vec<Row>> = BTreeMap::new();
                for [gid, row @ ..] in own {
                    of_rank.entry(gid).or_default().push(row);
                }
                // What was listed on a rank to measure it is on another one too.
                for (gid, rows) in of_rank {
                    by_cell.entry(gid).or_insert(rows);
                }
            }
            let provenance = self.provenance_of(outcome);
            let written = self.write_saved(&by_cell, &provenance);
            written.map_err(|source| Error::Listed { source })
        });
        comm.agree(written.transpose())?;
        Ok(())
    }

    /// A file for each pair of populations, cells in the order of their gids.
    fn write_saved(
        &self,
        by_cell: &BTreeMap<Gid, Vec<Row>>,
        provenance: &Provenance,
    ) -> std::result::Result<(), BoxError> {
        let (cells, circuit) = (self.cells()?, self.circuit());
        let mut by_pair: BTreeMap<[usize; 2], Vec<SavedConnection>> = BTreeMap::new();
        for (&gid, rows) in by_cell {
            let (_, target) = cells.node_of(gid).ok_or("no such cell")?;
            let (cell, _) = cells.cell(gid)?;
            for &[edges, type_id, source, segment, weight] in rows {
                let edges = &circuit.edges()[edges as usize];
                let place = match &*cell {
                    Cell::Cable(cell) if segment != NO_SEGMENT => {
                        let segments = &cell.morphology.segments;
                        let at = segment as usize;
                        Some((u64::from(segments.section[at]), segments.x[at]))
                    }
                    _ => None,
                };
                let (type_id, weight) = (type_id as u32, f64::from_bits(weight));
                let own = by_pair.entry([edges.source(), edges.target()]).or_default();
                own.push(SavedConnection { type_id, source, target, weight, place });
            }
        }
        for directory in &self.connections.directories {
            let directory = self.output().join(directory);
            std::fs::create_dir_all(&directory).map_err(|source| Error::Report {
                path: directory.display().to_string(),
                source,
            })?;
            for (pair, connections) in &by_pair {
                let names = pair.map(|index| circuit.nodes()[index].name());
                let path = directory.join(format!("{}_{}_edges.h5", names[0], names[1]));
                write_connections(&path, names, connections, provenance)?;
            }
        }
        Ok(())
    }
}
