//! Checks of a whole file: every name has a meaning, every statement stands where it may.

mod names;
mod scope;
mod structure;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{Block, EquationKind, Item, Program};
use crate::source::{Reporter, Span};
use crate::symbols::Symbols;
pub(crate) use scope::nearest;
use scope::{Local, LocalKind};

/// Checks `program` against its symbols.
pub(crate) fn check(program: &Program, symbols: &Symbols, reporter: &mut Reporter<'_>) {
    let mut checker = Checker {
        program,
        symbols,
        reporter,
        place: Place::Initial,
        scopes: Vec::new(),
        uses: BTreeMap::new(),
        unknown: BTreeSet::new(),
        called: BTreeSet::new(),
        solved: BTreeSet::new(),
    };
    checker.structure();
    checker.items();
    checker.unused();
}

/// The block a statement belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Initial,
    Breakpoint,
    Equations(EquationKind),
    Function,
    Procedure,
    NetReceive,
    /// `BEFORE`, `AFTER`, `CONSTRUCTOR`, `DESTRUCTOR`.
    Other,
}

/// How a variable of the file is used.
#[derive(Clone, Copy, Debug, Default)]
struct Use {
    read: bool,
    written: bool,
    /// Written outside of `INITIAL`, or by an equation.
    advanced: bool,
    /// Where it is read first.
    first_read: Option<Span>,
}

struct Checker<'a, 'r, 's> {
    program: &'a Program,
    symbols: &'a Symbols,
    reporter: &'r mut Reporter<'s>,
    place: Place,
    scopes: Vec<Vec<Local>>,
    uses: BTreeMap<String, Use>,
    /// Names already reported as unknown.
    unknown: BTreeSet<String>,
    called: BTreeSet<String>,
    solved: BTreeSet<String>,
}

impl<'a> Checker<'a, '_, '_> {
    fn items(&mut self) {
        let program = self.program;
        for item in &program.items {
            match item {
                Item::Initial(body) => self.item(Place::Initial, Vec::new(), body),
                Item::Breakpoint(body) => self.item(Place::Breakpoint, Vec::new(), body),
                Item::Equations(block) => {
                    let place = Place::Equations(block.kind);
                    self.item(place, Vec::new(), &block.body);
                }
                Item::Routine(routine) => {
                    let mut locals = scope::arguments(&routine.arguments);
                    let place = if routine.is_function {
                        locals.push(Local::new(&routine.name, LocalKind::Result));
                        Place::Function
                    } else {
                        Place::Procedure
                    };
                    self.item(place, locals, &routine.body);
                }
                Item::NetReceive(receive) => {
                    let locals = scope::arguments(&receive.arguments);
                    self.item(Place::NetReceive, locals, &receive.body);
                }
                Item::Hook(hook) => self.item(Place::Other, Vec::new(), &hook.body),
                Item::Constructor(body) | Item::Destructor(body) => {
                    self.item(Place::Other, Vec::new(), body);
                }
                _ => {}
            }
        }
    }

    fn item(&mut self, place: Place, locals: Vec<Local>, body: &'a Block) {
        self.place = place;
        self.duplicates(&locals);
        self.scopes.push(locals);
        self.block(body);
        self.leave_scope();
    }
}
