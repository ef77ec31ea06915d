//! The built-in mechanisms: `.mod` files of this project, compiled when it is built.
//!
//! `mod/` has a folder for every [`Set`]. Each file is written from the published equations that
//! its header names. The build script turns the files into kernels by the same compiler that makes
//! libraries of users' files; nothing here is special about being built in.
//!
//! The crate is apart so that it is compiled only when a `.mod` file, the compiler or the kernel
//! library changes.

use std::sync::OnceLock;

use net_kernel::table::MechanismTable;

/// Mechanisms that go together. Within a set names are unique; sets may share names.
#[derive(Debug)]
pub struct Set {
    /// Name of the set.
    pub name: &'static str,
    /// Its mechanisms.
    pub mechanisms: Vec<MechanismTable>,
}

/// All sets: `neuron` (what NEURON has built in), `generic` (common channels and synapses), `bbp`
/// and `allen` (the channels and synapses of the Blue Brain and Allen Institute cell models), `ngv`
/// (astrocytes of neuro-glial-vascular circuits).
///
/// ```
/// let sets = net_mechanisms::sets();
/// assert_eq!(sets[0].name, "neuron");
/// ```
pub fn sets() -> &'static [Set] {
    static SETS: OnceLock<Vec<Set>> = OnceLock::new();
    SETS.get_or_init(compiled::sets)
}

#[allow(warnings, clippy::all)]
mod compiled {
    use super::Set;
    include!(concat!(env!("OUT_DIR"), "/mechanisms.rs"));
}
