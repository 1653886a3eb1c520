//! Slices of time: while several flows are ready, the one that runs is asked after a while to give way.
//!
//! A thread of its own, which touches no values, sets a bit of the interrupt word every 5 ms as long as it
//! is wanted. In virtual time, where a run is to be repeatable, the safe points a flow passes are counted
//! instead. While no more than one flow is ready nobody is asked.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::{clock, flows};
use crate::memory::interrupt;
use crate::vm::Vm;

/// Safe points of a slice in virtual time.
const SAFE_POINTS: u32 = 50_000;

/// The length of a slice in nanoseconds.
static LENGTH: AtomicU64 = AtomicU64::new(5_000_000);
static WANTED: AtomicBool = AtomicBool::new(false);
static TICKER: OnceLock<Option<Thread>> = OnceLock::new();

thread_local! {
    /// When the slice began.
    static START: Cell<Option<Instant>> = const { Cell::new(None) };
    /// Safe points that are left of it, in virtual time.
    static LEFT: Cell<u32> = const { Cell::new(0) };
}

/// Sets the length of slices in seconds.
pub fn set_length(seconds: f64) {
    LENGTH
        .store(clock::seconds_to_duration(seconds).as_nanos().clamp(1_000, u64::MAX.into()) as u64, Ordering::Relaxed);
}

/// The slice of a flow begins. `limited` says whether others are ready.
pub fn begin(limited: bool) {
    if limited {
        start();
    } else {
        WANTED.store(false, Ordering::Relaxed);
        START.set(None);
        LEFT.set(0);
        interrupt::withdraw(interrupt::SLICE);
    }
}

/// Another flow has become ready while one runs.
pub fn limit() {
    if START.get().is_none() && LEFT.get() == 0 {
        start();
    }
}

fn start() {
    if clock::is_virtual() {
        LEFT.set(SAFE_POINTS);
        interrupt::request(interrupt::SLICE);
        return;
    }
    START.set(Some(Instant::now()));
    if !WANTED.swap(true, Ordering::Relaxed)
        && let Some(ticker) = TICKER.get_or_init(start_ticker)
    {
        ticker.unpark();
    }
}

fn start_ticker() -> Option<Thread> {
    let tick = || {
        loop {
            while !WANTED.load(Ordering::Relaxed) {
                thread::park();
            }
            thread::sleep(Duration::from_nanos(LENGTH.load(Ordering::Relaxed)));
            if WANTED.load(Ordering::Relaxed) {
                interrupt::request(interrupt::SLICE);
            }
        }
    };
    let ticker = thread::Builder::new().name("slices".to_string()).spawn(tick);
    // Without it flows are only switched where they wait.
    ticker.ok().map(|ticker| ticker.thread().clone())
}

/// The VM's hook: the bit was set.
pub fn over(vm: &mut Vm) {
    if clock::is_virtual() {
        let left = LEFT.get();
        if left > 1 {
            LEFT.set(left - 1);
            interrupt::request(interrupt::SLICE);
            return;
        }
    }
    // A tick may come soon after a switch: that slice has hardly begun.
    let length = Duration::from_nanos(LENGTH.load(Ordering::Relaxed));
    if START.get().is_some_and(|start| start.elapsed() < length / 2) {
        return;
    }
    flows::give_way(vm);
}
