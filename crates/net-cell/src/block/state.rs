//! The state of a block's cells, one by one: saved by what it belongs to, restored in any layout.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use super::events::{Address, Events, Movable, NO_WEIGHTS, Sent, Weights, movable_at};
use super::instances::{Instances, Place};
use super::pointers::Link;
use super::{Block, Crossing, Endpoint, Event, NOT_KEPT, Spike, TimedEvent};
use crate::error::CellError;
use crate::mechanism::{IonVariable, Role};
use crate::simd::{F8, LANES};
use crate::state::{
    CellState, EventState, Fingerprint, InstanceOfCell, IonState, MechanismState, SentState,
    WeightsOfCell,
};

/// Whose the instances of a block are.
pub(crate) struct Owners {
    /// Of each member, for each mechanism that it has: index of its instances in the block, and places
    /// in an order that is the same in every layout.
    places: Vec<Vec<(usize, Vec<Place>)>>,
    /// By instances and place: the member, and which of its instances it is.
    of_place: Vec<Vec<Option<(usize, InstanceOfCell)>>>,
}

/// Where a block keeps the weights of the connections of each member, in the order of connections.
#[derive(Default)]
pub(crate) struct Kept {
    /// Start in the block, start among those of the cell, number.
    of_member: Vec<Vec<[u32; 3]>>,
    /// Start among those of the cell, by start in the block.
    in_cell: HashMap<u32, u32>,
}

/// An event for a block, found again.
pub(crate) enum Pending {
    Plain(Event),
    Timed(TimedEvent),
}

impl Kept {
    /// Of so many members, nothing.
    pub(crate) fn new(n_members: usize) -> Self {
        Kept { of_member: vec![Vec::new(); n_members], in_cell: HashMap::new() }
    }

    /// Adds the `n` weights of the next connection of a member.
    pub(crate) fn add(&mut self, member: usize, at: u32, n: u32) {
        let own = &mut self.of_member[member];
        let start = own.last().map_or(0, |&[_, start, n]| start + n);
        own.push([at, start, n]);
        self.in_cell.insert(at, start);
    }

    fn weights_of_cell(&self, kept: u32, weight: f64) -> WeightsOfCell {
        WeightsOfCell { kept: self.in_cell.get(&kept).copied(), weight }
    }

    /// What [`weights_of_cell`](Self::weights_of_cell) was made from; none if there is no such
    /// connection.
    fn kept_in_block(&self, member: usize, weights: WeightsOfCell) -> Option<u32> {
        let Some(start) = weights.kept else { return Some(NOT_KEPT) };
        let own = &self.of_member[member];
        let at = own.binary_search_by_key(&start, |&[_, start, _]| start).ok()?;
        Some(own[at][0])
    }
}

impl Owners {
    /// The member and instance that an endpoint is.
    fn of(&self, endpoint: &Endpoint) -> Option<(usize, InstanceOfCell)> {
        self.of_place[endpoint.instances as usize][endpoint.place.index()]
    }

    fn address(&self, member: usize, of: InstanceOfCell) -> Option<Address> {
        let (instances, places) = self.places[member].get(of.mechanism as usize)?;
        let place = *places.get(of.nth as usize)?;
        Some(Address { instances: *instances as u32, place })
    }
}

impl Block {
    /// Whose the instances are.
    pub(crate) fn owners(&self) -> Owners {
        let member_of: HashMap<u32, usize> =
            self.members.iter().enumerate().map(|(at, member)| (member.index, at)).collect();
        let mut places = vec![Vec::new(); self.members.len()];
        let mut of_place = Vec::with_capacity(self.instances.len());
        for (at, located) in self.located.iter().enumerate() {
            let mut owners = vec![None; self.instances[at].n_places()];
            for located in located {
                let Some(&member) = member_of.get(&located.cell) else { continue };
                let own: &mut Vec<(usize, Vec<Place>)> = &mut places[member];
                if own.last().is_none_or(|(last, _)| *last != at) {
                    own.push((at, Vec::new()));
                }
                let mechanism = own.len() as u32 - 1;
                let list = &mut own[mechanism as usize].1;
                let of = InstanceOfCell { mechanism, nth: list.len() as u32 };
                list.push(located.place);
                owners[located.place.index()] = Some((member, of));
            }
            of_place.push(owners);
        }
        Owners { places, of_place }
    }

    /// The member whose instance an endpoint is.
    pub(crate) fn member_of(&self, owners: &Owners, endpoint: u32) -> Option<usize> {
        owners.of(&self.endpoints[endpoint as usize]).map(|(member, _)| member)
    }

