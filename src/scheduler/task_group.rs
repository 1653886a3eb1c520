//! `asyncio.TaskGroup`.
//!
//! The first task that fails cancels the others and the body; the end of the block waits for all and
//! raises what failed as one group.

use std::cell::Cell;

use super::deadlock;
use super::event_loop;
use super::lock::state;
use super::wait_queue::{Ticket, WaitQueue, woken};
use super::{exception_handler, future, task};
use crate::memory::Tracer;
use crate::native;
use crate::value::coroutine::{NativeBody, Resume, Step};
use crate::value::future::{Callback, Listener, Listening};
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{
    Class, Dict, Future, Gc, Instance, Mutable, Native, NativeCoroutine, Raised, Result, Task, Value, types,
};
use crate::vm::Vm;

/// A group of tasks.
#[derive(Default)]
pub struct TaskGroup {
    is_entered: Cell<bool>,
    is_exiting: Cell<bool>,
    is_aborting: Cell<bool>,
    /// Whether the group itself has cancelled its parent.
    parent_cancel_requested: Cell<bool>,
    parent: Mutable<Option<Gc<Task>>>,
    /// By the number under which the group is registered with the task; None when it is done. Each with how
    /// many were made before it.
    tasks: Mutable<Vec<Option<(u64, Value)>>>,
    /// How many tasks have been made.
    made: Cell<u64>,
    /// Numbers that can be used again.
    free: Mutable<Vec<u32>>,
    running: Cell<usize>,
    errors: Mutable<Vec<Raised>>,
    /// KeyboardInterrupt or SystemExit: raised as it is.
    base_error: Mutable<Option<Raised>>,
    /// Hears of the tasks, from the start to the end of the block.
    listening: Mutable<Option<Gc<Listening>>>,
    /// The parent, at the end of the block.
    waiters: WaitQueue,
}

impl Payload for TaskGroup {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.parent.borrow().iter().for_each(|parent| tracer.visit(parent));
        self.tasks.borrow().iter().flatten().for_each(|(_, task)| task.trace(tracer));
        self.errors.borrow().iter().for_each(|error| tracer.visit(&error.0));
        self.base_error.borrow().iter().for_each(|error| tracer.visit(&error.0));
        self.listening.borrow().iter().for_each(|listening| tracer.visit(listening));
        self.waiters.trace(tracer);
    }

    fn clear(&self) {
        self.parent.set(None);
        drop(self.tasks.take());
        drop(self.errors.take());
        self.listening.set(None);
        self.waiters.clear();
    }
}

impl<'a> FromArgument<'a> for &'a TaskGroup {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("TaskGroup"))
    }
}

fn is_base_error(raised: &Raised) -> bool {
    raised.is_a(&types().system_exit) || raised.is_a(&types().keyboard_interrupt)
}

impl TaskGroup {
    /// Cancels all tasks, in the order in which they were made.
    fn abort(&self, vm: &mut Vm) -> Result<()> {
        self.is_aborting.set(true);
        let mut tasks: Vec<(u64, Value)> = self.tasks.borrow().iter().flatten().cloned().collect();
        tasks.sort_by_key(|(place, _)| *place);
        for (_, task) in tasks {
            if task.as_future().is_some_and(|state| !state.is_done()) {
                future::cancel(vm, &task, &Value::None)?;
            }
        }
        Ok(())
    }

