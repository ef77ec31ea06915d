//! Expressions, by precedence climbing.

use super::{MAX_DEPTH, Parsed, Parser};
use crate::ast::{BinaryOp, Expr, ExprKind, UnaryOp, Variable};
use crate::lex::TokenKind;

/// An expression with the height of its tree.
type Measured = (Expr, u32);

/// Binding strength of the unary operators: tighter than `*`, looser than `^`.
const UNARY: u8 = 6;

impl Parser<'_, '_, '_> {
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        Ok(self.operations(1)?.0)
    }

    /// Operations that bind at least as tightly as `minimum`.
    fn operations(&mut self, minimum: u8) -> Parsed<Measured> {
        let from = self.at;
        let (mut left, mut height) = self.nested(Self::operand)?;
        while let Some(op) = self.binary_operator() {
            let precedence = op.precedence();
            if precedence < minimum {
                break;
            }
            self.advance();
            // `^` groups to the right, everything else to the left.
            let next = if op == BinaryOp::Power { precedence } else { precedence + 1 };
            let (right, right_height) = self.nested(|p| p.operations(next))?;
            height = self.higher(height.max(right_height))?;
            let span = self.span_from(from);
            let kind = ExprKind::Binary { op, left: Box::new(left), right: Box::new(right) };
            left = Expr { kind, span };
        }
        Ok((left, height))
    }

    fn higher(&mut self, height: u32) -> Parsed<u32> {
        if height >= 2 * MAX_DEPTH { self.too_deep() } else { Ok(height + 1) }
    }

    fn binary_operator(&self) -> Option<BinaryOp> {
        use BinaryOp::*;
        let TokenKind::Symbol(symbol) = self.token().kind else { return None };
        [
            Or,
            And,
            Greater,
            Less,
            GreaterEqual,
            LessEqual,
            Equal,
            NotEqual,
            Add,
            Subtract,
            Multiply,
            Divide,
            Remainder,
            Power,
        ]
        .into_iter()
        .find(|op| op.text() == symbol)
    }

    fn operand(&mut self) -> Parsed<Measured> {
        let from = self.at;
        let op = match self.token().kind {
            TokenKind::Symbol("-") => UnaryOp::Minus,
            TokenKind::Symbol("!") => UnaryOp::Not,
            _ => return self.primary(),
        };
        self.advance();
        let (operand, height) = self.operations(UNARY)?;
        let kind = ExprKind::Unary { op, operand: Box::new(operand) };
        Ok((Expr { kind, span: self.span_from(from) }, self.higher(height)?))
    }

    fn primary(&mut self) -> Parsed<Measured> {
        let from = self.at;
        let (kind, height) = match self.token().kind {
            TokenKind::Number => {
                let number = self.number()?;
                // A parenthesis behind a number is always its unit.
                let unit = if self.is("(") && !self.token().starts_line {
                    Some(self.unit()?)
                } else {
                    None
                };
                (ExprKind::Number { number, unit }, 0)
            }
            TokenKind::Symbol("(") => {
                self.advance();
                let (inner, height) = self.operations(1)?;
                self.expect(")")?;
                (ExprKind::Paren(Box::new(inner)), self.higher(height)?)
            }
            TokenKind::Text => {
                let span = self.advance().span;
                let text = self.text_of(span);
                (ExprKind::Text(text[1..text.len() - 1].to_owned()), 0)
            }
            TokenKind::Word if self.is_ahead(1, "(") => self.call()?,
            TokenKind::Word => {
                let (variable, height) = self.measured_variable()?;
                (ExprKind::Variable(variable), height)
            }
            _ => return self.expected("an expression"),
        };
        Ok((Expr { kind, span: self.span_from(from) }, height))
    }

    fn call(&mut self) -> Parsed<(ExprKind, u32)> {
        let function = self.name("the name of a function")?;
        self.expect("(")?;
        let mut arguments = Vec::new();
        let mut height = 0;
        if !self.is(")") {
            loop {
                let (argument, its_height) = self.operations(1)?;
                height = height.max(its_height);
                arguments.push(argument);
                if !self.accept(",") {
                    break;
                }
            }
        }
        if !self.is(")") {
            return self.expected("`,` or `)`");
        }
        self.advance();
        Ok((ExprKind::Call { function, arguments }, self.higher(height)?))
    }

    /// `name`, `name'`, `name[index]`, `name'[index]`, `name[index]'`.
    pub(super) fn variable(&mut self) -> Parsed<Variable> {
        Ok(self.measured_variable()?.0)
    }

    fn measured_variable(&mut self) -> Parsed<(Variable, u32)> {
        let from = self.at;
        let name = self.name("a variable")?;
        let mut primes = self.primes();
        let mut height = 0;
        let index = if self.accept("[") {
            let (index, index_height) = self.operations(1)?;
            self.expect("]")?;
            height = self.higher(index_height)?;
            Some(Box::new(index))
        } else {
            None
        };
        primes += self.primes();
        if self.token().kind == TokenKind::Unknown && self.text_of(self.token().span) == "@" {
            let span = self.token().span;
            return self.fail(
                span,
                "`@` (values of discrete equations) is not part of today's NMODL",
                "keep the earlier value in a variable of its own",
            );
        }
        Ok((Variable { name, primes, index, span: self.span_from(from) }, height))
    }

    fn primes(&mut self) -> u32 {
        let mut primes = 0;
        while self.accept("'") {
            primes += 1;
        }
        primes
    }
}
