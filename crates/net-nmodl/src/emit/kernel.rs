//! The Rust text of one kernel.
//!
//! Straight-line code of method calls: every value is a `let`. What does not depend on the instance
//! stands before the loop over vectors; what only a recording needs, behind a test that is the same
//! for all vectors. All loads come before all stores.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;

use crate::lower::Settings;
use crate::lower::events::EffectKind;
use crate::lower::graph::{Binary, Graph, Id, Input, Node, Unary};
use crate::lower::storage::{Placed, Stores, Target};

/// Which columns values come from, and what a vector is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KernelKind {
    /// At the start of a run, over all vectors.
    Init,
    /// In every step, over all vectors.
    Running,
    /// One event.
    Event,
    /// Fills tables, with the variables of the first instance.
    Tables,
}

pub(super) struct KernelWriter<'a> {
    pub(super) graph: &'a Graph,
    pub(super) placed: &'a Placed,
    pub(super) kind: KernelKind,
    pub(super) settings: &'a Settings,
    text: String,
    indent: usize,
    /// Values that have a name here.
    pub(super) named: HashSet<Id>,
    /// How often a value is used, to fuse products into sums.
    uses: HashMap<Id, u32>,
}

impl<'a> KernelWriter<'a> {
    /// The function `name` that leaves `stores`.
    pub(super) fn write(
        graph: &'a Graph,
        placed: &'a Placed,
        kind: KernelKind,
        settings: &'a Settings,
        name: &str,
        stores: &Stores,
    ) -> String {
        let mut writer = KernelWriter::new(graph, placed, kind, settings);
        writer.count_uses(stores.iter().map(|(_, id)| *id));
        writer.function(name, stores);
        writer.text
    }

    fn new(graph: &'a Graph, placed: &'a Placed, kind: KernelKind, settings: &'a Settings) -> Self {
        KernelWriter {
            graph,
            placed,
            kind,
            settings,
            text: String::new(),
            indent: 0,
            named: HashSet::new(),
            uses: HashMap::new(),
        }
    }

