//! Sums that do not depend on their order, and products that do not depend on their neighbors.

use ndarray::{Array1, Array2};
use net_kernel::simd::{F8, LANES};
use net_lfp::{
    Contribution, CurrentSampler, ExactSums, LaneMask, LaneMatrix, LfpError, ProductBuffer,
    Sampling, SumTarget, matrix_of_potentials,
};
use proptest::prelude::*;

/// Repeatable numbers in -1..1.
fn numbers(seed: u64, n: usize) -> Vec<f64> {
    let mut stream = net_core::Stream::new(seed, net_core::Purpose::Input, 0, [0, 0]);
    (0..n).map(|_| 2.0 * stream.uniform() - 1.0).collect()
}

/// The exact sum by integers of 2^-100, for numbers that are multiples of it.
fn exact_sum(values: &[f64]) -> f64 {
    let unit = 2.0_f64.powi(-100);
    let integer: i128 = values.iter().map(|v| (v / unit) as i128).sum();
    integer as f64 * unit
}

proptest! {
    #[test]
    fn any_order_and_any_tree_give_the_same_bits(
        values in prop::collection::vec((-1e3_f64..1e3, -20_i32..6), 1..200),
        cuts in prop::collection::vec(0_usize..200, 0..5),
        rotation in 0_usize..200,
    ) {
        let values: Vec<f64> = values.iter().map(|&(m, e)| m * 2.0_f64.powi(e)).collect();
        let mut forward = ExactSums::new(&[1.0], 1).unwrap();
        for value in &values {
            forward.add(0, 0, &[*value]).unwrap();
        }
        // Another order, in pieces that are merged from the last to the first.
        let mut turned = values.clone();
        turned.rotate_left(rotation % values.len());
        turned.reverse();
        let mut cuts: Vec<usize> = cuts.iter().map(|c| c % (values.len() + 1)).collect();
        cuts.extend([0, values.len()]);
        cuts.sort_unstable();
        let mut total = ExactSums::new(&[1.0], 1).unwrap();
        let mut integer = 0_i128;
        for cut in cuts.windows(2).rev() {
            let mut part = ExactSums::new(&[1.0], 1).unwrap();
            for value in &turned[cut[0]..cut[1]] {
                part.add(0, 0, &[*value]).unwrap();
            }
            total.merge(&part).unwrap();
            integer += part.integers()[0];
        }
        prop_assert_eq!(forward.integers(), total.integers());
        prop_assert_eq!(forward.integers()[0], integer);
        prop_assert_eq!(forward.to_f64()[0], integer as f64 * 2.0_f64.powi(-74));
        prop_assert_eq!(forward.to_f64()[0].to_bits(), total.to_f64()[0].to_bits());

        let largest = values.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
        let plain: f64 = values.iter().sum();
        prop_assert!((forward.to_f64()[0] - plain).abs() <= 1e-12 * largest.max(plain.abs()));
    }

    #[test]
    fn vectors_are_added_like_single_samples(
        seed in 0_u64..1000, n_rows in 1_usize..20, n_samples in 1_usize..20,
        n_cells in 1_usize..8, lanes in 0_u8..=255, first in 0_usize..3,
    ) {
        let bounds: Vec<f64> = (0..n_rows).map(|row| 0.3 + row as f64).collect();
        let width = n_rows.next_power_of_two().min(LANES);
        let mut by_one = ExactSums::new(&bounds, n_samples + first).unwrap();
        let mut together = by_one.clone();
        for vector in 0..n_rows.div_ceil(LANES) {
            let row_of = |lane: usize| vector * LANES + lane % width;
            let cells: Vec<Vec<f64>> = (0..n_cells as u64)
                .map(|cell| numbers(seed + cell, n_samples * LANES))
                .collect();
            let mask: LaneMask = (0..LANES)
                .filter(|&l| lanes >> l & 1 == 1 && row_of(l) < n_rows)
                .collect();
            for values in cells.iter().rev() {
                for lane in (0..LANES).rev().filter(|&lane| mask.contains(lane)) {
                    let of_lane: Vec<f64> = values.chunks(LANES).map(|v| v[lane]).collect();
                    by_one.add(row_of(lane), first, &of_lane).unwrap();
                }
            }
            // What lanes hold that are not asked for does not matter.
            let number = |values: &[f64], lane: usize| match mask.contains(lane) {
                true => values[lane],
                false => f64::NAN,
            };
            let vectors: Vec<Vec<F8>> = (cells.iter())
                .map(|values| {
                    let samples = values.chunks(LANES);
                    samples.map(|v| F8(std::array::from_fn(|lane| number(v, lane)))).collect()
                })
                .collect();
            let contributions: Vec<Contribution> = (vectors.iter())
                .map(|products| Contribution { products, lanes: mask })
                .collect();
            together.add_vectors(vector, first, &contributions).unwrap();
        }
        prop_assert_eq!(by_one.integers(), together.integers());
    }
}

