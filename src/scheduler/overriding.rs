//! Loops whose methods a script has changed: by a class of its own, or by attributes of the loop.
//!
//! The loop itself goes by `time`, `call_at`, `_run_once`, `create_task`, `call_exception_handler`,
//! `_selector` and what is called when a runner ends. A loop nobody has changed costs one look.

use super::event_loop::EventLoop;
use super::handle::Handle;
use super::ready::Ready;
use super::timer::TimerId;
use super::{clock, entry};
use crate::value::{Gc, Instance, Raised, Result, Str, Value};
use crate::vm::Vm;

/// The longest that a selector is told to wait, in seconds.
const LONGEST_WAIT: f64 = 86_400.0;

/// What a script has put in place of a method of the loop.
pub fn method(vm: &mut Vm, object: &Gc<Instance>, name: &str) -> Result<Option<Value>> {
    let name = Str::intern(name);
    if let Some(own) = object.get(&name) {
        return Ok(Some(own));
    }
    match object.class_ref().lookup(&name) {
        None | Some(Value::Native(_)) => Ok(None),
        Some(_) => vm.get_attribute(&Value::Instance(object.clone()), &name).map(Some),
    }
}

/// The same for a loop that may not have been changed at all.
#[inline]
pub fn method_of(vm: &mut Vm, event_loop: &EventLoop, name: &str) -> Result<Option<Value>> {
    match event_loop.changed_object() {
        Some(object) => method(vm, &object, name),
        None => Ok(None),
    }
}

/// The clock of the loop.
pub fn now(vm: &mut Vm, object: &Gc<Instance>) -> Result<f64> {
    match method(vm, object, "time")? {
        Some(time) => {
            let now = vm.call(&time, &[])?;
            vm.float(&now)
        }
        None => Ok(clock::now()),
    }
}

/// A timer of the scheduler's own, through the script's `call_at`.
pub fn call_at(
    vm: &mut Vm,
    event_loop: &EventLoop,
    object: &Gc<Instance>,
    when: f64,
    target: Ready,
) -> Result<TimerId> {
    let Some(call_at) = method(vm, object, "call_at")? else { return Ok(event_loop.timers.add(when, target)) };
    let entry = entry::of_ready(event_loop, target);
    let handle = vm.call(&call_at, &[Value::Float(when), entry])?;
    let timer = handle.payload::<Handle>().and_then(|handle| handle.timer.get());
    timer.ok_or_else(|| Raised::type_error(format!("call_at() must give a TimerHandle, not {}", handle.type_name())))
}

/// A timer of the scheduler's own after a delay, through the script's `call_later`, or else its `call_at`.
pub fn call_later(
    vm: &mut Vm,
    event_loop: &EventLoop,
    object: &Gc<Instance>,
    delay: f64,
    target: Ready,
) -> Result<TimerId> {
    let Some(call_later) = method(vm, object, "call_later")? else {
        let when = now(vm, object)? + delay;
        return call_at(vm, event_loop, object, when, target);
    };
    let handle = vm.call(&call_later, &[Value::Float(delay), entry::of_ready(event_loop, target)])?;
    let timer = handle.payload::<Handle>().and_then(|handle| handle.timer.get());
    timer.ok_or_else(|| Raised::type_error(format!("call_later() must give a TimerHandle, not {}", handle.type_name())))
}

/// One iteration.
pub fn run_once(vm: &mut Vm, event_loop: &EventLoop, object: &Gc<Instance>) -> Result<()> {
    match method(vm, object, "_run_once")? {
        Some(run_once) => vm.call(&run_once, &[]).map(drop),
        None => event_loop.run_once(vm, Some(object)),
    }
}

/// Whether the script has given the loop something that waits in its place.
pub fn has_selector(object: &Gc<Instance>) -> bool {
    object.get(&Str::intern("_selector")).is_some()
}

/// Lets the selector wait and hands on what it gives.
pub fn select(vm: &mut Vm, event_loop: &EventLoop, object: &Gc<Instance>, is_idle: bool) -> Result<()> {
    let Some(selector) = object.get(&Str::intern("_selector")) else { return Ok(()) };
    let timeout = match event_loop.timers.next_moment() {
        _ if !is_idle => Value::Int(0),
        Some(when) => Value::Float((when - event_loop.now(vm)?).clamp(0.0, LONGEST_WAIT)),
        None => Value::None,
    };
    let events = vm.call_method(&selector, &Str::intern("select"), &[timeout])?;
    vm.call_method(&Value::Instance(object.clone()), &Str::intern("_process_events"), &[events]).map(drop)
}
