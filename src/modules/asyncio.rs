//! The module `asyncio`: the scheduler as scripts see it.

use std::rc::Rc;

use crate::bytecode::CodeKind;
use crate::native;
use crate::scheduler::event_loop::{self, EventLoop};
use crate::scheduler::gather::Exceptions;
use crate::scheduler::wait::Until;
use crate::scheduler::{as_completed, classes, future, gather, runner, shield, sleep, task, timeout, wait, wait_for};
use crate::value::{Gc, Module, Native, NativeFunction, Raised, Result, Set, Str, Value, types};
use crate::vm::Vm;

/// The module object.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    classes::install();
    let module = Module::new("asyncio");
    for row in FUNCTIONS {
        module.set(row.name(), Value::Native(NativeFunction::of_module(row, &module.name)));
    }
    let types = types();
    for class in [
        &types.future,
        &types.task,
        &types.handle,
        &types.timer_handle,
        &types.lock,
        &types.event,
        &types.condition,
        &types.semaphore,
        &types.bounded_semaphore,
        &types.barrier,
        &types.queue,
        &types.priority_queue,
        &types.lifo_queue,
        &types.task_group,
        &types.runner,
        &types.timeout_error,
        &types.cancelled_error,
        &types.invalid_state_error,
        &types.broken_barrier_error,
        &types.queue_empty,
        &types.queue_full,
        &types.queue_shut_down,
    ] {
        module.set(&class.name(), Value::Class(class.clone()));
    }
    module.set("Timeout", Value::Class(types.timeout.clone()));
    module.set("AbstractEventLoop", Value::Class(types.event_loop.clone()));
    module.set("DeadlockError", Value::Class(types.deadlock_error.clone()));
    for (name, _) in Until::NAMES {
        module.set(name, Value::Str(Str::intern(name)));
    }
    Ok(module)
}

fn given(value: Option<Value>) -> Option<Value> {
    value.filter(|value| !value.is_none())
}

fn run(vm: &mut Vm, main: &Value, debug: Option<Option<bool>>, loop_factory: Option<Value>) -> Result<Value> {
    if given(loop_factory).is_some() {
        return Err(Raised::not_implemented_error("asyncio.run: loop_factory is only supported by asyncio.Runner"));
    }
    runner::run(vm, main, debug.flatten())
}

fn sleep_(vm: &mut Vm, delay: &Value, result: Option<Value>) -> Result<Value> {
    sleep::sleep(vm, delay, result).map(Value::NativeCoroutine)
}

fn create_task(vm: &mut Vm, coroutine: Value, name: Option<Value>, context: Option<Value>) -> Result<Value> {
    let event_loop = event_loop::running_or_error()?;
    task::create_with_factory(vm, &event_loop, coroutine, name.unwrap_or(Value::None), given(context))
}

fn ensure_future(vm: &mut Vm, awaitable: &Value, event_loop: Option<&Rc<EventLoop>>) -> Result<Value> {
    future::ensure(vm, awaitable, event_loop)
}

fn gather_(vm: &mut Vm, awaitables: &[Value], return_exceptions: Option<bool>) -> Result<Value> {
    let exceptions = if return_exceptions == Some(true) { Exceptions::Returned } else { Exceptions::Raised };
    gather::gather(vm, awaitables, exceptions)
}

fn current_task(_: &mut Vm, event_loop: Option<&Rc<EventLoop>>) -> Result<Value> {
    let event_loop = match event_loop {
        Some(event_loop) => event_loop.clone(),
        None => event_loop::running_or_error()?,
    };
    Ok(event_loop.current_task().into())
}

fn all_tasks(vm: &mut Vm, event_loop: Option<&Rc<EventLoop>>) -> Result<Value> {
    let event_loop = match event_loop {
        Some(event_loop) => event_loop.clone(),
        None => event_loop::running_or_error()?,
    };
    let tasks = Gc::new(Set::new());
    for task in event_loop.pending_tasks() {
        vm.set_add(&tasks, Value::Task(task))?;
    }
    Ok(Value::Set(tasks))
}

