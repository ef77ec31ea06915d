//! Potentials that cells see of each other: gap junctions.
//!
//! A value that comes from another compartment is that of the start of a step.

use super::instances::Place;
use super::{Block, Endpoint};
use crate::error::CellError;
use crate::mechanism::Role;
use crate::simd::LANES;

/// A variable of one instance that is set from outside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received {
    instances: u32,
    column: u32,
    place: Place,
    /// Index among the values that are received.
    from: u32,
}

impl Block {
    /// Where the potential of a segment stands.
    pub(crate) fn potential_place(&self, member: usize, segment: usize) -> Result<u32, CellError> {
        let slots = self.slot_start[member] as usize..self.slot_start[member + 1] as usize;
        let slot = self.slots[slots.clone()]
            .get(segment)
            .copied()
            .ok_or(CellError::NoSuchSegment { segment, n_segments: slots.len() })?;
        Ok(slot * LANES as u32 + self.members[member].lane)
    }

    /// The potential at a place.
    pub(crate) fn potential_at(&self, place: u32) -> f64 {
        self.cable.v[place as usize / LANES].0[place as usize % LANES]
    }

    /// Has a variable of the instance that an endpoint is set from received values after every step;
    /// until then it is the initial potential.
    pub(crate) fn receive_from(
        &mut self,
        endpoint: u32,
        variable: &str,
        from: u32,
    ) -> Result<(), CellError> {
        let Endpoint { instances: at, place } = self.endpoints[endpoint as usize];
        let mechanism = self.instances[at as usize].mechanism;
        let column = mechanism.column(variable).filter(|&column| {
            matches!(mechanism.columns[column].role, Role::Assigned | Role::Parameter { .. })
        });
        let Some(column) = column.filter(|_| !mechanism.constant_linear) else {
            let known = mechanism.names(|role| role == Role::Assigned);
            let (mechanism, variable) = (mechanism.name.to_string(), variable.to_string());
            return Err(CellError::UnknownVariable { mechanism, variable, known });
        };
        self.instances[at as usize].make_own(column);
        self.received.push(Received { instances: at, column: column as u32, place, from });
        Ok(())
    }

    /// Sets what is received to the initial potential.
    pub(super) fn reset_received(&mut self) {
        for received in &self.received {
            let instances = &mut self.instances[received.instances as usize];
            let value = self.settings.v_init_mv;
            *instances.value_mut(received.column as usize, received.place) = value;
        }
    }

    /// Sets what is received.
    pub(crate) fn set_received(&mut self, values: &[f64]) {
        for received in &self.received {
            let instances = &mut self.instances[received.instances as usize];
            let value = values[received.from as usize];
            *instances.value_mut(received.column as usize, received.place) = value;
        }
    }
}
