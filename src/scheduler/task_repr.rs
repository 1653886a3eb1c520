//! How futures and tasks show themselves, in CPython's words (Lib/asyncio/base_futures.py, base_tasks.py).

use super::{future, future_attributes, handle, place, short_repr};
use crate::value::coroutine::CoroutineState;
use crate::value::future::{Callback, Outcome, Waiting};
use crate::value::{Future, Result, Task, Value};
use crate::vm::Vm;

/// The name of a task as text.
pub fn name_text(task: &Task) -> String {
    match task.name().as_str() {
        Some(name) => name.to_string(),
        None => "?".to_string(),
    }
}

/// Whether the coroutine of a task has not begun.
pub(super) fn is_not_started(coroutine: &Value) -> bool {
    let state = match coroutine {
        Value::Coroutine(coroutine) => coroutine.state.get(),
        Value::NativeCoroutine(coroutine) => coroutine.state.get(),
        _ => return false,
    };
    state == CoroutineState::Created
}

/// `repr(future)`
pub fn repr(vm: &mut Vm, value: &Value) -> Result<String> {
    let Some(state) = value.as_future() else { return Ok("<Future>".to_string()) };
    let shown = vm.guard_repr(value, |vm| {
        let mut parts = vec![state_name(value, state).to_string()];
        if let Value::Task(task) = value {
            let name = vm.repr(&task.name())?;
            parts.push(format!("name={name}"));
            let coroutine = task.coroutine.get();
            // A task that was done before it could be given away has none.
            if !coroutine.is_unbound() {
                parts.push(format!("coro=<{}>", coroutine_text(&coroutine)));
            }
            let waiting = task.waiting.get();
            match waiting {
                Waiting::Future(awaited) => parts.push(format!("wait_for={}", vm.repr(&awaited)?)),
                Waiting::Native(_) | Waiting::Timer(_) | Waiting::LeavesTimer(_) => {
                    parts.push("wait_for=<Future pending cb=[Task.task_wakeup()]>".to_string())
                }
                Waiting::Nothing => {}
            }
        }
        let outcome = state.outcome.get();
        match outcome {
            Outcome::Result(result) => parts.push(format!("result={}", short_repr::short_repr(vm, &result)?)),
            Outcome::Raised(raised) => parts.push(format!("exception={}", vm.repr(&Value::Exception(raised.0))?)),
            Outcome::Pending | Outcome::Cancelled => {}
        }
        let callbacks = state.callbacks.get();
        if !callbacks.is_empty() {
            parts.push(format!("cb=[{}]", callbacks_text(vm, &callbacks)));
        }
        parts.extend(future_attributes::created_at(vm, &state.source_traceback())?);
        Ok(format!("<{} {}>", state.class().name(), parts.join(" ")))
    })?;
    Ok(shown.unwrap_or_else(|| "...".to_string()))
}

fn state_name(value: &Value, state: &Future) -> &'static str {
    match &*state.outcome.borrow() {
        Outcome::Pending if future::as_task(value).is_some_and(|task| task.cancel_requests.get() > 0) => "cancelling",
        Outcome::Pending => "pending",
        Outcome::Cancelled => "cancelled",
        Outcome::Result(_) | Outcome::Raised(_) => "finished",
    }
}

/// A coroutine as it stands in the repr of its task: `main() running at f.py:3`.
pub fn coroutine_text(coroutine: &Value) -> String {
    match coroutine {
        Value::Coroutine(coroutine) => {
            let place = place::of_frame(coroutine);
            let how = match coroutine.state.get() {
                CoroutineState::Finished => "done, defined at",
                _ => "running at",
            };
            format!("{}() {how} {}:{}", coroutine.qualified_name(), place.source.name, place.position.line)
        }
        Value::NativeCoroutine(coroutine) => match coroutine.state.get() {
            CoroutineState::Running => format!("{}() running", coroutine.name),
            _ => format!("{}()", coroutine.name),
        },
        _ => "no coroutine".to_string(),
    }
}

fn callbacks_text(vm: &mut Vm, callbacks: &[Callback]) -> String {
    let mut text = |callback: &Callback| match callback {
        Callback::Wake(_) => "Task.task_wakeup()".to_string(),
        Callback::Call(call) => handle::callback_text(vm, &call.function, "()"),
        Callback::Listener(listening, _) => format!("{}()", listening.listener().name()),
    };
    match callbacks {
        [] => String::new(),
        [one] => text(one),
        [one, two] => format!("{}, {}", text(one), text(two)),
        [first, middle @ .., last] => format!("{}, <{} more>, {}", text(first), middle.len(), text(last)),
    }
}
