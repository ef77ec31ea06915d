//! `comsol`: potentials that a finite-element program computed, as COMSOL exports them.

use std::path::{Path, PathBuf};

use super::electrodes::invalid;
use super::tessellation::Tessellation;
use crate::finding::Result;

/// Potentials at the nodes of a mesh, at one time or at several.
#[derive(Debug, Clone, PartialEq)]
pub struct ComsolStudy {
    path: PathBuf,
    /// The nodes, um.
    pub points_um: Vec<[f64; 3]>,
    /// Times of the columns, ms; empty for a stationary study.
    pub times_ms: Vec<f64>,
    /// Potentials in mV, node by node.
    values_mv: Vec<f64>,
}

impl ComsolStudy {
    /// Reads a table as COMSOL exports it: lines that begin with `%`, the last of which names the
    /// columns, then x, y, z and potentials. A column `V (V) @ t=0.001` is in V at 1 ms, `V (mV)`
    /// in mV. `% Length unit:` says in what x, y and z are; um if it is not there.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) with the line.
    pub fn read(path: &Path) -> Result<Self> {
        let wrong = |at: String, found: &str, expected: &str| {
            invalid(path, &at, found.to_owned(), expected)
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            wrong(String::new(), &error.to_string(), "a table that can be read")
        })?;
        let (mut columns, mut um) = ("", 1.0);
        let (mut points_um, mut values_mv, mut times_ms) = (Vec::new(), Vec::new(), Vec::new());
        let (mut n_columns, mut mv) = (0, 1.0);
        for (number, line) in text.lines().enumerate() {
            let at = || format!("line {}", number + 1);
            if let Some(line) = line.trim_start_matches('\u{feff}').strip_prefix('%') {
                columns = line.trim();
                if let Some(unit) = columns.strip_prefix("Length unit:") {
                    um = match unit.trim() {
                        "m" => 1e6,
                        "cm" => 1e4,
                        "mm" => 1e3,
                        "\u{b5}m" | "\u{3bc}m" | "um" => 1.0,
                        "nm" => 1e-3,
                        unit => return Err(wrong(at(), unit, "a unit of length: m, mm, um")),
                    };
                }
                continue;
            }
            if line.trim().is_empty() {
                continue;
            }
            if n_columns == 0 {
                let line = format!("line {}", number.max(1));
                if !columns.split_whitespace().take(3).eq(["x", "y", "z"]) {
                    return Err(wrong(line, columns, "a header with the columns x, y, z and V"));
                }
                mv = match columns.split_once('(').and_then(|(_, unit)| unit.split_once(')')) {
                    Some(("V", _)) => 1e3,
                    Some(("mV", _)) => 1.0,
                    _ => return Err(wrong(line, columns, "potentials in V or mV: `V (mV)`")),
                };
                let times = columns.split("@ t=").skip(1).map(|rest| {
                    let time = rest.split_whitespace().next().unwrap_or_default();
                    let seconds = time.parse::<f64>().ok().filter(|time| time.is_finite());
                    let number = || wrong(line.clone(), time, "a time in s behind `t=`");
                    Ok(1e3 * seconds.ok_or_else(number)?)
                });
                times_ms = times.collect::<Result<Vec<f64>>>()?;
                if times_ms.windows(2).any(|two| two[1] <= two[0]) {
                    return Err(wrong(line, "times that do not ascend", "ascending times"));
                }
                n_columns = 3 + times_ms.len().max(1);
            }
            let mut n = 0;
            let mut point = [0.0; 3];
            for field in line.split_whitespace() {
                let value = field.parse::<f64>().ok().filter(|value| value.is_finite());
                let value = value.ok_or_else(|| wrong(at(), field, "a finite number"))?;
                match n {
                    0..3 => point[n] = um * value,
                    _ => values_mv.push(mv * value),
                }
                n += 1;
            }
            if n != n_columns {
                let expected = format!("{n_columns}, as the header has it");
                return Err(wrong(at(), &format!("{n} numbers"), &expected));
            }
            points_um.push(point);
        }
        if points_um.is_empty() {
            return Err(wrong(String::new(), "no nodes", "a node a line"));
        }
        Ok(ComsolStudy { path: path.to_owned(), points_um, times_ms, values_mv })
    }

    /// That it has times, or that it has none.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid)
    pub fn check(&self, is_timed: bool) -> Result<()> {
        let n = self.times_ms.len();
        let wrong = |expected| invalid(&self.path, "the header", format!("{n} times"), expected);
        match is_timed {
            true if n < 2 => Err(wrong("potentials at two times or more (`@ t=`), or a waveform")),
            false if n > 1 => Err(wrong("potentials at one time, as a waveform is given")),
            _ => Ok(()),
        }
    }

    /// The nodes joined to tetrahedra.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) where all are in one plane.
    pub fn tessellation(&self) -> Result<Tessellation> {
        let flat = || {
            let found = "nodes in one plane".to_owned();
            invalid(&self.path, "", found, "nodes around the cells")
        };
        Tessellation::new(&self.points_um).ok_or_else(flat)
    }

    /// The potential in mV at a node, of a stationary study.
    pub fn potential_mv(&self, node: usize) -> f64 {
        self.values_mv[node]
    }

    /// The potential in mV at a node and a time from the first one on, in proportion between two times;
    /// after the last time all begins again.
    pub fn at(&self, node: usize, t_ms: f64) -> f64 {
        let (times, n) = (&self.times_ms, self.times_ms.len());
        let Some(values) = self.values_mv.get(node * n..(node + 1) * n).filter(|own| own.len() > 1)
        else {
            return self.values_mv[node];
        };
        let u_ms = times[0] + repeated(t_ms, times[n - 1] - times[0]);
        let after = times.partition_point(|time| *time <= u_ms).clamp(1, n - 1);
        let part = (u_ms - times[after - 1]) / (times[after] - times[after - 1]);
        values[after - 1] + (values[after] - values[after - 1]) * part
    }
}

