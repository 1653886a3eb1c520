//! The methods of `Future` and `Task`.

use std::cell::Cell;

use super::event_loop;
use super::{context, future, future_attributes, policy, task, task_repr};
use crate::memory::Tracer;
use crate::native;
use crate::value::coroutine::{CoroutineState, NativeBody, Resume, Step};
use crate::value::future::{Callback, ScriptCallback};
use crate::value::{
    Class, Dict, Exception, Future, Gc, Mutable, Native, NativeCoroutine, Raised, Result, Task, Value, types,
};
use crate::vm::Vm;

fn given(value: Option<Value>) -> Option<Value> {
    value.filter(|value| !value.is_none())
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    Value::Future(Gc::new(Future::pending_of_class(class.clone(), 0)))
}

fn init(vm: &mut Vm, this: &Future, event_loop: Option<Value>) -> Result<()> {
    let event_loop = match given(event_loop) {
        None => policy::current(vm)?,
        Some(value) => policy::expect_loop(&value)?,
    };
    this.home.set(event_loop.number);
    future_attributes::remember_source(vm, &event_loop, this)
}

fn not_ready(message: &str) -> Raised {
    Raised::new(&types().invalid_state_error, vec![Value::str(message)])
}

/// RuntimeError for a future whose `__init__` was never called.
fn check_initialized(this: &Future) -> Result<()> {
    if this.home.get() == 0 && !this.is_done() {
        return Err(Raised::runtime_error("Future object is not initialized."));
    }
    Ok(())
}

fn result(vm: &mut Vm, this: &Future) -> Result<Value> {
    let result = this.result().unwrap_or_else(|| Err(not_ready("Result is not set.")));
    if let Err(raised) = &result {
        vm.set_context(&raised.0);
    }
    result
}

fn exception(vm: &mut Vm, this: &Future) -> Result<Option<Gc<Exception>>> {
    if this.is_cancelled() {
        let cancelled = this.cancelled_error();
        vm.set_context(&cancelled.0);
        return Err(cancelled);
    }
    if !this.is_done() {
        return Err(not_ready("Exception is not set."));
    }
    Ok(this.exception().map(|raised| raised.0))
}

fn set_result(_: &mut Vm, this: &Value, value: Value) -> Result<()> {
    this.as_future().map_or(Ok(()), check_initialized)?;
    future::set_result(this, value)
}

fn set_exception(vm: &mut Vm, this: &Value, exception: &Value) -> Result<()> {
    this.as_future().map_or(Ok(()), check_initialized)?;
    if this.as_future().is_some_and(Future::is_done) {
        return Err(not_ready("invalid state"));
    }
    let exception = future::exception_from(vm, exception)?;
    future::set_exception(this, Raised(exception))
}

fn done(_: &mut Vm, this: &Future) -> bool {
    this.is_done()
}

fn cancelled(_: &mut Vm, this: &Future) -> bool {
    this.is_cancelled()
}

fn cancel(vm: &mut Vm, this: &Value, message: Option<Value>) -> Result<bool> {
    this.as_future().map_or(Ok(()), check_initialized)?;
    future::cancel_natively(vm, this, &message.unwrap_or(Value::None))
}

fn add_done_callback(_: &mut Vm, this: &Value, function: Value, context: Option<Value>) -> Result<()> {
    this.as_future().map_or(Ok(()), check_initialized)?;
    let context = given(context).unwrap_or_else(context::current);
    future::add_callback(this, Callback::Call(Box::new(ScriptCallback { function, context })))
}

fn remove_done_callback(vm: &mut Vm, this: &Future, function: &Value) -> Result<usize> {
    check_initialized(this)?;
    let callbacks = this.callbacks.get();
    let mut removed = Vec::new();
    for callback in callbacks.iter() {
        let same = match callback {
            Callback::Call(call) => vm.equal(&call.function, function)?,
            _ => false,
        };
        removed.push(same);
    }
    let count = removed.iter().filter(|same| **same).count();
    if count > 0 {
        // What was registered while the comparison ran stays.
        let now = this.callbacks.take();
        let kept = now.into_iter().enumerate().filter(|(index, _)| !removed.get(*index).copied().unwrap_or(false));
        this.callbacks.set(kept.map(|(_, callback)| callback).collect());
    }
    Ok(count)
}

fn get_loop(_: &mut Vm, this: &Future) -> Result<Value> {
    match event_loop::find_any(this.home.get()) {
        Some(event_loop) => Ok(event_loop.object()),
        None if this.home.get() == 0 => Err(Raised::runtime_error("Future object is not initialized.")),
        None => Err(Raised::runtime_error("Event loop is closed")),
    }
}

fn repr(vm: &mut Vm, this: &Value) -> Result<String> {
    task_repr::repr(vm, this)
}

/// What `await` iterates over: yields the future until it is done.
struct AwaitFuture {
    future: Mutable<Value>,
    has_yielded: Cell<bool>,
}

