//! Derivatives and affine splits of values.

use std::collections::{HashMap, HashSet};

use super::graph::{Binary, Graph, Id, Loop, Node, Unary};

/// `scale * (slope x + constant)`, where none of the three depends on x.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Affine {
    pub(crate) slope: Id,
    pub(crate) constant: Id,
    /// A divisor of the whole, 1 if there is none.
    pub(crate) divisor: Id,
}

impl Graph {
    /// Splits a value into an affine function of `x`, or `None` if it is not one by its form.
    ///
    /// A common divisor is kept apart, so that `(minf - m) / tau` has steady state `minf` and not
    /// `(minf / tau) / (1 / tau)`.
    pub(crate) fn affine(&mut self, id: Id, x: Id) -> Option<Affine> {
        let mut known: HashMap<Id, Option<Affine>> = HashMap::new();
        let order = self.below([id]);
        let mut moving: HashSet<Id> = HashSet::new();
        for at in order {
            if at == x || self.operands(at).iter().any(|operand| moving.contains(operand)) {
                moving.insert(at);
                let split = self.split(at, x, &known);
                known.insert(at, split);
            }
        }
        self.split_of(id, &known)
    }

    /// The split of an operand: what is not in `known` does not depend on x.
    fn split_of(&mut self, id: Id, known: &HashMap<Id, Option<Affine>>) -> Option<Affine> {
        let (zero, one) = (self.number(0.0), self.number(1.0));
        let constant = Affine { slope: zero, constant: id, divisor: one };
        known.get(&id).copied().unwrap_or(Some(constant))
    }

    /// The split of a value that depends on x.
    fn split(&mut self, id: Id, x: Id, known: &HashMap<Id, Option<Affine>>) -> Option<Affine> {
        let (zero, one) = (self.number(0.0), self.number(1.0));
        if id == x {
            return Some(Affine { slope: one, constant: zero, divisor: one });
        }
        Some(match self.node(id) {
            Node::Unary(Unary::Negate, a) => {
                let a = self.split_of(a, known)?;
                Affine { slope: self.negate(a.slope), constant: self.negate(a.constant), ..a }
            }
            Node::Binary(op @ (Binary::Add | Binary::Subtract), a, b) => {
                let (a, b) = (self.split_of(a, known)?, self.split_of(b, known)?);
                let (a, b) = if a.divisor == b.divisor {
                    (a, b)
                } else {
                    (self.without_divisor(a), self.without_divisor(b))
                };
                Affine {
                    slope: self.binary(op, a.slope, b.slope),
                    constant: self.binary(op, a.constant, b.constant),
                    divisor: a.divisor,
                }
            }
            Node::Binary(Binary::Multiply, a, b) => {
                let (split, factor) = match (known.contains_key(&a), known.contains_key(&b)) {
                    (true, false) => (a, b),
                    (false, true) => (b, a),
                    _ => return None,
                };
                let split = self.split_of(split, known)?;
                Affine {
                    slope: self.multiply(split.slope, factor),
                    constant: self.multiply(split.constant, factor),
                    divisor: split.divisor,
                }
            }
            Node::Binary(Binary::Divide, a, b) if !known.contains_key(&b) => {
                let a = self.split_of(a, known)?;
                Affine { divisor: self.multiply(a.divisor, b), ..a }
            }
            Node::Select(condition, yes, no) if !known.contains_key(&condition) => {
                let (yes, no) = (self.split_of(yes, known)?, self.split_of(no, known)?);
                let (yes, no) = (self.without_divisor(yes), self.without_divisor(no));
                Affine {
                    slope: self.select(condition, yes.slope, no.slope),
                    constant: self.select(condition, yes.constant, no.constant),
                    divisor: one,
                }
            }
            _ => return None,
        })
    }

    fn without_divisor(&mut self, split: Affine) -> Affine {
        let divisor = self.number(1.0);
        Affine {
            slope: self.divide(split.slope, split.divisor),
            constant: self.divide(split.constant, split.divisor),
            divisor,
        }
    }

    /// Slope and constant without a common divisor.
    pub(crate) fn slope_and_constant(&mut self, id: Id, x: Id) -> Option<(Id, Id)> {
        let split = self.affine(id, x)?;
        let split = self.without_divisor(split);
        Some((split.slope, split.constant))
    }

