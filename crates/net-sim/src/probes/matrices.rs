//! The matrices of all probes for this rank's cells.

use ndarray::{Array2, Axis};
use net_cell::cell::CableTree;
use net_cell::currents::{BlockLayout, CurrentType, RowLayout};
use net_cell::morphology::SegmentedMorphology;
use net_io::store::Ranges;
use net_lfp::{Geometry, LaneMask, LaneMatrix, MatrixSketch, Skeleton, matrix_of_potentials};
use net_mpi::Communicator;
use rayon::prelude::*;

use super::memory::{self, Need};
use super::terms::{Cells, Term, Terms};
use crate::build::{LocalCell, PlacedCell};
use crate::error::{Error, Result};
use crate::model::{Model, ProbeRecording};
use crate::run::machine_memory_bytes;

/// The matrices of all probes for the cells of all groups of a rank.
pub(crate) struct Matrices {
    /// Group by group, probe by probe.
    pub(super) groups: Vec<Vec<OfGroup>>,
    /// Pairs of a point of measurement and a segment whose distance was raised, for each probe.
    pub(super) n_raised: Vec<u64>,
    /// For each probe, what its skeleton can be found from.
    sketches: Vec<Option<MatrixSketch>>,
}

/// The matrices of a probe for one group of cells.
pub(super) struct OfGroup {
    /// Block by block, row by row.
    pub(super) blocks: Vec<Vec<OfRow>>,
    n_raised: u64,
}

/// The matrices of cells side by side, and which of them contribute to which sums.
///
/// Currents of the membrane need not be computed: what flows in along the cable follows from the
/// potentials, and so does what it makes at a probe.
#[derive(PartialEq)]
pub(super) struct OfRow {
    /// Of potentials and of what electrodes inject, if there are any: what the membrane current makes.
    pub(super) membrane: Vec<LaneMatrix>,
    /// Of currents of other types, if they are asked for.
    pub(super) currents: Option<LaneMatrix>,
    pub(super) lanes: Vec<LaneMask>,
}

impl OfRow {
    fn all(&self) -> impl Iterator<Item = &LaneMatrix> {
        self.membrane.iter().chain(&self.currents)
    }

    fn select_rows(&mut self, rows: &[usize]) {
        for matrix in self.membrane.iter_mut().chain(&mut self.currents) {
            *matrix = matrix.select_rows(rows);
        }
    }
}

impl Matrices {
    /// Bytes of all matrices.
    pub(crate) fn memory_bytes(&self) -> usize {
        let rows = self.groups.iter().flatten().flat_map(|probe| probe.blocks.iter().flatten());
        rows.flat_map(OfRow::all).map(LaneMatrix::memory_bytes).sum()
    }

    /// Keeps the rows of a probe that all others follow from, where that saves a good part of the products;
    /// `n_fields` signals are to be made. Collective.
    pub(super) fn keep_skeleton(
        &mut self,
        comm: &Communicator,
        pool: &rayon::ThreadPool,
        probe: usize,
        n_fields: usize,
    ) -> Result<Option<Skeleton>> {
        let Some(sketch) = self.sketches[probe].take() else { return Ok(None) };
        let mut integers = sketch.integers();
        comm.sum_slice(&mut integers)?;
        // A row that is interpolated takes a multiply-add for each row of the skeleton and field, one that is
        // not for each segment.
        let Some(skeleton) = sketch.skeleton(&integers, 2 * n_fields) else { return Ok(None) };
        let rows = self.groups.iter_mut().flat_map(|group| &mut group[probe].blocks).flatten();
        let mut rows: Vec<&mut OfRow> = rows.collect();
        pool.install(|| rows.par_iter_mut().for_each(|row| row.select_rows(skeleton.rows())));
        Ok(Some(skeleton))
    }

    /// Whether two probes have the same matrices on all ranks, for the same sums; those of the second are
    /// given up then. Collective.
    pub(super) fn share(
        &mut self,
        comm: &Communicator,
        [first, second]: [usize; 2],
    ) -> Result<bool> {
        let are_same = self.groups.iter().all(|group| group[first].blocks == group[second].blocks);
        let on_all = comm.min(u64::from(are_same))? == 1;
        if on_all {
            let blocks = self.groups.iter_mut().flat_map(|group| &mut group[second].blocks);
            blocks.for_each(|block| *block = Vec::new());
        }
        Ok(on_all)
    }

