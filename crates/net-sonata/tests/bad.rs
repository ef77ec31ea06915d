//! Broken circuits: each file in `bad/` says in `metadata.expected` what must be found in it.

mod common;

use std::path::Path;

use net_sonata::validate;

/// The expected messages, found in the text, which need not be JSON.
fn expected(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let start = text.find("\"expected\": [").expect("a list of expected messages");
    let list = &text[start + "\"expected\": ".len()..];
    serde_json::Deserializer::from_str(list).into_iter().next().unwrap().unwrap()
}

#[test]
fn every_broken_circuit_gives_its_messages() {
    let mut files: Vec<_> = std::fs::read_dir(common::data("bad"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    assert!(50 <= files.len(), "{} files", files.len());
    let mut failures = Vec::new();
    for file in files {
        let found = validate(&file);
        let text = found.to_string();
        for message in expected(&file) {
            if !text.contains(&message) {
                failures.push(format!("{}: no `{message}` in\n{text}\n", file.display()));
            }
        }
        // Only a node set without nodes is no reason not to run.
        let warned_only = file.file_stem().is_some_and(|name| name == "empty_target");
        if found.is_ok() != warned_only {
            failures.push(format!("{}: ok is {}\n{text}\n", file.display(), found.is_ok()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
