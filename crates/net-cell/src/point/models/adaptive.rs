//! The adaptive exponential integrate-and-fire neuron of Brette and Gerstner 2005 (J. Neurophysiol.
//! 94:3637) with PyNN's names and ANNarchy's equations: explicit Euler, exponential for conductances.
//!
//! `tau_m v' = v_rest - v + delta_T exp((v - v_thresh) / delta_T) + tau_m / cm (I - w)`,
//! `tau_w w' = a (v - v_rest) / 1000 - w`; at `v > v_spike`: `v = v_reset`, `w += b`.

use super::super::model::{PointModel, PointVariable, columns};
use super::super::step::{Dynamics, Eight, c, kernel};
use super::integrate_and_fire::{SynapseColumns, Synapses};
use crate::simd::{Lanes, exp};

const ALPHA: u32 = 2;

columns! { COLUMNS:
    V_REST = PointVariable::parameter("v_rest", "mV", -70.6),
    CM = PointVariable::positive("cm", "nF", 0.281),
    TAU_M = PointVariable::positive("tau_m", "ms", 9.3667),
    TAU_REFRAC = PointVariable::not_negative("tau_refrac", "ms", 0.1),
    TAU_SYN_E = PointVariable::positive("tau_syn_E", "ms", 5.0),
    TAU_SYN_I = PointVariable::positive("tau_syn_I", "ms", 5.0),
    E_REV_E = PointVariable::parameter("e_rev_E", "mV", 0.0),
    E_REV_I = PointVariable::parameter("e_rev_I", "mV", -80.0),
    TAU_W = PointVariable::positive("tau_w", "ms", 144.0),
    A = PointVariable::parameter("a", "nS", 4.0),
    B = PointVariable::parameter("b", "nA", 0.0805),
    I_OFFSET = PointVariable::parameter("i_offset", "nA", 0.0),
    DELTA_T = PointVariable::positive("delta_T", "mV", 2.0),
    V_THRESH = PointVariable::parameter("v_thresh", "mV", -50.4),
    V_RESET = PointVariable::parameter("v_reset", "mV", -70.6),
    V_SPIKE = PointVariable::parameter("v_spike", "mV", -40.0),
    V = PointVariable::state("v", "mV", -70.6),
    ADAPTATION = PointVariable::state("w", "nA", 0.0),
    G_EXC = PointVariable::target("g_exc", "uS"),
    G_INH = PointVariable::target("g_inh", "uS"),
    ALPHA_EXC = PointVariable::state("alpha_exc", "uS", 0.0).of(ALPHA),
    ALPHA_INH = PointVariable::state("alpha_inh", "uS", 0.0).of(ALPHA),
    I = PointVariable::output("I", "nA", 0.0),
    REFRACTORY = PointVariable::state("refractory_steps", "", 0.0),
}

struct Adaptive<const F: u32>;

impl<const F: u32> Dynamics for Adaptive<F> {
    #[inline(always)]
    unsafe fn step<W: Lanes>(x: &Eight) -> W::Mask {
        // SAFETY: the columns of this family.
        unsafe {
            let get = |column| x.get::<W>(column);
            let left = get(REFRACTORY);
            let held = W::lt(c(0.0), left);
            let columns = SynapseColumns {
                g: [G_EXC, G_INH],
                tau: [TAU_SYN_E, TAU_SYN_I],
                alpha: if F & ALPHA != 0 { Some([ALPHA_EXC, ALPHA_INH]) } else { None },
            };
            let Synapses { exc, inh } = columns.advance::<W>(x, held);
            let (v, w) = (get(V), get(ADAPTATION));
            // The current is a line of its own, constant during the step.
            let i = exc * (get(E_REV_E) - v) + inh * (get(E_REV_I) - v) + get(I_OFFSET);
            x.set_unless(held, I, i);
            let (v_rest, delta, v_thresh) = (get(V_REST), get(DELTA_T), get(V_THRESH));
            let (tau_m, cm, tau_w, a) = (get(TAU_M), get(CM), get(TAU_W), get(A));
            let [v_after, w_after] = x.advance([v, w], |[v, w]| {
                let upstroke = delta * exp((v - v_thresh) / delta);
                [
                    (v_rest - v + upstroke + tau_m / cm * (i - w)) / tau_m,
                    (a * (v - v_rest) / c(1000.0) - w) / tau_w,
                ]
            });
            let (v, w) = (W::select(held, v, v_after), W::select(held, w, w_after));
            let fires = W::and(W::not(held), W::lt(get(V_SPIKE), v));
            x.set(V, W::select(fires, get(V_RESET), v));
            x.set(ADAPTATION, W::select(fires, w + get(B), w));
            x.set(REFRACTORY, x.refractory(fires, left, get(TAU_REFRAC)));
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
            features: F | 1,
            defaults: &[],
            kernel: kernel::<Adaptive<F>>(),
            n_uniforms: 0,
            noise: &[],
        }
    }
    vec![
        model::<0>("EIF_cond_exp_isfa_ista", "AdEx, exponential conductances"),
        model::<ALPHA>("EIF_cond_alpha_isfa_ista", "AdEx, alpha conductances"),
    ]
}
