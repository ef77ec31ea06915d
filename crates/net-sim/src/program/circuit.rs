//! A circuit from its configuration, as `run` and `reports` describe it.

use std::path::PathBuf;

use net_mpi::Communicator;
use net_nmodl::library::BuildOptions;
use net_sim::load_mechanisms;
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
    /// Folder of .mod files, or compiled library, beside those of `mechanisms_dir`; may be repeated
    #[arg(long, value_name = "PATH")]
    mechanisms: Vec<PathBuf>,
    /// Leave out the .mod files of the circuit's `mechanisms_dir`: compiling them needs rustc
    #[arg(long)]
    built_in_mechanisms: bool,
}

impl CircuitArgs {
    /// Reads the configuration and goes through all stages before the model is made; says on rank 0 what
    /// is left out.
    pub(crate) fn describe(
        &self,
        comm: &Communicator,
        has_reports: bool,
    ) -> anyhow::Result<CircuitSimulation> {
        for path in &self.mechanisms {
            load_mechanisms(comm, path, &BuildOptions::default())?;
        }
        let mut simulation = CircuitSimulation::load(&self.configuration)?;
        if !self.built_in_mechanisms {
            for (folder, names) in simulation.load_mechanisms(comm)? {
                if comm.is_root() {
                    remark!("{} mechanisms of {}", names.len(), folder.display());
                }
            }
        }
        simulation.use_mechanisms()?;
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
