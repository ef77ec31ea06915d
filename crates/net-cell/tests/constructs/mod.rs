//! Constructs whose work depends on what only a run knows.

use std::sync::Arc;

use net_cell::mechanism::{FunctionTable, set_function_table};
use net_cell::{CellError, CellTemplate, PointKind, Quantity, Region};

use super::harness::{Model, compartment, rc, step};
use super::load;

const DT_MS: f64 = 0.1;

/// A passive compartment with a mechanism, at rest.
fn with(mechanism: &str, parameters: &[(&str, f64)]) -> Arc<CellTemplate> {
    load();
    let mut cell = rc();
    cell.insert(mechanism, &Region::All, parameters).unwrap();
    Arc::new(cell)
}

/// Cells side by side with a mechanism, one for each set of parameters; traces of its variables.
fn traces(
    mechanism: &str,
    cells: &[&[(&str, f64)]],
    variables: &[&str],
    n_steps: u64,
) -> Vec<Vec<f64>> {
    let mut model = Model::new(step(DT_MS, false));
    for (gid, parameters) in cells.iter().enumerate() {
        model.cell(&with(mechanism, parameters), &[]);
        variables.iter().for_each(|name| model.variable(gid as u64, 0, mechanism, name));
    }
    model.run(n_steps).unwrap().traces
}

fn assert_near(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() <= 1e-12 * (1.0 + expected.abs()),
        "{what}: {found}, {expected}"
    );
}

#[test]
fn functions_are_given_as_tables() {
    let mut model = Model::new(step(DT_MS, false));
    model.cell(&with("Given", &[]), &[]);
    model.variable(0, 0, "Given", "m");
    model.variable(0, 0, "Given", "height");
    let missing = |function: &str| CellError::NoFunctionTable {
        mechanism: "Given".into(),
        function: function.into(),
    };
    let first = model.try_cells().map(|_| ()).unwrap_err();
    assert!([missing("rate"), missing("surface")].contains(&first), "{first}");

    let set = |function, axes: &[&[f64]], values: &[f64]| {
        set_function_table("Given", function, FunctionTable::new(axes, values))
    };
    for (function, axes, values, message) in [
        ("speed", [[0.0, 1.0].as_slice()].as_slice(), [1.0, 2.0].as_slice(), "it has: "),
        ("rate", &[&[0.0, 1.0], &[0.0]], &[1.0, 2.0], "has 2 axes; expected 1, one for each"),
        ("rate", &[&[0.0, 1.0]], &[1.0], "has 1 values; expected 2"),
        ("rate", &[&[1.0, 1.0]], &[1.0, 2.0], "does not ascend"),
        ("rate", &[&[0.0, 1.0]], &[1.0, f64::NAN], "not finite"),
        ("rate", &[&[]], &[], "at least one point"),
    ] {
        let error = set(function, axes, values).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }

    // The cell stays at -65 mV: the rate is 0.5, three quarters of the way from -80 to -60.
    set("rate", &[&[-80.0, -60.0, 0.0]], &[0.2, 0.6, 9.0]).unwrap();
    let plane = |v: f64, m: f64| 1.0 - 0.1 * v + 4.0 * m;
    let (v_axis, m_axis) = ([-70.0, -50.0, 20.0], [0.0, 0.3, 1.0]);
    let values: Vec<f64> = v_axis.iter().flat_map(|&v| m_axis.map(|m| plane(v, m))).collect();
    set("surface", &[&v_axis, &m_axis], &values).unwrap();
    let run = model.run(50).unwrap();
    let [m, height] = &run.traces[..] else { panic!("two traces") };
    assert_eq!((m.len(), height.len()), (51, 51));
    for (k, &m) in m.iter().enumerate() {
        assert_near(m, (-0.5 * DT_MS * k as f64).exp(), "m");
    }
    for (&height, &m) in height[1..].iter().zip(&m[1..]) {
        assert_near(height, plane(-65.0, m), "height");
    }
}

#[test]
fn loops_and_elements_follow_parameters() {
    let cells: [&[(&str, f64)]; 4] = [
        &[("n", 3.0), ("k", 1.0)],
        &[("n", 5.0), ("k", 4.9)],
        &[("n", 4.7), ("first", 1.0), ("k", 2.0)],
        &[("n", 0.0), ("k", 0.0)],
    ];
    let traces = traces("Counted", &cells, &["sum", "picked", "y"], 10);
    // a is 0, 1, 4, 9, 16 with 100 at k.
    for (cell, (sum, picked)) in
        [(4.0, 100.0), (104.0, 100.0), (10.0, 100.0), (0.0, 100.0)].into_iter().enumerate()
    {
        assert_eq!((traces[3 * cell][10], traces[3 * cell + 1][10]), (sum, picked), "cell {cell}");
        assert_near(traces[3 * cell + 2][10], 100.0 * -(-0.5_f64).exp_m1(), "y");
    }
}

#[test]
fn an_index_outside_of_an_array_ends_the_run() {
    let mut model = Model::new(step(DT_MS, false));
    model.cell(&with("Counted", &[("k", 7.0)]), &[]);
    let error = model.run(10).unwrap_err();
    assert_eq!((error.variable.as_str(), error.gid), ("Counted.y", 0));
}

