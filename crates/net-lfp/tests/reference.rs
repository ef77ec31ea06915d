//! Every matrix against LFPykit's or, where that errs, against independent exact values.

mod common;

use common::{Cell, array, assert_matrix, contacts, matrix, points, reference};
use hdf5::File;
use ndarray::{Array2, Axis};
use net_lfp::*;

const TOLERANCE: f64 = 1e-10;

fn file() -> Option<File> {
    Some(File::open(reference("forward_models.h5")?).unwrap())
}

/// Names of the datasets in a group.
fn datasets(file: &File, group: &str) -> Vec<String> {
    let names = file.group(group).unwrap().member_names().unwrap();
    names.into_iter().filter(|name| file.dataset(&format!("{group}/{name}")).is_ok()).collect()
}

fn conductivity(name: &str) -> Conductivity {
    match name {
        "iso" => Conductivity::Isotropic(0.3),
        "aniso_z" => Conductivity::Anisotropic([0.3, 0.3, 0.45]),
        "aniso_xyz" => Conductivity::Anisotropic([0.6, 0.3, 0.45]),
        other => panic!("unknown conductivity {other}"),
    }
}

fn source(name: &str) -> (SourceModel, &str) {
    let known = [
        ("pointsource_", SourceModel::PointSource),
        ("linesource_", SourceModel::LineSource),
        ("root_as_point_", SourceModel::root_as_point()),
    ];
    let found = known
        .into_iter()
        .find_map(|(prefix, source)| name.strip_prefix(prefix).map(|rest| (source, rest)));
    found.unwrap_or_else(|| panic!("unknown method in {name}"))
}

#[test]
fn point_contacts() {
    let Some(file) = file() else { return };
    for name in ["random60", "random60_frusta", "ball_and_sticks_lambda1000", "L5_Mainen96_rot"] {
        let cell = Cell::read(&file, name);
        let positions = points(&file, &format!("contacts/{}", name.trim_end_matches("_frusta")));
        let check = |path: String, probe: &dyn Probe| {
            let path = format!("{name}/{path}");
            assert_matrix(&path, &cell.matrix(probe), &matrix(&file, &path), TOLERANCE);
        };
        let sigma_s_m = 0.3;
        let point = PointSource { contacts: contacts(&positions), sigma_s_m };
        check("PointSourcePotential/sigma0.3".into(), &point);
        let line = LineSource { contacts: contacts(&positions), sigma_s_m };
        check("LineSourcePotential/sigma0.3".into(), &line);
        if name == "random60_frusta" {
            continue;
        }
        for dataset in datasets(&file, &format!("{name}/RecExtElectrode")) {
            let (mut source, mut sigma) = source(&dataset);
            if sigma == "iso_rootinds_0_2" {
                source = SourceModel::RootAsPoint { roots: vec![0, 2] };
                sigma = "iso";
            }
            let conductivity = conductivity(sigma);
            let contacts = contacts(&positions);
            let probe = RecExtElectrode { contacts, conductivity, source };
            check(format!("RecExtElectrode/{dataset}"), &probe);
        }
    }
}

#[test]
fn finite_contacts_with_stored_points() {
    let Some(file) = file() else { return };
    let cell = Cell::read(&file, "random60");
    let positions = &points(&file, "contacts/random60")[..6];
    for shape in ["circle", "square", "rect"] {
        let group = "random60/RecExtElectrode_finite";
        let stored = array(&file, &format!("{group}/{shape}_pointsource_points"));
        let stored = stored.axis_iter(Axis(0)).map(|of_contact| {
            of_contact.axis_iter(Axis(0)).map(|p| [p[0], p[1], p[2]]).collect::<Vec<_>>()
        });
        let with_points = contacts(positions).with_points(stored.collect()).unwrap();
        // The points of the line-source runs were drawn anew from the same seed.
        for (name, source) in
            [("pointsource", SourceModel::PointSource), ("linesource", SourceModel::LineSource)]
        {
            let contacts = with_points.clone();
            let conductivity = Conductivity::Isotropic(0.3);
            let probe = RecExtElectrode { contacts, conductivity, source };
            let path = format!("{group}/{shape}_{name}");
            assert_matrix(&path, &cell.matrix(&probe), &matrix(&file, &path), TOLERANCE);
        }
    }
}

