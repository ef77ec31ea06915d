//! Compartment sets: places on cells by name.

use std::path::Path;

use crate::finding::{Error, Problem, Report, Result};
use crate::json::{self, Json, join};

/// A place on a cell.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct CompartmentLocation {
    /// The node, in its population.
    pub node_id: u64,
    /// The section: soma, axon, dend, apic, ... counted through.
    pub section_id: u64,
    /// Position along the section, 0..1.
    pub offset: f64,
}

/// Places on cells of one population, sorted by node, section and offset, each once.
#[derive(Debug, Clone, PartialEq)]
pub struct CompartmentSet {
    /// Its name.
    pub name: String,
    /// The population.
    pub population: String,
    /// The places.
    pub locations: Vec<CompartmentLocation>,
}

/// Compartment sets of a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CompartmentSets {
    sets: Vec<CompartmentSet>,
}

impl CompartmentSets {
    /// Reads a compartment sets file.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong.
    pub fn load(path: &Path) -> Result<Self> {
        let mut report = Report::default();
        let sets = Self::read(path, &mut report);
        if report.is_ok() { Ok(sets) } else { Err(Error::Invalid(report)) }
    }

    pub(crate) fn read(path: &Path, report: &mut Report) -> Self {
        let mut result = Self::default();
        match json::read(path, report) {
            Some(Json::Object(entries)) => {
                for (name, json) in &entries {
                    result.sets.extend(read_set(path, name, json, report));
                }
            }
            Some(other) => wrong(path, "", &other, "an object of compartment sets", report),
            None => {}
        }
        result
    }

    /// The sets in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = &CompartmentSet> {
        self.sets.iter()
    }

    /// A compartment set.
    ///
    /// # Errors
    /// [`Error::Unknown`]
    pub fn get(&self, name: &str) -> Result<&CompartmentSet> {
        self.sets.iter().find(|set| set.name == name).ok_or_else(|| Error::Unknown {
            what: "compartment set",
            name: name.to_owned(),
            known: self.sets.iter().map(|set| set.name.clone()).collect(),
        })
    }
}

fn wrong(file: &Path, at: &str, json: &Json, expected: &str, report: &mut Report) {
    let problem = Problem::Value { found: json.describe(), expected: expected.to_owned() };
    report.error(file, at, problem);
}

fn read_set(file: &Path, name: &str, json: &Json, report: &mut Report) -> Option<CompartmentSet> {
    let expected = "an object with `population` and `compartment_set`";
    let Json::Object(entries) = json else {
        wrong(file, name, json, expected, report);
        return None;
    };
    let get = |key| entries.iter().find(|(name, _)| name == key).map(|(_, json)| json);
    let population = match get("population") {
        Some(Json::Text(population)) => Some(population.clone()),
        other => {
            let other = other.unwrap_or(&Json::Null);
            wrong(file, &join(name, "population"), other, "a population's name", report);
            None
        }
    };
    let at = join(name, "compartment_set");
    let Some(Json::List(values)) = get("compartment_set") else {
        let other = get("compartment_set").unwrap_or(&Json::Null);
        wrong(file, &at, other, "a list of [node, section, offset]", report);
        return None;
    };
    let mut locations: Vec<CompartmentLocation> = Vec::with_capacity(values.len());
    for (index, json) in values.iter().enumerate() {
        let at = format!("{at}[{index}]");
        let Some(location) = read_location(json) else {
            wrong(file, &at, json, "[node, section, offset], the offset within 0..1", report);
            continue;
        };
        if let Some(previous) = locations.last()
            && *previous >= location
        {
            let place = |l: &CompartmentLocation| (l.node_id, l.section_id, l.offset);
            let (previous, found) = (place(previous), place(&location));
            report.error(file, at, Problem::Unsorted { previous, found });
        }
        locations.push(location);
    }
    Some(CompartmentSet { name: name.to_owned(), population: population?, locations })
}

fn read_location(json: &Json) -> Option<CompartmentLocation> {
    let Json::List(values) = json else { return None };
    let [Json::Integer(node), Json::Integer(section), offset] = values.as_slice() else {
        return None;
    };
    let offset = offset.as_f64().filter(|offset| (0.0..=1.0).contains(offset))?;
    let (node_id, section_id) = (u64::try_from(*node).ok()?, u64::try_from(*section).ok()?);
    Some(CompartmentLocation { node_id, section_id, offset })
}
