//! Exponentials of one voltage as powers of one.

use std::collections::HashMap;

use super::{Line, line};
use crate::lower::graph::{Binary, Compare, Graph, Id, Input, Node, Unary};

/// Largest multiple of the smallest slope.
const MAX_POWER: f64 = 16.0;
/// Arguments are limited to this, by limiting the voltage: rates are saturated there, and products
/// of three exponentials stay far from overflow.
const MAX_ARGUMENT: f64 = 100.0;
/// Voltages up to this (mV) are never limited.
const FREE_VOLTAGE: f64 = 200.0;
/// Below this |x|, `x / (exp(x) - 1)` is a series.
const SERIES_BELOW: f64 = 0.3;

/// An exponential, or a function by it, of `slope v + offset`.
#[derive(Clone, Copy)]
struct Member {
    id: Id,
    of: Line,
    relative: bool,
}

/// Replaces `exp(a v + b)` whose slopes are multiples of the smallest by powers of one exponential
/// times constants; `exprelr(a v + b)` takes part.
pub(super) fn share(graph: &mut Graph, roots: &mut Vec<Id>) {
    let v = graph.input(Input::Voltage);
    let mut members = Vec::new();
    for id in graph.below(roots.iter().copied()) {
        let (argument, relative) = match graph.node(id) {
            Node::Unary(Unary::Exp, a) => (a, false),
            Node::Unary(Unary::Exprelr, a) => (a, true),
            _ => continue,
        };
        let of = line(graph, argument);
        if of.base == Some(v) && of.slope != 0.0 {
            members.push(Member { id, of, relative });
        }
    }
    let Some((low, high)) = limits(&members) else { return };
    members.sort_by(|a, b| a.of.slope.abs().total_cmp(&b.of.slope.abs()));
    let (low, high) = (graph.number(low), graph.number(high));
    let limited = graph.binary(Binary::Maximum, low, v);
    let limited = graph.binary(Binary::Minimum, high, limited);
    let mut by = HashMap::new();
    while let Some(&first) = members.first() {
        let base = first.of;
        let power = |of: Line| {
            let ratio = of.slope / base.slope;
            let n = ratio.round();
            let fits = (1.0..=MAX_POWER).contains(&n) && (ratio - n).abs() < 1e-10;
            (fits && (of.offset - n * base.offset).abs() < 50.0).then_some(n)
        };
        let (together, rest): (Vec<Member>, Vec<Member>) =
            members.iter().partition(|member| power(member.of).is_some());
        members = rest;
        // Alone it is what it was, of the limited voltage.
        let argument = argument(graph, base, limited);
        let exponential = graph.unary(Unary::Exp, argument);
        for member in &together {
            let n = power(member.of).unwrap_or(1.0);
            let shift = (member.of.offset - n * base.offset).exp();
            let shift = graph.number(shift);
            let raised = graph.integer_power(exponential, n as u32);
            let value = graph.multiply(shift, raised);
            let new = match (member.relative, together.len()) {
                (false, _) => value,
                (true, 1) => {
                    let x = self::argument(graph, member.of, limited);
                    graph.unary(Unary::Exprelr, x)
                }
                (true, _) => relative(graph, member.of, limited, value),
            };
            by.insert(member.id, new);
        }
    }
    *roots = graph.substitute(roots, &by);
}

/// Voltages between which all arguments are moderate, if that is enough of them.
fn limits(members: &[Member]) -> Option<(f64, f64)> {
    if members.len() < 2 {
        return None;
    }
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    for Member { of, .. } in members {
        let (a, b) =
            ((MAX_ARGUMENT - of.offset) / of.slope, (-MAX_ARGUMENT - of.offset) / of.slope);
        low = low.max(a.min(b));
        high = high.min(a.max(b));
    }
    (low <= -FREE_VOLTAGE && high >= FREE_VOLTAGE).then_some((low, high))
}

fn argument(graph: &mut Graph, of: Line, v: Id) -> Id {
    // slope (v + offset/slope): the sum is exact near its zero.
    let (slope, zero) = (graph.number(of.slope), graph.number(of.offset / of.slope));
    let shifted = graph.add(v, zero);
    graph.multiply(slope, shifted)
}

/// `x / (e - 1)` with its series near 0.
fn relative(graph: &mut Graph, of: Line, v: Id, exponential: Id) -> Id {
    let x = argument(graph, of, v);
    let one = graph.number(1.0);
    let limit = graph.number(SERIES_BELOW);
    let size = graph.unary(Unary::Abs, x);
    let near = graph.compare(Compare::Less, size, limit);
    let difference = graph.subtract(exponential, one);
    let divisor = graph.select(near, one, difference);
    let quotient = graph.divide(x, divisor);
    graph.binary(Binary::ExprelrGuard, x, quotient)
}