#[test]
fn slice_on_an_array() {
    let Some(file) = file() else { return };
    let cell = Cell::read(&file, "random60_slice");
    let anywhere = points(&file, "contacts/random60_slice");
    let on_glass = points(&file, "contacts/random60_slice_z0");
    let electrode = |positions: &[[f64; 3]]| RecMeaElectrode {
        thickness_um: 200.0,
        source: SourceModel::PointSource,
        ..RecMeaElectrode::new(contacts(positions))
    };
    let check = |name: &str, cell: &Cell, probe: RecMeaElectrode| {
        let path = format!("random60_slice/RecMEAElectrode/{name}");
        assert_matrix(&path, &cell.matrix(&probe), &matrix(&file, &path), TOLERANCE);
    };
    check("pointsource_default", &cell, electrode(&anywhere));
    check(
        "pointsource_sigmaG0.1",
        &cell,
        RecMeaElectrode { sigma_glass_s_m: 0.1, ..electrode(&anywhere) },
    );
    check("pointsource_steps5", &cell, RecMeaElectrode { n_images: 5, ..electrode(&anywhere) });
    check("pointsource_z0", &cell, electrode(&on_glass));
    let source = SourceModel::LineSource;
    check("linesource_z0", &cell, RecMeaElectrode { source, ..electrode(&on_glass) });
    let source = SourceModel::root_as_point();
    check("root_as_point_z0", &cell, RecMeaElectrode { source, ..electrode(&on_glass) });
    let ecog = electrode(&anywhere);
    let ecog = RecMeaElectrode { sigma_saline_s_m: 0.0, sigma_glass_s_m: 0.3, ..ecog };
    check("ecog_semi_infinite", &cell, ecog);

    let shift =
        |points: &[[f64; 3]]| points.iter().map(|&[x, y, z]| [x, y, z - 200.0]).collect::<Vec<_>>();
    let moved = cell.clone().moved([0.0, 0.0, -200.0]);
    let z_shift_um = -200.0;
    let shifted = electrode(&shift(&anywhere));
    check("pointsource_zshift-200", &moved, RecMeaElectrode { z_shift_um, ..shifted });
    let shifted = electrode(&shift(&on_glass));
    let source = SourceModel::LineSource;
    check("linesource_zshift-200", &moved, RecMeaElectrode { z_shift_um, source, ..shifted });

    // Squeezed twice, with the same result: the cell is not touched.
    let squeezed = RecMeaElectrode { squeeze_factor: Some(0.3), ..electrode(&on_glass) };
    check("pointsource_squeeze0.3", &cell, squeezed.clone());
    check("pointsource_squeeze0.3", &cell, squeezed);
}

#[test]
fn one_sphere_at_true_angles() {
    let Some(file) = file() else { return };
    let group = "random60/OneSphereVolumeConductor";
    let cell = Cell::read(&file, "random60").moved([0.0, 0.0, 9000.0]);
    let positions = points(&file, &format!("{group}/r_cart"));
    for sigma in ["0.3", "0.03", "1.5"] {
        let sphere = OneSphereVolumeConductor {
            sigma_outside_s_m: sigma.parse().unwrap(),
            n_terms: 200,
            ..OneSphereVolumeConductor::new(positions.clone())
        };
        let path = format!("{group}/sigma_o{sigma}_true_angle");
        assert_matrix(&path, &cell.matrix(&sphere), &matrix(&file, &path), TOLERANCE);
    }
    // A source on the z axis, at least 1 um away.
    let sphere = OneSphereVolumeConductor {
        n_terms: 200,
        ..OneSphereVolumeConductor::new(positions.clone())
    };
    let source = Cell::segment([0.0, 0.0, 7999.0], [0.0, 0.0, 8001.0], 1.0);
    let path = format!("{group}/calc_potential_rs8000");
    let expected = array(&file, &path).into_shape_with_order((positions.len(), 1)).unwrap();
    assert_matrix(&path, &source.matrix(&sphere), &expected, TOLERANCE);
}

