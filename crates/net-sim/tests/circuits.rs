//! Circuits run from their configuration: those of the Allen Institute against spikes and reports of
//! BioNet, those of Blue Brain against Neurodamus's.

mod bionet;
mod sonata_case;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
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

/// Equations for a steady state at the start of `NaV` as BMTK's file has them: in that of I3 the
/// current from I4 has the rate of I3 to C3.
const START_OF_NAV: &str = "
LINEAR start {
    LOCAL qt, a, b
    qt = 2.3^((celsius - 37)/10)
    a = qt*alpha*exp(v/x1)
    b = qt*beta*exp(v/x2)
    ~ C2*b + I1*qt*Coff - C1*(4*a + qt*Con) = 0
    ~ C1*4*a + C3*2*b + I2*qt*Coff/btfac - C2*(b + 3*a + qt*Con*alfac) = 0
    ~ C2*3*a + C4*3*b + I3*qt*Coff/btfac^2 - C3*(2*b + 2*a + qt*Con*alfac^2) = 0
    ~ C3*2*a + C5*4*b + I4*qt*Coff/btfac^3 - C4*(3*b + a + qt*Con*alfac^3) = 0
    ~ C4*a + O*qt*delta + I5*qt*Coff/btfac^4 - C5*(4*b + qt*gamma + qt*Con*alfac^4) = 0
    ~ C5*qt*gamma + I6*qt*Ooff - O*(qt*delta + qt*Oon) = 0
    ~ I2*b/btfac + C1*qt*Con - I1*(4*a*alfac + qt*Coff) = 0
    ~ I1*4*a*alfac + I3*2*b/btfac + C2*qt*Con*alfac - I2*(b/btfac + 3*a*alfac + qt*Coff/btfac) = 0
    ~ I2*3*a*alfac + I4*qt*Coff/btfac^2 + C3*qt*Con*alfac^2
        - I3*(2*b/btfac + 2*a*alfac + qt*Coff/btfac^2) = 0
    ~ I3*2*a*alfac + I5*4*b/btfac + C4*qt*Con*alfac^3
        - I4*(3*b/btfac + a*alfac + qt*Coff/btfac^3) = 0
    ~ I4*a*alfac + I6*qt*delta + C5*qt*Con*alfac^4
        - I5*(4*b/btfac + qt*gamma + qt*Coff/btfac^4) = 0
    ~ C1 + C2 + C3 + C4 + C5 + I1 + I2 + I3 + I4 + I5 + O + I6 = 1
}
";

/// Compiles the set `allen` as NEURON has it, with slopes of currents as difference quotients and the
/// start of `NaV` of BMTK's file.
fn channels_as_in_neuron(folder: &Path) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../net-mechanisms/mod/allen");
    let (files, library) = (folder.join("mod"), folder.join("allen.so"));
    copy_all(&own, &files);
    let path = files.join("NaV.mod");
    let text = std::fs::read_to_string(&path).unwrap();
    let start = "INITIAL { SOLVE gating STEADYSTATE sparse }";
    assert!(text.contains(start));
    std::fs::write(&path, text.replace(start, "INITIAL { SOLVE start }") + START_OF_NAV).unwrap();
    let mut build = program();
    build.env("NET_MECHANISM_CACHE", folder.join("cache"));
    succeed(build.args(["mechanisms", "build", "--neuron", "-o"]).args([&library, &files]));
    library
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_net-sim"))
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy_all(&from, &to)
        } else {
            std::fs::write(to, std::fs::read(from).unwrap()).unwrap()
        }
    }
}

/// NEURON's clock is a sum of half steps, 1e-12 ms behind in the first 130 ms: what arrives there half
/// a step after the beginning of one acts one step later than with an exact clock.
fn delay_events_between_steps(path: &Path, population: &str, dt_ms: f64) {
    let file = hdf5::File::open_rw(path).unwrap();
    let dataset = file.dataset(&format!("spikes/{population}/timestamps")).unwrap();
    let mut times: Vec<f64> = dataset.read_raw().unwrap();
    let is_between = |t: &f64| *t < 100.0 && ((t / dt_ms).fract() - 0.5).abs() < 1e-6;
    times.iter_mut().filter(|t| is_between(t)).for_each(|t| *t += 1e-9);
    dataset.write_raw(&times).unwrap();
}

