//! Programs as graphs of values.
//!
//! A kernel without loops is a graph of expressions: `if` has become a selection between two values,
//! calls are inlined, loops with constant bounds unrolled. Every expression exists once, so that
//! common subexpressions are found while the graph is made. What is left of loops is a [`Loop`],
//! whose results are nodes as well.

use std::collections::{BTreeSet, HashMap};

use net_kernel::kernel::MAX_AXES;

/// A node of a [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id(pub(crate) u32);

/// What a kernel is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Input {
    /// A variable of the mechanism, by slot, as it was before the kernel.
    Variable(u32),
    /// An ion variable, by its index in the mechanism.
    Ion(u32),
    /// Membrane potential, mV.
    Voltage,
    /// Time, ms.
    Time,
    /// Step, ms.
    Step,
    /// Temperature.
    Celsius,
    /// Area of the compartment, um2.
    Area,
    /// Diameter of the compartment, um.
    Diameter,
    /// A weight of the connection an event comes by.
    Weight(u32),
    /// The flag of an event.
    Flag,
    /// A weight of the connection that `FOR_NETCONS` has come to.
    Peer(u32),
    /// What a pointer refers to.
    Linked(u32),
    /// 1 where the pointer refers to something, else 0.
    Pointing(u32),
    /// Number of spike times given to the instance.
    TrainSize,
}

/// Numbers from a random stream, functions of its ids, the position in it and the mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Draw {
    Word,
    Uniform,
    Exponential,
    Normal,
    /// The position behind the words that a [`Draw::Normal`] uses.
    AfterNormal,
    Poisson,
    AfterPoisson,
}

/// Functions of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Unary {
    Negate,
    Abs,
    Exp,
    /// `exp` of what is usually near 0, the exponent of a decay in one step.
    ExpNearZero,
    Log,
    Log10,
    Sqrt,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Floor,
    Ceil,
    /// `x / (exp(x) - 1)`.
    Exprelr,
    /// A spike time given to the instance, by its index.
    TrainTime,
    /// `1 / x`, where a product with it is not to become a division again.
    Reciprocal,
}

/// Functions of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Remainder,
    Atan2,
    /// The smaller one; NaN if the second is.
    Minimum,
    /// The larger one; NaN if the second is.
    Maximum,
    /// `x / (exp(x) - 1)` of the first; the second is its value except near 0.
    ExprelrGuard,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Compare {
    Less,
    LessEqual,
    Equal,
}

/// A value. Truth values are a kind of their own, see [`Graph::is_truth`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Node {
    /// Bits of a number.
    Number(u64),
    Input(Input),
    /// An unknown of an equation or a variable of a loop.
    Symbol(u32),
    Unary(Unary, Id),
    Binary(Binary, Id, Id),
    /// A truth value.
    Truth(bool),
    Compare(Compare, Id, Id),
    And(Id, Id),
    Or(Id, Id),
    Not(Id),
    /// `if .0 { .1 } else { .2 }` of numbers.
    Select(Id, Id, Id),
    /// The value of table `.0` at an argument.
    Lookup(u32, Id),
    /// The value of function `.0` of [`Graph::functions`]; what it has no argument for is 0.
    Function(u32, [Id; MAX_AXES]),
    /// A random number: of the ids, the position and the mean.
    Draw(Draw, [Id; 5]),
    /// Variable `which` after loop `index`.
    AfterLoop {
        index: u32,
        which: u32,
    },
}

/// A loop whose lanes stop on their own: `while (condition) { variables = next }`.
#[derive(Clone, Debug)]
pub(crate) struct Loop {
    /// Symbol and start of every variable.
    pub(crate) variables: Vec<(u32, Id)>,
    /// Whether to go on, of the symbols.
    pub(crate) condition: Id,
    /// New values, of the symbols; what a lane keeps when it is done is part of them.
    pub(crate) next: Vec<Id>,
}

/// One variable of a `TABLE`: its values at equal distances.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// The routine whose table it is.
    pub(crate) routine: String,
    /// The routine's argument.
    pub(crate) argument: u32,
    /// The variable's value for the argument.
    pub(crate) value: Id,
    /// Ends.
    pub(crate) from: Id,
    pub(crate) to: Id,
    /// Number of intervals.
    pub(crate) n: u32,
}

/// A `FUNCTION_TABLE` that is called.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) n_arguments: usize,
}

