//! Recordings, set up on this rank's cells.

use net_cell::{CellSpec, Cells, Quantity};
use net_core::{Gid, StepClock};
use net_io::store::{Column, Columns, Ranges};

use super::cells::LocalCell;
use super::draw::Drawer;
use crate::error::{Error, Result};
use crate::model::{InputSynapses, Instances, Model, Recording, place_of};
use crate::run::SignalPlan;

/// Sets up all recordings of the model, then the variables of monitors.
pub(super) fn record(
    model: &Model,
    clock: StepClock,
    own_cells: &[LocalCell],
    (specs, drawer): (&[CellSpec], &Drawer),
    cells: &mut Cells,
) -> Result<Vec<SignalPlan>> {
    let mut plans = Vec::new();
    for (index, (recording, schedule)) in model.sampled(&clock)?.into_iter().enumerate() {
        let gids = model.gids_of(&recording.targets)?;
        let wanted = Wanted::new(model, drawer, recording);
        let mut columns = Columns::default();
        // Weights have columns when there are connections.
        let is_weight = recording.is_of_connections(model)?;
        // Artificial cells have no membrane.
        let has_membrane = |cell: &LocalCell| {
            !is_weight
                && (!cell.template.is_artificial()
                    || matches!(recording.quantity, Quantity::Variable { .. }))
        };
        let targets =
            own_cells.iter().zip(specs).filter(|(c, _)| gids.contains(c.gid) && has_membrane(c));
        for (cell, spec) in targets {
            for segment in recording.segments.of(&cell.template, cell.gid, || recording.user())? {
                let wanted = wanted.on(cells, spec, segment);
                for quantity in
                    wanted.map_err(|source| refusal(&recording.name, cell.gid, source))?
                {
                    let label =
                        if let Quantity::Variable { nth, .. } = &quantity { *nth } else { 0 };
                    let label =
                        if recording.instances == Instances::Nth { 0 } else { label as u32 };
                    let at = columns.len() as u32;
                    cells
                        .record((index, schedule), at, cell.gid, segment as usize, &quantity)
                        .map_err(|source| refusal(&recording.name, cell.gid, source))?;
                    let column = Column { gid: cell.gid, segment, label };
                    columns.push(column, place_of(&cell.template, segment).as_ref(), None);
                }
            }
        }
        let windows = recording.windows(&clock)?;
        plans.push(SignalPlan {
            columns,
            windows,
            statistics_steps: recording.statistics_steps(&clock)?,
        });
    }
    Ok(plans)
}

/// Whether something is recorded of the synapses of one projection or input.
pub(super) fn looks_for_points(model: &Model, clock: &StepClock) -> Result<bool> {
    let of_one =
        |instances: &Instances| matches!(instances, Instances::Projection(_) | Instances::Input(_));
    let sampled = model.sampled(clock)?;
    Ok(sampled.iter().any(|(recording, _)| of_one(&recording.instances)))
}

/// What cannot be recorded of a cell.
pub(super) fn refusal(recording: &str, gid: Gid, source: net_cell::CellError) -> Error {
    Error::Recording { recording: recording.to_owned(), gid, source: Box::new(source) }
}

/// What is recorded on a segment.
struct Wanted<'a> {
    recording: &'a Recording,
    /// The kind of synapses, if there is only one.
    kind: Option<u32>,
    /// The cells that have such synapses.
    cells: Ranges,
}

impl<'a> Wanted<'a> {
    fn new(model: &Model, drawer: &Drawer, recording: &'a Recording) -> Self {
        let projections = model.network().projections();
        let network = model.network();
        let gids_of = |name: &str| match network.find_population(name) {
            Ok(id) => network.population(id).gids().into(),
            Err(_) => Ranges::default(),
        };
        let mut cells = Ranges::all();
        let kind = match &recording.instances {
            Instances::Nth | Instances::All => None,
            Instances::Projection(name) => {
                let at = projections.iter().position(|projection| projection.name == *name);
                at.map(|at| {
                    cells = gids_of(&projections[at].post);
                    drawer.kind_of_projection(at)
                })
            }
            Instances::Input(name) => {
                let at = model.inputs().iter().position(|input| input.name == *name);
                at.map(|at| {
                    if let InputSynapses::Drawn { population, .. } = &model.inputs()[at].synapses {
                        cells = gids_of(population);
                    }
                    drawer.kind_of_input(at)
                })
            }
        };
        Wanted { recording, kind, cells }
    }

    /// The quantities of a segment, one a column.
    fn on(
        &self,
        cells: &Cells,
        spec: &CellSpec,
        segment: u32,
    ) -> std::result::Result<Vec<Quantity>, net_cell::CellError> {
        let Recording { quantity, instances, .. } = self.recording;
        let (Quantity::Variable { mechanism, variable, .. }, false) =
            (quantity, *instances == Instances::Nth)
        else {
            return Ok(vec![quantity.clone()]);
        };
        if !self.cells.contains(spec.gid) {
            return Ok(Vec::new());
        }
        let here = cells.instances_on(spec.gid, segment as usize, mechanism)?;
        let is_wanted = |point: &Option<u32>| match (self.kind, point) {
            (None, _) => true,
            (Some(kind), Some(point)) => {
                spec.points.get(*point as usize).is_some_and(|spec| spec.kind == kind)
            }
            (Some(_), None) => false,
        };
        let wanted = here.iter().enumerate().filter(|(_, point)| is_wanted(point));
        let quantities = wanted.map(|(nth, _)| Quantity::Variable {
            mechanism: mechanism.clone(),
            variable: variable.clone(),
            nth,
        });
        Ok(quantities.collect())
    }
}
