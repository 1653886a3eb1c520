//! Waiting in line.
//!
//! A `WaitQueue` holds parked tasks in order of arrival. Every primitive is a little state plus its
//! queues. A waiter stays in line after it was woken or cancelled, until its task runs and leaves:
//! until then it can still be seen, as in CPython, so that nobody jumps the queue in between. All
//! operations take amortised constant time.

use std::cell::Cell;
use std::collections::VecDeque;

use super::event_loop::{self, EventLoop};
use crate::memory::Tracer;
use crate::value::{Gc, Mutable, Raised, Result, Task, Value};
use crate::vm::Vm;

/// What has become of a waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaiterState {
    Waiting,
    Woken,
    Cancelled,
}

/// A place in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

struct Waiter {
    task: Gc<Task>,
    state: WaiterState,
}

#[derive(Default)]
struct Line {
    /// None where a waiter has left; never None at the front.
    waiters: VecDeque<Option<Waiter>>,
    /// The ticket of the front.
    front: u64,
    /// Waiters in line.
    present: usize,
    /// Of these, how many are cancelled.
    cancelled: usize,
    /// No waiter with a lower ticket is in state `Waiting`.
    scanned: u64,
}

impl Line {
    fn get(&mut self, ticket: Ticket) -> Option<&mut Option<Waiter>> {
        let index = usize::try_from(ticket.0.checked_sub(self.front)?).ok()?;
        self.waiters.get_mut(index)
    }

    fn trim(&mut self) {
        while let Some(None) = self.waiters.front() {
            self.waiters.pop_front();
            self.front += 1;
        }
    }

    /// The first waiter that still waits becomes woken.
    fn wake_next(&mut self) -> Option<Gc<Task>> {
        let mut index = self.scanned.saturating_sub(self.front) as usize;
        while let Some(place) = self.waiters.get_mut(index) {
            index += 1;
            self.scanned = self.front + index as u64;
            if let Some(waiter) = place
                && waiter.state == WaiterState::Waiting
            {
                waiter.state = WaiterState::Woken;
                return Some(waiter.task.clone());
            }
        }
        None
    }
}

/// Parked tasks in order of arrival.
#[derive(Default)]
pub struct WaitQueue {
    line: Mutable<Line>,
    /// The number of the loop whose tasks have waited here; 0: none has.
    home: Cell<u32>,
}

impl WaitQueue {
    /// Puts the current task at the end of the line. `owner` is the primitive, for messages.
    ///
    /// RuntimeError when there is no current task or the primitive belongs to another loop.
    pub fn park(&self, vm: &mut Vm, owner: &Value) -> Result<Ticket> {
        let event_loop = event_loop::running_or_error()?;
        if self.home.get() != event_loop.number {
            self.bind(vm, &event_loop, owner)?;
        }
        let Some(task) = event_loop.current_task() else {
            return Err(Raised::runtime_error("only a task can wait"));
        };
        let mut line = self.line.borrow_mut();
        let ticket = Ticket(line.front + line.waiters.len() as u64);
        line.waiters.push_back(Some(Waiter { task, state: WaiterState::Waiting }));
        line.present += 1;
        Ok(ticket)
    }

    #[cold]
    fn bind(&self, vm: &mut Vm, event_loop: &EventLoop, owner: &Value) -> Result<()> {
        if self.home.get() != 0 {
            let owner = vm.repr(owner)?;
            return Err(Raised::runtime_error(format!("{owner} is bound to a different event loop")));
        }
        self.home.set(event_loop.number);
        Ok(())
    }

    /// The waiter goes on, or dies: it leaves the line. None when it has been taken out already.
    pub fn leave(&self, ticket: Ticket) -> Option<WaiterState> {
        let mut line = self.line.borrow_mut();
        let waiter = line.get(ticket)?.take()?;
        line.present -= 1;
        line.cancelled -= (waiter.state == WaiterState::Cancelled) as usize;
        line.trim();
        drop(line);
        Some(waiter.state)
    }

    /// The waiter's task is cancelled. False when the waiter was woken before.
    pub fn cancel(&self, ticket: Ticket) -> bool {
        let mut line = self.line.borrow_mut();
        match line.get(ticket) {
            Some(Some(waiter)) if waiter.state == WaiterState::Waiting => {
                waiter.state = WaiterState::Cancelled;
                line.cancelled += 1;
                true
            }
            _ => false,
        }
    }

    /// How many stand in line, those included that have been woken or cancelled but have not run.
    pub fn len(&self) -> usize {
        self.line.borrow().present
    }

    /// Those in line, in order.
    pub fn tasks(&self) -> Vec<Gc<Task>> {
        self.line.borrow().waiters.iter().flatten().map(|waiter| waiter.task.clone()).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether somebody in line is not cancelled.
    pub fn has_contenders(&self) -> bool {
        let line = self.line.borrow();
        line.present > line.cancelled
    }

    /// Wakes the waiter at the front, unless it has been woken or cancelled before.
    pub fn wake_first(&self) {
        let mut line = self.line.borrow_mut();
        let task = match line.waiters.front_mut() {
            Some(Some(waiter)) if waiter.state == WaiterState::Waiting => {
                waiter.state = WaiterState::Woken;
                waiter.task.clone()
            }
            _ => return,
        };
        drop(line);
        wake(task);
    }

    /// Wakes the first that still waits. False when there is none.
    pub fn wake_next(&self) -> bool {
        let task = self.line.borrow_mut().wake_next();
        task.map(wake).is_some()
    }

    /// Wakes all that still wait.
    pub fn wake_all(&self) {
        while self.wake_next() {}
    }

    /// Takes waiters out of the line from the front until one still waits, and wakes it.
    pub fn pop_and_wake(&self) {
        loop {
            let mut line = self.line.borrow_mut();
            let Some(Some(waiter)) = line.waiters.pop_front() else { return };
            line.front += 1;
            line.present -= 1;
            line.cancelled -= (waiter.state == WaiterState::Cancelled) as usize;
            line.trim();
            drop(line);
            if waiter.state == WaiterState::Waiting {
                return wake(waiter.task);
            }
        }
    }

    /// Takes all out of the line and wakes those that still wait.
    pub fn pop_and_wake_all(&self) {
        while !self.is_empty() {
            self.pop_and_wake();
        }
    }

    pub fn trace(&self, tracer: &mut Tracer<'_>) {
        for waiter in self.line.borrow().waiters.iter().flatten() {
            tracer.visit(&waiter.task);
        }
    }

    /// Gives up all waiters, to break a cycle.
    pub fn clear(&self) {
        drop(self.line.take());
    }
}

/// A task that waited natively goes on in its turn.
#[inline]
pub fn wake(task: Gc<Task>) {
    event_loop::schedule_wake(task);
}

/// Whether what a native wait received is a wake-up: an error when it was thrown in, or when somebody
/// resumed the coroutine that was not woken.
pub fn woken(state: Option<WaiterState>, input: crate::value::coroutine::Resume) -> Result<()> {
    match input {
        crate::value::coroutine::Resume::Raise(raised) => Err(raised),
        crate::value::coroutine::Resume::Value(_) if state == Some(WaiterState::Waiting) => Err(not_awaited()),
        crate::value::coroutine::Resume::Value(_) => Ok(()),
    }
}

/// The error for a coroutine that was resumed while it waits.
#[cold]
pub fn not_awaited() -> Raised {
    Raised::runtime_error("await wasn't used with future")
}
