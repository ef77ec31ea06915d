//! Networks given as tables: the reference network is read, and nonsense is told.

use std::path::{Path, PathBuf};
use std::process::Command;

use hdf5::H5Type;
use hdf5::types::VarLenUnicode;
use net_io::Error;
use net_io::network::*;

fn reference() -> Option<PathBuf> {
    let shared = std::env::var_os("NET_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let path = shared.join("reference/lfpy/network_ei.h5");
    path.exists().then_some(path)
}

#[test]
fn the_reference_network_is_read() {
    let Some(path) = reference() else {
        println!("skipped: no reference data (name their folder in NET_SHARED)");
        return;
    };
    let network = NetworkTables::read(&path).unwrap();
    let parameters = &network.parameters;
    assert_eq!((parameters.dt_ms, parameters.tstop_ms), (0.0625, 200.0));
    assert_eq!(parameters.populations, [("E".to_owned(), 40), ("I".to_owned(), 10)]);
    assert_eq!((network.gids_of(0), network.gids_of(1)), (0..40, 40..50));
    let external = parameters.external.as_ref().unwrap();
    assert_eq!(external.mechanism, "Exp2Syn");
    let soma = parameters.sections.iter().find(|(name, _)| name == "soma").unwrap();
    let ena = soma.1[0].parameters.iter().find(|(name, _)| name == "ena").unwrap();
    assert_eq!(ena.1, 50.0);

    assert_eq!(network.cells.len(), 50);
    assert_eq!(network.cells[49].position_um[2], 18.528607561218678);
    assert_eq!(network.morphologies.len(), 1);
    let morphology = network.morphology_of(45).unwrap();
    assert_eq!(morphology.n_segments(), 22);
    let sections: Vec<_> =
        morphology.sections.iter().map(|s| (s.base_name(), s.parent, s.n_segments)).collect();
    assert_eq!(sections, [("soma", None, 1), ("apic", Some(0), 21)]);
    assert_eq!(morphology.sections[1].points_um[1], [0.0, 0.0, 1015.0, 3.0]);
    assert!(morphology.reference.is_some());

    assert_eq!(network.external_synapses.len(), 3200);
    assert_eq!(network.external_events.len(), 15768);
    assert!(network.external_events.is_sorted_by_key(|event| event.t_ms));
    let recurrent = &network.recurrent;
    assert_eq!(recurrent.synapses.len(), 1394);
    assert_eq!(recurrent.projections, ["E:E", "E:I", "I:E", "I:I"]);
    assert_eq!(recurrent.parameter_names, ["tau1", "tau2", "e"]);
    assert_eq!(recurrent.parameter_sets, [[0.2, 1.8, 0.0], [0.1, 9.0, -80.0]]);
    let first = recurrent.synapses[0];
    assert_eq!((first.pre_gid, first.gid, first.segment), (10, 0, 0));

    let spikes = network.reference.spikes.as_ref().unwrap();
    assert_eq!(spikes.len(), 125);
    assert_eq!(network.reference.soma_v_mv.as_ref().unwrap().dim(), (50, 3201));
}

#[repr(C)]
#[derive(H5Type, Clone, Copy)]
struct Cell {
    gid: i32,
    pop: i32,
    x: f64,
    y: f64,
    z: f64,
    rot_x: f64,
    rot_y: f64,
    rot_z: f64,
}

#[repr(C)]
#[derive(H5Type, Clone, Copy)]
struct External {
    id: i32,
    gid: i32,
    segment: i64,
    weight: f64,
}

#[repr(C)]
#[derive(H5Type, Clone, Copy)]
struct Event {
    synapse: i64,
    t: f32,
}

#[repr(C)]
#[derive(H5Type, Clone, Copy)]
struct Recurrent {
    gid_pre: u16,
    gid_post: i16,
    projection: i32,
    segment: i64,
    weight: f64,
    delay: f64,
    tau: f64,
    e: f64,
}

/// A network of two cells of two shapes, to be made wrong.
struct Small {
    parameters: String,
    projections: String,
    cells: Vec<Cell>,
    parents: Vec<i32>,
    diameters: [f64; 2],
    cm: Vec<f64>,
    external: Vec<External>,
    events: Vec<Event>,
    recurrent: Vec<Recurrent>,
    spikes: Vec<(i64, f64)>,
}

impl Small {
    fn new() -> Self {
        let cell = |gid| Cell {
            gid,
            pop: gid,
            x: 1.0,
            y: 2.0,
            z: 3.0,
            rot_x: 0.0,
            rot_y: 0.0,
            rot_z: 0.5,
        };
        let synapse = |gid_pre, gid_post, weight| Recurrent {
            gid_pre,
            gid_post,
            projection: 0,
            segment: 2,
            weight,
            delay: 1.0,
            tau: 2.0,
            e: 0.0,
        };
        Self {
            parameters: r#"{"dt": 0.1, "tstop": 10, "v_init": -65, "celsius": 6.3,
                "populations": {"A": 1, "B": 1}, "external": {"syntype": "ExpSyn", "tau": 2},
                "soma": "hh: gnabar 0.12", "dend": "pas: g 0.001; hh: el -54"}"#
                .to_owned(),
            projections: r#"["A:B"]"#.to_owned(),
            cells: vec![cell(1), cell(0)],
            parents: vec![-1, 0],
            diameters: [10.0, 1.0],
            cm: vec![1.0, 1.0, 2.0],
            external: vec![
                External { id: 7, gid: 1, segment: 0, weight: 0.1 },
                External { id: 3, gid: 0, segment: 2, weight: 0.2 },
            ],
            events: vec![Event { synapse: 7, t: 5.0 }, Event { synapse: 3, t: 1.0 }],
            recurrent: vec![synapse(0, 1, 0.5), synapse(1, 0, 0.25)],
            spikes: vec![(1, 2.0), (0, 2.0)],
        }
    }

    fn write(&self, path: &Path) {
        let file = hdf5::File::create(path).unwrap();
        let text = |text: &str| text.parse::<VarLenUnicode>().unwrap();
        file.new_attr::<VarLenUnicode>()
            .create("parameters")
            .unwrap()
            .write_scalar(&text(&self.parameters))
            .unwrap();
        put(&file, "cells/table", &self.cells);
        for name in ["morphology_gid0", "morphology_gid1"] {
            let group = file.create_group(name).unwrap();
            put(&group, "sections/name", &[text("T[0].soma[0]"), text("T[0].dend[4]")]);
            put(&group, "sections/parent", &self.parents);
            put(&group, "sections/parent_x", &[f64::NAN, 1.0]);
            put(&group, "sections/nseg", &[1, 2]);
            put(&group, "sections/Ra", &[100.0, 150.0]);
            put(&group, "sections/first_pt3d", &[0, 2]);
            put(&group, "sections/n_pt3d", &[2, 2]);
            let [soma, dend] = self.diameters;
            let points = ndarray::array![
                [0.0, 0.0, 0.0, soma],
                [10.0, 0.0, 0.0, soma],
                [10.0, 0.0, 0.0, dend],
                [99.0, 0.0, 0.0, dend]
            ];
            group.new_dataset_builder().with_data(&points).create("sections/pt3d").unwrap();
            put(&group, "segments/cm", &self.cm);
        }
        put(&file, "external/synapses", &self.external);
        put(&file, "external/events", &self.events);
        put(&file, "recurrent/synapses", &self.recurrent);
        let synapses = file.dataset("recurrent/synapses").unwrap();
        for (name, value) in [("projections", self.projections.as_str()), ("mechanism", "ExpSyn")] {
            let attribute = synapses.new_attr::<VarLenUnicode>().create(name).unwrap();
            attribute.write_scalar(&text(value)).unwrap();
        }
        #[repr(C)]
        #[derive(H5Type, Clone, Copy)]
        struct Spike {
            gid: i64,
            t: f64,
        }
        let spikes: Vec<Spike> = self.spikes.iter().map(|&(gid, t)| Spike { gid, t }).collect();
        put(&file, "spikes", &spikes);
    }
}

