//! Statistics of the connection rules, and their independence of who draws.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::{assert_chi_square, assert_ks, draw, draw_all, network, projection, with_cell};
use net_core::*;
use sprs::TriMat;
use statrs::distribution::{Binomial, Discrete};

/// Number of synapses of each pair of 0..n_pre and the targets.
fn pair_counts(drawn: &[(Gid, Vec<DrawnSynapse>)], n_pre: u64) -> Vec<Vec<u32>> {
    let count = |synapses: &Vec<DrawnSynapse>| {
        let mut counts = vec![0; n_pre as usize];
        synapses.iter().for_each(|s| counts[s.source as usize] += 1);
        counts
    };
    drawn.iter().map(|(_, synapses)| count(synapses)).collect()
}

/// Checks that numbers of connections follow a binomial law.
fn assert_binomial(numbers: impl Iterator<Item = u64>, n: u64, p: f64, what: &str) {
    let mut counts = vec![0.0; n as usize + 1];
    numbers.for_each(|k| counts[k as usize] += 1.0);
    let total: f64 = counts.iter().sum();
    let law = Binomial::new(p, n).unwrap();
    let expected: Vec<f64> = (0..=n).map(|k| total * law.pmf(k)).collect();
    assert_chi_square(&counts, &expected, what);
}

/// In-degrees, out-degrees and distances between successive sources of Bernoulli pairs.
#[test]
fn fixed_probability_is_bernoulli() {
    for probability in [0.02, 0.3, 0.9] {
        let rule = ConnectionRule::FixedProbability { probability };
        let drawn = draw(network(3, 300, Some(2000)), projection("pre", "post", rule));
        let pairs = pair_counts(&drawn, 300);
        assert!(pairs.iter().flatten().all(|&n| n <= 1));
        let in_degrees = pairs.iter().map(|row| row.iter().map(|&n| u64::from(n)).sum());
        assert_binomial(in_degrees, 300, probability, &format!("in-degree at {probability}"));
        let out_degree = |s: usize| pairs.iter().map(|row| u64::from(row[s])).sum();
        let out_degrees = (0..300).map(out_degree);
        assert_binomial(out_degrees, 2000, probability, &format!("out-degree at {probability}"));
        // The marginal of every source, first and last included, and of neighbors together.
        let both =
            |s: usize| pairs.iter().filter(|row| row[s] == 1 && row[s + 1] == 1).count() as u64;
        assert_binomial(
            (0..299).step_by(2).map(both),
            2000,
            probability * probability,
            "neighbors",
        );
    }
}

#[test]
fn probabilities_zero_and_one_are_certain() {
    let with = |probability| ConnectionRule::FixedProbability { probability };
    let none = draw(network(1, 20, None), projection("pre", "pre", with(0.0)));
    assert!(none.iter().all(|(_, synapses)| synapses.is_empty()));
    let all = draw(network(1, 20, None), projection("pre", "pre", with(1.0)));
    for (target, synapses) in all {
        let sources: Vec<Gid> = synapses.iter().map(|s| s.source).collect();
        assert_eq!(sources, (0..20).filter(|&s| s != target).collect::<Vec<_>>());
    }
}

#[test]
fn autapses_only_when_asked() {
    let rules = [
        ConnectionRule::AllToAll,
        ConnectionRule::FixedProbability { probability: 0.5 },
        ConnectionRule::FixedInDegree { n_sources: 20 },
        ConnectionRule::FixedOutDegree { n_targets: 20 },
        ConnectionRule::FixedTotalNumber { n_connections: 2000 },
        ConnectionRule::DistanceDependent {
            profile: DistanceProfile::WithinRadius { peak: 0.9, radius_um: 1e4 },
            distance: DistanceKind::ThreeD,
        },
    ];
    for rule in rules {
        for allow_autapses in [false, true] {
            let projection =
                Projection { allow_autapses, ..projection("pre", "pre", rule.clone()) };
            let drawn = draw(network(8, 40, None), projection);
            let n_autapses = drawn
                .iter()
                .flat_map(|(target, synapses)| synapses.iter().filter(move |s| s.source == *target))
                .count();
            assert_eq!(0 < n_autapses, allow_autapses, "{rule:?}");
        }
    }
}

