//! `asyncio.Event`.

use std::cell::Cell;

use super::lock::{shown, state};
use super::wait_queue::{Ticket, WaitQueue, woken};
use crate::memory::Tracer;
use crate::native;
use crate::value::coroutine::{NativeBody, Resume, Step};
use crate::value::instance::Payload;
use crate::value::native::{AtOnce, FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Native, NativeCoroutine, Result, Value};
use crate::vm::Vm;

/// An event.
#[derive(Default)]
pub struct Event {
    is_set: Cell<bool>,
    waiters: WaitQueue,
}

impl Payload for Event {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.waiters.trace(tracer);
    }

    fn clear(&self) {
        self.waiters.clear();
    }
}

impl<'a> FromArgument<'a> for &'a Event {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("Event"))
    }
}

struct Wait {
    event: Gc<Instance>,
    ticket: Cell<Option<Ticket>>,
}

impl NativeBody for Wait {
    fn resume(&self, this: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        let event: &Event = state(&self.event)?;
        let Some(ticket) = self.ticket.take() else {
            if let Resume::Raise(raised) = input {
                return Err(raised);
            }
            if event.is_set.get() {
                return Ok(Step::Return(Value::Bool(true)));
            }
            self.ticket.set(Some(event.waiters.park(vm, &Value::Instance(self.event.clone()))?));
            return Ok(Step::Yield(Value::NativeCoroutine(this.clone())));
        };
        woken(event.waiters.leave(ticket), input)?;
        Ok(Step::Return(Value::Bool(true)))
    }

    fn cancel_wait(&self, _: &Gc<NativeCoroutine>, _: &mut Vm) -> bool {
        match (state::<Event>(&self.event), self.ticket.get()) {
            (Ok(event), Some(ticket)) => event.waiters.cancel(ticket),
            _ => false,
        }
    }

    fn waits_for(&self, _: &mut Vm) -> String {
        "an event that nobody sets".to_string()
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.event);
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    Value::Instance(Instance::with_payload(class.clone(), Event::default()))
}

fn init(_: &mut Vm, _: &Event) {}

fn is_set(_: &mut Vm, this: &Event) -> bool {
    this.is_set.get()
}

fn set(_: &mut Vm, this: &Event) {
    if !this.is_set.replace(true) {
        this.waiters.wake_all();
    }
}

fn clear(_: &mut Vm, this: &Event) {
    this.is_set.set(false);
}

fn wait(_: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    state::<Event>(this)?;
    let body = Wait { event: this.clone(), ticket: Cell::new(None) };
    Ok(Value::NativeCoroutine(NativeCoroutine::new(&"Event.wait", body)))
}

fn wait_at_once(_: &mut Vm, arguments: &[Value]) -> Result<AtOnce> {
    let [Value::Instance(this)] = arguments else { return Ok(AtOnce::Later) };
    Ok(match this.payload::<Event>() {
        Some(event) if event.is_set.get() => AtOnce::Result(Value::Bool(true)),
        _ => AtOnce::Later,
    })
}

fn repr(vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    let event: &Event = state(this)?;
    let extra = if event.is_set.get() { "set" } else { "unset" };
    Ok(shown(vm, this, extra, &event.waiters))
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes an event.").static_method(),
    native!("__init__(self)", init(required), "An event that is not set."),
    native!("__repr__(self)", repr(required), "The state of the event."),
    native!("is_set(self)", is_set(required), "Whether it is set."),
    native!("set(self)", set(required), "Sets it and wakes all that wait."),
    native!("clear(self)", clear(required), "Makes it unset: who waits from now on waits for the next set()."),
    native!("wait(self)", wait(required), "Waits until it is set. Gives True.").at_once(wait_at_once),
];
