//! Words of a HOC file.

/// What a word is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name, with its dots and its index: `CellRef.all`, `axon[0]`.
    Name(String),
    /// A number.
    Number(f64),
    /// A text between quotes.
    Text(String),
    /// Any other character.
    Sign(char),
    /// The end of a line.
    End,
}

impl Token {
    pub(super) fn describe(&self) -> String {
        match self {
            Token::Name(name) => format!("`{name}`"),
            Token::Number(value) => format!("`{value}`"),
            Token::Text(text) => format!("{text:?}"),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end of the line".to_owned(),
        }
    }
}

/// A word and its line.
pub(super) type Placed = (Token, usize);

/// Cuts a text into words; comments are left out.
pub(super) fn tokens(text: &str) -> Vec<Placed> {
    let bytes = text.as_bytes();
    let mut tokens: Vec<Placed> = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let rest = &text[at..];
        let c = rest.chars().next().unwrap_or('\n');
        let mut length = c.len_utf8();
        if rest.starts_with("/*") {
            length = rest.find("*/").map_or(rest.len(), |end| end + 2);
        } else if rest.starts_with("//") {
            length = rest.find('\n').unwrap_or(rest.len());
        } else if c == '"' {
            let end = rest[1..].find(['"', '\n']).map_or(rest.len(), |end| end + 1);
            tokens.push((Token::Text(rest[1..end].to_owned()), line));
            length = (end + 1).min(rest.len());
        } else if c == '\n' {
            tokens.push((Token::End, line));
        } else if c.is_ascii_alphabetic() || c == '_' {
            length = name_length(rest);
            tokens.push((Token::Name(rest[..length].to_owned()), line));
        } else if c.is_ascii_digit() || (c == '.' && digit(rest, 1)) {
            length = number_length(rest);
            let token = match rest[..length].parse() {
                Ok(value) => Token::Number(value),
                Err(_) => Token::Name(rest[..length].to_owned()),
            };
            tokens.push((token, line));
        } else if !c.is_whitespace() {
            tokens.push((Token::Sign(c), line));
        }
        line += rest[..length].matches('\n').count();
        at += length;
    }
    tokens
}

fn digit(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_some_and(u8::is_ascii_digit)
}

/// Length of a name with dots and indices that are numbers.
fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'.' if bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic) => at += 1,
            b'[' => match text[at..].find(']') {
                Some(end)
                    if end > 1 && text[at + 1..at + end].bytes().all(|b| b.is_ascii_digit()) =>
                {
                    at += end + 1;
                }
                _ => break,
            },
            b if b.is_ascii_alphanumeric() || b == b'_' => at += 1,
            _ => break,
        }
    }
    at
}

fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let exponent = matches!(bytes[at], b'e' | b'E')
            && (digit(text, at + 1)
                || (matches!(bytes.get(at + 1), Some(b'+' | b'-')) && digit(text, at + 2)));
        let sign = matches!(bytes[at], b'+' | b'-') && matches!(bytes[at - 1], b'e' | b'E');
        if !(bytes[at].is_ascii_digit() || bytes[at] == b'.' || exponent || sign) {
            break;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::{Token, tokens};

    #[test]
    fn words_of_a_template() {
        let found = tokens("forsec CellRef.all { /* no\n */ g_pas = 3e-05 // yes\n axon[0] }\n");
        let words: Vec<String> = found.iter().map(|(token, _)| token.describe()).collect();
        let expected = "`forsec` `CellRef.all` `{` `g_pas` `=` `0.00003` the end of the line `axon[0]` \
                        `}` the end of the line";
        assert_eq!(words.join(" "), expected);
        assert_eq!(found[3].1, 2);
        assert_eq!(tokens("a \"x").last().unwrap().0, Token::Text("x".into()));
        assert_eq!(tokens("1.5e ü").len(), 3);
    }
}
