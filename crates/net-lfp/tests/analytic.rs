//! Cases with a known answer.

mod common;

use std::f64::consts::PI;

use common::{Cell, assert_matrix, contacts, reference};
use ndarray::{Array2, Axis, array, s};
use net_lfp::*;

fn stick(n_segments: usize, length: f64, diam: f64) -> Cell {
    let z = |i: usize| length * i as f64 / n_segments as f64;
    Cell {
        start: (0..n_segments).map(|i| [0.0, 0.0, z(i)]).collect(),
        end: (0..n_segments).map(|i| [0.0, 0.0, z(i + 1)]).collect(),
        diam: vec![diam; n_segments],
        end_diam: None,
    }
}

fn rec_ext(
    positions: &[[f64; 3]],
    conductivity: Conductivity,
    source: SourceModel,
) -> RecExtElectrode {
    RecExtElectrode { contacts: contacts(positions), conductivity, source }
}

fn sources() -> [SourceModel; 3] {
    [SourceModel::PointSource, SourceModel::LineSource, SourceModel::root_as_point()]
}

#[track_caller]
fn assert_close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{found} for {expected}");
}

#[test]
fn point_sources_fall_off_with_distance_down_to_the_radius() {
    let cell = Cell::segment([0.0, 0.0, -0.5], [0.0, 0.0, 0.5], 2.0);
    let distances = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 10.0, 100.0, 1e4, 1e6];
    let positions = distances.map(|x| [x, 0.0, 0.0]);
    let probe = PointSource { contacts: contacts(&positions), sigma_s_m: 0.3 };
    let mut matrix = Array2::zeros((10, 1));
    assert_eq!(probe.fill(&cell.geometry(), matrix.view_mut()).unwrap(), 2);
    for (found, distance) in matrix.iter().zip(distances) {
        assert_eq!(*found, 1.0 / (4.0 * PI * 0.3 * f64::max(distance, 1.0)));
    }
}

#[test]
fn line_sources_beside_before_and_beyond() {
    let cell = Cell::segment([0.0; 3], [0.0, 0.0, 10.0], 2.0);
    let probe =
        |position| rec_ext(&[position], Conductivity::Isotropic(0.3), SourceModel::LineSource);
    for (x, z) in [(2.0, 11.0), (2.0, 5.0), (2.0, -1.0), (0.5, 5.0), (1e-9, 12.0), (2000.0, 1e4)] {
        let (h, r) = (z - 10.0, f64::max(x, 1.0));
        let end = |at: f64| (at / r).asinh();
        let expected = (end(h + 10.0) - end(h)) / (4.0 * PI * 0.3 * 10.0);
        let found = cell.matrix(&probe([x, 0.0, z]))[[0, 0]];
        // The formula for the expected value loses digits far away.
        assert_close(found, expected, 1e-10);
    }
    // A line so short that it is a point, and one without length.
    for length in [1e-6, 0.0] {
        let cell = Cell::segment([0.0; 3], [0.0, 0.0, length], 2.0);
        let found = cell.matrix(&probe([0.0, 50.0, 0.0]))[[0, 0]];
        assert_close(found, 1.0 / (4.0 * PI * 0.3 * 50.0), 1e-12);
    }
}

