//! `INCLUDE "file"`: the items of the file take its place.

use std::path::{Path, PathBuf};

use crate::ast::{Item, Program, Text};
use crate::lex::{TokenKind, tokenize};
use crate::source::{FileId, SourceMap, Span};

/// Files may include files this deep.
const MAX_DEPTH: usize = 32;

/// An `INCLUDE` that could not be followed.
#[derive(Debug)]
pub(crate) struct IncludeError {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: String,
}

/// The file of one `INCLUDE`.
#[derive(Debug)]
struct Inclusion {
    /// Where the statement begins.
    from: (FileId, u32),
    file: FileId,
}

/// All files a program is made of.
#[derive(Debug, Default)]
pub(crate) struct Includes {
    inclusions: Vec<Inclusion>,
    pub(crate) errors: Vec<IncludeError>,
}

impl Includes {
    /// Reads what `file` includes, and what that includes, into `sources`.
    pub(crate) fn read(sources: &mut SourceMap, file: FileId, folders: &[PathBuf]) -> Includes {
        let mut includes = Includes::default();
        includes.follow(sources, &mut vec![file], folders);
        includes
    }

    fn follow(&mut self, sources: &mut SourceMap, chain: &mut Vec<FileId>, folders: &[PathBuf]) {
        let Some(&file) = chain.last() else { return };
        for text in statements(sources, file) {
            match open(sources, chain, folders, &text) {
                Ok(included) => {
                    let from = (file, text.span.start);
                    self.inclusions.push(Inclusion { from, file: included });
                    chain.push(included);
                    self.follow(sources, chain, folders);
                    chain.pop();
                }
                Err((message, help)) => {
                    self.errors.push(IncludeError { span: text.span, message, help });
                }
            }
        }
    }

    /// Puts the items of included files in place; `parse` gives the items of a file.
    pub(crate) fn splice(
        &self,
        program: Program,
        parse: &mut impl FnMut(FileId) -> Program,
    ) -> Program {
        let mut items = Vec::new();
        for item in program.items {
            let Item::Include(text) = &item else {
                items.push(item);
                continue;
            };
            let from = (text.span.file, text.span.start);
            // One that could not be followed is reported already.
            if let Some(inclusion) = self.inclusions.iter().find(|i| i.from == from) {
                let included = parse(inclusion.file);
                items.extend(self.splice(included, parse).items);
            }
        }
        Program { items }
    }
}

/// The `INCLUDE` statements of a text.
fn statements(sources: &SourceMap, file: FileId) -> Vec<Text> {
    let tokens = tokenize(file, &sources.file(file).text);
    let pairs = tokens.iter().zip(tokens.iter().skip(1));
    pairs
        .filter(|(word, name)| {
            word.kind == TokenKind::Word
                && name.kind == TokenKind::Text
                && sources.text(word.span) == "INCLUDE"
        })
        .map(|(word, name)| Text {
            text: sources.text(name.span).trim_matches('"').to_owned(),
            span: word.span.to(name.span),
        })
        .collect()
}

/// Finds the file beside the one that includes it or in `folders` and reads it.
fn open(
    sources: &mut SourceMap,
    chain: &[FileId],
    folders: &[PathBuf],
    include: &Text,
) -> Result<FileId, (String, String)> {
    let name = &include.text;
    let beside = sources.file(include.span.file).path.parent().unwrap_or(Path::new("")).to_owned();
    let candidates: Vec<PathBuf> =
        std::iter::once(&beside).chain(folders).map(|folder| folder.join(name)).collect();
    let Some(path) = candidates.iter().find(|path| path.is_file()) else {
        let searched: Vec<_> = candidates.iter().map(|path| path.display().to_string()).collect();
        let help = format!("searched: {}", searched.join(", "));
        return Err((format!("included file `{name}` does not exist"), help));
    };
    let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let this = canonical(path);
    if chain.iter().any(|&file| canonical(&sources.file(file).path) == this) {
        let help = "remove one of the INCLUDE statements of the circle".to_owned();
        return Err((format!("`{name}` includes itself"), help));
    }
    if chain.len() > MAX_DEPTH {
        let help = "put the text into fewer files".to_owned();
        return Err((format!("files are included deeper than {MAX_DEPTH} levels"), help));
    }
    match std::fs::read(path) {
        Ok(bytes) => Ok(sources.add(path, &String::from_utf8_lossy(&bytes))),
        Err(error) => {
            let help = format!("tried {}", path.display());
            Err((format!("included file `{name}` cannot be read: {error}"), help))
        }
    }
}
