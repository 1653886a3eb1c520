//! `_signal`: what a script wants to be done on Ctrl-C. `stdlib/signal.asy` has the names and the checks.
//!
//! Without a handler the hook of the layer below decides: the first Ctrl-C cancels the main task of a loop, otherwise it
//! is a KeyboardInterrupt.

use std::cell::Cell;

use super::native_module;
use crate::builtins::frame;
use crate::memory::interrupt;
use crate::native;
use crate::value::{Gc, Module, Mutable, Native, Result, Value};
use crate::vm::Vm;

/// The number of SIGINT.
const INTERRUPT: i64 = 2;

/// What the machine does on Ctrl-C; whether that was all there is to do.
type Interrupted = fn(&mut Vm) -> Result<bool>;

thread_local! {
    /// Unbound: as without a handler. None: nothing is done.
    static HANDLER: Mutable<Value> = const { Mutable::new(Value::Unbound) };
    /// Whether it stands for what the system does.
    static IS_SYSTEM: Cell<bool> = const { Cell::new(false) };
    /// The hook that was there before.
    static OTHERWISE: Cell<Option<Interrupted>> = const { Cell::new(None) };
}

/// The VM's hook, once the module is there.
fn interrupted(vm: &mut Vm) -> Result<bool> {
    let handler = HANDLER.with(Mutable::get);
    match handler {
        Value::Unbound => OTHERWISE.get().map_or(Ok(false), |otherwise| otherwise(vm)),
        Value::None => Ok(true),
        handler => {
            let frame = frame::running_frame(vm, 0).unwrap_or(Value::None);
            vm.call(&handler, &[Value::Int(INTERRUPT), frame])?;
            Ok(true)
        }
    }
}

fn handle(_: &mut Vm, handler: Value, is_system: Option<bool>) {
    IS_SYSTEM.set(is_system.unwrap_or(false));
    HANDLER.with(|place| place.set(handler));
}

fn handle_as_usual(_: &mut Vm) {
    IS_SYSTEM.set(false);
    HANDLER.with(|place| place.set(Value::Unbound));
}

/// Whether a function of the script or a KeyboardInterrupt answers Ctrl-C.
pub fn is_handled() -> bool {
    !IS_SYSTEM.get() && HANDLER.with(|handler| !handler.borrow().is_none())
}

fn raise_interrupt(vm: &mut Vm) -> Result<()> {
    interrupt::request(interrupt::SIGNAL);
    vm.check_interrupts()
}

const FUNCTIONS: &[Native] = &[
    native!(
        "handle(handler, is_system=False, /)",
        handle(required, optional),
        "What Ctrl-C calls; None: it does nothing. It may stand for what the system does."
    ),
    native!("handle_as_usual()", handle_as_usual(), "Ctrl-C does what it does without a handler."),
    native!("raise_interrupt()", raise_interrupt(), "As if Ctrl-C were pressed."),
];

pub fn module(vm: &mut Vm) -> Result<Gc<Module>> {
    if OTHERWISE.get().is_none() {
        OTHERWISE.set(Some(vm.hooks.interrupted));
        vm.hooks.interrupted = interrupted;
    }
    Ok(native_module("_signal", FUNCTIONS))
}
