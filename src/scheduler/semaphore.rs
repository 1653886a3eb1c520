//! `asyncio.Semaphore` and `asyncio.BoundedSemaphore`.

use std::cell::Cell;

use super::future;
use super::lock::{enter_through_acquire, is_overridden, shown, state};
use super::wait_queue::{Ticket, WaitQueue, WaiterState, woken};
use crate::memory::Tracer;
use crate::native;
use crate::value::coroutine::{CoroutineName, NativeBody, Resume, Step};
use crate::value::instance::Payload;
use crate::value::native::{AtOnce, FromArgument, Mismatch};
use crate::value::{Class, Dict, Gc, Instance, Native, NativeCoroutine, Raised, Result, Str, Value, types};
use crate::vm::Vm;

/// A semaphore.
pub struct Semaphore {
    value: Cell<i64>,
    /// The value that must not be exceeded.
    bound: Cell<Option<i64>>,
    waiters: WaitQueue,
}

impl Payload for Semaphore {
    fn trace(&self, tracer: &mut Tracer<'_>) {
        self.waiters.trace(tracer);
    }

    fn clear(&self) {
        self.waiters.clear();
    }
}

impl<'a> FromArgument<'a> for &'a Semaphore {
    fn from_argument(_: &mut Vm, value: &'a Value) -> std::result::Result<Self, Mismatch> {
        value.payload().ok_or(Mismatch::Expected("Semaphore"))
    }
}

impl Semaphore {
    /// Whether it cannot be acquired at once: it is at zero, or others are in front.
    fn is_locked(&self) -> bool {
        self.value.get() == 0 || self.waiters.has_contenders()
    }

    fn add(&self, change: i64) {
        self.value.set(self.value.get().saturating_add(change));
    }

    #[inline]
    fn try_acquire(&self) -> bool {
        let free = !self.is_locked();
        if free {
            self.add(-1);
        }
        free
    }

    /// Hands one over to the first that waits. False when nobody does.
    fn wake_next(&self) -> bool {
        let woken = self.waiters.wake_next();
        if woken {
            self.add(-1);
        }
        woken
    }

    fn release(&self) -> Result<()> {
        if self.bound.get().is_some_and(|bound| self.value.get() >= bound) {
            return Err(Raised::value_error("BoundedSemaphore released too many times"));
        }
        self.add(1);
        self.wake_next();
        Ok(())
    }
}

struct Acquire {
    semaphore: Gc<Instance>,
    ticket: Cell<Option<Ticket>>,
    /// What it gives: True, or for `async with` None.
    result: Value,
}

impl Acquire {
    fn start(semaphore: &Gc<Instance>, name: CoroutineName, result: Value) -> Value {
        let body = Acquire { semaphore: semaphore.clone(), ticket: Cell::new(None), result };
        Value::NativeCoroutine(NativeCoroutine::new(name, body))
    }
}

impl NativeBody for Acquire {
    fn resume(&self, this: &Gc<NativeCoroutine>, vm: &mut Vm, input: Resume) -> Result<Step> {
        let semaphore: &Semaphore = state(&self.semaphore)?;
        let Some(ticket) = self.ticket.take() else {
            if let Resume::Raise(raised) = input {
                return Err(raised);
            }
            if semaphore.try_acquire() {
                return Ok(Step::Return(self.result.clone()));
            }
            self.ticket.set(Some(semaphore.waiters.park(vm, &Value::Instance(self.semaphore.clone()))?));
            return Ok(Step::Yield(Value::NativeCoroutine(this.clone())));
        };
        let left = semaphore.waiters.leave(ticket);
        let outcome = woken(left, input);
        if let Err(raised) = &outcome
            && raised.is_a(&types().cancelled_error)
            && left == Some(WaiterState::Woken)
        {
            // It was handed one it cannot use.
            semaphore.add(1);
        }
        // Others may have come in the meantime and had to line up although there is something left.
        while semaphore.value.get() > 0 && semaphore.wake_next() {}
        outcome.map(|()| Step::Return(self.result.clone()))
    }

