//! Timers: what becomes ready at a moment.
//!
//! The heap has CPython's order for equal moments, cancelled timers and their clearing out included
//! (Lib/asyncio/base_events.py), since a program can see it. A timer is an entry in a table, its heap
//! item is a number; an id of a timer that is gone is recognised by its generation.

use std::convert::Infallible;

use super::ready::Ready;
use super::{handle, heap};
use crate::value::Mutable;
pub use crate::value::future::TimerId;

/// Cancelled timers are cleared out when there are more timers than this,
const CLEARING_LEAST: usize = 100;
/// and more than this share of them is cancelled.
const CLEARING_SHARE: f64 = 0.5;

#[derive(Default)]
struct Table {
    /// Moment and index of the entry.
    heap: Vec<(f64, u32)>,
    /// What becomes ready; None when it is cancelled or the entry is free.
    targets: Vec<Option<Ready>>,
    /// How often each entry has been used.
    generations: Vec<u32>,
    free: Vec<u32>,
    /// As CPython counts: one that is cancelled and comes up as due stays counted.
    cancelled: usize,
}

/// The timers of a loop.
#[derive(Default)]
pub struct Timers {
    table: Mutable<Table>,
}

fn earlier(left: &(f64, u32), right: &(f64, u32)) -> Result<bool, Infallible> {
    Ok(left.0 < right.0)
}

impl Table {
    fn release(&mut self, index: u32) -> Option<Ready> {
        let generation = &mut self.generations[index as usize];
        *generation = generation.wrapping_add(1);
        self.free.push(index);
        self.targets[index as usize].take()
    }

    fn pop(&mut self) -> Option<Option<Ready>> {
        let Ok(item) = heap::pop(&mut self.heap, &mut earlier);
        item.map(|(_, index)| self.release(index))
    }
}

impl Timers {
    /// `target` becomes ready at this moment.
    pub fn add(&self, when: f64, target: Ready) -> TimerId {
        let mut table = self.table.borrow_mut();
        let index = match table.free.pop() {
            Some(index) => {
                table.targets[index as usize] = Some(target);
                index
            }
            None => {
                table.targets.push(Some(target));
                table.generations.push(0);
                table.targets.len() as u32 - 1
            }
        };
        let Ok(()) = heap::push(&mut table.heap, (when, index), &mut earlier);
        TimerId { index, generation: table.generations[index as usize] }
    }

    /// Makes the timer do nothing. Without effect when it has come up already.
    pub fn cancel(&self, timer: TimerId) {
        let mut table = self.table.borrow_mut();
        if table.generations.get(timer.index as usize) != Some(&timer.generation) {
            return;
        }
        let target = table.targets[timer.index as usize].take();
        if target.is_some() {
            table.cancelled += 1;
        }
        drop(table);
        if let Some(Ready::Handle(handle)) = &target {
            handle::timer_cancelled(handle);
        }
        drop(target);
    }

    /// At the start of an iteration: cancelled timers leave, from the head or, when they are many, all.
    #[inline]
    pub fn drop_cancelled(&self) {
        if self.table.borrow().cancelled > 0 {
            self.clear_out();
        }
    }

    fn clear_out(&self) {
        let mut table = self.table.borrow_mut();
        let table = &mut *table;
        let count = table.heap.len();
        if count > CLEARING_LEAST && table.cancelled as f64 / count as f64 > CLEARING_SHARE {
            let old = std::mem::take(&mut table.heap);
            for item in old {
                if table.targets[item.1 as usize].is_some() {
                    table.heap.push(item);
                } else {
                    table.release(item.1);
                }
            }
            let Ok(()) = heap::make(&mut table.heap, &mut earlier);
            table.cancelled = 0;
        } else {
            while let Some(&(_, index)) = table.heap.first()
                && table.targets[index as usize].is_none()
            {
                table.cancelled = table.cancelled.saturating_sub(1);
                table.pop();
            }
        }
    }

    /// When the next timer is due.
    #[inline]
    pub fn next_moment(&self) -> Option<f64> {
        self.table.borrow().heap.first().map(|item| item.0)
    }

    /// Takes out a timer that is due before `end`. A cancelled one counts as an entry that does nothing.
    pub fn pop_due(&self, end: f64) -> Option<Ready> {
        let mut table = self.table.borrow_mut();
        match table.heap.first() {
            // Not `when < end`: a moment that is not a number is never due.
            Some((when, _)) if *when >= end => None,
            Some(_) => table.pop().map(|target| target.unwrap_or(Ready::Nothing)),
            None => None,
        }
    }

    /// Gives up all timers.
    pub fn clear(&self) {
        drop(self.table.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_timer_leaves_from_the_head() {
        let timers = Timers::default();
        let first = timers.add(1.0, Ready::Nothing);
        timers.add(2.0, Ready::Nothing);
        timers.cancel(first);
        timers.drop_cancelled();
        assert_eq!(timers.next_moment(), Some(2.0));
        let reused = timers.add(0.5, Ready::Nothing);
        timers.cancel(first);
        assert_eq!(timers.next_moment(), Some(0.5));
        assert_ne!(first, reused);
        assert!(timers.pop_due(0.6).is_some());
        assert!(timers.pop_due(0.6).is_none());
    }
}
