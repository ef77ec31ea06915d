//! Recordings of weights: of which connections, and what plasticity makes of them.

mod common;

use std::collections::BTreeMap;

use common::{connected, in_memory, into_files, stick};
use net_core::*;
use net_io::merge::RunReader;
use net_io::store::RunDirectory;
use net_io::tables::ConnectionsFile;
use net_sim::*;

const DT_MS: f64 = 0.025;

fn run(model: &Model, tstop_ms: f64) -> Outcome {
    let comm = net_mpi::Communicator::solo();
    Simulation::build(&comm, model, &in_memory(tstop_ms, 2)).unwrap().run().unwrap()
}

/// Weights of the connections of a network, which nothing changes, are those of its table, of cable
/// cells and of point neurons: chosen by target, source and segment.
#[test]
fn recorded_weights_are_those_of_the_connections() {
    let folder = tempfile::tempdir().unwrap();
    let comm = net_mpi::Communicator::solo();
    let sources = || Targets::Slice { population: "E".into(), start: 2, stop: 19, step: 3 };
    let of = |name: &str, targets, projection: &str| Recording {
        interval_ms: Some(1.0),
        sources: sources(),
        ..Recording::of_weights(name, targets, projection)
    };
    let near = Recording {
        segments: Segments::Indices(vec![0, 1]),
        ..of("near", Targets::Population("I".into()), "E:I")
    };
    let cables = connected(5, [20, 6], 0.5)
        .with_recording(of("some", Targets::Gids(vec![20, 22, 25]), "E:I"))
        .with_recording(near);
    let points = common::points::mixed(9, 0.5)
        .with_recording(of("some", Targets::Population("I".into()), "E:I"))
        .with_recording(of("near", Targets::Population("C".into()), "E:C"));
    for (number, (model, [some, near])) in
        [(cables, ["E:I", "E:I"]), (points, ["E:I", "E:C"])].into_iter().enumerate()
    {
        let directory = folder.path().join(number.to_string());
        let options = into_files(3.0, 2, &directory);
        Simulation::build(&comm, &model, &options).unwrap().run().unwrap();
        let table = ConnectionsFile::open(&directory.join(RunDirectory::CONNECTIONS)).unwrap();
        let reader = RunReader::open(&RunDirectory::open(&directory).unwrap()).unwrap();
        for (name, projection) in [("some", some), ("near", near)] {
            let at = reader.manifest().signals.iter().position(|s| s.name == name).unwrap();
            let signal = reader.manifest().signals[at].clone();
            let device = signal.device.unwrap();
            assert_eq!(
                (signal.variable.as_str(), device.kind.as_str()),
                ("weight", "weight_recorder")
            );
            let table_of = table.projections().iter().find(|p| p.name == projection).unwrap();
            assert_eq!(signal.units, table_of.weight_units);
            let is_recorded = |gid: u64, source: u64, segment: u32| {
                (2..19).contains(&source)
                    && (source - 2).is_multiple_of(3)
                    && match (number, name) {
                        (0, "some") => [20, 22, 25].contains(&gid),
                        (0, _) => segment < 2,
                        _ => true,
                    }
            };
            let mut expected: Vec<(u64, u64, u32, u64)> = (table.read(projection).unwrap().iter())
                .map(|s| (s.gid, s.pre_gid, s.segment.unwrap(), s.weight.to_bits()))
                .filter(|&(gid, source, segment, _)| is_recorded(gid, source, segment))
                .collect();
            expected.sort_unstable();
            let samples = reader.signal(at).unwrap();
            let mut found = Vec::new();
            for (row, column) in samples.columns().iter().enumerate() {
                let values: Vec<f64> = samples.read(row..row + 1, 0..samples.n_samples()).unwrap();
                assert_eq!(values.len(), 4);
                assert!(values.iter().all(|value| *value == values[0]));
                let source = samples.source(row).unwrap();
                found.push((column.gid, source, column.segment, values[0].to_bits()));
            }
            found.sort_unstable();
            assert!(!found.is_empty());
            assert_eq!(found, expected, "{name} of {number}");
        }
    }
}

/// Numbers of a rule of pairs: `A+`, `A-`, `tau+`, `tau-` in ms, and bounds of weights.
struct Pairs {
    plus: f64,
    minus: f64,
    tau_plus_ms: f64,
    tau_minus_ms: f64,
    bounds: [f64; 2],
}

