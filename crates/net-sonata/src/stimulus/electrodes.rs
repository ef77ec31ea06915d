//! `xstim`: stimulating electrodes and what flows through them, as BMTK describes them.

use std::path::{Path, PathBuf};

use crate::finding::{Error, Problem, Report, Result};

/// A stimulating electrode: a mesh of points that share its current.
#[derive(Debug, Clone, PartialEq)]
pub struct Electrode {
    /// The points, um.
    pub points_um: Vec<[f64; 3]>,
}

/// BMTK refuses electrodes that are nearer than this to a segment; nearer ones count as if there, um.
const NEAREST_UM: f64 = 10.0;

impl Electrode {
    /// Mean over its points of 1 / distance to a point, 1/um; a distance counts as 10 um at least.
    pub fn mean_inverse_um(&self, point_um: [f64; 3]) -> f64 {
        let inverse = |own: &[f64; 3]| {
            let square: f64 = own.iter().zip(point_um).map(|(a, b)| (a - b) * (a - b)).sum();
            1.0 / square.sqrt().max(NEAREST_UM)
        };
        self.points_um.iter().map(inverse).sum::<f64>() / self.points_um.len() as f64
    }
}

/// The rotation about x, y and z by angles in rad, that about z first, by its rows.
pub fn rotation(angles_rad: [f64; 3]) -> [[f64; 3]; 3] {
    let [(sx, cx), (sy, cy), (sz, cz)] = angles_rad.map(libm::sincos);
    [
        [cy * cz, -cy * sz, sy],
        [cx * sz + sx * sy * cz, cx * cz - sx * sy * sz, -sx * cy],
        [sx * sz - cx * sy * cz, sx * cz + cx * sy * sz, cx * cy],
    ]
}

/// Reads electrodes: columns `pos_x`, `pos_y`, `pos_z` (um), `rotation_x`, `rotation_y`, `rotation_z`
/// (rad; 0) and perhaps `electrode_mesh_file` with columns `x_pos`, `y_pos`, `z_pos` (um), which is looked
/// for in `mesh_folder`, else beside the file. A mesh is rotated, then moved to where its middle is
/// the position; without one an electrode is a point.
///
/// # Errors
/// [`Error::Invalid`]
pub fn read_electrodes(path: &Path, mesh_folder: Option<&Path>) -> Result<Vec<Electrode>> {
    let table = Table::read(path)?;
    let beside = path.parent().unwrap_or(Path::new("."));
    let mut electrodes = Vec::new();
    for row in 0..table.rows.len() {
        let mut position = [0.0; 3];
        let mut angles = [0.0; 3];
        for (k, axis) in ["x", "y", "z"].into_iter().enumerate() {
            position[k] = table.number(row, &format!("pos_{axis}"))?;
            let angle = format!("rotation_{axis}");
            if table.column(&angle).is_some() {
                angles[k] = table.number(row, &angle)?;
            }
        }
        let mut points_um = vec![[0.0; 3]];
        if let Some(column) = table.column("electrode_mesh_file") {
            let name = Path::new(table.rows[row].get(column).map_or("", String::as_str));
            let mesh = Table::read(&mesh_folder.unwrap_or(beside).join(name))?;
            let point = |row| -> Result<[f64; 3]> {
                Ok([
                    mesh.number(row, "x_pos")?,
                    mesh.number(row, "y_pos")?,
                    mesh.number(row, "z_pos")?,
                ])
            };
            points_um = (0..mesh.rows.len()).map(point).collect::<Result<_>>()?;
            if points_um.is_empty() {
                return Err(invalid(&mesh.path, "", "no points".to_owned(), "a point a line"));
            }
        }
        let rows = rotation(angles);
        for point in &mut points_um {
            let old = *point;
            *point = rows.map(|row| row.iter().zip(old).map(|(a, b)| a * b).sum());
        }
        let n = points_um.len() as f64;
        let mean: [f64; 3] =
            std::array::from_fn(|k| points_um.iter().map(|p| p[k]).sum::<f64>() / n);
        for point in &mut points_um {
            (0..3).for_each(|k| point[k] += position[k] - mean[k]);
        }
        electrodes.push(Electrode { points_um });
    }
    Ok(electrodes)
}

