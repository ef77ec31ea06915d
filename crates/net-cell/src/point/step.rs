//! One step of eight neurons: what a model's equations are written with.

use net_kernel::kernel::Column;

#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512, Isa};
use crate::simd::{LANES, Lanes, Portable, exp};

/// How the equations of a block are advanced together.
///
/// Equations that stand alone (gates, conductances) have the method that their model says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Integrator {
    /// `x += dt f(x)`: the default, as ANNarchy's.
    #[default]
    Explicit,
    /// `x += dt f(x + dt/2 f(x))`.
    Midpoint,
    /// The classical method of fourth order.
    RungeKutta4,
    /// Backward Euler, `x += dt f(x)` with the rates at the end of the step, solved by Newton's method.
    /// Of first order, and stable where a step is longer than a time constant; not shorter than
    /// the upstroke of a spike, where the equation has no solution.
    Implicit,
    /// One iteration of Newton's method for that, from the start of the step: exact for linear equations,
    /// also of first order (linearly implicit Euler).
    SemiImplicit,
}

/// Iterations of Newton's method. They converge quadratically from the state before the step, apart from
/// the rounding of the difference quotients.
const NEWTON_ITERATIONS: u32 = 4;
/// Width of a difference quotient of a variable of size 1: the root of the rounding unit.
const DIFFERENCE: f64 = 1.5e-8;

/// For each evaluation of the right-hand side: its weight in the step, and how far along it the next
/// evaluation is, both in steps.
type Stages = &'static [[f64; 2]];

impl Integrator {
    pub(super) fn stages(self) -> Stages {
        match self {
            Integrator::Explicit => &[[1.0, 0.0]],
            Integrator::Midpoint => &[[0.0, 0.5], [1.0, 0.0]],
            Integrator::RungeKutta4 => {
                &[[1.0 / 6.0, 0.5], [1.0 / 3.0, 0.5], [1.0 / 3.0, 1.0], [1.0 / 6.0, 0.0]]
            }
            Integrator::Implicit | Integrator::SemiImplicit => &[],
        }
    }

    /// Iterations of Newton's method; 0 for explicit methods.
    pub(super) fn n_iterations(self) -> u32 {
        match self {
            Integrator::Implicit => NEWTON_ITERATIONS,
            Integrator::SemiImplicit => 1,
            _ => 0,
        }
    }
}

/// What a kernel reads and writes in a step, for some consecutive vectors of a population.
pub(super) struct StepArgs<'a> {
    /// The vectors.
    pub(super) first: usize,
    pub(super) end: usize,
    /// The population's columns.
    pub(super) arena: *mut f64,
    pub(super) columns: *const Column,
    /// Uniform random numbers in (0, 1), `stride` doubles from draw to draw; the first is that of
    /// vector `first`.
    pub(super) uniforms: &'a [f64],
    pub(super) stages: Stages,
    /// Iterations of implicit methods.
    pub(super) n_iterations: u32,
    pub(super) dt_ms: f64,
    /// Time at the start of the step.
    pub(super) t_ms: f64,
    /// Numbers of the neurons that fire, in ascending order.
    pub(super) fired: &'a mut Vec<u32>,
}

/// Advances neurons by a step.
///
/// Safety: the columns are those of the model whose kernel it is, with vectors up to `end`; the CPU
/// has the instruction set it was chosen for.
pub(super) type StepKernel = unsafe fn(&mut StepArgs);

/// The equations of a model.
pub(super) trait Dynamics {
    /// Advances eight neurons; gives those that fire.
    ///
    /// # Safety
    /// As [`StepKernel`].
    unsafe fn step<V: Lanes>(x: &Eight) -> V::Mask;
}

/// Eight neurons that are being advanced.
#[derive(Clone, Copy)]
pub(super) struct Eight<'a, 'b> {
    args: &'a StepArgs<'b>,
    vector: usize,
}

