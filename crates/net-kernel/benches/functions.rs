//! Functions of eight lanes beside those of the standard library: values a second.
//!
//! `cargo bench -p net-kernel --bench functions`

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use net_kernel::isa_kernel;
use net_kernel::simd::{LANES, Lanes, exp, exp_near_zero, exprelr};

type Apply = unsafe fn(&[f64], &mut [f64]);

macro_rules! apply {
    ($name:ident, $body:ident, $function:ident) => {
        #[inline(always)]
        unsafe fn $body<V: Lanes>(x: &[f64], y: &mut [f64]) {
            for (x, y) in x.chunks_exact(LANES).zip(y.chunks_exact_mut(LANES)) {
                // SAFETY: chunks of 8.
                unsafe { $function(V::load(x.as_ptr())).store(y.as_mut_ptr()) }
            }
        }
        isa_kernel!(fn $name = $body as Apply, (x: &[f64], y: &mut [f64]));
    };
}
apply!(exp_kernel, exp_body, exp);
apply!(exp_near_zero_kernel, exp_near_zero_body, exp_near_zero);
apply!(exprelr_kernel, exprelr_body, exprelr);

fn functions(c: &mut Criterion) {
    const N: usize = 1024;
    let wide: Vec<f64> = (0..N).map(|k| k as f64 * 0.05 - 25.0).collect();
    let small: Vec<f64> = (0..N).map(|k| k as f64 * -0.0003).collect();
    let mut y = vec![0.0; N];
    let mut group = c.benchmark_group("functions");
    group.throughput(Throughput::Elements(N as u64));
    group.bench_function("exp, standard library", |b| {
        b.iter(|| y.iter_mut().zip(&wide).for_each(|(y, x)| *y = x.exp()));
    });
    let kernels = [
        ("exp", exp_kernel(), &wide),
        ("exp near zero", exp_near_zero_kernel(), &small),
        ("x / (exp(x) - 1)", exprelr_kernel(), &wide),
    ];
    for (name, kernel, x) in kernels {
        // SAFETY: the kernels were chosen for this CPU.
        group.bench_function(name, |b| b.iter(|| unsafe { kernel(x, &mut y) }));
    }
    group.finish();
}

criterion_group!(benches, functions);
criterion_main!(benches);
