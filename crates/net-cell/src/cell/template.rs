//! Cell templates: a morphology with its mechanisms, from which many cells are made.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tree::CableTree;
use crate::error::CellError;
use crate::mechanism::ion::IonDefaults;
use crate::mechanism::{self, MechanismKind};
use crate::morphology::{SectionKind, SegmentedMorphology};

/// A part of a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Region {
    /// Every segment.
    All,
    /// All sections of these classes.
    Kinds(Vec<SectionKind>),
    /// All sections but those of these classes.
    AllBut(Vec<SectionKind>),
    /// Sections by index.
    Sections(Vec<usize>),
    /// Segments by index.
    Segments(Vec<usize>),
}

/// A parameter over a region.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// The same everywhere.
    Uniform(f64),
    /// One value a segment of the cell (all segments, not just the region's).
    PerSegment(Vec<f64>),
}

impl Values {
    /// The value in a segment.
    pub(crate) fn at(&self, segment: usize) -> f64 {
        match self {
            Values::Uniform(value) => *value,
            Values::PerSegment(list) => list[segment],
        }
    }
}

impl From<f64> for Values {
    fn from(value: f64) -> Self {
        Values::Uniform(value)
    }
}

/// One mechanism in some segments of a template.
#[derive(Debug, Clone)]
pub(crate) struct Insertion {
    /// Index in the catalogue.
    pub(crate) mechanism: usize,
    /// Segments, ascending for density mechanisms.
    pub(crate) segments: Vec<u32>,
    /// One entry a column of the mechanism.
    pub(crate) columns: Vec<Values>,
}

/// A kind of cell: morphology, mechanisms, ions, and where its spikes are detected.
///
/// ```
/// # use net_cell::{CellTemplate, Region, morphology::SegmentedMorphology};
/// # fn make(morphology: SegmentedMorphology) -> Result<CellTemplate, net_cell::CellError> {
/// let mut cell = CellTemplate::new(morphology)?;
/// cell.insert("hh", &Region::All, &[("gnabar", 0.1)])?;
/// cell.insert_point("IClamp", 0, &[("amp", 0.5), ("delay", 5.0), ("dur", 100.0)])?;
/// # Ok(cell)
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct CellTemplate {
    morphology: Arc<SegmentedMorphology>,
    tree: CableTree,
    insertions: Vec<Insertion>,
    reversal_mv: BTreeMap<String, Values>,
    concentrations_mm: BTreeMap<String, (f64, f64)>,
    detector: (u32, f64),
}

impl CellTemplate {
    /// A cell without mechanisms. Spikes are detected where v in the first soma section's middle
    /// (segment 0 if there is no soma) passes -10 mV.
    ///
    /// # Errors
    /// When the morphology makes no valid electrical tree.
    pub fn new(morphology: impl Into<Arc<SegmentedMorphology>>) -> Result<Self, CellError> {
        let morphology = morphology.into();
        let tree = CableTree::new(&morphology)?;
        let soma = morphology.sections.iter().position(|s| s.kind == SectionKind::Soma);
        let segment = soma.map_or(0, |section| morphology.segment_at(section, 0.5));
        Ok(CellTemplate {
            morphology,
            tree,
            insertions: Vec::new(),
            reversal_mv: BTreeMap::new(),
            concentrations_mm: BTreeMap::new(),
            detector: (segment as u32, -10.0),
        })
    }

    /// Inserts a density mechanism in a region with the same parameters everywhere. Where it was
    /// inserted before, the new parameters replace the old ones.
    ///
    /// # Errors
    /// When the mechanism or a parameter does not exist or a value is not allowed.
    pub fn insert(
        &mut self,
        mechanism: &str,
        region: &Region,
        parameters: &[(&str, f64)],
    ) -> Result<(), CellError> {
        let values: Vec<(&str, Values)> =
            parameters.iter().map(|&(name, value)| (name, value.into())).collect();
        self.insert_with(mechanism, region, &values)
    }