/// The weight after events and spikes up to each of some times: the sum over all pairs before it,
/// each with its exponential, as the papers write it, bounded after every event. Where both happen at
/// one time the event comes first, and sees no spike of this time.
fn weights_of_pairs(
    rule: &Pairs,
    start: f64,
    (events_ms, spikes_ms): (&[f64], &[f64]),
    times_ms: impl Iterator<Item = f64>,
) -> Vec<f64> {
    let mut all: Vec<(f64, bool)> = events_ms.iter().map(|&t| (t, false)).collect();
    all.extend(spikes_ms.iter().map(|&t| (t, true)));
    all.sort_by(|a, b| f64::total_cmp(&a.0, &b.0).then(a.1.cmp(&b.1)));
    let mut weights = Vec::new();
    let mut weight = start;
    for &(t, is_spike) in &all {
        let pairs = |others: &[f64], tau_ms: f64, with_now: bool| -> f64 {
            let before = others.iter().filter(|&&o| o < t || with_now && o == t);
            before.map(|o| (-(t - o) / tau_ms).exp()).sum()
        };
        weight += match is_spike {
            true => rule.plus * pairs(events_ms, rule.tau_plus_ms, true),
            false => -rule.minus * pairs(spikes_ms, rule.tau_minus_ms, false),
        };
        weight = weight.clamp(rule.bounds[0], rule.bounds[1]);
        weights.push((t, weight));
    }
    times_ms
        .map(|t| weights.iter().take_while(|(at, _)| *at < t).last().map_or(start, |(_, w)| *w))
        .collect()
}

fn times(list: &[f64]) -> SpikeSource {
    SpikeSource::Times(list.to_vec())
}

fn table(name: &str, mechanism: &str, rows: Vec<(u64, f64, SpikeSource)>) -> Input {
    let row = |(gid, weight, source)| InputRow { gid, segment: 0, weight, source };
    Input {
        name: name.into(),
        synapse: SynapseKind { mechanism: mechanism.into(), parameters: [].into() },
        delay_ms: 0.0,
        synapses: InputSynapses::Table(std::sync::Arc::new(InputTable::new(
            rows.into_iter().map(row).collect(),
        ))),
    }
}

fn spikes_of(outcome: &Outcome, gid: u64) -> Vec<u64> {
    outcome.spikes.iter().filter(|spike| spike.gid == gid).map(|spike| spike.step).collect()
}

/// Neurons that repeat what they get: `times_ms` of each.
fn parrots(network: &mut Network, times_ms: &[Vec<f64>]) -> Input {
    let size = times_ms.len() as u64;
    network.add_population(Population::new("pre", size, "parrot")).unwrap();
    let rows = (0..).zip(times_ms).map(|(gid, list)| (gid, 1.0, times(list))).collect();
    table("pre", "spike", rows)
}

