//! From a checked file to kernels as graphs of values.

pub(crate) mod algebra;
pub(crate) mod calculus;
pub(crate) mod conductance;
pub(crate) mod constants;
pub(crate) mod events;
pub(crate) mod execute;
pub(crate) mod expressions;
pub(crate) mod graph;
pub(crate) mod hoist;
pub(crate) mod linearity;
pub(crate) mod loops;
pub(crate) mod places;
pub(crate) mod slots;
pub(crate) mod storage;
pub(crate) mod tables;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use net_kernel::simd::Isa;

use crate::Parsed;
use crate::ast::{Block, Item, NetReceive, Phase as HookPhase, Statement, StatementKind};
use crate::source::{Diagnostic, Severity, Span};
use crate::symbols::{IonQuantity, Role};
use events::{Effect, EffectKind};
use execute::Machine;
use graph::{Graph, Id, Input};
use slots::Slots;
use tables::{Tabled, TabledKernels};

/// How mechanisms are compiled. The default is what is most accurate and fastest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Defaults of parameters have 6 digits, as in NEURON.
    pub neuron_defaults: bool,
    /// The conductance is `(i(v + 0.001) - i(v)) / 0.001`, as in NEURON, and not the derivative.
    pub numeric_conductance: bool,
    /// Nonlinear schemes of reactions are iterated until the changes of all states add up to less than
    /// 1e-6, with negative states set to 0, as in NEURON, and not until they have converged.
    pub neuron_iteration: bool,
    /// Operations are done one by one as they are written: no fused multiply-add, and no algebra
    /// that changes roundings. Without it results differ by a few ulp from what is written.
    pub strict: bool,
    /// Every exponential is computed on its own. Otherwise those of one voltage whose slopes are
    /// multiples of each other are powers of one, and `x / (exp(x) - 1)` is recognized and exact
    /// near 0; the error is below 1e-14.
    pub separate_exponentials: bool,
    /// Every division is done on its own. Otherwise up to three independent ones, whose divisors are
    /// known to be of moderate size, are one division of the product; this adds 2 ulp.
    pub separate_divisions: bool,
    /// Operations on numbers alone are left to the kernel. Otherwise they are done when compiling:
    /// the same for arithmetic, within 1 ulp for functions, which are then the machine's own.
    pub unfolded: bool,
    /// What is stored is computed value by value. Otherwise subexpressions are shared between all
    /// values of a kernel; a shared product is rounded before it goes into a sum, half an ulp of it.
    pub unshared: bool,
    /// What depends on parameters alone is computed in every step. Otherwise it is computed once if
    /// that is cheaper; products are rounded as with shared subexpressions.
    pub unhoisted: bool,
    /// Kernels for this instruction set alone, for a crate that is compiled for it as a whole.
    /// Otherwise each kernel has a version for every set, and the best is chosen when it runs.
    pub only_isa: Option<Isa>,
}

/// What a kernel is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Init,
    Current,
    State,
    Receive,
    /// `INITIAL` in `NET_RECEIVE`.
    NetInit,
    /// The test of watched conditions.
    Watch,
    /// `AFTER SOLVE`.
    AfterSolve,
    /// `BEFORE STEP`.
    BeforeStep,
}

/// Why a file cannot be compiled.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    span: Span,
    message: String,
    help: Option<String>,
}

impl Refusal {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Refusal { span, message: message.into(), help: None }
    }

    pub(crate) fn unsupported(span: Span, what: &str) -> Self {
        Refusal::new(span, format!("{what} is not supported"))
    }

    pub(crate) fn help(self, help: &str) -> Self {
        Refusal { help: Some(help.to_string()), ..self }
    }

    fn diagnostic(self, parsed: &Parsed) -> Diagnostic {
        let diagnostic = parsed.sources.diagnostic(Severity::Error, self.span, self.message);
        match self.help {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        }
    }
}

