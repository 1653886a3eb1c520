//! `asyncio.timeout` and `asyncio.timeout_at`.
//!
//! A `Deadline` cancels a task at a moment and afterwards turns the CancelledError it caused into a
//! TimeoutError; `wait_for` has one too.

use std::cell::Cell;

use super::event_loop::EventLoop;
use super::lock::state;
use super::ready::Ready;
use super::timer::TimerId;
use super::{event_loop, future, task};
use crate::memory::Tracer;
use crate::native;
use crate::value::coroutine::{NativeBody, Resume, Step};
use crate::value::instance::Payload;
use crate::value::native::{FromArgument, Mismatch};
use crate::value::{
    Class, Dict, Exception, Gc, Instance, Mutable, Native, NativeCoroutine, Raised, Result, Task, Value, float,
    symbols, types,
};
use crate::vm::{Comparison, Vm};

/// Where in its life a deadline is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    #[default]
    Created,
    Entered,
    /// It has cancelled the task.
    Expiring,
    Expired,
    Exited,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Phase::Created => "created",
            Phase::Entered => "active",
            Phase::Expiring => "expiring",
            Phase::Expired => "expired",
            Phase::Exited => "finished",
        }
    }
}

/// Cancels a task at a moment.
#[derive(Default)]
pub struct Deadline {
    pub phase: Cell<Phase>,
    task: Mutable<Option<Gc<Task>>>,
    timer: Cell<Option<TimerId>>,
    /// Requests for cancellation the task had at the start.
    cancelling: Cell<u16>,
    /// Whether one of these had not been delivered then: it must come out of the block as it is.
    has_pending: Cell<bool>,
}

impl Deadline {
    /// The current task is to be cancelled. RuntimeError when there is none.
    pub fn enter(&self) -> Result<()> {
        let event_loop = event_loop::running_or_error()?;
        let Some(task) = event_loop.current_task() else {
            return Err(Raised::runtime_error("Timeout should be used inside a task"));
        };
        self.cancelling.set(task.cancel_requests.get());
        self.has_pending.set(task.must_cancel.get());
        self.task.set(Some(task));
        self.phase.set(Phase::Entered);
        Ok(())
    }

    /// Sets the moment; `target` is what then becomes ready, at once if it has passed.
    pub fn arm(&self, vm: &mut Vm, event_loop: &EventLoop, now: f64, when: f64, target: Ready) -> Result<()> {
        if when <= now {
            event_loop.ready.push(target);
        } else {
            self.timer.set(Some(event_loop.call_at(vm, when, target)?));
        }
        Ok(())
    }

    pub fn disarm(&self) {
        if let Some(timer) = self.timer.take()
            && let Some(event_loop) = event_loop::running()
        {
            event_loop.timers.cancel(timer);
        }
    }

    /// The moment has come: the task is cancelled.
    pub fn expire(&self, vm: &mut Vm) -> Result<()> {
        if self.phase.get() != Phase::Entered {
            return Ok(());
        }
        self.timer.set(None);
        let task = self.task.get();
        if let Some(task) = task {
            task::cancel(vm, &task, &Value::None)?;
        }
        self.phase.set(Phase::Expiring);
        Ok(())
    }

    /// What was to be done in time has ended, with an exception or without: gives what to raise instead.
    pub fn exit(&self, raised: Option<&Raised>) -> Option<Raised> {
        self.disarm();
        let task = self.task.take();
        match self.phase.get() {
            Phase::Expiring => {
                self.phase.set(Phase::Expired);
                let left = task.map_or(0, |task| task::uncancel(&task));
                let raised = raised.filter(|_| left <= self.cancelling.get())?;
                if self.has_pending.get() && left == self.cancelling.get() {
                    return None;
                }
                if raised.is_a(&types().cancelled_error) {
                    return Some(timeout_error(raised));
                }
                insert_timeout_error(&raised.0);
                if raised.is_a(&types().exception_group)
                    && let Some(Value::Tuple(inner)) = raised.0.get(&symbols().exceptions)
                {
                    for inner in inner.items() {
                        if let Value::Exception(inner) = inner {
                            insert_timeout_error(inner);
                        }
                    }
                }
            }
            Phase::Entered => self.phase.set(Phase::Exited),
            _ => {}
        }
        None
    }

