//! The family of Izhikevich 2007 (Dynamical Systems in Neuroscience, chapter 8), as in CompNeuroPy.
//!
//! `C v' = k (v - v_r) (v - v_t) - u + I_v`, `u' = a (b (v - v_r) - u)`; at `v >= v_peak`: `v = c`,
//! `u += d`. mV, ms, pF, pA, nS.

use super::super::model::{PointModel, PointVariable, columns};
use super::super::noise::normal_quantile;
use super::super::step::{Dynamics, Eight, c, kernel, pos};
use super::{event, oscillation, rectified, root};
use crate::simd::{Lanes, pow};

/// Conductances.
const SYN: u32 = 1;
const NOISY_AMPA: u32 = 2;
const NOISY_BASE: u32 = 4;
const OSCILLATING: u32 = 8;
/// Recovery with a cubic nullcline, as of fast spiking interneurons.
const FSI: u32 = 16;
/// Slow adaptation as fitted to the interneuron of Corbit et al. 2016.
const CORBIT: u32 = 32;
const RECORDED_CURRENTS: u32 = 64;
const CLAMPED: u32 = 128;
/// The interneuron of Golomb et al. 2007, fitted.
const GOLOMB: u32 = 256;
/// What has no more than the equations above.
const PLAIN: u32 = 512;

columns! { COLUMNS:
    CAPACITANCE = PointVariable::positive("C", "pF", 100.0),
    K = PointVariable::parameter("k", "pA/mV2", 0.7),
    V_R = PointVariable::parameter("v_r", "mV", -60.0),
    V_T = PointVariable::parameter("v_t", "mV", -40.0),
    A = PointVariable::parameter("a", "1/ms", 0.03),
    B = PointVariable::parameter("b", "nS", -2.0),
    C = PointVariable::parameter("c", "mV", -50.0),
    D = PointVariable::parameter("d", "pA", 100.0),
    V_PEAK = PointVariable::parameter("v_peak", "mV", 35.0),
    V_B = PointVariable::parameter("v_b", "mV", -55.0).of(FSI),
    I_APP = PointVariable::parameter("I_app", "pA", 0.0),
    TAU_AMPA = PointVariable::positive("tau_ampa", "ms", 10.0).of(SYN),
    TAU_GABA = PointVariable::positive("tau_gaba", "ms", 10.0).of(SYN),
    E_AMPA = PointVariable::parameter("E_ampa", "mV", 0.0).of(SYN),
    E_GABA = PointVariable::parameter("E_gaba", "mV", -90.0).of(SYN),
    INCREASE_NOISE = PointVariable::parameter("increase_noise", "nS", 0.0).of(NOISY_AMPA),
    RATES_NOISE = PointVariable::not_negative("rates_noise", "Hz", 0.0).of(NOISY_AMPA),
    BASE_MEAN = PointVariable::parameter("base_mean", "pA", 0.0).of(NOISY_BASE),
    BASE_NOISE = PointVariable::parameter("base_noise", "pA", 0.0).of(NOISY_BASE),
    RATE_BASE_NOISE = PointVariable::not_negative("rate_base_noise", "Hz", 0.0).of(NOISY_BASE),
    FREQ = PointVariable::not_negative("freq", "Hz", 0.0).of(OSCILLATING),
    AMP = PointVariable::parameter("amp", "pA", 300.0).of(OSCILLATING),
    A_S = PointVariable::parameter("a_s", "1/ms", 0.1).of(CORBIT | GOLOMB),
    A_N = PointVariable::parameter("a_n", "1/ms", 0.1).of(CORBIT | GOLOMB),
    B_N = PointVariable::parameter("b_n", "", 0.1).of(CORBIT | GOLOMB),
    NONLIN = PointVariable::positive("nonlin", "", 0.1).of(CORBIT),
    A_UU = PointVariable::parameter("a_uu", "1/ms", 0.407_713_217_398_882_2).of(GOLOMB),
    DD = PointVariable::parameter("dd", "nS", 819.021_859_848_178_8).of(GOLOMB),
    A_I = PointVariable::parameter("a_I", "", 223.082_250_164_106_2).of(GOLOMB),
    V = PointVariable::state("v", "mV", 0.0),
    U = PointVariable::state("u", "pA", 0.0),
    G_AMPA = PointVariable::target("g_ampa", "nS").of(SYN),
    G_GABA = PointVariable::target("g_gaba", "nS").of(SYN),
    S = PointVariable::state("s", "pA", 0.0).of(CORBIT | GOLOMB),
    N = PointVariable::state("n", "pA", 0.0).of(CORBIT | GOLOMB),
    UU = PointVariable::state("uu", "nS", 0.0).of(GOLOMB),
    OFFSET_BASE = PointVariable::state("offset_base", "pA", 0.0).of(NOISY_BASE),
    OSC = PointVariable::output("osc", "pA", 0.0).of(OSCILLATING),
    I_V = PointVariable::output("I_v", "pA", 0.0),
    I_U = PointVariable::output("I_u", "pA", 0.0).of(RECORDED_CURRENTS),
    I_K = PointVariable::output("I_k", "pA", 0.0).of(RECORDED_CURRENTS),
    I_A = PointVariable::output("I_a", "pA", 0.0).of(RECORDED_CURRENTS),
    I_INF = PointVariable::output("I_inf", "pA", 0.0).of(CLAMPED),
}

