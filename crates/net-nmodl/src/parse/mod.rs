//! From tokens to the syntax tree, by recursive descent.
//!
//! An error is reported where it is found; parsing then goes on behind the statement,
//! declaration or block concerned, so that one run shows all errors of a file.

mod declarations;
mod expressions;
mod items;
mod statements;

use crate::ast::{Name, Number, Program, SignedNumber, Unit};
use crate::lex::{Token, TokenKind, tokenize};
use crate::source::{FileId, Reporter, SourceMap, Span};

/// Blocks and parentheses may be nested this deep, and an expression may be this high: far more
/// than people write, and little enough for recursion over the tree.
const MAX_DEPTH: u32 = 200;

/// What could be parsed of a text.
#[derive(Debug)]
pub(crate) struct Parse {
    pub(crate) program: Program,
    /// Whether all declarations are in it, so that its names can be checked. Errors inside
    /// statements lose none.
    pub(crate) is_complete: bool,
}

/// Parses one text of `sources`; errors go to `reporter`.
pub(crate) fn parse_text(sources: &SourceMap, file: FileId, reporter: &mut Reporter<'_>) -> Parse {
    let text = sources.file(file).text.as_str();
    let tokens = tokenize(file, text);
    let (at, depth, kinetic, is_complete) = (0, 0, false, true);
    let mut parser = Parser { text, tokens, at, depth, kinetic, is_complete, reporter };
    let program = parser.program();
    Parse { program, is_complete: parser.is_complete }
}

/// An error was reported; the caller has to find a place to go on.
#[derive(Debug)]
struct Failed;

type Parsed<T> = Result<T, Failed>;

/// Keywords that begin an item and cannot stand inside a block: behind a missing brace, parsing
/// goes on at them.
const ITEM_KEYWORDS: [&str; 24] = [
    "NEURON",
    "UNITS",
    "PARAMETER",
    "CONSTANT",
    "ASSIGNED",
    "STATE",
    "DEFINE",
    "INCLUDE",
    "INDEPENDENT",
    "BREAKPOINT",
    "DERIVATIVE",
    "KINETIC",
    "LINEAR",
    "NONLINEAR",
    "FUNCTION",
    "PROCEDURE",
    "FUNCTION_TABLE",
    "NET_RECEIVE",
    "BEFORE",
    "AFTER",
    "CONSTRUCTOR",
    "DESTRUCTOR",
    "TITLE",
    "DISCRETE",
];

struct Parser<'a, 'r, 's> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    /// Open blocks and parentheses.
    depth: u32,
    /// Whether `~` begins a reaction rather than an equation.
    kinetic: bool,
    /// Whether no declaration was lost to an error.
    is_complete: bool,
    reporter: &'r mut Reporter<'s>,
}

impl<'a> Parser<'a, '_, '_> {
    fn token(&self) -> Token {
        self.peek(0)
    }

    fn peek(&self, ahead: usize) -> Token {
        // The last token is `End`, which is never consumed.
        self.tokens[(self.at + ahead).min(self.tokens.len() - 1)]
    }

    fn text_of(&self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    fn advance(&mut self) -> Token {
        let token = self.token();
        if token.kind != TokenKind::End {
            self.at += 1;
        }
        token
    }

    /// The current word, or `""` at any other token.
    fn word(&self) -> &'a str {
        self.word_ahead(0)
    }

