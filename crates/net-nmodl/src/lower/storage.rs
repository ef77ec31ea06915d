//! Which variables have to be kept, and for how long.
//!
//! Storage follows from use: a variable that a kernel reads before it writes it is carried from
//! kernel to kernel; one that is written before it is read is a temporary, and a column only while
//! somebody records it; one that is set at the start of a run from parameters alone is computed
//! where it is used, or kept as a derived column if that costs more.

use std::collections::{BTreeSet, HashMap};

use super::events::EffectKind;
use super::graph::{Binary, Id, Input, Node, Unary};
use super::{Diffusing, Lowered, Phase, Settings};
use crate::Parsed;
use crate::symbols::{IonQuantity, Role};

/// What a column is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ColumnRole {
    Parameter { global: bool },
    State,
    Assigned,
    Output,
    Derived { depends_on: Vec<u32> },
    StreamId,
    Area,
    Diameter,
}

/// One column of the compiled mechanism.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) unit: String,
    pub(crate) role: ColumnRole,
    pub(crate) default: f64,
    pub(crate) limits: (f64, f64),
}

/// Where a value goes at the end of a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A column.
    Column(u32),
    /// A column that exists only while somebody records it.
    Output(u32),
    /// A concentration.
    Ion(u32),
    /// An ion's current, where somebody reads it.
    IonCurrent(u32),
    /// The diagonal of the linear system, before the factor of area.
    Diagonal,
    /// Its right-hand side.
    RightHandSide,
    /// The electrode's current and its slope.
    ElectrodeCurrent(u32),
    ElectrodeSlope(u32),
    /// A weight of the connection.
    Weight(u32),
    /// What a pointer refers to.
    Linked(u32),
    /// Value `.1` of effect `.0` of [`Placed::effects`].
    Effect(u32, u32),
}

/// A kernel: what is stored where.
pub(crate) type Stores = Vec<(Target, Id)>;

/// A mechanism whose variables have their places.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    pub(crate) columns: Vec<Column>,
    /// Column that holds a slot's value before the kernel at the start of a run.
    pub(crate) first_column: HashMap<u32, u32>,
    /// Column that holds it before all other kernels.
    pub(crate) column: HashMap<u32, u32>,
    pub(crate) area: Option<u32>,
    pub(crate) diameter: Option<u32>,
    pub(crate) init: Stores,
    pub(crate) current: Option<Stores>,
    pub(crate) state: Option<Stores>,
    pub(crate) receive: Option<Stores>,
    pub(crate) net_init: Option<Stores>,
    pub(crate) watch: Option<Stores>,
    pub(crate) after_solve: Option<Stores>,
    pub(crate) before_step: Option<Stores>,
    /// What kernels send; their values are among the stores.
    pub(crate) effects: Vec<EffectKind>,
    pub(crate) constant_linear: bool,
    pub(crate) linear: bool,
    pub(crate) keeps_weights: bool,
    pub(crate) electrode: Option<(u32, u32)>,
    /// Kernels that look up rates.
    pub(crate) tabled: Option<TabledStores>,
    /// States that diffuse, with the columns for volume and coefficient.
    pub(crate) diffusing: Vec<DiffusingColumns>,
    /// Global parameters that tables depend on.
    pub(crate) table_globals: Vec<u32>,
}

/// A state that diffuses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DiffusingColumns {
    /// Its column; of a concentration, the one for recording.
    pub(crate) state: Option<u32>,
    /// Its number among the ion variables.
    pub(crate) ion: Option<u32>,
    pub(crate) volume: u32,
    pub(crate) coefficient: u32,
}

/// The kernels of a run with tables.
#[derive(Debug, Default)]
pub(crate) struct TabledStores {
    pub(crate) init: Stores,
    pub(crate) current: Option<Stores>,
    pub(crate) state: Option<Stores>,
}

/// What a mechanism adds to the linear system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Currents {
    /// Diagonal and right-hand side per unit of area.
    pub(crate) system: Option<(Id, Id)>,
    /// The electrode's current and minus its slope.
    pub(crate) electrode: Option<(Id, Id)>,
}

impl Currents {
    fn ids(&self) -> impl Iterator<Item = Id> {
        self.system.into_iter().chain(self.electrode).flat_map(|pair| [pair.0, pair.1])
    }
}

