//! What kernels do beside computing: events that they send, conditions that they watch, random
//! numbers that they draw.
//!
//! Events are [`Effect`]s: values and the condition under which they are sent, done in the order of
//! the text at the end of a kernel. A draw has no effect: it is a function of the stream's ids and the
//! position in it, and the position is a variable like any other. Whether a condition is watched is a
//! variable too.

use super::execute::{Machine, Result};
use super::graph::{Compare, Draw, Id, Input};
use super::{Phase, Refusal};
use crate::Parsed;
use crate::ast::{Argument, BinaryOp, Block, Expr, ExprKind, Item, StatementKind, Watch};
use crate::builtin::{self, FunctionKind};
use crate::source::Span;
use crate::symbols::{Role, plain_variable};
use crate::visit;

/// What an effect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EffectKind {
    /// `net_send`: time and flag.
    Send,
    /// `net_event`: time.
    Event,
    /// `net_move`: time.
    Move,
    /// A watched condition that came true: time and flag.
    Watch,
    /// `FOR_NETCONS`: the new weights of each connection, in terms of [`Input::Peer`].
    ForNetcons,
}

/// Something done at the end of a kernel.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    pub(crate) kind: EffectKind,
    /// Truth value, then what the kind says.
    pub(crate) values: Vec<Id>,
}

/// The stream of `exprand` and the like, one an instance.
const LEGACY_STREAM: &str = "random";

/// The names of a stream's ids.
fn id_name(stream: &str, which: u32) -> String {
    format!("{stream}.id{which}")
}

/// The name of the variable that says whether a condition is watched: 0 not, 1 it was false at the
/// last test, 2 it was true.
fn watch_name(which: usize) -> String {
    format!("watch{which}")
}

/// Adds the variables that streams and watched conditions need.
pub(crate) fn with_hidden_variables(parsed: &Parsed) -> Parsed {
    let mut parsed = parsed.clone();
    let symbols = &mut parsed.symbols;
    if calls_legacy_random(&parsed.program) {
        symbols.add(plain_variable(LEGACY_STREAM, Role::Random, None, Span::default()));
    }
    let random: Vec<_> =
        symbols.variables.iter().filter(|v| v.role == Role::Random).cloned().collect();
    for stream in random {
        for which in 1..=3 {
            let name = id_name(&stream.name, which);
            let mut id = plain_variable(&name, Role::StreamId, None, stream.span);
            id.range = true;
            id.default = Some(f64::from(which));
            id.limits = Some((0.0, f64::from(u32::MAX)));
            symbols.add(id);
        }
    }
    for which in 0..watches(&parsed.program).len() {
        symbols.add(plain_variable(&watch_name(which), Role::Assigned, None, Span::default()));
    }
    parsed
}

fn calls_legacy_random(program: &crate::ast::Program) -> bool {
    let mut found = false;
    for body in program.items.iter().filter_map(visit::body) {
        visit::statements(body, &mut |statement| {
            visit::called(statement, &mut |function, _| {
                let known = builtin::function(&function.text);
                found |= known.is_some_and(|f| f.kind == FunctionKind::LegacyRandom);
            });
        });
    }
    found
}

/// All conditions of a program in the order of the text.
pub(super) fn watches(program: &crate::ast::Program) -> Vec<&Watch> {
    let mut found = Vec::new();
    for item in &program.items {
        let Item::NetReceive(receive) = item else { continue };
        visit::statements(&receive.body, &mut |statement| {
            if let StatementKind::Watch(list) = &statement.kind {
                found.extend(list);
            }
        });
    }
    found
}