    fn task_done(&self, vm: &mut Vm, task: &Value, index: u32) -> Result<()> {
        let known = self.tasks.borrow_mut().get_mut(index as usize).and_then(Option::take);
        if known.is_some() {
            self.running.set(self.running.get().saturating_sub(1));
            self.free.borrow_mut().push(index);
            if self.running.get() == 0 {
                self.waiters.wake_next();
            }
        }
        let Some(raised) = task.as_future().and_then(|state| state.exception()) else { return Ok(()) };
        self.errors.borrow_mut().push(raised.clone());
        if is_base_error(&raised) && self.base_error.borrow().is_none() {
            self.base_error.set(Some(raised.clone()));
        }
        let Some(parent) = self.parent.get() else { return Ok(()) };
        if parent.future.is_done() {
            let (shown, parent) = (vm.repr(task)?, vm.repr(&Value::Task(parent))?);
            let message = format!("Task {shown} has errored out but its parent task {parent} is already completed");
            return exception_handler::report(vm, message, Some(&raised), &[("task", task.clone())]);
        }
        if !self.is_aborting.get() && !self.parent_cancel_requested.get() {
            self.abort(vm)?;
            self.parent_cancel_requested.set(true);
            task::cancel(vm, &parent, &Value::None)?;
        }
        Ok(())
    }
}

/// Hears of the tasks for a group.
struct Members {
    group: Gc<Instance>,
}

impl Listener for Members {
    fn name(&self) -> &'static str {
        "TaskGroup._on_task_done"
    }

    fn future_done(&self, _: &Gc<Listening>, vm: &mut Vm, future: &Value, index: u32) -> Result<()> {
        state::<TaskGroup>(&self.group)?.task_done(vm, future, index)
    }

    fn awaiters(&self, found: &mut Vec<Value>) {
        let parent = state::<TaskGroup>(&self.group).ok().and_then(|group| group.parent.get());
        found.extend(parent.map(Value::Task));
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.group);
    }
}

/// The end of the block.
struct Exit {
    group: Gc<Instance>,
    /// What the body raised.
    raised: Option<Raised>,
    /// The cancellation that goes on when nothing else is raised.
    cancellation: Mutable<Option<Raised>>,
    /// The last cancellation that arrived while the group was ending anyway.
    ignored: Mutable<Option<Raised>>,
    is_started: Cell<bool>,
    ticket: Cell<Option<Ticket>>,
}

impl NativeBody for Exit {
    fn resume(&self, this: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        let group: &TaskGroup = state(&self.group)?;
        if !self.is_started.replace(true) {
            if let Resume::Raise(raised) = input {
                return Err(raised);
            }
            self.begin(vm, group)?;
        } else if let Some(ticket) = self.ticket.take()
            && let Err(raised) = woken(group.waiters.leave(ticket), input)
        {
            if !raised.is_a(&types().cancelled_error) {
                return Err(raised);
            }
            if group.is_aborting.get() {
                self.ignored.set(Some(raised));
            } else {
                // The parent is cancelled while the tasks run.
                self.cancellation.set(Some(raised));
                group.abort(vm)?;
            }
        }
        if group.running.get() > 0 {
            self.ticket.set(Some(group.waiters.park(vm, &Value::Instance(self.group.clone()))?));
            return Ok(Step::Yield(Value::NativeCoroutine(this.clone())));
        }
        self.end(vm, group)
    }

    fn cancel_wait(&self, _: &Gc<NativeCoroutine>, _: &mut Vm) -> bool {
        match (state::<TaskGroup>(&self.group), self.ticket.get()) {
            (Ok(group), Some(ticket)) => group.waiters.cancel(ticket),
            _ => false,
        }
    }

    fn waits_for(&self, _: &mut Vm) -> String {
        let tasks = state::<TaskGroup>(&self.group).map(|group| group.tasks.get()).unwrap_or_default();
        let tasks: Vec<Value> = tasks.into_iter().flatten().map(|(_, task)| task).collect();
        format!("{} of its group", deadlock::names_of(&tasks))
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.group);
        self.raised.iter().for_each(|raised| tracer.visit(&raised.0));
        self.cancellation.borrow().iter().for_each(|raised| tracer.visit(&raised.0));
        self.ignored.borrow().iter().for_each(|raised| tracer.visit(&raised.0));
    }
}

