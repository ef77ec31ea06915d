//! A network of point neurons and cable cells: every kind of synapse, noise and input.

use super::*;

/// Izhikevich neurons, NEST's neurons and cable cells that excite and inhibit each other, with
/// short-term plasticity, STDP, limited and drawn synapses, noise and several inputs.
pub(crate) fn mixed(seed: u64, min_delay_ms: f64) -> Model {
    let mut network = Network::new(seed);
    for (name, size, kind) in
        [("E", 70, "izhikevich"), ("I", 19, "iaf"), ("C", 11, "cable"), ("G", 13, "gif")]
    {
        network.add_population(Population::new(name, size, kind)).unwrap();
    }
    let mut connect = |pre: &str, post: &str, mechanism: &str, rule, weight: f64| {
        let parameters = match mechanism {
            "STDP:ampa" => [("w_max".to_owned(), 3.0 * weight)].into(),
            "ExpSyn" => [("tau".to_owned(), 2.0)].into(),
            "FactorSynapse:gaba" => [("max_trans".to_owned(), 6.0 * weight)].into(),
            _ => [].into(),
        };
        let projection = Projection {
            rule,
            multapses: Distribution::Poisson { lambda: 1.2 },
            weight: Distribution::Normal { mean: weight, std: 0.2 * weight.abs() },
            min_weight: (weight > 0.0).then_some(0.0),
            delay: Distribution::Uniform { low: min_delay_ms, high: 3.0 },
            synapse: SynapseKind { mechanism: mechanism.to_owned(), parameters },
            ..Projection::new(pre, post, mechanism)
        };
        network.add_projection(projection).unwrap();
    };
    let sparse = || ConnectionRule::FixedProbability { probability: 0.2 };
    connect("E", "E", "STDP:ampa", sparse(), 2.0);
    connect("E", "I", "STP:ex", ConnectionRule::FixedInDegree { n_sources: 12 }, 400.0);
    connect("I", "E", "FactorSynapse:gaba", ConnectionRule::FixedOutDegree { n_targets: 9 }, 2.0);
    connect("I", "I", "in", ConnectionRule::FixedTotalNumber { n_connections: 60 }, -100.0);
    connect("E", "C", "ExpSyn", sparse(), 0.004);
    connect("C", "E", "ampa", sparse(), 3.0);
    connect("C", "I", "ex", ConnectionRule::AllToAll, 100.0);
    connect("E", "G", "exc", sparse(), 0.3);
    connect("G", "C", "ExpSyn", sparse(), 0.001);

    let of_synapses =
        |name: &str, projection: &str, (mechanism, variable): (&str, &str)| Recording {
            interval_ms: Some(0.5),
            sources: Targets::Slice { population: "E".into(), start: 0, stop: 70, step: 5 },
            sample_type: SampleType::F64,
            ..Recording::of_projection(name, Targets::All, (projection, mechanism, variable))
        };
    let point = |model: &str| PointNeuron::new(model).unwrap();
    let izhikevich = point("Izhikevich2007NoisyBase")
        .with("v", Distribution::Uniform { low: -65.0, high: -45.0 })
        .and_then(|n| n.with("base_mean", Distribution::Normal { mean: 60.0, std: 20.0 }))
        .and_then(|n| n.with("base_noise", 40.0))
        .and_then(|n| n.with("rate_base_noise", 2000.0))
        .and_then(|n| n.from_time_on(20.0, "I_app", 60.0));
    let gif = point("GIF_curr_exp").with("lambda0", 2.0).unwrap();
    let until = |stop_ms, rate_hz| SpikeSource::Poisson { rate_hz, start_ms: 2.0, stop_ms };
    let poisson = |rate_hz| until(40.0, rate_hz);
    let endless = until(f64::INFINITY, 30.0);
    let regular = SpikeSource::NetStim { start_ms: 1.0, interval_ms: 6.0, number: 9, noise: 0.3 };
    let varied = InputSynapses::Drawn {
        population: "I".into(),
        n_per_cell: 5,
        placement: SynapsePlacement::default(),
        weight: Distribution::Normal { mean: 150.0, std: 30.0 },
        source: poisson(150.0),
    };
    let to = |mechanism: &str| SynapseKind { mechanism: mechanism.into(), parameters: [].into() };
    let rows = vec![InputRow {
        gid: 100,
        segment: 0,
        weight: 2.0,
        source: SpikeSource::Times(vec![3.0, 8.05, 20.0]),
    }];
    let record = |name: &str, population: &str, quantity| {
        let targets = Targets::Population(population.into());
        Recording { interval_ms: Some(0.5), ..Recording::new(name, targets, quantity) }
    };
    let variable = |model: &str, variable: &str| Quantity::Variable {
        mechanism: model.into(),
        variable: variable.into(),
        nth: 0,
    };
    Model::new(network)
        .with_recording(of_synapses("x", "E:I", ("STP:ex", "x")))
        .with_recording(of_synapses("u", "E:I", ("STP:ex", "u")))
        .with_recording(of_synapses("plus", "E:E", ("STDP:ampa", "x")))
        .with_recording(of_synapses("minus", "E:E", ("STDP:ampa", "y")))
        .with_cells("izhikevich", CellKind::point(izhikevich.unwrap()))
        .with_cells("iaf", CellKind::point(point("iaf_psc_alpha")))
        .with_cells("gif", CellKind::point(gif))
        .with_cells("cable", CellKind::shared(stick(5)))
        .with_input(Input::drawn("many", "I", "ex", 100, 60.0, endless))
        .with_input(Input {
            name: "varied".into(),
            synapse: to("ex"),
            delay_ms: 1.0,
            synapses: varied,
        })
        .with_input(Input::drawn("regular", "E", "FactorSynapse:ampa", 1, 4.0, regular))
        .with_input(Input {
            name: "table".into(),
            synapse: to("exc"),
            delay_ms: 0.0,
            synapses: InputSynapses::Table(std::sync::Arc::new(InputTable::new(rows))),
        })
        .with_input(Input { name: "background".into(), ..background("C") })
        .with_recording(Recording::new("v", Targets::FirstOfEach(4), Quantity::Voltage))
        .with_recording(Recording {
            windows_ms: vec![(0.0, 4.0), (9.3, 31.0)],
            ..record("g", "E", variable("Izhikevich2007NoisyBase", "g_gaba_delivered"))
        })
        .with_recording(record("i", "I", variable("iaf_psc_alpha", "I_syn_ex")))
        .with_recording(Recording {
            interval_ms: Some(0.5),
            windows_ms: vec![(0.0, 13.3), (21.0, f64::INFINITY)],
            sources: Targets::Fraction { population: "E".into(), fraction: 0.4, seed: 2 },
            ..Recording::of_weights("learned", Targets::FirstOfEach(9), "E:E")
        })
        .with_recording(Recording {
            statistics_ms: Some(9.0),
            ..Recording::of_weights("of cables", Targets::Gids(vec![90, 91, 95]), "E:C")
        })
}