#[test]
fn in_degrees_are_exact_and_sources_equally_likely() {
    for n_sources in [5, 70] {
        let rule = ConnectionRule::FixedInDegree { n_sources };
        let drawn = draw(network(4, 100, Some(3000)), projection("pre", "post", rule));
        let pairs = pair_counts(&drawn, 100);
        for row in &pairs {
            assert_eq!(row.iter().filter(|&&n| n == 1).count() as u64, n_sources);
            assert!(row.iter().all(|&n| n <= 1));
        }
        let p = n_sources as f64 / 100.0;
        let out = (0..100).map(|s: usize| pairs.iter().map(|row| u64::from(row[s])).sum());
        assert_binomial(out, 3000, p, "out-degree of a fixed in-degree");
    }
}

#[test]
fn out_degrees_are_exact_and_targets_equally_likely() {
    for n_targets in [7, 60] {
        let rule = ConnectionRule::FixedOutDegree { n_targets };
        let drawn = draw(network(4, 2000, Some(80)), projection("pre", "post", rule));
        let pairs = pair_counts(&drawn, 2000);
        for s in 0..2000 {
            assert_eq!(pairs.iter().map(|row| u64::from(row[s])).sum::<u64>(), n_targets);
            assert!(pairs.iter().all(|row| row[s] <= 1));
        }
        let in_degrees = pairs.iter().map(|row| row.iter().map(|&n| u64::from(n)).sum());
        let mean = 2000.0 * n_targets as f64 / 80.0;
        let p = n_targets as f64 / 80.0;
        let chi2: f64 =
            in_degrees.map(|n: u64| (n as f64 - mean).powi(2) / (mean * (1.0 - p))).sum();
        // 80 standardised squares, one of which the total fixes.
        assert!((chi2 - 79.0).abs() < 4.0 * (2.0 * 79.0_f64).sqrt(), "chi-square {chi2}");
    }
}

#[test]
fn total_number_is_exact_and_uniform_over_pairs() {
    let rule = ConnectionRule::FixedTotalNumber { n_connections: 50_000 };
    let drawn = draw(network(6, 37, Some(53)), projection("pre", "post", rule));
    let pairs = pair_counts(&drawn, 37);
    let counts: Vec<f64> = pairs.iter().flatten().map(|&n| f64::from(n)).collect();
    assert_eq!(counts.iter().sum::<f64>(), 50_000.0);
    let expected = vec![50_000.0 / (37.0 * 53.0); counts.len()];
    assert_chi_square(&counts, &expected, "pairs of a total number");
    // A pair drawn twice has independent synapses.
    let synapses: Vec<_> = drawn.into_iter().flat_map(|(_, synapses)| synapses).collect();
    assert_chi_square(
        &[0, 1, 2].map(|k| synapses.iter().filter(|s| s.segment == k).count() as f64),
        &[30_000.0, 5_000.0, 15_000.0],
        "segments by area",
    );
}

#[test]
fn one_to_one_and_all_to_all() {
    let drawn = draw(network(1, 9, Some(9)), projection("pre", "post", ConnectionRule::OneToOne));
    for (target, synapses) in drawn {
        assert_eq!(synapses.iter().map(|s| s.source).collect::<Vec<_>>(), [target - 9]);
    }
    let drawn = draw(network(1, 5, Some(3)), projection("pre", "post", ConnectionRule::AllToAll));
    assert!(drawn.iter().all(|(_, s)| s.iter().map(|s| s.source).eq(0..5)));
}

