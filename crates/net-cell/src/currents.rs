//! Currents of whole blocks, for what is computed from all of them, such as fields.
//!
//! Currents are handed over while they are still in the cache: a block at a time, step by step, as
//! vectors of eight lanes. A lane is a cell; what is computed of one lane does not depend
//! on the others, and the slots of a cell have the same order in every layout.

use crate::error::CellError;
use crate::mechanism;
use crate::simd::F8;

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
    /// Slots of the block: vectors of currents a step.
    pub n_slots: usize,
    /// Cells side by side.
    pub rows: Vec<RowLayout>,
}

/// Cells that share a range of slots, one a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowLayout {
    /// First slot.
    pub first_slot: usize,
    /// Slots of the largest cell; the currents of the others are 0 in what is beyond them.
    pub n_slots: usize,
    /// The cells; the index is the lane.
    pub cells: Vec<CellLayout>,
}

/// Where a cell's segments stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellLayout {
    /// The cell.
    pub gid: u64,
    /// Slot of each segment, counted from the row's first.
    pub slots: Vec<u32>,
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
    pub(crate) n_segments: usize,
    /// Indices of numbers in the vectors: segments; for the membrane also forks and electrodes.
    pub(crate) places: Vec<usize>,
}

impl LinearPlaces {
    /// Indices of the cell's numbers, in an order that is the same in every layout.
    pub fn places(&self, of_membrane: bool) -> &[usize] {
        if of_membrane { &self.places } else { &self.places[..self.n_segments] }
    }
}

/// Currents of a block in one step.
///
/// The membrane current is a linear function of fewer operations than it takes to compute it: of the
/// potentials, and of what electrodes inject. So who wants a mean over steps adds up
/// [`linear`](Self::linear), and asks for the [`currents`](Self::currents) of the mean.
#[derive(Clone, Copy)]
pub struct StepCurrents<'a> {
    /// The block, as [`CellGroup::layouts`](crate::CellGroup::layouts) counts them.
    pub block: usize,
    /// Currents are those of the step that ends here; 0 for the start.
    pub step: u64,
    /// Slots of the block.
    pub n_slots: usize,
    pub(crate) linear: &'a dyn Fn(usize) -> &'a [F8],
    pub(crate) membrane: &'a dyn Fn(&[F8], &mut Vec<F8>),
}

impl StepCurrents<'_> {
    /// Of the `kind`-th type that was asked for, what its currents are a linear function of: as many
    /// vectors in every step of a block.
    pub fn linear(&self, kind: usize) -> &[F8] {
        (self.linear)(kind)
    }

    /// Appends the currents of a type, outward and in nA, one vector a slot, that follow from `linear`:
    /// from that of this step, or from a mean of this and earlier ones.
    pub fn currents(&self, kind: usize, linear: &[F8], to: &mut Vec<F8>) {
        // Only the membrane current is made from more than a vector a slot.
        if self.linear(kind).len() == self.n_slots {
            to.extend_from_slice(linear);
        } else {
            (self.membrane)(linear, to);
        }
    }
}

/// What is told of all currents of a group of cells.
pub trait CurrentObserver: Send + std::fmt::Debug {
    /// Whether the currents of the step that ends here are wanted. They cost little, but more than
    /// nothing.
    fn wants(&self, step: u64) -> bool;

    /// Takes the currents of a block. Blocks come in turn; of one block, all wanted steps come in order.
    fn observe(&mut self, currents: &StepCurrents<'_>);
}
