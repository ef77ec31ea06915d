//! Electrodes. Their currents are positive into the cell and no part of the membrane current.
//!
//! Every electrode computes `i` (nA, at the voltage at the start of the step) and its slope `g` (uS),
//! from which the engine knows what was injected in a step.

use super::kernel::{Access, KernelArgs};
use super::{ColumnSpec, Kernels, Mechanism, MechanismKind, Role};
use crate::simd::Lanes;

/// Index of the column `i` of every electrode.
pub(super) const ELECTRODE_I: usize = 0;
/// Index of the column `g` of every electrode.
pub(super) const ELECTRODE_G: usize = 1;

pub(super) const COMPUTED: [ColumnSpec; 2] =
    [ColumnSpec::new("i", "nA", Role::Assigned), ColumnSpec::new("g", "uS", Role::Assigned)];

const AMP: usize = 2;
const DELAY: usize = 3;
const DUR: usize = 4;

/// `IClamp`: `amp` nA while delay <= t < delay + dur, with t in the middle of the step.
pub(super) fn i_clamp() -> Mechanism {
    let mut columns = COMPUTED.to_vec();
    columns.extend([
        ColumnSpec::parameter("amp", "nA", 0.0, f64::MIN),
        ColumnSpec::parameter("delay", "ms", 0.0, f64::MIN),
        ColumnSpec::parameter("dur", "ms", 0.0, 0.0),
    ]);
    electrode("IClamp", columns, i_clamp_kernel())
}

fn electrode(name: &'static str, columns: Vec<ColumnSpec>, current: super::Kernel) -> Mechanism {
    Mechanism {
        name,
        kind: MechanismKind::Electrode,
        columns,
        ions: vec![],
        electrode: Some((ELECTRODE_I, ELECTRODE_G)),
        constant_linear: false,
        linear: false,
        n_weights: 1,
        keeps_weights: false,
        kernels: Kernels {
            init: None,
            current: Some(current),
            state: None,
            net_receive: None,
            net_init: None,
        },
        tables: None,
    }
}

#[inline(always)]
unsafe fn i_clamp_current<V: Lanes, A: Access>(args: &KernelArgs) {
    let t = V::splat(args.t_ms);
    let zero = V::splat(0.0);
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            let (amp, delay, dur): (V, V, V) =
                (args.get(AMP, j), args.get(DELAY, j), args.get(DUR, j));
            let before_end = V::select_lt(t, delay + dur, amp, zero);
            let i = args.weight::<V>(j) * V::select_lt(t, delay, zero, before_end);
            args.set(ELECTRODE_I, j, i);
            A::add(args, args.rhs, j, i);
        }
    }
}
mechanism_kernel!(i_clamp_kernel = i_clamp_current);

const RS: usize = 2;
const DUR1: usize = 3;
const AMP1: usize = 4;
const DUR2: usize = 5;
const AMP2: usize = 6;
const DUR3: usize = 7;
const AMP3: usize = 8;

/// `SEClamp`: single-electrode voltage clamp with three levels, i = (amp - v) / rs.
pub(super) fn se_clamp() -> Mechanism {
    let mut columns = COMPUTED.to_vec();
    columns.extend([
        ColumnSpec::parameter("rs", "MOhm", 1.0, 1e-12),
        ColumnSpec::parameter("dur1", "ms", 0.0, 0.0),
        ColumnSpec::parameter("amp1", "mV", 0.0, f64::MIN),
        ColumnSpec::parameter("dur2", "ms", 0.0, 0.0),
        ColumnSpec::parameter("amp2", "mV", 0.0, f64::MIN),
        ColumnSpec::parameter("dur3", "ms", 0.0, 0.0),
        ColumnSpec::parameter("amp3", "mV", 0.0, f64::MIN),
    ]);
    electrode("SEClamp", columns, se_clamp_kernel())
}

#[inline(always)]
unsafe fn se_clamp_current<V: Lanes, A: Access>(args: &KernelArgs) {
    let t = V::splat(args.t_ms);
    let zero = V::splat(0.0);
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            let end1: V = args.get(DUR1, j);
            let end2 = end1 + args.get(DUR2, j);
            let end3 = end2 + args.get(DUR3, j);
            let level = V::select_lt(t, end2, args.get(AMP2, j), args.get(AMP3, j));
            let level = V::select_lt(t, end1, args.get(AMP1, j), level);
            let closed = args.weight::<V>(j) / args.get(RS, j);
            let g = V::select_lt(t, end3, closed, zero);
            let i = g * (level - A::read::<V>(args, args.v, j));
            args.set(ELECTRODE_I, j, i);
            args.set(ELECTRODE_G, j, g);
            A::add(args, args.diagonal, j, g);
            A::add(args, args.rhs, j, g * level);
        }
    }
}
mechanism_kernel!(se_clamp_kernel = se_clamp_current);
