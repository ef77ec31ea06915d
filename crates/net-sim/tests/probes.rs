//! Probes while a network runs: the numbers of LFPy, the same bytes whatever the layout.

mod common;

use std::fs;

use common::fields::{currents, dense, laminar, with_probes, with_stimulation};
use common::{connected, in_memory, into_files};
use hdf5::types::VarLenUnicode;
use net_io::network::NetworkTables;
use net_lfp::*;
use net_mpi::Communicator;
use net_sim::tables::{model_of_tables, settings_of_tables, with_probes_of_tables};
use net_sim::*;

fn run(model: &Model, options: &RunOptions) -> Outcome {
    let comm = Communicator::solo();
    Simulation::build(&comm, model, options).unwrap().run().unwrap()
}

fn read(file: &hdf5::File, name: &str) -> Vec<f64> {
    file.dataset(name).unwrap().read_raw().unwrap()
}

#[test]
fn probes_of_the_network_are_those_of_lfpy() {
    let Some(shared) = common::shared() else { return };
    let path = shared.join("reference/lfpy/network_ei.h5");
    let tables = NetworkTables::read(&path).unwrap();
    let model = model_of_tables(&path, &tables).unwrap();
    let model = with_probes_of_tables(model, &path).unwrap();
    let options = RunOptions {
        settings: settings_of_tables(&tables.parameters),
        ..in_memory(tables.parameters.tstop_ms, 2)
    };
    let outcome = run(&model, &options);
    let file = hdf5::File::open(&path).unwrap();
    assert_eq!(outcome.signals.len(), 4);
    for signal in &outcome.signals {
        let names: Vec<_> = signal.fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((names, signal.n_samples), (vec!["imem", "E", "I"], 3201));
        for (field, values) in &signal.fields {
            let reference = read(&file, &format!("probes/{}/{field}", signal.name));
            assert_eq!(values.len(), reference.len());
            let largest = reference.iter().map(|value| value.abs()).fold(0.0, f64::max);
            let mut error = 0.0_f64;
            for (i, (found, expected)) in values.iter().zip(&reference).enumerate() {
                if i % signal.n_samples == 0 {
                    // At rest no current flows; LFPy has something else here.
                    assert!(found.abs() < 1e-12 * largest, "{found} at t = 0");
                } else {
                    error = error.max((found - expected).abs());
                }
            }
            println!("{} {field}: {:.1e} of the largest", signal.name, error / largest);
            assert!(error < 1e-9 * largest, "{} {field}: {error} {largest}", signal.name);
        }
    }
}

/// A probe that begins later, or is sampled now and then, sees the same as one of every step, also
/// beside recorded membrane currents.
#[test]
fn late_and_seldom_probes_see_the_same() {
    let signal = |interval_ms: f64, start_ms: f64| {
        let probe = ProbeRecording {
            interval_ms: Some(interval_ms),
            start_ms,
            ..ProbeRecording::new(laminar(3))
        };
        let membrane = Recording::new("i", Targets::FirstOfEach(1), Quantity::MembraneCurrent);
        let model = connected(1, [6, 3], 0.5).with_probe(probe).with_recording(membrane);
        let mut signals = run(&model, &in_memory(20.0, 1)).signals;
        let signal = signals.swap_remove(0);
        (signal.n_samples, signal.fields[0].1.clone())
    };
    let dt_ms = 0.025;
    let (n_all, all) = signal(dt_ms, 0.0);
    assert!(all.iter().any(|value| value.abs() > 1e-9), "nothing flows");
    for (interval, start) in [(1, 1), (1, 40), (8, 0), (8, 3)] {
        let (n, seldom) = signal(interval as f64 * dt_ms, start as f64 * dt_ms);
        assert_eq!(n, (n_all - start).div_ceil(interval), "every {interval} from {start}");
        let expected = |row: usize| all[row * n_all..][start..n_all].iter().step_by(interval);
        let expected: Vec<f64> = (0..3).flat_map(expected).copied().collect();
        assert_eq!(seldom, expected, "every {interval} from {start}");
    }
}