    /// Inserts a density mechanism with parameters that may differ from segment to segment.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), and when a list of values does not have one entry a segment.
    pub fn insert_with(
        &mut self,
        mechanism: &str,
        region: &Region,
        parameters: &[(&str, Values)],
    ) -> Result<(), CellError> {
        let (index, description) = mechanism::find(mechanism)?;
        if description.kind != MechanismKind::Density {
            return Err(CellError::WrongKind {
                mechanism: mechanism.to_string(),
                found: description.kind.describe(),
                expected: MechanismKind::Density.describe(),
            });
        }
        let segments = self.segments_of(region)?;
        let mut columns: Vec<Values> =
            description.instance(&[])?.into_iter().map(Values::Uniform).collect();
        for (name, values) in parameters {
            let at = match values {
                Values::Uniform(value) => description.parameter(name, *value)?,
                Values::PerSegment(list) => {
                    if list.len() != self.morphology.n_segments() {
                        return Err(CellError::BadValue {
                            quantity: "the number of values of a parameter",
                            value: list.len() as f64,
                            expected: "one value a segment of the cell",
                        });
                    }
                    let mut at = description.parameter(name, list[0])?;
                    for &segment in &segments {
                        at = description.parameter(name, list[segment as usize])?;
                    }
                    at
                }
            };
            columns[at] = values.clone();
        }
        // The later of two insertions holds.
        for earlier in self.insertions.iter_mut().filter(|i| i.mechanism == index) {
            earlier.segments.retain(|s| segments.binary_search(s).is_err());
        }
        self.insertions.push(Insertion { mechanism: index, segments, columns });
        Ok(())
    }

    /// Puts a point process or electrode into every cell of this kind.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), and when there is no such segment.
    pub fn insert_point(
        &mut self,
        mechanism: &str,
        segment: usize,
        parameters: &[(&str, f64)],
    ) -> Result<(), CellError> {
        let (index, description) = mechanism::find(mechanism)?;
        if description.kind == MechanismKind::Density {
            return Err(CellError::WrongKind {
                mechanism: mechanism.to_string(),
                found: description.kind.describe(),
                expected: MechanismKind::Point.describe(),
            });
        }
        self.check_segment(segment)?;
        let columns = description.instance(parameters)?.into_iter().map(Values::Uniform).collect();
        let segments = vec![segment as u32];
        self.insertions.push(Insertion { mechanism: index, segments, columns });
        Ok(())
    }

    /// Sets the reversal potential of an ion in mV, for all mechanisms that read it. Where a
    /// mechanism uses a concentration of the ion, the potential is computed from the
    /// concentrations instead.
    pub fn set_reversal(&mut self, ion: &str, potential_mv: f64) {
        self.reversal_mv.insert(ion.to_string(), Values::Uniform(potential_mv));
    }

    /// Sets the reversal potential of an ion by segment, in mV, one value for each; where it is NaN
    /// the usual potential of the ion holds.
    ///
    /// # Errors
    /// When there is not one value a segment.
    pub fn set_reversal_with(&mut self, ion: &str, potentials_mv: &[f64]) -> Result<(), CellError> {
        if potentials_mv.len() != self.n_segments() {
            return Err(CellError::BadValue {
                quantity: "the number of reversal potentials",
                value: potentials_mv.len() as f64,
                expected: "one value a segment of the cell",
            });
        }
        let usual = IonDefaults::of(ion).reversal_mv;
        let filled: Vec<f64> =
            potentials_mv.iter().map(|v| if v.is_nan() { usual } else { *v }).collect();
        self.reversal_mv.insert(ion.to_string(), Values::PerSegment(filled));
        Ok(())
    }

