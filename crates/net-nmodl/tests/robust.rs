//! Whatever the text, parsing and compiling end with a program or with messages; and printed programs
//! parse to the same tree.

use std::path::{Path, PathBuf};

use net_nmodl::compile::{Settings, compile};
use net_nmodl::print::print;
use net_nmodl::{Options, parse_syntax, parse_text};
use proptest::prelude::*;

/// The texts of `tests/good`, `tests/bad` and `tests/refused`.
fn texts() -> Vec<(PathBuf, String)> {
    texts_of(&["tests/good", "tests/bad", "tests/refused"])
}

/// These, and files that run.
fn seeds() -> Vec<(PathBuf, String)> {
    let running = ["../net-cell/tests/mod", "../net-mechanisms/mod/neuron"];
    let sets = ["../net-mechanisms/mod/bbp", "../net-mechanisms/mod/allen"];
    [texts(), texts_of(&running), texts_of(&sets)].concat()
}

fn texts_of(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = folders.iter().map(|folder| here.join(folder));
    let mut texts: Vec<(PathBuf, String)> = folders
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect();
    texts.sort();
    texts
}

/// Parses with all checks and compiles; the result does not matter.
fn survive(text: &str) {
    let as_neuron = Settings {
        numeric_conductance: true,
        neuron_iteration: true,
        strict: true,
        ..Settings::default()
    };
    let plainest = Settings { unfolded: true, unshared: true, unhoisted: true, ..as_neuron };
    let compiled =
        parse_text(Path::new("fuzz.mod"), text, &Options::default()).and_then(|parsed| {
            compile(&parsed, &Settings::default())?;
            compile(&parsed, &as_neuron)?;
            compile(&parsed, &plainest)
        });
    if let Err(messages) = compiled {
        assert!(!messages.is_empty());
        for message in messages {
            assert!(!message.to_string().is_empty());
        }
    }
}

fn round_trip(text: &str) {
    let first = parse_syntax(Path::new("first.mod"), text)
        .unwrap_or_else(|messages| panic!("{}\n{text}", messages[0]));
    let printed = print(&first);
    let second = parse_syntax(Path::new("second.mod"), &printed)
        .unwrap_or_else(|messages| panic!("{}\n{printed}", messages[0]));
    assert_eq!(first, second, "{printed}");
    assert_eq!(printed, print(&second));
}

#[test]
fn files_survive_printing() {
    let mut n = 0;
    for (path, text) in texts() {
        if parse_syntax(&path, &text).is_ok() {
            round_trip(&text);
            n += 1;
        }
    }
    assert!(n > 30);
}

#[test]
fn a_file_of_many_constructs_compiles() {
    let text = include_str!("good/scheme.mod");
    let parsed = parse_text(Path::new("scheme.mod"), text, &Options::default());
    let parsed = parsed.unwrap_or_else(|messages| panic!("{}", messages[0]));
    let compiled = compile(&parsed, &Settings::default());
    let compiled = compiled.unwrap_or_else(|messages| panic!("{}", messages[0]));
    assert!(compiled.source.contains("build_tables"));
    assert!(compiled.source.contains("DiffusingTable"));
}

#[test]
fn truncated_files_do_no_harm() {
    for (_, text) in texts() {
        for end in (0..text.len()).step_by(7).filter(|&end| text.is_char_boundary(end)) {
            survive(&text[..end]);
            survive(&text[end..]);
        }
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    let n = 100_000;
    let inside = |text: String| format!("NEURON {{ SUFFIX x }}\nPROCEDURE p() {{\n{text}\n}}\n");
    for text in [
        format!("x = {}1{}", "(".repeat(n), ")".repeat(n)),
        format!("x = {}1", "(".repeat(n)),
        format!("x = {}1", "-".repeat(n)),
        format!("x = 1{}", " + 1".repeat(n)),
        format!("x = 1{}", " ^ 1".repeat(n)),
        format!("x = {}1", "a[".repeat(n)),
        format!("x = {}", "f(".repeat(n)),
        "{".repeat(n),
        "if (1) {".repeat(n),
        "while (1) {".repeat(n),
        "PROTECT ".repeat(n),
        "FROM i = 0 TO 1 {".repeat(n),
    ] {
        let text = inside(text);
        let messages = parse_text(Path::new("deep.mod"), &text, &Options::default()).unwrap_err();
        assert!(
            messages.iter().any(|message| message.message.contains("nested deeper")),
            "{}",
            &text[..80]
        );
    }
    // Long, but not deep.
    survive(&inside(format!("if (1) {{ }} {}", "else if (1) { }\n".repeat(2_000))));
    survive(&inside("x = 1\n".repeat(2_000)));
}

#[test]
fn odd_characters_do_no_harm() {
    survive("\u{feff}NEURON\u{a0}{ SUFFIX µ }\r\n: Ü\rTITLE \u{0}");
    survive("PARAMETER { Δ = 1 (µm) }");
    survive("VERBATIM");
    survive("COMMENT x");
    survive("TITLE");
    survive("INCLUDE \"");
    survive("NEURON { USEION ca REPRESENTS");
    survive("DEFINE N 5 ASSIGNED { x[N] y[1e30] z[0] }");
}

/// Text of an expression as people write it.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("v".to_owned()),
        Just("cai".to_owned()),
        Just("n'".to_owned()),
        Just("6.02e23".to_owned()),
        Just(".5".to_owned()),
        Just("3. (mV)".to_owned()),
        Just("1e-3(1/ms)".to_owned()),
        Just("f()".to_owned()),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let operator = prop_oneof![
            Just("+"),
            Just("-"),
            Just("*"),
            Just("/"),
            Just("^"),
            Just("%"),
            Just("<"),
            Just(">="),
            Just("=="),
            Just("&&"),
            Just("||")
        ];
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("{a}{op}{b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("-{a}")),
            inner.clone().prop_map(|a| format!("!{a}")),
            inner.clone().prop_map(|a| format!("x[{a}]")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("g({a}, {b})")),
        ]
    })
}

