//! Placement, lookups and what is refused.

mod common;

use std::sync::Arc;

use common::{assert_ks, network, projection, with_cell};
use net_core::*;
use sprs::TriMat;
use statrs::distribution::{ContinuousCDF, Normal};

fn placed(placement: Placement, n_cells: u64) -> Network {
    let mut network = Network::new(77);
    network.add_population(Population::new("E", n_cells, "cell").placed(placement)).unwrap();
    network
}

fn positions(network: &Network) -> Vec<[f64; 3]> {
    (0..network.n_cells()).map(|gid| network.position(gid).unwrap()).collect()
}

#[test]
fn a_disc_is_uniform_and_its_depth_normal() {
    let normal = Normal::new(-300.0, 80.0).unwrap();
    let cases = [
        (None, f64::NEG_INFINITY, f64::INFINITY),
        (Some(Cap::Symmetric(50.0)), -350.0, -250.0),
        (Some(Cap::Pair { below_um: 100.0, above_um: 20.0 }), -400.0, -280.0),
    ];
    for (cap_um, low, high) in cases {
        let disc = Placement::Disc { radius_um: 150.0, loc_um: -300.0, scale_um: 80.0, cap_um };
        let positions = positions(&placed(disc, 5000));
        let mut r2: Vec<f64> = positions.iter().map(|p| p[0] * p[0] + p[1] * p[1]).collect();
        assert_ks(&mut r2, |r2| (r2 / 22_500.0).clamp(0.0, 1.0), "squared radius");
        let angle = |p: &[f64; 3]| p[1].atan2(p[0]);
        let pi = std::f64::consts::PI;
        let mut angles: Vec<f64> = positions.iter().map(angle).collect();
        assert_ks(&mut angles, |a| (a + pi) / (2.0 * pi), "angle");
        let mut depths: Vec<f64> = positions.iter().map(|p| p[2]).collect();
        assert!(depths.iter().all(|z| (low..=high).contains(z)), "{cap_um:?}");
        let (p_low, p_high) = (normal.cdf(low), normal.cdf(high));
        assert_ks(&mut depths, |z| (normal.cdf(z) - p_low) / (p_high - p_low), "depth");
    }
}

