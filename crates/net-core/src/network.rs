//! The network as description: the same on every rank, and small.

use crate::clock::StepClock;
use crate::connection::{ConnectionCounts, DrawnSynapse, ProjectionSampler};
use crate::error::Error;
use crate::ids::{Gid, MAX_CELLS, PopulationId, ProjectionId};
use crate::placement::cell_stream;
use crate::population::Population;
use crate::projection::Projection;
use crate::random::Purpose;
use crate::sites::CellSites;

/// Populations and the projections between them, with the seed of all that is drawn.
#[derive(Clone, Debug)]
pub struct Network {
    seed: u64,
    populations: Vec<Population>,
    projections: Vec<Projection>,
    /// Pre- and postsynaptic population of each projection.
    ends: Vec<[PopulationId; 2]>,
}

impl Network {
    /// A network without cells.
    pub fn new(seed: u64) -> Self {
        Self { seed, populations: Vec::new(), projections: Vec::new(), ends: Vec::new() }
    }

    /// The seed of all streams.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Adds a population; its gids follow those of the populations before it.
    ///
    /// # Errors
    /// An empty or duplicate name, or a placement or rotation that is not possible.
    pub fn add_population(&mut self, mut population: Population) -> Result<PopulationId, Error> {
        let names = self.populations.iter().map(|p| p.name.as_str());
        check_name("population", &population.name, names)?;
        let n_cells = u128::from(self.n_cells()) + u128::from(population.size);
        if u128::from(MAX_CELLS) < n_cells {
            return Err(Error::TooManyCells { population: population.name, n_cells });
        }
        let placement = population.placement.validate(population.size);
        if let Err(error) = placement.and_then(|()| population.rotation.validate(population.size)) {
            return Err(Error::Placement { population: population.name, error });
        }
        population.first_gid = self.n_cells();
        self.populations.push(population);
        Ok(PopulationId(self.populations.len() as u32 - 1))
    }

    /// Adds a projection between populations that are already there.
    ///
    /// # Errors
    /// An empty or duplicate name, an unknown population, or a rule, law or placement that is not
    /// possible.
    pub fn add_projection(&mut self, projection: Projection) -> Result<ProjectionId, Error> {
        let names = self.projections.iter().map(|p| p.name.as_str());
        check_name("projection", &projection.name, names)?;
        let user = format!("projection {:?}", projection.name);
        let pre = self.population_named(&user, &projection.pre)?;
        let post = self.population_named(&user, &projection.post)?;
        projection.validate()?;
        let [pre_cells, post_cells] = [self.population(pre), self.population(post)];
        projection
            .rule
            .validate(pre_cells, post_cells, projection.allow_autapses)
            .map_err(|error| Error::Rule { projection: projection.name.clone(), error })?;
        self.projections.push(projection);
        self.ends.push([pre, post]);
        Ok(ProjectionId(self.projections.len() as u32 - 1))
    }

    /// Checks what depends on the step: that no delay is below it.
    ///
    /// # Errors
    /// The first projection whose law of delays reaches below the step (with a probability of 1e-12
    /// or more), or whose constant or tabulated delays have no number of steps.
    pub fn validate(&self, clock: &StepClock) -> Result<(), Error> {
        self.projections.iter().try_for_each(|projection| projection.validate_delay(clock))
    }

    /// Number of cells; gids are below it.
    pub fn n_cells(&self) -> u64 {
        self.populations.last().map_or(0, |last| last.gids().end)
    }

    /// All populations, in order of creation.
    pub fn populations(&self) -> &[Population] {
        &self.populations
    }

    /// All projections, in order of creation.
    pub fn projections(&self) -> &[Projection] {
        &self.projections
    }

    /// Ids of all projections, in order of creation.
    pub fn projection_ids(&self) -> impl Iterator<Item = ProjectionId> + use<> {
        (0..self.projections.len() as u32).map(ProjectionId)
    }

    /// Ids of all populations, in order of creation.
    pub fn population_ids(&self) -> impl Iterator<Item = PopulationId> + use<> {
        (0..self.populations.len() as u32).map(PopulationId)
    }

    /// The population of an id that this network gave.
    pub fn population(&self, id: PopulationId) -> &Population {
        &self.populations[id.index()]
    }

    /// The projection of an id that this network gave.
    pub fn projection(&self, id: ProjectionId) -> &Projection {
        &self.projections[id.index()]
    }