/// Adds eight contributions to the first sample of the only row.
fn add_lanes(sums: &mut ExactSums, vector: F8, lanes: LaneMask) -> Result<(), LfpError> {
    sums.add_vectors(0, 0, &[Contribution { products: &[vector], lanes }])
}

#[test]
fn sums_are_correct_to_their_unit() {
    for scale in [1e-12, 1.0, 1e9] {
        let values: Vec<f64> = numbers(3, 100_000).iter().map(|v| v * scale).collect();
        let mut sums = ExactSums::new(&[scale], 1).unwrap();
        for chunk in values.chunks(LANES) {
            let vector = F8(std::array::from_fn(|l| chunk[l]));
            add_lanes(&mut sums, vector, LaneMask::ALL).unwrap();
        }
        // Exact reference: scaled so that numbers are multiples of 2^-100.
        let power = 2.0_f64.powi(-(scale.log2().ceil() as i32));
        let scaled: Vec<f64> = values.iter().map(|v| v * power).collect();
        let expected = exact_sum(&scaled) / power;
        let error = (sums.to_f64()[0] - expected).abs();
        let unit = 2.0_f64.powi(-74) / power;
        assert!(error <= 0.5 * unit * 1e5 + expected.abs() * f64::EPSILON, "{scale}: {error:e}");
    }
}

/// More than 2^14 contributions of the largest low word and the largest high word.
#[test]
fn carries_lose_nothing() {
    let just_below_half = 0.5 - 2.0_f64.powi(-40);
    let value = (f64::from(1 << 20) + just_below_half) * 2.0_f64.powi(-26);
    let n = 100_000;
    let mut sums = ExactSums::new(&[1.0], 1).unwrap();
    let mut negative = ExactSums::new(&[1.0], 1).unwrap();
    for _ in 0..n / 8 {
        add_lanes(&mut sums, F8::splat(value), LaneMask::ALL).unwrap();
        negative.add(0, 0, &[-value]).unwrap();
    }
    assert_eq!(sums.to_f64()[0], value * f64::from(n));
    for _ in 0..8 {
        sums.merge(&negative.clone()).unwrap();
    }
    assert_eq!(sums.integers(), [0]);
}

