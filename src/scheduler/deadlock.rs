//! Deadlock: no task is ready, no timer runs, nothing is expected from outside, and yet tasks or threads wait.
//!
//! The report says who waits for what, held by whom, and where. It is kept for the interpreter, which
//! draws it and ends with exit code 3, while a `DeadlockError` carries the news up: an exception that
//! `except Exception` does not catch.

use std::cell::{Cell, RefCell};
use std::fmt;

use super::event_loop::{self, EventLoop};
use super::flows::{self, Cause};
use super::place::{self, Place};
use super::{future, sleep, task_repr};
use crate::value::future::{Callback, Waiting as WaitsFor};
use crate::value::{Gc, NativeCoroutine, Raised, Task, Value, types};
use crate::vm::Vm;

/// A task or thread that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub name: String,
    /// In words: "lock held by task 'b'".
    pub waits_for: String,
    /// The frames of its chain of awaits, or on its stack, innermost first.
    pub stack: Vec<Place>,
}

/// Who waits for what.
#[derive(Clone, Debug)]
pub struct DeadlockReport {
    /// In the order in which the tasks were made.
    pub tasks: Vec<Waiting>,
    /// In the order in which the threads were started.
    pub threads: Vec<Waiting>,
}

impl DeadlockReport {
    /// What it says in one line.
    pub fn headline(&self) -> String {
        let count = |all: &[Waiting], what: &str| match all.len() {
            0 => None,
            1 => Some(format!("1 {what}")),
            count => Some(format!("{count} {what}s")),
        };
        let parts = [count(&self.tasks, "task"), count(&self.threads, "thread")];
        let who = parts.into_iter().flatten().collect::<Vec<_>>().join(" and ");
        let (wait, them) = if self.tasks.len() + self.threads.len() == 1 { ("waits", "it") } else { ("wait", "them") };
        format!("deadlock: {who} {wait} and nothing can wake {them}")
    }
}

impl fmt::Display for DeadlockReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.headline())?;
        let tasks = self.tasks.iter().map(|task| ("task", task));
        for (kind, waiting) in tasks.chain(self.threads.iter().map(|thread| ("thread", thread))) {
            write!(f, "\n  {kind} '{}' waits for {}", waiting.name, waiting.waits_for)?;
            for place in &waiting.stack {
                write!(f, "\n    at {}:{}, in {}", place.source.name, place.position.line, place.function)?;
            }
        }
        Ok(())
    }
}

thread_local! {
    static OCCURRED: Cell<bool> = const { Cell::new(false) };
    static REPORT: RefCell<Option<DeadlockReport>> = const { RefCell::new(None) };
}

/// Whether there was a deadlock: then it is no use to wait for anything.
pub fn has_occurred() -> bool {
    OCCURRED.get()
}

/// The report that belongs to a `DeadlockError`, for who draws it.
pub fn take_report() -> Option<DeadlockReport> {
    REPORT.with_borrow_mut(Option::take)
}

/// Collects who waits for what, and gives the error to raise.
pub(super) fn report(vm: &mut Vm, event_loop: &EventLoop) -> Raised {
    let tasks = waiting_tasks(vm, event_loop);
    raise(DeadlockReport { tasks, threads: Vec::new() })
}

/// As `report`, when there are several flows: the tasks of all loops, and the threads.
pub(super) fn report_all(vm: &mut Vm) -> Raised {
    let mut tasks = Vec::new();
    for event_loop in event_loop::all_running() {
        tasks.extend(waiting_tasks(vm, &event_loop));
    }
    let mut threads = Vec::new();
    flows::visit_waiting(|name, cause, flow| {
        let waits_for = match cause {
            Cause::Time => "a moment that does not come".to_string(),
            Cause::Lock => "a lock".to_string(),
            Cause::Item => "an item of a queue".to_string(),
            Cause::Flow(other) => format!("thread '{}' to end", flows::name_of(*other)),
            Cause::Input(descriptor) => format!("something to read from descriptor {descriptor}"),
            Cause::Module => "a module that another thread imports".to_string(),
            // Its tasks say more.
            Cause::Loop(_) => return,
        };
        let stack = match flow {
            Some(flow) => vm.frames_of(flow).map(|view| place::of_view(&view)).collect(),
            None => vm.script_frames().map(|view| place::of_view(&view)).collect(),
        };
        threads.push(Waiting { name: name.to_string(), waits_for, stack });
    });
    raise(DeadlockReport { tasks, threads })
}

fn waiting_tasks(vm: &mut Vm, event_loop: &EventLoop) -> Vec<Waiting> {
    let pending = event_loop.pending_tasks().into_iter();
    let describe = |task: Gc<Task>| {
        // The program ends here: that these tasks die pending is no further news.
        task.log_destroyed.set(false);
        describe(vm, &task)
    };
    pending.map(describe).collect()
}

fn raise(report: DeadlockReport) -> Raised {
    let raised = Raised::new(&types().deadlock_error, vec![Value::from(report.to_string())]);
    REPORT.with_borrow_mut(|place| *place = Some(report));
    OCCURRED.set(true);
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

fn describe(vm: &mut Vm, task: &Gc<Task>) -> Waiting {
    let mut waits_for = match task.waiting.get() {
        WaitsFor::Native(native) => words_of(vm, &native),
        WaitsFor::Future(future) => words_of_future(&future),
        WaitsFor::Timer(_) | WaitsFor::LeavesTimer(_) => sleep::WAITS_FOR.to_string(),
        WaitsFor::Nothing => "nothing".to_string(),
    };
    let coroutine = task.coroutine.get();
    let stack: Vec<Place> = place::chain(&coroutine).iter().map(|coroutine| place::of_frame(coroutine)).collect();
    if stack.is_empty() {
        waits_for += &format!(", in {}", task_repr::coroutine_text(&coroutine));
    }
    Waiting { name: task_repr::name_text(task), waits_for, stack }
}
