//! Cells changed as `conditions.modifications` and `conditions.mechanisms` say.

use net_cell::mechanism::{self, Role};

use super::cable::{CableCell, InsertedMechanism};
use super::recipe::SectionList;
use crate::config::ModificationKind;

/// What blocks sodium channels, and how much of it stands outside in mM.
const TTX: (&str, &str, f64) = ("TTXDynamicsSwitch", "ttxo_level", 1.0);

/// A change of cells, read.
#[derive(Debug, Clone, PartialEq)]
pub struct CellChange {
    place: Place,
    statements: Vec<Statement>,
}

/// Where a change acts.
#[derive(Debug, Clone, PartialEq)]
enum Place {
    /// Everywhere, by the mechanism that blocks sodium channels.
    Ttx,
    Sections(SectionList),
    Section(String),
    Segments,
}

#[derive(Debug, Clone, PartialEq)]
struct Statement {
    attribute: String,
    operator: char,
    value: f64,
}

impl Statement {
    fn of(&self, current: f64) -> f64 {
        match self.operator {
            '+' => current + self.value,
            '-' => current - self.value,
            '*' => current * self.value,
            '/' => current / self.value,
            _ => self.value,
        }
    }
}

impl CellChange {
    /// Reads what a modification says.
    ///
    /// # Errors
    /// The statement that is not understood, and what is expected.
    pub fn new(kind: &ModificationKind) -> Result<Self, (String, String)> {
        let (text, form) = match kind {
            ModificationKind::Ttx => {
                return Ok(CellChange { place: Place::Ttx, statements: Vec::new() });
            }
            ModificationKind::ConfigureAllSections(text) => (text, "%s.gbar_Mech *= 0.5"),
            ModificationKind::SectionList(text) => (text, "apical.gbar_Mech = 0.1"),
            ModificationKind::Section(text) => (text, "apic[10].gbar_Mech = 0.1"),
            ModificationKind::CompartmentSet(text) => (text, "gbar_Mech = 0.1"),
        };
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        let mut change: Option<CellChange> = None;
        for part in parts {
            let wrong = |expected: String| (format!("`{part}`"), expected);
            let (owner, statement) = statement(part)
                .ok_or_else(|| wrong(format!("statements of the form `{form}` with a number")))?;
            let place = match (kind, owner) {
                (ModificationKind::ConfigureAllSections(_), Some("%s")) => {
                    Place::Sections(SectionList::All)
                }
                (ModificationKind::SectionList(_), Some(name)) => {
                    let list = SectionList::from_name(name);
                    Place::Sections(
                        list.ok_or_else(|| wrong(format!("a list of {}", SectionList::names())))?,
                    )
                }
                (ModificationKind::Section(_), Some(name)) if name.ends_with(']') => {
                    Place::Section(name.to_owned())
                }
                (ModificationKind::CompartmentSet(_), None) => Place::Segments,
                _ => return Err(wrong(format!("statements of the form `{form}`"))),
            };
            match &mut change {
                None => change = Some(CellChange { place, statements: vec![statement] }),
                Some(change) if change.place == place => change.statements.push(statement),
                Some(_) => return Err(wrong("the same sections in all statements".to_owned())),
            }
        }
        let nothing = || ("no statement".to_owned(), format!("`{form}`"));
        change.ok_or_else(nothing)
    }
}

