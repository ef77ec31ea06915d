//! Morphologies of nodes: SWC, ASC, or HDF5.

use std::f64::consts::TAU;
use std::path::Path;

use net_cell::morphology::{self, Branch, Morphology, SomaShape, of_branches};
use net_io::sonata::MorphologyTable;

use super::error::{CellModelError, Result};

/// Points of the circle that stands for a soma of one point.
const N_CIRCLE: usize = 20;

/// Reads the morphology of a node. Of HDF5 files (`file.h5`, or `container.h5/name`) the rules are those of
/// Neurodamus' `MorphIOWrapper`: coordinates in single precision; an outline of the soma becomes a stack
/// of cylinders, as in NEURON's import of ASC files; a soma of one point becomes a circle of 20 points
/// with its radius, as thick as that radius.
///
/// # Errors
/// What the reader of the format reports; in HDF5 files a first section that is no soma, several somata.
pub(super) fn read_morphology(path: &Path) -> Result<Morphology> {
    let is_hdf5 = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("h5"));
    if !is_hdf5 && MorphologyTable::file_of(path) == path {
        return Ok(morphology::read(path)?);
    }
    let table = MorphologyTable::read(path)?;
    let single = |row: &[f64; 4]| row.map(|x| f64::from(x as f32));
    let (mut soma, mut branches) = (None, Vec::new());
    for (at, section) in table.sections.iter().enumerate() {
        let points: Vec<[f64; 4]> = table.points_of(at).iter().map(single).collect();
        match (at, section.kind) {
            (0, 1) => soma = Some(shape_of(&points)),
            (0, _) | (_, 1) => {
                let found = format!("type {}", section.kind);
                let expected = "a soma (type 1) as the first section, and no other";
                return Err(CellModelError::Found {
                    path: path.to_owned(),
                    at: format!("structure, row {at}"),
                    found,
                    expected: expected.to_owned(),
                });
            }
            // The soma is section 0 of the file, the first branch is section 1.
            _ => branches.push(Branch {
                kind: section.kind,
                parent: section.parent.and_then(|parent| parent.checked_sub(1)),
                points_um: points,
            }),
        }
    }
    let Some(soma) = soma else {
        return Err(CellModelError::Found {
            path: path.to_owned(),
            at: "structure".to_owned(),
            found: "no section".to_owned(),
            expected: "a soma and its branches".to_owned(),
        });
    };
    Ok(of_branches(path, soma, &branches)?)
}

