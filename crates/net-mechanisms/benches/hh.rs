//! `hh` from its `.mod` file beside kernels written by hand for it: instances a second.
//!
//! `cargo bench -p net-mechanisms --bench hh`. Both work on the same layout; before anything is
//! measured, states and the linear system of both must agree after many steps.

#[macro_use]
extern crate net_kernel;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use net_kernel::kernel::{Access, Column, Kernel, KernelArgs};
use net_kernel::simd::{F8, LANES, Lanes, exp, exp_near_zero, reciprocal3};
use net_kernel::table::{MechanismTable, role};

const GNABAR: usize = 0;
const GKBAR: usize = 1;
const GL: usize = 2;
const EL: usize = 3;
const M: usize = 4;
const H: usize = 5;
const N: usize = 6;
const INA: usize = 7;
const IK: usize = 8;
const IL: usize = 9;
const Q10: usize = 10;

const NA: usize = 0;
const K: usize = 1;

#[inline(always)]
unsafe fn current<V: Lanes, A: Access>(args: &KernelArgs) {
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            let (m, h, n): (V, V, V) = (args.get(M, j), args.get(H, j), args.get(N, j));
            let (ena, ek): (V, V) = (A::ion(args, NA, j), A::ion(args, K, j));
            let (gl, el): (V, V) = (args.get(GL, j), args.get(EL, j));
            let gna = args.get::<V>(GNABAR, j) * (m * m * m * h);
            let n2 = n * n;
            let gk = args.get::<V>(GKBAR, j) * (n2 * n2);
            let weight = args.weight::<V>(j);
            let drive = gna.mul_add(ena, gk.mul_add(ek, gl * el));
            A::add(args, args.diagonal, j, weight * (gna + gk + gl));
            A::add(args, args.rhs, j, weight * drive);
            if args.record {
                let v = A::read::<V>(args, args.v, j);
                args.set(INA, j, gna * (v - ena));
                args.set(IK, j, gk * (v - ek));
                args.set(IL, j, gl * (v - el));
            }
        }
    }
}
mechanism_kernel!(current_kernel = current);

/// Steady states and rates (1/ms at 6.3 degrees) of the three gates.
struct Gates<V> {
    steady: [V; 3],
    rate: [V; 3],
}

/// `x / (exp(x) - 1)` for |x| < [`SERIES_BELOW`]: Bernoulli's series, to 4e-16.
#[inline(always)]
fn exprelr_series<V: Lanes>(x: V) -> V {
    let x2 = x * x;
    let c = |value: f64| V::splat(value);
    let p = c(1.0 / 47_900_160.0).mul_add(x2, c(-1.0 / 1_209_600.0));
    let p = p.mul_add(x2, c(1.0 / 30_240.0));
    let p = p.mul_add(x2, c(-1.0 / 720.0));
    let p = p.mul_add(x2, c(1.0 / 12.0));
    p.mul_add(x2, x.mul_add(c(-0.5), c(1.0)))
}

const SERIES_BELOW: f64 = 0.3;

