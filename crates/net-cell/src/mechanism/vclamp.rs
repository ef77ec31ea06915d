//! `VClamp`: two-electrode voltage clamp with a control amplifier of finite gain and speed.
//!
//! One electrode measures the cell's potential, the other injects the current that the control
//! amplifier drives through `rstim`. The circuit has three potentials: `vi`, the output of the
//! measuring amplifier; `e`, the input of the control amplifier; `vo`, its output. With the command
//! potential u and the cell's potential v, Kirchhoff's laws are
//!
//! ```text
//! vi = v + fac (vo - v)                        fac: part of the drop over rstim that is measured too
//! (e + u) + (e - vi) + tau1 d(e - vi)/dt = 0   summing junction with the low-pass filter tau1
//! tau2 dvo/dt + vo = -gain e                   control amplifier
//! i = (vo - v) / rstim
//! ```
//!
//! in mV, ms, MOhm and nA. As in NEURON's mechanism of this name the circuit is integrated by
//! backward Euler together with the membrane: i is linear in v(t+dt) with coefficients known at t, so
//! it enters the linear system of the cell exactly. The slope di/dv is about gain/(2 rstim), which
//! makes the system stiff; with second-order steps the potential would ring around the command, so
//! use the clamp with first-order steps only.
//!
//! The levels are `amp1`, `amp2`, `amp3` (mV) for `dur1`, `dur2`, `dur3` (ms) from t = 0 on;
//! NEURON's arrays `amp[0]`... are `amp1`... here. Afterwards the electrode is disconnected.

use super::clamp::{COMPUTED, ELECTRODE_G, ELECTRODE_I};
use super::kernel::{Access, KernelArgs};
use super::{ColumnSpec, Kernels, Mechanism, MechanismKind, Role};
use crate::simd::Lanes;

const GAIN: usize = 2;
const RSTIM: usize = 3;
const TAU1: usize = 4;
const TAU2: usize = 5;
const FAC: usize = 6;
const DUR1: usize = 7;
const AMP1: usize = 8;
const DUR2: usize = 9;
const AMP2: usize = 10;
const DUR3: usize = 11;
const AMP3: usize = 12;
const E: usize = 13;
const VO: usize = 14;
const VI: usize = 15;
const STIM: usize = 16;

/// The clamp with NEURON's defaults; `i` is recorded at the potential at the end of a step.
pub(super) fn v_clamp() -> Mechanism {
    let mut columns = COMPUTED.to_vec();
    columns.extend([
        ColumnSpec::parameter("gain", "", 1e5, 0.0),
        ColumnSpec::parameter("rstim", "MOhm", 1.0, 1e-9),
        ColumnSpec::parameter("tau1", "ms", 0.001, 0.0),
        ColumnSpec::parameter("tau2", "ms", 0.0, 0.0),
        ColumnSpec::parameter("fac", "", 0.0, 0.0),
        ColumnSpec::parameter("dur1", "ms", 0.0, 0.0),
        ColumnSpec::parameter("amp1", "mV", 0.0, f64::MIN),
        ColumnSpec::parameter("dur2", "ms", 0.0, 0.0),
        ColumnSpec::parameter("amp2", "mV", 0.0, f64::MIN),
        ColumnSpec::parameter("dur3", "ms", 0.0, 0.0),
        ColumnSpec::parameter("amp3", "mV", 0.0, f64::MIN),
        ColumnSpec::new("e", "mV", Role::State),
        ColumnSpec::new("vo", "mV", Role::State),
        ColumnSpec::new("vi", "mV", Role::State),
        ColumnSpec::new("stim", "mV", Role::Assigned),
    ]);
    Mechanism {
        name: "VClamp",
        kind: MechanismKind::Electrode,
        columns,
        ions: vec![],
        electrode: Some((ELECTRODE_I, ELECTRODE_G)),
        constant_linear: false,
        linear: false,
        n_weights: 1,
        keeps_weights: false,
        kernels: Kernels {
            init: Some(init_kernel()),
            current: Some(current_kernel()),
            state: Some(state_kernel()),
            net_receive: None,
            net_init: None,
        },
        tables: None,
    }
}

