//! The clocks behind `time`: nanoseconds of the wall, of a steady clock and of the processor.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

use crate::value::{Raised, Result};
use crate::vm::Vm;

thread_local! {
    static START: Instant = Instant::now();
}

/// Nanoseconds since the epoch.
pub fn wall() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(duration) => i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_nanos()).unwrap_or(i64::MAX),
    }
}

/// Nanoseconds of a clock that never goes back.
pub fn monotonic() -> i64 {
    i64::try_from(START.with(Instant::elapsed).as_nanos()).unwrap_or(i64::MAX)
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

/// How long a sleep goes on before interrupts are looked at.
const SLICE: Duration = Duration::from_millis(50);

/// Does nothing for this long. Ctrl-C ends it.
pub fn sleep(vm: &mut Vm, duration: Duration) -> Result<()> {
    let start = Instant::now();
    loop {
        let left = duration.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(SLICE));
        vm.check_interrupts()?;
    }
}
