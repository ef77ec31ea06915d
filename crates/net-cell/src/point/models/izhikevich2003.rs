//! The family of Izhikevich 2003 (IEEE Trans. Neural Netw. 14:1569) with conductances, as in
//! CompNeuroPy, and ANNarchy's own model with instantaneous currents.
//!
//! `v' = n2 v^2 + n1 v + n0 - u + I`, `u' = a (b v - u)`; at `v >= 30`: `v = c`, `u += d`.
//! v in mV, t in ms, currents without unit.

use super::super::model::{PointModel, PointVariable, columns};
use super::super::noise::normal_quantile;
use super::super::step::{Dynamics, Eight, c, kernel};
use super::{event, oscillation, rectified, root};
use crate::simd::Lanes;

/// Coefficients are parameters.
const COEFFICIENTS: u32 = 1;
/// Conductances are advanced before, not together with, v and u.
const SPLIT: u32 = 2;
const NONLINEAR: u32 = 4;
const OSCILLATING: u32 = 8;
const NOISY_BASE: u32 = 16;
const SNR: u32 = 32;
const NOISY_AMPA: u32 = 64;
/// Of CompNeuroPy's models.
const CONDUCTANCES: u32 = 128;
/// ANNarchy's own.
const CURRENTS: u32 = 256;

columns! { COLUMNS:
    A = PointVariable::parameter("a", "1/ms", 0.0),
    B = PointVariable::parameter("b", "", 0.0),
    C = PointVariable::parameter("c", "mV", 0.0),
    D = PointVariable::parameter("d", "", 0.0),
    N2 = PointVariable::parameter("n2", "", 0.0).of(COEFFICIENTS),
    N1 = PointVariable::parameter("n1", "", 0.0).of(COEFFICIENTS),
    N0 = PointVariable::parameter("n0", "", 0.0).of(COEFFICIENTS),
    TAU_AMPA = PointVariable::positive("tau_ampa", "ms", 1.0).of(CONDUCTANCES),
    TAU_GABA = PointVariable::positive("tau_gaba", "ms", 1.0).of(CONDUCTANCES),
    E_AMPA = PointVariable::parameter("E_ampa", "mV", 0.0).of(CONDUCTANCES),
    E_GABA = PointVariable::parameter("E_gaba", "mV", 0.0).of(CONDUCTANCES),
    I_APP = PointVariable::parameter("I_app", "", 0.0).of(CONDUCTANCES),
    INCREASE_NOISE = PointVariable::parameter("increase_noise", "", 0.0).of(NOISY_AMPA),
    RATES_NOISE = PointVariable::not_negative("rates_noise", "Hz", 0.0).of(NOISY_AMPA),
    NONLIN = PointVariable::positive("nonlin", "", 1.0).of(NONLINEAR),
    FREQ = PointVariable::not_negative("freq", "Hz", 0.0).of(OSCILLATING),
    AMP = PointVariable::parameter("amp", "", 6.0).of(OSCILLATING),
    BASE_MEAN = PointVariable::parameter("base_mean", "", 0.0).of(NOISY_BASE),
    BASE_NOISE = PointVariable::parameter("base_noise", "", 0.0).of(NOISY_BASE),
    RATE_BASE_NOISE = PointVariable::not_negative("rate_base_noise", "Hz", 0.0).of(NOISY_BASE),
    I_BASE = PointVariable::parameter("I_base", "", 0.0).of(SNR),
    NOISE = PointVariable::parameter("noise", "", 0.0).of(SNR | CURRENTS),
    RATE_NOISE = PointVariable::not_negative("rate_noise", "Hz", 0.0).of(SNR),
    SNR_TARGET = PointVariable::positive("snr_target", "", 1.0).of(SNR),
    TAU_POWER = PointVariable::positive("tau_power", "ms", 1.0).of(SNR),
    V_THRESH = PointVariable::parameter("v_thresh", "mV", 30.0).of(CURRENTS),
    I_OFFSET = PointVariable::parameter("i_offset", "", 0.0).of(CURRENTS),
    TAU_REFRAC = PointVariable::not_negative("tau_refrac", "ms", 0.0).of(CURRENTS),
    V = PointVariable::state("v", "mV", 0.0),
    U = PointVariable::state("u", "", 0.0),
    G_AMPA = PointVariable::target("g_ampa", "").of(CONDUCTANCES),
    G_GABA = PointVariable::target("g_gaba", "").of(CONDUCTANCES),
    G_EXC = PointVariable::instant("g_exc", "").of(CURRENTS),
    G_INH = PointVariable::instant("g_inh", "").of(CURRENTS),
    OFFSET_BASE = PointVariable::state("offset_base", "", 0.0).of(NOISY_BASE),
    I_NOISE = PointVariable::state("I_noise", "", 0.0).of(SNR),
    POWER = PointVariable::state("power_I_signal", "", 0.0).of(SNR),
    OSC = PointVariable::output("osc", "", 0.0).of(OSCILLATING),
    REFRACTORY = PointVariable::state("refractory_steps", "", 0.0).of(CURRENTS),
    I = PointVariable::output("I", "", 0.0),
}

