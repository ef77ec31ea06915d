//! Values that must never change: they are every network that was ever drawn. A change of any of
//! them needs a new name for what is drawn differently.

mod common;

use common::{draw, network, projection};
use net_core::random::binomial;
use net_core::*;

#[test]
fn streams() {
    let mut stream = Stream::new(1234, Purpose::Weight, 5, [7, 1 << 40]);
    assert_eq!(stream.bits64(), 0x3d3f_d40f_d731_3b54);
    assert_eq!(stream.bits64(), 0x5e02_4d5d_5fbe_3ab3);
    assert_eq!(stream.uniform(), 0.832_917_990_543_222_5);
    assert_eq!(stream.uniform_open(), 0.593_035_016_254_891_7);
    assert_eq!(stream.normal(), -0.799_989_253_875_060_7);
    assert_eq!(stream.exponential(), 1.897_214_789_927_044_2);
    assert_eq!(stream.below(1000), 692);
}

#[test]
fn laws() {
    let inner = Box::new(Distribution::Normal { mean: 20.0, std: 9.0 });
    let expected = [
        (Distribution::Uniform { low: -1.0, high: 2.0 }, [1.285699698601265, 1.941668433990606]),
        (Distribution::Normal { mean: 1.0, std: 2.0 }, [1.7321736148566567, 4.7863956581842375]),
        (
            Distribution::Truncnorm { a: Some(0.3), b: None, loc: 2.0, scale: 0.2 },
            [2.246198760062179, 2.0717982846606033],
        ),
        (Distribution::Lognormal { mu: 0.5, sigma: 1.0 }, [1.6740759394836127, 9.457634003842413]),
        (Distribution::Exponential { scale: 3.0 }, [2.009355444614527, 9.524835673502537]),
        (Distribution::Gamma { shape: 2.5, scale: 0.4 }, [1.219044494161957, 2.581546205851628]),
        (Distribution::Poisson { lambda: 20.0 }, [17.0, 27.0]),
        (Distribution::Binomial { n: 50, p: 0.3 }, [13.0, 20.0]),
        (Distribution::PdfAtIntegers(inner), [15.0, 34.0]),
    ];
    for (law, values) in expected {
        let sampler = Sampler::new(&law, Some(1.0), None).unwrap();
        let mut stream = Stream::new(1, Purpose::Delay, 0, [2, 3]);
        assert_eq!([0; 2].map(|_| sampler.draw(&mut stream)), values, "{law:?}");
    }
    let mut stream = Stream::new(1, Purpose::TotalNumber, 0, [2, 3]);
    let counts = [(12, 0.3), (1000, 0.4), (1_000_000_000_000, 0.5), (50, 0.9)]
        .map(|(n, p)| binomial(n, p, &mut stream));
    assert_eq!(counts, [1, 397, 499_999_387_695, 47]);
}

#[test]
fn positions_and_rotations() {
    let mut network = network(99, 100, None);
    let turned = Rotation::RandomZ { x_rad: 0.0, y_rad: 0.0 };
    network.add_population(Population::new("E", 1, "cell").rotated(turned)).unwrap();
    let position_um = [128.67714026581208, 115.6489378441476, -64.5143387392255];
    assert_eq!(network.position(42).unwrap(), position_um);
    assert_eq!(network.rotation(100).unwrap(), [0.0, 0.0, 5.275926924215806]);
}

/// Source, segment and weight.
type Row = (Gid, u32, f64);

/// The synapses on one cell, rule by rule.
#[test]
fn synapses() {
    let expected: [(ConnectionRule, &[Row]); 5] = [
        (
            ConnectionRule::FixedProbability { probability: 0.04 },
            &[
                (8, 0, 0.6524133109659398),
                (19, 0, 1.7380058469367237),
                (33, 2, 0.9180201494974758),
                (73, 0, 0.30504381128593194),
            ],
        ),
        (
            ConnectionRule::FixedInDegree { n_sources: 4 },
            &[
                (20, 1, 1.035180290468617),
                (58, 0, 1.2487768692286916),
                (65, 2, 0.8030073285214148),
                (72, 2, 1.2055735826814675),
            ],
        ),
        (
            ConnectionRule::FixedOutDegree { n_targets: 2 },
            &[
                (20, 1, 1.035180290468617),
                (23, 0, 1.1880150914551808),
                (37, 0, 0.6177641309460771),
                (46, 1, 0.3252715146934022),
            ],
        ),
        (
            ConnectionRule::FixedTotalNumber { n_connections: 400 },
            &[(65, 2, 0.8030073285214148), (72, 2, 1.2055735826814675)],
        ),
        (
            ConnectionRule::DistanceDependent {
                profile: DistanceProfile::Exponential { peak: 0.8, lambda_um: 80.0 },
                distance: DistanceKind::ThreeD,
            },
            &[
                (5, 2, 0.6795695466717762),
                (10, 2, 1.3366918183784102),
                (12, 0, 0.993945915911356),
                (26, 0, 1.0056848417200233),
                (63, 0, 0.9527669427020402),
                (66, 0, 1.0984670800746843),
                (76, 0, -0.2777732883819237),
                (86, 0, 1.182784561071614),
                (95, 2, 0.7447124774369893),
                (98, 0, 1.5935160614362442),
            ],
        ),
    ];
    for (rule, synapses) in expected {
        let drawn = draw(
            network(99, 100, None),
            Projection {
                weight: Distribution::Normal { mean: 1.0, std: 0.5 },
                ..projection("pre", "pre", rule.clone())
            },
        );
        let found: Vec<_> = drawn[42].1.iter().map(|s| (s.source, s.segment, s.weight)).collect();
        assert_eq!(found, synapses, "{rule:?}");
    }
}