#[test]
fn weights_of_point_neurons_learn_as_the_rule_of_pairs_says() {
    let pre = vec![vec![2.0, 11.0, 12.0, 30.5, 41.0], vec![5.0, 5.5, 33.0], vec![]];
    let post = [4.0, 10.0, 12.3, 25.0, 32.0, 40.0, 41.5];
    let mut network = Network::new(1);
    let input = parrots(&mut network, &pre);
    network.add_population(Population::new("post", 1, "post")).unwrap();
    let rule = Pairs {
        plus: 0.03 * 0.6,
        minus: 0.05 * 0.6,
        tau_plus_ms: 8.0,
        tau_minus_ms: 15.0,
        bounds: [0.0, 0.6],
    };
    let parameters = [
        ("A_plus", 0.03),
        ("A_minus", 0.05),
        ("tau_plus", rule.tau_plus_ms),
        ("tau_minus", rule.tau_minus_ms),
        ("w_max", rule.bounds[1]),
    ];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value)).into();
    network
        .add_projection(Projection {
            weight: Distribution::Uniform { low: 0.02, high: 0.59 },
            delay: Distribution::Uniform { low: 0.5, high: 3.0 },
            synapse: SynapseKind { mechanism: "STDP:delta".into(), parameters },
            ..Projection::new("pre", "post", "STDP:delta")
        })
        .unwrap();
    let model = Model::new(network)
        .with_cells("parrot", CellKind::point(PointNeuron::new("parrot_neuron").unwrap()))
        .with_cells("post", CellKind::point(PointNeuron::new("iaf_psc_delta").unwrap()))
        .with_input(input)
        .with_input(table("post", "delta", vec![(3, 100.0, times(&post))]))
        .with_recording(Recording::of_weights("w", Targets::Population("post".into()), "pre:post"));
    let of = |name: &str, variable: &str| Recording {
        sample_type: SampleType::F64,
        ..Recording::of_projection(name, Targets::All, ("pre:post", "STDP:delta", variable))
    };
    let model = model.with_recording(of("x", "x")).with_recording(of("y", "y"));
    let outcome = run(&model, 50.0);
    let spikes = spikes_of(&outcome, 3);
    assert!(spikes.len() >= 5);
    assert_eq!(outcome.traces.len(), 9);
    let directory = tempfile::tempdir().unwrap();
    let comm = net_mpi::Communicator::solo();
    let options = into_files(0.1, 1, &directory.path().join("run"));
    Simulation::build(&comm, &model, &options).unwrap().run().unwrap();
    let file = directory.path().join("run").join(RunDirectory::CONNECTIONS);
    let synapses = ConnectionsFile::open(&file).unwrap().read("pre:post").unwrap();
    // All in steps: events of a step come before its spikes.
    let ms = |steps: &[u64]| steps.iter().map(|&step| step as f64 * DT_MS).collect::<Vec<f64>>();
    for (trace, synapse) in outcome.traces.iter().zip(&synapses) {
        assert_eq!(trace.values[0], synapse.weight);
        let delay = (synapse.delay_ms / DT_MS).round() as u64;
        let events: Vec<u64> =
            spikes_of(&outcome, synapse.pre_gid).iter().map(|step| step + delay).collect();
        assert_eq!(events.len(), pre[synapse.pre_gid as usize].len());
        let samples = (0..trace.values.len()).map(|step| step as f64 * DT_MS);
        let expected =
            weights_of_pairs(&rule, synapse.weight, (&ms(&events), &ms(&spikes)), samples);
        for (step, (found, expected)) in trace.values.iter().zip(&expected).enumerate() {
            assert!((found - expected).abs() < 1e-12, "step {step}: {found} {expected}");
        }
        let has_learned = trace.values.last() != trace.values.first();
        assert_eq!(has_learned, !events.is_empty());
        // Traces are sums of exponentials.
        let named = |recording: usize| {
            let mut all = outcome.traces.iter();
            &all.find(|t| t.recording == recording && t.label == trace.label).unwrap().values
        };
        let sum = |of: &[u64], step: u64, tau_ms: f64| -> f64 {
            let before = of.iter().filter(|at| **at < step);
            before.map(|at| (-((step - at) as f64) * DT_MS / tau_ms).exp()).sum()
        };
        for step in (0..=2000).step_by(7) {
            let x = rule.plus * sum(&events, step, rule.tau_plus_ms);
            let y = -rule.minus * sum(&spikes, step, rule.tau_minus_ms);
            let (found_x, found_y) = (named(1)[step as usize], named(2)[step as usize]);
            assert!((found_x - x).abs() < 1e-12, "x at step {step}: {found_x} {x}");
            assert!((found_y - y).abs() < 1e-12, "y at step {step}: {found_y} {y}");
        }
    }
}