/// The rates with two exponentials and two divisions.
///
/// All exponentials but that of beta_m are powers of exp(-(v+65)/80) times constants, and the
/// quotients share their divisions; relative error below 1e-14 (measured against quadruple
/// precision, see the tests).
#[inline(always)]
fn gates<V: Lanes>(v: V) -> Gates<V> {
    let c = |value: f64| V::splat(value);
    // Outside of +-400 mV every gate is saturated, and nothing below overflows.
    let v = c(400.0).min(c(-400.0).max(v));
    let shifted = v + c(65.0);
    let e80 = exp(shifted * c(-1.0 / 80.0));
    let e18 = exp(shifted * c(-1.0 / 18.0));
    let e40 = e80 * e80;
    let e20 = e40 * e40;
    let e10 = e20 * e20; // exp(-(v+65)/10)

    let xm = (v + c(40.0)) * c(-0.1);
    let xn = (v + c(55.0)) * c(-0.1);
    let em = e10 * c(12.182_493_960_703_473); // exp(2.5)
    let en = e10 * c(std::f64::consts::E);
    let eh = e10 * c(20.085_536_923_187_668); // exp(3)
    let one = c(1.0);
    let below = c(SERIES_BELOW);
    // Near 0 the denominators are replaced by 1 and the quotients by the series.
    let dm = V::select_lt(xm.abs(), below, one, em - one);
    let dn = V::select_lt(xn.abs(), below, one, en - one);
    let (rm, rn, beta_h) = reciprocal3(dm, dn, eh + one);
    let (mut alpha_m, mut alpha_n) = (xm * rm, xn * rn);
    if V::any_lt(xm.abs().min(xn.abs()), below) {
        alpha_m = V::select_lt(xm.abs(), below, exprelr_series(xm), alpha_m);
        alpha_n = V::select_lt(xn.abs(), below, exprelr_series(xn), alpha_n);
    }
    let alpha_n = c(0.1) * alpha_n;
    let beta_m = c(4.0) * e18;
    let beta_n = c(0.125) * e80;
    let alpha_h = c(0.07) * e20;

    let (sm, sh, sn) = (alpha_m + beta_m, alpha_h + beta_h, alpha_n + beta_n);
    let (tm, th, tn) = reciprocal3(sm, sh, sn);
    Gates { steady: [alpha_m * tm, alpha_h * th, alpha_n * tn], rate: [sm, sh, sn] }
}

#[inline(always)]
unsafe fn state<V: Lanes, A: Access>(args: &KernelArgs) {
    // SAFETY: columns as declared above.
    unsafe {
        for j in 0..args.n_vectors {
            let gates = gates(A::read::<V>(args, args.v, j));
            let minus_dt = V::splat(-args.dt_ms) * args.get(Q10, j);
            for (k, state) in [M, H, N].into_iter().enumerate() {
                let decay = exp_near_zero(minus_dt * gates.rate[k]);
                let x = args.get::<V>(state, j);
                args.set(state, j, (x - gates.steady[k]).mul_add(decay, gates.steady[k]));
            }
        }
    }
}
mechanism_kernel!(state_kernel = state);

/// Kernels, and the names of the columns that they know by index.
struct Candidate {
    name: &'static str,
    columns: Vec<&'static str>,
    current: Kernel,
    state: Kernel,
}

fn by_hand() -> Candidate {
    let columns = ["gnabar", "gkbar", "gl", "el", "m", "h", "n", "ina", "ik", "il", "q10"].to_vec();
    Candidate { name: "by hand", columns, current: current_kernel(), state: state_kernel() }
}

fn compiled() -> Candidate {
    let all = net_mechanisms::sets().iter().flat_map(|set| &set.mechanisms);
    // SAFETY: the tables are part of this program.
    let is_hh = |table: &&MechanismTable| unsafe { table.name.get() } == "hh";
    let table = all.into_iter().find(is_hh).expect("hh is built in");
    // SAFETY: as above.
    let variables = unsafe { table.variables.get() };
    let name = |v: &net_kernel::table::VariableTable| match v.role {
        role::DERIVED => "q10",
        // SAFETY: as above.
        _ => unsafe { v.name.get() },
    };
    Candidate {
        name: "from its .mod file",
        columns: variables.iter().map(name).collect(),
        current: table.current.expect("hh has currents"),
        state: table.state.expect("hh has states"),
    }
}

/// Instances on compartments of their own, as in a block of cells.
struct Membrane {
    arena: Vec<F8>,
    columns: Vec<Column>,
    weight: Column,
    ions: [Column; 4],
    ion_arena: Vec<F8>,
    places: Vec<u32>,
    v: Vec<F8>,
    diagonal: Vec<F8>,
    rhs: Vec<F8>,
}

