//! Blocks of equations turned into values: what the states are after a step.
//!
//! `cnexp` is applied where a derivative is given. All other methods first collect the equations
//! with symbols for the unknowns, then solve them; what else the block assigned is taken at the
//! solution.

mod exponential;
mod linear;
mod newton;
mod reactions;

use std::collections::HashMap;

use crate::ast::{Block, EquationKind, Expr, Item, Solve, Statement, StatementKind, Variable};
use crate::lower::execute::{Machine, Result};
use crate::lower::graph::{Graph, Id, Input};
use crate::lower::places::Place;
use crate::lower::{Diffusing, Phase, Refusal};
use crate::source::Span;
use crate::symbols::RoutineKind;

/// Equations under collection.
#[derive(Debug, Default)]
pub(crate) struct Equations {
    /// Unknowns: slot, symbol and value before.
    unknowns: Vec<Unknown>,
    /// Where the rates of change of the unknowns stand in the machine's values.
    rates_at: usize,
    /// Volumes of `COMPARTMENT`, by unknown.
    volumes: Vec<Option<Id>>,
    /// Coefficients of `LONGITUDINAL_DIFFUSION`, by unknown.
    coefficients: Vec<Option<Id>>,
    /// `CONSERVE`: the unknown whose equation is replaced, and what is to be 0.
    conserved: Vec<(usize, Id)>,
    /// Left minus right sides of `LINEAR` and `NONLINEAR`.
    residuals: Vec<Id>,
    /// `f_flux` and `b_flux` of the last reaction.
    pub(crate) last_flux: Option<[Id; 2]>,
    /// Depth of `if`.
    pub(crate) conditions: usize,
}

#[derive(Clone, Copy, Debug)]
struct Unknown {
    slot: u32,
    symbol: Id,
    before: Id,
}

impl Equations {
    fn of_slot(&self, slot: usize) -> Option<usize> {
        self.unknowns.iter().position(|unknown| unknown.slot as usize == slot)
    }
}

