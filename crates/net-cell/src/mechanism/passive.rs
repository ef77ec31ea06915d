//! `pas`: the passive leak, i = g (v - e).

use super::kernel::{Access, KernelArgs};
use super::{ColumnSpec, Kernels, Mechanism, MechanismKind, Role};
use crate::simd::Lanes;

const G: usize = 0;
const E: usize = 1;
const I: usize = 2;

/// The passive channel with NEURON's defaults.
pub(super) fn pas() -> Mechanism {
    Mechanism {
        name: "pas",
        kind: MechanismKind::Density,
        columns: vec![
            ColumnSpec::parameter("g", "S/cm2", 0.001, 0.0),
            ColumnSpec::parameter("e", "mV", -70.0, f64::MIN),
            ColumnSpec::new("i", "mA/cm2", Role::Output),
        ],
        ions: vec![],
        electrode: None,
        constant_linear: true,
        linear: false,
        n_weights: 1,
        keeps_weights: false,
        kernels: Kernels {
            init: None,
            current: Some(current_kernel()),
            state: None,
            net_receive: None,
            net_init: None,
        },
        tables: None,
    }
}

#[inline(always)]
unsafe fn current<V: Lanes, A: Access>(args: &KernelArgs) {
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            let (g, e): (V, V) = (args.get(G, j), args.get(E, j));
            let conductance = args.weight::<V>(j) * g;
            A::add(args, args.diagonal, j, conductance);
            A::add(args, args.rhs, j, conductance * e);
            if args.record {
                args.set(I, j, g * (A::read::<V>(args, args.v, j) - e));
            }
        }
    }
}
mechanism_kernel!(current_kernel = current);
