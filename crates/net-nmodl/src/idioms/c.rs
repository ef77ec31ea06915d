//! C code as normalized tokens.
//!
//! Comments, preprocessor lines and braces are dropped, numbers are rewritten by value (`1.` is
//! `1`), and text constants become `""`: what remains says the same in all layouts.

/// The normalized tokens of C code, and whether its braces match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) tokens: Vec<String>,
    /// Names defined by `#define`.
    pub(super) macros: Vec<String>,
}

/// Operators of more than one character.
const OPERATORS: [&str; 19] = [
    "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+=", "-=", "*=", "/=", "%=",
    "&=", "|=", "::",
];

impl Code {
    pub(super) fn read(text: &str) -> Code {
        let mut code = Code { tokens: Vec::new(), macros: Vec::new() };
        let text = without_comments(text);
        let mut continues = false;
        for line in text.lines() {
            let trimmed = line.trim();
            let is_directive = continues || trimmed.starts_with('#');
            continues = is_directive && trimmed.ends_with('\\');
            if let Some(definition) = trimmed.strip_prefix('#').map(str::trim_start) {
                if let Some(name) = definition.strip_prefix("define") {
                    let name = name.trim_start();
                    let end = name.find(|c| !is_word(c)).unwrap_or(name.len());
                    code.macros.push(name[..end].to_owned());
                }
            } else if !is_directive {
                code.line(trimmed);
            }
        }
        code
    }

    fn line(&mut self, line: &str) {
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let length = if c.is_whitespace() || matches!(c, '{' | '}') {
                rest = &rest[c.len_utf8()..];
                continue;
            } else if c.is_ascii_alphabetic() || c == '_' {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else if c.is_ascii_digit() {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.');
                end.unwrap_or(rest.len())
            } else if matches!(c, '"' | '\'') {
                quoted_length(rest, c)
            } else {
                let operator = OPERATORS.iter().find(|operator| rest.starts_with(**operator));
                operator.map_or(c.len_utf8(), |operator| operator.len())
            };
            let (token, tail) = rest.split_at(length);
            self.tokens.push(normalized(token));
            rest = tail;
        }
    }

    /// The names in it, keywords included.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let is_name =
            |token: &&str| token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        self.tokens.iter().map(String::as_str).filter(is_name)
    }

    pub(super) fn has(&self, token: &str) -> bool {
        self.tokens.iter().any(|known| known == token)
    }

    /// Whether it is the `template`: tokens separated by blanks, of which those that begin with
    /// `$` stand for a name, the same one everywhere. The names in the order of `$` tokens.
    pub(super) fn matches(&self, template: &str) -> Option<Vec<(String, String)>> {
        let pattern: Vec<&str> = template.split_whitespace().collect();
        if pattern.len() != self.tokens.len() {
            return None;
        }
        let mut bound: Vec<(String, String)> = Vec::new();
        for (expected, found) in pattern.iter().zip(&self.tokens) {
            let Some(variable) = expected.strip_prefix('$') else {
                if expected != found {
                    return None;
                }
                continue;
            };
            match bound.iter().find(|(name, _)| name == variable) {
                Some((_, value)) if value == found => {}
                None if found.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => {
                    bound.push((variable.to_owned(), found.clone()));
                }
                _ => return None,
            }
        }
        Some(bound)
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn normalized(token: &str) -> String {
    if token.starts_with('"') {
        return "\"\"".to_owned();
    }
    match token.parse::<f64>() {
        Ok(value) if token.starts_with(|c: char| c.is_ascii_digit()) => value.to_string(),
        _ => token.to_owned(),
    }
}

fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return index + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    text.len()
}

pub(super) fn without_comments(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("/*") {
            clean.push(' ');
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            let length = if c == '"' { quoted_length(rest, c) } else { c.len_utf8() };
            clean.push_str(&rest[..length]);
            length
        };
        rest = &rest[skipped..];
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_and_comments_do_not_matter() {
        let a = Code::read("\n#include <math.h>\n if (x >= 1.) { /* why */ y = \"a b\"; } // so\n");
        let b = Code::read("if(x>=1.0)y=\"\";");
        assert_eq!(a.tokens, b.tokens);
        assert_eq!(a.tokens, ["if", "(", "x", ">=", "1", ")", "y", "=", "\"\"", ";"]);
        assert_eq!(Code::read("#define A(x) \\\n y\nz").macros, ["A"]);
        assert_eq!(Code::read("#define A(x) \\\n y\nz").tokens, ["z"]);
    }

    #[test]
    fn templates_bind_names() {
        let code = Code::read("cai = _ion_cai;");
        assert_eq!(code.matches("$a = $b ;").unwrap()[0].1, "cai");
        assert_eq!(code.matches("$a = $a ;"), None);
        assert_eq!(code.matches("$a = $b"), None);
    }
}
