//! What a running program must look at: one word, read on back-edges and calls.
//!
//! Setting a bit is safe from a signal handler.

use std::sync::atomic::{AtomicU32, Ordering};

/// Ctrl-C was pressed.
pub const SIGNAL: u32 = 1;
/// A cycle collection is due.
pub const COLLECT: u32 = 2;
/// Finalizers are queued.
pub const FINALIZE: u32 = 4;
/// The running thread of the script has had its time, and others are ready.
pub const SLICE: u32 = 8;

/// There was no memory any more, and the reserve is in use: a MemoryError is due.
pub const MEMORY: u32 = 16;
/// The reserve is to be kept back again as soon as there is room for it.
pub const RESERVE: u32 = 32;

static REQUESTS: AtomicU32 = AtomicU32::new(0);

/// Asks for the bits to be looked at.
pub fn request(bits: u32) {
    REQUESTS.fetch_or(bits, Ordering::Relaxed);
}

/// Whether anything is asked for.
#[inline(always)]
pub fn is_requested() -> bool {
    REQUESTS.load(Ordering::Relaxed) != 0
}

/// Whether a Ctrl-C waits to be looked at.
pub fn is_signalled() -> bool {
    REQUESTS.load(Ordering::Relaxed) & SIGNAL != 0
}

/// Takes some requests back.
pub fn withdraw(bits: u32) {
    REQUESTS.fetch_and(!bits, Ordering::Relaxed);
}

/// Takes what is asked for.
pub fn take() -> u32 {
    REQUESTS.swap(0, Ordering::Relaxed)
}
