//! The same spikes and traces from any number of ranks: each network is run by all ranks together,
//! and by rank 0 alone. Also the network that NEURON simulated.
//!
//! Every rank of a job runs this program; without a launcher it is a job of one rank.

mod common;

use std::process::ExitCode;

use common::{connected, in_memory, model, populations};
use net_io::network::NetworkTables;
use net_mpi::{Communicator, Mode, SpikeTime, run};
use net_sim::tables::{model_of_tables, settings_of_tables};
use net_sim::*;

fn main() -> ExitCode {
    run(Mode::Auto, |comm| -> Result<()> {
        for threads in [1, 2] {
            let with_threads = in_memory(50.0, threads);
            check(comm, "a drawn network", &connected(5, [160, 40], 0.5), &with_threads)?;
            let balanced =
                RunOptions { partition: CellPartition::Balanced, ..with_threads.clone() };
            check(comm, "a balanced partition", &connected(5, [30, 10], 0.5), &balanced)?;
            let costs: Vec<f64> = (0..40).map(|gid| f64::from(gid % 7) + 0.5).collect();
            let partition = CellPartition::ByCost(costs.into());
            let by_cost = RunOptions { partition, ..with_threads.clone() };
            check(comm, "a partition by given costs", &connected(5, [30, 10], 0.5), &by_cost)?;
            check(comm, "the shortest delay", &connected(6, [20, 5], 0.025), &with_threads)?;
            check(comm, "two steps of delay", &connected(6, [20, 5], 0.05), &with_threads)?;
            check(comm, "more ranks than cells", &connected(7, [1, 1], 0.5), &with_threads)?;
            check(comm, "no cells", &connected(7, [0, 0], 0.5), &with_threads)?;
            check(comm, "no connections", &model(populations(8, [7, 2])), &with_threads)?;
            replay(comm, threads)?;
        }
        Ok(())
    })
}

/// Spikes and traces of all ranks, on rank 0.
fn results(
    comm: &Communicator,
    model: &Model,
    options: &RunOptions,
) -> Result<Option<(Vec<SpikeTime>, Vec<Trace>)>> {
    gather(comm, Simulation::build(comm, model, options)?)
}

/// The same of a run in pieces of all lengths, after some steps that are taken back.
fn results_in_pieces(
    comm: &Communicator,
    model: &Model,
    options: &RunOptions,
) -> Result<Option<(Vec<SpikeTime>, Vec<Trace>)>> {
    let mut simulation = Simulation::build(comm, model, options)?;
    simulation.advance(3.7)?;
    simulation.reset()?;
    for duration_ms in [0.025, 0.0, 1.3, 0.5, 0.175, 20.0] {
        simulation.advance(duration_ms)?;
    }
    gather(comm, simulation)
}

fn gather(
    comm: &Communicator,
    simulation: Simulation<'_>,
) -> Result<Option<(Vec<SpikeTime>, Vec<Trace>)>> {
    let outcome = simulation.run()?;
    let (spikes, traces) = (outcome.gather_spikes(comm)?, outcome.gather_traces(comm)?);
    Ok(spikes.zip(traces))
}

fn check(comm: &Communicator, name: &str, model: &Model, options: &RunOptions) -> Result<()> {
    let together = results(comm, model, options)?;
    let in_pieces = results_in_pieces(comm, model, options)?;
    if let Some((spikes, traces)) = together {
        let alone = results(&Communicator::solo(), model, &in_memory(options.tstop_ms, 1))?;
        let (expected_spikes, expected_traces) = alone.unwrap_or_default();
        assert!(spikes == expected_spikes, "{name}: spikes differ");
        assert!(traces == expected_traces, "{name}: traces differ");
        let (spikes_in_pieces, traces_in_pieces) = in_pieces.unwrap_or_default();
        assert!(spikes_in_pieces == spikes, "{name}: spikes in pieces differ");
        assert!(traces_in_pieces == traces, "{name}: traces in pieces differ");
        println!("{name}: {} spikes, {} traces ... ok", spikes.len(), traces.len());
    }
    Ok(comm.barrier()?)
}

/// All spikes of a network that NEURON simulated, at the same steps.
fn replay(comm: &Communicator, threads: usize) -> Result<()> {
    let Some(shared) = common::shared() else { return Ok(()) };
    let path = shared.join("reference/lfpy/network_ei.h5");
    let tables = comm.agree(NetworkTables::read(&path))?;
    let soma_v = Recording::new("soma_v", Targets::All, Quantity::Voltage);
    let model = model_of_tables(&path, &tables)?.with_recording(soma_v);
    let options = RunOptions {
        settings: settings_of_tables(&tables.parameters),
        ..in_memory(tables.parameters.tstop_ms, threads)
    };
    let Some((spikes, traces)) = results(comm, &model, &options)? else { return Ok(()) };
    let step = |time_ms: f64| (time_ms / tables.parameters.dt_ms).round() as u64;
    let mut steps: Vec<_> = spikes.iter().map(|spike| (step(spike.time_ms), spike.gid)).collect();
    steps.sort_unstable();
    let reference = tables.reference.spikes.iter().flatten();
    let mut expected: Vec<_> = reference.map(|&(gid, time_ms)| (step(time_ms), gid)).collect();
    expected.sort_unstable();
    assert_eq!(steps, expected);
    if let Some(soma_v) = &tables.reference.soma_v_mv {
        for (trace, reference) in traces.iter().zip(soma_v.outer_iter()) {
            let pairs = trace.values.iter().zip(reference);
            let largest = pairs.map(|(a, b)| (a - f64::from(*b)).abs()).fold(0.0, f64::max);
            assert!(largest <= 4e-6, "gid {}: {largest} mV", trace.gid);
        }
    }
    println!("NEURON's network: {} spikes at the same steps ... ok", steps.len());
    Ok(())
}
