//! Expressions of parameters that are computed once, and the geometry that kernels need.

use std::collections::{BTreeSet, HashMap};

use super::constants::is_static;
use super::graph::{Binary, Id, Input, Node, Unary};
use super::storage::{Column, ColumnRole, Placer, TabledStores, Target};
use crate::ast::MechanismKind;

impl Placer<'_> {
    /// Expensive expressions of parameters alone become derived columns.
    pub(super) fn hoist(&mut self) {
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
        let mut derive = Vec::new();
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
            derive.push((Target::Column(at), id));
            tabled_init.push((Target::Column(at), id));
            by.insert(id, self.lowered.graph.input(Input::Variable(slot)));
        }
        for stores in kernels.iter_mut().flatten() {
            let ids: Vec<Id> = stores.iter().map(|(_, id)| *id).collect();
            let new = self.lowered.graph.substitute(&ids, &by);
            stores.iter_mut().zip(new).for_each(|(store, new)| store.1 = new);
        }
        let kind = self.parsed.symbols.mechanism.as_ref().map(|mechanism| mechanism.kind);
        let at_point = kind == Some(MechanismKind::Point);
        self.placed.derive = (at_point && !derive.is_empty()).then_some(derive);
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

    pub(super) fn place_geometry(&mut self) {
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