impl Membrane {
    fn new(names: &[&str], n_vectors: usize) -> Self {
        let at = |j: usize, l: usize| (j * LANES + l) as f64 / (n_vectors * LANES) as f64;
        let varied = |of: &dyn Fn(f64) -> f64| {
            (0..n_vectors).map(|j| F8(std::array::from_fn(|l| of(at(j, l))))).collect::<Vec<F8>>()
        };
        let mut arena = Vec::new();
        let mut columns = Vec::new();
        for name in names {
            let offset = arena.len() * LANES;
            let uniform = |arena: &mut Vec<F8>, value| {
                arena.push(F8::splat(value));
                Column { offset, stride: 0 }
            };
            columns.push(match *name {
                "gnabar" => uniform(&mut arena, 0.12),
                "gkbar" => uniform(&mut arena, 0.036),
                "gl" => uniform(&mut arena, 0.0003),
                "el" => uniform(&mut arena, -54.3),
                "q10" => uniform(&mut arena, 1.0),
                "m" | "h" | "n" => {
                    arena.extend(varied(&|x| 0.1 + 0.8 * x));
                    Column { offset, stride: LANES }
                }
                _ => uniform(&mut arena, 0.0),
            });
        }
        let weight = Column { offset: arena.len() * LANES, stride: LANES };
        arena.extend(varied(&|x| 0.3 + x));
        let uniform = |k: usize| Column { offset: k * LANES, stride: 0 };
        Membrane {
            arena,
            columns,
            weight,
            ions: [uniform(0), uniform(1), uniform(2), uniform(3)],
            ion_arena: vec![F8::splat(50.0), F8::splat(-77.0), F8::ZERO, F8::ZERO],
            places: (0..n_vectors as u32).collect(),
            v: varied(&|x| -90.0 + 130.0 * x),
            diagonal: vec![F8::ZERO; n_vectors],
            rhs: vec![F8::ZERO; n_vectors],
        }
    }

    fn args(&mut self) -> KernelArgs {
        KernelArgs {
            n_vectors: self.places.len(),
            places: self.places.as_ptr(),
            aligned: true,
            record: false,
            arena: self.arena.as_mut_ptr().cast(),
            columns: self.columns.as_ptr(),
            weight: self.weight,
            to_density: self.weight,
            ion_arena: self.ion_arena.as_mut_ptr().cast(),
            ions: self.ions.as_ptr(),
            table: std::ptr::null(),
            v: self.v.as_ptr().cast(),
            diagonal: self.diagonal.as_mut_ptr().cast(),
            rhs: self.rhs.as_mut_ptr().cast(),
            dt_ms: 0.025,
            t_ms: 0.0,
            celsius: 6.3,
            random_key: 0,
            sink: std::ptr::null(),
            trains: std::ptr::null(),
            links: std::ptr::null(),
            functions: std::ptr::null(),
        }
    }

    fn step(&mut self, candidate: &Candidate) {
        let args = self.args();
        // SAFETY: the arguments describe the columns that the candidate knows.
        unsafe {
            (candidate.current)(&args);
            (candidate.state)(&args);
        }
    }
}

/// Largest difference of two results, relative where they are large.
fn difference(a: &[F8], b: &[F8]) -> f64 {
    let pairs = a.iter().flat_map(|a| a.0).zip(b.iter().flat_map(|b| b.0));
    pairs.map(|(a, b)| (a - b).abs() / a.abs().max(1.0)).fold(0.0, f64::max)
}

fn hh(c: &mut Criterion) {
    let candidates = [by_hand(), compiled()];
    let [by_hand, compiled] = candidates.each_ref().map(|candidate| {
        let mut membrane = Membrane::new(&candidate.columns, 64);
        (0..1000).for_each(|_| membrane.step(candidate));
        membrane
    });
    assert!(difference(&by_hand.diagonal, &compiled.diagonal) < 1e-12);
    assert!(difference(&by_hand.rhs, &compiled.rhs) < 1e-12);

    let mut group = c.benchmark_group("hh");
    for n_vectors in [128, 12_500] {
        for candidate in &candidates {
            let mut membrane = Membrane::new(&candidate.columns, n_vectors);
            group.throughput(Throughput::Elements((n_vectors * LANES) as u64));
            let id = BenchmarkId::new(candidate.name, n_vectors * LANES);
            group.bench_function(id, |b| b.iter(|| membrane.step(candidate)));
        }
    }
    group.finish();
}

criterion_group!(benches, hh);
criterion_main!(benches);
