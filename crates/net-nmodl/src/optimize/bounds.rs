//! Between which numbers values lie.

use std::collections::HashMap;

use crate::lower::algebra::evaluate_unary;
use crate::lower::graph::{Binary, Compare, Graph, Id, Node, Unary};

/// A closed interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) low: f64,
    pub(super) high: f64,
}

const ANYTHING: Bounds = Bounds { low: f64::NEG_INFINITY, high: f64::INFINITY };

impl Bounds {
    fn of(values: [f64; 4]) -> Bounds {
        if values.iter().any(|x| x.is_nan()) {
            return ANYTHING;
        }
        let low = values.into_iter().fold(f64::INFINITY, f64::min);
        Bounds { low, high: values.into_iter().fold(f64::NEG_INFINITY, f64::max) }
    }

    /// Smallest and largest absolute value.
    pub(super) fn magnitude(self) -> (f64, f64) {
        let large = self.low.abs().max(self.high.abs());
        let small = if self.low > 0.0 || self.high < 0.0 {
            self.low.abs().min(self.high.abs())
        } else {
            0.0
        };
        (small, large)
    }
}

/// Bounds of all values below `roots`; `known` has those that are known otherwise.
pub(super) fn bounds(
    graph: &Graph,
    roots: &[Id],
    known: &HashMap<Id, Bounds>,
) -> HashMap<Id, Bounds> {
    let mut all: HashMap<Id, Bounds> = HashMap::new();
    for id in graph.below(roots.iter().copied()) {
        let of = |id: Id| all.get(&id).copied().unwrap_or(ANYTHING);
        let bounds = known.get(&id).copied().unwrap_or_else(|| match graph.node(id) {
            Node::Number(bits) => {
                let value = f64::from_bits(bits);
                if value.is_nan() { ANYTHING } else { Bounds { low: value, high: value } }
            }
            Node::Unary(op, a) => unary(op, of(a)),
            Node::Binary(op, a, b) => binary(op, of(a), of(b)),
            Node::Select(_, a, b) => {
                let (yes, no) = (of(a), of(b));
                Bounds { low: yes.low.min(no.low), high: yes.high.max(no.high) }
            }
            _ => ANYTHING,
        });
        all.insert(id, bounds);
    }
    all
}

fn unary(op: Unary, a: Bounds) -> Bounds {
    let increasing =
        |op| Bounds { low: evaluate_unary(op, a.low), high: evaluate_unary(op, a.high) };
    match op {
        Unary::Negate => Bounds { low: -a.high, high: -a.low },
        Unary::Exp | Unary::ExpNearZero | Unary::Tanh => increasing(op),
        Unary::Exprelr if a.low.is_finite() && a.high.is_finite() => {
            Bounds { low: evaluate_unary(op, a.high), high: evaluate_unary(op, a.low) }
        }
        Unary::Abs => {
            let (low, high) = a.magnitude();
            Bounds { low, high }
        }
        _ => ANYTHING,
    }
}

fn binary(op: Binary, a: Bounds, b: Bounds) -> Bounds {
    match op {
        Binary::Add => Bounds::of([a.low + b.low, a.high + b.high, a.low + b.low, a.high + b.high]),
        Binary::Subtract => {
            Bounds::of([a.low - b.high, a.high - b.low, a.low - b.high, a.high - b.low])
        }
        Binary::Multiply => {
            Bounds::of([a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high])
        }
        Binary::Divide if b.magnitude().0 > 0.0 => {
            Bounds::of([a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high])
        }
        Binary::Minimum => Bounds { low: a.low.min(b.low), high: a.high.min(b.high) },
        Binary::Maximum => Bounds { low: a.low.max(b.low), high: a.high.max(b.high) },
        Binary::ExprelrGuard => unary(Unary::Exprelr, a),
        _ => ANYTHING,
    }
}

/// Whether `no` is `exp(x) - 1` and chosen only where |x| is not small, so that it is not 0.
pub(super) fn away_from_zero(graph: &Graph, condition: Id, no: Id) -> bool {
    let small = match graph.node(condition) {
        Node::Compare(Compare::Less, size, _) => {
            matches!(graph.node(size), Node::Unary(Unary::Abs, _))
        }
        _ => false,
    };
    let difference = match graph.node(no) {
        Node::Binary(Binary::Subtract, _, one) => graph.as_number(one) == Some(1.0),
        _ => false,
    };
    small && difference
}
