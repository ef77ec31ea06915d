//! A recipe applied to a morphology.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use net_cell::mechanism::Role;
use net_cell::morphology::{
    Cable, CableProperties, Discretization, Morphology, SectionKind, SegmentPoints,
    SegmentedMorphology, Shape,
};
use net_cell::{CellError, CellTemplate, PointerTarget, Region, Values, mechanism};

use super::axon::{AxonError, apply, odd_count};
use super::error::{CellModelError, Result};
use super::recipe::{CellRecipe, Rule};

/// A mechanism in a [`CableCell`].
#[derive(Debug, Clone, PartialEq)]
pub struct InsertedMechanism {
    /// Its name.
    pub name: String,
    /// Segments it is in, ascending.
    pub segments: Vec<usize>,
    /// Parameters that were set: a value for every segment of the cell, NaN where the mechanism's
    /// default holds.
    pub parameters: BTreeMap<String, Vec<f64>>,
}

/// A cell with all its parameters resolved, segment by segment, before it is tied to mechanisms
/// that can be computed.
#[derive(Debug, Clone, PartialEq)]
pub struct CableCell {
    /// The file of the cell model.
    pub path: PathBuf,
    /// The divided morphology; new axons stand last.
    pub morphology: SegmentedMorphology,
    /// Sections of the axon in the morphology file, whether they are there still or not.
    pub n_axon_original: usize,
    /// Arc lengths of the 3-d points of every section in um; none of stubs.
    pub point_arcs_um: Vec<Vec<f64>>,
    /// How far every section was moved to its parent from where it was drawn, um.
    pub moved_um: Vec<[f32; 3]>,
    /// Mechanisms in the order of their first insertion.
    pub mechanisms: Vec<InsertedMechanism>,
    /// What pointers of mechanisms refer to: mechanism, pointer, target.
    pub pointers: Vec<(String, String, PointerTarget)>,
    /// Reversal potentials that were set, by ion, in mV: a value for every segment, NaN where it
    /// was not set.
    pub reversal_mv: BTreeMap<String, Vec<f64>>,
}

/// NEURON's axial resistivity and capacitance, where nothing is set.
const RA_OHM_CM: f64 = 35.4;
const CM_UF_CM2: f64 = 1.0;

impl CellRecipe {
    /// The cell that this recipe makes of a morphology. `path` is the recipe's file, for messages;
    /// `attributes` are dynamics parameters of the node, of which some recipes use one.
    ///
    /// # Errors
    /// [`CellModelError`] for rules that do not fit the cell.
    pub fn apply(
        &self,
        path: &Path,
        morphology: Morphology,
        attributes: &BTreeMap<String, f64>,
    ) -> Result<CableCell> {
        let is_axon = |section: &&net_cell::morphology::Section| section.kind == SectionKind::Axon;
        let n_axon_original = morphology.sections().iter().filter(is_axon).count();
        let with_axon = apply(&self.axon, &self.segments, morphology, attributes);
        let with_axon = with_axon.map_err(|error| match error {
            AxonError::Morphology(error) => error.into(),
            AxonError::Unfit(found, expected) => CellModelError::Found {
                path: path.to_owned(),
                at: format!("{}: the rule for the axon", self.name),
                found,
                expected,
            },
        })?;
        let morphology = with_axon.morphology;
        let names: Vec<String> = morphology.sections().iter().map(|s| s.name.clone()).collect();
        let mut counts: Vec<usize> = morphology
            .sections()
            .iter()
            .map(|section| {
                let fixed = &self.segments.fixed;
                let given = fixed.iter().rev().find(|(list, _)| list.has(&section.name));
                given.map_or(odd_count(section.length_um(), self.segments.per_um), |(_, n)| *n)
            })
            .collect();
        for (section, n) in with_axon.fixed {
            counts[section] = n;
        }
        let arcs = |section: &net_cell::morphology::Section| match &section.shape {
            Shape::Points { arc_um, .. } => arc_um.clone(),
            Shape::Cylinder { .. } | Shape::Steps { .. } => Vec::new(),
        };
        let point_arcs_um = morphology.sections().iter().map(arcs).collect();
        let moved_um = morphology.sections().iter().map(|section| section.moved_um).collect();
        let cable = self.cable(&names);
        let rule = Discretization::PerSection(counts);
        let cable = Cable::PerSection(cable);
        let morphology = morphology.segmented(&rule, &cable, SegmentPoints::Exact)?;
        let mut cell = CableCell {
            path: path.to_owned(),
            morphology,
            n_axon_original,
            point_arcs_um,
            moved_um,
            mechanisms: Vec::new(),
            pointers: Vec::new(),
            reversal_mv: BTreeMap::new(),
        };
        for rule in &self.rules {
            cell.follow(&rule.at, &rule.rule)?;
        }
        Ok(cell)
    }