/// Replaces variables that never change after the start of a run, and depend on nothing but
/// parameters, by their values.
pub(crate) fn propagate_constants(lowered: &mut Lowered, parsed: &Parsed) -> BTreeSet<u32> {
    let n = lowered.slots.slots.len() as u32;
    let mut written_later = BTreeSet::new();
    for slot in 0..n {
        let before = lowered.graph.input(Input::Variable(slot));
        if lowered.running().any(|values| values[slot as usize] != before) {
            written_later.insert(slot);
        }
    }
    let mut by = HashMap::new();
    let mut constants = BTreeSet::new();
    for slot in 0..n {
        let variable = lowered.slots.variable(&parsed.symbols, slot);
        let before = lowered.graph.input(Input::Variable(slot));
        let first = lowered.init[slot as usize];
        let candidate = matches!(variable.role, Role::Assigned | Role::FileLocal | Role::Parameter)
            && !written_later.contains(&slot)
            && first != before;
        if candidate && is_static(lowered, parsed, first, &written_later) {
            by.insert(before, first);
            constants.insert(slot);
        }
    }
    lowered.substitute_running(&by);
    for &slot in &constants {
        let before = lowered.graph.input(Input::Variable(slot));
        let steps = [&mut lowered.current, &mut lowered.state, &mut lowered.receive];
        let more = [&mut lowered.watch, &mut lowered.after_solve, &mut lowered.before_step];
        let kernels = steps.into_iter().chain(more).chain([&mut lowered.net_init]).flatten();
        kernels.for_each(|values| values[slot as usize] = before);
    }
    constants
}

/// Whether a value is the same during a whole run for each instance.
fn is_static(lowered: &Lowered, parsed: &Parsed, id: Id, written: &BTreeSet<u32>) -> bool {
    lowered.graph.below([id]).into_iter().all(|id| match lowered.graph.node(id) {
        Node::Input(Input::Variable(slot)) => {
            let role = lowered.slots.variable(&parsed.symbols, slot).role;
            matches!(role, Role::Parameter | Role::StreamId) && !written.contains(&slot)
        }
        Node::Input(input) => {
            matches!(input, Input::Step | Input::Celsius | Input::Area | Input::Diameter)
        }
        Node::AfterLoop { .. } | Node::Symbol(_) | Node::Lookup(..) | Node::Draw(..) => false,
        Node::Unary(Unary::TrainTime, _) => false,
        _ => true,
    })
}

/// Finds the places of all values, when currents and conductances are known.
pub(crate) struct Placer<'a> {
    pub(crate) lowered: &'a mut Lowered,
    pub(crate) parsed: &'a Parsed,
    pub(crate) settings: &'a Settings,
    placed: Placed,
    written: BTreeSet<u32>,
}

impl<'a> Placer<'a> {
    pub(crate) fn new(
        lowered: &'a mut Lowered,
        parsed: &'a Parsed,
        settings: &'a Settings,
        constants: &BTreeSet<u32>,
    ) -> Self {
        let mut written = BTreeSet::new();
        for slot in 0..lowered.slots.slots.len() as u32 {
            let before = lowered.graph.input(Input::Variable(slot));
            if lowered.running().any(|values| values[slot as usize] != before) {
                written.insert(slot);
            }
        }
        // What a run starts with is not the parameter itself, and somebody reads it later.
        for slot in 0..lowered.slots.slots.len() as u32 {
            if constants.contains(&slot) {
                continue;
            }
            let before = lowered.graph.input(Input::Variable(slot));
            let read = lowered.running().any(|values| {
                values.iter().enumerate().any(|(at, &value)| {
                    (at as u32 != slot || value != before)
                        && lowered.graph.below([value]).contains(&before)
                })
            });
            let sent: Vec<Id> = lowered.sent(false).collect();
            let read = read || lowered.graph.below(sent).contains(&before);
            if lowered.init[slot as usize] != before && read {
                written.insert(slot);
            }
        }
        Placer { lowered, parsed, settings, placed: Placed::default(), written }
    }

