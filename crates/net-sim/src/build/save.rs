//! Positions and synapses, written to this rank's part of the run directory.

use net_core::{Gid, ProjectionSampler, StepClock};
use net_io::store::{Manifest, RunDirectory};
use net_io::tables::{CellPlacement, CellWriter, ConnectionWriter, SectionName, Synapse};

use super::draw::{Drawer, Scratch};
use super::{cells, points};
use crate::error::Result;
use crate::model::Model;

/// Writes where this rank's cells are and, if the manifest has projections, the synapses on them.
///
/// Synapses are drawn a second time, which is cheap beside writing them, and keeps none in memory.
pub(crate) fn save_network(
    model: &Model,
    clock: StepClock,
    gids: &[Gid],
    run: &RunDirectory,
    manifest: &Manifest,
    rank: u32,
) -> Result<()> {
    let network = model.network();
    for (index, population) in network.populations().iter().enumerate() {
        let mut writer = CellWriter::create(run, manifest, rank, index)?;
        for &gid in gids.iter().filter(|gid| population.gids().contains(gid)) {
            let (position_um, rotation_rad) = (network.position(gid)?, network.rotation(gid)?);
            writer.push(&CellPlacement { gid, position_um, rotation_rad })?;
        }
        writer.finish()?;
    }
    if manifest.projections.is_empty() {
        return Ok(());
    }
    let (point_gids, gids): (Vec<Gid>, Vec<Gid>) = gids.iter().partition(|&&g| model.is_point(g));
    let own_cells = cells::build_all(model, &gids)?;
    let drawer = Drawer::new(model, &gids, clock)?;
    let mut scratch = Scratch::default();
    for (index, id) in network.projection_ids().enumerate() {
        let mut writer = ConnectionWriter::create(run, manifest, rank, index)?;
        let post = network.population(network.ends(id)[1]);
        if model.points_of(post).is_some() {
            let sampler = network.projection_sampler(id, &point_gids)?;
            save_points(model, &sampler, &mut writer)?;
        }
        for cell in &own_cells {
            scratch.placed.place(network, cell)?;
            let Scratch { placed, drawn, .. } = &mut scratch;
            drawer.draw_projection(index, cell, placed, drawn)?;
            let morphology = cell.template.morphology();
            for synapse in drawn.iter() {
                let segment = synapse.segment as usize;
                let (name, section_x, position_um) = if cell.template.is_artificial() {
                    (cells::ARTIFICIAL_SITE, 0.5, network.position(cell.gid)?)
                } else {
                    let section = morphology.segments.section[segment] as usize;
                    let name = morphology.sections[section].name.as_str();
                    (name, morphology.segments.x[segment], placed.midpoint(synapse.segment))
                };
                let name: SectionName = name.parse()?;
                writer.push(&Synapse {
                    pre_gid: synapse.source,
                    gid: cell.gid,
                    weight: synapse.weight,
                    delay_ms: synapse.delay_ms,
                    section: name,
                    section_x,
                    position_um,
                    segment: Some(synapse.segment),
                })?;
            }
        }
        writer.finish()?;
    }
    Ok(())
}

/// Writes the synapses of a projection on point neurons.
fn save_points(
    model: &Model,
    sampler: &ProjectionSampler,
    writer: &mut ConnectionWriter,
) -> Result<()> {
    let section: SectionName = "soma".parse()?;
    let mut drawn = Vec::new();
    for &gid in sampler.targets() {
        let position_um = model.network().position(gid)?;
        points::draw(sampler, gid, &mut drawn)?;
        for synapse in &drawn {
            writer.push(&Synapse {
                pre_gid: synapse.source,
                gid,
                weight: synapse.weight,
                delay_ms: synapse.delay_ms,
                section,
                section_x: 0.5,
                position_um,
                segment: Some(0),
            })?;
        }
    }
    Ok(())
}