    fn cancel_wait(&self, _: &Gc<NativeCoroutine>, _: &mut Vm) -> bool {
        match (state::<Semaphore>(&self.semaphore), self.ticket.get()) {
            (Ok(semaphore), Some(ticket)) => semaphore.waiters.cancel(ticket),
            _ => false,
        }
    }

    fn waits_for(&self, _: &mut Vm) -> String {
        "a semaphore at zero that nobody releases".to_string()
    }

    fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.visit(&self.semaphore);
    }
}

fn new(_: &mut Vm, class: &Class, _: &[Value], _: Option<&Gc<Dict>>) -> Value {
    let semaphore = Semaphore { value: Cell::new(1), bound: Cell::new(None), waiters: WaitQueue::default() };
    Value::Instance(Instance::with_payload(class.clone(), semaphore))
}

fn init(_: &mut Vm, this: &Semaphore, value: Option<i64>) -> Result<()> {
    let value = value.unwrap_or(1);
    if value < 0 {
        return Err(Raised::value_error("Semaphore initial value must be >= 0"));
    }
    this.value.set(value);
    Ok(())
}

fn init_bounded(vm: &mut Vm, this: &Semaphore, value: Option<i64>) -> Result<()> {
    init(vm, this, value)?;
    this.bound.set(Some(this.value.get()));
    Ok(())
}

fn locked(_: &mut Vm, this: &Semaphore) -> bool {
    this.is_locked()
}

fn value(_: &mut Vm, this: &Semaphore) -> i64 {
    this.value.get()
}

fn acquire(_: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    state::<Semaphore>(this)?;
    Ok(Acquire::start(this, &"Semaphore.acquire", Value::Bool(true)))
}

fn acquire_at_once(_: &mut Vm, arguments: &[Value]) -> Result<AtOnce> {
    let [Value::Instance(this)] = arguments else { return Ok(AtOnce::Later) };
    Ok(match this.payload::<Semaphore>() {
        Some(semaphore) if semaphore.try_acquire() => AtOnce::Result(Value::Bool(true)),
        _ => AtOnce::Later,
    })
}

fn release(_: &mut Vm, this: &Semaphore) -> Result<()> {
    this.release()
}

fn enter(vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    let semaphore: &Semaphore = state(this)?;
    if is_overridden(this, "acquire") {
        return enter_through_acquire(vm, &Value::Instance(this.clone()));
    }
    if semaphore.try_acquire() {
        return Ok(future::done());
    }
    Ok(Acquire::start(this, &"Semaphore.__aenter__", Value::None))
}

fn exit(vm: &mut Vm, this: &Gc<Instance>, _: &[Value]) -> Result<Value> {
    if is_overridden(this, "release") {
        vm.call_method(&Value::Instance(this.clone()), &Str::intern("release"), &[])?;
    } else {
        state::<Semaphore>(this)?.release()?;
    }
    Ok(future::done())
}

fn repr(vm: &mut Vm, this: &Gc<Instance>) -> Result<Value> {
    let semaphore: &Semaphore = state(this)?;
    let extra = match semaphore.is_locked() {
        true => "locked".to_string(),
        false => format!("unlocked, value:{}", semaphore.value.get()),
    };
    Ok(shown(vm, this, &extra, &semaphore.waiters))
}

pub const METHODS: &[Native] = &[
    native!("__new__(cls, /, *args, **kwargs)", new(required, rest, keywords), "Makes a semaphore.").static_method(),
    native!("__init__(self, value=1)", init(required, optional), "A semaphore with this value."),
    native!("__repr__(self)", repr(required), "The state of the semaphore."),
    native!("_value(self)", value(required), "What is left.").getter(),
    native!("locked(self)", locked(required), "Whether acquiring would have to wait."),
    native!("acquire(self)", acquire(required), "Takes one, or waits until one is released. Gives True.")
        .at_once(acquire_at_once),
    native!("release(self)", release(required), "Gives one back and wakes the task that has waited longest."),
    native!("__aenter__(self)", enter(required), "Acquires the semaphore."),
    native!("__aexit__(self, *args)", exit(required, rest), "Releases the semaphore."),
];

pub const BOUNDED_METHODS: &[Native] =
    &[native!("__init__(self, value=1)", init_bounded(required, optional), "As Semaphore, never above its value.")];