impl<'a> Machine<'a, '_> {
    /// `net_send`, `net_event` or `net_move`; `None` if it is something else.
    pub(super) fn event_call(
        &mut self,
        name: &str,
        arguments: &'a [Expr],
        span: Span,
    ) -> Result<Option<Id>> {
        let (kind, arguments) = match (name, arguments) {
            ("net_send", [delay, flag]) => {
                let (delay, flag) = (self.number(delay)?, self.number(flag)?);
                let t = self.graph.input(Input::Time);
                (EffectKind::Send, vec![self.graph.add(t, delay), flag])
            }
            ("net_event", [time]) => (EffectKind::Event, vec![self.number(time)?]),
            ("net_move", [time]) => (EffectKind::Move, vec![self.number(time)?]),
            _ => return Ok(None),
        };
        self.effect(kind, arguments, span)?;
        Ok(Some(self.graph.number(0.0)))
    }

    fn effect(&mut self, kind: EffectKind, arguments: Vec<Id>, span: Span) -> Result<()> {
        if self.in_loop || self.equations.is_some() {
            return Err(Refusal::unsupported(
                span,
                "sending events in a while loop or an equation",
            )
            .help("set a variable there and send behind it"));
        }
        let values = [vec![self.path], arguments].concat();
        self.effects.push(Effect { kind, values });
        Ok(())
    }

    /// `WATCH (v > threshold) flag, ...`: these conditions are watched from now on; others only if
    /// the same event asked for them.
    pub(super) fn watch(&mut self, watches: &'a [Watch], span: Span) -> Result<()> {
        if self.phase != Phase::Receive {
            return Err(Refusal::unsupported(span, "WATCH outside of NET_RECEIVE"));
        }
        let all = super::events::watches(&self.parsed.program);
        let zero = self.graph.number(0.0);
        let fresh = self.graph.compare(Compare::Equal, self.values[self.watching], zero);
        let mine = |watch: &Watch| watches.iter().any(|other| std::ptr::eq(watch, other));
        for (which, watch) in all.into_iter().enumerate() {
            let slot = self.watch_slot(which);
            let value = if mine(watch) {
                // Above at the start: it has to fall below first.
                let margin = self.watched_margin(watch)?;
                let epsilon = self.graph.number(-1e-11);
                let above = self.graph.compare(Compare::LessEqual, epsilon, margin);
                let (one, two) = (self.graph.number(1.0), self.graph.number(2.0));
                self.graph.select(above, two, one)
            } else {
                self.graph.select(fresh, zero, self.values[slot])
            };
            self.values[slot] = value;
        }
        self.values[self.watching] = self.graph.number(1.0);
        Ok(())
    }

    fn watch_slot(&self, which: usize) -> usize {
        let place = self.slots.of(&self.parsed.symbols, &watch_name(which));
        place.map_or(0, |(slot, _)| slot as usize)
    }

    /// What is positive when the condition holds.
    fn watched_margin(&mut self, watch: &'a Watch) -> Result<Id> {
        let mut condition = &watch.condition;
        while let ExprKind::Paren(inner) = &condition.kind {
            condition = inner;
        }
        let ExprKind::Binary { op, left, right } = &condition.kind else {
            return Err(Refusal::new(condition.span, "WATCH needs a comparison with > or <"));
        };
        let (left, right) = match op {
            BinaryOp::Greater | BinaryOp::GreaterEqual => (left, right),
            BinaryOp::Less | BinaryOp::LessEqual => (right, left),
            _ => {
                let message = "WATCH needs a comparison with > or <";
                return Err(Refusal::new(condition.span, message));
            }
        };
        let (left, right) = (self.number(left)?, self.number(right)?);
        Ok(self.graph.subtract(left, right))
    }

    /// Tests all conditions at the start of a step.
    pub(super) fn test_watches(&mut self) -> Result<()> {
        let parsed = self.parsed;
        for (which, watch) in watches(&parsed.program).into_iter().enumerate() {
            let slot = self.watch_slot(which);
            let state = self.values[slot];
            let margin = self.watched_margin(watch)?;
            let flag = self.number(&watch.flag)?;
            let (zero, one, two) =
                (self.graph.number(0.0), self.graph.number(1.0), self.graph.number(2.0));
            let above = self.graph.compare(Compare::Less, zero, margin);
            let was_below = self.graph.compare(Compare::Equal, state, one);
            let active = self.graph.compare(Compare::Less, zero, state);
            let now = self.graph.select(above, two, one);
            self.values[slot] = self.graph.select(active, now, zero);
            let fires = self.graph.and(was_below, above);
            let t = self.graph.input(Input::Time);
            self.effects.push(Effect { kind: EffectKind::Watch, values: vec![fires, t, flag] });
        }
        Ok(())
    }

    /// `FOR_NETCONS (w, a) { }`: the body once for every connection to the instance.
    pub(super) fn for_netcons(
        &mut self,
        arguments: &'a [Argument],
        body: &'a Block,
        span: Span,
    ) -> Result<()> {
        if !matches!(self.phase, Phase::Receive) {
            return Err(Refusal::unsupported(span, "FOR_NETCONS outside of NET_RECEIVE"));
        }
        let before = self.values.clone();
        let at = before.len();
        let n_effects = self.effects.len();
        self.open_scope();
        for (k, argument) in arguments.iter().enumerate() {
            let weight = self.graph.input(Input::Peer(k as u32));
            self.declare(&argument.name.text, weight);
        }
        let result = self.block(body);
        self.close_scope();
        result?;
        let weights = self.values[at..at + arguments.len()].to_vec();
        self.values.truncate(at);
        if self.values != before || self.effects.len() != n_effects {
            return Err(Refusal::new(span, "FOR_NETCONS changes more than weights of connections")
                .help("its body may assign its own arguments only"));
        }
        self.effect(EffectKind::ForNetcons, weights, span)
    }

    /// A draw from, or a change of, a `RANDOM` variable; `None` if it is something else.
    pub(super) fn random_call(
        &mut self,
        name: &str,
        arguments: &'a [Expr],
        span: Span,
    ) -> Result<Option<Id>> {
        let Some(function) = builtin::function(name) else { return Ok(None) };
        let legacy = function.kind == FunctionKind::LegacyRandom;
        if !legacy && function.kind != FunctionKind::RandomStream {
            return Ok(None);
        }
        let (stream, rest) = match arguments.split_first() {
            _ if legacy => (LEGACY_STREAM, arguments),
            Some((first, rest)) => match &first.kind {
                ExprKind::Variable(variable) => (variable.name.text.as_str(), rest),
                _ => return Err(Refusal::new(first.span, "a RANDOM variable is expected")),
            },
            None => return Err(Refusal::new(span, "a RANDOM variable is expected")),
        };
        let mut values = Vec::with_capacity(rest.len());
        for argument in rest {
            values.push(self.number(argument)?);
        }
        let symbols = &self.parsed.symbols;
        let slot = |name: &str, role: Role| {
            let (slot, variable) = self.slots.of(symbols, name)?;
            (variable.role == role).then_some(slot as usize)
        };
        let position = slot(stream, Role::Random);
        let ids = [1, 2, 3].map(|which| slot(&id_name(stream, which), Role::StreamId));
        let (Some(position), [Some(id1), Some(id2), Some(id3)]) = (position, ids) else {
            return Err(Refusal::new(span, format!("`{stream}` is no RANDOM variable")));
        };
        let ids = [id1, id2, id3];
        let zero = self.graph.number(0.0);
        match (name, values.as_slice()) {
            ("random_setseq", [to]) => self.values[position] = *to,
            ("random_setids", [a, b, c]) => {
                for (slot, id) in ids.into_iter().zip([*a, *b, *c]) {
                    self.values[slot] = id;
                }
                self.values[position] = zero;
            }
            ("set_seed", [seed]) => {
                self.values[id3] = *seed;
                self.values[position] = zero;
            }
            ("random_uniform" | "random_dpick" | "scop_random", []) => {
                return self.draw(Draw::Uniform, position, ids, None).map(Some);
            }
            ("random_uniform", [low, high]) => {
                let unit = self.draw(Draw::Uniform, position, ids, None)?;
                let width = self.graph.subtract(*high, *low);
                let above = self.graph.multiply(width, unit);
                return Ok(Some(self.graph.add(*low, above)));
            }
            ("random_negexp", []) => {
                return self.draw(Draw::Exponential, position, ids, None).map(Some);
            }
            ("random_negexp" | "exprand", [mean]) => {
                let unit = self.draw(Draw::Exponential, position, ids, None)?;
                return Ok(Some(self.graph.multiply(*mean, unit)));
            }
            ("random_normal", []) => {
                return self.draw(Draw::Normal, position, ids, None).map(Some);
            }
            ("random_normal" | "normrand", [mean, deviation]) => {
                let unit = self.draw(Draw::Normal, position, ids, None)?;
                let scaled = self.graph.multiply(*deviation, unit);
                return Ok(Some(self.graph.add(*mean, scaled)));
            }
            ("random_ipick", []) => {
                return self.draw(Draw::Word, position, ids, None).map(Some);
            }
            ("poisrand", [mean]) => {
                return self.draw(Draw::Poisson, position, ids, Some(*mean)).map(Some);
            }
            _ => {
                let message = format!("`{name}` has another number of arguments");
                return Err(Refusal::new(span, message));
            }
        }
        Ok(Some(zero))
    }

    /// Draws a number and advances the position.
    fn draw(
        &mut self,
        draw: Draw,
        position: usize,
        ids: [usize; 3],
        mean: Option<Id>,
    ) -> Result<Id> {
        let at = self.values[position];
        let ids = ids.map(|slot| self.values[slot]);
        let mean = mean.unwrap_or_else(|| self.graph.number(0.0));
        let value = self.graph.draw(draw, ids, at, mean);
        let one = self.graph.number(1.0);
        self.values[position] = match draw {
            Draw::Normal => self.graph.draw(Draw::AfterNormal, ids, at, mean),
            Draw::Poisson => self.graph.draw(Draw::AfterPoisson, ids, at, mean),
            _ => self.graph.add(at, one),
        };
        Ok(value)
    }

    /// `spike_train_size()` or `spike_train_time(i)`; `None` if it is something else.
    pub(super) fn train_call(&mut self, name: &str, arguments: &'a [Expr]) -> Result<Option<Id>> {
        Ok(match (name, arguments) {
            ("spike_train_size", []) => Some(self.graph.input(Input::TrainSize)),
            ("spike_train_time", [index]) => {
                let index = self.number(index)?;
                Some(self.graph.unary(super::graph::Unary::TrainTime, index))
            }
            ("nrn_pointing", [Expr { kind: ExprKind::Variable(variable), .. }]) => {
                let slot = self.slots.of(&self.parsed.symbols, &variable.name.text);
                let pointer = slot.and_then(|(slot, _)| self.slots.pointer(slot));
                pointer.map(|k| self.graph.input(Input::Pointing(k)))
            }
            _ => None,
        })
    }

    /// `state_discontinuity(x, value)`: an assignment, since steps are fixed.
    pub(super) fn discontinuity(&mut self, arguments: &'a [Expr], span: Span) -> Result<()> {
        let [Expr { kind: ExprKind::Variable(target), .. }, value] = arguments else {
            return Err(Refusal::new(span, "state_discontinuity needs a variable and a value"));
        };
        let value = self.number(value)?;
        let place = self.place(target)?;
        if !self.write(place, value) {
            return Err(Refusal::new(target.span, "this cannot be assigned"));
        }
        Ok(())
    }
}
