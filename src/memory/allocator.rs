//! The allocator of the program: mimalloc, and the switch for huge pages.
//!
//! Invariant: memory of align 16 or less comes from the plain entry points, which align to 16 from a
//! size of 16 on; `mi_free` takes back what any of them gave.

use std::alloc::{GlobalAlloc, Layout};
#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicBool, Ordering};

use libmimalloc_sys as mimalloc;

/// What `#[global_allocator]` of the program is.
pub struct Allocator;

/// An allocation of more bytes than this is a sign of a program that uses much memory.
const LARGE: usize = 4 << 20;

/// Whether huge pages are still switched off.
#[cfg(target_os = "linux")]
static IS_FRUGAL: AtomicBool = AtomicBool::new(false);

/// Runs before the allocator is used for the first time. Until the program asks for much memory it gets no
/// huge pages: with them, the first small objects would take two megabytes each. (The start of the process
/// is too early for anything but a system call. The first entries of `.init_array` are run in the order of
/// their numbers, the allocator's own among those without.)
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array.00050")]
static BEGIN_FRUGAL: extern "C" fn() = begin_frugal;

#[cfg(target_os = "linux")]
extern "C" fn begin_frugal() {
    // A kernel without the switch only costs memory.
    if nix::sys::prctl::set_thp_disable(true).is_ok() {
        IS_FRUGAL.store(true, Ordering::Relaxed);
    }
}

#[cold]
#[inline(never)]
fn end_frugal() {
    #[cfg(target_os = "linux")]
    if IS_FRUGAL.swap(false, Ordering::Relaxed) {
        let _ = nix::sys::prctl::set_thp_disable(false);
    }
}

/// Whether the plain entry points align enough.
#[inline(always)]
fn is_plain(size: usize, align: usize) -> bool {
    align <= 8 || align <= 16 && size >= 16
}

// SAFETY: mimalloc gives memory of the size and alignment asked for, or null, and is thread-safe.
unsafe impl GlobalAlloc for Allocator {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LARGE {
            end_frugal();
        }
        if is_plain(layout.size(), layout.align()) {
            return unsafe { mimalloc::mi_malloc(layout.size()) }.cast();
        }
        unsafe { mimalloc::mi_malloc_aligned(layout.size(), layout.align()) }.cast()
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LARGE {
            end_frugal();
        }
        unsafe { mimalloc::mi_zalloc_aligned(layout.size(), layout.align()) }.cast()
    }

    #[inline(always)]
    unsafe fn dealloc(&self, place: *mut u8, _: Layout) {
        unsafe { mimalloc::mi_free(place.cast()) }
    }

    #[inline]
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > LARGE {
            end_frugal();
        }
        unsafe { mimalloc::mi_realloc_aligned(place.cast(), size, layout.align()) }.cast()
    }
}
