//! A network read back from the files of an earlier run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use net_cell::CellTemplate;
use net_core::{
    ConnectionRule, Distribution, Network, Placement, Population, Projection, Rotation,
    SynapseKind, SynapsePlacement, SynapseRow, SynapseTable,
};
use net_io::store::RunDirectory;
use net_io::tables::{ConnectionsFile, Synapse, read_cells};

use super::Model;
use crate::error::{Error, Result};

/// A projection between the populations `[pre, post]` whose synapses are given one by one.
pub fn table_projection(
    name: &str,
    [pre, post]: [&str; 2],
    synapse: SynapseKind,
    rows: Vec<SynapseRow>,
) -> Projection {
    Projection {
        name: name.to_owned(),
        pre: pre.to_owned(),
        post: post.to_owned(),
        rule: ConnectionRule::SynapseTable(Arc::new(SynapseTable::new(rows))),
        // The laws are not used: the table has the numbers.
        multapses: Distribution::Constant(1.0),
        weight: Distribution::Constant(0.0),
        min_weight: None,
        delay: Distribution::Constant(1.0),
        min_delay_ms: None,
        synapse,
        placement: SynapsePlacement::default(),
        allow_autapses: true,
    }
}

impl Model {
    /// This model with its cells where `cell_positions_and_rotations.h5` of `folder` says, and with
    /// the synapses of its `synapse_connections.h5`.
    ///
    /// Populations must have the names and sizes of the model's; what their cells are made from,
    /// inputs and recordings are the model's. The seed stays, so inputs are those of a run with
    /// the same seed: a network that was saved by a run of this model gives the same spikes.
    ///
    /// # Errors
    /// Errors of reading, and populations or segments that are not in the model.
    pub fn with_saved_network(&self, folder: &Path) -> Result<Model> {
        let mut network = Network::new(self.network.seed());
        self.read_populations(&folder.join(RunDirectory::CELLS), &mut network)?;
        self.read_projections(&folder.join(RunDirectory::CONNECTIONS), &mut network)?;
        Ok(Model { network, ..self.clone() })
    }

    fn read_populations(&self, path: &Path, network: &mut Network) -> Result<()> {
        let saved: BTreeMap<_, _> = read_cells(path)?.into_iter().collect();
        for population in self.network.populations() {
            let mismatch = |found: String| Error::Saved {
                path: path.display().to_string(),
                what: format!("population '{}'", population.name()),
                found,
                expected: format!("gids {:?}, each once", population.gids()),
            };
            let Some(cells) = saved.get(population.name()) else {
                return Err(mismatch(format!("only {:?}", saved.keys().collect::<Vec<_>>())));
            };
            if !cells.iter().map(|cell| cell.gid).eq(population.gids()) {
                let gids = [cells.first(), cells.last()].map(|cell| cell.map(|cell| cell.gid));
                return Err(mismatch(format!("{} cells, gids {gids:?}", cells.len())));
            }
            let positions = cells.iter().map(|cell| cell.position_um).collect();
            let rotations = cells.iter().map(|cell| cell.rotation_rad).collect();
            let (name, size) = (population.name(), population.size());
            network.add_population(
                Population::new(name, size, population.cell())
                    .placed(Placement::Table(positions))
                    .rotated(Rotation::Table(rotations)),
            )?;
        }
        Ok(())
    }

    fn read_projections(&self, path: &Path, network: &mut Network) -> Result<()> {
        let file = ConnectionsFile::open(path)?;
        // The file has them by name; the order of the model decides in which order events are
        // applied, and currents summed.
        let order = |name: &str| {
            let projections = self.network.projections();
            projections.iter().position(|p| p.name == name).unwrap_or(projections.len())
        };
        let mut projections: Vec<_> = file.projections().iter().collect();
        projections.sort_by_key(|p| order(&p.name));
        for saved in projections {
            let mut rows = Vec::with_capacity(file.n_synapses(&saved.name)?);
            let mut unplaced = None;
            file.for_each(&saved.name, |synapse| {
                match self.segment_of(network, synapse) {
                    Ok(segment) => rows.push(SynapseRow {
                        source: synapse.pre_gid,
                        target: synapse.gid,
                        segment,
                        weight: synapse.weight,
                        delay_ms: synapse.delay_ms,
                    }),
                    Err(found) => unplaced = unplaced.take().or(Some((synapse.gid, found))),
                }
                Ok(())
            })?;
            if let Some((gid, found)) = unplaced {
                return Err(Error::Saved {
                    path: path.display().to_string(),
                    what: format!("projection '{}', a synapse of gid {gid}", saved.name),
                    found,
                    expected: "a section of the cell".to_owned(),
                });
            }
            let parameters = saved.parameters.iter().map(|p| (p.name.clone(), p.value)).collect();
            let synapse = SynapseKind { mechanism: saved.mechanism.clone(), parameters };
            let ends = [saved.pre.as_str(), saved.post.as_str()];
            network.add_projection(table_projection(&saved.name, ends, synapse, rows))?;
        }
        Ok(())
    }

    /// The segment of a synapse; files that LFPy wrote say section and place only.
    fn segment_of(&self, network: &Network, synapse: &Synapse) -> std::result::Result<u32, String> {
        if let Some(segment) = synapse.segment {
            return Ok(segment);
        }
        let gid = synapse.gid;
        let population = network.population_of(gid).map_err(|e| e.to_string())?;
        let kind = self.kind_of(network.population(population)).map_err(|e| e.to_string())?;
        let cell = kind.template(gid).map_err(|e| e.to_string())?;
        find_segment(&cell, synapse.section.as_str(), synapse.section_x)
            .ok_or_else(|| format!("section '{}'", synapse.section))
    }
}

/// The segment at `x` of a section; in files of LFPy the name of the template stands before that of
/// the section, separated by a dot.
fn find_segment(cell: &CellTemplate, section: &str, x: f64) -> Option<u32> {
    let morphology = cell.morphology();
    let own_name = section.rsplit('.').next().unwrap_or(section);
    let index = morphology.section_index(section).or_else(|| morphology.section_index(own_name))?;
    Some(morphology.segment_at(index, x) as u32)
}
