//! From the outline of a cell body to a stack of cylinders; see [`read_asc`](super::read_asc).

use std::f64::consts::PI;
use std::path::Path;

use super::asc::Contour;
use super::error::MorphologyError;

/// Intervals into which an outline is divided.
const N_OUTLINE: usize = 100;

/// Intervals into which the soma is divided along its axis.
const N_AXIS: usize = 20;

/// The soma of an ASC file.
pub(super) struct Soma {
    /// Line of the first contour.
    pub(super) line: usize,
    /// Where the wires to the trees start, in um.
    pub(super) center_um: [f64; 3],
    /// Rows of x, y, z, diameter in um.
    pub(super) points_um: Vec<[f64; 4]>,
}

/// The soma that the contours of cell bodies draw together; `None` without contours.
pub(super) fn soma_of_contours(
    path: &Path,
    contours: Vec<Contour>,
) -> Result<Option<Soma>, MorphologyError> {
    let Some(first) = contours.first() else { return Ok(None) };
    for pair in contours.windows(2) {
        if !overlap_in_xy(&pair[0], &pair[1]) {
            return Err(MorphologyError::SeveralRoots {
                path: path.into(),
                line: pair[1].line,
                first_line: first.line,
            });
        }
    }
    let line = first.line;
    if contours.len() > 1 {
        let circles: Vec<[f64; 4]> = contours.iter().map(circle).collect();
        return Ok(Some(Soma { line, center_um: halfway(&circles), points_um: circles }));
    }
    let outline = evenly(&first.points_um);
    let Some(points_um) = cylinders(&outline) else {
        return Err(MorphologyError::FlatContour { path: path.into(), line });
    };
    Ok(Some(Soma { line, center_um: mean(&outline), points_um }))
}

fn overlap_in_xy(a: &Contour, b: &Contour) -> bool {
    let bounds = |contour: &Contour, axis: usize| {
        let values = contour.points_um.iter().map(|point| point[axis]);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    };
    (0..2).all(|axis| {
        let ((low_a, high_a), (low_b, high_b)) = (bounds(a, axis), bounds(b, axis));
        low_a <= high_b && low_b <= high_a
    })
}

/// Points along the contour from its first to its last, at equal distances in the xy plane, in
/// which it was traced.
fn evenly(contour: &[[f64; 3]]) -> Vec<[f64; 3]> {
    let mut arc = vec![0.0];
    for pair in contour.windows(2) {
        let step = (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1]);
        arc.push(arc[arc.len() - 1] + step);
    }
    let step = arc[arc.len() - 1] / N_OUTLINE as f64;
    let along = |k: usize, axis: usize| {
        let values: Vec<f64> = contour.iter().map(|point| point[axis]).collect();
        interpolate(&arc, &values, k as f64 * step)
    };
    (0..=N_OUTLINE).map(|k| std::array::from_fn(|axis| along(k, axis))).collect()
}

/// The circle that stands for one contour of a stack: its radius is the mean of the contour's mean
/// distance from its center and of its perimeter divided by 2 pi.
fn circle(contour: &Contour) -> [f64; 4] {
    let points = &contour.points_um;
    let perimeter: f64 =
        (0..points.len()).map(|i| distance(points[i], points[(i + 1) % points.len()])).sum();
    let outline = evenly(points);
    let center = mean(&outline);
    let mean_radius =
        outline.iter().map(|&point| distance(point, center)).sum::<f64>() / outline.len() as f64;
    [center[0], center[1], center[2], mean_radius + perimeter / (2.0 * PI)]
}

/// The point halfway along the line through the centers of the circles.
fn halfway(circles: &[[f64; 4]]) -> [f64; 3] {
    let center = |k: usize| [circles[k][0], circles[k][1], circles[k][2]];
    let mut arc = vec![0.0];
    for k in 1..circles.len() {
        arc.push(arc[k - 1] + distance(center(k - 1), center(k)));
    }
    let half = arc[arc.len() - 1] / 2.0;
    std::array::from_fn(|axis| {
        let values: Vec<f64> = circles.iter().map(|circle| circle[axis]).collect();
        interpolate(&arc, &values, half)
    })
}