/// Tsodyks' and Markram's equations, event by event, each when it arrives.
#[test]
fn variables_of_short_term_plasticity_are_those_of_its_equations() {
    let pre = vec![vec![2.0, 6.0, 7.5, 20.0], vec![9.0]];
    let mut network = Network::new(1);
    let input = parrots(&mut network, &pre);
    network.add_population(Population::new("post", 2, "post")).unwrap();
    let (rest, tau_rec_ms, tau_facil_ms) = (0.2, 12.0, 30.0);
    let parameters = [("U", rest), ("tau_rec", tau_rec_ms), ("tau_facil", tau_facil_ms)];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value)).into();
    network
        .add_projection(Projection {
            delay: Distribution::Uniform { low: 0.5, high: 8.0 },
            synapse: SynapseKind { mechanism: "STP:delta".into(), parameters },
            ..Projection::new("pre", "post", "STP:delta")
        })
        .unwrap();
    let of = |name: &str, variable: &str| Recording {
        sample_type: SampleType::F64,
        ..Recording::of_projection(name, Targets::All, ("pre:post", "STP:delta", variable))
    };
    let model = Model::new(network)
        .with_cells("parrot", CellKind::point(PointNeuron::new("parrot_neuron").unwrap()))
        .with_cells("post", CellKind::point(PointNeuron::new("iaf_psc_delta").unwrap()))
        .with_input(input)
        .with_recording(of("x", "x"))
        .with_recording(of("u", "u"));
    let directory = tempfile::tempdir().unwrap();
    let comm = net_mpi::Communicator::solo();
    let options = into_files(30.0, 2, &directory.path().join("run"));
    let outcome = Simulation::build(&comm, &model, &options).unwrap().run().unwrap();
    let run = RunDirectory::open(directory.path().join("run")).unwrap();
    let synapses = ConnectionsFile::open(&run.file(RunDirectory::CONNECTIONS)).unwrap();
    let synapses = synapses.read("pre:post").unwrap();
    let reader = RunReader::open(&run).unwrap();
    let signals = &reader.manifest().signals;
    assert_eq!((&*signals[0].variable, &*signals[0].units), ("STP:delta.x", "1"));
    assert_eq!(signals[1].device.as_ref().unwrap().kind, "synapse_recorder");
    assert_eq!(synapses.len(), 4);
    for synapse in &synapses {
        let delay = (synapse.delay_ms / DT_MS).round() as u64;
        let of = |at: usize| {
            let signal = reader.signal(at).unwrap();
            let is_it = |row: &usize| {
                let (gid, source) = (signal.columns()[*row].gid, signal.source(*row));
                (gid, source) == (synapse.gid, Some(synapse.pre_gid))
            };
            let row = (0..signal.columns().len()).find(is_it).unwrap();
            signal.read::<f64>(row..row + 1, 0..signal.n_samples()).unwrap()
        };
        let events = spikes_of(&outcome, synapse.pre_gid);
        assert_eq!(events.len(), pre[synapse.pre_gid as usize].len());
        let (mut x, mut u, mut last) = (1.0, rest, 0);
        let decayed = |(x, u): (f64, f64), n: u64| {
            let factor = |tau_ms: f64| (-(n as f64) * DT_MS / tau_ms).exp();
            (1.0 + (x - 1.0) * factor(tau_rec_ms), rest + (u - rest) * factor(tau_facil_ms))
        };
        for (step, (found_x, found_u)) in (0..).zip(of(0).iter().zip(&of(1))) {
            if let Some(arrived) = events.iter().map(|at| at + delay).find(|at| at + 1 == step) {
                (x, u) = decayed((x, u), arrived - last);
                (x, u) = (x * (1.0 - u), u + rest * (1.0 - u));
                last = arrived;
            }
            let (x, u) = decayed((x, u), step - last);
            assert!((found_x - x).abs() < 1e-12, "x at step {step}: {found_x} {x}");
            assert!((found_u - u).abs() < 1e-12, "u at step {step}: {found_u} {u}");
        }
    }
    let wrong = model.with_recording(of("y", "y"));
    let error = Simulation::build(&comm, &wrong, &in_memory(1.0, 1)).err().unwrap().to_string();
    assert!(error.contains("'y'") && error.contains("w, x, u"), "{error}");
}

