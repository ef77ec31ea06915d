//! Cell models of the Allen Institute: parameter files in JSON, and their export to NeuroML.

use std::path::Path;

use super::error::{CellModelError, Result};
use super::recipe::{
    AxonRule, CellRecipe, PlacedRule, Rule, SectionList, SegmentRule, StubDiameters, Stubs,
};
use crate::Json;

/// How the axon of an Allen model is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processing {
    /// `aibs_perisomatic`: two stubs, 30 um by 1 um, on the middle of the soma.
    Perisomatic,
    /// `aibs_allactive`: two stubs of 30 um with the diameters of the first and last section of the
    /// axon, on the end of the soma.
    AllActive,
    /// None: the axon stays.
    None,
}

impl Processing {
    /// What `model_processing` names, several with commas between. The variants `_directed` put the
    /// stubs elsewhere, which changes nothing of their currents; `extracellular` makes potentials
    /// outside of the membrane count, as they always do here.
    pub fn from_name(names: &str) -> Option<Self> {
        let mut found = Processing::None;
        for name in names.split(',').map(str::trim) {
            found = match name {
                "aibs_perisomatic" | "aibs_perisomatic_directed" => Processing::Perisomatic,
                "aibs_allactive" | "aibs_allactive_directed" => Processing::AllActive,
                "" | "extracellular" | "set_extracellular" => found,
                _ => return None,
            };
        }
        Some(found)
    }

    fn axon(self) -> AxonRule {
        let (diameters, soma_x) = match self {
            Processing::Perisomatic => (StubDiameters::Fixed([1.0, 1.0]), 0.5),
            Processing::AllActive => (StubDiameters::FirstAndLast, 1.0),
            Processing::None => return AxonRule::Keep,
        };
        AxonRule::Stubs(Stubs { length_um: 30.0, diameters, soma_x, myelin: None })
    }
}

/// Segments as BioNet makes them: `1 + 2 int(L / (2 dL))`.
fn segments(longest_um: f64) -> SegmentRule {
    SegmentRule { per_um: 2.0 * longest_um, fixed: Vec::new() }
}

/// Reads a parameter file (`*_fit.json`); segments are at most about `longest_um` long.
///
/// # Errors
/// [`CellModelError`] with the key.
pub fn read_allen_json(path: &Path, processing: Processing, longest_um: f64) -> Result<CellRecipe> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| CellModelError::Read { path: path.to_owned(), source })?;
    let json: Json = serde_json::from_str(&text)
        .map_err(|error| found(path, "the file", &error.to_string(), "JSON"))?;
    let reader = Reader { path };
    let mut rules = Vec::new();
    let mut add = |at: &str, rule| rules.push(PlacedRule { at: at.to_owned(), rule });
    let passive = reader.first(&json, "passive")?;
    add("passive", insert_in(SectionList::All, "pas"));
    for (key, parameter) in [("ra", "Ra"), ("e_pas", "e_pas")] {
        if passive.key(key).is_some() {
            let value = reader.number(passive, "passive[0]", key)?;
            add(&format!("passive[0].{key}"), set_in(SectionList::All, parameter, value));
        }
    }
    for (index, entry) in reader.list(passive, "passive[0]", "cm")?.iter().enumerate() {
        let at = format!("passive[0].cm[{index}]");
        let list = reader.section(entry, &at)?;
        add(&at, set_in(list, "cm", reader.number(entry, &at, "cm")?));
    }
    for (index, entry) in reader.list(&json, "", "genome")?.iter().enumerate() {
        let at = format!("genome[{index}]");
        // Older files have global values here, without effect.
        if entry.key("section").and_then(Json::text) == Some("glob") {
            continue;
        }
        let list = reader.section(entry, &at)?;
        let mechanism = entry.key("mechanism").and_then(Json::text).unwrap_or_default();
        if !mechanism.is_empty() {
            add(&at, insert_in(list, mechanism));
        }
        let parameter = reader.text(entry, &at, "name")?;
        add(&at, set_in(list, parameter, reader.number(entry, &at, "value")?));
    }
    let conditions = reader.first(&json, "conditions")?;
    for (index, entry) in reader.list(conditions, "conditions[0]", "erev")?.iter().enumerate() {
        let at = format!("conditions[0].erev[{index}]");
        let list = reader.section(entry, &at)?;
        for parameter in ["ena", "ek"] {
            let value = reader.number(entry, &at, parameter)?;
            add(&format!("{at}.{parameter}"), set_in(list, parameter, value));
        }
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(CellRecipe { name, segments: segments(longest_um), axon: processing.axon(), rules })
}

fn found(path: &Path, at: &str, found: &str, expected: &str) -> CellModelError {
    CellModelError::Found {
        path: path.to_owned(),
        at: at.to_owned(),
        found: found.to_owned(),
        expected: expected.to_owned(),
    }
}

/// Reads values of a file and says what is wrong with them.
struct Reader<'a> {
    path: &'a Path,
}

