//! Statements, one after the other.

use super::scope::{Local, LocalKind};
use super::{Checker, Place};
use crate::ast::{
    Block, EquationKind, Expr, LocalDeclaration, Name, Reaction, Solve, Statement, StatementKind,
    Table, Term, Variable,
};
use crate::source::Span;
use crate::symbols::{Role, RoutineKind};

impl<'a> Checker<'a, '_, '_> {
    pub(super) fn block(&mut self, block: &'a Block) {
        self.scopes.push(Vec::new());
        for statement in &block.statements {
            self.statement(statement);
        }
        self.leave_scope();
    }

    fn statement(&mut self, statement: &'a Statement) {
        let span = statement.span;
        match &statement.kind {
            StatementKind::Local(local) => self.local_declaration(local),
            StatementKind::Assign { target, value } => {
                self.expr(value);
                self.assign(target);
            }
            StatementKind::Call(call) => self.call_statement(call),
            StatementKind::If { arms, otherwise } => {
                for (condition, body) in arms {
                    self.expr(condition);
                    self.block(body);
                }
                if let Some(body) = otherwise {
                    self.block(body);
                }
            }
            StatementKind::While { condition, body } => {
                self.expr(condition);
                self.block(body);
            }
            StatementKind::From { variable, first, last, step, body } => {
                for bound in [Some(first), Some(last), step.as_ref()].into_iter().flatten() {
                    self.expr(bound);
                }
                self.with_names([(variable, LocalKind::Loop)], |c| c.block(body));
            }
            StatementKind::Solve(solve) => self.solve(solve, span),
            StatementKind::Conductance { conductance, ion } => {
                self.only_in(span, "CONDUCTANCE", &[Place::Breakpoint]);
                self.refer(conductance, false);
                if let Some(ion) = ion {
                    self.ion(ion);
                }
            }
            StatementKind::Reaction(reaction) => self.reaction(reaction),
            StatementKind::Equation { left, right } => {
                let places = [EquationKind::Linear, EquationKind::Nonlinear].map(Place::Equations);
                self.only_in(span, "an equation with `~`", &places);
                self.unknowns(left);
                self.unknowns(right);
                self.expr(left);
                self.expr(right);
            }
            StatementKind::Conserve { terms, total } => {
                self.only_in(span, "CONSERVE", &[Place::Equations(EquationKind::Kinetic)]);
                self.terms(terms, false);
                self.expr(total);
            }
            StatementKind::Compartment(c) | StatementKind::LongitudinalDiffusion(c) => {
                self.only_in(span, "this", &[Place::Equations(EquationKind::Kinetic)]);
                for state in &c.states {
                    self.refer(state, false);
                }
                let index = c.index.as_ref().map(|index| (index, LocalKind::Loop));
                self.with_names(index, |checker| checker.expr(&c.expr));
            }
            StatementKind::Table(table) => self.table(table, span),
            StatementKind::Watch(watches) => {
                self.only_in(span, "WATCH", &[Place::NetReceive]);
                for watch in watches {
                    self.expr(&watch.condition);
                    self.expr(&watch.flag);
                }
            }
            StatementKind::ForNetcons { arguments, body } => {
                self.only_in(span, "FOR_NETCONS", &[Place::NetReceive, Place::Initial]);
                let names = arguments.iter().map(|a| (&a.name, LocalKind::Argument));
                self.with_names(names, |c| c.block(body));
            }
            StatementKind::Initial(body) => {
                self.only_in(span, "INITIAL in a block", &[Place::NetReceive]);
                self.block(body);
            }
            StatementKind::Protect(inner) => self.statement(inner),
            StatementKind::Lag { name, .. } => {
                self.refer(name, false);
                self.reporter.error(span, "`LAG` is not supported");
                self.reporter.help("keep earlier values in ASSIGNED variables");
            }
            StatementKind::Mutex(_) | StatementKind::UnitsSwitch(_) => {}
            StatementKind::Verbatim(verbatim) => {
                let (message, help) = crate::idioms::refusal(&verbatim.body);
                self.reporter.error(span, message);
                self.reporter.help(help);
            }
            StatementKind::Block(body) => self.block(body),
        }
    }

    fn with_names<'n>(
        &mut self,
        names: impl IntoIterator<Item = (&'n Name, LocalKind)>,
        inside: impl FnOnce(&mut Self),
    ) {
        let locals = names.into_iter().map(|(name, kind)| Local::new(name, kind)).collect();
        self.scopes.push(locals);
        inside(self);
        self.leave_scope();
    }

