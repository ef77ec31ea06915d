//! Path variables.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::finding::{Problem, Report};
use crate::json::Json;

/// Rounds of replacement, as libsonata has.
const ROUNDS: usize = 10;

/// The path variables of a file, `$NAME` or `${NAME}`, and its directory.
///
/// `${configdir}` is the directory of the file and `${workingdir}` the current one, as in BMTK.
/// Relative paths are relative to the directory of the file that contains them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manifest {
    directory: PathBuf,
    variables: BTreeMap<String, String>,
}

impl Manifest {
    /// Takes the key `manifest` of a configuration.
    pub(crate) fn read(file: &Path, json: &Json, report: &mut Report) -> Self {
        let parent = file.parent().unwrap_or(Path::new(""));
        let directory = std::path::absolute(if parent.as_os_str().is_empty() {
            Path::new(".")
        } else {
            parent
        })
        .unwrap_or_else(|_| parent.to_owned());
        let mut variables = BTreeMap::new();
        variables.insert("configdir".to_owned(), directory.to_string_lossy().into_owned());
        if let Ok(current) = std::env::current_dir() {
            variables.insert("workingdir".to_owned(), current.to_string_lossy().into_owned());
        }
        let entries = match json {
            Json::Object(entries) => entries.iter().find(|(key, _)| key == "manifest"),
            _ => None,
        };
        match entries {
            Some((_, Json::Object(entries))) => {
                for (name, value) in entries {
                    let at = format!("manifest.{name}");
                    match (name.strip_prefix('$'), value) {
                        (Some(name), Json::Text(text)) => {
                            let name = name.trim_start_matches('{').trim_end_matches('}');
                            variables.insert(name.to_owned(), text.clone());
                        }
                        (None, _) => {
                            let found = name.clone();
                            let expected = "a name that begins with $".to_owned();
                            report.error(file, at, Problem::Value { found, expected });
                        }
                        (_, other) => {
                            let expected = "text".to_owned();
                            let found = other.describe();
                            report.error(file, at, Problem::Value { found, expected });
                        }
                    }
                }
            }
            Some((_, other)) if *other != Json::Null => {
                let expected = "an object".to_owned();
                report.error(
                    file,
                    "manifest",
                    Problem::Value { found: other.describe(), expected },
                );
            }
            _ => {}
        }
        Self { directory, variables }
    }

    /// Replaces variables and makes the path absolute.
    pub(crate) fn path(&self, text: &str) -> Result<PathBuf, Problem> {
        let mut text = text.to_owned();
        for _ in 0..ROUNDS {
            match self.replace_all(&text)? {
                Some(replaced) => text = replaced,
                None => return Ok(normalize(&self.directory.join(&text))),
            }
        }
        Err(Problem::CircularVariable { variable: first_variable(&text) })
    }

    /// One round; `None` when there is no variable left.
    fn replace_all(&self, text: &str) -> Result<Option<String>, Problem> {
        if !text.contains('$') {
            return Ok(None);
        }
        let mut result = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('$') {
            result.push_str(&rest[..start]);
            rest = &rest[start + 1..];
            let braced = rest.starts_with('{');
            let body = if braced { &rest[1..] } else { rest };
            let end = body.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(body.len());
            let name = &body[..end];
            let Some(value) = self.variables.get(name) else {
                return Err(Problem::UndefinedVariable { variable: format!("${name}") });
            };
            result.push_str(value);
            rest = &body[end..];
            if braced {
                rest = rest.strip_prefix('}').unwrap_or(rest);
            }
        }
        result.push_str(rest);
        Ok(Some(result))
    }
}

fn first_variable(text: &str) -> String {
    let start = text.find('$').unwrap_or(0);
    text[start..].chars().take_while(|c| *c == '$' || c.is_alphanumeric() || *c == '_').collect()
}

/// Removes `.` and resolves `..` by name, for messages that can be read.
fn normalize(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(result.components().next_back(), Some(Component::Normal(_))) =>
            {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}
