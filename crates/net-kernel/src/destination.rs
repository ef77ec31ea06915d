//! Where a kernel leaves vectors that others want of its results.

use std::marker::PhantomData;

use crate::simd::{F8, LANES, Lanes};

/// Where one vector after the other is copied, added or averaged, while it is in a register.
///
/// What a kernel computes is out of the nearest cache before someone else comes for it; to store it twice
/// costs the kernel next to nothing.
///
/// ```
/// use net_kernel::destination::Destination;
/// use net_kernel::simd::F8;
/// let x = [F8::splat(2.0)];
/// let (mut sum, mut mean) = ([F8::ZERO], [F8::ZERO]);
/// Destination::copy(&mut sum).put_all(&x);
/// Destination::add(&mut sum).put_all(&x);
/// assert_eq!(sum, [F8::splat(4.0)]);
/// Destination::mean(&mut mean, &sum, 1.0 / 3.0).put_all(&x);
/// assert_eq!(mean, [F8::splat(2.0)]);
/// ```
#[derive(Debug)]
pub struct Destination<'a> {
    n_vectors: usize,
    to: *mut f64,
    /// What is added to; null if vectors are copied.
    sum: *const f64,
    factor: f64,
    borrowed: PhantomData<&'a mut [F8]>,
}

impl<'a> Destination<'a> {
    /// Vectors become these.
    pub fn copy(to: &'a mut [F8]) -> Self {
        let sum = std::ptr::null();
        Self {
            n_vectors: to.len(),
            to: to.as_mut_ptr().cast(),
            sum,
            factor: 1.0,
            borrowed: PhantomData,
        }
    }

    /// Vectors are added to these.
    pub fn add(sums: &'a mut [F8]) -> Self {
        let mut added = Self::copy(sums);
        added.sum = added.to;
        added
    }

    /// Vectors are added to sums, which stay what they are, and the results times a factor become `to`.
    ///
    /// # Panics
    /// If there are not as many sums.
    pub fn mean(to: &'a mut [F8], sums: &'a [F8], factor: f64) -> Self {
        assert_eq!(to.len(), sums.len(), "as many sums as means");
        Self { sum: sums.as_ptr().cast(), factor, ..Self::copy(to) }
    }

    /// How many vectors it has room for.
    pub fn n_vectors(&self) -> usize {
        self.n_vectors
    }

    /// Puts one vector at its place; each once.
    ///
    /// # Safety
    /// The place must be below [`n_vectors`](Self::n_vectors).
    #[inline(always)]
    pub unsafe fn put<V: Lanes>(&self, place: usize, x: V) {
        let at = place * LANES;
        // SAFETY: the caller's promise; the slices were borrowed when this was made.
        unsafe {
            let value = match self.sum.is_null() {
                true => x,
                false => (V::load(self.sum.add(at)) + x) * V::splat(self.factor),
            };
            value.store(self.to.add(at));
        }
    }

    /// Puts all vectors.
    ///
    /// # Panics
    /// If there are not as many as there is room for.
    pub fn put_all(self, vectors: &[F8]) {
        assert_eq!(self.n_vectors, vectors.len(), "as many vectors as there is room for");
        // SAFETY: the number was checked.
        unsafe { put_all_kernel()(&self, vectors) }
    }
}

#[inline(always)]
unsafe fn put_all<V: Lanes>(destination: &Destination<'_>, vectors: &[F8]) {
    for (place, vector) in vectors.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe { destination.put(place, V::load(vector.0.as_ptr())) };
    }
}
isa_kernel!(
    fn put_all_kernel = put_all as unsafe fn(&Destination<'_>, &[F8]),
    (destination: &Destination<'_>, vectors: &[F8])
);
