//! Operations on values: numbers are folded, what is neutral vanishes, and other algebra is done
//! where it is allowed.

use super::graph::{Binary, Compare, Graph, Id, Node, Unary};

impl Graph {
    /// The number without its fraction.
    pub(crate) fn truncate(&mut self, id: Id) -> Id {
        let zero = self.number(0.0);
        let is_negative = self.compare(Compare::Less, id, zero);
        let (up, down) = (self.unary(Unary::Ceil, id), self.unary(Unary::Floor, id));
        self.select(is_negative, up, down)
    }

    /// The node as a number: truth is 1.
    pub(crate) fn number_of(&mut self, id: Id) -> Id {
        if !self.is_truth(id) {
            return id;
        }
        let (one, zero) = (self.number(1.0), self.number(0.0));
        self.select(id, one, zero)
    }

    /// The node as a truth value: 0 is false.
    pub(crate) fn truth_of(&mut self, id: Id) -> Id {
        if self.is_truth(id) {
            return id;
        }
        let zero = self.number(0.0);
        let equal = self.compare(Compare::Equal, id, zero);
        self.not(equal)
    }

    pub(crate) fn add(&mut self, a: Id, b: Id) -> Id {
        self.binary(Binary::Add, a, b)
    }

    pub(crate) fn subtract(&mut self, a: Id, b: Id) -> Id {
        self.binary(Binary::Subtract, a, b)
    }

    pub(crate) fn multiply(&mut self, a: Id, b: Id) -> Id {
        self.binary(Binary::Multiply, a, b)
    }

    pub(crate) fn divide(&mut self, a: Id, b: Id) -> Id {
        self.binary(Binary::Divide, a, b)
    }

    pub(crate) fn negate(&mut self, a: Id) -> Id {
        self.unary(Unary::Negate, a)
    }

    pub(crate) fn unary(&mut self, op: Unary, a: Id) -> Id {
        if let (Some(x), true) = (self.known_number(a), op != Unary::TrainTime) {
            let value = evaluate_unary(op, x);
            if !self.unfolded || op == Unary::Negate {
                return self.number(value);
            }
            let id = self.intern(Node::Unary(op, a));
            self.unfolded_numbers.insert(id, value);
            return id;
        }
        match (op, self.node(a)) {
            (Unary::Negate, Node::Unary(Unary::Negate, inner)) => inner,
            (Unary::Negate, Node::Binary(Binary::Subtract, b, c)) => self.subtract(c, b),
            _ => self.intern(Node::Unary(op, a)),
        }
    }

    /// An operation; numbers are folded, and 0 and 1 vanish where they are neutral.
    pub(crate) fn binary(&mut self, op: Binary, a: Id, b: Id) -> Id {
        if let (Some(x), Some(y)) = (self.known_number(a), self.known_number(b)) {
            let value = evaluate_binary(op, x, y);
            if !self.unfolded {
                return self.number(value);
            }
            let id = self.intern(Node::Binary(op, a, b));
            self.unfolded_numbers.insert(id, value);
            return id;
        }
        let negated = |id: Id| match self.node(id) {
            Node::Unary(Unary::Negate, inner) => Some(inner),
            _ => None,
        };
        let (minus_a, minus_b) = (negated(a), negated(b));
        match op {
            Binary::Add if self.is(a, 0.0) => return b,
            Binary::Add if self.is(b, 0.0) => return a,
            Binary::Add if minus_b.is_some() => return self.subtract(a, minus_b.unwrap_or(b)),
            Binary::Add if minus_a.is_some() => return self.subtract(b, minus_a.unwrap_or(a)),
            Binary::Subtract if self.is(b, 0.0) => return a,
            Binary::Subtract if self.is(a, 0.0) => return self.negate(b),
            Binary::Subtract if minus_b.is_some() => return self.add(a, minus_b.unwrap_or(b)),
            Binary::Subtract if minus_a.is_some() => {
                let sum = self.add(minus_a.unwrap_or(a), b);
                return self.negate(sum);
            }
            Binary::Multiply if self.is(a, 0.0) || self.is(b, 0.0) => return self.number(0.0),
            Binary::Multiply if self.is(a, 1.0) => return b,
            Binary::Multiply if self.is(b, 1.0) => return a,
            Binary::Multiply if self.is(a, -1.0) => return self.negate(b),
            Binary::Multiply if self.is(b, -1.0) => return self.negate(a),
            Binary::Multiply | Binary::Divide if minus_a.is_some() => {
                let product = self.binary(op, minus_a.unwrap_or(a), b);
                return self.negate(product);
            }
            Binary::Multiply | Binary::Divide if minus_b.is_some() => {
                let product = self.binary(op, a, minus_b.unwrap_or(b));
                return self.negate(product);
            }
            Binary::Divide if self.is(a, 0.0) => return a,
            Binary::Divide if self.is(b, 1.0) => return a,
            Binary::Power if self.is(b, 0.0) => return self.number(1.0),
            Binary::Power if self.is(b, 1.0) => return a,
            _ => {}
        }
        if !self.strict
            && let Some(simpler) = self.simplify(op, a, b)
        {
            return simpler;
        }
        // One order of the operands of what commutes.
        let (a, b) = match op {
            Binary::Add | Binary::Multiply if b < a => (b, a),
            _ => (a, b),
        };
        self.intern(Node::Binary(op, a, b))
    }