#[test]
fn the_file_says_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let model = with_probes(connected(5, [20, 7], 0.5), None);
    // The end is not on the grid.
    let outcome = run(&model, &into_files(50.01, 2, folder.path()));
    let file = hdf5::File::open(folder.path().join("OUTPUT.h5")).unwrap();
    let mut names = file.member_names().unwrap();
    names.sort();
    let expected = [
        "FourSphereVolumeConductor0",
        "InfiniteHomogeneousVolCondMEG0",
        "RecExtElectrode0",
        "RecExtElectrode1",
        "dense",
        "dipole",
        "scalp",
    ];
    assert_eq!(names, expected);
    let rows = file.dataset("dense").unwrap().attr("rows_summed").unwrap();
    assert!(rows.read_scalar::<u64>().unwrap() < 40, "no row of dense contacts is interpolated");
    for signal in &outcome.signals {
        let dataset = file.dataset(&signal.name).unwrap();
        assert_eq!(dataset.shape(), [signal.n_rows, signal.n_samples]);
        let number = |name: &str| dataset.attr(name).unwrap().read_scalar::<f64>().unwrap();
        assert_eq!(number("interval_ms"), signal.interval_ms);
        assert_eq!((number("start_ms"), number("dt_ms")), (signal.start_ms, 0.025));
        let written = dataset.attr("samples_written").unwrap().read_scalar::<u64>().unwrap();
        assert_eq!(written, signal.n_samples as u64);
    }
    let n_samples: Vec<_> = outcome.signals.iter().map(|signal| signal.n_samples).collect();
    assert_eq!(n_samples, [2001, 89, 501, 251, 2001, 501, 501]);
    // The total is the sum of the populations.
    let fields = &outcome.signals[0].fields;
    let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let types = ["icap", "ipas", "i_hh", "isyn_e", "isyn_i"];
    assert_eq!(names[..6], [&["imem"], &types[..]].concat());
    assert_eq!(names[6..10], ["E", "I", "first two", "one cell"]);
    let parts = ["E", "I", "first two", "one cell"];
    let split: Vec<_> =
        types.iter().flat_map(|of| parts.map(|who| format!("{of}.{who}"))).collect();
    assert_eq!(names[10..], split);
    let largest = fields[0].1.iter().map(|value| value.abs()).fold(0.0, f64::max);
    assert!(largest > 0.0);
    for (at, all) in fields[0].1.iter().enumerate() {
        let of_populations = fields[6].1[at] + fields[7].1[at];
        assert!((all - of_populations).abs() < 1e-12 * largest);
        // At t = 0, too.
        let of_types: f64 = fields[1..6].iter().map(|(_, values)| values[at]).sum();
        assert!((all - of_types).abs() < 1e-9 * largest, "{at}: {all} {of_types}");
        // Each type is the sum of the populations', each group that of its types.
        for (kind, parts) in fields[1..6].iter().zip(fields[10..].chunks(parts.len())) {
            let of_populations = parts[0].1[at] + parts[1].1[at];
            assert!((kind.1[at] - of_populations).abs() < 1e-12 * largest);
        }
        for (part, whole) in fields[6..10].iter().enumerate() {
            let types = fields[10..].iter().skip(part).step_by(parts.len());
            let of_types: f64 = types.map(|(_, values)| values[at]).sum();
            assert!((whole.1[at] - of_types).abs() < 1e-9 * largest);
        }
    }
    for (name, values) in &fields[1..6] {
        assert!(values.iter().any(|value| *value != 0.0), "{name}");
    }
    // A mean is over the steps after the sample before.
    let (every, mean) = (&fields[0].1, &outcome.signals[1].fields[0].1);
    // The averaging electrode has the first contacts of the other.
    for (every, mean) in every.chunks(n_samples[0]).zip(mean.chunks(n_samples[1])) {
        for (k, &found) in mean.iter().enumerate().skip(1) {
            let first = 120 + 20 * (k - 1) + 1;
            let expected = every[first..first + 20].iter().sum::<f64>() / 20.0;
            assert!((found - expected).abs() < 1e-12 * largest, "{k}: {found} {expected}");
        }
    }
}

