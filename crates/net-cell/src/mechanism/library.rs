//! Which mechanisms there are: the built-in sets, and libraries that are loaded at the start of a run.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use net_kernel::table::{self, IonTable, MechanismTable, VariableTable, ion, kind, role};

use crate::simd::Isa;

use super::{
    ColumnSpec, Diffusing, DiffusingState, IonUse, IonVariable, Kernels, Mechanism, MechanismKind,
    Role, Tables,
};

/// A library that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The system cannot load it.
    #[error("cannot load the mechanism library {path}: {message}")]
    Load {
        /// The library.
        path: PathBuf,
        /// What the system says.
        message: String,
    },
    /// It is no library of mechanisms.
    #[error(
        "{path} is not a mechanism library: it has no function '{entry}'",
        entry = table::ENTRY
    )]
    NoEntry {
        /// The library.
        path: PathBuf,
    },
    /// It was compiled for another version of this program.
    #[error(
        "the mechanism library {path} has interface version {found}; this program needs {expected}; \
         build it again from its .mod files",
        expected = table::ABI_VERSION
    )]
    Version {
        /// The library.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// It was compiled for another processor.
    #[error(
        "the mechanism library {path} is compiled for processors with {features}, and this one has \
         only {found}; build it here, or for any processor"
    )]
    Processor {
        /// The library.
        path: PathBuf,
        /// What it needs.
        features: &'static str,
        /// What there is.
        found: &'static str,
    },
    /// A mechanism of this name exists already.
    #[error(
        "{origin} has a mechanism '{name}', which {other} has already; rename one of them, or use one \
         of the two only"
    )]
    Duplicate {
        /// The file, or the library or set.
        origin: String,
        /// Name of the mechanism.
        name: String,
        /// The file, or the library or set, that has it.
        other: String,
    },
    /// There is no such set.
    #[error("there is no set of mechanisms '{name}'; there are: {known}")]
    UnknownSet {
        /// What was asked for.
        name: String,
        /// Names of the sets.
        known: String,
    },
    /// A mechanism needs what the engine does not offer.
    #[error("mechanism '{name}' of {origin} {what}, which is not supported")]
    Unsupported {
        /// The library.
        origin: String,
        /// Name of the mechanism.
        name: String,
        /// What it needs.
        what: &'static str,
    },
    /// The catalogue has been used.
    #[error(
        "{origin} was asked for too late: choose sets and load libraries before the first cell is \
         described"
    )]
    TooLate {
        /// The library or set.
        origin: String,
    },
}

/// What there is to choose from; fixed when it is first asked for.
enum Registry {
    Open(Vec<Mechanism>),
    Fixed(&'static [Mechanism]),
}

static REGISTRY: Mutex<Option<Registry>> = Mutex::new(None);

fn registry() -> MutexGuard<'static, Option<Registry>> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The built-in mechanisms and those that have been loaded; from now on nothing can be loaded.
pub(super) fn catalogue() -> &'static [Mechanism] {
    static CATALOGUE: std::sync::OnceLock<&'static [Mechanism]> = std::sync::OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let mut registry = registry();
        let fixed: &'static [Mechanism] = match registry.take() {
            Some(Registry::Fixed(all)) => all,
            Some(Registry::Open(all)) => Vec::leak(all),
            None => Vec::leak(built_in()),
        };
        *registry = Some(Registry::Fixed(fixed));
        fixed
    })
}

/// The sets that are there without being asked for.
const DEFAULT_SETS: [&str; 2] = ["neuron", "generic"];
/// Origin of mechanisms whose names others may take.
const GENERIC: &str = "the set 'generic'";

/// How the origin of built-in mechanisms begins.
const SET: &str = "the set ";

/// Names of the built-in sets.
pub fn sets() -> Vec<&'static str> {
    net_mechanisms::sets().iter().map(|set| set.name).collect()
}

/// Where mechanisms come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A built-in set.
    Set(&'static str),
    /// A library that was loaded.
    Library(PathBuf),
}

