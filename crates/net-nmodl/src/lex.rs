//! From text to tokens.
//!
//! Everything context-dependent of the language is settled here: comments behind `:` and `?`, the
//! rest of a `TITLE` line, the raw text of `COMMENT` and `VERBATIM`, and ontology terms behind
//! `REPRESENTS` (which contain a colon). Units are ordinary tokens; the parser takes their text
//! from the source.

use crate::source::{FileId, Span};

/// Kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A name or keyword.
    Word,
    /// An unsigned number.
    Number,
    /// Text between double quotes; the span includes them.
    Text,
    /// Raw text behind `TITLE`, `COMMENT`, `VERBATIM` or `REPRESENTS`.
    Raw,
    /// Raw text whose end keyword is missing; it runs to the end of the file.
    Unterminated,
    /// An operator or bracket.
    Symbol(&'static str),
    /// A character without meaning.
    Unknown,
    /// Behind the last token.
    End,
}

/// A token with its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
    /// Whether it is the first on its line.
    pub(crate) starts_line: bool,
}

/// Longer symbols first, so that `<->` is not read as `<`.
const SYMBOLS: [&str; 28] = [
    "<->", "<=", ">=", "==", "!=", "&&", "||", "<<", "->", "{", "}", "(", ")", "[", "]", ",", "=",
    "<", ">", "+", "-", "*", "/", "%", "^", "!", "~", "'",
];

/// The tokens of a text, with a [`TokenKind::End`] behind them.
pub(crate) fn tokenize(file: FileId, text: &str) -> Vec<Token> {
    let mut lexer = Lexer { file, text, at: 0, starts_line: true, depth: 0, tokens: Vec::new() };
    lexer.run();
    lexer.tokens
}

struct Lexer<'a> {
    file: FileId,
    text: &'a str,
    at: usize,
    starts_line: bool,
    /// Open braces: comments inside blocks are dropped, those between blocks are kept.
    depth: u32,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(c) = self.rest().chars().next() {
            match c {
                '\n' => {
                    self.starts_line = true;
                    self.at += 1;
                }
                ':' | '?' => self.at += self.to_line_end(),
                c if c.is_whitespace() || c == '\u{feff}' => self.at += c.len_utf8(),
                c if c.is_ascii_alphabetic() || c == '_' => self.word(),
                c if c.is_ascii_digit() || c == '.' && self.digit_at(1) => {
                    let length = number_length(self.rest().as_bytes());
                    self.push(TokenKind::Number, length);
                }
                '"' => self.quoted(),
                c => self.symbol(c),
            }
        }
        self.push(TokenKind::End, 0);
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn digit_at(&self, offset: usize) -> bool {
        self.rest().as_bytes().get(offset).is_some_and(u8::is_ascii_digit)
    }

    fn to_line_end(&self) -> usize {
        self.rest().find('\n').unwrap_or(self.rest().len())
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        let span = Span { file: self.file, start: self.at as u32, end: (self.at + length) as u32 };
        self.tokens.push(Token { kind, span, starts_line: self.starts_line });
        self.starts_line = false;
        self.at += length;
    }

    fn word(&mut self) {
        let length = word_length(self.rest());
        let word = &self.text[self.at..self.at + length];
        match word {
            "TITLE" => {
                self.push(TokenKind::Word, length);
                let line = self.to_line_end();
                self.push(TokenKind::Raw, line);
            }
            "REPRESENTS" => {
                self.push(TokenKind::Word, length);
                let blank = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
                self.at += blank;
                let end = |c: char| c.is_whitespace() || c == '}';
                let length = self.rest().find(end).unwrap_or(self.rest().len());
                self.push(TokenKind::Raw, length);
            }
            "VERBATIM" => self.raw(length, "ENDVERBATIM"),
            "COMMENT" => {
                let kept = self.tokens.len();
                let starts_line = self.starts_line;
                self.raw(length, "ENDCOMMENT");
                let closed = self.tokens.last().is_some_and(|t| t.kind == TokenKind::Raw);
                if self.depth > 0 && closed {
                    self.tokens.truncate(kept);
                    self.starts_line = starts_line;
                }
            }
            _ => self.push(TokenKind::Word, length),
        }
    }

    /// A keyword of `length` bytes and the raw text up to the word `end`, which is consumed.
    fn raw(&mut self, length: usize, end: &str) {
        self.push(TokenKind::Word, length);
        match find_word(self.rest(), end) {
            Some(length) => {
                self.push(TokenKind::Raw, length);
                self.at += end.len();
            }
            None => {
                let length = self.rest().len();
                self.push(TokenKind::Unterminated, length);
            }
        }
    }

    fn quoted(&mut self) {
        let line = &self.rest()[..self.to_line_end()];
        let mut escaped = false;
        let end = line.char_indices().skip(1).find(|&(_, c)| {
            let closes = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        match end {
            Some((end, _)) => self.push(TokenKind::Text, end + 1),
            None => {
                let length = line.len();
                self.push(TokenKind::Unknown, length);
            }
        }
    }

    fn symbol(&mut self, c: char) {
        match SYMBOLS.iter().find(|symbol| self.rest().starts_with(**symbol)) {
            Some(&symbol) => {
                match symbol {
                    "{" => self.depth += 1,
                    "}" => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                self.push(TokenKind::Symbol(symbol), symbol.len());
            }
            None => self.push(TokenKind::Unknown, c.len_utf8()),
        }
    }
}

fn is_word_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

fn word_length(text: &str) -> usize {
    text.bytes().position(|b| !is_word_byte(b)).unwrap_or(text.len())
}

/// Start of the first occurrence of `word` that is not part of a longer word.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    text.match_indices(word).map(|(start, _)| start).find(|&start| {
        let before = start.checked_sub(1).and_then(|i| bytes.get(i));
        let after = bytes.get(start + word.len());
        !before.is_some_and(|&b| is_word_byte(b)) && !after.is_some_and(|&b| is_word_byte(b))
    })
}

/// Length of `12`, `1.5`, `.5`, `5.`, `1e-3` at the start of `bytes`.
fn number_length(bytes: &[u8]) -> usize {
    let digits = |from: usize| {
        bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count()
    };
    let mut length = digits(0);
    if bytes.get(length) == Some(&b'.') {
        length += 1 + digits(length + 1);
    }
    if matches!(bytes.get(length), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}
