//! What happens to futures: results, cancellation, callbacks, and what counts as an awaitable.
//!
//! Whoever waits for a future is scheduled when it is done, never run at once.

use std::rc::Rc;

use super::event_loop::{self, EventLoop};
use super::observer::{self, Event};
use super::ready::{Notice, Ready};
use super::{foreign, policy, task};
use crate::memory::Tracer;
use crate::value::coroutine::{CoroutineName, Resume, Step};
use crate::value::future::{Callback, Callbacks, Listening, Outcome};
use crate::value::{
    CoroutineKind, Exception, Future, Gc, Mutable, NativeCoroutine, Raised, Result, Str, Task, Value,
    coroutine::NativeBody, symbols, types,
};
use crate::vm::Vm;

/// A pending future of this loop.
pub fn create(event_loop: &EventLoop) -> Gc<Future> {
    Gc::new(Future::pending(event_loop.number))
}

thread_local! {
    static DONE: Gc<Future> = {
        let done = Future::pending(0);
        done.finish(Outcome::Result(Value::None));
        Gc::new(done)
    };
}

/// An awaitable that gives None at once: always the same one, so that it costs nothing.
#[inline]
pub fn done() -> Value {
    DONE.with(|done| Value::Future(done.clone()))
}

/// The error of `set_result` and `set_exception` on a future that is done.
#[cold]
fn invalid_state(message: &str) -> Raised {
    Raised::new(&types().invalid_state_error, vec![Value::str(message)])
}

/// Makes it done and schedules its callbacks. InvalidStateError when it is done already.
pub fn set_result(future: &Value, result: Value) -> Result<()> {
    let Some(state) = future.as_future() else { return Err(Raised::type_error("a future is required")) };
    if state.is_done() {
        return Err(invalid_state("invalid state"));
    }
    state.finish(Outcome::Result(result));
    schedule_callbacks(future, state)
}

/// What a native coroutine gives or raises that ends with the result of a future.
pub fn raise_or_return(this: &NativeCoroutine, vm: &mut Vm, future: &Future) -> Result<Value> {
    let result = future.result().unwrap_or_else(|| Err(invalid_state("Result is not set.")));
    if let Err(raised) = &result {
        vm.set_context_in(this, &raised.0);
    }
    result
}

/// As `set_result`, with an exception; somebody should then ask for it.
pub fn set_exception(future: &Value, raised: Raised) -> Result<()> {
    let Some(state) = future.as_future() else { return Err(Raised::type_error("a future is required")) };
    if state.is_done() {
        return Err(invalid_state("invalid state"));
    }
    let raised = if raised.is_a(&types().stop_iteration) {
        let message = "StopIteration interacts badly with generators and cannot be raised into a Future";
        let wrapped = Raised::runtime_error(message);
        wrapped.0.cause.set(Value::Exception(raised.0.clone()));
        wrapped.0.context.set(Value::Exception(raised.0));
        wrapped
    } else {
        raised
    };
    state.finish(Outcome::Raised(raised));
    schedule_callbacks(future, state)
}

/// The exception a script gives to `set_exception`: an instance, or a class that is called.
pub fn exception_from(vm: &mut Vm, value: &Value) -> Result<Gc<Exception>> {
    let made = match value {
        Value::Class(class) if class.is_subclass(&types().base_exception) => vm.call(value, &[])?,
        other => other.clone(),
    };
    match made {
        Value::Exception(exception) => Ok(exception),
        _ => Err(Raised::type_error("invalid exception object")),
    }
}

/// Makes a plain future cancelled, whatever its class says. False when it is done.
pub fn cancel_here(future: &Value, message: &Value) -> Result<bool> {
    let Some(state) = future.as_future() else { return Ok(false) };
    state.log_exception.set(false);
    if state.is_done() {
        return Ok(false);
    }
    state.set_cancel_message(message);
    state.finish(Outcome::Cancelled);
    schedule_callbacks(future, state)?;
    Ok(true)
}

