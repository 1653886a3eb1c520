//! What happens to tasks, for those who watch: the timeline, the debug mode, tests.
//!
//! When nobody watches, an event costs a branch.

use std::cell::{Cell, RefCell};

use super::clock;
use super::place::{self, Place};
use crate::value::{Gc, Raised, Task, Value};

/// A step in the life of a task.
pub enum Event {
    Created,
    /// Its first step begins.
    Started,
    /// It goes on.
    Resumed,
    /// It gives way to others but stays ready.
    Yielded,
    /// It waits for this: a future, task or native coroutine.
    Waits(Value),
    /// It is ready again; woken by this task, if by one.
    Woken(Option<Gc<Task>>),
    /// Somebody called `cancel`.
    CancelRequested,
    Done,
    Cancelled,
    Raised(Raised),
}

/// A reader of events.
pub trait Observer {
    /// `time` is that of the loop, in seconds; `place` is where the task stands in the source.
    fn event(&mut self, time: f64, task: &Gc<Task>, place: Option<Place>, event: &Event);
}

thread_local! {
    static ACTIVE: Cell<bool> = const { Cell::new(false) };
    static OBSERVER: RefCell<Option<Box<dyn Observer>>> = const { RefCell::new(None) };
}

/// Installs the observer, or with None removes it. Gives the one before.
pub fn observe(observer: Option<Box<dyn Observer>>) -> Option<Box<dyn Observer>> {
    ACTIVE.set(observer.is_some());
    OBSERVER.with_borrow_mut(|place| std::mem::replace(place, observer))
}

/// Whether somebody watches.
#[inline(always)]
pub fn is_active() -> bool {
    ACTIVE.get()
}

/// Tells the observer, if there is one.
#[inline(always)]
pub fn tell(task: &Gc<Task>, event: impl FnOnce() -> Event) {
    if is_active() {
        tell_observer(task, event());
    }
}

#[cold]
fn tell_observer(task: &Gc<Task>, event: Event) {
    let place = place::of_coroutine(&task.coroutine.get());
    // An observer that causes events itself does not hear of them.
    let _ = OBSERVER.with(|observer| {
        observer.try_borrow_mut().map(|mut observer| {
            if let Some(observer) = &mut *observer {
                observer.event(clock::now(), task, place, &event);
            }
        })
    });
}
