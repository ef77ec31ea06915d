//! Code that is run only where the interpreter has given a vector.
//!
//! Nobody gives one here, so that the pointer is null and what is guarded by it is left out, NMODL in
//! the midst of it too:
//!
//! ```c
//! IvocVect *vv = *((IvocVect**)(&_p_times));
//! if (vv && vector_capacity(vv) >= 1) {
//! ```

use super::c::{Code, without_comments};
use crate::ast::{Block, Statement, StatementKind, Verbatim};
use crate::source::Span;

/// What was left out.
pub(super) struct Guard {
    /// The pointers to vectors, as NMODL names them.
    pub(super) pointers: Vec<String>,
    pub(super) span: Span,
}

/// Leaves out what stands between a guard and the brace that closes it, in other C code of the block.
pub(super) fn without_guarded(mut block: Block, found: &mut Vec<Guard>) -> Block {
    let mut kept = Vec::new();
    let mut rest = std::mem::take(&mut block.statements).into_iter();
    while let Some(statement) = rest.next() {
        match guard(&statement) {
            Some(guard) => match after_closing(&statement, rest.as_slice()) {
                Some((n_statements, tail)) => {
                    found.push(guard);
                    kept.extend(tail);
                    rest.nth(n_statements - 1);
                }
                None => kept.push(statement),
            },
            None => kept.push(inside(statement, found)),
        }
    }
    block.statements = kept;
    block
}

fn inside(mut statement: Statement, found: &mut Vec<Guard>) -> Statement {
    match &mut statement.kind {
        StatementKind::If { arms, otherwise } => {
            for block in arms.iter_mut().map(|(_, block)| block).chain(otherwise) {
                block.statements = without_guarded(block.clone(), found).statements;
            }
        }
        StatementKind::Initial(block) | StatementKind::Block(block) => {
            block.statements = without_guarded(block.clone(), found).statements;
        }
        _ => {}
    }
    statement
}

/// Whether a statement begins code that a vector guards: it declares vectors, and its first brace follows
/// a condition that asks for one of them.
fn guard(statement: &Statement) -> Option<Guard> {
    let StatementKind::Verbatim(verbatim) = &statement.kind else { return None };
    let text = without_comments(&verbatim.body);
    let head = Code::read(&text[..text.find('{')?]);
    let mut vectors = Vec::new();
    let mut pointers = Vec::new();
    for part in head.tokens.split(|token| token == ";") {
        let part = Code { tokens: part.to_vec(), macros: Vec::new() };
        let declared = ["IvocVect", "void"].iter().find_map(|kind| {
            part.matches(&format!("{kind} * $v = * ( ( {kind} * * ) ( & $pointer ) )"))
        });
        match declared.as_deref() {
            Some([(_, vector), (_, pointer)]) => {
                vectors.push(vector.clone());
                pointers.push(pointer.strip_prefix("_p_").unwrap_or(pointer).to_owned());
            }
            _ => {
                let tokens: Vec<&str> = part.tokens.iter().map(String::as_str).collect();
                let ["if", "(", vector, "&&", condition @ ..] = tokens.as_slice() else {
                    return None;
                };
                let asks = vectors.iter().any(|known| known == vector);
                return (asks && !condition.contains(&"||"))
                    .then_some(Guard { pointers, span: verbatim.span });
            }
        }
    }
    None
}

/// How many statements it takes to close the braces that the first one leaves open, and what C code follows
/// in the last of them.
fn after_closing(first: &Statement, rest: &[Statement]) -> Option<(usize, Option<Statement>)> {
    let StatementKind::Verbatim(verbatim) = &first.kind else { return None };
    let mut depth = braces(&without_comments(&verbatim.body), 0).ok()?;
    for (index, statement) in rest.iter().enumerate() {
        let StatementKind::Verbatim(verbatim) = &statement.kind else { continue };
        let text = without_comments(&verbatim.body);
        match braces(&text, depth) {
            Ok(deeper) => depth = deeper,
            Err(end) => {
                let tail = &text[end..];
                if Code::read(tail).tokens.first().is_some_and(|token| token == "else") {
                    return None;
                }
                let code = Verbatim { body: tail.to_owned(), span: verbatim.span };
                let kind = StatementKind::Verbatim(code);
                let tail =
                    (!tail.trim().is_empty()).then_some(Statement { kind, span: statement.span });
                return Some((index + 1, tail));
            }
        }
    }
    None
}

/// How many braces are open at the end of code; as an error, where the last one is closed.
fn braces(text: &str, open: usize) -> Result<usize, usize> {
    let mut depth = open;
    for (index, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Err(index + 1);
                }
            }
            _ => {}
        }
    }
    Ok(depth)
}
