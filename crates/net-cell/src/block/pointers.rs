//! Pointers of mechanisms: variables of other mechanisms, potentials and ions of the same cell.
//!
//! What a pointer refers to is found when the block is built, its address when a run starts, since
//! columns may grow until then.

use super::Block;
use super::instances::{Located, Place};
use super::rows::{CellSpec, Row};
use crate::cell::PointerTarget;
use crate::error::CellError;
use crate::mechanism::kernel::Column;
use crate::mechanism::{self, Role};
use crate::simd::LANES;

/// What a pointer of an instance refers to, in terms of the block.
#[derive(Debug, Clone, Copy)]
pub(super) enum Link {
    /// Nothing: there is no instance in this place.
    Nowhere,
    /// Nothing, which the mechanism knows and asks for.
    Unset,
    /// The potential at a position.
    Voltage(usize),
    /// A variable of another instance.
    Column { instances: usize, column: usize, place: Place },
    /// A variable of an ion at a position.
    Ion { column: Column, position: usize },
}

/// Addresses for kernels, by pointer and place.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) to: Vec<Link>,
    pub(super) addresses: Vec<*mut f64>,
}

// SAFETY: the addresses point into the block that owns them, and are used by who owns the block.
unsafe impl Send for Links {}
// SAFETY: as above; nothing is written through a shared reference.
unsafe impl Sync for Links {}

impl Block {
    /// Finds what the pointers of all instances refer to.
    pub(super) fn find_pointers(&mut self, rows: &[Row]) -> Result<(), CellError> {
        for at in 0..self.instances.len() {
            let mechanism = self.instances[at].mechanism;
            if mechanism.pointers.is_empty() {
                continue;
            }
            let n_places = self.instances[at].n_places();
            let mut links = vec![Link::Nowhere; mechanism.pointers.len() * n_places];
            for located in self.located[at].clone() {
                let cells = rows.iter().flat_map(|row| &row.lanes);
                let mut own = cells.filter(|(index, _)| *index as u32 == located.cell);
                let Some(&(_, cell)) = own.next() else { continue };
                for (pointer, name) in mechanism.pointers.iter().enumerate() {
                    let is_optional = mechanism.optional_pointers.contains(name);
                    let link = match cell.template.pointer(mechanism.name, name) {
                        None if is_optional => Link::Unset,
                        None => {
                            let mechanism = mechanism.name.to_string();
                            let (pointer, gid) = (name.to_string(), cell.gid);
                            return Err(CellError::UnsetPointer { mechanism, pointer, gid });
                        }
                        Some(target) => match self.link(cell, &located, target) {
                            Err(CellError::NotInserted { .. })
                                if is_optional && target.segment().is_none() =>
                            {
                                Link::Unset
                            }
                            link => link?,
                        },
                    };
                    links[pointer * n_places + located.place.index()] = link;
                }
            }
            self.instances[at].links.to = links;
        }
        Ok(())
    }

    /// What a pointer of an instance of `cell` refers to.
    fn link(
        &mut self,
        cell: &CellSpec,
        from: &Located,
        target: &PointerTarget,
    ) -> Result<Link, CellError> {
        let segment = target.segment().unwrap_or(from.segment as usize);
        let n_segments = cell.template.n_segments();
        if segment >= n_segments {
            return Err(CellError::NoSuchSegment { segment, n_segments });
        }
        let member = self.members.iter().position(|member| member.index == from.cell);
        let at = member.map_or(0, |member| self.slot_start[member] as usize + segment);
        let position = self.slots[at] as usize * LANES + from.place.lane as usize;
        match target {
            PointerTarget::Voltage { .. } => Ok(Link::Voltage(position)),
            PointerTarget::Ion { ion, variable, .. } => {
                let found = self.ions.stored(ion, *variable).ok_or_else(|| {
                    let mechanism = ion.clone();
                    CellError::NotInserted { mechanism, segment, gid: cell.gid }
                })?;
                Ok(Link::Ion { column: found, position })
            }
            PointerTarget::Variable { mechanism: name, variable, nth, .. } => {
                let (_, description) = mechanism::find(name)?;
                let column = description.present_column(variable).ok_or_else(|| {
                    let known = description.names(|role| !matches!(role, Role::Derived { .. }));
                    let (mechanism, variable) = (name.clone(), variable.clone());
                    CellError::UnknownVariable { mechanism, variable, known }
                })?;
                let not_inserted = || {
                    let mechanism = name.clone();
                    CellError::NotInserted { mechanism, segment, gid: cell.gid }
                };
                let instances = self.instances.iter().position(|i| i.mechanism.name == name);
                let instances = instances.ok_or_else(not_inserted)?;
                let here = |l: &&Located| l.cell == from.cell && l.segment as usize == segment;
                let found = self.located[instances].iter().filter(here).nth(*nth);
                let place = found.ok_or_else(not_inserted)?.place;
                if description.columns[column].role == Role::Output {
                    self.record_outputs(instances);
                }
                self.instances[instances].make_own(column);
                Ok(Link::Column { instances, column, place })
            }
        }
    }

    /// Finds the addresses of what pointers refer to.
    pub(super) fn connect_pointers(&mut self) {
        for at in 0..self.instances.len() {
            let links = std::mem::take(&mut self.instances[at].links.to);
            let sink = self.cable.sink_slot();
            let addresses = links.iter().enumerate().map(|(k, link)| match *link {
                Link::Nowhere => &raw mut self.cable.v[sink].0[k % LANES],
                Link::Unset => std::ptr::null_mut(),
                Link::Voltage(p) => &raw mut self.cable.v[p / LANES].0[p % LANES],
                Link::Column { instances, column, place } => {
                    self.instances[instances].address(column, place)
                }
                Link::Ion { column, position } => self.ions.address(column, position),
            });
            let addresses = addresses.collect();
            self.instances[at].links.addresses = addresses;
            self.instances[at].links.to = links;
        }
    }
}
