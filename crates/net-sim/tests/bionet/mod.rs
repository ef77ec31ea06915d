//! Modules of BioNet, against what it gave: `tests/data/sonata/bmtk`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::{copy_all, load_mechanisms, one_at_a_time, program, reference, run, succeed};

/// Values of BioNet's own runs.
fn values(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/sonata/bmtk").join(name)
}

/// A copy of the case `bmtk-bio14`, whose variant `changed` is `base` with changes.
fn bio14(reference: &Path, change: impl FnOnce(&mut Value)) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["bmtk-bio14", "bmtk-components"] {
        copy_all(&reference.join(name), &folder.path().join(name));
    }
    let case = folder.path().join("bmtk-bio14");
    let text = std::fs::read_to_string(case.join("sim_base.json")).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    change(&mut config);
    std::fs::write(case.join("sim_changed.json"), config.to_string()).unwrap();
    (folder, case)
}

fn read<T: hdf5::H5Type>(file: &hdf5::File, name: &str) -> Vec<T> {
    file.dataset(name).unwrap_or_else(|e| panic!("{name}: {e}")).read_raw().unwrap()
}

/// A value of every synapse, where BioNet has it, and which synapse it is. A report of a synapse
/// leaves it to itself, and no spike comes at another step for that.
#[test]
fn reports_of_connections() {
    let _guard = one_at_a_time();
    load_mechanisms();
    let Some(reference) = reference() else { return };
    let report = |name: &str| {
        let cells = json!([0, 3]);
        json!({"module": "netcon_report", "cells": cells, "variable_name": name, "dt": 5.0})
    };
    let (_folder, case) = bio14(&reference, |config| {
        config["run"]["tstop"] = json!(50.0);
        let several = json!({"module": "netcon_report", "cells": [12, 3], "syn_type": "",
            "sections": "apical", "variable_name": ["tau1", "e"], "start_time": 10.0, "end_time": 12.0});
        config["reports"] = json!({"g": report("g"), "i": report("i"), "A": report("A"),
            "v": config["reports"]["v"].clone(), "several": several,
            "unknown": {"module": "netcon_report", "variable_name": "g", "syn_type": "netcon"}});
    });
    let results = run(&case, "changed", 2);
    let expected = hdf5::File::open(values("bio14_netcon.h5")).unwrap();
    for (name, unit, bound) in [("g", "uS", 1e-15), ("i", "nA", 2e-9), ("A", "uS", 1e-15)] {
        let found = hdf5::File::open(results.path().join(format!("{name}.h5"))).unwrap();
        let mapping = |file: &hdf5::File, folder: &str, name: &str| {
            read::<i64>(file, &format!("{folder}mapping/{name}"))
        };
        for name in ["node_ids", "index_pointer", "element_ids", "src_ids", "trg_ids"] {
            let own = mapping(&found, "report/v1/", name);
            assert!(own == mapping(&expected, "", name), "{name}");
        }
        let positions = |file, folder| read::<f64>(file, &format!("{folder}mapping/element_pos"));
        let both = positions(&found, "report/v1/").into_iter().zip(positions(&expected, ""));
        both.for_each(|(own, x)| assert!((own - x).abs() < 1e-12, "{own} {x}"));
        let data = found.dataset("report/v1/data").unwrap();
        let text = |name| data.attr(name).unwrap().read_scalar::<hdf5::types::VarLenUnicode>();
        assert_eq!([&*text("variable").unwrap(), &*text("units").unwrap()], [name, unit]);
        let (own, expected) = (read::<f64>(&found, "report/v1/data"), read(&expected, name));
        assert_eq!(own.len(), expected.len());
        let difference = |(own, x): (&f64, &f64)| (own - x).abs();
        let largest = own.iter().zip(&expected).map(difference).fold(0.0, f64::max);
        println!("netcon_report of {name}: {} samples, {largest:e} {unit}", own.len());
        assert!(largest < bound, "{name}: {largest:e} {unit}");
    }
    // The same bytes of three ranks.
    let ranked = tempfile::tempdir().unwrap();
    let mut net_sim = program();
    if net_mpi::BUILT_WITH_MPI {
        net_sim = Command::new("mpirun");
        net_sim.args(["-n", "3", "--bind-to", "none"]).arg(program().get_program());
    }
    let config = case.join("sim_changed.json");
    net_sim.args(["run", "--quiet", "--threads", "1"]).arg(config);
    succeed(net_sim.arg("--output").arg(ranked.path()));
    for name in ["g.h5", "A.h5", "several_tau1.h5", "v.h5"] {
        let bytes = [results.path(), ranked.path()].map(|f| std::fs::read(f.join(name)).unwrap());
        assert!(bytes[0] == bytes[1], "{name} differs on three ranks");
    }
    // Without artificial cells, in files of their own; some sections alone.
    for (name, value) in [("tau1", [1.0, 2.7]), ("e", [0.0, -70.0])] {
        let file = results.path().join(format!("several_{name}.h5"));
        let file = hdf5::File::open(file).unwrap();
        let data = file.dataset("report/v1/data").unwrap();
        assert_eq!(read::<u64>(&file, "report/v1/mapping/node_ids"), [3]);
        let values = read::<f64>(&file, "report/v1/data");
        assert_eq!(data.shape()[0], 20);
        assert!((1..800).contains(&data.shape()[1]) && values.iter().all(|v| value.contains(v)));
    }
    assert!(!results.path().join("unknown.h5").exists());
    // Potentials of the soma differ by roundings from those where synapses share their state.
    let (_folder, shared) = bio14(&reference, |config| {
        config["run"]["tstop"] = json!(50.0);
        config["reports"] = json!({"v": config["reports"]["v"].clone()});
    });
    let [own, other] = [results, run(&shared, "changed", 1)].map(|results| {
        let file = hdf5::File::open(results.path().join("v.h5")).unwrap();
        read::<f64>(&file, "report/v1/data")
    });
    let largest = own.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    println!("netcon_report: potentials differ by {largest:e} mV where states are not shared");
    assert!(largest < 1e-9, "{largest:e} mV");
}