/// The kernels of a mechanism: what every slot holds after each.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) graph: Graph,
    pub(crate) slots: Slots,
    pub(crate) init: Vec<Id>,
    pub(crate) current: Option<Vec<Id>>,
    pub(crate) state: Option<Vec<Id>>,
    pub(crate) receive: Option<Vec<Id>>,
    /// Of `INITIAL` in `NET_RECEIVE`, if it changes more than weights.
    pub(crate) net_init: Option<Vec<Id>>,
    pub(crate) watch: Option<Vec<Id>>,
    pub(crate) after_solve: Option<Vec<Id>>,
    pub(crate) before_step: Option<Vec<Id>>,
    /// What kernels send; those of a run with tables apart.
    pub(crate) effects: BTreeMap<(Phase, bool), Vec<Effect>>,
    /// The membrane potential after an event, if the mechanism sets it.
    pub(crate) potential: Option<Id>,
    /// The weights of a connection after an event.
    pub(crate) weights: Vec<Id>,
    /// The weights of a connection at the start of a run.
    pub(crate) first_weights: Vec<Id>,
    /// Membrane current (outward) and electrode current (inward) of the whole mechanism.
    pub(crate) membrane: Option<Id>,
    pub(crate) electrode: Option<Id>,
    /// States that diffuse.
    pub(crate) diffusing: Vec<Diffusing>,
    /// Kernels for runs with tables, if the file has some.
    pub(crate) tabled: Option<TabledKernels>,
    pub(crate) notes: Vec<Diagnostic>,
}

/// A state that diffuses along the cable, after all equations have been solved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Diffusing {
    pub(crate) slot: u32,
    /// Volume per length of the cable, um2 for concentrations.
    pub(crate) volume: Id,
    /// Diffusion constant times the area across the cable.
    pub(crate) coefficient: Id,
}

/// Turns a checked file into kernels; the routines of `exact` are not looked up in tables.
///
/// # Errors
/// What cannot be compiled, with its place.
pub(crate) fn lower(
    parsed: &Parsed,
    settings: &Settings,
    exact: &BTreeSet<String>,
) -> Result<Lowered, Vec<Diagnostic>> {
    try_lower(parsed, settings, exact).map_err(|refusal| vec![refusal.diagnostic(parsed)])
}

fn try_lower<'a>(
    parsed: &'a Parsed,
    settings: &'a Settings,
    exact: &BTreeSet<String>,
) -> Result<Lowered, Refusal> {
    let blocks = Blocks::of(parsed)?;
    let slots = Slots::new(&parsed.symbols);
    let graph = Graph::new(settings.strict, settings.unfolded);
    let mut lowering = Lowering {
        parsed,
        settings,
        slots,
        graph,
        diffusing: Vec::new(),
        tabled: None,
        notes: Vec::new(),
        effects: BTreeMap::new(),
    };
    let (init, current, state) = lowering.steps(&blocks)?;
    let diffusing = std::mem::take(&mut lowering.diffusing);
    let mut tabled = None;
    if tables::exist(parsed) {
        lowering.tabled = Some(Tabled { exact: exact.clone(), ..Tabled::default() });
        let (init, current, state) = lowering.steps(&blocks)?;
        lowering.tabled = None;
        if !lowering.graph.tables.is_empty() {
            let (membrane, electrode) = (None, None);
            tabled = Some(TabledKernels { init, current, state, membrane, electrode });
        }
    }
    let after_solve = lowering.hook(&blocks.after_solve, Phase::AfterSolve)?;
    let before_step = lowering.hook(&blocks.before_step, Phase::BeforeStep)?;
    let has_watches = !events::watches(&parsed.program).is_empty();
    let watch = has_watches
        .then(|| lowering.kernel(Phase::Watch, |machine| machine.test_watches()))
        .transpose()?;
    let (mut weights, mut first_weights) = (Vec::new(), Vec::new());
    let (mut receive, mut net_init, mut potential) = (None, None, None);
    if let Some(item) = blocks.net_receive {
        receive = Some(lowering.kernel(Phase::Receive, |machine| {
            weights = receive_event(machine, item, &item.body)?;
            potential = machine.changed_potential();
            Ok(())
        })?);
        let initial = item.body.statements.iter().find_map(|s| match &s.kind {
            StatementKind::Initial(block) => Some(block),
            _ => None,
        });
        lowering.check_netcons(item.span, &weights)?;
        let after = lowering.kernel(Phase::NetInit, |machine| {
            if let Some(block) = initial {
                first_weights = receive_event(machine, item, block)?;
            }
            Ok(())
        })?;
        let Lowering { graph, slots, .. } = &mut lowering;
        if initial.is_none() {
            first_weights = (0..item.arguments.len() as u32)
                .map(|k| if k == 0 { graph.input(Input::Weight(0)) } else { graph.number(0.0) })
                .collect();
        }
        let is_changed = |slot: usize| {
            let before = match (slots.ion(slot as u32), slots.pointer(slot as u32)) {
                (Some((k, _)), _) => Input::Ion(k),
                (_, Some(k)) => Input::Linked(k),
                _ => Input::Variable(slot as u32),
            };
            graph.node(after[slot]) != graph::Node::Input(before)
                && graph.node(after[slot]) != graph::Node::Input(Input::Variable(slot as u32))
        };
        net_init = (0..after.len()).any(is_changed).then_some(after);
    }
    let Lowering { graph, slots, notes, effects, .. } = lowering;
    let mut lowered = Lowered {
        graph,
        slots,
        init,
        current,
        state,
        receive,
        net_init,
        watch,
        after_solve,
        before_step,
        effects,
        potential,
        weights,
        first_weights,
        membrane: None,
        electrode: None,
        diffusing,
        tabled,
        notes,
    };
    lowered.sum_currents(parsed);
    Ok(lowered)
}