#[test]
fn current_source_density() {
    let Some(file) = file() else { return };
    for name in ["random60", "L5_Mainen96_rot"] {
        let cell = Cell::read(&file, name);
        let edges: Vec<f64> = (0..16).map(|i| -500.0 + 100.0 * f64::from(i)).collect();
        for radius in [100.0, 400.0] {
            let probe = LaminarCurrentSourceDensity {
                z_um: edges.windows(2).map(|z| [z[0], z[1]]).collect(),
                radius_um: vec![radius; 15],
                axis_um: [0.0; 2],
            };
            let volume = std::f64::consts::PI * radius * radius * 100.0;
            let path = format!("{name}/LaminarCurrentSourceDensity/r{radius}_exact_fraction");
            let fractions = cell.matrix(&probe) * volume;
            assert_matrix(&path, &fractions, &matrix(&file, &path), TOLERANCE);
        }

        let edges = |first: f64, last: f64, n: usize| -> Vec<f64> {
            (0..n).map(|i| first + (last - first) * i as f64 / (n - 1) as f64).collect()
        };
        let grid = VolumetricCurrentSourceDensity {
            x_um: edges(-200.0, 200.0, 5),
            y_um: edges(-150.0, 150.0, 4),
            z_um: edges(-300.0, 500.0, 5),
            fraction: BoxFraction::Exact,
            divide_by_volume: false,
        };
        let check = |dataset: &str, probe: &VolumetricCurrentSourceDensity| {
            let path = format!("{name}/VolumetricCurrentSourceDensity/{dataset}");
            let expected = array(&file, &path).into_shape_with_order((48, cell.diam.len()));
            assert_matrix(&path, &cell.matrix(probe), &expected.unwrap(), TOLERANCE);
        };
        check("exact_fraction", &grid);
        for step_um in [1.0, 5.0] {
            let fraction = BoxFraction::Points { step_um };
            let probe = VolumetricCurrentSourceDensity { fraction, ..grid.clone() };
            check(&format!("dl{step_um}"), &probe);
        }
        let density = VolumetricCurrentSourceDensity { divide_by_volume: true, ..grid.clone() };
        let per_volume = cell.matrix(&grid) / (100.0 * 100.0 * 200.0);
        assert_matrix("per volume", &cell.matrix(&density), &per_volume, 1e-15);

        let path = format!("{name}/CurrentDipoleMoment/M");
        let expected = matrix(&file, &path);
        assert_matrix(&path, &cell.matrix(&CurrentDipoleMoment), &expected, TOLERANCE);
    }
}

/// The lead field for every location against an array whose first index is the location.
fn check_lead_fields(file: &File, path: &str, model: &dyn DipoleModel, tolerance: f64) {
    let locations = points(file, "EEG/FourSphere/dipole_locations");
    let expected = array(file, path);
    let mut found = Vec::new();
    for location in &locations {
        found.extend(model.lead_field(*location).unwrap());
    }
    let rows = found.len() / 3;
    let found = Array2::from_shape_vec((rows, 3), found).unwrap();
    let expected = expected.into_shape_with_order((rows, 3)).unwrap();
    assert_matrix(path, &found, &expected, tolerance);
}