impl Reader<'_> {
    fn wrong(&self, at: &str, key: &str, json: Option<&Json>, expected: &str) -> CellModelError {
        let at = if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
        found(self.path, &at, &json.map_or("nothing".to_owned(), Json::describe), expected)
    }

    /// A number, also one that is written as text.
    fn number(&self, json: &Json, at: &str, key: &str) -> Result<f64> {
        let value = json.key(key);
        let number = value.and_then(|value| value.as_f64().or_else(|| value.text()?.parse().ok()));
        number
            .filter(|number: &f64| number.is_finite())
            .ok_or_else(|| self.wrong(at, key, value, "a number"))
    }

    fn text<'j>(&self, json: &'j Json, at: &str, key: &str) -> Result<&'j str> {
        let value = json.key(key);
        value.and_then(Json::text).ok_or_else(|| self.wrong(at, key, value, "a text"))
    }

    /// A list; one that is not there is empty.
    fn list<'j>(&self, json: &'j Json, at: &str, key: &str) -> Result<&'j [Json]> {
        match json.key(key) {
            None => Ok(&[]),
            Some(Json::List(entries)) => Ok(entries),
            other => Err(self.wrong(at, key, other, "a list")),
        }
    }

    fn first<'j>(&self, json: &'j Json, key: &str) -> Result<&'j Json> {
        let expected = "a list of one object";
        self.list(json, "", key)?
            .first()
            .ok_or_else(|| self.wrong("", key, json.key(key), expected))
    }

    fn section(&self, json: &Json, at: &str) -> Result<SectionList> {
        let name = self.text(json, at, "section")?;
        SectionList::from_name(name)
            .ok_or_else(|| self.wrong(at, "section", json.key("section"), &SectionList::names()))
    }
}

/// Reads the biophysical properties of a NeuroML file, as BioNet does: the axon is replaced as
/// [`Processing::Perisomatic`] says, the morphology is elsewhere.
///
/// # Errors
/// [`CellModelError`] with the line.
pub fn read_nml(path: &Path, longest_um: f64) -> Result<CellRecipe> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| CellModelError::Read { path: path.to_owned(), source })?;
    let document = roxmltree::Document::parse(&text)
        .map_err(|error| found(path, "the file", &error.to_string(), "XML"))?;
    let mut rules = Vec::new();
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let at = format!("line {}", document.text_pos_at(node.range().start).row);
        let tag = node.tag_name().name();
        let element = Element { path, at, node };
        element.rules(tag, &mut rules)?;
    }
    Ok(CellRecipe {
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        segments: segments(longest_um),
        axon: Processing::Perisomatic.axon(),
        rules,
    })
}

struct Element<'a, 'x> {
    path: &'a Path,
    at: String,
    node: roxmltree::Node<'x, 'x>,
}

impl Element<'_, '_> {
    fn rules(&self, tag: &str, rules: &mut Vec<PlacedRule>) -> Result<()> {
        let known = [
            "resistivity",
            "specificCapacitance",
            "channelDensity",
            "channelDensityNernst",
            "concentrationModel",
        ];
        if !known.contains(&tag) {
            return Ok(());
        }
        let list = self.list()?;
        let mut add = |rule| rules.push(PlacedRule { at: self.at.clone(), rule });
        match tag {
            "resistivity" => add(set_in(list, "Ra", self.number("value", "ohm_cm")?)),
            "specificCapacitance" => add(set_in(list, "cm", self.number("value", "uF_per_cm2")?)),
            "concentrationModel" => {
                let mechanism = self.attribute("type")?;
                add(insert_in(list, mechanism));
                // gamma is a fraction; NEURON's exporter wrote `ms` behind it.
                let gamma = self.attribute("gamma")?;
                let unit = if gamma.ends_with(" ms") { "ms" } else { "" };
                for (attribute, unit) in [("gamma", unit), ("decay", "ms")] {
                    let value = self.number(attribute, unit)?;
                    add(set_in(list, &format!("{attribute}_{mechanism}"), value));
                }
            }
            _ => {
                let mechanism = self.attribute("ionChannel")?;
                let is_passive = mechanism == "pas";
                add(insert_in(list, mechanism));
                let parameter = if is_passive { "g_pas" } else { self.attribute("id")? };
                add(set_in(list, parameter, self.number("condDensity", "S_per_cm2")?));
                let reversal = match (is_passive, self.attribute("ion")?) {
                    (true, _) => Some("e_pas"),
                    (_, "na") => Some("ena"),
                    (_, "k") => Some("ek"),
                    _ => None,
                };
                if let Some(reversal) = reversal {
                    add(set_in(list, reversal, self.number("erev", "mV")?));
                }
            }
        }
        Ok(())
    }

    fn list(&self) -> Result<SectionList> {
        let name = self.attribute("segmentGroup")?.to_ascii_lowercase();
        SectionList::from_name(if name == "dendritic" { "basal" } else { &name })
            .ok_or_else(|| found(self.path, &self.at, &name, &SectionList::names()))
    }

    fn attribute(&self, name: &str) -> Result<&str> {
        let expected = format!("the attribute {name}");
        self.node
            .attribute(name)
            .ok_or_else(|| found(self.path, &self.at, self.node.tag_name().name(), &expected))
    }

    /// A number and its unit, separated by a space.
    fn number(&self, attribute: &str, unit: &str) -> Result<f64> {
        let text = self.attribute(attribute)?;
        let (number, given) = text.split_once(' ').unwrap_or((text, unit));
        let value: Option<f64> = number.parse().ok().filter(|value: &f64| value.is_finite());
        value.filter(|_| given == unit).ok_or_else(|| {
            found(self.path, &self.at, &format!("{text:?}"), &format!("a number in {unit}"))
        })
    }
}

fn insert_in(list: SectionList, mechanism: &str) -> Rule {
    Rule::Insert { list, mechanism: mechanism.to_owned() }
}

fn set_in(list: SectionList, parameter: &str, value: f64) -> Rule {
    Rule::Set { list, parameter: parameter.to_owned(), value }
}
