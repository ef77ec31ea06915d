//! Every file of `tests/bad` gives the messages written in it, and no others.
//!
//! A comment `:   ^ text` under a line expects an error whose message contains the text on that
//! line, at the column of the caret; with the caret in the second column, anywhere on the line.
//! `^ warning: text` expects a warning. Warnings that no comment expects are allowed. The files of
//! `tests/refused` are good NMODL that is not compiled.

use std::path::{Path, PathBuf};

use net_nmodl::compile::{Settings, compile};
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

/// What is wrong with a file: messages that are missing, and errors that nobody expects.
fn faults(path: &Path, found: &[Diagnostic]) -> String {
    let expected = expectations(&std::fs::read_to_string(path).unwrap());
    assert!(!expected.is_empty(), "{}", path.display());
    let mut faults = String::new();
    for expected in expected.iter().filter(|e| !found.iter().any(|f| fits(e, f))) {
        faults += &format!("{}: missing {expected:?}\n", path.display());
    }
    let is_surplus =
        |f: &&Diagnostic| f.severity == Severity::Error && !expected.iter().any(|e| fits(e, f));
    for found in found.iter().filter(is_surplus) {
        faults += &format!("surplus {found}\n");
    }
    faults
}

#[test]
fn bad_files_give_their_messages() {
    let files = files("bad");
    assert!(files.len() >= 40);
    let faults: String = files
        .iter()
        .map(|path| match parse_file(path, &Options::default()) {
            Ok(parsed) => faults(path, &parsed.warnings),
            Err(diagnostics) => faults(path, &diagnostics),
        })
        .collect();
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn what_cannot_be_compiled_is_refused_with_its_place() {
    let files = files("refused");
    let faults: String = files
        .iter()
        .map(|path| {
            let parsed = parse_file(path, &Options::default());
            let parsed = parsed.unwrap_or_else(|errors| panic!("{}", errors[0]));
            match compile(&parsed, &Settings::default()) {
                Ok(_) => format!("{} is compiled\n", path.display()),
                Err(diagnostics) => faults(path, &diagnostics),
            }
        })
        .collect();
    assert!(faults.is_empty(), "{faults}");
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
