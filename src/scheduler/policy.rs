//! Which loop is the current one while none is running: what event loop policies decide.
//!
//! The default policy lives here, as state of the thread. One that the script has set is asked through its
//! methods.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::event_loop::{self, EventLoop};
use super::flows;
use super::handle::loop_of;
use crate::value::{Mutable, Raised, Result, Str, Value, types};
use crate::vm::Vm;

thread_local! {
    /// The loop of the default policy.
    static CURRENT: RefCell<Option<Rc<EventLoop>>> = const { RefCell::new(None) };
    /// Whether a loop, or None, was ever set: then none is made on demand.
    static WAS_SET: Cell<bool> = const { Cell::new(false) };
    /// A policy of the script; None for the default one.
    static POLICY: Mutable<Value> = const { Mutable::new(Value::None) };
}

/// What the default policy remembers for one flow: its loop, and whether one was ever set.
#[derive(Default)]
pub(super) struct Remembered {
    current: Option<Rc<EventLoop>>,
    was_set: bool,
}

/// What the default policy remembers for the running flow is exchanged for what it does for another.
pub(super) fn exchange(other: &mut Remembered) {
    CURRENT.with_borrow_mut(|current| std::mem::swap(current, &mut other.current));
    other.was_set = WAS_SET.replace(other.was_set);
}

/// Puts a policy of the script in force, or with None a new default one.
pub fn set_policy(policy: Value) {
    POLICY.with(|place| place.set(policy));
    CURRENT.with_borrow_mut(|current| *current = None);
    WAS_SET.set(false);
}

fn of_script() -> Option<Value> {
    Some(POLICY.with(Mutable::get)).filter(|policy| !policy.is_none())
}

/// The loop behind a value that should be one.
pub fn expect_loop(value: &Value) -> Result<Rc<EventLoop>> {
    loop_of(value).ok_or_else(|| Raised::type_error(format!("loop must be an event loop, not '{}'", value.type_name())))
}

/// `get_event_loop()`: the running loop, else the one the policy gives.
pub fn current(vm: &mut Vm) -> Result<Rc<EventLoop>> {
    if let Some(running) = event_loop::running() {
        return Ok(running);
    }
    match of_script() {
        Some(policy) => expect_loop(&vm.call_method(&policy, &Str::intern("get_event_loop"), &[])?),
        None => current_by_default(vm),
    }
}

/// The same as the object scripts see; a policy may give anything.
pub fn current_object(vm: &mut Vm) -> Result<Value> {
    match (event_loop::running(), of_script()) {
        (None, Some(policy)) => vm.call_method(&policy, &Str::intern("get_event_loop"), &[]),
        _ => Ok(current(vm)?.object()),
    }
}

/// What the default policy gives: the loop that was set; one is made when none was ever set.
pub fn current_by_default(vm: &mut Vm) -> Result<Rc<EventLoop>> {
    if let Some(current) = CURRENT.with_borrow(Clone::clone) {
        return Ok(current);
    }
    if WAS_SET.get() || !vm.is_main_flow() {
        let thread = flows::current_name();
        return Err(Raised::runtime_error(format!("There is no current event loop in thread '{thread}'.")));
    }
    (vm.hooks.warn)(vm, &types().deprecation_warning, "There is no current event loop")?;
    let event_loop = EventLoop::new();
    set_current_by_default(Some(event_loop.clone()));
    Ok(event_loop)
}

/// `set_event_loop(loop)`, as the policy does it.
pub fn set_current(vm: &mut Vm, event_loop: Option<&Rc<EventLoop>>) -> Result<()> {
    match of_script() {
        Some(policy) => {
            let value = event_loop.map_or(Value::None, EventLoop::object);
            vm.call_method(&policy, &Str::intern("set_event_loop"), &[value]).map(drop)
        }
        None => {
            set_current_by_default(event_loop.cloned());
            Ok(())
        }
    }
}

/// What the default policy does.
pub fn set_current_by_default(event_loop: Option<Rc<EventLoop>>) {
    WAS_SET.set(true);
    CURRENT.with_borrow_mut(|current| *current = event_loop);
}

/// `new_event_loop()`, as the policy does it.
pub fn new_loop(vm: &mut Vm) -> Result<Rc<EventLoop>> {
    match of_script() {
        Some(policy) => expect_loop(&vm.call_method(&policy, &Str::intern("new_event_loop"), &[])?),
        None => Ok(EventLoop::new()),
    }
}
