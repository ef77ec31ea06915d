//! Statements and expressions turned into values, by executing them with symbols for numbers.

use std::collections::HashMap;

use super::events::Effect;
use super::graph::{Graph, Id, Input, Node};
use super::slots::Slots;
use super::tables::Tabled;
use super::{Diffusing, Phase, Refusal, Settings};
use crate::Parsed;
use crate::ast::{Block, Expr, ExprKind, LocalDeclaration, Routine, Statement, StatementKind};
use crate::solve::Equations;
use crate::source::Span;
use crate::symbols::Role;

/// A local variable: where it stands in [`Machine::values`], and its length if it is an array.
#[derive(Clone, Copy, Debug)]
pub(super) struct Local {
    pub(super) at: usize,
    pub(super) length: Option<usize>,
}

/// Largest number of values of a mechanism.
pub(super) const MAX_NODES: usize = 400_000;
/// Deepest nesting of calls; more is a recursion.
const MAX_DEPTH: usize = 64;

/// Executes the statements of one kernel.
pub(crate) struct Machine<'a, 'g> {
    pub(crate) parsed: &'a Parsed,
    pub(crate) settings: &'a Settings,
    pub(crate) slots: &'g Slots,
    pub(crate) graph: &'g mut Graph,
    pub(crate) phase: Phase,
    /// File-level variables by slot, then `v` and `watching`, then local ones.
    pub(crate) values: Vec<Id>,
    /// Where it stands whether this event has asked for a condition to be watched.
    pub(crate) watching: usize,
    /// The condition under which the statement is executed.
    pub(crate) path: Id,
    /// Whether it is in a while loop.
    pub(crate) in_loop: bool,
    /// What is done at the end.
    pub(crate) effects: Vec<Effect>,
    pub(super) scopes: Vec<HashMap<String, Local>>,
    calls: Vec<String>,
    /// Equations, while a block of them is executed to collect them.
    pub(crate) equations: Option<Equations>,
    /// Whether a state is advanced where its derivative is given (`cnexp`).
    pub(crate) in_place: bool,
    /// What is not done as written, for warnings.
    pub(crate) notes: Vec<(Span, &'static str)>,
    /// States that diffuse along the cable.
    pub(crate) diffusing: Vec<Diffusing>,
    /// Routines that are looked up in tables, in kernels that do so.
    pub(crate) tabled: Option<Tabled>,
}

pub(crate) type Result<T> = std::result::Result<T, Refusal>;

impl<'a, 'g> Machine<'a, 'g> {
    pub(crate) fn new(
        parsed: &'a Parsed,
        settings: &'a Settings,
        slots: &'g Slots,
        graph: &'g mut Graph,
        phase: Phase,
    ) -> Self {
        let path = graph.truth(true);
        let mut machine = Machine {
            parsed,
            settings,
            slots,
            graph,
            phase,
            values: Vec::new(),
            watching: slots.slots.len() + 1,
            path,
            in_loop: false,
            effects: Vec::new(),
            scopes: vec![HashMap::new()],
            calls: Vec::new(),
            equations: None,
            in_place: false,
            notes: Vec::new(),
            diffusing: Vec::new(),
            tabled: None,
        };
        machine.values = (0..slots.slots.len() as u32).map(|s| machine.start(s)).collect();
        // `v` may be assigned; what a kernel makes of it is forgotten at its end, but after events.
        let v = machine.graph.input(Input::Voltage);
        let not_yet = machine.graph.number(0.0);
        machine.values.extend([v, not_yet]);
        machine
    }

    /// The potential of the segment, if it has been assigned.
    pub(super) fn changed_potential(&mut self) -> Option<Id> {
        let before = self.graph.input(Input::Voltage);
        Some(self.values[self.slots.slots.len()]).filter(|&value| value != before)
    }