/// What surfaces of contacts are made of stands beside the potentials: as many rows as the longest list.
#[test]
fn points_and_normals_of_contacts_are_in_the_file() {
    let positions = vec![[50.0, 0.0, 0.0], [50.0, 0.0, 100.0]];
    let points = vec![vec![[50.0, 1.0, 2.0], [50.0, -1.0, 0.5]], vec![[50.0, 0.0, 101.0]]];
    let contacts = Contacts::new(positions).unwrap();
    let contacts = contacts.with_normals(vec![[2.0, 0.0, 0.0], [0.0, -1.0, 0.0]]).unwrap();
    let contacts = contacts.with_points(points.clone()).unwrap();
    let electrode = RecExtElectrode { contacts, ..laminar(2) };
    let model = connected(5, [2, 1], 0.5).with_probe(ProbeRecording::new(electrode));
    let folder = tempfile::tempdir().unwrap();
    run(&model, &into_files(1.0, 1, folder.path()));
    let file = hdf5::File::open(folder.path().join("OUTPUT.h5")).unwrap();
    let beside = |name: &str, units: &str, shape: [usize; 3]| {
        let dataset = file.dataset(&format!("RecExtElectrode0.{name}")).unwrap();
        let found = dataset.attr("units").unwrap().read_scalar::<VarLenUnicode>().unwrap();
        assert_eq!((found.as_str(), dataset.shape()), (units, shape.to_vec()));
        dataset.read_raw::<f64>().unwrap()
    };
    assert_eq!(beside("contact_normals", "1", [2, 1, 3]), [1.0, 0.0, 0.0, 0.0, -1.0, 0.0]);
    let found = beside("contact_points_um", "um", [2, 2, 3]);
    assert_eq!(found[..9], points.concat().concat());
    assert!(found[9..].iter().all(|value| value.is_nan()));
    // Readers of probes find the one that is there.
    let probes = net_io::probes::ProbeReader::open(&folder.path().join("OUTPUT.h5")).unwrap();
    assert_eq!(probes.len(), 1);
}

#[test]
fn probes_change_nothing_of_the_network() {
    let alone = run(&with_stimulation(connected(5, [20, 7], 0.5)), &in_memory(30.0, 2));
    let measured = with_probes(with_stimulation(connected(5, [20, 7], 0.5)), None);
    let measured = run(&measured, &in_memory(30.0, 1));
    assert!(alone.spikes.len() > 10);
    assert_eq!(alone.spikes, measured.spikes);
    let sorted = |outcome: Outcome| {
        let mut traces = outcome.traces;
        traces.sort_by_key(|trace| (trace.recording, trace.gid, trace.segment));
        traces
    };
    assert_eq!(sorted(alone), sorted(measured));
}

#[test]
fn a_field_acts_on_its_targets_alone() {
    let traces = |model: &Model| run(model, &in_memory(10.0, 1)).traces;
    let quiet = || common::model(common::populations(3, [9, 4]));
    let alone = traces(&quiet());
    let pulse = TimeCourse::Pulse { start_ms: 2.0, width_ms: 1.0, amplitude: 100.0 };
    let field = UniformField { field_v_m: [0.0, 0.0, 1.0] };
    let targets = Targets::Population("I".into());
    let shock = Stimulation { targets, ..Stimulation::new("shock", field, pulse) };
    let shocked = traces(&quiet().with_stimulation(shock));
    assert_eq!(alone.len(), shocked.len());
    for (alone, shocked) in alone.iter().zip(&shocked) {
        // Gids 0 to 8 are those of E.
        assert_eq!(alone == shocked, alone.gid < 9, "gid {}", alone.gid);
    }
}

