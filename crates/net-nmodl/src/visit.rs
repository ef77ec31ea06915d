//! Walks over the syntax tree.

use crate::ast::{
    Block, Expr, ExprKind, Item, Name, Reaction, Statement, StatementKind, Term, Variable,
};

/// The statements of an item, if it has any.
#[must_use]
pub fn body(item: &Item) -> Option<&Block> {
    match item {
        Item::Initial(body)
        | Item::Breakpoint(body)
        | Item::Constructor(body)
        | Item::Destructor(body) => Some(body),
        Item::Equations(block) => Some(&block.body),
        Item::Routine(routine) => Some(&routine.body),
        Item::NetReceive(receive) => Some(&receive.body),
        Item::Hook(hook) => Some(&hook.body),
        _ => None,
    }
}

/// Calls `found` with every statement of a block, those inside of others included, the outer
/// before the inner.
pub fn statements<'a>(block: &'a Block, found: &mut impl FnMut(&'a Statement)) {
    for statement in &block.statements {
        within(statement, found);
    }
}

fn within<'a>(statement: &'a Statement, found: &mut impl FnMut(&'a Statement)) {
    found(statement);
    match &statement.kind {
        StatementKind::If { arms, otherwise } => {
            for block in arms.iter().map(|(_, block)| block).chain(otherwise) {
                statements(block, found);
            }
        }
        StatementKind::While { body, .. }
        | StatementKind::From { body, .. }
        | StatementKind::ForNetcons { body, .. }
        | StatementKind::Initial(body)
        | StatementKind::Block(body) => statements(body, found),
        StatementKind::Solve(solve) => {
            if let Some(body) = &solve.if_error {
                statements(body, found);
            }
        }
        StatementKind::Protect(inner) => within(inner, found),
        _ => {}
    }
}

/// Calls `found` with every function that a statement itself calls, and its arguments.
pub fn called<'a>(statement: &'a Statement, found: &mut impl FnMut(&'a Name, &'a [Expr])) {
    for expr in own_expressions(statement) {
        expressions(expr, &mut |expr| {
            if let ExprKind::Call { function, arguments } = &expr.kind {
                found(function, arguments);
            }
        });
    }
}

/// The expressions of a statement, without those of statements inside it.
fn own_expressions(statement: &Statement) -> Vec<&Expr> {
    let mut exprs: Vec<&Expr> = Vec::new();
    match &statement.kind {
        StatementKind::Assign { target, value } => {
            exprs.extend(target.index.as_deref());
            exprs.push(value);
        }
        StatementKind::Call(call) => exprs.push(call),
        StatementKind::If { arms, .. } => exprs.extend(arms.iter().map(|(condition, _)| condition)),
        StatementKind::While { condition, .. } => exprs.push(condition),
        StatementKind::From { first, last, step, .. } => {
            exprs.extend([first, last]);
            exprs.extend(step);
        }
        StatementKind::Reaction(reaction) => match reaction {
            Reaction::Reversible { forward, backward, .. } => exprs.extend([forward, backward]),
            Reaction::Irreversible { rate, .. } => exprs.push(rate),
            Reaction::Source { flux, .. } => exprs.push(flux),
        },
        StatementKind::Equation { left, right } => exprs.extend([left, right]),
        StatementKind::Conserve { total, .. } => exprs.push(total),
        StatementKind::Compartment(compartment)
        | StatementKind::LongitudinalDiffusion(compartment) => exprs.push(&compartment.expr),
        StatementKind::Table(table) => exprs.extend([&table.from, &table.to]),
        StatementKind::Watch(watches) => {
            exprs.extend(watches.iter().flat_map(|watch| [&watch.condition, &watch.flag]));
        }
        _ => {}
    }
    exprs
}

/// Calls `found` with every variable that a statement itself names, without those of statements
/// inside it: assigned, in reactions, or in expressions.
pub fn named<'a>(statement: &'a Statement, found: &mut impl FnMut(&'a Variable)) {
    let mut terms: Vec<&[Term]> = Vec::new();
    match &statement.kind {
        StatementKind::Assign { target, .. } => found(target),
        StatementKind::Reaction(reaction) => match reaction {
            Reaction::Reversible { left, right, .. }
            | Reaction::Irreversible { left, right, .. } => {
                terms.extend([left.as_slice(), right.as_slice()]);
            }
            Reaction::Source { target, .. } => terms.push(std::slice::from_ref(target)),
        },
        StatementKind::Conserve { terms: sum, .. } => terms.push(sum),
        _ => {}
    }
    let mut exprs = own_expressions(statement);
    for term in terms.into_iter().flatten() {
        found(&term.variable);
        exprs.extend(term.variable.index.as_deref());
    }
    for expr in exprs {
        variables(expr, found);
    }
}

/// Calls `found` with every variable of an expression, those in indices included.
pub fn variables<'a>(expr: &'a Expr, found: &mut impl FnMut(&'a Variable)) {
    expressions(expr, &mut |expr| {
        if let ExprKind::Variable(variable) = &expr.kind {
            found(variable);
        }
    });
}

/// Calls `found` with an expression and everything in it, the outer before the inner.
pub fn expressions<'a>(expr: &'a Expr, found: &mut impl FnMut(&'a Expr)) {
    found(expr);
    match &expr.kind {
        ExprKind::Number { .. } | ExprKind::Text(_) => {}
        ExprKind::Variable(variable) => {
            if let Some(index) = &variable.index {
                expressions(index, found);
            }
        }
        ExprKind::Call { arguments, .. } => {
            for argument in arguments {
                expressions(argument, found);
            }
        }
        ExprKind::Unary { operand, .. } => expressions(operand, found),
        ExprKind::Binary { left, right, .. } => {
            expressions(left, found);
            expressions(right, found);
        }
        ExprKind::Paren(inner) => expressions(inner, found),
    }
}