#[test]
fn anisotropy() {
    let cell = Cell::segment([0.0; 3], [0.0, 0.0, 1.0], 0.2);
    let sigma = Conductivity::Anisotropic([0.6, 0.3, 0.45]);
    let probe = rec_ext(&[[1.2, 1.2, 1.7]], sigma, SourceModel::PointSource);
    let weights = 0.3 * 0.45 + 0.6 * 0.45 + 0.6 * 0.3;
    let expected = 1.0 / (4.0 * PI * 1.2 * f64::sqrt(weights));
    assert_close(cell.matrix(&probe)[[0, 0]], expected, 1e-15);

    // Three equal conductivities are one, away from the segments.
    let cell = stick(5, 100.0, 2.0);
    let positions = [[3.0, 0.0, 50.0], [0.0, 40.0, 130.0], [100.0, -5.0, -20.0], [1.5, 0.0, 7.0]];
    for source in sources() {
        let one = rec_ext(&positions, Conductivity::Isotropic(0.3), source.clone());
        let three = rec_ext(&positions, Conductivity::Anisotropic([0.3; 3]), source);
        assert_matrix("isotropic", &cell.matrix(&three), &cell.matrix(&one), 1e-13);
    }
    // On the axis of a segment a contact is moved out to the radius.
    let on_axis =
        rec_ext(&[[0.0, 0.0, 50.0]], Conductivity::Anisotropic([0.3; 3]), SourceModel::LineSource);
    let at_radius =
        rec_ext(&[[1.0, 0.0, 50.0]], Conductivity::Isotropic(0.3), SourceModel::LineSource);
    let (found, expected) = (cell.matrix(&on_axis), cell.matrix(&at_radius));
    assert_close(found[[0, 2]], expected[[0, 2]], 1e-13);
}

#[test]
fn far_away_all_sources_are_points() {
    let cell = stick(20, 100.0, 2.0);
    let matrices = sources().map(|source| {
        cell.matrix(&rec_ext(&[[1000.0, 0.0, 50.0]], Conductivity::Isotropic(0.3), source))
    });
    assert_matrix("lines", &matrices[1], &matrices[0], 1e-5);
    assert_matrix("root", &matrices[2], &matrices[0], 1e-5);
}

fn mea(positions: &[[f64; 3]], sigmas: [f64; 3], thickness_um: f64) -> RecMeaElectrode {
    let [sigma_tissue_s_m, sigma_saline_s_m, sigma_glass_s_m] = sigmas;
    RecMeaElectrode {
        sigma_tissue_s_m,
        sigma_saline_s_m,
        sigma_glass_s_m,
        thickness_um,
        source: SourceModel::PointSource,
        ..RecMeaElectrode::new(contacts(positions))
    }
}

#[test]
fn slices_with_simple_boundaries() {
    let cell = Cell::segment([-100.0, 0.0, 95.0], [-100.0, 0.0, 125.0], 1.0);
    let positions = [[100.0, 0.0, 0.0], [-100.0, 20.0, 150.0], [0.0, 0.0, 110.0]];
    let point = |positions: &[[f64; 3]]| {
        cell.matrix(&PointSource { contacts: contacts(positions), sigma_s_m: 0.3 })
    };
    // Nothing reflects.
    let found = cell.matrix(&mea(&positions, [0.3, 0.3, 0.3], 200.0));
    assert_matrix("no image", &found, &point(&positions), 1e-15);
    // One mirror at the saline.
    let found = cell.matrix(&mea(&positions, [0.3, 1.5, 0.3], 200.0));
    let mirrored = positions.map(|[x, y, z]| [x, y, 400.0 - z]);
    let expected = point(&positions) + point(&mirrored) * ((0.3 - 1.5) / 1.8);
    assert_matrix("one image", &found, &expected, 1e-14);
    // An insulator below and nothing above: twice the potential on the glass.
    let glass = [[100.0, 0.0, 0.0]];
    for source in [SourceModel::PointSource, SourceModel::LineSource] {
        let double =
            RecMeaElectrode { source: source.clone(), ..mea(&glass, [0.3, 0.3, 0.0], 200.0) };
        let single = rec_ext(&glass, Conductivity::Isotropic(0.3), source);
        assert_matrix("doubled", &cell.matrix(&double), &(cell.matrix(&single) * 2.0), 1e-13);
    }
    // A distant surface does not matter.
    let thick = cell.matrix(&mea(&glass, [0.3, 1.5, 0.0], 1e10));
    assert_matrix("thick", &thick, &(point(&glass) * 2.0), 1e-7);
    let thin = cell.matrix(&mea(&glass, [0.3, 1.5, 0.0], 200.0));
    assert!(thin[[0, 0]] < thick[[0, 0]], "saline shunts");
    assert!((thin[[0, 0]] - 0.00108189).abs() < 5e-6, "{thin}");
}

