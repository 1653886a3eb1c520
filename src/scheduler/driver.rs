//! What waits for the outside: the seam between the loop and I/O.
//!
//! The loop asks the driver to wait until something happens or a time has passed. As long as no
//! driver is installed there is no I/O, and waiting is sleeping. A driver completes its operations by
//! making futures done or scheduling handles on the loop.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use crate::memory::interrupt;
use crate::value::Result;
use crate::vm::Vm;

/// A source of events from outside.
pub trait Driver {
    /// Waits for an event, at most this long (None: until there is one), and hands over what has
    /// happened. Must also return soon after `interrupt::is_requested` becomes true.
    fn wait(&mut self, vm: &mut Vm, limit: Option<Duration>) -> Result<()>;

    /// Whether operations are under way that can still wake a task.
    fn is_busy(&self) -> bool;
}

thread_local! {
    static DRIVER: RefCell<Option<Box<dyn Driver>>> = const { RefCell::new(None) };
    static INSTALLED: Cell<bool> = const { Cell::new(false) };
}

/// Installs the driver, at the first use of I/O.
pub fn install(driver: Box<dyn Driver>) {
    DRIVER.with_borrow_mut(|place| *place = Some(driver));
    INSTALLED.set(true);
}

/// Whether the outside can still wake a task.
#[inline]
pub fn is_busy() -> bool {
    INSTALLED.get() && DRIVER.with_borrow(|driver| driver.as_ref().is_some_and(|driver| driver.is_busy()))
}

/// Waits for the outside or until the time has passed.
pub fn wait(vm: &mut Vm, limit: Option<Duration>) -> Result<()> {
    // The driver is taken out while it works: what it hands over may install or ask for a driver.
    let Some(mut driver) = DRIVER.with_borrow_mut(Option::take) else {
        pause(limit.unwrap_or(Duration::MAX));
        return Ok(());
    };
    let outcome = driver.wait(vm, limit);
    DRIVER.with_borrow_mut(|place| {
        place.get_or_insert(driver);
    });
    outcome
}

/// Longest time between two looks at the interrupt word while nothing happens.
const SLICE: Duration = Duration::from_millis(20);

/// Sleeps, but not on when an interrupt is requested.
pub fn pause(limit: Duration) {
    let start = Instant::now();
    while !interrupt::is_requested() {
        let left = limit.saturating_sub(start.elapsed());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(SLICE));
    }
}