/// The time since the last beginning of what is repeated after every period, in ms; roundings below the
/// end of a period count as its end.
pub fn repeated(t_ms: f64, period_ms: f64) -> f64 {
    (t_ms - period_ms * libm::floor(t_ms / period_ms + 1e-9)).max(0.0)
}

/// Finds the nearest of some points: a tree that halves them along their longest side.
#[derive(Debug, Clone)]
pub struct NearestNode {
    points: Vec<[f64; 3]>,
    /// Points in the order of the tree: the middle of each part parts it.
    order: Vec<u32>,
    /// Along which axis each part is halved, by the place of its middle.
    axes: Vec<u8>,
}

impl NearestNode {
    /// A tree of these points.
    pub fn new(points: &[[f64; 3]]) -> Self {
        let mut order: Vec<u32> = (0..points.len() as u32).collect();
        let mut axes = vec![0; points.len()];
        let mut parts = vec![(0, points.len())];
        while let Some((start, end)) = parts.pop() {
            if end - start < 2 {
                continue;
            }
            let own = &mut order[start..end];
            let width = |axis: usize| {
                let values = own.iter().map(|at| points[*at as usize][axis]);
                values.clone().fold(f64::NEG_INFINITY, f64::max)
                    - values.fold(f64::INFINITY, f64::min)
            };
            let widths = [width(0), width(1), width(2)];
            let axis = (0..3).fold(0, |best, k| if widths[k] > widths[best] { k } else { best });
            let middle = own.len() / 2;
            own.select_nth_unstable_by(middle, |a, b| {
                let [a, b] = [a, b].map(|at| (points[*at as usize][axis], *at));
                a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
            });
            let middle = start + middle;
            axes[middle] = axis as u8;
            parts.extend([(start, middle), (middle + 1, end)]);
        }
        NearestNode { points: points.to_vec(), order, axes }
    }

    /// The point that is nearest to a place, the first of those equally near; none without points.
    pub fn of(&self, place: [f64; 3]) -> Option<u32> {
        let mut best: Option<(f64, u32)> = None;
        // Parts, with the square of the distance to the plane that they are behind.
        let mut parts = vec![(0..self.order.len(), 0.0)];
        while let Some((part, beyond)) = parts.pop() {
            if part.is_empty() || best.is_some_and(|(square, _)| beyond > square) {
                continue;
            }
            let middle = part.start + part.len() / 2;
            let at = self.order[middle];
            let point = self.points[at as usize];
            let square = point.iter().zip(place).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
            if best.is_none_or(|(least, of)| square < least || square == least && at < of) {
                best = Some((square, at));
            }
            let axis = usize::from(self.axes[middle]);
            let side = place[axis] - point[axis];
            let (low, high) = (part.start..middle, middle + 1..part.end);
            let (near, far) = if side < 0.0 { (low, high) } else { (high, low) };
            parts.extend([(far, side * side), (near, 0.0)]);
        }
        best.map(|(_, at)| at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(text: &str) -> Result<ComsolStudy> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        ComsolStudy::read(file.path())
    }

    #[test]
    fn a_study_in_time_is_interpolated_and_repeated() {
        let study = read(
            "% Model: a.mph\n% Length unit: mm\n% x   y   z   V (V) @ t=0   V (V) @ t=0.002\n\
             0 0 0 0 1\n1 2 3 1E-3 3E-3\n",
        )
        .unwrap();
        assert_eq!(study.points_um[1], [1e3, 2e3, 3e3]);
        assert_eq!(study.times_ms, [0.0, 2.0]);
        study.check(true).unwrap();
        assert!(study.check(false).is_err());
        let found = [0.0, 0.5, 1.0, 2.0, 3.5].map(|t_ms| study.at(1, t_ms));
        for (found, expected) in found.into_iter().zip([1.0, 1.5, 2.0, 1.0, 2.5]) {
            assert!((found - expected).abs() < 1e-12, "{found} mV, expected {expected} mV");
        }
    }

    #[test]
    fn broken_studies_are_refused_with_the_line() {
        let head = "% Model: a\n% x y z V (mV)\n";
        for (text, expected) in [
            (format!("{head}0 0 0 1\n0 0 0\n"), "line 4"),
            (format!("{head}0 0 0 NaN\n"), "line 3"),
            ("% x y z V (A)\n0 0 0 1\n".to_owned(), "line 1"),
            ("0 0 0 1\n".to_owned(), "the columns x, y, z and V"),
            (head.to_owned(), "no nodes"),
            ("% Length unit: ft\n% x y z V (V)\n0 0 0 1\n".to_owned(), "unit of length"),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_nearest_is_the_nearest() {
        let mut random = 3_u64;
        let mut draw = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 60) as f64 + (random >> 40 & 3) as f64
        };
        let points: Vec<[f64; 3]> = (0..500).map(|_| [draw(), draw(), draw()]).collect();
        let tree = NearestNode::new(&points);
        for _ in 0..200 {
            let place = [draw() - 0.5, draw(), draw() + 0.25];
            let square = |p: &[f64; 3]| (0..3).map(|k| (p[k] - place[k]).powi(2)).sum::<f64>();
            let least = points.iter().map(square).fold(f64::INFINITY, f64::min);
            let expected = points.iter().position(|p| square(p) == least).unwrap();
            assert_eq!(tree.of(place), Some(expected as u32));
        }
    }
}
