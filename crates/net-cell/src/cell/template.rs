//! Cell templates: a morphology with its mechanisms, from which many cells are made.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tree::CableTree;
use crate::error::CellError;
use crate::mechanism::ion::IonDefaults;
use crate::mechanism::{self, IonVariable, MechanismKind};
use crate::morphology::{SectionKind, SegmentedMorphology};

/// A part of a cell.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
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
    /// Spike times in ms, for mechanisms that take them from the user.
    pub(crate) spike_train_ms: Option<Arc<[f64]>>,
}

/// What a `POINTER` of a mechanism refers to; always on the same cell.
#[derive(Debug, Clone, PartialEq)]
pub enum PointerTarget {
    /// A potential in mV.
    Voltage {
        /// The segment; the instance's own if absent.
        segment: Option<usize>,
    },
    /// A variable of an instance of a mechanism.
    Variable {
        /// Name of the mechanism.
        mechanism: String,
        /// Name of the variable.
        variable: String,
        /// The segment; the instance's own if absent.
        segment: Option<usize>,
        /// Which of the mechanism's instances in that segment, in the order of making.
        nth: usize,
    },
    /// A variable of an ion. It is no current that nobody else reads.
    Ion {
        /// Name of the ion.
        ion: String,
        /// Which variable.
        variable: IonVariable,
        /// The segment; the instance's own if absent.
        segment: Option<usize>,
    },
}

impl PointerTarget {
    /// The segment, if it is not the instance's own.
    pub(crate) fn segment(&self) -> Option<usize> {
        match self {
            PointerTarget::Voltage { segment }
            | PointerTarget::Variable { segment, .. }
            | PointerTarget::Ion { segment, .. } => *segment,
        }
    }
}

