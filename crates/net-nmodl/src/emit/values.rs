//! The Rust text of single values.

use super::kernel::{KernelKind, KernelWriter, table_offset};
use crate::lower::graph::{Binary, Compare, Draw, Id, Input, Node, Unary};

impl KernelWriter<'_> {
    /// The value by its name, or written out.
    pub(super) fn text_of(&self, id: Id) -> String {
        match self.graph.node(id) {
            Node::Number(bits) => format!("V::splat({})", number(f64::from_bits(bits))),
            Node::Symbol(symbol) => format!("s{symbol}"),
            Node::Truth(value) => {
                let other = if value { "0.0" } else { "1.0" };
                format!("V::eq(V::splat(0.0), V::splat({other}))")
            }
            _ if self.named.contains(&id) => format!("n{}", id.0),
            _ => self.expression(id),
        }
    }

    fn product(&self, id: Id) -> Option<(String, String)> {
        match self.graph.node(id) {
            Node::Binary(Binary::Multiply, a, b)
                if self.is_fused(id) && !self.named.contains(&id) =>
            {
                Some((self.text_of(a), self.text_of(b)))
            }
            _ => None,
        }
    }

    pub(super) fn expression(&self, id: Id) -> String {
        let t = |id| self.text_of(id);
        match self.graph.node(id) {
            Node::Input(input) => self.input(input),
            Node::Unary(Unary::TrainTime, a) if self.kind == KernelKind::Event => {
                format!("V::splat(args.train_time_at_event(event, ({}).0))", t(a))
            }
            Node::Unary(Unary::TrainTime, a) => format!("args.train_time::<V>(j, {})", t(a)),
            Node::Unary(op, a) => unary(op, &t(a)),
            Node::Binary(Binary::Add, a, b) => match (self.product(a), self.product(b)) {
                (Some((x, y)), _) => format!("({x}).mul_add({y}, {})", t(b)),
                (None, Some((x, y))) => format!("({x}).mul_add({y}, {})", t(a)),
                (None, None) => format!("({} + {})", t(a), t(b)),
            },
            Node::Binary(Binary::Subtract, a, b) => match (self.product(a), self.product(b)) {
                (_, Some((x, y))) => format!("({x}).neg_mul_add({y}, {})", t(a)),
                (Some((x, y)), None) => format!("({x}).mul_add({y}, -({}))", t(b)),
                (None, None) => format!("({} - {})", t(a), t(b)),
            },
            Node::Binary(op, a, b) => {
                let (a, b) = (t(a), t(b));
                match op {
                    Binary::Multiply => format!("({a} * {b})"),
                    Binary::Divide => format!("({a} / {b})"),
                    Binary::Power => format!("pow::<V>({a}, {b})"),
                    Binary::Remainder => format!("({a}).each2({b}, std::ops::Rem::rem)"),
                    Binary::Atan2 => format!("({a}).each2({b}, f64::atan2)"),
                    Binary::Minimum => format!("({a}).min({b})"),
                    Binary::Maximum => format!("({a}).max({b})"),
                    Binary::ExprelrGuard => format!("exprelr_guard::<V>({a}, {b})"),
                    Binary::Add | Binary::Subtract => String::new(),
                }
            }
            Node::Compare(op, a, b) => {
                let op = match op {
                    Compare::Less => "lt",
                    Compare::LessEqual => "le",
                    Compare::Equal => "eq",
                };
                format!("V::{op}({}, {})", t(a), t(b))
            }
            Node::And(a, b) => format!("V::and({}, {})", t(a), t(b)),
            Node::Or(a, b) => format!("V::or({}, {})", t(a), t(b)),
            Node::Not(a) => format!("V::not({})", t(a)),
            Node::Select(c, a, b) => format!("V::select({}, {}, {})", t(c), t(a), t(b)),
            Node::Lookup(table, a) => {
                let (at, n) =
                    (table_offset(self.graph, table), self.graph.tables[table as usize].n);
                let from = if self.kind == KernelKind::Tables { "table" } else { "args.table" };
                format!("look_up::<V>({from}.add({at}), {n}, {})", t(a))
            }
            Node::Function(at, arguments) => {
                let n = self.graph.functions[at as usize].n_arguments;
                let arguments: Vec<String> = arguments[..n].iter().map(|&a| t(a)).collect();
                format!("args.function::<V, {n}>({at}, [{}])", arguments.join(", "))
            }
            Node::Draw(draw, [a, b, c, position, mean]) => {
                let (name, takes_mean) = match draw {
                    Draw::Word => ("random_word", false),
                    Draw::Uniform => ("random_uniform", false),
                    Draw::Exponential => ("random_exponential", false),
                    Draw::Normal => ("random_normal", false),
                    Draw::AfterNormal => ("after_normal", false),
                    Draw::Poisson => ("random_poisson", true),
                    Draw::AfterPoisson => ("after_poisson", true),
                };
                let mean = if takes_mean { format!(", {}", t(mean)) } else { String::new() };
                let ids = format!("[{}, {}, {}]", t(a), t(b), t(c));
                format!("{name}::<V>(args.random_key, {ids}, {}{mean})", t(position))
            }
            Node::Number(_) | Node::Symbol(_) | Node::Truth(_) | Node::AfterLoop { .. } => t(id),
        }
    }

    fn input(&self, input: Input) -> String {
        let event = self.kind == KernelKind::Event;
        let column = |at: Option<&u32>| match at {
            Some(at) if self.kind == KernelKind::Tables => format!("V::load(args.at({at}, 0))"),
            Some(at) if event => format!("V::load(args.at_event({at}, event))"),
            Some(at) => format!("args.get({at}, j)"),
            None => "V::splat(0.0)".to_string(),
        };
        match input {
            Input::Variable(slot) if self.kind == KernelKind::Init => {
                column(self.placed.first_column.get(&slot))
            }
            Input::Variable(slot) => column(self.placed.column.get(&slot)),
            Input::Area => column(self.placed.area.as_ref()),
            Input::Diameter => column(self.placed.diameter.as_ref()),
            Input::Ion(k) if event => format!("V::load(args.ion_at_event({k}, event))"),
            Input::Ion(k) => format!("A::ion(args, {k}, j)"),
            Input::Voltage if event => "V::load(args.v.add(args.position(event)))".to_string(),
            Input::Voltage => "A::read(args, args.v, j)".to_string(),
            Input::Time if event => "V::splat(event.t_ms)".to_string(),
            Input::Time => "V::splat(args.t_ms)".to_string(),
            Input::Step => "V::splat(args.dt_ms)".to_string(),
            Input::Celsius => "V::splat(args.celsius)".to_string(),
            Input::Weight(k) => format!("V::load(event.weights.add({k}))"),
            Input::Flag => "V::splat(event.flag)".to_string(),
            Input::Peer(k) => format!("V::load(peer.add({k}))"),
            Input::Linked(k) if event => {
                format!("V::splat(args.linked_at({k}, event.vector, event.lane))")
            }
            Input::Pointing(k) if event => {
                format!("V::splat(args.pointing_at({k}, event.vector, event.lane))")
            }
            Input::Pointing(k) => format!("args.pointing::<V>({k}, j)"),
            Input::Linked(k) => format!("args.linked::<V>({k}, j)"),
            Input::TrainSize if event => "V::splat(args.train_size_at_event(event))".to_string(),
            Input::TrainSize => "args.train_size::<V>(j)".to_string(),
        }
    }
}

