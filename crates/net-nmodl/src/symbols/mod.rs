//! What every name of a file means.
//!
//! The declarations make the [`Symbols`]; the checks then look at the statements with them.

mod build;

use std::collections::BTreeMap;

use crate::ast::{EquationKind, MechanismKind, Name, Program, Size};
use crate::builtin::Builtin;
use crate::source::{Reporter, Span};
use crate::units::UnitTable;

/// The mechanism a file describes.
#[derive(Clone, Debug, PartialEq)]
pub struct Mechanism {
    /// Density, point or artificial cell.
    pub kind: MechanismKind,
    /// Its name, behind `SUFFIX` and so on.
    pub name: Name,
}

/// A quantity of an ion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IonQuantity {
    /// `ena`: reversal potential, mV.
    Reversal,
    /// `ina`: current, mA/cm2.
    Current,
    /// `nai`: inside concentration, mM.
    Inside,
    /// `nao`: outside concentration, mM.
    Outside,
}

/// An ion a mechanism uses.
#[derive(Clone, Debug, PartialEq)]
pub struct Ion {
    /// `na`, `k`, `ca` or another.
    pub name: String,
    /// Charge number, if written.
    pub valence: Option<f64>,
    /// Quantities read.
    pub read: Vec<IonQuantity>,
    /// Quantities written.
    pub write: Vec<IonQuantity>,
    /// Its `USEION` statement.
    pub span: Span,
}

/// What a variable is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Role {
    /// Given by the simulator, whatever block lists it.
    Builtin(Builtin),
    /// A quantity of an ion. It may be a state at the same time, see [`Variable::is_state`].
    Ion {
        /// Index into [`Symbols::ions`].
        ion: usize,
        /// Which of its quantities.
        quantity: IonQuantity,
        /// Whether `USEION` reads it.
        read: bool,
        /// Whether `USEION` writes it.
        write: bool,
    },
    /// `NONSPECIFIC_CURRENT`.
    NonspecificCurrent,
    /// `ELECTRODE_CURRENT`.
    ElectrodeCurrent,
    /// `POINTER`: a variable elsewhere.
    Pointer,
    /// `BBCOREPOINTER` that no statement uses: data of C code.
    BbcorePointer,
    /// `RANDOM`: a random stream, argument of the `random_` functions.
    Random,
    /// One of the three ids of a random stream, set by the user for each instance or by the simulator.
    StreamId,
    /// `EXTERNAL`: a global variable of another mechanism.
    External,
    /// `STATE`.
    State,
    /// `PARAMETER`; per instance if [`Variable::range`], else one per mechanism. May be assigned.
    Parameter,
    /// `ASSIGNED`.
    Assigned,
    /// `CONSTANT`, or a number of the `UNITS` block; its value is the default.
    Constant,
    /// `DEFINE`; an integer, its value is the default.
    Define,
    /// `LOCAL` at file level.
    FileLocal,
}

/// Block in which a variable is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclaredIn {
    /// `PARAMETER`.
    Parameter,
    /// `CONSTANT`.
    Constant,
    /// `UNITS`.
    Units,
    /// `ASSIGNED`.
    Assigned,
    /// `STATE`.
    State,
    /// `LOCAL` at file level.
    Local,
    /// `DEFINE`.
    Define,
}

/// A variable of the file's scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Block that declares it; `None` for one that only the `NEURON` block names.
    pub declared: Option<DeclaredIn>,
    /// Whether it is in `RANGE`.
    pub range: bool,
    /// Whether it is in `GLOBAL`.
    pub global: bool,
    /// Elements of an array; `None` for a scalar.
    pub length: Option<usize>,
    /// Unit as written.
    pub unit: Option<String>,
    /// Value of a parameter, constant or `DEFINE`; `START` of a state.
    pub default: Option<f64>,
    /// Text of that value as written, for rounding as NEURON does.
    pub default_text: Option<String>,
    /// `<low, high>` of a parameter.
    pub limits: Option<(f64, f64)>,
    /// `<tolerance>` of a state.
    pub tolerance: Option<f64>,
    /// Its declaration.
    pub span: Span,
}