    fn only_in(&mut self, span: Span, what: &str, places: &[Place]) {
        if !places.contains(&self.place) {
            let names: Vec<&str> = places.iter().map(|place| place.text()).collect();
            let message = format!("{what} stands only in {}", names.join(" or "));
            self.reporter.error(span, message);
        }
    }

    fn local_declaration(&mut self, declaration: &LocalDeclaration) {
        for variable in &declaration.variables {
            let mut local = Local::new(&variable.name, LocalKind::Local);
            if let Some(size) = &variable.length {
                match self.symbols.size(size) {
                    Some(length) if length >= 1.0 => local.length = Some(length as usize),
                    _ => {
                        let message = "the length of an array is a number or given by DEFINE";
                        self.reporter.error(local.span, message);
                        local.length = Some(1);
                    }
                }
            }
            let Some(scope) = self.scopes.last_mut() else { continue };
            if scope.iter().any(|earlier| earlier.name == local.name) {
                let message = format!("`{}` is declared twice", local.name);
                self.reporter.error(local.span, message);
            } else {
                scope.push(local);
            }
        }
    }

    fn assign(&mut self, target: &'a Variable) {
        if target.primes > 0 {
            self.derivative(target);
        }
        if let Some(index) = &target.index {
            self.expr(index);
        }
        let Some(referent) = self.refer(&target.name, true) else { return };
        self.check_index(target, referent);
        if let super::scope::Referent::Variable(role, _) = referent {
            self.check_assignable(&target.name, role);
        }
    }

    fn derivative(&mut self, target: &Variable) {
        let name = &target.name.text;
        if self.place != Place::Equations(EquationKind::Derivative) {
            let message = format!("`{name}'` stands outside of a DERIVATIVE block");
            self.reporter.error(target.span, message);
        }
        if target.primes > 1 {
            self.reporter.error(target.span, "only first derivatives can be solved");
            self.reporter.help("introduce a state for the first derivative");
        }
        if self.symbols.variable(name).is_some_and(|variable| !variable.is_state()) {
            self.reporter.error(target.span, format!("`{name}` is no STATE"));
            self.reporter.help("declare it in STATE to give it a differential equation");
        }
    }

    fn check_assignable(&mut self, name: &Name, role: Role) {
        let text = &name.text;
        match role {
            Role::Constant | Role::Define => {
                self.reporter.error(name.span, format!("constant `{text}` cannot be assigned"));
                self.reporter.help("declare it as a PARAMETER");
            }
            Role::Random => {
                let message = format!("RANDOM variable `{text}` cannot be assigned");
                self.reporter.error(name.span, message);
                self.reporter.help("draw from it: random_uniform, random_negexp, random_normal");
            }
            Role::Ion { write: false, ion, .. } => {
                let is_state = self.symbols.variable(text).is_some_and(|known| known.is_state());
                let ion = &self.symbols.ions[ion].name;
                let what = if is_state { "a state, but only READ" } else { "only READ" };
                self.reporter.warning(name.span, format!("`{text}` is {what}"));
                self.reporter.help(format!("to change the ion add `WRITE {text}` to USEION {ion}"));
            }
            Role::Builtin(_) => {
                let message = format!("`{text}` belongs to the simulator, the value does not last");
                self.reporter.warning(name.span, message);
            }
            _ => {}
        }
    }

    /// Marks the states of an equation as solved for.
    fn unknowns(&mut self, expr: &Expr) {
        let uses = &mut self.uses;
        let symbols = self.symbols;
        crate::visit::variables(expr, &mut |variable| {
            let name = &variable.name.text;
            if symbols.variable(name).is_some_and(|known| known.is_state()) {
                let entry = uses.entry(name.clone()).or_default();
                entry.advanced = true;
                entry.written = true;
            }
        });
    }

    fn reaction(&mut self, reaction: &'a Reaction) {
        match reaction {
            Reaction::Reversible { left, right, forward, backward } => {
                self.terms(left, true);
                self.terms(right, true);
                self.expr(forward);
                self.expr(backward);
            }
            Reaction::Irreversible { left, right, rate } => {
                self.terms(left, true);
                self.terms(right, true);
                self.expr(rate);
            }
            Reaction::Source { target, flux } => {
                self.terms(std::slice::from_ref(target), true);
                self.expr(flux);
            }
        }
    }

