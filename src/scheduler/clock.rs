//! The clock: real, or virtual.
//!
//! Virtual time stands still while the script computes and jumps when it waits, so that a script that
//! sleeps an hour ends at once, in the same order and with the same durations. Everything that reads
//! or spends time goes through here.

use std::cell::Cell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{driver, flows};
use crate::value::Result;
use crate::vm::Vm;

/// How far ahead of the clock a timer counts as due, in seconds.
pub const RESOLUTION: f64 = 1e-9;

/// The end of the moment `now`: timers before it are due. Late times are further apart than the resolution.
pub fn just_after(now: f64) -> f64 {
    (now + RESOLUTION).max(now.next_up())
}

/// What virtual time starts from when the time of day is asked for: 2025-01-01 00:00 UTC.
const VIRTUAL_EPOCH: f64 = 1_735_689_600.0;

thread_local! {
    /// The virtual time, when it is virtual.
    static VIRTUAL: Cell<Option<f64>> = const { Cell::new(None) };
    static START: Instant = Instant::now();
}

/// From now on time is virtual and starts at zero.
pub fn make_virtual() {
    VIRTUAL.set(Some(0.0));
}

pub fn is_virtual() -> bool {
    VIRTUAL.get().is_some()
}

/// Monotonic time in seconds: `loop.time()`, `time.monotonic()`, `time.perf_counter()`.
#[inline]
pub fn now() -> f64 {
    match VIRTUAL.get() {
        Some(time) => time,
        None => START.with(|start| start.elapsed().as_secs_f64()),
    }
}

/// Seconds since 1970: `time.time()`.
pub fn time_of_day() -> f64 {
    match VIRTUAL.get() {
        Some(time) => VIRTUAL_EPOCH + time,
        None => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64()),
    }
}

/// Virtual time jumps ahead to this moment; it never goes back.
pub fn advance_to(moment: f64) {
    if let Some(time) = VIRTUAL.get() {
        VIRTUAL.set(Some(time.max(moment)));
    }
}

/// `time.sleep`: spends time on the spot. Raises KeyboardInterrupt on Ctrl-C.
pub fn sleep_blocking(vm: &mut Vm, seconds: f64) -> Result<()> {
    if flows::are_many() {
        return flows::sleep(vm, seconds);
    }
    if is_virtual() {
        advance_to(now() + seconds.max(0.0));
        return Ok(());
    }
    let end = now() + seconds;
    loop {
        let left = end - now();
        if left <= 0.0 {
            return Ok(());
        }
        driver::pause(seconds_to_duration(left));
        vm.check_interrupts()?;
    }
}

/// A span of time; what does not fit is clamped.
pub fn seconds_to_duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}