#[test]
fn what_does_not_fit_is_an_error() {
    const LARGEST: f64 = (1 << 24) as f64;
    let sums = || ExactSums::new(&[1.0], 1).unwrap();
    assert!(sums().add(0, 0, &[LARGEST]).is_ok());
    for bad in [LARGEST + 1.0, -1e300, f64::INFINITY, f64::NAN, f64::NEG_INFINITY] {
        let error = sums().add(0, 0, &[bad]);
        assert!(matches!(error, Err(LfpError::OutOfRange { row: 0, limit: LARGEST })), "{bad}");
        let mut vector = F8::ZERO;
        vector.0[5] = bad;
        let error = add_lanes(&mut sums(), vector, LaneMask::ALL);
        assert!(matches!(error, Err(LfpError::OutOfRange { .. })), "{bad}");
        assert!(add_lanes(&mut sums(), vector, LaneMask::NONE.with(4)).is_ok());
    }
    // 2^36 are reached by 2^12 of the largest.
    let mut full = sums();
    let n_taken = (0..5000).take_while(|_| full.add(0, 0, &[LARGEST]).is_ok()).count();
    assert_eq!(n_taken, 4095);
    assert_eq!(full.integers()[0], 4096 << (24 + 74), "the one that was refused last is in");
    let mut half = sums();
    (0..3000).for_each(|_| half.add(0, 0, &[LARGEST]).unwrap());
    let other = half.clone();
    assert!(matches!(half.merge(&other), Err(LfpError::SumOverflow { row: 0, .. })));

    let others = [ExactSums::new(&[2.5], 1), ExactSums::new(&[1.0], 2), ExactSums::new(&[], 1)];
    for other in others {
        assert!(matches!(sums().merge(&other.unwrap()), Err(LfpError::DifferentSums)));
    }
    for bound in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
        assert!(matches!(ExactSums::new(&[bound], 1), Err(LfpError::Bound { row: 0, .. })));
    }
    // A row that nothing reaches.
    let mut zero = ExactSums::new(&[0.0], 1).unwrap();
    zero.add(0, 0, &[0.0]).unwrap();
    assert_eq!(zero.to_f64(), [0.0]);
}

/// A matrix, its order of compartments, and currents of one cell.
fn cell(seed: u64, n_rows: usize, n_segments: usize) -> (Array2<f64>, Vec<u32>, Vec<f64>) {
    let matrix = numbers(seed, n_rows * n_segments);
    let matrix = Array2::from_shape_vec((n_rows, n_segments), matrix).unwrap();
    let mut order: Vec<u32> = (0..n_segments as u32).collect();
    order.rotate_left(seed as usize % n_segments);
    order.reverse();
    (matrix, order, numbers(seed + 1000, n_segments * 80))
}

/// The bits of a cell's product are those of a chain of fused multiply-adds over its compartments,
/// whoever stands beside it, in whatever lane and slots, for any number of samples.
#[test]
fn a_product_depends_on_its_cell_alone() {
    for (n_rows, n_segments) in
        [(1, 1), (3, 7), (16, 40), (13, 5), (21, 6), (75, 34), (2, 33), (40, 70)]
    {
        let (matrix, order, currents) = cell(1, n_rows, n_segments);
        let mut segment_of = vec![0; n_segments];
        order.iter().enumerate().for_each(|(s, &compartment)| segment_of[compartment as usize] = s);
        for n_samples in [0, 1, 3, 5, 11, 39, 80] {
            for (lane, n_lanes, first_slot, n_more) in
                [(0, 1, 0, 0), (0, 2, 2, 0), (2, 4, 1, 3), (5, 6, 3, 4), (7, 8, 1, 0)]
            {
                let slots = first_slot..first_slot + n_segments + n_more;
                let n_slots = slots.end + 2;
                let mut sizes = vec![n_segments; n_lanes];
                sizes[(lane + 1) % n_lanes] += n_more;
                let mut matrices = LaneMatrix::new(n_rows, slots, &sizes);
                let mut vectors = vec![F8::splat(-7.5); n_slots * n_samples];
                matrices.set_cell(lane, matrix.view(), &order);
                if n_more > 0 {
                    let (matrix, order, _) = cell(2, n_rows, n_segments + n_more);
                    matrices.set_cell((lane + 1) % n_lanes, matrix.view(), &order);
                }
                for sample in 0..n_samples {
                    for (segment, &compartment) in order.iter().enumerate() {
                        let at = sample * n_slots + first_slot + compartment as usize;
                        vectors[at].0[lane] = currents[sample * n_segments + segment];
                    }
                }
                let products = matrices.products(&vectors, n_slots);
                for row in 0..n_rows {
                    for sample in 0..n_samples {
                        let expected = segment_of.iter().fold(0.0_f64, |sum, &s| {
                            matrix[[row, s]].mul_add(currents[sample * n_segments + s], sum)
                        });
                        let found = products[row * n_samples + sample].0[lane];
                        assert_eq!(found.to_bits(), expected.to_bits(), "row {row} of {n_rows}");
                    }
                }
            }
        }
    }
}

