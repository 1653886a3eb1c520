//! The current context: what `contextvars` reads and writes, switched with every task.
//!
//! A context is a value that never changes (None is the empty one): setting a variable makes a new
//! one and puts it here. So a task gets a copy of its creator's context by taking the same value.

use std::cell::Cell;

use crate::value::{Mutable, Value};

thread_local! {
    static CURRENT: Mutable<Value> = const { Mutable::new(Value::None) };
    /// Whether `CURRENT` is not the empty one: the quick test.
    static USED: Cell<bool> = const { Cell::new(false) };
}

/// The context in force.
#[inline]
pub fn current() -> Value {
    if USED.get() { CURRENT.with(Mutable::get) } else { Value::None }
}

/// Puts another context in force and gives the one before.
#[inline]
pub fn replace(context: Value) -> Value {
    if context.is_none() && !USED.get() {
        return Value::None;
    }
    USED.set(!context.is_none());
    CURRENT.with(|current| current.replace(context))
}