/// With the channels of NEURON and its clock, somata are those of BioNet but for roundings, which grow
/// at the flanks of spikes.
#[test]
fn somata_are_those_of_bionet() {
    let _guard = one_at_a_time();
    let Some(reference) = reference() else { return };
    let folder = tempfile::tempdir().unwrap();
    let library = channels_as_in_neuron(folder.path());
    let cases: [(&str, &str, &str, &[f64]); 4] = [
        (
            "sonata-5cells-iclamp",
            "membrane_potential.h5",
            "biophysical",
            &[1e-6, 1e-6, 1e-6, 1e-11, 1e-11],
        ),
        ("sonata-9cells", "membrane_potential.h5", "cortex", &[1e-7; 9]),
        ("bmtk-bio14", "v.h5", "v1", &[1e-6; 10]),
        ("bmtk-intfire-ring", "v.h5", "v1", &[1e-8]),
    ];
    for (name, report, population, bounds_mv) in cases {
        let mut case = reference.join(name);
        if name == "bmtk-bio14" {
            let components = "bmtk-components";
            copy_all(&reference.join(components), &folder.path().join(components));
            copy_all(&case, &folder.path().join(name));
            case = folder.path().join(name);
            let spikes = case.join("inputs/lgn_spikes.h5");
            delay_events_between_steps(&spikes, "lgn", 0.1);
        }
        let results = folder.path().join("results").join(name);
        let mut run = program();
        run.arg("run").arg(case.join("sim_base.json")).arg("--mechanisms").arg(&library);
        succeed(run.args(["--quiet", "--threads", "1", "--output"]).arg(&results));
        assert_near(&differences(&results, &case, "base", report, population), bounds_mv);
    }
}

#[test]
fn three_hundred_artificial_cells() {
    let _guard = one_at_a_time();
    load_mechanisms();
    let Some(folder) = reference() else { return };
    let case = folder.join("sonata-300intfire");
    let results = run(&case, "base", 1);
    // At 620.315 ms many events come at one time. NEURON has them in the order in which cells fired, with
    // which there are the other spikes of the reference, too: `tests/data/sonata/bmtk/order.py`.
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
        ("seclamp", SINGLE, &[]),
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
    let results = case.run("efield");
    let wrong = case.compare("efield", &results, (SINGLE, &[]));
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
    // `my_window.h5`, and sodium currents with slopes as in NEURON, have tests of their own.
    let variants: [(&str, f64, &[&str]); 3] = [
        ("reports", SINGLE, &["my_window.h5", "compartment_ina.h5"]),
        ("synreport", SINGLE, &[]),
        ("lfp", SINGLE, &["i_membrane_neuron.h5"]),
    ];
    agree_with_neurodamus("nd-ringtest", &["hoc"], &variants);
}

