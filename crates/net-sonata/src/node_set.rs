//! Node sets: definitions by name, and their evaluation on a population.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use net_io::sonata::Value;
use regex::Regex;

use crate::finding::{Error, Problem, Report, Result};
use crate::json::{Json, join};
use crate::nodes::NodePopulation;
use crate::selection::Selection;

/// Nodes whose attributes are read at once.
const SLAB_NODES: u64 = 1 << 16;
/// Names inside of names; more is refused.
const DEEPEST: usize = 64;

/// What is in a node set.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeSet {
    /// All nodes of all populations, `{}`.
    All,
    /// All nodes of populations.
    Population(Vec<String>),
    /// Node ids, the same for each population.
    NodeIds(Selection),
    /// Gids (Allen: a plain list of numbers).
    Gids(Selection),
    /// Nodes with an attribute for which a test holds. Populations without it contribute none.
    Attribute {
        /// Name; `dynamics_params/x` for `@dynamics:x`.
        name: String,
        /// The test.
        test: Test,
    },
    /// Nodes that are in all of these.
    And(Vec<NodeSet>),
    /// Nodes that are in any of these.
    Or(Vec<NodeSet>),
    /// Another node set.
    Named(String),
}

/// A test of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// One of these numbers.
    Numbers(Vec<f64>),
    /// One of these texts.
    Texts(Vec<String>),
    /// True or false.
    Bool(bool),
    /// A pattern found in the text (`$regex`).
    Regex(String),
    /// Greater (`$gt`).
    Greater(f64),
    /// Less (`$lt`).
    Less(f64),
    /// Greater or equal (`$gte`).
    AtLeast(f64),
    /// Less or equal (`$lte`).
    AtMost(f64),
}

impl NodeSet {
    /// Reads a definition. `numbers_are_gids` allows a plain list of gids.
    pub(crate) fn from_json(
        file: &Path,
        at: &str,
        json: &Json,
        numbers_are_gids: bool,
        report: &mut Report,
    ) -> Option<Self> {
        match json {
            Json::Object(entries) if entries.is_empty() => Some(NodeSet::All),
            Json::Object(entries) => {
                let mut parts = Vec::new();
                let mut complete = true;
                for (key, value) in entries {
                    match read_entry(file, &join(at, key), key, value, report) {
                        Some(part) => parts.extend(part),
                        None => complete = false,
                    }
                }
                complete
                    .then(|| if parts.len() == 1 { parts.remove(0) } else { NodeSet::And(parts) })
            }
            Json::List(values) => {
                let names: Option<Vec<NodeSet>> =
                    values.iter().map(|v| text(v).map(NodeSet::Named)).collect();
                if let Some(names) = names {
                    return Some(NodeSet::Or(names));
                }
                if numbers_are_gids && let Some(ids) = ids(json) {
                    return Some(NodeSet::Gids(ids));
                }
                wrong(file, at, json, "an object, or a list of node sets' names", report)
            }
            Json::Text(name) if name == "*" || name == "all" => Some(NodeSet::All),
            Json::Integer(_) if numbers_are_gids => ids(json).map(NodeSet::Gids),
            other => wrong(file, at, other, "an object, or a list of node sets' names", report),
        }
    }

    fn names<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            NodeSet::Named(name) => found.push(name),
            NodeSet::And(parts) | NodeSet::Or(parts) => {
                parts.iter().for_each(|part| part.names(found));
            }
            _ => {}
        }
    }

    /// The nodes of a population that are in this set. Attributes are read a slab at a time.
    ///
    /// # Errors
    /// [`Error::NodeSet`] where a test does not fit its attribute, [`Error::Unknown`] for a name
    /// that `sets` has not, [`Error::File`] when attributes cannot be read.
    pub fn select(&self, sets: &NodeSets, population: &NodePopulation) -> Result<Selection> {
        let all = || Selection::all(population.len());
        match self {
            NodeSet::All => Ok(all()),
            NodeSet::Population(names) => {
                let named = names.iter().any(|name| name == population.name());
                Ok(if named { all() } else { Selection::default() })
            }
            NodeSet::NodeIds(ids) => Ok(ids.intersection(&all())),
            NodeSet::Gids(gids) => {
                let first = population.first_gid();
                let ids = gids.iter().filter_map(|gid| gid.checked_sub(first));
                Ok(ids.collect::<Selection>().intersection(&all()))
            }
            NodeSet::Attribute { name, test } => test.select(name, population),
            NodeSet::And(parts) => {
                // Cheap parts first: attributes need not be read for what is excluded anyway.
                let mut result = all();
                let by_cost = |cheap| parts.iter().filter(move |p| p.is_cheap() == cheap);
                for part in by_cost(true).chain(by_cost(false)) {
                    if result.is_empty() {
                        break;
                    }
                    result = result.intersection(&part.select(sets, population)?);
                }
                Ok(result)
            }
            NodeSet::Or(parts) => parts.iter().try_fold(Selection::default(), |result, part| {
                Ok(result.union(&part.select(sets, population)?))
            }),
            NodeSet::Named(name) => sets.get(name)?.select(sets, population),
        }
    }

    fn is_cheap(&self) -> bool {
        matches!(self, NodeSet::Population(_) | NodeSet::NodeIds(_) | NodeSet::Gids(_))
    }
}

