//! Circuits run from their configuration: those of the Allen Institute against spikes and reports of
//! BioNet, those of Blue Brain against Neurodamus's.

mod sonata_case;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use net_mpi::Communicator;
use net_sim::sonata::CircuitSimulation;
use net_sim::{Progress, RunOptions};
use sonata_case::{Case, reference};

static SET: Once = Once::new();

/// A program that one test starts would keep files locked that another has open.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Chooses the channels of the Allen Institute, for the whole program.
fn load_mechanisms() {
    SET.call_once(|| {
        net_cell::mechanism::use_set("allen").unwrap();
    });
}

/// Runs a case and gives the folder of its results.
fn run(case: &Path, variant: &str, threads: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = case.join(format!("sim_{variant}.json"));
    let mut simulation = CircuitSimulation::load(&path).unwrap_or_else(|e| panic!("{e}"));
    simulation.set_output(folder.path());
    let options =
        RunOptions { threads: Some(threads), progress: Progress::Off, ..simulation.options() };
    let comm = Communicator::solo();
    let (outcome, left_out) =
        simulation.run_all(&comm, &options).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    for line in left_out {
        println!("{line}");
    }
    println!("{}: {} spikes", path.display(), outcome.report.n_spikes);
    folder
}

/// (node, step) of all spikes of a population.
fn spikes(path: &Path, population: &str, dt_ms: f64) -> Vec<(u64, u64)> {
    let step = |(node, t): (u64, f64)| (node, (t / dt_ms).round() as u64);
    spike_times(path, population).into_iter().map(step).collect()
}

/// (node, time in ms) of all spikes of a population, by node and time.
fn spike_times(path: &Path, population: &str) -> Vec<(u64, f64)> {
    let file = hdf5::File::open(path).unwrap();
    let group = file.group(&format!("spikes/{population}")).unwrap();
    let times: Vec<f64> = group.dataset("timestamps").unwrap().read_raw().unwrap();
    let nodes: Vec<u64> = group.dataset("node_ids").unwrap().read_raw().unwrap();
    let mut spikes: Vec<(u64, f64)> = nodes.into_iter().zip(times).collect();
    spikes.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    spikes
}

fn report(path: &Path, population: &str) -> (Vec<usize>, Vec<f64>) {
    let file = hdf5::File::open(path).unwrap();
    let data = file.dataset(&format!("report/{population}/data")).unwrap();
    (data.shape(), data.read_raw().unwrap())
}

fn assert_spikes(folder: &Path, case: &Path, variant: &str, name: &str, population: &str, dt: f64) {
    let found = spikes(&folder.join(name), population, dt);
    let expected = spikes(&case.join("expected").join(variant).join(name), population, dt);
    assert_eq!(found.len(), expected.len(), "{}: {population}", case.display());
    assert_eq!(found, expected, "{}: {population}", case.display());
    println!("{}: {population}: {} spikes at the same steps", case.display(), found.len());
}

/// Spikes of a circuit with artificial cells, whose times are no steps: the same within 1e-6 ms, up
/// to `end_ms`.
fn assert_spike_times(folder: &Path, case: &Path, name: &str, population: &str, end_ms: f64) {
    let read = |path: &Path| {
        let mut spikes = spike_times(path, population);
        spikes.retain(|spike| spike.1 < end_ms);
        spikes
    };
    let found = read(&folder.join(name));
    let expected = read(&case.join("expected/base").join(name));
    assert_eq!(found.len(), expected.len(), "{}: {population}", case.display());
    for (found, expected) in found.iter().zip(&expected) {
        let near = found.0 == expected.0 && (found.1 - expected.1).abs() < 1e-6;
        assert!(near, "{}: {found:?}, expected {expected:?}", case.display());
    }
    println!("{}: {population}: {} spikes at the same times", case.display(), found.len());
}

/// The largest difference of two reports, by element.
fn differences(
    folder: &Path,
    case: &Path,
    variant: &str,
    name: &str,
    population: &str,
) -> Vec<f64> {
    let found = report(&folder.join(name), population);
    let expected = report(&case.join("expected").join(variant).join(name), population);
    assert_eq!(found.0, expected.0, "{}: {name}", case.display());
    let n = found.0[1];
    let mut largest = vec![0.0_f64; n];
    for (at, (a, b)) in found.1.iter().zip(&expected.1).enumerate() {
        largest[at % n] = largest[at % n].max((a - b).abs());
    }
    println!("{}: {name}: largest differences {largest:?} mV", case.display());
    largest
}

