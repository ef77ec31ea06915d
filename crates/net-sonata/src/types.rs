//! Tables of node and edge types, CSV separated by spaces.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use net_io::sonata::Value;

use crate::finding::{Problem, Report};

/// Words for a value that is not there.
const MISSING: [&str; 9] = ["", "NULL", "NONE", "None", "NA", "NaN", "nan", "N/A", "null"];

/// Attributes by type id, which rows of a population share.
#[derive(Debug, Clone, Default)]
pub struct TypeTable {
    path: PathBuf,
    columns: Vec<String>,
    rows: BTreeMap<i64, Vec<Value>>,
    place: HashMap<String, usize>,
}

impl TypeTable {
    /// Reads a table whose column `node_type_id` or `edge_type_id` is the key.
    pub(crate) fn read(path: &Path, key: &str, report: &mut Report) -> Option<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let problem = match error.kind() {
                    std::io::ErrorKind::NotFound => {
                        Problem::NotThere { what: "the file", path: path.to_owned() }
                    }
                    _ => Problem::Unreadable(error.to_string()),
                };
                report.error(path, "", problem);
                return None;
            }
        };
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let columns = lines.next().map(|(_, line)| split(line)).unwrap_or_default();
        let Some(key_column) = columns.iter().position(|column| column == key) else {
            let found = format!("columns {}", columns.join(", "));
            let expected = format!("a column {key}, columns separated by spaces");
            report.error(path, "line 1", Problem::Value { found, expected });
            return None;
        };
        let mut rows = BTreeMap::new();
        for (index, line) in lines {
            let at = format!("line {}", index + 1);
            let fields = split(line);
            if fields.len() != columns.len() {
                let found = format!("{} fields", fields.len());
                let expected = format!("{}, as many as there are columns", columns.len());
                report.error(path, at, Problem::Value { found, expected });
                continue;
            }
            let Ok(id) = fields[key_column].parse::<i64>() else {
                let found = format!("{key} {:?}", fields[key_column]);
                report.error(path, at, Problem::Value { found, expected: "a number".to_owned() });
                continue;
            };
            if rows.insert(id, fields.iter().map(|field| value(field)).collect()).is_some() {
                let found = format!("{key} {id} again");
                let expected = "each type once".to_owned();
                report.error(path, at, Problem::Value { found, expected });
            }
        }
        let place = columns.iter().cloned().enumerate().map(|(i, column)| (column, i)).collect();
        Some(Self { path: path.to_owned(), columns, rows, place })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The type ids, ascending.
    pub fn ids(&self) -> impl Iterator<Item = i64> {
        self.rows.keys().copied()
    }

    /// Whether there is such a column.
    pub fn has(&self, attribute: &str) -> bool {
        self.place.contains_key(attribute)
    }

    /// An attribute of a type; missing if there is no such type, column or value.
    pub fn get(&self, type_id: i64, attribute: &str) -> &Value {
        let value =
            self.place.get(attribute).and_then(|column| self.rows.get(&type_id)?.get(*column));
        value.unwrap_or(&Value::Missing)
    }

    /// A numeric attribute of a type.
    pub fn number(&self, type_id: i64, attribute: &str) -> Option<f64> {
        match self.get(type_id, attribute) {
            Value::Integer(value) => Some(*value as f64),
            Value::Float(value) => Some(*value),
            Value::Missing | Value::Text(_) => None,
        }
    }
}

fn value(field: &str) -> Value {
    if MISSING.contains(&field) {
        return Value::Missing;
    }
    match (field.parse::<i64>(), field.parse::<f64>()) {
        (Ok(value), _) => Value::Integer(value),
        // Words such as `inf` and `nan` are names here.
        (_, Ok(value)) if field.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) => {
            Value::Float(value)
        }
        _ => Value::Text(Arc::from(field)),
    }
}

/// Fields of a line: separated by one space, or in double quotes, of which two stand for one.
fn split(line: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = line.trim_end_matches(['\r', ' ']).chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            ' ' if !quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    fields
}