impl Variable {
    /// Whether `STATE` declares it; ion concentrations can be states.
    #[must_use]
    pub fn is_state(&self) -> bool {
        self.declared == Some(DeclaredIn::State)
    }

    /// Whether it cannot be assigned.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        matches!(self.role, Role::Constant | Role::Define)
    }
}

/// What kind of routine a name calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoutineKind {
    /// `FUNCTION`.
    Function,
    /// `PROCEDURE`.
    Procedure,
    /// `FUNCTION_TABLE`.
    Table,
}

/// A routine of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct RoutineSymbol {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: RoutineKind,
    /// Index of its item in [`Program::items`].
    pub item: usize,
    /// Number of arguments.
    pub arity: usize,
    /// Its name in the text.
    pub span: Span,
}

/// A block of equations of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockSymbol {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: EquationKind,
    /// Index of its item in [`Program::items`].
    pub item: usize,
    /// Its name in the text.
    pub span: Span,
}

/// All names of a file's scope. Local names are in the tree; they hide these.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    /// The mechanism; `None` only in files with errors.
    pub mechanism: Option<Mechanism>,
    /// Ions used, in order.
    pub ions: Vec<Ion>,
    /// Variables in the order of their first mention outside of `NEURON`, then the others.
    pub variables: Vec<Variable>,
    /// Routines by name.
    pub routines: BTreeMap<String, RoutineSymbol>,
    /// Equation blocks by name.
    pub blocks: BTreeMap<String, BlockSymbol>,
    /// Whether `THREADSAFE` is written.
    pub thread_safe: bool,
    /// Whether the user gives a train of spike times to each instance (the VecStim idiom); the
    /// functions `spike_train_size()` and `spike_train_time(i)` then read it.
    pub spike_train: bool,
    by_name: BTreeMap<String, usize>,
}

impl Symbols {
    /// A variable of the file's scope.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.by_name.get(name).map(|&index| &self.variables[index])
    }

    /// Whether the file only holds functions (`SUFFIX nothing`).
    #[must_use]
    pub fn is_function_library(&self) -> bool {
        self.mechanism.as_ref().is_some_and(|mechanism| mechanism.name.text == "nothing")
    }

    /// States in the order of their declaration.
    pub fn states(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter().filter(|variable| variable.is_state())
    }

    /// The value of an array length.
    #[must_use]
    pub fn size(&self, size: &Size) -> Option<f64> {
        match size {
            Size::Number(number) => Some(number.value),
            Size::Name(name) => self
                .variable(&name.text)
                .filter(|variable| variable.role == Role::Define)
                .and_then(|variable| variable.default),
        }
    }

    /// Collects the declarations of a program; what contradicts goes to `reporter`. A mechanism
    /// without a name is a density mechanism with the name of the file.
    pub(crate) fn build(
        program: &Program,
        file_stem: &str,
        units: &mut UnitTable,
        reporter: &mut Reporter<'_>,
    ) -> Symbols {
        build::build(program, file_stem, units, reporter)
    }

    pub(crate) fn add(&mut self, variable: Variable) -> usize {
        self.by_name.insert(variable.name.clone(), self.variables.len());
        self.variables.push(variable);
        self.variables.len() - 1
    }
}

/// A scalar variable without further properties.
pub(crate) fn plain_variable(
    name: &str,
    role: Role,
    declared: Option<DeclaredIn>,
    span: Span,
) -> Variable {
    Variable {
        name: name.to_owned(),
        role,
        declared,
        range: false,
        global: false,
        length: None,
        unit: None,
        default: None,
        default_text: None,
        limits: None,
        tolerance: None,
        span,
    }
}
