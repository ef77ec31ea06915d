//! Published `.mod` files: all parse, print and parse again; those that are refused are listed.
//!
//! The folders are given by `NET_NMODL_CORPUS`, separated by colons; without it the test says so
//! and ends.

use std::path::{Path, PathBuf};

use net_nmodl::print::print;
use net_nmodl::source::Severity;
use net_nmodl::{Options, parse_file, parse_syntax};

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "mod") {
            files.push(path);
        }
    }
}

#[test]
fn published_files_parse() {
    let Some(folders) = std::env::var_os("NET_NMODL_CORPUS") else {
        println!("skipped: NET_NMODL_CORPUS names no folders with .mod files");
        return;
    };
    let mut files = Vec::new();
    for folder in std::env::split_paths(&folders) {
        collect(&folder, &mut files);
    }
    files.sort();
    assert!(!files.is_empty(), "no .mod files in {}", folders.to_string_lossy());
    let mut n_refused = 0;
    for path in &files {
        let bytes = std::fs::read(path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let program = parse_syntax(path, &text).unwrap_or_else(|errors| panic!("{}", errors[0]));
        let printed = print(&program);
        let again = parse_syntax(path, &printed).unwrap_or_else(|errors| panic!("{}", errors[0]));
        assert_eq!(program, again, "{}", path.display());
        if let Err(messages) = parse_file(path, &Options::default()) {
            n_refused += 1;
            let error = messages.iter().find(|message| message.severity == Severity::Error);
            println!("{}", error.map_or(String::new(), ToString::to_string));
        }
    }
    println!("{} files, {n_refused} refused", files.len());
}
