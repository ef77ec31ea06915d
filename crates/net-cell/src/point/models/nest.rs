//! Leaky integrate-and-fire neurons with NEST's names, units and exact integration.
//!
//! The membrane follows `v' = -(v - E_L) / tau_m + (I_e + I_syn) / C_m` exactly from step to step
//! (Rotter and Diesmann 1999, Biol. Cybern. 81:381); synaptic currents are those before the step, and
//! what arrives at a step acts on the currents at its end, as in NEST.

use super::super::model::{PointModel, PointVariable, columns};
use super::super::step::{Dynamics, Eight, c, kernel};
use crate::simd::{Lanes, exp};

const DELTA: u32 = 1;
const EXPONENTIAL: u32 = 2;
const ALPHA: u32 = 4;

columns! { COLUMNS:
    TAU_M = PointVariable::positive("tau_m", "ms", 10.0),
    C_M = PointVariable::positive("C_m", "pF", 250.0),
    T_REF = PointVariable::not_negative("t_ref", "ms", 2.0),
    E_L = PointVariable::parameter("E_L", "mV", -70.0),
    V_RESET = PointVariable::parameter("V_reset", "mV", -70.0),
    V_TH = PointVariable::parameter("V_th", "mV", -55.0),
    I_E = PointVariable::parameter("I_e", "pA", 0.0),
    TAU_SYN_EX = PointVariable::positive("tau_syn_ex", "ms", 2.0).of(EXPONENTIAL | ALPHA),
    TAU_SYN_IN = PointVariable::positive("tau_syn_in", "ms", 2.0).of(EXPONENTIAL | ALPHA),
    V_M = PointVariable::state("V_m", "mV", -70.0),
    G_DELTA = PointVariable::instant("g_delta", "mV").of(DELTA),
    G_EX = PointVariable::instant("g_ex", "pA").of(EXPONENTIAL | ALPHA),
    G_IN = PointVariable::instant("g_in", "pA").of(EXPONENTIAL | ALPHA),
    I_SYN_EX = PointVariable::state("I_syn_ex", "pA", 0.0).of(EXPONENTIAL | ALPHA),
    I_SYN_IN = PointVariable::state("I_syn_in", "pA", 0.0).of(EXPONENTIAL | ALPHA),
    DI_SYN_EX = PointVariable::state("dI_syn_ex", "pA/ms", 0.0).of(ALPHA),
    DI_SYN_IN = PointVariable::state("dI_syn_in", "pA/ms", 0.0).of(ALPHA),
    REFRACTORY = PointVariable::state("refractory_steps", "", 0.0),
}

struct ExactIntegration<const F: u32>;

/// What an exponential current of 1 leaves on the membrane after `h`, times `C`:
/// `exp(-h/tau_m)` times the integral of `exp(d s)`, `d = 1/tau_m - 1/tau`.
#[inline(always)]
fn exponential_propagator<W: Lanes>(h: W, [tau, e]: [W; 2], [tau_m, e_m]: [W; 2]) -> W {
    let difference = c::<W>(1.0) / tau_m - c::<W>(1.0) / tau;
    let y = difference * h;
    let small = W::lt(y.abs(), c(0.01));
    let closed = (e - e_m) / W::select(small, c(1.0), difference);
    // Where the time constants are nearly equal the difference would lose digits.
    let terms = [1.0, 1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5040.0];
    W::select(small, h * e_m * polynomial(y, &terms), closed)
}

/// The same for a current `t exp(-t/tau)`: the integral of `s exp(d s)`.
#[inline(always)]
fn alpha_propagator<W: Lanes>(h: W, [tau, e]: [W; 2], [tau_m, e_m]: [W; 2]) -> W {
    let difference = c::<W>(1.0) / tau_m - c::<W>(1.0) / tau;
    let y = difference * h;
    let small = W::lt(y.abs(), c(0.1));
    let safe = W::select(small, c(1.0), difference);
    let closed = (h * e - (e - e_m) / safe) / safe;
    // The k-th is 1 / (k! (k + 2)).
    let terms = [
        1.0 / 2.0,
        1.0 / 3.0,
        1.0 / 8.0,
        1.0 / 30.0,
        1.0 / 144.0,
        1.0 / 840.0,
        1.0 / 5760.0,
        1.0 / 45360.0,
        1.0 / 403_200.0,
    ];
    W::select(small, h * h * e_m * polynomial(y, &terms), closed)
}

#[inline(always)]
fn polynomial<W: Lanes, const N: usize>(x: W, terms: &[f64; N]) -> W {
    let mut sum = c::<W>(0.0);
    for k in (0..N).rev() {
        sum = sum.mul_add(x, c(terms[k]));
    }
    sum
}

impl<const F: u32> Dynamics for ExactIntegration<F> {
    #[inline(always)]
    unsafe fn step<W: Lanes>(x: &Eight) -> W::Mask {
        // SAFETY: the columns of this family.
        unsafe {
            let get = |column| x.get::<W>(column);
            let (h, tau_m) = (x.dt::<W>(), get(TAU_M));
            let e_m = exp(-h / tau_m);
            let left = get(REFRACTORY);
            let held = W::lt(c(0.0), left);
            let rest = get(E_L) + get(I_E) * tau_m / get(C_M);
            let mut v = rest + (get(V_M) - rest) * e_m;
            if F & DELTA != 0 {
                v = v + get(G_DELTA);
            } else {
                let per_farad = c::<W>(1.0) / get(C_M);
                for [tau, i, di, input] in [
                    [TAU_SYN_EX, I_SYN_EX, DI_SYN_EX, G_EX],
                    [TAU_SYN_IN, I_SYN_IN, DI_SYN_IN, G_IN],
                ] {
                    let tau = get(tau);
                    let e = exp(-h / tau);
                    v = v + exponential_propagator(h, [tau, e], [tau_m, e_m]) * get(i) * per_farad;
                    if F & ALPHA != 0 {
                        let alpha = alpha_propagator(h, [tau, e], [tau_m, e_m]);
                        v = v + alpha * get(di) * per_farad;
                        x.set(i, e * (get(i) + h * get(di)));
                        // The current peaks at the weight, after tau.
                        let steep = c::<W>(std::f64::consts::E) / tau;
                        x.set(di, e * get(di) + steep * get(input));
                    } else {
                        x.set(i, e * get(i) + get(input));
                    }
                }
            }
            let v = W::select(held, get(V_M), v);
            let fires = W::and(W::not(held), W::le(get(V_TH), v));
            x.set(V_M, W::select(fires, get(V_RESET), v));
            x.set(REFRACTORY, x.refractory(fires, left, get(T_REF)));
            fires
        }
    }
}

pub(super) fn models() -> Vec<PointModel> {
    fn model<const F: u32>(name: &'static str, about: &'static str) -> PointModel {
        PointModel {
            name,
            about,
            columns: COLUMNS,
            features: F,
            defaults: &[],
            kernel: kernel::<ExactIntegration<F>>(),
            n_uniforms: 0,
            noise: &[],
        }
    }
    vec![
        model::<DELTA>("iaf_psc_delta", "leaky integrate-and-fire, jumps of the potential, NEST's"),
        model::<EXPONENTIAL>(
            "iaf_psc_exp",
            "leaky integrate-and-fire, exponential currents, NEST's",
        ),
        model::<ALPHA>("iaf_psc_alpha", "leaky integrate-and-fire, alpha currents, NEST's"),
    ]
}
