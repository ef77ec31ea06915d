//! Statements inside blocks.

use super::{Parsed, Parser};
use crate::ast::{
    Block, Compartment, LocalDeclaration, LocalVariable, Name, Reaction, Size, Solve, Statement,
    StatementKind, Table, Term, UnitsSwitch, Verbatim, Watch,
};
use crate::lex::TokenKind;

/// Statements of the past, which no simulator runs.
const FORGOTTEN: [&str; 9] =
    ["RESET", "SENS", "FORALL", "PUTQ", "GETQ", "MATCH", "TERMINAL", "SECTION", "PLOT"];

impl Parser<'_, '_, '_> {
    /// `{ statements }`.
    pub(super) fn block(&mut self) -> Parsed<Block> {
        let from = self.at;
        if !self.is("{") {
            let result = self.expected("`{`");
            self.reporter.help("the body of a block is always put between braces");
            return result;
        }
        let statements = self.nested(|p| {
            p.braced(|p, statements| {
                statements.push(p.statement()?);
                Ok(())
            })
        })?;
        Ok(Block { statements, span: self.span_from(from) })
    }

    pub(super) fn statement(&mut self) -> Parsed<Statement> {
        let from = self.at;
        let kind = match self.token().kind {
            TokenKind::Symbol("{") => StatementKind::Block(self.block()?),
            TokenKind::Symbol("~") => self.tilde()?,
            TokenKind::Word => self.worded_statement()?,
            _ => return self.expected("a statement"),
        };
        Ok(Statement { kind, span: self.span_from(from) })
    }

    fn worded_statement(&mut self) -> Parsed<StatementKind> {
        use StatementKind::*;
        let word = self.word();
        Ok(match word {
            "LOCAL" => Local(self.local()?),
            "if" | "IF" => self.conditional()?,
            "while" | "WHILE" => {
                self.advance();
                While { condition: self.parenthesized()?, body: self.block()? }
            }
            "FROM" => self.counted_loop()?,
            "SOLVE" => Solve(self.solve()?),
            "CONDUCTANCE" => {
                self.advance();
                let conductance = self.name("the conductance")?;
                let ion = if self.accept_word("USEION") {
                    Some(self.name("the name of an ion")?)
                } else {
                    None
                };
                Conductance { conductance, ion }
            }
            "CONSERVE" => {
                self.advance();
                let terms = self.terms()?;
                self.expect("=")?;
                Conserve { terms, total: self.expression()? }
            }
            "COMPARTMENT" => Compartment(self.compartment()?),
            "LONGITUDINAL_DIFFUSION" => LongitudinalDiffusion(self.compartment()?),
            "TABLE" => Table(self.table()?),
            "WATCH" => self.watch()?,
            "FOR_NETCONS" => {
                self.advance();
                let arguments = self.arguments()?;
                ForNetcons { arguments, body: self.block()? }
            }
            "INITIAL" => {
                self.advance();
                Initial(self.block()?)
            }
            "PROTECT" => {
                self.advance();
                Protect(Box::new(self.nested(Self::statement)?))
            }
            "MUTEXLOCK" | "MUTEXUNLOCK" => {
                self.advance();
                Mutex(word == "MUTEXLOCK")
            }
            "LAG" if self.peek(1).kind == TokenKind::Word => {
                self.advance();
                let name = self.name("a variable")?;
                self.expect_word("BY")?;
                Lag { name, by: self.name("a name given by DEFINE")? }
            }
            "UNITSON" | "UNITSOFF" => UnitsSwitch(self.units_switch()),
            "VERBATIM" => Verbatim(self.verbatim()?),
            "else" | "ELSE" => {
                let span = self.token().span;
                return self.fail(span, format!("`{word}` without `if`"), "");
            }
            _ if FORGOTTEN.contains(&word) && !self.is_ahead(1, "=") => {
                let span = self.token().span;
                return self.fail(
                    span,
                    format!("`{word}` is a statement of older simulators and not supported"),
                    "remove it",
                );
            }
            _ => self.assignment_or_call()?,
        })
    }

    fn assignment_or_call(&mut self) -> Parsed<StatementKind> {
        if self.is_ahead(1, "(") {
            let call = self.expression()?;
            if !matches!(call.kind, crate::ast::ExprKind::Call { .. }) || self.is("=") {
                let message = "this is neither an assignment nor a call";
                return self.fail(call.span, message, "write `name = value` or `name(arguments)`");
            }
            return Ok(StatementKind::Call(call));
        }
        let target = self.variable()?;
        if !self.accept("=") {
            return self.expected("`=` or `(`");
        }
        Ok(StatementKind::Assign { target, value: self.expression()? })
    }

    pub(super) fn units_switch(&mut self) -> UnitsSwitch {
        let on = self.word() == "UNITSON";
        UnitsSwitch { on, span: self.advance().span }
    }

    pub(super) fn verbatim(&mut self) -> Parsed<Verbatim> {
        let keyword = self.advance();
        let body = self.advance();
        if body.kind != TokenKind::Raw {
            return self.fail(keyword.span, "`VERBATIM` without `ENDVERBATIM`", "");
        }
        let span = keyword.span.to(body.span);
        Ok(Verbatim { body: self.text_of(body.span).to_owned(), span })
    }

    pub(super) fn local(&mut self) -> Parsed<LocalDeclaration> {
        let from = self.at;
        self.advance();
        let mut variables = Vec::new();
        loop {
            let name = self.name("the name of a local variable")?;
            variables.push(LocalVariable { name, length: self.optional_length()? });
            if !self.accept(",") {
                break;
            }
        }
        Ok(LocalDeclaration { variables, span: self.span_from(from) })
    }

    /// `[3]` or `[N]`.
    pub(super) fn optional_length(&mut self) -> Parsed<Option<Size>> {
        if !self.accept("[") {
            return Ok(None);
        }
        let size = self.size()?;
        self.expect("]")?;
        Ok(Some(size))
    }

    fn size(&mut self) -> Parsed<Size> {
        Ok(if self.token().kind == TokenKind::Number {
            Size::Number(self.number()?)
        } else {
            Size::Name(self.name("a number or a name given by DEFINE")?)
        })
    }

    fn parenthesized(&mut self) -> Parsed<crate::ast::Expr> {
        self.expect("(")?;
        let inner = self.expression()?;
        if self.is("=") {
            let result = self.expected("`)`");
            self.reporter.help("equality is written `==`");
            return result;
        }
        self.expect(")")?;
        Ok(inner)
    }

    fn conditional(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let mut arms = vec![(self.parenthesized()?, self.block()?)];
        let mut otherwise = None;
        while matches!(self.word(), "else" | "ELSE") {
            self.advance();
            if matches!(self.word(), "if" | "IF") {
                self.advance();
                arms.push((self.parenthesized()?, self.block()?));
            } else {
                otherwise = Some(self.block()?);
                break;
            }
        }
        Ok(StatementKind::If { arms, otherwise })
    }

    fn counted_loop(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let variable = self.name("the variable of the loop")?;
        self.expect("=")?;
        let first = self.expression()?;
        self.expect_word("TO")?;
        let last = self.expression()?;
        let step = if self.accept_word("BY") { Some(self.expression()?) } else { None };
        Ok(StatementKind::From { variable, first, last, step, body: self.block()? })
    }

    fn solve(&mut self) -> Parsed<Solve> {
        self.advance();
        let block = self.name("the block to solve")?;
        let steady_state = self.word() == "STEADYSTATE";
        let method = if matches!(self.word(), "METHOD" | "USING" | "STEADYSTATE") {
            self.advance();
            Some(self.name("a method")?)
        } else {
            None
        };
        let if_error = if self.accept_word("IFERROR") { Some(self.block()?) } else { None };
        Ok(Solve { block, method, steady_state, if_error })
    }

    /// `~ ...`: a reaction in `KINETIC`, an equation elsewhere.
    fn tilde(&mut self) -> Parsed<StatementKind> {
        self.advance();
        if !self.kinetic {
            let left = self.expression()?;
            self.expect("=")?;
            return Ok(StatementKind::Equation { left, right: self.expression()? });
        }
        let mut left = self.terms()?;
        if self.accept("<->") {
            let right = self.terms()?;
            self.expect("(")?;
            let forward = self.expression()?;
            self.expect(",")?;
            let backward = self.expression()?;
            self.expect(")")?;
            let reaction = Reaction::Reversible { left, right, forward, backward };
            return Ok(StatementKind::Reaction(reaction));
        }
        if self.accept("->") {
            let right = if self.is("(") { Vec::new() } else { self.terms()? };
            let rate = self.parenthesized()?;
            return Ok(StatementKind::Reaction(Reaction::Irreversible { left, right, rate }));
        }
        if !self.is("<<") {
            return self.expected("`<->`, `->` or `<<`");
        }
        let arrow = self.advance();
        let flux = self.parenthesized()?;
        match (left.pop(), left.is_empty()) {
            (Some(target), true) => Ok(StatementKind::Reaction(Reaction::Source { target, flux })),
            _ => self.fail(arrow.span, "`<<` has one state on its left", ""),
        }
    }

    /// `a + 2 b[i]`.
    fn terms(&mut self) -> Parsed<Vec<Term>> {
        let mut terms = Vec::new();
        loop {
            let coefficient =
                if self.token().kind == TokenKind::Number { Some(self.number()?) } else { None };
            terms.push(Term { coefficient, variable: self.variable()? });
            if !self.accept("+") {
                return Ok(terms);
            }
        }
    }

    fn compartment(&mut self) -> Parsed<Compartment> {
        self.advance();
        let index = if self.token().kind == TokenKind::Word && self.is_ahead(1, ",") {
            let index = self.name("an index")?;
            self.advance();
            Some(index)
        } else {
            None
        };
        let expr = self.expression()?;
        let states: Vec<Name> = self.braced(|p, states| {
            states.push(p.name("the name of a state")?);
            p.accept(",");
            Ok(())
        })?;
        Ok(Compartment { index, expr, states })
    }

    fn table(&mut self) -> Parsed<Table> {
        self.advance();
        let named = !matches!(self.word(), "DEPEND" | "FROM");
        let names = if named { self.names("a variable to tabulate")? } else { Vec::new() };
        let depend = if self.accept_word("DEPEND") {
            self.names("a variable the table depends on")?
        } else {
            Vec::new()
        };
        self.expect_word("FROM")?;
        let from = self.expression()?;
        self.expect_word("TO")?;
        let to = self.expression()?;
        self.expect_word("WITH")?;
        Ok(Table { names, depend, from, to, with: self.size()? })
    }

    fn watch(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let mut watches = Vec::new();
        loop {
            watches.push(Watch { condition: self.parenthesized()?, flag: self.expression()? });
            if !self.accept(",") {
                return Ok(StatementKind::Watch(watches));
            }
        }
    }
}
