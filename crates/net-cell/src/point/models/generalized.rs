//! The generalized integrate-and-fire neuron of Mensi et al. 2012 (J. Neurophysiol. 107:1756) and
//! Pozzorini et al. 2015 (PLoS Comput. Biol. 11:e1004275), with PyNN's names.
//!
//! `cm v' = cm/tau_m (v_rest - v) - sum eta_i + I`, spikes by chance at the rate
//! `lambda0 exp((v - v_t_star - sum gamma_i) / delta_v)`; a spike adds `a_eta_i` to the currents
//! `eta_i` and `a_gamma_i` to the shifts of the threshold `gamma_i`, which decay exponentially.
//! All linear equations by exponential Euler.

use super::super::model::{PointModel, PointVariable, columns};
use super::super::step::{Dynamics, Eight, c, kernel};
use super::integrate_and_fire::{SynapseColumns, Synapses};
use crate::simd::{Lanes, exp};

const CURRENT: u32 = 1;
const CONDUCTANCE: u32 = 2;

columns! { COLUMNS:
    V_REST = PointVariable::parameter("v_rest", "mV", -65.0),
    CM = PointVariable::positive("cm", "nF", 1.0),
    TAU_M = PointVariable::positive("tau_m", "ms", 20.0),
    TAU_REFRAC = PointVariable::not_negative("tau_refrac", "ms", 4.0),
    TAU_SYN_E = PointVariable::positive("tau_syn_E", "ms", 5.0),
    TAU_SYN_I = PointVariable::positive("tau_syn_I", "ms", 5.0),
    E_REV_E = PointVariable::parameter("e_rev_E", "mV", 0.0).of(CONDUCTANCE),
    E_REV_I = PointVariable::parameter("e_rev_I", "mV", -70.0).of(CONDUCTANCE),
    V_RESET = PointVariable::parameter("v_reset", "mV", -65.0),
    I_OFFSET = PointVariable::parameter("i_offset", "nA", 0.0),
    DELTA_V = PointVariable::positive("delta_v", "mV", 0.5),
    V_T_STAR = PointVariable::parameter("v_t_star", "mV", -48.0),
    LAMBDA0 = PointVariable::not_negative("lambda0", "Hz", 1.0),
    TAU_ETA1 = PointVariable::positive("tau_eta1", "ms", 1.0),
    TAU_ETA2 = PointVariable::positive("tau_eta2", "ms", 10.0),
    TAU_ETA3 = PointVariable::positive("tau_eta3", "ms", 100.0),
    A_ETA1 = PointVariable::parameter("a_eta1", "nA", 0.1),
    A_ETA2 = PointVariable::parameter("a_eta2", "nA", 0.1),
    A_ETA3 = PointVariable::parameter("a_eta3", "nA", 0.1),
    TAU_GAMMA1 = PointVariable::positive("tau_gamma1", "ms", 1.0),
    TAU_GAMMA2 = PointVariable::positive("tau_gamma2", "ms", 10.0),
    TAU_GAMMA3 = PointVariable::positive("tau_gamma3", "ms", 100.0),
    A_GAMMA1 = PointVariable::parameter("a_gamma1", "mV", 0.1),
    A_GAMMA2 = PointVariable::parameter("a_gamma2", "mV", 0.1),
    A_GAMMA3 = PointVariable::parameter("a_gamma3", "mV", 0.1),
    V = PointVariable::state("v", "mV", -65.0),
    ETA1 = PointVariable::state("eta1", "nA", 0.0),
    ETA2 = PointVariable::state("eta2", "nA", 0.0),
    ETA3 = PointVariable::state("eta3", "nA", 0.0),
    GAMMA1 = PointVariable::state("gamma1", "mV", 0.0),
    GAMMA2 = PointVariable::state("gamma2", "mV", 0.0),
    GAMMA3 = PointVariable::state("gamma3", "mV", 0.0),
    G_EXC = PointVariable::target("g_exc", "nA, uS"),
    G_INH = PointVariable::target("g_inh", "nA, uS"),
    REFRACTORY = PointVariable::state("refractory_steps", "", 0.0),
}

/// State, time constant and increment of the filters.
const FILTERS: [[usize; 3]; 6] = [
    [ETA1, TAU_ETA1, A_ETA1],
    [ETA2, TAU_ETA2, A_ETA2],
    [ETA3, TAU_ETA3, A_ETA3],
    [GAMMA1, TAU_GAMMA1, A_GAMMA1],
    [GAMMA2, TAU_GAMMA2, A_GAMMA2],
    [GAMMA3, TAU_GAMMA3, A_GAMMA3],
];

struct Generalized<const F: u32>;

impl<const F: u32> Dynamics for Generalized<F> {
    #[inline(always)]
    unsafe fn step<W: Lanes>(x: &Eight) -> W::Mask {
        // SAFETY: the columns of this family.
        unsafe {
            let get = |column| x.get::<W>(column);
            let left = get(REFRACTORY);
            let held = W::lt(c(0.0), left);
            let columns =
                SynapseColumns { g: [G_EXC, G_INH], tau: [TAU_SYN_E, TAU_SYN_I], alpha: None };
            let Synapses { exc, inh } = columns.advance::<W>(x, held);
            let (v, cm) = (get(V), get(CM));
            let leak = cm / get(TAU_M);
            let spiked = get(I_OFFSET) - (get(ETA1) + get(ETA2) + get(ETA3));
            let (total, drive) = if F & CONDUCTANCE != 0 {
                let synaptic = exc * get(E_REV_E) + inh * get(E_REV_I);
                (leak + exc + inh, leak * get(V_REST) + synaptic + spiked)
            } else {
                (leak, leak * get(V_REST) + exc - inh + spiked)
            };
            let v = W::select(held, v, x.relax(v, drive / total, cm / total));
            let mut filtered = [c::<W>(0.0); 6];
            for (after, [state, tau, _]) in filtered.iter_mut().zip(FILTERS) {
                *after = x.relax(get(state), c(0.0), get(tau));
            }
            let threshold = get(V_T_STAR) + (filtered[3] + filtered[4] + filtered[5]);
            let rate = get(LAMBDA0) * exp((v - threshold) / get(DELTA_V));
            let survives = exp(-rate * x.dt() / c(1000.0));
            let fires = W::and(W::not(held), W::lt(survives, x.uniform(0)));
            for (after, [state, _, increment]) in filtered.into_iter().zip(FILTERS) {
                x.set(state, W::select(fires, after + get(increment), after));
            }
            x.set(V, W::select(fires, get(V_RESET), v));
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
            features: F,
            defaults: &[],
            kernel: kernel::<Generalized<F>>(),
            n_uniforms: 1,
            noise: &["lambda0"],
        }
    }
    vec![
        model::<CURRENT>("GIF_curr_exp", "generalized integrate-and-fire, exponential currents"),
        model::<CONDUCTANCE>(
            "GIF_cond_exp",
            "generalized integrate-and-fire, exponential conductances",
        ),
    ]
}
