//! What is ready to run, and which of it runs next.
//!
//! An entry is one call of the loop, as a plain value: no closures, and nothing but a pointer beside
//! the tag. `ReadyQueue::next` is the only place that chooses; the default is first in, first out.

use std::cell::Cell;
use std::collections::VecDeque;

use crate::value::future::{Listening, ScriptCallback};
use crate::value::{Gc, Instance, Mutable, NativeCoroutine, Raised, Task, Value};

/// One call of the loop.
pub enum Ready {
    /// Resume a task: its first step, after a bare yield, or since what it waited for is there.
    Step(Gc<Task>),
    /// Resume a task with a CancelledError where it waits.
    Cancel(Box<Cancellation>),
    /// Resume a task with another error.
    Raise(Box<(Gc<Task>, Raised)>),
    /// A timer of a native coroutine is due.
    CoroutineDue(Gc<NativeCoroutine>),
    /// A timer of a listener is due.
    ListenerDue(Gc<Listening>),
    /// A timeout has expired, if it is still armed as it was then.
    TimeoutDue(Box<(Gc<Instance>, u32)>),
    /// Tell a listener that a future is done.
    Notify(Box<Notice>),
    /// Call a callback of the script with the future that is done.
    Call(Box<(ScriptCallback, Value)>),
    /// A handle made by `call_soon`, `call_later` or `call_at`.
    Handle(Gc<Instance>),
    /// A timer that was cancelled but came up.
    Nothing,
}

/// A task that is to be thrown a CancelledError.
pub struct Cancellation {
    pub task: Gc<Task>,
    /// The argument of `cancel`; None if not given.
    pub message: Value,
}

/// A listener that is to hear of a future.
pub struct Notice {
    pub listener: Gc<Listening>,
    pub index: u32,
    pub future: Value,
}

/// How the next entry is chosen.
#[derive(Clone, Copy, Debug, Default)]
pub enum Policy {
    /// In the order of arrival, as CPython does.
    #[default]
    Fifo,
    /// At random among those of the iteration, from this state: other orders that could happen too.
    Seeded(u64),
}

/// The entries, oldest first.
#[derive(Default)]
pub struct ReadyQueue {
    entries: Mutable<VecDeque<Ready>>,
    policy: Cell<Policy>,
}

impl ReadyQueue {
    #[inline]
    pub fn push(&self, entry: Ready) {
        self.entries.borrow_mut().push_back(entry);
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn set_policy(&self, policy: Policy) {
        self.policy.set(policy);
    }

    /// Takes the entry to run next out of the oldest `window`.
    #[inline]
    pub fn next(&self, window: usize) -> Option<Ready> {
        match self.policy.get() {
            Policy::Fifo => self.entries.borrow_mut().pop_front(),
            Policy::Seeded(state) => self.next_seeded(state, window),
        }
    }

    #[cold]
    fn next_seeded(&self, state: u64, window: usize) -> Option<Ready> {
        // xorshift64*, Vigna 2016.
        let mut state = state.max(1);
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        self.policy.set(Policy::Seeded(state));
        let choices = window.min(self.len()).max(1) as u64;
        let index = (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % choices;
        self.entries.borrow_mut().remove(index as usize)
    }

    /// Gives up all entries.
    pub fn take_all(&self) -> VecDeque<Ready> {
        self.entries.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_sixteen_bytes() {
        assert_eq!(size_of::<Ready>(), 16);
    }

    #[test]
    fn a_seeded_choice_stays_in_the_window_and_loses_nothing() {
        let queue = ReadyQueue::default();
        queue.set_policy(Policy::Seeded(7));
        (0..10).for_each(|_| queue.push(Ready::Nothing));
        let mut count = 0;
        while queue.next(3).is_some() {
            count += 1;
        }
        assert_eq!(count, 10);
    }
}
