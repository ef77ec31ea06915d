//! Networks for the tests.
#![allow(dead_code)]

pub(crate) mod constructs;
pub(crate) mod fields;
pub(crate) mod junctions;
pub(crate) mod monitored;
pub(crate) mod parameters;
pub(crate) mod points;
pub(crate) mod resumed;

use std::path::{Path, PathBuf};

use net_cell::morphology::{
    Cable, CableProperties, Discretization, MorphologyBuilder, SectionKind, SegmentPoints,
};
use net_cell::{CellTemplate, Region};
use net_core::*;
use net_sim::*;

/// Folder of data made with other simulators: `$NET_SHARED`, or `shared` beside the checkout.
pub(crate) fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("NET_SHARED").map_or(beside, PathBuf::from);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: no reference data at {}", path.display());
    None
}

/// A soma with channels and a passive dendrite of `n_segments`.
pub(crate) fn stick(n_segments: usize) -> CellTemplate {
    let mut builder = MorphologyBuilder::new();
    let soma = builder.cylinder("soma", SectionKind::Soma, None, 20.0, 20.0).unwrap();
    builder.cylinder("dend[0]", SectionKind::Basal, Some((soma, 1.0)), 300.0, 2.0).unwrap();
    let morphology = builder
        .build()
        .unwrap()
        .segmented(
            &Discretization::PerSection(vec![1, n_segments]),
            &Cable::Uniform(CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 }),
            SegmentPoints::Exact,
        )
        .unwrap();
    let mut cell = CellTemplate::new(morphology).unwrap();
    cell.insert("hh", &Region::Kinds(vec![SectionKind::Soma]), &[]).unwrap();
    cell.insert("pas", &Region::Kinds(vec![SectionKind::Basal]), &[("g", 1e-4)]).unwrap();
    cell
}

/// Two populations whose cells spike.
pub(crate) fn populations(seed: u64, sizes: [u64; 2]) -> Network {
    let mut network = Network::new(seed);
    let disc = Placement::Disc { radius_um: 100.0, loc_um: 0.0, scale_um: 50.0, cap_um: None };
    let turned = Rotation::RandomZ { x_rad: 0.1, y_rad: 0.2 };
    for (name, size) in [("E", sizes[0]), ("I", sizes[1])] {
        let population =
            Population::new(name, size, name).placed(disc.clone()).rotated(turned.clone());
        network.add_population(population).unwrap();
    }
    network
}

/// A projection of 20 % of the pairs with several synapses each.
pub(crate) fn projection(pre: &str, post: &str, min_delay_ms: f64) -> Projection {
    let (tau_ms, e_mv, weight) = if pre == "E" { (2.0, 0.0, 0.002) } else { (8.0, -80.0, 0.01) };
    Projection {
        name: format!("{pre}:{post}"),
        pre: pre.into(),
        post: post.into(),
        rule: ConnectionRule::FixedProbability { probability: 0.2 },
        multapses: Distribution::Poisson { lambda: 2.0 },
        weight: Distribution::Normal { mean: weight, std: 0.1 * weight },
        min_weight: Some(0.0),
        delay: Distribution::Uniform { low: min_delay_ms, high: 3.0 },
        min_delay_ms: None,
        synapse: SynapseKind {
            mechanism: "ExpSyn".into(),
            parameters: [("tau".into(), tau_ms), ("e".into(), e_mv)].into(),
        },
        placement: SynapsePlacement::default(),
        allow_autapses: false,
    }
}

/// Poisson input that makes every cell spike now and then.
pub(crate) fn background(population: &str) -> Input {
    Input {
        name: format!("background {population}"),
        synapse: SynapseKind {
            mechanism: "ExpSyn".into(),
            parameters: [("tau".into(), 2.0), ("e".into(), 0.0)].into(),
        },
        delay_ms: 1.0,
        synapses: InputSynapses::Drawn {
            population: population.into(),
            n_per_cell: 20,
            placement: SynapsePlacement::default(),
            weight: Distribution::Lognormal { mu: -6.2, sigma: 0.3 },
            source: SpikeSource::Poisson { rate_hz: 40.0, start_ms: 0.0, stop_ms: f64::INFINITY },
        },
    }
}

/// The populations with cells, input and recordings; cells of I have all different trees.
pub(crate) fn model(network: Network) -> Model {
    let soma_v = Recording {
        interval_ms: Some(0.5),
        start_ms: 1.0,
        ..Recording::new("soma_v", Targets::FirstOfEach(3), Quantity::Voltage)
    };
    let current = Recording {
        segments: Segments::All,
        sample_type: SampleType::F64,
        ..Recording::new("i_membrane", Targets::Gids(vec![0]), Quantity::MembraneCurrent)
    };
    let mut model = Model::new(network)
        .with_cells("E", CellKind::shared(stick(5)))
        .with_cells("I", CellKind::per_cell(|gid| Ok::<_, CellError>(stick(2 + gid as usize % 7))))
        .with_input(background("E"))
        .with_input(background("I"))
        .with_recording(soma_v);
    if model.network().n_cells() > 0 {
        model = model.with_recording(current);
    }
    model
}

pub(crate) use net_cell::CellError;

/// A connected network of these sizes.
pub(crate) fn connected(seed: u64, sizes: [u64; 2], min_delay_ms: f64) -> Model {
    let mut network = populations(seed, sizes);
    for pre in ["E", "I"] {
        for post in ["E", "I"] {
            network.add_projection(projection(pre, post, min_delay_ms)).unwrap();
        }
    }
    model(network)
}

/// A run of `tstop_ms` that keeps its results in memory.
pub(crate) fn in_memory(tstop_ms: f64, threads: usize) -> RunOptions {
    RunOptions {
        tstop_ms,
        threads: Some(threads),
        keep_in_memory: true,
        progress: Progress::Off,
        ..RunOptions::default()
    }
}

/// A run that writes into a directory.
pub(crate) fn into_files(tstop_ms: f64, threads: usize, directory: &Path) -> RunOptions {
    let output = Output { directory: directory.to_owned(), connections: true, ..Output::default() };
    RunOptions { output: Some(output), ..in_memory(tstop_ms, threads) }
}