/// A file on its way into kernels.
struct Lowering<'a> {
    parsed: &'a Parsed,
    settings: &'a Settings,
    slots: Slots,
    graph: Graph,
    /// Of the last state kernel.
    diffusing: Vec<Diffusing>,
    /// While kernels with tables are made.
    tabled: Option<Tabled>,
    notes: Vec<Diagnostic>,
    effects: BTreeMap<(Phase, bool), Vec<Effect>>,
}

/// What every slot holds after the start of a run, after currents and after states.
type Steps = (Vec<Id>, Option<Vec<Id>>, Option<Vec<Id>>);

impl<'a> Lowering<'a> {
    /// The kernels of a run without events.
    fn steps(&mut self, blocks: &Blocks<'a>) -> Result<Steps, Refusal> {
        let init = self.kernel(Phase::Init, |machine| {
            blocks.initial.iter().try_for_each(|block| machine.block(block))
        })?;
        let Some(breakpoint) = blocks.breakpoint else { return Ok((init, None, None)) };
        let is_solve = |statement: &&Statement| matches!(statement.kind, StatementKind::Solve(_));
        let (solves, others): (Vec<_>, Vec<_>) = breakpoint.statements.iter().partition(is_solve);
        let execute = |machine: &mut Machine<'a, '_>, statements: &[&'a Statement]| {
            statements.iter().try_for_each(|s| machine.statement(s))
        };
        // As in NEURON, only what sets currents comes before the step; the rest follows the states.
        let (before, after) = if self.has_currents() { (others, vec![]) } else { (vec![], others) };
        let state = (!solves.is_empty() || !after.is_empty()).then(|| {
            self.kernel(Phase::State, |machine| {
                execute(machine, &solves)?;
                execute(machine, &after)
            })
        });
        let current = self.kernel(Phase::Current, |machine| {
            blocks.before_breakpoint.iter().try_for_each(|block| machine.block(block))?;
            execute(machine, &before)
        })?;
        let state = state.transpose()?;
        Ok((init, Some(current), state))
    }

    /// Whether something flows through the membrane or from an electrode.
    fn has_currents(&self) -> bool {
        let mut slots = 0..self.slots.slots.len() as u32;
        slots.any(|slot| {
            let role = self.slots.variable(&self.parsed.symbols, slot).role;
            let of_ion =
                matches!(role, Role::Ion { quantity: IonQuantity::Current, write: true, .. });
            of_ion || matches!(role, Role::NonspecificCurrent | Role::ElectrodeCurrent)
        })
    }