struct Izhikevich<const F: u32>;

impl<const F: u32> Dynamics for Izhikevich<F> {
    #[inline(always)]
    unsafe fn step<W: Lanes>(x: &Eight) -> W::Mask {
        // SAFETY: the columns of this family.
        unsafe {
            let get = |column| x.get::<W>(column);
            let (v, u, g_ampa, g_gaba) = (get(V), get(U), get(G_AMPA), get(G_GABA));

            let mut ampa_rate = -g_ampa / get(TAU_AMPA);
            if F & NOISY_AMPA != 0 && x.has_noise() {
                let kick = get(INCREASE_NOISE) / x.dt();
                let kicked = event::<W>(x, 0, get(RATES_NOISE));
                ampa_rate = ampa_rate + W::select(kicked, kick, c(0.0));
            }
            let ampa_after = g_ampa + x.dt::<W>() * ampa_rate;
            let gaba_after = g_gaba - x.dt::<W>() * g_gaba / get(TAU_GABA);
            // Simultaneous equations see the conductances before the step, later ones those after.
            let [ampa, gaba] =
                if F & SPLIT != 0 { [ampa_after, gaba_after] } else { [g_ampa, g_gaba] };
            let synaptic = |v| rectified(v, [ampa, get(E_AMPA)], [gaba, get(E_GABA)]);

            let i_app = get(I_APP);
            let mut base = c(0.0);
            if F & NOISY_BASE != 0 {
                let mut offset = get(OFFSET_BASE);
                if x.has_noise() {
                    let redrawn = event::<W>(x, 0, get(RATE_BASE_NOISE));
                    let drawn = normal_quantile(x.uniform::<W>(1)) * get(BASE_NOISE);
                    offset = W::select(redrawn, drawn, offset);
                    x.set(OFFSET_BASE, offset);
                }
                base = get(BASE_MEAN) + offset;
            }
            if F & OSCILLATING != 0 {
                let osc = oscillation(x, get(AMP), get(FREQ));
                x.set(OSC, osc);
                base = osc;
            }
            let mut noise = c(0.0);
            if F & SNR != 0 {
                noise = get(I_NOISE);
                if x.has_noise() {
                    let redrawn = event::<W>(x, 0, get(RATE_NOISE));
                    let drawn = get(NOISE) * normal_quantile(x.uniform::<W>(1));
                    noise = W::select(redrawn, drawn, noise);
                    x.set(I_NOISE, noise);
                }
            }
            let current = |v: W, power: W| {
                let input = i_app + synaptic(v);
                if F & SNR != 0 {
                    get(I_BASE) + input + noise * (power / get(SNR_TARGET)).sqrt()
                } else if F & NONLINEAR != 0 {
                    root(input, get(NONLIN)) + base
                } else {
                    input + base
                }
            };
            let [n2, n1, n0] = if F & COEFFICIENTS != 0 {
                [get(N2), get(N1), get(N0)]
            } else {
                [c(0.04), c(5.0), c(140.0)]
            };
            let (a, b) = (get(A), get(B));
            let membrane = |v: W, u: W, i: W| n2 * v * v + n1 * v + n0 - u + i;
            if F & SPLIT != 0 && F & SNR == 0 {
                // The current is a line of its own, constant during the step.
                let i = current(v, c(0.0));
                // What is kept is the sum of inputs, before the root.
                x.set(I, if F & NONLINEAR != 0 { i_app + synaptic(v) } else { i });
                let [v, u] = x.advance([v, u], |[v, u]| [membrane(v, u, i), a * (b * v - u)]);
                x.set(V, v);
                x.set(U, u);
            } else if F & SNR != 0 {
                let power = get(POWER);
                let signal = get(I_BASE) + synaptic(v) + i_app;
                let i = signal + noise * (power / get(SNR_TARGET)).sqrt();
                x.set(I, i);
                let [v, u, power] = x.advance([v, u, power], |[v, u, power]| {
                    let power_rate = (signal * signal - power) / get(TAU_POWER);
                    [membrane(v, u, i), a * (b * v - u), power_rate]
                });
                x.set(V, W::select_lt(v, c(-100.0), c(-100.0), v.min(c(0.0))));
                x.set(U, u);
                x.set(POWER, power);
            } else {
                let [v, u] = x.advance([v, u], |[v, u]| {
                    [membrane(v, u, current(v, c(0.0))), a * (b * v - u)]
                });
                x.set(I, current(get(V), c(0.0)));
                x.set(V, v);
                x.set(U, u);
            }
            x.set(G_AMPA, ampa_after);
            x.set(G_GABA, gaba_after);

            let threshold = if F & SNR != 0 { c(0.0) } else { c(30.0) };
            let fires = W::le(threshold, get(V));
            x.set(V, W::select(fires, get(C), get(V)));
            x.set(U, W::select(fires, get(U) + get(D), get(U)));
            fires
        }
    }
}