    /// States of a reaction change; other variables in it (buffers, clamped ions) do not.
    fn terms(&mut self, terms: &'a [Term], changes: bool) {
        for term in terms {
            let variable = &term.variable;
            if let Some(index) = &variable.index {
                self.expr(index);
            }
            let Some(referent) = self.refer(&variable.name, false) else { continue };
            self.check_index(variable, referent);
            let name = &variable.name.text;
            if changes && self.symbols.variable(name).is_some_and(|known| known.is_state()) {
                let entry = self.uses.entry(name.clone()).or_default();
                entry.written = true;
                entry.advanced = true;
            }
        }
    }

    fn table(&mut self, table: &'a Table, span: Span) {
        self.only_in(span, "TABLE", &[Place::Function, Place::Procedure]);
        if table.names.is_empty() && self.place == Place::Procedure {
            self.reporter.error(span, "the TABLE of a PROCEDURE names its variables");
        }
        for name in &table.names {
            if self.refer(name, true).is_some() && self.symbols.variable(&name.text).is_none() {
                let message = format!("`{}` is local and cannot be tabulated", name.text);
                self.reporter.error(name.span, message);
                self.reporter.help("declare it in ASSIGNED");
            }
        }
        for name in &table.depend {
            self.refer(name, false);
        }
        self.expr(&table.from);
        self.expr(&table.to);
        match self.symbols.size(&table.with) {
            Some(intervals) if intervals >= 1.0 => {}
            _ => self.reporter.error(span, "a TABLE has a number of intervals, at least 1"),
        }
    }

    fn solve(&mut self, solve: &'a Solve, span: Span) {
        if matches!(self.place, Place::Equations(_)) {
            self.reporter.error(span, "SOLVE stands only in BREAKPOINT, INITIAL or a routine");
        }
        if let Some(body) = &solve.if_error {
            self.block(body);
        }
        let name = &solve.block.text;
        self.solved.insert(name.clone());
        let method = solve.method.as_ref();
        if let Some(block) = self.symbols.blocks.get(name) {
            self.method(block.kind, &solve.block, method, solve.steady_state);
        } else if self.symbols.routines.get(name).is_some_and(|r| r.kind == RoutineKind::Procedure)
        {
            self.called.insert(name.clone());
            if let Some(method) = method
                && !matches!(method.text.as_str(), "after_cvode" | "cvode_t" | "cvode_t_v")
            {
                let message = format!("method `{}` cannot solve a PROCEDURE", method.text);
                self.reporter.error(method.span, message);
                self.reporter.help("leave METHOD out: the procedure advances the states itself");
            }
        } else {
            self.reporter.error(solve.block.span, format!("there is no block `{name}` to solve"));
            let candidates = self.symbols.blocks.keys().map(String::as_str);
            if let Some(near) = super::scope::nearest(name, candidates) {
                self.reporter.help(format!("did you mean `{near}`?"));
            }
        }
    }

    fn method(
        &mut self,
        kind: EquationKind,
        block: &Name,
        method: Option<&Name>,
        steady_state: bool,
    ) {
        use EquationKind::*;
        let Some(method) = method else {
            if kind == Derivative {
                let message = format!("DERIVATIVE `{}` is solved without a METHOD", block.text);
                self.reporter.error(block.span, message);
                self.reporter.help("write `METHOD cnexp` or `METHOD derivimplicit`");
            }
            return;
        };
        let possible: &[&str] = match (kind, steady_state) {
            (Derivative, false) => &["cnexp", "derivimplicit", "euler", "runge", "sparse"],
            (Derivative, true) => &["derivimplicit", "sparse"],
            (Kinetic, false) => &["sparse", "derivimplicit", "euler", "runge"],
            (Kinetic, true) => &["sparse"],
            (Linear, _) => &["sparse", "simeq"],
            (Nonlinear, _) => &["newton", "sparse"],
        };
        let text = method.text.as_str();
        if possible.contains(&text) {
            return;
        }
        let word = if steady_state { "STEADYSTATE" } else { "METHOD" };
        let keyword = kind.keyword();
        let message = format!("{word} `{text}` cannot solve a {keyword} block");
        self.reporter.error(method.span, message);
        self.reporter.help(match text {
            "stochastic" => "`stochastic` belongs to Arbor's dialect".to_owned(),
            _ => format!("possible are {}", possible.join(", ")),
        });
    }
}

impl Place {
    fn text(self) -> &'static str {
        match self {
            Place::Initial => "INITIAL",
            Place::Breakpoint => "BREAKPOINT",
            Place::Equations(kind) => kind.keyword(),
            Place::Function => "FUNCTION",
            Place::Procedure => "PROCEDURE",
            Place::NetReceive => "NET_RECEIVE",
            Place::Other => "BEFORE or AFTER",
        }
    }
}