    /// The places of everything; `tabled` are the currents of a run with tables.
    pub(crate) fn place(mut self, currents: Currents, tabled: Option<Currents>) -> Placed {
        let roots = self.essential_roots(&currents, tabled.as_ref());
        let carried = self.carried(&roots);
        let mut all = roots;
        all.extend(self.output_roots());
        let kept_for_outputs: BTreeSet<u32> =
            self.carried(&all).difference(&carried).copied().collect();
        self.make_columns(&carried, &kept_for_outputs);
        self.placed.constant_linear = self.is_constant_linear(currents.system);
        self.placed.linear = self.is_linear(currents.system);
        let init = self.lowered.init.clone();
        self.placed.init = self.stores(&init, None, &carried);
        let sent = self.effects(Phase::Init, false);
        self.placed.init.extend(sent);
        if currents.electrode.is_some() {
            self.add_electrode_columns();
        }
        if let Some(values) = self.lowered.current.clone() {
            let mut stores = self.current_stores(&values, &currents, &carried);
            stores.extend(self.effects(Phase::Current, false));
            self.placed.current = Some(stores);
        }
        if let Some(values) = self.lowered.state.clone() {
            self.placed.state = Some(self.step_stores(&values, Phase::State, &carried));
        }
        if let Some(values) = self.lowered.watch.clone() {
            self.placed.watch = Some(self.step_stores(&values, Phase::Watch, &carried));
        }
        if let Some(values) = self.lowered.after_solve.clone() {
            self.placed.after_solve = Some(self.step_stores(&values, Phase::AfterSolve, &carried));
        }
        if let Some(values) = self.lowered.before_step.clone() {
            self.placed.before_step = Some(self.step_stores(&values, Phase::BeforeStep, &carried));
        }
        if let Some(values) = self.lowered.receive.clone() {
            let mut stores = self.stores(&values, Some(()), &carried);
            let weights = self.lowered.weights.clone();
            let changed = self.changed_weights(&weights);
            self.placed.keeps_weights =
                weights.len() > 1 || !changed.is_empty() || self.lowered.uses_netcons();
            stores.extend(changed);
            stores.extend(self.effects(Phase::Receive, false));
            self.placed.receive = Some(stores);
            let first = self.lowered.first_weights.clone();
            let mut changed = self.changed_weights(&first);
            if let Some(values) = self.lowered.net_init.clone() {
                self.placed.keeps_weights = true;
                changed.extend(self.stores(&values, Some(()), &carried));
            }
            changed.extend(self.effects(Phase::NetInit, false));
            self.placed.net_init = (!changed.is_empty()).then_some(changed);
        }
        if let (Some(kernels), Some(currents)) = (self.lowered.tabled.take(), tabled) {
            let current = kernels.current.as_ref().map(|values| {
                let mut stores = self.current_stores(values, &currents, &carried);
                stores.extend(self.effects(Phase::Current, true));
                stores
            });
            let state = kernels.state.as_ref().map(|values| {
                let mut stores = self.stores(values, Some(()), &carried);
                stores.extend(self.effects(Phase::State, true));
                stores
            });
            let mut init = self.stores(&kernels.init, None, &carried);
            init.extend(self.effects(Phase::Init, true));
            self.placed.tabled = Some(TabledStores { init, current, state });
            let tables = &self.lowered.graph.tables;
            let roots: Vec<Id> = tables.iter().flat_map(|t| [t.value, t.from, t.to]).collect();
            for id in self.lowered.graph.below(roots) {
                if let Node::Input(Input::Variable(slot)) = self.lowered.graph.node(id) {
                    self.placed.table_globals.extend(self.placed.column.get(&slot));
                }
            }
        }
        self.place_diffusion();
        if !self.settings.unhoisted {
            self.hoist();
        }
        self.place_geometry();
        self.placed
    }

