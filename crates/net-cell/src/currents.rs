//! Currents of whole blocks, for what is computed from all of them, such as fields.
//!
//! Currents are handed over while they are still in the cache: a block at a time, step by step, as
//! vectors of eight lanes. A lane is a cell; what is computed of one lane does not depend
//! on the others, and the slots of a cell have the same order in every layout.

use std::ops::Range;

pub use net_kernel::destination::Destination;

use crate::error::CellError;
use crate::mechanism;
use crate::simd::{F8, LANES};

/// A part of the currents of a cell, outward positive.
///
/// Currents of a step are those that balance in it: at v(t+dt), or in the middle of a step of
/// second order. So, in every compartment, capacitive current and the currents of all mechanisms
/// other than electrodes add up to the membrane current, to rounding of the linear system: some
/// 1e-15 of potential times axial conductance, 1e-11 of the current of a soma that spikes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CurrentType {
    /// Through the membrane: capacitive, ionic and synaptic, without what electrodes inject. The
    /// sum over a cell is what electrodes inject.
    Membrane,
    /// Into the capacitance of the membrane.
    Capacitive,
    /// Of one mechanism. That of an electrode is what it draws from the cell, so that the membrane
    /// current and those of all electrodes add up to nothing over a cell.
    Mechanism(String),
    /// Of all point processes that take events and have a reversal potential above -50 mV; of those
    /// without reversal potential what flows inward, added up compartment by compartment.
    ExcitatorySynapses,
    /// Of the others.
    InhibitorySynapses,
}

impl CurrentType {
    /// Name of the signal, as LFPy calls it where it has one: `imem`, `icap`, `ipas`, `isyn_e`,
    /// `isyn_i`, and `i_` with the name of any other mechanism.
    pub fn name(&self) -> String {
        match self {
            CurrentType::Membrane => "imem".into(),
            CurrentType::Capacitive => "icap".into(),
            CurrentType::Mechanism(name) if name == "pas" => "ipas".into(),
            CurrentType::Mechanism(name) => format!("i_{name}"),
            CurrentType::ExcitatorySynapses => "isyn_e".into(),
            CurrentType::InhibitorySynapses => "isyn_i".into(),
        }
    }

    /// Checks that there is such a current.
    ///
    /// # Errors
    /// When no mechanism of this name is known.
    pub fn validate(&self) -> Result<(), CellError> {
        match self {
            CurrentType::Mechanism(name) => mechanism::find(name).map(|_| ()),
            _ => Ok(()),
        }
    }
}

/// Where the cells of a block stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockLayout {
    /// Slots of the block: vectors of currents, or of potentials, a step.
    pub n_slots: usize,
    /// Cells side by side.
    pub rows: Vec<RowLayout>,
}

impl BlockLayout {
    /// Vectors that the membrane current is a linear function of: slots, then electrodes.
    pub fn n_membrane(&self) -> usize {
        self.rows.last().map_or(self.n_slots, |row| row.electrodes().end)
    }

    /// The index of what the `nth` electrode of the cell in `lane` of a row injects, among the numbers
    /// that the membrane current is a linear function of.
    pub(crate) fn electrode(&self, row: usize, lane: usize, nth: usize) -> usize {
        (self.rows[row].first_electrode + nth) * LANES + lane
    }
}

/// Cells that share a range of slots, one a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowLayout {
    /// First slot.
    pub first_slot: usize,
    /// Slots of the largest cell; what is beyond the others has finite numbers of no meaning.
    pub n_slots: usize,
    /// The first vector of electrodes.
    pub first_electrode: usize,
    /// The cells; the index is the lane.
    pub cells: Vec<CellLayout>,
}

impl RowLayout {
    /// The row's slots.
    pub fn slots(&self) -> Range<usize> {
        self.first_slot..self.first_slot + self.n_slots
    }

    /// The vectors of the row's electrodes, as many as the cell has that has most.
    pub fn electrodes(&self) -> Range<usize> {
        let most = self.cells.iter().map(|cell| cell.electrodes.len()).max();
        self.first_electrode..self.first_electrode + most.unwrap_or(0)
    }
}