#[test]
fn probability_follows_the_distance() {
    let profiles = [
        DistanceProfile::Gaussian { peak: 0.8, sigma_um: 90.0 },
        DistanceProfile::Exponential { peak: 1.0, lambda_um: 100.0 },
        DistanceProfile::Linear { peak: 0.5, cutoff_um: 250.0 },
        DistanceProfile::WithinRadius { peak: 0.4, radius_um: 120.0 },
    ];
    for profile in profiles {
        for kind in [DistanceKind::ThreeD, DistanceKind::Lateral] {
            let network = network(5, 500, None);
            let positions: Vec<_> = (0..500).map(|gid| network.position(gid).unwrap()).collect();
            let rule = ConnectionRule::DistanceDependent { profile, distance: kind };
            let drawn = draw(network, projection("pre", "pre", rule));
            // In bins of distance: standardised difference of connections and their expectation.
            let (mut found, mut expected, mut variance) = ([0.0; 25], [0.0; 25], [0.0; 25]);
            for (target, synapses) in &drawn {
                let sources: BTreeSet<Gid> = synapses.iter().map(|s| s.source).collect();
                for source in (0..500).filter(|s| s != target) {
                    let [a, b] = [positions[source as usize], positions[*target as usize]];
                    let n_dimensions = if kind == DistanceKind::Lateral { 2 } else { 3 };
                    let d = (0..n_dimensions).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt();
                    let p = match profile {
                        DistanceProfile::Gaussian { peak, sigma_um } => {
                            peak * (-d * d / (2.0 * sigma_um * sigma_um)).exp()
                        }
                        DistanceProfile::Exponential { peak, lambda_um } => {
                            peak * (-d / lambda_um).exp()
                        }
                        DistanceProfile::Linear { peak, cutoff_um } => {
                            peak * (1.0 - d / cutoff_um).max(0.0)
                        }
                        DistanceProfile::WithinRadius { peak, radius_um } => {
                            if d <= radius_um {
                                peak
                            } else {
                                0.0
                            }
                        }
                    };
                    let bin = ((d / 20.0) as usize).min(24);
                    found[bin] += f64::from(sources.contains(&source));
                    expected[bin] += p;
                    variance[bin] += p * (1.0 - p);
                }
            }
            for bin in 0..25 {
                let slack = 4.0 * f64::sqrt(variance[bin]) + 1e-9;
                let difference: f64 = found[bin] - expected[bin];
                assert!(
                    difference.abs() <= slack,
                    "{profile:?}, {kind:?}, bin {bin}: {found:?} {expected:?}"
                );
            }
        }
    }
}

#[test]
fn matrices_give_pairs_with_weights_or_numbers() {
    let mut triplets = TriMat::new((4, 3));
    triplets.add_triplet(0, 0, 2.0);
    triplets.add_triplet(3, 0, 1.0);
    triplets.add_triplet(2, 2, 3.0);
    triplets.add_triplet(1, 2, 0.0);
    for matrix in [triplets.to_csr(), triplets.to_csc::<usize>().to_csr(), triplets.to_csc()] {
        let matrix = Arc::new(matrix);
        let rule = |values| ConnectionRule::SparseMatrix { matrix: Arc::clone(&matrix), values };
        let numbers =
            draw(network(1, 4, Some(3)), projection("pre", "post", rule(MatrixValues::NSynapses)));
        assert_eq!(pair_counts(&numbers, 4), [[2, 0, 0, 1], [0; 4], [0, 0, 3, 0]]);
        assert!(numbers[0].1.iter().all(|s| s.weight == 0.5));
        let doubled = Projection {
            multapses: Distribution::Constant(2.0),
            ..projection("pre", "post", rule(MatrixValues::Weight))
        };
        let weights = draw(network(1, 4, Some(3)), doubled);
        assert_eq!(pair_counts(&weights, 4), [[2, 0, 0, 2], [0; 4], [0, 0, 2, 0]]);
        assert_eq!(weights[0].1.iter().map(|s| s.weight).collect::<Vec<_>>(), [2.0, 2.0, 1.0, 1.0]);
    }
}

