//! The current context: what `contextvars` reads and writes, switched with every task.
//!
//! What the variables of a context are is a value that never changes: None for an empty one, or a dict
//! that is copied before it is changed. So a task gets a copy of its creator's context by taking the
//! same value. A context the script holds as an object is a place for such a value.

use std::cell::Cell;

use crate::memory::Tracer;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Gc, Instance, Mutable, Value, types};
use crate::vm::Vm;

/// The state of a `Context` object.
pub struct Context {
    /// None or a dict, never changed in place.
    pub variables: Mutable<Value>,
    /// Whether `run` is in progress.
    pub is_entered: Cell<bool>,
    /// The address of the task whose own context this is, if it was not made for the script.
    pub task: Cell<usize>,
}

impl Payload for Context {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.variables.borrow().trace(tracer);
    }

    fn clear(&self) {
        self.variables.set(Value::None);
    }
}

impl<'a> FromArgument<'a> for &'a Context {
    fn from_argument(_: &mut Vm, value: &'a Value) -> Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("Context"))
    }
}

thread_local! {
    /// The variables, or a `Context` object that has them.
    static CURRENT: Mutable<Value> = const { Mutable::new(Value::None) };
    /// Whether `CURRENT` is not the empty one: the quick test.
    static USED: Cell<bool> = const { Cell::new(false) };
}

/// What is in force: variables, or a `Context` object.
#[inline]
pub fn in_force() -> Value {
    if USED.get() { CURRENT.with(Mutable::get) } else { Value::None }
}

/// A copy of the context in force: its variables.
#[inline]
pub fn current() -> Value {
    if USED.get() { variables_of(in_force()) } else { Value::None }
}

fn variables_of(context: Value) -> Value {
    match context.payload::<Context>() {
        Some(object) => object.variables.get(),
        None => context,
    }
}

/// Changes the variables of the context in force.
pub fn set_variables(variables: Value) {
    match in_force().payload::<Context>() {
        Some(object) => object.variables.set(variables),
        None => drop(replace(variables)),
    }
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

/// Puts a context in force for a call of the loop and gives the one before.
#[inline]
pub fn enter(context: Value) -> Value {
    mark(&context, true);
    replace(context)
}

/// Puts the one before in force again and gives what `enter` has put there, or what it has become.
#[inline]
pub fn leave(outside: Value) -> Value {
    let own = replace(outside);
    mark(&own, false);
    own
}

/// Whether this is an object in which something runs.
pub fn is_entered(context: &Value) -> bool {
    context.payload::<Context>().is_some_and(|object| object.is_entered.get())
}

#[inline]
fn mark(context: &Value, is_entered: bool) {
    if let Value::Instance(object) = context
        && let Some(object) = object.payload::<Context>()
    {
        object.is_entered.set(is_entered);
    }
}

/// What tells the context in force from others: the address of its object, or of the task whose own it is.
pub fn home(current_task: usize) -> usize {
    match in_force() {
        Value::Instance(object) => match object.payload::<Context>().map_or(0, |context| context.task.get()) {
            0 => object.address(),
            task => task,
        },
        _ => current_task,
    }
}

/// Makes an object of the context in force, that of a task; changes from now on can be seen in it.
pub fn object_of_running(task: usize) -> Gc<Instance> {
    let object = object_of_task(in_force(), task);
    if let Some(state) = object.payload::<Context>().filter(|state| state.task.get() == task) {
        state.is_entered.set(true);
    }
    replace(Value::Instance(object.clone()));
    object
}

/// The context of a task as an object, which still counts as the task's own.
pub fn object_of_task(context: Value, task: usize) -> Gc<Instance> {
    let is_new = !matches!(context, Value::Instance(_));
    let object = object(context);
    if is_new && let Some(state) = object.payload::<Context>() {
        state.task.set(task);
    }
    object
}

/// A context as the object scripts see; one that is an object already stays the same.
pub fn object(context: Value) -> Gc<Instance> {
    match context {
        Value::Instance(object) => object,
        variables => {
            let context =
                Context { variables: Mutable::new(variables), is_entered: Cell::new(false), task: Cell::new(0) };
            Instance::with_payload(types().context.clone(), context)
        }
    }
}