/// Potentials outside of somata from files of COMSOL: at the nearest node, in time; in the tessellation,
/// times a waveform. BioNet imposes them two steps later, a step after it has taken them.
#[test]
fn potentials_of_finite_elements() {
    let _guard = one_at_a_time();
    load_mechanisms();
    let Some(reference) = reference() else { return };
    let expected = hdf5::File::open(values("bio14_comsol.h5")).unwrap();
    let path = |name: &str| values(name).to_str().unwrap().to_owned();
    let (space, waveform) = (path("comsol_in_space.txt"), path("comsol_waveform.csv"));
    let timed = json!({"comsol_files": path("comsol_in_time.txt"), "amplitudes": 2.0});
    let several = json!({"comsol_files": [space, space], "waveforms": [waveform, waveform],
        "amplitudes": [3.0, 1.0]});
    for (name, mut input) in [("in_time", timed), ("in_space", several)] {
        let common = json!({"input_type": "extracellular", "module": "comsol", "node_set": "all"});
        input.as_object_mut().unwrap().extend(common.as_object().unwrap().clone());
        let (_folder, case) = bio14(&reference, |config| {
            config["run"]["tstop"] = json!(5.0);
            config["inputs"] = json!({"comsol": input});
            let mut report = config["reports"]["v"].clone();
            report["variable_name"] = json!("extracellular.e");
            config["reports"] = json!({"e": report, "v": config["reports"]["v"].clone()});
        });
        let [results, other] = [1, 2].map(|threads| run(&case, "changed", threads));
        let found = |of: &tempfile::TempDir, name: &str| {
            let file = hdf5::File::open(of.path().join(name)).unwrap();
            read::<f64>(&file, "report/v1/data")
        };
        assert!(found(&results, "v.h5") == found(&other, "v.h5"), "{name}: threads");
        let (own, expected) = (found(&results, "e.h5"), read::<f64>(&expected, name));
        assert_eq!(own.len(), expected.len());
        let n_cells = 10;
        let pairs = own[..own.len() - n_cells].iter().zip(&expected[n_cells..]);
        let largest = pairs.map(|(own, x)| (own - x).abs()).fold(0.0, f64::max);
        println!("comsol {name}: potentials outside of somata differ by {largest:e} mV");
        assert!(largest < 1e-10, "{name}: {largest:e} mV");
    }
}

/// A network whose connections are replaced by an input that replays its spikes on them does the
/// same; of cells that are left out no spikes come.
#[test]
fn edges_that_an_input_replays() {
    let _guard = one_at_a_time();
    load_mechanisms();
    let Some(reference) = reference() else { return };
    let spikes = |folder: &Path| {
        let file = hdf5::File::open(folder.join("spikes.h5")).unwrap();
        (read::<u64>(&file, "spikes/v1/node_ids"), read::<f64>(&file, "spikes/v1/timestamps"))
    };
    let (_folder, case) = bio14(&reference, |config| {
        config["run"]["tstop"] = json!(400.0);
        config["reports"] = json!({});
    });
    let whole = run(&case, "changed", 1);
    let before = whole.path().join("spikes.h5");
    let edges = json!({"edges_file": "network/v1_v1_edges.h5",
        "edge_types_file": "network/v1_v1_edge_types.csv"});
    let replay = |sources: Value| {
        let (_folder, case) = bio14(&reference, |config| {
            config["run"]["tstop"] = json!(400.0);
            config["reports"] = json!({});
            let (lgn, tw) =
                (config["inputs"]["LGN_spikes"].take(), config["inputs"]["TW_spikes"].take());
            // Synapses are placed input by input.
            config["inputs"] = json!({"a": {"module": "replay", "input_type": "replay_spikes",
                "spikes_file": before, "edges": edges, "source_node_set": sources}, "b": lgn, "c": tw});
        });
        let path = case.join("config.circuit.json");
        let mut circuit: Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for file in circuit["networks"]["edges"].as_array_mut().unwrap() {
            let is_inner = file["edges_file"].as_str().unwrap().contains("v1_v1");
            file["enabled"] = json!(!is_inner);
        }
        std::fs::write(path, circuit.to_string()).unwrap();
        let results = run(&case, "changed", 2);
        spikes(results.path())
    };
    let expected = spikes(whole.path());
    assert!(expected.0.len() > 10, "{expected:?}");
    assert_eq!(replay(json!("all")), expected);
    assert_ne!(replay(json!({"node_id": [2]})), expected);
}