    /// Largest sum of absolute values in each row of any cell's matrix of a probe: of those of the
    /// membrane, and of those of other currents.
    pub(super) fn bounds(&self, probe: usize, n_rows: usize) -> [Vec<f64>; 2] {
        let [mut membrane, mut currents] = [vec![0.0; n_rows], vec![0.0; n_rows]];
        for row in self.groups.iter().flat_map(|group| group[probe].blocks.iter().flatten()) {
            row.membrane.iter().for_each(|matrix| matrix.raise_bounds(&mut membrane));
            row.currents.iter().for_each(|matrix| matrix.raise_bounds(&mut currents));
        }
        [membrane, currents]
    }
}

/// Makes the matrices of all probes of the model for the cells of these groups, given by their blocks.
///
/// # Errors
/// More bytes than the machine has; a cell that a probe cannot measure.
pub(crate) fn build_matrices(
    model: &Model,
    groups: &[Vec<BlockLayout>],
    own_cells: &[LocalCell],
) -> Result<Matrices> {
    let mut by_gid: Vec<&LocalCell> = own_cells.iter().collect();
    by_gid.sort_unstable_by_key(|cell| cell.gid);
    let names = model.probe_names();
    let needs = model.probes().iter().zip(&names).map(|(recording, name)| {
        let terms = Terms::new(recording, model.network());
        Need::of_matrices(name, recording.probe.n_rows(), &terms, groups)
    });
    memory::check_matrices(&needs.collect::<Vec<_>>(), machine_memory_bytes())?;
    let sketch = |recording: &ProbeRecording| {
        recording.interpolate.then(|| MatrixSketch::new(recording.probe.n_rows())).flatten()
    };
    let sketches: Vec<Option<MatrixSketch>> = model.probes().iter().map(sketch).collect();
    let of_group = |blocks: &Vec<BlockLayout>| -> Result<Vec<OfGroup>> {
        let probes = model.probes().iter().zip(&names).zip(&sketches);
        probes
            .map(|((recording, name), sketch)| {
                Builder::new(model, recording, name, sketch.as_ref(), &by_gid)?.of_group(blocks)
            })
            .collect()
    };
    let groups: Vec<Vec<OfGroup>> = groups.par_iter().map(of_group).collect::<Result<_>>()?;
    let n_raised = (0..model.probes().len())
        .map(|probe| groups.iter().map(|group| group[probe].n_raised).sum())
        .collect();
    Ok(Matrices { groups, n_raised, sketches })
}

/// Makes the matrices of one probe.
struct Builder<'a> {
    model: &'a Model,
    recording: &'a ProbeRecording,
    name: &'a str,
    sketch: Option<&'a MatrixSketch>,
    by_gid: &'a [&'a LocalCell],
    /// The cells of each group with a name.
    cells_of_groups: Vec<Ranges>,
    terms: Terms,
    placed: PlacedCell,
}

