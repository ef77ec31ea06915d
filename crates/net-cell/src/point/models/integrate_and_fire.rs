//! Leaky integrate-and-fire neurons with PyNN's names and ANNarchy's equations: exponential Euler,
//! currents or conductances, exponential or alpha.

use super::super::model::{PointModel, PointVariable, columns};
use super::super::step::{Dynamics, Eight, c, kernel};
use crate::simd::{Lanes, exp};

const CURRENT: u32 = 1;
const CONDUCTANCE: u32 = 2;
const ALPHA: u32 = 4;

columns! { COLUMNS:
    V_REST = PointVariable::parameter("v_rest", "mV", -65.0),
    CM = PointVariable::positive("cm", "nF", 1.0),
    TAU_M = PointVariable::positive("tau_m", "ms", 20.0),
    TAU_REFRAC = PointVariable::not_negative("tau_refrac", "ms", 0.0),
    TAU_SYN_E = PointVariable::positive("tau_syn_E", "ms", 5.0),
    TAU_SYN_I = PointVariable::positive("tau_syn_I", "ms", 5.0),
    E_REV_E = PointVariable::parameter("e_rev_E", "mV", 0.0).of(CONDUCTANCE),
    E_REV_I = PointVariable::parameter("e_rev_I", "mV", -70.0).of(CONDUCTANCE),
    V_THRESH = PointVariable::parameter("v_thresh", "mV", -50.0),
    V_RESET = PointVariable::parameter("v_reset", "mV", -65.0),
    I_OFFSET = PointVariable::parameter("i_offset", "nA", 0.0),
    V = PointVariable::state("v", "mV", -65.0),
    G_EXC = PointVariable::target("g_exc", "nA, uS"),
    G_INH = PointVariable::target("g_inh", "nA, uS"),
    ALPHA_EXC = PointVariable::state("alpha_exc", "nA, uS", 0.0).of(ALPHA),
    ALPHA_INH = PointVariable::state("alpha_inh", "nA, uS", 0.0).of(ALPHA),
    REFRACTORY = PointVariable::state("refractory_steps", "", 0.0),
}

/// Exponential and alpha synapses, as all of ANNarchy's neurons have them.
pub(super) struct Synapses<W> {
    /// What acts on the membrane in this step: conductances, or alpha functions, before the step.
    pub(super) exc: W,
    pub(super) inh: W,
}

/// Columns of synapses.
pub(super) struct SynapseColumns {
    pub(super) g: [usize; 2],
    pub(super) tau: [usize; 2],
    /// Of alpha functions, if there are any.
    pub(super) alpha: Option<[usize; 2]>,
}

impl SynapseColumns {
    /// Advances them by exponential Euler; alpha functions rise to the weight of an event. They go
    /// on where neurons are refractory, but for alpha functions.
    #[inline(always)]
    pub(super) unsafe fn advance<W: Lanes>(&self, x: &Eight, held: W::Mask) -> Synapses<W> {
        // SAFETY: the model's columns.
        unsafe {
            let mut acting = [c::<W>(0.0); 2];
            for i in 0..2 {
                let (g, tau) = (x.get::<W>(self.g[i]), x.get::<W>(self.tau[i]));
                acting[i] = g;
                let stays = exp(-x.dt::<W>() / tau);
                x.set(self.g[i], g + (c::<W>(1.0) - stays) * -g);
                if let Some(alpha) = self.alpha {
                    let largest = exp((tau - x.dt::<W>() * c(0.5)) / tau);
                    let old = x.get::<W>(alpha[i]);
                    acting[i] = old;
                    let new = old + (c::<W>(1.0) - stays) * (largest * g - old);
                    x.set_unless(held, alpha[i], new);
                }
            }
            Synapses { exc: acting[0], inh: acting[1] }
        }
    }
}

struct IntegrateAndFire<const F: u32>;

impl<const F: u32> Dynamics for IntegrateAndFire<F> {
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
            let (v, tau_m, cm) = (get(V), get(TAU_M), get(CM));
            let (goal, tau) = if F & CONDUCTANCE != 0 {
                let leak = cm / tau_m;
                let total = leak + exc + inh;
                let drive = leak * get(V_REST) + exc * get(E_REV_E) + inh * get(E_REV_I);
                ((drive + get(I_OFFSET)) / total, cm / total)
            } else {
                let current = exc - inh + get(I_OFFSET);
                (get(V_REST) + current * tau_m / cm, tau_m)
            };
            let v = W::select(held, v, x.relax(v, goal, tau));
            let fires = W::and(W::not(held), W::lt(get(V_THRESH), v));
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
            kernel: kernel::<IntegrateAndFire<F>>(),
            n_uniforms: 0,
            noise: &[],
        }
    }
    vec![
        model::<CURRENT>("IF_curr_exp", "leaky integrate-and-fire, exponential currents"),
        model::<CONDUCTANCE>("IF_cond_exp", "leaky integrate-and-fire, exponential conductances"),
        model::<{ CURRENT | ALPHA }>("IF_curr_alpha", "leaky integrate-and-fire, alpha currents"),
        model::<{ CONDUCTANCE | ALPHA }>(
            "IF_cond_alpha",
            "leaky integrate-and-fire, alpha conductances",
        ),
    ]
}
