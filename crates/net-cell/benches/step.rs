//! Steps of cells with Hodgkin-Huxley channels: how many compartments a second.
//!
//! `cargo bench -p net-cell --bench step`; throughput is compartment-steps.

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use net_cell::morphology::{SectionKind, SegmentedMorphology, SegmentedSection, Segments};
use net_cell::{
    CellGroup, CellSpec, CellTemplate, Cells, PointKind, PointSpec, Region, StepSettings,
};

/// A reproducible sequence, good enough to make trees.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

/// A soma, a dendrite of 200 um and a random binary tree of dendrites of 10 um, one compartment
/// each.
fn tree(seed: u64, n_dendrites: usize) -> SegmentedMorphology {
    let mut sequence = Sequence(seed);
    let mut parents = vec![None, Some((0, 1.0))];
    let mut free = vec![(1, 0)];
    for section in 2..=n_dendrites {
        let k = sequence.below(free.len());
        parents.push(Some((free[k].0, 1.0)));
        free[k].1 += 1;
        if free[k].1 > 1 {
            free[k] = (section, 0);
        } else {
            free.push((section, 0));
        }
    }
    let n = parents.len();
    let size = |i: usize| match i {
        0 => (12.6157, 12.6157),
        1 => (200.0, 1.0),
        _ => (10.0, 1.0),
    };
    let half_mohm = |i: usize| {
        let (length, diam) = size(i);
        1e-2 * 100.0 * (length / 2.0) / (std::f64::consts::PI * diam * diam / 4.0)
    };
    let sections = (0..n).map(|i| SegmentedSection {
        name: if i == 0 { "soma".into() } else { format!("dend[{}]", i - 1) },
        kind: if i == 0 { SectionKind::Soma } else { SectionKind::Basal },
        parent: parents[i],
        length_um: size(i).0,
        n_segments: 1,
        first_segment: i,
        ra_ohm_cm: 100.0,
        cm_uf_cm2: 1.0,
        ri_end_mohm: half_mohm(i),
    });
    SegmentedMorphology {
        sections: sections.collect(),
        segments: Segments {
            section: (0..n as u32).collect(),
            x: vec![0.5; n],
            area_um2: (0..n).map(|i| std::f64::consts::PI * size(i).0 * size(i).1).collect(),
            ri_mohm: (0..n).map(half_mohm).collect(),
            diam_um: (0..n).map(|i| size(i).1).collect(),
            length_um: (0..n).map(|i| size(i).0).collect(),
            start_um: vec![[0.0; 3]; n],
            end_um: vec![[0.0; 3]; n],
            ..Segments::default()
        },
    }
}

fn template(seed: u64, n_dendrites: usize, membrane: Membrane) -> Arc<CellTemplate> {
    let mut cell = CellTemplate::new(tree(seed, n_dendrites)).unwrap();
    match membrane {
        Membrane::Passive => {}
        Membrane::Excitable => cell.insert("hh", &Region::All, &[]).unwrap(),
    }
    let dendrites = Region::AllBut(vec![SectionKind::Soma]);
    cell.insert("pas", &dendrites, &[("g", 0.001), ("e", -65.0)]).unwrap();
    cell.insert_point("IClamp", 0, &[("amp", 0.5), ("delay", 0.0), ("dur", 2.0)]).unwrap();
    Arc::new(cell)
}

enum Trees {
    Same,
    Different,
}

/// Passive cells show the cost of the linear system alone.
#[derive(Clone, Copy, PartialEq)]
enum Membrane {
    Passive,
    Excitable,
}

fn group(n_cells: usize, trees: Trees, membrane: Membrane, n_synapses: usize) -> CellGroup {
    let one = template(1, 48, membrane);
    let mut sequence = Sequence(99);
    let cells: Vec<CellSpec> = (0..n_cells as u64)
        .map(|gid| {
            let template = match trees {
                Trees::Same => one.clone(),
                Trees::Different => template(gid + 7, 32 + sequence.below(33), membrane),
            };
            // Every synapse is linear: those on one segment are one point.
            let mut used = vec![false; template.n_segments()];
            (0..n_synapses).for_each(|_| used[sequence.below(template.n_segments())] = true);
            let points = used.iter().enumerate().filter(|(_, used)| **used);
            let points =
                points.map(|(s, _)| PointSpec { segment: s as u32, kind: 0, row: 0 }).collect();
            CellSpec { gid, template, points }
        })
        .collect();
    let kinds = [PointKind::new("ExpSyn", &[("tau", 2.0)]).unwrap()];
    let cells = Cells::new(&cells, &kinds, StepSettings::default(), 1).unwrap();
    let mut group = cells.into_groups().pop().unwrap();
    group.initialize(40, 40);
    group
}

fn steps(c: &mut Criterion) {
    let mut benchmarks = c.benchmark_group("step");
    benchmarks.sample_size(20);
    const EPOCH: u64 = 40;
    use Membrane::{Excitable, Passive};
    let cases = [
        ("64 cells, one tree", 64, Trees::Same, Excitable, 0),
        ("64 cells, all trees different", 64, Trees::Different, Excitable, 0),
        ("2048 cells, one tree", 2048, Trees::Same, Excitable, 0),
        ("2048 cells, all trees different", 2048, Trees::Different, Excitable, 0),
        ("256 cells, 1000 synapses a cell", 256, Trees::Different, Excitable, 1000),
        ("64 passive cells, one tree", 64, Trees::Same, Passive, 0),
        ("64 passive cells, all trees different", 64, Trees::Different, Passive, 0),
    ];
    for (name, n_cells, trees, membrane, n_synapses) in cases {
        let mut group = group(n_cells, trees, membrane, n_synapses);
        let mut step = 0;
        benchmarks.throughput(Throughput::Elements(group.n_compartments() as u64 * EPOCH));
        benchmarks.bench_function(name, |b| {
            b.iter(|| {
                group.advance(step..step + EPOCH, || ()).unwrap();
                step += EPOCH;
            });
        });
    }
    benchmarks.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
