//! e-model templates in HOC, of the shape that BluePyOpt writes: read, not interpreted.

use std::path::Path;

use super::error::{CellModelError, Result};
use super::expression::Expression;
use super::recipe::{
    ArtificialCell, AxonRule, CellModel, CellRecipe, Myelin, PlacedRule, Rule, SectionList,
    SegmentRule, StubDiameters, Stubs,
};
use super::tokens::{Placed, Token, tokens};

/// Reads a template.
///
/// What counts are the procedures that insert mechanisms and set parameters (`insertChannel`,
/// `biophys`), the distances of `distribute_distance`, the lengths of `geom_nseg`, and which of the
/// known ways `delete_axon` or `replace_axon` has to make an axon. A statement in the first two that
/// is no `forsec`, `insert`, assignment of a number or `distribute_distance` is an error.
///
/// # Errors
/// [`CellModelError`] with the line.
pub fn read_hoc(path: &Path) -> Result<CellModel> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| CellModelError::Read { path: path.to_owned(), source })?;
    parse_hoc(path, &text)
}

/// Reads the text of a template; `path` is for messages.
///
/// # Errors
/// As [`read_hoc`].
pub fn parse_hoc(path: &Path, text: &str) -> Result<CellModel> {
    let template = Template::new(path, tokens(text))?;
    if template.tokens.iter().any(|(token, _)| is_name(token, "pointcell")) {
        return template.artificial().map(CellModel::Artificial);
    }
    template.cable().map(CellModel::Cable)
}

struct Template<'a> {
    path: &'a Path,
    name: String,
    tokens: Vec<Placed>,
    /// Name and body of every procedure.
    procedures: Vec<(String, std::ops::Range<usize>)>,
}

fn is_name(token: &Token, name: &str) -> bool {
    matches!(token, Token::Name(found) if found == name)
}

/// The last part of a name: `all` of `CellRef.all`.
fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

impl<'a> Template<'a> {
    fn new(path: &'a Path, tokens: Vec<Placed>) -> Result<Self> {
        let mut template = Template { path, name: String::new(), tokens, procedures: Vec::new() };
        let begin = template.tokens.iter().position(|(token, _)| is_name(token, "begintemplate"));
        match begin.and_then(|at| template.tokens.get(at + 1)) {
            Some((Token::Name(name), _)) => template.name = name.clone(),
            _ => return Err(template.error(0, "no template", "begintemplate and its name")),
        }
        let mut at = 0;
        while at + 1 < template.tokens.len() {
            let is_procedure =
                ["proc", "func", "obfunc"].iter().any(|word| is_name(&template.tokens[at].0, word));
            if let (true, Token::Name(name)) = (is_procedure, &template.tokens[at + 1].0) {
                let name = name.clone();
                let body = template.block(at + 2)?;
                at = body.end;
                template.procedures.push((name, body));
            } else {
                at += 1;
            }
        }
        Ok(template)
    }

    fn error(&self, at: usize, found: impl Into<String>, expected: &str) -> CellModelError {
        let line = self.tokens.get(at).or(self.tokens.last()).map_or(1, |(_, line)| *line);
        CellModelError::Found {
            path: self.path.to_owned(),
            at: format!("line {line}"),
            found: found.into(),
            expected: expected.to_owned(),
        }
    }

    /// What stands at a place, for a message.
    fn unexpected(&self, at: usize, expected: &str) -> CellModelError {
        let found = self.tokens.get(at).map_or("the end".to_owned(), |(token, _)| token.describe());
        self.error(at, found, expected)
    }

    fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at).map(|(token, _)| token)
    }

    fn is_sign(&self, at: usize, sign: char) -> bool {
        self.token(at) == Some(&Token::Sign(sign))
    }

    /// What stands between the next curly bracket after `from` and its counterpart.
    fn block(&self, from: usize) -> Result<std::ops::Range<usize>> {
        let open = (from..self.tokens.len()).find(|&at| self.is_sign(at, '{'));
        let Some(open) = open else {
            return Err(self.error(from, "no `{`", "the body of a procedure"));
        };
        let mut depth = 0;
        for at in open..self.tokens.len() {
            depth += i32::from(self.is_sign(at, '{')) - i32::from(self.is_sign(at, '}'));
            if depth == 0 {
                return Ok(open + 1..at);
            }
        }
        Err(self.error(open, "no `}`", "the end of the block"))
    }

    fn procedure(&self, name: &str) -> Option<std::ops::Range<usize>> {
        self.procedures.iter().find(|(known, _)| known == name).map(|(_, body)| body.clone())
    }

    fn cable(&self) -> Result<CellRecipe> {
        let mut rules = Vec::new();
        let biophysics = ["insertChannel", "biophys", "biophys_inhomo"];
        for body in biophysics.iter().filter_map(|name| self.procedure(name)) {
            self.statements(body, SectionList::All, false, &mut rules)?;
        }
        if self.procedure("biophys").is_none() {
            return Err(self.error(0, "no procedure biophys", "one that sets the parameters"));
        }
        Ok(CellRecipe {
            name: self.name.clone(),
            segments: self.segments()?,
            axon: self.axon()?,
            rules,
        })
    }

    /// The statements of a block that holds for a list of sections (`inside`), or of a procedure.
    fn statements(
        &self,
        body: std::ops::Range<usize>,
        list: SectionList,
        inside: bool,
        rules: &mut Vec<PlacedRule>,
    ) -> Result<()> {
        let expected = "forsec, insert, an assignment of a number, or distribute_distance";
        let mut at = body.start;
        while at < body.end {
            let place = format!("line {}", self.tokens[at].1);
            let mut push = |rule| rules.push(PlacedRule { at: place.clone(), rule });
            let Token::Name(word) = &self.tokens[at].0 else {
                if self.tokens[at].0 != Token::End {
                    return Err(self.unexpected(at, expected));
                }
                at += 1;
                continue;
            };
            if word == "forsec" || self.is_sign(at + 1, '{') {
                let name = if word == "forsec" { self.token(at + 1) } else { self.token(at) };
                let Some(Token::Name(name)) = name else {
                    return Err(self.unexpected(at + 1, "a list of sections"));
                };
                let name = last_part(name);
                let name = name.strip_suffix("[0]").unwrap_or(name);
                let inner = SectionList::from_name(name)
                    .filter(|list| word == "forsec" || *list == SectionList::Somatic)
                    .ok_or_else(|| self.unexpected(at, &SectionList::names()))?;
                let block = self.block(at)?;
                at = block.end + 1;
                self.statements(block, inner, true, rules)?;
            } else if word == "insert" && inside {
                let Some(Token::Name(mechanism)) = self.token(at + 1) else {
                    return Err(self.unexpected(at + 1, "the name of a mechanism"));
                };
                push(Rule::Insert { list, mechanism: mechanism.clone() });
                at += 2;
            } else if word == "distribute_distance" {
                push(self.distribute(at)?);
                at += (at..body.end).position(|at| self.is_sign(at, ')')).unwrap_or(0) + 1;
            } else if self.is_sign(at + 1, '=') && inside {
                let (value, next) = self.number(at + 2)?;
                push(Rule::Set { list, parameter: word.clone(), value });
                at = next;
            } else {
                return Err(self.unexpected(at, expected));
            }
        }
        Ok(())
    }

    /// A number with its sign, and what comes after.
    fn number(&self, at: usize) -> Result<(f64, usize)> {
        let negative = self.is_sign(at, '-');
        let at = at + usize::from(negative);
        match self.token(at) {
            Some(Token::Number(value)) => Ok((if negative { -value } else { *value }, at + 1)),
            _ => Err(self.unexpected(at, "a number")),
        }
    }

    /// `distribute_distance(CellRef.apical, "gbar_mech", "expression")`
    fn distribute(&self, at: usize) -> Result<Rule> {
        let arguments: Vec<&Token> = (at + 2..at + 7).filter_map(|at| self.token(at)).collect();
        let [Token::Name(list), _, Token::Text(parameter), _, Token::Text(text)] = arguments[..]
        else {
            return Err(
                self.unexpected(at, "distribute_distance(list, \"parameter\", \"expression\")")
            );
        };
        let list = SectionList::from_name(last_part(list))
            .ok_or_else(|| self.unexpected(at + 2, &SectionList::names()))?;
        let expression = Expression::parse(text)
            .map_err(|found| self.error(at, found, "an expression of the distance"))?;
        Ok(Rule::Distribute {
            list,
            parameter: parameter.clone(),
            expression,
            origin: self.origin()?,
        })
    }

    /// Where distances begin: `distance()` is the 0-end of the soma, `distance(0, x)` is x.
    fn origin(&self) -> Result<f64> {
        let expected = "soma[0] distance() or distance(0, x)";
        let Some(body) = self.procedure("distribute_distance") else {
            return Err(self.error(0, "no procedure distribute_distance", expected));
        };
        let Some(at) = body.clone().find(|&at| is_name(&self.tokens[at].0, "distance")) else {
            return Err(self.error(body.start, "no distance", expected));
        };
        match (self.token(at + 2), self.token(at + 3), self.token(at + 4)) {
            (Some(Token::Sign(')')), ..) => Ok(0.0),
            (Some(Token::Number(0.0)), Some(Token::Sign(',')), Some(Token::Number(x))) => Ok(*x),
            _ => Err(self.unexpected(at + 2, expected)),
        }
    }

    /// `nseg = 1 + 2*int(L/chunkSize)` with the chunk that `geom_nseg_fixed` is called with.
    fn segments(&self) -> Result<SegmentRule> {
        let per_um =
            (0..self.tokens.len()).find_map(|at| match (self.token(at), self.token(at + 2)) {
                (Some(Token::Name(name)), Some(Token::Number(per_um)))
                    if last_part(name) == "geom_nseg_fixed" && self.is_sign(at + 1, '(') =>
                {
                    Some(*per_um)
                }
                _ => None,
            });
        let Some(per_um) = per_um.filter(|um| *um > 0.0) else {
            return Err(self.error(0, "no call of geom_nseg_fixed", "one with a length in um"));
        };
        let Some(body) = self.procedure("geom_nseg_fixed") else {
            return Err(self.error(
                0,
                "no procedure geom_nseg_fixed",
                "nseg = 1 + 2*int(L/chunkSize)",
            ));
        };
        let rule = [
            "`nseg`",
            "`=`",
            "`1`",
            "`+`",
            "`2`",
            "`*`",
            "`int`",
            "`(`",
            "`L`",
            "`/`",
            "`chunkSize`",
        ];
        let words: Vec<String> = body.clone().map(|at| self.tokens[at].0.describe()).collect();
        if !words.windows(rule.len()).any(|window| window.iter().eq(rule.iter())) {
            return Err(self.error(body.start, "another rule", "nseg = 1 + 2*int(L/chunkSize)"));
        }
        let mut fixed = Vec::new();
        for at in self.procedure("geom_nsec").unwrap_or(0..0) {
            if !is_name(&self.tokens[at].0, "forsec") {
                continue;
            }
            let Some(Token::Name(list)) = self.token(at + 1) else { continue };
            let list = SectionList::from_name(last_part(list));
            for at in self.block(at)? {
                if let (Some(list), Some(Token::Name(name)), Some(Token::Number(n))) =
                    (list, self.token(at), self.token(at + 2))
                    && name == "nseg"
                    && self.is_sign(at + 1, '=')
                {
                    fixed.push((list, *n as usize));
                }
            }
        }
        Ok(SegmentRule { per_um, fixed })
    }

    /// The way in which `init` replaces the axon, recognized by its words and constants.
    fn axon(&self) -> Result<AxonRule> {
        let init = self.procedure("init").unwrap_or(0..0);
        let call = init.clone().find(|&at| {
            self.is_sign(at + 1, '(')
                && ["delete_axon", "replace_axon"]
                    .iter()
                    .any(|name| is_name(&self.tokens[at].0, name))
        });
        let Some(call) = call else { return Ok(AxonRule::Keep) };
        let Token::Name(name) = &self.tokens[call].0 else { return Ok(AxonRule::Keep) };
        let Some(body) = self.procedure(name) else {
            return Err(self.unexpected(call, "a procedure of this template"));
        };
        let has = |word: &str| body.clone().any(|at| is_name(&self.tokens[at].0, word));
        let assigned = |word: &str| {
            body.clone().find_map(|at| {
                (is_name(&self.tokens[at].0, word) && self.is_sign(at + 1, '='))
                    .then(|| self.number(at + 2).ok().map(|(value, _)| value))
                    .flatten()
            })
        };
        let myelin = has("myelin[1]") && has("myelinated.append");
        let myelin = myelin.then_some(Myelin { length_um: 1000.0, n_segments: 5 });
        let no_arguments = self.is_sign(call + 2, ')');
        let stubs = match (assigned("L_target"), assigned("strength")) {
            (Some(total), Some(strength)) => {
                let (Some(taper_scale), Some(terminal_diameter), Some(n)) = (
                    assigned("taper_scale"),
                    assigned("terminal_diameter"),
                    assigned("nseg_total"),
                ) else {
                    return Err(self.error(
                        body.start,
                        "an unknown way to taper",
                        "that of BluePyOpt",
                    ));
                };
                Stubs {
                    length_um: total / 2.0,
                    diameters: StubDiameters::Tapered {
                        n_segments: n as usize / 2,
                        strength,
                        taper_scale,
                        terminal_diameter,
                        scale: if no_arguments { None } else { Some("AIS_scaler".to_owned()) },
                    },
                    soma_x: 1.0,
                    myelin,
                }
            }
            (Some(total), None) => {
                let Some(n) = assigned("nseg0") else {
                    return Err(self.error(
                        body.start,
                        "an unknown way to sample",
                        "that of BluePyOpt",
                    ));
                };
                let least = body.clone().find_map(|at| match self.token(at + 2) {
                    Some(Token::Number(n))
                        if is_name(&self.tokens[at].0, "nSec") && self.is_sign(at + 1, '<') =>
                    {
                        Some(*n as usize)
                    }
                    _ => None,
                });
                let min_sections = least.unwrap_or(1);
                let diameters = StubDiameters::Sampled { n_segments: n as usize, min_sections };
                Stubs { length_um: total / 2.0, diameters, soma_x: 1.0, myelin }
            }
            (None, _) if has("D1") && has("D2") && no_arguments => {
                // Where the diameter is taken before the section is looked at, the last one counts.
                let or_last = !has("count");
                let diameters = StubDiameters::Beyond60Um { or_last };
                Stubs { length_um: 30.0, diameters, soma_x: 1.0, myelin: None }
            }
            _ => {
                let expected = "one of the known ways to replace an axon";
                return Err(self.unexpected(call, expected));
            }
        };
        Ok(AxonRule::Stubs(stubs))
    }

    /// `pointcell = new IntFire1()`, `pointcell.tau = 24`
    fn artificial(&self) -> Result<ArtificialCell> {
        let mut cell = ArtificialCell { mechanism: String::new(), parameters: Vec::new() };
        for at in self.procedure("biophys").unwrap_or(0..0) {
            let Token::Name(name) = &self.tokens[at].0 else { continue };
            if name == "new" {
                let Some(Token::Name(mechanism)) = self.token(at + 1) else {
                    return Err(self.unexpected(at + 1, "the name of an artificial cell"));
                };
                cell.mechanism = mechanism.clone();
            } else if let Some(parameter) = name.strip_prefix("pointcell.") {
                let (value, _) = self.number(at + 2)?;
                cell.parameters.push((parameter.to_owned(), value));
            }
        }
        if cell.mechanism.is_empty() {
            return Err(self.error(0, "no artificial cell", "pointcell = new Name() in biophys"));
        }
        Ok(cell)
    }
}
