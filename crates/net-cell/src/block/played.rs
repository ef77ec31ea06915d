//! Parameters of point processes that follow a waveform.
//!
//! The value of a step is that in its middle, as NEURON's `Vector.play` with interpolation has it.

use std::sync::Arc;

use super::instances::Place;
use super::{Block, Endpoint};
use crate::error::CellError;
use crate::mechanism::Role;
use crate::waveform::{Cursor, Waveform};

/// A parameter of one instance and what it follows.
#[derive(Debug)]
pub(super) struct Played {
    instances: u32,
    column: u32,
    place: Place,
    waveform: Arc<Waveform>,
    cursor: Cursor,
}

impl Block {
    /// Has a parameter of the instance that an endpoint is follow a waveform.
    pub(crate) fn play(
        &mut self,
        endpoint: u32,
        parameter: &str,
        waveform: Arc<Waveform>,
    ) -> Result<(), CellError> {
        let Endpoint { instances: at, place } = self.endpoints[endpoint as usize];
        let mechanism = self.instances[at as usize].mechanism;
        let column = mechanism.parameter(parameter, waveform.at(0.0))?;
        let follows = |role: Role| match role {
            Role::Derived { depends_on } => depends_on.contains(&(column as u32)),
            _ => false,
        };
        let followers = mechanism.columns.iter().enumerate().filter(|(_, c)| follows(c.role));
        let followers: Vec<usize> = followers.map(|(at, _)| at).collect();
        let derives = mechanism.kernels.derive.is_some();
        if mechanism.constant_linear || !(followers.is_empty() || derives) {
            return Err(CellError::FixedParameter {
                mechanism: mechanism.name.to_string(),
                parameter: parameter.to_string(),
            });
        }
        let instances = &mut self.instances[at as usize];
        instances.make_own(column);
        followers.iter().for_each(|&column| instances.make_own(column));
        if !followers.is_empty() && !self.derived_anew.contains(&at) {
            self.derived_anew.push(at);
        }
        let (instances, column) = (at, column as u32);
        let cursor = Cursor::default();
        self.played.push(Played { instances, column, place, waveform, cursor });
        Ok(())
    }

    /// Begins anew.
    pub(super) fn rewind_played(&mut self) {
        self.played.iter_mut().for_each(|played| played.cursor = Cursor::default());
    }

    /// Sets what follows waveforms to the values of a time.
    pub(super) fn set_played(&mut self, t_ms: f64) {
        for played in &mut self.played {
            let value = played.cursor.value(&played.waveform, t_ms);
            let instances = &mut self.instances[played.instances as usize];
            *instances.value_mut(played.column as usize, played.place) = value;
        }
        for k in 0..self.derived_anew.len() {
            let at = self.derived_anew[k] as usize;
            let addresses = self.addresses_of(at);
            let instances = &mut self.instances[at];
            let Some(derive) = instances.mechanism.kernels.derive else { continue };
            let args = instances.args(&addresses);
            // SAFETY: the arguments describe this mechanism's columns and the block's vectors.
            unsafe { derive(&args) };
        }
    }
}
