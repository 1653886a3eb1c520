//! The executor of a loop: whose threads make the calls of `run_in_executor` and `to_thread`.
//!
//! Executors and what ties their futures to those of a loop are written in the language itself
//! (`concurrent.futures`, `asyncio.threads`).

use std::cell::Cell;
use std::rc::Rc;

use super::event_loop::EventLoop;
use super::future;
use crate::value::{Mutable, Raised, Result, Str, Value};
use crate::vm::Vm;

/// Seconds that the end of `asyncio.run` waits for the threads.
pub const JOIN_LIMIT: f64 = 300.0;

/// The executor a loop uses when none is named.
pub struct DefaultExecutor {
    /// None until it is needed.
    executor: Mutable<Value>,
    was_shut_down: Cell<bool>,
}

impl Default for DefaultExecutor {
    fn default() -> DefaultExecutor {
        DefaultExecutor { executor: Mutable::new(Value::None), was_shut_down: Cell::new(false) }
    }
}

/// Calls a function of the module `asyncio.threads`.
fn call(vm: &mut Vm, name: &str, arguments: &[Value]) -> Result<Value> {
    let builtins = vm.builtins.clone();
    let threads = (vm.hooks.import)(vm, &Str::intern("asyncio.threads"), 0, &builtins, true)?;
    vm.call_method(&threads, &Str::intern(name), arguments)
}

/// `loop.run_in_executor`
pub fn run(
    vm: &mut Vm,
    event_loop: &Rc<EventLoop>,
    executor: Value,
    function: Value,
    arguments: &[Value],
) -> Result<Value> {
    let executor = if executor.is_none() { default(vm, event_loop)? } else { executor };
    call(vm, "_run_in_executor", &[event_loop.object(), executor, function, Value::tuple(arguments.to_vec())])
}

fn default(vm: &mut Vm, event_loop: &EventLoop) -> Result<Value> {
    let state = &event_loop.executor;
    if state.was_shut_down.get() {
        return Err(Raised::runtime_error("Executor shutdown has been called"));
    }
    if state.executor.borrow().is_none() {
        let made = call(vm, "_make_executor", &[])?;
        state.executor.set(made);
    }
    Ok(state.executor.get())
}

/// `loop.set_default_executor`
pub fn set(vm: &mut Vm, event_loop: &Rc<EventLoop>, executor: Value) -> Result<()> {
    call(vm, "_check_executor", std::slice::from_ref(&executor))?;
    event_loop.executor.executor.set(executor);
    Ok(())
}

pub fn get(_: &mut Vm, event_loop: &Rc<EventLoop>) -> Value {
    event_loop.executor.executor.get()
}

/// `loop.shutdown_default_executor`: a coroutine that waits for the threads.
pub fn shut_down(vm: &mut Vm, event_loop: &Rc<EventLoop>, timeout: Option<Value>) -> Result<Value> {
    let state = &event_loop.executor;
    state.was_shut_down.set(true);
    let executor = state.executor.get();
    if executor.is_none() {
        return Ok(Value::NativeCoroutine(future::ready(&"BaseEventLoop.shutdown_default_executor", Value::None)));
    }
    call(vm, "_shut_down", &[event_loop.object(), executor, timeout.unwrap_or(Value::None)])
}

/// The loop was closed: its executor takes no more calls.
pub fn give_up(vm: &mut Vm, event_loop: &EventLoop) -> Result<()> {
    let state = &event_loop.executor;
    state.was_shut_down.set(true);
    let executor = state.executor.replace(Value::None);
    if executor.is_none() {
        return Ok(());
    }
    let shutdown = vm.get_attribute(&executor, &Str::intern("shutdown"))?;
    vm.call_with_keywords(&shutdown, &[Value::Bool(false)], &[Str::intern("wait")]).map(drop)
}