/// What makes the spikes of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Detection {
    /// The potential of a segment that passes a threshold (mV).
    Potential { segment: u32, threshold_mv: f64 },
    /// `net_event` of the instances of a mechanism.
    NetEvents { mechanism: usize },
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
    detection: Detection,
    detector_weights: Vec<(usize, f64)>,
    is_artificial: bool,
    /// Mechanism, pointer and what it refers to.
    pointers: Vec<(String, String, PointerTarget)>,
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
            detection: Detection::Potential { segment: segment as u32, threshold_mv: -10.0 },
            detector_weights: Vec::new(),
            is_artificial: false,
            pointers: Vec::new(),
        })
    }

    /// A cell without a membrane: one instance of a mechanism that is an `ARTIFICIAL_CELL`. It
    /// receives the events of its connections and sends spikes by `net_event`.
    ///
    /// # Errors
    /// When the mechanism or a parameter does not exist, a value is not allowed, or the mechanism is
    /// no artificial cell.
    pub fn artificial(mechanism: &str, parameters: &[(&str, f64)]) -> Result<Self, CellError> {
        let (index, description) = mechanism::find(mechanism)?;
        if description.kind != MechanismKind::ArtificialCell {
            return Err(CellError::WrongKind {
                mechanism: mechanism.to_string(),
                found: description.kind.describe(),
                expected: MechanismKind::ArtificialCell.describe(),
            });
        }
        let columns = description.instance(parameters)?.into_iter().map(Values::Uniform).collect();
        let segments = vec![0];
        Ok(CellTemplate {
            morphology: Arc::default(),
            tree: CableTree::default(),
            insertions: vec![Insertion {
                mechanism: index,
                segments,
                columns,
                spike_train_ms: None,
            }],
            reversal_mv: BTreeMap::new(),
            concentrations_mm: BTreeMap::new(),
            detection: Detection::NetEvents { mechanism: index },
            detector_weights: Vec::new(),
            is_artificial: true,
            pointers: Vec::new(),
        })
    }

    /// Says what `pointer`, a `POINTER` of `mechanism`, refers to in all instances on the cell, also
    /// those that the network makes.
    ///
    /// A mechanism that asks whether a pointer is set (`nrn_pointing`) may do without: such a
    /// pointer refers to nothing where it is not set, and where its target is to be in the
    /// instance's own segment but is not there.
    ///
    /// # Errors
    /// When there is no such mechanism, or it has no such pointer. Whether the target is there is
    /// found when cells are laid out.
    pub fn set_pointer(
        &mut self,
        mechanism: &str,
        pointer: &str,
        target: PointerTarget,
    ) -> Result<(), CellError> {
        let (_, description) = mechanism::find(mechanism)?;
        if !description.pointers.contains(&pointer) {
            return Err(CellError::UnknownVariable {
                mechanism: mechanism.to_string(),
                variable: pointer.to_string(),
                known: description.pointers.join(", "),
            });
        }
        self.pointers.retain(|(m, p, _)| m != mechanism || p != pointer);
        self.pointers.push((mechanism.to_string(), pointer.to_string(), target));
        Ok(())
    }

    /// What a pointer refers to.
    pub(crate) fn pointer(&self, mechanism: &str, pointer: &str) -> Option<&PointerTarget> {
        let found = self.pointers.iter().find(|(m, p, _)| m == mechanism && p == pointer);
        found.map(|(.., target)| target)
    }

    /// Gives spike times (ms, in any order) to the `nth` instance of a mechanism that takes its
    /// events from a train, in the order of insertion; they replace what it had.
    ///
    /// # Errors
    /// When there is no such instance, the mechanism takes no train, or a time is not a finite number.
    pub fn set_spike_train(
        &mut self,
        mechanism: &str,
        nth: usize,
        times_ms: &[f64],
    ) -> Result<(), CellError> {
        let (index, description) = mechanism::find(mechanism)?;
        if !description.has_spike_train {
            return Err(CellError::NoSpikeTrain { mechanism: mechanism.to_string() });
        }
        if let Some(&value) = times_ms.iter().find(|t| !t.is_finite()) {
            let (quantity, expected) = ("spike time (ms)", "a finite number");
            return Err(CellError::BadValue { quantity, value, expected });
        }
        let mut own = self.insertions.iter_mut().filter(|i| i.mechanism == index);
        let Some(insertion) = own.nth(nth) else {
            return Err(CellError::NoSuchInstance { mechanism: mechanism.to_string(), nth });
        };
        let mut times_ms = times_ms.to_vec();
        times_ms.sort_unstable_by(f64::total_cmp);
        insertion.spike_train_ms = Some(times_ms.into());
        Ok(())
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

    /// Inserts a density mechanism with parameters that may differ from segment to segment. Of a list
    /// of values, one a segment, all finite numbers are allowed.
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
                    let own = segments.iter().map(|&segment| list[segment as usize]);
                    description.parameter_by_segment(name, own)?
                }
            };
            columns[at] = values.clone();
        }
        // The later of two insertions holds.
        for earlier in self.insertions.iter_mut().filter(|i| i.mechanism == index) {
            earlier.segments.retain(|s| segments.binary_search(s).is_err());
        }
        let spike_train_ms = None;
        self.insertions.push(Insertion { mechanism: index, segments, columns, spike_train_ms });
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
        if !matches!(description.kind, MechanismKind::Point | MechanismKind::Electrode) {
            return Err(CellError::WrongKind {
                mechanism: mechanism.to_string(),
                found: description.kind.describe(),
                expected: MechanismKind::Point.describe(),
            });
        }
        self.check_segment(segment)?;
        let columns = description.instance(parameters)?.into_iter().map(Values::Uniform).collect();
        let segments = vec![segment as u32];
        let spike_train_ms = None;
        self.insertions.push(Insertion { mechanism: index, segments, columns, spike_train_ms });
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
        self.detection = Detection::Potential { segment: segment as u32, threshold_mv };
        self.detector_weights.clear();
        Ok(())
    }

    /// Sets that spikes are detected at the 1-end of a section, at a potential (mV): what NEURON calls
    /// `section(1)`.
    ///
    /// # Errors
    /// When there is no such section or the threshold is not a number.
    pub fn detect_spikes_at_end(
        &mut self,
        section: usize,
        threshold_mv: f64,
    ) -> Result<(), CellError> {
        let Some(known) = self.morphology.sections.get(section) else {
            let n_segments = self.n_segments();
            return Err(CellError::NoSuchSegment { segment: usize::MAX, n_segments });
        };
        self.detect_spikes(known.first_segment + known.n_segments - 1, threshold_mv)?;
        self.detector_weights = CableTree::end_of(&self.morphology, section);
        Ok(())
    }

    /// Segments and weights of which the detector sees the mean; empty for that of its segment.
    pub(crate) fn detector_weights(&self) -> &[(usize, f64)] {
        &self.detector_weights
    }

    /// Makes the `net_event`s of all instances of a point process the spikes of the cell; no
    /// threshold is tested any more.
    ///
    /// # Errors
    /// When there is no such mechanism, or it is no point process.
    pub fn detect_net_events(&mut self, mechanism: &str) -> Result<(), CellError> {
        let (index, description) = mechanism::find(mechanism)?;
        if !matches!(description.kind, MechanismKind::Point | MechanismKind::Electrode) {
            return Err(CellError::WrongKind {
                mechanism: mechanism.to_string(),
                found: description.kind.describe(),
                expected: MechanismKind::Point.describe(),
            });
        }
        self.detection = Detection::NetEvents { mechanism: index };
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

    /// Segment and threshold (mV) of the spike detector; none if a mechanism makes the spikes.
    pub fn detector(&self) -> Option<(usize, f64)> {
        match self.detection {
            Detection::Potential { segment, threshold_mv } => {
                Some((segment as usize, threshold_mv))
            }
            Detection::NetEvents { .. } => None,
        }
    }

    /// Index of the mechanism that makes the spikes, if one does.
    pub(crate) fn spiking_mechanism(&self) -> Option<usize> {
        match self.detection {
            Detection::NetEvents { mechanism } => Some(mechanism),
            Detection::Potential { .. } => None,
        }
    }

    /// Whether it is an artificial cell, without compartments.
    pub fn is_artificial(&self) -> bool {
        self.is_artificial
    }

    /// The mechanism that an artificial cell is.
    pub fn artificial_mechanism(&self) -> Option<&'static str> {
        let insertion = self.insertions.first().filter(|_| self.is_artificial)?;
        Some(mechanism::catalogue()[insertion.mechanism].name)
    }

    fn check_segment(&self, segment: usize) -> Result<(), CellError> {
        if segment < self.n_segments() {
            return Ok(());
        }
        Err(CellError::NoSuchSegment { segment, n_segments: self.n_segments() })
    }

    /// The segments of a region, in ascending order.
    ///
    /// # Errors
    /// [`CellError::NoSuchSegment`].
    pub fn segments_of(&self, region: &Region) -> Result<Vec<u32>, CellError> {
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