    /// Weights that a connection to an endpoint keeps.
    pub(crate) fn n_weights(&self, endpoint: u32) -> u32 {
        let Endpoint { instances, .. } = self.endpoints[endpoint as usize];
        self.instances[instances as usize].mechanism.n_weights.max(1) as u32
    }

    /// Number of cells.
    pub(crate) fn n_members(&self) -> usize {
        self.members.len()
    }

    /// Variables of mechanisms that pointers of others may change.
    fn linked(&self) -> BTreeSet<(usize, usize)> {
        let links = self.instances.iter().flat_map(|instances| &instances.links.to);
        let columns = links.filter_map(|link| match *link {
            Link::Column { instances, column, .. } => Some((instances, column)),
            _ => None,
        });
        columns.collect()
    }

    /// The state of all cells, without events of connections and inputs.
    pub(crate) fn save(&self, owners: &Owners, kept: &Kept) -> Vec<CellState> {
        let linked = self.linked();
        let mut states: Vec<CellState> =
            (0..self.members.len()).map(|at| self.save_member(owners, &linked, at)).collect();
        for (state, own) in states.iter_mut().zip(&kept.of_member) {
            for &[at, _, n] in own {
                let weights = &self.kept_weights[at as usize..(at + n) as usize];
                state.kept_weights.extend_from_slice(weights);
            }
        }
        let Events { sent, void, movable, early_spikes, .. } = &self.events;
        let mut in_order: Vec<&Sent> = sent.iter().map(|Reverse(sent)| sent).collect();
        in_order.sort_unstable();
        for sent in in_order.into_iter().filter(|sent| !void.contains(&sent.serial)) {
            let Address { instances, place } = sent.to;
            let Some((member, to)) = owners.of_place[instances as usize][place.index()] else {
                continue;
            };
            let &Sent { t_ms, what, flag, weights, serial, .. } = sent;
            let last = movable[instances as usize].get(place.index());
            let is_movable = last.is_some_and(|movable| movable.serial == serial);
            let weights = kept.weights_of_cell(weights.kept, weights.weight);
            states[member].sent.push(SentState { t_ms, what, to, flag, weights, is_movable });
        }
        for spike in early_spikes {
            if let Some(state) = states.iter_mut().find(|state| state.gid == spike.gid) {
                state.early_spikes.push((spike.step, spike.offset));
            }
        }
        states
    }

    fn save_member(
        &self,
        owners: &Owners,
        linked: &BTreeSet<(usize, usize)>,
        at: usize,
    ) -> CellState {
        let gid = self.members[at].gid;
        let by_segment = |vectors: &[F8]| {
            self.positions(at).map(|p| vectors[p / LANES].0[p % LANES]).collect::<Vec<_>>()
        };
        let membrane = !self.membrane.is_empty();
        let mut state = CellState {
            gid,
            v_mv: by_segment(&self.cable.v),
            membrane_na: if membrane { by_segment(&self.membrane) } else { Vec::new() },
            above: self.detectors.iter().any(|detector| detector.gid == gid && detector.above),
            crossed: self.own_crossings(owners, at).map(|at| self.crossings[at].above).collect(),
            ..CellState::default()
        };
        for (index, places) in &owners.places[at] {
            let instances = &self.instances[*index];
            let columns = instances.mechanism.columns.iter().enumerate();
            let saved = columns.filter(|(column, spec)| match spec.role {
                Role::State | Role::Assigned => true,
                Role::Output => instances.record,
                _ => linked.contains(&(*index, *column)),
            });
            let values = |column: usize| places.iter().map(move |p| instances.value(column, *p));
            let columns = saved.map(|(column, _)| (column as u32, values(column).collect()));
            state.mechanisms.push(MechanismState {
                name: instances.mechanism.name.to_owned(),
                n_instances: places.len() as u32,
                columns: columns.collect(),
            });
        }
        for (ion, variable) in self.own_ions(owners, at) {
            if let Some(column) = self.ions.stored(ion, variable).filter(|c| c.stride > 0) {
                let values = self.positions(at).map(|p| self.ions.value(column, p)).collect();
                let variable = variable as u8;
                state.ions.push(IonState { ion: ion.to_owned(), variable, values });
            }
        }
        state
    }

    /// Variables of a member that make spikes, in the order in which they were asked for.
    fn own_crossings(&self, owners: &Owners, at: usize) -> impl Iterator<Item = usize> {
        let is_own = move |crossing: &Crossing| {
            let of = owners.of_place[crossing.instances as usize][crossing.place.index()];
            of.is_some_and(|(member, _)| member == at)
        };
        let all = self.crossings.iter().enumerate();
        all.filter(move |(_, crossing)| is_own(crossing)).map(|(number, _)| number)
    }

