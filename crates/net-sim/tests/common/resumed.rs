//! Runs that are saved, given up, and resumed on other ranks and threads.

use std::path::Path;

use net_mpi::{Communicator, SpikeTime};

use super::*;

/// What a run leaves, on rank 0: in memory, and the bytes of its files.
type Left = (Vec<SpikeTime>, Vec<Trace>, Vec<ProbeSignal>, Vec<Vec<u8>>);

const TSTOP_MS: f64 = 40.0;

fn options(directory: &Path, threads: usize, settings: StepSettings) -> RunOptions {
    let mut options = into_files(TSTOP_MS, threads, directory);
    options.settings = settings;
    if let Some(output) = &mut options.output {
        output.connections = false;
        // What was recorded after a checkpoint is on the disk when the run is given up.
        output.seal_interval_ms = Some(0.5);
    }
    options.checkpoints =
        Some(Checkpoints { every_ms: Some(6.0), resume: true, ..Checkpoints::default() });
    options
}

fn left(comm: &Communicator, simulation: Simulation<'_>, directory: &Path) -> Result<Option<Left>> {
    let outcome = simulation.run()?;
    let (spikes, traces) = (outcome.gather_spikes(comm)?, outcome.gather_traces(comm)?);
    let Some((spikes, traces)) = spikes.zip(traces) else { return Ok(None) };
    let names = ["spikes.h5", "traces.h5", "OUTPUT.h5"];
    let files = names.map(|name| std::fs::read(directory.join(name)).unwrap_or_default());
    assert!(!directory.join("checkpoints").exists() && !directory.join("parts").exists());
    Ok(Some((spikes, traces, outcome.signals, files.into())))
}

/// A run of all ranks that is given up after 17 ms and resumed at 12 ms in the same layout, then
/// by rank 0 alone, then by all with another number of threads: it leaves what one run leaves.
pub(crate) fn check(
    comm: &Communicator,
    (name, folder): (&str, &Path),
    (model, settings): (&Model, StepSettings),
    threads: usize,
) -> Result<()> {
    let dt_ms = settings.dt_ms;
    let options = |directory: &Path, threads| options(directory, threads, settings);
    let solo = Communicator::solo();
    let (whole, parted) = (folder.join("whole"), folder.join("parted"));
    let expected = match comm.is_root() {
        true => {
            let options = RunOptions { checkpoints: None, ..options(&whole, 1) };
            left(&solo, Simulation::build(&solo, model, &options)?, &whole)?
        }
        false => None,
    };
    let at_ms = |simulation: &Simulation, ms: f64| {
        assert_eq!(simulation.step(), simulation.clock().n_steps(ms), "{name}");
    };
    let together = options(&parted, threads);
    let mut first = Simulation::build(comm, model, &together)?;
    first.advance(17.3)?;
    drop(first);
    comm.barrier()?;
    let mut second = Simulation::build(comm, model, &together)?;
    at_ms(&second, 12.0);
    second.advance(7.2 + dt_ms)?;
    drop(second);
    comm.barrier()?;
    if comm.is_root() {
        let alone = options(&parted, 1);
        let mut third = Simulation::build(&solo, model, &alone)?;
        at_ms(&third, 18.0);
        third.advance(5.4 + 3.0 * dt_ms)?;
        third.checkpoint()?;
        third.advance(2.0 * dt_ms)?;
    }
    comm.barrier()?;
    let others = options(&parted, 3 - threads);
    let last = Simulation::build(comm, model, &others)?;
    at_ms(&last, 18.0 + 5.4 + 3.0 * dt_ms);
    if let (Some(found), Some(expected)) = (left(comm, last, &parted)?, expected) {
        assert!(found.0 == expected.0, "{name}: spikes differ");
        assert!(found.1 == expected.1, "{name}: samples differ");
        assert!(found.2 == expected.2, "{name}: signals of probes differ");
        for (file, (found, expected)) in found.3.iter().zip(&expected.3).enumerate() {
            assert!(found == expected, "{name}: file {file} differs");
        }
        println!("{name}, resumed: {} spikes ... ok", found.0.len());
        std::fs::remove_dir_all(folder).unwrap();
    }
    Ok(comm.barrier()?)
}
