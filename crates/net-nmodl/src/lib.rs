//! NMODL, the language in which models of ion channels and synapses are written: from a `.mod`
//! file to a checked program.
//!
//! [`parse_file`] (or [`parse_text`] for a text in memory) gives a [`Parsed`]:
//!
//! - its [`ast::Program`] is the syntax tree as written, with included files in place and the C
//!   code of known idioms ([`idioms`]) replaced by NMODL; [`print::print`] turns it into text;
//! - its [`symbols::Symbols`] say what each name of the file's scope means;
//! - its [`units::UnitTable`] knows the units of the file;
//! - its warnings are [`source::Diagnostic`]s, as are the errors of a file that cannot be used.
//!
//! ```
//! use net_nmodl::{Options, parse_text};
//!
//! let leak = "
//!     NEURON { SUFFIX leak NONSPECIFIC_CURRENT i RANGE g, e }
//!     PARAMETER { g = 0.001 (S/cm2)  e = -70 (mV) }
//!     ASSIGNED { v (mV) i (mA/cm2) }
//!     BREAKPOINT { i = g*(v - e) }
//! ";
//! let parsed = parse_text("leak.mod".as_ref(), leak, &Options::default()).unwrap();
//! assert_eq!(parsed.symbols.variable("e").unwrap().default, Some(-70.0));
//!
//! let wrong = leak.replace("v - e", "v - erev");
//! let errors = parse_text("leak.mod".as_ref(), &wrong, &Options::default()).unwrap_err();
//! let message = errors.last().unwrap().to_string();
//! assert!(message.starts_with("error: leak.mod:5:29: `erev` is not declared"), "{message}");
//! ```

pub mod ast;
pub mod builtin;
mod check;
pub mod compile;
mod emit;
pub mod idioms;
mod include;
mod lex;
pub mod library;
mod lower;
mod optimize;
mod parse;
pub mod print;
mod solve;
pub mod source;
pub mod symbols;
pub mod units;
pub mod visit;

use std::path::{Path, PathBuf};

use ast::Program;
use source::{Diagnostic, FileId, Reporter, Severity, SourceMap};
use symbols::Symbols;
use units::UnitTable;

/// How files are read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Folders searched for included files, after the folder of the file itself.
    pub include_folders: Vec<PathBuf>,
}

/// A program without errors.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// Its texts.
    pub sources: SourceMap,
    /// Its syntax tree.
    pub program: Program,
    /// Its names.
    pub symbols: Symbols,
    /// Its units.
    pub units: UnitTable,
    /// The idioms of C code that were replaced.
    pub idioms: Vec<idioms::Idiom>,
    /// What may not be meant as written.
    pub warnings: Vec<Diagnostic>,
}

/// Reads, parses and checks a `.mod` file.
///
/// # Errors
/// All errors and warnings of the file, in the order of the text.
pub fn parse_file(path: &Path, options: &Options) -> Result<Parsed, Vec<Diagnostic>> {
    match std::fs::read(path) {
        Ok(bytes) => parse_text(path, &String::from_utf8_lossy(&bytes), options),
        Err(error) => Err(vec![Diagnostic {
            severity: Severity::Error,
            path: path.to_owned(),
            line: 0,
            column: 0,
            width: 0,
            message: format!("the file cannot be read: {error}"),
            help: None,
            source_line: String::new(),
        }]),
    }
}

/// Parses and checks a text; `path` names it in messages and is where included files are sought.
///
/// # Errors
/// All errors and warnings of the text, in its order.
pub fn parse_text(path: &Path, text: &str, options: &Options) -> Result<Parsed, Vec<Diagnostic>> {
    let mut sources = SourceMap::default();
    let main = sources.add(path, text);
    let includes = include::Includes::read(&mut sources, main, &options.include_folders);
    let mut reporter = Reporter::new(&sources);
    for error in includes.errors.iter() {
        reporter.error(error.span, error.message.as_str());
        reporter.help(error.help.as_str());
    }
    let mut is_complete = includes.errors.is_empty();
    let mut parse = |file: FileId| {
        let parse = parse::parse_text(&sources, file, &mut reporter);
        is_complete &= parse.is_complete;
        parse.program
    };
    let program = parse(main);
    let program = includes.splice(program, &mut parse);
    if !is_complete {
        // Names of what could not be parsed would only add wrong messages.
        return Err(reporter.finish());
    }
    let is_parsed = !reporter.has_errors();
    let (program, idioms) = idioms::rewrite(program, &mut reporter);
    let mut units = UnitTable::standard();
    let file_stem = path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into());
    let mut symbols = Symbols::build(&program, &file_stem, &mut units, &mut reporter);
    symbols.spike_train = idioms.iter().any(|idiom| idiom.class == idioms::Class::SpikeTrain);
    check::check(&program, &symbols, &mut reporter);
    units::lint(&program, &symbols, &units, &mut reporter);
    if reporter.has_errors() {
        let mut messages = reporter.finish();
        // What a statement with an error would have used seems unused.
        messages.retain(|message| is_parsed || message.severity == Severity::Error);
        return Err(messages);
    }
    let warnings = reporter.finish();
    Ok(Parsed { sources, program, symbols, units, idioms, warnings })
}

/// The syntax tree of one text as written: without included files, rewriting or checks.
///
/// # Errors
/// All errors of the text, in its order.
pub fn parse_syntax(path: &Path, text: &str) -> Result<Program, Vec<Diagnostic>> {
    let mut sources = SourceMap::default();
    let main = sources.add(path, text);
    let mut reporter = Reporter::new(&sources);
    let program = parse::parse_text(&sources, main, &mut reporter).program;
    if reporter.has_errors() { Err(reporter.finish()) } else { Ok(program) }
}

/// The 6 significant digits to which NEURON rounds the defaults of parameters.
#[must_use]
pub fn neuron_default(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_rounded_as_neuron_does() {
        assert_eq!(neuron_default(-45.278153), -45.2782);
        assert_eq!(neuron_default(0.12), 0.12);
        assert_eq!(neuron_default(0.0), 0.0);
        assert_eq!(neuron_default(1e-20), 1e-20);
    }
}
