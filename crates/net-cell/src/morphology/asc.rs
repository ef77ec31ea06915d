//! Reader of Neurolucida ASC files.

use std::path::Path;

use super::asc_soma::{Soma, soma_of_contours};
use super::asc_text::{Item, List, parse};
use super::error::MorphologyError;
use super::import::{DrawnSection, SOMA, assemble};
use super::tree::Morphology;

/// Outlines of these names are cell bodies.
const CELL_BODY: [&str; 3] = ["CellBody", "Cell Body", "Soma"];

/// Diameter given to points that need none.
const NO_DIAMETER: f64 = 0.0;

/// Reads a Neurolucida ASC file (version 3), lengths in um.
///
/// The rules are those of NEURON's `Import3d_Neurolucida3`: a contour named `CellBody`, `Cell Body`
/// or `Soma` becomes a soma of 21 points, a straight stack of cylinders along the contour's longest
/// principal axis, as wide as the contour is there; contours whose bounding boxes in the xy plane
/// overlap are one stack of circles. Trees hang by wires on the soma's middle (0.5). Every branch is
/// a section that starts with a copy of the last point of the branch it grows from, with its own
/// first diameter. Trees marked `Axon`, `Dendrite` or `Apical` give `axon[i]`, `dend[i]` and
/// `apic[i]`, others `dend_0[i]`. Markers, texts, spines and other contours are left out.
///
/// # Errors
///
/// Broken grammar, no point, diameters not above 0, several cell bodies, or several trees
/// without a cell body.
pub fn read_asc(path: impl AsRef<Path>) -> Result<Morphology, MorphologyError> {
    let path = path.as_ref();
    let bytes = std::fs::read(path)
        .map_err(|source| MorphologyError::Read { path: path.into(), source })?;
    let file = parse(path, &String::from_utf8_lossy(&bytes))?;
    let mut drawing = Drawing { path, contours: Vec::new(), branches: Vec::new() };
    drawing.objects(&file.items)?;
    assemble(path, drawing.sections()?)
}

/// A contour of a cell body.
#[derive(Debug, Clone)]
pub(super) struct Contour {
    pub(super) line: usize,
    pub(super) points_um: Vec<[f64; 3]>,
}

/// What the file draws, as far as it matters here.
struct Drawing<'a> {
    path: &'a Path,
    contours: Vec<Contour>,
    /// Branches of all trees, parents first; parents are indices of this list.
    branches: Vec<DrawnSection>,
}

