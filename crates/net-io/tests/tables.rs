//! LFPy's tables come back as they were written, from any number of ranks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hdf5::H5Type;
use net_io::Error;
use net_io::store::*;
use net_io::tables::*;
use sha2::{Digest, Sha256};

fn manifest(n_ranks: u32) -> Manifest {
    let mut manifest = Manifest::new(0.1, 7, n_ranks);
    let population =
        |name: &str, first_gid, size| Population { name: name.to_owned(), first_gid, size };
    manifest.populations = vec![population("E", 0, 11), population("I", 11, 3)];
    let parameter = |name: &str, value, units: &str| Parameter {
        name: name.to_owned(),
        value,
        units: units.to_owned(),
    };
    let projection = |pre: &str, post: &str| Projection {
        name: format!("{pre}:{post}"),
        pre: pre.to_owned(),
        post: post.to_owned(),
        mechanism: "Exp2Syn".to_owned(),
        weight_units: "uS".to_owned(),
        parameters: vec![
            parameter("e", -80.0, "mV"),
            parameter("tau1", 0.1, "ms"),
            parameter("tau2", 1.0 / 3.0, "ms"),
        ],
    };
    manifest.projections = vec![projection("E", "I"), projection("I", "E"), projection("E", "E")];
    manifest
}

fn cell(gid: u64) -> CellPlacement {
    let x = gid as f64;
    CellPlacement { gid, position_um: [x, -x / 3.0, 7.0], rotation_rad: [0.1, 0.2, x / 7.0] }
}

/// The synapses onto a cell, in the order in which they are drawn.
fn synapses(projection: usize, gid: u64) -> Vec<Synapse> {
    let (sources, multapses) = [(11, 3), (14, 2), (11, 0)][projection];
    let first = if projection == 1 { 11 } else { 0 };
    (first..sources)
        .flat_map(|pre_gid| (0..multapses).map(move |number| (pre_gid, number)))
        .filter(|(pre_gid, _)| !(pre_gid + gid).is_multiple_of(3))
        .map(|(pre_gid, number)| Synapse {
            pre_gid,
            gid,
            weight: 1e-3 / (1.0 + number as f64),
            delay_ms: 0.7 + pre_gid as f64,
            section: format!("Cell.apic[{}]", 9 - number).parse().unwrap(),
            section_x: 0.5 / (1 + number) as f64,
            position_um: [1.0, 2.0, number as f64],
            segment: Some(40 - number as u32),
        })
        .collect()
}

fn targets(manifest: &Manifest, projection: usize) -> std::ops::Range<u64> {
    let name = &manifest.projections[projection].post;
    let population = manifest.populations.iter().find(|p| p.name == *name).unwrap();
    population.first_gid..population.first_gid + population.size
}

fn write(path: &Path, n_ranks: u32) -> RunDirectory {
    let run = RunDirectory::create(path, Overwrite::No).unwrap();
    let manifest = manifest(n_ranks);
    run.write_manifest(&manifest).unwrap();
    for rank in 0..n_ranks {
        let mine = |gid: &u64| gid % u64::from(n_ranks) == u64::from(rank);
        for (index, population) in manifest.populations.iter().enumerate() {
            let mut cells = CellWriter::create(&run, &manifest, rank, index).unwrap();
            let gids = population.first_gid..population.first_gid + population.size;
            gids.filter(mine).for_each(|gid| cells.push(&cell(gid)).unwrap());
            cells.finish().unwrap();
        }
        for index in 0..manifest.projections.len() {
            let mut rows = ConnectionWriter::create(&run, &manifest, rank, index).unwrap();
            for gid in targets(&manifest, index).filter(mine) {
                synapses(index, gid).iter().for_each(|synapse| rows.push(synapse).unwrap());
            }
            rows.finish().unwrap();
        }
    }
    run
}

#[test]
fn any_number_of_ranks_gives_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let mut expected = None;
    for n_ranks in [1, 2, 3, 5, 20] {
        let run = write(&directory.path().join(n_ranks.to_string()), n_ranks);
        let files = [merge_cells(&run).unwrap(), merge_connections(&run).unwrap()];
        assert!(!run.path().join("parts").exists());
        let found = files.map(|file| Sha256::digest(fs::read(file).unwrap()).to_vec());
        assert_eq!(&found, expected.get_or_insert(found.clone()), "{n_ranks} ranks");
    }
}