    pub fn trace(&self, tracer: &mut Tracer<'_>) {
        self.task.borrow().iter().for_each(|task| tracer.visit(task));
    }

    pub fn clear(&self) {
        self.task.set(None);
    }
}

/// `TimeoutError() from cancelled`
pub fn timeout_error(cancelled: &Raised) -> Raised {
    let error = Raised::new(&types().timeout_error, Vec::new());
    error.0.cause.set(Value::Exception(cancelled.0.clone()));
    error.0.context.set(Value::Exception(cancelled.0.clone()));
    error.0.suppress_context.set(true);
    error
}

/// In the chain of contexts, a TimeoutError takes the place of the first CancelledError.
fn insert_timeout_error(exception: &Gc<Exception>) {
    let mut current = exception.clone();
    // A chain that bites its own tail ends the search.
    for _ in 0..1000 {
        let context = current.context.get();
        let Value::Exception(context) = context else { return };
        if context.is_a(&types().cancelled_error) {
            let error = timeout_error(&Raised(context));
            current.context.set(Value::Exception(error.0));
            return;
        }
        current = context;
    }
}

/// The state of a `Timeout` object.
#[derive(Default)]
pub struct Timeout {
    deadline: Deadline,
    /// As the script gave it; None for never.
    when: Mutable<Value>,
    /// How often it was armed: what an earlier arming made ready no longer counts.
    armings: Cell<u32>,
}

impl Payload for Timeout {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.deadline.trace(tracer);
        self.when.borrow().trace(tracer);
    }

    fn clear(&self) {
        self.deadline.clear();
    }
}

impl<'a> FromArgument<'a> for &'a Timeout {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("Timeout"))
    }
}

/// The loop's call when an armed timeout comes up.
pub(super) fn due(vm: &mut Vm, timeout: &Gc<Instance>, arming: u32) -> Result<()> {
    let timeout: &Timeout = state(timeout)?;
    if timeout.armings.get() == arming {
        timeout.deadline.expire(vm)?;
    }
    Ok(())
}

fn arm(vm: &mut Vm, this: &Gc<Instance>) -> Result<()> {
    let timeout: &Timeout = state(this)?;
    timeout.deadline.disarm();
    timeout.armings.set(timeout.armings.get().wrapping_add(1));
    let when = timeout.when.get();
    if when.is_none() {
        return Ok(());
    }
    let when = vm.float(&when)?;
    let event_loop = event_loop::running_or_error()?;
    let now = event_loop.now(vm)?;
    timeout.deadline.arm(vm, &event_loop, now, when, Ready::TimeoutDue(Box::new((this.clone(), timeout.armings.get()))))
}

fn create(when: Value) -> Value {
    let timeout = Timeout { when: Mutable::new(when), ..Timeout::default() };
    Value::Instance(Instance::with_payload(types().timeout.clone(), timeout))
}

/// `asyncio.timeout(delay)`
pub fn timeout(vm: &mut Vm, delay: &Value) -> Result<Value> {
    let event_loop = event_loop::running_or_error()?;
    if delay.is_none() {
        return Ok(create(Value::None));
    }
    let delay = vm.float(delay)?;
    Ok(create(Value::Float(event_loop.now(vm)? + delay)))
}

/// `asyncio.timeout_at(when)`
pub fn timeout_at(_: &mut Vm, when: Value) -> Value {
    create(when)
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    let timeout = Timeout { when: Mutable::new(Value::None), ..Timeout::default() };
    Value::Instance(Instance::with_payload(class.clone(), timeout))
}

