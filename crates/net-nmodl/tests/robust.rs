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

/// What a density mechanism may have beside a current; `docs/nmodl.md` lists it.
const CONSTRUCTS: &[(&str, &str)] = &[
    (
        "ion concentrations",
        "NEURON { USEION ca READ cai, cao WRITE ica VALENCE 2 } ASSIGNED { cai cao ica } BREAKPOINT { ica = g*log(cao/cai) i = 0 }",
    ),
    (
        "an ion of one's own",
        "NEURON { USEION q READ eq WRITE iq VALENCE 1 } ASSIGNED { eq iq } BREAKPOINT { iq = g*(v - eq) i = 0 }",
    ),
    (
        "a concentration as state",
        "NEURON { USEION ca READ ica WRITE cai } ASSIGNED { ica } STATE { cai } BREAKPOINT { SOLVE d METHOD cnexp i = 0 } DERIVATIVE d { cai' = -ica - cai }",
    ),
    (
        "a concentration assigned",
        "NEURON { USEION ca WRITE cai } ASSIGNED { cai } BREAKPOINT { cai = 1e-4 i = g*v }",
    ),
    (
        "a reversal potential assigned",
        "NEURON { USEION k WRITE ek } ASSIGNED { ek } BREAKPOINT { ek = -80 i = g*v }",
    ),
    (
        "several currents",
        "NEURON { NONSPECIFIC_CURRENT j } ASSIGNED { j } BREAKPOINT { i = g*v j = 2*i }",
    ),
    ("LOCAL of the file", "LOCAL a, b[2] BREAKPOINT { a = v b[1] = a i = g*b[1] }"),
    (
        "DEFINE and arrays",
        "DEFINE N 3 ASSIGNED { x[N] } BREAKPOINT { FROM k = 0 TO N-1 { x[k] = k*v } i = g*x[2] }",
    ),
    ("CONSTANT", "CONSTANT { q = 2 } BREAKPOINT { i = q*g*v }"),
    (
        "constants of the unit table",
        "UNITS { F = (faraday) (coulomb) two = 2 (1) } BREAKPOINT { i = g*v/F*two }",
    ),
    ("UNITSOFF", "UNITSOFF BREAKPOINT { i = g*v*1 (ms) } UNITSON"),
    ("INDEPENDENT", "INDEPENDENT { t FROM 0 TO 1 WITH 1 (ms) } BREAKPOINT { i = g*v }"),
    (
        "TABLE",
        "ASSIGNED { a } BREAKPOINT { r(v) i = g*a } PROCEDURE r(v) { TABLE a DEPEND celsius FROM -100 TO 100 WITH 200 a = exp(v) }",
    ),
    (
        "TABLE of a FUNCTION",
        "BREAKPOINT { i = g*f(v) } FUNCTION f(x) { TABLE FROM -100 TO 100 WITH 200 f = exp(x) }",
    ),
    ("FUNCTION_TABLE", "FUNCTION_TABLE f(x, y) BREAKPOINT { i = g*f(v, celsius) }"),
    (
        "SOLVE of a procedure",
        "STATE { m } BREAKPOINT { SOLVE s i = g*m } PROCEDURE s() { m = m + dt*(v - m) VERBATIM return 0; ENDVERBATIM }",
    ),
    (
        "after_cvode",
        "STATE { m } BREAKPOINT { SOLVE s METHOD after_cvode i = g*m } PROCEDURE s() { m = v }",
    ),
    (
        "cnexp of arrays",
        "STATE { m[2] } BREAKPOINT { SOLVE d METHOD cnexp i = g*m[1] } DERIVATIVE d { FROM k = 0 TO 1 { m[k]' = -m[k] } }",
    ),
    (
        "derivimplicit",
        "STATE { m n } BREAKPOINT { SOLVE d METHOD derivimplicit i = g*m } DERIVATIVE d { m' = -m*n n' = m - n^3 }",
    ),
    ("euler", "STATE { m } BREAKPOINT { SOLVE d METHOD euler i = g*m } DERIVATIVE d { m' = -m*v }"),
    ("runge", "STATE { m } BREAKPOINT { SOLVE d METHOD runge i = g*m } DERIVATIVE d { m' = -m*v }"),
    (
        "STEADYSTATE derivimplicit",
        "STATE { m } INITIAL { SOLVE d STEADYSTATE derivimplicit } BREAKPOINT { SOLVE d METHOD derivimplicit i = g*m } DERIVATIVE d { m' = 1 - m }",
    ),
    (
        "KINETIC with all arrows",
        "STATE { m n p } INITIAL { SOLVE k STEADYSTATE sparse } BREAKPOINT { SOLVE k METHOD sparse i = g*p } KINETIC k { COMPARTMENT 2 { m n } LONGITUDINAL_DIFFUSION 0.1 { p } ~ 2 m + n <-> p (1, v) ~ p -> n (2) ~ m << (f_flux - 1) CONSERVE m + 2 p = 1 }",
    ),
    ("LINEAR", "STATE { a b } BREAKPOINT { SOLVE l i = a } LINEAR l { ~ a + b = v ~ a - b = g }"),
    (
        "NONLINEAR",
        "STATE { a b } BREAKPOINT { SOLVE l i = a } NONLINEAR l { ~ a*b = v ~ a - b = g }",
    ),
    (
        "two SOLVEs",
        "STATE { m n } BREAKPOINT { SOLVE d METHOD cnexp SOLVE k METHOD sparse i = g*m*n } DERIVATIVE d { m' = -m } KINETIC k { ~ n << (1) }",
    ),
    (
        "IFERROR",
        "STATE { m } BREAKPOINT { SOLVE d METHOD cnexp IFERROR { g = 1 } i = g*m } DERIVATIVE d { m' = -m }",
    ),
    (
        "if, else, while",
        "BREAKPOINT { LOCAL k k = 0 if (v > 0 && !(v == 3)) { i = v } else if (v < -5) { i = 1 } ELSE { i = 0 } WHILE (k < 3) { k = k + 1 i = i + k } }",
    ),
    ("a block in a block", "BREAKPOINT { { LOCAL x x = v i = g*x } }"),
    ("operators", "BREAKPOINT { i = -g^2^0.5*(v % 7) + (v >= 1 || v <= -1) + (v != 2) }"),
    (
        "functions",
        "BREAKPOINT { i = sqrt(fabs(v)) + log10(g) + pow(g, 2) + sin(v) + cos(v) + tan(v) + atan2(v, 1) + sinh(g) + cosh(g) + tanh(g) + floor(v) + ceil(v) + fmod(v, 3) + exprelr(v) + nernst(1, 2, 1) + nrn_ghk(v, 1, 2, 2) }",
    ),
    ("geometry", "BREAKPOINT { i = g*v*diam/area }"),
    (
        "POINTER",
        "NEURON { POINTER p } ASSIGNED { p } BREAKPOINT { i = g*(v - p) if (nrn_pointing(p)) { p = v } }",
    ),
    ("RANDOM", "NEURON { RANDOM r } BREAKPOINT { i = g*random_normal(r, 0, 1)*random_uniform(r) }"),
    (
        "legacy random numbers",
        "INITIAL { set_seed(3) } BREAKPOINT { i = g*normrand(0, 1)*exprand(1)*scop_random() }",
    ),
    (
        "at_time and state_discontinuity",
        "STATE { m } BREAKPOINT { if (at_time(3)) { state_discontinuity(m, m + 1) } i = g*m }",
    ),
    (
        "pointers that may refer to nothing",
        "NEURON { POINTER p } ASSIGNED { p } BREAKPOINT { i = g*v if (nrn_pointing(p)) { p = p + i } }",
    ),
    (
        "BBCOREPOINTER to a number",
        "NEURON { BBCOREPOINTER p } ASSIGNED { p } BREAKPOINT { i = g*v*p }\nVERBATIM\nstatic void bbcore_write(double* x, int* d, int* xx, int* offset, _threadargsproto_) {\n}\nENDVERBATIM",
    ),
    ("CONDUCTANCE", "BREAKPOINT { CONDUCTANCE g i = g*v }"),
    ("MUTEX and PROTECT", "BREAKPOINT { MUTEXLOCK i = g*v MUTEXUNLOCK PROTECT g = g }"),
    ("printf and error", "BREAKPOINT { printf(\"%g\\n\", v) if (g < 0) { error(\"g\") } i = g*v }"),
    (
        "CONSTRUCTOR and DESTRUCTOR",
        "CONSTRUCTOR { g = 1 } DESTRUCTOR { g = 0 } BREAKPOINT { i = g*v }",
    ),
    (
        "BEFORE and AFTER",
        "ASSIGNED { a } BEFORE INITIAL { a = 0 } AFTER INITIAL { a = 1 } BEFORE BREAKPOINT { a = 2 } AFTER SOLVE { a = 3 } BEFORE STEP { a = 4 } BREAKPOINT { i = g*a }",
    ),
    (
        "THREADSAFE and REPRESENTS",
        "NEURON { THREADSAFE REPRESENTS NCIT:C17008 } BREAKPOINT { i = g*v }",
    ),
];

#[test]
fn the_constructs_of_the_language_compile() {
    for (name, text) in CONSTRUCTS {
        let text = format!(
            "NEURON {{ SUFFIX c NONSPECIFIC_CURRENT i RANGE g }} PARAMETER {{ g = 1 }} \
             ASSIGNED {{ v i celsius diam area dt t }}\n{}",
            text.replace("VERBATIM return", "\nVERBATIM\nreturn").replace(" ENDV", "\nENDV")
        );
        let parsed = parse_text(Path::new("c.mod"), &text, &Options::default());
        let parsed = parsed.unwrap_or_else(|messages| panic!("{name}: {}", messages[0]));
        let compiled = compile(&parsed, &Settings::default());
        compiled.unwrap_or_else(|messages| panic!("{name}: {}", messages[0]));
    }
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
