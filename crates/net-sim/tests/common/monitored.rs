//! A program with monitors, in one go, and saved, given up and resumed.

use net_mpi::Communicator;
use net_sim::monitor::{Monitors, Recordings, SampleLabels};

use super::*;

/// Resets and ms since the last one.
type Place = (u64, f64);

type Act = fn(&mut Monitors, &mut Simulation<'_>) -> Result<()>;

/// What the program does, and where.
const ACTS: [(Place, Act); 6] = [
    ((0, 0.0), |monitors, simulation| monitors.start_some(simulation, &["E"])),
    ((0, 10.1), |_, simulation| {
        for (population, name, value) in
            [("E", "hh.gnabar", 0.1), ("E", "pas.g", 3e-4), ("I", "ExpSyn.tau", 3.0)]
        {
            let cells = Targets::Population(population.into());
            simulation.set_cell_parameter(&CellParameter::new(cells, name, value))?;
        }
        Ok(())
    }),
    ((0, 20.3), |monitors, simulation| {
        monitors.pause_some(simulation, &["E"])?;
        monitors.start_some(simulation, &["I"])
    }),
    ((0, 22.3), |monitors, simulation| monitors.start(simulation)),
    ((0, 32.3), |monitors, simulation| monitors.new_chunk(simulation)),
    ((0, 32.4), |monitors, simulation| monitors.reset_keeping_parameters(simulation)),
];

const END: Place = (1, 15.0);

/// From where a simulation is to a place, with all that is to be done before.
fn go(monitors: &mut Monitors, simulation: &mut Simulation<'_>, until: Place) -> Result<()> {
    let from = (simulation.n_resets(), simulation.time_ms());
    for (at, act) in ACTS.iter().filter(|(at, _)| from <= *at && *at < until) {
        simulation.advance(at.1 - simulation.time_ms())?;
        act(monitors, simulation)?;
    }
    simulation.advance(until.1 - simulation.time_ms())
}

fn monitors() -> Result<Monitors> {
    let dictionary = [
        ("E;0.5", &["v", "spike"][..]),
        ("I", &["i_membrane", "hh.m"][..]),
        ("E:I;0.4", &["w", "g"][..]),
    ];
    Ok(Monitors::new(dictionary)?.with_labels(SampleLabels::AfterStep))
}

/// What it records in one go, on rank 0.
pub(crate) fn whole(comm: &Communicator, threads: usize) -> Result<Option<Recordings>> {
    let (mut monitors, options) = (monitors()?, in_memory(0.0, threads));
    let model = connected(5, [30, 10], 0.5).with_monitors(&monitors)?;
    let mut simulation = Simulation::build(comm, &model, &options)?;
    go(&mut monitors, &mut simulation, END)?;
    monitors.recordings(&mut simulation)
}

/// What it records if it is saved every 6 ms and given up: twice by all ranks, then by rank 0 alone,
/// and brought to its end by all with another number of threads.
pub(crate) fn resumed(comm: &Communicator, threads: usize) -> Result<Option<Recordings>> {
    let process = comm.all_gather_v(&[u64::from(std::process::id())])?;
    let folder = std::env::temp_dir().join(format!("net-sim-monitored-{}", process[0][0]));
    let options = |threads| {
        let every_ms = Some(6.0);
        let directory = Some(folder.join("checkpoints"));
        let checkpoints =
            Checkpoints { directory, every_ms, resume: true, ..Checkpoints::default() };
        RunOptions { checkpoints: Some(checkpoints), ..in_memory(50.0, threads) }
    };
    // Resumed here, given up there.
    let part = |comm: &Communicator, threads, from: Place, until| -> Result<Option<Recordings>> {
        let (mut monitors, options) = (monitors()?, options(threads));
        let model = connected(5, [30, 10], 0.5).with_monitors(&monitors)?;
        let mut simulation = Simulation::build(comm, &model, &options)?;
        assert_eq!(simulation.n_resets(), from.0);
        assert_eq!(simulation.step(), simulation.clock().n_steps(from.1));
        assert_eq!(monitors.resume(&mut simulation)?, from != (0, 0.0));
        go(&mut monitors, &mut simulation, until)?;
        monitors.recordings(&mut simulation)
    };
    part(comm, threads, (0, 0.0), (0, 19.9))?;
    comm.barrier()?;
    part(comm, threads, (0, 18.0), (0, 31.0))?;
    comm.barrier()?;
    if comm.is_root() {
        part(&Communicator::solo(), 1, (0, 30.0), (1, 7.0))?;
    }
    comm.barrier()?;
    let recordings = part(comm, 3 - threads, (1, 6.0), END)?;
    comm.barrier()?;
    if comm.is_root() {
        std::fs::remove_dir_all(folder).unwrap();
    }
    Ok(recordings)
}
