//! The state of cells between two steps, by what it belongs to and not by where it stands: cells are
//! known by gid, instances of mechanisms by name and number on their cell, connections by the order of
//! their sources. So what was saved in one layout can be read back in every other.
//!
//! What follows from the description of a network (parameters, geometry, connections, initial
//! weights) is no state. [`Fingerprint`]s tell whether it is the same network.

mod describe;

use serde::{Deserialize, Serialize};

pub use describe::{
    CellDescription, EventDescription, IonDescription, MechanismDescription, SegmentDescription,
    SelfEventDescription,
};

/// The state of a cable cell or an artificial cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CellState {
    /// The cell.
    pub gid: u64,
    /// Potential of each segment, mV.
    pub(crate) v_mv: Vec<f64>,
    /// Membrane current of each segment, nA, where it is kept.
    pub(crate) membrane_na: Vec<f64>,
    /// Whether the potential was above the threshold of spikes.
    pub(crate) above: bool,
    /// The same of variables that make spikes of their own, in the order in which they were asked for.
    pub(crate) crossed: Vec<bool>,
    pub(crate) mechanisms: Vec<MechanismState>,
    pub(crate) ions: Vec<IonState>,
    /// Weights that mechanisms keep, connection by connection: inputs, then those of cells by source.
    pub(crate) kept_weights: Vec<f64>,
    /// What mechanisms have sent to themselves, in the order in which it is due.
    pub(crate) sent: Vec<SentState>,
    /// Step and offset of spikes that were made before the first step.
    pub(crate) early_spikes: Vec<(u64, i32)>,
    /// Events of connections that are not due yet, in the order in which they act.
    pub(crate) events: Vec<EventState>,
    /// Inputs, in the order in which they were connected.
    pub(crate) sources: Vec<SourceState>,
}

/// The instances of a mechanism on a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MechanismState {
    pub(crate) name: String,
    pub(crate) n_instances: u32,
    /// Index of a column, and a value for each instance.
    pub(crate) columns: Vec<(u32, Vec<f64>)>,
}

/// A variable of an ion by segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct IonState {
    pub(crate) ion: String,
    pub(crate) variable: u8,
    pub(crate) values: Vec<f64>,
}

/// An instance of a cell: index of its mechanism among those of the cell, number among its instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InstanceOfCell {
    pub(crate) mechanism: u32,
    pub(crate) nth: u32,
}

/// Weights of an event: where they are kept among those of the cell, or the only one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct WeightsOfCell {
    pub(crate) kept: Option<u32>,
    pub(crate) weight: f64,
}

/// What a mechanism has sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SentState {
    pub(crate) t_ms: f64,
    pub(crate) what: u32,
    pub(crate) to: InstanceOfCell,
    pub(crate) flag: f64,
    pub(crate) weights: WeightsOfCell,
    /// Whether `net_move` would move it.
    pub(crate) is_movable: bool,
}

/// An event of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EventState {
    pub(crate) step: u64,
    /// Its exact time, where that matters.
    pub(crate) t_ms: Option<f64>,
    pub(crate) to: InstanceOfCell,
    pub(crate) weights: WeightsOfCell,
}

/// How far an input has come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum SourceState {
    /// Of given times.
    Times {
        /// Times that were taken.
        at: u64,
        /// The next event at the target, ms.
        next_ms: Option<f64>,
    },
    /// Of times that are drawn.
    Renewal {
        /// Position in the stream of random numbers.
        position: u64,
        /// Spikes that are left.
        left: u64,
        /// The last spike, ms.
        last_ms: f64,
        /// The next event at the target, ms.
        next_ms: Option<f64>,
    },
}

/// The state of some point neurons of a population, with all that ends on them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointsState {
    /// Number of the population.
    pub population: u32,
    /// The neurons, ascending.
    pub(crate) gids: Vec<u64>,
    /// Whether noise is drawn.
    pub(crate) has_noise: bool,
    /// Index of a variable, and a value for each neuron.
    pub(crate) columns: Vec<(u32, Vec<f64>)>,
    /// For each ring, what arrives: number of the neuron, step, sum.
    pub(crate) arriving: Vec<Vec<(u32, u64, f64)>>,
    pub(crate) projections: Vec<ProjectionState>,
    /// Inputs of each neuron, in the order in which they were connected.
    pub(crate) sources: Vec<Vec<SourceState>>,
    /// Recordings of variables that are sampled on delivery, with numbers of neurons and the values of
    /// the last step.
    pub(crate) delivered: Vec<(u64, Vec<(u32, f64)>)>,
}

/// Plastic synapses of a projection; empty where nothing is plastic.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProjectionState {
    /// Number of synapses of each neuron, and their weights, neuron by neuron, by source and delay.
    pub(crate) n_synapses: Vec<u32>,
    pub(crate) weights: Vec<f64>,
    /// Trace of each neuron, and its last spike.
    pub(crate) neurons: Vec<(f64, u64)>,
    pub(crate) sources: Vec<HistoryState>,
}

/// What synapses remember of a source; for plasticity by the timing of spikes, of a source and delay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct HistoryState {
    pub(crate) source: u32,
    pub(crate) delay_steps: u16,
    pub(crate) variables: [f64; 2],
    pub(crate) last_step: u64,
    /// Steps in which its events arrive.
    pub(crate) due: Vec<u64>,
    /// What its events left, where somebody looks at them as they arrive: step and variables.
    pub(crate) past: Vec<(u64, [f64; 2])>,
}

/// Hash of numbers in their order, by the finalizer of splitmix64 (Steele, Lea and Flood 2014): the
/// same on every machine, not for safety from people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Of nothing yet, told apart by `purpose`.
    pub fn new(purpose: u64) -> Self {
        let mut of = Fingerprint(0x6e65_742d_6365_6c6c);
        of.add(purpose);
        of
    }

    /// Adds a number.
    pub fn add(&mut self, number: u64) {
        let mut z = (self.0 ^ number).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = z ^ (z >> 31);
    }

    /// Adds numbers.
    pub fn add_all(&mut self, numbers: impl IntoIterator<Item = u64>) {
        numbers.into_iter().for_each(|number| self.add(number));
    }

    /// Adds a text.
    pub fn add_text(&mut self, text: &str) {
        self.add(text.len() as u64);
        text.bytes().for_each(|byte| self.add(u64::from(byte)));
    }

    /// The hash. Those of things whose order does not matter are added up, modulo 2^64.
    pub fn value(self) -> u64 {
        self.0
    }
}

/// Hashes of the parts of a network that end on some cells; those of all cells of a network are their
/// sums modulo 2^64, whatever the layout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NetworkFingerprint {
    /// Geometry, mechanisms, parameters, models.
    pub cells: u64,
    /// Sources, targets, delays, weights.
    pub connections: u64,
    /// Inputs from outside.
    pub inputs: u64,
}

impl std::ops::AddAssign for NetworkFingerprint {
    fn add_assign(&mut self, other: Self) {
        self.cells = self.cells.wrapping_add(other.cells);
        self.connections = self.connections.wrapping_add(other.connections);
        self.inputs = self.inputs.wrapping_add(other.inputs);
    }
}