/// Version of the interface between this program and libraries of mechanisms; only libraries of this
/// version are loaded.
pub const INTERFACE_VERSION: u32 = table::ABI_VERSION;

/// Where the mechanisms of the [`catalogue`](super::catalogue) come from, each once: sets, then
/// libraries by path.
pub fn origins() -> Vec<Origin> {
    let of = |mechanism: &Mechanism| {
        let set = sets().into_iter().find(|set| mechanism.origin == format!("the set '{set}'"));
        set.map_or_else(|| Origin::Library(PathBuf::from(&mechanism.origin)), Origin::Set)
    };
    let all: std::collections::BTreeSet<Origin> = catalogue().iter().map(of).collect();
    all.into_iter().collect()
}

/// The mechanisms of a built-in set, whether it is used or not.
///
/// # Errors
/// When there is no such set.
pub fn of_set(name: &str) -> Result<Vec<Mechanism>, LibraryError> {
    let Some(set) = net_mechanisms::sets().iter().find(|set| set.name == name) else {
        return Err(LibraryError::UnknownSet { name: name.to_string(), known: sets().join(", ") });
    };
    // SAFETY: the tables are part of the program.
    let of = |table| unsafe { mechanism(table, &format!("{SET}'{name}'")) };
    set.mechanisms.iter().map(of).collect()
}

/// The mechanisms of a library, which is opened but not used.
///
/// # Errors
/// As [`load_library`].
pub fn of_library(path: &Path) -> Result<Vec<Mechanism>, LibraryError> {
    let origin = path.display().to_string();
    // SAFETY: the library is never unloaded.
    open(path)?.iter().map(|table| unsafe { mechanism(table, &origin) }).collect()
}

fn built_in() -> Vec<Mechanism> {
    // What the build script compiles is supported.
    DEFAULT_SETS.into_iter().filter_map(|name| of_set(name).ok()).flatten().collect()
}

/// Adds the mechanisms of a built-in set to the [`catalogue`](super::catalogue): `bbp`, `allen` or
/// `ngv`; the sets `neuron` and `generic` are always there. Returns the names of the set's mechanisms.
///
/// Sets may share names with each other, as `bbp` and `allen`; a run uses the one or the other. Sets are
/// chosen before the first cell is described; to choose one again changes nothing. A name that a
/// library has taken before stays the library's.
///
/// # Errors
/// When there is no such set, or when one of its names is taken by another set.
pub fn use_set(name: &str) -> Result<Vec<&'static str>, LibraryError> {
    let mut mechanisms = of_set(name)?;
    let taken: Vec<&str> = match &*registry() {
        Some(Registry::Open(known)) => of_libraries(known),
        Some(Registry::Fixed(known)) => of_libraries(known),
        None => Vec::new(),
    };
    mechanisms.retain(|mechanism| !taken.contains(&mechanism.name));
    add(mechanisms, &format!("{SET}'{name}'"))
}

/// Names of mechanisms that are not of a set.
fn of_libraries(known: &[Mechanism]) -> Vec<&'static str> {
    known.iter().filter(|m| !m.origin.starts_with(SET)).map(|m| m.name).collect()
}

/// Loads a library of mechanisms and adds them to the [`catalogue`](super::catalogue). Returns their
/// names.
///
/// Libraries are loaded before the first cell is described, and stay loaded; to load one again
/// changes nothing. A mechanism of a library takes the place of one of the set `generic`.
///
/// # Errors
/// When it is no library of mechanisms, was made for another version of this program, or has a
/// mechanism whose name is taken.
pub fn load_library(path: &Path) -> Result<Vec<&'static str>, LibraryError> {
    load_library_of(path, &[])
}

/// [`load_library`] of a library that was compiled from these files, one a mechanism; messages name
/// them.
///
/// # Errors
/// As [`load_library`].
pub fn load_library_of(path: &Path, files: &[PathBuf]) -> Result<Vec<&'static str>, LibraryError> {
    let origin = path.display().to_string();
    if let Some(Registry::Fixed(_)) = *registry() {
        return Err(LibraryError::TooLate { origin });
    }
    let mut mechanisms = of_library(path)?;
    for (mechanism, file) in mechanisms.iter_mut().zip(files) {
        mechanism.file = Some(file.clone());
    }
    add(mechanisms, &origin)
}

