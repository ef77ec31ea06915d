//! Where cells stand in a circuit.

use net_cell::morphology::{SectionKind, SegmentedMorphology};
use net_core::Gid;
use net_sonata::cell::{CableCell, Cell};
use net_sonata::{Circuit, Flavor, NodePopulation, Selection};

use super::cells::CellTable;
use crate::error::BoxError;
use crate::model::CellPoints;

/// The segments of a cell in the circuit, for probes. In Blue Brain's circuits its morphology is rotated
/// and moved as it is drawn, sections where the file has them and stubs without points below the
/// soma; in Allen's the middle of the soma comes to the node's position.
pub(super) fn segments_of(
    circuit: &Circuit,
    cells: &CellTable,
    gid: Gid,
) -> Result<CellPoints<'static>, BoxError> {
    let (at, node) = cells.node_of(gid).ok_or("no such cell")?;
    let population = &circuit.nodes()[cells.populations()[at].index];
    let (cell, _) = cells.cell(gid)?;
    let Cell::Cable(cell) = &*cell else { return Err("an artificial cell has no segments".into()) };
    let m = &cell.morphology;
    let soma = soma_of(m).ok_or_else(|| format!("node {node} has no soma"))?;
    let (place, [start_um, end_um]) = match cells.flavor() {
        Flavor::Obi => (Place::of_quaternion(population, node)?, as_drawn(cell, soma)),
        Flavor::Allen => {
            let centre = midpoint(m, m.segment_at(soma, 0.5));
            let own = |points: &[[f64; 3]]| points.iter().map(|p| sub(*p, centre)).collect();
            (Place::of(population, node)?, [own(&m.segments.start_um), own(&m.segments.end_um)])
        }
    };
    let placed = |points: Vec<[f64; 3]>| points.into_iter().map(|p| place.point_um(p)).collect();
    Ok(CellPoints {
        start_um: placed(start_um),
        end_um: placed(end_um),
        diam_um: m.segments.diam_um.to_vec().into(),
    })
}

/// Starts and ends of segments where the file has them, and not where their section is moved to its
/// parent. Axons that replace one of the file stand below the soma, 30 um each, and myelin on the
/// next 1000 um.
fn as_drawn(cell: &CableCell, soma: usize) -> [Vec<[f64; 3]>; 2] {
    let m = &cell.morphology;
    let mut ends = [m.segments.start_um.to_vec(), m.segments.end_um.to_vec()];
    let centre = midpoint(m, m.segment_at(soma, 0.5));
    let drawn = cell.point_arcs_um.iter().zip(&cell.moved_um);
    for (section, (arcs_um, moved_um)) in m.sections.iter().zip(drawn) {
        let index = |list: &str| {
            let number = section.name.strip_prefix(list)?.strip_prefix('[')?.strip_suffix(']')?;
            number.parse::<f64>().ok()
        };
        // Depth of the beginning below the soma, and length, um.
        let stub = match (arcs_um.is_empty(), index("axon"), index("myelin")) {
            (true, Some(number), _) => Some((30.0 * number, 30.0)),
            (true, _, Some(number)) => Some((60.0 + 1000.0 * number, 1000.0)),
            _ => None,
        };
        for k in 0..section.n_segments {
            for (end, points) in ends.iter_mut().enumerate() {
                let point = &mut points[section.first_segment + k];
                *point = match stub {
                    Some((depth_um, length_um)) => {
                        let x = (k + end) as f64 / section.n_segments as f64;
                        sub(centre, [0.0, depth_um + length_um * x, 0.0])
                    }
                    None => sub(*point, moved_um.map(f64::from)),
                };
            }
        }
    }
    ends
}

pub(super) fn soma_of(m: &SegmentedMorphology) -> Option<usize> {
    m.sections.iter().position(|section| section.kind == SectionKind::Soma)
}

/// A rotation by its rows.
pub(super) type Matrix = [[f64; 3]; 3];

/// The rotation of a node by its quaternion, in single precision as Neurodamus keeps it; none where
/// the population has none.
pub(super) fn orientation(
    population: &NodePopulation,
    node: u64,
) -> Result<Option<Matrix>, BoxError> {
    let names = ["orientation_w", "orientation_x", "orientation_y", "orientation_z"];
    if !names.iter().all(|name| population.has_attribute(name)) {
        return Ok(None);
    }
    let mut q = [0.0; 4];
    for (value, name) in q.iter_mut().zip(names) {
        *value = number(population, node, name)?.unwrap_or(f64::NAN);
    }
    let length = q.iter().map(|x| x * x).sum::<f64>().sqrt();
    if !(length.is_finite() && length > 0.0) {
        return Err(format!("node {node}: its orientation is no quaternion").into());
    }
    let [w, x, y, z] = q.map(|value| value / length);
    let rows = [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
        [2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)],
        [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)],
    ];
    Ok(Some(rows.map(|row| row.map(|value| f64::from(value as f32)))))
}

/// Where a node stands: rotated, then moved.
pub(super) struct Place {
    rotation: Matrix,
    position_um: [f64; 3],
}

impl Place {
    /// Where a node of Blue Brain's stands: rotated by its quaternion, or by angles, then moved.
    fn of_quaternion(population: &NodePopulation, node: u64) -> Result<Self, BoxError> {
        let place = Self::of(population, node)?;
        let rotation = orientation(population, node)?.unwrap_or(place.rotation);
        Ok(Place { rotation, ..place })
    }

    /// That of a node of Allen's: rotated about x, y and z, the last first, then moved.
    pub(super) fn of(population: &NodePopulation, node: u64) -> Result<Self, BoxError> {
        let mut angles = [0.0; 3];
        let mut position_um = [0.0; 3];
        for (k, axis) in ["x", "y", "z"].into_iter().enumerate() {
            let angle = number(population, node, &format!("rotation_angle_{axis}axis"))?;
            angles[k] = angle.unwrap_or(0.0);
            position_um[k] = number(population, node, axis)?.unwrap_or(0.0);
        }
        let rotation = net_sonata::stimulus::rotation(angles);
        Ok(Place { rotation, position_um })
    }

    pub(super) fn point_um(&self, point_um: [f64; 3]) -> [f64; 3] {
        let rotated = apply(&self.rotation, point_um);
        std::array::from_fn(|k| rotated[k] + self.position_um[k])
    }
}

fn number(population: &NodePopulation, node: u64, name: &str) -> Result<Option<f64>, BoxError> {
    if !population.has_attribute(name) {
        return Ok(None);
    }
    let one = Selection::from_ids(vec![node]);
    let found = population.numbers(name, one.ranges())?;
    Ok(found.first().copied().filter(|value| value.is_finite()))
}

pub(super) fn midpoint(m: &SegmentedMorphology, segment: usize) -> [f64; 3] {
    let (start, end) = (m.segments.start_um[segment], m.segments.end_um[segment]);
    std::array::from_fn(|k| 0.5 * (start[k] + end[k]))
}

pub(super) fn sub(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|k| a[k] - b[k])
}

pub(super) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(super) fn apply(rotation: &Matrix, vector: [f64; 3]) -> [f64; 3] {
    rotation.map(|row| dot(row, vector))
}