    fn word_ahead(&self, ahead: usize) -> &'a str {
        let token = self.peek(ahead);
        if token.kind == TokenKind::Word { self.text_of(token.span) } else { "" }
    }

    fn is(&self, symbol: &str) -> bool {
        self.is_ahead(0, symbol)
    }

    fn is_ahead(&self, ahead: usize, symbol: &str) -> bool {
        matches!(self.peek(ahead).kind, TokenKind::Symbol(s) if s == symbol)
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn accept_word(&mut self, word: &str) -> bool {
        let found = self.word() == word;
        if found {
            self.advance();
        }
        found
    }

    /// Span from the token at index `from` to the last one consumed.
    fn span_from(&self, from: usize) -> Span {
        let last = self.at.saturating_sub(1).max(from);
        self.tokens[from].span.to(self.tokens[last].span)
    }

    /// Reports `expected ..., found ...` at the current token, or at the end of the line before it.
    fn expected<T>(&mut self, what: &str) -> Parsed<T> {
        let token = self.token();
        let found = match token.kind {
            TokenKind::End => "the end of the file".to_owned(),
            _ if token.starts_line && self.at > 0 => "the end of the line".to_owned(),
            _ => {
                let text = self.text_of(token.span);
                let short: String = text.lines().next().unwrap_or("").chars().take(30).collect();
                format!("`{short}`")
            }
        };
        let span = if token.starts_line && self.at > 0 {
            let end = self.tokens[self.at - 1].span.end;
            Span { start: end, end, ..token.span }
        } else {
            token.span
        };
        self.reporter.error(span, format!("expected {what}, found {found}"));
        match self.text_of(token.span) {
            ";" => self.reporter.help("statements end with their line, without `;`"),
            "&" => self.reporter.help("the logical operator is `&&`"),
            "|" => self.reporter.help("the logical operator is `||`"),
            _ => {}
        }
        Err(Failed)
    }

    fn expect(&mut self, symbol: &str) -> Parsed<Token> {
        if self.is(symbol) { Ok(self.advance()) } else { self.expected(&format!("`{symbol}`")) }
    }

    fn expect_word(&mut self, word: &str) -> Parsed<Token> {
        if self.word() == word { Ok(self.advance()) } else { self.expected(&format!("`{word}`")) }
    }

    fn fail<T>(&mut self, span: Span, message: impl Into<String>, help: &str) -> Parsed<T> {
        self.reporter.error(span, message);
        if !help.is_empty() {
            self.reporter.help(help);
        }
        Err(Failed)
    }

    /// Runs `parse` one level deeper; too deep nesting ends parsing altogether.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return self.too_deep();
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn too_deep<T>(&mut self) -> Parsed<T> {
        let span = self.token().span;
        // Only the first of the levels that unwind reports.
        if self.at + 1 < self.tokens.len() {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            self.reporter.error(span, message);
            self.reporter.help("split the expression or move parts of it to a FUNCTION");
        }
        self.is_complete = false;
        self.at = self.tokens.len() - 1;
        Err(Failed)
    }

    fn name(&mut self, what: &str) -> Parsed<Name> {
        let word = self.word();
        if word.is_empty() {
            return self.expected(what);
        }
        if is_reserved(word) {
            let span = self.token().span;
            return self.fail(
                span,
                format!("expected {what}, found the keyword `{word}`"),
                "keywords cannot be names",
            );
        }
        let span = self.advance().span;
        Ok(Name { text: word.to_owned(), span })
    }

    /// Names separated by commas, at least one.
    fn names(&mut self, what: &str) -> Parsed<Vec<Name>> {
        let mut names = vec![self.name(what)?];
        while self.accept(",") {
            names.push(self.name(what)?);
        }
        Ok(names)
    }

    fn number(&mut self) -> Parsed<Number> {
        let token = self.token();
        if token.kind != TokenKind::Number {
            return self.expected("a number");
        }
        self.advance();
        let text = self.text_of(token.span).to_owned();
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Number { text, value, span: token.span }),
            _ => self.fail(token.span, format!("`{text}` is too large for a number"), ""),
        }
    }

    fn signed_number(&mut self) -> Parsed<SignedNumber> {
        let negative = self.accept("-");
        if !negative {
            self.accept("+");
        }
        Ok(SignedNumber { negative, number: self.number()? })
    }

    /// `(unit)`: all text to the next closing parenthesis.
    fn unit(&mut self) -> Parsed<Unit> {
        let open = self.expect("(")?;
        while !self.is(")") {
            let token = self.token();
            if token.kind == TokenKind::End || token.starts_line || self.is("{") || self.is("}") {
                return self.expected("`)` at the end of a unit");
            }
            self.advance();
        }
        let close = self.advance();
        let inner = Span { start: open.span.end, end: close.span.start, ..open.span };
        let text = self.text_of(inner).trim().to_owned();
        Ok(Unit { text, span: open.span.to(close.span) })
    }

    fn optional_unit(&mut self) -> Parsed<Option<Unit>> {
        if self.is("(") { self.unit().map(Some) } else { Ok(None) }
    }

    /// After an error: to the next line that begins outside of braces opened meanwhile, or to the
    /// brace that closes the current block. Always gets beyond `from`.
    fn skip_line(&mut self, from: usize) {
        let mut depth = 0_u32;
        loop {
            let token = self.token();
            if token.kind == TokenKind::End {
                return;
            }
            if token.starts_line && self.at > from {
                let word = self.word();
                let continues = matches!(word, "else" | "ELSE") || self.is("{");
                if depth == 0 && !continues || ITEM_KEYWORDS.contains(&word) {
                    return;
                }
            }
            if self.is("{") {
                depth += 1;
            } else if self.is("}") {
                if depth == 0 {
                    return;
                }
                depth -= 1;
            }
            self.advance();
        }
    }

    /// Elements between braces, each parsed by `element`, with recovery at lines.
    fn braced<T>(
        &mut self,
        mut element: impl FnMut(&mut Self, &mut Vec<T>) -> Parsed<()>,
    ) -> Parsed<Vec<T>> {
        let open = self.expect("{")?;
        let mut elements = Vec::new();
        loop {
            let token = self.token();
            if self.accept("}") {
                return Ok(elements);
            }
            let word = self.word();
            let misplaced = token.starts_line && ITEM_KEYWORDS.contains(&word);
            if token.kind == TokenKind::End || misplaced {
                let before = if misplaced { format!(" before `{word}`") } else { String::new() };
                self.reporter.error(open.span, format!("this `{{` is not closed{before}"));
                self.reporter.help("add the missing `}`");
                self.is_complete = false;
                return Ok(elements);
            }
            let from = self.at;
            if element(self, &mut elements).is_err() {
                // Outside of blocks of statements, every element declares.
                self.is_complete &= self.depth > 0 && word != "LOCAL";
                self.skip_line(from);
            }
        }
    }
}

