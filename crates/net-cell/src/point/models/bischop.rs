//! The interneuron of Bischop et al. 2012 (J. Neurosci. 32:6688), as in CompNeuroPy.
//!
//! Each line is advanced by itself (explicit Euler) when it is reached: currents use new gates and
//! the old potential. A spike is a crossing of `v_t` from below; there is no reset. pF, nS, mV, pA.

use super::super::model::{PointModel, PointVariable, columns};
use super::super::step::{Dynamics, Eight, c, kernel};
use super::rectified;
use crate::simd::{Lanes, exp};

const SYN: u32 = 2;

columns! { COLUMNS:
    CAPACITANCE = PointVariable::positive("C_m", "pF", 30.0),
    G_L = PointVariable::parameter("g_L", "nS", 2.5),
    E_L = PointVariable::parameter("E_L", "mV", -68.0),
    G_NA = PointVariable::parameter("g_Na", "nS", 700.0),
    E_NA = PointVariable::parameter("E_Na", "mV", 74.0),
    G_KV1 = PointVariable::parameter("g_Kv1", "nS", 2.0),
    G_KV3 = PointVariable::parameter("g_Kv3", "nS", 300.0),
    E_K = PointVariable::parameter("E_K", "mV", -90.0),
    G_SK = PointVariable::parameter("g_SK", "nS", 2.0),
    G_CA = PointVariable::parameter("g_Ca", "nS", 30.0),
    E_CA = PointVariable::parameter("E_Ca", "mV", 80.0),
    V_T = PointVariable::parameter("v_t", "mV", 30.0),
    I_APP = PointVariable::parameter("I_app", "pA", 0.0),
    TAU_AMPA = PointVariable::positive("tau_ampa", "ms", 10.0).of(SYN),
    TAU_GABA = PointVariable::positive("tau_gaba", "ms", 10.0).of(SYN),
    E_AMPA = PointVariable::parameter("E_ampa", "mV", 0.0).of(SYN),
    E_GABA = PointVariable::parameter("E_gaba", "mV", -90.0).of(SYN),
    V = PointVariable::state("v", "mV", -68.0),
    H = PointVariable::state("h", "", 0.0),
    N1 = PointVariable::state("n1", "", 0.0),
    N3 = PointVariable::state("n3", "", 0.0),
    PV_MG = PointVariable::state("PV_Mg", "uM", 0.0),
    PV_CA = PointVariable::state("PV_Ca", "uM", 0.0),
    CA = PointVariable::state("Ca", "uM", 0.0),
    GATE_SK = PointVariable::state("k", "", 0.0),
    I_CA = PointVariable::state("I_Ca", "pA", 0.0),
    G_AMPA = PointVariable::target("g_ampa", "nS").of(SYN),
    G_GABA = PointVariable::target("g_gaba", "nS").of(SYN),
}

struct Bischop<const F: u32>;

/// `x / (exp(x / scale) - 1)`, as it is written.
#[inline(always)]
fn linear_rate<W: Lanes>(x: W, scale: f64) -> W {
    x / (exp(x / c(scale)) - c(1.0))
}

impl<const F: u32> Dynamics for Bischop<F> {
    #[inline(always)]
    unsafe fn step<W: Lanes>(x: &Eight) -> W::Mask {
        // SAFETY: the columns of this family.
        unsafe {
            let get = |column| x.get::<W>(column);
            let k = c::<W>;
            let dt = x.dt::<W>();
            let v = get(V);
            let gate = |column, alpha: W, beta: W| {
                let (sum, old) = (alpha + beta, get(column));
                let new = old + dt * (alpha / sum - old) * sum;
                x.set(column, new);
                new
            };
            let mut synaptic = k(0.0);
            if F & SYN != 0 {
                let ampa = get(G_AMPA) - dt * get(G_AMPA) / get(TAU_AMPA);
                let gaba = get(G_GABA) - dt * get(G_GABA) / get(TAU_GABA);
                x.set(G_AMPA, ampa);
                x.set(G_GABA, gaba);
                synaptic = rectified(v, [ampa, get(E_AMPA)], [gaba, get(E_GABA)]);
            }
            let i_leak = get(G_L) * (v - get(E_L));

            let below = k(-51.25) - v;
            let h = gate(H, k(0.0035) * exp(-v / k(24.186)), k(0.017) * linear_rate(below, 5.2));
            let alpha_m = k(40.0) * linear_rate(k(75.5) - v, 13.5);
            let beta_m = k(1.2262) * exp(-v / k(42.248));
            let m = alpha_m / (alpha_m + beta_m);
            let i_na = get(G_NA) * (m * m * m) * h * (v - get(E_NA));

            let alpha = k(0.014) * linear_rate(k(-44.0) - v, 2.3);
            let n1 = gate(N1, alpha, k(0.0043) * exp((k(44.0) + v) / k(34.0)));
            let n1_squared = n1 * n1;
            let i_kv1 = get(G_KV1) * (n1_squared * n1_squared) * (v - get(E_K));
            let n3 = gate(N3, linear_rate(k(95.0) - v, 11.8), k(0.025) * exp(-v / k(22.222)));
            let i_kv3 = get(G_KV3) * (n3 * n3) * (v - get(E_K));

            // Parvalbumin binds calcium and magnesium; I_Ca is that of the step before.
            let (pv_mg, pv_ca, ca) = (get(PV_MG), get(PV_CA), get(CA));
            let free = k(63.5) - pv_ca - pv_mg;
            x.set(PV_MG, pv_mg + dt * (k(0.0008 * 500.0) * free - k(0.025) * pv_mg));
            let bound = k(0.1) * ca * free - k(0.001) * pv_ca;
            let influx = get(I_CA) / k(2.0 * 96485.332 * 3000.0 * 0.2);
            let ca_after = ca + dt * (influx - (ca - k(0.07)) - bound);
            x.set(PV_CA, pv_ca + dt * bound);
            x.set(CA, ca_after);
            let affinity = k(0.5) + ca_after;
            let sk_before = get(GATE_SK);
            let sk = sk_before + dt * (ca_after / affinity - sk_before) * affinity;
            x.set(GATE_SK, sk);
            let i_sk = get(G_SK) * (sk * sk) * (v - get(E_K));

            let a = k(1.0) / (k(1.0) + exp((k(-6.0) - v) / k(7.775)));
            let i_ca = get(G_CA) * (a * a) * (v - get(E_CA));
            x.set(I_CA, i_ca);

            let ionic = -i_leak - i_na - i_kv1 - i_kv3 - i_sk - i_ca;
            let after = v + dt * (ionic + get(I_APP) + synaptic) / get(CAPACITANCE);
            x.set(V, after);
            W::and(W::lt(get(V_T), after), W::le(v, get(V_T)))
        }
    }
}

pub(super) fn models() -> Vec<PointModel> {
    fn model<const F: u32>(name: &'static str, about: &'static str) -> PointModel {
        PointModel {
            name,
            about,
            columns: COLUMNS,
            features: F | 1,
            defaults: &[],
            kernel: kernel::<Bischop<F>>(),
            n_uniforms: 0,
            noise: &[],
        }
    }
    vec![
        model::<0>("HHneuronBischop", "interneuron with calcium, parvalbumin and SK channels"),
        model::<SYN>("HHneuronBischopSyn", "the same with conductances"),
    ]
}
