//! Which blocks a file may have.

use super::Checker;
use crate::ast::{Item, MechanismKind, NeuronStatement};
use crate::source::Span;

impl Checker<'_, '_, '_> {
    pub(super) fn structure(&mut self) {
        self.once("BREAKPOINT", |item| match item {
            Item::Breakpoint(body) => Some(body.span),
            _ => None,
        });
        self.once("NET_RECEIVE", |item| match item {
            Item::NetReceive(receive) => Some(receive.span),
            _ => None,
        });
        let Some(mechanism) = &self.symbols.mechanism else { return };
        let kind = mechanism.kind;
        for item in &self.program.items {
            match item {
                Item::NetReceive(receive) if kind == MechanismKind::Density => {
                    let message = "a SUFFIX mechanism receives no events";
                    self.reporter.error(receive.span, message);
                    self.reporter.help("NET_RECEIVE needs POINT_PROCESS or ARTIFICIAL_CELL");
                }
                Item::Neuron(block) => {
                    for statement in &block.statements {
                        self.neuron_statement(kind, statement);
                    }
                }
                _ => {}
            }
        }
    }

    fn neuron_statement(&mut self, kind: MechanismKind, statement: &NeuronStatement) {
        if let (MechanismKind::Density, NeuronStatement::ElectrodeCurrent(names)) =
            (kind, statement)
        {
            let span = names.first().map_or(Span::default(), |name| name.span);
            self.reporter.error(
                span,
                "an electrode stands at a point, a SUFFIX mechanism has no current of one",
            );
            self.reporter.help("use POINT_PROCESS, or NONSPECIFIC_CURRENT with the opposite sign");
            return;
        }
        let artificial = kind == MechanismKind::ArtificialCell;
        let (span, what) = match statement {
            NeuronStatement::UseIon(use_ion) if artificial => (use_ion.span, "ions"),
            NeuronStatement::NonspecificCurrent(names)
            | NeuronStatement::ElectrodeCurrent(names)
                if artificial =>
            {
                (names.first().map_or(Span::default(), |name| name.span), "currents")
            }
            _ => return,
        };
        self.reporter.error(span, format!("an ARTIFICIAL_CELL has no membrane and no {what}"));
        self.reporter.help("use POINT_PROCESS");
    }

    fn once(&mut self, keyword: &str, span: impl Fn(&Item) -> Option<Span>) {
        for second in self.program.items.iter().filter_map(span).skip(1) {
            self.reporter.error(second, format!("a file has one {keyword} block, this is another"));
        }
    }
}