fn put<T: H5Type>(group: &hdf5::Group, name: &str, data: &[T]) {
    group.new_dataset_builder().with_data(data).create(name).unwrap();
}

fn read(change: impl FnOnce(&mut Small)) -> net_io::Result<NetworkTables> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("network.h5");
    let mut small = Small::new();
    change(&mut small);
    small.write(&path);
    NetworkTables::read(&path)
}

#[test]
fn tables_of_any_width_are_read_in_order() {
    let network = read(|_| ()).unwrap();
    assert_eq!(network.cells[1].gid, 1);
    assert_eq!(network.cells[0].rotation_rad, [0.0, 0.0, 0.5]);
    assert_eq!(network.parameters.sections[1].1[1].name, "hh");
    assert_eq!(network.morphology_of(1).unwrap().first_gid, 1);
    assert_eq!(network.morphologies[0].reference, None);
    assert_eq!(network.external_synapses[0].id, 3);
    assert_eq!(network.external_events[0], ExternalEvent { synapse: 3, t_ms: 1.0 });
    assert_eq!(network.recurrent.mechanism, "ExpSyn");
    assert_eq!(network.recurrent.parameter_names, ["tau", "e"]);
    assert_eq!(network.recurrent.parameter_sets, [[2.0, 0.0]]);
    assert_eq!(network.recurrent.synapses[1].weight, 0.25);
    assert_eq!(network.reference.spikes, Some(vec![(0, 2.0), (1, 2.0)]));
}

#[test]
fn networks_without_synapses_or_inputs_are_read() {
    let network = read(|small| {
        small.recurrent.clear();
        small.external.clear();
        small.events.clear();
    })
    .unwrap();
    assert!(network.recurrent.synapses.is_empty() && network.external_events.is_empty());
    let without = r#""external": {"syntype": "ExpSyn", "tau": 2},"#;
    let network = read(|small| small.parameters = small.parameters.replace(without, "")).unwrap();
    assert!(network.parameters.external.is_none() && network.external_synapses.is_empty());
}

