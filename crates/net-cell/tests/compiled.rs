//! Mechanisms compiled from `.mod` files, beside the built-in ones.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use net_cell::mechanism::{LibraryError, find, load_library};
use net_cell::morphology::{SectionKind, SegmentedMorphology, SegmentedSection, Segments};
use net_cell::{CellSpec, CellTemplate, Cells, Quantity, Region, Samples, Schedule, StepSettings};
use net_nmodl::compile::Settings;
use net_nmodl::library::{BuildError, BuildOptions, build};

fn hh_source(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(folder.join("../net-mechanisms/mod/neuron/hh.mod")).unwrap();
    text.replace("SUFFIX hh", &format!("SUFFIX {name}"))
}

/// A pump that is driven by the calcium current of a leak: concentrations, ion currents, reversal
/// potentials that follow.
const CALCIUM: &str = "
    NEURON { SUFFIX pump USEION ca READ ica, cai WRITE cai RANGE depth, tau, rest }
    PARAMETER { depth = 0.1 (um) tau = 20 (ms) rest = 1e-4 (mM) }
    UNITS { FARADAY = (faraday) (coulomb) }
    ASSIGNED { ica (mA/cm2) }
    STATE { cai (mM) }
    INITIAL { cai = rest }
    BREAKPOINT { SOLVE decay METHOD cnexp }
    DERIVATIVE decay { cai' = -10000*ica/(2*FARADAY*depth) - (cai - rest)/tau }
";
const CALCIUM_LEAK: &str = "
    NEURON { SUFFIX caleak USEION ca READ eca WRITE ica RANGE g }
    PARAMETER { g = 1e-5 (S/cm2) }
    ASSIGNED { v (mV) eca (mV) ica (mA/cm2) }
    BREAKPOINT { ica = g*(v - eca) }
";
/// Three states that pass into each other; coupled, so that a system is solved in every step.
const SCHEME: &str = "
    NEURON { SUFFIX scheme NONSPECIFIC_CURRENT i RANGE g }
    PARAMETER { g = 0 (S/cm2) }
    STATE { a b c }
    ASSIGNED { v (mV) i (mA/cm2) }
    INITIAL { a = 1 }
    BREAKPOINT { SOLVE kin METHOD sparse  i = g*c*v }
    KINETIC kin {
        ~ a <-> b (0.3, 0.1)
        ~ b <-> c (0.2, 0.4)
        CONSERVE a + b + c = 1
    }
";
/// Logistic growth by backward Euler: Newton's method.
const GROWTH: &str = "
    NEURON { SUFFIX growth RANGE rate, twice, seen }
    PARAMETER { rate = 0.5 (/ms) }
    ASSIGNED { twice seen (mV) }
    STATE { x }
    INITIAL { x = 0.1  twice = 7 }
    BREAKPOINT { twice = 2*x  SOLVE grow METHOD derivimplicit  seen = v }
    DERIVATIVE grow { x' = rate*x*(1 - x) }
";

/// Mechanisms with one optimization left out and all others done, and what it may change of one value
/// in one step.
fn without_one() -> [(&'static str, Settings, f64); 5] {
    let all = Settings::default();
    [
        ("hh_without_exponentials", Settings { separate_exponentials: true, ..all }, 1e-14),
        ("hh_without_divisions", Settings { separate_divisions: true, ..all }, 3e-15),
        ("hh_without_folding", Settings { unfolded: true, ..all }, 2e-15),
        ("hh_without_sharing", Settings { unshared: true, ..all }, 2e-15),
        ("hh_without_hoisting", Settings { unhoisted: true, ..all }, 2e-15),
    ]
}

fn build_from(folder: &Path, sources: &[(&str, String)], settings: Settings) -> PathBuf {
    let files: Vec<PathBuf> = sources
        .iter()
        .map(|(name, text)| {
            let path = folder.join(format!("{name}.mod"));
            std::fs::write(&path, text).unwrap();
            path
        })
        .collect();
    let cache = Some(folder.to_path_buf());
    let options = BuildOptions { settings, cache, ..BuildOptions::default() };
    let library = build(&files, &options).unwrap();
    assert!(!library.was_cached);
    assert!(build(&files, &options).unwrap().was_cached);
    library.path
}

/// Loads all mechanisms of these tests, once.
fn load() {
    static LOADED: Once = Once::new();
    LOADED.call_once(|| {
        let folder = tempfile::tempdir().unwrap();
        let fast = [
            ("hh_fast", hh_source("hh_fast")),
            ("hh_tabled", include_str!("data/hh_tabled.mod").to_string()),
            ("pump", CALCIUM.to_string()),
            ("caleak", CALCIUM_LEAK.to_string()),
            ("scheme", SCHEME.to_string()),
            ("growth", GROWTH.to_string()),
        ];
        let path = build_from(folder.path(), &fast, Settings::default());
        let names = load_library(&path).unwrap();
        assert_eq!(names, ["hh_fast", "hh_tabled", "pump", "caleak", "scheme", "growth"]);
        assert_eq!(load_library(&path).unwrap(), names, "loading again changes nothing");
        let strict = Settings { strict: true, ..Settings::default() };
        let plain = Settings {
            separate_exponentials: true,
            separate_divisions: true,
            ..Settings::default()
        };
        let variants = [
            ("hh_exact", strict),
            ("hh_plain", plain),
            ("hh_exponentials", Settings { separate_exponentials: false, ..plain }),
            ("hh_divisions", Settings { separate_divisions: false, ..plain }),
            ("hh_repeated", Settings { unfolded: true, unshared: true, unhoisted: true, ..plain }),
        ];
        let without = without_one().map(|(name, settings, _)| (name, settings));
        for (name, settings) in variants.into_iter().chain(without) {
            let source = [(name, hh_source(name))];
            load_library(&build_from(folder.path(), &source, settings)).unwrap();
        }
    });
}

fn compartment() -> SegmentedMorphology {
    SegmentedMorphology {
        sections: vec![SegmentedSection {
            name: "soma".into(),
            kind: SectionKind::Soma,
            parent: None,
            length_um: 20.0,
            n_segments: 1,
            first_segment: 0,
            ra_ohm_cm: 100.0,
            cm_uf_cm2: 1.0,
            ri_end_mohm: 0.1,
        }],
        segments: Segments {
            section: vec![0],
            x: vec![0.5],
            area_um2: vec![1256.637],
            ri_mohm: vec![0.1],
            diam_um: vec![20.0],
            length_um: vec![20.0],
            start_um: vec![[0.0; 3]],
            end_um: vec![[20.0, 0.0, 0.0]],
            ..Segments::default()
        },
    }
}

/// Traces of v and of variables of the first mechanism, for 20 ms.
fn run(mechanisms: &[&str], variables: &[&str], amp_na: f64) -> Vec<Vec<f64>> {
    run_with(StepSettings::default(), mechanisms, variables, amp_na)
}

fn run_with(
    settings: StepSettings,
    mechanisms: &[&str],
    variables: &[&str],
    amp_na: f64,
) -> Vec<Vec<f64>> {
    let mut cell = CellTemplate::new(compartment()).unwrap();
    for mechanism in mechanisms {
        cell.insert(mechanism, &Region::All, &[]).unwrap();
    }
    cell.insert_point("IClamp", 0, &[("amp", amp_na), ("delay", 1.0), ("dur", 100.0)]).unwrap();
    let spec = CellSpec { gid: 0, template: Arc::new(cell), points: vec![] };
    let mut cells = Cells::new(&[spec], &[], settings, 1).unwrap();
    let schedule = (0, Schedule::default());
    cells.record(schedule, 0, 0, 0, &Quantity::Voltage).unwrap();
    for (at, variable) in variables.iter().enumerate() {
        let (mechanism, variable) = (mechanisms[0].to_string(), variable.to_string());
        let quantity = Quantity::Variable { mechanism, variable, nth: 0 };
        cells.record(schedule, at as u32 + 1, 0, 0, &quantity).unwrap();
    }
    let group = &mut cells.groups_mut()[0];
    group.initialize(0, 800);
    group.advance(0..800, || ()).unwrap();
    let n = variables.len() + 1;
    let mut samples = Samples::new(n);
    group.take_samples(0, &mut samples);
    (0..n).map(|k| samples.values.iter().skip(k).step_by(n).copied().collect()).collect()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn hh_from_its_file_is_the_built_in_one() {
    load();
    let variables = ["m", "h", "n", "ina", "ik", "il"];
    let built_in = run(&["hh"], &variables, 0.2);
    assert!(built_in[0].iter().any(|v| *v > 20.0), "the cell does not spike");
    for compiled in ["hh_fast", "hh_exact"] {
        let compiled = run(&[compiled], &variables, 0.2);
        // A spike makes 1e-15 in a rate some 1e-12 in v.
        assert!(largest_difference(&built_in[0], &compiled[0]) < 1e-9);
        for k in 1..=3 {
            assert!(largest_difference(&built_in[k], &compiled[k]) < 1e-11, "{}", variables[k - 1]);
        }
        for k in 4..=6 {
            assert!(largest_difference(&built_in[k], &compiled[k]) < 1e-10, "{}", variables[k - 1]);
        }
    }
}

#[test]
fn each_optimization_alone_stays_within_its_error() {
    load();
    let variables = ["m", "h", "n"];
    let exact = run(&["hh_exact"], &variables, 0.2);
    // Algebra and fused operations: a few ulp, whatever is folded, shared or hoisted; divisions: 2 ulp
    // more; exponentials: 1e-14.
    for (name, error) in [
        ("hh_plain", 2e-15),
        ("hh_repeated", 2e-15),
        ("hh_divisions", 3e-15),
        ("hh_exponentials", 1e-14),
    ] {
        let optimized = run(&[name], &variables, 0.2);
        for k in 1..=3 {
            let (a, b) = (optimized[k][1], exact[k][1]);
            assert!((a - b).abs() <= error * b.abs(), "{name}, {}: {a}, {b}", variables[k - 1]);
            // Through a spike.
            let difference = largest_difference(&optimized[k], &exact[k]);
            assert!(difference < 1e-11, "{name}, {}: {difference}", variables[k - 1]);
        }
    }
}

#[test]
fn each_optimization_left_out_changes_no_more_than_its_error() {
    load();
    let variables = ["m", "h", "n"];
    let (all, exact) = (run(&["hh_fast"], &variables, 0.2), run(&["hh_exact"], &variables, 0.2));
    for (name, _, error) in without_one() {
        let found = run(&[name], &variables, 0.2);
        for (k, variable) in variables.iter().enumerate().map(|(k, variable)| (k + 1, variable)) {
            // Beside all optimizations, and beside none, from which all together differ by 1e-14.
            for (other, error) in [(&all, error), (&exact, 1e-14)] {
                let (a, b) = (found[k][1], other[k][1]);
                assert!((a - b).abs() <= error * b.abs(), "{name}, {variable}: {a}, {b}");
                let difference = largest_difference(&found[k], &other[k]);
                assert!(difference < 1e-11, "{name}, {variable} through a spike: {difference}");
            }
        }
    }
}

#[test]
fn tables_are_used_when_a_run_asks_for_them() {
    load();
    let variables = ["m", "h", "n", "ina"];
    let exact = run(&["hh"], &variables, 0.2);
    let without = run(&["hh_tabled"], &variables, 0.2);
    assert!(largest_difference(&exact[0], &without[0]) < 1e-9);
    let settings = StepSettings { tables: true, ..StepSettings::default() };
    let built_in = run_with(settings, &["hh"], &variables, 0.2);
    let tabled = run_with(settings, &["hh_tabled"], &variables, 0.2);
    assert!(largest_difference(&built_in[0], &tabled[0]) < 1e-9);
    for k in 1..=4 {
        assert!(largest_difference(&built_in[k], &tabled[k]) < 1e-10, "{}", variables[k - 1]);
    }
    // A parameter that tables depend on has one value.
    let cells: Vec<CellSpec> = [0.0, 1.0]
        .into_iter()
        .map(|shift| {
            let mut cell = CellTemplate::new(compartment()).unwrap();
            cell.insert("hh_tabled", &Region::All, &[("shift", shift)]).unwrap();
            CellSpec { gid: 0, template: Arc::new(cell), points: vec![] }
        })
        .collect();
    let Err(error) = Cells::new(&cells, &[], settings, 1) else { panic!("not refused") };
    assert!(error.to_string().contains("'shift' of mechanism 'hh_tabled' is 0 and 1"), "{error}");
    let difference = largest_difference(&exact[0], &tabled[0]);
    assert!(difference > 1e-3, "tables make no difference: {difference}");
}

#[test]
fn parameters_and_uniform_values_are_recognized() {
    load();
    let (_, built_in) = find("hh").unwrap();
    let (_, compiled) = find("hh_fast").unwrap();
    assert_eq!(compiled.instance(&[]).unwrap()[..4], built_in.instance(&[]).unwrap()[..4]);
    assert!(!compiled.constant_linear);
    assert!(compiled.parameter("gnabar", -1.0).is_err());
}

#[test]
fn calcium_current_fills_the_cell_and_moves_the_reversal_potential() {
    load();
    let traces = run(&["pump", "caleak", "pas"], &["cai"], 0.0);
    let cai = &traces[1];
    assert_eq!(cai[0], 1e-4);
    // Steady state: inflow balances the pump.
    let v = traces[0][800];
    let eca = 1e3 * 8.314_462_618_153_24 * (6.3 + 273.15) / 96_485.332_123_310_01 / 2.0
        * (2.0 / cai[799]).ln();
    let ica = 1e-5 * (v - eca);
    let rate = -1e4 * ica / (2.0 * 96_485.332_123_310_01 * 0.1) - (cai[800] - 1e-4) / 20.0;
    let before = (cai[800] - cai[799]) / 0.025;
    assert!((rate - before).abs() < 2e-3 * before.abs(), "{rate}, {before}");
    assert!(cai[800] > 2e-4);
}

#[test]
fn a_kinetic_scheme_conserves_and_reaches_its_equilibrium() {
    load();
    let traces = run(&["scheme", "pas"], &["a", "b", "c"], 0.0);
    for ((a, b), c) in traces[1].iter().zip(&traces[2]).zip(&traces[3]) {
        assert!((a + b + c - 1.0).abs() < 1e-14, "{a} + {b} + {c}");
    }
    // One step of backward Euler by hand: with p = dt 0.3 ..., a (1 + p) - q b = 1, ...
    let (p, q, r, s) = (0.0075, 0.0025, 0.005, 0.01);
    let (a, b, c) = (traces[1][1], traces[2][1], traces[3][1]);
    assert!((a - 1.0 - (-p * a + q * b)).abs() < 1e-15);
    assert!((b - (p * a - q * b - r * b + s * c)).abs() < 1e-15);
    assert!((c - (r * b - s * c)).abs() < 1e-15);
}

#[test]
fn a_nonlinear_equation_is_solved_to_the_last_digits() {
    load();
    let x = &run(&["growth", "pas"], &["x"], 0.0)[1];
    for k in 0..800 {
        let residual = x[k + 1] - x[k] - 0.025 * 0.5 * x[k + 1] * (1.0 - x[k + 1]);
        assert!(residual.abs() < 1e-15, "step {k}: {residual}");
    }
}

#[test]
fn without_currents_breakpoint_follows_the_step() {
    load();
    let traces = run(&["growth", "pas"], &["x", "twice", "seen"], 0.3);
    let (v, x, twice, seen) = (&traces[0], &traces[1], &traces[2], &traces[3]);
    assert_eq!((twice[0], seen[0]), (7.0, 0.0), "BREAKPOINT does not run at the start");
    for k in 1..=800 {
        assert_eq!((twice[k], seen[k]), (2.0 * x[k], v[k]), "step {k}");
    }
}

#[test]
fn libraries_that_are_none_or_come_late_are_refused() {
    load();
    find("pas").unwrap();
    let late = load_library(Path::new("late.so")).unwrap_err();
    assert!(matches!(late, LibraryError::TooLate { .. }), "{late}");
}

#[test]
fn what_cannot_be_compiled_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cell.mod");
    let text = "NEURON { SUFFIX late }\nASSIGNED { v }\nBEFORE SOLVE { v = 1 }\n";
    std::fs::write(&path, text).unwrap();
    let options = BuildOptions { cache: Some(folder.path().into()), ..BuildOptions::default() };
    let error = build(&[path], &options).unwrap_err();
    let BuildError::Files(errors) = error else { panic!("{error}") };
    assert!(errors[0].to_string().contains("cell.mod:3:"), "{}", errors[0]);
    assert!(errors[0].message.contains("BEFORE SOLVE is not supported"), "{}", errors[0]);
}