fn get_running_loop(_: &mut Vm) -> Result<Value> {
    Ok(event_loop::running_or_error()?.object())
}

fn running_loop_or_none(_: &mut Vm) -> Option<Value> {
    event_loop::running().map(|event_loop| event_loop.object())
}

fn get_event_loop(_: &mut Vm) -> Value {
    event_loop::current_or_new().object()
}

fn new_event_loop(_: &mut Vm) -> Value {
    EventLoop::new().object()
}

fn set_event_loop(_: &mut Vm, event_loop: Option<&Rc<EventLoop>>) {
    event_loop::set_current(event_loop.cloned());
}

fn iscoroutine(_: &mut Vm, value: &Value) -> bool {
    future::is_coroutine(value)
}

fn iscoroutinefunction(vm: &mut Vm, value: &Value) -> Result<bool> {
    let function = match value {
        Value::Method(method) => &method.function,
        other => other,
    };
    if let Value::Function(function) = function
        && function.code.code.kind == CodeKind::Coroutine
    {
        return Ok(true);
    }
    // What `inspect.markcoroutinefunction` leaves behind.
    let mark = vm.get_attribute_if_any(function, &Str::intern("_is_coroutine_mark"))?;
    Ok(matches!(mark, Some(Value::Bool(true))))
}

fn isfuture(_: &mut Vm, value: &Value) -> bool {
    value.as_future().is_some()
}

pub const FUNCTIONS: &[Native] = &[
    native!(
        "run(main, *, debug=None, loop_factory=None)",
        run(required, named, named),
        "Runs a coroutine on a loop of its own and gives its result."
    ),
    native!("sleep(delay, result=None)", sleep_(required, optional), "Waits for a time in seconds."),
    native!(
        "create_task(coro, *, name=None, context=None)",
        create_task(required, named, named),
        "Starts a task that runs beside this one."
    ),
    native!(
        "ensure_future(coro_or_future, *, loop=None)",
        ensure_future(required, named),
        "A future as it is; another awaitable as a task."
    ),
    native!(
        "gather(*coros_or_futures, return_exceptions=False)",
        gather_(rest, named),
        "Runs awaitables side by side. Gives a future for the list of results."
    ),
    native!(
        "wait(fs, *, timeout=None, return_when='ALL_COMPLETED')",
        wait::wait(required, named, named),
        "Waits for futures. Gives those that are done and those that are not."
    ),
    native!(
        "wait_for(fut, timeout)",
        wait_for::wait_for(required, required),
        "Waits for one awaitable, but not longer than a time in seconds."
    ),
    native!("timeout(delay)", timeout::timeout(required), "Limits the time of a block."),
    native!("timeout_at(when)", timeout::timeout_at(required), "Limits a block to a moment of the loop's clock."),
    native!("shield(arg)", shield::shield(required), "Waits for an awaitable that is not cancelled with the waiter."),
    native!(
        "as_completed(fs, *, timeout=None)",
        as_completed::as_completed(required, named),
        "Iterates over awaitables in the order in which they end."
    ),
    native!("current_task(loop=None)", current_task(optional), "The task that is running, or None."),
    native!("all_tasks(loop=None)", all_tasks(optional), "The tasks that are not done."),
    native!("get_running_loop()", get_running_loop, "The loop that is running."),
    native!("_get_running_loop()", running_loop_or_none, "The loop that is running, or None."),
    native!("get_event_loop()", get_event_loop, "The running loop, or the one that was set."),
    native!("new_event_loop()", new_event_loop, "A new loop."),
    native!("set_event_loop(loop)", set_event_loop(required), "Sets the loop get_event_loop() gives."),
    native!("iscoroutine(obj)", iscoroutine(required), "Whether it is a coroutine."),
    native!("iscoroutinefunction(func)", iscoroutinefunction(required), "Whether calling it gives a coroutine."),
    native!("isfuture(obj)", isfuture(required), "Whether it is a future or task."),
];