#[test]
fn cylinders_of_current_source_density() {
    let fraction = |cell: &Cell, radius: f64| {
        let probe = LaminarCurrentSourceDensity {
            z_um: vec![[0.0, 10.0], [10.0, 20.0], [20.0, 30.0]],
            radius_um: vec![radius; 3],
            axis_um: [0.0; 2],
        };
        (cell.matrix(&probe) * (PI * radius * radius * 10.0)).into_raw_vec_and_offset().0
    };
    let check = |start, end, radius, expected: [f64; 3]| {
        let found = fraction(&Cell::segment(start, end, 1.0), radius);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-14, "{start:?} {end:?}: {found} for {expected}");
        }
    };
    check([0.0, 0.0, 0.0], [0.0, 0.0, 10.0], 20.0, [1.0, 0.0, 0.0]);
    check([0.0, 0.0, 5.0], [0.0, 0.0, 15.0], 20.0, [0.5, 0.5, 0.0]);
    check([0.0, 0.0, 25.0], [0.0, 0.0, 5.0], 20.0, [0.25, 0.5, 0.25]);
    // Out through the wall, and across with both ends outside.
    check([0.0, 0.0, 5.0], [40.0, 0.0, 5.0], 20.0, [0.5, 0.0, 0.0]);
    check([-40.0, 0.0, 5.0], [40.0, 0.0, 5.0], 20.0, [0.5, 0.0, 0.0]);
    check([-40.0, 12.0, 5.0], [40.0, 12.0, 5.0], 20.0, [0.4, 0.0, 0.0]);
    check([-40.0, 20.0, 5.0], [40.0, 20.0, 5.0], 20.0, [0.0; 3]);
    check([20.5, 0.0, 0.0], [20.5, 0.0, 10.0], 20.0, [0.0; 3]);
    // On an edge a flat segment belongs to the upper volume.
    check([0.0, 0.0, 10.0], [5.0, 0.0, 10.0], 20.0, [0.0, 1.0, 0.0]);
    check([0.0, 0.0, 30.0], [5.0, 0.0, 30.0], 20.0, [0.0; 3]);
}

#[test]
fn boxes_of_current_source_density() {
    for fraction in [BoxFraction::Exact, BoxFraction::Points { step_um: 0.125 }] {
        let probe = VolumetricCurrentSourceDensity {
            x_um: vec![0.0, 10.0, 20.0],
            y_um: vec![-5.0, 5.0],
            z_um: vec![0.0, 10.0, 20.0],
            fraction,
            divide_by_volume: true,
        };
        let check = |start, end, expected: [f64; 4]| {
            let found = Cell::segment(start, end, 1.0).matrix(&probe);
            for (found, expected) in found.iter().zip(expected) {
                assert!((found * 1000.0 - expected).abs() < 1e-12, "{start:?} {end:?}: {found}");
            }
        };
        check([1.0, 0.0, 0.0], [1.0, 0.0, 10.0], [1.0, 0.0, 0.0, 0.0]);
        check([1.0, 0.0, 5.0], [1.0, 0.0, 15.0], [0.5, 0.5, 0.0, 0.0]);
        check([5.0, 0.0, 5.0], [15.0, 0.0, 5.0], [0.5, 0.0, 0.5, 0.0]);
        check([5.0, 9.0, 5.0], [15.0, 9.0, 5.0], [0.0; 4]);
        check([-5.0, 0.0, 15.0], [5.0, 0.0, 15.0], [0.0, 0.5, 0.0, 0.0]);
        // The last box has its upper face.
        check([20.0, 0.0, 12.0], [20.0, 0.0, 14.0], [0.0, 0.0, 0.0, 1.0]);
        check([15.0, 0.0, 20.0], [19.0, 0.0, 20.0], [0.0, 0.0, 0.0, 1.0]);
        check([15.0, 0.0, 10.0], [19.0, 0.0, 10.0], [0.0, 0.0, 0.0, 1.0]);
        // No length at all.
        check([15.0, 0.0, 12.0], [15.0, 0.0, 12.0], [0.0, 0.0, 0.0, 1.0]);
    }
}