fn shape_of(points: &[[f64; 4]]) -> SomaShape {
    let &[[x, y, z, diameter]] = points else {
        return SomaShape::Outline(points.iter().map(|&[x, y, z, _]| [x, y, z]).collect());
    };
    let radius = diameter / 2.0;
    let on_circle = |k: usize| {
        let phase = TAU * k as f64 / (N_CIRCLE - 1) as f64;
        [x + radius * phase.cos(), y + radius * phase.sin(), z, radius]
    };
    let points_um = (0..N_CIRCLE).rev().map(on_circle).collect();
    SomaShape::Points { center_um: [x, y, z], points_um }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTLINE: [[f64; 3]; 6] = [
        [-6.0, 0.5, 0.0],
        [-2.0, 4.0, 0.0],
        [3.0, 4.5, 0.0],
        [7.0, 0.25, 0.0],
        [2.0, -4.0, 0.0],
        [-3.0, -3.5, 0.0],
    ];

    /// An axon, and an apical dendrite that divides; each branch begins at the end of its parent.
    const BRANCHES: [(i64, i64, &[[f64; 4]]); 4] = [
        (4, 0, &[[0.0, 4.0, 0.0, 3.0], [0.0, 30.0, 1.0, 2.5], [1.0, 60.0, 2.0, 2.0]]),
        (4, 1, &[[1.0, 60.0, 2.0, 1.5], [20.0, 90.0, 0.0, 1.0]]),
        (4, 1, &[[1.0, 60.0, 2.0, 1.25], [-20.0, 90.0, 0.0, 1.0], [-30.0, 95.0, 0.0, 0.5]]),
        (2, 0, &[[0.0, -4.0, 0.0, 1.0], [0.0, -80.0, 0.0, 0.75]]),
    ];

    fn asc() -> String {
        let row = |[x, y, z, d]: [f64; 4]| format!("({x} {y} {z} {d})");
        let rows = |points: &[[f64; 4]]| points.iter().map(|p| row(*p)).collect::<String>();
        let outline: String = OUTLINE.iter().map(|&[x, y, z]| row([x, y, z, 0.0])).collect();
        let [trunk, left, right, axon] = BRANCHES.map(|(_, _, points)| rows(points));
        format!(
            "(\"CellBody\" (CellBody) {outline})\n((Apical) {trunk} ({left} | {right}))\n((Axon) {axon})"
        )
    }

    fn write(group: &hdf5::Group, soma: &[[f64; 4]]) {
        let mut points: Vec<f64> = soma.concat();
        let mut structure = vec![0_i32, 1, -1];
        for (kind, parent, of_branch) in BRANCHES {
            structure.extend([(points.len() / 4) as i32, kind as i32, parent as i32]);
            points.extend(of_branch.concat());
        }
        write_rows(group, "points", &points, 4);
        write_rows(group, "structure", &structure, 3);
    }

    fn write_rows<T: hdf5::H5Type>(group: &hdf5::Group, name: &str, values: &[T], columns: usize) {
        let shape = (values.len() / columns, columns);
        group.new_dataset::<T>().shape(shape).create(name).unwrap().write_raw(values).unwrap();
    }

    fn outline() -> Vec<[f64; 4]> {
        OUTLINE.map(|[x, y, z]| [x, y, z, 0.0]).to_vec()
    }

    #[test]
    fn hdf5_says_the_same_as_asc() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("cell.asc");
        std::fs::write(&text, asc()).unwrap();
        let expected = read_morphology(&text).unwrap();
        let one = folder.path().join("cell.h5");
        write(&hdf5::File::create(&one).unwrap(), &outline());
        let container = folder.path().join("all.h5");
        let file = hdf5::File::create(&container).unwrap();
        write(&file.create_group("some/cell").unwrap(), &outline());
        drop(file);
        let names = ["some/cell", "some/cell.h5"].map(|name| container.join(name));
        for path in names.iter().chain([&one]) {
            assert!(MorphologyTable::is_there(path));
            assert_eq!(read_morphology(path).unwrap(), expected, "{}", path.display());
        }
        assert!(!MorphologyTable::is_there(&container.join("other")));
        let error = read_morphology(&container.join("other")).unwrap_err().to_string();
        assert!(error.contains("all.h5") && error.contains("other"), "{error}");
    }

    #[test]
    fn a_soma_of_one_point_is_a_circle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cell.h5");
        write(&hdf5::File::create(&path).unwrap(), &[[1.0, 2.0, 3.0, 10.0]]);
        let morphology = read_morphology(&path).unwrap();
        let soma = &morphology.sections()[0];
        assert_eq!(soma.name, "soma[0]");
        // Nineteen chords of a circle with a radius of 5 um.
        let length_um = 19.0 * 2.0 * 5.0 * (std::f64::consts::PI / 19.0).sin();
        assert!((soma.length_um() - length_um).abs() < 1e-4, "{}", soma.length_um());
    }

    #[test]
    fn what_is_no_morphology_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let broken = |name: &str, structure: &[[i32; 3]]| {
            let path = folder.path().join(format!("{name}.h5"));
            let file = hdf5::File::create(&path).unwrap();
            let points = [[0.0, 0.0, 0.0, 4.0], [0.0, 2.0, 0.0, 1.0], [0.0, 9.0, 0.0, 1.0]];
            write_rows(&file, "points", &points.concat(), 4);
            write_rows(&file, "structure", &structure.concat(), 3);
            drop(file);
            read_morphology(&path).unwrap_err().to_string()
        };
        for (name, structure, parts) in [
            ("parent", [[0, 1, -1], [1, 3, 2]], ["structure", "row 1"]),
            ("points", [[0, 1, -1], [3, 3, 0]], ["structure", "row 1"]),
            ("same", [[0, 1, -1], [0, 3, 0]], ["structure", "row 1"]),
            ("somata", [[0, 1, -1], [1, 1, 0]], ["row 1", "type 1"]),
            ("none", [[0, 3, -1], [1, 3, 0]], ["row 0", "type 3"]),
        ] {
            let message = broken(name, &structure);
            for part in parts {
                assert!(message.contains(part), "{name}: {message}");
            }
        }
    }
}