#[track_caller]
fn check(change: impl FnOnce(&mut Small), expected: &str) {
    let error = read(change).unwrap_err().to_string();
    assert!(error.contains("network.h5") && error.contains(expected), "{error}");
}

#[test]
fn values_that_cannot_be_are_told() {
    check(|s| s.cells[0].x = f64::NAN, "`/cells/table` row 0: x is NaN");
    check(|s| s.cells[0].gid = 5, "row 0: gid is 5, expected 1");
    check(|s| s.cells[0].gid = 0, "gid is 0, expected 1");
    check(|s| s.cells[0].gid = -1, "gid is -1");
    check(|s| s.cells[0].pop = 0, "pop is 0, expected 1");
    check(|s| s.cells.truncate(1), "gid is 1, expected 0");
    check(|s| s.parameters = s.parameters.replace("\"B\": 1", "\"B\": 2"), "expected 3 rows");
    check(|s| s.parameters = s.parameters.replace("\"B\": 1", "\"B\": 0"), "unknown gid 1");
    check(|s| s.parameters = s.parameters.replace("dend", "axon"), "/@parameters.dend");
    check(|s| s.parents[1] = 1, "parent is 1");
    check(|s| s.parents[0] = 1, "parent is 1, expected -1");
    check(|s| s.diameters[1] = 0.0, "row 2: pt3d");
    check(|s| s.cm[2] = -1.0, "row 2: cm is -1");
    check(|s| s.cm.truncate(2), "is 2 rows, expected 3 rows");
    check(|s| s.external[1].gid = 2, "`/external/synapses` row 1: unknown gid 2, expected 0..2");
    check(|s| s.external[1].segment = 3, "segment is 3, expected 0..3");
    check(|s| s.external[1].id = 7, "id is 7, expected each id once");
    check(|s| s.events[1].synapse = 4, "`/external/events` row 1: synapse is 4");
    check(|s| s.events[0].t = -1.0, "t is -1");
    check(|s| s.recurrent[1].gid_pre = 9, "`/recurrent/synapses` row 1: unknown gid 9");
    check(|s| s.recurrent[1].gid_post = -1, "unknown gid -1");
    check(|s| s.recurrent[0].delay = -0.5, "row 0: delay is -0.5");
    check(|s| s.recurrent[0].weight = f64::INFINITY, "weight is inf");
    check(|s| s.recurrent[0].tau = f64::NAN, "tau is NaN");
    check(|s| s.recurrent[0].projection = 1, "projection is 1, expected 0..1");
    check(|s| s.recurrent[0].segment = -1, "segment is -1");
    check(|s| s.projections = "A:B".to_owned(), "/recurrent/synapses@projections");
    check(|s| s.spikes[0].0 = 2, "`/spikes` row 0: unknown gid 2");
}

#[test]
fn what_is_missing_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("network.h5");
    for name in [
        "cells/table",
        "morphology_gid0",
        "morphology_gid0/sections",
        "morphology_gid0/sections/parent",
        "morphology_gid0/sections/pt3d",
        "morphology_gid0/segments/cm",
        "external/synapses",
        "external/events",
        "recurrent/synapses",
        "recurrent",
    ] {
        Small::new().write(&path);
        let file = hdf5::File::open_rw(&path).unwrap();
        file.unlink(name).unwrap();
        file.close().unwrap();
        match NetworkTables::read(&path) {
            Err(Error::MissingObject { object, .. }) => {
                assert!(object.starts_with(&format!("/{name}")), "{object} for {name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    Small::new().write(&path);
    let file = hdf5::File::open_rw(&path).unwrap();
    file.delete_attr("parameters").unwrap();
    file.close().unwrap();
    assert!(matches!(NetworkTables::read(&path), Err(Error::MissingObject { .. })));
}

#[test]
fn the_example_of_the_documentation_works() {
    let python = std::env::var("NET_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(&python).args(["-c", "import h5py"]).output();
    if !output.is_ok_and(|output| output.status.success()) {
        println!("skipped: no Python with h5py (name one in NET_PYTHON)");
        return;
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tables.md");
    let text = std::fs::read_to_string(page).unwrap();
    let (_, after) = text.split_once("```python\n").unwrap();
    let (script, _) = after.split_once("```").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let status =
        Command::new(python).args(["-c", script]).current_dir(directory.path()).status().unwrap();
    assert!(status.success());
    let network = NetworkTables::read(&directory.path().join("network.h5")).unwrap();
    assert_eq!(network.cells.len(), 2);
    assert_eq!(network.recurrent.parameter_names, ["tau", "e"]);
    assert_eq!(network.external_events, [ExternalEvent { synapse: 0, t_ms: 10.0 }]);
}

#[test]
fn truncated_files_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("network.h5");
    Small::new().write(&path);
    let bytes = std::fs::read(&path).unwrap();
    for part in 0..20 {
        std::fs::write(&path, &bytes[..bytes.len() * part / 20]).unwrap();
        let error = NetworkTables::read(&path).unwrap_err();
        assert!(matches!(error, Error::NotHdf5 { .. }), "{error}");
    }
    assert!(matches!(NetworkTables::read(&directory.path().join("no.h5")), Err(Error::Io { .. })));
}
