//! The small circuits in the repository, value by value.

mod common;

use std::path::PathBuf;

use net_sonata::config::*;
use net_sonata::*;

fn named(name: &str) -> NodeSelector {
    NodeSelector::Named(name.to_owned())
}

fn open(file: &str) -> (SimulationConfig, Circuit) {
    let config = SimulationConfig::load(&common::data(file)).unwrap_or_else(|e| panic!("{e}"));
    let circuit = Circuit::open(&config).unwrap_or_else(|e| panic!("{e}"));
    (config, circuit)
}

/// Ids of a node set in one population.
fn ids(circuit: &Circuit, set: &str, population: usize) -> Vec<u64> {
    let selections = circuit.select(&named(set)).unwrap_or_else(|e| panic!("{e}"));
    selections[population].iter().collect()
}

#[test]
fn nothing_is_found_in_good_circuits() {
    let found = validate(&common::data("allen/config.json"));
    assert!(found.report.findings.is_empty(), "{found}");
    assert_eq!(found.nodes[1], ("v1".to_owned(), "biophysical", 4, 4));
    // One population is without an index on purpose.
    let found = validate(&common::data("obi/simulation_config.json"));
    let [only] = found.report.findings.as_slice() else { panic!("{found}") };
    assert_eq!(
        (only.severity, only.at.as_str()),
        (Severity::Warning, "edges.A__B__chemical.indices")
    );
    assert_eq!(found.edges[0], ("A__A__chemical".to_owned(), 7));
}

#[test]
fn keys_of_a_simulation() {
    let (config, _) = open("obi/simulation_config.json");
    assert_eq!(config.flavor, Flavor::Obi);
    assert_eq!((config.run.tstop_ms, config.run.dt_ms, config.run.random_seed), (20.0, 0.1, 7));
    assert_eq!((config.run.stimulus_seed, config.run.minis_seed), (3, 0));
    assert_eq!(config.run.integration, Integration::CrankNicolson);
    assert_eq!(config.run.spike_threshold_mv, -30.0);
    let conditions = &config.conditions;
    assert_eq!((conditions.celsius, conditions.v_init_mv), (35.0, -70.0));
    assert_eq!(conditions.extracellular_calcium_mm, Some(1.05));
    assert_eq!(conditions.spike_location, SpikeLocation::AxonInitialSegment);
    let global = |name: &str| ("ProbAMPANMDA_EMS".to_owned(), name.to_owned(), 1.0);
    assert_eq!(conditions.mechanisms, [global("init_depleted"), global("minis_single_vesicle")]);
    assert_eq!(conditions.modifications[0].kind, ModificationKind::Ttx);
    assert_eq!(
        conditions.modifications[1].target,
        ModificationTarget::CompartmentSet("tufts".to_owned())
    );
    let [step, noise, spikes] = config.inputs.as_slice() else { panic!("{:?}", config.inputs) };
    assert_eq!(step.kind, InputKind::Linear { scale: Scale::Absolute, start: 0.1, end: 0.1 });
    assert_eq!((step.delay_ms, step.duration_ms), (1.0, 5.0));
    let moments = Moments { scale: Scale::Percent, mean: 80.0, sigma: 10.0 };
    let kind = InputKind::OrnsteinUhlenbeck {
        tau_ms: 2.7,
        moments,
        dt_ms: 0.25,
        reversal_mv: 0.0,
        random_seed: None,
    };
    assert_eq!(noise.kind, kind);
    assert!(noise.represents_physical_electrode && !step.represents_physical_electrode);
    assert_eq!(noise.target, InputTarget::CompartmentSet("tufts".to_owned()));
    assert_eq!(spikes.input_type, InputType::Spikes);
    let [soma, current, tuft] = config.reports.as_slice() else { panic!("{:?}", config.reports) };
    assert_eq!((soma.sections, soma.compartments), (Sections::SOMA, Compartments::Center));
    assert_eq!((soma.scaling, soma.unit.as_str()), (Scaling::Area, "mV"));
    assert_eq!(soma.file_name, PathBuf::from("soma.h5"));
    assert_eq!(current.variables, ["i_membrane", "IClamp"]);
    assert_eq!((current.compartments, current.enabled), (Compartments::All, false));
    assert_eq!(current.file_name, PathBuf::from("currents.h5"));
    assert_eq!(current.target, ReportTarget::Cells(None));
    assert_eq!((tuft.kind, tuft.start_time_ms), (ReportKind::CompartmentSet, 5.0));
    let [minis, late] = config.connection_overrides.as_slice() else { panic!() };
    assert_eq!((minis.weight, minis.spont_minis_hz, minis.delay_ms), (Some(0.5), Some(0.1), 0.0));
    assert_eq!((late.weight, late.delay_ms), (Some(0.0), 10.0));
    assert_eq!(config.output.spikes_file, "all.h5");
    assert_eq!(config.output.spikes_sort_order, SpikeSorting::ById);
    assert!(config.output.output_dir.ends_with("sonata/obi/output"));
}

