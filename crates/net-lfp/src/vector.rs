//! Points and vectors in space.

pub(crate) type Point = [f64; 3];

pub(crate) fn add(a: Point, b: Point) -> Point {
    std::array::from_fn(|axis| a[axis] + b[axis])
}

pub(crate) fn subtract(a: Point, b: Point) -> Point {
    std::array::from_fn(|axis| a[axis] - b[axis])
}

pub(crate) fn scale(a: Point, factor: f64) -> Point {
    a.map(|part| part * factor)
}

pub(crate) fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(crate) fn cross(a: Point, b: Point) -> Point {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(crate) fn norm(a: Point) -> f64 {
    dot(a, a).sqrt()
}

pub(crate) fn middle(a: Point, b: Point) -> Point {
    std::array::from_fn(|axis| 0.5 * (a[axis] + b[axis]))
}

pub(crate) fn is_finite(a: Point) -> bool {
    a.iter().all(|part| part.is_finite())
}
