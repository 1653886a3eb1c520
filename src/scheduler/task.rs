//! Tasks: a coroutine driven by the loop, step by step.
//!
//! A task that is not done is in one of three states: it waits (`waiting` says for what, and that is
//! not done), it is ready (an entry for it is in the ready queue), or its step is running. A native
//! coroutine that suspends a task needs no future: it wakes the task itself, in as many turns of the
//! loop as CPython takes with a future.

use std::rc::Rc;

use super::event_loop::EventLoop;
use super::foreign::{self, Yielded};
use super::observer::{self, Event};
use super::ready::{Cancellation, Ready};
use super::{context, entry, exception_handler, future, future_attributes, overriding, task_repr};
use crate::memory::interrupt;
use crate::value::coroutine::{CoroutineState, Resume};
use crate::value::future::{Callback, Outcome, Waiting};
use crate::value::{CoroutineKind, Gc, Raised, Result, Str, Task, Value, types};
use crate::vm::{self, Vm};

thread_local! {
    /// The last number used for a name.
    static LAST_NUMBER: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// Makes a task of a coroutine; its first step runs in the next iteration. `name` is None for
/// "Task-7"; without a context it gets a copy of the current one.
#[inline]
pub fn create(event_loop: &EventLoop, coroutine: Value, name: Value, context: Option<Value>) -> Gc<Task> {
    let task = Task::new();
    set_up(&task, event_loop, coroutine, name, context);
    task
}

/// Gives a new task its coroutine and schedules its first step.
pub fn set_up(task: &Gc<Task>, event_loop: &EventLoop, coroutine: Value, name: Value, context: Option<Value>) {
    prepare(task, event_loop, coroutine, name, context);
    event_loop.ready.push(Ready::Step(task.clone()));
}

/// As `set_up`, but the first step runs at once, inside of what makes the task, when the loop is running.
/// Fails only with what ends the loop.
pub fn set_up_eagerly(
    vm: &mut Vm,
    task: &Gc<Task>,
    event_loop: &EventLoop,
    coroutine: Value,
    name: Value,
    context: Option<Value>,
) -> Result<()> {
    if !event_loop.is_running() {
        set_up(task, event_loop, coroutine, name, context);
        return Ok(());
    }
    if let Some(context) = &context
        && context::is_entered(context)
    {
        let shown = vm.repr(context)?;
        return Err(Raised::runtime_error(format!("cannot enter context: {shown} is already entered")));
    }
    prepare(task, event_loop, coroutine, name, context);
    let outcome = step(vm, event_loop, task.clone(), None);
    if task.future.is_done() {
        task.coroutine.set(Value::Unbound);
    }
    outcome
}

fn prepare(task: &Gc<Task>, event_loop: &EventLoop, coroutine: Value, name: Value, context: Option<Value>) {
    task.future.home.set(event_loop.number);
    task.coroutine.set(coroutine);
    let number = LAST_NUMBER.get();
    if name.is_none() {
        LAST_NUMBER.set(number.wrapping_add(1));
        task.number.set(number.wrapping_add(1));
    } else {
        task.number.set(number);
        task.set_name(name);
    }
    let context = context.unwrap_or_else(context::current);
    if !context.is_none() {
        task.set_context(context);
    }
    task.log_destroyed.set(true);
    event_loop.enter_task(task);
    observer::tell(task, || Event::Created);
}

/// `loop.create_task`: through the task factory if one is set. TypeError when it is no coroutine.
pub fn create_with_factory(
    vm: &mut Vm,
    event_loop: &Rc<EventLoop>,
    coroutine: Value,
    name: Value,
    context: Option<Value>,
) -> Result<Value> {
    event_loop.check_closed()?;
    if let Some(create_task) = overriding::method_of(vm, event_loop, "create_task")? {
        let mut arguments = vec![coroutine, name];
        let mut names = vec![Str::intern("name")];
        if let Some(context) = context {
            arguments.push(context);
            names.push(Str::intern("context"));
        }
        return vm.call_with_keywords(&create_task, &arguments, &names);
    }
    create_by_loop(vm, event_loop, coroutine, name, context)
}

/// What `BaseEventLoop.create_task` does.
pub fn create_by_loop(
    vm: &mut Vm,
    event_loop: &Rc<EventLoop>,
    coroutine: Value,
    name: Value,
    context: Option<Value>,
) -> Result<Value> {
    event_loop.check_closed()?;
    let factory = event_loop.task_factory.get();
    if !factory.is_none() {
        let object = event_loop.object();
        let task = match context {
            None => vm.call(&factory, &[object, coroutine])?,
            Some(context) => {
                vm.call_with_keywords(&factory, &[object, coroutine, context], &[Str::intern("context")])?
            }
        };
        if !name.is_none() {
            vm.call_method(&task, &Str::intern("set_name"), &[name])?;
        }
        return Ok(task);
    }
    check_coroutine(vm, &coroutine)?;
    let name = name_value(vm, name)?;
    if event_loop.changed_object().is_some() || event_loop.debug.get() {
        let task = Task::new();
        set_up_watched(vm, &task, event_loop, coroutine, name, context)?;
        return Ok(Value::Task(task));
    }
    Ok(Value::Task(create(event_loop, coroutine, name, context)))
}

/// As `set_up`, on a loop that is in debug mode or whose `call_soon` a script may have changed.
pub fn set_up_watched(
    vm: &mut Vm,
    task: &Gc<Task>,
    event_loop: &EventLoop,
    coroutine: Value,
    name: Value,
    context: Option<Value>,
) -> Result<()> {
    future_attributes::remember_source(vm, event_loop, &task.future)?;
    let Some(call_soon) = overriding::method_of(vm, event_loop, "call_soon")? else {
        set_up(task, event_loop, coroutine, name, context);
        return Ok(());
    };
    prepare(task, event_loop, coroutine, name, context);
    let context = Value::Instance(context::object(task.context()));
    let step = entry::of_ready(event_loop, Ready::Step(task.clone()));
    let outcome = vm.call_with_keywords(&call_soon, &[step, context], &[Str::intern("context")]);
    if outcome.is_err() {
        event_loop.remove_task(task);
    }
    outcome.map(drop)
}

/// A name as the script gives it: any value, by its `str`; None stays.
pub fn name_value(vm: &mut Vm, name: Value) -> Result<Value> {
    match name {
        Value::None | Value::Str(_) => Ok(name),
        other => vm.str(&other).map(Value::Str),
    }
}

/// TypeError when it is no coroutine.
pub fn check_coroutine(vm: &mut Vm, value: &Value) -> Result<()> {
    if future::is_coroutine(value) {
        return Ok(());
    }
    let shown = vm.repr(value)?;
    Err(Raised::type_error(format!("a coroutine was expected, got {shown}")))
}

/// Whether an exception ends the loop instead of merely the task.
pub fn leaves_the_loop(raised: &Raised) -> bool {
    raised.is_a(&types().keyboard_interrupt)
        || raised.is_a(&types().system_exit)
        || raised.is_a(&types().deadlock_error)
}

/// One step: resumes the coroutine, with an error if one is to be thrown, and sees to what it yields.
/// Fails only with what ends the loop.
pub(super) fn step(vm: &mut Vm, event_loop: &EventLoop, task: Gc<Task>, thrown: Option<Raised>) -> Result<()> {
    if task.future.is_done() {
        return report_step_of_done(vm, task, thrown);
    }
    let thrown = match task.waiting.take() {
        Waiting::Nothing => thrown,
        Waiting::Timer(timer) | Waiting::LeavesTimer(timer) => {
            event_loop.timers.cancel(timer);
            thrown
        }
        waited => thrown.or_else(|| waited.failure()),
    };
    let thrown = if task.must_cancel.get() { cancellation_to_throw(&task, thrown) } else { thrown };
    if observer::is_active() {
        let is_new = task_repr::is_not_started(&task.coroutine.borrow());
        observer::tell(&task, || if is_new { Event::Started } else { Event::Resumed });
    }
    let input = match thrown {
        None => Resume::Value(Value::None),
        Some(raised) => Resume::Raise(raised),
    };
    let coroutine = task.coroutine.get();
    let outside = context::enter(task.context());
    // A task that starts eagerly runs inside a step of another one.
    let outer = event_loop.current.replace(Some(task));
    let outcome = match &coroutine {
        Value::Coroutine(_) | Value::NativeCoroutine(_) => vm.resume(&coroutine, input),
        other => foreign::drive(vm, other, input),
    };
    if interrupt::is_requested() {
        // What the step has dropped ends before whoever waits for the task hears of it.
        vm.run_finalizers();
    }
    let task = event_loop.current.replace(outer);
    let own = context::leave(outside);
    let Some(task) = task else { return Ok(()) };
    if !own.is_none() {
        task.set_context(own);
    }
    match outcome {
        Ok(vm::Outcome::Yielded(Value::None)) => {
            observer::tell(&task, || Event::Yielded);
            event_loop.ready.push(Ready::Step(task));
            Ok(())
        }
        Ok(vm::Outcome::Yielded(Value::NativeCoroutine(native)))
            if !matches!(native.state.get(), CoroutineState::Created | CoroutineState::Finished) =>
        {
            observer::tell(&task, || Event::Waits(Value::NativeCoroutine(native.clone())));
            task.waiting.set(Waiting::Native(native));
            if task.must_cancel.get() && cancel_waiting(vm, &task, &task.future.cancel_message())? {
                task.must_cancel.set(false);
            }
            Ok(())
        }
        Ok(vm::Outcome::Yielded(Value::Unbound)) => {
            if task.must_cancel.get() && cancel_waiting(vm, &task, &task.future.cancel_message())? {
                task.must_cancel.set(false);
            }
            Ok(())
        }
        Ok(vm::Outcome::Yielded(value)) => wait_for_yielded(vm, event_loop, task, value),
        Ok(vm::Outcome::Returned(value)) => {
            if task.must_cancel.replace(false) {
                // It was cancelled right before it came to its end.
                return finish(event_loop, task, Outcome::Cancelled);
            }
            finish(event_loop, task, Outcome::Result(value))
        }
        Err(raised) => fail(event_loop, task, raised),
    }
}

/// Somebody has made a task done from outside, and now its coroutine would go on.
#[cold]
fn report_step_of_done(vm: &mut Vm, task: Gc<Task>, thrown: Option<Raised>) -> Result<()> {
    let is_over = match &*task.coroutine.borrow() {
        Value::Coroutine(coroutine) => coroutine.state.get() == CoroutineState::Finished,
        Value::NativeCoroutine(coroutine) => coroutine.state.get() == CoroutineState::Finished,
        _ => true,
    };
    if is_over {
        return Ok(());
    }
    let shown = vm.repr(&Value::Task(task))?;
    let thrown = vm.repr(&thrown.map_or(Value::None, |raised| Value::Exception(raised.0)))?;
    let message = Value::from(format!("__step(): already done: {shown}, {thrown}"));
    let raised = Raised::new(&types().invalid_state_error, vec![message]);
    let message = "Exception in callback Task.__step()".to_string();
    exception_handler::report(vm, message, Some(&raised), &[])
}

/// What a step with `must_cancel` throws: a CancelledError, unless one arrives anyway.
#[cold]
fn cancellation_to_throw(task: &Gc<Task>, thrown: Option<Raised>) -> Option<Raised> {
    task.must_cancel.set(false);
    let cancellation = thrown.filter(|raised| raised.is_a(&types().cancelled_error));
    Some(cancellation.unwrap_or_else(|| task.future.cancelled_error()))
}

/// The coroutine has yielded something else than None or a native wait.
fn wait_for_yielded(vm: &mut Vm, event_loop: &EventLoop, task: Gc<Task>, value: Value) -> Result<()> {
    if let Some(awaited) = value.as_future()
        && (awaited.home.get() == event_loop.number || awaited.home.get() == 0)
        && !matches!(&value, Value::Task(other) if other.same(&task))
    {
        observer::tell(&task, || Event::Waits(value.clone()));
        if foreign::adds_callbacks(&value) {
            foreign::add_wakeup(vm, event_loop, &task, &value)?;
        } else {
            future::add_callback(&value, Callback::Wake(task.clone()))?;
            task.waiting.set(Waiting::Future(value));
        }
        if task.must_cancel.get() && cancel_waiting(vm, &task, &task.future.cancel_message())? {
            task.must_cancel.set(false);
        }
        return Ok(());
    }
    let message = match value.as_future() {
        Some(_) => bad_yield_message(vm, event_loop, &task, &value),
        None => match foreign::wait(vm, event_loop, &task, &value) {
            Ok(Yielded::Waits) => return Ok(()),
            Ok(Yielded::Wrong(message)) => Ok(message),
            Ok(Yielded::NoFuture) => bad_yield_message(vm, event_loop, &task, &value),
            Err(raised) => Err(raised),
        },
    };
    let raised = message.map_or_else(|raised| raised, Raised::runtime_error);
    event_loop.ready.push(Ready::Raise(Box::new((task, raised))));
    Ok(())
}

#[cold]
fn bad_yield_message(vm: &mut Vm, event_loop: &EventLoop, task: &Gc<Task>, value: &Value) -> Result<String> {
    let this = Value::Task(task.clone());
    if let Some(awaited) = value.as_future() {
        let task = vm.repr(&this)?;
        if awaited.home.get() != event_loop.number {
            let awaited = vm.repr(value)?;
            return Ok(format!("Task {task} got Future {awaited} attached to a different loop"));
        }
        return Ok(format!("Task cannot await on itself: {task}"));
    }
    let shown = vm.repr(value)?;
    if matches!(value, Value::Coroutine(generator) if generator.kind == CoroutineKind::Generator) {
        let task = vm.repr(&this)?;
        return Ok(format!("yield was used instead of yield from for generator in task {task} with {shown}"));
    }
    Ok(format!("Task got bad yield: {shown}"))
}

/// The coroutine has raised.
fn fail(event_loop: &EventLoop, task: Gc<Task>, raised: Raised) -> Result<()> {
    if raised.is_a(&types().cancelled_error) {
        // Who asks first for the result gets the very exception, with its traceback.
        task.future.set_cancel_message(&Value::None);
        task.future.set_cancelled_error(raised);
        return finish(event_loop, task, Outcome::Cancelled);
    }
    let ends = leaves_the_loop(&raised).then(|| raised.clone());
    finish(event_loop, task, Outcome::Raised(raised))?;
    ends.map_or(Ok(()), Err)
}

/// The task is done.
fn finish(event_loop: &EventLoop, task: Gc<Task>, outcome: Outcome) -> Result<()> {
    task.must_cancel.set(false);
    observer::tell(&task, || match &outcome {
        Outcome::Raised(raised) => Event::Raised(raised.clone()),
        Outcome::Cancelled => Event::Cancelled,
        _ => Event::Done,
    });
    task.future.finish(outcome);
    if task.place.get() != 0 {
        event_loop.remove_task(&task);
    }
    if task.future.callbacks.borrow().is_empty() {
        return Ok(());
    }
    let value = Value::Task(task);
    match &value {
        Value::Task(task) => future::schedule_callbacks(&value, &task.future),
        _ => Ok(()),
    }
}

/// `task.cancel(message)`: what it waits for is cancelled, or its next step throws. False when the task
/// is done.
pub fn cancel(vm: &mut Vm, task: &Gc<Task>, message: &Value) -> Result<bool> {
    task.future.log_exception.set(false);
    if task.future.is_done() {
        return Ok(false);
    }
    observer::tell(task, || Event::CancelRequested);
    task.cancel_requests.set(task.cancel_requests.get().saturating_add(1));
    if cancel_waiting(vm, task, message)? {
        return Ok(true);
    }
    task.must_cancel.set(true);
    task.future.set_cancel_message(message);
    Ok(true)
}

/// Cancels what a task waits for; the CancelledError comes in its turn. False when it waits for nothing
/// that can still be cancelled.
fn cancel_waiting(vm: &mut Vm, task: &Gc<Task>, message: &Value) -> Result<bool> {
    let waiting = task.waiting.get();
    match waiting {
        Waiting::Nothing | Waiting::LeavesTimer(_) => Ok(false),
        Waiting::Timer(timer) => {
            task.waiting.set(Waiting::LeavesTimer(timer));
            throw_cancellation(task, message)
        }
        Waiting::Future(awaited) => future::cancel(vm, &awaited, message),
        Waiting::Native(native) => {
            if !native.body.cancel_wait(&native, vm) {
                return Ok(false);
            }
            throw_cancellation(task, message)
        }
    }
}

/// The next step of a task throws a CancelledError.
fn throw_cancellation(task: &Gc<Task>, message: &Value) -> Result<bool> {
    let cancellation = Cancellation { task: task.clone(), message: message.clone() };
    super::event_loop::schedule(task.future.home.get(), Ready::Cancel(Box::new(cancellation)))?;
    Ok(true)
}

/// `task.uncancel()`: takes one request for cancellation back and gives the number that is left.
pub fn uncancel(task: &Task) -> u16 {
    let left = task.cancel_requests.get().saturating_sub(1);
    if task.cancel_requests.replace(left) > 0 && left == 0 {
        task.must_cancel.set(false);
    }
    left
}