fn read_entry(
    file: &Path,
    at: &str,
    key: &str,
    value: &Json,
    report: &mut Report,
) -> Option<Option<NodeSet>> {
    match key {
        "population" => match texts(value) {
            Some(names) => Some(Some(NodeSet::Population(names))),
            None => wrong(file, at, value, "a population's name or a list of these", report),
        },
        "node_id" | "node_ids" => match ids(value) {
            Some(ids) => Some(Some(NodeSet::NodeIds(ids))),
            None => wrong(file, at, value, "a node id or a list of these", report),
        },
        "gid" | "gids" => match ids(value) {
            Some(ids) => Some(Some(NodeSet::Gids(ids))),
            None => wrong(file, at, value, "a gid or a list of these", report),
        },
        "$and" | "$or" => {
            let Json::List(values) = value else {
                return wrong(file, at, value, "a list of definitions or names", report);
            };
            let mut parts = Vec::new();
            for (index, value) in values.iter().enumerate() {
                let at = format!("{at}[{index}]");
                parts.push(match value {
                    Json::Text(name) => Some(NodeSet::Named(name.clone())),
                    other => NodeSet::from_json(file, &at, other, false, report),
                });
            }
            let parts: Vec<NodeSet> = parts.into_iter().collect::<Option<_>>()?;
            Some(Some(if key == "$and" { NodeSet::And(parts) } else { NodeSet::Or(parts) }))
        }
        _ if key.starts_with('$') => {
            let found = format!("operator {key}");
            let expected = "an attribute, population, node_id, $and or $or".to_owned();
            report.error(file, at, Problem::Value { found, expected });
            None
        }
        _ => {
            let name = match key.strip_prefix("@dynamics:") {
                Some(name) => format!("dynamics_params/{name}"),
                None => key.to_owned(),
            };
            let tests = read_tests(file, at, value, report)?;
            let part = |test| NodeSet::Attribute { name: name.clone(), test };
            let mut parts: Vec<NodeSet> = tests.into_iter().map(part).collect();
            Some(Some(if parts.len() == 1 { parts.remove(0) } else { NodeSet::And(parts) }))
        }
    }
}

fn read_tests(file: &Path, at: &str, value: &Json, report: &mut Report) -> Option<Vec<Test>> {
    let expected = "a number, a text, a list of either, or an object of operators";
    match value {
        Json::Bool(value) => Some(vec![Test::Bool(*value)]),
        Json::Object(operators) if !operators.is_empty() => {
            let mut tests = Vec::new();
            for (operator, operand) in operators {
                tests.push(read_operator(file, &join(at, operator), operator, operand, report));
            }
            tests.into_iter().collect()
        }
        other => match (numbers(other), texts(other)) {
            (Some(numbers), _) => Some(vec![Test::Numbers(numbers)]),
            (None, Some(texts)) => Some(vec![Test::Texts(texts)]),
            (None, None) => wrong(file, at, other, expected, report),
        },
    }
}

fn read_operator(
    file: &Path,
    at: &str,
    operator: &str,
    operand: &Json,
    report: &mut Report,
) -> Option<Test> {
    let number = |make: fn(f64) -> Test, report: &mut Report| match operand.as_f64() {
        Some(value) => Some(make(value)),
        None => wrong(file, at, operand, "a number", report),
    };
    match operator {
        "$gt" => number(Test::Greater, report),
        "$lt" => number(Test::Less, report),
        "$gte" => number(Test::AtLeast, report),
        "$lte" => number(Test::AtMost, report),
        "$in" | "$eq" => match (numbers(operand), texts(operand)) {
            (Some(numbers), _) => Some(Test::Numbers(numbers)),
            (None, Some(texts)) => Some(Test::Texts(texts)),
            (None, None) => wrong(file, at, operand, "numbers or texts", report),
        },
        "$regex" => match operand {
            Json::Text(pattern) => match Regex::new(pattern) {
                Ok(_) => Some(Test::Regex(pattern.clone())),
                Err(error) => {
                    let found = format!("{pattern:?}");
                    // The library's message has several lines; the last says what is wrong.
                    let reason = error.to_string();
                    let reason = reason.lines().last().unwrap_or_default().trim().to_owned();
                    let expected = format!("a regular expression ({reason})");
                    report.error(file, at, Problem::Value { found, expected });
                    None
                }
            },
            other => wrong(file, at, other, "a regular expression", report),
        },
        _ => {
            let found = format!("operator {operator}");
            let expected = "one of: $regex, $gt, $lt, $gte, $lte, $in, $eq".to_owned();
            report.error(file, at, Problem::Value { found, expected });
            None
        }
    }
}