/// The stack of cylinders along the longest principal axis of an outline; `None` if the outline is
/// flat there, so that it has no width in the xy plane.
fn cylinders(outline: &[[f64; 3]]) -> Option<Vec<[f64; 4]>> {
    let center = mean(outline);
    let centered: Vec<[f64; 3]> =
        outline.iter().map(|point| std::array::from_fn(|i| point[i] - center[i])).collect();
    let (major, minor) = principal_axes(&centered)?;

    // Places along the axis and distances from it, starting at the outermost point.
    let mut along: Vec<(f64, f64)> =
        centered.iter().map(|&point| (dot(point, major), dot(point, minor))).collect();
    let outermost = first_extreme(&along, |a, b| a > b);
    along.rotate_left(outermost);
    let innermost = first_extreme(&along, |a, b| a < b);
    let mut one_side: Vec<(f64, f64)> = along[..innermost].iter().rev().copied().collect();
    let mut other_side = along[innermost..].to_vec();
    make_ascending(&mut one_side);
    make_ascending(&mut other_side);

    let mut places: Vec<f64> =
        one_side.iter().chain(&other_side).map(|(place, _)| *place).collect();
    places.sort_by(f64::total_cmp);
    let (low, high) = match places[..] {
        [_, low, .., high, _] if !one_side.is_empty() && low < high => (low, high),
        _ => return None,
    };
    let step = (high - low) / N_AXIS as f64;
    let width = |place: f64| (at_place(&one_side, place) - at_place(&other_side, place)).abs();
    let mut points: Vec<[f64; 4]> = (0..=N_AXIS)
        .map(|k| {
            let place = low + k as f64 * step;
            let [x, y, z] = std::array::from_fn(|axis| major[axis] * place + center[axis]);
            [x, y, z, width(place)]
        })
        .collect();
    // Ends would come to a point of diameter 0.
    points[0][3] = (points[0][3] + points[1][3]) / 2.0;
    points[N_AXIS][3] = (points[N_AXIS][3] + points[N_AXIS - 1][3]) / 2.0;
    points.iter().all(|point| point[3] > 0.0).then_some(points)
}

/// Index of the first element whose place beats all before it.
fn first_extreme(along: &[(f64, f64)], beats: impl Fn(f64, f64) -> bool) -> usize {
    let mut best = 0;
    for (index, (place, _)) in along.iter().enumerate() {
        if beats(*place, along[best].0) {
            best = index;
        }
    }
    best
}

/// Removes points until places ascend strictly, from the far end on: a concave outline becomes one
/// whose width is a function of the place.
fn make_ascending(side: &mut Vec<(f64, f64)>) {
    let mut index = side.len().saturating_sub(1);
    while index > 0 {
        if side[index].0 > side[index - 1].0 {
            index -= 1;
        } else {
            side.remove(index);
            // The point that moved up is compared with the same neighbor next.
            if index == side.len() {
                index -= 1;
            }
        }
    }
}

fn at_place(side: &[(f64, f64)], place: f64) -> f64 {
    let (places, radii): (Vec<f64>, Vec<f64>) = side.iter().copied().unzip();
    interpolate(&places, &radii, place)
}

/// Linear interpolation of `values` over ascending `places`; constant beyond the ends.
fn interpolate(places: &[f64], values: &[f64], at: f64) -> f64 {
    let after = places.partition_point(|&place| place <= at);
    if after == 0 {
        return values[0];
    }
    if after == places.len() {
        return values[after - 1];
    }
    let part = (at - places[after - 1]) / (places[after] - places[after - 1]);
    part * values[after] + (1.0 - part) * values[after - 1]
}

/// The longest principal axis of points about the origin, pointing to where its largest component
/// is positive, and the second one projected onto the xy plane; both of length 1.
fn principal_axes(points: &[[f64; 3]]) -> Option<([f64; 3], [f64; 3])> {
    let moments = std::array::from_fn(|i| {
        std::array::from_fn(|j| points.iter().map(|point| point[i] * point[j]).sum())
    });
    let mut axes = eigenvectors(moments);
    axes.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let [(_, mut major), (_, [x, y, _]), _] = axes;
    let largest = major.into_iter().fold(0.0_f64, |a, b| if b.abs() > a.abs() { b } else { a });
    if largest < 0.0 {
        major = major.map(|part| -part);
    }
    let length = x.hypot(y);
    (length > 1e-6).then(|| (major, [x / length, y / length, 0.0]))
}

/// Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations.
fn eigenvectors(mut matrix: [[f64; 3]; 3]) -> [(f64, [f64; 3]); 3] {
    let mut vectors = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    // Convergence is quadratic; a 3 x 3 matrix needs some six sweeps.
    for _ in 0..30 {
        for (p, q) in [(0, 1), (0, 2), (1, 2)] {
            if matrix[p][q] == 0.0 {
                continue;
            }
            let theta = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
            let tan = theta.signum() / (theta.abs() + theta.hypot(1.0));
            let cos = 1.0 / tan.hypot(1.0);
            let sin = tan * cos;
            for row in &mut matrix {
                (row[p], row[q]) = (cos * row[p] - sin * row[q], sin * row[p] + cos * row[q]);
            }
            let (at_p, at_q) = (matrix[p], matrix[q]);
            matrix[p] = std::array::from_fn(|k| cos * at_p[k] - sin * at_q[k]);
            matrix[q] = std::array::from_fn(|k| sin * at_p[k] + cos * at_q[k]);
            for row in &mut vectors {
                (row[p], row[q]) = (cos * row[p] - sin * row[q], sin * row[p] + cos * row[q]);
            }
        }
    }
    std::array::from_fn(|k| (matrix[k][k], vectors.map(|row| row[k])))
}

fn mean(points: &[[f64; 3]]) -> [f64; 3] {
    std::array::from_fn(|axis| {
        points.iter().map(|point| point[axis]).sum::<f64>() / points.len() as f64
    })
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f64>().sqrt()
}
