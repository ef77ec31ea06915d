//! Tables: of rates, which a mechanism fills itself, and of functions, which its user gives.

use super::KernelArgs;
use crate::simd::{LANES, Lanes};

/// Writes the head of a table of `n` intervals from `low` to `high`; returns where its values go.
///
/// # Safety
/// There must be room for the table.
pub unsafe fn start_table(table: *mut f64, low: f64, high: f64, n: u32) -> *mut f64 {
    // SAFETY: the caller's promise.
    unsafe {
        *table = low;
        *table.add(1) = 1.0 / ((high - low) / f64::from(n));
        table.add(2)
    }
}

/// The value of a table of `n` intervals at `x`: between two entries on the line through them,
/// outside the first or last one, NaN for NaN. The operations are those of NEURON's tables.
///
/// # Safety
/// The table must have been filled.
#[inline(always)]
pub unsafe fn look_up<V: Lanes>(table: *const f64, n: u32, x: V) -> V {
    let (mut values, x) = ([0.0; LANES], x.to_array());
    // SAFETY: the caller's promise; entries are limited to those there are.
    unsafe {
        let (low, per_unit, entries) = (*table, *table.add(1), table.add(2));
        for (value, x) in values.iter_mut().zip(x) {
            let place = per_unit * (x - low);
            let entry = place.max(0.0).min(f64::from(n - 1)).to_int_unchecked::<u32>();
            // 1 at the end of the table and beyond it.
            let rest = (place.max(0.0) - f64::from(entry)).min(1.0);
            let (a, b) = (*entries.add(entry as usize), *entries.add(entry as usize + 1));
            let between = a + rest * (b - a);
            let inside = if rest == 1.0 { b } else { between };
            *value = if place.is_nan() { place } else { inside };
        }
    }
    V::from_array(values)
}

/// Most arguments of a function that its user gives as a table.
pub const MAX_AXES: usize = 4;

/// A function given by its values at the points of a grid.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct FunctionTable {
    /// Number of points on every axis; of axes that the function does not have 1.
    pub sizes: [usize; MAX_AXES],
    /// The points of all axes, one axis after the other, ascending on each.
    pub points: *const f64,
    /// Values at the points, those of the last axis side by side.
    pub values: *const f64,
}

impl FunctionTable {
    /// The value at a point: linear between the points of each axis, outside as at the nearest one,
    /// NaN if a coordinate is NaN.
    ///
    /// # Safety
    /// There must be as many points and values as the sizes say, at least one.
    pub unsafe fn value<const N: usize>(&self, x: [f64; N]) -> f64 {
        // SAFETY: the caller's promise; places are limited to those there are.
        unsafe {
            let mut points = self.points;
            let (mut below, mut parts) = ([0; N], [0.0; N]);
            for axis in 0..N {
                let axis_points = std::slice::from_raw_parts(points, self.sizes[axis]);
                (below[axis], parts[axis]) = place(axis_points, x[axis]);
                points = points.add(self.sizes[axis]);
            }
            let mut corners = [0.0; 1 << MAX_AXES];
            for (corner, value) in corners.iter_mut().enumerate().take(1 << N) {
                let mut at = 0;
                for (axis, (below, size)) in below.iter().zip(self.sizes).enumerate() {
                    let above = corner >> (N - 1 - axis) & 1;
                    at = at * size + (below + above).min(size - 1);
                }
                *value = *self.values.add(at);
            }
            for axis in (0..N).rev() {
                for pair in 0..1 << axis {
                    let (low, high) = (corners[2 * pair], corners[2 * pair + 1]);
                    corners[pair] = low + parts[axis] * (high - low);
                }
            }
            corners[0]
        }
    }
}

/// The interval of ascending points that `x` is in, and which part of it is below `x`.
fn place(points: &[f64], x: f64) -> (usize, f64) {
    let Some(last) = points.len().checked_sub(2) else {
        return (0, if x.is_nan() { x } else { 0.0 });
    };
    let at = points.partition_point(|&point| point <= x).saturating_sub(1).min(last);
    let part = (x - points[at]) / (points[at + 1] - points[at]);
    // NaN stays.
    (at, part.clamp(0.0, 1.0))
}

impl KernelArgs {
    /// Function `k` of those that the user gives, at these arguments.
    ///
    /// # Safety
    /// The function must exist and have `N` arguments.
    #[inline(always)]
    pub unsafe fn function<V: Lanes, const N: usize>(&self, k: usize, arguments: [V; N]) -> V {
        let arguments = arguments.map(V::to_array);
        let mut values = [0.0; LANES];
        for (lane, value) in values.iter_mut().enumerate().take(V::WIDTH) {
            // SAFETY: the caller's promise.
            *value = unsafe { (*self.functions.add(k)).value(arguments.map(|a| a[lane])) };
        }
        V::from_array(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_is_found_again_between_the_points() {
        let (x, y) = ([-1.0, 0.5, 2.0], [10.0, 20.0, 40.0, 50.0]);
        let plane = |x: f64, y: f64| 3.0 * x - 0.5 * y + 2.0;
        let points = [x.as_slice(), &y].concat();
        let values: Vec<f64> = x.iter().flat_map(|&x| y.map(|y| plane(x, y))).collect();
        let (points, values) = (points.as_ptr(), values.as_ptr());
        let table = FunctionTable { sizes: [3, 4, 1, 1], points, values };
        // SAFETY: there are 3 + 4 points and 3 x 4 values.
        let value = |at| unsafe { table.value(at) };
        for at in [[-1.0, 10.0], [0.0, 33.0], [0.5, 20.0], [1.9, 49.0], [2.0, 50.0]] {
            assert!((value(at) - plane(at[0], at[1])).abs() < 1e-12, "{at:?}");
        }
        assert_eq!(value([-7.0, 60.0]), plane(-1.0, 50.0));
        assert!(value([0.0, f64::NAN]).is_nan());
    }

    #[test]
    fn a_single_point_is_a_constant() {
        let (points, values) = ([0.0], [7.5]);
        let table =
            FunctionTable { sizes: [1; 4], points: points.as_ptr(), values: values.as_ptr() };
        // SAFETY: there is one point and one value.
        let value = |x| unsafe { table.value([x]) };
        assert_eq!((value(-3.0), value(9.0)), (7.5, 7.5));
        assert!(value(f64::NAN).is_nan());
    }
}