impl<'a> Builder<'a> {
    fn new(
        model: &'a Model,
        recording: &'a ProbeRecording,
        name: &'a str,
        sketch: Option<&'a MatrixSketch>,
        by_gid: &'a [&'a LocalCell],
    ) -> Result<Self> {
        let groups = recording.groups.iter().map(|(_, targets)| model.gids_of(targets));
        let cells_of_groups = groups.collect::<Result<_>>()?;
        let terms = Terms::new(recording, model.network());
        let placed = PlacedCell::default();
        Ok(Builder { model, recording, name, sketch, by_gid, cells_of_groups, terms, placed })
    }

    fn of_group(mut self, blocks: &[BlockLayout]) -> Result<OfGroup> {
        let mut n_raised = 0;
        let mut of_block = |block: &BlockLayout| -> Result<Vec<OfRow>> {
            block.rows.iter().map(|row| self.of_row(row, &mut n_raised)).collect()
        };
        let blocks = blocks.iter().map(&mut of_block).collect::<Result<_>>()?;
        Ok(OfGroup { blocks, n_raised })
    }

    fn of_row(&mut self, row: &RowLayout, n_raised: &mut u64) -> Result<OfRow> {
        let probe = &*self.recording.probe;
        let n_compartments: Vec<usize> = row.cells.iter().map(|cell| cell.slots.len()).collect();
        let n_electrodes: Vec<usize> = row.cells.iter().map(|cell| cell.electrodes.len()).collect();
        let zero = |slots, sizes: &[usize]| LaneMatrix::new(probe.n_rows(), slots, sizes);
        let mut potentials = zero(row.slots(), &n_compartments);
        let mut electrodes = zero(row.electrodes(), &n_electrodes);
        let has_types = self.terms.sums.iter().any(|term| !term.is_membrane());
        let mut currents = has_types.then(|| zero(row.slots(), &n_compartments));
        let mut lanes = vec![LaneMask::NONE; self.terms.sums.len()];
        for (lane, layout) in row.cells.iter().enumerate() {
            let at = self.by_gid.partition_point(|cell| cell.gid < layout.gid);
            let cell = self.by_gid[at];
            self.placed.place(self.model.network(), cell)?;
            let morphology = cell.template.morphology();
            let mut matrix = Array2::zeros((probe.n_rows(), morphology.n_segments()));
            let placed = self.placed.points();
            let given = self.model.given_points().map(|points| points.of(cell.gid)).transpose();
            let given = given.map_err(|source| self.model.cell_error(cell.gid, source))?;
            let (start_um, end_um, diam_um) = match &given {
                Some(points) => (&*points.start_um, &*points.end_um, &*points.diam_um),
                None => (&*placed.start_um, &*placed.end_um, &*morphology.segments.diam_um),
            };
            let parents = parents(morphology);
            let raised = Geometry::new(start_um, end_um, diam_um)
                .and_then(|geometry| geometry.with_parents(&parents))
                .and_then(|geometry| probe.fill(&geometry.with_cell(cell.gid), matrix.view_mut()))
                .map_err(|source| Error::ProbeCell {
                    probe: self.name.to_owned(),
                    gid: cell.gid,
                    source: Box::new(source),
                })?;
            *n_raised += raised as u64;
            if let Some(sketch) = self.sketch {
                sketch.add(cell.gid, matrix.view());
            }
            let couplings = couplings(cell.template.tree());
            let of_potentials = matrix_of_potentials(matrix.view(), &couplings);
            potentials.set_cell(lane, of_potentials.view(), &layout.slots);
            for (nth, &segment) in (0..).zip(&layout.electrodes) {
                let column = matrix.column(segment as usize).insert_axis(Axis(1));
                electrodes.set_cell(lane, column, &[nth]);
            }
            if let Some(currents) = &mut currents {
                currents.set_cell(lane, matrix.view(), &layout.slots);
            }
            for (mask, term) in lanes.iter_mut().zip(&self.terms.sums) {
                if self.contributes(cell, term) {
                    *mask = mask.with(lane);
                }
            }
        }
        let mut membrane = vec![potentials];
        if !row.electrodes().is_empty() {
            membrane.push(electrodes);
        }
        Ok(OfRow { membrane, currents, lanes })
    }

    /// Whether a cell contributes to a sum.
    fn contributes(&self, cell: &LocalCell, term: &Term) -> bool {
        match term.cells {
            Cells::All => true,
            Cells::Population(population) => cell.population == population,
            Cells::Group(group) => self.cells_of_groups[group].contains(cell.gid),
        }
    }
}

/// Number of the membrane current among all types.
pub(super) const MEMBRANE: usize = 0;

/// All types of current that probes ask for, the membrane current first.
pub(super) fn all_types(model: &Model) -> Vec<CurrentType> {
    let mut types = vec![CurrentType::Membrane];
    for kind in model.probes().iter().flat_map(|probe| &probe.currents) {
        if !types.contains(kind) {
            types.push(kind.clone());
        }
    }
    types
}

/// Pairs of segments and the conductances between them.
fn couplings(tree: &CableTree) -> Vec<(usize, usize, f64)> {
    let couplings = tree.couplings().into_iter();
    couplings.map(|c| (c.segments[0] as usize, c.segments[1] as usize, c.conductance_us)).collect()
}

/// For each segment the one that its axial current flows to.
fn parents(morphology: &SegmentedMorphology) -> Vec<Option<u32>> {
    let mut parents = Vec::with_capacity(morphology.n_segments());
    for section in &morphology.sections {
        let before = section.parent.map(|(parent, x)| morphology.segment_at(parent, x) as u32);
        parents.push(before);
        let first = section.first_segment as u32;
        parents.extend((first..first + section.n_segments as u32 - 1).map(Some));
    }
    parents
}
