//! Mechanisms: channels, synapses and clamps behind one interface.
//!
//! A [`Mechanism`] describes what a `.mod` file describes: its variables, the ions it uses, whether
//! it is spread over the membrane or sits at a point, and [`Kernels`] that work on many instances
//! at once. The engine owns all storage: every variable of a mechanism is a column, one value an
//! instance, or one value for all when it is uniform. What a kernel may do is defined by
//! [`KernelArgs`](kernel::KernelArgs), which has a C layout so that kernels compiled elsewhere fit.

pub use net_kernel::kernel;

mod functions;
pub(crate) mod ion;
mod library;

use crate::error::CellError;
pub use functions::{FunctionTable, set_function_table};
pub(crate) use functions::{GivenFunctions, check_functions};
pub use ion::{IonUse, IonVariable};
use kernel::{BuildTables, Kernel, NetReceive};
pub use library::{
    INTERFACE_VERSION, LibraryError, Origin, load_library, load_library_of, of_library, of_set,
    origins, sets, use_set,
};

/// How instances of a mechanism stand on a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MechanismKind {
    /// Spread over the membrane of a segment; currents in mA/cm2, conductances in S/cm2.
    Density,
    /// At a point; currents in nA, conductances in uS.
    Point,
    /// At a point, injecting an electrode current, which is not part of the membrane current.
    Electrode,
    /// A cell without a membrane.
    ArtificialCell,
}

impl MechanismKind {
    /// The kind in words, for messages.
    pub fn describe(self) -> &'static str {
        match self {
            MechanismKind::Density => "density mechanism",
            MechanismKind::Point => "point process",
            MechanismKind::Electrode => "electrode",
            MechanismKind::ArtificialCell => "artificial cell",
        }
    }
}

/// What a column of a mechanism is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Role {
    /// Set by the user for each instance; with its default and the smallest allowed value.
    Parameter {
        /// Value when the user gives none.
        default: f64,
        /// Values below are refused.
        minimum: f64,
    },
    /// Advanced by the mechanism.
    State,
    /// Computed by the mechanism for recording, when somebody records it.
    Output,
    /// Computed by the mechanism in every step, for itself or the engine.
    Assigned,
    /// Computed once by the init kernel from other columns; uniform where these are.
    Derived {
        /// The columns that it is computed from.
        depends_on: &'static [u32],
    },
    /// One of the three ids of a random stream, set by the user for each instance, else by the engine
    /// from gid, mechanism and number of the instance.
    StreamId {
        /// 1 to 3.
        which: u32,
    },
    /// Area of the compartment in um2, given by the engine.
    Area,
    /// Diameter of the compartment in um, given by the engine.
    Diam,
}

/// One variable of a mechanism.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnSpec {
    /// Name as in the `.mod` file.
    pub name: &'static str,
    /// Unit, empty if it has none.
    pub unit: &'static str,
    /// What it is.
    pub role: Role,
}

/// What computes a mechanism.
#[derive(Debug, Clone, Copy)]
pub struct Kernels {
    /// Sets derived columns and states from v at the start of a run.
    pub init: Option<Kernel>,
    /// Adds the currents at v(t) to the linear system.
    pub current: Option<Kernel>,
    /// Advances the states by one step with the new v.
    pub state: Option<Kernel>,
    /// Handles one event.
    pub net_receive: Option<NetReceive>,
    /// Sets a connection's weights at the start of a run.
    pub net_init: Option<NetReceive>,
    /// Tests the conditions that are watched, at the start of a step.
    pub watch: Option<Kernel>,
    /// Runs when all mechanisms have advanced their states.
    pub after_solve: Option<Kernel>,
    /// Runs after that, before samples are taken.
    pub before_step: Option<Kernel>,
    /// Sets derived columns alone, for parameters that change while a run lasts.
    pub derive: Option<Kernel>,
}

/// Rate tables as NEURON makes them of a `TABLE` statement, used when the run asks for tables.
#[derive(Debug, Clone, Copy)]
pub struct Tables {
    /// Doubles of all tables.
    pub n_values: usize,
    /// Fills the tables for temperature, step and global parameters.
    pub build: BuildTables,
    /// Global parameters that they depend on; equal in all cells of a run.
    pub depends_on: &'static [u32],
    /// Replaces [`Kernels::init`].
    pub init: Option<Kernel>,
    /// Replaces [`Kernels::current`].
    pub current: Option<Kernel>,
    /// Replaces [`Kernels::state`].
    pub state: Option<Kernel>,
}

