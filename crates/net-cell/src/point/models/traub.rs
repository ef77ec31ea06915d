//! A Hodgkin-Huxley neuron with the channels of Traub and Miles, PyNN's names and ANNarchy's
//! equations: exponential Euler for gates, potential and conductances, gates before the potential.
//!
//! The rates are those of Traub and Miles 1991; where ANNarchy writes
//! `bh = 4 / (1 + exp(10 - v + v_offset))`, here stands `4 / (1 + exp((40 - v + v_offset) / 5))`,
//! the published rate that PyNN and NEST use, too.

use super::super::model::{PointModel, PointVariable, columns};
use super::super::step::{Dynamics, Eight, c, kernel};
use super::integrate_and_fire::{SynapseColumns, Synapses};
use crate::simd::{Lanes, exp, exprelr};

columns! { COLUMNS:
    GBAR_NA = PointVariable::parameter("gbar_Na", "uS", 20.0),
    GBAR_K = PointVariable::parameter("gbar_K", "uS", 6.0),
    GLEAK = PointVariable::positive("gleak", "uS", 0.01),
    CM = PointVariable::positive("cm", "nF", 0.2),
    V_OFFSET = PointVariable::parameter("v_offset", "mV", -63.0),
    E_REV_NA = PointVariable::parameter("e_rev_Na", "mV", 50.0),
    E_REV_K = PointVariable::parameter("e_rev_K", "mV", -90.0),
    E_REV_LEAK = PointVariable::parameter("e_rev_leak", "mV", -65.0),
    E_REV_E = PointVariable::parameter("e_rev_E", "mV", 0.0),
    E_REV_I = PointVariable::parameter("e_rev_I", "mV", -80.0),
    TAU_SYN_E = PointVariable::positive("tau_syn_E", "ms", 0.2),
    TAU_SYN_I = PointVariable::positive("tau_syn_I", "ms", 2.0),
    I_OFFSET = PointVariable::parameter("i_offset", "nA", 0.0),
    V_THRESH = PointVariable::parameter("v_thresh", "mV", 0.0),
    V = PointVariable::state("v", "mV", -65.0),
    N = PointVariable::state("n", "", 0.0),
    M = PointVariable::state("m", "", 0.0),
    H = PointVariable::state("h", "", 1.0),
    G_EXC = PointVariable::target("g_exc", "uS"),
    G_INH = PointVariable::target("g_inh", "uS"),
}

struct Traub;

impl Dynamics for Traub {
    #[inline(always)]
    unsafe fn step<W: Lanes>(x: &Eight) -> W::Mask {
        // SAFETY: the columns of this family.
        unsafe {
            let get = |column| x.get::<W>(column);
            let k = c::<W>;
            let v = get(V);
            let u = v - get(V_OFFSET);
            let gate = |column, alpha: W, beta: W| {
                let sum = alpha + beta;
                let new = x.relax(get(column), alpha / sum, k(1.0) / sum);
                x.set(column, new);
                new
            };
            // y / (exp(y) - 1) for y = (x - v) / scale.
            let rate = |at: f64, scale: f64| exprelr((k(at) - u) / k(scale)) * k(scale);
            let bn = k(0.5) * exp((k(10.0) - u) / k(40.0));
            let n = gate(N, k(0.032) * rate(15.0, 5.0), bn);
            let bm = k(0.28) * exprelr((u - k(40.0)) / k(5.0)) * k(5.0);
            let m = gate(M, k(0.32) * rate(13.0, 4.0), bm);
            let bh = k(4.0) / (k(1.0) + exp((k(40.0) - u) / k(5.0)));
            let h = gate(H, k(0.128) * exp((k(17.0) - u) / k(18.0)), bh);

            let columns =
                SynapseColumns { g: [G_EXC, G_INH], tau: [TAU_SYN_E, TAU_SYN_I], alpha: None };
            let Synapses { exc, inh } = columns.advance::<W>(x, W::lt(v, v));
            let n2 = n * n;
            let g_k = get(GBAR_K) * (n2 * n2);
            let g_na = get(GBAR_NA) * (m * m * m) * h;
            let total = get(GLEAK) + g_k + g_na + exc + inh;
            let drive = get(GLEAK) * get(E_REV_LEAK)
                + g_k * get(E_REV_K)
                + g_na * get(E_REV_NA)
                + exc * get(E_REV_E)
                + inh * get(E_REV_I)
                + get(I_OFFSET);
            let after = x.relax(v, drive / total, get(CM) / total);
            x.set(V, after);
            W::and(W::lt(get(V_THRESH), after), W::le(v, get(V_THRESH)))
        }
    }
}

pub(super) fn models() -> Vec<PointModel> {
    vec![PointModel {
        name: "HH_cond_exp",
        about: "Hodgkin-Huxley neuron with the channels of Traub and Miles",
        columns: COLUMNS,
        features: u32::MAX,
        defaults: &[],
        kernel: kernel::<Traub>(),
        n_uniforms: 0,
        noise: &[],
    }]
}
