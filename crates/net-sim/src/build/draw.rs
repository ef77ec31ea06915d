//! Synapses and inputs, drawn cell by cell.

use std::collections::HashMap;
use std::ops::Range;

use net_cell::{CellTemplate, PointKind, PointSpec};
use net_core::{
    ConnectionCounts, DrawnSynapse, Gid, ProjectionSampler, Purpose, Sampler, SiteError,
    SiteSampler, StepClock, StreamFamily, SynapseKind,
};

use super::cells::{LocalCell, PlacedCell};
use super::points;
use crate::error::{Error, Result};
use crate::model::{
    Input, InputSynapses, ListedKind, Model, PointPlace, PointSource, PointsByCell,
};

/// Draws what ends on a cell; the same from any rank and thread.
pub(crate) struct Drawer<'m> {
    model: &'m Model,
    clock: StepClock,
    projections: Vec<ProjectionSampler<'m>>,
    /// Index of the postsynaptic population of each projection.
    posts: Vec<usize>,
    inputs: Vec<InputSampler>,
    kinds: Vec<PointKind>,
    /// Index in `kinds` of each projection, then of each input.
    kind_of_projection: Vec<u32>,
    kind_of_input: Vec<u32>,
    /// Points that are listed instead of drawn.
    listed: Option<PointsByCell>,
    /// Kinds before those of listed points.
    n_drawn_kinds: usize,
}

/// Stands in place of an input's index where a listed point has its own source.
pub(super) const LISTED: u32 = u32::MAX;

/// What a drawn input needs.
struct InputSampler {
    /// Index of the population; none for a table.
    population: Option<usize>,
    weight: Option<Sampler>,
    streams: StreamFamily,
}

/// The second id of an input's streams: what is drawn.
const INPUT_SEGMENTS: u64 = 0;
const INPUT_WEIGHTS: u64 = 1;

impl<'m> Drawer<'m> {
    /// Prepares to draw for these gids.
    pub(crate) fn new(model: &'m Model, gids: &[Gid], clock: StepClock) -> Result<Self> {
        let network = model.network();
        let mut drawer = Drawer {
            model,
            clock,
            projections: Vec::new(),
            posts: Vec::new(),
            inputs: Vec::new(),
            kinds: Vec::new(),
            kind_of_projection: Vec::new(),
            kind_of_input: Vec::new(),
            listed: None,
            n_drawn_kinds: 0,
        };
        for id in network.projection_ids() {
            let projection = network.projection(id);
            let user = || format!("projection \"{}\"", projection.name);
            let on_points = model.points_of(network.population(network.ends(id)[1])).is_some();
            let kind = if on_points { NONE } else { drawer.kind(&projection.synapse, user)? };
            drawer.kind_of_projection.push(kind);
            drawer.projections.push(network.projection_sampler(id, gids)?);
            drawer.posts.push(network.ends(id)[1].index());
        }
        for (index, input) in model.inputs().iter().enumerate() {
            let kind = if points::is_for_points(model, input)? {
                NONE
            } else {
                drawer.kind(&input.synapse, || format!("input \"{}\"", input.name))?
            };
            drawer.kind_of_input.push(kind);
            // Object 0 are the trains of the sources.
            let streams = StreamFamily::new(network.seed(), Purpose::Input, index as u32 + 1);
            drawer.inputs.push(match &input.synapses {
                InputSynapses::Drawn { population, weight, .. } => InputSampler {
                    population: Some(network.find_population(population)?.index()),
                    weight: Some(input.weight_sampler(weight)?),
                    streams,
                },
                InputSynapses::Table(_) => InputSampler { population: None, weight: None, streams },
            });
        }
        drawer.n_drawn_kinds = drawer.kinds.len();
        Ok(drawer)
    }

    /// Takes points that are listed for some cells, in place of those of others.
    pub(super) fn set_listed(&mut self, mut listed: PointsByCell) -> Result<()> {
        self.kinds.truncate(self.n_drawn_kinds);
        for kind in std::mem::take(&mut listed.kinds) {
            let ListedKind { common, names, rows } = kind;
            let parameters: Vec<(&str, f64)> =
                common.parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let kind = PointKind::new(&common.mechanism, &parameters).and_then(|kind| {
                if names.is_empty() { Ok(kind) } else { kind.with_rows(&names, rows) }
            });
            self.kinds.push(kind.map_err(|source| Error::Synapse {
                user: "listed points".to_owned(),
                source: Box::new(source),
            })?);
        }
        self.listed = Some(listed);
        Ok(())
    }

    /// The points that are listed.
    pub(super) fn listed(&self) -> Option<&PointsByCell> {
        self.listed.as_ref()
    }

