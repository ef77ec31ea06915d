//! How a run is divided into epochs.

use net_core::StepClock;
use net_mpi::Communicator;

use crate::error::Result;

/// Longest epoch in steps: packed spikes count to 65535, and an epoch's samples must fit in memory.
const MAX_EPOCH_STEPS: u64 = 4096;

/// Samples of an epoch that a rank keeps in memory.
const MAX_EPOCH_SAMPLES: u64 = 1 << 21;

/// Length of an epoch of cells that are not connected, in ms.
const UNCONNECTED_EPOCH_MS: f64 = 1.0;

/// How a run is divided into epochs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) epoch_steps: u64,
    /// Whether spikes travel while the next epoch is computed.
    pub(crate) overlapped: bool,
    /// Over all ranks; absent without connections.
    pub(crate) min_delay_steps: Option<u64>,
    pub(crate) max_delay_steps: u64,
}

impl Plan {
    /// From the delays, in steps, and recorded columns of this rank; `coupled` where cells see each
    /// other's potentials in every step. Collective.
    pub(crate) fn new(
        comm: &Communicator,
        clock: &StepClock,
        delays: Option<(u16, u16)>,
        n_columns: usize,
        coupled: bool,
    ) -> Result<Self> {
        let shortest = comm.min(delays.map_or(u64::MAX, |(min, _)| u64::from(min)))?;
        let max_delay_steps = comm.max(delays.map_or(0, |(_, max)| u64::from(max)))?;
        let n_columns = comm.max(n_columns as u64)?;
        let min_delay_steps = (shortest < u64::MAX).then_some(shortest);
        let alone = comm.size() == 1;
        let (wanted, overlapped) = match min_delay_steps {
            None => ((UNCONNECTED_EPOCH_MS / clock.dt_ms()).ceil() as u64, !alone),
            Some(delay) if alone => (delay, false),
            Some(1) => (1, false),
            Some(delay) => (delay / 2, true),
        };
        let longest = (MAX_EPOCH_SAMPLES / n_columns.max(1)).clamp(1, MAX_EPOCH_STEPS);
        let epoch_steps = if coupled { 1 } else { wanted.clamp(1, longest) };
        Ok(Plan { epoch_steps, overlapped, min_delay_steps, max_delay_steps })
    }
}
