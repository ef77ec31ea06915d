//! What monitors recorded: arrays and spikes by chunk.

use ndarray::Array2;
use net_core::Gid;
use serde::{Deserialize, Serialize};

use super::combine::{ChunkTime, Combined, Fill, combine, steps_of_chunks};
use super::error::MonitorError;
use super::times::RecordingTimes;

/// The recordings of all chunks, with their times.
///
/// Names are `compartment;variable`, as in `E;v`.
#[derive(Clone, Debug, PartialEq)]
pub struct Recordings {
    pub(crate) chunks: Vec<ChunkRecordings>,
    pub(crate) times: RecordingTimes,
}

/// A synapse, or the state that several linear ones of a kind share on a segment: a column of an array
/// of a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitoredSynapse {
    /// The cell that a connection comes from; of variables of a mechanism none is told.
    pub source: Option<Gid>,
    /// The cell on which it is.
    pub target: Gid,
    /// The segment.
    pub segment: u32,
    /// Number of a connection among those of its projection on the cell, as they are drawn, or of an
    /// instance of a mechanism on the segment.
    pub number: u32,
}

/// Recordings of one chunk.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct ChunkRecordings {
    /// Name, unit and samples x cells or synapses, in the order of the monitors.
    pub(crate) arrays: Vec<(String, String, Array2<f64>)>,
    /// Of arrays of projections, name and columns.
    pub(crate) synapses: Vec<(String, Vec<MonitoredSynapse>)>,
    /// Compartment, and the steps of each of its cells' spikes.
    pub(crate) spikes: Vec<(String, Vec<Vec<u64>>)>,
}

impl Recordings {
    /// Recordings from elsewhere, such as a file, as one chunk: to be combined and plotted as a
    /// monitor's.
    ///
    /// # Errors
    /// An array whose number of samples does not fit its times.
    pub fn from_parts(dt_ms: f64, parts: Vec<RecordedPart>) -> Result<Self, MonitorError> {
        super::parts::recordings_of_parts(dt_ms, parts)
    }

    /// When all this was recorded.
    pub fn times(&self) -> &RecordingTimes {
        &self.times
    }

    /// Number of chunks.
    pub fn n_chunks(&self) -> usize {
        self.chunks.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Names of the arrays of a chunk.
    ///
    /// # Errors
    /// There is no such chunk.
    pub fn names(&self, chunk: usize) -> Result<Vec<&str>, MonitorError> {
        Ok(self.chunk(chunk)?.arrays.iter().map(|(name, ..)| name.as_str()).collect())
    }

    /// Samples x cells of a variable, or samples x [synapses](Self::synapses), in its unit.
    ///
    /// # Errors
    /// There is no such chunk or recording.
    pub fn array(&self, chunk: usize, name: &str) -> Result<&Array2<f64>, MonitorError> {
        let own = self.chunk(chunk)?;
        let found = own.arrays.iter().find(|(other, ..)| other == name);
        found.map(|(.., array)| array).ok_or_else(|| own.no_variable(name))
    }

    /// The columns of the array of a projection, by target, segment and number.
    ///
    /// # Errors
    /// There is no such chunk or recording, or it is that of a population.
    pub fn synapses(&self, chunk: usize, name: &str) -> Result<&[MonitoredSynapse], MonitorError> {
        let own = self.chunk(chunk)?;
        let found = own.synapses.iter().find(|(other, _)| other == name);
        found.map(|(_, synapses)| synapses.as_slice()).ok_or_else(|| own.no_variable(name))
    }

    /// Unit of a variable; empty for what has none or is not recorded.
    pub fn unit(&self, compartment: &str, variable: &str) -> &str {
        let name = format!("{compartment};{variable}");
        let mut arrays = self.chunks.iter().flat_map(|chunk| &chunk.arrays);
        arrays.find(|(other, ..)| *other == name).map_or("", |(_, unit, _)| unit)
    }

    /// The steps at which each cell of a compartment spiked, in order; cells that did not spike have
    /// an empty list.
    ///
    /// # Errors
    /// There is no such chunk, or the compartment's spikes were not recorded.
    pub fn spike_steps(
        &self,
        chunk: usize,
        compartment: &str,
    ) -> Result<&[Vec<u64>], MonitorError> {
        let own = self.chunk(chunk)?;
        let found = own.spikes.iter().find(|(other, _)| other == compartment);
        found
            .map(|(_, spikes)| spikes.as_slice())
            .ok_or_else(|| own.no_variable(&format!("{compartment};spike")))
    }

    /// The times of these spikes in ms.
    ///
    /// # Errors
    /// As [`spike_steps`](Self::spike_steps).
    pub fn spike_times_ms(
        &self,
        chunk: usize,
        compartment: &str,
    ) -> Result<Vec<Vec<f64>>, MonitorError> {
        let cells = self.spike_steps(chunk, compartment)?;
        let times = |steps: &Vec<u64>| steps.iter().map(|&step| self.times.ms(step)).collect();
        Ok(cells.iter().map(times).collect())
    }

    /// Joins the periods of a chunk; `fill` says what stands for pauses.
    ///
    /// # Errors
    /// There is no such chunk or recording.
    pub fn combine_periods(
        &self,
        name: &str,
        chunk: usize,
        fill: Fill,
    ) -> Result<Combined, MonitorError> {
        let array = self.array(chunk, name)?;
        let own = self.times.find(chunk, compartment_of(name))?;
        let steps: Vec<u64> = own.steps().collect();
        Ok(combine(&[(steps, array)], own.interval, fill, &self.times))
    }

    /// Joins all chunks; pauses are NaN.
    ///
    /// # Errors
    /// There is no such recording.
    pub fn combine_chunks(&self, name: &str, time: ChunkTime) -> Result<Combined, MonitorError> {
        let compartment = compartment_of(name);
        let arrays = (0..self.n_chunks()).map(|chunk| self.array(chunk, name));
        let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
        let interval = self.times.find(0, compartment)?.interval;
        let steps = steps_of_chunks(&self.times, compartment, time)?;
        let pieces: Vec<_> = steps.into_iter().zip(arrays).collect();
        Ok(combine(&pieces, interval, Fill::Nan, &self.times))
    }

    fn chunk(&self, chunk: usize) -> Result<&ChunkRecordings, MonitorError> {
        let n_chunks = self.chunks.len();
        self.chunks.get(chunk).ok_or(MonitorError::NoChunk { chunk, n_chunks })
    }
}

impl ChunkRecordings {
    fn no_variable(&self, name: &str) -> MonitorError {
        let arrays = self.arrays.iter().map(|(name, ..)| name.clone());
        let spikes = self.spikes.iter().map(|(name, _)| format!("{name};spike"));
        let known = arrays.chain(spikes).collect::<Vec<_>>().join(", ");
        MonitorError::NoVariable { name: name.to_owned(), known }
    }
}

/// What stands before the semicolon.
pub(crate) fn compartment_of(name: &str) -> &str {
    name.split_once(';').map_or(name, |(compartment, _)| compartment)
}

/// Recordings of one compartment from elsewhere.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct RecordedPart {
    /// Name of the compartment.
    pub compartment: String,
    /// Steps between samples.
    pub interval_steps: u64,
    /// A step that has a sample, or would have; less than the interval.
    pub offset_steps: u64,
    /// First step of recording and first step after it; more than one pair if there were pauses.
    pub periods: Vec<(u64, u64)>,
    /// Variables, their units and their samples x cells.
    pub arrays: Vec<(String, String, Array2<f64>)>,
    /// Steps of the spikes of each cell.
    pub spikes: Option<Vec<Vec<u64>>>,
}
