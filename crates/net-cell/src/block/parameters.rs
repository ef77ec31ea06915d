//! Parameters that get other values while a run stands between two steps.
//!
//! What is derived from them once is derived anew: columns of expressions of parameters, and the
//! currents that are part of the constant system. States stay what they are, as in NEURON.

use super::Block;
use super::instances::Place;
use super::observation::Observation;
use crate::cell::ParameterChange;
use crate::error::CellError;
use crate::mechanism::{Mechanism, Role};

impl Block {
    /// Gives a parameter of those instances of a mechanism another value whose cell, by gid, and segment
    /// are chosen; returns how many. `has_started` says that the initial state is set.
    pub(crate) fn change_parameter(
        &mut self,
        change: ParameterChange<'_>,
        is_chosen: &dyn Fn(u64, usize) -> bool,
        has_started: bool,
    ) -> Result<u64, CellError> {
        let named = |own: &super::Instances| own.mechanism.name == change.mechanism;
        let Some(at) = self.instances.iter().position(named) else { return Ok(0) };
        let mechanism = self.instances[at].mechanism;
        let column = mechanism.parameter(change.parameter, change.value)?;
        let gid_of: std::collections::HashMap<u32, u64> =
            self.members.iter().map(|member| (member.index, member.gid)).collect();
        let chosen = self.located[at].iter().filter(|located| {
            let gid = gid_of.get(&located.cell);
            gid.is_some_and(|&gid| is_chosen(gid, located.segment as usize))
        });
        let places: Vec<Place> = chosen.map(|located| located.place).collect();
        if places.is_empty() {
            return Ok(0);
        }
        let followers = followers_of(mechanism, column);
        if self.is_fixed(at, column) || (!followers.is_empty() && !can_derive(mechanism)) {
            return Err(CellError::FixedParameter {
                mechanism: change.mechanism.to_owned(),
                parameter: change.parameter.to_owned(),
            });
        }
        let instances = &mut self.instances[at];
        instances.make_own(column);
        places.iter().for_each(|&place| *instances.value_mut(column, place) = change.value);
        followers.iter().for_each(|&follower| instances.make_own(follower));
        if has_started {
            // Columns may have moved.
            self.connect_pointers();
            if !followers.is_empty() {
                self.derive_again(at);
            }
            if mechanism.constant_linear {
                self.fold_constant_currents_again();
            }
        }
        Ok(places.len() as u64)
    }

    /// Whether a parameter has been used for what cannot be made again.
    fn is_fixed(&self, at: usize, column: usize) -> bool {
        let mechanism = self.instances[at].mechanism;
        let tabled =
            |tables: crate::mechanism::Tables| tables.depends_on.contains(&(column as u32));
        let is_stream = matches!(mechanism.columns[column].role, Role::StreamId { .. });
        let is_in_table = self.settings.tables && mechanism.tables.is_some_and(tabled);
        // Observed currents of synapses were divided into inward and outward ones.
        let divides = |observation: &Observation| observation.divides(at);
        let is_divided = mechanism.reversal_column() == Some(column)
            && self.observation.as_ref().is_some_and(divides);
        is_stream || is_in_table || is_divided
    }

    /// Computes the derived columns of a mechanism.
    fn derive_again(&mut self, at: usize) {
        let addresses = self.addresses_of(at);
        let instances = &mut self.instances[at];
        if let Some(derive) = instances.mechanism.kernels.derive {
            let args = instances.args(&addresses);
            // SAFETY: the arguments describe this mechanism's columns and the block's vectors.
            unsafe { derive(&args) };
            return;
        }
        // The start of a run derives too, among other things, which are taken back.
        let (ions, n_posts) = (self.ions.arena.clone(), self.events.posts.len());
        instances.derive_by_start(&addresses);
        self.ions.arena.copy_from_slice(&ions);
        self.events.posts.truncate(n_posts);
    }

    /// Makes the constant part of the system again; to the last bit what it is at the start of a run.
    fn fold_constant_currents_again(&mut self) {
        let v_init = self.cable.at_rest(self.settings.v_init_mv);
        self.cable.clear_constant_currents();
        let [mut addresses, _] = self.addresses();
        addresses.v = v_init.as_ptr().cast();
        self.fold_constant_currents_at(addresses);
        if let Some(observation) = &mut self.observation {
            observation.take_constant(&mut self.instances, &addresses);
        }
    }
}

/// The columns that are derived from a parameter.
fn followers_of(mechanism: &Mechanism, column: usize) -> Vec<usize> {
    let follows = |role: Role| match role {
        Role::Derived { depends_on } => depends_on.contains(&(column as u32)),
        _ => false,
    };
    let columns = mechanism.columns.iter().enumerate();
    columns.filter(|(_, spec)| follows(spec.role)).map(|(at, _)| at).collect()
}

/// Whether derived columns can be computed without a trace elsewhere.
fn can_derive(mechanism: &Mechanism) -> bool {
    mechanism.kernels.derive.is_some() || mechanism.pointers.is_empty()
}