    /// The derivative by `x`, or `None` where a table or a random number depends on it. At the edge of a case
    /// distinction it is that of the case.
    pub(crate) fn derivative(&mut self, id: Id, x: Id) -> Option<Id> {
        let (zero, one) = (self.number(0.0), self.number(1.0));
        let mut known: HashMap<Id, Id> = HashMap::new();
        let mut loops: HashMap<u32, Vec<Id>> = HashMap::new();
        for at in self.below([id]) {
            if at == x {
                known.insert(at, one);
                continue;
            }
            let operands = self.operands(at);
            if operands.iter().all(|operand| known[operand] == zero) {
                known.insert(at, zero);
                continue;
            }
            let derivative = match self.node(at) {
                Node::Unary(op, a) => {
                    let inner = known[&a];
                    let outer = self.unary_derivative(op, at, a);
                    self.multiply(outer, inner)
                }
                Node::Binary(op, a, b) => {
                    let (da, db) = (known[&a], known[&b]);
                    self.binary_derivative(op, at, (a, da), (b, db))?
                }
                Node::Select(condition, a, b) => self.select(condition, known[&a], known[&b]),
                // Truth values change at points only.
                Node::Compare(..) | Node::And(..) | Node::Or(..) | Node::Not(_) => zero,
                Node::AfterLoop { index, which } => {
                    let slopes = match loops.get(&index) {
                        Some(slopes) => slopes,
                        None => {
                            let slopes = self.loop_derivative(index, x, &known)?;
                            loops.entry(index).or_insert(slopes)
                        }
                    };
                    slopes[which as usize]
                }
                Node::Lookup(..) | Node::Function(..) | Node::Draw(..) => return None,
                Node::Number(_) | Node::Input(_) | Node::Symbol(_) | Node::Truth(_) => zero,
            };
            known.insert(at, derivative);
        }
        Some(known[&id])
    }

    /// The derivatives of the variables of a loop, by a loop that carries them along: `starts` has
    /// those of what it starts from.
    fn loop_derivative(&mut self, index: u32, x: Id, starts: &HashMap<Id, Id>) -> Option<Vec<Id>> {
        let of = self.loops[index as usize].clone();
        let slopes: Vec<(u32, Id)> = of.variables.iter().map(|_| self.symbol()).collect();
        let (mut variables, mut next) = (of.variables.clone(), of.next.clone());
        for (&(slope, _), (_, start)) in slopes.iter().zip(&of.variables) {
            variables.push((slope, starts[start]));
        }
        for &value in &of.next {
            let mut total = self.derivative(value, x)?;
            for (&(symbol, _), &(_, slope)) in of.variables.iter().zip(&slopes) {
                let symbol = self.symbol_node(symbol);
                let partial = self.derivative(value, symbol)?;
                let part = self.multiply(partial, slope);
                total = self.add(total, part);
            }
            next.push(total);
        }
        let n = of.variables.len();
        Some(self.add_loop(Loop { variables, condition: of.condition, next }).split_off(n))
    }

    fn binary_derivative(
        &mut self,
        op: Binary,
        at: Id,
        (a, da): (Id, Id),
        (b, db): (Id, Id),
    ) -> Option<Id> {
        Some(match op {
            Binary::Add | Binary::Subtract => self.binary(op, da, db),
            Binary::Multiply => {
                let (left, right) = (self.multiply(da, b), self.multiply(a, db));
                self.add(left, right)
            }
            Binary::Divide => {
                // (a/b)' = (a' - (a/b) b') / b
                let shift = self.multiply(at, db);
                let top = self.subtract(da, shift);
                self.divide(top, b)
            }
            Binary::Power => {
                // (a^b)' = b a^(b-1) a' + a^b ln(a) b'
                let one = self.number(1.0);
                let lower = self.subtract(b, one);
                let power = self.binary(Binary::Power, a, lower);
                let outer = self.multiply(b, power);
                let base = self.multiply(outer, da);
                if self.as_number(db) == Some(0.0) {
                    base
                } else {
                    let log = self.unary(Unary::Log, a);
                    let outer = self.multiply(at, log);
                    let exponent = self.multiply(outer, db);
                    self.add(base, exponent)
                }
            }
            // fmod jumps at points only, if the divisor is constant.
            Binary::Remainder if self.as_number(db) == Some(0.0) => da,
            // These come in after derivatives have been taken.
            Binary::Remainder | Binary::Minimum | Binary::Maximum | Binary::ExprelrGuard => {
                return None;
            }
            Binary::Atan2 => {
                let (x2, y2) = (self.multiply(b, b), self.multiply(a, a));
                let bottom = self.add(x2, y2);
                let (left, right) = (self.multiply(b, da), self.multiply(a, db));
                let top = self.subtract(left, right);
                self.divide(top, bottom)
            }
        })
    }

    /// f'(a), where `at` is f(a).
    fn unary_derivative(&mut self, op: Unary, at: Id, a: Id) -> Id {
        let (zero, one) = (self.number(0.0), self.number(1.0));
        match op {
            Unary::Negate => self.number(-1.0),
            Unary::Abs => {
                let negative = self.compare(super::graph::Compare::Less, a, zero);
                let minus = self.number(-1.0);
                self.select(negative, minus, one)
            }
            Unary::Exp | Unary::ExpNearZero => at,
            Unary::Log => self.divide(one, a),
            Unary::Log10 => {
                let c = self.number(std::f64::consts::LOG10_E);
                self.divide(c, a)
            }
            Unary::Sqrt => {
                let half = self.number(0.5);
                self.divide(half, at)
            }
            Unary::Sin => self.unary(Unary::Cos, a),
            Unary::Cos => {
                let sine = self.unary(Unary::Sin, a);
                self.negate(sine)
            }
            Unary::Tan => {
                let square = self.multiply(at, at);
                self.add(one, square)
            }
            Unary::Asin | Unary::Acos => {
                let square = self.multiply(a, a);
                let rest = self.subtract(one, square);
                let root = self.unary(Unary::Sqrt, rest);
                let derivative = self.divide(one, root);
                if op == Unary::Asin { derivative } else { self.negate(derivative) }
            }
            Unary::Atan => {
                let square = self.multiply(a, a);
                let bottom = self.add(one, square);
                self.divide(one, bottom)
            }
            Unary::Sinh => self.unary(Unary::Cosh, a),
            Unary::Cosh => self.unary(Unary::Sinh, a),
            Unary::Tanh => {
                let square = self.multiply(at, at);
                self.subtract(one, square)
            }
            Unary::Floor | Unary::Ceil | Unary::TrainTime => zero,
            Unary::Reciprocal => {
                let square = self.multiply(at, at);
                self.negate(square)
            }
            Unary::Exprelr => self.exprelr_derivative(at, a),
        }
    }

