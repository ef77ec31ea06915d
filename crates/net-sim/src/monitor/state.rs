//! How far monitors are: what they have recorded and since when they run.

use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::recordings::{ChunkRecordings, MonitoredSynapse};
use super::times::{ChunkTimes, Period};

/// How far monitors are. What is recorded of the current chunk is with the simulation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct MonitorsState {
    /// One a compartment.
    pub(super) states: Vec<Running>,
    /// Times of the chunks that are complete.
    pub(super) chunk_times: Vec<ChunkTimes>,
    /// Their recordings, on rank 0; saved apart from the rest.
    #[serde(skip)]
    pub(crate) chunks: Vec<Arc<ChunkRecordings>>,
    /// Simulated steps before the last reset of the model.
    pub(super) origin: u64,
    pub(super) n_resets: u64,
}

/// Whether a compartment is recorded, and since when.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Running {
    pub(super) is_running: bool,
    /// Periods of this chunk that have ended.
    pub(super) periods: Vec<Period>,
    /// Start of the one that goes on.
    pub(super) started: Option<u64>,
}

impl MonitorsState {
    /// Before any start.
    pub(super) fn new(n_compartments: usize) -> Self {
        let states = vec![Running::default(); n_compartments];
        MonitorsState { states, ..MonitorsState::default() }
    }

    /// Forgets all but the resets of the model.
    pub(super) fn clear(&mut self) {
        // Time goes on; chunks count from where the simulation counts from.
        let n_resets = self.n_resets;
        *self = MonitorsState { n_resets, ..MonitorsState::new(self.states.len()) };
    }

    /// Begins a chunk at a step.
    pub(super) fn begin_chunk(&mut self, now: u64) {
        for state in &mut self.states {
            state.periods.clear();
            state.started = state.is_running.then_some(now);
        }
    }

    /// Notes that the model is at step 0 again, after so many more steps.
    pub(super) fn has_reset(&mut self, n_resets: u64, elapsed: u64) {
        self.n_resets = n_resets;
        self.origin += elapsed;
        self.begin_chunk(0);
    }
}

impl Running {
    pub(super) fn set_running(&mut self, is_running: bool, now: u64) {
        match (self.is_running, is_running) {
            (false, true) => self.started = Some(now),
            (true, false) => {
                let ended = self.started.take().map(|start| Period { start, stop: now });
                self.periods.extend(ended.filter(|period| period.start < period.stop));
            }
            _ => {}
        }
        self.is_running = is_running;
    }
}

/// Name, unit, numbers of rows and columns, and values, row by row.
type SavedArray = (String, String, (usize, usize), Vec<f64>);

/// A chunk as it is saved.
#[derive(Serialize, Deserialize)]
struct SavedChunk {
    arrays: Vec<SavedArray>,
    synapses: Vec<(String, Vec<MonitoredSynapse>)>,
    spikes: Vec<(String, Vec<Vec<u64>>)>,
}

impl Serialize for ChunkRecordings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let array = |(name, unit, array): &(String, String, Array2<f64>)| {
            (name.clone(), unit.clone(), array.dim(), array.iter().copied().collect())
        };
        let arrays = self.arrays.iter().map(array).collect();
        let (synapses, spikes) = (self.synapses.clone(), self.spikes.clone());
        SavedChunk { arrays, synapses, spikes }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ChunkRecordings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let SavedChunk { arrays, synapses, spikes } = SavedChunk::deserialize(deserializer)?;
        let array = |(name, unit, dim, values)| {
            let array = Array2::from_shape_vec(dim, values).map_err(serde::de::Error::custom)?;
            Ok((name, unit, array))
        };
        let arrays = arrays.into_iter().map(array).collect::<Result<_, D::Error>>()?;
        Ok(ChunkRecordings { arrays, synapses, spikes })
    }
}
