//! Geometry against NEURON's and LFPy's, from the reference tables where they are present.

use std::path::{Path, PathBuf};

use hdf5::types::VarLenUnicode;
use hdf5::{File, Group, H5Type};
use net_cell::morphology::{
    Axis, Cable, CableProperties, Discretization, Morphology, MorphologyBuilder, PlacedPoints,
    Placement, Rotation, SectionKind, SegmentPoints, SegmentedMorphology, read,
};

/// The folder of reference data; prints a note when it is absent.
fn reference() -> Option<PathBuf> {
    let shared = std::env::var_os("NET_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let folder = shared.join("reference/lfpy");
    if folder.join("geometry_ops.h5").exists() {
        return Some(folder);
    }
    println!("skipped: no reference data in {}", folder.display());
    None
}

fn column<T: H5Type>(group: &Group, name: &str) -> Vec<T> {
    group.dataset(name).and_then(|d| d.read_raw()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn text_attribute(location: &hdf5::Location, name: &str) -> String {
    location.attr(name).unwrap().read_scalar::<VarLenUnicode>().unwrap().to_string()
}

/// Equal within 1e-9 relative, or absolute where the numbers are below 1.
#[track_caller]
fn assert_close(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}: number of values");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= 1e-9 * b.abs(), "{what}[{i}]: found {a}, expected {b}");
    }
}

/// Coordinates within 1e-9 of the size of the cell.
#[track_caller]
fn assert_points(what: &str, found: &SegmentedMorphology, expected: &[[[f64; 3]; 2]]) {
    let (start, end) = (&found.segments.start_um, &found.segments.end_um);
    assert_eq!(start.len(), expected.len(), "{what}: number of segments");
    let size = expected.iter().flatten().flatten().fold(1.0_f64, |a, b| a.max(b.abs()));
    for (k, row) in expected.iter().enumerate() {
        for axis in 0..3 {
            for (a, b) in [(start[k][axis], row[0][axis]), (end[k][axis], row[1][axis])] {
                assert!((a - b).abs() <= 1e-9 * size, "{what}: segment {k}: {a}, expected {b}");
            }
        }
    }
}

fn uniform(ra_ohm_cm: f64, cm_uf_cm2: f64) -> Cable {
    Cable::Uniform(CableProperties { ra_ohm_cm, cm_uf_cm2 })
}

/// LFPy's `lambda100` with `SixDecimals`, Ra of the table and cm 1.
fn as_lfpy(morphology: &Morphology, ra_ohm_cm: f64, frequency_hz: f64) -> SegmentedMorphology {
    let rule = Discretization::DLambda { d_lambda: 0.1, frequency_hz };
    let segmented =
        morphology.segmented(&rule, &uniform(ra_ohm_cm, 1.0), SegmentPoints::SixDecimals).unwrap();
    segmented.translated([0.0; 3])
}

fn kind_of(name: &str) -> SectionKind {
    match name {
        _ if name.contains("soma") => SectionKind::Soma,
        _ if name.contains("axon") => SectionKind::Axon,
        _ if name.contains("apic") => SectionKind::Apical,
        _ => SectionKind::Basal,
    }
}

/// Builds the sections of a table from their 3-d points.
fn rebuild(table: &Group) -> Morphology {
    let sections = table.group("sections").unwrap();
    let names: Vec<VarLenUnicode> = column(&sections, "name");
    let parents: Vec<i32> = column(&sections, "parent");
    let positions: Vec<f64> = column(&sections, "parent_x");
    let first: Vec<i32> = column(&sections, "first_pt3d");
    let count: Vec<i32> = column(&sections, "n_pt3d");
    let points: Vec<f64> = column(&sections, "pt3d");
    let mut builder = MorphologyBuilder::new();
    for (i, name) in names.iter().enumerate() {
        let rows: Vec<[f64; 4]> = (first[i]..first[i] + count[i])
            .map(|row| std::array::from_fn(|k| points[5 * row as usize + k]))
            .collect();
        let parent = usize::try_from(parents[i]).ok().map(|parent| (parent, positions[i]));
        builder.points(name, kind_of(name), parent, &rows).unwrap();
    }
    builder.build().unwrap()
}

/// Compares everything a table of `dump_cell` holds.
#[track_caller]
fn assert_table(what: &str, found: &SegmentedMorphology, table: &Group) {
    let sections = table.group("sections").unwrap();
    let names: Vec<VarLenUnicode> = column(&sections, "name");
    let found_names: Vec<&str> = found.sections.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(found_names, names.iter().map(|n| n.as_str()).collect::<Vec<_>>(), "{what}: names");
    let parents: Vec<i32> = column(&sections, "parent");
    let positions: Vec<f64> = column(&sections, "parent_x");
    let counts: Vec<i32> = column(&sections, "nseg");
    for (i, section) in found.sections.iter().enumerate() {
        let parent = usize::try_from(parents[i]).ok().map(|parent| (parent, positions[i]));
        assert_eq!(section.parent, parent, "{what}: parent of {}", section.name);
        assert_eq!(section.n_segments, counts[i] as usize, "{what}: segments of {}", section.name);
    }
    let of_sections = |value: fn(&net_cell::morphology::SegmentedSection) -> f64| {
        found.sections.iter().map(value).collect::<Vec<f64>>()
    };
    assert_close(what, &of_sections(|s| s.length_um), &column::<f64>(&sections, "L"));
    assert_close(what, &of_sections(|s| s.ra_ohm_cm), &column::<f64>(&sections, "Ra"));
    assert_close(what, &of_sections(|s| s.ri_end_mohm), &column::<f64>(&sections, "ri_end"));

    let segments = table.group("segments").unwrap();
    let section_of: Vec<i32> = column(&segments, "section");
    assert!(found.segments.section.iter().map(|&s| s as i32).eq(section_of), "{what}: section");
    for (name, values) in [
        ("seg_x", &found.segments.x),
        ("diam", &found.segments.diam_um),
        ("ri", &found.segments.ri_mohm),
        ("area", &found.segments.area_um2),
        ("length", &found.segments.length_um),
    ] {
        assert_close(&format!("{what}: {name}"), values, &column::<f64>(&segments, name));
    }
    let axes: Vec<Vec<f64>> = ["x", "y", "z"].map(|axis| column(&segments, axis)).to_vec();
    let points: Vec<[[f64; 3]; 2]> = (0..found.n_segments())
        .map(|k| std::array::from_fn(|end| std::array::from_fn(|axis| axes[axis][2 * k + end])))
        .collect();
    assert_points(what, found, &points);
}

#[derive(H5Type, Clone, Debug)]
#[repr(C)]
#[allow(non_snake_case)]
struct NsegRow {
    L: f64,
    diam0: f64,
    diam1: f64,
    n_pt3d: i32,
    Ra: f64,
    cm: f64,
    f: f64,
    d_lambda: f64,
    lambda_um: f64,
    nseg: i32,
}

#[test]
fn length_constants_and_segment_counts() {
    let Some(folder) = reference() else { return };
    let file = File::open(folder.join("geometry_ops.h5")).unwrap();
    let rows: Vec<NsegRow> = column(&file, "nseg_rule");
    assert_eq!(rows.len(), 60);
    for row in rows {
        let mut builder = MorphologyBuilder::new();
        if row.n_pt3d == 0 {
            builder.cylinder("s", SectionKind::Basal, None, row.L, row.diam0).unwrap();
        } else {
            // The table holds the length of the single-precision points, 333.29999 for 333.3.
            let length = (row.L * 10.0).round() / 10.0;
            let points: Vec<[f64; 4]> = (0..row.n_pt3d)
                .map(|i| f64::from(i) / f64::from(row.n_pt3d - 1))
                .map(|u| [length * u, 0.0, 0.0, row.diam0 + (row.diam1 - row.diam0) * u])
                .collect();
            builder.points("s", SectionKind::Basal, None, &points).unwrap();
        }
        let morphology = builder.build().unwrap();
        let cable = uniform(row.Ra, row.cm);
        let lambda = morphology.lambda_um(row.f, &cable).unwrap();
        assert_close("lambda", &lambda, &[row.lambda_um]);
        let rule = Discretization::DLambda { d_lambda: row.d_lambda, frequency_hz: row.f };
        let segmented = morphology.segmented(&rule, &cable, SegmentPoints::Exact).unwrap();
        assert_eq!(segmented.n_segments(), row.nseg as usize, "{row:?}");
        assert_close("length", &[segmented.sections[0].length_um], &[row.L]);
    }
}

#[test]
fn section_with_steps_of_diameter() {
    let Some(folder) = reference() else { return };
    let file = File::open(folder.join("geometry_ops.h5")).unwrap();
    let group = file.group("pt3d_section").unwrap();
    let points: Vec<f64> = column(&group, "pt3d");
    let rows: Vec<[f64; 4]> = points.chunks(4).map(|row| row.try_into().unwrap()).collect();
    let mut builder = MorphologyBuilder::new();
    builder.points("s", SectionKind::Basal, None, &rows).unwrap();
    let morphology = builder.build().unwrap();
    for n in [1, 2, 5, 7] {
        let dataset = group.dataset(&format!("nseg{n}")).unwrap();
        let table: Vec<f64> = dataset.read_raw().unwrap();
        let of_table = |k: usize| table.iter().skip(k).step_by(4).copied().collect::<Vec<f64>>();
        let rule = Discretization::FixedPerSection(n);
        let found =
            morphology.segmented(&rule, &uniform(120.0, 1.0), SegmentPoints::Exact).unwrap();
        assert_close("x", &found.segments.x, &of_table(0));
        assert_close("diam", &found.segments.diam_um, &of_table(1));
        assert_close("area", &found.segments.area_um2, &of_table(2));
        assert_close("ri", &found.segments.ri_mohm, &of_table(3));
        let ri_end: f64 = dataset.attr("ri_end").unwrap().read_scalar().unwrap();
        assert_close("ri_end", &[found.sections[0].ri_end_mohm], &[ri_end]);
    }
}

#[test]
fn imported_files() {
    let Some(folder) = reference() else { return };
    let file = File::open(folder.join("geometry_ops.h5")).unwrap();
    for (table, swc) in [
        ("ball_and_stick_swc", "ball_and_stick.swc"),
        ("soma_point_swc", "soma_point.swc"),
        ("y_taper_swc", "y_taper.swc"),
        ("C010398B_swc", "C010398B-P2.CNG.swc"),
    ] {
        let morphology = read(folder.join("swc").join(swc)).unwrap();
        let group = file.group("files").unwrap().group(table).unwrap();
        assert_table(table, &as_lfpy(&morphology, 150.0, 100.0), &group);
    }
}

/// The file is not ours to distribute; NET_ASC names a copy.
#[test]
fn imported_neurolucida_file() {
    let (Some(folder), Some(asc)) = (reference(), std::env::var_os("NET_ASC")) else {
        println!("skipped: NET_ASC does not name C010398B-P2.asc of LFPy's examples");
        return;
    };
    let file = File::open(folder.join("geometry_ops.h5")).unwrap();
    let morphology = read(PathBuf::from(asc)).unwrap();
    let group = file.group("files/C010398B_asc").unwrap();
    assert_table("C010398B_asc", &as_lfpy(&morphology, 150.0, 100.0), &group);
}

#[test]
fn sections_built_from_points() {
    let Some(folder) = reference() else { return };
    let file = File::open(folder.join("geometry_ops.h5")).unwrap();
    for table in ["ball_and_sticks_hoc", "stick_hoc", "L23E_p23_hoc", "sticks_not_connected_hoc"] {
        let group = file.group("files").unwrap().group(table).unwrap();
        assert_table(table, &as_lfpy(&rebuild(&group), 150.0, 100.0), &group);
    }
}

#[test]
fn cells_of_the_simulation_reference() {
    let Some(folder) = reference() else { return };
    let file = File::open(folder.join("single_cell.h5")).unwrap();
    for case in file.groups().unwrap() {
        let Ok(group) = case.group("morphology") else { continue };
        let source = text_attribute(&case, "file");
        let ra: Vec<f64> = column(&group.group("sections").unwrap(), "Ra");
        let (morphology, frequency) = if source.ends_with(".swc") {
            (read(folder.join("swc").join(&source)).unwrap(), 100.0)
        } else {
            (rebuild(&group), 500.0)
        };
        assert_table(&case.name(), &as_lfpy(&morphology, ra[0], frequency), &group);
    }
}

fn y_taper(folder: &Path) -> SegmentedMorphology {
    as_lfpy(&read(folder.join("swc/y_taper.swc")).unwrap(), 150.0, 100.0)
}

fn points_of(file: &File, name: &str) -> Vec<[[f64; 3]; 2]> {
    let values: Vec<f64> = column(file, name);
    let point = |row: &[f64]| [row[0], row[1], row[2]];
    values.chunks(6).map(|row| [point(&row[..3]), point(&row[3..])]).collect()
}

#[test]
fn positions_and_rotations() {
    let Some(folder) = reference() else { return };
    let file = File::open(folder.join("geometry_ops.h5")).unwrap();
    let cell = y_taper(&folder);
    assert_points("initial", &cell, &points_of(&file, "transform/initial"));
    for case in 0..6 {
        let name = format!("transform/case{case}");
        let args = text_attribute(&file.dataset(&name).unwrap(), "args");
        let args: serde_json::Value = serde_json::from_str(&args).unwrap();
        let rotation = &args["set_rotation"];
        let angles = ["x", "y", "z"].map(|axis| rotation[axis].as_f64().unwrap_or(0.0));
        let order = rotation["rotation_order"].as_str().unwrap_or("xyz").parse().unwrap();
        let rotation = Rotation::new(angles, order);
        let position = args["set_pos"]
            .as_array()
            .map_or([0.0; 3], |values| std::array::from_fn(|axis| values[axis].as_f64().unwrap()));
        let expected = points_of(&file, &name);
        assert_points(&name, &cell.clone().translated(position).rotated(&rotation), &expected);

        let placed = PlacedPoints::new(&cell, &Placement::new(&cell, position, &rotation));
        let mut moved = cell.clone();
        (moved.segments.start_um, moved.segments.end_um) = (placed.start_um, placed.end_um);
        assert_points(&name, &moved, &expected);
    }
}

#[test]
fn mirrored_and_distorted() {
    let Some(folder) = reference() else { return };
    let file = File::open(folder.join("geometry_ops.h5")).unwrap();
    let cell = y_taper(&folder);
    for (axis, name) in [(Axis::X, "x"), (Axis::Y, "y"), (Axis::Z, "z")] {
        let mirrored = cell.clone().translated([1.0, 2.0, 3.0]).mirrored(axis);
        let expected = points_of(&file, &format!("transform/chiral_{name}"));
        assert_points(name, &mirrored, &expected);
    }
    let distorted = cell.clone().distorted(0.2, Axis::Z, 0.5).unwrap();
    let group = file.group("transform").unwrap();
    assert_points("distorted", &distorted, &points_of(&file, "transform/distort_z_0.2_nu0.5"));
    assert_close("length", &distorted.segments.length_um, &column::<f64>(&group, "distort_length"));
    assert_close(
        "area",
        &distorted.segments.area_um2,
        &column::<f64>(&group, "distort_area_unchanged"),
    );
}

#[test]
fn segments_by_name_and_place() {
    let Some(folder) = reference() else { return };
    let file = File::open(folder.join("geometry_ops.h5")).unwrap();
    let cell = as_lfpy(&read(folder.join("swc/C010398B-P2.CNG.swc")).unwrap(), 150.0, 100.0);
    let queries = file.group("get_idx").unwrap();
    for query in queries.datasets().unwrap() {
        let args: serde_json::Value =
            serde_json::from_str(&text_attribute(&query, "args")).unwrap();
        let names: Vec<String> = match &args["section"] {
            serde_json::Value::Array(names) => {
                names.iter().map(|name| name.as_str().unwrap().to_string()).collect()
            }
            name => vec![name.as_str().unwrap().to_string()],
        };
        let z_um = (
            args["z_min"].as_f64().unwrap_or(f64::NEG_INFINITY),
            args["z_max"].as_f64().unwrap_or(f64::INFINITY),
        );
        let expected: Vec<usize> =
            query.read_raw::<i64>().unwrap().into_iter().map(|k| k as usize).collect();
        assert_eq!(cell.segments_matching(&names, z_um), expected, "{args}");
        let placed =
            PlacedPoints::new(&cell, &Placement::new(&cell, [0.0; 3], &Rotation::default()));
        assert_eq!(placed.within_z(&cell.segments_named(&names), z_um), expected, "{args}");
    }
    for (name, section) in [("get_closest_idx", "allsec"), ("get_closest_idx_apic", "apic")] {
        let rows: Vec<f64> = column(&file, name);
        for row in rows.chunks(4) {
            let found = cell.closest_segment([row[0], row[1], row[2]], &[section]);
            assert_eq!(found, Some(row[3] as usize));
        }
    }
    assert_eq!(cell.closest_segment([0.0; 3], &["nonexistent"]), None);
}
