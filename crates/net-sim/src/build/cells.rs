//! The cells of one rank: templates, places, and what synapses need to know of them.

use std::collections::HashMap;
use std::sync::Arc;

use net_cell::CellTemplate;
use net_cell::morphology::{PlacedPoints, Placement, Rotation, RotationOrder};
use net_core::{CellSites, Gid, Network};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::model::{CellKind, Model};

/// A cell of this rank.
pub(crate) struct LocalCell {
    pub(crate) gid: Gid,
    /// Index of its population.
    pub(crate) population: usize,
    pub(crate) template: Arc<CellTemplate>,
    /// Names of the template's sections.
    section_names: Arc<Vec<String>>,
}

/// Makes the cells of these gids.
pub(crate) fn build_all(model: &Model, gids: &[Gid]) -> Result<Vec<LocalCell>> {
    let shared = shared_names(model)?;
    gids.par_iter().map(|&gid| build_one(model, gid, &shared)).collect()
}

/// Names of the sections of templates that many cells share, by population.
fn shared_names(model: &Model) -> Result<HashMap<usize, Arc<Vec<String>>>> {
    let mut names = HashMap::new();
    for (index, population) in model.network().populations().iter().enumerate() {
        if let CellKind::Shared(template) = model.kind_of(population)? {
            names.insert(index, section_names(template));
        }
    }
    Ok(names)
}

/// Section of the only place where connections to an artificial cell end: the cell itself.
pub(super) const ARTIFICIAL_SITE: &str = "cell";

fn section_names(template: &CellTemplate) -> Arc<Vec<String>> {
    if template.is_artificial() {
        return Arc::new(vec![ARTIFICIAL_SITE.to_owned()]);
    }
    Arc::new(template.morphology().sections.iter().map(|s| s.name.clone()).collect())
}

fn build_one(
    model: &Model,
    gid: Gid,
    shared: &HashMap<usize, Arc<Vec<String>>>,
) -> Result<LocalCell> {
    let (population, template) = template_of(model, gid)?;
    let section_names =
        shared.get(&population).map_or_else(|| section_names(&template), Arc::clone);
    Ok(LocalCell { gid, population, template, section_names })
}

/// Index of the population of a cell, and its template.
pub(super) fn template_of(model: &Model, gid: Gid) -> Result<(usize, Arc<CellTemplate>)> {
    let id = model.network().population_of(gid)?;
    let population = model.network().population(id);
    let template = model.kind_of(population)?.template(gid).map_err(|source| Error::Cell {
        gid,
        population: population.name().to_owned(),
        source,
    })?;
    Ok((id.index(), template))
}

/// Relative costs of a step of these cells.
pub(super) fn costs(model: &Model, gids: &[Gid]) -> Result<Vec<f64>> {
    let cost = |&gid: &Gid| {
        let population = model.network().population(model.network().population_of(gid)?);
        match model.points_of(population) {
            Some(neuron) => Ok(neuron.cost()),
            None => template_of(model, gid).map(|(_, cell)| cell.cost()),
        }
    };
    gids.par_iter().map(cost).collect()
}

/// Segments of a placed cell; the memory is reused from cell to cell.
#[derive(Default)]
pub(crate) struct PlacedCell {
    points: PlacedPoints,
    z_mid_um: Vec<f64>,
}

impl PlacedCell {
    /// Puts `cell` in its place.
    pub(crate) fn place(&mut self, network: &Network, cell: &LocalCell) -> Result<()> {
        let morphology = cell.template.morphology();
        let rotation = Rotation::new(network.rotation(cell.gid)?, RotationOrder::default());
        let placement = Placement::new(morphology, network.position(cell.gid)?, &rotation);
        self.points.place(morphology, &placement);
        self.z_mid_um.clear();
        if cell.template.is_artificial() {
            self.z_mid_um.push(network.position(cell.gid)?[2]);
        }
        self.z_mid_um.extend((0..morphology.n_segments()).map(|s| self.points.midpoint(s)[2]));
        Ok(())
    }

    /// Where synapses can sit on `cell`, which was placed last.
    pub(crate) fn sites<'a>(&'a self, cell: &'a LocalCell) -> CellSites<'a> {
        let segments = &cell.template.morphology().segments;
        if cell.template.is_artificial() {
            return CellSites {
                area_um2: &[1.0],
                z_mid_um: &self.z_mid_um,
                section_of_segment: &[0],
                section_names: &cell.section_names,
            };
        }
        CellSites {
            area_um2: &segments.area_um2,
            z_mid_um: &self.z_mid_um,
            section_of_segment: &segments.section,
            section_names: &cell.section_names,
        }
    }

    /// Start and end points of the segments in um.
    pub(crate) fn points(&self) -> &PlacedPoints {
        &self.points
    }

    /// Middle of a segment in um.
    pub(crate) fn midpoint(&self, segment: u32) -> [f64; 3] {
        self.points.midpoint(segment as usize)
    }
}