/// NMDA receptors, whose current is not linear in the potential, have a slope that is a difference
/// quotient in NEURON; with this, all reports agree, those of sodium currents too.
#[test]
fn reports_with_slopes_as_in_neuron() {
    let _guard = one_at_a_time();
    let Some(reference) = reference() else { return };
    let Some(case) = Case::new(&reference, "nd-ringtest", &["hoc"]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../net-mechanisms/mod/bbp");
    let library = folder.path().join("synapses.so");
    let files = ["ProbAMPANMDA_EMS.mod", "ProbGABAAB_EMS.mod"].map(|name| own.join(name));
    let mut build = program();
    build.env("NET_MECHANISM_CACHE", folder.path().join("cache"));
    succeed(build.args(["mechanisms", "build", "--neuron", "-o"]).arg(&library).args(files));
    let results = case.run_with("reports", &["--mechanisms", library.to_str().unwrap()]);
    let wrong = case.compare("reports", &results, (SINGLE, &["my_window.h5"]));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Of a `dt` of 0.3 ms Neurodamus makes int(0.3 / 0.1) steps, which are 2, and says 0.3 ms in the file:
/// its samples are those of 0.2 ms.
#[test]
fn an_interval_that_neurodamus_cuts() {
    let _guard = one_at_a_time();
    let Some(reference) = reference() else { return };
    let Some(case) = Case::new(&reference, "nd-ringtest", &["hoc"]) else { return };
    case.replace("reports", "\"dt\": 0.3", "\"dt\": 0.2");
    case.replace("reports", "\"end_time\": 17.0", "\"end_time\": 13.05");
    let results = case.run("reports");
    let found = report(&results.join("my_window.h5"), "RingA");
    let expected = case.expected("reports").join("my_window.h5");
    let expected = report(&expected, "RingA");
    assert_eq!((found.0[0], &found.0), (40, &expected.0));
    for (found, expected) in found.1.iter().zip(&expected.1) {
        assert!((found - expected).abs() < SINGLE * 100.0, "{found}, expected {expected}");
    }
}

/// Electrodes by their positions give what the weights do that are written for them; far away a weight is
/// 1/(4 pi sigma r).
#[test]
fn electrodes_by_positions_and_by_weights() {
    let _guard = one_at_a_time();
    let Some(reference) = reference() else { return };
    let Some(case) = Case::new(&reference, "nd-ringtest", &["hoc"]) else { return };
    let config = case.configuration("lfp");
    let beside = |name: &str| config.with_file_name(name);
    fs::write(beside("probe.csv"), "x_um,y_um,z_um\n40,10,5\n0,-200,0\n0,0,1e7\n").unwrap();
    let (probe, weights) = (beside("probe.csv"), beside("weights.h5"));
    let arguments = ["--method", "pointsource", "--conductivity", "0.5", "-o"];
    let mut command = program();
    command.arg("lfp-weights").arg(&config).arg("--electrodes").arg(probe);
    succeed(command.args(arguments).arg(&weights));
    let file = hdf5::File::open(&weights).unwrap();
    let factors: Vec<f64> =
        file.dataset("electrodes/RingA/scaling_factors").unwrap().read_raw().unwrap();
    let far_mv_na = 1.0 / (4.0 * std::f64::consts::PI * 0.5 * 1e7);
    for of_segment in factors.chunks(3) {
        assert!((of_segment[2] / far_mv_na - 1.0).abs() < 1e-3, "{of_segment:?}");
        assert!(of_segment[0] > of_segment[1] && of_segment[1] > of_segment[2], "{of_segment:?}");
    }
    drop(file);
    let by_positions = "\"electrode_positions\": \"probe.csv\", \"method\": \"pointsource\", \
                        \"conductivity\": 0.5";
    case.replace("lfp", "\"electrodes_file\": \"lfp_3elec_ringA.h5\"", by_positions);
    case.replace("lfp", "lfp_2elec_ringA_cell0.h5", "weights.h5");
    case.replace("lfp", "\"RingA_Cell0\"", "\"RingA\"");
    let results = case.run("lfp");
    let [a, b] =
        ["A", "B"].map(|name| report(&results.join(format!("lfp_report_{name}.h5")), "RingA"));
    assert_eq!(a.0[1] % 3, 0, "three electrodes a cell");
    assert!(a.1.iter().any(|value| value.abs() > 1e-4), "nothing flows");
    assert_eq!(a, b);
}

/// Potentials as BioNet reports them: the contributions of cells add up, and several variables of
/// membranes have a file each.
#[test]
fn potentials_at_channels() {
    let _guard = one_at_a_time();
    let Some(folder) = reference() else { return };
    let case = tempfile::tempdir().unwrap();
    for name in ["bmtk-bio14", "bmtk-components"] {
        copy_all(&folder.join(name), &case.path().join(name));
    }
    let channels = "channel x_pos y_pos z_pos\n0 10.0 0 5.0\n1 10.0 -300 5.0\n";
    let own = case.path().join("bmtk-bio14");
    fs::write(own.join("channels.csv"), channels).unwrap();
    let path = own.join("sim_base.json");
    let mut config: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    config["run"]["tstop"] = 40.0.into();
    let cells: Vec<u64> = (0..10).collect();
    config["reports"] = serde_json::json!({
        "potentials": {
            "module": "extracellular", "cells": cells, "variable_name": "v",
            "electrode_positions": own.join("channels.csv"), "file_name": "ecp.h5",
            "contributions_dir": "ecp",
        },
        "membranes": {
            "module": "membrane_report", "cells": cells, "variable_name": ["v", "i_membrane"],
            "sections": "soma", "file_name": "soma.h5",
        },
        "connections": {"module": "save_synapses", "network_dir": "connections"},
    });
    fs::write(&path, config.to_string()).unwrap();
    load_mechanisms();
    let results = run(&own, "base", 2);
    let read = |path: &Path| -> (Vec<usize>, Vec<f64>) {
        let data = hdf5::File::open(path).unwrap().dataset("ecp/data").unwrap();
        (data.shape(), data.read_raw().unwrap())
    };
    let (shape, whole) = read(&results.path().join("ecp.h5"));
    assert_eq!(shape, [400, 2]);
    let largest = whole.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    assert!(largest > 1e-6, "{largest} mV");
    let mut sum = vec![0.0; whole.len()];
    let mut n_cells = 0;
    for entry in fs::read_dir(results.path().join("ecp")).unwrap() {
        let (of_cell, values) = read(&entry.unwrap().path());
        assert_eq!(of_cell, shape);
        sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        n_cells += 1;
    }
    assert_eq!(n_cells, 10);
    for (sum, whole) in sum.iter().zip(&whole) {
        assert!((sum - whole).abs() < 1e-12 * largest, "{sum}, {whole}");
    }
    for name in ["soma_v.h5", "soma_i_membrane.h5"] {
        assert_eq!(report(&results.path().join(name), "v1").0, [400, 10], "{name}");
    }
    connections_are_saved(&results.path().join("connections"));
}

/// Every connection of the case is in a file of edges that can be read as such, where its index says.
fn connections_are_saved(folder: &Path) {
    use net_io::sonata::{Direction, EdgeReader};
    let mut n_connections = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().replace("_edges.h5", "");
        let edges = EdgeReader::open(&path, &name).unwrap();
        n_connections += edges.len();
        assert_eq!(format!("{}_{}", edges.source_population(), edges.target_population()), name);
        for direction in [Direction::Afferent, Direction::Efferent] {
            let n_nodes = edges.indexed_nodes(direction).unwrap();
            let all = 0..n_nodes;
            let found = edges.edges_of(direction, std::slice::from_ref(&all)).unwrap().unwrap();
            let mut n_indexed = 0;
            for range in found {
                let one = [range.edges.clone()];
                let nodes = match direction {
                    Direction::Afferent => edges.targets(&one).unwrap(),
                    Direction::Efferent => edges.sources(&one).unwrap(),
                };
                assert!(nodes.iter().all(|node| *node as u64 == range.node), "{name}");
                n_indexed += range.edges.end - range.edges.start;
            }
            assert_eq!(n_indexed, edges.len(), "{name}");
        }
        let file = hdf5::File::open(&path).unwrap();
        let column = |of: &str| -> Vec<f64> {
            file.dataset(&format!("edges/{name}/{of}")).unwrap().read_raw().unwrap()
        };
        let n_on_sections = column("0/sec_id").len();
        assert!(column("0/sec_x").iter().all(|x| (0.0..=1.0).contains(x)), "{name}");
        assert_eq!(n_on_sections, column("0/syn_weight").len());
        assert_eq!((n_on_sections + column("1/syn_weight").len()) as u64, edges.len());
    }
    assert_eq!(n_connections, 7356);
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
    let variants: [(&str, f64, &[&str]); 4] = [
        ("base", SINGLE, &[]),
        ("ttx", SINGLE, &[]),
        ("no_SK", SINGLE, &[]),
        ("reports", SINGLE, &[]),
    ];
    agree_with_neurodamus("nd-v5mini5", &models, &variants);
}
