//! Potentials outside of cells that act on them.
//!
//! The potential outside of a compartment is imposed, as NEURON's `extracellular` does with its
//! defaults and `e_extracellular`: currents of the membrane follow the transmembrane potential v, and
//! axial currents follow what is inside against ground, v plus the potential outside. A step sees
//! the potential in its middle. Electrodes stand against ground, too.

use crate::simd::F8;

/// The potential outside of the cells of one block.
pub trait ExtracellularPotential: Send + std::fmt::Debug {
    /// Writes the potential of every slot in mV at a time in ms, a lane a cell. What stands there is
    /// what was written last, 0 at first.
    fn potential_at(&mut self, t_ms: f64, potential_mv: &mut [F8]);
}