/// A run that was killed when the tables were made and their parts were not removed yet.
#[test]
fn parts_of_tables_that_are_there_are_removed() {
    let directory = tempfile::tempdir().unwrap();
    let run = write(&directory.path().join("out"), 2);
    let made = write(&directory.path().join("made"), 2);
    for file in [merge_cells(&made).unwrap(), merge_connections(&made).unwrap()] {
        fs::copy(&file, run.file(file.file_name().unwrap().to_str().unwrap())).unwrap();
    }
    merge_cells(&run).unwrap();
    assert!(run.path().join("parts").exists());
    merge_connections(&run).unwrap();
    assert!(!run.path().join("parts").exists());
}

#[test]
fn what_is_read_is_what_was_written() {
    let directory = tempfile::tempdir().unwrap();
    let run = write(&directory.path().join("out"), 3);
    merge_cells(&run).unwrap();
    merge_connections(&run).unwrap();

    let cells = read_cells(&run.file(RunDirectory::CELLS)).unwrap();
    assert_eq!(cells[0], ("E".to_owned(), (0..11).map(cell).collect()));
    assert_eq!(cells[1], ("I".to_owned(), (11..14).map(cell).collect()));

    let manifest = manifest(3);
    let file = ConnectionsFile::open(&run.file(RunDirectory::CONNECTIONS)).unwrap();
    let names: Vec<&str> = file.projections().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["E:E", "E:I", "I:E"]);
    for (index, projection) in manifest.projections.iter().enumerate() {
        let found = file.projections().iter().find(|p| p.name == projection.name).unwrap();
        assert_eq!(found, projection);
        let expected: Vec<Synapse> =
            targets(&manifest, index).flat_map(|gid| synapses(index, gid)).collect();
        assert_eq!(file.read(&projection.name).unwrap(), expected);
    }
    assert!(matches!(file.read("X:Y"), Err(Error::MissingObject { .. })));
}

#[test]
fn a_large_projection_goes_through_in_pieces() {
    let directory = tempfile::tempdir().unwrap();
    let run = RunDirectory::create(directory.path().join("out"), Overwrite::No).unwrap();
    let mut manifest = manifest(2);
    manifest.projections.truncate(1);
    run.write_manifest(&manifest).unwrap();
    let n_synapses = 150_000; // more than a chunk of the store and several blocks of the file
    let synapse = synapses(0, 12)[0];
    for rank in 0..2 {
        let mut rows = ConnectionWriter::create(&run, &manifest, rank, 0).unwrap();
        for number in 0..n_synapses {
            let gid = 11 + u64::from(rank);
            rows.push(&Synapse { gid, delay_ms: number as f64, ..synapse }).unwrap();
        }
        rows.finish().unwrap();
    }
    let path = merge_connections(&run).unwrap();
    let file = ConnectionsFile::open(&path).unwrap();
    let mut number = 0;
    file.for_each("E:I", |found| {
        let delay_ms = f64::from(number % n_synapses);
        let gid = 11 + u64::from(number >= n_synapses);
        assert_eq!(*found, Synapse { gid, delay_ms, ..synapse });
        number += 1;
        Ok(())
    })
    .unwrap();
    assert_eq!(number, 2 * n_synapses);
}

#[test]
fn section_names_are_never_cut() {
    let longest = "s".repeat(64);
    assert_eq!(longest.parse::<SectionName>().unwrap().as_str(), longest);
    for name in ["s".repeat(65), "\u{e4}pical".to_owned(), "nul\0".to_owned()] {
        assert!(matches!(name.parse::<SectionName>(), Err(Error::SectionName { .. })), "{name}");
    }
}

#[test]
fn contradictions_between_ranks_are_errors() {
    let directory = tempfile::tempdir().unwrap();
    let run = RunDirectory::create(directory.path().join("out"), Overwrite::No).unwrap();
    let mut manifest = manifest(2);
    manifest.populations.truncate(1);
    manifest.projections = Vec::new();
    run.write_manifest(&manifest).unwrap();
    let writer = |rank| CellWriter::create(&run, &manifest, rank, 0).unwrap();

    let mut cells = writer(0);
    cells.push(&cell(5)).unwrap();
    match cells.push(&cell(4)) {
        Err(Error::RowOrder { gid: 4, previous: 5, table }) => assert_eq!(table, "E"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(merge_cells(&run), Err(Error::Unfinished { rank: 0, .. })));
    let mut cells = writer(0);
    (0..11).for_each(|gid| cells.push(&cell(gid)).unwrap());
    cells.finish().unwrap();
    let again = CellWriter::create(&run, &manifest, 0, 0);
    assert!(matches!(again, Err(Error::PartExists { rank: 0, .. })));
    let mut cells = writer(1);
    cells.push(&cell(3)).unwrap();
    cells.finish().unwrap();
    assert!(matches!(merge_cells(&run), Err(Error::Duplicate { gid: 3, ranks: [0, 1], .. })));
}

#[test]
fn a_synapse_from_another_population_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let run = RunDirectory::create(directory.path().join("out"), Overwrite::No).unwrap();
    let mut manifest = manifest(1);
    manifest.projections.truncate(1); // E:I
    run.write_manifest(&manifest).unwrap();
    let mut rows = ConnectionWriter::create(&run, &manifest, 0, 0).unwrap();
    rows.push(&Synapse { pre_gid: 12, ..synapses(0, 12)[0] }).unwrap();
    rows.finish().unwrap();
    let error = merge_connections(&run).unwrap_err();
    assert!(matches!(error, Error::UnknownGid { gid: 12, row: 0, .. }), "{error}");
    assert!(error.to_string().contains("population `E`"), "{error}");
}

