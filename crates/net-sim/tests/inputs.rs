//! Inputs of circuits that say the same in different ways do the same.

mod sonata_case;

use std::path::Path;

use net_io::provenance::Provenance;
use net_io::sonata::{Layout, ReportPopulation, ReportWriter};
use serde_json::{Value, json};
use sonata_case::{Case, reference};

/// Runs the ring with these inputs; gives its somatic potentials by population.
fn somata(case: &Case, variant: &str, name: &str, inputs: Value) -> [Vec<f64>; 2] {
    let text = std::fs::read_to_string(case.configuration(variant)).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config["inputs"] = inputs;
    // A name of its own: those of the case are links to files that others use.
    let name = format!("inputs_{name}");
    let path = case.configuration(&name);
    assert!(!path.exists() && !path.is_symlink(), "{}", path.display());
    std::fs::write(path, config.to_string()).unwrap();
    let file = hdf5::File::open(case.run(&name).join("soma.h5")).unwrap();
    ["RingA", "RingB"].map(|population| {
        let data = file.dataset(&format!("report/{population}/data")).unwrap();
        data.read_raw::<f64>().unwrap()
    })
}

/// 0.1 nA from 5 to 25 ms into cells 0 and 2 of the ring, by its parameters, from a report, from HDF5 and
/// from NWB.
#[test]
fn currents_of_files_are_currents() {
    let Some(folder) = reference() else { return };
    let Some(case) = Case::new(&folder, "nd-ringtest", &["hoc"]) else { return };
    let config = case.configuration("base");
    let folder = config.parent().unwrap();
    write_files(folder);
    let of = |module: &str, more: Value| {
        let mut input = json!({
            "module": module, "input_type": "current_clamp", "delay": 5.0, "duration": 20.0,
            "node_set": "RingA", "represents_physical_electrode": true,
        });
        let input_of = input.as_object_mut().unwrap();
        input_of.extend(more.as_object().unwrap().clone());
        input
    };
    let both = json!({"population": "RingA", "node_id": [0, 2]});
    let sets = json!({"RingA": {"population": "RingA"}, "Mosaic": {}, "both": both});
    std::fs::remove_file(folder.join("nodesets.json")).unwrap();
    std::fs::write(folder.join("nodesets.json"), sets.to_string()).unwrap();
    let chosen = json!({"amp_start": 0.1, "node_set": "both"});
    let expected = somata(&case, "base", "linear", json!({"i": of("linear", chosen)}));
    let without = somata(&case, "base", "without", json!({}));
    assert!(expected[0] != without[0]);
    let sweep = json!({"input_file": "sweep.nwb", "sweep_id": 7, "node_set": "both"});
    for (name, input) in [
        ("replay", of("replay", json!({"path": "currents_report.h5"}))),
        ("h5", of("h5", json!({"input_file": "currents.h5"}))),
        ("nwb", of("nwb", sweep)),
    ] {
        let found = somata(&case, "base", name, json!({"i": input}));
        assert!(found == expected, "{name}");
    }
}

/// The same current in each format; the report and the HDF5 file have it for cells 0 and 2.
fn write_files(folder: &Path) {
    let report = ReportPopulation {
        name: "RingA".to_owned(),
        node_ids: vec![0, 2],
        index_pointers: vec![0, 2, 3],
        element_ids: vec![0, 1, 0],
        element_pos: vec![0.5, 0.5, 0.5],
        connections: Vec::new(),
    };
    // The second element of cell 0 is not played, nor what comes after 20 ms.
    let rows = (0..30).flat_map(|k| if k < 20 { [0.1, 5.0, 0.1] } else { [7.0; 3] });
    let path = folder.join("currents_report.h5");
    let by = Provenance::new("currents", 1, 0.1);
    let shape = (&[report][..], 30);
    let (time_ms, names) = ([0.0, 30.0, 1.0], ("i", "nA"));
    let file = ReportWriter::create(&path, shape, time_ms, names, Layout::Allen, &by).unwrap();
    file.write_rows(0, 0, &rows.collect::<Vec<_>>()).unwrap();
    file.seal().unwrap();
    let file = hdf5::File::create(folder.join("currents.h5")).unwrap();
    let amplitudes = file.new_dataset::<f64>().shape((2, 4)).create("amplitudes").unwrap();
    amplitudes.write_raw(&[0.1; 8]).unwrap();
    file.new_dataset_builder().with_data(&[5.0, 5.0]).create("dts").unwrap();
    file.new_dataset_builder().with_data(&[0_u64, 2]).create("gids").unwrap();
    let file = hdf5::File::create(folder.join("sweep.nwb")).unwrap();
    let group = file.create_group("epochs/Sweep_7/stimulus/timeseries").unwrap();
    let start = group.new_dataset::<f64>().create("starting_time").unwrap();
    start.new_attr::<f64>().create("rate").unwrap().write_scalar(&200.0).unwrap();
    group.new_dataset_builder().with_data(&[0.1 / 1e9; 4]).create("data").unwrap();
}

