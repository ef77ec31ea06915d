//! How a run went: sizes, times, memory.

use std::collections::BTreeMap;
use std::fmt;

use net_mpi::Communicator;
use serde::Serialize;

use super::plan::Plan;
use crate::build::LocalSize;
use crate::error::Result;
use crate::options::RunOptions;

/// How a run went. Sizes are sums over all ranks; times are in s of wall time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunReport {
    /// Version of this program.
    pub version: &'static str,
    /// Ranks.
    pub n_ranks: usize,
    /// Threads of rank 0.
    pub n_threads: usize,
    /// Cells.
    pub n_cells: u64,
    /// Segments of all cells.
    pub n_segments: u64,
    /// Connected pairs of cells.
    pub n_connections: u64,
    /// Synapses of these.
    pub n_synapses: u64,
    /// Point processes: linear synapses of one kind on one segment share one, also with inputs.
    pub n_points: u64,
    /// Synapses with input from outside.
    pub n_inputs: u64,
    /// Columns of all recordings.
    pub n_recorded: u64,
    /// Spikes of all cells.
    pub n_spikes: u64,
    /// Time step in ms.
    pub dt_ms: f64,
    /// Steps.
    pub n_steps: u64,
    /// Shortest delay in ms; absent without connections.
    pub min_delay_ms: Option<f64>,
    /// Steps between two exchanges of spikes.
    pub epoch_steps: u64,
    /// Whether spikes were exchanged while the next epoch was computed.
    pub overlapped: bool,
    /// The longest of all ranks for each phase.
    pub phases: Phases,
    /// Time in s that each rank's threads computed, on average.
    pub compute_s_by_rank: Vec<f64>,
    /// Longest of these, divided by their mean: 1 if the work is balanced.
    pub imbalance: f64,
    /// Largest resident memory of each rank in MB (1e6 bytes); 0 where the system does not say.
    pub peak_memory_mb_by_rank: Vec<f64>,
    /// Bytes of cells with their synapses' states, and of connections.
    pub cell_bytes: u64,
    /// Bytes of the tables of connections.
    pub connection_bytes: u64,
    /// Bytes of the matrices and sums of probes.
    pub probe_bytes: u64,
    /// For each probe the pairs of a point and a segment whose distance was raised to the segment's
    /// radius.
    pub distances_raised: BTreeMap<String, u64>,
}

/// Wall time of each phase in s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Phases {
    /// Drawing the network and laying out the cells.
    pub build_s: f64,
    /// Writing positions and synapses.
    pub write_s: f64,
    /// All epochs.
    pub run_s: f64,
    /// Of these: computing, mean over threads.
    pub compute_s: f64,
    /// Of these: exchanging spikes and waiting for other ranks.
    pub exchange_s: f64,
    /// Of these: collecting and sealing spikes and samples.
    pub record_s: f64,
    /// Merging the files of all ranks.
    pub merge_s: f64,
}

/// What one rank knows.
pub(super) struct Own<'a> {
    pub(super) options: &'a RunOptions,
    pub(super) plan: &'a Plan,
    pub(super) n_threads: usize,
    pub(super) n_steps: u64,
    pub(super) size: LocalSize,
    /// Of cells and of connections.
    pub(super) memory_bytes: (u64, u64),
    pub(super) phases: Phases,
    pub(super) n_columns: u64,
    pub(super) n_spikes: u64,
    /// Of all ranks already.
    pub(super) distances_raised: BTreeMap<String, u64>,
}

impl RunReport {
    /// Puts all ranks' numbers together. Collective.
    pub(super) fn gather(comm: &Communicator, own: &Own) -> Result<Self> {
        let size = own.size;
        let mut sums = [
            size.n_cells,
            size.n_segments,
            size.counts.connections,
            size.counts.synapses,
            size.n_points,
            size.n_inputs,
            own.n_columns,
            own.n_spikes,
            own.memory_bytes.0,
            own.memory_bytes.1,
            size.probe_bytes,
        ];
        comm.sum_slice(&mut sums)?;
        let p = own.phases;
        let mut longest =
            [p.build_s, p.write_s, p.run_s, p.compute_s, p.exchange_s, p.record_s, p.merge_s];
        comm.max_slice(&mut longest)?;
        let of_ranks = comm.all_gather_v(&[p.compute_s, peak_memory_mb()])?;
        let compute_s_by_rank: Vec<f64> = of_ranks.iter().map(|own| own[0]).collect();
        let mean = compute_s_by_rank.iter().sum::<f64>() / comm.size() as f64;
        let most = compute_s_by_rank.iter().copied().fold(0.0, f64::max);
        let dt_ms = own.options.settings.dt_ms;
        let [build_s, write_s, run_s, compute_s, exchange_s, record_s, merge_s] = longest;
        Ok(RunReport {
            version: env!("CARGO_PKG_VERSION"),
            n_ranks: comm.size(),
            n_threads: own.n_threads,
            n_cells: sums[0],
            n_segments: sums[1],
            n_connections: sums[2],
            n_synapses: sums[3],
            n_points: sums[4],
            n_inputs: sums[5],
            n_recorded: sums[6],
            n_spikes: sums[7],
            dt_ms,
            n_steps: own.n_steps,
            min_delay_ms: own.plan.min_delay_steps.map(|steps| steps as f64 * dt_ms),
            epoch_steps: own.plan.epoch_steps,
            overlapped: own.plan.overlapped,
            phases: Phases { build_s, write_s, run_s, compute_s, exchange_s, record_s, merge_s },
            imbalance: if mean > 0.0 { most / mean } else { 1.0 },
            compute_s_by_rank,
            peak_memory_mb_by_rank: of_ranks.iter().map(|own| own[1]).collect(),
            cell_bytes: sums[8],
            connection_bytes: sums[9],
            probe_bytes: sums[10],
            distances_raised: own.distances_raised.clone(),
        })
    }

