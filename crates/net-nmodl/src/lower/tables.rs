//! `TABLE`: rates by linear interpolation, for runs that ask for NEURON's tables.
//!
//! A routine with a table is executed once with a symbol for its argument. What it leaves in the
//! variables of the table are the table's entries; where it is called they are looked up. A table is
//! one for all instances of a block, so its entries may depend on what is the same for all of them
//! alone: global parameters, temperature and step. A routine that depends on more is computed
//! exactly.

use std::collections::{BTreeMap, BTreeSet};

use super::execute::{Machine, Result};
use super::graph::{Id, Input, Node, Table};
use super::{Lowered, Refusal};
use crate::Parsed;
use crate::ast::{self, Item, Routine, StatementKind};
use crate::source::Span;
use crate::symbols::{Role, Symbols};

/// Most intervals of a table.
const MAX_INTERVALS: f64 = 1e6;

/// The routines that are looked up, and where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tabled {
    /// Variables (by slot; `None` is the routine's value) and numbers of their tables.
    pub(super) known: BTreeMap<String, Vec<(Option<u32>, u32)>>,
    /// What filling a routine's tables leaves in other variables, which stay so: the values at the
    /// last entry.
    pub(super) left: BTreeMap<String, Vec<(u32, Id)>>,
    /// Routines that are computed exactly all the same.
    pub(crate) exact: BTreeSet<String>,
}

/// The `TABLE` of a routine.
pub(crate) fn statement(routine: &Routine) -> Option<&ast::Table> {
    routine.body.statements.iter().find_map(|statement| match &statement.kind {
        StatementKind::Table(table) => Some(table),
        _ => None,
    })
}

impl<'a> Machine<'a, '_> {
    /// The table by which a call is answered, if it is.
    pub(super) fn table_of(&self, routine: &'a Routine) -> Option<&'a ast::Table> {
        let tabled = self.tabled.as_ref()?;
        let table = statement(routine)?;
        let usable = routine.arguments.len() == 1
            && routine.is_function == table.names.is_empty()
            && !tabled.exact.contains(&routine.name.text);
        usable.then_some(table)
    }

    /// Looks the routine's variables up; gives its value, 0 for a procedure.
    pub(super) fn look_up(
        &mut self,
        routine: &'a Routine,
        table: &'a ast::Table,
        argument: Id,
        span: Span,
    ) -> Result<Id> {
        let name = &routine.name.text;
        let known = self.tabled.as_ref().and_then(|tabled| tabled.known.get(name).cloned());
        let variables = match known {
            Some(known) => known,
            None => {
                let made = self.make_table(routine, table, span)?;
                if let Some(tabled) = &mut self.tabled {
                    tabled.known.insert(name.clone(), made.clone());
                }
                made
            }
        };
        let left = self.tabled.as_ref().and_then(|tabled| tabled.left.get(name).cloned());
        for (slot, value) in left.into_iter().flatten() {
            self.values[slot as usize] = value;
        }
        let mut value = self.graph.number(0.0);
        for (slot, table) in variables {
            let found = self.graph.lookup(table, argument);
            match slot {
                Some(slot) => self.values[slot as usize] = found,
                None => value = found,
            }
        }
        Ok(value)
    }

    /// Executes the routine for a symbol, with all variables as they are before a step.
    fn make_table(
        &mut self,
        routine: &'a Routine,
        table: &'a ast::Table,
        span: Span,
    ) -> Result<Vec<(Option<u32>, u32)>> {
        let n_slots = self.slots.slots.len();
        let before = self.values.clone();
        let phase = std::mem::replace(&mut self.phase, super::Phase::State);
        for slot in 0..n_slots {
            self.values[slot] = self.start(slot as u32);
        }
        let at_start = self.values[..n_slots].to_vec();
        let (argument, symbol) = self.graph.symbol();
        let result = self.table_entries(routine, table, symbol, span);
        self.phase = phase;
        let after = std::mem::replace(&mut self.values, before);
        let (value, from, to) = result?;
        let n =
            self.parsed.symbols.size(&table.with).unwrap_or(1.0).clamp(1.0, MAX_INTERVALS) as u32;
        let mut entries = Vec::new();
        if routine.is_function {
            entries.push((None, value));
        }
        for name in &table.names {
            let Some((first, variable)) = self.slots.of(&self.parsed.symbols, &name.text) else {
                return Err(Refusal::unsupported(name.span, "TABLE of this variable"));
            };
            let slots = first..first + variable.length.unwrap_or(1) as u32;
            entries.extend(slots.map(|slot| (Some(slot), after[slot as usize])));
        }
        let by = [(symbol, to)].into_iter().collect();
        let mut left = Vec::new();
        for slot in 0..n_slots {
            let is_entry = entries.iter().any(|(entry, _)| *entry == Some(slot as u32));
            if after[slot] != at_start[slot] && !is_entry {
                left.push((slot as u32, self.graph.substitute(&[after[slot]], &by)[0]));
            }
        }
        let routine = routine.name.text.clone();
        if let Some(tabled) = &mut self.tabled {
            tabled.left.insert(routine.clone(), left);
        }
        let mut add = |value| {
            let routine = routine.clone();
            self.graph.add_table(Table { routine, argument, value, from, to, n })
        };
        Ok(entries.into_iter().map(|(slot, value)| (slot, add(value))).collect())
    }

    /// The routine's value for the symbol, and the ends of its table.
    fn table_entries(
        &mut self,
        routine: &'a Routine,
        table: &'a ast::Table,
        symbol: Id,
        span: Span,
    ) -> Result<(Id, Id, Id)> {
        // The ends are written in the scope of the file.
        let scopes = std::mem::take(&mut self.scopes);
        let ends = self.number(&table.from).and_then(|from| Ok((from, self.number(&table.to)?)));
        self.scopes = scopes;
        let (from, to) = ends?;
        let value = self.execute(routine, &[symbol], span)?;
        Ok((value, from, to))
    }
}

