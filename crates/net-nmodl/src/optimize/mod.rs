//! What makes kernels faster and changes results by a few ulp; each pass can be switched off.

mod bounds;
mod division;
mod exponentials;
mod exprelr;

use crate::lower::Settings;
use crate::lower::graph::{Binary, Graph, Id, Node, Unary};
use crate::lower::storage::Stores;

/// Improves one kernel.
pub(crate) fn optimize(graph: &mut Graph, stores: &mut Stores, settings: &Settings) {
    if settings.strict {
        return;
    }
    let mut roots: Vec<Id> = stores.iter().map(|(_, id)| *id).collect();
    if !settings.separate_exponentials {
        exprelr::recognize(graph, &mut roots);
        exponentials::share(graph, &mut roots);
    }
    if !settings.separate_divisions {
        division::merge(graph, &mut roots);
    }
    stores.iter_mut().zip(roots).for_each(|(store, root)| store.1 = root);
}

/// `slope base + offset` with numbers for slope and offset.
#[derive(Clone, Copy, Debug)]
struct Line {
    base: Option<Id>,
    slope: f64,
    offset: f64,
}

/// The linear form of a value; any value is one of itself.
fn line(graph: &Graph, id: Id) -> Line {
    let itself = Line { base: Some(id), slope: 1.0, offset: 0.0 };
    match graph.node(id) {
        Node::Number(bits) => Line { base: None, slope: 0.0, offset: f64::from_bits(bits) },
        Node::Unary(Unary::Negate, a) => {
            let a = line(graph, a);
            Line { slope: -a.slope, offset: -a.offset, ..a }
        }
        Node::Binary(op @ (Binary::Add | Binary::Subtract), a, b) => {
            let sign = if op == Binary::Add { 1.0 } else { -1.0 };
            let (a, b) = (line(graph, a), line(graph, b));
            if a.base.is_some() && b.base.is_some() && a.base != b.base {
                return itself;
            }
            Line {
                base: a.base.or(b.base),
                slope: a.slope + sign * b.slope,
                offset: a.offset + sign * b.offset,
            }
        }
        Node::Binary(Binary::Multiply, a, b) => {
            let (a, b) = (line(graph, a), line(graph, b));
            let (moving, factor) = match (a.base, b.base) {
                (_, None) => (a, b.offset),
                (None, _) => (b, a.offset),
                _ => return itself,
            };
            Line { slope: moving.slope * factor, offset: moving.offset * factor, ..moving }
        }
        Node::Binary(Binary::Divide, a, b) => {
            let (a, b) = (line(graph, a), line(graph, b));
            if b.base.is_some() {
                return itself;
            }
            Line { slope: a.slope / b.offset, offset: a.offset / b.offset, ..a }
        }
        _ => itself,
    }
}
