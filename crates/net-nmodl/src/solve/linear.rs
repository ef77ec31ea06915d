//! Linear systems by elimination without loops: the zeros of the matrix are known, and the order of
//! elimination is chosen when compiling.

use crate::lower::graph::{Graph, Id};

/// A matrix by rows; `None` is a structural zero.
pub(crate) type Matrix = Vec<Vec<Option<Id>>>;

/// What is known of the entries before they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dominance {
    /// Those on the diagonal are large, as in backward Euler.
    Diagonal,
    /// Nothing; numbers are better pivots than what may be 0 at run time.
    Unknown,
}

/// The values that solve `matrix x = right`, or `None` if the structure alone makes it singular.
///
/// Pivots are chosen by Markowitz's rule: what makes least fill-in first, on the diagonal if that is
/// known to be large, else numbers before others. The size of others is known only at run time.
pub(crate) fn solve_linear(
    graph: &mut Graph,
    mut matrix: Matrix,
    mut right: Vec<Id>,
    dominance: Dominance,
) -> Option<Vec<Id>> {
    let n = right.len();
    let mut rows: Vec<usize> = (0..n).collect();
    let mut columns: Vec<usize> = (0..n).collect();
    let mut pivots = Vec::with_capacity(n);
    while !rows.is_empty() {
        let (row, column) = pivot(graph, &matrix, (&rows, &columns), dominance)?;
        rows.retain(|&r| r != row);
        columns.retain(|&c| c != column);
        let one = graph.number(1.0);
        let inverse = graph.divide(one, matrix[row][column]?);
        for &other in &rows {
            let Some(entry) = matrix[other][column] else { continue };
            let factor = graph.multiply(entry, inverse);
            for &c in &columns {
                let Some(above) = matrix[row][c] else { continue };
                let product = graph.multiply(factor, above);
                matrix[other][c] = Some(match matrix[other][c] {
                    Some(old) => graph.subtract(old, product),
                    None => graph.negate(product),
                });
            }
            let product = graph.multiply(factor, right[row]);
            right[other] = graph.subtract(right[other], product);
            matrix[other][column] = None;
        }
        pivots.push((row, column, inverse));
    }
    let mut solution = vec![None; n];
    for (row, column, inverse) in pivots.into_iter().rev() {
        let mut sum = right[row];
        for (c, known) in solution.iter().enumerate() {
            if let (Some(entry), Some(known)) = (matrix[row][c], *known) {
                let product = graph.multiply(entry, known);
                sum = graph.subtract(sum, product);
            }
        }
        solution[column] = Some(graph.multiply(sum, inverse));
    }
    solution.into_iter().collect()
}

/// The next pivot: what its kind says first, then fewest products of other entries in its row and
/// column, then a number.
fn pivot(
    graph: &Graph,
    matrix: &Matrix,
    (rows, columns): (&[usize], &[usize]),
    dominance: Dominance,
) -> Option<(usize, usize)> {
    let in_row = |row: usize| columns.iter().filter(|&&c| matrix[row][c].is_some()).count();
    let in_column = |column: usize| rows.iter().filter(|&&r| matrix[r][column].is_some()).count();
    let mut best = None;
    for &row in rows {
        for &column in columns {
            let Some(entry) = matrix[row][column] else { continue };
            if graph.as_number(entry) == Some(0.0) {
                continue;
            }
            let fill = (in_row(row) - 1) * (in_column(column) - 1);
            let is_unknown = graph.as_number(entry).is_none();
            let is_worse = match dominance {
                Dominance::Diagonal => row != column,
                Dominance::Unknown => is_unknown,
            };
            let key = (is_worse, fill, is_unknown, row, column);
            if best.is_none_or(|(least, _)| key < least) {
                best = Some((key, (row, column)));
            }
        }
    }
    best.map(|(_, place)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_with_zeros_on_the_diagonal_is_solved() {
        let mut graph = Graph::default();
        let mut entry = |x: f64| (x != 0.0).then(|| graph.number(x));
        let matrix = vec![
            vec![entry(0.0), entry(2.0), entry(0.0)],
            vec![entry(1.0), entry(0.0), entry(3.0)],
            vec![entry(4.0), entry(1.0), entry(5.0)],
        ];
        let right = [4.0, 10.0, 21.0].map(|x| graph.number(x)).to_vec();
        let solution = solve_linear(&mut graph, matrix, right, Dominance::Diagonal).unwrap();
        let values: Vec<f64> = solution.iter().map(|id| graph.as_number(*id).unwrap()).collect();
        // 2y = 4, x + 3z = 10, 4x + y + 5z = 21.
        for (value, exact) in values.iter().zip([1.0, 2.0, 3.0]) {
            assert!((value - exact).abs() < 1e-14, "{values:?}");
        }
    }

    #[test]
    fn a_structurally_singular_system_is_recognized() {
        let mut graph = Graph::default();
        let one = graph.number(1.0);
        let matrix = vec![vec![Some(one), None], vec![Some(one), None]];
        assert!(solve_linear(&mut graph, matrix, vec![one, one], Dominance::Diagonal).is_none());
    }
}