    /// Sets the concentrations of an ion in mM, inside and outside, at the start of a run.
    ///
    /// # Errors
    /// When one is not a positive number.
    pub fn set_concentrations(
        &mut self,
        ion: &str,
        inside_mm: f64,
        outside_mm: f64,
    ) -> Result<(), CellError> {
        for value in [inside_mm, outside_mm] {
            if !(value.is_finite() && value > 0.0) {
                return Err(CellError::BadValue {
                    quantity: "concentration (mM)",
                    value,
                    expected: "a finite number > 0",
                });
            }
        }
        self.concentrations_mm.insert(ion.to_string(), (inside_mm, outside_mm));
        Ok(())
    }

    /// Sets where and at which potential (mV) spikes are detected.
    ///
    /// # Errors
    /// When there is no such segment or the threshold is not a number.
    pub fn detect_spikes(&mut self, segment: usize, threshold_mv: f64) -> Result<(), CellError> {
        self.check_segment(segment)?;
        if !threshold_mv.is_finite() {
            return Err(CellError::BadValue {
                quantity: "spike threshold (mV)",
                value: threshold_mv,
                expected: "a finite number",
            });
        }
        self.detector = (segment as u32, threshold_mv);
        Ok(())
    }

    /// The discretized morphology.
    pub fn morphology(&self) -> &Arc<SegmentedMorphology> {
        &self.morphology
    }

    /// The electrical tree.
    pub fn tree(&self) -> &CableTree {
        &self.tree
    }

    /// Number of segments.
    pub fn n_segments(&self) -> usize {
        self.morphology.n_segments()
    }

    /// Relative cost of advancing a cell of this kind by one step: compartments, weighted by the
    /// mechanisms in them.
    pub fn cost(&self) -> f64 {
        let mechanisms: usize = self.insertions.iter().map(|i| i.segments.len()).sum();
        (self.n_segments() + 4 * mechanisms) as f64
    }

    pub(crate) fn insertions(&self) -> &[Insertion] {
        &self.insertions
    }

    pub(crate) fn reversal(&self, ion: &str, default_mv: f64) -> Values {
        self.reversal_mv.get(ion).cloned().unwrap_or(Values::Uniform(default_mv))
    }

    /// Inside and outside.
    pub(crate) fn concentrations(&self, ion: &str, defaults: &IonDefaults) -> (f64, f64) {
        let set = self.concentrations_mm.get(ion).copied();
        set.unwrap_or((defaults.inside_mm, defaults.outside_mm))
    }

    /// Segment and threshold (mV) of the spike detector.
    pub fn detector(&self) -> (usize, f64) {
        (self.detector.0 as usize, self.detector.1)
    }

    fn check_segment(&self, segment: usize) -> Result<(), CellError> {
        if segment < self.n_segments() {
            return Ok(());
        }
        Err(CellError::NoSuchSegment { segment, n_segments: self.n_segments() })
    }

    fn segments_of(&self, region: &Region) -> Result<Vec<u32>, CellError> {
        let sections = &self.morphology.sections;
        let of_sections = |keep: &dyn Fn(usize, SectionKind) -> bool| {
            let mut segments = Vec::new();
            for (index, section) in sections.iter().enumerate() {
                if keep(index, section.kind) {
                    let first = section.first_segment as u32;
                    segments.extend(first..first + section.n_segments as u32);
                }
            }
            segments
        };
        Ok(match region {
            Region::All => of_sections(&|_, _| true),
            Region::Kinds(kinds) => of_sections(&|_, kind| kinds.contains(&kind)),
            Region::AllBut(kinds) => of_sections(&|_, kind| !kinds.contains(&kind)),
            Region::Sections(list) => of_sections(&|index, _| list.contains(&index)),
            Region::Segments(list) => {
                let mut segments = Vec::with_capacity(list.len());
                for &segment in list {
                    self.check_segment(segment)?;
                    segments.push(segment as u32);
                }
                segments.sort_unstable();
                segments.dedup();
                segments
            }
        })
    }
}