    /// Columns for what diffusion needs; state kernels fill them.
    fn place_diffusion(&mut self) {
        for Diffusing { slot, volume, coefficient } in self.lowered.diffusing.clone() {
            let state = self.placed.column.get(&slot).copied();
            let ion = self.lowered.slots.ion(slot).map(|(k, _)| k);
            let name = self.lowered.slots.slots[slot as usize].name.clone();
            let (at, next) =
                (self.placed.columns.len() as u32, self.placed.columns.len() as u32 + 1);
            for (what, unit) in [("volume", "um2"), ("diffusion", "um4/ms")] {
                self.placed.columns.push(Column {
                    name: format!("{name}_{what}"),
                    unit: unit.to_string(),
                    role: ColumnRole::Assigned,
                    default: 0.0,
                    limits: (f64::MIN, f64::MAX),
                });
            }
            let tabled = self.placed.tabled.as_mut().and_then(|tabled| tabled.state.as_mut());
            for stores in self.placed.state.iter_mut().chain(tabled) {
                stores.push((Target::Column(at), volume));
                stores.push((Target::Column(next), coefficient));
            }
            self.placed.diffusing.push(DiffusingColumns {
                state,
                ion,
                volume: at,
                coefficient: next,
            });
        }
    }

    /// What the current kernel stores: its part of the linear system, and variables.
    fn current_stores(
        &mut self,
        values: &[Id],
        currents: &Currents,
        carried: &BTreeSet<u32>,
    ) -> Stores {
        let mut stores = Stores::new();
        if let Some((diagonal, right)) = currents.system {
            stores.extend([(Target::Diagonal, diagonal), (Target::RightHandSide, right)]);
        }
        if let (Some((current, slope)), Some(at)) = (currents.electrode, self.placed.electrode) {
            stores.push((Target::ElectrodeCurrent(at.0), current));
            stores.push((Target::ElectrodeSlope(at.1), slope));
        }
        for (k, ion) in self.lowered.slots.ions.iter().enumerate() {
            let before = self.lowered.graph.input(Input::Ion(k as u32));
            let value = values[ion.slot as usize];
            if ion.quantity == IonQuantity::Current && ion.write && value != before {
                stores.push((Target::IonCurrent(k as u32), value));
            }
        }
        stores.extend(self.stores(values, Some(()), carried));
        stores
    }

    /// The stores of a kernel of every step.
    fn step_stores(&mut self, values: &[Id], phase: Phase, carried: &BTreeSet<u32>) -> Stores {
        let mut stores = self.stores(values, Some(()), carried);
        stores.extend(self.effects(phase, false));
        stores
    }

    /// What a kernel sends.
    fn effects(&mut self, phase: Phase, with_tables: bool) -> Stores {
        let mut stores = Stores::new();
        for effect in self.lowered.effects.get(&(phase, with_tables)).into_iter().flatten() {
            let number = self.placed.effects.len() as u32;
            self.placed.effects.push(effect.kind);
            let values = effect.values.iter().enumerate();
            stores.extend(values.map(|(k, &id)| (Target::Effect(number, k as u32), id)));
        }
        stores
    }

    fn changed_weights(&mut self, weights: &[Id]) -> Stores {
        let mut stores = Stores::new();
        for (k, &value) in weights.iter().enumerate() {
            if value != self.lowered.graph.input(Input::Weight(k as u32)) {
                stores.push((Target::Weight(k as u32), value));
            }
        }
        stores
    }

    /// What the kernels must compute whoever records: by kernel slots of states and concentrations,
    /// currents, and weights.
    fn essential_roots(&self, currents: &Currents, tabled: Option<&Currents>) -> Vec<Id> {
        let mut roots: Vec<Id> = currents.ids().collect();
        roots.extend(self.lowered.diffusing.iter().flat_map(|d| [d.volume, d.coefficient]));
        roots.extend(tabled.into_iter().flat_map(Currents::ids));
        roots.extend(&self.lowered.weights);
        roots.extend(&self.lowered.first_weights);
        roots.extend(self.lowered.sent(false));
        for values in self.lowered.running() {
            for (slot, &value) in values.iter().enumerate() {
                let variable = self.lowered.slots.variable(&self.parsed.symbols, slot as u32);
                let written_ion = matches!(variable.role, Role::Ion { write: true, .. });
                let unchanged = self.is_unchanged(slot as u32, value);
                let elsewhere = written_ion || variable.role == Role::Pointer;
                if !unchanged && (variable.is_state() || elsewhere) {
                    roots.push(value);
                }
            }
        }
        roots
    }

    fn is_unchanged(&self, slot: u32, value: Id) -> bool {
        let before = match self.lowered.slots.pointer(slot) {
            Some(k) => Input::Linked(k),
            None => Input::Variable(slot),
        };
        self.lowered.graph.node(value) == Node::Input(before)
    }