    /// Ra and cm of every section.
    fn cable(&self, names: &[String]) -> Vec<CableProperties> {
        let start = CableProperties { ra_ohm_cm: RA_OHM_CM, cm_uf_cm2: CM_UF_CM2 };
        let mut cable = vec![start; names.len()];
        for rule in &self.rules {
            let Rule::Set { list, parameter, value } = &rule.rule else { continue };
            for (properties, _) in cable.iter_mut().zip(names).filter(|(_, name)| list.has(name)) {
                match parameter.as_str() {
                    "Ra" => properties.ra_ohm_cm = *value,
                    "cm" => properties.cm_uf_cm2 = *value,
                    _ => {}
                }
            }
        }
        cable
    }
}

impl CableCell {
    fn follow(&mut self, at: &str, rule: &Rule) -> Result<()> {
        match rule {
            Rule::Insert { list, mechanism } => {
                let segments = self.segments_in(|name| list.has(name));
                if !segments.is_empty() {
                    self.insert(mechanism, segments);
                }
                Ok(())
            }
            Rule::Set { parameter, .. } if parameter == "Ra" || parameter == "cm" => Ok(()),
            Rule::Set { list, parameter, value } => {
                let segments = self.segments_in(|name| list.has(name));
                self.set(at, parameter, &segments, |_| *value)
            }
            Rule::Distribute { list, parameter, expression, origin } => {
                let sections = &self.morphology.sections;
                let soma = sections.iter().position(|section| section.kind == SectionKind::Soma);
                let distances = self.morphology.path_distances_um(soma.unwrap_or(0), *origin);
                let segments = self.segments_in(|name| list.has(name));
                self.set(at, parameter, &segments, |segment| expression.at(distances[segment]))
            }
        }
    }

    fn segments_in(&self, has: impl Fn(&str) -> bool) -> Vec<usize> {
        let sections = self.morphology.sections.iter().filter(|section| has(&section.name));
        sections.flat_map(|s| s.first_segment..s.first_segment + s.n_segments).collect()
    }

    fn insert(&mut self, name: &str, segments: Vec<usize>) {
        match self.mechanisms.iter_mut().find(|mechanism| mechanism.name == name) {
            Some(known) => {
                known.segments.extend(segments);
                known.segments.sort_unstable();
                known.segments.dedup();
            }
            None => {
                let (name, parameters) = (name.to_owned(), BTreeMap::new());
                self.mechanisms.push(InsertedMechanism { name, segments, parameters });
            }
        }
    }

    /// Sets `gbar_Mech` or `ena` in segments.
    fn set(
        &mut self,
        at: &str,
        parameter: &str,
        segments: &[usize],
        value: impl Fn(usize) -> f64,
    ) -> Result<()> {
        let n_segments = self.morphology.n_segments();
        if segments.is_empty() {
            return Ok(());
        }
        let values = match self.column(parameter) {
            Some((mechanism, column)) => {
                let known = &mut self.mechanisms[mechanism];
                if let Some(bare) =
                    segments.iter().find(|s| known.segments.binary_search(s).is_err())
                {
                    let section = self.morphology.segments.section[*bare] as usize;
                    let name = &self.morphology.sections[section].name;
                    let found = format!("{parameter}, but no {} in {name}", known.name);
                    return Err(self.found(at, found, "the mechanism to be inserted before"));
                }
                known.parameters.entry(column).or_insert_with(|| vec![f64::NAN; n_segments])
            }
            None => match parameter.strip_prefix('e').filter(|ion| !ion.is_empty()) {
                Some(ion) if !ion.contains('_') => {
                    let unset = || vec![f64::NAN; n_segments];
                    self.reversal_mv.entry(ion.to_owned()).or_insert_with(unset)
                }
                _ => {
                    let known: Vec<&str> =
                        self.mechanisms.iter().map(|m| m.name.as_str()).collect();
                    let expected = format!(
                        "Ra, cm, a reversal potential (ena), or a parameter and an inserted mechanism; \
                         inserted are {}",
                        known.join(", ")
                    );
                    return Err(self.found(at, parameter.to_owned(), &expected));
                }
            },
        };
        for &segment in segments {
            values[segment] = value(segment);
        }
        Ok(())
    }

