//! Artificial neurons: sources of random spikes, accumulators, relays.

use super::super::model::{PointModel, PointVariable, columns};
use super::super::step::{Dynamics, Eight, c, kernel};
use crate::simd::Lanes;

const POISSON: u32 = 1;
const UP_DOWN: u32 = 2;
const SINE: u32 = 4;
const INTEGRATOR: u32 = 8;
/// An accumulator that decides.
const DECIDES: u32 = 16;
const RELAY: u32 = 32;

columns! { COLUMNS:
    RATES = PointVariable::not_negative("rates", "Hz", 0.0).of(POISSON | UP_DOWN),
    TAU_UP = PointVariable::positive("tau_up", "ms", 1.0).of(UP_DOWN),
    TAU_DOWN = PointVariable::positive("tau_down", "ms", 1.0).of(UP_DOWN),
    AMPLITUDE = PointVariable::parameter("amplitude", "Hz", 1.0).of(SINE),
    BASE = PointVariable::parameter("base", "Hz", 0.0).of(SINE),
    FREQUENCY = PointVariable::not_negative("frequency", "Hz", 1.0).of(SINE),
    PHASE = PointVariable::parameter("phase", "s", 0.0).of(SINE),
    TAU = PointVariable::positive("tau", "ms", 1.0).of(INTEGRATOR),
    THRESHOLD = PointVariable::parameter("threshold", "", 1.0).of(DECIDES),
    NEURON_ID = PointVariable::parameter("neuron_id", "", 0.0).of(DECIDES),
    P = PointVariable::output("p", "Hz", 0.0).of(POISSON | UP_DOWN | SINE),
    ACT = PointVariable::state("act", "Hz", 0.0).of(UP_DOWN),
    SINE_RATES = PointVariable::output("rates", "Hz", 0.0).of(SINE),
    G_AMPA = PointVariable::target("g_ampa", "").of(INTEGRATOR),
    DECISION = PointVariable::state("decision", "", -1.0).of(DECIDES),
    G_SPIKE = PointVariable::instant("g_spike", "").of(RELAY),
}

struct Artificial<const F: u32>;

impl<const F: u32> Dynamics for Artificial<F> {
    #[inline(always)]
    unsafe fn step<W: Lanes>(x: &Eight) -> W::Mask {
        // SAFETY: the columns of this family.
        unsafe {
            let get = |column| x.get::<W>(column);
            if F & RELAY != 0 {
                return W::lt(c(0.0), get(G_SPIKE));
            }
            if F & INTEGRATOR != 0 {
                let g = get(G_AMPA) - x.dt::<W>() * get(G_AMPA) / get(TAU);
                x.set(G_AMPA, g);
                if F & DECIDES == 0 {
                    return W::lt(g, g);
                }
                let fires = W::le(get(THRESHOLD), g);
                x.set(DECISION, W::select(fires, get(NEURON_ID), get(DECISION)));
                return fires;
            }
            let rate = if F & SINE != 0 {
                let seconds = c::<W>(x.t_ms() / 1000.0) - get(PHASE);
                let angle = c::<W>(std::f64::consts::TAU) * get(FREQUENCY) * seconds;
                let rate = get(AMPLITUDE) * angle.each(libm::sin) + get(BASE);
                x.set(SINE_RATES, rate);
                rate
            } else if F & UP_DOWN != 0 {
                let (act, rates) = (get(ACT), get(RATES));
                let tau = W::select_lt(act, rates, get(TAU_UP), get(TAU_DOWN));
                let after = act + x.dt::<W>() * (rates - act) / tau;
                x.set(ACT, after);
                after
            } else {
                get(RATES)
            };
            let p = x.uniform::<W>(0) * c(1000.0) / x.dt();
            let fires = W::le(p, rate);
            x.set(P, W::select(fires, c(0.0), p));
            fires
        }
    }
}

pub(super) fn models() -> Vec<PointModel> {
    fn model<const F: u32>(name: &'static str, about: &'static str) -> PointModel {
        let is_random = F & (POISSON | UP_DOWN | SINE) != 0;
        PointModel {
            name,
            about,
            columns: COLUMNS,
            features: F,
            defaults: &[],
            kernel: kernel::<Artificial<F>>(),
            n_uniforms: usize::from(is_random),
            noise: &[],
        }
    }
    vec![
        model::<POISSON>("PoissonNeuron", "Poisson spikes of a rate"),
        model::<UP_DOWN>("PoissonNeuronUpDown", "Poisson spikes of a rate that is followed slowly"),
        model::<SINE>("PoissonNeuronSin", "Poisson spikes of a sinusoidal rate"),
        model::<{ INTEGRATOR | DECIDES }>(
            "IntegratorNeuron",
            "decaying sum of events; notes its id when it reaches a threshold",
        ),
        model::<INTEGRATOR>("IntegratorNeuronSimple", "decaying sum of events"),
        model::<RELAY>("parrot_neuron", "fires in the step in which an event arrives"),
    ]
}