#[test]
fn boxes_grids_and_tables() {
    let (lower_um, upper_um) = ([0.0, -5.0, 2.0], [10.0, 5.0, 2.0]);
    let positions_in_box = positions(&placed(Placement::UniformBox { lower_um, upper_um }, 3000));
    for i in 0..2 {
        let mut values: Vec<f64> = positions_in_box.iter().map(|p| p[i]).collect();
        assert_ks(&mut values, |x| (x - lower_um[i]) / 10.0, "coordinate in a box");
    }
    assert!(positions_in_box.iter().all(|p| p[2] == 2.0));
    let grid = Placement::Grid {
        origin_um: [1.0, 2.0, 3.0],
        spacing_um: [10.0, 20.0, 30.0],
        shape: [2, 2, 2],
    };
    let on_grid = positions(&placed(grid, 6));
    assert_eq!(on_grid[1], [11.0, 2.0, 3.0]);
    assert_eq!(on_grid[2], [1.0, 22.0, 3.0]);
    assert_eq!(on_grid[5], [11.0, 2.0, 33.0]);
    let rows = vec![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    assert_eq!(positions(&placed(Placement::Table(rows.clone()), 2)), rows);
}

#[test]
fn rotations_are_given_or_random_about_z() {
    let mut network = Network::new(3);
    let turned = Rotation::RandomZ { x_rad: 1.5, y_rad: 0.2 };
    network.add_population(Population::new("E", 3000, "cell").rotated(turned)).unwrap();
    network
        .add_population(Population::new("I", 2, "cell").rotated(Rotation::Fixed([0.1, 0.2, 0.3])))
        .unwrap();
    let rows = vec![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
    network.add_population(Population::new("X", 2, "cell").rotated(Rotation::Table(rows))).unwrap();
    let angles: Vec<_> = (0..3000).map(|gid| network.rotation(gid).unwrap()).collect();
    assert!(angles.iter().all(|a| a[..2] == [1.5, 0.2]));
    let mut z: Vec<f64> = angles.iter().map(|a| a[2]).collect();
    assert_ks(&mut z, |a| a / std::f64::consts::TAU, "angle about z");
    assert_eq!(network.rotation(3001).unwrap(), [0.1, 0.2, 0.3]);
    assert_eq!(network.rotation(3003).unwrap(), [0.0, 1.0, 0.0]);
}

#[test]
fn gids_are_contiguous_in_order_of_creation() {
    let mut network = network(1, 10, Some(5));
    let empty = network.add_population(Population::new("none", 0, "cell")).unwrap();
    let last = network.add_population(Population::new("last", 2, "cell")).unwrap();
    assert_eq!(network.n_cells(), 17);
    assert_eq!(network.population(empty).gids(), 15..15);
    assert_eq!(network.population(last).gids(), 15..17);
    let name_of = |gid| network.population(network.population_of(gid).unwrap()).name();
    assert_eq!([0, 9, 10, 14, 15, 16].map(name_of), ["pre", "pre", "post", "post", "last", "last"]);
    assert_eq!(network.find_population("last").unwrap(), last);
    assert_eq!(network.population_of(17), Err(Error::UnknownGid { gid: 17, n_cells: 17 }));
}

#[track_caller]
fn assert_message(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
}

/// Adds a projection to a network of 4 `pre` and 3 `post` cells and checks the refusal.
#[track_caller]
fn refused(projection: Projection, parts: &[&str]) {
    let message = network(1, 4, Some(3)).add_projection(projection).unwrap_err().to_string();
    assert_message(&message, parts);
}

#[track_caller]
fn placement_refused(placement: Placement, parts: &[&str]) {
    let population = Population::new("E", 3, "cell").placed(placement);
    let message = Network::new(1).add_population(population).unwrap_err().to_string();
    assert_message(&message, &[&["population \"E\""], parts].concat());
}

#[test]
fn names_are_checked() {
    let all = || ConnectionRule::AllToAll;
    refused(projection("E", "post", all()), &["\"p\"", "no population \"E\"", "\"pre\", \"post\""]);
    refused(projection("pre", "I", all()), &["no population \"I\""]);
    let mut network = network(1, 4, None);
    let message =
        network.add_population(Population::new("pre", 1, "cell")).unwrap_err().to_string();
    assert_message(&message, &["already a population", "\"pre\"", "unique"]);
    let message = network.add_population(Population::new("", 1, "cell")).unwrap_err().to_string();
    assert_message(&message, &["population number 1", "empty name"]);
    network.add_projection(projection("pre", "pre", all())).unwrap();
    let message = network.add_projection(projection("pre", "pre", all())).unwrap_err().to_string();
    assert_message(&message, &["already a projection", "\"p\""]);
    let message = network.find_projection("q").unwrap_err().to_string();
    assert_message(&message, &["no projection \"q\"", "[\"p\"]"]);
    let message = Network::new(1)
        .add_population(Population::new("E", MAX_CELLS + 1, "cell"))
        .unwrap_err()
        .to_string();
    assert_message(&message, &["\"E\"", "140737488355329"]);
}

#[test]
fn rules_are_checked() {
    let rule = |rule| projection("pre", "post", rule);
    let probability = |probability| rule(ConnectionRule::FixedProbability { probability });
    refused(probability(1.2), &["\"p\"", "probability is 1.2", "from 0 to 1"]);
    refused(probability(f64::NAN), &["probability is NaN"]);
    refused(rule(ConnectionRule::FixedInDegree { n_sources: 5 }), &["n_sources is 5", "only 4"]);
    refused(rule(ConnectionRule::FixedOutDegree { n_targets: 4 }), &["n_targets is 4", "only 3"]);
    refused(rule(ConnectionRule::OneToOne), &["4 sources", "3 targets"]);
    let within = |rule| projection("pre", "pre", rule);
    refused(within(ConnectionRule::OneToOne), &["only autapses", "allow_autapses"]);
    refused(within(ConnectionRule::FixedInDegree { n_sources: 4 }), &["only 3"]);
    let distance = |profile| {
        rule(ConnectionRule::DistanceDependent { profile, distance: DistanceKind::Lateral })
    };
    refused(distance(DistanceProfile::Gaussian { peak: 1.5, sigma_um: 1.0 }), &["peak is 1.5"]);
    refused(distance(DistanceProfile::Linear { peak: 0.5, cutoff_um: 0.0 }), &["cutoff_um is 0"]);
    let mut lonely = network(1, 1, None);
    let total = ConnectionRule::FixedTotalNumber { n_connections: 3 };
    let message = lonely.add_projection(projection("pre", "pre", total)).unwrap_err().to_string();
    assert_message(&message, &["n_connections is 3", "only 0"]);
}

#[test]
fn explicit_connections_are_checked() {
    let matrix = |shape, row, column, value, values| {
        let mut triplets = TriMat::new(shape);
        triplets.add_triplet(row, column, value);
        ConnectionRule::SparseMatrix { matrix: Arc::new(triplets.to_csr()), values }
    };
    let wrong = matrix((3, 4), 0, 0, 1.0, MatrixValues::Weight);
    refused(projection("pre", "post", wrong), &["3 rows and 4 columns", "4 sources", "3 targets"]);
    let half = matrix((4, 3), 3, 1, 1.5, MatrixValues::NSynapses);
    refused(projection("pre", "post", half), &["(3, 1)", "1.5", "whole number"]);
    let diagonal = matrix((4, 4), 2, 2, 1.0, MatrixValues::Weight);
    refused(projection("pre", "pre", diagonal), &["gid 2 is connected with itself"]);

    let table = |source, target, weight, delay_ms| {
        let rows = vec![SynapseRow { source, target, segment: 9, weight, delay_ms }];
        let rule = ConnectionRule::SynapseTable(Arc::new(SynapseTable::new(rows)));
        projection("pre", "post", rule)
    };
    refused(table(4, 5, 1.0, 1.0), &["source gid 4", "0 to 3", "\"pre\""]);
    refused(table(0, 3, 1.0, 1.0), &["target gid 3", "4 to 6", "\"post\""]);
    refused(table(0, 5, f64::NAN, 1.0), &["gid 0 to gid 5", "weight NaN"]);
    refused(table(0, 5, 1.0, 0.0), &["delay_ms 0", "positive"]);
    let mut network = network(1, 4, Some(3));
    let id = network.add_projection(table(0, 5, 1.0, 1.0)).unwrap();
    let message = with_cell(|cell| network.draw_synapses(id, 5, cell)).unwrap_err().to_string();
    assert_message(&message, &["\"p\"", "target gid 5", "segment 9", "has 3"]);
    let message = with_cell(|cell| network.draw_synapses(id, 1, cell)).unwrap_err().to_string();
    assert_message(&message, &["gid 1 is none of the targets"]);
}

#[test]
fn laws_of_a_projection_are_checked() {
    let base = || projection("pre", "post", ConnectionRule::AllToAll);
    let weight = Distribution::Normal { mean: -0.5, std: 0.01 };
    refused(
        Projection { weight, min_weight: Some(0.0), ..base() },
        &["\"p\", weight", "from 0 to inf"],
    );
    let delay = Distribution::Constant(0.5);
    refused(
        Projection { delay, min_delay_ms: Some(1.0), ..base() },
        &["\"p\", delay", "probability 0"],
    );
    let multapses = Distribution::Constant(0.0);
    refused(Projection { multapses, ..base() }, &["\"p\", multapses", "at least 1"]);
    refused(Projection { min_weight: Some(f64::NAN), ..base() }, &["min_weight is NaN"]);
    let sites = RandomSites { sections: Vec::new(), ..RandomSites::default() };
    refused(
        Projection { placement: SynapsePlacement::Random(sites), ..base() },
        &["\"p\", placement", "no sections"],
    );
    let parameters = [("tau".to_owned(), f64::INFINITY)].into();
    let synapse = SynapseKind { mechanism: "ExpSyn".into(), parameters };
    refused(Projection { synapse, ..base() }, &["synapse.parameters.tau is inf"]);
    let axon = RandomSites { sections: vec!["axon".into()], ..RandomSites::default() };
    let mut network = network(1, 4, Some(3));
    let placement = SynapsePlacement::Random(axon);
    let id = network.add_projection(Projection { placement, ..base() }).unwrap();
    let message = with_cell(|cell| network.draw_synapses(id, 5, cell)).unwrap_err().to_string();
    assert_message(&message, &["\"p\", target gid 5", "no segment", "axon"]);
}

#[test]
fn delays_below_the_step_are_found_before_the_run() {
    let validate = |projection: Projection| {
        let mut network = network(1, 4, Some(3));
        network.add_projection(projection).unwrap();
        network.validate(&StepClock::new(0.1).unwrap()).map_err(|error| error.to_string())
    };
    let with = |delay, min_delay_ms| Projection {
        delay,
        min_delay_ms,
        ..projection("pre", "post", ConnectionRule::AllToAll)
    };
    let message = validate(with(Distribution::Constant(0.05), None)).unwrap_err();
    assert_message(&message, &["projection \"p\"", "0.05 ms", "step of 0.1 ms"]);
    let exponential = Distribution::Exponential { scale: 1.0 };
    let message = validate(with(exponential.clone(), None)).unwrap_err();
    assert_message(&message, &["projection \"p\"", "probability 9.5", "min_delay_ms to 0.1"]);
    validate(with(exponential, Some(0.1))).unwrap();
    validate(with(Distribution::Constant(0.1), None)).unwrap();
    validate(with(Distribution::Uniform { low: 0.1, high: 2.0 }, None)).unwrap();
    validate(with(Distribution::Truncnorm { a: Some(0.3), b: None, loc: 2.0, scale: 0.2 }, None))
        .unwrap();
    let row = SynapseRow { source: 0, target: 4, segment: 0, weight: 1.0, delay_ms: 0.01 };
    let rule = ConnectionRule::SynapseTable(Arc::new(SynapseTable::new(vec![row])));
    let message = validate(projection("pre", "post", rule)).unwrap_err();
    assert_message(&message, &["projection \"p\"", "0.01 ms"]);
}

#[test]
fn placements_are_checked() {
    let disc =
        |radius_um, scale_um, cap_um| Placement::Disc { radius_um, loc_um: 0.0, scale_um, cap_um };
    placement_refused(disc(-1.0, 1.0, None), &["radius_um is -1", "not negative"]);
    placement_refused(disc(1.0, -1.0, None), &["scale_um is -1"]);
    placement_refused(disc(1.0, 1.0, Some(Cap::Symmetric(-3.0))), &["cap_um is -3"]);
    placement_refused(disc(1.0, 1.0, Some(Cap::Symmetric(1e-14))), &["cap_um", "probability"]);
    let (lower_um, upper_um) = ([0.0; 3], [1.0, -1.0, 1.0]);
    placement_refused(Placement::UniformBox { lower_um, upper_um }, &["exchange the corners"]);
    let (origin_um, spacing_um) = ([0.0; 3], [1.0; 3]);
    placement_refused(
        Placement::Grid { origin_um, spacing_um, shape: [2, 1, 1] },
        &["[2, 1, 1]", "3 cells"],
    );
    placement_refused(Placement::Table(vec![[0.0; 3]; 2]), &["2 rows for 3 cells"]);
    placement_refused(Placement::Table(vec![[0.0, f64::NAN, 0.0]; 3]), &["row 0", "NaN"]);
    let population = Population::new("E", 3, "cell").rotated(Rotation::Table(Vec::new()));
    let message = Network::new(1).add_population(population).unwrap_err().to_string();
    assert_message(&message, &["\"E\"", "rotation", "0 rows for 3 cells"]);
}

#[test]
fn populations_are_read_from_configurations() {
    let text = r#"{"name": "E", "size": 3, "cell": "pyramidal",
        "placement": {"grid": {"origin_um": [0, 0, 0], "spacing_um": [5, 0, 0], "shape": [3, 1, 1]}},
        "rotation": {"random_z": {"x_rad": 1.5}}}"#;
    let population: Population = serde_json::from_str(text).unwrap();
    let mut network = network(1, 10, None);
    network.add_population(population).unwrap();
    assert_eq!(network.position(12).unwrap(), [10.0, 0.0, 0.0]);
    assert_eq!(network.rotation(12).unwrap()[..2], [1.5, 0.0]);
    let unknown = serde_json::from_str::<Population>(r#"{"name": "E", "size": 3, "cells": "p"}"#);
    assert_message(&unknown.unwrap_err().to_string(), &["unknown field `cells`", "`cell`"]);
}

#[test]
fn a_cap_is_a_number_or_a_pair() {
    let read = |cap: &str| {
        let text = format!(
            r#"{{"disc": {{"radius_um": 1, "loc_um": 0, "scale_um": 5, "cap_um": {cap}}}}}"#
        );
        serde_json::from_str::<Placement>(&text)
    };
    let cap = |text| match read(text).unwrap() {
        Placement::Disc { cap_um, .. } => cap_um,
        other => panic!("{other:?}"),
    };
    assert_eq!(cap("20"), Some(Cap::Symmetric(20.0)));
    assert_eq!(cap("20.5"), Some(Cap::Symmetric(20.5)));
    let pair = Cap::Pair { below_um: 20.0, above_um: 10.0 };
    assert_eq!(cap("[20, 10.0]"), Some(pair));
    assert_eq!(cap("null"), None);
    assert_eq!(serde_json::to_string(&pair).unwrap(), "[20.0,10.0]");
    for wrong in ["[20]", "[1, 2, 3]", "\"20\"", "{\"below\": 1}", "[]"] {
        let message = read(wrong).unwrap_err().to_string();
        assert_message(&message, &["pair [below, above]"]);
    }
    let message =
        serde_json::from_str::<Placement>(r#"{"disc": {"radius": 1}}"#).unwrap_err().to_string();
    assert_message(&message, &["unknown field `radius`", "radius_um"]);
}
