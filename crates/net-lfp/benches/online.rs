//! Cost of signals while a network runs: 20 branched cells of 217 compartments, for contacts by
//! number, one sample. And the parts of it.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use net_kernel::simd::{F8, LANES};
use net_lfp::{
    Contribution, CurrentSampler, ExactSums, LaneMask, LaneMatrix, ProductBuffer, Sampling,
    SumTarget,
};

const N_CELLS: usize = 20;
const N_SEGMENTS: usize = 217;
const N_SAMPLES: usize = 48;

fn rows_of_cells(n_contacts: usize) -> (Vec<(LaneMatrix, LaneMask)>, Vec<f64>) {
    let order: Vec<u32> = (0..N_SEGMENTS as u32).collect();
    let mut bounds = vec![0.0; n_contacts];
    let cells: Vec<usize> = (0..N_CELLS).collect();
    let rows = cells.chunks(LANES).map(|cells| {
        let mut matrices =
            LaneMatrix::new(n_contacts, 0..N_SEGMENTS, &vec![N_SEGMENTS; cells.len()]);
        for (lane, &cell) in cells.iter().enumerate() {
            let entry = |(i, j)| 1e-3 / (1.0 + ((i * 7 + j * 3 + cell) % 101) as f64);
            matrices.set_cell(
                lane,
                Array2::from_shape_fn((n_contacts, N_SEGMENTS), entry).view(),
                &order,
            );
        }
        matrices.raise_bounds(&mut bounds);
        (matrices, (0..cells.len()).collect())
    });
    (rows.collect(), bounds)
}

fn signals(c: &mut Criterion) {
    let currents: Vec<F8> =
        (0..N_SEGMENTS * N_SAMPLES).map(|i| F8::splat((i % 13) as f64 - 6.0)).collect();
    for n_contacts in [1, 16, 64, 256, 1024] {
        let (rows, bounds) = rows_of_cells(n_contacts);
        let mut sums = ExactSums::new(&bounds, N_SAMPLES).unwrap();
        let mut buffer = ProductBuffer::default();
        c.bench_function(&format!("{N_SAMPLES} samples of {n_contacts} contacts, 20 cells"), |b| {
            b.iter(|| {
                sums.clear();
                for (matrices, lanes) in &rows {
                    let targets = &mut [SumTarget { lanes: *lanes, sums: &mut sums }];
                    matrices.add_products(&currents, N_SEGMENTS, 0, targets, &mut buffer).unwrap();
                }
                black_box(&mut sums);
            });
        });
    }
    let (rows, _) = rows_of_cells(64);
    c.bench_function(&format!("product alone: {N_SAMPLES} samples of 64 contacts, 8 cells"), |b| {
        b.iter(|| black_box(rows[0].0.products(&currents, N_SEGMENTS)));
    });
    let mut sums = ExactSums::new(&[100.0; LANES], 1000).unwrap();
    let products = vec![F8::splat(0.37); 1000];
    c.bench_function("exact sums: 1000 samples of 8 rows from 8 cells", |b| {
        b.iter(|| {
            sums.clear();
            let contribution =
                Contribution { products: black_box(&products), lanes: LaneMask::ALL };
            sums.add_vectors(0, 0, &[contribution; LANES]).unwrap();
        });
    });
    let mut sampler = CurrentSampler::new(0..u64::MAX, 4, Sampling::Average);
    let mut step = 0;
    c.bench_function("sampler: a step of 8 cells, mean of 4", |b| {
        b.iter(|| {
            sampler.push(step, &currents[..N_SEGMENTS]);
            step += 1;
            if sampler.n_samples() >= 10 {
                sampler.clear();
            }
        });
    });
}

criterion_group!(benches, signals);
criterion_main!(benches);
