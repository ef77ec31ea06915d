//! Bad input is refused with the value, its place and what is allowed.

mod common;

use common::{Cell, contacts};
use ndarray::{Array2, array};
use net_lfp::*;

fn segment() -> Cell {
    Cell::segment([0.0, 0.0, 10.0], [0.0, 0.0, 20.0], 2.0)
}

fn error(probe: &dyn Probe, cell: &Cell) -> LfpError {
    probe.matrix(&cell.geometry()).unwrap_err()
}

#[test]
fn geometries() {
    let point = [[0.0; 3]];
    assert!(matches!(Geometry::new(&[], &[], &[]), Err(LfpError::NoSegments)));
    let short = Geometry::new(&point, &[], &[1.0]);
    assert!(matches!(short, Err(LfpError::Length { found: 0, expected: 1, .. })));
    let nan = [[0.0, f64::NAN, 0.0]];
    assert!(matches!(Geometry::new(&point, &nan, &[1.0]), Err(LfpError::NotFinite { .. })));
    for diam in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let diam = [diam];
        let found = Geometry::new(&point, &point, &diam);
        assert!(matches!(found, Err(LfpError::Diameter { segment: 0, .. })), "{diam:?}");
        let found = Geometry::frusta(&point, &point, &[1.0], &diam);
        assert!(matches!(found, Err(LfpError::Diameter { segment: 0, .. })), "{diam:?}");
    }
    let geometry = Geometry::new(&point, &point, &[1.0]).unwrap();
    let circle = geometry.with_parents(&[Some(0)]);
    assert!(matches!(circle, Err(LfpError::ParentOrder { segment: 0, parent: 0 })));
    assert!(geometry.with_parents(&[]).is_err());
}

#[test]
fn conductivities() {
    for sigma in [0.0, -0.3, f64::NAN, f64::INFINITY] {
        let contacts = contacts(&[[50.0, 0.0, 0.0]]);
        let electrode = |conductivity| RecExtElectrode {
            contacts: contacts.clone(),
            conductivity,
            source: SourceModel::LineSource,
        };
        let sphere = OneSphereVolumeConductor {
            sigma_outside_s_m: sigma,
            ..OneSphereVolumeConductor::new(vec![[0.0; 3]])
        };
        let slice =
            RecMeaElectrode { sigma_tissue_s_m: sigma, ..RecMeaElectrode::new(contacts.clone()) };
        let probes: [&dyn Probe; 6] = [
            &electrode(Conductivity::Isotropic(sigma)),
            &electrode(Conductivity::Anisotropic([0.3, sigma, 0.3])),
            &PointSource { contacts: contacts.clone(), sigma_s_m: sigma },
            &LineSource { contacts: contacts.clone(), sigma_s_m: sigma },
            &sphere,
            &slice,
        ];
        for probe in probes {
            assert!(matches!(probe.validate(), Err(LfpError::Parameter { .. })), "{probe:?}");
            assert!(matches!(error(probe, &segment()), LfpError::Parameter { .. }), "{probe:?}");
        }
        let electrodes_um = vec![[0.0, 0.0, 9e4]];
        let infinite =
            InfiniteVolumeConductor { electrodes_um: electrodes_um.clone(), sigma_s_m: sigma };
        let head = FourSphereVolumeConductor {
            sigmas_s_m: [0.3, 1.5, sigma, 0.3],
            ..FourSphereVolumeConductor::new(electrodes_um)
        };
        let models: [&dyn DipoleModel; 2] = [&infinite, &head];
        for model in models {
            let found = model.lead_field([0.0, 0.0, 7e4]);
            assert!(matches!(found, Err(LfpError::Parameter { .. })), "{model:?}");
        }
    }
}