impl Exit {
    fn begin(&self, vm: &mut Vm, group: &TaskGroup) -> Result<()> {
        group.is_exiting.set(true);
        let Some(raised) = &self.raised else { return Ok(()) };
        if is_base_error(raised) && group.base_error.borrow().is_none() {
            group.base_error.set(Some(raised.clone()));
        }
        if raised.is_a(&types().cancelled_error) {
            self.cancellation.set(Some(raised.clone()));
        }
        if !group.is_aborting.get() {
            group.abort(vm)?;
        }
        Ok(())
    }

    fn end(&self, vm: &mut Vm, group: &TaskGroup) -> Result<Step> {
        let listening = group.listening.take();
        drop(listening);
        if let Some(raised) = group.base_error.get() {
            return Err(raised);
        }
        let parent = group.parent.get();
        if group.parent_cancel_requested.get()
            && let Some(parent) = &parent
        {
            if task::uncancel(parent) == 0 {
                self.cancellation.set(None);
            } else if let Some(ignored) = self.ignored.take() {
                // Somebody else wants the parent cancelled too: that must not be lost.
                self.cancellation.set(Some(ignored));
            }
        }
        let mut errors = group.errors.take();
        if let Some(raised) = self.cancellation.take()
            && errors.is_empty()
        {
            return Err(raised);
        }
        errors.extend(self.raised.clone().filter(|raised| !raised.is_a(&types().cancelled_error)));
        if errors.is_empty() {
            // What is left of a cancellation by the group itself ends here.
            let ends_here = group.parent_cancel_requested.get();
            return Ok(Step::Return(if ends_here { Value::Bool(true) } else { Value::None }));
        }
        if let Some(parent) = &parent
            && parent.cancel_requests.get() > 0
        {
            // The parent was cancelled from outside as well: that is delivered at its next await.
            task::uncancel(parent);
            task::cancel(vm, parent, &Value::None)?;
        }
        let errors = Value::list(errors.into_iter().map(|raised| Value::Exception(raised.0)).collect());
        let class = Value::Class(types().base_exception_group.clone());
        match vm.call(&class, &[Value::str("unhandled errors in a TaskGroup"), errors])? {
            Value::Exception(exception) => {
                exception.suppress_context.set(true);
                Err(Raised(exception))
            }
            other => Err(Raised::type_error(format!("{} is no exception", other.type_name()))),
        }
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    Value::Instance(Instance::with_payload(class.clone(), TaskGroup::default()))
}

fn init(_: &mut Vm, _: &TaskGroup) {}

/// The start of the block.
struct Enter {
    group: Gc<Instance>,
}

impl NativeBody for Enter {
    fn resume(&self, _: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        match input {
            Resume::Raise(raised) => Err(raised),
            Resume::Value(_) => begin(vm, &self.group).map(Step::Return),
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.group);
    }
}

fn enter(_: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    state::<TaskGroup>(this)?;
    Ok(Value::NativeCoroutine(NativeCoroutine::new(&"TaskGroup.__aenter__", Enter { group: this.clone() })))
}

/// What `__aenter__` does when it is awaited.
fn begin(vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    let group: &TaskGroup = state(this)?;
    let problem = if group.is_entered.get() {
        Some("has already been entered")
    } else {
        let event_loop = event_loop::running_or_error()?;
        group.parent.set(event_loop.current_task());
        group.parent.borrow().is_none().then_some("cannot determine the parent task")
    };
    if let Some(problem) = problem {
        let shown = vm.repr(&Value::Instance(this.clone()))?;
        return Err(Raised::runtime_error(format!("TaskGroup {shown} {problem}")));
    }
    group.is_entered.set(true);
    group.listening.set(Some(Listening::new(Members { group: this.clone() })));
    Ok(Value::Instance(this.clone()))
}

fn exit(_: &mut Vm, this: &Gc<Instance>, _: &Value, exception: &Value, _: &Value) -> Result<Value> {
    state::<TaskGroup>(this)?;
    let raised = match exception {
        Value::Exception(exception) => Some(Raised(exception.clone())),
        _ => None,
    };
    let body = Exit {
        group: this.clone(),
        raised,
        cancellation: Mutable::new(None),
        ignored: Mutable::new(None),
        is_started: Cell::new(false),
        ticket: Cell::new(None),
    };
    Ok(Value::NativeCoroutine(NativeCoroutine::new(&"TaskGroup.__aexit__", body)))
}

fn create_task(
    vm: &mut Vm,
    this: &Gc<Instance>,
    coroutine: Value,
    name: Option<Value>,
    context: Option<Value>,
) -> Result<Value> {
    let group: &TaskGroup = state(this)?;
    let problem = if !group.is_entered.get() {
        Some("has not been entered")
    } else if group.is_exiting.get() && group.running.get() == 0 {
        Some("is finished")
    } else if group.is_aborting.get() {
        Some("is shutting down")
    } else {
        None
    };
    if let Some(problem) = problem {
        vm.close(&coroutine)?;
        let shown = vm.repr(&Value::Instance(this.clone()))?;
        return Err(Raised::runtime_error(format!("TaskGroup {shown} {problem}")));
    }
    let event_loop = event_loop::running_or_error()?;
    let context = context.filter(|context| !context.is_none());
    let task = task::create_with_factory(vm, &event_loop, coroutine, name.unwrap_or(Value::None), context)?;
    if task.as_future().is_some_and(Future::is_done) {
        // It ran eagerly to its end.
        group.task_done(vm, &task, u32::MAX)?;
        return Ok(task);
    }
    let free = group.free.borrow_mut().pop();
    let index = free.unwrap_or_else(|| {
        group.tasks.borrow_mut().push(None);
        group.tasks.borrow().len() as u32 - 1
    });
    if let Some(place) = group.tasks.borrow_mut().get_mut(index as usize) {
        *place = Some((group.made.replace(group.made.get() + 1), task.clone()));
    }
    group.running.set(group.running.get() + 1);
    if let Some(listening) = group.listening.get() {
        future::add_callback(&task, Callback::Listener(listening, index))?;
    }
    if group.is_aborting.get() {
        // Its eager start has ended the group, which did not know it yet.
        future::cancel(vm, &task, &Value::None)?;
    }
    Ok(task)
}

/// `group.cancel()` of Python 3.15: the tasks and the body are cancelled, and the block ends without error.
fn cancel(vm: &mut Vm, this: &TaskGroup) -> Result<()> {
    if this.is_exiting.get() && this.running.get() == 0 {
        return Ok(());
    }
    if !this.is_aborting.get() {
        this.abort(vm)?;
    }
    if let Some(parent) = this.parent.get()
        && !this.parent_cancel_requested.replace(true)
    {
        task::cancel(vm, &parent, &Value::None)?;
    }
    Ok(())
}

fn repr(_: &mut Vm, this: &TaskGroup) -> String {
    let mut text = String::from("<TaskGroup");
    for (name, count) in [("tasks", this.running.get()), ("errors", this.errors.borrow().len())] {
        if count > 0 {
            text += &format!(" {name}={count}");
        }
    }
    if this.is_aborting.get() {
        text += " cancelling";
    } else if this.is_entered.get() {
        text += " entered";
    }
    text + ">"
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes a group.").static_method(),
    native!("__init__(self)", init(required), "A group without tasks."),
    native!("__repr__(self)", repr(required), "The state of the group."),
    native!("__aenter__(self)", enter(required), "Enters the block. Gives the group."),
    native!("__aexit__(self, et, exc, tb)", exit(required, required, required, required), "Waits for all tasks."),
    native!(
        "create_task(self, coro, *, name=None, context=None)",
        create_task(required, required, named, named),
        "Starts a task in the group."
    ),
    native!("cancel(self)", cancel(required), "Cancels the tasks and the body; the block ends without error."),
];