/// Synapses that are made to act are those that act when the same spikes are replayed.
#[test]
fn forced_synapses_are_replayed_ones() {
    let Some(folder) = reference() else { return };
    let Some(case) = Case::new(&folder, "nd-ringtest", &["hoc"]) else { return };
    let replay = json!({"r": {
        "module": "synapse_replay", "input_type": "spikes", "delay": 0.0, "duration": 100.0,
        "node_set": "RingB", "spike_file": "input_spikes.h5",
    }});
    let [_, expected] = somata(&case, "replay", "replayed", replay);
    // Those of cell 0 in the file, from which the only edge to the other ring comes.
    let spikes = case.configuration("base").with_file_name("input_spikes.h5");
    let spikes = hdf5::File::open(spikes).unwrap().group("spikes/RingA").unwrap();
    let nodes = spikes.dataset("node_ids").unwrap().read_raw::<u64>().unwrap();
    let times_ms = spikes.dataset("timestamps").unwrap().read_raw::<f64>().unwrap();
    let own = nodes.iter().zip(times_ms).filter(|(node, _)| **node == 0);
    let times_ms: Vec<f64> = own.map(|(_, t_ms)| t_ms).collect();
    let forced = json!({"s": {
        "module": "syn_activity", "input_type": "syn_activity", "delay": 0.0, "duration": 100.0,
        "node_set": "Mosaic", "timestamps": times_ms,
        "precell_filter": {"population": "RingA", "node_id": 0},
    }});
    let [_, found] = somata(&case, "replay", "forced", forced);
    assert!(found == expected);
    let [_, silent] = somata(&case, "replay", "silent", json!({}));
    assert!(found != silent);
}

/// Far from a cell the field of an electrode is uniform: E = rho I / (4 pi r^2). Potentials inside follow
/// it and the cell comes back when it ends.
#[test]
fn electrodes_act_while_current_flows() {
    let Some(folder) = reference() else { return };
    let Some(case) = Case::new(&folder, "nd-ringtest", &["hoc"]) else { return };
    let config = case.configuration("base");
    let table = "pos_x pos_y pos_z rotation_x rotation_y rotation_z\n500 0 0 0 0 0\n";
    std::fs::write(config.parent().unwrap().join("electrodes.csv"), table).unwrap();
    let of = |amp: f64| {
        json!({"x": {
            "module": "xstim", "input_type": "lfp", "delay": 0.0, "duration": 50.0,
            "node_set": "RingA", "positions_file": "electrodes.csv",
            "waveform": {"shape": "dc", "del": 10.0, "dur": 5.0, "amp": amp},
        }})
    };
    let [nothing, other] = somata(&case, "base", "nothing", of(0.0));
    let [plus, other_plus] = somata(&case, "base", "plus", of(0.01));
    let [minus, _] = somata(&case, "base", "minus", of(-0.01));
    assert!(other == other_plus, "cells that are not in the node set");
    let n_cells = 3;
    let deviation = |of: &[f64], step: usize| of[step * n_cells] - nothing[step * n_cells];
    assert!((0..100).all(|step| deviation(&plus, step) == 0.0));
    // The response is that of a linear cell, nearly: it changes sign with the current.
    let (up, down) = (deviation(&plus, 140), deviation(&minus, 140));
    assert!(up.abs() > 0.01 && (up + down).abs() < 0.1 * up.abs(), "{up} mV, {down} mV");
    assert!(deviation(&plus, 450).abs() < 0.05 * up.abs());
}