#[test]
fn roots() {
    let electrode = RecExtElectrode {
        contacts: contacts(&[[50.0, 0.0, 0.0]]),
        conductivity: Conductivity::default(),
        source: SourceModel::RootAsPoint { roots: vec![0, 3] },
    };
    let found = error(&electrode, &segment());
    assert!(matches!(found, LfpError::NoSuchRoot { root: 3, n_segments: 1 }));
}

#[test]
fn slices() {
    let electrode = |z| RecMeaElectrode {
        source: SourceModel::PointSource,
        ..RecMeaElectrode::new(contacts(&[[0.0, 0.0, 0.0], [50.0, 0.0, z]]))
    };
    assert!(electrode(300.0).validate().is_ok());
    for z in [-1.0, 301.0] {
        let found = electrode(z).validate();
        assert!(matches!(found, Err(LfpError::ContactOutsideSlice { contact: 1, .. })));
    }
    for z in [-15.0, 285.0] {
        let found = error(&electrode(0.0), &segment().moved([0.0, 0.0, z]));
        assert!(matches!(found, LfpError::SegmentOutsideSlice { segment: 0, .. }), "{found}");
        assert!(found.to_string().contains("300"), "{found}");
    }
    let lines = RecMeaElectrode { source: SourceModel::root_as_point(), ..electrode(10.0) };
    assert!(matches!(lines.validate(), Err(LfpError::LinesOffGlass { contact: 1, .. })));
    let lines = RecMeaElectrode { sigma_glass_s_m: 0.1, ..lines };
    assert!(matches!(lines.validate(), Err(LfpError::LinesOnConductingGlass { .. })));
    for factor in [-0.1, 1.0, f64::NAN] {
        let squeezed = RecMeaElectrode { squeeze_factor: Some(factor), ..electrode(0.0) };
        let found = squeezed.validate();
        assert!(matches!(found, Err(LfpError::Parameter { name: "squeeze_factor", .. })));
    }
    // A cell that is too high fits when it is squeezed.
    let tall = Cell::segment([0.0, 0.0, -5.0], [0.0, 0.0, 95.0], 2.0);
    let squeezed = RecMeaElectrode { squeeze_factor: Some(0.2), ..electrode(0.0) };
    assert!(squeezed.matrix(&tall.geometry()).is_ok());
}

/// Line sources whose contact is inside a segment keep its radius instead of failing.
#[test]
fn contacts_inside_segments_are_counted() {
    let cell = Cell::segment([0.0; 3], [0.0, 0.0, 20.0], 10.0);
    let positions = [[0.0, 0.0, 0.0], [100.0, 0.0, 0.0]];
    for source in [SourceModel::LineSource, SourceModel::PointSource] {
        let electrode = RecMeaElectrode {
            source: source.clone(),
            ..RecMeaElectrode::new(contacts(&positions))
        };
        let mut matrix = Array2::zeros((2, 1));
        let n_raised = electrode.fill(&cell.geometry(), matrix.view_mut()).unwrap();
        assert_eq!(n_raised, usize::from(source == SourceModel::LineSource));
        assert!(matrix.iter().all(|value| value.is_finite() && *value > 0.0), "{matrix}");
    }
    for conductivity in [Conductivity::Isotropic(0.3), Conductivity::Anisotropic([0.3, 0.3, 0.4])] {
        for source in [SourceModel::LineSource, SourceModel::PointSource] {
            let contacts = contacts(&[[0.0, 0.0, 10.0], [100.0, 0.0, 0.0]]);
            let electrode = RecExtElectrode { contacts, conductivity, source };
            let mut matrix = Array2::zeros((2, 1));
            assert_eq!(electrode.fill(&cell.geometry(), matrix.view_mut()).unwrap(), 1);
            assert!(matrix.iter().all(|value| value.is_finite() && *value > 0.0), "{matrix}");
        }
    }
}