/// Reads where electrodes record, as BMTK describes them: columns `x_pos`, `y_pos`, `z_pos` in um, a row
/// a channel.
///
/// # Errors
/// [`Error::Invalid`]
pub fn read_channels(path: &Path) -> Result<Vec<[f64; 3]>> {
    let table = Table::read(path)?;
    let point = |row| -> Result<[f64; 3]> {
        let [x, y, z] = ["x_pos", "y_pos", "z_pos"].map(|name| table.number(row, name));
        Ok([x?, y?, z?])
    };
    let points: Vec<[f64; 3]> = (0..table.rows.len()).map(point).collect::<Result<_>>()?;
    match points.is_empty() {
        true => Err(invalid(path, "", "no channels".to_owned(), "a channel a line")),
        false => Ok(points),
    }
}

/// What flows through all electrodes of an input, as the configuration says it.
#[derive(Debug, Clone, PartialEq)]
pub enum XstimWaveform {
    /// By a formula.
    Course(XstimCourse),
    /// A table of columns `time` (ms) and `amplitude` (mA).
    File(PathBuf),
}

/// A current in mA as a function of time.
#[derive(Debug, Clone, PartialEq)]
pub enum XstimCourse {
    /// `dc`: a constant between delay and delay + duration.
    Constant {
        /// Height.
        amp_ma: f64,
        /// Begin.
        delay_ms: f64,
        /// Length.
        duration_ms: f64,
    },
    /// `sin`: `amp sin(2 pi f t + phase) + offset` of the time t since the start of the run, meanwhile.
    Sine {
        /// Height.
        amp_ma: f64,
        /// Begin.
        delay_ms: f64,
        /// Length.
        duration_ms: f64,
        /// Frequency.
        frequency_hz: f64,
        /// Phase; pi.
        phase_rad: f64,
        /// Added while it lasts; 0.
        offset_ma: f64,
    },
    /// Times in ms and values in mA, interpolated; before and after, the first and last value.
    Table(Vec<(f64, f64)>),
}

impl XstimWaveform {
    /// The course, read from the file if there is one.
    ///
    /// # Errors
    /// [`Error::Invalid`]
    pub fn course(&self) -> Result<XstimCourse> {
        let path = match self {
            XstimWaveform::Course(course) => return Ok(course.clone()),
            XstimWaveform::File(path) => path,
        };
        let table = Table::read(path)?;
        let row = |row| Ok((table.number(row, "time")?, table.number(row, "amplitude")?));
        let rows: Vec<(f64, f64)> = (0..table.rows.len()).map(row).collect::<Result<_>>()?;
        if rows.is_empty() || rows.windows(2).any(|two| two[1].0 < two[0].0) {
            let found = "times that do not ascend, or none".to_owned();
            return Err(invalid(path, "time", found, "ascending times in ms"));
        }
        Ok(XstimCourse::Table(rows))
    }
}

impl XstimCourse {
    /// The current in mA at a time in ms.
    pub fn at(&self, t_ms: f64) -> f64 {
        match self {
            XstimCourse::Constant { amp_ma, delay_ms, duration_ms } => {
                if *delay_ms < t_ms && t_ms < delay_ms + duration_ms { *amp_ma } else { 0.0 }
            }
            XstimCourse::Sine {
                amp_ma,
                delay_ms,
                duration_ms,
                frequency_hz,
                phase_rad,
                offset_ma,
            } => {
                let angle = 2.0 * std::f64::consts::PI * frequency_hz / 1000.0 * t_ms + phase_rad;
                let is_on = *delay_ms < t_ms && t_ms < delay_ms + duration_ms;
                if is_on { amp_ma * libm::sin(angle) + offset_ma } else { 0.0 }
            }
            XstimCourse::Table(rows) => interpolated(rows, t_ms),
        }
    }

    /// How long a table is, in ms.
    pub fn duration_ms(&self) -> Option<f64> {
        let XstimCourse::Table(rows) = self else { return None };
        Some(rows.last()?.0 - rows.first()?.0)
    }
}

