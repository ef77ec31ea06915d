//! Walks over the syntax tree.

use crate::ast::{Expr, ExprKind, Variable};

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
