//! `hh`: the squid axon's sodium and potassium channels and leak.
//!
//! Hodgkin and Huxley, J. Physiol. 117 (1952) 500, shifted to a rest at -65 mV as in NEURON:
//! alpha_m = 0.1 (v+40) / (1 - exp(-(v+40)/10)), beta_m = 4 exp(-(v+65)/18),
//! alpha_h = 0.07 exp(-(v+65)/20), beta_h = 1 / (exp(-(v+35)/10) + 1),
//! alpha_n = 0.01 (v+55) / (1 - exp(-(v+55)/10)), beta_n = 0.125 exp(-(v+65)/80), all per ms,
//! times 3^((celsius - 6.3)/10).

use super::kernel::{Access, KernelArgs};
use super::{ColumnSpec, IonUse, Kernels, Mechanism, MechanismKind, Role, Tables};
use crate::simd::{LANES, Lanes, exp, exp_near_zero, reciprocal3};

const GNABAR: usize = 0;
const GKBAR: usize = 1;
const GL: usize = 2;
const EL: usize = 3;
const M: usize = 4;
const H: usize = 5;
const N: usize = 6;
const INA: usize = 7;
const IK: usize = 8;
const IL: usize = 9;
const Q10: usize = 10;

const NA: usize = 0;
const K: usize = 1;

/// The channels with NEURON's defaults.
pub(super) fn hh() -> Mechanism {
    Mechanism {
        name: "hh",
        origin: "the set 'neuron'".to_string(),
        kind: MechanismKind::Density,
        columns: vec![
            ColumnSpec::parameter("gnabar", "S/cm2", 0.12, 0.0),
            ColumnSpec::parameter("gkbar", "S/cm2", 0.036, 0.0),
            ColumnSpec::parameter("gl", "S/cm2", 0.0003, 0.0),
            ColumnSpec::parameter("el", "mV", -54.3, f64::MIN),
            ColumnSpec::new("m", "", Role::State),
            ColumnSpec::new("h", "", Role::State),
            ColumnSpec::new("n", "", Role::State),
            ColumnSpec::new("ina", "mA/cm2", Role::Output),
            ColumnSpec::new("ik", "mA/cm2", Role::Output),
            ColumnSpec::new("il", "mA/cm2", Role::Output),
            ColumnSpec::new("q10", "", Role::Derived { depends_on: &[] }),
        ],
        ions: vec![IonUse::reversal("na"), IonUse::reversal("k")],
        electrode: None,
        constant_linear: false,
        linear: false,
        n_weights: 1,
        keeps_weights: false,
        kernels: Kernels {
            init: Some(init_kernel()),
            current: Some(current_kernel()),
            state: Some(state_kernel()),
            net_receive: None,
            net_init: None,
        },
        tables: Some(Tables {
            n_values: 6 * N_ENTRIES,
            build: build_tables,
            depends_on: &[],
            init: Some(tabled_init_kernel()),
            current: Some(current_kernel()),
            state: Some(tabled_state_kernel()),
        }),
    }
}

#[inline(always)]
unsafe fn current<V: Lanes, A: Access>(args: &KernelArgs) {
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            let (m, h, n): (V, V, V) = (args.get(M, j), args.get(H, j), args.get(N, j));
            let (ena, ek): (V, V) = (A::ion(args, NA, j), A::ion(args, K, j));
            let (gl, el): (V, V) = (args.get(GL, j), args.get(EL, j));
            let gna = args.get::<V>(GNABAR, j) * (m * m * m * h);
            let n2 = n * n;
            let gk = args.get::<V>(GKBAR, j) * (n2 * n2);
            let weight = args.weight::<V>(j);
            let drive = gna.mul_add(ena, gk.mul_add(ek, gl * el));
            A::add(args, args.diagonal, j, weight * (gna + gk + gl));
            A::add(args, args.rhs, j, weight * drive);
            if args.record {
                let v = A::read::<V>(args, args.v, j);
                args.set(INA, j, gna * (v - ena));
                args.set(IK, j, gk * (v - ek));
                args.set(IL, j, gl * (v - el));
            }
        }
    }
}
mechanism_kernel!(current_kernel = current);