/// `future.cancel(message)`, as its class defines it.
pub fn cancel(vm: &mut Vm, future: &Value, message: &Value) -> Result<bool> {
    let Some(state) = future.as_future() else { return foreign::cancel(vm, future, message) };
    // Tasks that wait for each other would cancel each other without end.
    vm.nest("", |vm| cancel_nested(vm, future, state, message))
}

fn cancel_nested(vm: &mut Vm, future: &Value, state: &Future, message: &Value) -> Result<bool> {
    let class = state.class();
    if !class.is_builtin()
        && let Some(method) = class.lookup(&Str::intern("cancel"))
        && !matches!(method, Value::Native(_))
    {
        let method = vm.get_attribute(future, &Str::intern("cancel"))?;
        let answer = vm.call_with_keywords(&method, std::slice::from_ref(message), &[symbols().msg.clone()])?;
        return vm.truth(&answer);
    }
    cancel_natively(vm, future, message)
}

/// As `cancel`, past a class of the script.
pub fn cancel_natively(vm: &mut Vm, future: &Value, message: &Value) -> Result<bool> {
    match future {
        Value::Task(task) => task::cancel(vm, task, message),
        _ => match future.as_future().and_then(|state| state.canceller()) {
            Some(part) => {
                if future.as_future().is_some_and(Future::is_done) {
                    return Ok(false);
                }
                part.listener().cancel(vm, message)
            }
            None => cancel_here(future, message),
        },
    }
}

fn entry(callback: Callback, future: &Value) -> Ready {
    match callback {
        Callback::Wake(task) => {
            observer::tell(&task, || Event::Woken(event_loop::current_task()));
            Ready::Step(task)
        }
        Callback::Call(call) => Ready::Call(Box::new((*call, future.clone()))),
        Callback::Listener(listener, index) => {
            Ready::Notify(Box::new(Notice { listener, index, future: future.clone() }))
        }
    }
}

/// Schedules what waits for a future that has become done.
pub(super) fn schedule_callbacks(future: &Value, state: &Future) -> Result<()> {
    let home = state.home.get();
    match state.callbacks.take() {
        Callbacks::None => Ok(()),
        Callbacks::One(callback) => event_loop::schedule(home, entry(callback, future)),
        Callbacks::Many(all) => {
            all.into_iter().try_for_each(|callback| event_loop::schedule(home, entry(callback, future)))
        }
    }
}

/// Registers a callback; it is scheduled now if the future is done.
pub fn add_callback(future: &Value, callback: Callback) -> Result<()> {
    let Some(state) = future.as_future() else { return Err(Raised::type_error("a future is required")) };
    if state.is_done() {
        return event_loop::schedule(state.home.get(), entry(callback, future));
    }
    state.callbacks.borrow_mut().push(callback);
    Ok(())
}

/// Takes a listener off a future.
pub fn remove_listener(future: &Future, listener: &Gc<Listening>) {
    if future.callbacks.borrow().is_empty() {
        return;
    }
    let callbacks = future.callbacks.take();
    let kept = callbacks
        .into_iter()
        .filter(|callback| !matches!(callback, Callback::Listener(other, _) if other.same(listener)))
        .collect();
    future.callbacks.set(kept);
}

/// `asyncio.iscoroutine`
pub fn is_coroutine(value: &Value) -> bool {
    match value {
        Value::Coroutine(coroutine) => coroutine.kind == CoroutineKind::Coroutine,
        Value::NativeCoroutine(coroutine) if !coroutine.is_plain_awaitable => true,
        other => foreign::is_coroutine(other),
    }
}

/// A coroutine that awaits something and gives its result.
struct Awaiting {
    /// Unbound once it is awaited.
    awaitable: Mutable<Value>,
}

