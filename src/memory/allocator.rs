//! The allocator of the program: mimalloc, the switch for huge pages, and a reserve.
//!
//! Much of what a program asks for is small and cannot fail in a way that Rust can handle. So that it does not end
//! without a word when there is no more memory, some is kept back: it is given up when a small allocation
//! fails, and the machine is told to raise MemoryError at its next safe point.
//!
//! Invariant: memory of align 16 or less comes from the plain entry points, which align to 16 from a
//! size of 16 on; `mi_free` takes back what any of them gave.

use std::alloc::{GlobalAlloc, Layout};
use std::ffi::c_void;
use std::ptr;
#[cfg(target_os = "linux")]
use std::sync::atomic::AtomicBool;
use std::sync::atomic::{AtomicPtr, Ordering};

use libmimalloc_sys as mimalloc;

use super::interrupt;

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

/// Bytes of the reserve: enough to unwind, tell of the error and go on for a while. They are never touched, so that
/// they take up address space alone.
const RESERVE_SIZE: usize = 24 << 20;

static RESERVE: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// Keeps the reserve back. False when there is no room for it.
pub fn keep_reserve() -> bool {
    if RESERVE.load(Ordering::Relaxed).is_null() {
        // SAFETY: any size may be asked for.
        RESERVE.store(unsafe { mimalloc::mi_malloc(RESERVE_SIZE) }, Ordering::Relaxed);
    }
    !RESERVE.load(Ordering::Relaxed).is_null()
}

/// An allocation has failed: gives the reserve up for it and asks for a MemoryError. Null when there is no reserve any
/// more, or there would be nothing left of it.
#[cold]
#[inline(never)]
fn retry(size: usize, allocate: impl Fn() -> *mut u8) -> *mut u8 {
    if size > RESERVE_SIZE / 2 {
        return ptr::null_mut();
    }
    let reserve = RESERVE.swap(ptr::null_mut(), Ordering::Relaxed);
    if reserve.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: it came from `mi_malloc`, and nobody uses it.
    unsafe { mimalloc::mi_free(reserve) };
    interrupt::request(interrupt::MEMORY);
    allocate()
}

/// What `allocate` gives, with the reserve if need be.
#[inline(always)]
fn or_retry(size: usize, allocate: impl Fn() -> *mut u8) -> *mut u8 {
    let place = allocate();
    if place.is_null() { retry(size, allocate) } else { place }
}

// SAFETY: mimalloc gives memory of the size and alignment asked for, or null, and is thread-safe.
unsafe impl GlobalAlloc for Allocator {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LARGE {
            end_frugal();
        }
        if is_plain(layout.size(), layout.align()) {
            return or_retry(layout.size(), || unsafe { mimalloc::mi_malloc(layout.size()) }.cast());
        }
        or_retry(layout.size(), || unsafe { mimalloc::mi_malloc_aligned(layout.size(), layout.align()) }.cast())
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LARGE {
            end_frugal();
        }
        or_retry(layout.size(), || unsafe { mimalloc::mi_zalloc_aligned(layout.size(), layout.align()) }.cast())
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
        or_retry(size, || unsafe { mimalloc::mi_realloc_aligned(place.cast(), size, layout.align()) }.cast())
    }
}