/// Where a cell's segments stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellLayout {
    /// The cell.
    pub gid: u64,
    /// Slot of each segment, counted from the row's first.
    pub slots: Vec<u32>,
    /// Segment of each of its electrodes.
    pub electrodes: Vec<u32>,
}

/// Where what the currents of a block are a linear function of belongs to its cells, so that a sum of
/// it can be saved and go on in another layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinearLayout {
    /// Vectors of what a type of current is a function of.
    pub n_slots: usize,
    /// The same of the membrane current.
    pub n_membrane: usize,
    /// The cells, but artificial ones.
    pub cells: Vec<LinearPlaces>,
}

/// What belongs to a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinearPlaces {
    /// The cell.
    pub gid: u64,
    n_segments: usize,
    /// Indices of numbers in the vectors: segments, then electrodes.
    places: Vec<usize>,
}

impl LinearPlaces {
    /// Indices of the cell's numbers, in an order that is the same in every layout.
    pub fn places(&self, of_membrane: bool) -> &[usize] {
        if of_membrane { &self.places } else { &self.places[..self.n_segments] }
    }
}

impl From<&BlockLayout> for LinearLayout {
    fn from(block: &BlockLayout) -> Self {
        let mut cells = Vec::new();
        for (number, row) in block.rows.iter().enumerate() {
            for (lane, cell) in row.cells.iter().enumerate() {
                let slot = |&slot: &u32| (row.first_slot + slot as usize) * LANES + lane;
                let electrodes = 0..cell.electrodes.len();
                let electrodes = electrodes.map(|nth| block.electrode(number, lane, nth));
                let places = cell.slots.iter().map(slot).chain(electrodes).collect();
                cells.push(LinearPlaces { gid: cell.gid, n_segments: cell.slots.len(), places });
            }
        }
        LinearLayout { n_slots: block.n_slots, n_membrane: block.n_membrane(), cells }
    }
}

/// Currents of a block in one step, or what they are a linear function of.
///
/// The membrane current is what flows in along the cable, a sum of differences of potentials times
/// [`couplings`](crate::cell::CableTree::couplings), and what electrodes inject. Who wants a linear
/// function of it, such as a field, takes that of the potentials instead, and the currents need not
/// be computed.
#[derive(Clone, Copy)]
pub struct StepCurrents<'a> {
    /// Currents are those of the step that ends here; 0 for the start.
    pub step: u64,
    pub(crate) linear: &'a dyn Fn(usize) -> &'a [F8],
}

impl StepCurrents<'_> {
    /// Of the `kind`-th type that was asked for the currents, outward and in nA, one vector a slot; but
    /// of the membrane current the potentials in mV at which the currents of the step balance, one
    /// vector a slot, then what electrodes inject in nA, at their places in the layout.
    pub fn linear(&self, kind: usize) -> &[F8] {
        (self.linear)(kind)
    }
}

/// What is told of all currents of a group of cells.
pub trait CurrentObserver: Send + std::fmt::Debug {
    /// Who is told of a block's currents while it advances some steps; blocks are counted as
    /// [`CellGroup::layouts`](crate::CellGroup::layouts) does, and come in turn.
    fn watch(&mut self, block: usize) -> Box<dyn BlockObserver + '_>;
}

/// What is told of all currents of a block.
pub trait BlockObserver {
    /// Whether the currents of the step that ends here are wanted. They cost little, but more than
    /// nothing. Steps come in order.
    fn wants(&mut self, step: u64) -> bool;

    /// Where the solver is to leave the potentials (mV) of the step that was asked for last, one vector a
    /// slot. That is asked where the membrane current is a function of them alone;
    /// [`observe`](Self::observe), which follows in any case, shows the same ones.
    fn destination(&mut self, n_slots: usize) -> Option<Destination<'_>>;

    /// Takes the currents of the step.
    fn observe(&mut self, currents: &StepCurrents<'_>);
}
