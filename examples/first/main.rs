//! A first simulation: a hundred cells with a dendrite, driven by noise, connected at random.
//!
//! `cargo run --release -p net-examples --example first`, or the same program under `mpirun`.

use net_cell::{CellTemplate, Region, morphology::*};
use net_core::*;
use net_sim::*;

fn simulate(comm: &net_mpi::Communicator) -> anyhow::Result<()> {
    let mut shape = MorphologyBuilder::new();
    let soma = shape.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0)?;
    shape.cylinder("dend", SectionKind::Basal, Some((soma, 1.0)), 300.0, 2.0)?;
    let rule = Discretization::DLambda { d_lambda: 0.1, frequency_hz: 100.0 };
    let cable = CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 };
    let mut cell =
        CellTemplate::new(shape.build()?.segmented(&rule, &cable.into(), SegmentPoints::Exact)?)?;
    cell.insert("hh", &Region::All, &[("gl", 0.0001)])?;

    let mut network = Network::new(42);
    network.add_population(Population::new("E", 100, "hh cell"))?;
    network.add_projection(Projection {
        rule: ConnectionRule::FixedProbability { probability: 0.1 },
        weight: Distribution::Normal { mean: 0.0005, std: 0.0001 },
        ..Projection::new("E", "E", "Exp2Syn")
    })?;
    let noise = SpikeSource::Poisson { rate_hz: 20.0, start_ms: 0.0, stop_ms: f64::INFINITY };
    let model = Model::new(network)
        .with_cells("hh cell", CellKind::shared(cell))
        .with_input(Input::drawn("noise", "E", "Exp2Syn", 10, 0.0005, noise));
    let options = RunOptions { tstop_ms: 200.0, keep_in_memory: true, ..RunOptions::default() };

    let outcome = Simulation::build(comm, &model, &options)?.run()?;
    for spike in outcome.spikes.iter().take(10) {
        println!("cell {} at {} ms", spike.gid, spike.step as f64 * options.settings.dt_ms);
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    net_mpi::run(net_mpi::Mode::Auto, simulate)
}
