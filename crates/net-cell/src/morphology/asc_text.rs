//! The text of a Neurolucida ASC file as nested lists.

use std::path::Path;

use super::error::MorphologyError;

/// Deeper nesting is refused: it is nonsense, and what walks the lists is recursive.
const MAX_DEPTH: usize = 1000;

/// One piece of an ASC file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    /// `( ... )`
    List(List),
    /// A number.
    Number(f64),
    /// A word without quotes, such as `Axon` or `Incomplete`.
    Word(String),
    /// A text in double quotes.
    Text(String),
    /// `|`, between the branches of a split.
    Bar,
}

/// The items between two parentheses.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct List {
    /// Line of the opening parenthesis, from 1.
    pub(super) line: usize,
    pub(super) items: Vec<Item>,
}

/// Parses the text into a list of its top-level items. Comments (from `;` to the end of the line),
/// commas and spines (`< ... >`) are left out.
pub(super) fn parse(path: &Path, text: &str) -> Result<List, MorphologyError> {
    let mut open = vec![List { line: 1, items: Vec::new() }];
    for (line, token) in tokens(path, text)? {
        let unexpected = |found: &str, expected| MorphologyError::Syntax {
            path: path.into(),
            line,
            found: found.into(),
            expected,
        };
        let item = match token {
            Token::Open if open.len() > MAX_DEPTH => {
                return Err(unexpected("more than 1000 open parentheses", "less nesting"));
            }
            Token::Open => {
                open.push(List { line, items: Vec::new() });
                continue;
            }
            Token::Close => match open.pop() {
                Some(list) if !open.is_empty() => Item::List(list),
                _ => return Err(unexpected("')'", "an opening parenthesis before it")),
            },
            Token::Item(item) => item,
        };
        if let Some(list) = open.last_mut() {
            list.items.push(item);
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(file), true) => Ok(file),
        (inner, _) => Err(MorphologyError::Syntax {
            path: path.into(),
            line: inner.unwrap_or_default().line,
            found: "the end of the file".into(),
            expected: "a parenthesis that closes the one on this line",
        }),
    }
}

enum Token {
    Open,
    Close,
    Item(Item),
}

/// Tokens with their lines.
fn tokens(path: &Path, text: &str) -> Result<Vec<(usize, Token)>, MorphologyError> {
    let mut tokens = Vec::new();
    let mut spine_depth = 0_usize;
    for (index, full_line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = index + 1;
        let mut rest = full_line.trim_start();
        while let Some(first) = rest.chars().next() {
            let (token, length) = match first {
                ';' => break,
                '"' => {
                    let Some(length) = rest[1..].find('"') else {
                        return Err(MorphologyError::Syntax {
                            path: path.into(),
                            line,
                            found: rest.into(),
                            expected: "a closing quotation mark on the same line",
                        });
                    };
                    (Some(Token::Item(Item::Text(rest[1..=length].into()))), length + 2)
                }
                '(' => (Some(Token::Open), 1),
                ')' => (Some(Token::Close), 1),
                '|' => (Some(Token::Item(Item::Bar)), 1),
                '<' => {
                    spine_depth += 1;
                    (None, 1)
                }
                '>' => {
                    spine_depth = spine_depth.saturating_sub(1);
                    rest = rest[1..].trim_start();
                    continue;
                }
                ',' => (None, 1),
                _ => {
                    let ends = |c: char| c.is_whitespace() || "();,|<>\"".contains(c);
                    let length = rest.find(ends).unwrap_or(rest.len());
                    (Some(Token::Item(number_or_word(&rest[..length]))), length)
                }
            };
            if let Some(token) = token
                && spine_depth == 0
            {
                tokens.push((line, token));
            }
            rest = rest[length..].trim_start();
        }
    }
    Ok(tokens)
}

fn number_or_word(text: &str) -> Item {
    // Words such as `inf` and `nan` are no numbers here.
    let looks_like_number = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    match text.parse() {
        Ok(number) if looks_like_number => Item::Number(number),
        _ => Item::Word(text.into()),
    }
}
