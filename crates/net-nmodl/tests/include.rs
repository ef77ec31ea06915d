//! Files that include others.

use std::fs;

use net_nmodl::{Options, parse_file};

#[test]
fn included_items_take_the_place_of_the_statement() {
    let folder = tempfile::tempdir().unwrap();
    let shared = folder.path().join("shared");
    fs::create_dir(&shared).unwrap();
    fs::write(shared.join("rates.inc"), "INCLUDE \"half.inc\"\nDEFINE N 2\n").unwrap();
    fs::write(shared.join("half.inc"), "FUNCTION half(x) { half = x/N }\n").unwrap();
    let main = folder.path().join("main.mod");
    fs::write(
        &main,
        "NEURON { SUFFIX m NONSPECIFIC_CURRENT i }\nINCLUDE \"rates.inc\"\n\
         ASSIGNED { i w[N] }\nBREAKPOINT { w[1] = half(v) i = w[1] }\n",
    )
    .unwrap();
    let errors = parse_file(&main, &Options::default()).unwrap_err();
    assert_eq!(errors[0].message, "included file `rates.inc` does not exist");

    let options = Options { include_folders: vec![shared.clone()] };
    let parsed = parse_file(&main, &options).unwrap();
    assert_eq!(parsed.sources.files().len(), 3);
    assert_eq!(parsed.symbols.variable("w").unwrap().length, Some(2));
    assert!(parsed.symbols.routines.contains_key("half"));

    // Messages name the file they are about.
    fs::write(shared.join("half.inc"), "FUNCTION half(x) { half = y/N }\n").unwrap();
    let errors = parse_file(&main, &options).unwrap_err();
    let error = errors.iter().find(|error| error.message.contains("`y`")).unwrap();
    assert!(error.path.ends_with("half.inc"));
    assert_eq!((error.line, error.column), (1, 27));
}

#[test]
fn circles_end() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.mod"), "NEURON { SUFFIX a }\nINCLUDE \"b.inc\"\n").unwrap();
    fs::write(folder.path().join("b.inc"), "INCLUDE \"a.mod\"\n").unwrap();
    let errors = parse_file(&folder.path().join("a.mod"), &Options::default()).unwrap_err();
    assert_eq!(errors[0].message, "`a.mod` includes itself");
    assert!(errors[0].path.ends_with("b.inc"));
}

#[test]
fn a_missing_file_is_a_message() {
    let errors = parse_file("nowhere.mod".as_ref(), &Options::default()).unwrap_err();
    assert!(errors[0].to_string().starts_with("error: nowhere.mod: the file cannot be read"));
}