/// Steady states and rates (1/ms at 6.3 degrees) of the three gates.
struct Gates<V> {
    steady: [V; 3],
    rate: [V; 3],
}

/// `x / (exp(x) - 1)` for |x| < [`SERIES_BELOW`]: Bernoulli's series, to 4e-16.
#[inline(always)]
fn exprelr_series<V: Lanes>(x: V) -> V {
    let x2 = x * x;
    let c = |value: f64| V::splat(value);
    let p = c(1.0 / 47_900_160.0).mul_add(x2, c(-1.0 / 1_209_600.0));
    let p = p.mul_add(x2, c(1.0 / 30_240.0));
    let p = p.mul_add(x2, c(-1.0 / 720.0));
    let p = p.mul_add(x2, c(1.0 / 12.0));
    p.mul_add(x2, x.mul_add(c(-0.5), c(1.0)))
}

const SERIES_BELOW: f64 = 0.3;

/// The rates with two exponentials and two divisions.
///
/// All exponentials but that of beta_m are powers of exp(-(v+65)/80) times constants, and the
/// quotients share their divisions; relative error below 1e-14 (measured against quadruple
/// precision, see the tests).
#[inline(always)]
fn gates<V: Lanes>(v: V) -> Gates<V> {
    let c = |value: f64| V::splat(value);
    // Outside of +-400 mV every gate is saturated, and nothing below overflows.
    let v = c(400.0).min(c(-400.0).max(v));
    let shifted = v + c(65.0);
    let e80 = exp(shifted * c(-1.0 / 80.0));
    let e18 = exp(shifted * c(-1.0 / 18.0));
    let e40 = e80 * e80;
    let e20 = e40 * e40;
    let e10 = e20 * e20; // exp(-(v+65)/10)

    let xm = (v + c(40.0)) * c(-0.1);
    let xn = (v + c(55.0)) * c(-0.1);
    let em = e10 * c(12.182_493_960_703_473); // exp(2.5)
    let en = e10 * c(std::f64::consts::E);
    let eh = e10 * c(20.085_536_923_187_668); // exp(3)
    let one = c(1.0);
    let below = c(SERIES_BELOW);
    // Near 0 the denominators are replaced by 1 and the quotients by the series.
    let dm = V::select_lt(xm.abs(), below, one, em - one);
    let dn = V::select_lt(xn.abs(), below, one, en - one);
    let (rm, rn, beta_h) = reciprocal3(dm, dn, eh + one);
    let (mut alpha_m, mut alpha_n) = (xm * rm, xn * rn);
    if V::any_lt(xm.abs().min(xn.abs()), below) {
        alpha_m = V::select_lt(xm.abs(), below, exprelr_series(xm), alpha_m);
        alpha_n = V::select_lt(xn.abs(), below, exprelr_series(xn), alpha_n);
    }
    let alpha_n = c(0.1) * alpha_n;
    let beta_m = c(4.0) * e18;
    let beta_n = c(0.125) * e80;
    let alpha_h = c(0.07) * e20;

    let (sm, sh, sn) = (alpha_m + beta_m, alpha_h + beta_h, alpha_n + beta_n);
    let (tm, th, tn) = reciprocal3(sm, sh, sn);
    Gates { steady: [alpha_m * tm, alpha_h * th, alpha_n * tn], rate: [sm, sh, sn] }
}

#[inline(always)]
unsafe fn init<V: Lanes, A: Access>(args: &KernelArgs) {
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            args.set(Q10, j, V::splat(q10(args.celsius)));
            let gates = gates(A::read::<V>(args, args.v, j));
            args.set(M, j, gates.steady[0]);
            args.set(H, j, gates.steady[1]);
            args.set(N, j, gates.steady[2]);
        }
    }
}
mechanism_kernel!(init_kernel = init);

fn q10(celsius: f64) -> f64 {
    3f64.powf((celsius - 6.3) / 10.0)
}

