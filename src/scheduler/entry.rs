//! What the scheduler does next, as something a script can hold and call.
//!
//! A loop whose methods a script has changed, and futures of the script's own, take callbacks only in this
//! form.

use super::event_loop::{self, EventLoop};
use super::ready::Ready;
use super::task;
use crate::memory::Tracer;
use crate::native;
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{Gc, Instance, Mutable, Native, Result, Str, Task, Value, types};
use crate::vm::Vm;

/// What is done when it is called.
enum Action {
    /// An entry of the loop, once.
    Run(Mutable<Option<Ready>>),
    /// A task goes on, with what a future of the script's has become.
    Wake(Gc<Task>),
}

/// A callback of the scheduler.
pub struct Entry {
    action: Action,
    /// The number of the loop.
    home: u32,
}

impl Payload for Entry {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        if let Action::Wake(task) = &self.action {
            tracer.visit(task);
        }
    }
}

impl<'a> FromArgument<'a> for &'a Entry {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("TaskStepMethWrapper"))
    }
}

fn create(event_loop: &EventLoop, action: Action) -> Value {
    Value::Instance(Instance::with_payload(types().loop_entry.clone(), Entry { action, home: event_loop.number }))
}

/// A callback that runs this entry of the loop.
pub fn of_ready(event_loop: &EventLoop, ready: Ready) -> Value {
    create(event_loop, Action::Run(Mutable::new(Some(ready))))
}

/// A callback that wakes a task with the result of the future it is called with.
pub fn waking(event_loop: &EventLoop, task: Gc<Task>) -> Value {
    create(event_loop, Action::Wake(task))
}

fn call(vm: &mut Vm, this: &Entry, arguments: &[Value]) -> Result<()> {
    let Some(event_loop) = event_loop::find(this.home) else { return Ok(()) };
    match &this.action {
        Action::Run(ready) => match ready.take() {
            Some(ready) => event_loop.run(vm, ready),
            None => Ok(()),
        },
        Action::Wake(task) => {
            let task = task.clone();
            let outcome = match arguments.first() {
                Some(future) => vm.call_method(future, &Str::intern("result"), &[]),
                None => Ok(Value::None),
            };
            task::step(vm, &event_loop, task, outcome.err())
        }
    }
}

pub const METHODS: &[Native] = &[native!("__call__(self, *args)", call(required, rest), "Does what is to be done.")];
