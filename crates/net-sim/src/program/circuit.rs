//! A circuit from its configuration, as `run` and `reports` describe it.

use std::path::PathBuf;

use net_mpi::Communicator;
use net_sim::sonata::CircuitSimulation;

use crate::say::remark;

/// Which circuit, and where its results are.
#[derive(clap::Args, Debug)]
pub(crate) struct CircuitArgs {
    /// Simulation configuration, JSON
    #[arg(value_name = "CONFIG")]
    configuration: PathBuf,
    /// Directory of the results instead of the configuration's
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Libraries of compiled mechanisms, instead of the built-in set of the circuit's flavor
    #[arg(long, value_name = "LIBRARY")]
    mechanisms: Vec<PathBuf>,
}

impl CircuitArgs {
    /// Reads the configuration and goes through all stages before the model is made; says on rank 0 what
    /// is left out.
    pub(crate) fn describe(
        &self,
        comm: &Communicator,
        has_reports: bool,
    ) -> anyhow::Result<CircuitSimulation> {
        for library in &self.mechanisms {
            net_cell::mechanism::load_library(library)?;
        }
        let mut simulation = CircuitSimulation::load(&self.configuration)?;
        if self.mechanisms.is_empty() {
            simulation.use_mechanisms()?;
        }
        if let Some(folder) = &self.output {
            simulation.set_output(folder);
        }
        for line in simulation.describe(has_reports)? {
            if comm.is_root() {
                remark!("warning: {line}");
            }
        }
        Ok(simulation)
    }
}
