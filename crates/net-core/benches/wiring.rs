//! Speed of drawing and packing synapses on one core, in synapses a second.
#![allow(missing_docs)] // criterion's macros make undocumented functions.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use net_core::*;

/// 2000 cells of 50 segments with some 100 sources each; laws as in LFPy's network example.
fn network(rule: ConnectionRule) -> Network {
    let mut network = Network::new(1);
    let disc = Placement::Disc { radius_um: 300.0, loc_um: 0.0, scale_um: 50.0, cap_um: None };
    let depth = [0.0, 100.0]
        .map(|mean| DepthTerm { law: Distribution::Normal { mean, std: 100.0 }, weight: 0.5 });
    let sites = RandomSites { depth: depth.to_vec(), ..RandomSites::default() };
    let projection = Projection {
        name: "E:E".into(),
        pre: "E".into(),
        post: "E".into(),
        rule,
        multapses: Distribution::Constant(1.0),
        weight: Distribution::Normal { mean: 0.002, std: 0.0002 },
        min_weight: Some(0.0),
        delay: Distribution::Truncnorm { a: Some(0.3), b: None, loc: 2.0, scale: 0.2 },
        min_delay_ms: None,
        synapse: SynapseKind { mechanism: "Exp2Syn".into(), parameters: Default::default() },
        placement: SynapsePlacement::Random(sites),
        allow_autapses: false,
    };
    let add = |network: &mut Network| -> Result<(), Error> {
        network.add_population(Population::new("E", 2000, "ball_and_stick").placed(disc))?;
        network.add_projection(projection)?;
        Ok(())
    };
    add(&mut network).expect("the network is well described");
    network
}

/// Draws all synapses into one part of a connection table.
fn draw(network: &Network) -> Result<ConnectionPart, Error> {
    let names = ["dend".to_owned()];
    let z_mid_um: Vec<f64> = (0..50).map(|i| 6.0 * f64::from(i)).collect();
    let cell = CellSites {
        area_um2: &[40.0; 50],
        z_mid_um: &z_mid_um,
        section_of_segment: &[0; 50],
        section_names: &names,
    };
    let clock = StepClock::new(0.025)?;
    let gids: Vec<Gid> = (0..network.n_cells()).collect();
    let mut part = ConnectionPart::new();
    let mut synapses = Vec::new();
    for id in network.projection_ids() {
        let sampler = network.projection_sampler(id, &gids)?;
        for &target in sampler.targets() {
            synapses.clear();
            sampler.draw_into(target, &cell, &mut synapses)?;
            for synapse in &synapses {
                let steps = clock.delay_steps("E:E", synapse.delay_ms)?;
                part.push(synapse.source, target as u32, steps, synapse.weight);
            }
        }
    }
    Ok(part)
}

fn wiring(criterion: &mut Criterion) {
    let rules = [
        ("fixed_probability", ConnectionRule::FixedProbability { probability: 0.05 }),
        ("fixed_in_degree", ConnectionRule::FixedInDegree { n_sources: 100 }),
        ("fixed_out_degree", ConnectionRule::FixedOutDegree { n_targets: 100 }),
        ("fixed_total_number", ConnectionRule::FixedTotalNumber { n_connections: 200_000 }),
    ];
    let mut group = criterion.benchmark_group("draw_synapses");
    group.sample_size(10);
    for (name, rule) in rules {
        let network = network(rule);
        let n_synapses = draw(&network).map_or(0, |part| part.len());
        group.throughput(Throughput::Elements(n_synapses as u64));
        group.bench_function(name, |bencher| bencher.iter(|| draw(black_box(&network))));
    }
    group.finish();

    let part = draw(&network(ConnectionRule::FixedInDegree { n_sources: 100 }))
        .expect("the network is well described");
    let mut group = criterion.benchmark_group("connection_table");
    group.sample_size(10);
    group.throughput(Throughput::Elements(part.len() as u64));
    group.bench_function("from_parts", |bencher| {
        let parts = || vec![part.clone()];
        bencher.iter_batched(parts, ConnectionTable::from_parts, criterion::BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, wiring);
criterion_main!(benches);
