//! The attributes of futures and tasks that drivers of tasks, test suites and other implementations of
//! futures look at; CPython's native classes have them too.

use std::cell::Cell;

use super::context;
use super::event_loop::{self, EventLoop};
use crate::native;
use crate::value::future::{Callback, Outcome, Waiting};
use crate::value::{Future, Gc, Native, Raised, Result, Str, Task, Value};
use crate::vm::Vm;

fn state(_: &mut Vm, this: &Future) -> String {
    let name = match &*this.outcome.borrow() {
        Outcome::Pending => "PENDING",
        Outcome::Cancelled => "CANCELLED",
        _ => "FINISHED",
    };
    name.to_string()
}

fn result(_: &mut Vm, this: &Future) -> Value {
    match &*this.outcome.borrow() {
        Outcome::Result(value) => value.clone(),
        _ => Value::None,
    }
}

fn exception(_: &mut Vm, this: &Future) -> Value {
    match &*this.outcome.borrow() {
        Outcome::Raised(raised) => Value::Exception(raised.0.clone()),
        _ => Value::None,
    }
}

fn home(_: &mut Vm, this: &Future) -> Value {
    event_loop::find_any(this.home.get()).map_or(Value::None, |event_loop| event_loop.object())
}

fn callbacks(_: &mut Vm, this: &Future) -> Value {
    let callbacks = this.callbacks.get();
    let pairs: Vec<Value> = callbacks
        .into_iter()
        .filter_map(|callback| match callback {
            Callback::Call(call) => {
                let context = Value::Instance(context::object(call.context));
                Some(Value::tuple(vec![call.function, context]))
            }
            Callback::Wake(_) | Callback::Listener(..) => None,
        })
        .collect();
    if pairs.is_empty() { Value::None } else { Value::list(pairs) }
}

fn is_blocking(_: &mut Vm, this: &Future) -> bool {
    this.is_blocking.get()
}

fn cancel_message(_: &mut Vm, this: &Future) -> Value {
    this.cancel_message()
}

fn source_traceback(_: &mut Vm, this: &Future) -> Value {
    this.source_traceback()
}

/// Gives the frames that are running, as `traceback.extract_stack()` does.
pub type StackSource = fn(&mut Vm) -> Result<Value>;

thread_local! {
    static STACK_SOURCE: Cell<Option<StackSource>> = const { Cell::new(None) };
}

/// Sets who gives the frames that are running.
pub fn set_stack_source(source: StackSource) {
    STACK_SOURCE.set(Some(source));
}

/// In debug mode a future remembers where it was made.
#[inline]
pub fn remember_source(vm: &mut Vm, event_loop: &EventLoop, future: &Future) -> Result<()> {
    if event_loop.debug.get()
        && let Some(frames) = source_stack(vm, event_loop)?
    {
        future.set_source_traceback(frames);
    }
    Ok(())
}

/// In debug mode, the frames that are running.
pub(super) fn source_stack(vm: &mut Vm, event_loop: &EventLoop) -> Result<Option<Value>> {
    match STACK_SOURCE.get() {
        Some(source) if event_loop.debug.get() => source(vm).map(Some),
        _ => Ok(None),
    }
}

/// Where something was made, as its repr says it; None when that is not known.
pub(super) fn created_at(vm: &mut Vm, source: &Value) -> Result<Option<String>> {
    if source.is_none() {
        return Ok(None);
    }
    let Some(last) = vm.collect(source)?.pop() else { return Ok(None) };
    let file = vm.get_attribute(&last, &Str::intern("filename"))?;
    let line = vm.get_attribute(&last, &Str::intern("lineno"))?;
    Ok(Some(format!("created at {}:{}", vm.str(&file)?, vm.str(&line)?)))
}

fn make_cancelled_error(_: &mut Vm, this: &Future) -> Value {
    Value::Exception(this.cancelled_error().0)
}

fn log_traceback(_: &mut Vm, this: &Future) -> bool {
    this.log_exception.get()
}

fn log_destroy_pending(_: &mut Vm, this: &Gc<Task>) -> bool {
    this.log_destroyed.get()
}

fn coroutine(_: &mut Vm, this: &Gc<Task>) -> Value {
    this.coroutine.get().bound().into()
}

fn waited_for(_: &mut Vm, this: &Gc<Task>) -> Value {
    match &*this.waiting.borrow() {
        Waiting::Future(future) => future.clone(),
        Waiting::Native(native) => Value::NativeCoroutine(native.clone()),
        // A future stands for it, as in CPython.
        Waiting::Timer(_) | Waiting::LeavesTimer(_) => Value::Future(Gc::new(Future::pending(this.future.home.get()))),
        Waiting::Nothing => Value::None,
    }
}

fn must_cancel(_: &mut Vm, this: &Gc<Task>) -> bool {
    this.must_cancel.get()
}

fn cancel_requests(_: &mut Vm, this: &Gc<Task>) -> i64 {
    this.cancel_requests.get().into()
}

/// Sets one of them. False: it is none of those that can be set.
pub fn set(vm: &mut Vm, object: &Value, name: &Str, value: Option<&Value>) -> Result<bool> {
    let Some(future) = object.as_future() else { return Ok(false) };
    let Some(value) = value else { return Ok(false) };
    match &**name {
        "_log_traceback" => {
            if vm.truth(value)? {
                return Err(Raised::value_error("_log_traceback can only be set to False"));
            }
            future.log_exception.set(false);
        }
        "_asyncio_future_blocking" => future.is_blocking.set(vm.truth(value)?),
        "_cancel_message" => future.set_cancel_message(value),
        "_log_destroy_pending" => match object {
            Value::Task(task) => task.log_destroyed.set(vm.truth(value)?),
            _ => return Ok(false),
        },
        _ => return Ok(false),
    }
    Ok(true)
}

pub const FUTURE_ATTRIBUTES: &[Native] = &[
    native!("_state(self)", state(required), "PENDING, CANCELLED or FINISHED.").getter(),
    native!("_result(self)", result(required), "The result, or None.").getter(),
    native!("_exception(self)", exception(required), "The exception, or None.").getter(),
    native!("_loop(self)", home(required), "The loop it belongs to.").getter(),
    native!("_callbacks(self)", callbacks(required), "The callbacks of the script with their contexts.").getter(),
    native!("_asyncio_future_blocking(self)", is_blocking(required), "Whether it is being yielded.").getter(),
    native!("_cancel_message(self)", cancel_message(required), "The argument of cancel().").getter(),
    native!("_source_traceback(self)", source_traceback(required), "Where it was made, in debug mode.").getter(),
    native!("_log_traceback(self)", log_traceback(required), "Whether its exception was not retrieved.").getter(),
    native!("_make_cancelled_error(self)", make_cancelled_error(required), "The CancelledError to raise."),
];

pub const TASK_ATTRIBUTES: &[Native] = &[
    native!("_log_destroy_pending(self)", log_destroy_pending(required), "Whether dying pending is reported.").getter(),
    native!("_coro(self)", coroutine(required), "The coroutine.").getter(),
    native!("_fut_waiter(self)", waited_for(required), "What it waits for, or None.").getter(),
    native!("_must_cancel(self)", must_cancel(required), "Whether its next step is to be cancelled.").getter(),
    native!("_num_cancels_requested(self)", cancel_requests(required), "As cancelling().").getter(),
];
