//! From a checked file to Rust source.

use std::collections::BTreeSet;

use crate::lower::storage::Currents;
use crate::lower::{self, conductance, constants, storage};
use crate::source::Diagnostic;
use crate::{Parsed, emit, optimize};

pub use crate::lower::Settings;

/// A compiled mechanism.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Name of the mechanism.
    pub name: String,
    /// A Rust module that needs the crate `net_kernel`, with a function
    /// `pub fn table() -> MechanismTable`.
    pub source: String,
    /// What is not done as written.
    pub warnings: Vec<Diagnostic>,
}

/// Compiles a checked file.
///
/// # Errors
/// What cannot be compiled, with file, line and construct.
///
/// ```
/// use net_nmodl::{Options, compile, parse_text};
///
/// let leak = "
///     NEURON { SUFFIX leak NONSPECIFIC_CURRENT i RANGE g, e }
///     PARAMETER { g = 0.001 (S/cm2)  e = -70 (mV) }
///     ASSIGNED { v (mV) i (mA/cm2) }
///     BREAKPOINT { i = g*(v - e) }
/// ";
/// let parsed = parse_text("leak.mod".as_ref(), leak, &Options::default()).unwrap();
/// let compiled = compile::compile(&parsed, &compile::Settings::default()).unwrap();
/// assert!(compiled.source.contains("CONSTANT_LINEAR"));
/// ```
pub fn compile(parsed: &Parsed, settings: &Settings) -> Result<Compiled, Vec<Diagnostic>> {
    let parsed = &lower::events::with_hidden_variables(parsed);
    let mut exact = BTreeSet::new();
    let (mut lowered, constants) = loop {
        let mut lowered = lower::lower(parsed, settings, &exact)?;
        let constants = constants::propagate_constants(&mut lowered, parsed);
        let more = lowered.not_tabled(&parsed.symbols);
        if more.is_empty() {
            break (lowered, constants);
        }
        exact.extend(more);
    };
    let (membrane, inside) = (lowered.membrane, lowered.electrode);
    let currents = Currents {
        system: conductance::system(&mut lowered.graph, membrane, inside, settings),
        electrode: conductance::electrode(&mut lowered.graph, inside, settings),
    };
    let tabled = lowered.tabled.as_ref().map(|tabled| (tabled.membrane, tabled.electrode));
    let tabled = tabled.map(|(membrane, inside)| Currents {
        system: conductance::system(&mut lowered.graph, membrane, inside, settings),
        electrode: conductance::electrode(&mut lowered.graph, inside, settings),
    });
    let mut placed =
        storage::Placer::new(&mut lowered, parsed, settings, &constants).place(currents, tabled);
    let exact = [&mut placed.current, &mut placed.state];
    for stores in exact
        .into_iter()
        .chain(placed.tabled.iter_mut().flat_map(|t| [&mut t.current, &mut t.state]))
        .flatten()
    {
        optimize::optimize(&mut lowered.graph, stores, settings);
    }
    Ok(Compiled {
        name: parsed.symbols.mechanism.as_ref().map_or(String::new(), |m| m.name.text.clone()),
        source: emit::module(parsed, &lowered, &placed, settings),
        warnings: lowered.notes,
    })
}