/// Between rows in proportion, beyond them the first and last value.
fn interpolated(rows: &[(f64, f64)], t_ms: f64) -> f64 {
    let after = rows.partition_point(|row| row.0 <= t_ms);
    match (after.checked_sub(1).and_then(|at| rows.get(at)), rows.get(after)) {
        (Some(before), Some(after)) => {
            before.1 + (after.1 - before.1) * (t_ms - before.0) / (after.0 - before.0)
        }
        (Some(last), None) => last.1,
        (None, Some(first)) => first.1,
        (None, None) => 0.0,
    }
}

pub(super) fn invalid(path: &Path, at: &str, found: String, expected: &str) -> Error {
    let mut report = Report::default();
    report.error(path, at, Problem::Value { found, expected: expected.to_owned() });
    Error::Invalid(report)
}

/// A table of texts with a header.
struct Table {
    path: PathBuf,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| invalid(path, "", error.to_string(), "a table that can be read"))?;
        let fields = |line: &str| -> Vec<String> {
            let fields = line.split([' ', ',', '\t']).filter(|field| !field.is_empty());
            fields.map(|field| field.trim_matches('"').to_owned()).collect()
        };
        let mut lines = text.lines().filter(|line| !line.trim().is_empty()).map(fields);
        let header = lines.next().unwrap_or_default();
        Ok(Table { path: path.to_owned(), header, rows: lines.collect() })
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|own| own == name)
    }

    fn number(&self, row: usize, name: &str) -> Result<f64> {
        let Some(column) = self.column(name) else {
            let found = format!("columns {}", self.header.join(", "));
            return Err(invalid(&self.path, "line 1", found, &format!("a column {name}")));
        };
        let found = self.rows[row].get(column).map_or("", String::as_str);
        let value = found.parse::<f64>().ok().filter(|value| value.is_finite());
        let at = format!("row {}: {name}", row + 1);
        value.ok_or_else(|| invalid(&self.path, &at, format!("`{found}`"), "a finite number"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn electrodes_are_rotated_and_placed() {
        let mesh = file("x_pos y_pos z_pos\n0 0 0\n2 0 0\n");
        let name = mesh.path().display();
        let table = file(&format!(
            "ip pos_x pos_y pos_z rotation_x rotation_y rotation_z electrode_mesh_file\n\
             0 10 20 30 0 0 1.5707963267948966 {name}\n"
        ));
        let electrodes = read_electrodes(table.path(), None).unwrap();
        let [a, b] = electrodes[0].points_um[..] else { panic!("{electrodes:?}") };
        for (found, expected) in a.iter().chain(&b).zip([10.0, 19.0, 30.0, 10.0, 21.0, 30.0]) {
            assert!((found - expected).abs() < 1e-12, "{electrodes:?}");
        }
        let inverse = electrodes[0].mean_inverse_um([10.0, 0.0, 30.0]);
        assert!((inverse - 0.5 * (1.0 / 19.0 + 1.0 / 21.0)).abs() < 1e-15);
    }

    #[test]
    fn a_table_without_a_column_is_refused() {
        let table = file("pos_x pos_y\n1 2\n");
        let error = read_electrodes(table.path(), None).unwrap_err().to_string();
        assert!(error.contains("a column pos_z"), "{error}");
    }

    #[test]
    fn waveforms_have_their_values() {
        let course = XstimCourse::Sine {
            amp_ma: 2.0,
            delay_ms: 10.0,
            duration_ms: 100.0,
            frequency_hz: 10.0,
            phase_rad: 0.0,
            offset_ma: 0.5,
        };
        assert_eq!([course.at(9.0), course.at(110.0)], [0.0, 0.0]);
        assert!((course.at(25.0) - 2.5).abs() < 1e-15);
        let table = file("time\tamplitude\n0\t1\n10\t3\n");
        let course = XstimWaveform::File(table.path().to_owned()).course().unwrap();
        assert_eq!(
            [-1.0, 0.0, 2.5, 10.0, 11.0].map(|t_ms| course.at(t_ms)),
            [1.0, 1.0, 1.5, 3.0, 3.0]
        );
    }
}
