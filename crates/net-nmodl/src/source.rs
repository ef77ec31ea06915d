//! Source texts, places in them, and messages about them.

use std::fmt;
use std::path::{Path, PathBuf};

/// Index of a text within a [`SourceMap`]: the main file is 0, included files follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes of one source text.
///
/// Two spans always compare equal: where something was written is no part of what it says, so
/// syntax trees of the same program in different layouts are equal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// The text.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl PartialEq for Span {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Span {
    /// The span from the start of `self` to the end of `other`, both of one file.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { end: other.end.max(self.end), ..self }
    }
}

/// One source text with the beginnings of its lines.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path it was read from, or the name given for a text in memory.
    pub path: PathBuf,
    /// The text; bytes that were not UTF-8 are replaced.
    pub text: String,
    line_starts: Vec<u32>,
}

/// A place in a text as people count: from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl SourceFile {
    /// A text named `path`. Line ends may be LF, CR LF or CR alone (old Macintosh files); the
    /// stored text has LF only.
    #[must_use]
    pub fn new(path: &Path, text: &str) -> Self {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1))
            .collect();
        SourceFile { path: path.to_path_buf(), text, line_starts }
    }

    /// Line and column of a byte; offsets behind the end give the end.
    #[must_use]
    pub fn position(&self, offset: u32) -> Position {
        let line = self.line_starts.partition_point(|&start| start <= offset).max(1);
        let start = self.line_starts[line - 1] as usize;
        let before = self.text.as_bytes().get(start..offset as usize).unwrap_or_default();
        // Count the bytes that begin a character.
        let column = before.iter().filter(|&&b| b & 0xC0 != 0x80).count() as u32 + 1;
        Position { line: line as u32, column }
    }

    /// The text of a line (from 1), without its end.
    #[must_use]
    pub fn line(&self, line: u32) -> &str {
        self.text.split('\n').nth(line.saturating_sub(1) as usize).unwrap_or("")
    }
}

/// All texts that went into one program.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Adds a text.
    pub fn add(&mut self, path: &Path, text: &str) -> FileId {
        self.files.push(SourceFile::new(path, text));
        FileId(self.files.len() as u32 - 1)
    }

    /// The texts, the main file first.
    #[must_use]
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// A text.
    ///
    /// # Panics
    /// If `file` was not given out by this map.
    #[must_use]
    pub fn file(&self, file: FileId) -> &SourceFile {
        &self.files[file.0 as usize]
    }

    /// The text of a span.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Line and column at which a span starts.
    #[must_use]
    pub fn position(&self, span: Span) -> Position {
        self.file(span.file).position(span.start)
    }

    /// A message about a span, with its source line.
    #[must_use]
    pub fn diagnostic(&self, severity: Severity, span: Span, message: String) -> Diagnostic {
        let file = self.file(span.file);
        let Position { line, column } = file.position(span.start);
        let end = file.position(span.end);
        let source_line = file.line(line).to_owned();
        // A span over several lines is marked to the end of its first line.
        let end_column =
            if end.line == line { end.column } else { source_line.chars().count() as u32 + 1 };
        let width = end_column.saturating_sub(column).max(1);
        let path = file.path.clone();
        Diagnostic { severity, path, line, column, width, message, help: None, source_line }
    }
}

/// How bad a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The program cannot be used.
    Error,
    /// The program can be used, but may not say what was meant.
    Warning,
}

/// A message about one place of a source text. `Display` shows it with the line and a caret:
///
/// ```text
/// error: k.mod:12:10: `gbra` is not declared
///    12 | ik = gbra*n*(v - ek)
///       |      ^^^^
///   help: did you mean `gbar`?
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// File the place is in.
    pub path: PathBuf,
    /// Line, from 1; 0 for the file as a whole.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Characters to underline.
    pub width: u32,
    /// What is wrong, in one sentence without a period.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The line of source text.
    pub source_line: String,
}

impl Diagnostic {
    /// The same message with a help text.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl std::error::Error for Diagnostic {}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let Self { line, column, message, .. } = self;
        let path = self.path.display();
        // Line 0 is the file as a whole.
        if *line == 0 {
            writeln!(f, "{severity}: {path}: {message}")?;
        } else {
            writeln!(f, "{severity}: {path}:{line}:{column}: {message}")?;
            // Tabs are shown as one space, so that the caret stands under its character.
            let shown = self.source_line.replace('\t', " ");
            writeln!(f, "{line:>5} | {}", shown.trim_end())?;
            let indent = self.column.saturating_sub(1) as usize;
            writeln!(f, "      | {:indent$}{}", "", "^".repeat(self.width as usize))?;
        }
        if let Some(help) = &self.help {
            writeln!(f, "  help: {help}")?;
        }
        Ok(())
    }
}

/// Collects the messages about one program.
#[derive(Debug)]
pub(crate) struct Reporter<'a> {
    sources: &'a SourceMap,
    diagnostics: Vec<(FileId, u32, Diagnostic)>,
}

impl<'a> Reporter<'a> {
    pub(crate) fn new(sources: &'a SourceMap) -> Self {
        Reporter { sources, diagnostics: Vec::new() }
    }

    pub(crate) fn report(&mut self, severity: Severity, span: Span, message: String) {
        let diagnostic = self.sources.diagnostic(severity, span, message);
        self.diagnostics.push((span.file, span.start, diagnostic));
    }

    pub(crate) fn error(&mut self, span: Span, message: impl Into<String>) {
        self.report(Severity::Error, span, message.into());
    }

    pub(crate) fn warning(&mut self, span: Span, message: impl Into<String>) {
        self.report(Severity::Warning, span, message.into());
    }

    /// Line of a span.
    pub(crate) fn line(&self, span: Span) -> u32 {
        self.sources.position(span).line
    }

    /// Adds a help text to the latest message.
    pub(crate) fn help(&mut self, help: impl Into<String>) {
        if let Some((_, _, diagnostic)) = self.diagnostics.last_mut() {
            diagnostic.help = Some(help.into());
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|(_, _, diagnostic)| diagnostic.severity == Severity::Error)
    }

    /// The messages in the order of the text, without repetitions.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.diagnostics
            .sort_by_key(|(file, start, diagnostic)| (*file, *start, diagnostic.severity));
        let mut diagnostics: Vec<_> = self.diagnostics.into_iter().map(|(_, _, d)| d).collect();
        diagnostics.dedup();
        diagnostics
    }
}
