//! A channel of one's own: `.mod` files of a folder, inserted in a cell, and a trace of it.
//!
//! `cargo run --release -p net-examples --example channel -- examples/channel/mechanisms [OUT]`

use net_cell::{CellTemplate, Region, morphology::*};
use net_core::*;
use net_sim::*;

fn simulate(comm: &net_mpi::Communicator) -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or("examples/channel/mechanisms".into());
    let names = load_mechanisms(comm, folder.as_ref(), &Default::default())?;

    let mut shape = MorphologyBuilder::new();
    shape.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0)?;
    let cable = CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 };
    let rule = Discretization::FixedPerSection(1);
    let mut cell =
        CellTemplate::new(shape.build()?.segmented(&rule, &cable.into(), SegmentPoints::Exact)?)?;
    cell.insert("pas", &Region::All, &[("g", 1e-4), ("e", -65.0)])?;
    cell.insert(names[0], &Region::All, &[])?;
    cell.insert_point("IClamp", 0, &[("amp", 0.05), ("delay", 5.0), ("dur", 50.0)])?;

    let mut network = Network::new(1);
    network.add_population(Population::new("cell", 1, "cell"))?;
    let model =
        Model::new(network).with_cells("cell", CellKind::shared(cell)).with_recording(Recording {
            interval_ms: Some(1.0),
            ..Recording::new("v", Targets::All, Quantity::Voltage)
        });
    let out =
        std::env::args().nth(2).map(|out| Output { directory: out.into(), ..Output::default() });
    let options =
        RunOptions { tstop_ms: 60.0, keep_in_memory: true, output: out, ..RunOptions::default() };
    let outcome = Simulation::build(comm, &model, &options)?.run()?;
    // The cell is on one of the ranks.
    for (t, v) in outcome.traces.iter().flat_map(|trace| &trace.values).enumerate() {
        println!("{t} ms {v:.3} mV");
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    net_mpi::run(net_mpi::Mode::Auto, simulate)
}