/// Fails where potentials of a cell differ by more than its bound, in mV.
fn assert_near(differences: &[f64], bounds_mv: &[f64]) {
    assert_eq!(differences.len(), bounds_mv.len());
    for (cell, (found, bound)) in differences.iter().zip(bounds_mv).enumerate() {
        assert!(found <= bound, "cell {cell}: {found} mV, bound {bound} mV");
    }
}

#[test]
fn five_cells_with_a_current_clamp() {
    let _guard = one_at_a_time();
    load_mechanisms();
    let Some(folder) = reference() else { return };
    let case = folder.join("sonata-5cells-iclamp");
    let results = run(&case, "base", 1);
    assert_spikes(results.path(), &case, "base", "spikes.h5", "biophysical", 0.1);
    let name = "membrane_potential.h5";
    let found = differences(results.path(), &case, "base", name, "biophysical");
    // The largest are at the flanks of spikes; channels of the two interneurons begin otherwise.
    assert_near(&found, &[0.02, 0.5, 0.1, 0.02, 0.02]);
}

#[test]
fn nine_cells_driven_by_virtual_ones() {
    let _guard = one_at_a_time();
    load_mechanisms();
    let Some(folder) = reference() else { return };
    let case = folder.join("sonata-9cells");
    let results = run(&case, "base", 2);
    assert_spikes(results.path(), &case, "base", "spikes.h5", "cortex", 0.1);
    let found = differences(results.path(), &case, "base", "membrane_potential.h5", "cortex");
    assert_near(&found, &[0.1; 9]);
}

#[test]
fn cells_and_artificial_cells() {
    let _guard = one_at_a_time();
    load_mechanisms();
    let Some(folder) = reference() else { return };
    let case = folder.join("bmtk-bio14");
    let results = run(&case, "base", 2);
    assert_spike_times(results.path(), &case, "spikes.h5", "v1", f64::INFINITY);
    let found = differences(results.path(), &case, "base", "v.h5", "v1");
    assert_near(&found, &vec![0.15; found.len()]);
}

#[test]
fn a_ring_of_artificial_cells_and_a_biophysical_one() {
    let _guard = one_at_a_time();
    load_mechanisms();
    let Some(folder) = reference() else { return };
    let case = folder.join("bmtk-intfire-ring");
    let results = run(&case, "base", 1);
    assert_spike_times(results.path(), &case, "spikes.h5", "v1", f64::INFINITY);
    let found = differences(results.path(), &case, "base", "v.h5", "v1");
    assert_near(&found, &[0.01]);
}

#[test]
fn three_hundred_artificial_cells() {
    let _guard = one_at_a_time();
    load_mechanisms();
    let Some(folder) = reference() else { return };
    let case = folder.join("sonata-300intfire");
    let results = run(&case, "base", 1);
    // At 620.315 ms many events come at one time, and NEURON's order of them is not ours.
    assert_spike_times(results.path(), &case, "spikes.h5", "v1", 620.0);
}

