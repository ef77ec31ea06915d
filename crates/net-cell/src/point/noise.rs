//! Random numbers of many neurons at once: the same as those of each neuron's own stream.

use net_core::StreamFamily;
use net_core::distribution::NORMAL_QUANTILE;

use crate::simd::{Lanes, log};

/// Uniform random numbers in (0, 1) of one step, `n_draws` for each of the gids: draw `k` of gid `i`
/// stands at `k * stride + i`. Those of a gid are the first of its stream `[gid, step]`.
pub(super) fn fill_uniforms(
    family: &StreamFamily,
    gids: &[u64],
    stride: usize,
    step: u64,
    n_draws: usize,
    out: &mut Vec<f64>,
) {
    let n = gids.len();
    out.clear();
    out.resize(n_draws * stride, 0.5);
    let mut words = [[0_u32; BATCH]; 4];
    for first in (0..n).step_by(BATCH) {
        let own = &gids[first..n.min(first + BATCH)];
        for block in 0..n_draws.div_ceil(2) {
            fill_words(family, own, step, block as u32, &mut words);
            for half in 0..2.min(n_draws - 2 * block) {
                let draw = 2 * block + half;
                let to = &mut out[draw * stride + first..][..own.len()];
                let (low, high) = (&words[2 * half], &words[2 * half + 1]);
                for ((to, &low), &high) in to.iter_mut().zip(low).zip(high) {
                    let bits = u64::from(low) | u64::from(high) << 32;
                    *to = ((bits >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64);
                }
            }
        }
    }
}

/// Gids whose words are drawn together.
pub(super) const BATCH: usize = 64;

/// The four words of block `block` of the streams `[gid, second]` of up to [`BATCH`] gids.
pub(super) fn fill_words(
    family: &StreamFamily,
    gids: &[u64],
    second: u64,
    block: u32,
    words: &mut [[u32; BATCH]; 4],
) {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2")]
    unsafe fn wide(f: &StreamFamily, g: &[u64], s: u64, b: u32, w: &mut [[u32; BATCH]; 4]) {
        f.fill_words(g, s, b, w);
    }
    #[cfg(target_arch = "x86_64")]
    if crate::simd::Isa::current() == crate::simd::Isa::Avx512 {
        // SAFETY: the CPU has these instructions.
        return unsafe { wide(family, gids, second, block, words) };
    }
    family.fill_words(gids, second, block, words);
}

/// The z below which a standard normal lies with probability `p`, to 1e-15 of itself: algorithm
/// AS 241, PPND16 (Wichura, Applied Statistics 37, 1988), all three ranges in every lane.
#[inline(always)]
pub(super) fn normal_quantile<V: Lanes>(p: V) -> V {
    let [central, middle, tail] = &NORMAL_QUANTILE;
    let (half, one) = (V::splat(0.5), V::splat(1.0));
    let q = p - half;
    let r = V::splat(0.180_625) - q * q;
    let centre = q * horner(r, &central[0]) / horner(r, &central[1]);
    if !V::any_lt(V::splat(0.425), q.abs()) {
        return centre;
    }
    let rest = V::select_lt(q, V::splat(0.0), p, one - p);
    let r = (-log(rest)).sqrt();
    let near = r - V::splat(1.6);
    let inner = horner(near, &middle[0]) / horner(near, &middle[1]);
    let far = r - V::splat(5.0);
    let outer = horner(far, &tail[0]) / horner(far, &tail[1]);
    let z = V::select(V::le(r, V::splat(5.0)), inner, outer);
    let z = V::select_lt(q, V::splat(0.0), -z, z);
    V::select_lt(V::splat(0.425), q.abs(), z, centre)
}

#[inline(always)]
fn horner<V: Lanes>(x: V, c: &[f64; 8]) -> V {
    let mut sum = V::splat(c[7]);
    for k in (0..7).rev() {
        sum = sum.mul_add(x, V::splat(c[k]));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Portable;
    use net_core::Purpose;

    #[test]
    fn uniforms_are_those_of_the_streams() {
        let family = StreamFamily::new(3, Purpose::Mechanism, 7);
        let gids: Vec<u64> = (0..100).map(|i| 5 * i + (1 << 40)).collect();
        let mut all = Vec::new();
        fill_uniforms(&family, &gids, 104, 11, 3, &mut all);
        for (i, &gid) in gids.iter().enumerate() {
            let mut stream = family.stream([gid, 11]);
            for draw in 0..3 {
                assert_eq!(all[draw * 104 + i], stream.uniform_open());
            }
        }
    }

    #[test]
    fn normals_are_those_of_the_streams() {
        let family = StreamFamily::new(3, Purpose::Mechanism, 7);
        for gid in 0..2000 {
            let expected = family.stream([gid, 0]).normal();
            let p = Portable::splat(family.stream([gid, 0]).uniform_open());
            let z = normal_quantile(p).to_array()[3];
            assert!((z - expected).abs() < 1e-14 * expected.abs().max(1.0), "{z}, {expected}");
        }
        // Far in the tails, against tables.
        for (p, expected) in [(1e-20, -9.262_340_089_798_408), (0.77, 0.738_846_849_185_213_7)] {
            let z = normal_quantile(Portable::splat(p)).to_array()[0];
            assert!((z - expected).abs() < 1e-13, "{p}: {z}");
        }
    }
}