    /// Positions of the segments of a member.
    fn positions(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let slots = &self.slots[self.slot_start[at] as usize..self.slot_start[at + 1] as usize];
        let lane = self.members[at].lane as usize;
        slots.iter().map(move |&slot| slot as usize * LANES + lane)
    }

    /// All variables of the ions that mechanisms of a member use.
    fn own_ions(&self, owners: &Owners, at: usize) -> Vec<(&'static str, IonVariable)> {
        let used = owners.places[at].iter().flat_map(|(i, _)| &self.instances[*i].mechanism.ions);
        let names: BTreeSet<&'static str> = used.map(|used| used.ion).collect();
        let all = |ion| IonVariable::ALL.map(|variable| (ion, variable));
        names.into_iter().flat_map(all).collect()
    }

    /// What an event is, in terms of its cell.
    pub(crate) fn save_event(
        &self,
        (owners, kept): (&Owners, &Kept),
        step: u64,
        event: &Pending,
    ) -> Option<(usize, EventState)> {
        let (endpoint, at, weight, t_ms) = match *event {
            Pending::Plain(Event { endpoint, kept, weight }) => (endpoint, kept, weight, None),
            Pending::Timed(TimedEvent { t_ms, endpoint, kept, weight }) => {
                (endpoint, kept, weight, Some(t_ms))
            }
        };
        let (member, to) = owners.of(&self.endpoints[endpoint as usize])?;
        let weights = kept.weights_of_cell(at, weight);
        Some((member, EventState { step, t_ms, to, weights }))
    }

    /// Forgets what the start of a run left behind, before cells are restored.
    pub(crate) fn begin_restore(&mut self) {
        self.clear_sent();
        for recorder in &mut self.recorders {
            recorder.clear();
        }
    }

    /// Gives a member the state that a cell was saved with; returns its events, which are to be queued.
    ///
    /// # Errors
    /// [`CellError::State`] if it was another cell.
    pub(crate) fn restore(
        &mut self,
        (owners, kept): (&Owners, &Kept),
        at: usize,
        state: &CellState,
    ) -> Result<Vec<(u64, Pending)>, CellError> {
        let gid = self.members[at].gid;
        self.restore_potentials(at, state)?;
        self.restore_mechanisms(owners, at, state)?;
        self.restore_ions(owners, at, state)?;
        for detector in self.detectors.iter_mut().filter(|detector| detector.gid == gid) {
            detector.above = state.above;
        }
        let crossings: Vec<usize> = self.own_crossings(owners, at).collect();
        check_len(gid, "watched variables", state.crossed.len(), crossings.len())?;
        for (at, &above) in crossings.into_iter().zip(&state.crossed) {
            self.crossings[at].above = above;
        }
        let n_kept = kept.of_member[at].last().map_or(0, |&[_, start, n]| start + n);
        check_len(gid, "weights of connections", state.kept_weights.len(), n_kept as usize)?;
        for &[to, start, n] in &kept.of_member[at] {
            let saved = &state.kept_weights[start as usize..(start + n) as usize];
            self.kept_weights[to as usize..(to + n) as usize].copy_from_slice(saved);
        }
        for sent in &state.sent {
            let to = owners.address(at, sent.to).ok_or_else(|| no_instance(gid, sent.to))?;
            let found = kept.kept_in_block(at, sent.weights);
            let weights = match (sent.weights.kept, found) {
                (None, _) => Weights { weight: sent.weights.weight, ..NO_WEIGHTS },
                (_, Some(kept)) => Weights { kept, weight: sent.weights.weight },
                (Some(start), None) => return Err(no_connection(gid, start)),
            };
            self.send_again(sent, to, weights);
        }
        let early = state.early_spikes.iter();
        self.events.early_spikes.extend(early.map(|&(step, offset)| Spike { step, offset, gid }));
        let endpoint_of: HashMap<(u32, usize), u32> = match state.events.is_empty() {
            true => HashMap::new(),
            false => self.endpoints_of(owners, at),
        };
        let event = |event: &EventState| {
            let to = owners.address(at, event.to).ok_or_else(|| no_instance(gid, event.to))?;
            let endpoint = *endpoint_of
                .get(&(to.instances, to.place.index()))
                .ok_or_else(|| no_instance(gid, event.to))?;
            let kept = kept.kept_in_block(at, event.weights);
            let kept =
                kept.ok_or_else(|| no_connection(gid, event.weights.kept.unwrap_or_default()))?;
            let weight = event.weights.weight;
            let pending = match event.t_ms {
                Some(t_ms) => Pending::Timed(TimedEvent { t_ms, endpoint, kept, weight }),
                None => Pending::Plain(Event { endpoint, kept, weight }),
            };
            Ok((event.step, pending))
        };
        state.events.iter().map(event).collect()
    }