/// The kernels that look up, beside those that compute exactly.
#[derive(Debug)]
pub(crate) struct TabledKernels {
    pub(crate) init: Vec<Id>,
    pub(crate) current: Option<Vec<Id>>,
    pub(crate) state: Option<Vec<Id>>,
    /// As in [`Lowered`].
    pub(crate) membrane: Option<Id>,
    pub(crate) electrode: Option<Id>,
}

impl Lowered {
    /// Routines with tables whose entries depend on more than what is the same for all instances.
    pub(crate) fn not_tabled(&mut self, symbols: &Symbols) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for at in 0..self.graph.tables.len() {
            let table = self.graph.tables[at].clone();
            let below = self.graph.below([table.value, table.from, table.to]);
            let is_uniform = below.into_iter().all(|id| match self.graph.node(id) {
                Node::Input(Input::Variable(slot)) => self.is_fixed_global(slot, symbols),
                Node::Input(input) => matches!(input, Input::Celsius | Input::Step),
                Node::Symbol(symbol) => symbol == table.argument,
                Node::AfterLoop { .. } => false,
                _ => true,
            });
            if !is_uniform {
                found.insert(table.routine);
            }
        }
        found
    }

    /// Whether it is a parameter of all instances that nothing assigns.
    fn is_fixed_global(&mut self, slot: u32, symbols: &Symbols) -> bool {
        let variable = self.slots.variable(symbols, slot);
        if variable.role != Role::Parameter || variable.range {
            return false;
        }
        let before = self.graph.input(Input::Variable(slot));
        let init = self.init[slot as usize];
        init == before && self.running().all(|values| values[slot as usize] == before)
    }
}

/// Whether any routine has a table.
pub(crate) fn exist(parsed: &Parsed) -> bool {
    parsed.program.items.iter().any(|item| match item {
        Item::Routine(routine) => statement(routine).is_some(),
        _ => false,
    })
}
