//! Local names and what a name refers to.

use super::{Checker, Place};
use crate::ast::{Argument, Name};
use crate::builtin::Builtin;
use crate::source::Span;
use crate::symbols::Role;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LocalKind {
    Argument,
    Local,
    Loop,
    /// The variable of a function's own name.
    Result,
}

#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) name: String,
    pub(super) kind: LocalKind,
    pub(super) length: Option<usize>,
    pub(super) span: Span,
    pub(super) read: bool,
    pub(super) written: bool,
}

impl Local {
    pub(super) fn new(name: &Name, kind: LocalKind) -> Self {
        let Name { text, span } = name.clone();
        Local { name: text, kind, length: None, span, read: false, written: false }
    }
}

pub(super) fn arguments(arguments: &[Argument]) -> Vec<Local> {
    arguments.iter().map(|argument| Local::new(&argument.name, LocalKind::Argument)).collect()
}

/// What a name refers to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Referent {
    Local(Option<usize>),
    /// A variable of the file with its role and length.
    Variable(Role, Option<usize>),
    /// Something the simulator gives.
    Given,
}

impl Checker<'_, '_, '_> {
    pub(super) fn local(&mut self, name: &str) -> Option<&mut Local> {
        self.scopes
            .iter_mut()
            .rev()
            .flat_map(|scope| scope.iter_mut().rev())
            .find(|l| l.name == name)
    }

    pub(super) fn duplicates(&mut self, locals: &[Local]) {
        for (index, local) in locals.iter().enumerate() {
            if locals[..index].iter().any(|earlier| earlier.name == local.name) {
                let message = format!("`{}` is declared twice", local.name);
                self.reporter.error(local.span, message);
            }
        }
    }

    /// Finds a name and notes its use; unknown names are reported once.
    pub(super) fn refer(&mut self, name: &Name, writes: bool) -> Option<Referent> {
        let text = name.text.as_str();
        if let Some(local) = self.local(text) {
            local.read |= !writes;
            local.written |= writes;
            return Some(Referent::Local(local.length));
        }
        if let Some(variable) = self.symbols.variable(text) {
            self.note(name, writes);
            return Some(Referent::Variable(variable.role, variable.length));
        }
        if let Some(builtin) = Builtin::of(text) {
            return Some(Referent::Variable(Role::Builtin(builtin), None));
        }
        if self.is_given(text) {
            return Some(Referent::Given);
        }
        self.report_unknown(name);
        None
    }

    fn note(&mut self, name: &Name, writes: bool) {
        let advances = self.place != Place::Initial;
        let entry = self.uses.entry(name.text.clone()).or_default();
        entry.read |= !writes;
        if !writes {
            entry.first_read.get_or_insert(name.span);
        }
        entry.written |= writes;
        entry.advanced |= writes && advances;
    }

    /// Names that exist without a declaration.
    fn is_given(&self, name: &str) -> bool {
        match name {
            "flag" => self.place == Place::NetReceive,
            "f_flux" | "b_flux" => true,
            // The initial value of a state.
            _ => name
                .strip_suffix('0')
                .and_then(|state| self.symbols.variable(state))
                .is_some_and(|variable| variable.is_state()),
        }
    }

    fn report_unknown(&mut self, name: &Name) {
        let text = &name.text;
        if !self.unknown.insert(text.clone()) {
            return;
        }
        if let Some(routine) = self.symbols.routines.get(text) {
            let message = format!("`{text}` is a routine, not a variable");
            self.reporter.error(name.span, message);
            let arguments = if routine.arity == 0 { "()" } else { "(...)" };
            self.reporter.help(format!("call it: {text}{arguments}"));
            return;
        }
        self.reporter.error(name.span, format!("`{text}` is not declared"));
        let ion = self.symbols.ions.iter().map(|ion| ion.name.as_str()).find(|ion| {
            let quantities =
                [format!("e{ion}"), format!("i{ion}"), format!("{ion}i"), format!("{ion}o")];
            quantities.contains(text)
        });
        if let Some(ion) = ion {
            self.reporter.help(format!("add `READ {text}` to USEION {ion}"));
        } else if let Some(near) = self.nearest(text) {
            self.reporter.help(format!("did you mean `{near}`?"));
        } else {
            self.reporter.help("declare it in ASSIGNED, PARAMETER or LOCAL");
        }
    }

    fn nearest(&self, text: &str) -> Option<String> {
        let locals = self.scopes.iter().flatten().map(|local| local.name.as_str());
        let variables = self.symbols.variables.iter().map(|variable| variable.name.as_str());
        let given = ["v", "t", "dt", "celsius", "area", "diam"];
        nearest(text, locals.chain(variables).chain(given)).map(str::to_owned)
    }

    pub(super) fn leave_scope(&mut self) {
        for local in self.scopes.pop().unwrap_or_default() {
            let name = &local.name;
            match local.kind {
                LocalKind::Local if !local.read && !local.written => {
                    self.reporter.warning(local.span, format!("`{name}` is never used"));
                }
                LocalKind::Local if !local.read => {
                    let message = format!("`{name}` is assigned but never read");
                    self.reporter.warning(local.span, message);
                }
                LocalKind::Local if !local.written => {
                    let message = format!("`{name}` is read but never assigned");
                    self.reporter.warning(local.span, message);
                }
                LocalKind::Result if !local.written => {
                    let message = format!("function `{name}` never assigns its value");
                    self.reporter.warning(local.span, message);
                    self.reporter.help(format!("write `{name} = ...`"));
                }
                _ => {}
            }
        }
    }
}

/// The candidate with the fewest changes from `text`, if those are few.
pub(crate) fn nearest<'c>(
    text: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    let limit = (text.len() / 3).clamp(1, 3);
    candidates
        .filter(|candidate| *candidate != text && candidate.len() > 1)
        .map(|candidate| (distance(text, candidate), candidate))
        .filter(|&(distance, _)| distance <= limit && text.len() > 1)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and exchanges of neighbors that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