/// All values of a mechanism.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    known: HashMap<Node, Id>,
    pub(crate) loops: Vec<Loop>,
    pub(crate) tables: Vec<Table>,
    pub(crate) functions: Vec<Function>,
    n_symbols: u32,
    /// Operations are done as they are written, without algebra that changes roundings.
    pub(super) strict: bool,
    /// Operations on numbers are left as they are.
    pub(super) unfolded: bool,
    /// What they give.
    pub(super) unfolded_numbers: HashMap<Id, f64>,
}

impl Graph {
    /// An empty graph; `strict` and `unfolded` as in [`Settings`](crate::compile::Settings).
    pub(crate) fn new(strict: bool, unfolded: bool) -> Self {
        Graph { strict, unfolded, ..Graph::default() }
    }

    pub(crate) fn node(&self, id: Id) -> Node {
        self.nodes[id.0 as usize]
    }

    /// Number of nodes.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn number(&mut self, value: f64) -> Id {
        self.intern(Node::Number(value.to_bits()))
    }

    pub(crate) fn input(&mut self, input: Input) -> Id {
        self.intern(Node::Input(input))
    }

    /// Whether anything was made of an input.
    pub(crate) fn has_input(&self, input: Input) -> bool {
        self.nodes.contains(&Node::Input(input))
    }

    pub(crate) fn truth(&mut self, value: bool) -> Id {
        self.intern(Node::Truth(value))
    }

    /// A new unknown: its number and its node.
    pub(crate) fn symbol(&mut self) -> (u32, Id) {
        self.n_symbols += 1;
        let symbol = self.n_symbols - 1;
        (symbol, self.intern(Node::Symbol(symbol)))
    }

    /// The node of an unknown.
    pub(crate) fn symbol_node(&mut self, symbol: u32) -> Id {
        self.intern(Node::Symbol(symbol))
    }

    /// Adds a loop; gives the values of its variables afterwards.
    pub(crate) fn add_loop(&mut self, new: Loop) -> Vec<Id> {
        let index = self.loops.len() as u32;
        let n = new.variables.len() as u32;
        self.loops.push(new);
        (0..n).map(|which| self.intern(Node::AfterLoop { index, which })).collect()
    }

    /// Adds a table; gives its number.
    pub(crate) fn add_table(&mut self, new: Table) -> u32 {
        self.tables.push(new);
        self.tables.len() as u32 - 1
    }

    pub(crate) fn lookup(&mut self, table: u32, argument: Id) -> Id {
        self.intern(Node::Lookup(table, argument))
    }

    /// The value of a function that the user gives; of at most [`MAX_AXES`] arguments.
    pub(crate) fn function(&mut self, name: &str, arguments: &[Id]) -> Id {
        let known = self.functions.iter().position(|function| function.name == name);
        let at = known.unwrap_or_else(|| {
            let n_arguments = arguments.len();
            self.functions.push(Function { name: name.to_string(), n_arguments });
            self.functions.len() - 1
        });
        let mut all = [self.number(0.0); MAX_AXES];
        all.iter_mut().zip(arguments).for_each(|(to, from)| *to = *from);
        self.intern(Node::Function(at as u32, all))
    }

    /// A random number of a stream with these ids.
    pub(crate) fn draw(&mut self, draw: Draw, ids: [Id; 3], position: Id, mean: Id) -> Id {
        self.intern(Node::Draw(draw, [ids[0], ids[1], ids[2], position, mean]))
    }

    pub(super) fn intern(&mut self, node: Node) -> Id {
        if let Some(&id) = self.known.get(&node) {
            return id;
        }
        let id = Id(self.nodes.len() as u32);
        self.nodes.push(node);
        self.known.insert(node, id);
        id
    }

    /// The value of a node that is a number.
    pub(crate) fn as_number(&self, id: Id) -> Option<f64> {
        match self.node(id) {
            Node::Number(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// The value of a node that is computed from numbers alone.
    pub(crate) fn known_number(&self, id: Id) -> Option<f64> {
        self.as_number(id).or_else(|| self.unfolded_numbers.get(&id).copied())
    }

    pub(super) fn is(&self, id: Id, value: f64) -> bool {
        self.as_number(id) == Some(value)
    }

    /// Whether the node is a truth value, not a number.
    pub(crate) fn is_truth(&self, id: Id) -> bool {
        matches!(
            self.node(id),
            Node::Truth(_) | Node::Compare(..) | Node::And(..) | Node::Or(..) | Node::Not(_)
        )
    }

    /// The operands of a node; for the result of a loop, what the loop starts from.
    pub(crate) fn operands(&self, id: Id) -> Vec<Id> {
        match self.node(id) {
            Node::Number(_) | Node::Input(_) | Node::Symbol(_) | Node::Truth(_) => vec![],
            Node::Unary(_, a) | Node::Not(a) | Node::Lookup(_, a) => vec![a],
            Node::Binary(_, a, b) | Node::Compare(_, a, b) | Node::And(a, b) | Node::Or(a, b) => {
                vec![a, b]
            }
            Node::Select(a, b, c) => vec![a, b, c],
            Node::Draw(_, operands) => operands.to_vec(),
            Node::Function(_, operands) => operands.to_vec(),
            Node::AfterLoop { index, .. } => {
                let of = &self.loops[index as usize];
                let starts = of.variables.iter().map(|&(_, start)| start);
                starts.chain([of.condition]).chain(of.next.iter().copied()).collect()
            }
        }
    }

    /// All nodes below `roots` with these, operands before what uses them.
    pub(crate) fn below(&self, roots: impl IntoIterator<Item = Id>) -> Vec<Id> {
        let mut order = Vec::new();
        let mut seen = vec![false; self.nodes.len()];
        let mut stack: Vec<(Id, bool)> = roots.into_iter().map(|id| (id, false)).collect();
        stack.reverse();
        while let Some((id, done)) = stack.pop() {
            if done {
                order.push(id);
            } else if !std::mem::replace(&mut seen[id.0 as usize], true) {
                stack.push((id, true));
                stack.extend(self.operands(id).into_iter().rev().map(|operand| (operand, false)));
            }
        }
        order
    }

    /// The node, if it exists.
    pub(crate) fn find(&self, node: Node) -> Option<Id> {
        self.known.get(&node).copied()
    }

    /// Symbols that a value depends on, without those of its own loops.
    pub(crate) fn free_symbols(&self, id: Id) -> BTreeSet<u32> {
        let mut free = BTreeSet::new();
        let mut bound = BTreeSet::new();
        for below in self.below([id]) {
            match self.node(below) {
                Node::Symbol(symbol) => _ = free.insert(symbol),
                Node::AfterLoop { index, .. } => {
                    let variables = &self.loops[index as usize].variables;
                    bound.extend(variables.iter().map(|&(symbol, _)| symbol));
                }
                _ => {}
            }
        }
        &free - &bound
    }

    /// Rebuilds nodes with some of them replaced.
    pub(crate) fn substitute(&mut self, roots: &[Id], by: &HashMap<Id, Id>) -> Vec<Id> {
        let mut new: HashMap<Id, Id> = by.clone();
        let mut loops: HashMap<u32, Vec<Id>> = HashMap::new();
        for id in self.below(roots.iter().copied()) {
            if new.contains_key(&id) {
                continue;
            }
            let replaced = match self.node(id) {
                Node::Unary(op, a) => self.unary(op, new[&a]),
                Node::Binary(op, a, b) => self.binary(op, new[&a], new[&b]),
                Node::Compare(op, a, b) => self.compare(op, new[&a], new[&b]),
                Node::And(a, b) => self.and(new[&a], new[&b]),
                Node::Or(a, b) => self.or(new[&a], new[&b]),
                Node::Not(a) => self.not(new[&a]),
                Node::Lookup(table, a) => self.lookup(table, new[&a]),
                Node::Select(a, b, c) => self.select(new[&a], new[&b], new[&c]),
                Node::Draw(draw, operands) => {
                    self.intern(Node::Draw(draw, operands.map(|operand| new[&operand])))
                }
                Node::Function(at, operands) => {
                    self.intern(Node::Function(at, operands.map(|operand| new[&operand])))
                }
                Node::AfterLoop { index, which } => {
                    if let Some(results) = loops.get(&index) {
                        results[which as usize]
                    } else {
                        let old = self.loops[index as usize].clone();
                        let copy = Loop {
                            variables: old.variables.iter().map(|&(s, id)| (s, new[&id])).collect(),
                            condition: new[&old.condition],
                            next: old.next.iter().map(|id| new[id]).collect(),
                        };
                        let same = copy.condition == old.condition
                            && copy.next == old.next
                            && copy.variables == old.variables;
                        let results = if same {
                            (0..copy.next.len() as u32)
                                .map(|which| self.intern(Node::AfterLoop { index, which }))
                                .collect()
                        } else {
                            self.add_loop(copy)
                        };
                        let result = results[which as usize];
                        loops.insert(index, results);
                        result
                    }
                }
                Node::Number(_) | Node::Input(_) | Node::Symbol(_) | Node::Truth(_) => id,
            };
            new.insert(id, replaced);
        }
        roots.iter().map(|root| new[root]).collect()
    }
}
