//! Synapses with exponential time courses.

use super::kernel::{Access, Kernel, KernelArgs, NetEvent};
use super::{ColumnSpec, Kernels, Mechanism, MechanismKind, Role};
use crate::simd::{LANES, Lanes, exp};

/// Smallest time constant in ms that is allowed.
const TAU_MIN_MS: f64 = 1e-9;

/// `ExpSyn`: conductance g jumps by the weight (uS) and decays with `tau`; i = g (v - e).
pub(super) fn exp_syn() -> Mechanism {
    Mechanism {
        name: "ExpSyn",
        kind: MechanismKind::Point,
        columns: vec![
            ColumnSpec::parameter("tau", "ms", 0.1, TAU_MIN_MS),
            ColumnSpec::new("g", "uS", Role::State),
            ColumnSpec::new("i", "nA", Role::Output),
            ColumnSpec::new("decay", "", Role::Derived { depends_on: &[TAU as u32] }),
            ColumnSpec::parameter("e", "mV", 0.0, f64::MIN),
        ],
        ions: vec![],
        electrode: None,
        constant_linear: false,
        linear: true,
        n_weights: 1,
        keeps_weights: false,
        kernels: Kernels {
            init: Some(exp_init_kernel()),
            current: Some(exp_current_kernel()),
            state: Some(exp_state_kernel()),
            net_receive: Some(exp_receive),
            net_init: None,
        },
        tables: None,
    }
}

/// `ExpSynI`: a current that jumps by the weight (nA, depolarizing when positive) and decays
/// with `tau`; as a membrane current i = -g.
pub(super) fn exp_syn_i() -> Mechanism {
    Mechanism {
        name: "ExpSynI",
        kind: MechanismKind::Point,
        columns: vec![
            ColumnSpec::parameter("tau", "ms", 0.1, TAU_MIN_MS),
            ColumnSpec::new("g", "nA", Role::State),
            ColumnSpec::new("i", "nA", Role::Output),
            ColumnSpec::new("decay", "", Role::Derived { depends_on: &[TAU as u32] }),
        ],
        kernels: Kernels {
            init: Some(exp_init_kernel()),
            current: Some(exp_i_current_kernel()),
            state: Some(exp_state_kernel()),
            net_receive: Some(exp_receive),
            net_init: None,
        },
        ..exp_syn()
    }
}

const TAU: usize = 0;
const G: usize = 1;
const I: usize = 2;
const DECAY: usize = 3;
const E: usize = 4;

#[inline(always)]
unsafe fn exp_init<V: Lanes>(args: &KernelArgs) {
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            args.set(DECAY, j, exp(V::splat(-args.dt_ms) / args.get(TAU, j)));
            args.set(G, j, V::splat(0.0));
        }
    }
}
isa_kernel!(extern "C" fn exp_init_kernel = exp_init as Kernel, (args: &KernelArgs));

#[inline(always)]
unsafe fn exp_current<V: Lanes, A: Access>(args: &KernelArgs) {
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            let (e, g): (V, V) = (args.get(E, j), args.get(G, j));
            add_conductance::<V, A>(args, j, g, e, I);
        }
    }
}
mechanism_kernel!(exp_current_kernel = exp_current);

#[inline(always)]
unsafe fn exp_i_current<V: Lanes, A: Access>(args: &KernelArgs) {
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            let g: V = args.get(G, j);
            A::add(args, args.rhs, j, args.weight::<V>(j) * g);
            if args.record {
                args.set(I, j, -g);
            }
        }
    }
}
mechanism_kernel!(exp_i_current_kernel = exp_i_current);

#[inline(always)]
unsafe fn exp_state<V: Lanes>(args: &KernelArgs) {
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            args.set(G, j, args.get::<V>(G, j) * args.get(DECAY, j));
        }
    }
}
isa_kernel!(extern "C" fn exp_state_kernel = exp_state as Kernel, (args: &KernelArgs));

unsafe extern "C" fn exp_receive(args: &KernelArgs, event: &NetEvent) {
    // SAFETY: states have a value for every instance.
    unsafe { *args.at_event(G, event) += *event.weights }
}

/// Adds `g (v - e)` (uS, mV) of vector `j` to the linear system and records it as `i`.
#[inline(always)]
unsafe fn add_conductance<V: Lanes, A: Access>(args: &KernelArgs, j: usize, g: V, e: V, i: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let conductance = args.weight::<V>(j) * g;
        A::add(args, args.diagonal, j, conductance);
        A::add(args, args.rhs, j, conductance * e);
        if args.record {
            args.set(i, j, g * (A::read::<V>(args, args.v, j) - e));
        }
    }
}

const TAU1: usize = 0;
const TAU2: usize = 1;
const E2: usize = 2;
const RISE: usize = 3;
const FALL: usize = 4;
const I2: usize = 5;
const FACTOR: usize = 6;
const DECAY1: usize = 7;
const DECAY2: usize = 8;
const G2: usize = 9;