/// Adds mechanisms of one origin, if their names are free or of the same origin.
fn add(mechanisms: Vec<Mechanism>, origin: &str) -> Result<Vec<&'static str>, LibraryError> {
    let mut registry = registry();
    let all: &mut Vec<Mechanism> = match registry.get_or_insert_with(|| Registry::Open(built_in()))
    {
        Registry::Open(all) => all,
        Registry::Fixed(all) if all.iter().any(|m| m.origin == origin) => &mut all.to_vec(),
        Registry::Fixed(_) => return Err(LibraryError::TooLate { origin: origin.to_string() }),
    };
    let names = mechanisms.iter().map(|m| m.name).collect();
    for mechanism in &mechanisms {
        let taken = |m: &&Mechanism| m.name == mechanism.name && m.origin != origin;
        if let Some(other) = all.iter().find(taken).filter(|m| m.origin != GENERIC) {
            let place = |m: &Mechanism| match &m.file {
                Some(file) => file.display().to_string(),
                None => m.origin.clone(),
            };
            return Err(LibraryError::Duplicate {
                origin: place(mechanism),
                name: mechanism.name.to_string(),
                other: place(other),
            });
        }
    }
    for mechanism in mechanisms {
        match all.iter_mut().find(|m| m.name == mechanism.name) {
            Some(known) => *known = mechanism,
            None => all.push(mechanism),
        }
    }
    Ok(names)
}

/// The tables of a library, which is never unloaded.
fn open(path: &Path) -> Result<&'static [MechanismTable], LibraryError> {
    let failed = |message| LibraryError::Load { path: path.to_path_buf(), message };
    // What is only a name would be looked for among the system's libraries.
    let file = path.canonicalize().map_err(|error| failed(error.to_string()))?;
    // SAFETY: libraries of mechanisms have no code that runs when they are loaded or unloaded.
    let library = unsafe { libloading::Library::new(&file) }.map_err(|error| {
        let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        failed(format!("{reason}; build one by `net-sim mechanisms build`"))
    })?;
    // SAFETY: the name is given to functions of this type only.
    let entry = unsafe { library.get::<table::Entry>(table::ENTRY.as_bytes()) }
        .map_err(|_| LibraryError::NoEntry { path: path.to_path_buf() })?;
    let tables = entry();
    // SAFETY: the version stands first in every version of the table.
    let found = unsafe { tables.cast::<u32>().read() };
    if found != table::ABI_VERSION {
        return Err(LibraryError::Version { path: path.to_path_buf(), found });
    }
    std::mem::forget(library);
    // SAFETY: the library has this version's layout and stays loaded.
    let (features, mechanisms) = unsafe { ((*tables).features.get(), (*tables).mechanisms.get()) };
    let best = Isa::best();
    if Isa::with_features(features).is_none_or(|needed| needed > best) {
        let (path, found) = (path.to_path_buf(), best.description());
        return Err(LibraryError::Processor { path, features, found });
    }
    Ok(mechanisms)
}

