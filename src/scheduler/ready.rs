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
    /// A task has slept long enough.
    SleepOver(Gc<Task>),
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

/// Entries in a block.
const BLOCK: usize = 1024;

/// Blocks of entries, so that the room of many is given back while they run: what they make in turn
/// (timers, waiters) can use it.
#[derive(Default)]
struct Entries {
    /// The oldest; more are added here while it is the only block and not full.
    front: VecDeque<Ready>,
    /// The blocks behind it, none of them empty.
    behind: VecDeque<VecDeque<Ready>>,
    length: usize,
}

impl Entries {
    #[inline]
    fn push(&mut self, entry: Ready) {
        self.length += 1;
        if self.behind.is_empty() && self.front.len() < BLOCK {
            self.front.push_back(entry);
        } else {
            self.push_behind(entry);
        }
    }

    fn push_behind(&mut self, entry: Ready) {
        match self.behind.back_mut() {
            Some(last) if last.len() < BLOCK => last.push_back(entry),
            _ => {
                let mut block = VecDeque::with_capacity(BLOCK);
                block.push_back(entry);
                self.behind.push_back(block);
            }
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<Ready> {
        let entry = self.front.pop_front()?;
        self.length -= 1;
        if self.front.is_empty() && !self.behind.is_empty() {
            self.front = self.behind.pop_front().unwrap_or_default();
        }
        Some(entry)
    }

    fn remove(&mut self, mut index: usize) -> Option<Ready> {
        if index == 0 {
            return self.pop();
        }
        let mut blocks = std::iter::once(&mut self.front).chain(&mut self.behind);
        let block = blocks.find(|block| {
            let is_inside = index < block.len();
            index -= if is_inside { 0 } else { block.len() };
            is_inside
        })?;
        let entry = block.remove(index);
        self.length -= 1;
        if self.front.is_empty() {
            self.front = self.behind.pop_front().unwrap_or_default();
        }
        self.behind.retain(|block| !block.is_empty());
        entry
    }
}

/// The entries, oldest first.
#[derive(Default)]
pub struct ReadyQueue {
    entries: Mutable<Entries>,
    policy: Cell<Policy>,
}

impl ReadyQueue {
    #[inline]
    pub fn push(&self, entry: Ready) {
        self.entries.borrow_mut().push(entry);
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.entries.borrow().length
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
            Policy::Fifo => self.entries.borrow_mut().pop(),
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

    /// What the entries are about, oldest first: a handle, a task; None for what scripts cannot see.
    pub fn snapshot(&self) -> Vec<Value> {
        let entries = self.entries.borrow();
        let all = entries.front.iter().chain(entries.behind.iter().flatten());
        all.map(|entry| match entry {
            Ready::Step(task) => Value::Task(task.clone()),
            Ready::Cancel(cancellation) => Value::Task(cancellation.task.clone()),
            Ready::Raise(parts) => Value::Task(parts.0.clone()),
            Ready::Handle(handle) => Value::Instance(handle.clone()),
            _ => Value::None,
        })
        .collect()
    }

    /// Gives up all entries.
    pub fn clear(&self) {
        drop(self.entries.take());
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
    fn entries_of_many_blocks_come_in_order() {
        let number = |entry: Option<Ready>| match entry {
            Some(Ready::Call(call)) => match call.1 {
                Value::Int(number) => Some(number),
                _ => None,
            },
            _ => None,
        };
        let mut entries = Entries::default();
        let call = |index: usize| {
            Ready::Call(Box::new((
                ScriptCallback { function: Value::None, context: Value::None },
                Value::Int(index as i64),
            )))
        };
        (0..3 * BLOCK + 1).for_each(|index| entries.push(call(index)));
        assert_eq!(number(entries.remove(2 * BLOCK + 5)), Some(2 * BLOCK as i64 + 5));
        let rest: Vec<i64> = std::iter::from_fn(|| number(entries.pop())).collect();
        assert_eq!(rest.len(), 3 * BLOCK);
        assert!(rest.is_sorted());
        assert_eq!(entries.length, 0);
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
