//! A network that LFPy and NEURON simulated, replayed from its tables in one process.

mod common;

use net_io::network::NetworkTables;
use net_mpi::Communicator;
use net_sim::tables::{model_of_tables, settings_of_tables};
use net_sim::*;

/// Largest difference from NEURON's potential in mV and membrane current in nA.
const MAX_DV_MV: f64 = 1e-8;
const MAX_DI_NA: f64 = 1e-10;

/// Rows of a two-dimensional dataset.
fn matrix(file: &hdf5::File, name: &str) -> Vec<Vec<f64>> {
    let data = file.dataset(name).unwrap();
    let n_columns = data.shape()[1];
    data.read_raw::<f64>().unwrap().chunks(n_columns).map(<[f64]>::to_vec).collect()
}

#[test]
fn the_network_does_what_neuron_did() {
    let Some(shared) = common::shared() else { return };
    let path = shared.join("reference/lfpy/network_ei.h5");
    let tables = NetworkTables::read(&path).unwrap();
    let detailed = |name: &str, quantity| Recording {
        segments: Segments::All,
        ..Recording::new(name, Targets::Gids(vec![0, 45]), quantity)
    };
    let model = model_of_tables(&path, &tables)
        .unwrap()
        .with_recording(Recording::new("soma_v", Targets::All, Quantity::Voltage))
        .with_recording(detailed("v", Quantity::Voltage))
        .with_recording(detailed("i_membrane", Quantity::MembraneCurrent));
    let options = RunOptions {
        settings: settings_of_tables(&tables.parameters),
        ..common::in_memory(tables.parameters.tstop_ms, 2)
    };
    let comm = Communicator::solo();
    let outcome = Simulation::build(&comm, &model, &options).unwrap().run().unwrap();

    let dt_ms = tables.parameters.dt_ms;
    let mut expected: Vec<(u64, u64)> = tables
        .reference
        .spikes
        .as_ref()
        .unwrap()
        .iter()
        .map(|&(gid, time_ms)| ((time_ms / dt_ms).round() as u64, gid))
        .collect();
    expected.sort_unstable();
    let spikes: Vec<_> = outcome.spikes.iter().map(|spike| (spike.step, spike.gid)).collect();
    assert_eq!(spikes.len(), 125);
    assert_eq!(spikes, expected);

    let soma_v = tables.reference.soma_v_mv.as_ref().unwrap();
    let file = hdf5::File::open(&path).unwrap();
    let mut largest = [0.0_f64; 3];
    for trace in &outcome.traces {
        let gid = trace.gid as usize;
        let reference: Vec<f64> = match trace.recording {
            0 => soma_v.row(gid).iter().map(|&v| f64::from(v)).collect(),
            1 => matrix(&file, &format!("traces/gid{gid}/vmem"))[trace.segment as usize].clone(),
            _ => matrix(&file, &format!("traces/gid{gid}/imem"))[trace.segment as usize].clone(),
        };
        assert_eq!(trace.values.len(), reference.len());
        // LFPy's first column of membrane currents is none.
        let from = usize::from(trace.recording == 2);
        for (a, b) in trace.values[from..].iter().zip(&reference[from..]) {
            largest[trace.recording] = largest[trace.recording].max((a - b).abs());
        }
    }
    println!(
        "largest differences: soma {:.1e} mV, v {:.1e} mV, i {:.1e} nA",
        largest[0], largest[1], largest[2]
    );
    // Half a unit in the last place of single precision at 100 mV.
    assert!(largest[0] <= 4e-6, "{largest:?}");
    assert!(largest[1] <= MAX_DV_MV && largest[2] <= MAX_DI_NA, "{largest:?}");
}
