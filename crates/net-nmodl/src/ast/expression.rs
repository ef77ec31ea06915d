//! Variables and expressions.

use super::{Name, Number, Unit};
use crate::source::Span;

/// A variable, possibly primed or indexed: `m`, `m'`, `ca[i]`, `ca[i]'`.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: Name,
    /// Number of primes.
    pub primes: u32,
    /// Index into an array.
    pub index: Option<Box<Expr>>,
    /// The whole.
    pub span: Span,
}

/// An expression with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// Expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `3.5 (mV)`; units never scale.
    Number {
        /// The literal.
        number: Number,
        /// Its unit.
        unit: Option<Unit>,
    },
    /// A variable.
    Variable(Variable),
    /// `f(x, y)`.
    Call {
        /// The function.
        function: Name,
        /// What it is given.
        arguments: Vec<Expr>,
    },
    /// `-x`, `!x`.
    Unary {
        /// The operation.
        op: UnaryOp,
        /// What it is applied to.
        operand: Box<Expr>,
    },
    /// `x + y`.
    Binary {
        /// The operation.
        op: BinaryOp,
        /// Left side.
        left: Box<Expr>,
        /// Right side.
        right: Box<Expr>,
    },
    /// `(x)`.
    Paren(Box<Expr>),
    /// `"text"`, as an argument of `printf`.
    Text(String),
}

/// Operations on one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-x`.
    Minus,
    /// `!x`.
    Not,
}

/// Operations on two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `||`.
    Or,
    /// `&&`.
    And,
    /// `>`.
    Greater,
    /// `<`.
    Less,
    /// `>=`.
    GreaterEqual,
    /// `<=`.
    LessEqual,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`, C's `fmod`.
    Remainder,
    /// `^`.
    Power,
}

impl BinaryOp {
    /// The operator as written.
    #[must_use]
    pub fn text(self) -> &'static str {
        use BinaryOp::*;
        match self {
            Or => "||",
            And => "&&",
            Greater => ">",
            Less => "<",
            GreaterEqual => ">=",
            LessEqual => "<=",
            Equal => "==",
            NotEqual => "!=",
            Add => "+",
            Subtract => "-",
            Multiply => "*",
            Divide => "/",
            Remainder => "%",
            Power => "^",
        }
    }

    /// How tightly it binds, from 1 (`||`) to 7 (`^`); 6 is the unary minus.
    #[must_use]
    pub fn precedence(self) -> u8 {
        use BinaryOp::*;
        match self {
            Or => 1,
            And => 2,
            Greater | Less | GreaterEqual | LessEqual | Equal | NotEqual => 3,
            Add | Subtract => 4,
            Multiply | Divide | Remainder => 5,
            Power => 7,
        }
    }
}
