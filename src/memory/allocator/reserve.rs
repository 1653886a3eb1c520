//! Address space that is kept back: pages nobody may touch, so that they cost no memory.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::memory::interrupt;

/// Enough to unwind, tell of the error and go on for a while.
const SIZE: usize = 64 << 20;

static PLACE: AtomicPtr<libc::c_void> = AtomicPtr::new(ptr::null_mut());

/// Keeps the reserve back, if it is not kept already and there is room.
pub fn keep() {
    if !PLACE.load(Ordering::Relaxed).is_null() {
        return;
    }
    // SAFETY: a new mapping, which overlaps with nothing.
    let place =
        unsafe { libc::mmap(ptr::null_mut(), SIZE, libc::PROT_NONE, libc::MAP_PRIVATE | libc::MAP_ANON, -1, 0) };
    if place != libc::MAP_FAILED {
        PLACE.store(place, Ordering::Relaxed);
    }
}

/// Gives the reserve up and asks for a MemoryError. False when it is gone already, or has no room for so many bytes
/// and what is to follow.
pub(super) fn release_for(size: usize) -> bool {
    if size > SIZE / 2 {
        return false;
    }
    let place = PLACE.swap(ptr::null_mut(), Ordering::Relaxed);
    if place.is_null() {
        return false;
    }
    // SAFETY: `keep` has mapped so much there, and nobody uses it.
    unsafe { libc::munmap(place, SIZE) };
    interrupt::request(interrupt::MEMORY);
    true
}
