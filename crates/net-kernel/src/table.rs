//! How a compiled mechanism describes itself: a table in a C layout, the same for mechanisms that
//! are part of the program and for those that are loaded from a library.
//!
//! A library has one function, [`ENTRY`], that returns the address of its [`Library`]. Addresses in
//! a table are valid as long as the library is loaded.

use crate::kernel::{BuildTables, Kernel, NetReceive};

/// Changes whenever anything here or in [`kernel`](crate::kernel) changes its layout or meaning.
pub const ABI_VERSION: u32 = 5;

/// Name of the function that returns the address of a library's [`Library`].
pub const ENTRY: &str = "net_mechanisms";

/// Type of that function.
pub type Entry = extern "C" fn() -> *const Library;

/// Ends the name of the variable that holds what a parameter is now, where the mechanism changes it;
/// the parameter's own name is that of what its user gave.
pub const NOW: &str = " (now)";

/// UTF-8 text.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Text {
    data: *const u8,
    len: usize,
}

// SAFETY: points to text that is never changed.
unsafe impl Send for Text {}
// SAFETY: as above.
unsafe impl Sync for Text {}

impl Text {
    /// The text.
    pub const fn new(text: &'static str) -> Self {
        Text { data: text.as_ptr(), len: text.len() }
    }

    /// The text again; empty if it is not UTF-8.
    ///
    /// # Safety
    /// The library it comes from must stay loaded for ever.
    pub unsafe fn get(self) -> &'static str {
        // SAFETY: made from a `str`, and the caller's promise.
        let bytes = unsafe { std::slice::from_raw_parts(self.data, self.len) };
        std::str::from_utf8(bytes).unwrap_or("")
    }
}

/// A slice.
#[derive(Debug)]
#[repr(C)]
pub struct List<T: 'static> {
    data: *const T,
    len: usize,
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for List<T> {}

// SAFETY: points to a slice that is never changed.
unsafe impl<T: Sync> Send for List<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for List<T> {}

impl<T> List<T> {
    /// The slice.
    pub const fn new(items: &'static [T]) -> Self {
        List { data: items.as_ptr(), len: items.len() }
    }

    /// The slice again.
    ///
    /// # Safety
    /// The library it comes from must stay loaded for ever.
    pub unsafe fn get(self) -> &'static [T] {
        // SAFETY: made from a slice, and the caller's promise.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

/// All mechanisms of a library.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Library {
    /// [`ABI_VERSION`] of the source it was compiled with; nothing else may be read if it differs.
    pub abi_version: u32,
    /// The instructions it is compiled for ([`Isa::features`](crate::simd::Isa::features)), empty if
    /// it chooses among several when it is loaded.
    pub features: Text,
    /// Its mechanisms.
    pub mechanisms: List<MechanismTable>,
}

/// How instances stand on a cell.
pub mod kind {
    /// Spread over the membrane.
    pub const DENSITY: u32 = 0;
    /// At a point of the membrane.
    pub const POINT: u32 = 1;
    /// At a point, with an electrode current.
    pub const ELECTRODE: u32 = 2;
    /// Without a membrane.
    pub const ARTIFICIAL_CELL: u32 = 3;
}

/// What a variable is.
pub mod role {
    /// Set by the user for each instance.
    pub const PARAMETER: u32 = 0;
    /// Set by the user for all instances.
    pub const GLOBAL: u32 = 1;
    /// Advanced by the mechanism.
    pub const STATE: u32 = 2;
    /// Computed in every step and kept.
    pub const ASSIGNED: u32 = 3;
    /// Computed for recording.
    pub const OUTPUT: u32 = 4;
    /// Computed once by the init kernel from the parameters in `depends_on`.
    pub const DERIVED: u32 = 5;
    /// Area of the compartment in um2, filled in by the engine.
    pub const AREA: u32 = 6;
    /// Diameter of the compartment in um, filled in by the engine.
    pub const DIAM: u32 = 7;
    /// One of the three ids of a random stream, set by the user or else by the engine. The default is
    /// its number, 1 to 3.
    pub const STREAM_ID: u32 = 8;
}

/// One variable; kernels know it by its index.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct VariableTable {
    /// Name; elements of arrays are `name[0]`, `name[1]`...
    pub name: Text,
    /// Unit, empty if it has none.
    pub unit: Text,
    /// One of [`role`].
    pub role: u32,
    /// Value of a parameter when the user gives none.
    pub default: f64,
    /// Smallest value of a parameter.
    pub minimum: f64,
    /// Largest value of a parameter.
    pub maximum: f64,
    /// For derived variables: the parameters that it is computed from.
    pub depends_on: List<u32>,
}

/// What of an ion is used.
pub mod ion {
    /// Reversal potential, mV.
    pub const REVERSAL: u32 = 0;
    /// Current, mA/cm2.
    pub const CURRENT: u32 = 1;
    /// Concentration inside, mM.
    pub const INSIDE: u32 = 2;
    /// Concentration outside, mM.
    pub const OUTSIDE: u32 = 3;
}

