//! Independent divisions as one.

use std::collections::{HashMap, HashSet};

use super::bounds::{Bounds, away_from_zero, bounds};
use crate::lower::graph::{Binary, Graph, Id, Node, Unary};

/// Divisors must be between these in size, so that a product of three is a normal number.
const SMALLEST: f64 = 1e-90;
const LARGEST: f64 = 1e90;
/// `exp(x) - 1` is not smaller than this where |x| >= 0.3.
const EXPM1_SMALLEST: f64 = 0.25;

/// Replaces a/x, b/y, c/z by one division of 1 by x y z and products.
pub(super) fn merge(graph: &mut Graph, roots: &mut Vec<Id>) {
    // Bounds of quotients are lost when they become products.
    let mut known: HashMap<Id, Bounds> = HashMap::new();
    let mut done: HashSet<Id> = HashSet::new();
    loop {
        let all = bounds(graph, roots, &known);
        let order = graph.below(roots.iter().copied());
        let mut waiting: HashSet<Id> = HashSet::new();
        let mut ready: Vec<(Id, Id, Id)> = Vec::new();
        for &id in &order {
            let depends = graph.operands(id).iter().any(|operand| waiting.contains(operand));
            let divides = match graph.node(id) {
                Node::Binary(Binary::Divide, top, bottom)
                    if !done.contains(&id) && is_moderate(graph, bottom, &all) =>
                {
                    if !depends {
                        ready.push((id, top, bottom));
                    }
                    true
                }
                _ => false,
            };
            if depends || divides {
                waiting.insert(id);
            }
        }
        let mut divisors: Vec<Id> = Vec::new();
        for &(_, _, bottom) in &ready {
            if !divisors.contains(&bottom) {
                divisors.push(bottom);
            }
        }
        if ready.is_empty() {
            return;
        }
        let mut inverse: HashMap<Id, Id> = HashMap::new();
        for group in divisors.chunks(3) {
            invert(graph, group, &mut inverse);
        }
        let mut by = HashMap::new();
        for (id, top, bottom) in ready {
            match inverse.get(&bottom) {
                Some(&inverse) => {
                    let product = graph.multiply(top, inverse);
                    if let Some(bounds) = all.get(&id) {
                        known.insert(product, *bounds);
                    }
                    by.insert(id, product);
                }
                None => _ = done.insert(id),
            }
        }
        *roots = graph.substitute(roots, &by);
    }
}

/// Inverses of two or three divisors by one division.
fn invert(graph: &mut Graph, group: &[Id], inverse: &mut HashMap<Id, Id>) {
    match *group {
        [a, b] => {
            let product = graph.multiply(a, b);
            let r = graph.unary(Unary::Reciprocal, product);
            inverse.insert(a, graph.multiply(r, b));
            inverse.insert(b, graph.multiply(r, a));
        }
        [a, b, c] => {
            let ab = graph.multiply(a, b);
            let product = graph.multiply(ab, c);
            let r = graph.unary(Unary::Reciprocal, product);
            let rc = graph.multiply(r, c);
            inverse.insert(a, graph.multiply(rc, b));
            inverse.insert(b, graph.multiply(rc, a));
            inverse.insert(c, graph.multiply(r, ab));
        }
        _ => {}
    }
}

fn is_moderate(graph: &Graph, divisor: Id, all: &HashMap<Id, Bounds>) -> bool {
    let Some(bounds) = all.get(&divisor) else { return false };
    let (mut small, large) = bounds.magnitude();
    if let Node::Select(condition, yes, no) = graph.node(divisor)
        && away_from_zero(graph, condition, no)
        && graph.as_number(yes) == Some(1.0)
    {
        small = EXPM1_SMALLEST;
    }
    small >= SMALLEST && large <= LARGEST && graph.as_number(divisor).is_none()
}