/// The literal of a number.
pub(super) fn number(value: f64) -> String {
    if value.is_nan() {
        "f64::NAN".to_string()
    } else if value.is_infinite() {
        if value > 0.0 { "f64::INFINITY" } else { "f64::NEG_INFINITY" }.to_string()
    } else {
        format!("{value:?}")
    }
}

fn unary(op: Unary, a: &str) -> String {
    let function = match op {
        Unary::Negate => return format!("(-{a})"),
        Unary::Reciprocal => return format!("(V::splat(1.0) / {a})"),
        Unary::Abs => return format!("({a}).abs()"),
        Unary::Sqrt => return format!("({a}).sqrt()"),
        Unary::Floor => return format!("({a}).floor()"),
        Unary::Ceil => return format!("(-((-{a}).floor()))"),
        Unary::Sin | Unary::Cos | Unary::Tan | Unary::Asin | Unary::Acos | Unary::Atan => {
            let name = match op {
                Unary::Sin => "sin",
                Unary::Cos => "cos",
                Unary::Tan => "tan",
                Unary::Asin => "asin",
                Unary::Acos => "acos",
                _ => "atan",
            };
            return format!("({a}).each(f64::{name})");
        }
        Unary::Exp => "exp",
        Unary::ExpNearZero => "exp_near_zero",
        Unary::Log => "log",
        Unary::Log10 => "log10",
        Unary::Sinh => "sinh",
        Unary::Cosh => "cosh",
        Unary::Tanh => "tanh",
        // Written where the instance is known.
        Unary::TrainTime => "",
        Unary::Exprelr => "exprelr",
    };
    format!("{function}::<V>({a})")
}
