//! The models, family by family.

mod adaptive;
mod artificial;
mod bischop;
mod corbit;
mod generalized;
mod integrate_and_fire;
mod izhikevich2003;
mod izhikevich2007;
mod nest;
mod traub;

use super::model::PointModel;
use super::step::{Eight, neg, pos};
use crate::simd::{Lanes, pow};

/// All models.
pub(super) fn all() -> Vec<PointModel> {
    let families = [
        izhikevich2003::models(),
        izhikevich2007::models(),
        bischop::models(),
        corbit::models(),
        traub::models(),
        integrate_and_fire::models(),
        adaptive::models(),
        generalized::models(),
        nest::models(),
        artificial::models(),
    ];
    families.into_iter().flatten().collect()
}

/// `-neg(gA (v - EA)) - pos(gG (v - EG))`: excitation is never outward, inhibition never inward.
#[inline(always)]
fn rectified<V: Lanes>(v: V, [g_ampa, e_ampa]: [V; 2], [g_gaba, e_gaba]: [V; 2]) -> V {
    -neg(g_ampa * (v - e_ampa)) - pos(g_gaba * (v - e_gaba))
}

/// `|x|^(1/y)` with the sign of x, as CompNeuroPy writes it.
#[inline(always)]
fn root<V: Lanes>(x: V, y: V) -> V {
    let tiny = V::splat(1e-20);
    let sign = (x + tiny) / (x.abs() + tiny);
    pow(x.abs(), V::splat(1.0) / y) / sign
}

/// `amplitude sin(2 pi f t)` for a frequency in Hz.
#[inline(always)]
fn oscillation<V: Lanes>(x: &Eight, amplitude: V, frequency_hz: V) -> V {
    let turns = V::splat(x.t_ms() * std::f64::consts::TAU) * (frequency_hz / V::splat(1000.0));
    amplitude * turns.each(libm::sin)
}

/// Where a process of `rate` Hz has an event in this step: `1000 U / dt <= rate`.
#[inline(always)]
fn event<V: Lanes>(x: &Eight, draw: usize, rate_hz: V) -> V::Mask {
    V::le(x.uniform::<V>(draw) * V::splat(1000.0) / x.dt(), rate_hz)
}