impl NativeBody for Awaiting {
    fn resume(&self, _: &Gc<NativeCoroutine>, _: &mut Vm, input: Resume) -> Result<Step> {
        match (self.awaitable.take(), input) {
            (_, Resume::Raise(raised)) => Err(raised),
            (Value::Unbound, Resume::Value(value)) => Ok(Step::Return(value)),
            (awaitable, Resume::Value(_)) => Ok(Step::Await(awaitable)),
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.awaitable.borrow().trace(tracer);
    }

    fn clear(&self) {
        self.awaitable.set(Value::Unbound);
    }
}

/// A coroutine that awaits this; a coroutine as it is.
pub fn as_coroutine(awaitable: Value) -> Value {
    if is_coroutine(&awaitable) {
        return awaitable;
    }
    Value::NativeCoroutine(NativeCoroutine::new(&"_wrap_awaitable", Awaiting { awaitable: Mutable::new(awaitable) }))
}

/// `ensure_future`: a future as it is, a coroutine or another awaitable as a new task of this loop
/// (None: the current one).
pub fn ensure(vm: &mut Vm, value: &Value, event_loop: Option<&Rc<EventLoop>>) -> Result<Value> {
    if let Some(future) = value.as_future() {
        if event_loop.is_some_and(|event_loop| event_loop.number != future.home.get()) {
            let message = "The future belongs to a different loop than the one specified as the loop argument";
            return Err(Raised::value_error(message));
        }
        return Ok(value.clone());
    }
    if foreign::is_future(vm, value)? {
        return Ok(value.clone());
    }
    let coroutine = if is_coroutine(value) {
        value.clone()
    } else if is_awaitable(value) {
        as_coroutine(value.clone())
    } else {
        return Err(Raised::type_error("An asyncio.Future, a coroutine or an awaitable is required"));
    };
    let event_loop = match event_loop {
        Some(event_loop) => event_loop.clone(),
        None => policy::current(vm)?,
    };
    task::create_with_factory(vm, &event_loop, coroutine, Value::None, None)
}

/// Whether `await` takes it.
pub fn is_awaitable(value: &Value) -> bool {
    match value {
        Value::Future(_) | Value::Task(_) | Value::NativeCoroutine(_) => true,
        Value::Coroutine(coroutine) => coroutine.kind == CoroutineKind::Coroutine,
        other => other.class().lookup(&symbols().await_).is_some(),
    }
}

/// The future of a value that is known to be a future or task, as the task it may be.
pub fn as_task(value: &Value) -> Option<&Gc<Task>> {
    match value {
        Value::Task(task) => Some(task),
        _ => None,
    }
}

/// A coroutine that ends at once, with a value or an error.
struct Ended(Mutable<Option<Result<Value>>>);

impl NativeBody for Ended {
    fn resume(&self, _: &Gc<NativeCoroutine>, _: &mut Vm, input: Resume) -> Result<Step> {
        match input {
            Resume::Raise(raised) => Err(raised),
            Resume::Value(_) => self.0.take().unwrap_or(Ok(Value::None)).map(Step::Return),
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        match &*self.0.borrow() {
            Some(Ok(value)) => value.trace(tracer),
            Some(Err(raised)) => tracer.visit(&raised.0),
            None => {}
        }
    }

    fn clear(&self) {
        self.0.set(None);
    }
}

/// A coroutine that gives this when it is awaited.
pub fn ready(name: CoroutineName, value: Value) -> Gc<NativeCoroutine> {
    NativeCoroutine::new(name, Ended(Mutable::new(Some(Ok(value)))))
}

/// A coroutine that raises this when it is awaited.
pub fn failing(name: CoroutineName, raised: Raised) -> Gc<NativeCoroutine> {
    NativeCoroutine::new(name, Ended(Mutable::new(Some(Err(raised)))))
}

/// As `Awaiting`, but gives None.
struct AwaitingForNone(Awaiting);

impl NativeBody for AwaitingForNone {
    fn resume(&self, this: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        Ok(match self.0.resume(this, vm, input)? {
            Step::Return(_) => Step::Return(Value::None),
            other => other,
        })
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.0.trace(tracer);
    }

    fn clear(&self) {
        self.0.clear();
    }
}

/// A coroutine that awaits something and gives None.
pub fn awaiting_for_none(name: CoroutineName, awaitable: Value) -> Gc<NativeCoroutine> {
    NativeCoroutine::new(name, AwaitingForNone(Awaiting { awaitable: Mutable::new(awaitable) }))
}