/// BMTK takes lists of kinds of sections, libsonata one kind.
#[test]
fn reports_of_lists_of_sections() {
    let allen = common::data("allen/config.simulation.json");
    let text = std::fs::read_to_string(&allen).unwrap();
    let circuit = common::data("allen/config.circuit.json");
    let network = format!("{{\"network\": {:?},", circuit.display().to_string());
    let text = text.replacen('{', &network, 1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("simulation.json");
    let soma_and_dendrites = Sections::SOMA.and(Sections::DEND);
    for (sections, expected) in [
        (r#"["somatic", "dend"]"#, soma_and_dendrites),
        (r#"["soma"]"#, Sections::SOMA),
        (r#"["axon", "all"]"#, Sections::ALL),
        ("[]", Sections::ALL),
    ] {
        std::fs::write(&path, text.replace("\"soma\"", sections)).unwrap();
        let config = SimulationConfig::load(&path).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(config.reports[0].sections, expected, "{sections}");
    }
    std::fs::write(&path, text.replace("\"soma\"", r#"["soma", "spine"]"#)).unwrap();
    let found = validate(&path).to_string();
    assert!(
        found.contains("reports.v.sections: found \"spine\", expected one of: soma"),
        "{found}"
    );

    let has = |section| soma_and_dendrites.have(section);
    assert!(has("soma[0]") && has("dend[12]") && !has("apic[0]") && !has("myelin[0]"));
    assert!(Sections::ALL.have("myelin[0]"));

    let obi = std::fs::read_to_string(common::data("obi/simulation_config.json")).unwrap();
    let circuit = common::data("obi/circuit_config.json");
    let obi = obi.replacen("circuit_config.json", circuit.to_str().unwrap(), 1).replacen(
        "\"sections\": \"all\"",
        "\"sections\": [\"all\"]",
        1,
    );
    std::fs::write(&path, obi).unwrap();
    let found = validate(&path).to_string();
    assert!(found.contains("reports.current.sections: found a list"), "{found}");
}

#[test]
fn node_sets_select() {
    let (_, circuit) = open("obi/simulation_config.json");
    let names: Vec<&str> = circuit.nodes().iter().map(NodePopulation::name).collect();
    assert_eq!(names, ["A", "B", "in"]);
    assert_eq!(ids(&circuit, "Excitatory", 0), [0, 2, 4, 5]);
    assert_eq!(ids(&circuit, "Inhibitory", 0), [1, 3]);
    assert_eq!(ids(&circuit, "All", 0), [0, 1, 2, 3, 4, 5]);
    assert_eq!(ids(&circuit, "All", 1), [0_u64; 0]);
    // The simulation's definition wins: only population A.
    assert_eq!(ids(&circuit, "Layer2", 0), [2, 3]);
    assert_eq!(ids(&circuit, "Layers", 0), [0, 1, 4, 5]);
    assert_eq!(ids(&circuit, "Layers", 1), [0, 1]);
    assert_eq!(ids(&circuit, "PC", 0), [0, 2]);
    assert_eq!(ids(&circuit, "PC", 1), [0]);
    assert_eq!(ids(&circuit, "Strong", 0), [2, 3, 4]);
    assert_eq!(ids(&circuit, "Strong", 1), [0_u64; 0]);
    assert_eq!(ids(&circuit, "Deep", 0), [2, 3, 4, 5]);
    assert_eq!(ids(&circuit, "Some", 0), [0, 1, 5]);
    assert_eq!(ids(&circuit, "Some", 1), [0, 1]);
    assert_eq!((ids(&circuit, "Either", 0), ids(&circuit, "Either", 1)), (vec![2, 3], vec![0]));
    assert_eq!(ids(&circuit, "Both", 0), [2, 4, 5]);
    assert_eq!(ids(&circuit, "Everything", 2), [0, 1, 2]);
    // `population:name`, unless a set has that very name.
    assert_eq!(ids(&circuit, "A:Layers", 0), [0, 1, 4, 5]);
    assert_eq!(ids(&circuit, "A:Layers", 1), [0_u64; 0]);
    assert_eq!(ids(&circuit, "Probe:0", 0), [0]);
    assert!(matches!(circuit.select(&named("Mosaic")), Err(Error::Unknown { .. })));
}

#[test]
fn gids_and_attributes() {
    let (_, circuit) = open("obi/simulation_config.json");
    assert_eq!(circuit.population_offsets(), "A::0::A\nB::1000::B\nin::2000::virtual\n");
    let [a, b, input] = circuit.nodes() else { panic!() };
    assert_eq!((a.kind(), input.kind()), (NodeKind::Biophysical, NodeKind::Virtual));
    assert_eq!((a.simulated().len(), b.simulated().len(), input.simulated().len()), (6, 2, 0));
    let range = 2..4;
    let ranges = std::slice::from_ref(&range);
    let text = |text: &str| Value::Text(text.into());
    assert_eq!(a.values("synapse_class", ranges).unwrap(), [text("EXC"), text("INH")]);
    assert_eq!(a.values("layer", ranges).unwrap(), [Value::Integer(2), Value::Integer(2)]);
    assert_eq!(a.numbers("dynamics_params/threshold_current", ranges).unwrap(), [0.3, 0.4]);
    assert_eq!(b.values("synapse_class", &[0..2, 1..2]).unwrap(), vec![Value::Missing; 3]);
    assert!(a.has_attribute("mtype") && !input.has_attribute("mtype"));
    // The last 12 bits of MD5("A") = 7fc56270..., bytes in file order.
    assert_eq!(a.stream_id(), ((0xc5 & 15) << 8) + 0x7f);
}

/// Edges of chosen targets in small batches: the same as all at once, and as the index says.
#[test]
fn afferent_edges() {
    let (_, circuit) = open("obi/simulation_config.json");
    let names: Vec<&str> = circuit.edges().iter().map(EdgePopulation::name).collect();
    // Within a population first, then in the file's order.
    assert_eq!(names, ["A__A__chemical", "A__B__chemical", "in__A__chemical", "A__A__electrical"]);
    let edges = &circuit.edges()[0];
    assert_eq!(edges.location_form(), LocationForm::Position);
    let targets = Selection::from_ids(vec![5, 0, 4]);
    let whole: Vec<EdgeBatch> =
        edges.afferent(&targets, 1000).unwrap().collect::<Result<_>>().unwrap();
    assert_eq!(whole.len(), 1);
    let batch = &whole[0];
    assert_eq!(batch.edges, [0, 1, 4, 5, 6]);
    assert_eq!(batch.targets, [0, 0, 0, 5, 5]);
    assert_eq!(batch.sources, [1, 2, 5, 4, 4]);
    assert_eq!(batch.synapse_ids, [0, 1, 2, 0, 1]);
    // Kept as Neurodamus keeps them, in single precision.
    let single = |value: f64| f64::from(value as f32);
    assert_eq!(batch.column("conductance").unwrap(), [0.1, 1.1, 4.1, 5.1, 6.1].map(single));
    assert_eq!(batch.column("delay").unwrap(), [1.0, 1.25, 2.0, 2.25, 2.5]);
    assert_eq!(batch.column("syn_type_id").unwrap(), [8.0, 113.0, 8.0, 113.0, 8.0]);
    assert_eq!(batch.column("u_hill_coefficient").unwrap(), [-1.0; 5]);
    assert_eq!(batch.column("section_id").unwrap(), [0.0, 1.0, 1.0, 2.0, 0.0]);
    assert_eq!(batch.column("no such"), None);
    let small: Vec<EdgeBatch> =
        edges.afferent(&targets, 1).unwrap().collect::<Result<_>>().unwrap();
    assert_eq!(small.iter().map(EdgeBatch::len).collect::<Vec<_>>(), [3, 2]);
    let joined: Vec<u64> = small.iter().flat_map(|batch| batch.edges.clone()).collect();
    assert_eq!(joined, batch.edges);
}

#[test]
fn edges_without_an_index_and_by_segments() {
    let (_, circuit) = open("obi/simulation_config.json");
    let edges = &circuit.edges()[1];
    assert_eq!(edges.location_form(), LocationForm::SegmentOffset);
    let batches: Vec<EdgeBatch> =
        edges.afferent(&Selection::all(2), 1000).unwrap().collect::<Result<_>>().unwrap();
    assert_eq!(batches[0].edges, [1, 0, 2]);
    assert_eq!(batches[0].synapse_ids, [0, 0, 1]);
    assert_eq!(batches[0].column("segment_id").unwrap(), [3.0, 0.0, 4.0]);
    assert_eq!(batches[0].column("segment_offset").unwrap(), [1.0, 0.0, 2.0]);
}

#[test]
fn spikes_to_replay() {
    let file = common::data("obi/spikes.h5");
    let trains = SpikeTrains::load(&file, WaveformFormat::H5, None).unwrap();
    assert_eq!((trains.len(), trains[0].population.as_deref()), (1, Some("in")));
    assert_eq!((trains[0].node_ids(), trains[0].n_spikes()), ([0, 2].as_slice(), 3));
    assert_eq!(trains[0].times_ms(2), [1.0, 2.5]);
    assert_eq!(trains[0].times_ms(1), [0.0; 0]);
    let old =
        SpikeTrains::load(&common::data("allen/lgn_spikes.h5"), WaveformFormat::H5, None).unwrap();
    assert_eq!((old[0].population.clone(), old[0].times_ms(1)), (None, [1.0, 5.0].as_slice()));
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("spikes.csv");
    std::fs::write(&csv, "timestamps population node_ids\n2.5 lgn 1\n0.5 lgn 1\n").unwrap();
    let trains = SpikeTrains::load(&csv, WaveformFormat::Csv, None).unwrap();
    assert_eq!(trains[0].times_ms(1), [0.5, 2.5]);
}

#[test]
fn spikes_of_trials_in_nwb_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spikes.nwb");
    let file = hdf5::File::create(&path).unwrap();
    let train = |trial: &str, node: u64, times_ms: &[f64]| {
        let group = file.create_group(&format!("processing/{trial}/spike_train/{node}")).unwrap();
        group.new_dataset_builder().with_data(times_ms).create("data").unwrap();
    };
    train("trial_0", 1, &[7.5, 0.5]);
    train("trial_0", 10, &[]);
    let load = |trial| SpikeTrains::load(&path, WaveformFormat::Nwb, trial);
    assert_eq!(load(None).unwrap()[0].times_ms(1), [0.5, 7.5]);
    train("trial_1", 1, &[2.0]);
    assert_eq!(load(Some("trial_1")).unwrap()[0].times_ms(1), [2.0]);
    let error = load(None).unwrap_err().to_string();
    assert!(error.contains("trial_0, trial_1") && error.contains("`trial`"), "{error}");
    assert!(load(Some("trial_7")).unwrap_err().to_string().contains("trial_7"));
}

#[test]
fn allen_configuration() {
    let (config, circuit) = open("allen/config.json");
    assert_eq!(config.flavor, Flavor::Allen);
    assert!(config.path.ends_with("config.simulation.json"));
    assert_eq!((config.run.dl_um, config.run.spike_threshold_mv), (30.0, -15.0));
    assert_eq!((config.run.random_seed, config.run.nsteps_block), (0, 5000));
    let [spikes, clamp] = config.inputs.as_slice() else { panic!() };
    assert!(matches!(&spikes.kind, InputKind::SpikeFile { format: WaveformFormat::H5, .. }));
    let InputKind::IClamp { amps_na, delays_ms, section, .. } = &clamp.kind else { panic!() };
    assert_eq!((amps_na.as_slice(), delays_ms.as_slice()), (&[0.1, 0.2][..], &[10.0, 50.0][..]));
    assert_eq!((section.section_name.as_str(), section.section_dist), ("soma", 0.5));
    let report = &config.reports[0];
    assert_eq!((report.kind, report.dt_ms, report.end_time_ms), (ReportKind::Membrane, 0.1, 100.0));
    assert_eq!(report.variables, ["v", "cai"]);
    // Gids are counted through the populations in the files' order.
    let [lgn, v1] = circuit.nodes() else { panic!() };
    assert_eq!((lgn.first_gid(), v1.first_gid(), lgn.kind()), (0, 2, NodeKind::Virtual));
    let ReportTarget::Cells(Some(cells)) = &report.target else { panic!() };
    let selected = circuit.select(cells).unwrap();
    assert_eq!((selected[0].len(), selected[1].iter().collect::<Vec<_>>()), (0, vec![0, 1]));
    let InputTarget::NodeSet(excitatory) = &clamp.target else { panic!() };
    assert_eq!(circuit.select(excitatory).unwrap()[1].iter().collect::<Vec<_>>(), [0, 1]);
    assert_eq!(ids(&circuit, "point", 1), [2, 3]);
    assert_eq!((ids(&circuit, "v1", 1).len(), ids(&circuit, "all", 0).len()), (4, 2));
}

#[test]
fn groups_and_types() {
    let (_, circuit) = open("allen/config.json");
    let v1 = &circuit.nodes()[1];
    let all = 0..4;
    let all = std::slice::from_ref(&all);
    assert_eq!(v1.numbers("x", all).unwrap(), [0.0, 10.0, 20.0, 30.0]);
    let tuning = v1.numbers("tuning_angle", all).unwrap();
    assert_eq!((tuning[0], tuning[3]), (45.0, 90.0));
    assert!(tuning[1].is_nan() && tuning[2].is_nan());
    let kinds = v1.node_kinds(all).unwrap();
    assert_eq!(kinds[1..3], [NodeKind::Biophysical, NodeKind::PointNeuron]);
    assert_eq!(v1.values("pop_name", all).unwrap()[0], Value::Text("the first".into()));
    assert_eq!(v1.values("pop_name", all).unwrap()[2], Value::Missing);
    assert_eq!(v1.numbers("rotation_angle_zaxis", all).unwrap()[0], -3.5);
    let edges = &circuit.edges()[0];
    assert_eq!((edges.kind(), edges.location_form()), (EdgeKind::Allen, LocationForm::None));
    let batches: Vec<EdgeBatch> =
        edges.afferent(&Selection::all(4), 100).unwrap().collect::<Result<_>>().unwrap();
    let batch = &batches[0];
    assert_eq!(
        (batch.targets.as_slice(), batch.sources.as_slice()),
        (&[0, 0, 2, 3][..], &[0, 1, 0, 1][..])
    );
    // From the file, else from the types, else the default.
    assert_eq!(batch.column("nsyns").unwrap(), [5.0, 3.0, 6.0, 3.0]);
    assert_eq!(batch.column("syn_weight").unwrap(), [0.001, 0.5, 0.002, 0.25]);
    assert_eq!(batch.column("delay").unwrap(), [2.0, 2.0, 1.5, 2.0]);
    let types = edges.types().unwrap();
    assert_eq!(types.get(1, "target_sections"), &Value::Text("['basal', 'apical']".into()));
    assert_eq!(types.get(2, "model_template"), &Value::Missing);
}

/// What BMTK's own examples have: groups of edges with and without a place on their target, positions
/// as a matrix, a file that is switched off, node sets by gid, spikes of nodes that are not there.
#[test]
fn habits_of_bmtk() {
    let (folder, from) = (tempfile::tempdir().unwrap(), common::data("allen"));
    for entry in std::fs::read_dir(&from).unwrap() {
        let from = entry.unwrap().path();
        if from.is_file() {
            std::fs::write(
                folder.path().join(from.file_name().unwrap()),
                std::fs::read(from).unwrap(),
            )
            .unwrap();
        }
    }
    let file = |name: &str| folder.path().join(name);
    let change = |name: &str, from: &str, to: &str| {
        let text = std::fs::read_to_string(file(name)).unwrap();
        assert!(text.contains(from), "{name}");
        std::fs::write(file(name), text.replacen(from, to, 1)).unwrap();
    };
    let edges = hdf5::File::open_rw(file("lgn_v1_edges.h5")).unwrap();
    let group = edges.group("edges/lgn_to_v1/1").unwrap();
    group.new_dataset_builder().with_data(&[0_i64, 2]).create("afferent_section_id").unwrap();
    group.new_dataset_builder().with_data(&[0.5, 0.25]).create("afferent_section_pos").unwrap();
    edges.close().unwrap();
    let nodes = hdf5::File::open_rw(file("v1_nodes.h5")).unwrap();
    let group = nodes.group("nodes/v1/1").unwrap();
    group.unlink("x").unwrap();
    let positions = ndarray::arr2(&[[10.0, 1.0, 2.0], [20.0, 3.0, 4.0]]);
    group.new_dataset_builder().with_data(&positions).create("positions").unwrap();
    group.new_dataset_builder().with_data(&positions).create("rotations").unwrap();
    nodes.close().unwrap();
    let spikes = hdf5::File::open_rw(file("lgn_spikes.h5")).unwrap();
    let group = spikes.group("spikes").unwrap();
    let times: Vec<f64> = group.dataset("timestamps").unwrap().read_raw().unwrap();
    group.unlink("timestamps").unwrap();
    group.unlink("gids").unwrap();
    let own = group.create_group("lgn").unwrap();
    own.new_dataset_builder().with_data(&times).create("timestamps").unwrap();
    own.new_dataset_builder().with_data(&[1_u64, 99]).create("node_ids").unwrap();
    spikes.close().unwrap();
    let components = from.join("components").to_str().unwrap().to_owned();
    let circuit = std::fs::read_to_string(file("config.circuit.json")).unwrap();
    std::fs::write(
        file("config.circuit.json"),
        circuit.replace("$NET/components", &components).replacen(
            "\"edges\": [{",
            "\"edges\": [{\"enabled\": false, \"edges_file\": \"none.h5\"}, {\"name\": \"in\", ",
            1,
        ),
    )
    .unwrap();
    let sets = "\"node_sets\": {";
    change("config.simulation.json", sets, &format!("{sets}\"some\": [2, 4], "));

    let found = validate(&file("config.json"));
    let [only] = found.report.findings.as_slice() else { panic!("{found}") };
    assert_eq!((only.severity, only.at.as_str()), (Severity::Warning, "spikes.lgn.node_ids"));
    let config = SimulationConfig::load(&file("config.json")).unwrap();
    let circuit = Circuit::open(&config).unwrap();
    assert_eq!(ids(&circuit, "some", 1), [0, 2]);
    let all = 0..4;
    let all = std::slice::from_ref(&all);
    let v1 = &circuit.nodes()[1];
    assert_eq!(v1.numbers("x", all).unwrap(), [0.0, 10.0, 20.0, 30.0]);
    assert_eq!(v1.numbers("z", all).unwrap()[1..3], [2.0, 4.0]);
    let edges = &circuit.edges()[0];
    let batch = edges.afferent(&Selection::all(4), 100).unwrap().next().unwrap().unwrap();
    let sections = batch.column("section_id").unwrap();
    assert!(sections[0].is_nan() && sections[2].is_nan(), "{sections:?}");
    assert_eq!((sections[1], batch.column("section_pos").unwrap()[3]), (0.0, 0.25));
}

/// A circuit with glia of which the neurons are chosen: its edges are read, its nodes cost nothing.
#[test]
fn glia() {
    let found = validate(&common::data("glia/simulation_config.json"));
    let [only] = found.report.findings.as_slice() else { panic!("{found}") };
    assert_eq!((only.severity, only.at.as_str()), (Severity::Warning, "edges.Astro__Astro"));
    let (_, circuit) = open("glia/simulation_config.json");
    let kinds = |p: &NodePopulation| (p.name().to_owned(), p.kind(), p.simulated().len());
    let nodes: Vec<_> = circuit.nodes().iter().map(kinds).collect();
    let expected = [
        ("Astro", NodeKind::Astrocyte, 0),
        ("N", NodeKind::Biophysical, 2),
        ("vessels", NodeKind::Vasculature, 0),
    ];
    assert_eq!(nodes, expected.map(|(name, kind, n)| (name.to_owned(), kind, n)));
    assert_eq!(circuit.population_offsets(), "Astro::0::Astro\nN::1000::N\n");
    let read = |name: &str, n: u64| {
        let edges = circuit.edges().iter().find(|edges| edges.name() == name).unwrap();
        let batch = edges.afferent(&Selection::all(n), 10).unwrap().next().unwrap().unwrap();
        (batch.sources.clone(), batch)
    };
    let (astrocytes, synapses) = read("Astro__N", 2);
    assert_eq!(astrocytes, [1, 0, 0]);
    assert_eq!(synapses.column("synapse_id").unwrap(), [1.0, 0.0, 2.0]);
    assert_eq!(synapses.column("astrocyte_section_id").unwrap(), [1.0, 3.0, 0.0]);
    let (vessels, endfeet) = read("vessels__Astro", 2);
    assert_eq!(vessels, [2, 0, 1]);
    assert_eq!(endfeet.column("endfoot_compartment_diameter").unwrap(), [5.0, 4.0, 3.0]);
    // What astrocytes are made from, and what they hear.
    let endfeet = circuit.endfeet(0, &(0..2)).unwrap();
    assert_eq!(endfeet.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    let links = circuit.edges().iter().find(|edges| edges.name() == "Astro__N").unwrap();
    let synapses = circuit.heard_edges(links).map(|at| circuit.edges()[at].name().to_owned());
    assert_eq!(synapses.as_deref(), Some("N__N"));
    let heard = |direction, node: u64| -> Vec<(u64, u64, u64, u32)> {
        let all = links.heard_synapses(direction, &Selection::from_ids(vec![node])).unwrap();
        all.iter().map(|h| (h.astrocyte, h.neuron, h.synapse, h.section)).collect()
    };
    // By the index, and, as there is none by neuron, by a pass over all.
    assert_eq!(heard(Direction::Efferent, 0), [(0, 1, 0, 3), (0, 1, 2, 0)]);
    assert_eq!(heard(Direction::Afferent, 0), [(1, 0, 1, 1)]);
    assert_eq!(heard(Direction::Afferent, 1), [(0, 1, 0, 3), (0, 1, 2, 0)]);
}