/// ANNarchy's `Izhikevich`: instantaneous currents `g_exc - g_inh`, normal noise in every step.
struct WithCurrents;

impl Dynamics for WithCurrents {
    #[inline(always)]
    unsafe fn step<W: Lanes>(x: &Eight) -> W::Mask {
        // SAFETY: the columns of this family.
        unsafe {
            let get = |column| x.get::<W>(column);
            let mut i = get(G_EXC) - get(G_INH) + get(I_OFFSET);
            if x.has_noise() {
                i = i + get(NOISE) * normal_quantile(x.uniform::<W>(0));
            }
            x.set(I, i);
            let left = get(REFRACTORY);
            let held = W::lt(c(0.0), left);
            let (a, b) = (get(A), get(B));
            let [v, u] = x.advance([get(V), get(U)], |[v, u]| {
                [c::<W>(0.04) * v * v + c::<W>(5.0) * v + c(140.0) - u + i, a * (b * v - u)]
            });
            let v = W::select(held, get(V), v);
            let u = W::select(held, get(U), u);
            let fires = W::and(W::not(held), W::lt(get(V_THRESH), v));
            x.set(REFRACTORY, x.refractory(fires, left, get(TAU_REFRAC)));
            x.set(V, W::select(fires, get(C), v));
            x.set(U, W::select(fires, u + get(D), u));
            fires
        }
    }
}

/// Defaults of `Izhikevich`, an inhibitory neuron.
const ANNARCHY: &[(&str, f64)] =
    &[("a", 0.2), ("b", 0.2), ("c", -65.0), ("d", 2.0), ("v", -65.0), ("u", -13.0)];

pub(super) fn models() -> Vec<PointModel> {
    const BASE: u32 = CONDUCTANCES;
    const GENERAL: u32 = BASE | COEFFICIENTS;
    const AMPA: u32 = GENERAL | NOISY_AMPA;
    const NOISY: u32 = GENERAL | NOISY_BASE | SPLIT;
    let template = PointModel {
        name: "",
        about: "",
        columns: COLUMNS,
        features: 0,
        defaults: &[],
        kernel: kernel::<WithCurrents>(),
        n_uniforms: 0,
        noise: &[],
    };
    let on_ampa = PointModel { n_uniforms: 1, noise: &["rates_noise"], ..template.clone() };
    let on_base = PointModel { n_uniforms: 2, noise: &["rate_base_noise"], ..template.clone() };
    vec![
        PointModel {
            name: "Izhikevich2003FixedNoisyAmpa",
            about: "Izhikevich 2003 with fixed coefficients and noisy excitation",
            features: BASE | NOISY_AMPA,
            kernel: kernel::<Izhikevich<{ BASE | NOISY_AMPA }>>(),
            ..on_ampa.clone()
        },
        PointModel {
            name: "Izhikevich2003NoisyAmpa",
            about: "Izhikevich 2003 with noisy excitation",
            features: AMPA,
            kernel: kernel::<Izhikevich<AMPA>>(),
            ..on_ampa.clone()
        },
        PointModel {
            name: "Izhikevich2003NoisyAmpaNonlin",
            about: "the same, currents through a root",
            features: AMPA | SPLIT | NONLINEAR,
            kernel: kernel::<Izhikevich<{ AMPA | SPLIT | NONLINEAR }>>(),
            ..on_ampa.clone()
        },
        PointModel {
            name: "Izhikevich2003NoisyAmpaOscillating",
            about: "the same with an oscillating current",
            features: AMPA | OSCILLATING,
            kernel: kernel::<Izhikevich<{ AMPA | OSCILLATING }>>(),
            ..on_ampa
        },
        PointModel {
            name: "Izhikevich2003NoisyBase",
            about: "Izhikevich 2003 with a noisy base current",
            features: NOISY,
            kernel: kernel::<Izhikevich<NOISY>>(),
            ..on_base.clone()
        },
        PointModel {
            name: "Izhikevich2003NoisyBaseNonlin",
            about: "the same, currents through a root",
            features: NOISY | NONLINEAR,
            kernel: kernel::<Izhikevich<{ NOISY | NONLINEAR }>>(),
            ..on_base
        },
        PointModel {
            name: "Izhikevich2003NoisyBaseSNR",
            about: "Izhikevich 2003 with noise of a given ratio to the signal",
            features: GENERAL | SNR,
            kernel: kernel::<Izhikevich<{ GENERAL | SNR }>>(),
            n_uniforms: 2,
            noise: &["noise"],
            ..template.clone()
        },
        PointModel {
            name: "Izhikevich",
            about: "Izhikevich 2003 with instantaneous currents, ANNarchy's",
            features: CURRENTS,
            defaults: ANNARCHY,
            kernel: kernel::<WithCurrents>(),
            n_uniforms: 1,
            noise: &["noise"],
            ..template
        },
    ]
}