#[inline(always)]
unsafe fn run<V: Lanes, D: Dynamics>(args: &mut StepArgs) {
    for vector in args.first..args.end {
        // SAFETY: the caller's promise.
        let fired = unsafe { D::step::<V>(&Eight { args, vector }) };
        if V::any(fired) {
            let marks = V::select(fired, V::splat(1.0), V::splat(0.0)).to_array();
            for (lane, mark) in marks.into_iter().enumerate() {
                if mark > 0.0 {
                    args.fired.push((vector * LANES + lane) as u32);
                }
            }
        }
    }
}

/// The kernel of a model for this CPU.
pub(super) fn kernel<D: Dynamics>() -> StepKernel {
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
    unsafe fn avx512<D: Dynamics>(args: &mut StepArgs) {
        // SAFETY: the caller's promise.
        unsafe { run::<Avx512, D>(args) }
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma")]
    unsafe fn avx2<D: Dynamics>(args: &mut StepArgs) {
        // SAFETY: the caller's promise.
        unsafe { run::<Avx2, D>(args) }
    }
    unsafe fn portable<D: Dynamics>(args: &mut StepArgs) {
        // SAFETY: the caller's promise.
        unsafe { run::<Portable, D>(args) }
    }
    #[cfg(target_arch = "x86_64")]
    match Isa::current() {
        Isa::Avx512 => return avx512::<D>,
        Isa::Avx2 => return avx2::<D>,
        Isa::Portable => {}
    }
    portable::<D>
}

impl Eight<'_, '_> {
    #[inline(always)]
    unsafe fn at(&self, column: usize) -> *mut f64 {
        // SAFETY: the promise of the kernel's caller.
        unsafe {
            let Column { offset, stride } = *self.args.columns.add(column);
            self.args.arena.add(offset + self.vector * stride)
        }
    }

    /// A variable.
    ///
    /// # Safety
    /// The model has this column.
    #[inline(always)]
    pub(super) unsafe fn get<V: Lanes>(&self, column: usize) -> V {
        // SAFETY: the caller's promise.
        unsafe { V::load(self.at(column)) }
    }

    /// Sets a state or output.
    ///
    /// # Safety
    /// The model has this column.
    #[inline(always)]
    pub(super) unsafe fn set<V: Lanes>(&self, column: usize, value: V) {
        // SAFETY: the caller's promise.
        unsafe { value.store(self.at(column)) }
    }

    /// Sets a state, but where `held` it stays.
    ///
    /// # Safety
    /// The model has this column.
    #[inline(always)]
    pub(super) unsafe fn set_unless<V: Lanes>(&self, held: V::Mask, column: usize, value: V) {
        // SAFETY: the caller's promise.
        unsafe { self.set(column, V::select(held, self.get(column), value)) }
    }

    /// Step in ms.
    #[inline(always)]
    pub(super) fn dt<V: Lanes>(&self) -> V {
        V::splat(self.args.dt_ms)
    }

    /// Time at the start of the step in ms.
    #[inline(always)]
    pub(super) fn t_ms(&self) -> f64 {
        self.args.t_ms
    }

    /// Uniform random numbers of this step in (0, 1).
    #[inline(always)]
    pub(super) fn uniform<V: Lanes>(&self, draw: usize) -> V {
        let Some(n) = self.args.end.checked_sub(self.args.first) else { return V::splat(0.5) };
        let at = (draw * n + self.vector - self.args.first) * LANES;
        match self.args.uniforms.get(at..at + LANES) {
            // SAFETY: the slice has as many doubles.
            Some(own) => unsafe { V::load(own.as_ptr()) },
            // Nobody has noise.
            None => V::splat(0.5),
        }
    }

    /// Whether there are random numbers in this step.
    #[inline(always)]
    pub(super) fn has_noise(&self) -> bool {
        !self.args.uniforms.is_empty()
    }

    /// One step of coupled equations, `rates` being their right-hand sides.
    #[inline(always)]
    pub(super) fn advance<V: Lanes, const N: usize>(
        &self,
        x: [V; N],
        rates: impl Fn([V; N]) -> [V; N],
    ) -> [V; N] {
        if self.args.n_iterations > 0 {
            return self.advance_implicitly(x, rates);
        }
        let dt = self.dt::<V>();
        let (mut at, mut sum) = (x, [V::splat(0.0); N]);
        for &[weight, next] in self.args.stages {
            let rate = rates(at);
            for i in 0..N {
                sum[i] = sum[i] + V::splat(weight) * rate[i];
                at[i] = x[i] + V::splat(next) * dt * rate[i];
            }
        }
        let mut after = x;
        for i in 0..N {
            after[i] = x[i] + dt * sum[i];
        }
        after
    }

    /// `at = x + dt f(at)` by Newton's method from x, with a Jacobian matrix of difference quotients. All
    /// neurons take as many iterations, whoever they are with.
    #[inline(always)]
    fn advance_implicitly<V: Lanes, const N: usize>(
        &self,
        x: [V; N],
        rates: impl Fn([V; N]) -> [V; N],
    ) -> [V; N] {
        let dt = self.dt::<V>();
        let mut at = x;
        for _ in 0..self.args.n_iterations {
            let rate = rates(at);
            let (mut matrix, mut rest) = ([[V::splat(0.0); N]; N], x);
            for column in 0..N {
                let mut beside = at;
                beside[column] = at[column] + c::<V>(DIFFERENCE) * at[column].abs().max(c(1.0));
                let width = beside[column] - at[column];
                let moved = rates(beside);
                for row in 0..N {
                    let unit = c::<V>(if row == column { 1.0 } else { 0.0 });
                    matrix[row][column] = unit - dt * (moved[row] - rate[row]) / width;
                }
                rest[column] = x[column] + dt * rate[column] - at[column];
            }
            let change = solve(matrix, rest);
            for i in 0..N {
                at[i] = at[i] + change[i];
            }
        }
        at
    }

    /// Steps for which neurons are still silent, after a step in which some of them fired.
    #[inline(always)]
    pub(super) fn refractory<V: Lanes>(&self, fires: V::Mask, left: V, silent_ms: V) -> V {
        // 0.3 ms are three steps of 0.1 ms, though their quotient is rounded below 3.
        let silent = (silent_ms / self.dt() + c(1e-9)).floor();
        V::select(fires, silent, (left - c(1.0)).max(c(0.0)))
    }

    /// Exponential Euler of `tau x' = goal - x`: `x + (1 - exp(-dt/tau)) (goal - x)`.
    #[inline(always)]
    pub(super) fn relax<V: Lanes>(&self, x: V, goal: V, tau: V) -> V {
        x + (V::splat(1.0) - exp(-self.dt::<V>() / tau)) * (goal - x)
    }
}

/// Solves a linear system by elimination, in the order of the rows: its matrix is near that of unity.
#[inline(always)]
fn solve<V: Lanes, const N: usize>(mut matrix: [[V; N]; N], mut rest: [V; N]) -> [V; N] {
    for pivot in 0..N {
        let inverse = c::<V>(1.0) / matrix[pivot][pivot];
        for row in pivot + 1..N {
            let factor = matrix[row][pivot] * inverse;
            let above = matrix[pivot];
            for (value, above) in matrix[row].iter_mut().zip(above).skip(pivot + 1) {
                *value = *value - factor * above;
            }
            rest[row] = rest[row] - factor * rest[pivot];
        }
    }
    for row in (0..N).rev() {
        for column in row + 1..N {
            rest[row] = rest[row] - matrix[row][column] * rest[column];
        }
        rest[row] = rest[row] / matrix[row][row];
    }
    rest
}

/// `min(x, 0)`.
#[inline(always)]
pub(super) fn neg<V: Lanes>(x: V) -> V {
    x.min(V::splat(0.0))
}

/// `max(x, 0)`.
#[inline(always)]
pub(super) fn pos<V: Lanes>(x: V) -> V {
    x.max(V::splat(0.0))
}

/// A constant in all lanes.
#[inline(always)]
pub(super) fn c<V: Lanes>(x: f64) -> V {
    V::splat(x)
}