    fn output_roots(&self) -> Vec<Id> {
        let mut roots = Vec::new();
        for values in self.lowered.running() {
            for (slot, &value) in values.iter().enumerate() {
                if self.is_output(slot as u32) && !self.is_unchanged(slot as u32, value) {
                    roots.push(value);
                }
            }
        }
        roots
    }

    /// Whether users see the variable without its being carried.
    fn is_output(&self, slot: u32) -> bool {
        let variable = self.lowered.slots.variable(&self.parsed.symbols, slot);
        match variable.role {
            Role::Assigned => variable.range,
            Role::NonspecificCurrent | Role::ElectrodeCurrent => true,
            Role::Ion { quantity: IonQuantity::Current, write, .. } => write,
            Role::Ion { write, .. } => write,
            _ => false,
        }
    }

    /// Slots that some kernel reads before it writes them, and what these need in turn.
    fn carried(&mut self, roots: &[Id]) -> BTreeSet<u32> {
        let mut carried = BTreeSet::new();
        let mut open = roots.to_vec();
        while !open.is_empty() {
            let mut found = BTreeSet::new();
            for id in self.lowered.graph.below(open.drain(..)) {
                if let Node::Input(Input::Variable(slot)) = self.lowered.graph.node(id) {
                    let variable = self.lowered.slots.variable(&self.parsed.symbols, slot);
                    let unwritten = matches!(variable.role, Role::Parameter | Role::StreamId)
                        && !self.written.contains(&slot);
                    if !variable.is_state() && !unwritten && carried.insert(slot) {
                        found.insert(slot);
                    }
                }
            }
            for slot in found {
                open.extend(self.lowered.running().map(|values| values[slot as usize]));
            }
        }
        carried
    }

    fn make_columns(&mut self, carried: &BTreeSet<u32>, for_outputs: &BTreeSet<u32>) {
        for slot in 0..self.lowered.slots.slots.len() as u32 {
            let variable = self.lowered.slots.variable(&self.parsed.symbols, slot).clone();
            let is_carried = carried.contains(&slot);
            let is_ion = matches!(variable.role, Role::Ion { .. });
            let role = match variable.role {
                Role::Pointer => continue,
                Role::Parameter | Role::StreamId => {
                    let role = match variable.role {
                        Role::StreamId => ColumnRole::StreamId,
                        _ => ColumnRole::Parameter { global: !variable.range },
                    };
                    let at = self.add_column(slot, role);
                    self.placed.first_column.insert(slot, at);
                    self.placed.column.insert(slot, at);
                    if !is_carried {
                        continue;
                    }
                    // What the parameter is now; the column above stays what the user said.
                    ColumnRole::Assigned
                }
                _ if variable.is_state() && !is_ion => ColumnRole::State,
                _ if is_carried => ColumnRole::Assigned,
                _ if self.is_output(slot) || for_outputs.contains(&slot) => ColumnRole::Output,
                _ => continue,
            };
            let at = self.add_column(slot, role);
            if matches!(variable.role, Role::Parameter | Role::StreamId) {
                self.placed.columns[at as usize].name += "_now";
            }
            self.placed.column.insert(slot, at);
        }
    }

    fn add_column(&mut self, slot: u32, role: ColumnRole) -> u32 {
        let variable = self.lowered.slots.variable(&self.parsed.symbols, slot);
        let default = variable.default.unwrap_or(0.0);
        let default =
            if self.settings.neuron_defaults { crate::neuron_default(default) } else { default };
        self.placed.columns.push(Column {
            name: self.lowered.slots.slots[slot as usize].name.clone(),
            unit: variable.unit.clone().unwrap_or_default(),
            role,
            default,
            limits: variable.limits.unwrap_or((f64::MIN, f64::MAX)),
        });
        self.placed.columns.len() as u32 - 1
    }

    fn add_electrode_columns(&mut self) {
        let mut add = |name: &str, unit: &str| {
            self.placed.columns.push(Column {
                name: name.to_string(),
                unit: unit.to_string(),
                role: ColumnRole::Assigned,
                default: 0.0,
                limits: (f64::MIN, f64::MAX),
            });
            self.placed.columns.len() as u32 - 1
        };
        let at = (add("electrode_current", "nA"), add("electrode_slope", "uS"));
        self.placed.electrode = Some(at);
    }

