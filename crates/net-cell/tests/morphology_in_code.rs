//! Sections built in code, their division, movement and selection, against exact results.

use std::f64::consts::{FRAC_PI_2, PI};

use approx::assert_relative_eq;
use net_cell::morphology::{
    ALL_SECTIONS, Axis, Cable, CableProperties, Discretization, Morphology, MorphologyBuilder,
    MorphologyError, PlacedPoints, Placement, Rotation, RotationOrder, SectionKind, SegmentPoints,
    SegmentedMorphology,
};

const CABLE: CableProperties = CableProperties { ra_ohm_cm: 100.0, cm_uf_cm2: 1.0 };

fn divide(morphology: &Morphology, rule: Discretization) -> SegmentedMorphology {
    morphology.segmented(&rule, &CABLE.into(), SegmentPoints::Exact).unwrap()
}

/// A soma along z and two dendrites drawn elsewhere, one on the other.
fn small_cell() -> Morphology {
    let mut builder = MorphologyBuilder::new();
    let soma_points = [[0.0, 0.0, -10.0, 20.0], [0.0, 0.0, 10.0, 20.0]];
    let soma = builder.points("soma", SectionKind::Soma, None, &soma_points).unwrap();
    let stem_points = [[5.0, 5.0, 5.0, 2.0], [5.0, 5.0, 105.0, 2.0]];
    let stem =
        builder.points("dend[0]", SectionKind::Basal, Some((soma, 1.0)), &stem_points).unwrap();
    let branch_points = [[1.0, 0.0, 0.0, 1.0], [41.0, 30.0, 0.0, 1.0]];
    let parent = Some((stem, 0.25));
    builder.points("dend[1]", SectionKind::Basal, parent, &branch_points).unwrap();
    builder.build().unwrap()
}

#[test]
fn children_move_to_their_parents() {
    let cell = small_cell();
    assert_eq!(cell.sections()[1].ends_um(), ([0.0, 0.0, 10.0], [0.0, 0.0, 110.0]));
    // A quarter along the parent, which has been moved itself.
    assert_eq!(cell.sections()[2].ends_um(), ([0.0, 0.0, 35.0], [40.0, 30.0, 35.0]));
    assert_eq!(cell.sections()[2].length_um(), 50.0);
}

#[test]
fn a_section_on_a_wire_moves_with_the_wire_only() {
    let mut builder = MorphologyBuilder::new();
    let soma_points = [[0.0, 0.0, -10.0, 20.0], [0.0, 0.0, 10.0, 20.0]];
    let soma = builder.points("soma", SectionKind::Soma, None, &soma_points).unwrap();
    let stem_points = [[10.0, 0.0, 1.0, 2.0], [50.0, 0.0, 1.0, 2.0]];
    let parent = (soma, 0.5);
    let wire = [0.0, 0.0, 1.0];
    builder.points_by_wire("dend", SectionKind::Basal, parent, wire, &stem_points).unwrap();
    let cell = builder.build().unwrap();
    assert_eq!(cell.sections()[1].ends_um(), ([10.0, 0.0, 0.0], [50.0, 0.0, 0.0]));
}

