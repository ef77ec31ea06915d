//! Accuracy of the exponential functions, measured against twice the precision, and of the gates of
//! `hh`.

mod harness;

use std::sync::Arc;

use harness::{Model, compartment, step};
use net_cell::simd::{LANES, Lanes, Portable, exp, exprelr};
use net_cell::{CellTemplate, Region, StepSettings};

/// The unevaluated sum of two doubles, the second below half an ulp of the first.
#[derive(Clone, Copy)]
struct Double(f64, f64);

impl Double {
    fn sum(a: f64, b: f64) -> Self {
        let s = a + b;
        let t = s - a;
        Double(s, (a - (s - t)) + (b - t))
    }

    fn add(self, other: Self) -> Self {
        let Double(s, e) = Self::sum(self.0, other.0);
        Self::sum(s, e + self.1 + other.1)
    }

    fn mul(self, other: Self) -> Self {
        let p = self.0 * other.0;
        let e = self.0.mul_add(other.0, -p);
        Self::sum(p, e + self.0 * other.1 + self.1 * other.0)
    }

    fn divided_by(self, n: f64) -> Self {
        let q = self.0 / n;
        Self::sum(q, ((-q).mul_add(n, self.0) + self.1) / n)
    }

    /// x / self: one Newton step beyond the rounded quotient.
    fn dividing(self, x: f64) -> Self {
        let q = x / self.0;
        Self::sum(q, ((-q).mul_add(self.0, x) - q * self.1) / self.0)
    }

    /// exp(x) - 1 by its series, after a division by a power of two; then (1+y)^2 - 1 = 2y + y^2.
    fn exp_m1(x: f64) -> Self {
        let halvings = (x.abs() / 0.2).log2().ceil().max(0.0) as i32;
        let r = Double(x / f64::powi(2.0, halvings), 0.0);
        let (mut term, mut y) = (r, r);
        for k in 2..24 {
            term = term.mul(r).divided_by(f64::from(k));
            y = y.add(term);
        }
        for _ in 0..halvings {
            y = y.add(y).add(y.mul(y));
        }
        y
    }
}

/// Distance of `y` from the exact value in units of its last place.
fn ulps(y: f64, exact: Double) -> f64 {
    let ulp = f64::from_bits(exact.0.abs().to_bits() + 1) - exact.0.abs();
    ((y - exact.0) - exact.1).abs() / ulp
}

fn largest_error(
    of: fn(Portable) -> Portable,
    exact: fn(f64) -> Double,
    (low, high): (f64, f64),
) -> f64 {
    let n = 400_000 / LANES;
    let at = |k: usize| low + (high - low) * (k as f64 + 0.37) / (n * LANES) as f64;
    (0..n)
        .flat_map(|j| {
            let x: [f64; LANES] = std::array::from_fn(|l| at(j * LANES + l));
            let y = of(Portable::from_array(x)).to_array();
            std::array::from_fn::<f64, LANES, _>(|l| ulps(y[l], exact(x[l])))
        })
        .fold(0.0, f64::max)
}

#[test]
fn exponentials_are_accurate_to_the_last_place() {
    let one = Double(1.0, 0.0);
    assert!(ulps(std::f64::consts::E, one.add(Double::exp_m1(1.0))) < 0.5);
    for (low, high) in [(-700.0, 700.0), (-20.0, 20.0), (-1.0, 1.0)] {
        let exact = |x: f64| {
            let e = Double(1.0, 0.0).add(Double::exp_m1(x.abs()));
            if x < 0.0 { e.dividing(1.0) } else { e }
        };
        let error = largest_error(exp, exact, (low, high));
        println!("exp on [{low}, {high}]: {error:.3} ulp");
        // Squaring the reference ten times costs it some of its own digits, far below these.
        assert!(error < 1.5, "{error} ulp");
    }
    for (low, high) in [(-100.0, 100.0), (-20.0, 20.0), (-1.0, 1.0), (-1e-3, 1e-3)] {
        let exact = |x: f64| Double::exp_m1(x).dividing(x);
        let error = largest_error(exprelr, exact, (low, high));
        println!("x / (exp(x) - 1) on [{low}, {high}]: {error:.3} ulp");
        assert!(error < 4.0, "{error} ulp");
    }
}

/// Steady state and rate (1/ms) of m, h, n at 6.3 degrees, as in the paper.
fn gates(v: f64) -> [(f64, f64); 3] {
    let exprelr = |x: f64| if x == 0.0 { 1.0 } else { x / x.exp_m1() };
    let rates = [
        (exprelr(-(v + 40.0) / 10.0), 4.0 * (-(v + 65.0) / 18.0).exp()),
        (0.07 * (-(v + 65.0) / 20.0).exp(), 1.0 / ((-(v + 35.0) / 10.0).exp() + 1.0)),
        (0.1 * exprelr(-(v + 55.0) / 10.0), 0.125 * (-(v + 65.0) / 80.0).exp()),
    ];
    rates.map(|(alpha, beta)| (alpha / (alpha + beta), alpha + beta))
}

#[test]
fn gates_follow_the_paper() {
    let mut cell = CellTemplate::new(compartment()).unwrap();
    cell.insert("hh", &Region::All, &[]).unwrap();
    let cell = Arc::new(cell);
    let near = [-40.0, -55.0].into_iter().flat_map(|v| [0.0, 1e-9, -1e-5, 0.01].map(|d| v + d));
    let (mut steady_error, mut step_error) = (0f64, 0f64);
    for v_init_mv in (0..400).map(|k| -120.0 + 0.513 * f64::from(k)).chain(near) {
        let mut model = Model::new(StepSettings { v_init_mv, ..step(0.025, false) });
        model.cell(&cell, &[]);
        model.voltage(0, 0);
        ["m", "h", "n"].into_iter().for_each(|gate| model.variable(0, 0, "hh", gate));
        let run = model.run(1).unwrap();
        let (before, after) = (gates(v_init_mv), gates(run.traces[0][1]));
        for k in 0..3 {
            let [start, end] = run.traces[k + 1][..] else { panic!("two samples") };
            steady_error = steady_error.max((start / before[k].0 - 1.0).abs());
            let (steady, rate) = after[k];
            let expected = steady + (start - steady) * (-0.025 * rate).exp();
            step_error = step_error.max((end / expected - 1.0).abs());
        }
    }
    println!("gates of hh: steady states to {steady_error:.1e}, one step to {step_error:.1e}");
    assert!(steady_error < 1e-14 && step_error < 1e-14);
}