    /// All different kinds of synapses.
    pub(crate) fn kinds(&self) -> &[PointKind] {
        &self.kinds
    }

    /// Index of the kind of synapses of a projection, by its index in the network.
    pub(super) fn kind_of_projection(&self, projection: usize) -> u32 {
        self.kind_of_projection[projection]
    }

    /// Index of the kind of synapses of an input.
    pub(super) fn kind_of_input(&self, input: usize) -> u32 {
        self.kind_of_input[input]
    }

    fn kind(&mut self, synapse: &SynapseKind, user: impl Fn() -> String) -> Result<u32> {
        let parameters: Vec<(&str, f64)> =
            synapse.parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let kind = PointKind::new(&synapse.mechanism, &parameters)
            .map_err(|source| Error::Synapse { user: user(), source: Box::new(source) })?;
        let known = self.kinds.iter().position(|other| *other == kind);
        Ok(known.unwrap_or_else(|| {
            self.kinds.push(kind);
            self.kinds.len() - 1
        }) as u32)
    }

    /// Draws for some cells, given by their indices; points are listed for them from the `first`-th on.
    pub(super) fn draw_part(
        &self,
        own_cells: &[LocalCell],
        (first, chosen): (usize, &[usize]),
        scratch: &mut Scratch,
    ) -> Result<Part> {
        let mut part = Part::default();
        for (at, &index) in chosen.iter().enumerate() {
            let cell = &own_cells[index];
            scratch.placed.place(self.model.network(), cell)?;
            let Scratch { placed, drawn, points } = scratch;
            points.start(self.n_drawn_kinds, &cell.template);
            self.draw_connections(cell, placed, drawn, points, &mut part)?;
            for (index, input) in self.model.inputs().iter().enumerate() {
                self.draw_input(index, input, cell, placed, points, &mut part)?;
            }
            if let Some(listed) = &self.listed {
                self.add_listed(listed, first + at, cell, points, &mut part)?;
            }
            part.end_cell(index, points.finish());
        }
        part.shrink();
        Ok(part)
    }

    /// Adds the listed points of the `index`-th cell.
    fn add_listed(
        &self,
        listed: &PointsByCell,
        index: usize,
        cell: &LocalCell,
        points: &mut Points,
        part: &mut Part,
    ) -> Result<()> {
        let n_segments = cell.template.n_segments();
        let mut point = 0;
        let mut made = Vec::new();
        for number in listed.of(index) {
            let row = listed.point(number);
            point = match row.point {
                PointPlace::Cell => 0,
                PointPlace::Same => point,
                PointPlace::Earlier(number) => match made.get(number as usize) {
                    Some(point) => *point,
                    None => {
                        let user = format!("a listed point of gid {}", cell.gid);
                        let (number, n_points) = (number as usize, made.len());
                        let source = net_cell::CellError::NoSuchPoint { number, n_points };
                        return Err(Error::Synapse { user, source: Box::new(source) });
                    }
                },
                PointPlace::Kind { .. } if row.segment as usize >= n_segments => {
                    let segment = row.segment as usize;
                    let source = net_cell::CellError::NoSuchSegment { segment, n_segments };
                    let user = format!("a listed point of gid {}", cell.gid);
                    return Err(Error::Synapse { user, source: Box::new(source) });
                }
                PointPlace::Kind { kind, row: of, .. }
                    if !self.kinds[self.n_drawn_kinds + kind as usize].has_row(of) =>
                {
                    let what = format!("row {of} of listed kind {kind}, of gid {}", cell.gid);
                    return Err(Error::Listed { source: format!("there is no {what}").into() });
                }
                PointPlace::Kind { kind, row: of, shares } => {
                    let kind = self.n_drawn_kinds as u32 + kind;
                    let shares = shares && self.kinds[kind as usize].is_linear();
                    let new = points.listed_point((kind, of), shares, row.segment);
                    made.push(new);
                    new
                }
            };
            match row.source {
                PointSource::None => {}
                PointSource::Waveform { .. }
                | PointSource::Crossing { .. }
                | PointSource::Junction { .. } => {
                    let (number, weight) = (number as u32, 0.0);
                    part.inputs.push(DrawnInput { input: LISTED, number, point, weight });
                }
                PointSource::Cell { gid, weight, delay_ms } => {
                    let delay_steps = self.clock.delay_steps("listed points", delay_ms)?;
                    part.push_connection(gid, point, delay_steps, weight);
                }
                PointSource::Train { weight, .. } => {
                    let number = number as u32;
                    part.inputs.push(DrawnInput { input: LISTED, number, point, weight });
                }
            }
        }
        Ok(())
    }