#[test]
fn bad_stimulations_are_refused_with_what_to_change() {
    let refusal = |stimulation: Stimulation| {
        let model = connected(1, [4, 2], 0.5).with_stimulation(stimulation);
        let comm = Communicator::solo();
        match Simulation::build(&comm, &model, &in_memory(1.0, 1)) {
            Ok(_) => panic!("the stimulation was accepted"),
            Err(error) => error.to_string(),
        }
    };
    let says = |message: String, parts: &[&str]| {
        assert!(parts.iter().all(|part| message.contains(part)), "{message}: {parts:?}");
    };
    let step = || TimeCourse::Step { start_ms: 0.0, amplitude: 1.0 };
    let contacts = || Contacts::new(vec![[0.0; 3]]).unwrap();
    let conductivity = Conductivity::Isotropic(-0.3);
    let electrode = StimulatingElectrode { conductivity, ..StimulatingElectrode::new(contacts()) };
    says(refusal(Stimulation::new("s", electrode, step())), &["stimulation 's'", "-0.3"]);
    let field = || UniformField { field_v_m: [1.0, 0.0, 0.0] };
    let endless = TimeCourse::Pulse { start_ms: 0.0, width_ms: f64::NAN, amplitude: 1.0 };
    says(refusal(Stimulation::new("s", field(), endless)), &["stimulation 's'", "width_ms"]);
    let targets = Targets::Population("V1".into());
    let unknown = Stimulation { targets, ..Stimulation::new("s", field(), step()) };
    says(refusal(unknown), &["stimulation 's'", "'V1'"]);
    let hole = UserField(|_: [f64; 3]| f64::NAN);
    says(refusal(Stimulation::new("s", hole, step())), &["stimulation 's'", "gid ", "NaN"]);
    says(refusal(Stimulation::new("", field(), step())), &["stimulation ''"]);
}

/// A contact inside of a soma with a clamp: the potential at its surface, and the file says so.
#[test]
fn a_contact_inside_of_a_cell_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let mut cell = common::stick(3);
    cell.insert_point("IClamp", 0, &[("amp", 0.5), ("delay", 0.0), ("dur", 1e9)]).unwrap();
    let mut network = net_core::Network::new(1);
    network.add_population(net_core::Population::new("cell", 1, "stick")).unwrap();
    let contacts = Contacts::new(vec![[0.0; 3], [10.0, 0.0, 0.0]]).unwrap();
    let electrode = RecExtElectrode {
        contacts,
        conductivity: Conductivity::default(),
        source: SourceModel::root_as_point(),
    };
    let clamp = CurrentType::Mechanism("IClamp".into());
    let recorded = |probe| ProbeRecording { currents: vec![clamp.clone()], ..probe };
    let model = Model::new(network)
        .with_cells("stick", CellKind::shared(cell))
        .with_probe(recorded(ProbeRecording::new(electrode)))
        .with_probe(recorded(ProbeRecording::new(UserMatrix {
            matrix: ndarray::Array2::ones((1, 4)),
            unit: "nA",
        })));
    let outcome = run(&model, &into_files(5.0, 1, folder.path()));
    let file = hdf5::File::open(folder.path().join("OUTPUT.h5")).unwrap();
    let raised = file.dataset("RecExtElectrode0").unwrap().attr("distances_raised").unwrap();
    let n_raised = raised.read_scalar::<u64>().unwrap();
    assert!(n_raised >= 1);
    let in_memory: Vec<_> = outcome.signals.iter().map(|signal| signal.distances_raised).collect();
    assert_eq!(in_memory, [n_raised, 0]);
    let (report, expected) =
        (outcome.report.to_string(), "radius of a segment: RecExtElectrode0\n");
    assert!(report.contains(&format!("{n_raised} distances raised to the {expected}")), "{report}");
    assert!(!report.contains("LinearModel0"), "{report}");
    let report = fs::read_to_string(folder.path().join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let expected = serde_json::json!({"RecExtElectrode0": n_raised, "LinearModel0": 0});
    assert_eq!(report["distances_raised"], expected);
    // In the middle and on the surface the potential of a point source at the radius.
    let n = outcome.signals[0].n_samples;
    let values = &outcome.signals[0].fields[0].1;
    assert!(values[n - 1] != 0.0 && (values[n - 1] / values[2 * n - 1] - 1.0).abs() < 0.05);
    // All currents of the cell are what the clamp injects, from the first sample on.
    let sums = &outcome.signals[1].fields;
    for (all, drawn) in sums[0].1.iter().zip(&sums[1].1) {
        assert!((all - 0.5).abs() < 1e-13 && (all + drawn).abs() < 1e-13, "{all} {drawn}");
    }
}