/// Text of a statement.
fn statement() -> impl Strategy<Value = String> {
    let simple = prop_oneof![
        expression().prop_map(|e| format!("x = {e}")),
        expression().prop_map(|e| format!("m' = {e}")),
        expression().prop_map(|e| format!("w[2] = {e}")),
        expression().prop_map(|e| format!("net_send({e}, 1)")),
        expression().prop_map(|e| format!("~ x = {e}")),
        expression().prop_map(|e| format!("CONSERVE a + 2 b = {e}")),
        expression().prop_map(|e| format!("WATCH ({e}) 2")),
        expression().prop_map(|e| format!("COMPARTMENT i, {e} {{ a b }}")),
        (expression(), expression())
            .prop_map(|(a, b)| format!("TABLE a, b DEPEND c FROM {a} TO {b} WITH 10")),
        Just("LOCAL a, b[3]".to_owned()),
        Just("SOLVE s METHOD cnexp".to_owned()),
        Just("UNITSOFF".to_owned()),
        Just("VERBATIM\nreturn 0;\nENDVERBATIM".to_owned()),
    ];
    simple.prop_recursive(3, 20, 3, |inner| {
        let body = prop::collection::vec(inner, 0..3).prop_map(|lines| lines.join("\n"));
        prop_oneof![
            (expression(), body.clone()).prop_map(|(e, b)| format!("if ({e}) {{\n{b}\n}}")),
            (expression(), body.clone(), body.clone()).prop_map(|(e, a, b)| format!(
                "if ({e}) {{ {a}\n}} else if (1) {{\n{b}\n}} ELSE {{ }}"
            )),
            (expression(), body.clone()).prop_map(|(e, b)| format!("WHILE ({e}) {{\n{b}\n}}")),
            (expression(), body.clone())
                .prop_map(|(e, b)| format!("FROM i = {e} TO 3 BY 2 {{\n{b}\n}}")),
            body.prop_map(|b| format!("{{ {b}\n}}")),
        ]
    })
}

fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if is_word(c) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            c.len_utf8()
        };
        tokens.push(&rest[..length]);
        rest = &rest[length..];
    }
    tokens
}

/// `PROPTEST_CASES`, for longer searches.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn printed_statements_parse_to_the_same(lines in prop::collection::vec(statement(), 0..6)) {
        round_trip(&format!("DERIVATIVE s {{\n{}\n}}\n", lines.join("\n")));
    }

    #[test]
    fn changed_files_do_no_harm(
        file in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_u8), 1..12),
    ) {
        let texts = seeds();
        let mut parts = tokens(&texts[file.index(texts.len())].1);
        let others = tokens(&texts[other.index(texts.len())].1);
        for (at, with, change) in changes {
            if parts.is_empty() {
                break;
            }
            let at = at.index(parts.len());
            match change {
                0 => { parts.remove(at); }
                1 => parts.insert(at, others[with.index(others.len())]),
                2 => { let with = with.index(parts.len()); parts.swap(at, with); }
                _ => parts[at] = others[with.index(others.len())],
            }
        }
        survive(&parts.concat());
    }

    #[test]
    fn any_text_does_no_harm(text in "\\PC{0,200}") {
        survive(&text);
    }

    #[test]
    fn any_tokens_do_no_harm(words in prop::collection::vec(prop::sample::select(vec![
        "NEURON", "{", "}", "(", ")", "SUFFIX", "x", "USEION", "READ", "STATE", "DERIVATIVE", "~",
        "<->", "<<", "=", "'", "[", "]", "1", "2.5", ",", "\n", "VERBATIM", "ENDVERBATIM", "if",
        "else", "TABLE", "FROM", "TO", "WITH", "LOCAL", "-", "^", "!", "\"a\"", "COMMENT",
        "ENDCOMMENT", "UNITS", "KINETIC", "SOLVE", "METHOD", "WATCH", "NET_RECEIVE", "INITIAL",
        "PROCEDURE", "FUNCTION", "DEFINE", "RANDOM", "<", ">", "INCLUDE", "TITLE", "REPRESENTS",
    ]), 0..80)) {
        survive(&words.join(" "));
    }
}