    /// What a kernel leaves in columns and concentrations. `running` is nothing for the kernel at
    /// the start of a run, which sets everything that is kept.
    fn stores(&mut self, values: &[Id], running: Option<()>, carried: &BTreeSet<u32>) -> Stores {
        let mut stores = Stores::new();
        for (slot, &value) in values.iter().enumerate() {
            let slot = slot as u32;
            if let Some((k, ion)) = self.lowered.slots.ion(slot) {
                let (is_current, write) = (ion.quantity == IonQuantity::Current, ion.write);
                let before = self.lowered.graph.input(Input::Ion(k));
                if write && !is_current && value != before {
                    stores.push((Target::Ion(k), value));
                }
                let unchanged =
                    value == before || value == self.lowered.graph.input(Input::Variable(slot));
                if unchanged && running.is_some() {
                    continue;
                }
            }
            if let Some(k) = self.lowered.slots.pointer(slot) {
                if !self.is_unchanged(slot, value) {
                    stores.push((Target::Linked(k), value));
                }
                continue;
            }
            let Some(&at) = self.placed.column.get(&slot) else { continue };
            let before = self.lowered.graph.input(Input::Variable(slot));
            match self.placed.columns[at as usize].role {
                ColumnRole::Parameter { .. } | ColumnRole::StreamId => {}
                ColumnRole::Output if value != before => stores.push((Target::Output(at), value)),
                ColumnRole::State | ColumnRole::Assigned
                    if value != before || running.is_none() =>
                {
                    debug_assert!(
                        carried.contains(&slot)
                            || self.placed.columns[at as usize].role == ColumnRole::State
                    );
                    stores.push((Target::Column(at), value));
                }
                _ => {}
            }
        }
        stores
    }

    /// Whether the current is `g (v - e)` with constant g and e, and nothing else happens.
    fn is_constant_linear(&self, system: Option<(Id, Id)>) -> bool {
        let Some((diagonal, right)) = system else { return false };
        let lowered = &*self.lowered;
        let ion_written = lowered.slots.ions.iter().any(|ion| ion.write);
        let constant = |id| is_static(lowered, self.parsed, id, &self.written);
        lowered.electrode.is_none()
            && lowered.state.is_none()
            && lowered.receive.is_none()
            && lowered.slots.pointers.is_empty()
            && lowered.after_solve.is_none()
            && lowered.before_step.is_none()
            && !ion_written
            && constant(diagonal)
            && constant(right)
    }

