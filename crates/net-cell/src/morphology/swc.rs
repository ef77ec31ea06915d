//! Reader of SWC files.

use std::collections::HashMap;
use std::iter::successors;
use std::path::Path;

use super::error::MorphologyError;
use super::import::assemble;
use super::swc_sections::sections_of;
use super::tree::Morphology;

/// A point of an SWC file.
#[derive(Debug, Clone, Copy)]
pub(super) struct SwcPoint {
    pub(super) id: i64,
    pub(super) class: i64,
    pub(super) position_um: [f64; 3],
    pub(super) diam_um: f64,
    /// Index of the parent among the points; `None` for the root.
    pub(super) parent: Option<usize>,
    pub(super) line: usize,
}

/// Reads an SWC file: lines of `id type x y z radius parent`, lengths in um.
///
/// Sections are the unbranched runs of points of one type, named `soma[i]` (type 1), `axon[i]`
/// (2), `dend[i]` (3), `apic[i]` (4), `dend_<type>[i]` (others). The rules are those of NEURON's
/// `Import3d_SWC_read`:
///
/// * A child section starts with a copy of the point it grows from, with that point's diameter; on
///   a soma with the diameter of the child's own first point.
/// * A soma of one point becomes a cylinder as long as thick, along x. So does NeuroMorpho's soma of
///   three points: a root with two leaves of the same radius, together as long as thick.
/// * Children of the first point of the root section attach to it at 0, of the last point of a
///   soma at 1, of an inner point at 0.5. On a soma of one point, on inner points of a soma, and
///   where the soma branches, a dendrite of more than one own point attaches by a wire: it starts
///   at its own first point.
/// * Branches of the first point of a dendrite on a wire attach to the dendrite's 0-end.
/// * Sections of one point or without length are removed; their children go to their parent.
///
/// Accepted: blanks, tabs or commas between columns, leading blanks, `#` comments on their own line
/// or after the columns, blank lines, any line ends, a byte order mark, ids in any order and with
/// gaps, parents with larger ids than their children, files without a soma. Runs are followed by
/// parent, not by place in the file, so a file sorted breadth first gives the same sections as one
/// sorted depth first (NEURON ends a section where ids are not consecutive).
///
/// Two results of NEURON that are not what a file draws are not repeated: it attaches a branch of the
/// first point of a dendrite that is *not* on a wire to the soma, and so moves it there; and at such
/// points, and at a root that is no soma, it lets a section run on into a child of another type.
///
/// # Errors
///
/// No point, a wrong number of columns, a column that is no number or not finite, a radius not
/// above 0, an id twice, an unknown parent, a cycle, more than one root.
pub fn read_swc(path: impl AsRef<Path>) -> Result<Morphology, MorphologyError> {
    let path = path.as_ref();
    let bytes = std::fs::read(path)
        .map_err(|source| MorphologyError::Read { path: path.into(), source })?;
    let points = parse(path, &String::from_utf8_lossy(&bytes))?;
    assemble(path, sections_of(&points))
}

/// The points of the file in the order of their ids, checked to be one tree.
fn parse(path: &Path, text: &str) -> Result<Vec<SwcPoint>, MorphologyError> {
    let mut rows = Vec::new();
    for (index, text) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        if let Some(row) = parse_line(path, index + 1, text)? {
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return Err(MorphologyError::EmptyFile { path: path.into() });
    }
    // Stable, so of two equal ids the one on the earlier line is first.
    rows.sort_by_key(|(point, _)| point.id);
    let mut index_of_id = HashMap::with_capacity(rows.len());
    for (index, (point, _)) in rows.iter().enumerate() {
        if let Some(first) = index_of_id.insert(point.id, index) {
            return Err(MorphologyError::DuplicateId {
                path: path.into(),
                line: point.line,
                id: point.id,
                first_line: rows[first].0.line,
            });
        }
    }
    let mut points = Vec::with_capacity(rows.len());
    for (mut point, parent) in rows {
        // Any negative number marks a root.
        if parent >= 0 {
            let Some(&index) = index_of_id.get(&parent) else {
                return Err(MorphologyError::UnknownParent {
                    path: path.into(),
                    line: point.line,
                    id: point.id,
                    parent,
                });
            };
            point.parent = Some(index);
        }
        points.push(point);
    }
    check_tree(path, &points)?;
    Ok(points)
}

/// The point on a line and the id of its parent; `None` for a blank line or a comment.
fn parse_line(
    path: &Path,
    line: usize,
    text: &str,
) -> Result<Option<(SwcPoint, i64)>, MorphologyError> {
    let data = text.split('#').next().unwrap_or_default();
    let is_gap = |c: char| c.is_whitespace() || c == ',';
    let columns: Vec<&str> = data.split(is_gap).filter(|column| !column.is_empty()).collect();
    if columns.is_empty() {
        return Ok(None);
    }
    let [id, class, x, y, z, radius, parent] = columns[..] else {
        return Err(MorphologyError::ColumnCount { path: path.into(), line, found: columns.len() });
    };
    let wrong = |column, found: &str, expected| MorphologyError::Column {
        path: path.into(),
        line,
        column,
        found: found.into(),
        expected,
    };
    // Read in single precision, as NEURON does: what is computed from the numbers depends on it.
    let real = |column, found: &str| match found.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(f64::from(value)),
        _ => Err(wrong(column, found, "a finite number")),
    };
    // Some programs write ids as 1.0.
    let integer = |column, found: &str| match found.parse::<f64>() {
        Ok(value) if value.fract() == 0.0 && value.abs() < 1e15 => Ok(value as i64),
        _ => Err(wrong(column, found, "an integer")),
    };
    let radius_um = real("radius", radius)?;
    if radius_um <= 0.0 {
        return Err(MorphologyError::Thickness {
            path: path.into(),
            line,
            what: "radius",
            found: radius_um,
        });
    }
    let point = SwcPoint {
        id: integer("id", id)?,
        class: integer("type", class)?,
        position_um: [real("x", x)?, real("y", y)?, real("z", z)?],
        diam_um: 2.0 * radius_um,
        parent: None,
        line,
    };
    Ok(Some((point, integer("parent", parent)?)))
}

/// One root, and every point leads to it.
fn check_tree(path: &Path, points: &[SwcPoint]) -> Result<(), MorphologyError> {
    // Points whose ancestors have been followed to a root.
    let mut rooted = vec![false; points.len()];
    let mut root: Option<&SwcPoint> = None;
    for start in 0..points.len() {
        let mut trail = Vec::new();
        let mut at = Some(start);
        while let Some(index) = at
            && !rooted[index]
        {
            // More steps than points: the trail has come to a cycle and is in it.
            if trail.len() > points.len() {
                let ancestors = successors(points[index].parent, |&at| points[at].parent);
                let first = ancestors.take_while(|&at| at != index).fold(index, usize::min);
                let SwcPoint { line, id, .. } = points[first];
                return Err(MorphologyError::Cycle { path: path.into(), line, id });
            }
            trail.push(index);
            at = points[index].parent;
        }
        for index in trail {
            rooted[index] = true;
        }
    }
    for point in points.iter().filter(|point| point.parent.is_none()) {
        if let Some(first) = root {
            return Err(MorphologyError::SeveralRoots {
                path: path.into(),
                line: point.line,
                first_line: first.line,
            });
        }
        root = Some(point);
    }
    Ok(())
}