    /// Algebra that changes roundings by an ulp: quotients of quotients, powers with small integer
    /// exponents, division by constants.
    fn simplify(&mut self, op: Binary, a: Id, b: Id) -> Option<Id> {
        let quotient = |id: Id| match self.node(id) {
            Node::Binary(Binary::Divide, top, bottom) => Some((top, bottom)),
            _ => None,
        };
        let factors = |id: Id| match self.node(id) {
            Node::Binary(Binary::Multiply, x, y) => Some([x, y]),
            _ => None,
        };
        // The other factor of a product that has this one.
        let other = |id: Id, factor: Id| {
            let [x, y] = factors(id)?;
            if x == factor { Some(y) } else { (y == factor).then_some(x) }
        };
        match op {
            Binary::Divide => {
                // (x y) / (x z)
                if let (Some(above), Some(_)) = (factors(a), factors(b)) {
                    for (common, rest) in [(above[0], above[1]), (above[1], above[0])] {
                        if let Some(bottom) = other(b, common) {
                            return Some(self.divide(rest, bottom));
                        }
                    }
                }
                if let Some((top, bottom)) = quotient(b) {
                    // a / (top / bottom)
                    let product = self.multiply(a, bottom);
                    return Some(self.divide(product, top));
                }
                let constant = self.as_number(b)?;
                let inverse = 1.0 / constant;
                inverse.is_finite().then(|| {
                    let inverse = self.number(inverse);
                    self.multiply(a, inverse)
                })
            }
            Binary::Multiply => {
                // 1/b times a, and products of constants.
                for (x, y) in [(a, b), (b, a)] {
                    if let Some((top, bottom)) = quotient(x) {
                        // (top / bottom) (bottom z)
                        if let Some(rest) = other(y, bottom) {
                            return Some(self.multiply(top, rest));
                        }
                        if self.is(top, 1.0) {
                            return Some(self.divide(y, bottom));
                        }
                    }
                    if let (Some(c), Node::Binary(Binary::Multiply, p, q)) =
                        (self.as_number(x), self.node(y))
                    {
                        let (number, rest) =
                            if self.as_number(p).is_some() { (p, q) } else { (q, p) };
                        if let Some(d) = self.as_number(number) {
                            let product = self.number(c * d);
                            return Some(self.multiply(product, rest));
                        }
                    }
                }
                None
            }
            Binary::Power => {
                let exponent = self.as_number(b)?;
                if exponent == 0.5 {
                    return Some(self.unary(Unary::Sqrt, a));
                }
                if exponent.fract() != 0.0 || !(-4.0..=16.0).contains(&exponent) {
                    return None;
                }
                let power = self.integer_power(a, exponent.abs() as u32);
                if exponent < 0.0 {
                    let one = self.number(1.0);
                    return Some(self.divide(one, power));
                }
                Some(power)
            }
            _ => None,
        }
    }

