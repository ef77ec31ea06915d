//! What all morphology files have in common: from drawn sections to a [`Morphology`].

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::error::MorphologyError;
use super::segmented::SectionKind;
use super::tree::{Morphology, MorphologyBuilder};

/// A section as a file draws it.
#[derive(Debug, Clone)]
pub(super) struct DrawnSection {
    /// Class, in the numbers of SWC.
    pub(super) class: i64,
    /// Index of the parent in the list of drawn sections and the position on it.
    pub(super) parent: Option<(usize, f64)>,
    /// Where the wire to the parent starts, if the section is joined by one.
    pub(super) wire_um: Option<[f64; 3]>,
    /// Rows of x, y, z, diameter in um.
    pub(super) points_um: Vec<[f64; 4]>,
    /// Line of the file where the section starts.
    pub(super) line: usize,
}

/// Class number of a soma.
pub(super) const SOMA: i64 = 1;

/// Name, order and join the sections of a file.
///
/// Sections are named by class and counted within it in their order in the file. The morphology
/// lists them by class number, and in a class by their order in the file, as NEURON does, except
/// that a section waits for its parent.
pub(super) fn assemble(
    path: &Path,
    mut drawn: Vec<DrawnSection>,
) -> Result<Morphology, MorphologyError> {
    for section in &mut drawn {
        if section.parent.is_none() && section.points_um.len() == 1 {
            section.points_um = cylinder_for_sphere(section.points_um[0]);
        }
    }
    remove_pointlike(&mut drawn);

    let mut counts: HashMap<i64, usize> = HashMap::new();
    let names: Vec<String> = drawn
        .iter()
        .map(|section| {
            let count = counts.entry(section.class).or_default();
            *count += 1;
            format!("{}[{}]", class_name(section.class), *count - 1)
        })
        .collect();

    let mut builder = MorphologyBuilder::new();
    let mut built = vec![0; drawn.len()];
    for index in parents_first(&drawn) {
        let section = &drawn[index];
        let (name, kind) = (&names[index], class_kind(section.class));
        let parent = section.parent.map(|(parent, position)| (built[parent], position));
        let points: Vec<[f64; 4]> =
            section.points_um.iter().map(|row| row.map(eight_digits)).collect();
        let added = match (parent, section.wire_um) {
            (Some(parent), Some(wire)) => {
                builder.points_by_wire(name, kind, parent, wire.map(eight_digits), &points)
            }
            _ => builder.points(name, kind, parent, &points),
        };
        built[index] = added.map_err(|source| in_file(path, section.line, source))?;
    }
    let first_line = drawn.first().map_or(1, |section| section.line);
    builder.build().map_err(|source| in_file(path, first_line, source))
}

fn in_file(path: &Path, line: usize, source: MorphologyError) -> MorphologyError {
    MorphologyError::InFile { path: path.into(), line, source: Box::new(source) }
}

/// A soma given as one point becomes a cylinder along x, as long as it is thick: its area is that
/// of the sphere.
fn cylinder_for_sphere([x, y, z, diam]: [f64; 4]) -> Vec<[f64; 4]> {
    [x - diam / 2.0, x, x + diam / 2.0].map(|x| [x, y, z, diam]).to_vec()
}

/// Removes sections of one point, or of two at one place; their children go to their parent.
fn remove_pointlike(drawn: &mut Vec<DrawnSection>) {
    let same = |a: f64, b: f64| (a - b).abs() <= 1e-11;
    let pointlike: Vec<bool> = drawn
        .iter()
        .map(|section| match section.points_um.as_slice() {
            _ if section.parent.is_none() => false,
            [a, b] => (0..3).all(|axis| same(a[axis], b[axis])),
            points => points.len() < 2,
        })
        .collect();
    for index in 0..drawn.len() {
        while let Some((parent, _)) = drawn[index].parent
            && pointlike[parent]
        {
            drawn[index].parent = drawn[parent].parent;
        }
    }
    // Index of every kept section once the others are gone.
    let mut kept = Vec::with_capacity(drawn.len());
    let mut n_kept = 0;
    for &removed in &pointlike {
        kept.push(n_kept);
        n_kept += usize::from(!removed);
    }
    let mut removed = pointlike.iter();
    drawn.retain(|_| removed.next() != Some(&true));
    for section in drawn {
        if let Some((parent, _)) = &mut section.parent {
            *parent = kept[*parent];
        }
    }
}

/// Indices by class and place in the file, each as soon as its parent has had its turn.
fn parents_first(drawn: &[DrawnSection]) -> Vec<usize> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); drawn.len()];
    let mut ready = BTreeMap::new();
    for (index, section) in drawn.iter().enumerate() {
        match section.parent {
            Some((parent, _)) => children[parent].push(index),
            None => {
                ready.insert((section.class, index), index);
            }
        }
    }
    let mut order = Vec::with_capacity(drawn.len());
    while let Some((_, index)) = ready.pop_first() {
        order.push(index);
        for &child in &children[index] {
            ready.insert((drawn[child].class, child), child);
        }
    }
    order
}

fn class_name(class: i64) -> String {
    match class {
        SOMA => "soma".into(),
        2 => "axon".into(),
        3 => "dend".into(),
        4 => "apic".into(),
        _ if class < 0 => format!("minus_{}", class.unsigned_abs()),
        _ => format!("dend_{class}"),
    }
}

fn class_kind(class: i64) -> SectionKind {
    match class {
        SOMA => SectionKind::Soma,
        2 => SectionKind::Axon,
        3 => SectionKind::Basal,
        4 => SectionKind::Apical,
        _ => SectionKind::Other,
    }
}

/// Rounds to eight significant digits, the form in which NEURON's import hands points on; without
/// it the single-precision points of a computed soma differ in their last bit.
fn eight_digits(value: f64) -> f64 {
    format!("{value:.7e}").parse().unwrap_or(value)
}
