//! Parameters of mechanisms that get other values.

use super::CellGroup;
use crate::cell::ParameterChange;
use crate::error::CellError;

impl CellGroup {
    /// Gives a parameter of a mechanism another value, on those segments of cables and artificial cells
    /// that are chosen by gid and index; an artificial cell has the one segment 0. Returns the number of
    /// instances that have it.
    ///
    /// After [`initialize`](Self::initialize) it acts from the next step on, and states stay what they
    /// are, as in NEURON; what the engine derives from parameters is derived anew. Before, the initial
    /// state is made with it.
    ///
    /// # Errors
    /// [`CellError::UnknownParameter`], [`CellError::BadParameter`]; [`CellError::FixedParameter`] for
    /// what was used for rate tables, random streams, or the division of observed synaptic currents.
    /// Unknown mechanisms are no error here: a group need not have all.
    pub fn change_parameter(
        &mut self,
        change: ParameterChange<'_>,
        is_chosen: impl Fn(u64, usize) -> bool,
    ) -> Result<u64, CellError> {
        let has_started = self.has_started;
        self.blocks.iter_mut().try_fold(0, |n, block| {
            Ok(n + block.change_parameter(change, &is_chosen, has_started)?)
        })
    }
}