#[test]
fn spheres_and_heads() {
    let sphere = OneSphereVolumeConductor::new(vec![[0.0, 0.0, 1e4]]);
    let found = error(&sphere, &segment().moved([0.0, 1e4, 0.0]));
    assert!(matches!(found, LfpError::SourceOutsideSphere { segment: 0, .. }));

    let head = |electrode| FourSphereVolumeConductor::new(vec![[0.0, 0.0, 9e4], electrode]);
    let lead_field = |electrode, dipole| head(electrode).lead_field(dipole).unwrap_err();
    let scalp = [9e4, 0.0, 0.0];
    assert!(matches!(lead_field(scalp, [0.0; 3]), LfpError::DipoleAtCenter));
    let found = lead_field(scalp, [0.0, 7.9e4, 0.0]);
    assert!(matches!(found, LfpError::DipoleOutsideBrain { .. }), "{found}");
    let found = lead_field([0.0, 5e4, 0.0], [0.0, 0.0, 6e4]);
    assert!(matches!(found, LfpError::ElectrodeTooDeep { electrode: 1, .. }), "{found}");
    let found = lead_field([0.0, 9.1e4, 0.0], [0.0, 0.0, 6e4]);
    assert!(matches!(found, LfpError::ElectrodeOutsideHead { electrode: 1, .. }), "{found}");
    let found = lead_field([0.0, f64::NAN, 0.0], [0.0, 0.0, 6e4]);
    assert!(matches!(found, LfpError::NotFinite { index: 1, .. }), "{found}");
    let shrinking =
        FourSphereVolumeConductor { radii_um: [7.9e4, 7.8e4, 8.5e4, 9e4], ..head(scalp) };
    assert!(matches!(shrinking.validate(), Err(LfpError::RadiiNotIncreasing { .. })));
    // The dipole that stands for all cells is checked before anything runs.
    let early = DipoleField::new(head(scalp), DipoleSource::At([0.0; 3]), HeadFrame::default());
    assert!(matches!(early, Err(LfpError::DipoleAtCenter)));
    let skewed = HeadFrame {
        rotation: [[1.0, 0.1, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        ..Default::default()
    };
    let found = DipoleField::new(head(scalp), DipoleSource::Cells, skewed);
    assert!(matches!(found, Err(LfpError::NotARotation { .. })));

    let electrodes_um = vec![[1.0, 2.0, 3.0]];
    let infinite = InfiniteVolumeConductor { electrodes_um: electrodes_um.clone(), sigma_s_m: 0.3 };
    let quantity = MagneticQuantity::Field;
    let meg = InfiniteHomogeneousVolCondMeg { sensors_um: electrodes_um.clone(), quantity };
    let models: [&dyn DipoleModel; 2] = [&infinite, &meg];
    for model in models {
        assert!(matches!(model.lead_field([1.0, 2.0, 3.0]), Err(LfpError::AtDipole { .. })));
    }
    let sarvas = SphericallySymmetricVolCondMeg { sensors_um: electrodes_um, quantity };
    assert!(matches!(sarvas.lead_field([4.0, 0.0, 0.0]), Err(LfpError::SensorTooDeep { .. })));
    let segments =
        DipoleField::new(infinite, DipoleSource::Segments, HeadFrame::default()).unwrap();
    assert!(matches!(error(&segments, &segment()), LfpError::NoParents));
}

#[test]
fn cortices() {
    let (vertices, normals) = ([[0.0; 3], [50.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]; 2]);
    let site = NewYorkSite::nearest(&vertices, &normals, [51.0, 0.0, 0.0]).unwrap();
    assert_eq!(site.vertex, 1);
    let far = NewYorkSite::nearest(&vertices, &normals, [10.0, 0.0, 0.0]);
    assert!(matches!(far, Err(LfpError::FarFromCortex { distance_mm: 10.0, .. })));
    assert!(NewYorkSite::nearest(&vertices, &normals[..1], [0.0; 3]).is_err());
    assert!(NewYorkSite::nearest(&[], &[], [0.0; 3]).is_err());
    assert!(NewYorkHead::new(site, Array2::ones((2, 231)).view()).is_err());
    assert!(NewYorkHead::new(site, Array2::from_elem((3, 2), f64::NAN).view()).is_err());
    let head = NewYorkHead::new(site, Array2::ones((3, 4)).view()).unwrap();
    assert!(head.lead_field([51e3, 1e3, 0.0]).is_ok());
    assert!(matches!(head.lead_field([0.0; 3]), Err(LfpError::FarFromCortex { .. })));
}

#[test]
fn volumes_and_matrices() {
    let laminar =
        |z_um, radius_um| LaminarCurrentSourceDensity { z_um, radius_um, axis_um: [0.0; 2] };
    let bad = laminar(vec![[0.0, 10.0], [10.0, 10.0]], vec![5.0; 2]);
    assert!(matches!(bad.validate(), Err(LfpError::Edges { axis: "z", volume: 1, .. })));
    assert!(matches!(laminar(vec![], vec![]).validate(), Err(LfpError::NoVolumes)));
    assert!(laminar(vec![[0.0, 1.0]], vec![0.0]).validate().is_err());
    assert!(laminar(vec![[0.0, 1.0]], vec![]).validate().is_err());
    let grid = |x_um| VolumetricCurrentSourceDensity {
        x_um,
        y_um: vec![0.0, 1.0],
        z_um: vec![0.0, 1.0],
        fraction: BoxFraction::Exact,
        divide_by_volume: true,
    };
    assert!(matches!(grid(vec![0.0]).validate(), Err(LfpError::NoVolumes)));
    assert!(matches!(grid(vec![]).validate(), Err(LfpError::NoVolumes)));
    assert!(matches!(grid(vec![0.0, f64::NAN]).validate(), Err(LfpError::Edges { axis: "x", .. })));

    let user = UserMatrix { matrix: array![[1.0, 2.0]], unit: "mV" };
    assert!(matches!(error(&user, &segment()), LfpError::Length { found: 2, expected: 1, .. }));
    let user = UserMatrix { matrix: array![[1.0], [f64::NAN]], unit: "mV" };
    assert!(matches!(user.validate(), Err(LfpError::MatrixValue { row: 1, segment: 0, .. })));
}

#[test]
fn matrices_cell_by_cell() {
    let of = |matrices: Vec<(u64, Array2<f64>)>| UserMatrices {
        matrices: matrices.into_iter().collect(),
        unit: "mV",
        others_measure_nothing: false,
    };
    let probe = of(vec![(3, array![[1.0], [2.0]]), (5, array![[1.0, 2.0], [3.0, 4.0]])]);
    probe.validate().unwrap();
    let cell = segment();
    let of_cell = |probe: &UserMatrices, gid| probe.matrix(&cell.geometry().with_cell(gid));
    assert_eq!(of_cell(&probe, 3).unwrap(), array![[1.0], [2.0]]);
    let long = of_cell(&probe, 5);
    assert!(matches!(long, Err(LfpError::Length { found: 2, expected: 1, .. })));
    assert!(matches!(of_cell(&probe, 4), Err(LfpError::NoMatrixOfCell { gid: 4 })));
    let others = UserMatrices { others_measure_nothing: true, ..probe.clone() };
    assert_eq!(of_cell(&others, 4).unwrap(), array![[0.0], [0.0]]);
    assert!(matches!(error(&probe, &cell), LfpError::NoCell));
    assert!(matches!(of(vec![]).validate(), Err(LfpError::NoMatrices)));
    for bad in [array![[1.0]], array![[1.0], [f64::INFINITY]]] {
        let probe = of(vec![(3, array![[1.0], [2.0]]), (5, bad)]);
        let outcome = probe.validate();
        assert!(matches!(outcome, Err(LfpError::MatrixOfCell { gid: 5, .. })), "{outcome:?}");
    }
}