impl<'a> Machine<'a, '_> {
    /// `SOLVE`.
    pub(crate) fn solve(&mut self, solve: &'a Solve, span: Span) -> Result<()> {
        let name = &solve.block.text;
        let kind = self.parsed.symbols.blocks.get(name).map(|block| block.kind);
        // These have no time: they may be solved for the currents, too.
        let is_algebraic = matches!(kind, Some(EquationKind::Linear | EquationKind::Nonlinear));
        let is_here = matches!(self.phase, Phase::Init | Phase::State) || is_algebraic;
        if !is_here || self.equations.is_some() {
            return Err(Refusal::unsupported(span, "SOLVE here")
                .help("SOLVE stands in BREAKPOINT, outside of any condition, or in INITIAL"));
        }
        let method = solve.method.as_ref().map(|method| method.text.as_str());
        let program = &self.parsed.program;
        if let Some(routine) = self.parsed.symbols.routines.get(name) {
            let Item::Routine(item) = &program.items[routine.item] else {
                return Err(Refusal::new(span, format!("`{name}` cannot be solved")));
            };
            if routine.kind != RoutineKind::Procedure || !item.arguments.is_empty() {
                return Err(Refusal::new(span, "a PROCEDURE without arguments is expected"));
            }
            return self.inline(item, &[], span).map(|_| ());
        }
        let block = self.parsed.symbols.blocks.get(name).map(|block| &program.items[block.item]);
        let Some(Item::Equations(block)) = block else {
            return Err(Refusal::new(span, format!("there is no block `{name}` to solve")));
        };
        if solve.steady_state {
            // What is left of the start after one step is one part in 1e9; after two nothing.
            let kind = block.kind;
            return (0..2).try_for_each(|pass| {
                self.collect_and_solve(block, |machine| machine.steady_state(pass, kind, span))
            });
        }
        let step = self.graph.input(Input::Step);
        match (block.kind, method) {
            (EquationKind::Derivative, Some("cnexp")) => {
                self.in_place = true;
                let result = self.block(&block.body);
                self.in_place = false;
                result
            }
            (EquationKind::Derivative, Some("derivimplicit" | "sparse"))
            | (EquationKind::Kinetic, Some("sparse") | None) => {
                self.collect_and_solve(block, |machine| machine.implicit(step, block.kind, span))
            }
            (EquationKind::Derivative, Some("euler")) => {
                self.collect_and_solve(block, |machine| Ok(machine.euler(step)))
            }
            (EquationKind::Derivative, Some("runge")) => self.runge(block, step),
            (EquationKind::Linear | EquationKind::Nonlinear, _) => {
                self.collect_and_solve(block, |machine| machine.roots(span))
            }
            (_, method) => {
                let method = method.map_or("no METHOD".to_string(), |m| format!("METHOD {m}"));
                let what = format!("{} with {method}", block.kind.keyword());
                Err(Refusal::unsupported(span, &what)
                    .help("use cnexp, derivimplicit, euler or runge, and sparse for KINETIC"))
            }
        }
    }

    /// `x' = f`.
    pub(crate) fn derivative_statement(
        &mut self,
        target: &'a Variable,
        value: &'a Expr,
    ) -> Result<()> {
        if target.primes > 1 {
            return Err(Refusal::unsupported(target.span, "a derivative of second order")
                .help("write two equations of first order"));
        }
        let place = self.place(target)?;
        if self.in_place {
            return match place {
                Place::Value(at) => self.exponential_step(at, value),
                Place::Element { .. } => Err(Refusal::unsupported(
                    target.span,
                    "cnexp for an element whose index is known only when the model runs",
                )
                .help("use METHOD derivimplicit, or FROM with bounds that are numbers")),
                Place::Fixed(_) => Err(Refusal::new(target.span, "only states have derivatives")),
            };
        }
        let rate = self.number(value)?;
        let unknowns = self.unknowns_at(&place);
        if unknowns.is_empty() {
            return Err(Refusal::new(target.span, "derivatives stand in DERIVATIVE blocks only"));
        }
        for (at, is_meant) in unknowns {
            self.values[at] = self.graph.select(is_meant, rate, self.values[at]);
        }
        Ok(())
    }

    /// Where the rates of the unknowns of a place stand, each with whether it is the one.
    fn unknowns_at(&mut self, place: &Place) -> Vec<(usize, Id)> {
        let Some(equations) = &self.equations else { return vec![] };
        let rate_of = |slot: usize| Some(equations.rates_at + equations.of_slot(slot)?);
        match *place {
            Place::Fixed(_) => vec![],
            Place::Value(slot) => {
                let at = rate_of(slot);
                at.map(|at| (at, self.graph.truth(true))).into_iter().collect()
            }
            Place::Element { first, length, index } => {
                let found: Vec<_> =
                    (0..length).filter_map(|k| Some((k, rate_of(first + k)?))).collect();
                found.into_iter().map(|(k, at)| (at, self.is_element(index, k))).collect()
            }
        }
    }

    /// Executes a block with symbols for its unknowns, has the equations solved and puts the
    /// solution in their place.
    fn collect_and_solve(
        &mut self,
        block: &'a crate::ast::EquationBlock,
        solve: impl FnOnce(&mut Self) -> Result<Vec<Id>>,
    ) -> Result<()> {
        let n = self.values.len();
        let equations = self.collect(block, &HashMap::new())?;
        let symbols: Vec<Id> = equations.unknowns.iter().map(|unknown| unknown.symbol).collect();
        self.equations = Some(equations);
        let solved = solve(self);
        let equations = self.equations.take().unwrap_or_default();
        let solution = solved?;
        self.values.truncate(n);
        let at_solution: HashMap<Id, Id> =
            symbols.iter().copied().zip(solution.iter().copied()).collect();
        self.values = self.graph.substitute(&self.values, &at_solution);
        for (at, (unknown, new)) in equations.unknowns.iter().zip(solution).enumerate() {
            self.values[unknown.slot as usize] = new;
            let Some(coefficient) = equations.coefficients[at] else { continue };
            let volume = equations.volumes[at].unwrap_or_else(|| self.graph.number(1.0));
            let new = self.graph.substitute(&[volume, coefficient], &at_solution);
            let (volume, coefficient) = (new[0], new[1]);
            self.diffusing.push(Diffusing { slot: unknown.slot, volume, coefficient });
        }
        Ok(())
    }

    /// Executes a block with symbols, or the values given by slot, for its unknowns.
    fn collect(
        &mut self,
        block: &'a crate::ast::EquationBlock,
        values: &HashMap<u32, Id>,
    ) -> Result<Equations> {
        let mut names = Vec::new();
        unknown_names(&block.body, &mut names);
        if !block.solve_for.is_empty() {
            names = block.solve_for.iter().map(|name| name.text.clone()).collect();
        }
        let mut equations = Equations { rates_at: self.values.len(), ..Equations::default() };
        for name in names {
            let Some((first, variable)) = self.slots.of(&self.parsed.symbols, &name) else {
                continue;
            };
            if !variable.is_state() {
                continue;
            }
            for slot in first..first + variable.length.unwrap_or(1) as u32 {
                let before = self.values[slot as usize];
                let symbol = values.get(&slot).copied().unwrap_or_else(|| self.graph.symbol().1);
                self.values[slot as usize] = symbol;
                equations.unknowns.push(Unknown { slot, symbol, before });
            }
        }
        let zero = self.graph.number(0.0);
        let n = equations.unknowns.len();
        self.values.extend(std::iter::repeat_n(zero, n));
        equations.volumes = vec![None; n];
        equations.coefficients = vec![None; n];
        self.equations = Some(equations);
        let result = self.block(&block.body);
        let equations = self.equations.take().unwrap_or_default();
        result.map(|()| equations)
    }

    /// Rates of change of the unknowns, divided by their volumes.
    fn rates(&mut self) -> Vec<Id> {
        let Some(equations) = &self.equations else { return vec![] };
        let at = equations.rates_at;
        let volumes = equations.volumes.clone();
        let rates = self.values[at..at + volumes.len()].to_vec();
        let divide = |(rate, volume): (Id, &Option<Id>), graph: &mut Graph| match volume {
            Some(volume) => graph.divide(rate, *volume),
            None => rate,
        };
        rates.into_iter().zip(&volumes).map(|pair| divide(pair, self.graph)).collect()
    }

    /// x + dt f(x).
    fn euler(&mut self, step: Id) -> Vec<Id> {
        let rates = self.rates();
        let unknowns = self.unknowns();
        let at_start: HashMap<Id, Id> = unknowns.iter().map(|u| (u.symbol, u.before)).collect();
        let rates = self.graph.substitute(&rates, &at_start);
        unknowns.iter().zip(rates).map(|(u, rate)| self.advance(u.before, step, rate)).collect()
    }

    fn advance(&mut self, from: Id, step: Id, rate: Id) -> Id {
        let change = self.graph.multiply(step, rate);
        self.graph.add(from, change)
    }

    fn unknowns(&self) -> Vec<Unknown> {
        self.equations.as_ref().map_or(vec![], |equations| equations.unknowns.clone())
    }

    /// The classical method of Runge and Kutta, of fourth order.
    fn runge(&mut self, block: &'a crate::ast::EquationBlock, step: Id) -> Result<()> {
        let n = self.values.len();
        let before = self.values.clone();
        let mut slopes: Vec<Vec<Id>> = Vec::new();
        let mut unknowns = Vec::new();
        for stage in 0..4 {
            self.values = before.clone();
            let part = self.graph.number([0.0, 0.5, 0.5, 1.0][stage]);
            let part = self.graph.multiply(part, step);
            let mut at = HashMap::new();
            for (k, unknown) in unknowns.iter().enumerate() {
                let unknown: &Unknown = unknown;
                at.insert(unknown.slot, self.advance(unknown.before, part, slopes[stage - 1][k]));
            }
            let mut equations = self.collect(block, &at)?;
            if stage == 0 {
                let start: HashMap<Id, Id> =
                    equations.unknowns.iter().map(|u| (u.symbol, u.before)).collect();
                self.values = self.graph.substitute(&self.values, &start);
                unknowns = equations.unknowns.clone();
                equations.unknowns.iter_mut().for_each(|u| u.symbol = u.before);
            }
            self.equations = Some(equations);
            slopes.push(self.rates());
            self.equations = None;
        }
        self.values.truncate(n);
        let (two, sixth) = (self.graph.number(2.0), self.graph.number(1.0 / 6.0));
        let step = self.graph.multiply(step, sixth);
        for (k, unknown) in unknowns.iter().enumerate() {
            let middle = self.graph.add(slopes[1][k], slopes[2][k]);
            let middle = self.graph.multiply(two, middle);
            let ends = self.graph.add(slopes[0][k], slopes[3][k]);
            let sum = self.graph.add(ends, middle);
            self.values[unknown.slot as usize] = self.advance(unknown.before, step, sum);
        }
        Ok(())
    }
}