#[inline(always)]
unsafe fn state<V: Lanes, A: Access>(args: &KernelArgs) {
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            let gates = gates(A::read::<V>(args, args.v, j));
            let minus_dt = V::splat(-args.dt_ms) * args.get(Q10, j);
            for (k, state) in [M, H, N].into_iter().enumerate() {
                let decay = exp_near_zero(minus_dt * gates.rate[k]);
                let x = args.get::<V>(state, j);
                args.set(state, j, (x - gates.steady[k]).mul_add(decay, gates.steady[k]));
            }
        }
    }
}
mechanism_kernel!(state_kernel = state);

/// Entries of one table: -100, -99, ... 100 mV.
const N_ENTRIES: usize = 201;

/// NEURON's table: steady state and time constant (ms) of m, h, n at each entry.
unsafe extern "C" fn build_tables(args: &KernelArgs, table: *mut f64) {
    fn trap(x: f64, y: f64) -> f64 {
        if (x / y).abs() < 1e-6 { y * (1.0 - x / y / 2.0) } else { x / ((x / y).exp() - 1.0) }
    }
    let q10 = q10(args.celsius);
    // SAFETY: there is room for as many values as the mechanism says.
    let table = unsafe { std::slice::from_raw_parts_mut(table, 6 * N_ENTRIES) };
    let mut places = table.chunks_exact_mut(2);
    for entry in 0..N_ENTRIES {
        let v = entry as f64 - 100.0;
        let rates = [
            (0.1 * trap(-(v + 40.0), 10.0), 4.0 * (-(v + 65.0) / 18.0).exp()),
            (0.07 * (-(v + 65.0) / 20.0).exp(), 1.0 / ((-(v + 35.0) / 10.0).exp() + 1.0)),
            (0.01 * trap(-(v + 55.0), 10.0), 0.125 * (-(v + 65.0) / 80.0).exp()),
        ];
        for (alpha, beta) in rates {
            if let Some(place) = places.next() {
                place.copy_from_slice(&[alpha / (alpha + beta), 1.0 / (q10 * (alpha + beta))]);
            }
        }
    }
}

/// Steady states and time constants by linear interpolation.
#[inline(always)]
unsafe fn tabled<V: Lanes>(table: *const f64, v: V) -> ([V; 3], [V; 3]) {
    let mut entries = [[0.0; LANES]; 6];
    for (lane, v) in v.to_array().into_iter().enumerate() {
        // Limited to the table; NaN goes to its start and comes back through the fraction.
        let theta = v + 100.0;
        let limited = theta.clamp(0.0, (N_ENTRIES - 1) as f64);
        let entry = (limited as usize).min(N_ENTRIES - 2);
        let fraction = limited - entry as f64;
        for (k, values) in entries.iter_mut().enumerate() {
            // SAFETY: `entry + 1` is inside the table.
            let (low, high) =
                unsafe { (*table.add(entry * 6 + k), *table.add((entry + 1) * 6 + k)) };
            values[lane] = low + fraction * (high - low);
        }
    }
    let column = |k: usize| V::from_array(entries[k]);
    ([column(0), column(2), column(4)], [column(1), column(3), column(5)])
}

#[inline(always)]
unsafe fn tabled_init<V: Lanes, A: Access>(args: &KernelArgs) {
    // SAFETY: columns as declared above; the run has built the table.
    unsafe {
        for j in 0..args.n_vectors {
            let (steady, _) = tabled(args.table, A::read::<V>(args, args.v, j));
            args.set(M, j, steady[0]);
            args.set(H, j, steady[1]);
            args.set(N, j, steady[2]);
        }
    }
}
mechanism_kernel!(tabled_init_kernel = tabled_init);

#[inline(always)]
unsafe fn tabled_state<V: Lanes, A: Access>(args: &KernelArgs) {
    // SAFETY: columns as declared above; the run has built the table.
    unsafe {
        for j in 0..args.n_vectors {
            let (steady, tau) = tabled(args.table, A::read::<V>(args, args.v, j));
            for (k, state) in [M, H, N].into_iter().enumerate() {
                let decay = exp(V::splat(-args.dt_ms) / tau[k]);
                let x = args.get::<V>(state, j);
                args.set(state, j, (x - steady[k]).mul_add(decay, steady[k]));
            }
        }
    }
}
mechanism_kernel!(tabled_state_kernel = tabled_state);
