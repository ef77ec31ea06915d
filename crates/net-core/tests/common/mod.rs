//! Tests of goodness of fit, and a network to draw from.
#![allow(dead_code)] // Each test binary uses its own part of this.

use net_core::*;
use statrs::distribution::{ChiSquared, ContinuousCDF};

/// Smallest accepted p-value. Seeds are fixed, so a test passes always or never.
const MIN_P: f64 = 1e-3;

/// Kolmogorov-Smirnov test of values against a continuous cumulative distribution.
#[track_caller]
pub(crate) fn assert_ks(values: &mut [f64], cdf: impl Fn(f64) -> f64, what: &str) {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let d = values
        .iter()
        .enumerate()
        .map(|(i, &x)| {
            let c = cdf(x);
            (c - i as f64 / n).abs().max(((i + 1) as f64 / n - c).abs())
        })
        .fold(0.0, f64::max);
    let lambda = (n.sqrt() + 0.12 + 0.11 / n.sqrt()) * d;
    let term = |k: i32| {
        let k = f64::from(k);
        (-2.0 * k * k * lambda * lambda).exp() * if k as i32 % 2 == 1 { 1.0 } else { -1.0 }
    };
    let p = (2.0 * (1..100).map(term).sum::<f64>()).min(1.0);
    assert!(p > MIN_P, "{what}: Kolmogorov-Smirnov distance {d}, p {p}");
}

/// Chi-square test of counts against expected counts; neighbors are merged until 5 are expected.
#[track_caller]
pub(crate) fn assert_chi_square(counts: &[f64], expected: &[f64], what: &str) {
    let mut cells: Vec<(f64, f64)> = Vec::new();
    let mut open = (0.0, 0.0);
    for (&count, &expectation) in counts.iter().zip(expected) {
        assert!(expectation > 0.0 || count == 0.0, "{what}: {count} where none can be");
        open = (open.0 + count, open.1 + expectation);
        if open.1 >= 5.0 {
            cells.push(std::mem::take(&mut open));
        }
    }
    if let Some(last) = cells.last_mut() {
        *last = (last.0 + open.0, last.1 + open.1);
    }
    assert!(cells.len() > 1, "{what}: too few expected counts");
    let chi2: f64 = cells.iter().map(|(c, e)| (c - e) * (c - e) / e).sum();
    let p = 1.0 - ChiSquared::new((cells.len() - 1) as f64).unwrap().cdf(chi2);
    assert!(p > MIN_P, "{what}: chi-square {chi2} of {} cells, p {p}", cells.len());
}

/// A network of a population `pre` and, unless `n_post` is None, another one `post`.
pub(crate) fn network(seed: u64, n_pre: u64, n_post: Option<u64>) -> Network {
    let mut network = Network::new(seed);
    let place = || Placement::Disc { radius_um: 200.0, loc_um: 0.0, scale_um: 50.0, cap_um: None };
    network.add_population(Population::new("pre", n_pre, "cell").placed(place())).unwrap();
    if let Some(n_post) = n_post {
        network.add_population(Population::new("post", n_post, "cell").placed(place())).unwrap();
    }
    network
}

/// A projection named `p` with constant laws.
pub(crate) fn projection(pre: &str, post: &str, rule: ConnectionRule) -> Projection {
    Projection {
        name: "p".into(),
        pre: pre.into(),
        post: post.into(),
        rule,
        multapses: Distribution::Constant(1.0),
        weight: Distribution::Constant(0.5),
        min_weight: None,
        delay: Distribution::Constant(1.5),
        min_delay_ms: None,
        synapse: SynapseKind { mechanism: "ExpSyn".into(), parameters: Default::default() },
        placement: SynapsePlacement::default(),
        allow_autapses: false,
    }
}

/// Calls `body` with a cell of three segments.
pub(crate) fn with_cell<T>(body: impl FnOnce(&CellSites) -> T) -> T {
    let section_names = ["soma".to_owned(), "dend".to_owned()];
    body(&CellSites {
        area_um2: &[600.0, 100.0, 300.0],
        z_mid_um: &[0.0, 50.0, 150.0],
        section_of_segment: &[0, 1, 1],
        section_names: &section_names,
    })
}

/// The synapses of every target of the network's first projection, by target.
pub(crate) fn draw_all(network: &Network) -> Vec<(Gid, Vec<DrawnSynapse>)> {
    let id = network.projection_ids().next().unwrap();
    let [_, post] = network.ends(id);
    let targets: Vec<Gid> = network.population(post).gids().collect();
    let sampler = network.projection_sampler(id, &targets).unwrap();
    with_cell(|cell| {
        let draw = |&target: &Gid| {
            let mut synapses = Vec::new();
            sampler.draw_into(target, cell, &mut synapses).unwrap();
            (target, synapses)
        };
        targets.iter().map(draw).collect()
    })
}

/// Adds one projection to a network and draws it.
pub(crate) fn draw(mut network: Network, projection: Projection) -> Vec<(Gid, Vec<DrawnSynapse>)> {
    network.add_projection(projection).unwrap();
    draw_all(&network)
}
