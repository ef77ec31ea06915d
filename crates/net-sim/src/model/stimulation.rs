//! Potentials outside of cells.

use std::sync::Arc;

use net_core::{Gid, Network};
use net_lfp::{ElectricField, TimeCourse};

use super::Targets;
use super::targets::Groups;
use crate::error::{BoxError, Error, Result};

/// A segment that a potential acts on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StimulatedSegment {
    /// The cell.
    pub gid: Gid,
    /// Its segment.
    pub segment: u32,
    /// Middle of the segment, where position and rotation of the cell put it, in um.
    pub midpoint_um: [f64; 3],
}

/// Any potential in mV of a segment at a time in ms.
pub type PotentialFunction = dyn Fn(&StimulatedSegment, f64) -> f64 + Send + Sync;

/// Potentials in mV of all segments of a cell, by gid.
pub type CellPattern = dyn Fn(Gid) -> Result<Vec<f64>, BoxError> + Send + Sync;

/// The potential in mV of a cell's segment at a time in ms.
pub type SegmentFunction = dyn Fn(u32, f64) -> f64 + Send + Sync;

/// The potentials of a cell as functions of time, by gid.
pub type CellFunctions = dyn Fn(Gid) -> Result<Arc<SegmentFunction>, BoxError> + Send + Sync;

/// How strong a pattern is at a time in ms.
pub type StrengthFunction = dyn Fn(f64) -> f64 + Send + Sync;

/// A potential outside of cells that acts on them: of stimulating electrodes, a uniform field, or
/// anything else.
///
/// The potential is imposed in the middle of every segment, as NEURON's `extracellular` does with
/// its defaults; what the cells do does not change it. Recorded potentials stay those across the
/// membrane. A step sees the potential in its middle. Several stimulations add up.
///
/// ```
/// use net_lfp::{TimeCourse, UniformField};
/// use net_sim::{Stimulation, Targets};
/// let field = UniformField { field_v_m: [0.0, 0.0, 1.0] };
/// let pulse = TimeCourse::Pulse { start_ms: 10.0, width_ms: 1.0, amplitude: 50.0 };
/// let shock = Stimulation {
///     targets: Targets::Population("E".into()),
///     ..Stimulation::new("shock", field, pulse)
/// };
/// assert_eq!(shock.name, "shock");
/// ```
#[derive(Clone, Debug)]
pub struct Stimulation {
    /// Name, unique among the stimulations.
    pub name: String,
    /// The potential.
    pub potential: Potential,
    /// The cells that it acts on.
    pub targets: Targets,
}

/// A potential in space and time.
#[derive(Clone)]
pub enum Potential {
    /// A pattern in space times a time course.
    Pattern {
        /// What is where.
        field: Arc<dyn ElectricField>,
        /// How strong it is when.
        time_course: TimeCourse,
    },
    /// A pattern given cell by cell, when the cells are made, times a function of time.
    PerCell {
        /// What is where when the function of time is 1.
        pattern: Arc<CellPattern>,
        /// How strong it is when.
        strength: Arc<StrengthFunction>,
    },
    /// Any function of segment and time, computed anew for every segment and step.
    Function(Arc<PotentialFunction>),
    /// The same, given cell by cell, when the cells are made.
    FunctionPerCell(Arc<CellFunctions>),
}

impl std::fmt::Debug for Potential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Potential::Pattern { field, time_course } => {
                f.debug_struct("Pattern").field("field", field).field("time", time_course).finish()
            }
            Potential::PerCell { .. } => f.write_str("PerCell"),
            Potential::Function(_) => f.write_str("Function"),
            Potential::FunctionPerCell(_) => f.write_str("FunctionPerCell"),
        }
    }
}

impl Stimulation {
    /// A pattern in space times a time course, that acts on all cells.
    pub fn new(
        name: impl Into<String>,
        field: impl ElectricField + 'static,
        time_course: TimeCourse,
    ) -> Self {
        let potential = Potential::Pattern { field: Arc::new(field), time_course };
        Stimulation { name: name.into(), potential, targets: Targets::All }
    }

    /// Any potential in mV as a function of a segment and the time in ms, on all cells.
    pub fn function(
        name: impl Into<String>,
        potential_mv: impl Fn(&StimulatedSegment, f64) -> f64 + Send + Sync + 'static,
    ) -> Self {
        let potential = Potential::Function(Arc::new(potential_mv));
        Stimulation { name: name.into(), potential, targets: Targets::All }
    }

    pub(super) fn validate(&self, network: &Network, groups: &Groups) -> Result<()> {
        if let Potential::Pattern { field, time_course } = &self.potential {
            field.validate().and_then(|()| time_course.validate()).map_err(|source| {
                Error::Stimulation { stimulation: self.name.clone(), source: Box::new(source) }
            })?;
        }
        self.targets.validate(network, groups, || format!("stimulation '{}'", self.name))
    }
}
