//! Coroutines and futures that are objects of the script: driven and awaited through their methods.

use super::event_loop::EventLoop;
use super::{context, entry};
use crate::value::coroutine::Resume;
use crate::value::future::Waiting;
use crate::value::{Gc, Result, Str, Task, Value, types};
use crate::vm::{self, Vm};

/// Whether it has all that makes a coroutine: `collections.abc.Coroutine`.
pub fn is_coroutine(value: &Value) -> bool {
    if !matches!(value, Value::Instance(_) | Value::NativeCoroutine(_)) {
        return false;
    }
    let class = value.class();
    ["send", "throw", "close", "__await__"].iter().all(|name| class.lookup(&Str::intern(name)).is_some())
}

/// Whether it says of itself that it is a future: `_asyncio_future_blocking` is there and not None.
pub fn is_future(vm: &mut Vm, value: &Value) -> Result<bool> {
    let name = Str::intern("_asyncio_future_blocking");
    if !matches!(value, Value::Instance(_)) {
        return Ok(false);
    }
    let class = vm.get_attribute(value, &Str::intern("__class__"))?;
    if vm.get_attribute_if_any(&class, &name)?.is_none() {
        return Ok(false);
    }
    Ok(vm.get_attribute_if_any(value, &name)?.is_some_and(|blocking| !blocking.is_none()))
}

/// One step of a coroutine of the script.
pub fn drive(vm: &mut Vm, coroutine: &Value, input: Resume) -> Result<vm::Outcome> {
    let outcome = match input {
        Resume::Value(value) => vm.call_method(coroutine, &Str::intern("send"), &[value]),
        Resume::Raise(raised) => vm.call_method(coroutine, &Str::intern("throw"), &[Value::Exception(raised.0)]),
    };
    match outcome {
        Ok(yielded) => Ok(vm::Outcome::Yielded(yielded)),
        Err(raised) if raised.is_a(&types().stop_iteration) => {
            Ok(vm::Outcome::Returned(raised.0.first_argument().unwrap_or(Value::None)))
        }
        Err(raised) => Err(raised),
    }
}

/// `future.cancel(msg)` of a future of the script.
pub fn cancel(vm: &mut Vm, future: &Value, message: &Value) -> Result<bool> {
    let Some(cancel) = vm.get_attribute_if_any(future, &Str::intern("cancel"))? else { return Ok(false) };
    let answer = vm.call_with_keywords(&cancel, std::slice::from_ref(message), &[Str::intern("msg")])?;
    vm.truth(&answer)
}

/// What becomes of a task whose coroutine has yielded an object of the script.
pub enum Yielded {
    /// It is a future, and the task waits for it.
    Waits,
    /// It is a future that cannot be waited for, with the reason.
    Wrong(String),
    /// It is none.
    NoFuture,
}

/// A task has yielded this: when it is a future, the task waits for it.
pub fn wait(vm: &mut Vm, event_loop: &EventLoop, task: &Gc<Task>, value: &Value) -> Result<Yielded> {
    let name = Str::intern("_asyncio_future_blocking");
    let Some(blocking) = vm.get_attribute_if_any(value, &name)?.filter(|blocking| !blocking.is_none()) else {
        return Ok(Yielded::NoFuture);
    };
    let this = Value::Task(task.clone());
    let home = match vm.get_attribute_if_any(value, &Str::intern("get_loop"))? {
        Some(get_loop) => vm.call(&get_loop, &[])?,
        None => vm.get_attribute(value, &Str::intern("_loop"))?,
    };
    if super::handle::loop_of(&home).is_none_or(|home| home.number != event_loop.number) {
        let (task, future) = (vm.repr(&this)?, vm.repr(value)?);
        return Ok(Yielded::Wrong(format!("Task {task} got Future {future} attached to a different loop")));
    }
    if !vm.truth(&blocking)? {
        let (task, future) = (vm.repr(&this)?, vm.repr(value)?);
        return Ok(Yielded::Wrong(format!("yield was used instead of yield from in task {task} with {future}")));
    }
    vm.set_attribute(value, &name, Value::Bool(false))?;
    add_wakeup(vm, event_loop, task, value)?;
    if task.must_cancel.get() && cancel(vm, value, &task.future.cancel_message())? {
        task.must_cancel.set(false);
    }
    Ok(Yielded::Waits)
}

/// Whether a class of the script has its own way to add callbacks.
pub fn adds_callbacks(future: &Value) -> bool {
    if future.as_future().is_some_and(|state| !state.has_subclass()) {
        return false;
    }
    let class = future.class();
    !class.is_builtin() && !matches!(class.lookup(&Str::intern("add_done_callback")), Some(Value::Native(_)) | None)
}

/// The task waits for a future, through the method of the future's class.
pub fn add_wakeup(vm: &mut Vm, event_loop: &EventLoop, task: &Gc<Task>, value: &Value) -> Result<()> {
    let add = vm.get_attribute(value, &Str::intern("add_done_callback"))?;
    let context = Value::Instance(context::object(task.context()));
    let wakeup = entry::waking(event_loop, task.clone());
    vm.call_with_keywords(&add, &[wakeup, context], &[Str::intern("context")])?;
    task.waiting.set(Waiting::Future(value.clone()));
    Ok(())
}
