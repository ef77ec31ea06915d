//! Declarations: `PARAMETER`, `CONSTANT`, `ASSIGNED`, `STATE`, `UNITS`, `DEFINE`.

use super::{Parsed, Parser};
use crate::ast::{
    Argument, Declaration, DeclarationBlock, Define, Independent, SignedNumber, UnitDefinition,
    UnitsBlock, Value,
};
use crate::lex::TokenKind;
use crate::source::Span;

/// Which of the declaring blocks is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declares {
    Parameters,
    Constants,
    Assigned,
    States,
}

impl Parser<'_, '_, '_> {
    pub(super) fn declaration_block(&mut self, declares: Declares) -> Parsed<DeclarationBlock> {
        let from = self.at;
        self.advance();
        let declarations = self.braced(|p, declarations| {
            declarations.push(p.declaration(declares)?);
            p.accept(",");
            Ok(())
        })?;
        Ok(DeclarationBlock { declarations, span: self.span_from(from) })
    }

    fn declaration(&mut self, declares: Declares) -> Parsed<Declaration> {
        let from = self.at;
        let name = self.name("the name of a variable")?;
        let mut declaration = Declaration {
            name,
            length: self.optional_length()?,
            value: None,
            unit: None,
            limits: None,
            tolerance: None,
            range: None,
            start: None,
            span: Span::default(),
        };
        let takes_value = matches!(declares, Declares::Parameters | Declares::Constants);
        if takes_value {
            if declares == Declares::Constants && !self.is("=") {
                return self.expected("`=` and the value of the constant");
            }
            if self.accept("=") {
                declaration.value = Some(self.value()?);
            }
        } else if self.is("=") {
            let span = self.token().span;
            let message = "only a PARAMETER or CONSTANT has a value where it is declared";
            return self.fail(span, message, "assign it in INITIAL, or declare it as a PARAMETER");
        } else {
            self.range_and_start(&mut declaration)?;
        }
        declaration.unit = self.optional_unit()?;
        if self.is("<") {
            if takes_value {
                declaration.limits = Some(self.limits()?);
            } else {
                self.advance();
                declaration.tolerance = Some(self.signed_number()?);
                self.expect(">")?;
            }
        }
        declaration.span = self.span_from(from);
        Ok(declaration)
    }

    fn range_and_start(&mut self, declaration: &mut Declaration) -> Parsed<()> {
        if self.accept_word("FROM") {
            let low = self.value()?;
            self.expect_word("TO")?;
            declaration.range = Some((low, self.value()?));
        }
        if self.accept_word("START") {
            declaration.start = Some(self.value()?);
        }
        Ok(())
    }

    fn value(&mut self) -> Parsed<Value> {
        let negative = self.accept("-");
        if !negative {
            self.accept("+");
        }
        match self.token().kind {
            TokenKind::Number => {
                Ok(Value::Number(SignedNumber { negative, number: self.number()? }))
            }
            TokenKind::Word => {
                let name = self.name("a number or a name given by DEFINE")?;
                Ok(Value::Name { negative, name })
            }
            _ => {
                let result = self.expected("a number");
                self.reporter.help("a default is one number; compute other values in INITIAL");
                result
            }
        }
    }

    fn limits(&mut self) -> Parsed<(SignedNumber, SignedNumber)> {
        self.expect("<")?;
        let low = self.signed_number()?;
        self.expect(",")?;
        let high = self.signed_number()?;
        self.expect(">")?;
        Ok((low, high))
    }

    pub(super) fn units_block(&mut self) -> Parsed<UnitsBlock> {
        let from = self.at;
        self.advance();
        let definitions = self.braced(|p, definitions| {
            definitions.push(p.unit_definition()?);
            Ok(())
        })?;
        Ok(UnitsBlock { definitions, span: self.span_from(from) })
    }

    fn unit_definition(&mut self) -> Parsed<UnitDefinition> {
        if self.is("(") {
            let unit = self.unit()?;
            self.expect("=")?;
            return Ok(UnitDefinition::Alias { unit, meaning: self.unit()? });
        }
        let name = self.name("the name of a constant or `(unit)`")?;
        self.expect("=")?;
        if !self.is("(") {
            let value = self.signed_number()?;
            return Ok(UnitDefinition::Value { name, value, unit: self.optional_unit()? });
        }
        let from = self.unit()?;
        let arrow = self.accept("->");
        Ok(UnitDefinition::Factor { name, from, to: self.unit()?, arrow })
    }

    pub(super) fn define(&mut self) -> Parsed<Define> {
        let from = self.at;
        self.advance();
        let name = self.name("the name to define")?;
        let value = self.signed_number()?;
        if value.value().fract() != 0.0 || value.value().abs() > 1e9 {
            let message = format!("`{}` is not an integer", value.number.text);
            return self.fail(value.number.span, message, "DEFINE gives a name to an integer");
        }
        Ok(Define { name, value, span: self.span_from(from) })
    }

    /// `INDEPENDENT { ... }`, kept as text.
    pub(super) fn independent(&mut self) -> Parsed<Independent> {
        let from = self.at;
        self.advance();
        let open = self.expect("{")?;
        while !self.is("}") {
            if self.token().kind == TokenKind::End || self.is("{") {
                return self.fail(open.span, "this `{` is not closed", "add the missing `}`");
            }
            self.advance();
        }
        let close = self.advance();
        let inner = Span { start: open.span.end, end: close.span.start, ..open.span };
        Ok(Independent { text: self.text_of(inner).trim().to_owned(), span: self.span_from(from) })
    }

    /// `(name (unit), ...)`, possibly empty.
    pub(super) fn arguments(&mut self) -> Parsed<Vec<Argument>> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        if !self.is(")") {
            loop {
                let name = self.name("the name of an argument")?;
                arguments.push(Argument { name, unit: self.optional_unit()? });
                if !self.accept(",") {
                    break;
                }
            }
        }
        if !self.is(")") {
            return self.expected("`,` or `)`");
        }
        self.advance();
        Ok(arguments)
    }
}
