//! Rows from which all others follow.

use ndarray::{Array2, Axis, concatenate};
use net_lfp::{
    Conductivity, Geometry, Layout, MatrixSketch, Probe, RecExtElectrode, Skeleton, SourceModel,
};

/// Repeatable numbers in -1..1.
fn numbers(seed: u64, n: usize) -> Vec<f64> {
    let mut stream = net_core::Stream::new(seed, net_core::Purpose::Input, 0, [0, 0]);
    (0..n).map(|_| 2.0 * stream.uniform() - 1.0).collect()
}

/// The matrix of a cell of 60 segments of 15 um, which go their way from somewhere around the origin.
fn matrix_of(probe: &RecExtElectrode, cell: u64) -> Array2<f64> {
    let random = numbers(cell, 3 * 61);
    let mut at = [0, 1, 2].map(|axis| 200.0 * random[axis]);
    let (mut start, mut end) = (Vec::new(), Vec::new());
    for way in random[3..].chunks(3) {
        start.push(at);
        let length = way.iter().map(|x| x * x).sum::<f64>().sqrt();
        at = std::array::from_fn(|axis| at[axis] + 15.0 * way[axis] / length);
        end.push(at);
    }
    let diameters = vec![1.5; start.len()];
    let geometry = Geometry::new(&start, &end, &diameters).unwrap();
    let mut matrix = Array2::zeros((probe.n_rows(), geometry.n_segments()));
    probe.fill(&geometry, matrix.view_mut()).unwrap();
    matrix
}

fn electrode(n_contacts: usize, spacing_um: f64) -> RecExtElectrode {
    let (first_um, direction) =
        ([50.0, 0.0, -0.5 * spacing_um * n_contacts as f64], [0.0, 0.0, 1.0]);
    let layout = Layout::Linear { n_contacts, spacing_um, first_um, direction };
    RecExtElectrode {
        contacts: layout.contacts().unwrap(),
        conductivity: Conductivity::Isotropic(0.3),
        source: SourceModel::LineSource,
    }
}

fn skeleton(cells: &[Array2<f64>]) -> Option<Skeleton> {
    let sketch = MatrixSketch::new(cells[0].nrows())?;
    (0..).zip(cells).for_each(|(cell, matrix)| sketch.add(cell, matrix.view()));
    sketch.skeleton(&sketch.integers(), 2)
}

/// What interpolation leaves of any row of these cells' matrices, relative to its norm.
fn error_of(skeleton: &Skeleton, cells: &[Array2<f64>]) -> f64 {
    let views: Vec<_> = cells.iter().map(|cell| cell.view()).collect();
    let all = concatenate(Axis(1), &views).unwrap();
    let here = skeleton.rows().iter().flat_map(|&row| all.row(row).to_vec());
    let mut found = Vec::new();
    skeleton.interpolate(&here.collect::<Vec<_>>(), all.ncols(), &mut found);
    let found = Array2::from_shape_vec(all.dim(), found).unwrap();
    let norm = |row: ndarray::ArrayView1<f64>| row.dot(&row).sqrt();
    let rows = all.rows().into_iter().zip(found.rows());
    let errors = rows.map(|(own, found)| norm((&found - &own).view()) / norm(own));
    errors.fold(0.0, f64::max)
}

/// Combinations give the rows of all cells to what is promised, also where there are fewer segments
/// than columns of the sketch.
#[test]
fn all_rows_follow_from_the_skeleton() {
    for (n_contacts, spacing_um, n_cells) in [(150, 4.0, 12), (200, 2.0, 3), (90, 7.0, 20)] {
        let probe = electrode(n_contacts, spacing_um);
        let cells: Vec<_> = (0..n_cells).map(|cell| matrix_of(&probe, cell)).collect();
        let skeleton = skeleton(&cells).unwrap();
        let n_here = skeleton.rows().len();
        assert!(n_here * 4 <= n_contacts * 3, "{n_here} of {n_contacts}");
        let error = error_of(&skeleton, &cells);
        println!("{n_here} of {n_contacts} rows: {error:.1e} of the norm of a row");
        assert!(error < 2e-13, "{n_here} of {n_contacts}: {error}");
    }
}

