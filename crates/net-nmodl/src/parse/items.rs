//! Blocks at the outermost level and the statements of the `NEURON` block.

use super::declarations::Declares;
use super::{ITEM_KEYWORDS, Parsed, Parser};
use crate::ast::{
    EquationBlock, EquationKind, FunctionTable, Hook, Item, MechanismKind, Name, NetReceive,
    NeuronBlock, NeuronStatement, Phase, Program, Routine, Text, UseIon,
};
use crate::lex::TokenKind;

/// Help for the words of Arbor's dialect, which are not NMODL.
fn arbor_help(word: &str) -> Option<&'static str> {
    Some(match word {
        "JUNCTION_PROCESS" | "JUNCTION" => {
            "in NMODL a gap junction is a POINT_PROCESS with a POINTER to the other voltage"
        }
        "VOLTAGE_PROCESS" => "in NMODL a voltage clamp is a POINT_PROCESS with ELECTRODE_CURRENT",
        "REVERSAL_POTENTIAL" | "REVERSAL_POTENTIAL_PROCESS" => {
            "in NMODL a SUFFIX mechanism with USEION ... WRITE sets a reversal potential"
        }
        "WHITE_NOISE" => "in NMODL noise is drawn with random_normal() from a RANDOM variable",
        "POST_EVENT" => "in NMODL WATCH or NET_RECEIVE reacts to spikes of the cell",
        _ => return None,
    })
}