/// One ion variable; kernels know it by its index.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct IonTable {
    /// Name of the ion.
    pub ion: Text,
    /// One of [`ion`].
    pub variable: u32,
    /// Whether the mechanism reads it.
    pub read: bool,
    /// Whether it writes (concentrations) or adds to it (currents).
    pub write: bool,
    /// Charge number, NaN if the mechanism does not say.
    pub valence: f64,
}

/// The current is `g (v - e)` with constant g and e.
pub const CONSTANT_LINEAR: u32 = 1;
/// Events add to the states and the current is linear in the states.
pub const LINEAR: u32 = 2;
/// The mechanism keeps weights with each connection, beyond the first or changed by events.
pub const KEEPS_WEIGHTS: u32 = 4;
/// Events act at their exact time and in its order: the mechanism reads it, or sends events.
pub const TIMED: u32 = 8;
/// The mechanism goes through all connections to an instance (`FOR_NETCONS`).
pub const FOR_NETCONS: u32 = 16;
/// The user gives each instance spike times.
pub const SPIKE_TRAIN: u32 = 32;

/// Where an index stands for nothing.
pub const NONE: u32 = u32::MAX;

/// A state that diffuses along the cable after the states have been advanced.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct DiffusingTable {
    /// Variable; of a concentration the one for recording, or [`NONE`].
    pub state: u32,
    /// Ion variable of a concentration, or [`NONE`].
    pub ion: u32,
    /// Variable that holds the volume per length of the cable (um2 for a concentration), set by the
    /// state kernel.
    pub volume: u32,
    /// Variable that holds the diffusion constant times the area across the cable (um4/ms).
    pub coefficient: u32,
}

/// A function that the user gives as a table; kernels know it by its index.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct FunctionUse {
    /// Name.
    pub name: Text,
    /// Number of its arguments.
    pub n_arguments: u32,
}

/// Kernels that look rates up in tables, for runs that ask for it.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct TabledKernels {
    /// Doubles of all tables; 0 if the mechanism has none.
    pub n_values: usize,
    /// Fills the tables for the temperature, the step, and the parameters of the first instance.
    pub build: Option<BuildTables>,
    /// Global parameters that the tables depend on.
    pub depends_on: List<u32>,
    /// In the place of [`MechanismTable::init`].
    pub init: Option<Kernel>,
    /// In the place of [`MechanismTable::current`].
    pub current: Option<Kernel>,
    /// In the place of [`MechanismTable::state`].
    pub state: Option<Kernel>,
}

/// A compiled mechanism.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct MechanismTable {
    /// Name.
    pub name: Text,
    /// What its `TITLE` says.
    pub title: Text,
    /// Its first `COMMENT`, where the source of the equations stands.
    pub about: Text,
    /// One of [`kind`].
    pub kind: u32,
    /// Some of [`CONSTANT_LINEAR`], [`LINEAR`], [`KEEPS_WEIGHTS`], [`TIMED`], [`FOR_NETCONS`],
    /// [`SPIKE_TRAIN`].
    pub flags: u32,
    /// Its variables.
    pub variables: List<VariableTable>,
    /// Ion variables it uses.
    pub ions: List<IonTable>,
    /// Names of its pointers; kernels know them by their index.
    pub pointers: List<Text>,
    /// Those of them that may refer to nothing: it asks for that (`nrn_pointing`).
    pub optional_pointers: List<Text>,
    /// Functions that its user gives as tables (`FUNCTION_TABLE`).
    pub functions: List<FunctionUse>,
    /// Weights of a connection to it.
    pub n_weights: u32,
    /// Variable that holds the electrode current (nA), or [`NONE`].
    pub electrode_current: u32,
    /// Variable that holds its slope (uS), or [`NONE`].
    pub electrode_slope: u32,
    /// Sets derived variables and states at the start of a run.
    pub init: Option<Kernel>,
    /// Adds the currents to the linear system.
    pub current: Option<Kernel>,
    /// Advances the states by one step.
    pub state: Option<Kernel>,
    /// Handles one event.
    pub net_receive: Option<NetReceive>,
    /// Sets a connection's weights at the start of a run.
    pub net_init: Option<NetReceive>,
    /// States that diffuse along the cable.
    pub diffusing: List<DiffusingTable>,
    /// The kernels of a run with tables.
    pub tabled: TabledKernels,
    /// Tests the conditions that are watched, at the start of a step.
    pub watch: Option<Kernel>,
    /// Runs when all mechanisms have advanced their states.
    pub after_solve: Option<Kernel>,
    /// Runs after that, and before samples are taken.
    pub before_step: Option<Kernel>,
    /// Sets derived variables alone, for parameters that change while a run lasts.
    pub derive: Option<Kernel>,
}
