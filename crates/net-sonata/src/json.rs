//! JSON with its order and its duplicates, read key by key so that every mistake is found at once.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::finding::{Problem, Report};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number written without fraction or exponent that fits.
    Integer(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// Keys and values in the file's order; a key may occur twice.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Json::Integer(value) => Some(*value as f64),
            Json::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a key of an object, the last if there are several; `null` counts as absent.
    pub(crate) fn key(&self, key: &str) -> Option<&Json> {
        let Json::Object(entries) = self else { return None };
        let found = entries.iter().rev().find(|(name, _)| name == key);
        found.map(|(_, value)| value).filter(|value| **value != Json::Null)
    }

    /// The value as it is shown in a message.
    pub(crate) fn describe(&self) -> String {
        match self {
            Json::Null => "null".to_owned(),
            Json::Bool(value) => value.to_string(),
            Json::Integer(value) => value.to_string(),
            Json::Float(value) => value.to_string(),
            Json::Text(value) => format!("{value:?}"),
            Json::List(values) => format!("a list of {}", values.len()),
            Json::Object(entries) => format!("an object of {} keys", entries.len()),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(i64::try_from(value).map_or(Json::Float(value as f64), Json::Integer))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Float(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_element()? {
            values.push(value);
        }
        Ok(Json::List(values))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Json::Object(entries))
    }
}

/// A JSON file, with every duplicate key already reported.
pub(crate) fn read(path: &Path, report: &mut Report) -> Option<Json> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let path_of = path.to_owned();
            report.error(path, "", Problem::NotThere { what: "the file", path: path_of });
            return None;
        }
        Err(error) => {
            report.error(path, "", Problem::Unreadable(error.to_string()));
            return None;
        }
    };
    match serde_json::from_str::<Json>(&text) {
        Ok(json) => {
            report_duplicates(path, "", &json, report);
            Some(json)
        }
        Err(error) => {
            report.error(path, "", Problem::Syntax(error.to_string()));
            None
        }
    }
}

fn report_duplicates(file: &Path, at: &str, json: &Json, report: &mut Report) {
    match json {
        Json::Object(entries) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                if entries[..index].iter().any(|(earlier, _)| earlier == key) {
                    report.error(file, join(at, key), Problem::DuplicateKey);
                }
                report_duplicates(file, &join(at, key), value, report);
            }
        }
        Json::List(values) => {
            for (index, value) in values.iter().enumerate() {
                report_duplicates(file, &format!("{at}[{index}]"), value, report);
            }
        }
        _ => {}
    }
}

/// The path of a key in an object.
pub(crate) fn join(at: &str, key: &str) -> String {
    if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") }
}

/// What all objects of one file share: where mistakes go and how paths are read.
pub(crate) struct Context<'a> {
    pub(crate) file: &'a Path,
    pub(crate) report: &'a RefCell<Report>,
    pub(crate) manifest: &'a crate::config::Manifest,
}