#[test]
fn a_missing_cell_is_told() {
    let directory = tempfile::tempdir().unwrap();
    for (name, gids, row) in [("middle", vec![0, 2], 1), ("end", vec![0, 1], 2)] {
        let run = RunDirectory::create(directory.path().join(name), Overwrite::No).unwrap();
        let mut manifest = Manifest::new(0.1, 1, 1);
        manifest.populations = vec![Population { name: "E".to_owned(), first_gid: 0, size: 3 }];
        run.write_manifest(&manifest).unwrap();
        let mut cells = CellWriter::create(&run, &manifest, 0, 0).unwrap();
        gids.iter().for_each(|&gid| cells.push(&cell(gid)).unwrap());
        cells.finish().unwrap();
        match merge_cells(&run) {
            Err(Error::BadValue { row: found, .. }) => assert_eq!(found, row),
            Err(Error::Declaration { key, .. }) => assert_eq!(key, "populations.E.size"),
            other => panic!("{other:?}"),
        }
        assert!(!run.file(RunDirectory::CELLS).exists());
    }
}

/// A row as LFPy writes it: without `segment`, and with the widths of this test.
#[repr(C)]
#[derive(H5Type, Clone, Copy)]
struct LfpyRow {
    gid_pre: i64,
    gid: i64,
    weight: f64,
    delay: f64,
    sec: hdf5::types::FixedAscii<64>,
    #[hdf5(rename = "sec.x")]
    sec_x: f64,
    x: f64,
    y: f64,
    z: f64,
}

fn lfpy_file(path: &Path, change: fn(&mut LfpyRow)) -> PathBuf {
    let mut row = LfpyRow {
        gid_pre: 1,
        gid: 2,
        weight: 0.1,
        delay: 1.5,
        sec: hdf5::types::FixedAscii::from_ascii("Cell[0].soma[0]").unwrap(),
        sec_x: 0.5,
        x: 1.0,
        y: 2.0,
        z: 3.0,
    };
    change(&mut row);
    let path = path.join("lfpy.h5");
    let file = hdf5::File::create(&path).unwrap();
    file.new_dataset_builder().with_data(&[row]).create("E:I").unwrap();
    let parameters = file.create_group("synparams/E:I").unwrap();
    let mechanism: hdf5::types::VarLenUnicode = "ExpSyn".parse().unwrap();
    let dataset =
        parameters.new_dataset::<hdf5::types::VarLenUnicode>().create("mechanism").unwrap();
    dataset.write_scalar(&mechanism).unwrap();
    parameters.new_dataset::<f64>().create("tau").unwrap().write_scalar(&2.5).unwrap();
    parameters.new_dataset::<i64>().create("e").unwrap().write_scalar(&-70).unwrap();
    path
}

#[test]
fn files_of_lfpy_are_read() {
    let directory = tempfile::tempdir().unwrap();
    let file = ConnectionsFile::open(&lfpy_file(directory.path(), |_| ())).unwrap();
    let projection = &file.projections()[0];
    assert_eq!((projection.pre.as_str(), projection.post.as_str()), ("E", "I"));
    assert_eq!(projection.mechanism, "ExpSyn");
    assert_eq!(projection.parameters[0].value, -70.0);
    assert_eq!(projection.parameters[1].value, 2.5);
    let synapses = file.read("E:I").unwrap();
    assert_eq!(synapses[0].section.as_str(), "Cell[0].soma[0]");
    assert_eq!(synapses[0].segment, None);
    assert_eq!((synapses[0].pre_gid, synapses[0].gid), (1, 2));
}