    /// Executes one kernel; gives what every slot holds afterwards.
    fn kernel(
        &mut self,
        phase: Phase,
        run: impl FnOnce(&mut Machine<'a, '_>) -> Result<(), Refusal>,
    ) -> Result<Vec<Id>, Refusal> {
        let mut machine =
            Machine::new(self.parsed, self.settings, &self.slots, &mut self.graph, phase);
        machine.tabled = self.tabled.take();
        run(&mut machine)?;
        let Machine { mut values, notes, effects, tabled, diffusing, .. } = machine;
        let with_tables = tabled.is_some();
        self.tabled = tabled;
        if phase == Phase::State {
            self.diffusing = diffusing;
        }
        values.truncate(self.slots.slots.len());
        self.effects.insert((phase, with_tables), effects);
        for (span, text) in notes {
            let note = self.parsed.sources.diagnostic(Severity::Warning, span, text.to_string());
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        Ok(values)
    }

    /// The kernel of `AFTER` and `BEFORE` blocks, if there are any.
    fn hook(&mut self, blocks: &[&'a Block], phase: Phase) -> Result<Option<Vec<Id>>, Refusal> {
        let run = |machine: &mut Machine<'a, '_>| {
            blocks.iter().try_for_each(|block| machine.block(block))
        };
        (!blocks.is_empty()).then(|| self.kernel(phase, run)).transpose()
    }

    /// Connections have no more weights than `NET_RECEIVE` names.
    fn check_netcons(&mut self, span: Span, weights: &[Id]) -> Result<(), Refusal> {
        let effects = self.effects.get(&(Phase::Receive, false));
        let mut loops = effects.into_iter().flatten().filter(|e| e.kind == EffectKind::ForNetcons);
        let too_many = loops.any(|effect| effect.values.len() > weights.len() + 1);
        if too_many {
            let message = "FOR_NETCONS has more arguments than NET_RECEIVE";
            return Err(Refusal::new(span, message));
        }
        Ok(())
    }
}

/// Runs the body of `NET_RECEIVE` with the weights of a connection as local variables.
fn receive_event<'a>(
    machine: &mut Machine<'a, '_>,
    item: &'a NetReceive,
    body: &'a Block,
) -> Result<Vec<Id>, Refusal> {
    let at = machine.values.len();
    for (k, argument) in item.arguments.iter().enumerate() {
        let value = machine.graph.input(Input::Weight(k as u32));
        machine.declare(&argument.name.text, value);
    }
    let flag = machine.graph.input(Input::Flag);
    machine.declare("flag", flag);
    machine.block(body)?;
    Ok(machine.values[at..at + item.arguments.len()].to_vec())
}

impl Lowered {
    /// Sums up what the mechanism sends through the membrane and through electrodes.
    fn sum_currents(&mut self, parsed: &Parsed) {
        if let Some(current) = self.current.clone() {
            (self.membrane, self.electrode) = self.currents(parsed, &current);
        }
        if let Some(current) = self.tabled.as_ref().and_then(|tabled| tabled.current.clone()) {
            let (membrane, electrode) = self.currents(parsed, &current);
            if let Some(tabled) = &mut self.tabled {
                (tabled.membrane, tabled.electrode) = (membrane, electrode);
            }
        }
    }

    fn currents(&mut self, parsed: &Parsed, current: &[Id]) -> (Option<Id>, Option<Id>) {
        let (mut membrane, mut electrode) = (Vec::new(), Vec::new());
        for slot in 0..self.slots.slots.len() as u32 {
            match self.slots.variable(&parsed.symbols, slot).role {
                Role::NonspecificCurrent => membrane.push(slot),
                Role::Ion { quantity: IonQuantity::Current, write: true, .. } => {
                    // A current that is only read stays that of the ion.
                    membrane.push(slot);
                }
                Role::ElectrodeCurrent => electrode.push(slot),
                _ => {}
            }
        }
        let sum = |graph: &mut Graph, slots: &[u32]| {
            let mut values = slots.iter().map(|&slot| current[slot as usize]);
            let first = values.next()?;
            Some(values.fold(first, |sum, value| graph.add(sum, value)))
        };
        (sum(&mut self.graph, &membrane), sum(&mut self.graph, &electrode))
    }

    /// All kernels but the one at the start of a run.
    pub(crate) fn running(&self) -> impl Iterator<Item = &Vec<Id>> {
        let tabled = self.tabled.iter().flat_map(|t| t.current.iter().chain(&t.state));
        let events = self.receive.iter().chain(&self.net_init);
        let steps = self.current.iter().chain(&self.state).chain(events);
        let more = self.watch.iter().chain(&self.after_solve).chain(&self.before_step);
        steps.chain(more).chain(tabled)
    }

    /// What kernels send, and what events make of the potential; `init` is the kernel at the start of
    /// a run.
    pub(crate) fn sent(&self, init: bool) -> impl Iterator<Item = Id> {
        let of = self.effects.iter().filter(move |((phase, _), _)| (*phase == Phase::Init) == init);
        let sent = of.flat_map(|(_, effects)| effects).flat_map(|effect| &effect.values).copied();
        sent.chain(self.potential.filter(|_| !init))
    }

    /// Whether the mechanism sends events or reads their time.
    pub(crate) fn is_timed(&self) -> bool {
        let values = self.receive.iter().flatten().chain(&self.weights).copied();
        let below = self.graph.below(values);
        self.effects.values().any(|effects| !effects.is_empty())
            || below.iter().any(|id| self.graph.node(*id) == graph::Node::Input(Input::Time))
    }

    /// Whether it goes through all connections of an instance.
    pub(crate) fn uses_netcons(&self) -> bool {
        self.effects.values().flatten().any(|e| e.kind == EffectKind::ForNetcons)
    }

    /// Whether the user gives spike times.
    pub(crate) fn uses_train(&self) -> bool {
        let values = self.running().flatten().chain(&self.init).copied();
        let below = self.graph.below(values.chain(self.sent(true)).chain(self.sent(false)));
        below.iter().any(|id| {
            matches!(
                self.graph.node(*id),
                graph::Node::Input(Input::TrainSize)
                    | graph::Node::Unary(graph::Unary::TrainTime, _)
            )
        })
    }

