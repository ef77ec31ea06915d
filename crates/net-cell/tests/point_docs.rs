//! The lists of models in `docs/point_neurons.md` and of mechanisms in `docs/mechanisms.md` are those of
//! the catalogues.
//!
//! `UPDATE_DOCS=1 cargo test -p net-cell --test point_docs` writes them.

use std::fmt::Write;
use std::path::Path;

use net_cell::mechanism::{Mechanism, Role, of_set, sets};
use net_cell::point::{PointModel, PointRole, PointVariable, catalogue};

fn list(model: &PointModel, which: fn(PointRole) -> bool, with_default: bool) -> String {
    let text = |v: PointVariable| {
        let unit = if v.unit.is_empty() { String::new() } else { format!(" {}", v.unit) };
        match with_default {
            true => format!("`{}` {}{unit}", v.name, v.default),
            false => format!(
                "`{}`{}",
                v.name,
                if unit.is_empty() { unit } else { format!(" ({})", v.unit) }
            ),
        }
    };
    let all: Vec<_> = model.variables().filter(|v| which(v.role)).map(text).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn models() -> String {
    let mut text = String::new();
    for model in catalogue() {
        let is_target = |role| matches!(role, PointRole::Target { .. });
        writeln!(text, "**`{}`**: {}.", model.name, model.about).unwrap();
        let parameters = list(model, |role| role == PointRole::Parameter, true);
        writeln!(text, "Parameters: {parameters}.").unwrap();
        let states = list(model, |role| role == PointRole::State, true);
        let outputs = list(model, |role| role == PointRole::Output, false);
        let targets = list(model, is_target, false);
        writeln!(text, "States: {states}. Outputs: {outputs}. Targets: {targets}.\n").unwrap();
    }
    text
}

/// Whether a word can be part of a citation before its year.
fn is_cited(word: &str) -> bool {
    let begins = |c: char| c.is_uppercase() || c.is_ascii_digit();
    matches!(word, "and" | "et" | "al.," | "van" | "eLife")
        || word.starts_with(begins) && !word.ends_with(':')
}

/// The year in brackets that a word may be.
fn is_year(word: &str) -> bool {
    let year = word.strip_prefix('(').and_then(|word| word.strip_suffix(')'));
    year.is_some_and(|year| year.len() == 4 && year.parse::<u16>().is_ok())
}

/// What a header cites: "Authors, Journal volume (year) page".
fn citations(about: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for paragraph in about.split("\n\n") {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        for at in (0..words.len().saturating_sub(1)).filter(|&at| is_year(words[at])) {
            let mut start = at;
            // Not beyond the page of the citation before.
            while start > 0
                && is_cited(words[start - 1])
                && !(start > 1 && is_year(words[start - 2]))
            {
                start -= 1;
            }
            // The first one may stand in brackets.
            start -= usize::from(start > 0 && words[start - 1].starts_with('('));
            let text = words[start..at + 2].join(" ");
            let text = text.trim_start_matches('(').trim_end_matches([',', '.', ';', ':', ')']);
            if !found.iter().any(|known| known == text) {
                found.push(text.to_owned());
            }
        }
    }
    found
}

fn row(mechanism: &Mechanism) -> String {
    let parameters = mechanism.columns.iter().filter_map(|column| {
        let Role::Parameter { default, .. } = column.role else { return None };
        let unit = if column.unit.is_empty() { String::new() } else { format!(" {}", column.unit) };
        Some(format!("`{}` {default}{unit}", column.name))
    });
    let parameters = parameters.collect::<Vec<_>>().join(", ");
    let (name, kind, title) = (mechanism.name, mechanism.kind.describe(), mechanism.title);
    let sources = citations(mechanism.about).join("; ");
    format!("| `{name}` | {kind} | {title} | {parameters} | {sources} |")
}

fn mechanisms() -> String {
    let mut text = String::new();
    for set in sets() {
        writeln!(text, "## {set}\n").unwrap();
        writeln!(text, "| name | kind | what | parameters | sources |").unwrap();
        writeln!(text, "| --- | --- | --- | --- | --- |").unwrap();
        for mechanism in of_set(set).unwrap() {
            writeln!(text, "{}", row(&mechanism)).unwrap();
        }
        text.push('\n');
    }
    text
}

/// Compares what stands between two marks of a page with what it should be, or writes it there.
fn check(page: &str, mark: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let (before, rest) = text.split_once(&begin).unwrap();
    let (listed, after) = rest.split_once(&end).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{begin}{expected}{end}{after}")).unwrap();
        return;
    }
    assert!(listed == expected, "docs/{page}: run with UPDATE_DOCS=1");
}

#[test]
fn every_model_is_documented() {
    check("point_neurons.md", "models", &models());
}

#[test]
fn every_mechanism_is_documented() {
    check("mechanisms.md", "mechanisms", &mechanisms());
}