#[test]
fn weights_that_a_mechanism_keeps_learn_as_the_rule_of_pairs_says() {
    let pre = vec![vec![3.0, 14.0, 31.0], vec![9.0, 22.5, 23.0]];
    let mut network = Network::new(3);
    let input = parrots(&mut network, &pre);
    network.add_population(Population::new("post", 1, "cable")).unwrap();
    network
        .add_projection(Projection {
            weight: Distribution::Uniform { low: 2e-4, high: 9e-4 },
            multapses: Distribution::Constant(2.0),
            delay: Distribution::Uniform { low: 0.5, high: 3.0 },
            ..Projection::new("pre", "post", "ExpSynSTDP")
        })
        .unwrap();
    let variable =
        Quantity::Variable { mechanism: "ExpSynSTDP".into(), variable: "tpost".into(), nth: 0 };
    let targets = || Targets::Population("post".into());
    let model = Model::new(network)
        .with_cells("parrot", CellKind::point(PointNeuron::new("parrot_neuron").unwrap()))
        .with_cells("cable", CellKind::shared(stick(3)))
        .with_input(input)
        .with_input(table("post", "ExpSyn", vec![(2, 0.5, times(&[6.0, 18.0, 35.0]))]))
        .with_recording(Recording::of_weights("w", targets(), "pre:post"))
        .with_recording(Recording {
            segments: Segments::All,
            instances: Instances::Projection("pre:post".into()),
            sample_type: SampleType::F64,
            ..Recording::new("tpost", targets(), variable)
        });
    let directory = tempfile::tempdir().unwrap();
    let comm = net_mpi::Communicator::solo();
    let options = into_files(45.0, 1, &directory.path().join("run"));
    let outcome = Simulation::build(&comm, &model, &options).unwrap().run().unwrap();
    let file = directory.path().join("run").join(RunDirectory::CONNECTIONS);
    let synapses = ConnectionsFile::open(&file).unwrap().read("pre:post").unwrap();
    let rule = Pairs {
        plus: 0.005 * 0.001,
        minus: 0.00525 * 0.001,
        tau_plus_ms: 20.0,
        tau_minus_ms: 20.0,
        bounds: [0.0, 0.001],
    };
    let of = |recording| outcome.traces.iter().filter(move |t| t.recording == recording);
    assert_eq!((of(0).count(), synapses.len()), (4, 4));
    let mut by_place: BTreeMap<u32, usize> = BTreeMap::new();
    for synapse in &synapses {
        let segment = synapse.segment.unwrap();
        // Instances and weights of a segment both stand in the order of drawing.
        let nth = by_place.entry(segment).or_default();
        let tpost = of(1).filter(|t| t.segment == segment).nth(*nth).unwrap();
        let trace = of(0).filter(|t| t.segment == segment).nth(*nth).unwrap();
        *nth += 1;
        let mut spikes_ms: Vec<f64> = tpost.values.clone();
        spikes_ms.dedup();
        spikes_ms.retain(|t| *t > 0.0);
        assert_eq!(spikes_ms.len(), 3, "{spikes_ms:?}");
        let delay = (synapse.delay_ms / DT_MS).round() as u64;
        let events_ms: Vec<f64> = (spikes_of(&outcome, synapse.pre_gid).iter())
            .map(|step| (step + delay) as f64 * DT_MS)
            .collect();
        assert_eq!(trace.values[0], synapse.weight);
        // In the middle between two events nobody asks in which step they act.
        let expected =
            weights_of_pairs(&rule, synapse.weight, (&events_ms, &spikes_ms), [45.0].into_iter());
        let last = trace.values[trace.values.len() - 1];
        assert!((last - expected[0]).abs() < 1e-15, "{last} {}", expected[0]);
        let n_changes = trace.values.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!((3..=6).contains(&n_changes), "{n_changes}");
    }
}

#[test]
fn weights_that_do_not_exist_are_told_before_the_run() {
    let refused = |recording: Recording, words: &[&str]| {
        let comm = net_mpi::Communicator::solo();
        let model = connected(5, [4, 3], 0.5).with_recording(recording);
        let error = Simulation::build(&comm, &model, &in_memory(1.0, 1)).err().unwrap();
        let error = error.to_string();
        for word in words {
            assert!(error.contains(word), "{error} has no '{word}'");
        }
    };
    let w = || Recording::of_weights("w", Targets::All, "E:I");
    refused(Recording::of_weights("w", Targets::All, "E:X"), &["'w'", "'E:X'", "E:E, E:I"]);
    refused(Recording { instances: Instances::All, ..w() }, &["'w'", "instances", "projection"]);
    let input = Instances::Input("background E".into());
    refused(Recording { instances: input, ..w() }, &["'w'", "instances", "projection"]);
    let second = Quantity::Weight { argument: 1 };
    refused(Recording { quantity: second, ..w() }, &["weight 1", "have 1"]);
    refused(Recording { sources: Targets::Population("X".into()), ..w() }, &["'X'", "E, I"]);
    let v = Recording::new("v", Targets::All, Quantity::Voltage);
    refused(Recording { sources: Targets::Gids(vec![0]), ..v }, &["'v'", "sources"]);
}