/// The onset of a clamp that is an amplifier with a large gain: nearly a mA for one step.
#[test]
fn the_onset_of_a_clamp_is_recorded() {
    let mut cell = common::stick(3);
    cell.insert_point("VClamp", 0, &[("dur1", 3.0), ("amp1", -50.0)]).unwrap();
    let mut network = net_core::Network::new(1);
    network.add_population(net_core::Population::new("cell", 1, "stick")).unwrap();
    let clamp = CurrentType::Mechanism("VClamp".into());
    let probe = ProbeRecording {
        currents: vec![clamp],
        ..ProbeRecording::new(UserMatrix { matrix: ndarray::Array2::ones((1, 4)), unit: "nA" })
    };
    let cells = CellKind::shared(cell);
    let model = Model::new(network).with_cells("stick", cells).with_probe(probe);
    let fields = &run(&model, &in_memory(5.0, 1)).signals[0].fields;
    let (membrane, drawn) = (&fields[0].1, &fields[1].1);
    assert!(membrane[0].abs() > 1e5, "{} nA at t = 0", membrane[0]);
    for (membrane, drawn) in membrane.iter().zip(drawn) {
        assert!((membrane + drawn).abs() < 1e-9 * membrane.abs().max(1.0), "{membrane} {drawn}");
    }
}

#[test]
fn unusual_networks_and_times_have_signals() {
    let folder = tempfile::tempdir().unwrap();
    for (name, sizes) in [("one", [1, 1]), ("none", [1, 0])] {
        let out = folder.path().join(name);
        let outcome = run(&with_probes(connected(1, sizes, 0.5), None), &into_files(0.0, 2, &out));
        let n_samples: Vec<_> = outcome.signals.iter().map(|signal| signal.n_samples).collect();
        assert_eq!(n_samples, [1, 0, 1, 1, 1, 1, 1]);
    }
    // Without a cell there is no field.
    let model = connected(1, [0, 0], 0.5);
    let model = model.with_probe(ProbeRecording::new(laminar(2)));
    let model = model.with_probe(ProbeRecording::new(dense(40)));
    let outcome = run(&model, &into_files(1.0, 1, &folder.path().join("empty")));
    for (signal, n_rows) in outcome.signals.iter().zip([2, 40]) {
        assert_eq!(signal.fields, [("imem".to_owned(), vec![0.0; n_rows * 41])]);
    }
}

#[test]
fn bad_probes_are_refused_with_what_to_change() {
    let refusal = |probe: ProbeRecording| {
        let model = connected(1, [4, 2], 0.5).with_probe(probe);
        let comm = Communicator::solo();
        match Simulation::build(&comm, &model, &in_memory(1.0, 1)) {
            Ok(_) => panic!("the probe was accepted"),
            Err(error) => error.to_string(),
        }
    };
    let says = |message: String, parts: &[&str]| {
        assert!(parts.iter().all(|part| message.contains(part)), "{message}: {parts:?}");
    };
    let bad = RecExtElectrode { conductivity: Conductivity::Isotropic(-0.3), ..laminar(1) };
    says(refusal(ProbeRecording::new(bad)), &["probe 'RecExtElectrode0'", "-0.3"]);
    let good = || ProbeRecording::new(laminar(1));
    let odd = ProbeRecording { interval_ms: Some(0.03), ..good() };
    says(refusal(odd), &["probe 'RecExtElectrode0': interval_ms is 0.03"]);
    let early = ProbeRecording { start_ms: 1.0, stop_ms: Some(0.5), ..good() };
    says(refusal(early), &["stop_ms is 0.5", "start_ms or later"]);
    let unknown = vec![("x".to_owned(), Targets::Population("V1".into()))];
    says(refusal(ProbeRecording { groups: unknown, ..good() }), &["'V1'", "E, I"]);
    let twice = vec![("imem".to_owned(), Targets::All)];
    says(refusal(ProbeRecording { groups: twice, ..good() }), &["'imem'", "once"]);
    says(refusal(ProbeRecording { chunk_samples: Some(0), ..good() }), &["chunk_samples is 0"]);
    let unknown = vec![CurrentType::Mechanism("nax".into())];
    says(refusal(ProbeRecording { currents: unknown, ..good() }), &["i_nax", "'nax'", "known are"]);
    let twice = [currents(), currents()].concat();
    says(refusal(ProbeRecording { currents: twice, ..good() }), &["'icap'", "once"]);
    let outside =
        RecExtElectrode { source: SourceModel::RootAsPoint { roots: vec![99] }, ..laminar(1) };
    says(refusal(ProbeRecording::new(outside)), &["gid ", "99"]);
}