#[test]
fn one_sphere_without_a_boundary() {
    let positions = vec![[0.0, 0.0, 9500.0], [3000.0, -4000.0, 0.0], [0.0, 12000.0, 0.0]];
    let sphere = OneSphereVolumeConductor {
        sigma_outside_s_m: 0.3,
        ..OneSphereVolumeConductor::new(positions.clone())
    };
    let cell = Cell::segment([0.0, 10.0, 7999.0], [0.0, 10.0, 8001.0], 1.0);
    let expected = PointSource { contacts: contacts(&positions), sigma_s_m: 0.3 };
    assert_matrix("homogeneous", &cell.matrix(&sphere), &cell.matrix(&expected), 1e-13);
    // Turned about z, source and contacts together, nothing changes.
    let around = |[x, y, z]: [f64; 3]| [-y, x, z];
    let turned = OneSphereVolumeConductor::new(positions.iter().copied().map(around).collect());
    let turned_cell = Cell::segment([-10.0, 0.0, 7999.0], [-10.0, 0.0, 8001.0], 1.0);
    let sphere = OneSphereVolumeConductor::new(positions);
    assert_matrix("turned", &turned_cell.matrix(&turned), &cell.matrix(&sphere), 1e-13);
}

#[test]
fn magnetic_fields_of_unit_dipoles() {
    let sensors_um = vec![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let quantity = MagneticQuantity::Field;
    let meg = InfiniteHomogeneousVolCondMeg { sensors_um, quantity };
    let unit = 1.0 / (4.0 * PI);
    // p x R: rows are x, y, z at each sensor, columns the dipole's axis.
    let expected = array![
        [0.0, 0.0, 0.0],
        [0.0, 0.0, unit],
        [0.0, -unit, 0.0],
        [0.0, 0.0, -unit],
        [0.0, 0.0, 0.0],
        [unit, 0.0, 0.0],
        [0.0, unit, 0.0],
        [-unit, 0.0, 0.0],
        [0.0, 0.0, 0.0],
    ];
    assert_eq!(meg.lead_field([0.0; 3]).unwrap(), expected);

    // A radial dipole in a sphere makes no field outside, and nor does one at its center.
    let sensors_um = vec![[0.0, 30.0, 110.0], [100.0, 50.0, 20.0]];
    let sarvas = SphericallySymmetricVolCondMeg { sensors_um, quantity };
    let field = sarvas.lead_field([0.0, 0.0, 80.0]).unwrap();
    assert!(field.column(2).iter().all(|value| value.abs() < 1e-18), "{field}");
    assert!(field.column(0).iter().any(|value| value.abs() > 1e-8), "{field}");
    assert!(sarvas.lead_field([0.0; 3]).unwrap().iter().all(|value| *value == 0.0));
}

#[test]
fn four_spheres_of_one_conductivity_are_one_medium() {
    let electrodes_um = vec![[0.0, 0.0, 78_500.0], [30_000.0, 0.0, 60_000.0], [1e3, -78e3, 0.0]];
    let head = FourSphereVolumeConductor {
        radii_um: [79_000.0, 80_000.0, 85_000.0, 4e10],
        sigmas_s_m: [0.3; 4],
        ..FourSphereVolumeConductor::new(electrodes_um.clone())
    };
    let infinite = InfiniteVolumeConductor { electrodes_um, sigma_s_m: 0.3 };
    for dipole in [[0.0, 0.0, 60_000.0], [1e4, 2e4, -3e4], [0.0, 1.0, 0.0]] {
        let (found, expected) = (head.lead_field(dipole), infinite.lead_field(dipole));
        assert_matrix("uniform", &found.unwrap(), &expected.unwrap(), 1e-12);
    }
}

#[test]
fn potentials_of_heads_turn_with_the_head() {
    let electrodes = [[0.0, 0.0, 90_000.0], [2e4, -3e4, 7e4], [79_500.0, 100.0, 10.0]];
    let dipole = [1e4, 2e4, 6e4];
    let moment = [3.0, -1.0, 2.0];
    let (sin, cos) = (PI / 4.0).sin_cos();
    let turned = |[x, y, z]: [f64; 3], axis: usize| match axis {
        0 => [x, cos * y - sin * z, sin * y + cos * z],
        1 => [cos * x + sin * z, y, cos * z - sin * x],
        _ => [cos * x - sin * y, sin * x + cos * y, z],
    };
    let potential = |electrodes: Vec<[f64; 3]>, dipole, moment: [f64; 3]| {
        let lead_field = FourSphereVolumeConductor::new(electrodes).lead_field(dipole).unwrap();
        lead_field.dot(&Array2::from_shape_vec((3, 1), moment.to_vec()).unwrap())
    };
    let expected = potential(electrodes.to_vec(), dipole, moment);
    for axis in 0..3 {
        let turn = |p| turned(p, axis);
        let electrodes = electrodes.iter().copied().map(turn).collect();
        let found = potential(electrodes, turn(dipole), turn(moment));
        assert_matrix("turned", &found, &expected, 1e-12);
    }
}

/// A branched cell of 7 segments with its tree.
fn branched() -> (Cell, Vec<Option<u32>>) {
    let points = [
        ([0.0, 0.0, -10.0], [0.0, 0.0, 10.0]),
        ([0.0, 0.0, 10.0], [5.0, 0.0, 60.0]),
        ([5.0, 0.0, 60.0], [5.0, 10.0, 110.0]),
        ([5.0, 0.0, 60.0], [40.0, -30.0, 80.0]),
        ([40.0, -30.0, 80.0], [90.0, -35.0, 85.0]),
        ([0.0, 0.0, 0.0], [-40.0, 0.0, -20.0]),
        ([-40.0, 0.0, -20.0], [-80.0, 10.0, -20.0]),
    ];
    let cell = Cell {
        start: points.iter().map(|p| p.0).collect(),
        end: points.iter().map(|p| p.1).collect(),
        diam: vec![1.0; 7],
        end_diam: None,
    };
    (cell, vec![None, Some(0), Some(1), Some(1), Some(3), Some(0), Some(5)])
}

#[test]
fn dipoles_of_cells_and_segments() {
    let (cell, parents) = branched();
    let geometry = cell.geometry().with_parents(&parents).unwrap();
    let currents: Array2<f64> = array![[-1.0], [0.2], [0.3], [-0.4], [0.15], [0.35], [0.4]];
    assert!(currents.sum().abs() < 1e-15);
    let signal = |probe: &dyn Probe| probe.matrix(&geometry).unwrap().dot(&currents);
    let moment = signal(&CurrentDipoleMoment);

    // Far away one dipole, many dipoles and the currents themselves make the same potential.
    let far = vec![[1e6, 2e5, -3e5], [0.0, -1e6, 1e6]];
    let infinite = || InfiniteVolumeConductor { electrodes_um: far.clone(), sigma_s_m: 0.3 };
    let expected = signal(&PointSource { contacts: contacts(&far), sigma_s_m: 0.3 });
    for source in [DipoleSource::At([0.0; 3]), DipoleSource::Cells, DipoleSource::Segments] {
        let probe = DipoleField::new(infinite(), source, HeadFrame::default()).unwrap();
        assert_eq!(probe.n_signals(), 2);
        assert_matrix("far field", &signal(&probe), &expected, 2e-4);
        // What is summed over cells, then projected.
        let mut rows = Array2::zeros((probe.n_rows(), 7));
        probe.fill(&geometry, rows.view_mut()).unwrap();
        let two_samples = rows.dot(&ndarray::concatenate![Axis(1), currents, &currents * 2.0]);
        let online = probe.signal(two_samples.into_iter().collect(), 2);
        let online = Array2::from_shape_vec((2, 2), online).unwrap();
        assert_matrix("on-line", &online.slice(s![.., ..1]).to_owned(), &signal(&probe), 1e-15);
        assert_matrix(
            "on-line",
            &online.slice(s![.., 1..]).to_owned(),
            &(signal(&probe) * 2.0),
            1e-15,
        );
    }

    // The sum of the dipoles of all segments is the dipole of the cell, wherever it is.
    #[derive(Debug)]
    struct Total;
    impl DipoleModel for Total {
        fn class(&self) -> &'static str {
            "Total"
        }
        fn unit(&self) -> &'static str {
            "nA um"
        }
        fn n_signals(&self) -> usize {
            3
        }
        fn validate(&self) -> Result<()> {
            Ok(())
        }
        fn lead_field(&self, _: [f64; 3]) -> Result<Array2<f64>> {
            Ok(Array2::eye(3))
        }
    }
    for source in [DipoleSource::At([0.0; 3]), DipoleSource::Cells, DipoleSource::Segments] {
        let probe = DipoleField::new(Total, source, HeadFrame::default()).unwrap();
        assert_matrix("total", &signal(&probe), &moment, 1e-13);
        // A quarter turn about z: x of the network is y of the head.
        let rotation = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
        let frame = HeadFrame { rotation, offset_um: [7.0, 8.0, 9.0] };
        assert_eq!(frame.place([1.0, 0.0, 0.0]), [7.0, 9.0, 9.0]);
        let turned = signal(&DipoleField::new(Total, source, frame).unwrap());
        let expected = array![[-moment[[1, 0]]], [moment[[0, 0]]], [moment[[2, 0]]]];
        assert_matrix("turned", &turned, &expected, 1e-13);
    }
}