#[test]
fn cylinders_are_exact_and_fan_out() {
    let mut builder = MorphologyBuilder::new();
    let stem = builder.cylinder("stem", SectionKind::Basal, None, 100.0, 0.3).unwrap();
    for name in ["left", "right"] {
        builder.cylinder(name, SectionKind::Basal, Some((stem, 1.0)), 50.0, 1.0).unwrap();
    }
    builder.cylinder("back", SectionKind::Basal, Some((stem, 0.0)), 50.0, 1.0).unwrap();
    builder.cylinder("side", SectionKind::Basal, Some((stem, 0.5)), 50.0, 1.0).unwrap();
    let cell = builder.build().unwrap();
    let end = |index: usize| cell.sections()[index].ends_um().1.map(f64::from);
    for (index, angle) in [(1, -0.4_f64), (2, 0.4)] {
        let expected = [100.0 + 50.0 * angle.cos(), 50.0 * angle.sin(), 0.0];
        for axis in 0..3 {
            assert_relative_eq!(end(index)[axis], expected[axis], max_relative = 1e-6);
        }
    }
    assert_relative_eq!(end(3)[0], -50.0, max_relative = 1e-6);
    assert_relative_eq!(end(4)[1], 50.0, max_relative = 1e-6);

    let divided = divide(&cell, Discretization::FixedPerSection(4));
    assert_eq!(divided.n_segments(), 20);
    let half = 0.01 * 100.0 * 12.5 / (PI * 0.3 * 0.3 / 4.0);
    for k in 0..4 {
        assert_relative_eq!(divided.segments.area_um2[k], PI * 0.3 * 25.0, max_relative = 1e-14);
        let ri = if k == 0 { half } else { 2.0 * half };
        assert_relative_eq!(divided.segments.ri_mohm[k], ri, max_relative = 1e-14);
        assert_eq!(divided.segments.diam_um[k], 0.3);
        assert_eq!(divided.segments.x[k], (k as f64 + 0.5) / 4.0);
    }
    assert_relative_eq!(divided.sections[0].ri_end_mohm, half, max_relative = 1e-14);
    assert_eq!(divided.sections[4].first_segment, 16);
    assert_eq!(divided.segment_at(4, 1.0), 19);
}

#[test]
fn frusta_have_their_area_and_resistance() {
    let mut builder = MorphologyBuilder::new();
    let points = [[0.0, 0.0, 0.0, 4.0], [0.0, 30.0, 0.0, 1.0]];
    builder.points("cone", SectionKind::Basal, None, &points).unwrap();
    let cell = builder.build().unwrap();
    let area = PI * (2.0 + 0.5) * (30.0_f64.powi(2) + 1.5_f64.powi(2)).sqrt();
    let resistance = 0.01 * 100.0 * 4.0 * 30.0 / (PI * 4.0);
    for n in [1, 2, 3, 8] {
        let divided = divide(&cell, Discretization::FixedPerSection(n));
        let total: f64 = divided.segments.area_um2.iter().sum();
        assert_relative_eq!(total, area, max_relative = 1e-12);
        let through: f64 = divided.segments.ri_mohm.iter().sum();
        let through = through + divided.sections[0].ri_end_mohm;
        assert_relative_eq!(through, resistance, max_relative = 1e-12);
        let mean: f64 = divided.segments.diam_um.iter().sum::<f64>() / n as f64;
        assert_relative_eq!(mean, 2.5, max_relative = 1e-12);
    }
}

#[test]
fn segment_counts_follow_their_rule() {
    let cell = small_cell();
    let counts = |rule: Discretization| -> Vec<usize> {
        divide(&cell, rule).sections.iter().map(|section| section.n_segments).collect()
    };
    // An exact multiple gets one more.
    assert_eq!(counts(Discretization::MaxLength { um: 50.0 }), [1, 3, 2]);
    assert_eq!(counts(Discretization::MaxLength { um: 30.0 }), [1, 4, 2]);
    assert_eq!(counts(Discretization::PerSection(vec![3, 1, 2])), [3, 1, 2]);
    let d_lambda = counts(Discretization::DLambda { d_lambda: 0.01, frequency_hz: 100.0 });
    assert!(d_lambda.iter().all(|count| count % 2 == 1));

    let mut fine = vec![CABLE; 3];
    fine[1].ra_ohm_cm = 10_000.0;
    let rule = Discretization::DLambda { d_lambda: 0.1, frequency_hz: 100.0 };
    let divided = cell.segmented(&rule, &Cable::PerSection(fine), SegmentPoints::Exact).unwrap();
    assert_eq!(divided.sections[1].ra_ohm_cm, 10_000.0);
    assert!(divided.sections[1].n_segments > divided.sections[2].n_segments);
}