/// What a network of probes is refused with.
fn refusal_of(probes: impl IntoIterator<Item = ProbeRecording>) -> String {
    let model = connected(1, [4, 2], 0.5);
    let model = probes.into_iter().fold(model, Model::with_probe);
    match Simulation::build(&Communicator::solo(), &model, &in_memory(1.0, 1)) {
        Ok(_) => panic!("the probes were accepted"),
        Err(error) => error.to_string(),
    }
}

/// Probes are named as their datasets are.
#[test]
fn names_that_no_dataset_can_have_are_refused() {
    let named = |name: &str| ProbeRecording {
        name: Some(name.to_owned()),
        ..ProbeRecording::new(laminar(2))
    };
    for name in ["a/b", "/", ".", "..", "a\0"] {
        let message = refusal_of([named(name)]);
        assert!(message.contains(&format!("probe '{name}'")), "{message}");
        assert!(message.contains("OUTPUT.h5") && message.contains("'/'"), "{message}");
    }
    assert!(refusal_of([named("")]).contains("probe ''"));
    let beside =
        refusal_of([ProbeRecording::new(laminar(2)), named("RecExtElectrode0.contacts_um")]);
    assert!(beside.contains("probe 'RecExtElectrode0.contacts_um'"), "{beside}");
    assert!(beside.contains("of the probe 'RecExtElectrode0'"), "{beside}");
    // Other points in a name are no folder.
    let model = connected(1, [4, 2], 0.5).with_probe(named("lfp.left")).with_probe(named("..."));
    let folder = tempfile::tempdir().unwrap();
    run(&model, &into_files(0.1, 1, folder.path()));
    let probes = net_io::probes::ProbeReader::open(&folder.path().join("OUTPUT.h5")).unwrap();
    assert_eq!(probes.len(), 2);
}

/// What does not fit into the header of a dataset is refused before the run; all that fits is written.
#[test]
fn more_fields_than_a_dataset_can_have_are_refused() {
    let of_groups = |n: u64| ProbeRecording {
        groups: (0..n).map(|at| (format!("g{at:05}"), Targets::Gids(vec![at % 6]))).collect(),
        ..ProbeRecording::new(CurrentDipoleMoment)
    };
    let message = refusal_of([of_groups(1092)]);
    assert!(message.contains("probe 'CurrentDipoleMoment0': found 1093 fields"), "{message}");
    assert!(message.contains("1092") && message.contains("several probes"), "{message}");
    let folder = tempfile::tempdir().unwrap();
    let model = connected(1, [4, 2], 0.5).with_probe(of_groups(1091));
    run(&model, &into_files(0.1, 1, folder.path()));
    let probes = net_io::probes::ProbeReader::open(&folder.path().join("OUTPUT.h5")).unwrap();
    assert_eq!(probes[0].fields.len(), 1092);
}