/// A passive stick driven at its end: potentials from the analytic currents of its segments against
/// the quadrature of the cable's own potential.
#[test]
fn stick_against_cable_theory() {
    let Some(path) = reference("forward_models.h5") else { return };
    let file = hdf5::File::open(path).unwrap();
    let expected = common::matrix(&file, "analytic_stick_LFP/V");

    // Complex cable theory: x = distance from the driven end in space constants.
    let (length, diam, rm, cm, ri) = (1e-1, 2e-4, 30_000.0, 1e-6, 150.0);
    let omega = 2.0 * PI * 100.0;
    let lambda = f64::sqrt(rm * diam / (4.0 * ri));
    // sqrt(1 + i omega tau) = a + i b.
    let tau: f64 = rm * cm;
    let modulus = f64::sqrt(1.0 + (omega * tau) * (omega * tau));
    let (a, b) = (((modulus + 1.0) / 2.0).sqrt(), ((modulus - 1.0) / 2.0).sqrt());
    let big_l = length / lambda;
    // Axial current at distance x from the driven end: sinh(q (L - x)) / sinh(q L).
    let sinh = |x: f64| [(a * x).sinh() * (b * x).cos(), (a * x).cosh() * (b * x).sin()];
    let axial = |x: f64| {
        let ([re, im], [re0, im0]) = (sinh(big_l - x), sinh(big_l));
        let modulus = re0 * re0 + im0 * im0;
        [(re * re0 + im * im0) / modulus, (im * re0 - re * im0) / modulus]
    };
    let n_segments = 200;
    let cell = stick(n_segments, 1000.0, 2.0);
    let n_times = expected.ncols();
    let currents = Array2::from_shape_fn((n_segments, n_times), |(segment, k)| {
        // Segment 0 is at z = 0, the driven end at z = 1000 um.
        let x = |i: usize| big_l * (n_segments - i) as f64 / n_segments as f64;
        let ([near_re, near_im], [far_re, far_im]) = (axial(x(segment + 1)), axial(x(segment)));
        let (sin, cos) = (omega * 20e-3 * k as f64 / (n_times - 1) as f64).sin_cos();
        let leaving = (near_re - far_re) * cos - (near_im - far_im) * sin;
        // A synapse draws its current, positive outwards, from the last segment.
        (if segment == n_segments - 1 { cos } else { 0.0 }) - leaving
    });
    let positions: Vec<[f64; 3]> =
        (0..expected.nrows()).map(|i| [100.0, 0.0, 1000.0 - 100.0 * i as f64]).collect();
    for source in sources() {
        let probe = rec_ext(&positions, Conductivity::Isotropic(0.3), source);
        assert_matrix("stick", &cell.matrix(&probe).dot(&currents), &expected, 0.03);
    }
}