    /// f = x/(e^x - 1): f' = f (1 - f - x) / x, and -1/2 + x/6 near 0.
    fn exprelr_derivative(&mut self, f: Id, x: Id) -> Id {
        let one = self.number(1.0);
        let rest = self.subtract(one, f);
        let rest = self.subtract(rest, x);
        let top = self.multiply(f, rest);
        let far = self.divide(top, x);
        let (sixth, half) = (self.number(1.0 / 6.0), self.number(0.5));
        let slope = self.multiply(x, sixth);
        let near = self.subtract(slope, half);
        let size = self.unary(Unary::Abs, x);
        let limit = self.number(1e-4);
        let is_near = self.compare(super::graph::Compare::Less, size, limit);
        self.select(is_near, near, far)
    }
}

#[cfg(test)]
mod tests {
    use super::super::algebra::{evaluate_binary, evaluate_unary};
    use super::super::graph::{Compare, Input};
    use super::*;

    /// The value of a graph whose only input is the potential.
    fn value(graph: &Graph, id: Id, v: f64) -> f64 {
        let mut known: HashMap<Id, f64> = HashMap::new();
        for at in graph.below([id]) {
            let result = match graph.node(at) {
                Node::Number(bits) => f64::from_bits(bits),
                Node::Unary(op, a) => evaluate_unary(op, known[&a]),
                Node::Binary(op, a, b) => evaluate_binary(op, known[&a], known[&b]),
                Node::Compare(Compare::Less, a, b) => f64::from(known[&a] < known[&b]),
                Node::Select(c, yes, no) => known[if known[&c] == 1.0 { &yes } else { &no }],
                _ => v,
            };
            known.insert(at, result);
        }
        known[&id]
    }

    #[test]
    fn a_relaxation_has_its_steady_state_without_a_division() {
        let mut graph = Graph::new(true, false);
        let (_, m) = graph.symbol();
        let (steady, tau) = (graph.input(Input::Voltage), graph.input(Input::Celsius));
        let difference = graph.subtract(steady, m);
        let rate = graph.divide(difference, tau);
        let split = graph.affine(rate, m).unwrap();
        assert_eq!(graph.as_number(split.slope), Some(-1.0));
        assert_eq!((split.constant, split.divisor), (steady, tau));
    }

    #[test]
    fn what_is_not_linear_by_its_form_is_not_split() {
        let mut graph = Graph::new(false, false);
        let v = graph.input(Input::Voltage);
        let square = graph.multiply(v, v);
        assert!(graph.affine(square, v).is_none());
        let one = graph.number(1.0);
        let inverse = graph.divide(one, v);
        assert!(graph.affine(inverse, v).is_none());
    }

    #[test]
    fn derivatives_are_those_of_finite_differences() {
        let mut graph = Graph::new(false, false);
        let v = graph.input(Input::Voltage);
        let (c, d) = (graph.number(0.3), graph.number(2.5));
        let scaled = graph.multiply(c, v);
        let shifted = graph.add(scaled, d);
        let functions = [
            Unary::Exp,
            Unary::Log,
            Unary::Log10,
            Unary::Sqrt,
            Unary::Sin,
            Unary::Cos,
            Unary::Tan,
            Unary::Atan,
            Unary::Sinh,
            Unary::Cosh,
            Unary::Tanh,
            Unary::Exprelr,
            Unary::Reciprocal,
            Unary::Abs,
        ];
        let mut values: Vec<Id> = functions.map(|op| graph.unary(op, shifted)).to_vec();
        for op in [Binary::Add, Binary::Subtract, Binary::Multiply, Binary::Divide, Binary::Power] {
            let square = graph.multiply(shifted, v);
            values.push(graph.binary(op, shifted, square));
        }
        for (k, id) in values.into_iter().enumerate() {
            let derivative = graph.derivative(id, v).unwrap();
            for at in [0.2, 0.7, 1.9] {
                let h = 1e-6;
                let numeric = (value(&graph, id, at + h) - value(&graph, id, at - h)) / (2.0 * h);
                let exact = value(&graph, derivative, at);
                let error = (numeric - exact).abs();
                assert!(
                    error < 1e-7 * (1.0 + exact.abs()),
                    "function {k} at {at}: {exact}, {numeric}"
                );
            }
        }
    }
}