/// One backward Euler step of the circuit: `vo = (constant - slope v) / divisor`.
struct Step<V> {
    constant: V,
    slope: V,
    divisor: V,
    /// tau1 / dt.
    ratio1: V,
    /// What the filter remembers: `ratio1 (vi - e)` of the last step plus the command.
    driven: V,
}

impl<V: Lanes> Step<V> {
    /// # Safety
    /// Columns as declared above; the vector must exist.
    #[inline(always)]
    unsafe fn new(args: &KernelArgs, j: usize, stim: V) -> Self {
        let one = V::splat(1.0);
        let per_step = V::splat(1.0 / args.dt_ms);
        // SAFETY: the caller's promise.
        unsafe {
            let gain: V = args.get(GAIN, j);
            let fac: V = args.get(FAC, j);
            let ratio1 = args.get::<V>(TAU1, j) * per_step;
            let ratio2 = args.get::<V>(TAU2, j) * per_step;
            let (filter, junction) = (one + ratio1, one + one + ratio1);
            let driven = stim + ratio1 * (args.get::<V>(VI, j) - args.get(E, j));
            Step {
                constant: junction * ratio2 * args.get(VO, j) + gain * driven,
                slope: gain * filter * (one - fac),
                divisor: junction * (one + ratio2) + gain * filter * fac,
                ratio1,
                driven,
            }
        }
    }
}

#[inline(always)]
unsafe fn init<V: Lanes, A: Access>(args: &KernelArgs) {
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            let v = A::read::<V>(args, args.v, j);
            args.set(E, j, V::splat(0.0));
            args.set(VO, j, v);
            args.set(VI, j, v);
        }
    }
}
mechanism_kernel!(init_kernel = init);

#[inline(always)]
unsafe fn current<V: Lanes, A: Access>(args: &KernelArgs) {
    let t = V::splat(args.t_ms);
    let zero = V::splat(0.0);
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            let end1: V = args.get(DUR1, j);
            let end2 = end1 + args.get(DUR2, j);
            let end3 = end2 + args.get(DUR3, j);
            let stim = V::select_lt(t, end2, args.get(AMP2, j), args.get(AMP3, j));
            let stim = V::select_lt(t, end1, args.get(AMP1, j), stim);
            args.set(STIM, j, stim);
            let step = Step::<V>::new(args, j, stim);
            // The clamp still holds when the middle of the step is its very end.
            let closed = args.weight::<V>(j) / (step.divisor * args.get(RSTIM, j));
            let closed = V::select_lt(end3, t, zero, closed);
            let g = closed * (step.slope + step.divisor);
            let at_zero = closed * step.constant;
            args.set(ELECTRODE_I, j, at_zero - g * A::read(args, args.v, j));
            args.set(ELECTRODE_G, j, g);
            A::add(args, args.diagonal, j, g);
            A::add(args, args.rhs, j, at_zero);
        }
    }
}
mechanism_kernel!(current_kernel = current);

#[inline(always)]
unsafe fn state<V: Lanes, A: Access>(args: &KernelArgs) {
    let zero = V::splat(0.0);
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            let v = A::read::<V>(args, args.v, j);
            let step = Step::<V>::new(args, j, args.get(STIM, j));
            let vo = (step.constant - step.slope * v) / step.divisor;
            let vi = v + args.get::<V>(FAC, j) * (vo - v);
            let one = V::splat(1.0);
            let e = ((one + step.ratio1) * vi - step.driven) / (one + one + step.ratio1);
            // Where the slope is 0 the electrode is disconnected.
            let g: V = args.get(ELECTRODE_G, j);
            let i = args.weight::<V>(j) * (vo - v) / args.get(RSTIM, j);
            args.set(ELECTRODE_I, j, V::select_lt(zero, g, i, zero));
            args.set(VO, j, V::select_lt(zero, g, vo, zero));
            args.set(VI, j, V::select_lt(zero, g, vi, v));
            args.set(E, j, V::select_lt(zero, g, e, zero));
        }
    }
}
mechanism_kernel!(state_kernel = state);
