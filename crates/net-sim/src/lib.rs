//! One run: a model, built, simulated and recorded.
//!
//! A [`Model`] is a [`Network`](net_core::Network) with the [`CellKind`]s its populations are made
//! of, [`Input`]s and [`Stimulation`]s that drive it, [`Recording`]s and [`ProbeRecording`]s; it is the
//! same on every rank.
//! [`Simulation::build`] draws this rank's share of it and lays it out in one group of cells a
//! thread. [`Simulation::run`] advances all groups epoch by epoch, exchanges spikes between, seals
//! what is recorded, and in the end merges the ranks' files. [`RunOptions`] say how; neither ranks
//! nor threads change a result.
//!
//! A compiled example stands at [`Simulation`]; whole programs are in `examples/`.
//! Units are those of NEURON: ms, mV, nA, uS, um.

mod build;
mod checkpoint_args;
mod command_line;
mod error;
mod mechanisms;
mod model;
pub mod monitor;
mod options;
pub mod plot;
mod probes;
mod run;
pub mod sonata;
mod stimulation;
pub mod tables;

pub use checkpoint_args::{CheckpointArgs, STOPPED, exit_status};
pub use command_line::parse_arguments;
pub use error::{BoxError, Error, Result, StopReason};
pub use mechanisms::load_mechanisms;
pub use model::{
    CellBuilder, CellFunctions, CellKind, CellParameter, CellPattern, GapJunction, Input, InputRow,
    InputSynapses, InputTable, Instances, ListedCell, ListedKind, ListedPoint, ListedPoints,
    ListedStream, Model, PointLister, PointPlace, PointSource, Potential, PotentialFunction,
    ProbeRecording, RateRecording, RateUnit, Recording, SegmentChoice, SegmentFunction, Segments,
    SpikeRecording, StimulatedSegment, Stimulation, StrengthFunction, Targets, table_projection,
};
pub use net_cell::currents::CurrentType;
pub use net_cell::mechanism::IonVariable;
pub use net_cell::point::{Integrator, PointNeuron, PointValues};
pub use net_cell::{Quantity, SpikeSource, StepSettings};
pub use net_io::nix::{Dialect, Identity};
pub use net_io::store::{Device, SampleType};
pub use options::{CellPartition, Checkpoints, NioOutput, Output, Progress, RunOptions};
pub use probes::ProbeSignal;
pub use run::{Outcome, Phases, RunReport, Simulation, Trace};