    /// Endpoints of a member by instances and place.
    fn endpoints_of(&self, owners: &Owners, at: usize) -> HashMap<(u32, usize), u32> {
        let all = self.endpoints.iter().zip(0..);
        let own = all.filter(|(e, _)| owners.of(e).is_some_and(|(member, _)| member == at));
        own.map(|(e, number)| ((e.instances, e.place.index()), number)).collect()
    }

    fn restore_potentials(&mut self, at: usize, state: &CellState) -> Result<(), CellError> {
        let positions: Vec<usize> = self.positions(at).collect();
        check_len(state.gid, "segments", state.v_mv.len(), positions.len())?;
        for (&p, &v) in positions.iter().zip(&state.v_mv) {
            self.cable.v[p / LANES].0[p % LANES] = v;
        }
        if !self.membrane.is_empty() && state.membrane_na.len() == positions.len() {
            for (&p, &current) in positions.iter().zip(&state.membrane_na) {
                self.membrane[p / LANES].0[p % LANES] = current;
            }
        }
        Ok(())
    }

    fn restore_mechanisms(
        &mut self,
        owners: &Owners,
        at: usize,
        state: &CellState,
    ) -> Result<(), CellError> {
        let (gid, own) = (state.gid, &owners.places[at]);
        check_len(gid, "mechanisms", state.mechanisms.len(), own.len())?;
        for (saved, (index, places)) in state.mechanisms.iter().zip(own) {
            let instances = &mut self.instances[*index];
            let mechanism = instances.mechanism;
            if saved.name != mechanism.name {
                let (found, expected) = (saved.name.clone(), mechanism.name.to_owned());
                return Err(CellError::State { gid, what: "mechanism".into(), found, expected });
            }
            let what = format!("instances of '{}'", saved.name);
            check_len(gid, &what, saved.n_instances as usize, places.len())?;
            let mut is_set = vec![false; mechanism.columns.len()];
            for (column, values) in &saved.columns {
                let what = format!("column {column} of '{}'", saved.name);
                check_len(gid, &what, values.len(), places.len())?;
                let column = *column as usize;
                let Some(is_set) = is_set.get_mut(column) else {
                    let expected = format!("{} columns", mechanism.columns.len());
                    let found = format!("column {column}");
                    return Err(CellError::State {
                        gid,
                        what: saved.name.clone(),
                        found,
                        expected,
                    });
                };
                *is_set = true;
                instances.restore_column(column, places, values);
            }
            let missing = mechanism.columns.iter().zip(is_set).find(|(spec, is_set)| {
                matches!(spec.role, Role::State | Role::Assigned) && !is_set
            });
            if let Some((spec, _)) = missing {
                let (what, found) = (format!("variables of '{}'", saved.name), "none".into());
                let expected = format!("'{}'", spec.name);
                return Err(CellError::State { gid, what, found, expected });
            }
        }
        Ok(())
    }

    fn restore_ions(
        &mut self,
        owners: &Owners,
        at: usize,
        state: &CellState,
    ) -> Result<(), CellError> {
        let positions: Vec<usize> = self.positions(at).collect();
        let own = self.own_ions(owners, at);
        for saved in &state.ions {
            let is_it = |(ion, variable): &&(&str, IonVariable)| {
                *ion == saved.ion && *variable as u8 == saved.variable
            };
            let column = own.iter().find(is_it).and_then(|(ion, v)| self.ions.stored(ion, *v));
            let what = format!("ion '{}'", saved.ion);
            check_len(state.gid, &what, saved.values.len(), positions.len())?;
            // Where a column is shared or not kept, nobody of this cell writes it.
            if let Some(column) = column.filter(|column| column.stride > 0) {
                for (&p, &value) in positions.iter().zip(&saved.values) {
                    *self.ions.value_mut(column, p) = value;
                }
            }
        }
        Ok(())
    }

