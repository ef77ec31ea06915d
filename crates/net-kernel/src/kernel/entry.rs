//! The functions of kernels, for every instruction set.

/// Defines `fn $name() -> NetReceive` from `$body`, which works on numbers as
/// [`Single`](crate::simd::Single), with and without fused multiply-add; with `on $isa` as it is, in a
/// crate that is compiled for one instruction set.
#[macro_export]
macro_rules! event_kernel {
    ($name:ident = $body:ident on $isa:ident) => {
        fn $name() -> $crate::kernel::NetReceive {
            use $crate::kernel::{KernelArgs, NetEvent};
            unsafe extern "C" fn kernel(args: &KernelArgs, event: &NetEvent) {
                // SAFETY: the caller's promise.
                unsafe { $body(args, event) }
            }
            kernel
        }
    };
    ($name:ident = $body:ident) => {
        fn $name() -> $crate::kernel::NetReceive {
            use $crate::kernel::{KernelArgs, NetEvent};
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe extern "C" fn fused(args: &KernelArgs, event: &NetEvent) {
                // SAFETY: the caller's promise.
                unsafe { $body(args, event) }
            }
            unsafe extern "C" fn portable(args: &KernelArgs, event: &NetEvent) {
                // SAFETY: the caller's promise.
                unsafe { $body(args, event) }
            }
            match $crate::simd::Isa::current() {
                #[cfg(target_arch = "x86_64")]
                $crate::simd::Isa::Avx512 | $crate::simd::Isa::Avx2 => fused,
                _ => portable,
            }
        }
    };
}

/// Defines `fn $name() -> Kernel` from `$body<V: Lanes, A: Access>`, for every instruction set and
/// both ways of access. With `on $isa`, a vector type, only for that, in a crate that is compiled for
/// its instructions as a whole; with `at $access` only with that way of access.
#[macro_export]
macro_rules! mechanism_kernel {
    ($name:ident = $body:ident on $isa:ident) => {
        fn $name() -> $crate::kernel::Kernel {
            use $crate::kernel::{Aligned, KernelArgs, Scattered};
            unsafe extern "C" fn kernel(args: &KernelArgs) {
                // SAFETY: the caller's promise.
                unsafe {
                    if args.aligned {
                        $body::<$isa, Aligned>(args)
                    } else {
                        $body::<$isa, Scattered>(args)
                    }
                }
            }
            kernel
        }
    };
    ($name:ident = $body:ident on $isa:ident at $access:ident) => {
        fn $name() -> $crate::kernel::Kernel {
            unsafe extern "C" fn kernel(args: &$crate::kernel::KernelArgs) {
                // SAFETY: the caller's promise.
                unsafe { $body::<$isa, $crate::kernel::$access>(args) }
            }
            kernel
        }
    };
    ($name:ident = $body:ident at $access:ident) => {
        fn $name() -> $crate::kernel::Kernel {
            use $crate::kernel::{Kernel, KernelArgs};
            #[inline(always)]
            unsafe fn only<V: $crate::simd::Lanes>(args: &KernelArgs) {
                // SAFETY: the caller's promise.
                unsafe { $body::<V, $crate::kernel::$access>(args) }
            }
            $crate::isa_kernel!(extern "C" fn versions = only as Kernel, (args: &KernelArgs));
            versions()
        }
    };
    ($name:ident = $body:ident) => {
        fn $name() -> $crate::kernel::Kernel {
            use $crate::kernel::{Aligned, Kernel, KernelArgs, Scattered};
            #[inline(always)]
            unsafe fn either<V: $crate::simd::Lanes>(args: &KernelArgs) {
                // SAFETY: the caller's promise.
                unsafe {
                    if args.aligned { $body::<V, Aligned>(args) } else { $body::<V, Scattered>(args) }
                }
            }
            $crate::isa_kernel!(extern "C" fn versions = either as Kernel, (args: &KernelArgs));
            versions()
        }
    };
}
