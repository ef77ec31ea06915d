//! Values that are not finite: found, and named.

use super::{Block, Instances};
use crate::error::NotFinite;
use crate::mechanism::Role;
use crate::simd::F8;

impl Block {
    /// Looks for a value that is not finite and names it.
    pub(crate) fn check_finite(&self, end_step: u64) -> Result<(), NotFinite> {
        let is_bad = |v: &F8| !v.0.iter().all(|x| x.is_finite());
        let v_is_good = !self.cable.v[..self.cable.n_slots()].iter().any(is_bad);
        if v_is_good && self.instances.iter().all(Instances::has_finite_states) {
            return Ok(());
        }
        let time_ms = end_step as f64 * self.settings.dt_ms;
        // A state that went wrong explains more than the potential that followed it, and states
        // that do not follow the potential explain most.
        let mut order: Vec<_> = self.instances.iter().zip(&self.located).collect();
        order.sort_by_key(|(instances, _)| !instances.mechanism.linear);
        for (instances, located) in order {
            for l in located {
                let Some(member) = self.members.iter().find(|m| m.index == l.cell) else {
                    continue;
                };
                for (column, spec) in instances.mechanism.columns.iter().enumerate() {
                    let value = instances.value(column, l.place);
                    if spec.role == Role::State && !value.is_finite() {
                        let variable = format!("{}.{}", instances.mechanism.name, spec.name);
                        let segment = l.segment as usize;
                        let gid = member.gid;
                        return Err(NotFinite { variable, value, gid, segment, time_ms });
                    }
                }
            }
        }
        for (at, member) in self.members.iter().enumerate() {
            let slots = &self.slots[self.slot_start[at] as usize..self.slot_start[at + 1] as usize];
            for (segment, &slot) in slots.iter().enumerate() {
                let value = self.cable.v[slot as usize].0[member.lane as usize];
                if !value.is_finite() {
                    let variable = "v".to_string();
                    return Err(NotFinite { variable, value, gid: member.gid, segment, time_ms });
                }
            }
        }
        Ok(())
    }
}