/// Names that are unknowns if they are states: primed, or part of a reaction or an equation.
fn unknown_names(block: &Block, names: &mut Vec<String>) {
    let add = |name: &str, names: &mut Vec<String>| {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_string());
        }
    };
    for Statement { kind, .. } in &block.statements {
        match kind {
            StatementKind::Assign { target, .. } if target.primes > 0 => {
                add(&target.name.text, names);
            }
            StatementKind::Reaction(reaction) => {
                for term in reactions::terms(reaction) {
                    add(&term.variable.name.text, names);
                }
            }
            StatementKind::Equation { left, right } => {
                for side in [left, right] {
                    variables_of(side, &mut |name| add(name, names));
                }
            }
            StatementKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, body)| unknown_names(body, names));
                otherwise.iter().for_each(|body| unknown_names(body, names));
            }
            StatementKind::From { body, .. }
            | StatementKind::While { body, .. }
            | StatementKind::Block(body) => unknown_names(body, names),
            _ => {}
        }
    }
}

fn variables_of(expr: &Expr, found: &mut dyn FnMut(&str)) {
    use crate::ast::ExprKind;
    match &expr.kind {
        ExprKind::Variable(variable) => found(&variable.name.text),
        ExprKind::Unary { operand, .. } => variables_of(operand, found),
        ExprKind::Binary { left, right, .. } => {
            variables_of(left, found);
            variables_of(right, found);
        }
        ExprKind::Paren(inner) => variables_of(inner, found),
        ExprKind::Call { arguments, .. } => {
            arguments.iter().for_each(|argument| variables_of(argument, found));
        }
        ExprKind::Number { .. } | ExprKind::Text(_) => {}
    }
}