/// A state that diffuses along the cable.
#[derive(Debug, Clone, Copy)]
pub struct Diffusing {
    /// What diffuses.
    pub what: DiffusingState,
    /// Column of the volume per length of the cable, um2 for a concentration.
    pub volume: usize,
    /// Column of the diffusion constant times the area across the cable, um4/ms.
    pub coefficient: usize,
}

/// Where a state that diffuses stands.
#[derive(Debug, Clone, Copy)]
pub enum DiffusingState {
    /// In a column.
    Column(usize),
    /// Among the ion variables of the mechanism, and for recording in a column.
    Ion(usize, Option<usize>),
}

/// A channel, synapse or clamp.
#[derive(Debug, Clone)]
pub struct Mechanism {
    /// Name as in the `.mod` file.
    pub name: &'static str,
    /// The set or library that it is from.
    pub origin: String,
    /// The `.mod` file, where a library was compiled by this run.
    pub file: Option<std::path::PathBuf>,
    /// What it is, in a line; may be empty.
    pub title: &'static str,
    /// Where its equations are from; may be empty.
    pub about: &'static str,
    /// How instances stand on a cell.
    pub kind: MechanismKind,
    /// Its variables; kernels know them by their index here.
    pub columns: Vec<ColumnSpec>,
    /// Ion variables it uses; kernels know them by their index here.
    pub ions: Vec<IonUse>,
    /// Where an electrode keeps its current (nA) and the slope of it (uS).
    pub electrode: Option<(usize, usize)>,
    /// The current is `g (v - e)` with constant g and e: it is added to the linear system once
    /// and costs nothing in a step.
    pub constant_linear: bool,
    /// Events add to the states, and the current is linear in the states: instances with the same
    /// parameters on one segment can share one state.
    pub linear: bool,
    /// Weights of a connection.
    pub n_weights: usize,
    /// Whether connections keep weights of their own, because they have several or because events
    /// change them.
    pub keeps_weights: bool,
    /// Whether events act at their exact time and in its order.
    pub timed: bool,
    /// Whether it goes through all connections to an instance.
    pub uses_netcons: bool,
    /// Whether the user gives spike times to each instance.
    pub has_spike_train: bool,
    /// Names of its pointers; kernels know them by their index here.
    pub pointers: Vec<&'static str>,
    /// Those that may refer to nothing.
    pub optional_pointers: Vec<&'static str>,
    /// Functions that its user gives as tables, with the number of their arguments; kernels know them
    /// by their index here.
    pub functions: Vec<(&'static str, usize)>,
    /// What computes it.
    pub kernels: Kernels,
    /// States that diffuse along the cable.
    pub diffusing: Vec<Diffusing>,
    /// Rate tables, where the model file has them.
    pub tables: Option<Tables>,
}

impl Mechanism {
    /// Index of the column `name`.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// Index of the column in which variable `name` stands while a run goes on: another one than
    /// [`column`](Self::column) for a parameter that the mechanism changes.
    pub fn present_column(&self, name: &str) -> Option<usize> {
        let changing = self.columns.iter().position(|c| {
            c.name.strip_suffix(net_kernel::table::NOW).is_some_and(|stem| stem == name)
        });
        changing.or_else(|| self.column(name))
    }

    /// The reversal potential of a synapse: the parameter `e`, `erev` or `e_rev`, else the first one in
    /// mV whose name begins with `e`.
    pub fn reversal_column(&self) -> Option<usize> {
        let is_parameter = |c: &ColumnSpec| matches!(c.role, Role::Parameter { .. });
        let parameter = |keep: &dyn Fn(&str) -> bool| {
            let named = |c: &ColumnSpec| is_parameter(c) && keep(&c.name.to_ascii_lowercase());
            self.columns.iter().position(named)
        };
        let usual = parameter(&|name| ["e", "erev", "e_rev"].contains(&name));
        usual.or_else(|| {
            let in_mv = |c: &ColumnSpec| is_parameter(c) && c.unit == "mV";
            self.columns.iter().position(|c| in_mv(c) && c.name.starts_with(['e', 'E']))
        })
    }

