//! `net-sim lfp-weights`: a file of weights for `lfp` reports.

use std::path::PathBuf;
use std::process::ExitCode;

use net_lfp::{Conductivity, Contacts, RecExtElectrode, SourceModel};
use net_mpi::Communicator;
use net_sim::sonata::CircuitSimulation;

use crate::say::say;

/// Write what the membrane currents of a circuit's cells make at electrodes: the weights that `lfp`
/// reports and CoreNEURON read
///
/// Electrodes are a table in CSV or JSON with x_um, y_um, z_um, or a layout in JSON, in the coordinates of
/// the circuit. Weights are in mV/nA, for all cells that the configuration simulates.
///
/// Status 0: done; 1: it failed.
///
/// Example: net-sim lfp-weights simulation_config.json --electrodes probe.csv -o weights.h5
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Simulation configuration, JSON
    #[arg(value_name = "CONFIG")]
    configuration: PathBuf,
    /// Where the electrodes are, CSV or JSON
    #[arg(long, value_name = "FILE")]
    electrodes: PathBuf,
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Conductivity of the medium in S/m
    #[arg(long, value_name = "S/m", default_value_t = 0.3)]
    conductivity: f64,
    /// What segments are to electrodes
    #[arg(long, value_enum, default_value_t = Method::Linesource)]
    method: Method,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Method {
    /// Points in their middle
    Pointsource,
    /// Lines
    Linesource,
    /// The first segment a point, all others lines
    #[value(name = "root_as_point")]
    RootAsPoint,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let electrode = RecExtElectrode {
        contacts: Contacts::read(&args.electrodes)?,
        conductivity: Conductivity::Isotropic(args.conductivity),
        source: match args.method {
            Method::Pointsource => SourceModel::PointSource,
            Method::Linesource => SourceModel::LineSource,
            Method::RootAsPoint => SourceModel::root_as_point(),
        },
    };
    let mut simulation = CircuitSimulation::load(&args.configuration)?;
    simulation.load_mechanisms(&Communicator::solo())?;
    simulation.use_mechanisms()?;
    simulation.create_cells()?;
    simulation.enable_modifications()?;
    let [n_cells, n_segments] = simulation.write_lfp_weights(&args.output, &electrode)?;
    let n_electrodes = electrode.contacts.len();
    let path = args.output.display();
    say!("{path}: {n_cells} cells, {n_segments} segments, {n_electrodes} electrodes")?;
    Ok(ExitCode::SUCCESS)
}
