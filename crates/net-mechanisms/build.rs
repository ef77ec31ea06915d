//! Compiles the files of `mod/`, a folder a set, into `$OUT_DIR/mechanisms.rs`.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use net_nmodl::compile::{Settings, compile};
use net_nmodl::library::mod_files;
use net_nmodl::source::Diagnostic;
use net_nmodl::{Options, parse_file};

/// Folders of `mod/`, in the order of the catalogue.
const SETS: [&str; 5] = ["neuron", "generic", "bbp", "allen", "ngv"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=mod");
    println!("cargo::rerun-if-changed=build.rs");
    let mut modules = String::new();
    let mut sets = String::new();
    for set in SETS {
        let _ = writeln!(modules, "mod {set} {{");
        let mut tables = Vec::new();
        for path in mod_files(&Path::new("mod").join(set))? {
            let source = translated(&path)?;
            let module = module_name(&path);
            let _ = writeln!(modules, "pub(super) mod {module} {{\n{source}}}");
            tables.push(format!("{set}::{module}::table()"));
        }
        modules.push_str("}\n");
        let tables = tables.join(", ");
        let _ = writeln!(sets, "Set {{ name: {set:?}, mechanisms: vec![{tables}] }},");
    }
    let text = format!("{modules}pub(super) fn sets() -> Vec<Set> {{\nvec![\n{sets}]\n}}\n");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("mechanisms.rs"), text)?;
    Ok(())
}

/// The Rust text of a file; in this project warnings about it are errors.
fn translated(path: &Path) -> Result<String, String> {
    let join = |messages: Vec<Diagnostic>| {
        let lines: Vec<String> = messages.iter().map(ToString::to_string).collect();
        lines.join("\n")
    };
    let parsed = parse_file(path, &Options::default()).map_err(join)?;
    let compiled = compile(&parsed, &Settings::default()).map_err(join)?;
    if parsed.warnings.is_empty() { Ok(compiled.source) } else { Err(join(parsed.warnings)) }
}

fn module_name(path: &Path) -> String {
    let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into());
    format!("mod_{}", stem.to_lowercase())
}