impl Parser<'_, '_, '_> {
    pub(super) fn program(&mut self) -> Program {
        let mut items = Vec::new();
        while self.token().kind != TokenKind::End {
            let from = self.at;
            match self.item() {
                Ok(item) => items.push(item),
                Err(_) => {
                    self.is_complete = false;
                    self.skip_item(from);
                }
            }
        }
        Program { items }
    }

    /// After an error at item level: to the next line that begins with a keyword of an item.
    fn skip_item(&mut self, from: usize) {
        loop {
            let token = self.token();
            let word = self.word();
            let begins = token.starts_line
                && (ITEM_KEYWORDS.contains(&word)
                    || matches!(word, "INITIAL" | "VERBATIM" | "COMMENT" | "UNITSON" | "UNITSOFF"));
            if token.kind == TokenKind::End || begins && self.at > from {
                return;
            }
            self.advance();
        }
    }

    fn item(&mut self) -> Parsed<Item> {
        let word = self.word();
        self.kinetic = word == "KINETIC";
        Ok(match word {
            "TITLE" => Item::Title(self.raw_text()?),
            "COMMENT" => Item::Comment(self.raw_text()?),
            "NEURON" => Item::Neuron(self.neuron_block()?),
            "UNITS" => Item::Units(self.units_block()?),
            "UNITSON" | "UNITSOFF" => Item::UnitsSwitch(self.units_switch()),
            "PARAMETER" => Item::Parameter(self.declaration_block(Declares::Parameters)?),
            "CONSTANT" => Item::Constant(self.declaration_block(Declares::Constants)?),
            "ASSIGNED" => Item::Assigned(self.declaration_block(Declares::Assigned)?),
            "STATE" => Item::State(self.declaration_block(Declares::States)?),
            "LOCAL" => Item::Local(self.local()?),
            "DEFINE" => Item::Define(self.define()?),
            "INCLUDE" => Item::Include(self.include()?),
            "INDEPENDENT" => Item::Independent(self.independent()?),
            "INITIAL" => Item::Initial(self.plain_block()?),
            // `EQUATION` is the older name.
            "BREAKPOINT" | "EQUATION" => Item::Breakpoint(self.plain_block()?),
            "CONSTRUCTOR" => Item::Constructor(self.plain_block()?),
            "DESTRUCTOR" => Item::Destructor(self.plain_block()?),
            "DERIVATIVE" => Item::Equations(self.equations(EquationKind::Derivative)?),
            "KINETIC" => Item::Equations(self.equations(EquationKind::Kinetic)?),
            "LINEAR" => Item::Equations(self.equations(EquationKind::Linear)?),
            "NONLINEAR" => Item::Equations(self.equations(EquationKind::Nonlinear)?),
            "FUNCTION" | "PROCEDURE" => Item::Routine(self.routine()?),
            "FUNCTION_TABLE" => Item::FunctionTable(self.function_table()?),
            "NET_RECEIVE" => Item::NetReceive(self.net_receive()?),
            "BEFORE" | "AFTER" => Item::Hook(self.hook()?),
            "VERBATIM" => Item::Verbatim(self.verbatim()?),
            _ => return self.unknown_item(word),
        })
    }

    fn unknown_item(&mut self, word: &str) -> Parsed<Item> {
        let span = self.token().span;
        if let Some(help) = arbor_help(word) {
            let message = format!("`{word}` belongs to Arbor's dialect, it is not NMODL");
            return self.fail(span, message, help);
        }
        match word {
            "DISCRETE" | "PARTIAL" | "STEPPED" | "SENS" | "SENSITIVITY" | "PLOT" | "TERMINAL"
            | "MATCH" | "FUNCTION1" => self.fail(
                span,
                format!("`{word}` blocks are of older simulators and not supported"),
                "write a PROCEDURE and run it from BREAKPOINT with SOLVE",
            ),
            _ if self.is("}") => {
                self.fail(span, "`}` without `{`", "there is one `}` too many before this line")
            }
            _ => self.expected("a block such as NEURON, STATE or BREAKPOINT"),
        }
    }

    /// `TITLE` or `COMMENT` with its raw text.
    fn raw_text(&mut self) -> Parsed<Text> {
        let keyword = self.advance();
        let body = self.advance();
        if body.kind != TokenKind::Raw {
            return self.fail(keyword.span, "`COMMENT` without `ENDCOMMENT`", "");
        }
        let text = self.text_of(body.span).trim().to_owned();
        Ok(Text { text, span: keyword.span.to(body.span) })
    }

    fn include(&mut self) -> Parsed<Text> {
        let keyword = self.advance();
        let token = self.token();
        if token.kind != TokenKind::Text {
            return self.expected("a file name between double quotes");
        }
        self.advance();
        let text = self.text_of(token.span);
        Ok(Text { text: text[1..text.len() - 1].to_owned(), span: keyword.span.to(token.span) })
    }

    fn plain_block(&mut self) -> Parsed<crate::ast::Block> {
        self.advance();
        self.block()
    }

    fn equations(&mut self, kind: EquationKind) -> Parsed<EquationBlock> {
        let from = self.at;
        self.advance();
        let name = self.name("the name of the block")?;
        let solve_for = if self.accept_word("SOLVEFOR") {
            self.names("the name of a state")?
        } else {
            Vec::new()
        };
        let body = self.block()?;
        Ok(EquationBlock { kind, name, solve_for, body, span: self.span_from(from) })
    }

    fn routine(&mut self) -> Parsed<Routine> {
        let from = self.at;
        let is_function = self.word() == "FUNCTION";
        self.advance();
        let name = self.name("the name of the routine")?;
        let arguments = self.arguments()?;
        let unit = self.optional_unit()?;
        let body = self.block()?;
        Ok(Routine { is_function, name, arguments, unit, body, span: self.span_from(from) })
    }

    fn function_table(&mut self) -> Parsed<FunctionTable> {
        let from = self.at;
        self.advance();
        let name = self.name("the name of the function")?;
        let arguments = self.arguments()?;
        let unit = self.optional_unit()?;
        Ok(FunctionTable { name, arguments, unit, span: self.span_from(from) })
    }

    fn net_receive(&mut self) -> Parsed<NetReceive> {
        let from = self.at;
        self.advance();
        let arguments = self.arguments()?;
        let body = self.block()?;
        Ok(NetReceive { arguments, body, span: self.span_from(from) })
    }

    fn hook(&mut self) -> Parsed<Hook> {
        let from = self.at;
        let after = self.word() == "AFTER";
        self.advance();
        let phase = match self.word() {
            "INITIAL" => Phase::Initial,
            "BREAKPOINT" => Phase::Breakpoint,
            "SOLVE" => Phase::Solve,
            "STEP" => Phase::Step,
            _ => return self.expected("INITIAL, BREAKPOINT, SOLVE or STEP"),
        };
        self.advance();
        let body = self.block()?;
        Ok(Hook { after, phase, body, span: self.span_from(from) })
    }

    fn neuron_block(&mut self) -> Parsed<NeuronBlock> {
        let from = self.at;
        self.advance();
        let statements = self.braced(|p, statements| {
            statements.push(p.neuron_statement()?);
            Ok(())
        })?;
        Ok(NeuronBlock { statements, span: self.span_from(from) })
    }

    fn neuron_statement(&mut self) -> Parsed<NeuronStatement> {
        use NeuronStatement::*;
        let word = self.word();
        let span = self.token().span;
        if let Some(help) = arbor_help(word) {
            let message = format!("`{word}` belongs to Arbor's dialect, it is not NMODL");
            return self.fail(span, message, help);
        }
        let kind = match word {
            "SUFFIX" => Some(MechanismKind::Density),
            "POINT_PROCESS" => Some(MechanismKind::Point),
            "ARTIFICIAL_CELL" => Some(MechanismKind::ArtificialCell),
            _ => None,
        };
        if let Some(kind) = kind {
            self.advance();
            return Ok(Mechanism(kind, self.name("the name of the mechanism")?));
        }
        match word {
            "USEION" => return self.use_ion().map(UseIon),
            "REPRESENTS" => return self.represents().map(Represents),
            "THREADSAFE" => {
                self.advance();
                return Ok(ThreadSafe(self.optional_names()?));
            }
            _ => {}
        }
        let list: fn(Vec<Name>) -> NeuronStatement = match word {
            "NONSPECIFIC_CURRENT" => NonspecificCurrent,
            "ELECTRODE_CURRENT" => ElectrodeCurrent,
            "RANGE" => Range,
            "GLOBAL" => Global,
            "POINTER" => Pointer,
            "BBCOREPOINTER" => BbcorePointer,
            "RANDOM" => Random,
            "EXTERNAL" => External,
            _ => return self.expected("a statement of the NEURON block such as SUFFIX or RANGE"),
        };
        self.advance();
        Ok(list(self.names("the name of a variable")?))
    }

    /// Names on the rest of the line, or none.
    fn optional_names(&mut self) -> Parsed<Vec<Name>> {
        if self.token().kind == TokenKind::Word && !super::is_reserved(self.word()) {
            self.names("the name of a variable")
        } else {
            Ok(Vec::new())
        }
    }

    fn use_ion(&mut self) -> Parsed<UseIon> {
        let from = self.at;
        self.advance();
        let ion = self.name("the name of an ion")?;
        let (mut read, mut write) = (Vec::new(), Vec::new());
        let (mut valence, mut represents) = (None, None);
        loop {
            match self.word() {
                "READ" => {
                    self.advance();
                    read.extend(self.names("a variable of the ion")?);
                }
                "WRITE" => {
                    self.advance();
                    write.extend(self.names("a variable of the ion")?);
                }
                "VALENCE" | "CHARGE" => {
                    self.advance();
                    valence = Some(self.signed_number()?);
                }
                "REPRESENTS" => represents = Some(self.represents()?),
                _ => break,
            }
        }
        Ok(UseIon { ion, read, write, valence, represents, span: self.span_from(from) })
    }

    fn represents(&mut self) -> Parsed<Text> {
        let keyword = self.advance();
        let term = self.advance();
        let text = self.text_of(term.span).to_owned();
        Ok(Text { text, span: keyword.span.to(term.span) })
    }
}
