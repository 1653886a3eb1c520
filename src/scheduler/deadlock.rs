//! Deadlock: no task is ready, no timer runs, nothing is expected from outside, and yet tasks wait.
//!
//! The report says who waits for what, held by whom, and where. It is kept for the interpreter, which
//! draws it and ends with exit code 3, while a `DeadlockError` carries the news up: an exception that
//! `except Exception` does not catch.

use std::cell::RefCell;
use std::fmt;

use super::event_loop::EventLoop;
use super::place::{self, Place};
use super::task_repr;
use crate::value::future::Waiting;
use crate::value::{Gc, Raised, Task, Value, types};
use crate::vm::Vm;

/// A task that waits.
#[derive(Clone, Debug)]
pub struct WaitingTask {
    pub name: String,
    /// In words: "lock held by task 'b'".
    pub waits_for: String,
    /// The frames of its chain of awaits, innermost first.
    pub stack: Vec<Place>,
}

/// Who waits for what.
#[derive(Clone, Debug)]
pub struct DeadlockReport {
    /// In the order in which the tasks were made.
    pub tasks: Vec<WaitingTask>,
}

impl fmt::Display for DeadlockReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.tasks.len();
        let tasks = if count == 1 { "1 task waits".to_string() } else { format!("{count} tasks wait") };
        write!(f, "deadlock: {tasks} and nothing can wake {}", if count == 1 { "it" } else { "them" })?;
        for task in &self.tasks {
            write!(f, "\n  task '{}' waits for {}", task.name, task.waits_for)?;
            for place in &task.stack {
                write!(f, "\n    at {}:{}, in {}", place.source.name, place.position.line, place.function)?;
            }
        }
        Ok(())
    }
}

thread_local! {
    static REPORT: RefCell<Option<DeadlockReport>> = const { RefCell::new(None) };
}

/// The report that belongs to a `DeadlockError`, for who draws it.
pub fn take_report() -> Option<DeadlockReport> {
    REPORT.with_borrow_mut(Option::take)
}

/// Collects who waits for what, and gives the error to raise.
pub(super) fn report(vm: &mut Vm, event_loop: &EventLoop) -> Raised {
    let mut tasks = Vec::new();
    for task in event_loop.pending_tasks() {
        // The program ends here: that these tasks die pending is no further news.
        task.log_destroyed.set(false);
        tasks.push(describe(vm, &task));
    }
    let report = DeadlockReport { tasks };
    let raised = Raised::new(&types().deadlock_error, vec![Value::from(report.to_string())]);
    REPORT.with_borrow_mut(|place| *place = Some(report));
    raised
}

fn describe(vm: &mut Vm, task: &Gc<Task>) -> WaitingTask {
    let waiting = task.waiting.get();
    let waits_for = match &waiting {
        Waiting::Native(native) => {
            let words = native.body.waits_for(vm);
            if words.is_empty() { format!("{}()", native.name) } else { words }
        }
        Waiting::Future(Value::Task(other)) => format!("task '{}'", task_repr::name_text(other)),
        Waiting::Future(future) => match future.as_future().and_then(|future| future.canceller()) {
            Some(part) => format!("{}()", part.listener().name().split('.').next().unwrap_or("gather")),
            None => "a future that nobody completes".to_string(),
        },
        Waiting::Nothing => "nothing".to_string(),
    };
    let frames = place::chain(&task.coroutine.get());
    let stack = frames.iter().map(|coroutine| place::of_frame(coroutine)).collect();
    WaitingTask { name: task_repr::name_text(task), waits_for, stack }
}