/// What is written beside the signals: where they are measured, and the medium.
#[test]
fn probes_say_where_they_measure() {
    let positions_um = vec![[0.0, 0.0, 0.0], [0.0, 50.0, 0.0]];
    let (at, sensors_um) = (contacts(&positions_um), positions_um.clone());
    let quantity = MagneticQuantity::FluxDensity;
    let infinite = InfiniteVolumeConductor { electrodes_um: positions_um.clone(), sigma_s_m: 0.3 };
    let frame = HeadFrame::default;
    let infinite = DipoleField::new(infinite, DipoleSource::Cells, frame()).unwrap();
    let meg = InfiniteHomogeneousVolCondMeg { sensors_um: sensors_um.clone(), quantity };
    let meg = DipoleField::new(meg, DipoleSource::Cells, frame()).unwrap();
    let sarvas = SphericallySymmetricVolCondMeg { sensors_um, quantity };
    let sarvas = DipoleField::new(sarvas, DipoleSource::Cells, frame()).unwrap();
    let probes: [(&dyn Probe, &[f64]); 8] = [
        (&rec_ext(&positions_um, Conductivity::Isotropic(0.3), SourceModel::LineSource), &[0.3]),
        (&PointSource { contacts: at.clone(), sigma_s_m: 0.3 }, &[0.3]),
        (&LineSource { contacts: at.clone(), sigma_s_m: 0.3 }, &[0.3]),
        (&RecMeaElectrode::new(at), &[0.3, 1.5, 0.0]),
        (&OneSphereVolumeConductor::new(positions_um.clone()), &[0.3, 0.03]),
        (&infinite, &[0.3]),
        (&meg, &[]),
        (&sarvas, &[]),
    ];
    for (probe, sigmas) in probes {
        let described = probe.describe();
        let value = |key: &str| described.iter().find(|(name, _)| *name == key).map(|(_, v)| v);
        let points = Description::Points(positions_um.clone());
        assert_eq!(value("contacts_um"), Some(&points), "{}", probe.class());
        let sigmas = (!sigmas.is_empty()).then(|| Description::Numbers(sigmas.to_vec()));
        assert_eq!(value("conductivity_s_m"), sigmas.as_ref(), "{}", probe.class());
    }
}

/// Where the network lay in the head is written, too.
#[test]
fn dipoles_say_where_the_network_lies_in_the_head() {
    let rotation = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
    let frame = HeadFrame { rotation, offset_um: [0.0, 1.0, 78_000.0] };
    let model = InfiniteVolumeConductor { electrodes_um: vec![[0.0; 3]], sigma_s_m: 0.3 };
    for source in [DipoleSource::Cells, DipoleSource::At([0.0, 0.0, 5.0])] {
        let described = DipoleField::new(model.clone(), source, frame).unwrap().describe();
        let offset = Description::Numbers(vec![0.0, 1.0, 78_000.0]);
        assert!(described.contains(&("head_rotation", Description::Points(rotation.to_vec()))));
        assert!(described.contains(&("head_offset_um", offset)), "{described:?}");
    }
}
