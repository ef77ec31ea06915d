//! Values that are not finite: found, and named.

use super::Block;
use super::instances::Instances;
use crate::error::NotFinite;
use crate::mechanism::Role;
use crate::simd::{F8, LANES};

impl Block {
    /// Looks for a value that is not finite and names it.
    pub(crate) fn check_finite(&self, end_step: u64) -> Result<(), NotFinite> {
        let v_is_good = all_finite(&self.cable.v[..self.cable.n_slots()]);
        if v_is_good && self.instances.iter().all(has_finite_states) {
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

/// Whether all states of all instances are finite.
fn has_finite_states(instances: &Instances) -> bool {
    instances.states().all(|(values, weights)| {
        // Empty lanes, whose weight is 0, may be anything.
        let is_good = |(value, weight): (&F8, &F8)| {
            (0..LANES).all(|lane| value.0[lane].is_finite() || weight.0[lane] == 0.0)
        };
        all_finite(values) || values.iter().zip(weights).all(is_good)
    })
}

/// Whether all values are finite, without a branch for each.
fn all_finite(vectors: &[F8]) -> bool {
    // The exponent of what is not finite is all ones: one more carries into the sign.
    const EXPONENT: u64 = 0x7ff << 52;
    let mut carries = [0; LANES];
    for vector in vectors {
        for (carries, x) in carries.iter_mut().zip(vector.0) {
            *carries |= (x.to_bits() & EXPONENT) + (1 << 52);
        }
    }
    carries.iter().all(|carries| carries >> 63 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_value_that_is_not_finite_is_seen() {
        let good = F8([0.0, -0.0, 1.0, -1e308, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::MIN]);
        assert!(all_finite(&[]) && all_finite(&[good; 3]));
        for bad in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for at in 0..3 * LANES {
                let mut values = [good; 3];
                values[at / LANES].0[at % LANES] = bad;
                assert!(!all_finite(&values), "{bad} at {at}");
            }
        }
    }
}
