//! Deadlock: no task is ready, no timer runs, nothing is expected from outside, and yet tasks wait.
//!
//! The report says who waits for what, held by whom, and where. It is kept for the interpreter, which
//! draws it and ends with exit code 3, while a `DeadlockError` carries the news up: an exception that
//! `except Exception` does not catch.

use std::cell::RefCell;
use std::fmt;

use super::event_loop::EventLoop;
use super::place::{self, Place};
use super::{future, task_repr};
use crate::value::future::{Callback, Waiting};
use crate::value::{Gc, NativeCoroutine, Raised, Task, Value, types};
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

/// The names of those of the futures that are not done; of many, the first.
pub(super) fn names_of(futures: &[Value]) -> String {
    const SHOWN: usize = 5;
    let pending: Vec<&Value> =
        futures.iter().filter(|future| future.as_future().is_some_and(|state| !state.is_done())).collect();
    let tasks: Vec<String> =
        pending.iter().filter_map(|future| future::as_task(future)).map(|task| name_of(task)).collect();
    let mut words = match tasks.len() {
        0 => Vec::new(),
        1 => vec![format!("task {}", tasks.concat())],
        _ => vec![format!("tasks {}", tasks.get(..SHOWN).unwrap_or(&tasks).join(", "))],
    };
    if tasks.len() > SHOWN {
        words.push(format!("{} more", tasks.len() - SHOWN));
    }
    match pending.len() - tasks.len() {
        0 => {}
        1 => words.push("a future that nobody completes".to_string()),
        count => words.push(format!("{count} futures that nobody completes")),
    }
    words.join(" and ")
}

fn name_of(task: &Task) -> String {
    format!("'{}'", task_repr::name_text(task))
}

/// The task that holds something, in words; also when it has ended without giving it back.
pub(super) fn holder(task: &Gc<Task>) -> String {
    if task.future.is_done() {
        return format!(
            "task {}, which has ended: {}",
            name_of(task),
            task_repr::coroutine_text(&task.coroutine.get())
        );
    }
    format!("task {}", name_of(task))
}

/// What a native coroutine waits for. One that awaits it natively, as a barrier its condition, knows better.
fn words_of(vm: &mut Vm, native: &Gc<NativeCoroutine>) -> String {
    let mut words = native.body.waits_for(vm);
    let mut awaiter = native.awaiter.get();
    while let Value::NativeCoroutine(outer) = &awaiter {
        let better = outer.body.waits_for(vm);
        if !better.is_empty() {
            words = better;
        }
        let next = outer.awaiter.get();
        awaiter = next;
    }
    if words.is_empty() { format!("{}()", native.name) } else { words }
}

fn words_of_future(future: &Value) -> String {
    let Some(state) = future.as_future().filter(|_| future::as_task(future).is_none()) else {
        return names_of(std::slice::from_ref(future));
    };
    let listeners = state.callbacks.get().into_iter().filter_map(|callback| match callback {
        Callback::Listener(listening, _) => Some(listening),
        _ => None,
    });
    for part in state.canceller().into_iter().chain(listeners) {
        let awaits = part.listener().awaits();
        if !awaits.is_empty() {
            let kind = part.listener().name().split('.').next().unwrap_or_default();
            return format!("{kind}() of {}", names_of(&awaits));
        }
    }
    "a future that nobody completes".to_string()
}

fn describe(vm: &mut Vm, task: &Gc<Task>) -> WaitingTask {
    let mut waits_for = match task.waiting.get() {
        Waiting::Native(native) => words_of(vm, &native),
        Waiting::Future(future) => words_of_future(&future),
        Waiting::Nothing => "nothing".to_string(),
    };
    let coroutine = task.coroutine.get();
    let stack: Vec<Place> = place::chain(&coroutine).iter().map(|coroutine| place::of_frame(coroutine)).collect();
    if stack.is_empty() {
        waits_for += &format!(", in {}", task_repr::coroutine_text(&coroutine));
    }
    WaitingTask { name: task_repr::name_text(task), waits_for, stack }
}