    /// The columns' values for one instance: defaults, replaced by `parameters`; states and
    /// computed columns are 0.
    ///
    /// # Errors
    /// When a name is no parameter of this mechanism or a value is not allowed.
    pub fn instance(&self, parameters: &[(&str, f64)]) -> Result<Vec<f64>, CellError> {
        let mut values: Vec<f64> = self
            .columns
            .iter()
            .map(|c| match c.role {
                Role::Parameter { default, .. } => default,
                // Not given.
                Role::StreamId { .. } => f64::NAN,
                _ => 0.0,
            })
            .collect();
        for &(name, value) in parameters {
            let at = self.parameter(name, value)?;
            values[at] = value;
        }
        Ok(values)
    }

    /// Index of the parameter `name`, after checking `value` for it.
    ///
    /// # Errors
    /// As [`instance`](Self::instance).
    pub fn parameter(&self, name: &str, value: f64) -> Result<usize, CellError> {
        let (at, minimum) = self.parameter_and_minimum(name)?;
        if !value.is_finite() || value < minimum {
            return Err(self.bad_parameter(name, value, minimum));
        }
        Ok(at)
    }

    /// Index of the parameter `name`, after checking that these values for it, one a segment, are
    /// numbers. What a function of the distance gives may leave the limits of the file, as in
    /// NEURON, which asks for them in its windows alone: cell models in use have conductances that
    /// become negative far from the soma.
    ///
    /// # Errors
    /// When a name is no parameter of this mechanism or a value is not finite.
    pub(crate) fn parameter_by_segment(
        &self,
        name: &str,
        mut values: impl Iterator<Item = f64>,
    ) -> Result<usize, CellError> {
        let (at, _) = self.parameter_and_minimum(name)?;
        match values.find(|value| !value.is_finite()) {
            Some(value) => Err(self.bad_parameter(name, value, f64::MIN)),
            None => Ok(at),
        }
    }

    fn parameter_and_minimum(&self, name: &str) -> Result<(usize, f64), CellError> {
        let found = self.columns.iter().enumerate().find_map(|(at, c)| match c.role {
            Role::Parameter { minimum, .. } if c.name == name => Some((at, minimum)),
            Role::StreamId { .. } if c.name == name => Some((at, 0.0)),
            _ => None,
        });
        found.ok_or_else(|| CellError::UnknownParameter {
            mechanism: self.name.to_string(),
            parameter: name.to_string(),
            known: self
                .names(|role| matches!(role, Role::Parameter { .. } | Role::StreamId { .. })),
        })
    }

    fn bad_parameter(&self, name: &str, value: f64, minimum: f64) -> CellError {
        CellError::BadParameter {
            mechanism: self.name.to_string(),
            parameter: name.to_string(),
            value,
            expected: match minimum {
                f64::MIN => "a finite number",
                0.0 => "a number >= 0",
                _ => "a number > 0",
            },
        }
    }

    /// Names of the columns whose role passes, separated by commas.
    pub(crate) fn names(&self, keep: impl Fn(Role) -> bool) -> String {
        let names = self.columns.iter().filter(|c| keep(c.role)).map(|c| c.name);
        let names: Vec<&str> = names.filter(|n| !n.ends_with(net_kernel::table::NOW)).collect();
        names.join(", ")
    }
}

/// All mechanisms: those of the built-in sets `neuron` and `generic`, of the [sets](use_set) that
/// were chosen and the libraries that were [loaded](load_library) before this was first called.
pub fn catalogue() -> &'static [Mechanism] {
    library::catalogue()
}

/// The mechanisms and their indices in the order in which they are computed: those that write
/// concentrations or reversal potentials come before those that read them, and electrodes, which see more than the
/// membrane, last.
pub(crate) fn in_order() -> impl Iterator<Item = (usize, &'static Mechanism)> {
    let writes =
        |m: &Mechanism| m.ions.iter().any(|i| i.write && i.variable != IonVariable::Current);
    let mut all: Vec<_> = catalogue().iter().enumerate().collect();
    all.sort_by_key(|(_, m)| (m.kind == MechanismKind::Electrode, !writes(m)));
    all.into_iter()
}

/// The mechanism `name` and its index in the [`catalogue`].
///
/// # Errors
/// When there is none of this name.
///
/// ```
/// let (_, hh) = net_cell::mechanism::find("hh")?;
/// assert_eq!(hh.instance(&[("gnabar", 0.1)])?[0], 0.1);
/// # Ok::<(), net_cell::CellError>(())
/// ```
pub fn find(name: &str) -> Result<(usize, &'static Mechanism), CellError> {
    let all = catalogue();
    all.iter().enumerate().find(|(_, m)| m.name == name).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|m| m.name).collect();
        CellError::UnknownMechanism { name: name.to_string(), known: known.join(", ") }
    })
}
