//! Every file of `tests/bad` gives the messages written in it, and no others.
//!
//! A comment `:   ^ text` under a line expects an error whose message contains the text on that
//! line, at the column of the caret; with the caret in the second column, anywhere on the line.
//! `^ warning: text` expects a warning. Warnings that no comment expects are allowed.

use std::path::{Path, PathBuf};

use net_nmodl::source::{Diagnostic, Severity};
use net_nmodl::{Options, parse_file};

#[derive(Debug)]
struct Expected {
    severity: Severity,
    line: u32,
    column: Option<u32>,
    message: String,
}

fn expectations(text: &str) -> Vec<Expected> {
    let mut line = 0;
    let mut expected = Vec::new();
    for (number, content) in (1..).zip(text.lines()) {
        let comment =
            content.strip_prefix(':').and_then(|rest| rest.trim_start().strip_prefix('^'));
        let Some(message) = comment else {
            line = number;
            continue;
        };
        let column = (content.find('^').unwrap() + 1) as u32;
        let message = message.trim();
        let (severity, message) = match message.strip_prefix("warning: ") {
            Some(warning) => (Severity::Warning, warning),
            None => (Severity::Error, message),
        };
        let column = (column > 2).then_some(column);
        expected.push(Expected { severity, line, column, message: message.to_owned() });
    }
    expected
}

fn fits(expected: &Expected, found: &Diagnostic) -> bool {
    expected.severity == found.severity
        && expected.line == found.line
        && expected.column.is_none_or(|column| column == found.column)
        && found.message.contains(&expected.message)
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "mod"))
        .collect();
    files.sort();
    files
}

#[test]
fn bad_files_give_their_messages() {
    let files = files("bad");
    assert!(files.len() >= 40);
    let mut failures = String::new();
    for path in files {
        let expected = expectations(&std::fs::read_to_string(&path).unwrap());
        let found = match parse_file(&path, &Options::default()) {
            Ok(parsed) => parsed.warnings,
            Err(diagnostics) => diagnostics,
        };
        let missing = expected.iter().filter(|e| !found.iter().any(|f| fits(e, f)));
        let surplus = found
            .iter()
            .filter(|f| f.severity == Severity::Error && !expected.iter().any(|e| fits(e, f)));
        for expected in missing {
            failures += &format!("{}: missing {expected:?}\n", path.display());
        }
        for found in surplus {
            failures += &format!("surplus {found}\n");
        }
        assert!(!expected.is_empty(), "{}", path.display());
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn good_files_give_no_messages() {
    for path in files("good") {
        match parse_file(&path, &Options::default()) {
            Ok(parsed) => assert_eq!(parsed.warnings, [], "{}", path.display()),
            Err(errors) => panic!("{}", errors[0]),
        }
    }
}
