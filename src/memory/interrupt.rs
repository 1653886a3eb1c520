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

/// What also ends the loops of builtin functions, which are one step to the script otherwise.
pub const URGENT: u32 = SIGNAL | MEMORY;

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

/// Whether anything urgent is asked for.
#[inline(always)]
pub fn is_urgent() -> bool {
    REQUESTS.load(Ordering::Relaxed) & URGENT != 0
}

/// Whether a Ctrl-C waits to be looked at.
pub fn is_signalled() -> bool {
    REQUESTS.load(Ordering::Relaxed) & SIGNAL != 0
}

/// Takes some requests back.
pub fn withdraw(bits: u32) {
    REQUESTS.fetch_and(!bits, Ordering::Relaxed);
}

/// Takes what of these is asked for.
pub fn take(bits: u32) -> u32 {
    REQUESTS.fetch_and(!bits, Ordering::Relaxed) & bits
}