    /// The value of a slot before the kernel.
    pub(crate) fn start(&mut self, slot: u32) -> Id {
        let variable = self.slots.variable(&self.parsed.symbols, slot);
        if let Some((k, ion)) = self.slots.ion(slot) {
            let has_value = ion.quantity != crate::symbols::IonQuantity::Current || ion.read;
            if has_value {
                return self.graph.input(Input::Ion(k));
            }
        }
        if let Some(k) = self.slots.pointer(slot) {
            return self.graph.input(Input::Linked(k));
        }
        if self.phase != Phase::Init || matches!(variable.role, Role::Parameter | Role::StreamId) {
            return self.graph.input(Input::Variable(slot));
        }
        if !variable.is_state() {
            return self.graph.number(0.0);
        }
        let start = format!("{}0", variable.name);
        match self.slots.of(&self.parsed.symbols, &start) {
            Some((slot, start)) if start.role == Role::Parameter => {
                self.graph.input(Input::Variable(slot))
            }
            _ => self.graph.number(variable.default.unwrap_or(0.0)),
        }
    }

    /// Adds a local variable that is known to the statements that follow.
    pub(crate) fn declare(&mut self, name: &str, value: Id) {
        let at = self.values.len();
        self.values.push(value);
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_string(), Local { at, length: None });
        }
    }

    pub(super) fn local(&self, name: &str) -> Option<Local> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name)).copied()
    }

    /// Starts a scope for what is declared next.
    pub(crate) fn open_scope(&mut self) {
        self.scopes.push(HashMap::new());
    }

    /// Ends it.
    pub(crate) fn close_scope(&mut self) {
        self.scopes.pop();
    }

    /// Runs a block in a scope of its own.
    pub(crate) fn block(&mut self, block: &'a Block) -> Result<()> {
        let n = self.values.len();
        self.open_scope();
        let result = block.statements.iter().try_for_each(|s| self.statement(s));
        self.close_scope();
        self.values.truncate(n);
        result
    }

    pub(crate) fn statement(&mut self, statement: &'a Statement) -> Result<()> {
        if self.graph.len() > MAX_NODES {
            return Err(Refusal::new(statement.span, "the mechanism is too large to be unrolled")
                .help("split it into several mechanisms, or shorten its loops"));
        }
        match &statement.kind {
            StatementKind::Local(local) => self.locals(local),
            StatementKind::Assign { target, value } => self.assign(target, value),
            StatementKind::Call(call) => self.call_statement(call),
            StatementKind::If { arms, otherwise } => self.if_else(arms, otherwise.as_ref()),
            StatementKind::While { condition, body } => {
                self.while_loop(statement.span, condition, body)
            }
            StatementKind::From { variable, first, last, step, body } => {
                self.from(variable, first, last, step.as_ref(), body)
            }
            StatementKind::Block(block) => self.block(block),
            StatementKind::Protect(inner) => self.statement(inner),
            StatementKind::Solve(solve) => self.solve(solve, statement.span),
            StatementKind::Reaction(_)
            | StatementKind::Equation { .. }
            | StatementKind::Conserve { .. }
            | StatementKind::Compartment(_)
            | StatementKind::LongitudinalDiffusion(_) => self.equation(statement),
            StatementKind::Table(_) => {
                if self.tabled.is_none() {
                    let note = "rates are computed exactly unless a run asks for tables";
                    self.notes.push((statement.span, note));
                }
                Ok(())
            }
            // Derivatives are exact.
            StatementKind::Conductance { .. } => Ok(()),
            StatementKind::Mutex(_) | StatementKind::UnitsSwitch(_) => Ok(()),
            StatementKind::Initial(_) => Ok(()),
            StatementKind::Verbatim(verbatim) if verbatim.body.trim().is_empty() => Ok(()),
            StatementKind::Verbatim(_) => {
                Err(Refusal::new(statement.span, "VERBATIM: code in C cannot be compiled")
                    .help("write it in NMODL"))
            }
            StatementKind::Watch(watches) => self.watch(watches, statement.span),
            StatementKind::ForNetcons { arguments, body } => {
                self.for_netcons(arguments, body, statement.span)
            }
            StatementKind::Lag { .. } => Err(Refusal::unsupported(statement.span, "LAG")),
        }
    }

    fn locals(&mut self, local: &LocalDeclaration) -> Result<()> {
        for variable in &local.variables {
            let zero = self.graph.number(0.0);
            let length = match &variable.length {
                None => None,
                Some(size) => Some(self.parsed.symbols.size(size).ok_or_else(|| {
                    Refusal::new(variable.name.span, "the length of the array is not known")
                })? as usize),
            };
            let at = self.values.len();
            self.values.extend(std::iter::repeat_n(zero, length.unwrap_or(1)));
            if let Some(scope) = self.scopes.last_mut() {
                scope.insert(variable.name.text.clone(), Local { at, length });
            }
        }
        Ok(())
    }

    fn if_else(&mut self, arms: &'a [(Expr, Block)], otherwise: Option<&'a Block>) -> Result<()> {
        let Some(((condition, body), rest)) = arms.split_first() else {
            return otherwise.map_or(Ok(()), |block| self.block(block));
        };
        let condition = self.truth(condition)?;
        match self.graph.node(condition) {
            Node::Truth(true) => return self.block(body),
            Node::Truth(false) => return self.if_else(rest, otherwise),
            _ => {}
        }
        if let Some(equations) = &mut self.equations {
            equations.conditions += 1;
        }
        let before = self.values.clone();
        let path = self.path;
        self.path = self.graph.and(path, condition);
        self.block(body)?;
        let yes = std::mem::replace(&mut self.values, before);
        let not = self.graph.not(condition);
        self.path = self.graph.and(path, not);
        self.if_else(rest, otherwise)?;
        self.path = path;
        for (at, yes) in yes.into_iter().enumerate() {
            self.values[at] = self.graph.select(condition, yes, self.values[at]);
        }
        if let Some(equations) = &mut self.equations {
            equations.conditions -= 1;
        }
        Ok(())
    }

    fn call_statement(&mut self, call: &'a Expr) -> Result<()> {
        let ExprKind::Call { function, arguments } = &call.kind else {
            return Err(Refusal::new(call.span, "a call is expected"));
        };
        if !self.parsed.symbols.routines.contains_key(&function.text) {
            match (function.text.as_str(), arguments.as_slice()) {
                ("printf" | "prterr" | "error", _) => {
                    self.notes.push((call.span, "nothing is printed"));
                    return Ok(());
                }
                ("state_discontinuity", arguments) => {
                    return self.discontinuity(arguments, call.span);
                }
                _ => {}
            }
        }
        self.call(function, arguments, call.span).map(|_| ())
    }

    /// Runs a routine or looks up what it would do; gives its value, 0 for a procedure.
    pub(crate) fn inline(&mut self, routine: &'a Routine, values: &[Id], span: Span) -> Result<Id> {
        if let (Some(table), [argument]) = (self.table_of(routine), values) {
            return self.look_up(routine, table, *argument, span);
        }
        self.execute(routine, values, span)
    }

    /// Runs a routine; gives its value, 0 for a procedure.
    pub(super) fn execute(
        &mut self,
        routine: &'a Routine,
        values: &[Id],
        span: Span,
    ) -> Result<Id> {
        let name = &routine.name.text;
        if self.calls.contains(name) {
            return Err(Refusal::new(span, format!("`{name}` calls itself")).help(
                "routines are written out where they are called, which would not end; write a loop",
            ));
        }
        if self.calls.len() >= MAX_DEPTH {
            return Err(Refusal::new(span, format!("calls are nested deeper than {MAX_DEPTH}"))
                .help("join routines that only call the next one"));
        }
        self.calls.push(name.clone());
        let n = self.values.len();
        let scopes = std::mem::replace(&mut self.scopes, vec![HashMap::new()]);
        let zero = self.graph.number(0.0);
        if routine.is_function {
            self.declare(name, zero);
        }
        for (argument, value) in routine.arguments.iter().zip(values) {
            self.declare(&argument.name.text, *value);
        }
        let result = self.block(&routine.body);
        let value = if routine.is_function { self.values[n] } else { zero };
        self.scopes = scopes;
        self.values.truncate(n);
        self.calls.pop();
        result.map(|()| value)
    }
}