    pub(crate) fn integer_power(&mut self, a: Id, n: u32) -> Id {
        if n == 1 {
            return a;
        }
        let half = self.integer_power(a, n / 2);
        let square = self.multiply(half, half);
        if n % 2 == 1 { self.multiply(square, a) } else { square }
    }

    pub(crate) fn compare(&mut self, op: Compare, a: Id, b: Id) -> Id {
        if let (Some(x), Some(y)) = (self.known_number(a), self.known_number(b)) {
            return self.truth(match op {
                Compare::Less => x < y,
                Compare::LessEqual => x <= y,
                Compare::Equal => x == y,
            });
        }
        self.intern(Node::Compare(op, a, b))
    }

    pub(crate) fn and(&mut self, a: Id, b: Id) -> Id {
        match (self.node(a), self.node(b)) {
            (Node::Truth(true), _) => b,
            (_, Node::Truth(true)) => a,
            (Node::Truth(false), _) | (_, Node::Truth(false)) => self.truth(false),
            _ => self.intern(Node::And(a, b)),
        }
    }

    pub(crate) fn or(&mut self, a: Id, b: Id) -> Id {
        match (self.node(a), self.node(b)) {
            (Node::Truth(false), _) => b,
            (_, Node::Truth(false)) => a,
            (Node::Truth(true), _) | (_, Node::Truth(true)) => self.truth(true),
            _ => self.intern(Node::Or(a, b)),
        }
    }

    pub(crate) fn not(&mut self, a: Id) -> Id {
        match self.node(a) {
            Node::Truth(value) => self.truth(!value),
            Node::Not(inner) => inner,
            _ => self.intern(Node::Not(a)),
        }
    }

    pub(crate) fn select(&mut self, condition: Id, yes: Id, no: Id) -> Id {
        match self.node(condition) {
            Node::Truth(true) => yes,
            Node::Truth(false) => no,
            _ if yes == no => yes,
            Node::Not(inner) => self.select(inner, no, yes),
            _ => self.intern(Node::Select(condition, yes, no)),
        }
    }
}

pub(crate) fn evaluate_unary(op: Unary, x: f64) -> f64 {
    match op {
        Unary::Negate => -x,
        Unary::Abs => x.abs(),
        Unary::Exp | Unary::ExpNearZero => x.exp(),
        Unary::Log => x.ln(),
        Unary::Log10 => x.log10(),
        Unary::Sqrt => x.sqrt(),
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Tan => x.tan(),
        Unary::Asin => x.asin(),
        Unary::Acos => x.acos(),
        Unary::Atan => x.atan(),
        Unary::Sinh => x.sinh(),
        Unary::Cosh => x.cosh(),
        Unary::Tanh => x.tanh(),
        Unary::Floor => x.floor(),
        Unary::Ceil => x.ceil(),
        Unary::Reciprocal => 1.0 / x,
        // Known to the instance only.
        Unary::TrainTime => f64::NAN,
        Unary::Exprelr => {
            if x == 0.0 {
                1.0
            } else {
                x / x.exp_m1()
            }
        }
    }
}

pub(crate) fn evaluate_binary(op: Binary, x: f64, y: f64) -> f64 {
    match op {
        Binary::Add => x + y,
        Binary::Subtract => x - y,
        Binary::Multiply => x * y,
        Binary::Divide => x / y,
        Binary::Power => x.powf(y),
        Binary::Remainder => x % y,
        Binary::Atan2 => x.atan2(y),
        Binary::Minimum => {
            if x < y {
                x
            } else {
                y
            }
        }
        Binary::Maximum => {
            if x > y {
                x
            } else {
                y
            }
        }
        Binary::ExprelrGuard => evaluate_unary(Unary::Exprelr, x),
    }
}