/// `owner.attribute op= number` or `attribute op= number`.
fn statement(text: &str) -> Option<(Option<&str>, Statement)> {
    let (left, right) = text.split_once('=')?;
    let left = left.trim();
    let operator = left.chars().last().filter(|c| "+-*/".contains(*c)).unwrap_or('=');
    let left = left.trim_end_matches(['+', '-', '*', '/']).trim();
    let value: f64 = right.trim().parse().ok()?;
    let (owner, attribute) = match left.rsplit_once('.') {
        Some((owner, attribute)) => (Some(owner.trim()), attribute.trim()),
        None => (None, left),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let fits = !attribute.is_empty() && attribute.chars().all(is_name) && value.is_finite();
    fits.then(|| (owner, Statement { attribute: attribute.to_owned(), operator, value }))
}

/// What an attribute of segments is.
enum Attribute {
    Capacitance,
    Resistivity,
    /// Index of the mechanism, parameter, default.
    Parameter(usize, String, f64),
    /// Ion, default; none where it follows from concentrations.
    Reversal(String, Option<f64>),
}

impl CableCell {
    /// Applies a change; `segments` are the places of a compartment set on this cell. A section (or
    /// segment) is changed if it has every attribute that the statements name. Gives how many were.
    ///
    /// # Errors
    /// What cannot be changed for single segments.
    pub fn change(&mut self, change: &CellChange, segments: &[usize]) -> Result<usize, String> {
        let sections: Vec<usize> = match &change.place {
            Place::Ttx => {
                self.insert_ttx();
                return Ok(self.morphology.sections.len());
            }
            Place::Segments => {
                let changed = segments.iter().map(|&s| self.change_segments(change, &[s], None));
                return changed.sum();
            }
            Place::Sections(list) => {
                let all = self.morphology.sections.iter().enumerate();
                all.filter(|(_, section)| list.has(&section.name)).map(|(at, _)| at).collect()
            }
            Place::Section(name) => self.morphology.section_index(name).into_iter().collect(),
        };
        let mut n = 0;
        for section in sections {
            let known = &self.morphology.sections[section];
            let all = known.first_segment..known.first_segment + known.n_segments;
            n += self.change_segments(change, &all.collect::<Vec<_>>(), Some(section))?;
        }
        Ok(n)
    }

    fn change_segments(
        &mut self,
        change: &CellChange,
        segments: &[usize],
        section: Option<usize>,
    ) -> Result<usize, String> {
        let found = change.statements.iter().map(|s| self.attribute(&s.attribute, segments[0]));
        let Some(attributes) = found.collect::<Option<Vec<Attribute>>>() else { return Ok(0) };
        for (statement, attribute) in change.statements.iter().zip(attributes) {
            match (attribute, section) {
                (Attribute::Capacitance, section) => {
                    let own = &mut self.morphology.segments.own_cm_uf_cm2;
                    if let Some(section) = section {
                        let cm = &mut self.morphology.sections[section].cm_uf_cm2;
                        *cm = statement.of(*cm);
                        let differing = own.iter_mut().filter(|(at, _)| segments.contains(at));
                        differing.for_each(|(_, cm)| *cm = statement.of(*cm));
                    } else {
                        for &segment in segments {
                            let of = self.morphology.segments.section[segment] as usize;
                            let cm = own
                                .entry(segment)
                                .or_insert(self.morphology.sections[of].cm_uf_cm2);
                            *cm = statement.of(*cm);
                        }
                    }
                }
                (Attribute::Resistivity, Some(section)) => {
                    let section = &mut self.morphology.sections[section];
                    let new = statement.of(section.ra_ohm_cm);
                    let factor = new / section.ra_ohm_cm;
                    section.ra_ohm_cm = new;
                    section.ri_end_mohm *= factor;
                    for &segment in segments {
                        self.morphology.segments.ri_mohm[segment] *= factor;
                    }
                }
                (Attribute::Parameter(mechanism, name, default), _) => {
                    let n_segments = self.morphology.n_segments();
                    let parameters = &mut self.mechanisms[mechanism].parameters;
                    let values = parameters.entry(name).or_insert(vec![f64::NAN; n_segments]);
                    set(values, segments, default, statement);
                }
                (Attribute::Reversal(ion, default), _) => {
                    let n_segments = self.morphology.n_segments();
                    let values = self.reversal_mv.entry(ion).or_insert(vec![f64::NAN; n_segments]);
                    let unset = segments.iter().any(|&segment| values[segment].is_nan());
                    if default.is_none() && unset && statement.operator != '=' {
                        let name = &statement.attribute;
                        return Err(format!("{name} follows from concentrations; set it with ="));
                    }
                    set(values, segments, default.unwrap_or(0.0), statement);
                }
                (Attribute::Resistivity, None) => {
                    let name = &statement.attribute;
                    return Err(format!("{name} is one value a section, not one a segment"));
                }
            }
        }
        Ok(1)
    }

    /// What a name stands for on a segment; none if the segment has no such thing.
    fn attribute(&self, name: &str, segment: usize) -> Option<Attribute> {
        match name {
            "cm" => return Some(Attribute::Capacitance),
            "Ra" => return Some(Attribute::Resistivity),
            _ => {}
        }
        let here = |inserted: &&InsertedMechanism| inserted.segments.contains(&segment);
        for (at, inserted) in self.mechanisms.iter().enumerate().filter(|(_, i)| here(i)) {
            let Some(parameter) = name.strip_suffix(&format!("_{}", inserted.name)) else {
                continue;
            };
            let (_, known) = mechanism::find(&inserted.name).ok()?;
            let column = known.column(parameter)?;
            if let Role::Parameter { default, .. } = known.columns[column].role {
                return Some(Attribute::Parameter(at, parameter.to_owned(), default));
            }
        }
        let ion = name.strip_prefix('e')?;
        let uses = |inserted: &InsertedMechanism| {
            let known = mechanism::find(&inserted.name).ok().map(|(_, known)| known);
            known.is_some_and(|known| known.ions.iter().any(|used| used.ion == ion))
        };
        let default = [("na", 50.0), ("k", -77.0)].iter().find(|(known, _)| *known == ion);
        let used = self.mechanisms.iter().filter(here).any(uses);
        used.then(|| Attribute::Reversal(ion.to_owned(), default.map(|(_, default)| *default)))
    }

    fn insert_ttx(&mut self) {
        let n_segments = self.morphology.n_segments();
        let (name, level, value) = TTX;
        self.mechanisms.retain(|inserted| inserted.name != name);
        self.mechanisms.push(InsertedMechanism {
            name: name.to_owned(),
            segments: (0..n_segments).collect(),
            parameters: [(level.to_owned(), vec![value; n_segments])].into(),
        });
    }

    /// Sets a global variable of a mechanism wherever it stands on the cell.
    pub fn set_global(&mut self, mechanism: &str, variable: &str, value: f64) {
        let n_segments = self.morphology.n_segments();
        for inserted in self.mechanisms.iter_mut().filter(|inserted| inserted.name == mechanism) {
            inserted.parameters.insert(variable.to_owned(), vec![value; n_segments]);
        }
    }
}

fn set(values: &mut [f64], segments: &[usize], default: f64, statement: &Statement) {
    for &segment in segments {
        let current = if values[segment].is_nan() { default } else { values[segment] };
        values[segment] = statement.of(current);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_modifications() {
        let all = |text: &str| ModificationKind::ConfigureAllSections(text.to_owned());
        let change = CellChange::new(&all("%s.gnabar_hh *= 0.5; %s.cm = -2e-1")).unwrap();
        assert_eq!(change.place, Place::Sections(SectionList::All));
        assert_eq!(change.statements[0].of(3.0), 1.5);
        assert_eq!(change.statements[1].of(3.0), -0.2);
        let list = ModificationKind::SectionList("apical.g_pas += 1; basal.g_pas = 1".to_owned());
        let (found, expected) = CellChange::new(&list).unwrap_err();
        assert!(found.contains("basal") && expected.contains("same sections"));
        for bad in ["gnabar_hh = 1", "%s.gnabar_hh = x", "%s.g = %s.h", "", "%s.a.b"] {
            assert!(CellChange::new(&all(bad)).is_err(), "{bad}");
        }
    }
}
