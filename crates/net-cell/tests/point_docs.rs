//! The list of models in `docs/point_neurons.md` is that of the catalogue.
//!
//! `UPDATE_DOCS=1 cargo test -p net-cell --test point_docs` writes it.

use std::fmt::Write;
use std::path::Path;

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

#[test]
fn every_model_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/point_neurons.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- models -->\n", "<!-- /models -->");
    let (before, rest) = page.split_once(begin).unwrap();
    let (listed, after) = rest.split_once(end).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{begin}{}{end}{after}", models())).unwrap();
        return;
    }
    assert!(listed == models(), "docs/point_neurons.md: run with UPDATE_DOCS=1");
}
