//! Arithmetic of a distance, as templates write it.

use std::fmt;

/// An expression of one variable, the distance in um: numbers, `+ - * / ^`, brackets, `exp`, `log`,
/// `log10`, `sqrt`, `abs`, `sin`, `cos`, `tanh`.
///
/// Templates have a place holder `%g` or `%.17g` for the variable, which rounds it to 6 or 17 digits
/// before it is used; so does this.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    text: String,
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    /// The variable, rounded to this number of significant digits.
    Distance(usize),
    Negative(Box<Node>),
    Binary(u8, Box<Node>, Box<Node>),
    /// An index in [`FUNCTIONS`].
    Function(usize, Box<Node>),
}

type Function = (&'static str, fn(f64) -> f64);

const FUNCTIONS: [Function; 8] = [
    ("exp", f64::exp),
    ("log", f64::ln),
    ("log10", f64::log10),
    ("sqrt", f64::sqrt),
    ("abs", f64::abs),
    ("sin", f64::sin),
    ("cos", f64::cos),
    ("tanh", f64::tanh),
];

/// Brackets and signs deeper than this are refused.
const MAX_DEPTH: usize = 64;

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What was found and what was expected there.
    ///
    /// ```
    /// # use net_sonata::cell::Expression;
    /// let ih = Expression::parse("(-0.8696 + 2.087*exp((%.17g)*0.0031))*8e-05").unwrap();
    /// assert!((ih.at(0.0) - 1.2174 * 8e-5).abs() < 1e-15);
    /// assert!(Expression::parse("exp(%g").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text, depth: 0 };
        let root = parser.sum()?;
        match parser.peek() {
            None => Ok(Expression { text: text.to_owned(), root }),
            Some(c) => Err(format!("found `{c}` in {text:?}, expected an operator or the end")),
        }
    }

    /// Its value at a distance in um.
    pub fn at(&self, distance_um: f64) -> f64 {
        self.root.at(distance_um)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Node {
    fn at(&self, distance: f64) -> f64 {
        match self {
            Node::Number(value) => *value,
            Node::Distance(digits) => rounded(distance, *digits),
            Node::Negative(node) => -node.at(distance),
            Node::Function(index, node) => FUNCTIONS[*index].1(node.at(distance)),
            Node::Binary(operator, a, b) => {
                let (a, b) = (a.at(distance), b.at(distance));
                match operator {
                    b'+' => a + b,
                    b'-' => a - b,
                    b'*' => a * b,
                    b'/' => a / b,
                    _ => a.powf(b),
                }
            }
        }
    }
}

/// The number with this many significant digits, as printing and reading it makes it.
fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.rest = &self.rest[expected.len_utf8()..];
        }
        found
    }

    fn sum(&mut self) -> Result<Node, String> {
        let mut node = self.product()?;
        while let Some(operator @ ('+' | '-')) = self.peek() {
            self.take(operator);
            node = Node::Binary(operator as u8, Box::new(node), Box::new(self.product()?));
        }
        Ok(node)
    }

    fn product(&mut self) -> Result<Node, String> {
        let mut node = self.signed()?;
        while let Some(operator @ ('*' | '/')) = self.peek() {
            self.take(operator);
            node = Node::Binary(operator as u8, Box::new(node), Box::new(self.signed()?));
        }
        Ok(node)
    }

    fn signed(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("found more than {MAX_DEPTH} brackets and signs in each other"));
        }
        let node = if self.take('-') {
            Node::Negative(Box::new(self.signed()?))
        } else if self.take('+') {
            self.signed()?
        } else {
            self.power()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn power(&mut self) -> Result<Node, String> {
        let base = self.atom()?;
        if self.take('^') {
            return Ok(Node::Binary(b'^', Box::new(base), Box::new(self.signed()?)));
        }
        Ok(base)
    }

    fn atom(&mut self) -> Result<Node, String> {
        if self.take('(') {
            let node = self.sum()?;
            return self.closed(node);
        }
        match self.peek() {
            Some('%') => self.place_holder(),
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_ascii_alphabetic() => self.named(),
            Some(c) => Err(format!("found `{c}`, expected a number, a function or a bracket")),
            None => Err("found the end, expected a number, a function or a bracket".to_owned()),
        }
    }

    fn closed(&mut self, node: Node) -> Result<Node, String> {
        if self.take(')') { Ok(node) } else { Err("expected a closing bracket".to_owned()) }
    }

    fn place_holder(&mut self) -> Result<Node, String> {
        let end = self.rest.find('g').unwrap_or(self.rest.len());
        let digits = match &self.rest[1..end] {
            _ if end == self.rest.len() => None,
            "" => Some(6),
            precision => precision.strip_prefix('.').and_then(|digits| digits.parse().ok()),
        };
        let Some(digits) = digits.filter(|digits| (1..=40).contains(digits)) else {
            return Err(format!("found `{}`, expected %g or %.17g", self.rest));
        };
        self.rest = &self.rest[end + 1..];
        Ok(Node::Distance(digits))
    }

    fn number(&mut self) -> Result<Node, String> {
        let bytes = self.rest.as_bytes();
        let mut end = 0;
        while end < bytes.len() {
            let sign_of_exponent = matches!(bytes[end], b'+' | b'-')
                && end > 0
                && matches!(bytes[end - 1], b'e' | b'E');
            let part = bytes[end].is_ascii_digit() || matches!(bytes[end], b'.' | b'e' | b'E');
            if !(part || sign_of_exponent) {
                break;
            }
            end += 1;
        }
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        let number: f64 = text.parse().map_err(|_| format!("found `{text}`, expected a number"))?;
        Ok(Node::Number(number))
    }

    fn named(&mut self) -> Result<Node, String> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = self.rest.find(|c| !word(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name == "distance" {
            self.rest = rest;
            return Ok(Node::Distance(17));
        }
        let Some(index) = FUNCTIONS.iter().position(|(known, _)| *known == name) else {
            let known: Vec<&str> = FUNCTIONS.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "found `{name}`, expected distance or one of {}",
                known.join(", ")
            ));
        };
        self.rest = rest;
        if !self.take('(') {
            return Err(format!("expected a bracket after `{name}`"));
        }
        let node = self.sum()?;
        self.closed(Node::Function(index, Box::new(node)))
    }
}

#[cfg(test)]
mod tests {
    use super::Expression;

    fn at(text: &str, distance: f64) -> f64 {
        Expression::parse(text).unwrap().at(distance)
    }

    #[test]
    fn operators_bind_as_usual() {
        assert_eq!(at("1 + 2*3 - 4/2", 0.0), 5.0);
        assert_eq!(at("-2^2", 0.0), -4.0);
        assert_eq!(at("2*-3", 0.0), -6.0);
        assert_eq!(at("(1 - 2) - (3 - 4)", 0.0), 0.0);
        assert_eq!(at("1e-3*1E+3", 0.0), 1.0);
    }

    #[test]
    fn the_distance_is_rounded_as_it_was_printed() {
        assert_eq!(at("%g", 123.456789), 123.457);
        assert_eq!(at("(%g - -1000.000000)", 0.5), 1000.5);
        assert_eq!(at("%.17g", 0.1), 0.1);
        assert_eq!(at("distance", 0.123456789), 0.123456789);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "1 +", "exp 3", "exp(1", "%d", "%.99999g", "%", "foo(1)", "1 2", "1..2"] {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
        assert!(Expression::parse(&"(".repeat(100_000)).is_err());
        assert!(Expression::parse(&"-".repeat(100_000)).is_err());
    }
}