fn wrong<T>(file: &Path, at: &str, json: &Json, expected: &str, report: &mut Report) -> Option<T> {
    let problem = Problem::Value { found: json.describe(), expected: expected.to_owned() };
    report.error(file, at, problem);
    None
}

fn text(json: &Json) -> Option<String> {
    match json {
        Json::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// One value, or a list that is not empty.
fn one_or_more<T>(json: &Json, read: impl Fn(&Json) -> Option<T>) -> Option<Vec<T>> {
    match json {
        Json::List(values) if values.is_empty() => None,
        Json::List(values) => values.iter().map(read).collect(),
        other => read(other).map(|value| vec![value]),
    }
}

fn texts(json: &Json) -> Option<Vec<String>> {
    one_or_more(json, text)
}

fn numbers(json: &Json) -> Option<Vec<f64>> {
    one_or_more(json, Json::as_f64)
}

fn ids(json: &Json) -> Option<Selection> {
    // A list without ids selects nothing, which is allowed.
    if matches!(json, Json::List(values) if values.is_empty()) {
        return Some(Selection::default());
    }
    let id = |json: &Json| match json {
        Json::Integer(value) => u64::try_from(*value).ok().filter(|id| *id < u64::MAX / 2),
        _ => None,
    };
    one_or_more(json, id).map(Selection::from_ids)
}

impl Test {
    fn select(&self, attribute: &str, population: &NodePopulation) -> Result<Selection> {
        if !population.has_attribute(attribute) {
            return Ok(Selection::default());
        }
        self.check_kind(attribute, population)?;
        let regex = match self {
            Test::Regex(pattern) => Regex::new(pattern).ok(),
            _ => None,
        };
        let mut selected = Vec::new();
        for slab in Selection::all(population.len()).pieces(SLAB_NODES) {
            let values = population.values(attribute, std::slice::from_ref(&slab))?;
            let matching = slab.zip(values).filter(|(_, value)| self.holds(value, regex.as_ref()));
            selected.push(matching.map(|(node, _)| node).collect::<Selection>());
        }
        Ok(selected.iter().fold(Selection::default(), |all, slab| all.union(slab)))
    }

    /// Attributes of a file have one kind; types tables may mix.
    fn check_kind(&self, attribute: &str, population: &NodePopulation) -> Result<()> {
        let table = population.reader().attributes();
        let failure = |problem| {
            let (node_set, population) = (attribute.to_owned(), population.name().to_owned());
            let problem = Box::new(problem);
            Err(Error::NodeSet { node_set, population, problem })
        };
        if !table.has(attribute) {
            return Ok(());
        }
        let mismatch = |found, expected| Problem::TestKind {
            attribute: attribute.to_owned(),
            found,
            expected,
        };
        let is_text = table.is_text(attribute);
        match self {
            Test::Texts(_) | Test::Regex(_) if !is_text => failure(mismatch("a number", "text")),
            Test::Texts(_) | Test::Regex(_) => Ok(()),
            _ if is_text => failure(mismatch("text", "numbers")),
            Test::Numbers(_) if table.is_float(attribute) => {
                failure(Problem::FloatEquality { attribute: attribute.to_owned() })
            }
            _ => Ok(()),
        }
    }

    fn holds(&self, value: &Value, regex: Option<&Regex>) -> bool {
        let number = match value {
            Value::Integer(value) => Some(*value as f64),
            Value::Float(value) => Some(*value),
            Value::Missing | Value::Text(_) => None,
        };
        let text = match value {
            Value::Text(text) => Some(text.as_ref()),
            _ => None,
        };
        match self {
            Test::Numbers(numbers) => number.is_some_and(|value| numbers.contains(&value)),
            Test::Texts(texts) => text.is_some_and(|text| texts.iter().any(|one| one == text)),
            Test::Bool(expected) => number.is_some_and(|value| (value != 0.0) == *expected),
            Test::Regex(_) => text.zip(regex).is_some_and(|(text, regex)| regex.is_match(text)),
            Test::Greater(bound) => number.is_some_and(|value| value > *bound),
            Test::Less(bound) => number.is_some_and(|value| value < *bound),
            Test::AtLeast(bound) => number.is_some_and(|value| value >= *bound),
            Test::AtMost(bound) => number.is_some_and(|value| value <= *bound),
        }
    }
}

/// Node sets by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeSets {
    sets: BTreeMap<String, Definition>,
}

#[derive(Debug, Clone, PartialEq)]
struct Definition {
    set: NodeSet,
    file: PathBuf,
    at: String,
}

impl NodeSets {
    /// Reads a node sets file.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong.
    pub fn load(path: &Path) -> Result<Self> {
        let mut report = Report::default();
        let mut sets = crate::json::read(path, &mut report)
            .map(|json| Self::from_json(path, "", &json, false, &mut report))
            .unwrap_or_default();
        sets.check_names(&mut report);
        if report.is_ok() { Ok(sets) } else { Err(Error::Invalid(report)) }
    }

    /// Reads definitions; `numbers_are_gids` as in [`NodeSet::from_json`].
    pub(crate) fn from_json(
        file: &Path,
        at: &str,
        json: &Json,
        numbers_are_gids: bool,
        report: &mut Report,
    ) -> Self {
        let mut result = Self::default();
        let Json::Object(entries) = json else {
            wrong::<()>(file, at, json, "an object of node sets by name", report);
            return result;
        };
        for (name, json) in entries {
            let at = join(at, name);
            if let Some(set) = NodeSet::from_json(file, &at, json, numbers_are_gids, report) {
                result.sets.insert(name.clone(), Definition { set, file: file.to_owned(), at });
            }
        }
        result
    }

    /// Adds other sets, which win where names are the same.
    pub(crate) fn extend(&mut self, other: Self) {
        self.sets.extend(other.sets);
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sets.keys().map(String::as_str)
    }

    /// A node set.
    ///
    /// # Errors
    /// [`Error::Unknown`]
    pub fn get(&self, name: &str) -> Result<&NodeSet> {
        self.sets.get(name).map(|definition| &definition.set).ok_or_else(|| Error::Unknown {
            what: "node set",
            name: name.to_owned(),
            known: self.names().map(str::to_owned).collect(),
        })
    }

    /// Reports names inside of node sets that do not exist, and circles.
    pub(crate) fn check_names(&mut self, report: &mut Report) {
        let n_before = report.findings.len();
        self.report_names(report);
        // What is in a circle or too deep must not be walked into again.
        for finding in &report.findings[n_before..] {
            if matches!(
                finding.problem,
                Problem::CircularNodeSet { .. } | Problem::Unsupported { .. }
            ) {
                self.sets.retain(|_, definition| {
                    definition.at != finding.at || definition.file != finding.file
                });
            }
        }
    }

    fn report_names(&self, report: &mut Report) {
        for definition in self.sets.values() {
            let mut names = Vec::new();
            definition.set.names(&mut names);
            for name in names {
                if !self.sets.contains_key(name) {
                    let known = self.names().map(str::to_owned).collect();
                    let name = name.to_owned();
                    let problem = Problem::UnknownName { what: "node set", name, known };
                    report.error(&definition.file, &definition.at, problem);
                }
            }
        }
        let mut done = BTreeMap::new();
        for name in self.sets.keys() {
            self.follow(name, &mut Vec::new(), &mut done, report);
        }
    }

    /// Walks into a set; `done` holds the depth below sets that are already walked.
    fn follow<'a>(
        &'a self,
        name: &'a str,
        chain: &mut Vec<&'a str>,
        done: &mut BTreeMap<&'a str, usize>,
        report: &mut Report,
    ) -> usize {
        let Some(definition) = self.sets.get(name) else { return 0 };
        if let Some(depth) = done.get(name) {
            return *depth;
        }
        if let Some(start) = chain.iter().position(|earlier| *earlier == name) {
            let mut circle: Vec<String> = chain[start..].iter().map(|s| (*s).to_owned()).collect();
            circle.push(name.to_owned());
            let problem = Problem::CircularNodeSet { chain: circle };
            report.error(&definition.file, &definition.at, problem);
            return 0;
        }
        chain.push(name);
        let mut names = Vec::new();
        definition.set.names(&mut names);
        let mut depth = 1;
        if chain.len() > DEEPEST {
            depth = DEEPEST + 1;
        } else {
            for inner in names {
                depth = depth.max(1 + self.follow(inner, chain, done, report));
            }
        }
        chain.pop();
        if depth > DEEPEST && chain.is_empty() {
            let what = format!("a node set nested more than {DEEPEST} deep");
            report.error(&definition.file, &definition.at, Problem::Unsupported { what });
        }
        done.insert(name, depth);
        depth
    }
}