struct Izhikevich<const F: u32>;

impl<const F: u32> Dynamics for Izhikevich<F> {
    #[inline(always)]
    unsafe fn step<W: Lanes>(x: &Eight) -> W::Mask {
        // SAFETY: the columns of this family.
        unsafe {
            let get = |column| x.get::<W>(column);
            let (v, u) = (get(V), get(U));
            let mut base = c(0.0);
            if F & NOISY_BASE != 0 {
                let mut offset = get(OFFSET_BASE);
                if x.has_noise() {
                    let redrawn = event::<W>(x, 1, get(RATE_BASE_NOISE));
                    let drawn = normal_quantile(x.uniform::<W>(2)) * get(BASE_NOISE);
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
            let mut input = get(I_APP);
            if F & SYN != 0 {
                let (g_ampa, g_gaba) = (get(G_AMPA), get(G_GABA));
                let mut rate = -g_ampa / get(TAU_AMPA);
                if F & NOISY_AMPA != 0 && x.has_noise() {
                    let kicked = event::<W>(x, 0, get(RATES_NOISE));
                    rate = rate + W::select(kicked, get(INCREASE_NOISE) / x.dt(), c(0.0));
                }
                let ampa = g_ampa + x.dt::<W>() * rate;
                let gaba = g_gaba - x.dt::<W>() * g_gaba / get(TAU_GABA);
                x.set(G_AMPA, ampa);
                x.set(G_GABA, gaba);
                input = input + rectified(v, [ampa, get(E_AMPA)], [gaba, get(E_GABA)]);
            }
            let i_v = if F & CORBIT != 0 {
                root(input, get(NONLIN)) - get(N) + base
            } else if F & GOLOMB != 0 {
                get(A_I) * (input + base)
            } else {
                input + base
            };
            x.set(I_V, i_v);

            let (k, v_r, v_t, a, b) = (get(K), get(V_R), get(V_T), get(A), get(B));
            // Multiplied out as ANNarchy does it, whose rounding the results then have.
            let quadratic = |v: W| k * v * v - k * v * v_r - k * v * v_t + k * v_r * v_t;
            let recovery = |v: W, u: W| a * (b * (v - v_r) - u);
            let capacitance = get(CAPACITANCE);
            let [v, u] = if F & GOLOMB != 0 {
                let rates = |[v, u, uu, s, n]: [W; 5]| {
                    let adaptation = pos(uu * (v - get(E_GABA))) + pos(n);
                    [
                        (quadratic(v) - u + i_v - adaptation) / capacitance,
                        recovery(v, u),
                        -get(A_UU) * uu,
                        get(A_S) * (i_v - s),
                        get(A_N) * (get(B_N) * (i_v - s) - n),
                    ]
                };
                let [v, u, uu, s, n] = x.advance([v, u, get(UU), get(S), get(N)], rates);
                x.set(UU, uu);
                x.set(S, s);
                x.set(N, n);
                [v, u]
            } else if F & CORBIT != 0 {
                let rates = |[v, u, s, n]: [W; 4]| {
                    let drive = pow(pos(u), c(0.1)) - s;
                    [
                        (quadratic(v) - u + i_v) / capacitance,
                        recovery(v, u),
                        get(A_S) * drive,
                        get(A_N) * (get(B_N) * drive - n),
                    ]
                };
                let [v, u, s, n] = x.advance([v, u, get(S), get(N)], rates);
                x.set(S, s);
                x.set(N, n);
                [v, u]
            } else if F & CLAMPED != 0 {
                let [u] = x.advance([u], |[u]| [recovery(v, u)]);
                [v, u]
            } else if F & FSI != 0 {
                let v_b = get(V_B);
                x.advance([v, u], |[v, u]| {
                    let above = v - v_b;
                    let cubic = a * (b * above * above * above - u);
                    let u_rate = W::select_lt(v, v_b, -a * u, cubic);
                    [(quadratic(v) - u + i_v) / capacitance, u_rate]
                })
            } else {
                x.advance([v, u], |[v, u]| [(quadratic(v) - u + i_v) / capacitance, recovery(v, u)])
            };
            if F & RECORDED_CURRENTS != 0 {
                x.set(I_U, -u);
                x.set(I_K, quadratic(v));
                x.set(I_A, get(I_APP));
            }
            if F & CLAMPED != 0 {
                x.set(I_INF, quadratic(v) - u + i_v);
            }

            let fires = W::le(get(V_PEAK), v);
            x.set(V, W::select(fires, get(C), v));
            x.set(U, W::select(fires, u + get(D), u));
            if F & GOLOMB != 0 {
                x.set(UU, W::select(fires, get(UU) + get(DD), get(UU)));
            }
            fires
        }
    }
}

/// Defaults of the models of fast spiking interneurons.
const FAST_SPIKING: &[(&str, f64)] = &[
    ("C", 20.0),
    ("k", 1.0),
    ("v_r", -55.0),
    ("a", 0.1),
    ("d", 2.0),
    ("v_peak", 25.0),
    ("tau_ampa", 2.0),
    ("tau_gaba", 5.0),
    ("E_gaba", -80.0),
];

const GOLOMB_FIT: &[(&str, f64)] = &[
    ("k", 2.342_202_197_559_084_5),
    ("v_r", -70.0),
    ("v_t", -50.0),
    ("a", 0.407_713_217_398_882_2),
    ("b", 37.027_824_808_742_196),
    ("d", 0.0),
    ("v_peak", 0.0),
    ("a_s", 0.190_871_756_353_424_85),
    ("a_n", 0.008_987_424_013_380_247),
    ("b_n", 2.960_960_014_973_434_4),
];

pub(super) fn models() -> Vec<PointModel> {
    /// Noise in the base current has its own draws behind that of the excitation.
    fn model<const F: u32>(name: &'static str, about: &'static str) -> PointModel {
        let n_uniforms = if F & NOISY_BASE != 0 { 3 } else { usize::from(F & NOISY_AMPA != 0) };
        let noise: &[&str] = match (F & NOISY_AMPA != 0, F & NOISY_BASE != 0) {
            (true, true) => &["rates_noise", "rate_base_noise"],
            (true, false) => &["rates_noise"],
            (false, true) => &["rate_base_noise"],
            (false, false) => &[],
        };
        let defaults = if F & GOLOMB != 0 {
            GOLOMB_FIT
        } else if F & (FSI | CORBIT | OSCILLATING) != 0 {
            FAST_SPIKING
        } else {
            &[]
        };
        let kernel = kernel::<Izhikevich<F>>();
        let columns = COLUMNS;
        PointModel { name, about, columns, features: F, defaults, kernel, n_uniforms, noise }
    }
    const AMPA: u32 = SYN | NOISY_AMPA;
    const BASE: u32 = SYN | NOISY_BASE;
    vec![
        model::<PLAIN>("Izhikevich2007", "Izhikevich 2007"),
        model::<RECORDED_CURRENTS>("Izhikevich2007RecCur", "the same with recordable currents"),
        model::<CLAMPED>("Izhikevich2007VoltageClamp", "the same at a fixed potential"),
        model::<SYN>("Izhikevich2007Syn", "Izhikevich 2007 with conductances"),
        model::<AMPA>("Izhikevich2007NoisyAmpa", "the same with noisy excitation"),
        model::<BASE>("Izhikevich2007NoisyBase", "the same with a noisy base current"),
        model::<{ AMPA | FSI }>("Izhikevich2007FsiNoisyAmpa", "fast spiking interneuron"),
        model::<{ AMPA | CORBIT }>(
            "Izhikevich2007CorbitFsiNoisyAmpa",
            "fast spiking interneuron, fitted to Corbit et al. 2016, noisy excitation",
        ),
        model::<{ BASE | CORBIT }>(
            "Izhikevich2007CorbitFsiNoisyBase",
            "fast spiking interneuron, fitted to Corbit et al. 2016, noisy base current",
        ),
        model::<{ AMPA | OSCILLATING }>(
            "Izhikevich2007NoisyAmpaOscillating",
            "fast spiking interneuron with an oscillating current",
        ),
        model::<{ BASE | GOLOMB }>(
            "IzhikevichGolomb",
            "Izhikevich 2007, fitted to the interneuron of Golomb et al. 2007",
        ),
    ]
}