    fn count_uses(&mut self, roots: impl Iterator<Item = Id> + Clone) {
        self.uses.clear();
        for id in self.graph.below(roots.clone()) {
            for operand in self.graph.operands(id) {
                *self.uses.entry(operand).or_default() += 1;
            }
        }
        for id in roots {
            *self.uses.entry(id).or_default() += 2;
        }
    }

    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{:1$}{text}", "", 4 * self.indent);
    }

    fn function(&mut self, name: &str, stores: &Stores) {
        self.line("#[inline(always)]");
        if self.kind == KernelKind::Event {
            self.line(&format!("unsafe fn {name}(args: &KernelArgs, event: &NetEvent) {{"));
            self.indent += 1;
            self.line("type V = Single;");
        } else {
            self.line(&format!("unsafe fn {name}<V: Lanes, A: Access>(args: &KernelArgs) {{"));
            self.indent += 1;
        }
        self.line("unsafe {");
        self.indent += 1;
        let roots: Vec<Id> = stores.iter().map(|(_, id)| *id).collect();
        if self.kind == KernelKind::Event {
            self.body(stores);
        } else {
            for id in self.graph.below(roots) {
                if self.is_uniform(id) && !matches!(self.graph.node(id), Node::Number(_)) {
                    self.name(id);
                }
            }
            self.line("for j in 0..args.n_vectors {");
            self.indent += 1;
            self.body(stores);
            self.indent -= 1;
            self.line("}");
        }
        self.indent -= 1;
        self.line("}");
        self.indent -= 1;
        self.line("}");
    }

    fn body(&mut self, stores: &Stores) {
        let is_output = |target: &Target| matches!(target, Target::Output(_));
        let is_current = |target: &Target| matches!(target, Target::IonCurrent(_));
        let all_uses = self.uses.clone();
        for (number, (target, id)) in stores.iter().enumerate() {
            if is_output(target) || is_current(target) || self.is_of_peers(*target) {
                continue;
            }
            if self.settings.unshared && !matches!(target, Target::Effect(..)) {
                self.value_alone(number, *id);
            } else {
                self.value(*id);
            }
        }
        self.uses = all_uses;
        let outputs: Vec<_> = stores.iter().filter(|(target, _)| is_output(target)).collect();
        if !outputs.is_empty() {
            self.open("if args.record {");
            let before = self.named.clone();
            for (_, id) in &outputs {
                self.value(*id);
            }
            for (target, id) in &outputs {
                self.store(*target, *id);
            }
            self.named = before;
            self.close();
        }
        for (target, id) in stores.iter().filter(|(target, _)| is_current(target)) {
            let Target::IonCurrent(k) = target else { continue };
            self.open(&format!("if args.is_ion_stored({k}) {{"));
            let before = self.named.clone();
            self.value(*id);
            self.store(*target, *id);
            self.named = before;
            self.close();
        }
        for (number, (target, id)) in stores.iter().enumerate() {
            if is_output(target) || is_current(target) {
                continue;
            }
            if self.settings.unshared && !matches!(target, Target::Effect(..)) {
                self.store_text(*target, *id, format!("alone{number}"));
            } else {
                self.store(*target, *id);
            }
        }
        self.effects(stores);
    }

    /// Computes a value with nothing that others have computed, and names it by its number.
    fn value_alone(&mut self, number: usize, id: Id) {
        self.count_uses([id].into_iter());
        self.open(&format!("let alone{number}: V = {{"));
        let before = self.named.clone();
        self.value(id);
        let value = self.text_of(id);
        self.line(&value);
        self.named = before;
        self.indent -= 1;
        self.line("};");
    }

    /// Whether it is a new weight of all connections in turn.
    fn is_of_peers(&self, target: Target) -> bool {
        matches!(target, Target::Effect(number, k)
            if k > 0 && self.placed.effects[number as usize] == EffectKind::ForNetcons)
    }

    /// What is sent, when all values are known and stored.
    fn effects(&mut self, stores: &Stores) {
        let mut effects: BTreeMap<u32, Vec<Id>> = BTreeMap::new();
        for (target, id) in stores {
            if let Target::Effect(number, _) = target {
                effects.entry(*number).or_default().push(*id);
            }
        }
        for (number, values) in effects {
            let kind = self.placed.effects[number as usize];
            let Some((condition, values)) = values.split_first() else { continue };
            if kind == EffectKind::ForNetcons {
                self.for_netcons(*condition, values);
                continue;
            }
            let what = match kind {
                EffectKind::Event => "EVENT",
                EffectKind::Move => "MOVE",
                EffectKind::Watch => "WATCH",
                _ => "SEND",
            };
            let condition = self.text_of(*condition);
            let mut values = values.iter().map(|id| self.text_of(*id));
            let time = values.next().unwrap_or_default();
            let flag = values.next().unwrap_or_else(|| "V::splat(0.0)".to_string());
            self.line(&if self.kind == KernelKind::Event {
                format!(
                    "if {condition} {{ args.post_at_event(post::{what}, event, ({time}).0, ({flag}).0); }}"
                )
            } else {
                format!("args.post_lanes::<V>(post::{what}, j, {condition}, {time}, {flag});")
            });
        }
    }

    /// The loop over all connections to the instance.
    fn for_netcons(&mut self, condition: Id, weights: &[Id]) {
        let condition = self.text_of(condition);
        self.open(&format!("if {condition} {{"));
        self.open("for at in 0..event.n_netcons {");
        self.line("let peer = event.kept_weights.add(*event.netcons.add(at) as usize);");
        let before = self.named.clone();
        for id in weights {
            self.value(*id);
        }
        for (k, id) in weights.iter().enumerate() {
            if self.graph.node(*id) != Node::Input(Input::Peer(k as u32)) {
                let value = self.text_of(*id);
                self.line(&format!("{value}.store(peer.add({k}));"));
            }
        }
        self.named = before;
        self.close();
        self.close();
    }

    fn open(&mut self, text: &str) {
        self.line(text);
        self.indent += 1;
    }

    fn close(&mut self) {
        self.indent -= 1;
        self.line("}");
    }

    fn store(&mut self, target: Target, id: Id) {
        let value = self.text_of(id);
        self.store_text(target, id, value);
    }

    fn store_text(&mut self, target: Target, id: Id, value: String) {
        let is_zero = self.graph.as_number(id) == Some(0.0);
        let event = self.kind == KernelKind::Event;
        let text = match target {
            Target::Column(at) | Target::Output(at) if event => {
                format!("{value}.store(args.at_event({at}, event));")
            }
            Target::Column(at) | Target::Output(at) => format!("args.set({at}, j, {value});"),
            Target::Ion(k) if event => format!("{value}.store(args.ion_at_event({k}, event));"),
            Target::Ion(k) => format!("A::set_ion(args, {k}, j, {value});"),
            Target::IonCurrent(k) => format!("A::add_ion(args, {k}, j, {value});"),
            Target::Potential => {
                format!("{value}.store(args.v.cast_mut().add(args.position(event)));")
            }
            Target::Weight(k) => format!("{value}.store(event.weights.add({k}));"),
            Target::Linked(k) if event => {
                format!("args.set_linked_at({k}, event.vector, event.lane, {value}.to_array()[0]);")
            }
            Target::Linked(k) => format!("args.set_linked::<V>({k}, j, {value});"),
            Target::Effect(..) => return,
            Target::Diagonal | Target::RightHandSide if is_zero => return,
            Target::Diagonal => {
                format!("A::add(args, args.diagonal, j, args.weight::<V>(j) * {value});")
            }
            Target::RightHandSide => {
                format!("A::add(args, args.rhs, j, args.weight::<V>(j) * {value});")
            }
            Target::ElectrodeCurrent(at) | Target::ElectrodeSlope(at) => {
                format!("args.set({at}, j, args.weight::<V>(j) * {value});")
            }
        };
        self.line(&text);
    }

    /// Whether a value is the same for all instances.
    fn is_uniform(&self, id: Id) -> bool {
        self.graph.below([id]).into_iter().all(|id| match self.graph.node(id) {
            Node::Input(input) => matches!(input, Input::Time | Input::Step | Input::Celsius),
            Node::Symbol(_) | Node::AfterLoop { .. } => false,
            Node::Unary(Unary::TrainTime, _) => false,
            _ => true,
        })
    }

    /// Gives names to a value and all that it needs.
    fn value(&mut self, id: Id) {
        for id in self.order(id) {
            self.name(id);
        }
    }

    /// What must be named before and with `id`, operands first; the insides of loops are left to
    /// these.
    fn order(&self, root: Id) -> Vec<Id> {
        let mut order = Vec::new();
        let mut seen = HashSet::new();
        let mut stack = vec![(root, false)];
        while let Some((id, done)) = stack.pop() {
            if done {
                order.push(id);
            } else if !self.named.contains(&id) && seen.insert(id) {
                stack.push((id, true));
                let operands = match self.graph.node(id) {
                    Node::AfterLoop { index, .. } => {
                        let of = &self.graph.loops[index as usize];
                        of.variables.iter().map(|&(_, start)| start).collect()
                    }
                    _ => self.graph.operands(id),
                };
                stack.extend(operands.into_iter().rev().map(|operand| (operand, false)));
            }
        }
        order
    }

    fn name(&mut self, id: Id) {
        if self.named.contains(&id) {
            return;
        }
        match self.graph.node(id) {
            Node::Number(_) | Node::Truth(_) | Node::Symbol(_) => return,
            Node::AfterLoop { index, .. } => {
                self.write_loop(index);
                return;
            }
            // Products that go into one sum are part of it.
            Node::Binary(Binary::Multiply, ..) if self.is_fused(id) => {
                return;
            }
            _ => {}
        }
        let text = self.expression(id);
        let mask = if self.graph.is_truth(id) { "" } else { ": V" };
        self.line(&format!("let n{}{mask} = {text};", id.0));
        self.named.insert(id);
    }

    /// Whether a product is computed where it is used. It is used once, by a sum.
    pub(super) fn is_fused(&self, id: Id) -> bool {
        !self.settings.strict && self.uses.get(&id) == Some(&1)
    }

    fn write_loop(&mut self, index: u32) {
        let of = self.graph.loops[index as usize].clone();
        let symbols: BTreeSet<u32> = of.variables.iter().map(|&(symbol, _)| symbol).collect();
        // What does not change in the loop stands before it.
        let inside: Vec<Id> = of.next.iter().copied().chain([of.condition]).collect();
        for id in self.graph.below(inside.iter().copied()) {
            let free = self.graph.free_symbols(id);
            if free.is_disjoint(&symbols) && free.iter().all(|s| self.named_symbol(*s)) {
                self.value(id);
            }
        }
        for (symbol, start) in &of.variables {
            let start = self.text_of(*start);
            self.line(&format!("let mut s{symbol}: V = {start};"));
        }
        for &symbol in &symbols {
            self.named.insert(symbol_id(symbol));
        }
        self.open("loop {");
        let before = self.named.clone();
        self.value(of.condition);
        let condition = self.text_of(of.condition);
        self.line(&format!("if !V::any({condition}) {{ break; }}"));
        for &next in &of.next {
            self.value(next);
        }
        let new: Vec<String> = of.next.iter().map(|&next| self.text_of(next)).collect();
        for (k, new) in new.iter().enumerate() {
            self.line(&format!("let next{k}: V = {new};"));
        }
        for (k, (symbol, _)) in of.variables.iter().enumerate() {
            self.line(&format!("s{symbol} = next{k};"));
        }
        self.named = before;
        self.close();
        for which in 0..of.variables.len() as u32 {
            if let Some(id) = self.graph.find(Node::AfterLoop { index, which }) {
                self.line(&format!("let n{}: V = s{};", id.0, of.variables[which as usize].0));
                self.named.insert(id);
            }
        }
    }

    fn named_symbol(&self, symbol: u32) -> bool {
        self.named.contains(&symbol_id(symbol))
    }
}