fn init(_: &mut Vm, this: &Timeout, when: Value) {
    this.when.set(when);
}

fn when(_: &mut Vm, this: &Timeout) -> Value {
    this.when.get()
}

fn reschedule(vm: &mut Vm, this: &Gc<Instance>, when: Value) -> Result<()> {
    let timeout: &Timeout = state(this)?;
    match timeout.deadline.phase.get() {
        Phase::Entered => {}
        Phase::Created => return Err(Raised::runtime_error("Timeout has not been entered")),
        phase => return Err(Raised::runtime_error(format!("Cannot change state of {} Timeout", phase.name()))),
    }
    timeout.when.set(when);
    arm(vm, this)
}

fn expired(_: &mut Vm, this: &Timeout) -> bool {
    matches!(this.deadline.phase.get(), Phase::Expiring | Phase::Expired)
}

/// The start of the block.
struct Enter {
    timeout: Gc<Instance>,
}

impl NativeBody for Enter {
    fn resume(&self, _: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        match input {
            Resume::Raise(raised) => Err(raised),
            Resume::Value(_) => begin(vm, &self.timeout).map(Step::Return),
        }
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.timeout);
    }
}

fn enter(_: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    state::<Timeout>(this)?;
    Ok(Value::NativeCoroutine(NativeCoroutine::new(&"Timeout.__aenter__", Enter { timeout: this.clone() })))
}

/// What `__aenter__` does when it is awaited.
fn begin(vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    let timeout: &Timeout = state(this)?;
    if timeout.deadline.phase.get() != Phase::Created {
        return Err(Raised::runtime_error("Timeout has already been entered"));
    }
    timeout.deadline.enter()?;
    arm(vm, this)?;
    Ok(Value::Instance(this.clone()))
}

fn exit(_: &mut Vm, this: &Timeout, _: &Value, exception: &Value, _: &Value) -> Result<Value> {
    let raised = match exception {
        Value::Exception(exception) => Some(Raised(exception.clone())),
        _ => None,
    };
    this.armings.set(this.armings.get().wrapping_add(1));
    match this.deadline.exit(raised.as_ref()) {
        Some(error) => Err(error),
        None => Ok(future::done()),
    }
}

fn repr(vm: &mut Vm, this: &Timeout) -> Result<String> {
    let phase = this.deadline.phase.get();
    let mut when = String::new();
    if phase == Phase::Entered {
        let moment = this.when.get();
        when = match moment {
            Value::None => " when=None".to_string(),
            Value::Float(moment) => format!(" when={}", float::repr((moment * 1000.0).round() / 1000.0)),
            other => format!(" when={}", vm.repr(&other)?),
        };
    }
    Ok(format!("<Timeout [{}]{when}>", phase.name()))
}

/// Whether a delay is zero or less, compared as the script would.
pub(super) fn is_over(vm: &mut Vm, delay: &Value) -> Result<bool> {
    match delay {
        Value::Int(delay) => Ok(*delay <= 0),
        Value::Float(delay) => Ok(*delay <= 0.0),
        other => {
            let answer = vm.compare(Comparison::LessEqual, other, &Value::Int(0))?;
            vm.truth(&answer)
        }
    }
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes a timeout.").static_method(),
    native!("__init__(self, when)", init(required, required), "A timeout at a moment of the loop's clock, or None."),
    native!("__repr__(self)", repr(required), "The state of the timeout."),
    native!("when(self)", when(required), "The moment, or None."),
    native!("reschedule(self, when)", reschedule(required, required), "Sets another moment, or None for never."),
    native!("expired(self)", expired(required), "Whether it has come up."),
    native!("__aenter__(self)", enter(required), "Begins to count."),
    native!(
        "__aexit__(self, exc_type, exc_val, exc_tb)",
        exit(required, required, required, required),
        "Turns the cancellation it has caused into a TimeoutError."
    ),
];
