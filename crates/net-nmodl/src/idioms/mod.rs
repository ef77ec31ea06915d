//! C code in `VERBATIM` blocks that recurs in published files, and what it is replaced by.

use crate::ast::Program;
use crate::source::{Reporter, Span};

/// Shown with C code that is not known.
pub(crate) const REFUSED_HELP: &str = "write it in NMODL; for random numbers declare \
    NEURON { RANDOM r } and draw with random_uniform(r), random_negexp(r) or random_normal(r)";

/// What a piece of C code was recognized as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Nothing, or `return 0` at the end of a routine.
    Empty,
    /// Includes, declarations, and C functions that no NMODL statement calls.
    Declarations,
    /// `cai = _ion_cai`: ions are read before INITIAL anyway.
    IonReread,
    /// Messages to the terminal.
    Print,
    /// `return` from the middle of a routine; the rest becomes the `else` of a conditional.
    EarlyReturn,
    /// Setting up, drawing from or storing a random stream.
    RandomStream,
    /// Spike times from a vector.
    SpikeTrain,
}

/// A piece of C code that was replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Idiom {
    /// What it was recognized as.
    pub class: Class,
    /// Where it stood.
    pub span: Span,
    /// What happened, in one sentence for the user.
    pub note: String,
}

pub(crate) fn rewrite(program: Program, _reporter: &mut Reporter<'_>) -> (Program, Vec<Idiom>) {
    (program, Vec::new())
}