#[test]
fn dipoles_in_heads() {
    let Some(file) = file() else { return };
    let electrodes_um = points(&file, "EEG/FourSphere/r_electrodes");
    let head = FourSphereVolumeConductor::new(electrodes_um.clone());
    check_lead_fields(&file, "EEG/FourSphere/M_converged", &head, TOLERANCE);
    // What LFPykit's truncation leaves.
    check_lead_fields(&file, "EEG/FourSphere/M", &head, 1e-5);
    let uniform = FourSphereVolumeConductor { sigmas_s_m: [0.3; 4], ..head };
    check_lead_fields(&file, "EEG/FourSphere/M_equal_sigma", &uniform, 1e-5);

    let infinite = InfiniteVolumeConductor { electrodes_um: electrodes_um.clone(), sigma_s_m: 0.3 };
    check_lead_fields(&file, "EEG/InfiniteVolumeConductor/M", &infinite, TOLERANCE);

    let quantity = MagneticQuantity::Field;
    let sensors_um = electrodes_um.clone();
    let meg = InfiniteHomogeneousVolCondMeg { sensors_um, quantity };
    check_lead_fields(&file, "MEG/InfiniteHomogeneousVolCondMEG/M_H", &meg, TOLERANCE);
    let sensors_um = electrodes_um.iter().map(|r| r.map(|x| 1.05 * x)).collect();
    let sarvas = SphericallySymmetricVolCondMeg { sensors_um, quantity };
    check_lead_fields(&file, "MEG/SphericallySymmetricVolCondMEG/M_H", &sarvas, TOLERANCE);

    // Flux density of three moments, sensors x 3 x moments.
    let moments = matrix_of_moments();
    let location = points(&file, "EEG/FourSphere/dipole_locations")[2];
    let flux = InfiniteHomogeneousVolCondMeg { quantity: MagneticQuantity::FluxDensity, ..meg };
    let found = flux.lead_field(location).unwrap().dot(&moments);
    let path = "MEG/InfiniteHomogeneousVolCondMEG/B";
    let expected = array(&file, path).into_shape_with_order(found.dim()).unwrap();
    assert_matrix(path, &found, &expected, TOLERANCE);
}

/// The moments of the reference runs, one a column.
fn matrix_of_moments() -> Array2<f64> {
    ndarray::array![[10.0, 0.0, 3.0], [5.0, 7.0, -2.0], [1.0, -4.0, 30.0]]
}

#[test]
fn new_york_head() {
    let (Some(file), Some(path)) = (file(), reference("nyhead_synthetic.h5")) else { return };
    let head = File::open(path).unwrap();
    let columns = |name: &str| -> Vec<[f64; 3]> {
        let array = matrix(&head, name);
        array.columns().into_iter().map(|c| [c[0], c[1], c[2]]).collect()
    };
    let (vertices, normals) = (columns("sa/cortex75K/vc"), columns("sa/cortex75K/normals"));
    let v_fem = array(&head, "sa/cortex75K/V_fem");
    let moments = matrix_of_moments();
    for name in ["motorsensory_cortex", "parietal_lobe", "calcarine_sulcus", "occipital_lobe"] {
        let position = NewYorkSite::named_position_mm(name).unwrap();
        let site = NewYorkSite::nearest(&vertices, &normals, position).unwrap();
        let lead_field = v_fem.index_axis(Axis(1), site.vertex).into_dimensionality().unwrap();
        let model = NewYorkHead::new(site, lead_field).unwrap();
        let path = format!("EEG/NYHeadModel_synthetic/{name}");
        let at_vertex = model.lead_field(site.position_mm.map(|x| 1000.0 * x)).unwrap();
        // LFPykit multiplies in single precision, as the file has it.
        assert_matrix(&path, &at_vertex, &matrix(&file, &path), 6e-8);
        let single = at_vertex.mapv(|value| f64::from((value * 1e9) as f32 * 1e-9_f32));
        assert_matrix(&path, &single, &matrix(&file, &path), TOLERANCE);

        let frame = site.frame([0.0, 0.0, 1.0]).unwrap();
        let rotated = moments.columns().into_iter().flat_map(|p| frame.rotate([p[0], p[1], p[2]]));
        let rotated = Array2::from_shape_vec((3, 3), rotated.collect()).unwrap();
        let path = format!("{path}_rotated_p");
        assert_matrix(&path, &rotated.t().to_owned(), &matrix(&file, &path), TOLERANCE);
    }
}