/// Some rows of matrices have the products that they have among all.
#[test]
fn rows_that_are_selected_have_the_same_products() {
    for n_rows in [2, 13, 75] {
        let (sizes, n_slots) = ([34, 9, 40], 40);
        let mut matrices = LaneMatrix::new(n_rows, 0..n_slots, &sizes);
        for (lane, &size) in sizes.iter().enumerate() {
            let (matrix, order, _) = cell(lane as u64, n_rows, size);
            matrices.set_cell(lane, matrix.view(), &order);
        }
        let currents: Vec<F8> =
            numbers(3, 11 * n_slots * LANES).as_chunks().0.iter().map(|c| F8(*c)).collect();
        let all = matrices.products(&currents, n_slots);
        for n_selected in [1, 3, 9, 70] {
            let rows: Vec<usize> = (0..n_selected).map(|at| (at * 29 + 1) % n_rows).collect();
            let selected = matrices.select_rows(&rows);
            let found = selected.products(&currents, n_slots);
            let expected: Vec<F8> =
                rows.iter().flat_map(|row| &all[row * 11..][..11]).copied().collect();
            assert_eq!(found, expected, "{n_selected} of {n_rows} rows");
            let mut bounds = [vec![0.0; n_rows], vec![0.0; n_selected]];
            matrices.raise_bounds(&mut bounds[0]);
            selected.raise_bounds(&mut bounds[1]);
            assert!(rows.iter().zip(&bounds[1]).all(|(&row, bound)| *bound == bounds[0][row]));
        }
    }
}

/// A matrix of potentials gives what the matrix gives of the currents between segments, also of potentials
/// that are nearly equal.
#[test]
fn potentials_give_what_their_currents_give() {
    let (matrix, _, noise) = cell(4, 9, 30);
    let conductances = numbers(5, 29);
    let couplings: Vec<(usize, usize, f64)> =
        (1..30).map(|s| (s, s * 7 % s, 1.5 + conductances[s - 1])).collect();
    let of_potentials = matrix_of_potentials(matrix.view(), &couplings);
    for spread in [10.0, 1e-3] {
        let potentials: Vec<f64> = noise[..30].iter().map(|n| -65.0 + spread * n).collect();
        let mut currents = vec![0.0; 30];
        for &(a, b, conductance) in &couplings {
            let flow = conductance * (potentials[b] - potentials[a]);
            currents[a] += flow;
            currents[b] -= flow;
        }
        let expected = matrix.dot(&Array1::from(currents));
        let found = of_potentials.dot(&Array1::from(potentials));
        let largest = expected.iter().fold(0.0_f64, |most, e| most.max(e.abs()));
        // What potentials of 65 mV are rounded by.
        let tolerance = largest * (1e-14 + 1e-13 / spread);
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < tolerance, "{found} {expected} {tolerance}");
        }
    }
}