/// Doubles that a table takes beside its values: where it starts, and entries per unit.
const TABLE_HEAD: usize = 2;

/// Where a table starts, in doubles; for the number of tables, how many there are.
pub(super) fn table_offset(graph: &Graph, table: u32) -> usize {
    let before = &graph.tables[..table as usize];
    before.iter().map(|table| TABLE_HEAD + table.n as usize + 1).sum()
}

/// The function `build_tables` that fills the tables of a mechanism.
pub(super) fn table_builder(graph: &Graph, placed: &Placed) -> String {
    let strict = Settings { strict: true, ..Settings::default() };
    let mut writer = KernelWriter::new(graph, placed, KernelKind::Tables, &strict);
    writer.line("unsafe extern \"C\" fn build_tables(args: &KernelArgs, table: *mut f64) {");
    writer.indent += 1;
    writer.line("type V = Single;");
    writer.open("unsafe {");
    for (at, table) in graph.tables.iter().enumerate() {
        writer.open("{");
        writer.value(table.from);
        writer.value(table.to);
        let (from, to) = (writer.text_of(table.from), writer.text_of(table.to));
        let (offset, n) = (table_offset(graph, at as u32), table.n);
        writer.line(&format!(
            "let values = start_table(table.add({offset}), ({from}).0, ({to}).0, {n});"
        ));
        writer.line(&format!(
            "let (mut x, step) = (({from}).0, (({to}).0 - ({from}).0) / {n} as f64);"
        ));
        writer.open(&format!("for entry in 0..={n} {{"));
        writer.line(&format!("let s{}: V = Single(x);", table.argument));
        writer.named.insert(symbol_id(table.argument));
        writer.value(table.value);
        let value = writer.text_of(table.value);
        writer.line(&format!("*values.add(entry) = ({value}).0;"));
        writer.line("x += step;");
        writer.close();
        writer.close();
        writer.named.clear();
    }
    writer.close();
    writer.close();
    writer.text
}

/// A place for symbols among the names of values: no graph has that many values.
fn symbol_id(symbol: u32) -> Id {
    Id(u32::MAX - symbol)
}
