//! The clocks behind `time`, in nanoseconds: those of the scheduler, so that virtual time holds, and those
//! of the processor.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

use crate::scheduler::clock;
use crate::value::{Raised, Result};
use crate::vm::Vm;

/// Nanoseconds since the epoch.
pub fn wall() -> i64 {
    if clock::is_virtual() {
        return nanoseconds(clock::time_of_day());
    }
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(duration) => i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_nanos()).unwrap_or(i64::MAX),
    }
}

/// Nanoseconds of a clock that never goes back.
pub fn monotonic() -> i64 {
    nanoseconds(clock::now())
}

fn nanoseconds(seconds: f64) -> i64 {
    (seconds * 1e9).round() as i64
}

/// Nanoseconds of processor time of the process.
pub fn process() -> Result<i64> {
    processor(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

/// Nanoseconds of processor time of this thread.
pub fn thread() -> Result<i64> {
    processor(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

fn processor(clock: ClockId) -> Result<i64> {
    let time = clock_gettime(clock).map_err(|error| Raised::os_error(error.desc()))?;
    Ok(time.tv_sec().saturating_mul(1_000_000_000).saturating_add(time.tv_nsec()))
}

/// Does nothing for so many seconds. Ctrl-C ends it.
pub fn sleep(vm: &mut Vm, seconds: f64) -> Result<()> {
    clock::sleep_blocking(vm, seconds)
}
