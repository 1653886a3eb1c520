//! `_queue`: the queue that is never in the middle of something, so that finalizers may use it, too.

use std::collections::VecDeque;

use super::lock;
use crate::builtins::generic_alias;
use crate::memory::Tracer;
use crate::modules::{native_class, native_exception, native_module};
use crate::native;
use crate::scheduler::flows::{self, Cause, Waiters};
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Class, Gc, Instance, Module, Mutable, Native, Raised, Result, Value, types};
use crate::vm::Vm;

thread_local! {
    static EMPTY: Class = native_exception("_queue.Empty", &types().exception);
    static SIMPLE_QUEUE: Class = {
        let class = native_class("_queue.SimpleQueue", &types().object, METHODS);
        crate::builtins::add_rows(&class, generic_alias::SUBSCRIPTION);
        class.changed();
        class
    };
}

#[derive(Default)]
struct SimpleQueue {
    items: Mutable<VecDeque<Value>>,
    waiters: Waiters,
}

impl Payload for SimpleQueue {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.items.borrow().iter().for_each(|item| item.trace(tracer));
    }

    fn clear(&self) {
        drop(self.items.take());
    }
}

impl<'a> FromArgument<'a> for &'a SimpleQueue {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("_queue.SimpleQueue"))
    }
}

fn new(_: &mut Vm, class: &Class) -> Value {
    Value::Instance(Instance::with_payload(class.clone(), SimpleQueue::default()))
}

fn put(_: &mut Vm, this: &SimpleQueue, item: Value, _: Option<&Value>, _: Option<&Value>) {
    this.items.borrow_mut().push_back(item);
    this.waiters.wake_first();
}

fn put_nowait(vm: &mut Vm, this: &SimpleQueue, item: Value) {
    put(vm, this, item, None, None);
}

fn get(vm: &mut Vm, this: &SimpleQueue, block: Option<&Value>, timeout: Option<&Value>) -> Result<Value> {
    let blocking = match block {
        Some(block) => vm.truth(block)?,
        None => true,
    };
    let deadline = match timeout {
        _ if !blocking => Some(f64::NEG_INFINITY),
        None | Some(Value::None) => None,
        Some(timeout) if vm.float(timeout)? < 0.0 => {
            return Err(Raised::value_error("'timeout' must be a non-negative number"));
        }
        timeout => lock::deadline(vm, None, timeout)?,
    };
    loop {
        let item = this.items.borrow_mut().pop_front();
        if let Some(item) = item {
            return Ok(item);
        }
        if flows::has_passed(deadline) {
            return Err(Raised::new(&EMPTY.with(Class::clone), Vec::new()));
        }
        this.waiters.wait(vm, Cause::Item, deadline)?;
    }
}

fn get_nowait(vm: &mut Vm, this: &SimpleQueue) -> Result<Value> {
    get(vm, this, Some(&Value::Bool(false)), None)
}

fn is_empty(_: &mut Vm, this: &SimpleQueue) -> bool {
    this.items.borrow().is_empty()
}

fn length(_: &mut Vm, this: &SimpleQueue) -> usize {
    this.items.borrow().len()
}

const METHODS: &[Native] = &[
    native!("__new__(cls, /)", new(required), "Makes a queue with nothing in it.").static_method(),
    native!(
        "put(self, /, item, block=True, timeout=None)",
        put(required, required, optional, optional),
        "Adds an item. It never waits."
    ),
    native!("put_nowait(self, /, item)", put_nowait(required, required), "Adds an item."),
    native!(
        "get(self, /, block=True, timeout=None)",
        get(required, optional, optional),
        "Takes out the oldest item; waits for one if there is none."
    ),
    native!("get_nowait(self, /)", get_nowait(required), "Takes out the oldest item, or raises Empty."),
    native!("empty(self, /)", is_empty(required), "Whether nothing is inside."),
    native!("qsize(self, /)", length(required), "How many items are inside."),
];

/// The module `_queue`.
pub fn module(_: &mut Vm) -> Result<Gc<Module>> {
    let module = native_module("_queue", &[]);
    SIMPLE_QUEUE.with(|class| module.set("SimpleQueue", Value::Class(class.clone())));
    EMPTY.with(|class| module.set("Empty", Value::Class(class.clone())));
    Ok(module)
}