#[test]
fn bad_tables_are_told_by_row_and_column() {
    let directory = tempfile::tempdir().unwrap();
    let check = |change: fn(&mut LfpyRow), expected: &str| {
        let file = ConnectionsFile::open(&lfpy_file(directory.path(), change)).unwrap();
        match file.read("E:I") {
            Err(error @ Error::BadValue { row: 0, .. }) => {
                assert!(error.to_string().contains(expected), "{error}");
            }
            other => panic!("{expected}: {other:?}"),
        }
    };
    check(|row| row.weight = f64::NAN, "weight is NaN, expected a finite number");
    check(|row| row.delay = -1.0, "delay is -1");
    check(|row| row.delay = f64::INFINITY, "delay is inf");
    check(|row| row.gid = -2, "gid is -2");
    check(|row| row.sec_x = 1.5, "sec.x is 1.5");
    check(|row| row.y = f64::NAN, "y is NaN");

    let path = lfpy_file(directory.path(), |_| ());
    let bytes = fs::read(&path).unwrap();
    for length in [0, 100, bytes.len() / 2, bytes.len() - 8] {
        fs::write(&path, &bytes[..length]).unwrap();
        let error = ConnectionsFile::open(&path).and_then(|file| file.read("E:I")).unwrap_err();
        assert!(error.to_string().contains("lfpy.h5"), "{length}: {error}");
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(ConnectionsFile::open(&path).err(), Some(Error::Io { .. })));
}

#[test]
fn other_layouts_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cells.h5");
    let error = |write: fn(&hdf5::File)| {
        let file = hdf5::File::create(&path).unwrap();
        write(&file);
        file.close().unwrap();
        read_cells(&path).unwrap_err()
    };
    let found = error(|file| {
        file.new_dataset_builder().with_data(&[1.0, 2.0]).create("E").unwrap();
    });
    assert!(matches!(found, Error::WrongType { .. }), "{found}");
    #[repr(C)]
    #[derive(H5Type, Clone, Copy)]
    struct Short {
        gid: i64,
        x: f64,
    }
    let found = error(|file| {
        file.new_dataset_builder().with_data(&[Short { gid: 1, x: 0.0 }]).create("E").unwrap();
    });
    match found {
        Error::MissingColumn { column, found, object, .. } => {
            assert_eq!((column.as_str(), object.as_str()), ("y", "/E"));
            assert_eq!(found, ["gid", "x"]);
        }
        other => panic!("{other}"),
    }
    #[repr(C)]
    #[derive(H5Type, Clone, Copy)]
    struct FloatGid {
        gid: f64,
    }
    let found = error(|file| {
        file.new_dataset_builder().with_data(&[FloatGid { gid: 1.0 }]).create("E").unwrap();
    });
    assert!(found.to_string().contains("`/E.gid`"), "{found}");
}

#[test]
fn python_readers_open_the_files() {
    let python = std::env::var("NET_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(&python).args(["-c", "import h5py"]).output();
    if !output.is_ok_and(|output| output.status.success()) {
        println!("skipped: no Python with h5py (name one in NET_PYTHON)");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let run = write(&directory.path().join("out"), 2);
    merge_cells(&run).unwrap();
    merge_connections(&run).unwrap();
    // The columns and types that LFPy's users read.
    let script = r#"
import h5py, numpy as np, sys
f = h5py.File(sys.argv[1] + "/cell_positions_and_rotations.h5")
t = f["E"][()]
assert t.dtype.descr == [("gid", "<i8")] + [(k, "<f8") for k in ("x", "y", "z", "x_rot", "y_rot", "z_rot")]
assert list(t["gid"]) == list(range(11)) and t["x_rot"][0] == 0.1
assert list(f["E"].attrs["units"]) == ["1", "um", "um", "um", "rad", "rad", "rad"]
f = h5py.File(sys.argv[1] + "/synapse_connections.h5")
d = f["I:E"]
t = d[()]
assert t.dtype == np.dtype([("gid_pre", "<i8"), ("gid", "<i8"), ("weight", "<f8"), ("delay", "<f8"),
    ("sec", "S64"), ("sec.x", "<f8"), ("x", "<f8"), ("y", "<f8"), ("z", "<f8"), ("segment", "<i8")])
assert t["sec"][0] == b"Cell.apic[9]" and (np.diff(t["gid"]) >= 0).all()
assert d.attrs["pre"] == "I" and list(d.attrs["units"])[2] == "uS" and len(f["E:E"]) == 0
p = f["synparams/I:E"]
assert p["mechanism"][()] == b"Exp2Syn" and p["tau2"][()] == 1 / 3 and p["tau2"].attrs["units"] == "ms"
"#;
    let status = Command::new(python).args(["-c", script]).arg(run.path()).status().unwrap();
    assert!(status.success());
}
