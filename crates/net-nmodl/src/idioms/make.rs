//! Pieces of syntax tree that replace C code.

use crate::ast::{
    BinaryOp, Block, Expr, ExprKind, Name, Number, Statement, StatementKind, UnaryOp, Variable,
};
use crate::source::Span;

pub(super) fn name(text: &str, span: Span) -> Name {
    Name { text: text.to_owned(), span }
}

fn plain(text: &str, span: Span) -> Variable {
    Variable { name: name(text, span), primes: 0, index: None, span }
}

pub(super) fn variable(text: &str, span: Span) -> Expr {
    Expr { kind: ExprKind::Variable(plain(text, span)), span }
}

pub(super) fn number(value: u32, span: Span) -> Expr {
    let number = Number { text: value.to_string(), value: f64::from(value), span };
    Expr { kind: ExprKind::Number { number, unit: None }, span }
}

pub(super) fn call(function: &str, arguments: Vec<Expr>, span: Span) -> Expr {
    Expr { kind: ExprKind::Call { function: name(function, span), arguments }, span }
}

pub(super) fn assign(target: &str, value: Expr, span: Span) -> Statement {
    Statement { kind: StatementKind::Assign { target: plain(target, span), value }, span }
}

fn binary(op: BinaryOp, left: Expr, right: Expr, span: Span) -> Expr {
    Expr { kind: ExprKind::Binary { op, left: Box::new(left), right: Box::new(right) }, span }
}

fn conditional(
    condition: Expr,
    then: Vec<Statement>,
    otherwise: Option<Vec<Statement>>,
    span: Span,
) -> Statement {
    let block = |statements| Block { statements, span };
    let kind =
        StatementKind::If { arms: vec![(condition, block(then))], otherwise: otherwise.map(block) };
    Statement { kind, span }
}

/// `if (index >= 0) { if (index < spike_train_size()) { time = spike_train_time(index)
/// index = index + 1 } else { index = -1 } }`.
pub(super) fn next_spike(index: &str, time: &str, span: Span) -> Vec<Statement> {
    let i = || variable(index, span);
    let minus_one = ExprKind::Unary { op: UnaryOp::Minus, operand: Box::new(number(1, span)) };
    let is_active = binary(BinaryOp::GreaterEqual, i(), number(0, span), span);
    let size = call("spike_train_size", Vec::new(), span);
    let is_inside = binary(BinaryOp::Less, i(), size, span);
    let next = vec![
        assign(time, call("spike_train_time", vec![i()], span), span),
        assign(index, binary(BinaryOp::Add, i(), number(1, span), span), span),
    ];
    let end = vec![assign(index, Expr { kind: minus_one, span }, span)];
    vec![conditional(is_active, vec![conditional(is_inside, next, Some(end), span)], None, span)]
}
