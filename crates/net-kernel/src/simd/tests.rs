use super::*;

type Apply = unsafe fn(&[f64], &mut [f64]);

unsafe fn apply_exp<V: Lanes>(x: &[f64], y: &mut [f64]) {
    for (x, y) in x.chunks_exact(LANES).zip(y.chunks_exact_mut(LANES)) {
        // SAFETY: chunks of 8.
        unsafe { exp(V::load(x.as_ptr())).store(y.as_mut_ptr()) }
    }
}
unsafe fn apply_exprelr<V: Lanes>(x: &[f64], y: &mut [f64]) {
    for (x, y) in x.chunks_exact(LANES).zip(y.chunks_exact_mut(LANES)) {
        // SAFETY: chunks of 8.
        unsafe { exprelr(V::load(x.as_ptr())).store(y.as_mut_ptr()) }
    }
}
isa_kernel!(fn exp_kernel = apply_exp as Apply, (x: &[f64], y: &mut [f64]));
isa_kernel!(fn exprelr_kernel = apply_exprelr as Apply, (x: &[f64], y: &mut [f64]));

fn grid(low: f64, high: f64, n: usize) -> Vec<f64> {
    (0..n).map(|k| low + (high - low) * (k as f64 + 0.37) / n as f64).collect()
}

fn run(kernel: Apply, x: &[f64]) -> Vec<f64> {
    let mut y = vec![0.0; x.len()];
    // SAFETY: the kernel was chosen for this CPU.
    unsafe { kernel(x, &mut y) };
    y
}

#[test]
fn exp_is_within_two_ulp_of_the_standard_library() {
    for (low, high) in [(-708.0, 709.0), (-40.0, 40.0), (-1.0, 1.0)] {
        let x = grid(low, high, 80_000);
        for (x, y) in x.iter().zip(run(exp_kernel(), &x)) {
            let exact = x.exp();
            assert!((y - exact).abs() <= 2.0 * f64::EPSILON * exact, "exp({x}) = {y}, not {exact}");
        }
    }
}

#[test]
fn exp_limits_its_argument_and_keeps_nan() {
    let y =
        run(exp_kernel(), &[0.0, -1e9, 1e9, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0, -0.0]);
    assert_eq!(y[0], 1.0);
    assert_eq!(y[7], 1.0);
    assert!(y[1] > 0.0 && y[1] < 1e-300 && y[2].is_finite() && y[2] > 1e300);
    assert!(y[3].is_nan());
}