    fn draw_connections(
        &self,
        cell: &LocalCell,
        placed: &PlacedCell,
        drawn: &mut Vec<DrawnSynapse>,
        points: &mut Points,
        part: &mut Part,
    ) -> Result<()> {
        for (index, projection) in self.model.network().projections().iter().enumerate() {
            if self.posts[index] != cell.population {
                continue;
            }
            part.counts += self.draw_projection(index, cell, placed, drawn)?;
            let kind = self.kind_of_projection[index];
            let is_linear = self.kinds[kind as usize].is_linear();
            self.check_kind(kind, cell, || format!("projection \"{}\"", projection.name))?;
            for synapse in drawn.iter() {
                let point = points.point(kind, is_linear, synapse.segment);
                let delay_steps = self.clock.delay_steps(&projection.name, synapse.delay_ms)?;
                part.push_connection(synapse.source, point, delay_steps, synapse.weight);
            }
        }
        Ok(())
    }

    /// Whether a projection ends on the population of a cell.
    pub(super) fn ends_on(&self, projection: usize, cell: &LocalCell) -> bool {
        self.posts[projection] == cell.population
    }

    /// Draws the synapses of one projection on one cell into `drawn`.
    pub(super) fn draw_projection(
        &self,
        index: usize,
        cell: &LocalCell,
        placed: &PlacedCell,
        drawn: &mut Vec<DrawnSynapse>,
    ) -> Result<ConnectionCounts> {
        drawn.clear();
        if self.posts[index] != cell.population {
            return Ok(ConnectionCounts::default());
        }
        Ok(self.projections[index].draw_into(cell.gid, &placed.sites(cell), drawn)?)
    }

    /// Artificial cells receive events themselves; all others by a point process.
    fn check_kind(&self, kind: u32, cell: &LocalCell, user: impl Fn() -> String) -> Result<()> {
        let kind = &self.kinds[kind as usize];
        let expected = cell.template.artificial_mechanism();
        let found = kind.is_artificial_cell().then(|| kind.mechanism());
        if found == expected {
            return Ok(());
        }
        Err(Error::EventTarget {
            user: user(),
            found: kind.mechanism(),
            gid: cell.gid,
            expected: expected.unwrap_or("a point process"),
        })
    }

    fn draw_input(
        &self,
        index: usize,
        input: &Input,
        cell: &LocalCell,
        placed: &PlacedCell,
        points: &mut Points,
        part: &mut Part,
    ) -> Result<()> {
        let kind = self.kind_of_input[index];
        if kind == NONE {
            return Ok(());
        }
        let is_linear = self.kinds[kind as usize].is_linear();
        let concerns = match &input.synapses {
            InputSynapses::Table(table) => !table.rows_of(cell.gid).is_empty(),
            InputSynapses::Drawn { .. } => self.inputs[index].population == Some(cell.population),
        };
        if !concerns {
            return Ok(());
        }
        self.check_kind(kind, cell, || format!("input \"{}\"", input.name))?;
        let mut add = |number: usize, segment: u32, weight: f64| {
            let point = points.point(kind, is_linear, segment);
            let number = number as u32;
            part.inputs.push(DrawnInput { input: index as u32, number, point, weight });
        };
        let no_site = |source| Error::InputSites {
            input: input.name.clone(),
            gid: cell.gid,
            source: Box::new(source),
        };
        match &input.synapses {
            InputSynapses::Table(table) => {
                let n_segments = placed.sites(cell).area_um2.len();
                for (number, row) in table.rows_of(cell.gid).iter().enumerate() {
                    let segment = row.segment;
                    if n_segments <= segment as usize {
                        return Err(no_site(SiteError::NoSuchSegment { segment, n_segments }));
                    }
                    add(number, segment, row.weight);
                }
            }
            InputSynapses::Drawn { n_per_cell, placement, .. } => {
                let sampler = &self.inputs[index];
                let Some(weight) = &sampler.weight else { return Ok(()) };
                let sites = SiteSampler::new(placement, &placed.sites(cell)).map_err(no_site)?;
                let mut segments = sampler.streams.stream([cell.gid, INPUT_SEGMENTS]);
                let mut weights = sampler.streams.stream([cell.gid, INPUT_WEIGHTS]);
                for number in 0..*n_per_cell as usize {
                    add(number, sites.draw(&mut segments), weight.draw(&mut weights));
                }
            }
        }
        Ok(())
    }
}

/// Memory of one thread, reused from cell to cell.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(super) placed: PlacedCell,
    pub(super) drawn: Vec<DrawnSynapse>,
    points: Points,
}

