//! What reports are made from: recordings that are sealed on the disk while the circuit runs, and go
//! when the reports are written.

use std::path::PathBuf;

use net_io::merge::RunReader;
use net_io::provenance::Provenance;
use net_io::store::{Gaps, RunDirectory};
use net_mpi::Communicator;

use super::CircuitSimulation;
use super::reported::GatheredSynapses;
use super::reports::Described;
use crate::error::{Error, Result};
use crate::options::{Output, RunOptions};
use crate::run::{Outcome, Simulation};

/// Folder of the recordings in the output directory.
const RECORDINGS: &str = "recordings";
/// Simulated time after which they are sealed at the latest, ms.
const LONGEST_MS: f64 = 100.0;

impl CircuitSimulation {
    /// Where the run seals what the reports are made from; none without reports.
    pub(super) fn recordings(&self) -> Option<Output> {
        let run = &self.config.run;
        let interval_ms = match run.nsteps_block {
            0 => LONGEST_MS.min(run.tstop_ms / 10.0),
            steps => f64::from(steps) * run.dt_ms,
        };
        self.has_reports().then(|| Output {
            directory: self.recordings_directory(),
            overwrite: true,
            leave_chunks: true,
            seal_interval_ms: Some(interval_ms).filter(|interval_ms| *interval_ms > 0.0),
            ..Output::default()
        })
    }

    fn has_reports(&self) -> bool {
        !(self.reports.is_empty() && self.potentials.is_empty())
    }

    fn recordings_directory(&self) -> PathBuf {
        self.output.join(RECORDINGS)
    }

    /// Writes the reports of a run from its recordings, in bounded memory, and removes these if they
    /// are where [`options`](Self::options) have them. Collective; rank 0 writes.
    ///
    /// # Errors
    /// [`Error::Stage`] for a run without files; those of files.
    pub fn sonata_reports(&self, comm: &Communicator, outcome: &Outcome) -> Result<()> {
        self.save_connections(comm, outcome)?;
        if !self.has_reports() {
            return Ok(());
        }
        let directory = outcome.directory.as_ref();
        let directory = directory.ok_or(Error::Stage { needed: "a run with `output`" })?;
        let written = self.write_reports(comm, |synapses| {
            let run = RunDirectory::open(directory)?;
            let (reader, provenance) = (RunReader::open(&run)?, self.provenance_of(outcome));
            self.write_from(&reader, synapses, &provenance)?;
            drop(reader);
            self.write_potentials(&run.file(RunDirectory::SIGNALS), &provenance)?;
            if *directory == self.recordings_directory() { Ok(run.remove()?) } else { Ok(()) }
        });
        written.map(drop)
    }

    /// Writes the reports of a run that was killed, as far as it was recorded, from what its ranks had
    /// sealed; gives the time until which that is, in ms, on rank 0. The recordings stay. After
    /// [`enable_reports`](Self::enable_reports). Collective.
    ///
    /// # Errors
    /// [`Error::OtherRun`] for recordings of other reports; those of files, and of making synapses
    /// where some are reported.
    pub fn recover_reports(&self, comm: &Communicator, gaps: Gaps) -> Result<Option<f64>> {
        if self.reports.iter().any(|report| report.synapses().next().is_some()) {
            // Which synapses there are is known when they are made.
            let options = RunOptions { output: None, ..self.options() };
            Simulation::build(comm, &self.sim_init()?, &options)?;
        }
        self.write_reports(comm, |synapses| {
            let directory = self.recordings_directory();
            let run = RunDirectory::open(&directory)?;
            let reader = RunReader::open_chunks(&run, gaps)?;
            let cells = self.cells()?;
            let recordings = self.reports.iter().flat_map(|report| report.recordings(cells));
            let expected = recordings.map(|recording| recording.name);
            let found = reader.manifest().signals.iter().map(|signal| signal.name.clone());
            if !expected.eq(found) {
                return Err(Error::OtherRun { directory, what: "reports" });
            }
            let mut provenance = self.provenance.clone();
            provenance.model_hash = Provenance::read(&run)?.and_then(|of_run| of_run.model_hash);
            crate::run::complete(&mut provenance);
            self.write_from(&reader, synapses, &provenance)?;
            self.write_potentials(&run.file(RunDirectory::SIGNALS), &provenance)?;
            Ok(reader.end_step().saturating_sub(1) as f64 * reader.manifest().dt_ms)
        })
    }

    /// Has rank 0 write with the synapses of all ranks; gives what it gives there. Collective.
    fn write_reports<T>(
        &self,
        comm: &Communicator,
        write: impl FnOnce(&GatheredSynapses) -> Result<T>,
    ) -> Result<Option<T>> {
        let rows = comm.gather_v(0, &self.reported.rows())?;
        let written = rows.map(|rows| {
            self.make_output()?;
            write(&self.reported.gathered(rows))
        });
        Ok(comm.agree(written.transpose())?)
    }

    fn write_from(
        &self,
        recorded: &RunReader,
        synapses: &GatheredSynapses,
        provenance: &Provenance,
    ) -> Result<()> {
        let mut first = 0;
        for report in &self.reports {
            let from = Described { circuit: self.circuit(), cells: self.cells()?, synapses };
            let folder = (&*self.output, self.config.flavor);
            let written = report.write(folder, &from, (recorded, first), provenance);
            written.map_err(|source| Error::Listed { source })?;
            first += report.n_recordings();
        }
        Ok(())
    }
}
