//! `VERBATIM return; ENDVERBATIM` in the middle of a routine.

use super::c::Code;
use super::{Class, Idiom};
use crate::ast::{Block, Statement, StatementKind};

/// Writes `if (c) { a return } rest` as `if (c) { a } else { rest }`, and drops returns at the
/// end. Returns elsewhere stay.
pub(super) fn without_returns(mut body: Block, idioms: &mut Vec<Idiom>) -> Block {
    body.statements = tail(body.statements, idioms);
    body
}

/// Statements in tail position: nothing runs after them.
fn tail(mut statements: Vec<Statement>, idioms: &mut Vec<Idiom>) -> Vec<Statement> {
    let conditional = statements.iter().position(|statement| {
        matches!(&statement.kind, StatementKind::If { arms, otherwise: None }
            if arms.len() == 1 && arms[0].1.statements.last().is_some_and(is_return))
    });
    let Some(at) = conditional else {
        drop_return(&mut statements, idioms);
        // The arms of a last conditional are in tail position too.
        if let Some(Statement { kind: StatementKind::If { arms, otherwise }, .. }) =
            statements.last_mut()
        {
            for block in arms.iter_mut().map(|(_, block)| block).chain(otherwise) {
                block.statements = tail(std::mem::take(&mut block.statements), idioms);
            }
        }
        return statements;
    };
    let rest = tail(statements.split_off(at + 1), idioms);
    if let Some(Statement { kind: StatementKind::If { arms, otherwise }, span }) =
        statements.last_mut()
    {
        for (_, block) in arms.iter_mut() {
            drop_return(&mut block.statements, idioms);
        }
        if !rest.is_empty() {
            *otherwise = Some(Block { statements: rest, span: *span });
        }
    }
    statements
}

fn drop_return(statements: &mut Vec<Statement>, idioms: &mut Vec<Idiom>) {
    if let Some(last) = statements.pop_if(|statement| is_return(statement)) {
        let note = "returns are written with if and else".to_owned();
        idioms.push(Idiom { class: Class::EarlyReturn, span: last.span, note });
    }
}

fn is_return(statement: &Statement) -> bool {
    let StatementKind::Verbatim(verbatim) = &statement.kind else { return false };
    let code = Code::read(&verbatim.body);
    let tokens: Vec<&str> = code.tokens.iter().map(String::as_str).collect();
    matches!(tokens.as_slice(), ["return"] | ["return", ";"] | ["return", "0", ";"])
}
