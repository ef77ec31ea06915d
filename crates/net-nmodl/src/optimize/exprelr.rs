//! Quotients like `x / (exp(x/y) - 1)` and the case distinctions around them.

use std::collections::HashMap;

use super::line;
use crate::lower::algebra::{evaluate_binary, evaluate_unary};
use crate::lower::graph::{Binary, Compare, Graph, Id, Node, Unary};

/// Replaces `x / (exp(u) - 1)` and `x / (1 - exp(u))`, where x = y u with a number y, by
/// `y exprelr(u)`, and distinctions for u near 0 whose one side is that and whose other side is
/// close to it.
pub(super) fn recognize(graph: &mut Graph, roots: &mut Vec<Id>) {
    let mut by = HashMap::new();
    for id in graph.below(roots.iter().copied()) {
        if let Some(new) = quotient(graph, id) {
            by.insert(id, new);
        }
    }
    if by.is_empty() {
        return;
    }
    *roots = graph.substitute(roots, &by);
    let mut by = HashMap::new();
    for id in graph.below(roots.iter().copied()) {
        if let Some(new) = guarded(graph, id) {
            by.insert(id, new);
        }
    }
    *roots = graph.substitute(roots, &by);
}

fn quotient(graph: &mut Graph, id: Id) -> Option<Id> {
    let Node::Binary(Binary::Divide, top, bottom) = graph.node(id) else { return None };
    let Node::Binary(op, a, b) = graph.node(bottom) else { return None };
    // Sums have the operands in any order.
    let (exponential, sign) = match (op, graph.as_number(a), graph.as_number(b)) {
        (Binary::Subtract, _, Some(1.0)) => (a, 1.0),
        (Binary::Subtract, Some(1.0), _) => (b, -1.0),
        (Binary::Add, Some(-1.0), _) => (b, 1.0),
        (Binary::Add, _, Some(-1.0)) => (a, 1.0),
        _ => return None,
    };
    let Node::Unary(Unary::Exp, u) = graph.node(exponential) else { return None };
    // A factor that is no number stays a factor.
    let parts = match graph.node(top) {
        Node::Binary(Binary::Multiply, p, q) => vec![(top, None), (p, Some(q)), (q, Some(p))],
        _ => vec![(top, None)],
    };
    for (x, factor) in parts {
        let (x, of_u) = (line(graph, x), line(graph, u));
        if x.base.is_none() || x.base != of_u.base || of_u.slope == 0.0 {
            continue;
        }
        let ratio = x.slope / of_u.slope;
        let fits = (x.offset - ratio * of_u.offset).abs() <= 1e-12 * (1.0 + x.offset.abs());
        if !fits || ratio == 0.0 {
            continue;
        }
        let relative = graph.unary(Unary::Exprelr, u);
        let scale = graph.number(sign * ratio);
        let value = graph.multiply(scale, relative);
        return Some(factor.map_or(value, |factor| graph.multiply(factor, value)));
    }
    None
}

/// `if (fabs(u) < small) near else far`, where far is a function by exprelr(u) and near about it.
fn guarded(graph: &mut Graph, id: Id) -> Option<Id> {
    let Node::Select(condition, near, far) = graph.node(id) else { return None };
    let Node::Compare(Compare::Less, size, limit) = graph.node(condition) else { return None };
    let Node::Unary(Unary::Abs, w) = graph.node(size) else { return None };
    let limit = graph.as_number(limit)?;
    let of_w = line(graph, w);
    let base = of_w.base?;
    let u = graph.below([far]).into_iter().find_map(|id| match graph.node(id) {
        Node::Unary(Unary::Exprelr, u) => Some(u),
        _ => None,
    })?;
    let of_u = line(graph, u);
    let zero = -of_w.offset / of_w.slope;
    let same_zero = of_u.base == Some(base)
        && (of_u.slope * zero + of_u.offset).abs() <= 1e-9 * (1.0 + of_u.offset.abs());
    let width = (limit / of_w.slope).abs();
    if !same_zero || (of_u.slope * width).abs() > 1e-3 {
        return None;
    }
    [0.9, -0.9]
        .into_iter()
        .all(|part| {
            let at = zero + part * width;
            match (evaluate(graph, near, base, at), evaluate(graph, far, base, at)) {
                (Some(near), Some(far)) => {
                    (near - far).abs() <= (of_u.slope * width).abs() * far.abs()
                }
                _ => false,
            }
        })
        .then_some(far)
}

/// The value of a node for a value of `base`, if it depends on nothing else.
fn evaluate(graph: &Graph, id: Id, base: Id, value: f64) -> Option<f64> {
    let mut known: HashMap<Id, f64> = HashMap::from([(base, value)]);
    for id in graph.below([id]) {
        if id == base {
            continue;
        }
        let result = match graph.node(id) {
            Node::Number(bits) => f64::from_bits(bits),
            Node::Unary(op, a) => match known.get(&a) {
                Some(a) => evaluate_unary(op, *a),
                None => continue,
            },
            Node::Binary(op, a, b) => match (known.get(&a), known.get(&b)) {
                (Some(a), Some(b)) => evaluate_binary(op, *a, *b),
                _ => continue,
            },
            _ => continue,
        };
        known.insert(id, result);
    }
    known.get(&id).copied()
}