/// `Exp2Syn`: g = B - A, both jump by weight times a factor that makes the peak of one event the
/// weight (uS), and decay with `tau1` (A) and `tau2` (B); i = g (v - e).
///
/// As in NEURON, `tau1` is limited to 0.9999 `tau2`.
pub(super) fn exp2_syn() -> Mechanism {
    Mechanism {
        name: "Exp2Syn",
        kind: MechanismKind::Point,
        columns: vec![
            ColumnSpec::parameter("tau1", "ms", 0.1, TAU_MIN_MS),
            ColumnSpec::parameter("tau2", "ms", 10.0, TAU_MIN_MS),
            ColumnSpec::parameter("e", "mV", 0.0, f64::MIN),
            ColumnSpec::new("A", "uS", Role::State),
            ColumnSpec::new("B", "uS", Role::State),
            ColumnSpec::new("i", "nA", Role::Output),
            ColumnSpec::new(
                "factor",
                "",
                Role::Derived { depends_on: &[TAU1 as u32, TAU2 as u32] },
            ),
            ColumnSpec::new(
                "decay1",
                "",
                Role::Derived { depends_on: &[TAU1 as u32, TAU2 as u32] },
            ),
            ColumnSpec::new("decay2", "", Role::Derived { depends_on: &[TAU2 as u32] }),
            ColumnSpec::new("g", "uS", Role::Output),
        ],
        ions: vec![],
        electrode: None,
        constant_linear: false,
        linear: true,
        n_weights: 1,
        keeps_weights: false,
        kernels: Kernels {
            init: Some(exp2_init_kernel()),
            current: Some(exp2_current_kernel()),
            state: Some(exp2_state_kernel()),
            net_receive: Some(exp2_receive),
            net_init: None,
        },
        tables: None,
    }
}

#[inline(always)]
unsafe fn exp2_init<V: Lanes>(args: &KernelArgs) {
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            let (tau1, tau2) =
                (args.get::<V>(TAU1, j).to_array(), args.get::<V>(TAU2, j).to_array());
            let factor: [f64; LANES] = std::array::from_fn(|l| peak_factor(tau1[l], tau2[l]));
            let tau1: [f64; LANES] = std::array::from_fn(|l| limited_rise(tau1[l], tau2[l]));
            args.set(FACTOR, j, V::from_array(factor));
            args.set(DECAY1, j, exp(V::splat(-args.dt_ms) / V::from_array(tau1)));
            args.set(DECAY2, j, exp(V::splat(-args.dt_ms) / V::from_array(tau2)));
            args.set(RISE, j, V::splat(0.0));
            args.set(FALL, j, V::splat(0.0));
        }
    }
}
isa_kernel!(extern "C" fn exp2_init_kernel = exp2_init as Kernel, (args: &KernelArgs));

/// The rise time used: equal time constants have no difference of exponentials.
fn limited_rise(tau1: f64, tau2: f64) -> f64 {
    if tau1 / tau2 > 0.9999 { 0.9999 * tau2 } else { tau1 }
}

/// What makes the peak of `exp(-t/tau2) - exp(-t/tau1)` one.
fn peak_factor(tau1: f64, tau2: f64) -> f64 {
    let tau1 = limited_rise(tau1, tau2);
    let peak = tau1 * tau2 / (tau2 - tau1) * (tau2 / tau1).ln();
    1.0 / ((-peak / tau2).exp() - (-peak / tau1).exp())
}

#[inline(always)]
unsafe fn exp2_current<V: Lanes, A: Access>(args: &KernelArgs) {
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            let g = args.get::<V>(FALL, j) - args.get(RISE, j);
            add_conductance::<V, A>(args, j, g, args.get(E2, j), I2);
            if args.record {
                args.set(G2, j, g);
            }
        }
    }
}
mechanism_kernel!(exp2_current_kernel = exp2_current);

#[inline(always)]
unsafe fn exp2_state<V: Lanes>(args: &KernelArgs) {
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            args.set(RISE, j, args.get::<V>(RISE, j) * args.get(DECAY1, j));
            args.set(FALL, j, args.get::<V>(FALL, j) * args.get(DECAY2, j));
        }
    }
}
isa_kernel!(extern "C" fn exp2_state_kernel = exp2_state as Kernel, (args: &KernelArgs));

unsafe extern "C" fn exp2_receive(args: &KernelArgs, event: &NetEvent) {
    // SAFETY: states have a value for every instance; the factor may be uniform.
    unsafe {
        let jump = *event.weights * *args.at_event(FACTOR, event);
        *args.at_event(RISE, event) += jump;
        *args.at_event(FALL, event) += jump;
    }
}