impl NativeBody for AwaitFuture {
    fn resume(&self, this: &Gc<NativeCoroutine>, _: &mut Vm, input: Resume) -> Result<Step> {
        if let Resume::Raise(raised) = input {
            return Err(raised);
        }
        let future = self.future.get();
        match future.as_future().and_then(|state| state.result()) {
            Some(result) => result.map(Step::Return),
            None if this.state.get() == CoroutineState::Finished => Err(super::wait_queue::not_awaited()),
            None if self.has_yielded.replace(true) => Err(Raised::runtime_error("await wasn't used with future")),
            None => {
                if let Some(state) = future.as_future() {
                    check_initialized(state)?;
                    state.is_blocking.set(true);
                }
                Ok(Step::Yield(future))
            }
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.future.borrow().trace(tracer);
    }
}

fn await_(_: &mut Vm, this: &Value) -> Result<Value> {
    if let Some(state) = this.as_future() {
        check_initialized(state)?;
    }
    let body = AwaitFuture { future: Mutable::new(this.clone()), has_yielded: Cell::new(false) };
    Ok(Value::NativeCoroutine(NativeCoroutine::awaitable(&"Future.__await__", body)))
}

pub const FUTURE_METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes a future.").static_method(),
    native!("__init__(self, *, loop=None)", init(required, named), "A future without a result."),
    native!("__repr__(self)", repr(required), "The state of the future."),
    native!("__await__(self)", await_(required), "Waits for the result."),
    native!("__iter__(self)", await_(required), "Waits for the result."),
    native!("result(self, /)", result(required), "The result; raises what the future ended with."),
    native!("exception(self, /)", exception(required), "The exception the future ended with, or None."),
    native!("set_result(self, result, /)", set_result(required, required), "Makes it done, with a result."),
    native!("set_exception(self, exception, /)", set_exception(required, required), "Makes it done, with an error."),
    native!("done(self, /)", done(required), "Whether it is done."),
    native!("cancelled(self, /)", cancelled(required), "Whether it was cancelled."),
    native!("cancel(self, /, msg=None)", cancel(required, optional), "Cancels it. False when it is done."),
    native!(
        "add_done_callback(self, fn, /, *, context=None)",
        add_done_callback(required, required, named),
        "Calls a function with the future when it is done."
    ),
    native!(
        "remove_done_callback(self, fn, /)",
        remove_done_callback(required, required),
        "Takes a callback back. Gives how often it was registered."
    ),
    native!("get_loop(self, /)", get_loop(required), "The loop it belongs to."),
];

fn new_task(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    Value::Task(Task::of_class(class.clone()))
}

fn init_task(
    vm: &mut Vm,
    this: &Gc<Task>,
    coroutine: Value,
    event_loop: Option<Value>,
    name: Option<Value>,
    context: Option<Value>,
    eager_start: Option<bool>,
) -> Result<()> {
    if !this.coroutine.borrow().is_unbound() {
        return Err(Raised::runtime_error("the task has been set up already"));
    }
    let event_loop = match given(event_loop) {
        None => policy::current(vm)?,
        Some(value) => policy::expect_loop(&value)?,
    };
    event_loop.check_closed()?;
    task::check_coroutine(vm, &coroutine)?;
    let name = task::name_value(vm, name.unwrap_or(Value::None))?;
    if eager_start == Some(true) {
        return task::set_up_eagerly(vm, this, &event_loop, coroutine, name, given(context));
    }
    task::set_up_watched(vm, this, &event_loop, coroutine, name, given(context))
}

fn no_set_result(_: &mut Vm, _: &Value, _: &Value) -> Result<()> {
    Err(Raised::runtime_error("Task does not support set_result operation"))
}

fn no_set_exception(_: &mut Vm, _: &Value, _: &Value) -> Result<()> {
    Err(Raised::runtime_error("Task does not support set_exception operation"))
}

fn cancelling(_: &mut Vm, this: &Gc<Task>) -> i64 {
    this.cancel_requests.get().into()
}

fn uncancel(_: &mut Vm, this: &Gc<Task>) -> i64 {
    task::uncancel(this).into()
}

fn get_name(_: &mut Vm, this: &Gc<Task>) -> Value {
    this.name()
}

fn set_name(vm: &mut Vm, this: &Gc<Task>, name: &Value) -> Result<()> {
    let name = vm.str(name)?;
    this.set_name(Value::Str(name));
    Ok(())
}

fn get_coro(_: &mut Vm, this: &Gc<Task>) -> Value {
    this.coroutine.get().bound().into()
}

fn get_context(_: &mut Vm, this: &Gc<Task>) -> Value {
    let is_running = event_loop::current_task().is_some_and(|current| current.same(this));
    let context = Value::Instance(match is_running {
        true => context::object_of_running(this.address()),
        false => context::object_of_task(this.context(), this.address()),
    });
    this.set_context(context.clone());
    context
}

pub const TASK_METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new_task(required, rest, keywords), "Makes a task.").static_method(),
    native!(
        "__init__(self, coro, *, loop=None, name=None, context=None, eager_start=False)",
        init_task(required, required, named, named, named, named),
        "Drives a coroutine."
    ),
    native!("set_result(self, result, /)", no_set_result(required, required), "Not for tasks."),
    native!("set_exception(self, exception, /)", no_set_exception(required, required), "Not for tasks."),
    native!("cancelling(self, /)", cancelling(required), "How often it was cancelled, less uncancel()."),
    native!("uncancel(self, /)", uncancel(required), "Takes a cancellation back. Gives how many are left."),
    native!("get_name(self, /)", get_name(required), "The name of the task."),
    native!("set_name(self, value, /)", set_name(required, required), "Gives the task a name."),
    native!("get_coro(self, /)", get_coro(required), "The coroutine."),
    native!("get_context(self, /)", get_context(required), "The context its steps run in."),
];