#[test]
fn tables_are_taken_as_they_are() {
    let row = |source, target, segment, weight| SynapseRow {
        source,
        target,
        segment,
        weight,
        delay_ms: 0.7,
    };
    let rows = vec![row(3, 4, 1, 0.4), row(1, 5, 0, 0.1), row(0, 4, 2, 0.3), row(3, 4, 0, 0.2)];
    let rule = ConnectionRule::SynapseTable(Arc::new(SynapseTable::new(rows)));
    let mut network = network(1, 4, Some(3));
    let id = network.add_projection(projection("pre", "post", rule)).unwrap();
    let (synapses, counts) = with_cell(|cell| network.draw_synapses(id, 4, cell)).unwrap();
    let found: Vec<_> = synapses.iter().map(|s| (s.source, s.segment, s.weight)).collect();
    assert_eq!(found, [(0, 2, 0.3), (3, 1, 0.4), (3, 0, 0.2)]);
    assert_eq!(counts, ConnectionCounts { connections: 2, synapses: 3 });
}

/// All rules with all laws random, drawn by 1, 2, 3 and 5 ranks and in reversed order.
#[test]
fn nothing_depends_on_who_draws() {
    let mut triplets = TriMat::new((60, 60));
    (0..59).for_each(|i| triplets.add_triplet(i, (7 * i + 1) % 60, 1.0));
    let rules = [
        ConnectionRule::AllToAll,
        ConnectionRule::FixedProbability { probability: 0.2 },
        ConnectionRule::FixedInDegree { n_sources: 10 },
        ConnectionRule::FixedOutDegree { n_targets: 10 },
        ConnectionRule::FixedTotalNumber { n_connections: 900 },
        ConnectionRule::DistanceDependent {
            profile: DistanceProfile::Gaussian { peak: 0.8, sigma_um: 100.0 },
            distance: DistanceKind::ThreeD,
        },
        ConnectionRule::SparseMatrix {
            matrix: Arc::new(triplets.to_csr()),
            values: MatrixValues::Weight,
        },
    ];
    for rule in rules {
        let mut network = network(21, 60, None);
        let multapses =
            Distribution::PdfAtIntegers(Box::new(Distribution::Normal { mean: 2.0, std: 1.0 }));
        let id = network
            .add_projection(Projection {
                multapses,
                weight: Distribution::Lognormal { mu: 0.0, sigma: 1.0 },
                delay: Distribution::Exponential { scale: 1.0 },
                min_delay_ms: Some(0.3),
                allow_autapses: true,
                ..projection("pre", "pre", rule.clone())
            })
            .unwrap();
        let expected = draw_all(&network);
        for n_ranks in [1, 2, 3, 5] {
            let partition = Partition::round_robin(network.n_cells(), n_ranks).unwrap();
            for rank in (0..n_ranks).rev() {
                let gids = partition.gids_of(rank);
                let sampler = network.projection_sampler(id, &gids).unwrap();
                for &target in gids.iter().rev() {
                    let mut synapses = Vec::new();
                    let counts =
                        with_cell(|cell| sampler.draw_into(target, cell, &mut synapses)).unwrap();
                    assert_eq!(counts.synapses, synapses.len() as u64);
                    assert_eq!(synapses, expected[target as usize].1, "{rule:?}, {n_ranks} ranks");
                    assert!(synapses.is_sorted_by_key(|s| s.source));
                    assert!(synapses.iter().all(|s| s.delay_ms >= 0.3));
                }
            }
        }
    }
}

