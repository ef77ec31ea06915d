//! What a run leaves.

use std::path::PathBuf;

use net_cell::Spike;
use net_mpi::{Communicator, SpikeTime};

use super::recorder::Trace;
use super::report::RunReport;
use crate::error::Result;
use crate::probes::ProbeSignal;

/// What a run leaves.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it went; the same on all ranks.
    pub report: RunReport,
    /// Spikes of this rank's cells, if they were to be kept in memory, by step and gid.
    pub spikes: Vec<Spike>,
    /// Samples of this rank's cells, if they were to be kept in memory.
    pub traces: Vec<Trace>,
    /// Signals of the probes of the model, if they were to be kept in memory: of all on rank 0, on
    /// others of those that stay per rank.
    pub signals: Vec<ProbeSignal>,
    /// SHA-256 of what was simulated: cells, connections, inputs, populations, stimulations. The same
    /// for all layouts.
    pub model_hash: String,
    /// Directory of the files, if there are some.
    pub directory: Option<PathBuf>,
    pub(super) dt_ms: f64,
}

impl Outcome {
    /// The spikes of all ranks that were kept in memory, by time and gid, on rank 0. Collective.
    ///
    /// # Errors
    /// Those of communication.
    pub fn gather_spikes(&self, comm: &Communicator) -> Result<Option<Vec<SpikeTime>>> {
        let spike =
            |spike: &Spike| SpikeTime { gid: spike.gid, time_ms: spike.time_ms(self.dt_ms) };
        Ok(comm.gather_spikes(&self.spikes.iter().map(spike).collect::<Vec<_>>())?)
    }

    /// The traces of all ranks that were kept in memory, by recording, gid, segment and label, on rank 0.
    /// Collective.
    ///
    /// # Errors
    /// Those of communication.
    pub fn gather_traces(&self, comm: &Communicator) -> Result<Option<Vec<Trace>>> {
        let head = |trace: &Trace| {
            let Trace { recording, gid, segment, label, values } = trace;
            let place = u64::from(*segment) << 32 | u64::from(*label);
            [*recording as u64, *gid, place, values.len() as u64]
        };
        let heads: Vec<[u64; 4]> = self.traces.iter().map(head).collect();
        let values: Vec<f64> = self.traces.iter().flat_map(|trace| trace.values.clone()).collect();
        let (heads, values) = (comm.gather_v(0, &heads)?, comm.gather_v(0, &values)?);
        let (Some(heads), Some(values)) = (heads, values) else { return Ok(None) };
        let mut traces = Vec::new();
        for (heads, values) in heads.iter().zip(&values) {
            let mut rest = &values[..];
            for &[recording, gid, place, n] in heads {
                let (own, after) = rest.split_at(n as usize);
                rest = after;
                let (segment, label) = ((place >> 32) as u32, place as u32);
                let (recording, values) = (recording as usize, own.to_vec());
                traces.push(Trace { recording, gid, segment, label, values });
            }
        }
        traces.sort_by_key(|trace| (trace.recording, trace.gid, trace.segment, trace.label));
        Ok(Some(traces))
    }
}