impl Drawing<'_> {
    fn objects(&mut self, items: &[Item]) -> Result<(), MorphologyError> {
        for item in items {
            let Item::List(list) = item else { continue };
            match list.items.first() {
                Some(Item::Text(name)) if CELL_BODY.contains(&name.as_str()) => {
                    self.contour(list)?;
                }
                Some(Item::Word(word)) if word.eq_ignore_ascii_case("set") => {
                    self.objects(&list.items[1..])?;
                }
                Some(Item::List(_)) if !is_text(list) => self.tree(list)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn contour(&mut self, list: &List) -> Result<(), MorphologyError> {
        let mut points_um = Vec::new();
        for item in &list.items {
            if let Item::List(inner) = item
                && let Some(Item::Number(_)) = inner.items.first()
            {
                let [x, y, z, _] = self.point(inner)?;
                points_um.push([x, y, z]);
            }
        }
        // Two points enclose nothing.
        if points_um.len() > 2 {
            self.contours.push(Contour { line: list.line, points_um });
        }
        Ok(())
    }

    fn tree(&mut self, list: &List) -> Result<(), MorphologyError> {
        let mut class = 0;
        for item in &list.items {
            let Item::List(property) = item else { break };
            let Some(Item::Word(word)) = property.items.first() else { break };
            class = match word.as_str() {
                "Axon" => 2,
                "Dendrite" => 3,
                "Apical" => 4,
                _ => class,
            };
        }
        self.branch(&list.items, list.line, class, None)
    }

    /// A branch: points, then perhaps a list of further branches between bars.
    fn branch(
        &mut self,
        items: &[Item],
        line: usize,
        class: i64,
        parent: Option<usize>,
    ) -> Result<(), MorphologyError> {
        let mut points_um = Vec::new();
        let mut first_line = line;
        let mut split = None;
        for item in items {
            let Item::List(list) = item else { continue };
            match list.items.first() {
                Some(Item::Number(_)) if split.is_some() => {
                    return Err(self.unexpected(list.line, "a point after a split", "')' or '|'"));
                }
                Some(Item::Number(_)) => {
                    if points_um.is_empty() {
                        first_line = list.line;
                    }
                    points_um.push(self.thick_point(list)?);
                }
                Some(Item::List(_) | Item::Bar) if split.is_some() => {
                    return Err(self.unexpected(list.line, "a second split", "')' or '|'"));
                }
                Some(Item::List(_)) => split = Some(list),
                // Properties and markers.
                _ => {}
            }
        }
        let Some(&first) = points_um.first() else {
            return Err(self.unexpected(line, "a branch without points", "(x y z diameter)"));
        };
        if let Some(parent) = parent
            && let Some(&[x, y, z, _]) = self.branches[parent].points_um.last()
            && [x, y, z] != first[..3]
        {
            points_um.insert(0, [x, y, z, first[3]]);
        }
        let index = self.branches.len();
        self.branches.push(DrawnSection {
            class,
            parent: parent.map(|parent| (parent, 1.0)),
            wire_um: None,
            points_um,
            line: first_line,
        });
        if let Some(split) = split {
            for branch in split.items.split(|item| *item == Item::Bar) {
                self.branch(branch, split.line, class, Some(index))?;
            }
        }
        Ok(())
    }

    /// x, y, z and diameter in um; z and diameter may be absent.
    fn point(&self, list: &List) -> Result<[f64; 4], MorphologyError> {
        let numbers: Vec<f64> = list
            .items
            .iter()
            .map_while(|item| if let Item::Number(value) = item { Some(*value) } else { None })
            .collect();
        let all_finite = numbers.iter().all(|&value| (value as f32).is_finite());
        match numbers[..] {
            [x, y] if all_finite => Ok([x, y, 0.0, NO_DIAMETER]),
            [x, y, z] if all_finite => Ok([x, y, z, NO_DIAMETER]),
            [x, y, z, diam, ..] if all_finite => Ok([x, y, z, diam]),
            _ => {
                let found = format!("a point of {numbers:?}");
                Err(self.unexpected(list.line, &found, "2 to 4 finite numbers: x y z diameter"))
            }
        }
    }

    fn thick_point(&self, list: &List) -> Result<[f64; 4], MorphologyError> {
        let point = self.point(list)?;
        if point[3] > 0.0 {
            return Ok(point);
        }
        Err(MorphologyError::Thickness {
            path: self.path.into(),
            line: list.line,
            what: "diameter",
            found: point[3],
        })
    }

    /// All sections: the soma first if there is one, the trees hanging on it.
    fn sections(self) -> Result<Vec<DrawnSection>, MorphologyError> {
        let Self { path, contours, mut branches } = self;
        let soma = soma_of_contours(path, contours)?;
        let root_lines: Vec<usize> = branches
            .iter()
            .filter(|branch| branch.parent.is_none())
            .map(|branch| branch.line)
            .collect();
        let Some(Soma { line, center_um, points_um }) = soma else {
            return match root_lines[..] {
                [] => Err(MorphologyError::EmptyFile { path: path.into() }),
                [_] => Ok(branches),
                [first_line, line, ..] => {
                    Err(MorphologyError::SeveralRoots { path: path.into(), line, first_line })
                }
            };
        };
        for branch in &mut branches {
            match &mut branch.parent {
                Some((parent, _)) => *parent += 1,
                None => {
                    branch.parent = Some((0, 0.5));
                    branch.wire_um = Some(center_um);
                }
            }
        }
        let soma = DrawnSection { class: SOMA, parent: None, wire_um: None, points_um, line };
        branches.insert(0, soma);
        Ok(branches)
    }

    fn unexpected(&self, line: usize, found: &str, expected: &'static str) -> MorphologyError {
        MorphologyError::Syntax { path: self.path.into(), line, found: found.into(), expected }
    }
}

/// A text on the drawing: properties, one point, and the text.
fn is_text(list: &List) -> bool {
    matches!(list.items.last(), Some(Item::Text(_)))
}