/// One step of backward Euler for a chain of `n` of 4 states, by Newton's method in fixed point
/// form: x = old + dt f(x), iterated.
fn chain_step(old: [f64; 4], n: usize) -> [f64; 4] {
    let mut x = old;
    for _ in 0..400 {
        let mut rates = [0.0; 4];
        for j in 0..n - 1 {
            let flux = 0.7 * x[j] - 0.2 * (1.0 + x[j]) * x[j + 1];
            rates[j] -= flux;
            rates[j + 1] += flux;
        }
        x = std::array::from_fn(|k| old[k] + DT_MS * rates[k]);
    }
    x
}

#[test]
fn reactions_stand_in_loops() {
    let cells: [&[(&str, f64)]; 3] = [&[("n", 4.0)], &[("n", 2.0)], &[("n", 3.0)]];
    let traces = traces("Chain", &cells, &["c[0]", "c[1]", "c[2]", "c[3]"], 20);
    for (cell, n) in [4, 2, 3].into_iter().enumerate() {
        let mut c = [1.0, 0.0, 0.0, 0.0];
        let states = &traces[4 * cell..][..4];
        for step in 0..=20 {
            states.iter().zip(c).for_each(|(found, c)| assert_near(found[step], c, "c"));
            c = chain_step(c, n);
        }
    }
}

#[test]
fn equations_have_while_loops() {
    let cells: [&[(&str, f64)]; 3] = [&[("order", 3.0)], &[("order", 1.0)], &[("order", 2.0)]];
    let traces = traces("Rounds", &cells, &["x"], 30);
    for (cell, order) in [3, 1, 2].into_iter().enumerate() {
        let mut x: f64 = 2.0;
        for &found in &traces[cell] {
            assert_near(found, x, "x");
            let old = x;
            for _ in 0..50 {
                let power = x.powi(order);
                let slope = 1.0 + DT_MS * 0.5 * f64::from(order) * x.powi(order - 1);
                x -= (x - old + DT_MS * 0.5 * power) / slope;
            }
        }
    }
}

#[test]
fn a_loop_without_end_ends_the_run() {
    let mut model = Model::new(step(DT_MS, false));
    model.cell(&with("Rounds", &[("order", 1e300)]), &[]);
    let error = model.run(1).unwrap_err();
    assert_eq!((error.variable.as_str(), error.gid), ("Rounds.x", 0));
}

#[test]
fn a_reversal_potential_is_written() {
    load();
    let mut cell = CellTemplate::new(compartment()).unwrap();
    cell.insert("Reversal", &Region::All, &[]).unwrap();
    cell.insert("KLeak", &Region::All, &[]).unwrap();
    let mut model = Model::new(step(DT_MS, false));
    model.cell(&Arc::new(cell), &[]);
    model.voltage(0, 0);
    let variable = net_cell::mechanism::IonVariable::Reversal;
    model.record.push((0, 0, Quantity::Ion { ion: "k".into(), variable }));
    let run = model.run(40).unwrap();
    // 1 uF/cm2 and 1 mS/cm2: a time constant of 1 ms. The potential is set after each step.
    let mut v = -65.0;
    for step in 0..=40 {
        let e = -90.0 + 0.5 * f64::from(step) * DT_MS;
        assert_near(run.traces[0][step as usize], v, "v");
        assert_near(run.traces[1][step as usize], e, "ek");
        v = (v + DT_MS * e) / (1.0 + DT_MS);
    }
}

#[test]
fn events_set_the_potential() {
    load();
    let mut model = Model::new(step(DT_MS, false));
    model.kinds = vec![PointKind::new("Jumper", &[("reset", -80.0)]).unwrap()];
    model.cell(&Arc::new(rc()), &[(0, 0)]);
    model.drive(0, &[1.0], 20.0);
    model.voltage(0, 0);
    model.variable(0, 0, "Jumper", "reached");
    let traces = model.run(40).unwrap().traces;
    let mut v = -65.0;
    for (step, &found) in traces[0].iter().enumerate() {
        assert_near(found, v, "v");
        // Events come between a sample and the step after it.
        match step {
            10 => v += 20.0,
            20 => v = -80.0,
            _ => {}
        }
        v = (v - 65.0 * DT_MS) / (1.0 + DT_MS);
    }
    assert_near(traces[1][40], -45.0, "reached");
}

#[test]
fn connections_set_variables_and_currents_come_from_linear_systems() {
    load();
    // Without the resistance one entry of the matrix is 0.
    for resistance in [50.0, 0.0] {
        let mut model = Model::new(step(DT_MS, false));
        model.kinds = vec![PointKind::new("Fresh", &[("resistance", resistance)]).unwrap()];
        model.cell(&Arc::new(rc()), &[(0, 0)]);
        model.drive(0, &[1.0], 0.01);
        model.drive(0, &[2.0], 0.01);
        for name in ["n_connections", "last", "g", "i"] {
            model.variable(0, 0, "Fresh", name);
        }
        model.voltage(0, 0);
        let traces = model.run(50).unwrap().traces;
        assert_eq!(traces[0], vec![2.0; 51]);
        assert_eq!((traces[1][10], traces[1][50]), (-1.0, 2.0));
        // The conductance in series with the resistance of the neck.
        for step in 0..50 {
            let (g, i, v) = (traces[2][step], traces[3][step + 1], traces[4][step]);
            // Events come between a sample and the currents after it.
            if ![10, 20].contains(&step) {
                assert_near(i, g * v / (1.0 + resistance * g), "i");
            }
        }
        assert!(traces[2][25] > 0.0);
    }
}
