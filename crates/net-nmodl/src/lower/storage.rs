//! Which variables have to be kept, and for how long.
//!
//! Storage follows from use: a variable that a kernel reads before it writes it is carried from
//! kernel to kernel; one that is written before it is read is a temporary, and a column only while
//! somebody records it; one that is set at the start of a run from parameters alone is computed
//! where it is used, or kept as a derived column if that costs more.

use std::collections::{BTreeSet, HashMap};

use super::events::EffectKind;
use super::graph::{Id, Input, Node};
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
    /// The membrane potential.
    Potential,
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
    /// Derived columns alone, of mechanisms at points.
    pub(crate) derive: Option<Stores>,
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

/// Finds the places of all values, when currents and conductances are known.
pub(crate) struct Placer<'a> {
    pub(crate) lowered: &'a mut Lowered,
    pub(crate) parsed: &'a Parsed,
    pub(crate) settings: &'a Settings,
    pub(super) placed: Placed,
    pub(super) written: BTreeSet<u32>,
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
            stores.extend(self.lowered.potential.map(|value| (Target::Potential, value)));
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

    /// `RANGE` parameters that change in a run: users see, and pointers refer to, what they are now.
    fn changing_parameters(&self) -> BTreeSet<u32> {
        let is_changing = |&slot: &u32| {
            let variable = self.lowered.slots.variable(&self.parsed.symbols, slot);
            let mut kernels = self.lowered.running();
            variable.role == Role::Parameter
                && variable.range
                && kernels.any(|values| !self.is_unchanged(slot, values[slot as usize]))
        };
        (0..self.lowered.slots.slots.len() as u32).filter(is_changing).collect()
    }

    /// Slots that some kernel reads before it writes them, and what these need in turn.
    fn carried(&mut self, roots: &[Id]) -> BTreeSet<u32> {
        let mut carried = self.changing_parameters();
        let mut open = roots.to_vec();
        for &slot in &carried {
            open.extend(self.lowered.running().map(|values| values[slot as usize]));
        }
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
                self.placed.columns[at as usize].name += net_kernel::table::NOW;
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
}
