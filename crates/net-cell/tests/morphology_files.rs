//! Files that must be read, with what NEURON makes of them, and files that must not, with the
//! message they deserve. A test is a file in `tests/data/morphology`.
//!
//! * `good/*`: a line `#= name parent position n_points length area x y z x y z` (`;=` in ASC) for
//!   every section; lengths in um, area in um2, first and last point. Made by `with_neuron.py`.
//! * `bad/*`: a line `#^` (`;^`) with the message after the path of the file.

use std::path::{Path, PathBuf};

use net_cell::morphology::{
    Cable, CableProperties, Discretization, Morphology, MorphologyError, SegmentPoints, Shape,
    read, read_asc, read_swc,
};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/morphology").join(folder);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The rests of the lines that start with a comment sign and `mark`.
fn marked(path: &Path, mark: char) -> Vec<String> {
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let rest = |line: &str| {
        line.strip_prefix(['#', ';']).and_then(|line| line.strip_prefix(mark)).map(String::from)
    };
    text.lines().filter_map(rest).collect()
}

fn areas(morphology: &Morphology) -> Vec<f64> {
    let segmented = morphology
        .segmented(
            &Discretization::FixedPerSection(1),
            &Cable::Uniform(CableProperties::default()),
            SegmentPoints::Exact,
        )
        .unwrap();
    segmented.segments.area_um2
}

#[test]
fn good_files_agree_with_neuron() {
    for path in files("good") {
        let file = path.display();
        let morphology = read(&path).unwrap_or_else(|error| panic!("{error}"));
        let areas = areas(&morphology);
        let expected = marked(&path, '=');
        assert_eq!(morphology.sections().len(), expected.len(), "{file}: number of sections");
        for row in expected {
            let words: Vec<&str> = row.split_whitespace().collect();
            let index = morphology
                .section_index(words[0])
                .unwrap_or_else(|| panic!("{file}: no section {}", words[0]));
            let section = &morphology.sections()[index];
            let (parent, position) = section.parent.map_or(("-", 0.0), |(parent, position)| {
                assert!(parent < index, "{file}: {} precedes its parent", section.name);
                (morphology.sections()[parent].name.as_str(), position)
            });
            assert_eq!(parent, words[1], "{file}: parent of {}", section.name);
            let Shape::Points { points, .. } = &section.shape else {
                panic!("{file}: {} has no points", section.name)
            };
            let (start, end) = section.ends_um();
            let ends = start.into_iter().chain(end).map(f64::from);
            let found = [position, points.len() as f64, section.length_um(), areas[index]];
            for (k, value) in found.into_iter().chain(ends).enumerate() {
                let expected: f64 = words[2 + k].parse().unwrap();
                assert!(
                    (value - expected).abs() <= 1e-9 * expected.abs().max(1.0),
                    "{file}: {} value {k}: found {value}, expected {expected}",
                    section.name
                );
            }
        }
    }
}

#[test]
fn bad_files_are_refused_with_their_message() {
    for path in files("bad") {
        let expected = marked(&path, '^');
        assert_eq!(expected.len(), 1, "{}: expected messages", path.display());
        let found = read(&path).map(|_| ()).unwrap_err().to_string();
        assert_eq!(found, format!("{}{}", path.display(), expected[0]));
    }
}

#[test]
fn files_without_content_or_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["empty.swc", "empty.asc", "cell.hoc", "cell"] {
        std::fs::write(path(name), "").unwrap();
    }
    for name in ["empty.swc", "empty.asc"] {
        assert!(matches!(read(path(name)), Err(MorphologyError::EmptyFile { .. })));
    }
    for (name, extension) in [("cell.hoc", "hoc"), ("cell", "")] {
        match read(path(name)) {
            Err(MorphologyError::UnknownFormat { found, .. }) => assert_eq!(found, extension),
            other => panic!("{name}: {other:?}"),
        }
    }
    for name in ["absent.swc", "absent.ASC"] {
        assert!(matches!(read(path(name)), Err(MorphologyError::Read { .. })));
    }
    assert!(matches!(read_swc(folder.path()), Err(MorphologyError::Read { .. })));
}

#[test]
fn deep_nesting_neither_overflows_the_stack_nor_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep.asc");
    let tree = |depth: usize| {
        let branches: String = (0..depth).map(|k| format!("({k} 0 0 1) ({k}.5 0 0 1) (")).collect();
        format!("((Axon) {branches} (0 0 0 1) (1 0 0 1) {})", ")".repeat(depth))
    };
    std::fs::write(&path, tree(998)).unwrap();
    assert_eq!(read_asc(&path).unwrap().sections().len(), 999);
    std::fs::write(&path, tree(100_000)).unwrap();
    assert!(matches!(read_asc(&path), Err(MorphologyError::Syntax { .. })));
}

#[test]
fn order_of_lines_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    for original in files("good") {
        if original.extension().is_none_or(|extension| extension != "swc") {
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&original).unwrap()).into_owned();
        let mut lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
        lines.reverse();
        let path = folder.path().join("reversed.swc");
        std::fs::write(&path, lines.join("\n")).unwrap();
        assert_eq!(read_swc(&path).unwrap(), read_swc(&original).unwrap());
    }
}