/// Threads share one sampler and draw what one thread draws.
#[test]
fn threads_share_a_sampler() {
    let mut network = network(21, 60, None);
    let rule = ConnectionRule::FixedOutDegree { n_targets: 10 };
    let id = network.add_projection(projection("pre", "pre", rule)).unwrap();
    let expected = draw_all(&network);
    let targets: Vec<Gid> = (0..60).collect();
    let sampler = network.projection_sampler(id, &targets).unwrap();
    let draw = |&target: &Gid| {
        let mut synapses = Vec::new();
        with_cell(|cell| sampler.draw_into(target, cell, &mut synapses)).unwrap();
        (target, synapses)
    };
    let (left, right) = std::thread::scope(|scope| {
        let right = scope.spawn(|| targets[30..].iter().map(draw).collect::<Vec<_>>());
        (targets[..30].iter().map(draw).collect::<Vec<_>>(), right.join().unwrap())
    });
    assert_eq!([left, right].concat(), expected);
}

/// Weights and delays follow their laws across the streams of all pairs, and each attribute has
/// streams of its own.
#[test]
fn synapses_follow_their_laws_independently() {
    let base = || Projection {
        weight: Distribution::Exponential { scale: 1.0 },
        delay: Distribution::Exponential { scale: 1.0 },
        multapses: Distribution::Constant(2.0),
        ..projection("pre", "post", ConnectionRule::FixedProbability { probability: 0.3 })
    };
    let flat = |p| -> Vec<DrawnSynapse> {
        draw(network(2, 200, Some(200)), p).into_iter().flat_map(|(_, synapses)| synapses).collect()
    };
    let synapses = flat(base());
    let cdf = |x: f64| 1.0 - (-x).exp();
    assert_ks(&mut synapses.iter().map(|s| s.weight).collect::<Vec<_>>(), cdf, "weights");
    assert_ks(&mut synapses.iter().map(|s| s.delay_ms).collect::<Vec<_>>(), cdf, "delays");
    // Products of independent uniforms have a mean of 1/4 and a variance of 7/144.
    let n = synapses.len() as f64;
    let mean = synapses.iter().map(|s| cdf(s.weight) * cdf(s.delay_ms)).sum::<f64>() / n;
    assert!((mean - 0.25).abs() < 4.0 * (7.0 / 144.0 / n).sqrt(), "mean product {mean}");
    let constant = flat(Projection { weight: Distribution::Constant(1.0), ..base() });
    assert_eq!(constant.len(), synapses.len());
    for (a, b) in constant.iter().zip(&synapses) {
        assert_eq!((a.source, a.segment, a.delay_ms), (b.source, b.segment, b.delay_ms));
    }
}

#[test]
fn counts_add_up() {
    let mut network = network(9, 50, Some(50));
    let id = network
        .add_projection(Projection {
            multapses: Distribution::Constant(3.0),
            ..projection("pre", "post", ConnectionRule::FixedInDegree { n_sources: 4 })
        })
        .unwrap();
    let count = |gids: &[Gid]| -> ConnectionCounts {
        let sampler = network.projection_sampler(id, gids).unwrap();
        let draw =
            |&t: &Gid| with_cell(|cell| sampler.draw_into(t, cell, &mut Vec::new())).unwrap();
        sampler.targets().iter().map(draw).sum()
    };
    let partition = Partition::round_robin(100, 2).unwrap();
    let mut total = count(&partition.gids_of(0));
    total += count(&partition.gids_of(1));
    assert_eq!(total, ConnectionCounts { connections: 200, synapses: 600 });
}

#[test]
fn empty_populations_and_single_cells_work() {
    let rule = || ConnectionRule::FixedProbability { probability: 0.5 };
    assert!(draw(network(1, 0, Some(0)), projection("pre", "post", rule())).is_empty());
    assert!(
        draw(network(1, 0, Some(2)), projection("pre", "post", rule()))
            .iter()
            .all(|d| d.1.is_empty())
    );
    assert!(
        draw(network(1, 1, None), projection("pre", "pre", rule())).iter().all(|d| d.1.is_empty())
    );
    let total = ConnectionRule::FixedTotalNumber { n_connections: 5 };
    assert_eq!(draw(network(1, 1, Some(1)), projection("pre", "post", total))[0].1.len(), 5);
}
