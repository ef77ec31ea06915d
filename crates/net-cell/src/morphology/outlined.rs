//! Morphologies whose soma is an outline and whose branches are lists of points.

use std::path::Path;

use super::asc::Contour;
use super::asc_soma::{Soma, soma_of_contours};
use super::error::MorphologyError;
use super::import::{DrawnSection, SOMA, assemble};
use super::tree::Morphology;

/// A branch as files list it.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Type in the numbers of SWC: 2 axon, 3 dendrite, 4 apical dendrite.
    pub kind: i64,
    /// The branch from whose end it grows; `None` for those that grow from the soma.
    pub parent: Option<usize>,
    /// x, y, z and diameter in um, from the end of the parent on.
    pub points_um: Vec<[f64; 4]>,
}

/// A cell body as files draw it.
#[derive(Debug, Clone, PartialEq)]
pub enum SomaShape {
    /// An outline in um, which becomes a stack of cylinders as with ASC files ([`read_asc`](super::read_asc)).
    Outline(Vec<[f64; 3]>),
    /// The points of the section themselves: x, y, z and diameter in um; branches grow from `center_um`.
    Points {
        /// Where wires to the branches start.
        center_um: [f64; 3],
        /// The points.
        points_um: Vec<[f64; 4]>,
    },
}

/// Makes the morphology of a soma and its branches, which hang by wires on the soma's middle, with the
/// names, order and joints of imported files. `path` is what errors name; in the place of a line they
/// have the number of the section, the soma being 1.
///
/// ```
/// use net_cell::morphology::{Branch, SomaShape, of_branches};
/// let outline = [[-5.0, 0.0, 0.0], [0.0, 4.0, 0.0], [5.0, 0.0, 0.0], [0.0, -4.0, 0.0]];
/// let dendrite = Branch {
///     kind: 3,
///     parent: None,
///     points_um: vec![[0.0, 5.0, 0.0, 2.0], [0.0, 105.0, 0.0, 1.0]],
/// };
/// let soma = SomaShape::Outline(outline.to_vec());
/// let morphology = of_branches("cell.h5".as_ref(), soma, &[dendrite])?;
/// assert_eq!(morphology.sections().len(), 2);
/// # Ok::<(), net_cell::morphology::MorphologyError>(())
/// ```
///
/// # Errors
/// An outline that encloses nothing, diameters not above 0.
///
/// # Panics
/// If a parent does not come before its branch.
pub fn of_branches(
    path: &Path,
    soma: SomaShape,
    branches: &[Branch],
) -> Result<Morphology, MorphologyError> {
    let (center_um, points_um) = match soma {
        SomaShape::Points { center_um, points_um } => (center_um, points_um),
        SomaShape::Outline(points_um) => {
            let flat = || MorphologyError::FlatContour { path: path.into(), line: 1 };
            if points_um.len() < 3 {
                return Err(flat());
            }
            let Soma { center_um, points_um, .. } =
                soma_of_contours(path, vec![Contour { line: 1, points_um }])?.ok_or_else(flat)?;
            (center_um, points_um)
        }
    };
    let soma = DrawnSection { class: SOMA, parent: None, wire_um: None, points_um, line: 1 };
    let mut drawn = vec![soma];
    for (at, Branch { kind, parent, points_um }) in branches.iter().enumerate() {
        assert!(parent.is_none_or(|parent| parent < at), "parents come first");
        let line = at + 2;
        if let Some(point) = points_um.iter().find(|point| point[3] <= 0.0) {
            let (what, found) = ("diameter", point[3]);
            return Err(MorphologyError::Thickness { path: path.into(), line, what, found });
        }
        drawn.push(DrawnSection {
            class: *kind,
            parent: Some(parent.map_or((0, 0.5), |parent| (parent + 1, 1.0))),
            wire_um: parent.is_none().then_some(center_um),
            points_um: points_um.clone(),
            line,
        });
    }
    assemble(path, drawn)
}
