//! What a cell is before it has a morphology: rules, in the order in which they are applied.

use super::expression::Expression;

/// A list of sections, as templates name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SectionList {
    /// All sections.
    All,
    /// `somatic`, `soma`
    Somatic,
    /// `basal`, `dend`
    Basal,
    /// `apical`, `apic`
    Apical,
    /// `axonal`, `axon`
    Axonal,
    /// `myelinated`, `myelin`
    Myelinated,
}

const LISTS: [(&str, SectionList); 11] = [
    ("all", SectionList::All),
    ("somatic", SectionList::Somatic),
    ("soma", SectionList::Somatic),
    ("basal", SectionList::Basal),
    ("dend", SectionList::Basal),
    ("apical", SectionList::Apical),
    ("apic", SectionList::Apical),
    ("axonal", SectionList::Axonal),
    ("axon", SectionList::Axonal),
    ("myelinated", SectionList::Myelinated),
    ("myelin", SectionList::Myelinated),
];

impl SectionList {
    /// The list of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        LISTS.iter().find(|(known, _)| *known == name).map(|(_, list)| *list)
    }

    /// All names, for messages.
    pub(crate) fn names() -> String {
        let names: Vec<&str> = LISTS.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// Whether a section of this name (`dend[3]`) is in it.
    pub fn has(self, section: &str) -> bool {
        let base = section.split('[').next().unwrap_or(section);
        self == SectionList::All || SectionList::from_name(base) == Some(self)
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// A mechanism is put into sections.
    Insert {
        /// The sections.
        list: SectionList,
        /// The mechanism's name.
        mechanism: String,
    },
    /// A parameter gets one value in sections.
    Set {
        /// The sections.
        list: SectionList,
        /// `Ra` (Ohm cm), `cm` (uF/cm2), a reversal potential (`ena`, mV), or parameter and mechanism
        /// (`gnabar_hh`).
        parameter: String,
        /// The value.
        value: f64,
    },
    /// A parameter depends on the distance from the soma.
    Distribute {
        /// The sections.
        list: SectionList,
        /// Parameter and mechanism.
        parameter: String,
        /// The value by the distance in um.
        expression: Expression,
        /// Where on the soma distances begin, 0..1.
        origin: f64,
    },
}

/// A rule and where it stands, for messages.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedRule {
    /// Line or key in the file.
    pub at: String,
    /// The rule.
    pub rule: Rule,
}

/// How many segments sections have: `1 + 2 int(L / per_um)`, but for some lists.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentRule {
    /// Length that gives two more segments, in um.
    pub per_um: f64,
    /// Numbers of segments that hold for lists instead.
    pub fixed: Vec<(SectionList, usize)>,
}

/// Diameters of the stubs that stand for an axon.
#[derive(Debug, Clone, PartialEq)]
pub enum StubDiameters {
    /// These, of two stubs, in um.
    Fixed([f64; 2]),
    /// Of the first section of the axon, and of the first one whose middle is more than 60 um away
    /// from the soma, or of the first again (`or_last`: of the last) if none is. 1 um without an axon.
    Beyond60Um {
        /// What holds if no section is that far away.
        or_last: bool,
    },
    /// Of the first and the last section of the axon.
    FirstAndLast,
    /// Sampled along the original axon, segment by segment.
    Sampled {
        /// Segments of each of the two stubs.
        n_segments: usize,
        /// Sections that the axon must have.
        min_sections: usize,
    },
    /// `strength exp(-x / taper_scale) + terminal_diameter scale`, with x in um from the start.
    Tapered {
        /// Segments of each of the two stubs.
        n_segments: usize,
        /// um
        strength: f64,
        /// um
        taper_scale: f64,
        /// um
        terminal_diameter: f64,
        /// Dynamics parameter of the node that is the scale; 1 if there is none.
        scale: Option<String>,
    },
}

/// The myelinated section that continues a stub.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Myelin {
    /// Length in um.
    pub length_um: f64,
    /// Number of segments.
    pub n_segments: usize,
}

/// Two stubs in place of the axon.
#[derive(Debug, Clone, PartialEq)]
pub struct Stubs {
    /// Length of each in um.
    pub length_um: f64,
    /// Their diameters.
    pub diameters: StubDiameters,
    /// Where on the soma the first begins.
    pub soma_x: f64,
    /// What continues the second.
    pub myelin: Option<Myelin>,
}

/// What becomes of the axon.
#[derive(Debug, Clone, PartialEq)]
pub enum AxonRule {
    /// It stays.
    Keep,
    /// It is removed.
    Remove,
    /// Stubs stand for it, after all other sections.
    Stubs(Stubs),
}

/// A cell without its morphology.
#[derive(Debug, Clone, PartialEq)]
pub struct CellRecipe {
    /// Name, for messages.
    pub name: String,
    /// Division into segments.
    pub segments: SegmentRule,
    /// What becomes of the axon.
    pub axon: AxonRule,
    /// Mechanisms and parameters; later rules win.
    pub rules: Vec<PlacedRule>,
}

/// A cell without membrane compartments, such as IntFire1.
#[derive(Debug, Clone, PartialEq)]
pub struct ArtificialCell {
    /// The mechanism.
    pub mechanism: String,
    /// Its parameters, in the mechanism's units.
    pub parameters: Vec<(String, f64)>,
}

/// What a file of a cell model describes.
#[derive(Debug, Clone, PartialEq)]
pub enum CellModel {
    /// A cell with a morphology.
    Cable(CellRecipe),
    /// A cell without.
    Artificial(ArtificialCell),
}
