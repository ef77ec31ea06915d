//! What can be wrong with a model or a run.

use net_cell::{CellError, NotFinite};
use net_core::Gid;

/// Result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of any kind, as functions return it that the user gives for his cells.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What can be wrong with a model or a run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The description of the network, or what was drawn from it.
    #[error(transparent)]
    Network(Box<net_core::Error>),
    /// A file.
    #[error(transparent)]
    File(Box<net_io::Error>),
    /// Communication between ranks.
    #[error(transparent)]
    Communication(#[from] net_mpi::Error),
    /// An error of some rank, known to all.
    #[error(transparent)]
    Agreed(#[from] net_mpi::AgreedError),
    /// A run was saved and ended before its time. It is no failure: it can be resumed.
    #[error("stopped at {time_ms} ms {reason}; to be resumed from {}", directory.display())]
    Stopped {
        /// Time that was simulated, ms.
        time_ms: f64,
        /// Why.
        reason: StopReason,
        /// Where the checkpoint is.
        directory: std::path::PathBuf,
    },
    /// A run that is to be resumed has come to its end.
    #[error("{} holds a run that has come to its end; there is nothing to resume", directory.display())]
    NothingToResume {
        /// The directory.
        directory: std::path::PathBuf,
    },
    /// A run that is to be resumed was described otherwise.
    #[error("{} holds a run whose {what} are others than this one's", directory.display())]
    OtherRun {
        /// The directory.
        directory: std::path::PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// A part of a checkpoint cannot be understood.
    #[error("checkpoint {}: {what}: {reason}", directory.display())]
    CheckpointContent {
        /// The checkpoint.
        directory: std::path::PathBuf,
        /// Which part.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// Signals cannot be listened to.
    #[error("cannot listen to signal {signal}: {source}")]
    Signal {
        /// Its number.
        signal: i32,
        /// What the system said.
        source: std::io::Error,
    },
    /// A potential or state became NaN or infinite.
    #[error(transparent)]
    NotFinite(#[from] NotFinite),
    /// A parameter of cells cannot be given another value.
    #[error("cells {targets}: {source}")]
    CellParameter {
        /// The cells.
        targets: String,
        /// What is wrong.
        source: Box<net_cell::CellError>,
    },
    /// A parameter was to be changed that none of the chosen cells has.
    #[error(
        "parameter '{parameter}': no instance of mechanism '{mechanism}' in {region} of the cells {targets}"
    )]
    NothingHasParameter {
        /// The mechanism.
        mechanism: String,
        /// The parameter.
        parameter: String,
        /// The cells.
        targets: String,
        /// The segments.
        region: String,
    },
    /// A population's cell template is not among the model's kinds of cells.
    #[error(
        "population '{population}' has cells of kind '{kind}', which is not known; known are: {known}"
    )]
    UnknownCellKind {
        /// The population.
        population: String,
        /// The key it names.
        kind: String,
        /// Keys there are, separated by commas.
        known: String,
    },
    /// A cell could not be made.
    #[error("cell with gid {gid} of population '{population}': {source}")]
    Cell {
        /// The cell.
        gid: Gid,
        /// Its population.
        population: String,
        /// What is wrong.
        source: BoxError,
    },
    /// The files of a circuit.
    #[error(transparent)]
    Circuit(Box<net_sonata::Error>),
    /// Something that a circuit asks for and this program does not do.
    #[error("{what} are not supported yet")]
    Unsupported {
        /// File, key and feature.
        what: String,
    },
    /// A stage of a circuit's simulation comes before another that it needs.
    #[error("{needed} must come before")]
    Stage {
        /// The stage that is needed.
        needed: &'static str,
    },
    /// Points of cells could not be listed, or mechanisms not be chosen.
    #[error("{source}")]
    Listed {
        /// What is wrong.
        source: BoxError,
    },
    /// A gap junction sees a potential that nobody shows.
    #[error(
        "a gap junction sees the potential with number {id}, which no other has as its own; both \
         halves of a gap junction must be among the edges of simulated cells"
    )]
    NoSuchJunction {
        /// The number.
        id: u64,
    },
    /// The cells could not be laid out.
    #[error("cells: {source}")]
    Layout {
        /// What is wrong.
        source: Box<CellError>,
    },
    /// Point neurons, or synapses on them, are not possible.
    #[error("{user}: {source}")]
    Points {
        /// `population 'E'`, `projection "E:I"` or `input "background"`.
        user: String,
        /// What is wrong.
        source: Box<CellError>,
    },
    /// Events cannot be received by what a projection or input names.
    #[error(
        "{user}: '{found}' cannot receive events on the cell with gid {gid}; expected {expected}"
    )]
    EventTarget {
        /// The projection or input.
        user: String,
        /// The mechanism that it names.
        found: &'static str,
        /// A cell that it ends on.
        gid: Gid,
        /// What can receive events there.
        expected: &'static str,
    },
    /// The mechanism of a projection or input is not possible.
    #[error("{user}: synapse: {source}")]
    Synapse {
        /// `projection "E:I"` or `input "background"`.
        user: String,
        /// What is wrong.
        source: Box<CellError>,
    },
    /// An input, recording, stimulation, probe or field of one has a name that is empty or used before.
    #[error("{what} '{name}': names must not be empty and be used once")]
    Name {
        /// `input`, `recording`, `probe`...
        what: &'static str,
        /// The name.
        name: String,
    },
    /// An input or recording names a population that does not exist.
    #[error("{user}: unknown population '{population}'; known are: {known}")]
    UnknownPopulation {
        /// `input "background"` or `recording "soma"`.
        user: String,
        /// The name.
        population: String,
        /// Names there are, separated by commas.
        known: String,
    },
    /// A recording or probe names a group that the model has not, or a group another group.
    #[error(
        "{user}: there is no group '{group}' of cells; groups are: {known}; groups contain no groups"
    )]
    UnknownGroup {
        /// `recording "soma"`.
        user: String,
        /// The name.
        group: String,
        /// Names there are, separated by commas.
        known: String,
    },
    /// A recording names a projection or input that does not exist.
    #[error("{user}: there is no {what} '{name}'; known are: {known}")]
    UnknownSynapses {
        /// `recording "soma"`.
        user: String,
        /// `projection` or `input`.
        what: &'static str,
        /// The name.
        name: String,
        /// Names there are, separated by commas.
        known: String,
    },
    /// A simulation has no recording of this name.
    #[error("there is no recording '{name}'; recordings are: {known}")]
    UnknownRecording {
        /// The name.
        name: String,
        /// Names there are, separated by commas.
        known: String,
    },
    /// A cell has no section of this name.
    #[error("{user}: gid {gid} has no section '{section}'; it has: {known}")]
    NoSuchSection {
        /// `recording "soma"`.
        user: String,
        /// The cell.
        gid: Gid,
        /// The name.
        section: String,
        /// Names there are, separated by commas.
        known: String,
    },
    /// An input or recording names a cell that does not exist.
    #[error("{user}: gid {gid} does not exist; the network has gids 0..{n_cells}")]
    UnknownGid {
        /// `input "background"` or `recording "soma"`.
        user: String,
        /// The gid.
        gid: Gid,
        /// Number of cells.
        n_cells: u64,
    },
    /// The law of an input's weights is not possible.
    #[error("input '{input}': weight: {source}")]
    InputWeight {
        /// The input.
        input: String,
        /// What is wrong.
        source: Box<net_core::DistributionError>,
    },
    /// An input has no place on a cell.
    #[error("input '{input}': gid {gid}: {source}")]
    InputSites {
        /// The input.
        input: String,
        /// The target cell.
        gid: Gid,
        /// What is wrong.
        source: Box<net_core::SiteError>,
    },
    /// An input's placement is not possible on any cell.
    #[error("input '{input}': {source}")]
    InputPlacement {
        /// The input.
        input: String,
        /// What is wrong.
        source: Box<net_core::SiteError>,
    },
    /// A spike source's parameters are not possible.
    #[error("input '{input}': {source}")]
    InputSource {
        /// The input.
        input: String,
        /// What is wrong.
        source: Box<CellError>,
    },
    /// What a recording asks for is not in the cell.
    #[error("recording '{recording}': gid {gid}: {source}")]
    Recording {
        /// The recording.
        recording: String,
        /// The cell.
        gid: Gid,
        /// What is wrong.
        source: Box<CellError>,
    },
    /// A probe's parameters are not possible, or its signal left the range of numbers.
    #[error("probe '{probe}': {source}")]
    Probe {
        /// The probe.
        probe: String,
        /// What is wrong.
        source: Box<net_lfp::LfpError>,
    },
    /// The name of a probe cannot be that of a dataset.
    #[error(
        "probe '{probe}': names of probes are those of datasets in OUTPUT.h5; they must have no '/' \
         and no NUL, and not be '.' or '..'"
    )]
    ProbeName {
        /// The name.
        probe: String,
    },
    /// The name of a probe is that of a dataset beside another's.
    #[error(
        "probe '{probe}': OUTPUT.h5 has a parameter of the probe '{other}' under this name; choose \
         another one"
    )]
    ProbeNameBeside {
        /// The name.
        probe: String,
        /// The other probe.
        other: String,
    },
    /// A probe's signal has more fields than its dataset can have.
    #[error(
        "probe '{probe}': found {n_fields} fields (all cells, types of current, populations, groups), \
         expected at most {n_most} with names of this length, as the header of a dataset holds no \
         more; divide the groups over several probes"
    )]
    ProbeFields {
        /// The probe.
        probe: String,
        /// Fields asked for.
        n_fields: usize,
        /// Fields there may be.
        n_most: usize,
    },
    /// Probes need more memory than there is.
    #[error(
        "probe '{probe}': {what} of this rank need {} GB, those of all probes {} GB, but the machine \
         has {} GB; {advice}", gigabytes(*needed_bytes), gigabytes(*all_bytes), gigabytes(*there_bytes)
    )]
    ProbeMemory {
        /// The probe that needs most.
        probe: String,
        /// What needs it.
        what: &'static str,
        /// Bytes that it needs.
        needed_bytes: u64,
        /// Bytes that all probes need for it.
        all_bytes: u64,
        /// Bytes of memory of the machine.
        there_bytes: u64,
        /// What to change.
        advice: &'static str,
    },
    /// A probe cannot measure a cell.
    #[error("probe '{probe}': gid {gid}: {source}")]
    ProbeCell {
        /// The probe.
        probe: String,
        /// The cell.
        gid: Gid,
        /// What is wrong.
        source: Box<net_lfp::LfpError>,
    },
    /// A probe asks for a current that is not known.
    #[error("probe '{probe}': current {current}: {source}")]
    ProbeCurrent {
        /// The probe.
        probe: String,
        /// Name of the field.
        current: String,
        /// What is wrong.
        source: Box<CellError>,
    },
    /// A stimulation's parameters are not possible.
    #[error("stimulation '{stimulation}': {source}")]
    Stimulation {
        /// The stimulation.
        stimulation: String,
        /// What is wrong.
        source: Box<net_lfp::LfpError>,
    },
    /// A stimulating field is not finite somewhere.
    #[error(
        "stimulation '{stimulation}': the potential at segment {segment} of the cell with gid {gid} \
         is {found}; expected a finite number"
    )]
    StimulusValue {
        /// The stimulation.
        stimulation: String,
        /// The cell.
        gid: Gid,
        /// Its segment.
        segment: u32,
        /// NaN or infinite.
        found: f64,
    },
    /// A number is outside of what is allowed.
    #[error("{key} is {found}; expected {expected}")]
    Value {
        /// Which option or key.
        key: String,
        /// What was given.
        found: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// A saved network does not fit the model that is to be rebuilt with it.
    #[error("{path}: {what}: found {found}, expected {expected}")]
    Saved {
        /// The file.
        path: String,
        /// The population, projection or row.
        what: String,
        /// What the file has.
        found: String,
        /// What the model has.
        expected: String,
    },
    /// A thread that computes panicked.
    #[error("a computing thread panicked: {message}")]
    WorkerPanicked {
        /// The panic's message.
        message: String,
    },
    /// Threads could not be started.
    #[error("cannot start {n_threads} threads: {reason}; ask for fewer")]
    Threads {
        /// Threads asked for.
        n_threads: usize,
        /// What the system said.
        reason: String,
    },
    /// Monitors, or what they are asked for.
    #[error(transparent)]
    Monitor(Box<crate::monitor::MonitorError>),
    /// A run goes on after an error.
    #[error("the run has ended with an error and cannot go on; build the simulation again")]
    Ended,
    /// A piece of a run is longer than what probes record.
    #[error(
        "a run with probes cannot go to {end_ms} ms: they record {tstop_ms} ms; set a later tstop_ms"
    )]
    BeyondProbes {
        /// End of the piece in ms.
        end_ms: f64,
        /// End of what is recorded in ms.
        tstop_ms: f64,
    },
    /// A run whose files may not be overwritten goes back to its start.
    #[error(
        "the simulation cannot be reset: its files in {} hold one run; let them be overwritten \
         (without checkpoints), run without output, or build a simulation with another directory",
        directory.display()
    )]
    ResetOfFiles {
        /// The directory.
        directory: std::path::PathBuf,
    },
    /// The report could not be written.
    #[error("cannot write {path}: {source}")]
    Report {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of external tables describes something that cannot be simulated.
    #[error("{path}: {what}: {source}")]
    Tables {
        /// The file.
        path: String,
        /// The object in it.
        what: String,
        /// What is wrong.
        source: BoxError,
    },
}

/// Why a run was saved and ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The wall time that it had is over.
    WallLimit,
    /// A signal asked for it.
    Signal,
}

impl std::fmt::Display for StopReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            StopReason::WallLimit => "at the limit of wall time",
            StopReason::Signal => "on a signal",
        })
    }
}

impl From<net_core::Error> for Error {
    fn from(error: net_core::Error) -> Self {
        Error::Network(Box::new(error))
    }
}

impl From<net_io::Error> for Error {
    fn from(error: net_io::Error) -> Self {
        Error::File(Box::new(error))
    }
}

/// Bytes in GB, with what digits tell.
fn gigabytes(bytes: u64) -> String {
    format!("{:.1}", 1e-9 * bytes as f64)
}

/// A value that is not allowed.
pub(crate) fn bad_value(
    key: impl Into<String>,
    found: impl ToString,
    expected: &'static str,
) -> Error {
    Error::Value { key: key.into(), found: found.to_string(), expected }
}

impl Error {
    /// An error of a circuit's files.
    pub(crate) fn circuit(source: net_sonata::Error) -> Self {
        Error::Circuit(Box::new(source))
    }
}