/// Cells dealt out in different ways give the same sums, in groups and in total.
#[test]
fn sums_do_not_depend_on_who_stands_side_by_side() {
    let (n_rows, n_segments, n_samples, n_cells) = (6, 17, 9, 19);
    let cells: Vec<_> = (0..n_cells).map(|i| cell(i, n_rows, n_segments)).collect();
    let run = |groups: &[Vec<usize>]| {
        let mut bounds = vec![0.0; n_rows];
        let built: Vec<(LaneMatrix, Vec<F8>)> = groups
            .iter()
            .map(|group| {
                let mut matrices =
                    LaneMatrix::new(n_rows, 0..n_segments, &vec![n_segments; group.len()]);
                let mut vectors = vec![F8::ZERO; n_segments * n_samples];
                for (lane, &index) in group.iter().enumerate() {
                    let (matrix, order, currents) = &cells[index];
                    matrices.set_cell(lane, matrix.view(), order);
                    for (at, vector) in vectors.iter_mut().enumerate() {
                        let (sample, compartment) = (at / n_segments, at % n_segments);
                        let is_here = |&c: &u32| c as usize == compartment;
                        let segment = order.iter().position(is_here).unwrap();
                        vector.0[lane] = currents[sample * n_segments + segment];
                    }
                }
                matrices.raise_bounds(&mut bounds);
                (matrices, vectors)
            })
            .collect();
        let mut even = ExactSums::new(&bounds, n_samples).unwrap();
        let (mut odd, mut buffer) = (even.clone(), ProductBuffer::default());
        for (group, (matrices, vectors)) in groups.iter().zip(&built) {
            let of = |parity: usize| -> LaneMask {
                (0..group.len()).filter(|&lane| group[lane] % 2 == parity).collect()
            };
            let targets = &mut [
                SumTarget { lanes: of(0), sums: &mut even },
                SumTarget { lanes: of(1), sums: &mut odd },
            ];
            // In two parts, as if an epoch ended between.
            let (early, late) = vectors.split_at(4 * n_segments);
            matrices.add_products(late, n_segments, 4, targets, &mut buffer).unwrap();
            matrices.add_products(early, n_segments, 0, targets, &mut buffer).unwrap();
        }
        let mut total = even.clone();
        total.merge(&odd).unwrap();
        (even.to_f64(), odd.to_f64(), total.to_f64())
    };
    let indices: Vec<usize> = (0..n_cells as usize).collect();
    let in_order: Vec<Vec<usize>> = indices.chunks(8).map(<[usize]>::to_vec).collect();
    let alone: Vec<Vec<usize>> = indices.iter().rev().map(|&i| vec![i]).collect();
    let by_three: Vec<Vec<usize>> =
        (0..7).map(|k| indices.iter().copied().filter(|i| i % 7 == k).collect()).collect();
    let expected = run(&in_order);
    assert!(expected.2.iter().all(|value| *value != 0.0));
    assert_eq!(run(&alone), expected);
    assert_eq!(run(&by_three), expected);
}

#[test]
fn samples_are_taken_at_their_times() {
    let push_all = |window, interval, sampling, clear_at: &[u64]| {
        let mut sampler = CurrentSampler::new(window, interval, sampling);
        let mut taken = Vec::new();
        let mut take = |sampler: &mut CurrentSampler| {
            assert_eq!(sampler.samples().len(), 2 * sampler.n_samples());
            taken.extend(sampler.samples().chunks(2).map(|sample| sample[1].0[3]));
            sampler.clear();
        };
        for step in 0..=20 {
            let value = (step * step) as f64;
            sampler.push(step, &[F8::ZERO, F8::splat(value)]);
            if clear_at.contains(&step) {
                take(&mut sampler);
            }
        }
        take(&mut sampler);
        taken
    };
    for clear_at in [&[][..], &[0, 5, 6], &[1, 2, 3, 4, 7, 11]] {
        let points = |window, interval| push_all(window, interval, Sampling::Point, clear_at);
        assert_eq!(points(0..100, 5), [0.0, 25.0, 100.0, 225.0, 400.0]);
        assert_eq!(points(3..11, 4), [9.0, 49.0]);
        assert_eq!(points(3..12, 4), [9.0, 49.0, 121.0]);
        assert!(points(5..5, 4).is_empty());
        assert_eq!(points(2..4, 0), [4.0, 9.0]);
        let means = |window, interval| push_all(window, interval, Sampling::Average, clear_at);
        assert_eq!(means(0..100, 10), [0.0, 38.5, 248.5]);
        // (1 + 4 + 9)/3 and (16 + 25 + 36)/3; steps after the last sample are not kept.
        let third = 1.0 / 3.0;
        assert_eq!(means(3..9, 3), [14.0 * third, 77.0 * third]);
        assert_eq!(means(7..9, 1), [49.0, 64.0]);
    }
}