    /// Mechanism and parameter of `gbar_Mech`; of mechanisms whose names end alike the longest.
    fn column(&self, parameter: &str) -> Option<(usize, String)> {
        let names = self.mechanisms.iter().enumerate();
        let fits = names.filter_map(|(index, mechanism)| {
            let column = parameter.strip_suffix(mechanism.name.as_str())?.strip_suffix('_')?;
            (!column.is_empty()).then(|| (index, column.to_owned()))
        });
        fits.min_by_key(|(_, column)| column.len())
    }

    fn found(&self, at: &str, found: String, expected: &str) -> CellModelError {
        let path = self.path.clone();
        CellModelError::Found { path, at: at.to_owned(), found, expected: expected.to_owned() }
    }

    /// The cell tied to the mechanisms that this program knows.
    ///
    /// # Errors
    /// [`CellModelError::Cell`] for a mechanism or parameter that nothing knows.
    pub fn template(&self) -> Result<CellTemplate> {
        let failed = |at: &str| {
            let (path, at) = (self.path.clone(), at.to_owned());
            move |error: CellError| CellModelError::Cell { path, at, source: Box::new(error) }
        };
        let mut cell =
            CellTemplate::new(self.morphology.clone()).map_err(failed("the electrical tree"))?;
        for inserted in &self.mechanisms {
            let at = format!("mechanism {}", inserted.name);
            let (_, known) = mechanism::find(&inserted.name).map_err(failed(&at))?;
            let defaults = known.instance(&[]).map_err(failed(&at))?;
            let mut parameters = Vec::new();
            for (name, values) in &inserted.parameters {
                let column = known.column(name);
                // Templates set variables too that the mechanism computes at the start of a run.
                let role = column.map(|column| known.columns[column].role);
                let is_computed = |role| {
                    matches!(
                        role,
                        Role::Assigned | Role::Derived { .. } | Role::Output | Role::State
                    )
                };
                if role.is_some_and(is_computed) {
                    continue;
                }
                let default = column.map_or(0.0, |column| defaults[column]);
                let filled = values.iter().map(|v| if v.is_nan() { default } else { *v }).collect();
                parameters.push((name.as_str(), Values::PerSegment(filled)));
            }
            let region = Region::Segments(inserted.segments.clone());
            cell.insert_with(&inserted.name, &region, &parameters).map_err(failed(&at))?;
        }
        for (mechanism, pointer, target) in &self.pointers {
            let at = format!("pointer {pointer} of {mechanism}");
            cell.set_pointer(mechanism, pointer, target.clone()).map_err(failed(&at))?;
        }
        for (ion, values) in &self.reversal_mv {
            cell.set_reversal_with(ion, values).map_err(failed(&format!("e{ion}")))?;
        }
        Ok(cell)
    }

    /// SONATA's ids of the sections in Blue Brain's circuits: soma, axon as in the file, dendrites,
    /// apical dendrites, myelin.
    pub fn section_ids(&self) -> Vec<u32> {
        let classes = ["soma", "axon", "dend", "apic", "myelin"];
        let split = |name: &str| {
            let (base, rest) = name.split_once('[').unwrap_or((name, "0]"));
            let index: usize = rest.trim_end_matches(']').parse().unwrap_or(0);
            (classes.iter().position(|class| *class == base).unwrap_or(classes.len()), index)
        };
        let places: Vec<(usize, usize)> =
            self.morphology.sections.iter().map(|section| split(&section.name)).collect();
        let mut counts = [0; 6];
        places.iter().for_each(|(class, _)| counts[*class] += 1);
        counts[1] = self.n_axon_original;
        let first = |class: usize| counts[..class].iter().sum::<usize>();
        places.iter().map(|(class, index)| (first(*class) + index) as u32).collect()
    }
}