    /// Whether instances with the same parameters can share their states: events add multiples of
    /// the weight to the states, steps and currents are linear in the states.
    fn is_linear(&mut self, system: Option<(Id, Id)>) -> bool {
        let lowered = &mut *self.lowered;
        let parsed = self.parsed;
        let (Some(receive), Some((diagonal, right))) = (lowered.receive.clone(), system) else {
            return false;
        };
        let weight = lowered.graph.input(Input::Weight(0));
        let starts_empty = lowered.init.clone();
        let weights_kept = lowered.weights != [weight];
        let is_plain = lowered.sent(true).chain(lowered.sent(false)).next().is_none()
            && lowered.net_init.is_none()
            && lowered.slots.pointers.is_empty()
            && lowered.after_solve.is_none()
            && lowered.before_step.is_none();
        if weights_kept
            || !is_plain
            || !lowered.slots.ions.is_empty()
            || lowered.electrode.is_some()
        {
            return false;
        }
        let mut degree = Degree { lowered, parsed, written: &self.written, known: HashMap::new() };
        for slot in 0..receive.len() {
            let before = degree.lowered.graph.input(Input::Variable(slot as u32));
            let is_state = degree.lowered.slots.variable(&parsed.symbols, slot as u32).is_state();
            // What an event adds is a fixed multiple of the weight.
            let Some(added) = added_to(&mut degree.lowered.graph, before, receive[slot]) else {
                return false;
            };
            let per_weight = degree.lowered.graph.slope_and_constant(added, weight);
            let Some((factor, rest)) = per_weight else { return false };
            let zero = degree.lowered.graph.as_number(rest) == Some(0.0);
            if !zero || degree.of(factor) != Some(0) {
                return false;
            }
            if is_state && degree.lowered.graph.as_number(starts_empty[slot]) != Some(0.0) {
                return false;
            }
            let advanced = degree.lowered.state.as_ref().map(|values| values[slot]);
            if let (true, Some(value)) = (is_state, advanced)
                && degree.of(value) != Some(1)
            {
                return false;
            }
        }
        let homogeneous = |degree: &mut Degree<'_>, id| {
            degree.lowered.graph.as_number(id) == Some(0.0) || degree.of(id) == Some(1)
        };
        homogeneous(&mut degree, diagonal) && homogeneous(&mut degree, right)
    }

    /// Expensive expressions of parameters alone become derived columns.
    fn hoist(&mut self) {
        let written = self.written.clone();
        let tabled = self.placed.tabled.take();
        let has_tables = tabled.is_some();
        let TabledStores { init: mut tabled_init, current, state } = tabled.unwrap_or_default();
        let mut kernels = [
            self.placed.current.take(),
            self.placed.state.take(),
            self.placed.receive.take(),
            current,
            state,
            self.placed.watch.take(),
            self.placed.after_solve.take(),
            self.placed.before_step.take(),
        ];
        let roots: Vec<Id> = kernels.iter().flatten().flatten().map(|(_, id)| *id).collect();
        let order = self.lowered.graph.below(roots.iter().copied());
        let mut fixed: HashMap<Id, bool> = HashMap::new();
        for &id in &order {
            let graph = &self.lowered.graph;
            let operands = graph.operands(id);
            let is_fixed = match graph.node(id) {
                Node::Input(_) => is_static(self.lowered, self.parsed, id, &written),
                Node::AfterLoop { .. } | Node::Symbol(_) | Node::Lookup(..) | Node::Draw(..) => {
                    false
                }
                Node::Unary(Unary::TrainTime, _) => false,
                _ => operands.iter().all(|operand| fixed[operand]),
            };
            fixed.insert(id, is_fixed);
        }
        // The largest ones: used by something that is not fixed, or stored.
        let mut wanted: BTreeSet<Id> = roots.iter().copied().filter(|id| fixed[id]).collect();
        for &id in order.iter().filter(|id| !fixed[id]) {
            wanted.extend(self.lowered.graph.operands(id).into_iter().filter(|o| fixed[o]));
        }
        let mut by = HashMap::new();
        for id in wanted {
            if self.lowered.graph.is_truth(id) || !self.is_expensive(id) {
                continue;
            }
            let slot = self.lowered.slots.slots.len() as u32 + by.len() as u32;
            // May add a column for the geometry.
            let depends_on = self.columns_below(id);
            let at = self.placed.columns.len() as u32;
            self.placed.columns.push(Column {
                name: format!("derived{}", by.len()),
                unit: String::new(),
                role: ColumnRole::Derived { depends_on },
                default: 0.0,
                limits: (f64::MIN, f64::MAX),
            });
            self.placed.column.insert(slot, at);
            self.placed.init.push((Target::Column(at), id));
            tabled_init.push((Target::Column(at), id));
            by.insert(id, self.lowered.graph.input(Input::Variable(slot)));
        }
        for stores in kernels.iter_mut().flatten() {
            let ids: Vec<Id> = stores.iter().map(|(_, id)| *id).collect();
            let new = self.lowered.graph.substitute(&ids, &by);
            stores.iter_mut().zip(new).for_each(|(store, new)| store.1 = new);
        }
        let [
            current,
            state,
            receive,
            tabled_current,
            tabled_state,
            watch,
            after_solve,
            before_step,
        ] = kernels;
        self.placed.tabled = has_tables.then_some(TabledStores {
            init: tabled_init,
            current: tabled_current,
            state: tabled_state,
        });
        self.placed.watch = watch;
        self.placed.after_solve = after_solve;
        self.placed.before_step = before_step;
        self.placed.current = current;
        self.placed.state = state;
        self.placed.receive = receive;
    }

    /// Whether computing it costs more than loading it.
    fn is_expensive(&self, id: Id) -> bool {
        self.lowered.graph.below([id]).into_iter().any(|id| match self.lowered.graph.node(id) {
            Node::Unary(op, _) => !matches!(op, Unary::Negate | Unary::Abs),
            Node::Binary(op, ..) => {
                !matches!(op, Binary::Add | Binary::Subtract | Binary::Multiply)
            }
            _ => false,
        })
    }

    fn columns_below(&mut self, id: Id) -> Vec<u32> {
        let mut columns = BTreeSet::new();
        for id in self.lowered.graph.below([id]) {
            match self.lowered.graph.node(id) {
                Node::Input(Input::Variable(slot)) => {
                    columns.extend(self.placed.first_column.get(&slot));
                }
                Node::Input(Input::Area) => {
                    columns.insert(self.geometry(true));
                }
                Node::Input(Input::Diameter) => {
                    columns.insert(self.geometry(false));
                }
                _ => {}
            }
        }
        columns.into_iter().collect()
    }

    fn geometry(&mut self, area: bool) -> u32 {
        let known = if area { self.placed.area } else { self.placed.diameter };
        if let Some(at) = known {
            return at;
        }
        let at = self.placed.columns.len() as u32;
        self.placed.columns.push(Column {
            name: if area { "area" } else { "diam" }.to_string(),
            unit: if area { "um2" } else { "um" }.to_string(),
            role: if area { ColumnRole::Area } else { ColumnRole::Diameter },
            default: 0.0,
            limits: (f64::MIN, f64::MAX),
        });
        *(if area { &mut self.placed.area } else { &mut self.placed.diameter }) = Some(at);
        at
    }

    fn place_geometry(&mut self) {
        let placed = &self.placed;
        let steps = [&placed.current, &placed.state, &placed.receive, &placed.net_init];
        let more = [&placed.watch, &placed.after_solve, &placed.before_step];
        let kernels = steps.into_iter().chain(more);
        let tabled = placed.tabled.iter().flat_map(|t| t.current.iter().chain(&t.state));
        let kernels = kernels.flatten().chain(tabled);
        let stores = kernels.chain([&placed.init]).flatten();
        let roots: Vec<Id> = stores.map(|(_, id)| *id).collect();
        for id in self.lowered.graph.below(roots) {
            match self.lowered.graph.node(id) {
                Node::Input(Input::Area) => _ = self.geometry(true),
                Node::Input(Input::Diameter) => _ = self.geometry(false),
                _ => {}
            }
        }
    }
}