/// No point yet, or synapses on point neurons, which are not drawn here.
const NONE: u32 = u32::MAX;

/// The points of one cell: linear synapses of one kind on one segment share one.
#[derive(Default)]
struct Points {
    specs: Vec<PointSpec>,
    n_segments: usize,
    is_artificial: bool,
    /// The shared point of each kind and segment.
    shared: Vec<u32>,
    /// The same of listed points, by kind, row and segment.
    shared_listed: HashMap<(u32, u32, u32), u32>,
}

impl Points {
    fn start(&mut self, n_kinds: usize, template: &CellTemplate) {
        let n_segments = template.n_segments();
        self.specs.clear();
        self.n_segments = n_segments;
        self.is_artificial = template.is_artificial();
        self.shared.clear();
        self.shared.resize(n_kinds * n_segments, NONE);
        self.shared_listed.clear();
    }

    fn listed_point(&mut self, (kind, row): (u32, u32), shares: bool, segment: u32) -> u32 {
        let next = self.specs.len() as u32;
        if shares {
            let shared = *self.shared_listed.entry((kind, row, segment)).or_insert(next);
            if shared != next {
                return shared;
            }
        }
        self.specs.push(PointSpec { segment, kind, row });
        next
    }

    fn point(&mut self, kind: u32, is_linear: bool, segment: u32) -> u32 {
        if self.is_artificial {
            // The cell itself.
            return 0;
        }
        let next = self.specs.len() as u32;
        if is_linear {
            let shared = &mut self.shared[kind as usize * self.n_segments + segment as usize];
            if *shared != NONE {
                return *shared;
            }
            *shared = next;
        }
        self.specs.push(PointSpec { segment, kind, row: 0 });
        next
    }

    fn finish(&self) -> Vec<PointSpec> {
        self.specs.clone()
    }
}

/// One synapse of an input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DrawnInput {
    pub(super) input: u32,
    /// Number of the synapse among those of this input and cell.
    pub(super) number: u32,
    /// Point of the cell.
    pub(super) point: u32,
    pub(super) weight: f64,
}

/// What was drawn for some cells: 22 bytes a synapse.
#[derive(Default)]
pub(crate) struct Part {
    /// Indices of the cells.
    pub(super) cells: Vec<usize>,
    /// The points of each cell.
    pub(super) specs: Vec<Vec<PointSpec>>,
    pub(super) counts: ConnectionCounts,
    sources: Vec<Gid>,
    points: Vec<u32>,
    delay_steps: Vec<u16>,
    weights: Vec<f64>,
    inputs: Vec<DrawnInput>,
    /// End of each cell's connections and inputs.
    connection_ends: Vec<usize>,
    input_ends: Vec<usize>,
}

impl Part {
    fn push_connection(&mut self, source: Gid, point: u32, delay_steps: u16, weight: f64) {
        self.sources.push(source);
        self.points.push(point);
        self.delay_steps.push(delay_steps);
        self.weights.push(weight);
    }

    fn end_cell(&mut self, cell: usize, points: Vec<PointSpec>) {
        self.cells.push(cell);
        self.specs.push(points);
        self.connection_ends.push(self.sources.len());
        self.input_ends.push(self.inputs.len());
    }

    fn shrink(&mut self) {
        self.sources.shrink_to_fit();
        self.points.shrink_to_fit();
        self.delay_steps.shrink_to_fit();
        self.weights.shrink_to_fit();
        self.inputs.shrink_to_fit();
    }

    /// Shortest and longest delay.
    pub(super) fn delay_steps_range(&self) -> Option<(u16, u16)> {
        Some((*self.delay_steps.iter().min()?, *self.delay_steps.iter().max()?))
    }

    /// The connections of a cell, by index.
    pub(super) fn connections_of(&self, cell: usize) -> Range<usize> {
        range_of(&self.connection_ends, cell)
    }

    /// Source, point of the cell, delay in steps, weight.
    pub(super) fn connection(&self, at: usize) -> (Gid, u32, u16, f64) {
        (self.sources[at], self.points[at], self.delay_steps[at], self.weights[at])
    }

    pub(super) fn n_inputs(&self) -> usize {
        self.inputs.len()
    }

    /// The inputs of a cell.
    pub(super) fn inputs_of(&self, cell: usize) -> &[DrawnInput] {
        &self.inputs[range_of(&self.input_ends, cell)]
    }
}

fn range_of(ends: &[usize], at: usize) -> Range<usize> {
    at.checked_sub(1).map_or(0, |before| ends[before])..ends[at]
}
