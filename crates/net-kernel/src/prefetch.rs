//! Asking for data before they are needed.

/// Bytes of a cache line.
const CACHE_LINE: usize = 64;

/// Where data are to be when they are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// The one nearest to the core.
    First,
    /// The next one, which is larger, so that what is in use stays in the first.
    Second,
}

/// Asks for the cache line at `place`, which need not be valid: nothing is read, and nothing happens
/// on CPUs without such a hint.
#[inline(always)]
pub fn prefetch<T>(place: *const T, cache: Cache) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
        // SAFETY: a hint; it reads nothing, wherever the address is.
        unsafe {
            match cache {
                Cache::First => _mm_prefetch::<_MM_HINT_T0>(place.cast()),
                Cache::Second => _mm_prefetch::<_MM_HINT_T1>(place.cast()),
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (place, cache);
}

/// Asks for all cache lines of a value.
#[inline(always)]
pub fn prefetch_all<T>(value: &T, cache: Cache) {
    let place = std::ptr::from_ref(value).cast::<u8>();
    for offset in (0..size_of::<T>()).step_by(CACHE_LINE) {
        prefetch(place.wrapping_add(offset), cache);
    }
}