#[test]
fn exprelr_is_accurate_through_zero() {
    let mut x = grid(-30.0, 30.0, 8_000);
    x.extend([0.0, 1e-300, -1e-300, 1e-17, 1e-9, -1e-9, 1e-5, -1e-3]);
    for (x, y) in x.iter().zip(run(exprelr_kernel(), &x)) {
        let exact = if *x == 0.0 { 1.0 } else { x / x.exp_m1() };
        assert!((y - exact).abs() <= 6.0 * f64::EPSILON * exact, "exprelr({x}) = {y}, not {exact}");
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    let x = grid(-200.0, 200.0, 8_000);
    let mut portable = vec![0.0; x.len()];
    // SAFETY: plain Rust.
    unsafe { apply_exprelr::<Portable>(&x, &mut portable) };
    assert_eq!(run(exprelr_kernel(), &x), portable);
    // SAFETY: plain Rust.
    unsafe { apply_exp::<Portable>(&x, &mut portable) };
    assert_eq!(run(exp_kernel(), &x), portable);
}

unsafe fn pairs_body<V: Lanes>(out: &mut [f64]) {
    let a = V::from_array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    let b = a * V::splat(10.0);
    let at: [u32; LANES] = std::array::from_fn(|l| pair_offset((l * 3) % 4, l) as u32);
    // SAFETY: `out` holds four slots of pairs.
    unsafe {
        V::scatter_add_pairs(out.as_mut_ptr(), &at, a, b);
        let (low, high) = V::to_pairs(a, b);
        let (a2, b2) = V::from_pairs(low, high);
        assert_eq!(a2.to_array(), a.to_array());
        assert_eq!(b2.to_array(), b.to_array());
    }
}
isa_kernel!(fn pairs_kernel = pairs_body as unsafe fn(&mut [f64]), (out: &mut [f64]));

#[test]
fn pairs_go_to_their_places() {
    let mut out = vec![0.0; 4 * 2 * LANES];
    // SAFETY: chosen for this CPU.
    unsafe { pairs_kernel()(&mut out) };
    for lane in 0..LANES {
        let at = pair_offset((lane * 3) % 4, lane);
        assert_eq!(out[at..at + 2], [(lane + 1) as f64, 10.0 * (lane + 1) as f64]);
    }
    let mut same = vec![0.0; out.len()];
    // SAFETY: plain Rust.
    unsafe { pairs_body::<Portable>(&mut same) };
    assert_eq!(same, out);
}

fn function<V: Lanes>(k: usize, x: V) -> V {
    match k {
        0 => log(x),
        1 => log10(x),
        2 => pow(x, V::splat(4.8)),
        3 => pow(x, V::splat(-1.3)),
        4 => tanh(x),
        5 => sinh(x),
        6 => cosh(x),
        7 => x.sqrt(),
        _ => x.floor(),
    }
}
type ApplyFunction = unsafe fn(usize, &[f64], &mut [f64]);
unsafe fn apply_function<V: Lanes>(k: usize, x: &[f64], y: &mut [f64]) {
    for (x, y) in x.chunks_exact(LANES).zip(y.chunks_exact_mut(LANES)) {
        // SAFETY: chunks of 8.
        unsafe { function(k, V::load(x.as_ptr())).store(y.as_mut_ptr()) }
    }
}
isa_kernel!(fn function_kernel = apply_function as ApplyFunction, (k: usize, x: &[f64], y: &mut [f64]));

#[test]
fn functions_agree_with_the_standard_library_and_on_every_instruction_set() {
    let standard: [fn(f64) -> f64; 9] = [
        f64::ln,
        f64::log10,
        |x| x.powf(4.8),
        |x| x.powf(-1.3),
        f64::tanh,
        f64::sinh,
        f64::cosh,
        f64::sqrt,
        f64::floor,
    ];
    let ulps = [2.0, 3.0, 3.0, 3.0, 6.0, 6.0, 3.0, 0.0, 0.0];
    for (k, (f, ulps)) in standard.into_iter().zip(ulps).enumerate() {
        for (low, high) in [(1e-9, 1e-3), (0.5, 2.0), (1e-3, 100.0), (100.0, 650.0)] {
            let x = grid(low, high, 8000);
            let mut y = vec![0.0; x.len()];
            // SAFETY: the kernel was chosen for this CPU; the other needs no special one.
            unsafe { function_kernel()(k, &x, &mut y) };
            let mut portable = vec![0.0; x.len()];
            unsafe { apply_function::<Portable>(k, &x, &mut portable) };
            assert_eq!(y, portable, "function {k}");
            for (x, y) in x.iter().zip(&y) {
                assert_eq!(function(k, Single(*x)).0, *y, "function {k} at {x}");
                let exact = f(*x);
                let error = (y - exact).abs();
                assert!(
                    error <= ulps * f64::EPSILON * exact.abs(),
                    "function {k} at {x}: {y}, {exact}"
                );
            }
        }
    }
    assert_eq!(log(Single(0.0)).0, f64::NEG_INFINITY);
    assert!(log(Single(-1.0)).0.is_nan());
    assert_eq!(log(Single(1.0)).0, 0.0);
    assert_eq!(pow(Single(-2.0), Single(3.0)).0, -8.0);
    assert_eq!(pow(Single(0.0), Single(3.0)).0, 0.0);
    assert_eq!(pow(Single(0.0), Single(0.0)).0, 1.0);
    assert_eq!(tanh(Single(-800.0)).0, -1.0);
}