    /// Adds what does not change of each member: geometry, mechanisms, parameters, ions.
    pub(crate) fn fingerprint(&self, owners: &Owners) -> u64 {
        let add_member = |sum: u64, at: usize| {
            let gid = self.members[at].gid;
            let mut of = Fingerprint::new(1);
            of.add(gid);
            for p in self.positions(at) {
                let (slot, lane) = (p / LANES, p % LANES);
                of.add_all(self.cable.constants(slot).map(|vector| vector.0[lane].to_bits()));
            }
            let detectors = self.detectors.iter().filter(|detector| detector.gid == gid);
            detectors.for_each(|detector| of.add(detector.threshold_mv.to_bits()));
            for crossing in self.own_crossings(owners, at).map(|at| &self.crossings[at]) {
                let instances = &self.instances[crossing.instances as usize];
                of.add_text(instances.mechanism.columns[crossing.column as usize].name);
                of.add_all([crossing.gid, crossing.threshold.to_bits()]);
            }
            for (index, places) in &owners.places[at] {
                let instances = &self.instances[*index];
                of.add_text(instances.mechanism.name);
                of.add(places.len() as u64);
                for (column, spec) in instances.mechanism.columns.iter().enumerate() {
                    let is_given =
                        matches!(spec.role, Role::Parameter { .. } | Role::StreamId { .. });
                    if is_given || spec.role == Role::Area {
                        let values = places.iter().map(|p| instances.value(column, *p).to_bits());
                        values.for_each(|bits| of.add(bits));
                    }
                }
                places.iter().for_each(|place| instances.add_train(*place, &mut of));
            }
            for (ion, variable) in self.own_ions(owners, at) {
                let Some(column) = self.ions.stored(ion, variable) else { continue };
                if variable != IonVariable::Current {
                    let values = self.positions(at).map(|p| self.ions.initial(column, p).to_bits());
                    values.for_each(|bits| of.add(bits));
                }
            }
            sum.wrapping_add(of.value())
        };
        (0..self.members.len()).fold(0, add_member)
    }

    /// What tells an endpoint from all others of a network.
    pub(crate) fn fingerprint_of(&self, owners: &Owners, endpoint: u32) -> u64 {
        let Endpoint { instances, .. } = self.endpoints[endpoint as usize];
        let mut of = Fingerprint::new(2);
        if let Some((member, to)) = owners.of(&self.endpoints[endpoint as usize]) {
            of.add(self.members[member].gid);
            of.add_text(self.instances[instances as usize].mechanism.name);
            of.add(u64::from(to.nth));
        }
        of.value()
    }
}

impl Instances {
    /// Sets the values of a column. Where all instances share one, nothing could have changed it, and
    /// outputs that nobody wants have no storage.
    fn restore_column(&mut self, column: usize, places: &[Place], values: &[f64]) {
        if self.is_shared(column) {
            return;
        }
        for (&place, &value) in places.iter().zip(values) {
            *self.value_mut(column, place) = value;
        }
    }
}

fn check_len(gid: u64, what: &str, found: usize, expected: usize) -> Result<(), CellError> {
    if found == expected {
        return Ok(());
    }
    let (found, expected) = (found.to_string(), expected.to_string());
    Err(CellError::State { gid, what: what.to_owned(), found, expected })
}

fn no_instance(gid: u64, of: InstanceOfCell) -> CellError {
    CellError::State {
        gid,
        what: "target of an event".to_owned(),
        found: format!("instance {} of mechanism {}", of.nth, of.mechanism),
        expected: "an instance of the cell".to_owned(),
    }
}

fn no_connection(gid: u64, start: u32) -> CellError {
    CellError::State {
        gid,
        what: "weights of an event".to_owned(),
        found: format!("those from {start} on"),
        expected: "a connection of the cell".to_owned(),
    }
}

impl Block {
    /// Forgets what mechanisms have sent.
    fn clear_sent(&mut self) {
        let events = &mut self.events;
        events.sent.clear();
        events.void.clear();
        events.early_spikes.clear();
        events.movable.iter_mut().flatten().for_each(|movable| *movable = Movable::default());
    }

    fn send_again(&mut self, state: &SentState, to: Address, weights: Weights) {
        let events = &mut self.events;
        let serial = events.next_serial;
        events.next_serial += 1;
        let &SentState { t_ms, what, flag, is_movable, .. } = state;
        if is_movable {
            let n_places = self.instances[to.instances as usize].n_places();
            let movable = &mut events.movable[to.instances as usize];
            *movable_at(movable, n_places, to.place) = Movable { serial, weights: Some(weights) };
        }
        events.sent.push(Reverse(Sent { t_ms, serial, what, to, flag, weights }));
    }
}