/// The mechanism that a table describes.
///
/// # Safety
/// What the table points to must stay valid for ever.
pub(super) unsafe fn mechanism(
    table: &MechanismTable,
    origin: &str,
) -> Result<Mechanism, LibraryError> {
    // SAFETY: the caller's promise, here and below.
    let name = unsafe { table.name.get() };
    let unsupported = |what| LibraryError::Unsupported {
        origin: origin.to_string(),
        name: name.to_string(),
        what,
    };
    let kind = match table.kind {
        kind::DENSITY => MechanismKind::Density,
        kind::POINT => MechanismKind::Point,
        kind::ELECTRODE => MechanismKind::Electrode,
        kind::ARTIFICIAL_CELL => MechanismKind::ArtificialCell,
        _ => return Err(unsupported("is of an unknown kind")),
    };
    let index = |at: u32| (at != table::NONE).then_some(at as usize);
    let columns = unsafe { table.variables.get() }.iter().map(|v| unsafe { column(v) }).collect();
    Ok(Mechanism {
        name,
        origin: origin.to_string(),
        file: None,
        title: unsafe { table.title.get() },
        about: unsafe { table.about.get() },
        kind,
        columns,
        ions: unsafe { table.ions.get() }.iter().map(|i| unsafe { ion_use(i) }).collect(),
        electrode: index(table.electrode_current).zip(index(table.electrode_slope)),
        constant_linear: table.flags & table::CONSTANT_LINEAR != 0,
        linear: table.flags & table::LINEAR != 0,
        n_weights: table.n_weights as usize,
        keeps_weights: table.flags & table::KEEPS_WEIGHTS != 0,
        timed: table.flags & table::TIMED != 0 || kind == MechanismKind::ArtificialCell,
        uses_netcons: table.flags & table::FOR_NETCONS != 0,
        has_spike_train: table.flags & table::SPIKE_TRAIN != 0,
        pointers: unsafe { table.pointers.get() }.iter().map(|p| unsafe { p.get() }).collect(),
        optional_pointers: unsafe { table.optional_pointers.get() }
            .iter()
            .map(|p| unsafe { p.get() })
            .collect(),
        functions: unsafe { table.functions.get() }
            .iter()
            .map(|f| (unsafe { f.name.get() }, f.n_arguments as usize))
            .collect(),
        kernels: Kernels {
            init: table.init,
            current: table.current,
            state: table.state,
            net_receive: table.net_receive,
            net_init: table.net_init,
            watch: table.watch,
            after_solve: table.after_solve,
            before_step: table.before_step,
            derive: table.derive,
        },
        // SAFETY: the caller's promise.
        diffusing: unsafe { table.diffusing.get() }
            .iter()
            .map(|d| Diffusing {
                what: match index(d.ion) {
                    Some(k) => DiffusingState::Ion(k, index(d.state)),
                    None => DiffusingState::Column(d.state as usize),
                },
                volume: d.volume as usize,
                coefficient: d.coefficient as usize,
            })
            .collect(),
        tables: table.tabled.build.map(|build| Tables {
            n_values: table.tabled.n_values,
            build,
            depends_on: unsafe { table.tabled.depends_on.get() },
            init: table.tabled.init,
            current: table.tabled.current,
            state: table.tabled.state,
        }),
    })
}

/// # Safety
/// As [`mechanism`].
unsafe fn column(variable: &VariableTable) -> ColumnSpec {
    // SAFETY: the caller's promise.
    let (name, unit) = unsafe { (variable.name.get(), variable.unit.get()) };
    let role = match variable.role {
        role::PARAMETER | role::GLOBAL => {
            Role::Parameter { default: variable.default, minimum: variable.minimum }
        }
        role::STATE => Role::State,
        role::ASSIGNED => Role::Assigned,
        // SAFETY: the caller's promise.
        role::DERIVED => Role::Derived { depends_on: unsafe { variable.depends_on.get() } },
        role::STREAM_ID => Role::StreamId { which: variable.default as u32 },
        role::AREA => Role::Area,
        role::DIAM => Role::Diam,
        _ => Role::Output,
    };
    ColumnSpec { name, unit, role }
}

/// # Safety
/// As [`mechanism`].
unsafe fn ion_use(table: &IonTable) -> IonUse {
    IonUse {
        // SAFETY: the caller's promise.
        ion: unsafe { table.ion.get() },
        variable: match table.variable {
            ion::CURRENT => IonVariable::Current,
            ion::INSIDE => IonVariable::Inside,
            ion::OUTSIDE => IonVariable::Outside,
            _ => IonVariable::Reversal,
        },
        read: table.read,
        write: table.write,
        valence: (!table.valence.is_nan()).then_some(table.valence),
    }
}
