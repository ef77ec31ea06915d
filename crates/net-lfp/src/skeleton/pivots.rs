//! Gram and Schmidt's elimination of rows, the largest first.

use net_kernel::isa_kernel;
use net_kernel::simd::{F8, LANES, Lanes};

use super::Skeleton;

/// What may be left of a row, relative to its norm.
const TOLERANCE: f64 = 2.842_170_943_040_401e-14; // 2^-45

/// The rows of a matrix, of which those that were chosen have been eliminated.
///
/// That is a QR factorization of the transposed matrix with pivots, by the modified method of Gram and
/// Schmidt, whose triangle is as accurate as that of Householder's (Björck, 1967, BIT 7:1).
pub(super) struct Elimination {
    n_rows: usize,
    /// Norms of the rows at first; they were divided by them.
    norms: Vec<f64>,
    /// Column after column, in vectors of eight rows.
    columns: Vec<F8>,
    n_vectors: usize,
    /// Squares of the norms of what is left of rows; negative for those that were chosen.
    left: Vec<F8>,
}

impl Elimination {
    /// None if a row that is not zero has a norm below `smallest`, or any is not finite.
    pub(super) fn new(matrix: &[f64], n_rows: usize, smallest: f64) -> Option<Self> {
        let n_columns = matrix.len() / n_rows.max(1);
        let rows = matrix.chunks(n_columns.max(1));
        let norm = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>().sqrt();
        let norms: Vec<f64> = rows.clone().map(norm).collect();
        if norms.iter().any(|&norm| norm != 0.0 && !(norm >= smallest && norm.is_finite())) {
            return None;
        }
        let n_vectors = n_rows.div_ceil(LANES);
        let mut columns = vec![F8::ZERO; n_vectors * n_columns];
        let mut left = vec![F8::ZERO; n_vectors];
        for (row, (values, &norm)) in rows.zip(&norms).enumerate() {
            let (vector, lane) = (row / LANES, row % LANES);
            if norm > 0.0 {
                left[vector].0[lane] = 1.0;
                for (column, value) in values.iter().enumerate() {
                    columns[column * n_vectors + vector].0[lane] = value / norm;
                }
            }
        }
        Some(Self { n_rows, norms, columns, n_vectors, left })
    }

    /// The skeleton, if it has at most so many rows.
    pub(super) fn skeleton(mut self, most: usize) -> Option<Skeleton> {
        let mut rows = Vec::new();
        let mut triangle: Vec<Vec<F8>> = Vec::new();
        while let Some(row) = self.largest() {
            if rows.len() == most {
                return None;
            }
            triangle.push(self.eliminate(row));
            rows.push(row);
        }
        let combinations = combinations(&rows, triangle);
        let others: Vec<usize> = (0..self.n_rows).filter(|row| !rows.contains(row)).collect();
        let mut factors = Vec::with_capacity(others.len().div_ceil(LANES) * rows.len());
        for others in others.chunks(LANES) {
            for (&row, combination) in rows.iter().zip(&combinations) {
                let factor = |&other: &usize| {
                    let relative = combination[other / LANES].0[other % LANES];
                    relative * (self.norms[other] / self.norms[row])
                };
                let of_others = |lane| others.get(lane).map_or(0.0, factor);
                factors.push(F8(std::array::from_fn(of_others)));
            }
        }
        Some(Skeleton { n_rows: self.n_rows, rows, others, factors })
    }

    /// The row of which most is left, if that is more than the tolerance.
    fn largest(&self) -> Option<usize> {
        let left = self.left.iter().flat_map(|vector| vector.0).enumerate();
        let (row, left) = left.fold((0, 0.0), |best, own| if own.1 > best.1 { own } else { best });
        (left > TOLERANCE * TOLERANCE).then_some(row)
    }

    /// Takes the part along a row from all rows; gives these parts.
    fn eliminate(&mut self, row: usize) -> Vec<F8> {
        let (vector, lane) = (row / LANES, row % LANES);
        let columns = self.columns.chunks(self.n_vectors);
        let mut direction: Vec<f64> = columns.map(|column| column[vector].0[lane]).collect();
        let norm = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
        direction.iter_mut().for_each(|x| *x /= norm);
        let chosen: Vec<bool> =
            self.left.iter().flat_map(|vector| vector.0.map(|left| left < 0.0)).collect();
        let mut parts = vec![F8::ZERO; self.n_vectors];
        let (columns, left) = (&mut self.columns, &mut self.left);
        left.fill(F8::ZERO);
        let mut task = Task { columns, direction: &direction, parts: &mut parts, left };
        // SAFETY: columns have as many vectors as parts and what is left; there is a direction a column.
        unsafe { eliminate_kernel()(&mut task) };
        for (at, _) in chosen.iter().enumerate().filter(|(at, chosen)| **chosen || *at == row) {
            self.left[at / LANES].0[at % LANES] = -1.0;
        }
        parts
    }
}

/// How all rows, relative to their norms, follow from those that were chosen: for each of these a factor
/// a row. Solves the triangle.
fn combinations(rows: &[usize], mut triangle: Vec<Vec<F8>>) -> Vec<Vec<F8>> {
    for at in (0..rows.len()).rev() {
        let (before, after) = triangle.split_at_mut(at + 1);
        let own = &mut before[at];
        let entry = |&row: &usize| own[row / LANES].0[row % LANES];
        let (diagonal, others) = (entry(&rows[at]), &rows[at + 1..]);
        let others: Vec<f64> = others.iter().map(entry).collect();
        for (&factor, solved) in others.iter().zip(after.iter()) {
            for (own, solved) in own.iter_mut().zip(solved) {
                own.0.iter_mut().zip(solved.0).for_each(|(own, x)| *own -= factor * x);
            }
        }
        own.iter_mut().for_each(|own| own.0.iter_mut().for_each(|own| *own /= diagonal));
    }
    triangle
}

struct Task<'a> {
    columns: &'a mut [F8],
    direction: &'a [f64],
    /// Zero before.
    parts: &'a mut [F8],
    left: &'a mut [F8],
}

isa_kernel!(fn eliminate_kernel = eliminate_rows as unsafe fn(&mut Task), (task: &mut Task));

#[inline(always)]
unsafe fn eliminate_rows<L: Lanes>(task: &mut Task) {
    let Task { columns, direction, parts, left } = task;
    let n = parts.len();
    // SAFETY: a vector has eight doubles.
    let load = |vector: &F8| unsafe { L::load(vector.0.as_ptr()) };
    let store = |value: L, vector: &mut F8| unsafe { value.store(vector.0.as_mut_ptr()) };
    for (column, &weight) in columns.chunks(n).zip(*direction) {
        for (part, entries) in parts.iter_mut().zip(column) {
            store(load(entries).mul_add(L::splat(weight), load(part)), part);
        }
    }
    for (column, &weight) in columns.chunks_mut(n).zip(*direction) {
        for ((entries, part), left) in column.iter_mut().zip(parts.iter()).zip(left.iter_mut()) {
            let rest = load(part).neg_mul_add(L::splat(weight), load(entries));
            store(rest, entries);
            store(rest.mul_add(rest, load(left)), left);
        }
    }
}
