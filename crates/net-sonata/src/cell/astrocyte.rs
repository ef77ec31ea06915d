//! Astrocytes as Neurodamus makes them: one segment a section, calcium in all of them, and endfeet that
//! touch vessels.

use std::collections::BTreeMap;
use std::path::Path;

use net_cell::PointerTarget;
use net_cell::morphology::{Morphology, SectionKind};

use super::cable::{CableCell, InsertedMechanism};
use super::error::{CellModelError, Result};
use super::recipe::{AxonRule, CellRecipe, PlacedRule, Rule, SectionList, SegmentRule};

/// The end of a process on a vessel, a section of its own. Numbers are held by their bits, so that cells
/// can be told apart by what they are made from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endfoot {
    section: u32,
    size_um: [u64; 2],
    passive_radius_um: u64,
}

impl Endfoot {
    /// An endfoot on the process `section` of the file; its length and diameter, and the vessel's radius.
    pub fn new(section: u32, size_um: [f64; 2], passive_radius_um: f64) -> Self {
        let (size_um, passive_radius_um) = (size_um.map(f64::to_bits), passive_radius_um.to_bits());
        Endfoot { section, size_um, passive_radius_um }
    }
}

/// Calcium in all sections; its pointer to what the section hears.
const CALCIUM: &str = "cadifus";
const HEARS: &str = "glu2";
/// What counts the events of the synapses that a section hears, and its variable.
pub const GLUTAMATE: &str = "GlutReceive";
const GLUTAMATE_COUNT: &str = "glut";
/// The same for the whole cell, on its soma.
pub const GLUTAMATE_SOMA: &str = "GlutReceiveSoma";
/// The vessel at an endfoot; its parameter.
const VESSEL: &str = "vascouplingB";
const PASSIVE_RADIUS: &str = "R0pas";

/// The astrocyte of a morphology. Endfeet count sections of the file without its soma: their process is
/// the section of the next SONATA id.
pub(super) fn astrocyte(
    path: &Path,
    morphology: Morphology,
    endfeet: &[Endfoot],
) -> Result<CableCell> {
    let everywhere = Rule::Insert { list: SectionList::All, mechanism: CALCIUM.to_owned() };
    let recipe = CellRecipe {
        name: "astrocyte".to_owned(),
        segments: SegmentRule { per_um: f64::INFINITY, fixed: Vec::new() },
        axon: AxonRule::Keep,
        rules: vec![PlacedRule { at: CALCIUM.to_owned(), rule: everywhere }],
    };
    let bare = recipe.apply(path, morphology.clone(), &BTreeMap::new())?;
    let ids = bare.section_ids();
    let mut builder = morphology.into_builder();
    for (at, endfoot) in endfeet.iter().enumerate() {
        let Some(parent) = ids.iter().position(|id| *id == endfoot.section + 1) else {
            return Err(CellModelError::Found {
                path: path.to_owned(),
                at: format!("endfoot {at}"),
                found: format!("astrocyte_section_id {}", endfoot.section),
                expected: format!("less than {}, the number of processes", ids.len() - 1),
            });
        };
        let (name, kind) = (format!("endfoot[{at}]"), SectionKind::Other);
        let [length_um, diameter_um] = endfoot.size_um.map(f64::from_bits);
        builder.cylinder(&name, kind, Some((parent, 1.0)), length_um, diameter_um)?;
    }
    let mut cell = recipe.apply(path, builder.build()?, &BTreeMap::new())?;
    // One segment a section.
    let (n_processes, n_segments) = (ids.len(), cell.morphology.n_segments());
    if n_processes < n_segments {
        let mut radii_um = vec![f64::NAN; n_segments];
        for (radius_um, endfoot) in radii_um[n_processes..].iter_mut().zip(endfeet) {
            *radius_um = f64::from_bits(endfoot.passive_radius_um);
        }
        cell.mechanisms.push(InsertedMechanism {
            name: VESSEL.to_owned(),
            segments: (n_processes..n_segments).collect(),
            parameters: BTreeMap::from([(PASSIVE_RADIUS.to_owned(), radii_um)]),
        });
    }
    let heard = PointerTarget::Variable {
        mechanism: GLUTAMATE.to_owned(),
        variable: GLUTAMATE_COUNT.to_owned(),
        segment: None,
        nth: 0,
    };
    cell.pointers.push((CALCIUM.to_owned(), HEARS.to_owned(), heard));
    Ok(cell)
}