/// Parameters of many volumes are beside the signal.
#[test]
fn as_many_volumes_as_one_likes_are_described() {
    let lower = |at: u32| f64::from(at) - 3_500.0;
    let csd = LaminarCurrentSourceDensity {
        z_um: (0..7_000).map(|at| [lower(at), lower(at + 1)]).collect(),
        radius_um: vec![500.0; 7_000],
        axis_um: [0.0; 2],
    };
    let folder = tempfile::tempdir().unwrap();
    let model = connected(1, [2, 1], 0.5).with_probe(ProbeRecording::new(csd));
    run(&model, &into_files(0.1, 1, folder.path()));
    let probes = net_io::probes::ProbeReader::open(&folder.path().join("OUTPUT.h5")).unwrap();
    let upper = probes[0].numbers("z_upper_um").unwrap().unwrap();
    assert_eq!((upper.len(), upper[6_999]), (7_000, 3_500.0));
}

/// A probe with more rows than any machine holds.
#[derive(Debug)]
struct Endless;

impl Probe for Endless {
    fn class(&self) -> &'static str {
        "Endless"
    }

    fn unit(&self) -> &'static str {
        "mV"
    }

    fn n_rows(&self) -> usize {
        1 << 48
    }

    fn validate(&self) -> net_lfp::Result<()> {
        Ok(())
    }

    fn fill(
        &self,
        _: &Geometry,
        _: net_lfp::ndarray::ArrayViewMut2<f64>,
    ) -> net_lfp::Result<usize> {
        panic!("a matrix of this size was made")
    }
}

#[test]
fn matrices_beyond_the_memory_are_refused() {
    let message = refusal_of([ProbeRecording::new(laminar(2)), ProbeRecording::new(Endless)]);
    for part in ["probe 'Endless0': matrices", " GB, but the machine has ", "fewer rows"] {
        assert!(message.contains(part), "{message}");
    }
}

/// Cells of two kinds, each measured by a matrix of its own: that of its soma's current.
#[test]
fn matrices_of_cells_that_differ_are_brought_cell_by_cell() {
    // Four cells of E with 6 segments, then two of I with 7 and 8.
    let soma_of = |gid: u64, n_segments: usize| {
        let mut matrix = ndarray::Array2::zeros((1, n_segments));
        matrix[[0, 0]] = 1.0 + gid as f64;
        (gid, matrix)
    };
    let all: Vec<_> = (0..6).map(|gid| soma_of(gid, [6, 6, 6, 6, 7, 8][gid as usize])).collect();
    let of = |n: usize, others_measure_nothing| UserMatrices {
        matrices: all[6 - n..].iter().cloned().collect(),
        unit: "nA",
        others_measure_nothing,
    };
    let by_cell = |probe| ProbeRecording {
        groups: (0..6).map(|gid| (format!("cell {gid}"), Targets::Gids(vec![gid]))).collect(),
        ..ProbeRecording::new(probe)
    };
    let membrane = Recording {
        sample_type: SampleType::F64,
        ..Recording::new("soma", Targets::All, Quantity::MembraneCurrent)
    };
    let model = connected(1, [4, 2], 0.5).with_recording(membrane);
    let recorded = model.recordings().len() - 1;
    let model = model.with_probe(by_cell(of(6, false))).with_probe(by_cell(of(2, true)));
    let outcome = run(&model, &in_memory(10.0, 2));
    let [all_cells, some] = &outcome.signals[..] else { panic!("two probes") };
    for trace in outcome.traces.iter().filter(|trace| trace.recording == recorded) {
        let factor = 1.0 + trace.gid as f64;
        let (_, found) = &all_cells.fields[1 + trace.gid as usize];
        let largest = found.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
        assert!(largest > 0.0 && found.len() == trace.values.len(), "gid {}", trace.gid);
        for (found, expected) in found.iter().zip(&trace.values) {
            assert!((found - factor * expected).abs() < 1e-9 * largest, "{found} {expected}");
        }
        let expected = if trace.gid < 4 { vec![0.0; found.len()] } else { found.clone() };
        assert_eq!(some.fields[1 + trace.gid as usize].1, expected, "gid {}", trace.gid);
    }
    let message = refusal_of([ProbeRecording::new(of(2, false))]);
    assert!(message.contains("probe 'LinearModel0'"), "{message}");
    assert!(message.contains("no matrix for the cell with gid"), "{message}");
}
