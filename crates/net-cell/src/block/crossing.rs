//! Variables of point processes whose passing of a threshold is a spike of their own, as of a `NetCon`
//! in NEURON whose source is a variable of a mechanism.

use super::instances::Place;
use super::{Block, Endpoint, Spike};
use crate::error::CellError;
use crate::mechanism::Role;

/// A variable of one instance, and whose spike its passing of the threshold is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crossing {
    pub(super) instances: u32,
    pub(super) column: u32,
    pub(super) place: Place,
    pub(super) threshold: f64,
    pub(super) above: bool,
    pub(super) gid: u64,
}

/// What is due less than this before a step is due at its start.
const AT_ONCE_MS: f64 = 1e-9;

impl Block {
    /// Has a variable of the instance that an endpoint is make spikes of `gid`, which is no cell's.
    pub(crate) fn detect_crossing(
        &mut self,
        endpoint: u32,
        (variable, threshold): (&str, f64),
        gid: u64,
    ) -> Result<(), CellError> {
        let Endpoint { instances: at, place } = self.endpoints[endpoint as usize];
        let mechanism = self.instances[at as usize].mechanism;
        let varies = |role: Role| matches!(role, Role::Assigned | Role::State | Role::Output);
        let column = mechanism.column(variable);
        let Some(column) = column.filter(|&column| varies(mechanism.columns[column].role)) else {
            let known = mechanism.names(varies);
            let (mechanism, variable) = (mechanism.name.to_string(), variable.to_string());
            return Err(CellError::UnknownVariable { mechanism, variable, known });
        };
        if mechanism.columns[column].role == Role::Output {
            self.record_outputs(at as usize);
        }
        self.instances[at as usize].make_own(column);
        let (instances, column, above) = (at, column as u32, false);
        self.crossings.push(Crossing { instances, column, place, threshold, above, gid });
        Ok(())
    }

    /// Finds the variables that are above their thresholds and were not in the step before, when what is
    /// due before the step has been delivered. What is due at its start comes from spikes, which in
    /// NEURON are 1e-10 ms late, so that their effect is seen one step later.
    pub(super) fn detect_crossings(&mut self, step: u64, spikes: &mut Vec<Spike>) {
        if self.crossings.is_empty() {
            return;
        }
        let before_ms = step as f64 * self.settings.dt_ms - AT_ONCE_MS;
        self.deliver_timed(before_ms, step, spikes);
        for crossing in &mut self.crossings {
            let instances = &self.instances[crossing.instances as usize];
            let value = instances.value(crossing.column as usize, crossing.place);
            let above = value > crossing.threshold;
            if above && !crossing.above {
                spikes.push(Spike::new(step, crossing.gid));
            }
            crossing.above = above;
        }
    }
}
