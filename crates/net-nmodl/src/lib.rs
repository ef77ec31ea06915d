//! NMODL, the language in which models of ion channels and synapses are written.

pub mod ast;
mod lex;
mod parse;
pub mod source;

/// Parses one text, without includes or checks.
pub fn parse_text(sources: &source::SourceMap, file: source::FileId) -> (ast::Program, Vec<source::Diagnostic>) {
    let mut reporter = source::Reporter::new(sources);
    let program = parse::parse_text(sources, file, &mut reporter);
    (program, reporter.finish())
}
