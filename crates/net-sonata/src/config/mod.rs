//! The two configuration files and what their keys mean.
//!
//! [`SimulationConfig::load`] reads a simulation and the circuit it names. Every key is checked
//! and every mistake is found in one pass; `docs/sonata.md` lists keys, units and defaults.

mod circuit;
mod conditions;
mod input_keys;
mod inputs;
mod manifest;
mod overrides;
mod reports;
mod simulation;

pub use circuit::{
    CircuitConfig, Components, EdgeFileConfig, EdgeKind, EdgePopulationConfig, NodeFileConfig,
    NodeKind, NodePopulationConfig, TargetSimulator,
};
pub use conditions::{
    Conditions, Modification, ModificationKind, ModificationTarget, SpikeLocation,
};
pub use inputs::{
    ElectricField, Input, InputKind, InputTarget, InputType, Level, Moments, Scale, SectionPlace,
    ShotShape, Sweep, WaveformFormat,
};
pub(crate) use manifest::Manifest;
pub use overrides::ConnectionOverride;
pub use reports::{
    Compartments, ReportConfig, ReportKind, ReportTarget, Scaling, Sections, SourceKind,
};
pub use simulation::{
    Flavor, Integration, NodeSelector, Output, Run, SimulationConfig, SpikeSorting,
};