#[test]
fn points_are_exact_unless_lfpys_rounding_is_asked_for() {
    let cell = small_cell();
    let rule = Discretization::FixedPerSection(3);
    let exact = cell.segmented(&rule, &CABLE.into(), SegmentPoints::Exact).unwrap();
    let rounded = cell.segmented(&rule, &CABLE.into(), SegmentPoints::SixDecimals).unwrap();
    assert_relative_eq!(exact.segments.end_um[0][2], -10.0 + 20.0 / 3.0, max_relative = 1e-15);
    assert_relative_eq!(rounded.segments.end_um[0][2], -10.0 + 20.0 * 0.333333);
    assert_eq!(exact.segments.area_um2, rounded.segments.area_um2);
    assert_eq!(exact.segments.end_um[2], [0.0, 0.0, 10.0]);
}

#[test]
fn cells_move_about_their_soma() {
    let cell = divide(&small_cell(), Discretization::FixedPerSection(2));
    assert_eq!(cell.soma_position(), [0.0; 3]);
    let position = [10.0, -20.0, 300.0];
    let rotation = Rotation::new([0.1, -0.2, FRAC_PI_2], "zyx".parse().unwrap());
    let moved = cell.clone().translated(position).rotated(&rotation);
    let placed = PlacedPoints::new(&cell, &Placement::new(&cell, position, &rotation));
    for k in 0..cell.n_segments() {
        for axis in 0..3 {
            let expected = moved.midpoint(k)[axis];
            assert_relative_eq!(placed.midpoint(k)[axis], expected, max_relative = 1e-12);
        }
    }
    for (found, expected) in moved.soma_position().into_iter().zip(position) {
        assert_relative_eq!(found, expected, max_relative = 1e-12);
    }
    // x, then y by a right angle each: z goes to -y, and stays there.
    let turns = Rotation::new([FRAC_PI_2, FRAC_PI_2, 0.0], RotationOrder::default());
    let turned = turns.apply([0.0, 0.0, 1.0]);
    for (found, expected) in turned.into_iter().zip([0.0, -1.0, 0.0]) {
        assert_relative_eq!(found, expected, epsilon = 1e-15);
    }
    assert_eq!(Rotation::default().apply([1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]);

    let twice = cell.clone().mirrored(Axis::X).mirrored(Axis::X);
    assert_eq!(twice, cell);
}

#[test]
fn without_a_soma_the_first_segment_stands_for_it() {
    let mut builder = MorphologyBuilder::new();
    builder.cylinder("dend", SectionKind::Basal, None, 100.0, 1.0).unwrap();
    let cell = divide(&builder.build().unwrap(), Discretization::FixedPerSection(5));
    assert_eq!(cell.soma_position(), [10.0, 0.0, 0.0]);
    assert_eq!(SegmentedMorphology::default().soma_position(), [0.0; 3]);
}

#[test]
fn segments_are_found_by_name_and_place() {
    let cell = divide(&small_cell(), Discretization::FixedPerSection(2));
    assert_eq!(cell.section_index("dend[1]"), Some(2));
    assert_eq!(cell.section_index("dend"), None);
    assert_eq!(cell.segments_named(&["dend"]), [2, 3, 4, 5]);
    assert_eq!(cell.segments_named(&["dend[1]", "soma", "dend[1]"]), [0, 1, 4, 5]);
    assert_eq!(cell.segments_named(&[ALL_SECTIONS]), [0, 1, 2, 3, 4, 5]);
    // Midpoints on the bounds are outside.
    assert_eq!(cell.segments_matching(&["dend"], (35.0, 100.0)), [3]);
    assert_eq!(cell.closest_segment([0.0, 0.0, 1000.0], &[ALL_SECTIONS]), Some(3));
    assert_eq!(cell.closest_segment([0.0, 0.0, 1000.0], &["soma"]), Some(1));
    assert_eq!(cell.closest_segment([0.0; 3], &["axon"]), None);
}

#[test]
fn wrong_sections_are_refused() {
    let message = |result: Result<usize, MorphologyError>| result.unwrap_err().to_string();
    let mut builder = MorphologyBuilder::new();
    let kind = SectionKind::Basal;
    assert_eq!(
        message(builder.cylinder("a", kind, Some((0, 1.0)), 10.0, 1.0)),
        "section a: found parent 0, expected the index of an earlier section, below 0"
    );
    let a = builder.cylinder("a", kind, None, 10.0, 1.0).unwrap();
    assert_eq!(
        message(builder.cylinder("b", kind, None, 10.0, 1.0)),
        "section b: found no parent, expected one: a is the root already"
    );
    assert_eq!(
        message(builder.cylinder("a", kind, Some((a, 1.0)), 10.0, 1.0)),
        "section a: found the name twice, expected unique names"
    );
    for (position, found) in [(1.5, "1.5"), (-0.1, "-0.1"), (f64::NAN, "NaN")] {
        assert_eq!(
            message(builder.cylinder("b", kind, Some((a, position)), 10.0, 1.0)),
            format!("section b: found position on the parent of {found}, expected 0 to 1")
        );
    }
    for (length, diam) in [(0.0, 1.0), (1.0, -1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)] {
        assert!(
            message(builder.cylinder("b", kind, Some((a, 1.0)), length, diam))
                .ends_with("expected a finite number above 0")
        );
    }
    for points in [
        &[[0.0, 0.0, 0.0, 1.0]][..],
        &[[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0]],
        &[[0.0, 0.0, 0.0, 1.0], [f64::NAN, 0.0, 0.0, 1.0]],
        &[[0.0, 0.0, 0.0, 1.0], [9.0, 0.0, 0.0, 0.0]],
        &[[0.0, 0.0, 0.0, 1.0], [1e39, 0.0, 0.0, 1.0]],
        &[[-3e38, 0.0, 0.0, 1.0], [3e38, 0.0, 0.0, 1.0]],
    ] {
        assert!(builder.points("b", kind, Some((a, 1.0)), points).is_err(), "{points:?}");
    }
    assert_eq!(builder.build().unwrap().sections().len(), 1);
    assert!(matches!(MorphologyBuilder::new().build(), Err(MorphologyError::NoSections)));
}

#[test]
fn wrong_parameters_are_refused() {
    let cell = small_cell();
    let refused = |rule: Discretization, cable: Cable| {
        cell.segmented(&rule, &cable, SegmentPoints::Exact).unwrap_err().to_string()
    };
    let three = || Discretization::FixedPerSection(3);
    for (rule, message) in [
        (
            Discretization::DLambda { d_lambda: 0.0, frequency_hz: 100.0 },
            "d_lambda: found 0, expected a finite number above 0",
        ),
        (
            Discretization::DLambda { d_lambda: 0.1, frequency_hz: f64::NAN },
            "frequency (Hz): found NaN, expected a finite number above 0",
        ),
        (
            Discretization::MaxLength { um: -1.0 },
            "longest segment (um): found -1, expected a finite number above 0",
        ),
        (
            Discretization::MaxLength { um: 1e-9 },
            "section soma: found a number of segments of 20000000001, expected 1 to 32767",
        ),
        (
            Discretization::FixedPerSection(0),
            "section soma: found a number of segments of 0, expected 1 to 32767",
        ),
        (
            Discretization::PerSection(vec![1, 1]),
            "segment counts: found 2 entries, expected one a section, 3",
        ),
    ] {
        assert_eq!(refused(rule, CABLE.into()), message);
    }
    let no_resistance = CableProperties { ra_ohm_cm: 0.0, ..CABLE };
    assert_eq!(
        refused(three(), no_resistance.into()),
        "axial resistivity (Ohm cm): found 0, expected a finite number above 0"
    );
    assert_eq!(
        refused(three(), Cable::PerSection(vec![CABLE])),
        "cable properties: found 1 entries, expected one a section, 3"
    );
    let divided = divide(&cell, three());
    for factor in [1.0, -1.0, f64::NAN] {
        assert!(divided.clone().distorted(factor, Axis::Z, 0.0).is_err());
    }
    for order in ["", "xy", "xyy", "xyzx", "abc"] {
        assert!(order.parse::<RotationOrder>().is_err(), "{order}");
    }
}