/// An object that is read key by key. A mistake is reported and gives `None` or the default, so
/// that reading goes on; keys that nobody asked for are reported by [`finish`](Self::finish).
pub(crate) struct Object<'a> {
    context: &'a Context<'a>,
    at: String,
    entries: &'a [(String, Json)],
    used: Vec<Cell<bool>>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Object<'a> {
    /// Reads `json` as an object; reports and gives `None` if it is none.
    pub(crate) fn new(context: &'a Context<'a>, at: String, json: &'a Json) -> Option<Self> {
        match json {
            Json::Object(entries) => Some(Self {
                context,
                at,
                entries,
                used: vec![Cell::new(false); entries.len()],
                asked: RefCell::default(),
            }),
            other => {
                let expected = "an object".to_owned();
                let problem = Problem::Value { found: other.describe(), expected };
                context.report.borrow_mut().error(context.file, at, problem);
                None
            }
        }
    }

    pub(crate) fn at(&self, key: &str) -> String {
        join(&self.at, key)
    }

    pub(crate) fn error(&self, key: &str, problem: Problem) {
        self.context.report.borrow_mut().error(self.context.file, self.at(key), problem);
    }

    pub(crate) fn warning(&self, key: &str, problem: Problem) {
        self.context.report.borrow_mut().warning(self.context.file, self.at(key), problem);
    }

    /// The file that the object is in.
    pub(crate) fn file(&self) -> &'a Path {
        self.context.file
    }

    /// Adds what was found elsewhere.
    pub(crate) fn merge(&self, report: Report) {
        self.context.report.borrow_mut().findings.extend(report.findings);
    }

    fn wrong(&self, key: &str, json: &Json, expected: impl Into<String>) {
        let problem = Problem::Value { found: json.describe(), expected: expected.into() };
        self.error(key, problem);
    }

    /// The value of a key; `null` counts as absent.
    pub(crate) fn get(&self, key: &'static str) -> Option<&'a Json> {
        self.asked.borrow_mut().push(key);
        let index = self.entries.iter().position(|(name, _)| name == key)?;
        self.used[index].set(true);
        Some(&self.entries[index].1).filter(|json| **json != Json::Null)
    }

    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.entries.iter().any(|(name, json)| name == key && *json != Json::Null)
    }

    /// Reports a key that must be there and is not.
    pub(crate) fn require<T>(
        &self,
        key: &'static str,
        value: Option<T>,
        expected: &'static str,
    ) -> Option<T> {
        if value.is_none() && !self.has(key) {
            self.error(key, Problem::Missing { expected });
        }
        value
    }

    /// Keys that are known and have no effect here.
    pub(crate) fn ignore(&self, keys: &[&'static str]) {
        for key in keys {
            self.get(key);
        }
    }

    /// All entries, as the keys are names.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Json)> {
        self.used.iter().for_each(|used| used.set(true));
        self.entries.iter().map(|(key, json)| (key.as_str(), json))
    }

    pub(crate) fn text(&self, key: &'static str) -> Option<String> {
        match self.get(key)? {
            Json::Text(text) => Some(text.clone()),
            other => {
                self.wrong(key, other, "text");
                None
            }
        }
    }

    pub(crate) fn boolean(&self, key: &'static str, default: bool) -> bool {
        match self.get(key) {
            None => default,
            Some(Json::Bool(value)) => *value,
            Some(other) => {
                self.wrong(key, other, "true or false");
                default
            }
        }
    }

    /// A finite number for which `allowed` holds; `expected` says so in words.
    pub(crate) fn number(
        &self,
        key: &'static str,
        allowed: impl Fn(f64) -> bool,
        expected: &str,
    ) -> Option<f64> {
        let json = self.get(key)?;
        match json.as_f64() {
            Some(value) if value.is_finite() && allowed(value) => Some(value),
            _ => {
                self.wrong(key, json, expected);
                None
            }
        }
    }

    pub(crate) fn any(&self, key: &'static str) -> Option<f64> {
        self.number(key, |_| true, "a number")
    }

    pub(crate) fn any_or(&self, key: &'static str, default: f64) -> f64 {
        self.any(key).unwrap_or(default)
    }

    pub(crate) fn not_negative(&self, key: &'static str) -> Option<f64> {
        self.number(key, |value| value >= 0.0, "a number, 0 or more")
    }

    pub(crate) fn positive(&self, key: &'static str) -> Option<f64> {
        self.number(key, |value| value > 0.0, "a number greater than 0")
    }

    pub(crate) fn unsigned(&self, key: &'static str) -> Option<u32> {
        let json = self.get(key)?;
        let value = match json {
            Json::Integer(value) => u32::try_from(*value).ok(),
            // Written as `7.0` by some tools.
            Json::Float(value) if value.fract() == 0.0 && (0.0..=4294967295.0).contains(value) => {
                Some(*value as u32)
            }
            _ => None,
        };
        if value.is_none() {
            self.wrong(key, json, "a whole number, 0..4294967295");
        }
        value
    }

    /// One of several words.
    pub(crate) fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.one_of(key, self.get(key)?, words)
    }

    /// One of several words, or a list of them.
    pub(crate) fn choices<T: Copy>(
        &self,
        key: &'static str,
        words: &[(&str, T)],
    ) -> Option<Vec<T>> {
        match self.get(key)? {
            Json::List(list) => list.iter().map(|json| self.one_of(key, json, words)).collect(),
            json => Some(vec![self.one_of(key, json, words)?]),
        }
    }

    fn one_of<T: Copy>(&self, key: &'static str, json: &Json, words: &[(&str, T)]) -> Option<T> {
        let found = match json {
            Json::Text(text) => {
                words.iter().find(|(word, _)| word == text).map(|(_, value)| *value)
            }
            _ => None,
        };
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(key, json, format!("one of: {}", words.join(", ")));
        }
        found
    }

    pub(crate) fn object(&self, key: &'static str) -> Option<Object<'a>> {
        Object::new(self.context, self.at(key), self.get(key)?)
    }

    pub(crate) fn list(&self, key: &'static str) -> Option<&'a [Json]> {
        match self.get(key)? {
            Json::List(values) => Some(values),
            other => {
                self.wrong(key, other, "a list");
                None
            }
        }
    }

    /// The objects of a list.
    pub(crate) fn objects(&self, key: &'static str) -> Vec<Object<'a>> {
        let values = self.list(key).unwrap_or_default();
        let at = |index| format!("{}[{index}]", self.at(key));
        values
            .iter()
            .enumerate()
            .filter_map(|(index, json)| Object::new(self.context, at(index), json))
            .collect()
    }

    /// Objects by name, in the file's order.
    pub(crate) fn named(&self, key: &'static str) -> Vec<(&'a str, Object<'a>)> {
        let Some(object) = self.object(key) else { return Vec::new() };
        object
            .entries()
            .filter_map(|(name, json)| {
                Some((name, Object::new(self.context, object.at(name), json)?))
            })
            .collect()
    }

    /// A list of numbers, or one number.
    pub(crate) fn numbers(&self, key: &'static str) -> Option<Vec<f64>> {
        let json = self.get(key)?;
        let values = match json {
            Json::List(values) => values.iter().map(Json::as_f64).collect(),
            other => other.as_f64().map(|value| vec![value]),
        };
        if values.is_none() {
            self.wrong(key, json, "a number or a list of numbers");
        }
        values
    }

    /// A list of texts, or one text.
    pub(crate) fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        let json = self.get(key)?;
        let text = |json: &Json| match json {
            Json::Text(text) => Some(text.clone()),
            _ => None,
        };
        let values = match json {
            Json::List(values) => values.iter().map(text).collect(),
            other => text(other).map(|value| vec![value]),
        };
        if values.is_none() {
            self.wrong(key, json, "a text or a list of texts");
        }
        values
    }

    /// A path, with variables replaced and made relative to this file's directory.
    pub(crate) fn path(&self, key: &'static str) -> Option<PathBuf> {
        let text = self.text(key)?;
        self.resolve(key, &text)
    }

    pub(crate) fn resolve(&self, key: &str, text: &str) -> Option<PathBuf> {
        match self.context.manifest.path(text) {
            Ok(path) => Some(path),
            Err(problem) => {
                self.error(key, problem);
                None
            }
        }
    }

    /// Reports the keys that nobody asked for.
    pub(crate) fn finish(self) {
        let asked = self.asked.borrow();
        for ((key, _), used) in self.entries.iter().zip(&self.used) {
            if !used.get() {
                let suggestion = asked
                    .iter()
                    .filter(|known| !self.has(known))
                    .map(|known| (distance(key, known), *known))
                    .filter(|(distance, _)| *distance <= 2)
                    .min()
                    .map(|(_, known)| known.to_owned());
                self.warning(key, Problem::UnknownKey { suggestion });
            }
        }
    }
}

/// Number of letters to change, insert or delete to make one word of another.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