/// Also where a sketch has few columns more than the skeleton rows, whatever was drawn.
#[test]
fn small_sketches_are_enough() {
    let (mut n_found, mut fullest, mut worst) = (0, 0.0_f64, 0.0_f64);
    for draw in 0..200 {
        let n_contacts = 32 + draw as usize % 30;
        let probe = electrode(n_contacts, 0.5 + 0.05 * (draw % 70) as f64);
        let cells: Vec<_> = (0..4).map(|cell| matrix_of(&probe, 4 * draw + cell)).collect();
        let Some(skeleton) = skeleton(&cells) else { continue };
        n_found += 1;
        fullest = fullest.max(skeleton.rows().len() as f64 / n_contacts as f64);
        worst = worst.max(error_of(&skeleton, &cells));
    }
    println!(
        "{n_found} skeletons of up to {fullest:.2} of the rows: {worst:.1e} of the norm of a row"
    );
    assert!(n_found > 50 && fullest > 0.7, "{n_found}, {fullest}");
    assert!(worst < 1e-12, "{worst}");
}

/// Whoever adds the cells, in whatever order, gets the same bits; so does whoever interpolates fewer samples.
#[test]
fn the_skeleton_does_not_depend_on_who_adds_cells() {
    let probe = electrode(70, 5.0);
    let cells: Vec<_> = (0..9).map(|cell| matrix_of(&probe, cell)).collect();
    let expected = skeleton(&cells).unwrap();
    let parts = [MatrixSketch::new(70).unwrap(), MatrixSketch::new(70).unwrap()];
    for (cell, matrix) in cells.iter().enumerate().rev() {
        parts[usize::from(cell % 3 == 0)].add(cell as u64, matrix.view());
    }
    let integers = parts.each_ref().map(MatrixSketch::integers);
    let total: Vec<i128> = integers[0].iter().zip(&integers[1]).map(|(a, b)| a + b).collect();
    assert_eq!(parts[0].skeleton(&total, 2).as_ref(), Some(&expected));

    let (n_here, n_samples) = (expected.rows().len(), 61);
    let products = numbers(1, n_here * n_samples);
    let (mut all, mut one) = (Vec::new(), Vec::new());
    expected.interpolate(&products, n_samples, &mut all);
    for sample in 0..n_samples {
        let own: Vec<f64> = products.iter().skip(sample).step_by(n_samples).copied().collect();
        expected.interpolate(&own, 1, &mut one);
        assert!(one.iter().eq(all.iter().skip(sample).step_by(n_samples)), "sample {sample}");
    }
}

/// Rows of zeros follow from any.
#[test]
fn rows_of_zeros_stay() {
    let mut cell = matrix_of(&electrode(50, 2.0), 1);
    cell.row_mut(3).fill(0.0);
    cell.row_mut(49).fill(0.0);
    let skeleton = skeleton(&[cell]).unwrap();
    assert!(!skeleton.rows().contains(&3) && !skeleton.rows().contains(&49));
    let mut all = Vec::new();
    skeleton.interpolate(&vec![1.0; skeleton.rows().len()], 1, &mut all);
    assert_eq!((all[3], all[49], all.len()), (0.0, 0.0, 50));
    let nothing = Array2::zeros((40, 300));
    let skeleton = self::skeleton(&[nothing]).unwrap();
    skeleton.interpolate(&[], 2, &mut all);
    assert_eq!((skeleton.rows().len(), &*all), (0, &[0.0; 80][..]));
}

/// There is none where it would not be worth while, or could not be trusted.
#[test]
fn some_matrices_have_no_skeleton() {
    let random = |seed, n_rows: usize| {
        Array2::from_shape_vec((n_rows, 400), numbers(seed, 400 * n_rows)).unwrap()
    };
    assert!(skeleton(&[random(1, 40), random(2, 40)]).is_none(), "independent rows");
    let dense = matrix_of(&electrode(60, 2.0), 1);
    assert!(skeleton(std::slice::from_ref(&dense)).is_some());
    assert!(skeleton(&[dense.slice(ndarray::s![.., ..20]).to_owned()]).is_none(), "few segments");
    assert!(skeleton(&[matrix_of(&electrode(31, 0.5), 1)]).is_none(), "few rows");
    assert!(skeleton(&[&dense * 1e-9]).is_none(), "below what the sums hold");
    assert!(skeleton(&[&dense * 1e12]).is_none(), "above what the sums hold");
}