    /// Compartment-steps a second of wall time in the epochs, in millions.
    pub fn million_compartment_steps_per_s(&self) -> f64 {
        1e-6 * self.n_segments as f64 * self.n_steps as f64 / self.phases.run_s
    }

    /// Largest resident memory of any rank in MB.
    pub fn peak_memory_mb(&self) -> f64 {
        self.peak_memory_mb_by_rank.iter().copied().fold(0.0, f64::max)
    }
}

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let simulated_ms = self.n_steps as f64 * self.dt_ms;
        let p = &self.phases;
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        writeln!(
            f,
            "network   {} cells, {} segments, {} connections with {} synapses, {} inputs",
            self.n_cells, self.n_segments, self.n_connections, self.n_synapses, self.n_inputs
        )?;
        writeln!(
            f,
            "          {} synapse states, {} spikes, {} recorded columns",
            self.n_points, self.n_spikes, self.n_recorded
        )?;
        let megabytes = |bytes: u64| 1e-6 * bytes as f64;
        writeln!(
            f,
            "          {:.1} MB of cells and synapses, {:.1} MB of connections",
            megabytes(self.cell_bytes),
            megabytes(self.connection_bytes)
        )?;
        if self.probe_bytes > 0 {
            writeln!(f, "probes    {:.1} MB of matrices and sums", megabytes(self.probe_bytes))?;
        }
        for (probe, n_raised) in self.distances_raised.iter().filter(|(_, n)| **n > 0) {
            writeln!(
                f,
                "          {n_raised} distances raised to the radius of a segment: {probe}"
            )?;
        }
        let delay = self.min_delay_ms.map_or("none".to_owned(), |ms| format!("{ms} ms"));
        writeln!(
            f,
            "time      {simulated_ms} ms in {} steps of {} ms, shortest delay {delay}, \
             epochs of {} step{}",
            self.n_steps,
            self.dt_ms,
            self.epoch_steps,
            plural(self.epoch_steps as usize)
        )?;
        writeln!(
            f,
            "layout    {} rank{}, {} thread{} each, imbalance {:.2}",
            self.n_ranks,
            plural(self.n_ranks),
            self.n_threads,
            plural(self.n_threads),
            self.imbalance
        )?;
        writeln!(
            f,
            "took      build {:.3} s, write network {:.3} s, run {:.3} s (compute {:.3}, exchange \
             {:.3}, record {:.3}), merge files {:.3} s",
            p.build_s, p.write_s, p.run_s, p.compute_s, p.exchange_s, p.record_s, p.merge_s
        )?;
        write!(
            f,
            "speed     {:.2} million compartment-steps/s, {:.3} x real time; memory {:.0} MB a rank \
             at most",
            self.million_compartment_steps_per_s(),
            1e-3 * simulated_ms / p.run_s,
            self.peak_memory_mb()
        )
    }
}

/// Largest resident memory of this process in MB, as Linux tells; else 0.
fn peak_memory_mb() -> f64 {
    memory_mb("VmHWM:")
}

/// Present resident memory of this process in MB, as Linux tells; else 0.
pub(crate) fn resident_memory_mb() -> f64 {
    memory_mb("VmRSS:")
}

/// Memory of this machine in bytes, as Linux tells.
pub(crate) fn machine_memory_bytes() -> Option<u64> {
    memory_bytes("/proc/meminfo", "MemTotal:")
}

fn memory_mb(key: &str) -> f64 {
    memory_bytes("/proc/self/status", key).map_or(0.0, |bytes| 1e-6 * bytes as f64)
}

/// The number in a line of a file of Linux about memory.
fn memory_bytes(path: &str, key: &str) -> Option<u64> {
    let status = std::fs::read_to_string(path).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(1024 * kib)
}