    /// Replaces values in all kernels but the one at the start of a run.
    pub(crate) fn substitute_running(&mut self, by: &HashMap<Id, Id>) {
        let graph = &mut self.graph;
        let steps = [&mut self.current, &mut self.state, &mut self.receive];
        let more = [&mut self.watch, &mut self.after_solve, &mut self.before_step];
        for values in steps.into_iter().chain(more).chain([&mut self.net_init]).flatten() {
            *values = graph.substitute(values, by);
        }
        for diffusing in &mut self.diffusing {
            let new = graph.substitute(&[diffusing.volume, diffusing.coefficient], by);
            (diffusing.volume, diffusing.coefficient) = (new[0], new[1]);
        }
        if let Some(tabled) = &mut self.tabled {
            for values in [&mut tabled.current, &mut tabled.state].into_iter().flatten() {
                *values = graph.substitute(values, by);
            }
            for value in [&mut tabled.membrane, &mut tabled.electrode].into_iter().flatten() {
                *value = graph.substitute(&[*value], by)[0];
            }
            for at in 0..graph.tables.len() {
                let table = graph.tables[at].clone();
                let new = graph.substitute(&[table.value, table.from, table.to], by);
                let table = &mut graph.tables[at];
                (table.value, table.from, table.to) = (new[0], new[1], new[2]);
            }
        }
        for (_, effects) in self.effects.iter_mut().filter(|((phase, _), _)| *phase != Phase::Init)
        {
            for effect in effects {
                effect.values = graph.substitute(&effect.values, by);
            }
        }
        self.weights = graph.substitute(&self.weights, by);
        self.first_weights = graph.substitute(&self.first_weights, by);
        for value in [&mut self.membrane, &mut self.electrode].into_iter().flatten() {
            *value = graph.substitute(&[*value], by)[0];
        }
    }
}

/// The blocks that run.
struct Blocks<'a> {
    initial: Vec<&'a Block>,
    before_breakpoint: Vec<&'a Block>,
    breakpoint: Option<&'a Block>,
    after_solve: Vec<&'a Block>,
    before_step: Vec<&'a Block>,
    net_receive: Option<&'a NetReceive>,
}

impl<'a> Blocks<'a> {
    fn of(parsed: &'a Parsed) -> Result<Self, Refusal> {
        let mut blocks = Blocks {
            initial: Vec::new(),
            before_breakpoint: Vec::new(),
            breakpoint: None,
            after_solve: Vec::new(),
            before_step: Vec::new(),
            net_receive: None,
        };
        let mut constructor = Vec::new();
        let (mut before_initial, mut after_initial) = (Vec::new(), Vec::new());
        for item in &parsed.program.items {
            match item {
                Item::Initial(block) => blocks.initial.push(block),
                Item::Breakpoint(block) => blocks.breakpoint = Some(block),
                Item::NetReceive(item) => blocks.net_receive = Some(item),
                Item::Hook(hook) => match (hook.after, hook.phase) {
                    (false, HookPhase::Initial) => before_initial.push(&hook.body),
                    (true, HookPhase::Initial) => after_initial.push(&hook.body),
                    (false, HookPhase::Breakpoint) => blocks.before_breakpoint.push(&hook.body),
                    (true, HookPhase::Solve) => blocks.after_solve.push(&hook.body),
                    (false, HookPhase::Step) => blocks.before_step.push(&hook.body),
                    (after, phase) => {
                        let when = if after { "AFTER" } else { "BEFORE" };
                        let what = format!("{when} {}", phase.keyword());
                        return Err(Refusal::unsupported(hook.span, &what).help(
                            "there are BEFORE INITIAL, AFTER INITIAL, BEFORE BREAKPOINT, AFTER SOLVE \
                             and BEFORE STEP",
                        ));
                    }
                },
                // Instances are made right before a run starts.
                Item::Constructor(block) => constructor.push(block),
                Item::Verbatim(verbatim) if !verbatim.body.trim().is_empty() => {
                    return Err(Refusal::unsupported(verbatim.span, "VERBATIM"));
                }
                _ => {}
            }
        }
        blocks.initial.splice(0..0, constructor.into_iter().chain(before_initial));
        blocks.initial.append(&mut after_initial);
        match &parsed.symbols.mechanism {
            Some(mechanism) if parsed.symbols.is_function_library() => {
                Err(Refusal::unsupported(mechanism.name.span, "SUFFIX nothing"))
            }
            _ => Ok(blocks),
        }
    }
}