/// Runs variants of a case and compares what they write.
fn agree_with_neurodamus(case: &str, models: &[&str], variants: &[(&str, f64, &[&str])]) {
    let Some(folder) = reference() else { return };
    let Some(case) = Case::new(&folder, case, models) else { return };
    let mut wrong = Vec::new();
    for (variant, bound, left_out) in variants {
        let results = case.run(variant);
        wrong.extend(case.compare(variant, &results, (*bound, left_out)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Reports are in single precision.
const SINGLE: f64 = 1e-6;

#[test]
fn rings_with_stimuli() {
    let _guard = one_at_a_time();
    let variants: [(&str, f64, &[&str]); 5] = [
        ("base", SINGLE, &[]),
        ("stims_current", SINGLE, &[]),
        ("stims_conductance", SINGLE, &[]),
        ("seclamp", SINGLE, &["iclamp.h5"]),
        ("compset_stim", SINGLE, &[]),
    ];
    agree_with_neurodamus("nd-ringtest", &["hoc"], &variants);
}

#[test]
fn stochastic_channels_draw_from_streams_of_their_seed() {
    let Some(reference) = reference() else { return };
    let _one = one_at_a_time();
    let result = |changes: &[(&str, &str)], stochastic: bool| {
        let case = Case::new(&reference, "nd-ringtest", &["hoc"])?;
        if stochastic {
            case.insert_stochastic_channels();
        }
        changes.iter().for_each(|(from, to)| case.replace("stims_current", from, to));
        let results = case.run("stims_current");
        let file = hdf5::File::open(results.join("soma.h5")).unwrap();
        let population = file.group("report/RingA").unwrap();
        Some(population.dataset("data").unwrap().read_raw::<f32>().unwrap())
    };
    let Some(first) = result(&[], true) else { return };
    let seed = "\"random_seed\": 1122,";
    let other = format!("{seed} \"ionchannel_seed\": 5,");
    assert!(result(&[], true).unwrap() == first);
    assert!(result(&[(seed, &other)], true).unwrap() != first, "another seed");
    assert!(result(&[], false).unwrap() != first, "no channels");
}

#[test]
fn cells_in_fields() {
    let _guard = one_at_a_time();
    let Some(folder) = reference() else { return };
    let Some(case) = Case::new(&folder, "nd-ringtest", &["hoc"]) else { return };
    // The potential outside is no variable of a mechanism here.
    let variable = r#""variable_name": "extracellular.e","#;
    case.replace("efield", variable, &format!(r#"{variable} "enabled": false,"#));
    let results = case.run("efield");
    let wrong = case.compare("efield", &results, (SINGLE, &["vext.h5"]));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rings_with_changed_connections() {
    let _guard = one_at_a_time();
    let variants: [(&str, f64, &[&str]); 10] = [
        ("nogabarand", SINGLE, &[]),
        ("replay_delay", SINGLE, &[]),
        ("neuromod", SINGLE, &[]),
        ("overrides", SINGLE, &[]),
        ("modoverride", SINGLE, &[]),
        ("weight0", SINGLE, &[]),
        ("crank_nicolson", SINGLE, &[]),
        ("crank_nicolson_ion", SINGLE, &[]),
        ("spike_threshold", SINGLE, &[]),
        ("replay", SINGLE, &[]),
    ];
    agree_with_neurodamus("nd-ringtest", &["hoc"], &variants);
}

#[test]
fn rings_with_gap_junctions() {
    let _guard = one_at_a_time();
    agree_with_neurodamus("nd-ringtest", &["hoc"], &[("gj", SINGLE, &[])]);
}

#[test]
fn reports_of_all_types() {
    let _guard = one_at_a_time();
    // Neurodamus makes two steps of 0.3 ms / 0.1 ms, so that its file `my_window.h5` says other times
    // than those of its samples. Sodium currents follow potentials that differ by 3e-5 mV.
    let variants: [(&str, f64, &[&str]); 4] = [
        ("reports", SINGLE, &["my_window.h5", "compartment_ina.h5"]),
        ("reports", 5e-6, &["my_window.h5"]),
        ("synreport", SINGLE, &[]),
        ("lfp", SINGLE, &["i_membrane_neuron.h5"]),
    ];
    agree_with_neurodamus("nd-ringtest", &["hoc"], &variants);
}

#[test]
fn cells_and_artificial_cells_driven_by_replay() {
    let _guard = one_at_a_time();
    let Some(folder) = reference() else { return };
    let Some(case) = Case::new(&folder, "nd-allen_v1", &["hoc", "hoc_bio"]) else { return };
    let results = case.run("base");
    let wrong = case.compare("base", &results, (SINGLE, &["out.h5"]));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // At 41 ms an event comes when a refractory time ends: the cell fires here, as in Neurodamus on
    // two ranks, and does not in Neurodamus on one.
    let [found, mut expected] = case.spikes("base", &results, "RingB");
    let at = expected.partition_point(|spike| spike.0 < 41.0);
    expected.insert(at, (41.0, 1.0));
    assert_eq!(found, expected);
}

#[test]
fn rings_of_changed_cells() {
    let _guard = one_at_a_time();
    let Some(folder) = reference() else { return };
    let Some(case) = Case::new(&folder, "nd-ringtest", &["hoc"]) else { return };
    // Neurodamus changes every section once for each of its segments, and dendrites have two.
    let once = r#""%s.gnabar_hh *= 0.5; %s.gkbar_hh = 0.03"
      }"#;
    let as_there = r#""%s.gkbar_hh = 0.03"},
      {"name": "a", "type": "section_list", "node_set": "RingA",
       "section_configure": "somatic.gnabar_hh *= 0.5"},
      {"name": "b", "type": "section_list", "node_set": "RingA",
       "section_configure": "basal.gnabar_hh *= 0.25"}"#;
    case.replace("modifications", once, as_there);
    let results = case.run("modifications");
    let wrong = case.compare("modifications", &results, (SINGLE, &[]));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn five_cells_of_the_somatosensory_cortex() {
    let _guard = one_at_a_time();
    let models = ["sub_mini5/biophysical_model_templates"];
    let variants: [(&str, f64, &[&str]); 3] =
        [("base", SINGLE, &[]), ("ttx", SINGLE, &[]), ("no_SK", SINGLE, &[])];
    agree_with_neurodamus("nd-v5mini5", &models, &variants);
}