    /// Pre- and postsynaptic population of a projection.
    pub fn ends(&self, id: ProjectionId) -> [PopulationId; 2] {
        self.ends[id.index()]
    }

    /// The population of a name.
    ///
    /// # Errors
    /// No population has that name; the error lists those there are.
    pub fn find_population(&self, name: &str) -> Result<PopulationId, Error> {
        self.population_named("network", name)
    }

    /// The projection of a name.
    ///
    /// # Errors
    /// No projection has that name; the error lists those there are.
    pub fn find_projection(&self, name: &str) -> Result<ProjectionId, Error> {
        let found = self.projections.iter().position(|p| p.name == name);
        found.map(|i| ProjectionId(i as u32)).ok_or_else(|| Error::UnknownProjection {
            name: name.to_owned(),
            known: self.projections.iter().map(|p| p.name.clone()).collect(),
        })
    }

    /// The population of a cell.
    ///
    /// # Errors
    /// The gid is not below [`Self::n_cells`].
    pub fn population_of(&self, gid: Gid) -> Result<PopulationId, Error> {
        let i = self.populations.partition_point(|p| p.gids().end <= gid);
        if i < self.populations.len() {
            Ok(PopulationId(i as u32))
        } else {
            Err(Error::UnknownGid { gid, n_cells: self.n_cells() })
        }
    }

    /// Position `[x, y, z]` of a cell's soma in um, the same on any rank.
    ///
    /// # Errors
    /// The gid is not below [`Self::n_cells`].
    pub fn position(&self, gid: Gid) -> Result<[f64; 3], Error> {
        let id = self.population_of(gid)?;
        let population = self.population(id);
        let stream = cell_stream(self.seed, Purpose::Position, id.0, gid);
        population
            .placement
            .position(stream, gid - population.first_gid)
            .map_err(|error| Error::Placement { population: population.name.clone(), error })
    }

    /// Angles `[x, y, z]` of a cell in radians, about the fixed axes through the soma and applied
    /// in this order; the same on any rank.
    ///
    /// # Errors
    /// The gid is not below [`Self::n_cells`].
    pub fn rotation(&self, gid: Gid) -> Result<[f64; 3], Error> {
        let id = self.population_of(gid)?;
        let population = self.population(id);
        let stream = cell_stream(self.seed, Purpose::Rotation, id.0, gid);
        Ok(population.rotation.angles(stream, gid - population.first_gid))
    }

    /// Prepares a projection to draw the synapses that end on `targets` (gids of other populations
    /// among them are passed over). Once a rank and projection; then
    /// [`ProjectionSampler::draw_into`] cell by cell, on any thread.
    ///
    /// # Errors
    /// A position that cannot be drawn, for rules by distance.
    pub fn projection_sampler(
        &self,
        id: ProjectionId,
        targets: &[Gid],
    ) -> Result<ProjectionSampler<'_>, Error> {
        ProjectionSampler::new(self, id, targets)
    }

    /// Draws the synapses of a projection that end on one cell, in ascending order of the sources.
    /// For many cells prepare a [`projection_sampler`](Self::projection_sampler) once.
    ///
    /// # Errors
    /// A target of another population, or a cell without a site for the synapses.
    pub fn draw_synapses(
        &self,
        id: ProjectionId,
        target: Gid,
        cell: &CellSites,
    ) -> Result<(Vec<DrawnSynapse>, ConnectionCounts), Error> {
        let mut synapses = Vec::new();
        let counts =
            self.projection_sampler(id, &[target])?.draw_into(target, cell, &mut synapses)?;
        Ok((synapses, counts))
    }

    fn population_named(&self, user: &str, name: &str) -> Result<PopulationId, Error> {
        let found = self.populations.iter().position(|p| p.name == name);
        found.map(|i| PopulationId(i as u32)).ok_or_else(|| Error::UnknownPopulation {
            user: user.to_owned(),
            name: name.to_owned(),
            known: self.populations.iter().map(|p| p.name.clone()).collect(),
        })
    }
}

fn check_name<'a>(
    kind: &'static str,
    name: &str,
    mut others: impl ExactSizeIterator<Item = &'a str>,
) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::EmptyName { kind, index: others.len() });
    }
    if others.any(|other| other == name) {
        return Err(Error::DuplicateName { kind, name: name.to_owned() });
    }
    Ok(())
}
