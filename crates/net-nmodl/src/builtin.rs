//! Names the simulator gives: variables and functions.

/// Variables of the simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Builtin {
    /// `v`: membrane potential, mV.
    Voltage,
    /// `t`: time, ms.
    Time,
    /// `dt`: step, ms.
    TimeStep,
    /// `celsius`: temperature, degrees Celsius.
    Celsius,
    /// `area`: membrane area of the compartment, um2.
    Area,
    /// `diam`: diameter of the compartment, um.
    Diameter,
}

impl Builtin {
    /// The variable of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Builtin> {
        Some(match name {
            "v" => Builtin::Voltage,
            "t" => Builtin::Time,
            "dt" => Builtin::TimeStep,
            "celsius" => Builtin::Celsius,
            "area" => Builtin::Area,
            "diam" => Builtin::Diameter,
            _ => return None,
        })
    }

    /// Its unit.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Builtin::Voltage => "millivolt",
            Builtin::Time | Builtin::TimeStep => "ms",
            Builtin::Celsius => "degC",
            Builtin::Area => "micron2",
            Builtin::Diameter => "micron",
        }
    }
}

/// Kinds of built-in functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FunctionKind {
    /// The value depends on the arguments alone.
    Math,
    /// Events: `net_send`, `net_event`, `net_move`, `state_discontinuity`, `at_time`.
    Event,
    /// Draws from, or sets, a `RANDOM` variable, its first argument.
    RandomStream,
    /// Draws from one stream shared by all (`exprand`, `set_seed`).
    LegacyRandom,
    /// Prints text or stops the run.
    Print,
    /// Spike times the user gives to an instance.
    SpikeTrain,
    /// Asks whether a `POINTER` is set.
    Pointer,
}

/// A built-in function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltinFunction {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: FunctionKind,
    /// Fewest arguments.
    pub min_arguments: usize,
    /// Most arguments.
    pub max_arguments: usize,
}

const fn f(
    name: &'static str,
    kind: FunctionKind,
    min_arguments: usize,
    max_arguments: usize,
) -> BuiltinFunction {
    BuiltinFunction { name, kind, min_arguments, max_arguments }
}

use FunctionKind::{Event, LegacyRandom, Math, Pointer, Print, RandomStream, SpikeTrain};

/// All built-in functions. Routines of a file may have the same names and hide them.
pub const FUNCTIONS: &[BuiltinFunction] = &[
    f("exp", Math, 1, 1),
    f("log", Math, 1, 1),
    f("log10", Math, 1, 1),
    f("sqrt", Math, 1, 1),
    f("fabs", Math, 1, 1),
    f("abs", Math, 1, 1),
    f("pow", Math, 2, 2),
    f("sin", Math, 1, 1),
    f("cos", Math, 1, 1),
    f("tan", Math, 1, 1),
    f("asin", Math, 1, 1),
    f("acos", Math, 1, 1),
    f("atan", Math, 1, 1),
    f("atan2", Math, 2, 2),
    f("sinh", Math, 1, 1),
    f("cosh", Math, 1, 1),
    f("tanh", Math, 1, 1),
    f("floor", Math, 1, 1),
    f("ceil", Math, 1, 1),
    f("fmod", Math, 2, 2),
    // x / (exp(x) - 1), 1 at 0.
    f("exprelr", Math, 1, 1),
    // Current of an ion by Goldman, Hodgkin and Katz: (v, inside, outside, valence).
    f("nrn_ghk", Math, 4, 4),
    // Reversal potential: (inside, outside, valence).
    f("nernst", Math, 3, 3),
    f("net_send", Event, 2, 2),
    f("net_event", Event, 1, 1),
    f("net_move", Event, 1, 1),
    f("at_time", Event, 1, 1),
    f("state_discontinuity", Event, 2, 2),
    f("random_uniform", RandomStream, 1, 3),
    f("random_negexp", RandomStream, 1, 2),
    f("random_normal", RandomStream, 1, 3),
    f("random_ipick", RandomStream, 1, 1),
    f("random_dpick", RandomStream, 1, 1),
    f("random_setseq", RandomStream, 2, 2),
    f("random_setids", RandomStream, 4, 4),
    f("set_seed", LegacyRandom, 1, 1),
    f("exprand", LegacyRandom, 1, 1),
    f("normrand", LegacyRandom, 2, 2),
    f("poisrand", LegacyRandom, 1, 1),
    f("scop_random", LegacyRandom, 0, 0),
    f("printf", Print, 1, 64),
    f("prterr", Print, 1, 1),
    f("error", Print, 1, 2),
    f("spike_train_size", SpikeTrain, 0, 0),
    f("spike_train_time", SpikeTrain, 1, 1),
    f("nrn_pointing", Pointer, 1, 1),
];

/// The built-in function of a name.
#[must_use]
pub fn function(name: &str) -> Option<&'static BuiltinFunction> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// What to do instead of calling functions of NEURON's interpreter.
pub(crate) fn interpreter_function_help(name: &str) -> Option<&'static str> {
    Some(match name {
        "ion_style" => {
            "styles of ions follow from what mechanisms READ and WRITE; set concentrations and \
             reversal potentials where the cell is described"
        }
        "erf" | "erfc" => "write a FUNCTION, or give its values by FUNCTION_TABLE",
        "nrn_mech_setdata" | "ghk" | "hoc_Exp" => "write a FUNCTION in this file",
        _ => return None,
    })
}

/// What to write instead of functions of Arbor's dialect.
pub(crate) fn arbor_function_help(name: &str) -> Option<&'static str> {
    Some(match name {
        "min" | "max" => "write a FUNCTION with if and else",
        "step" | "step_left" | "step_right" | "signum" => "write a FUNCTION with if and else",
        "safeinv" => "write 1/x with a guard for x == 0",
        "relu" => "write a FUNCTION that returns x if x > 0 and 0 otherwise",
        "sigmoid" => "write 1 / (1 + exp(-x))",
        _ => return None,
    })
}
