//! Axons made of stubs.

use std::collections::BTreeMap;

use net_cell::morphology::{
    Cable, CableProperties, Discretization, Morphology, MorphologyError, SectionKind,
    SegmentPoints, SegmentedMorphology,
};

use super::recipe::{AxonRule, SegmentRule, StubDiameters, Stubs};

/// A morphology with its axon as the rule wants it, and the numbers of segments that hold for the
/// new sections.
pub(super) struct WithAxon {
    pub(super) morphology: Morphology,
    pub(super) fixed: Vec<(usize, usize)>,
}

/// Why the axon could not be made.
pub(super) enum AxonError {
    Morphology(MorphologyError),
    /// What was found and what is needed.
    Unfit(String, String),
}

impl From<MorphologyError> for AxonError {
    fn from(error: MorphologyError) -> Self {
        AxonError::Morphology(error)
    }
}

/// Applies a rule; `attributes` are dynamics parameters of the node.
pub(super) fn apply(
    rule: &AxonRule,
    segments: &SegmentRule,
    original: Morphology,
    attributes: &BTreeMap<String, f64>,
) -> Result<WithAxon, AxonError> {
    let stubs = match rule {
        AxonRule::Keep => return Ok(WithAxon { morphology: original, fixed: Vec::new() }),
        AxonRule::Remove => {
            let morphology = original.without(SectionKind::Axon)?;
            return Ok(WithAxon { morphology, fixed: Vec::new() });
        }
        AxonRule::Stubs(stubs) => stubs,
    };
    let diameters = diameters(stubs, segments, &original, attributes)?;
    let morphology = original.without(SectionKind::Axon)?;
    let soma = morphology.sections().iter().position(|s| s.kind == SectionKind::Soma).unwrap_or(0);
    let mut builder = morphology.into_builder();
    let (mut parent, mut fixed) = ((soma, stubs.soma_x), Vec::new());
    let kind = SectionKind::Axon;
    for (index, diameters) in diameters.iter().enumerate() {
        let name = format!("axon[{index}]");
        let section = match diameters[..] {
            [one] => builder.cylinder(&name, kind, Some(parent), stubs.length_um, one)?,
            _ => {
                let section =
                    builder.steps(&name, kind, Some(parent), stubs.length_um, diameters)?;
                fixed.push((section, diameters.len()));
                section
            }
        };
        parent = (section, 1.0);
    }
    if let (Some(myelin), Some(diam)) = (stubs.myelin, diameters[1].last()) {
        let other = SectionKind::Other;
        let section =
            builder.cylinder("myelin[0]", other, Some(parent), myelin.length_um, *diam)?;
        fixed.push((section, myelin.n_segments));
    }
    Ok(WithAxon { morphology: builder.build()?, fixed })
}

/// Diameters of both stubs, one or several each.
fn diameters(
    stubs: &Stubs,
    segments: &SegmentRule,
    original: &Morphology,
    attributes: &BTreeMap<String, f64>,
) -> Result<[Vec<f64>; 2], AxonError> {
    let axon: Vec<usize> = (0..original.sections().len())
        .filter(|index| original.sections()[*index].kind == SectionKind::Axon)
        .collect();
    let divided = |count: &dyn Fn(f64) -> usize| -> Result<SegmentedMorphology, MorphologyError> {
        let counts = original.sections().iter().map(|s| count(s.length_um())).collect();
        let cable = Cable::Uniform(CableProperties::default());
        original.segmented(&Discretization::PerSection(counts), &cable, SegmentPoints::Exact)
    };
    let middle = |cell: &SegmentedMorphology, section: usize| {
        cell.segments.diam_um[cell.segment_at(section, 0.5)]
    };
    match &stubs.diameters {
        StubDiameters::Fixed([first, second]) => Ok([vec![*first], vec![*second]]),
        StubDiameters::FirstAndLast => {
            let (Some(first), Some(last)) = (axon.first(), axon.last()) else {
                let found = "a morphology without axon".to_owned();
                return Err(AxonError::Unfit(
                    found,
                    "one with an axon to take diameters from".to_owned(),
                ));
            };
            let cell = divided(&|_| 1)?;
            Ok([vec![middle(&cell, *first)], vec![middle(&cell, *last)]])
        }
        StubDiameters::Beyond60Um { or_last } => {
            let (Some(first), Some(last)) = (axon.first(), axon.last()) else {
                return Ok([vec![1.0], vec![1.0]]);
            };
            let cell = divided(&|length| odd_count(length, segments.per_um))?;
            let soma = original.sections().iter().position(|s| s.kind == SectionKind::Soma);
            let distances = cell.path_distances_um(soma.unwrap_or(0), 0.0);
            let is_far = |section: &&usize| distances[cell.segment_at(**section, 0.5)] > 60.0;
            let other = if *or_last { last } else { first };
            let second =
                if axon.len() > 1 { axon.iter().find(is_far).unwrap_or(other) } else { first };
            Ok([vec![middle(&cell, *first)], vec![middle(&cell, *second)]])
        }
        StubDiameters::Sampled { n_segments, min_sections } => {
            let chunk_um = stubs.length_um / *n_segments as f64;
            let cell = divided(&|length| odd_count(length, 2.0 * chunk_um))?;
            let segments_of = |section: &usize| {
                let section = &cell.sections[*section];
                section.first_segment..section.first_segment + section.n_segments
            };
            let mut all: Vec<f64> =
                axon.iter().flat_map(segments_of).map(|s| cell.segments.diam_um[s]).collect();
            if axon.len() < *min_sections || all.len() < 2 * n_segments {
                let found = format!("an axon of {} sections, {} pieces", axon.len(), all.len());
                let expected =
                    format!("at least {min_sections} sections, {} pieces", 2 * n_segments);
                return Err(AxonError::Unfit(found, expected));
            }
            all.truncate(2 * n_segments);
            let second = all.split_off(*n_segments);
            Ok([all, second])
        }
        StubDiameters::Tapered { n_segments, strength, taper_scale, terminal_diameter, scale } => {
            let scale = match scale {
                None => 1.0,
                Some(name) => *attributes.get(name).ok_or_else(|| {
                    let found = format!("a node without dynamics_params/{name}");
                    AxonError::Unfit(found, "a node with the attributes its model needs".to_owned())
                })?,
            };
            let (total, length_um) = ((2 * n_segments) as f64, 2.0 * stubs.length_um);
            let diameter = |i: usize| {
                strength * (-length_um * i as f64 / total / taper_scale).exp()
                    + terminal_diameter * scale
            };
            Ok([0, *n_segments].map(|from| (from..from + n_segments).map(diameter).collect()))
        }
    }
}

/// `1 + 2 int(L / per_um)`
pub(super) fn odd_count(length_um: f64, per_um: f64) -> usize {
    ((length_um / per_um) as usize).saturating_mul(2).saturating_add(1)
}