/// Words that are never names of variables.
pub(crate) fn is_reserved(word: &str) -> bool {
    ITEM_KEYWORDS.contains(&word) && word != "UNITS"
        || matches!(
            word,
            "VERBATIM"
                | "ENDVERBATIM"
                | "COMMENT"
                | "ENDCOMMENT"
                | "INITIAL"
                | "LOCAL"
                | "SOLVE"
                | "METHOD"
                | "STEADYSTATE"
                | "CONDUCTANCE"
                | "CONSERVE"
                | "COMPARTMENT"
                | "LONGITUDINAL_DIFFUSION"
                | "TABLE"
                | "DEPEND"
                | "FROM"
                | "TO"
                | "WITH"
                | "BY"
                | "WATCH"
                | "FOR_NETCONS"
                | "PROTECT"
                | "MUTEXLOCK"
                | "MUTEXUNLOCK"
                | "UNITSON"
                | "UNITSOFF"
                | "SUFFIX"
                | "POINT_PROCESS"
                | "ARTIFICIAL_CELL"
                | "USEION"
                | "READ"
                | "WRITE"
                | "VALENCE"
                | "REPRESENTS"
                | "NONSPECIFIC_CURRENT"
                | "ELECTRODE_CURRENT"
                | "RANGE"
                | "GLOBAL"
                | "POINTER"
                | "BBCOREPOINTER"
                | "RANDOM"
                | "EXTERNAL"
                | "THREADSAFE"
                | "SOLVEFOR"
                | "START"
                | "IF"
                | "ELSE"
                | "WHILE"
                | "if"
                | "else"
                | "while"
        )
}
