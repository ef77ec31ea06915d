//! The fast spiking interneuron of Corbit et al. 2016 (J. Neurosci. 36:5556), as in CompNeuroPy.
//!
//! Each line is advanced by itself (explicit Euler) when it is reached: currents use new gates and
//! the old potential. A spike is a crossing of `v_t` from below; there is no reset.
//! uF/cm2, mS/cm2, uA/cm2, mV.

use super::super::model::{PointModel, PointVariable, columns};
use super::super::step::{Dynamics, Eight, c, kernel};
use super::rectified;
use crate::simd::{Lanes, exp};

const SYN: u32 = 2;
const CLAMPED: u32 = 4;

columns! { COLUMNS:
    CAPACITANCE = PointVariable::positive("C_m", "uF/cm2", 1.0),
    G_L = PointVariable::parameter("g_L", "mS/cm2", 0.25),
    E_L = PointVariable::parameter("E_L", "mV", -70.0),
    G_NA = PointVariable::parameter("g_Na", "mS/cm2", 112.5),
    E_NA = PointVariable::parameter("E_Na", "mV", 50.0),
    G_KV3 = PointVariable::parameter("g_Kv3", "mS/cm2", 225.0),
    G_KV1 = PointVariable::parameter("g_Kv1", "mS/cm2", 0.39),
    E_K = PointVariable::parameter("E_K", "mV", -90.0),
    V_T = PointVariable::parameter("v_t", "mV", 0.0),
    I_APP = PointVariable::parameter("I_app", "uA/cm2", 0.0),
    TAU_AMPA = PointVariable::positive("tau_ampa", "ms", 10.0).of(SYN),
    TAU_GABA = PointVariable::positive("tau_gaba", "ms", 10.0).of(SYN),
    E_AMPA = PointVariable::parameter("E_ampa", "mV", 0.0).of(SYN),
    E_GABA = PointVariable::parameter("E_gaba", "mV", -90.0).of(SYN),
    V = PointVariable::state("v", "mV", -70.038_105_322_506_34),
    H_NA = PointVariable::state("h_Na", "", 0.852_199_343_234_366_6),
    N_KV3 = PointVariable::state("n_Kv3", "", 2.083_272_685_741_951_2e-4),
    M_KV1 = PointVariable::state("m_Kv1", "", 0.268_566_988_263_048_6),
    H_KV1 = PointVariable::state("h_Kv1", "", 0.501_587_716_426_225_8),
    G_AMPA = PointVariable::target("g_ampa", "mS/cm2").of(SYN),
    G_GABA = PointVariable::target("g_gaba", "mS/cm2").of(SYN),
    I_INF = PointVariable::output("I_inf", "uA/cm2", 0.0).of(CLAMPED),
}

struct Corbit<const F: u32>;

/// `1 / (1 + exp((theta - v) / k))`.
#[inline(always)]
fn sigmoid<W: Lanes>(v: W, theta: f64, k: f64) -> W {
    c::<W>(1.0) / (c::<W>(1.0) + exp((c::<W>(theta) - v) / c(k)))
}

impl<const F: u32> Dynamics for Corbit<F> {
    #[inline(always)]
    unsafe fn step<W: Lanes>(x: &Eight) -> W::Mask {
        // SAFETY: the columns of this family.
        unsafe {
            let get = |column| x.get::<W>(column);
            let k = c::<W>;
            let dt = x.dt::<W>();
            let v = get(V);
            let gate = |column, goal: W, tau: W| {
                let new = get(column) + dt * (goal - get(column)) / tau;
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
            let m = sigmoid(v, -24.0, 11.5);
            let tau_h = k(0.5) + k(14.0) * sigmoid(v, -60.0, -12.0);
            let h = gate(H_NA, sigmoid(v, -58.3, -6.7), tau_h);
            let i_na = get(G_NA) * (m * m * m) * h * (v - get(E_NA));

            let tau_n = (k(0.087) + k(11.4) * sigmoid(v, -14.6, -8.6))
                * (k(0.087) + k(11.4) * sigmoid(v, 1.3, 18.7));
            let n = gate(N_KV3, sigmoid(v, -12.4, 6.8), tau_n);
            let i_kv3 = get(G_KV3) * (n * n) * (v - get(E_K));

            let m_kv1 = gate(M_KV1, sigmoid(v, -50.0, 20.0), k(2.0));
            let h_kv1 = gate(H_KV1, sigmoid(v, -70.0, -6.0), k(150.0));
            let i_kv1 = get(G_KV1) * (m_kv1 * m_kv1 * m_kv1) * h_kv1 * (v - get(E_K));

            let total = -i_leak - i_na - i_kv3 - i_kv1 + get(I_APP) + synaptic;
            if F & CLAMPED != 0 {
                x.set(I_INF, total);
                return W::lt(v, v);
            }
            let after = v + dt * total / get(CAPACITANCE);
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
            kernel: kernel::<Corbit<F>>(),
            n_uniforms: 0,
            noise: &[],
        }
    }
    vec![
        model::<0>("HHneuronCorbit", "fast spiking interneuron with Kv1 and Kv3 channels"),
        model::<SYN>("HHneuronCorbitSyn", "the same with conductances"),
        model::<CLAMPED>("HHneuronCorbitVoltageClamp", "the same at a fixed potential"),
    ]
}
