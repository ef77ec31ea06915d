//! Statements inside blocks.

use super::{
    Argument, Expr, LocalDeclaration, Name, Number, Size, UnitsSwitch, Variable, Verbatim,
};
use crate::source::Span;

/// Statements between braces.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Block {
    /// The statements.
    pub statements: Vec<Statement>,
    /// The block with its braces.
    pub span: Span,
}

/// A statement with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it does.
    pub kind: StatementKind,
    /// Where it stands.
    pub span: Span,
}

/// Statements.
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// `LOCAL a, b`.
    Local(LocalDeclaration),
    /// `x = e`, `x[i] = e`, `x' = e`.
    Assign {
        /// What is assigned.
        target: Variable,
        /// The value.
        value: Expr,
    },
    /// `f(x)` as a statement; the expression is a [`super::ExprKind::Call`].
    Call(Expr),
    /// `if (c) { } else if (d) { } else { }`.
    If {
        /// Conditions with what they guard, in order; at least one.
        arms: Vec<(Expr, Block)>,
        /// What runs if none holds.
        otherwise: Option<Block>,
    },
    /// `while (c) { }`.
    While {
        /// The condition.
        condition: Expr,
        /// The body.
        body: Block,
    },
    /// `FROM i = a TO b BY s { }`, over integers, both ends included. It declares `i`.
    From {
        /// The loop variable.
        variable: Name,
        /// First value.
        first: Expr,
        /// Last value.
        last: Expr,
        /// Increment, 1 if absent.
        step: Option<Expr>,
        /// The body.
        body: Block,
    },
    /// `SOLVE block METHOD method`.
    Solve(Solve),
    /// `CONDUCTANCE g USEION ion`.
    Conductance {
        /// Variable with the conductance.
        conductance: Name,
        /// Ion of the current it belongs to; nonspecific if absent.
        ion: Option<Name>,
    },
    /// `~ a + 2 b <-> c (f, r)`.
    Reaction(Reaction),
    /// `~ left = right` in `LINEAR` and `NONLINEAR`.
    Equation {
        /// Left side.
        left: Expr,
        /// Right side.
        right: Expr,
    },
    /// `CONSERVE a + 2 b = total`.
    Conserve {
        /// The conserved sum.
        terms: Vec<Term>,
        /// Its value.
        total: Expr,
    },
    /// `COMPARTMENT i, volume { states }`.
    Compartment(Compartment),
    /// `LONGITUDINAL_DIFFUSION i, D*area { states }`.
    LongitudinalDiffusion(Compartment),
    /// `TABLE a, b DEPEND c FROM low TO high WITH n`.
    Table(Table),
    /// `WATCH (v > threshold) flag, ...`.
    Watch(Vec<Watch>),
    /// `FOR_NETCONS (w, a) { }`.
    ForNetcons {
        /// Names for the weight vector of each connection.
        arguments: Vec<Argument>,
        /// The body.
        body: Block,
    },
    /// `INITIAL { }` inside `NET_RECEIVE`.
    Initial(Block),
    /// `PROTECT statement`.
    Protect(Box<Statement>),
    /// `MUTEXLOCK` (true) or `MUTEXUNLOCK` (false).
    Mutex(bool),
    /// `LAG x BY n`.
    Lag {
        /// The variable.
        name: Name,
        /// Number of steps.
        by: Name,
    },
    /// `UNITSON` or `UNITSOFF`.
    UnitsSwitch(UnitsSwitch),
    /// `VERBATIM ... ENDVERBATIM`.
    Verbatim(Verbatim),
    /// `{ ... }`.
    Block(Block),
}

/// `SOLVE block METHOD method` or `SOLVE block STEADYSTATE method`.
#[derive(Clone, Debug, PartialEq)]
pub struct Solve {
    /// The block or procedure.
    pub block: Name,
    /// The method named, if any.
    pub method: Option<Name>,
    /// Whether a steady state is asked for.
    pub steady_state: bool,
    /// `IFERROR { ... }`.
    pub if_error: Option<Block>,
}

/// A reaction of a `KINETIC` block.
#[derive(Clone, Debug, PartialEq)]
pub enum Reaction {
    /// `~ a + b <-> c (forward, backward)`.
    Reversible {
        /// Reactants.
        left: Vec<Term>,
        /// Products.
        right: Vec<Term>,
        /// Forward rate.
        forward: Expr,
        /// Backward rate.
        backward: Expr,
    },
    /// `~ a -> b (rate)` or, without products, `~ a -> (rate)`.
    Irreversible {
        /// Reactants.
        left: Vec<Term>,
        /// Products; empty for a sink.
        right: Vec<Term>,
        /// Rate.
        rate: Expr,
    },
    /// `~ a << (flux)`: a source.
    Source {
        /// What receives the flux.
        target: Term,
        /// The flux, amount per ms.
        flux: Expr,
    },
}

/// `2 a[i]` in a reaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Stoichiometric coefficient, 1 if absent.
    pub coefficient: Option<Number>,
    /// The state or variable.
    pub variable: Variable,
}

/// `COMPARTMENT` or `LONGITUDINAL_DIFFUSION`.
#[derive(Clone, Debug, PartialEq)]
pub struct Compartment {
    /// Index name for arrays of states.
    pub index: Option<Name>,
    /// Volume per length (um2 for states in mM), or diffusion constant times area.
    pub expr: Expr,
    /// The states concerned.
    pub states: Vec<Name>,
}

/// `TABLE names DEPEND names FROM low TO high WITH n`.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Variables tabulated; empty in a `FUNCTION`, whose value is tabulated.
    pub names: Vec<Name>,
    /// Variables whose change makes the table invalid.
    pub depend: Vec<Name>,
    /// Lower end.
    pub from: Expr,
    /// Upper end.
    pub to: Expr,
    /// Number of intervals.
    pub with: Size,
}

/// One condition of `WATCH`.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// The comparison, without its parentheses.
    pub condition: Expr,
    /// Flag of the event it makes.
    pub flag: Expr,
}
