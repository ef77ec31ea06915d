//! Changes to cells and globals of mechanisms: `enable_modifications`.

use net_sonata::cell::{CableCell, CellChange};
use net_sonata::config::ModificationTarget;
use net_sonata::{Circuit, CompartmentSets, Selection, SimulationConfig};

use crate::error::{BoxError, Error, Result};

/// All changes, in the order of the configuration.
#[derive(Debug, Clone, Default)]
pub(super) struct Modifications {
    changes: Vec<(Target, CellChange)>,
    /// Mechanism, variable, value.
    pub(super) globals: Vec<(String, String, f64)>,
}

/// Which nodes a change is about.
#[derive(Debug, Clone)]
enum Target {
    /// By population.
    Nodes(Vec<Selection>),
    /// Places on nodes of one population: (node, section id, position), sorted.
    Compartments(usize, Vec<(u64, u64, f64)>),
}

/// Which changes a cell gets; cells of one source with the same changes are alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Applied {
    changes: Vec<u32>,
    /// The node, if a change is about places on it.
    node: Option<(usize, u64)>,
}

impl Applied {
    /// Whether a cell stays as it is.
    pub(super) fn is_nothing(&self) -> bool {
        self.changes.is_empty()
    }
}

impl Modifications {
    /// Reads the changes.
    ///
    /// # Errors
    /// Statements that are not understood, targets and variables that do not exist.
    pub(super) fn read(config: &SimulationConfig, circuit: &Circuit) -> Result<Self> {
        let path = config.path.display();
        let sets = match &config.compartment_sets_file {
            Some(path) => CompartmentSets::load(path).map_err(Error::circuit)?,
            None => CompartmentSets::default(),
        };
        let mut modifications = Modifications::default();
        for modification in &config.conditions.modifications {
            let at = format!("{path}: conditions.modifications[{}]", modification.position);
            let change = CellChange::new(&modification.kind).map_err(|(found, expected)| {
                let text = format!("{at}.section_configure: found {found}, expected {expected}");
                Error::Listed { source: text.into() }
            })?;
            let target = match &modification.target {
                ModificationTarget::NodeSet(set) => {
                    Target::Nodes(circuit.select(set).map_err(Error::circuit)?)
                }
                ModificationTarget::CompartmentSet(name) => {
                    let set = sets.get(name).map_err(Error::circuit)?;
                    let known = circuit.nodes().iter();
                    let index = known.enumerate().find(|(_, p)| p.name() == set.population);
                    let Some((index, _)) = index else { continue };
                    let places = set.locations.iter().map(|l| (l.node_id, l.section_id, l.offset));
                    Target::Compartments(index, places.collect())
                }
            };
            modifications.changes.push((target, change));
        }
        for (mechanism, variable, value) in &config.conditions.mechanisms {
            let known = net_cell::mechanism::find(mechanism).map(|(_, known)| known);
            let checked = known.and_then(|known| known.parameter(variable, *value));
            checked.map_err(|error| {
                let at = format!("{path}: conditions.mechanisms.{mechanism}.{variable}");
                Error::Listed { source: format!("{at}: {error}").into() }
            })?;
            modifications.globals.push((mechanism.clone(), variable.clone(), *value));
        }
        Ok(modifications)
    }

    /// Which changes a node gets.
    pub(super) fn of(&self, population: usize, node: u64) -> Applied {
        let mut applied = Applied::default();
        for (at, (target, _)) in self.changes.iter().enumerate() {
            let concerns = match target {
                Target::Nodes(nodes) => nodes[population].contains(node),
                Target::Compartments(index, places) => {
                    *index == population && places.binary_search_by_key(&node, |p| p.0).is_ok()
                }
            };
            if concerns {
                applied.changes.push(at as u32);
                if matches!(target, Target::Compartments(..)) {
                    applied.node = Some((population, node));
                }
            }
        }
        applied
    }

    /// Changes a cell.
    pub(super) fn apply(
        &self,
        applied: &Applied,
        cell: &mut CableCell,
    ) -> std::result::Result<(), BoxError> {
        for (mechanism, variable, value) in &self.globals {
            cell.set_global(mechanism, variable, *value);
        }
        for &at in &applied.changes {
            let (target, change) = &self.changes[at as usize];
            let mut segments = Vec::new();
            if let (Target::Compartments(_, places), Some((_, node))) = (target, applied.node) {
                let ids = cell.section_ids();
                for (_, section_id, position) in places.iter().filter(|place| place.0 == node) {
                    let section = ids.iter().position(|own| u64::from(*own) == *section_id);
                    let section = section
                        .ok_or_else(|| format!("node {node} has no section {section_id}"))?;
                    segments.push(cell.morphology.segment_at(section, *position));
                }
            }
            cell.change(change, &segments)?;
        }
        Ok(())
    }
}
