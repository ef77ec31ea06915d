//! Statements and expressions turned into values, by executing them with symbols for numbers.

use std::collections::HashMap;

use super::events::Effect;
use super::graph::{Binary, Compare, Graph, Id, Input, Loop, Node, Unary};
use super::slots::Slots;
use super::tables::Tabled;
use super::{Diffusing, Phase, Refusal, Settings};
use crate::Parsed;
use crate::ast::{
    BinaryOp, Block, Expr, ExprKind, Item, LocalDeclaration, Name, Routine, Statement,
    StatementKind, UnaryOp, Variable,
};
use crate::builtin::Builtin;
use crate::solve::Equations;
use crate::source::Span;
use crate::symbols::{Role, RoutineKind};

/// A local variable: where it stands in [`Machine::values`], and its length if it is an array.
#[derive(Clone, Copy, Debug)]
pub(super) struct Local {
    at: usize,
    length: Option<usize>,
}

/// What a variable's name in a statement stands for.
pub(crate) enum Place {
    /// A value in [`Machine::values`].
    Value(usize),
    /// A number that cannot be assigned.
    Fixed(Id),
}

/// Largest number of values of a mechanism.
const MAX_NODES: usize = 400_000;
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
        // `v` may be assigned; what a kernel makes of it is forgotten at its end.
        let v = machine.graph.input(Input::Voltage);
        let not_yet = machine.graph.number(0.0);
        machine.values.extend([v, not_yet]);
        machine
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

    fn local(&self, name: &str) -> Option<Local> {
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

    /// Where a variable stands.
    pub(crate) fn place(&mut self, variable: &'a Variable) -> Result<Place> {
        let name = &variable.name.text;
        if let Some(Local { at, length }) = self.local(name) {
            let index = self.index(variable, length)?;
            return Ok(Place::Value(at + index));
        }
        if let Some(index) = ["f_flux", "b_flux"].iter().position(|flux| flux == name)
            && let Some(fluxes) = self.equations.as_ref().and_then(|e| e.last_flux)
        {
            return Ok(Place::Fixed(fluxes[index]));
        }
        let symbols = &self.parsed.symbols;
        if let Some((first, symbol)) = self.slots.of(symbols, name) {
            let unsupported = match symbol.role {
                Role::BbcorePointer => Some("BBCOREPOINTER"),
                Role::Random | Role::StreamId => Some("a RANDOM variable as a number"),
                Role::External => Some("EXTERNAL"),
                _ => None,
            };
            if let Some(what) = unsupported {
                return Err(Refusal::unsupported(variable.span, what));
            }
            let index = self.index(variable, symbol.length)?;
            return Ok(Place::Value(first as usize + index));
        }
        let builtin = Builtin::of(name);
        if let Some(builtin) = builtin {
            let input = match builtin {
                Builtin::Voltage => return Ok(Place::Value(self.slots.slots.len())),
                Builtin::Time => Input::Time,
                Builtin::TimeStep => Input::Step,
                Builtin::Celsius => Input::Celsius,
                Builtin::Area => Input::Area,
                Builtin::Diameter => Input::Diameter,
            };
            return Ok(Place::Fixed(self.graph.input(input)));
        }
        match symbols.variable(name).and_then(|symbol| symbol.default) {
            Some(value) => Ok(Place::Fixed(self.graph.number(value))),
            None => Err(Refusal::new(variable.span, format!("`{name}` has no value"))),
        }
    }

    fn index(&mut self, variable: &'a Variable, length: Option<usize>) -> Result<usize> {
        let (Some(index), Some(length)) = (&variable.index, length) else {
            return match (&variable.index, length) {
                (None, None) => Ok(0),
                (None, Some(_)) => Err(Refusal::new(variable.span, "an array needs an index")),
                _ => Err(Refusal::new(variable.span, "only arrays have an index")),
            };
        };
        let id = self.number(index)?;
        let Some(value) = self.graph.as_number(id) else {
            return Err(Refusal::new(index.span, "the index must be known when compiling")
                .help("use numbers, names of DEFINE, and variables of FROM loops"));
        };
        if value < 0.0 || value as usize >= length {
            let message = format!("index {value} of an array with {length} elements");
            return Err(Refusal::new(index.span, message));
        }
        Ok(value as usize)
    }

    fn assign(&mut self, target: &'a Variable, value: &'a Expr) -> Result<()> {
        if target.primes > 0 {
            return self.derivative_statement(target, value);
        }
        let value = self.number(value)?;
        match self.place(target)? {
            Place::Value(at) => self.values[at] = value,
            Place::Fixed(_) => {
                let name = &target.name.text;
                let message = format!("`{name}` cannot be assigned");
                return Err(Refusal::new(target.span, message));
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

    fn from(
        &mut self,
        variable: &'a Name,
        first: &'a Expr,
        last: &'a Expr,
        step: Option<&'a Expr>,
        body: &'a Block,
    ) -> Result<()> {
        let mut bound = |expr: &'a Expr| -> Result<i64> {
            let id = self.number(expr)?;
            let value = self.graph.as_number(id).ok_or_else(|| {
                Refusal::new(expr.span, "the bounds of FROM must be known when compiling")
                    .help("use numbers and names of DEFINE, or a while loop")
            })?;
            Ok(value as i64)
        };
        let (first, last) = (bound(first)?, bound(last)?);
        let step = step.map_or(Ok(1), bound)?;
        if step <= 0 {
            return Err(Refusal::new(variable.span, "FROM needs a positive step"));
        }
        let mut k = first;
        while k <= last {
            let n = self.values.len();
            self.scopes.push(HashMap::new());
            let value = self.graph.number(k as f64);
            self.declare(&variable.text, value);
            let result = self.block(body);
            self.scopes.pop();
            self.values.truncate(n);
            result?;
            if self.graph.len() > MAX_NODES {
                return Err(Refusal::new(variable.span, "the loop is too long to be unrolled"));
            }
            k += step;
        }
        Ok(())
    }

    /// A loop whose lanes stop one after the other. Which variables it changes is found by
    /// executing its body until no more are found.
    fn while_loop(&mut self, span: Span, condition: &'a Expr, body: &'a Block) -> Result<()> {
        if self.equations.is_some() || self.in_place {
            return Err(Refusal::unsupported(span, "while in a block of equations"));
        }
        let before = self.values.clone();
        let mut changed: Vec<usize> = Vec::new();
        let mut symbols: Vec<u32> = Vec::new();
        let (path, in_loop) = (self.path, std::mem::replace(&mut self.in_loop, true));
        loop {
            self.values = before.clone();
            for (&at, &symbol) in changed.iter().zip(&symbols) {
                self.values[at] = self.graph.symbol_node(symbol);
            }
            let inside = self.values.clone();
            // Who does not come here does not go around either.
            let go_on = self.truth(condition)?;
            let go_on = self.graph.and(path, go_on);
            self.path = go_on;
            self.block(body)?;
            self.path = path;
            let more: Vec<usize> = (0..inside.len())
                .filter(|&at| self.values[at] != inside[at] && !changed.contains(&at))
                .collect();
            if more.is_empty() {
                let variables: Vec<(u32, Id)> =
                    symbols.iter().zip(&changed).map(|(&s, &at)| (s, before[at])).collect();
                let next = changed
                    .iter()
                    .map(|&at| self.graph.select(go_on, self.values[at], inside[at]))
                    .collect();
                let results = self.graph.add_loop(Loop { variables, condition: go_on, next });
                self.in_loop = in_loop;
                self.values = before;
                for (at, result) in changed.into_iter().zip(results) {
                    self.values[at] = result;
                }
                return Ok(());
            }
            for at in more {
                changed.push(at);
                symbols.push(self.graph.symbol().0);
            }
        }
    }

    /// The value of an expression as a number.
    pub(crate) fn number(&mut self, expr: &'a Expr) -> Result<Id> {
        let id = self.expression(expr)?;
        Ok(self.graph.number_of(id))
    }

    pub(crate) fn truth(&mut self, expr: &'a Expr) -> Result<Id> {
        let id = self.expression(expr)?;
        Ok(self.graph.truth_of(id))
    }

    pub(crate) fn expression(&mut self, expr: &'a Expr) -> Result<Id> {
        match &expr.kind {
            ExprKind::Number { number, .. } => Ok(self.graph.number(number.value)),
            ExprKind::Variable(variable) => match self.place(variable)? {
                Place::Value(at) => Ok(self.values[at]),
                Place::Fixed(id) => Ok(id),
            },
            ExprKind::Paren(inner) => self.expression(inner),
            ExprKind::Unary { op: UnaryOp::Minus, operand } => {
                let operand = self.number(operand)?;
                Ok(self.graph.negate(operand))
            }
            ExprKind::Unary { op: UnaryOp::Not, operand } => {
                let operand = self.truth(operand)?;
                Ok(self.graph.not(operand))
            }
            ExprKind::Binary { op, left, right } => self.binary(*op, left, right),
            ExprKind::Call { function, arguments } => self.call(function, arguments, expr.span),
            ExprKind::Text(_) => Err(Refusal::new(expr.span, "a text is not a number")),
        }
    }

    fn binary(&mut self, op: BinaryOp, left: &'a Expr, right: &'a Expr) -> Result<Id> {
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            let (a, b) = (self.truth(left)?, self.truth(right)?);
            return Ok(if op == BinaryOp::And {
                self.graph.and(a, b)
            } else {
                self.graph.or(a, b)
            });
        }
        let (a, b) = (self.number(left)?, self.number(right)?);
        let graph = &mut *self.graph;
        Ok(match op {
            BinaryOp::Add => graph.add(a, b),
            BinaryOp::Subtract => graph.subtract(a, b),
            BinaryOp::Multiply => graph.multiply(a, b),
            BinaryOp::Divide => graph.divide(a, b),
            BinaryOp::Remainder => graph.binary(Binary::Remainder, a, b),
            BinaryOp::Power => graph.binary(Binary::Power, a, b),
            BinaryOp::Less => graph.compare(Compare::Less, a, b),
            BinaryOp::Greater => graph.compare(Compare::Less, b, a),
            BinaryOp::LessEqual => graph.compare(Compare::LessEqual, a, b),
            BinaryOp::GreaterEqual => graph.compare(Compare::LessEqual, b, a),
            BinaryOp::Equal => graph.compare(Compare::Equal, a, b),
            BinaryOp::NotEqual => {
                let equal = graph.compare(Compare::Equal, a, b);
                graph.not(equal)
            }
            BinaryOp::And | BinaryOp::Or => unreachable!("handled above"),
        })
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

    /// Inlines a routine of the file, or applies a built-in function.
    fn call(&mut self, function: &'a Name, arguments: &'a [Expr], span: Span) -> Result<Id> {
        let name = function.text.as_str();
        let Some(routine) = self.parsed.symbols.routines.get(name) else {
            return self.builtin(name, arguments, span);
        };
        if routine.kind == RoutineKind::Table {
            return Err(Refusal::unsupported(span, "FUNCTION_TABLE"));
        }
        let Item::Routine(routine) = &self.parsed.program.items[routine.item] else {
            return Err(Refusal::new(span, format!("`{name}` is no routine")));
        };
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.number(argument)?);
        }
        self.inline(routine, &values, span)
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
        if self.calls.len() >= MAX_DEPTH || self.calls.contains(name) {
            return Err(Refusal::new(span, format!("`{name}` calls itself"))
                .help("recursion cannot be compiled; write a loop"));
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

    fn builtin(&mut self, name: &str, arguments: &'a [Expr], span: Span) -> Result<Id> {
        if let Some(value) = self.event_call(name, arguments, span)? {
            return Ok(value);
        }
        if let Some(value) = self.random_call(name, arguments, span)? {
            return Ok(value);
        }
        if let Some(value) = self.train_call(name, arguments)? {
            return Ok(value);
        }
        let unary = match name {
            "exp" => Some(Unary::Exp),
            "log" => Some(Unary::Log),
            "log10" => Some(Unary::Log10),
            "sqrt" => Some(Unary::Sqrt),
            "fabs" | "abs" => Some(Unary::Abs),
            "sin" => Some(Unary::Sin),
            "cos" => Some(Unary::Cos),
            "tan" => Some(Unary::Tan),
            "asin" => Some(Unary::Asin),
            "acos" => Some(Unary::Acos),
            "atan" => Some(Unary::Atan),
            "sinh" => Some(Unary::Sinh),
            "cosh" => Some(Unary::Cosh),
            "tanh" => Some(Unary::Tanh),
            "floor" => Some(Unary::Floor),
            "ceil" => Some(Unary::Ceil),
            "exprelr" => Some(Unary::Exprelr),
            _ => None,
        };
        let mut values = Vec::with_capacity(arguments.len());
        let known = unary.is_some()
            || matches!(name, "pow" | "fmod" | "atan2" | "at_time" | "nernst" | "nrn_ghk");
        if !known {
            return Err(Refusal::unsupported(span, name));
        }
        for argument in arguments {
            values.push(self.number(argument)?);
        }
        match (unary, name, values.as_slice()) {
            (Some(op), _, [x]) => Ok(self.graph.unary(op, *x)),
            (_, "pow", [x, y]) => Ok(self.graph.binary(Binary::Power, *x, *y)),
            (_, "fmod", [x, y]) => Ok(self.graph.binary(Binary::Remainder, *x, *y)),
            (_, "atan2", [x, y]) => Ok(self.graph.binary(Binary::Atan2, *x, *y)),
            (_, "at_time", [time]) => Ok(self.at_time(*time)),
            (_, "nernst", [inside, outside, z]) => Ok(self.nernst(*inside, *outside, *z)),
            (_, "nrn_ghk", [v, inside, outside, z]) => Ok(self.ghk(*v, *inside, *outside, *z)),
            _ => Err(Refusal::new(span, format!("`{name}` has another number of arguments"))),
        }
    }

    /// `t - dt < te - 1e-11 <= t`.
    fn at_time(&mut self, time: Id) -> Id {
        let graph = &mut *self.graph;
        let (t, dt) = (graph.input(Input::Time), graph.input(Input::Step));
        let epsilon = graph.number(1e-11);
        let event = graph.subtract(time, epsilon);
        let before = graph.subtract(t, dt);
        let (after, until) = (
            graph.compare(Compare::Less, before, event),
            graph.compare(Compare::LessEqual, event, t),
        );
        graph.and(after, until)
    }

    /// RT/F in mV.
    fn thermal_voltage(&mut self) -> Id {
        let graph = &mut *self.graph;
        let celsius = graph.input(Input::Celsius);
        let zero_celsius = graph.number(273.15);
        let kelvin = graph.add(celsius, zero_celsius);
        let per_kelvin = graph.number(1000.0 * 8.314_462_618_153_24 / 96_485.332_123_310_01);
        graph.multiply(per_kelvin, kelvin)
    }

    fn nernst(&mut self, inside: Id, outside: Id, z: Id) -> Id {
        let thermal = self.thermal_voltage();
        let graph = &mut *self.graph;
        let per_charge = graph.divide(thermal, z);
        let ratio = graph.divide(outside, inside);
        let log = graph.unary(Unary::Log, ratio);
        let e = graph.multiply(per_charge, log);
        let zero = graph.number(0.0);
        let (large, small) = (graph.number(1e6), graph.number(-1e6));
        let no_outside = graph.compare(Compare::LessEqual, outside, zero);
        let e = graph.select(no_outside, small, e);
        let no_inside = graph.compare(Compare::LessEqual, inside, zero);
        let e = graph.select(no_inside, large, e);
        let no_charge = graph.compare(Compare::Equal, z, zero);
        graph.select(no_charge, zero, e)
    }

    /// The current (mA/cm2 for a permeability in cm/s) of Goldman, Hodgkin and Katz.
    fn ghk(&mut self, v: Id, inside: Id, outside: Id, z: Id) -> Id {
        let thermal = self.thermal_voltage();
        let graph = &mut *self.graph;
        let zv = graph.multiply(z, v);
        let x = graph.divide(zv, thermal);
        let minus = graph.negate(x);
        let (into, out) = (graph.unary(Unary::Exprelr, minus), graph.unary(Unary::Exprelr, x));
        let (inner, outer) = (graph.multiply(inside, into), graph.multiply(outside, out));
        let drive = graph.subtract(inner, outer);
        let faraday = graph.number(0.001 * 96_485.332_123_310_01);
        let charge = graph.multiply(z, faraday);
        graph.multiply(charge, drive)
    }
}