/// Of which degree values are in the states: 0 for what is fixed, 1 for linear without a constant.
struct Degree<'a> {
    lowered: &'a mut Lowered,
    parsed: &'a Parsed,
    written: &'a BTreeSet<u32>,
    known: HashMap<Id, Option<u32>>,
}

impl Degree<'_> {
    fn of(&mut self, id: Id) -> Option<u32> {
        if let Some(degree) = self.known.get(&id) {
            return *degree;
        }
        let degree = self.find(id);
        self.known.insert(id, degree);
        degree
    }

    fn find(&mut self, id: Id) -> Option<u32> {
        if is_static(self.lowered, self.parsed, id, self.written) {
            return Some(0);
        }
        match self.lowered.graph.node(id) {
            Node::Input(Input::Variable(slot)) => {
                self.lowered.slots.variable(&self.parsed.symbols, slot).is_state().then_some(1)
            }
            Node::Unary(Unary::Negate, a) => self.of(a),
            Node::Binary(Binary::Add | Binary::Subtract, a, b) => {
                let (a, b) = (self.of(a)?, self.of(b)?);
                (a == b).then_some(a)
            }
            Node::Binary(Binary::Multiply, a, b) => {
                let degree = self.of(a)? + self.of(b)?;
                (degree <= 1).then_some(degree)
            }
            Node::Binary(Binary::Divide, a, b) => {
                let (a, b) = (self.of(a)?, self.of(b)?);
                (b == 0).then_some(a)
            }
            _ => None,
        }
    }
}

/// `b` where `after` is `before + b`.
fn added_to(graph: &mut super::graph::Graph, before: Id, after: Id) -> Option<Id> {
    if after == before {
        return Some(graph.number(0.0));
    }
    match graph.node(after) {
        Node::Binary(Binary::Add, a, b) if a == before => Some(b),
        Node::Binary(Binary::Add, a, b) if b == before => Some(a),
        _ => None,
    }
}
